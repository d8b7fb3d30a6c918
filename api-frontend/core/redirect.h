/* redirect.h - the addresses that a client may have its users sent back to.
 * Source: RFC 6749 section 3.1.2, RFC 9700 section 2.1 */
#ifndef PL_API_REDIRECT_H
#define PL_API_REDIRECT_H

#include <stdbool.h>

#include "pl/buf.h"

enum { PL_REDIRECT_MAX = 255 };

/* Whether every address of a list, separated by blanks, may be redirected to:
 * https, or http to localhost or 127.0.0.1; a host; no user name, no fragment,
 * nothing that a header or a policy would need to escape. An empty list is
 * good. */
bool pl_redirects_are_good(const char *list);
/* The address of the list that equals `wanted`; "" stands for the only one.
 * Errors: PL_ENOENT none does; PL_EFULL. */
PL_MUST_USE pl_err pl_redirect_find(const char *list, const char *wanted,
                                    char *buf, size_t cap);
/* Length of scheme, host and port at the begin of a good address. */
size_t pl_redirect_origin_len(const char *uri);
/* Append name=value to an address, escaped. Source: RFC 6749 section 4.1.2 */
void pl_redirect_add(pl_buf *uri, const char *name, const char *value);

#endif
