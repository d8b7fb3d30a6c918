/* vmr_api.c - managed rooms are read, changed, listed, removed on request. */
#include <string.h>

#include "numbers.h"
#include "pl/str.h"
#include "room.h"
#include "room_alias.h"
#include "room_pin.h"
#include "vmr_remote.h"

void pl_vmr_reply(pl_pool *pool, const pl_bus_ticket *ticket, const pl_vmr *vmr,
                  bool is_repeated)
{
    const pl_room_row *row = &vmr->room->row;
    pl_pool_room r = {.room_no = row->room_no,
                      .allow_guests = row->allow_guests,
                      .participant_limit = row->max_participants,
                      .created_ms = row->created_at,
                      .state = vmr->row.state,
                      .since_ms = vmr->row.since,
                      .repeated = is_repeated,
                      .platform_id = vmr->row.remote_id};
    PL_SET(r.name, row->room_id);
    PL_SET(r.pin, pl_room_host_pin(row));
    PL_SET(r.guest_pin, pl_room_guest_pin(row));
    PL_SET(r.tag, row->tag);
    PL_SET(r.description, row->description);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, pin);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, guest_pin);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, tag);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, description);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, participant_limit);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, since_ms);
    PL_MSG_SET(POOL_ROOM, pool_room, &r, repeated);
    const pl_alias *alias = pl_alias_first(vmr->room);
    if (alias) {
        r.alias_no = alias->row.alias_no;
        PL_SET(r.alias, alias->row.written);
        PL_MSG_SET(POOL_ROOM, pool_room, &r, alias);
    }
    if (r.platform_id)
        PL_MSG_SET(POOL_ROOM, pool_room, &r, platform_id);
    pl_pool_reply(pool, ticket, &PL_MSG_POOL_ROOM, &r);
}

/* Neither removed nor still to be made on another platform. */
static bool is_shown(const pl_vmr *vmr)
{
    return vmr->room && vmr->row.remote_todo != PL_REMOTE_TODO_CREATE;
}

/* One that is shown; NULL: refused already. */
static pl_vmr *find(pl_pool *pool, const pl_bus_in *in, const char *name)
{
    pl_vmr *vmr = pl_vmr_find(pool, name);
    if (vmr && is_shown(vmr))
        return vmr;
    pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    return NULL;
}

void pl_on_pool_room_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_pool_room_get *m = in->body;
    const pl_vmr *vmr = find(pool, in, m->name);
    if (vmr)
        pl_vmr_reply(pool, &in->ticket, vmr, false);
}

/* ---- changing ---- */

#define HAS(m, field) PL_MSG_HAS(POOL_ROOM_CHANGE, pool_room_change, (m), field)

void pl_on_pool_room_change(pl_pool *pool, const pl_bus_in *in)
{
    const pl_pool_room_change *m = in->body;
    pl_vmr *vmr = find(pool, in, m->name);
    if (!vmr)
        return;
    const pl_room_row *old = &vmr->room->row;
    pl_room_row row = *old;
    const pl_room_pins pins = {
        .host = HAS(m, pin) ? m->pin : pl_room_host_pin(old),
        .guest = HAS(m, guest_pin) ? m->guest_pin : pl_room_guest_pin(old),
        .allow_guests = old->allow_guests};
    const char *fault = pl_room_pins_fault(&pins);
    if (fault) {
        pl_pool_refuse(pool, &in->ticket, PL_EINVAL, fault);
        return;
    }
    pl_room_keep_pins(&row, &pins);
    if (HAS(m, tag))
        PL_SET(row.tag, m->tag);
    if (HAS(m, description))
        PL_SET(row.description, m->description);
    if (pl_vmr_is_remote(vmr)) {
        pl_remote_change(pool, vmr, &row, &in->ticket);
        return;
    }
    vmr->room->row = row;
    pl_room_save(pool, vmr->room);
    pl_vmr_reply(pool, &in->ticket, vmr, false);
}

/* ---- listing ---- */

static pl_list *after(const pl_vmrs *v, uint64_t room_no)
{
    char key[PL_NO_TEXT];
    pl_no_text(key, room_no);
    pl_vmr *vmr = room_no ? pl_map_find(v->by_no, key) : NULL;
    if (vmr)
        return vmr->link.next;
    pl_list *node = v->all.next;
    while (node != &v->all &&
           PL_CONTAINER(node, pl_vmr, link)->row.room_no <= room_no)
        node = node->next;
    return node;
}

void pl_on_pool_room_next(pl_pool *pool, const pl_bus_in *in)
{
    const pl_pool_room_next *m = in->body;
    pl_vmrs *v = pool->vmrs;
    pl_list *node = after(v, m->after_no);
    while (node != &v->all && !is_shown(PL_CONTAINER(node, pl_vmr, link)))
        node = node->next;
    if (node == &v->all) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    } else {
        pl_vmr_reply(pool, &in->ticket, PL_CONTAINER(node, pl_vmr, link),
                     false);
    }
}

/* ---- removing ---- */

void pl_on_pool_room_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_pool_room_delete *m = in->body;
    pl_vmr *vmr = pl_vmr_find(pool, m->name);
    if (!vmr) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
        return;
    }
    pl_vmr_remove(pool, vmr, "deleted by request");
    pl_vmr_trim(pool);
    pl_pool_ok(pool, &in->ticket);
}

void pl_on_pool_rooms_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_pool_rooms_delete *m = in->body;
    pl_pool_rooms_deleted r = {.count = 0};
    pl_pool_note(pool, PL_LOG_WARN, "pool_emptied", NULL, NULL, m->client_id);
    PL_LIST_EACH_SAFE(node, &pool->vmrs->all)
    {
        pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, link);
        if (!vmr->room || pl_vmr_is_persistent(pool, vmr))
            continue;
        pl_vmr_remove(pool, vmr, "deleted by request");
        r.count++;
    }
    pl_vmr_trim(pool);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_POOL_ROOMS_DELETED, &r);
}
