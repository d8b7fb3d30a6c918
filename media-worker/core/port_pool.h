/* port_pool.h - leases RTP/RTCP port pairs to the SIP legs of one worker. */
#ifndef PL_PORT_POOL_H
#define PL_PORT_POOL_H

#include <stdint.h>

#include "pl/err.h"

typedef struct pl_port_pool pl_port_pool;

/* How long a released pair rests: a late packet of the old call must not reach
 * the next one. */
enum { PL_PORT_QUARANTINE_US = 30 * 1000000 };

/* Create a pool of all pairs in [first, last].
 *
 * first, last: UDP ports, 1024..65535; an odd first is rounded up
 * Errors:      PL_EINVAL no pair fits; PL_ENOMEM
 * Context:     allocates
 * Source:      RFC 3550 section 11 (RTP even, RTCP the next odd port) */
PL_MUST_USE pl_err pl_port_pool_create(uint16_t first, uint16_t last,
                                       pl_port_pool **ret_pool);
void pl_port_pool_destroy(pl_port_pool **pool);
/* Lease one of the free pairs by chance: who knows the ports of one call must
 * not be able to guess those of the next.
 *
 * random:  any 32 bits, drawn anew for each lease; outside of tests from the
 *          system's generator
 * ret_rtp: even; RTCP is *ret_rtp + 1
 * Errors:  PL_EFULL every pair is leased or rests
 * Context: O(1), counted over all leases: each pair ends its rest once */
PL_MUST_USE pl_err pl_port_pool_take(pl_port_pool *pool, uint32_t random,
                                     int64_t now_us, uint16_t *ret_rtp);
/* Lease this very pair, even if it rests.
 * Errors:  PL_EBUSY it is leased; PL_ENOENT not a pair of the range
 * Context: O(pairs) */
PL_MUST_USE pl_err pl_port_pool_take_this(pl_port_pool *pool, uint16_t rtp);
/* Give a pair back that was not used: it is free at once. */
void pl_port_pool_put_back(pl_port_pool *pool, uint16_t rtp);
/* Give a pair back; it rests for PL_PORT_QUARANTINE_US. Unknown ones are
 * ignored. */
void pl_port_pool_give(pl_port_pool *pool, uint16_t rtp, int64_t now_us);
/* Pairs leased now. */
uint32_t pl_port_pool_leased(const pl_port_pool *pool);

#endif
