/* token_server.h - the embedded token server: client_credentials and
 * authorization_code, key set, metadata. */
#ifndef PL_API_TOKEN_SERVER_H
#define PL_API_TOKEN_SERVER_H

#include "answer.h"
#include "api_config.h"
#include "jwt.h"
#include "pl/loop.h"
#include "pl/metrics.h"

typedef struct pl_token_server pl_token_server;

/* Errors: PL_ECONFIG unusable files; PL_EIO; PL_ENOMEM; each logged. */
PL_MUST_USE pl_err pl_token_server_open(pl_loop *loop,
                                        const pl_api_config *config,
                                        pl_metrics *metrics,
                                        pl_token_server **ret_server);
void pl_token_server_close(pl_token_server **server);

/* Whether a signature is ours. Errors: PL_ENOENT, PL_EAUTH. */
PL_MUST_USE pl_err pl_token_server_verify(pl_token_server *server,
                                          const pl_jwt *jwt);
/* A request. tenant: of the path, "" none. */
typedef struct pl_token_ask {
    const char *tenant;
    const pl_http_head *head;
    pl_slice body;
} pl_token_ask;

/* POST to the token endpoint. */
void pl_token_server_token(pl_token_server *server, const pl_token_ask *ask,
                           pl_answer *answer);
/* GET and POST of the page where the user of a mobile number agrees. */
void pl_token_server_authorize(pl_token_server *server, const pl_token_ask *ask,
                               pl_answer *answer);
void pl_token_server_jwks(const pl_token_server *server,
                          const pl_token_ask *ask, pl_answer *answer);
void pl_token_server_discovery(const pl_token_server *server,
                               const pl_token_ask *ask, pl_answer *answer);

#endif
