/* oauth.h - the token endpoint: requests, answers, claims.
 * Source: RFC 6749 sections 2.3.1, 4.1.3, 4.4, 5 */
#ifndef PL_API_OAUTH_H
#define PL_API_OAUTH_H

#include "answer.h"
#include "assertion.h"
#include "auth_code.h"
#include "http_head.h"
#include "scope.h"

typedef struct pl_oauth_request {
    char client_id[129], client_secret[129];
    char scope[PL_SCOPES_MAX + 1]; /* "" when not asked for */
    char user[257];                /* user the token shall name, "" none */
    bool has_assertion; /* the client signed this instead of a secret */
    char assertion[PL_JWT_MAX + 1];
    bool has_code; /* grant_type is authorization_code: the rest is set */
    char code[PL_CODE_MAX + 1];
    char redirect_uri[PL_REDIRECT_MAX + 1];       /* "" none */
    char code_verifier[PL_CODE_VERIFIER_MAX + 1]; /* "" none */
} pl_oauth_request;

typedef enum pl_oauth_fault {
    PL_OAUTH_INVALID_REQUEST,
    PL_OAUTH_INVALID_CLIENT,
    PL_OAUTH_UNSUPPORTED_GRANT,
    PL_OAUTH_INVALID_SCOPE,
    PL_OAUTH_INVALID_GRANT,
    PL_OAUTH_SCOPE_DENIED, /* the client may not have it */
    PL_OAUTH_NO_CODES,     /* this client may not use them */
    PL_OAUTH_NO_USERS,     /* this client may not name users */
    PL_OAUTH_NO_TENANT,    /* no such path */
    PL_OAUTH_FULL,         /* too many assertions at once */
    PL_OAUTH_CODES_FULL,   /* too many at once */
    PL_OAUTH_UNAVAILABLE
} pl_oauth_fault;

/* Read a form with credentials in it or in Authorization: Basic.
 * Errors: PL_EINVAL, see ret_fault. */
PL_MUST_USE pl_err pl_oauth_read(const pl_http_head *head, pl_slice body,
                                 pl_oauth_request *ret_request,
                                 pl_oauth_fault *ret_fault);
void pl_oauth_fail(pl_answer *answer, pl_oauth_fault fault);
void pl_oauth_grant(pl_answer *answer, const char *token, unsigned lifetime_s,
                    const char *scope);

typedef struct pl_oauth_claims {
    const char *issuer, *audience, *client_id, *scope, *user;
    const char *tenant; /* "" none */
    const char *token_id;
    int64_t now_s;
    unsigned lifetime_s;
} pl_oauth_claims;
/* The payload of an access token. Source: RFC 9068 section 2.2 */
void pl_oauth_claims_text(const pl_oauth_claims *claims, pl_buf *out);
/* Metadata for clients.
 * issuer:    base of all addresses
 * tenant:    whose; "" the issuer itself
 * has_codes: whether authorization codes are given
 * Source: RFC 8414 section 2 */
void pl_oauth_discovery(pl_answer *answer, const char *issuer,
                        const char *tenant, bool has_codes);

#endif
