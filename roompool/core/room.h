/* room.h - the named places: aliases, PINs, limits. */
#ifndef PL_ROOMPOOL_ROOM_H
#define PL_ROOMPOOL_ROOM_H

#include "model.h"

/* Find by alias or name, ignoring ASCII case; makes the room when the
 * configuration says create_rooms = on-join.
 * Errors: PL_ENOENT; PL_EFULL too many rooms. */
PL_MUST_USE pl_err pl_room_find(pl_pool *pool, const char *alias,
                                pl_room **ret_room);
/* ASCII lower case, as aliases are kept; other bytes stay. */
void pl_room_fold(char *to, size_t cap, const char *from);
/* Whether there is one already. */
bool pl_room_is_known(const pl_pool *pool, const char *alias);
/* Forget a room that a join made, or a managed one that was removed, when no
 * conference is or was just in it; any other room stays. NULL does nothing. The
 * room may be gone afterwards. */
void pl_room_drop_unused(pl_pool *pool, pl_room *room);
/* A room with its name as alias; room_no is set.
 * Errors: PL_EEXIST the name is taken; PL_EFULL too many rooms; PL_ENOMEM. */
PL_MUST_USE pl_err pl_room_add_managed(pl_pool *pool, const pl_room_row *row,
                                       pl_room **ret_room);
void pl_room_save(pl_pool *pool, const pl_room *room);
/* Take its name and PINs from a managed room; it may be gone afterwards. */
void pl_room_retire(pl_pool *pool, pl_room *room);
/* Whether joining asks for a PIN; room NULL: no. */
bool pl_room_needs_pin(const pl_room *room);
/* Whether a PIN tells its hosts from others; where none does, everybody is
 * host. False for NULL. */
bool pl_room_has_host_pin(const pl_room *room);
/* Check a PIN and the limits on guessing. pin "" is "none given".
 * Errors: PL_EPIN_REQUIRED; PL_EPIN_INVALID wrong, or too many wrong before. */
PL_MUST_USE pl_err pl_room_check_pin(pl_pool *pool, pl_room *room,
                                     const char *pin, const char *source,
                                     pl_part_role *ret_role);
/* Check the values of a room's section by themselves.
 * Errors: PL_ECONFIG with a reason. */
PL_MUST_USE pl_err pl_room_check_config(const pl_room_config *values,
                                        char *reason, size_t cap);
/* Whether two sections claim the same name; `pair` of the section.
 * Errors: PL_ECONFIG with a reason. */
PL_MUST_USE pl_err pl_room_check_pair(const char *name, const void *values,
                                      const char *other,
                                      const void *other_values, char *reason,
                                      size_t cap);
/* Rows read at the start. */
PL_MUST_USE pl_err pl_room_load(pl_pool *pool, const pl_room_row *row);
PL_MUST_USE pl_err pl_alias_load(pl_pool *pool, const pl_alias_row *row);

#endif
