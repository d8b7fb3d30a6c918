/* ring.h - bounded lock-free queue of fixed-size slots between two threads:
 * exactly one producer, exactly one consumer. Waking the consumer is the
 * caller's business (io). */
#ifndef PL_RING_H
#define PL_RING_H

#include <stddef.h>

#include "pl/err.h"

typedef struct pl_ring pl_ring;

/* Create a ring.
 *
 * n_slots:   power of two, 2..2^20; all of them can be in use
 * slot_size: bytes, 1..65536; slots are aligned to 16 bytes
 * ret_ring:  owned by the caller; pl_ring_destroy()
 * Errors:    PL_EINVAL sizes; PL_ENOMEM
 * Context:   any thread, before it is shared; allocates everything */
PL_MUST_USE pl_err pl_ring_create(size_t n_slots, size_t slot_size,
                                  pl_ring **ret_ring);
/* Free the ring and set *ring to NULL; both threads must have left it. */
void pl_ring_destroy(pl_ring **ring);

/* The free slot to fill, or NULL when the ring is full. The slot is the
 * producer's until pl_ring_commit(); asking twice gives the same slot.
 * Context: producer; O(1), no lock, no allocation */
void *pl_ring_reserve(pl_ring *ring);
/* Hand the slot of the last pl_ring_reserve() to the consumer. */
void pl_ring_commit(pl_ring *ring);
/* How many slots can be reserved and committed now, at least.
 * Context: producer; O(1) */
size_t pl_ring_free(const pl_ring *ring);

/* How many slots wait now: those committed before the call are counted, with
 * everything their producer did before. Context: consumer; O(1) */
size_t pl_ring_count(const pl_ring *ring);
/* The oldest waiting slot, or NULL. It is the consumer's until
 * pl_ring_release(). Context: consumer; O(1), no lock, no allocation */
void *pl_ring_peek(pl_ring *ring);
/* Give the slot of the last pl_ring_peek() back to the producer. */
void pl_ring_release(pl_ring *ring);

#endif
