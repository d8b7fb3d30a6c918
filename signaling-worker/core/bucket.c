/* bucket.c - rate limits in fixed memory. */
#include "bucket.h"

#include <stdlib.h>
#include <string.h>

bool pl_bucket_take(pl_bucket *b, double rate, double burst, int64_t now_us)
{
    if (b->last_us == 0) {
        b->tokens = burst;
    } else if (now_us > b->last_us) {
        b->tokens += rate * (double)(now_us - b->last_us) / 1e6;
        if (b->tokens > burst)
            b->tokens = burst;
    }
    b->last_us = now_us > 0 ? now_us : 1;
    if (b->tokens < 1.0)
        return false;
    b->tokens -= 1.0;
    return true;
}

enum { ROWS = 4096, WAYS = 8 };

typedef struct row {
    pl_ip key;
    pl_bucket bucket;
} row;

struct pl_bucket_table {
    row rows[ROWS];
};

pl_err pl_bucket_table_create(pl_bucket_table **ret_table)
{
    pl_bucket_table *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    *ret_table = t;
    return PL_OK;
}

void pl_bucket_table_destroy(pl_bucket_table **table)
{
    if (!table)
        return;
    free(*table);
    *table = NULL;
}

static pl_ip key_of(const pl_ip *source)
{
    pl_ip key = *source;
    if (!pl_ip_is_v4(&key))
        memset(key.b + 8, 0, 8); /* one customer has a /64 at least */
    return key;
}

static uint32_t hash_of(const pl_ip *key)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < sizeof key->b; i++)
        h = (h ^ key->b[i]) * 16777619u;
    return h;
}

bool pl_bucket_table_take(pl_bucket_table *table, const pl_ip *source,
                          double rate, double burst, int64_t now_us)
{
    pl_ip key = key_of(source);
    uint32_t first = hash_of(&key);
    row *oldest = NULL;
    for (uint32_t i = 0; i < WAYS; i++) {
        row *r = &table->rows[(first + i) % ROWS];
        if (r->bucket.last_us != 0 && pl_ip_eq(&r->key, &key))
            return pl_bucket_take(&r->bucket, rate, burst, now_us);
        if (!oldest || r->bucket.last_us < oldest->bucket.last_us)
            oldest = r;
    }
    *oldest = (row){.key = key};
    return pl_bucket_take(&oldest->bucket, rate, burst, now_us);
}
