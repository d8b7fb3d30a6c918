/* control.h - hosts, and everybody for themselves, change participants and the
 * conference. */
#ifndef PL_ROOMPOOL_CONTROL_H
#define PL_ROOMPOOL_CONTROL_H

#include "model.h"

void pl_on_participant_control(pl_pool *pool, const pl_bus_in *in);
void pl_on_conference_control(pl_pool *pool, const pl_bus_in *in);
/* The same for whoever may do so, the management API.
 * Errors: PL_EINVAL no role; PL_ESTATE the last host. */
PL_MUST_USE pl_err pl_control_role(pl_pool *pool, pl_part *part, uint32_t role);
/* Those who are there, and those who come. */
void pl_control_mute_guests(pl_pool *pool, pl_conf *conf, bool is_muted);
/* What the roster and the state are now. */
void pl_on_room_status(pl_pool *pool, const pl_bus_in *in);
void pl_on_roster_get(pl_pool *pool, const pl_bus_in *in);

#endif
