/* killer.c - see killer.h. */
#include "killer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { KILLED = 66, OUTPUT_MAX = 512 };

typedef struct killer {
    pl_store base;
    pl_store *real;
    int before, after; /* commit to die at; 0 never */
    int n;
} killer;

static killer the_killer;

static pl_store *real_of(pl_store *store)
{
    return ((killer *)(void *)store)->real;
}

static pl_err k_put(pl_store *s, const pl_table *t, const void *row)
{
    return real_of(s)->ops->put(real_of(s), t, row);
}

static pl_err k_del(pl_store *s, const pl_table *t, const void *row)
{
    return real_of(s)->ops->del(real_of(s), t, row);
}

static pl_err k_each(pl_store *s, const pl_table *t, pl_store_on_row on_row,
                     void *ctx)
{
    return real_of(s)->ops->each(real_of(s), t, on_row, ctx);
}

static pl_err k_list(pl_store *s, const pl_store_list *list,
                     pl_store_on_text on_text, void *ctx, uint64_t *ret_total)
{
    return real_of(s)->ops->list(real_of(s), list, on_text, ctx, ret_total);
}

static pl_err k_commit(pl_store *s)
{
    killer *k = (killer *)(void *)s;
    k->n++;
    if (k->n == k->before)
        _exit(KILLED);
    pl_err e = k->real->ops->commit(k->real);
    if (k->n == k->after)
        _exit(KILLED);
    return e;
}

static bool k_is_dirty(const pl_store *s)
{
    pl_store *real = ((const killer *)(const void *)s)->real;
    return real->ops->is_dirty(real);
}

static pl_err k_prune(pl_store *s, int64_t wall_ms, uint32_t keep)
{
    return real_of(s)->ops->prune_records(real_of(s), wall_ms, keep);
}

static pl_err k_prune_videos(pl_store *s, int64_t wall_ms)
{
    return real_of(s)->ops->prune_videos(real_of(s), wall_ms);
}

static pl_err k_prune_regs(pl_store *s, int64_t wall_ms, uint32_t keep)
{
    return real_of(s)->ops->prune_registrations(real_of(s), wall_ms, keep);
}

static pl_err k_end_talks(pl_store *s, int64_t wall_ms)
{
    return real_of(s)->ops->end_talks(real_of(s), wall_ms);
}

static void k_close(pl_store **s)
{
    killer *k = (killer *)(void *)*s;
    k->real->ops->close(&k->real);
    *s = NULL;
}

static const pl_store_ops KILLER_OPS = {.put = k_put,
                                        .del = k_del,
                                        .each = k_each,
                                        .list = k_list,
                                        .commit = k_commit,
                                        .is_dirty = k_is_dirty,
                                        .prune_records = k_prune,
                                        .prune_videos = k_prune_videos,
                                        .prune_registrations = k_prune_regs,
                                        .end_talks = k_end_talks,
                                        .close = k_close};

static pl_store *wrap(void *ctx, pl_store *real)
{
    killer *k = ctx;
    k->base.ops = &KILLER_OPS;
    k->real = real;
    k->n = 0;
    return &k->base;
}

/* ---- parent and child ---- */

static void child(world *w, const killer_story *story, int fd)
{
    world_create_at(w, 2, wrap, &the_killer);
    story->run(w, story->ctx, fd);
    _exit(0);
}

bool killer_run(world *w, const killer_story *story, int before, int after)
{
    int fd[2];
    int status = 0;
    char data[OUTPUT_MAX];
    assert_true(story->output_size <= sizeof data);
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fd[0]);
        the_killer.before = before;
        the_killer.after = after;
        child(w, story, fd[1]);
    }
    close(fd[1]);
    while (read(fd[0], data, story->output_size) == (ssize_t)story->output_size)
        story->on_output(story->ctx, data, story->output_size);
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == KILLED;
}

void killer_before_each(killer_try *try_at, int least, int most)
{
    int k = 1;
    while (k < most && try_at(k, 0))
        k++;
    assert_in_range(k, least, most - 1);
}

void killer_after_each(killer_try *try_at, int least, int most)
{
    int k = 1;
    while (k < most && try_at(0, k))
        k++;
    assert_in_range(k, least, most - 1);
}

void killer_each_seed(killer_seed_try *try_at, bool is_before, unsigned seeds,
                      int step, int least, int most)
{
    for (unsigned seed = 1; seed <= seeds; seed++) {
        int k = 1 + (int)seed % step;
        while (k < most && try_at(seed, is_before ? k : 0, is_before ? 0 : k))
            k += step;
        assert_in_range(k, least, most - 1);
    }
}
