/* test_rate.c - shares of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pl/rate.h"
#include "pl/str.h"

static const int64_t S = 1000000;

static unsigned taken(pl_rate *rate, const char *name, unsigned tries,
                      int64_t now_us)
{
    unsigned n = 0;
    int64_t wait_us;
    for (unsigned i = 0; i < tries; i++)
        n += pl_rate_take(rate, name, now_us, &wait_us) == PL_OK;
    return n;
}

static void a_window_at_once_and_then_at_its_rate(void **state)
{
    pl_rate *rate;
    (void)state;
    assert_int_equal(pl_rate_create(1000, 60 * S, &rate), PL_OK);
    assert_int_equal(taken(rate, "admin", 2000, 100 * S), 1000);
    assert_int_equal(taken(rate, "admin", 2000, 106 * S), 100);
    assert_int_equal(taken(rate, "other", 2000, 106 * S), 1000);
    assert_int_equal(taken(rate, "admin", 2000, 900 * S), 1000);
    pl_rate_destroy(&rate);
    assert_null(rate);
}

static void says_how_long_to_wait(void **state)
{
    pl_rate *rate;
    int64_t wait_us = -1;
    (void)state;
    assert_int_equal(pl_rate_create(2, 10 * S, &rate), PL_OK);
    assert_int_equal(pl_rate_look(rate, "a", S, &wait_us), PL_OK);
    assert_int_equal(wait_us, 0);
    assert_int_equal(taken(rate, "a", 2, S), 2);
    assert_int_equal(pl_rate_look(rate, "a", S, &wait_us), PL_ERATE);
    assert_int_equal(wait_us, 5 * S);
    assert_int_equal(pl_rate_take(rate, "a", 3 * S, &wait_us), PL_ERATE);
    assert_int_equal(wait_us, 3 * S);
    assert_int_equal(pl_rate_take(rate, "a", 6 * S, &wait_us), PL_OK);
    assert_int_equal(wait_us, 0);
    pl_rate_destroy(&rate);
}

static void looking_takes_nothing(void **state)
{
    pl_rate *rate;
    int64_t wait_us;
    (void)state;
    assert_int_equal(pl_rate_create(3, S, &rate), PL_OK);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(pl_rate_look(rate, "a", S, &wait_us), PL_OK);
    assert_int_equal(taken(rate, "a", 9, S), 3);
    pl_rate_destroy(&rate);
}

static void zero_is_no_limit(void **state)
{
    pl_rate *rate;
    int64_t wait_us;
    (void)state;
    assert_int_equal(pl_rate_create(0, S, &rate), PL_OK);
    assert_int_equal(taken(rate, "a", 5000, S), 5000);
    assert_int_equal(pl_rate_look(rate, "a", S, &wait_us), PL_OK);
    pl_rate_destroy(&rate);
}

/* Many names push out those that have used least. */
static void who_used_up_its_share_is_remembered(void **state)
{
    pl_rate *rate;
    int64_t wait_us;
    char name[400];
    (void)state;
    assert_int_equal(pl_rate_create(10, 60 * S, &rate), PL_OK);
    assert_int_equal(taken(rate, "a", 20, S), 10);
    for (unsigned i = 0; i < 3 * PL_RATE_NAMES; i++) {
        pl_fmt_cut(name, sizeof name, "%u%0300u", i, 1U);
        assert_int_equal(pl_rate_take(rate, name, S, &wait_us), PL_OK);
    }
    assert_int_equal(taken(rate, "a", 20, S), 0);
    pl_rate_destroy(&rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_at_once_and_then_at_its_rate),
        cmocka_unit_test(says_how_long_to_wait),
        cmocka_unit_test(looking_takes_nothing),
        cmocka_unit_test(zero_is_no_limit),
        cmocka_unit_test(who_used_up_its_share_is_remembered),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
