/* prompt.h - an announcement as the engine plays it. */
#ifndef PL_PROMPT_H
#define PL_PROMPT_H

#include <stddef.h>
#include <stdint.h>

/* Immutable PCM: pcm[n] samples, s16, mono, 48 kHz. It is loaded before the
 * mixing threads start and freed after they ended, so that handing out plain
 * pointers is safe. */
typedef struct pl_prompt {
    const char *name; /* file name without .wav */
    const int16_t *pcm;
    size_t n;
} pl_prompt;

#endif
