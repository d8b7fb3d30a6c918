/* budget.h - whether a mixing thread can take one more room or leg.
 *
 * Two limits, both in permille of the 20 ms of a tick. What a thread does by
 * measurement, with what is expected of legs that are not heard of yet and of
 * the new one, stays below the budget; and if in every room as many spoke at
 * once as its mix takes, it would still be done before the next tick. Pure
 * bookkeeping; one thread. Reasons: docs/adr/0026. */
#ifndef PL_BUDGET_H
#define PL_BUDGET_H

#include <stdbool.h>

#include "core/cost_model.h"
#include "pl/err.h"

enum { PL_BUDGET_FULL = 1000 /* permille: takes no more */ };

/* A room as far as it costs; in the owner's record of the room. */
typedef struct pl_budget_room {
    uint32_t thread;
    uint32_t max_talkers;
    uint32_t n_legs, n_opus; /* of which send or are sent Opus */
} pl_budget_room;

/* What a mixing thread says of itself. */
typedef struct pl_budget_measure {
    uint32_t work_us; /* a tick's, smoothed */
    uint32_t n_up;    /* legs with a transport in it */
    uint32_t n_ticks; /* that the costs come from */
    pl_costs costs;
} pl_budget_measure;

typedef struct pl_budget pl_budget;

/* budget_permille: 1..1000; 0: everything is taken
 * Errors: PL_EINVAL; PL_ENOMEM */
PL_MUST_USE pl_err pl_budget_create(uint32_t n_threads,
                                    uint32_t budget_permille,
                                    pl_budget **ret_budget);
void pl_budget_destroy(pl_budget **budget);
/* Take a thread's word, any time, best before asking. now_us: monotonic. */
void pl_budget_measured(pl_budget *budget, uint32_t thread,
                        const pl_budget_measure *measure, int64_t now_us);

/* The thread that is least full with a room more. */
uint32_t pl_budget_emptiest(const pl_budget *budget);
/* Permille of the limits that would be used with one more room of two on the
 * emptiest thread; PL_BUDGET_FULL or more: it would be refused. */
uint32_t pl_budget_load(const pl_budget *budget);
/* The same of a thread as it is, for people; without a newcomer. */
uint32_t pl_budget_thread_load(const pl_budget *budget, uint32_t thread);

/* A room comes to a thread (fills room), or goes; it has no legs then. */
void pl_budget_room_open(pl_budget *budget, pl_budget_room *room,
                         uint32_t thread, uint32_t max_talkers);
void pl_budget_room_close(pl_budget *budget, const pl_budget_room *room);
/* Whether one more leg fits: asked, not taken. */
bool pl_budget_has_place(const pl_budget *budget, const pl_budget_room *room,
                         bool is_opus);
/* A leg came; turned out to be of another codec; went. */
void pl_budget_leg_add(pl_budget *budget, pl_budget_room *room, bool is_opus);
void pl_budget_leg_change(pl_budget *budget, pl_budget_room *room,
                          bool was_opus, bool is_opus);
void pl_budget_leg_remove(pl_budget *budget, pl_budget_room *room,
                          bool was_opus);

#endif
