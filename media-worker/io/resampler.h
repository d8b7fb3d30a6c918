/* resampler.h - sample rate conversion of float mono audio (the only file with
 * libspeexdsp). */
#ifndef PL_RESAMPLER_H
#define PL_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

typedef struct pl_resampler pl_resampler;

/* Errors: PL_EINVAL rates outside 8000..192000; PL_ENOMEM. */
PL_MUST_USE pl_err pl_resampler_create(uint32_t in_hz, uint32_t out_hz,
                                       pl_resampler **ret_resampler);
void pl_resampler_destroy(pl_resampler **resampler);
/* Convert in[n] to out[cap]; returns the samples written. With an integer ratio
 * of rates it is exactly n * ratio. No allocation. */
size_t pl_resampler_run(pl_resampler *resampler, const float *in, size_t n,
                        float *out, size_t cap);
/* Forget what was heard. */
void pl_resampler_reset(pl_resampler *resampler);

#endif
