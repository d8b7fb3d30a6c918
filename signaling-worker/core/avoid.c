/* avoid.c - who did not answer. */
#include "avoid.h"

void pl_avoid_add(pl_avoid *a, const pl_sip_target *target, int64_t now_us)
{
    pl_avoid_row *oldest = &a->row[0];
    for (unsigned i = 0; i < PL_AVOID_ROWS; i++) {
        pl_avoid_row *row = &a->row[i];
        if (row->until_us && pl_sip_target_eq(&row->target, target)) {
            oldest = row;
            break;
        }
        if (row->until_us < oldest->until_us)
            oldest = row;
    }
    *oldest = (pl_avoid_row){*target, now_us + PL_AVOID_US};
}

void pl_avoid_remove(pl_avoid *a, const pl_sip_target *target)
{
    for (unsigned i = 0; i < PL_AVOID_ROWS; i++) {
        if (pl_sip_target_eq(&a->row[i].target, target))
            a->row[i].until_us = 0;
    }
}

static bool has(const pl_avoid *a, const pl_sip_target *target, int64_t now_us)
{
    for (unsigned i = 0; i < PL_AVOID_ROWS; i++) {
        const pl_avoid_row *row = &a->row[i];
        if (row->until_us > now_us && pl_sip_target_eq(&row->target, target))
            return true;
    }
    return false;
}

unsigned pl_avoid_order(const pl_avoid *a, const pl_sip_target *rows,
                        unsigned n, int64_t now_us,
                        pl_sip_target ret_targets[PL_SIP_TARGETS_MAX])
{
    unsigned kept = 0;
    n = n < PL_SIP_TARGETS_MAX ? n : PL_SIP_TARGETS_MAX;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < n; i++) {
            if (has(a, &rows[i], now_us) == (pass == 1))
                ret_targets[kept++] = rows[i];
        }
    }
    return kept;
}
