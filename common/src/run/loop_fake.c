/* loop_fake.c - time that stands still until a test lets it pass. */
#include <stdlib.h>

#include "loop_impl.h"

pl_err pl_loop_create_fake(int64_t start_wall_ms, pl_loop **ret_loop)
{
    pl_loop *l = calloc(1, sizeof *l);
    if (!l)
        return PL_ENOMEM;
    pl_list_init(&l->timers);
    l->wall_ms = start_wall_ms;
    *ret_loop = l;
    return PL_OK;
}

void pl_loop_fake_start(pl_timer *timer, int64_t delay_us)
{
    pl_loop *l = timer->loop;
    pl_list_remove(&timer->link);
    timer->due_us = l->now_us + delay_us;
    /* After its equals: timers of one instant fire in the order of starting. */
    pl_list *at = l->timers.prev;
    while (at != &l->timers &&
           PL_CONTAINER(at, pl_timer, link)->due_us > timer->due_us) {
        at = at->prev;
    }
    timer->link.prev = at;
    timer->link.next = at->next;
    at->next->prev = &timer->link;
    at->next = &timer->link;
}

/* Until nothing is left: a test must not have to count turns. */
static void settle(pl_loop *loop)
{
    enum { TURNS_MAX = 100000 }; /* a call that defers itself for ever */
    for (int i = 0; loop->n_deferred > 0 && i < TURNS_MAX; i++)
        pl_loop_run_deferred(loop);
    if (loop->n_deferred > 0)
        abort();
}

void pl_loop_advance(pl_loop *loop, int64_t us)
{
    int64_t until = loop->now_us + us;
    settle(loop);
    while (!pl_list_is_empty(&loop->timers)) {
        pl_timer *t = PL_CONTAINER(loop->timers.next, pl_timer, link);
        if (t->due_us > until)
            break;
        pl_list_remove(&t->link);
        if (t->due_us > loop->now_us)
            loop->now_us = t->due_us;
        t->cb(t->ctx); /* may destroy the timer */
        settle(loop);
    }
    loop->now_us = until;
}
