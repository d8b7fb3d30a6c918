/* overload.c - shares by delay: down by a factor, up by steps. */
#include "overload.h"

static const double SHRINK = 0.7;  /* in each interval over the target */
static const double GROW = 0.05;   /* in each other: all again after 4 s */
static const double LEAST = 0.002; /* from where it can grow soon */

void pl_overload_init(pl_overload *o, int64_t target_us, int64_t now_us)
{
    int64_t interval = 2 * target_us > PL_OVERLOAD_INTERVAL_US
                           ? 2 * target_us
                           : PL_OVERLOAD_INTERVAL_US;
    *o = (pl_overload){.target_us = target_us,
                       .interval_us = interval,
                       .end_us = now_us + interval,
                       .least_wait = -1,
                       .least_late = -1,
                       .share = 1};
}

/* Calls wait and none was answered: the first of them waits for so long. */
static int64_t delay_of(const pl_overload *o, int64_t now_us)
{
    int64_t wait = o->least_wait;
    if (wait < 0)
        wait = o->n_waiting > 0 ? now_us - o->quiet_us : 0;
    return wait + (o->least_late > 0 ? o->least_late : 0);
}

static void roll(pl_overload *o, int64_t now_us)
{
    if (now_us < o->end_us)
        return;
    int64_t n = (now_us - o->end_us) / o->interval_us + 1;
    int64_t n_good = n;
    if (delay_of(o, now_us) > o->target_us) {
        o->share *= SHRINK;
        if (o->share < LEAST)
            o->share = LEAST;
        /* those after it, in which nothing happened */
        n_good = o->n_waiting == 0 ? n - 1 : 0;
    }
    o->share += GROW * (double)n_good;
    if (o->share > 1)
        o->share = 1;
    o->end_us += n * o->interval_us;
    o->least_wait = o->least_late = -1;
    o->n_always = 0;
}

bool pl_overload_admits(pl_overload *o, int64_t now_us)
{
    if (o->target_us == 0)
        return true;
    roll(o, now_us);
    if (o->n_always < PL_OVERLOAD_ALWAYS) {
        o->n_always++;
        return true;
    }
    o->credit += o->share;
    if (o->credit < 1)
        return false;
    o->credit -= 1;
    return true;
}

void pl_overload_asked(pl_overload *o, int64_t now_us)
{
    if (o->target_us == 0)
        return;
    roll(o, now_us);
    if (o->n_waiting++ == 0)
        o->quiet_us = now_us;
}

static void keep_least(int64_t *least, int64_t us)
{
    if (*least < 0 || us < *least)
        *least = us;
}

void pl_overload_answered(pl_overload *o, int64_t waited_us, int64_t now_us)
{
    if (o->target_us == 0)
        return;
    roll(o, now_us);
    if (o->n_waiting > 0)
        o->n_waiting--;
    o->quiet_us = now_us;
    keep_least(&o->least_wait, waited_us);
}

void pl_overload_late(pl_overload *o, int64_t late_us, int64_t now_us)
{
    if (o->target_us == 0)
        return;
    roll(o, now_us);
    keep_least(&o->least_late, late_us);
}

unsigned pl_overload_share(const pl_overload *o)
{
    return o->target_us == 0 ? 100 : (unsigned)(o->share * 100 + 0.5);
}
