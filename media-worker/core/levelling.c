/* levelling.c - gated loudness, and a gain that follows it. */
#include "core/levelling.h"

#include <math.h>

#include "core/level.h"

enum {
    SETTLED = 100,     /* frames of speech in the mean: 2 s */
    FIRST_SPEECH = 25, /* before the gain moves; more than STEADY */
    NEW_SPEECH = 150,  /* the first 3 s of speech: move fast */
    STEADY = 20,       /* frames, 400 ms */
    GUARD_RAMP = 48    /* samples */
};
static const float GATE_DB = -60.0F;     /* quieter is no speech */
static const float ABOVE_FLOOR = 8.0F;   /* speech stands out of the second */
static const float STEADY_DB = 4.0F;     /* less movement than this: noise */
static const float FAST_DB = 0.4F;       /* a frame: 20 dB a second */
static const float RAISE_DB = 0.06F;     /* 3 dB a second */
static const float LOWER_DB = 0.2F;      /* 10 dB a second */
static const float CEILING = 1.0F;       /* a raised voice stays below */
static const float GUARD_BACK = 0.15F;   /* of what is missing, a frame */
static const float LUFS_OFFSET = 0.691F; /* BS.1770-4 annex 1 */

/* BS.1770-4 annex 1, tables 1 and 2, at 48 kHz: the head's shelf and a high
 * pass. b0 b1 b2 a1 a2 */
static const float SHELF[5] = {1.53512485958697F, -2.69169618940638F,
                               1.19839281085285F, -1.69065929318241F,
                               0.73248077421585F};
static const float PASS[5] = {1.0F, -2.0F, 1.0F, -1.99004745483398F,
                              0.99007225036621F};

void pl_levelling_init(pl_levelling *l)
{
    *l = (pl_levelling){.guard = 1.0F, .gain = 1.0F};
}

/* ---- loudness ----------------------------------------------------------- */

static float weighted_power(pl_levelling *l, const float *pcm, size_t n,
                            size_t channels)
{
    float sum = 0.0F;
    for (size_t c = 0; c < channels; c++) {
        float s0 = l->z[c][0][0], s1 = l->z[c][0][1];
        float p0 = l->z[c][1][0], p1 = l->z[c][1][1];
        for (size_t i = 0; i < n; i++) {
            float x = pcm[i * channels + c];
            float y = SHELF[0] * x + s0;
            s0 = SHELF[1] * x - SHELF[3] * y + s1;
            s1 = SHELF[2] * x - SHELF[4] * y;
            float w = y + p0;
            p0 = PASS[1] * y - PASS[3] * w + p1;
            p1 = y - PASS[4] * w;
            sum += w * w;
        }
        bool is_finite = isfinite(s0 + s1 + p0 + p1);
        l->z[c][0][0] = is_finite ? s0 : 0.0F;
        l->z[c][0][1] = is_finite ? s1 : 0.0F;
        l->z[c][1][0] = is_finite ? p0 : 0.0F;
        l->z[c][1][1] = is_finite ? p1 : 0.0F;
    }
    return isfinite(sum) ? sum / (float)n : 0.0F;
}

static float loudness_of(float power)
{
    float db =
        power > 1e-12F ? 10.0F * log10f(power) - LUFS_OFFSET : PL_LEVEL_SILENCE;
    return db < PL_LEVEL_SILENCE ? PL_LEVEL_SILENCE : db;
}

static void remember(pl_levelling *l, float db)
{
    l->recent[l->at] = db;
    l->at = (uint16_t)((l->at + 1) % PL_LEVELLING_MEMORY);
    if (l->n_recent < PL_LEVELLING_MEMORY)
        l->n_recent++;
}

/* Quietest and loudest of the last `n` frames that are known. */
static void range_of(const pl_levelling *l, uint16_t n, float *ret_min,
                     float *ret_max)
{
    float min = 0.0F, max = PL_LEVEL_SILENCE;
    for (uint16_t i = 1; i <= n && i <= l->n_recent; i++) {
        float db =
            l->recent[(l->at + PL_LEVELLING_MEMORY - i) % PL_LEVELLING_MEMORY];
        min = db < min ? db : min;
        max = db > max ? db : max;
    }
    *ret_min = min;
    *ret_max = max;
}

/* Speech rises out of what was there within the last second and does not stay
 * where it is; noise, a hum or a tone does, however loud. */
static bool is_speech(const pl_levelling *l, float db)
{
    float floor_db, low, high;
    range_of(l, PL_LEVELLING_MEMORY, &floor_db, &high);
    if (db < GATE_DB || db < floor_db + ABOVE_FLOOR || l->n_recent < STEADY)
        return false;
    range_of(l, STEADY, &low, &high);
    return high - low > STEADY_DB;
}

/* ---- gain --------------------------------------------------------------- */

static float towards(float from, float to, float up, float down)
{
    if (to > from + up)
        return from + up;
    return to < from - down ? from - down : to;
}

static void follow(pl_levelling *l, float power)
{
    if (l->n_speech < NEW_SPEECH)
        l->n_speech++;
    float n = (float)(l->n_speech < SETTLED ? l->n_speech : SETTLED);
    l->power += (power - l->power) / n;
    if (l->n_speech < FIRST_SPEECH)
        return;
    float want = PL_LEVELLING_TARGET - loudness_of(l->power);
    want = want > PL_LEVELLING_RAISE ? PL_LEVELLING_RAISE : want;
    want = want < -PL_LEVELLING_LOWER ? -PL_LEVELLING_LOWER : want;
    bool is_new = l->n_speech < NEW_SPEECH;
    l->gain_db = towards(l->gain_db, want, is_new ? FAST_DB : RAISE_DB,
                         is_new ? FAST_DB : LOWER_DB);
}

static float peak_of(const float *pcm, size_t n)
{
    float peak = 0.0F;
    for (size_t i = 0; i < n; i++) {
        float a = fabsf(pcm[i]);
        peak = a > peak ? a : peak;
    }
    return peak;
}

/* Where a sample would go over the ceiling with this gain; n: nowhere. */
static size_t first_above(const float *pcm, size_t n, float gain)
{
    size_t i = 0;
    while (i < n && fabsf(pcm[i]) * gain <= CEILING)
        i++;
    return i;
}

static void ramp(float *pcm, size_t n, size_t channels, size_t over, float from,
                 float to)
{
    float step = (to - from) / (float)over;
    for (size_t i = 0; i < n; i++) {
        float gain = i < over ? from + step * (float)i : to;
        for (size_t c = 0; c < channels; c++)
            pcm[i * channels + c] *= gain;
    }
}

/* A quiet voice that shouts: what was added is taken back before the peak, and
 * given again within a few frames. The slow gain does not follow that. */
static float guarded(pl_levelling *l, float slow, float peak)
{
    l->guard += (1.0F - l->guard) * GUARD_BACK;
    float most = peak > 0.0F ? CEILING / peak : slow;
    most = most < 1.0F ? 1.0F : most;
    if (slow > 1.0F && slow * l->guard > most)
        l->guard = most / slow;
    return slow * l->guard;
}

static void apply(pl_levelling *l, float *pcm, size_t n, size_t channels)
{
    float from = l->gain;
    float slow = powf(10.0F, l->gain_db / 20.0F);
    bool was_alike = from == 1.0F && l->gain_db == 0.0F;
    if (was_alike) /* not a bit is changed */
        return;
    float peak = slow > 1.0F ? peak_of(pcm, n * channels) : 0.0F;
    float to = guarded(l, slow, peak);
    size_t over = n;
    if (to < from) {
        over = first_above(pcm, n * channels, from) / channels;
        over = over < GUARD_RAMP ? GUARD_RAMP : over;
    }
    l->gain = to;
    ramp(pcm, n, channels, over, from, to);
}

void pl_levelling_run(pl_levelling *levelling, float *pcm, size_t n,
                      size_t channels, bool is_raw)
{
    float power = weighted_power(levelling, pcm, n, channels);
    float db = loudness_of(power);
    remember(levelling, db);
    if (is_raw) {
        levelling->gain_db =
            towards(levelling->gain_db, 0.0F, FAST_DB, FAST_DB);
    } else if (is_speech(levelling, db)) {
        follow(levelling, power);
    }
    apply(levelling, pcm, n, channels);
}

float pl_levelling_floor_db(const pl_levelling *levelling)
{
    if (levelling->n_recent == 0)
        return PL_LEVEL_SILENCE;
    float low, high;
    range_of(levelling, PL_LEVELLING_MEMORY, &low, &high);
    float db = low + levelling->gain_db;
    return db < PL_LEVEL_SILENCE ? PL_LEVEL_SILENCE : db;
}
