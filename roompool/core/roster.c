/* roster.c - participants as events. */
#include "roster.h"

#include <stdlib.h>

#include "conference.h"
#include "event_stream.h"
#include "participant.h"
#include "pl/str.h"
#include "recording.h"
#include "room_start.h"
#include "sink.h"
#include "waiting.h"

static bool is_shown(const pl_part *part)
{
    bool is_in =
        part->row.state == PL_PART_STATE_ACTIVE ||
        (part->row.state == PL_PART_STATE_RINGING && part->row.is_dialled);
    return part->conf->row.kind == PL_CONF_KIND_ROOM && is_in;
}

bool pl_roster_is_shown(const pl_part *part, const pl_part *reader)
{
    return is_shown(part) && (part == reader || !pl_waits(reader));
}

void pl_roster_row(const pl_part *part, pl_event_row *ret_row)
{
    const pl_part_row *p = &part->row;
    *ret_row = (pl_event_row){.role = p->role,
                              .leg_kind = p->kind == PL_PART_KIND_TELEPHONE
                                              ? PL_LEG_KIND_SIP
                                              : PL_LEG_KIND_WEBRTC,
                              .muted = p->muted,
                              .has_media = p->has_media,
                              .on_hold = p->on_hold,
                              .at = p->joined_at};
    PL_SET(ret_row->participant_id, p->participant_id);
    PL_SET(ret_row->display_name, p->display_name);
    PL_SET(ret_row->address, p->address);
}

static void tell(pl_pool *pool, pl_part *part, uint32_t kind)
{
    pl_event_row row;
    if (!is_shown(part))
        return;
    if (kind != PL_EVENT_KIND_PARTICIPANT_DELETE)
        pl_sinks_part(pool, part);
    pl_roster_row(part, &row);
    row.kind = kind;
    pl_conf_event(pool, part->conf, &row);
}

void pl_roster_created(pl_pool *pool, pl_part *part)
{
    tell(pool, part, PL_EVENT_KIND_PARTICIPANT_CREATE);
}

void pl_roster_updated(pl_pool *pool, pl_part *part)
{
    tell(pool, part, PL_EVENT_KIND_PARTICIPANT_UPDATE);
}

void pl_roster_deleted(pl_pool *pool, pl_part *part)
{
    tell(pool, part, PL_EVENT_KIND_PARTICIPANT_DELETE);
}

void pl_roster_tell(pl_pool *pool, pl_part *part, pl_event_row *row)
{
    if (part->row.kind != PL_PART_KIND_PAGE)
        return;
    PL_SET(row->target_id, part->row.participant_id);
    pl_conf_event(pool, part->conf, row);
}

static void tell_one(pl_pool *pool, pl_part *part, pl_event_row *row,
                     const char *reason)
{
    PL_SET(row->participant_id, part->row.participant_id);
    PL_SET(row->reason, reason);
    pl_roster_tell(pool, part, row);
}

void pl_roster_disconnect(pl_pool *pool, pl_part *part, const char *reason)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_DISCONNECT};
    tell_one(pool, part, &row, reason);
}

void pl_roster_call_lost(pl_pool *pool, pl_part *part, const char *call_id,
                         const char *reason)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_CALL_DISCONNECTED};
    PL_SET(row.call_id, call_id);
    tell_one(pool, part, &row, reason);
}

/* ---- the conference ---- */

static void tell_all(pl_pool *pool, pl_conf *conf, uint32_t kind)
{
    pl_event_row row = {.kind = kind};
    pl_conf_save(pool, conf);
    pl_conf_event(pool, conf, &row);
}

void pl_roster_conference(pl_pool *pool, pl_conf *conf)
{
    tell_all(pool, conf, PL_EVENT_KIND_CONFERENCE_UPDATE);
    pl_sinks_conf(pool, conf);
}

void pl_roster_layout(pl_pool *pool, pl_conf *conf)
{
    tell_all(pool, conf, PL_EVENT_KIND_LAYOUT);
}

/* ---- as told ---- */

#define ITEM(field, value)                                                     \
    do {                                                                       \
        item->field = (value);                                                 \
        PL_MSG_SET(EVENT_ITEM, event_item, item, field);                       \
    } while (0)

static void describe_part(const pl_part_row *p, pl_event_item *item)
{
    ITEM(role, p->role);
    ITEM(muted, p->muted);
    ITEM(has_media, p->has_media);
    ITEM(on_hold, p->on_hold);
    ITEM(waiting, p->waiting_at != 0);
    ITEM(client_muted, p->client_muted);
    ITEM(video_muted, p->video_muted);
    ITEM(spotlight_ms, p->spotlight_at);
    ITEM(buzz_ms, p->buzz_at);
    ITEM(rx_presentation, !p->no_presentation);
    ITEM(dialled, p->is_dialled);
    if (p->joined_at > 0)
        ITEM(at_ms, p->joined_at);
    if (p->overlay_text[0]) {
        PL_SET(item->overlay_text, p->overlay_text);
        PL_MSG_SET(EVENT_ITEM, event_item, item, overlay_text);
    }
}

/* Of one that is forgotten: what the event kept. */
static void describe_row(const pl_event_row *row, pl_event_item *item)
{
    ITEM(muted, row->muted);
    ITEM(has_media, row->has_media);
    ITEM(on_hold, row->on_hold);
    ITEM(waiting, false);
}

static void describe_conference(const pl_conf *conf, pl_event_item *item)
{
    const pl_conf_row *c = &conf->row;
    ITEM(locked, c->is_locked);
    ITEM(guests_muted, c->guests_muted);
    ITEM(guests_can_unmute, c->guests_can_unmute);
    ITEM(started, c->is_started);
    ITEM(no_chat, !pl_room_has_chat(conf->room));
    ITEM(recording, pl_recording_is_on(conf));
}

static void describe_layout(const pl_conf_row *c, pl_event_item *item)
{
    if (c->host_layout[0]) {
        PL_SET(item->host_layout, c->host_layout);
        PL_MSG_SET(EVENT_ITEM, event_item, item, host_layout);
    }
    if (c->guest_layout[0]) {
        PL_SET(item->guest_layout, c->guest_layout);
        PL_MSG_SET(EVENT_ITEM, event_item, item, guest_layout);
    }
    ITEM(overlay_shown, c->overlay_shown);
}

void pl_roster_describe(const pl_pool *pool, const pl_conf *conf,
                        const pl_event_row *row, pl_event_item *item)
{
    const pl_part *part = pl_part_find(pool, row->participant_id);
    switch (row->kind) {
    case PL_EVENT_KIND_PARTICIPANT_CREATE:
    case PL_EVENT_KIND_PARTICIPANT_UPDATE:
        ITEM(leg_kind, row->leg_kind);
        if (part) {
            describe_part(&part->row, item);
        } else {
            describe_row(row, item);
        }
        break;
    case PL_EVENT_KIND_CONFERENCE_UPDATE:
        describe_conference(conf, item);
        break;
    case PL_EVENT_KIND_LAYOUT: describe_layout(&conf->row, item); break;
    default: break;
    }
}

/* ---- reading anew ---- */

static pl_err queue_row(pl_part *part, pl_event_row *row, uint32_t kind)
{
    pl_event *ev;
    row->kind = kind;
    row->owner = PL_OWNER_CONFERENCE;
    row->seq = part->conf->last_seq;
    PL_SET(row->owner_id, part->conf->row.conf_id);
    PL_SET(row->conf_id, part->conf->row.conf_id);
    pl_err e = pl_event_copy(row, &ev);
    if (e)
        return e;
    pl_list_append(&part->sync, &ev->link);
    return PL_OK;
}

/* All whom the reader may see, but one. */
static pl_err queue_people(pl_part *part, const pl_part *but)
{
    pl_event_row row;
    pl_err e = PL_OK;
    PL_LIST_EACH(node, &part->conf->parts)
    {
        const pl_part *other = PL_CONTAINER(node, pl_part, link);
        if (e || other == but || !pl_roster_is_shown(other, part))
            continue;
        pl_roster_row(other, &row);
        e = queue_row(part, &row, PL_EVENT_KIND_PARTICIPANT_CREATE);
        if (other->told_talking)
            part->talk_seen = 0;
    }
    return e;
}

static pl_err queue_bare(pl_part *part, uint32_t kind)
{
    pl_event_row row = {.seq = 0};
    return queue_row(part, &row, kind);
}

pl_err pl_roster_sync(pl_part *part)
{
    static const uint32_t after[] = {PL_EVENT_KIND_SYNC_END,
                                     PL_EVENT_KIND_CONFERENCE_UPDATE,
                                     PL_EVENT_KIND_LAYOUT};
    pl_event_list_free(&part->sync);
    part->hidden_seq = 0;
    pl_err e = queue_bare(part, PL_EVENT_KIND_SYNC_BEGIN);
    if (!e)
        e = queue_people(part, NULL);
    for (size_t i = 0; !e && i < sizeof after / sizeof after[0]; i++)
        e = queue_bare(part, after[i]);
    if (!e)
        part->has_reader = true;
    return e;
}

/* A reader that is in the middle of its opening gets that anew. */
static pl_err show_others(pl_part *part)
{
    if (part->row.kind != PL_PART_KIND_PAGE || !part->has_reader)
        return PL_OK;
    if (!pl_list_is_empty(&part->sync))
        return pl_roster_sync(part);
    pl_err e = queue_people(part, part);
    PL_LIST_EACH(node, &part->sync)
    {
        PL_CONTAINER(node, pl_event, link)->row.seq = 0; /* beside the stream */
    }
    return e;
}

/* Events so far were not for it, and stay so, but for its own. */
void pl_roster_admitted(pl_pool *pool, pl_part *part)
{
    part->hidden_seq = part->conf->last_seq;
    if (show_others(part))
        pl_pool_fail(pool, PL_ENOMEM);
    pl_roster_updated(pool, part);
}
