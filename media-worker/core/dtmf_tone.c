/* dtmf_tone.c - a low tone for the row, a high one for the column. */
#include "core/dtmf_tone.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { RATE = 48000, RAMP = 96 };
static const char KEYS[] = "123A456B789C*0#D";
static const char SMALL[] = "123a456b789c*0#d";
static const double LOW_HZ[] = {697, 770, 852, 941};
static const double HIGH_HZ[] = {1209, 1336, 1477, 1633};
/* The higher one is a little louder, as ITU-T Q.23 has it for long lines. */
static const double LOW_AMPLITUDE = 0.12, HIGH_AMPLITUDE = 0.15;
static const double TURN = 6.283185307179586;

static double ramp(size_t at, size_t all)
{
    size_t left = all - at;
    size_t edge = at < left ? at : left;
    return edge < RAMP ? (double)edge / RAMP : 1.0;
}

void pl_dtmf_tone(char digit, size_t at, size_t all, float *out, size_t n)
{
    const char *key = digit ? strchr(KEYS, digit) : NULL;
    const char *small = digit ? strchr(SMALL, digit) : NULL;
    size_t place = key ? (size_t)(key - KEYS) : 0;
    if (small)
        place = (size_t)(small - SMALL);
    bool is_key = key || small;
    double low = TURN * LOW_HZ[place / 4] / RATE;
    double high = TURN * HIGH_HZ[place % 4] / RATE;
    for (size_t i = 0; i < n; i++, at++) {
        double t = (double)at;
        out[i] = is_key && at < all
                     ? (float)(ramp(at, all) * (LOW_AMPLITUDE * sin(low * t) +
                                                HIGH_AMPLITUDE * sin(high * t)))
                     : 0.0F;
    }
}
