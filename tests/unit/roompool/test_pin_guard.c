/* test_pin_guard.c - limits on guessing PINs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/pin_guard.h"
#include "pl/str.h"

static const int64_t S = 1000000;

static bool allows(pl_pin_guard *g, const char *room, const char *source,
                   int64_t now)
{
    return pl_pin_guard_look(g, room, source, now) == PL_PIN_DOOR_OPEN;
}

static bool hides(pl_pin_guard *g, const char *room, const char *source,
                  int64_t now)
{
    return pl_pin_guard_look(g, room, source, now) == PL_PIN_DOOR_HIDDEN;
}

static int setup(void **state)
{
    pl_pin_guard *g;
    assert_int_equal(pl_pin_guard_create(5, 20, &g), PL_OK);
    *state = g;
    return 0;
}

static int teardown(void **state)
{
    pl_pin_guard *g = *state;
    pl_pin_guard_destroy(&g);
    return 0;
}

static void five_wrong_ones_block_the_source_and_the_delay_grows(void **state)
{
    pl_pin_guard *g = *state;
    int64_t now = 0;
    for (int i = 0; i < 5; i++) {
        assert_true(allows(g, "r", "a", now));
        pl_pin_guard_wrong(g, "r", "a", now += S);
    }
    assert_false(allows(g, "r", "a", now + 9 * S));
    assert_true(allows(g, "r", "b", now));
    assert_true(allows(g, "other", "a", now));
    assert_true(allows(g, "r", "a", now + 10 * S));
    pl_pin_guard_wrong(g, "r", "a", now += 10 * S);
    assert_false(allows(g, "r", "a", now + 19 * S));
    assert_true(allows(g, "r", "a", now + 20 * S));
}

static void a_quiet_minute_forgives(void **state)
{
    pl_pin_guard *g = *state;
    for (int i = 0; i < 4; i++)
        pl_pin_guard_wrong(g, "r", "a", S);
    pl_pin_guard_wrong(g, "r", "a", 70 * S);
    assert_true(allows(g, "r", "a", 70 * S));
}

static void a_room_under_attack_stays_open_to_its_users(void **state)
{
    pl_pin_guard *g = *state;
    pl_pin_guard_right(g, "r", "friend", S);
    for (int i = 0; i < 20; i++) {
        char source[16];
        pl_fmt_cut(source, sizeof source, "bot-%d", i);
        pl_pin_guard_wrong(g, "r", source, 2 * S);
    }
    assert_false(allows(g, "r", "stranger", 3 * S));
    assert_true(hides(g, "r", "stranger", 3 * S));
    assert_true(hides(g, "r", "bot-3", 3 * S));
    assert_true(allows(g, "r", "friend", 3 * S));
    assert_false(hides(g, "r", "friend", 3 * S));
    assert_false(hides(g, "other", "stranger", 3 * S));
    assert_true(allows(g, "r", "stranger", 13 * S));
    assert_false(hides(g, "r", "stranger", 13 * S));
}

/* It is told that it has to wait, not that there is nothing. */
static void a_source_that_has_to_wait_sees_the_room(void **state)
{
    pl_pin_guard *g = *state;
    for (int i = 0; i < 20; i++)
        pl_pin_guard_wrong(g, "r", "a", S);
    assert_false(allows(g, "r", "a", 2 * S));
    assert_false(hides(g, "r", "a", 2 * S));
    assert_true(hides(g, "r", "b", 2 * S));
}

/* Who knows one PIN must not get endless tries at the other. */
static void a_right_pin_does_not_forgive_wrong_ones(void **state)
{
    pl_pin_guard *g = *state;
    for (int i = 0; i < 4; i++) {
        pl_pin_guard_wrong(g, "r", "guest", S);
        pl_pin_guard_right(g, "r", "guest", S);
    }
    assert_true(allows(g, "r", "guest", S));
    pl_pin_guard_wrong(g, "r", "guest", S);
    assert_false(allows(g, "r", "guest", 2 * S));
    assert_true(allows(g, "r", "guest", 12 * S));
}

static void memory_is_bounded_and_the_newest_is_remembered(void **state)
{
    pl_pin_guard *g = *state;
    for (int i = 0; i < 5000; i++) {
        char source[16];
        pl_fmt_cut(source, sizeof source, "s%d", i);
        pl_pin_guard_wrong(g, source, source, i + 1);
    }
    for (int i = 0; i < 5; i++)
        pl_pin_guard_wrong(g, "r", "last", 6000);
    assert_false(allows(g, "r", "last", 6001));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(five_wrong_ones_block_the_source_and_the_delay_grows),
        TEST(a_quiet_minute_forgives),
        TEST(a_room_under_attack_stays_open_to_its_users),
        TEST(a_source_that_has_to_wait_sees_the_room),
        TEST(a_right_pin_does_not_forgive_wrong_ones),
        TEST(memory_is_bounded_and_the_newest_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
