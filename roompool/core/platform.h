/* platform.h - what another platform's event sink tells us of our rooms there.
 * Rooms that live here are not touched: what we see ourselves is what counts.
 */
#ifndef PL_ROOMPOOL_PLATFORM_H
#define PL_ROOMPOOL_PLATFORM_H

#include "model.h"

void pl_on_platform_event(pl_pool *pool, const pl_bus_in *in);

#endif
