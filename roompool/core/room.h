/* room.h - the named places: aliases, PINs, limits. */
#ifndef PL_ROOMPOOL_ROOM_H
#define PL_ROOMPOOL_ROOM_H

#include "model.h"
#include "room_pin.h"

/* rooms.service_type of a room to meet in; the other kind echoes. */
#define PL_SERVICE_CONFERENCE "conference"
#define PL_SERVICE_TEST_CALL  "test_call"

/* Find by alias, else a managed one by its name, ignoring ASCII case; makes the
 * room when the configuration says create_rooms = on-join.
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
/* By number, managed ones only, also removed ones that are still in use; by
 * name, any case, rather one that is not vacant. NULL none. */
pl_room *pl_room_by_no(const pl_pool *pool, uint64_t room_no);
pl_room *pl_room_by_name(const pl_pool *pool, const char *name);
/* Whether its name is only remembered: it was removed, and nobody is in it. */
bool pl_room_is_vacant(const pl_room *room);
/* A room without number or alias.
 * Errors: PL_EFULL too many rooms; PL_EEXIST; PL_ENOMEM. */
PL_MUST_USE pl_err pl_room_add_plain(pl_pool *pool, const char *name,
                                     uint32_t source, pl_room **ret_room);
/* A managed room, which gets its number here, and no alias yet. It may have the
 * name of one that was removed and that nobody is in.
 * Errors: PL_EEXIST the name is taken; PL_EFULL too many rooms; PL_ENOMEM. */
PL_MUST_USE pl_err pl_room_add_managed(pl_pool *pool, const pl_room_row *row,
                                       pl_room **ret_room);
void pl_room_set_no(pl_pool *pool, pl_room *room, uint64_t room_no);
void pl_room_save(pl_pool *pool, const pl_room *room);
void pl_room_free(void *room);
/* Take its aliases from a managed room, and whom it has dialled: nobody can
 * come any more; once nobody is in it, its PINs, and it may be gone afterwards.
 */
void pl_room_retire(pl_pool *pool, pl_room *room);
/* Its conference ended. NULL does nothing. */
void pl_room_emptied(pl_pool *pool, pl_room *room);
/* Another name, with everything that names it; one that no other room has.
 * Errors: PL_EEXIST; PL_ENOMEM (state cannot be kept then). */
PL_MUST_USE pl_err pl_room_rename(pl_pool *pool, pl_room *room,
                                  const char *name);
/* PINs of a managed room as its owner knows them, "" none; and how they are
 * kept. */
const char *pl_room_host_pin(const pl_room_row *row);
const char *pl_room_guest_pin(const pl_room_row *row);
void pl_room_keep_pins(pl_room_row *row, const pl_room_pins *pins);
/* A PIN and what is kept of the right one. */
bool pl_room_pin_matches(pl_pool *pool, const char *pin, const char *hash);
/* Whether joining asks for a PIN; room NULL: no. */
bool pl_room_needs_pin(const pl_room *room);
/* Whether a PIN tells its hosts from others; where none does, everybody is
 * host. False for NULL. */
bool pl_room_has_host_pin(const pl_room *room);
/* Check a PIN and the limits on guessing. pin "" is "none given".
 * Errors: PL_EPIN_REQUIRED; PL_EPIN_INVALID wrong, or too many wrong of this
 * source before; PL_ENOENT too many wrong in this room. */
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
/* What must always hold; NULL when it does. For tests. */
const char *pl_room_breach(const pl_pool *pool);
/* A row read at the start. */
PL_MUST_USE pl_err pl_room_load(pl_pool *pool, const pl_room_row *row);

#endif
