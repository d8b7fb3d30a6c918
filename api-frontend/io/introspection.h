/* introspection.h - asking the server that gave an access token whether it is
 * good. Answers are kept for a short time by the token's hash; whoever asks for
 * the same token meanwhile waits for the same answer.
 * Source: RFC 7662 */
#ifndef PL_API_INTROSPECTION_H
#define PL_API_INTROSPECTION_H

#include "api_config.h"
#include "pl/json.h"
#include "pl/list.h"
#include "pl/loop.h"
#include "pl/metrics.h"

enum {
    PL_INTROSPECTION_TOKENS_MAX = 1024, /* answers kept, or awaited */
    PL_INTROSPECTION_TOKEN_MAX = 8192   /* bytes of a token */
};

typedef struct pl_introspection pl_introspection;

/* config: borrowed. Errors: PL_ECONFIG the credentials' file (logged); PL_EIO;
 * PL_ENOMEM. */
PL_MUST_USE pl_err pl_introspection_open(pl_loop *loop,
                                         const pl_api_config *config,
                                         pl_metrics *metrics,
                                         pl_introspection **ret_introspection);
/* Whether introspection_client_file can be used. reason[cap]: why not, for
 * people. Errors: PL_ECONFIG; PL_ENOMEM. */
PL_MUST_USE pl_err pl_introspection_check(const pl_api_config *config,
                                          char *reason, size_t cap);
/* Nobody who waits is told. */
void pl_introspection_close(pl_introspection **introspection);

/* What is known of a token.
 * hash:       its SHA-256 in hex
 * ret_claims: the server's answer, borrowed until the loop goes on
 * Errors: PL_EAGAIN ask; PL_EAUTH it is not good; PL_EUNAVAILABLE there was no
 *         answer. The latter two are known to those only whom _ask() has just
 *         called. */
PL_MUST_USE pl_err pl_introspection_find(const pl_introspection *introspection,
                                         const char *hash,
                                         const pl_json **ret_claims);

/* Who waits for an answer; part of something of the caller's. */
typedef struct pl_introspection_wait {
    pl_list link;
    void (*on_known)(struct pl_introspection_wait *wait);
} pl_introspection_wait;

/* Ask, or wait for the answer to the same question: on_known is called later,
 * from the loop, when _find() says.
 * source: IP address of the client; one has 16 questions under way at most
 * Errors (on_known is not called): PL_EFULL; PL_EAUTH too long; PL_ENOMEM. */
PL_MUST_USE pl_err pl_introspection_ask(pl_introspection *introspection,
                                        pl_slice token, const char *hash,
                                        const char *source,
                                        pl_introspection_wait *wait);
/* Wait no longer. */
void pl_introspection_leave(pl_introspection_wait *wait);

#endif
