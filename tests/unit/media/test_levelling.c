/* test_levelling.c - speech is brought to one loudness; noise and pauses are
 * left alone; a shout does not go over the top. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/level.h"
#include "core/levelling.h"

enum { N = 960 };
static const double TURN = 6.283185307179586;

static uint32_t seed;

static double white(void)
{
    seed = seed * 1664525U + 1013904223U;
    return (double)(int32_t)seed / 2147483648.0;
}

/* Syllables of 200 ms with pauses, so loud (rms over all of it, dBFS) over
 * noise that loud. */
static void speech(size_t frame, double db, double noise_db, float *pcm)
{
    double a = pow(10.0, db / 20.0) * 2.309; /* rms of the shape below: 0.433 */
    double b = pow(10.0, noise_db / 20.0) * sqrt(3.0);
    for (size_t i = 0; i < N; i++) {
        double t = (double)(frame * N + i) / 48000.0;
        double syllable = fmax(0.0, sin(TURN * 2.5 * t));
        double tone = sin(TURN * 220 * t) + 0.6 * sin(TURN * 660 * t) +
                      0.4 * sin(TURN * 1540 * t);
        pcm[i] = (float)(a * syllable * tone * 0.81 + b * white());
    }
}

static double run_db(pl_levelling *l, size_t from, size_t to, double db,
                     double noise_db)
{
    double sum = 0.0;
    size_t n = 0;
    float pcm[N];
    for (size_t f = from; f < to; f++) {
        speech(f, db, noise_db, pcm);
        pl_levelling_run(l, pcm, N, 1, false);
        if (f + 50 < to)
            continue; /* the last second counts */
        for (size_t i = 0; i < N; i++)
            sum += pcm[i] * pcm[i];
        n += N;
    }
    return 10.0 * log10(sum / (double)n);
}

static void near_and_far_come_out_alike_within_three_seconds(void **state)
{
    (void)state;
    double low = 0.0, high = -100.0;
    const double in[] = {-40, -34, -28, -22, -16, -12};
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        pl_levelling l;
        pl_levelling_init(&l);
        double out = run_db(&l, 0, 200, in[i], -90); /* measured 3 s to 4 s */
        print_message("%.0f dBFS becomes %.1f\n", in[i], out);
        low = out < low ? out : low;
        high = out > high ? out : high;
    }
    assert_true(high - low < 3.0);
}

static void what_is_further_off_is_moved_as_far_as_allowed(void **state)
{
    (void)state;
    pl_levelling l;
    pl_levelling_init(&l);
    (void)run_db(&l, 0, 500, -52, -100);
    assert_true(fabsf(l.gain_db - PL_LEVELLING_RAISE) < 0.1F);
    pl_levelling_init(&l);
    (void)run_db(&l, 0, 500, -3, -100);
    assert_true(fabsf(l.gain_db + PL_LEVELLING_LOWER) < 0.1F);
}

static void noise_and_tones_are_not_raised(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        pl_levelling l;
        pl_levelling_init(&l);
        float pcm[N];
        for (size_t f = 0; f < 500; f++) {
            for (size_t i = 0; i < N; i++) {
                double t = (double)(f * N + i) / 48000.0;
                pcm[i] = (float)(kind == 0   ? 0.005 * white()
                                 : kind == 1 ? 0.01 * sin(TURN * 440 * t)
                                 : f < 100   ? 0.0 /* noise that begins */
                                             : 0.01 * white());
            }
            pl_levelling_run(&l, pcm, N, 1, false);
        }
        assert_true(l.gain_db < 0.01F);
    }
}

/* Between words and after them the gain stands: nothing breathes. */
static void gain_stands_still_in_pauses(void **state)
{
    (void)state;
    pl_levelling l;
    pl_levelling_init(&l);
    (void)run_db(&l, 0, 200, -40, -70);
    float before = l.gain_db;
    assert_true(before > 12.0F);
    float pcm[N];
    for (size_t f = 0; f < 1500; f++) {
        for (size_t i = 0; i < N; i++)
            pcm[i] = (float)(0.0005 * white());
        pl_levelling_run(&l, pcm, N, 1, false);
    }
    assert_true(l.gain_db == before);
}

/* Sample by sample the gain never steps; a shout after quiet words stays below
 * full scale at once, and what comes after it is loud again soon. */
static void a_shout_is_held_without_a_click(void **state)
{
    (void)state;
    pl_levelling l;
    pl_levelling_init(&l);
    float gain = 1.0F, in[N], out[N];
    (void)run_db(&l, 0, 250, -40, -90);
    bool was_exact = false;
    for (size_t f = 250; f < 350; f++) {
        speech(f, f >= 280 && f < 300 ? -9 : -40, -90, in);
        memcpy(out, in, sizeof in);
        pl_levelling_run(&l, out, N, 1, false);
        for (size_t i = 0; i < N; i++) {
            assert_true(fabsf(out[i]) < 1.05F);
            float g = out[i] / in[i];
            bool is_exact = fabsf(in[i]) > 1e-4F;
            if (is_exact && was_exact)
                assert_true(g / gain < 1.03F && gain / g < 1.25F);
            gain = is_exact ? g : gain;
            was_exact = is_exact;
        }
    }
    assert_true(20.0F * log10f(gain) > l.gain_db - 1.0F);
}

static void raw_voices_are_not_changed_by_a_bit(void **state)
{
    (void)state;
    pl_levelling l;
    pl_levelling_init(&l);
    float in[N], out[N];
    for (size_t f = 0; f < 200; f++) {
        speech(f, -40, -70, in);
        memcpy(out, in, sizeof in);
        pl_levelling_run(&l, out, N, 1, true);
        assert_memory_equal(in, out, sizeof in);
    }
    assert_true(fabsf(pl_levelling_floor_db(&l) + 70.0F) < 5.0F);
}

static void broken_samples_do_not_stay(void **state)
{
    (void)state;
    pl_levelling l;
    pl_levelling_init(&l);
    float pcm[N];
    for (size_t i = 0; i < N; i++)
        pcm[i] = i % 3 ? NAN : INFINITY;
    pl_levelling_run(&l, pcm, N, 1, false);
    double out = run_db(&l, 0, 200, -30, -90);
    assert_true(out > -30.0 && out < -15.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_and_far_come_out_alike_within_three_seconds),
        cmocka_unit_test(what_is_further_off_is_moved_as_far_as_allowed),
        cmocka_unit_test(noise_and_tones_are_not_raised),
        cmocka_unit_test(gain_stands_still_in_pauses),
        cmocka_unit_test(a_shout_is_held_without_a_click),
        cmocka_unit_test(raw_voices_are_not_changed_by_a_bit),
        cmocka_unit_test(broken_samples_do_not_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
