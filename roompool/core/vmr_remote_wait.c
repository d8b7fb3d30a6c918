/* vmr_remote_wait.c - callers who wait for a room on another platform. */
#include <stdlib.h>

#include "room.h"
#include "vmr_remote_impl.h"

/* ---- who takes a room ---- */

bool pl_remote_needs(const pl_vmr *vmr, const char *tag)
{
    return vmr->remote &&
           (tag[0] || vmr->row.remote_todo != PL_REMOTE_TODO_NOTHING);
}

pl_vmr *pl_remote_unmade(pl_pool *pool, bool is_any)
{
    const pl_vmrs *v = pool->vmrs;
    if (!v->remote || v->n[PL_POOL_STATE_CREATING] == 0)
        return NULL;
    PL_LIST_EACH(node, &v->remote->work)
    {
        pl_vmr *vmr = PL_CONTAINER(node, pl_remote_room, link)->vmr;
        if (vmr->row.state == PL_POOL_STATE_CREATING &&
            (is_any || !vmr->remote->is_unsure))
            return vmr;
    }
    PL_LIST_EACH(node, &v->all)
    {
        pl_vmr *vmr = PL_CONTAINER(node, pl_vmr, link);
        if (is_any && vmr->row.state == PL_POOL_STATE_CREATING)
            return vmr;
    }
    return NULL;
}

bool pl_remote_hold(pl_pool *pool, pl_vmr *vmr, const pl_pool_checkout *m,
                    const pl_vmr_taker *taker, bool is_repeated,
                    int64_t until_us)
{
    pl_remote_room *room = vmr->remote;
    if (!room || vmr->row.remote_todo == PL_REMOTE_TODO_NOTHING)
        return false;
    pl_remote_waiter *w = malloc(sizeof *w);
    if (!w) {
        pl_pool_fail(pool, PL_ENOMEM); /* nothing will be answered */
        return true;
    }
    *w = (pl_remote_waiter){.taker = *taker,
                            .m = *m,
                            .is_repeated = is_repeated,
                            .until_us = until_us};
    pl_list_append(&room->waiters, &w->link);
    pl_remote_plan_late(pool, room, until_us);
    pl_remote_enqueue(pool, room);
    return true;
}

/* ---- the end of waiting ---- */

void pl_remote_take_waiters(pl_remote_room *room, pl_list *ret_waiters)
{
    pl_list_init(ret_waiters);
    PL_LIST_EACH_SAFE(node, &room->waiters)
    {
        pl_list_remove(node);
        pl_list_append(ret_waiters, node);
    }
}

void pl_remote_free_waiters(pl_list *waiters)
{
    PL_LIST_EACH_SAFE(node, waiters)
    {
        pl_list_remove(node);
        free(PL_CONTAINER(node, pl_remote_waiter, link));
    }
}

static void stop_clock(pl_pool *pool, pl_remote_room *room)
{
    if (!room->wish)
        pl_pool_cancel(pool, &room->late);
}

void pl_remote_ready(pl_pool *pool, pl_remote_room *room)
{
    pl_list waiters;
    pl_remote_take_waiters(room, &waiters);
    room->is_new = false;
    stop_clock(pool, room);
    PL_LIST_EACH(node, &waiters)
    {
        const pl_remote_waiter *w = PL_CONTAINER(node, pl_remote_waiter, link);
        pl_vmr_taken(pool, &w->taker, room->vmr, w->is_repeated);
    }
    pl_remote_free_waiters(&waiters);
}

void pl_remote_retry(pl_pool *pool, pl_list *waiters)
{
    PL_LIST_EACH(node, waiters)
    {
        const pl_remote_waiter *w = PL_CONTAINER(node, pl_remote_waiter, link);
        pl_vmr_take_again(pool, &w->m, &w->taker, w->until_us);
    }
    pl_remote_free_waiters(waiters);
}

void pl_remote_refuse(pl_pool *pool, pl_remote_room *room, pl_err e)
{
    pl_list waiters;
    pl_remote_take_waiters(room, &waiters);
    stop_clock(pool, room);
    PL_LIST_EACH(node, &waiters)
    {
        const pl_remote_waiter *w = PL_CONTAINER(node, pl_remote_waiter, link);
        pl_pool_count(pool, PL_RM_platform_late);
        w->taker.done(pool, &w->taker, e, NULL, false);
    }
    pl_remote_free_waiters(&waiters);
}

void pl_remote_drop_wish(pl_pool *pool, pl_remote_room *room)
{
    free(room->wish);
    room->wish = NULL;
    if (pl_list_is_empty(&room->waiters))
        pl_pool_cancel(pool, &room->late);
}

void pl_remote_refuse_wish(pl_pool *pool, pl_remote_room *room, pl_err e,
                           const char *text)
{
    if (!room->wish)
        return;
    pl_pool_refuse(pool, &room->wish->ticket, e, text);
    pl_remote_drop_wish(pool, room);
}

/* ---- too late ---- */

/* Who was told no must not find the room his later: nobody has it then. */
static void late(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_remote_room *room = object;
    if (room->wish) { /* it may have come true: put our own values there */
        room->version++;
        room->is_whole = true;
        pl_pool_count(pool, PL_RM_platform_late);
        pl_remote_refuse_wish(pool, room, PL_EUNAVAILABLE, NULL);
    }
    pl_remote_refuse(pool, room, PL_EUNAVAILABLE);
    if (room->is_new) {
        pl_vmr_remove(pool, room->vmr, "the platform did not answer in time");
    } else {
        pl_remote_enqueue(pool, room);
    }
}

void pl_remote_plan_late(pl_pool *pool, pl_remote_room *room, int64_t until_us)
{
    if (room->late.at == 0)
        pl_pool_plan(pool, &room->late, late, room, until_us - pool->now.us);
}
