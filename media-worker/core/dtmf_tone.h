/* dtmf_tone.h - a key as it sounds on a telephone: two tones. */
#ifndef PL_DTMF_TONE_H
#define PL_DTMF_TONE_H

#include <stddef.h>

/* Write n samples (48 kHz) of a key's tones, the first of them `at` samples
 * after they began; of `all` samples the first and last 2 ms are ramps.
 *
 * digit: as of pl_is_keys(); with another one, and from `all` on: silence
 * Source: ITU-T Q.23 */
void pl_dtmf_tone(char digit, size_t at, size_t all, float *out, size_t n);

#endif
