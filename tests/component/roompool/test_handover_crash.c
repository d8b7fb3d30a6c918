/* test_handover_crash.c - roompool is killed around every commit while media
 * workers are lost and drain: the conference that people were told of is there,
 * and has one place, which nobody else was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_page.h"
#include "killer.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };
enum { JOINED = 1, TAKEN = 2, RELEASED = 4, OFFERED = 8, ALL = 15 };

/* The only conference's media worker. */
static unsigned holder(world *w)
{
    size_t cursor = 0;
    const pl_conf *conf = pl_map_next(world_pool(w)->confs, &cursor, NULL);
    for (unsigned i = 0; i < w->n_media; i++)
        if (w->media[i].bus && conf &&
            strcmp(w->media[i].node, conf->row.media_node) == 0)
            return i;
    fail_msg("nobody holds the conference");
    return 0;
}

static void say(int fd, unsigned *bits, unsigned bit)
{
    *bits |= bit;
    if (write(fd, bits, sizeof *bits) != sizeof *bits)
        _exit(1);
}

static void story(world *w, void *ctx, int fd)
{
    unsigned bits = 0;
    page p;
    (void)ctx;
    page_is_in(w, &p, "lobby", NULL, "p");
    phone_joins(w, "c1", "lobby");
    const pl_call *call = pl_map_find(world_pool(w)->calls, "c1");
    const pl_leg *leg = PL_CONTAINER(call->part->legs.next, pl_leg, link);
    media_report(w, leg->row.leg_id, PL_LEG_STATE_CONNECTED);
    say(fd, &bits, JOINED);
    unsigned first = holder(w);
    world_kill_media(w, first);
    world_run(w, 2 * S);
    assert_int_equal(holder(w), 1 - first);
    assert_int_equal(world_metric(w, PL_RM_legs_imported), 2);
    say(fd, &bits, TAKEN);
    world_start_media(w, first);
    media_beats(&w->media[1 - first], PL_LIFE_DRAINING);
    world_run(w, S);
    assert_int_equal(world_metric(w, PL_RM_legs_imported), 4);
    media_says_goodbye(&w->media[1 - first]);
    say(fd, &bits, RELEASED);
    w->nets[1 - first] = "stack-2";
    world_start_media(w, 1 - first);
    world_kill_media(w, first);
    world_run(w, 2 * S);
    assert_int_equal(w->sig.n_offers, 1);
    page_talks(w, &p);
    say(fd, &bits, OFFERED);
}

static void on_output(void *ctx, const void *data, size_t len)
{
    assert_int_equal(len, sizeof(unsigned));
    memcpy(ctx, data, len);
}

/* A conference is at most at one place: that of the last epoch it was given. */
static void check_rows(world *w, unsigned done)
{
    int64_t least = done & OFFERED    ? 4
                    : done & RELEASED ? 3
                    : done & TAKEN    ? 2
                    : done & JOINED   ? 1
                                      : 0;
    if (done & JOINED) {
        assert_int_equal(world_sql(w, "SELECT count(*) FROM conferences WHERE "
                                      "state = 'live'"),
                         1);
        assert_int_equal(world_sql(w, "SELECT count(*) FROM participants WHERE "
                                      "state = 'active'"),
                         2);
    }
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM conferences c WHERE epoch > 0 AND "
                     "epoch <> (SELECT max(epoch) FROM placements p WHERE "
                     "p.conf_id = c.conf_id)"),
        0);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM conferences c JOIN placements p "
                     "USING (epoch) WHERE c.media_node IS NOT NULL AND "
                     "(p.node <> c.media_node OR p.conf_id <> c.conf_id)"),
        0);
    assert_true(world_sql(w, "SELECT count(*) FROM placements") >= least);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM placements WHERE epoch "
                                  "> (SELECT value + 0 FROM meta WHERE name = "
                                  "'epoch')"),
                     0);
}

static bool try_at(int before, int after)
{
    world w;
    unsigned done = 0;
    world_prepare(&w);
    w.nets[0] = w.nets[1] = "stack-1";
    const killer_story crash = {.run = story,
                                .on_output = on_output,
                                .output_size = sizeof done,
                                .ctx = &done};
    bool is_killed = killer_run(&w, &crash, before, after);
    if (!is_killed)
        assert_int_equal(done, ALL); /* the story works */
    check_rows(&w, done);
    world_create_parts(&w);
    world_start_roompool(&w);
    world_run(&w, 10 * MS);
    world_check(&w);
    world_run(&w, 60 * S); /* nobody comes back */
    world_check(&w);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM legs"), 0);
    world_destroy(&w);
    return is_killed;
}

static void killed_before_each_commit_no_conference_is_lost(void **state)
{
    (void)state;
    killer_before_each(try_at, 15, 200);
}

static void killed_after_each_commit_no_conference_is_lost(void **state)
{
    (void)state;
    killer_after_each(try_at, 15, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_each_commit_no_conference_is_lost),
        cmocka_unit_test(killed_after_each_commit_no_conference_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
