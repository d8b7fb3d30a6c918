/* clock.c - see clock.h. */
#include "clock.h"

#include <time.h>

static struct timespec read_clock(clockid_t clock)
{
    struct timespec t = {0};
    (void)clock_gettime(clock, &t);
    return t;
}

static int64_t microseconds(clockid_t clock)
{
    struct timespec t = read_clock(clock);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t pl_load_now_us(void)
{
    return microseconds(CLOCK_MONOTONIC);
}

int64_t pl_load_wall_us(void)
{
    return microseconds(CLOCK_REALTIME);
}

double pl_load_thread_cpu_s(void)
{
    struct timespec t = read_clock(CLOCK_THREAD_CPUTIME_ID);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
