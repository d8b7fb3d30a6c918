/* demux.h - what a datagram on a media port is, from its first byte. */
#ifndef PL_DEMUX_H
#define PL_DEMUX_H

#include <stddef.h>
#include <stdint.h>

typedef enum pl_demux_kind {
    PL_DEMUX_NONE, /* dropped and counted */
    PL_DEMUX_STUN,
    PL_DEMUX_DTLS,
    PL_DEMUX_MEDIA /* RTP or RTCP */
} pl_demux_kind;

/* Source: RFC 7983 section 7. Also checks that the shortest header of the
 * kind is there. */
pl_demux_kind pl_demux(const uint8_t *buf, size_t len);

#endif
