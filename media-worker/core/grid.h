/* grid.h - samples that can be added and subtracted without rounding.
 *
 * On a grid of 2^-19, which is how far floats near 24 lie apart, sums and
 * differences of up to 32 voices are exact, and therefore a mix without one's
 * own voice is bit for bit the mix of the others. A codec's decisions hang on
 * the last bit: with rounding the switch to a private encoder would be heard
 * (21 dB instead of none). */
#ifndef PL_GRID_H
#define PL_GRID_H

#include <stddef.h>

static inline float pl_grid(float x)
{
    const float grid = 24.0F;
    const float bound = 2.0F;
    x = x < bound ? x : bound; /* also what is not a number */
    x = x > -bound ? x : -bound;
    return (x + grid) - grid;
}

static inline void pl_grid_put(float *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pcm[i] = pl_grid(pcm[i]);
}

#endif
