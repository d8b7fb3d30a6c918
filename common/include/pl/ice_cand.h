/* ice_cand.h - ICE candidates as attribute text (RFC 8839 section 5.1). */
#ifndef PL_ICE_CAND_H
#define PL_ICE_CAND_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

enum {
    PL_ICE_FOUNDATION_TEXT = 33, /* 32 characters and the end mark */
    PL_ICE_ADDRESS_TEXT = 256,   /* IP, or a name such as <uuid>.local */
    PL_ICE_CAND_TEXT = 512,      /* one candidate written out */
    PL_ICE_CRED_TEXT = 257,      /* ufrag or password, RFC 8839 section 5.4 */
};

typedef enum pl_ice_type {
    PL_ICE_HOST = 1,
    PL_ICE_SRFLX,
    PL_ICE_PRFLX,
    PL_ICE_RELAY,
} pl_ice_type;

typedef struct pl_ice_cand {
    char foundation[PL_ICE_FOUNDATION_TEXT];
    uint32_t component; /* 1 RTP, 2 RTCP */
    unsigned is_udp;    /* 1: UDP; 0: TCP or unknown */
    uint32_t priority;
    unsigned family; /* 4, 6, or 0 for a name */
    char address[PL_ICE_ADDRESS_TEXT];
    uint16_t port;
    pl_ice_type type;
} pl_ice_cand;

/* Parse what follows "candidate:" (a leading "candidate:" is tolerated).
 * Related address, generation and other extensions are skipped.
 * Errors: PL_EPROTO malformed or an unknown type */
PL_MUST_USE pl_err pl_ice_cand_parse(pl_slice text, pl_ice_cand *ret_cand);
/* Write what follows "a=", "candidate:" included.
 * Errors: PL_EFULL buf[cap] is too small; PL_EINVAL not a candidate */
PL_MUST_USE pl_err pl_ice_cand_write(const pl_ice_cand *cand, char *buf,
                                     size_t cap);
/* Priority of a candidate: type preference, local preference (65535 for the
 * best address), component 1..256. Source: RFC 8445 section 5.1.2.1 */
uint32_t pl_ice_priority(pl_ice_type type, uint16_t local_pref,
                         uint32_t component);
/* Fill a host candidate for UDP component 1 of an address of this machine.
 *
 * index:  which of our addresses, best first, 0..65535
 * Errors: PL_EINVAL address is no IPv4 or IPv6 text, or port is 0 */
PL_MUST_USE pl_err pl_ice_cand_host(const char *address, uint16_t port,
                                    unsigned index, pl_ice_cand *ret_cand);
/* Family of an address text: 4, 6, or 0 when it is neither. */
unsigned pl_ip_family(const char *address);
/* Whether it is an address of the machine itself: 127.0.0.0/8, ::1, or the
 * first mapped into IPv6. */
bool pl_ip_source_is_local(const char *address);
/* What counts as one source of requests: an IPv4 address, also of an IPv4
 * address mapped into IPv6; of IPv6 the /64, which one customer has; other text
 * as it is, cut to fit. */
enum { PL_IP_SOURCE_TEXT = 64 };
void pl_ip_source(const char *address, char buf[PL_IP_SOURCE_TEXT]);

#endif
