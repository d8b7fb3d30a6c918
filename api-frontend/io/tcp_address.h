/* tcp_address.h - TCP sockets: where we listen, who calls, who is gone. */
#ifndef PL_API_TCP_ADDRESS_H
#define PL_API_TCP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/err.h"

struct sockaddr;

/* Open a listening socket, non-blocking; "::" serves both families, and IPv4
 * alone on a host without IPv6.
 * address:  IPv4 or IPv6 literal
 * port:     0 lets the system choose
 * ret_fd:   owned by the caller
 * Errors:   PL_ECONFIG no IP address; PL_EIO cannot be had (both logged) */
PL_MUST_USE pl_err pl_tcp_listen(const char *address, unsigned port,
                                 int *ret_fd, unsigned *ret_port);
/* Text of a peer's address; IPv4 inside IPv6 as IPv4, "" for another family.
 * cap: at least INET6_ADDRSTRLEN */
void pl_tcp_source(const struct sockaddr *from, char *buf, size_t cap,
                   bool *ret_is_loopback);

/* The next address of a list separated by blanks or commas.
 * Errors: PL_ENOENT no more; PL_ECONFIG too long for an address. */
PL_MUST_USE pl_err pl_tcp_next_address(const char **list, char *buf,
                                       size_t cap);
/* Say so when the system allows fewer descriptors than that many connections
 * need; the process has raised its limit as far as it may. */
void pl_tcp_check_descriptors(unsigned connections);
/* Whether the peer has reset the connection; a peer that only closed its side
 * has not. It is still true after the error was fetched. Only for a socket
 * whose sending was not shut down here. */
bool pl_tcp_is_reset(int fd);

#endif
