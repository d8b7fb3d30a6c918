/* stats.h - distributions of times: counted in buckets, so that a long run
 * costs no more memory than a short one. */
#ifndef PL_LOAD_STATS_H
#define PL_LOAD_STATS_H

#include <stddef.h>
#include <stdint.h>

enum {
    PL_STATS_SUB = 256, /* steps within a power of two: error below 0.4 % */
    PL_STATS_BITS = 28, /* largest value: 268 s */
    PL_STATS_BUCKETS = PL_STATS_SUB * (PL_STATS_BITS - 7)
};

/* Zeroed is empty. Values below 0 count as 0, above the largest as that. */
typedef struct pl_stats {
    uint64_t n, sum;
    int64_t min, max;
    uint32_t count[PL_STATS_BUCKETS];
} pl_stats;

void pl_stats_add(pl_stats *s, int64_t value);
void pl_stats_merge(pl_stats *into, const pl_stats *from);
/* The value below which a share (0..1) lies: exact to a bucket, and exact for
 * 0 and 1; 0 when empty. */
int64_t pl_stats_at(const pl_stats *s, double share);
double pl_stats_mean(const pl_stats *s);

#endif
