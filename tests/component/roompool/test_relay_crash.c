/* test_relay_crash.c - roompool is killed around every commit while events come
 * for a channel of the relay: what was taken is there, in order, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "killer.h"
#include "relay_client.h"
#include "world.h"

enum { EVENTS = 6, MAX_COMMITS = 60 };

/* What was answered: the channel, then how many events were taken, whether the
 * channel was closed. */
typedef struct told {
    channel c;
    int n_taken;
    bool is_extended, is_closed;
} told;

/* ---- in the child ---- */

static void tell(int fd, const told *t)
{
    if (write(fd, t, sizeof *t) != sizeof *t)
        _exit(1);
}

static void run_story(world *w, void *ctx, int fd)
{
    told t = {.n_taken = 0};
    channel extended;
    answer a;
    char id[16];
    (void)ctx;
    assert_int_equal(channel_open(w, "app", "anna", 0, &t.c), PL_OK);
    tell(fd, &t);
    for (int i = 1; i <= EVENTS; i++) {
        pl_fmt_cut(id, sizeof id, "e%d", i);
        assert_int_equal(event_put(w, &t.c, id, "status"), PL_OK);
        t.n_taken = i;
        tell(fd, &t);
        if (i == EVENTS / 2)
            assert_int_equal(
                event_read(w, &t.c, &(reading){.begins = true}, &a), PL_OK);
    }
    assert_int_equal(channel_extend(w, "app", "anna", 0, &t.c, &extended),
                     PL_OK);
    t.c = extended;
    t.is_extended = true;
    tell(fd, &t);
    assert_int_equal(channel_close(w, "app", "anna", &t.c), PL_OK);
    t.is_closed = true;
    tell(fd, &t);
}

/* ---- in the parent ---- */

static told last;

static void on_output(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    assert_int_equal(len, sizeof last);
    memcpy(&last, data, len);
}

/* Who sends repeats what had no answer; then all are there, once. */
static void check_events(world *w)
{
    answer a;
    char id[16];
    uint64_t seq = 0;
    for (int i = last.n_taken + 1; i <= EVENTS; i++) {
        pl_fmt_cut(id, sizeof id, "e%d", i);
        assert_int_equal(event_put(w, &last.c, id, "status"), PL_OK);
    }
    for (int i = 1; i <= EVENTS; i++) {
        pl_fmt_cut(id, sizeof id, "e%d", i);
        assert_int_equal(
            event_read(w, &last.c,
                       &(reading){.begins = i == 1, .after_seq = seq}, &a),
            PL_OK);
        assert_string_equal(a.body.relay.event_id, id);
        assert_true(a.body.relay.seq > seq);
        seq = a.body.relay.seq;
    }
    assert_false(a.body.relay.more);
}

static void check_after(world *w)
{
    char first[] = "e1";
    if (!last.c.channel_id[0]) /* nobody knows of it: it closes by itself */
        return;
    pl_err e = event_put(w, &last.c, first, "status");
    if (last.is_closed) {
        assert_int_equal(e, PL_EGONE);
    } else if (e == PL_EGONE) { /* closed, and killed before that was said */
        assert_true(last.is_extended);
    } else {
        assert_int_equal(e, PL_OK);
        check_events(w);
    }
}

static bool kill_at(int before, int after)
{
    static const killer_story story = {
        .run = run_story, .on_output = on_output, .output_size = sizeof(told)};
    world w;
    last = (told){.n_taken = 0};
    world_prepare(&w);
    w.config.relay_tombstone_s = 30;
    bool is_killed = killer_run(&w, &story, before, after);
    world_create_at(&w, 2, NULL, NULL);
    check_after(&w);
    world_check(&w);
    world_run(&w,
              PL_S(w.config.relay_grace_s + w.config.relay_tombstone_s + 2));
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_channels"), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_events"), 0);
    world_check(&w);
    world_destroy(&w);
    return is_killed;
}

static void before_each_commit(void **state)
{
    (void)state;
    killer_before_each(kill_at, EVENTS + 1, MAX_COMMITS);
}

static void after_each_commit(void **state)
{
    (void)state;
    killer_after_each(kill_at, EVENTS + 1, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_each_commit),
        cmocka_unit_test(after_each_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
