/* vmr_breach.c - what must always hold of managed rooms; for tests. */
#include <string.h>

#include "conference.h"
#include "room.h"
#include "vmr_remote.h"

static const char *state_breach(const pl_vmr *vmr)
{
    const pl_conf *conf = vmr->room->conf;
    bool is_out = vmr->row.reserved_at != 0;
    bool is_in = pl_conf_is_occupied(conf);
    if (pl_vmr_is_remote(vmr))
        return conf ? "somebody is here in a room of another platform" : NULL;
    switch (vmr->row.state) {
    case PL_POOL_STATE_FREE:
        if (is_out || vmr->row.payload_hash[0] || conf)
            return "a free room was handed out before";
        return NULL;
    case PL_POOL_STATE_RESERVED:
    case PL_POOL_STATE_ENDING:
        return is_in ? "somebody is in a room that nobody is in" : NULL;
    case PL_POOL_STATE_IN_USE:
        return conf && is_out ? NULL : "a room in use has no conference";
    default: return "a room is still being made";
    }
}

static const char *room_breach(const pl_pool *pool, const pl_vmr *vmr)
{
    if (!vmr->room)
        return "a managed room has no room";
    const pl_room_row *row = &vmr->room->row;
    if (vmr->room->vmr != vmr || row->room_no != vmr->row.room_no ||
        row->source != PL_ROOM_SOURCE_POOL ||
        row->state != PL_ROOM_STATE_ENABLED ||
        strcmp(row->room_id, vmr->row.name) != 0)
        return "a managed room and its room differ";
    if (row->room_no > pool->numbers[PL_NUMBER_ROOM])
        return "a number of a room was never given";
    if (pl_vmr_find(pool, vmr->row.name) != vmr)
        return "a managed room is not found by its name";
    return state_breach(vmr);
}

static const char *one_breach(const pl_pool *pool, const pl_vmr *vmr)
{
    bool is_gone = vmr->row.state == PL_POOL_STATE_DELETED;
    const char *breach = pl_vmr_is_remote(vmr) ? pl_remote_breach(vmr) : NULL;
    if (breach)
        return breach;
    if (is_gone && vmr->room)
        return "a removed room is still there";
    if (vmr->due.at == 0 && !pl_remote_is_leaving(vmr) &&
        (is_gone || !pl_vmr_is_persistent(pool, vmr)) &&
        vmr->row.state != PL_POOL_STATE_CREATING)
        return "a managed room stays for ever";
    return is_gone ? NULL : room_breach(pool, vmr);
}

static const char *queue_breach(const pl_vmrs *v)
{
    uint64_t last = 0;
    unsigned n = 0;
    PL_LIST_EACH(node, &v->free)
    {
        const pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, queue);
        if (vmr->row.state != PL_POOL_STATE_FREE || vmr->row.room_no <= last)
            return "the queue of free rooms is out of order";
        last = vmr->row.room_no;
        n++;
    }
    return n == v->n[PL_POOL_STATE_FREE] ? NULL : "free rooms are miscounted";
}

static const char *orphan_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    const pl_room *room;
    while ((room = pl_map_next(pool->rooms, &cursor, NULL)) != NULL) {
        if (room->row.source == PL_ROOM_SOURCE_POOL && !room->vmr &&
            room->row.state == PL_ROOM_STATE_ENABLED)
            return "a managed room has no state";
    }
    return NULL;
}

const char *pl_vmr_breach(const pl_pool *pool)
{
    unsigned n[PL_N_VMR_STATES] = {0};
    const pl_vmrs *v = pool->vmrs;
    PL_LIST_EACH(node, &v->all)
    {
        const pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, link);
        const char *breach = one_breach(pool, vmr);
        if (breach)
            return breach;
        n[vmr->row.state]++;
    }
    if (memcmp(n, v->n, sizeof n) != 0)
        return "managed rooms are miscounted";
    if (pl_vmr_count(v) > pool->config->pool_max_rooms)
        return "there are more managed rooms than allowed";
    const char *breach = queue_breach(v);
    return breach ? breach : orphan_breach(pool);
}
