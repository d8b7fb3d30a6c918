/* reconcile.c - inventories and losses. Every conference carries the epoch of
 * its place; what a worker holds with another epoch is not ours any more. */
#include "reconcile.h"

#include <string.h>

#include "adoption.h"
#include "auto_dial.h"
#include "call.h"
#include "conference.h"
#include "handover.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "recording.h"
#include "reoffer.h"
#include "room_sound.h"
#include "telephone.h"
#include "waiting.h"
#include "worker.h"

static bool is_at(const pl_conf *conf, const char *node)
{
    return strcmp(conf->row.media_node, node) == 0;
}

void pl_reconcile_begin(pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_leg *leg;
    pl_call *call;
    while ((leg = pl_map_next(pool->legs, &cursor, NULL)) != NULL) {
        if (is_at(leg->part->conf, node))
            leg->is_unconfirmed = !leg->is_pending && !leg->is_importing;
    }
    cursor = 0;
    while ((call = pl_map_next(pool->calls, &cursor, NULL)) != NULL) {
        if (strcmp(call->row.node, node) == 0)
            call->is_unconfirmed = true;
    }
}

static void close_stray(pl_pool *pool, const char *node,
                        const pl_inventory_item *item)
{
    pl_media_room_close m = {.present = 0};
    pl_pool_count(pool, PL_RM_orphans);
    PL_SET(m.room_id, item->id);
    pl_pool_send(pool, node, item->epoch, &PL_MSG_MEDIA_ROOM_CLOSE, &m, NULL);
}

static void check_room(pl_pool *pool, const char *node,
                       const pl_inventory_item *item)
{
    pl_conf *conf = pl_conf_find(pool, item->id);
    if (!conf || conf->row.state != PL_CONF_STATE_LIVE || !is_at(conf, node) ||
        conf->row.epoch != item->epoch) {
        close_stray(pool, node, item);
        return;
    }
    pl_recording_seen(pool, conf);
    pl_sound_seen(pool, conf);
}

/* What it was played may have ended while we were away. */
static void seen_again(pl_pool *pool, const char *leg_id)
{
    pl_leg *leg = pl_leg_find(pool, leg_id);
    if (leg)
        pl_waiting_music(pool, leg);
}

static void check_leg(pl_pool *pool, const char *node,
                      const pl_inventory_item *item)
{
    pl_leg *leg = pl_leg_find(pool, item->id);
    const pl_conf *conf = pl_conf_find(pool, item->room_id);
    pl_media_leg_destroy m = {.present = 0};
    if (!conf || !is_at(conf, node) || conf->row.epoch != item->epoch)
        return; /* its room is closed as a whole */
    if (leg && leg->part->conf == conf) {
        leg->is_unconfirmed = false;
        leg->is_negotiated = leg->row.state != PL_LEG_STATE_NEW;
        if (!leg->is_pending) {
            pl_leg_seen(pool, leg, item->state);
            seen_again(pool, item->id);
        }
        return;
    }
    pl_pool_count(pool, PL_RM_orphans);
    PL_SET(m.room_id, item->room_id);
    PL_SET(m.leg_id, item->id);
    pl_pool_send(pool, node, item->epoch, &PL_MSG_MEDIA_LEG_DESTROY, &m, NULL);
}

static void check_call(pl_pool *pool, const char *node,
                       const pl_inventory_item *item)
{
    pl_call *call = pl_sipcall_find(pool, item->id);
    if (call && pl_adopt_is_from(call, node))
        return;
    if (!call || strcmp(call->row.node, node) != 0) {
        pl_sipcall_end_orphan(pool, node, item->id);
        return;
    }
    call->is_unconfirmed = false;
    pl_adopt_seen(pool, call);
    pl_phone_seen(pool, call, item->state);
}

void pl_reconcile_item(pl_pool *pool, const char *node,
                       const pl_inventory_item *item)
{
    static void (*const checks[])(pl_pool *, const char *,
                                  const pl_inventory_item *) = {
        [PL_INVENTORY_ROOM] = check_room,
        [PL_INVENTORY_LEG] = check_leg,
        [PL_INVENTORY_CALL] = check_call,
    };
    uint32_t kind = (uint32_t)pl_inventory_of(item->kind);
    if (kind != PL_INVENTORY_UNKNOWN)
        checks[kind](pool, node, item);
}

/* ---- losses ---- */

/* First all are listed, then they are lost one by one: losing one may remove
 * others, which then leave the list. */
static void lose_all(pl_pool *pool, pl_list *lost, const char *reason)
{
    while (!pl_list_is_empty(lost)) {
        pl_leg *leg = PL_CONTAINER(lost->next, pl_leg, lost_link);
        pl_list_remove(&leg->lost_link);
        pl_leg_lost(pool, leg, reason);
    }
}

/* goes_on: whether a call stays in spite of it. */
static void end_gone_calls(pl_pool *pool, const char *node, const char *reason,
                           bool (*goes_on)(pl_pool *, pl_call *))
{
    size_t cursor = 0;
    pl_list gone;
    pl_call *call;
    pl_list_init(&gone);
    while ((call = pl_map_next(pool->calls, &cursor, NULL)) != NULL) {
        if (call->is_unconfirmed && strcmp(call->row.node, node) == 0)
            pl_list_append(&gone, &call->gone_link);
    }
    while (!pl_list_is_empty(&gone)) {
        call = PL_CONTAINER(gone.next, pl_call, gone_link);
        pl_list_remove(&call->gone_link);
        pl_part *part = call->part;
        if (goes_on(pool, call))
            continue;
        bool is_untold = call->row.state == PL_CALL_STATE_CALLING;
        pl_sipcall_remove(pool, call);
        if (!is_untold || !pl_auto_again(pool, part))
            pl_part_leave(pool, part, reason);
    }
}

void pl_reconcile_place_waiting(pl_pool *pool)
{
    size_t cursor = 0;
    pl_conf *conf;
    while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
        pl_legs_replace(pool, conf);
        pl_reoffer_hold(pool, conf); /* what a restart of ours cut short */
    }
}

void pl_reconcile_end(pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_list lost;
    pl_leg *leg;
    pl_list_init(&lost);
    end_gone_calls(pool, node, "call lost", pl_adopt_again);
    while ((leg = pl_map_next(pool->legs, &cursor, NULL)) != NULL) {
        if (leg->is_unconfirmed && is_at(leg->part->conf, node))
            pl_list_append(&lost, &leg->lost_link);
    }
    lose_all(pool, &lost, "media lost");
    pl_reconcile_place_waiting(pool);
}

static void list_legs(const pl_conf *conf, pl_list *lost)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        pl_list_append(lost, &leg->lost_link);
    }
}

/* In one transaction: each conference is at its old place, or at a new one.
 * sibling: that goes on with them; NULL none. */
static void leave(pl_pool *pool, const char *node, const pl_worker *sibling,
                  const char *reason)
{
    int64_t start_us = pool->port->clock_us(pool->port->ctx);
    size_t cursor = 0;
    pl_list lost;
    pl_conf *conf;
    pl_list_init(&lost);
    while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
        if (!is_at(conf, node) || conf->row.state != PL_CONF_STATE_LIVE ||
            (sibling && pl_handover_take(pool, conf, sibling, &lost)))
            continue;
        list_legs(conf, &lost);
        pl_conf_unplace(pool, conf);
    }
    lose_all(pool, &lost, reason);
    pl_reconcile_place_waiting(pool);
    int64_t took_us = pool->port->clock_us(pool->port->ctx) - start_us;
    pl_metrics_observe_us(pool->metrics, PL_RM_takeover_us,
                          took_us > 0 ? (uint64_t)took_us : 0);
}

void pl_reconcile_media_down(pl_pool *pool, const char *node, bool is_silent)
{
    leave(pool, node, is_silent ? pl_worker_sibling(pool, node) : NULL,
          "media worker lost");
}

void pl_reconcile_released(pl_pool *pool, const char *node)
{
    leave(pool, node, pl_worker_sibling(pool, node), "media worker drains");
}

void pl_reconcile_move(pl_pool *pool, pl_conf *conf)
{
    pl_list lost;
    pl_list_init(&lost);
    list_legs(conf, &lost);
    pl_conf_unplace(pool, conf);
    lose_all(pool, &lost, "media worker drains");
    pl_legs_replace(pool, conf);
}

void pl_reconcile_calls_down(pl_pool *pool, const char *node,
                             const char *reason)
{
    pl_reconcile_begin(pool, node);
    end_gone_calls(pool, node, reason, pl_adopt);
}
