/* test_load_prom.c - figures out of a metrics page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prom.h"

static const char before[] =
    "# HELP x_us text\n# TYPE x_us histogram\n"
    "x_us_bucket{node=\"a\",le=\"10\"} 5\nx_us_bucket{node=\"a\",le=\"100\"} "
    "5\n"
    "x_us_bucket{node=\"a\",le=\"+Inf\"} 5\nx_us_sum{node=\"a\"} 50\n"
    "x_us_count{node=\"a\"} 5\nlost_total{node=\"a\"} 3\n"
    "lost_total{node=\"b\"} 4\nlost_total_more 9\n";
static const char after[] =
    "x_us_bucket{node=\"a\",le=\"10\"} 5\n"
    "x_us_bucket{node=\"a\",le=\"100\"} 104\n"
    "x_us_bucket{node=\"a\",le=\"+Inf\"} 105\nx_us_sum{node=\"a\"} 5050\n"
    "x_us_count{node=\"a\"} 105\n";

static void a_value_is_the_sum_of_its_series(void **state)
{
    double v = 0;
    (void)state;
    assert_true(pl_prom_value(before, "lost_total", &v));
    assert_true(v == 7);
    assert_false(pl_prom_value(before, "lost", &v));
    assert_false(pl_prom_value("", "lost_total", &v));
}

static void quantiles_are_of_what_came_between(void **state)
{
    pl_prom_histogram a;
    pl_prom_histogram b;
    (void)state;
    pl_prom_read(before, "x_us", &a);
    pl_prom_read(after, "x_us", &b);
    assert_int_equal(a.n, 3);
    assert_true(pl_prom_at(&a, 0.5) == 10);
    pl_prom_since(&b, &a);
    assert_true(b.total == 100 && b.sum == 5000);
    assert_true(pl_prom_at(&b, 0.5) == 100);
    assert_true(pl_prom_at(&b, 0.999) == 100); /* the last bound there is */
}

static void series_of_two_nodes_add_up(void **state)
{
    static const char text[] =
        "x_bucket{node=\"a\",le=\"1\"} 1\nx_bucket{node=\"a\",le=\"+Inf\"} 2\n"
        "x_bucket{node=\"b\",le=\"1\"} 10\nx_bucket{node=\"b\",le=\"+Inf\"} "
        "20\n"
        "x_count{node=\"a\"} 2\nx_count{node=\"b\"} 20\n";
    pl_prom_histogram h;
    (void)state;
    pl_prom_read(text, "x", &h);
    assert_int_equal(h.n, 2);
    assert_true(h.count[0] == 11 && h.count[1] == 22 && h.total == 22);
}

static void what_is_not_there_is_empty(void **state)
{
    pl_prom_histogram h;
    (void)state;
    pl_prom_read(before, "y_us", &h);
    assert_int_equal(h.n, 0);
    assert_true(pl_prom_at(&h, 0.5) == 0);
    pl_prom_read("x_us_bucket{le=", "x_us", &h); /* cut off */
    assert_true(pl_prom_at(&h, 0.5) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_the_sum_of_its_series),
        cmocka_unit_test(quantiles_are_of_what_came_between),
        cmocka_unit_test(series_of_two_nodes_add_up),
        cmocka_unit_test(what_is_not_there_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
