/* test_engine_rest.c - who has nothing to hear is sent next to nothing, hears
 * noise rather than nothing, and the first word at once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine_sound.h"
#include "engine_rig.h"
#include "speech.h"

enum { SECOND = 50, SAMPLES = PL_CODEC_FRAME };

static rig rigs[2];
static speech voices[2];
static const pl_mix_room RAW = {
    .mode = PL_ROOM_MODE_MIX, .max_talkers = 3, .is_raw = true};

static int clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig_close(&rigs[i]);
        speech_close(&voices[i]);
        rigs[i] = (rig){.n = 0};
    }
    return 0;
}

static void silence_is_next_to_nothing_and_keeps_the_way_open(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open_resting(r, &RAW);
    rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 400, 0.2, true);
    for (size_t i = 0; i < 20; i++)
        (void)rig_add(r, i % 2 ? PL_AUDIO_PCMA : PL_AUDIO_OPUS, 0, 0,
                      i % 2 == 0);
    rig_flags(r, &r->leg[9], true, false, true); /* deaf */
    rig_run(r, SECOND);
    talker->is_pausing = true;
    rig_run(r, 2 * SECOND);
    uint32_t packets[21];
    for (size_t i = 0; i < r->n; i++) {
        packets[i] = r->leg[i].packets + r->leg[i].signs;
        r->leg[i].longest_gap = 0;
    }
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_run(r, 20 * SECOND);
    const pl_engine_stats *now = pl_engine_stats_get(r->engine);
    for (size_t i = 0; i < r->n; i++) {
        const rig_leg *leg = &r->leg[i];
        uint32_t n = leg->packets + leg->signs - packets[i];
        assert_in_range(n, 50, 51); /* 20 s, each 400 ms */
        assert_int_equal(leg->longest_gap, 20);
        assert_int_equal(leg->gaps, 0); /* numbers go on */
        assert_int_equal(leg->markers, 1);
    }
    assert_int_equal(now->encodes, before.encodes);
    assert_int_equal(now->mixes, before.mixes);
    assert_int_equal(now->decodes, before.decodes);
    assert_int_equal(now->rested - before.rested, 20 * SECOND * r->n);
}

/* Ticks from the first word until the leg decodes it. */
static size_t ticks_to_hear(rig *r, rig_leg *talker, const rig_leg *leg)
{
    talker->is_pausing = false;
    for (size_t n = 1; n < 50; n++) {
        rig_run(r, 1);
        if (rms_db(leg->heard + leg->n_heard - SAMPLES, SAMPLES) > -30.0)
            return n;
    }
    return 0;
}

static void the_first_word_is_heard_as_soon_as_without_rest(void **state)
{
    (void)state;
    const pl_codec_kind codecs[] = {PL_AUDIO_OPUS, PL_AUDIO_G722,
                                    PL_AUDIO_PCMU};
    for (size_t c = 0; c < 3; c++) {
        size_t ticks[2];
        uint32_t markers = 0;
        for (size_t k = 0; k < 2; k++) {
            rig *r = &rigs[k];
            if (k == 0) {
                rig_open_room(r, &RAW);
            } else {
                rig_open_resting(r, &RAW);
            }
            rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 400, 0.3, true);
            rig_leg *leg = rig_add(r, codecs[c], 0, 0, c == 0);
            rig_run(r, SECOND);
            talker->is_pausing = true;
            rig_run(r, 10 * SECOND);
            markers = leg->markers;
            ticks[k] = ticks_to_hear(r, talker, leg);
            if (k == 1) /* a talk spurt begins, RFC 3551 section 4.1 */
                assert_int_equal(leg->markers, markers + 1);
            assert_int_equal(leg->gaps, 0);
        }
        print_message("codec %d: heard after %zu ticks, %zu with rest\n",
                      (int)codecs[c], ticks[0], ticks[1]);
        assert_true(ticks[0] > 0);
        assert_int_equal(ticks[0], ticks[1]);
        (void)clean(NULL);
    }
}

/* He has been sent signs of life alone, from the engine's silence and then from
 * a mix that nobody has been encoded: there is no encoder to go on from. */
static void who_is_let_into_a_silent_room_may_speak(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open_resting(r, &RAW);
    rig_leg *guest = rig_add(r, PL_AUDIO_OPUS, 400, 0.2, true);
    rig_leg *phone = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    guest->is_pausing = true;
    rig_flags(r, guest, false, false, false);
    rig_run(r, SECOND);
    rig_flags(r, guest, true, false, false);
    rig_run(r, SECOND);
    guest->is_pausing = false;
    rig_run(r, SECOND);
    assert_true(rig_hears(phone, 400, 10) > 0.1);
    assert_true(rig_hears(guest, 400, 10) < 0.01);
    assert_int_equal(pl_engine_stats_get(r->engine)->states_short, 0);
}

/* Two in a room, one speaks: he has nothing to hear, so that one encode is
 * all; when the other answers he hears it at once. */
static void who_talks_alone_needs_no_encoder(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open_resting(r, &RAW);
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 400, 0.2, true);
    rig_leg *b = rig_add(r, PL_AUDIO_OPUS, 900, 0.2, true);
    b->is_pausing = true;
    rig_run(r, SECOND);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_run(r, SECOND);
    const pl_engine_stats *now = pl_engine_stats_get(r->engine);
    assert_int_equal(now->encodes - before.encodes, SECOND);
    assert_true(rig_hears(b, 400, 30) > 0.15);
    assert_true(ticks_to_hear(r, b, a) > 0);
    rig_run(r, SECOND);
    assert_true(rig_hears(a, 900, 30) > 0.15);
    assert_true(rig_hears(a, 400, 30) < 0.002);
    assert_int_equal(a->gaps, 0);
}

static void who_did_not_agree_is_sent_every_packet(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open_resting(r, &RAW);
    rig_leg *opus = rig_add(r, PL_AUDIO_OPUS, 0, 0, false);
    rig_leg *phone = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_no_dtx(r, opus);
    rig_no_dtx(r, phone);
    rig_run(r, 5 * SECOND);
    assert_int_equal(opus->packets, 5 * SECOND);
    assert_int_equal(phone->packets, 5 * SECOND);
    assert_int_equal(opus->signs + phone->signs, 0);
    /* an engine that never rests does not either */
    rig_open_room(&rigs[1], &RAW);
    rig_leg *leg = rig_add(&rigs[1], PL_AUDIO_PCMU, 0, 0, false);
    rig_run(&rigs[1], 5 * SECOND);
    assert_int_equal(leg->packets, 5 * SECOND);
    assert_int_equal(leg->signs, 0);
}

/* While all rest a decoder goes on with the noise that lay under the voices,
 * and a telephone is told how loud it was. */
static void resting_listeners_hear_noise_and_not_nothing(void **state)
{
    (void)state;
    rig *r = &rigs[0];
    rig_open_resting(r, &RAW);
    rig_leg *talker = rig_add(r, PL_AUDIO_PCMA, 0, 1.0, false);
    speech_open(&voices[0], "welcome", -20, -58);
    talker->source = speech_frame;
    talker->source_ctx = &voices[0];
    rig_leg *opus = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_leg *phone = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_leg *plain = rig_add(r, PL_AUDIO_G722, 0, 0, false);
    rig_no_dtx(r, plain);
    rig_run(r, 8 * SECOND);
    talker->is_pausing = true;
    rig_comfort(r, talker, 60);
    rig_run(r, 4 * SECOND);
    size_t n = 2 * SECOND * SAMPLES;
    double by_opus = rms_db(opus->heard + opus->n_heard - n, n);
    double by_g722 = rms_db(plain->heard + plain->n_heard - n, n);
    print_message(
        "told -60: Opus at rest %.1f, G.722 %.1f dBFS, PCMU told %u\n", by_opus,
        by_g722, phone->told);
    assert_true(by_opus > -75.0 && by_opus < -52.0);
    assert_true(fabs(by_g722 + 60.0) < 4.0);
    assert_in_range(phone->told, 56, 64);
}

/* Listeners at rest, then two begin to speak at once: the one of them whose
 * decoder is watched is given a copy of an encoder that stood still. Against
 * the same without his voice. */
static void switching_after_rest_is_inaudible(void **state)
{
    (void)state;
    const rig_leg *heard[2];
    for (size_t k = 0; k < 2; k++) {
        rig *r = &rigs[k];
        rig_open_resting(r, &RAW);
        rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 0, 1.0, true);
        speech_open(&voices[k], "welcome", -20, -60);
        talker->source = speech_frame;
        talker->source_ctx = &voices[k];
        rig_leg *leg = rig_add(r, PL_AUDIO_OPUS, 700, 0.2, true);
        (void)rig_add(r, PL_AUDIO_OPUS, 0, 0, true); /* shares */
        leg->is_pausing = true;
        rig_run(r, 3 * SECOND);
        talker->is_pausing = true;
        rig_run(r, 3 * SECOND);
        talker->is_pausing = false;
        leg->is_pausing = k == 0;
        rig_run(r, SECOND);
        heard[k] = leg;
    }
    size_t n = SECOND * SAMPLES;
    double signal = 0.0, error = 1e-20;
    assert_int_equal(heard[0]->n_heard, heard[1]->n_heard);
    for (size_t i = heard[0]->n_heard - n; i < heard[0]->n_heard; i++) {
        double d = heard[0]->heard[i] - heard[1]->heard[i];
        signal += heard[0]->heard[i] * heard[0]->heard[i];
        error += d * d;
    }
    print_message("%.1f dB\n", 10.0 * log10(signal / error));
    assert_true(signal > 1.0);
    assert_true(10.0 * log10(signal / error) >= 80.0);
}

static void keys_and_prompts_wake_a_leg(void **state)
{
    (void)state;
    static int16_t tone[48000];
    static const pl_prompt prompt = {"tone", tone, 48000};
    for (size_t i = 0; i < prompt.n; i++)
        tone[i] = (int16_t)(6000 * sin((double)i * 6.283185307 * 1500 / 48000));
    rig *r = &rigs[0];
    rig_open_resting(r, &RAW);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_leg *b = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_run(r, 3 * SECOND);
    rig_keys(r, a, "5");
    rig_run(r, SECOND);
    assert_int_equal(a->event_ends, 3);
    assert_int_equal(rig_count(r, a, PL_MIX_KEYED), 1);
    rig_play(r, b, &prompt, false);
    rig_run(r, 40);
    assert_true(rig_hears(b, 1500, 10) > 0.15);
    rig_play_all(r, &prompt, false);
    rig_run(r, 40);
    assert_true(rig_hears(a, 1500, 10) > 0.15);
    rig_run(r, 3 * SECOND);
    uint32_t packets = a->packets + b->packets;
    rig_run(r, SECOND);
    assert_in_range(a->packets + b->packets - packets, 0, 3);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(silence_is_next_to_nothing_and_keeps_the_way_open),
        TEST(the_first_word_is_heard_as_soon_as_without_rest),
        TEST(who_is_let_into_a_silent_room_may_speak),
        TEST(who_talks_alone_needs_no_encoder),
        TEST(who_did_not_agree_is_sent_every_packet),
        TEST(resting_listeners_hear_noise_and_not_nothing),
        TEST(switching_after_rest_is_inaudible),
        TEST(keys_and_prompts_wake_a_leg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
