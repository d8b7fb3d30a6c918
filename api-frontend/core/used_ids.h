/* used_ids.h - things that are good once: which ones were used and have not
 * expired. What cannot be remembered must be refused. Bounded memory. */
#ifndef PL_API_USED_IDS_H
#define PL_API_USED_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"

enum { PL_USED_ID_MAX = 64 };

typedef struct pl_used_ids pl_used_ids;

/* max: remembered at once. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_used_ids_create(size_t max, pl_used_ids **ret_used);
void pl_used_ids_destroy(pl_used_ids **used);
/* Use one up.
 * id:      at most PL_USED_ID_MAX characters
 * until_s: when it expires, wall time
 * Errors:  PL_EAUTH it was used already; PL_EFULL too many at once; PL_EINVAL
 *          too long */
PL_MUST_USE pl_err pl_used_ids_add(pl_used_ids *used, const char *id,
                                   int64_t until_s, int64_t now_s);

#endif
