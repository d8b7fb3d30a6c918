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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_double_up_to_t2_for_32_seconds),
        cmocka_unit_test(an_ack_stops_it),
    };
    return RUN(tests);
}
