/* srtp_ops.h - what the engine needs of an SRTP library. The engine owns the
 * contexts it creates; io/srtp.h is the implementation over OpenSSL. */
#ifndef PL_SRTP_OPS_H
#define PL_SRTP_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

/* Protection profiles with their DTLS-SRTP code points: RFC 5764 section 4.1.2,
 * RFC 7714 section 14.2. */
typedef enum pl_srtp_profile {
    PL_SRTP_NONE = 0, /* plain RTP */
    PL_SRTP_AES128_CM_SHA1_80 = 0x0001,
    PL_SRTP_AEAD_AES_128_GCM = 0x0007
} pl_srtp_profile;

enum {
    PL_SRTP_KEY = 16,
    PL_SRTP_SALT_MAX = 14,    /* AES-CM 14 bytes, GCM 12 */
    PL_SRTP_MAX_TRAILER = 32, /* growth by protect, RTP and RTCP */
    PL_SRTP_MAX_SSRC_IN = 4
};

/* Master keys as the DTLS exporter gives them (RFC 5764 section 4.2); salts
 * shorter than the array are followed by zeros. */
typedef struct pl_srtp_keys {
    pl_srtp_profile profile;
    uint8_t client_key[PL_SRTP_KEY], server_key[PL_SRTP_KEY];
    uint8_t client_salt[PL_SRTP_SALT_MAX], server_salt[PL_SRTP_SALT_MAX];
} pl_srtp_keys;

/* A source that was received. */
typedef struct pl_srtp_received {
    uint32_t ssrc;
    uint32_t rtcp_index; /* received last; 0: none */
    uint64_t index;      /* received last */
    bool has_rtp;        /* index is known */
} pl_srtp_received;

/* How far a context is, for one that continues it. */
typedef struct pl_srtp_place {
    uint64_t next_index; /* of the next packet sent, RFC 3711 section 3.3.1 */
    uint32_t rtcp_index; /* sent last; 0: none */
    uint8_t n_in;
    pl_srtp_received in[PL_SRTP_MAX_SSRC_IN];
} pl_srtp_place;

typedef struct pl_srtp pl_srtp;

/* Functions with the meaning documented in io/srtp.h. */
typedef struct pl_srtp_ops {
    pl_err (*create)(const pl_srtp_keys *keys, bool is_server,
                     pl_srtp **ret_srtp);
    pl_err (*resume)(const pl_srtp_keys *keys, bool is_server, uint32_t ssrc,
                     const pl_srtp_place *place, pl_srtp **ret_srtp);
    void (*where)(const pl_srtp *srtp, uint32_t ssrc, pl_srtp_place *ret_place);
    bool (*has_keys)(const pl_srtp *srtp, const pl_srtp_keys *keys,
                     bool is_server);
    void (*destroy)(pl_srtp **srtp);
    pl_err (*protect)(pl_srtp *srtp, bool is_rtcp, uint8_t *packet, size_t cap,
                      size_t *len);
    pl_err (*unprotect)(pl_srtp *srtp, bool is_rtcp, uint8_t *packet,
                        size_t *len);
} pl_srtp_ops;

#endif
