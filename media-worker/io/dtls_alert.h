/* dtls_alert.h - the alerts of a DTLS 1.2 association without the library that
 * made it: what is left to be understood and said once keys for media are
 * agreed on. Keeps some 130 bytes instead of a session. */
#ifndef PL_DTLS_ALERT_H
#define PL_DTLS_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum {
    PL_DTLS_ALERT_MAX = 64, /* bytes of a datagram with one alert */
    PL_DTLS_RANDOM = 32,
    PL_DTLS_MASTER = 48,
    PL_DTLS_CLOSE_NOTIFY = 0 /* RFC 5246 section 7.2 */
};

/* Ciphers that are understood: RFC 5288, RFC 7905. */
typedef enum pl_dtls_aead {
    PL_DTLS_AES_128_GCM,
    PL_DTLS_AES_256_GCM,
    PL_DTLS_CHACHA20_POLY1305,
    PL_DTLS_AEADS
} pl_dtls_aead;

/* What both sides know when a handshake is over. */
typedef struct pl_dtls_secret {
    pl_dtls_aead aead;
    bool is_server;  /* we are */
    bool has_sha384; /* of the PRF; else SHA-256 */
    uint8_t master[PL_DTLS_MASTER];
    uint8_t client_random[PL_DTLS_RANDOM], server_random[PL_DTLS_RANDOM];
} pl_dtls_secret;

/* One direction. Numbers are those of epoch 1. */
typedef struct pl_dtls_way {
    uint8_t key[32], iv[12]; /* the first bytes that the cipher wants */
    uint64_t seq;            /* next to be sent; lowest to be taken */
} pl_dtls_way;

typedef struct pl_dtls_alerts {
    pl_dtls_aead aead;
    pl_dtls_way in, out;
    uint64_t nonce; /* GCM: the explicit part for the next one sent */
} pl_dtls_alerts;

/* Derive the keys. Sequence numbers and nonce begin with 0: who sent records
 * with these keys before sets out.seq and nonce to what was not used.
 * Errors: PL_EINTERNAL the library failed
 * Source: RFC 5246 section 6.3 */
PL_MUST_USE pl_err pl_dtls_alerts_derive(const pl_dtls_secret *secret,
                                         pl_dtls_alerts *ret_alerts);

/* What a datagram says. */
typedef enum pl_dtls_said {
    PL_DTLS_SAID_NOTHING, /* nothing in it is an authentic, new alert */
    PL_DTLS_SAID_WARNING, /* one that changes nothing */
    PL_DTLS_SAID_CLOSE    /* close_notify, or a fatal one */
} pl_dtls_said;

/* Read a datagram. A record whose number is not above that of the last
 * authentic one is a replay.
 * Context: one thread; allocates a cipher's context for a record that looks
 *          like an alert
 * Source:  RFC 6347 section 4.1, RFC 5246 sections 6.2.3.3 and 7.2 */
pl_dtls_said pl_dtls_alerts_read(pl_dtls_alerts *alerts, const uint8_t *data,
                                 size_t len);
/* Write a warning of that description as a datagram.
 * Errors: PL_EINTERNAL the library failed, or no number is left */
PL_MUST_USE pl_err pl_dtls_alerts_write(pl_dtls_alerts *alerts,
                                        uint8_t description,
                                        uint8_t ret[PL_DTLS_ALERT_MAX],
                                        size_t *ret_len);

#endif
