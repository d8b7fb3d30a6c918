/* ticket.h - tickets for a session's event stream: short-lived, used once,
 * kept in memory only (after a restart the client asks for another).
 * docs/adr/0010 */
#ifndef PL_ROOMPOOL_TICKET_H
#define PL_ROOMPOOL_TICKET_H

#include "model.h"

void pl_on_session_ticket(pl_pool *pool, const pl_bus_in *in);
/* Refuses with PL_EAUTH: unknown, used, replaced or too old. */
void pl_on_session_ticket_use(pl_pool *pool, const pl_bus_in *in);

#endif
