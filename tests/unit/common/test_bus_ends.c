/* Ends of processes as roompool's bus notices them: real ones, killed and
 * started again while all of them send. Their beats are 10 s apart, so what is
 * noticed is the connection. BUS_ENDS=n asks for n rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pl/bus.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    PEERS = 20,
    FEW = 4,
    WAITS = 1000,
    ROUNDS = 5,
    KILLED_MAX = 4, /* at once */
    BREAKS = 5,
    BREAK_US = 150000, /* between breaks */
    LIMIT_US = 60000000,
    RELAYED_MAX = 64
};

typedef struct peer {
    pid_t pid;
    bool is_up, is_killed;
    int64_t killed_us;
} peer;

typedef struct rig {
    char dir[64], endpoint[128], connect_to[128];
    pl_loop *loop;
    pl_bus *router;
    pl_timer *limit;
    peer peers[PEERS];
    int n_peers, n_up, wanted_up, ups, downs, false_alarms;
    int64_t worst_us;
    unsigned events;
    bool is_late;
    pid_t relay;
} rig;

static void on_late(void *ctx)
{
    rig *r = ctx;
    r->is_late = true;
    pl_loop_stop(r->loop);
}

static void run_until(rig *r, int wanted_up)
{
    r->wanted_up = wanted_up;
    if (r->n_up == wanted_up)
        return;
    pl_timer_start(r->limit, LIMIT_US);
    pl_loop_run(r->loop);
    pl_timer_stop(r->limit);
    if (r->is_late) {
        fail_msg("%d of %d up after %d ms", r->n_up, wanted_up,
                 LIMIT_US / 1000);
    }
}

static void run_for(rig *r, int64_t us)
{
    pl_timer_start(r->limit, us);
    pl_loop_run(r->loop);
    r->is_late = false;
}

static void on_peer(void *ctx, const char *node, bool is_up)
{
    rig *r = ctx;
    peer *p = &r->peers[strtol(node + 1, NULL, 10) % PEERS];
    r->ups += is_up;
    r->downs += !is_up;
    if (!is_up && !p->is_killed)
        r->false_alarms++;
    if (!is_up) {
        int64_t us = pl_loop_now_us(r->loop) - p->killed_us;
        r->worst_us = us > r->worst_us ? us : r->worst_us;
    }
    p->is_up = is_up;
    r->n_up += is_up ? 1 : -1;
    if (r->n_up == r->wanted_up)
        pl_loop_stop(r->loop);
}

static void on_hello(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    const pl_hello_ok ok = {.roompool_boot = 1, .beat_ms = 10000};
    pl_bus_reply(r->router, &in->ticket, &PL_MSG_HELLO_OK, &ok);
}

static void on_event(void *ctx, const pl_bus_in *in)
{
    rig *r = ctx;
    (void)in;
    r->events++;
}

static int setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    pl_fmt_cut(r->dir, sizeof r->dir, "/tmp/test_ends_XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    assert_int_equal(pl_loop_create(&r->loop), PL_OK);
    assert_int_equal(pl_timer_create(r->loop, on_late, r, &r->limit), PL_OK);
    *state = r;
    return 0;
}

static void end_child(pid_t pid)
{
    if (pid <= 0)
        return;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static int teardown(void **state)
{
    static const char *const files[] = {"bus.lock", "bus", ""};
    rig *r = *state;
    char path[128];
    for (int i = 0; i < r->n_peers; i++) {
        end_child(r->peers[i].pid);
        pl_fmt_cut(path, sizeof path, "%s/w%d.ready", r->dir, i);
        (void)remove(path);
    }
    end_child(r->relay);
    pl_bus_close(&r->router);
    pl_timer_destroy(&r->limit);
    pl_loop_destroy(&r->loop);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        pl_fmt_cut(path, sizeof path, "%s/%s", r->dir, files[i]);
        (void)remove(path);
    }
    free(r);
    return 0;
}

static int listen_anywhere(int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void open_router(rig *r)
{
    const pl_bus_options o = {.loop = r->loop,
                              .node = "roompool.1",
                              .role = PL_ROLE_ROOMPOOL,
                              .endpoint = r->endpoint,
                              .beat_ms = 10000};
    assert_int_equal(pl_bus_open_zmq(&o, &r->router), PL_OK);
    pl_bus_watch_peers(r->router, on_peer, r);
    assert_int_equal(pl_bus_handle(r->router, &PL_MSG_HELLO, on_hello, r),
                     PL_OK);
    assert_int_equal(
        pl_bus_handle(r->router, &PL_MSG_INVENTORY_END, on_event, r), PL_OK);
}

static void start_peer(rig *r, int i)
{
    char node[32];
    char bus[160];
    char run_dir[96];
    pl_fmt_cut(node, sizeof node, "--node=w%d", i);
    pl_fmt_cut(bus, sizeof bus, "--bus=%s", r->connect_to);
    pl_fmt_cut(run_dir, sizeof run_dir, "--run_dir=%s", r->dir);
    char *args[] = {"tiny_worker",       node,    bus,
                    "--beat_ms=10000",   run_dir, "--greeting=noisy",
                    "--log_level=error", NULL};
    pid_t parent = getpid();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && chdir(r->dir) == 0)
            (void)execv(TINY_WORKER, args);
        _exit(127);
    }
    r->peers[i] = (peer){.pid = pid};
}

static void start_peers(rig *r, int n)
{
    r->n_peers = n;
    for (int i = 0; i < n; i++)
        start_peer(r, i);
    run_until(r, n);
}

static int rounds(void)
{
    const char *text = getenv("BUS_ENDS"); /* NOLINT(concurrency-mt-unsafe) */
    int n = text ? (int)strtol(text, NULL, 10) : 0;
    return n > 0 ? n : ROUNDS;
}

static unsigned draw(unsigned below)
{
    uint32_t v = 0;
    pl_random(&v, sizeof v);
    return v % below;
}

/* Kill some, see just these go; start them again. */
static void kill_some(rig *r)
{
    int n = 0;
    for (unsigned left = 1 + draw(KILLED_MAX); left > 0; left--) {
        peer *p = &r->peers[draw(PEERS)];
        if (p->is_killed)
            continue;
        p->is_killed = true;
        p->killed_us = pl_loop_now_us(r->loop);
        assert_int_equal(kill(p->pid, SIGKILL), 0);
        n++;
        run_for(r, draw(3000)); /* at once, or while one looks for the last */
    }
    run_until(r, PEERS - n);
    for (int i = 0; i < PEERS; i++) {
        if (!r->peers[i].is_killed)
            continue;
        assert_false(r->peers[i].is_up);
        assert_int_equal(waitpid(r->peers[i].pid, NULL, 0), r->peers[i].pid);
        start_peer(r, i);
    }
    run_until(r, PEERS);
}

static void kill_and_restart(rig *r)
{
    unsigned events = 0;
    start_peers(r, PEERS);
    for (int i = 0; i < rounds(); i++) {
        kill_some(r);
        assert_int_equal(r->false_alarms, 0);
        for (int waits = 0; r->events == events && waits < WAITS; waits++)
            run_for(r, BREAK_US / 10);
        assert_true(r->events > events); /* they all talk meanwhile */
        events = r->events;
    }
    pl_bus_stats s;
    pl_bus_get_stats(r->router, &s);
    assert_int_equal(s.closed, r->downs);
    assert_int_equal(r->ups, PEERS + r->downs);
    print_message("%d ends noticed, the slowest after %d ms\n", r->downs,
                  (int)(r->worst_us / 1000));
}

static void ends_are_noticed_over_ipc(void **state)
{
    rig *r = *state;
    pl_fmt_cut(r->endpoint, sizeof r->endpoint, "ipc://%s/bus", r->dir);
    pl_fmt_cut(r->connect_to, sizeof r->connect_to, "%s", r->endpoint);
    open_router(r);
    kill_and_restart(r);
}

static void ends_are_noticed_over_tcp(void **state)
{
    rig *r = *state;
    int port = 0;
    (void)close(listen_anywhere(&port));
    pl_fmt_cut(r->endpoint, sizeof r->endpoint, "tcp://127.0.0.1:%d", port);
    pl_fmt_cut(r->connect_to, sizeof r->connect_to, "%s", r->endpoint);
    open_router(r);
    kill_and_restart(r);
}

/* --- a network that loses connections --- */

static volatile sig_atomic_t must_break;

static void on_break(int number)
{
    (void)number;
    must_break = 1;
}

static int connect_to(int port)
{
    const struct sockaddr_in a = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Both ends are closed: neighbours in the table. */
static void drop(struct pollfd *fds, int i)
{
    int other = (i - 1) % 2 == 0 ? i + 1 : i - 1;
    if (fds[i].fd < 0)
        return;
    (void)close(fds[i].fd);
    (void)close(fds[other].fd);
    fds[i].fd = fds[other].fd = -1;
}

static void pass_on(struct pollfd *fds, int i)
{
    char bytes[65536];
    int other = (i - 1) % 2 == 0 ? i + 1 : i - 1;
    ssize_t n = read(fds[i].fd, bytes, sizeof bytes);
    if (n <= 0 || write(fds[other].fd, bytes, (size_t)n) != n)
        drop(fds, i);
}

static void take(struct pollfd *fds, int port)
{
    int in = accept(fds[0].fd, NULL, NULL);
    int out = connect_to(port);
    for (int i = 1; i + 1 < RELAYED_MAX && in >= 0 && out >= 0; i += 2) {
        if (fds[i].fd >= 0)
            continue;
        fds[i].fd = in;
        fds[i + 1].fd = out;
        return;
    }
    (void)close(in);
    (void)close(out);
}

/* A child of its own: passes bytes on, breaks all connections at SIGUSR1. */
static void relay(int listener, int port)
{
    struct pollfd fds[RELAYED_MAX];
    const struct sigaction on = {.sa_handler = on_break};
    (void)sigaction(SIGUSR1, &on, NULL);
    for (int i = 0; i < RELAYED_MAX; i++)
        fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    fds[0].fd = listener;
    for (;;) {
        int n = poll(fds, RELAYED_MAX, 100);
        for (int i = 1; i < RELAYED_MAX && must_break; i++)
            drop(fds, i);
        must_break = 0;
        if (n <= 0)
            continue;
        for (int i = 1; i < RELAYED_MAX; i++) {
            if (fds[i].fd >= 0 && fds[i].revents)
                pass_on(fds, i);
        }
        if (fds[0].revents)
            take(fds, port);
    }
}

static void a_connection_that_comes_back_is_no_end(void **state)
{
    rig *r = *state;
    int port = 0;
    int outside = 0;
    int listener = listen_anywhere(&outside);
    (void)close(listen_anywhere(&port));
    r->relay = fork(); /* there is no ZeroMQ here yet */
    assert_true(r->relay >= 0);
    if (r->relay == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        relay(listener, port);
    }
    (void)close(listener);
    pl_fmt_cut(r->endpoint, sizeof r->endpoint, "tcp://127.0.0.1:%d", port);
    pl_fmt_cut(r->connect_to, sizeof r->connect_to, "tcp://127.0.0.1:%d",
               outside);
    open_router(r);
    start_peers(r, FEW);
    for (int i = 0; i < BREAKS; i++) {
        assert_int_equal(kill(r->relay, SIGUSR1), 0);
        run_for(r, BREAK_US);
        unsigned events = r->events;
        for (int waits = 0; r->events == events && waits < WAITS; waits++)
            run_for(r, BREAK_US / 10);
        assert_true(r->events > events); /* they are back */
    }
    assert_int_equal(r->downs, 0);
    assert_int_equal(r->n_up, FEW);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    pl_log_set_level(PL_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        T(ends_are_noticed_over_ipc),
        T(ends_are_noticed_over_tcp),
        T(a_connection_that_comes_back_is_no_end),
    };
    return cmocka_run_group_tests_name("bus_ends", tests, NULL, NULL);
}
