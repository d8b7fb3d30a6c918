/* json.h - reading JSON bodies, bounded and strict; writing JSON into a buffer.
 *
 * Refused: depth above 32, more than 1000 members, repeated members, NUL in
 * strings, text that is not UTF-8, anything behind the value. */
#ifndef PL_JSON_H
#define PL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/buf.h"

enum { PL_JSON_DEPTH_MAX = 32, PL_JSON_KEYS_MAX = 1000 };

typedef struct pl_json pl_json;

/* Parse one object or array. Errors: PL_EPROTO, PL_ENOMEM.
 * Source: RFC 8259 */
PL_MUST_USE pl_err pl_json_parse(pl_slice text, pl_json **ret_json);
/* The same with room for more members: what a peer of ours has made. */
PL_MUST_USE pl_err pl_json_parse_long(pl_slice text, size_t keys_max,
                                      pl_json **ret_json);
void pl_json_free(pl_json **json);

/* A member of an object; NULL when absent or json is no object. Borrowed. */
const pl_json *pl_json_get(const pl_json *json, const char *key);
bool pl_json_is_object(const pl_json *json);
/* Elements of an array; 0 and NULL when json is none. */
size_t pl_json_count(const pl_json *json);
const pl_json *pl_json_at(const pl_json *json, size_t index);
/* The value itself. Errors: PL_EPROTO another type (or NULL). */
PL_MUST_USE pl_err pl_json_as_str(const pl_json *json, pl_slice *ret_text);
PL_MUST_USE pl_err pl_json_as_i64(const pl_json *json, int64_t *ret_value);
PL_MUST_USE pl_err pl_json_as_bool(const pl_json *json, bool *ret_value);
/* A number, with or without decimals. */
PL_MUST_USE pl_err pl_json_as_num(const pl_json *json, double *ret_value);
/* Whether it is JSON's null; a member that is absent (NULL) is not. */
bool pl_json_is_null(const pl_json *json);
bool pl_json_is_array(const pl_json *json);
/* Name of the first member of an object that is not in `known`, which ends with
 * NULL; NULL: all are. Borrowed. */
const char *pl_json_stranger(const pl_json *json, const char *const *known);
/* Members. Errors: PL_ENOENT absent or null; PL_EPROTO another type. */
PL_MUST_USE pl_err pl_json_get_str(const pl_json *json, const char *key,
                                   pl_slice *ret_text);
PL_MUST_USE pl_err pl_json_get_i64(const pl_json *json, const char *key,
                                   int64_t *ret_value);
PL_MUST_USE pl_err pl_json_get_bool(const pl_json *json, const char *key,
                                    bool *ret_value);
/* A value as text, for values that other code reads (JWKs).
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_json_dump(const pl_json *json, pl_buf *out);

/* Writer; commas are its business. key is NULL inside arrays and outermost.
 * At most 31 levels. Failures show in out->has_failed. */
typedef struct pl_jw {
    pl_buf *out;
    uint32_t has_items; /* bit per level */
    unsigned depth;
} pl_jw;
void pl_jw_open(pl_jw *w, const char *key, char bracket);
void pl_jw_close(pl_jw *w, char bracket);
void pl_jw_str(pl_jw *w, const char *key, const char *text);
void pl_jw_slice(pl_jw *w, const char *key, pl_slice text);
void pl_jw_int(pl_jw *w, const char *key, int64_t value);
void pl_jw_bool(pl_jw *w, const char *key, bool value);
void pl_jw_null(pl_jw *w, const char *key);
/* A value that is JSON already. */
void pl_jw_raw(pl_jw *w, const char *key, pl_slice json);
/* Seconds with three decimals, from milliseconds. */
void pl_jw_seconds(pl_jw *w, const char *key, int64_t ms);

#endif
