/* room_access.c - actors, targets, and the table. */
#include "room_access.h"

#include "participant.h"
#include "waiting.h"

typedef enum cell { NO, YES, CAN } cell;

#define SEAT_ROW(op, hs, ho, gs, go, ws, wo)                                   \
    [PL_ROOM_OP_##op] = {{hs, ho}, {gs, go}, {ws, wo}},
#define CONF_ROW(op, host, guest, waiting)                                     \
    [PL_ROOM_OP_##op] = {{host, host}, {guest, guest}, {waiting, waiting}},
static const cell TABLE[PL_N_ROOM_OPS][PL_N_ROOM_WHO][2] = {
    PL_ROOM_SEAT_TABLE(SEAT_ROW) PL_ROOM_CONF_TABLE(CONF_ROW)};

static pl_room_who who_is(const pl_part *part)
{
    if (pl_waits(part))
        return PL_ROOM_WHO_WAITING;
    return part->row.role == PL_PART_ROLE_HOST ? PL_ROOM_WHO_HOST
                                               : PL_ROOM_WHO_GUEST;
}

pl_err pl_room_may(const pl_part *actor, const pl_part *target, pl_room_op op)
{
    bool is_other = target && target != actor;
    cell c = TABLE[op][who_is(actor)][is_other];
    if (c == CAN) {
        c = actor->conf->row.guests_can_unmute ||
                    actor->row.role == PL_PART_ROLE_HOST
                ? YES
                : NO;
    }
    return c == YES ? PL_OK : PL_EFORBIDDEN;
}

pl_part *pl_room_actor(pl_pool *pool, const pl_bus_in *in, const char *id,
                       const char *token_hash, bool may_have_left)
{
    pl_part *part = NULL;
    pl_err e = pl_part_find_by_token(pool, id, token_hash, &part);
    if (e == PL_ENOENT) /* not found is said of the participant acted upon */
        e = PL_EAUTH;
    if (!e && part->row.state == PL_PART_STATE_LEFT && !may_have_left)
        e = PL_EGONE;
    if (!e)
        return part;
    pl_pool_refuse(pool, &in->ticket, e, NULL);
    return NULL;
}

pl_err pl_room_target(const pl_part *actor, const char *id, const pl_pool *pool,
                      pl_part **ret_target)
{
    pl_part *target = pl_part_find(pool, id);
    if (!target || target->conf != actor->conf ||
        target->row.state == PL_PART_STATE_LEFT)
        return PL_ENOENT;
    *ret_target = target;
    return PL_OK;
}
