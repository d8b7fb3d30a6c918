/* udp.h - UDP sockets of the media worker: opening, batches, addresses. */
#ifndef PL_UDP_H
#define PL_UDP_H

#include <netinet/in.h>

#include "core/addr.h"
#include "core/engine_msg.h"

enum {
    PL_UDP_BATCH = 32,               /* datagrams read at once */
    PL_UDP_BUFFER = 4 * 1024 * 1024, /* SO_RCVBUF wanted; the kernel may cut */
    PL_UDP_LOCALS = 16               /* local addresses that are listed */
};

/* A socket that takes IPv4 and IPv6 where the machine has both. fd -1: none. */
typedef struct pl_udp {
    int fd;
    bool is_v6; /* IPv4 peers are ::ffff:a.b.c.d for it */
    uint16_t port;
} pl_udp;

/* Open and bind.
 *
 * bind_address: IP literal, or "" for all addresses of both families
 * port:         0: any (ret_udp->port says which)
 * rcvbuf:       bytes, 0: the system's default
 * Errors:       PL_EBUSY another process has the port; PL_EINVAL no IP
 *               literal; PL_EIO (errno says why) */
PL_MUST_USE pl_err pl_udp_open(const char *bind_address, uint16_t port,
                               int rcvbuf, pl_udp *ret_udp);
void pl_udp_close(pl_udp *udp);

/* An address as the kernel takes it; len 0: not by such a socket. */
typedef struct pl_udp_endpoint {
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } addr;
    socklen_t len;
} pl_udp_endpoint;
/* is_v6: the socket takes both families. */
pl_udp_endpoint pl_udp_endpoint_of(const pl_addr *to, bool is_v6);

/* One datagram of a batch; data is borrowed until the next receive. */
typedef struct pl_datagram {
    pl_addr from;
    uint8_t *data;
    size_t len;
    bool is_cut;       /* was larger than PL_MIX_PACKET_MAX */
    int64_t waited_us; /* since the kernel had it; -1: it did not say */
} pl_datagram;

typedef struct pl_udp_batch pl_udp_batch;
/* Buffers for one receiving thread. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_udp_batch_create(pl_udp_batch **ret_batch);
void pl_udp_batch_destroy(pl_udp_batch **batch);
/* Read what waits, at most PL_UDP_BATCH datagrams; never blocks.
 * Returns: how many; 0: nothing waits. ret_list is borrowed from the batch. */
size_t pl_udp_receive(const pl_udp *udp, pl_udp_batch *batch,
                      const pl_datagram **ret_list);
/* Send one datagram; false when the kernel did not take it. */
bool pl_udp_send(const pl_udp *udp, const pl_addr *to, const uint8_t *data,
                 size_t len);

/* Addresses of this machine that can be announced: no link-local ones, none of
 * bridges to guests of its own (pl_link_is_inner()) unless there is nothing
 * else; loopback last, and only when asked for or when there is nothing else.
 * IPv4 before IPv6. Returns: how many of cap. */
size_t pl_udp_locals(bool with_loopback, pl_addr *ret_list, size_t cap);
/* The local address from which packets to `to` leave. Errors: PL_EIO none. */
PL_MUST_USE pl_err pl_udp_source(const pl_addr *to, pl_addr *ret_local);

#endif
