/* test_registration_crash.c - roompool is killed around every commit of the
 * life of registrations: what was answered is there afterwards, what was not is
 * undone, and the registrar has no Contact that nobody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "device_client.h"
#include "fake_registrar.h"
#include "killer.h"
#include "world.h"

enum { MS = 1000, S = 1000000, MAX_COMMITS = 60 };

#define TRUNK   "+4930555100"
#define ACCOUNT "+4930777100"

/* What was answered, as bits. */
enum { MADE = 1, BOUND = 2, EXTENDED = 4, DELETED = 8, ALL = 15 };

typedef struct told {
    unsigned bits;
    char bound[65]; /* ids */
} told;

static const device DEVICE = {.id = DEVICE_1};

static void tell(int fd, told *t, unsigned bit)
{
    t->bits |= bit;
    if (write(fd, t, sizeof *t) != sizeof *t)
        _exit(1);
}

static void run_story(world *w, void *ctx, int fd)
{
    static fake_registrar r;
    told t = {.bits = 0};
    answer a;
    char id[65];
    (void)ctx;
    r = (fake_registrar){.n = 0};
    registrar_start(w, &r);
    if (!device_registers(w, &DEVICE, TRUNK, 0, &a))
        tell(fd, &t, MADE);
    PUT(id, a.body.registration.registration_id);
    if (!device_registers(w, &DEVICE, ACCOUNT, 0, &a)) {
        PUT(t.bound, a.body.registration.registration_id);
        tell(fd, &t, BOUND);
    }
    if (!device_extends(w, &DEVICE, t.bound, 7200, &a))
        tell(fd, &t, EXTENDED);
    if (!device_deletes(w, &DEVICE, id))
        tell(fd, &t, DELETED);
}

static void on_output(void *ctx, const void *data, size_t len)
{
    assert_int_equal(len, sizeof(told));
    memcpy(ctx, data, len);
}

static int64_t count(world *w, const char *number, const char *more)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM registrations WHERE number = '%s' AND %s",
               number, more);
    return world_sql(w, sql);
}

static void check_rows(world *w, unsigned bits)
{
    if ((bits & MADE) && !(bits & EXTENDED)) /* else it may be ending */
        assert_int_equal(count(w, TRUNK, "state = 'registered'"), 1);
    if (bits & BOUND)
        assert_int_equal(count(w, ACCOUNT, "state = 'registered'"), 1);
    if (bits & DELETED)
        assert_int_equal(count(w, TRUNK, "state = 'registered'"), 0);
}

/* A new roompool and a new signaling worker; the old Contact may be bound. */
static void check_restart(world *w, const told *t)
{
    fake_registrar r = {.n = 0};
    world_start_roompool(w);
    world_start_signaling(w);
    registrar_start(w, &r);
    w->api = world_open_bus(w, "api-1.1", PL_ROLE_API);
    world_say_hello(w, w->api, "api-1.1", PL_ROLE_API);
    world_check(w);
    world_run(w, 60 * S);
    world_check(w);
    assert_int_equal(count(w, ACCOUNT, "state = 'pending'"), 0);
    if (t->bits & BOUND) {
        assert_int_equal(device_gets(w, &DEVICE, t->bound, NULL), 0);
        assert_non_null(registrar_find(&r, ACCOUNT));
        assert_true(r.last.old_contact[0] != '\0');
    } else if (count(w, ACCOUNT, "state = 'ended'") > 0) {
        assert_true(r.n_removed > 0); /* nobody was told of it */
    }
    world_run(w, 400 * (int64_t)S);
    world_check(w);
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
    check_rows(&w, t.bits);
    world_create_parts(&w);
    check_restart(&w, &t);
    world_destroy(&w);
    return is_killed;
}

static void killed_before_each_commit_nothing_told_is_lost(void **state)
{
    (void)state;
    killer_before_each(try_at, 8, MAX_COMMITS);
}

static void killed_after_each_commit_nothing_told_is_lost(void **state)
{
    (void)state;
    killer_after_each(try_at, 8, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_each_commit_nothing_told_is_lost),
        cmocka_unit_test(killed_after_each_commit_nothing_told_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
