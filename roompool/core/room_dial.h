/* room_dial.h - a host has a telephone called into its room. */
#ifndef PL_ROOMPOOL_ROOM_DIAL_H
#define PL_ROOMPOOL_ROOM_DIAL_H

#include "model.h"

void pl_on_room_dial(pl_pool *pool, const pl_bus_in *in);

#endif
