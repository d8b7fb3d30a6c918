/* guard.h - who is let in: rate limits, networks, digest. Nothing is kept of
 * anybody who has not authenticated. */
#ifndef PL_SIG_GUARD_H
#define PL_SIG_GUARD_H

#include "pl/loop.h"
#include "pl/metrics.h"
#include "sig_config.h"
#include "sip_stack.h"

typedef struct pl_guard pl_guard;

/* Errors: PL_ECONFIG a bad network list or users file (logged); PL_ENOMEM. */
PL_MUST_USE pl_err pl_guard_create(pl_loop *loop, pl_metrics *metrics,
                                   const pl_signaling_config *config,
                                   pl_guard **ret_guard);
void pl_guard_destroy(pl_guard **guard);

/* Whether what a peer says of its callers is believed. RFC 3325 section 5 */
bool pl_guard_trusts(const pl_guard *guard, const pl_ip *peer);

/* Whether callers from there need no credentials because it was named. */
bool pl_guard_knows(const pl_guard *guard, const pl_ip *peer);

/* Take the request from its source's and the common allowance.
 * Returns: 0 pass, 1 drop, 503 refuse. */
unsigned pl_guard_admit(pl_guard *guard, const pl_sip_flow *flow);

typedef struct pl_guard_pass {
    bool is_authenticated;
    bool is_own; /* a call of ours that came in again; not set here */
    char user[129];
} pl_guard_pass;
/* Judge a request outside any dialog; refuses or challenges it statelessly.
 * Returns: whether it may go on, with ret_pass filled. */
bool pl_guard_judge(pl_guard *guard, pl_sip_stack *stack, const pl_sip_msg *m,
                    const pl_sip_flow *flow, pl_guard_pass *ret_pass);

#endif
