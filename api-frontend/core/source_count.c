/* source_count.c - see source_count.h. */
#include "source_count.h"

#include <stdlib.h>

#include "pl/map.h"

typedef struct entry {
    unsigned n;
} entry;

struct pl_source_count {
    pl_map *entries;
    unsigned max;
};

pl_err pl_source_count_create(unsigned max, pl_source_count **ret_count)
{
    pl_source_count *c = calloc(1, sizeof *c);
    if (!c)
        return PL_ENOMEM;
    c->max = max;
    pl_err e = pl_map_create(&c->entries);
    if (e) {
        free(c);
        return e;
    }
    *ret_count = c;
    return PL_OK;
}

void pl_source_count_destroy(pl_source_count **count)
{
    if (!count || !*count)
        return;
    size_t cursor = 0;
    for (void *e = pl_map_next((*count)->entries, &cursor, NULL); e;
         e = pl_map_next((*count)->entries, &cursor, NULL)) {
        free(e);
    }
    pl_map_destroy(&(*count)->entries);
    free(*count);
    *count = NULL;
}

pl_err pl_source_enter(pl_source_count *count, const char *source)
{
    entry *found = pl_map_find(count->entries, source);
    if (found && found->n >= count->max)
        return PL_EFULL;
    if (!found) {
        found = calloc(1, sizeof *found);
        if (!found)
            return PL_ENOMEM;
        pl_err e = pl_map_put(count->entries, source, found);
        if (e) {
            free(found);
            return e;
        }
    }
    found->n++;
    return PL_OK;
}

void pl_source_leave(pl_source_count *count, const char *source)
{
    entry *found = pl_map_find(count->entries, source);
    if (!found || --found->n > 0)
        return;
    (void)pl_map_remove(count->entries, source);
    free(found);
}
