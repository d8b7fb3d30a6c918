/* batch_send.h - an engine's output to the network, many packets a call. */
#ifndef PL_BATCH_SEND_H
#define PL_BATCH_SEND_H

#include "core/engine.h"

/* Send packets; runs with the same descriptor go out in one sendmmsg().
 * Returns: how many the kernel did not take (a full socket buffer, an
 *          unreachable peer); they are lost, as datagrams may be.
 * Context: mixing thread, never blocks */
size_t pl_batch_send(const pl_out_packet *packets, size_t n);

#endif
