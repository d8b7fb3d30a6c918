/* join_guard.c - a bucket of tokens for each source, kept as the time at which
 * it will be full again. The fullest makes way for a new source. */
#include "join_guard.h"

#include <stdlib.h>
#include <string.h>

#include "pl/ice_cand.h"
#include "pl/str.h"

enum { ENTRIES = 1024 };
static const int64_t MINUTE_US = 60 * INT64_C(1000000);

typedef struct entry {
    char source[PL_IP_SOURCE_TEXT]; /* "" free */
    int64_t full_us;
} entry;

struct pl_join_guard {
    int64_t cost_us; /* 0: no limit */
    entry entries[ENTRIES];
};

pl_err pl_join_guard_create(uint32_t per_min, pl_join_guard **ret_guard)
{
    pl_join_guard *g = calloc(1, sizeof *g);
    if (!g)
        return PL_ENOMEM;
    g->cost_us = per_min > 0 ? MINUTE_US / per_min : 0;
    *ret_guard = g;
    return PL_OK;
}

void pl_join_guard_destroy(pl_join_guard **guard)
{
    if (!guard || !*guard)
        return;
    free(*guard);
    *guard = NULL;
}

/* Joins are rare beside packets: a scan is fine. */
static entry *look_up(pl_join_guard *g, const char *source)
{
    entry *fullest = &g->entries[0];
    for (size_t i = 0; i < ENTRIES; i++) {
        entry *e = &g->entries[i];
        if (strcmp(e->source, source) == 0)
            return e;
        if (e->full_us < fullest->full_us)
            fullest = e;
    }
    *fullest = (entry){.full_us = 0};
    pl_fmt_cut(fullest->source, sizeof fullest->source, "%s", source);
    return fullest;
}

bool pl_join_guard_take(pl_join_guard *guard, const char *source,
                        int64_t now_us)
{
    char key[PL_IP_SOURCE_TEXT];
    if (guard->cost_us == 0 || pl_ip_source_is_local(source))
        return true;
    pl_ip_source(source, key);
    entry *e = look_up(guard, key);
    int64_t full_us =
        (e->full_us > now_us ? e->full_us : now_us) + guard->cost_us;
    if (full_us - now_us > MINUTE_US)
        return false;
    e->full_us = full_us;
    return true;
}
