/* placement.c - least loaded first. */
#include "placement.h"

#include <string.h>

enum { FULL_PERMILLE = 1000 };

static uint64_t weight(const pl_candidate *c)
{
    uint64_t fill =
        c->capacity > 0 ? (uint64_t)c->held * FULL_PERMILLE / c->capacity : 0;
    return fill > c->load_permille ? fill : c->load_permille;
}

static bool is_busy(const pl_candidate *c)
{
    return c->load_permille >= FULL_PERMILLE;
}

static bool is_full(const pl_candidate *c, uint32_t need)
{
    return c->capacity > 0 && (uint64_t)c->held + need > c->capacity;
}

static bool has_room(const pl_candidate *c, uint32_t need)
{
    return c->is_ready && !is_busy(c) && !is_full(c, need);
}

static bool is_better(const pl_candidate *a, const pl_candidate *b,
                      const char *avoid)
{
    bool avoid_a = avoid && strcmp(a->node, avoid) == 0;
    bool avoid_b = avoid && strcmp(b->node, avoid) == 0;
    if (avoid_a != avoid_b)
        return avoid_b;
    if (weight(a) != weight(b))
        return weight(a) < weight(b);
    if (a->held != b->held)
        return a->held < b->held;
    return strcmp(a->node, b->node) < 0;
}

size_t pl_placement_choose(const pl_candidate *candidates, size_t n,
                           uint32_t need, const char *avoid)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        if (has_room(&candidates[i], need) &&
            (best == n || is_better(&candidates[i], &candidates[best], avoid)))
            best = i;
    }
    return best;
}

pl_placement_lack pl_placement_why(const pl_candidate *candidates, size_t n,
                                   uint32_t need)
{
    pl_placement_lack lack = {0};
    for (size_t i = 0; i < n; i++) {
        const pl_candidate *c = &candidates[i];
        if (!c->is_ready) {
            lack.n_not_ready++;
        } else if (is_busy(c)) {
            lack.n_busy++;
        } else if (is_full(c, need)) {
            lack.n_full++;
        }
    }
    return lack;
}
