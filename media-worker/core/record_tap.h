/* record_tap.h - what a mixing thread hands to the thread that writes
 * recordings: encoded sound and where it belongs, as plain values through a
 * ring. Nothing is allocated or waited for; what does not fit is lost, and the
 * next frame says how much. */
#ifndef PL_RECORD_TAP_H
#define PL_RECORD_TAP_H

#include "core/engine_msg.h"
#include "core/ring.h"

enum {
    PL_RECORD_PAYLOAD = 1500, /* a received payload is below it */
    PL_RECORD_SLOT = 256      /* most payloads fit into one */
};

typedef enum pl_record_kind {
    PL_RECORD_MIX = 1, /* what the room hears: one frame a tick */
    PL_RECORD_STEM     /* what one says, as it came */
} pl_record_kind;

typedef struct pl_record_head {
    pl_mix_id recording; /* as in PL_MIX_RECORD_START */
    pl_mix_id leg;       /* STEM */
    int64_t at_us;       /* monotonic: the tick's deadline, or the arrival */
    uint32_t ssrc, xseq, ts; /* STEM: source, extended number, RTP time */
    uint32_t lost_ms;        /* of this stream so far, by a full ring */
    uint16_t len;
    uint8_t kind;  /* pl_record_kind */
    uint8_t codec; /* pl_codec_kind */
} pl_record_head;

/* Put a frame into the ring.
 *
 * head:    its len is set here
 * Returns: false when the ring is full or the payload too long: it is lost
 * Context: producer; O(len), no lock, no allocation */
bool pl_record_put(pl_ring *ring, const pl_record_head *head,
                   const uint8_t *data, size_t len);
/* Take the oldest frame; false when there is none. A frame is in the ring as a
 * whole or not at all. Context: consumer */
bool pl_record_take(pl_ring *ring, pl_record_head *ret_head,
                    uint8_t ret_data[PL_RECORD_PAYLOAD]);

#endif
