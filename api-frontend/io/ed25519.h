/* ed25519.h - EdDSA signatures of access tokens, which cjose cannot check. */
#ifndef PL_API_ED25519_H
#define PL_API_ED25519_H

#include "pl/slice.h"

/* Whether signature is key's over data. Source: RFC 8032, RFC 8037 */
bool pl_ed25519_is_good(pl_slice public_key, pl_slice data, pl_slice signature);

#endif
