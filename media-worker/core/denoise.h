/* denoise.h - noise suppression as the engine sees it; io/denoise.c is it. */
#ifndef PL_DENOISE_H
#define PL_DENOISE_H

#include <stddef.h>

#include "pl/err.h"

/* Opaque; one voice, one channel. */
typedef struct pl_denoise pl_denoise;

typedef struct pl_denoise_ops {
    /* Errors: PL_ENOMEM. Context: allocates */
    pl_err (*create)(pl_denoise **ret_denoise);
    void (*destroy)(pl_denoise **denoise);
    /* Take the noise out of pcm[n * stride], every stride-th sample of 960;
     * what comes out is up to 20 ms older. Context: no allocation */
    void (*run)(pl_denoise *denoise, float *pcm, size_t n, size_t stride);
} pl_denoise_ops;

#endif
