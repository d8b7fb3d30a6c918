/* rtp_port.h - the RTP and RTCP sockets of one SIP leg, out of the pool. */
#ifndef PL_RTP_PORT_H
#define PL_RTP_PORT_H

#include "core/port_pool.h"
#include "io/udp.h"

typedef struct pl_rtp_port {
    pl_udp rtp, rtcp; /* fd -1: closed */
} pl_rtp_port;

/* Lease a pair and open both sockets. Workers of one host may share a range:
 * pairs that another process holds are passed over, up to some hundred.
 * Errors: PL_EFULL nothing free; PL_EIO
 * Context: main thread */
PL_MUST_USE pl_err pl_rtp_port_open(pl_port_pool *pool, const char *bind,
                                    int64_t now_us, pl_rtp_port *ret_port);
/* Open this very pair, of the pool's range or not: a leg of another worker
 * goes on here.
 *
 * rtp:     even; RTCP is rtp + 1
 * Errors:  PL_EBUSY a leg of ours or another process has it; PL_EINVAL no
 *          such pair; PL_EIO
 * Context: main thread */
PL_MUST_USE pl_err pl_rtp_port_open_at(pl_port_pool *pool, const char *bind,
                                       uint16_t rtp, pl_rtp_port *ret_port);
/* Close and give the pair back; closed ones are left alone. */
void pl_rtp_port_close(pl_port_pool *pool, int64_t now_us, pl_rtp_port *port);

#endif
