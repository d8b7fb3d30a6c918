/* event_reader.c - requests for events, parked at roompool. */
#include "event_reader.h"

#include "gateway_impl.h"
#include "pl/str.h"

static const int64_t RETRY_US = 500000; /* roompool away: ask again then */
/* A "nothing" that comes this much sooner than asked for was not the clock. */
static const int64_t EARLY_US = 1000000;
enum { REPLY_MARGIN_MS = 3000 };

void pl_event_reader_init(pl_event_reader *reader, pl_gateway *gateway,
                          const pl_event_reader_ops *ops, void *ctx)
{
    reader->gateway = gateway;
    reader->ops = ops;
    reader->ctx = ctx;
}

/* If it is lost, roompool drops the poll when its time is over, and gives an
 * event again when its acknowledgement is overdue. */
static void send_cancel(const pl_event_reader *reader, uint64_t corr)
{
    pl_event_poll_cancel body = {.corr = corr};
    pl_fmt_cut(body.id, sizeof body.id, "%s", reader->id);
    PL_MSG_SET(EVENT_POLL_CANCEL, event_poll_cancel, &body, id);
    (void)!pl_bus_event(reader->gateway->options.bus, NULL,
                        &PL_MSG_EVENT_POLL_CANCEL, &body);
}

void pl_event_reader_fini(pl_event_reader *reader)
{
    pl_timer_destroy(&reader->retry);
    if (reader->corr == 0)
        return;
    pl_bus_cancel(reader->gateway->options.bus, reader->corr);
    send_cancel(reader, reader->corr);
    reader->corr = 0;
}

void pl_event_reader_lost(pl_event_reader *reader)
{
    if (reader->given)
        send_cancel(reader, reader->given);
    reader->given = 0;
}

static void on_retry(void *ctx)
{
    pl_event_reader_ask(ctx);
}

static void ask_later(pl_event_reader *reader, int64_t delay_us)
{
    pl_loop *loop = reader->gateway->options.loop;
    if (!reader->retry &&
        pl_timer_create(loop, on_retry, reader, &reader->retry)) {
        reader->ops->refused(reader->ctx, PL_ENOMEM);
        return;
    }
    pl_timer_start(reader->retry, delay_us);
}

static bool is_final(pl_err e)
{
    switch ((int)e) {
    case PL_ENOENT:
    case PL_EGONE:
    case PL_ESTALE:
    case PL_EAUTH:
    case PL_EFORBIDDEN:
    case PL_EOTHERTOKEN: return true;
    default: return false; /* roompool is away, or has no room right now */
    }
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_event_reader *reader = ctx;
    int64_t left =
        reader->until_us - pl_loop_now_us(reader->gateway->options.loop);
    uint64_t corr = reader->corr;
    reader->corr = 0;
    const pl_relay_event *relayed =
        !e && in->desc == &PL_MSG_RELAY_EVENT ? in->body : NULL;
    if (relayed && relayed->seq > 0) {
        reader->ops->relayed(reader->ctx, relayed);
    } else if (!e && in->desc == &PL_MSG_EVENT_ITEM) {
        reader->given = corr;
        reader->ops->item(reader->ctx, in->body);
    } else if (!e) {
        reader->ops->none(reader->ctx, left > EARLY_US);
    } else if (is_final(e)) {
        reader->ops->refused(reader->ctx, e);
    } else {
        ask_later(reader, RETRY_US);
    }
}

/* A request of either kind. */
typedef struct asked {
    union {
        pl_event_poll poll;
        pl_relay_read relay;
    } body;
    const pl_msg_desc *desc;
    const char *id;
    uint32_t wait_ms;
} asked;

static bool fill(const pl_event_reader *reader, asked *a)
{
    if (reader->ops->fill_relay) {
        pl_relay_read *m = &a->body.relay;
        *m = (pl_relay_read){.wait_ms = 0};
        bool is_filled = reader->ops->fill_relay(reader->ctx, m);
        a->desc = &PL_MSG_RELAY_READ;
        a->id = m->channel_id;
        a->wait_ms = m->wait_ms;
        return is_filled;
    }
    pl_event_poll *m = &a->body.poll;
    *m = (pl_event_poll){.wait_ms = 0};
    bool is_filled = reader->ops->fill(reader->ctx, m);
    a->desc = &PL_MSG_EVENT_POLL;
    a->id = m->id;
    a->wait_ms = m->wait_ms;
    return is_filled;
}

void pl_event_reader_ask(pl_event_reader *reader)
{
    const pl_gateway *gateway = reader->gateway;
    asked a;
    if (!fill(reader, &a))
        return;
    pl_fmt_cut(reader->id, sizeof reader->id, "%s", a.id);
    pl_bus_send how = {.deadline_ms = a.wait_ms + REPLY_MARGIN_MS};
    reader->until_us =
        pl_loop_now_us(gateway->options.loop) + (int64_t)a.wait_ms * 1000;
    if (pl_bus_request(gateway->options.bus, &how, a.desc, &a.body, on_reply,
                       reader, &reader->corr))
        ask_later(reader, RETRY_US);
}

void pl_event_reader_linked(pl_event_reader *reader)
{
    if (reader->corr)
        pl_bus_cancel(reader->gateway->options.bus, reader->corr);
    reader->corr = 0;
    ask_later(reader, 0);
}
