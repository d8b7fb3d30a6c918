/* rate.h - how much each of many names may do in a window of time: a bucket for
 * each that fills steadily and may be emptied at once. Pure; bounded memory:
 * the fullest bucket makes way for a new name. Single-threaded. */
#ifndef PL_RATE_H
#define PL_RATE_H

#include <stdint.h>

#include "pl/err.h"

enum { PL_RATE_NAME_MAX = 160, PL_RATE_NAMES = 1024 };

typedef struct pl_rate pl_rate;

/* max:       what a name may do in a window; 0 is no limit
 * window_us: > 0
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_rate_create(uint32_t max, int64_t window_us,
                                  pl_rate **ret_rate);
void pl_rate_destroy(pl_rate **rate);
/* Take one of the name's share; longer names count by their beginning.
 * ret_wait_us: until there is one again
 * Errors: PL_ERATE the share is used up; *ret_wait_us is written then, too.
 * Context: O(PL_RATE_NAMES), not for packets. */
PL_MUST_USE pl_err pl_rate_take(pl_rate *rate, const char *name, int64_t now_us,
                                int64_t *ret_wait_us);
/* The same without taking it. */
PL_MUST_USE pl_err pl_rate_look(const pl_rate *rate, const char *name,
                                int64_t now_us, int64_t *ret_wait_us);

#endif
