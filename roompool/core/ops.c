/* ops.c - operators' tools: who they are, and draining a worker for them. */
#include "ops_impl.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "worker.h"

pl_err pl_ops_create(pl_ops **ret_ops)
{
    pl_ops *ops = calloc(1, sizeof *ops);
    if (!ops)
        return PL_ENOMEM;
    *ret_ops = ops;
    return PL_OK;
}

void pl_ops_destroy(pl_ops **ops)
{
    if (!ops)
        return;
    free(*ops);
    *ops = NULL;
}

/* ---- who they are ---- */

/* The place of a node; with "" a free one. NULL: there is none. */
static char *place_of(const pl_pool *pool, const char *node)
{
    for (size_t i = 0; i < PL_OPS_NODES_MAX; i++) {
        if (strcmp(pool->ops_tools->nodes[i], node) == 0)
            return pool->ops_tools->nodes[i];
    }
    return NULL;
}

bool pl_ops_knows(const pl_pool *pool, const char *node)
{
    return node[0] != '\0' && place_of(pool, node) != NULL;
}

static pl_err check_hello(const pl_pool *pool, const pl_bus_in *in)
{
    const pl_hello *m = in->body;
    if (m->schema_major != PL_SCHEMA_MAJOR)
        return PL_EVERSION;
    if (strcmp(m->node, in->node) != 0)
        return PL_EPROTO;
    if (pl_worker_find(pool, in->node))
        return PL_EFORBIDDEN;
    return PL_OK;
}

void pl_ops_hello(pl_pool *pool, const pl_bus_in *in)
{
    const pl_hello_ok r = {.roompool_boot = pool->boot,
                           .beat_ms = pool->beat_ms};
    pl_err e = check_hello(pool, in);
    char *place = e ? NULL : place_of(pool, in->node);
    if (!e && !place) {
        place = place_of(pool, "");
        e = place ? PL_OK : PL_EFULL;
    }
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_fmt_cut(place, PL_NODE_MAX + 1, "%s", in->node);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_HELLO_OK, &r);
}

void pl_ops_forget(pl_pool *pool, const char *node)
{
    char *place = node[0] ? place_of(pool, node) : NULL;
    if (!place)
        return;
    place[0] = '\0';
    pl_ops_waits_forget(pool, node);
}

/* ---- draining ---- */

/* Whether a worker is meant by "media-1.5f3a9c01" or "media-1". */
static bool is_meant(const pl_worker *w, const char *name)
{
    size_t n = strlen(name);
    return strncmp(w->row.node, name, n) == 0 &&
           (w->row.node[n] == '\0' ||
            (w->row.node[n] == '.' && !strchr(name, '.')));
}

static bool is_there(const pl_worker *w)
{
    return w->row.state == PL_WORKER_STATE_UP && !w->is_expected;
}

static pl_worker *find_meant(const pl_pool *pool, const char *name)
{
    size_t cursor = 0;
    pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (is_there(w) && is_meant(w, name))
            return w;
    }
    return NULL;
}

/* Whether another worker could take what this one has. */
static bool has_other(const pl_pool *pool, const pl_worker *than)
{
    size_t cursor = 0;
    const pl_worker *w;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (w != than && is_there(w) && w->row.role == than->row.role &&
            w->row.life == PL_LIFE_READY)
            return true;
    }
    return false;
}

static void on_drained(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)in;
    if (e) {
        pl_pool_refuse(pool, &op->ticket, e, "the worker did not answer");
    } else {
        pl_pool_ok(pool, &op->ticket);
    }
    pl_op_destroy(&op);
}

static void send_drain(pl_pool *pool, const pl_bus_in *in, const pl_worker *w)
{
    pl_worker_drain m = {.present = 0};
    char text[2 * PL_NODE_MAX + 16];
    pl_op *op = pl_op_create(pool, on_drained);
    if (!op) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOMEM, NULL);
        return;
    }
    op->ticket = in->ticket;
    op->has_ticket = true;
    pl_fmt_cut(m.reason, sizeof m.reason, "asked for by %s", in->node);
    PL_MSG_SET(WORKER_DRAIN, worker_drain, &m, reason);
    pl_fmt_cut(text, sizeof text, "%s, %s", w->row.node, m.reason);
    pl_pool_note(pool, PL_LOG_INFO, "worker_drain", NULL, NULL, text);
    pl_pool_send(pool, w->row.node, 0, &PL_MSG_WORKER_DRAIN, &m, op);
}

void pl_on_ops_drain(pl_pool *pool, const pl_bus_in *in)
{
    const pl_ops_drain *m = in->body;
    const pl_worker *w = find_meant(pool, m->node);
    bool is_forced = PL_MSG_HAS(OPS_DRAIN, ops_drain, m, force) && m->force;
    if (!w) {
        pl_pool_refuse(pool, &in->ticket, PL_ENOENT,
                       "no worker of that name is up");
    } else if (w->row.life == PL_LIFE_DRAINING) {
        pl_pool_refuse(pool, &in->ticket, PL_ESTATE, "it drains already");
    } else if (!is_forced && !has_other(pool, w)) {
        char text[128];
        pl_fmt_cut(text, sizeof text,
                   "no other %s is ready to take what it has: start one "
                   "first, or use force",
                   pl_role_text(w->row.role));
        pl_pool_refuse(pool, &in->ticket, PL_ESTATE, text);
    } else {
        send_drain(pool, in, w);
    }
}
