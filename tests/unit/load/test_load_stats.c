/* test_load_stats.c - distributions of the load generator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats.h"

static void percentiles_of_a_hundred_values(void **state)
{
    pl_stats s = {.n = 0};
    (void)state;
    for (int i = 100; i >= 1; i--)
        pl_stats_add(&s, i);
    assert_int_equal(pl_stats_at(&s, 0), 1);
    assert_int_equal(pl_stats_at(&s, 0.5), 50);
    assert_int_equal(pl_stats_at(&s, 0.99), 99);
    assert_int_equal(pl_stats_at(&s, 1), 100);
    assert_true(pl_stats_mean(&s) == 50.5);
}

static void large_values_are_kept_to_a_part_in_250(void **state)
{
    (void)state;
    for (int64_t v = 1; v < INT64_C(200000000); v = v * 3 + 1) {
        pl_stats s = {.n = 0};
        pl_stats_add(&s, 0);
        pl_stats_add(&s, v);
        pl_stats_add(&s, INT64_C(250000000));
        int64_t got = pl_stats_at(&s, 0.5);
        int64_t error = got > v ? got - v : v - got;
        assert_true(error * 250 <= v);
    }
}

static void what_is_out_of_range_counts_at_its_end(void **state)
{
    pl_stats s = {.n = 0};
    (void)state;
    pl_stats_add(&s, -5);
    pl_stats_add(&s, INT64_MAX);
    assert_int_equal(s.n, 2);
    assert_int_equal(pl_stats_at(&s, 0), 0);
    assert_int_equal(pl_stats_at(&s, 1), (INT64_C(1) << PL_STATS_BITS) - 1);
}

static void merging_is_as_adding_to_one(void **state)
{
    pl_stats a = {.n = 0};
    pl_stats b = {.n = 0};
    pl_stats all = {.n = 0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        pl_stats_add(i % 3 ? &a : &b, i * 37);
        pl_stats_add(&all, i * 37);
    }
    pl_stats_merge(&a, &b);
    assert_memory_equal(&a, &all, sizeof all);
    pl_stats none = {.n = 0};
    pl_stats_merge(&a, &none);
    assert_memory_equal(&a, &all, sizeof all);
}

static void an_empty_one_gives_zero(void **state)
{
    pl_stats s = {.n = 0};
    (void)state;
    assert_int_equal(pl_stats_at(&s, 0.5), 0);
    assert_true(pl_stats_mean(&s) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_of_a_hundred_values),
        cmocka_unit_test(large_values_are_kept_to_a_part_in_250),
        cmocka_unit_test(what_is_out_of_range_counts_at_its_end),
        cmocka_unit_test(merging_is_as_adding_to_one),
        cmocka_unit_test(an_empty_one_gives_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
