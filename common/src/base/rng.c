/* rng.c - random bytes and digests; the only OpenSSL file of common. */
#include "pl/rng.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "pl/str.h"

void pl_random(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len > 0) {
        int n = len > INT_MAX ? INT_MAX : (int)len;
        if (RAND_bytes(p, n) != 1)
            abort(); /* weak keys are worse than no process */
        p += n;
        len -= (size_t)n;
    }
}

void pl_random_uuid(char buf[PL_UUID_TEXT])
{
    uint8_t raw[16];
    char hex[2 * sizeof raw + 1];
    pl_random(raw, sizeof raw);
    raw[6] = (uint8_t)((raw[6] & 0x0f) | 0x40); /* version 4 */
    raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80); /* variant 10 */
    pl_hex(raw, sizeof raw, hex);
    pl_fmt_cut(buf, PL_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
               hex + 12, hex + 16, hex + 20);
}

void pl_random_token(size_t n, char *buf, size_t cap)
{
    static const char alphabet[] = /* RFC 4648 section 5 */
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (cap == 0)
        return;
    size_t at = 0;
    size_t need = (4 * n + 2) / 3;
    size_t left = n;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    while (at < need && at + 1 < cap) {
        if (n_bits < 6) {
            uint8_t byte = 0; /* stays 0 behind the last random byte */
            if (left > 0) {
                pl_random(&byte, 1);
                left--;
            }
            bits = bits << 8 | byte;
            n_bits += 8;
        }
        n_bits -= 6;
        buf[at++] = alphabet[bits >> n_bits & 0x3f];
    }
    buf[at] = '\0';
}

static void hash(const EVP_MD *kind, const void *data, size_t len,
                 uint8_t *digest, size_t size)
{
    unsigned n = 0;
    if (EVP_Digest(len ? data : "", len, digest, &n, kind, NULL) != 1 ||
        n != size) {
        abort(); /* only without memory, or with a broken library */
    }
}

void pl_sha256_hex(const void *data, size_t len, char buf[PL_SHA256_TEXT])
{
    uint8_t digest[32];
    hash(EVP_sha256(), data, len, digest, sizeof digest);
    pl_hex(digest, sizeof digest, buf);
}

void pl_sha1(const void *data, size_t len, uint8_t ret_digest[PL_SHA1_BYTES])
{
    hash(EVP_sha1(), data, len, ret_digest, PL_SHA1_BYTES);
}

void pl_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
                  uint8_t ret_mac[PL_SHA1_BYTES])
{
    unsigned n = 0;
    if (key_len > INT_MAX ||
        !HMAC(EVP_sha1(), key_len ? key : "", (int)key_len, data, len, ret_mac,
              &n) ||
        n != PL_SHA1_BYTES) {
        abort();
    }
}
