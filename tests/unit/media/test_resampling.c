/* test_resampling.c - what becomes of a tone on its way through the codecs of
 * telephones and their resamplers: 48 kHz, the codec, 48 kHz again. Nothing may
 * fold back from above the codec's band on the way in, nothing may be mirrored
 * above it on the way out, and inside it all tones stay as loud as they are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/codecs.h"

enum {
    RATE = 48000,
    FRAMES = 40,
    SETTLE = 10,
    N = (FRAMES - SETTLE) * PL_CODEC_FRAME
};
static const double TURN = 6.283185307179586;
static const double AMPLITUDE = 0.4;
/* Keeps a coder busy that else would take what is quiet for silence. */
static const double BESIDE = 0.02, BESIDE_HZ = 1010;

static float heard[FRAMES * PL_CODEC_FRAME];

/* A tone through encoder and decoder; what comes out last, N samples. */
static const float *through(pl_codec_kind kind, double hz)
{
    const pl_codec *c = pl_codecs.codec[kind];
    pl_encoder *encoder = NULL;
    pl_decoder *decoder = NULL;
    assert_int_equal(c->encoder_create(&(pl_encoder_options){0}, &encoder),
                     PL_OK);
    assert_int_equal(c->decoder_create(1, &decoder), PL_OK);
    size_t at = 0;
    for (size_t f = 0; f < FRAMES; f++) {
        float pcm[PL_CODEC_FRAME], out[PL_CODEC_MAX_DECODED];
        uint8_t payload[PL_CODEC_MAX_ENCODED];
        for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
            double t = (double)(f * PL_CODEC_FRAME + i) / RATE;
            pcm[i] = (float)(AMPLITUDE * sin(TURN * hz * t) +
                             BESIDE * sin(TURN * BESIDE_HZ * t));
        }
        size_t n = 0;
        size_t len = c->encode(encoder, pcm, payload);
        assert_int_equal(c->decode(decoder, payload, len, out, &n), PL_OK);
        assert_int_equal(n, PL_CODEC_FRAME);
        for (size_t i = 0; i < n; i++)
            heard[at++] = out[i];
    }
    c->encoder_destroy(&encoder);
    c->decoder_destroy(&decoder);
    return heard + SETTLE * PL_CODEC_FRAME;
}

/* Level of a tone against what was said, dB; the window keeps others out. */
static double level_db(const float *pcm, double hz)
{
    double re = 0.0, im = 0.0, sum = 0.0;
    for (size_t i = 0; i < N; i++) {
        double t = (double)i / N;
        double w = 0.42 - 0.5 * cos(TURN * t) + 0.08 * cos(2 * TURN * t);
        double a = TURN * hz * (double)i / RATE;
        re += w * (double)pcm[i] * cos(a);
        im += w * (double)pcm[i] * sin(a);
        sum += w;
    }
    double amplitude = 2.0 * sqrt(re * re + im * im) / sum;
    return 20.0 * log10(amplitude / AMPLITUDE + 1e-9);
}

typedef struct band {
    pl_codec_kind kind;
    const char *name;
    double rate_hz, low_hz, flat_hz, edge_hz; /* flat up to, heard up to */
} band;

static const band BANDS[] = {
    {PL_AUDIO_PCMU, "PCMU", 8000, 200, 3100, 3400},
    {PL_AUDIO_PCMA, "PCMA", 8000, 200, 3100, 3400},
    {PL_AUDIO_G722, "G722", 16000, 100, 6400, 7000},
};

static void tones_inside_the_band_stay_as_loud(void **state)
{
    (void)state;
    for (size_t b = 0; b < sizeof BANDS / sizeof BANDS[0]; b++) {
        const band *k = &BANDS[b];
        double least = 0.0, most = -99.0;
        for (double hz = k->low_hz; hz <= k->flat_hz; hz += 97.0) {
            double db = level_db(through(k->kind, hz), hz);
            least = db < least ? db : least;
            most = db > most ? db : most;
        }
        double edge = level_db(through(k->kind, k->edge_hz), k->edge_hz);
        print_message("%s: %.0f..%.0f Hz %+.2f..%+.2f dB, %.0f Hz %+.2f dB\n",
                      k->name, k->low_hz, k->flat_hz, least, most, k->edge_hz,
                      edge);
        assert_true(least > -0.5 && most < 0.5);
        assert_true(edge > -3.0 && edge < 0.5);
    }
}

static void tones_above_the_band_do_not_fold_back(void **state)
{
    (void)state;
    for (size_t b = 0; b < sizeof BANDS / sizeof BANDS[0]; b++) {
        const band *k = &BANDS[b];
        double worst = -200.0, worst_hz = 0.0;
        for (double hz = k->rate_hz / 2 + 113; hz < 23000; hz += 383.0) {
            double alias = fabs(remainder(hz, k->rate_hz));
            const float *pcm = through(k->kind, hz);
            double db = level_db(pcm, alias);
            if (db > worst) {
                worst = db;
                worst_hz = hz;
            }
        }
        print_message("%s: %.0f Hz folds back at %.1f dB\n", k->name, worst_hz,
                      worst);
        assert_true(worst < -60.0);
    }
}

static void tones_are_not_mirrored_above_the_band(void **state)
{
    (void)state;
    for (size_t b = 0; b < sizeof BANDS / sizeof BANDS[0]; b++) {
        const band *k = &BANDS[b];
        double worst = -200.0, worst_hz = 0.0;
        for (double hz = k->low_hz; hz <= k->edge_hz; hz += 211.0) {
            const float *pcm = through(k->kind, hz);
            for (double image = k->rate_hz - hz; image < 24000;
                 image += k->rate_hz) {
                double db = level_db(pcm, image);
                double other = image + 2 * hz < 24000
                                   ? level_db(pcm, image + 2 * hz)
                                   : -200.0;
                db = other > db ? other : db;
                if (db > worst) {
                    worst = db;
                    worst_hz = hz;
                }
            }
        }
        print_message("%s: %.0f Hz is mirrored at %.1f dB\n", k->name, worst_hz,
                      worst);
        assert_true(worst < -60.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tones_inside_the_band_stay_as_loud),
        cmocka_unit_test(tones_above_the_band_do_not_fold_back),
        cmocka_unit_test(tones_are_not_mirrored_above_the_band),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
