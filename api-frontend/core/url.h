/* url.h - percent-decoding, queries and forms. */
#ifndef PL_API_URL_H
#define PL_API_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/buf.h"
#include "pl/err.h"
#include "pl/slice.h"

typedef enum pl_url_plus {
    PL_URL_PLUS_KEPT,    /* in paths: '+' is '+', as in tel:+1425.. */
    PL_URL_PLUS_IS_BLANK /* in forms */
} pl_url_plus;

/* Decode into buf[cap] as a C string.
 * Errors: PL_EPROTO broken escape, NUL, control character, not UTF-8;
 *         PL_EFULL does not fit.
 * Source: RFC 3986 section 2.1 */
PL_MUST_USE pl_err pl_url_decode(pl_slice text, pl_url_plus plus, char *buf,
                                 size_t cap);
/* Value of a name in name=value&name=value, decoded into buf[cap].
 * Errors: PL_ENOENT absent; PL_EPROTO as above, or given twice; PL_EFULL. */
PL_MUST_USE pl_err pl_url_param(pl_slice query, const char *name, char *buf,
                                size_t cap);
/* Cut the next name=value off a query; both are still escaped. false: there is
 * none. */
bool pl_url_next(pl_slice *query, pl_slice *ret_name, pl_slice *ret_value);
/* Append text with everything escaped but what never needs it.
 * Source: RFC 3986 section 2.3 */
void pl_url_escape(pl_slice text, pl_buf *out);

/* Whether text has nothing but ASCII letters, digits and `others`; "" has. */
bool pl_url_is_word(const char *text, const char *others);

#endif
