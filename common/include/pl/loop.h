/* loop.h - one event loop per thread: timers, descriptors, deferred calls.
 * Real time by libevent, or a fake clock that tests advance by hand. */
#ifndef PL_LOOP_H
#define PL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

struct event_base;

typedef struct pl_loop pl_loop;
typedef struct pl_timer pl_timer;
typedef struct pl_io pl_io;
typedef void (*pl_loop_cb)(void *ctx);
typedef void (*pl_io_cb)(void *ctx, unsigned events);

enum { PL_IO_READ = 1, PL_IO_WRITE = 2 };

PL_MUST_USE pl_err pl_loop_create(pl_loop **ret_loop);
/* A loop whose time stands still until pl_loop_advance(). Descriptors are not
 * watched; timers and deferred calls run inside pl_loop_advance(). */
PL_MUST_USE pl_err pl_loop_create_fake(int64_t start_wall_ms,
                                       pl_loop **ret_loop);
void pl_loop_destroy(pl_loop **loop);

/* Run until pl_loop_stop(). Real loops only. */
void pl_loop_run(pl_loop *loop);
void pl_loop_stop(pl_loop *loop);
/* Let us microseconds pass, running what falls due in order, deferred calls
 * after each. 0 runs only what is due or deferred now. Fake loops only. */
void pl_loop_advance(pl_loop *loop, int64_t us);

/* Monotonic time, microseconds, read at the call. */
int64_t pl_loop_now_us(const pl_loop *loop);
/* Wall time for people and the database, milliseconds since 1970 UTC. */
int64_t pl_loop_wall_ms(const pl_loop *loop);

/* Call cb once after everything that is ready in this turn has been handled
 * (group commit, batched flushes). The same (cb, ctx) pending twice runs once.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_loop_defer(pl_loop *loop, pl_loop_cb cb, void *ctx);
/* Forget a deferred call; nothing happens when there is none. For the
 * destructor of ctx. */
void pl_loop_undefer(pl_loop *loop, pl_loop_cb cb, void *ctx);

PL_MUST_USE pl_err pl_timer_create(pl_loop *loop, pl_loop_cb cb, void *ctx,
                                   pl_timer **ret_timer);
void pl_timer_destroy(pl_timer **timer);
/* Fire once after delay_us (restarts a running timer). */
void pl_timer_start(pl_timer *timer, int64_t delay_us);
void pl_timer_stop(pl_timer *timer);
bool pl_timer_is_running(const pl_timer *timer);

/* Watch fd; level-triggered. The fd stays the caller's. */
PL_MUST_USE pl_err pl_io_create(pl_loop *loop, int fd, unsigned events,
                                pl_io_cb cb, void *ctx, pl_io **ret_io);
void pl_io_destroy(pl_io **io);
void pl_io_set(pl_io *io, unsigned events);

/* libevent's base for libraries that need it (evhttp, libcurl); NULL when
 * fake. */
struct event_base *pl_loop_base(pl_loop *loop);

#endif
