/* session_stream.c - a session's events pushed to the client: as server-sent
 * events, or through a WebSocket. Read by cursor; an event is acknowledged
 * when it was handed to the system, and roompool keeps the last ones for
 * clients that come back with their cursor. docs/adr/0010 */
#include <inttypes.h>
#include <stdlib.h>

#include "api_metrics.h"
#include "event_channel.h"
#include "event_reader.h"
#include "gateway_impl.h"
#include "pl/str.h"
#include "url.h"
#include "websocket.h"
#include "ws_upgrade.h"

enum { WAIT_MS = 30000, PIECE_MAX = 1 << 20, SOURCE_MAX = 64 };

typedef struct stream {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange;
    const pl_route *route;
    pl_event_reader reader;
    pl_timer *tick;
    pl_websocket *socket; /* NULL: server-sent events */
    char accept[PL_WS_ACCEPT_TEXT];
    char source[SOURCE_MAX];
    char session_id[PL_ID_MAX + 1];
    char client_id[129], token_hash[65];
    int64_t token_ms; /* wall time of its end */
    uint64_t ticket_corr;
    uint64_t cursor, acked; /* last event written, last acknowledged */
    bool is_open;           /* headers are out */
} stream;

static void count(const pl_gateway *gateway, size_t metric)
{
    pl_metrics_add(gateway->options.metrics, metric, 1);
}

static void note_count(pl_gateway *gateway)
{
    pl_metrics_set(gateway->options.metrics, PL_AM_session_streams,
                   (int64_t)gateway->n_session_streams);
}

static void free_stream(stream *s)
{
    pl_gateway *gateway = s->gateway;
    pl_list_remove(&s->link);
    if (s->ticket_corr)
        pl_bus_cancel(gateway->options.bus, s->ticket_corr);
    pl_event_reader_fini(&s->reader);
    pl_timer_destroy(&s->tick);
    pl_websocket_destroy(&s->socket);
    pl_source_leave(gateway->stream_sources, s->source);
    free(s);
    gateway->n_session_streams--;
    note_count(gateway);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    stream *s = ctx;
    (void)exchange;
    if (s->acked != s->cursor)
        pl_event_reader_lost(&s->reader);
    free_stream(s);
}

/* Refuse what is not open yet. */
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

static void end(stream *s, pl_ws_code code, const char *reason)
{
    if (s->socket)
        pl_websocket_close(s->socket, code, reason);
    cut(s);
}

static void acknowledge(void *ctx)
{
    stream *s = ctx;
    if (s->acked == s->cursor)
        return;
    s->acked = s->cursor;
    pl_event_acknowledge(s->gateway, s->session_id, s->token_hash, s->cursor);
}

/* ---- writing ---- */

static pl_err write_raw(void *ctx, pl_slice bytes)
{
    stream *s = ctx;
    return pl_http_stream_write(s->exchange, bytes);
}

static pl_err write_event(stream *s, const pl_event_item *item)
{
    pl_buf text;
    pl_buf_init(&text, PIECE_MAX);
    if (!s->socket)
        pl_buf_add_fmt(&text, "id: %" PRIu64 "\ndata: ", item->seq);
    pl_err e = pl_channel_text(item, &text);
    if (!e && s->socket) {
        e = pl_websocket_send(s->socket, pl_buf_slice(&text));
    } else if (!e) {
        pl_buf_add_str(&text, "\n\n");
        e = text.has_failed ? PL_EFULL : write_raw(s, pl_buf_slice(&text));
    }
    pl_buf_fini(&text);
    return e;
}

/* The next sign of life, or the end of the token if that is sooner. */
static void plan_tick(stream *s)
{
    const pl_gateway *gateway = s->gateway;
    int64_t wait_ms = gateway->options.config->keepalive_ms;
    int64_t left_ms = s->token_ms - pl_loop_wall_ms(gateway->options.loop);
    wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    pl_timer_start(s->tick, wait_ms > 0 ? wait_ms * 1000 : 0);
}

static void on_tick(void *ctx)
{
    static const char comment[] = ":\n\n";
    stream *s = ctx;
    if (pl_loop_wall_ms(s->gateway->options.loop) >= s->token_ms) {
        count(s->gateway, PL_AM_streams_cut);
        end(s, PL_WS_TOKEN_OVER, "the access token has expired");
        return;
    }
    pl_err e = s->socket ? pl_websocket_ping(s->socket)
                         : write_raw(s, pl_slice_str(comment));
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

static void open_socket(stream *s)
{
    pl_answer made;
    pl_answer_init(&made);
    pl_ws_accept(s->accept, NULL, &made);
    pl_http_upgrade(s->exchange, &made, on_data, s);
    pl_answer_fini(&made);
}

static void open_events(stream *s)
{
    static const char reconnect[] = "retry: 1000\n\n";
    pl_answer made;
    pl_answer_init(&made);
    pl_event_stream_head(s->gateway, s->exchange, &made);
    pl_http_stream_begin(s->exchange, &made);
    pl_answer_fini(&made);
    (void)!write_raw(s, pl_slice_str(reconnect));
}

static void open_stream(stream *s)
{
    s->is_open = true;
    if (s->socket) {
        open_socket(s);
    } else {
        open_events(s);
    }
    pl_http_stream_watch(s->exchange, acknowledge, s);
    plan_tick(s);
}

/* ---- what the reader calls ---- */

static bool fill(void *ctx, pl_event_poll *body)
{
    const stream *s = ctx;
    /* The first one does not wait: its reply opens the stream. */
    *body = (pl_event_poll){.stream = PL_STREAM_SESSION,
                            .after_seq = s->cursor,
                            .wait_ms = s->is_open ? WAIT_MS : 0};
    pl_fmt_cut(body->id, sizeof body->id, "%s", s->session_id);
    pl_fmt_cut(body->client_id, sizeof body->client_id, "%s", s->client_id);
    pl_fmt_cut(body->token_hash, sizeof body->token_hash, "%s", s->token_hash);
    PL_MSG_SET(EVENT_POLL, event_poll, body, client_id);
    return true;
}

static void on_item(void *ctx, const pl_event_item *item)
{
    stream *s = ctx;
    if (!s->is_open)
        open_stream(s);
    pl_err e = write_event(s, item);
    if (e && e != PL_EUNSUPPORTED) { /* the client does not read */
        count(s->gateway, PL_AM_streams_cut);
        cut(s);
        return;
    }
    s->cursor = item->seq;
    if (e)
        acknowledge(s); /* a kind of a newer roompool: not for this client */
    else
        count(s->gateway, PL_AM_events_streamed);
    pl_event_reader_ask(&s->reader);
}

static void on_none(void *ctx, bool is_early)
{
    stream *s = ctx;
    if (is_early) {
        end(s, PL_WS_REPLACED, "another reader has come");
        return;
    }
    if (!s->is_open)
        open_stream(s);
    pl_event_reader_ask(&s->reader);
}

static void on_refused(void *ctx, pl_err e)
{
    stream *s = ctx;
    if (s->is_open) {
        end(s, PL_WS_SESSION_OVER, "the session is gone");
    } else {
        refuse(s, e == PL_EGONE ? PL_ENOENT : e);
    }
}

static const pl_event_reader_ops OPS = {
    .fill = fill, .item = on_item, .none = on_none, .refused = on_refused};

/* ---- tickets ---- */

static void on_owner(void *ctx, pl_err e, const pl_bus_in *in)
{
    stream *s = ctx;
    s->ticket_corr = 0;
    if (!e && in->desc != &PL_MSG_SESSION_TICKET_OWNER)
        e = PL_EINTERNAL;
    if (e) {
        refuse(s, e);
        return;
    }
    const pl_session_ticket_owner *owner = in->body;
    pl_fmt_cut(s->client_id, sizeof s->client_id, "%s", owner->client_id);
    pl_fmt_cut(s->token_hash, sizeof s->token_hash, "%s", owner->token_hash);
    s->token_ms = owner->token_expires_ms;
    pl_event_reader_ask(&s->reader);
}

static pl_err use_ticket(stream *s)
{
    char text[PL_SEAT_TOKEN_MAX + 1];
    char session_id[PL_ID_MAX + 1];
    pl_session_ticket_use body = {.session_id = ""};
    const pl_http_head *head = pl_http_request_head(s->exchange);
    pl_slice id = pl_slice_str(s->session_id);
    if (pl_url_param(head->query, "ticket", text, sizeof text) ||
        pl_ticket_read(pl_slice_str(text), session_id, body.ticket_hash) ||
        !pl_slice_eq_str(id, session_id))
        return PL_EAUTH;
    pl_fmt_cut(body.session_id, sizeof body.session_id, "%s", session_id);
    return pl_bus_request(s->gateway->options.bus, NULL,
                          &PL_MSG_SESSION_TICKET_USE, &body, on_owner, s,
                          &s->ticket_corr);
}

/* ---- life ---- */

static pl_err prepare(stream *s, const pl_incoming *in)
{
    const pl_http_head *head = pl_http_request_head(in->exchange);
    if (pl_copy(s->session_id, sizeof s->session_id,
                pl_slice_str(in->match->params[0])))
        return PL_ENOENT; /* too long for any id */
    pl_err e = pl_channel_cursor(head, &s->cursor);
    if (!e)
        e = pl_timer_create(in->gateway->options.loop, on_tick, s, &s->tick);
    if (!e && s->accept[0])
        e = pl_websocket_create(write_raw, s, &s->socket);
    s->acked = s->cursor;
    return e;
}

static void start(stream *s, const pl_incoming *in)
{
    pl_http_watch(in->exchange, on_gone, s);
    if (in->caller) {
        pl_fmt_cut(s->client_id, sizeof s->client_id, "%s",
                   in->caller->client_id);
        pl_fmt_cut(s->token_hash, sizeof s->token_hash, "%s",
                   in->caller->token_hash);
        s->token_ms = in->caller->expires_ms;
        pl_event_reader_ask(&s->reader);
        return;
    }
    pl_err e = use_ticket(s);
    if (e)
        refuse(s, e);
}

static void fail(const pl_incoming *in, pl_err e)
{
    count(in->gateway, PL_AM_streams_refused);
    pl_gateway_fail(in, e, NULL);
}

/* accept: "" for server-sent events */
static void begin(const pl_incoming *in, const char *accept)
{
    pl_gateway *gateway = in->gateway;
    const char *source = pl_http_request_source(in->exchange);
    if (gateway->is_draining ||
        !gateway->options.is_ready(gateway->options.ctx)) {
        fail(in, PL_EDRAIN);
        return;
    }
    stream *s = calloc(1, sizeof *s);
    pl_err e = s ? pl_source_enter(gateway->stream_sources, source) : PL_ENOMEM;
    if (e) {
        free(s);
        fail(in, e);
        return;
    }
    s->gateway = gateway;
    s->exchange = in->exchange;
    s->route = in->match->route;
    pl_fmt_cut(s->source, sizeof s->source, "%s", source);
    pl_fmt_cut(s->accept, sizeof s->accept, "%s", accept);
    pl_event_reader_init(&s->reader, gateway, &OPS, s);
    pl_list_append(&gateway->session_streams, &s->link);
    gateway->n_session_streams++;
    note_count(gateway);
    e = prepare(s, in);
    if (e) {
        refuse(s, e);
    } else {
        start(s, in);
    }
}

void pl_session_stream_begin(const pl_incoming *in)
{
    begin(in, "");
}

void pl_session_socket_begin(const pl_incoming *in)
{
    const pl_http_head *head = pl_http_request_head(in->exchange);
    char accept[PL_WS_ACCEPT_TEXT];
    if (!pl_ws_is_origin_allowed(head,
                                 in->gateway->options.config->cors_origins)) {
        fail(in, PL_EFORBIDDEN);
        return;
    }
    pl_err e = pl_ws_check(head, accept);
    if (!e) {
        begin(in, accept);
        return;
    }
    pl_answer made;
    pl_answer_init(&made);
    pl_ws_refuse(PL_FAMILY_CONFERENCE, e, &made);
    count(in->gateway, PL_AM_streams_refused);
    pl_gateway_answer(in->gateway, in->exchange, PL_FAMILY_CONFERENCE, &made,
                      NULL, NULL);
    pl_answer_fini(&made);
}

void pl_session_streams_linked(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->session_streams)
    {
        stream *s = PL_CONTAINER(node, stream, link);
        if (s->token_hash[0])
            pl_event_reader_linked(&s->reader);
    }
}

void pl_session_streams_drain(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->session_streams)
    {
        stream *s = PL_CONTAINER(node, stream, link);
        if (s->is_open) {
            end(s, PL_WS_GOING_AWAY, "this front end stops");
        } else {
            refuse(s, PL_EDRAIN);
        }
    }
}

void pl_session_streams_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->session_streams)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_stream() unlinks */
        free_stream(PL_CONTAINER(gateway->session_streams.next, stream, link));
    }
}
