/* control.h - hosts, and everybody for themselves, change participants and the
 * conference. */
#ifndef PL_ROOMPOOL_CONTROL_H
#define PL_ROOMPOOL_CONTROL_H

#include "model.h"

void pl_on_participant_control(pl_pool *pool, const pl_bus_in *in);
void pl_on_conference_control(pl_pool *pool, const pl_bus_in *in);
/* What the roster and the state are now. */
void pl_on_room_status(pl_pool *pool, const pl_bus_in *in);
void pl_on_roster_get(pl_pool *pool, const pl_bus_in *in);

#endif
