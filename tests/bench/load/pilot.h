/* pilot.h - tones by which voices are told apart, and marks by which delays
 * are measured. Pure arithmetic; audio is float, 48 kHz. */
#ifndef PL_LOAD_PILOT_H
#define PL_LOAD_PILOT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PL_PILOT_RATE = 48000,
    PL_PILOT_TONES = 3,
    PL_PILOT_VOICES = 32,    /* that can be told apart */
    PL_PILOT_WINDOW = 48000, /* samples that a pilot is looked for in: 1 s */
    PL_MARK_LENGTH = 2880,   /* samples of a mark: 60 ms, every second */
    PL_MARK_FIRST = 24000    /* where in the second it begins */
};

/* Frequency of tone 0..2 of a voice, whole Hz: its power in a window of one
 * second does not leak into another's. */
double pl_pilot_hz(size_t voice, size_t tone);
/* Add the pilot to pcm[n], first sample `at` of the loop. */
void pl_pilot_add(size_t voice, float *pcm, size_t n, size_t at);
/* Power of a voice's pilot in pcm[PL_PILOT_WINDOW] in dBFS of a sine: the
 * weakest of its tones, so that speech on one or two of them is no voice. */
double pl_pilot_level_db(size_t voice, const float *pcm);
/* Who is in pcm[PL_PILOT_WINDOW], of n voices (n <= PL_PILOT_VOICES).
 *
 * heard: stands out of what speech gives for voices that nobody has, and is
 *        about as loud as the loudest
 * clear: heard, and louder than what lies just beside its tones. Sound with
 *        holes or jumps smears tones to where other voices have theirs: what
 *        must not be there is believed only if it is clear */
void pl_pilot_look(const float *pcm, size_t n, bool *ret_heard,
                   bool *ret_clear);
/* Put marks into pcm[n], whose first sample is `at` of the loop. */
void pl_mark_add(float *pcm, size_t n, size_t at);
/* Where a mark begins in pcm[n], in samples, to about 1 ms.
 * False: there is none that stands out. n >= 2 * PL_MARK_LENGTH */
bool pl_mark_find(const float *pcm, size_t n, double *ret_at);

#endif
