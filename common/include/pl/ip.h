/* ip.h - addresses as plain values: text, comparison, networks. No sockets. */
#ifndef PL_IP_H
#define PL_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

/* IPv6, or IPv4 mapped into ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
typedef struct pl_ip {
    uint8_t b[16];
} pl_ip;

enum { PL_IP_TEXT = 46 };

bool pl_ip_is_v4(const pl_ip *ip);
bool pl_ip_eq(const pl_ip *a, const pl_ip *b);
/* Loopback of either family. */
bool pl_ip_is_loopback(const pl_ip *ip);
/* All zeros of either family. */
bool pl_ip_is_any(const pl_ip *ip);
/* Private or link-local: RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6598. */
bool pl_ip_is_private(const pl_ip *ip);
/* Multicast or limited broadcast: never a peer. */
bool pl_ip_is_multicast(const pl_ip *ip);
/* A public unicast address: none of the special-purpose registries of IANA
 * (private, shared, loopback, link-local, examples, 6to4, Teredo, ..).
 * Source: RFC 6890 */
bool pl_ip_is_public(const pl_ip *ip);
/* Parse a literal; IPv6 with or without brackets, no zone.
 * Errors: PL_EINVAL. Source: RFC 4291 section 2.2. */
PL_MUST_USE pl_err pl_ip_parse(pl_slice text, pl_ip *ret_ip);
/* Text without brackets (RFC 5952 without the longest-run rule: the first run
 * of two or more zero groups is shortened). */
void pl_ip_text(const pl_ip *ip, char buf[PL_IP_TEXT]);
/* Parse "a.b.c.d:port", "[v6]:port", port 1..65535 (0 if absent).
 * Errors: PL_EINVAL. */
PL_MUST_USE pl_err pl_ip_port_parse(pl_slice text, pl_ip *ret_ip,
                                    uint16_t *ret_port);

enum { PL_CIDR_MAX = 64 };
typedef struct pl_cidr_list {
    struct {
        pl_ip net;
        uint8_t bits; /* of 128 */
    } row[PL_CIDR_MAX];
    unsigned n;
} pl_cidr_list;

/* Parse one "10.0.0.0/8" or plain address. Errors: PL_EINVAL; PL_EFULL. */
PL_MUST_USE pl_err pl_cidr_add(pl_cidr_list *list, pl_slice text);
/* Parse a list separated by blanks or commas. Errors: as pl_cidr_add(). */
PL_MUST_USE pl_err pl_cidr_parse(pl_slice text, pl_cidr_list *ret_list);
bool pl_cidr_has(const pl_cidr_list *list, const pl_ip *ip);
/* Take the next word of a list separated by blanks or commas; false at the
 * end. *rest is advanced. */
bool pl_word_next(pl_slice *rest, pl_slice *ret_word);

#endif
