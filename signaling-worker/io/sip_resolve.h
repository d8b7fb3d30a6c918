/* sip_resolve.h - host names to addresses without blocking. */
#ifndef PL_SIP_RESOLVE_H
#define PL_SIP_RESOLVE_H

#include "pl/ip.h"
#include "pl/loop.h"

typedef struct pl_sip_resolver pl_sip_resolver;
typedef void (*pl_sip_resolved)(void *ctx, uint64_t tag, pl_err e,
                                const pl_ip *ip);

/* cb: called once for each question, later or from inside pl_sip_resolve().
 * Errors: PL_EIO no name server configuration; PL_ENOMEM. */
PL_MUST_USE pl_err pl_sip_resolver_create(pl_loop *loop, pl_sip_resolved cb,
                                          void *ctx,
                                          pl_sip_resolver **ret_resolver);
void pl_sip_resolver_destroy(pl_sip_resolver **resolver);
/* Ask for a host: a literal, a name of /etc/hosts or of the DNS (A, AAAA; no
 * SRV and no NAPTR). The answer comes with PL_OK and the first address, or
 * PL_ENOENT. Errors: PL_EFULL too many questions open. */
PL_MUST_USE pl_err pl_sip_resolve(pl_sip_resolver *resolver, const char *host,
                                  uint64_t tag);

#endif
