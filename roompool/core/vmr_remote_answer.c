/* vmr_remote_answer.c - what follows from the answers about one room on another
 * platform. */
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "room.h"
#include "vmr_remote_impl.h"

enum {
    AGAIN_MS = 250, /* who waits: between tries */
    CLASHES = 8     /* random names taken one after the other: no chance */
};

static const char GONE[] = "its room is gone";

/* ---- making ---- */

/* A status that no room explains. */
static void is_odd(pl_pool *pool, const pl_remote_answer *a)
{
    char why[48];
    if (a->verdict == PL_REMOTE_FAILED) /* counted already */
        return;
    pl_fmt_cut(why, sizeof why, "an answer of status %u that is not one",
               a->fetched->status);
    pl_remote_failed(pool, why);
}

/* It is there, under this number. */
static void is_there(pl_pool *pool, pl_remote_room *room, uint64_t id,
                     bool has_tag)
{
    pl_vmr *vmr = room->vmr;
    pool->vmrs->remote->n_clashes = 0;
    vmr->row.remote_id = id;
    room->is_unsure = false;
    room->is_maybe_there = true;
    if (vmr->row.state == PL_POOL_STATE_DELETED) {
        room->found_id = id;
        pl_vmr_save(pool, vmr);
        return;
    }
    pl_remote_set_todo(
        pool, vmr, has_tag ? PL_REMOTE_TODO_NOTHING : PL_REMOTE_TODO_CHANGE);
    if (vmr->row.state != PL_POOL_STATE_CREATING) {
        pl_vmr_save(pool, vmr);
    } else {
        (void)pl_vmr_move(pool, vmr, PL_POOL_STATE_FREE);
    }
    if (has_tag)
        pl_remote_ready(pool, room);
    pl_vmr_fill(pool);
}

/* Nothing of ours is left there. */
static void is_deleted(pl_pool *pool, pl_remote_room *room)
{
    pl_list waiters;
    pl_vmr *vmr = room->vmr;
    pl_remote_take_waiters(room, &waiters);
    pl_remote_set_todo(pool, vmr, PL_REMOTE_TODO_NOTHING);
    pl_vmr_save(pool, vmr);
    pl_remote_detach(pool, vmr);
    pl_vmr_plan(pool, vmr);
    pl_remote_retry(pool, &waiters); /* for another one of this name */
}

static void remove_and_retry(pl_pool *pool, pl_remote_room *room,
                             const char *cause)
{
    pl_list waiters;
    pl_remote_take_waiters(room, &waiters);
    pl_vmr_remove(pool, room->vmr, cause);
    pl_remote_retry(pool, &waiters);
}

static void refuse_derived(pl_pool *pool, pl_list *waiters)
{
    PL_LIST_EACH_SAFE(node, waiters)
    {
        pl_remote_waiter *w = PL_CONTAINER(node, pl_remote_waiter, link);
        if (!w->m.name[0])
            continue;
        w->taker.done(pool, &w->taker, PL_EEXIST, NULL, false);
        pl_list_remove(node);
        free(w);
    }
}

/* Its name is somebody else's there. Another name is drawn: by the taker who
 * tries again, or here for the filler. */
static void is_taken(pl_pool *pool, pl_remote_room *room)
{
    pl_list waiters;
    pl_vmr *made;
    bool is_filling = room->vmr->row.state == PL_POOL_STATE_CREATING;
    if (room->vmr->row.state == PL_POOL_STATE_DELETED) {
        is_deleted(pool, room);
        return;
    }
    pl_remote_take_waiters(room, &waiters);
    refuse_derived(pool, &waiters);
    room->is_gone = true;
    pl_pool_count(pool, PL_RM_platform_clashes);
    pl_vmr_remove(pool, room->vmr, "its name is taken");
    if (++pool->vmrs->remote->n_clashes >= CLASHES)
        pl_remote_failed(pool, "it says that every name is taken");
    if (is_filling && pl_vmr_make(pool, NULL, &made))
        pl_vmr_fill(pool);
    pl_remote_retry(pool, &waiters);
}

static bool says_taken(const pl_remote_answer *a)
{
    return a->verdict == PL_REMOTE_REFUSED &&
           (a->fetched->status == 409 ||
            (a->fetched->status == 400 &&
             pl_platform_says_taken(a->fetched->body)));
}

static void on_created(pl_pool *pool, pl_remote_room *room,
                       const pl_remote_answer *a)
{
    uint64_t id;
    bool has_tag =
        room->is_tag_sent || !room->vmr->room || !room->vmr->room->row.tag[0];
    if (a->verdict == PL_REMOTE_FAILED) {
        room->is_unsure = room->is_maybe_there = true;
    } else if (a->verdict == PL_REMOTE_DONE) {
        room->is_maybe_there = true;
        if (pl_platform_read_location(a->fetched->location, &id)) {
            room->is_unsure = true;
        } else {
            is_there(pool, room, id, has_tag);
        }
    } else if (says_taken(a) && room->is_maybe_there) {
        room->is_unsure = true; /* by ourselves, it seems */
        is_odd(pool, a);
    } else if (says_taken(a)) {
        is_taken(pool, room);
    } else {
        is_odd(pool, a);
    }
}

/* ---- looking for it ---- */

typedef struct lookup {
    const char *name;
    bool is_found;
    pl_platform_room room;
} lookup;

static void compare(void *ctx, const pl_platform_room *room)
{
    lookup *l = ctx;
    if (!l->is_found && strcmp(room->name, l->name) == 0) {
        l->is_found = true;
        l->room = *room;
    }
}

/* An answer that is no list of this name's rooms says nothing: what follows
 * from "there is none" cannot be undone. */
static bool read_lookup(pl_pool *pool, const pl_remote_answer *a, lookup *l)
{
    uint64_t total = 0;
    size_t n = 0;
    bool is_good =
        a->verdict == PL_REMOTE_DONE &&
        !pl_platform_read_page(a->fetched->body, compare, l, &total, &n) &&
        (l->is_found || (n == 0 && total == 0));
    if (!is_good)
        is_odd(pool, a);
    return is_good;
}

/* Whether it is the one that we made, not another of that name. */
static bool is_ours(const pl_pool *pool, const pl_vmr *vmr, const lookup *l)
{
    if (!l->is_found)
        return false;
    if (vmr->row.remote_id)
        return l->room.id == vmr->row.remote_id;
    return strcmp(l->room.description, pl_remote_mark(pool)) == 0;
}

static void found_for_create(pl_pool *pool, pl_remote_room *room,
                             const lookup *l)
{
    if (!l->is_found) {
        room->is_unsure = false;
    } else if (!is_ours(pool, room->vmr, l)) {
        is_taken(pool, room);
    } else {
        is_there(pool, room, l->room.id,
                 strcmp(l->room.tag, room->vmr->room->row.tag) == 0);
    }
}

static void on_found(pl_pool *pool, pl_remote_room *room,
                     const pl_remote_answer *a)
{
    lookup l = {.name = room->vmr->row.name};
    if (!read_lookup(pool, a, &l))
        return;
    if (l.is_found && l.room.id == 0) {
        is_odd(pool, a);
        return;
    }
    bool is_mine = is_ours(pool, room->vmr, &l);
    room->wants_proof = false;
    switch (room->vmr->row.remote_todo) {
    case PL_REMOTE_TODO_CREATE: found_for_create(pool, room, &l); break;
    case PL_REMOTE_TODO_DELETE:
        if (is_mine) {
            room->found_id = l.room.id;
        } else {
            is_deleted(pool, room);
        }
        break;
    default:
        if (!is_mine && room->vmr->row.state != PL_POOL_STATE_DELETED) {
            room->is_gone = true;
            pl_pool_count(pool, PL_RM_pool_orphans);
            remove_and_retry(pool, room, GONE);
        }
        break;
    }
}

/* ---- changing and deleting ---- */

static void is_changed(pl_pool *pool, pl_remote_room *room)
{
    pl_vmr *vmr = room->vmr;
    if (room->wish) {
        vmr->room->row = room->wish->row;
        pl_room_save(pool, vmr->room);
        pl_vmr_reply(pool, &room->wish->ticket, vmr, false);
        pl_remote_drop_wish(pool, room);
    }
    room->is_whole = false;
    pl_remote_set_todo(pool, vmr, PL_REMOTE_TODO_NOTHING);
    pl_vmr_save(pool, vmr);
    pl_remote_ready(pool, room);
}

static void is_refused(pl_pool *pool, pl_remote_room *room)
{
    pl_vmr *vmr = room->vmr;
    pl_pool_note(pool, PL_LOG_WARN, "platform_refuses_values", NULL, NULL,
                 vmr->row.name);
    if (room->is_new) {
        pl_vmr_remove(pool, vmr, "the platform refuses its tag");
        return;
    }
    pl_remote_refuse_wish(pool, room, PL_EINVAL, "the platform refuses this");
    pl_remote_set_todo(pool, vmr, PL_REMOTE_TODO_NOTHING);
    pl_vmr_save(pool, vmr);
    pl_remote_ready(pool, room);
}

static void on_changed(pl_pool *pool, pl_remote_room *room,
                       const pl_remote_answer *a)
{
    if (room->vmr->row.state == PL_POOL_STATE_DELETED ||
        a->version != room->version)
        return; /* what it is to be is another matter now */
    switch (a->verdict) {
    case PL_REMOTE_DONE: is_changed(pool, room); break;
    case PL_REMOTE_REFUSED: is_refused(pool, room); break;
    case PL_REMOTE_GONE: remove_and_retry(pool, room, GONE); break;
    case PL_REMOTE_FAILED: break;
    default: break;
    }
}

static void on_deleted(pl_pool *pool, pl_remote_room *room,
                       const pl_remote_answer *a)
{
    if (a->verdict == PL_REMOTE_DONE || a->verdict == PL_REMOTE_GONE) {
        is_deleted(pool, room);
    } else {
        is_odd(pool, a);
    }
}

/* ---- people ---- */

void pl_remote_heard(pl_pool *pool, pl_vmr *vmr, bool is_live)
{
    if (!vmr->remote || !vmr->room)
        return;
    vmr->remote->event_us = pool->now.us;
    if (!pl_vmr_is_open(vmr) && is_live) { /* its PINs are known to somebody */
        pl_vmr_remove(pool, vmr, "somebody was in it before it was taken");
        return;
    }
    if (is_live || vmr->row.state == PL_POOL_STATE_RESERVED)
        pl_vmr_joined(pool, vmr->room); /* who left had come */
    if (!is_live)
        pl_vmr_emptied(pool, vmr->room);
}

static void on_live(pl_pool *pool, pl_remote_room *room,
                    const pl_remote_answer *a)
{
    lookup l = {.name = room->vmr->row.name};
    pl_vmr *vmr = room->vmr;
    if (vmr->row.state == PL_POOL_STATE_DELETED || !read_lookup(pool, a, &l))
        return;
    room->wants_live = false;
    if (room->event_us >= room->asked_us) /* it is newer than the answer */
        return;
    if (l.is_found) {
        pl_vmr_joined(pool, vmr->room);
    } else if (vmr->row.state == PL_POOL_STATE_IN_USE) {
        pl_vmr_emptied(pool, vmr->room);
    } else {
        pl_vmr_end_overdue(pool, vmr);
    }
}

void pl_remote_answered(pl_pool *pool, pl_remote_room *room,
                        pl_remote_step step, const pl_remote_answer *a)
{
    static void (*const HANDLERS[PL_N_REMOTE_ROOM_STEPS])(
        pl_pool *, pl_remote_room *, const pl_remote_answer *) = {
        [PL_REMOTE_FIND] = on_found,     [PL_REMOTE_CREATE] = on_created,
        [PL_REMOTE_CHANGE] = on_changed, [PL_REMOTE_DELETE] = on_deleted,
        [PL_REMOTE_LIVE] = on_live,
    };
    room->is_asking = false;
    room->not_before_us = a->verdict == PL_REMOTE_DONE
                              ? pool->now.us
                              : pool->now.us + PL_MS(AGAIN_MS);
    if (step > PL_REMOTE_NONE && HANDLERS[step])
        HANDLERS[step](pool, room, a);
}
