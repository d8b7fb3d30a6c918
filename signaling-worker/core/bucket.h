/* bucket.h - token buckets: how much one source, and all together, may ask. */
#ifndef PL_SIP_BUCKET_H
#define PL_SIP_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/ip.h"

typedef struct pl_bucket {
    int64_t last_us;
    double tokens;
} pl_bucket;

/* Take one token; rate per second, at most `burst` saved. A bucket of zeros
 * starts full. Returns: false when empty. */
bool pl_bucket_take(pl_bucket *b, double rate, double burst, int64_t now_us);

/* Buckets of many sources in bounded memory: IPv4 by address, IPv6 by /64.
 * When places are short the longest unused is given away. */
typedef struct pl_bucket_table pl_bucket_table;
PL_MUST_USE pl_err pl_bucket_table_create(pl_bucket_table **ret_table);
void pl_bucket_table_destroy(pl_bucket_table **table);
bool pl_bucket_table_take(pl_bucket_table *table, const pl_ip *source,
                          double rate, double burst, int64_t now_us);

#endif
