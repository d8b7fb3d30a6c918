/* sip_uri.h - sip: and tel: addresses (RFC 3261 section 19.1, RFC 3966). */
#ifndef PL_SIP_URI_H
#define PL_SIP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"
#include "pl/uri.h"

enum { PL_SIP_URI_MAX = 512 };

/* Of an address, what is needed to send there. */
typedef struct pl_sip_uri {
    char text[PL_SIP_URI_MAX + 1]; /* as given, without angle brackets */
    pl_uri_scheme scheme;
    char user[PL_URI_USER_TEXT]; /* unescaped; tel: the number without visual
                                    separators */
    char host[PL_URI_HOST_TEXT]; /* lower case; IPv6 without brackets */
    uint16_t port;               /* 0: none given */
    pl_uri_transport transport;  /* of sips: TLS, whatever it says */
    bool is_loose;               /* lr, RFC 3261 section 19.1.1 */
} pl_sip_uri;

/* Parse an address with pl_uri_parse(), with or without angle brackets and
 * display name. After a bracket the parameters are the header's and ignored;
 * without brackets they are the address's, as in a Request-URI.
 * Errors: PL_EINVAL malformed, other scheme, too long */
PL_MUST_USE pl_err pl_sip_uri_parse(pl_slice text, pl_sip_uri *ret_uri);

/* Length of an address without its parameters and headers; its user part may
 * have a semicolon, as that of a number with a context does. */
size_t pl_sip_uri_bare(const char *uri);

/* Cut the first element of a comma list such as a route set, respecting quotes
 * and angle brackets. false at the end; *rest is advanced. */
bool pl_sip_list_next(pl_slice *rest, pl_slice *ret_item);

#endif
