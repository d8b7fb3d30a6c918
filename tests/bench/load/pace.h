/* pace.h - which socket, address and millisecond belong to a party. Pure
 * arithmetic.
 *
 * A socket's parties are sent in one millisecond of the 20, so that they leave
 * in one batch; neighbours (a room) are on different sockets, so that a room's
 * packets are spread as those of real people are. */
#ifndef PL_LOAD_PACE_H
#define PL_LOAD_PACE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PL_PACE_SLOTS = 20,    /* of a millisecond each */
    PL_PACE_A_SOCKET = 64, /* parties, on loopback */
};

/* Sockets for n > 0 parties. Off loopback each has its own: there is one
 * address only. */
size_t pl_pace_sockets(size_t n, bool is_loopback);
size_t pl_pace_socket_of(size_t party, size_t n_sockets);
/* Last byte of the party's address 127.0.0.x: 1 to PL_PACE_A_SOCKET. */
unsigned pl_pace_host_of(size_t party, size_t n_sockets);
/* The party on a socket with that last byte, the reverse of both. */
size_t pl_pace_party_of(size_t socket, unsigned host, size_t n_sockets);
size_t pl_pace_slot_of(size_t socket);

#endif
