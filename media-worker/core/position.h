/* position.h - how far a leg's streams are, when another worker goes on with
 * them. Pure.
 *
 * No SRTP index is ever used twice with the same keys: a stream is continued
 * beyond everything that may have been sent since the position was taken. */
#ifndef PL_POSITION_H
#define PL_POSITION_H

#include "core/engine_msg.h"

/* Where to continue.
 *
 * at:      as the worker that had the leg told it last
 * age_ms:  since it was told; 0: it is final, nothing was sent after it. At
 *          least so much time has passed; more by at->at_us counts as well
 * now_us:  monotonic; the ports of the leg are ours by now: nobody else sends
 * Returns: in *ret what pl_mix_leg.resume takes: send_index and rtcp_index
 *          ahead of what may have been used. ts and at_us are as told: the
 *          engine advances them at its first tick
 * Errors:  PL_EINVAL no position, or numbers that cannot be; PL_EFULL too long
 *          ago for the peer to follow the numbers (RFC 3711 section 3.3.1) */
PL_MUST_USE pl_err pl_position_resume(const pl_mix_position *at,
                                      uint32_t age_ms, int64_t now_us,
                                      pl_mix_position *ret);

#endif
