/* ops.h - what operators' tools see and do: lists of what there is, draining a
 * worker, events as they happen (ops.def).
 *
 * An operator is no worker: it holds nothing, counts nowhere and stands in no
 * table. It is known from its hello until its link is gone. What it reads never
 * has a PIN, a token or a key in it. */
#ifndef PL_ROOMPOOL_OPS_H
#define PL_ROOMPOOL_OPS_H

#include "model.h"

/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ops_create(pl_ops **ret_ops);
void pl_ops_destroy(pl_ops **ops);

/* The hello of an operator. Refused: PL_EVERSION another schema major;
 * PL_EPROTO under a name that is not its own; PL_EFORBIDDEN from a worker;
 * PL_EFULL too many of them. */
void pl_ops_hello(pl_pool *pool, const pl_bus_in *in);
/* Whether it said hello and is still there. */
bool pl_ops_knows(const pl_pool *pool, const char *node);
/* Its link is gone, and with it what it waits for. Harmless for others. */
void pl_ops_forget(pl_pool *pool, const char *node);

/* Remember a line of the log for who asks (pool.c; those below info are left
 * out). Texts that are too long are cut. */
void pl_ops_note(pl_pool *pool, pl_log_level level, const char *event,
                 const char *conf, const char *part, const char *text);

void pl_on_ops_list(pl_pool *pool, const pl_bus_in *in);
void pl_on_ops_drain(pl_pool *pool, const pl_bus_in *in);
void pl_on_ops_events(pl_pool *pool, const pl_bus_in *in);

#endif
