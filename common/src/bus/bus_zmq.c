/* bus_zmq.c - the bus over ZeroMQ: ROUTER at roompool, DEALER at the workers;
 * with bus_zmq_events.c the only ZeroMQ file.
 *
 * ZMQ_FD is edge-triggered and loses edges: one receive, or one send, may take
 * the edge of messages that still wait. So every wake-up reads until nothing is
 * left (in bounded batches, the rest is deferred), and every send looks at
 * ZMQ_EVENTS again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>

#include "pl/str.h"

#include "pl/rng.h"

#include "bus_impl.h"
#include "bus_zmq_events.h"
#include "zap.h"

enum {
    BATCH = 64,    /* messages a turn, so that timers get their turn too */
    CATCH_UP = 16, /* batches */
    QUEUE_MAX = 4096,
    QUEUE_IN_MAX = 65536, /* far away: see set_options() */
    FRAME_MAX = PL_BUS_BODY_MAX + 4096,
    HEAD_LEN = 2,      /* before the envelope: its length */
    LINGER_MS = 500,   /* last words; nothing queues without connection */
    RECONNECT_MS = 20, /* well within the grace that a lost connection has */
    RECONNECT_MAX_MS = 1000,
    GRACE_MAX_US = 250000,
    KEEPALIVE_S = 1, /* of TCP: first probe, and between probes */
    KEEPALIVE_PROBES = 3,
    TCP_TIMEOUT_MS = 4000, /* unacknowledged data */
    CURVE_KEY_TEXT = 40,
    SECRET_BYTES = 16,
    IPC_PATH_MAX = 107
};

/* Between a node and the secret behind it in a routing id. */
#define SECRET_MARK "~"

typedef struct zmq_link {
    pl_bus *bus;
    pl_loop *loop;
    bool is_router;
    void *context, *socket;
    pl_io *io;
    void *zap_socket; /* ROUTER with CURVE */
    pl_io *zap_io;
    char allowed_keys_dir[256];
    int lock_fd; /* held while bound to an ipc path; -1: none */
    pl_zmq_events *events;
} zmq_link;

static void drain(void *ctx);

static bool is_readable(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

static void look_again(zmq_link *l)
{
    if (is_readable(l->socket) && pl_loop_defer(l->loop, drain, l) != PL_OK)
        PL_LOG(WARN, "bus", "no_memory", NULL, "messages wait for the next");
}

static pl_err send_error(int code)
{
    return code == EHOSTUNREACH ? PL_ENOENT : PL_EFULL;
}

static bool send_frame(void *socket, const void *data, size_t len, int flags)
{
    return zmq_send(socket, data, len, flags | ZMQ_DONTWAIT) >= 0;
}

/* The envelope's length in two bytes, envelope, body: one frame. Of two, libzmq
 * 4.3.4 may lose the second when the connection ends between our two reads of
 * them, and then aborts (assertion !_more): with ZMQ_IMMEDIATE it throws away
 * what was not read yet. */
static bool send_whole(void *socket, pl_slice envelope, pl_slice body)
{
    zmq_msg_t frame;
    if (envelope.len > UINT16_MAX ||
        zmq_msg_init_size(&frame, HEAD_LEN + envelope.len + body.len) != 0) {
        errno = EAGAIN;
        return false;
    }
    uint8_t *to = zmq_msg_data(&frame);
    to[0] = (uint8_t)(envelope.len >> 8);
    to[1] = (uint8_t)(envelope.len & 0xff);
    memcpy(to + HEAD_LEN, envelope.ptr, envelope.len);
    if (body.len > 0)
        memcpy(to + HEAD_LEN + envelope.len, body.ptr, body.len);
    if (zmq_msg_send(&frame, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    int code = errno;
    (void)zmq_msg_close(&frame);
    errno = code;
    return false;
}

static pl_err zmq_send_message(void *link, const char *to, pl_slice envelope,
                               pl_slice body)
{
    zmq_link *l = link;
    pl_err e = PL_OK;
    /* Only the first frame can fail for want of room or peer: the parts of a
     * message are taken together. */
    if (l->is_router && !send_frame(l->socket, to, strlen(to), ZMQ_SNDMORE))
        e = send_error(errno);
    if (e == PL_OK && !send_whole(l->socket, envelope, body))
        e = send_error(errno);
    look_again(l);
    return e;
}

/* Parts of one message; more than `max` are read and dropped. */
static int receive_parts(void *socket, zmq_msg_t *parts, int max)
{
    int n = 0;
    int more = 1;
    while (more) {
        zmq_msg_t extra;
        zmq_msg_t *part = n < max ? &parts[n] : &extra;
        (void)zmq_msg_init(part);
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(part);
            break;
        }
        more = zmq_msg_more(part);
        if (n >= max)
            (void)zmq_msg_close(part);
        n++;
    }
    return n;
}

static void close_parts(zmq_msg_t *parts, int n, int max)
{
    for (int i = 0; i < n && i < max; i++)
        (void)zmq_msg_close(&parts[i]);
}

static pl_slice part_slice(zmq_msg_t *part)
{
    return (pl_slice){.ptr = zmq_msg_data(part), .len = zmq_msg_size(part)};
}

/* What send_whole() made; an empty envelope, which is counted as malformed, for
 * anything else. */
static void split(pl_slice frame, pl_slice *ret_envelope, pl_slice *ret_body)
{
    *ret_envelope = *ret_body = (pl_slice){0};
    if (frame.len < HEAD_LEN)
        return;
    size_t len = (size_t)frame.ptr[0] << 8 | frame.ptr[1];
    if (len > frame.len - HEAD_LEN)
        return;
    *ret_envelope = (pl_slice){frame.ptr + HEAD_LEN, len};
    *ret_body =
        (pl_slice){frame.ptr + HEAD_LEN + len, frame.len - HEAD_LEN - len};
}

static void deliver(zmq_link *l, zmq_msg_t *parts, int n)
{
    char route[PL_BUS_ROUTE_MAX + 1] = PL_BUS_ROOMPOOL;
    char node[PL_NODE_MAX + 1];
    int head = l->is_router ? 1 : 0;
    if (l->is_router &&
        pl_copy(route, sizeof route, part_slice(&parts[0])) != PL_OK) {
        return; /* an identity that no process of ours has */
    }
    const pl_slice name = {(const uint8_t *)route, strcspn(route, SECRET_MARK)};
    if (!pl_is_utf8(name) || name.len == 0 ||
        pl_copy(node, sizeof node, name) != PL_OK)
        return;
    /* Who sent it is proved by its key, however it calls itself. The frame with
     * the routing id does not always say whose it is (that of ZMQ_EVENTS' look
     * ahead does not); the one behind it does. */
    const char *key_file = NULL;
    if (l->zap_socket) {
        key_file = zmq_msg_gets(&parts[n > 1 ? 1 : 0], "User-Id");
        if (!key_file || pl_zap_role_of(key_file) == PL_ROLE_UNKNOWN) {
            l->bus->stats.refused++;
            return;
        }
    }
    const pl_bus_sender from = {.node = node,
                                .route = route,
                                .role = key_file ? pl_zap_role_of(key_file)
                                                 : PL_ROLE_UNKNOWN};
    pl_slice envelope = {0};
    pl_slice body = {0};
    if (n == head + 1)
        split(part_slice(&parts[head]), &envelope, &body);
    pl_bus_receive(l->bus, &from, envelope, body);
}

/* Whether nothing is left. */
static bool drain_batch(zmq_link *l)
{
    enum { PARTS_MAX = 2 };
    for (int i = 0; i < BATCH; i++) {
        zmq_msg_t parts[PARTS_MAX];
        int n = receive_parts(l->socket, parts, PARTS_MAX);
        if (n == 0)
            return true;
        deliver(l, parts, n);
        close_parts(parts, n, PARTS_MAX);
    }
    return false;
}

static void drain(void *ctx)
{
    zmq_link *l = ctx;
    if (!drain_batch(l))
        look_again(l);
}

static bool zmq_catch_up(void *link)
{
    for (int i = 0; i < CATCH_UP; i++) {
        if (drain_batch(link))
            return true;
    }
    look_again(link);
    return false;
}

static void on_readable(void *ctx, unsigned events)
{
    (void)events;
    drain(ctx);
}

/* Decide on one connection (ZAP, ZeroMQ RFC 27). */
static void answer_zap(zmq_link *l, zmq_msg_t *parts, int n)
{
    enum { REQUEST_ID = 1, MECHANISM = 5, KEY = 6, N_PARTS = 7, KEY_LEN = 32 };
    char name[PL_ZAP_NAME_TEXT] = "";
    bool is_allowed = false;
    if (n == N_PARTS && zmq_msg_size(&parts[KEY]) == KEY_LEN &&
        pl_slice_eq_str(part_slice(&parts[MECHANISM]), "CURVE")) {
        char text[CURVE_KEY_TEXT + 1];
        is_allowed = zmq_z85_encode(text, zmq_msg_data(&parts[KEY]), KEY_LEN) &&
                     pl_zap_find(l->allowed_keys_dir, text, name);
    }
    if (!is_allowed) {
        static pl_log_limit limit;
        l->bus->stats.refused++;
        if (pl_log_allowed(&limit, 6)) {
            PL_LOG(WARN, "bus", "peer_refused", NULL,
                   "its CURVE key is not among the allowed ones");
        }
    }
    pl_slice id =
        n > REQUEST_ID ? part_slice(&parts[REQUEST_ID]) : (pl_slice){0};
    const char *const status = is_allowed ? "200" : "400";
    (void)(send_frame(l->zap_socket, "1.0", 3, ZMQ_SNDMORE) &&
           send_frame(l->zap_socket, id.ptr, id.len, ZMQ_SNDMORE) &&
           send_frame(l->zap_socket, status, 3, ZMQ_SNDMORE) &&
           send_frame(l->zap_socket, "", 0, ZMQ_SNDMORE) &&
           send_frame(l->zap_socket, name, strlen(name), ZMQ_SNDMORE) &&
           send_frame(l->zap_socket, "", 0, 0));
}

static void on_zap(void *ctx, unsigned events)
{
    enum { PARTS_MAX = 7 };
    (void)events;
    zmq_link *l = ctx;
    while (is_readable(l->zap_socket)) {
        zmq_msg_t parts[PARTS_MAX];
        int n = receive_parts(l->zap_socket, parts, PARTS_MAX);
        if (n == 0)
            return;
        answer_zap(l, parts, n);
        close_parts(parts, n, PARTS_MAX);
    }
}

static void zmq_destroy(void *link)
{
    zmq_link *l = link;
    pl_loop_undefer(l->loop, drain, l);
    pl_io_destroy(&l->io);
    pl_io_destroy(&l->zap_io);
    pl_zmq_events_close(&l->events);
    if (l->socket)
        (void)zmq_close(l->socket);
    if (l->zap_socket)
        (void)zmq_close(l->zap_socket);
    if (l->context)
        (void)zmq_ctx_term(l->context);
    if (l->lock_fd >= 0)
        (void)close(l->lock_fd);
    free(l);
}

static pl_err fail(pl_err e, const char *endpoint, const char *why)
{
    PL_LOG(ERROR, "bus", "open_failed", PL_KV("endpoint", endpoint), "%s", why);
    return e;
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool is_set(const char *path)
{
    return path && path[0] != '\0';
}

/* The newest connection under a routing id takes it over from the others, as it
 * must after a reconnect. Where others have keys of their own, a secret behind
 * the name keeps them from taking it. */
static bool set_name(zmq_link *l, const pl_bus_options *o)
{
    char id[PL_BUS_ROUTE_MAX + 1];
    uint8_t secret[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 1] = "";
    pl_random(secret, sizeof secret);
    pl_hex(secret, sizeof secret, hex);
    bool wants_secret = is_set(o->secret_key_file);
    pl_fmt_cut(id, sizeof id, "%s%s%s", o->node,
               wants_secret ? SECRET_MARK : "", wants_secret ? hex : "");
    return zmq_setsockopt(l->socket, ZMQ_ROUTING_ID, id, strlen(id)) == 0;
}

/* libzmq 4.3.4 aborts (assertion !_io_error) when a connection is lost while
 * its input is stopped by a full queue and there is something to send on it, a
 * heartbeat above all. So its own heartbeats stay off, the kernel finds dead
 * TCP connections instead, and the queue inwards is made never to fill: the
 * loop reads until empty, and the sender's queue is the bound. */
static bool set_options(zmq_link *l, const pl_bus_options *o)
{
    void *s = l->socket;
    const int64_t frame_max = FRAME_MAX;
    bool ok =
        set_int(s, ZMQ_LINGER, LINGER_MS) &&
        set_int(s, ZMQ_SNDHWM, QUEUE_MAX) &&
        set_int(s, ZMQ_RCVHWM, QUEUE_IN_MAX) &&
        set_int(s, ZMQ_TCP_KEEPALIVE, 1) &&
        set_int(s, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_S) &&
        set_int(s, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_S) &&
        set_int(s, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES) &&
        set_int(s, ZMQ_TCP_MAXRT, TCP_TIMEOUT_MS) && set_int(s, ZMQ_IPV6, 1) &&
        zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) == 0;
    if (l->is_router) {
        /* A worker that reconnects before its old connection was given up
         * takes over its own name; with the default it would be ignored. */
        return ok && set_int(s, ZMQ_ROUTER_MANDATORY, 1) &&
               set_int(s, ZMQ_ROUTER_HANDOVER, 1);
    }
    /* Immediate: nothing is queued for a connection that does not exist, or
     * commands would arrive long after their deadline. bus.c repeats. */
    return ok && set_int(s, ZMQ_IMMEDIATE, 1) &&
           set_int(s, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
           set_int(s, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) &&
           set_name(l, o);
}

static bool set_key(void *socket, int option, const char *path,
                    const char *endpoint)
{
    char key[CURVE_KEY_TEXT + 1];
    if (pl_zap_read_key(path, key) == PL_OK &&
        zmq_setsockopt(socket, option, key, CURVE_KEY_TEXT) == 0) {
        return true;
    }
    PL_LOG(ERROR, "bus", "key_unusable",
           PL_KV("endpoint", endpoint, "file", path),
           "a CURVE key is 40 characters of z85 in a file");
    return false;
}

static pl_err start_zap(zmq_link *l, const pl_bus_options *o)
{
    if (!is_set(o->allowed_keys_dir)) {
        return fail(PL_ECONFIG, o->endpoint,
                    "bus_allowed_keys must name a folder of workers' keys");
    }
    int fd = -1;
    size_t size = sizeof fd;
    l->zap_socket = zmq_socket(l->context, ZMQ_REP);
    if (pl_fmt(l->allowed_keys_dir, sizeof l->allowed_keys_dir, "%s",
               o->allowed_keys_dir) != PL_OK ||
        !l->zap_socket || !set_int(l->zap_socket, ZMQ_LINGER, 0) ||
        zmq_bind(l->zap_socket, "inproc://zeromq.zap.01") != 0 ||
        zmq_getsockopt(l->zap_socket, ZMQ_FD, &fd, &size) != 0 ||
        zmq_setsockopt(l->socket, ZMQ_ZAP_DOMAIN, "parley", 6) != 0 ||
        !set_int(l->socket, ZMQ_CURVE_SERVER, 1)) {
        return fail(PL_EIO, o->endpoint, zmq_strerror(errno));
    }
    return pl_io_create(l->loop, fd, PL_IO_READ, on_zap, l, &l->zap_io);
}

static pl_err set_keys(zmq_link *l, const pl_bus_options *o)
{
    bool wants_curve = is_set(o->secret_key_file) || is_set(o->public_key_file);
    if (!wants_curve)
        return PL_OK;
    if (!is_set(o->secret_key_file) ||
        (!l->is_router &&
         (!is_set(o->public_key_file) || !is_set(o->server_key_file)))) {
        return fail(PL_ECONFIG, o->endpoint,
                    "CURVE needs bus_secret_key, and at a worker "
                    "bus_public_key and bus_server_key");
    }
    if (!set_key(l->socket, ZMQ_CURVE_SECRETKEY, o->secret_key_file,
                 o->endpoint)) {
        return PL_ECONFIG;
    }
    if (l->is_router)
        return start_zap(l, o);
    return set_key(l->socket, ZMQ_CURVE_PUBLICKEY, o->public_key_file,
                   o->endpoint) &&
                   set_key(l->socket, ZMQ_CURVE_SERVERKEY, o->server_key_file,
                           o->endpoint)
               ? PL_OK
               : PL_ECONFIG;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_loopback(const char *endpoint)
{
    return starts_with(endpoint, "tcp://127.") ||
           starts_with(endpoint, "tcp://localhost:") ||
           starts_with(endpoint, "tcp://[::1]:");
}

/* Make the folder of an ipc socket, closed to others: who can open the socket
 * can command the platform. */
static pl_err make_parent(const char *path)
{
    char dir[IPC_PATH_MAX + 1];
    if (pl_fmt(dir, sizeof dir, "%s", path) != PL_OK)
        return PL_EFULL;
    char *last = strrchr(dir, '/');
    if (!last || last == dir)
        return PL_OK;
    *last = '\0';
    for (char *p = dir + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        (void)mkdir(dir, 0755); /* the last one tells */
        *p = '/';
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return PL_EIO;
    return PL_OK;
}

/* ZeroMQ takes over a socket file in silence: the lock keeps a second roompool
 * from stealing the workers of the first. */
static pl_err lock_ipc(zmq_link *l, const char *path)
{
    char lock[IPC_PATH_MAX + 8];
    char why[PL_ERRNO_TEXT];
    pl_fmt_cut(lock, sizeof lock, "%s.lock", path);
    l->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (l->lock_fd < 0)
        return fail(PL_EIO, path, pl_errno_text(errno, why));
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return fail(PL_EIO, path,
                    "another roompool is bound here; stop it first");
    }
    return PL_OK;
}

static pl_err check_endpoint(zmq_link *l, const pl_bus_options *o)
{
    const char *ep = o->endpoint ? o->endpoint : "";
    if (starts_with(ep, "ipc://")) {
        const char *path = ep + strlen("ipc://");
        if (*path == '\0' || strlen(path) > IPC_PATH_MAX) {
            return fail(PL_ECONFIG, ep,
                        "the path of an ipc endpoint has 1 to 107 bytes");
        }
        if (!l->is_router)
            return PL_OK;
        char why[PL_ERRNO_TEXT];
        if (make_parent(path) != PL_OK)
            return fail(PL_EIO, ep, pl_errno_text(errno, why));
        return lock_ipc(l, path);
    }
    if (!starts_with(ep, "tcp://"))
        return fail(PL_ECONFIG, ep, "an endpoint begins with ipc:// or tcp://");
    if (l->is_router && !is_loopback(ep) && !is_set(o->secret_key_file)) {
        return fail(PL_ECONFIG, ep,
                    "a TCP address that is not loopback needs CURVE keys "
                    "(bus_secret_key, bus_allowed_keys)");
    }
    return PL_OK;
}

static pl_err open_link(zmq_link *l, const pl_bus_options *o)
{
    pl_err e = check_endpoint(l, o);
    if (e != PL_OK)
        return e;
    l->context = zmq_ctx_new();
    if (l->context) {
        l->socket =
            zmq_socket(l->context, l->is_router ? ZMQ_ROUTER : ZMQ_DEALER);
    }
    if (!l->socket || !set_options(l, o))
        return fail(PL_EIO, o->endpoint, zmq_strerror(errno));
    e = set_keys(l, o);
    if (e == PL_OK) {
        /* A process at the other end of an ipc connection that is closed is no
         * more; over tcp it may be the network. */
        int64_t grace_us =
            l->bus->beat_us < GRACE_MAX_US ? l->bus->beat_us : GRACE_MAX_US;
        if (starts_with(o->endpoint, "ipc://"))
            grace_us = 0;
        e = pl_zmq_events_open(l->bus, l->context, l->socket, grace_us,
                               &l->events);
    }
    if (e != PL_OK)
        return e;
    int rc = l->is_router ? zmq_bind(l->socket, o->endpoint)
                          : zmq_connect(l->socket, o->endpoint);
    if (rc != 0) {
        return fail(errno == EINVAL ? PL_ECONFIG : PL_EIO, o->endpoint,
                    zmq_strerror(errno));
    }
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(l->socket, ZMQ_FD, &fd, &size) != 0)
        return fail(PL_EIO, o->endpoint, zmq_strerror(errno));
    e = pl_io_create(l->loop, fd, PL_IO_READ, on_readable, l, &l->io);
    if (e == PL_OK)
        e = pl_loop_defer(l->loop, drain, l); /* what came before the watch */
    return e;
}

pl_err pl_bus_open_zmq(const pl_bus_options *options, pl_bus **ret_bus)
{
    static const pl_bus_transport transport = {.send = zmq_send_message,
                                               .catch_up = zmq_catch_up,
                                               .destroy = zmq_destroy};
    pl_bus *bus = NULL;
    pl_err e = pl_bus_create(options, &bus);
    if (e != PL_OK)
        return e;
    zmq_link *l = calloc(1, sizeof *l);
    if (!l) {
        pl_bus_close(&bus);
        return PL_ENOMEM;
    }
    l->bus = bus;
    l->loop = options->loop;
    l->is_router = options->role == PL_ROLE_ROOMPOOL;
    l->lock_fd = -1;
    bus->transport = &transport;
    bus->link = l;
    e = open_link(l, options);
    if (e != PL_OK) {
        pl_bus_close(&bus);
        return e;
    }
    *ret_bus = bus;
    return PL_OK;
}
