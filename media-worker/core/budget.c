/* budget.c - see budget.h. */
#include "core/budget.h"

#include <stdlib.h>

enum {
    TICK_NS = 20000000,
    KNOWN_TICKS = 50,      /* then a thread's own costs are believed */
    ROOM_LEGS = 2,         /* expected of a room that has just been opened */
    HALF_LIFE_US = 5000000 /* of the peak of what a thread does */
};

typedef struct thread {
    pl_budget_measure measure;
    bool is_measured;
    int64_t peak_ns, peak_at_us;
    uint32_t n_legs, n_missing; /* held; to ROOM_LEGS in each room */
    pl_cost_counts most;        /* if everybody spoke */
} thread;

struct pl_budget {
    uint32_t n, permille;
    thread *threads;
    pl_costs costs; /* of threads that have no experience of their own */
};

pl_err pl_budget_create(uint32_t n_threads, uint32_t budget_permille,
                        pl_budget **ret_budget)
{
    if (n_threads == 0 || budget_permille > PL_BUDGET_FULL)
        return PL_EINVAL;
    pl_budget *b = calloc(1, sizeof *b);
    if (!b)
        return PL_ENOMEM;
    b->n = n_threads;
    b->permille = budget_permille;
    b->threads = calloc(n_threads, sizeof *b->threads);
    pl_costs_guess(&b->costs);
    if (!b->threads) {
        pl_budget_destroy(&b);
        return PL_ENOMEM;
    }
    *ret_budget = b;
    return PL_OK;
}

void pl_budget_destroy(pl_budget **budget)
{
    if (!budget || !*budget)
        return;
    free((*budget)->threads);
    free(*budget);
    *budget = NULL;
}

/* ---- what threads say --------------------------------------------------- */

static bool is_known(const thread *t)
{
    return t->measure.n_ticks >= KNOWN_TICKS;
}

/* Mean of the threads that know. */
static void share_costs(pl_budget *b)
{
    uint64_t sum[PL_COST_KINDS] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        if (!is_known(&b->threads[i]))
            continue;
        n++;
        for (unsigned k = 0; k < PL_COST_KINDS; k++)
            sum[k] += b->threads[i].measure.costs.ns[k];
    }
    for (unsigned k = 0; n > 0 && k < PL_COST_KINDS; k++)
        b->costs.ns[k] = (uint32_t)(sum[k] / n);
}

/* Pauses in what people say must not look like free capacity: the peak falls
 * by half in some seconds. */
static int64_t faded(const thread *t, int64_t now_us)
{
    int64_t peak = t->peak_ns;
    int64_t age = now_us - t->peak_at_us;
    for (; age >= HALF_LIFE_US && peak > 0; age -= HALF_LIFE_US)
        peak /= 2;
    return age > 0 ? peak - peak / 2 * age / HALF_LIFE_US : peak;
}

void pl_budget_measured(pl_budget *b, uint32_t at,
                        const pl_budget_measure *measure, int64_t now_us)
{
    if (at >= b->n)
        return;
    thread *t = &b->threads[at];
    int64_t work_ns = (int64_t)measure->work_us * 1000;
    int64_t peak = faded(t, now_us);
    bool was_known = is_known(t);
    t->measure = *measure;
    t->peak_ns = work_ns > peak ? work_ns : peak;
    t->peak_at_us = now_us;
    if (is_known(t) || was_known)
        share_costs(b);
}

/* ---- what rooms cost ---------------------------------------------------- */

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

/* If as many spoke at once as the mix takes: each is decoded and hears a mix
 * of his own; the others share one for each codec. Opus speaks first: it is
 * what costs. */
static pl_cost_counts most_of(const pl_budget_room *r)
{
    uint32_t talkers = at_most(r->n_legs, r->max_talkers);
    uint32_t opus = at_most(r->n_opus, talkers);
    uint32_t others = r->n_legs - r->n_opus;
    pl_cost_counts c = {.n = {[PL_COST_LEG] = r->n_legs,
                              [PL_COST_DECODE] = talkers,
                              [PL_COST_ENCODE_OPUS] = opus,
                              [PL_COST_ENCODE] = talkers - opus}};
    if (r->n_opus > opus)
        c.n[PL_COST_ENCODE_OPUS]++;
    if (others > talkers - opus)
        c.n[PL_COST_ENCODE]++;
    return c;
}

static uint32_t missing_of(const pl_budget_room *r)
{
    return r->n_legs < ROOM_LEGS ? ROOM_LEGS - r->n_legs : 0;
}

static void take_out(pl_budget *b, const pl_budget_room *r)
{
    thread *t = &b->threads[r->thread];
    pl_cost_counts c = most_of(r);
    for (unsigned k = 0; k < PL_COST_KINDS; k++)
        t->most.n[k] -= c.n[k];
    t->n_legs -= r->n_legs;
    t->n_missing -= missing_of(r);
}

static void put_in(pl_budget *b, const pl_budget_room *r)
{
    thread *t = &b->threads[r->thread];
    pl_cost_counts c = most_of(r);
    for (unsigned k = 0; k < PL_COST_KINDS; k++)
        t->most.n[k] += c.n[k];
    t->n_legs += r->n_legs;
    t->n_missing += missing_of(r);
}

void pl_budget_room_open(pl_budget *b, pl_budget_room *room, uint32_t at,
                         uint32_t max_talkers)
{
    *room = (pl_budget_room){.thread = at < b->n ? at : 0,
                             .max_talkers = max_talkers};
    put_in(b, room);
}

void pl_budget_room_close(pl_budget *b, const pl_budget_room *room)
{
    take_out(b, room);
}

void pl_budget_leg_add(pl_budget *b, pl_budget_room *room, bool is_opus)
{
    take_out(b, room);
    room->n_legs++;
    room->n_opus += is_opus;
    put_in(b, room);
}

void pl_budget_leg_change(pl_budget *b, pl_budget_room *room, bool was_opus,
                          bool is_opus)
{
    take_out(b, room);
    room->n_opus = room->n_opus - was_opus + is_opus;
    put_in(b, room);
}

void pl_budget_leg_remove(pl_budget *b, pl_budget_room *room, bool was_opus)
{
    take_out(b, room);
    room->n_legs--;
    room->n_opus -= was_opus;
    put_in(b, room);
}

/* ---- how full ----------------------------------------------------------- */

static const pl_costs *costs_of(const pl_budget *b, const thread *t)
{
    return is_known(t) ? &t->measure.costs : &b->costs;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Permille of the limits with so much more. */
static uint32_t load_with(const pl_budget *b, const thread *t, int64_t more_ns)
{
    if (b->permille == 0)
        return 0;
    const pl_costs *costs = costs_of(b, t);
    int64_t most = costs->ns[PL_COST_TICK] + pl_costs_of(costs, &t->most);
    int64_t now = t->peak_ns;
    /* Not connected yet: as much as a leg of this thread may cost at most. */
    if (t->n_legs > t->measure.n_up)
        now += most / t->n_legs * (t->n_legs - t->measure.n_up);
    int64_t by_now = (now + more_ns) * PL_BUDGET_FULL / TICK_NS *
                     PL_BUDGET_FULL / b->permille;
    int64_t by_most = (most + more_ns) * PL_BUDGET_FULL / TICK_NS;
    int64_t load = greater(by_now, by_most);
    return load > INT32_MAX ? INT32_MAX : (uint32_t)load;
}

/* Of one who speaks, in a room of few. */
static int64_t talker_ns(const pl_costs *c)
{
    return (int64_t)c->ns[PL_COST_LEG] + c->ns[PL_COST_DECODE] +
           c->ns[PL_COST_ENCODE_OPUS];
}

static uint32_t load_with_room(const pl_budget *b, const thread *t)
{
    int64_t legs = (int64_t)t->n_missing + ROOM_LEGS;
    return load_with(b, t, legs * talker_ns(costs_of(b, t)));
}

uint32_t pl_budget_emptiest(const pl_budget *b)
{
    uint32_t best = 0;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < b->n; i++) {
        const thread *t = &b->threads[i];
        /* without a budget too the work is spread */
        uint32_t load =
            b->permille ? load_with_room(b, t) : t->n_legs + t->n_missing;
        if (load < least) {
            least = load;
            best = i;
        }
    }
    return best;
}

uint32_t pl_budget_load(const pl_budget *b)
{
    return load_with_room(b, &b->threads[pl_budget_emptiest(b)]);
}

uint32_t pl_budget_thread_load(const pl_budget *b, uint32_t at)
{
    return at < b->n ? load_with(b, &b->threads[at], 0) : 0;
}

bool pl_budget_has_place(const pl_budget *b, const pl_budget_room *room,
                         bool is_opus)
{
    const thread *t = &b->threads[room->thread];
    const pl_costs *costs = costs_of(b, t);
    pl_budget_room with = *room;
    with.n_legs++;
    with.n_opus += is_opus;
    const pl_cost_counts before = most_of(room);
    const pl_cost_counts after = most_of(&with);
    int64_t more = pl_costs_of(costs, &after) - pl_costs_of(costs, &before);
    return load_with(b, t, more) < PL_BUDGET_FULL;
}
