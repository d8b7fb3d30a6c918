/* test_pool_crash.c - roompool is killed around every commit of a hundred
 * parallel check-outs: no room is handed out twice, and none is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "killer.h"
#include "pool_client.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    CLIENTS = 100,
    TARGET = 20,
    SEEDS = 6,
    STEP = 6, /* so that each commit is met with one of the seeds */
    MAX_COMMITS = 200
};

/* What was answered. */
typedef struct given {
    int client;
    char name[65];
} given;

typedef struct crowd {
    unsigned seed;
    char names[CLIENTS][65]; /* "" not answered */
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

static void report(answer *all, int n, int fd)
{
    for (int i = 0; i < n; i++) {
        given g = {.client = i};
        if (!all[i].is_done || all[i].corr == 0)
            continue;
        assert_int_equal(all[i].error, PL_OK);
        PUT(g.name, all[i].body.room.name);
        all[i].corr = 0; /* reported */
        if (write(fd, &g, sizeof g) != sizeof g)
            _exit(1);
    }
}

/* In the child: they come in clusters, while the pool refills. */
static void come(world *w, void *ctx, int fd)
{
    static answer all[CLIENTS];
    unsigned seed = ((crowd *)ctx)->seed;
    for (int i = 0; i < CLIENTS;) {
        unsigned n = 1 + draw(&seed, 14);
        for (; n > 0 && i < CLIENTS; n--, i++)
            take(w, i, &all[i]);
        world_run(w, (int64_t)(1 + draw(&seed, 30)) * MS);
        report(all, i, fd);
    }
    world_run(w, S);
    report(all, CLIENTS, fd);
}

static void on_given(void *ctx, const void *data, size_t len)
{
    crowd *c = ctx;
    given g;
    assert_int_equal(len, sizeof g);
    memcpy(&g, data, len);
    assert_string_equal(c->names[g.client], "");
    PUT(c->names[g.client], g.name);
}

static void check_distinct(const crowd *c)
{
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; c->names[i][0] && k < i; k++)
            assert_string_not_equal(c->names[i], c->names[k]);
    }
}

/* What was answered is stored as handed out, to that client. */
static void check_kept(world *w, const crowd *c)
{
    static char list[CLIENTS * 64];
    static char sql[sizeof list + 256];
    size_t len = 0;
    int n = 0;
    for (int i = 0; i < CLIENTS; i++) {
        if (!c->names[i][0])
            continue;
        pl_fmt_cut(list + len, sizeof list - len, "%s('%s','tag:payload-%d')",
                   n++ ? "," : "", c->names[i], i);
        len += strlen(list + len);
    }
    if (n == 0)
        return;
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM (VALUES %s) v JOIN v_pool_rooms p ON "
               "p.name = v.column1 AND p.tag = v.column2 AND p.state = "
               "'reserved'",
               list);
    assert_int_equal(world_sql(w, sql), n);
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
        if (c->names[i][0])
            assert_string_equal(c->names[i], all[i].body.room.name);
        PUT(c->names[i], all[i].body.room.name);
    }
    check_distinct(c);
    assert_int_equal(
        world_sql(w, "SELECT rooms FROM v_pool WHERE state = 'reserved'"),
        CLIENTS);
}

static void check_after(world *w, crowd *c)
{
    static const char rooms[] =
        "SELECT count(*) FROM rooms WHERE source = 'pool'";
    world_start_roompool(w);
    world_check(w);
    assert_int_equal(world_metric(w, PL_RM_pool_orphans), 0);
    assert_int_equal(world_sql(w, rooms),
                     world_sql(w, "SELECT count(*) FROM pool WHERE state <> "
                                  "'deleted'"));
    PUT(w->api_node, "api-1.2");
    w->api = world_open_bus(w, w->api_node, PL_ROLE_API);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    come_again(w, c);
    world_check(w);
    /* Nobody comes into any: all of them go, and the pool is full. */
    world_run(w, (int64_t)w->config.pool_lease_s * S + 5 * S);
    world_check(w);
    assert_int_equal(world_sql(w, rooms), TARGET);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM pool WHERE state = 'free' AND "
                     "reserved_at IS NOT NULL"),
        0);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM aliases a LEFT JOIN rooms r USING "
                     "(room_id) WHERE r.room_id IS NULL"),
        0);
}

static bool try_at(unsigned seed, int before, int after)
{
    world w;
    crowd c = {.seed = seed};
    const killer_story crash = {.run = come,
                                .on_output = on_given,
                                .output_size = sizeof(given),
                                .ctx = &c};
    world_prepare(&w);
    w.config.pool_target = TARGET;
    w.config.pool_fill_per_s = 200;
    w.config.pool_lease_s = 30;
    bool is_killed = killer_run(&w, &crash, before, after);
    for (int i = 0; !is_killed && i < CLIENTS; i++)
        assert_string_not_equal(c.names[i], "");
    check_distinct(&c);
    check_kept(&w, &c);
    world_create_parts(&w);
    check_after(&w, &c);
    world_destroy(&w);
    return is_killed;
}

static void killed_before_a_commit_no_room_is_given_twice_or_lost(void **state)
{
    (void)state;
    killer_each_seed(try_at, true, SEEDS, STEP, 15, MAX_COMMITS);
}

static void killed_after_a_commit_no_room_is_given_twice_or_lost(void **state)
{
    (void)state;
    killer_each_seed(try_at, false, SEEDS, STEP, 15, MAX_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_before_a_commit_no_room_is_given_twice_or_lost),
        cmocka_unit_test(killed_after_a_commit_no_room_is_given_twice_or_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
