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

static rig rigs[2], three[3];

/* The same room twice: in the second the listener begins to talk. He sends no
 * sound of his own into the comparison: his voice is not in his mix. */
static void run_pair(pl_codec_kind codec, const pl_mix_room *room,
                     rig_leg **ret_still, rig_leg **ret_talks)
{
    static voice far[2], near;
    for (size_t k = 0; k < 2; k++) {
        rig *r = &rigs[k];
        rig_open_room(r, room);
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

/* Whatever is done to voices on their way: nothing, levelling, suppression of
 * noise as well. */
static const pl_mix_room ROOMS[] = {
    {.mode = PL_ROOM_MODE_MIX, .max_talkers = 3, .is_raw = true},
    {.mode = PL_ROOM_MODE_MIX, .max_talkers = 3},
    {.mode = PL_ROOM_MODE_MIX, .max_talkers = 3, .denoise = true},
};

static void switching_to_a_private_encoder_is_inaudible(void **state)
{
    (void)state;
    const pl_codec_kind all[] = {PL_AUDIO_OPUS, PL_AUDIO_G722, PL_AUDIO_PCMU,
                                 PL_AUDIO_PCMA};
    for (size_t k = 0; k < 12; k += k < 4 ? 1 : 4) { /* then Opus alone */
        rig_leg *still = NULL, *talks = NULL;
        size_t c = k % 4;
        run_pair(all[c], &ROOMS[k / 4], &still, &talks);
        double db = snr_db(still, talks);
        print_message("room %zu, codec %d: %.1f dB\n", k / 4, (int)all[c], db);
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

/* ---- the way back, and what mixes may never do --------------------------- */

enum { SETTLE = 60, TALK = 40, BACK = 200 }; /* back after 3.4 s at most */

/* What listener 1 decodes of talker 0 after somebody said something meanwhile:
 * nobody, he himself, or leg 2. */
static const rig_leg *run_back(size_t k, size_t who, const pl_mix_room *room)
{
    static voice far[3], near[3];
    rig *r = &three[k];
    rig_open_room(r, room);
    far[k] = (voice){.pitch_hz = 120, .seed = 1};
    near[k] = (voice){.pitch_hz = 210, .seed = 99};
    rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 0, 1.0, true);
    for (size_t i = 1; i < 4; i++) {
        rig_leg *leg = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
        leg->source = speak;
        leg->source_ctx = &near[k];
    }
    talker->source = speak;
    talker->source_ctx = &far[k];
    rig_run(r, SETTLE);
    if (who > 0)
        r->leg[who].is_saying = true;
    rig_run(r, TALK);
    r->leg[who > 0 ? who : 1].is_saying = false;
    rig_run(r, BACK - 10);
    uint64_t encodes = pl_engine_stats_get(r->engine)->encodes;
    rig_run(r, 10);
    /* the talker's own and that of all who listen: everybody is back */
    assert_int_equal(pl_engine_stats_get(r->engine)->encodes - encodes, 20);
    return &r->leg[1];
}

/* Mean square of the difference in the last n ticks; the signal's with b NULL.
 */
static double power_of(const rig_leg *a, const rig_leg *b, size_t n_ticks)
{
    size_t n = n_ticks * PL_CODEC_FRAME;
    double sum = 1e-20;
    for (size_t i = a->n_heard - n; i < a->n_heard; i++) {
        double d = a->heard[i] - (b ? b->heard[i] : 0.0F);
        sum += d * d;
    }
    return sum / (double)n;
}

/* The largest step from a sample to the next. */
static float steepest(const rig_leg *leg, size_t from_tick, size_t to_tick)
{
    float max = 0.0F;
    for (size_t i = from_tick * PL_CODEC_FRAME + 1;
         i < to_tick * PL_CODEC_FRAME; i++) {
        float d = fabsf(leg->heard[i] - leg->heard[i - 1]);
        max = d > max ? d : max;
    }
    return max;
}

/* Back on the shared encoder his decoder gets another history than it has. How
 * much that is, against what the same words in another's mouth change for
 * somebody who never switches: nothing beyond it. */
static void way_back_is_at_the_floor_of_coding_noise(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k += 2) {
        const rig_leg *still = run_back(0, 0, &ROOMS[k]);
        const rig_leg *back = run_back(1, 1, &ROOMS[k]);
        const rig_leg *other = run_back(2, 2, &ROOMS[k]);
        uint64_t switches = pl_engine_stats_get(three[1].engine)->switches;
        assert_int_equal(switches,
                         pl_engine_stats_get(three[0].engine)->switches + 1);
        /* all of the way back, then only what comes after it */
        double mine = power_of(back, still, BACK);
        double theirs = power_of(other, still, BACK);
        print_message("room %zu: %.1f dB below the voice; coding noise %.1f\n",
                      k, 10 * log10(power_of(still, NULL, BACK) / mine),
                      10 * log10(power_of(still, NULL, BACK) / theirs));
        assert_true(mine <= theirs * 1.26); /* 1 dB */
        size_t from = SETTLE + TALK, to = from + BACK;
        assert_true(steepest(back, from, to) <
                    1.1F * steepest(still, SETTLE, to));
        for (size_t i = 0; i < 3; i++)
            rig_close(&three[i]);
    }
}

/* 32 talkers at full scale, all of the same tone: 30 dB too much. The sum comes
 * out as a tone, not as a square: its harmonics stay far below. */
static void thirty_two_full_scale_talkers_stay_a_clean_sound(void **state)
{
    (void)state;
    const pl_mix_room rooms[] = {
        {.mode = PL_ROOM_MODE_MIX, .max_talkers = 32, .is_raw = true},
        {.mode = PL_ROOM_MODE_MIX, .max_talkers = 32}};
    for (size_t k = 0; k < 2; k++) {
        rig *r = &rigs[0];
        rig_open_room(r, &rooms[k]);
        for (size_t i = 0; i < 32; i++)
            (void)rig_add(r, PL_AUDIO_PCMU, 500, 0.99, false);
        rig_leg *leg = rig_add(r, PL_AUDIO_PCMA, 0, 0, false);
        rig_run(r, 60);
        /* 500 Hz at full scale moves by 0.064 a sample of 48 kHz */
        float peak = 0.0F, step = steepest(leg, 0, 60);
        for (size_t i = 0; i < leg->n_heard; i++)
            peak = fabsf(leg->heard[i]) > peak ? fabsf(leg->heard[i]) : peak;
        double base = rig_hears(leg, 500, 25), bad = 0.0;
        for (size_t h = 2; h <= 6; h++)
            bad += pow(rig_hears(leg, 500 * (double)h, 25), 2.0);
        double thd = sqrt(bad) / base;
        print_message("peak %.3f, step %.3f, distortion %.2f %%\n",
                      (double)peak, (double)step, 100.0 * thd);
        assert_true(base > 0.9 && peak < 1.05F);
        assert_true(step < 0.1F);
        assert_true(thd < 0.01);
        rig_close(r);
    }
}

/* The same of 32 voices that come and go, by sharing and private listeners. */
static void thirty_two_loud_voices_never_wrap(void **state)
{
    (void)state;
    static voice all[32];
    rig *r = &rigs[0];
    rig_open(r, PL_ROOM_MODE_MIX, 32);
    for (size_t i = 0; i < 32; i++) {
        all[i] = (voice){.pitch_hz = 90 + 7 * (double)i, .seed = (uint32_t)i};
        rig_leg *leg = rig_add(r, PL_AUDIO_PCMU, 0, 1.0, false);
        leg->source = speak;
        leg->source_ctx = &all[i];
    }
    rig_leg *shared = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    for (size_t t = 0; t < 80; t += 10) {
        for (size_t i = 0; i < 32; i++)
            r->leg[i].is_pausing = (t / 10 + i) % 5 == 0;
        rig_run(r, 10);
    }
    const rig_leg *legs[] = {shared, &r->leg[0]};
    for (size_t k = 0; k < 2; k++) {
        assert_true(power_of(legs[k], NULL, 60) > 0.001);
        /* a wrap would be a step of nearly 2 */
        assert_true(steepest(legs[k], 0, 80) < 0.6F);
    }
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switching_to_a_private_encoder_is_inaudible),
        cmocka_unit_test(private_encoder_is_given_up_after_the_hangover),
        cmocka_unit_test(way_back_has_no_seam_when_nobody_else_listens),
        cmocka_unit_test(way_back_is_at_the_floor_of_coding_noise),
        cmocka_unit_test(thirty_two_full_scale_talkers_stay_a_clean_sound),
        cmocka_unit_test(thirty_two_loud_voices_never_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
