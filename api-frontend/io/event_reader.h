/* event_reader.h - reads a stream of roompool's outbox, or a channel of its
 * relay, one request at a time: asks, waits, and asks again when roompool was
 * away. What is read goes to a long poll, to server-sent events or to a
 * WebSocket.
 * Context: the loop's thread. */
#ifndef PL_API_EVENT_READER_H
#define PL_API_EVENT_READER_H

#include "gateway.h"
#include "pl/loop.h"

typedef struct pl_event_reader_ops {
    /* Fill the next request. False: there is none; ctx may be gone. */
    bool (*fill)(void *ctx, pl_event_poll *body);
    void (*item)(void *ctx, const pl_event_item *item);
    /* Nothing came. is_early: the time was not over, so another reader took
     * this one's place, or the stream of a seat ended. */
    void (*none)(void *ctx, bool is_early);
    /* For good: the stream is not there, or not this reader's; PL_EGONE: a
     * session ended while this waited. */
    void (*refused)(void *ctx, pl_err e);
    /* Of a channel of the relay: instead of fill and item. PL_ESTALE: another
     * reader has come. */
    bool (*fill_relay)(void *ctx, pl_relay_read *body);
    void (*relayed)(void *ctx, const pl_relay_event *event);
} pl_event_reader_ops;

/* Embedded in its owner, zeroed before pl_event_reader_init(). */
typedef struct pl_event_reader {
    pl_gateway *gateway;
    const pl_event_reader_ops *ops;
    void *ctx;
    pl_timer *retry; /* made when first needed */
    uint64_t corr;   /* of the parked request, 0 none */
    uint64_t given;  /* of the last one that brought an event, 0 none */
    int64_t until_us;
    char id[PL_ID_MAX + 1]; /* whose stream it is */
} pl_event_reader;

void pl_event_reader_init(pl_event_reader *reader, pl_gateway *gateway,
                          const pl_event_reader_ops *ops, void *ctx);
/* Cancel what waits, here and at roompool. */
void pl_event_reader_fini(pl_event_reader *reader);
/* Read the next event. The answer comes later, never from inside, except that
 * fill may end the owner. */
void pl_event_reader_ask(pl_event_reader *reader);
/* The last event surely did not reach the client: it is given again at once,
 * to whoever asks next. */
void pl_event_reader_lost(pl_event_reader *reader);
/* The link to roompool is new: it has forgotten what we asked. */
void pl_event_reader_linked(pl_event_reader *reader);

#endif
