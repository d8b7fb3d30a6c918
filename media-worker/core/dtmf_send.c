/* dtmf_send.c - RFC 4733 named events, digits only; their reader and the layout
 * of the payload are in dtmf.c. */
#include "core/dtmf_send.h"

#include "core/be.h"
#include "core/dtmf.h"

enum {
    TICKS_A_SECOND = 50,
    TONE_TICKS = 5,
    GAP_TICKS = 5,
    PAUSE_TICKS = 100,
    N_ENDS = 3, /* RFC 4733 section 2.5.1.4 */
    END_BIT = 0x80,
    VOLUME = 10 /* -dBm0 */
};

pl_err pl_dtmf_queue_put(pl_dtmf_queue *queue, const char *keys, size_t n)
{
    if (n > PL_KEYS_MAX - (size_t)queue->n)
        return PL_EFULL;
    for (size_t i = 0; i < n; i++) {
        size_t at = ((size_t)queue->first + queue->n) % PL_KEYS_MAX;
        queue->keys[at] = keys[i];
        queue->n++;
    }
    return PL_OK;
}

static void end_key(pl_dtmf_queue *q)
{
    q->first = (uint16_t)((q->first + 1U) % PL_KEYS_MAX);
    q->n--;
    q->n_done++;
    q->is_begun = q->is_told = false;
    q->n_ends = 0;
}

/* A tick that was left out is made up by the next packet's duration, which
 * never says more than was meant. */
static void write_packet(pl_dtmf_queue *q, uint32_t ticks, uint32_t clock_hz,
                         pl_dtmf_packet *packet)
{
    bool is_end = ticks >= TONE_TICKS;
    uint32_t length = is_end ? TONE_TICKS : ticks;
    packet->marker = !q->is_told;
    packet->ts = q->ts;
    packet->payload[0] = pl_dtmf_event_of(q->keys[q->first]);
    packet->payload[1] = (uint8_t)(is_end ? END_BIT | VOLUME : VOLUME);
    pl_be_put16(packet->payload + 2,
                (uint16_t)(length * clock_hz / TICKS_A_SECOND));
    q->is_told = true;
    q->n_ends = (uint8_t)(q->n_ends + is_end);
}

pl_dtmf_turn pl_dtmf_queue_next(pl_dtmf_queue *queue, uint32_t ts,
                                uint32_t tick_ts, uint32_t clock_hz,
                                pl_dtmf_packet *ret_packet)
{
    if (queue->n == 0)
        return PL_DTMF_AUDIO;
    if (!queue->is_begun) {
        queue->is_begun = true;
        queue->ts = ts;
    }
    bool is_pause = queue->keys[queue->first] == ',';
    uint32_t ticks = (ts - queue->ts) / tick_ts + 1; /* this one too */
    if (!is_pause && queue->n_ends < N_ENDS) {
        write_packet(queue, ticks, clock_hz, ret_packet);
        return PL_DTMF_EVENT;
    }
    if (ticks >= (is_pause ? PAUSE_TICKS : TONE_TICKS + GAP_TICKS))
        end_key(queue);
    return is_pause ? PL_DTMF_AUDIO : PL_DTMF_QUIET;
}

uint16_t pl_dtmf_queue_clear(pl_dtmf_queue *queue)
{
    uint16_t n = (uint16_t)(queue->n + queue->n_done);
    *queue = (pl_dtmf_queue){.n = 0};
    return n;
}
