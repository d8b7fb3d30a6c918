/* splice.c - overlap-add at the distance where the wave repeats itself. */
#include "core/splice.h"

#include <string.h>

enum { STEP = 4, SAMPLE_STEP = 3 };

size_t pl_splice_find(const float *x, size_t max, size_t channels)
{
    size_t best = PL_SPLICE_MIN;
    float best_score = -2.0F;
    for (size_t d = PL_SPLICE_MIN; d <= max; d += STEP) {
        const float *y = x + d * channels;
        float cross = 0.0F;
        float energy = 1e-9F;
        for (size_t i = 0; i < PL_SPLICE_FADE * channels; i += SAMPLE_STEP) {
            cross += x[i] * y[i];
            energy += y[i] * y[i];
        }
        /* cross / sqrt(energy) without the root: keep the sign. */
        float score = (cross < 0.0F ? -cross : cross) * cross / energy;
        if (score > best_score || d == PL_SPLICE_MIN) {
            best_score = score;
            best = d;
        }
    }
    return best;
}

/* out may be from or to. */
static void fade(const float *from, const float *to, float *out,
                 size_t channels)
{
    for (size_t i = 0; i < PL_SPLICE_FADE; i++) {
        float w = ((float)i + 0.5F) / (float)PL_SPLICE_FADE;
        for (size_t k = i * channels; k < (i + 1) * channels; k++)
            out[k] = from[k] * (1.0F - w) + to[k] * w;
    }
}

static void move(float *x, size_t to, size_t from, size_t n, size_t channels)
{
    memmove(x + to * channels, x + from * channels, n * channels * sizeof *x);
}

void pl_splice_remove(float *x, size_t n, size_t d, size_t channels)
{
    fade(x, x + d * channels, x, channels);
    move(x, PL_SPLICE_FADE, d + PL_SPLICE_FADE, n - d - PL_SPLICE_FADE,
         channels);
}

void pl_splice_repeat(float *x, size_t n, size_t d, size_t channels)
{
    move(x, d + PL_SPLICE_FADE, PL_SPLICE_FADE, n - PL_SPLICE_FADE, channels);
    fade(x + d * channels, x, x + d * channels, channels);
}
