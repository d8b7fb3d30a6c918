/* rtp.h - RTP headers: one reader, one writer (RFC 3550 section 5.1), and the
 * header extension for audio levels (RFC 8285, RFC 6464). */
#ifndef PL_RTP_H
#define PL_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum { PL_RTP_HEADER = 12 };

typedef struct pl_rtp {
    bool marker;
    uint8_t pt;
    uint16_t seq;
    uint32_t ts, ssrc;
    const uint8_t *ext; /* body of the extension, NULL: none */
    size_t ext_len;
    uint16_t ext_profile;
    const uint8_t *payload; /* without padding */
    size_t payload_len;
} pl_rtp;

/* Whether a datagram of a muxed port is RTCP: RFC 5761 section 4 (payload
 * types 64 to 95). data[len], len >= 2. */
bool pl_rtp_is_rtcp(const uint8_t *data, size_t len);
/* Read a packet; pointers in *ret_rtp are borrowed from data.
 * Errors: PL_EPROTO version, lengths or padding are wrong.
 * Source: RFC 3550 section 5.1, 5.3.1 */
PL_MUST_USE pl_err pl_rtp_parse(const uint8_t *data, size_t len,
                                pl_rtp *ret_rtp);
/* Find the audio level under extension id 1..14 (one-byte form) or 1..255
 * (two-byte form): level in -dBov 0..127, whether the sender's detector says
 * voice. False when it is not there. Source: RFC 8285 section 4.2, 4.3,
 * RFC 6464 section 3 */
bool pl_rtp_level(const pl_rtp *rtp, uint8_t id, uint8_t *ret_level,
                  bool *ret_voice);
/* Write the fixed header of rtp (no extension, no contributors) into
 * out[PL_RTP_HEADER]. */
void pl_rtp_write(const pl_rtp *rtp, uint8_t *out);

#endif
