/* dtmf.h - digits received as telephone-events. */
#ifndef PL_DTMF_H
#define PL_DTMF_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

/* Values; zeroed is "none yet". */
typedef struct pl_dtmf {
    bool has_event;
    bool is_reported; /* the event of last_ts was given out */
    uint8_t last_event;
    uint32_t last_ts; /* RTP timestamp: names the event */
    uint16_t duration;
} pl_dtmf;

/* A digit that is complete. */
typedef struct pl_digit {
    char digit; /* '0'-'9' '*' '#' 'A'-'D'; 0: none */
    uint32_t duration_ms;
} pl_digit;

/* The event of a digit ('a'-'d' as 'A'-'D'). Source: RFC 4733 section 3.2 */
uint8_t pl_dtmf_event_of(char digit);

/* Take the payload of one packet.
 *
 * clock_hz:  of the event's timestamps, not 0
 * ret_digit: each digit is given once, at its first end packet, or when the
 *            next event begins if all three end packets were lost
 * Errors: PL_EPROTO not a multiple of 4 bytes, or empty
 * Source: RFC 4733 section 2.3, 2.5.1.4, 2.5.2.3 */
PL_MUST_USE pl_err pl_dtmf_take(pl_dtmf *dtmf, uint32_t ts, pl_slice payload,
                                uint32_t clock_hz, pl_digit *ret_digit);
/* A whole event whose end never came: call when no event packet has arrived
 * for a while. Returns: the digit, or 0. */
char pl_dtmf_flush(pl_dtmf *dtmf);

#endif
