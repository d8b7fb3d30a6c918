/* watch.h - peers that are asked for a sign of life now and then, trunks
 * mostly: which of their servers answer, so that calls try those first. Loop
 * thread only. */
#ifndef PL_SIG_WATCH_H
#define PL_SIG_WATCH_H

#include "avoid.h"
#include "pl/metrics.h"
#include "sip_resolve.h"
#include "sip_stack.h"

enum { PL_WATCH_PEERS = 8 };

typedef struct pl_watch pl_watch;

typedef struct pl_watch_options { /* all borrowed for its life */
    pl_loop *loop;
    pl_metrics *metrics;
    pl_sip_stack *stack;
    pl_sip_resolver *resolver;
    pl_avoid *avoided;
    const char *peers; /* addresses, checked before; "" none */
    uint32_t every_s;  /* each of them is asked */
} pl_watch_options;

/* Begins to ask at once. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_watch_create(const pl_watch_options *o,
                                   pl_watch **ret_watch);
void pl_watch_destroy(pl_watch **watch);

/* Whether a tag of the stack or the resolver is one of ours; then it is
 * answered here. */
bool pl_watch_is_tag(uint64_t tag);
void pl_watch_on_located(pl_watch *watch, uint64_t tag,
                         const pl_sip_target *targets, unsigned n);
void pl_watch_on_response(pl_watch *watch, uint64_t tag, const pl_sip_msg *m);

#endif
