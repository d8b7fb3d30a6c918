/* limiter.h - keeps a mix below full scale without clipping: gain moves along
 * straight lines that are known 5 ms ahead. */
#ifndef PL_LIMITER_H
#define PL_LIMITER_H

#include <stddef.h>

enum {
    PL_LIMITER_BLOCK = 240, /* samples: 5 ms, also the delay */
    PL_LIMITER_FRAME = 960
};

/* Plain value: copying it makes a limiter that continues alike. */
typedef struct pl_limiter {
    unsigned channels;
    float gain; /* at the beginning of the delayed block */
    float need; /* largest gain the delayed block bears */
    float delay[PL_LIMITER_BLOCK * 2];
} pl_limiter;

/* channels: 1 or 2, which are turned down together. */
void pl_limiter_init(pl_limiter *limiter, unsigned channels);
/* Limit in[960][channels] into out (not the same array), delayed by 5 ms. No
 * output sample exceeds 0.98 of full scale; when nothing does the samples are
 * unchanged. */
void pl_limiter_run(pl_limiter *limiter, const float *in, float *out);

#endif
