/* management_command.c - see management_command.h. */
#include "management_command.h"

#include <string.h>

#include "conference.h"
#include "control.h"
#include "participant.h"
#include "pl/str.h"
#include "recording.h"
#include "refer.h"
#include "room.h"
#include "room_dial.h"
#include "room_move.h"
#include "room_sound.h"
#include "roster.h"
#include "successor.h"
#include "waiting.h"

typedef pl_management_command command;

/* ---- a participant ---- */

static pl_err disconnect(pl_pool *pool, const command *m, pl_part *part)
{
    (void)m;
    pl_part_leave(pool, part, "API initiated participant disconnect");
    return PL_OK;
}

static pl_err mute(pl_pool *pool, const command *m, pl_part *part)
{
    pl_part_set_muted(pool, part,
                      m->command == PL_MGMT_COMMAND_PARTICIPANT_MUTE);
    return PL_OK;
}

static pl_err unlock(pl_pool *pool, const command *m, pl_part *part)
{
    (void)m;
    pl_waiting_admit(pool, part);
    return PL_OK;
}

static pl_err set_role(pl_pool *pool, const command *m, pl_part *part)
{
    return pl_control_role(pool, part, m->role);
}

/* An address outside of the platform, not a room that is named so. */
static bool is_elsewhere(const pl_pool *pool, const char *alias)
{
    static const char *const schemes[] = {"sip:", "sips:", "tel:"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(alias, schemes[i], strlen(schemes[i])) == 0)
            return !pl_room_is_known(pool, alias);
    }
    return false;
}

static pl_err transfer(pl_pool *pool, const command *m, pl_part *part)
{
    pl_participant_transfer t = {.role = m->role};
    if (m->role != PL_PART_ROLE_HOST && m->role != PL_PART_ROLE_GUEST)
        return PL_EINVAL;
    if (part->row.kind == PL_PART_KIND_TELEPHONE &&
        is_elsewhere(pool, m->alias))
        return pl_refer_send(pool, part, m->alias);
    if (pl_room_move_can(part))
        return pl_room_move(pool, part, m->alias, m->role);
    if (!m->alias[0] || !m->transfer_id[0] || !m->secret[0] ||
        !m->transfer_hash[0])
        return PL_EINVAL;
    PL_SET(t.target_id, part->row.participant_id);
    PL_SET(t.alias, m->alias);
    PL_SET(t.transfer_id, m->transfer_id);
    PL_SET(t.secret, m->secret);
    PL_SET(t.transfer_hash, m->transfer_hash);
    return pl_refer(pool, &t, NULL, part);
}

/* ---- a conference ---- */

static pl_err lock(pl_pool *pool, const command *m, pl_conf *conf)
{
    pl_waiting_lock(pool, conf, m->command == PL_MGMT_COMMAND_CONFERENCE_LOCK);
    return PL_OK;
}

static pl_err mute_guests(pl_pool *pool, const command *m, pl_conf *conf)
{
    pl_control_mute_guests(
        pool, conf, m->command == PL_MGMT_COMMAND_CONFERENCE_MUTE_GUESTS);
    return PL_OK;
}

static pl_err end(pl_pool *pool, const command *m, pl_conf *conf)
{
    (void)m;
    pl_conf_end(pool, conf, PL_END_BY_API);
    return PL_OK;
}

#define HAS(field) PL_MSG_HAS(MANAGEMENT_COMMAND, management_command, m, field)

static pl_err set_layout(pl_pool *pool, const command *m, pl_conf *conf)
{
    if (HAS(host_layout))
        PL_SET(conf->row.host_layout, m->host_layout);
    if (HAS(guest_layout))
        PL_SET(conf->row.guest_layout, m->guest_layout);
    if (HAS(overlay_shown))
        conf->row.overlay_shown = m->overlay_shown;
    pl_roster_layout(pool, conf);
    return PL_OK;
}
#undef HAS

/* ---- what a media worker is asked for ---- */

static pl_err record(pl_pool *pool, const pl_bus_in *in, pl_conf *conf,
                     bool *ret_is_later)
{
    const command *m = in->body;
    const pl_record_order order = {.by = PL_RECORDING_BY_API,
                                   .name = m->client_id,
                                   .has_stems = m->stems,
                                   .ticket = &in->ticket};
    return pl_recording_start(pool, conf, &order, ret_is_later);
}

static pl_err stop_record(pl_pool *pool, const command *m, pl_conf *conf)
{
    (void)m;
    pl_recording_stop(pool, conf, "stopped by the management API");
    return PL_OK;
}

/* To end it there is no prompt. */
static pl_err play(pl_pool *pool, const pl_bus_in *in, pl_conf *conf,
                   bool *ret_is_later)
{
    const command *m = in->body;
    pl_err e = pl_sound_play(pool, conf, m->prompt, m->loop, &in->ticket);
    *ret_is_later = !e;
    return e;
}

static pl_err play_to(pl_pool *pool, const pl_bus_in *in, pl_part *part,
                      bool *ret_is_later)
{
    const command *m = in->body;
    pl_err e = pl_sound_play_to(pool, part, m->prompt, m->loop, &in->ticket);
    *ret_is_later = !e;
    return e;
}

/* ---- which ---- */

static const struct act {
    uint32_t command;
    /* One of them; ask_..: which may be answered later. */
    pl_err (*on_part)(pl_pool *pool, const command *m, pl_part *part);
    pl_err (*on_conf)(pl_pool *pool, const command *m, pl_conf *conf);
    pl_err (*ask_part)(pl_pool *pool, const pl_bus_in *in, pl_part *part,
                       bool *ret_is_later);
    pl_err (*ask_conf)(pl_pool *pool, const pl_bus_in *in, pl_conf *conf,
                       bool *ret_is_later);
} ACTS[] = {
    {PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT, .on_part = disconnect},
    {PL_MGMT_COMMAND_PARTICIPANT_MUTE, .on_part = mute},
    {PL_MGMT_COMMAND_PARTICIPANT_UNMUTE, .on_part = mute},
    {PL_MGMT_COMMAND_PARTICIPANT_UNLOCK, .on_part = unlock},
    {PL_MGMT_COMMAND_PARTICIPANT_ROLE, .on_part = set_role},
    {PL_MGMT_COMMAND_PARTICIPANT_TRANSFER, .on_part = transfer},
    {PL_MGMT_COMMAND_CONFERENCE_LOCK, .on_conf = lock},
    {PL_MGMT_COMMAND_CONFERENCE_UNLOCK, .on_conf = lock},
    {PL_MGMT_COMMAND_CONFERENCE_MUTE_GUESTS, .on_conf = mute_guests},
    {PL_MGMT_COMMAND_CONFERENCE_UNMUTE_GUESTS, .on_conf = mute_guests},
    {PL_MGMT_COMMAND_CONFERENCE_DISCONNECT, .on_conf = end},
    {PL_MGMT_COMMAND_CONFERENCE_LAYOUT, .on_conf = set_layout},
    {PL_MGMT_COMMAND_CONFERENCE_START_RECORDING, .ask_conf = record},
    {PL_MGMT_COMMAND_CONFERENCE_STOP_RECORDING, .on_conf = stop_record},
    {PL_MGMT_COMMAND_CONFERENCE_PLAY, .ask_conf = play},
    {PL_MGMT_COMMAND_CONFERENCE_STOP_PLAYING, .ask_conf = play},
    {PL_MGMT_COMMAND_PARTICIPANT_PLAY, .ask_part = play_to},
    {PL_MGMT_COMMAND_PARTICIPANT_STOP_PLAYING, .ask_part = play_to},
};

static const struct act *find_act(uint32_t which)
{
    for (size_t i = 0; i < sizeof ACTS / sizeof ACTS[0]; i++) {
        if (ACTS[i].command == which)
            return &ACTS[i];
    }
    return NULL;
}

/* One that is in a room, or on its way into it; of a call of a device only to
 * be sent to a room, or away. NULL none. */
static pl_part *find_part(const pl_pool *pool, const command *m)
{
    pl_part *part = pl_part_find(pool, m->id);
    bool is_for_calls = m->command == PL_MGMT_COMMAND_PARTICIPANT_TRANSFER ||
                        m->command == PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT;
    bool is_there =
        part && part->row.state != PL_PART_STATE_LEFT &&
        (part->conf->row.kind == PL_CONF_KIND_ROOM ||
         (is_for_calls && part->conf->row.kind == PL_CONF_KIND_DEVICE));
    return is_there ? part : NULL;
}

/* A live one, by its id or by the number of its room. */
static pl_conf *find_conf(const pl_pool *pool, const char *id)
{
    uint64_t no;
    pl_conf *conf = pl_conf_find(pool, id);
    if (!conf && pl_parse_u64(pl_slice_str(id), INT64_MAX, &no) == PL_OK &&
        no > 0) {
        const pl_room *room = pl_room_by_no(pool, no);
        conf = room ? room->conf : NULL;
    }
    bool is_live = conf && conf->row.state == PL_CONF_STATE_LIVE &&
                   conf->row.kind == PL_CONF_KIND_ROOM;
    return is_live ? conf : NULL;
}

static pl_err run(pl_pool *pool, const pl_bus_in *in, const struct act *act,
                  bool *ret_is_later)
{
    const command *m = in->body;
    bool is_of_part = act->on_part || act->ask_part;
    pl_part *part = is_of_part ? find_part(pool, m) : NULL;
    pl_conf *conf = is_of_part ? NULL : find_conf(pool, m->id);
    if (!part && !conf)
        return PL_ENOENT;
    if (act->on_part)
        return act->on_part(pool, m, part);
    if (act->ask_part)
        return act->ask_part(pool, in, part, ret_is_later);
    return act->on_conf ? act->on_conf(pool, m, conf)
                        : act->ask_conf(pool, in, conf, ret_is_later);
}

static const char *refusal_text(const pl_pool *pool, const command *m, pl_err e)
{
    const pl_conf *conf = find_conf(pool, m->id);
    return conf && m->command == PL_MGMT_COMMAND_CONFERENCE_START_RECORDING
               ? pl_recording_refusal(conf, e)
               : NULL;
}

/* What became of it; of what a media worker answers: that it was asked. */
static void note(pl_pool *pool, const command *m, const char *result)
{
    char text[256];
    pl_fmt_cut(text, sizeof text, "%s of %s by %s: %s",
               pl_mgmt_command_text(m->command), m->id, m->client_id, result);
    pl_pool_note(pool, PL_LOG_INFO, "management_command", NULL, NULL, text);
}

void pl_on_management_command(pl_pool *pool, const pl_bus_in *in)
{
    const command *m = in->body;
    const struct act *act = find_act(m->command);
    bool is_later = false;
    pl_err e = act ? run(pool, in, act, &is_later) : PL_EINVAL;
    if (e) {
        const char *text = refusal_text(pool, m, e);
        note(pool, m, text ? text : pl_err_text(e));
        pl_pool_refuse(pool, &in->ticket, e, text);
        return;
    }
    pl_pool_count(pool, PL_RM_management_commands);
    note(pool, m, is_later ? "asked of the media worker" : "ok");
    if (!is_later)
        pl_pool_ok(pool, &in->ticket);
}

/* ---- dialling ---- */

static pl_err dial(pl_pool *pool, const pl_management_dial *m,
                   pl_part **ret_part)
{
    pl_room *room = NULL;
    pl_conf *conf;
    const pl_dial d = {.address = m->address,
                       .by = "",
                       .role = m->role,
                       .keep_alive = m->keep_alive,
                       .display_name = m->display_name,
                       .overlay_text = "",
                       .digits = m->digits};
    pl_err e = pool->is_draining ? PL_EDRAIN : PL_OK;
    if (!e)
        e = pl_room_find(pool, m->alias, &room);
    if (e)
        return e;
    e = pl_conf_of_room(pool, room, &conf);
    if (!e) {
        e = pl_room_dial_out(pool, conf, &d, ret_part);
        if (e)
            pl_conf_check_empty(pool, conf); /* it was made for this one */
    }
    if (e)
        pl_room_drop_unused(pool, room);
    return e;
}

void pl_on_management_dial(pl_pool *pool, const pl_bus_in *in)
{
    const pl_management_dial *m = in->body;
    pl_part *part;
    pl_room_dialled r = {.present = 0};
    pl_err e = dial(pool, m, &part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_pool_count(pool, PL_RM_management_commands);
    pl_pool_note(pool, PL_LOG_INFO, "management_dial", part->conf, part,
                 m->client_id);
    PL_SET(r.participant_id, part->row.participant_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_ROOM_DIALLED, &r);
}
