/* denoise.c - libspeexdsp's preprocessor, for its noise suppression only. */
#include "io/denoise.h"

#include <math.h>
#include <stdlib.h>

#include <speex/speex_preprocess.h>

enum {
    RATE = 48000,
    PIECE = 480,   /* samples it takes at once; also the delay */
    SUPPRESS = -18 /* dB, at most */
};
static const float FULL = 32768.0F;

struct pl_denoise {
    SpeexPreprocessState *state;
};

static void destroy(pl_denoise **denoise)
{
    if (!denoise || !*denoise)
        return;
    if ((*denoise)->state)
        speex_preprocess_state_destroy((*denoise)->state);
    free(*denoise);
    *denoise = NULL;
}

static pl_err create(pl_denoise **ret_denoise)
{
    pl_denoise *d = calloc(1, sizeof *d);
    if (!d)
        return PL_ENOMEM;
    d->state = speex_preprocess_state_init(PIECE, RATE);
    if (!d->state) {
        destroy(&d);
        return PL_ENOMEM;
    }
    int on = 1, off = 0, suppress = SUPPRESS;
    (void)speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_DENOISE, &on);
    (void)speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS,
                               &suppress);
    (void)speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_AGC, &off);
    (void)speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_DEREVERB, &off);
    *ret_denoise = d;
    return PL_OK;
}

static spx_int16_t to_s16(float x)
{
    float v = x * FULL;
    if (!(v > -FULL))
        return INT16_MIN;
    return v >= FULL - 1.0F ? INT16_MAX : (spx_int16_t)lrintf(v);
}

static void run(pl_denoise *denoise, float *pcm, size_t n, size_t stride)
{
    spx_int16_t piece[PIECE];
    for (size_t at = 0; at + PIECE <= n; at += PIECE) {
        float *p = pcm + at * stride;
        for (size_t i = 0; i < PIECE; i++)
            piece[i] = to_s16(p[i * stride]);
        (void)speex_preprocess_run(denoise->state, piece);
        for (size_t i = 0; i < PIECE; i++)
            p[i * stride] = (float)piece[i] / FULL;
    }
}

const pl_denoise_ops pl_speex_denoise = {create, destroy, run};
