/* test_position.c - where a stream is continued: never where it has been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/position.h"

enum { TICK = 20000, SECOND = 1000000 };
static const int64_t START = 1000 * (int64_t)SECOND;

static const pl_mix_position SOME = {.at_us = 1000000000,
                                     .send_index = 70000,
                                     .ssrc = 7,
                                     .ts = 4711,
                                     .rtcp_index = 12,
                                     .n_in = 1,
                                     .in = {{.ssrc = 9, .index = 5}}};

static void final_position_is_continued_at_the_next_number(void **state)
{
    (void)state;
    pl_mix_position p;
    assert_int_equal(pl_position_resume(&SOME, 0, START + 50 * TICK, &p),
                     PL_OK);
    assert_int_equal(p.send_index, 70000);
    assert_int_equal(p.rtcp_index, 12);
    assert_int_equal(p.at_us, SOME.at_us); /* the engine counts from there */
    assert_int_equal(p.ts, 4711);
}

/* What a worker sends from the position on: a packet a tick, and five ticks
 * that were late. */
static uint64_t sent_until(const pl_mix_position *p, int64_t us)
{
    return p->send_index + (uint64_t)(us / TICK) + 5;
}

static void no_number_is_used_twice(void **state)
{
    (void)state;
    for (uint32_t ms = 1; ms < 60000; ms = ms * 3 / 2 + 1) {
        pl_mix_position p;
        int64_t now_us = START + (int64_t)ms * 1000;
        assert_int_equal(pl_position_resume(&SOME, ms, now_us, &p), PL_OK);
        assert_true(p.send_index > sent_until(&SOME, now_us - START));
        /* reports: one in 2.5 s, and the last one */
        assert_true(p.rtcp_index > SOME.rtcp_index + ms / 2500 + 1);
        assert_true(p.send_index - SOME.send_index < 32768 / 2 + 1);
    }
}

/* The second worker is lost before it told where it is: the third continues
 * with the first one's position. */
static void nor_by_a_third_worker(void **state)
{
    (void)state;
    for (uint32_t a = 1; a < 20000; a = a * 2 + 1) {
        for (uint32_t b = 1; b < 20000; b = b * 2 + 1) {
            pl_mix_position second, third;
            int64_t t1 = START + (int64_t)a * 1000;
            int64_t t2 = t1 + (int64_t)b * 1000;
            assert_int_equal(pl_position_resume(&SOME, a, t1, &second), PL_OK);
            assert_int_equal(pl_position_resume(&SOME, a + b, t2, &third),
                             PL_OK);
            /* it ticked for b ms at most, the first time after 20 of them */
            assert_true(third.send_index >=
                        second.send_index + (uint64_t)(t2 - t1) / TICK);
        }
    }
}

static void age_counts_where_clocks_are_not_shared(void **state)
{
    (void)state;
    pl_mix_position p;
    const int64_t before = SOME.at_us - 1;
    assert_int_equal(pl_position_resume(&SOME, 3000, before, &p), PL_OK);
    assert_int_equal(p.at_us, before - 3 * SECOND);
    assert_true(p.send_index > SOME.send_index + 155);
    assert_true(p.send_index < SOME.send_index + 500);
    /* less than its age */
    assert_int_equal(
        pl_position_resume(&SOME, 9000, SOME.at_us + 3 * SECOND, &p), PL_OK);
    assert_int_equal(p.at_us, SOME.at_us - 6 * SECOND);
}

/* roompool stood still for a long time, and has just read it: as much as the
 * clock says may have been sent since. */
static void position_that_waited_is_as_old_as_it_is(void **state)
{
    (void)state;
    pl_mix_position p;
    const int64_t waits[] = {5 * SECOND, 59 * SECOND, 61 * SECOND,
                             150 * SECOND};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(
            pl_position_resume(&SOME, 1, SOME.at_us + waits[i], &p), PL_OK);
        assert_true(p.send_index > sent_until(&SOME, waits[i]));
    }
    assert_int_equal(
        pl_position_resume(&SOME, 1, SOME.at_us + 86400 * (int64_t)SECOND, &p),
        PL_EFULL);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    pl_mix_position p, bad;
    assert_int_equal(
        pl_position_resume(&(pl_mix_position){.at_us = 0}, 0, START, &p),
        PL_EINVAL);
    bad = SOME;
    bad.n_in = PL_SRTP_MAX_SSRC_IN + 1;
    assert_int_equal(pl_position_resume(&bad, 0, START, &p), PL_EINVAL);
    bad = SOME;
    bad.in[0].index = UINT64_C(1) << 48;
    assert_int_equal(pl_position_resume(&bad, 0, START, &p), PL_EINVAL);
    bad = SOME;
    bad.send_index = (UINT64_C(1) << 48) - 3;
    assert_int_equal(pl_position_resume(&bad, 1, START, &p), PL_EINVAL);
    bad = SOME;
    bad.rtcp_index = 0x7fffffff;
    assert_int_equal(pl_position_resume(&bad, 1, START, &p), PL_EINVAL);
    bad = SOME;
    bad.at_us = -5;
    assert_int_equal(pl_position_resume(&bad, 0, START, &p), PL_EINVAL);
    /* so long ago that a receiver could not follow */
    assert_int_equal(pl_position_resume(&SOME, 200000,
                                        SOME.at_us + 200 * (int64_t)SECOND, &p),
                     PL_EFULL);
    assert_int_equal(pl_position_resume(&SOME, UINT32_MAX, SOME.at_us, &p),
                     PL_EFULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(final_position_is_continued_at_the_next_number),
        cmocka_unit_test(no_number_is_used_twice),
        cmocka_unit_test(nor_by_a_third_worker),
        cmocka_unit_test(age_counts_where_clocks_are_not_shared),
        cmocka_unit_test(position_that_waited_is_as_old_as_it_is),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
