/* join_guard.c - see join_guard.h. */
#include "join_guard.h"

#include <stdlib.h>

#include "pl/ice_cand.h"
#include "pl/rate.h"

static const int64_t MINUTE_US = 60 * INT64_C(1000000);

struct pl_join_guard {
    pl_rate *rate;
};

pl_err pl_join_guard_create(uint32_t per_min, pl_join_guard **ret_guard)
{
    pl_join_guard *g = calloc(1, sizeof *g);
    if (!g)
        return PL_ENOMEM;
    pl_err e = pl_rate_create(per_min, MINUTE_US, &g->rate);
    if (e) {
        free(g);
        return e;
    }
    *ret_guard = g;
    return PL_OK;
}

void pl_join_guard_destroy(pl_join_guard **guard)
{
    if (!guard || !*guard)
        return;
    pl_rate_destroy(&(*guard)->rate);
    free(*guard);
    *guard = NULL;
}

bool pl_join_guard_take(pl_join_guard *guard, const char *source,
                        int64_t now_us)
{
    char key[PL_IP_SOURCE_TEXT];
    int64_t wait_us;
    if (pl_ip_source_is_local(source))
        return true;
    pl_ip_source(source, key);
    return pl_rate_take(guard->rate, key, now_us, &wait_us) == PL_OK;
}
