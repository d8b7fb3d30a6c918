/* vmr_life.c - what happens to managed rooms as time goes and people come. */
#include <string.h>

#include "conference.h"
#include "pl/str.h"
#include "room.h"
#include "vmr_remote.h"

/* ---- deadlines ---- */

typedef struct deadline {
    int64_t at; /* wall time */
    const char *cause;
    bool is_lease;
} deadline;

static void sooner(deadline *d, int64_t since, uint32_t s, const char *cause)
{
    int64_t at = since + (int64_t)s * 1000;
    if (at < d->at)
        *d = (deadline){.at = at, .cause = cause};
}

/* at INT64_MAX: none. */
static deadline next_deadline(const pl_pool *pool, const pl_vmr *vmr)
{
    const pl_roompool_config *c = pool->config;
    const pl_vmr_row *r = &vmr->row;
    deadline d = {.at = INT64_MAX, .cause = ""};
    if (pl_remote_is_leaving(vmr)) /* it is remembered until it is gone */
        return d;
    if (r->state == PL_POOL_STATE_DELETED) {
        sooner(&d, r->since, c->pool_tombstone_s, "");
        return d;
    }
    if (pl_vmr_is_persistent(pool, vmr))
        return d;
    switch (r->state) {
    case PL_POOL_STATE_FREE:
        sooner(&d, r->created_at, c->pool_max_age_s, "too old");
        return d;
    case PL_POOL_STATE_RESERVED:
        d = (deadline){r->lease_until, "nobody came", true};
        break;
    case PL_POOL_STATE_ENDING:
        sooner(&d, r->since, c->pool_grace_s, "everybody left");
        break;
    case PL_POOL_STATE_IN_USE: break;
    default: return d;
    }
    sooner(&d, r->reserved_at, c->pool_room_life_s, "lifetime over");
    return d;
}

static void end(pl_pool *pool, pl_vmr *vmr, const deadline *d)
{
    if (d->is_lease)
        pl_pool_count(pool, PL_RM_pool_lease_over);
    pl_vmr_remove(pool, vmr, d->cause);
    pl_vmr_trim(pool);
}

void pl_vmr_end_overdue(pl_pool *pool, pl_vmr *vmr)
{
    const deadline d = next_deadline(pool, vmr);
    if (pool->now.wall_ms >= d.at)
        end(pool, vmr, &d);
}

/* Nobody came, or nobody is left: as far as we were told. */
static bool is_hearsay(const pl_pool *pool, const pl_vmr *vmr)
{
    deadline d = {.at = INT64_MAX, .cause = ""};
    sooner(&d, vmr->row.reserved_at, pool->config->pool_room_life_s, "");
    return pl_vmr_is_open(vmr) && pool->now.wall_ms < d.at;
}

static void due(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_vmr *vmr = object;
    const deadline d = next_deadline(pool, vmr);
    if (pool->now.wall_ms < d.at) { /* the clock was set back */
        pl_vmr_plan(pool, vmr);
    } else if (vmr->row.state == PL_POOL_STATE_DELETED) {
        pl_vmr_forget(pool, vmr);
    } else if (!is_hearsay(pool, vmr) || !pl_remote_asks_first(pool, vmr)) {
        end(pool, vmr, &d);
    }
}

void pl_vmr_plan(pl_pool *pool, pl_vmr *vmr)
{
    const deadline d = next_deadline(pool, vmr);
    if (d.at == INT64_MAX) {
        pl_pool_cancel(pool, &vmr->due);
    } else {
        pl_pool_plan(pool, &vmr->due, due, vmr,
                     PL_MS(d.at - pool->now.wall_ms));
    }
}

void pl_vmr_plan_in(pl_pool *pool, pl_vmr *vmr, int64_t delay_us)
{
    pl_pool_plan(pool, &vmr->due, due, vmr, delay_us);
}

/* ---- people ---- */

void pl_vmr_joined(pl_pool *pool, pl_room *room)
{
    pl_vmr *vmr = room ? room->vmr : NULL;
    if (!vmr || !pl_vmr_is_open(vmr) || vmr->row.state == PL_POOL_STATE_IN_USE)
        return;
    if (vmr->row.first_join_at == 0)
        vmr->row.first_join_at = pool->now.wall_ms;
    vmr->row.ended_cause[0] = '\0';
    (void)pl_vmr_move(pool, vmr, PL_POOL_STATE_IN_USE);
}

void pl_vmr_emptied(pl_pool *pool, pl_room *room)
{
    pl_vmr *vmr = room ? room->vmr : NULL;
    if (!vmr || vmr->row.state != PL_POOL_STATE_IN_USE)
        return;
    PL_SET(vmr->row.ended_cause, "everybody left");
    (void)pl_vmr_move(pool, vmr, PL_POOL_STATE_ENDING);
}

/* ---- the sweep: what should not be, but would leak if it were ---- */

static void check_one(pl_pool *pool, pl_vmr *vmr)
{
    uint32_t state = vmr->row.state;
    if (state == PL_POOL_STATE_DELETED) {
        pl_vmr_plan(pool, vmr);
    } else if (!vmr->room) {
        pl_pool_count(pool, PL_RM_pool_orphans);
        pl_vmr_remove(pool, vmr, "its room is gone");
    } else if (pl_vmr_is_remote(vmr)) {
        pl_vmr_plan(pool, vmr);
    } else if (state == PL_POOL_STATE_CREATING) {
        (void)pl_vmr_move(pool, vmr, PL_POOL_STATE_FREE);
    } else if (state == PL_POOL_STATE_IN_USE && !vmr->room->conf) {
        pl_vmr_emptied(pool, vmr->room);
    } else if (pl_conf_is_occupied(vmr->room->conf) &&
               state != PL_POOL_STATE_IN_USE) {
        pl_vmr_joined(pool, vmr->room);
    } else {
        pl_vmr_plan(pool, vmr); /* the wall clock may have been set */
    }
}

static void retire_orphans(pl_pool *pool)
{
    size_t cursor = 0;
    pl_room *room;
    while ((room = pl_map_next(pool->rooms, &cursor, NULL)) != NULL) {
        if (room->row.source != PL_ROOM_SOURCE_POOL || room->vmr)
            continue;
        if (room->row.state == PL_ROOM_STATE_RETIRED) {
            pl_room_drop_unused(pool, room);
            continue;
        }
        pl_pool_count(pool, PL_RM_pool_orphans);
        if (room->conf) {
            pl_conf_end(pool, room->conf, PL_END_BY_API);
        }
        pl_room_retire(pool, room);
    }
}

static void sweep(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    (void)object;
    PL_LIST_EACH_SAFE(node, &pool->vmrs->all)
    {
        check_one(pool, PL_CONTAINER(node, pl_vmr, link));
    }
    retire_orphans(pool);
    pl_remote_look(pool);
    pl_vmr_trim(pool);
    pl_vmr_fill(pool);
    pl_vmr_gauges(pool);
    pl_pool_plan(pool, &pool->vmrs->sweep, sweep, NULL,
                 PL_S(pool->config->pool_sweep_s));
}

void pl_vmr_resume(pl_pool *pool)
{
    pl_remote_resume(pool);
    sweep(pool, NULL);
}
