/* splice.h - taking a piece out of a voice or repeating one without a click. */
#ifndef PL_SPLICE_H
#define PL_SPLICE_H

#include <stddef.h>

enum {
    PL_SPLICE_MIN = 240, /* 5 ms */
    PL_SPLICE_MAX = 720, /* 15 ms */
    PL_SPLICE_FADE = 240 /* overlap */
};

/* The distance d in [PL_SPLICE_MIN, max] at which x[0..] and x[d..] are most
 * alike; x[max + PL_SPLICE_FADE] samples, max <= PL_SPLICE_MAX. */
size_t pl_splice_find(const float *x, size_t max);
/* out[n] = x with its samples 0..d-1 faded out; reads x[n + d]. n >= fade */
void pl_splice_remove(const float *x, size_t d, float *out, size_t n);
/* out[n] = x[0..d-1] twice, then on; reads x[max(n - d, d + fade)]. */
void pl_splice_repeat(const float *x, size_t d, float *out, size_t n);

#endif
