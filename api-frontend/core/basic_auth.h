/* basic_auth.h - credentials of HTTP Basic. Source: RFC 7617 section 2 */
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
 *         with a zero byte. */
PL_MUST_USE pl_err pl_basic_read(pl_slice header, pl_buf *pair,
                                 pl_slice *ret_user, pl_slice *ret_password);

#endif
