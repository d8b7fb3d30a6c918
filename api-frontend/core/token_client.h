/* token_client.h - a client of the embedded token server: who it is, how it
 * proves that, what it may have. */
#ifndef PL_API_TOKEN_CLIENT_H
#define PL_API_TOKEN_CLIENT_H

#include "pl/json.h"
#include "scope.h"

enum { PL_CLIENT_ID_MAX = 128, PL_CLIENT_SECRET_MIN = 16 };

typedef struct pl_token_client {
    char id[PL_CLIENT_ID_MAX + 1];
    char secret_hash[65]; /* SHA-256 in hex; "": it has no secret */
    char scopes[PL_SCOPES_MAX + 1];
    bool is_free;        /* may have scopes beside these */
    bool may_name_users; /* parameter `user` */
    bool may_use_codes;  /* grant authorization_code */
} pl_token_client;

/* Read one of a file's clients: client_id, scopes (a list), client_secret or
 * client_secret_sha256, jwks (keys that it signs assertions with), and
 * may_name_users.
 * ret_jwks:  borrowed from row; NULL none
 * ret_wrong: written on PL_EINVAL: what is wrong
 * Errors:    PL_EINVAL */
PL_MUST_USE pl_err pl_token_client_read(const pl_json *row,
                                        pl_token_client *ret_client,
                                        const pl_json **ret_jwks,
                                        const char **ret_wrong);
/* Whether that is the client's secret; the time does not depend on it. client
 * NULL: nobody's. */
bool pl_token_client_has_secret(const pl_token_client *client,
                                const char *secret);

#endif
