/* crypto.c - the only OpenSSL file of the signaling worker. */
#include "crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "pl/str.h"

static pl_err hash_hex(pl_hash_kind kind, pl_slice text, char hex[PL_HASH_TEXT])
{
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    /* MD5 is what old telephones speak; RFC 8760 prefers SHA-256. */
    const EVP_MD *md = kind == PL_HASH_MD5 ? EVP_md5() : EVP_sha256();
    if (EVP_Digest(text.ptr, text.len, out, &n, md, NULL) != 1 || n > 32)
        return PL_EIO;
    pl_hex(out, n, hex);
    return PL_OK;
}

static pl_err hmac_hex(pl_slice key, pl_slice text, char hex[PL_HASH_TEXT])
{
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!HMAC(EVP_sha256(), key.ptr, (int)key.len, text.ptr, text.len, out,
              &n) ||
        n != 32) {
        return PL_EIO;
    }
    pl_hex(out, n, hex);
    return PL_OK;
}

const pl_hash_api PL_SIG_HASHES = {.hash = hash_hex, .hmac = hmac_hex};
