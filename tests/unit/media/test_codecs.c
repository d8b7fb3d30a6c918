/* test_codecs.c - the codecs behind the table: known values of G.711, tones
 * through each, copies of encoders, concealment, redundancy. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/codecs.h"
#include "io/resampler.h"

enum { N = PL_CODEC_FRAME };
static const double TURN = 6.283185307179586;

static void tone(float *pcm, double hz, size_t frame)
{
    for (size_t i = 0; i < N; i++)
        pcm[i] =
            (float)(0.3 * sin(TURN * hz * (double)(frame * N + i) / 48000));
}

static double amplitude(const float *pcm, size_t n, double hz)
{
    double re = 0, im = 0;
    for (size_t i = 0; i < n; i++) {
        re += pcm[i] * cos(TURN * hz * (double)i / 48000);
        im += pcm[i] * sin(TURN * hz * (double)i / 48000);
    }
    return 2 * sqrt(re * re + im * im) / (double)n;
}

static double rms(const float *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += pcm[i] * pcm[i];
    return sqrt(sum / (double)n);
}

static void tones_pass_every_codec(void **state)
{
    (void)state;
    for (size_t k = 0; k < PL_AUDIO_COUNT; k++) {
        const pl_codec *c = pl_codecs.codec[k];
        pl_encoder *e = NULL;
        pl_decoder *d = NULL;
        static float out[PL_CODEC_MAX_DECODED * 2], all[N * 50];
        assert_int_equal(c->kind, k);
        assert_int_equal(c->encoder_create(&(pl_encoder_options){0}, &e),
                         PL_OK);
        assert_int_equal(c->decoder_create(1, &d), PL_OK);
        for (size_t f = 0; f < 50; f++) {
            float pcm[N];
            uint8_t bytes[PL_CODEC_MAX_ENCODED];
            tone(pcm, 1000, f);
            size_t len = c->encode(e, pcm, bytes), n = 0;
            assert_in_range(len, 1, PL_CODEC_MAX_ENCODED);
            assert_int_equal(c->duration(bytes, len), N);
            assert_int_equal(c->decode(d, bytes, len, out, &n), PL_OK);
            assert_int_equal(n, N);
            memcpy(all + f * N, out, sizeof(float) * N);
        }
        const float *end = all + (size_t)25 * N;
        double got = amplitude(end, (size_t)25 * N, 1000);
        double whole = rms(end, (size_t)25 * N);
        if (fabs(got - 0.3) > 0.03)
            fail_msg("codec %zu: amplitude %.3f", k, got);
        /* Signal to everything else: 20 dB at the least. */
        double rest = sqrt(fabs(whole * whole - got * got / 2));
        if (rest > 0.1 * got / sqrt(2))
            fail_msg("codec %zu: %.1f dB", k, 20 * log10(got / sqrt(2) / rest));
        c->encoder_destroy(&e);
        c->decoder_destroy(&d);
        assert_null(e);
        assert_null(d);
    }
}

/* ITU-T G.711 tables 1a, 2a: code words and the values they stand for (of
 * 32768; A-law values are of 13 bits, mu-law of 14). */
typedef struct g711 {
    pl_codec_kind kind;
    uint8_t code;
    int value;
} g711;

static void g711_code_words_stand_for_their_values(void **state)
{
    (void)state;
    static const g711 golden[] = {
        {PL_AUDIO_PCMU, 0xff, 0},      {PL_AUDIO_PCMU, 0x80, 32124},
        {PL_AUDIO_PCMU, 0x00, -32124}, {PL_AUDIO_PCMU, 0xfe, 8},
        {PL_AUDIO_PCMU, 0x8f, 16764},  {PL_AUDIO_PCMU, 0x7e, -8},
        {PL_AUDIO_PCMA, 0xd5, 8},      {PL_AUDIO_PCMA, 0x55, -8},
        {PL_AUDIO_PCMA, 0xaa, 32256},  {PL_AUDIO_PCMA, 0x2a, -32256},
        {PL_AUDIO_PCMA, 0xc5, 264},
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        const pl_codec *c = pl_codecs.codec[golden[i].kind];
        pl_decoder *d = NULL;
        uint8_t bytes[160];
        static float out[PL_CODEC_MAX_DECODED];
        size_t n = 0;
        memset(bytes, golden[i].code, sizeof bytes);
        assert_int_equal(c->decoder_create(1, &d), PL_OK);
        for (int k = 0; k < 3; k++)
            assert_int_equal(c->decode(d, bytes, sizeof bytes, out, &n), PL_OK);
        double got = out[n / 2] * 32768.0;
        if (fabs(got - golden[i].value) > 2 + 0.001 * abs(golden[i].value))
            fail_msg("%d: code %02x is %.1f, not %d", (int)golden[i].kind,
                     golden[i].code, got, golden[i].value);
        c->decoder_destroy(&d);
    }
}

static void copied_encoders_continue_alike(void **state)
{
    (void)state;
    for (size_t k = 0; k < PL_AUDIO_COUNT; k++) {
        const pl_codec *c = pl_codecs.codec[k];
        pl_encoder *a = NULL, *b = NULL;
        assert_int_equal(c->encoder_create(&(pl_encoder_options){0}, &a),
                         PL_OK);
        assert_int_equal(c->encoder_create(&(pl_encoder_options){0}, &b),
                         PL_OK);
        for (size_t f = 0; f < 60; f++) {
            float pcm[N];
            uint8_t x[PL_CODEC_MAX_ENCODED], y[PL_CODEC_MAX_ENCODED];
            tone(pcm, 300 + 37 * (double)f, f);
            if (f == 30)
                c->encoder_copy(b, a);
            size_t n = c->encode(a, pcm, x);
            if (f >= 30) {
                assert_int_equal(c->encode(b, pcm, y), n);
                assert_memory_equal(x, y, n);
            }
        }
        c->encoder_destroy(&a);
        c->encoder_destroy(&b);
    }
}

static void concealment_continues_and_fades(void **state)
{
    (void)state;
    for (size_t k = 0; k < PL_AUDIO_COUNT; k++) {
        const pl_codec *c = pl_codecs.codec[k];
        pl_encoder *e = NULL;
        pl_decoder *d = NULL;
        static float out[PL_CODEC_MAX_DECODED];
        size_t n = 0;
        assert_int_equal(c->encoder_create(&(pl_encoder_options){0}, &e),
                         PL_OK);
        assert_int_equal(c->decoder_create(1, &d), PL_OK);
        for (size_t f = 0; f < 20; f++) {
            float pcm[N];
            uint8_t bytes[PL_CODEC_MAX_ENCODED];
            tone(pcm, 250, f);
            size_t len = c->encode(e, pcm, bytes);
            assert_int_equal(c->decode(d, bytes, len, out, &n), PL_OK);
        }
        c->conceal(d, out, N);
        assert_true(rms(out, N) > 0.08); /* of 0.21 */
        for (int i = 0; i < 50; i++)
            c->conceal(d, out, N);
        assert_true(rms(out, N) < 0.02);
        c->conceal(d, out, 480);
        c->conceal(d, out, PL_CODEC_MAX_DECODED);
        c->decoder_reset(d);
        c->encoder_destroy(&e);
        c->decoder_destroy(&d);
    }
}

static void opus_redundancy_gives_the_frame_before(void **state)
{
    (void)state; /* RFC 6716 section 4.2.4 */
    const pl_codec *c = pl_codecs.codec[PL_AUDIO_OPUS];
    pl_encoder *e = NULL;
    pl_decoder *d = NULL;
    float out[N];
    size_t n_found = 0;
    double phase = 0;
    assert_int_equal(c->encoder_create(&(pl_encoder_options){0}, &e), PL_OK);
    assert_int_equal(c->decoder_create(1, &d), PL_OK);
    c->encoder_expect_loss(e, 10);
    for (size_t f = 0; f < 100; f++) {
        float pcm[N];
        uint8_t bytes[PL_CODEC_MAX_ENCODED];
        for (size_t i = 0; i < N; i++) { /* a buzz like a voice */
            phase = fmod(phase + 120.0 / 48000, 1.0);
            pcm[i] = (float)(0.4 * (phase - 0.5) *
                             (1 + sin(TURN * 3 * (double)(f * N + i) / 48000)));
        }
        size_t len = c->encode(e, pcm, bytes);
        if (c->decode_fec(d, bytes, len, out, N) == PL_OK) {
            n_found++;
            assert_true(rms(out, N) < 1.0);
        }
    }
    assert_true(n_found > 20);
    assert_int_equal(c->decode_fec(d, (const uint8_t *)"", 0, out, N),
                     PL_ENOENT);
    c->encoder_destroy(&e);
    c->decoder_destroy(&d);
}

static void payloads_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static float out[PL_CODEC_MAX_DECODED];
    static uint8_t bytes[1500];
    const pl_codec *opus = pl_codecs.codec[PL_AUDIO_OPUS];
    assert_int_equal(opus->duration(bytes, 0), 0);
    assert_int_equal(opus->duration(bytes, 1276), 0);
    bytes[0] = 0xff; /* 20 ms frames, code 3: */
    bytes[1] = 7;    /* seven of them are 140 ms, RFC 6716 section 3.4 */
    assert_int_equal(opus->duration(bytes, 100), 0);
    for (size_t k = PL_AUDIO_G722; k < PL_AUDIO_COUNT; k++) {
        const pl_codec *c = pl_codecs.codec[k];
        pl_decoder *d = NULL;
        size_t n = 0;
        assert_int_equal(c->duration(bytes, 79), 0);
        assert_int_equal(c->duration(bytes, 80), 480);
        assert_int_equal(c->duration(bytes, 480), 2880);
        assert_int_equal(c->duration(bytes, 481), 0);
        assert_int_equal(c->decoder_create(1, &d), PL_OK);
        assert_int_equal(c->decode(d, bytes, 500, out, &n), PL_EPROTO);
        assert_int_equal(c->decode(d, bytes, 480, out, &n), PL_OK);
        assert_int_equal(n, 2880);
        c->decoder_destroy(&d);
    }
}

static void resampler_keeps_counts_and_refuses_odd_rates(void **state)
{
    (void)state;
    pl_resampler *r = NULL;
    float in[320] = {0}, out[960];
    assert_int_equal(pl_resampler_create(100, 48000, &r), PL_EINVAL);
    assert_int_equal(pl_resampler_create(16000, 48000, &r), PL_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pl_resampler_run(r, in, 320, out, 960), 960);
    pl_resampler_reset(r);
    pl_resampler_destroy(&r);
    pl_resampler_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tones_pass_every_codec),
        cmocka_unit_test(g711_code_words_stand_for_their_values),
        cmocka_unit_test(copied_encoders_continue_alike),
        cmocka_unit_test(concealment_continues_and_fades),
        cmocka_unit_test(opus_redundancy_gives_the_frame_before),
        cmocka_unit_test(payloads_that_cannot_be_are_refused),
        cmocka_unit_test(resampler_keeps_counts_and_refuses_odd_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
