/* speech.c - WAV in, levels out. */
#include "speech.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/prompts.h"

enum { FRAME = 960, PAUSE = 48000 };

void speech_open(speech *s, const char *name, double db, double noise_db)
{
    static uint8_t file[1 << 20];
    char path[512];
    int16_t *pcm = NULL;
    (void)snprintf(path, sizeof path, "%s/%s.wav", PL_TEST_PROMPTS, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(file, 1, sizeof file, f);
    (void)fclose(f);
    *s = (speech){.db = db, .noise_db = noise_db, .seed = 7};
    assert_int_equal(pl_prompt_decode(file, len, &pcm, &s->n), PL_OK);
    s->pcm = calloc(s->n + PAUSE, sizeof *s->pcm);
    assert_non_null(s->pcm);
    for (size_t i = 0; i < s->n; i++)
        s->pcm[i] = (float)pcm[i] / 32768.0F;
    free(pcm);
    s->gain = pow(10.0, (db - spoken_db(s->pcm, s->n)) / 20.0);
    s->n += PAUSE;
}

void speech_close(speech *s)
{
    free(s->pcm);
    s->pcm = NULL;
}

void speech_frame(void *ctx, size_t frame, float *pcm)
{
    speech *s = ctx;
    double noise = s->noise_db > -150.0 ? pow(10.0, s->noise_db / 20.0) : 0.0;
    for (size_t i = 0; i < FRAME; i++) {
        s->seed = s->seed * 1664525U + 1013904223U;
        double white = (double)(int32_t)s->seed / 2147483648.0;
        pcm[i] = (float)(s->gain * s->pcm[(frame * FRAME + i) % s->n] +
                         noise * sqrt(3.0) * white);
    }
}

static double power_of(const float *pcm, size_t n)
{
    double sum = 1e-20;
    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum / (double)n;
}

double rms_db(const float *pcm, size_t n)
{
    return 10.0 * log10(power_of(pcm, n));
}

double spoken_db(const float *pcm, size_t n)
{
    double mean = power_of(pcm, n), sum = 0.0;
    size_t frames = 0;
    for (size_t at = 0; at + FRAME <= n; at += FRAME) {
        double p = power_of(pcm + at, FRAME);
        if (p < mean / 10.0)
            continue;
        sum += p;
        frames++;
    }
    return frames ? 10.0 * log10(sum / (double)frames) : -200.0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quiet_db(const float *pcm, size_t n)
{
    size_t frames = n / FRAME, tenth = frames / 10 + 1;
    double sum = 0.0;
    double *p = calloc(frames + 1, sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < frames; i++)
        p[i] = power_of(pcm + i * FRAME, FRAME);
    qsort(p, frames, sizeof *p, ascending);
    for (size_t i = 0; i < tenth; i++)
        sum += p[i];
    free(p);
    return 10.0 * log10(sum / (double)tenth);
}
