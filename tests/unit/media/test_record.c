/* test_record.c - frames through the ring, their order, their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/record_line.h"
#include "core/record_order.h"

/* ---- the ring ----------------------------------------------------------- */

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + len);
}

static void frames_of_every_length_come_out_as_they_went_in(void **state)
{
    (void)state;
    pl_ring *ring = NULL;
    uint8_t in[PL_RECORD_PAYLOAD];
    uint8_t out[PL_RECORD_PAYLOAD];
    pl_record_head head;
    assert_int_equal(pl_ring_create(16, PL_RECORD_SLOT, &ring), PL_OK);
    assert_false(pl_record_take(ring, &head, out));
    for (size_t len = 1; len <= PL_RECORD_PAYLOAD; len++) {
        const pl_record_head h = {.recording = {1, 2},
                                  .leg = {3, (uint32_t)len},
                                  .at_us = -(int64_t)len,
                                  .kind = PL_RECORD_STEM};
        fill(in, len);
        assert_true(pl_record_put(ring, &h, in, len));
        assert_true(pl_record_take(ring, &head, out));
        assert_int_equal(head.len, len);
        assert_int_equal(head.leg.generation, len);
        assert_int_equal(head.at_us, -(int64_t)len);
        assert_memory_equal(in, out, len);
        assert_int_equal(pl_ring_count(ring), 0);
    }
    pl_ring_destroy(&ring);
}

static void what_does_not_fit_leaves_no_half(void **state)
{
    (void)state;
    pl_ring *ring = NULL;
    uint8_t in[PL_RECORD_PAYLOAD + 1] = {0};
    uint8_t out[PL_RECORD_PAYLOAD];
    pl_record_head h = {.kind = PL_RECORD_MIX};
    assert_int_equal(pl_ring_create(4, PL_RECORD_SLOT, &ring), PL_OK);
    assert_false(pl_record_put(ring, &h, in, sizeof in)); /* never */
    assert_true(pl_record_put(ring, &h, in, 80));
    assert_false(pl_record_put(ring, &h, in, PL_RECORD_PAYLOAD)); /* 7 slots */
    assert_int_equal(pl_ring_count(ring), 1);
    for (size_t i = 0; i < 3; i++)
        assert_true(pl_record_put(ring, &h, in, 80));
    assert_false(pl_record_put(ring, &h, in, 80));
    for (size_t i = 0; i < 4; i++)
        assert_true(pl_record_take(ring, &h, out));
    assert_false(pl_record_take(ring, &h, out));
    pl_ring_destroy(&ring);
}

/* ---- order -------------------------------------------------------------- */

static bool put(pl_record_order *o, uint32_t xseq, int64_t at_ms)
{
    const pl_record_head h = {.xseq = xseq, .at_us = at_ms * 1000, .len = 1};
    const uint8_t data = (uint8_t)xseq;
    return pl_record_order_put(o, &h, &data);
}

/* Number of the next payload; 0: none yet. */
static uint32_t take(pl_record_order *o, int64_t now_ms)
{
    pl_record_head h;
    const uint8_t *data = NULL;
    if (!pl_record_order_take(o, now_ms * 1000, &h, &data))
        return 0;
    assert_int_equal(*data, (uint8_t)h.xseq);
    return h.xseq;
}

static void packets_that_overtook_each_other_are_sorted(void **state)
{
    (void)state;
    pl_record_order *o = NULL;
    assert_int_equal(pl_record_order_create(&o), PL_OK);
    assert_true(put(o, 11, 0)); /* who knows whether 10 comes */
    assert_int_equal(take(o, 10), 0);
    assert_true(put(o, 10, 20));
    assert_false(put(o, 11, 30)); /* a copy */
    assert_int_equal(take(o, 219), 0);
    assert_int_equal(take(o, 220), 10);
    assert_int_equal(take(o, 220), 11);
    assert_int_equal(take(o, 220), 0);
    assert_true(put(o, 13, 225));
    assert_int_equal(take(o, 225), 0);
    assert_true(put(o, 12, 230));
    assert_int_equal(take(o, 230), 12); /* nothing is missing */
    assert_int_equal(take(o, 230), 13);
    assert_false(put(o, 12, 240)); /* too late */
    pl_record_order_destroy(&o);
}

static void a_loss_is_waited_for_and_then_given_up(void **state)
{
    (void)state;
    pl_record_order *o = NULL;
    assert_int_equal(pl_record_order_create(&o), PL_OK);
    assert_true(put(o, 1, 0));
    assert_int_equal(take(o, 200), 1);
    assert_true(put(o, 3, 1000));
    assert_int_equal(take(o, 1199), 0);
    assert_int_equal(take(o, 1200), 3);
    for (uint32_t i = 5; i < 20; i++) {
        assert_true(put(o, i, 1300));
        assert_int_equal(take(o, 1300), 0);
    }
    assert_true(put(o, 20, 1300)); /* the window is full */
    for (uint32_t i = 5; i <= 20; i++)
        assert_int_equal(take(o, 1300), i);
    assert_true(put(o, 40, 1300));
    pl_record_order_flush(o);
    assert_int_equal(take(o, 1300), 40);
    assert_int_equal(take(o, 1300), 0);
    assert_true(put(o, 7, 1310)); /* another numbering may begin */
    pl_record_order_destroy(&o);
}

/* ---- places ------------------------------------------------------------- */

enum { CLOCK = 48000, N = 960 };

static uint64_t place(pl_record_line *line, uint32_t ts, int64_t at_us)
{
    pl_record_place p = pl_record_line_put(line, ts, at_us, N);
    assert_false(p.is_late);
    pl_record_line_wrote(line, p.gap + N);
    return p.gap;
}

static void jitter_moves_nothing_and_silence_leaves_a_gap(void **state)
{
    (void)state;
    pl_record_line line;
    uint32_t ts = 0xfffffc00U; /* it will wrap */
    pl_record_line_start(&line, CLOCK, 5000000);
    for (int64_t i = 0; i < 100; i++, ts += N) {
        int64_t jitter = i * 7919 % 40000;
        assert_int_equal(place(&line, ts, 5000000 + i * 20000 + jitter), 0);
    }
    ts += 24 * N; /* half a second of DTX */
    assert_int_equal(place(&line, ts, 5000000 + 124 * 20000), 24 * N);
    assert_int_equal(line.end, 125 * N);
}

static void late_pieces_are_left_out(void **state)
{
    (void)state;
    pl_record_line line;
    pl_record_line_start(&line, CLOCK, 0);
    assert_int_equal(place(&line, 9600, 0), 0);
    assert_int_equal(place(&line, 9600 + N, 20000), 0);
    assert_true(pl_record_line_put(&line, 9600, 30000, N).is_late);
    assert_int_equal(place(&line, 9600 + 2 * N, 40000), 0);
}

static void a_source_that_began_anew_goes_by_its_arrival(void **state)
{
    (void)state;
    pl_record_line line;
    pl_record_line_start(&line, CLOCK, 0);
    (void)place(&line, 1000, 0);
    pl_record_line_rebase(&line);
    assert_int_equal(place(&line, 77, 100000), 4 * N);
    /* nor is a jump of two hours believed */
    assert_int_equal(place(&line, 77 + 7200U * CLOCK, 120000), 0);
    assert_int_equal(line.end, 7 * N);
}

/* Sound of an hour from clocks that differ by a thousandth: the file is never
 * more than 0.1 s off. */
static void clocks_that_differ_are_followed(void **state)
{
    (void)state;
    for (int way = -1; way <= 1; way += 2) {
        pl_record_line line;
        pl_record_line_start(&line, CLOCK, 0);
        double late = 0.0;
        for (uint32_t i = 0; i < 180000; i++) {
            int64_t at_us = (int64_t)i * (20000 + way * 20);
            pl_record_place p = pl_record_line_put(&line, i * N, at_us, N);
            if (!p.is_late)
                pl_record_line_wrote(&line, p.gap + N);
            double off = (double)line.end / CLOCK - (double)at_us / 1e6;
            late = off > late ? off : late;
            late = -off > late ? -off : late;
        }
        if (late > 0.15)
            fail_msg("%.3f s off", late);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_length_come_out_as_they_went_in),
        cmocka_unit_test(what_does_not_fit_leaves_no_half),
        cmocka_unit_test(packets_that_overtook_each_other_are_sorted),
        cmocka_unit_test(a_loss_is_waited_for_and_then_given_up),
        cmocka_unit_test(jitter_moves_nothing_and_silence_leaves_a_gap),
        cmocka_unit_test(late_pieces_are_left_out),
        cmocka_unit_test(a_source_that_began_anew_goes_by_its_arrival),
        cmocka_unit_test(clocks_that_differ_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
