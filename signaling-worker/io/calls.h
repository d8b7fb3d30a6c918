/* calls.h - all live calls: SIP on one side, roompool's wishes on the other.
 * Loop thread only. */
#ifndef PL_SIG_CALLS_H
#define PL_SIG_CALLS_H

#include "guard.h"
#include "pl/bus.h"
#include "sig_config.h"
#include "sip_stack.h"

typedef struct pl_calls pl_calls;

typedef struct pl_calls_options {
    pl_loop *loop;
    pl_bus *bus;
    pl_metrics *metrics;
    const pl_signaling_config *config; /* borrowed for the life of the calls */
} pl_calls_options;

/* Open the SIP side. Errors: as pl_sip_stack_open(), pl_guard_create();
 * PL_ECONFIG a bad pattern, proxy or password file (logged). */
PL_MUST_USE pl_err pl_calls_create(const pl_calls_options *o,
                                   pl_calls **ret_calls);
/* BYE or CANCEL whatever lives, without waiting for answers, and free. */
void pl_calls_destroy(pl_calls **calls);

size_t pl_calls_count(const pl_calls *calls);
pl_sip_transport *pl_calls_transport(pl_calls *calls);
/* Whether roompool can be asked; without it new calls get 503. */
void pl_calls_set_link(pl_calls *calls, bool is_up);
/* Name every call to roompool, after each hello. */
void pl_calls_send_inventory(pl_calls *calls);
/* After that: tell again what roompool has not taken, such as an answer that
 * came while it was away. */
void pl_calls_repeat_reports(pl_calls *calls);
/* Take no more calls. done(ctx) is called once none is left; after end_ms the
 * rest is ended with BYE. */
void pl_calls_drain(pl_calls *calls, unsigned end_ms, void (*done)(void *),
                    void *ctx);
void pl_calls_dump(const pl_calls *calls); /* to the log */

/* What roompool asks for. Errors: PL_EGONE no such call; PL_ESTATE not in its
 * state; PL_EINVAL; PL_EBUSY a re-INVITE is under way. */
PL_MUST_USE pl_err pl_calls_respond(pl_calls *calls, const pl_call_respond *m);
PL_MUST_USE pl_err pl_calls_end(pl_calls *calls, const pl_call_end *m);
/* How the call goes that the peer asked for with REFER. */
PL_MUST_USE pl_err pl_calls_referred(pl_calls *calls,
                                     const pl_call_referred *m);
/* Send REFER; the ticket is answered when it is known what came of it. */
PL_MUST_USE pl_err pl_calls_transfer(pl_calls *calls, const pl_call_transfer *m,
                                     const pl_bus_ticket *ticket);
/* Take over a call of a worker that is gone; the ticket is answered when its
 * peer has taken our Contact: PL_EGONE it knows no such call; PL_EUNAVAILABLE.
 * Errors: PL_EPROTO the record; PL_EEXIST; PL_EFULL; PL_EDRAIN. */
PL_MUST_USE pl_err pl_calls_adopt(pl_calls *calls, const pl_call_adopt *m,
                                  const pl_bus_ticket *ticket);
/* The ticket is answered when the peer has. */
PL_MUST_USE pl_err pl_calls_offer(pl_calls *calls, const pl_call_offer *m,
                                  const pl_bus_ticket *ticket);
/* Register with a registrar, refresh or remove: it is the operator's own, and
 * outbound_allow does not matter. Errors: as pl_registers_begin(); PL_EDRAIN.
 */
PL_MUST_USE pl_err pl_calls_register(pl_calls *calls, const pl_sip_register *m,
                                     const pl_bus_ticket *ticket);
/* Errors also: PL_EFORBIDDEN destination not allowed; PL_EUNSUPPORTED its
 * scheme; PL_EEXIST the call is known; PL_EFULL; PL_EDRAIN. */
PL_MUST_USE pl_err pl_calls_start(pl_calls *calls, const pl_call_start *m);

#endif
