/* test_retrans.c - repetition of a 2xx, RFC 3261 section 13.3.1.4. */
#include "retrans.h"

#include "unit.h"

static void times_double_up_to_t2_for_32_seconds(void **state)
{
    (void)state;
    static const int64_t want_ms[] = {500,   1500,  3500,  7500,  11500,
                                      15500, 19500, 23500, 27500, 31500};
    pl_sip_retrans r;
    pl_sip_retrans_start(&r, 7000);
    size_t n = 0;
    for (int64_t ms = 0; ms <= 40000; ms += 10) {
        pl_sip_retrans_do what = pl_sip_retrans_due(&r, 7000 + ms * 1000);
        if (what == PL_SIP_RETRANS_SEND) {
            assert_true(n < COUNT(want_ms));
            assert_int_equal(ms, want_ms[n++]);
        } else if (what == PL_SIP_RETRANS_GIVE_UP) {
            assert_int_equal(ms, 32000);
        }
    }
    assert_int_equal(n, COUNT(want_ms));
    assert_false(r.is_running);
}

static void an_ack_stops_it(void **state)
{
    (void)state;
    pl_sip_retrans r;
    pl_sip_retrans_start(&r, 0);
    pl_sip_retrans_stop(&r);
    assert_int_equal(pl_sip_retrans_due(&r, 99000000), PL_SIP_RETRANS_WAIT);
}

/* RFC 3261 section 14.1. */
static void crossed_offers_wait_in_two_ranges(void **state)
{
    (void)state;
    int64_t least[2] = {INT64_MAX, INT64_MAX};
    int64_t most[2] = {0, 0};
    for (uint32_t draw = 0; draw < 1000; draw++) {
        for (int is_owner = 0; is_owner < 2; is_owner++) {
            int64_t us = pl_sip_glare_wait_us(is_owner, draw);
            assert_int_equal(us % 10000, 0);
            least[is_owner] = us < least[is_owner] ? us : least[is_owner];
            most[is_owner] = us > most[is_owner] ? us : most[is_owner];
        }
    }
    assert_int_equal(least[0], 0);
    assert_int_equal(most[0], 2000000);
    assert_int_equal(least[1], 2100000);
    assert_int_equal(most[1], 4000000);
}

static void reliable_responses_double_without_a_limit(void **state)
{
    (void)state; /* RFC 3262 section 3 */
    pl_sip_retrans r;
    pl_sip_retrans_start_reliable(&r, 0);
    int64_t at = 0;
    for (int64_t wait = PL_SIP_T1_US; at + wait < 64 * PL_SIP_T1_US;
         wait *= 2) {
        at += wait;
        assert_int_equal(pl_sip_retrans_due(&r, at - 1), PL_SIP_RETRANS_WAIT);
        assert_int_equal(pl_sip_retrans_due(&r, at), PL_SIP_RETRANS_SEND);
    }
    assert_int_equal(pl_sip_retrans_due(&r, 64 * PL_SIP_T1_US),
                     PL_SIP_RETRANS_GIVE_UP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_double_up_to_t2_for_32_seconds),
        cmocka_unit_test(an_ack_stops_it),
        cmocka_unit_test(crossed_offers_wait_in_two_ranges),
        cmocka_unit_test(reliable_responses_double_without_a_limit),
    };
    return RUN(tests);
}
