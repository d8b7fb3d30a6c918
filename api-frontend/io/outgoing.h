/* outgoing.h - the HTTP requests that roompool has us make (message fetch). */
#ifndef PL_API_OUTGOING_H
#define PL_API_OUTGOING_H

#include "api_config.h"
#include "pl/bus.h"
#include "pl/metrics.h"

typedef struct pl_outgoing pl_outgoing;

/* Take fetch from now on; all arguments are borrowed.
 * Errors: PL_ECONFIG outgoing_allow; PL_ENOMEM; PL_EIO. */
PL_MUST_USE pl_err pl_outgoing_open(pl_loop *loop, pl_bus *bus,
                                    const pl_api_config *config,
                                    pl_metrics *metrics,
                                    pl_outgoing **ret_outgoing);
/* on_drained, later or now, when nothing runs any more. */
void pl_outgoing_drain(pl_outgoing *outgoing, pl_loop_cb on_drained, void *ctx);
/* What runs is not answered; fetch must not come any more. */
void pl_outgoing_close(pl_outgoing **outgoing);

#endif
