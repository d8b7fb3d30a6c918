#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "pl/loop.h"

static pl_loop *loop;
static char order[256];
static int fds[2];
static int64_t started_us;

static int setup(void **state)
{
    (void)state;
    order[0] = '\0';
    return pipe(fds) == 0 && pl_loop_create(&loop) == PL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pl_loop_destroy(&loop);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return 0;
}

static void note(void *ctx)
{
    size_t n = strlen(order);
    order[n] = *(const char *)ctx;
    order[n + 1] = '\0';
}

static void stop(void *ctx)
{
    (void)ctx;
    pl_loop_stop(loop);
}

static char d[] = "d";

static void on_readable(void *ctx, unsigned events)
{
    assert_int_equal(events, PL_IO_READ);
    note(ctx);
    assert_int_equal(pl_loop_defer(loop, note, d), PL_OK);
    if (strlen(order) > 3)
        pl_loop_stop(loop);
}

static void deferred_calls_are_not_starved_by_ready_descriptors(void **state)
{
    (void)state;
    char r[] = "r";
    pl_io *io = NULL;
    assert_int_equal(write(fds[1], "x", 1), 1); /* stays readable */
    assert_int_equal(
        pl_io_create(loop, fds[0], PL_IO_READ, on_readable, r, &io), PL_OK);
    pl_loop_run(loop);
    assert_true(strcmp(order, "rdrdr") == 0 || strcmp(order, "rdrdrd") == 0);
    pl_io_destroy(&io);
}

static void on_late(void *ctx)
{
    (void)ctx;
    assert_true(pl_loop_now_us(loop) - started_us >= 20000);
    pl_loop_stop(loop);
}

static void a_timer_never_fires_early(void **state)
{
    (void)state;
    pl_timer *t = NULL;
    assert_int_equal(pl_timer_create(loop, on_late, NULL, &t), PL_OK);
    started_us = pl_loop_now_us(loop);
    pl_timer_start(t, 20000);
    assert_true(pl_timer_is_running(t));
    pl_loop_run(loop);
    assert_false(pl_timer_is_running(t));
    pl_timer_destroy(&t);
}

static void on_both(void *ctx, unsigned events)
{
    (void)ctx;
    assert_int_equal(events, PL_IO_WRITE);
    pl_loop_stop(loop);
}

static void watched_events_can_be_changed(void **state)
{
    (void)state;
    pl_io *io = NULL;
    pl_timer *t = NULL;
    assert_int_equal(pl_io_create(loop, fds[1], 0, on_both, NULL, &io), PL_OK);
    assert_int_equal(pl_timer_create(loop, stop, NULL, &t), PL_OK);
    pl_timer_start(t, 1000);
    pl_loop_run(loop); /* nothing is watched: the timer ends it */
    pl_io_set(io, PL_IO_WRITE);
    pl_loop_run(loop);
    pl_io_set(io, 0);
    pl_timer_start(t, 1000);
    pl_loop_run(loop);
    pl_io_destroy(&io);
    pl_timer_destroy(&t);
}

static void stop_before_run_ends_it_at_once(void **state)
{
    (void)state;
    pl_loop_stop(loop);
    pl_loop_run(loop);
    assert_non_null(pl_loop_base(loop));
}

static void wall_time_is_of_this_century(void **state)
{
    (void)state;
    assert_true(pl_loop_wall_ms(loop) > INT64_C(1600000000000));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(deferred_calls_are_not_starved_by_ready_descriptors),
        T(a_timer_never_fires_early),
        T(watched_events_can_be_changed),
        T(stop_before_run_ends_it_at_once),
        T(wall_time_is_of_this_century),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
