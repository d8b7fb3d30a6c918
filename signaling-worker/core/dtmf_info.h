/* dtmf_info.h - keys sent in SIP INFO bodies: application/dtmf-relay
 * ("Signal=5" CRLF "Duration=160") and application/dtmf ("5"). Both are custom
 * of the trade, not of a standard. */
#ifndef PL_SIP_DTMF_INFO_H
#define PL_SIP_DTMF_INFO_H

#include "pl/err.h"
#include "pl/slice.h"

/* Read the key of an INFO.
 *
 * content_type: lower case, without parameters
 * ret_digit:    0-9 * # A-D
 * Errors: PL_EUNSUPPORTED another content type (415); PL_EPROTO no valid key.
 */
PL_MUST_USE pl_err pl_dtmf_info_parse(const char *content_type, pl_slice body,
                                      char *ret_digit);

#endif
