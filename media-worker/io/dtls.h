/* dtls.h - DTLS-SRTP handshakes (RFC 5764), as the passive side but for
 * pl_dtls_connect(), over OpenSSL.
 * No sockets: datagrams come in by pl_dtls_input() and leave by a callback,
 * one call a datagram. A session belongs to one thread, the worker certificate
 * may be shared. */
#ifndef PL_DTLS_H
#define PL_DTLS_H

#include "core/srtp_ops.h"
#include "io/dtls_alert.h"
#include "pl/err.h"

enum {
    PL_DTLS_MTU = 1200,      /* bytes of UDP payload */
    PL_DTLS_SHA256 = 32,     /* bytes of a fingerprint */
    PL_DTLS_FINGERPRINTS = 4 /* the peer's certificate matches one of them */
};

typedef struct pl_dtls_identity pl_dtls_identity;
typedef struct pl_dtls pl_dtls;

/* Make a key (ECDSA P-256) and a self-signed certificate; they live in memory
 * only. Errors: PL_EINTERNAL OpenSSL failed (logged by the caller). */
PL_MUST_USE pl_err pl_dtls_identity_create(pl_dtls_identity **ret_identity);
/* The same with another key and certificate.
 *
 * of:      made by _create(); borrowed until the variant is destroyed
 * Errors:  PL_ENOMEM; PL_EINTERNAL OpenSSL failed
 * Context: makes a key and signs with it */
PL_MUST_USE pl_err pl_dtls_identity_vary(const pl_dtls_identity *of,
                                         pl_dtls_identity **ret_identity);
void pl_dtls_identity_destroy(pl_dtls_identity **identity);
/* SHA-256 of the certificate, as announced in SDP. */
void pl_dtls_identity_fingerprint(const pl_dtls_identity *identity,
                                  uint8_t ret[PL_DTLS_SHA256]);

typedef void (*pl_dtls_send)(void *ctx, const uint8_t *data, size_t len);

/* Create a session that waits for a ClientHello.
 *
 * identity: borrowed for the session's life
 * send:     called from inside pl_dtls_input(), _timeout() and _close()
 * Errors:   PL_ENOMEM
 * Context:  allocates about 50 KB when the first datagram comes */
PL_MUST_USE pl_err pl_dtls_create(const pl_dtls_identity *identity,
                                  pl_dtls_send send, void *ctx,
                                  pl_dtls **ret_dtls);
void pl_dtls_destroy(pl_dtls **dtls);

typedef enum pl_dtls_status {
    PL_DTLS_WAITING, /* no handshake has begun */
    PL_DTLS_HALF,    /* one is under way */
    PL_DTLS_UP,      /* finished; the peer's certificate is not judged yet */
    PL_DTLS_CLOSED   /* the peer said close_notify or a fatal alert */
} pl_dtls_status;

/* Take one datagram. A fatal error before the handshake is finished throws the
 * session's state away and waits for the next ClientHello: whoever can send
 * one bad datagram must not be able to end the call.
 * ret_rebuilt: set to true when that happened, else left alone
 * Source: RFC 6347, RFC 9147 section 4.5.2 on why bad records are dropped */
pl_dtls_status pl_dtls_input(pl_dtls *dtls, const uint8_t *data, size_t len,
                             bool *ret_rebuilt);
/* Begin a handshake as the active side (setup:active): sends a ClientHello.
 * Nothing happens when one has begun. After a fatal error (status WAITING) it
 * may be called again. Context: as pl_dtls_create's first datagram */
pl_dtls_status pl_dtls_connect(pl_dtls *dtls);
/* Resend what is due; call every 100 ms or so while HALF. */
pl_dtls_status pl_dtls_timeout(pl_dtls *dtls, bool *ret_rebuilt);
pl_dtls_status pl_dtls_state(const pl_dtls *dtls);

/* Compare the peer's certificate with the announced fingerprints, in constant
 * time, and read the keys out.
 *
 * prints: n SHA-256 values out of the peer's SDP
 * Errors: PL_ESTATE not UP, or released; PL_EAUTH no fingerprint matches, or
 *         the peer shows no certificate; PL_EUNSUPPORTED no SRTP profile in
 *         common
 * Source: RFC 8122 section 6.2, RFC 5764 section 4.2 */
PL_MUST_USE pl_err pl_dtls_keys(pl_dtls *dtls,
                                const uint8_t (*prints)[PL_DTLS_SHA256],
                                size_t n, pl_srtp_keys *ret_keys);
/* Send close_notify when a handshake was finished. */
void pl_dtls_close(pl_dtls *dtls);

/* What another worker needs to understand and say alerts of this association;
 * read it out again for each use.
 * Errors: PL_ESTATE not UP, or resumed without; PL_EUNSUPPORTED, PL_EINTERNAL
 *         as _release() */
PL_MUST_USE pl_err pl_dtls_export(const pl_dtls *dtls,
                                  pl_dtls_alerts *ret_alerts);
/* A session as after _release(), with what another worker exported; alerts
 * NULL: it understands and says nothing. Else as _create(). */
PL_MUST_USE pl_err pl_dtls_resume(const pl_dtls_identity *identity,
                                  pl_dtls_send send, void *ctx,
                                  const pl_dtls_alerts *alerts,
                                  pl_dtls **ret_dtls);

/* Free what only the handshake needed, some 60 KB: keys are read out, and the
 * peer does not repeat its last flight any more. From now on pl_dtls_input()
 * takes alerts and nothing else (io/dtls_alert.h), pl_dtls_keys() fails.
 * Errors: PL_ESTATE not UP, or done already; PL_EUNSUPPORTED this version or
 *         cipher is not known here, PL_EINTERNAL OpenSSL failed: the session
 *         goes on as before */
PL_MUST_USE pl_err pl_dtls_release(pl_dtls *dtls);
bool pl_dtls_is_released(const pl_dtls *dtls);

#endif
