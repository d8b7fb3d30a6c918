/* room_auto.h - participants that are dialled when a conference of one of their
 * rooms starts: as objects. Dialling them is in auto_dial.h. */
#ifndef PL_ROOMPOOL_ROOM_AUTO_H
#define PL_ROOMPOOL_ROOM_AUTO_H

#include "model.h"

/* As many as the management API takes in one list. */
enum { PL_AUTOS_OF_ROOM_MAX = 100, PL_ROOMS_OF_AUTO_MAX = 1000 };

typedef struct pl_auto {
    pl_auto_row row;
    pl_list rooms; /* pl_autoroom.auto_link */
    size_t n_rooms;
} pl_auto;

/* One of them in one room. */
typedef struct pl_autoroom {
    pl_list auto_link, room_link; /* pl_auto.rooms, pl_room.autos */
    pl_autoroom_row row;
    pl_auto *who;
    pl_room *room;
} pl_autoroom;

/* NULL none. */
pl_auto *pl_auto_find(const pl_pool *pool, uint64_t auto_no);
/* A new one; its number is given here.
 * Errors: PL_EFULL max_automatic_participants; PL_ENOMEM. */
PL_MUST_USE pl_err pl_auto_add(pl_pool *pool, pl_auto_row *row,
                               pl_auto **ret_auto);
void pl_auto_save(pl_pool *pool, const pl_auto *who);
void pl_auto_drop(pl_pool *pool, pl_auto *who);
/* Whether a room may have one more dialled, or has this one already; whether
 * one may be dialled in one more room. The second may be NULL: a new one. */
bool pl_room_takes_auto(const pl_room *room, const pl_auto *who);
bool pl_auto_takes_room(const pl_auto *who, const pl_room *room);
/* Nobody is dialled in a room any more. */
void pl_autos_drop_all(pl_pool *pool, pl_room *room);
/* Exactly these, which all exist, of a room; in exactly these rooms.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_autos_of_room(pl_pool *pool, pl_room *room,
                                    const uint64_t *auto_nos, size_t n);
PL_MUST_USE pl_err pl_rooms_of_auto(pl_pool *pool, pl_auto *who,
                                    const uint64_t *room_nos, size_t n);
PL_MUST_USE pl_err pl_auto_load(pl_pool *pool, const pl_auto_row *row);
PL_MUST_USE pl_err pl_autoroom_load(pl_pool *pool, const pl_autoroom_row *row);
void pl_auto_free(void *object);

#endif
