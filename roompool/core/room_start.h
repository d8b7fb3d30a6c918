/* room_start.h - what a room's settings mean for its conferences. */
#ifndef PL_ROOMPOOL_ROOM_START_H
#define PL_ROOMPOOL_ROOM_START_H

#include "model.h"

/* Guests muted, layouts and texts shown, as a conference begins with them. */
void pl_room_start_with(const pl_room *room, pl_conf_row *row);
/* Whether its participants may send messages; NULL: yes. */
bool pl_room_has_chat(const pl_room *room);

#endif
