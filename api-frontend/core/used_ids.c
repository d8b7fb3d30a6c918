/* used_ids.c - see used_ids.h. */
#include "used_ids.h"

#include <stdlib.h>
#include <string.h>

#include "pl/slice.h"
#include "pl/str.h"

typedef struct row {
    char id[PL_USED_ID_MAX + 1];
    int64_t until_s;
} row;

struct pl_used_ids {
    size_t max;
    row rows[];
};

pl_err pl_used_ids_create(size_t max, pl_used_ids **ret_used)
{
    pl_used_ids *used = calloc(1, sizeof *used + max * sizeof used->rows[0]);
    if (!used)
        return PL_ENOMEM;
    used->max = max;
    *ret_used = used;
    return PL_OK;
}

void pl_used_ids_destroy(pl_used_ids **used)
{
    if (!used || !*used)
        return;
    free(*used);
    *used = NULL;
}

pl_err pl_used_ids_add(pl_used_ids *used, const char *id, int64_t until_s,
                       int64_t now_s)
{
    row *empty = NULL;
    if (strlen(id) > PL_USED_ID_MAX)
        return PL_EINVAL;
    for (size_t i = 0; i < used->max; i++) {
        row *r = &used->rows[i];
        if (r->until_s <= now_s) {
            empty = r;
        } else if (strcmp(r->id, id) == 0) {
            return PL_EAUTH;
        }
    }
    if (!empty)
        return PL_EFULL;
    pl_fmt_cut(empty->id, sizeof empty->id, "%s", id);
    empty->until_s = until_s;
    return PL_OK;
}
