/* rtp_source.h - one received synchronisation source: sequence numbers made
 * long, loss and jitter as reports carry them. */
#ifndef PL_RTP_SOURCE_H
#define PL_RTP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

/* Values; zeroed is "nothing received". */
typedef struct pl_rtp_source {
    bool is_valid;     /* heard often enough to be believed */
    uint8_t probation; /* in-order packets still wanted */
    uint32_t ssrc;
    uint32_t cycles; /* of the sequence number, << 16 */
    uint16_t max_seq;
    uint32_t base_xseq; /* first one */
    uint32_t bad_seq;   /* the number that would confirm a jump */
    uint64_t received;
    uint64_t received_prior, expected_prior; /* at the last report */
    uint32_t transit;                        /* last, in timestamp units */
    uint32_t jitter; /* scaled by 16, RFC 3550 section A.8 */
    bool has_transit;
    uint32_t sr_mid; /* middle 32 bits of the last SR's NTP time */
    int64_t sr_us;   /* when it came; 0: never */
} pl_rtp_source;

/* Start to follow a source with its first packet; it must be followed by
 * `probation` packets in order before it is valid (0: believed at once). */
void pl_rtp_source_start(pl_rtp_source *s, uint32_t ssrc, uint16_t seq,
                         uint8_t probation);
/* Take the next packet's number.
 *
 * ret_xseq:    its extended number
 * ret_restart: the sender started over: forget what is queued
 * Errors: PL_EAGAIN not valid yet; PL_EPROTO a jump not yet confirmed
 * Source: RFC 3550 section A.1 */
PL_MUST_USE pl_err pl_rtp_source_seq(pl_rtp_source *s, uint16_t seq,
                                     uint32_t *ret_xseq, bool *ret_restart);
/* Take arrival time for the jitter estimate. Source: RFC 3550 section A.8 */
void pl_rtp_source_arrival(pl_rtp_source *s, uint32_t ts, uint32_t clock_hz,
                           int64_t arrival_us);
/* Lost since the start (never negative). Source: RFC 3550 section A.3 */
uint64_t pl_rtp_source_lost(const pl_rtp_source *s);

/* One report block's figures; the call begins a new interval. */
typedef struct pl_rtp_report {
    uint32_t ssrc;
    uint8_t fraction_lost; /* of 256 */
    uint32_t lost;         /* 24 bits */
    uint32_t max_xseq;
    uint32_t jitter; /* timestamp units */
    uint32_t last_sr, delay_since_sr;
} pl_rtp_report;
/* Source: RFC 3550 section 6.4.1, A.3 */
void pl_rtp_source_report(pl_rtp_source *s, int64_t now_us,
                          pl_rtp_report *ret_report);

#endif
