/* room_access.h - may this participant do that in its room? The one place
 * where it is decided, by tables/room_access.def. */
#ifndef PL_ROOMPOOL_ROOM_ACCESS_H
#define PL_ROOMPOOL_ROOM_ACCESS_H

#include "../tables/room_access.def"
#include "model.h"

#define PL_ROOM_SEAT_OP(op, hs, ho, gs, go, ws, wo) PL_ROOM_OP_##op,
#define PL_ROOM_CONF_OP(op, host, guest, waiting)   PL_ROOM_OP_##op,
typedef enum pl_room_op {
    PL_ROOM_SEAT_TABLE(PL_ROOM_SEAT_OP) PL_ROOM_CONF_TABLE(PL_ROOM_CONF_OP)
        PL_N_ROOM_OPS
} pl_room_op;

#define PL_ROOM_WHO_ENUM(upper, lower) PL_ROOM_WHO_##upper,
typedef enum pl_room_who {
    PL_ROOM_WHO(PL_ROOM_WHO_ENUM) PL_N_ROOM_WHO
} pl_room_who;

/* The actor of a request, by its id and token. NULL when it was refused:
 * PL_EAUTH; PL_EGONE it has left, unless that does no harm. */
pl_part *pl_room_actor(pl_pool *pool, const pl_bus_in *in, const char *id,
                       const char *token_hash, bool may_have_left);
/* Whom it is about. Errors: PL_ENOENT not in the actor's conference. */
PL_MUST_USE pl_err pl_room_target(const pl_part *actor, const char *id,
                                  const pl_pool *pool, pl_part **ret_target);
/* The cell of the table. target NULL: an operation on the conference.
 * Errors: PL_EFORBIDDEN. */
PL_MUST_USE pl_err pl_room_may(const pl_part *actor, const pl_part *target,
                               pl_room_op op);

#endif
