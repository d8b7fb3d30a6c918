/* digest.h - SIP digest authentication, both sides. RFC 7616 with the SIP
 * rules of RFC 8760 and RFC 3261 section 22. Hashes come through an
 * interface: no crypto library here. */
#ifndef PL_SIP_DIGEST_H
#define PL_SIP_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

typedef enum pl_hash_kind { PL_HASH_MD5, PL_HASH_SHA256 } pl_hash_kind;
enum { PL_HASH_TEXT = 65 }; /* hex of the longest hash, with NUL */

/* What the platform provides. */
typedef struct pl_hash_api {
    /* Lower-case hex of the hash of text. Errors: PL_EIO. */
    pl_err (*hash)(pl_hash_kind kind, pl_slice text, char hex[PL_HASH_TEXT]);
    /* Lower-case hex of HMAC-SHA-256 (RFC 2104). Errors: PL_EIO. */
    pl_err (*hmac)(pl_slice key, pl_slice text, char hex[PL_HASH_TEXT]);
} pl_hash_api;

enum { PL_DIGEST_FIELD = 256 };

/* Parameters of a challenge or of credentials; absent ones are empty. */
typedef struct pl_digest {
    char username[PL_DIGEST_FIELD], realm[PL_DIGEST_FIELD];
    char nonce[PL_DIGEST_FIELD], uri[PL_DIGEST_FIELD];
    char response[PL_DIGEST_FIELD], cnonce[PL_DIGEST_FIELD];
    char opaque[PL_DIGEST_FIELD];
    char nc[9];
    char qop[64]; /* list in a challenge, one word in credentials */
    pl_hash_kind algorithm;
    bool is_known_algorithm; /* also true when none was named: MD5 */
    bool is_stale;
} pl_digest;

/* Parse the value of (WWW-|Proxy-)Authenticate or (Proxy-)Authorization.
 * Errors: PL_EPROTO malformed, a repeated or overlong parameter;
 *         PL_EUNSUPPORTED another scheme than Digest. */
PL_MUST_USE pl_err pl_digest_parse(pl_slice value, pl_digest *ret_digest);

/* H(user:realm:password). RFC 7616 section 3.4.2. */
PL_MUST_USE pl_err pl_digest_ha1(const pl_hash_api *api, pl_hash_kind kind,
                                 const char *user, const char *realm,
                                 const char *password, char hex[PL_HASH_TEXT]);
/* The response that fits d's nonce, nc, cnonce, qop and uri.
 * Errors: PL_EFULL; PL_EIO. Source: RFC 7616 sections 3.4.1 and 3.4.3. */
PL_MUST_USE pl_err pl_digest_response(const pl_hash_api *api,
                                      const pl_digest *d, const char *ha1,
                                      const char *method,
                                      char hex[PL_HASH_TEXT]);

/* Whether a challenge is one that pl_digest_answer_write() can answer. */
bool pl_digest_is_answerable(const pl_digest *challenge);
/* Answer a challenge as client: write the value of (Proxy-)Authorization.
 * qop=auth when offered, else the form of RFC 2069.
 * Errors: PL_EUNSUPPORTED unknown algorithm or only qop=auth-int; PL_EFULL. */
typedef struct pl_digest_answer {
    const char *user, *password, *uri, *method;
    const char *cnonce; /* fresh random text */
    uint32_t nc;
} pl_digest_answer;
PL_MUST_USE pl_err pl_digest_answer_write(const pl_hash_api *api,
                                          const pl_digest *challenge,
                                          const pl_digest_answer *answer,
                                          char *buf, size_t cap);

/* Users of the server side: lines "name:realm:hex" with H(name:realm:password)
 * as 32 (MD5) or 64 (SHA-256) hex digits; # begins a comment. */
typedef struct pl_digest_users pl_digest_users;
/* Errors: PL_EPROTO with *ret_line the line that is wrong; PL_ENOMEM. */
PL_MUST_USE pl_err pl_digest_users_parse(pl_slice text,
                                         pl_digest_users **ret_users,
                                         unsigned *ret_line);
void pl_digest_users_destroy(pl_digest_users **users);
size_t pl_digest_users_count(const pl_digest_users *users);

/* Check credentials of a request, except for the nonce.
 *
 * An unknown user costs the same time as a wrong password: a hash is computed
 * and compared either way.
 * Errors: PL_EAUTH wrong; PL_EPROTO credentials lack a needed part. */
PL_MUST_USE pl_err pl_digest_check(const pl_hash_api *api,
                                   const pl_digest_users *users,
                                   const pl_digest *d, const char *realm,
                                   const char *method);

#endif
