/* packet_pool.c - a free list over chunks that live as long as the pool. */
#include "core/packet_pool.h"

#include <stdlib.h>

typedef struct chunk {
    struct chunk *next;
    pl_packet packet[];
} chunk;

struct pl_packet_pool {
    chunk *chunks;
    pl_packet *free;
    size_t n_free, n_all, n_spare;
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

pl_err pl_packet_pool_grow(pl_packet_pool *pool, size_t n)
{
    size_t reused = n < pool->n_spare ? n : pool->n_spare;
    size_t wanted = n - reused;
    if (wanted > 0) {
        chunk *c = calloc(1, sizeof *c + wanted * sizeof c->packet[0]);
        if (!c)
            return PL_ENOMEM;
        c->next = pool->chunks;
        pool->chunks = c;
        for (size_t i = 0; i < wanted; i++)
            pl_packet_pool_give(pool, &c->packet[i]);
        pool->n_all += wanted;
    }
    pool->n_spare -= reused;
    return PL_OK;
}

void pl_packet_pool_spare(pl_packet_pool *pool, size_t n)
{
    pool->n_spare += n;
}

pl_packet *pl_packet_pool_take(pl_packet_pool *pool, bool is_extra)
{
    pl_packet *p = pool->free;
    if (!p || (is_extra && pool->n_free * 2 <= pool->n_all))
        return NULL;
    pool->free = p->next;
    pool->n_free--;
    p->next = NULL;
    return p;
}

void pl_packet_pool_give(pl_packet_pool *pool, pl_packet *packet)
{
    packet->next = pool->free;
    pool->free = packet;
    pool->n_free++;
}

size_t pl_packet_pool_free_count(const pl_packet_pool *pool)
{
    return pool->n_free;
}
