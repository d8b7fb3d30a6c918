/* scope.h - lists of scopes: words that say what a token is good for. Source:
 * RFC 6749 section 3.3 */
#ifndef PL_API_SCOPE_H
#define PL_API_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "pl/err.h"
#include "pl/slice.h"

enum { PL_SCOPES_MAX = 2048 }; /* bytes of a list */

/* Cut the next word off a list; false: there is none. Words are separated by
 * blanks (RFC 8693 section 4.2); the clients of old gateways write commas. */
bool pl_scope_next(pl_slice *rest, pl_slice *ret_word);
bool pl_scope_has(pl_slice list, const char *word);
/* Whether the scopes of a caller (scope_text) have exactly that word: neither
 * its case nor a part of it. */
bool pl_scope_text_has(const char *scopes, const char *word);
/* Whether text is a word: visible ASCII but quotes, backslash, comma. */
bool pl_scope_is_word(pl_slice text);

/* Whether it is a scope of the device APIs or of the relay of their events. */
bool pl_scope_is_device(pl_slice word);

/* What a client may have. */
typedef struct pl_scope_right {
    const char *all;      /* of <resource>/.default */
    const char *standard; /* when it does not ask for any */
    bool is_free;         /* any others, too */
} pl_scope_right;

/* What a client gets that asks for a list, separated by blanks.
 * asked:     "" nothing; "<resource>/.default" everything it may have
 * ret_scope: [PL_SCOPES_MAX + 1]
 * Errors:    PL_EFORBIDDEN one that it may not have; PL_EINVAL no list, too
 *            long, or .default beside others */
PL_MUST_USE pl_err pl_scope_choose(const char *asked,
                                   const pl_scope_right *right,
                                   char *ret_scope);

#endif
