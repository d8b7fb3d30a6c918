/* test_encoder_switch.c - a listener who begins to talk gets an encoder of his
 * own. His phone must not hear that: what it decodes is compared with what it
 * would have decoded had there never been a switch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_rig.h"
#include "test_voice.h"

enum { BEFORE = 120, AFTER = 60 };

static rig rigs[2];

/* The same room twice: in the second the listener begins to talk. He sends no
 * sound of his own into the comparison: his voice is not in his mix. */
static void run_pair(pl_codec_kind codec, rig_leg **ret_still,
                     rig_leg **ret_talks)
{
    static voice far[2], near;
    for (size_t k = 0; k < 2; k++) {
        rig *r = &rigs[k];
        rig_open(r, PL_ROOM_MODE_MIX, 3);
        far[k] = (voice){.pitch_hz = 120, .seed = 1};
        near = (voice){.pitch_hz = 210, .seed = 99};
        rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 0, 1.0, true);
        rig_leg *listener = rig_add(r, codec, 0, 0, false);
        (void)rig_add(r, codec, 0, 0, false); /* shares with the listener */
        talker->source = speak;
        talker->source_ctx = &far[k];
        listener->source = speak;
        listener->source_ctx = &near;
        rig_run(r, BEFORE);
        listener->is_saying = k == 1;
        rig_run(r, AFTER);
        *(k == 0 ? ret_still : ret_talks) = listener;
    }
    assert_int_equal(pl_engine_stats_get(rigs[0].engine)->switches + 1,
                     pl_engine_stats_get(rigs[1].engine)->switches);
}

static double snr_db(const rig_leg *still, const rig_leg *talks)
{
    double signal = 0.0, error = 1e-20;
    size_t n = still->n_heard;
    assert_int_equal(n, talks->n_heard);
    for (size_t i = n - AFTER * PL_CODEC_FRAME; i < n; i++) {
        double d = still->heard[i] - talks->heard[i];
        signal += still->heard[i] * still->heard[i];
        error += d * d;
    }
    assert_true(signal > 1.0);
    return 10.0 * log10(signal / error);
}

static void switching_to_a_private_encoder_is_inaudible(void **state)
{
    (void)state;
    const pl_codec_kind all[] = {PL_AUDIO_OPUS, PL_AUDIO_G722, PL_AUDIO_PCMU,
                                 PL_AUDIO_PCMA};
    for (size_t c = 0; c < 4; c++) {
        rig_leg *still = NULL, *talks = NULL;
        run_pair(all[c], &still, &talks);
        double db = snr_db(still, talks);
        print_message("codec %d: %.1f dB\n", (int)all[c], db);
        assert_true(db >= 80.0);
        assert_int_equal(talks->gaps, 0);
        assert_int_equal(talks->packets, BEFORE + AFTER);
        rig_close(&rigs[0]);
        rig_close(&rigs[1]);
    }
}

/* Once quiet again he returns to the shared encode: one encode less. */
static void private_encoder_is_given_up_after_the_hangover(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 500, 0.2, true);
    rig_leg *b = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    (void)rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_run(r, 30);
    a->is_saying = false;
    rig_run(r, 60);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_run(r, 10);
    assert_int_equal(pl_engine_stats_get(r->engine)->encodes - before.encodes,
                     10);
    assert_int_equal(b->gaps, 0);
    assert_int_equal(a->gaps, 0);
    rig_close(r);
}

/* Where nobody shares, the shared encoder goes on from the private state. */
static void way_back_has_no_seam_when_nobody_else_listens(void **state)
{
    (void)state;
    static voice far[2];
    rig_leg *heard[2];
    for (size_t k = 0; k < 2; k++) {
        rig *r = &rigs[k];
        rig_open(r, PL_ROOM_MODE_MIX, 3);
        far[k] = (voice){.pitch_hz = 120, .seed = 1};
        rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 0, 1.0, true);
        talker->source = speak;
        talker->source_ctx = &far[k];
        heard[k] = rig_add(r, PL_AUDIO_OPUS, 900, k == 1 ? 0.2 : 0.0, false);
        rig_run(r, 50);
        heard[k]->is_saying = false;
        rig_run(r, BEFORE + AFTER);
        assert_int_equal(pl_engine_stats_get(r->engine)->mixes > 0, 1);
    }
    assert_true(snr_db(heard[0], heard[1]) >= 80.0);
    rig_close(&rigs[0]);
    rig_close(&rigs[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switching_to_a_private_encoder_is_inaudible),
        cmocka_unit_test(private_encoder_is_given_up_after_the_hangover),
        cmocka_unit_test(way_back_has_no_seam_when_nobody_else_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
