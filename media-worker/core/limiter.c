/* limiter.c - look-ahead limiter with piecewise linear gain.
 *
 * Block i bears at most need[i] = ceiling / peak[i]. The gain at the border of
 * two blocks is at most the smaller of their needs, and it runs straight
 * between borders, so that it is below need[i] all through block i. */
#include "core/limiter.h"

#include <math.h>
#include <string.h>

static const float CEILING = 0.98F;
static const float RELEASE = 0.08F; /* a block: back to 1 in about 200 ms */
static const float UNITY = 0.999F;  /* closer than this is 1 */

void pl_limiter_init(pl_limiter *limiter, unsigned channels)
{
    *limiter = (pl_limiter){.channels = channels, .gain = 1.0F, .need = 1.0F};
}

static float block_need(const float *pcm, size_t n)
{
    float peak = 0.0F;
    for (size_t i = 0; i < n; i++) {
        float a = fabsf(pcm[i]);
        peak = a > peak ? a : peak;
    }
    return peak > CEILING ? CEILING / peak : 1.0F;
}

static void run_block(pl_limiter *l, const float *in, float *out)
{
    size_t n = (size_t)PL_LIMITER_BLOCK * l->channels;
    float need = block_need(in, n);
    float next = l->gain + (1.0F - l->gain) * RELEASE;
    if (next > UNITY)
        next = 1.0F;
    if (next > l->need)
        next = l->need;
    if (next > need)
        next = need;
    if (l->gain >= 1.0F && next >= 1.0F) {
        memcpy(out, l->delay, n * sizeof *out);
    } else {
        float gain = l->gain;
        float step = (next - gain) / (float)PL_LIMITER_BLOCK;
        for (size_t i = 0; i < n; i++) {
            out[i] = l->delay[i] * gain;
            if ((i + 1) % l->channels == 0)
                gain += step;
        }
    }
    memcpy(l->delay, in, n * sizeof *in);
    l->gain = next;
    l->need = need;
}

void pl_limiter_run(pl_limiter *limiter, const float *in, float *out)
{
    size_t step = (size_t)PL_LIMITER_BLOCK * limiter->channels;
    size_t n = (size_t)PL_LIMITER_FRAME * limiter->channels;
    for (size_t at = 0; at < n; at += step)
        run_block(limiter, in + at, out + at);
}
