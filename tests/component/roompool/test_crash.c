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

#include "world.h"

enum { MS = 1000, S = 1000000, MAX_COMMITS = 200, KILLED = 66 };

/* ---- a store that kills ---- */

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

static void k_close(pl_store **s)
{
    killer *k = (killer *)(void *)*s;
    k->real->ops->close(&k->real);
    *s = NULL;
}

static const pl_store_ops KILLER_OPS = {.put = k_put,
                                        .del = k_del,
                                        .each = k_each,
                                        .commit = k_commit,
                                        .is_dirty = k_is_dirty,
                                        .prune_records = k_prune,
                                        .close = k_close};

static pl_store *wrap(void *ctx, pl_store *real)
{
    killer *k = ctx;
    k->base.ops = &KILLER_OPS;
    k->real = real;
    k->n = 0;
    return &k->base;
}

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

/* Run the story in a child that dies at a commit. False: it survived. */
static bool run_child(world *w, int before, int after, unsigned *ret_done)
{
    int fd[2];
    int status = 0;
    unsigned bits;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        out_fd = fd[1];
        close(fd[0]);
        the_killer.before = before;
        the_killer.after = after;
        world_create_at(w, 2, wrap, &the_killer);
        story(w);
        _exit(0);
    }
    close(fd[1]);
    *ret_done = 0;
    while (read(fd[0], &bits, sizeof bits) == sizeof bits)
        *ret_done = bits;
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == KILLED;
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
    world child;
    world w;
    unsigned done;
    world_prepare(&w);
    child = w;
    bool is_killed = run_child(&child, before, after, &done);
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
    int k = 1;
    (void)state;
    while (k < MAX_COMMITS && try_at(k, 0))
        k++;
    assert_in_range(k, 20, MAX_COMMITS - 1);
}

static void killed_after_each_commit_nothing_acknowledged_is_lost(void **state)
{
    int k = 1;
    (void)state;
    while (k < MAX_COMMITS && try_at(0, k))
        k++;
    assert_in_range(k, 20, MAX_COMMITS - 1);
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
