/* sip_tls.h - TLS on SIP's connections: certificates, handshakes, who the peer
 * is. The only file of this process that knows TLS.
 * Source: RFC 3261 section 26, RFC 5922, RFC 9325 */
#ifndef PL_SIP_TLS_H
#define PL_SIP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/err.h"

typedef struct pl_sip_tls pl_sip_tls;
typedef struct pl_sip_tls_conn pl_sip_tls_conn;

typedef struct pl_sip_tls_options {
    const char *certificate, *key; /* ours, PEM; "": none */
    const char *ca;      /* who signs those of others; "": the system's */
    bool checks_clients; /* who connects to us must show a good one */
    bool checks_servers; /* whom we connect to must show one of its domain */
} pl_sip_tls_options;

/* Errors: PL_ECONFIG a file is no good (logged); PL_ENOMEM. */
PL_MUST_USE pl_err pl_sip_tls_open(const pl_sip_tls_options *o,
                                   pl_sip_tls **ret_tls);
void pl_sip_tls_close(pl_sip_tls **tls);

/* Begin on a connected socket, which stays the caller's.
 * domain: host whom we want to reach; NULL: it came to us
 * Errors: PL_ENOMEM */
PL_MUST_USE pl_err pl_sip_tls_begin(pl_sip_tls *tls, int fd, const char *domain,
                                    pl_sip_tls_conn **ret_conn);
/* Say goodbye, free; the socket is closed after that. */
void pl_sip_tls_end(pl_sip_tls_conn **conn);

/* Go on with the handshake; nothing is read or written before it is done.
 * Errors: PL_EAGAIN wait for the socket; PL_EAUTH the peer's certificate is no
 * good, the log says why; PL_EIO. */
PL_MUST_USE pl_err pl_sip_tls_handshake(pl_sip_tls_conn *conn);
/* Errors: PL_EAGAIN; PL_EGONE the peer closed; PL_EIO. */
PL_MUST_USE pl_err pl_sip_tls_read(pl_sip_tls_conn *conn, void *buf, size_t cap,
                                   size_t *ret_n);
PL_MUST_USE pl_err pl_sip_tls_write(pl_sip_tls_conn *conn, const void *data,
                                    size_t len, size_t *ret_n);
/* After PL_EAGAIN: whether the socket must become writable first. */
bool pl_sip_tls_wants_write(const pl_sip_tls_conn *conn);

#endif
