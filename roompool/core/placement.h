/* placement.h - which worker takes new work: a pure function. */
#ifndef PL_ROOMPOOL_PLACEMENT_H
#define PL_ROOMPOOL_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of one worker. */
typedef struct pl_candidate {
    const char *node;
    bool is_ready;          /* up, life READY, of the right kind */
    uint32_t load_permille; /* of its measured budget, as last reported */
    uint32_t capacity;      /* legs or calls at most; 0: it did not say */
    uint32_t held;          /* legs or calls given to it */
} pl_candidate;

/* Why none of several takes work. */
typedef struct pl_placement_lack {
    unsigned n_busy;      /* no time left of its measured budget */
    unsigned n_full;      /* all places taken */
    unsigned n_not_ready; /* drains */
} pl_placement_lack;

/* The least loaded ready worker that has room for `need` more, by the greater
 * of its measured load and its fill; ties go to the name that sorts first, so
 * that the choice is repeatable.
 *
 * avoid:   node to take only when there is no other; may be NULL
 * Returns: index into candidates[n], or n when nobody can take it
 * Context: pure, O(n) */
size_t pl_placement_choose(const pl_candidate *candidates, size_t n,
                           uint32_t need, const char *avoid);
/* Which of them cannot take `need` more, and why: each counts once.
 * Context: pure, O(n) */
pl_placement_lack pl_placement_why(const pl_candidate *candidates, size_t n,
                                   uint32_t need);

#endif
