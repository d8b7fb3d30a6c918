/* reconcile.h - bringing what we know and what workers hold together: after a
 * start, after a worker's return, after its loss. */
#ifndef PL_ROOMPOOL_RECONCILE_H
#define PL_ROOMPOOL_RECONCILE_H

#include "model.h"

/* A worker said hello: everything it should hold is unconfirmed until its
 * inventory names it. */
void pl_reconcile_begin(pl_pool *pool, const char *node);
/* It holds this; it is told to drop what is not ours or of an old epoch. */
void pl_reconcile_item(pl_pool *pool, const char *node,
                       const pl_inventory_item *item);
/* What it did not name is gone. */
void pl_reconcile_end(pl_pool *pool, const char *node);
/* The worker is gone with everything. is_silent: the peers of its legs were not
 * told, so that another may go on with them (handover.h). */
void pl_reconcile_media_down(pl_pool *pool, const char *node, bool is_silent);
/* It drains, and has fallen silent: a sibling goes on. */
void pl_reconcile_released(pl_pool *pool, const char *node);
/* It drains: offer this conference's media anew elsewhere; its copy there goes
 * on until it is closed. */
void pl_reconcile_move(pl_pool *pool, pl_conf *conf);
void pl_reconcile_calls_down(pl_pool *pool, const char *node,
                             const char *reason);
/* A media worker came: conferences that wait for one take it. */
void pl_reconcile_place_waiting(pl_pool *pool);

#endif
