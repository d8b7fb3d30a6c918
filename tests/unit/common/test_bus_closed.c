#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "pl/str.h"

#include "bus_impl.h"

/* Beats are so slow here that nothing is noticed by their absence. */
enum { SECOND = 1000000, BEAT_MS = 10000, WORKERS = 3 };
static const int64_t MS = 1000; /* microseconds */

typedef struct rig {
    pl_loop *loop;
    pl_bus_hub *hub;
    pl_bus *router, *workers[WORKERS];
    int ups, downs, links_down, failed, hellos;
    pl_err hello; /* how the last one was answered */
    char down[PL_NODE_MAX + 1];
} rig;

static pl_bus *open_bus(rig *r, const char *node, pl_role role)
{
    pl_bus *bus = NULL;
    const pl_bus_options o = {
        .loop = r->loop, .node = node, .role = role, .beat_ms = BEAT_MS};
    assert_int_equal(pl_bus_open_mem(r->hub, &o, &bus), PL_OK);
    return bus;
}

static void on_hello(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    const pl_hello_ok ok = {.roompool_boot = 1, .beat_ms = BEAT_MS};
    r->hellos++;
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_HELLO_OK, &ok);
}

static void on_peer(void *ctx, const char *node, bool is_up)
{
    rig *r = ctx;
    r->ups += is_up;
    r->downs += !is_up;
    if (!is_up)
        pl_fmt_cut(r->down, sizeof r->down, "%s", node);
}

static void on_link(void *ctx, bool is_up)
{
    rig *r = ctx;
    r->links_down += !is_up;
}

static void on_hello_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    rig *r = ctx;
    (void)in;
    r->hello = e;
}

static void say_hello(rig *r, pl_bus *bus, const char *node)
{
    pl_hello m = {.role = PL_ROLE_MEDIA,
                  .build = "1",
                  .schema_major = PL_SCHEMA_MAJOR,
                  .pid = 1};
    pl_fmt_cut(m.node, sizeof m.node, "%s", node);
    r->hello = PL_ETIMEOUT;
    assert_int_equal(
        pl_bus_request(bus, NULL, &PL_MSG_HELLO, &m, on_hello_reply, r, NULL),
        PL_OK);
    pl_loop_advance(r->loop, 100 * MS);
}

static void open_router(rig *r)
{
    r->router = open_bus(r, "roompool", PL_ROLE_ROOMPOOL);
    pl_bus_watch_peers(r->router, on_peer, r);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_HELLO, on_hello, r),
                     PL_OK);
}

static int setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_int_equal(pl_loop_create_fake(0, &r->loop), PL_OK);
    assert_int_equal(pl_bus_hub_create(r->loop, 1, &r->hub), PL_OK);
    open_router(r);
    for (int i = 0; i < WORKERS; i++) {
        char node[32];
        pl_fmt_cut(node, sizeof node, "media-%d.aa", i);
        r->workers[i] = open_bus(r, node, PL_ROLE_MEDIA);
        pl_bus_watch_link(r->workers[i], on_link, r);
        say_hello(r, r->workers[i], node);
        assert_int_equal(r->hello, PL_OK);
    }
    assert_int_equal(r->ups, WORKERS);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    rig *r = *state;
    for (int i = 0; i < WORKERS; i++)
        pl_bus_close(&r->workers[i]);
    pl_bus_close(&r->router);
    pl_bus_hub_destroy(&r->hub);
    pl_loop_destroy(&r->loop);
    free(r);
    return 0;
}

static uint64_t closed(const pl_bus *bus)
{
    pl_bus_stats s;
    pl_bus_get_stats(bus, &s);
    return s.closed;
}

static void on_failed(void *ctx, pl_err e, const pl_bus_in *in)
{
    rig *r = ctx;
    (void)in;
    assert_int_equal(e, PL_ETIMEOUT);
    r->failed++;
}

static void a_killed_worker_is_noticed_at_once(void **state)
{
    rig *r = *state;
    const pl_worker_drain m = {0};
    const pl_bus_send how = {.to = "media-1.aa"};
    pl_bus_hub_tell_closed(r->hub, 0);
    pl_bus_close(&r->workers[1]);
    assert_int_equal(pl_bus_request(r->router, &how, &PL_MSG_WORKER_DRAIN, &m,
                                    on_failed, r, NULL),
                     PL_OK);
    pl_loop_advance(r->loop, MS);
    assert_int_equal(r->downs, 1);
    assert_string_equal(r->down, "media-1.aa");
    assert_int_equal(r->failed, 1); /* what waited for it */
    assert_int_equal(closed(r->router), 1);
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->downs, 1); /* once, and nobody else */
}

static void without_notice_only_beats_tell(void **state)
{
    rig *r = *state;
    pl_bus_close(&r->workers[1]);
    pl_loop_advance(r->loop, (int64_t)BEAT_MS * MS);
    assert_int_equal(r->downs, 0);
    pl_loop_advance(r->loop, (int64_t)4 * BEAT_MS * MS);
    assert_int_equal(r->downs, 1);
    assert_int_equal(closed(r->router), 0);
}

static void last_words_come_before_the_end(void **state)
{
    rig *r = *state;
    const pl_goodbye m = {0};
    const pl_bus_faults slow = {.delay_us = 50 * MS};
    pl_bus_hub_tell_closed(r->hub, 0);
    pl_bus_hub_set_faults(r->hub, &slow);
    assert_int_equal(pl_bus_event(r->workers[0], NULL, &PL_MSG_GOODBYE, &m),
                     PL_OK);
    pl_bus_close(&r->workers[0]);
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->downs, 1);
    assert_int_equal(closed(r->router), 0); /* it said goodbye */
}

static void many_ends_at_once_are_all_noticed(void **state)
{
    rig *r = *state;
    pl_bus_hub_tell_closed(r->hub, 0);
    pl_bus_close(&r->workers[0]);
    pl_loop_advance(r->loop, MS);
    pl_bus_close(&r->workers[1]); /* while one looks */
    pl_loop_advance(r->loop, 3 * MS);
    pl_bus_close(&r->workers[2]);
    pl_loop_advance(r->loop, 50 * MS);
    assert_int_equal(r->downs, WORKERS);
    assert_int_equal(closed(r->router), WORKERS);
}

static void a_connection_that_comes_back_in_time_is_no_end(void **state)
{
    rig *r = *state;
    pl_bus_hub_tell_closed(r->hub, 250 * MS);
    for (int i = 0; i < 20; i++) {
        pl_bus_hub_cut(r->hub, "media-1.aa", 200 * MS);
        pl_loop_advance(r->loop, 200 * MS);
        pl_bus_beat_now(r->workers[1]); /* as ZeroMQ's connection lets it */
        pl_loop_advance(r->loop, 100 * MS + i * MS);
    }
    pl_loop_advance(r->loop, SECOND);
    assert_int_equal(r->downs, 0);
    assert_int_equal(r->links_down, 0);
    pl_bus_hub_cut(r->hub, "media-1.aa", SECOND);
    pl_loop_advance(r->loop, 240 * MS);
    assert_int_equal(r->downs, 0);
    pl_loop_advance(r->loop, 30 * MS);
    assert_int_equal(r->downs, 1);
    assert_int_equal(r->links_down, 1); /* the worker saw it too */
    assert_string_equal(r->down, "media-1.aa");
    pl_loop_advance(r->loop, SECOND);
    say_hello(r, r->workers[1], "media-1.aa");
    assert_int_equal(r->hello, PL_OK);
    assert_int_equal(r->ups, WORKERS + 1);
}

static void workers_notice_the_end_of_roompool(void **state)
{
    rig *r = *state;
    pl_bus_hub_tell_closed(r->hub, 0);
    pl_bus_close(&r->router);
    pl_loop_advance(r->loop, MS);
    assert_int_equal(r->links_down, WORKERS);
    open_router(r);
    say_hello(r, r->workers[0], "media-0.aa");
    assert_int_equal(r->hello, PL_OK);
}

/* Over a network a worker's route has a secret: who only knows the name of
 * another one is not heard under it, and gets nothing of what it gets. */
static void a_name_that_is_up_cannot_be_used_by_others(void **state)
{
    rig *r = *state;
    const pl_bus_sender thief = {.node = "media-1.aa",
                                 .route = "media-1.aa~other"};
    const pl_bus_head head = {.major = PL_SCHEMA_MAJOR,
                              .msg_id = PL_MSG_GOODBYE.id,
                              .kind = PL_EVENT};
    uint8_t env[PL_BUS_ENVELOPE_MAX];
    uint8_t body[64];
    size_t n = 0;
    size_t len = 0;
    const pl_goodbye m = {0};
    pl_bus_stats s;
    assert_int_equal(pl_envelope_encode(&head, env, sizeof env, &n), PL_OK);
    assert_int_equal(
        pl_msg_encode(&PL_MSG_GOODBYE, &m, body, sizeof body, &len), PL_OK);
    pl_bus_receive(r->router, &thief, (pl_slice){env, n},
                   (pl_slice){body, len});
    assert_int_equal(r->downs, 0);
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.refused, 1);
    const pl_bus_sender own = {.node = "media-1.aa", .route = "media-1.aa"};
    pl_bus_receive(r->router, &own, (pl_slice){env, n}, (pl_slice){body, len});
    assert_int_equal(r->downs, 1); /* its own words count */
}

static void a_second_process_of_a_name_waits_for_the_first(void **state)
{
    rig *r = *state;
    pl_bus_hub_tell_closed(r->hub, 0);
    pl_bus *second = open_bus(r, "media-1.bb", PL_ROLE_MEDIA);
    int hellos = r->hellos;
    say_hello(r, second, "media-1.bb");
    assert_int_equal(r->hello, PL_EEXIST);
    assert_int_equal(r->hellos, hellos); /* roompool was not asked */
    assert_int_equal(r->downs, 0);
    pl_bus_close(&r->workers[1]);
    pl_loop_advance(r->loop, MS);
    say_hello(r, second, "media-1.bb");
    assert_int_equal(r->hello, PL_OK);
    assert_int_equal(r->downs, 1);
    pl_bus_close(&second);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    pl_log_set_level(PL_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        T(a_killed_worker_is_noticed_at_once),
        T(without_notice_only_beats_tell),
        T(last_words_come_before_the_end),
        T(many_ends_at_once_are_all_noticed),
        T(a_connection_that_comes_back_in_time_is_no_end),
        T(workers_notice_the_end_of_roompool),
        T(a_name_that_is_up_cannot_be_used_by_others),
        T(a_second_process_of_a_name_waits_for_the_first),
    };
    return cmocka_run_group_tests_name("bus_closed", tests, NULL, NULL);
}
