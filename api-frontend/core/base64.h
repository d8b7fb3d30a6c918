/* base64.h - strict base64url (RFC 4648 section 5, no padding) and base64. */
#ifndef PL_API_BASE64_H
#define PL_API_BASE64_H

#include "pl/buf.h"

/* Append the decoded bytes. Errors: PL_EPROTO a character outside the
 * alphabet, padding, an impossible length, or trailing bits that are not zero;
 * PL_EFULL out cannot take them. */
PL_MUST_USE pl_err pl_base64url_decode(pl_slice text, pl_buf *out);
void pl_base64url_encode(pl_slice data, pl_buf *out);
/* As pl_base64url_decode() with the alphabet of section 4 and padding. */
PL_MUST_USE pl_err pl_base64_decode(pl_slice text, pl_buf *out);
void pl_base64_encode(pl_slice data, pl_buf *out);

#endif
