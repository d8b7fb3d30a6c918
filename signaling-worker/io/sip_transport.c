/* sip_transport.c - sockets of the SIP side. */
#define _GNU_SOURCE /* accept4. NOLINT(bugprone-reserved-identifier) */
#include "sip_transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate.h"
#include "pl/log.h"
#include "pl/str.h"
#include "sig_metrics.h"

enum {
    MAX_SOCKETS = 8,      /* listening addresses of each kind */
    UDP_BATCH = 64,       /* datagrams per wake-up */
    UDP_BUFFER = 1 << 20, /* kernel buffer asked for, bytes */
    DATAGRAM_MAX = 65535,
    TCP_QUEUE_MAX = 256 * 1024, /* unsent bytes of one connection */
    TCP_DEADLINE_US = 30000000, /* idle, or a message half received */
    SWEEP_US = 1000000,
    SIP_PORT = 5060, /* RFC 3261 section 19.1.2 */
};

typedef struct endpoint {
    struct pl_sip_transport *t;
    int fd;
    pl_io *io;
    pl_ip ip;
    uint16_t port;
    uint8_t index;
} endpoint;

typedef struct conn {
    struct pl_sip_transport *t;
    uint32_t id;
    int fd;
    pl_io *io;
    pl_ip peer;
    uint16_t port;
    bool is_connecting, is_busy, is_dead;
    unsigned holds;
    int64_t active_us; /* last whole message, or since the first byte */
    uint8_t *in;
    size_t in_len, in_cap;
    uint8_t *out;
    size_t out_len, out_cap;
} conn;

struct pl_sip_transport {
    pl_sip_transport_options o;
    char announce[PL_IP_TEXT];
    endpoint udp[MAX_SOCKETS], tcp[MAX_SOCKETS];
    unsigned n_udp, n_tcp;
    conn **conns; /* max_tcp places */
    unsigned n_conns;
    uint16_t generation;
    pl_timer *sweep;
    uint8_t datagram[DATAGRAM_MAX];
};

static void count(const pl_sip_transport *t, pl_sig_metric metric)
{
    pl_metrics_add(t->o.metrics, metric, 1);
}

static socklen_t to_sockaddr(const pl_ip *ip, uint16_t port,
                             struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof *ss);
    if (pl_ip_is_v4(ip)) {
        struct sockaddr_in sin = {.sin_family = AF_INET,
                                  .sin_port = htons(port)};
        memcpy(&sin.sin_addr, ip->b + 12, 4);
        memcpy(ss, &sin, sizeof sin);
        return sizeof sin;
    }
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(port)};
    memcpy(&sin6.sin6_addr, ip->b, 16);
    memcpy(ss, &sin6, sizeof sin6);
    return sizeof sin6;
}

static void from_sockaddr(const struct sockaddr_storage *ss, pl_ip *ip,
                          uint16_t *port)
{
    if (ss->ss_family == AF_INET6) {
        struct sockaddr_in6 sin6;
        memcpy(&sin6, ss, sizeof sin6);
        memcpy(ip->b, &sin6.sin6_addr, 16);
        *port = ntohs(sin6.sin6_port);
        return;
    }
    struct sockaddr_in sin;
    memcpy(&sin, ss, sizeof sin);
    *ip = (pl_ip){.b = {[10] = 255, [11] = 255}};
    memcpy(ip->b + 12, &sin.sin_addr, 4);
    *port = ntohs(sin.sin_port);
}

/* ---- UDP ---- */

static void on_udp(void *ctx, unsigned events)
{
    (void)events;
    endpoint *e = ctx;
    pl_sip_transport *t = e->t;
    for (unsigned i = 0; i < UDP_BATCH; i++) {
        struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
        socklen_t len = sizeof ss;
        ssize_t n = recvfrom(e->fd, t->datagram, sizeof t->datagram, 0,
                             (struct sockaddr *)&ss, &len);
        if (n < 0)
            return;
        pl_sip_flow flow = {.socket = e->index};
        from_sockaddr(&ss, &flow.peer, &flow.port);
        count(t, PL_SIG_udp_received);
        if (flow.port == 0 || pl_ip_is_multicast(&flow.peer))
            continue; /* nothing we could answer to */
        t->o.on_message(t->o.ctx, &flow, (pl_slice){t->datagram, (size_t)n});
    }
}

static pl_err send_udp(pl_sip_transport *t, const pl_sip_flow *flow,
                       pl_slice bytes)
{
    if (flow->socket >= t->n_udp)
        return PL_EUNAVAILABLE;
    struct sockaddr_storage ss;
    socklen_t len = to_sockaddr(&flow->peer, flow->port, &ss);
    ssize_t n =
        sendto(t->udp[flow->socket].fd, bytes.ptr, bytes.len,
               MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&ss, len);
    if (n == (ssize_t)bytes.len)
        return PL_OK;
    count(t, PL_SIG_send_failed);
    return errno == EAGAIN || errno == ENOBUFS ? PL_EFULL : PL_EIO;
}

/* ---- TCP connections ---- */

static conn *find_conn(const pl_sip_transport *t, uint32_t id)
{
    unsigned at = (id & 0xffff) - 1;
    if (id == 0 || at >= t->o.max_tcp || !t->conns[at])
        return NULL;
    return t->conns[at]->id == id && !t->conns[at]->is_dead ? t->conns[at]
                                                            : NULL;
}

static void free_conn(conn *c)
{
    pl_sip_transport *t = c->t;
    t->conns[(c->id & 0xffff) - 1] = NULL;
    t->n_conns--;
    pl_metrics_set(t->o.metrics, PL_SIG_tcp_connections, t->n_conns);
    free(c->in);
    free(c->out);
    free(c);
}

static void close_conn(conn *c)
{
    if (c->is_dead)
        return;
    c->is_dead = true;
    pl_io_destroy(&c->io);
    (void)close(c->fd);
    uint32_t id = c->id;
    pl_sip_transport *t = c->t;
    if (!c->is_busy)
        free_conn(c);
    t->o.on_closed(t->o.ctx, id);
}

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

static void on_ping(conn *c, size_t len)
{
    if (len >= 4) { /* RFC 5626 section 4.4.1: CRLFCRLF wants CRLF */
        pl_sip_flow flow = {.is_tcp = true, .conn = c->id};
        (void)!pl_sip_transport_send(c->t, &flow, pl_slice_str("\r\n"));
    }
}

/* Hand out every whole message; false when the connection must close. */
static bool take_frames(conn *c)
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
        pl_sip_flow flow = {
            .is_tcp = true, .conn = c->id, .peer = c->peer, .port = c->port};
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

static void read_conn(conn *c)
{
    enum { CHUNK = 16384, ROUNDS = 8 };
    bool is_good = true;
    c->is_busy = true;
    for (unsigned i = 0; i < ROUNDS && is_good && !c->is_dead; i++) {
        if (!grow(&c->in, &c->in_cap, c->in_len, CHUNK)) {
            is_good = false;
            break;
        }
        ssize_t n = recv(c->fd, c->in + c->in_len, CHUNK, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            is_good = false;
            break;
        }
        if (c->in_len == 0)
            c->active_us = pl_loop_now_us(c->t->o.loop);
        c->in_len += (size_t)n;
        is_good = take_frames(c);
    }
    c->is_busy = false;
    if (c->is_dead) {
        free_conn(c);
    } else if (!is_good) {
        close_conn(c);
    }
}

static bool flush(conn *c)
{
    size_t at = 0;
    while (at < c->out_len) {
        ssize_t n = send(c->fd, c->out + at, c->out_len - at,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    if (at > 0)
        memmove(c->out, c->out + at, c->out_len - at);
    c->out_len -= at;
    pl_io_set(c->io, c->out_len > 0 ? PL_IO_READ | PL_IO_WRITE : PL_IO_READ);
    return true;
}

static void on_conn(void *ctx, unsigned events)
{
    conn *c = ctx;
    if (c->is_connecting) {
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
            error != 0) {
            close_conn(c);
            return;
        }
        c->is_connecting = false;
    }
    if ((events & PL_IO_WRITE) && !flush(c)) {
        close_conn(c);
        return;
    }
    if (events & PL_IO_READ)
        read_conn(c);
}

static unsigned conns_of(const pl_sip_transport *t, const pl_ip *ip)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->o.max_tcp; i++)
        n += t->conns[i] && pl_ip_eq(&t->conns[i]->peer, ip);
    return n;
}

/* Take over fd (closed on failure). */
static conn *add_conn(pl_sip_transport *t, int fd, const pl_ip *peer,
                      uint16_t port, bool is_connecting)
{
    unsigned at = 0;
    while (at < t->o.max_tcp && t->conns[at])
        at++;
    conn *c = at < t->o.max_tcp ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        (void)close(fd);
        return NULL;
    }
    t->generation++;
    c->t = t;
    c->id = (uint32_t)t->generation << 16 | (at + 1);
    c->fd = fd;
    c->peer = *peer;
    c->port = port;
    c->is_connecting = is_connecting;
    c->active_us = pl_loop_now_us(t->o.loop);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    unsigned events = is_connecting ? PL_IO_READ | PL_IO_WRITE : PL_IO_READ;
    if (pl_io_create(t->o.loop, fd, events, on_conn, c, &c->io) != PL_OK) {
        (void)close(fd);
        free(c);
        return NULL;
    }
    t->conns[at] = c;
    t->n_conns++;
    pl_metrics_set(t->o.metrics, PL_SIG_tcp_connections, t->n_conns);
    return c;
}

static void on_accept(void *ctx, unsigned events)
{
    (void)events;
    endpoint *e = ctx;
    pl_sip_transport *t = e->t;
    struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof ss;
    int fd = accept4(e->fd, (struct sockaddr *)&ss, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    pl_ip peer;
    uint16_t port = 0;
    from_sockaddr(&ss, &peer, &port);
    if (conns_of(t, &peer) >= t->o.max_tcp_per_ip) {
        count(t, PL_SIG_tcp_refused);
        (void)close(fd);
        return;
    }
    if (!add_conn(t, fd, &peer, port, false))
        count(t, PL_SIG_tcp_refused);
}

static pl_err send_tcp(pl_sip_transport *t, const pl_sip_flow *flow,
                       pl_slice bytes)
{
    conn *c = find_conn(t, flow->conn);
    if (!c)
        return PL_EGONE;
    if (c->out_len + bytes.len > TCP_QUEUE_MAX ||
        !grow(&c->out, &c->out_cap, c->out_len, bytes.len)) {
        count(t, PL_SIG_send_failed);
        return PL_EFULL;
    }
    memcpy(c->out + c->out_len, bytes.ptr, bytes.len);
    c->out_len += bytes.len;
    if (!c->is_connecting && !flush(c)) {
        count(t, PL_SIG_send_failed);
        close_conn(c);
        return PL_EGONE;
    }
    return PL_OK;
}

pl_err pl_sip_transport_send(pl_sip_transport *t, const pl_sip_flow *flow,
                             pl_slice bytes)
{
    return flow->is_tcp ? send_tcp(t, flow, bytes) : send_udp(t, flow, bytes);
}

static pl_err connect_tcp(pl_sip_transport *t, const pl_ip *peer, uint16_t port,
                          pl_sip_flow *flow)
{
    struct sockaddr_storage ss;
    socklen_t len = to_sockaddr(peer, port, &ss);
    int fd =
        socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return PL_EIO;
    if (connect(fd, (const struct sockaddr *)&ss, len) != 0 &&
        errno != EINPROGRESS) {
        (void)close(fd);
        return PL_EIO;
    }
    const conn *c = add_conn(t, fd, peer, port, true);
    if (!c)
        return PL_EFULL;
    flow->conn = c->id;
    return PL_OK;
}

pl_err pl_sip_transport_reach(pl_sip_transport *t, bool is_tcp,
                              const pl_ip *peer, uint16_t port,
                              pl_sip_flow *ret_flow)
{
    pl_sip_flow flow = {
        .is_tcp = is_tcp, .peer = *peer, .port = port ? port : SIP_PORT};
    if (!is_tcp) {
        for (unsigned i = 0; i < t->n_udp; i++) {
            if (pl_ip_is_v4(&t->udp[i].ip) == pl_ip_is_v4(peer)) {
                flow.socket = (uint8_t)i;
                *ret_flow = flow;
                return PL_OK;
            }
        }
        return PL_EUNAVAILABLE;
    }
    for (unsigned i = 0; i < t->o.max_tcp; i++) {
        const conn *c = t->conns[i];
        if (c && !c->is_dead && c->port == flow.port &&
            pl_ip_eq(&c->peer, peer)) {
            flow.conn = c->id;
            *ret_flow = flow;
            return PL_OK;
        }
    }
    pl_err e = connect_tcp(t, peer, flow.port, &flow);
    if (e == PL_OK)
        *ret_flow = flow;
    return e;
}

/* The address this host uses towards a peer: what routing says. */
static pl_ip route_to(const pl_ip *peer)
{
    pl_ip ip = *peer;
    struct sockaddr_storage ss;
    socklen_t len = to_sockaddr(peer, SIP_PORT, &ss);
    int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ip;
    socklen_t got = sizeof ss;
    if (connect(fd, (const struct sockaddr *)&ss, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&ss, &got) == 0) {
        uint16_t port = 0;
        from_sockaddr(&ss, &ip, &port);
    }
    (void)close(fd);
    return ip;
}

void pl_sip_transport_local(const pl_sip_transport *t, const pl_sip_flow *flow,
                            char buf[PL_SIP_LOCAL_TEXT])
{
    const endpoint *e = NULL;
    if (!flow->is_tcp && flow->socket < t->n_udp)
        e = &t->udp[flow->socket];
    for (unsigned i = 0; flow->is_tcp && i < t->n_tcp; i++) {
        if (!e || pl_ip_is_v4(&t->tcp[i].ip) == pl_ip_is_v4(&flow->peer))
            e = &t->tcp[i];
    }
    char host[PL_IP_TEXT];
    if (t->announce[0] && !pl_ip_is_loopback(&flow->peer)) {
        pl_fmt_cut(host, sizeof host, "%s", t->announce);
    } else {
        pl_ip ip = e && !pl_ip_is_any(&e->ip) ? e->ip : route_to(&flow->peer);
        pl_ip_text(&ip, host);
    }
    bool is_v6 = strchr(host, ':') != NULL;
    pl_fmt_cut(buf, PL_SIP_LOCAL_TEXT, "%s%s%s:%u", is_v6 ? "[" : "", host,
               is_v6 ? "]" : "", e ? (unsigned)e->port : (unsigned)SIP_PORT);
}

void pl_sip_transport_hold(pl_sip_transport *t, const pl_sip_flow *flow,
                           int change)
{
    conn *c = flow->is_tcp ? find_conn(t, flow->conn) : NULL;
    if (!c)
        return;
    if (change > 0) {
        c->holds++;
    } else if (c->holds > 0) {
        c->holds--;
    }
    c->active_us = pl_loop_now_us(t->o.loop);
}

bool pl_sip_transport_is_open(const pl_sip_transport *t,
                              const pl_sip_flow *flow)
{
    return !flow->is_tcp || find_conn(t, flow->conn) != NULL;
}

uint16_t pl_sip_transport_port(const pl_sip_transport *t, bool is_tcp)
{
    if (is_tcp)
        return t->n_tcp > 0 ? t->tcp[0].port : 0;
    return t->n_udp > 0 ? t->udp[0].port : 0;
}

/* Idle connections without a call, and those with half a message, go. */
static void sweep(void *ctx)
{
    pl_sip_transport *t = ctx;
    int64_t now = pl_loop_now_us(t->o.loop);
    for (unsigned i = 0; i < t->o.max_tcp; i++) {
        conn *c = t->conns[i];
        bool is_waiting = c && (c->holds == 0 || c->in_len > 0);
        if (is_waiting && now - c->active_us > TCP_DEADLINE_US) {
            count(t, PL_SIG_tcp_expired);
            close_conn(c);
        }
    }
    pl_timer_start(t->sweep, SWEEP_US);
}

/* ---- opening ---- */

static pl_err bind_socket(endpoint *e, bool is_tcp)
{
    struct sockaddr_storage ss;
    socklen_t len = to_sockaddr(&e->ip, e->port, &ss);
    int type = (is_tcp ? SOCK_STREAM : SOCK_DGRAM);
    e->fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (e->fd < 0)
        return errno == EAFNOSUPPORT ? PL_EUNSUPPORTED : PL_EIO;
    int on = 1;
    int size = UDP_BUFFER;
    if (ss.ss_family == AF_INET6)
        (void)setsockopt(e->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (is_tcp) {
        (void)setsockopt(e->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    } else {
        (void)setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    if (bind(e->fd, (const struct sockaddr *)&ss, len) != 0 ||
        (is_tcp && listen(e->fd, 128) != 0)) {
        return errno == EADDRNOTAVAIL && ss.ss_family == AF_INET6
                   ? PL_EUNSUPPORTED
                   : PL_EIO;
    }
    len = sizeof ss;
    if (getsockname(e->fd, (struct sockaddr *)&ss, &len) == 0) {
        pl_ip unused;
        from_sockaddr(&ss, &unused, &e->port);
    }
    return PL_OK;
}

pl_err pl_sip_listen_parse(pl_slice word, pl_ip *ret_ip, uint16_t *ret_port)
{
    bool is_port_zero =
        word.len > 2 && memcmp(word.ptr + word.len - 2, ":0", 2) == 0;
    pl_slice address = {word.ptr, is_port_zero ? word.len - 2 : word.len};
    pl_ip ip;
    uint16_t port;
    if (pl_ip_port_parse(address, &ip, &port) != PL_OK)
        return PL_EINVAL;
    *ret_ip = ip;
    *ret_port = port == 0 && !is_port_zero ? SIP_PORT : port;
    return PL_OK;
}

static pl_err open_one(pl_sip_transport *t, pl_slice word, bool is_tcp)
{
    endpoint *row = is_tcp ? t->tcp : t->udp;
    unsigned *n = is_tcp ? &t->n_tcp : &t->n_udp;
    char text[80];
    pl_fmt_cut(text, sizeof text, "%.*s", (int)word.len,
               (const char *)word.ptr);
    endpoint e = {.t = t, .fd = -1, .index = (uint8_t)*n};
    if (*n == MAX_SOCKETS ||
        pl_sip_listen_parse(word, &e.ip, &e.port) != PL_OK) {
        PL_LOG(ERROR, "sip", "bad_listen_address", PL_KV("address", text),
               "write it as 0.0.0.0:5060 or [::]:5060, at most %d of them",
               MAX_SOCKETS);
        return PL_ECONFIG;
    }
    pl_err err = bind_socket(&e, is_tcp);
    if (err != PL_OK) {
        const char *why = strerrordesc_np(errno);
        if (e.fd >= 0)
            (void)close(e.fd);
        if (err == PL_EUNSUPPORTED) {
            PL_LOG(WARN, "sip", "listen_skipped", PL_KV("address", text),
                   "this host has no such address family or address");
            return PL_OK;
        }
        PL_LOG(ERROR, "sip", "listen_failed", PL_KV("address", text),
               "%s: %s; another SIP program may be running there",
               is_tcp ? "tcp" : "udp", why ? why : "error");
        return err;
    }
    row[*n] = e;
    err = pl_io_create(t->o.loop, e.fd, PL_IO_READ, is_tcp ? on_accept : on_udp,
                       &row[*n], &row[*n].io);
    (*n)++;
    return err;
}

static pl_err open_list(pl_sip_transport *t, const char *list, bool is_tcp)
{
    pl_slice rest = pl_slice_str(list);
    pl_slice word;
    pl_err e = PL_OK;
    while (e == PL_OK && pl_word_next(&rest, &word))
        e = open_one(t, word, is_tcp);
    return e;
}

pl_err pl_sip_transport_open(const pl_sip_transport_options *o,
                             pl_sip_transport **ret_transport)
{
    if (o->max_tcp == 0 || o->max_tcp > 60000)
        return PL_EINVAL;
    pl_sip_transport *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    t->o = *o;
    pl_fmt_cut(t->announce, sizeof t->announce, "%s", o->announce_address);
    t->conns = calloc(o->max_tcp, sizeof(conn *));
    pl_err e = t->conns ? PL_OK : PL_ENOMEM;
    if (e == PL_OK)
        e = open_list(t, o->udp_listen, false);
    if (e == PL_OK)
        e = open_list(t, o->tcp_listen, true);
    if (e == PL_OK && t->n_udp + t->n_tcp == 0)
        e = PL_ECONFIG;
    if (e == PL_OK)
        e = pl_timer_create(o->loop, sweep, t, &t->sweep);
    if (e != PL_OK) {
        pl_sip_transport_close(&t);
        return e;
    }
    pl_timer_start(t->sweep, SWEEP_US);
    *ret_transport = t;
    return PL_OK;
}

static void close_endpoints(endpoint *row, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        pl_io_destroy(&row[i].io);
        (void)close(row[i].fd);
    }
}

void pl_sip_transport_close(pl_sip_transport **transport)
{
    if (!transport || !*transport)
        return;
    pl_sip_transport *t = *transport;
    *transport = NULL;
    pl_timer_destroy(&t->sweep);
    close_endpoints(t->udp, t->n_udp);
    close_endpoints(t->tcp, t->n_tcp);
    for (unsigned i = 0; t->conns && i < t->o.max_tcp; i++) {
        conn *c = t->conns[i];
        if (!c)
            continue;
        pl_io_destroy(&c->io);
        (void)close(c->fd);
        free_conn(c);
    }
    free(t->conns);
    free(t);
}
