/* rtcp.h - RTCP: strict reading of compound packets, writing of our reports. */
#ifndef PL_RTCP_H
#define PL_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rtp_source.h"
#include "pl/err.h"

enum {
    PL_RTCP_MAX_WRITE = 160, /* SR or RR, one block, SDES, BYE */
    PL_RTCP_MAX_BLOCKS = 31
};

/* What a compound packet told us. */
typedef struct pl_rtcp {
    uint32_t sender; /* SSRC of the first report */
    bool has_sr;     /* the sender sends: */
    uint32_t sr_mid; /* middle 32 bits of its NTP time */
    bool has_report; /* a block about `about` was in it: */
    uint8_t fraction_lost;
    int32_t lost; /* 24 bits, signed */
    uint32_t jitter;
    uint32_t last_sr, delay_since_sr;
    bool has_bye;       /* of `sender` */
    unsigned n_unknown; /* feedback and other types stepped over */
} pl_rtcp;

/* Read a compound packet.
 *
 * about: our SSRC, whose report block is wanted
 * Errors: PL_EPROTO version, lengths, padding, counts, or it does not begin
 *         with SR or RR (reduced-size packets that begin with feedback are
 *         accepted: RFC 5506 section 3.4)
 * Source: RFC 3550 section 6.4, 6.5, 6.6, A.2 */
PL_MUST_USE pl_err pl_rtcp_parse(const uint8_t *data, size_t len,
                                 uint32_t about, pl_rtcp *ret_rtcp);

/* Our half of a report. */
typedef struct pl_rtcp_own {
    uint32_t ssrc;
    const char *cname;
    bool is_sender; /* sent media since the last report: SR, else RR */
    uint64_t ntp;   /* 32.32 seconds since 1900 */
    uint32_t rtp_ts;
    uint32_t packets, bytes;
    const pl_rtp_report *report; /* NULL: nothing received */
    bool is_bye;
} pl_rtcp_own;

/* Write SR or RR, SDES with the CNAME and, at the end, BYE.
 * out[PL_RTCP_MAX_WRITE]. Returns: the length, a multiple of 4.
 * Source: RFC 3550 section 6.1, 6.4.1, 6.4.2, 6.5, 6.6 */
size_t pl_rtcp_write(const pl_rtcp_own *own, uint8_t *out);

/* Wall time in microseconds since 1970 as 32.32 NTP time. */
uint64_t pl_ntp_time(int64_t wall_us);
/* Round trip in microseconds from a report block that arrived at ntp_mid
 * (middle 32 bits of our clock); 0 when it cannot be known.
 * Source: RFC 3550 section 6.4.1 */
uint32_t pl_rtcp_rtt_us(uint32_t ntp_mid, uint32_t last_sr,
                        uint32_t delay_since_sr);

#endif
