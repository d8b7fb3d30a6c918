/* sip_build.h - writes requests and responses as bytes. */
#ifndef PL_SIP_BUILD_H
#define PL_SIP_BUILD_H

#include "dialog.h"
#include "pl/uri.h"
#include "sip_head.h"

/* Longest message we write: a session description and its head. */
enum { PL_SIP_MAX_OUT = 65536 + 8192 };

typedef struct pl_sip_request_spec {
    pl_sip_method method;
    const char *request_uri;
    const char *route;           /* value of Route, or "" */
    const char *via;             /* "host:port" as others reach us */
    pl_uri_transport transport;  /* UDP, TCP or TLS */
    const char *branch;          /* with the magic cookie */
    const pl_sip_dialog *dialog; /* From, To, Call-ID */
    const char *to_name;         /* display name; NULL or "" for none */
    uint32_t cseq;
    const char *contact;      /* URI, or NULL for none */
    const char *extra;        /* complete lines, or NULL */
    const char *content_type; /* NULL: no body */
    pl_slice body;
} pl_sip_request_spec;

/* Write a request. Errors: PL_EFULL; PL_EINVAL a control character in a value.
 * Source: RFC 3261 sections 8.1.1 and 12.2.1.1. */
PL_MUST_USE pl_err pl_sip_build_request(const pl_sip_request_spec *spec,
                                        char *buf, size_t cap, size_t *ret_len);

typedef struct pl_sip_response_spec {
    const pl_sip_head *request;
    const char *source; /* address the request came from */
    uint16_t source_port;
    unsigned status;
    const char *phrase;       /* NULL: the usual one */
    const char *to_tag;       /* added when the request has none; may be NULL */
    const char *contact;      /* URI, or NULL for none */
    const char *extra;        /* complete lines, or NULL */
    const char *content_type; /* NULL: no body */
    pl_slice body;
} pl_sip_response_spec;

/* Write a response to raw request lines: they are copied as they came, the top
 * Via with received and rport (RFC 3261 section 18.2.1, RFC 3581 section 4),
 * Record-Route in 1xx and 2xx to requests that have it (section 12.1.1).
 * Errors: PL_EFULL; PL_EPROTO a needed line is missing. */
PL_MUST_USE pl_err pl_sip_build_response(const pl_sip_response_spec *spec,
                                         char *buf, size_t cap,
                                         size_t *ret_len);

/* Make text safe inside a quoted string: quotes, backslashes and control
 * characters are left out. */
void pl_sip_quote_safe(const char *text, char *buf, size_t cap);
/* Copy with everything but unreserved characters percent-escaped, for the user
 * part of an address (RFC 3261 section 25.1). Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_sip_escape_user(const char *user, char *buf, size_t cap);
/* A telephone number (that of a tel: address) as an address at a host: it may
 * have `#`, which must be escaped there.
 * Errors: PL_EFULL. Source: RFC 3261 section 19.1.6. */
PL_MUST_USE pl_err pl_sip_number_uri(const char *number, const char *host,
                                     char *buf, size_t cap);

#endif
