/* What a stolen key of a media worker is good for, and what it is not: roompool
 * and a worker as processes, over TCP with CURVE. The thief speaks ZeroMQ by
 * itself and sends what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zmq.h>

#include "pl/log.h"
#include "pl/msg.h"
#include "pl/str.h"
#include "src/bus/envelope.h"

enum {
    WAIT_MS = 20000,
    SHORT_MS = 1000, /* nothing comes in */
    KEY_TEXT = 41,
    OUTPUT_MAX = 1 << 17,
    READS_MAX = 500,
    ARGS_MAX = 16
};

typedef struct child {
    pid_t pid;
    int out;
    size_t len;
    char text[OUTPUT_MAX];
} child;

/* A machine that stands still for a second is not the end of a peer. */
#define PATIENT "--beats_missed=40"

/* The first is roompool's own, the last is let in nowhere. */
static const char *const NAMES[] = {"roompool",  "media",    "media-2", "api",
                                    "signaling", "operator", "stranger"};
enum { N_KEYS = sizeof NAMES / sizeof NAMES[0] };

typedef struct rig {
    char dir[64], endpoint[64];
    char pub[N_KEYS][KEY_TEXT], secret[N_KEYS][KEY_TEXT];
    child roompool, worker;
    void *context, *thief;
} rig;

static void write_file(const rig *r, const char *name, const char *text)
{
    char path[160];
    pl_fmt_cut(path, sizeof path, "%s/%s", r->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static size_t index_of(const char *name)
{
    size_t i = 0;
    while (strcmp(NAMES[i], name) != 0)
        i++;
    return i;
}

static void make_keys(rig *r)
{
    char path[160];
    pl_fmt_cut(path, sizeof path, "%s/allowed", r->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < N_KEYS; i++) {
        assert_int_equal(zmq_curve_keypair(r->pub[i], r->secret[i]), 0);
        pl_fmt_cut(path, sizeof path, "%s.key", NAMES[i]);
        write_file(r, path, r->secret[i]);
        pl_fmt_cut(path, sizeof path, "%s.pub", NAMES[i]);
        write_file(r, path, r->pub[i]);
        pl_fmt_cut(path, sizeof path, "allowed/%s.pub", NAMES[i]);
        if (i > 0 && i < N_KEYS - 1)
            write_file(r, path, r->pub[i]);
    }
}

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    (void)close(fd);
    return ntohs(a.sin_port);
}

static void start(const rig *r, child *c, const char *program, ...)
{
    char copies[ARGS_MAX][160];
    char *args[ARGS_MAX] = {NULL};
    int fds[2];
    size_t n = 0;
    va_list list;
    va_start(list, program);
    for (const char *a = program; a; a = va_arg(list, const char *)) {
        pl_fmt_cut(copies[n], sizeof copies[n], "%s", a);
        args[n] = copies[n];
        n++;
    }
    va_end(list);
    assert_int_equal(pipe(fds), 0);
    c->len = 0;
    c->text[0] = '\0';
    c->out = fds[0];
    c->pid = fork();
    assert_true(c->pid >= 0);
    if (c->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)dup2(fds[1], STDERR_FILENO);
        (void)close(fds[0]);
        (void)close(fds[1]);
        if (chdir(r->dir) == 0)
            (void)execv(program, args); /* NOLINT: it is not NULL */
        _exit(127);
    }
    (void)close(fds[1]);
}

/* Read what it says until the text is there; false: not in that time. */
static bool says(child *c, const char *text, int ms)
{
    for (int reads = 0; !strstr(c->text, text); reads++) {
        struct pollfd p = {.fd = c->out, .events = POLLIN};
        if (reads == READS_MAX || c->len == OUTPUT_MAX - 1 ||
            poll(&p, 1, ms) != 1)
            return false;
        ssize_t n = read(c->out, c->text + c->len, OUTPUT_MAX - 1 - c->len);
        if (n <= 0)
            return false;
        c->len += (size_t)n;
        c->text[c->len] = '\0';
    }
    return true;
}

static void expect(child *c, const char *text)
{
    if (!says(c, text, WAIT_MS))
        fail_msg("no \"%s\" in:\n%s", text, c->text);
}

static void end(child *c)
{
    if (c->pid <= 0)
        return;
    (void)kill(c->pid, SIGKILL);
    (void)waitpid(c->pid, NULL, 0);
    (void)close(c->out);
    c->pid = 0;
}

static void start_roompool(rig *r)
{
    char bus[96];
    pl_fmt_cut(bus, sizeof bus, "--bus=%s", r->endpoint);
    start(r, &r->roompool, PARLEY_ROOMPOOL, bus,
          "--bus_secret_key=roompool.key", "--bus_allowed_keys=allowed",
          "--run_dir=run", "--node=rp", "--database=x.db", PATIENT, NULL);
    expect(&r->roompool, "to=ready");
}

static void start_worker(rig *r)
{
    char bus[96];
    pl_fmt_cut(bus, sizeof bus, "--bus=%s", r->endpoint);
    start(r, &r->worker, TINY_WORKER, bus, "--bus_secret_key=media.key",
          "--bus_public_key=media.pub", "--bus_server_key=roompool.pub",
          "--run_dir=run", "--node=victim", PATIENT, NULL);
}

static int setup(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    pl_fmt_cut(r->dir, sizeof r->dir, "/tmp/test_keys_XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    pl_fmt_cut(r->endpoint, sizeof r->endpoint, "tcp://127.0.0.1:%d",
               free_port());
    make_keys(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    rig *r = *state;
    char command[128];
    end(&r->worker);
    end(&r->roompool);
    if (r->thief)
        (void)zmq_close(r->thief);
    if (r->context)
        (void)zmq_ctx_term(r->context);
    pl_fmt_cut(command, sizeof command, "rm -rf %s", r->dir);
    int status = system(command); /* NOLINT: our own temporary folder */
    free(r);
    return status;
}

/* A connection to roompool with a key and any name. */
static void connect_as(rig *r, const char *key, const char *name)
{
    const int zero = 0;
    const int wait_ms = WAIT_MS;
    size_t i = index_of(key);
    if (!r->context)
        r->context = zmq_ctx_new();
    if (r->thief)
        (void)zmq_close(r->thief);
    r->thief = zmq_socket(r->context, ZMQ_DEALER);
    assert_non_null(r->thief);
    assert_int_equal(
        zmq_setsockopt(r->thief, ZMQ_LINGER, &zero, sizeof zero) |
            zmq_setsockopt(r->thief, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms) |
            zmq_setsockopt(r->thief, ZMQ_ROUTING_ID, name, strlen(name)) |
            zmq_setsockopt(r->thief, ZMQ_CURVE_SERVERKEY, r->pub[0], 40) |
            zmq_setsockopt(r->thief, ZMQ_CURVE_PUBLICKEY, r->pub[i], 40) |
            zmq_setsockopt(r->thief, ZMQ_CURVE_SECRETKEY, r->secret[i], 40),
        0);
    assert_int_equal(zmq_connect(r->thief, r->endpoint), 0);
}

static void send_raw(rig *r, const pl_msg_desc *desc, const void *body)
{
    static uint8_t frame[4096];
    static uint64_t corr;
    size_t head = 0;
    size_t len = 0;
    const pl_bus_head env = {.major = PL_SCHEMA_MAJOR,
                             .msg_id = desc->id,
                             .corr = desc->kind == PL_EVENT ? 0 : ++corr,
                             .kind = desc->kind,
                             .deadline_ms = WAIT_MS};
    assert_int_equal(
        pl_envelope_encode(&env, frame + 2, sizeof frame - 2, &head), PL_OK);
    frame[0] = (uint8_t)(head >> 8);
    frame[1] = (uint8_t)(head & 0xff);
    if (body) {
        assert_int_equal(pl_msg_encode(desc, body, frame + 2 + head,
                                       sizeof frame - 2 - head, &len),
                         PL_OK);
    }
    assert_true(zmq_send(r->thief, frame, 2 + head + len, 0) > 0);
}

/* PL_OK for a reply that is no error; beats are passed over. PL_ETIMEOUT: none
 * came in time. */
static pl_err answer(rig *r, int ms)
{
    static uint8_t frame[65536];
    for (;;) {
        assert_int_equal(zmq_setsockopt(r->thief, ZMQ_RCVTIMEO, &ms, sizeof ms),
                         0);
        int n = zmq_recv(r->thief, frame, sizeof frame, 0);
        if (n < 2)
            return PL_ETIMEOUT;
        size_t head = (size_t)frame[0] << 8 | frame[1];
        pl_bus_head env;
        pl_error m;
        assert_int_equal(pl_envelope_decode(frame + 2, head, &env), PL_OK);
        if (env.kind != PL_REPLY)
            continue;
        if (env.msg_id != PL_MSG_ERROR.id)
            return PL_OK;
        assert_int_equal(pl_msg_decode(&PL_MSG_ERROR, frame + 2 + head,
                                       (size_t)n - 2 - head, &m),
                         PL_OK);
        return (pl_err)m.code;
    }
}

static pl_err say_hello(rig *r, const char *node, pl_role role, int ms)
{
    pl_hello m = {
        .role = (uint32_t)role, .schema_major = PL_SCHEMA_MAJOR, .pid = 1};
    pl_fmt_cut(m.node, sizeof m.node, "%s", node);
    pl_fmt_cut(m.build, sizeof m.build, "1");
    send_raw(r, &PL_MSG_HELLO, &m);
    return answer(r, ms);
}

/* Nothing that a process said has a key in it. */
static void expect_no_keys(const rig *r)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        assert_null(strstr(r->roompool.text, r->secret[i]));
        assert_null(strstr(r->roompool.text, r->pub[i]));
        assert_null(strstr(r->worker.text, r->secret[i]));
        assert_null(strstr(r->worker.text, r->pub[i]));
    }
}

static void a_key_is_of_one_role(void **state)
{
    static const struct {
        const char *key;
        pl_role role;
    } rows[] = {{"media", PL_ROLE_MEDIA},
                {"media-2", PL_ROLE_MEDIA},
                {"api", PL_ROLE_API},
                {"signaling", PL_ROLE_SIGNALING},
                {"operator", PL_ROLE_OPERATOR}};
    rig *r = *state;
    start_roompool(r);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char node[32];
        for (unsigned role = PL_ROLE_API; role <= PL_ROLE_OPERATOR; role++) {
            pl_fmt_cut(node, sizeof node, "x%zu-%u.aa", i, role);
            connect_as(r, rows[i].key, node);
            pl_err e = say_hello(r, node, (pl_role)role, WAIT_MS);
            assert_int_equal(e == PL_OK, role == (unsigned)rows[i].role);
        }
    }
    connect_as(r, "stranger", "s.aa");
    assert_int_equal(say_hello(r, "s.aa", PL_ROLE_MEDIA, SHORT_MS),
                     PL_ETIMEOUT);
    expect(&r->roompool, "peer_refused");
    expect_no_keys(r);
}

static void a_stolen_key_sends_no_message_of_others(void **state)
{
    rig *r = *state;
    unsigned refused = 0;
    start_roompool(r);
    connect_as(r, "media", "thief.aa");
    assert_int_equal(say_hello(r, "thief.aa", PL_ROLE_MEDIA, WAIT_MS), PL_OK);
    const pl_msg_desc *d = NULL;
    for (size_t i = 0; (d = pl_msg_at(i)) != NULL; i++) {
        if (d->kind != PL_REQUEST || strcmp(d->sender, "ANY") == 0 ||
            strcmp(d->sender, "MEDIA") == 0)
            continue;
        send_raw(r, d, NULL); /* the body is not even looked at */
        pl_err e = answer(r, WAIT_MS);
        if (e != PL_EFORBIDDEN)
            fail_msg("%s of %s: %s", d->name, d->sender, pl_err_text(e));
        refused++;
    }
    assert_true(refused > 50);
    expect(&r->roompool, "message_of_another_role");
    expect_no_keys(r);
}

/* The name of the worker that runs, with its nonce. */
static void node_of(rig *r, char node[PL_NODE_MAX + 1])
{
    expect(&r->worker, "to=ready");
    const char *at = strstr(r->worker.text, "node=victim.");
    assert_non_null(at);
    at += strlen("node=");
    size_t n = strcspn(at, " \n");
    assert_true(n <= PL_NODE_MAX);
    memcpy(node, at, n);
    node[n] = '\0';
}

static void a_stolen_key_does_not_take_the_name_of_the_living(void **state)
{
    rig *r = *state;
    char node[PL_NODE_MAX + 1] = "";
    const pl_goodbye bye = {0};
    start_roompool(r);
    start_worker(r);
    node_of(r, node);
    /* The same key even, and the whole name: not heard, not answered. */
    connect_as(r, "media", node);
    assert_int_equal(say_hello(r, node, PL_ROLE_MEDIA, SHORT_MS), PL_ETIMEOUT);
    send_raw(r, &PL_MSG_GOODBYE, &bye);
    expect(&r->roompool, "another_under_this_name");
    /* A new nonce does not end the one who has the name either. */
    connect_as(r, "media-2", "victim.ffffffff");
    assert_int_equal(say_hello(r, "victim.ffffffff", PL_ROLE_MEDIA, WAIT_MS),
                     PL_EEXIST);
    expect(&r->roompool, "name_in_use");
    assert_false(says(&r->worker, "link_down", SHORT_MS));
    assert_null(strstr(r->roompool.text, "peer_down"));
    expect_no_keys(r);
    /* When it has gone, the name is free. */
    end(&r->worker);
    expect(&r->roompool, "its connection was closed");
    assert_int_equal(say_hello(r, "victim.ffffffff", PL_ROLE_MEDIA, WAIT_MS),
                     PL_OK);
}

static void a_stolen_key_is_no_roompool(void **state)
{
    rig *r = *state;
    const int on = 1;
    const int zero = 0;
    size_t i = index_of("media");
    r->context = zmq_ctx_new();
    r->thief = zmq_socket(r->context, ZMQ_ROUTER);
    assert_int_equal(
        zmq_setsockopt(r->thief, ZMQ_LINGER, &zero, sizeof zero) |
            zmq_setsockopt(r->thief, ZMQ_CURVE_SERVER, &on, sizeof on) |
            zmq_setsockopt(r->thief, ZMQ_CURVE_SECRETKEY, r->secret[i], 40),
        0);
    assert_int_equal(zmq_bind(r->thief, r->endpoint), 0);
    start_worker(r);
    expect(&r->worker, "not_let_in"); /* it says what is wrong */
    char byte;
    assert_int_equal(
        zmq_setsockopt(r->thief, ZMQ_RCVTIMEO, &(int){SHORT_MS}, sizeof(int)),
        0);
    assert_int_equal(zmq_recv(r->thief, &byte, 1, 0), -1); /* not a word */
    assert_null(strstr(r->worker.text, "to=ready"));
    expect_no_keys(r);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    pl_log_set_level(PL_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        T(a_key_is_of_one_role),
        T(a_stolen_key_sends_no_message_of_others),
        T(a_stolen_key_does_not_take_the_name_of_the_living),
        T(a_stolen_key_is_no_roompool),
    };
    return cmocka_run_group_tests_name("bus_keys", tests, NULL, NULL);
}
