/* port_pool.c - free pairs in any order, and a queue of those that rest. */
#include "core/port_pool.h"

#include <stdlib.h>

typedef struct resting {
    uint16_t port;
    int64_t free_from_us;
} resting;

struct pl_port_pool {
    uint16_t first;
    uint32_t n_pairs, n_free, head, n_resting;
    uint16_t *free_ports; /* n_pairs long, n_free in use, in no order */
    resting *queue;       /* n_pairs long, n_resting in use from head */
    bool *is_leased;      /* by (port - first) / 2 */
};

pl_err pl_port_pool_create(uint16_t first, uint16_t last,
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
    p->free_ports = calloc(p->n_pairs, sizeof *p->free_ports);
    p->queue = calloc(p->n_pairs, sizeof *p->queue);
    p->is_leased = calloc(p->n_pairs, sizeof *p->is_leased);
    if (!p->free_ports || !p->queue || !p->is_leased) {
        pl_port_pool_destroy(&p);
        return PL_ENOMEM;
    }
    for (uint32_t i = 0; i < p->n_pairs; i++)
        p->free_ports[i] = (uint16_t)(even + 2 * i);
    *ret_pool = p;
    return PL_OK;
}

void pl_port_pool_destroy(pl_port_pool **pool)
{
    if (!pool || !*pool)
        return;
    free((*pool)->free_ports);
    free((*pool)->queue);
    free((*pool)->is_leased);
    free(*pool);
    *pool = NULL;
}

/* Those given back first end their rest first. */
static void end_rests(pl_port_pool *pool, int64_t now_us)
{
    while (pool->n_resting > 0 &&
           pool->queue[pool->head].free_from_us <= now_us) {
        pool->free_ports[pool->n_free++] = pool->queue[pool->head].port;
        pool->head = (pool->head + 1) % pool->n_pairs;
        pool->n_resting--;
    }
}

pl_err pl_port_pool_take(pl_port_pool *pool, uint32_t random, int64_t now_us,
                         uint16_t *ret_rtp)
{
    end_rests(pool, now_us);
    if (pool->n_free == 0)
        return PL_EFULL;
    uint32_t i = random % pool->n_free;
    uint16_t port = pool->free_ports[i];
    pool->free_ports[i] = pool->free_ports[--pool->n_free];
    pool->is_leased[(port - pool->first) / 2] = true;
    *ret_rtp = port;
    return PL_OK;
}

/* The pair's number; n_pairs: none of the pool's. */
static uint32_t pair_of(const pl_port_pool *pool, uint16_t rtp)
{
    uint32_t pair = ((uint32_t)rtp - pool->first) / 2;
    bool is_ours = rtp >= pool->first && rtp % 2 == 0 && pair < pool->n_pairs;
    return is_ours ? pair : pool->n_pairs;
}

/* Take a pair out of the queue of those that rest; those behind move up. */
static void end_rest_of(pl_port_pool *pool, uint16_t rtp)
{
    uint32_t n_before = 0;
    for (uint32_t i = 0; i < pool->n_resting; i++) {
        resting *r = &pool->queue[(pool->head + i) % pool->n_pairs];
        if (r->port == rtp)
            continue;
        pool->queue[(pool->head + n_before++) % pool->n_pairs] = *r;
    }
    pool->n_resting = n_before;
}

pl_err pl_port_pool_take_this(pl_port_pool *pool, uint16_t rtp)
{
    uint32_t pair = pair_of(pool, rtp);
    if (pair == pool->n_pairs)
        return PL_ENOENT;
    if (pool->is_leased[pair])
        return PL_EBUSY;
    pool->is_leased[pair] = true;
    for (uint32_t i = 0; i < pool->n_free; i++) {
        if (pool->free_ports[i] != rtp)
            continue;
        pool->free_ports[i] = pool->free_ports[--pool->n_free];
        return PL_OK;
    }
    end_rest_of(pool, rtp);
    return PL_OK;
}

void pl_port_pool_put_back(pl_port_pool *pool, uint16_t rtp)
{
    uint32_t pair = pair_of(pool, rtp);
    if (pair == pool->n_pairs || !pool->is_leased[pair])
        return;
    pool->is_leased[pair] = false;
    pool->free_ports[pool->n_free++] = rtp;
}

void pl_port_pool_give(pl_port_pool *pool, uint16_t rtp, int64_t now_us)
{
    uint32_t pair = pair_of(pool, rtp);
    if (pair == pool->n_pairs || !pool->is_leased[pair])
        return;
    pool->is_leased[pair] = false;
    uint32_t tail = (pool->head + pool->n_resting) % pool->n_pairs;
    pool->queue[tail] =
        (resting){.port = rtp, .free_from_us = now_us + PL_PORT_QUARANTINE_US};
    pool->n_resting++;
}

uint32_t pl_port_pool_leased(const pl_port_pool *pool)
{
    return pool->n_pairs - pool->n_free - pool->n_resting;
}
