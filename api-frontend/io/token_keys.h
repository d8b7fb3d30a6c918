/* token_keys.h - the embedded token server's signing keys: a file that front
 * ends may share, rolled over by age and when the operator asks.
 *
 * Every front end looks at the file every few seconds, makes a key when none
 * waits for its turn, and drops those that are over; a lock beside the file
 * keeps two from doing so at once. The file is replaced whole. The operator
 * asks with an empty file <keys>.roll. */
#ifndef PL_API_TOKEN_KEYS_H
#define PL_API_TOKEN_KEYS_H

#include "api_config.h"
#include "jose.h"
#include "pl/loop.h"
#include "pl/metrics.h"

typedef struct pl_token_keys pl_token_keys;

/* Load the file, or make it.
 * config: borrowed
 * Errors: PL_ECONFIG unusable file; PL_EIO; PL_ENOMEM; each logged. */
PL_MUST_USE pl_err pl_token_keys_open(pl_loop *loop,
                                      const pl_api_config *config,
                                      pl_metrics *metrics,
                                      pl_token_keys **ret_keys);
void pl_token_keys_close(pl_token_keys **keys);

/* Check a signature. A key that is not known is looked for in the file once
 * more: whoever signed with it wrote it there before.
 * Errors: PL_ENOENT no such key; PL_EAUTH the signature is not good. */
PL_MUST_USE pl_err pl_token_keys_verify(pl_token_keys *keys, const pl_jwt *jwt);
/* Sign with the key whose turn it is. Errors: PL_EIO. */
PL_MUST_USE pl_err pl_token_keys_sign(const pl_token_keys *keys,
                                      const char *typ, pl_slice claims,
                                      pl_buf *out);
/* The public parts of all, as JWKS. Errors: PL_ENOMEM, PL_EIO. */
PL_MUST_USE pl_err pl_token_keys_public_text(const pl_token_keys *keys,
                                             pl_buf *out);

#endif
