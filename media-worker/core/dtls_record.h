/* dtls_record.h - what a datagram may be while a DTLS handshake is not
 * finished. Nothing authenticates records until then, and whatever the library
 * finds fatal ends the handshake: a forged alert would do. */
#ifndef PL_DTLS_RECORD_H
#define PL_DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PL_DTLS_MESSAGE_MAX = 16384 /* bytes of one handshake message */ };

/* Whether a datagram consists of whole records, and those that are not yet
 * encrypted of what a client sends in a handshake: no alerts, no data.
 *
 * is_begin: no handshake is under way: it must begin with a ClientHello
 * Context:  any thread; O(len), no allocation
 * Source:   RFC 6347 sections 4.1 and 4.2.2 */
bool pl_dtls_is_handshake(const uint8_t *data, size_t len, bool is_begin);

#endif
