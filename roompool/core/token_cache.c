/* token_cache.c - see token_cache.h. */
#include "token_cache.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/str.h"

#define SECONDS(n) ((int64_t)(n)*1000000)
enum {
    SPARE_S = 30,         /* not used so near its end */
    EARLY_S = 300,        /* renewed so long before it, .. */
    EARLY_PERMILLE = 900, /* .. or after this part of its life, if later */
    BUDGET_S = 5,         /* of all tries together */
    TRY_MS = 3000,        /* one of them */
    LEAST_MS = 100,
    LIFE_MAX_S = 31 * 86400,
    LATER_S = 30, /* after renewing failed, while the old one serves */
};

struct pl_token_cache {
    char token[PL_TOKEN_MAX + 1]; /* "" none */
    int64_t until_us, renew_us;
    bool was_used;
    bool is_asking;
    int64_t asked_us; /* the latest try */
    int64_t first_us; /* the first of this row of tries */
    int64_t retry_us;
    unsigned n_failed; /* of this row */
};

pl_err pl_token_create(pl_token_cache **ret_cache)
{
    pl_token_cache *c = calloc(1, sizeof *c);
    if (!c)
        return PL_ENOMEM;
    *ret_cache = c;
    return PL_OK;
}

void pl_token_destroy(pl_token_cache **cache)
{
    if (!cache || !*cache)
        return;
    pl_wipe(*cache, sizeof **cache);
    free(*cache);
    *cache = NULL;
}

const char *pl_token_get(pl_token_cache *c, int64_t now_us)
{
    if (!c->token[0] || now_us >= c->until_us)
        return NULL;
    c->was_used = true;
    return c->token;
}

static bool is_wanted(const pl_token_cache *c, int64_t now_us, bool is_awaited)
{
    bool is_good = c->token[0] && now_us < c->until_us;
    return is_good ? c->was_used && now_us >= c->renew_us : is_awaited;
}

bool pl_token_must_ask(pl_token_cache *c, int64_t now_us, bool is_awaited)
{
    if (c->is_asking || !is_wanted(c, now_us, is_awaited) ||
        (c->n_failed > 0 && now_us < c->retry_us))
        return false;
    if (c->n_failed == 0)
        c->first_us = now_us;
    c->asked_us = now_us;
    c->is_asking = true;
    return true;
}

uint32_t pl_token_timeout_ms(const pl_token_cache *c, int64_t now_us)
{
    int64_t left_ms = (c->first_us + SECONDS(BUDGET_S) - now_us) / 1000;
    if (left_ms > TRY_MS)
        return TRY_MS;
    return left_ms < LEAST_MS ? LEAST_MS : (uint32_t)left_ms;
}

static bool is_printable(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

pl_err pl_token_given(pl_token_cache *c, int64_t now_us, pl_slice token,
                      uint64_t life_s)
{
    if (life_s <= SPARE_S || token.len > PL_TOKEN_MAX || !is_printable(token))
        return PL_EINVAL;
    int64_t life = (int64_t)(life_s > LIFE_MAX_S ? LIFE_MAX_S : life_s);
    int64_t until_us = c->asked_us + SECONDS(life - SPARE_S);
    int64_t part_us = c->asked_us + SECONDS(life) / 1000 * EARLY_PERMILLE;
    int64_t early_us = c->asked_us + SECONDS(life - EARLY_S);
    if (now_us >= until_us || pl_copy(c->token, sizeof c->token, token))
        return PL_EINVAL;
    c->until_us = until_us;
    c->renew_us = part_us > early_us ? part_us : early_us;
    if (c->renew_us > until_us)
        c->renew_us = until_us;
    c->is_asking = false;
    c->was_used = false;
    c->n_failed = 0;
    return PL_OK;
}

bool pl_token_failed(pl_token_cache *c, int64_t now_us)
{
    int64_t pause_us = SECONDS(1) << c->n_failed;
    c->is_asking = false;
    c->n_failed++;
    c->retry_us = now_us + pause_us;
    if (c->retry_us <= c->first_us + SECONDS(BUDGET_S))
        return true;
    c->n_failed = 0;
    c->renew_us = now_us + SECONDS(LATER_S);
    return false;
}

void pl_token_drop(pl_token_cache *c, const char *token)
{
    if (strcmp(c->token, token) == 0)
        pl_wipe(c->token, sizeof c->token);
}

int64_t pl_token_next_us(const pl_token_cache *c, bool is_awaited)
{
    if (c->is_asking)
        return INT64_MAX;
    if (c->n_failed > 0)
        return c->retry_us;
    if (is_awaited)
        return 0;
    return c->token[0] && c->was_used ? c->renew_us : INT64_MAX;
}
