/* sip_transport.c - listeners of the SIP side, and its datagrams. */
#define _GNU_SOURCE  /* strerrordesc_np. NOLINT(bugprone-reserved-identifier)  \
                      */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pl/certificate.h"
#include "pl/log.h"
#include "pl/str.h"
#include "sip_build.h"
#include "sip_transport_impl.h"

enum {
    UDP_BATCH = 64,       /* datagrams per wake-up */
    UDP_BUFFER = 1 << 20, /* kernel buffer asked for, bytes */
    SWEEP_US = 1000000,
    PORT_STEP = 2, /* UDP, TCP at even ports, TLS at odd ones */
};

socklen_t pl_sip_to_sockaddr(const pl_ip *ip, uint16_t port,
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

void pl_sip_from_sockaddr(const struct sockaddr_storage *ss, pl_ip *ip,
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
        if (n < 0) {
            e->behind_us = 0;
            return;
        }
        pl_sip_flow flow = {.transport = PL_URI_UDP, .socket = e->index};
        pl_sip_from_sockaddr(&ss, &flow.peer, &flow.port);
        count(t, PL_SIG_udp_received);
        if (flow.port == 0 || pl_ip_is_multicast(&flow.peer))
            continue; /* nothing we could answer to */
        t->o.on_message(t->o.ctx, &flow, (pl_slice){t->datagram, (size_t)n});
    }
    if (e->behind_us == 0)
        e->behind_us = pl_loop_now_us(t->o.loop);
}

int64_t pl_sip_transport_backlog_us(const pl_sip_transport *t)
{
    const listeners *udp = &t->listen[PL_URI_UDP];
    int64_t now = pl_loop_now_us(t->o.loop);
    int64_t longest = 0;
    for (unsigned i = 0; i < udp->n; i++) {
        int64_t since = udp->row[i].behind_us;
        if (since != 0 && now - since > longest)
            longest = now - since;
    }
    return longest;
}

static pl_err send_udp(pl_sip_transport *t, const pl_sip_flow *flow,
                       pl_slice bytes)
{
    const listeners *udp = &t->listen[PL_URI_UDP];
    if (flow->socket >= udp->n)
        return PL_EUNAVAILABLE;
    struct sockaddr_storage ss;
    socklen_t len = pl_sip_to_sockaddr(&flow->peer, flow->port, &ss);
    ssize_t n =
        sendto(udp->row[flow->socket].fd, bytes.ptr, bytes.len,
               MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&ss, len);
    if (n == (ssize_t)bytes.len)
        return PL_OK;
    count(t, PL_SIG_send_failed);
    return errno == EAGAIN || errno == ENOBUFS ? PL_EFULL : PL_EIO;
}

pl_err pl_sip_transport_send(pl_sip_transport *t, const pl_sip_flow *flow,
                             pl_slice bytes)
{
    return pl_sip_is_stream(flow) ? pl_sip_conn_send(t, flow->conn, bytes)
                                  : send_udp(t, flow, bytes);
}

static pl_err reach_udp(const pl_sip_transport *t, pl_sip_flow *flow)
{
    const listeners *udp = &t->listen[PL_URI_UDP];
    for (unsigned i = 0; i < udp->n; i++) {
        if (pl_ip_is_v4(&udp->row[i].ip) == pl_ip_is_v4(&flow->peer)) {
            flow->socket = (uint8_t)i;
            return PL_OK;
        }
    }
    return PL_EUNAVAILABLE;
}

pl_err pl_sip_transport_reach(pl_sip_transport *t, const pl_sip_to *to,
                              pl_sip_flow *ret_flow)
{
    uint16_t usual = to->transport == PL_URI_TLS ? SIPS_PORT : SIP_PORT;
    pl_sip_flow flow = {.transport = to->transport,
                        .peer = *to->ip,
                        .port = to->port ? to->port : usual};
    pl_err e = PL_EUNAVAILABLE;
    switch (to->transport) {
    case PL_URI_UDP: e = reach_udp(t, &flow); break;
    case PL_URI_TCP:
    case PL_URI_TLS: e = pl_sip_conn_reach(t, to->host, &flow); break;
    case PL_URI_ANY:
    case PL_URI_OTHER:
    default: break;
    }
    if (!e)
        *ret_flow = flow;
    return e;
}

/* The address this host uses towards a peer: what routing says. */
static pl_ip route_to(const pl_ip *peer)
{
    pl_ip ip = *peer;
    struct sockaddr_storage ss;
    socklen_t len = pl_sip_to_sockaddr(peer, SIP_PORT, &ss);
    int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ip;
    socklen_t got = sizeof ss;
    if (connect(fd, (const struct sockaddr *)&ss, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&ss, &got) == 0) {
        uint16_t port = 0;
        pl_sip_from_sockaddr(&ss, &ip, &port);
    }
    (void)close(fd);
    return ip;
}

/* Where the peer of a flow would connect to; NULL: nowhere. */
static const endpoint *own_listener(const pl_sip_transport *t,
                                    const pl_sip_flow *flow)
{
    const listeners *l = &t->listen[flow->transport];
    const endpoint *e = NULL;
    if (flow->transport == PL_URI_UDP)
        return flow->socket < l->n ? &l->row[flow->socket] : NULL;
    for (unsigned i = 0; i < l->n; i++) {
        if (!e || pl_ip_is_v4(&l->row[i].ip) == pl_ip_is_v4(&flow->peer))
            e = &l->row[i];
    }
    return e;
}

void pl_sip_transport_local(const pl_sip_transport *t, const pl_sip_flow *flow,
                            char buf[PL_SIP_LOCAL_TEXT])
{
    const endpoint *e = own_listener(t, flow);
    char host[PL_IP_TEXT];
    if (t->announce[0] && !pl_ip_is_loopback(&flow->peer)) {
        pl_fmt_cut(host, sizeof host, "%s", t->announce);
    } else {
        pl_ip ip = e && !pl_ip_is_any(&e->ip) ? e->ip : route_to(&flow->peer);
        pl_ip_text(&ip, host);
    }
    bool is_v6 = strchr(host, ':') != NULL;
    unsigned usual = flow->transport == PL_URI_TLS ? SIPS_PORT : SIP_PORT;
    pl_fmt_cut(buf, PL_SIP_LOCAL_TEXT, "%s%s%s:%u", is_v6 ? "[" : "", host,
               is_v6 ? "]" : "", e ? (unsigned)e->port : usual);
}

void pl_sip_transport_contact(const pl_sip_transport *t,
                              const pl_sip_flow *flow, const char *user,
                              bool is_sips, char buf[PL_SIP_CONTACT_TEXT])
{
    static const char *const params[] = {[PL_URI_UDP] = "",
                                         [PL_URI_TCP] = ";transport=tcp",
                                         [PL_URI_TLS] = ";transport=tls"};
    char local[PL_SIP_LOCAL_TEXT];
    char escaped[3 * 64 + 1];
    pl_sip_transport_local(t, flow, local);
    if (pl_sip_escape_user(user, escaped, sizeof escaped) != PL_OK)
        escaped[0] = '\0'; /* longer than one of ours can be */
    pl_fmt_cut(buf, PL_SIP_CONTACT_TEXT, "%s:%s%s%s%s",
               is_sips ? "sips" : "sip", escaped, escaped[0] ? "@" : "", local,
               is_sips ? "" : params[flow->transport]);
}

pl_err pl_sip_transport_self(const pl_sip_transport *t,
                             char buf[PL_SIP_CONTACT_TEXT])
{
    static const pl_uri_transport order[] = {PL_URI_TCP, PL_URI_UDP};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const listeners *l = &t->listen[order[i]];
        char host[PL_IP_TEXT];
        if (l->n == 0)
            continue;
        bool is_v4 = pl_ip_is_v4(&l->row[0].ip);
        pl_ip_text(&l->row[0].ip, host);
        if (pl_ip_is_any(&l->row[0].ip))
            pl_fmt_cut(host, sizeof host, is_v4 ? "127.0.0.1" : "::1");
        return pl_fmt(buf, PL_SIP_CONTACT_TEXT, "sip:%s%s%s:%u;transport=%s",
                      is_v4 ? "" : "[", host, is_v4 ? "" : "]",
                      (unsigned)l->row[0].port,
                      order[i] == PL_URI_TCP ? "tcp" : "udp");
    }
    return PL_EUNAVAILABLE;
}

unsigned pl_sip_transport_can(const pl_sip_transport *t)
{
    unsigned can = 0;
    for (unsigned i = PL_URI_UDP; i <= PL_URI_TLS; i++) {
        if (pl_sip_transport_port(t, (pl_uri_transport)i) != 0)
            can |= 1U << i;
    }
    return can;
}

void pl_sip_transport_hold(pl_sip_transport *t, const pl_sip_flow *flow,
                           int change)
{
    pl_sip_conn *c =
        pl_sip_is_stream(flow) ? pl_sip_conn_find(t, flow->conn) : NULL;
    if (c)
        pl_sip_conn_hold(c, change);
}

bool pl_sip_transport_is_open(const pl_sip_transport *t,
                              const pl_sip_flow *flow)
{
    return !pl_sip_is_stream(flow) || pl_sip_conn_find(t, flow->conn) != NULL;
}

uint16_t pl_sip_transport_port(const pl_sip_transport *t,
                               pl_uri_transport transport)
{
    const listeners *l = &t->listen[transport];
    return l->n > 0 ? l->row[0].port : 0;
}

void pl_sip_transport_where(const pl_sip_transport *t,
                            char buf[PL_SIP_WHERE_TEXT])
{
    static const char *const names[N_TRANSPORTS] = {
        [PL_URI_UDP] = "udp", [PL_URI_TCP] = "tcp", [PL_URI_TLS] = "tls"};
    const endpoint *e = NULL;
    for (unsigned i = 0; i < N_TRANSPORTS && !e; i++)
        e = t->listen[i].n > 0 ? &t->listen[i].row[0] : NULL;
    char host[PL_IP_TEXT];
    pl_ip_text(&e->ip, host); /* there is one, or we were not open */
    if (t->announce[0])
        pl_fmt_cut(host, sizeof host, "%s", t->announce);
    bool is_v6 = strchr(host, ':') != NULL;
    pl_fmt_cut(buf, PL_SIP_WHERE_TEXT, "%s%s%s:%u %s", is_v6 ? "[" : "", host,
               is_v6 ? "]" : "", (unsigned)e->port, names[e->transport]);
}

static void sweep(void *ctx)
{
    pl_sip_transport *t = ctx;
    pl_sip_conns_sweep(t);
    pl_timer_start(t->sweep, SWEEP_US);
}

/* ---- opening ---- */

static pl_err bind_socket(endpoint *e)
{
    bool is_tcp = e->transport != PL_URI_UDP;
    struct sockaddr_storage ss;
    socklen_t len = pl_sip_to_sockaddr(&e->ip, e->port, &ss);
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
        if (errno == EADDRNOTAVAIL && ss.ss_family == AF_INET6)
            return PL_EUNSUPPORTED;
        return errno == EADDRINUSE ? PL_EBUSY : PL_EIO;
    }
    len = sizeof ss;
    if (getsockname(e->fd, (struct sockaddr *)&ss, &len) == 0) {
        pl_ip unused;
        pl_sip_from_sockaddr(&ss, &unused, &e->port);
    }
    return PL_OK;
}

pl_err pl_sip_listen_parse(pl_slice word, pl_uri_transport transport,
                           pl_ip *ret_ip, uint16_t *ret_port)
{
    uint16_t usual = transport == PL_URI_TLS ? SIPS_PORT : SIP_PORT;
    bool is_port_zero =
        word.len > 2 && memcmp(word.ptr + word.len - 2, ":0", 2) == 0;
    pl_slice address = {word.ptr, is_port_zero ? word.len - 2 : word.len};
    pl_ip ip;
    uint16_t port;
    if (pl_ip_port_parse(address, &ip, &port) != PL_OK)
        return PL_EINVAL;
    *ret_ip = ip;
    *ret_port = port == 0 && !is_port_zero ? usual : port;
    return PL_OK;
}

/* PL_EBUSY: others are tried. */
static pl_err listen_failed(const endpoint *e, const char *text, pl_err err)
{
    static const char *const names[N_TRANSPORTS] = {
        [PL_URI_UDP] = "udp", [PL_URI_TCP] = "tcp", [PL_URI_TLS] = "tls"};
    const char *why = strerrordesc_np(errno);
    if (e->fd >= 0)
        (void)close(e->fd);
    if (err == PL_EUNSUPPORTED) {
        PL_LOG(WARN, "sip", "listen_skipped", PL_KV("address", text),
               "this host has no such address family or address");
        return PL_OK;
    }
    if (err == PL_EBUSY &&
        e->t->shift + PORT_STEP < PORT_STEP * e->t->o.n_ports)
        return err;
    PL_LOG(ERROR, "sip", "listen_failed", PL_KV("address", text),
           "port %u, %s: %s; another SIP program may be running there",
           (unsigned)e->port, names[e->transport], why ? why : "error");
    return PL_EIO;
}

static pl_err open_one(pl_sip_transport *t, pl_slice word,
                       pl_uri_transport transport)
{
    listeners *l = &t->listen[transport];
    char text[80];
    pl_fmt_cut(text, sizeof text, "%.*s", (int)word.len,
               (const char *)word.ptr);
    endpoint e = {
        .t = t, .transport = transport, .fd = -1, .index = (uint8_t)l->n};
    if (l->n == MAX_SOCKETS ||
        pl_sip_listen_parse(word, transport, &e.ip, &e.port) != PL_OK) {
        PL_LOG(ERROR, "sip", "bad_listen_address", PL_KV("address", text),
               "write it as 0.0.0.0:5060 or [::]:5060, at most %d of them",
               MAX_SOCKETS);
        return PL_ECONFIG;
    }
    if (e.port != 0)
        e.port = (uint16_t)(e.port + t->shift); /* in range: it was checked */
    pl_err err = bind_socket(&e);
    if (err != PL_OK)
        return listen_failed(&e, text, err);
    l->row[l->n] = e;
    err = pl_io_create(t->o.loop, e.fd, PL_IO_READ,
                       transport == PL_URI_UDP ? on_udp : pl_sip_conn_on_accept,
                       &l->row[l->n], &l->row[l->n].io);
    l->n++;
    return err;
}

static pl_err open_list(pl_sip_transport *t, const char *list,
                        pl_uri_transport transport)
{
    pl_slice rest = pl_slice_str(list);
    pl_slice word;
    pl_err e = PL_OK;
    while (e == PL_OK && pl_word_next(&rest, &word))
        e = open_one(t, word, transport);
    return e;
}

static void close_listeners(pl_sip_transport *t)
{
    for (unsigned i = 0; i < N_TRANSPORTS; i++) {
        for (unsigned k = 0; k < t->listen[i].n; k++) {
            pl_io_destroy(&t->listen[i].row[k].io);
            (void)close(t->listen[i].row[k].fd);
        }
        t->listen[i].n = 0;
    }
}

/* The first ports of which none is taken. */
static pl_err open_listeners(pl_sip_transport *t)
{
    pl_err e;
    for (t->shift = 0;; t->shift += PORT_STEP) {
        e = open_list(t, t->o.udp_listen, PL_URI_UDP);
        if (!e)
            e = open_list(t, t->o.tcp_listen, PL_URI_TCP);
        if (!e)
            e = open_list(t, t->o.tls_listen, PL_URI_TLS);
        if (e != PL_EBUSY)
            break;
        close_listeners(t);
    }
    if (!e && t->shift > 0) {
        PL_LOG(INFO, "sip", "listening", NULL,
               "%u ports above those that are configured and taken", t->shift);
    }
    return e;
}

static pl_err open_all(pl_sip_transport *t)
{
    t->conns = calloc(t->o.max_tcp, sizeof *t->conns);
    pl_err e = t->conns ? pl_sip_tls_open(&t->o.tls, &t->tls) : PL_ENOMEM;
    if (!e)
        e = open_listeners(t);
    pl_metrics_set(t->o.metrics, PL_SIG_certificate_ends,
                   pl_certificate_ends_s(t->o.tls.certificate));
    unsigned n = 0;
    for (unsigned i = 0; i < N_TRANSPORTS; i++)
        n += t->listen[i].n;
    return !e && n == 0 ? PL_ECONFIG : e;
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
    pl_err e = open_all(t);
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

void pl_sip_transport_close(pl_sip_transport **transport)
{
    if (!transport || !*transport)
        return;
    pl_sip_transport *t = *transport;
    *transport = NULL;
    pl_timer_destroy(&t->sweep);
    close_listeners(t);
    pl_sip_conns_free(t);
    pl_sip_tls_close(&t->tls);
    free(t);
}
