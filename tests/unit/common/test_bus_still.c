/* test_bus_still.c - a process that stood still takes nobody else for gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "loop_impl.h"
#include "pl/bus.h"

enum { MS = 1000, BEAT_MS = 25, STILL_MS = 400, LOOK_MS = 12 * BEAT_MS };

typedef struct rig {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *router, *dealer;
    int links_down, peers_up, peers_down;
} rig;

static void on_hello(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    pl_hello_ok ok = {.roompool_boot = 1, .beat_ms = BEAT_MS};
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_HELLO_OK, &ok);
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    (void)ctx;
    (void)in;
    assert_int_equal(e, PL_OK);
}

static void on_link(void *ctx, bool is_up)
{
    rig *r = ctx;
    r->links_down += !is_up;
}

static void on_peer(void *ctx, const char *node, bool is_up)
{
    rig *r = ctx;
    (void)node;
    r->peers_up += is_up;
    r->peers_down += !is_up;
}

static pl_bus *open_bus(rig *r, const char *node, pl_role role)
{
    pl_bus *bus = NULL;
    const pl_bus_options o = {
        .loop = r->loop, .node = node, .role = role, .beat_ms = BEAT_MS};
    assert_int_equal(pl_bus_open_mem(r->hub, &o, &bus), PL_OK);
    return bus;
}

static void run_for(rig *r, int ms)
{
    pl_loop_advance(r->loop, (int64_t)ms * MS);
}

/* Nothing runs meanwhile; what fell due runs late. */
static void stand_still(rig *r)
{
    r->loop->now_us += (int64_t)STILL_MS * MS;
}

static void cut(rig *r)
{
    const pl_bus_faults all = {.drop_permille = 1000};
    pl_bus_hub_set_faults(r->hub, &all);
}

static int setup(void **state)
{
    static rig r;
    r = (rig){0};
    assert_int_equal(pl_loop_create_fake(0, &r.loop), PL_OK);
    assert_int_equal(pl_bus_hub_create(r.loop, 1, &r.hub), PL_OK);
    r.router = open_bus(&r, "roompool.1", PL_ROLE_ROOMPOOL);
    pl_bus_watch_peers(r.router, on_peer, &r);
    assert_int_equal(pl_bus_handle(r.router, &PL_MSG_HELLO, on_hello, &r),
                     PL_OK);
    r.dealer = open_bus(&r, "media-1.aa", PL_ROLE_MEDIA);
    pl_bus_watch_link(r.dealer, on_link, &r);
    const pl_hello hello = {.role = PL_ROLE_MEDIA,
                            .node = "media-1.aa",
                            .build = "0",
                            .schema_major = 1,
                            .pid = 1};
    assert_int_equal(pl_bus_request(r.dealer, NULL, &PL_MSG_HELLO, &hello,
                                    on_reply, NULL, NULL),
                     PL_OK);
    run_for(&r, LOOK_MS);
    assert_int_equal(r.peers_up, 1);
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    rig *r = *state;
    pl_bus_close(&r->dealer);
    pl_bus_close(&r->router);
    pl_bus_hub_destroy(&r->hub);
    pl_loop_destroy(&r->loop);
    return 0;
}

static void who_stood_still_takes_nobody_for_gone(void **state)
{
    rig *r = *state;
    stand_still(r);
    run_for(r, LOOK_MS);
    assert_int_equal(r->peers_down, 0);
    assert_int_equal(r->links_down, 0);
}

static void the_silent_are_gone_all_the_same(void **state)
{
    rig *r = *state;
    cut(r);
    run_for(r, LOOK_MS);
    assert_int_equal(r->peers_down, 1);
    assert_int_equal(r->links_down, 1);
}

/* Its last beat is read before the own one that is late. */
static void who_ended_meanwhile_is_gone_as_soon(void **state)
{
    rig *r = *state;
    pl_bus_beat_now(r->dealer);
    stand_still(r);
    cut(r);
    run_for(r, LOOK_MS);
    assert_int_equal(r->peers_down, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(who_stood_still_takes_nobody_for_gone),
        T(the_silent_are_gone_all_the_same),
        T(who_ended_meanwhile_is_gone_as_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
