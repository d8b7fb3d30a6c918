/* sip_conn.c - SIP's connections: TCP, and TLS over it. */
#define _GNU_SOURCE /* accept4. NOLINT(bugprone-reserved-identifier) */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate.h"
#include "pl/str.h"
#include "sip_transport_impl.h"

enum {
    QUEUE_MAX = 256 * 1024, /* unsent bytes of one connection */
    DEADLINE_US = 30000000, /* idle, a handshake, a message half received */
    CONNECT_US = 5000000,   /* then somebody else is tried, or UDP */
};

struct pl_sip_conn {
    pl_sip_transport *t;
    uint64_t id; /* generation, and its place + 1 in 16 bits */
    int fd;
    pl_io *io;
    pl_sip_tls_conn *tls;        /* NULL: TCP alone */
    char host[PL_URI_HOST_TEXT]; /* TLS that we opened: whom we wanted */
    pl_uri_transport transport;
    pl_ip peer;
    uint16_t port;
    bool is_connecting, is_shaking; /* not yet there, .. and TLS neither */
    bool is_busy, is_dead;
    unsigned holds;
    int64_t opened_us; /* by us or the peer */
    int64_t active_us; /* last whole message, or since the first byte */
    uint8_t *in;
    size_t in_len, in_cap;
    uint8_t *out;
    size_t out_len, out_cap;
};

pl_sip_conn *pl_sip_conn_find(const pl_sip_transport *t, uint64_t id)
{
    unsigned at = (unsigned)(id & 0xffff) - 1;
    if (id == 0 || at >= t->o.max_tcp || !t->conns[at])
        return NULL;
    return t->conns[at]->id == id && !t->conns[at]->is_dead ? t->conns[at]
                                                            : NULL;
}

static void free_conn(pl_sip_conn *c)
{
    pl_sip_transport *t = c->t;
    t->conns[(c->id & 0xffff) - 1] = NULL;
    t->n_conns--;
    pl_metrics_set(t->o.metrics, PL_SIG_tcp_connections, t->n_conns);
    free(c->in);
    free(c->out);
    free(c);
}

static void close_socket(pl_sip_conn *c)
{
    pl_sip_tls_end(&c->tls);
    pl_io_destroy(&c->io);
    (void)close(c->fd);
}

static void close_conn(pl_sip_conn *c)
{
    if (c->is_dead)
        return;
    c->is_dead = true;
    close_socket(c);
    uint64_t id = c->id;
    pl_sip_transport *t = c->t;
    if (!c->is_busy)
        free_conn(c);
    t->o.on_closed(t->o.ctx, id);
}

/* ---- bytes: PL_EAGAIN wait; any other error is the end ---- */

static pl_err io_result(ssize_t n, size_t *ret_n)
{
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return PL_EAGAIN;
    if (n <= 0)
        return PL_EGONE;
    *ret_n = (size_t)n;
    return PL_OK;
}

static pl_err read_some(pl_sip_conn *c, void *buf, size_t cap, size_t *ret_n)
{
    return c->tls ? pl_sip_tls_read(c->tls, buf, cap, ret_n)
                  : io_result(recv(c->fd, buf, cap, MSG_DONTWAIT), ret_n);
}

static pl_err write_some(pl_sip_conn *c, const void *data, size_t len,
                         size_t *ret_n)
{
    return c->tls
               ? pl_sip_tls_write(c->tls, data, len, ret_n)
               : io_result(send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL),
                           ret_n);
}

static void watch(pl_sip_conn *c)
{
    bool wants_write = c->is_connecting || (!c->is_shaking && c->out_len > 0) ||
                       (c->tls && pl_sip_tls_wants_write(c->tls));
    pl_io_set(c->io, wants_write ? PL_IO_READ | PL_IO_WRITE : PL_IO_READ);
}

/* ---- receiving ---- */

/* Room for `more` bytes behind *len. */
static bool grow(uint8_t **buf, size_t *cap, size_t len, size_t more)
{
    if (*cap - len >= more)
        return true;
    size_t want = *cap ? *cap : 4096;
    while (want - len < more)
        want *= 2;
    uint8_t *p = realloc(*buf, want);
    if (!p)
        return false;
    *buf = p;
    *cap = want;
    return true;
}

static void on_ping(pl_sip_conn *c, size_t len)
{
    if (len >= 4) /* RFC 5626 section 4.4.1: CRLFCRLF wants CRLF */
        (void)!pl_sip_conn_send(c->t, c->id, pl_slice_str("\r\n"));
}

/* Hand out every whole message; false when the connection must close. */
static bool take_frames(pl_sip_conn *c)
{
    size_t at = 0;
    pl_err e = PL_OK;
    while (!c->is_dead) {
        size_t len = 0;
        bool is_ping = false;
        pl_slice rest = {c->in + at, c->in_len - at};
        e = pl_gate_frame(rest, &len, &is_ping);
        if (e != PL_OK)
            break;
        c->active_us = pl_loop_now_us(c->t->o.loop);
        pl_sip_flow flow = {.transport = c->transport,
                            .conn = c->id,
                            .peer = c->peer,
                            .port = c->port};
        if (is_ping) {
            on_ping(c, len);
        } else {
            count(c->t, PL_SIG_tcp_received);
            c->t->o.on_message(c->t->o.ctx, &flow, (pl_slice){rest.ptr, len});
        }
        at += len;
    }
    if (at > 0 && at < c->in_len)
        memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
    if (e != PL_EAGAIN && e != PL_OK) {
        count(c->t, PL_SIG_tcp_malformed);
        return false;
    }
    return true;
}

/* One turn; false when the connection must close. A chunk holds a whole TLS
 * record, so that nothing stays where the socket would not tell of it. */
static bool read_chunk(pl_sip_conn *c, bool *ret_more)
{
    enum { CHUNK = 16384 };
    size_t n = 0;
    *ret_more = false;
    if (!grow(&c->in, &c->in_cap, c->in_len, CHUNK))
        return false;
    pl_err e = read_some(c, c->in + c->in_len, CHUNK, &n);
    if (e)
        return e == PL_EAGAIN;
    if (c->in_len == 0)
        c->active_us = pl_loop_now_us(c->t->o.loop);
    c->in_len += n;
    *ret_more = true;
    return take_frames(c);
}

static void read_conn(pl_sip_conn *c)
{
    enum { ROUNDS = 8 };
    bool is_good = true;
    bool has_more = true;
    c->is_busy = true;
    for (unsigned i = 0; i < ROUNDS && is_good && has_more && !c->is_dead; i++)
        is_good = read_chunk(c, &has_more);
    c->is_busy = false;
    if (c->is_dead) {
        free_conn(c);
    } else if (!is_good) {
        close_conn(c);
    }
}

/* ---- sending ---- */

/* False when the connection must close. */
static bool flush(pl_sip_conn *c)
{
    size_t at = 0;
    pl_err e = PL_OK;
    while (!e && at < c->out_len) {
        size_t n = 0;
        e = write_some(c, c->out + at, c->out_len - at, &n);
        at += n;
    }
    if (e && e != PL_EAGAIN)
        return false;
    if (at > 0)
        memmove(c->out, c->out + at, c->out_len - at);
    c->out_len -= at;
    watch(c);
    return true;
}

pl_err pl_sip_conn_send(pl_sip_transport *t, uint64_t id, pl_slice bytes)
{
    pl_sip_conn *c = pl_sip_conn_find(t, id);
    if (!c)
        return PL_EGONE;
    if (c->out_len + bytes.len > QUEUE_MAX ||
        !grow(&c->out, &c->out_cap, c->out_len, bytes.len)) {
        count(t, PL_SIG_send_failed);
        return PL_EFULL;
    }
    memcpy(c->out + c->out_len, bytes.ptr, bytes.len);
    c->out_len += bytes.len;
    if (!c->is_connecting && !c->is_shaking && !flush(c)) {
        count(t, PL_SIG_send_failed);
        close_conn(c);
        return PL_EGONE;
    }
    return PL_OK;
}

/* ---- becoming usable ---- */

static bool is_connected(pl_sip_conn *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    c->is_connecting = false;
    return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
           error == 0;
}

/* PL_OK: the way is free. */
static pl_err shake(pl_sip_conn *c)
{
    pl_err e = pl_sip_tls_handshake(c->tls);
    if (e == PL_EAGAIN) {
        watch(c);
        return e;
    }
    c->is_shaking = false;
    if (e)
        count(c->t, PL_SIG_tls_failed);
    return e;
}

static void on_conn(void *ctx, unsigned events)
{
    pl_sip_conn *c = ctx;
    pl_err e = c->is_connecting && !is_connected(c) ? PL_EIO : PL_OK;
    if (!e && c->is_shaking) {
        e = shake(c);
        if (e == PL_EAGAIN)
            return;
        events |= PL_IO_WRITE; /* what waited for it */
    }
    /* TLS may have to write to go on reading, and the other way round. */
    if (!e && ((events & PL_IO_WRITE) || c->tls) && !flush(c))
        e = PL_EGONE;
    if (e) {
        close_conn(c);
    } else if ((events & PL_IO_READ) || c->tls) {
        read_conn(c);
    }
}

static unsigned conns_of(const pl_sip_transport *t, const pl_ip *ip)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->o.max_tcp; i++)
        n += t->conns[i] && pl_ip_eq(&t->conns[i]->peer, ip);
    return n;
}

/* Where a connection goes to or comes from; host NULL: it came to us. */
typedef struct way {
    pl_uri_transport transport;
    const pl_ip *peer;
    uint16_t port;
    const char *host;
} way;

static pl_err prepare(pl_sip_conn *c, const way *w)
{
    int on = 1;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pl_err e = PL_OK;
    if (w->transport == PL_URI_TLS) {
        c->is_shaking = true;
        pl_fmt_cut(c->host, sizeof c->host, "%s", w->host ? w->host : "");
        e = pl_sip_tls_begin(c->t->tls, c->fd, w->host, &c->tls);
    }
    unsigned events = c->is_connecting ? PL_IO_READ | PL_IO_WRITE : PL_IO_READ;
    if (!e)
        e = pl_io_create(c->t->o.loop, c->fd, events, on_conn, c, &c->io);
    return e;
}

/* Take over fd (closed on failure). */
static pl_sip_conn *add_conn(pl_sip_transport *t, int fd, const way *w)
{
    unsigned at = 0;
    while (at < t->o.max_tcp && t->conns[at])
        at++;
    pl_sip_conn *c = at < t->o.max_tcp ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        (void)close(fd);
        return NULL;
    }
    t->generation++;
    *c = (pl_sip_conn){.t = t,
                       .id = t->generation << 16 | (at + 1),
                       .fd = fd,
                       .transport = w->transport,
                       .peer = *w->peer,
                       .port = w->port,
                       .is_connecting = w->host != NULL,
                       .opened_us = pl_loop_now_us(t->o.loop),
                       .active_us = pl_loop_now_us(t->o.loop)};
    if (prepare(c, w)) {
        close_socket(c);
        free(c);
        return NULL;
    }
    t->conns[at] = c;
    t->n_conns++;
    pl_metrics_set(t->o.metrics, PL_SIG_tcp_connections, t->n_conns);
    return c;
}

void pl_sip_conn_on_accept(void *ctx, unsigned events)
{
    (void)events;
    const endpoint *e = ctx;
    pl_sip_transport *t = e->t;
    struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof ss;
    int fd = accept4(e->fd, (struct sockaddr *)&ss, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    pl_ip peer;
    way w = {.transport = e->transport, .peer = &peer};
    pl_sip_from_sockaddr(&ss, &peer, &w.port);
    if (conns_of(t, &peer) >= t->o.max_tcp_per_ip) {
        count(t, PL_SIG_tcp_refused);
        (void)close(fd);
    } else if (!add_conn(t, fd, &w)) {
        count(t, PL_SIG_tcp_refused);
    }
}

/* Over TLS only who was asked for by this name is who it was. */
static bool leads_to(const pl_sip_conn *c, const pl_sip_flow *flow,
                     const char *host)
{
    return !c->is_dead && c->transport == flow->transport &&
           c->port == flow->port && pl_ip_eq(&c->peer, &flow->peer) &&
           (c->transport != PL_URI_TLS || strcmp(c->host, host) == 0);
}

pl_err pl_sip_conn_reach(pl_sip_transport *t, const char *host,
                         pl_sip_flow *flow)
{
    for (unsigned i = 0; i < t->o.max_tcp; i++) {
        if (t->conns[i] && leads_to(t->conns[i], flow, host)) {
            flow->conn = t->conns[i]->id;
            return PL_OK;
        }
    }
    struct sockaddr_storage ss;
    socklen_t len = pl_sip_to_sockaddr(&flow->peer, flow->port, &ss);
    int fd =
        socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return PL_EIO;
    if (connect(fd, (const struct sockaddr *)&ss, len) != 0 &&
        errno != EINPROGRESS) {
        (void)close(fd);
        return PL_EIO;
    }
    way w = {.transport = flow->transport,
             .peer = &flow->peer,
             .port = flow->port,
             .host = host};
    const pl_sip_conn *c = add_conn(t, fd, &w);
    if (!c)
        return PL_EFULL;
    flow->conn = c->id;
    return PL_OK;
}

void pl_sip_conn_hold(pl_sip_conn *c, int change)
{
    if (change > 0) {
        c->holds++;
    } else if (c->holds > 0) {
        c->holds--;
    }
    c->active_us = pl_loop_now_us(c->t->o.loop);
}

void pl_sip_conns_sweep(pl_sip_transport *t)
{
    int64_t now = pl_loop_now_us(t->o.loop);
    for (unsigned i = 0; i < t->o.max_tcp; i++) {
        pl_sip_conn *c = t->conns[i];
        bool is_waiting =
            c && (c->holds == 0 || c->in_len > 0 || c->is_shaking);
        bool is_lost = c && c->is_connecting && now - c->opened_us > CONNECT_US;
        if (is_lost || (is_waiting && now - c->active_us > DEADLINE_US)) {
            count(t, PL_SIG_tcp_expired);
            close_conn(c);
        }
    }
}

void pl_sip_conns_free(pl_sip_transport *t)
{
    for (unsigned i = 0; t->conns && i < t->o.max_tcp; i++) {
        pl_sip_conn *c = t->conns[i];
        if (!c)
            continue;
        close_socket(c);
        free_conn(c);
    }
    free(t->conns);
}
