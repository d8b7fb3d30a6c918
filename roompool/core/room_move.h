/* room_move.h - a telephone or a device goes over to a room, with its call: out
 * of a call of a device, or out of another room. It is offered the media of
 * there; without it the call ends. */
#ifndef PL_ROOMPOOL_ROOM_MOVE_H
#define PL_ROOMPOOL_ROOM_MOVE_H

#include "model.h"

/* Whether a seat can go so: a page is given a ticket instead (refer.h). */
bool pl_room_move_can(const pl_part *part);
/* Errors: PL_ENOUSER no such room; PL_EEXIST it is there; PL_EFULL; PL_ESTATE
 * its media is not up; PL_EBUSY that is just changing; PL_EUNAVAILABLE no media
 * worker. Nothing has changed then. */
PL_MUST_USE pl_err pl_room_move(pl_pool *pool, pl_part *part, const char *alias,
                                uint32_t role);

#endif
