/* reconcile.c - inventories and losses. Every conference carries the epoch of
 * its place; what a worker holds with another epoch is not ours any more. */
#include "reconcile.h"

#include <string.h>

#include "adoption.h"
#include "auto_dial.h"
#include "call.h"
#include "conference.h"
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
            leg->is_unconfirmed = !leg->is_pending;
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

/* A leg that is lost, or that this worker's inventory did not name; found anew
 * each time, since losing one may remove others. NULL none. */
static pl_leg *next_lost(const pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_leg *leg;
    while ((leg = pl_map_next(pool->legs, &cursor, NULL)) != NULL) {
        if (leg->is_lost ||
            (node && leg->is_unconfirmed && is_at(leg->part->conf, node)))
            return leg;
    }
    return NULL;
}

static pl_call *next_gone(const pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_call *call;
    while ((call = pl_map_next(pool->calls, &cursor, NULL)) != NULL) {
        if (call->is_unconfirmed && strcmp(call->row.node, node) == 0)
            return call;
    }
    return NULL;
}

/* goes_on: whether a call stays in spite of it. */
static void end_gone_calls(pl_pool *pool, const char *node, const char *reason,
                           bool (*goes_on)(pl_pool *, pl_call *))
{
    pl_call *call;
    while ((call = next_gone(pool, node)) != NULL) {
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
    pl_leg *leg;
    end_gone_calls(pool, node, "call lost", pl_adopt_again);
    while ((leg = next_lost(pool, node)) != NULL)
        pl_leg_lost(pool, leg, "media lost");
    pl_reconcile_place_waiting(pool);
}

void pl_reconcile_media_down(pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_leg *leg;
    pl_conf *conf;
    while ((leg = pl_map_next(pool->legs, &cursor, NULL)) != NULL)
        leg->is_lost = is_at(leg->part->conf, node);
    cursor = 0;
    while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
        if (is_at(conf, node) && conf->row.state == PL_CONF_STATE_LIVE)
            pl_conf_unplace(pool, conf);
    }
    while ((leg = next_lost(pool, NULL)) != NULL)
        pl_leg_lost(pool, leg, "media worker lost");
    pl_reconcile_place_waiting(pool);
}

void pl_reconcile_calls_down(pl_pool *pool, const char *node,
                             const char *reason)
{
    pl_reconcile_begin(pool, node);
    end_gone_calls(pool, node, reason, pl_adopt);
}
