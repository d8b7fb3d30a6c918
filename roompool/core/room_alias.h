/* room_alias.h - names to join and dial a room by: unique over all rooms,
 * ignoring ASCII case. */
#ifndef PL_ROOMPOOL_ROOM_ALIAS_H
#define PL_ROOMPOOL_ROOM_ALIAS_H

#include "model.h"

/* Why a text cannot be an alias; most that a room may have. */
#define PL_ALIAS_FAULT "An alias has 1 to 250 bytes and no spaces."
enum { PL_ALIASES_MAX = 40 };

struct pl_alias {
    pl_list link; /* pl_room.aliases, in order of making */
    pl_alias_row row;
    pl_room *room;
};

/* By its text, any case, or by its number; NULL none. */
pl_alias *pl_alias_find(const pl_pool *pool, const char *alias);
pl_alias *pl_alias_by_no(const pl_pool *pool, uint64_t alias_no);
/* Whether an alias may be one: 1 to 250 bytes, no spaces or control bytes. */
bool pl_alias_is_text(const char *alias);
/* Give a room one more; an alias of a managed room gets a number. One that it
 * has already stays as it is. ret_alias may be NULL.
 * Errors: PL_EEXIST another room has it; PL_ENOMEM. */
PL_MUST_USE pl_err pl_alias_add(pl_pool *pool, pl_room *room,
                                const char *written, pl_alias **ret_alias);
/* Another text, or another room, under the same number.
 * Errors: PL_EEXIST another alias has it; PL_ENOMEM. */
PL_MUST_USE pl_err pl_alias_change(pl_pool *pool, pl_alias *alias,
                                   const char *written, pl_room *room);
/* A whole row, for a room without such an alias. Errors: PL_EEXIST;
 * PL_ENOMEM. */
PL_MUST_USE pl_err pl_alias_restore(pl_pool *pool, const pl_alias_row *row);
void pl_alias_save(pl_pool *pool, const pl_alias *alias);
void pl_alias_drop(pl_pool *pool, pl_alias *alias);
void pl_alias_drop_all(pl_pool *pool, pl_room *room);
/* Its room has another name now. */
void pl_aliases_rekey(pl_pool *pool, pl_room *room);
size_t pl_alias_count(const pl_room *room);
/* A room's first alias; NULL none. */
const pl_alias *pl_alias_first(const pl_room *room);
void pl_aliases_free(pl_room *room);
PL_MUST_USE pl_err pl_alias_load(pl_pool *pool, const pl_alias_row *row);

#endif
