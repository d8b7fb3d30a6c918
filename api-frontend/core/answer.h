/* answer.h - an HTTP answer under construction, and the error bodies of the
 * API families. */
#ifndef PL_API_ANSWER_H
#define PL_API_ANSWER_H

#include "pl/buf.h"

enum { PL_ANSWER_BODY_MAX = 4 << 20 };

/* Each family has its own error form. */
typedef enum pl_api_family {
    PL_FAMILY_SITE,       /* pages, health: {"error":{..}} */
    PL_FAMILY_CONFERENCE, /* RequestError */
    PL_FAMILY_CLIENT,     /* {"status":"failed","result":".."} */
    PL_FAMILY_TOKEN,      /* RFC 6749 section 5.2 */
    PL_FAMILY_ROOM,       /* {"detail":".."}; 401 says how, 503 when again */
    PL_FAMILY_MANAGEMENT, /* {"error":".."}; 401 says how */
    PL_FAMILY_VIDEO,      /* {"error":".."}; 401 says how, 503 when again */
    PL_FAMILY_RELAY,      /* as PL_FAMILY_DEVICE */
    PL_FAMILY_DEVICE,     /* ErrorInfo; 401 says how, 503 when again */
    PL_FAMILIES
} pl_api_family;

typedef struct pl_answer {
    int status; /* 0: none yet */
    const char *content_type;
    pl_buf headers; /* complete lines with CRLF */
    pl_buf body;
} pl_answer;

void pl_answer_init(pl_answer *answer);
void pl_answer_fini(pl_answer *answer);
/* Forget what was put in so far. */
void pl_answer_reset(pl_answer *answer);
/* Add a header; one whose value holds a control character is left out. */
void pl_answer_header(pl_answer *answer, const char *name, const char *value);
/* How to ask with a token. was_given: credentials came and were not good; else
 * no error code is given (RFC 6750 section 3.1). realm "": none. */
void pl_answer_bearer(pl_answer *answer, const char *realm, bool was_given);
/* Set status and type; the body is written to answer->body. */
void pl_answer_json(pl_answer *answer, int status);
void pl_answer_text(pl_answer *answer, int status, const char *text);
/* Whole answer without body. */
void pl_answer_empty(pl_answer *answer, int status);
/* The conference API's error body. code NULL: an Exception without MessageId,
 * else a PolicyException (POL..) or ServiceException. */
void pl_answer_request_error(pl_answer *answer, int status, const char *code,
                             const char *text);
/* An error without a code of the API's own: wrong path, method, syntax. The
 * conference family answers a wrong path with 400: its clients take 404 for the
 * end of their session. */
void pl_answer_refuse(pl_answer *answer, pl_api_family family, int status,
                      const char *text);
/* The family a path belongs to when no route matched it. */
pl_api_family pl_family_of_path(pl_slice path);

/* CORS. allowed: "*", or origins separated by blanks. Every answer of the API
 * families carries it. Source: Fetch standard, section 3.2 */
void pl_answer_cors(pl_answer *answer, const char *allowed, pl_slice origin);
/* Whether an origin is one of a list separated by blanks. */
bool pl_origin_is_listed(const char *list, pl_slice origin);
/* Answer to OPTIONS: methods is the text of Allow. */
void pl_answer_preflight(pl_answer *answer, const char *methods);

/* Whether a status has a body at all. Source: RFC 9110 section 6.4.1 */
bool pl_http_has_body(int status);
/* Append status line and headers with the empty line.
 * connection: value of Connection, "" none
 * framing:    lines that say where the body ends; NULL: Content-Length
 * Source:     RFC 9110 section 5.6.7 (Date), RFC 9112 section 6.3 */
void pl_answer_head_text(const pl_answer *answer, int64_t wall_ms,
                         const char *connection, const char *framing,
                         pl_buf *out);

/* Reason phrase of a status. */
const char *pl_http_reason(int status);

#endif
