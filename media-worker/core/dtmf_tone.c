/* dtmf_tone.c - a low tone for the row, a high one for the column. */
#include "core/dtmf_tone.h"

#include <math.h>
#include <string.h>

enum { RATE = 48000, RAMP = 96 };
static const char KEYS[] = "123A456B789C*0#D";
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
    char upper =
        digit >= 'a' && digit <= 'd' ? (char)(digit - 'a' + 'A') : digit;
    const char *key = upper ? strchr(KEYS, upper) : NULL;
    size_t place = key ? (size_t)(key - KEYS) : 0;
    double low = TURN * LOW_HZ[place / 4] / RATE;
    double high = TURN * HIGH_HZ[place % 4] / RATE;
    for (size_t i = 0; i < n; i++, at++) {
        double t = (double)at;
        out[i] = key && at < all
                     ? (float)(ramp(at, all) * (LOW_AMPLITUDE * sin(low * t) +
                                                HIGH_AMPLITUDE * sin(high * t)))
                     : 0.0F;
    }
}
