/* sip_transport_impl.h - what the files of the transport share: sip_transport.c
 * has the listeners and UDP, sip_conn.c the connections. */
#ifndef PL_SIG_SIP_TRANSPORT_IMPL_H
#define PL_SIG_SIP_TRANSPORT_IMPL_H

#include <sys/socket.h>

#include "sig_metrics.h"
#include "sip_tls.h"
#include "sip_transport.h"

enum {
    MAX_SOCKETS = 8, /* listening addresses of each kind */
    DATAGRAM_MAX = 65535,
    SIP_PORT = 5060, /* RFC 3261 section 19.1.2 */
    SIPS_PORT = 5061,
    N_TRANSPORTS = PL_URI_TLS + 1,
};

typedef struct endpoint {
    struct pl_sip_transport *t;
    pl_uri_transport transport;
    int fd;
    pl_io *io;
    pl_ip ip;
    uint16_t port;
    uint8_t index;
    int64_t behind_us; /* since then more comes in than we read; 0 not so */
} endpoint;

/* The listening sockets of one transport. */
typedef struct listeners {
    endpoint row[MAX_SOCKETS];
    unsigned n;
} listeners;

typedef struct pl_sip_conn pl_sip_conn;

struct pl_sip_transport {
    pl_sip_transport_options o;
    char announce[PL_IP_TEXT];
    listeners listen[N_TRANSPORTS]; /* by pl_uri_transport */
    unsigned shift; /* of all ports, from those that are configured */
    pl_sip_tls *tls;
    pl_sip_conn **conns; /* max_tcp places */
    unsigned n_conns;
    uint64_t generation; /* ids outlive connections: none comes twice */
    pl_timer *sweep;
    uint8_t datagram[DATAGRAM_MAX];
};

static inline void count(const pl_sip_transport *t, pl_sig_metric metric)
{
    pl_metrics_add(t->o.metrics, metric, 1);
}

/* ---- sip_transport.c ---- */
socklen_t pl_sip_to_sockaddr(const pl_ip *ip, uint16_t port,
                             struct sockaddr_storage *ss);
void pl_sip_from_sockaddr(const struct sockaddr_storage *ss, pl_ip *ip,
                          uint16_t *port);

/* ---- sip_conn.c ---- */
/* A listener of TCP or TLS is readable; ctx: endpoint. */
void pl_sip_conn_on_accept(void *ctx, unsigned events);
/* NULL: it has closed. */
pl_sip_conn *pl_sip_conn_find(const pl_sip_transport *t, uint64_t id);
pl_err pl_sip_conn_send(pl_sip_transport *t, uint64_t id, pl_slice bytes);
/* The connection of a flow, whose other members are set, to this host.
 * Errors: PL_EFULL, PL_EIO. */
pl_err pl_sip_conn_reach(pl_sip_transport *t, const char *host,
                         pl_sip_flow *flow);
void pl_sip_conn_hold(pl_sip_conn *c, int change);
/* Close idle connections without a call, and those with half a message. */
void pl_sip_conns_sweep(pl_sip_transport *t);
void pl_sip_conns_free(pl_sip_transport *t);

#endif
