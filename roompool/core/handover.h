/* handover.h - media goes on at another worker of the same network stack, and
 * the peers are not told: what each leg is (leg_snapshot) and how far it is
 * (leg_position) is kept in memory; when its worker is lost or drains, a
 * sibling takes its conferences under new epochs and imports the legs on the
 * same ports. A leg that cannot be imported takes the way of every other loss
 * (pl_leg_lost()): it is offered anew. See docs/adr/0028.
 *
 * What is kept holds keys: it is in no row, no log line and no dump, and is
 * wiped before it is freed. */
#ifndef PL_ROOMPOOL_HANDOVER_H
#define PL_ROOMPOOL_HANDOVER_H

#include "model.h"

void pl_on_leg_snapshot(pl_pool *pool, const pl_bus_in *in);
void pl_on_leg_position(pl_pool *pool, const pl_bus_in *in);
/* Forget what is kept of a leg: it has gone, or its media was lost. */
void pl_handover_forget(pl_pool *pool, pl_leg *leg);
/* Its descriptions have changed: what is kept is of no use until its worker
 * has told anew. */
void pl_handover_outdate(pl_leg *leg);
/* Free a leg at the end of the process. */
void pl_handover_free_leg(void *object);

/* This media worker is gone, or has fallen silent: place the conference at
 * `sibling` under a new epoch and import its legs there. Its legs that cannot
 * be imported are appended to `lost` (pl_leg.lost_link).
 *
 * Returns: false: there is nothing to import, or no room; nothing was done */
bool pl_handover_take(pl_pool *pool, pl_conf *conf, const pl_worker *sibling,
                      pl_list *lost);
/* The room that it opened for that was refused: legs are offered elsewhere.
 * False: no leg is being imported in this epoch. */
bool pl_handover_refused(pl_pool *pool, pl_conf *conf, uint64_t epoch);

/* ---- handover_drain.c ---- */

/* A worker says that it drains: others take what it has, now or as soon as
 * there is one. */
void pl_handover_drains(pl_pool *pool, pl_worker *w);
/* A worker came: those that drain try again. */
void pl_handover_again(pl_pool *pool);
/* It drains no more: it is gone, or says hello anew. */
void pl_handover_undrain(pl_pool *pool, pl_worker *w);

#endif
