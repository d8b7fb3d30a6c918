/* resampler.c - libspeexdsp's polyphase resampler. */
#include "io/resampler.h"

#include <stdlib.h>

#include <speex/speex_resampler.h>

enum { QUALITY = 4, HZ_MIN = 8000, HZ_MAX = 192000, MONO = 1 };

struct pl_resampler {
    SpeexResamplerState *state;
};

pl_err pl_resampler_create(uint32_t in_hz, uint32_t out_hz,
                           pl_resampler **ret_resampler)
{
    if (in_hz < HZ_MIN || in_hz > HZ_MAX || out_hz < HZ_MIN || out_hz > HZ_MAX)
        return PL_EINVAL;
    pl_resampler *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    int error = 0;
    r->state = speex_resampler_init(MONO, in_hz, out_hz, QUALITY, &error);
    if (!r->state || error != RESAMPLER_ERR_SUCCESS) {
        pl_resampler_destroy(&r);
        return PL_ENOMEM;
    }
    *ret_resampler = r;
    return PL_OK;
}

void pl_resampler_destroy(pl_resampler **resampler)
{
    if (!resampler || !*resampler)
        return;
    if ((*resampler)->state)
        speex_resampler_destroy((*resampler)->state);
    free(*resampler);
    *resampler = NULL;
}

size_t pl_resampler_run(pl_resampler *resampler, const float *in, size_t n,
                        float *out, size_t cap)
{
    spx_uint32_t in_n = (spx_uint32_t)n;
    spx_uint32_t out_n = (spx_uint32_t)cap;
    int e = speex_resampler_process_float(resampler->state, 0, in, &in_n, out,
                                          &out_n);
    return e == RESAMPLER_ERR_SUCCESS ? out_n : 0;
}

void pl_resampler_reset(pl_resampler *resampler)
{
    (void)speex_resampler_reset_mem(resampler->state);
}
