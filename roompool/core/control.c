/* control.c - see control.h. A request is checked whole before any of it is
 * done. */
#include "control.h"

#include <string.h>

#include "conference.h"
#include "event_stream.h"
#include "host_timers.h"
#include "keys.h"
#include "participant.h"
#include "pl/keys.h"
#include "pl/str.h"
#include "recording.h"
#include "room_access.h"
#include "room_sound.h"
#include "roster.h"
#include "waiting.h"

/* ---- a participant ---- */

#define HAS(field)                                                             \
    PL_MSG_HAS(PARTICIPANT_CONTROL, participant_control, m, field)

/* Whether the request has the field of this operation. */
static bool asks_seat(const pl_participant_control *m, int op)
{
    switch (op) {
    case PL_ROOM_OP_MUTE: return HAS(muted) && m->muted;
    case PL_ROOM_OP_UNMUTE: return HAS(muted) && !m->muted;
    case PL_ROOM_OP_CLIENT_MUTE: return HAS(client_muted);
    case PL_ROOM_OP_VIDEO_MUTE: return HAS(video_muted);
    case PL_ROOM_OP_BUZZ: return HAS(buzz);
    case PL_ROOM_OP_OVERLAY_TEXT: return HAS(overlay_text);
    case PL_ROOM_OP_DISCONNECT: return m->disconnect;
    case PL_ROOM_OP_DIGITS: return HAS(digits);
    case PL_ROOM_OP_ROLE: return HAS(role);
    case PL_ROOM_OP_ADMIT: return m->admit;
    case PL_ROOM_OP_SPOTLIGHT: return HAS(spotlight);
    case PL_ROOM_OP_RX_PRESENTATION: return HAS(rx_presentation);
    case PL_ROOM_OP_PLAY_TO: return HAS(play);
    default: return false;
    }
}

static bool is_last_host(const pl_part *host)
{
    PL_LIST_EACH(node, &host->conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part != host && part->row.state == PL_PART_STATE_ACTIVE &&
            part->row.role == PL_PART_ROLE_HOST && !pl_waits(part))
            return false;
    }
    return host->row.role == PL_PART_ROLE_HOST && !pl_waits(host);
}

static pl_err check_role(const pl_part *part, uint32_t role)
{
    if (role != PL_PART_ROLE_HOST && role != PL_PART_ROLE_GUEST)
        return PL_EINVAL;
    return role == PL_PART_ROLE_GUEST && is_last_host(part) ? PL_ESTATE : PL_OK;
}

static pl_err check_seat(const pl_participant_control *m, const pl_part *self,
                         const pl_part *target)
{
    for (int op = 0; op < PL_N_ROOM_OPS; op++) {
        pl_err e = asks_seat(m, op) ? pl_room_may(self, target, (pl_room_op)op)
                                    : PL_OK;
        if (e)
            return e;
    }
    if (HAS(digits) && !pl_is_keys(pl_slice_str(m->digits)))
        return PL_EINVAL;
    return HAS(role) ? check_role(target, m->role) : PL_OK;
}

/* Its clients read their role again when they refresh the token. */
static void set_role(pl_pool *pool, pl_part *part, uint32_t role)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_REFRESH_TOKEN};
    if (part->row.role == role)
        return;
    part->row.role = role;
    pl_part_save(pool, part);
    pl_roster_updated(pool, part);
    pl_roster_tell(pool, part, &row);
    if (role == PL_PART_ROLE_GUEST && part->conf->row.guests_muted)
        pl_part_set_muted(pool, part, true);
    if (role == PL_PART_ROLE_HOST)
        pl_waiting_admit(pool, part);
    pl_waiting_check_start(pool, part);
    pl_host_timers_check(pool, part->conf);
}

pl_err pl_control_role(pl_pool *pool, pl_part *part, uint32_t role)
{
    pl_err e = check_role(part, role);
    if (!e)
        set_role(pool, part, role);
    return e;
}

/* Since when, 0 not; asked again it stays as it was. */
static void set_moment(const pl_pool *pool, int64_t *at, bool is_on)
{
    if (is_on != (*at != 0))
        *at = is_on ? pool->now.wall_ms : 0;
}

static void set_shown(pl_pool *pool, const pl_participant_control *m,
                      pl_part *part)
{
    pl_part_row *p = &part->row;
    const pl_part_row before = *p;
    if (HAS(client_muted))
        p->client_muted = m->client_muted;
    if (HAS(video_muted))
        p->video_muted = m->video_muted;
    if (HAS(rx_presentation))
        p->no_presentation = !m->rx_presentation;
    if (HAS(spotlight))
        set_moment(pool, &p->spotlight_at, m->spotlight);
    if (HAS(buzz))
        set_moment(pool, &p->buzz_at, m->buzz);
    if (HAS(overlay_text))
        PL_SET(p->overlay_text, m->overlay_text);
    if (before.client_muted == p->client_muted &&
        before.video_muted == p->video_muted &&
        before.no_presentation == p->no_presentation &&
        before.spotlight_at == p->spotlight_at &&
        before.buzz_at == p->buzz_at &&
        strcmp(before.overlay_text, p->overlay_text) == 0)
        return;
    pl_part_save(pool, part);
    pl_roster_updated(pool, part);
}

static void change_seat(pl_pool *pool, const pl_participant_control *m,
                        pl_part *target)
{
    if (HAS(role))
        set_role(pool, target, m->role);
    if (m->admit)
        pl_waiting_admit(pool, target);
    if (HAS(muted))
        pl_part_set_muted(pool, target, m->muted);
    set_shown(pool, m, target);
    if (m->disconnect)
        pl_part_leave(pool, target, "Disconnected by another participant");
}

static void keyed(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)in;
    if (e) {
        pl_pool_refuse(pool, &op->ticket, pl_keys_error(e), NULL);
    } else {
        pl_pool_ok(pool, &op->ticket);
    }
    pl_op_destroy(&op);
}

/* What it says is the answer to the request. */
static pl_err key(pl_pool *pool, const pl_bus_in *in, const pl_part *target,
                  const char *digits)
{
    pl_op *op = pl_op_create(pool, keyed);
    if (op) {
        op->ticket = in->ticket;
        op->has_ticket = true;
    }
    return pl_keys_send(pool, target, digits, op);
}

void pl_on_participant_control(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_control *m = in->body;
    pl_part *target;
    pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_err e = pl_room_target(self, m->target_id, pool, &target);
    if (!e)
        e = check_seat(m, self, target);
    if (!e && HAS(digits)) {
        e = key(pool, in, target, m->digits);
    } else if (!e && HAS(play)) {
        e = pl_sound_play_to(pool, target, m->play, m->play_loop, &in->ticket);
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    change_seat(pool, m, target);
    if (!HAS(digits) && !HAS(play))
        pl_pool_ok(pool, &in->ticket);
}
#undef HAS

/* ---- the conference ---- */

#define HAS(field) PL_MSG_HAS(CONFERENCE_CONTROL, conference_control, m, field)

static bool asks_conf(const pl_conference_control *m, int op)
{
    switch (op) {
    case PL_ROOM_OP_LOCK: return HAS(locked);
    case PL_ROOM_OP_GUESTS_MUTED: return HAS(guests_muted);
    case PL_ROOM_OP_GUESTS_CAN_UNMUTE: return HAS(guests_can_unmute);
    case PL_ROOM_OP_START: return m->start;
    case PL_ROOM_OP_DISCONNECT_ALL: return m->disconnect_all;
    case PL_ROOM_OP_CLEAR_BUZZ: return m->clear_buzz;
    case PL_ROOM_OP_CLEAR_SPOTLIGHTS: return m->clear_spotlights;
    case PL_ROOM_OP_LAYOUT:
        return HAS(host_layout) || HAS(guest_layout) || HAS(overlay_shown);
    case PL_ROOM_OP_RECORD: return HAS(record);
    case PL_ROOM_OP_PLAY: return HAS(play);
    default: return false;
    }
}

static pl_err check_conf(const pl_conference_control *m, const pl_part *self)
{
    for (int op = 0; op < PL_N_ROOM_OPS; op++) {
        pl_err e =
            asks_conf(m, op) ? pl_room_may(self, NULL, (pl_room_op)op) : PL_OK;
        if (e)
            return e;
    }
    return PL_OK;
}

static void mute_guests(pl_pool *pool, pl_conf *conf, bool is_muted)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_ACTIVE &&
            part->row.role == PL_PART_ROLE_GUEST)
            pl_part_set_muted(pool, part, is_muted);
    }
}

static void set_flags(pl_pool *pool, pl_conf *conf, bool is_muted,
                      bool can_unmute)
{
    if (is_muted == conf->row.guests_muted &&
        can_unmute == conf->row.guests_can_unmute)
        return;
    conf->row.guests_muted = is_muted;
    conf->row.guests_can_unmute = can_unmute;
    pl_roster_conference(pool, conf);
}

void pl_control_mute_guests(pl_pool *pool, pl_conf *conf, bool is_muted)
{
    set_flags(pool, conf, is_muted, conf->row.guests_can_unmute);
    mute_guests(pool, conf, is_muted);
}

static void set_guests(pl_pool *pool, const pl_conference_control *m,
                       pl_conf *conf)
{
    bool is_muted =
        HAS(guests_muted) ? m->guests_muted : conf->row.guests_muted;
    bool can_unmute = HAS(guests_can_unmute) ? m->guests_can_unmute
                                             : conf->row.guests_can_unmute;
    set_flags(pool, conf, is_muted, can_unmute);
    if (HAS(guests_muted)) /* also those who were unmuted since */
        mute_guests(pool, conf, is_muted);
}

/* Lower every hand, or empty the spotlight. */
static void clear_all(pl_pool *pool, const pl_conference_control *m,
                      pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        bool has_buzz = m->clear_buzz && part->row.buzz_at != 0;
        bool has_spot = m->clear_spotlights && part->row.spotlight_at != 0;
        if (part->row.state == PL_PART_STATE_LEFT || (!has_buzz && !has_spot))
            continue;
        if (has_buzz)
            part->row.buzz_at = 0;
        if (has_spot)
            part->row.spotlight_at = 0;
        pl_part_save(pool, part);
        pl_roster_updated(pool, part);
    }
}

static void set_layout(pl_pool *pool, const pl_conference_control *m,
                       pl_conf *conf)
{
    if (HAS(host_layout))
        PL_SET(conf->row.host_layout, m->host_layout);
    if (HAS(guest_layout))
        PL_SET(conf->row.guest_layout, m->guest_layout);
    if (HAS(overlay_shown))
        conf->row.overlay_shown = m->overlay_shown;
    pl_roster_layout(pool, conf);
}

/* Who started it keeps it going, with media or without. */
static void start(pl_pool *pool, pl_part *self)
{
    self->row.keep_alive = PL_KEEP_ALIVE_ALWAYS;
    pl_part_save(pool, self);
    pl_waiting_start(pool, self->conf);
    pl_host_timers_check(pool, self->conf);
}

/* ret_is_later: the media worker's word is the answer. */
static pl_err record(pl_pool *pool, const pl_bus_in *in, pl_part *self,
                     bool *ret_is_later)
{
    const pl_conference_control *m = in->body;
    const pl_record_order order = {.by = PL_RECORDING_BY_API,
                                   .name = self->row.display_name,
                                   .has_stems = m->record_stems,
                                   .ticket = &in->ticket};
    *ret_is_later = false;
    if (m->record)
        return pl_recording_start(pool, self->conf, &order, ret_is_later);
    pl_recording_stop(pool, self->conf, "stopped by a host");
    return PL_OK;
}

/* What a media worker is asked for; one of them in a request. */
static pl_err ask_media(pl_pool *pool, const pl_bus_in *in, pl_part *self,
                        bool *ret_is_later)
{
    const pl_conference_control *m = in->body;
    *ret_is_later = false;
    if (HAS(record))
        return record(pool, in, self, ret_is_later);
    if (!HAS(play))
        return PL_OK;
    pl_err e =
        pl_sound_play(pool, self->conf, m->play, m->play_loop, &in->ticket);
    *ret_is_later = !e;
    return e;
}

void pl_on_conference_control(pl_pool *pool, const pl_bus_in *in)
{
    const pl_conference_control *m = in->body;
    pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_conf *conf = self->conf;
    bool is_later = false;
    pl_err e = check_conf(m, self);
    bool is_allowed = !e;
    if (!e)
        e = ask_media(pool, in, self, &is_later);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e,
                       is_allowed && HAS(record) ? pl_recording_refusal(conf, e)
                                                 : NULL);
        return;
    }
    if (HAS(locked))
        pl_waiting_lock(pool, conf, m->locked);
    set_guests(pool, m, conf);
    if (m->start)
        start(pool, self);
    clear_all(pool, m, conf);
    if (asks_conf(m, PL_ROOM_OP_LAYOUT))
        set_layout(pool, m, conf);
    if (!is_later)
        pl_pool_ok(pool, &in->ticket);
    if (m->disconnect_all) {
        pl_conf_end(pool, conf, "Conference terminated by another participant");
    }
}
#undef HAS

/* ---- looking ---- */

void pl_on_room_status(pl_pool *pool, const pl_bus_in *in)
{
    const pl_room_status *m = in->body;
    const pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_err e = pl_room_may(self, NULL, PL_ROOM_OP_STATUS);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    const pl_conf_row *c = &self->conf->row;
    pl_room_status_is r = {.locked = c->is_locked,
                           .guests_muted = c->guests_muted,
                           .guests_can_unmute = c->guests_can_unmute,
                           .started = c->is_started,
                           .recording = pl_recording_is_on(self->conf)};
    PL_MSG_SET(ROOM_STATUS_IS, room_status_is, &r, recording);
    PL_SET(r.conf_id, c->conf_id);
    PL_SET(r.room_name, c->room_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_ROOM_STATUS_IS, &r);
}

/* The one after this, by order of arrival; NULL none. */
static const pl_part *next_shown(const pl_part *reader, const char *after_id)
{
    bool is_after = after_id[0] == '\0';
    PL_LIST_EACH(node, &reader->conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (is_after && pl_roster_is_shown(part, reader))
            return part;
        if (strcmp(part->row.participant_id, after_id) == 0)
            is_after = true;
    }
    return NULL;
}

void pl_on_roster_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_roster_get *m = in->body;
    const pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_err e = pl_room_may(self, NULL, PL_ROOM_OP_ROSTER);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    const pl_part *part = next_shown(self, m->after_id);
    if (part) {
        pl_event_item item;
        pl_event_describe(pool, part, &item);
        pl_pool_reply(pool, &in->ticket, &PL_MSG_EVENT_ITEM, &item);
    } else {
        pl_event_none none = {.cursor = self->conf->last_seq};
        pl_pool_reply(pool, &in->ticket, &PL_MSG_EVENT_NONE, &none);
    }
}
