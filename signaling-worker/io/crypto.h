/* crypto.h - hashes for digest authentication, by OpenSSL. */
#ifndef PL_SIG_CRYPTO_H
#define PL_SIG_CRYPTO_H

#include "digest.h"

extern const pl_hash_api PL_SIG_HASHES;

#endif
