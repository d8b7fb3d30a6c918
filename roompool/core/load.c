/* load.c - from rows to objects after a start. What was only half done when
 * the process ended was never acknowledged: it is undone. */
#include <stdlib.h>
#include <string.h>

#include "adoption.h"
#include "auto_dial.h"
#include "call.h"
#include "conference.h"
#include "device/device_call.h"
#include "device/registration.h"
#include "device/relay.h"
#include "device/subscription.h"
#include "event_stream.h"
#include "host_timers.h"
#include "invite.h"
#include "join.h"
#include "leg.h"
#include "model.h"
#include "move.h"
#include "participant.h"
#include "pl/str.h"
#include "reconcile.h"
#include "recording.h"
#include "reoffer.h"
#include "room.h"
#include "room_alias.h"
#include "room_auto.h"
#include "room_setting.h"
#include "session.h"
#include "sink.h"
#include "telephone.h"
#include "transfer.h"
#include "video.h"
#include "vmr.h"
#include "waiting.h"
#include "worker.h"

static pl_err load_meta(void *ctx, const void *row)
{
    pl_pool *pool = ctx;
    const pl_meta_row *meta = row;
    if (strcmp(meta->name, "epoch") != 0) {
        pl_err e = pl_number_load(pool, meta);
        return e ? e : pl_vmr_load_meta(pool, meta);
    }
    return pl_parse_u64(pl_slice_str(meta->value), INT64_MAX, &pool->epoch);
}

static pl_err load_event(void *ctx, const void *row)
{
    pl_pool *pool = ctx;
    const pl_event_row *r = row;
    pl_sess *sess = r->owner == PL_OWNER_SESSION
                        ? pl_session_find(pool, r->owner_id)
                        : NULL;
    pl_conf *conf = r->owner == PL_OWNER_CONFERENCE
                        ? pl_conf_find(pool, r->owner_id)
                        : NULL;
    pl_event *ev;
    if (!sess && !conf)
        return PL_EPROTO;
    pl_err e = pl_event_copy(r, &ev);
    if (e)
        return e;
    pl_list_append(sess ? &sess->events : &conf->events, &ev->link);
    if (sess) {
        sess->n_events++;
        if (r->kind == PL_EVENT_KIND_SESSION_TERMINATED)
            pl_session_note_told(sess, r->conf_id);
    } else {
        conf->n_events++;
        conf->last_seq = r->seq;
    }
    return PL_OK;
}

#define LOADER(sym)                                                            \
    static pl_err load_##sym(void *ctx, const void *row)                       \
    {                                                                          \
        return LOAD_##sym(ctx, row);                                           \
    }
#define LOAD_room      pl_room_load
#define LOAD_alias     pl_alias_load
#define LOAD_setting   pl_setting_load
#define LOAD_auto      pl_auto_load
#define LOAD_autoroom  pl_autoroom_load
#define LOAD_vmr       pl_vmr_load
#define LOAD_sess      pl_session_load
#define LOAD_user      pl_user_load
#define LOAD_conf      pl_conf_load
#define LOAD_sink      pl_sink_load
#define LOAD_sinkev    pl_sink_event_load
#define LOAD_part      pl_part_load
#define LOAD_leg       pl_leg_load
#define LOAD_call      pl_sipcall_load
#define LOAD_worker    pl_worker_load
#define LOAD_dialog    pl_dialog_load
#define LOAD_video     pl_video_load
#define LOAD_vcall     pl_vcall_load
#define LOAD_subscr    pl_subscr_load
#define LOAD_notif     pl_notif_load
#define LOAD_devcall   pl_devcall_load
#define LOAD_reg       pl_reg_load
#define LOAD_relay     pl_relay_load
#define LOAD_relayev   pl_relayev_load
#define LOAD_recording pl_recording_load
#define LOAD_recfile   pl_recfile_load
LOADER(room)
LOADER(alias)
LOADER(setting)
LOADER(auto)
LOADER(autoroom)
LOADER(vmr)
LOADER(sess)
LOADER(user)
LOADER(conf)
LOADER(sink)
LOADER(sinkev)
LOADER(part)
LOADER(leg)
LOADER(call)
LOADER(worker)
LOADER(dialog)
LOADER(video)
LOADER(vcall)
LOADER(subscr)
LOADER(notif)
LOADER(relay)
LOADER(relayev)
LOADER(reg)
LOADER(devcall)
LOADER(recording)
LOADER(recfile)

static const struct loader {
    const pl_table *table;
    pl_store_on_row load;
} LOADERS[] = {
    {&PL_TABLE_META, load_meta},           {&PL_TABLE_ROOM, load_room},
    {&PL_TABLE_ALIAS, load_alias},         {&PL_TABLE_SESS, load_sess},
    {&PL_TABLE_SINK, load_sink},           {&PL_TABLE_SINKEV, load_sinkev},
    {&PL_TABLE_USER, load_user},           {&PL_TABLE_CONF, load_conf},
    {&PL_TABLE_PART, load_part},           {&PL_TABLE_LEG, load_leg},
    {&PL_TABLE_CALL, load_call},           {&PL_TABLE_EVENT, load_event},
    {&PL_TABLE_WORKER, load_worker},       {&PL_TABLE_VMR, load_vmr},
    {&PL_TABLE_SETTING, load_setting},     {&PL_TABLE_AUTO, load_auto},
    {&PL_TABLE_AUTOROOM, load_autoroom},   {&PL_TABLE_VIDEO, load_video},
    {&PL_TABLE_VCALL, load_vcall},         {&PL_TABLE_SUBSCR, load_subscr},
    {&PL_TABLE_NOTIF, load_notif},         {&PL_TABLE_RELAY, load_relay},
    {&PL_TABLE_RELAYEV, load_relayev},     {&PL_TABLE_REG, load_reg},
    {&PL_TABLE_DEVCALL, load_devcall},     {&PL_TABLE_DIALOG, load_dialog},
    {&PL_TABLE_RECORDING, load_recording}, {&PL_TABLE_RECFILE, load_recfile},
};

/* ---- what follows from what was read ---- */

static void settle_call(pl_call *call)
{
    bool is_answered = call->row.state >= PL_CALL_STATE_ANSWERED;
    call->is_answer_sent = is_answered;
    /* Early media brought the answer; what follows need not repeat it. */
    call->is_answered = is_answered || call->row.state == PL_CALL_STATE_EARLY;
}

static void settle_leg(pl_leg *leg)
{
    leg->is_negotiated = leg->row.state != PL_LEG_STATE_NEW;
}

/* Drop legs whose first negotiation was under way: its asker got no answer. */
static void drop_half_made(pl_pool *pool, pl_part *part)
{
    PL_LIST_EACH_SAFE(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (!leg->is_negotiated)
            pl_leg_drop(pool, leg);
    }
}

static void settle_ringing(pl_pool *pool, pl_part *part)
{
    drop_half_made(pool, part);
    if (pl_auto_again(pool, part)) {
        pl_invite_plan_timeout(pool, part);
        return;
    }
    if (pl_list_is_empty(&part->legs) ||
        (part->row.kind == PL_PART_KIND_TELEPHONE && !part->call)) {
        pl_part_leave(pool, part, "invitation interrupted");
    } else {
        pl_invite_plan_timeout(pool, part);
    }
}

static void settle_active(pl_pool *pool, pl_part *part)
{
    pl_leg *leg = pl_leg_of(part);
    part->is_welcomed = true;
    pl_waiting_resume(pool, part);
    if (part->row.kind == PL_PART_KIND_PAGE) {
        drop_half_made(pool, part);
        /* The page could not refresh while we were away. */
        int64_t least =
            pool->now.wall_ms + (int64_t)pool->config->token_s * 1000;
        if (part->row.token_expires_at < least)
            part->row.token_expires_at = least;
        pl_join_plan_expiry(pool, part);
        return;
    }
    if (!leg)
        return;
    leg->told_hold = leg->row.direction == PL_DIRECTION_SENDONLY ||
                     leg->row.direction == PL_DIRECTION_INACTIVE;
    if (leg->row.mod_id[0])
        pl_reoffer_plan_timeout(pool, leg);
    if (pl_move_is_open(part))
        pl_move_resume(pool, part);
}

static void settle_part(pl_pool *pool, pl_part *part)
{
    switch (part->row.state) {
    case PL_PART_STATE_LEFT: pl_part_plan_forget(pool, part); break;
    case PL_PART_STATE_RINGING:
    case PL_PART_STATE_MOVING: settle_ringing(pool, part); break;
    case PL_PART_STATE_ACTIVE: settle_active(pool, part); break;
    case PL_PART_STATE_PIN: pl_phone_ask_pin(pool, part); break;
    default:
        if (part->is_spare) {
            pl_transfer_resume(pool, part);
            break;
        }
        /* A call whose 200 may be out is decided by the worker's inventory. */
        if ((!part->call || !part->call->is_answer_sent) &&
            !pl_device_keeps(pool, part))
            pl_part_leave(pool, part, "interrupted");
        break;
    }
}

static void settle_place(pl_pool *pool, pl_conf *conf)
{
    char node[PL_NODE_MAX + 1];
    PL_SET(node, conf->row.media_node);
    if (node[0] && !pl_worker_find(pool, node)) /* else it is expected back */
        pl_reconcile_media_down(pool, node, false);
}

static void settle_conf(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        settle_part(pool, PL_CONTAINER(node, pl_part, link));
    }
    if (conf->row.state == PL_CONF_STATE_ENDED) {
        pl_conf_plan_purge(pool, conf);
        return;
    }
    pl_conf_check_empty(pool, conf);
    if (conf->row.state != PL_CONF_STATE_LIVE)
        return;
    conf->is_sound_unknown = conf->row.media_node[0] != '\0';
    pl_host_timers_resume(pool, conf);
    pl_host_timers_check(pool, conf);
    settle_place(pool, conf);
    pl_legs_replace(pool, conf);
}

static void settle_spares(pl_pool *pool)
{
    size_t cursor = 0;
    pl_part *part;
    while ((part = pl_map_next(pool->parts, &cursor, NULL)) != NULL) {
        if (part->is_spare)
            pl_transfer_load(pool, part);
    }
}

static void settle(pl_pool *pool)
{
    size_t cursor = 0;
    void *value;
    while ((value = pl_map_next(pool->calls, &cursor, NULL)) != NULL)
        settle_call(value);
    cursor = 0;
    while ((value = pl_map_next(pool->legs, &cursor, NULL)) != NULL)
        settle_leg(value);
    cursor = 0;
    while ((value = pl_map_next(pool->sessions, &cursor, NULL)) != NULL)
        pl_session_plan_expiry(pool, value);
    pl_workers_expect(pool);
    pl_sinks_resume(pool);
    pl_subscrs_resume(pool);
    settle_spares(pool);
    pl_recordings_resume(pool);
    cursor = 0;
    while ((value = pl_map_next(pool->confs, &cursor, NULL)) != NULL)
        settle_conf(pool, value);
    pl_device_calls_resume(pool);
    pl_vmr_resume(pool);
    pl_video_resume(pool);
    pl_regs_resume(pool);
    pl_relays_resume(pool);
}

/* ---- housekeeping of call records ---- */

static void prune(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pool->n_new_records = 0;
    int64_t keep_ms = (int64_t)pool->config->records_days * 86400 * 1000;
    (void)object;
    pl_err e = pool->store->ops->prune_records(
        pool->store, pool->now.wall_ms - keep_ms, pool->config->max_records);
    if (e)
        pl_pool_fail(pool, e);
    keep_ms = (int64_t)pool->config->video_keep_days * 86400 * 1000;
    pl_video_prune(pool, pool->now.wall_ms - keep_ms);
    keep_ms = (int64_t)pool->config->registration_keep_days * 86400 * 1000;
    e = pool->store->ops->prune_registrations(
        pool->store, pool->now.wall_ms - keep_ms, pool->config->max_records);
    if (e)
        pl_pool_fail(pool, e);
    pl_pool_plan(pool, &pool->prune, prune, NULL, PL_S(3600));
}

/* Not once an hour only: strangers who join and leave write records too. */
void pl_pool_note_record(pl_pool *pool)
{
    enum { MANY_NEW = 1000 };
    if (++pool->n_new_records == MANY_NEW)
        pl_pool_plan(pool, &pool->prune, prune, NULL, 0);
}

pl_err pl_pool_load(pl_pool *pool, pl_now now)
{
    pl_err e = PL_OK;
    pool->now = now;
    pool->is_loading = true;
    for (size_t i = 0; !e && i < sizeof LOADERS / sizeof LOADERS[0]; i++) {
        e = pool->store->ops->each(pool->store, LOADERS[i].table,
                                   LOADERS[i].load, pool);
    }
    pool->is_loading = false;
    if (e)
        return e;
    settle(pool);
    prune(pool, NULL);
    return pool->failed;
}
