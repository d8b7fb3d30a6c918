/* packet_pool.c - a free list over chunks that live as long as the pool. */
#include "core/packet_pool.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 };

typedef struct pl_packet_block {
    struct pl_packet_block *next;
    uint8_t data[];
} block;

enum {
    FIRST = PL_POOL_BLOCK - sizeof(pl_packet), /* payload bytes in them */
    MORE = PL_POOL_BLOCK - sizeof(block)
};
_Static_assert(FIRST >= 160, "20 ms of a telephone fit into one block");

/* One leg's share. */
typedef struct chunk {
    struct chunk *next;
    _Alignas(ALIGN) uint8_t bytes[PL_POOL_SHARE][PL_POOL_BLOCK];
} chunk;

struct pl_packet_pool {
    chunk *chunks;
    block *first;
    size_t n_free, n_all;
    size_t n_spare; /* shares */
    uint8_t whole[PL_PAYLOAD_MAX];
};

pl_err pl_packet_pool_create(pl_packet_pool **ret_pool)
{
    pl_packet_pool *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    *ret_pool = p;
    return PL_OK;
}

void pl_packet_pool_destroy(pl_packet_pool **pool)
{
    if (!pool || !*pool)
        return;
    for (chunk *c = (*pool)->chunks; c;) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
    free(*pool);
    *pool = NULL;
}

static void give_block(pl_packet_pool *pool, void *memory)
{
    block *b = memory;
    b->next = pool->first;
    pool->first = b;
    pool->n_free++;
}

static void *take_block(pl_packet_pool *pool)
{
    block *b = pool->first;
    pool->first = b->next;
    pool->n_free--;
    return b;
}

pl_err pl_packet_pool_grow(pl_packet_pool *pool)
{
    if (pool->n_spare > 0) {
        pool->n_spare--;
        return PL_OK;
    }
    chunk *c = malloc(sizeof *c);
    if (!c)
        return PL_ENOMEM;
    c->next = pool->chunks;
    pool->chunks = c;
    for (size_t i = PL_POOL_SHARE; i > 0; i--)
        give_block(pool, c->bytes[i - 1]);
    pool->n_all += PL_POOL_SHARE;
    return PL_OK;
}

void pl_packet_pool_spare(pl_packet_pool *pool)
{
    pool->n_spare++;
}

pl_packet *pl_packet_pool_take(pl_packet_pool *pool, const uint8_t *payload,
                               size_t len, size_t n_held)
{
    size_t n = len <= FIRST ? 1 : 1 + (len - FIRST + MORE - 1) / MORE;
    if (n > pool->n_free || (n_held + n > PL_POOL_SHARE &&
                             (pool->n_free - n + 1) * 2 <= pool->n_all))
        return NULL;
    pl_packet *p = take_block(pool);
    *p = (pl_packet){.len = (uint16_t)len, .n_blocks = (uint8_t)n};
    size_t at = len < FIRST ? len : FIRST;
    memcpy(p->data, payload, at);
    for (block **rest = &p->rest; at < len; rest = &(*rest)->next) {
        block *b = take_block(pool);
        size_t k = len - at < MORE ? len - at : MORE;
        memcpy(b->data, payload + at, k);
        b->next = NULL;
        *rest = b;
        at += k;
    }
    return p;
}

void pl_packet_pool_give(pl_packet_pool *pool, pl_packet *packet)
{
    for (block *b = packet->rest; b;) {
        block *next = b->next;
        give_block(pool, b);
        b = next;
    }
    give_block(pool, packet);
}

const uint8_t *pl_packet_payload(pl_packet_pool *pool, const pl_packet *packet)
{
    if (!packet->rest)
        return packet->data;
    memcpy(pool->whole, packet->data, FIRST);
    size_t at = FIRST;
    for (const block *b = packet->rest; b; b = b->next) {
        size_t k = packet->len - at < MORE ? packet->len - at : MORE;
        memcpy(pool->whole + at, b->data, k);
        at += k;
    }
    return pool->whole;
}

size_t pl_packet_pool_free_count(const pl_packet_pool *pool)
{
    return pool->n_free;
}
