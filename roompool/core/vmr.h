/* vmr.h - managed rooms: made ahead, handed out once, used, ended, removed.
 *
 * A managed room is a room (room.h) with a life: creating, free, reserved,
 * in-use, ending, deleted. Free ones stand in a queue, oldest first; who has
 * been handed out is never free again, since somebody knows its PINs. What was
 * removed is remembered for a while, without its PINs. Every deadline is a
 * wall time in its row, so that a restart goes on with it. */
#ifndef PL_ROOMPOOL_VMR_H
#define PL_ROOMPOOL_VMR_H

#include "model.h"

extern const pl_sm PL_VMR_SM;
enum { PL_N_VMR_STATES = PL_POOL_STATE_DELETED + 1 };

typedef struct pl_remote pl_remote;           /* vmr_remote.h */
typedef struct pl_remote_room pl_remote_room; /* what its row does not say */

struct pl_vmr {
    pl_vmr_row row;
    pl_list link;           /* pl_vmrs.all */
    pl_list queue;          /* pl_vmrs.free or pl_vmrs.gone, by its state */
    pl_room *room;          /* NULL once removed */
    pl_task due;            /* the next deadline of its state */
    pl_remote_room *remote; /* NULL: nothing is asked of another platform */
};

struct pl_vmrs {
    pl_map *by_name; /* by pl_room_fold(); the newest of a name */
    pl_map *by_key;  /* by row.key_hash */
    pl_map *by_no;
    pl_list all;  /* by number */
    pl_list free; /* by number: the next to be handed out first */
    pl_list gone; /* removed, the longest ago first */
    unsigned n[PL_N_VMR_STATES];
    uint32_t n_wanted; /* free ones asked for beyond pool_target */
    int64_t fill_us;   /* the next may be made then */
    pl_task fill, sweep;
    bool is_low;
    bool was_filled;   /* before that, few free ones are no news */
    pl_err fill_error; /* why the pool was not filled the last time */
    int64_t empty_us;  /* there is no free one since; 0: there is */
    pl_task empty;     /* to say so */
    pl_remote *remote; /* where the rooms are; NULL: here */
};

PL_MUST_USE pl_err pl_vmrs_create(pl_vmrs **ret_vmrs);
void pl_vmrs_destroy(pl_vmrs **vmrs);

/* ---- after a start ---- */
PL_MUST_USE pl_err pl_vmr_load(pl_pool *pool, const pl_vmr_row *row);
/* A row of meta, if it is one of ours. */
PL_MUST_USE pl_err pl_vmr_load_meta(pl_pool *pool, const pl_meta_row *row);
/* Everything is loaded: put right what does not fit, go on with every
 * deadline, fill the pool. */
void pl_vmr_resume(pl_pool *pool);

/* ---- rooms ---- */
/* By name, any case; also one that was removed. NULL none. */
pl_vmr *pl_vmr_find(const pl_pool *pool, const char *name);
/* By number, which stays when it gets another name. */
pl_vmr *pl_vmr_by_no(const pl_pool *pool, uint64_t room_no);
/* Whether people may come in: handed out and not removed. */
bool pl_vmr_is_open(const pl_vmr *vmr);
/* Managed rooms that are not removed. */
unsigned pl_vmr_count(const pl_vmrs *vmrs);
/* Make a free one; name NULL: of random letters.
 * Errors: PL_EFULL; PL_EEXIST the name is taken; PL_ENOMEM. */
PL_MUST_USE pl_err pl_vmr_make(pl_pool *pool, const char *name,
                               pl_vmr **ret_vmr);
/* To a state of PL_VMR_SM: since, queue, deadline, row. A forbidden move is
 * logged and answered false. */
bool pl_vmr_move(pl_pool *pool, pl_vmr *vmr, uint32_t state);
void pl_vmr_save(pl_pool *pool, const pl_vmr *vmr);
/* End what goes on in it, take its name and PINs; remembered for a while.
 * Harmless when it is removed. */
void pl_vmr_remove(pl_pool *pool, pl_vmr *vmr, const char *cause);
/* The same, but who is in it stays until it leaves. */
void pl_vmr_close(pl_pool *pool, pl_vmr *vmr, const char *cause);
/* Its room has another name now. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_vmr_rename(pl_pool *pool, pl_vmr *vmr);
/* Whether only its own DELETE removes it; by its name. */
bool pl_vmr_is_persistent(const pl_pool *pool, const pl_vmr *vmr);
bool pl_vmr_is_persistent_name(const pl_pool *pool, const char *name);
/* Forget the oldest removed ones beyond the limit. */
void pl_vmr_trim(pl_pool *pool);
/* Forget a removed one. */
void pl_vmr_forget(pl_pool *pool, pl_vmr *vmr);

/* ---- its life (vmr_life.c) ---- */
/* Plan its next deadline. */
void pl_vmr_plan(pl_pool *pool, pl_vmr *vmr);
/* The same, but look at it then and not before. */
void pl_vmr_plan_in(pl_pool *pool, pl_vmr *vmr, int64_t delay_us);
/* Remove it when its deadline has passed. */
void pl_vmr_end_overdue(pl_pool *pool, pl_vmr *vmr);
/* Somebody came into a room; its conference ended. Rooms that are not managed,
 * and NULL, are passed over. */
void pl_vmr_joined(pl_pool *pool, pl_room *room);
void pl_vmr_emptied(pl_pool *pool, pl_room *room);

/* ---- the filler (vmr_fill.c) ---- */
/* Make free rooms in the background while there are too few. */
void pl_vmr_fill(pl_pool *pool);

/* ---- messages ---- */
void pl_on_pool_checkout(pl_pool *pool, const pl_bus_in *in);
void pl_on_pool_fill(pl_pool *pool, const pl_bus_in *in);
void pl_on_pool_room_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_pool_room_change(pl_pool *pool, const pl_bus_in *in);
void pl_on_pool_room_delete(pl_pool *pool, const pl_bus_in *in);
void pl_on_pool_room_next(pl_pool *pool, const pl_bus_in *in);
void pl_on_pool_rooms_delete(pl_pool *pool, const pl_bus_in *in);
/* Answer with a room (vmr_api.c). */
void pl_vmr_reply(pl_pool *pool, const pl_bus_ticket *ticket, const pl_vmr *vmr,
                  bool is_repeated);

/* ---- looking ---- */
/* Set the gauges that grow by themselves. */
void pl_vmr_gauges(pl_pool *pool);
/* What must always hold; NULL when it does. For tests. */
const char *pl_vmr_breach(const pl_pool *pool);

#endif
