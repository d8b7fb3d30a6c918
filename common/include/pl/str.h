/* str.h - checked text: formatting into fixed buffers, strict numbers. */
#ifndef PL_STR_H
#define PL_STR_H

#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

/* Format into buf[cap]; always ends with NUL when cap > 0.
 * Errors: PL_EFULL the text did not fit (buf then holds a cut text). */
PL_MUST_USE pl_err pl_fmt(char *buf, size_t cap, const char *format, ...)
    PL_PRINTF(3, 4);
/* As pl_fmt(), where cutting is acceptable (logs, display names). */
void pl_fmt_cut(char *buf, size_t cap, const char *format, ...) PL_PRINTF(3, 4);
/* Copy a slice into buf[cap] as a C string.
 * Errors: PL_EFULL too long; PL_EINVAL contains NUL. */
PL_MUST_USE pl_err pl_copy(char *buf, size_t cap, pl_slice text);
/* Decimal digits only, no sign or blank, at most max.
 * Errors: PL_EINVAL empty, other characters, or above max. */
PL_MUST_USE pl_err pl_parse_u64(pl_slice text, uint64_t max, uint64_t *ret);
/* Lower-case hex of data[len] into buf[2 * len + 1]. */
void pl_hex(const uint8_t *data, size_t len, char *buf);
/* Value of a hex digit of either case; -1 for another character. */
int pl_hex_value(uint8_t digit);
/* Check strict UTF-8 (RFC 3629 section 4). */
bool pl_is_utf8(pl_slice text);
/* Text of an errno value, for logs. */
enum { PL_ERRNO_TEXT = 80 };
const char *pl_errno_text(int code, char buf[PL_ERRNO_TEXT]);
/* UTC wall time as 2026-11-21T04:35:13.123Z (RFC 3339). */
enum { PL_TIME_TEXT = 25 };
void pl_time_text(int64_t wall_ms, char buf[PL_TIME_TEXT]);

#endif
