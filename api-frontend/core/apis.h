/* apis.h - which APIs a front end serves: a relay, say, by itself, on a host of
 * its own. Health, readiness, metrics and /openapi.json are always there. */
#ifndef PL_API_APIS_H
#define PL_API_APIS_H

#include "api.h"

#define PL_APIS_WORDS                                                          \
    "conference, client, room, management, video, device, relay, token, "      \
    "pages; or all"

/* The list of [api] apis, words separated by blanks, as bits.
 * Errors: PL_ECONFIG an unknown word, or none. */
PL_MUST_USE pl_err pl_apis_read(const char *list, unsigned *ret_apis);
/* Whether an operation is served; op NULL: whether a path is, of which no
 * operation is known. */
bool pl_apis_serve(unsigned apis, pl_slice path, const pl_api_op *op);

#endif
