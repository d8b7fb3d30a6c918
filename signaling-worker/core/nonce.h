/* nonce.h - nonces that need no state until somebody has authenticated:
 * "<time>.<salt>.<HMAC(key, time.salt|source)>", and a book of counts used. */
#ifndef PL_SIP_NONCE_H
#define PL_SIP_NONCE_H

#include "digest.h"

enum {
    PL_NONCE_TEXT = 64,
    PL_NONCE_KEY = 32,
    PL_NONCE_LIFE_S = 300,
    PL_NONCE_BOOK = 4096 /* nonces remembered at most */
};

/* Make a nonce. source: the peer's address. salt: random, so that two
 * challenges of one second to clients behind one address differ.
 * Errors: PL_EIO. */
PL_MUST_USE pl_err pl_nonce_make(const pl_hash_api *api,
                                 const uint8_t key[PL_NONCE_KEY], int64_t now_s,
                                 uint32_t salt, const char *source,
                                 char buf[PL_NONCE_TEXT]);
/* Check that we made it for this source, lately.
 * Errors: PL_ESTALE ours but expired (challenge with stale=true); PL_EAUTH not
 *         ours, or for another source. Source: RFC 7616 section 3.3. */
PL_MUST_USE pl_err pl_nonce_check(const pl_hash_api *api,
                                  const uint8_t key[PL_NONCE_KEY],
                                  int64_t now_s, const char *source,
                                  const char *nonce);

/* Counts (nc) seen per nonce; written only after the response was right. */
typedef struct pl_nonce_book pl_nonce_book;
PL_MUST_USE pl_err pl_nonce_book_create(pl_nonce_book **ret_book);
void pl_nonce_book_destroy(pl_nonce_book **book);
/* Use count nc (8 hex digits) of a checked nonce once; a window of 64 below
 * the highest seen allows reordering.
 * Errors: PL_EAUTH used before; PL_ESTALE too old to tell, or the book is full
 *         of younger nonces; PL_EPROTO not hex or 0. */
PL_MUST_USE pl_err pl_nonce_book_use(pl_nonce_book *book, const char *nonce,
                                     const char *nc, int64_t now_s);

#endif
