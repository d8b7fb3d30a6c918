/* sip_build.c - the only writer of SIP messages. */
#include "sip_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pl/str.h"
#include "sip_map.h"

typedef struct out {
    char *buf;
    size_t cap, len;
    bool is_full;
} out;

static void put_slice(out *o, pl_slice s)
{
    if (o->is_full || s.len >= o->cap - o->len) {
        o->is_full = true;
        return;
    }
    if (s.len > 0)
        memcpy(o->buf + o->len, s.ptr, s.len);
    o->len += s.len;
    o->buf[o->len] = '\0';
}

static void put(out *o, const char *text)
{
    put_slice(o, pl_slice_str(text));
}

static void putf(out *o, const char *format, ...) PL_PRINTF(2, 3);
static void putf(out *o, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(o->buf + o->len, o->cap - o->len, format, ap);
    va_end(ap);
    if (o->is_full || n < 0 || (size_t)n >= o->cap - o->len) {
        o->is_full = true;
    } else {
        o->len += (size_t)n;
    }
}

static bool has_control(const char *text)
{
    for (; text && *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

static void put_body(out *o, const char *content_type, pl_slice body)
{
    if (content_type) {
        putf(o, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", content_type,
             body.len);
        put_slice(o, body);
    } else {
        put(o, "Content-Length: 0\r\n\r\n");
    }
}

/* RFC 3261 section 20.42 */
static const char *via_name(pl_uri_transport transport)
{
    if (transport == PL_URI_TLS)
        return "TLS";
    return transport == PL_URI_TCP ? "TCP" : "UDP";
}

pl_err pl_sip_build_request(const pl_sip_request_spec *spec, char *buf,
                            size_t cap, size_t *ret_len)
{
    const pl_sip_dialog *d = spec->dialog;
    const char *const values[] = {
        spec->request_uri, spec->route,   spec->via,     spec->branch,
        spec->contact,     d->local_uri,  d->local_name, d->local_tag,
        d->remote_uri,     d->remote_tag, d->call_id};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (has_control(values[i]))
            return PL_EINVAL;
    }
    const char *method = pl_sip_method_text(spec->method);
    out o = {.buf = buf, .cap = cap};
    char name[257];
    pl_sip_quote_safe(d->local_name, name, sizeof name);
    putf(&o, "%s %s SIP/2.0\r\n", method, spec->request_uri);
    putf(&o, "Via: SIP/2.0/%s %s;branch=%s;rport\r\n",
         via_name(spec->transport), spec->via, spec->branch);
    put(&o, "Max-Forwards: 70\r\n");
    if (spec->route[0])
        putf(&o, "Route: %s\r\n", spec->route);
    if (name[0]) {
        putf(&o, "From: \"%s\" <%s>;tag=%s\r\n", name, d->local_uri,
             d->local_tag);
    } else {
        putf(&o, "From: <%s>;tag=%s\r\n", d->local_uri, d->local_tag);
    }
    put(&o, "To: ");
    pl_sip_quote_safe(spec->to_name ? spec->to_name : "", name, sizeof name);
    if (name[0])
        putf(&o, "\"%s\" ", name);
    putf(&o, "<%s>%s%s\r\n", d->remote_uri, d->remote_tag[0] ? ";tag=" : "",
         d->remote_tag);
    putf(&o, "Call-ID: %s\r\nCSeq: %u %s\r\n", d->call_id, spec->cseq, method);
    if (spec->contact)
        putf(&o, "Contact: <%s>\r\n", spec->contact);
    if (spec->method == PL_SIP_INVITE)
        put(&o, "Allow: " PL_SIP_ALLOW "\r\n");
    if (spec->extra)
        put(&o, spec->extra);
    put_body(&o, spec->content_type, spec->body);
    if (o.is_full)
        return PL_EFULL;
    *ret_len = o.len;
    return PL_OK;
}

/* Host of "SIP/2.0/UDP host:port": without brackets. */
static pl_slice sent_by_host(pl_slice value)
{
    size_t i = 0;
    while (i < value.len && value.ptr[i] != ' ' && value.ptr[i] != '\t')
        i++;
    pl_slice s = pl_sip_trim((pl_slice){value.ptr + i, value.len - i});
    if (s.len > 0 && s.ptr[0] == '[') {
        const uint8_t *end = memchr(s.ptr, ']', s.len);
        return end ? (pl_slice){s.ptr + 1, (size_t)(end - s.ptr) - 1} : s;
    }
    const uint8_t *colon = memchr(s.ptr, ':', s.len);
    return colon ? pl_sip_trim((pl_slice){s.ptr, (size_t)(colon - s.ptr)})
                 : pl_sip_trim(s);
}

/* The top Via element with received and rport filled in. */
static void put_top_via(out *o, pl_slice via, const pl_sip_response_spec *spec)
{
    const uint8_t *semi = memchr(via.ptr, ';', via.len);
    size_t n = semi ? (size_t)(semi - via.ptr) : via.len;
    pl_slice host = sent_by_host((pl_slice){via.ptr, n});
    put_slice(o, pl_sip_trim((pl_slice){via.ptr, n}));
    bool has_rport = false;
    while (n < via.len) {
        pl_slice rest = {via.ptr + n + 1, via.len - n - 1};
        const uint8_t *end = memchr(rest.ptr, ';', rest.len);
        pl_slice p = {rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len};
        n += 1 + p.len;
        p = pl_sip_trim(p);
        bool is_received =
            p.len >= 8 && pl_slice_eq_nocase((pl_slice){p.ptr, 8}, "received");
        bool is_rport =
            p.len >= 5 && pl_slice_eq_nocase((pl_slice){p.ptr, 5}, "rport");
        has_rport |= is_rport;
        if (is_received || is_rport || p.len == 0)
            continue; /* only we know where it came from */
        put(o, ";");
        put_slice(o, p);
    }
    if (has_rport)
        putf(o, ";rport=%u", (unsigned)spec->source_port);
    if (has_rport || !pl_slice_eq_str(host, spec->source))
        putf(o, ";received=%s", spec->source);
}

static bool put_vias(out *o, const pl_sip_response_spec *spec)
{
    size_t cursor = 0;
    bool is_top = true;
    pl_sip_line line;
    while (pl_sip_head_find(spec->request, "Via", &cursor, &line)) {
        pl_slice rest = line.value;
        pl_slice item;
        put(o, "Via: ");
        if (is_top && pl_sip_list_next(&rest, &item)) {
            put_top_via(o, item, spec);
            rest = pl_sip_trim(rest);
            if (rest.len > 0)
                put(o, ", ");
        }
        put_slice(o, rest);
        put(o, "\r\n");
        is_top = false;
    }
    return !is_top;
}

static bool put_copy(out *o, const pl_sip_head *head, const char *name,
                     const char *tag)
{
    size_t cursor = 0;
    pl_sip_line line;
    if (!pl_sip_head_find(head, name, &cursor, &line))
        return false;
    putf(o, "%s: ", name);
    put_slice(o, line.value);
    pl_slice theirs;
    if (tag && !pl_sip_param(line.value, "tag", &theirs))
        putf(o, ";tag=%s", tag);
    put(o, "\r\n");
    return true;
}

static void put_record_routes(out *o, const pl_sip_head *head)
{
    size_t cursor = 0;
    pl_sip_line line;
    while (pl_sip_head_find(head, "Record-Route", &cursor, &line)) {
        put(o, "Record-Route: ");
        put_slice(o, line.value);
        put(o, "\r\n");
    }
}

pl_err pl_sip_build_response(const pl_sip_response_spec *spec, char *buf,
                             size_t cap, size_t *ret_len)
{
    out o = {.buf = buf, .cap = cap};
    const char *phrase =
        spec->phrase && spec->phrase[0] && !has_control(spec->phrase)
            ? spec->phrase
            : pl_sip_phrase(spec->status);
    putf(&o, "SIP/2.0 %u %s\r\n", spec->status, phrase);
    const char *tag = spec->status > 100 ? spec->to_tag : NULL;
    if (!put_vias(&o, spec) || !put_copy(&o, spec->request, "From", NULL) ||
        !put_copy(&o, spec->request, "To", tag) ||
        !put_copy(&o, spec->request, "Call-ID", NULL) ||
        !put_copy(&o, spec->request, "CSeq", NULL)) {
        return PL_EPROTO;
    }
    if (spec->contact && spec->status > 100 && spec->status < 300)
        put_record_routes(&o, spec->request);
    if (spec->contact)
        putf(&o, "Contact: <%s>\r\n", spec->contact);
    if (spec->extra)
        put(&o, spec->extra);
    put_body(&o, spec->content_type, spec->body);
    if (o.is_full)
        return PL_EFULL;
    *ret_len = o.len;
    return PL_OK;
}

void pl_sip_quote_safe(const char *text, char *buf, size_t cap)
{
    size_t n = 0;
    for (; *text && n + 1 < cap; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= ' ' && c != 0x7f && c != '"' && c != '\\')
            buf[n++] = (char)c;
    }
    buf[n] = '\0';
}

pl_err pl_sip_escape_user(const char *user, char *buf, size_t cap)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (; *user; user++) {
        unsigned char c = (unsigned char)*user;
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || strchr("-_.!~*'()+", c);
        if (n + (is_plain ? 1 : 3) >= cap)
            return PL_EFULL;
        if (is_plain) {
            buf[n++] = (char)c;
        } else {
            buf[n++] = '%';
            buf[n++] = hex[c >> 4];
            buf[n++] = hex[c & 15];
        }
    }
    buf[n] = '\0';
    return PL_OK;
}

pl_err pl_sip_number_uri(const char *number, const char *host, char *buf,
                         size_t cap)
{
    char user[3 * PL_URI_USER_TEXT];
    pl_err e = pl_sip_escape_user(number, user, sizeof user);
    return e ? e : pl_fmt(buf, cap, "sip:%s@%s;user=phone", user, host);
}
