/* test_rtcp.c - compound RTCP packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "core/rtcp.h"

static size_t write_full(uint8_t *out, bool is_sender, bool is_bye)
{
    static const pl_rtp_report report = {.ssrc = 0x55,
                                         .fraction_lost = 25,
                                         .lost = 7,
                                         .max_xseq = 65540,
                                         .jitter = 80,
                                         .last_sr = 0x11223344,
                                         .delay_since_sr = 65536};
    const pl_rtcp_own own = {.ssrc = 0x99,
                             .cname = "abcdefghijklmnop",
                             .is_sender = is_sender,
                             .ntp = 0x0102030405060708,
                             .rtp_ts = 1234,
                             .packets = 10,
                             .bytes = 1000,
                             .report = &report,
                             .is_bye = is_bye};
    return pl_rtcp_write(&own, out);
}

static void written_report_reads_back(void **state)
{
    (void)state;
    uint8_t p[PL_RTCP_MAX_WRITE];
    size_t n = write_full(p, true, true);
    assert_int_equal(n % 4, 0);
    pl_rtcp r;
    assert_int_equal(pl_rtcp_parse(p, n, 0x55, &r), PL_OK);
    assert_int_equal(r.sender, 0x99);
    assert_true(r.has_sr);
    assert_int_equal(r.sr_mid, 0x03040506); /* RFC 3550 section 6.4.1 */
    assert_true(r.has_report);
    assert_int_equal(r.fraction_lost, 25);
    assert_int_equal(r.lost, 7);
    assert_int_equal(r.jitter, 80);
    assert_int_equal(r.last_sr, 0x11223344);
    assert_true(r.has_bye);
    n = write_full(p, false, false);
    assert_int_equal(pl_rtcp_parse(p, n, 0x56, &r), PL_OK);
    assert_false(r.has_sr);
    assert_false(r.has_report);
    assert_false(r.has_bye);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t p[PL_RTCP_MAX_WRITE];
    size_t n = write_full(p, true, true), rr = 52, sdes = 52 + 28;
    pl_rtcp r;
    for (size_t k = 0; k < n; k++) {
        if (k == rr || k == sdes) /* whole packets remain */
            continue;
        assert_int_equal(pl_rtcp_parse(p, k, 0x55, &r), PL_EPROTO);
    }
}

typedef struct broken {
    const char *what;
    size_t at;
    uint8_t value;
} broken;

static void broken_packets_are_refused(void **state)
{
    (void)state; /* RFC 3550 section A.2 */
    static const broken cases[] = {
        {"version", 0, 0x41},          {"report count", 0, 0x82},
        {"first type", 1, 203},        {"length too long", 3, 200},
        {"length too short", 3, 3},    {"second version", 52, 0x01},
        {"item too long", 61, 0xff},   {"bye count", 80, 0x9f},
        {"padding not last", 0, 0xa1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t p[PL_RTCP_MAX_WRITE];
        size_t n = write_full(p, true, true);
        pl_rtcp r;
        p[cases[i].at] = cases[i].value;
        if (pl_rtcp_parse(p, n, 0x55, &r) != PL_EPROTO)
            fail_msg("%s was accepted", cases[i].what);
    }
}

static void feedback_is_stepped_over(void **state)
{
    (void)state; /* RFC 4585 section 6.1, RFC 5506 section 3.4 */
    uint8_t p[12] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
    pl_rtcp r;
    assert_int_equal(pl_rtcp_parse(p, sizeof p, 1, &r), PL_OK);
    assert_int_equal(r.n_unknown, 1);
}

static void negative_loss_is_read(void **state)
{
    (void)state;
    uint8_t p[32] = {0x81, 201, 0, 7, 0, 0,    0,    1,
                     0,    0,   0, 2, 0, 0xff, 0xff, 0xff};
    pl_rtcp r;
    assert_int_equal(pl_rtcp_parse(p, sizeof p, 2, &r), PL_OK);
    assert_int_equal(r.lost, -1);
}

static void round_trip_is_computed(void **state)
{
    (void)state; /* RFC 3550 section 6.4.1, its worked example */
    assert_int_equal(pl_rtcp_rtt_us(0xb7108000, 0xb7052000, 0x00054000),
                     6125000);
    assert_int_equal(pl_rtcp_rtt_us(5, 0, 0), 0);
    assert_int_equal(pl_rtcp_rtt_us(5, 4, 100), 0); /* negative */
}

static void ntp_time_counts_from_1900(void **state)
{
    (void)state;
    assert_int_equal(pl_ntp_time(500000) >> 32, 2208988800U);
    assert_int_equal(pl_ntp_time(500000) & 0xffffffff, 0x80000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_report_reads_back),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(broken_packets_are_refused),
        cmocka_unit_test(feedback_is_stepped_over),
        cmocka_unit_test(negative_loss_is_read),
        cmocka_unit_test(round_trip_is_computed),
        cmocka_unit_test(ntp_time_counts_from_1900),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
