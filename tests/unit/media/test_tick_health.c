/* test_tick_health.c - late ticks and their causes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/tick_health.h"

/* All in ms; the deadline is 100. */
typedef struct row {
    int before_from, before_to, before_cpu;
    int now_from, now_cpu, begin;
    pl_late_cause cause;
} row;

static pl_late_tick tick_of(const row *r)
{
    enum { MS = 1000 };
    return (pl_late_tick){
        .deadline_us = 100 * MS,
        .begin_us = r->begin * MS,
        .before = {r->before_from * MS, r->before_to * MS, r->before_cpu * MS},
        .now = {r->now_from * MS, r->begin * MS, r->now_cpu * MS}};
}

static void the_longest_part_is_the_cause(void **state)
{
    (void)state;
    static const row rows[] = {
        /* slept through its deadline */
        {80, 85, 5, 110, 0, 110, PL_LATE_WOKEN},
        {0, 0, 0, 110, 0, 110, PL_LATE_WOKEN},
        /* the tick before took until long after it, by itself */
        {80, 112, 32, 112, 0, 112, PL_LATE_WORK},
        /* and because others had the CPU */
        {80, 112, 4, 112, 0, 112, PL_LATE_PREEMPTED},
        /* commands between the wake-up and the tick */
        {60, 65, 5, 95, 20, 115, PL_LATE_WORK},
        {60, 65, 5, 95, 2, 115, PL_LATE_PREEMPTED},
        /* woken late, then a catch-up tick before this one */
        {60, 65, 5, 130, 4, 134, PL_LATE_WOKEN},
        /* woken somewhat late, but then the work took longer */
        {60, 65, 5, 104, 14, 118, PL_LATE_WORK},
        /* what was busy before the deadline does not matter */
        {10, 99, 89, 108, 0, 108, PL_LATE_WOKEN},
        /* clocks that do not quite agree */
        {80, 112, 40, 112, 1, 112, PL_LATE_WORK},
        {80, 112, -1, 112, 0, 112, PL_LATE_PREEMPTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_late_tick t = tick_of(&rows[i]);
        if (pl_late_cause_of(&t) != rows[i].cause)
            fail_msg("row %zu: %s", i,
                     pl_late_cause_text(pl_late_cause_of(&t)));
    }
}

static void a_stop_is_known_somewhat_later(void **state)
{
    (void)state;
    static const row woken = {0, 0, 0, 600, 0, 600, PL_LATE_WOKEN};
    pl_late_tick t = tick_of(&woken);
    pl_late_list list = {.n = 0};
    pl_late_known k;
    assert_true(pl_late_put(&list, &t));
    assert_false(pl_late_take(&list, 650000, false, 0, &k));
    /* it went on behind the deadline: that was it */
    assert_true(pl_late_take(&list, 700000, false, 601000, &k));
    assert_int_equal(k.cause, PL_LATE_STOPPED);
    assert_int_equal(k.late_us, 500000);
    assert_false(pl_late_take(&list, 700000, true, 601000, &k));
    /* stops before the deadline, and much later ones, are not the cause */
    assert_true(pl_late_put(&list, &t));
    assert_true(pl_late_take(&list, 800000, false, 99000, &k));
    assert_int_equal(k.cause, PL_LATE_WOKEN);
    assert_true(pl_late_put(&list, &t));
    assert_true(pl_late_take(&list, 900000, false, 890000, &k));
    assert_int_equal(k.cause, PL_LATE_WOKEN);
}

static void the_list_is_bounded_and_in_order(void **state)
{
    (void)state;
    pl_late_list list = {.n = 0};
    pl_late_known k;
    for (int i = 0; i < PL_TICK_LATE_PENDING + 1; i++) {
        const row r = {0, 0, 0, 110 + i, 0, 110 + i, PL_LATE_WOKEN};
        pl_late_tick t = tick_of(&r);
        assert_int_equal(pl_late_put(&list, &t), i < PL_TICK_LATE_PENDING);
    }
    for (int i = 0; i < PL_TICK_LATE_PENDING; i++) {
        assert_true(pl_late_take(&list, 0, true, 0, &k));
        assert_int_equal(k.late_us, 10000 + i * 1000);
    }
    assert_false(pl_late_take(&list, 0, true, 0, &k));
}

static void causes_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PL_LATE_CAUSES; i++)
        assert_string_not_equal(pl_late_cause_text((pl_late_cause)i), "");
    assert_string_equal(pl_late_cause_text(PL_LATE_CAUSES), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_part_is_the_cause),
        cmocka_unit_test(a_stop_is_known_somewhat_later),
        cmocka_unit_test(the_list_is_bounded_and_in_order),
        cmocka_unit_test(causes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
