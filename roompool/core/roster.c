/* roster.c - participants as events. */
#include "roster.h"

#include <stdlib.h>

#include "event_stream.h"
#include "pl/str.h"

static bool is_shown(const pl_part *part)
{
    return part->conf->row.kind == PL_CONF_KIND_ROOM &&
           part->row.state == PL_PART_STATE_ACTIVE;
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

static void tell_one(pl_pool *pool, pl_part *part, pl_event_row *row,
                     const char *reason)
{
    if (part->row.kind != PL_PART_KIND_PAGE)
        return;
    PL_SET(row->target_id, part->row.participant_id);
    PL_SET(row->participant_id, part->row.participant_id);
    PL_SET(row->reason, reason);
    pl_conf_event(pool, part->conf, row);
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

pl_err pl_roster_sync(pl_part *part)
{
    pl_event_row row = {.seq = 0};
    pl_event_list_free(&part->sync);
    pl_err e = queue_row(part, &row, PL_EVENT_KIND_SYNC_BEGIN);
    PL_LIST_EACH(node, &part->conf->parts)
    {
        pl_part *other = PL_CONTAINER(node, pl_part, link);
        if (e || !is_shown(other))
            continue;
        pl_roster_row(other, &row);
        e = queue_row(part, &row, PL_EVENT_KIND_PARTICIPANT_CREATE);
        if (other->told_talking)
            part->talk_seen = 0;
    }
    row = (pl_event_row){.seq = 0};
    if (!e)
        e = queue_row(part, &row, PL_EVENT_KIND_SYNC_END);
    if (!e)
        e = queue_row(part, &row, PL_EVENT_KIND_CONFERENCE_UPDATE);
    if (!e)
        part->has_reader = true;
    return e;
}
