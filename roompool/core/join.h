/* join.h - rooms joined from a page (client API): room.def. */
#ifndef PL_ROOMPOOL_JOIN_H
#define PL_ROOMPOOL_JOIN_H

#include "model.h"

/* Start the clock of a page's token, after loading or a refresh; and look from
 * time to time whether anybody is still there. */
void pl_join_plan_expiry(pl_pool *pool, pl_part *part);

/* Keep what finds the page whose request to join comes once more: after its
 * tokens changed; before they change, and before it is forgotten. */
void pl_join_note(pl_pool *pool, pl_part *part);
void pl_join_forget(pl_pool *pool, const pl_part *part);

void pl_on_room_join(pl_pool *pool, const pl_bus_in *in);
void pl_on_participant_refresh(pl_pool *pool, const pl_bus_in *in);
void pl_on_participant_leave(pl_pool *pool, const pl_bus_in *in);
void pl_on_participant_media(pl_pool *pool, const pl_bus_in *in);
void pl_on_participant_media_end(pl_pool *pool, const pl_bus_in *in);

#endif
