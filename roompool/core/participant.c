/* participant.c - coming, changing, leaving. */
#include "participant.h"

#include <stdlib.h>
#include <string.h>

#include "auto_dial.h"
#include "call.h"
#include "conference.h"
#include "device/device_call.h"
#include "event_stream.h"
#include "host_timers.h"
#include "invite.h"
#include "join.h"
#include "keys.h"
#include "leg.h"
#include "pl/str.h"
#include "recording.h"
#include "room_sound.h"
#include "roster.h"
#include "session.h"
#include "sink.h"
#include "successor.h"
#include "talk_interval.h"
#include "telephone.h"
#include "transfer.h"
#include "vmr.h"
#include "waiting.h"

enum { HASH_TEXT = 64 };

#define TO(s) PL_SM_BIT(PL_PART_STATE_##s)
static const pl_sm_state PART_STATES[] = {
    [PL_PART_STATE_NONE] = {"none", TO(NEW), false},
    [PL_PART_STATE_NEW] = {"new", TO(RINGING) | TO(PIN) | TO(ACTIVE) | TO(LEFT),
                           false},
    [PL_PART_STATE_RINGING] = {"ringing", TO(ACTIVE) | TO(LEFT), false},
    [PL_PART_STATE_PIN] = {"pin", TO(ACTIVE) | TO(LEFT), false},
    [PL_PART_STATE_ACTIVE] = {"active", TO(MOVING) | TO(LEFT), false},
    [PL_PART_STATE_MOVING] = {"moving", TO(ACTIVE) | TO(LEFT), false},
    [PL_PART_STATE_LEFT] = {"left", 0, true},
};
#undef TO
const pl_sm PL_PART_SM = {"participant", PART_STATES, 7};

pl_part *pl_part_find(const pl_pool *pool, const char *participant_id)
{
    return pl_map_find(pool->parts, participant_id);
}

static bool has_token(const pl_part *part, const char *token_hash)
{
    const char *list = part->row.token_hashes;
    if (strlen(token_hash) != HASH_TEXT)
        return false;
    for (; *list; list += strspn(list, " ")) {
        size_t n = strcspn(list, " ");
        if (n == HASH_TEXT && memcmp(list, token_hash, n) == 0)
            return true;
        list += n;
    }
    return false;
}

pl_err pl_part_find_by_token(pl_pool *pool, const char *participant_id,
                             const char *token_hash, pl_part **ret_part)
{
    pl_part *part = pl_part_find(pool, participant_id);
    if (!part)
        return PL_ENOENT;
    if (!has_token(part, token_hash))
        return PL_EAUTH;
    *ret_part = part;
    return PL_OK;
}

void pl_part_save(pl_pool *pool, pl_part *part)
{
    pl_pool_put(pool, &PL_TABLE_PART, &part->row);
}

const char *pl_part_resource(const pl_part *part)
{
    return part->row.resource_id[0] ? part->row.resource_id : part->row.conf_id;
}

pl_err pl_part_load(pl_pool *pool, const pl_part_row *row)
{
    pl_conf *conf = pl_conf_find(pool, row->conf_id);
    pl_part *part = conf ? calloc(1, sizeof *part) : NULL;
    if (!part)
        return conf ? PL_ENOMEM : PL_EPROTO;
    part->row = *row;
    part->conf = conf;
    part->is_spare = row->state == PL_PART_STATE_NEW && row->resource_id[0];
    pl_list_init(&part->legs);
    pl_list_init(&part->sync);
    pl_err e = pl_map_put(pool->parts, row->participant_id, part);
    if (e) {
        free(part);
        return e;
    }
    pl_list_append(&conf->parts, &part->link);
    if (row->state == PL_PART_STATE_LEFT) {
        conf->n_left++;
    } else {
        pl_conf_count_live(pool, conf, 1);
    }
    pl_join_note(pool, part);
    return PL_OK;
}

static pl_err add(pl_pool *pool, pl_conf *conf, pl_part_row *row,
                  pl_part **ret_part)
{
    char id[37];
    if (conf->row.state != PL_CONF_STATE_LIVE)
        return PL_ESTATE;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(row->participant_id, id);
    PL_SET(row->conf_id, conf->row.conf_id);
    row->state = PL_PART_STATE_NEW;
    row->created_at = pool->now.wall_ms;
    pl_err e = pl_part_load(pool, row);
    if (!e)
        *ret_part = pl_part_find(pool, id);
    return e;
}

pl_err pl_part_add(pl_pool *pool, pl_conf *conf, uint32_t kind, uint32_t role,
                   pl_part **ret_part)
{
    pl_part_row row = {.kind = kind, .role = role};
    if (conf->row.state == PL_CONF_STATE_LIVE && !pl_conf_has_room(conf))
        return PL_EFULL;
    return add(pool, conf, &row, ret_part);
}

/* ---- seats of calls that go over to another ---- */

pl_part *pl_part_other(const pl_part *part)
{
    PL_LIST_EACH(node, &part->conf->parts)
    {
        pl_part *other = PL_CONTAINER(node, pl_part, link);
        if (other != part && !other->is_spare &&
            strcmp(other->row.participant_id, part->partner) != 0 &&
            other->row.state != PL_PART_STATE_LEFT)
            return pl_conf_is_for_two(part->conf) ? other : NULL;
    }
    return NULL;
}

pl_err pl_part_add_spare(pl_pool *pool, pl_conf *conf, const pl_part *like,
                         pl_part **ret_part)
{
    pl_part_row row = {.kind = like->row.kind, .role = like->row.role};
    PL_SET(row.resource_id, pl_part_resource(like));
    PL_SET(row.session_id, like->row.session_id);
    PL_SET(row.invited_by, like->row.participant_id);
    PL_SET(row.display_name, like->row.display_name);
    PL_SET(row.address, like->row.address);
    PL_SET(row.source, like->row.source);
    pl_err e = add(pool, conf, &row, ret_part);
    if (!e)
        pl_part_save(pool, *ret_part);
    return e;
}

void pl_part_drop_spare(pl_pool *pool, pl_part *spare, const char *reason)
{
    spare->partner[0] = '\0';
    spare->row.session_id[0] = '\0'; /* its session sits elsewhere */
    pl_part_leave(pool, spare, reason);
}

void pl_part_rehome(pl_pool *pool, pl_part *part, pl_conf *conf)
{
    char resource[PL_ID_MAX + 1];
    PL_SET(resource, pl_part_resource(part));
    pl_talk_set(pool, part, false);
    pl_list_remove(&part->link);
    pl_conf_count_live(pool, part->conf, -1);
    pl_list_append(&conf->parts, &part->link);
    pl_conf_count_live(pool, conf, 1);
    part->conf = conf;
    PL_SET(part->row.conf_id, conf->row.conf_id);
    PL_SET(part->row.resource_id,
           strcmp(resource, conf->row.conf_id) == 0 ? "" : resource);
    pl_part_save(pool, part);
}

bool pl_part_move(pl_pool *pool, pl_part *part, uint32_t state)
{
    unsigned now = part->row.state;
    if (pl_sm_move(&PL_PART_SM, &now, state)) {
        pl_pool_note(pool, PL_LOG_WARN, "forbidden_move", part->conf, part,
                     pl_part_state_text(state));
        return false;
    }
    part->row.state = now;
    pl_part_save(pool, part);
    return true;
}

/* Into the mix, or the music of the waiting room. */
static void enter_media(pl_pool *pool, pl_part *part)
{
    pl_leg *leg = pl_leg_of(part);
    if (!leg)
        return;
    if (part->conf->row.kind == PL_CONF_KIND_ROOM) {
        bool is_mixed = !pl_waits(part) && !part->row.on_hold;
        if (leg->row.mixed != is_mixed)
            pl_leg_set_mixed(pool, leg, is_mixed);
        if (part->row.muted)
            pl_leg_set_muted(pool, leg, true);
    }
    pl_waiting_music(pool, leg);
    pl_leg_welcome(pool, leg);
    pl_keys_dialled(pool, leg);
}

static void count_joined(pl_pool *pool, pl_conf *conf)
{
    conf->row.n_joined++;
    pl_conf_save(pool, conf);
}

/* Whether it waits, and is muted with the others. */
static void settle_in(pl_pool *pool, pl_part *part)
{
    pl_waiting_enter(pool, part);
    if (part->row.role == PL_PART_ROLE_GUEST && part->conf->row.guests_muted)
        part->row.muted = true;
}

/* It is active now: show it, and let it hear the others. */
static void come_in(pl_pool *pool, pl_part *part, bool was_shown)
{
    pl_vmr_joined(pool, part->conf->room);
    pl_pool_count(pool, PL_RM_joins);
    if (was_shown) {
        pl_roster_updated(pool, part);
    } else {
        pl_roster_created(pool, part);
    }
    if (part->row.kind == PL_PART_KIND_TELEPHONE && !pl_waits(part))
        pl_phone_beep(pool, part, "beep-join");
    enter_media(pool, part);
    pl_pool_note(pool, PL_LOG_INFO, "participant_joined", part->conf, part,
                 part->row.display_name);
    pl_waiting_check_start(pool, part);
    pl_host_timers_check(pool, part->conf);
    pl_sound_check(pool, part->conf);
    pl_recording_check_auto(pool, part->conf);
    pl_auto_dial(pool, part->conf);
}

void pl_part_activate(pl_pool *pool, pl_part *part)
{
    const pl_leg *leg = pl_leg_of(part);
    if (part->row.joined_at == 0)
        count_joined(pool, part->conf);
    part->row.joined_at = pool->now.wall_ms;
    part->row.ring_until = 0;
    /* A telephone's media is up before it has keyed the PIN or sent the ACK. */
    if (leg && leg->row.state == PL_LEG_STATE_CONNECTED)
        part->row.has_media = true;
    settle_in(pool, part);
    if (!pl_part_move(pool, part, PL_PART_STATE_ACTIVE))
        return;
    pl_pool_cancel(pool, &part->timer);
    come_in(pool, part, part->row.is_dialled); /* while it rang */
}

void pl_part_arrive(pl_pool *pool, pl_part *part)
{
    count_joined(pool, part->conf);
    settle_in(pool, part);
    pl_part_save(pool, part);
    come_in(pool, part, false);
}

void pl_part_set_media(pl_pool *pool, pl_part *part, bool has_media)
{
    if (part->row.has_media == has_media)
        return;
    part->row.has_media = has_media;
    pl_part_save(pool, part);
    if (!has_media && part->is_talking) /* nobody will say that it stopped */
        pl_conf_talking(pool, part, false, part->level);
    if (!has_media)
        pl_talk_set(pool, part, false);
    pl_roster_updated(pool, part);
    pl_waiting_check_start(pool, part);
    pl_host_timers_check(pool, part->conf);
    pl_sound_check(pool, part->conf);
    pl_recording_check_auto(pool, part->conf);
}

void pl_part_set_muted(pl_pool *pool, pl_part *part, bool is_muted)
{
    if (part->row.muted == is_muted)
        return;
    part->row.muted = is_muted;
    pl_part_save(pool, part);
    if (pl_leg_of(part))
        pl_leg_set_muted(pool, pl_leg_of(part), is_muted);
    pl_roster_updated(pool, part);
}

/* Whatever direction its description says: music on hold and a microphone left
 * open do not belong into the conference. */
void pl_part_set_hold(pl_pool *pool, pl_part *part, bool is_held)
{
    pl_leg *leg = pl_leg_of(part);
    if (part->row.on_hold == is_held)
        return;
    part->row.on_hold = is_held;
    pl_part_save(pool, part);
    if (leg && part->row.state == PL_PART_STATE_ACTIVE && !pl_waits(part))
        pl_leg_set_mixed(pool, leg, !is_held);
    pl_roster_updated(pool, part);
}

/* ---- leaving ---- */

static void write_record(pl_pool *pool, const pl_part *part)
{
    const pl_part_row *p = &part->row;
    pl_record_row row = {.kind = p->kind,
                         .conf_kind = part->conf->row.kind,
                         .role = p->role,
                         .is_dialled = p->is_dialled,
                         .started_at = p->created_at,
                         .joined_at = p->joined_at,
                         .left_at = p->left_at};
    PL_SET(row.participant_id, p->participant_id);
    PL_SET(row.conf_id, p->conf_id);
    PL_SET(row.room_id, part->conf->row.room_id);
    PL_SET(row.tag, part->conf->room ? part->conf->room->row.tag : "");
    PL_SET(row.display_name, p->display_name);
    PL_SET(row.address, p->address);
    PL_SET(row.reason, p->leave_reason);
    pl_quality_record(&part->quality, &row);
    pl_pool_put(pool, &PL_TABLE_RECORD, &row);
    pl_pool_note_record(pool);
}

/* Tell its session, and every session that still rings for it. */
static void tell_sessions(pl_pool *pool, pl_part *part, uint32_t was,
                          const char *reason)
{
    if (part->row.kind != PL_PART_KIND_USER)
        return;
    pl_session_terminated(pool, part->row.session_id, part, reason);
    if (was == PL_PART_STATE_NEW) /* rings nowhere */
        return;
    PL_LIST_EACH(node, &part->legs)
    {
        const pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        /* One that is not negotiated has not been invited yet. */
        if (!pl_leg_is_seat(leg) && leg->is_negotiated) {
            pl_session_terminated(pool, leg->row.session_id, part,
                                  was == PL_PART_STATE_ACTIVE ? "Call canceled"
                                                              : reason);
        }
    }
}

static void end_media(pl_pool *pool, pl_part *part, const char *reason)
{
    while (!pl_list_is_empty(&part->legs))
        pl_leg_drop(pool, PL_CONTAINER(part->legs.next, pl_leg, link));
    if (part->call)
        pl_sipcall_end(pool, part->call, reason);
}

static void forget_due(void *ctx, void *object)
{
    pl_part_forget(ctx, object);
}

/* Somebody who comes and goes as fast as possible is forgotten as fast: every
 * event of a conference looks at all whom it remembers. */
void pl_part_plan_forget(pl_pool *pool, pl_part *part)
{
    enum { MANY_LEFT = 200, SHORT_S = 1 };
    const pl_conf *conf = part->conf;
    bool are_many = conf->n_left > MANY_LEFT;
    /* The host of one may still tidy up its own list of participants. */
    if (conf->row.kind == PL_CONF_KIND_API &&
        conf->row.state == PL_CONF_STATE_LIVE && !are_many) {
        pl_pool_cancel(pool, &part->timer);
        return;
    }
    uint32_t linger_s = are_many ? SHORT_S : pool->config->linger_s;
    pl_pool_plan(pool, &part->timer, forget_due, part, PL_S(linger_s));
}

static unsigned count_seats(const pl_conf *conf)
{
    unsigned n = 0;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        n += !part->is_spare && part->row.state != PL_PART_STATE_LEFT &&
             !pl_successor_waits(part);
    }
    return n;
}

/* A conference ends with its host, a call when one party has none. */
static bool ends_with(const pl_conf *conf, const pl_part *part)
{
    if (pl_conf_is_for_two(conf))
        return !part->is_spare && count_seats(conf) < 2;
    return strcmp(conf->row.host_id, part->row.participant_id) == 0;
}

void pl_part_leave(pl_pool *pool, pl_part *part, const char *reason)
{
    pl_transfer_part_leaves(pool, part, reason);
    uint32_t was = part->row.state;
    bool was_in = was == PL_PART_STATE_ACTIVE && !pl_waits(part);
    pl_conf *conf = part->conf;
    if (was == PL_PART_STATE_LEFT)
        return;
    pl_roster_deleted(pool, part);
    part->row.left_at = pool->now.wall_ms;
    part->row.ring_until = 0;
    part->row.move_until = 0;
    part->row.waiting_at = 0;
    part->row.is_held_by_lock = false;
    part->row.has_media = false;
    part->is_talking = part->told_talking = false;
    pl_talk_set(pool, part, false);
    PL_SET(part->row.leave_reason, reason);
    if (!pl_part_move(pool, part, PL_PART_STATE_LEFT))
        return;
    pl_sinks_part_left(pool, part);
    pl_pool_cancel(pool, &part->wait);
    pl_pool_cancel(pool, &part->again);
    pl_auto_ended(pool, part, was);
    pl_conf_count_live(pool, conf, -1);
    conf->n_left++;
    pl_pool_count(pool, PL_RM_leaves);
    tell_sessions(pool, part, was, reason);
    pl_device_part_left(pool, part, reason);
    if (was == PL_PART_STATE_RINGING)
        pl_invite_result(pool, part, reason);
    pl_refer_goes(pool, part, (uint32_t)pl_err_sip(PL_EUNAVAILABLE));
    if (was_in && part->row.kind == PL_PART_KIND_TELEPHONE)
        pl_phone_beep(pool, part, "beep-leave");
    pl_roster_disconnect(pool, part, reason);
    end_media(pool, part, reason);
    if (!part->is_spare)
        write_record(pool, part);
    pl_part_plan_forget(pool, part);
    pl_pool_note(pool, PL_LOG_INFO, "participant_left", conf, part, reason);
    if (ends_with(conf, part))
        pl_conf_end(pool, conf, reason);
    pl_conf_check_empty(pool, conf);
    pl_host_timers_left(pool, conf);
    pl_sound_check(pool, conf);
}

void pl_part_forget(pl_pool *pool, pl_part *part)
{
    pl_pool_cancel(pool, &part->timer);
    pl_pool_cancel(pool, &part->wait);
    pl_pool_cancel(pool, &part->again);
    if (part->row.state == PL_PART_STATE_LEFT)
        part->conf->n_left--;
    pl_poll_end(pool, &part->poll, part->conf->last_seq);
    pl_event_list_free(&part->sync);
    pl_pool_del(pool, &PL_TABLE_PART, &part->row);
    (void)pl_map_remove(pool->parts, part->row.participant_id);
    pl_join_forget(pool, part);
    pl_list_remove(&part->link);
    free(part->referral);
    free(part);
}
