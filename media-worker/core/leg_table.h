/* leg_table.h - rooms and legs of one worker: text ids outside, index and
 * generation inside. Pure bookkeeping; one thread. */
#ifndef PL_LEG_TABLE_H
#define PL_LEG_TABLE_H

#include "core/budget.h"
#include "core/engine_msg.h"
#include "core/leg_sdp.h"
#include "pl/list.h"

enum { PL_TABLE_ID = 64 /* bytes of a room or leg id */ };

/* Plain records: the owner of the table fills what is below the line. */
typedef struct pl_room {
    char id[PL_TABLE_ID + 1];
    pl_mix_id mix;
    uint32_t thread; /* mixing thread that has the room */
    uint32_t n_legs;
    pl_list legs; /* of pl_leg.in_room */
    /* ---- */
    uint64_t epoch;
    pl_room_mode mode;
    uint32_t max_legs;
    uint32_t owed; /* so many legs are taken whatever the budget says */
    pl_budget_room budget;
    uint32_t play_tag; /* of the latest prompt to all */
    uint8_t channels;  /* of the mix, 1 or 2 */
} pl_room;

typedef struct pl_leg {
    char id[PL_TABLE_ID + 1], room_id[PL_TABLE_ID + 1];
    pl_mix_id mix;
    uint32_t thread;
    pl_list in_room;
    pl_room *room; /* NULL: detached, waits for the threads to let go */
    /* ---- */
    uint64_t epoch;
    pl_leg_kind kind;
    pl_leg_state state;
    pl_mix_flags flags;
    pl_leg_agreed agreed;
    bool is_opus; /* counted so in the room's budget */
    void *own;    /* of the owner */
} pl_leg;

typedef struct pl_leg_table pl_leg_table;

/* Errors: PL_EINVAL; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_table_create(uint32_t max_rooms, uint32_t max_legs,
                                       pl_leg_table **ret_table);
void pl_leg_table_destroy(pl_leg_table **table);

/* Add a room on that thread.
 * Errors: PL_EEXIST; PL_EFULL; PL_EINVAL id; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_table_add_room(pl_leg_table *table, const char *id,
                                         uint32_t thread, pl_room **ret_room);
/* The room, or NULL. */
pl_room *pl_leg_table_find_room(const pl_leg_table *table, const char *id);
/* The room with that index and generation, or NULL. */
pl_room *pl_leg_table_room_at(const pl_leg_table *table, pl_mix_id mix);
/* Remove a room whose legs are all detached. */
void pl_leg_table_remove_room(pl_leg_table *table, pl_room **room);

/* Add a leg. Errors: PL_EEXIST the id is used, also by another room; PL_EFULL
 * the table, or the room's max_legs; PL_EINVAL id; PL_ENOMEM */
PL_MUST_USE pl_err pl_leg_table_add_leg(pl_leg_table *table, pl_room *room,
                                        const char *id, pl_leg **ret_leg);
/* The attached leg with that text id, or NULL. */
pl_leg *pl_leg_table_find_leg(const pl_leg_table *table, const char *id);
/* The leg with that index and generation, attached or not, or NULL. */
pl_leg *pl_leg_table_at(const pl_leg_table *table, pl_mix_id mix);
/* Take a leg out of its room and forget its text id; its index stays taken. */
void pl_leg_table_detach(pl_leg_table *table, pl_leg *leg);
/* Free a detached leg; its index may be reused. */
void pl_leg_table_free_leg(pl_leg_table *table, pl_leg **leg);

/* Iterate: start with *cursor = 0; NULL at the end. Nothing may be added or
 * removed meanwhile, but the leg just returned may be detached or freed. */
pl_room *pl_leg_table_next_room(const pl_leg_table *table, size_t *cursor);
pl_leg *pl_leg_table_next_leg(const pl_leg_table *table, size_t *cursor);
uint32_t pl_leg_table_rooms(const pl_leg_table *table);
/* Attached legs; with those that wait to be freed. */
uint32_t pl_leg_table_legs(const pl_leg_table *table);
uint32_t pl_leg_table_held(const pl_leg_table *table);

#endif
