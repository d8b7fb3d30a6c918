/* host_timers.h - how long a room's conference goes on without a host, with
 * one participant, or with telephones only that we dialled ourselves; and a
 * device's call with its telephone alone, once the device went to a room. */
#ifndef PL_ROOMPOOL_HOST_TIMERS_H
#define PL_ROOMPOOL_HOST_TIMERS_H

#include "model.h"

/* Somebody came, changed, or is let in; the conference started. */
void pl_host_timers_check(pl_pool *pool, pl_conf *conf);
/* Somebody left: the conference may end at once. */
void pl_host_timers_left(pl_pool *pool, pl_conf *conf);
/* Whether it is without a host now, and others are there. */
bool pl_host_timers_hostless(const pl_conf *conf);
/* Whether a device's call has nobody left but a telephone. */
bool pl_host_timers_forsaken(const pl_conf *conf);
/* After loading: go on counting. */
void pl_host_timers_resume(pl_pool *pool, pl_conf *conf);

#endif
