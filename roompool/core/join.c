/* join.c - a page's participant: joining, media, leaving. */
#include "join.h"

#include <string.h>

#include "conference.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "refer.h"
#include "room.h"
#include "room_access.h"
#include "room_start.h"
#include "roster.h"
#include "waiting.h"

/* ---- tokens ---- */

enum { LOOK_MS = 10000 }; /* for a page that nobody sits at */

/* Whether it has had neither a call nor a reader of its events for long: its
 * user is gone, whatever its token says. */
static bool is_abandoned(const pl_pool *pool, pl_part *part)
{
    int64_t after_us = PL_S(pool->config->abandoned_s);
    if (!pl_list_is_empty(&part->legs) || part->poll.is_parked) {
        part->quiet_us = 0;
        return false;
    }
    if (part->quiet_us == 0)
        part->quiet_us = pool->now.us;
    return after_us > 0 && pool->now.us - part->quiet_us >= after_us;
}

static void look(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_part *part = object;
    if (pool->now.wall_ms >= part->row.token_expires_at ||
        is_abandoned(pool, part)) {
        pl_part_leave(pool, part, "Timer expired awaiting token refresh");
    } else {
        pl_join_plan_expiry(pool, part);
    }
}

void pl_join_plan_expiry(pl_pool *pool, pl_part *part)
{
    int64_t left_ms = part->row.token_expires_at - pool->now.wall_ms;
    if (pool->config->abandoned_s > 0 && left_ms > LOOK_MS)
        left_ms = LOOK_MS;
    pl_pool_plan(pool, &part->timer, look, part, PL_MS(left_ms));
}

/* Its only token; NULL when it has had more, or is no page. */
static const char *only_token(const pl_part *part)
{
    const char *list = part->row.token_hashes;
    return part->row.kind == PL_PART_KIND_PAGE && list[0] && !strchr(list, ' ')
               ? list
               : NULL;
}

void pl_join_note(pl_pool *pool, pl_part *part)
{
    const char *key = only_token(part);
    if (!key)
        return;
    (void)pl_map_remove(pool->joined, key);
    if (pl_map_put(pool->joined, key, part))
        pl_pool_fail(pool, PL_ENOMEM);
}

void pl_join_forget(pl_pool *pool, const pl_part *part)
{
    const char *key = only_token(part);
    if (key && pl_map_find(pool->joined, key) == part)
        (void)pl_map_remove(pool->joined, key);
}

/* The newest first; older ones stay good, because requests with them may be
 * under way. The list holds four. */
static void add_token(pl_part *part, const char *token_hash)
{
    char list[sizeof part->row.token_hashes];
    PL_SET(list, part->row.token_hashes);
    pl_fmt_cut(part->row.token_hashes, sizeof part->row.token_hashes, "%s%s%s",
               token_hash, list[0] ? " " : "", list);
}

static void renew(pl_pool *pool, pl_part *part, const char *token_hash)
{
    pl_join_forget(pool, part);
    add_token(part, token_hash);
    pl_join_note(pool, part);
    part->row.token_expires_at =
        pool->now.wall_ms + (int64_t)pool->config->token_s * 1000;
    pl_part_save(pool, part);
    pl_join_plan_expiry(pool, part);
}

/* ---- joining ---- */

static void reply_joined(pl_pool *pool, const pl_bus_in *in,
                         const pl_part *part)
{
    pl_room_joined r = {.role = part->row.role,
                        .expires_s = pool->config->token_s,
                        .waiting = pl_waits(part)};
    PL_SET(r.participant_id, part->row.participant_id);
    PL_SET(r.conf_id, part->row.conf_id);
    PL_SET(r.room_name, part->conf->row.room_id);
    PL_SET(r.display_name, part->row.display_name);
    r.no_chat = !pl_room_has_chat(part->conf->room);
    if (r.no_chat)
        PL_MSG_SET(ROOM_JOINED, room_joined, &r, no_chat);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_ROOM_JOINED, &r);
}

/* Who knows a PIN is no stranger; of strangers, one source gets so many seats a
 * minute. */
static pl_err check_stranger(pl_pool *pool, const pl_room *room,
                             const char *source, pl_part_role role)
{
    bool has_host = pl_room_has_host_pin(room);
    bool is_proven =
        pl_room_needs_pin(room) || (has_host && role == PL_PART_ROLE_HOST);
    if (is_proven || pl_join_guard_take(pool->joins, source, pool->now.us))
        return PL_OK;
    pl_pool_count(pool, PL_RM_refused_join_rate);
    return PL_EAGAIN;
}

/* Only hosts have a PIN here: who says nothing of one is asked, and may come in
 * as guest by saying that there is none. */
static bool asks_for_host(const pl_room *room, const pl_room_join *m)
{
    return m->pin[0] == '\0' && pl_room_has_host_pin(room) &&
           !pl_room_needs_pin(room);
}

/* ret_text: what else the one that is refused should know; NULL: nothing */
static pl_err admit(pl_pool *pool, const pl_room_join *m, pl_part **ret_part,
                    const char **ret_text)
{
    pl_room *room = NULL;
    pl_conf *conf;
    pl_part_role role;
    pl_err e =
        pool->is_draining ? PL_EDRAIN : pl_room_find(pool, m->alias, &room);
    if (!e && m->transfer_id[0]) {
        e = pl_refer_check(pool, m, room, &role);
    } else if (!e && asks_for_host(room, m)) {
        *ret_text = "guest_pin=none";
        e = PL_EPIN_REQUIRED;
    } else if (!e) {
        e = pl_room_check_pin(pool, room, m->pin, m->source, &role);
        if (!e)
            e = check_stranger(pool, room, m->source, role);
    }
    if (!e && room->conf && !pl_conf_has_room(room->conf))
        e = PL_EFULL;
    if (!e)
        e = pl_conf_of_room(pool, room, &conf);
    if (!e)
        e = pl_part_add(pool, conf, PL_PART_KIND_PAGE, role, ret_part);
    if (e) {
        pl_room_drop_unused(pool, room);
    } else if (m->transfer_id[0]) {
        pl_refer_use(pool, m->transfer_id);
    }
    return e;
}

/* The participant that an earlier copy of this request made. */
static pl_part *joined_before(const pl_pool *pool, const pl_room_join *m)
{
    pl_part *part = pl_map_find(pool->joined, m->token_hash);
    return part && part->row.state == PL_PART_STATE_ACTIVE ? part : NULL;
}

void pl_on_room_join(pl_pool *pool, const pl_bus_in *in)
{
    const pl_room_join *m = in->body;
    pl_part *part = joined_before(pool, m);
    if (part) {
        reply_joined(pool, in, part);
        return;
    }
    const char *text = NULL;
    pl_err e = admit(pool, m, &part, &text);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, text);
        return;
    }
    PL_SET(part->row.display_name,
           m->display_name[0] ? m->display_name : "Guest");
    PL_SET(part->row.source, m->source);
    pl_part_activate(pool, part);
    renew(pool, part, m->token_hash);
    reply_joined(pool, in, part);
}

/* ---- the rest names a participant and its token ---- */

void pl_on_participant_refresh(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_refresh *m = in->body;
    pl_part *part =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!part)
        return;
    renew(pool, part, m->new_token_hash);
    pl_participant_refreshed r = {.expires_s = pool->config->token_s,
                                  .role = part->row.role};
    pl_pool_reply(pool, &in->ticket, &PL_MSG_PARTICIPANT_REFRESHED, &r);
}

void pl_on_participant_leave(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_leave *m = in->body;
    pl_part *part =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, true);
    if (!part)
        return;
    pl_part_leave(pool, part, m->reason[0] ? m->reason : "left");
    pl_pool_ok(pool, &in->ticket);
}

/* ---- media ---- */

static void media_ready(pl_pool *pool, pl_op *op, pl_err e,
                        const pl_media_leg_sdp *sdp)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    const pl_part *part = pl_part_find(pool, op->part);
    if (!e && sdp->sdp.len == 0)
        e = PL_EMEDIA;
    if (e == PL_EGONE && part && part->row.state != PL_PART_STATE_LEFT)
        e = PL_ESTATE; /* only the media is gone, not the seat */
    if (e) {
        if (leg && !leg->is_negotiated)
            pl_leg_drop(pool, leg);
        pl_pool_refuse(pool, &op->ticket, e, NULL);
    } else {
        pl_participant_media_done r = {.sdp = sdp->sdp};
        PL_SET(r.call_id, op->leg);
        pl_pool_reply(pool, &op->ticket, &PL_MSG_PARTICIPANT_MEDIA_DONE, &r);
    }
    pl_op_destroy(&op);
}

static pl_err new_media(pl_pool *pool, pl_part *part, pl_slice sdp, pl_op *op)
{
    pl_leg *leg;
    while ((leg = pl_leg_of(part)) != NULL) /* the page started over */
        pl_leg_drop(pool, leg);
    pl_part_set_media(pool, part, false);
    pl_err e =
        pl_leg_add(pool, part, PL_LEG_KIND_WEBRTC, "", !pl_waits(part), &leg);
    if (e) {
        pl_op_destroy(&op);
        return e;
    }
    e = pl_leg_negotiate(pool, leg, sdp, op);
    if (e)
        pl_leg_drop(pool, leg);
    return e;
}

static pl_err change_media(pl_pool *pool, pl_part *part, const char *call_id,
                           pl_slice sdp, pl_op *op)
{
    pl_leg *leg = pl_leg_find(pool, call_id);
    if (!leg || leg->part != part) {
        pl_op_destroy(&op);
        return PL_ESTATE; /* "gone" would say that the seat is */
    }
    return pl_leg_remote(pool, leg, sdp, PL_SDP_TYPE_OFFER, op);
}

void pl_on_participant_media(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_media *m = in->body;
    pl_part *part =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!part)
        return;
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = media_ready;
    op->ticket = in->ticket;
    op->has_ticket = true;
    pl_err e = m->call_id[0] ? change_media(pool, part, m->call_id, m->sdp, op)
                             : new_media(pool, part, m->sdp, op);
    if (e)
        pl_pool_refuse(pool, &in->ticket, e, NULL);
}

void pl_on_participant_media_end(pl_pool *pool, const pl_bus_in *in)
{
    const pl_participant_media_end *m = in->body;
    pl_part *part =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, true);
    if (!part)
        return;
    pl_leg *leg = pl_leg_find(pool, m->call_id);
    if (leg && leg->part == part) {
        pl_leg_drop(pool, leg);
        pl_part_set_media(pool, part, false);
    }
    pl_pool_ok(pool, &in->ticket);
}
