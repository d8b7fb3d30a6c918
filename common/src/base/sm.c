/* sm.c - checked transitions over a table. */
#include "pl/sm.h"

#include <string.h>

bool pl_sm_can_move(const pl_sm *sm, unsigned from, unsigned to)
{
    return from < sm->n_states && to < sm->n_states && to < 32 &&
           (sm->states[from].next & PL_SM_BIT(to)) != 0;
}

pl_err pl_sm_move(const pl_sm *sm, unsigned *state, unsigned to)
{
    if (!pl_sm_can_move(sm, *state, to))
        return PL_ESTATE;
    *state = to;
    return PL_OK;
}

const char *pl_sm_name(const pl_sm *sm, unsigned state)
{
    if (state >= sm->n_states || !sm->states[state].name)
        return "?";
    return sm->states[state].name;
}

int pl_sm_find(const pl_sm *sm, const char *name)
{
    for (unsigned i = 0; name && i < sm->n_states; i++) {
        if (sm->states[i].name && strcmp(sm->states[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}
