/* test_token_cache.c - when a token is asked for, used, renewed, dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/token_cache.h"

#define S(n) ((int64_t)(n)*1000000)
static const int64_t T0 = S(1000);

static int setup(void **state)
{
    pl_token_cache *c;
    assert_int_equal(pl_token_create(&c), PL_OK);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    pl_token_cache *c = *state;
    pl_token_destroy(&c);
    assert_null(c);
    pl_token_destroy(&c);
    return 0;
}

static void give(pl_token_cache *c, int64_t now, const char *token,
                 uint64_t life_s)
{
    assert_true(pl_token_must_ask(c, now, true));
    assert_int_equal(pl_token_given(c, now, pl_slice_str(token), life_s),
                     PL_OK);
}

static void one_request_at_a_time_and_none_while_a_token_is_good(void **state)
{
    pl_token_cache *c = *state;
    assert_null(pl_token_get(c, T0));
    assert_false(pl_token_must_ask(c, T0, false));
    assert_true(pl_token_must_ask(c, T0, true));
    for (int i = 0; i < 100; i++) /* simultaneous ones */
        assert_false(pl_token_must_ask(c, T0, true));
    assert_int_equal(pl_token_next_us(c, true), INT64_MAX);
    assert_int_equal(pl_token_given(c, T0 + S(1), pl_slice_str("abc"), 3599),
                     PL_OK);
    assert_string_equal(pl_token_get(c, T0 + S(1)), "abc");
    assert_false(pl_token_must_ask(c, T0 + S(2), true));
}

/* life in s, when it is renewed, when it is used no more */
static void
it_is_renewed_early_and_not_used_within_30_s_of_its_end(void **state)
{
    static const struct {
        unsigned life, renew, until;
    } rows[] = {
        {3599, 3299, 3569}, /* 300 s before its end */
        {600, 540, 570},    /* at 90 % */
        {100, 70, 70},      /* neither may be later than its use ends */
        {31, 1, 1},
    };
    pl_token_cache *c = *state;
    int64_t t = T0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        give(c, t, "abc", rows[i].life);
        assert_non_null(pl_token_get(c, t));
        assert_int_equal(pl_token_next_us(c, false), t + S(rows[i].renew));
        assert_false(pl_token_must_ask(c, t + S(rows[i].renew) - 1, false));
        assert_non_null(pl_token_get(c, t + S(rows[i].until) - 1));
        assert_null(pl_token_get(c, t + S(rows[i].until)));
        t += S(10000);
    }
}

static void the_old_one_serves_while_the_next_is_asked_for(void **state)
{
    pl_token_cache *c = *state;
    give(c, T0, "old", 600);
    assert_string_equal(pl_token_get(c, T0), "old");
    assert_true(pl_token_must_ask(c, T0 + S(540), false));
    assert_string_equal(pl_token_get(c, T0 + S(541)), "old");
    assert_int_equal(pl_token_given(c, T0 + S(542), pl_slice_str("new"), 600),
                     PL_OK);
    assert_string_equal(pl_token_get(c, T0 + S(542)), "new");
}

static void one_that_nobody_used_is_not_renewed(void **state)
{
    pl_token_cache *c = *state;
    give(c, T0, "abc", 600);
    assert_int_equal(pl_token_next_us(c, false), INT64_MAX);
    assert_false(pl_token_must_ask(c, T0 + S(560), false));
}

static void its_life_counts_from_the_request(void **state)
{
    pl_token_cache *c = *state;
    assert_true(pl_token_must_ask(c, T0, true));
    assert_int_equal(pl_token_given(c, T0 + S(3), pl_slice_str("abc"), 60),
                     PL_OK);
    assert_non_null(pl_token_get(c, T0 + S(30) - 1));
    assert_null(pl_token_get(c, T0 + S(30)));
}

static void failures_are_tried_again_within_five_seconds(void **state)
{
    pl_token_cache *c = *state;
    assert_true(pl_token_must_ask(c, T0, true));
    assert_int_equal(pl_token_timeout_ms(c, T0), 3000);
    assert_true(pl_token_failed(c, T0));
    assert_int_equal(pl_token_next_us(c, true), T0 + S(1));
    assert_false(pl_token_must_ask(c, T0 + S(1) - 1, true));
    assert_true(pl_token_must_ask(c, T0 + S(1), true));
    assert_true(pl_token_failed(c, T0 + S(1)));
    assert_true(pl_token_must_ask(c, T0 + S(3), true));
    assert_int_equal(pl_token_timeout_ms(c, T0 + S(3)), 2000);
    assert_false(pl_token_failed(c, T0 + S(3))); /* 4 s more are too many */
    /* Who comes now begins anew. */
    assert_true(pl_token_must_ask(c, T0 + S(3), true));
    assert_int_equal(pl_token_timeout_ms(c, T0 + S(3)), 3000);
}

static void a_slow_failure_uses_the_budget_up(void **state)
{
    pl_token_cache *c = *state;
    assert_true(pl_token_must_ask(c, T0, true));
    assert_false(pl_token_failed(c, T0 + S(5)));
}

static void a_failed_renewal_keeps_the_old_one(void **state)
{
    pl_token_cache *c = *state;
    give(c, T0, "old", 600);
    assert_non_null(pl_token_get(c, T0));
    int64_t t = T0 + S(540);
    assert_true(pl_token_must_ask(c, t, false));
    assert_true(pl_token_failed(c, t));
    assert_true(pl_token_must_ask(c, t + S(1), false));
    assert_false(pl_token_failed(c, t + S(5)));
    assert_string_equal(pl_token_get(c, t + S(6)), "old");
    assert_int_equal(pl_token_next_us(c, false), t + S(35));
    assert_false(pl_token_must_ask(c, t + S(20), false));
    assert_null(pl_token_get(c, T0 + S(570)));
    assert_true(pl_token_must_ask(c, T0 + S(570), true));
}

static void only_the_token_that_was_refused_is_dropped(void **state)
{
    pl_token_cache *c = *state;
    give(c, T0, "new", 600);
    pl_token_drop(c, "old");
    assert_string_equal(pl_token_get(c, T0), "new");
    pl_token_drop(c, "new");
    assert_null(pl_token_get(c, T0));
    assert_true(pl_token_must_ask(c, T0, true));
}

static void what_is_no_token_is_refused(void **state)
{
    static char text[PL_TOKEN_MAX + 2];
    pl_token_cache *c = *state;
    memset(text, 'a', PL_TOKEN_MAX + 1);
    const char *bad[] = {"", "a b", "a\nb", "\xc3\xa9", text};
    assert_true(pl_token_must_ask(c, T0, true));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(pl_token_given(c, T0, pl_slice_str(bad[i]), 600),
                         PL_EINVAL);
        assert_null(pl_token_get(c, T0));
    }
    assert_int_equal(pl_token_given(c, T0, pl_slice_str("a"), 30), PL_EINVAL);
    assert_int_equal(pl_token_given(c, T0 + S(10), pl_slice_str("a"), 40),
                     PL_EINVAL);
    assert_int_equal(pl_token_given(c, T0, pl_slice_str("a"), UINT64_MAX),
                     PL_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_request_at_a_time_and_none_while_a_token_is_good),
        TEST(it_is_renewed_early_and_not_used_within_30_s_of_its_end),
        TEST(the_old_one_serves_while_the_next_is_asked_for),
        TEST(one_that_nobody_used_is_not_renewed),
        TEST(its_life_counts_from_the_request),
        TEST(failures_are_tried_again_within_five_seconds),
        TEST(a_slow_failure_uses_the_budget_up),
        TEST(a_failed_renewal_keeps_the_old_one),
        TEST(only_the_token_that_was_refused_is_dropped),
        TEST(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
