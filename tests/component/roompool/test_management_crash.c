/* test_management_crash.c - roompool is killed around every commit while a room
 * of the management API is made, joined, renamed, changed and removed: what was
 * answered is kept, what was not is there as a whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_page.h"
#include "killer.h"
#include "mgmt_client.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    ROOM = PL_MGMT_RESOURCE_CONFERENCE,
    ALIAS = PL_MGMT_RESOURCE_ALIAS,
    AUTO = PL_MGMT_RESOURCE_AUTOMATIC_PARTICIPANT,
    MAX_COMMITS = 100
};

/* Steps of the story, in order. */
typedef enum step {
    NOTHING,
    DIALS,
    MADE,
    RENAMED,
    ALIASED,
    LISTED,
    GONE,
    END
} step;

static void report(step s, int fd)
{
    if (write(fd, &s, sizeof s) != sizeof s)
        _exit(1);
}

/* In the child. */
static void live(world *w, void *ctx, int fd)
{
    char json[256];
    page p;
    (void)ctx;
    uint64_t agent = mgmt_makes(w, AUTO, "{'alias':'sip:agents@example.net'}");
    report(DIALS, fd);
    pl_fmt_cut(json, sizeof json,
               "{'name':'old','ivr_theme':'x','aliases':[{'alias':'a'},"
               "{'alias':'b'}],'automatic_participants':[%d]}",
               (int)agent);
    uint64_t room = mgmt_makes(w, ROOM, json);
    report(MADE, fd);
    page_is_in(w, &p, "a", NULL, "p");
    world_run(w, 50 * MS);
    mgmt_changes(w, ROOM, room, "{'name':'new'}");
    report(RENAMED, fd);
    pl_fmt_cut(json, sizeof json, "{'alias':'c','conference':%d}", (int)room);
    (void)mgmt_makes(w, ALIAS, json);
    report(ALIASED, fd);
    mgmt_changes(w, ROOM, room, "{'aliases':[{'alias':'b'},{'alias':'d'}]}");
    report(LISTED, fd);
    assert_int_equal(mgmt_removes(w, ROOM, room), PL_OK);
    report(GONE, fd);
    page_goes(w, &p);
}

static void on_step(void *ctx, const void *data, size_t len)
{
    assert_int_equal(len, sizeof(step));
    memcpy(ctx, data, len);
}

static int64_t count(world *w, const char *where)
{
    char sql[512];
    assert_int_equal(pl_fmt(sql, sizeof sql, "SELECT count(*) FROM %s", where),
                     PL_OK);
    return world_sql(w, sql);
}

/* Each step is there when it was answered; the next may be. */
static void check_kept(world *w, step last)
{
    static const char room[] = "rooms WHERE source = 'admin' AND state = "
                               "'enabled'";
    static const struct {
        const char *where;
        step from, until; /* must be so from one to before the other */
    } ROWS[] = {
        {"automatic_participants", DIALS, END},
        {room, MADE, LISTED},
        {"rooms WHERE room_id = 'new'", RENAMED, LISTED},
        {"aliases WHERE alias = 'c' AND room_id = 'new'", ALIASED, ALIASED},
        {"aliases WHERE alias = 'd' AND room_id = 'new'", LISTED, LISTED},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (last >= ROWS[i].from && last < ROWS[i].until)
            assert_int_equal(count(w, ROWS[i].where), 1);
    }
    if (last == GONE)
        assert_int_equal(count(w, room), 0);
}

/* The room and what hangs on it, or nothing. */
static void check_whole(world *w)
{
    bool is_there = count(w, "rooms WHERE source = 'admin' AND state = "
                             "'enabled'") == 1;
    int64_t aliases = count(w, "aliases WHERE alias_no > 0");
    assert_in_range(aliases, is_there ? 2 : 0, is_there ? 3 : 0);
    assert_int_equal(count(w, "automatic_participant_rooms"), is_there);
    assert_int_equal(count(w, "rooms WHERE source = 'join'"), 0);
    assert_int_equal(
        count(w, "room_settings s LEFT JOIN rooms r USING (room_no) WHERE "
                 "r.room_id IS NULL"),
        0);
    assert_int_equal(count(w, "pragma_foreign_key_check"), 0);
}

static void check_after(world *w, step last)
{
    world_create_parts(w);
    world_start_roompool(w);
    world_check(w);
    check_kept(w, last);
    check_whole(w);
    assert_true(count(w, "participants WHERE is_automatic") <= 1);
    /* Nobody comes back: the conference ends, a removed room is forgotten. */
    world_run(w, (int64_t)(w->config.token_s + w->config.linger_s + 90) * S);
    world_check(w);
    check_kept(w, last);
    assert_int_equal(count(w, "conferences"), 0);
    assert_int_equal(count(w, "rooms WHERE state = 'retired'"), 0);
}

static bool try_at(int before, int after)
{
    world w;
    step last = NOTHING;
    const killer_story crash = {.run = live,
                                .on_output = on_step,
                                .output_size = sizeof(step),
                                .ctx = &last};
    world_prepare(&w);
    bool is_killed = killer_run(&w, &crash, before, after);
    if (!is_killed)
        assert_int_equal(last, GONE);
    check_after(&w, last);
    world_destroy(&w);
    return is_killed;
}

static void killed_before_a_commit_nothing_is_half_done(void **state)
{
    (void)state;
    killer_before_each(try_at, 10, MAX_COMMITS);
}

static void killed_after_a_commit_nothing_is_half_done(void **state)
{
    (void)state;
    killer_after_each(try_at, 10, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_a_commit_nothing_is_half_done),
        cmocka_unit_test(killed_after_a_commit_nothing_is_half_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
