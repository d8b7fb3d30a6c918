/* bus_handlers.h - one function for each message roompool sends us. */
#ifndef PL_SIG_BUS_HANDLERS_H
#define PL_SIG_BUS_HANDLERS_H

#include "calls.h"

typedef struct pl_sig_handlers {
    pl_bus *bus;
    pl_calls *calls;
} pl_sig_handlers;

/* Handle call_respond, call_start, call_end, call_offer. h: borrowed as long as
 * the bus lives. Errors: as pl_bus_handle(). */
PL_MUST_USE pl_err pl_sig_handlers_register(pl_sig_handlers *h);

#endif
