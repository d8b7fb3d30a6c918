/* test_device_call_crash.c - roompool is killed around every commit of calls of
 * devices: what was answered is there afterwards, what was told is not told
 * again with another number, and everything goes on or ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "killer.h"
#include "media_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000, MAX_COMMITS = 120 };

#define STATUS(s) PL_MEDIA_STATUS_##s

/* What was answered, as bits. */
enum {
    REGISTERED = 1,
    CALLED = 2,
    HELD = 4,
    DELETED = 8,
    RINGS = 16,
    TAKEN = 32,
    HUNG_UP = 64,
    ALL = 127
};

typedef struct told {
    unsigned bits;
    caller c;
    char out[65], in[65]; /* media sessions */
} told;

static void tell(int fd, told *t, unsigned bit)
{
    t->bits |= bit;
    if (write(fd, t, sizeof *t) != sizeof *t)
        _exit(1);
}

static uint32_t puts_to(world *w, told *t, const char *id, uint32_t status,
                        const char *answer_sdp)
{
    return caller_puts(w, &t->c, id, status, NULL, answer_sdp);
}

static void run_story(world *w, void *ctx, int fd)
{
    told t = {.bits = 0};
    char call[65];
    (void)ctx;
    caller_begins(w, &t.c, NOTIFY_DEVICE, CALL_NUMBER, NOTIFY_SINK);
    tell(fd, &t, REGISTERED);
    PUT(call, caller_calls(w, &t.c, t.out)->id);
    tell(fd, &t, CALLED);
    phone_report(w, call, PL_CALL_STATE_EARLY, 183, "p1");
    phone_report(w, call, PL_CALL_STATE_ANSWERED, 200, "p1");
    phone_report(w, call, PL_CALL_STATE_CONFIRMED, 0, NULL);
    if (!puts_to(w, &t, t.out, STATUS(HOLD), NULL))
        tell(fd, &t, HELD);
    if (!caller_deletes(w, &t.c, t.out))
        tell(fd, &t, DELETED);
    while (web_waiting(w) > 0) { /* the sink takes what happened so far */
        web_answer(w, web_next(w, S), 204, NULL);
        world_run(w, 20 * MS);
    }
    assert_int_equal(phone_call(w, "c1", CALL_NUMBER, "po"), PL_OK);
    caller_is_invited(w, &t.c, NULL, t.in);
    if (!puts_to(w, &t, t.in, STATUS(IN_PROGRESS), "a1") &&
        !puts_to(w, &t, t.in, STATUS(RINGING), NULL))
        tell(fd, &t, RINGS);
    if (!puts_to(w, &t, t.in, STATUS(CONNECTED), NULL))
        tell(fd, &t, TAKEN);
    phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL);
    if (!puts_to(w, &t, t.in, STATUS(TERMINATED), NULL))
        tell(fd, &t, HUNG_UP);
}

static void on_output(void *ctx, const void *data, size_t len)
{
    assert_int_equal(len, sizeof(told));
    memcpy(ctx, data, len);
}

static int64_t count(world *w, const char *id, const char *more)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM device_calls WHERE media_session_id = "
               "'%s' AND %s",
               id, more);
    return world_sql(w, sql);
}

static void check_rows(world *w, const told *t)
{
    unsigned bits = t->bits;
    if (bits & CALLED)
        assert_int_equal(count(w, t->out, "role = 'originator'"), 1);
    if ((bits & HELD) && !(bits & DELETED)) /* else it may be ending */
        assert_int_equal(count(w, t->out, "status IN ('Hold','Terminated')"),
                         1);
    if (bits & DELETED)
        assert_int_equal(count(w, t->out,
                               "status = 'Terminated' AND "
                               "is_hidden AND ended_at NOT NULL"),
                         1);
    if (bits & RINGS)
        assert_int_equal(count(w, t->in, "answer = 'a1'"), 1);
    if ((bits & TAKEN) && !(bits & HUNG_UP))
        assert_int_equal(
            count(w, t->in, "status IN ('Connected','Terminated')"), 1);
    if (bits & HUNG_UP)
        assert_int_equal(count(w, t->in, "status = 'Terminated'"), 1);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM (SELECT 1 FROM notifications GROUP "
                     "BY data HAVING count(*) > 1)"),
        0);
}

/* All workers are new: what needed them ends, and nothing stays for ever. */
static void check_restart(world *w, const told *t)
{
    answer a;
    world_start_roompool(w);
    world_start_media(w, 0);
    world_start_media(w, 1);
    world_start_signaling(w);
    w->api = world_open_bus(w, "api-1.1", PL_ROLE_API);
    world_say_hello(w, w->api, "api-1.1", PL_ROLE_API);
    world_check(w);
    if (t->bits & DELETED)
        assert_int_equal(caller_gets(w, &t->c, t->out, &a),
                         PL_DEVICE_FAULT_NOT_FOUND);
    world_run(w, 120 * (int64_t)S);
    world_check(w);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM device_calls WHERE ended_at IS "
                     "NULL"),
        0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    world_run(w, 40 * (int64_t)S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM device_calls"), 0);
}

static bool try_at(int before, int after)
{
    world w;
    told t = {.bits = 0};
    world_prepare(&w);
    const killer_story crash = {.run = run_story,
                                .on_output = on_output,
                                .output_size = sizeof t,
                                .ctx = &t};
    bool is_killed = killer_run(&w, &crash, before, after);
    if (!is_killed)
        assert_int_equal(t.bits, ALL); /* the story works */
    t.c.who = (device){.client = "app", .subject = "ann", .id = NOTIFY_DEVICE};
    check_rows(&w, &t);
    world_create_parts(&w);
    check_restart(&w, &t);
    world_destroy(&w);
    return is_killed;
}

static void killed_before_each_commit_nothing_told_is_lost(void **state)
{
    (void)state;
    killer_before_each(try_at, 20, MAX_COMMITS);
}

static void killed_after_each_commit_nothing_told_is_lost(void **state)
{
    (void)state;
    killer_after_each(try_at, 20, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_each_commit_nothing_told_is_lost),
        cmocka_unit_test(killed_after_each_commit_nothing_told_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
