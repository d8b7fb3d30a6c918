/* utc.h - reading back the times that pl_time_text() writes. */
#ifndef PL_ROOMPOOL_UTC_H
#define PL_ROOMPOOL_UTC_H

#include <stdint.h>

#include "pl/err.h"

/* "2026-11-21T04:35:13.123Z" to milliseconds since 1970.
 * Errors: PL_EINVAL any other form. */
PL_MUST_USE pl_err pl_utc_parse(const char *text, int64_t *ret_wall_ms);

#endif
