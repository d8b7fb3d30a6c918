/* sip_parse.c - the adapter around libosip2's message parser. */
#include "sip_parse.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <osip2/osip.h>

#include "pl/str.h"

static void be_silent(const char *file, int line, osip_trace_level_t level,
                      const char *format, va_list ap)
{
    (void)file;
    (void)line;
    (void)level;
    (void)format;
    (void)ap; /* strangers cause these lines: we count instead */
}

pl_err pl_sip_parse_setup(void)
{
    osip_trace_initialize_func(TRACE_LEVEL0, be_silent);
    return parser_init() == 0 ? PL_OK : PL_ENOMEM;
}

/* What the parser gets to see. */
static const char *const SHOWN[] = {"Via",  "From",    "To",    "Call-ID",
                                    "CSeq", "Contact", "Route", "Record-Route"};

static bool append(char *buf, size_t cap, size_t *len, pl_slice s)
{
    if (s.len >= cap - *len)
        return false;
    memcpy(buf + *len, s.ptr, s.len);
    *len += s.len;
    return true;
}

/* Start line and the shown headers, unfolded lines as they came. */
static size_t reduce(const pl_sip_head *head, char *buf, size_t cap)
{
    size_t len = 0;
    bool is_good = append(buf, cap, &len, head->start) &&
                   append(buf, cap, &len, pl_slice_str("\r\n"));
    for (size_t i = 0; i < sizeof SHOWN / sizeof *SHOWN; i++) {
        size_t cursor = 0;
        pl_sip_line line;
        while (is_good && pl_sip_head_find(head, SHOWN[i], &cursor, &line)) {
            is_good = append(buf, cap, &len, pl_slice_str(SHOWN[i])) &&
                      append(buf, cap, &len, pl_slice_str(": ")) &&
                      append(buf, cap, &len, line.value) &&
                      append(buf, cap, &len, pl_slice_str("\r\n"));
        }
    }
    is_good = is_good && append(buf, cap, &len, pl_slice_str("\r\n"));
    return is_good ? len : 0;
}

static bool is_clean(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

/* Copy a possibly missing text; absent stays empty.
 * Errors: PL_EPROTO too long or with control characters. */
static pl_err take(const char *from, char *to, size_t cap)
{
    if (!from)
        return PL_OK;
    if (!is_clean(from) || pl_copy(to, cap, pl_slice_str(from)) != PL_OK)
        return PL_EPROTO;
    return PL_OK;
}

static pl_err take_uri(const osip_uri_t *uri, char *to, size_t cap)
{
    char *text = NULL;
    if (!uri)
        return PL_OK;
    if (osip_uri_to_str(uri, &text) != 0 || !text)
        return PL_EPROTO;
    pl_err e = take(text, to, cap);
    osip_free(text);
    return e;
}

static pl_err take_param(osip_list_t *params, const char *name, char *to,
                         size_t cap)
{
    osip_generic_param_t *p = NULL;
    char key[16];
    pl_fmt_cut(key, sizeof key, "%s", name);
    if (osip_generic_param_get_byname(params, key, &p) != 0 || !p)
        return PL_OK;
    return take(p->gvalue, to, cap);
}

/* Display names may be long or odd: cut and cleaned, never refused. */
static void take_name(const char *from, char *to, size_t cap)
{
    size_t n = 0;
    for (; from && *from && n + 1 < cap; from++) {
        unsigned char c = (unsigned char)*from;
        if (c >= ' ' && c != 0x7f && c != '"' && c != '\\')
            to[n++] = (char)c;
    }
    to[n] = '\0';
    while (n > 0 && !pl_is_utf8(pl_slice_str(to)))
        to[--n] = '\0';
}

static pl_err take_parties(osip_message_t *sip, pl_sip_msg *m)
{
    pl_err e = PL_OK;
    if (sip->from) {
        take_name(sip->from->displayname, m->from_name, sizeof m->from_name);
        e = take_uri(sip->from->url, m->from_uri, sizeof m->from_uri);
        if (e == PL_OK) {
            e = take_param(&sip->from->gen_params, "tag", m->from_tag,
                           sizeof m->from_tag);
        }
    }
    if (e == PL_OK && sip->to) {
        e = take_uri(sip->to->url, m->to_uri, sizeof m->to_uri);
        if (e == PL_OK) {
            e = take_param(&sip->to->gen_params, "tag", m->to_tag,
                           sizeof m->to_tag);
        }
    }
    return e;
}

static pl_err take_ids(const osip_message_t *sip, pl_sip_msg *m)
{
    if (sip->call_id && sip->call_id->number) {
        const char *host = sip->call_id->host;
        if (!is_clean(sip->call_id->number) || (host && !is_clean(host)) ||
            pl_fmt(m->call_id, sizeof m->call_id, "%s%s%s",
                   sip->call_id->number, host ? "@" : "",
                   host ? host : "") != PL_OK) {
            return PL_EPROTO;
        }
    }
    if (sip->cseq && sip->cseq->number && sip->cseq->method) {
        uint64_t n = 0;
        if (pl_parse_u64(pl_slice_str(sip->cseq->number), UINT32_MAX, &n) !=
                PL_OK ||
            take(sip->cseq->method, m->cseq_method_text,
                 sizeof m->cseq_method_text) != PL_OK) {
            return PL_EPROTO;
        }
        m->has_cseq = true;
        m->cseq = (uint32_t)n;
        m->cseq_method = pl_sip_method_find(m->cseq_method_text);
    }
    return PL_OK;
}

static pl_err take_via(osip_message_t *sip, pl_sip_msg *m)
{
    int n = osip_list_size(&sip->vias);
    m->n_vias = n > 0 ? (unsigned)n : 0;
    osip_via_t *via = osip_list_get(&sip->vias, 0);
    if (!via)
        return PL_OK;
    if (!via->version || strcmp(via->version, "2.0") != 0)
        return PL_EPROTO;
    uint64_t port = 0;
    if (via->port &&
        pl_parse_u64(pl_slice_str(via->port), 65535, &port) != PL_OK) {
        return PL_EPROTO;
    }
    m->sent_by_port = (uint16_t)port;
    pl_err e = take(via->host, m->sent_by, sizeof m->sent_by);
    if (e == PL_OK)
        e = take_param(&via->via_params, "branch", m->branch, sizeof m->branch);
    osip_generic_param_t *rport = NULL;
    char key[] = "rport";
    m->has_rport =
        osip_generic_param_get_byname(&via->via_params, key, &rport) == 0 &&
        rport;
    return e;
}

static pl_err take_routes(osip_message_t *sip, pl_sip_msg *m)
{
    osip_contact_t *contact = osip_list_get(&sip->contacts, 0);
    pl_err e = PL_OK;
    if (contact && contact->url) {
        e = take_uri(contact->url, m->contact, sizeof m->contact);
        m->has_contact = m->contact[0] != '\0';
    }
    size_t len = 0;
    int n = osip_list_size(&sip->record_routes);
    for (int i = 0; e == PL_OK && i < n; i++) {
        char *text = NULL;
        osip_record_route_t *rr = osip_list_get(&sip->record_routes, i);
        if (!rr || osip_record_route_to_str(rr, &text) != 0 || !text)
            return PL_EPROTO;
        if (!is_clean(text) ||
            pl_fmt(m->record_routes + len, sizeof m->record_routes - len,
                   "%s%s", len ? "," : "", text) != PL_OK) {
            e = PL_EPROTO;
        }
        len = strlen(m->record_routes);
        osip_free(text);
    }
    return e;
}

static pl_err take_start(osip_message_t *sip, pl_slice start, pl_sip_msg *m)
{
    if (!sip->sip_method) {
        m->status = sip->status_code > 0 ? (unsigned)sip->status_code : 0;
        take_name(sip->reason_phrase, m->reason, sizeof m->reason);
        return PL_OK;
    }
    m->is_request = true;
    if (take(sip->sip_method, m->method_text, sizeof m->method_text) != PL_OK)
        return PL_EPROTO;
    m->method = pl_sip_method_find(m->method_text);
    /* From the bytes: the parser would cut a user part at an escaped NUL. */
    const uint8_t *uri = memchr(start.ptr, ' ', start.len);
    if (!uri)
        return PL_EPROTO;
    uri++;
    size_t left = start.len - (size_t)(uri - start.ptr);
    const uint8_t *end = memchr(uri, ' ', left);
    if (!end)
        return PL_EPROTO;
    return pl_sip_uri_parse((pl_slice){uri, (size_t)(end - uri)}, &m->uri) ==
                   PL_OK
               ? PL_OK
               : PL_EPROTO;
}

/* ---- what is read from the raw lines ---- */

static bool find(const pl_gate *gate, const char *name, pl_sip_line *line)
{
    size_t cursor = 0;
    return pl_sip_head_find(&gate->head, name, &cursor, line);
}

static void lower(char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
    }
}

static void cut_at(pl_slice *s, char mark)
{
    const uint8_t *p = memchr(s->ptr, mark, s->len);
    if (p)
        s->len = (size_t)(p - s->ptr);
    *s = pl_sip_trim(*s);
}

static void add_auth(const pl_gate *gate, const char *name, pl_sip_msg *m)
{
    size_t cursor = 0;
    pl_sip_line line;
    while (m->n_auth < PL_SIP_N_AUTH &&
           pl_sip_head_find(&gate->head, name, &cursor, &line)) {
        if (line.value.len <= PL_SIP_AUTH_MAX)
            m->auth[m->n_auth++] = line.value;
    }
}

static pl_err take_requires(const pl_gate *gate, pl_sip_msg *m)
{
    size_t cursor = 0;
    pl_sip_line line;
    while (pl_sip_head_find(&gate->head, "Require", &cursor, &line)) {
        size_t len = strlen(m->require);
        char text[sizeof m->require];
        if (pl_copy(text, sizeof text, line.value) != PL_OK ||
            !is_clean(text) ||
            pl_fmt(m->require + len, sizeof m->require - len, "%s%s",
                   len ? ", " : "", text) != PL_OK) {
            return PL_EPROTO;
        }
    }
    m->required = pl_sip_options_of(pl_slice_str(m->require));
    return PL_OK;
}

/* RFC 3262, 3311, 4028. In a response what cannot be read is as if it were not
 * there: nobody would say 400 to it, and a call would hang on it.
 * Errors: PL_EPROTO a number of a request that is none. */
static pl_err take_extensions(const pl_gate *gate, pl_sip_msg *m)
{
    pl_sip_line line;
    size_t cursor = 0;
    while (pl_sip_head_find(&gate->head, "Supported", &cursor, &line))
        m->supported |= pl_sip_options_of(line.value);
    cursor = 0;
    while (pl_sip_head_find(&gate->head, "Unsupported", &cursor, &line))
        m->unsupported |= pl_sip_options_of(line.value);
    cursor = 0;
    while (pl_sip_head_find(&gate->head, "Allow", &cursor, &line)) {
        m->has_allow = true;
        m->allows_update |= pl_sip_tokens_have(line.value, "UPDATE");
        m->allows_refer |= pl_sip_tokens_have(line.value, "REFER");
    }
    bool is_good = true;
    if (find(gate, "Session-Expires", &line))
        is_good = !pl_session_expires_parse(line.value, &m->session);
    if (find(gate, "Min-SE", &line))
        is_good &= !pl_session_min_parse(line.value, &m->session);
    if (find(gate, "RSeq", &line))
        is_good &= !pl_sip_rseq_parse(line.value, &m->rseq);
    if (find(gate, "RAck", &line))
        is_good &= !pl_sip_rack_parse(line.value, &m->rack);
    return is_good || !m->is_request ? PL_OK : PL_EPROTO;
}

static pl_err take_raw(const pl_gate *gate, pl_sip_msg *m)
{
    pl_sip_line line;
    uint64_t n = 0;
    if (find(gate, "Max-Forwards", &line)) {
        if (pl_parse_u64(line.value, UINT32_MAX, &n) != PL_OK)
            return PL_EPROTO;
        m->has_max_forwards = true;
        m->max_forwards = (unsigned)n;
    }
    if (find(gate, "Content-Type", &line)) {
        cut_at(&line.value, ';');
        if (pl_copy(m->content_type, sizeof m->content_type, line.value) !=
            PL_OK) {
            return PL_EPROTO;
        }
        lower(m->content_type);
    }
    if (find(gate, "Retry-After", &line)) {
        cut_at(&line.value, ';');
        cut_at(&line.value, '(');
        if (pl_parse_u64(line.value, 3600, &n) == PL_OK)
            m->retry_after_s = (unsigned)n;
    }
    if (find(gate, "Reason", &line))
        pl_sip_reason_parse(line.value, &m->why);
    if (take_extensions(gate, m) != PL_OK)
        return PL_EPROTO;
    add_auth(gate, m->is_request ? "Authorization" : "WWW-Authenticate", m);
    m->n_auth_own = m->n_auth;
    add_auth(gate, m->is_request ? "Proxy-Authorization" : "Proxy-Authenticate",
             m);
    return take_requires(gate, m);
}

static pl_err extract(const pl_gate *gate, osip_message_t *sip, pl_sip_msg *m)
{
    *m = (pl_sip_msg){.body = gate->head.body};
    pl_err e = take_start(sip, gate->head.start, m);
    if (e == PL_OK)
        e = take_parties(sip, m);
    if (e == PL_OK)
        e = take_ids(sip, m);
    if (e == PL_OK)
        e = take_via(sip, m);
    if (e == PL_OK)
        e = take_routes(sip, m);
    if (e == PL_OK)
        e = take_raw(gate, m);
    m->raw = (pl_slice){gate->head.start.ptr, gate->length};
    return e;
}

static pl_err parse_bytes(const char *bytes, size_t len, osip_message_t **ret)
{
    osip_message_t *sip = NULL;
    if (osip_message_init(&sip) != 0)
        return PL_ENOMEM;
    if (osip_message_parse(sip, bytes, len) != 0) {
        osip_message_free(sip);
        return PL_EPROTO;
    }
    *ret = sip;
    return PL_OK;
}

pl_err pl_sip_parse(const pl_gate *gate, pl_sip_msg *ret_msg,
                    struct osip_message **ret_parsed)
{
    static char reduced[PL_SIP_MAX_TCP + 4096];
    if (gate->verdict != PL_GATE_PASS)
        return PL_EPROTO;
    size_t len = reduce(&gate->head, reduced, sizeof reduced);
    osip_message_t *sip = NULL;
    pl_err e = len > 0 ? parse_bytes(reduced, len, &sip) : PL_EPROTO;
    if (e == PL_OK)
        e = extract(gate, sip, ret_msg);
    if (e == PL_OK && ret_parsed) {
        *ret_parsed = sip;
    } else {
        pl_sip_parsed_free(&sip);
    }
    return e;
}

pl_err pl_sip_parse_own(pl_slice bytes, struct osip_message **ret_parsed)
{
    return parse_bytes((const char *)bytes.ptr, bytes.len, ret_parsed);
}

void pl_sip_parsed_free(struct osip_message **parsed)
{
    if (!parsed || !*parsed)
        return;
    osip_message_free(*parsed);
    *parsed = NULL;
}
