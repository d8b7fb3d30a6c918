/* pilot.c - see pilot.h. */
#include "pilot.h"

#include <math.h>
#include <string.h>

enum {
    MARK_HZ = 2700,
    STEP = 48,  /* 1 ms: how finely marks are looked for */
    SPAN = 480, /* 10 ms: window of one look */
    FADE = 48,  /* 1 ms: so that a mark does not click */
    LOOKS_MAX = 4096,
    DECOYS = 4 /* voices that nobody has: what speech looks like */
};
static const double TURN = 6.283185307179586;
static const float TONE = 0.02F; /* -34 dBFS each */
static const float MARK = 0.25F; /* -12 dBFS */
static const double NOTHING_DB = -200;
static const double FLOOR_DB = -66; /* below: nothing */
static const double ABOVE_DB = 4;   /* the loudest decoy */
static const double CLEAR_DB = 2;   /* above what is beside a tone */
static const double BELOW_DB = 12;  /* the loudest voice */
/* A mark stands out of what else there is by so much. */
static const double STANDS_OUT = 4; /* times the median's amplitude */
static const double MARK_LEAST = 0.003;

/* Beside a whole voice: half of the way to the next one, for example. */
static double tone_hz(double voice, size_t tone)
{
    /* three ranges that do not meet, below what G.711 cuts off */
    static const double base[PL_PILOT_TONES] = {503, 911, 1511};
    static const double step[PL_PILOT_TONES] = {11, 17, 23};
    return base[tone] + step[tone] * voice;
}

double pl_pilot_hz(size_t voice, size_t tone)
{
    return tone_hz((double)voice, tone);
}

void pl_pilot_add(size_t voice, float *pcm, size_t n, size_t at)
{
    for (size_t tone = 0; tone < PL_PILOT_TONES; tone++) {
        double w = TURN * pl_pilot_hz(voice, tone) / PL_PILOT_RATE;
        for (size_t i = 0; i < n; i++)
            pcm[i] += TONE * (float)sin(w * (double)(at + i));
    }
}

/* Amplitude of a sine of that frequency in pcm[n] under a Hann window, which
 * keeps neighbours that are not on whole periods away. */
static double amplitude(const float *pcm, size_t n, double hz, bool is_hann)
{
    double w = TURN * hz / PL_PILOT_RATE;
    double c = 2 * cos(w);
    double s1 = 0;
    double s2 = 0;
    for (size_t i = 0; i < n; i++) {
        double gain =
            is_hann ? 1 - cos(TURN * ((double)i + 0.5) / (double)n) : 1;
        double s0 = gain * (double)pcm[i] + c * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    double power = s1 * s1 + s2 * s2 - c * s1 * s2;
    return power > 0 ? 2 * sqrt(power) / (double)n : 0;
}

static double tone_db(double voice, size_t tone, const float *pcm)
{
    double a = amplitude(pcm, PL_PILOT_WINDOW, tone_hz(voice, tone), true);
    return a > 1e-10 ? 20 * log10(a) : NOTHING_DB;
}

double pl_pilot_level_db(size_t voice, const float *pcm)
{
    double least = 0;
    for (size_t tone = 0; tone < PL_PILOT_TONES; tone++) {
        double db = tone_db((double)voice, tone, pcm);
        least = db < least ? db : least;
    }
    return least;
}

static double loudest(const float *pcm, size_t from, size_t n, double *level)
{
    double most = FLOOR_DB;
    for (size_t i = 0; i < n; i++) {
        level[i] = pl_pilot_level_db(from + i, pcm);
        most = level[i] > most ? level[i] : most;
    }
    return most;
}

/* Each tone is louder than what is half of the way to its neighbours. */
static bool is_clear(size_t voice, const float *pcm)
{
    for (size_t tone = 0; tone < PL_PILOT_TONES; tone++) {
        double own = tone_db((double)voice, tone, pcm) - CLEAR_DB;
        if (tone_db((double)voice - 0.5, tone, pcm) > own ||
            tone_db((double)voice + 0.5, tone, pcm) > own)
            return false;
    }
    return true;
}

void pl_pilot_look(const float *pcm, size_t n, bool *ret_heard, bool *ret_clear)
{
    double level[PL_PILOT_VOICES];
    double decoy[DECOYS];
    double least = loudest(pcm, 0, n, level) - BELOW_DB;
    double noise = loudest(pcm, PL_PILOT_VOICES, DECOYS, decoy) + ABOVE_DB;
    least = noise > least ? noise : least;
    for (size_t v = 0; v < n; v++) {
        ret_heard[v] = level[v] > least;
        ret_clear[v] = ret_heard[v] && is_clear(v, pcm);
    }
}

void pl_mark_add(float *pcm, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++) {
        size_t in_second = (at + i) % PL_PILOT_RATE;
        if (in_second < PL_MARK_FIRST ||
            in_second >= PL_MARK_FIRST + PL_MARK_LENGTH)
            continue;
        size_t t = in_second - PL_MARK_FIRST;
        size_t to_edge = t < PL_MARK_LENGTH - t ? t : PL_MARK_LENGTH - t;
        float fade = to_edge < FADE ? (float)to_edge / FADE : 1;
        double w = TURN * MARK_HZ / PL_PILOT_RATE;
        pcm[i] += fade * MARK * (float)sin(w * (double)t);
    }
}

/* The k-th smallest, by the quick way; v is reordered. */
static double kth(double *v, size_t n, size_t k)
{
    size_t low = 0;
    size_t high = n - 1;
    while (low < high) {
        double pivot = v[low + (high - low) / 2];
        size_t i = low;
        size_t j = high;
        for (;;) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            double x = v[i];
            v[i++] = v[j];
            v[j--] = x;
        }
        if (k <= j) {
            high = j;
        } else {
            low = j + 1;
        }
    }
    return v[k];
}

bool pl_mark_find(const float *pcm, size_t n, double *ret_at)
{
    double look[LOOKS_MAX];
    double sorted[LOOKS_MAX];
    if (n < 2 * (size_t)PL_MARK_LENGTH)
        return false;
    size_t count = (n - SPAN) / STEP;
    count = count < LOOKS_MAX ? count : LOOKS_MAX;
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        look[i] = amplitude(pcm + i * STEP, SPAN, MARK_HZ, false);
        if (look[i] > look[best])
            best = i;
    }
    memcpy(sorted, look, count * sizeof *look);
    double usual = kth(sorted, count, count / 2);
    if (look[best] < MARK_LEAST || look[best] < STANDS_OUT * usual)
        return false;
    /* the loudest lies within the mark: back to where half of a look's span
     * is in it, that is its begin in the middle of the span */
    size_t i = best;
    while (i > 0 && look[i - 1] > look[best] / 2)
        i--;
    if (i == 0)
        return false; /* it began before */
    double rise = look[i] - look[i - 1];
    double part = rise > 0 ? (look[i] - look[best] / 2) / rise : 0;
    *ret_at = ((double)i - part) * STEP + SPAN / 2.0;
    return true;
}
