/* vmr_remote.h - managed rooms on another platform: made, tagged, changed,
 * looked for and deleted by its management API.
 *
 * What it is still to be told of a room stands in the room's row before it is
 * asked (remote_todo), and is tried until it is done, also after a restart. All
 * requests share one rate and go a few at a time; those that a caller waits for
 * go first. Without platform_url there is no pl_remote, and nothing here does
 * anything. */
#ifndef PL_ROOMPOOL_VMR_REMOTE_H
#define PL_ROOMPOOL_VMR_REMOTE_H

#include "vmr_checkout.h"

/* A caller waits so long for the platform. */
enum { PL_REMOTE_WAIT_MS = 2000 };

/* login: "user:password", or "bearer TOKEN"; copied.
 * Errors: PL_ECONFIG the login; PL_ENOMEM. */
PL_MUST_USE pl_err pl_remote_create(const pl_roompool_config *config,
                                    const char *login, pl_remote **ret_remote);
void pl_remote_destroy(pl_remote **remote);
bool pl_remote_is_login(const char *login);
/* Whether the settings fit together. Errors: PL_ECONFIG with a reason. */
PL_MUST_USE pl_err pl_remote_check_config(const void *values, char *reason,
                                          size_t cap);
/* A row of meta, if it is ours. */
void pl_remote_load_meta(pl_pool *pool, const pl_meta_row *row);
/* Everything is loaded: go on with what is to be done. */
void pl_remote_resume(pl_pool *pool);

/* ---- of one room ---- */
/* Whether it is, was or is to be on another platform. */
bool pl_vmr_is_remote(const pl_vmr *vmr);
/* It is in the list of all. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_remote_attach(pl_pool *pool, pl_vmr *vmr);
void pl_remote_detach(pl_pool *pool, pl_vmr *vmr);
/* The same without plans to be cancelled. */
void pl_remote_free_room(pl_remote_room **room);
/* The description of rooms that the pool makes; "" here. */
const char *pl_remote_mark(const pl_pool *pool);
/* It is to be made there. False: the rooms are our own. */
bool pl_remote_make(pl_pool *pool, pl_vmr *vmr);
/* It is handed out: what it lacks is done next. Before its row is saved. */
void pl_remote_reserve(pl_pool *pool, pl_vmr *vmr);
/* It is removed here. Before its row is saved. */
void pl_remote_remove(pl_pool *pool, pl_vmr *vmr);
/* Whether it is removed here and not there yet. */
bool pl_remote_is_leaving(const pl_vmr *vmr);
/* Ask whether anybody is in it before it goes. False: it may go. */
bool pl_remote_asks_first(pl_pool *pool, pl_vmr *vmr);
/* The platform says that somebody is in it, or that nobody is any more. */
void pl_remote_heard(pl_pool *pool, pl_vmr *vmr, bool is_live);
/* Put these values there, then into its row, then answer. */
void pl_remote_change(pl_pool *pool, pl_vmr *vmr, const pl_room_row *values,
                      const pl_bus_ticket *ticket);

/* ---- who takes a room ---- */
/* Whether it is no use to ask before until_us. */
bool pl_remote_is_shut(const pl_pool *pool, int64_t until_us);
/* Whether a free room needs a request to be handed out with this tag. */
bool pl_remote_needs(const pl_vmr *vmr, const char *tag);
/* A room that is still being made: one that was not asked for yet, or any. NULL
 * none. */
pl_vmr *pl_remote_unmade(pl_pool *pool, bool is_any);
/* Keep the taker until the room is ready. False: it is. */
bool pl_remote_hold(pl_pool *pool, pl_vmr *vmr, const pl_pool_checkout *m,
                    const pl_vmr_taker *taker, bool is_repeated,
                    int64_t until_us);

/* ---- now and then ---- */
/* Look whether anybody is in some of the rooms. */
void pl_remote_look(pl_pool *pool);
/* What must always hold of one of its rooms; NULL when it does. */
const char *pl_remote_breach(const pl_vmr *vmr);

#endif
