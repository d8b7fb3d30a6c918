/* test_engine_record.c - what a recording takes from a room, and that the room
 * does not feel it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/record_tap.h"
#include "engine_rig.h"
#include "io/codecs.h"

static const double LOUD = 0.2;
static const double TURN = 6.283185307179586;
static const pl_mix_id REC = {2, 9};
enum { SLOTS = 4096, SECOND = 50, PCM = 200 * PL_CODEC_FRAME };

static rig the_rig;

static int open_ring(void **state)
{
    (void)state;
    the_rig.record = NULL;
    return pl_ring_create(SLOTS, PL_RECORD_SLOT, &the_rig.record) == PL_OK ? 0
                                                                           : -1;
}

static int close_ring(void **state)
{
    (void)state;
    rig_close(&the_rig);
    pl_ring_destroy(&the_rig.record);
    return 0;
}

static void record(rig *r, bool mix, bool stems)
{
    pl_mix_command c = {.kind = PL_MIX_RECORD_START,
                        .id = r->room,
                        .u.record = {REC, mix, stems}};
    pl_engine_command(r->engine, &c);
}

static void stop(rig *r)
{
    pl_mix_command c = {.kind = PL_MIX_RECORD_STOP, .id = r->room};
    pl_engine_command(r->engine, &c);
}

/* Frames of one stream, decoded as a reader of its file would. */
typedef struct stream {
    size_t frames;
    int64_t first_us, last_us;
    uint32_t lost_ms, last_xseq, last_ts;
    pl_codec_kind codec;
    float pcm[PCM];
    size_t n;
} stream;

static stream mix;
static stream stems[8]; /* by leg index */

static void decode(stream *s, pl_decoder *d, const pl_record_head *h,
                   const uint8_t *data)
{
    float pcm[PL_CODEC_MAX_DECODED];
    size_t n = 0;
    assert_int_equal(
        pl_codecs.codec[h->codec]->decode(d, data, h->len, pcm, &n), PL_OK);
    if (s->n + n <= PCM) {
        memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
        s->n += n;
    }
}

static void take_all(rig *r)
{
    pl_decoder *decoders[9][PL_AUDIO_COUNT] = {{NULL}};
    pl_record_head h;
    uint8_t data[PL_RECORD_PAYLOAD];
    mix = (stream){.frames = 0};
    memset(stems, 0, sizeof stems);
    while (pl_record_take(r->record, &h, data)) {
        assert_memory_equal(&h.recording, &REC, sizeof REC);
        bool is_mix = h.kind == PL_RECORD_MIX;
        assert_true(is_mix || h.leg.index < 8);
        stream *s = is_mix ? &mix : &stems[h.leg.index];
        pl_decoder **d = &decoders[is_mix ? 8 : h.leg.index][h.codec];
        if (!*d)
            assert_int_equal(pl_codecs.codec[h.codec]->decoder_create(1, d),
                             PL_OK);
        if (s->frames++ == 0)
            s->first_us = h.at_us;
        s->last_us = h.at_us;
        s->lost_ms = h.lost_ms;
        s->last_xseq = h.xseq;
        s->last_ts = h.ts;
        s->codec = (pl_codec_kind)h.codec;
        decode(s, *d, &h, data);
    }
    for (size_t i = 0; i < 9; i++) {
        for (size_t c = 0; c < PL_AUDIO_COUNT; c++) {
            if (decoders[i][c])
                pl_codecs.codec[c]->decoder_destroy(&decoders[i][c]);
        }
    }
}

/* Amplitude of a tone in the last second. */
static double tone(const stream *s, double hz)
{
    enum { N = SECOND * PL_CODEC_FRAME };
    double re = 0.0;
    double im = 0.0;
    assert_true(s->n >= N);
    for (size_t i = 0; i < N; i++) {
        double a = TURN * hz * (double)i / 48000.0;
        re += s->pcm[s->n - N + i] * cos(a);
        im += s->pcm[s->n - N + i] * sin(a);
    }
    return 2.0 * sqrt(re * re + im * im) / N;
}

static void assert_tones(const stream *s, double a, double b)
{
    double at[2] = {tone(s, 500), tone(s, 900)};
    if (fabs(at[0] - a) > 0.1 || fabs(at[1] - b) > 0.1)
        fail_msg("500 Hz at %.3f, 900 Hz at %.3f", at[0], at[1]);
    if ((a == 0.0 && at[0] > 0.01) || (b == 0.0 && at[1] > 0.01))
        fail_msg("500 Hz at %.3f, 900 Hz at %.3f", at[0], at[1]);
}

static void the_mix_has_all_voices_and_each_stem_its_own(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *x = rig_add(r, PL_AUDIO_OPUS, 500, LOUD, true);
    rig_leg *y = rig_add(r, PL_AUDIO_PCMU, 900, LOUD, false);
    rig_add(r, PL_AUDIO_OPUS, 0, 0, true); /* hears what is recorded */
    rig_run(r, SECOND);
    record(r, true, true);
    rig_run(r, 2 * SECOND);
    take_all(r);
    assert_int_equal(mix.frames, 2 * SECOND);
    assert_int_equal(mix.last_us - mix.first_us, (2 * SECOND - 1) * 20000);
    assert_tones(&mix, LOUD, LOUD);
    assert_tones(&stems[x->id.index], LOUD, 0.0);
    assert_tones(&stems[y->id.index], 0.0, LOUD);
    assert_int_equal(stems[x->id.index].frames, 2 * SECOND);
    assert_int_equal(stems[y->id.index].codec, PL_AUDIO_PCMU);
    assert_int_equal(mix.lost_ms, 0);
}

/* With a listener of the highest rate nothing is encoded more than without a
 * recording; without one, once a tick. */
static void recording_costs_no_encode_or_one(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_add(r, PL_AUDIO_PCMU, 500, LOUD, false);
    rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_run(r, SECOND);
    for (uint64_t listeners = 0; listeners < 2; listeners++) {
        uint64_t encodes[2];
        if (listeners == 1)
            rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
        for (size_t on = 0; on < 2; on++) {
            if (on)
                record(r, true, false);
            rig_run(r, SECOND);
            uint64_t before = pl_engine_stats_get(r->engine)->encodes;
            rig_run(r, SECOND);
            encodes[on] = pl_engine_stats_get(r->engine)->encodes - before;
            stop(r);
        }
        assert_int_equal(encodes[1] - encodes[0], listeners ? 0 : SECOND);
        take_all(r);
        assert_int_equal(mix.frames, 2 * SECOND);
        assert_int_equal(stems[0].frames, 0);
        assert_tones(&mix, LOUD, 0.0);
    }
}

/* Who begins to speak while it is recorded, alone or with somebody else, needs
 * an encoder of its own beside the one that the recording keeps going. */
static void nobody_hears_itself_while_recorded(void **state)
{
    static const pl_codec_kind codecs[] = {PL_AUDIO_PCMA, PL_AUDIO_G722,
                                           PL_AUDIO_OPUS};
    (void)state;
    rig *r = &the_rig;
    for (size_t i = 0; i < 6; i++) {
        rig_open(r, PL_ROOM_MODE_MIX, 3);
        rig_leg *x = rig_add(r, codecs[i % 3], 500, LOUD, false);
        if (i >= 3)
            rig_add(r, codecs[i % 3], 0, 0, false);
        x->is_pausing = true;
        rig_run(r, SECOND);
        record(r, true, false);
        rig_run(r, SECOND);
        x->is_pausing = false;
        rig_run(r, 2 * SECOND);
        assert_true(rig_hears(x, 500, SECOND) < 0.002);
        take_all(r);
        assert_tones(&mix, LOUD, 0.0);
        rig_close(r);
    }
    rig_open(r, PL_ROOM_MODE_MIX, 3);
}

/* The recording goes on in silence, so that its time does. */
static void silence_is_recorded_too(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open_resting(r, &(pl_mix_room){.mode = PL_ROOM_MODE_MIX});
    rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    record(r, true, false);
    rig_run(r, 4 * SECOND);
    take_all(r);
    assert_int_equal(mix.frames, 4 * SECOND);
}

static void who_is_not_heard_has_no_stem(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *muted = rig_add(r, PL_AUDIO_OPUS, 500, LOUD, true);
    rig_leg *waits = rig_add(r, PL_AUDIO_OPUS, 900, LOUD, true);
    rig_flags(r, muted, true, true, false);
    rig_flags(r, waits, false, false, false);
    record(r, false, true);
    rig_run(r, SECOND);
    take_all(r);
    assert_int_equal(stems[muted->id.index].frames, 0);
    assert_int_equal(stems[waits->id.index].frames, 0);
    assert_int_equal(mix.frames, 0);
    rig_flags(r, muted, true, false, false);
    rig_run(r, SECOND);
    take_all(r);
    assert_int_equal(stems[muted->id.index].frames, SECOND);
}

static void the_end_is_told_once(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_add(r, PL_AUDIO_OPUS, 500, LOUD, true);
    stop(r); /* there is none */
    assert_int_equal(rig_count(r, NULL, PL_MIX_RECORD_OVER), 0);
    record(r, true, true);
    rig_run(r, SECOND);
    stop(r);
    stop(r);
    assert_int_equal(rig_count(r, NULL, PL_MIX_RECORD_OVER), 1);
    assert_memory_equal(&rig_last(r, PL_MIX_RECORD_OVER)->u.recording, &REC,
                        sizeof REC);
    take_all(r);
    rig_run(r, SECOND);
    assert_int_equal(pl_ring_count(r->record), 0);
    record(r, true, true);
    pl_mix_command c = {.kind = PL_MIX_ROOM_CLOSE, .id = r->room};
    pl_engine_command(r->engine, &c);
    assert_int_equal(rig_count(r, NULL, PL_MIX_RECORD_OVER), 2);
}

/* A disk that is behind: the room goes on, and the next frame says what is
 * missing. */
static void a_full_ring_is_counted_and_not_waited_for(void **state)
{
    (void)state;
    rig *r = &the_rig;
    pl_ring_destroy(&r->record);
    assert_int_equal(pl_ring_create(64, PL_RECORD_SLOT, &r->record), PL_OK);
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_add(r, PL_AUDIO_OPUS, 500, LOUD, true);
    rig_leg *hears = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    record(r, true, false);
    rig_run(r, 100);
    assert_int_equal(pl_engine_stats_get(r->engine)->record_lost_ms, 36 * 20);
    assert_int_equal(hears->gaps, 0);
    take_all(r);
    assert_int_equal(mix.frames, 64);
    assert_int_equal(mix.lost_ms, 0);
    rig_run(r, 1);
    take_all(r);
    assert_int_equal(mix.frames, 1);
    assert_int_equal(mix.lost_ms, 36 * 20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_ring, close_ring)
    const struct CMUnitTest tests[] = {
        TEST(the_mix_has_all_voices_and_each_stem_its_own),
        TEST(recording_costs_no_encode_or_one),
        TEST(nobody_hears_itself_while_recorded),
        TEST(silence_is_recorded_too),
        TEST(who_is_not_heard_has_no_stem),
        TEST(the_end_is_told_once),
        TEST(a_full_ring_is_counted_and_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
