/* invite.h - inviting a user (all sessions ring) or a telephone. */
#ifndef PL_ROOMPOOL_INVITE_H
#define PL_ROOMPOOL_INVITE_H

#include "model.h"

/* Invite an address (address.h) into a conference. Its host learns the outcome
 * by row.mod_id.
 * Errors: PL_EINVAL no address; PL_ENOUSER a user, but not here; PL_EEXIST is
 * in already; PL_EBUSY rings already; PL_EFULL; PL_EUNAVAILABLE no worker. */
PL_MUST_USE pl_err pl_invite(pl_pool *pool, const pl_part *host,
                             const char *address, pl_part **ret_part);
/* The same in steps, without limits. Would it ring somebody? caller: session
 * that does not ring itself. Errors: PL_EINVAL, PL_ENOUSER. */
PL_MUST_USE pl_err pl_invite_check(const pl_pool *pool, const char *address,
                                   const char *caller);
/* A seat in state NEW, for somebody who will be told that `by` calls.
 * Errors: PL_EINVAL, PL_ENOUSER, PL_EFULL. */
PL_MUST_USE pl_err pl_invite_seat(pl_pool *pool, pl_conf *conf,
                                  const pl_part *by, const char *address,
                                  pl_part **ret_part);
/* Put its address, and a name made of that. */
void pl_invite_name(pl_part *part, const char *address);
/* Whether one more may ring. Errors: PL_EDRAIN, PL_EFULL. */
PL_MUST_USE pl_err pl_invite_may_ring(const pl_pool *pool, const pl_conf *conf);
/* Ring it: every session of the user, or the telephone.
 * Errors: PL_ENOUSER, PL_EUNAVAILABLE. */
PL_MUST_USE pl_err pl_invite_ring(pl_pool *pool, pl_part *part);
/* Ring one session for a seat: it gets a leg and, later, our offer.
 * Errors: PL_ENOMEM, PL_EUNAVAILABLE. */
PL_MUST_USE pl_err pl_invite_ring_session(pl_pool *pool, pl_part *part,
                                          const pl_sess *sess);
/* The same by a leg that is there, whose media was lost. */
PL_MUST_USE pl_err pl_invite_ring_leg(pl_pool *pool, pl_leg *leg);
/* Whether an address means a user who has a session. */
bool pl_invite_is_user(const pl_pool *pool, const char *address);
/* The participant of a conference that goes by this address or id and has not
 * left; NULL none. */
pl_part *pl_invite_find(const pl_pool *pool, const pl_conf *conf,
                        const char *address);
/* Whether somebody who goes by it was in the conference and has left. */
bool pl_invite_has_left(const pl_pool *pool, const pl_conf *conf,
                        const char *address);
/* Tell who invited this participant how it ended, once: "success" or why not.
 */
void pl_invite_result(pl_pool *pool, pl_part *part, const char *reason);
/* An invited participant is in: tell who invited it. */
void pl_invite_accepted(pl_pool *pool, pl_part *part);
/* One of the sessions that ring declines; the others go on. */
void pl_invite_decline(pl_pool *pool, pl_leg *leg, const char *reason);
/* A leg that rang is gone: was it the last one? */
void pl_invite_settle(pl_pool *pool, pl_part *part, const char *reason);
/* A session answered first: the others stop ringing. */
void pl_invite_taken(pl_pool *pool, pl_part *part, const pl_leg *winner);
/* Start or go on counting the ring time. */
void pl_invite_plan_timeout(pl_pool *pool, pl_part *part);

#endif
