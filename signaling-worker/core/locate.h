/* locate.h - from a SIP address to an ordered list of targets: what to ask the
 * DNS next, and what its answers mean. No traffic of its own. RFC 3263,
 * RFC 2782. */
#ifndef PL_LOCATE_H
#define PL_LOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/ip.h"
#include "pl/uri.h"

enum {
    PL_SIP_TARGETS_MAX = 8,
    PL_LOCATE_PLACES = 16,  /* SRV records looked at, of all services */
    PL_LOCATE_SERVICES = 4, /* SRV questions of one address */
};

/* One way to reach a peer. */
typedef struct pl_sip_target {
    pl_uri_transport transport;
    pl_ip ip;
    uint16_t port;
} pl_sip_target;

/* Number from 0 to max, both included. */
typedef uint32_t (*pl_locate_random)(void *ctx, uint32_t max);

typedef struct pl_locate_wish {
    const char *host; /* a name; borrowed during pl_locate_begin() */
    bool is_sips;
    uint16_t port;              /* 0: not said */
    pl_uri_transport transport; /* PL_URI_ANY: not said */
    unsigned can;    /* of those not said, we have: bits 1 << PL_URI_.. */
    bool is_literal; /* or in /etc/hosts: the name says all there is */
    pl_locate_random random;
    void *random_ctx;
} pl_locate_wish;

/* One record of a NAPTR answer; texts as the DNS gave them. */
typedef struct pl_naptr {
    uint16_t order, preference;
    const char *flags, *service, *regexp, *replacement;
} pl_naptr;

typedef struct pl_srv {
    uint16_t priority, weight, port;
    const char *target;
} pl_srv;

typedef enum pl_locate_kind {
    PL_LOCATE_NAPTR,
    PL_LOCATE_SRV,
    PL_LOCATE_ADDRESS, /* A and AAAA */
} pl_locate_kind;

typedef struct pl_locate_question {
    pl_locate_kind kind;
    const char *name; /* valid until the answer is given */
} pl_locate_question;

typedef struct pl_locate_name {
    char name[PL_URI_HOST_TEXT];
    pl_uri_transport transport;
    uint16_t port;
} pl_locate_name;

/* A search under way; its members are private. */
typedef struct pl_locate {
    pl_locate_wish wish;
    char host[PL_URI_HOST_TEXT];
    bool wants_naptr, was_denied, has_fallen_back;
    pl_locate_name service[PL_LOCATE_SERVICES], place[PL_LOCATE_PLACES];
    unsigned n_services, at_service, n_places, at_place;
    pl_sip_target target[PL_SIP_TARGETS_MAX];
    unsigned n_targets;
} pl_locate;

/* Start a search. Source: RFC 3263 sections 4.1 and 4.2 */
void pl_locate_begin(pl_locate *l, const pl_locate_wish *wish);
/* What to ask now; false: the search is over. Each question is followed by one
 * answer of its kind, with no records where there were none or it failed. */
bool pl_locate_next(pl_locate *l, pl_locate_question *ret_question);
/* Services we do not have, and records with other than a plain service, are
 * left out; the rest goes by order and preference. */
void pl_locate_naptr(pl_locate *l, const pl_naptr *rows, unsigned n);
/* By priority, within one by weight. Source: RFC 2782 */
void pl_locate_srv(pl_locate *l, const pl_srv *rows, unsigned n);
void pl_locate_addresses(pl_locate *l, const pl_ip *rows, unsigned n);

/* Whether both are the same. */
bool pl_sip_target_eq(const pl_sip_target *a, const pl_sip_target *b);
/* Whether a failed attempt is one after which the next target is tried: no
 * answer at all (status 0), or 503. Source: RFC 3263 section 4.3 */
bool pl_sip_target_failed(unsigned status);

#endif
