/* codes.h - authorization codes of the embedded token server: the page where
 * they are given, and trading them. */
#ifndef PL_API_CODES_H
#define PL_API_CODES_H

#include "consent.h"
#include "oauth.h"
#include "pl/loop.h"
#include "pl/metrics.h"
#include "token_keys.h"

typedef struct pl_codes pl_codes;

/* All borrowed. redirect_uris "": no codes are given. */
typedef struct pl_codes_options {
    pl_loop *loop;
    pl_metrics *metrics;
    pl_token_keys *keys; /* that the front ends share */
    const char *client_id, *redirect_uris;
} pl_codes_options;

/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_codes_open(const pl_codes_options *options,
                                 pl_codes **ret_codes);
void pl_codes_close(pl_codes **codes);
/* GET and POST of the page. */
void pl_codes_authorize(pl_codes *codes, const pl_http_head *head,
                        pl_slice body, pl_answer *answer);
/* Trade a code of a client that has shown who it is. A code whose signature is
 * good is used up by that, even if something else is wrong.
 * Errors: PL_EINVAL see ret_fault. */
PL_MUST_USE pl_err pl_codes_take(pl_codes *codes,
                                 const pl_oauth_request *request,
                                 pl_auth_code *ret_code,
                                 pl_oauth_fault *ret_fault);

#endif
