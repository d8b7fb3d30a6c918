/* sip_uri.h - sip: and tel: addresses (RFC 3261 section 19.1, RFC 3966). */
#ifndef PL_SIP_URI_H
#define PL_SIP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

enum { PL_SIP_URI_MAX = 512, PL_SIP_USER_MAX = 128, PL_SIP_HOST_MAX = 255 };

typedef enum pl_sip_scheme {
    PL_SIP_SCHEME_OTHER,
    PL_SIP_SCHEME_SIP,
    PL_SIP_SCHEME_SIPS,
    PL_SIP_SCHEME_TEL
} pl_sip_scheme;

typedef struct pl_sip_uri {
    char text[PL_SIP_URI_MAX + 1]; /* as given, without angle brackets */
    pl_sip_scheme scheme;
    char user[PL_SIP_USER_MAX + 1]; /* unescaped; tel: the number without
                                       visual separators */
    char host[PL_SIP_HOST_MAX + 1]; /* IPv6 without brackets */
    uint16_t port;                  /* 0: none given */
    bool is_tcp;                    /* transport=tcp */
    bool has_transport;
    bool is_loose; /* lr, RFC 3261 section 19.1.1 */
} pl_sip_uri;

/* Parse an address, with or without angle brackets and display name, header
 * parameters after the bracket ignored.
 * Errors: PL_EINVAL malformed, other scheme, characters that may not stand in
 *         a SIP header (control, blank, quote, bracket), too long. */
PL_MUST_USE pl_err pl_sip_uri_parse(pl_slice text, pl_sip_uri *ret_uri);

/* Cut the first element of a comma list such as a route set, respecting quotes
 * and angle brackets. false at the end; *rest is advanced. */
bool pl_sip_list_next(pl_slice *rest, pl_slice *ret_item);

#endif
