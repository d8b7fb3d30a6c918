/* stun.h - STUN messages (RFC 8489) as far as ICE needs them: one reader and
 * one writer. */
#ifndef PL_STUN_H
#define PL_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "pl/err.h"
#include "pl/slice.h"

enum {
    PL_STUN_HEADER = 20, /* bytes, RFC 8489 section 5 */
    PL_STUN_TXID = 12,
    PL_STUN_MAX = 1280,     /* a larger message is refused */
    PL_STUN_USERNAME = 512, /* RFC 8489 section 14.3: less than 513 bytes */
    PL_STUN_UNKNOWN = 4     /* unknown attributes that an error names */
};

/* Message types: class and method together (RFC 8489 section 5). */
enum {
    PL_STUN_BINDING_REQUEST = 0x0001,
    PL_STUN_BINDING_INDICATION = 0x0011,
    PL_STUN_BINDING_SUCCESS = 0x0101,
    PL_STUN_BINDING_ERROR = 0x0111
};

/* Attributes: RFC 8489 section 18.3, RFC 8445 section 16.1. */
enum {
    PL_STUN_AT_USERNAME = 0x0006,
    PL_STUN_AT_INTEGRITY = 0x0008,
    PL_STUN_AT_ERROR = 0x0009,
    PL_STUN_AT_UNKNOWN = 0x000a,
    PL_STUN_AT_XOR_MAPPED = 0x0020,
    PL_STUN_AT_PRIORITY = 0x0024,
    PL_STUN_AT_USE_CANDIDATE = 0x0025,
    PL_STUN_AT_FINGERPRINT = 0x8028,
    PL_STUN_AT_CONTROLLED = 0x8029,
    PL_STUN_AT_CONTROLLING = 0x802a
};

/* A parsed message; slices are borrowed from the datagram. */
typedef struct pl_stun_msg {
    pl_slice raw;
    uint16_t type;
    uint8_t txid[PL_STUN_TXID];
    pl_slice username;   /* {NULL, 0} when absent */
    size_t integrity_at; /* offset of MESSAGE-INTEGRITY; 0: absent */
    bool has_fingerprint, use_candidate, is_controlling, is_controlled;
    uint32_t priority;  /* 0: absent */
    uint64_t tie_break; /* of the role attribute */
    pl_addr mapped;     /* XOR-MAPPED-ADDRESS; none when absent */
    unsigned error;     /* ERROR-CODE, 0 when absent */
    uint16_t unknown[PL_STUN_UNKNOWN]; /* comprehension required */
    size_t n_unknown;
} pl_stun_msg;

/* Parse a datagram.
 *
 * Errors:  PL_EPROTO not STUN, malformed, or a FINGERPRINT that does not match
 * Context: any thread; O(len), no allocation
 * Source:  RFC 8489 sections 5, 6.3 and 14 */
PL_MUST_USE pl_err pl_stun_parse(const uint8_t *buf, size_t len,
                                 pl_stun_msg *ret_msg);
/* Whether MESSAGE-INTEGRITY is there and made with this short-term password;
 * takes the same time for every wrong value.
 * Source: RFC 8489 sections 9.1 and 14.5 */
bool pl_stun_is_authentic(const pl_stun_msg *msg, pl_slice password);

/* Writer into buf[cap]; after the first attribute that does not fit nothing is
 * written and pl_stun_end() says so. */
typedef struct pl_stun_writer {
    uint8_t *buf;
    size_t cap, len;
    bool is_full;
} pl_stun_writer;

void pl_stun_begin(pl_stun_writer *w, uint8_t *buf, size_t cap, uint16_t type,
                   const uint8_t txid[PL_STUN_TXID]);
/* Append an attribute with its padding. */
void pl_stun_put(pl_stun_writer *w, uint16_t type, const void *value,
                 size_t len);
void pl_stun_put_u32(pl_stun_writer *w, uint16_t type, uint32_t value);
void pl_stun_put_u64(pl_stun_writer *w, uint16_t type, uint64_t value);
/* XOR-MAPPED-ADDRESS, RFC 8489 section 14.2. */
void pl_stun_put_mapped(pl_stun_writer *w, const pl_addr *addr);
/* ERROR-CODE without a phrase, RFC 8489 section 14.8. */
void pl_stun_put_error(pl_stun_writer *w, unsigned code);
/* MESSAGE-INTEGRITY (password.ptr NULL: none) and FINGERPRINT.
 * Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_stun_end(pl_stun_writer *w, pl_slice password,
                               size_t *ret_len);

#endif
