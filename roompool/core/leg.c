/* leg.c - commands to the media worker and its replies. */
#include "leg.h"

#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "device/device_call.h"
#include "event_stream.h"
#include "handover.h"
#include "invite.h"
#include "keys.h"
#include "participant.h"
#include "pl/str.h"
#include "reoffer.h"
#include "room_sound.h"
#include "roster.h"
#include "session.h"
#include "talk_interval.h"
#include "telephone.h"
#include "transfer.h"
#include "waiting.h"
#include "worker.h"

enum { MAX_TRIES = 3 };

#define TO(s) PL_SM_BIT(PL_LEG_STATE_##s)
static const pl_sm_state LEG_STATES[] = {
    [PL_LEG_STATE_UNKNOWN] = {"none", TO(NEW), false},
    [PL_LEG_STATE_NEW] = {"new",
                          TO(CONNECTING) | TO(CONNECTED) | TO(FAILED) |
                              TO(CLOSED),
                          false},
    [PL_LEG_STATE_CONNECTING] = {"connecting",
                                 TO(NEW) | TO(CONNECTED) | TO(FAILED) |
                                     TO(CLOSED),
                                 false},
    [PL_LEG_STATE_CONNECTED] = {"connected",
                                TO(NEW) | TO(CONNECTING) | TO(FAILED) |
                                    TO(CLOSED),
                                false},
    [PL_LEG_STATE_FAILED] = {"failed", TO(NEW) | TO(CLOSED), false},
    [PL_LEG_STATE_CLOSED] = {"closed", 0, true},
};
#undef TO
const pl_sm PL_LEG_SM = {"leg", LEG_STATES, 6};

pl_leg *pl_leg_find(const pl_pool *pool, const char *leg_id)
{
    return pl_map_find(pool->legs, leg_id);
}

bool pl_leg_is_seat(const pl_leg *leg)
{
    return strcmp(leg->row.session_id, leg->part->row.session_id) == 0;
}

pl_leg *pl_leg_of(const pl_part *part)
{
    PL_LIST_EACH(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (pl_leg_is_seat(leg))
            return leg;
    }
    return pl_list_is_empty(&part->legs)
               ? NULL
               : PL_CONTAINER(part->legs.next, pl_leg, link);
}

void pl_leg_adopt(pl_pool *pool, pl_leg *leg, pl_part *part)
{
    pl_quality_bank(&leg->part->quality, &leg->quality);
    pl_list_remove(&leg->link);
    pl_list_append(&part->legs, &leg->link);
    leg->part = part;
    PL_SET(leg->row.participant_id, part->row.participant_id);
    pl_leg_save(pool, leg);
}

void pl_leg_save(pl_pool *pool, pl_leg *leg)
{
    pl_pool_put(pool, &PL_TABLE_LEG, &leg->row);
}

pl_err pl_leg_load(pl_pool *pool, const pl_leg_row *row)
{
    pl_part *part = pl_part_find(pool, row->participant_id);
    pl_leg *leg = part ? calloc(1, sizeof *leg) : NULL;
    if (!leg)
        return part ? PL_ENOMEM : PL_EPROTO;
    leg->row = *row;
    leg->part = part;
    pl_err e = pl_map_put(pool->legs, row->leg_id, leg);
    if (e) {
        free(leg);
        return e;
    }
    pl_list_append(&part->legs, &leg->link);
    pl_sess *sess = pl_session_find(pool, row->session_id);
    if (sess)
        pl_list_append(&sess->legs, &leg->sess_link);
    return PL_OK;
}

pl_err pl_leg_add(pl_pool *pool, pl_part *part, uint32_t kind,
                  const char *session_id, bool mixed, pl_leg **ret_leg)
{
    char id[37];
    pl_leg_row row = {.kind = kind,
                      .state = PL_LEG_STATE_NEW,
                      .mixed = mixed,
                      .epoch = part->conf->row.epoch,
                      .created_at = pool->now.wall_ms};
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(row.leg_id, id);
    PL_SET(row.participant_id, part->row.participant_id);
    PL_SET(row.session_id, session_id);
    pl_err e = pl_leg_load(pool, &row);
    if (e)
        return e;
    *ret_leg = pl_leg_find(pool, id);
    pl_leg_save(pool, *ret_leg);
    return PL_OK;
}

static void set_state(pl_pool *pool, pl_leg *leg, uint32_t state)
{
    unsigned now = leg->row.state;
    if (now == state || pl_sm_move(&PL_LEG_SM, &now, state))
        return;
    leg->row.state = now;
    pl_leg_save(pool, leg);
}

/* ---- commands ---- */

static void command(pl_pool *pool, const pl_leg *leg, const pl_msg_desc *desc,
                    const void *body, pl_op *op)
{
    const pl_conf *conf = leg->part->conf;
    pl_pool_send(pool, conf->row.media_node, conf->row.epoch, desc, body, op);
}

static bool is_placed(const pl_leg *leg)
{
    return leg->part->conf->row.media_node[0] && leg->is_negotiated;
}

#define LEG_IDS(m, leg)                                                        \
    do {                                                                       \
        PL_SET((m).room_id, (leg)->part->conf->row.conf_id);                   \
        PL_SET((m).leg_id, (leg)->row.leg_id);                                 \
    } while (0)

void pl_leg_set_mixed(pl_pool *pool, pl_leg *leg, bool mixed)
{
    pl_media_leg_set m = {.mixed = mixed};
    leg->row.mixed = mixed;
    pl_leg_save(pool, leg);
    if (!is_placed(leg))
        return;
    LEG_IDS(m, leg);
    PL_MSG_SET(MEDIA_LEG_SET, media_leg_set, &m, mixed);
    command(pool, leg, &PL_MSG_MEDIA_LEG_SET, &m, NULL);
}

void pl_leg_set_muted(pl_pool *pool, pl_leg *leg, bool muted)
{
    pl_media_leg_set m = {.muted = muted};
    if (!is_placed(leg))
        return;
    LEG_IDS(m, leg);
    PL_MSG_SET(MEDIA_LEG_SET, media_leg_set, &m, muted);
    command(pool, leg, &PL_MSG_MEDIA_LEG_SET, &m, NULL);
}

pl_err pl_leg_play_asked(pl_pool *pool, pl_leg *leg, const char *prompt,
                         bool is_loop, pl_op *op)
{
    pl_media_leg_play m = {.loop = is_loop};
    if (!is_placed(leg))
        return PL_ESTATE;
    LEG_IDS(m, leg);
    PL_SET(m.prompt, prompt);
    PL_SET(leg->playing, prompt);
    leg->is_playing_loop = is_loop;
    command(pool, leg, &PL_MSG_MEDIA_LEG_PLAY, &m, op);
    return PL_OK;
}

/* One without media hears nothing. */
static void play(pl_pool *pool, pl_leg *leg, const char *prompt, bool is_loop)
{
    pl_err e = pl_leg_play_asked(pool, leg, prompt, is_loop, NULL);
    (void)e;
}

void pl_leg_play(pl_pool *pool, pl_leg *leg, const char *prompt)
{
    play(pool, leg, prompt, false);
}

void pl_leg_play_on(pl_pool *pool, pl_leg *leg, const char *prompt)
{
    play(pool, leg, prompt, true);
}

void pl_leg_replay(pl_pool *pool, pl_leg *leg)
{
    char prompt[PL_PROMPT_NAME_MAX + 1];
    PL_SET(prompt, leg->playing);
    if (prompt[0])
        play(pool, leg, prompt, leg->is_playing_loop);
}

pl_err pl_leg_keys(pl_pool *pool, pl_leg *leg, const char *digits, pl_op *op)
{
    pl_media_leg_keys m = {.present = 0};
    if (!is_placed(leg) || leg->row.state != PL_LEG_STATE_CONNECTED)
        return PL_ESTATE;
    LEG_IDS(m, leg);
    PL_SET(m.digits, digits);
    command(pool, leg, &PL_MSG_MEDIA_LEG_KEYS, &m, op);
    return PL_OK;
}

void pl_leg_welcome(pl_pool *pool, pl_leg *leg)
{
    pl_part *part = leg->part;
    const pl_room *room = part->conf->room;
    if (part->is_welcomed || part->row.state != PL_PART_STATE_ACTIVE ||
        pl_waits(part) || leg->row.state != PL_LEG_STATE_CONNECTED)
        return;
    part->is_welcomed = true;
    pl_sound_welcome(pool, leg, room ? room->row.announce : "");
}

static void remove_leg(pl_pool *pool, pl_leg *leg)
{
    pl_quality_bank(&leg->part->quality, &leg->quality);
    pl_pool_cancel(pool, &leg->timer);
    pl_pool_del(pool, &PL_TABLE_LEG, &leg->row);
    (void)pl_map_remove(pool->legs, leg->row.leg_id);
    pl_list_remove(&leg->link);
    pl_list_remove(&leg->sess_link);
    pl_list_remove(&leg->lost_link);
    pl_handover_forget(pool, leg);
    free(leg);
}

void pl_leg_drop(pl_pool *pool, pl_leg *leg)
{
    /* Closing the room drops its legs; only a living room is told of one. */
    if (leg->part->conf->row.media_node[0] &&
        leg->part->conf->row.state == PL_CONF_STATE_LIVE) {
        pl_media_leg_destroy m = {.present = 0};
        LEG_IDS(m, leg);
        command(pool, leg, &PL_MSG_MEDIA_LEG_DESTROY, &m, NULL);
    }
    remove_leg(pool, leg);
}

/* ---- negotiation ---- */

static void send_create(pl_pool *pool, pl_leg *leg, pl_op *op)
{
    const pl_part *part = leg->part;
    pl_media_leg_create m = {.kind = leg->row.kind,
                             .mixed = leg->row.mixed,
                             .muted = part->row.muted};
    LEG_IDS(m, leg);
    if (op->sdp_len > 0) {
        m.sdp = (pl_slice){op->sdp, op->sdp_len};
        PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, sdp);
    } else if (leg->row.lines[0]) { /* the peer knows a session already */
        PL_SET(m.lines, leg->row.lines);
        PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, lines);
    }
    if (part->row.source[0] && leg->row.kind == PL_LEG_KIND_SIP) {
        PL_SET(m.signaling_source, part->row.source);
        PL_MSG_SET(MEDIA_LEG_CREATE, media_leg_create, &m, signaling_source);
    }
    leg->row.epoch = part->conf->row.epoch;
    pl_leg_save(pool, leg);
    pl_handover_forget(pool, leg);
    command(pool, leg, &PL_MSG_MEDIA_LEG_CREATE, &m, op);
}

bool pl_legs_have_media(const pl_conf *conf, const pl_leg *self)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        if (leg != self && leg->is_negotiated)
            return true;
    }
    return false;
}

/* It is the description that is no good: any worker would say so. */
static bool is_of_peer(pl_err e)
{
    return e == PL_EMEDIA || e == PL_EINVAL || e == PL_EPROTO ||
           e == PL_ETOOBIG || e == PL_EUNSUPPORTED;
}

/* Whether another attempt, perhaps elsewhere, is worth it; prepares it. */
static bool try_again(pl_pool *pool, pl_leg *leg, const pl_op *op, pl_err e)
{
    pl_conf *conf = leg->part->conf;
    if (op->tries >= MAX_TRIES || is_of_peer(e))
        return false;
    if (strcmp(conf->row.media_node, op->node) != 0)
        return pl_conf_place(pool, conf) == PL_OK; /* was moved meanwhile */
    if (e == PL_ENOENT) {
        pl_conf_reopen(pool, conf);
        pl_conf_resound(pool, conf);
        return true;
    }
    if (pl_legs_have_media(conf, leg))
        return e == PL_ETIMEOUT;
    pl_conf_withdraw(pool, conf);
    return pl_conf_place(pool, conf) == PL_OK;
}

/* What the asker is told. A description that is no SDP at all is the peer's
 * fault like one without usable media. */
static pl_err error_of(pl_err e)
{
    if (is_of_peer(e))
        return PL_EMEDIA;
    return e == PL_EFULL || e == PL_EDRAIN ? e : PL_EUNAVAILABLE;
}

static void finish(pl_pool *pool, pl_op *op, pl_leg *leg, pl_err e,
                   const pl_bus_in *in)
{
    const pl_media_leg_sdp *sdp = NULL;
    leg->is_pending = false;
    if (!e && in->desc != &PL_MSG_MEDIA_LEG_SDP)
        e = PL_EUNAVAILABLE;
    if (!e) {
        sdp = in->body;
        leg->is_negotiated = true;
        leg->row.direction = (uint32_t)pl_direction_of(sdp->direction);
        if (sdp->lines[0])
            PL_SET(leg->row.lines, sdp->lines);
        if (leg->row.state == PL_LEG_STATE_NEW)
            leg->row.state = PL_LEG_STATE_CONNECTING;
        pl_leg_save(pool, leg);
    }
    op->next(pool, op, e, sdp);
}

static void created(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    if (!leg) {
        op->next(pool, op, PL_EGONE, NULL);
        return;
    }
    op->tries++;
    if (e && try_again(pool, leg, op, e)) {
        send_create(pool, leg, op);
        return;
    }
    finish(pool, op, leg, e ? error_of(e) : PL_OK, in);
}

pl_err pl_leg_negotiate(pl_pool *pool, pl_leg *leg, pl_slice offer, pl_op *op)
{
    pl_err e = op ? PL_OK : PL_ENOMEM;
    if (!e && leg->is_pending)
        e = PL_EBUSY;
    if (!e)
        e = pl_op_keep(op, offer);
    if (!e)
        e = pl_conf_place(pool, leg->part->conf);
    if (e) {
        pl_op_destroy(&op);
        return e;
    }
    op->done = created;
    PL_SET(op->leg, leg->row.leg_id);
    PL_SET(op->part, leg->row.participant_id);
    PL_SET(op->conf, leg->part->conf->row.conf_id);
    leg->is_pending = true;
    set_state(pool, leg, PL_LEG_STATE_NEW);
    send_create(pool, leg, op);
    return PL_OK;
}

static void remote_done(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    pl_conf *conf = leg ? leg->part->conf : NULL;
    if (!leg) {
        op->next(pool, op, PL_EGONE, NULL);
        return;
    }
    if (!e && in->desc == &PL_MSG_OK_REPLY) {
        /* To an answer the worker may just agree. */
        static const pl_media_leg_sdp none = {.direction = 0};
        leg->is_pending = false;
        op->next(pool, op, PL_OK, &none);
        return;
    }
    finish(pool, op, leg, e ? error_of(e) : PL_OK, in);
    /* Was its worker lost meanwhile, the others moved without this one. */
    if (e)
        pl_legs_replace(pool, conf);
}

static pl_err send_remote(pl_pool *pool, pl_leg *leg, pl_media_leg_remote *m,
                          pl_op *op)
{
    pl_err e = op ? PL_OK : PL_ENOMEM;
    if (!e && leg->is_pending)
        e = PL_EBUSY;
    if (!e && !is_placed(leg))
        e = PL_ESTATE;
    if (e) {
        pl_op_destroy(&op);
        return e;
    }
    op->done = remote_done;
    PL_SET(op->leg, leg->row.leg_id);
    PL_SET(op->part, leg->row.participant_id);
    PL_SET(op->conf, leg->part->conf->row.conf_id);
    LEG_IDS(*m, leg);
    leg->is_pending = true;
    if (m->sdp_type == PL_SDP_TYPE_OFFER || m->sdp_type == PL_SDP_TYPE_ANSWER)
        pl_handover_outdate(leg);
    command(pool, leg, &PL_MSG_MEDIA_LEG_REMOTE, m, op);
    return PL_OK;
}

pl_err pl_leg_remote(pl_pool *pool, pl_leg *leg, pl_slice sdp,
                     uint32_t sdp_type, pl_op *op)
{
    pl_media_leg_remote m = {.sdp = sdp, .sdp_type = sdp_type};
    PL_MSG_SET(MEDIA_LEG_REMOTE, media_leg_remote, &m, sdp);
    return send_remote(pool, leg, &m, op);
}

pl_err pl_leg_ask(pl_pool *pool, pl_leg *leg, uint32_t direction, pl_op *op)
{
    pl_media_leg_remote m = {.direction = direction};
    if (direction)
        PL_MSG_SET(MEDIA_LEG_REMOTE, media_leg_remote, &m, direction);
    return send_remote(pool, leg, &m, op);
}

void pl_leg_rollback(pl_pool *pool, pl_leg *leg)
{
    pl_media_leg_remote m = {.sdp_type = PL_SDP_TYPE_ROLLBACK};
    if (!is_placed(leg))
        return;
    LEG_IDS(m, leg);
    command(pool, leg, &PL_MSG_MEDIA_LEG_REMOTE, &m, NULL);
}

/* ---- loss and replacement ---- */

static bool is_established(const pl_part *part)
{
    return part->row.state == PL_PART_STATE_ACTIVE ||
           part->row.state == PL_PART_STATE_PIN;
}

/* Lost before the seat was taken by it. Who rings is told, as one who had been
 * invited. A seat of nobody's, which moves, is offered anew by the next worker:
 * with a host's the conference would end for all who are placed there too. */
static void ringing_lost(pl_pool *pool, pl_leg *leg, const char *reason)
{
    if (leg->part->row.state == PL_PART_STATE_MOVING) {
        pl_session_terminated(pool, leg->row.session_id, leg->part, reason);
        leg->is_negotiated = false;
        leg->row.lines[0] = '\0'; /* its next offer is a first one */
        set_state(pool, leg, PL_LEG_STATE_NEW);
    } else if (is_established(leg->part)) { /* a seat that moves */
        pl_invite_decline(pool, leg, reason);
    } else {
        pl_part_leave(pool, leg->part, reason);
    }
}

void pl_leg_lost(pl_pool *pool, pl_leg *leg, const char *reason)
{
    pl_part *part = leg->part;
    bool is_first = leg->is_pending && !leg->is_negotiated;
    leg->is_unconfirmed = leg->is_importing = false;
    leg->playing[0] = '\0';
    pl_handover_forget(pool, leg);
    if (is_first && (part->row.kind == PL_PART_KIND_PAGE ||
                     !is_established(part) || !pl_leg_is_seat(leg)))
        return; /* its negotiation is tried again */
    pl_pool_count(pool, PL_RM_legs_lost);
    pl_pool_note(pool, PL_LOG_WARN, "leg_lost", part->conf, part, reason);
    if (part->row.kind == PL_PART_KIND_PAGE) {
        pl_roster_call_lost(pool, part, leg->row.leg_id, reason);
        pl_part_set_media(pool, part, false);
        remove_leg(pool, leg);
        return;
    }
    if (!is_established(part) || !pl_leg_is_seat(leg)) {
        ringing_lost(pool, leg, reason);
        return;
    }
    leg->is_negotiated = false;
    pl_transfer_part_leaves(pool, part, reason); /* it goes nowhere else now */
    pl_reoffer_lost(pool, leg);
    set_state(pool, leg, PL_LEG_STATE_NEW);
    pl_part_set_media(pool, part, false);
}

static void offer_again(pl_pool *pool, pl_leg *leg)
{
    if (leg->is_negotiated || leg->is_pending)
        return;
    if (leg->part->row.state == PL_PART_STATE_MOVING) {
        if (pl_invite_ring_leg(pool, leg))
            pl_invite_decline(pool, leg, "no media worker");
    } else if (leg->part->row.kind == PL_PART_KIND_TELEPHONE) {
        pl_phone_offer_again(pool, leg);
    } else {
        pl_reoffer_media(pool, leg);
    }
}

static bool waits_for_offer(const pl_leg *leg)
{
    return !leg->is_negotiated && !leg->is_pending;
}

static pl_leg *waiting_of(const pl_part *part)
{
    pl_leg *seat = is_established(part) && part->row.kind != PL_PART_KIND_PAGE
                       ? pl_leg_of(part)
                       : NULL;
    if (part->row.state != PL_PART_STATE_MOVING)
        return seat && waits_for_offer(seat) ? seat : NULL;
    PL_LIST_EACH(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (waits_for_offer(leg))
            return leg;
    }
    return NULL;
}

/* The first leg that waits for a new offer; NULL when none does. Found anew
 * each time, because offering may remove participants. */
static pl_leg *next_waiting(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        pl_leg *leg = waiting_of(part);
        if (leg)
            return leg;
    }
    return NULL;
}

static void give_up(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_conf *conf = object;
    pl_leg *leg;
    while (conf->row.state == PL_CONF_STATE_LIVE &&
           (leg = next_waiting(conf)) != NULL)
        pl_part_leave(pool, leg->part, "no media worker");
}

void pl_legs_replace(pl_pool *pool, pl_conf *conf)
{
    pl_leg *leg;
    if (conf->row.state != PL_CONF_STATE_LIVE || !next_waiting(conf))
        return;
    if (pl_conf_place(pool, conf)) {
        if (conf->replace.at == 0) {
            pl_pool_plan(pool, &conf->replace, give_up, conf,
                         PL_MS(pool->config->replace_ms));
        }
        return;
    }
    pl_pool_cancel(pool, &conf->replace);
    pl_pool_count(pool, PL_RM_replacements);
    while (!pool->failed && conf->row.state == PL_CONF_STATE_LIVE &&
           (leg = next_waiting(conf)) != NULL)
        offer_again(pool, leg);
}

/* ---- reports ---- */

pl_leg *pl_leg_reported(pl_pool *pool, const pl_bus_in *in, const char *leg_id)
{
    pl_leg *leg = pl_leg_find(pool, leg_id);
    if (leg && leg->part->conf->row.epoch == in->epoch &&
        strcmp(leg->part->conf->row.media_node, in->node) == 0)
        return leg;
    pl_pool_count(pool, PL_RM_stale_reports);
    return NULL;
}

static void connected(pl_pool *pool, pl_leg *leg, const char *codec)
{
    pl_part *part = leg->part;
    bool is_first = leg->row.state != PL_LEG_STATE_CONNECTED;
    if (codec[0])
        PL_SET(leg->row.codec, codec);
    set_state(pool, leg, PL_LEG_STATE_CONNECTED);
    pl_leg_save(pool, leg);
    if (part->row.state == PL_PART_STATE_ACTIVE)
        pl_part_set_media(pool, part, true);
    if (is_first) {
        pl_waiting_music(pool, leg);
        pl_leg_welcome(pool, leg);
        pl_keys_dialled(pool, leg);
    }
}

static void failed(pl_pool *pool, pl_leg *leg, const char *reason)
{
    pl_part *part = leg->part;
    const char *why = reason[0] ? reason : "media ended";
    if (!pl_leg_is_seat(leg) && part->row.kind == PL_PART_KIND_USER) {
        pl_invite_decline(pool, leg, why); /* others may ring on */
        return;
    }
    if (!pl_leg_is_seat(leg) && part->row.kind == PL_PART_KIND_DEVICE) {
        pl_device_leg_failed(pool, leg, why);
        return;
    }
    /* Who takes up the media of another call lets go of the old one, and only
     * then says that it accepts. */
    if (part->partner[0] && !part->is_spare) {
        set_state(pool, leg, PL_LEG_STATE_FAILED);
        pl_part_set_media(pool, part, false);
        return;
    }
    if (part->row.kind != PL_PART_KIND_PAGE) {
        pl_part_leave(pool, part, why);
        return;
    }
    pl_roster_call_lost(pool, part, leg->row.leg_id, why);
    pl_part_set_media(pool, part, false);
    pl_leg_drop(pool, leg);
}

static void apply_state(pl_pool *pool, pl_leg *leg, uint32_t state,
                        const char *codec, const char *reason)
{
    if (state == PL_LEG_STATE_CONNECTED) {
        connected(pool, leg, codec);
    } else if (state == PL_LEG_STATE_CONNECTING) {
        set_state(pool, leg, PL_LEG_STATE_CONNECTING);
    } else if (state == PL_LEG_STATE_FAILED || state == PL_LEG_STATE_CLOSED) {
        failed(pool, leg, reason);
    }
}

void pl_leg_seen(pl_pool *pool, pl_leg *leg, uint32_t state)
{
    if (state != leg->row.state && state != PL_LEG_STATE_CONNECTING)
        apply_state(pool, leg, state, "", "");
}

void pl_on_leg_report(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_report *m = in->body;
    pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (leg)
        apply_state(pool, leg, m->state, m->codec, m->reason);
}

void pl_on_leg_dtmf(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_dtmf *m = in->body;
    pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (leg)
        pl_phone_digit(pool, leg->part, m->digit[0], PL_DIGIT_RTP);
}

void pl_on_leg_played(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_played *m = in->body;
    pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (leg && strcmp(leg->playing, m->prompt) == 0)
        leg->playing[0] = '\0';
    if (leg && pl_waits(leg->part)) {
        pl_waiting_played(pool, leg->part, m->prompt);
    } else if (leg) {
        pl_sound_leg_played(pool, leg, m->prompt);
        pl_phone_played(pool, leg->part, m->prompt);
    }
}

void pl_on_leg_talking(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_talking *m = in->body;
    pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (leg && leg->part->row.state == PL_PART_STATE_ACTIVE) {
        pl_conf_talking(pool, leg->part, m->talking, m->level);
        pl_talk_set(pool, leg->part, m->talking);
    }
}

void pl_on_leg_stats(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_stats *m = in->body;
    pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (leg) {
        pl_quality_take(&leg->part->quality, &leg->quality, m,
                        pool->now.wall_ms);
    }
}
