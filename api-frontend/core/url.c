/* url.c - percent-decoding, queries and forms. */
#include "url.h"

#include <string.h>

#include "pl/str.h"

enum { NAME_MAX_BYTES = 64 };

/* One character, perhaps an escape; -1 when the escape is broken. */
static int next_char(pl_slice text, size_t *at, pl_url_plus plus)
{
    uint8_t c = text.ptr[(*at)++];
    if (c == '+' && plus == PL_URL_PLUS_IS_BLANK)
        return ' ';
    if (c != '%')
        return c;
    if (text.len - *at < 2)
        return -1;
    int high = pl_hex_value(text.ptr[*at]);
    int low = pl_hex_value(text.ptr[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

pl_err pl_url_decode(pl_slice text, pl_url_plus plus, char *buf, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        int c = next_char(text, &i, plus);
        if (c < 0x20 || c == 0x7f)
            return PL_EPROTO;
        if (n + 1 >= cap)
            return PL_EFULL;
        buf[n++] = (char)c;
    }
    if (cap == 0)
        return PL_EFULL;
    buf[n] = '\0';
    return pl_is_utf8((pl_slice){(const uint8_t *)buf, n}) ? PL_OK : PL_EPROTO;
}

static bool is_name(pl_slice raw, const char *name)
{
    char text[NAME_MAX_BYTES + 1];
    return pl_url_decode(raw, PL_URL_PLUS_IS_BLANK, text, sizeof text) ==
               PL_OK &&
           strcmp(text, name) == 0;
}

bool pl_url_next(pl_slice *query, pl_slice *ret_name, pl_slice *ret_value)
{
    if (query->len == 0)
        return false;
    const uint8_t *amp = memchr(query->ptr, '&', query->len);
    size_t n = amp ? (size_t)(amp - query->ptr) : query->len;
    const uint8_t *eq = memchr(query->ptr, '=', n);
    size_t n_name = eq ? (size_t)(eq - query->ptr) : n;
    size_t skip = eq ? n_name + 1 : n;
    size_t used = amp ? n + 1 : n;
    *ret_name = (pl_slice){query->ptr, n_name};
    *ret_value = (pl_slice){query->ptr + skip, n - skip};
    *query = (pl_slice){query->ptr + used, query->len - used};
    return true;
}

pl_err pl_url_param(pl_slice query, const char *name, char *buf, size_t cap)
{
    bool is_found = false;
    pl_slice key;
    pl_slice text;
    pl_slice value = {NULL, 0};
    while (pl_url_next(&query, &key, &text)) {
        if (!is_name(key, name))
            continue;
        if (is_found)
            return PL_EPROTO;
        is_found = true;
        value = text;
    }
    return is_found ? pl_url_decode(value, PL_URL_PLUS_IS_BLANK, buf, cap)
                    : PL_ENOENT;
}

void pl_url_escape(pl_slice text, pl_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.ptr[i];
        if (c && pl_url_is_word((const char[]){c, '\0'}, "-._~")) {
            pl_buf_add(out, &c, 1);
        } else {
            pl_buf_add_fmt(out, "%%%02X", (unsigned)text.ptr[i]);
        }
    }
}

bool pl_url_is_word(const char *text, const char *others)
{
    for (const char *c = text; *c; c++) {
        bool is_alnum = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                        (*c >= 'A' && *c <= 'Z');
        if (!is_alnum && !strchr(others, *c))
            return false;
    }
    return true;
}
