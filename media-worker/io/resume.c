/* resume.c - see resume.h. */
#include "io/resume.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static _Atomic int64_t resumed_us;

/* clock_gettime() and lock-free atomics are safe in a handler. */
static void on_continue(int number)
{
    (void)number;
    int saved = errno;
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    atomic_store_explicit(&resumed_us,
                          (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000,
                          memory_order_relaxed);
    errno = saved;
}

void pl_resume_watch(void)
{
    struct sigaction on = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
    (void)sigemptyset(&on.sa_mask);
    (void)sigaction(SIGCONT, &on, NULL);
}

int64_t pl_resume_us(void)
{
    return atomic_load_explicit(&resumed_us, memory_order_relaxed);
}
