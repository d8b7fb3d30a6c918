/* cost_model.h - what mixing costs on this machine, learned while it runs.
 *
 * The CPU time of a tick is taken as a sum over what was done in it, with a
 * cost for each kind. The costs begin as guesses and follow what is measured
 * (normalised least mean squares, in proportion to each kind's share). Pure. */
#ifndef PL_COST_MODEL_H
#define PL_COST_MODEL_H

#include <stdint.h>

typedef enum pl_cost_kind {
    PL_COST_TICK,        /* of every tick, once */
    PL_COST_LEG,         /* a leg with a transport: packets in and out */
    PL_COST_DECODE,      /* a packet decoded */
    PL_COST_ENCODE_OPUS, /* a frame encoded by Opus */
    PL_COST_ENCODE,      /* by another codec */
    PL_COST_KINDS
} pl_cost_kind;

/* How many of each kind. */
typedef struct pl_cost_counts {
    uint32_t n[PL_COST_KINDS];
} pl_cost_counts;

/* Nanoseconds of one of each kind. */
typedef struct pl_costs {
    uint32_t ns[PL_COST_KINDS];
} pl_costs;

typedef struct pl_cost_model {
    float weight[PL_COST_KINDS]; /* of the guess */
    uint32_t n_ticks;            /* learned from; stops at its maximum */
} pl_cost_model;

void pl_cost_model_init(pl_cost_model *model);
/* Learn from one tick. One that took many times what was expected counts as
 * a few times as much: it was disturbed. */
void pl_cost_model_learn(pl_cost_model *model, const pl_cost_counts *counts,
                         int64_t cpu_ns);
void pl_cost_model_get(const pl_cost_model *model, pl_costs *ret_costs);

/* The guess that a model begins with. */
void pl_costs_guess(pl_costs *ret_costs);
/* Cost of so many of each, nanoseconds. */
int64_t pl_costs_of(const pl_costs *costs, const pl_cost_counts *counts);

#endif
