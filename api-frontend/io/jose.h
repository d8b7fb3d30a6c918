/* jose.h - sets of keys (JWKS): loading, making, verifying, signing. */
#ifndef PL_API_JOSE_H
#define PL_API_JOSE_H

#include "jwt.h"

typedef struct pl_keys pl_keys;

/* Load a JWKS. Keys of kinds that are not ours are skipped.
 * Errors: PL_EPROTO malformed, or no usable key; PL_ENOMEM.
 * Source: RFC 7517 */
PL_MUST_USE pl_err pl_keys_load(pl_slice text, pl_keys **ret_keys);
void pl_keys_free(pl_keys **keys);
/* Errors: PL_ENOENT no such key; PL_EAUTH the signature is not good. */
PL_MUST_USE pl_err pl_keys_verify(const pl_keys *keys, const pl_jwt *jwt);

/* Make a key with a random id; append it as JWK with its private part.
 * alg:     PL_JWT_ES256 (P-256) or PL_JWT_RS256 (2048 bits)
 * ret_kid: [PL_JWT_KID_MAX + 1]
 * Errors:  PL_EIO, PL_ENOMEM, PL_EUNSUPPORTED. */
PL_MUST_USE pl_err pl_key_make(pl_jwt_alg alg, char *ret_kid, pl_buf *out);
/* Whether that key is there and private. */
bool pl_keys_can_sign(const pl_keys *keys, const char *kid);
/* The public parts, as JWKS. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_keys_public_text(const pl_keys *keys, pl_buf *out);
/* Sign claims with a key of the set, which must be private.
 * kid:    its id
 * typ:    of the header; "at+jwt" is an access token
 * Errors: PL_EIO. */
PL_MUST_USE pl_err pl_keys_sign(const pl_keys *keys, const char *kid,
                                const char *typ, pl_slice claims, pl_buf *out);

#endif
