/* outgoing_rules.h - which servers requests may go to whose URL comes from a
 * client of ours (event sinks), so that nobody reaches through us what only we
 * can reach. The address is judged at the time of connecting: what a name
 * resolved to before says nothing. */
#ifndef PL_API_OUTGOING_RULES_H
#define PL_API_OUTGOING_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum { PL_NETS_MAX = 64, PL_IP_SIZE = 16, PL_OUTGOING_URL_MAX = 2048 };

/* A block of addresses; IPv4 as ::ffff:a.b.c.d. */
typedef struct pl_net {
    uint8_t ip[PL_IP_SIZE];
    unsigned bits;
} pl_net;

typedef struct pl_outgoing_rules {
    pl_net allowed[PL_NETS_MAX]; /* although not public */
    size_t n_allowed;
    bool takes_http; /* plain HTTP to public addresses too */
} pl_outgoing_rules;

typedef struct pl_outgoing_url {
    bool is_http; /* plain */
    uint16_t port;
} pl_outgoing_url;

/* Read addresses and blocks (192.0.2.0/24, fd00::/8), separated by blanks or
 * commas, into allowed. Errors: PL_ECONFIG another thing, bits set behind the
 * prefix, too many. */
PL_MUST_USE pl_err pl_outgoing_rules_read(const char *list,
                                          pl_outgoing_rules *rules);
/* Check a URL: http or https in any case, a host, perhaps a port; printable
 * ASCII, no user name, no fragment. Errors: PL_EINVAL.
 * Source: RFC 3986 section 3 */
PL_MUST_USE pl_err pl_outgoing_url_read(const char *url,
                                        pl_outgoing_url *ret_url);
/* An IPv4 or IPv6 literal. Errors: PL_EINVAL. */
PL_MUST_USE pl_err pl_ip_read(const char *text, uint8_t ret_ip[PL_IP_SIZE]);
/* A public unicast address. Source: the IANA special-purpose registries,
 * RFC 6890 */
bool pl_ip_is_public(const uint8_t ip[PL_IP_SIZE]);
/* Whether a connection to ip may be made for that URL: allowed ones always;
 * public ones by HTTPS (HTTP when it is taken), to the ports 80 and 443 and
 * those above 1023. */
bool pl_outgoing_may_connect(const pl_outgoing_rules *rules,
                             const pl_outgoing_url *url,
                             const uint8_t ip[PL_IP_SIZE]);

#endif
