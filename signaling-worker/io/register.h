/* register.h - REGISTERs towards registrars, as roompool commands them: each is
 * one request with its repetitions, and then forgotten. Nothing is kept of a
 * binding here; roompool plans its refresh. Loop thread only. */
#ifndef PL_SIG_REGISTER_H
#define PL_SIG_REGISTER_H

#include "avoid.h"
#include "pl/bus.h"
#include "pl/metrics.h"
#include "sip_resolve.h"
#include "sip_stack.h"

typedef struct pl_registers pl_registers;

typedef struct pl_registers_options { /* all borrowed for their life */
    pl_loop *loop;
    pl_bus *bus;
    pl_metrics *metrics;
    pl_sip_stack *stack;
    pl_sip_resolver *resolver;
    pl_avoid *avoided;
} pl_registers_options;

/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_registers_create(const pl_registers_options *o,
                                       pl_registers **ret_registers);
/* Those under way are not answered any more. */
void pl_registers_destroy(pl_registers **registers);

/* Begin one; the ticket is answered within 32 s with sip_registered or
 * sip_register_failed, perhaps from inside this call.
 * Errors: PL_EINVAL an address; PL_EFULL; PL_ENOMEM. Then it is not answered.
 */
PL_MUST_USE pl_err pl_registers_begin(pl_registers *registers,
                                      const pl_sip_register *m,
                                      const pl_bus_ticket *ticket);

/* Whether a tag of the stack or the resolver is one of ours; then it is
 * answered here. */
bool pl_registers_is_tag(uint64_t tag);
void pl_registers_on_located(pl_registers *registers, uint64_t tag,
                             const pl_sip_target *targets, unsigned n);
void pl_registers_on_response(pl_registers *registers, uint64_t tag,
                              const pl_sip_msg *m, unsigned local_status);

#endif
