/* jwt.h - access tokens (JWT in JWS compact form): syntax and claims. The
 * signature is checked in io/.
 * Source: RFC 7519, RFC 8725, RFC 9068 */
#ifndef PL_API_JWT_H
#define PL_API_JWT_H

#include "api.h"

enum { PL_JWT_MAX = 8192, PL_JWT_KID_MAX = 128, PL_JWT_SIGNATURE_MAX = 1024 };
/* That clocks may differ; the device APIs' rule is their own. */
enum { PL_JWT_SKEW_S = 60, PL_DEVICE_SKEW_S = 30 };
enum { PL_TENANT_MAX = 64, PL_ISSUER_MAX = 255 + PL_TENANT_MAX + 8 };

/* Fixed by the key, never by the token. */
typedef enum pl_jwt_alg {
    PL_JWT_UNKNOWN,
    PL_JWT_RS256,
    PL_JWT_ES256,
    PL_JWT_EDDSA,
    PL_JWT_PS256
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
PL_MUST_USE pl_err pl_jwt_parse_typed(pl_slice text, const char *typ,
                                      pl_jwt *ret_jwt);
/* The same where typ may be one of several, ended by NULL, or absent. */
PL_MUST_USE pl_err pl_jwt_parse_any(pl_slice text, const char *const *types,
                                    bool may_lack, pl_jwt *ret_jwt);
void pl_jwt_fini(pl_jwt *jwt);

/* Check exp, nbf and iat: exp is required; nbf and iat must not lie ahead, exp
 * not behind iat. Errors: PL_EAUTH. */
PL_MUST_USE pl_err pl_jwt_check_times(const pl_json *claims, int64_t now_s,
                                      int64_t *ret_exp_s);
/* Whether aud is that text, or a list with it. Source: RFC 7519 section 4.1.3
 */
bool pl_jwt_has_audience(const pl_json *claims, const char *audience);
/* Whether text can name a tenant: part of a path and of an issuer. */
bool pl_tenant_is_good(const char *text);
/* The issuer of a tenant's tokens: <issuer>/<tenant>/v2.0, or the issuer itself
 * for tenant "". */
void pl_tenant_issuer(const char *issuer, const char *tenant, char *buf,
                      size_t cap);

typedef struct pl_jwt_policy {
    const char *issuer;   /* iss must equal it .. */
    bool has_tenants;     /* .. or be that of the tenant that tid names */
    const char *tenant;   /* tid must equal it; "": any or none */
    const char *audience; /* aud must contain it */
    const char *scope;    /* scope must contain it; "": any */
    int64_t now_ms;       /* wall time */
    /* Its server has just said that it is good (RFC 7662): iss, aud, exp need
     * not be there; those that are must fit. issuer "": any. */
    bool is_vouched;
    bool is_device;            /* for the device APIs, see caller.h */
    const char *number_claims; /* where their number is; NULL unless device */
} pl_jwt_policy;

/* Check the claims of a token whose signature is good, and say for whom it
 * speaks. token_hash is left to the caller.
 * Errors: PL_EAUTH; PL_EFORBIDDEN the scope is missing. */
PL_MUST_USE pl_err pl_jwt_check(const pl_jwt *jwt, const pl_jwt_policy *policy,
                                pl_caller *ret_caller);

/* The same for claims that came another way. */
PL_MUST_USE pl_err pl_claims_check(const pl_json *claims,
                                   const pl_jwt_policy *policy,
                                   pl_caller *ret_caller);

/* The algorithm a JWK is for, by its kty, crv and alg; PL_JWT_UNKNOWN when it
 * is none of ours or not for signatures. */
pl_jwt_alg pl_jwk_alg(const pl_json *jwk);

#endif
