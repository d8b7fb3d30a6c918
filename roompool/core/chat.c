/* chat.c - a message is an event of the conference, to all or to one. */
#include "chat.h"

#include "event_stream.h"
#include "pl/str.h"
#include "room_access.h"
#include "room_start.h"
#include "roster.h"
#include "waiting.h"

static void send(pl_pool *pool, const pl_room_message *m, const pl_part *self,
                 pl_part *target)
{
    pl_event_row row = {.kind = PL_EVENT_KIND_MESSAGE,
                        .sdp = m->payload,
                        .is_direct = target != NULL};
    PL_SET(row.participant_id, self->row.participant_id);
    PL_SET(row.display_name, self->row.display_name);
    PL_SET(row.type, m->type);
    if (target) {
        pl_roster_tell(pool, target, &row);
    } else {
        pl_conf_event(pool, self->conf, &row);
    }
}

void pl_on_room_message(pl_pool *pool, const pl_bus_in *in)
{
    const pl_room_message *m = in->body;
    pl_part *target = NULL;
    pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_err e = pl_room_has_chat(self->conf->room) ? PL_OK : PL_EFORBIDDEN;
    if (!e && m->target_id[0])
        e = pl_room_target(self, m->target_id, pool, &target);
    if (!e)
        e = pl_room_may(self, target,
                        target ? PL_ROOM_OP_MESSAGE_TO : PL_ROOM_OP_MESSAGE);
    if (!e && target && target->row.kind != PL_PART_KIND_PAGE)
        e = PL_EUNSUPPORTED; /* nobody there reads it */
    if (!e && target && pl_waits(target))
        e = PL_ESTATE; /* is told nothing of the room */
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    send(pool, m, self, target);
    pl_pool_ok(pool, &in->ticket);
}
