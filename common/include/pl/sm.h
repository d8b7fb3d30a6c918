/* sm.h - state machines as tables: which state may follow which. */
#ifndef PL_SM_H
#define PL_SM_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

typedef struct pl_sm_state {
    const char *name;
    uint32_t next; /* bit s: state s may follow */
    bool is_final;
} pl_sm_state;

typedef struct pl_sm {
    const char *name;
    const pl_sm_state *states; /* indexed by state, n_states <= 32 */
    unsigned n_states;
} pl_sm;

#define PL_SM_BIT(s) (UINT32_C(1) << (s))

bool pl_sm_can_move(const pl_sm *sm, unsigned from, unsigned to);
/* Move *state to `to`. Errors: PL_ESTATE the table forbids it (unchanged). */
PL_MUST_USE pl_err pl_sm_move(const pl_sm *sm, unsigned *state, unsigned to);
/* Name of a state; "?" outside the table. */
const char *pl_sm_name(const pl_sm *sm, unsigned state);
/* State of a name; -1 when there is none. */
int pl_sm_find(const pl_sm *sm, const char *name);

#endif
