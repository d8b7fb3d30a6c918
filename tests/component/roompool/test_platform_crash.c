/* test_platform_crash.c - roompool is killed around every commit while rooms of
 * another platform are handed out and removed, some requests failing: no room
 * is handed out twice, none is lost, none stays behind there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_platform.h"
#include "killer.h"
#include "pool_client.h"

enum {
    MS = 1000,
    S = 1000000,
    CLIENTS = 18,
    TARGET = 4,
    SEEDS = 6,
    STEP = 6, /* so that each commit is met with one of the seeds */
    MAX_COMMITS = 400
};

/* What was answered. */
typedef struct given {
    int client;
    char name[65];
} given;

typedef struct crowd {
    unsigned seed;
    char names[CLIENTS][65]; /* "" not answered */
    bool may_be_removed[CLIENTS];
    fake_platform *platform; /* lives on when the child dies */
} crowd;

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

static void take(world *w, int client, answer *a)
{
    char payload[32];
    char key[32];
    pl_fmt_cut(payload, sizeof payload, "payload-%d", client);
    pl_fmt_cut(key, sizeof key, "key-%d", client);
    checkout_begin(w, &(taking){.payload = payload, .key = key}, a);
}

static void tell(int fd, const given *g)
{
    if (write(fd, g, sizeof *g) != sizeof *g)
        _exit(1);
}

/* Every third gives its room back at once. */
static void report(world *w, answer *all, int n, int fd)
{
    for (int i = 0; i < n; i++) {
        given g = {.client = i};
        if (!all[i].is_done || all[i].corr == 0)
            continue;
        all[i].corr = 0; /* reported */
        if (all[i].error) {
            assert_int_equal(all[i].error, PL_EUNAVAILABLE);
            continue;
        }
        PUT(g.name, all[i].body.room.name);
        tell(fd, &g);
        if (i % 3 == 0)
            assert_int_equal(pool_remove(w, g.name), PL_OK);
    }
}

static void trouble(fake_platform *p, unsigned *seed)
{
    static const platform_fault faults[] = {
        FAULT_NONE,    FAULT_NONE, FAULT_STATUS, FAULT_TAKEN,
        FAULT_UNHEARD, FAULT_MUTE, FAULT_LOST};
    platform_fault fault = faults[draw(seed, 7)];
    platform_fail(p, fault == FAULT_TAKEN ? PL_FETCH_METHOD_POST : 0, fault,
                  502, 1 + draw(seed, 2));
}

/* In the child: they come in clusters, while the pool refills. */
static void come(world *w, void *ctx, int fd)
{
    static answer all[CLIENTS];
    crowd *c = ctx;
    unsigned seed = c->seed;
    for (int i = 0; i < CLIENTS;) {
        unsigned n = 1 + draw(&seed, 5);
        trouble(c->platform, &seed);
        for (; n > 0 && i < CLIENTS; n--, i++)
            take(w, i, &all[i]);
        world_run(w, (int64_t)(50 + draw(&seed, 900)) * MS);
        report(w, all, i, fd);
    }
    platform_fail(c->platform, 0, FAULT_NONE, 0, 0);
    world_run(w, 15 * S);
    report(w, all, CLIENTS, fd);
}

static void on_given(void *ctx, const void *data, size_t len)
{
    crowd *c = ctx;
    given g;
    assert_int_equal(len, sizeof g);
    memcpy(&g, data, len);
    PUT(c->names[g.client], g.name);
    c->may_be_removed[g.client] = g.client % 3 == 0;
}

static void check_distinct(const crowd *c)
{
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; c->names[i][0] && k < i; k++)
            assert_string_not_equal(c->names[i], c->names[k]);
    }
}

/* What was answered and not given back is there, under its tag. */
static void check_kept(const crowd *c)
{
    for (int i = 0; i < CLIENTS; i++) {
        char tag[32];
        if (!c->names[i][0] || c->may_be_removed[i])
            continue;
        const platform_room *room = platform_find(c->platform, c->names[i]);
        assert_non_null(room);
        pl_fmt_cut(tag, sizeof tag, "tag:payload-%d", i);
        assert_string_equal(room->tag, tag);
    }
}

/* Everybody asks again: who had an answer gets it again. */
static void come_again(world *w, crowd *c)
{
    static answer all[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        take(w, i, &all[i]);
    for (int i = 0; i < CLIENTS; i++) {
        world_wait(w, &all[i]);
        assert_int_equal(all[i].error, PL_OK);
        if (c->names[i][0] && !c->may_be_removed[i])
            assert_string_equal(c->names[i], all[i].body.room.name);
        PUT(c->names[i], all[i].body.room.name);
        c->may_be_removed[i] = false;
    }
    check_distinct(c);
    check_kept(c);
}

static void start_again(world *w, crowd *c)
{
    platform_fail(c->platform, 0, FAULT_NONE, 0, 0);
    platform_serve(c->platform, w);
    world_start_roompool(w);
    world_check(w);
    PUT(w->api_node, "api-1.2");
    w->api = world_open_bus(w, w->api_node, PL_ROLE_API);
    web_start(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_run(w, 5 * S);
    world_check(w);
}

static void check_after(world *w, crowd *c)
{
    start_again(w, c);
    come_again(w, c);
    world_check(w);
    /* Nobody comes into any: all of them go, and the pool is full. */
    world_run(w, (int64_t)w->config.pool_lease_s * S + 30 * S);
    world_check(w);
    assert_int_equal(world_metric(w, PL_RM_pool_orphans), 0);
    assert_int_equal(c->platform->n_rooms, TARGET);
    for (size_t i = 0; i < TARGET; i++)
        assert_string_equal(c->platform->rooms[i].tag, "");
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM pool WHERE state = 'free' AND "
                     "remote_todo = 'nothing' AND reserved_at IS NULL"),
        TARGET);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM pool WHERE state <> 'deleted' OR "
                     "remote_todo <> 'nothing'"),
        TARGET);
}

static fake_platform *share(const char *folder)
{
    char path[128];
    pl_fmt_cut(path, sizeof path, "%s/platform", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, sizeof(fake_platform)), 0);
    fake_platform *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    close(fd);
    (void)unlink(path);
    return p;
}

static bool try_at(unsigned seed, int before, int after)
{
    world w;
    world child;
    crowd c = {.seed = seed};
    const killer_story crash = {.run = come,
                                .on_output = on_given,
                                .output_size = sizeof(given),
                                .ctx = &c};
    world_prepare(&w);
    c.platform = share(w.folder);
    w.config.pool_target = TARGET;
    w.config.pool_fill_per_s = 200;
    w.config.pool_lease_s = 30;
    w.config.platform_rate_per_min = 100000;
    platform_configure(&w);
    child = w;
    platform_serve(c.platform, &child);
    bool is_killed = killer_run(&child, &crash, before, after);
    check_distinct(&c);
    check_kept(&c);
    world_create_parts(&w);
    check_after(&w, &c);
    world_destroy(&w);
    (void)munmap(c.platform, sizeof *c.platform);
    return is_killed;
}

static void killed_before_a_commit_nothing_is_lost_or_left(void **state)
{
    (void)state;
    killer_each_seed(try_at, true, SEEDS, STEP, 30, MAX_COMMITS);
}

static void killed_after_a_commit_nothing_is_lost_or_left(void **state)
{
    (void)state;
    killer_each_seed(try_at, false, SEEDS, STEP, 30, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_a_commit_nothing_is_lost_or_left),
        cmocka_unit_test(killed_after_a_commit_nothing_is_lost_or_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
