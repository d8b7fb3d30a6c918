/* packet_pool.c - free lists over chunks that live as long as the pool. */
#include "core/packet_pool.h"

#include <stdlib.h>

enum { ALIGN = 16 };

/* One leg's share in one block; packets of both sizes follow. */
typedef struct chunk {
    struct chunk *next;
    _Alignas(ALIGN) uint8_t bytes[];
} chunk;

typedef struct free_list {
    pl_packet *first;
    size_t n_free, n_all;
} free_list;

struct pl_packet_pool {
    chunk *chunks;
    free_list list[2]; /* small, large */
    size_t n_spare;    /* shares */
};

static const size_t SHARE[2] = {PL_POOL_SMALL, PL_POOL_LARGE};

static size_t stride(bool is_large)
{
    size_t n = sizeof(pl_packet) +
               (is_large ? (size_t)PL_PAYLOAD_MAX : (size_t)PL_PAYLOAD_SMALL);
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

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

pl_err pl_packet_pool_grow(pl_packet_pool *pool)
{
    if (pool->n_spare > 0) {
        pool->n_spare--;
        return PL_OK;
    }
    chunk *c = calloc(1, sizeof *c + SHARE[0] * stride(false) +
                             SHARE[1] * stride(true));
    if (!c)
        return PL_ENOMEM;
    c->next = pool->chunks;
    pool->chunks = c;
    uint8_t *at = c->bytes;
    for (unsigned k = 0; k < 2; k++) {
        for (size_t i = 0; i < SHARE[k]; i++) {
            pl_packet *p = (pl_packet *)(void *)at;
            p->is_large = k == 1;
            pl_packet_pool_give(pool, p);
            at += stride(k == 1);
        }
        pool->list[k].n_all += SHARE[k];
    }
    return PL_OK;
}

void pl_packet_pool_spare(pl_packet_pool *pool)
{
    pool->n_spare++;
}

pl_packet *pl_packet_pool_take(pl_packet_pool *pool, size_t len, size_t n_held)
{
    unsigned k = len > PL_PAYLOAD_SMALL ? 1 : 0;
    free_list *list = &pool->list[k];
    pl_packet *p = list->first;
    if (!p || (n_held >= SHARE[k] && list->n_free * 2 <= list->n_all))
        return NULL;
    list->first = p->next;
    list->n_free--;
    p->next = NULL;
    return p;
}

void pl_packet_pool_give(pl_packet_pool *pool, pl_packet *packet)
{
    free_list *list = &pool->list[packet->is_large ? 1 : 0];
    packet->next = list->first;
    list->first = packet;
    list->n_free++;
}

size_t pl_packet_pool_free_count(const pl_packet_pool *pool)
{
    return pool->list[0].n_free + pool->list[1].n_free;
}
