/* pin_hash.c - the only file here that knows OpenSSL. */
#include "pin_hash.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "pl/rng.h"
#include "pl/str.h"

enum { SALT_BYTES = 16, HASH_BYTES = 32, MAX_ROUNDS = 10000000 };
static const char SCHEME[] = "pbkdf2-sha256$";

static bool derive(const char *pin, const uint8_t salt[SALT_BYTES],
                   uint32_t rounds, uint8_t out[HASH_BYTES])
{
    return PKCS5_PBKDF2_HMAC(pin, (int)strlen(pin), salt, SALT_BYTES,
                             (int)rounds, EVP_sha256(), HASH_BYTES, out) == 1;
}

pl_err pl_pin_hash(const char *pin, uint32_t rounds,
                   char hash[PL_PIN_HASH_TEXT])
{
    uint8_t salt[SALT_BYTES];
    uint8_t key[HASH_BYTES];
    char salt_text[2 * SALT_BYTES + 1];
    char key_text[2 * HASH_BYTES + 1];
    pl_random(salt, sizeof salt);
    if (!derive(pin, salt, rounds, key))
        return PL_EINTERNAL;
    pl_hex(salt, sizeof salt, salt_text);
    pl_hex(key, sizeof key, key_text);
    OPENSSL_cleanse(key, sizeof key);
    return pl_fmt(hash, PL_PIN_HASH_TEXT, "%s%u$%s$%s", SCHEME, rounds,
                  salt_text, key_text);
}

static bool unhex(const char *text, size_t n_bytes, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n_bytes; i++) {
        const char *hi = strchr(digits, text[2 * i]);
        const char *lo = strchr(digits, text[2 * i + 1]);
        if (!hi || !lo)
            return false;
        out[i] = (uint8_t)(((hi - digits) << 4) | (lo - digits));
    }
    return true;
}

bool pl_pin_matches(const char *pin, const char *hash)
{
    uint8_t salt[SALT_BYTES];
    uint8_t want[HASH_BYTES];
    uint8_t have[HASH_BYTES];
    uint64_t rounds = 0;
    size_t scheme = sizeof SCHEME - 1;
    if (strncmp(hash, SCHEME, scheme) != 0)
        return false;
    const char *number = hash + scheme;
    size_t n = strcspn(number, "$");
    if (pl_parse_u64((pl_slice){(const uint8_t *)number, n}, MAX_ROUNDS,
                     &rounds) ||
        rounds == 0 ||
        strlen(number + n) != 2 + 2 * (size_t)(SALT_BYTES + HASH_BYTES))
        return false;
    const char *salt_text = number + n + 1;
    if (!unhex(salt_text, SALT_BYTES, salt) ||
        !unhex(salt_text + 2 * (size_t)SALT_BYTES + 1, HASH_BYTES, want))
        return false;
    bool is_same = derive(pin, salt, (uint32_t)rounds, have) &&
                   CRYPTO_memcmp(have, want, HASH_BYTES) == 0;
    OPENSSL_cleanse(have, sizeof have);
    return is_same;
}
