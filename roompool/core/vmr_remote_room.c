/* vmr_remote_room.c - one room on another platform: what it is still to be
 * told, one request at a time. */
#include <stdlib.h>

#include "room.h"
#include "vmr_remote_impl.h"

enum {
    WORK_MS = 10000, /* for a request that nobody waits for */
    LEAST_MS = 200,  /* for one that somebody waits for */
    ASK_AGAIN_S = 60 /* whether anybody is in, before a room goes */
};

/* ---- as an object ---- */

bool pl_vmr_is_remote(const pl_vmr *vmr)
{
    return vmr->row.remote_id != 0 ||
           vmr->row.remote_todo != PL_REMOTE_TODO_NOTHING;
}

static bool has_work(const pl_vmr *vmr)
{
    return vmr->row.state != PL_POOL_STATE_DELETED ||
           vmr->row.remote_todo == PL_REMOTE_TODO_DELETE;
}

pl_err pl_remote_attach(pl_pool *pool, pl_vmr *vmr)
{
    if (!pool->vmrs->remote || !has_work(vmr))
        return PL_OK;
    pl_remote_room *room = calloc(1, sizeof *room);
    if (!room)
        return PL_ENOMEM;
    room->vmr = vmr;
    pl_list_init(&room->waiters);
    /* Of one that was stored, nobody knows how far it came. */
    room->is_unsure = room->is_maybe_there =
        vmr->row.remote_todo == PL_REMOTE_TODO_CREATE;
    room->is_whole = true;
    vmr->remote = room;
    return PL_OK;
}

void pl_remote_detach(pl_pool *pool, pl_vmr *vmr)
{
    if (!vmr->remote)
        return;
    pl_pool_cancel(pool, &vmr->remote->late);
    pl_list_remove(&vmr->remote->link);
    pl_remote_free_room(&vmr->remote);
}

void pl_remote_free_room(pl_remote_room **room)
{
    if (!room || !*room)
        return;
    pl_remote_free_waiters(&(*room)->waiters);
    free((*room)->wish);
    free(*room);
    *room = NULL;
}

void pl_remote_set_todo(pl_pool *pool, pl_vmr *vmr, uint32_t todo)
{
    bool is_due = todo != PL_REMOTE_TODO_NOTHING;
    if (vmr->row.remote_todo == todo)
        return;
    vmr->row.remote_todo = todo;
    vmr->row.remote_since = is_due ? pool->now.wall_ms : 0;
}

bool pl_remote_make(pl_pool *pool, pl_vmr *vmr)
{
    if (!vmr->remote)
        return false;
    vmr->remote->is_whole = false;
    pl_remote_set_todo(pool, vmr, PL_REMOTE_TODO_CREATE);
    pl_remote_enqueue(pool, vmr->remote);
    return true;
}

void pl_remote_reserve(pl_pool *pool, pl_vmr *vmr)
{
    pl_remote_room *room = vmr->remote;
    if (!room || !pl_vmr_is_remote(vmr))
        return;
    room->version++;
    pl_remote_refuse_wish(pool, room, PL_EUNAVAILABLE, NULL);
    if (vmr->row.remote_todo == PL_REMOTE_TODO_NOTHING && vmr->room->row.tag[0])
        pl_remote_set_todo(pool, vmr, PL_REMOTE_TODO_CHANGE);
    room->is_new = vmr->row.remote_todo != PL_REMOTE_TODO_NOTHING;
}

void pl_remote_remove(pl_pool *pool, pl_vmr *vmr)
{
    pl_remote_room *room = vmr->remote;
    bool is_there = pl_vmr_is_remote(vmr);
    if (room) {
        is_there = !room->is_gone && (vmr->row.remote_id != 0 ||
                                      room->is_maybe_there || room->is_asking);
        room->is_new = false;
        pl_remote_refuse_wish(pool, room, PL_ENOENT, NULL);
        pl_remote_refuse(pool, room, PL_EUNAVAILABLE);
    }
    pl_remote_set_todo(
        pool, vmr, is_there ? PL_REMOTE_TODO_DELETE : PL_REMOTE_TODO_NOTHING);
    if (room)
        pl_remote_enqueue(pool, room);
}

bool pl_remote_is_leaving(const pl_vmr *vmr)
{
    return vmr->remote && vmr->row.state == PL_POOL_STATE_DELETED &&
           vmr->row.remote_todo == PL_REMOTE_TODO_DELETE;
}

bool pl_remote_asks_first(pl_pool *pool, pl_vmr *vmr)
{
    pl_remote_room *room = vmr->remote;
    if (!room || !pl_vmr_is_remote(vmr) ||
        vmr->row.remote_todo != PL_REMOTE_TODO_NOTHING)
        return false;
    if (!room->wants_live) {
        room->wants_live = true;
        pl_remote_enqueue(pool, room);
    }
    pl_vmr_plan_in(pool, vmr, PL_S(ASK_AGAIN_S));
    return true;
}

void pl_remote_change(pl_pool *pool, pl_vmr *vmr, const pl_room_row *values,
                      const pl_bus_ticket *ticket)
{
    pl_remote_room *room = vmr->remote;
    int64_t until_us = pool->now.us + PL_MS(PL_REMOTE_WAIT_MS);
    if (!room || room->wish || room->is_new ||
        vmr->row.remote_todo == PL_REMOTE_TODO_CREATE ||
        pl_remote_is_shut(pool, until_us)) {
        pl_pool_refuse(pool, ticket, PL_EUNAVAILABLE, NULL);
        return;
    }
    pl_remote_wish *wish = malloc(sizeof *wish);
    if (!wish) {
        pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    *wish = (pl_remote_wish){.ticket = *ticket, .row = *values};
    room->wish = wish;
    room->version++;
    pl_remote_set_todo(pool, vmr, PL_REMOTE_TODO_CHANGE);
    pl_vmr_save(pool, vmr);
    pl_remote_plan_late(pool, room, until_us);
    pl_remote_enqueue(pool, room);
}

/* ---- asking ---- */

pl_remote_step pl_remote_next(const pl_remote_room *room)
{
    switch (room->vmr->row.remote_todo) {
    case PL_REMOTE_TODO_CREATE:
        return room->is_unsure ? PL_REMOTE_FIND : PL_REMOTE_CREATE;
    case PL_REMOTE_TODO_CHANGE: return PL_REMOTE_CHANGE;
    case PL_REMOTE_TODO_DELETE:
        return room->found_id ? PL_REMOTE_DELETE : PL_REMOTE_FIND;
    default:
        if (room->vmr->row.state == PL_POOL_STATE_DELETED)
            return PL_REMOTE_NONE;
        if (room->wants_proof)
            return PL_REMOTE_FIND;
        return room->wants_live ? PL_REMOTE_LIVE : PL_REMOTE_NONE;
    }
}

static uint32_t timeout_ms(const pl_pool *pool, const pl_remote_room *room)
{
    if (room->late.at == 0)
        return WORK_MS;
    int64_t left_us = room->late.due_us - pool->now.us;
    return left_us > PL_MS(LEAST_MS) ? (uint32_t)(left_us / 1000) : LEAST_MS;
}

static void fill_request(const pl_pool *pool, pl_remote_room *room,
                         pl_remote_request *q, pl_buf *body)
{
    const char *base = pool->vmrs->remote->base;
    const pl_vmr *vmr = room->vmr;
    switch ((unsigned)q->step) {
    case PL_REMOTE_CREATE:
        q->method = PL_FETCH_METHOD_POST;
        room->is_tag_sent = vmr->room->row.tag[0] != '\0';
        pl_platform_url_rooms(base, q->url);
        pl_platform_put_room(body, &vmr->room->row);
        break;
    case PL_REMOTE_CHANGE:
        q->method = PL_FETCH_METHOD_PATCH;
        pl_platform_url_room(base, vmr->row.remote_id, q->url);
        pl_platform_put_change(body,
                               room->wish ? &room->wish->row : &vmr->room->row,
                               room->wish || room->is_whole);
        break;
    case PL_REMOTE_DELETE:
        q->method = PL_FETCH_METHOD_DELETE;
        pl_platform_url_room(base, room->found_id, q->url);
        break;
    default:
        q->method = PL_FETCH_METHOD_GET;
        pl_platform_url_named(base, q->step == PL_REMOTE_LIVE, vmr->row.name,
                              q->url);
        break;
    }
}

void pl_remote_ask(pl_pool *pool, pl_remote_room *room)
{
    pl_buf body;
    pl_remote_request q = {.step = pl_remote_next(room),
                           .room_no = room->vmr->row.room_no,
                           .version = room->version,
                           .timeout_ms = timeout_ms(pool, room)};
    if (q.step == PL_REMOTE_NONE)
        return;
    pl_buf_init(&body, PL_PLATFORM_BODY_MAX);
    fill_request(pool, room, &q, &body);
    q.body = pl_buf_slice(&body);
    room->is_asking = true;
    room->asked_us = pool->now.us;
    if (body.has_failed) {
        pl_pool_fail(pool, PL_ENOMEM);
    } else {
        pl_remote_send(pool, &q);
    }
    pl_buf_wipe(&body);
}

/* ---- for tests ---- */

const char *pl_remote_breach(const pl_vmr *vmr)
{
    const pl_vmr_row *row = &vmr->row;
    bool is_made = row->remote_todo != PL_REMOTE_TODO_CREATE;
    bool is_out = row->reserved_at != 0;
    switch (row->state) {
    case PL_POOL_STATE_CREATING:
        return is_made || is_out ? "a room is not being made" : NULL;
    case PL_POOL_STATE_FREE:
        return is_made && row->remote_id && !is_out ? NULL
                                                    : "a free room is not";
    case PL_POOL_STATE_DELETED:
        return row->remote_todo == PL_REMOTE_TODO_DELETE ||
                       row->remote_todo == PL_REMOTE_TODO_NOTHING
                   ? NULL
                   : "a removed room is to be made or changed";
    default:
        return row->remote_todo == PL_REMOTE_TODO_DELETE || !is_out
                   ? "a room is deleted there and not here"
                   : NULL;
    }
}
