/* vmr_fill.c - free rooms are made in the background, at a bounded rate. */
#include "numbers.h"
#include "pl/str.h"
#include "vmr.h"

/* At high rates several are made in one turn. */
enum { TURN_MS = 10, TURNS_PER_S = 100, EMPTY_S = 60 };

static unsigned n_free(const pl_pool *pool)
{
    return pool->vmrs->n[PL_POOL_STATE_FREE];
}

/* And those that another platform is making. */
static unsigned n_coming(const pl_pool *pool)
{
    return n_free(pool) + pool->vmrs->n[PL_POOL_STATE_CREATING];
}

static bool is_wanted(const pl_pool *pool)
{
    bool is_short =
        n_coming(pool) < pool->config->pool_target || pool->vmrs->n_wanted > 0;
    return is_short && !pool->is_draining &&
           pl_vmr_count(pool->vmrs) < pool->config->pool_max_rooms;
}

static void set_wanted(pl_pool *pool, uint32_t n)
{
    pool->vmrs->n_wanted = n;
    pl_meta_save(pool, "pool_wanted", n);
}

/* What was asked for by count comes beyond the target. */
static pl_err make_one(pl_pool *pool)
{
    pl_vmr *vmr;
    bool is_extra = n_coming(pool) >= pool->config->pool_target;
    pl_err e = pl_vmr_make(pool, NULL, &vmr);
    if (!e && is_extra)
        set_wanted(pool, pool->vmrs->n_wanted - 1);
    return e;
}

static void say_empty(void *ctx, void *object)
{
    (void)object;
    pl_pool_note(ctx, PL_LOG_ERROR, "pool_empty", NULL, NULL,
                 "no free room for a minute");
}

/* Having none for long means that somebody must look. */
static void watch(pl_pool *pool)
{
    pl_vmrs *v = pool->vmrs;
    bool is_empty = n_free(pool) == 0 && pool->config->pool_target > 0;
    if (is_empty && v->empty_us == 0) {
        v->empty_us = pool->now.us > 0 ? pool->now.us : 1;
        pl_pool_plan(pool, &v->empty, say_empty, NULL, PL_S(EMPTY_S));
    } else if (!is_empty && v->empty_us != 0) {
        v->empty_us = 0;
        pl_pool_cancel(pool, &v->empty);
    }
}

static void warn(pl_pool *pool)
{
    pl_vmrs *v = pool->vmrs;
    uint64_t least =
        (uint64_t)pool->config->pool_target * pool->config->pool_low_water;
    bool is_low = (uint64_t)n_free(pool) * 100 < least;
    v->was_filled = v->was_filled || !is_low;
    if (is_low == v->is_low || !v->was_filled)
        return;
    char text[64];
    v->is_low = is_low;
    pl_fmt_cut(text, sizeof text, "%u free rooms, %u wanted", n_free(pool),
               (unsigned)pool->config->pool_target);
    pl_pool_note(pool, is_low ? PL_LOG_WARN : PL_LOG_INFO,
                 is_low ? "pool_low" : "pool_refilled", NULL, NULL, text);
}

static void fill(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    uint32_t rate = pool->config->pool_fill_per_s;
    uint32_t n = rate > TURNS_PER_S ? rate / TURNS_PER_S : 1;
    int64_t gap_us =
        rate > TURNS_PER_S ? PL_MS(TURN_MS) : PL_S(1) / (int64_t)rate;
    pl_err e = PL_OK;
    (void)object;
    pool->vmrs->fill_us = pool->now.us + gap_us;
    while (!e && n-- > 0 && is_wanted(pool))
        e = make_one(pool);
    if (e && e != pool->vmrs->fill_error) {
        pl_pool_note(pool, PL_LOG_WARN, "pool_not_filled", NULL, NULL,
                     pl_err_text(e));
    }
    pool->vmrs->fill_error = e;
    if (!e) /* else there are no more of any kind: the sweep tries again */
        pl_vmr_fill(pool);
}

void pl_vmr_fill(pl_pool *pool)
{
    pl_vmrs *v = pool->vmrs;
    watch(pool);
    warn(pool);
    if (is_wanted(pool) && v->fill.at == 0)
        pl_pool_plan(pool, &v->fill, fill, NULL, v->fill_us - pool->now.us);
}

void pl_on_pool_fill(pl_pool *pool, const pl_bus_in *in)
{
    const pl_pool_fill *m = in->body;
    pl_vmrs *v = pool->vmrs;
    uint64_t all = (uint64_t)pl_vmr_count(v) + v->n_wanted + m->count;
    pl_err e = pool->is_draining ? PL_EDRAIN : PL_OK;
    if (!e && all > pool->config->pool_max_rooms)
        e = PL_EFULL;
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    set_wanted(pool, v->n_wanted + m->count);
    pl_pool_note(pool, PL_LOG_INFO, "pool_fill", NULL, NULL, m->client_id);
    pl_vmr_fill(pool);
    pl_pool_ok(pool, &in->ticket);
}
