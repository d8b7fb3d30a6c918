/* keys.h - keys of a telephone, as people and programs write them down. */
#ifndef PL_KEYS_H
#define PL_KEYS_H

#include <stdbool.h>

#include "pl/slice.h"

enum { PL_KEYS_MAX = 250 }; /* of one sequence */

/* Whether text is 1 to PL_KEYS_MAX of 0-9 * # A-D (a-d is the same), and ','
 * for a pause of two seconds. */
bool pl_is_keys(pl_slice text);

#endif
