/* event_stream.c - a participant's events as server-sent events. The stream
 * reads roompool's outbox one event at a time, by its cursor. */
#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "event_reader.h"
#include "event_text.h"
#include "gateway_impl.h"
#include "pl/str.h"

enum { WAIT_MS = 30000, PIECE_MAX = 65536 };

typedef struct stream {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange;
    const pl_route *route;
    pl_seat seat;
    pl_event_reader reader;
    pl_timer *keepalive;
    uint64_t cursor;
    bool is_open; /* headers are out */
    bool has_stage;
    pl_stage *stage; /* NULL: nobody speaks */
} stream;

static void note_count(pl_gateway *gateway)
{
    pl_metrics_set(gateway->options.metrics, PL_AM_streams,
                   (int64_t)gateway->n_streams);
}

static void free_stream(stream *s)
{
    pl_gateway *gateway = s->gateway;
    pl_list_remove(&s->link);
    pl_event_reader_fini(&s->reader);
    pl_timer_destroy(&s->keepalive);
    free(s->stage);
    free(s);
    gateway->n_streams--;
    note_count(gateway);
}

/* The answer, before it has become a stream. */
static void refuse(stream *s, pl_err e)
{
    const pl_route_match match = {.route = s->route};
    pl_incoming in = {
        .gateway = s->gateway, .exchange = s->exchange, .match = &match};
    pl_gateway_fail(&in, e, NULL);
}

/* End the answer, whatever state it is in. */
static void end(stream *s)
{
    if (s->is_open) {
        pl_http_stream_end(s->exchange);
    } else {
        refuse(s, PL_EDRAIN);
    }
    free_stream(s);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    (void)exchange;
    free_stream(ctx);
}

void pl_event_stream_head(const pl_gateway *gateway, pl_http_exchange *exchange,
                          pl_answer *answer)
{
    answer->status = 200;
    answer->content_type = "text/event-stream";
    pl_answer_header(answer, "Cache-Control", "no-store");
    pl_answer_header(answer, "X-Accel-Buffering", "no");
    pl_answer_cors(answer, gateway->options.config->cors_origins,
                   pl_http_head_get(pl_http_request_head(exchange), "origin"));
}

static void open_stream(stream *s)
{
    static const char reconnect[] = "retry: 1000\n\n";
    pl_answer made;
    pl_answer_init(&made);
    pl_event_stream_head(s->gateway, s->exchange, &made);
    pl_http_stream_begin(s->exchange, &made);
    pl_answer_fini(&made);
    s->is_open = true;
    (void)!pl_http_stream_write(s->exchange, pl_slice_str(reconnect));
    pl_timer_start(s->keepalive,
                   (int64_t)s->gateway->options.config->keepalive_ms * 1000);
}

static void on_keepalive(void *ctx)
{
    stream *s = ctx;
    if (pl_http_stream_write(s->exchange, pl_slice_str(":\n\n"))) {
        end(s);
        return;
    }
    pl_timer_start(s->keepalive,
                   (int64_t)s->gateway->options.config->keepalive_ms * 1000);
}

/* Who speaks in the room's chat is not told what it said. */
static bool is_echo(const stream *s, const pl_event_item *item)
{
    return item->kind == PL_EVENT_KIND_MESSAGE &&
           strcmp(item->participant_id, s->seat.participant_id) == 0;
}

static void forget_stage(stream *s)
{
    free(s->stage);
    s->stage = NULL;
}

/* Most streams are of rooms in which nobody speaks just now: they do not keep
 * two kilobytes for it. */
static void put_stage(stream *s, const pl_event_item *item, pl_buf *out)
{
    if (!s->stage)
        s->stage = calloc(1, sizeof *s->stage);
    if (!s->stage) {
        out->has_failed = true;
        return;
    }
    pl_stage_update(s->stage, item);
    pl_stage_text(s->stage, out);
    if (s->stage->n == 0)
        forget_stage(s);
}

/* The text of an event; empty for kinds that are not told here. */
static void put_event(stream *s, const pl_event_item *item, pl_buf *out)
{
    if (item->kind == PL_EVENT_KIND_STAGE) {
        put_stage(s, item, out);
        return;
    }
    if (item->kind == PL_EVENT_KIND_SYNC_BEGIN)
        forget_stage(s);
    if (item->kind == PL_EVENT_KIND_PARTICIPANT_DELETE && s->stage)
        pl_stage_forget(s->stage, item->participant_id);
    if (!is_echo(s, item))
        (void)!pl_event_seat_text(item, out);
    /* The opening ends with who speaks: nobody yet. */
    if (item->kind == PL_EVENT_KIND_LAYOUT && !s->has_stage) {
        static const pl_stage nobody = {.n = 0};
        s->has_stage = true;
        pl_stage_text(s->stage ? s->stage : &nobody, out);
    }
}

static void on_item(void *ctx, const pl_event_item *item)
{
    stream *s = ctx;
    pl_buf text;
    pl_buf_init(&text, PIECE_MAX);
    if (!s->is_open)
        open_stream(s);
    if (item->seq > 0)
        s->cursor = item->seq;
    put_event(s, item, &text);
    pl_err e = text.has_failed
                   ? PL_EFULL
                   : pl_http_stream_write(s->exchange, pl_buf_slice(&text));
    pl_buf_fini(&text);
    pl_metrics_add(s->gateway->options.metrics, PL_AM_events_streamed, 1);
    if (e || item->kind == PL_EVENT_KIND_DISCONNECT) {
        end(s);
    } else {
        pl_event_reader_ask(&s->reader);
    }
}

/* The first answer decides whether there is a stream at all. */
static void on_refused(void *ctx, pl_err e)
{
    stream *s = ctx;
    if (s->is_open) {
        end(s);
        return;
    }
    refuse(s, e == PL_EGONE ? PL_EAUTH : e);
    free_stream(s);
}

static void on_none(void *ctx, bool is_early)
{
    stream *s = ctx;
    if (is_early) {
        end(s);
    } else {
        pl_event_reader_ask(&s->reader);
    }
}

static bool fill(void *ctx, pl_event_poll *body)
{
    const stream *s = ctx;
    *body = (pl_event_poll){.stream = PL_STREAM_PARTICIPANT,
                            .after_seq = s->cursor,
                            .wait_ms = WAIT_MS,
                            .fresh = !s->is_open};
    pl_fmt_cut(body->id, sizeof body->id, "%s", s->seat.participant_id);
    pl_fmt_cut(body->token_hash, sizeof body->token_hash, "%s",
               s->seat.token_hash);
    PL_MSG_SET(EVENT_POLL, event_poll, body, fresh);
    return true;
}

static const pl_event_reader_ops OPS = {
    .fill = fill, .item = on_item, .none = on_none, .refused = on_refused};

static stream *find(const pl_gateway *gateway, const char *participant_id)
{
    PL_LIST_EACH(node, &gateway->streams)
    {
        stream *s = PL_CONTAINER(node, stream, link);
        if (strcmp(s->seat.participant_id, participant_id) == 0)
            return s;
    }
    return NULL;
}

void pl_event_stream_begin(const pl_incoming *in)
{
    pl_gateway *gateway = in->gateway;
    pl_loop *loop = gateway->options.loop;
    stream *s = calloc(1, sizeof *s);
    if (!s || gateway->is_draining ||
        pl_timer_create(loop, on_keepalive, s, &s->keepalive)) {
        free(s);
        pl_gateway_fail(in, PL_EDRAIN, NULL);
        return;
    }
    s->gateway = gateway;
    s->exchange = in->exchange;
    s->route = in->match->route;
    s->seat = *in->seat;
    pl_event_reader_init(&s->reader, gateway, &OPS, s);
    /* One stream a participant: an older one with this token ends. */
    stream *old = find(gateway, s->seat.participant_id);
    if (old && strcmp(old->seat.token_hash, s->seat.token_hash) == 0)
        end(old);
    pl_list_append(&gateway->streams, &s->link);
    gateway->n_streams++;
    note_count(gateway);
    pl_http_watch(in->exchange, on_gone, s);
    pl_event_reader_ask(&s->reader);
}

void pl_event_stream_renew(pl_gateway *gateway, const char *participant_id,
                           const char *token_hash)
{
    stream *s = find(gateway, participant_id);
    if (s) {
        pl_fmt_cut(s->seat.token_hash, sizeof s->seat.token_hash, "%s",
                   token_hash);
    }
}

void pl_event_streams_linked(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->streams)
    {
        pl_event_reader_linked(&PL_CONTAINER(node, stream, link)->reader);
    }
}

void pl_event_streams_drain(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->streams)
    {
        end(PL_CONTAINER(node, stream, link));
    }
}

void pl_event_streams_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->streams)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_stream() unlinks */
        free_stream(PL_CONTAINER(gateway->streams.next, stream, link));
    }
}
