/* chat.h - messages between pages. */
#ifndef PL_ROOMPOOL_CHAT_H
#define PL_ROOMPOOL_CHAT_H

#include "model.h"

void pl_on_room_message(pl_pool *pool, const pl_bus_in *in);

#endif
