/* uui_data.h - uuiData: what a caller gives for a room, in one of four forms
 * that mean the same. `123456,765432` may come as it is, as its hex digits (as
 * contact centres carry User-to-User, RFC 7433), as its base64url, or as the
 * hex digits of its base64url. The suffix of the room's tag is the base64url of
 * the text without padding, whatever the form was.
 *
 * A text of nothing but an even number of hex digits is taken for hex. */
#ifndef PL_API_UUI_DATA_H
#define PL_API_UUI_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/err.h"
#include "pl/slice.h"

enum {
    PL_UUI_RAW_MAX = 1024, /* bytes of the value, percent-decoded */
    PL_UUI_SUFFIX_MAX = 250
};

/* Find the suffix; an empty text has an empty one.
 *
 * raw:        value of the query parameter, percent-decoded once
 * is_header:  it may have the form of a whole header: `;encoding=hex` behind
 *             it, a protocol discriminator 00 or 04 before the bytes
 * max:        longest suffix that is good, at most PL_UUI_SUFFIX_MAX
 * ret_suffix: [max + 1]; letters, digits, - and _ only
 * Errors:     PL_EINVAL a control character; PL_ETOOBIG longer than max;
 *             PL_ENOMEM
 * Context:    any thread */
PL_MUST_USE pl_err pl_uui_suffix(pl_slice raw, bool is_header, size_t max,
                                 char *ret_suffix);

#endif
