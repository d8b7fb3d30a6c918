/* host_timers.c - see host_timers.h. */
#include "host_timers.h"

#include "conference.h"
#include "participant.h"
#include "room.h"
#include "transfer.h"
#include "vmr.h"
#include "waiting.h"

static bool is_here(const pl_part *part)
{
    return part->row.state != PL_PART_STATE_LEFT && !part->is_spare;
}

static bool is_room(const pl_conf *conf)
{
    return conf->row.kind == PL_CONF_KIND_ROOM &&
           conf->row.state == PL_CONF_STATE_LIVE;
}

/* ---- who keeps a conference going ---- */

/* A host without media only looks on, unless it started the conference, or
 * there is no PIN that tells hosts from others. */
static bool is_host(const pl_part *part)
{
    const pl_room *room = part->conf->room;
    bool has_host_pin = pl_room_has_host_pin(room);
    return part->row.state == PL_PART_STATE_ACTIVE && !pl_waits(part) &&
           part->row.role == PL_PART_ROLE_HOST &&
           part->row.keep_alive != PL_KEEP_ALIVE_NEVER &&
           (part->row.has_media || !has_host_pin ||
            part->row.keep_alive == PL_KEEP_ALIVE_ALWAYS);
}

static bool has_host(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        if (is_host(PL_CONTAINER(node, pl_part, link)))
            return true;
    }
    return false;
}

static unsigned count_here(const pl_conf *conf)
{
    unsigned n = 0;
    PL_LIST_EACH(node, &conf->parts)
    {
        n += is_here(PL_CONTAINER(node, pl_part, link));
    }
    return n;
}

bool pl_host_timers_hostless(const pl_conf *conf)
{
    return is_room(conf) && conf->row.is_started && pl_conf_is_occupied(conf) &&
           !has_host(conf);
}

/* Telephones that we dialled may be there for the sake of others only. */
static bool can_go_on(const pl_conf *conf)
{
    unsigned n_company = 0;
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (!is_here(part))
            continue;
        if (!part->row.is_dialled ||
            part->row.keep_alive == PL_KEEP_ALIVE_ALWAYS)
            return true;
        n_company += part->row.keep_alive == PL_KEEP_ALIVE_IF_MULTIPLE;
    }
    return n_company >= 2;
}

/* ---- calls of devices ---- */

/* The only one that is, or is coming; NULL: none, or several. */
static pl_part *only_seat(const pl_conf *conf)
{
    pl_part *found = NULL;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_LEFT)
            continue;
        if (found)
            return NULL;
        found = part;
    }
    return found;
}

bool pl_host_timers_forsaken(const pl_conf *conf)
{
    const pl_part *part = conf->row.kind == PL_CONF_KIND_DEVICE &&
                                  conf->row.state == PL_CONF_STATE_LIVE
                              ? only_seat(conf)
                              : NULL;
    return part && part->row.kind == PL_PART_KIND_TELEPHONE &&
           part->row.state == PL_PART_STATE_ACTIVE && !part->is_spare;
}

/* ---- the clocks ---- */

static void hosts_gone(void *ctx, void *object)
{
    pl_conf_end(ctx, object, "All conference hosts departed hosted conference");
}

static void alone_too_long(void *ctx, void *object)
{
    pl_conf_end(ctx, object,
                "Last remaining participant removed from conference after "
                "timeout");
}

/* A telephone whose device went to a room: it may be coming after it. */
static void forsaken_too_long(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_conf *conf = object;
    pl_part *part = pl_host_timers_forsaken(conf) ? only_seat(conf) : NULL;
    if (part && !pl_transfer_involves(part)) {
        pl_part_leave(pool, part, "nobody else is in the call");
        return;
    }
    conf->row.alone_at = 0; /* counted anew */
    pl_conf_save(pool, conf);
    pl_host_timers_check(pool, conf);
}

/* Set or clear a moment and its task. */
static void keep(pl_pool *pool, pl_conf *conf, int64_t *at, bool is_so)
{
    if (is_so == (*at != 0))
        return;
    *at = is_so ? pool->now.wall_ms : 0;
    pl_conf_save(pool, conf);
    pl_host_timers_resume(pool, conf);
}

static void plan(pl_pool *pool, pl_task *task, void (*run)(void *, void *),
                 pl_conf *conf, int64_t since, uint32_t limit_s)
{
    if (since == 0) {
        pl_pool_cancel(pool, task);
    } else {
        pl_pool_plan(
            pool, task, run, conf,
            PL_MS(since + (int64_t)limit_s * 1000 - pool->now.wall_ms));
    }
}

/* How long the last one may stay alone; 0: for ever. Rooms of the pool are
 * wanted by others, unless they are kept for good. */
static uint32_t alone_s(const pl_pool *pool, const pl_conf *conf)
{
    uint32_t any_s = pool->config->last_participant_s;
    const pl_vmr *vmr = conf->room ? conf->room->vmr : NULL;
    uint32_t pool_s = vmr && !pl_vmr_is_persistent(pool, vmr)
                          ? pool->config->pool_last_participant_s
                          : 0;
    return pool_s > 0 && (any_s == 0 || pool_s < any_s) ? pool_s : any_s;
}

void pl_host_timers_resume(pl_pool *pool, pl_conf *conf)
{
    if (conf->row.state != PL_CONF_STATE_LIVE)
        return;
    if (conf->row.kind == PL_CONF_KIND_DEVICE) {
        plan(pool, &conf->alone, forsaken_too_long, conf,
             pool->config->device_alone_s > 0 ? conf->row.alone_at : 0,
             pool->config->device_alone_s);
        return;
    }
    plan(pool, &conf->hostless, hosts_gone, conf, conf->row.hosts_left_at,
         pool->config->guests_only_s);
    uint32_t limit_s = alone_s(pool, conf);
    plan(pool, &conf->alone, alone_too_long, conf,
         limit_s > 0 ? conf->row.alone_at : 0, limit_s);
}

void pl_host_timers_check(pl_pool *pool, pl_conf *conf)
{
    if (conf->row.kind == PL_CONF_KIND_DEVICE &&
        conf->row.state == PL_CONF_STATE_LIVE)
        keep(pool, conf, &conf->row.alone_at, pl_host_timers_forsaken(conf));
    if (!is_room(conf))
        return;
    keep(pool, conf, &conf->row.hosts_left_at, pl_host_timers_hostless(conf));
    if (conf->row.alone_at != 0 && count_here(conf) != 1)
        keep(pool, conf, &conf->row.alone_at, false);
}

void pl_host_timers_left(pl_pool *pool, pl_conf *conf)
{
    if (!is_room(conf)) {
        pl_host_timers_check(pool, conf);
        return;
    }
    if (conf->n_live > 0 && !can_go_on(conf)) {
        pl_conf_end(pool, conf, "No participants can keep conference alive");
        return;
    }
    pl_host_timers_check(pool, conf);
    keep(pool, conf, &conf->row.alone_at, count_here(conf) == 1);
}
