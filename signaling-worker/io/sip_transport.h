/* sip_transport.h - UDP, TCP and TLS for SIP: listens, receives whole messages,
 * sends. Only its files have sockets. RFC 3261 section 18. */
#ifndef PL_SIP_TRANSPORT_H
#define PL_SIP_TRANSPORT_H

#include "pl/ip.h"
#include "pl/loop.h"
#include "pl/metrics.h"
#include "pl/uri.h"
#include "sip_tls.h"

/* Where a message came from or goes to; a plain value. A TCP or TLS flow names
 * one connection and is void once that has closed. */
typedef struct pl_sip_flow {
    pl_uri_transport transport; /* UDP, TCP or TLS */
    uint8_t socket;             /* UDP: which of our sockets */
    uint64_t conn;              /* TCP, TLS: connection id, never 0 */
    pl_ip peer;
    uint16_t port;
} pl_sip_flow;

/* Whether it is a connection, and nothing gets lost on it by itself. */
static inline bool pl_sip_is_stream(const pl_sip_flow *flow)
{
    return flow->transport == PL_URI_TCP || flow->transport == PL_URI_TLS;
}

typedef struct pl_sip_transport pl_sip_transport;

typedef struct pl_sip_transport_options {
    pl_loop *loop;
    pl_metrics *metrics;    /* may be NULL */
    const char *udp_listen; /* "0.0.0.0:5060 [::]:5060" */
    const char *tcp_listen, *tls_listen;
    unsigned n_ports; /* that many times two higher while taken; 0 as 1 */
    pl_sip_tls_options tls;
    const char *announce_address;     /* "" or the address behind a NAT */
    unsigned max_tcp, max_tcp_per_ip; /* TLS counts as TCP */
    /* One datagram or one framed message; borrowed during the call. */
    void (*on_message)(void *ctx, const pl_sip_flow *flow, pl_slice bytes);
    /* A connection ended; calls on it cannot be reached that way. */
    void (*on_closed)(void *ctx, uint64_t conn);
    void *ctx;
} pl_sip_transport_options;

/* One word of a list of listen addresses; no port is 5060, for TLS 5061; :0
 * any free one. Errors: PL_EINVAL */
PL_MUST_USE pl_err pl_sip_listen_parse(pl_slice word,
                                       pl_uri_transport transport,
                                       pl_ip *ret_ip, uint16_t *ret_port);
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
/* Whom to reach. port 0: the usual one. */
typedef struct pl_sip_to {
    pl_uri_transport transport;
    const pl_ip *ip;
    uint16_t port;
    const char *host; /* as it was named: TLS wants a certificate for it */
} pl_sip_to;

/* A flow to a peer: our UDP socket of its family, or an open connection to it,
 * or a new one. Errors: PL_EUNAVAILABLE no socket of that family or transport;
 * PL_EFULL too many connections; PL_EIO. */
PL_MUST_USE pl_err pl_sip_transport_reach(pl_sip_transport *t,
                                          const pl_sip_to *to,
                                          pl_sip_flow *ret_flow);
/* "host:port" under which the peer of a flow reaches us, IPv6 in brackets. */
enum { PL_SIP_LOCAL_TEXT = 64 + 8 };
void pl_sip_transport_local(const pl_sip_transport *t, const pl_sip_flow *flow,
                            char buf[PL_SIP_LOCAL_TEXT]);
/* Address for a Contact under which the peer of a flow reaches us; user: not
 * escaped, may be "". */
enum { PL_SIP_CONTACT_TEXT = 3 * 64 + PL_SIP_LOCAL_TEXT + 32 };
void pl_sip_transport_contact(const pl_sip_transport *t,
                              const pl_sip_flow *flow, const char *user,
                              bool is_sips, char buf[PL_SIP_CONTACT_TEXT]);
/* Address under which we reach ourselves: over TCP, or UDP where there is none.
 * Errors: PL_EUNAVAILABLE we listen on neither. */
PL_MUST_USE pl_err pl_sip_transport_self(const pl_sip_transport *t,
                                         char buf[PL_SIP_CONTACT_TEXT]);
/* Transports we listen on, as bits 1 << PL_URI_... */
unsigned pl_sip_transport_can(const pl_sip_transport *t);
/* Keep a connection open while something (a call) needs it; +1 or -1. */
void pl_sip_transport_hold(pl_sip_transport *t, const pl_sip_flow *flow,
                           int change);
/* Whether a flow's connection still exists; true for UDP. */
bool pl_sip_transport_is_open(const pl_sip_transport *t,
                              const pl_sip_flow *flow);
/* For how long datagrams have come in faster than we read them; 0: we keep
 * up. */
int64_t pl_sip_transport_backlog_us(const pl_sip_transport *t);
/* Where the first listener is, with its transport, for people. */
enum { PL_SIP_WHERE_TEXT = 64 + 16 };
void pl_sip_transport_where(const pl_sip_transport *t,
                            char buf[PL_SIP_WHERE_TEXT]);
/* Port of the first listener of a transport (tests bind port 0); 0 none. */
uint16_t pl_sip_transport_port(const pl_sip_transport *t,
                               pl_uri_transport transport);

#endif
