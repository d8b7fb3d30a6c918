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
 * False: the child survived. */
bool killer_run(world *w, const killer_story *story, int before, int after);

/* False: the child survived. Arguments: as those of killer_run(). */
typedef bool killer_try(int before, int after);
/* Each commit of a story is the last one, once; it has at least so many (one
 * counts for its survival), and less than most. */
void killer_before_each(killer_try *try_at, int least, int most);
void killer_after_each(killer_try *try_at, int least, int most);

#endif
