/* handover_drain.c - workers that are to end: what they have goes to others. */
#include <string.h>

#include "adoption.h"
#include "conference.h"
#include "device/registration.h"
#include "handover.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "reconcile.h"
#include "waiting.h"
#include "worker.h"

static const int64_t LOOK_US = 200000;    /* whether a new place stands */
static const int64_t WAIT_US = 1000000;   /* for somebody who takes it */
static const int64_t STANDS_US = 5000000; /* longest for a conference to move */

static void step(void *ctx, void *object);

static void plan(pl_pool *pool, pl_worker *w, int64_t delay_us)
{
    pl_pool_plan(pool, &w->drain, step, w, delay_us);
}

static pl_conf *first_at(const pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_conf *conf;
    while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
        if (conf->row.state == PL_CONF_STATE_LIVE &&
            strcmp(conf->row.media_node, node) == 0)
            return conf;
    }
    return NULL;
}

/* ---- at a sibling, without a word ---- */

static void released(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_worker *w = pl_worker_find(pool, op->node);
    bool is_ours = w && w->is_releasing;
    (void)in;
    pl_op_destroy(&op);
    if (!is_ours)
        return; /* it is gone, and with it what there was to do */
    w->is_releasing = false;
    if (e) {
        pl_pool_note(pool, PL_LOG_WARN, "worker_not_released", NULL, NULL,
                     pl_err_text(e));
        w->cannot_release = true;
    } else {
        pl_reconcile_released(pool, w->row.node);
    }
    step(pool, w);
}

static void release(pl_pool *pool, pl_worker *w)
{
    pl_media_release m = {.present = 0};
    pl_op *op = pl_op_create(pool, released);
    if (!op)
        return;
    w->is_releasing = true;
    PL_SET(m.reason, "others take its rooms");
    PL_MSG_SET(MEDIA_RELEASE, media_release, &m, reason);
    pl_pool_send(pool, w->row.node, 0, &PL_MSG_MEDIA_RELEASE, &m, op);
}

/* ---- elsewhere, one after the other, by new offers ---- */

static bool has_media(const pl_part *part)
{
    const pl_leg *leg = pl_leg_of(part);
    return leg && leg->is_negotiated && !leg->is_pending &&
           leg->row.state == PL_LEG_STATE_CONNECTED;
}

/* Whether all who are in the conference have media at its new place. */
static bool stands(const pl_pool *pool, const pl_worker *w)
{
    const pl_conf *conf = pl_conf_find(pool, w->leaving.conf);
    if (!conf || conf->row.state != PL_CONF_STATE_LIVE ||
        pool->now.us - w->leaving.since_us >= STANDS_US)
        return true;
    PL_LIST_EACH(at, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(at, pl_part, link);
        if (part->row.state == PL_PART_STATE_ACTIVE && !has_media(part))
            return false;
    }
    return true;
}

static void move_one(pl_pool *pool, pl_worker *w, pl_conf *conf)
{
    PL_SET(w->leaving.conf, conf->row.conf_id);
    w->leaving.epoch = conf->row.epoch;
    w->leaving.since_us = pool->now.us;
    pl_pool_count(pool, PL_RM_drains_moved);
    pl_reconcile_move(pool, conf);
    plan(pool, w, LOOK_US);
}

static void close_copy(pl_pool *pool, pl_worker *w)
{
    pl_media_room_close m = {.present = 0};
    PL_SET(m.room_id, w->leaving.conf);
    pl_pool_send(pool, w->row.node, w->leaving.epoch, &PL_MSG_MEDIA_ROOM_CLOSE,
                 &m, NULL);
    w->leaving.conf[0] = '\0';
}

/* ---- one step after the other ---- */

static void step(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_worker *w = object;
    pl_worker *other;
    if (w->is_releasing || !pl_worker_is_up(pool, w->row.node, PL_ROLE_MEDIA))
        return;
    if (w->leaving.conf[0] && stands(pool, w))
        close_copy(pool, w);
    pl_conf *conf = first_at(pool, w->row.node);
    if (w->leaving.conf[0] || (conf && !w->has_inventory)) {
        plan(pool, w, LOOK_US); /* with the inventory comes what its legs are */
    } else if (conf && !w->cannot_release &&
               pl_worker_sibling(pool, w->row.node)) {
        release(pool, w);
    } else if (conf &&
               !pl_worker_choose(pool, PL_ROLE_MEDIA, NULL, true, &other)) {
        move_one(pool, w, conf);
    } else if (conf) {
        plan(pool, w, WAIT_US);
    }
}

void pl_handover_drains(pl_pool *pool, pl_worker *w)
{
    pl_pool_note(pool, PL_LOG_INFO, "worker_drains", NULL, NULL, w->row.node);
    if (w->row.role == PL_ROLE_MEDIA) {
        step(pool, w);
    } else if (w->row.role == PL_ROLE_SIGNALING) {
        pl_adopt_from(pool, w->row.node);
        pl_regs_worker_down(pool, w->row.node); /* calls come elsewhere now */
    }
}

void pl_handover_again(pl_pool *pool)
{
    size_t cursor = 0;
    pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (w->row.life != PL_LIFE_DRAINING)
            continue;
        if (pl_worker_is_up(pool, w->row.node, PL_ROLE_MEDIA)) {
            step(pool, w);
        } else if (pl_worker_is_up(pool, w->row.node, PL_ROLE_SIGNALING)) {
            pl_adopt_from(pool, w->row.node);
        }
    }
}

void pl_handover_undrain(pl_pool *pool, pl_worker *w)
{
    pl_pool_cancel(pool, &w->drain);
    w->is_releasing = w->cannot_release = false;
    w->leaving.conf[0] = '\0';
}
