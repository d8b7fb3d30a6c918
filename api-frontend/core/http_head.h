/* http_head.h - the gate on HTTP request heads: strict parser, no leniency.
 *
 * Whatever two HTTP parsers could read differently is refused: that is how
 * requests are smuggled past proxies. Bodies are delimited by exactly one
 * Content-Length or by exactly "Transfer-Encoding: chunked". */
#ifndef PL_API_HTTP_HEAD_H
#define PL_API_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

enum {
    PL_HTTP_HEAD_MAX = 16384,  /* request line and headers, bytes */
    PL_HTTP_TARGET_MAX = 4096, /* request target, bytes */
    PL_HTTP_HEADERS_MAX = 100, /* header lines */
    PL_HTTP_BODY_MAX = 262144, /* bytes */
};

typedef enum pl_http_method {
    PL_HTTP_OTHER,
    PL_HTTP_GET,
    PL_HTTP_HEAD,
    PL_HTTP_POST,
    PL_HTTP_PUT,
    PL_HTTP_DELETE,
    PL_HTTP_OPTIONS,
    PL_HTTP_PATCH,
    PL_HTTP_TRACE,
    PL_HTTP_CONNECT,
    PL_HTTP_METHODS
} pl_http_method;

/* X(name, HTTP status, text for people): why a head was refused. */
#define PL_HTTP_FAULTS(X)                                                      \
    X(NONE, 200, "no fault")                                                   \
    X(BARE_CR_LF, 400, "bare CR or LF in the request head")                    \
    X(CONTROL, 400, "control character in the request head")                   \
    X(REQUEST_LINE, 400, "malformed request line")                             \
    X(TARGET, 400, "malformed request target")                                 \
    X(VERSION, 400, "HTTP version is not 1.0 or 1.1")                          \
    X(HEADER, 400, "malformed header line")                                    \
    X(FOLDED, 400, "folded header line")                                       \
    X(HOST, 400, "Host missing, repeated, malformed or not the target's")      \
    X(LENGTH, 400, "Content-Length malformed or repeated")                     \
    X(CODING, 400, "Transfer-Encoding other than exactly chunked")             \
    X(LENGTH_AND_CODING, 400, "Content-Length with Transfer-Encoding")         \
    X(AUTHORIZATION_TWICE, 400, "header Authorization may appear only once")   \
    X(CONTENT_TYPE_TWICE, 400, "header Content-Type may appear only once")     \
    X(TOKEN_TWICE, 400, "header token may appear only once")                   \
    X(PIN_TWICE, 400, "header pin may appear only once")                       \
    X(EXPECT_TWICE, 400, "header Expect may appear only once")                 \
    X(ORIGIN_TWICE, 400, "header Origin may appear only once")                 \
    X(CONNECTION_TWICE, 400, "header Connection may appear only once")         \
    X(CHUNK, 400, "malformed chunked body")                                    \
    X(TARGET_LONG, 414, "request target too long")                             \
    X(HEAD_LONG, 431, "request head too long")                                 \
    X(MANY_HEADERS, 431, "too many headers")                                   \
    X(BODY_LONG, 413, "request body too large")                                \
    X(EXPECT, 417, "only Expect: 100-continue is understood")                  \
    X(METHOD, 501, "method not known")                                         \
    X(HEAD_SLOW, 408, "request head took too long")                            \
    X(BODY_SLOW, 408, "request body took too long")

typedef enum pl_http_fault {
#define PL_HTTP_FAULT_ENUM(name, status, text) PL_HTTP_FAULT_##name,
    PL_HTTP_FAULTS(PL_HTTP_FAULT_ENUM)
#undef PL_HTTP_FAULT_ENUM
        PL_HTTP_FAULT_COUNT
} pl_http_fault;

typedef struct pl_http_header {
    pl_slice name, value; /* value without blanks around it */
} pl_http_header;

/* A parsed head; slices point into the parsed bytes. */
typedef struct pl_http_head {
    pl_http_method method;
    pl_slice method_text;
    pl_slice path;  /* as sent, still escaped; begins with '/', or is "*" */
    pl_slice query; /* after '?', may be empty */
    unsigned minor; /* of HTTP/1.x */
    bool is_chunked, has_length, keep_alive, expects_continue;
    uint64_t content_length;
    size_t n_headers;
    pl_http_header headers[PL_HTTP_HEADERS_MAX]; /* last: may be cut off */
} pl_http_head;

/* Look for the end of a head.
 *
 * buf[len]:    what has come so far, from the first byte of the request
 * cursor:      0 at first; keeps the place between calls with more bytes
 * ret_len:     bytes of the head with its empty line
 * Errors:      PL_EAGAIN not complete; PL_EPROTO see ret_fault
 * Context:     any thread; no allocation; O(new bytes)
 * Source:      RFC 9112 section 2.2 */
PL_MUST_USE pl_err pl_http_head_find_end(const uint8_t *buf, size_t len,
                                         size_t *cursor, size_t *ret_len,
                                         pl_http_fault *ret_fault);
/* Parse a head whose end was found.
 * Errors: PL_EPROTO see ret_fault.
 * Source: RFC 9112 sections 3, 5, 6; RFC 9110 section 7.2 */
PL_MUST_USE pl_err pl_http_head_parse(const uint8_t *buf, size_t len,
                                      pl_http_head *ret_head,
                                      pl_http_fault *ret_fault);

/* Copy a parsed head, cut behind its last header: with room for all that may
 * come it would be most of what a waiting connection takes. The slices still
 * point into the parsed bytes. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_http_head_keep(const pl_http_head *head,
                                     pl_http_head **ret_head);
void pl_http_head_free(pl_http_head **head);

/* Value of the first header of that name (any case); {NULL, 0} if absent. */
pl_slice pl_http_head_get(const pl_http_head *head, const char *name);
/* Whether a list separated by commas has the word, in any case. */
bool pl_http_has_word(pl_slice list, const char *word);
bool pl_http_head_has(const pl_http_head *head, const char *name);
const char *pl_http_method_text(pl_http_method method);
int pl_http_fault_status(pl_http_fault fault);
const char *pl_http_fault_text(pl_http_fault fault);

#endif
