/* rate.c - each bucket is kept as the time at which it will be full again. */
#include "pl/rate.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

typedef struct entry {
    char name[PL_RATE_NAME_MAX + 1]; /* "" free */
    int64_t full_us;
} entry;

struct pl_rate {
    int64_t cost_us; /* 0: no limit */
    int64_t window_us;
    entry entries[PL_RATE_NAMES];
};

pl_err pl_rate_create(uint32_t max, int64_t window_us, pl_rate **ret_rate)
{
    pl_rate *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    r->cost_us = max > 0 ? window_us / max : 0;
    r->window_us = window_us;
    *ret_rate = r;
    return PL_OK;
}

void pl_rate_destroy(pl_rate **rate)
{
    if (!rate || !*rate)
        return;
    free(*rate);
    *rate = NULL;
}

static const entry *find(const pl_rate *r, const char *name)
{
    for (size_t i = 0; i < PL_RATE_NAMES; i++) {
        if (strcmp(r->entries[i].name, name) == 0)
            return &r->entries[i];
    }
    return NULL;
}

static entry *fullest(pl_rate *r)
{
    entry *found = &r->entries[0];
    for (size_t i = 1; i < PL_RATE_NAMES; i++) {
        if (r->entries[i].full_us < found->full_us)
            found = &r->entries[i];
    }
    return found;
}

/* When the bucket is full again after one more is taken from it now. */
static pl_err next_full(const pl_rate *r, const entry *e, int64_t now_us,
                        int64_t *ret_full_us, int64_t *ret_wait_us)
{
    int64_t from_us = e && e->full_us > now_us ? e->full_us : now_us;
    *ret_full_us = from_us + r->cost_us;
    int64_t over_us = *ret_full_us - now_us - r->window_us;
    *ret_wait_us = over_us > 0 ? over_us : 0;
    return over_us > 0 ? PL_ERATE : PL_OK;
}

pl_err pl_rate_look(const pl_rate *rate, const char *name, int64_t now_us,
                    int64_t *ret_wait_us)
{
    char key[PL_RATE_NAME_MAX + 1];
    int64_t full_us;
    *ret_wait_us = 0;
    if (rate->cost_us == 0)
        return PL_OK;
    pl_fmt_cut(key, sizeof key, "%s", name);
    return next_full(rate, find(rate, key), now_us, &full_us, ret_wait_us);
}

pl_err pl_rate_take(pl_rate *rate, const char *name, int64_t now_us,
                    int64_t *ret_wait_us)
{
    char key[PL_RATE_NAME_MAX + 1];
    int64_t full_us;
    *ret_wait_us = 0;
    if (rate->cost_us == 0)
        return PL_OK;
    pl_fmt_cut(key, sizeof key, "%s", name);
    const entry *found = find(rate, key);
    pl_err e = next_full(rate, found, now_us, &full_us, ret_wait_us);
    if (e)
        return e;
    entry *mine = found ? &rate->entries[found - rate->entries] : fullest(rate);
    if (!found)
        pl_fmt_cut(mine->name, sizeof mine->name, "%s", key);
    mine->full_us = full_us;
    return PL_OK;
}
