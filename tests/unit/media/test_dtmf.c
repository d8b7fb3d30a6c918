/* test_dtmf.c - telephone-events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/dtmf.h"

static char send(pl_dtmf *d, uint32_t ts, uint8_t event, bool end,
                 uint16_t duration)
{
    uint8_t p[4] = {event, end ? 0x8a : 0x0a, (uint8_t)(duration >> 8),
                    (uint8_t)duration};
    pl_digit digit = {.digit = 'x'};
    pl_slice payload = {p, sizeof p};
    assert_int_equal(pl_dtmf_take(d, ts, payload, 8000, &digit), PL_OK);
    return digit.digit;
}

static void every_digit_is_given_once(void **state)
{
    (void)state; /* RFC 4733 section 2.5.1.4: three end packets */
    static const char digits[] = "0123456789*#ABCD";
    pl_dtmf d = {0};
    for (uint8_t e = 0; e < 16; e++) {
        uint32_t ts = 0xfffffc00U + e * 1000U; /* through the wrap */
        assert_int_equal(send(&d, ts, e, false, 160), 0);
        assert_int_equal(send(&d, ts, e, false, 320), 0);
        assert_int_equal(send(&d, ts, e, true, 480), digits[e]);
        assert_int_equal(send(&d, ts, e, true, 480), 0);
        assert_int_equal(send(&d, ts, e, true, 480), 0);
    }
}

static void same_digit_twice_is_two(void **state)
{
    (void)state;
    pl_dtmf d = {0};
    assert_int_equal(send(&d, 100, 5, true, 400), '5');
    assert_int_equal(send(&d, 900, 5, true, 400), '5');
}

static void lost_end_is_made_good_by_the_next(void **state)
{
    (void)state; /* RFC 4733 section 2.5.2.3 */
    pl_dtmf d = {0};
    assert_int_equal(send(&d, 100, 1, false, 400), 0);
    assert_int_equal(send(&d, 2000, 2, false, 160), '1');
    assert_int_equal(send(&d, 2000, 2, true, 400), '2');
}

static void lost_end_is_made_good_by_time(void **state)
{
    (void)state;
    pl_dtmf d = {0};
    assert_int_equal(send(&d, 100, 11, false, 400), 0);
    assert_int_equal(pl_dtmf_flush(&d), '#');
    assert_int_equal(pl_dtmf_flush(&d), 0);
    assert_int_equal(send(&d, 100, 11, true, 800), 0);
}

static void only_ends_arriving_is_enough(void **state)
{
    (void)state;
    pl_dtmf d = {0};
    assert_int_equal(send(&d, 0, 10, true, 800), '*');
}

static void late_packets_of_an_old_event_are_ignored(void **state)
{
    (void)state;
    pl_dtmf d = {0};
    assert_int_equal(send(&d, 100, 1, true, 400), '1');
    assert_int_equal(send(&d, 900, 2, true, 400), '2');
    assert_int_equal(send(&d, 100, 1, true, 400), 0);
}

static void other_events_and_broken_ones_are_no_digits(void **state)
{
    (void)state;
    pl_dtmf d = {0};
    pl_digit digit = {.digit = 'x'};
    const uint8_t p[5] = {1, 0x80, 0, 1, 0};
    assert_int_equal(send(&d, 0, 16, true, 100), 0); /* flash */
    assert_int_equal(send(&d, 50, 255, true, 100), 0);
    assert_int_equal(pl_dtmf_take(&d, 9, (pl_slice){p, 3}, 8000, &digit),
                     PL_EPROTO);
    assert_int_equal(pl_dtmf_take(&d, 9, (pl_slice){p, 0}, 8000, &digit),
                     PL_EPROTO);
    assert_int_equal(pl_dtmf_take(&d, 9, (pl_slice){p, 5}, 8000, &digit),
                     PL_EPROTO);
    assert_int_equal(pl_dtmf_take(&d, 9, (pl_slice){p, 4}, 8000, &digit),
                     PL_OK);
    assert_int_equal(digit.digit, '1');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_digit_is_given_once),
        cmocka_unit_test(same_digit_twice_is_two),
        cmocka_unit_test(lost_end_is_made_good_by_the_next),
        cmocka_unit_test(lost_end_is_made_good_by_time),
        cmocka_unit_test(only_ends_arriving_is_enough),
        cmocka_unit_test(late_packets_of_an_old_event_are_ignored),
        cmocka_unit_test(other_events_and_broken_ones_are_no_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
