/* avoid.h - targets that did not answer a short while ago: they are tried last
 * for some time. RFC 3263 section 4.3. */
#ifndef PL_SIP_AVOID_H
#define PL_SIP_AVOID_H

#include "locate.h"

enum {
    PL_AVOID_ROWS = 64, /* the oldest makes place */
    PL_AVOID_US = 60000000,
};

typedef struct pl_avoid_row {
    pl_sip_target target;
    int64_t until_us; /* 0: free, or it is back */
} pl_avoid_row;

typedef struct pl_avoid {
    pl_avoid_row row[PL_AVOID_ROWS];
} pl_avoid;

/* It did not answer. */
void pl_avoid_add(pl_avoid *a, const pl_sip_target *target, int64_t now_us);
/* It did. */
void pl_avoid_remove(pl_avoid *a, const pl_sip_target *target);
/* Copy rows in the order given, those that are avoided last. Returns: how many;
 * more than PL_SIP_TARGETS_MAX are left out. */
unsigned pl_avoid_order(const pl_avoid *a, const pl_sip_target *rows,
                        unsigned n, int64_t now_us,
                        pl_sip_target ret_targets[PL_SIP_TARGETS_MAX]);

#endif
