/* cost_model.c - see cost_model.h. */
#include "core/cost_model.h"

/* On a core of 2020; within a second or two the real ones are known. */
static const uint32_t GUESS_NS[PL_COST_KINDS] = {
    [PL_COST_TICK] = 10000,   [PL_COST_LEG] = 8000,
    [PL_COST_DECODE] = 40000, [PL_COST_ENCODE_OPUS] = 150000,
    [PL_COST_ENCODE] = 10000,
};
static const float RATE = 0.05F; /* of the error, corrected at each tick */
static const float WEIGHT_MIN = 0.05F;
static const float WEIGHT_MAX = 20.0F;
static const float DISTURBED = 3.0F; /* times what was expected */

void pl_cost_model_init(pl_cost_model *model)
{
    *model = (pl_cost_model){.n_ticks = 0};
    for (unsigned i = 0; i < PL_COST_KINDS; i++)
        model->weight[i] = 1.0F;
}

static float bounded(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

void pl_cost_model_learn(pl_cost_model *model, const pl_cost_counts *counts,
                         int64_t cpu_ns)
{
    float x[PL_COST_KINDS];
    float expected = 0.0F;
    float norm = 0.0F;
    for (unsigned i = 0; i < PL_COST_KINDS; i++) {
        x[i] = (float)counts->n[i] * (float)GUESS_NS[i];
        expected += model->weight[i] * x[i];
        norm += x[i] * x[i];
    }
    if (norm <= 0.0F || cpu_ns <= 0)
        return;
    float error =
        bounded((float)cpu_ns - expected, -expected, DISTURBED * expected);
    for (unsigned i = 0; i < PL_COST_KINDS; i++) {
        model->weight[i] =
            bounded(model->weight[i] + RATE * error * x[i] / norm, WEIGHT_MIN,
                    WEIGHT_MAX);
    }
    if (model->n_ticks < UINT32_MAX)
        model->n_ticks++;
}

void pl_cost_model_get(const pl_cost_model *model, pl_costs *ret_costs)
{
    for (unsigned i = 0; i < PL_COST_KINDS; i++) {
        ret_costs->ns[i] = (uint32_t)(model->weight[i] * (float)GUESS_NS[i]);
    }
}

void pl_costs_guess(pl_costs *ret_costs)
{
    for (unsigned i = 0; i < PL_COST_KINDS; i++)
        ret_costs->ns[i] = GUESS_NS[i];
}

int64_t pl_costs_of(const pl_costs *costs, const pl_cost_counts *counts)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < PL_COST_KINDS; i++)
        sum += (int64_t)costs->ns[i] * counts->n[i];
    return sum;
}
