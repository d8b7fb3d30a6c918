/* port_pool.c - a queue of free pairs: taken in front, given back behind. */
#include "core/port_pool.h"

#include <stdlib.h>

typedef struct entry {
    uint16_t port;
    int64_t free_from_us;
} entry;

struct pl_port_pool {
    uint16_t first;
    uint32_t n_pairs, head, n_free;
    entry *queue;    /* n_pairs long, n_free in use from head */
    bool *is_leased; /* by (port - first) / 2 */
};

pl_err pl_port_pool_create(uint16_t first, uint16_t last, uint32_t start,
                           pl_port_pool **ret_pool)
{
    uint32_t even = ((uint32_t)first + 1) & ~UINT32_C(1);
    if (first < 1024 || even + 1 > last)
        return PL_EINVAL;
    pl_port_pool *p = calloc(1, sizeof *p);
    if (!p)
        return PL_ENOMEM;
    p->first = (uint16_t)even;
    p->n_pairs = p->n_free = (last - even + 1) / 2;
    p->queue = calloc(p->n_pairs, sizeof *p->queue);
    p->is_leased = calloc(p->n_pairs, sizeof *p->is_leased);
    if (!p->queue || !p->is_leased) {
        pl_port_pool_destroy(&p);
        return PL_ENOMEM;
    }
    for (uint32_t i = 0; i < p->n_pairs; i++) {
        uint32_t pair = (start % p->n_pairs + i) % p->n_pairs;
        p->queue[i] = (entry){.port = (uint16_t)(even + 2 * pair),
                              .free_from_us = INT64_MIN};
    }
    *ret_pool = p;
    return PL_OK;
}

void pl_port_pool_destroy(pl_port_pool **pool)
{
    if (!pool || !*pool)
        return;
    free((*pool)->queue);
    free((*pool)->is_leased);
    free(*pool);
    *pool = NULL;
}

pl_err pl_port_pool_take(pl_port_pool *pool, int64_t now_us, uint16_t *ret_rtp)
{
    const entry *e = &pool->queue[pool->head];
    if (pool->n_free == 0 || e->free_from_us > now_us)
        return PL_EFULL;
    uint16_t port = e->port;
    pool->head = (pool->head + 1) % pool->n_pairs;
    pool->n_free--;
    pool->is_leased[(port - pool->first) / 2] = true;
    *ret_rtp = port;
    return PL_OK;
}

void pl_port_pool_give(pl_port_pool *pool, uint16_t rtp, int64_t now_us)
{
    uint32_t pair = ((uint32_t)rtp - pool->first) / 2;
    if (rtp < pool->first || rtp % 2 != 0 || pair >= pool->n_pairs ||
        !pool->is_leased[pair])
        return;
    pool->is_leased[pair] = false;
    uint32_t tail = (pool->head + pool->n_free) % pool->n_pairs;
    pool->queue[tail] =
        (entry){.port = rtp, .free_from_us = now_us + PL_PORT_QUARANTINE_US};
    pool->n_free++;
}

uint32_t pl_port_pool_leased(const pl_port_pool *pool)
{
    return pool->n_pairs - pool->n_free;
}
