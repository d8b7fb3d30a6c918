/* addr.h - an IP address with a port, as the core sees it: no sockets. */
#ifndef PL_ADDR_H
#define PL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

/* ip is the address in network order; IPv4 is held as ::ffff:a.b.c.d
 * (RFC 4291 section 2.5.5.2). port is in host order. All zero: none. No
 * padding, so that two can be compared bytewise. */
typedef struct pl_addr {
    uint8_t ip[16];
    uint16_t port;
} pl_addr;

enum { PL_ADDR_TEXT = 56 }; /* "[v6]:port" with its end mark */

bool pl_addr_is_none(const pl_addr *a);
bool pl_addr_eq(const pl_addr *a, const pl_addr *b);
/* The same host, whatever the port. */
bool pl_addr_eq_ip(const pl_addr *a, const pl_addr *b);
bool pl_addr_is_v4(const pl_addr *a);
bool pl_addr_is_loopback(const pl_addr *a);
/* 0.0.0.0 or ::, whatever the port. */
bool pl_addr_is_unspecified(const pl_addr *a);
/* RFC 1122 section 3.2.1.3, RFC 4291 section 2.7: an address no single peer
 * can have: multicast, broadcast, unspecified. */
bool pl_addr_is_group(const pl_addr *a);
/* Parse an IPv4 or IPv6 literal, without brackets or zone.
 * Errors: PL_EINVAL. */
PL_MUST_USE pl_err pl_addr_parse(const char *ip, uint16_t port, pl_addr *ret);
/* The IP alone ("192.0.2.1", "2001:db8::1") and with its port; at least
 * PL_ADDR_TEXT bytes. */
void pl_addr_ip_text(const pl_addr *a, char buf[PL_ADDR_TEXT]);
void pl_addr_text(const pl_addr *a, char buf[PL_ADDR_TEXT]);

#endif
