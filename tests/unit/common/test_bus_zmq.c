#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "pl/bus.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    BURST = 3000,
    DEADLINE_US = 60000000,
    LAST_WORDS = 300,
    LINGER_NS = 200000000
};

typedef struct rig {
    char dir[64], endpoint[128];
    pl_loop *loop;
    pl_bus *router, *dealer;
    pl_timer *limit;
    bool is_late;
    int requests, replies, ok, wanted, links, events;
    pl_bus_options router_options, dealer_options;
} rig;

static void on_late(void *ctx)
{
    rig *r = ctx;
    r->is_late = true;
    pl_loop_stop(r->loop);
}

static int setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    pl_fmt_cut(r->dir, sizeof r->dir, "/tmp/test_bus_XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    pl_fmt_cut(r->endpoint, sizeof r->endpoint, "ipc://%s/run/bus", r->dir);
    assert_int_equal(pl_loop_create(&r->loop), PL_OK);
    assert_int_equal(pl_timer_create(r->loop, on_late, r, &r->limit), PL_OK);
    pl_timer_start(r->limit, DEADLINE_US);
    r->router_options = (pl_bus_options){.loop = r->loop,
                                         .node = "roompool.1",
                                         .role = PL_ROLE_ROOMPOOL,
                                         .endpoint = r->endpoint};
    r->dealer_options = (pl_bus_options){.loop = r->loop,
                                         .node = "media-1.aa",
                                         .role = PL_ROLE_MEDIA,
                                         .endpoint = r->endpoint};
    *state = r;
    return 0;
}

static void remove_in(const rig *r, const char *name)
{
    char path[256];
    pl_fmt_cut(path, sizeof path, "%s/%s", r->dir, name);
    (void)remove(path);
}

static int teardown(void **state)
{
    static const char *const FILES[] = {
        "run/bus",     "run/bus.lock", "run",       "keys/api-1", "keys/media",
        "keys/worker", "keys",         "server",    "server.pub", "api-1",
        "api-1.pub",   "media",        "media.pub", "worker",     "worker.pub",
        "stranger",    "stranger.pub"};
    rig *r = *state;
    pl_bus_close(&r->dealer);
    pl_bus_close(&r->router);
    pl_timer_destroy(&r->limit);
    pl_loop_destroy(&r->loop);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        remove_in(r, FILES[i]);
    (void)rmdir(r->dir);
    free(r);
    return 0;
}

static void on_get(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    r->requests++;
    const pl_metrics_text t = {.total = 1};
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_METRICS_TEXT, &t);
}

static void on_event(void *ctx, const pl_bus_in *in)
{
    (void)in;
    rig *r = ctx;
    if (++r->events == r->wanted)
        pl_loop_stop(r->loop);
}

static void open_router(rig *r)
{
    assert_int_equal(pl_bus_open_zmq(&r->router_options, &r->router), PL_OK);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_METRICS_GET, on_get, r),
                     PL_OK);
    assert_int_equal(
        pl_bus_handle(r->router, &PL_MSG_INVENTORY_END, on_event, r), PL_OK);
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    (void)in;
    rig *r = ctx;
    r->ok += e == PL_OK;
    if (++r->replies == r->wanted)
        pl_loop_stop(r->loop);
}

static void ask(rig *r, bool retry)
{
    const pl_metrics_get m = {.index = 0};
    const pl_bus_send how = {.deadline_ms = 50000, .retry = retry};
    assert_int_equal(pl_bus_request(r->dealer, &how, &PL_MSG_METRICS_GET, &m,
                                    on_reply, r, NULL),
                     PL_OK);
}

static void run(rig *r)
{
    pl_loop_run(r->loop);
    assert_false(r->is_late);
}

static void a_request_made_before_the_connection_is_answered(void **state)
{
    rig *r = *state;
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
    r->wanted = 1;
    ask(r, false);
    open_router(r);
    run(r);
    assert_int_equal(r->ok, 1);
    struct stat st;
    char dir[128];
    pl_fmt_cut(dir, sizeof dir, "%s/run", r->dir);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_burst_loses_no_edge(void **state)
{
    /* ZMQ_FD signals once for many messages: all must be answered. */
    rig *r = *state;
    open_router(r);
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
    r->wanted = 1;
    ask(r, false);
    run(r);
    r->wanted = 1 + BURST;
    for (int i = 0; i < BURST; i++)
        ask(r, false);
    run(r);
    assert_int_equal(r->ok, 1 + BURST);
}

static void a_full_queue_refuses_events(void **state)
{
    rig *r = *state;
    char path[128];
    const int one = 1;
    /* A peer that takes the connection and then reads nothing. */
    void *context = zmq_ctx_new();
    void *raw = zmq_socket(context, ZMQ_ROUTER);
    pl_fmt_cut(path, sizeof path, "%s/run", r->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(zmq_setsockopt(raw, ZMQ_RCVHWM, &one, sizeof one), 0);
    assert_int_equal(zmq_bind(raw, r->endpoint), 0);
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
    zmq_pollitem_t item = {.socket = raw, .events = ZMQ_POLLIN};
    const pl_inventory_end m = {.count = 1};
    pl_err e = PL_EFULL;
    for (int i = 0; i < 1000 && e == PL_EFULL; i++) {
        e = pl_bus_event(r->dealer, NULL, &PL_MSG_INVENTORY_END, &m);
        (void)zmq_poll(&item, 1, 10);
    }
    assert_int_equal(e, PL_OK); /* connected */
    for (int i = 0; i < 1000000 && e == PL_OK; i++)
        e = pl_bus_event(r->dealer, NULL, &PL_MSG_INVENTORY_END, &m);
    assert_int_equal(e, PL_EFULL); /* and did not block */
    pl_bus_stats s;
    pl_bus_get_stats(r->dealer, &s);
    assert_true(s.dropped >= 1);
    (void)zmq_close(raw);
    (void)zmq_ctx_term(context);
}

static void on_link(void *ctx, bool is_up)
{
    rig *r = ctx;
    (void)is_up;
    r->links++;
}

static void retry_survives_a_restart_of_the_router(void **state)
{
    rig *r = *state;
    open_router(r);
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
    pl_bus_watch_link(r->dealer, on_link, r);
    r->wanted = 1;
    ask(r, false);
    run(r);
    pl_bus_close(&r->router);
    r->wanted = 11;
    for (int i = 0; i < 10; i++)
        ask(r, true);
    open_router(r); /* the same ipc path again */
    run(r);
    assert_int_equal(r->ok, 11);
}

/* In the child: answers, and dies while most of it is not read yet. */
static void on_get_and_die(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    on_get(ctx, in);
    if (r->requests <= LAST_WORDS)
        return;
    /* Its answers are on the way, most of them. */
    (void)nanosleep(&(struct timespec){.tv_nsec = LINGER_NS}, NULL);
    (void)kill(getpid(), SIGKILL);
}

static void answer_and_die(rig *r)
{
    if (pl_bus_open_zmq(&r->router_options, &r->router) == PL_OK &&
        pl_bus_handle(r->router, &PL_MSG_METRICS_GET, on_get_and_die, r) ==
            PL_OK)
        pl_loop_run(r->loop);
    _exit(1);
}

/* What a dead connection leaves unread is thrown away; half a message among it
 * would end this process at its next connection. */
static void a_killed_router_takes_nobody_with_it(void **state)
{
    rig *r = *state;
    int status = 0;
    pid_t pid = fork(); /* there is no ZeroMQ here yet */
    assert_true(pid >= 0);
    if (pid == 0)
        answer_and_die(r);
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
    r->wanted = 1;
    ask(r, true);
    run(r);
    r->wanted = 1 + LAST_WORDS;
    for (int i = 0; i < LAST_WORDS; i++)
        ask(r, true);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    open_router(r);
    run(r);
    assert_int_equal(r->ok, r->wanted);
}

static void a_second_roompool_is_refused(void **state)
{
    rig *r = *state;
    open_router(r);
    pl_bus *second = NULL;
    assert_int_equal(pl_bus_open_zmq(&r->router_options, &second), PL_EIO);
    assert_null(second);
}

static void bad_endpoints_are_configuration_errors(void **state)
{
    rig *r = *state;
    const char *const bad[] = {"",
                               "ipc://",
                               "udp://1.2.3.4:5",
                               "tcp://0.0.0.0:5599",
                               "tcp://*:5599",
                               "tcp://192.0.2.1:5599"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pl_bus *bus = NULL;
        r->router_options.endpoint = bad[i];
        assert_int_equal(pl_bus_open_zmq(&r->router_options, &bus), PL_ECONFIG);
        assert_null(bus);
    }
    char longer[200];
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "ipc://", 6);
    longer[sizeof longer - 1] = '\0';
    pl_bus *bus = NULL;
    r->dealer_options.endpoint = longer;
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &bus), PL_ECONFIG);
}

static void write_file(const rig *r, const char *name, const char *text)
{
    char path[256];
    pl_fmt_cut(path, sizeof path, "%s/%s", r->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void make_keys(const rig *r, const char *name, bool allow)
{
    char pub[41];
    char secret[41];
    char file[64];
    assert_int_equal(zmq_curve_keypair(pub, secret), 0);
    write_file(r, name, secret);
    pl_fmt_cut(file, sizeof file, "%s.pub", name);
    write_file(r, file, pub);
    if (allow) {
        pl_fmt_cut(file, sizeof file, "keys/%s", name);
        write_file(r, file, pub);
    }
}

typedef struct curve_paths {
    char server[128], server_pub[128], keys[128], own[128], own_pub[128];
} curve_paths;

/* A router with CURVE on a loopback port, and a dealer with the named key. */
static void open_curve(rig *r, const char *name, curve_paths *p)
{
    char keys[128];
    pl_fmt_cut(keys, sizeof keys, "%s/keys", r->dir);
    assert_int_equal(mkdir(keys, 0700), 0);
    make_keys(r, "server", false);
    make_keys(r, "api-1", true);
    make_keys(r, "media", true);
    make_keys(r, "worker", true); /* a name without a role */
    make_keys(r, "stranger", false);
    pl_fmt_cut(p->server, sizeof p->server, "%s/server", r->dir);
    pl_fmt_cut(p->server_pub, sizeof p->server_pub, "%s/server.pub", r->dir);
    pl_fmt_cut(p->keys, sizeof p->keys, "%s/keys", r->dir);
    pl_fmt_cut(p->own, sizeof p->own, "%s/%s", r->dir, name);
    pl_fmt_cut(p->own_pub, sizeof p->own_pub, "%s/%s.pub", r->dir, name);
    r->router_options.secret_key_file = p->server;
    r->router_options.allowed_keys_dir = p->keys;
    r->dealer_options.secret_key_file = p->own;
    r->dealer_options.public_key_file = p->own_pub;
    r->dealer_options.server_key_file = p->server_pub;
    open_router(r);
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
}

static void an_allowed_key_is_let_in(void **state)
{
    rig *r = *state;
    curve_paths p;
    open_curve(r, "api-1", &p);
    r->wanted = 1;
    ask(r, false);
    run(r);
    assert_int_equal(r->ok, 1);
}

/* The key counts, not the name that the worker gives itself. */
static void a_key_sends_what_its_role_sends(void **state)
{
    rig *r = *state;
    curve_paths p;
    r->dealer_options.node = "api-1.aa";
    open_curve(r, "media", &p);
    const pl_metrics_get m = {.index = 0};
    r->wanted = 1;
    assert_int_equal(pl_bus_request(r->dealer, NULL, &PL_MSG_METRICS_GET, &m,
                                    on_reply, r, NULL),
                     PL_OK);
    run(r);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->ok, 0);
    assert_int_equal(r->requests, 0);
    pl_bus_stats stats;
    pl_bus_get_stats(r->router, &stats);
    assert_int_equal(stats.refused, 1);
}

static void keep_out(rig *r, const char *key)
{
    curve_paths p;
    open_curve(r, key, &p);
    const pl_metrics_get m = {.index = 0};
    const pl_bus_send how = {.deadline_ms = 1000};
    r->wanted = 1;
    assert_int_equal(pl_bus_request(r->dealer, &how, &PL_MSG_METRICS_GET, &m,
                                    on_reply, r, NULL),
                     PL_OK);
    run(r);
    assert_int_equal(r->ok, 0);
    assert_int_equal(r->requests, 0);
}

static void another_key_is_kept_out(void **state)
{
    keep_out(*state, "stranger");
}

static void a_key_that_is_allowed_later_is_let_in(void **state)
{
    rig *r = *state;
    keep_out(r, "stranger");
    char from[128];
    char to[128];
    pl_fmt_cut(from, sizeof from, "%s/stranger.pub", r->dir);
    pl_fmt_cut(to, sizeof to, "%s/keys/api-2", r->dir);
    assert_int_equal(rename(from, to), 0);
    r->wanted = 2;
    ask(r, true);
    run(r);
    assert_int_equal(r->ok, 1);
}

static void a_key_without_role_is_kept_out(void **state)
{
    keep_out(*state, "worker");
}

static void unusable_keys_are_configuration_errors(void **state)
{
    rig *r = *state;
    pl_bus *bus = NULL;
    char path[128];
    write_file(r, "worker", "too short");
    pl_fmt_cut(path, sizeof path, "%s/worker", r->dir);
    r->router_options.secret_key_file = path;
    assert_int_equal(pl_bus_open_zmq(&r->router_options, &bus), PL_ECONFIG);
    make_keys(r, "worker", false); /* good, but nobody is allowed in */
    assert_int_equal(pl_bus_open_zmq(&r->router_options, &bus), PL_ECONFIG);
    r->dealer_options.secret_key_file = path; /* without the others */
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &bus), PL_ECONFIG);
    r->dealer_options.public_key_file = "/nonexistent/key";
    r->dealer_options.server_key_file = "/nonexistent/key";
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &bus), PL_ECONFIG);
    assert_null(bus);
}

static void junk_on_the_socket_is_counted(void **state)
{
    rig *r = *state;
    open_router(r);
    void *context = zmq_ctx_new();
    void *raw = zmq_socket(context, ZMQ_DEALER);
    assert_int_equal(zmq_connect(raw, r->endpoint), 0);
    assert_int_equal(zmq_send(raw, "x", 1, 0), 1); /* no envelope */
    assert_int_equal(zmq_send(raw, "a", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(raw, "b", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(raw, "c", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(raw, "d", 1, 0), 1); /* too many frames */
    assert_int_equal(zmq_send(raw, "", 0, 0), 0);
    assert_int_equal(zmq_send(raw, "\0\5abc", 5, 0), 5); /* too short */
    assert_int_equal(zmq_send(raw, "\0\3abc", 5, 0), 5); /* no envelope */
    assert_int_equal(pl_bus_open_zmq(&r->dealer_options, &r->dealer), PL_OK);
    r->wanted = 1;
    ask(r, false); /* afterwards, all still works */
    run(r);
    assert_int_equal(r->ok, 1);
    (void)zmq_close(raw);
    (void)zmq_ctx_term(context);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    pl_log_set_level(PL_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        T(a_request_made_before_the_connection_is_answered),
        T(a_burst_loses_no_edge),
        T(a_full_queue_refuses_events),
        T(retry_survives_a_restart_of_the_router),
        T(a_killed_router_takes_nobody_with_it),
        T(a_second_roompool_is_refused),
        T(bad_endpoints_are_configuration_errors),
        T(an_allowed_key_is_let_in),
        T(a_key_sends_what_its_role_sends),
        T(another_key_is_kept_out),
        T(a_key_that_is_allowed_later_is_let_in),
        T(a_key_without_role_is_kept_out),
        T(unusable_keys_are_configuration_errors),
        T(junk_on_the_socket_is_counted),
    };
    return cmocka_run_group_tests_name("bus_zmq", tests, NULL, NULL);
}
