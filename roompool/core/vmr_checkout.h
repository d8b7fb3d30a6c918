/* vmr_checkout.h - a managed room is handed out: once, the oldest first. */
#ifndef PL_ROOMPOOL_VMR_CHECKOUT_H
#define PL_ROOMPOOL_VMR_CHECKOUT_H

#include "vmr.h"

/* Who takes a room; a plain value. */
typedef struct pl_vmr_taker pl_vmr_taker;
struct pl_vmr_taker {
    /* Called once, at once or within two seconds, when the room can be used
     * (PL_OK) or there is none; see below for the errors. is_repeated: an
     * earlier check-out with this key or name made it. vmr is NULL on errors
     * and may be gone after the call. */
    void (*done)(pl_pool *pool, const pl_vmr_taker *taker, pl_err e,
                 pl_vmr *vmr, bool is_repeated);
    pl_bus_ticket ticket;   /* for done */
    char id[PL_ID_MAX + 1]; /* for done */
};

/* Hand one out, in the transaction of this turn; where the rooms are on another
 * platform, taker->done is called once that has it under its new tag.
 *
 * m:      who takes it, for what, and how the request may be repeated
 * Errors: given to done: PL_EFULL no more rooms (counted); PL_EEXIST the key
 *         was used with another payload, or the name is one of another room;
 *         PL_EINVAL a name that cannot be one; PL_EDRAIN; PL_ESTATE; PL_ENOMEM;
 *         PL_EUNAVAILABLE the other platform. */
void pl_vmr_take(pl_pool *pool, const pl_pool_checkout *m,
                 const pl_vmr_taker *taker);
/* The same for one who has waited until now, at most until until_us. */
void pl_vmr_take_again(pl_pool *pool, const pl_pool_checkout *m,
                       const pl_vmr_taker *taker, int64_t until_us);
/* Tell a taker that the room is his, and count it. */
void pl_vmr_taken(pl_pool *pool, const pl_vmr_taker *taker, pl_vmr *vmr,
                  bool is_repeated);

#endif
