/* management_auth.h - who may use the management API: a user of a file of
 * credentials (HTTP Basic), a static token of the same file, or an access token
 * whose scope says so. Wrong passwords are limited a source, requests a
 * credential. */
#ifndef PL_API_MANAGEMENT_AUTH_H
#define PL_API_MANAGEMENT_AUTH_H

#include "auth.h"

typedef struct pl_management_auth pl_management_auth;

typedef struct pl_management_auth_options {
    pl_loop *loop;
    const pl_api_config *config; /* borrowed */
    pl_metrics *metrics;
    pl_auth *auth; /* borrowed: access tokens */
} pl_management_auth_options;

/* Read the file, or make it when it is missing.
 * Errors: PL_ECONFIG unusable file (logged); PL_EIO (logged); PL_ENOMEM. */
PL_MUST_USE pl_err
pl_management_auth_open(const pl_management_auth_options *options,
                        pl_management_auth **ret_management);
void pl_management_auth_close(pl_management_auth **management);

/* Who asks.
 * header:     value of Authorization
 * source:     address of the client
 * ret_caller: client_id is the user, or the client of the token
 * ret_wait_s: seconds until the next try, with PL_ERATE; else 0
 * Errors: PL_EAUTH; PL_EFORBIDDEN a good token without the scope; PL_ERATE too
 *         many requests, or too many wrong passwords; PL_EUNAVAILABLE no keys
 *         are known yet; PL_ENOMEM. */
PL_MUST_USE pl_err pl_management_auth_check(pl_management_auth *management,
                                            pl_slice header, const char *source,
                                            pl_caller *ret_caller,
                                            unsigned *ret_wait_s);

#endif
