/* uui_data.c - the four forms of uuiData. */
#include "uui_data.h"

#include <string.h>

#include "base64.h"
#include "pl/str.h"

static bool is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

static bool is_ascii_text(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_control(text.ptr[i]) || text.ptr[i] > 0x7f)
            return false;
    }
    return text.len > 0;
}

static pl_slice without_encoding(pl_slice text)
{
    static const char tail[] = ";encoding=hex";
    size_t n = sizeof tail - 1;
    if (text.len >= n &&
        pl_slice_eq_nocase((pl_slice){text.ptr + text.len - n, n}, tail))
        text.len -= n;
    return text;
}

/* The bytes of an even number of hex digits.
 * Errors: PL_EPROTO it is something else; PL_ENOMEM. */
static pl_err read_hex(pl_slice text, pl_buf *out)
{
    if (text.len % 2 != 0)
        return PL_EPROTO;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = pl_hex_value(text.ptr[i]);
        int low = pl_hex_value(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return PL_EPROTO;
        uint8_t byte = (uint8_t)(high << 4 | low);
        pl_buf_add(out, &byte, 1);
    }
    return out->has_failed ? PL_ENOMEM : PL_OK;
}

/* What was meant: the bytes that the hex digits stand for when they are a text,
 * else the value as it is. bytes keeps them. */
static pl_err undo_hex(pl_slice raw, bool is_header, pl_buf *bytes,
                       pl_slice *ret_text)
{
    *ret_text = raw;
    pl_err e = read_hex(raw, bytes);
    if (e)
        return e == PL_EPROTO ? PL_OK : e;
    pl_slice text = pl_buf_slice(bytes);
    if (is_header && text.len > 1 && (text.ptr[0] == 0 || text.ptr[0] == 4)) {
        text.ptr++;
        text.len--;
    }
    if (is_ascii_text(text))
        *ret_text = text;
    return PL_OK;
}

/* Whether it is the base64url of a text with a comma already. */
static pl_err is_suffix(pl_slice text, bool *ret_is)
{
    pl_buf plain;
    pl_buf_init(&plain, PL_UUI_RAW_MAX);
    pl_err e = pl_base64url_decode(text, &plain);
    pl_slice inner = pl_buf_slice(&plain);
    *ret_is = !e && is_ascii_text(inner) && memchr(inner.ptr, ',', inner.len);
    pl_buf_fini(&plain);
    return e == PL_EPROTO ? PL_OK : e;
}

static pl_err put_suffix(pl_slice text, size_t max, char *ret_suffix)
{
    bool is_done = false;
    pl_err e = is_suffix(text, &is_done);
    if (e)
        return e;
    pl_buf coded;
    pl_buf_init(&coded, PL_UUI_RAW_MAX * 2);
    if (!is_done) {
        pl_base64url_encode(text, &coded);
        text = pl_buf_slice(&coded);
    }
    if (coded.has_failed)
        e = PL_ENOMEM;
    else if (text.len > max)
        e = PL_ETOOBIG;
    else
        e = pl_copy(ret_suffix, max + 1, text) ? PL_EINVAL : PL_OK;
    pl_buf_fini(&coded);
    return e;
}

pl_err pl_uui_suffix(pl_slice raw, bool is_header, size_t max, char *ret_suffix)
{
    if (raw.len > PL_UUI_RAW_MAX || max > PL_UUI_SUFFIX_MAX)
        return PL_ETOOBIG;
    for (size_t i = 0; i < raw.len; i++) {
        if (is_control(raw.ptr[i]))
            return PL_EINVAL;
    }
    if (is_header)
        raw = without_encoding(raw);
    if (raw.len == 0) {
        ret_suffix[0] = '\0';
        return PL_OK;
    }
    pl_buf bytes;
    pl_slice text;
    pl_buf_init(&bytes, PL_UUI_RAW_MAX);
    pl_err e = undo_hex(raw, is_header, &bytes, &text);
    if (!e)
        e = put_suffix(text, max, ret_suffix);
    pl_buf_fini(&bytes);
    return e;
}
