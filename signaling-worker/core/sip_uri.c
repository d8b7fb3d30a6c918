/* sip_uri.c - addresses as SIP headers hold them. */
#include "sip_uri.h"

#include <string.h>

#include "pl/str.h"
#include "sip_head.h"

bool pl_sip_list_next(pl_slice *rest, pl_slice *ret_item)
{
    bool is_quoted = false;
    unsigned depth = 0;
    size_t i = 0;
    for (; i < rest->len; i++) {
        uint8_t c = rest->ptr[i];
        if (is_quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && c == '<') {
            depth++;
        } else if (!is_quoted && c == '>' && depth > 0) {
            depth--;
        } else if (!is_quoted && depth == 0 && c == ',') {
            break;
        }
    }
    if (i > rest->len)
        i = rest->len;
    pl_slice item = pl_sip_trim((pl_slice){rest->ptr, i});
    size_t used = i < rest->len ? i + 1 : i;
    if (item.len == 0 && used == rest->len)
        return false;
    rest->ptr += used;
    rest->len -= used;
    *ret_item = item;
    return true;
}

size_t pl_sip_uri_bare(const char *uri)
{
    const char *host =
        strchr(uri, '@'); /* RFC 3261 section 25.1: one at most */
    size_t n = host ? (size_t)(host - uri) : 0;
    return n + strcspn(uri + n, ";?");
}

/* What stands between angle brackets; without them everything. */
static pl_err inner(pl_slice text, pl_slice *ret)
{
    char display[2];
    text = pl_sip_trim(text);
    if (text.len == 0)
        return PL_EINVAL;
    if (text.ptr[0] != '"' && !memchr(text.ptr, '<', text.len)) {
        *ret = text;
        return PL_OK;
    }
    return pl_uri_find(text, ret, display, sizeof display);
}

pl_err pl_sip_uri_parse(pl_slice text, pl_sip_uri *ret_uri)
{
    pl_slice in;
    pl_uri u;
    if (!text.ptr || inner(text, &in) != PL_OK || in.len > PL_SIP_URI_MAX ||
        pl_uri_parse(in, &u) != PL_OK) {
        return PL_EINVAL;
    }
    pl_sip_uri uri = {.scheme = u.scheme,
                      .port = u.port,
                      .transport =
                          u.scheme == PL_URI_SIPS ? PL_URI_TLS : u.transport,
                      .is_loose = u.is_lr};
    pl_fmt_cut(uri.text, sizeof uri.text, "%.*s", (int)in.len,
               (const char *)in.ptr);
    pl_fmt_cut(uri.user, sizeof uri.user, "%s", u.user);
    pl_fmt_cut(uri.host, sizeof uri.host, "%s", u.host);
    *ret_uri = uri;
    return PL_OK;
}
