/* sip_transport.h - UDP and TCP sockets for SIP: listens, receives whole
 * messages, sends. The only file with sockets. RFC 3261 section 18. */
#ifndef PL_SIP_TRANSPORT_H
#define PL_SIP_TRANSPORT_H

#include "pl/ip.h"
#include "pl/loop.h"
#include "pl/metrics.h"

/* Where a message came from or goes to; a plain value. A TCP flow names one
 * connection and is void once that has closed. */
typedef struct pl_sip_flow {
    bool is_tcp;
    uint8_t socket; /* UDP: which of our sockets */
    uint32_t conn;  /* TCP: connection id, never 0 */
    pl_ip peer;
    uint16_t port;
} pl_sip_flow;

typedef struct pl_sip_transport pl_sip_transport;

typedef struct pl_sip_transport_options {
    pl_loop *loop;
    pl_metrics *metrics;    /* may be NULL */
    const char *udp_listen; /* "0.0.0.0:5060 [::]:5060" */
    const char *tcp_listen;
    const char *announce_address; /* "" or the address behind a NAT */
    unsigned max_tcp, max_tcp_per_ip;
    /* One datagram or one framed message; borrowed during the call. */
    void (*on_message)(void *ctx, const pl_sip_flow *flow, pl_slice bytes);
    /* A connection ended; calls on it cannot be reached that way. */
    void (*on_closed)(void *ctx, uint32_t conn);
    void *ctx;
} pl_sip_transport_options;

/* One word of a list of listen addresses; no port is 5060, :0 any free one.
 * Errors: PL_EINVAL */
PL_MUST_USE pl_err pl_sip_listen_parse(pl_slice word, pl_ip *ret_ip,
                                       uint16_t *ret_port);
/* Bind and listen. The log says which address failed and why.
 * Errors: PL_ECONFIG bad address list; PL_EIO address in use; PL_ENOMEM.
 * Context: loop thread. IPv6 is skipped with a line when the host has none. */
PL_MUST_USE pl_err pl_sip_transport_open(const pl_sip_transport_options *o,
                                         pl_sip_transport **ret_transport);
void pl_sip_transport_close(pl_sip_transport **transport);

/* Send one message, queued when a connection is not writable yet.
 * Errors: PL_EGONE the connection has closed; PL_EFULL its queue is full, or
 *         the kernel's; PL_EIO. Never blocks. */
PL_MUST_USE pl_err pl_sip_transport_send(pl_sip_transport *t,
                                         const pl_sip_flow *flow,
                                         pl_slice bytes);
/* A flow to a peer: our UDP socket of its family, or an open connection to it,
 * or a new one. Errors: PL_EUNAVAILABLE no socket of that family or transport;
 * PL_EFULL too many connections; PL_EIO. */
PL_MUST_USE pl_err pl_sip_transport_reach(pl_sip_transport *t, bool is_tcp,
                                          const pl_ip *peer, uint16_t port,
                                          pl_sip_flow *ret_flow);
/* "host:port" under which the peer of a flow reaches us, IPv6 in brackets. */
enum { PL_SIP_LOCAL_TEXT = 64 + 8 };
void pl_sip_transport_local(const pl_sip_transport *t, const pl_sip_flow *flow,
                            char buf[PL_SIP_LOCAL_TEXT]);
/* Keep a connection open while something (a call) needs it; +1 or -1. */
void pl_sip_transport_hold(pl_sip_transport *t, const pl_sip_flow *flow,
                           int change);
/* Whether a TCP flow's connection still exists; true for UDP. */
bool pl_sip_transport_is_open(const pl_sip_transport *t,
                              const pl_sip_flow *flow);
/* Port of the first UDP or TCP listener (tests bind port 0); 0 none. */
uint16_t pl_sip_transport_port(const pl_sip_transport *t, bool is_tcp);

#endif
