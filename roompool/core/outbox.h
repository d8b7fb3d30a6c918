/* outbox.h - replies and commands wait here until what caused them is
 * committed. */
#ifndef PL_ROOMPOOL_OUTBOX_H
#define PL_ROOMPOOL_OUTBOX_H

#include "port.h"

typedef struct pl_outbox pl_outbox;

PL_MUST_USE pl_err pl_outbox_create(pl_outbox **ret_outbox);
/* Free with everything that still waits; ops are the caller's. */
void pl_outbox_destroy(pl_outbox **outbox);
/* Queue a copy of the message, long fields included.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_outbox_request(pl_outbox *outbox, const pl_bus_send *how,
                                     const pl_msg_desc *desc, const void *body,
                                     pl_op *op);
PL_MUST_USE pl_err pl_outbox_reply(pl_outbox *outbox,
                                   const pl_bus_ticket *ticket,
                                   const pl_msg_desc *desc, const void *body);
PL_MUST_USE pl_err pl_outbox_reply_error(pl_outbox *outbox,
                                         const pl_bus_ticket *ticket, pl_err e,
                                         const char *text);
bool pl_outbox_is_empty(const pl_outbox *outbox);
/* Hand everything that waits now to the port, in order. */
void pl_outbox_send(pl_outbox *outbox, const pl_port *port);

#endif
