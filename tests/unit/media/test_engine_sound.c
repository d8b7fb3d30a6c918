/* test_engine_sound.c - how a room sounds, by what its phones decode: voices
 * equally loud, noise that is not raised or is taken out, pauses that are not
 * dead, prompts to all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine_rig.h"
#include "speech.h"

enum { SECOND = 50, SAMPLES = PL_CODEC_FRAME };

static rig the_rig;
static speech voices[2];
static const pl_mix_room LEVELLED = {.mode = PL_ROOM_MODE_MIX,
                                     .max_talkers = 3};

static int clean(void **state)
{
    (void)state;
    rig_close(&the_rig);
    for (size_t i = 0; i < 2; i++)
        speech_close(&voices[i]);
    return 0;
}

static rig_leg *add_speaker(rig *r, pl_codec_kind codec, speech *s, double db,
                            double noise_db)
{
    rig_leg *leg = rig_add(r, codec, 0, 1.0, codec == PL_AUDIO_OPUS);
    speech_open(s, "welcome", db, noise_db);
    leg->source = speech_frame;
    leg->source_ctx = s;
    return leg;
}

/* What the leg decoded in the last n ticks. */
static const float *last(const rig_leg *leg, size_t n_ticks)
{
    assert_true(leg->n_heard >= n_ticks * SAMPLES);
    return leg->heard + leg->n_heard - n_ticks * SAMPLES;
}

/* Telephone at -40, laptop at -12 dBFS; a listener each, of both kinds. What
 * they hear after 3 s. */
static void telephone_and_laptop_are_equally_loud(void **state)
{
    (void)state;
    double heard[2][2];
    for (size_t k = 0; k < 2; k++) {
        rig *r = &the_rig;
        rig_open_room(r, &LEVELLED);
        if (k == 0) {
            (void)add_speaker(r, PL_AUDIO_PCMU, &voices[0], -40, -200);
        } else {
            (void)add_speaker(r, PL_AUDIO_OPUS, &voices[0], -12, -200);
        }
        rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
        rig_leg *b = rig_add(r, PL_AUDIO_PCMA, 0, 0, false);
        rig_run(r, 3 * SECOND);
        rig_run(r, 5 * SECOND);
        heard[k][0] = spoken_db(last(a, 5 * SECOND), 5 * SECOND * SAMPLES);
        heard[k][1] = spoken_db(last(b, 5 * SECOND), 5 * SECOND * SAMPLES);
        print_message("%s: by Opus %.1f, by PCMA %.1f dBFS\n",
                      k == 0 ? "telephone at -40" : "laptop at -12",
                      heard[k][0], heard[k][1]);
        if (k == 0) {
            rig_close(r);
            speech_close(&voices[0]);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        assert_true(fabs(heard[0][i] - heard[1][i]) < 3.0);
        assert_true(heard[0][i] > -28.0 && heard[0][i] < -18.0);
    }
}

static void raw_rooms_and_noise_are_left_as_they_are(void **state)
{
    (void)state;
    double noise[2];
    for (size_t k = 0; k < 3; k++) {
        rig *r = &the_rig;
        pl_mix_room room = LEVELLED;
        room.is_raw = k < 2;
        rig_open_room(r, &room);
        /* quiet speech, raw; noise alone, raw and levelled */
        (void)add_speaker(r, PL_AUDIO_PCMU, &voices[0], k == 0 ? -40 : -190,
                          k == 0 ? -200 : -45);
        rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
        rig_run(r, 8 * SECOND);
        double db = spoken_db(last(a, 5 * SECOND), 5 * SECOND * SAMPLES);
        print_message("%s: %.1f dBFS\n", k == 0 ? "speech" : "noise", db);
        if (k == 0) {
            assert_true(fabs(db + 40.0) < 2.0);
        } else {
            noise[k - 1] = db;
        }
        if (k < 2) {
            rig_close(r);
            speech_close(&voices[0]);
        }
    }
    assert_true(noise[0] > -60.0 && fabs(noise[0] - noise[1]) < 0.5);
}

/* The same speech with noise under it, in a room without and with suppression:
 * noise in the pauses goes down, speech stays. */
static void noise_is_taken_out_and_speech_stays(void **state)
{
    (void)state;
    double spoken[2], quiet[2];
    for (size_t k = 0; k < 2; k++) {
        rig *r = &the_rig;
        pl_mix_room room = LEVELLED;
        room.is_raw = true;
        room.denoise = k == 1;
        rig_open_room(r, &room);
        (void)add_speaker(r, PL_AUDIO_OPUS, &voices[0], -20, -45);
        rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
        rig_run(r, 12 * SECOND);
        spoken[k] = spoken_db(last(a, 8 * SECOND), 8 * SECOND * SAMPLES);
        quiet[k] = quiet_db(last(a, 8 * SECOND), 8 * SECOND * SAMPLES);
        print_message("%s: speech %.1f, pauses %.1f dBFS\n",
                      k == 0 ? "as it comes" : "suppressed", spoken[k],
                      quiet[k]);
        if (k == 0) {
            rig_close(r);
            speech_close(&voices[0]);
        }
    }
    assert_true(quiet[0] > -50.0);
    assert_true(quiet[0] - quiet[1] >= 10.0);
    assert_true(fabs(spoken[0] - spoken[1]) < 3.0);
}

/* Suppression is switched on and off while somebody talks, and legs beyond the
 * number of states come and go: no jump in what is heard. */
static void suppression_comes_and_goes_without_a_click(void **state)
{
    (void)state;
    rig *r = &the_rig;
    pl_mix_room room = LEVELLED;
    room.is_raw = true;
    rig_open_room(r, &room);
    rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 300, 0.3, true);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    for (size_t i = 0; i < 40; i++)
        (void)rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    for (size_t k = 0; k < 6; k++) {
        room.denoise = k % 2 == 0;
        pl_mix_command c = {
            .kind = PL_MIX_ROOM_SET, .id = r->room, .u.room = room};
        pl_engine_command(r->engine, &c);
        rig_run(r, 30);
    }
    rig_remove(r, talker);
    talker->is_saying = false;
    rig_run(r, 5);
    /* 300 Hz at 0.3: a sample differs from the one before by at most 0.012 */
    const float *pcm = last(a, 180);
    for (size_t i = 1; i < 170 * SAMPLES; i++)
        assert_true(fabsf(pcm[i] - pcm[i - 1]) < 0.05F);
}

/* A telephone with voice activity detection: in its pauses the others hear the
 * noise that it told, not nothing. */
static void pauses_of_a_telephone_have_the_noise_it_tells(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *phone = rig_add(r, PL_AUDIO_PCMU, 500, 0.3, false);
    rig_leg *a = rig_add(r, PL_AUDIO_G722, 0, 0, false);
    rig_run(r, SECOND);
    phone->is_pausing = true;
    rig_comfort(r, phone, 58);
    rig_run(r, 3 * SECOND);
    double soon = rms_db(last(a, 3 * SECOND) + 10 * SAMPLES, 8 * SAMPLES);
    double late = rms_db(last(a, SECOND), SECOND * SAMPLES);
    print_message("told -58: %.1f at once, %.1f dBFS later\n", soon, late);
    /* the noise is white up to 1 kHz: what 7 kHz cut off is little */
    assert_true(fabs(soon + 58.0) < 3.0);
    assert_true(fabs(late + 58.0) < 3.0);
    phone->is_pausing = false;
    rig_run(r, 30);
    assert_true(rig_hears(a, 500, 10) > 0.2);
    assert_int_equal(pl_engine_stats_get(r->engine)->concealed, 0);
}

/* Opus that stops says nothing of its level: the noise before is kept. */
static void pauses_of_a_browser_keep_the_noise_before_them(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *browser = add_speaker(r, PL_AUDIO_OPUS, &voices[0], -20, -57);
    rig_leg *a = rig_add(r, PL_AUDIO_G722, 0, 0, false);
    rig_run(r, 8 * SECOND);
    double before = quiet_db(last(a, 5 * SECOND), 5 * SECOND * SAMPLES);
    browser->is_pausing = true;
    rig_run(r, 10);
    rig_run(r, 2 * SECOND);
    double pause = rms_db(last(a, SECOND), SECOND * SAMPLES);
    print_message("before %.1f, pause %.1f dBFS\n", before, pause);
    assert_true(pause > -66.0 && pause < -50.0);
}

/* ---- prompts to all ------------------------------------------------------ */

static int16_t tone[2 * 48000];
static const pl_prompt PROMPT = {"tone", tone, 2 * 48000};

static void make_tone(void)
{
    for (size_t i = 0; i < PROMPT.n; i++)
        tone[i] = (int16_t)(6000 * sin((double)i * 6.283185307 * 1500 / 48000));
}

static void
a_prompt_to_all_is_one_encode_and_talkers_are_beside_it(void **state)
{
    (void)state;
    rig *r = &the_rig;
    make_tone();
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *talker = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_leg *b = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_leg *deaf = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    rig_flags(r, deaf, true, false, true);
    rig_run(r, SECOND);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_play_all(r, &PROMPT, false);
    rig_run(r, SECOND);
    const pl_engine_stats *now = pl_engine_stats_get(r->engine);
    /* the talker's, the listeners', the deaf one's: as without a prompt */
    assert_int_equal(now->encodes - before.encodes, 3 * SECOND);
    double loud = 6000.0 / 32768;
    assert_true(fabs(rig_hears(a, 1500, 30) - loud) < 0.1 * loud);
    assert_true(fabs(rig_hears(b, 1500, 30) - loud) < 0.1 * loud);
    assert_true(fabs(rig_hears(talker, 1500, 30) - loud) < 0.1 * loud);
    assert_true(rig_hears(talker, 400, 30) < 0.002);
    assert_true(rig_hears(deaf, 1500, 30) < 0.002);
    /* ducked by 9 dB, and back when it is over */
    assert_true(fabs(rig_hears(a, 400, 30) - 0.2 * 0.35) < 0.01);
    assert_int_equal(rig_count(r, NULL, PL_MIX_ROOM_PLAYED), 0);
    rig_run(r, 2 * SECOND);
    assert_int_equal(rig_count(r, NULL, PL_MIX_ROOM_PLAYED), 1);
    assert_int_equal(rig_last(r, PL_MIX_ROOM_PLAYED)->u.played.tag, 43);
    assert_int_equal(rig_last(r, PL_MIX_ROOM_PLAYED)->room.index, 3);
    assert_true(fabs(rig_hears(a, 400, 30) - 0.2) < 0.02);
    assert_true(rig_hears(a, 1500, 30) < 0.002);
}

static void music_for_all_steps_behind_who_talks(void **state)
{
    (void)state;
    rig *r = &the_rig;
    make_tone();
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *talker = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 0, 0, false);
    talker->is_saying = false;
    rig_play_all(r, &PROMPT, true);
    rig_run(r, 5 * SECOND); /* longer than it is: it loops */
    double loud = 6000.0 / 32768;
    assert_true(fabs(rig_hears(a, 1500, 30) - loud) < 0.1 * loud);
    talker->is_saying = true;
    rig_run(r, 2 * SECOND);
    assert_true(fabs(rig_hears(a, 1500, 30) - loud * 0.25) < 0.1 * loud);
    assert_true(fabs(rig_hears(a, 400, 30) - 0.2) < 0.02);
    rig_play_all(r, NULL, false);
    rig_run(r, SECOND);
    assert_true(rig_hears(a, 1500, 30) < 0.002);
    assert_int_equal(rig_count(r, NULL, PL_MIX_ROOM_PLAYED), 0);
    /* stopped within a frame, not between two samples */
    const float *pcm = last(a, 3 * SECOND);
    for (size_t i = 1; i < 3 * SECOND * SAMPLES; i++)
        assert_true(fabsf(pcm[i] - pcm[i - 1]) < 0.06F);
}

static void echo_rooms_play_to_all_too(void **state)
{
    (void)state;
    rig *r = &the_rig;
    make_tone();
    rig_open(r, PL_ROOM_MODE_ECHO, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0.2, false);
    rig_play_all(r, &PROMPT, true);
    rig_run(r, 2 * SECOND);
    assert_true(rig_hears(a, 1500, 30) > 0.15);
    assert_true(rig_hears(a, 400, 30) > 0.15);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(telephone_and_laptop_are_equally_loud),
        TEST(raw_rooms_and_noise_are_left_as_they_are),
        TEST(noise_is_taken_out_and_speech_stays),
        TEST(suppression_comes_and_goes_without_a_click),
        TEST(pauses_of_a_telephone_have_the_noise_it_tells),
        TEST(pauses_of_a_browser_keep_the_noise_before_them),
        TEST(a_prompt_to_all_is_one_encode_and_talkers_are_beside_it),
        TEST(music_for_all_steps_behind_who_talks),
        TEST(echo_rooms_play_to_all_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
