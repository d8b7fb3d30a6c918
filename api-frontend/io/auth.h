/* auth.h - access tokens: who a bearer token speaks for, and the embedded
 * token server. Keys are our own, from a file, or fetched from an issuer. */
#ifndef PL_API_AUTH_H
#define PL_API_AUTH_H

#include "answer.h"
#include "api_config.h"
#include "introspection.h"
#include "jwt.h"
#include "pl/loop.h"
#include "pl/metrics.h"
#include "token_server.h"

typedef struct pl_auth pl_auth;

/* Load or make keys and the development client.
 * Errors: PL_ECONFIG unusable files (logged); PL_EIO (logged); PL_ENOMEM. */
PL_MUST_USE pl_err pl_auth_open(pl_loop *loop, const pl_api_config *config,
                                pl_metrics *metrics, pl_auth **ret_auth);
void pl_auth_close(pl_auth **auth);

/* Check the value of an Authorization header.
 * Errors: PL_EAUTH; PL_EFORBIDDEN the token lacks the scope; PL_EUNAVAILABLE
 *         no keys are known yet, or the server that knows does not answer;
 *         PL_EAGAIN that server has to be asked: pl_auth_ask(); PL_ENOMEM. */
PL_MUST_USE pl_err pl_auth_check(pl_auth *auth, pl_slice header,
                                 pl_caller *ret_caller);
/* The same for the device APIs, see caller.h. */
PL_MUST_USE pl_err pl_auth_check_device(pl_auth *auth, pl_slice header,
                                        pl_caller *ret_caller);
/* Have the server asked; then check again.
 * source: IP address of the client, which has its share of the questions
 * Errors: PL_EUNAVAILABLE too many are asked about; PL_EAUTH; PL_ENOMEM. */
PL_MUST_USE pl_err pl_auth_ask(pl_auth *auth, pl_slice header,
                               const char *source, pl_introspection_wait *wait);
/* POST to the token endpoint. */
void pl_auth_token(pl_auth *auth, const pl_token_ask *ask, pl_answer *answer);
/* GET and POST of the page where the user of a mobile number agrees. */
void pl_auth_authorize(pl_auth *auth, const pl_token_ask *ask,
                       pl_answer *answer);
void pl_auth_jwks(pl_auth *auth, const pl_token_ask *ask, pl_answer *answer);
void pl_auth_discovery(pl_auth *auth, const pl_token_ask *ask,
                       pl_answer *answer);

#endif
