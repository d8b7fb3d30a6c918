/* test_engine_stereo.c - rooms in stereo: what is on the left stays there, who
 * has one ear hears both sides, nobody hears himself, and who begins to talk
 * cannot hear that he was given an encoder of his own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_rig.h"

static const double LOUD = 0.2;
enum { WARM_UP = 40, LISTEN = 50, BEFORE = 120, AFTER = 60 };

static rig rigs[2];

static void open_stereo(rig *r)
{
    rig_open_room(r, &(pl_mix_room){.mode = PL_ROOM_MODE_MIX,
                                    .max_talkers = 3,
                                    .channels = 2,
                                    .is_raw = true});
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rigs[0]);
    return 0;
}

static void assert_on(const rig_leg *leg, size_t side, double hz, double want)
{
    double got = rig_hears_on(leg, side, hz, LISTEN);
    if (want > 0 ? got < want * 0.6 || got > want * 1.5 : got > LOUD * 0.02)
        fail_msg("leg %u side %zu: %.0f Hz at %.4f, not %.4f", leg->id.index,
                 side, hz, got, want);
}

static void sides_stay_apart_and_one_ear_hears_both(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    open_stereo(r);
    rig_leg *left = rig_add_stereo(r, 500, 0, LOUD);
    rig_leg *both = rig_add_stereo(r, 1300, 2100, LOUD);
    rig_leg *voice = rig_add(r, PL_AUDIO_PCMA, 900, LOUD, false);
    rig_leg *stereo = rig_add_stereo(r, 0, 0, 0);
    rig_leg *mono = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_leg *phone = rig_add(r, PL_AUDIO_G722, 0, 0, false);
    rig_run(r, WARM_UP + LISTEN);
    assert_on(stereo, 0, 500, LOUD);
    assert_on(stereo, 1, 500, 0);
    assert_on(stereo, 0, 1300, LOUD);
    assert_on(stereo, 1, 1300, 0);
    assert_on(stereo, 0, 2100, 0);
    assert_on(stereo, 1, 2100, LOUD);
    for (size_t side = 0; side < 2; side++) {
        assert_on(stereo, side, 900, LOUD); /* in the middle */
        assert_on(left, side, 900, LOUD);
        assert_on(left, side, 500, 0); /* himself */
        assert_on(both, side, 1300, 0);
        assert_on(both, side, 2100, 0);
    }
    assert_on(both, 0, 500, LOUD);
    assert_on(both, 1, 500, 0);
    assert_on(voice, 0, 900, 0);
    const rig_leg *folded[] = {mono, phone, voice};
    for (size_t i = 0; i < 3; i++) {
        assert_on(folded[i], 0, 500, LOUD / 2);
        assert_on(folded[i], 0, 1300, LOUD / 2);
        assert_on(folded[i], 0, 2100, LOUD / 2);
    }
    assert_on(mono, 0, 900, LOUD);
    assert_on(phone, 0, 900, LOUD);
}

static void listeners_share_an_encode_a_form(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    open_stereo(r);
    (void)rig_add_stereo(r, 500, 700, LOUD);
    for (size_t i = 0; i < 10; i++) {
        if (i % 2 == 0)
            (void)rig_add_stereo(r, 0, 0, 0);
        else
            (void)rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    }
    rig_run(r, WARM_UP);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_run(r, LISTEN);
    const pl_engine_stats *now = pl_engine_stats_get(r->engine);
    assert_int_equal(now->encodes - before.encodes, LISTEN * (1 + 2));
    assert_int_equal(now->mixes - before.mixes, LISTEN * (1 + 2));
    assert_int_equal(now->decodes - before.decodes, LISTEN);
}

/* RFC 6716 section 3.1: the table of contents tells the channels. */
static void a_room_in_mono_sends_and_mixes_mono(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    (void)rig_add_stereo(r, 500, 700, LOUD);
    rig_leg *stereo = rig_add_stereo(r, 0, 0, 0);
    rig_run(r, WARM_UP + LISTEN);
    assert_int_equal(stereo->last_payload[0] & 4, 0);
    for (size_t side = 0; side < 2; side++) {
        assert_on(stereo, side, 500, LOUD / 2);
        assert_on(stereo, side, 700, LOUD / 2);
    }
}

static void buzz(void *ctx, size_t frame, float *pcm)
{
    unsigned channels = *(const unsigned *)ctx;
    for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
        double t = (double)(frame * PL_CODEC_FRAME + i) / 48000.0;
        double loud = 0.3 * fabs(sin(12.0 * t));
        double saw = fmod(t * (130.0 + 9.0 * sin(3.0 * t)), 1.0) - 0.5;
        pcm[i * channels] = (float)(loud * saw);
        if (channels == 2)
            pcm[2 * i + 1] = (float)(0.2 * sin(6.283 * 440.0 * t));
    }
}

static double snr_db(const rig_leg *still, const rig_leg *talks)
{
    double signal = 0.0;
    double error = 1e-20;
    assert_int_equal(still->n_heard, talks->n_heard);
    size_t n = still->n_heard * still->channels;
    for (size_t i = n - AFTER * PL_CODEC_FRAME * still->channels; i < n; i++) {
        double d = still->heard[i] - talks->heard[i];
        signal += still->heard[i] * still->heard[i];
        error += d * d;
    }
    assert_true(signal > 1.0);
    return 10.0 * log10(signal / error);
}

/* The same room twice; in the second a listener begins to talk. */
static void switching_is_inaudible_in_both_forms(void **state)
{
    (void)state;
    static unsigned two = 2, one = 1;
    for (int is_stereo = 0; is_stereo < 2; is_stereo++) {
        rig_leg *heard[2];
        for (size_t k = 0; k < 2; k++) {
            rig *r = &rigs[k];
            open_stereo(r);
            rig_leg *far = rig_add_stereo(r, 0, 0, 1.0);
            far->source = buzz;
            far->source_ctx = &two;
            for (int i = 0; i < 2; i++) { /* one who shares with him */
                heard[k] = is_stereo ? rig_add_stereo(r, 0, 0, 0)
                                     : rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
            }
            heard[k]->source = buzz;
            heard[k]->source_ctx = is_stereo ? &two : &one;
            rig_run(r, BEFORE);
            heard[k]->is_saying = k == 1;
            rig_run(r, AFTER);
        }
        assert_int_equal(pl_engine_stats_get(rigs[0].engine)->switches + 1,
                         pl_engine_stats_get(rigs[1].engine)->switches);
        double db = snr_db(heard[0], heard[1]);
        print_message("%s: %.1f dB\n", is_stereo ? "stereo" : "mono", db);
        assert_true(db >= 80.0);
        rig_close(&rigs[0]);
        rig_close(&rigs[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sides_stay_apart_and_one_ear_hears_both,
                                  close_rig),
        cmocka_unit_test_teardown(listeners_share_an_encode_a_form, close_rig),
        cmocka_unit_test_teardown(a_room_in_mono_sends_and_mixes_mono,
                                  close_rig),
        cmocka_unit_test(switching_is_inaudible_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
