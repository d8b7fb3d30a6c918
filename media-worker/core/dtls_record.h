/* dtls_record.h - the records of a datagram, and what one may be while a DTLS
 * handshake is not finished. Nothing authenticates records until then, and
 * whatever the library finds fatal ends the handshake: a forged alert would do.
 */
#ifndef PL_DTLS_RECORD_H
#define PL_DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PL_DTLS_MESSAGE_MAX = 16384, /* bytes of one handshake message */
    PL_DTLS_RECORD_HEADER = 13,  /* RFC 6347 section 4.1 */
    /* content types, RFC 5246 section 6.2.1 */
    PL_DTLS_CHANGE_CIPHER_SPEC = 20,
    PL_DTLS_ALERT = 21,
    PL_DTLS_HANDSHAKE = 22
};

/* One record; the numbers are as its header says, which anybody can write. */
typedef struct pl_dtls_record {
    uint8_t type, minor; /* the version's second byte */
    uint16_t epoch;
    uint64_t seq;        /* within the epoch, 48 bits */
    const uint8_t *body; /* into the datagram */
    size_t len;
} pl_dtls_record;

/* Read the record at *at and step over it; false at the end, and when what is
 * left is no whole record of this protocol (*at is not len then).
 * Context: any thread; no allocation. Source: RFC 6347 section 4.1 */
bool pl_dtls_next_record(const uint8_t *data, size_t len, size_t *at,
                         pl_dtls_record *ret_record);

/* Whether a datagram consists of whole records, and those that are not yet
 * encrypted of what a client sends in a handshake: no alerts, no data.
 *
 * is_begin: no handshake is under way: it must begin with a ClientHello
 * Context:  any thread; O(len), no allocation
 * Source:   RFC 6347 sections 4.1 and 4.2.2 */
bool pl_dtls_is_handshake(const uint8_t *data, size_t len, bool is_begin);

#endif
