/* splice.h - taking a piece out of a voice or repeating one without a click. */
#ifndef PL_SPLICE_H
#define PL_SPLICE_H

#include <stddef.h>

enum {
    PL_SPLICE_MIN = 240, /* 5 ms */
    PL_SPLICE_MAX = 720, /* 15 ms */
    PL_SPLICE_FADE = 240 /* overlap */
};

/* All of x[n][channels]; lengths and distances are samples a channel.
 *
 * The distance d in [PL_SPLICE_MIN, max] at which x[0..] and x[d..] are most
 * alike; n >= max + PL_SPLICE_FADE, max <= PL_SPLICE_MAX. */
size_t pl_splice_find(const float *x, size_t max, size_t channels);
/* Take samples 0..d-1 out, faded: x[n] becomes x[n - d]; n >= d + fade. */
void pl_splice_remove(float *x, size_t n, size_t d, size_t channels);
/* Play samples 0..d-1 twice: x[n] becomes x[n + d]; n >= d + fade. */
void pl_splice_repeat(float *x, size_t n, size_t d, size_t channels);

#endif
