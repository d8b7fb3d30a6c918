/* worker.h - the registry of workers: hello, beats, inventory, loss. */
#ifndef PL_ROOMPOOL_WORKER_H
#define PL_ROOMPOOL_WORKER_H

#include "model.h"

pl_worker *pl_worker_find(const pl_pool *pool, const char *node);
/* Up and of that kind. */
bool pl_worker_is_up(const pl_pool *pool, const char *node, pl_role role);
/* Choose the least loaded worker of a kind with room for one more.
 * avoid: taken only when there is no other; NULL none.
 * is_owed: for what is there already and has lost its place: what workers keep
 *          in reserve beyond their budget may be used.
 * Errors: PL_EUNAVAILABLE. */
PL_MUST_USE pl_err pl_worker_choose(pl_pool *pool, pl_role role,
                                    const char *avoid, bool is_owed,
                                    pl_worker **ret_worker);
/* The least loaded media worker that could go on with what this one has, on its
 * ports: of the same network stack, ready and with room; NULL none. */
pl_worker *pl_worker_sibling(const pl_pool *pool, const char *node);
/* So many more participants or calls are the worker's, or fewer; harmless when
 * it is not known. */
void pl_worker_hold(const pl_pool *pool, const char *node, int more);
/* The same counted anew. */
uint32_t pl_worker_count_held(const pl_pool *pool, const pl_worker *w);
PL_MUST_USE pl_err pl_worker_load(pl_pool *pool, const pl_worker_row *row);
/* After loading: give stored workers rejoin_ms to come back. */
void pl_workers_expect(pl_pool *pool);

void pl_on_hello(pl_pool *pool, const pl_bus_in *in);
void pl_on_beat(pl_pool *pool, const pl_bus_in *in);
void pl_on_goodbye(pl_pool *pool, const pl_bus_in *in);
void pl_on_inventory_item(pl_pool *pool, const pl_bus_in *in);
void pl_on_inventory_end(pl_pool *pool, const pl_bus_in *in);
void pl_on_metrics_report(pl_pool *pool, const pl_bus_in *in);
void pl_on_metrics_get(pl_pool *pool, const pl_bus_in *in);

#endif
