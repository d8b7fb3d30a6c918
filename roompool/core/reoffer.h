/* reoffer.h - offers that we make to a user who is in: media of a new worker,
 * word that the other side of a call holds, or a leg in another call. One at a
 * time for a leg; the user accepts or rejects it by its mod_id, in reoffer_ms.
 *
 * What is at stake follows from leg.row.mod_kind: without new media in place
 * of lost one the user cannot stay; the other offers are taken back and all
 * goes on as before. */
#ifndef PL_ROOMPOOL_REOFFER_H
#define PL_ROOMPOOL_REOFFER_H

#include "model.h"

#define PL_MOD_DONE "success"

/* Tell the leg's session our offer, and wait. mod_kind: pl_mod_kind. */
void pl_reoffer_send(pl_pool *pool, pl_leg *leg, uint32_t mod_kind,
                     pl_slice sdp);
/* Go on waiting, after a restart. */
void pl_reoffer_plan_timeout(pl_pool *pool, pl_leg *leg);
/* Nothing is pending any more. ret_mod_id: what was. */
void pl_reoffer_clear(pl_pool *pool, pl_leg *leg,
                      char ret_mod_id[PL_ID_MAX + 1]);
/* Tell the session that the modification is over. reason: "success" in calls
 * whatever came of it: clients take other words for the end of the call. */
void pl_reoffer_tell_end(pl_pool *pool, const pl_leg *leg, const char *mod_id,
                         const char *reason);
/* It was rejected, or nobody answered. */
void pl_reoffer_refused(pl_pool *pool, pl_leg *leg, const char *reason);
/* The leg's media is gone, and with it whatever was pending. */
void pl_reoffer_lost(pl_pool *pool, pl_leg *leg);
/* Offer the media of the new worker; ends the participant when that cannot
 * be. */
void pl_reoffer_media(pl_pool *pool, pl_leg *leg);
/* Both parties of a call: tell each that the other holds, or holds no longer,
 * when it was told otherwise and nothing else is pending. Call it whenever one
 * of that may have changed; it does nothing in a conference. */
void pl_reoffer_hold(pl_pool *pool, pl_conf *conf);
/* The user's description may not be what we think: at the next
 * pl_reoffer_hold() it is told in any case whether the other side holds. */
void pl_reoffer_doubt(pl_leg *leg);

#endif
