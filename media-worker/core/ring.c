/* ring.c - one producer, one consumer, slots in place. */
#include "core/ring.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { CACHE_LINE = 64, SLOT_ALIGN = 16 };

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): on purpose */
struct pl_ring {
    uint8_t *slots;
    size_t mask, stride;
    /* Each index is written by one side only; on a line of its own so that
     * the sides do not invalidate each other at every step. */
    alignas(CACHE_LINE) atomic_size_t head; /* next to write, producer's */
    alignas(CACHE_LINE) atomic_size_t tail; /* next to read, consumer's */
};

pl_err pl_ring_create(size_t n_slots, size_t slot_size, pl_ring **ret_ring)
{
    if (n_slots < 2 || n_slots > (1U << 20) || (n_slots & (n_slots - 1)) != 0 ||
        slot_size == 0 || slot_size > 65536 || !ret_ring)
        return PL_EINVAL;
    pl_ring *r = aligned_alloc(CACHE_LINE, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    size_t stride = (slot_size + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
    *r = (pl_ring){.mask = n_slots - 1, .stride = stride};
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    r->slots = calloc(n_slots, stride);
    if (!r->slots) {
        pl_ring_destroy(&r);
        return PL_ENOMEM;
    }
    *ret_ring = r;
    return PL_OK;
}

void pl_ring_destroy(pl_ring **ring)
{
    if (!ring || !*ring)
        return;
    free((*ring)->slots);
    free(*ring);
    *ring = NULL;
}

static void *slot_at(const pl_ring *ring, size_t index)
{
    return ring->slots + (index & ring->mask) * ring->stride;
}

void *pl_ring_reserve(pl_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return head - tail > ring->mask ? NULL : slot_at(ring, head);
}

void pl_ring_commit(pl_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

size_t pl_ring_free(const pl_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return ring->mask + 1 - (head - tail);
}

size_t pl_ring_count(const pl_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    return head - tail;
}

void *pl_ring_peek(pl_ring *ring)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return head == tail ? NULL : slot_at(ring, tail);
}

void pl_ring_release(pl_ring *ring)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}
