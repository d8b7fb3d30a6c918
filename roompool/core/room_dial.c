/* room_dial.c - who is dialled is shown at once, and needs no PIN. */
#include "room_dial.h"

#include <string.h>

#include "address.h"
#include "invite.h"
#include "participant.h"
#include "pl/keys.h"
#include "pl/str.h"
#include "room.h"
#include "room_access.h"
#include "roster.h"

static pl_err check(const pl_pool *pool, const pl_room_dial *m,
                    const pl_conf *conf, pl_address *address)
{
    if (m->role != PL_PART_ROLE_HOST && m->role != PL_PART_ROLE_GUEST)
        return PL_EINVAL;
    if (m->digits[0] && !pl_is_keys(pl_slice_str(m->digits)))
        return PL_EINVAL;
    pl_err e = pl_invite_may_ring(pool, conf);
    if (!e && pl_address_parse(pool->config, m->address, address))
        e = PL_ENOUSER;
    /* A user of the conference API has no telephone. */
    return !e && !address->uri[0] ? PL_ENOUSER : e;
}

static void describe(pl_part *part, const pl_room_dial *m, const char *uri,
                     const pl_part *by)
{
    PL_SET(part->row.invited_by, by->row.participant_id);
    pl_invite_name(part, uri);
    if (m->display_name[0])
        PL_SET(part->row.display_name, m->display_name);
    PL_SET(part->row.overlay_text, m->overlay_text);
    PL_SET(part->row.dtmf_sequence, m->digits);
    part->row.is_dialled = true;
    part->row.keep_alive = pl_keep_alive_of(m->keep_alive);
    if (part->row.keep_alive == PL_KEEP_ALIVE_UNKNOWN)
        part->row.keep_alive = PL_KEEP_ALIVE_IF_MULTIPLE;
}

static pl_err dial(pl_pool *pool, const pl_room_dial *m, const pl_part *by,
                   pl_part **ret_part)
{
    pl_address address;
    pl_part *part;
    pl_err e = check(pool, m, by->conf, &address);
    if (!e)
        e = pl_part_add(pool, by->conf, PL_PART_KIND_TELEPHONE, m->role, &part);
    if (e)
        return e;
    describe(part, m, address.uri, by);
    pl_part_save(pool, part);
    e = pl_invite_ring(pool, part);
    if (e) {                          /* told by the reply */
        part->row.is_dialled = false; /* and so never shown */
        pl_part_leave(pool, part, pl_err_text(e));
        return e;
    }
    pl_roster_created(pool, part);
    *ret_part = part;
    return PL_OK;
}

/* Whoever finds it is host there. */
static bool is_open(const pl_room *room)
{
    return room && !pl_room_needs_pin(room) && !pl_room_has_host_pin(room);
}

void pl_on_room_dial(pl_pool *pool, const pl_bus_in *in)
{
    const pl_room_dial *m = in->body;
    pl_part *part;
    const pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_err e = pl_room_may(self, NULL, PL_ROOM_OP_DIAL);
    if (!e && is_open(self->conf->room) && !pool->config->dial_from_open_rooms)
        e = PL_EFORBIDDEN;
    if (!e)
        e = dial(pool, m, self, &part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_room_dialled r = {.present = 0};
    PL_SET(r.participant_id, part->row.participant_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_ROOM_DIALLED, &r);
}
