/* handover.c - what is kept of legs, and the import at a sibling. */
#include "handover.h"

#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "event_stream.h"
#include "leg.h"
#include "pl/buf.h"
#include "pl/str.h"
#include "talk_interval.h"
#include "worker.h"

/* A port of a process that was killed is free a moment after its links are
 * closed. One that hangs keeps it. */
enum { BUSY_TRIES = 4 };
static const int64_t BUSY_WAIT_US = 25000;
/* Who was asked to go on may have begun where we think the streams are, and
 * sent since; SRTP indexes are never used twice. */
static const int64_t ONE_MORE_US = 2000000;

enum { POSITION_MAX = 512, STATE_MAX = 16384 };

typedef struct pl_snapshot {
    bool is_outdated; /* the descriptions have changed since */
    bool is_final;    /* nothing was sent after this position */
    int64_t position_us, asked_us;
    size_t position_len, state_len;
    uint8_t position[POSITION_MAX];
    uint8_t state[];
} pl_snapshot;

/* ---- what is kept ---- */

static size_t size_of(const pl_snapshot *s)
{
    return sizeof *s + s->state_len;
}

static void destroy(pl_snapshot *s)
{
    pl_wipe(s, size_of(s));
    free(s);
}

void pl_handover_forget(pl_pool *pool, pl_leg *leg)
{
    if (!leg->snapshot)
        return;
    pool->n_snapshots--;
    pool->snapshot_bytes -= size_of(leg->snapshot);
    destroy(leg->snapshot);
    leg->snapshot = NULL;
}

void pl_handover_outdate(pl_leg *leg)
{
    if (leg->snapshot)
        leg->snapshot->is_outdated = true;
}

void pl_handover_free_leg(void *object)
{
    pl_leg *leg = object;
    if (leg->snapshot)
        destroy(leg->snapshot);
    free(leg);
}

static void set_position(const pl_pool *pool, pl_snapshot *s, pl_slice position)
{
    s->position_us = pool->now.us;
    s->is_final = false;
    s->position_len = position.len;
    memcpy(s->position, position.ptr, position.len);
}

static bool fits(pl_slice text, size_t max)
{
    return text.len > 0 && text.len <= max;
}

void pl_on_leg_snapshot(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_snapshot *m = in->body;
    pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (!leg || !fits(m->state, STATE_MAX) || !fits(m->position, POSITION_MAX))
        return;
    pl_snapshot *s = malloc(sizeof *s + m->state.len);
    if (!s)
        return; /* its leg is offered anew then, as without one */
    *s = (pl_snapshot){.state_len = m->state.len};
    memcpy(s->state, m->state.ptr, m->state.len);
    set_position(pool, s, m->position);
    pl_handover_forget(pool, leg);
    leg->snapshot = s;
    pool->n_snapshots++;
    pool->snapshot_bytes += size_of(s);
}

void pl_on_leg_position(pl_pool *pool, const pl_bus_in *in)
{
    const pl_leg_position *m = in->body;
    const pl_leg *leg = pl_leg_reported(pool, in, m->leg_id);
    if (!leg || !leg->snapshot || !fits(m->position, POSITION_MAX))
        return;
    set_position(pool, leg->snapshot, m->position);
    leg->snapshot->is_final =
        PL_MSG_HAS(LEG_POSITION, leg_position, m, is_final) && m->is_final;
}

/* ---- import ---- */

/* Nothing is being changed, offered or asked: both sides know where they are.
 */
static bool can_import(const pl_leg *leg)
{
    const pl_call *call = leg->part->call;
    return leg->snapshot && !leg->snapshot->is_outdated && leg->is_negotiated &&
           !leg->is_pending && !leg->row.mod_id[0] &&
           !(call && call->expects_answer) &&
           (leg->row.state == PL_LEG_STATE_CONNECTING ||
            leg->row.state == PL_LEG_STATE_CONNECTED);
}

static bool can_import_any(const pl_conf *conf)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        if (can_import(leg))
            return true;
    }
    return false;
}

static uint32_t age_of(const pl_pool *pool, const pl_snapshot *s)
{
    int64_t age_ms = (pool->now.us - s->position_us + 999) / 1000;
    if (s->is_final)
        return 0;
    return age_ms < 1 ? 1 : (uint32_t)(age_ms < INT32_MAX ? age_ms : INT32_MAX);
}

static void imported(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in);

static void send_import(pl_pool *pool, pl_leg *leg, pl_op *op)
{
    const pl_conf *conf = leg->part->conf;
    pl_snapshot *s = leg->snapshot;
    pl_media_leg_import m = {.kind = leg->row.kind,
                             .mixed = leg->row.mixed,
                             .muted = leg->part->row.muted,
                             .state = {s->state, s->state_len},
                             .position = {s->position, s->position_len},
                             .age_ms = age_of(pool, s)};
    PL_SET(m.room_id, conf->row.conf_id);
    PL_SET(m.leg_id, leg->row.leg_id);
    pl_pool_send(pool, conf->row.media_node, conf->row.epoch,
                 &PL_MSG_MEDIA_LEG_IMPORT, &m, op);
    s->asked_us = pool->now.us;
}

/* Who was asked to go on with it does, or may: what is known is older now. */
static void went_on(pl_snapshot *s)
{
    s->position_us = (s->is_final ? s->asked_us : s->position_us) - ONE_MORE_US;
    s->is_final = false;
}

static void start_import(pl_pool *pool, pl_leg *leg)
{
    pl_op *op = pl_op_create(pool, imported);
    if (!op)
        return;
    PL_SET(op->leg, leg->row.leg_id);
    op->no = leg->part->conf->row.epoch;
    if (leg->is_importing)
        went_on(leg->snapshot);
    leg->is_importing = true;
    leg->is_unconfirmed = false;
    send_import(pool, leg, op);
}

/* The leg that this was asked of, unless it went elsewhere meanwhile. */
static pl_leg *leg_of(const pl_pool *pool, const pl_op *op)
{
    pl_leg *leg = pl_leg_find(pool, op->leg);
    return leg && leg->is_importing && leg->part->conf->row.epoch == op->no
               ? leg
               : NULL;
}

static void ask_again(void *ctx, void *object)
{
    pl_op *op = object;
    pl_leg *leg = leg_of(ctx, op);
    if (leg && leg->snapshot) {
        send_import(ctx, leg, op);
    } else {
        pl_op_destroy(&op);
    }
}

static void count_lost(pl_pool *pool, pl_leg *leg, const char *why)
{
    const pl_part *part = leg->part;
    pl_pool_count(pool, PL_RM_legs_not_imported);
    pl_pool_note(pool, PL_LOG_WARN, "leg_not_imported", part->conf, part, why);
}

/* It may have it all the same, if it only said nothing in time. */
static void not_imported(pl_pool *pool, pl_leg *leg, pl_err e)
{
    pl_conf *conf = leg->part->conf;
    pl_media_leg_destroy m = {.present = 0};
    PL_SET(m.room_id, conf->row.conf_id);
    PL_SET(m.leg_id, leg->row.leg_id);
    pl_pool_send(pool, conf->row.media_node, conf->row.epoch,
                 &PL_MSG_MEDIA_LEG_DESTROY, &m, NULL);
    count_lost(pool, leg, pl_err_text(e));
    pl_leg_lost(pool, leg, "media worker lost");
    pl_legs_replace(pool, conf);
}

static void imported(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_leg *leg = leg_of(pool, op);
    (void)in;
    if (leg && e == PL_EBUSY && op->tries++ < BUSY_TRIES) {
        pl_pool_plan(pool, &op->late, ask_again, op, BUSY_WAIT_US);
        return;
    }
    pl_op_destroy(&op);
    if (!leg)
        return;
    if (e) {
        not_imported(pool, leg, e);
        return;
    }
    leg->is_importing = false;
    if (leg->snapshot)
        went_on(leg->snapshot);
    leg->row.epoch = leg->part->conf->row.epoch;
    pl_leg_save(pool, leg);
    pl_pool_count(pool, PL_RM_legs_imported);
}

/* Who spoke is heard of anew from the sibling. */
static void hush(pl_pool *pool, pl_part *part)
{
    if (!part->is_talking)
        return;
    pl_conf_talking(pool, part, false, 0);
    pl_talk_set(pool, part, false);
}

static void import_legs(pl_pool *pool, pl_conf *conf, pl_list *lost)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        hush(pool, leg->part);
        if (can_import(leg)) {
            start_import(pool, leg);
        } else {
            pl_list_append(lost, &leg->lost_link);
        }
    }
}

static void replay(pl_pool *pool, const pl_conf *conf)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        if (leg->is_importing)
            pl_leg_replay(pool, leg);
    }
}

bool pl_handover_take(pl_pool *pool, pl_conf *conf, const pl_worker *sibling,
                      pl_list *lost)
{
    const pl_worker_row *to = &sibling->row;
    if (!can_import_any(conf) ||
        (to->capacity > 0 &&
         (uint64_t)sibling->held + conf->n_live > to->capacity))
        return false;
    pl_conf_unplace(pool, conf);
    pl_conf_place_at(pool, conf, to->node);
    pl_pool_count(pool, PL_RM_takeovers);
    import_legs(pool, conf, lost);
    replay(pool, conf);
    pl_conf_resound(pool, conf);
    return true;
}

/* ---- the sibling does not take the room ---- */

static bool list_importing(const pl_conf *conf, pl_list *lost)
{
    PL_CONF_EACH_LEG(leg, conf)
    {
        if (leg->is_importing)
            pl_list_append(lost, &leg->lost_link);
    }
    return !pl_list_is_empty(lost);
}

bool pl_handover_refused(pl_pool *pool, pl_conf *conf, uint64_t epoch)
{
    pl_list lost;
    pl_list_init(&lost);
    if (conf->row.epoch != epoch || conf->row.state != PL_CONF_STATE_LIVE ||
        !list_importing(conf, &lost))
        return false;
    pl_conf_unplace(pool, conf);
    while (!pl_list_is_empty(&lost)) {
        pl_leg *leg = PL_CONTAINER(lost.next, pl_leg, lost_link);
        pl_list_remove(&leg->lost_link);
        count_lost(pool, leg, "the sibling has no room");
        pl_leg_lost(pool, leg, "media worker lost");
    }
    pl_legs_replace(pool, conf);
    return true;
}
