/* outgoing_rules.h - which servers requests may go to whose URL comes from a
 * client of ours (event sinks), so that nobody reaches through us what only we
 * can reach. The address is judged at the time of connecting: what a name
 * resolved to before says nothing. */
#ifndef PL_API_OUTGOING_RULES_H
#define PL_API_OUTGOING_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/ip.h"

enum { PL_OUTGOING_URL_MAX = 2048 };

typedef struct pl_outgoing_rules {
    pl_cidr_list allowed; /* although not public */
    bool takes_http;      /* plain HTTP to public addresses too */
} pl_outgoing_rules;

typedef struct pl_outgoing_url {
    bool is_http; /* plain */
    uint16_t port;
} pl_outgoing_url;

/* Check a URL: http or https in any case, a host, perhaps a port; printable
 * ASCII, no user name, no fragment. Errors: PL_EINVAL.
 * Source: RFC 3986 section 3 */
PL_MUST_USE pl_err pl_outgoing_url_read(const char *url,
                                        pl_outgoing_url *ret_url);
/* Whether a connection to ip may be made for that URL: allowed ones always;
 * public ones by HTTPS (HTTP when it is taken), to the ports 80 and 443 and
 * those above 1023. */
bool pl_outgoing_may_connect(const pl_outgoing_rules *rules,
                             const pl_outgoing_url *url, const pl_ip *ip);

#endif
