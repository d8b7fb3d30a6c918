/* gate.c - verdicts on raw SIP bytes. */
#include "gate.h"

#include <string.h>

#include "pl/str.h"

typedef struct seen {
    unsigned n_lines, n_length, n_via, n_from, n_to, n_call_id, n_cseq;
    uint64_t length;
    bool is_bad, is_multipart, is_encoded;
} seen;

static bool starts_nocase(pl_slice text, const char *word)
{
    size_t n = strlen(word);
    if (text.len < n)
        return false;
    return pl_slice_eq_nocase((pl_slice){text.ptr, n}, word);
}

static bool is_token_char(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
        (c >= 'A' && c <= 'Z')) {
        return true;
    }
    return c != '\0' && strchr("-.!%*_+`'~", c) != NULL;
}

static bool is_token(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char(text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

static void count_once(pl_slice name, const char *is, const char *compact,
                       unsigned *n)
{
    if (pl_slice_eq_nocase(name, is) ||
        (compact && pl_slice_eq_nocase(name, compact))) {
        (*n)++;
    }
}

/* Note what one header line says. */
static void look_at(const pl_sip_line *line, seen *s)
{
    s->n_lines++;
    if (!is_token(line->name))
        s->is_bad = true;
    count_once(line->name, "Via", "v", &s->n_via);
    count_once(line->name, "From", "f", &s->n_from);
    count_once(line->name, "To", "t", &s->n_to);
    count_once(line->name, "Call-ID", "i", &s->n_call_id);
    count_once(line->name, "CSeq", NULL, &s->n_cseq);
    if (pl_slice_eq_nocase(line->name, "Content-Length") ||
        pl_slice_eq_nocase(line->name, "l")) {
        s->n_length++;
        if (pl_parse_u64(line->value, UINT32_MAX, &s->length) != PL_OK)
            s->is_bad = true;
    }
    if (pl_slice_eq_nocase(line->name, "Content-Type") ||
        pl_slice_eq_nocase(line->name, "c")) {
        s->is_multipart |= starts_nocase(line->value, "multipart");
    }
    if (pl_slice_eq_nocase(line->name, "Content-Encoding") ||
        pl_slice_eq_nocase(line->name, "e")) {
        s->is_encoded |= !pl_slice_eq_nocase(line->value, "identity");
    }
}

static seen read_lines(const pl_sip_head *head)
{
    seen s = {0};
    size_t cursor = 0;
    pl_sip_line line;
    while (s.n_lines <= PL_SIP_MAX_HEADERS &&
           pl_sip_head_next(head, &cursor, &line)) {
        look_at(&line, &s);
    }
    return s;
}

static bool is_response(pl_slice start)
{
    return starts_nocase(start, "SIP/");
}

/* "SIP/" 1*DIGIT "." 1*DIGIT: another version than ours, but a version. */
static bool is_version(pl_slice text)
{
    size_t n_dots = 0;
    if (!starts_nocase(text, "SIP/") || text.len < 7)
        return false;
    for (size_t i = 4; i < text.len; i++) {
        n_dots += text.ptr[i] == '.';
        if (text.ptr[i] != '.' && (text.ptr[i] < '0' || text.ptr[i] > '9'))
            return false;
    }
    return n_dots == 1 && text.ptr[4] != '.' && text.ptr[text.len - 1] != '.';
}

/* Status for a Request-URI, 0 when it may go on. RFC 3261 sections 8.2.2.1 and
 * 25.1. */
static unsigned judge_request_uri(pl_slice uri)
{
    static const char *const ours[] = {"sip", "sips", "tel"};
    for (size_t i = 0; i < uri.len; i++) {
        uint8_t c = uri.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"')
            return 400;
    }
    const uint8_t *colon = memchr(uri.ptr, ':', uri.len);
    pl_slice scheme = {uri.ptr, colon ? (size_t)(colon - uri.ptr) : 0};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (pl_slice_eq_nocase(scheme, ours[i]))
            return 0;
    }
    return is_token(scheme) ? 416 : 400;
}

/* Status for a request line, 0 when it is good. RFC 3261 section 7.1. */
static unsigned judge_request_line(pl_slice start)
{
    const uint8_t *sp1 = memchr(start.ptr, ' ', start.len);
    if (!sp1 || !is_token((pl_slice){start.ptr, (size_t)(sp1 - start.ptr)}))
        return 400;
    pl_slice rest = {sp1 + 1, start.len - (size_t)(sp1 - start.ptr) - 1};
    const uint8_t *sp2 = memchr(rest.ptr, ' ', rest.len);
    if (!sp2)
        return 400;
    pl_slice version = {sp2 + 1, rest.len - (size_t)(sp2 - rest.ptr) - 1};
    if (!is_version(version))
        return 400;
    if (!pl_slice_eq_nocase(version, "SIP/2.0"))
        return 505;
    return judge_request_uri((pl_slice){rest.ptr, (size_t)(sp2 - rest.ptr)});
}

static unsigned judge_lines(const seen *s)
{
    if (s->n_lines > PL_SIP_MAX_HEADERS)
        return 400;
    if (s->is_bad || s->n_length > 1 || s->n_from != 1 || s->n_to != 1 ||
        s->n_call_id != 1 || s->n_cseq != 1) {
        return 400;
    }
    return s->is_multipart || s->is_encoded ? 415 : 0;
}

static bool is_only_line_ends(pl_slice raw)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] != '\r' && raw.ptr[i] != '\n')
            return false;
    }
    return true;
}

void pl_gate_judge(pl_slice raw, size_t max_bytes, pl_gate *ret_gate)
{
    *ret_gate = (pl_gate){.verdict = PL_GATE_DROP};
    if (is_only_line_ends(raw)) {
        ret_gate->verdict = PL_GATE_KEEPALIVE;
        return;
    }
    pl_gate g = {.verdict = PL_GATE_REPLY};
    if (pl_sip_head_split(raw, &g.head) != PL_OK ||
        g.head.start.len > PL_SIP_MAX_START) {
        return;
    }
    seen s = read_lines(&g.head);
    bool is_reply = is_response(g.head.start);
    g.status = is_reply ? 0 : judge_request_line(g.head.start);
    if (g.status == 0)
        g.status = judge_lines(&s);
    if (g.status == 0 && raw.len > max_bytes)
        g.status = 513;
    if (g.status == 0 && s.n_length == 1 && s.length > g.head.body.len)
        g.status = 400;
    if (g.status == 0 && s.n_length == 1)
        g.head.body.len = (size_t)s.length;
    if (g.status == 0 && s.n_via > 0 &&
        !memchr(g.head.body.ptr, '\0', g.head.body.len)) {
        g.verdict = PL_GATE_PASS;
        g.length = (size_t)(g.head.body.ptr - raw.ptr) + g.head.body.len;
        *ret_gate = g;
        return;
    }
    /* A refusal is sent only to what could be a request of a client that
     * waits: never to a response, an ACK, or without a Via. */
    if (is_reply || s.n_via == 0 || starts_nocase(g.head.start, "ACK "))
        return;
    if (g.status == 0)
        g.status = 400;
    *ret_gate = g;
}

/* Content-Length of a framed message. RFC 3261 section 20.14. */
static pl_err frame_length(const pl_sip_head *head, uint64_t *ret)
{
    size_t cursor = 0;
    pl_sip_line line;
    if (!pl_sip_head_find(head, "Content-Length", &cursor, &line) ||
        pl_parse_u64(line.value, UINT32_MAX, ret) != PL_OK) {
        return PL_EPROTO;
    }
    return pl_sip_head_find(head, "Content-Length", &cursor, &line) ? PL_EPROTO
                                                                    : PL_OK;
}

static const uint8_t *find_empty_line(pl_slice s)
{
    for (size_t i = 0; i + 3 < s.len; i++) {
        if (memcmp(s.ptr + i, "\r\n\r\n", 4) == 0)
            return s.ptr + i;
    }
    return NULL;
}

pl_err pl_gate_frame(pl_slice stream, size_t *ret_len, bool *ret_is_keepalive)
{
    size_t n = 0;
    while (n < stream.len && (stream.ptr[n] == '\r' || stream.ptr[n] == '\n'))
        n++;
    if (n > 0) {
        *ret_len = n;
        *ret_is_keepalive = true;
        return PL_OK;
    }
    if (stream.len == 0)
        return PL_EAGAIN;
    if (memchr(stream.ptr, '\0', stream.len) && !find_empty_line(stream))
        return PL_EPROTO;
    if (!find_empty_line(stream))
        return stream.len > PL_SIP_MAX_TCP ? PL_ETOOBIG : PL_EAGAIN;
    pl_sip_head head;
    uint64_t body = 0;
    if (pl_sip_head_split(stream, &head) != PL_OK ||
        frame_length(&head, &body) != PL_OK) {
        return PL_EPROTO;
    }
    size_t head_len = stream.len - head.body.len;
    if (body > PL_SIP_MAX_TCP || head_len + body > PL_SIP_MAX_TCP)
        return PL_ETOOBIG;
    if (body > head.body.len)
        return PL_EAGAIN;
    *ret_len = head_len + (size_t)body;
    *ret_is_keepalive = false;
    return PL_OK;
}
