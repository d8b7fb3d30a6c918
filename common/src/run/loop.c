/* loop.c - the event loop over libevent; the only libevent file of common. */
#include "pl/loop.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "loop_impl.h"

struct pl_io {
    struct event *ev;
    int fd;
    pl_io_cb cb;
    void *ctx;
};

pl_err pl_loop_create(pl_loop **ret_loop)
{
    pl_loop *l = calloc(1, sizeof *l);
    struct event_config *config = event_config_new();
    /* Precise and uncached: a timer never fires before its time as read from
     * pl_loop_now_us(). */
    if (l && config &&
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
                                          EVENT_BASE_FLAG_NO_CACHE_TIME) == 0) {
        l->base = event_base_new_with_config(config);
    }
    if (config)
        event_config_free(config);
    if (!l || !l->base) {
        free(l);
        return PL_ENOMEM;
    }
    pl_list_init(&l->timers);
    *ret_loop = l;
    return PL_OK;
}

void pl_loop_destroy(pl_loop **loop)
{
    if (!loop || !*loop)
        return;
    if ((*loop)->base)
        event_base_free((*loop)->base);
    free((*loop)->deferred);
    free(*loop);
    *loop = NULL;
}

/* One turn handles everything that is ready, then what was deferred: with
 * libevent's own priorities a busy socket would starve the deferred calls. */
void pl_loop_run(pl_loop *loop)
{
    while (loop->base && !loop->is_stopping) {
        int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
        if (loop->n_deferred > 0)
            flags |= EVLOOP_NONBLOCK;
        if (event_base_loop(loop->base, flags) < 0)
            break;
        pl_loop_run_deferred(loop);
    }
    loop->is_stopping = false;
}

void pl_loop_stop(pl_loop *loop)
{
    loop->is_stopping = true;
    if (loop->base)
        (void)event_base_loopbreak(loop->base);
}

int64_t pl_loop_now_us(const pl_loop *loop)
{
    if (!loop->base)
        return loop->now_us;
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t pl_loop_wall_ms(const pl_loop *loop)
{
    if (!loop->base)
        return loop->wall_ms + loop->now_us / 1000;
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

pl_err pl_loop_defer(pl_loop *loop, pl_loop_cb cb, void *ctx)
{
    for (size_t i = 0; i < loop->n_deferred; i++) {
        if (loop->deferred[i].cb == cb && loop->deferred[i].ctx == ctx)
            return PL_OK;
    }
    if (loop->n_deferred == loop->cap_deferred) {
        size_t cap = loop->cap_deferred ? loop->cap_deferred * 2 : 16;
        pl_deferred *grown =
            realloc(loop->deferred, cap * sizeof *loop->deferred);
        if (!grown)
            return PL_ENOMEM;
        loop->deferred = grown;
        loop->cap_deferred = cap;
    }
    loop->deferred[loop->n_deferred++] = (pl_deferred){.cb = cb, .ctx = ctx};
    return PL_OK;
}

static void drop_deferred(pl_loop *loop, size_t i)
{
    loop->n_deferred--;
    memmove(&loop->deferred[i], &loop->deferred[i + 1],
            (loop->n_deferred - i) * sizeof *loop->deferred);
}

void pl_loop_undefer(pl_loop *loop, pl_loop_cb cb, void *ctx)
{
    for (size_t i = 0; i < loop->n_deferred; i++) {
        if (loop->deferred[i].cb == cb && loop->deferred[i].ctx == ctx) {
            drop_deferred(loop, i);
            return;
        }
    }
}

void pl_loop_run_deferred(pl_loop *loop)
{
    /* From the front, as a call may undefer another or defer itself anew. */
    for (size_t n = loop->n_deferred; n > 0 && loop->n_deferred > 0; n--) {
        pl_deferred d = loop->deferred[0];
        drop_deferred(loop, 0);
        d.cb(d.ctx);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    pl_timer *t = ctx;
    t->cb(t->ctx);
}

pl_err pl_timer_create(pl_loop *loop, pl_loop_cb cb, void *ctx,
                       pl_timer **ret_timer)
{
    pl_timer *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    t->loop = loop;
    t->cb = cb;
    t->ctx = ctx;
    if (loop->base) {
        t->ev = event_new(loop->base, -1, 0, on_timer, t);
        if (!t->ev) {
            free(t);
            return PL_ENOMEM;
        }
    }
    *ret_timer = t;
    return PL_OK;
}

void pl_timer_destroy(pl_timer **timer)
{
    if (!timer || !*timer)
        return;
    pl_timer_stop(*timer);
    if ((*timer)->ev)
        event_free((*timer)->ev);
    free(*timer);
    *timer = NULL;
}

void pl_timer_start(pl_timer *timer, int64_t delay_us)
{
    int64_t us = delay_us < 0 ? 0 : delay_us;
    if (!timer->ev) {
        pl_loop_fake_start(timer, us);
        return;
    }
    struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    (void)event_add(timer->ev, &tv); /* fails only without memory: then late */
}

void pl_timer_stop(pl_timer *timer)
{
    if (timer->ev) {
        (void)event_del(timer->ev);
    } else {
        pl_list_remove(&timer->link);
    }
}

bool pl_timer_is_running(const pl_timer *timer)
{
    if (timer->ev)
        return event_pending(timer->ev, EV_TIMEOUT, NULL) != 0;
    return timer->link.next != NULL;
}

static void on_ready(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    pl_io *io = ctx;
    unsigned events = 0;
    if (what & EV_READ)
        events |= PL_IO_READ;
    if (what & EV_WRITE)
        events |= PL_IO_WRITE;
    io->cb(io->ctx, events);
}

static short wanted(unsigned events)
{
    short what = EV_PERSIST;
    if (events & PL_IO_READ)
        what |= EV_READ;
    if (events & PL_IO_WRITE)
        what |= EV_WRITE;
    return what;
}

pl_err pl_io_create(pl_loop *loop, int fd, unsigned events, pl_io_cb cb,
                    void *ctx, pl_io **ret_io)
{
    pl_io *io = calloc(1, sizeof *io);
    if (!io)
        return PL_ENOMEM;
    io->fd = fd;
    io->cb = cb;
    io->ctx = ctx;
    if (loop->base) {
        io->ev = event_new(loop->base, fd, wanted(events), on_ready, io);
        if (!io->ev || (events && event_add(io->ev, NULL) != 0)) {
            pl_io_destroy(&io);
            return PL_ENOMEM;
        }
    }
    *ret_io = io;
    return PL_OK;
}

void pl_io_destroy(pl_io **io)
{
    if (!io || !*io)
        return;
    if ((*io)->ev)
        event_free((*io)->ev);
    free(*io);
    *io = NULL;
}

void pl_io_set(pl_io *io, unsigned events)
{
    if (!io->ev)
        return;
    struct event_base *base = event_get_base(io->ev);
    (void)event_del(io->ev);
    (void)event_assign(io->ev, base, io->fd, wanted(events), on_ready, io);
    if (events)
        (void)event_add(io->ev, NULL);
}

struct event_base *pl_loop_base(pl_loop *loop)
{
    return loop->base;
}
