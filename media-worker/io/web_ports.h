/* web_ports.h - the UDP ports of WebRTC legs: the worker's own, and those of
 * workers whose legs it continues. Main thread only. */
#ifndef PL_WEB_PORTS_H
#define PL_WEB_PORTS_H

#include "io/io_thread.h"
#include "pl/loop.h"

typedef struct pl_web_ports pl_web_ports;

typedef struct pl_web_ports_options {
    pl_loop *loop;
    pl_io_thread *io_thread; /* reads `own` already */
    const char *bind_address;
    pl_udp own; /* open; belongs to the set from now on, also on failure */
    pl_metrics *metrics;
} pl_web_ports_options;

/* Open the first free one of n ports.
 *
 * begin:  place in the range to begin at, 0..n - 1; the range goes round
 * Errors: PL_EBUSY all are taken; PL_EINVAL bind_address; PL_EIO (errno) */
PL_MUST_USE pl_err pl_web_ports_open_first(const char *bind_address,
                                           uint16_t first, uint32_t n,
                                           uint32_t begin, pl_udp *ret_udp);
/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_web_ports_create(const pl_web_ports_options *options,
                                       pl_web_ports **ret_ports);
/* Stop listening; the threads may end now. */
void pl_web_ports_quiet(pl_web_ports *ports);
/* The threads have ended: close every socket. */
void pl_web_ports_destroy(pl_web_ports **ports);

/* Number of the worker's own port. */
uint16_t pl_web_ports_own(const pl_web_ports *ports);
/* A leg is going to live on that port (pl_net_webrtc.port), before PL_NET_OPEN;
 * one that is not ours is adopted: opened, bound, read. Every WebRTC leg holds
 * its port.
 * Errors: PL_EBUSY another process has it; PL_EFULL too many ports, or a
 *         queue; PL_EINVAL 0; PL_EIO */
PL_MUST_USE pl_err pl_web_ports_hold(pl_web_ports *ports, uint16_t port);
/* Both threads have let go of the leg: an adopted port is closed with its last
 * leg. */
void pl_web_ports_leave(pl_web_ports *ports, uint16_t port);
/* PL_NET_PORT_CLOSED has come. */
void pl_web_ports_closed(pl_web_ports *ports, uint16_t port);
/* Close the own port too as soon as it has no leg; `shut` is called once when
 * none is open any more, perhaps at once. */
void pl_web_ports_shut(pl_web_ports *ports, void (*shut)(void *ctx), void *ctx);

#endif
