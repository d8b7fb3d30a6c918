/* form_data.h - forms in request bodies, in either of their two encodings.
 *
 * multipart/form-data is read strictly: no text before the first or behind the
 * last part, CRLF line ends, at most 32 parts with at most 8 header lines of
 * 512 bytes, no files, no transfer encodings.
 * Source: RFC 7578, RFC 2046 section 5.1.1 */
#ifndef PL_API_FORM_DATA_H
#define PL_API_FORM_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/err.h"
#include "pl/slice.h"

enum {
    PL_FORM_PARTS_MAX = 32,
    PL_FORM_HEADERS_MAX = 8,
    PL_FORM_LINE_MAX = 512,
    PL_FORM_BOUNDARY_MAX = 70
};

/* A form that may be asked for values. */
typedef struct pl_form {
    pl_slice body;     /* borrowed */
    pl_slice boundary; /* borrowed from the content type; empty: urlencoded */
} pl_form;

/* Take a body as a form.
 * Errors: PL_EUNSUPPORTED the content type is not a form's; PL_EPROTO the
 *         boundary or the parts are malformed. */
PL_MUST_USE pl_err pl_form_open(pl_slice content_type, pl_slice body,
                                pl_form *ret_form);
/* Value of a name, decoded into buf[cap].
 * Errors: PL_ENOENT absent; PL_EPROTO given twice, a control character or not
 *         UTF-8; PL_EFULL does not fit. */
PL_MUST_USE pl_err pl_form_get(const pl_form *form, const char *name, char *buf,
                               size_t cap);
/* The same where it may be absent: buf is "" then, and after an error.
 * Errors: PL_EPROTO, PL_EFULL. */
PL_MUST_USE pl_err pl_form_get_optional(const pl_form *form, const char *name,
                                        char *buf, size_t cap);

#endif
