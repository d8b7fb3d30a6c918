/* telephone_in.c - a telephone calls a room or a user. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "conference.h"
#include "device/device_address.h"
#include "device/device_call.h"
#include "direct_call.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "room.h"
#include "successor.h"
#include "telephone.h"
#include "waiting.h"

enum { SIP_OK = 200, RETRY_AFTER_S = 5, CONFIRM_WAIT_MS = 3000 };

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
    if (part->row.takes_over[0] || !pl_room_needs_pin(part->conf->room)) {
        pl_part_activate(pool, part);
        pl_successor_in(pool, part);
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
    if (!part->row.takes_over[0])
        pl_device_cancelled(pool, part->conf);
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
    bool is_device = call && pl_device_is_call(call->part);
    if (call && !e && !call->part->row.takes_over[0] &&
        (is_device || call->part->conf->row.kind == PL_CONF_KIND_CALL)) {
        e = keep_sdp(call, sdp->sdp);
        if (!e) {
            e = is_device ? pl_device_ring(pool, call->part->conf)
                          : pl_direct_ring(pool, call->part->conf);
        }
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
    char name[PL_ROOM_NAME_MAX + 1];
    PL_SET(part->row.source, m->source);
    if (m->anonymous) { /* RFC 3323: not even to others in its room */
        PL_SET(part->row.display_name, "Anonymous");
        PL_SET(part->row.address, PL_DEVICE_ANONYMOUS);
        return;
    }
    PL_SET(name, user ? user + 1 : m->from_uri);
    name[strcspn(name, "@;")] = '\0';
    PL_SET(part->row.display_name, m->from_name[0] ? m->from_name
                                   : name[0]       ? name
                                                   : "Telephone");
    PL_SET(part->row.address, m->from_uri);
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
    e = pl_leg_add(
        pool, part, PL_LEG_KIND_SIP, "",
        (part->row.takes_over[0] || !pl_room_needs_pin(part->conf->room)) &&
            !pl_waiting_must(part),
        &leg);
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
                        pl_room_has_host_pin(room) ? PL_PART_ROLE_GUEST
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
    char whole[PL_ROOM_NAME_MAX + 1];
    if (pool->is_draining)
        return PL_EDRAIN;
    /* An alias may have a domain. */
    if (pl_fmt(whole, sizeof whole, "%s@%s", m->to_user, m->to_host) == PL_OK &&
        pl_room_is_known(pool, whole))
        return admit_to_room(pool, whole, ret_part);
    return !pl_room_is_known(pool, m->to_user) &&
                   pl_invite_is_user(pool, m->to_user)
               ? pl_direct_from_telephone(pool, m->to_user, ret_part)
               : admit_to_room(pool, m->to_user, ret_part);
}

pl_err pl_phone_take(pl_pool *pool, const pl_bus_in *in, pl_part *part)
{
    name_caller(part, in->body);
    pl_part_save(pool, part);
    pl_err e = start_call(pool, in, part);
    if (e) {
        if (part->call) /* the error itself is the final answer */
            pl_sipcall_remove(pool, part->call);
        pl_part_leave(pool, part, pl_err_text(e));
    }
    return e;
}

void pl_on_call_incoming(pl_pool *pool, const pl_bus_in *in)
{
    const pl_call_incoming *m = in->body;
    pl_part *part;
    if (pl_sipcall_find(pool, m->call_id)) {
        pl_pool_ok(pool, &in->ticket);
        return;
    }
    if (m->replaces[0]) {
        pl_successor_incoming(pool, in);
        return;
    }
    if (pl_device_incoming(pool, in))
        return;
    pl_err e = admit(pool, m, &part);
    if (!e)
        e = pl_phone_take(pool, in, part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else {
        pl_pool_ok(pool, &in->ticket);
    }
}
