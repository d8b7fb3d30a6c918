/* sip_repeat.h - the final answers of non-INVITE transactions that are over,
 * for a request that comes again: the state Completed of RFC 3261 section
 * 17.2.2, in less memory and without a timer each. Loop thread only. */
#ifndef PL_SIG_SIP_REPEAT_H
#define PL_SIG_SIP_REPEAT_H

#include "sip_transport.h"

typedef struct pl_sip_repeats pl_sip_repeats;

/* max: answers that are kept; beyond, the oldest goes early.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_sip_repeats_create(unsigned max,
                                         pl_sip_repeats **ret_repeats);
void pl_sip_repeats_destroy(pl_sip_repeats **repeats);
/* Keep a copy for 64 * T1. Without memory it is not kept: the request is new
 * then. */
void pl_sip_repeats_keep(pl_sip_repeats *r, const char *key,
                         const pl_sip_flow *flow, pl_slice answer,
                         int64_t now_us);
/* Whether there is one: where it goes, and its bytes, borrowed. */
bool pl_sip_repeats_find(const pl_sip_repeats *r, const char *key,
                         pl_sip_flow *ret_flow, pl_slice *ret_answer);
/* Forget those whose time is over. */
void pl_sip_repeats_expire(pl_sip_repeats *r, int64_t now_us);
unsigned pl_sip_repeats_count(const pl_sip_repeats *r);

#endif
