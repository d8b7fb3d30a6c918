/* record_tap.c - frames in slots: the head and the beginning of the payload,
 * then, for the few that are long, slots with nothing but payload. */
#include "core/record_tap.h"

#include <string.h>

enum { FIRST = PL_RECORD_SLOT - (int)sizeof(pl_record_head) };

_Static_assert(sizeof(pl_record_head) % 8 == 0, "no padding behind the head");

static size_t more_slots(size_t len)
{
    return len <= FIRST ? 0
                        : (len - FIRST + PL_RECORD_SLOT - 1) / PL_RECORD_SLOT;
}

/* The ring was asked beforehand whether all of it fits. */
static void put_slot(pl_ring *ring, const void *head, size_t head_len,
                     const uint8_t *data, size_t len)
{
    uint8_t *slot = pl_ring_reserve(ring);
    if (!slot)
        return;
    if (head_len > 0)
        memcpy(slot, head, head_len);
    if (len > 0)
        memcpy(slot + head_len, data, len);
    pl_ring_commit(ring);
}

bool pl_record_put(pl_ring *ring, const pl_record_head *head,
                   const uint8_t *data, size_t len)
{
    if (len > PL_RECORD_PAYLOAD || pl_ring_free(ring) < 1 + more_slots(len))
        return false;
    pl_record_head h = *head;
    h.len = (uint16_t)len;
    size_t n = len < FIRST ? len : FIRST;
    put_slot(ring, &h, sizeof h, data, n);
    for (size_t at = n; at < len; at += n) {
        n = len - at < PL_RECORD_SLOT ? len - at : PL_RECORD_SLOT;
        put_slot(ring, NULL, 0, data + at, n);
    }
    return true;
}

bool pl_record_take(pl_ring *ring, pl_record_head *ret_head,
                    uint8_t ret_data[PL_RECORD_PAYLOAD])
{
    const uint8_t *slot = pl_ring_peek(ring);
    if (!slot)
        return false;
    memcpy(ret_head, slot, sizeof *ret_head);
    size_t len = ret_head->len;
    /* The later slots follow at once: the producer is in the middle of this
     * frame, or a frame behind. */
    if (pl_ring_count(ring) < 1 + more_slots(len))
        return false;
    size_t n = len < FIRST ? len : FIRST;
    memcpy(ret_data, slot + sizeof *ret_head, n);
    pl_ring_release(ring);
    for (size_t at = n; at < len; at += n) {
        n = len - at < PL_RECORD_SLOT ? len - at : PL_RECORD_SLOT;
        memcpy(ret_data + at, pl_ring_peek(ring), n);
        pl_ring_release(ring);
    }
    return true;
}
