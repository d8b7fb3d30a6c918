/* leg.h - one media connection of a participant and its negotiation with the
 * media worker. Repeating a command is harmless, so what fails for want of a
 * worker is tried again. */
#ifndef PL_ROOMPOOL_LEG_H
#define PL_ROOMPOOL_LEG_H

#include "model.h"

extern const pl_sm PL_LEG_SM;

pl_leg *pl_leg_find(const pl_pool *pool, const char *leg_id);
/* The leg of a seat, or the first that rings for it; NULL when it has none. */
pl_leg *pl_leg_of(const pl_part *part);
/* session_id: whose it is, "" for pages and telephones. mixed: takes part in
 * the mix from the start. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_leg_add(pl_pool *pool, pl_part *part, uint32_t kind,
                              const char *session_id, bool mixed,
                              pl_leg **ret_leg);
PL_MUST_USE pl_err pl_leg_load(pl_pool *pool, const pl_leg_row *row);
void pl_leg_save(pl_pool *pool, pl_leg *leg);

/* Create the leg on the conference's media worker, placing the conference
 * first. offer: the peer's; empty: we make one. op: consumed; its `next` is
 * called later, once (PL_EGONE when the leg was dropped meanwhile).
 * Errors: PL_EUNAVAILABLE no worker, PL_EBUSY; then op was freed unused. */
PL_MUST_USE pl_err pl_leg_negotiate(pl_pool *pool, pl_leg *leg, pl_slice offer,
                                    pl_op *op);
/* Give the media worker the peer's answer or new offer. op as above.
 * Errors: PL_EBUSY, PL_ESTATE no media yet. */
PL_MUST_USE pl_err pl_leg_remote(pl_pool *pool, pl_leg *leg, pl_slice sdp,
                                 uint32_t sdp_type, pl_op *op);
/* Ask it for a new offer to the peer, in a pl_direction; 0: as before. As
 * above. */
PL_MUST_USE pl_err pl_leg_ask(pl_pool *pool, pl_leg *leg, uint32_t direction,
                              pl_op *op);
/* That offer was rejected or never answered. */
void pl_leg_rollback(pl_pool *pool, pl_leg *leg);
/* Whether it is the leg of its seat's own session; else that session rings. */
bool pl_leg_is_seat(const pl_leg *leg);
/* Give it to another seat. */
void pl_leg_adopt(pl_pool *pool, pl_leg *leg, pl_part *part);
void pl_leg_set_mixed(pl_pool *pool, pl_leg *leg, bool mixed);
void pl_leg_set_muted(pl_pool *pool, pl_leg *leg, bool muted);
/* Play a prompt once, or until another is played; "" stops. */
void pl_leg_play(pl_pool *pool, pl_leg *leg, const char *prompt);
void pl_leg_play_on(pl_pool *pool, pl_leg *leg, const char *prompt);
/* Begin again with what it was just played: it is at another worker. */
void pl_leg_replay(pl_pool *pool, pl_leg *leg);
/* The same of one who is told how it went; op may be NULL. Errors: PL_ESTATE no
 * media; then op is still the caller's. */
PL_MUST_USE pl_err pl_leg_play_asked(pl_pool *pool, pl_leg *leg,
                                     const char *prompt, bool is_loop,
                                     pl_op *op);
/* Whether legs of the conference, but for one or NULL, are negotiated. */
bool pl_legs_have_media(const pl_conf *conf, const pl_leg *but);
/* Key digits to the peer; op: its done is called with the reply. Errors:
 * PL_ESTATE no media; then op is still the caller's. */
PL_MUST_USE pl_err pl_leg_keys(pl_pool *pool, pl_leg *leg, const char *digits,
                               pl_op *op);
/* Play the room's announcement once the participant is in and its media
 * flows. */
void pl_leg_welcome(pl_pool *pool, pl_leg *leg);
/* Remove it here and on its worker. */
void pl_leg_drop(pl_pool *pool, pl_leg *leg);
/* Its worker does not have it any more. Pages are told and come back by
 * themselves; telephones and API clients get a new offer from the worker that
 * takes the conference over. */
void pl_leg_lost(pl_pool *pool, pl_leg *leg, const char *reason);
/* Place the conference anew and offer again to all legs that lost theirs;
 * called again when a media worker comes, given up after replace_ms. */
void pl_legs_replace(pl_pool *pool, pl_conf *conf);

/* The leg that a report is about; NULL (and counted) when the sender does not
 * own it in this epoch. */
pl_leg *pl_leg_reported(pl_pool *pool, const pl_bus_in *in, const char *leg_id);
/* The worker's inventory names it, in this pl_leg_state. */
void pl_leg_seen(pl_pool *pool, pl_leg *leg, uint32_t state);

void pl_on_leg_report(pl_pool *pool, const pl_bus_in *in);
void pl_on_leg_dtmf(pl_pool *pool, const pl_bus_in *in);
void pl_on_leg_played(pl_pool *pool, const pl_bus_in *in);
void pl_on_leg_talking(pl_pool *pool, const pl_bus_in *in);
void pl_on_leg_stats(pl_pool *pool, const pl_bus_in *in);

#endif
