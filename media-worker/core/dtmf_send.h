/* dtmf_send.h - digits sent as telephone-events, one after another. */
#ifndef PL_DTMF_SEND_H
#define PL_DTMF_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"
#include "pl/keys.h"

enum { PL_DTMF_PAYLOAD = 4 };

/* Keys that wait; the first of them may be under way. Zeroed is empty. */
typedef struct pl_dtmf_queue {
    char keys[PL_KEYS_MAX]; /* a ring */
    uint16_t first, n;
    uint16_t n_done; /* since the queue was last empty */
    bool is_begun, is_told;
    uint8_t n_ends; /* end packets sent */
    uint32_t ts;    /* where the key began */
} pl_dtmf_queue;

/* What a leg is sent in a tick. */
typedef enum pl_dtmf_turn {
    PL_DTMF_AUDIO, /* no digit is due, or a pause passes */
    PL_DTMF_EVENT, /* the packet */
    PL_DTMF_QUIET  /* nothing: between two digits */
} pl_dtmf_turn;

typedef struct pl_dtmf_packet {
    bool marker; /* begins the event */
    uint32_t ts; /* of the event: the same in all its packets */
    uint8_t payload[PL_DTMF_PAYLOAD];
} pl_dtmf_packet;

/* Queue keys (pl_is_keys()), all or none. Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_dtmf_queue_put(pl_dtmf_queue *queue, const char *keys,
                                     size_t n);
/* Take the next tick of a leg that sends: 100 ms of tone in packets of growing
 * duration, the last of them three times, then 100 ms without; 2 s for ','.
 * Time is told by the leg's timestamps, so that ticks may be left out.
 *
 * ts, tick_ts: of this tick; how long one is
 * clock_hz:    of the event's duration
 * ret_packet:  written for PL_DTMF_EVENT
 * Source: RFC 4733 section 2.3, 2.5.1 */
pl_dtmf_turn pl_dtmf_queue_next(pl_dtmf_queue *queue, uint32_t ts,
                                uint32_t tick_ts, uint32_t clock_hz,
                                pl_dtmf_packet *ret_packet);
/* Forget all of it. Returns: how many keys had been taken and are over now. */
uint16_t pl_dtmf_queue_clear(pl_dtmf_queue *queue);

#endif
