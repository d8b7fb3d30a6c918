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

static pl_err check(const pl_pool *pool, const pl_dial *d, const pl_conf *conf,
                    pl_address *address)
{
    if (d->role != PL_PART_ROLE_HOST && d->role != PL_PART_ROLE_GUEST)
        return PL_EINVAL;
    if (d->digits[0] && !pl_is_keys(pl_slice_str(d->digits)))
        return PL_EINVAL;
    pl_err e = pl_invite_may_ring(pool, conf);
    if (!e && pl_address_parse(pool->config, d->address, address))
        e = PL_ENOUSER;
    /* A user of the conference API has no telephone. */
    return !e && !address->uri[0] ? PL_ENOUSER : e;
}

/* What fits, in whole characters. */
static void set_name(pl_part *part, const char *name)
{
    char *mine = part->row.display_name;
    PL_SET(part->row.display_name, name);
    while (mine[0] && !pl_is_utf8(pl_slice_str(mine)))
        mine[strlen(mine) - 1] = '\0';
}

static void describe(pl_part *part, const pl_dial *d, const char *uri)
{
    PL_SET(part->row.invited_by, d->by);
    pl_invite_name(part, uri);
    if (d->display_name[0])
        set_name(part, d->display_name);
    PL_SET(part->row.overlay_text, d->overlay_text);
    PL_SET(part->row.dtmf_sequence, d->digits);
    part->row.is_dialled = true;
    part->row.is_automatic = d->is_automatic;
    part->row.keep_alive = pl_keep_alive_of(d->keep_alive);
    if (part->row.keep_alive == PL_KEEP_ALIVE_UNKNOWN)
        part->row.keep_alive = PL_KEEP_ALIVE_IF_MULTIPLE;
}

pl_err pl_room_dial_out(pl_pool *pool, pl_conf *conf, const pl_dial *d,
                        pl_part **ret_part)
{
    pl_address address;
    pl_part *part;
    pl_err e = check(pool, d, conf, &address);
    if (!e)
        e = pl_part_add(pool, conf, PL_PART_KIND_TELEPHONE, d->role, &part);
    if (e)
        return e;
    describe(part, d, address.uri);
    pl_part_save(pool, part);
    e = pl_invite_ring(pool, part);
    if (e) {                          /* told by the reply */
        part->row.is_dialled = false; /* and so never shown */
        part->row.is_automatic = false;
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

pl_err pl_room_dial_may(const pl_pool *pool, const pl_part *self)
{
    pl_err e = pl_room_may(self, NULL, PL_ROOM_OP_DIAL);
    if (!e && is_open(self->conf->room) && !pool->config->dial_from_open_rooms)
        e = PL_EFORBIDDEN;
    return e;
}

void pl_on_room_dial(pl_pool *pool, const pl_bus_in *in)
{
    const pl_room_dial *m = in->body;
    pl_part *part;
    const pl_part *self =
        pl_room_actor(pool, in, m->participant_id, m->token_hash, false);
    if (!self)
        return;
    pl_err e = pl_room_dial_may(pool, self);
    const pl_dial d = {.address = m->address,
                       .by = self->row.participant_id,
                       .role = m->role,
                       .keep_alive = m->keep_alive,
                       .display_name = m->display_name,
                       .overlay_text = m->overlay_text,
                       .digits = m->digits};
    if (!e)
        e = pl_room_dial_out(pool, self->conf, &d, &part);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_room_dialled r = {.present = 0};
    PL_SET(r.participant_id, part->row.participant_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_ROOM_DIALLED, &r);
}
