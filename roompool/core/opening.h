/* opening.h - a session makes a conference or a call: it gets the first seat,
 * its offer is answered by the media worker, then the request is. */
#ifndef PL_ROOMPOOL_OPENING_H
#define PL_ROOMPOOL_OPENING_H

#include "model.h"

/* Give the session the host's seat of a new conference.
 * Errors: PL_EFULL, PL_ENOMEM; undo then. */
PL_MUST_USE pl_err pl_opening_seat(pl_pool *pool, pl_conf *conf,
                                   const pl_sess *sess, pl_part **ret_host);
/* Negotiate its media. next: called once, later; begin it with
 * pl_opening_end(). Errors: PL_ENOMEM, PL_EUNAVAILABLE; undo then. */
PL_MUST_USE pl_err pl_opening_negotiate(pl_pool *pool, const pl_bus_in *in,
                                        pl_sess *sess, pl_part *host,
                                        pl_slice offer, pl_leg_next next);
/* What became of it: the host's seat and its session, when both are there
 * still. Errors: e; PL_EGONE. */
PL_MUST_USE pl_err pl_opening_end(pl_pool *pool, const pl_op *op, pl_err e,
                                  pl_sess **ret_sess, pl_part **ret_host);
/* Refuse, and end the conference (NULL: none) without telling its maker in
 * another way than this. */
void pl_opening_undo(pl_pool *pool, const pl_bus_ticket *ticket, pl_conf *conf,
                     pl_err e);

#endif
