/* pace.c - see pace.h. */
#include "pace.h"

size_t pl_pace_sockets(size_t n, bool is_loopback)
{
    if (!is_loopback)
        return n;
    size_t least = (n + PL_PACE_A_SOCKET - 1) / PL_PACE_A_SOCKET;
    size_t wanted = n < PL_PACE_SLOTS ? n : PL_PACE_SLOTS;
    return least > wanted ? least : wanted;
}

size_t pl_pace_socket_of(size_t party, size_t n_sockets)
{
    return party % n_sockets;
}

unsigned pl_pace_host_of(size_t party, size_t n_sockets)
{
    return 1 + (unsigned)(party / n_sockets);
}

size_t pl_pace_party_of(size_t socket, unsigned host, size_t n_sockets)
{
    return socket + (host - 1U) * n_sockets;
}

size_t pl_pace_slot_of(size_t socket)
{
    return socket % PL_PACE_SLOTS;
}
