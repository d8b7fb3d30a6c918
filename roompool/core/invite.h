/* invite.h - inviting a user (all sessions ring) or a telephone. */
#ifndef PL_ROOMPOOL_INVITE_H
#define PL_ROOMPOOL_INVITE_H

#include "model.h"

/* Invite an address into a conference: a user of ours by id, by
 * sip:id@user_domain or by tel: of a virtual number; else sip: and tel: are
 * dialled.
 *
 * host:   participant that invites; host_sess: its session
 * Errors: PL_EINVAL neither a user with a session nor a SIP or tel URI;
 *         PL_EEXIST is in already; PL_EBUSY rings already; PL_EFULL;
 *         PL_EUNAVAILABLE no worker. */
PL_MUST_USE pl_err pl_invite(pl_pool *pool, const pl_part *host,
                             const pl_sess *host_sess, const char *address,
                             pl_part **ret_part);
/* The participant of a conference that goes by this address or id and has not
 * left; NULL none. */
pl_part *pl_invite_find(const pl_pool *pool, const pl_conf *conf,
                        const char *address);
/* Tell who invited this participant how it ended, once: "success" or why not.
 */
void pl_invite_result(pl_pool *pool, pl_part *part, const char *reason);
/* An invited participant is in: tell who invited it. */
void pl_invite_accepted(pl_pool *pool, pl_part *part);
/* One of the sessions that ring declines; the others go on. */
void pl_invite_decline(pl_pool *pool, pl_leg *leg, const char *reason);
/* A session answered first: the others stop ringing. */
void pl_invite_taken(pl_pool *pool, pl_part *part, const pl_leg *winner);
/* Start or go on counting the ring time. */
void pl_invite_plan_timeout(pl_pool *pool, pl_part *part);

#endif
