/* digest_client.h - our side of digest with one peer: the challenges that were
 * taken and the credentials that answer them, with a count for each nonce.
 * RFC 7616 section 3.4, RFC 8760, RFC 3261 section 22. */
#ifndef PL_SIP_DIGEST_CLIENT_H
#define PL_SIP_DIGEST_CLIENT_H

#include "digest.h"

/* Realms answered in one request: one of who serves it, one of a proxy. */
enum { PL_DIGEST_REALMS = 2 };

typedef struct pl_digest_realm {
    pl_digest challenge;
    bool is_proxy;  /* Proxy-Authenticate: of a 407 */
    uint32_t nc;    /* of its nonce, used last */
    unsigned tries; /* challenges taken for the request under way */
} pl_digest_realm;

typedef struct pl_digest_client {
    pl_digest_realm realm[PL_DIGEST_REALMS];
    unsigned n;
} pl_digest_client;

/* Challenges of a response, as its header values. */
typedef struct pl_digest_challenges {
    const pl_slice *value;
    unsigned n, n_own;      /* the first n_own are WWW-Authenticate */
    const char *only_realm; /* ""; or others are not answered */
    bool is_new_realm_ok;   /* else only those that challenged before */
} pl_digest_challenges;

typedef struct pl_digest_who {
    const char *user, *password;
    const char *method, *uri;
    const char *cnonce; /* fresh random text */
} pl_digest_who;

/* Another request begins: what was refused to the last one is forgotten. */
void pl_digest_client_begin(pl_digest_client *c);
/* Take challenges: of each realm the strongest that we can answer. A second one
 * for the same request is taken only when it says stale=true, a third one not.
 * Errors: PL_EAUTH the credentials were refused, or nothing can be answered. */
PL_MUST_USE pl_err pl_digest_client_take(pl_digest_client *c,
                                         const pl_digest_challenges *list);
/* Write the (Proxy-)Authorization lines for the challenges of this request.
 * Errors: PL_EFULL; PL_EUNSUPPORTED a name that cannot be quoted. */
PL_MUST_USE pl_err pl_digest_client_write(pl_digest_client *c,
                                          const pl_hash_api *api,
                                          const pl_digest_who *who, char *buf,
                                          size_t cap);

#endif
