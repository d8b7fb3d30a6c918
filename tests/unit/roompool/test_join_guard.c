/* test_join_guard.c - shares of sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/join_guard.h"
#include "pl/str.h"

static const int64_t S = 1000000;

static unsigned taken(pl_join_guard *g, const char *source, unsigned tries,
                      int64_t now_us)
{
    unsigned n = 0;
    for (unsigned i = 0; i < tries; i++)
        n += pl_join_guard_take(g, source, now_us);
    return n;
}

static void a_minutes_share_at_once_and_then_at_its_rate(void **state)
{
    pl_join_guard *g;
    (void)state;
    assert_int_equal(pl_join_guard_create(60, &g), PL_OK);
    assert_int_equal(taken(g, "192.0.2.1", 200, 1000 * S), 60);
    assert_int_equal(taken(g, "192.0.2.1", 200, 1010 * S), 10);
    assert_int_equal(taken(g, "192.0.2.1", 200, 9000 * S), 60);
    pl_join_guard_destroy(&g);
    assert_null(g);
}

static void each_source_has_its_own(void **state)
{
    pl_join_guard *g;
    (void)state;
    assert_int_equal(pl_join_guard_create(3, &g), PL_OK);
    assert_int_equal(taken(g, "192.0.2.1", 9, S), 3);
    assert_int_equal(taken(g, "192.0.2.2", 9, S), 3);
    assert_int_equal(taken(g, "2001:db8::1", 9, S), 3);
    assert_int_equal(taken(g, "2001:db8::2", 9, S), 0); /* the same /64 */
    assert_int_equal(taken(g, "2001:db8:0:1::2", 9, S), 3);
    assert_int_equal(taken(g, "::1", 9, S), 9);
    pl_join_guard_destroy(&g);
}

static void zero_is_no_limit(void **state)
{
    pl_join_guard *g;
    (void)state;
    assert_int_equal(pl_join_guard_create(0, &g), PL_OK);
    assert_int_equal(taken(g, "192.0.2.1", 1000, S), 1000);
    pl_join_guard_destroy(&g);
}

/* Many sources push out those that have used least. */
static void who_used_up_its_share_is_remembered(void **state)
{
    pl_join_guard *g;
    (void)state;
    assert_int_equal(pl_join_guard_create(10, &g), PL_OK);
    assert_int_equal(taken(g, "192.0.2.1", 20, S), 10);
    for (unsigned i = 0; i < 5000; i++) {
        char source[32];
        pl_fmt_cut(source, sizeof source, "10.1.%u.%u", i / 250, i % 250);
        assert_true(pl_join_guard_take(g, source, S));
    }
    assert_int_equal(taken(g, "192.0.2.1", 20, S), 0);
    pl_join_guard_destroy(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minutes_share_at_once_and_then_at_its_rate),
        cmocka_unit_test(each_source_has_its_own),
        cmocka_unit_test(zero_is_no_limit),
        cmocka_unit_test(who_used_up_its_share_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
