/* mixer_health.c - see mixer_health.h. */
#include "io/mixer_health.h"

#include <time.h>

#include "core/media_metrics.h"
#include "io/resume.h"

enum { SMOOTH = 32 };

static int64_t clock_ns(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_us(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000;
}

static int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t not_negative(int64_t us)
{
    return us > 0 ? (uint64_t)us : 0;
}

static void tell(_Atomic uint32_t *at, int64_t value)
{
    uint32_t n = value < 0           ? 0
                 : value > INT32_MAX ? INT32_MAX
                                     : (uint32_t)value;
    atomic_store_explicit(at, n, memory_order_relaxed);
}

static uint32_t told(const _Atomic uint32_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

void pl_mixer_health_init(pl_mixer_health *h, pl_metrics *metrics)
{
    h->metrics = metrics;
    pl_cost_model_init(&h->costs);
}

/* ---- awake and asleep --------------------------------------------------- */

void pl_mixer_health_woke(pl_mixer_health *h)
{
    h->woke_us = now_us();
    h->has_ticked = false;
}

void pl_mixer_health_sleeps(pl_mixer_health *h)
{
    int64_t cpu = h->has_ticked ? h->cpu_ns : cpu_ns();
    h->before = (pl_busy_span){.from_us = h->woke_us,
                               .to_us = now_us(),
                               .cpu_us = (cpu - h->span_cpu_ns) / 1000};
    h->span_cpu_ns = cpu;
    if (h->was_disturbed) /* packets read early are of the next tick's cost */
        h->cpu_ns = cpu;
    h->was_disturbed = false;
}

void pl_mixer_health_idle(pl_mixer_health *h)
{
    h->cpu_us_smooth = h->wall_us_smooth = 0;
    tell(&h->told.work_us, 0);
    tell(&h->told.load_permille, 0);
    tell(&h->told.n_up, 0);
}

void pl_mixer_health_disturbed(pl_mixer_health *h)
{
    h->was_disturbed = true;
}

/* ---- a tick ------------------------------------------------------------- */

static void note_late(pl_mixer_health *h)
{
    const pl_late_tick tick = {
        .deadline_us = h->deadline_us,
        .begin_us = h->begin_us,
        .before = h->before,
        .now = {.from_us = h->woke_us,
                .to_us = h->begin_us,
                .cpu_us = (cpu_ns() - h->span_cpu_ns) / 1000}};
    (void)pl_late_put(&h->late, &tick); /* there is place: see _end() */
}

void pl_mixer_health_missed(pl_mixer_health *h, int64_t deadline_us)
{
    pl_mixer_health_begin(h, deadline_us);
}

void pl_mixer_health_begin(pl_mixer_health *h, int64_t deadline_us)
{
    h->begin_us = now_us();
    h->deadline_us = deadline_us;
    int64_t late_us = h->begin_us - deadline_us;
    pl_metrics_observe_us(h->metrics, PL_MEDIA_M_tick_late_us,
                          not_negative(late_us));
    if (late_us > PL_TICK_US)
        pl_metrics_add(h->metrics, PL_MEDIA_M_ticks_late, 1);
    if (late_us > PL_TICK_LATE_US)
        note_late(h);
}

void pl_mixer_health_taken(pl_mixer_health *h, int64_t arrival_us)
{
    int64_t since = h->begin_us > h->woke_us ? h->begin_us : h->woke_us;
    pl_metrics_tally_us(&h->waits, not_negative(since - arrival_us));
}

void pl_mixer_health_used(pl_mixer_health *h, uint32_t wait_us)
{
    /* beyond the longest jitter buffer: of the other side of the tick's time */
    pl_metrics_tally_us(&h->uses, wait_us < INT32_MAX ? wait_us : 0);
}

void pl_mixer_health_rooms(pl_mixer_health *h)
{
    h->room_ns = clock_ns(CLOCK_MONOTONIC);
}

void pl_mixer_health_room(pl_mixer_health *h)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    pl_metrics_tally_us(&h->rooms, not_negative((now - h->room_ns) / 1000));
    h->room_ns = now;
}

void pl_mixer_health_sent(pl_mixer_health *h)
{
    pl_metrics_tally_us(&h->sends, not_negative(now_us() - h->deadline_us));
}

/* What the tick did, for the model. */
static pl_cost_counts counts_of(pl_mixer_health *h, const pl_engine *engine)
{
    const pl_engine_stats *now = pl_engine_stats_get(engine);
    const pl_engine_stats *old = &h->counted;
    uint64_t opus = now->encodes_opus - old->encodes_opus;
    uint64_t encodes = now->encodes - old->encodes;
    const pl_cost_counts counts = {
        .n = {[PL_COST_TICK] = 1,
              [PL_COST_LEG] = (uint32_t)pl_engine_up(engine),
              [PL_COST_DECODE] = (uint32_t)(now->decodes - old->decodes),
              [PL_COST_ENCODE_OPUS] = (uint32_t)opus,
              [PL_COST_ENCODE] = (uint32_t)(encodes - opus)}};
    pl_metrics_observe_us(h->metrics, PL_MEDIA_M_tick_encodes, encodes);
    h->counted = *now;
    return counts;
}

static void publish(pl_mixer_health *h, const pl_engine *engine)
{
    pl_metrics_add_tally(h->metrics, PL_MEDIA_M_room_work_us, &h->rooms);
    pl_metrics_add_tally(h->metrics, PL_MEDIA_M_packet_wait_us, &h->waits);
    pl_metrics_add_tally(h->metrics, PL_MEDIA_M_packet_used_us, &h->uses);
    pl_metrics_add_tally(h->metrics, PL_MEDIA_M_packet_sent_us, &h->sends);
    pl_costs costs;
    pl_cost_model_get(&h->costs, &costs);
    for (unsigned i = 0; i < PL_COST_KINDS; i++)
        tell(&h->told.cost_ns[i], costs.ns[i]);
    tell(&h->told.n_ticks, h->costs.n_ticks);
    tell(&h->told.n_up, (int64_t)pl_engine_up(engine));
    tell(&h->told.work_us, h->cpu_us_smooth / SMOOTH);
    tell(&h->told.load_permille,
         h->wall_us_smooth / SMOOTH * 1000 / PL_TICK_US);
}

void pl_mixer_health_end(pl_mixer_health *h, const pl_engine *engine)
{
    int64_t cpu = cpu_ns();
    int64_t took_ns = cpu - h->cpu_ns;
    int64_t wall_us = now_us() - h->begin_us;
    const pl_cost_counts counts = counts_of(h, engine);
    pl_metrics_observe_us(h->metrics, PL_MEDIA_M_tick_work_us,
                          not_negative(wall_us));
    pl_metrics_observe_us(h->metrics, PL_MEDIA_M_tick_cpu_us,
                          not_negative(took_ns / 1000));
    if (!h->was_disturbed)
        pl_cost_model_learn(&h->costs, &counts, took_ns);
    h->was_disturbed = false;
    h->has_ticked = true;
    h->cpu_ns = cpu;
    h->cpu_us_smooth += took_ns / 1000 - h->cpu_us_smooth / SMOOTH;
    h->wall_us_smooth += wall_us - h->wall_us_smooth / SMOOTH;
    publish(h, engine);
}

bool pl_mixer_health_late(pl_mixer_health *h, bool is_last,
                          pl_late_known *ret_known)
{
    static const pl_media_metric causes[PL_LATE_CAUSES] = {
        [PL_LATE_WORK] = PL_MEDIA_M_late_work,
        [PL_LATE_PREEMPTED] = PL_MEDIA_M_late_preempted,
        [PL_LATE_WOKEN] = PL_MEDIA_M_late_woken,
        [PL_LATE_STOPPED] = PL_MEDIA_M_late_stopped,
    };
    bool is_forced = is_last || h->late.n == PL_TICK_LATE_PENDING;
    if (h->late.n == 0 ||
        !pl_late_take(&h->late, now_us(), is_forced, pl_resume_us(), ret_known))
        return false;
    pl_metrics_add(h->metrics, (size_t)causes[ret_known->cause], 1);
    return true;
}

/* ---- for others --------------------------------------------------------- */

void pl_mixer_health_measure(const pl_mixer_health *h,
                             pl_budget_measure *ret_measure)
{
    *ret_measure = (pl_budget_measure){.work_us = told(&h->told.work_us),
                                       .n_up = told(&h->told.n_up),
                                       .n_ticks = told(&h->told.n_ticks)};
    for (unsigned i = 0; i < PL_COST_KINDS; i++)
        ret_measure->costs.ns[i] = told(&h->told.cost_ns[i]);
}

uint32_t pl_mixer_health_load(const pl_mixer_health *h)
{
    return told(&h->told.load_permille);
}
