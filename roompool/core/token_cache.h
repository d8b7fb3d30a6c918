/* token_cache.h - one access token of a token server elsewhere: when it may be
 * used, when another one is asked for, how often after a failure. Pure: time
 * comes in; who asks is the caller. In memory only, never logged. */
#ifndef PL_ROOMPOOL_TOKEN_CACHE_H
#define PL_ROOMPOOL_TOKEN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/slice.h"

enum { PL_TOKEN_MAX = 4096 };

typedef struct pl_token_cache pl_token_cache;

PL_MUST_USE pl_err pl_token_create(pl_token_cache **ret_cache);
void pl_token_destroy(pl_token_cache **cache);

/* The token, while it may be used: until 30 s before its end; NULL none.
 * Borrowed until the next call that changes the cache. */
const char *pl_token_get(pl_token_cache *cache, int64_t now_us);
/* Whether to ask the token server now: somebody waits, or a token that has been
 * used is to be renewed early, none is being asked for, and a pause after a
 * failure is over. True: it is taken as asked. */
bool pl_token_must_ask(pl_token_cache *cache, int64_t now_us, bool is_awaited);
/* How long that request may take: the rest of the budget, ms. */
uint32_t pl_token_timeout_ms(const pl_token_cache *cache, int64_t now_us);
/* It gave a token, whose life counts from when it was asked for.
 * Errors: PL_EINVAL no printable ASCII, too long, or a life too short to be of
 *         use: call pl_token_failed() then. */
PL_MUST_USE pl_err pl_token_given(pl_token_cache *cache, int64_t now_us,
                                  pl_slice token, uint64_t life_s);
/* It gave none. False: no more tries, who waits gives up. After failures there
 * are pauses of 1, 2, 4 s, as long as they end within 5 s of the first try. A
 * token that is still there stays. */
bool pl_token_failed(pl_token_cache *cache, int64_t now_us);
/* It was refused where it was used: forget exactly that one. */
void pl_token_drop(pl_token_cache *cache, const char *token);
/* When pl_token_must_ask() may turn true by itself; INT64_MAX never. */
int64_t pl_token_next_us(const pl_token_cache *cache, bool is_awaited);

#endif
