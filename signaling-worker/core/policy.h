/* policy.h - who may call in, and whom we may call. */
#ifndef PL_SIP_POLICY_H
#define PL_SIP_POLICY_H

#include "pl/ip.h"
#include "sip_uri.h"

typedef enum pl_inbound {
    PL_INBOUND_ANYONE,
    PL_INBOUND_LISTED, /* only allowed networks */
    PL_INBOUND_DIGEST  /* credentials, except for allowed networks */
} pl_inbound;

typedef enum pl_inbound_verdict {
    PL_INBOUND_ACCEPT,
    PL_INBOUND_REFUSE,
    PL_INBOUND_CHALLENGE
} pl_inbound_verdict;

/* Decide on a request outside any dialog. */
pl_inbound_verdict pl_inbound_judge(pl_inbound mode,
                                    const pl_cidr_list *allowed,
                                    const pl_ip *source);

/* Destinations we may dial. patterns, separated by blanks or commas:
 *   192.0.2.0/24, 2001:db8::/32   address literals in that network
 *   example.com, *.example.com    hosts, and hosts below
 *   +49*                          tel: numbers, and numeric user parts sent
 *                                 through the outbound proxy
 *   *                             everything
 * Everything not named is refused.
 *
 * Errors: PL_EFORBIDDEN; PL_EUNSUPPORTED a tel: address without a proxy. */
PL_MUST_USE pl_err pl_outbound_judge(const char *patterns,
                                     const pl_sip_uri *uri, bool has_proxy);
/* Errors: PL_EINVAL with *ret_word the pattern that makes no sense. */
PL_MUST_USE pl_err pl_outbound_check(const char *patterns, pl_slice *ret_word);

#endif
