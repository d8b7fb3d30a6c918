/* gate.h - the raw gate: what may reach the SIP parser at all.
 *
 * The parser leaks and over-reads on hostile bytes (docs/adr/0006), so every
 * message passes here first. Pure; no allocation; O(length). */
#ifndef PL_SIP_GATE_H
#define PL_SIP_GATE_H

#include "pl/err.h"
#include "sip_head.h"

enum {
    PL_SIP_MAX_UDP = 8192,    /* one datagram, bytes */
    PL_SIP_MAX_TCP = 65536,   /* one message on a stream, bytes */
    PL_SIP_MAX_HEADERS = 100, /* header lines */
    PL_SIP_MAX_START = 1024,  /* first line, bytes */
};

typedef enum pl_gate_verdict {
    PL_GATE_PASS,
    PL_GATE_DROP,
    PL_GATE_KEEPALIVE, /* only line ends */
    PL_GATE_REPLY      /* refuse statelessly with `status` */
} pl_gate_verdict;

typedef struct pl_gate {
    pl_gate_verdict verdict;
    unsigned status;  /* PL_GATE_REPLY */
    pl_sip_head head; /* PL_GATE_PASS and PL_GATE_REPLY */
    size_t length;    /* PL_GATE_PASS: bytes to parse; the rest of a datagram
                         is thrown away (RFC 3261 section 18.3) */
} pl_gate;

/* Judge one whole message (a datagram, or a frame of a stream).
 *
 * Refused with a response: 400 malformed or too many headers, 415
 * multipart or encoded body, 416 a Request-URI of another scheme, 505 other
 * version. Dropped: what is no request,
 * or has no lines a response could be built from.
 * Source: RFC 3261 sections 7, 8.2.1, 16.3, 18.3, 21.4.13, 21.5.6. */
void pl_gate_judge(pl_slice raw, size_t max_bytes, pl_gate *ret_gate);

/* Find the first message in the bytes of a stream.
 *
 * ret_len: bytes of the frame, PL_OK only
 * ret_is_keepalive: the frame is only line ends (RFC 5626 section 4.4.1)
 * Errors: PL_EAGAIN more bytes are needed; PL_EPROTO the stream cannot be
 *         followed (no or bad Content-Length, malformed head): close it;
 *         PL_ETOOBIG longer than PL_SIP_MAX_TCP.
 * Source: RFC 3261 section 18.3. */
PL_MUST_USE pl_err pl_gate_frame(pl_slice stream, size_t *ret_len,
                                 bool *ret_is_keepalive);

#endif
