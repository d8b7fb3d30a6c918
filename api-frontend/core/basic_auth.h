/* basic_auth.h - credentials in Authorization headers: HTTP Basic, Bearer. */
#ifndef PL_API_BASIC_AUTH_H
#define PL_API_BASIC_AUTH_H

#include "pl/buf.h"

enum { PL_BASIC_PAIR_MAX = 1024 };

/* Whether an Authorization header is of this scheme. */
bool pl_basic_is(pl_slice header);
/* Decode such a header and cut it at the first colon.
 * pair: initialised, empty, owned by the caller, who wipes it; the slices point
 *       into it
 * Errors: PL_EAUTH not of the scheme, not base64, too long, without colon, or
 *         with a zero byte.
 * Source: RFC 7617 section 2 */
PL_MUST_USE pl_err pl_basic_read(pl_slice header, pl_buf *pair,
                                 pl_slice *ret_user, pl_slice *ret_password);

/* The token of scheme Bearer, borrowed from the header.
 * Errors: PL_EAUTH of another scheme, empty, or not visible ASCII.
 * Source: RFC 6750 section 2.1 */
PL_MUST_USE pl_err pl_bearer_read(pl_slice header, pl_slice *ret_token);

#endif
