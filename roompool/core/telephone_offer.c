/* telephone_offer.c - offers inside a call: the telephone's (hold, resume), and
 * ours after the loss of a media worker or for a transfer. */
#include <string.h>

#include "call.h"
#include "device/device_call.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "roster.h"
#include "telephone.h"
#include "transfer.h"
#include "worker.h"

enum {
    BUSY_WAIT_MS = 1000, /* after the waits of RFC 3261 section 14.1 */
    MAX_BUSY = 10,
};

/* ---- the answer to an offer of ours ---- */

static bool is_hold(const pl_leg *leg)
{
    return leg->row.mod_kind == PL_MOD_KIND_PEER_HOLD;
}

/* Without our offer's media it cannot stay; a transfer is only not made, and
 * that the other side holds, it need not know. */
static void offer_failed(pl_pool *pool, pl_part *part, const char *reason)
{
    pl_leg *leg = pl_leg_of(part);
    if (leg && is_hold(leg)) {
        pl_phone_hold_refused(pool, leg);
    } else if (part->is_spare) {
        pl_transfer_failed(pool, part, "the telephone did not agree");
    } else {
        pl_part_leave(pool, part, reason);
    }
}

/* Nothing is offered any more; what came meanwhile is told now. */
static void hold_told(pl_pool *pool, pl_leg *leg)
{
    char mod_id[PL_ID_MAX + 1];
    pl_reoffer_clear(pool, leg, mod_id);
    pl_device_hold_changed(pool, leg->part->conf);
}

static void confirm_done(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    pl_leg *leg = pl_leg_find(pool, op->leg);
    (void)sdp;
    pl_op_destroy(&op);
    if (part && e && e != PL_EGONE) {
        offer_failed(pool, part, "no common media");
    } else if (part && part->is_spare && leg) {
        pl_transfer_accepted(pool, leg);
    } else if (leg && is_hold(leg)) {
        hold_told(pool, leg);
    }
}

void pl_phone_confirm(pl_pool *pool, pl_call *call, pl_slice sdp)
{
    pl_leg *leg = pl_leg_of(call->part);
    pl_op *op = leg ? pl_op_create(pool, NULL) : NULL;
    if (!op)
        return;
    op->next = confirm_done;
    if (pl_leg_remote(pool, leg, sdp, PL_SDP_TYPE_ANSWER, op))
        pl_part_leave(pool, call->part, "no common media");
}

/* ---- hold, resume, and other offers inside a call ---- */

static void offer_done(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    bool was_asked = op->action != 0;
    if (!e && sdp->sdp.len == 0)
        e = PL_EMEDIA;
    if (e) {
        pl_pool_refuse(pool, &op->ticket, e, NULL);
    } else {
        pl_call_answer r = {.sdp = sdp->sdp};
        pl_pool_reply(pool, &op->ticket, &PL_MSG_CALL_ANSWER, &r);
    }
    if (!e && part && part->call && was_asked)
        part->call->expects_answer = true;
    if (!e && part && !was_asked) {
        pl_part_set_hold(pool, part, sdp->direction != PL_DIRECTION_SENDRECV);
        pl_reoffer_hold(pool, part->conf);
        pl_device_hold_changed(pool, part->conf);
    }
    pl_op_destroy(&op);
}

void pl_on_call_offer(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_offer *m = in->body;
    const pl_call *call = pl_sipcall_find(pool, m->call_id);
    pl_leg *leg = call ? pl_leg_of(call->part) : NULL;
    if (!leg || strcmp(call->row.node, in->node) != 0) {
        pl_pool_refuse(pool, &in->ticket, PL_EGONE, NULL);
        return;
    }
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = offer_done;
    op->ticket = in->ticket;
    op->has_ticket = true;
    op->action = m->sdp.len == 0;
    pl_err e = m->sdp.len > 0
                   ? pl_leg_remote(pool, leg, m->sdp, PL_SDP_TYPE_OFFER, op)
                   : pl_leg_ask(pool, leg, PL_DIRECTION_UNKNOWN, op);
    if (e)
        pl_pool_refuse(pool, &in->ticket, e, NULL);
}

/* ---- a new media worker, a transfer ---- */

static void reoffer_made(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_media_leg_sdp *sdp);
static void plan_reoffer(pl_pool *pool, pl_leg *leg);
static void offer_later(pl_pool *pool, pl_leg *leg);

/* The leg of a spare seat is offered in the call of the seat it is for. */
static const pl_call *call_of(const pl_pool *pool, const pl_part *part)
{
    const pl_part *owner =
        part->is_spare ? pl_part_find(pool, part->partner) : part;
    return owner ? owner->call : NULL;
}

static uint32_t direction_of(const pl_leg *leg)
{
    if (!is_hold(leg))
        return PL_DIRECTION_UNKNOWN;
    if (!leg->told_hold)
        return PL_DIRECTION_SENDRECV;
    return leg->part->row.on_hold ? PL_DIRECTION_INACTIVE
                                  : PL_DIRECTION_SENDONLY;
}

/* Its signaling worker is lost, perhaps with the media worker: once another one
 * goes on with the call it is offered there; else the call ends with the
 * lease. */
static bool is_away(const pl_pool *pool, const pl_call *call)
{
    return !pl_worker_is_up(pool, call->row.node, PL_ROLE_SIGNALING);
}

static bool was_lost(const pl_pool *pool, const pl_op *op)
{
    const pl_call *call = pl_sipcall_find(pool, op->call);
    return call &&
           (strcmp(call->row.node, op->node) != 0 || is_away(pool, call));
}

/* The media worker gives the same offer, or a new one when the peer's own was
 * taken meanwhile. */
static void reoffer(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_leg *leg = object;
    const pl_call *call = call_of(pool, leg->part);
    if (call && is_away(pool, call)) {
        offer_later(pool, leg);
        return;
    }
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = reoffer_made;
    if (leg->row.mod_id[0])
        pl_reoffer_plan_timeout(pool, leg);
    pl_err e = pl_leg_ask(pool, leg, direction_of(leg), op);
    if (e == PL_EBUSY) /* the peer's own offer is just being answered */
        plan_reoffer(pool, leg);
}

/* The telephone has an offer of its own under way: no reason to lose it. */
static void plan_reoffer(pl_pool *pool, pl_leg *leg)
{
    if (leg->n_busy++ >= MAX_BUSY) {
        offer_failed(pool, leg->part, "no answer to our offer");
    } else {
        offer_later(pool, leg);
    }
}

static void offer_later(pl_pool *pool, pl_leg *leg)
{
    pl_pool_plan(pool, &leg->timer, reoffer, leg, PL_MS(BUSY_WAIT_MS));
}

/* It took up the media of a leg that has gone meanwhile: back to what it has.
 */
static void answered_too_late(pl_pool *pool, const char *call_id)
{
    const pl_call *call = pl_sipcall_find(pool, call_id);
    pl_leg *leg = call ? pl_leg_of(call->part) : NULL;
    if (leg && call->part->row.state == PL_PART_STATE_ACTIVE)
        reoffer(pool, leg);
}

static void reoffer_answered(pl_pool *pool, pl_op *op, pl_err e,
                             const pl_bus_in *in)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    if (!leg && !e)
        answered_too_late(pool, op->call);
    bool is_lost = e && was_lost(pool, op);
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e == PL_EBUSY) {
        plan_reoffer(pool, leg);
        return;
    }
    leg->n_busy = 0;
    if (is_lost) {
        offer_later(pool, leg);
        return;
    }
    if (e || in->desc != &PL_MSG_CALL_ANSWER) {
        offer_failed(pool, leg->part, "media worker lost");
        return;
    }
    const pl_call_answer *m = in->body;
    pl_op *next = pl_op_create(pool, NULL);
    if (!next)
        return;
    next->next = confirm_done;
    leg->is_answered = true;
    if (pl_leg_remote(pool, leg, m->sdp, PL_SDP_TYPE_ANSWER, next))
        offer_failed(pool, leg->part, "media worker lost");
}

static void reoffer_made(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_part *part = leg ? leg->part : NULL;
    pl_op_destroy(&op);
    if (!part)
        return;
    const pl_call *call = call_of(pool, part);
    if (e || !call) {
        offer_failed(pool, part, "media worker lost");
        return;
    }
    if (is_away(pool, call)) {
        offer_later(pool, leg);
        return;
    }
    pl_call_offer m = {.sdp = sdp->sdp};
    pl_op *next = pl_op_create(pool, reoffer_answered);
    if (!next)
        return;
    PL_SET(next->leg, leg->row.leg_id);
    PL_SET(next->call, call->row.call_id);
    PL_SET(m.call_id, call->row.call_id);
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    pl_pool_send(pool, call->row.node, 0, &PL_MSG_CALL_OFFER, &m, next);
}

void pl_phone_offer_again(pl_pool *pool, pl_leg *leg)
{
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = reoffer_made;
    pl_part *part = leg->part;
    pl_pool_cancel(pool, &leg->timer);
    if (pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op))
        offer_failed(pool, part, "media worker lost");
}

void pl_phone_plan_offer(pl_pool *pool, pl_leg *leg)
{
    plan_reoffer(pool, leg);
}

void pl_phone_offer_back(pl_pool *pool, pl_leg *leg)
{
    reoffer(pool, leg);
}

/* ---- the other side holds ---- */

void pl_phone_tell_hold(pl_pool *pool, pl_leg *leg, bool is_held)
{
    const pl_part *part = leg->part;
    char id[37];
    if (leg->told_hold == is_held || leg->row.mod_id[0] || leg->is_pending ||
        !leg->is_negotiated || !part->call || part->is_spare ||
        part->partner[0] || part->row.state != PL_PART_STATE_ACTIVE ||
        part->call->row.state < PL_CALL_STATE_ANSWERED)
        return;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(leg->row.mod_id, id);
    leg->row.mod_kind = PL_MOD_KIND_PEER_HOLD;
    leg->told_hold = is_held;
    pl_leg_save(pool, leg);
    reoffer(pool, leg);
}

void pl_phone_hold_refused(pl_pool *pool, pl_leg *leg)
{
    char mod_id[PL_ID_MAX + 1];
    pl_reoffer_clear(pool, leg, mod_id);
    pl_leg_rollback(pool, leg);
    leg->n_busy = 0;
    pl_device_hold_refused(pool, leg->part->conf);
}
