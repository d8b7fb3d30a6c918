/* breach.c - what must always hold; for tests. */
#include <string.h>

#include "address.h"
#include "conference.h"
#include "device/device_call.h"
#include "device/registration.h"
#include "device/relay.h"
#include "device/subscription.h"
#include "host_timers.h"
#include "leg.h"
#include "model.h"
#include "move.h"
#include "participant.h"
#include "recording.h"
#include "room.h"
#include "session.h"
#include "sink.h"
#include "successor.h"
#include "video.h"
#include "vmr.h"
#include "waiting.h"
#include "worker.h"

/* ---- legs ---- */

static const char *leg_breach(const pl_pool *pool, const pl_leg *leg)
{
    bool has_session = pl_session_find(pool, leg->row.session_id) != NULL;
    bool is_offered = leg->row.mod_id[0] != '\0';
    if (leg->row.epoch > leg->part->conf->row.epoch)
        return "a leg is newer than its conference";
    if (has_session != (leg->sess_link.next != NULL))
        return "a session does not know its leg";
    if (is_offered != (leg->row.mod_kind != PL_MOD_KIND_IDLE))
        return "an offer of ours has no kind, or no id";
    if (is_offered && leg->timer.at == 0)
        return "an offer of ours waits for ever";
    return NULL;
}

/* ---- seats ---- */

static unsigned count_legs(const pl_part *part, bool of_seat)
{
    unsigned n = 0;
    PL_LIST_EACH(node, &part->legs)
    {
        n += pl_leg_is_seat(PL_CONTAINER(node, pl_leg, link)) == of_seat;
    }
    return n;
}

static const char *user_breach(const pl_pool *pool, const pl_part *part)
{
    unsigned rings = count_legs(part, false);
    bool is_active = part->row.state == PL_PART_STATE_ACTIVE;
    bool is_waiting = part->row.state == PL_PART_STATE_RINGING ||
                      part->row.state == PL_PART_STATE_MOVING ||
                      pl_move_is_open(part);
    if (is_active && count_legs(part, true) != 1)
        return "a user who is in has not one leg";
    if (is_active && !pl_session_find(pool, part->row.session_id))
        return "a user who is in has no session";
    if (!is_active && !part->is_spare && part->row.session_id[0] &&
        part->row.state != PL_PART_STATE_NEW)
        return "a seat that rings belongs to a session";
    if (is_waiting && (rings == 0 || part->timer.at == 0))
        return "a seat waits for nobody, or for ever";
    if (!is_waiting && rings > 0)
        return "somebody rings for a seat that is taken";
    return NULL;
}

static const char *spare_breach(const pl_pool *pool, const pl_part *part)
{
    const pl_part *far = pl_part_find(pool, part->partner);
    if (!far || far->is_spare || far->row.state != PL_PART_STATE_ACTIVE ||
        strcmp(far->partner, part->row.participant_id) != 0)
        return "a spare seat is for nobody";
    if (strcmp(pl_part_resource(far), pl_part_resource(part)) != 0)
        return "a transferred call changes its id";
    return NULL;
}

/* ---- the waiting room ---- */

static const char *waiting_breach(const pl_pool *pool, const pl_part *part)
{
    const pl_conf *conf = part->conf;
    if (part->row.is_held_by_lock && !pl_waits(part))
        return "the lock holds somebody who does not wait";
    if (!pl_waits(part))
        return part->wait.at != 0 ? "a clock runs for nobody who waits" : NULL;
    if (part->row.state != PL_PART_STATE_ACTIVE || part->row.is_dialled ||
        conf->row.kind != PL_CONF_KIND_ROOM)
        return "somebody waits who cannot";
    if (part->row.is_held_by_lock && !conf->row.is_locked)
        return "the lock holds somebody, and is open";
    if (!part->row.is_held_by_lock &&
        (conf->row.is_started || part->row.role == PL_PART_ROLE_HOST))
        return "somebody waits for nothing";
    return pool->config->waiting_s > 0 && part->wait.at == 0
               ? "somebody waits for ever"
               : NULL;
}

/* Who waits is not heard, nor hears; who is in, both. */
static const char *mixed_breach(const pl_part *part)
{
    if (part->conf->row.kind != PL_CONF_KIND_ROOM)
        return NULL;
    bool is_in = part->row.state == PL_PART_STATE_ACTIVE && !pl_waits(part) &&
                 !part->row.on_hold;
    bool may_be = is_in || part->row.state == PL_PART_STATE_NEW ||
                  part->row.state == PL_PART_STATE_RINGING;
    PL_LIST_EACH(node, &part->legs)
    {
        const pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (leg->row.mixed && !may_be)
            return "somebody is heard who is not in the room";
        if (!leg->row.mixed && is_in)
            return "somebody in the room is not heard";
    }
    return NULL;
}

static const char *room_part_breach(const pl_pool *pool, const pl_part *part)
{
    const char *breach = waiting_breach(pool, part);
    return breach ? breach : mixed_breach(part);
}

static const char *part_breach(const pl_pool *pool, const pl_part *part)
{
    const pl_part *partner = pl_part_find(pool, part->partner);
    if (part->row.state == PL_PART_STATE_LEFT) {
        return !pl_list_is_empty(&part->legs) || part->call || part->partner[0]
                   ? "who left still has media, a call or a transfer"
                   : NULL;
    }
    if (part->is_spare)
        return spare_breach(pool, part);
    if (part->partner[0] && (!partner || !partner->is_spare))
        return "a transfer has no spare seat";
    if (part->row.move_until > 0 && (part->conf->row.kind != PL_CONF_KIND_API ||
                                     part->row.state != PL_PART_STATE_ACTIVE))
        return "a move is armed that cannot be";
    return part->row.kind == PL_PART_KIND_USER ? user_breach(pool, part)
                                               : room_part_breach(pool, part);
}

/* ---- conferences ---- */

static const char *call_breach(const pl_conf *conf, unsigned seats,
                               unsigned spares, unsigned ringing)
{
    if (seats != 2)
        return "a call has not two parties";
    if (spares > 1)
        return "two parties come to one call";
    if (conf->row.answered_at != 0 && ringing > 0)
        return "an answered call still rings";
    return NULL;
}

static const char *seats_breach(const pl_pool *pool, const pl_conf *conf)
{
    unsigned live = 0;
    unsigned spares = 0;
    unsigned ringing = 0;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        const char *breach = part_breach(pool, part);
        if (breach)
            return breach;
        live += part->row.state != PL_PART_STATE_LEFT;
        ringing += part->row.state == PL_PART_STATE_RINGING &&
                   !part->row.takes_over[0];
        spares += (part->is_spare || pl_successor_waits(part)) &&
                  part->row.state != PL_PART_STATE_LEFT;
    }
    if (live != conf->n_live)
        return "participants are miscounted";
    if (live - spares > conf->row.max_participants)
        return "a conference is over its limit";
    return conf->row.kind == PL_CONF_KIND_CALL &&
                   conf->row.state == PL_CONF_STATE_LIVE
               ? call_breach(conf, live - spares, spares, ringing)
               : NULL;
}

static bool has_host_with_media(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_ACTIVE && !pl_waits(part) &&
            part->row.role == PL_PART_ROLE_HOST && part->row.has_media)
            return true;
    }
    return false;
}

static const char *hosts_breach(const pl_conf *conf)
{
    bool is_live = conf->row.state == PL_CONF_STATE_LIVE;
    if (conf->row.kind == PL_CONF_KIND_DEVICE &&
        pl_host_timers_forsaken(conf) && conf->row.alone_at == 0)
        return "a telephone is alone in a call and does not know it";
    if (conf->row.kind != PL_CONF_KIND_ROOM) {
        return !conf->row.is_started || conf->row.is_locked ||
                       conf->row.guests_muted || conf->row.hosts_left_at ||
                       (conf->row.alone_at &&
                        conf->row.kind != PL_CONF_KIND_DEVICE)
                   ? "a conference of the API has hosts and guests"
                   : NULL;
    }
    if (!conf->row.is_started && has_host_with_media(conf))
        return "a conference with its host has not started";
    if (is_live &&
        pl_host_timers_hostless(conf) != (conf->row.hosts_left_at != 0))
        return "a conference without host does not know it";
    if (is_live && (conf->row.hosts_left_at != 0) != (conf->hostless.at != 0))
        return "a conference goes on without host for ever";
    return NULL;
}

static const char *recording_breach(const pl_pool *pool, const pl_conf *conf)
{
    const pl_recording *rec = conf->recording;
    if (!rec)
        return NULL;
    if (conf->row.state != PL_CONF_STATE_LIVE)
        return "an ended conference is recorded";
    if (pl_recording_find(pool, rec->row.recording_id) != rec ||
        strcmp(rec->row.conf_id, conf->row.conf_id) != 0)
        return "a conference and its recording differ";
    if (rec->row.state != PL_RECORDING_STATE_STARTING &&
        rec->row.state != PL_RECORDING_STATE_RUNNING)
        return "a conference has a recording that is over";
    if (strcmp(rec->row.media_node, conf->row.media_node) != 0 &&
        rec->row.media_node[0])
        return "a recording is elsewhere than its conference";
    return NULL;
}

static const char *recordings_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    const pl_recording *rec;
    while ((rec = pl_map_next(pool->recordings, &cursor, NULL)) != NULL) {
        const pl_conf *conf = pl_conf_find(pool, rec->row.conf_id);
        bool is_live = rec->row.state == PL_RECORDING_STATE_STARTING ||
                       rec->row.state == PL_RECORDING_STATE_RUNNING;
        if (is_live && (!conf || conf->recording != rec))
            return "a recording goes on without its conference";
        if (!is_live && rec->forget.at == 0)
            return "a recording that is over is never forgotten";
    }
    return NULL;
}

static const char *conf_breach(const pl_pool *pool, const pl_conf *conf)
{
    const char *breach = seats_breach(pool, conf);
    if (!breach)
        breach = hosts_breach(conf);
    if (!breach)
        breach = recording_breach(pool, conf);
    if (breach)
        return breach;
    if (conf->row.epoch > pool->epoch)
        return "an epoch was never given";
    if (conf->row.state == PL_CONF_STATE_ENDED && conf->n_live > 0)
        return "an ended conference has participants";
    if (conf->row.state == PL_CONF_STATE_LIVE && conf->n_live == 0)
        return "a live conference is empty";
    if (conf->row.room_id[0] && conf->row.state == PL_CONF_STATE_LIVE &&
        (!conf->room || conf->room->conf != conf))
        return "a room does not know its live conference";
    if (conf->room && strcmp(conf->row.room_id, conf->room->row.room_id) != 0)
        return "a conference and its room have other names";
    return NULL;
}

/* ---- what sessions are told ---- */

/* The event before this one about the same conference or call; NULL none. */
static const pl_event_row *before(const pl_sess *sess, pl_list *at)
{
    const pl_event_row *row = &PL_CONTAINER(at, pl_event, link)->row;
    for (pl_list *node = at->prev; node != &sess->events; node = node->prev) {
        const pl_event_row *r = &PL_CONTAINER(node, pl_event, link)->row;
        if (strcmp(r->conf_id, row->conf_id) == 0)
            return r;
    }
    return NULL;
}

static const char *event_breach(const pl_sess *sess, pl_list *at)
{
    const pl_event_row *row = &PL_CONTAINER(at, pl_event, link)->row;
    const pl_event_row *last = before(sess, at);
    if (last && last->kind == PL_EVENT_KIND_SESSION_TERMINATED &&
        row->kind != PL_EVENT_KIND_INVITATION_RECEIVED)
        return "a session hears of a call that is over for it";
    if (last && row->kind == PL_EVENT_KIND_INVITATION_RECEIVED &&
        last->kind != PL_EVENT_KIND_SESSION_TERMINATED)
        return "a session is invited to where it is";
    if (row->kind != PL_EVENT_KIND_MOD_TERMINATED)
        return NULL;
    for (pl_list *node = at->prev; node != &sess->events; node = node->prev) {
        const pl_event_row *r = &PL_CONTAINER(node, pl_event, link)->row;
        if (r->kind == row->kind && strcmp(r->mod_id, row->mod_id) == 0)
            return "a modification ends twice";
    }
    return NULL;
}

static const char *session_breach(const pl_sess *sess)
{
    uint64_t seq = 0;
    const char *breach = NULL;
    for (pl_list *node = sess->events.next; !breach && node != &sess->events;
         node = node->next) {
        const pl_event_row *row = &PL_CONTAINER(node, pl_event, link)->row;
        if (seq && row->seq != seq + 1)
            return "an event of a session is missing";
        seq = row->seq;
        breach = event_breach(sess, node);
    }
    return breach;
}

static const char *callees_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    size_t n = 0;
    const pl_sess *sess;
    while ((sess = pl_map_next(pool->callees, &cursor, NULL)) != NULL) {
        const pl_sess *first = sess;
        for (; sess; sess = sess->next_same, n++) {
            if (!pl_user_is_same(pool->config, &first->row, &sess->row))
                return "two users share their sessions";
            if (strcmp(first->row.client_id, sess->row.client_id) != 0)
                return "two clients speak for one user";
        }
    }
    return n == pl_map_count(pool->sessions) ? NULL
                                             : "a session rings for nobody";
}

static const char *workers_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    const pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (w->held != pl_worker_count_held(pool, w))
            return "what a worker holds is miscounted";
    }
    return NULL;
}

const char *pl_pool_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    const char *breach = pl_sinks_breach(pool);
    const pl_conf *conf;
    if (!breach)
        breach = pl_device_calls_breach(pool);
    if (!breach)
        breach = pl_relays_breach(pool);
    while (!breach && (conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL)
        breach = conf_breach(pool, conf);
    cursor = 0;
    const pl_leg *leg;
    while (!breach && (leg = pl_map_next(pool->legs, &cursor, NULL)) != NULL)
        breach = leg_breach(pool, leg);
    cursor = 0;
    const pl_sess *sess;
    while (!breach &&
           (sess = pl_map_next(pool->sessions, &cursor, NULL)) != NULL)
        breach = session_breach(sess);
    if (!breach)
        breach = workers_breach(pool);
    if (!breach)
        breach = recordings_breach(pool);
    if (!breach)
        breach = pl_subscrs_breach(pool);
    if (!breach)
        breach = pl_room_breach(pool);
    if (!breach)
        breach = pl_vmr_breach(pool);
    if (!breach)
        breach = pl_video_breach(pool);
    if (!breach)
        breach = pl_regs_breach(pool);
    return breach ? breach : callees_breach(pool);
}
