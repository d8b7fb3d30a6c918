/* splice.c - overlap-add at the distance where the wave repeats itself. */
#include "core/splice.h"

#include <string.h>

enum { STEP = 4, SAMPLE_STEP = 3 };

size_t pl_splice_find(const float *x, size_t max)
{
    size_t best = PL_SPLICE_MIN;
    float best_score = -2.0F;
    for (size_t d = PL_SPLICE_MIN; d <= max; d += STEP) {
        float cross = 0.0F;
        float energy = 1e-9F;
        for (size_t i = 0; i < PL_SPLICE_FADE; i += SAMPLE_STEP) {
            cross += x[i] * x[d + i];
            energy += x[d + i] * x[d + i];
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

static void fade(const float *from, const float *to, float *out)
{
    for (size_t i = 0; i < PL_SPLICE_FADE; i++) {
        float w = ((float)i + 0.5F) / (float)PL_SPLICE_FADE;
        out[i] = from[i] * (1.0F - w) + to[i] * w;
    }
}

void pl_splice_remove(const float *x, size_t d, float *out, size_t n)
{
    fade(x, x + d, out);
    memcpy(out + PL_SPLICE_FADE, x + d + PL_SPLICE_FADE,
           (n - PL_SPLICE_FADE) * sizeof *out);
}

void pl_splice_repeat(const float *x, size_t d, float *out, size_t n)
{
    memcpy(out, x, d * sizeof *out);
    fade(x + d, x, out + d);
    memcpy(out + d + PL_SPLICE_FADE, x + PL_SPLICE_FADE,
           (n - d - PL_SPLICE_FADE) * sizeof *out);
}
