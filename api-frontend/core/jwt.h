/* jwt.h - access tokens (JWT in JWS compact form): syntax and claims. The
 * signature is checked in io/.
 * Source: RFC 7519, RFC 8725, RFC 9068 */
#ifndef PL_API_JWT_H
#define PL_API_JWT_H

#include "api.h"

enum { PL_JWT_MAX = 8192, PL_JWT_KID_MAX = 128, PL_JWT_SIGNATURE_MAX = 1024 };

/* Fixed by the key, never by the token. */
typedef enum pl_jwt_alg {
    PL_JWT_UNKNOWN,
    PL_JWT_RS256,
    PL_JWT_ES256,
    PL_JWT_EDDSA
} pl_jwt_alg;

typedef struct pl_jwt {
    pl_slice text;                /* whole token, borrowed */
    pl_slice signed_;             /* what the signature covers, borrowed */
    pl_buf signature;             /* decoded */
    pl_jwt_alg alg;               /* as the header says: must equal the key's */
    char kid[PL_JWT_KID_MAX + 1]; /* "" when absent */
    pl_json *claims;
} pl_jwt;

/* Take a token apart. text is borrowed by *ret_jwt; pl_jwt_fini() it on PL_OK.
 * Errors: PL_EAUTH malformed; alg none, HS* or unknown; jku, x5u, jwk, x5c or
 *         crit in the header; typ other than JWT or at+jwt; PL_ENOMEM. */
PL_MUST_USE pl_err pl_jwt_parse(pl_slice text, pl_jwt *ret_jwt);
/* The same for other signed texts of ours: typ must be exactly that one, so
 * that neither is taken for the other. Source: RFC 8725 section 3.11 */
#define PL_JWT_TYP_OPTIONAL "" /* JWT, or none: tokens that apps sign */
PL_MUST_USE pl_err pl_jwt_parse_typed(pl_slice text, const char *typ,
                                      pl_jwt *ret_jwt);
void pl_jwt_fini(pl_jwt *jwt);

typedef struct pl_jwt_policy {
    const char *issuer;   /* iss must equal it */
    const char *audience; /* aud must contain it */
    const char *scope;    /* scope must contain it; "": any */
    int64_t now_ms;       /* wall time */
} pl_jwt_policy;

/* Check the claims of a token whose signature is good, and say for whom it
 * speaks. token_hash is left to the caller.
 * Errors: PL_EAUTH; PL_EFORBIDDEN the scope is missing. */
PL_MUST_USE pl_err pl_jwt_check(const pl_jwt *jwt, const pl_jwt_policy *policy,
                                pl_caller *ret_caller);

/* The algorithm a JWK is for, by its kty, crv and alg; PL_JWT_UNKNOWN when it
 * is none of ours or not for signatures. */
pl_jwt_alg pl_jwk_alg(const pl_json *jwk);

#endif
