/* test_rtp.c - RTP headers and sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rtp.h"
#include "core/rtp_source.h"

/* V=2 P=0 X=1 CC=1 M=1 PT=111 seq 0x1234, one-byte extension with id 1. */
static const uint8_t FULL[] = {0x91, 0xef, 0x12, 0x34, 0, 0, 0,    5,    0xde,
                               0xad, 0xbe, 0xef, 0,    0, 0, 9,    0xbe, 0xde,
                               0,    1,    0x10, 0x8a, 0, 0, 0xaa, 0xbb};

static void full_header_is_read(void **state)
{
    (void)state;
    pl_rtp r;
    assert_int_equal(pl_rtp_parse(FULL, sizeof FULL, &r), PL_OK);
    assert_true(r.marker);
    assert_int_equal(r.pt, 111);
    assert_int_equal(r.seq, 0x1234);
    assert_int_equal(r.ts, 5);
    assert_int_equal(r.ssrc, 0xdeadbeef);
    assert_int_equal(r.payload_len, 2);
    assert_int_equal(r.payload[0], 0xaa);
    uint8_t level = 0;
    bool is_voice = false;
    assert_true(
        pl_rtp_level(&r, 1, &level, &is_voice)); /* RFC 6464 section 3 */
    assert_int_equal(level, 10);
    assert_true(is_voice);
    assert_false(pl_rtp_level(&r, 2, &level, &is_voice));
    assert_false(pl_rtp_level(&r, 0, &level, &is_voice));
}

static void two_byte_extension_is_read(void **state)
{
    (void)state;
    const uint8_t p[] = {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                         0x10, 0, 0, 2, 3, 2, 9, 9, 0, 1, 1, 0x05};
    pl_rtp r;
    uint8_t level = 0;
    bool is_voice = true;
    assert_int_equal(pl_rtp_parse(p, sizeof p, &r), PL_OK);
    assert_true(pl_rtp_level(&r, 1, &level, &is_voice)); /* RFC 8285 4.3 */
    assert_int_equal(level, 5);
    assert_false(is_voice);
}

static void every_truncation_is_refused_or_shorter(void **state)
{
    (void)state;
    pl_rtp r;
    for (size_t n = 0; n < sizeof FULL; n++) {
        uint8_t copy[sizeof FULL];
        memcpy(copy, FULL, n);
        pl_err e = pl_rtp_parse(copy, n, &r);
        assert_int_equal(e, n < 24 ? PL_EPROTO : PL_OK);
    }
}

static void broken_headers_are_refused(void **state)
{
    (void)state;
    uint8_t p[20] = {0x80};
    pl_rtp r;
    assert_int_equal(pl_rtp_parse(p, sizeof p, &r), PL_OK);
    p[0] = 0x40; /* version 1 */
    assert_int_equal(pl_rtp_parse(p, sizeof p, &r), PL_EPROTO);
    p[0] = 0xa0; /* padding of 0 */
    assert_int_equal(pl_rtp_parse(p, sizeof p, &r), PL_EPROTO);
    p[19] = 9; /* longer than the payload */
    assert_int_equal(pl_rtp_parse(p, sizeof p, &r), PL_EPROTO);
    p[19] = 8;
    assert_int_equal(pl_rtp_parse(p, sizeof p, &r), PL_OK);
    assert_int_equal(r.payload_len, 0);
}

static void written_header_reads_back(void **state)
{
    (void)state;
    uint8_t p[PL_RTP_HEADER];
    pl_rtp in = {.marker = true, .pt = 96, .seq = 65535, .ts = 1, .ssrc = 2};
    pl_rtp out;
    pl_rtp_write(&in, p);
    assert_int_equal(pl_rtp_parse(p, sizeof p, &out), PL_OK);
    assert_int_equal(out.marker, 1);
    assert_int_equal(out.pt, 96);
    assert_int_equal(out.seq, 65535);
    assert_int_equal(out.ssrc, 2);
}

static void rtcp_is_told_apart(void **state)
{
    (void)state;
    uint8_t p[2] = {0x80, 200}; /* RFC 5761 section 4 */
    assert_true(pl_rtp_is_rtcp(p, 2));
    p[1] = 0x80 | 96;
    assert_false(pl_rtp_is_rtcp(p, 2));
    p[1] = 0;
    assert_false(pl_rtp_is_rtcp(p, 2));
    assert_false(pl_rtp_is_rtcp(p, 1));
}

static pl_err feed(pl_rtp_source *s, uint16_t seq, uint32_t *x, bool *restart)
{
    return pl_rtp_source_seq(s, seq, x, restart);
}

static void numbers_wrap_and_reorder(void **state)
{
    (void)state;
    pl_rtp_source s;
    uint32_t x = 0;
    bool restart = false;
    pl_rtp_source_start(&s, 1, 65534, 0);
    assert_int_equal(feed(&s, 65534, &x, &restart), PL_OK);
    assert_int_equal(feed(&s, 1, &x, &restart), PL_OK);
    assert_int_equal(x, 65537);
    assert_int_equal(feed(&s, 65535, &x, &restart), PL_OK); /* late */
    assert_int_equal(x, 65535);
    assert_int_equal(feed(&s, 0, &x, &restart), PL_OK);
    assert_int_equal(x, 65536);
    assert_int_equal(pl_rtp_source_lost(&s), 0);
    assert_int_equal(feed(&s, 4, &x, &restart), PL_OK);
    assert_int_equal(pl_rtp_source_lost(&s), 2);
}

static void jumps_must_be_confirmed(void **state)
{
    (void)state; /* RFC 3550 section A.1 */
    pl_rtp_source s;
    uint32_t x = 0;
    bool restart = false;
    pl_rtp_source_start(&s, 1, 100, 0);
    assert_int_equal(feed(&s, 100, &x, &restart), PL_OK);
    assert_int_equal(feed(&s, 40000, &x, &restart), PL_EPROTO);
    assert_int_equal(feed(&s, 101, &x, &restart), PL_OK);
    assert_false(restart);
    assert_int_equal(feed(&s, 40001, &x, &restart), PL_OK);
    assert_true(restart);
    assert_int_equal(x, 40001);
}

static void unproven_source_waits(void **state)
{
    (void)state;
    pl_rtp_source s;
    uint32_t x = 0;
    bool restart = false;
    pl_rtp_source_start(&s, 1, 10, 1);
    assert_int_equal(feed(&s, 12, &x, &restart), PL_EAGAIN);
    assert_int_equal(feed(&s, 13, &x, &restart), PL_OK);
    assert_true(s.is_valid);
    assert_int_equal(x, 13);
}

static void jitter_and_loss_are_reported(void **state)
{
    (void)state; /* RFC 3550 section 6.4.1, A.3, A.8 */
    pl_rtp_source s;
    uint32_t x = 0;
    bool restart = false;
    pl_rtp_source_start(&s, 7, 0, 0);
    for (uint16_t i = 0; i < 200; i++) {
        if (i % 4 == 3)
            continue;
        assert_int_equal(feed(&s, i, &x, &restart), PL_OK);
        int64_t off = i % 2 ? 10000 : 0; /* 10 ms to and fro */
        pl_rtp_source_arrival(&s, i * 160U, 8000, i * 20000 + off);
    }
    s.sr_mid = 0xabcd;
    s.sr_us = 1000000;
    pl_rtp_report r;
    pl_rtp_source_report(&s, 2000000, &r);
    assert_int_equal(r.ssrc, 7);
    assert_in_range(r.fraction_lost, 62, 64);
    assert_int_equal(r.lost, 49);
    assert_int_equal(r.max_xseq, 198);
    assert_in_range(r.jitter, 40, 80);
    assert_int_equal(r.last_sr, 0xabcd);
    assert_int_equal(r.delay_since_sr, 65536);
    pl_rtp_source_report(&s, 2000000, &r);
    assert_int_equal(r.fraction_lost, 0); /* nothing since */
    /* A late tick, with its deadline before the sender's report came. */
    s.sr_us = 2003000;
    pl_rtp_source_report(&s, 2000000, &r);
    assert_int_equal(r.last_sr, 0xabcd);
    assert_int_equal(r.delay_since_sr, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_header_is_read),
        cmocka_unit_test(two_byte_extension_is_read),
        cmocka_unit_test(every_truncation_is_refused_or_shorter),
        cmocka_unit_test(broken_headers_are_refused),
        cmocka_unit_test(written_header_reads_back),
        cmocka_unit_test(rtcp_is_told_apart),
        cmocka_unit_test(numbers_wrap_and_reorder),
        cmocka_unit_test(jumps_must_be_confirmed),
        cmocka_unit_test(unproven_source_waits),
        cmocka_unit_test(jitter_and_loss_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
