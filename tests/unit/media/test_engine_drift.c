/* test_engine_drift.c - a telephone whose clock is wrong by a thousandth, in a
 * room, with real codecs: its tone keeps its pitch for who hears it, and what
 * is inserted and taken out is not heard as a click. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine_line.h"

enum { LEARN = 100, TICKS = 30 * 50, HZ = 437 };

static rig the_rig;
static line the_line;

typedef struct outcome {
    uint64_t inserted, removed, concealed;
    double pitch_hz, click; /* worst sample off the tone's own path */
} outcome;

/* A tone follows x[n] = 2 cos(w) x[n-1] - x[n-2]: what does not is noise of the
 * codec, or a click. */
static double worst_off(const float *x, size_t n)
{
    double two_cos = 2.0 * cos(6.283185307179586 * HZ / 48000.0);
    double worst = 0.0;
    for (size_t i = 2; i < n; i++) {
        double off = fabs(x[i] - two_cos * x[i - 1] + x[i - 2]);
        worst = off > worst ? off : worst;
    }
    return worst;
}

static double pitch(const float *x, size_t n)
{
    size_t crossings = 0, first = 0, last = 0;
    for (size_t i = 1; i < n; i++) {
        if (x[i - 1] < 0.0F && x[i] >= 0.0F) {
            first = crossings++ == 0 ? i : first;
            last = i;
        }
    }
    return (double)(crossings - 1) * 48000.0 / (double)(last - first);
}

static outcome run(pl_codec_kind codec, double ppm, int64_t jitter_us)
{
    rig_open(&the_rig, PL_ROOM_MODE_MIX, 3);
    rig_leg *talker = rig_add(&the_rig, codec, HZ, 0.3, false);
    rig_leg *ear = rig_add(&the_rig, codec, 0, 0, false);
    line_open(&the_line, &the_rig, talker,
              (line_rules){.ppm = ppm, .jitter_us = jitter_us, .seed = 7});
    line_run(&the_line, LEARN);
    pl_engine_stats before = *pl_engine_stats_get(the_rig.engine);
    size_t from = ear->n_heard;
    line_run(&the_line, TICKS);
    const pl_engine_stats *s = pl_engine_stats_get(the_rig.engine);
    size_t n = ear->n_heard - from;
    const outcome o = {
        .inserted = s->inserted - before.inserted,
        .removed = s->removed - before.removed,
        .concealed = s->concealed - before.concealed,
        .pitch_hz = pitch(ear->heard + from, n),
        .click = worst_off(ear->heard + from, n),
    };
    assert_int_equal(s->drop_late + s->drop_full + s->drop_duplicate, 0);
    print_message("codec %d, %+.0f ppm: %d inserted, %d removed, %.2f Hz, "
                  "worst sample %.4f\n",
                  (int)codec, ppm, (int)o.inserted, (int)o.removed, o.pitch_hz,
                  o.click);
    line_close(&the_line);
    rig_close(&the_rig);
    return o;
}

static void check(pl_codec_kind codec)
{
    outcome right = run(codec, 0, 0);
    outcome slow = run(codec, 1000, 0);
    outcome fast = run(codec, -1000, 0);
    assert_int_equal(right.inserted + right.removed + right.concealed, 0);
    assert_in_range(slow.inserted, 1, 10); /* 30 ms in 30 s */
    assert_in_range(fast.removed, 1, 10);
    assert_in_range(slow.removed, 0, 1); /* what the beginning left over */
    assert_int_equal(fast.inserted, 0);
    assert_int_equal(slow.concealed + fast.concealed, 0);
    const outcome *all[] = {&right, &slow, &fast};
    for (size_t i = 0; i < 3; i++) {
        assert_true(fabs(all[i]->pitch_hz - HZ) < 0.002 * HZ);
        assert_true(all[i]->click < right.click * 1.5 + 0.001);
    }
}

static void a_tone_of_g711_keeps_its_pitch(void **state)
{
    (void)state;
    check(PL_AUDIO_PCMA);
}

static void a_tone_of_opus_keeps_its_pitch(void **state)
{
    (void)state;
    check(PL_AUDIO_OPUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_of_g711_keeps_its_pitch),
        cmocka_unit_test(a_tone_of_opus_keeps_its_pitch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
