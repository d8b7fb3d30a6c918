/* test_crash.c - roompool is killed around every commit of a story: what was
 * acknowledged must be there afterwards, and what is there must fit together.
 *
 * A child runs the story with a store that ends the process, as a kill would,
 * just before or just after its k-th commit. What got an answer by then is
 * written to a pipe. The parent opens the database and looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "killer.h"
#include "world.h"

enum { MS = 1000, S = 1000000, MAX_COMMITS = 200 };

/* ---- the story ---- */

/* What was acknowledged, as bits. */
enum {
    JOINED = 1,
    MEDIA = 2,
    PHONE_IN = 4,
    SESSION = 8,
    CONFERENCE = 16,
    INVITED = 32,
    ANSWERED = 64,
    LEFT = 128,
    ENDED = 256,
    CALLED = 512,
    TAKEN = 1024,
    HUNG_UP = 2048,
    PHONE_RINGS = 4096,
    PHONE_TAKEN = 8192,
    ALL = 16383
};

static int out_fd;
static unsigned done_bits;

static void acknowledged(unsigned bit)
{
    done_bits |= bit;
    if (write(out_fd, &done_bits, sizeof done_bits) != sizeof done_bits)
        _exit(1);
}

static void call_story(world *w, const user *caller, const user *callee)
{
    answer a;
    char call[CONF_ID_SIZE];
    if (!call_create(w, caller, "bob", &a))
        acknowledged(CALLED);
    PUT(call, a.body.call_made.conf_id);
    if (!conference_do(w, callee->token, call, PL_ACTION_ANSWER, "x", &a))
        acknowledged(TAKEN);
    if (!call_delete(w, callee, call, PL_DELETE_REASON_TERMINATE))
        acknowledged(HUNG_UP);
    if (!phone_call(w, "c2", "bob", "offer"))
        acknowledged(PHONE_RINGS);
    const pl_call *phone = pl_map_find(world_pool(w)->calls, "c2");
    PUT(call, phone->part->conf->row.conf_id);
    if (!conference_do(w, callee->token, call, PL_ACTION_ANSWER, "x", &a) &&
        !phone_report(w, "c2", PL_CALL_STATE_CONFIRMED, 0, NULL))
        acknowledged(PHONE_TAKEN);
}

static void story(world *w)
{
    answer page;
    answer a;
    user alice = {.token = "ta"};
    answer conf;
    if (!join_room(w, "lobby", NULL, "page", &page))
        acknowledged(JOINED);
    if (!join_media(w, &page, "page", &a))
        acknowledged(MEDIA);
    if (!phone_call(w, "c1", "lobby", "offer") &&
        sig_call(w, "c1")->status == 200 &&
        !phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL))
        acknowledged(PHONE_IN);
    if (!open_session(w, "bob", "tb", &a) &&
        !open_session(w, "alice", alice.token, &a))
        acknowledged(SESSION);
    PUT(alice.session, a.body.session.session_id);
    if (!create_conference(w, &alice, &conf))
        acknowledged(CONFERENCE);
    const char *conf_id = conf.body.conference.conf_id;
    if (!invite(w, "ta", conf_id, "bob", &a))
        acknowledged(INVITED);
    if (!conference_do(w, "tb", conf_id, PL_ACTION_ANSWER, "x", &a))
        acknowledged(ANSWERED);
    if (!page_leaves(w, &page, "page"))
        acknowledged(LEFT);
    if (!conference_leave(w, "ta", conf_id))
        acknowledged(ENDED);
    call_story(w, &alice, &(user){.token = "tb"});
}

static void run_story(world *w, void *ctx, int fd)
{
    (void)ctx;
    out_fd = fd;
    story(w);
}

static void on_output(void *ctx, const void *data, size_t len)
{
    assert_int_equal(len, sizeof done_bits);
    memcpy(ctx, data, len);
}

/* ---- looking at what is left ---- */

static void expect(world *w, unsigned done, unsigned bit, unsigned undone,
                   const char *sql)
{
    if ((done & bit) && !(done & undone) && world_sql(w, sql) != 1)
        fail_msg("acknowledged %#x, but not: %s", done, sql);
}

static void check_call_rows(world *w, unsigned done)
{
    /* From TAKEN on it may be ending, unacknowledged yet. */
    expect(w, done, CALLED, TAKEN,
           "SELECT count(*) FROM v_live_calls WHERE caller = 'alice' AND "
           "callee = 'bob'");
    expect(w, done, CALLED, 0,
           "SELECT count(*) FROM events WHERE kind = 'session-open' AND "
           "provisional AND sdp <> ''");
    expect(w, done, TAKEN, 0,
           "SELECT count(*) FROM conferences WHERE kind = 'call' AND "
           "answered_at IS NOT NULL AND end_reason <> 'hung up' AND conf_id IN "
           "(SELECT conf_id FROM events WHERE provisional)");
    expect(w, done, HUNG_UP, 0,
           "SELECT count(*) = 2 FROM events WHERE resource = 'calls' AND kind "
           "= 'session-terminated'");
    expect(w, done, PHONE_RINGS, PHONE_TAKEN,
           "SELECT count(*) FROM participants JOIN calls USING "
           "(participant_id) WHERE call_id = 'c2'");
    expect(w, done, PHONE_TAKEN, 0,
           "SELECT count(*) FROM v_live_calls v JOIN participants p ON "
           "p.conf_id = v.call_id JOIN calls USING (participant_id) WHERE "
           "calls.call_id = 'c2' AND v.state = 'connected' AND calls.state = "
           "'confirmed'");
}

static void check_rows(world *w, unsigned done)
{
    assert_int_equal(world_sql(w, "SELECT count(*) FROM "
                                  "pragma_foreign_key_check"),
                     0);
    expect(w, done, JOINED, LEFT | ENDED,
           "SELECT count(*) FROM participants WHERE kind = 'page'");
    /* From ANSWERED on the page may be leaving, unacknowledged yet. */
    expect(w, done, MEDIA, ANSWERED,
           "SELECT count(*) FROM legs l JOIN participants p USING "
           "(participant_id) WHERE p.kind = 'page'");
    expect(w, done, PHONE_IN, 0,
           "SELECT count(*) FROM participants p JOIN calls USING "
           "(participant_id) WHERE call_id = 'c1' AND p.state = 'active'");
    expect(w, done, SESSION, 0, "SELECT count(*) = 2 FROM sessions");
    expect(w, done, CONFERENCE, ENDED,
           "SELECT count(*) FROM conferences WHERE kind = 'api'");
    expect(w, done, CONFERENCE, 0,
           "SELECT count(*) FROM events WHERE kind = 'session-open' AND "
           "sdp <> '' AND resource = 'conferences'");
    expect(w, done, INVITED, 0,
           "SELECT count(*) FROM events WHERE kind = 'invitation-received' AND "
           "resource = 'conferences'");
    expect(w, done, ANSWERED, 0,
           "SELECT count(*) FROM events WHERE kind = 'invite-result' AND "
           "reason = 'success'");
    expect(w, done, LEFT, 0,
           "SELECT count(*) FROM call_records WHERE kind = 'page'");
    expect(w, done, ENDED, 0,
           "SELECT count(*) = 0 FROM conferences WHERE kind = 'api' AND "
           "state = 'live'");
    check_call_rows(w, done);
    /* No gaps in any stream. */
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM (SELECT max(seq) - min(seq) + 1 - "
                     "count(*) AS gap FROM events GROUP BY owner, owner_id) "
                     "WHERE gap <> 0"),
        0);
}

/* A new roompool takes the state over, alone, and cleans up in the end. */
static void check_restart(world *w)
{
    world_start_roompool(w);
    world_run(w, 10 * MS);
    world_check(w);
    world_run(w, 60 * S);
    world_check(w);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM legs WHERE state = 'connected'"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    /* Whoever was told of a call or conference is told once that it is over. */
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_calls"), 0);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM (SELECT sum(kind = "
                     "'session-terminated') AS n, max(seq) AS last, max(seq * "
                     "(kind = 'session-terminated')) AS end FROM events WHERE "
                     "owner = 'session' GROUP BY owner_id, conf_id) WHERE n <> "
                     "1 OR end <> last"),
        0);
}

static bool try_at(int before, int after)
{
    world w;
    unsigned done = 0;
    world_prepare(&w);
    const killer_story crash = {.run = run_story,
                                .on_output = on_output,
                                .output_size = sizeof done,
                                .ctx = &done};
    bool is_killed = killer_run(&w, &crash, before, after);
    if (!is_killed)
        assert_int_equal(done, ALL); /* the story works */
    check_rows(&w, done);
    world_create_parts(&w);
    check_restart(&w);
    world_destroy(&w);
    return is_killed;
}

static void killed_before_each_commit_nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    killer_before_each(try_at, 20, MAX_COMMITS);
}

static void killed_after_each_commit_nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    killer_after_each(try_at, 20, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            killed_before_each_commit_nothing_acknowledged_is_lost),
        cmocka_unit_test(killed_after_each_commit_nothing_acknowledged_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
