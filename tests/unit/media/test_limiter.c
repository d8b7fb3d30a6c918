/* test_limiter.c - full-scale sums stay in range without clipping. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/limiter.h"

enum { N = PL_LIMITER_FRAME };
static const double TURN = 6.283185307179586;

static void quiet_sound_passes_unchanged(void **state)
{
    (void)state;
    pl_limiter l;
    float in[N], out[N], last[PL_LIMITER_BLOCK] = {0};
    pl_limiter_init(&l, 1);
    for (size_t f = 0; f < 5; f++) {
        for (size_t i = 0; i < N; i++)
            in[i] = (float)(0.97 * sin(TURN * 0.01 * (double)(f * N + i)));
        pl_limiter_run(&l, in, out);
        for (size_t i = 0; i < N; i++) {
            float want =
                i < PL_LIMITER_BLOCK ? last[i] : in[i - PL_LIMITER_BLOCK];
            assert_true(out[i] == want);
        }
        for (size_t i = 0; i < PL_LIMITER_BLOCK; i++)
            last[i] = in[N - PL_LIMITER_BLOCK + i];
    }
}

static void thirty_two_full_scale_talkers_neither_wrap_nor_clip(void **state)
{
    (void)state;
    pl_limiter l;
    float in[N], out[N];
    size_t n_at_top = 0;
    pl_limiter_init(&l, 1);
    for (size_t f = 0; f < 100; f++) {
        for (size_t i = 0; i < N; i++) {
            double x = 0.0, t = (double)(f * N + i) / 48000.0;
            for (int v = 0; v < 32; v++)
                x += sin(TURN * (180.0 + 13.0 * v) * t + v);
            in[i] = f % 20 < 10 ? (float)x : 0.01F; /* bursts */
        }
        pl_limiter_run(&l, in, out);
        for (size_t i = 0; i < N; i++) {
            assert_true(fabsf(out[i]) <= 0.981F);
            n_at_top += fabsf(out[i]) > 0.9799F;
        }
    }
    /* Clipping would leave plateaus at the ceiling. */
    assert_in_range(n_at_top, 0, 500);
}

static void gain_moves_smoothly(void **state)
{
    (void)state;
    pl_limiter l;
    float in[N], out[N];
    float gain = 1.0F;
    pl_limiter_init(&l, 1);
    for (size_t f = 0; f < 40; f++) {
        float level = f < 5 ? 0.5F : f < 10 ? 4.0F : 0.5F;
        for (size_t i = 0; i < N; i++)
            in[i] = level;
        pl_limiter_run(&l, in, out);
        for (size_t i = 0; i < N; i++) {
            size_t at = f * N + i;
            if (at < PL_LIMITER_BLOCK)
                continue;
            size_t from = (at - PL_LIMITER_BLOCK) / N;
            float g = out[i] / (from < 5 ? 0.5F : from < 10 ? 4.0F : 0.5F);
            assert_true(fabsf(g - gain) < 0.005F);
            gain = g;
        }
    }
    assert_true(gain > 0.9F); /* released */
}

static void copies_continue_alike(void **state)
{
    (void)state;
    pl_limiter a, b;
    float in[N], x[N], y[N];
    pl_limiter_init(&a, 1);
    for (size_t i = 0; i < N; i++)
        in[i] = 3.0F * (float)sin(TURN * 0.007 * (double)i);
    pl_limiter_run(&a, in, x);
    b = a;
    for (size_t i = 0; i < N; i++)
        in[i] *= 0.4F;
    pl_limiter_run(&a, in, x);
    pl_limiter_run(&b, in, y);
    assert_memory_equal(x, y, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_sound_passes_unchanged),
        cmocka_unit_test(thirty_two_full_scale_talkers_neither_wrap_nor_clip),
        cmocka_unit_test(gain_moves_smoothly),
        cmocka_unit_test(copies_continue_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
