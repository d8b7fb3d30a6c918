/* relay_stream.c - a channel of the relay, read by its device: through a
 * WebSocket, server-sent events or a long poll. The next event is asked for
 * when the last one was handed to the system, so that none waits here. */
#include <stdlib.h>

#include "api_metrics.h"
#include "event_reader.h"
#include "gateway_impl.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "relay_api.h"
#include "websocket.h"
#include "ws_upgrade.h"

enum {
    WAIT_MS = 25000,
    SOURCE_MAX = 64,
    PIECE_MAX = 1 << 19, /* an event with what goes around it */
    BATCH_MAX = 1 << 19, /* bytes of events in one answer of a poll */
    READER_BYTES = 16,
};

typedef struct stream {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange;
    const pl_route *route;
    pl_event_reader reader;
    pl_relay_ask ask;
    pl_timer *tick;       /* WebSocket, server-sent events */
    pl_websocket *socket; /* NULL: not a WebSocket */
    pl_buf batch;         /* poll: what came, "[..,.." */
    int64_t until_us;     /* poll: its time is over */
    char accept[PL_WS_ACCEPT_TEXT];
    char source[SOURCE_MAX];
    char channel_id[PL_ID_MAX + 1];
    char reader_id[2 * READER_BYTES + 1];
    uint64_t cursor; /* last event written */
    bool has_read;   /* roompool knows this reader */
    bool is_open;    /* headers are out */
    bool is_counted; /* among the streams of its source */
} stream;

static void count(const pl_gateway *gateway, size_t metric)
{
    pl_metrics_add(gateway->options.metrics, metric, 1);
}

static void note_count(pl_gateway *gateway)
{
    pl_metrics_set(gateway->options.metrics, PL_AM_relay_readers,
                   (int64_t)gateway->n_relay_streams);
}

static void free_stream(stream *s)
{
    pl_gateway *gateway = s->gateway;
    pl_list_remove(&s->link);
    pl_event_reader_fini(&s->reader);
    pl_timer_destroy(&s->tick);
    pl_websocket_destroy(&s->socket);
    pl_buf_fini(&s->batch);
    if (s->is_counted)
        pl_source_leave(gateway->stream_sources, s->source);
    pl_wipe(s->reader_id, sizeof s->reader_id);
    free(s);
    gateway->n_relay_streams--;
    note_count(gateway);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    (void)exchange;
    free_stream(ctx);
}

static void refuse(stream *s, pl_err e)
{
    pl_route_match match = {.route = s->route};
    pl_incoming in = {
        .gateway = s->gateway, .exchange = s->exchange, .match = &match};
    count(s->gateway, PL_AM_streams_refused);
    pl_gateway_fail(&in, e, NULL);
    free_stream(s);
}

/* End an open stream; its bytes so far still go out. */
static void cut(stream *s)
{
    pl_http_stream_end(s->exchange);
    free_stream(s);
}

static pl_err write_raw(void *ctx, pl_slice bytes)
{
    stream *s = ctx;
    return pl_http_stream_write(s->exchange, bytes);
}

/* Server-sent events say it in an event: browsers that know it do not come
 * back. */
static void end(stream *s, pl_ws_code code, const char *reason)
{
    char text[128];
    if (s->socket) {
        pl_websocket_close(s->socket, code, reason);
    } else {
        pl_fmt_cut(text, sizeof text,
                   "event: closed\ndata: {\"code\":%d,\"reason\":\"%s\"}\n\n",
                   (int)code, reason);
        (void)!write_raw(s, pl_slice_str(text));
    }
    cut(s);
}

/* ---- signs of life ---- */

static void plan_tick(stream *s)
{
    int64_t ping_ms = s->gateway->options.config->relay_ping_ms;
    pl_timer_start(s->tick, ping_ms * 1000);
}

static void on_tick(void *ctx)
{
    stream *s = ctx;
    pl_err e = s->socket ? pl_websocket_ping(s->socket)
                         : write_raw(s, pl_slice_str(":\n\n"));
    if (e) {
        count(s->gateway, PL_AM_streams_cut);
        cut(s);
        return;
    }
    plan_tick(s);
}

/* ---- opening ---- */

static void on_data(void *ctx, pl_slice bytes)
{
    stream *s = ctx;
    pl_err e = pl_websocket_feed(s->socket, bytes);
    if (!e)
        return;
    if (e != PL_EGONE)
        count(s->gateway, PL_AM_streams_cut);
    cut(s);
}

static void open_stream(stream *s)
{
    static const char reconnect[] = "retry: 1000\n\n";
    pl_answer made;
    s->is_open = true;
    pl_answer_init(&made);
    if (s->socket) {
        pl_ws_accept(s->accept, "cloudevents.json", &made);
        pl_http_upgrade(s->exchange, &made, on_data, s);
    } else {
        pl_event_stream_head(s->gateway, s->exchange, &made);
        pl_http_stream_begin(s->exchange, &made);
        (void)!write_raw(s, pl_slice_str(reconnect));
    }
    pl_answer_fini(&made);
    plan_tick(s);
}

/* ---- pushing ---- */

static void on_flushed(void *ctx)
{
    stream *s = ctx;
    pl_http_stream_watch(s->exchange, NULL, NULL);
    pl_event_reader_ask(&s->reader);
}

static pl_err write_event(stream *s, const pl_relay_event *event)
{
    pl_buf text;
    if (s->socket)
        return pl_websocket_send(s->socket, event->event);
    pl_buf_init(&text, PIECE_MAX);
    pl_relay_event_put(event, &text);
    pl_err e = text.has_failed ? PL_ENOMEM : write_raw(s, pl_buf_slice(&text));
    pl_buf_fini(&text);
    return e;
}

static void push(stream *s, const pl_relay_event *event)
{
    if (!s->is_open)
        open_stream(s);
    if (write_event(s, event)) {
        count(s->gateway, PL_AM_streams_cut);
        cut(s);
        return;
    }
    count(s->gateway, PL_AM_relay_pushed);
    pl_http_stream_watch(s->exchange, on_flushed, s);
}

/* ---- polls ---- */

static void answer_poll(stream *s)
{
    pl_answer made;
    pl_answer_init(&made);
    if (s->batch.len == 0) {
        pl_answer_empty(&made, 204);
    } else {
        pl_answer_json(&made, 200);
        pl_buf_add_slice(&made.body, pl_buf_slice(&s->batch));
        pl_buf_add_str(&made.body, "]");
    }
    pl_gateway_answer(s->gateway, s->exchange, PL_FAMILY_RELAY, &made, NULL,
                      NULL);
    pl_answer_fini(&made);
    free_stream(s);
}

static void collect(stream *s, const pl_relay_event *event)
{
    pl_buf_add_str(&s->batch, s->batch.len == 0 ? "[" : ",");
    pl_buf_add_slice(&s->batch, event->event);
    if (s->batch.has_failed) {
        refuse(s, PL_ENOMEM);
        return;
    }
    count(s->gateway, PL_AM_relay_pushed);
    if (event->more && s->batch.len < BATCH_MAX) {
        pl_event_reader_ask(&s->reader);
    } else {
        answer_poll(s);
    }
}

/* ---- what the reader calls ---- */

static bool is_poll(const stream *s)
{
    return s->ask.way == PL_RELAY_BY_POLL;
}

/* How long the next request may wait. The first of a stream does not: its reply
 * opens it. */
static int64_t wait_ms(const stream *s)
{
    if (!is_poll(s))
        return s->is_open ? WAIT_MS : 0;
    if (s->batch.len > 0)
        return 0;
    return (s->until_us - pl_loop_now_us(s->gateway->options.loop)) / 1000;
}

static bool fill(void *ctx, pl_relay_read *body)
{
    stream *s = ctx;
    int64_t left_ms = wait_ms(s);
    if (left_ms < 0) { /* roompool was away */
        answer_poll(s);
        return false;
    }
    body->wait_ms = (uint32_t)left_ms;
    body->begins = !s->has_read;
    PL_MSG_SET(RELAY_READ, relay_read, body, begins);
    pl_fmt_cut(body->channel_id, sizeof body->channel_id, "%s", s->channel_id);
    pl_fmt_cut(body->token_hash, sizeof body->token_hash, "%s",
               s->ask.token_hash);
    pl_fmt_cut(body->reader, sizeof body->reader, "%s", s->reader_id);
    if (s->cursor > 0) {
        body->after_seq = s->cursor;
        PL_MSG_SET(RELAY_READ, relay_read, body, after_seq);
    } else if (s->ask.after_id[0]) {
        pl_fmt_cut(body->after_id, sizeof body->after_id, "%s",
                   s->ask.after_id);
        PL_MSG_SET(RELAY_READ, relay_read, body, after_id);
    }
    return true;
}

static void on_event(void *ctx, const pl_relay_event *event)
{
    stream *s = ctx;
    s->has_read = true;
    s->cursor = event->seq;
    if (is_poll(s)) {
        collect(s, event);
    } else {
        push(s, event);
    }
}

static void on_none(void *ctx, bool is_early)
{
    stream *s = ctx;
    (void)is_early;
    s->has_read = true;
    if (is_poll(s)) {
        answer_poll(s);
        return;
    }
    if (!s->is_open)
        open_stream(s);
    pl_event_reader_ask(&s->reader);
}

static void on_refused(void *ctx, pl_err e)
{
    stream *s = ctx;
    if (is_poll(s) && s->batch.len > 0) {
        answer_poll(s);
    } else if (!s->is_open) {
        refuse(s, e);
    } else if (e == PL_ESTALE) {
        end(s, PL_WS_RELAY_REPLACED, "another reader has come");
    } else {
        end(s, PL_WS_SESSION_OVER, "the channel is closed");
    }
}

static const pl_event_reader_ops OPS = {.none = on_none,
                                        .refused = on_refused,
                                        .fill_relay = fill,
                                        .relayed = on_event};

/* ---- life ---- */

static void make_reader_id(stream *s)
{
    uint8_t bytes[READER_BYTES];
    pl_random(bytes, sizeof bytes);
    pl_hex(bytes, sizeof bytes, s->reader_id);
    pl_wipe(bytes, sizeof bytes);
}

static pl_err prepare(stream *s, const pl_incoming *in)
{
    pl_loop *loop = in->gateway->options.loop;
    pl_err e = PL_OK;
    make_reader_id(s);
    s->until_us = pl_loop_now_us(loop) + (int64_t)s->ask.wait_ms * 1000;
    if (pl_copy(s->channel_id, sizeof s->channel_id,
                pl_slice_str(in->match->params[0])))
        return PL_ENOENT; /* too long for any id */
    if (is_poll(s))
        return PL_OK;
    e = pl_source_enter(s->gateway->stream_sources, s->source);
    if (e)
        return PL_EFULL;
    s->is_counted = true;
    e = pl_timer_create(loop, on_tick, s, &s->tick);
    if (!e && s->accept[0])
        e = pl_websocket_create(write_raw, s, &s->socket);
    return e;
}

static void begin(const pl_incoming *in, const pl_relay_ask *ask,
                  const char *accept)
{
    pl_gateway *gateway = in->gateway;
    stream *s = calloc(1, sizeof *s);
    if (!s) {
        pl_gateway_fail(in, PL_ENOMEM, NULL);
        return;
    }
    s->gateway = gateway;
    s->exchange = in->exchange;
    s->route = in->match->route;
    s->ask = *ask;
    pl_fmt_cut(s->source, sizeof s->source, "%s",
               pl_http_request_source(in->exchange));
    pl_fmt_cut(s->accept, sizeof s->accept, "%s", accept);
    pl_buf_init(&s->batch, (size_t)2 * PIECE_MAX);
    pl_event_reader_init(&s->reader, gateway, &OPS, s);
    pl_list_append(&gateway->relay_streams, &s->link);
    gateway->n_relay_streams++;
    note_count(gateway);
    pl_err e = prepare(s, in);
    if (e) {
        refuse(s, e);
        return;
    }
    pl_http_watch(in->exchange, on_gone, s);
    pl_event_reader_ask(&s->reader);
}

static void fail(const pl_incoming *in, pl_err e)
{
    count(in->gateway, PL_AM_streams_refused);
    pl_gateway_fail(in, e, NULL);
}

void pl_relay_events_begin(const pl_incoming *in)
{
    pl_relay_ask ask;
    pl_err e =
        pl_relay_ask_read(pl_http_request_head(in->exchange), false, &ask);
    if (e) {
        fail(in, e);
    } else {
        begin(in, &ask, "");
    }
}

static void refuse_upgrade(const pl_incoming *in, pl_err e)
{
    pl_answer made;
    pl_answer_init(&made);
    pl_ws_refuse(PL_FAMILY_RELAY, e, &made);
    count(in->gateway, PL_AM_streams_refused);
    pl_gateway_answer(in->gateway, in->exchange, PL_FAMILY_RELAY, &made, NULL,
                      NULL);
    pl_answer_fini(&made);
}

void pl_relay_socket_begin(const pl_incoming *in)
{
    const pl_http_head *head = pl_http_request_head(in->exchange);
    char accept[PL_WS_ACCEPT_TEXT];
    pl_relay_ask ask;
    if (!pl_ws_is_origin_allowed(head,
                                 in->gateway->options.config->cors_origins)) {
        fail(in, PL_EFORBIDDEN);
        return;
    }
    pl_err e = pl_ws_check(head, accept);
    if (e) {
        refuse_upgrade(in, e);
        return;
    }
    e = pl_relay_ask_read(head, true, &ask);
    if (e == PL_EPROTO) {
        count(in->gateway, PL_AM_streams_refused);
        pl_gateway_fail(in, PL_EINVAL,
                        "Sec-WebSocket-Protocol is to offer cloudevents.json");
    } else if (e) {
        fail(in, e);
    } else {
        begin(in, &ask, accept);
    }
}

void pl_relay_streams_linked(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->relay_streams)
    {
        stream *s = PL_CONTAINER(node, stream, link);
        if (s->reader.corr) /* else its last event is still on its way */
            pl_event_reader_linked(&s->reader);
    }
}

void pl_relay_streams_drain(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->relay_streams)
    {
        stream *s = PL_CONTAINER(node, stream, link);
        if (is_poll(s)) {
            answer_poll(s);
        } else if (s->is_open) {
            end(s, PL_WS_GOING_AWAY, "this front end stops");
        } else {
            refuse(s, PL_EDRAIN);
        }
    }
}

void pl_relay_streams_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->relay_streams)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_stream() unlinks */
        free_stream(PL_CONTAINER(gateway->relay_streams.next, stream, link));
    }
}
