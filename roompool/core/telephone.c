/* telephone.c - calls in and out over the signaling workers. */
#include "telephone.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "conference.h"
#include "direct_call.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "room.h"
#include "roster.h"
#include "transfer.h"
#include "worker.h"

enum {
    SIP_OK = 200,
    SIP_BUSY = 486,
    SIP_BUSY_EVERYWHERE = 600,
    SIP_DECLINE = 603,
    SIP_TIMEOUT = 408,
    SIP_UNAVAILABLE = 480,
    SIP_CANCELLED = 487,
    RETRY_AFTER_S = 5,
    MAX_BEEP_LEGS = 16, /* larger rooms are not disturbed */
    CONFIRM_WAIT_MS = 3000,
    BUSY_WAIT_MS = 1000, /* after the waits of RFC 3261 section 14.1 */
    MAX_BUSY = 10,
};

static const char CANCELED[] = "Call canceled";

/* ---- calls that come in ---- */

static void respond(pl_pool *pool, const pl_call *call, uint32_t status,
                    pl_slice sdp, pl_op *op)
{
    pl_call_respond m = {.sip_status = status};
    PL_SET(m.call_id, call->row.call_id);
    if (sdp.len > 0) {
        m.sdp = sdp;
        PL_MSG_SET(CALL_RESPOND, call_respond, &m, sdp);
    }
    if (status == (uint32_t)pl_err_sip(PL_EUNAVAILABLE)) {
        m.retry_after_s = RETRY_AFTER_S;
        PL_MSG_SET(CALL_RESPOND, call_respond, &m, retry_after_s);
    }
    pl_pool_send(pool, call->row.node, 0, &PL_MSG_CALL_RESPOND, &m, op);
}

static void start_pin(void *ctx, void *object)
{
    pl_phone_ask_pin(ctx, object);
}

/* The 200 is out: in, or first the PIN once the caller acknowledged. */
static void answered(pl_pool *pool, pl_call *call)
{
    pl_part *part = call->part;
    call->is_answer_sent = true;
    if (part->row.state != PL_PART_STATE_NEW)
        return;
    if (!pl_room_needs_pin(part->conf->room)) {
        pl_part_activate(pool, part);
        return;
    }
    if (!pl_part_move(pool, part, PL_PART_STATE_PIN))
        return;
    part->pin_until_us = pool->now.us + PL_S(pool->config->pin_total_s);
    if (call->row.state == PL_CALL_STATE_CONFIRMED) {
        pl_phone_ask_pin(pool, part);
    } else {
        pl_pool_plan(pool, &part->timer, start_pin, part,
                     PL_MS(CONFIRM_WAIT_MS));
    }
}

void pl_phone_seen(pl_pool *pool, pl_call *call, uint32_t state)
{
    pl_part *part = call->part;
    if (call->row.way != PL_CALL_WAY_IN ||
        part->row.state != PL_PART_STATE_NEW || !call->is_answer_sent)
        return;
    if (state >= PL_CALL_STATE_ANSWERED) {
        answered(pool, call);
    } else { /* our 200 never left, and its SDP is not kept */
        pl_part_leave(pool, part, "interrupted");
    }
}

static void responded(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_call *call = pl_sipcall_find(pool, op->call);
    (void)in;
    pl_op_destroy(&op);
    if (!call)
        return;
    if (!e) {
        answered(pool, call);
        return;
    }
    pl_part *part = call->part;
    if (e == PL_EGONE || e == PL_ENOENT || e == PL_ESTATE)
        pl_sipcall_remove(pool, call);
    pl_part_leave(pool, part, "call ended before the answer");
}

static void accept(pl_pool *pool, pl_call *call, pl_slice sdp)
{
    pl_op *op = pl_op_create(pool, responded);
    if (!op)
        return;
    PL_SET(op->call, call->row.call_id);
    pl_sipcall_move(pool, call, PL_CALL_STATE_ANSWERED);
    respond(pool, call, SIP_OK, sdp, op);
}

void pl_phone_answer(pl_pool *pool, pl_call *call)
{
    accept(pool, call, (pl_slice){call->sdp, call->sdp_len});
}

/* For the 200 that follows when a user answers. */
static pl_err keep_sdp(pl_call *call, pl_slice sdp)
{
    call->sdp = malloc(sdp.len > 0 ? sdp.len : 1);
    if (!call->sdp)
        return PL_ENOMEM;
    if (sdp.len > 0)
        memcpy(call->sdp, sdp.ptr, sdp.len);
    call->sdp_len = sdp.len;
    return PL_OK;
}

static void incoming_ready(pl_pool *pool, pl_op *op, pl_err e,
                           const pl_media_leg_sdp *sdp)
{
    pl_call *call = pl_sipcall_find(pool, op->call);
    if (call && !e && call->part->conf->row.kind == PL_CONF_KIND_CALL) {
        e = keep_sdp(call, sdp->sdp);
        if (!e)
            e = pl_direct_ring(pool, call->part->conf);
        if (!e) {
            pl_op_destroy(&op);
            return;
        }
    }
    if (call && e) {
        pl_part *part = call->part;
        pl_err shown = e == PL_EFULL ? PL_EUNAVAILABLE : e;
        respond(pool, call, (uint32_t)pl_err_sip(shown), (pl_slice){NULL, 0},
                NULL);
        pl_sipcall_remove(pool, call);
        pl_pool_count(pool, e == PL_EMEDIA ? PL_RM_refused_media
                                           : PL_RM_refused_no_worker);
        pl_part_leave(pool, part, pl_err_text(e));
    } else if (call) {
        accept(pool, call, sdp->sdp);
    }
    pl_op_destroy(&op);
}

static void name_caller(pl_part *part, const pl_call_incoming *m)
{
    const char *user = strchr(m->from_uri, ':');
    char name[PL_NAME_MAX + 1];
    PL_SET(name, user ? user + 1 : m->from_uri);
    name[strcspn(name, "@;")] = '\0';
    PL_SET(part->row.display_name, m->from_name[0] ? m->from_name
                                   : name[0]       ? name
                                                   : "Telephone");
    PL_SET(part->row.address, m->from_uri);
    PL_SET(part->row.source, m->source);
}

static pl_err start_call(pl_pool *pool, const pl_bus_in *in, pl_part *part)
{
    const pl_call_incoming *m = in->body;
    pl_call_row row = {.way = PL_CALL_WAY_IN};
    pl_call *call;
    pl_leg *leg;
    PL_SET(row.call_id, m->call_id);
    PL_SET(row.node, in->node);
    PL_SET(row.peer_uri, m->from_uri);
    PL_SET(row.sip_call_id, m->sip_call_id);
    pl_err e = pl_sipcall_add(pool, part, &row, &call);
    if (e)
        return e;
    call->expects_answer = m->sdp.len == 0;
    e = pl_leg_add(pool, part, PL_LEG_KIND_SIP, "",
                   !pl_room_needs_pin(part->conf->room), &leg);
    if (e)
        return e;
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = incoming_ready;
    PL_SET(op->call, m->call_id);
    return pl_leg_negotiate(pool, leg, m->sdp, op);
}

static pl_err admit_to_room(pl_pool *pool, const char *to, pl_part **ret_part)
{
    pl_room *room = NULL;
    pl_conf *conf;
    pl_err e = pl_room_find(pool, to, &room);
    if (!e && room->conf && !pl_conf_has_room(room->conf))
        e = PL_EFULL;
    if (!e)
        e = pl_conf_of_room(pool, room, &conf);
    if (!e) {
        e = pl_part_add(pool, conf, PL_PART_KIND_TELEPHONE,
                        room->row.host_pin_hash[0] ? PL_PART_ROLE_GUEST
                                                   : PL_PART_ROLE_HOST,
                        ret_part);
    }
    if (e)
        pl_room_drop_unused(pool, room);
    return e;
}

/* A room, or else a user; a room that would be made by this call comes last. */
static pl_err admit(pl_pool *pool, const pl_call_incoming *m,
                    pl_part **ret_part)
{
    if (pool->is_draining)
        return PL_EDRAIN;
    return !pl_room_is_known(pool, m->to_user) &&
                   pl_invite_is_user(pool, m->to_user)
               ? pl_direct_from_telephone(pool, m->to_user, ret_part)
               : admit_to_room(pool, m->to_user, ret_part);
}

void pl_on_call_incoming(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_incoming *m = in->body;
    pl_part *part;
    if (pl_sipcall_find(pool, m->call_id)) {
        pl_pool_ok(pool, &in->ticket);
        return;
    }
    pl_err e = admit(pool, m, &part);
    if (!e) {
        name_caller(part, m);
        pl_part_save(pool, part);
        e = start_call(pool, in, part);
        if (e) {
            if (part->call) /* the error itself is the final answer */
                pl_sipcall_remove(pool, part->call);
            pl_part_leave(pool, part, pl_err_text(e));
        }
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_pool_ok(pool, &in->ticket);
    }
}

/* ---- dialling out ---- */

static void dialled(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_call *call = pl_sipcall_find(pool, op->call);
    (void)in;
    if (call && e) {
        pl_part *part = call->part;
        if (e != PL_ETIMEOUT)
            pl_sipcall_remove(pool, call);
        pl_part_leave(pool, part, "cannot be called");
    }
    pl_op_destroy(&op);
}

/* Who the telephone is told calls: in a call the user, by number if it has one;
 * else, and for a gateway that wants to know us, what is configured. */
static void put_caller(const pl_pool *pool, const pl_part *callee,
                       pl_call_start *m)
{
    const pl_part *by = pl_part_find(pool, callee->row.invited_by);
    bool is_direct = by && callee->conf->row.kind == PL_CONF_KIND_CALL;
    const char *name =
        is_direct ? by->row.display_name : pool->config->caller_name;
    bool has_number =
        is_direct && strncmp(by->row.address, "tel:+", strlen("tel:+")) == 0;
    PL_SET(m->from_user, has_number ? by->row.address + strlen("tel:")
                                    : pool->config->caller_user);
    if (name[0]) {
        PL_SET(m->from_name, name);
        PL_MSG_SET(CALL_START, call_start, m, from_name);
    }
}

static void send_start(pl_pool *pool, const pl_call *call, pl_slice sdp)
{
    pl_call_start m = {.sdp = sdp,
                       .ring_timeout_ms = pool->config->ring_timeout_s * 1000};
    pl_op *op = pl_op_create(pool, dialled);
    if (!op)
        return;
    PL_SET(op->call, call->row.call_id);
    PL_SET(m.call_id, call->row.call_id);
    PL_SET(m.to_uri, call->row.peer_uri);
    put_caller(pool, call->part, &m);
    pl_pool_send(pool, call->row.node, 0, &PL_MSG_CALL_START, &m, op);
}

static void dial_ready(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    pl_call_row row = {.way = PL_CALL_WAY_OUT};
    pl_worker *worker;
    pl_call *call;
    char id[37];
    pl_op_destroy(&op);
    if (!part || part->row.state != PL_PART_STATE_RINGING)
        return;
    if (!e)
        e = pl_worker_choose(pool, PL_ROLE_SIGNALING, NULL, &worker);
    if (!e) {
        pool->port->new_id(pool->port->ctx, id);
        PL_SET(row.call_id, id);
        PL_SET(row.node, worker->row.node);
        PL_SET(row.peer_uri, part->row.address);
        e = pl_sipcall_add(pool, part, &row, &call);
    }
    if (e) {
        pl_part_leave(pool, part, pl_err_text(e));
    } else {
        send_start(pool, call, sdp->sdp);
    }
}

pl_err pl_phone_dial(pl_pool *pool, pl_part *part)
{
    pl_leg *leg;
    pl_worker *worker;
    pl_op *op;
    pl_err e = pl_worker_choose(pool, PL_ROLE_SIGNALING, NULL, &worker);
    if (!e)
        e = pl_leg_add(pool, part, PL_LEG_KIND_SIP, "", true, &leg);
    if (e)
        return e;
    op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = dial_ready;
    return pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op);
}

static void dial_answered(pl_pool *pool, pl_op *op, pl_err e,
                          const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    bool is_final = op->action != 0;
    (void)sdp;
    pl_op_destroy(&op);
    if (!part || part->row.state != PL_PART_STATE_RINGING)
        return;
    if (e) {
        pl_part_leave(pool, part, "no common media");
        return;
    }
    if (!is_final && part->call &&
        part->call->row.state < PL_CALL_STATE_ANSWERED) {
        pl_direct_early(pool, part->conf); /* the answer is still to come */
        return;
    }
    pl_part_activate(pool, part);
    pl_invite_accepted(pool, part);
}

/* The peer's answer to our first offer; sdp may have come with early media. */
static void apply_answer(pl_pool *pool, pl_call *call, pl_slice sdp,
                         bool is_final)
{
    pl_leg *leg = pl_leg_of(call->part);
    pl_op *op;
    if (call->is_answered) { /* the SDP was applied before */
        if (is_final && leg && !leg->is_pending &&
            call->part->row.state == PL_PART_STATE_RINGING) {
            pl_part_activate(pool, call->part);
            pl_invite_accepted(pool, call->part);
        }
        return;
    }
    if (sdp.len == 0 && !is_final)
        return;
    if (!leg || sdp.len == 0) {
        pl_part_leave(pool, call->part, "no media in the answer");
        return;
    }
    op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = dial_answered;
    op->action = is_final;
    call->is_answered = true;
    if (pl_leg_remote(pool, leg, sdp, PL_SDP_TYPE_ANSWER, op))
        pl_part_leave(pool, call->part, "no media");
}

/* ---- reports ---- */

/* Without our offer's media it cannot stay; a transfer is only not made. */
static void offer_failed(pl_pool *pool, pl_part *part, const char *reason)
{
    if (part->is_spare) {
        pl_transfer_failed(pool, part, "the telephone did not agree");
    } else {
        pl_part_leave(pool, part, reason);
    }
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
    }
}

/* The answer to an offer that we made in a 200 came with the ACK. */
static void apply_confirm(pl_pool *pool, pl_call *call, pl_slice sdp)
{
    pl_leg *leg = pl_leg_of(call->part);
    pl_op *op = leg ? pl_op_create(pool, NULL) : NULL;
    if (!op)
        return;
    op->next = confirm_done;
    if (pl_leg_remote(pool, leg, sdp, PL_SDP_TYPE_ANSWER, op))
        pl_part_leave(pool, call->part, "no common media");
}

static void confirmed(pl_pool *pool, pl_call *call, pl_slice sdp)
{
    pl_part *part = call->part;
    bool is_first = call->row.state != PL_CALL_STATE_CONFIRMED;
    pl_sipcall_move(pool, call, PL_CALL_STATE_CONFIRMED);
    if (is_first && part->row.state == PL_PART_STATE_PIN)
        pl_phone_ask_pin(pool, part);
    if (!call->expects_answer)
        return;
    call->expects_answer = false;
    if (sdp.len == 0) { /* RFC 3261 section 13.2.1: the ACK must bring it */
        pl_part_leave(pool, part, "no media in the answer");
    } else {
        apply_confirm(pool, call, sdp);
    }
}

static const char *failure_text(const pl_pool *pool, const pl_call_report *m)
{
    switch (m->sip_status) {
    case SIP_BUSY:
    case SIP_BUSY_EVERYWHERE:
    case SIP_DECLINE: return pool->config->reject_reason;
    case SIP_TIMEOUT:
    case SIP_UNAVAILABLE:
    case SIP_CANCELLED: return "No answer";
    default: return m->reason[0] ? m->reason : "Call failed";
    }
}

static void ended(pl_pool *pool, pl_call *call, const pl_call_report *m)
{
    pl_part *part = call->part;
    const char *reason = "hung up";
    if (part->row.state == PL_PART_STATE_RINGING) {
        reason = failure_text(pool, m);
    } else if (part->row.state == PL_PART_STATE_NEW) {
        reason = CANCELED;
    } else if (m->reason[0]) {
        reason = m->reason;
    }
    pl_sipcall_remove(pool, call);
    pl_part_leave(pool, part, reason);
}

static void report(pl_pool *pool, pl_call *call, const pl_call_report *m)
{
    if (m->sip_call_id[0] && !call->row.sip_call_id[0])
        PL_SET(call->row.sip_call_id, m->sip_call_id);
    if (m->remote_address[0] && !call->part->row.source[0]) {
        PL_SET(call->part->row.source, m->remote_address);
        pl_part_save(pool, call->part);
    }
    bool is_out = call->row.way == PL_CALL_WAY_OUT;
    if (m->state == PL_CALL_STATE_ENDED) {
        ended(pool, call, m);
    } else if (m->state == PL_CALL_STATE_CONFIRMED) {
        confirmed(pool, call, m->sdp);
    } else if (is_out) {
        pl_sipcall_move(pool, call, m->state);
        if (m->state == PL_CALL_STATE_RINGING)
            pl_direct_rings(pool, call->part->conf);
        if (m->state == PL_CALL_STATE_ANSWERED ||
            m->state == PL_CALL_STATE_EARLY) {
            apply_answer(pool, call, m->sdp,
                         m->state == PL_CALL_STATE_ANSWERED);
        }
    }
}

void pl_on_call_report(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_report *m = in->body;
    pl_call *call = pl_sipcall_find(pool, m->call_id);
    pl_pool_ok(pool, &in->ticket);
    if (call && strcmp(call->row.node, in->node) == 0) {
        report(pool, call, m);
        return;
    }
    pl_pool_count(pool, PL_RM_stale_reports);
    if (m->state != PL_CALL_STATE_ENDED)
        pl_sipcall_end_orphan(pool, in->node, m->call_id);
}

void pl_on_call_dtmf(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_dtmf *m = in->body;
    const pl_call *call = pl_sipcall_find(pool, m->call_id);
    if (call && strcmp(call->row.node, in->node) == 0)
        pl_phone_digit(pool, call->part, m->digit[0], PL_DIGIT_INFO);
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

/* The leg of a spare seat is offered in the call of the seat it is for. */
static const pl_call *call_of(const pl_pool *pool, const pl_part *part)
{
    const pl_part *owner =
        part->is_spare ? pl_part_find(pool, part->partner) : part;
    return owner ? owner->call : NULL;
}

/* The media worker gives the same offer, or a new one when the peer's own was
 * taken meanwhile. */
static void reoffer(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_leg *leg = object;
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = reoffer_made;
    pl_err e = pl_leg_ask(pool, leg, PL_DIRECTION_UNKNOWN, op);
    if (e == PL_EBUSY) /* the peer's own offer is just being answered */
        plan_reoffer(pool, leg);
}

/* The telephone has an offer of its own under way: no reason to lose it. */
static void plan_reoffer(pl_pool *pool, pl_leg *leg)
{
    if (leg->n_busy++ >= MAX_BUSY) {
        offer_failed(pool, leg->part, "no answer to our offer");
    } else {
        pl_pool_plan(pool, &leg->timer, reoffer, leg, PL_MS(BUSY_WAIT_MS));
    }
}

static void reoffer_answered(pl_pool *pool, pl_op *op, pl_err e,
                             const pl_bus_in *in)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e == PL_EBUSY) {
        plan_reoffer(pool, leg);
        return;
    }
    leg->n_busy = 0;
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
    const pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_part *part = leg ? leg->part : NULL;
    pl_op_destroy(&op);
    if (!part)
        return;
    const pl_call *call = call_of(pool, part);
    if (e || !call) {
        offer_failed(pool, part, "media worker lost");
        return;
    }
    pl_call_offer m = {.sdp = sdp->sdp};
    pl_op *next = pl_op_create(pool, reoffer_answered);
    if (!next)
        return;
    PL_SET(next->leg, leg->row.leg_id);
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

/* ---- tones ---- */

void pl_phone_beep(pl_pool *pool, const pl_part *part, const char *prompt)
{
    const pl_conf *conf = part->conf;
    if (!pool->config->beeps || conf->row.kind == PL_CONF_KIND_CALL ||
        conf->n_live > MAX_BEEP_LEGS || conf->row.state != PL_CONF_STATE_LIVE)
        return;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *other = PL_CONTAINER(node, pl_part, link);
        pl_leg *leg = pl_leg_of(other);
        if (other != part && leg && other->row.state == PL_PART_STATE_ACTIVE)
            pl_leg_play(pool, leg, prompt);
    }
}
