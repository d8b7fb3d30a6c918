/* conference_api.h - conferences driven by sessions: conference.def. */
#ifndef PL_ROOMPOOL_CONFERENCE_API_H
#define PL_ROOMPOOL_CONFERENCE_API_H

#include "model.h"

void pl_on_conference_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_conference_action(pl_pool *pool, const pl_bus_in *in);
void pl_on_conference_delete(pl_pool *pool, const pl_bus_in *in);
void pl_on_participant_invite(pl_pool *pool, const pl_bus_in *in);
void pl_on_participant_remove(pl_pool *pool, const pl_bus_in *in);

#endif
