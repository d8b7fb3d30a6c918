/* rng.h - the only source of randomness (OpenSSL), and hashes for tokens. */
#ifndef PL_RNG_H
#define PL_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Fill buf[len] with random bytes; aborts when the system has none. */
void pl_random(void *buf, size_t len);
/* Random id as UUID version 4 text (RFC 9562 section 5.4). */
enum { PL_UUID_TEXT = 37 };
void pl_random_uuid(char buf[PL_UUID_TEXT]);
/* n random bytes as base64url text without padding; cap >= (4*n+2)/3 + 1. */
void pl_random_token(size_t n, char *buf, size_t cap);
/* SHA-256 as lower-case hex. */
enum { PL_SHA256_TEXT = 65 };
void pl_sha256_hex(const void *data, size_t len, char buf[PL_SHA256_TEXT]);
/* SHA-1 and HMAC-SHA-1 (RFC 2104), for protocols that demand them (WebSocket,
 * STUN). */
enum { PL_SHA1_BYTES = 20 };
void pl_sha1(const void *data, size_t len, uint8_t ret_digest[PL_SHA1_BYTES]);
void pl_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
                  uint8_t ret_mac[PL_SHA1_BYTES]);

#endif
