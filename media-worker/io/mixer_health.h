/* mixer_health.h - a mixing thread watches itself: how late its ticks begin
 * and why, what they cost, how long packets take through it.
 *
 * All is counted in the thread's own memory and added to the metrics once a
 * tick. Besides reading clocks there is no system call but one a tick, for the
 * thread's CPU time. */
#ifndef PL_MIXER_HEALTH_H
#define PL_MIXER_HEALTH_H

#include <stdatomic.h>

#include "core/budget.h"
#include "core/engine.h"
#include "core/tick_health.h"
#include "pl/metrics.h"

/* One of a thread; zero, then pl_mixer_health_init(). Functions: the thread
 * alone, but for pl_mixer_health_measure(). */
typedef struct pl_mixer_health {
    pl_metrics *metrics; /* NULL: none */
    pl_busy_span before; /* the last time that it was awake */
    int64_t woke_us, begin_us, deadline_us;
    int64_t room_ns;     /* when the last room was done */
    int64_t cpu_ns;      /* of the thread at the end of the last tick */
    int64_t span_cpu_ns; /* the same when it went to sleep last */
    bool was_disturbed;  /* commands were carried out since the last tick */
    bool has_ticked;     /* since it woke */
    pl_late_list late;
    pl_cost_model costs;
    pl_engine_stats counted;
    int64_t cpu_us_smooth, wall_us_smooth; /* of a tick, times 32 */
    pl_metrics_tally rooms, waits, uses, sends;
    struct {
        _Atomic uint32_t load_permille, work_us, n_up, n_ticks;
        _Atomic uint32_t cost_ns[PL_COST_KINDS];
    } told;
} pl_mixer_health;

void pl_mixer_health_init(pl_mixer_health *health, pl_metrics *metrics);
/* It has woken; it goes to sleep. */
void pl_mixer_health_woke(pl_mixer_health *health);
void pl_mixer_health_sleeps(pl_mixer_health *health);
/* It has nothing to mix: load is none. */
void pl_mixer_health_idle(pl_mixer_health *health);

/* A tick begins, that was due at deadline_us. */
void pl_mixer_health_begin(pl_mixer_health *health, int64_t deadline_us);
/* Ticks are left out from the one on that was due at deadline_us: that one is
 * counted as late. */
void pl_mixer_health_missed(pl_mixer_health *health, int64_t deadline_us);
/* A command was carried out: what it costs says nothing of ticks. */
void pl_mixer_health_disturbed(pl_mixer_health *health);
/* A packet is taken that was read from its socket at arrival_us. */
void pl_mixer_health_taken(pl_mixer_health *health, int64_t arrival_us);
/* A packet is played so long after it was read. */
void pl_mixer_health_used(pl_mixer_health *health, uint32_t wait_us);
/* The engine begins with its rooms; one of them is done. */
void pl_mixer_health_rooms(pl_mixer_health *health);
void pl_mixer_health_room(pl_mixer_health *health);
/* Packets of this tick were handed to the kernel. */
void pl_mixer_health_sent(pl_mixer_health *health);
/* The tick is over. */
void pl_mixer_health_end(pl_mixer_health *health, const pl_engine *engine);
/* Take a late tick whose cause is known now, and count it. is_last: the thread
 * sleeps or ends, all of them. Returns: false there is none. */
bool pl_mixer_health_late(pl_mixer_health *health, bool is_last,
                          pl_late_known *ret_known);

/* What the thread said last. Any thread. */
void pl_mixer_health_measure(const pl_mixer_health *health,
                             pl_budget_measure *ret_measure);
/* Ticks' work in permille of the time they may take, smoothed. Any thread. */
uint32_t pl_mixer_health_load(const pl_mixer_health *health);

#endif
