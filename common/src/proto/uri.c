/* uri.c - SIP, SIPS and tel URIs, RFC 3261 section 25.1 and RFC 3966. */
#include "pl/uri.h"

#include <stdio.h>
#include <string.h>

#include "pl/ice_cand.h"
#include "pl/str.h"

enum { MAX_INPUT = 2048, MAX_PORT = 65535 };

static const struct {
    const char *text;
    pl_uri_scheme scheme;
} SCHEMES[] = {{"sip", PL_URI_SIP}, {"sips", PL_URI_SIPS}, {"tel", PL_URI_TEL}};
enum { N_SCHEMES = sizeof SCHEMES / sizeof SCHEMES[0] };

static bool is_alnum(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static bool is_one_of(int c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* user and user-unreserved, RFC 3261 section 25.1 */
static bool is_user_char(int c)
{
    return is_alnum(c) || is_one_of(c, "-_.!~*'()&=+$,;?/");
}

static bool are_all(pl_slice text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alnum(text.ptr[i]) && !is_one_of(text.ptr[i], set))
            return false;
    }
    return true;
}

/* Split at the first mark; without one the head is everything. */
static bool split(pl_slice text, int mark, pl_slice *head, pl_slice *tail)
{
    const uint8_t *at = text.len ? memchr(text.ptr, mark, text.len) : NULL;
    *head = text;
    *tail = (pl_slice){NULL, 0};
    if (!at)
        return false;
    head->len = (size_t)(at - text.ptr);
    *tail = (pl_slice){at + 1, text.len - head->len - 1};
    return true;
}

/* Undo %-escapes. NUL, CR and LF are refused even escaped: they would end or
 * break what the user part is later written into. */
static pl_err unescape_user(pl_slice text, char *buf, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        int c = text.ptr[i];
        if (c == '%') {
            if (text.len - i < 3)
                return PL_EPROTO;
            int high = pl_hex_value(text.ptr[i + 1]);
            int low = pl_hex_value(text.ptr[i + 2]);
            if (high < 0 || low < 0)
                return PL_EPROTO;
            c = high * 16 + low;
            i += 2;
            if (c < ' ' || c == 127)
                return PL_EPROTO;
        } else if (!is_user_char(c) && c != '#') {
            return PL_EPROTO;
        }
        if (n + 1 >= cap)
            return PL_ETOOBIG;
        buf[n++] = (char)c;
    }
    buf[n] = '\0';
    return PL_OK;
}

static pl_err copy_lower(pl_slice host, pl_uri *u)
{
    if (host.len >= sizeof u->host)
        return PL_ETOOBIG;
    for (size_t i = 0; i < host.len; i++) {
        int c = host.ptr[i];
        if (!is_alnum(c) && !is_one_of(c, "-._:"))
            return PL_EPROTO;
        u->host[i] = (char)lower(c);
    }
    u->host[host.len] = '\0';
    u->host_family = pl_ip_family(u->host);
    return PL_OK;
}

static pl_err parse_ipv6(pl_slice host, pl_uri *u)
{
    pl_err e = copy_lower(host, u);
    return e == PL_OK && u->host_family != 6 ? PL_EPROTO : e;
}

static pl_err parse_name(pl_slice host, pl_uri *u)
{
    return host.len == 0 ? PL_EPROTO : copy_lower(host, u);
}

static pl_err parse_port(pl_slice text, uint16_t *ret_port)
{
    uint64_t port = 0;
    if (pl_parse_u64(text, MAX_PORT, &port) != PL_OK || port == 0)
        return PL_EPROTO;
    *ret_port = (uint16_t)port;
    return PL_OK;
}

/* host[:port] or [ipv6][:port] */
static pl_err parse_host_port(pl_slice text, pl_uri *u)
{
    pl_slice host;
    pl_slice rest;
    if (text.len > 0 && text.ptr[0] == '[') {
        pl_slice inner = {text.ptr + 1, text.len - 1};
        if (!split(inner, ']', &host, &rest))
            return PL_EPROTO;
        pl_err e = parse_ipv6(host, u);
        if (e != PL_OK || rest.len == 0)
            return e;
        if (rest.ptr[0] != ':')
            return PL_EPROTO;
        return parse_port((pl_slice){rest.ptr + 1, rest.len - 1}, &u->port);
    }
    bool has_port = split(text, ':', &host, &rest);
    pl_err e = parse_name(host, u);
    return e == PL_OK && has_port ? parse_port(rest, &u->port) : e;
}

/* Keep ";a=b;c" when every character is allowed there. */
static pl_err keep_params(pl_slice text, pl_uri *u)
{
    if (!are_all(text, "-_.!~*'()%[]/:&+$=;"))
        return PL_EPROTO;
    if (text.len == 0)
        return PL_OK;
    if (text.len + 1 >= sizeof u->params)
        return PL_ETOOBIG;
    u->params[0] = ';';
    return pl_copy(u->params + 1, sizeof u->params - 1, text);
}

static void read_params(pl_uri *u)
{
    static const struct {
        const char *text;
        pl_uri_transport transport;
    } transports[] = {
        {"udp", PL_URI_UDP}, {"tcp", PL_URI_TCP}, {"tls", PL_URI_TLS}};
    pl_slice value;
    u->is_lr = pl_uri_param(u, "lr", &value) == PL_OK;
    if (pl_uri_param(u, "transport", &value) != PL_OK)
        return;
    u->transport = PL_URI_OTHER;
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
        if (pl_slice_eq_nocase(value, transports[i].text))
            u->transport = transports[i].transport;
    }
}

/* userinfo@ ends at the last '@' before the host: neither host, parameters nor
 * headers may hold one. */
static pl_err parse_sip(pl_slice text, pl_uri *u)
{
    size_t at = text.len;
    while (at > 0 && text.ptr[at - 1] != '@')
        at--;
    if (at > 0) {
        pl_slice user = {text.ptr, at - 1};
        pl_slice password;
        (void)split(user, ':', &user, &password);
        if (!are_all(password, "-_.!~*'()%&=+$,"))
            return PL_EPROTO;
        pl_err e = unescape_user(user, u->user, sizeof u->user);
        if (e != PL_OK || u->user[0] == '\0')
            return e == PL_OK ? PL_EPROTO : e;
        text.ptr += at;
        text.len -= at;
    }
    pl_slice headers;
    pl_slice params;
    (void)split(text, '?', &text, &headers);
    (void)split(text, ';', &text, &params);
    if (!are_all(headers, "-_.!~*'()%[]/?:+$=&"))
        return PL_EPROTO;
    pl_err e = parse_host_port(text, u);
    return e == PL_OK ? keep_params(params, u) : e;
}

/* RFC 3966 section 3: digits, with visual separators that mean nothing. */
static pl_err parse_tel(pl_slice text, pl_uri *u)
{
    pl_slice params;
    size_t n = 0;
    size_t digits = 0;
    (void)split(text, ';', &text, &params);
    for (size_t i = 0; i < text.len; i++) {
        int c = text.ptr[i];
        bool is_digit = (c >= '0' && c <= '9') || is_one_of(c, "*#");
        if (is_one_of(c, "-.()"))
            continue;
        if (!is_digit && !(c == '+' && i == 0))
            return PL_EPROTO;
        if (n + 1 >= sizeof u->user)
            return PL_ETOOBIG;
        u->user[n++] = (char)c;
        digits += is_digit;
    }
    u->user[n] = '\0';
    return digits > 0 ? keep_params(params, u) : PL_EPROTO;
}

pl_err pl_uri_parse(pl_slice text, pl_uri *ret_uri)
{
    pl_uri u = {.scheme = PL_URI_NONE};
    pl_slice scheme;
    pl_slice rest;
    if (text.len > MAX_INPUT)
        return PL_ETOOBIG;
    if (!split(text, ':', &scheme, &rest) || scheme.len == 0)
        return PL_EPROTO;
    if (!are_all(scheme, "+-."))
        return PL_EPROTO;
    for (size_t i = 0; i < N_SCHEMES; i++) {
        if (pl_slice_eq_nocase(scheme, SCHEMES[i].text))
            u.scheme = SCHEMES[i].scheme;
    }
    if (u.scheme == PL_URI_NONE)
        return PL_EUNSUPPORTED;
    pl_err e =
        u.scheme == PL_URI_TEL ? parse_tel(rest, &u) : parse_sip(rest, &u);
    if (e != PL_OK)
        return e;
    read_params(&u);
    *ret_uri = u;
    return PL_OK;
}

/* Escape what RFC 3261 does not allow bare in a user part. */
static pl_err escape_user(const char *user, char *buf, size_t cap)
{
    size_t n = 0;
    for (const char *p = user; *p; p++) {
        unsigned c = (unsigned char)*p;
        if (cap - n < 4)
            return PL_EFULL;
        if (is_user_char((int)c)) {
            buf[n++] = *p;
        } else {
            (void)snprintf(buf + n, cap - n, "%%%02X", c);
            n += 3;
        }
    }
    buf[n] = '\0';
    return PL_OK;
}

pl_err pl_uri_write(const pl_uri *uri, char *buf, size_t cap)
{
    const char *scheme = NULL;
    char user[3 * PL_URI_USER_TEXT + 1];
    char port[8] = "";
    for (size_t i = 0; i < N_SCHEMES; i++) {
        if (SCHEMES[i].scheme == uri->scheme)
            scheme = SCHEMES[i].text;
    }
    if (!scheme)
        return PL_EINVAL;
    if (uri->scheme == PL_URI_TEL) /* '#' is allowed bare in a tel URI */
        return pl_fmt(buf, cap, "tel:%s%s", uri->user, uri->params);
    if (!uri->host[0])
        return PL_EINVAL;
    pl_err e = escape_user(uri->user, user, sizeof user);
    if (e == PL_OK && uri->port != 0)
        e = pl_fmt(port, sizeof port, ":%u", (unsigned)uri->port);
    if (e != PL_OK)
        return e;
    bool is_v6 = uri->host_family == 6;
    return pl_fmt(buf, cap, "%s:%s%s%s%s%s%s%s", scheme, user,
                  uri->user[0] ? "@" : "", is_v6 ? "[" : "", uri->host,
                  is_v6 ? "]" : "", port, uri->params);
}

bool pl_uri_same(const pl_uri *a, const pl_uri *b)
{
    return a->scheme == b->scheme && a->port == b->port &&
           strcmp(a->user, b->user) == 0 && strcmp(a->host, b->host) == 0;
}

pl_err pl_uri_param(const pl_uri *uri, const char *name, pl_slice *ret_value)
{
    pl_slice rest = pl_slice_str(uri->params);
    if (rest.len > 0) { /* the leading ';' */
        rest.ptr++;
        rest.len--;
    }
    while (rest.len > 0) {
        pl_slice one;
        pl_slice key;
        pl_slice value;
        (void)split(rest, ';', &one, &rest);
        (void)split(one, '=', &key, &value);
        if (pl_slice_eq_nocase(key, name)) {
            *ret_value = value;
            return PL_OK;
        }
    }
    return PL_ENOENT;
}

static void skip_blanks(pl_slice *s)
{
    while (s->len > 0 && is_one_of(s->ptr[0], " \t")) {
        s->ptr++;
        s->len--;
    }
}

/* A quoted string with backslash escapes, opening quote at text[0]; cut to
 * fit. */
static pl_err take_quoted(pl_slice *text, char *buf, size_t cap)
{
    size_t n = 0;
    for (size_t i = 1; i < text->len; i++) {
        int c = text->ptr[i];
        if (c == '"') {
            buf[n] = '\0';
            text->ptr += i + 1;
            text->len -= i + 1;
            return PL_OK;
        }
        if (c == '\\' && i + 1 < text->len)
            c = text->ptr[++i];
        if ((c < ' ' && c != '\t') || c == 127)
            return PL_EPROTO;
        if (n + 1 < cap)
            buf[n++] = (char)c;
    }
    return PL_EPROTO;
}

/* Bare words before '<'. */
static pl_err take_words(pl_slice *text, char *buf, size_t cap)
{
    pl_slice words;
    pl_slice rest;
    if (!split(*text, '<', &words, &rest))
        return PL_EPROTO;
    text->ptr += words.len;
    text->len -= words.len;
    while (words.len > 0 && is_one_of(words.ptr[words.len - 1], " \t"))
        words.len--;
    size_t n = 0;
    for (size_t i = 0; i < words.len; i++) {
        int c = words.ptr[i];
        if ((c < ' ' && c != '\t') || c == 127)
            return PL_EPROTO;
        if (n + 1 < cap)
            buf[n++] = (char)c;
    }
    buf[n] = '\0';
    return PL_OK;
}

pl_err pl_uri_find(pl_slice text, pl_slice *ret_uri, char *ret_display,
                   size_t cap)
{
    char display[PL_URI_TEXT] = "";
    skip_blanks(&text);
    if (text.len == 0 || cap == 0)
        return PL_EPROTO;
    bool is_quoted = text.ptr[0] == '"';
    bool is_bracketed = is_quoted || memchr(text.ptr, '<', text.len);
    pl_slice uri;
    pl_slice rest;
    if (is_bracketed) {
        pl_err e = is_quoted ? take_quoted(&text, display, sizeof display)
                             : take_words(&text, display, sizeof display);
        skip_blanks(&text);
        if (e != PL_OK || text.len == 0 || text.ptr[0] != '<')
            return PL_EPROTO;
        pl_slice inner = {text.ptr + 1, text.len - 1};
        if (!split(inner, '>', &uri, &rest))
            return PL_EPROTO;
    } else {
        /* RFC 3261 section 20: without brackets the parameters are the
         * header's, not the URI's */
        (void)split(text, ';', &uri, &rest);
        while (uri.len > 0 && is_one_of(uri.ptr[uri.len - 1], " \t"))
            uri.len--;
    }
    pl_fmt_cut(ret_display, cap, "%s", display);
    *ret_uri = uri;
    return PL_OK;
}

pl_err pl_uri_parse_name_addr(pl_slice text, pl_uri *ret_uri, char *ret_display,
                              size_t cap)
{
    char display[PL_URI_TEXT];
    pl_slice inner;
    pl_err e = cap == 0 ? PL_EPROTO
                        : pl_uri_find(text, &inner, display, sizeof display);
    if (e == PL_OK)
        e = pl_uri_parse(inner, ret_uri);
    if (e == PL_OK)
        pl_fmt_cut(ret_display, cap, "%s", display);
    return e;
}
