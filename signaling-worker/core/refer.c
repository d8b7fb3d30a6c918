/* refer.c - see refer.h. */
#include "refer.h"

#include <string.h>

#include "pl/str.h"
#include "pl/uri.h"
#include "sip_head.h"

/* Cut what is before the next mark; the rest begins behind it. */
static bool next_part(pl_slice *rest, char mark, pl_slice *ret)
{
    if (!rest->ptr)
        return false;
    const uint8_t *at =
        rest->len > 0 ? memchr(rest->ptr, mark, rest->len) : NULL;
    size_t n = at ? (size_t)(at - rest->ptr) : rest->len;
    *ret = (pl_slice){rest->ptr, n};
    if (at)
        *rest = (pl_slice){at + 1, rest->len - n - 1};
    else
        *rest = (pl_slice){NULL, 0};
    return true;
}

static void split(pl_slice text, pl_slice *ret_name, pl_slice *ret_value)
{
    const uint8_t *at = text.len > 0 ? memchr(text.ptr, '=', text.len) : NULL;
    size_t n = at ? (size_t)(at - text.ptr) : text.len;
    *ret_name = pl_sip_trim((pl_slice){text.ptr, n});
    *ret_value = at ? pl_sip_trim((pl_slice){at + 1, text.len - n - 1})
                    : (pl_slice){NULL, 0};
}

static bool is_clean(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static pl_err take(char *to, size_t cap, pl_slice value)
{
    if (to[0] || value.len == 0 || pl_copy(to, cap, value) != PL_OK ||
        !is_clean(to))
        return PL_EPROTO;
    return PL_OK;
}

pl_err pl_sip_replaces_parse(pl_slice value, pl_sip_replaces *ret_replaces)
{
    pl_sip_replaces r = {.is_early_only = false};
    pl_slice part;
    pl_slice name;
    pl_slice text;
    if (!next_part(&value, ';', &part))
        return PL_EPROTO;
    pl_err e = take(r.call_id, sizeof r.call_id, pl_sip_trim(part));
    while (!e && next_part(&value, ';', &part)) {
        split(part, &name, &text);
        if (pl_slice_eq_nocase(name, "to-tag"))
            e = take(r.to_tag, sizeof r.to_tag, text);
        else if (pl_slice_eq_nocase(name, "from-tag"))
            e = take(r.from_tag, sizeof r.from_tag, text);
        else if (pl_slice_eq_nocase(name, "early-only"))
            r.is_early_only = true;
    }
    if (e || !r.to_tag[0] || !r.from_tag[0])
        return PL_EPROTO;
    *ret_replaces = r;
    return PL_OK;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static pl_err unescape(pl_slice text, char *to, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        int c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return PL_EPROTO;
            c = high << 4 | low;
            i += 2;
        }
        if (n + 1 >= cap || c < ' ' || c == 0x7f)
            return PL_EPROTO;
        to[n++] = (char)c;
    }
    to[n] = '\0';
    return n > 0 ? PL_OK : PL_EPROTO;
}

/* "?Replaces=..&Require=.."; headers that mean nothing to us are left out. */
static pl_err take_headers(pl_slice headers, pl_sip_refer_to *to)
{
    pl_slice part;
    pl_slice name;
    pl_slice value;
    while (next_part(&headers, '&', &part)) {
        split(part, &name, &value);
        if (!pl_slice_eq_nocase(name, "Replaces"))
            continue;
        if (to->replaces[0])
            return PL_EPROTO;
        pl_err e = unescape(value, to->replaces, sizeof to->replaces);
        if (e)
            return e;
    }
    return PL_OK;
}

/* Copy an address without its method parameter. */
static pl_err take_address(pl_slice text, pl_sip_refer_to *to)
{
    char address[PL_SIP_URI_MAX + 1] = "";
    size_t n = 0;
    pl_slice part;
    pl_slice name;
    pl_slice value;
    bool is_first = true;
    while (next_part(&text, ';', &part)) {
        split(part, &name, &value);
        if (!is_first && pl_slice_eq_nocase(name, "method")) {
            if (!pl_slice_eq_str(value, "INVITE"))
                return PL_EUNSUPPORTED;
            continue;
        }
        if (pl_fmt(address + n, sizeof address - n, "%s%.*s",
                   is_first ? "" : ";", (int)part.len,
                   (const char *)part.ptr) != PL_OK)
            return PL_EPROTO;
        n += strlen(address + n);
        is_first = false;
    }
    pl_uri parsed;
    pl_err e = pl_uri_parse(pl_slice_str(address), &parsed);
    if (e == PL_EUNSUPPORTED)
        return e;
    return !e && pl_sip_uri_parse(pl_slice_str(address), &to->uri) == PL_OK
               ? PL_OK
               : PL_EPROTO;
}

pl_err pl_sip_refer_to_parse(pl_slice value, pl_sip_refer_to *ret_to)
{
    char display[64];
    pl_slice uri;
    pl_slice address;
    pl_sip_refer_to to = {.replaces = ""};
    if (pl_uri_find(value, &uri, display, sizeof display) != PL_OK ||
        !next_part(&uri, '?', &address))
        return PL_EPROTO;
    pl_err e = take_address(address, &to);
    if (!e && uri.ptr)
        e = take_headers(uri, &to);
    if (!e)
        *ret_to = to;
    return e;
}

pl_err pl_sip_frag_status(pl_slice body, unsigned *ret_status)
{
    static const char start[] = "SIP/2.0 ";
    enum { START = sizeof start - 1, DIGITS = 3 };
    uint64_t n = 0;
    if (body.len < START + DIGITS || memcmp(body.ptr, start, START) != 0 ||
        pl_parse_u64((pl_slice){body.ptr + START, DIGITS}, 699, &n) != PL_OK ||
        n < 100)
        return PL_EPROTO;
    *ret_status = (unsigned)n;
    return PL_OK;
}
