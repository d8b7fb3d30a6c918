#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/metrics.h"

static const pl_metric_desc TABLE[] = {
    {PL_METRIC_COUNTER, "pl_x_done_total", "things done"},
    {PL_METRIC_GAUGE, "pl_x_level", "level now"},
    {PL_METRIC_HISTOGRAM, "pl_x_late_us", "lateness"},
    {PL_METRIC_COUNTER, "pl_x_why_total{cause=\"a\"}", "by cause"},
    {PL_METRIC_COUNTER, "pl_x_why_total{cause=\"b\"}", "by cause"},
    {PL_METRIC_SECONDS, "pl_x_cpu_seconds_total", "time used"},
};
enum { DONE, LEVEL, LATE, WHY_A, WHY_B, CPU, N_ROWS };

static int setup(void **state)
{
    return pl_metrics_create(TABLE, N_ROWS, (pl_metrics **)state) == PL_OK ? 0
                                                                           : -1;
}

static int teardown(void **state)
{
    pl_metrics_destroy((pl_metrics **)state);
    return 0;
}

static void counters_add_and_gauges_are_set(void **state)
{
    pl_metrics_add(*state, DONE, 2);
    pl_metrics_add(*state, DONE, 3);
    pl_metrics_set(*state, LEVEL, -7);
    assert_int_equal(pl_metrics_value(*state, DONE), 5);
    assert_int_equal(pl_metrics_value(*state, LEVEL), -7);
}

static void quantiles_are_bucket_bounds(void **state)
{
    assert_int_equal(pl_metrics_quantile_us(*state, LATE, 500), 0);
    for (int i = 0; i < 99; i++)
        pl_metrics_observe_us(*state, LATE, 150);
    pl_metrics_observe_us(*state, LATE, 40000000);
    assert_int_equal(pl_metrics_value(*state, LATE), 100);
    assert_int_equal(pl_metrics_quantile_us(*state, LATE, 500), 200);
    assert_int_equal(pl_metrics_quantile_us(*state, LATE, 990), 200);
    assert_int_equal(pl_metrics_quantile_us(*state, LATE, 1000), UINT64_MAX);
    assert_int_equal(pl_metrics_quantile_us(*state, DONE, 500), 0);
}

static void the_text_is_prometheus(void **state)
{
    char text[8192];
    size_t n = 0;
    pl_metrics_add(*state, DONE, 1);
    pl_metrics_set(*state, LEVEL, -1);
    pl_metrics_observe_us(*state, LATE, 10);
    pl_metrics_observe_us(*state, LATE, 11);
    pl_metrics_set(*state, CPU, 7000250);
    assert_int_equal(
        pl_metrics_expose(*state, "media-1.5f", text, sizeof text, &n), PL_OK);
    assert_int_equal(n, strlen(text));
    const char *const lines[] = {
        "# HELP pl_x_done_total things done\n# TYPE pl_x_done_total counter\n",
        "pl_x_done_total{node=\"media-1\"} 1\n",
        "pl_x_level{node=\"media-1\"} -1\n",
        "# TYPE pl_x_late_us histogram\n",
        "pl_x_late_us_bucket{node=\"media-1\",le=\"10\"} 1\n",
        "pl_x_late_us_bucket{node=\"media-1\",le=\"20\"} 2\n",
        "pl_x_late_us_bucket{node=\"media-1\",le=\"+Inf\"} 2\n",
        "pl_x_late_us_sum{node=\"media-1\"} 21\n",
        "pl_x_late_us_count{node=\"media-1\"} 2\n",
        "# TYPE pl_x_cpu_seconds_total counter\n",
        "pl_x_cpu_seconds_total{node=\"media-1\"} 7.000250\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_non_null(strstr(text, lines[i]));
    for (size_t cap = 0; cap <= n; cap++)
        assert_int_equal(pl_metrics_expose(*state, "media-1", text, cap, &n),
                         PL_EFULL);
}

static void a_tally_is_added_at_once(void **state)
{
    pl_metrics_tally tally = {.n = 0};
    pl_metrics_add_tally(*state, LATE, &tally);
    assert_int_equal(pl_metrics_value(*state, LATE), 0);
    for (int i = 0; i < 9; i++)
        pl_metrics_tally_us(&tally, 3);
    pl_metrics_tally_us(&tally, UINT64_MAX / 2);
    pl_metrics_add_tally(*state, LATE, &tally);
    assert_int_equal(tally.n, 0);
    pl_metrics_add_tally(*state, LATE, &tally); /* nothing twice */
    assert_int_equal(pl_metrics_value(*state, LATE), 10);
    assert_int_equal(pl_metrics_quantile_us(*state, LATE, 900), 5);
    assert_int_equal(pl_metrics_quantile_us(*state, LATE, 1000), UINT64_MAX);
    pl_metrics_tally_us(&tally, 3);
    pl_metrics_add_tally(NULL, LATE, &tally);
    pl_metrics_add_tally(*state, DONE, &tally);
    assert_int_equal(pl_metrics_value(*state, DONE), 0);
}

/* Rows that differ in labels only are one family with one comment. */
static void labels_make_one_family(void **state)
{
    char text[8192];
    size_t n = 0;
    pl_metrics_add(*state, WHY_B, 4);
    assert_int_equal(
        pl_metrics_expose(*state, "media-1", text, sizeof text, &n), PL_OK);
    assert_non_null(strstr(text,
                           "# HELP pl_x_why_total by cause\n"
                           "# TYPE pl_x_why_total counter\n"
                           "pl_x_why_total{node=\"media-1\",cause=\"a\"} 0\n"
                           "pl_x_why_total{node=\"media-1\",cause=\"b\"} 4\n"));
}

static void what_is_not_there_is_ignored(void **state)
{
    pl_metrics_add(NULL, DONE, 1);
    pl_metrics_set(*state, 99, 1);
    pl_metrics_observe_us(*state, DONE, 1);
    pl_metrics_observe_us(NULL, LATE, 1);
    assert_int_equal(pl_metrics_value(*state, 99), 0);
    assert_int_equal(pl_metrics_value(*state, DONE), 0);
    assert_int_equal(pl_metrics_value(NULL, DONE), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(counters_add_and_gauges_are_set), T(quantiles_are_bucket_bounds),
        T(the_text_is_prometheus),          T(a_tally_is_added_at_once),
        T(labels_make_one_family),          T(what_is_not_there_is_ignored),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
