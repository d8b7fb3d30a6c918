/* device_call_in.c - a call comes in for a number of ours: every device of it
 * that wants to be invited rings. To the network it is one answer, whichever
 * device gives it: the telephone's media is ours, and the device's is switched
 * behind it. */
#include <string.h>

#include "call.h"
#include "conference.h"
#include "device/device_address.h"
#include "device/device_call_impl.h"
#include "device/notify.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "room.h"
#include "telephone.h"

enum {
    SIP_RINGING = 180,
    SIP_UNAVAILABLE = 480,
    SIP_BUSY = 486,
    SIP_SERVER_ERROR = 500,
    MAX_RUNG = 20, /* devices of one number */
};

static const char NO_ANSWER[] = "No answer";

/* ---- what the caller is told ---- */

static void respond(pl_pool *pool, const char *node, const char *call_id,
                    uint32_t status, pl_slice sdp)
{
    pl_call_respond m = {.sip_status = status};
    PL_SET(m.call_id, call_id);
    if (sdp.len > 0) {
        m.sdp = sdp;
        PL_MSG_SET(CALL_RESPOND, call_respond, &m, sdp);
    }
    pl_pool_send(pool, node, 0, &PL_MSG_CALL_RESPOND, &m, NULL);
}

void pl_device_respond(pl_pool *pool, const pl_conf *conf, uint32_t sip_status,
                       bool with_sdp)
{
    const pl_part *phone = pl_device_phone(conf);
    const pl_call *call = phone ? phone->call : NULL;
    pl_slice sdp = {NULL, 0};
    if (!call || call->row.way != PL_CALL_WAY_IN ||
        call->row.state >= PL_CALL_STATE_ANSWERED)
        return;
    if (with_sdp)
        sdp = (pl_slice){call->sdp, call->sdp_len};
    respond(pool, call->row.node, call->row.call_id, sip_status, sdp);
}

/* The final answer; then nothing is left of the call. */
static void refuse(pl_pool *pool, pl_conf *conf, uint32_t sip_status,
                   const char *reason)
{
    pl_part *phone = pl_device_phone(conf);
    pl_device_respond(pool, conf, sip_status, false);
    if (phone && phone->call)
        pl_sipcall_remove(pool, phone->call);
    pl_conf_end(pool, conf, reason);
}

/* ---- ringing ---- */

static void timed_out(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_part *part = object;
    pl_conf *conf = part->conf;
    if (part->row.kind == PL_PART_KIND_TELEPHONE) {
        pl_part_leave(pool, part, NO_ANSWER);
        return;
    }
    pl_devcalls_end(pool, conf, PL_MEDIA_STATUS_NO_ANSWER, NO_ANSWER);
    refuse(pool, conf, SIP_UNAVAILABLE, NO_ANSWER);
}

void pl_device_plan_timeout(pl_pool *pool, pl_part *part)
{
    enum { DIAL_GRACE_MS = 5000 }; /* the signaling worker counts first */
    int64_t left_ms = part->row.ring_until - pool->now.wall_ms;
    if (part->row.kind == PL_PART_KIND_TELEPHONE)
        left_ms += DIAL_GRACE_MS;
    pl_pool_plan(pool, &part->timer, timed_out, part, PL_MS(left_ms));
}

static void ring_for(pl_pool *pool, pl_part *part, int64_t until_ms)
{
    part->row.ring_until = until_ms;
    pl_part_save(pool, part);
    pl_device_plan_timeout(pool, part);
}

void pl_device_heard(pl_pool *pool, pl_devcall *dc)
{
    pl_part *part = pl_devcall_seat(pool, dc);
    int64_t until_ms =
        dc->row.created_at + (int64_t)pool->config->device_answer_s * 1000;
    if (part && part->row.state == PL_PART_STATE_RINGING &&
        part->row.ring_until != until_ms)
        ring_for(pool, part, until_ms);
}

static void invitation_ready(pl_pool *pool, pl_op *op, pl_err e,
                             const pl_media_leg_sdp *sdp)
{
    pl_devcall *dc = pl_devcall_find(pool, op->sess);
    pl_op_destroy(&op);
    if (!dc || pl_devcall_is_over(dc))
        return;
    if (e) {
        pl_device_declines(pool, dc, PL_MEDIA_STATUS_FAILED, pl_err_text(e));
        return;
    }
    pl_devcall_put(pool, &dc->row.offer, sdp->sdp);
    pl_devcall_invite(pool, dc);
    const pl_conf *conf = pl_devcall_conf(pool, dc);
    if (conf && pool->config->device_auto_ringing)
        pl_device_respond(pool, conf, SIP_RINGING, false);
}

static pl_err ring_one(pl_pool *pool, const pl_devcall *dc, pl_part *seat)
{
    pl_leg *leg;
    pl_err e = pl_leg_add(pool, seat, PL_LEG_KIND_WEBRTC,
                          dc->row.media_session_id, false, &leg);
    if (e)
        return e;
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = invitation_ready;
    PL_SET(op->sess, dc->row.media_session_id);
    return pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op);
}

pl_err pl_device_ring(pl_pool *pool, pl_conf *conf)
{
    const pl_part *phone = pl_device_phone(conf);
    pl_part *seat = pl_device_seat(conf);
    pl_err e = PL_EUNAVAILABLE;
    if (!phone || !phone->call || !seat)
        return e;
    (void)pl_part_move(pool, seat, PL_PART_STATE_RINGING);
    ring_for(pool, seat,
             pool->now.wall_ms + (int64_t)pool->config->device_first_s * 1000);
    PL_LIST_EACH_SAFE(node, &conf->devcalls)
    {
        pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        pl_slice sdp = {phone->call->sdp, phone->call->sdp_len};
        pl_devcall_put(pool, &dc->row.kept_sdp, sdp);
        pl_devcall_save(pool, dc);
        pl_err failed = ring_one(pool, dc, seat);
        if (!failed)
            e = PL_OK;
        else if (!pl_devcall_is_over(dc))
            pl_devcall_end(pool, dc, PL_MEDIA_STATUS_FAILED,
                           pl_err_text(failed));
    }
    return e;
}

/* ---- the call comes ---- */

/* Its number, and the one device that it is for, of an account; or all. */
typedef struct callee {
    char number[PL_LINE_NUMBER_MAX + 2];
    pl_reg *only;
} callee;

static bool find_callee(const pl_pool *pool, const char *user, callee *c)
{
    *c = (callee){.only = pl_reg_of_contact(pool, user)};
    if (c->only) {
        PL_SET(c->number, c->only->row.number);
        return true;
    }
    pl_fmt_cut(c->number, sizeof c->number, "%s%s", user[0] == '+' ? "" : "+",
               user);
    return strspn(c->number + 1, "0123456789") == strlen(c->number) - 1 &&
           strlen(c->number) > 2 && pl_line_find(pool, c->number) != NULL;
}

static pl_reg *next_reg(const pl_pool *pool, const callee *c, pl_reg *after)
{
    if (after)
        return c->only ? NULL : after->next_same;
    return c->only ? c->only : pl_reg_of_number(pool, c->number);
}

static unsigned count_wanting(const pl_pool *pool, const callee *c)
{
    unsigned n = 0;
    for (pl_reg *reg = next_reg(pool, c, NULL); reg;
         reg = next_reg(pool, c, reg))
        n += pl_notify_has(pool, reg, PL_NOTIFY_TYPE_SESSION_INVITATION);
    return n;
}

static void put_caller(const pl_pool *pool, const pl_call_incoming *m,
                       const callee *c, pl_devcall_row *row)
{
    const pl_line *line = pl_line_find(pool, c->number);
    const char *uri = m->identity[0] ? m->identity : m->from_uri;
    pl_device_address_of_sip(m->anonymous ? "" : uri,
                             line ? line->domain : "invalid", row->originator,
                             sizeof row->originator);
    if (!m->anonymous)
        PL_SET(row->originator_name, m->from_name);
    pl_fmt_cut(row->receiver, sizeof row->receiver, "tel:%s", c->number);
}

static pl_err add_calls(pl_pool *pool, const pl_conf *conf, const callee *c,
                        const pl_call_incoming *m)
{
    unsigned n = 0;
    for (pl_reg *reg = next_reg(pool, c, NULL); reg && n < MAX_RUNG;
         reg = next_reg(pool, c, reg)) {
        pl_devcall *dc;
        pl_devcall_row row = {.role = PL_DEVICE_ROLE_RECEIVER};
        if (!pl_notify_has(pool, reg, PL_NOTIFY_TYPE_SESSION_INVITATION))
            continue;
        PL_SET(row.registration_id, reg->row.registration_id);
        PL_SET(row.conf_id, conf->row.conf_id);
        put_caller(pool, m, c, &row);
        pl_err e = pl_devcall_add(pool, &row, &dc);
        if (e)
            return e;
        n++;
    }
    return PL_OK;
}

static pl_err add_seats(pl_pool *pool, pl_conf *conf, const callee *c,
                        pl_part **ret_phone)
{
    pl_part *seat;
    pl_err e = pl_part_add(pool, conf, PL_PART_KIND_TELEPHONE,
                           PL_PART_ROLE_HOST, ret_phone);
    if (!e)
        e = pl_part_add(pool, conf, PL_PART_KIND_DEVICE, PL_PART_ROLE_GUEST,
                        &seat);
    if (e)
        return e;
    PL_SET(seat->row.invited_by, (*ret_phone)->row.participant_id);
    PL_SET(seat->row.display_name, c->number);
    pl_fmt_cut(seat->row.address, sizeof seat->row.address, "tel:%s",
               c->number);
    pl_part_save(pool, seat);
    PL_SET(conf->row.host_id, (*ret_phone)->row.participant_id);
    pl_conf_save(pool, conf);
    return PL_OK;
}

static void take(pl_pool *pool, const pl_bus_in *in, const callee *c)
{
    static const pl_call_taken taken = {.present = 0};
    pl_conf *conf = NULL;
    pl_part *phone;
    pl_err e = pl_conf_create(pool, PL_CONF_KIND_DEVICE, &conf);
    if (!e)
        e = add_seats(pool, conf, c, &phone);
    if (!e)
        e = add_calls(pool, conf, c, in->body);
    if (!e)
        e = pl_phone_take(pool, in, phone);
    if (!e) {
        pl_pool_reply(pool, &in->ticket, &PL_MSG_CALL_TAKEN, &taken);
        return;
    }
    if (conf)
        pl_conf_end(pool, conf, pl_err_text(e));
    pl_pool_refuse(pool, &in->ticket, e, NULL);
}

static bool is_for_others(const pl_pool *pool, const pl_call_incoming *m)
{
    char whole[PL_ROOM_NAME_MAX + 1];
    return pool->is_draining || pl_room_is_known(pool, m->to_user) ||
           (pl_fmt(whole, sizeof whole, "%s@%s", m->to_user, m->to_host) ==
                PL_OK &&
            pl_room_is_known(pool, whole));
}

bool pl_device_incoming(pl_pool *pool, const pl_bus_in *in)
{
    static const pl_call_taken taken = {.present = 0};
    const pl_call_incoming *m = in->body;
    callee c;
    if (is_for_others(pool, m) || !find_callee(pool, m->to_user, &c))
        return false;
    if (count_wanting(pool, &c) > 0) {
        take(pool, in, &c);
        return true;
    }
    if (pl_invite_is_user(pool, m->to_user))
        return false;
    /* There is no error that the worker answers with 480. */
    pl_pool_reply(pool, &in->ticket, &PL_MSG_CALL_TAKEN, &taken);
    respond(pool, in->node, m->call_id, SIP_UNAVAILABLE, (pl_slice){NULL, 0});
    pl_pool_count(pool, PL_RM_device_unreachable);
    return true;
}

/* ---- declining ---- */

/* What the caller is told; of several devices the first in this order counts.
 */
static const struct code_row {
    uint32_t status, sip_status;
} CODES[] = {
    {PL_MEDIA_STATUS_DECLINED, 0}, /* as configured */
    {PL_MEDIA_STATUS_BUSY, SIP_BUSY},
    {PL_MEDIA_STATUS_NOT_REACHABLE, SIP_UNAVAILABLE},
    {PL_MEDIA_STATUS_NO_ANSWER, SIP_UNAVAILABLE},
    {PL_MEDIA_STATUS_TERMINATED, SIP_UNAVAILABLE},
    {PL_MEDIA_STATUS_FAILED, SIP_SERVER_ERROR},
};

static uint32_t best_code(const pl_pool *pool, const pl_conf *conf)
{
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        PL_LIST_EACH(node, &conf->devcalls)
        {
            const pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
            if (dc->row.status != CODES[i].status)
                continue;
            return CODES[i].sip_status ? CODES[i].sip_status
                                       : pool->config->device_decline_status;
        }
    }
    return SIP_UNAVAILABLE;
}

static bool is_rung(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->devcalls)
    {
        if (!pl_devcall_is_over(PL_CONTAINER(node, pl_devcall, conf_link)))
            return true;
    }
    return false;
}

/* Whoever took part in it before may answer again. */
static void let_go(pl_pool *pool, pl_part *seat, pl_leg *leg)
{
    if (seat && leg && strcmp(seat->answering, leg->row.leg_id) == 0)
        seat->answering[0] = '\0';
    if (leg)
        pl_leg_drop(pool, leg);
}

void pl_device_declines(pl_pool *pool, pl_devcall *dc, uint32_t status,
                        const char *reason)
{
    pl_conf *conf = pl_devcall_conf(pool, dc);
    pl_part *seat = pl_devcall_seat(pool, dc);
    pl_leg *leg = pl_devcall_leg(pool, dc);
    pl_devcall_end(pool, dc, status, reason);
    let_go(pool, seat, leg);
    if (conf && conf->row.state == PL_CONF_STATE_LIVE && !is_rung(conf))
        refuse(pool, conf, best_code(pool, conf), reason);
}

void pl_device_leg_failed(pl_pool *pool, const pl_leg *leg, const char *reason)
{
    pl_devcall *dc = pl_devcall_find(pool, leg->row.session_id);
    if (dc && !pl_devcall_is_over(dc))
        pl_device_declines(pool, dc, PL_MEDIA_STATUS_FAILED, reason);
}

/* ---- taking the seat ---- */

static void cancel_others(pl_pool *pool, const pl_conf *conf,
                          const pl_devcall *winner)
{
    PL_LIST_EACH_SAFE(node, &conf->devcalls)
    {
        pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        if (dc == winner || pl_devcall_is_over(dc))
            continue;
        pl_leg *leg = pl_devcall_leg(pool, dc);
        pl_devcall_end(pool, dc, PL_MEDIA_STATUS_SESSION_CANCELLED,
                       "answered elsewhere");
        if (leg)
            pl_leg_drop(pool, leg);
    }
}

bool pl_device_takes(pl_pool *pool, pl_devcall *dc)
{
    pl_conf *conf = pl_devcall_conf(pool, dc);
    pl_part *seat = pl_devcall_seat(pool, dc);
    pl_leg *leg = pl_devcall_leg(pool, dc);
    const pl_part *phone = conf ? pl_device_phone(conf) : NULL;
    if (!seat || !leg || !phone || !phone->call)
        return false;
    cancel_others(pool, conf, dc);
    seat->answering[0] = '\0';
    PL_SET(seat->row.session_id, dc->row.media_session_id);
    PL_SET(dc->row.participant_id, seat->row.participant_id);
    conf->row.answered_at = pool->now.wall_ms;
    pl_conf_save(pool, conf);
    dc->row.status = PL_MEDIA_STATUS_CONNECTED;
    dc->row.connected_at = pool->now.wall_ms;
    pl_devcall_put(pool, &dc->row.kept_sdp, (pl_slice){NULL, 0});
    pl_devcall_save(pool, dc);
    pl_part_activate(pool, seat);
    pl_leg_set_mixed(pool, leg, true);
    pl_phone_answer(pool, phone->call);
    return true;
}
