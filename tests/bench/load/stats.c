/* stats.c - see stats.h. */
#include "stats.h"

#include <math.h>

enum {
    SUB_BITS = 8,
    EXACT = PL_STATS_SUB, /* values below have a bucket of their own */
};
static const int64_t MOST = ((int64_t)1 << PL_STATS_BITS) - 1;

static unsigned top_bit(uint64_t v)
{
    unsigned bit = 0;
    while (v >>= 1)
        bit++;
    return bit;
}

/* Each power of two is cut into PL_STATS_SUB steps. */
static size_t bucket_of(uint64_t v)
{
    if (v < EXACT)
        return (size_t)v;
    unsigned shift = top_bit(v) - SUB_BITS;
    /* v >> shift lies in EXACT .. 2 * EXACT - 1 */
    return (size_t)(shift + 1) * EXACT + (size_t)((v >> shift) - EXACT);
}

static int64_t middle_of(size_t bucket)
{
    if (bucket < EXACT)
        return (int64_t)bucket;
    unsigned shift = (unsigned)(bucket / EXACT) - 1;
    uint64_t low = (uint64_t)(EXACT + bucket % EXACT) << shift;
    return (int64_t)(low + (((uint64_t)1 << shift) >> 1));
}

void pl_stats_add(pl_stats *s, int64_t value)
{
    int64_t v = value < 0 ? 0 : value > MOST ? MOST : value;
    if (s->n == 0 || v < s->min)
        s->min = v;
    if (s->n == 0 || v > s->max)
        s->max = v;
    s->n++;
    s->sum += (uint64_t)v;
    s->count[bucket_of((uint64_t)v)]++;
}

void pl_stats_merge(pl_stats *into, const pl_stats *from)
{
    if (from->n == 0)
        return;
    if (into->n == 0 || from->min < into->min)
        into->min = from->min;
    if (into->n == 0 || from->max > into->max)
        into->max = from->max;
    into->n += from->n;
    into->sum += from->sum;
    for (size_t i = 0; i < PL_STATS_BUCKETS; i++)
        into->count[i] += from->count[i];
}

int64_t pl_stats_at(const pl_stats *s, double share)
{
    if (s->n == 0)
        return 0;
    if (share <= 0)
        return s->min;
    if (share >= 1)
        return s->max;
    /* the smallest value that at least this share does not exceed */
    uint64_t wanted = (uint64_t)ceil(share * (double)s->n);
    uint64_t below = 0;
    size_t i = 0;
    for (; i < PL_STATS_BUCKETS - 1; i++) {
        below += s->count[i];
        if (below >= wanted)
            break;
    }
    int64_t v = middle_of(i);
    return v < s->min ? s->min : v > s->max ? s->max : v;
}

double pl_stats_mean(const pl_stats *s)
{
    return s->n ? (double)s->sum / (double)s->n : 0;
}
