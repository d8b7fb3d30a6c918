/* loop_impl.h - what the real and the fake loop share. */
#ifndef PL_LOOP_IMPL_H
#define PL_LOOP_IMPL_H

#include "pl/list.h"
#include "pl/loop.h"

struct event;
struct event_base;

struct pl_timer {
    pl_loop *loop;
    pl_loop_cb cb;
    void *ctx;
    struct event *ev; /* real loops */
    pl_list link;     /* fake loops: in order of due, then of starting */
    int64_t due_us;
};

typedef struct pl_deferred {
    pl_loop_cb cb;
    void *ctx;
} pl_deferred;

struct pl_loop {
    struct event_base *base; /* NULL: fake */
    bool is_stopping;
    pl_deferred *deferred; /* [n_deferred], in order */
    size_t n_deferred, cap_deferred;
    int64_t now_us, wall_ms; /* fake: now, and wall time when now_us was 0 */
    pl_list timers;          /* fake */
};

/* Run what was deferred before the call; what these calls defer waits. */
void pl_loop_run_deferred(pl_loop *loop);

void pl_loop_fake_start(pl_timer *timer, int64_t delay_us);

#endif
