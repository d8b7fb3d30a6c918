/* latch.h - symmetric RTP: where a telephone's media comes from, and so where
 * ours goes. Plain values; the owner keeps the packets.
 *
 * Telephones behind NAT announce addresses that are not theirs on our side.
 * The first source whose IP is the announced one or the one that the signalling
 * came from is taken; within the first few packets a source that is exactly
 * the announced address wins over one that only shares the IP; then nothing
 * changes it until the next offer or answer. */
#ifndef PL_LATCH_H
#define PL_LATCH_H

#include "core/addr.h"

enum {
    PL_LATCH_WINDOW = 5, /* packets */
    /* After a new offer or answer packets of the old source may still be under
     * way, or go on: so many of them leave the latch open. */
    PL_LATCH_STALE_WINDOW = 250
};

typedef struct pl_latch {
    pl_addr announced;  /* from SDP; none: unknown (a name, or 0.0.0.0) */
    pl_addr signaling;  /* IP that the signalling came from; none: unknown */
    pl_addr source;     /* taken; none: not yet */
    bool is_stale;      /* the source is from before the latch was opened */
    uint32_t n_packets; /* accepted since it was opened, or taken */
} pl_latch;

/* Open the latch for an announced address. A source taken earlier stays until
 * another is seen. */
void pl_latch_open(pl_latch *latch, const pl_addr *announced,
                   const pl_addr *signaling);
/* Whether a media packet from this source is accepted.
 * ret_is_new: the source was taken by this packet */
bool pl_latch_accept(pl_latch *latch, const pl_addr *from, bool *ret_is_new);
/* Where to send: the source taken, else the announced address; none when
 * neither is known. */
pl_addr pl_latch_target(const pl_latch *latch);
/* Whether media may be sent to an address that a stranger's SDP names: no
 * groups, no ports below 1024, no loopback unless allowed.
 * Errors: PL_EFORBIDDEN */
PL_MUST_USE pl_err pl_latch_check_target(const pl_addr *target,
                                         bool is_loopback_allowed);

#endif
