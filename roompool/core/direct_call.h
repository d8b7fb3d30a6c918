/* direct_call.h - calls between two: a user and a user or telephone. A call is
 * a conference with two seats; the caller is its host. */
#ifndef PL_ROOMPOOL_DIRECT_CALL_H
#define PL_ROOMPOOL_DIRECT_CALL_H

#include "model.h"

/* A telephone calls a user of ours: make the call with both seats. Nobody rings
 * yet. Errors: PL_ENOUSER no such user is here; PL_EFULL; PL_EDRAIN. */
PL_MUST_USE pl_err pl_direct_from_telephone(pl_pool *pool, const char *to,
                                            pl_part **ret_caller);
/* The caller's media is ready: ring the other seat.
 * Errors: those of pl_invite_ring(); PL_EGONE. */
PL_MUST_USE pl_err pl_direct_ring(pl_pool *pool, pl_conf *conf);

/* What follows for the caller; all do nothing in a conference. */
/* The callee rings: a user who calls hears a tone. */
void pl_direct_rings(pl_pool *pool, pl_conf *conf);
/* The callee's telephone sends sound of its own. */
void pl_direct_early(pl_pool *pool, pl_conf *conf);
/* The callee answered. */
void pl_direct_answered(pl_pool *pool, pl_conf *conf);

void pl_on_direct_call_create(pl_pool *pool, const pl_bus_in *in);

#endif
