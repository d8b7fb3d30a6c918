#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/loop.h"

static pl_loop *loop;
static char order[64];

static int setup(void **state)
{
    (void)state;
    order[0] = '\0';
    return pl_loop_create_fake(1000000, &loop) == PL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pl_loop_destroy(&loop);
    return 0;
}

static void note(void *ctx)
{
    size_t n = strlen(order);
    order[n] = *(const char *)ctx;
    order[n + 1] = '\0';
}

static char d[] = "d";

static void note_and_defer(void *ctx)
{
    note(ctx);
    assert_int_equal(pl_loop_defer(loop, note, d), PL_OK);
}

static char a[] = "a";
static char b[] = "b";
static char c[] = "c";

static void timers_fire_in_order_of_time_then_of_start(void **state)
{
    (void)state;
    pl_timer *ta = NULL;
    pl_timer *tb = NULL;
    pl_timer *tc = NULL;
    assert_int_equal(pl_timer_create(loop, note, a, &ta), PL_OK);
    assert_int_equal(pl_timer_create(loop, note, b, &tb), PL_OK);
    assert_int_equal(pl_timer_create(loop, note, c, &tc), PL_OK);
    pl_timer_start(tc, 20);
    pl_timer_start(tb, 10);
    pl_timer_start(ta, 10);
    pl_loop_advance(loop, 9);
    assert_string_equal(order, "");
    pl_loop_advance(loop, 1);
    assert_string_equal(order, "ba");
    assert_false(pl_timer_is_running(ta));
    assert_true(pl_timer_is_running(tc));
    pl_timer_stop(tc);
    pl_loop_advance(loop, 100);
    assert_string_equal(order, "ba");
    assert_int_equal(pl_loop_now_us(loop), 110);
    pl_timer_destroy(&ta);
    pl_timer_destroy(&tb);
    pl_timer_destroy(&tc);
}

static void a_restart_moves_the_timer(void **state)
{
    (void)state;
    pl_timer *t = NULL;
    assert_int_equal(pl_timer_create(loop, note, a, &t), PL_OK);
    pl_timer_start(t, 10);
    pl_loop_advance(loop, 5);
    pl_timer_start(t, 10);
    pl_loop_advance(loop, 9);
    assert_string_equal(order, "");
    pl_loop_advance(loop, 1);
    assert_string_equal(order, "a");
    pl_timer_destroy(&t);
}

static void deferred_calls_run_after_each_event(void **state)
{
    (void)state;
    pl_timer *ta = NULL;
    pl_timer *tb = NULL;
    assert_int_equal(pl_timer_create(loop, note_and_defer, a, &ta), PL_OK);
    assert_int_equal(pl_timer_create(loop, note, b, &tb), PL_OK);
    pl_timer_start(ta, 1);
    pl_timer_start(tb, 1);
    pl_loop_advance(loop, 1);
    assert_string_equal(order, "adb");
    pl_timer_destroy(&ta);
    pl_timer_destroy(&tb);
}

static void the_same_deferred_call_runs_once(void **state)
{
    (void)state;
    assert_int_equal(pl_loop_defer(loop, note, a), PL_OK);
    assert_int_equal(pl_loop_defer(loop, note, b), PL_OK);
    assert_int_equal(pl_loop_defer(loop, note, a), PL_OK);
    assert_int_equal(pl_loop_defer(loop, note, c), PL_OK);
    pl_loop_undefer(loop, note, c);
    pl_loop_advance(loop, 0);
    assert_string_equal(order, "ab");
}

static void many_deferred_calls_are_kept(void **state)
{
    (void)state;
    static char names[40];
    for (int i = 0; i < 40; i++) {
        names[i] = 'x';
        assert_int_equal(pl_loop_defer(loop, note, &names[i]), PL_OK);
    }
    pl_loop_advance(loop, 0);
    assert_int_equal(strlen(order), 40);
}

static void wall_time_goes_with_the_clock(void **state)
{
    (void)state;
    pl_loop_advance(loop, 2500000);
    assert_int_equal(pl_loop_wall_ms(loop), 1002500);
    assert_null(pl_loop_base(loop));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(timers_fire_in_order_of_time_then_of_start),
        T(a_restart_moves_the_timer),
        T(deferred_calls_run_after_each_event),
        T(the_same_deferred_call_runs_once),
        T(many_deferred_calls_are_kept),
        T(wall_time_goes_with_the_clock),
    };
    return cmocka_run_group_tests_name("loop_fake", tests, NULL, NULL);
}
