/* ed25519.c - EdDSA by OpenSSL. */
#include "ed25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

bool pl_ed25519_is_good(pl_slice public_key, pl_slice data, pl_slice signature)
{
    enum { KEY_BYTES = 32, SIGNATURE_BYTES = 64 };
    if (public_key.len != KEY_BYTES || signature.len != SIGNATURE_BYTES)
        return false;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                public_key.ptr, public_key.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_good = key && ctx &&
                   EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestVerify(ctx, signature.ptr, signature.len, data.ptr,
                                    data.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return is_good;
}
