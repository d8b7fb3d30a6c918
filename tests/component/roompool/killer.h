/* killer.h - a story runs in a child whose store ends the process, as a kill
 * would, just before or just after its k-th commit. */
#ifndef PL_TEST_KILLER_H
#define PL_TEST_KILLER_H

#include "world.h"

typedef struct killer_story {
    /* In the child, in a new world of two media workers: writes what got an
     * answer to fd, output_size bytes at a time. */
    void (*run)(world *w, void *ctx, int fd);
    /* In the parent, for each of them. */
    void (*on_output)(void *ctx, const void *data, size_t len);
    size_t output_size;
    void *ctx;
} killer_story;

/* w: prepared. Commit to die before or after; 0 never.
 * Only the child changes w. False: it survived. */
bool killer_run(world *w, const killer_story *story, int before, int after);

typedef bool killer_try(int before, int after);
/* Each commit of a story is the last one, once; it has at least so many (one
 * counts for its survival), and less than most. Arguments of try_at: those of
 * killer_run(); false: the child survived. */
void killer_before_each(killer_try *try_at, int least, int most);
void killer_after_each(killer_try *try_at, int least, int most);

/* The same for a story that runs with several seeds, 1 and on: each of them
 * meets every step-th commit, beginning with another one. */
typedef bool killer_seed_try(unsigned seed, int before, int after);
void killer_each_seed(killer_seed_try *try_at, bool is_before, unsigned seeds,
                      int step, int least, int most);

#endif
