/* utc.h - reading times: those that pl_time_text() writes, and those that
 * people and programs write. */
#ifndef PL_UTC_H
#define PL_UTC_H

#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

/* "2026-11-21T04:35:13.123Z" to milliseconds since 1970.
 * Errors: PL_EINVAL any other form. */
PL_MUST_USE pl_err pl_utc_parse(const char *text, int64_t *ret_wall_ms);
/* A date, with a time or without, with decimals, with a zone (Z or +02:00) or
 * without: UTC. Decimals past the third are dropped.
 * Errors: PL_EINVAL another form, no such day or hour.
 * Source: RFC 3339 section 5.6 */
PL_MUST_USE pl_err pl_utc_read(pl_slice text, int64_t *ret_wall_ms);

#endif
