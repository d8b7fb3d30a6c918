/* sip_resolve.h - SIP addresses to targets without blocking. */
#ifndef PL_SIP_RESOLVE_H
#define PL_SIP_RESOLVE_H

#include "locate.h"
#include "pl/loop.h"

typedef struct pl_sip_resolver pl_sip_resolver;
/* targets: in the order in which they are to be tried, n 0: none found;
 * borrowed during the call. */
typedef void (*pl_sip_located)(void *ctx, uint64_t tag,
                               const pl_sip_target *targets, unsigned n);

typedef struct pl_sip_resolver_options {
    pl_loop *loop;
    const char *servers; /* addresses with or without port, in order; "": the
                            system's. Borrowed for the resolver's life. */
    /* Called once for each question, later or from inside pl_sip_resolve(). */
    pl_sip_located cb;
    void *ctx;
} pl_sip_resolver_options;

/* Errors: PL_ENOMEM. Context: loop thread, as all of them. */
PL_MUST_USE pl_err pl_sip_resolver_create(const pl_sip_resolver_options *o,
                                          pl_sip_resolver **ret_resolver);
/* Open questions are not answered any more. Not from inside the callback. */
void pl_sip_resolver_destroy(pl_sip_resolver **resolver);
/* Ask for an address: a literal, a name of /etc/hosts, or by NAPTR, SRV, A and
 * AAAA as RFC 3263 says. wish: its random and is_literal are filled in here.
 * The answer comes within 10 s. Errors: PL_EFULL too many questions open;
 * PL_EIO no resolver can be made; PL_ENOMEM. Then the callback is not called.
 */
PL_MUST_USE pl_err pl_sip_resolve(pl_sip_resolver *resolver,
                                  const pl_locate_wish *wish, uint64_t tag);

#endif
