/* json.c - bounded JSON reading over jansson (the only file that uses it), and
 * a small writer. */
#include "pl/json.h"

#include <string.h>

#include <jansson.h>

#include "pl/str.h"

/* jansson recurses as deep as the text nests and keeps every member: look at
 * the raw text before it does. Source: robustness limits in docs. */
static pl_err scan(pl_slice text, size_t keys_max)
{
    size_t depth = 0;
    size_t keys = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
            continue;
        }
        if (c == '"') {
            in_string = true;
        }
        bool opens = c == '{' || c == '[';
        bool closes = c == '}' || c == ']';
        if ((opens && ++depth > PL_JSON_DEPTH_MAX) ||
            (closes && depth-- == 0) || (c == ':' && ++keys > keys_max)) {
            return PL_EPROTO;
        }
    }
    return PL_OK;
}

static const json_t *in(const pl_json *json)
{
    return (const json_t *)(const void *)json;
}

static const pl_json *out(const json_t *json)
{
    return (const pl_json *)(const void *)json;
}

pl_err pl_json_parse(pl_slice text, pl_json **ret_json)
{
    return pl_json_parse_long(text, PL_JSON_KEYS_MAX, ret_json);
}

pl_err pl_json_parse_long(pl_slice text, size_t keys_max, pl_json **ret_json)
{
    pl_err e = scan(text, keys_max);
    if (e)
        return e;
    json_error_t error;
    json_t *json = json_loadb((const char *)text.ptr, text.len,
                              JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        return json_error_code(&error) == json_error_out_of_memory ? PL_ENOMEM
                                                                   : PL_EPROTO;
    }
    *ret_json = (pl_json *)(void *)json;
    return PL_OK;
}

void pl_json_free(pl_json **json)
{
    if (!json || !*json)
        return;
    json_decref((json_t *)(void *)*json);
    *json = NULL;
}

const pl_json *pl_json_get(const pl_json *json, const char *key)
{
    return out(json_object_get(in(json), key));
}

bool pl_json_is_object(const pl_json *json)
{
    return json_is_object(in(json));
}

size_t pl_json_count(const pl_json *json)
{
    return json_array_size(in(json));
}

const pl_json *pl_json_at(const pl_json *json, size_t index)
{
    return out(json_array_get(in(json), index));
}

pl_err pl_json_as_str(const pl_json *json, pl_slice *ret_text)
{
    if (!json_is_string(in(json)))
        return PL_EPROTO;
    *ret_text = (pl_slice){(const uint8_t *)json_string_value(in(json)),
                           json_string_length(in(json))};
    return PL_OK;
}

pl_err pl_json_as_i64(const pl_json *json, int64_t *ret_value)
{
    if (!json_is_integer(in(json)))
        return PL_EPROTO;
    *ret_value = json_integer_value(in(json));
    return PL_OK;
}

pl_err pl_json_as_bool(const pl_json *json, bool *ret_value)
{
    if (!json_is_boolean(in(json)))
        return PL_EPROTO;
    *ret_value = json_is_true(in(json));
    return PL_OK;
}

pl_err pl_json_as_num(const pl_json *json, double *ret_value)
{
    if (!json_is_number(in(json)))
        return PL_EPROTO;
    *ret_value = json_number_value(in(json));
    return PL_OK;
}

const char *pl_json_stranger(const pl_json *json, const char *const *known)
{
    json_t *object = (json_t *)(void *)(uintptr_t)json;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0)
            k++;
        if (!*k)
            return key;
    }
    return NULL;
}

bool pl_json_is_null(const pl_json *json)
{
    return json && json_is_null(in(json));
}

bool pl_json_is_array(const pl_json *json)
{
    return json_is_array(in(json));
}

pl_err pl_json_get_str(const pl_json *json, const char *key, pl_slice *ret_text)
{
    const pl_json *value = pl_json_get(json, key);
    if (!value || json_is_null(in(value)))
        return PL_ENOENT;
    return pl_json_as_str(value, ret_text);
}

pl_err pl_json_get_i64(const pl_json *json, const char *key, int64_t *ret_value)
{
    const pl_json *value = pl_json_get(json, key);
    if (!value || json_is_null(in(value)))
        return PL_ENOENT;
    return pl_json_as_i64(value, ret_value);
}

pl_err pl_json_get_bool(const pl_json *json, const char *key, bool *ret_value)
{
    const pl_json *value = pl_json_get(json, key);
    if (!value || json_is_null(in(value)))
        return PL_ENOENT;
    return pl_json_as_bool(value, ret_value);
}

static int dump_part(const char *text, size_t len, void *ctx)
{
    pl_buf_add(ctx, text, len);
    return 0;
}

pl_err pl_json_dump(const pl_json *json, pl_buf *to)
{
    if (json_dump_callback(in(json), dump_part, to,
                           JSON_COMPACT | JSON_ENCODE_ANY) != 0 ||
        to->has_failed)
        return PL_ENOMEM;
    return PL_OK;
}

/* ---- writer ---- */

enum { JW_DEPTH_MAX = 31 };

static void escape(pl_buf *to, pl_slice text)
{
    bool is_utf8 = pl_is_utf8(text);
    size_t from = 0;
    pl_buf_add_str(to, "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_plain = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f &&
                        (is_utf8 || c < 0x80);
        if (is_plain)
            continue;
        pl_buf_add(to, text.ptr + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\') {
            pl_buf_add_fmt(to, "\\%c", c);
        } else if (c == '\n') {
            pl_buf_add_str(to, "\\n");
        } else if (c == '\r') {
            pl_buf_add_str(to, "\\r");
        } else { /* a byte that is no UTF-8 becomes the replacement character */
            pl_buf_add_fmt(to, "\\u%04x", c < 0x80 ? c : 0xfffdU);
        }
    }
    pl_buf_add(to, text.ptr ? text.ptr + from : NULL, text.len - from);
    pl_buf_add_str(to, "\"");
}

static void begin_item(pl_jw *w, const char *key)
{
    uint32_t bit = UINT32_C(1) << w->depth;
    if (w->has_items & bit)
        pl_buf_add_str(w->out, ",");
    w->has_items |= bit;
    if (key) {
        escape(w->out, pl_slice_str(key));
        pl_buf_add_str(w->out, ":");
    }
}

void pl_jw_open(pl_jw *w, const char *key, char bracket)
{
    begin_item(w, key);
    pl_buf_add(w->out, &bracket, 1);
    if (w->depth == JW_DEPTH_MAX) {
        w->out->has_failed = true;
        return;
    }
    w->depth++;
    w->has_items &= ~(UINT32_C(1) << w->depth);
}

void pl_jw_close(pl_jw *w, char bracket)
{
    pl_buf_add(w->out, &bracket, 1);
    if (w->depth > 0)
        w->depth--;
}

void pl_jw_str(pl_jw *w, const char *key, const char *text)
{
    pl_jw_slice(w, key, pl_slice_str(text));
}

void pl_jw_slice(pl_jw *w, const char *key, pl_slice text)
{
    begin_item(w, key);
    escape(w->out, text);
}

void pl_jw_int(pl_jw *w, const char *key, int64_t value)
{
    begin_item(w, key);
    pl_buf_add_fmt(w->out, "%lld", (long long)value);
}

void pl_jw_bool(pl_jw *w, const char *key, bool value)
{
    begin_item(w, key);
    pl_buf_add_str(w->out, value ? "true" : "false");
}

void pl_jw_null(pl_jw *w, const char *key)
{
    begin_item(w, key);
    pl_buf_add_str(w->out, "null");
}

void pl_jw_raw(pl_jw *w, const char *key, pl_slice json)
{
    begin_item(w, key);
    pl_buf_add_slice(w->out, json);
}

void pl_jw_seconds(pl_jw *w, const char *key, int64_t ms)
{
    begin_item(w, key);
    int64_t whole = ms < 0 ? 0 : ms;
    pl_buf_add_fmt(w->out, "%lld.%03lld", (long long)(whole / 1000),
                   (long long)(whole % 1000));
}
