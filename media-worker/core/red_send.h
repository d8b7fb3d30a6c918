/* red_send.h - redundancy in what one leg is sent: whether its reports ask for
 * it, and what it was sent last.
 *
 * A leg keeps copies of its own last payloads, not pointers to the room's: who
 * changes between the shared encode and one of his own is repeated what he was
 * sent, wherever it came from. Legs without loss keep nothing. */
#ifndef PL_RED_SEND_H
#define PL_RED_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec.h"

enum { PL_RED_DEPTH = 2 }; /* older payloads in a packet at most */

/* How much help a peer's reports ask for. Zeroed is "no loss known". */
typedef struct pl_loss_watch {
    uint8_t depth;  /* older payloads wanted; 0: none */
    uint8_t n_good; /* reports with little loss since */
} pl_loss_watch;

/* Take a reception report of the peer. From 3 % loss on one payload is to be
 * repeated, from 10 % on two; three reports in a row with less than 1 % take
 * one back. Returns: whether depth changed. */
bool pl_loss_watch_report(pl_loss_watch *watch, uint32_t loss_permille);

/* What was sent last. Zeroed is nothing. */
typedef struct pl_red_sender {
    uint8_t n_sent; /* of sent[], newest first */
    struct {
        uint32_t ts;
        uint16_t len;
        uint8_t bytes[PL_CODEC_MAX_ENCODED];
    } sent[PL_RED_DEPTH];
} pl_red_sender;

/* One payload; borrowed. */
typedef struct pl_red_frame {
    uint8_t pt;
    uint32_t ts;
    const uint8_t *payload;
    size_t len;
} pl_red_frame;

/* Put what was sent before into out[cap], and the frame behind it. What is
 * too old or does not fit is left out.
 *
 * depth:   older payloads at most; their type is the frame's
 * Returns: bytes; 0: there is nothing to repeat, send the payload plainly */
size_t pl_red_sender_write(const pl_red_sender *sender, uint8_t depth,
                           const pl_red_frame *frame, uint8_t *out, size_t cap);
/* Keep a payload that was sent. */
void pl_red_sender_sent(pl_red_sender *sender, const pl_red_frame *frame);

#endif
