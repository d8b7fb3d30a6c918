/* adoption.c - records of dialogs, and who goes on with them. */
#include "adoption.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "participant.h"
#include "pl/str.h"
#include "worker.h"

enum { MAX_TRIES = 3 };
static const char LOST[] = "signaling worker lost";

/* ---- records ---- */

static pl_err keep(pl_call *call, const pl_dialog_row *row)
{
    pl_saved *saved = malloc(sizeof *saved + row->dialog.len + 1);
    if (!saved)
        return PL_ENOMEM;
    *saved = (pl_saved){.version = row->version, .len = row->dialog.len};
    PL_SET(saved->node, row->node);
    memcpy(saved->text, row->dialog.ptr, row->dialog.len);
    saved->text[row->dialog.len] = '\0';
    free(call->saved);
    call->saved = saved;
    return PL_OK;
}

pl_err pl_dialog_load(pl_pool *pool, const pl_dialog_row *row)
{
    pl_call *call = pl_sipcall_find(pool, row->call_id);
    return call && row->dialog.len > 0 ? keep(call, row) : PL_EPROTO;
}

static void store(pl_pool *pool, const pl_call *call)
{
    const pl_saved *saved = call->saved;
    pl_dialog_row row = {.version = saved->version,
                         .saved_at = pool->now.wall_ms,
                         .dialog = {(const uint8_t *)saved->text, saved->len}};
    PL_SET(row.call_id, call->row.call_id);
    PL_SET(row.node, saved->node);
    pl_pool_put(pool, &PL_TABLE_DIALOG, &row);
}

/* The call is at calls.node now; who had it before may still think so. */
static void settled(pl_pool *pool, pl_call *call)
{
    call->n_adopt = 0;
    if (strcmp(call->saved->node, call->row.node) == 0)
        return;
    if (pl_worker_is_up(pool, call->saved->node, PL_ROLE_SIGNALING))
        pl_sipcall_forget(pool, call->saved->node, call->row.call_id);
    PL_SET(call->saved->node, call->row.node);
    pl_pool_count(pool, PL_RM_adopted);
    pl_pool_note(pool, PL_LOG_INFO, "call_adopted", call->part->conf,
                 call->part, call->row.node);
}

void pl_on_dialog_save(pl_pool *pool, const pl_bus_in *in)
{
    const pl_dialog_save *m = in->body;
    pl_call *call = pl_sipcall_find(pool, m->call_id);
    pl_dialog_row row = {.version = m->version,
                         .dialog = pl_slice_str(m->dialog)};
    if (!call || strcmp(call->row.node, in->node) != 0 ||
        (call->saved && m->version <= call->saved->version))
        return;
    if (call->saved)
        settled(pool, call);
    PL_SET(row.node, in->node);
    if (keep(call, &row)) {
        pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    store(pool, call);
    const pl_worker *w = pl_worker_find(pool, in->node);
    if (w && w->row.life == PL_LIFE_DRAINING)
        (void)pl_adopt(pool, call); /* it was not answered before */
}

/* ---- going on ---- */

static void end(pl_pool *pool, pl_call *call)
{
    pl_part *part = call->part;
    pl_pool_count(pool, PL_RM_not_adopted);
    pl_sipcall_remove(pool, call);
    pl_part_leave(pool, part, LOST);
}

static void move_to(pl_pool *pool, pl_call *call, const char *node)
{
    pl_worker_hold(pool, call->row.node, -1);
    PL_SET(call->row.node, node);
    pl_worker_hold(pool, node, 1);
    call->is_unconfirmed = false;
    pl_pool_put(pool, &PL_TABLE_CALL, &call->row);
}

static bool adopt(pl_pool *pool, pl_call *call, bool is_late);

/* Nobody there goes on with it: who had it before does, or another.
 * is_late: it said nothing, and may have it, or get it yet. */
static void refused(pl_pool *pool, pl_call *call, bool is_late)
{
    char node[PL_NODE_MAX + 1];
    char id[PL_ID_MAX + 1];
    PL_SET(node, call->row.node);
    PL_SET(id, call->row.call_id);
    if (strcmp(call->saved->node, node) != 0 &&
        pl_worker_is_up(pool, call->saved->node, PL_ROLE_SIGNALING)) {
        call->n_adopt = 0;
        if (is_late)
            pl_sipcall_forget(pool, node, id);
        move_to(pool, call, call->saved->node);
    } else if (call->n_adopt >= MAX_TRIES || !adopt(pool, call, is_late)) {
        end(pool, call);
        if (is_late)
            pl_sipcall_end_orphan(pool, node, id);
    }
}

static void asked(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_call *call = pl_sipcall_find(pool, op->call);
    bool is_ours = call && call->saved && strcmp(call->row.node, op->node) == 0;
    (void)in;
    pl_op_destroy(&op);
    if (!is_ours)
        return; /* it has ended, or went elsewhere again */
    if (!e || e == PL_EEXIST) {
        settled(pool, call);
        store(pool, call);
    } else if (e == PL_EGONE) {
        end(pool, call);
    } else if (pl_worker_is_up(pool, call->row.node, PL_ROLE_SIGNALING) ||
               e != PL_ETIMEOUT) {
        refused(pool, call, e == PL_ETIMEOUT);
    } /* else its lease decides */
}

static bool ask(pl_pool *pool, pl_call *call)
{
    static pl_call_adopt m;
    pl_op *op = pl_op_create(pool, asked);
    if (!op)
        return false;
    m = (pl_call_adopt){.version = call->saved->version};
    PL_SET(m.call_id, call->row.call_id);
    PL_SET(m.dialog, call->saved->text);
    PL_SET(op->call, call->row.call_id);
    call->n_adopt++;
    pl_pool_send(pool, call->row.node, 0, &PL_MSG_CALL_ADOPT, &m, op);
    return true;
}

static bool adopt(pl_pool *pool, pl_call *call, bool is_late)
{
    pl_worker *worker;
    if (!call->saved || pool->is_draining ||
        pl_worker_choose(pool, PL_ROLE_SIGNALING, call->row.node, true,
                         &worker) ||
        strcmp(worker->row.node, call->row.node) == 0)
        return false;
    if (is_late)
        pl_sipcall_forget(pool, call->row.node, call->row.call_id);
    move_to(pool, call, worker->row.node);
    return ask(pool, call);
}

bool pl_adopt(pl_pool *pool, pl_call *call)
{
    return adopt(pool, call, false);
}

bool pl_adopt_again(pl_pool *pool, pl_call *call)
{
    if (!call->saved || strcmp(call->saved->node, call->row.node) == 0 ||
        call->n_adopt >= MAX_TRIES)
        return false;
    call->is_unconfirmed = false;
    return ask(pool, call);
}

bool pl_adopt_is_from(const pl_call *call, const char *node)
{
    return call->saved && strcmp(call->saved->node, node) == 0 &&
           strcmp(call->row.node, node) != 0;
}

void pl_adopt_seen(pl_pool *pool, pl_call *call)
{
    if (!call->saved || call->n_adopt != 0 ||
        strcmp(call->saved->node, call->row.node) == 0)
        return;
    settled(pool, call);
    store(pool, call);
}

void pl_adopt_from(pl_pool *pool, const char *node)
{
    size_t cursor = 0;
    pl_call *call;
    while ((call = pl_map_next(pool->calls, &cursor, NULL)) != NULL) {
        if (strcmp(call->row.node, node) == 0)
            (void)pl_adopt(pool, call);
    }
}
