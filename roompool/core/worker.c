/* worker.c - who is there, how loaded, since when. */
#include "worker.h"

#include <stdlib.h>
#include <string.h>

#include "device/registration.h"
#include "event_stream.h"
#include "handover.h"
#include "ops.h"
#include "pl/str.h"
#include "placement.h"
#include "reconcile.h"
#include "vmr.h"

enum { MAX_CANDIDATES = 256, MAX_WORKERS = 1024, METRICS_MAX = 65536 };
enum { RESERVE_PERMILLE = 1400 }; /* of the budget: all of the time, nearly */
static const int64_t STORE_US = 10000000; /* load is stored at most so often */
static const int64_t LACK_US = 10000000;  /* and that none is left is logged */
static const int64_t GONE_MS = 3600000;   /* workers that are gone are shown */
static const int64_t PRUNE_US = 600000000;

pl_worker *pl_worker_find(const pl_pool *pool, const char *node)
{
    return pl_map_find(pool->workers, node);
}

static bool is_up(const pl_worker *w)
{
    return w->row.state == PL_WORKER_STATE_UP && !w->is_expected;
}

bool pl_worker_is_up(const pl_pool *pool, const char *node, pl_role role)
{
    const pl_worker *w = pl_worker_find(pool, node);
    return w && is_up(w) && w->row.role == (uint32_t)role;
}

static void save(pl_pool *pool, pl_worker *w)
{
    w->stored_us = pool->now.us;
    pl_pool_put(pool, &PL_TABLE_WORKER, &w->row);
}

/* "media-1" of "media-1.5f3a9c01". */
static size_t name_len(const char *node)
{
    const char *dot = strrchr(node, '.');
    return dot ? (size_t)(dot - node) : strlen(node);
}

static bool is_same_name(const char *a, const char *b)
{
    size_t n = name_len(a);
    return name_len(b) == n && strncmp(a, b, n) == 0;
}

/* ---- placement ---- */

uint32_t pl_worker_count_held(const pl_pool *pool, const pl_worker *w)
{
    size_t cursor = 0;
    uint32_t n = 0;
    const pl_conf *conf;
    const pl_call *call;
    if (w->row.role == PL_ROLE_MEDIA) {
        while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
            if (strcmp(conf->row.media_node, w->row.node) == 0)
                n += conf->n_live;
        }
        return n;
    }
    while ((call = pl_map_next(pool->calls, &cursor, NULL)) != NULL)
        n += strcmp(call->row.node, w->row.node) == 0;
    return n;
}

void pl_worker_hold(const pl_pool *pool, const char *node, int more)
{
    pl_worker *w = node[0] ? pl_worker_find(pool, node) : NULL;
    if (w)
        w->held += (uint32_t)more;
}

/* One line for many: who finds no place tries again at once. */
static void tell_lack(pl_pool *pool, const pl_candidate *list, size_t n)
{
    char text[256];
    const pl_placement_lack lack = pl_placement_why(list, n, 1);
    if (pool->lack_told_us && pool->now.us - pool->lack_told_us < LACK_US)
        return;
    pool->lack_told_us = pool->now.us;
    pl_fmt_cut(text, sizeof text,
               "%u media workers are up: %u have no time left of their "
               "budget, %u no place, %u are not ready; add a media worker, or "
               "cores and budget_permille of [media]",
               (unsigned)n, lack.n_busy, lack.n_full, lack.n_not_ready);
    pl_pool_note(pool, PL_LOG_WARN, "no_media_worker", NULL, NULL, text);
}

/* Load is told against a budget, by default 700 permille of what there is. */
static uint32_t load_of(const pl_worker *w, bool is_owed)
{
    uint32_t load = w->row.load_permille;
    return is_owed ? (uint32_t)((uint64_t)load * 1000 / RESERVE_PERMILLE)
                   : load;
}

/* sibling_of: others of its network stack only; NULL all. */
static size_t list_candidates(const pl_pool *pool, pl_role role,
                              const pl_worker *sibling_of, bool is_owed,
                              pl_candidate list[MAX_CANDIDATES])
{
    size_t n = 0;
    size_t cursor = 0;
    const pl_worker *w;
    while (n < MAX_CANDIDATES &&
           (w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (w->row.role != (uint32_t)role || !is_up(w) ||
            (sibling_of &&
             (w == sibling_of || strcmp(w->row.net, sibling_of->row.net) != 0)))
            continue;
        list[n++] = (pl_candidate){.node = w->row.node,
                                   .is_ready = w->row.life == PL_LIFE_READY,
                                   .load_permille = load_of(w, is_owed),
                                   .capacity = w->row.capacity,
                                   .held = w->held};
    }
    return n;
}

pl_err pl_worker_choose(pl_pool *pool, pl_role role, const char *avoid,
                        bool is_owed, pl_worker **ret_worker)
{
    pl_candidate list[MAX_CANDIDATES];
    size_t n = list_candidates(pool, role, NULL, is_owed, list);
    size_t at = pl_placement_choose(list, n, 1, avoid);
    if (at == n) {
        if (role == PL_ROLE_MEDIA)
            tell_lack(pool, list, n);
        return PL_EUNAVAILABLE;
    }
    if (role == PL_ROLE_MEDIA)
        pl_metrics_add(pool->metrics, PL_RM_placements, 1);
    *ret_worker = pl_worker_find(pool, list[at].node);
    return PL_OK;
}

pl_worker *pl_worker_sibling(const pl_pool *pool, const char *node)
{
    pl_candidate list[MAX_CANDIDATES];
    const pl_worker *w = pl_worker_find(pool, node);
    if (!w || !w->row.net[0] || !pool->config->takeover)
        return NULL;
    size_t n = list_candidates(pool, PL_ROLE_MEDIA, w, true, list);
    size_t at = pl_placement_choose(list, n, 1, NULL);
    return at < n ? pl_worker_find(pool, list[at].node) : NULL;
}

/* ---- coming and going ---- */

static void count_kinds(pl_pool *pool)
{
    size_t cursor = 0;
    int64_t n_draining = 0;
    int64_t of_kind[PL_ROLE_OPERATOR + 1] = {0};
    const pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (!is_up(w) || w->row.role > PL_ROLE_OPERATOR)
            continue;
        of_kind[w->row.role]++;
        n_draining += w->row.life == PL_LIFE_DRAINING;
    }
    pl_metrics_set(pool->metrics, PL_RM_workers_draining, n_draining);
    pl_metrics_set(pool->metrics, PL_RM_media_up, of_kind[PL_ROLE_MEDIA]);
    pl_metrics_set(pool->metrics, PL_RM_signaling_up,
                   of_kind[PL_ROLE_SIGNALING]);
    pl_metrics_set(pool->metrics, PL_RM_api_up, of_kind[PL_ROLE_API]);
}

static void count_up(pl_pool *pool)
{
    size_t cursor = 0;
    int64_t n = 0;
    const pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL)
        n += is_up(w);
    pl_metrics_set(pool->metrics, PL_RM_workers, n);
}

static void forget_if_over(pl_pool *pool, pl_worker *w);

static void lease_over(void *ctx, void *object)
{
    pl_worker *w = object;
    pl_reconcile_calls_down(ctx, w->row.node, "signaling worker lost");
    forget_if_over(ctx, w);
}

/* is_silent: it told nobody that it goes. Of one that had gone before our start
 * this is no news: only what it left behind is cleaned up. */
static void take_down(pl_pool *pool, pl_worker *w, bool is_silent)
{
    if (w->row.state == PL_WORKER_STATE_DOWN)
        return;
    bool is_lost = is_silent && !w->was_down && w->row.life != PL_LIFE_STOPPED;
    if (is_lost)
        pl_pool_count(pool, PL_RM_workers_lost);
    w->row.state = PL_WORKER_STATE_DOWN;
    if (!w->was_down)
        w->row.down_at = pool->now.wall_ms;
    w->is_expected = false;
    w->row.load_permille = w->row.rooms = w->row.legs = 0;
    save(pool, w);
    count_up(pool);
    pl_handover_undrain(pool, w);
    pl_pool_note(pool, is_lost ? PL_LOG_WARN : PL_LOG_INFO, "worker_down", NULL,
                 NULL, w->row.node);
    if (w->row.role == PL_ROLE_MEDIA) {
        pl_reconcile_media_down(pool, w->row.node, is_silent);
    } else if (w->row.role == PL_ROLE_SIGNALING) {
        pl_pool_plan(pool, &w->lease, lease_over, w,
                     PL_MS(pool->config->sip_lease_ms));
        pl_regs_worker_down(pool, w->row.node);
    } else {
        pl_polls_forget(pool, w->row.node);
    }
}

static void forget(pl_pool *pool, pl_worker *w)
{
    pl_pool_cancel(pool, &w->lease);
    pl_handover_undrain(pool, w);
    pl_pool_del(pool, &PL_TABLE_WORKER, &w->row);
    (void)pl_map_remove(pool->workers, w->row.node);
    free(w->metrics);
    free(w);
}

static pl_worker *other_boot(const pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (is_same_name(w->row.node, node) && strcmp(w->row.node, node) != 0)
            return w;
    }
    return NULL;
}

/* The same worker started again: its former life is over. What it held goes on
 * at others, or here. */
static void bury_former(pl_pool *pool, const char *node)
{
    pl_worker *w;
    while ((w = other_boot(pool, node)) != NULL) {
        take_down(pool, w, true);
        if (w->row.role == PL_ROLE_SIGNALING)
            pl_reconcile_calls_down(pool, w->row.node, "signaling worker lost");
        forget(pool, w);
    }
}

/* ---- those that are gone ---- */

static bool can_forget(const pl_worker *w)
{
    return w->row.state == PL_WORKER_STATE_DOWN && !w->is_expected &&
           w->held == 0 && w->lease.at == 0;
}

/* An hour after it was there; one that had ended in order before our start, as
 * soon as nothing is left of it. */
static void forget_if_over(pl_pool *pool, pl_worker *w)
{
    bool has_ended = w->was_down && w->row.life == PL_LIFE_STOPPED;
    if (can_forget(w) &&
        (has_ended || pool->now.wall_ms - w->row.seen_at >= GONE_MS))
        forget(pool, w);
}

static void prune(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    size_t cursor = 0;
    pl_worker *w;
    (void)object;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL)
        forget_if_over(pool, w);
    pl_pool_plan(pool, &pool->prune_workers, prune, NULL, PRUNE_US);
}

/* Room for one more; false: all are there, or still have something. */
static bool make_room(pl_pool *pool)
{
    size_t cursor = 0;
    pl_worker *w;
    pl_worker *oldest = NULL;
    if (pl_map_count(pool->workers) < MAX_WORKERS)
        return true;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (can_forget(w) && (!oldest || w->row.down_at < oldest->row.down_at))
            oldest = w;
    }
    if (oldest)
        forget(pool, oldest);
    return oldest != NULL;
}

static void not_back(void *ctx, void *object)
{
    pl_worker *w = object;
    if (!w->is_expected)
        return;
    take_down(ctx, w, true);
    forget_if_over(ctx, w);
}

pl_err pl_worker_load(pl_pool *pool, const pl_worker_row *row)
{
    pl_worker *w = calloc(1, sizeof *w);
    if (!w)
        return PL_ENOMEM;
    w->row = *row;
    w->held = pl_worker_count_held(pool, w);
    pl_err e = pl_map_put(pool->workers, row->node, w);
    if (e)
        free(w);
    return e;
}

void pl_workers_expect(pl_pool *pool)
{
    size_t cursor = 0;
    pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        /* One that was down already gets its time again: what it left behind
         * may not have been cleaned up yet. */
        w->is_expected = true;
        w->was_down = w->row.state == PL_WORKER_STATE_DOWN;
        w->row.state = PL_WORKER_STATE_UP;
        pl_pool_plan(pool, &w->lease, not_back, w,
                     PL_MS(pool->config->rejoin_ms));
    }
    pl_pool_plan(pool, &pool->prune_workers, prune, NULL, PRUNE_US);
}

/* ---- messages ---- */

static pl_err check_hello(pl_pool *pool, const pl_bus_in *in)
{
    const pl_hello *m = in->body;
    if (m->schema_major != PL_SCHEMA_MAJOR)
        return PL_EVERSION;
    if (strcmp(m->node, in->node) != 0 || m->role == PL_ROLE_ROOMPOOL)
        return PL_EPROTO;
    return pl_worker_find(pool, in->node) || make_room(pool) ? PL_OK : PL_EFULL;
}

static void fill_row(pl_worker_row *row, const pl_hello *m, int64_t wall_ms)
{
    row->role = m->role;
    row->state = PL_WORKER_STATE_UP;
    row->life = PL_LIFE_READY;
    row->pid = m->pid;
    row->capacity = m->capacity;
    row->up_at = row->seen_at = wall_ms;
    row->down_at = 0;
    PL_SET(row->node, m->node);
    PL_SET(row->host, m->host);
    PL_SET(row->address, m->address);
    PL_SET(row->build, m->build);
    PL_SET(row->net, m->net);
}

void pl_on_hello(pl_pool *pool, const pl_bus_in *in)
{
    const pl_hello *m = in->body;
    pl_hello_ok r = {.roompool_boot = pool->boot, .beat_ms = pool->beat_ms};
    pl_worker_row fresh = {.pid = 0};
    pl_err e = check_hello(pool, in);
    pl_worker *w = NULL;
    if (m->role == PL_ROLE_OPERATOR) {
        pl_ops_hello(pool, in);
        return;
    }
    if (!e) {
        w = pl_worker_find(pool, in->node);
        PL_SET(fresh.node, in->node);
        if (!w)
            e = pl_worker_load(pool, &fresh);
        w = pl_worker_find(pool, in->node);
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_pool_cancel(pool, &w->lease);
    pl_handover_undrain(pool, w);
    fill_row(&w->row, m, pool->now.wall_ms);
    w->held = pl_worker_count_held(pool, w);
    w->is_expected = w->was_down = false;
    w->has_inventory = false;
    save(pool, w);
    count_up(pool);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_HELLO_OK, &r);
    pl_pool_note(pool, PL_LOG_INFO, "worker_up", NULL, NULL, w->row.node);
    pl_reconcile_begin(pool, in->node);
    if (m->role == PL_ROLE_MEDIA)
        pl_reconcile_place_waiting(pool);
    bury_former(pool, in->node);
    pl_handover_again(pool);
}

void pl_pool_on_peer(pl_pool *pool, pl_now now, const char *node, bool up)
{
    pl_worker *w = pl_worker_find(pool, node);
    pool->now = now;
    pool->trace[0] = '\0';
    if (!up)
        pl_ops_forget(pool, node);
    if (up || !w || !is_up(w))
        return; /* a hello follows */
    take_down(pool, w, true);
}

void pl_on_beat(pl_pool *pool, const pl_bus_in *in)
{
    const pl_beat *m = in->body;
    pl_worker *w = pl_worker_find(pool, in->node);
    if (!w || !is_up(w))
        return;
    /* Sent before our answer to its hello reached it. */
    uint32_t life =
        m->life == PL_LIFE_CONNECTING ? (uint32_t)PL_LIFE_READY : m->life;
    bool is_change = w->row.life != life;
    bool drains = is_change && life == PL_LIFE_DRAINING;
    w->row.life = life;
    w->row.load_permille = m->load_permille;
    w->row.rooms = m->rooms;
    w->row.legs = m->legs;
    w->row.seen_at = pool->now.wall_ms;
    if (is_change || pool->now.us - w->stored_us >= STORE_US)
        save(pool, w);
    if (drains)
        pl_handover_drains(pool, w);
}

void pl_on_goodbye(pl_pool *pool, const pl_bus_in *in)
{
    pl_worker *w = pl_worker_find(pool, in->node);
    if (!w)
        return;
    w->row.life = PL_LIFE_STOPPED;
    take_down(pool, w, false);
}

void pl_on_inventory_item(pl_pool *pool, const pl_bus_in *in)
{
    pl_reconcile_item(pool, in->node, in->body);
}

void pl_on_inventory_end(pl_pool *pool, const pl_bus_in *in)
{
    pl_worker *w = pl_worker_find(pool, in->node);
    if (!w || w->has_inventory)
        return;
    w->has_inventory = true;
    pl_reconcile_end(pool, in->node);
}

void pl_on_metrics_report(pl_pool *pool, const pl_bus_in *in)
{
    const pl_metrics_report *m = in->body;
    pl_worker *w = pl_worker_find(pool, in->node);
    char *copy = w ? malloc(m->text.len + 1) : NULL;
    if (!copy)
        return;
    if (m->text.len > 0)
        memcpy(copy, m->text.ptr, m->text.len);
    free(w->metrics);
    w->metrics = copy;
    w->metrics_len = m->text.len;
}

static void reply_own_metrics(pl_pool *pool, const pl_bus_in *in,
                              uint32_t total)
{
    pl_metrics_text r = {.total = total};
    char *text = malloc(METRICS_MAX);
    size_t len = 0;
    pl_vmr_gauges(pool);
    count_kinds(pool);
    if (!text || !pool->metrics ||
        pl_metrics_expose(pool->metrics, pool->node, text, METRICS_MAX, &len))
        len = 0;
    PL_SET(r.node, pool->node);
    r.text = (pl_slice){(const uint8_t *)text, len};
    pl_pool_reply(pool, &in->ticket, &PL_MSG_METRICS_TEXT, &r);
    free(text);
}

void pl_on_metrics_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_metrics_get *m = in->body;
    uint32_t total = (uint32_t)pl_map_count(pool->workers) + 1;
    pl_metrics_text r = {.total = total};
    size_t cursor = 0;
    const pl_worker *w = NULL;
    if (m->index == 0) {
        reply_own_metrics(pool, in, total);
        return;
    }
    for (uint32_t i = 0; i < m->index && (i == 0 || w); i++)
        w = pl_map_next(pool->workers, &cursor, NULL);
    if (!w) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
        return;
    }
    PL_SET(r.node, w->row.node);
    if (is_up(w))
        r.text = (pl_slice){(const uint8_t *)w->metrics, w->metrics_len};
    pl_pool_reply(pool, &in->ticket, &PL_MSG_METRICS_TEXT, &r);
}
