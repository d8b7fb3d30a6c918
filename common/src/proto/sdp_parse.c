/* sdp_parse.c - from text to sections and attributes, in one block of memory.
 */
#include "pl/sdp.h"

#include <stdlib.h>
#include <string.h>

#include "pl/ice_cand.h"
#include "pl/str.h"

enum {
    MAX_ATTRS_ALL =
        (PL_SDP_MAX_MEDIA + 1) * (PL_SDP_MAX_ATTRS + PL_SDP_MAX_CANDIDATES),
    MAX_PORT = 65535,
};

/* The description being built and where in the text we are. */
typedef struct parser {
    pl_sdp *sdp;
    pl_sdp_attr *attrs; /* room for every a= line of the text */
    size_t n_attrs;
    size_t n_candidates; /* of the section at hand */
    bool has_version, has_origin;
    pl_sdp_fault fault;
} parser;

static pl_err refuse(parser *p, pl_err e, const char *what)
{
    p->fault.what = what;
    return e;
}

static pl_sdp_media *section(parser *p)
{
    return p->sdp->n_media > 0 ? &p->sdp->media[p->sdp->n_media - 1] : NULL;
}

/* Characters of a token, RFC 8866 section 9; '/' too, which proto has. */
static bool is_token(pl_slice s, bool may_have_slash)
{
    static const char extra[] = "!#$%&'*+-.^_`{|}~";
    for (size_t i = 0; i < s.len; i++) {
        int c = s.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                     (c >= 'A' && c <= 'Z');
        if (!alnum && !(may_have_slash && c == '/') &&
            (c == 0 || !strchr(extra, c)))
            return false;
    }
    return s.len > 0;
}

/* Number or 0: nothing depends on the ids of o= but a log line. */
static uint64_t number_or_zero(pl_slice s)
{
    uint64_t n = 0;
    return pl_parse_u64(s, UINT64_MAX, &n) == PL_OK ? n : 0;
}

/* RFC 8866 section 5.1: only version 0 exists. */
static pl_err on_version(parser *p, pl_slice value)
{
    if (!pl_slice_eq_str(value, "0"))
        return refuse(p, PL_EPROTO, "v= is not 0");
    p->has_version = true;
    return PL_OK;
}

/* RFC 8866 section 5.2. The address is not used, so not checked. */
static pl_err on_origin(parser *p, pl_slice value)
{
    pl_slice field[6];
    for (size_t i = 0; i < 6; i++)
        field[i] = pl_sdp_token(&value);
    if (p->has_origin || p->sdp->n_media > 0)
        return refuse(p, PL_EPROTO, "o= out of place");
    if (field[5].len == 0)
        return refuse(p, PL_EPROTO, "o= has not six fields");
    p->sdp->session_id = number_or_zero(field[1]);
    p->sdp->session_version = number_or_zero(field[2]);
    p->has_origin = true;
    return PL_OK;
}

static pl_err on_name(parser *p, pl_slice value)
{
    if (p->sdp->n_media == 0)
        p->sdp->name = value;
    return PL_OK;
}

/* "IN IP4 192.0.2.1[/ttl]"; a host name leaves family 0. */
static pl_err parse_conn(pl_slice value, pl_sdp_conn *ret_conn)
{
    pl_slice net = pl_sdp_token(&value);
    pl_slice type = pl_sdp_token(&value);
    pl_slice address = pl_sdp_token(&value);
    if (!pl_slice_eq_nocase(net, "IN") || address.len == 0)
        return PL_EPROTO;
    bool is_v4 = pl_slice_eq_nocase(type, "IP4");
    if (!is_v4 && !pl_slice_eq_nocase(type, "IP6"))
        return PL_EPROTO;
    const uint8_t *slash = memchr(address.ptr, '/', address.len);
    if (slash)
        address.len = (size_t)(slash - address.ptr);
    pl_sdp_conn conn = {0};
    if (pl_copy(conn.address, sizeof conn.address, address) == PL_OK)
        conn.family = pl_ip_family(conn.address);
    if (conn.family == 0) {
        conn.address[0] = '\0';
    } else if ((conn.family == 4) != is_v4) {
        return PL_EPROTO;
    }
    *ret_conn = conn;
    return PL_OK;
}

static pl_err on_connection(parser *p, pl_slice value)
{
    pl_sdp_conn conn;
    if (parse_conn(value, &conn) != PL_OK)
        return refuse(p, PL_EPROTO, "c= is malformed");
    if (section(p)) {
        section(p)->conn = conn;
    } else {
        p->sdp->conn = conn;
    }
    return PL_OK;
}

/* "49170" or "49170/2". */
static pl_err parse_port(pl_slice text, uint16_t *ret_port)
{
    uint64_t port = 0;
    uint64_t count = 1;
    const uint8_t *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    if (slash) {
        pl_slice tail = {slash + 1, text.len - (size_t)(slash + 1 - text.ptr)};
        text.len = (size_t)(slash - text.ptr);
        if (pl_parse_u64(tail, MAX_PORT, &count) != PL_OK || count == 0)
            return PL_EPROTO;
    }
    if (pl_parse_u64(text, MAX_PORT, &port) != PL_OK)
        return PL_EPROTO;
    *ret_port = (uint16_t)port;
    return PL_OK;
}

static pl_err on_media(parser *p, pl_slice value)
{
    if (p->sdp->n_media == PL_SDP_MAX_MEDIA)
        return refuse(p, PL_ETOOBIG, "too many m= lines");
    pl_sdp_media *m = &p->sdp->media[p->sdp->n_media];
    m->kind = pl_sdp_token(&value);
    pl_slice port = pl_sdp_token(&value);
    m->proto = pl_sdp_token(&value);
    if (!is_token(m->kind, false) || !is_token(m->proto, true) ||
        parse_port(port, &m->port) != PL_OK)
        return refuse(p, PL_EPROTO, "m= is malformed");
    for (pl_slice f = pl_sdp_token(&value); f.len > 0;
         f = pl_sdp_token(&value)) {
        if (m->n_formats == PL_SDP_MAX_FORMATS)
            return refuse(p, PL_ETOOBIG, "too many formats");
        if (!is_token(f, true))
            return refuse(p, PL_EPROTO, "a format of m= is malformed");
        m->formats[m->n_formats++] = f;
    }
    if (m->n_formats == 0)
        return refuse(p, PL_EPROTO, "m= without a format");
    m->conn = p->sdp->conn;
    m->attrs = p->attrs + p->n_attrs;
    p->n_candidates = 0;
    p->sdp->n_media++;
    return PL_OK;
}

static pl_err on_attribute(parser *p, pl_slice value)
{
    pl_sdp_attr attr = {value, {NULL, 0}};
    const uint8_t *colon = value.len ? memchr(value.ptr, ':', value.len) : NULL;
    if (colon) {
        attr.name.len = (size_t)(colon - value.ptr);
        attr.value.ptr = colon + 1;
        attr.value.len = value.len - attr.name.len - 1;
    }
    if (!is_token(attr.name, true))
        return refuse(p, PL_EPROTO, "a= without a name");
    pl_sdp_media *m = section(p);
    size_t *n = m ? &m->n_attrs : &p->sdp->n_attrs;
    if (pl_slice_eq_str(attr.name, "candidate")) {
        if (++p->n_candidates > PL_SDP_MAX_CANDIDATES)
            return refuse(p, PL_ETOOBIG, "too many candidates");
    } else if (*n - p->n_candidates == PL_SDP_MAX_ATTRS) {
        return refuse(p, PL_ETOOBIG, "too many attributes");
    }
    p->attrs[p->n_attrs++] = attr;
    (*n)++;
    return PL_OK;
}

static const struct {
    char type;
    pl_err (*handle)(parser *p, pl_slice value);
} LINES[] = {
    {'v', on_version},    {'o', on_origin}, {'s', on_name},
    {'c', on_connection}, {'m', on_media},  {'a', on_attribute},
};

/* Types that are not in LINES (b=, t=, i=, ..) and unknown ones say nothing
 * that we need. */
static pl_err on_line(parser *p, pl_slice line)
{
    if (line.len > PL_SDP_MAX_LINE)
        return refuse(p, PL_ETOOBIG, "line too long");
    if (line.len == 0) /* some senders end with an empty line */
        return PL_OK;
    if (line.len < 2 || line.ptr[1] != '=')
        return refuse(p, PL_EPROTO, "not a type=value line");
    if (memchr(line.ptr, '\r', line.len) || memchr(line.ptr, '\0', line.len))
        return refuse(p, PL_EPROTO, "control character in a line");
    if (!p->has_version && line.ptr[0] != 'v')
        return refuse(p, PL_EPROTO, "does not begin with v=");
    pl_slice value = {line.ptr + 2, line.len - 2};
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        if (line.ptr[0] == (uint8_t)LINES[i].type)
            return LINES[i].handle(p, value);
    }
    return PL_OK;
}

/* Cut the next line off, without its LF or CRLF. */
static pl_slice next_line(pl_slice *rest)
{
    const uint8_t *lf = memchr(rest->ptr, '\n', rest->len);
    size_t len = lf ? (size_t)(lf - rest->ptr) : rest->len;
    size_t used = lf ? len + 1 : len;
    pl_slice line = {rest->ptr, len};
    if (len > 0 && line.ptr[len - 1] == '\r')
        line.len--;
    rest->ptr += used;
    rest->len -= used;
    return line;
}

static pl_err parse_lines(parser *p, pl_slice text)
{
    while (text.len > 0) {
        p->fault.line++;
        pl_err e = on_line(p, next_line(&text));
        if (e != PL_OK)
            return e;
    }
    p->fault.line = 0;
    if (!p->has_origin) /* RFC 8866 section 9: v= and o= open it */
        return refuse(p, PL_EPROTO, "no v= and o= lines");
    return PL_OK;
}

static size_t count_attributes(pl_slice text)
{
    size_t n = 0;
    while (text.len > 0) {
        pl_slice line = next_line(&text);
        if (line.len >= 2 && line.ptr[0] == 'a' && line.ptr[1] == '=')
            n++;
    }
    return n;
}

/* One block: the struct, its attributes, a copy of the text. */
static pl_err parse(parser *p, pl_slice text, pl_sdp **ret_sdp)
{
    if (text.len > PL_SDP_MAX_BYTES)
        return refuse(p, PL_ETOOBIG, "description too long");
    if (text.len == 0)
        return refuse(p, PL_EPROTO, "empty description");
    size_t n_attrs = count_attributes(text);
    if (n_attrs > MAX_ATTRS_ALL)
        return refuse(p, PL_ETOOBIG, "too many attributes");
    size_t attrs_bytes = n_attrs * sizeof(pl_sdp_attr);
    unsigned char *block = calloc(1, sizeof *p->sdp + attrs_bytes + text.len);
    if (!block)
        return refuse(p, PL_ENOMEM, "out of memory");
    p->sdp = (pl_sdp *)(void *)block;
    p->attrs = (pl_sdp_attr *)(void *)(block + sizeof *p->sdp);
    uint8_t *copy = block + sizeof *p->sdp + attrs_bytes;
    memcpy(copy, text.ptr, text.len);
    p->sdp->attrs = p->attrs;
    pl_err e = parse_lines(p, (pl_slice){copy, text.len});
    if (e != PL_OK) {
        free(block);
        return e;
    }
    *ret_sdp = p->sdp;
    return PL_OK;
}

pl_err pl_sdp_parse(pl_slice text, pl_sdp **ret_sdp, pl_sdp_fault *ret_fault)
{
    parser p = {0};
    pl_err e = parse(&p, text, ret_sdp);
    if (e != PL_OK && ret_fault)
        *ret_fault = p.fault;
    return e;
}

void pl_sdp_destroy(pl_sdp **sdp)
{
    if (!sdp)
        return;
    free(*sdp);
    *sdp = NULL;
}

void pl_sdp_find_rtcp(const pl_sdp_media *media, pl_sdp_conn *ret_conn,
                      uint16_t *ret_port)
{
    *ret_conn = media->conn;
    *ret_port = media->port < MAX_PORT ? (uint16_t)(media->port + 1) : 0;
    if (media->port == 0)
        *ret_port = 0;
    const pl_sdp_attr *a = pl_sdp_find(NULL, media, "rtcp");
    if (!a)
        return;
    pl_slice rest = a->value;
    uint16_t port = 0;
    if (parse_port(pl_sdp_token(&rest), &port) != PL_OK)
        return;
    *ret_port = port;
    pl_sdp_conn conn;
    if (parse_conn(rest, &conn) == PL_OK)
        *ret_conn = conn;
}
