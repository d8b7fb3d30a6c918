/* route.h - from method and path to an operation; the table of all routes. */
#ifndef PL_API_ROUTE_H
#define PL_API_ROUTE_H

#include "api.h"

/* The i-th route; NULL past the end. */
const pl_route *pl_route_at(size_t i);
/* Find the route of a path (escaped, without query). One trailing slash more
 * or less makes no difference. HEAD uses the GET route.
 * ret_match: filled on PL_OK, and on PL_EUNSUPPORTED as far as `allowed`
 * Errors:    PL_ENOENT no such path; PL_EUNSUPPORTED not with this method;
 *            PL_EPROTO broken escape or NUL in a parameter */
PL_MUST_USE pl_err pl_route_find(pl_http_method method, pl_slice path,
                                 pl_route_match *ret_match);
/* "GET, HEAD, OPTIONS" of a bit set as in pl_route_match.allowed. */
void pl_route_allow_text(unsigned allowed, char *buf, size_t cap);

#endif
