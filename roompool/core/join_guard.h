/* join_guard.h - how many seats one source may take without a PIN.
 *
 * A number a minute, all of which may be used at once. A source is an IPv4
 * address or the /64 of an IPv6 address; loopback is the operator's own, or a
 * proxy that hides everybody, and is not limited. Pure; bounded memory. */
#ifndef PL_ROOMPOOL_JOIN_GUARD_H
#define PL_ROOMPOOL_JOIN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

typedef struct pl_join_guard pl_join_guard;

/* per_min: 0 is no limit. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_join_guard_create(uint32_t per_min,
                                        pl_join_guard **ret_guard);
void pl_join_guard_destroy(pl_join_guard **guard);
/* Take one. source: address text; what is none is taken as a name.
 * Returns: false when this source has used up its share. */
bool pl_join_guard_take(pl_join_guard *guard, const char *source,
                        int64_t now_us);

#endif
