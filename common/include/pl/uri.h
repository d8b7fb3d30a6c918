/* uri.h - SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966). */
#ifndef PL_URI_H
#define PL_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

enum {
    PL_URI_USER_TEXT = 129,   /* 128 bytes, unescaped, and the end mark */
    PL_URI_HOST_TEXT = 256,   /* RFC 1035 section 2.3.4 */
    PL_URI_PARAMS_TEXT = 513, /* ";a=b;c" as it came */
    PL_URI_TEXT = 1024,       /* one URI written out */
};

typedef enum pl_uri_scheme {
    PL_URI_NONE, /* not parsed */
    PL_URI_SIP,
    PL_URI_SIPS,
    PL_URI_TEL,
} pl_uri_scheme;

typedef enum pl_uri_transport {
    PL_URI_ANY, /* not said */
    PL_URI_UDP,
    PL_URI_TCP,
    PL_URI_TLS,
    PL_URI_OTHER, /* ws, sctp, .. */
} pl_uri_transport;

typedef struct pl_uri {
    pl_uri_scheme scheme;
    char user[PL_URI_USER_TEXT]; /* %-escapes undone; empty: none. tel: digits
                                    with a leading + when global, visual
                                    separators removed */
    char host[PL_URI_HOST_TEXT]; /* lower case; IPv6 without brackets; tel:
                                    empty */
    unsigned host_family;        /* 4 or 6: an address; 0: a name */
    uint16_t port;               /* 0: not said */
    pl_uri_transport transport;
    bool is_lr;                      /* ;lr: a loose router */
    char params[PL_URI_PARAMS_TEXT]; /* with the leading ';', or empty */
} pl_uri;

/* Parse one URI, nothing around it. A password ("user:pw@") and headers
 * ("?a=b") are checked for their characters and dropped. '#' is taken in a user
 * part though it should be escaped there: people key it.
 *
 * Errors: PL_EPROTO malformed; PL_EUNSUPPORTED another scheme; PL_ETOOBIG
 * Context: any thread; no allocation; O(length) */
PL_MUST_USE pl_err pl_uri_parse(pl_slice text, pl_uri *ret_uri);
/* Write it with what must be escaped escaped.
 * Errors: PL_EFULL buf[cap] is too small; PL_EINVAL no URI */
PL_MUST_USE pl_err pl_uri_write(const pl_uri *uri, char *buf, size_t cap);
/* Same scheme, user, host and port, parameters left aside: enough to find an
 * account or a room. User is compared exactly, host without case; an absent
 * port differs from 5060 (RFC 3261 section 19.1.4). */
bool pl_uri_same(const pl_uri *a, const pl_uri *b);
/* Value of one parameter, name without case: empty for a flag.
 * Errors: PL_ENOENT absent */
PL_MUST_USE pl_err pl_uri_param(const pl_uri *uri, const char *name,
                                pl_slice *ret_value);
/* Find the URI in a name-addr or addr-spec; it is not parsed.
 *
 * ret_uri:     borrowed from text, without the brackets
 * ret_display: buf[cap], as below
 * Errors:      PL_EPROTO brackets or quotes that do not close
 * Source:      RFC 3261 section 20.10 */
PL_MUST_USE pl_err pl_uri_find(pl_slice text, pl_slice *ret_uri,
                               char *ret_display, size_t cap);
/* Parse a name-addr or addr-spec as in From, To, Contact and the API's
 * addresses: "Bob" <sip:bob@host;lr>;tag=1. What follows the URI is left alone.
 *
 * ret_display: buf[cap], display name without quotes, cut to fit, empty when
 *              absent; cap > 0
 * Errors:      as pl_uri_parse()
 * Source:      RFC 3261 section 20.10 */
PL_MUST_USE pl_err pl_uri_parse_name_addr(pl_slice text, pl_uri *ret_uri,
                                          char *ret_display, size_t cap);

#endif
