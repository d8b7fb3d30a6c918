/* notify.h - the Notification Service: what happens to registrations and calls
 * of devices is told to whoever subscribed to it, as CloudEvents by POST.
 *
 * An event is written for each subscription that wants it in the transaction
 * of what caused it, so that a crash loses none. Each subscription has one
 * request under way at most, so that its events come in order; an event is
 * sent again, with the same id, until the sink took it, refused it, or it is
 * too old to be of use. docs/adr/0015 */
#ifndef PL_ROOMPOOL_NOTIFY_H
#define PL_ROOMPOOL_NOTIFY_H

#include "model.h"

typedef struct pl_reg pl_reg;

/* Something happened to reg, or to a call of it: write an event for every
 * active subscription to its device that wants this type (PL_NOTIFY_TYPE_*
 * but SUBSCRIPTION_ENDED). media_session_id: of the call, "" when it is about
 * the registration. data: the member `data` of the event, a JSON object,
 * copied; the member subscriptionId is added to it. A session-status with a
 * final status ends what is still to be said of that call: its invitation, if
 * it waits, is not sent any more. Nobody subscribed: nothing happens. */
void pl_notify(pl_pool *pool, const pl_reg *reg, uint32_t type,
               const char *media_session_id, pl_slice data);
/* Whether anybody would be told. */
bool pl_notify_has(const pl_pool *pool, const pl_reg *reg, uint32_t type);

/* An answer that names this media session or subscription is on its way to
 * the client: its events wait until device_told says that it is written out, a
 * second at most. Later events of the same subscription wait behind them. */
void pl_notify_hold(pl_pool *pool, const char *id);
void pl_on_device_told(pl_pool *pool, const pl_bus_in *in);

#endif
