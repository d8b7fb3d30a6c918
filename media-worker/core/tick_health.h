/* tick_health.h - why a tick began late.
 *
 * Between a deadline and the begin of its tick a mixing thread was asleep
 * although its timer was due, or did something; of that it did part on the CPU
 * and was kept off it for the rest. The longest part is the cause. Pure. */
#ifndef PL_TICK_HEALTH_H
#define PL_TICK_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PL_TICK_LATE_US = 5000,     /* begins later: is counted and explained */
    PL_TICK_SETTLE_US = 100000, /* until a process that was stopped says so */
    PL_TICK_LATE_PENDING = 8
};

typedef enum pl_late_cause {
    PL_LATE_WORK,      /* our own work took so long */
    PL_LATE_PREEMPTED, /* had work to do and was kept off the CPU */
    PL_LATE_WOKEN,     /* slept, and was woken late */
    PL_LATE_STOPPED,   /* the process was stopped (SIGSTOP, a debugger) */
    PL_LATE_CAUSES
} pl_late_cause;

/* For logs; borrowed, static. */
const char *pl_late_cause_text(pl_late_cause cause);

/* A stretch in which the thread did something, between two sleeps; all on one
 * monotonic clock. */
typedef struct pl_busy_span {
    int64_t from_us, to_us;
    int64_t cpu_us; /* CPU time of the thread in it */
} pl_busy_span;

/* A tick that began late. */
typedef struct pl_late_tick {
    int64_t deadline_us, begin_us;
    pl_busy_span before; /* the stretch before the last sleep; may be empty */
    pl_busy_span now;    /* since that sleep, until begin_us */
} pl_late_tick;

/* The cause, from what the thread itself knows: never PL_LATE_STOPPED. */
pl_late_cause pl_late_cause_of(const pl_late_tick *tick);

typedef struct pl_late_known {
    pl_late_cause cause;
    int64_t deadline_us, late_us;
} pl_late_known;

/* Late ticks that wait to be explained: only somewhat later it is known
 * whether the process had been stopped. One thread; zero is empty. */
typedef struct pl_late_list {
    size_t n;
    struct {
        pl_late_known known;
        int64_t begin_us;
    } tick[PL_TICK_LATE_PENDING];
} pl_late_list;

/* Remember a late tick. Returns: false when there is no place; take one first
 * (with is_forced) then. */
bool pl_late_put(pl_late_list *list, const pl_late_tick *tick);
/* Take the oldest one that has settled at now_us (any with is_forced).
 *
 * resumed_us: when the process last went on after a stop; 0: never
 * Returns:    false: there is none */
bool pl_late_take(pl_late_list *list, int64_t now_us, bool is_forced,
                  int64_t resumed_us, pl_late_known *ret_known);

#endif
