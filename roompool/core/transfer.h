/* transfer.h - attended transfer: a session with two calls joins their far
 * parties and goes.
 *
 * The far party of the one call (held) gets a leg in the other's conference
 * (target) and is offered its media. The leg sits on a spare seat meanwhile:
 * what exists is not touched before the new is there. When it accepts, its
 * seat moves over with all it has, a telephone's SIP call too, and both calls
 * end for who asked. Its session goes on knowing the call by its first id. */
#ifndef PL_ROOMPOOL_TRANSFER_H
#define PL_ROOMPOOL_TRANSFER_H

#include "model.h"

/* Offer the far party its new leg.
 *
 * held:      leg of the session in the call that ends
 * target_id: call of the same session, by its id for it
 * Errors: PL_EINVAL no target; PL_EGONE the session has no such call; PL_ESTATE
 *         one of them is not answered, or both are the same; PL_EBUSY one of
 *         them is just changing; PL_EUNAVAILABLE no media worker. Nothing has
 *         changed then. */
PL_MUST_USE pl_err pl_transfer_start(pl_pool *pool, pl_leg *held,
                                     const char *target_id);
/* A telephone's two calls are joined by its REFER: the other party of the one
 * goes over to the other, and both seats of the telephone go.
 * Errors: PL_EGONE, PL_ESTATE, PL_EBUSY, PL_EUNAVAILABLE as above; PL_EMEDIA
 * neither can be offered other media: two devices. */
PL_MUST_USE pl_err pl_transfer_join(pl_pool *pool, pl_part *me, pl_part *there);
/* The leg that a far party was offered; else its own. */
pl_leg *pl_transfer_leg(const pl_pool *pool, pl_leg *leg);
/* Its answer has been applied. leg: that of the spare seat. */
void pl_transfer_accepted(pl_pool *pool, pl_leg *leg);
/* It came to nothing: all goes on as before, and who asked is told. A peer that
 * may have taken up the offer is offered its own call anew (for a user by a
 * spare seat there), once: whether it answers that or not, the call lives. */
void pl_transfer_failed(pl_pool *pool, pl_part *spare, const char *reason);
/* Before a seat leaves: what it had to do with a transfer is over. */
void pl_transfer_part_leaves(pl_pool *pool, pl_part *part, const char *reason);
/* Whether a seat is about to go to another call, or another comes to its. */
bool pl_transfer_involves(const pl_part *part);

/* After a restart: seats that belong together, then what goes on. */
void pl_transfer_load(pl_pool *pool, pl_part *spare);
void pl_transfer_resume(pl_pool *pool, pl_part *spare);

#endif
