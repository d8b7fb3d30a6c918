/* test_dtmf_send.c - telephone-events as they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "core/dtmf.h"
#include "core/dtmf_send.h"

enum { TICK = 160, CLOCK = 8000 };
static const uint32_t START = 0xfffffff0U - 3 * TICK;

static pl_dtmf_queue queue(const char *keys)
{
    pl_dtmf_queue q = {.n = 0};
    assert_int_equal(pl_dtmf_queue_put(&q, keys, strlen(keys)), PL_OK);
    return q;
}

/* One digit, tick by tick, over the wrap of the timestamp. */
static void a_digit_is_seven_packets_and_a_gap(void **state)
{
    (void)state;
    static const uint16_t durations[] = {160, 320, 480, 640, 800, 800, 800};
    pl_dtmf_queue q = queue("#");
    pl_dtmf_packet p = {.marker = false};
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(
            pl_dtmf_queue_next(&q, START + i * TICK, TICK, CLOCK, &p),
            PL_DTMF_EVENT);
        assert_int_equal(p.marker, i == 0);
        assert_int_equal(p.ts, START);
        assert_int_equal(p.payload[0], 11);
        assert_int_equal(p.payload[1] & 0xc0, i >= 4 ? 0x80 : 0);
        assert_int_equal(pl_be_get16(p.payload + 2), durations[i]);
    }
    for (uint32_t i = 7; i < 10; i++) {
        assert_int_equal(q.n, 1);
        assert_int_equal(
            pl_dtmf_queue_next(&q, START + i * TICK, TICK, CLOCK, &p),
            PL_DTMF_QUIET);
    }
    assert_int_equal(q.n, 0);
    assert_int_equal(pl_dtmf_queue_next(&q, START, TICK, CLOCK, &p),
                     PL_DTMF_AUDIO);
    assert_int_equal(pl_dtmf_queue_clear(&q), 1);
}

static void a_comma_lets_audio_through_for_two_seconds(void **state)
{
    (void)state;
    pl_dtmf_queue q = queue(",7");
    pl_dtmf_packet p;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(pl_dtmf_queue_next(&q, i * TICK, TICK, CLOCK, &p),
                         PL_DTMF_AUDIO);
    }
    assert_int_equal(pl_dtmf_queue_next(&q, 100 * TICK, TICK, CLOCK, &p),
                     PL_DTMF_EVENT);
    assert_int_equal(p.payload[0], 7);
    assert_true(p.marker);
}

/* Whoever was on hold, or had no tick for a while, still hears the end. */
static void time_left_out_ends_the_digit_properly(void **state)
{
    (void)state;
    pl_dtmf_queue q = queue("5");
    pl_dtmf_packet p;
    assert_int_equal(pl_dtmf_queue_next(&q, 1000, 960, 48000, &p),
                     PL_DTMF_EVENT);
    assert_int_equal(pl_be_get16(p.payload + 2), 960);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t ts = 1000 + (500 + i) * 960;
        assert_int_equal(pl_dtmf_queue_next(&q, ts, 960, 48000, &p),
                         PL_DTMF_EVENT);
        assert_int_equal(p.ts, 1000);
        assert_int_equal(p.payload[1] & 0x80, 0x80);
        assert_int_equal(pl_be_get16(p.payload + 2), 4800);
    }
    assert_int_equal(pl_dtmf_queue_next(&q, 1000 + 503 * 960, 960, 48000, &p),
                     PL_DTMF_QUIET);
    assert_int_equal(q.n, 0);
}

static void our_reader_hears_each_key_once(void **state)
{
    (void)state;
    static const char all[] = "0123456789*#ABCDabcd";
    pl_dtmf_queue q = queue(all);
    pl_dtmf reader = {0};
    char heard[sizeof all] = "";
    size_t n = 0;
    for (uint32_t i = 0; q.n > 0; i++) {
        pl_dtmf_packet p;
        pl_digit digit;
        if (pl_dtmf_queue_next(&q, i * TICK, TICK, CLOCK, &p) != PL_DTMF_EVENT)
            continue;
        pl_slice payload = {p.payload, sizeof p.payload};
        assert_int_equal(pl_dtmf_take(&reader, p.ts, payload, CLOCK, &digit),
                         PL_OK);
        if (digit.digit) {
            assert_int_equal(digit.duration_ms, 100);
            heard[n++] = digit.digit;
        }
    }
    assert_string_equal(heard, "0123456789*#ABCDABCD");
}

static void a_full_queue_takes_nothing_more(void **state)
{
    (void)state;
    char many[PL_KEYS_MAX];
    memset(many, '1', sizeof many);
    pl_dtmf_queue q = queue("12");
    assert_int_equal(pl_dtmf_queue_put(&q, many, sizeof many - 1), PL_EFULL);
    assert_int_equal(q.n, 2);
    assert_int_equal(pl_dtmf_queue_put(&q, many, sizeof many - 2), PL_OK);
    assert_int_equal(pl_dtmf_queue_put(&q, many, 1), PL_EFULL);
    assert_int_equal(pl_dtmf_queue_clear(&q), PL_KEYS_MAX);
    assert_int_equal(pl_dtmf_queue_put(&q, many, sizeof many), PL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digit_is_seven_packets_and_a_gap),
        cmocka_unit_test(a_comma_lets_audio_through_for_two_seconds),
        cmocka_unit_test(time_left_out_ends_the_digit_properly),
        cmocka_unit_test(our_reader_hears_each_key_once),
        cmocka_unit_test(a_full_queue_takes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
