/* sip_head.c - header lines of raw SIP bytes. */
#include "sip_head.h"

#include <string.h>

#include "pl/str.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

pl_slice pl_sip_trim(pl_slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

bool pl_sip_is_clean(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    }
    return pl_is_utf8(text);
}

pl_err pl_sip_head_split(pl_slice raw, pl_sip_head *ret_head)
{
    size_t first = 0; /* end of the start line, 0 not seen */
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.ptr[i];
        if (c == '\0' || c == '\n')
            return PL_EPROTO;
        if (c != '\r')
            continue;
        if (i + 1 >= raw.len || raw.ptr[i + 1] != '\n')
            return PL_EPROTO;
        if (first == 0) {
            if (i == 0)
                return PL_EPROTO;
            first = i;
        }
        if (i + 3 < raw.len && raw.ptr[i + 2] == '\r' &&
            raw.ptr[i + 3] == '\n') {
            size_t lines = first + 2;
            size_t end = i + 2;
            *ret_head = (pl_sip_head){
                .start = {raw.ptr, first},
                .headers = {raw.ptr + lines, end - lines},
                .body = {raw.ptr + end + 2, raw.len - end - 2},
            };
            return PL_OK;
        }
        i++;
    }
    return PL_EPROTO;
}

/* End of the header that starts at `at`, folded lines included, just after its
 * CRLF. RFC 3261 section 7.3.1. */
static size_t line_end(pl_slice text, size_t at)
{
    while (at + 1 < text.len) {
        if (text.ptr[at] != '\r' || text.ptr[at + 1] != '\n') {
            at++;
            continue;
        }
        at += 2;
        if (at >= text.len || (text.ptr[at] != ' ' && text.ptr[at] != '\t'))
            return at;
    }
    return text.len;
}

bool pl_sip_head_next(const pl_sip_head *head, size_t *cursor,
                      pl_sip_line *ret_line)
{
    if (*cursor >= head->headers.len)
        return false;
    size_t end = line_end(head->headers, *cursor);
    pl_slice line = {head->headers.ptr + *cursor, end - *cursor};
    *cursor = end;
    const uint8_t *colon = memchr(line.ptr, ':', line.len);
    size_t n = colon ? (size_t)(colon - line.ptr) : 0;
    ret_line->name = pl_sip_trim((pl_slice){line.ptr, n});
    if (n > 0 && is_blank(line.ptr[0])) /* folding without a line before it */
        ret_line->name.len = 0;
    size_t skip = colon ? n + 1 : 0;
    ret_line->value = pl_sip_trim((pl_slice){line.ptr + skip, line.len - skip});
    return true;
}

/* RFC 3261 section 7.3.3 and 20. */
static const struct {
    const char *name, *compact;
} COMPACT[] = {
    {"Via", "v"},
    {"From", "f"},
    {"To", "t"},
    {"Call-ID", "i"},
    {"Contact", "m"},
    {"Content-Type", "c"},
    {"Content-Length", "l"},
    {"Content-Encoding", "e"},
    {"Subject", "s"},
    {"Supported", "k"},
    {"Session-Expires", "x"},
    {"Refer-To", "r"},
    {"Referred-By", "b"},
    {"Event", "o"},
};

static bool name_is(pl_slice name, const char *wanted)
{
    if (pl_slice_eq_nocase(name, wanted))
        return true;
    if (name.len != 1)
        return false;
    for (size_t i = 0; i < sizeof COMPACT / sizeof *COMPACT; i++) {
        if (pl_slice_eq_nocase(pl_slice_str(COMPACT[i].name), wanted))
            return pl_slice_eq_nocase(name, COMPACT[i].compact);
    }
    return false;
}

bool pl_sip_head_find(const pl_sip_head *head, const char *name, size_t *cursor,
                      pl_sip_line *ret_line)
{
    pl_sip_line line;
    while (pl_sip_head_next(head, cursor, &line)) {
        if (name_is(line.name, name)) {
            *ret_line = line;
            return true;
        }
    }
    return false;
}

unsigned pl_sip_head_only(const pl_sip_head *head, const char *name,
                          pl_slice *ret_value)
{
    size_t cursor = 0;
    pl_sip_line line;
    unsigned n = 0;
    for (; pl_sip_head_find(head, name, &cursor, &line); n++)
        *ret_value = line.value;
    return n;
}

/* Cut what stands before the next semicolon outside of quotes and brackets. */
static bool next_part(pl_slice *rest, pl_slice *ret_part)
{
    bool is_quoted = false;
    bool is_inside = false;
    size_t i = 0;
    if (rest->len == 0)
        return false;
    for (; i < rest->len; i++) {
        uint8_t c = rest->ptr[i];
        if (is_quoted && c == '\\')
            i++;
        else if (c == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && (c == '<' || c == '>'))
            is_inside = c == '<';
        else if (!is_quoted && !is_inside && c == ';')
            break;
    }
    size_t n = i < rest->len ? i : rest->len;
    *ret_part = pl_sip_trim((pl_slice){rest->ptr, n});
    n += i < rest->len;
    rest->ptr += n;
    rest->len -= n;
    return true;
}

bool pl_sip_param(pl_slice value, const char *name, pl_slice *ret_text)
{
    pl_slice part;
    bool is_first = true;
    while (next_part(&value, &part)) {
        const uint8_t *eq =
            part.len > 0 ? memchr(part.ptr, '=', part.len) : NULL;
        size_t n = eq ? (size_t)(eq - part.ptr) : part.len;
        pl_slice key = pl_sip_trim((pl_slice){part.ptr, n});
        if (is_first || !pl_slice_eq_nocase(key, name)) {
            is_first = false; /* the value itself is no parameter */
            continue;
        }
        pl_slice text = {0};
        if (eq)
            text = pl_sip_trim((pl_slice){eq + 1, part.len - n - 1});
        if (text.len >= 2 && text.ptr[0] == '"' &&
            text.ptr[text.len - 1] == '"') {
            text = (pl_slice){text.ptr + 1, text.len - 2};
        }
        *ret_text = text;
        return true;
    }
    return false;
}

bool pl_sip_head_answers(const pl_sip_head *head, pl_slice *ret_method,
                         pl_slice *ret_branch)
{
    size_t via_at = 0;
    size_t cseq_at = 0;
    pl_sip_line via;
    pl_sip_line cseq;
    pl_slice branch;
    if (!pl_sip_head_find(head, "Via", &via_at, &via) ||
        !pl_sip_param(via.value, "branch", &branch) ||
        !pl_sip_head_find(head, "CSeq", &cseq_at, &cseq))
        return false;
    size_t n = 0;
    while (n < cseq.value.len && !is_blank(cseq.value.ptr[n]))
        n++;
    *ret_method =
        pl_sip_trim((pl_slice){cseq.value.ptr + n, cseq.value.len - n});
    *ret_branch = branch;
    return true;
}
