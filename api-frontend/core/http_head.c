/* http_head.c - strict parser of HTTP/1.x request heads. */
#include "http_head.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

static const char *const METHOD_TEXT[PL_HTTP_METHODS] = {
    [PL_HTTP_OTHER] = "",          [PL_HTTP_GET] = "GET",
    [PL_HTTP_HEAD] = "HEAD",       [PL_HTTP_POST] = "POST",
    [PL_HTTP_PUT] = "PUT",         [PL_HTTP_DELETE] = "DELETE",
    [PL_HTTP_OPTIONS] = "OPTIONS", [PL_HTTP_PATCH] = "PATCH",
    [PL_HTTP_TRACE] = "TRACE",     [PL_HTTP_CONNECT] = "CONNECT",
};

static const struct {
    int status;
    const char *text;
} FAULTS[PL_HTTP_FAULT_COUNT] = {
#define FAULT_ROW(name, status_, text_) {status_, text_},
    PL_HTTP_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

/* Headers whose repetition would be read differently by different parties. */
static const struct {
    const char *name;
    pl_http_fault fault;
} SINGLE[] = {{"authorization", PL_HTTP_FAULT_AUTHORIZATION_TWICE},
              {"content-type", PL_HTTP_FAULT_CONTENT_TYPE_TWICE},
              {"token", PL_HTTP_FAULT_TOKEN_TWICE},
              {"pin", PL_HTTP_FAULT_PIN_TWICE},
              {"expect", PL_HTTP_FAULT_EXPECT_TWICE},
              {"origin", PL_HTTP_FAULT_ORIGIN_TWICE},
              {"connection", PL_HTTP_FAULT_CONNECTION_TWICE}};

const char *pl_http_method_text(pl_http_method method)
{
    return method < PL_HTTP_METHODS ? METHOD_TEXT[method] : "";
}

int pl_http_fault_status(pl_http_fault fault)
{
    return fault < PL_HTTP_FAULT_COUNT ? FAULTS[fault].status : 400;
}

const char *pl_http_fault_text(pl_http_fault fault)
{
    return fault < PL_HTTP_FAULT_COUNT ? FAULTS[fault].text : "bad request";
}

static pl_err refuse(pl_http_fault fault, pl_http_fault *ret_fault)
{
    *ret_fault = fault;
    return PL_EPROTO;
}

static bool is_token_char(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
        (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(pl_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_char(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

/* RFC 9110 section 5.5: tab, blank, visible characters, obs-text. */
static bool is_value_char(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

pl_err pl_http_head_find_end(const uint8_t *buf, size_t len, size_t *cursor,
                             size_t *ret_len, pl_http_fault *ret_fault)
{
    size_t i = *cursor;
    for (; i < len && i < PL_HTTP_HEAD_MAX; i++) {
        uint8_t c = buf[i];
        if (c == '\n' && (i == 0 || buf[i - 1] != '\r'))
            return refuse(PL_HTTP_FAULT_BARE_CR_LF, ret_fault);
        if (c != '\n' && i > 0 && buf[i - 1] == '\r')
            return refuse(PL_HTTP_FAULT_BARE_CR_LF, ret_fault);
        if (c != '\n' && c != '\r' && !is_value_char(c))
            return refuse(PL_HTTP_FAULT_CONTROL, ret_fault);
        if (c == '\n' && i >= 3 && buf[i - 2] == '\n') {
            *cursor = i + 1;
            *ret_len = i + 1;
            return PL_OK;
        }
    }
    *cursor = i;
    if (i >= PL_HTTP_HEAD_MAX)
        return refuse(PL_HTTP_FAULT_HEAD_LONG, ret_fault);
    return PL_EAGAIN;
}

/* Cut the next line off *rest; lines end with CRLF, checked before. */
static pl_slice take_line(pl_slice *rest)
{
    const uint8_t *cr = memchr(rest->ptr, '\r', rest->len);
    size_t n = cr ? (size_t)(cr - rest->ptr) : rest->len;
    pl_slice line = {rest->ptr, n};
    size_t used = n + 2 <= rest->len ? n + 2 : rest->len;
    *rest = (pl_slice){rest->ptr + used, rest->len - used};
    return line;
}

static pl_http_method find_method(pl_slice text)
{
    for (size_t i = 1; i < PL_HTTP_METHODS; i++) {
        if (pl_slice_eq_str(text, METHOD_TEXT[i]))
            return (pl_http_method)i;
    }
    return PL_HTTP_OTHER;
}

static pl_slice slice_from(pl_slice s, size_t at)
{
    return (pl_slice){s.ptr + at, s.len - at};
}

static bool starts_nocase(pl_slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && pl_slice_eq_nocase((pl_slice){s.ptr, n}, prefix);
}

/* Cut "http://authority" off an absolute-form target.
 * Source: RFC 9112 section 3.2.2 */
static pl_slice take_authority(pl_slice *target)
{
    size_t skip = starts_nocase(*target, "https://")  ? 8
                  : starts_nocase(*target, "http://") ? 7
                                                      : 0;
    if (skip == 0)
        return (pl_slice){NULL, 0};
    pl_slice rest = slice_from(*target, skip);
    const uint8_t *slash = memchr(rest.ptr, '/', rest.len);
    size_t n = slash ? (size_t)(slash - rest.ptr) : rest.len;
    *target = slice_from(rest, n);
    return (pl_slice){rest.ptr, n};
}

static bool split_target(pl_http_head *head, pl_slice target)
{
    for (size_t i = 0; i < target.len; i++) {
        uint8_t c = target.ptr[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return false;
    }
    if (head->method == PL_HTTP_CONNECT) {
        head->path = target; /* answered 405, whatever it is */
        return target.len > 0;
    }
    if (pl_slice_eq_str(target, "*")) {
        head->path = target;
        return head->method == PL_HTTP_OPTIONS;
    }
    if (target.len == 0 || target.ptr[0] != '/')
        return false;
    const uint8_t *mark = memchr(target.ptr, '?', target.len);
    size_t n = mark ? (size_t)(mark - target.ptr) : target.len;
    head->path = (pl_slice){target.ptr, n};
    if (mark)
        head->query = slice_from(target, n + 1);
    return true;
}

static pl_err parse_request_line(pl_http_head *head, pl_slice line,
                                 pl_slice *ret_authority,
                                 pl_http_fault *ret_fault)
{
    const uint8_t *a = memchr(line.ptr, ' ', line.len);
    if (!a)
        return refuse(PL_HTTP_FAULT_REQUEST_LINE, ret_fault);
    head->method_text = (pl_slice){line.ptr, (size_t)(a - line.ptr)};
    if (!is_token(head->method_text))
        return refuse(PL_HTTP_FAULT_REQUEST_LINE, ret_fault);
    pl_slice rest = slice_from(line, head->method_text.len + 1);
    const uint8_t *b = memchr(rest.ptr, ' ', rest.len);
    if (!b)
        return refuse(PL_HTTP_FAULT_REQUEST_LINE, ret_fault);
    pl_slice target = {rest.ptr, (size_t)(b - rest.ptr)};
    pl_slice version = slice_from(rest, target.len + 1);
    if (target.len > PL_HTTP_TARGET_MAX)
        return refuse(PL_HTTP_FAULT_TARGET_LONG, ret_fault);
    if (memchr(version.ptr, ' ', version.len))
        return refuse(PL_HTTP_FAULT_TARGET, ret_fault);
    if (pl_slice_eq_str(version, "HTTP/1.1")) {
        head->minor = 1;
    } else if (!pl_slice_eq_str(version, "HTTP/1.0")) {
        return refuse(PL_HTTP_FAULT_VERSION, ret_fault);
    }
    head->method = find_method(head->method_text);
    *ret_authority = take_authority(&target);
    if (ret_authority->ptr && target.len == 0)
        target = (pl_slice){(const uint8_t *)"/", 1};
    if (!split_target(head, target))
        return refuse(PL_HTTP_FAULT_TARGET, ret_fault);
    return PL_OK;
}

static pl_slice trim(pl_slice s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = slice_from(s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static pl_err parse_header(pl_http_head *head, pl_slice line,
                           pl_http_fault *ret_fault)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return refuse(PL_HTTP_FAULT_FOLDED, ret_fault);
    if (head->n_headers == PL_HTTP_HEADERS_MAX)
        return refuse(PL_HTTP_FAULT_MANY_HEADERS, ret_fault);
    const uint8_t *colon = memchr(line.ptr, ':', line.len);
    if (!colon)
        return refuse(PL_HTTP_FAULT_HEADER, ret_fault);
    pl_slice name = {line.ptr, (size_t)(colon - line.ptr)};
    if (!is_token(name)) /* also: blank before the colon */
        return refuse(PL_HTTP_FAULT_HEADER, ret_fault);
    head->headers[head->n_headers++] = (pl_http_header){
        .name = name, .value = trim(slice_from(line, name.len + 1))};
    return PL_OK;
}

static size_t count(const pl_http_head *head, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < head->n_headers; i++)
        n += pl_slice_eq_nocase(head->headers[i].name, name) ? 1 : 0;
    return n;
}

static bool is_host(pl_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z');
        if (!is_word && (c == '\0' || !strchr(".-_:[]", c)))
            return false;
    }
    return s.len > 0;
}

static bool same_nocase(pl_slice a, pl_slice b)
{
    for (size_t i = 0; i < a.len && a.len == b.len; i++) {
        uint8_t x = a.ptr[i];
        uint8_t y = b.ptr[i];
        x = (uint8_t)(x >= 'A' && x <= 'Z' ? x + 32 : x);
        y = (uint8_t)(y >= 'A' && y <= 'Z' ? y + 32 : y);
        if (x != y)
            return false;
    }
    return a.len == b.len;
}

/* RFC 9112 section 3.2: exactly one Host, and the target's if it has one. */
static bool check_host(const pl_http_head *head, pl_slice authority)
{
    size_t n = count(head, "host");
    if (n > 1 || (n == 0 && head->minor == 1))
        return false;
    pl_slice host = pl_http_head_get(head, "host");
    if (n == 1 && !is_host(host))
        return false;
    return !authority.ptr || (n == 1 && same_nocase(host, authority));
}

/* RFC 9112 section 6.3, without its leniencies. */
static pl_err check_body(pl_http_head *head, pl_http_fault *ret_fault)
{
    enum { LENGTH_DIGITS = 10 };
    size_t n_length = count(head, "content-length");
    size_t n_coding = count(head, "transfer-encoding");
    if (n_length > 0 && n_coding > 0)
        return refuse(PL_HTTP_FAULT_LENGTH_AND_CODING, ret_fault);
    if (n_length > 1)
        return refuse(PL_HTTP_FAULT_LENGTH, ret_fault);
    if (n_length == 1) {
        pl_slice text = pl_http_head_get(head, "content-length");
        if (text.len > LENGTH_DIGITS ||
            pl_parse_u64(text, UINT64_MAX, &head->content_length))
            return refuse(PL_HTTP_FAULT_LENGTH, ret_fault);
        head->has_length = true;
    }
    if (n_coding > 0) {
        pl_slice coding = pl_http_head_get(head, "transfer-encoding");
        if (n_coding > 1 || head->minor == 0 ||
            !pl_slice_eq_nocase(coding, "chunked"))
            return refuse(PL_HTTP_FAULT_CODING, ret_fault);
        head->is_chunked = true;
    }
    return PL_OK;
}

bool pl_http_has_word(pl_slice list, const char *word)
{
    while (list.len > 0) {
        const uint8_t *comma = memchr(list.ptr, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.ptr) : list.len;
        if (pl_slice_eq_nocase(trim((pl_slice){list.ptr, n}), word))
            return true;
        list = slice_from(list, comma ? n + 1 : n);
    }
    return false;
}

static pl_err check_connection(pl_http_head *head, pl_http_fault *ret_fault)
{
    pl_slice connection = pl_http_head_get(head, "connection");
    head->keep_alive = head->minor == 1
                           ? !pl_http_has_word(connection, "close")
                           : pl_http_has_word(connection, "keep-alive");
    pl_slice expect = pl_http_head_get(head, "expect");
    if (expect.len > 0) {
        if (!pl_slice_eq_nocase(expect, "100-continue"))
            return refuse(PL_HTTP_FAULT_EXPECT, ret_fault);
        head->expects_continue = head->minor == 1;
    }
    return PL_OK;
}

pl_err pl_http_head_parse(const uint8_t *buf, size_t len,
                          pl_http_head *ret_head, pl_http_fault *ret_fault)
{
    pl_http_head *head = ret_head;
    *head = (pl_http_head){.method = PL_HTTP_OTHER};
    pl_slice rest = {buf, len};
    pl_slice authority = {NULL, 0};
    pl_err e =
        parse_request_line(head, take_line(&rest), &authority, ret_fault);
    for (pl_slice line = take_line(&rest); !e && line.len > 0;
         line = take_line(&rest))
        e = parse_header(head, line, ret_fault);
    if (e)
        return e;
    if (!check_host(head, authority))
        return refuse(PL_HTTP_FAULT_HOST, ret_fault);
    e = check_body(head, ret_fault);
    if (e)
        return e;
    for (size_t i = 0; i < sizeof SINGLE / sizeof SINGLE[0]; i++) {
        if (count(head, SINGLE[i].name) > 1)
            return refuse(SINGLE[i].fault, ret_fault);
    }
    if (head->method == PL_HTTP_OTHER)
        return refuse(PL_HTTP_FAULT_METHOD, ret_fault);
    return check_connection(head, ret_fault);
}

pl_slice pl_http_head_get(const pl_http_head *head, const char *name)
{
    for (size_t i = 0; i < head->n_headers; i++) {
        if (pl_slice_eq_nocase(head->headers[i].name, name))
            return head->headers[i].value;
    }
    return (pl_slice){NULL, 0};
}

bool pl_http_head_has(const pl_http_head *head, const char *name)
{
    return count(head, name) > 0;
}

pl_err pl_http_head_keep(const pl_http_head *head, pl_http_head **ret_head)
{
    size_t size = offsetof(pl_http_head, headers) +
                  head->n_headers * sizeof head->headers[0];
    pl_http_head *kept = malloc(size);
    if (!kept)
        return PL_ENOMEM;
    memcpy(kept, head, size);
    *ret_head = kept;
    return PL_OK;
}

void pl_http_head_free(pl_http_head **head)
{
    free(*head);
    *head = NULL;
}
