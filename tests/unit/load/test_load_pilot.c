/* test_load_pilot.c - voices are told apart and marks found, in what codecs
 * leave of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/codecs.h"
#include "pilot.h"
#include "talker.h"

enum { VOICES = 3, SECONDS = 4 };

static void pilots_do_not_leak_into_each_other(void **state)
{
    float *pcm = calloc(PL_PILOT_WINDOW, sizeof *pcm);
    (void)state;
    assert_non_null(pcm);
    pl_pilot_add(7, pcm, PL_PILOT_WINDOW, 0);
    assert_true(fabs(pl_pilot_level_db(7, pcm) + 34) < 0.1);
    for (size_t v = 0; v < PL_LOAD_VOICES_MAX + 4U; v++) {
        if (v != 7)
            assert_true(pl_pilot_level_db(v, pcm) < -100);
    }
    free(pcm);
}

static void silence_has_neither_voices_nor_marks(void **state)
{
    float *pcm = calloc(PL_PILOT_WINDOW, sizeof *pcm);
    double at = 0;
    (void)state;
    assert_non_null(pcm);
    assert_true(pl_pilot_level_db(0, pcm) <= -200);
    assert_false(pl_mark_find(pcm, PL_PILOT_WINDOW, &at));
    assert_false(pl_mark_find(pcm, PL_MARK_LENGTH, &at));
    free(pcm);
}

static void a_mark_is_found_to_a_millisecond(void **state)
{
    float *pcm = calloc(PL_PILOT_WINDOW, sizeof *pcm);
    (void)state;
    assert_non_null(pcm);
    for (size_t shift = 0; shift < 20000; shift += 1777) {
        double at = 0;
        memset(pcm, 0, PL_PILOT_WINDOW * sizeof *pcm);
        pl_mark_add(pcm, PL_PILOT_WINDOW, shift);
        assert_true(pl_mark_find(pcm, PL_PILOT_WINDOW, &at));
        assert_true(fabs(at - (double)(PL_MARK_FIRST - shift)) < 48);
    }
    free(pcm);
}

static void decode(const pl_codec *codec, const pl_load_clip *clip, float *pcm)
{
    pl_decoder *decoder = NULL;
    size_t n = 0;
    assert_int_equal(codec->decoder_create(1, &decoder), PL_OK);
    for (size_t i = 0; i < (size_t)SECONDS * 50; i++) {
        size_t made = 0;
        assert_int_equal(codec->decode(decoder, clip->frame[i].data,
                                       clip->frame[i].len, pcm + n, &made),
                         PL_OK);
        n += made;
    }
    codec->decoder_destroy(&decoder);
}

/* By more than what the judge asks for: 12 dB. */
static void every_codec_keeps_voices_apart(void **state)
{
    float *pcm = calloc((size_t)SECONDS * PL_PILOT_RATE + PL_CODEC_MAX_DECODED,
                        sizeof *pcm);
    (void)state;
    assert_non_null(pcm);
    for (size_t k = 0; k < PL_AUDIO_COUNT; k++) {
        pl_load_voices *v = NULL;
        assert_int_equal(pl_load_voices_create(PL_TEST_PROMPTS, VOICES,
                                               pl_codecs.codec[k], &v),
                         PL_OK);
        assert_in_range((unsigned)v->mark_offset, 0, 480);
        assert_in_range(v->noise.frame[0].level, 60, 70);
        for (size_t voice = 0; voice < VOICES; voice++) {
            decode(pl_codecs.codec[k], &v->plain[voice], pcm);
            const float *second = pcm + PL_PILOT_RATE;
            double own = pl_pilot_level_db(voice, second);
            for (size_t other = 0; other < VOICES; other++) {
                if (other != voice)
                    assert_true(pl_pilot_level_db(other, second) < own - 12);
            }
        }
        decode(pl_codecs.codec[k], &v->marked[0], pcm);
        for (size_t s = 1; s < SECONDS; s++) {
            double at = 0;
            assert_true(
                pl_mark_find(pcm + s * PL_PILOT_RATE, PL_PILOT_RATE, &at));
            assert_true(fabs(at - PL_MARK_FIRST - v->mark_offset) < 96);
        }
        pl_load_voices_destroy(&v);
    }
    free(pcm);
}

static uint32_t next_random(uint32_t *x)
{
    *x = *x * 1664525U + 1013904223U;
    return *x >> 8;
}

enum { ROOM = 3, CROWD = 3 * ROOM, LOOP = SECONDS * PL_PILOT_RATE, TRIES = 6 };

/* A second of the room of voices 3 to 5, with holes where packets were lost and
 * jumps where the server left ticks out: so many of 50. */
static void hear_second(float *const *voice, uint32_t *random, unsigned holes,
                        unsigned jumps, float *pcm)
{
    size_t at[ROOM];
    for (size_t v = 0; v < ROOM; v++)
        at[v] = next_random(random) % LOOP;
    memset(pcm, 0, PL_PILOT_WINDOW * sizeof *pcm);
    for (size_t i = 0; i < PL_PILOT_WINDOW; i += PL_LOAD_FRAME) {
        size_t n =
            next_random(random) % 50 < jumps ? 1 + next_random(random) % 20 : 0;
        bool is_lost = next_random(random) % 50 < holes;
        for (size_t v = 0; v < ROOM; v++) {
            at[v] += n * PL_LOAD_FRAME;
            for (size_t k = 0; k < PL_LOAD_FRAME && !is_lost; k++)
                pcm[i + k] += voice[ROOM + v][(at[v] + k) % LOOP];
            at[v] += PL_LOAD_FRAME;
        }
    }
}

typedef struct looked {
    unsigned own, own_clear, strange, strange_clear;
} looked;

static looked look_at(float *const *voice, unsigned holes, unsigned jumps)
{
    bool heard[CROWD];
    bool clear[CROWD];
    uint32_t random = 7;
    looked l = {0};
    float *pcm = calloc(PL_PILOT_WINDOW, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < TRIES; i++) {
        hear_second(voice, &random, holes, jumps, pcm);
        pl_pilot_look(pcm, CROWD, heard, clear);
        for (size_t v = 0; v < CROWD; v++) {
            bool is_own = v / ROOM == 1;
            *(is_own ? &l.own : &l.strange) += heard[v];
            *(is_own ? &l.own_clear : &l.strange_clear) += clear[v];
        }
    }
    free(pcm);
    return l;
}

/* Broken speech sounds a little like voices of other rooms: those count only
 * where they are clear, which those of the room are, most of the time. */
static void broken_sound_has_no_voices_of_others(void **state)
{
    const pl_codec *codec = pl_codecs.codec[PL_AUDIO_OPUS];
    pl_load_voices *v = NULL;
    float *voice[CROWD];
    (void)state;
    assert_int_equal(pl_load_voices_create(PL_TEST_PROMPTS, CROWD, codec, &v),
                     PL_OK);
    for (size_t i = 0; i < CROWD; i++) {
        voice[i] = calloc(LOOP + PL_CODEC_MAX_DECODED, sizeof(float));
        assert_non_null(voice[i]);
        decode(codec, &v->plain[i], voice[i]);
    }
    const looked whole = look_at(voice, 0, 0);
    assert_int_equal(whole.own, ROOM * TRIES);
    assert_true(whole.own_clear * 2 > whole.own);
    assert_int_equal(whole.strange_clear, 0);
    const looked holes = look_at(voice, 40, 0);
    const looked jumps = look_at(voice, 0, 5);
    assert_true(holes.strange + jumps.strange > 0);
    assert_int_equal(holes.strange_clear + jumps.strange_clear, 0);
    for (size_t i = 0; i < CROWD; i++)
        free(voice[i]);
    pl_load_voices_destroy(&v);
}

static void seats_of_a_room_have_different_voices(void **state)
{
    (void)state;
    for (unsigned room = 0; room < 20; room++) {
        for (unsigned a = 0; a < 3; a++) {
            for (unsigned b = 0; b < a; b++)
                assert_int_not_equal(pl_load_voice_of(room, a, 3, 6),
                                     pl_load_voice_of(room, b, 3, 6));
        }
    }
}

static void no_folder_no_voices(void **state)
{
    pl_load_voices *v = NULL;
    (void)state;
    assert_int_equal(pl_load_voices_create("/nonexistent", 1,
                                           pl_codecs.codec[PL_AUDIO_PCMU], &v),
                     PL_ENOENT);
    assert_null(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pilots_do_not_leak_into_each_other),
        cmocka_unit_test(broken_sound_has_no_voices_of_others),
        cmocka_unit_test(silence_has_neither_voices_nor_marks),
        cmocka_unit_test(a_mark_is_found_to_a_millisecond),
        cmocka_unit_test(every_codec_keeps_voices_apart),
        cmocka_unit_test(seats_of_a_room_have_different_voices),
        cmocka_unit_test(no_folder_no_voices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
