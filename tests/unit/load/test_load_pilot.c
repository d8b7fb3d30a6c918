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
        cmocka_unit_test(silence_has_neither_voices_nor_marks),
        cmocka_unit_test(a_mark_is_found_to_a_millisecond),
        cmocka_unit_test(every_codec_keeps_voices_apart),
        cmocka_unit_test(seats_of_a_room_have_different_voices),
        cmocka_unit_test(no_folder_no_voices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
