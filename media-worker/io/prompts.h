/* prompts.h - announcements out of a folder of WAV files. */
#ifndef PL_PROMPTS_H
#define PL_PROMPTS_H

#include "core/prompt.h"
#include "pl/err.h"

enum {
    PL_PROMPTS_MAX = 64,  /* files */
    PL_PROMPT_MAX_S = 120 /* seconds of one of them */
};

typedef struct pl_prompts pl_prompts;

/* Load every *.wav: PCM, 16 bit, mono, 48000 or 16000 Hz. A file that is
 * something else is logged and left out; a folder that is not there gives an
 * empty set.
 * Errors: PL_ENOMEM. Context: main thread, before the mixing threads start */
PL_MUST_USE pl_err pl_prompts_load(const char *dir, pl_prompts **ret_prompts);
void pl_prompts_free(pl_prompts **prompts);
/* The prompt of that name, or NULL; valid until pl_prompts_free(). */
const pl_prompt *pl_prompts_find(const pl_prompts *prompts, const char *name);
size_t pl_prompts_count(const pl_prompts *prompts);
/* index < pl_prompts_count(); as _find(). */
const pl_prompt *pl_prompts_at(const pl_prompts *prompts, size_t index);

/* Parse one WAV image. ret_pcm: malloc'd, ret_n samples at 48 kHz.
 * Errors: PL_EPROTO not such a WAV file; PL_ETOOBIG; PL_ENOMEM */
PL_MUST_USE pl_err pl_prompt_decode(const uint8_t *file, size_t len,
                                    int16_t **ret_pcm, size_t *ret_n);

#endif
