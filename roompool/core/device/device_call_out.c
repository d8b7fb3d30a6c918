/* device_call_out.c - a device calls, and how the network says it goes. */
#include <string.h>

#include "call.h"
#include "conference.h"
#include "device/device_address.h"
#include "device/device_call_impl.h"
#include "leg.h"
#include "participant.h"
#include "pl/rate.h"
#include "pl/sdp.h"
#include "telephone.h"

enum {
    GUARD_MS = 2000, /* then the application is answered in any case */
    RETRY_S = 5,
};

static const char RINGBACK[] = "ringback"; /* prompt */
static const char NO_SDP[] = "The offer is no session description.";

/* ---- the request ---- */

typedef struct refusal {
    uint32_t fault;
    const char *text;
} refusal;

static pl_devcall *find_same(const pl_pool *pool, const pl_reg *reg,
                             const pl_media_session_create *m)
{
    size_t cursor = 0;
    pl_devcall *dc;
    while (m->correlator[0] &&
           (dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL) {
        if (!dc->row.is_hidden && pl_devcall_calls(dc) &&
            strcmp(dc->row.correlator, m->correlator) == 0 &&
            strcmp(dc->row.receiver, m->receiver) == 0 &&
            strcmp(dc->row.registration_id, reg->row.registration_id) == 0)
            return dc;
    }
    return NULL;
}

static bool is_anonymous(const char *address)
{
    return strcmp(address, PL_DEVICE_ANONYMOUS) == 0;
}

/* Whether it may call at all; fault 0: yes. */
static refusal check(const pl_pool *pool, const pl_reg *reg,
                     const pl_media_session_create *m, char uri[],
                     size_t uri_cap)
{
    const pl_line *line = pl_line_find(pool, reg->row.number);
    if (!is_anonymous(m->originator) &&
        !pl_device_address_is(m->originator, reg->row.number)) {
        return (refusal){PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT,
                         "originatorAddress is not the registered number."};
    }
    if (!line || pool->is_draining)
        return (refusal){PL_DEVICE_FAULT_UNAVAILABLE, PL_DEVICE_UNAVAILABLE};
    if (pl_device_address_to_sip(m->receiver, line->domain, uri, uri_cap)) {
        return (refusal){PL_DEVICE_FAULT_INVALID_ARGUMENT,
                         "receiverAddress cannot be called."};
    }
    if (pl_device_calls_count(pool, reg) >= pool->config->device_max_calls) {
        return (refusal){PL_DEVICE_FAULT_TOO_MANY_REQUESTS,
                         "This device has too many calls."};
    }
    return (refusal){0, ""};
}

/* ---- making it ---- */

static void guard_over(void *ctx, void *object)
{
    pl_devcall_created(ctx, object);
}

static pl_err dial(pl_pool *pool, pl_devcall *dc, pl_conf *conf)
{
    pl_part *phone = pl_device_phone(conf);
    pl_part *seat = pl_devcall_seat(pool, dc);
    if (!phone || !seat)
        return PL_EGONE;
    pl_part_activate(pool, seat);
    phone->row.ring_until =
        pool->now.wall_ms + (int64_t)pool->config->device_ring_s * 1000;
    (void)pl_part_move(pool, phone, PL_PART_STATE_RINGING);
    pl_device_plan_timeout(pool, phone);
    pl_pool_plan(pool, &dc->timer, guard_over, dc, PL_MS(GUARD_MS));
    return pl_phone_dial(pool, phone);
}

static void undo(pl_pool *pool, pl_devcall *dc, const char *reason)
{
    pl_conf *conf = pl_devcall_conf(pool, dc);
    pl_devcall_end(pool, dc, PL_MEDIA_STATUS_FAILED, reason);
    if (conf)
        pl_conf_end(pool, conf, reason);
}

/* Whether it is a description at all, with whatever media. */
static bool is_description(pl_slice text)
{
    pl_sdp *sdp = NULL;
    pl_err e = pl_sdp_parse(text, &sdp, NULL);
    pl_sdp_destroy(&sdp);
    return e == PL_OK || e == PL_ENOMEM;
}

/* An offer without media that we could use is the device's affair until
 * somebody answers: it may only want to see that it is told. */
static void media_ready(pl_pool *pool, pl_op *op, pl_err e,
                        const pl_media_leg_sdp *sdp)
{
    pl_devcall *dc = pl_devcall_find(pool, op->sess);
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_op_destroy(&op);
    if (!dc || pl_devcall_is_over(dc))
        return;
    pl_conf *conf = pl_devcall_conf(pool, dc);
    if (e == PL_EMEDIA && !is_description(dc->row.offer) &&
        pl_devcall_refuse(pool, dc, PL_DEVICE_FAULT_INVALID_ARGUMENT, NO_SDP)) {
        if (conf)
            pl_conf_end(pool, conf, NO_SDP);
        return;
    }
    if (!e && sdp) {
        pl_devcall_put(pool, &dc->row.kept_sdp, sdp->sdp);
        pl_devcall_save(pool, dc);
    }
    if (e == PL_EMEDIA) {
        if (leg)
            pl_leg_drop(pool, leg);
        e = PL_OK;
    }
    if (!e)
        e = conf ? dial(pool, dc, conf) : PL_EGONE;
    if (e)
        undo(pool, dc, PL_DEVICE_UNAVAILABLE);
}

static pl_err negotiate(pl_pool *pool, const pl_devcall *dc, pl_part *seat,
                        pl_slice offer)
{
    pl_leg *leg;
    pl_err e = pl_leg_add(pool, seat, PL_LEG_KIND_WEBRTC,
                          dc->row.media_session_id, true, &leg);
    if (e)
        return e;
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = media_ready;
    PL_SET(op->sess, dc->row.media_session_id);
    return pl_leg_negotiate(pool, leg, offer, op);
}

static pl_err add_seats(pl_pool *pool, pl_conf *conf, const pl_reg *reg,
                        const pl_media_session_create *m, const char *uri,
                        pl_part **ret_seat)
{
    pl_part *seat;
    pl_part *phone;
    pl_err e =
        pl_part_add(pool, conf, PL_PART_KIND_DEVICE, PL_PART_ROLE_HOST, &seat);
    if (!e)
        e = pl_part_add(pool, conf, PL_PART_KIND_TELEPHONE, PL_PART_ROLE_GUEST,
                        &phone);
    if (e)
        return e;
    pl_fmt_cut(seat->row.address, sizeof seat->row.address, "tel:%s",
               reg->row.number);
    pl_device_name(m->originator_name[0] ? m->originator_name : reg->row.number,
                   seat->row.display_name, sizeof seat->row.display_name);
    PL_SET(phone->row.invited_by, seat->row.participant_id);
    PL_SET(phone->row.address, uri);
    pl_device_name(m->receiver_name[0] ? m->receiver_name
                                       : strchr(uri, ':') + 1,
                   phone->row.display_name, sizeof phone->row.display_name);
    if (!m->receiver_name[0])
        phone->row.display_name[strcspn(phone->row.display_name, "@;")] = '\0';
    pl_part_save(pool, phone);
    PL_SET(conf->row.host_id, seat->row.participant_id);
    pl_conf_save(pool, conf);
    *ret_seat = seat;
    return PL_OK;
}

static pl_err add_call(pl_pool *pool, const pl_conf *conf, const pl_part *seat,
                       const pl_reg *reg, const pl_media_session_create *m,
                       pl_devcall **ret_dc)
{
    pl_devcall_row row = {.role = PL_DEVICE_ROLE_ORIGINATOR,
                          .has_call_type = m->has_call_type,
                          .location = pl_slice_str(m->location),
                          .offer = m->offer};
    PL_SET(row.registration_id, reg->row.registration_id);
    PL_SET(row.conf_id, conf->row.conf_id);
    PL_SET(row.participant_id, seat->row.participant_id);
    PL_SET(row.originator, m->originator);
    PL_SET(row.receiver, m->receiver);
    PL_SET(row.originator_name, m->originator_name);
    PL_SET(row.receiver_name, m->receiver_name);
    PL_SET(row.correlator, m->correlator);
    return pl_devcall_add(pool, &row, ret_dc);
}

static void start(pl_pool *pool, const pl_bus_in *in, const pl_reg *reg,
                  const char *uri)
{
    const pl_media_session_create *m = in->body;
    pl_conf *conf = NULL;
    pl_part *seat;
    pl_devcall *dc = NULL;
    pl_err e = pl_conf_create(pool, PL_CONF_KIND_DEVICE, &conf);
    if (!e)
        e = add_seats(pool, conf, reg, m, uri, &seat);
    if (!e)
        e = add_call(pool, conf, seat, reg, m, &dc);
    if (!e) {
        dc->ticket = in->ticket;
        dc->has_ticket = true;
        PL_SET(seat->row.session_id, dc->row.media_session_id);
        pl_part_save(pool, seat);
        e = negotiate(pool, dc, seat, m->offer);
    }
    if (!e)
        return;
    if (dc) {
        undo(pool, dc, PL_DEVICE_UNAVAILABLE);
        return;
    }
    if (conf)
        pl_conf_end(pool, conf, pl_err_text(e));
    pl_device_refuse_later(pool, &in->ticket, PL_DEVICE_FAULT_UNAVAILABLE,
                           "There are too many calls just now.", RETRY_S);
}

/* Each takes ports for a moment, however soon it is cancelled. False: too many;
 * that is answered. */
static bool take_one(pl_pool *pool, const pl_bus_in *in, const pl_reg *reg)
{
    int64_t wait_us = 0;
    if (pl_rate_take(pool->device_calls, reg->row.registration_id, pool->now.us,
                     &wait_us) == PL_OK)
        return true;
    pl_device_refuse_later(pool, &in->ticket, PL_DEVICE_FAULT_TOO_MANY_REQUESTS,
                           "This device calls too often.",
                           (uint32_t)(wait_us / PL_S(1)) + 1);
    return false;
}

void pl_on_media_session_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_media_session_create *m = in->body;
    pl_owner owner = PL_OWNER_OF(m);
    char uri[PL_ADDRESS_MAX + 1];
    const pl_reg *reg = pl_reg_find_of(pool, &owner, m->registration_id);
    if (!reg || !pl_reg_is_registered(reg)) {
        pl_device_refuse(pool, &in->ticket, PL_DEVICE_FAULT_PERMISSION_DENIED,
                         "registrationId names no registration in force.");
        return;
    }
    const pl_devcall *same = find_same(pool, reg, m);
    if (same) {
        pl_devcall_reply(pool, &in->ticket, same, same->row.status);
        return;
    }
    refusal no = check(pool, reg, m, uri, sizeof uri);
    if (no.fault == PL_DEVICE_FAULT_UNAVAILABLE) {
        pl_device_refuse_later(pool, &in->ticket, no.fault, no.text, RETRY_S);
    } else if (no.fault) {
        pl_device_refuse(pool, &in->ticket, no.fault, no.text);
    } else if (take_one(pool, in, reg)) {
        start(pool, in, reg, uri);
    }
}

/* ---- what the telephone is dialled with ---- */

static void put_line(const pl_line *line, const pl_reg *reg, pl_call_start *m)
{
    PL_SET(m->from_user, reg->row.number);
    PL_SET(m->from_host, line->domain);
    PL_MSG_SET(CALL_START, call_start, m, from_host);
    if (line->identity != PL_IDENTITY_UNKNOWN) {
        pl_fmt_cut(m->identity, sizeof m->identity, "sip:%s@%s",
                   reg->row.number, line->domain);
        m->identity_kind = line->identity;
        PL_MSG_SET(CALL_START, call_start, m, identity);
        PL_MSG_SET(CALL_START, call_start, m, identity_kind);
    }
    if (line->next_hop[0]) {
        PL_SET(m->next_hop, line->next_hop);
        PL_MSG_SET(CALL_START, call_start, m, next_hop);
    }
    if (pl_line_is_local(line)) {
        m->is_local = true;
        PL_MSG_SET(CALL_START, call_start, m, is_local);
    }
    if (line->auth_secret[0]) {
        PL_SET(m->auth_user,
               line->auth_user[0] ? line->auth_user : reg->row.number);
        PL_SET(m->auth_secret, line->auth_secret);
        PL_MSG_SET(CALL_START, call_start, m, auth_user);
        PL_MSG_SET(CALL_START, call_start, m, auth_secret);
    }
}

static void put_registration(const pl_reg *reg, pl_call_start *m)
{
    if (reg->row.service_route[0]) {
        PL_SET(m->route, reg->row.service_route);
        PL_MSG_SET(CALL_START, call_start, m, route);
    }
    if (reg->row.contact_user[0]) {
        PL_SET(m->contact_user, reg->row.contact_user);
        PL_MSG_SET(CALL_START, call_start, m, contact_user);
    }
}

static void put_names(const pl_devcall *dc, pl_call_start *m)
{
    pl_device_name(dc->row.originator_name, m->from_name, sizeof m->from_name);
    if (m->from_name[0])
        PL_MSG_SET(CALL_START, call_start, m, from_name);
    pl_device_name(dc->row.receiver_name, m->to_name, sizeof m->to_name);
    if (m->to_name[0])
        PL_MSG_SET(CALL_START, call_start, m, to_name);
    if (is_anonymous(dc->row.originator)) {
        m->anonymous = true;
        PL_MSG_SET(CALL_START, call_start, m, anonymous);
    }
}

/* Whose call it is: of the device that calls, or of the one that was called and
 * is transferred now. */
static const pl_devcall *owner_of(const pl_pool *pool, const pl_conf *conf)
{
    const pl_devcall *dc = pl_device_caller(conf);
    const pl_part *seat = pl_device_seat(conf);
    return dc || !seat ? dc : pl_devcall_find(pool, seat->row.session_id);
}

void pl_device_put_start(pl_pool *pool, const pl_call *call, pl_call_start *m)
{
    const pl_devcall *dc =
        pl_device_is_call(call->part) ? owner_of(pool, call->part->conf) : NULL;
    const pl_reg *reg = dc ? pl_reg_find(pool, dc->row.registration_id) : NULL;
    const pl_line *line = reg ? pl_line_find(pool, reg->row.number) : NULL;
    if (!line)
        return;
    m->present = 0;
    put_line(line, reg, m);
    put_registration(reg, m);
    if (pl_devcall_calls(dc))
        put_names(dc, m);
    m->ring_timeout_ms = pool->config->device_ring_s * 1000;
    m->tells_all = true;
    PL_MSG_SET(CALL_START, call_start, m, tells_all);
}

/* ---- progress ---- */

static const struct progress_row {
    uint32_t sip_status, state, status;
} PROGRESS[] = {
    {181, PL_CALL_STATE_FORWARDED, PL_MEDIA_STATUS_PROCEEDING},
    {182, PL_CALL_STATE_QUEUED, PL_MEDIA_STATUS_WAITING},
    {183, PL_CALL_STATE_EARLY, PL_MEDIA_STATUS_IN_PROGRESS},
    {180, PL_CALL_STATE_RINGING, PL_MEDIA_STATUS_RINGING},
};

/* By the SIP status, or the state where none is said; 0: nothing new. */
static uint32_t status_of_progress(const pl_call_report *m)
{
    for (size_t i = 0; i < sizeof PROGRESS / sizeof PROGRESS[0]; i++) {
        if (m->sip_status ? PROGRESS[i].sip_status == m->sip_status
                          : PROGRESS[i].state == m->state)
            return PROGRESS[i].status;
    }
    return 0;
}

static bool is_new_sdp(const pl_call *call, pl_slice sdp)
{
    return sdp.len > 0 && (sdp.len != call->sdp_len ||
                           memcmp(sdp.ptr, call->sdp, sdp.len) != 0);
}

/* The tone that the device hears when the network sends none. */
static void play(pl_pool *pool, const pl_devcall *dc, const char *prompt)
{
    pl_leg *leg = pl_devcall_leg(pool, dc);
    if (!leg || !pool->config->device_ringback)
        return;
    if (prompt[0]) {
        pl_leg_play_on(pool, leg, prompt);
    } else {
        pl_leg_play(pool, leg, "");
    }
}

/* The first description that the network sends lets the device's answer go. */
static void release_answer(pl_pool *pool, pl_devcall *dc)
{
    if (dc->row.kept_sdp.len == 0)
        return;
    pl_devcall_put(pool, &dc->row.answer, dc->row.kept_sdp);
    pl_devcall_put(pool, &dc->row.kept_sdp, (pl_slice){NULL, 0});
}

void pl_device_reported(pl_pool *pool, const pl_call *call,
                        const pl_call_report *m)
{
    char reason[160];
    pl_devcall *dc = pl_device_is_call(call->part)
                         ? pl_device_caller(call->part->conf)
                         : NULL;
    if (!dc || !pl_devcall_is_setup(dc))
        return;
    pl_devcall_created(pool, dc);
    uint32_t status = status_of_progress(m);
    if (!status || m->state == PL_CALL_STATE_ANSWERED ||
        m->state == PL_CALL_STATE_CONFIRMED)
        return;
    bool is_new = is_new_sdp(call, m->sdp);
    if (status == PL_MEDIA_STATUS_RINGING) {
        if (!dc->has_rung && call->sdp_len == 0 && m->sdp.len == 0)
            play(pool, dc, RINGBACK);
        dc->has_rung = true;
    }
    if (status == dc->row.status && !is_new)
        return;
    bool is_first = m->sdp.len > 0 && dc->row.kept_sdp.len > 0;
    if (m->sdp.len > 0) {
        release_answer(pool, dc);
        play(pool, dc, "");
    }
    unsigned what = PL_TELL_OFFER | PL_TELL_ANSWER;
    if (status != PL_MEDIA_STATUS_IN_PROGRESS && !is_first)
        what = 0;
    if (dc->row.answer.len == 0)
        what = 0;
    pl_devcall_reason(m, reason, sizeof reason);
    pl_devcall_move(pool, dc, status, reason, what);
}

void pl_device_answered(pl_pool *pool, pl_conf *conf)
{
    static const char no_media[] = "no usable media of the device";
    pl_devcall *dc =
        conf->row.kind == PL_CONF_KIND_DEVICE ? pl_device_caller(conf) : NULL;
    pl_part *seat = dc ? pl_devcall_seat(pool, dc) : NULL;
    if (!seat || !pl_devcall_is_setup(dc))
        return;
    conf->row.answered_at = pool->now.wall_ms;
    pl_conf_save(pool, conf);
    if (!pl_devcall_leg(pool, dc)) {
        pl_devcall_end(pool, dc, PL_MEDIA_STATUS_FAILED, no_media);
        pl_part_leave(pool, seat, no_media);
        return;
    }
    play(pool, dc, "");
    release_answer(pool, dc);
    pl_devcall_move(pool, dc, PL_MEDIA_STATUS_CONNECTED, "200 OK",
                    PL_TELL_OFFER | PL_TELL_ANSWER);
}
