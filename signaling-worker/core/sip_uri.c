/* sip_uri.c - parsing of addresses. */
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

/* Percent-decode; a decoded control character is refused. */
static pl_err unescape(pl_slice in, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        unsigned c = in.ptr[i];
        if (c == '%') {
            if (i + 2 >= in.len || pl_hex_value(in.ptr[i + 1]) < 0 ||
                pl_hex_value(in.ptr[i + 2]) < 0) {
                return PL_EINVAL;
            }
            c = (unsigned)(pl_hex_value(in.ptr[i + 1]) * 16 +
                           pl_hex_value(in.ptr[i + 2]));
            i += 2;
        }
        if (c < ' ' || c == 0x7f || n + 1 >= cap)
            return PL_EINVAL;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return PL_OK;
}

/* Host characters: name, IPv4 or bracketed IPv6. */
static bool is_host(pl_slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
        if (!is_alnum && c != '.' && c != '-' && c != '_' && c != ':')
            return false;
    }
    return host.len > 0;
}

static pl_err parse_host_port(pl_slice text, pl_sip_uri *uri)
{
    pl_slice host = text;
    pl_slice port = {NULL, 0};
    if (text.len > 0 && text.ptr[0] == '[') {
        const uint8_t *end = memchr(text.ptr, ']', text.len);
        if (!end)
            return PL_EINVAL;
        host = (pl_slice){text.ptr + 1, (size_t)(end - text.ptr) - 1};
        port = (pl_slice){end + 1, text.len - host.len - 2};
        if (port.len > 0 && port.ptr[0] != ':')
            return PL_EINVAL;
    } else {
        const uint8_t *colon = memchr(text.ptr, ':', text.len);
        if (colon) {
            host.len = (size_t)(colon - text.ptr);
            port = (pl_slice){colon, text.len - host.len};
        }
    }
    uint64_t n = 0;
    if (port.len > 0) {
        port.ptr++;
        port.len--;
        if (pl_parse_u64(port, 65535, &n) != PL_OK || n == 0)
            return PL_EINVAL;
    }
    uri->port = (uint16_t)n;
    if (!is_host(host))
        return PL_EINVAL;
    return pl_copy(uri->host, sizeof uri->host, host) == PL_OK ? PL_OK
                                                               : PL_EINVAL;
}

static bool starts_with(pl_slice text, const char *word, pl_slice *ret_rest)
{
    size_t n = strlen(word);
    if (text.len < n || !pl_slice_eq_nocase((pl_slice){text.ptr, n}, word))
        return false;
    *ret_rest = (pl_slice){text.ptr + n, text.len - n};
    return true;
}

static void read_params(pl_slice params, pl_sip_uri *uri)
{
    while (params.len > 0) {
        const uint8_t *end = memchr(params.ptr, ';', params.len);
        size_t n = end ? (size_t)(end - params.ptr) : params.len;
        pl_slice p = {params.ptr, n};
        pl_slice value;
        if (pl_slice_eq_nocase(p, "lr") || starts_with(p, "lr=", &value))
            uri->is_loose = true;
        if (starts_with(p, "transport=", &value)) {
            uri->has_transport = true;
            uri->is_tcp = pl_slice_eq_nocase(value, "tcp");
        }
        params.ptr += end ? n + 1 : n;
        params.len -= end ? n + 1 : n;
    }
}

/* RFC 3966 section 3: digits, optional plus, visual separators. */
static pl_err parse_tel(pl_slice rest, pl_sip_uri *uri)
{
    const uint8_t *semi = memchr(rest.ptr, ';', rest.len);
    size_t len = semi ? (size_t)(semi - rest.ptr) : rest.len;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = rest.ptr[i];
        if (strchr("-.()", c))
            continue;
        bool is_good = (c >= '0' && c <= '9') || c == '*' || c == '#' ||
                       (c == '+' && i == 0);
        if (!is_good || n + 1 >= sizeof uri->user)
            return PL_EINVAL;
        uri->user[n++] = (char)c;
    }
    uri->user[n] = '\0';
    return n > 0 ? PL_OK : PL_EINVAL;
}

static pl_err parse_sip(pl_slice rest, pl_sip_uri *uri)
{
    const uint8_t *at = memchr(rest.ptr, '@', rest.len);
    if (at) {
        pl_slice user = {rest.ptr, (size_t)(at - rest.ptr)};
        rest = (pl_slice){at + 1, rest.len - user.len - 1};
        const uint8_t *colon = memchr(user.ptr, ':', user.len);
        if (colon) /* a password: RFC 3261 section 19.1.1 warns of it */
            user.len = (size_t)(colon - user.ptr);
        if (user.len == 0 ||
            unescape(user, uri->user, sizeof uri->user) != PL_OK) {
            return PL_EINVAL;
        }
    }
    const uint8_t *ask = memchr(rest.ptr, '?', rest.len);
    size_t len = ask ? (size_t)(ask - rest.ptr) : rest.len;
    const uint8_t *semi = memchr(rest.ptr, ';', len);
    pl_slice host = {rest.ptr, semi ? (size_t)(semi - rest.ptr) : len};
    if (semi)
        read_params((pl_slice){semi + 1, len - host.len - 1}, uri);
    return parse_host_port(host, uri);
}

/* What stands between angle brackets, or before the header parameters. */
static pl_err inner(pl_slice text, pl_slice *ret)
{
    text = pl_sip_trim(text);
    const uint8_t *open = NULL;
    bool is_quoted = false;
    for (size_t i = 0; i < text.len && !open; i++) {
        if (is_quoted && text.ptr[i] == '\\') {
            i++;
        } else if (text.ptr[i] == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && text.ptr[i] == '<') {
            open = text.ptr + i;
        }
    }
    if (!open) {
        *ret = text;
        return is_quoted ? PL_EINVAL : PL_OK;
    }
    size_t left = text.len - (size_t)(open + 1 - text.ptr);
    const uint8_t *end = memchr(open + 1, '>', left);
    if (!end)
        return PL_EINVAL;
    *ret = (pl_slice){open + 1, (size_t)(end - open) - 1};
    return PL_OK;
}

pl_err pl_sip_uri_parse(pl_slice text, pl_sip_uri *ret_uri)
{
    pl_slice in;
    if (!text.ptr || inner(text, &in) != PL_OK || in.len == 0)
        return PL_EINVAL;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' ||
            c == ',') {
            return PL_EINVAL;
        }
    }
    pl_sip_uri uri = {.scheme = PL_SIP_SCHEME_OTHER};
    if (pl_copy(uri.text, sizeof uri.text, in) != PL_OK)
        return PL_EINVAL;
    pl_slice rest;
    pl_err e = PL_EINVAL;
    if (starts_with(in, "sip:", &rest)) {
        uri.scheme = PL_SIP_SCHEME_SIP;
        e = parse_sip(rest, &uri);
    } else if (starts_with(in, "sips:", &rest)) {
        uri.scheme = PL_SIP_SCHEME_SIPS;
        e = parse_sip(rest, &uri);
    } else if (starts_with(in, "tel:", &rest)) {
        uri.scheme = PL_SIP_SCHEME_TEL;
        e = parse_tel(rest, &uri);
    }
    if (e == PL_OK)
        *ret_uri = uri;
    return e;
}
