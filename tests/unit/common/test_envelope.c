#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "envelope.h"

static pl_bus_head sample(void)
{
    return (pl_bus_head){.major = 1,
                         .msg_id = 0x0501,
                         .corr = UINT64_MAX,
                         .kind = PL_REQUEST,
                         .deadline_ms = 60000,
                         .trace = "0123456789abcdef0123456789abcdef",
                         .epoch = 7};
}

static void a_round_trip_keeps_every_value(void **state)
{
    (void)state;
    const uint64_t corrs[] = {1,          127,        128,        255,
                              256,        65535,      65536,      UINT32_MAX,
                              UINT64_MAX, 1ULL << 32, 1ULL << 63, 300};
    for (size_t i = 0; i < sizeof corrs / sizeof corrs[0]; i++) {
        pl_bus_head in = sample();
        pl_bus_head out;
        uint8_t buf[128];
        size_t n = 0;
        in.corr = corrs[i];
        in.epoch = corrs[i];
        in.trace[i] = '\0';
        assert_int_equal(pl_envelope_encode(&in, buf, sizeof buf, &n), PL_OK);
        assert_int_equal(pl_envelope_decode(buf, n, &out), PL_OK);
        assert_int_equal(out.major, in.major);
        assert_int_equal(out.msg_id, in.msg_id);
        assert_true(out.corr == in.corr && out.epoch == in.epoch);
        assert_int_equal(out.kind, in.kind);
        assert_int_equal(out.deadline_ms, in.deadline_ms);
        assert_string_equal(out.trace, in.trace);
    }
}

static void every_cut_and_small_buffer_is_refused(void **state)
{
    (void)state;
    pl_bus_head in = sample();
    uint8_t buf[128];
    size_t n = 0;
    size_t small = 0;
    assert_int_equal(pl_envelope_encode(&in, buf, sizeof buf, &n), PL_OK);
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(pl_envelope_decode(buf, cut, &in), PL_EPROTO);
        in = sample();
        uint8_t tight[128];
        assert_int_equal(pl_envelope_encode(&in, tight, cut, &small), PL_EFULL);
    }
}

static void a_longer_array_of_a_newer_peer_is_read(void **state)
{
    (void)state;
    const uint8_t newer[] = {0x98, 1, 5, 0, 2, 0, 0xa0, 0, 0xc0};
    const uint8_t shorter[] = {0x96, 1, 5, 0, 2, 0, 0xa0};
    pl_bus_head out;
    assert_int_equal(pl_envelope_decode(newer, sizeof newer, &out), PL_OK);
    assert_int_equal(out.msg_id, 5);
    assert_int_equal(pl_envelope_decode(shorter, sizeof shorter, &out),
                     PL_EPROTO);
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    const uint8_t rows[][9] = {
        {0x97, 1, 5, 1, 2, 0, 0xa0, 0},    /* an event with corr */
        {0x97, 1, 5, 0, 0, 0, 0xa0, 0},    /* a request without */
        {0x97, 1, 5, 0, 3, 0, 0xa0, 0},    /* kind 3 */
        {0x97, 1, 5, 0, 2, 0, 0xc0, 0},    /* no trace text */
        {0x97, 0xff, 5, 0, 2, 0, 0xa0, 0}, /* negative */
        {0x87, 1, 5, 0, 2, 0, 0xa0, 0},    /* a map */
    };
    pl_bus_head out;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(pl_envelope_decode(rows[i], 8, &out), PL_EPROTO);
    const uint8_t upper[] = {0x97, 1, 5, 0, 2, 0, 0xa1, 'X', 0};
    assert_int_equal(pl_envelope_decode(upper, sizeof upper, &out), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_trip_keeps_every_value),
        cmocka_unit_test(every_cut_and_small_buffer_is_refused),
        cmocka_unit_test(a_longer_array_of_a_newer_peer_is_read),
        cmocka_unit_test(wrong_values_are_refused),
    };
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
