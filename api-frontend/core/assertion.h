/* assertion.h - a client that proves itself with a text that it signed, instead
 * of a secret (private_key_jwt). The signature is checked in io/.
 * Source: RFC 7523 sections 2.2, 3 */
#ifndef PL_API_ASSERTION_H
#define PL_API_ASSERTION_H

#include "jwt.h"

/* How far ahead it may expire: so long its id must be remembered. */
enum { PL_ASSERTION_LIFE_S = 3600, PL_ASSERTION_ID_MAX = 256 };

#define PL_ASSERTION_TYPE                                                      \
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

typedef struct pl_assertion {
    char client_id[129];              /* iss and sub */
    char id[PL_ASSERTION_ID_MAX + 1]; /* jti */
    int64_t until_s;                  /* exp and skew: not good from then on */
} pl_assertion;

/* Take one apart; as pl_jwt_parse() but for typ, which may be absent, JWT or
 * client-authentication+jwt: never an access token or code of ours. */
PL_MUST_USE pl_err pl_assertion_parse(pl_slice text, pl_jwt *ret_jwt);
/* Read the claims.
 * Errors: PL_EAUTH iss and sub differ or are missing, no jti, no exp, expired,
 *         too long valid, or not yet. */
PL_MUST_USE pl_err pl_assertion_read(const pl_jwt *jwt, int64_t now_ms,
                                     pl_assertion *ret_assertion);

#endif
