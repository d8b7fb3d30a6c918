/* vmr_remote_sweep.c - what should not be on the other platform, or should be
 * and is not: rooms with our mark that no row knows, rows whose room is gone,
 * people whose coming and going nobody told. */
#include <stdlib.h>
#include <string.h>

#include "vmr_remote_impl.h"

enum {
    PAGE_ROOMS = 10, /* their JSON must be small enough to be read */
    PAGES_MAX = 10000,
    ORPHANS_MAX = 1000,
    TRIES = 3,
    LOOKS = 20, /* rooms looked into in one sweep */
    PAGE_MS = 10000
};

/* ---- orphans ---- */

static pl_remote_orphan *find_orphan(const pl_remote_sweep *s, uint64_t id)
{
    for (size_t i = 0; i < s->n_orphans; i++) {
        if (s->orphans[i].id == id)
            return &s->orphans[i];
    }
    return NULL;
}

static void note_orphan(pl_pool *pool, uint64_t id)
{
    pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    pl_remote_orphan *o = find_orphan(s, id);
    if (!s->orphans)
        s->orphans = calloc(ORPHANS_MAX, sizeof *s->orphans);
    if (!s->orphans) {
        pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    if (!o && s->n_orphans < ORPHANS_MAX) { /* the others: another time */
        o = &s->orphans[s->n_orphans++];
        *o = (pl_remote_orphan){.id = id, .since_us = pool->now.us};
    }
    if (o)
        o->cycle = s->cycle;
}

static void drop_orphan(pl_remote_sweep *s, size_t i)
{
    s->orphans[i] = s->orphans[--s->n_orphans];
}

/* Those that the listing did not show have gone by themselves, or are known by
 * now. */
static void drop_unseen(pl_remote_sweep *s)
{
    for (size_t i = s->n_orphans; i > 0; i--) {
        if (s->orphans[i - 1].cycle != s->cycle)
            drop_orphan(s, i - 1);
    }
}

/* ---- the listing ---- */

/* The platform may not know our filter: each room is judged by itself. */
static void on_listed(void *ctx, const pl_platform_room *room)
{
    pl_pool *pool = ctx;
    const pl_remote *r = pool->vmrs->remote;
    const pl_vmr *vmr = pl_vmr_find(pool, room->name);
    if (room->id == 0 || strcmp(room->description, r->mark) != 0)
        return;
    if (vmr && vmr->remote) {
        vmr->remote->cycle = r->sweep.cycle;
    } else if (!pl_vmr_is_persistent_name(pool, room->name)) {
        note_orphan(pool, room->id);
    }
}

/* Rows whose room was not shown: a page may have slipped, or somebody else may
 * have changed its description, so each is looked for. */
static void doubt_unseen(pl_pool *pool)
{
    const pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    PL_LIST_EACH(node, &pool->vmrs->all)
    {
        pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, link);
        if (!vmr->remote || !pl_vmr_is_remote(vmr) ||
            vmr->row.state == PL_POOL_STATE_DELETED ||
            vmr->row.created_at >= s->wall_ms || vmr->remote->cycle == s->cycle)
            continue;
        vmr->remote->wants_proof = true;
        pl_remote_enqueue(pool, vmr->remote);
    }
}

/* Ask for less, or again; after some tries, not before the next sweep. */
static void no_page(pl_pool *pool, const pl_remote_answer *a)
{
    pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    bool may_be_long = a->error == PL_ETOOBIG || a->verdict == PL_REMOTE_DONE;
    if (a->verdict != PL_REMOTE_FAILED)
        pl_remote_failed(pool, "an answer that is no list of rooms");
    if (may_be_long && s->limit > 1) {
        s->limit /= 2;
    } else if (++s->n_failed == TRIES) {
        s->stage = PL_SWEEP_IDLE;
    }
}

static void on_page(pl_pool *pool, const pl_remote_answer *a)
{
    pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    uint64_t total = 0;
    size_t n = 0;
    bool is_page =
        a->verdict == PL_REMOTE_DONE &&
        !pl_platform_read_page(a->fetched->body, on_listed, pool, &total, &n);
    if (!is_page) {
        no_page(pool, a);
        return;
    }
    s->n_failed = 0;
    s->offset += n;
    s->n_pages++;
    if (s->offset < total && n > 0 && s->n_pages < PAGES_MAX)
        return;
    drop_unseen(s);
    if (s->offset >= total)
        doubt_unseen(pool);
    s->stage = PL_SWEEP_DELETE;
    s->at = 0;
}

static void on_orphan(pl_pool *pool, const pl_remote_answer *a)
{
    pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    if (a->verdict == PL_REMOTE_FAILED) /* tried again */
        return;
    if (a->verdict == PL_REMOTE_REFUSED) {
        s->at++;
        return;
    }
    pl_pool_count(pool, PL_RM_pool_orphans);
    drop_orphan(s, s->at);
}

void pl_remote_swept(pl_pool *pool, pl_remote_step step,
                     const pl_remote_answer *a)
{
    pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    s->is_asking = false;
    if (step == PL_REMOTE_PAGE) {
        on_page(pool, a);
    } else {
        on_orphan(pool, a);
    }
}

/* ---- asking ---- */

/* The next that has been one for long enough. */
static bool has_orphan(const pl_pool *pool, size_t *ret_at)
{
    const pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    int64_t before_us = pool->now.us - PL_S(pool->config->platform_orphan_s);
    for (size_t i = s->at; i < s->n_orphans; i++) {
        if (s->orphans[i].since_us > before_us)
            continue;
        *ret_at = i;
        return true;
    }
    return false;
}

bool pl_remote_sweep_wants(const pl_pool *pool)
{
    const pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    size_t at;
    if (s->is_asking)
        return false;
    return s->stage == PL_SWEEP_LIST ||
           (s->stage == PL_SWEEP_DELETE && has_orphan(pool, &at));
}

void pl_remote_sweep_ask(pl_pool *pool)
{
    pl_remote *r = pool->vmrs->remote;
    pl_remote_sweep *s = &r->sweep;
    pl_remote_request q = {.step = PL_REMOTE_PAGE,
                           .method = PL_FETCH_METHOD_GET,
                           .timeout_ms = PAGE_MS};
    if (s->stage == PL_SWEEP_LIST) {
        pl_platform_url_page(r->base, r->mark, s->limit, s->offset, q.url);
    } else {
        if (!has_orphan(pool, &s->at))
            return;
        q.step = PL_REMOTE_ORPHAN;
        q.method = PL_FETCH_METHOD_DELETE;
        pl_platform_url_room(r->base, s->orphans[s->at].id, q.url);
    }
    s->is_asking = true;
    pl_remote_send(pool, &q);
}

static void start(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_remote_sweep *s = &pool->vmrs->remote->sweep;
    (void)object;
    if (s->stage != PL_SWEEP_LIST && !s->is_asking) {
        s->stage = PL_SWEEP_LIST;
        s->cycle++;
        s->wall_ms = pool->now.wall_ms;
        s->offset = 0;
        s->n_pages = s->n_failed = 0;
        s->limit = PAGE_ROOMS;
        pl_remote_wake(pool);
    }
    pl_pool_plan(pool, &s->start, start, NULL,
                 PL_S(pool->config->platform_sweep_s));
}

void pl_remote_sweep_start(pl_pool *pool)
{
    start(pool, NULL);
}

/* ---- people ---- */

static bool is_looked_into(const pl_vmr *vmr)
{
    return vmr->remote && pl_vmr_is_open(vmr) && pl_vmr_is_remote(vmr) &&
           vmr->row.remote_todo == PL_REMOTE_TODO_NOTHING;
}

void pl_remote_look(pl_pool *pool)
{
    unsigned n = 0;
    pl_remote *r = pool->vmrs->remote;
    if (!r)
        return;
    PL_LIST_EACH(node, &pool->vmrs->all)
    {
        const pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, link);
        if (vmr->row.room_no <= r->looked_no || !is_looked_into(vmr))
            continue;
        vmr->remote->wants_live = true;
        pl_remote_enqueue(pool, vmr->remote);
        r->looked_no = vmr->row.room_no;
        if (++n == LOOKS)
            return;
    }
    r->looked_no = 0; /* next time from the beginning */
}
