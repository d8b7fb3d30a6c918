/* test_voice.c - pulses through two formants. */
#include "test_voice.h"

#include <math.h>

enum { FRAME = 960 };

static double noise(voice *v)
{
    v->seed = v->seed * 1664525U + 1013904223U;
    return (double)(v->seed >> 8) / 8388608.0 - 1.0;
}

static double formant(double *y, double x, double hz, double width)
{
    double r = exp(-3.141592653589793 * width / 48000.0);
    double out = (1.0 - r) * x +
                 2.0 * r * cos(6.283185307 * hz / 48000.0) * y[0] -
                 r * r * y[1];
    y[1] = y[0];
    y[0] = out;
    return out;
}

void speak(void *ctx, size_t frame, float *pcm)
{
    voice *v = ctx;
    double t0 = (double)frame * 0.02;
    for (size_t i = 0; i < FRAME; i++) {
        double t = t0 + (double)i / 48000.0;
        double syllable = sin(3.141592653589793 * fmod(t * 4.0, 1.0));
        v->phase += v->pitch_hz * (1.0 + 0.1 * sin(t * 5.0)) / 48000.0;
        double pulse = 0.02 * noise(v);
        if (v->phase >= 1.0) {
            v->phase -= 1.0;
            pulse += 1.0;
        }
        double a = formant(v->y[0], pulse, 600 + 250 * sin(t * 3.1), 80);
        double b = formant(v->y[1], pulse, 1700 + 500 * sin(t * 2.3), 120);
        pcm[i] = (float)((a + 0.6 * b) * syllable * 1.5);
    }
}
