/* test_red.c - RFC 2198 payloads, and when a leg is sent some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/red.h"
#include "core/red_send.h"

/* RFC 2198 section 4: an older block of another type before the primary. */
static const uint8_t TWO[] = {0x85, 0x02, 0x80, 0x03, 0x6f, 1, 2, 3, 9, 8};

static void reads_older_blocks_and_the_primary(void **state)
{
    (void)state;
    pl_red r;
    assert_int_equal(pl_red_parse(TWO, sizeof TWO, &r), PL_OK);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.block[0].pt, 5);
    assert_int_equal(r.block[0].offset, 160);
    assert_int_equal(r.block[0].len, 3);
    assert_memory_equal(r.block[0].data, "\1\2\3", 3);
    assert_int_equal(r.block[1].pt, 111);
    assert_int_equal(r.block[1].offset, 0);
    assert_int_equal(r.block[1].len, 2);
    assert_memory_equal(r.block[1].data, "\x9\x8", 2);
}

static void every_cut_is_refused_or_shorter(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof TWO; len++) {
        pl_red r = {.n = 77};
        pl_err e = pl_red_parse(TWO, len, &r);
        if (len < 8) { /* headers and the older block */
            assert_int_equal(e, PL_EPROTO);
            assert_int_equal(r.n, 77);
        } else {
            assert_int_equal(e, PL_OK);
            assert_int_equal(r.block[1].len, len - 8);
        }
    }
}

static void too_many_blocks_are_refused(void **state)
{
    (void)state;
    uint8_t data[4 * PL_RED_BLOCKS + 1] = {0};
    for (size_t i = 0; i < PL_RED_BLOCKS; i++)
        data[4 * i] = 0x80 | 111;
    data[sizeof data - 1] = 111;
    pl_red r;
    assert_int_equal(pl_red_parse(data, sizeof data, &r), PL_ETOOBIG);
    assert_int_equal(pl_red_parse(data + 4, sizeof data - 4, &r), PL_OK);
    assert_int_equal(r.n, PL_RED_BLOCKS);
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    static uint8_t data[PL_RED_LEN_MAX];
    uint8_t out[2 * PL_RED_LEN_MAX];
    size_t len = 0;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    const pl_red w = {3,
                      {{111, PL_RED_OFFSET_MAX, data, sizeof data},
                       {111, 960, data, 0},
                       {111, 0, data + 7, 100}}};
    assert_int_equal(pl_red_write(&w, out, sizeof out, &len), PL_OK);
    assert_int_equal(len, 9 + sizeof data + 100);
    pl_red r;
    assert_int_equal(pl_red_parse(out, len, &r), PL_OK);
    assert_int_equal(r.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(r.block[i].pt, 111);
        assert_int_equal(r.block[i].offset, w.block[i].offset);
        assert_int_equal(r.block[i].len, w.block[i].len);
        assert_memory_equal(r.block[i].data, w.block[i].data, w.block[i].len);
    }
    assert_int_equal(pl_red_write(&w, out, len - 1, &len), PL_EFULL);
}

static void what_the_header_cannot_hold_is_not_written(void **state)
{
    (void)state;
    static uint8_t data[PL_RED_LEN_MAX + 1];
    uint8_t out[3000];
    size_t len = 0;
    pl_red w = {2, {{111, 960, data, sizeof data}, {111, 0, data, 1}}};
    assert_int_equal(pl_red_write(&w, out, sizeof out, &len), PL_EINVAL);
    w.block[0].len = 1;
    w.block[0].offset = PL_RED_OFFSET_MAX + 1;
    assert_int_equal(pl_red_write(&w, out, sizeof out, &len), PL_EINVAL);
    w.n = 0;
    assert_int_equal(pl_red_write(&w, out, sizeof out, &len), PL_EINVAL);
}

static void follows_reports_up_at_once_and_down_slowly(void **state)
{
    (void)state;
    pl_loss_watch w = {0};
    assert_false(pl_loss_watch_report(&w, 29));
    assert_int_equal(w.depth, 0);
    assert_true(pl_loss_watch_report(&w, 30));
    assert_int_equal(w.depth, 1);
    assert_true(pl_loss_watch_report(&w, 100));
    assert_int_equal(w.depth, 2);
    for (int i = 0; i < 2; i++)
        assert_false(pl_loss_watch_report(&w, 0));
    assert_false(pl_loss_watch_report(&w, 15)); /* neither good nor bad */
    for (int i = 0; i < 2; i++)
        assert_false(pl_loss_watch_report(&w, 9));
    assert_true(pl_loss_watch_report(&w, 0));
    assert_int_equal(w.depth, 1);
    for (int i = 0; i < 3; i++)
        (void)pl_loss_watch_report(&w, 0);
    assert_int_equal(w.depth, 0);
}

static pl_red_frame frame_of(uint32_t ts, const char *text)
{
    return (pl_red_frame){.pt = 111,
                          .ts = ts,
                          .payload = (const uint8_t *)text,
                          .len = strlen(text)};
}

static void sent(pl_red_sender *s, uint32_t ts, const char *text)
{
    const pl_red_frame frame = frame_of(ts, text);
    pl_red_sender_sent(s, &frame);
}

static size_t write_c(const pl_red_sender *s, uint8_t depth, uint32_t ts,
                      uint8_t *out, size_t cap)
{
    const pl_red_frame frame = frame_of(ts, "c");
    return pl_red_sender_write(s, depth, &frame, out, cap);
}

static void repeats_what_was_sent_oldest_first(void **state)
{
    (void)state;
    pl_red_sender s = {0};
    uint8_t out[64];
    pl_red r;
    assert_int_equal(write_c(&s, 2, 960, out, sizeof out), 0);
    sent(&s, 0, "0");
    sent(&s, 960, "aa");
    sent(&s, 1920, "bbb");
    size_t len = write_c(&s, 2, 2880, out, sizeof out);
    assert_int_equal(pl_red_parse(out, len, &r), PL_OK);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.block[0].offset, 1920);
    assert_memory_equal(r.block[0].data, "aabbbc", 6);
    assert_int_equal(write_c(&s, 0, 2880, out, sizeof out), 0);
    /* less where it does not fit */
    len = write_c(&s, 2, 2880, out, len - 1);
    assert_int_equal(pl_red_parse(out, len, &r), PL_OK);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.block[0].offset, 960);
    assert_int_equal(write_c(&s, 2, 2880, out, len - 1), 0);
}

static void what_is_too_old_is_not_repeated(void **state)
{
    (void)state;
    pl_red_sender s = {0};
    uint8_t out[64];
    pl_red r;
    sent(&s, 0U - 20000U, "a");
    sent(&s, 0U - 960U, "b");
    size_t len = write_c(&s, 2, 0, out, sizeof out);
    assert_int_equal(pl_red_parse(out, len, &r), PL_OK);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.block[0].offset, 960);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_older_blocks_and_the_primary),
        cmocka_unit_test(every_cut_is_refused_or_shorter),
        cmocka_unit_test(too_many_blocks_are_refused),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(what_the_header_cannot_hold_is_not_written),
        cmocka_unit_test(follows_reports_up_at_once_and_down_slowly),
        cmocka_unit_test(repeats_what_was_sent_oldest_first),
        cmocka_unit_test(what_is_too_old_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
