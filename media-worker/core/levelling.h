/* levelling.h - brings each voice to one loudness, so that telephone and laptop
 * are equally loud: a slow gain that follows the loudness of speech (ITU-R
 * BS.1770 weighting), moves while there is speech and stands still in pauses
 * and noise. */
#ifndef PL_LEVELLING_H
#define PL_LEVELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PL_LEVELLING_CHANNELS = 2,
    PL_LEVELLING_MEMORY = 50 /* frames of 20 ms: 1 s holds a pause in speech */
};

/* What voices are brought to, LUFS (EBU R 128), and how far at most, dB. */
#define PL_LEVELLING_TARGET (-23.0F)
#define PL_LEVELLING_RAISE  18.0F
#define PL_LEVELLING_LOWER  12.0F

/* One voice; plain value, pl_levelling_init(). */
typedef struct pl_levelling {
    float z[PL_LEVELLING_CHANNELS][2][2]; /* two filters of second order */
    float recent[PL_LEVELLING_MEMORY];    /* loudness of frames, a ring */
    uint16_t at, n_recent;
    uint16_t n_speech; /* frames of speech so far, stops at a bound */
    float power;       /* mean over speech */
    float gain_db;     /* slow; wanted */
    float guard;       /* on top, 0..1: what a sudden peak takes away */
    float gain;        /* at the end of the last frame, linear */
} pl_levelling;

void pl_levelling_init(pl_levelling *levelling);
/* Level one frame in place.
 *
 * pcm: pcm[n][channels], float, interleaved, 48 kHz; 20 ms
 * is_raw: measure, but let the voice be as loud as it is
 * Context: mixing thread; no allocation; O(n)
 * Source:  ITU-R BS.1770-4 annex 1 (weighting); the gate is ours, ADR 0022 */
void pl_levelling_run(pl_levelling *levelling, float *pcm, size_t n,
                      size_t channels, bool is_raw);
/* Loudness of what lies under the voice: the quietest 20 ms of the last second,
 * after the gain; PL_LEVEL_SILENCE when nothing was heard yet. */
float pl_levelling_floor_db(const pl_levelling *levelling);

#endif
