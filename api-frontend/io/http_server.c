/* http_server.c - HTTP/1.1 connections on libevent (the only file that uses
 * it). One request at a time per connection; what is pipelined waits in the
 * input buffer, which is bounded. */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "api_metrics.h"
#include "http_impl.h"
#include "pl/list.h"
#include "pl/str.h"
#include "source_count.h"
#include "tcp_address.h"

enum {
    INPUT_MAX = 65536,    /* unread bytes held for one connection */
    OUTPUT_MAX = 327680,  /* unsent ones of a stream: an event of the relay */
    LINGER_MS = 1000,     /* after an error answer, to let it arrive */
    LINGER_MAX = 1 << 20, /* bytes thrown away meanwhile */
    SHED_PERCENT = 80,    /* of the connections: idle ones go first */
};

static void read_more(conn *c);

/* ---- connections ---- */

void pl_conn_close(conn *c)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is unlinked below */
    pl_http_server *server = c->server;
    pl_http_on_gone on_gone = c->on_gone;
    c->on_gone = NULL;
    if (on_gone)
        on_gone(c->gone_ctx, c);
    pl_conn_settle(c, c->state == CONN_SENT && !pl_tcp_is_reset(c->fd));
    pl_list_remove(&c->link);
    pl_list_remove(&c->idle_link);
    pl_conn_end_request(c);
    pl_timer_destroy(&c->timer);
    pl_tls_bye(c->ssl);
    bufferevent_free(c->bev);
    pl_source_leave(server->sources, c->source.text);
    free(c);
    server->n_conns--;
    pl_conn_note_number(server);
    pl_conn_tell_empty(server);
}

void pl_conn_linger(conn *c)
{
    c->state = CONN_LINGER;
    pl_tls_bye(c->ssl);
    if (c->has_peer_closed) {
        pl_conn_close(c);
        return;
    }
    (void)shutdown(c->fd, SHUT_WR);
    pl_conn_arm(c, LINGER_MS);
    (void)bufferevent_enable(c->bev, EV_READ);
}

/* The answer has left our buffers. */
static void flushed(conn *c)
{
    if (c->on_sent) {
        pl_conn_await(c);
    } else if (!pl_conn_go_on(c)) {
        return;
    }
    read_more(c);
}

/* ---- answers ---- */

/* framing: lines that say where the body ends; NULL by its length. */
static void put_head(conn *c, const pl_answer *answer, const char *framing)
{
    const char *connection = c->closes_after       ? "close"
                             : c->head->minor == 0 ? "keep-alive"
                                                   : "";
    pl_buf text;
    pl_buf_init(&text, PL_HTTP_HEAD_MAX);
    pl_answer_head_text(answer, pl_loop_wall_ms(c->server->options.loop),
                        connection, framing, &text);
    (void)evbuffer_add(bufferevent_get_output(c->bev), pl_buf_text(&text),
                       text.len);
    pl_buf_fini(&text);
}

static void send_answer(conn *c, const pl_answer *answer)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);
    if (c->server->is_leaving)
        c->closes_after = true;
    put_head(c, answer, NULL);
    if (pl_http_has_body(answer->status) && c->head->method != PL_HTTP_HEAD)
        (void)evbuffer_add(out, answer->body.ptr, answer->body.len);
    c->state = CONN_FLUSH;
    pl_timer_stop(c->timer);
    pl_conn_note_answer(c, answer->status);
}

void pl_http_respond(pl_http_exchange *exchange, const pl_answer *answer,
                     pl_http_on_sent on_sent, void *ctx)
{
    exchange->on_gone = NULL;
    exchange->on_sent = on_sent;
    exchange->sent_ctx = ctx;
    exchange->n_early =
        evbuffer_get_length(bufferevent_get_input(exchange->bev));
    if (answer->body.has_failed || answer->headers.has_failed) {
        pl_answer failed;
        pl_answer_init(&failed);
        pl_answer_text(&failed, 500, "Internal fault");
        send_answer(exchange, &failed);
        pl_answer_fini(&failed);
        return;
    }
    send_answer(exchange, answer);
}

void pl_http_stream_begin(pl_http_exchange *exchange, const pl_answer *answer)
{
    exchange->is_chunked_out = exchange->head->minor == 1;
    if (!exchange->is_chunked_out)
        exchange->closes_after = true;
    put_head(exchange, answer,
             exchange->is_chunked_out ? "Transfer-Encoding: chunked\r\n" : "");
    exchange->state = CONN_STREAM;
    pl_conn_note_answer(exchange, answer->status);
}

void pl_http_stream_begin_sized(pl_http_exchange *exchange,
                                const pl_answer *answer, uint64_t bytes)
{
    char framing[48];
    pl_fmt_cut(framing, sizeof framing, "Content-Length: %llu\r\n",
               (unsigned long long)bytes);
    exchange->is_chunked_out = false;
    exchange->closes_after = true;
    put_head(exchange, answer, framing);
    exchange->state = CONN_STREAM;
    pl_conn_note_answer(exchange, answer->status);
}

pl_err pl_http_stream_write(pl_http_exchange *exchange, pl_slice data)
{
    struct evbuffer *out = bufferevent_get_output(exchange->bev);
    if (evbuffer_get_length(out) + data.len > OUTPUT_MAX)
        return PL_EFULL;
    if (data.len == 0)
        return PL_OK;
    if (exchange->is_chunked_out)
        (void)evbuffer_add_printf(out, "%zx\r\n", data.len);
    (void)evbuffer_add(out, data.ptr, data.len);
    if (exchange->is_chunked_out)
        (void)evbuffer_add(out, "\r\n", 2);
    return PL_OK;
}

void pl_http_stream_end(pl_http_exchange *exchange)
{
    struct evbuffer *out = bufferevent_get_output(exchange->bev);
    exchange->on_gone = NULL;
    exchange->on_flushed = NULL;
    exchange->on_data = NULL;
    if (exchange->is_chunked_out)
        (void)evbuffer_add(out, "0\r\n\r\n", 5);
    exchange->closes_after = true;
    exchange->state = CONN_FLUSH;
    if (evbuffer_get_length(out) == 0)
        pl_conn_arm(exchange, 0); /* nothing left that would call us back */
}

void pl_http_stream_watch(pl_http_exchange *exchange,
                          void (*on_flushed)(void *ctx), void *ctx)
{
    exchange->on_flushed = on_flushed;
    exchange->flushed_ctx = ctx;
}

void pl_http_upgrade(pl_http_exchange *exchange, const pl_answer *answer,
                     void (*on_data)(void *ctx, pl_slice bytes), void *ctx)
{
    exchange->closes_after = false; /* its Connection header is another one */
    put_head(exchange, answer, "");
    exchange->closes_after = true;
    exchange->is_chunked_out = false;
    exchange->on_data = on_data;
    exchange->data_ctx = ctx;
    exchange->state = CONN_STREAM;
    pl_conn_note_answer(exchange, answer->status);
    /* What came behind the head waits in the input. */
    bufferevent_trigger(exchange->bev, EV_READ,
                        BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

/* ---- requests ---- */

/* head: NULL until its first line was parsed; what is behind may be missing. */
static void refuse(conn *c, pl_http_fault fault, const pl_http_head *head)
{
    pl_answer answer;
    pl_answer_init(&answer);
    c->server->options.on_fault(c->server->options.ctx, fault, head, &answer);
    c->closes_after = true;
    pl_list_remove(&c->idle_link);
    pl_conn_count(c->server, PL_AM_gate_refused);
    send_answer(c, &answer);
    pl_answer_fini(&answer);
}

static void dispatch(conn *c)
{
    pl_timer_stop(c->timer);
    c->state = CONN_BUSY;
    c->closes_after = !c->head->keep_alive;
    pl_conn_count(c->server, PL_AM_requests);
    c->server->options.on_request(c->server->options.ctx, c);
}

static void begin_body(conn *c)
{
    bool has_one = c->head->is_chunked || c->head->content_length > 0;
    pl_buf_init(&c->body, PL_HTTP_BODY_MAX);
    if (c->head->content_length > PL_HTTP_BODY_MAX) {
        refuse(c, PL_HTTP_FAULT_BODY_LONG, c->head);
        return;
    }
    if (!has_one) {
        dispatch(c);
        return;
    }
    c->state = CONN_BODY;
    pl_conn_arm(c, c->server->options.body_ms);
    struct evbuffer *in = bufferevent_get_input(c->bev);
    if (c->head->expects_continue && evbuffer_get_length(in) == 0)
        (void)bufferevent_write(c->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* One step of reading a head. False: wait for more bytes. */
static bool read_head(conn *c, struct evbuffer *in)
{
    size_t n = evbuffer_get_length(in);
    if (n == 0)
        return false;
    if (c->state == CONN_IDLE) {
        pl_list_remove(&c->idle_link);
        c->state = CONN_HEAD;
        if (!c->is_first) /* the first one's deadline began at accept */
            pl_conn_arm(c, c->server->options.head_ms);
    }
    n = n < PL_HTTP_HEAD_MAX ? n : PL_HTTP_HEAD_MAX;
    const uint8_t *bytes = evbuffer_pullup(in, (ev_ssize_t)n);
    pl_http_fault fault = PL_HTTP_FAULT_NONE;
    size_t len = 0;
    pl_err e =
        bytes ? pl_http_head_find_end(bytes, n, &c->head_cursor, &len, &fault)
              : PL_ENOMEM;
    if (e == PL_EAGAIN)
        return false;
    if (!e) {
        c->head_bytes = malloc(len);
        e = c->head_bytes ? PL_OK : PL_ENOMEM;
    }
    pl_http_head head;
    head.path.len = 0;
    if (!e) {
        (void)evbuffer_remove(in, c->head_bytes, len);
        e = pl_http_head_parse(c->head_bytes, len, &head, &fault);
    }
    if (!e)
        e = pl_http_head_keep(&head, &c->kept_head);
    if (!e)
        c->head = c->kept_head;
    if (e) {
        refuse(c, e == PL_EPROTO ? fault : PL_HTTP_FAULT_HEAD_LONG,
               head.path.len > 0 ? &head : NULL);
    } else {
        begin_body(c);
    }
    return true;
}

static bool read_fixed(conn *c, struct evbuffer *in)
{
    size_t want = (size_t)c->head->content_length - c->body.len;
    size_t n = evbuffer_get_length(in);
    n = n < want ? n : want;
    const uint8_t *bytes = n ? evbuffer_pullup(in, (ev_ssize_t)n) : NULL;
    if (bytes)
        pl_buf_add(&c->body, bytes, n);
    (void)evbuffer_drain(in, n);
    if (c->body.has_failed || (n > 0 && !bytes)) {
        refuse(c, PL_HTTP_FAULT_BODY_LONG, c->head);
        return true;
    }
    if (c->body.len < (size_t)c->head->content_length)
        return false;
    dispatch(c);
    return true;
}

static bool read_chunked(conn *c, struct evbuffer *in)
{
    size_t n = evbuffer_get_length(in);
    const uint8_t *bytes = n ? evbuffer_pullup(in, (ev_ssize_t)n) : NULL;
    if (!bytes)
        return false;
    size_t used = 0;
    pl_err e = pl_http_chunk_feed(&c->chunk, bytes, n, &c->body, &used);
    if (e == PL_EPROTO || e == PL_ETOOBIG) {
        refuse(c,
               e == PL_EPROTO ? PL_HTTP_FAULT_CHUNK : PL_HTTP_FAULT_BODY_LONG,
               c->head);
        return true;
    }
    (void)evbuffer_drain(in, used);
    if (e == PL_EAGAIN)
        return false;
    dispatch(c);
    return true;
}

/* Hand on what an upgraded connection got. False: that was all. */
static bool read_raw(conn *c, struct evbuffer *in)
{
    size_t n = evbuffer_get_length(in);
    if (!c->on_data || n == 0)
        return false;
    const uint8_t *bytes = evbuffer_pullup(in, (ev_ssize_t)n);
    if (bytes)
        c->on_data(c->data_ctx, (pl_slice){bytes, n});
    (void)evbuffer_drain(in, n);
    return true;
}

/* Go on with what lies in the input until it runs out or a request is with
 * the handler. */
static void read_more(conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    bool goes_on = true;
    while (goes_on) {
        switch (c->state) {
        case CONN_IDLE:
        case CONN_HEAD: goes_on = read_head(c, in); break;
        case CONN_BODY:
            goes_on =
                c->head->is_chunked ? read_chunked(c, in) : read_fixed(c, in);
            break;
        case CONN_STREAM: goes_on = read_raw(c, in); break;
        case CONN_SENT:
            goes_on = pl_conn_hear(c, evbuffer_get_length(in));
            break;
        case CONN_BUSY:
        case CONN_FLUSH:
        case CONN_LINGER:
        default: goes_on = false; break;
        }
    }
}

/* ---- callbacks ---- */

static void on_read(struct bufferevent *bev, void *ctx)
{
    conn *c = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    if (c->state == CONN_LINGER) {
        size_t n = evbuffer_get_length(in);
        (void)evbuffer_drain(in, n);
        c->lingered += n;
        if (c->lingered > LINGER_MAX)
            pl_conn_close(c);
        return;
    }
    read_more(c);
}

static void on_write(struct bufferevent *bev, void *ctx)
{
    conn *c = ctx;
    if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    if (c->state == CONN_FLUSH) {
        flushed(c);
    } else if (c->state == CONN_STREAM && c->on_flushed) {
        c->on_flushed(c->flushed_ctx);
    }
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    conn *c = ctx;
    if (what & BEV_EVENT_CONNECTED)
        return;
    if ((what & BEV_EVENT_EOF) && c->state == CONN_FLUSH && !c->on_sent) {
        c->has_peer_closed = true; /* it may still read; TLS stopped writing */
        (void)bufferevent_enable(bev, EV_WRITE);
        return;
    }
    if ((what & BEV_EVENT_EOF) && c->on_sent &&
        evbuffer_get_length(bufferevent_get_output(bev)) == 0) {
        /* What it sent before is as good a sign as if it had stayed. */
        size_t n = evbuffer_get_length(bufferevent_get_input(bev));
        c->has_peer_closed = true;
        if (c->state != CONN_SENT)
            pl_conn_await(c);
        if (n > c->n_early || pl_tcp_is_reset(c->fd))
            pl_conn_confirm(c, n > c->n_early);
        return;
    }
    if ((what & BEV_EVENT_TIMEOUT) && (what & BEV_EVENT_WRITING)) {
        pl_conn_count(c->server, PL_AM_write_stalled);
    } else if ((what & BEV_EVENT_ERROR) && c->ssl &&
               bufferevent_get_openssl_error(c->bev) != 0) {
        pl_conn_count(c->server, PL_AM_tls_failed);
    }
    pl_conn_close(c);
}

static void on_deadline(void *ctx)
{
    conn *c = ctx;
    switch (c->state) {
    case CONN_HEAD:
        pl_conn_count(c->server, PL_AM_deadline_head);
        refuse(c, PL_HTTP_FAULT_HEAD_SLOW, NULL);
        break;
    case CONN_BODY:
        pl_conn_count(c->server, PL_AM_deadline_body);
        refuse(c, PL_HTTP_FAULT_BODY_SLOW, c->head);
        break;
    case CONN_IDLE:
        pl_conn_count(c->server,
                      c->is_first ? PL_AM_deadline_head : PL_AM_deadline_idle);
        pl_conn_close(c);
        break;
    case CONN_FLUSH: flushed(c); break;
    case CONN_SENT:
        if (pl_conn_confirm(c, !pl_tcp_is_reset(c->fd)))
            read_more(c);
        break;
    case CONN_BUSY:
    case CONN_STREAM:
    case CONN_LINGER:
    default: pl_conn_close(c); break;
    }
}

/* ---- accepting ---- */

/* Above a share of the connections, who is idle longest makes room. */
static void shed_idle(pl_http_server *server)
{
    unsigned limit = server->options.max_connections;
    if (server->n_conns * 100 < limit * SHED_PERCENT ||
        pl_list_is_empty(&server->idle))
        return;
    conn *oldest = PL_CONTAINER(server->idle.next, conn, idle_link);
    if (oldest->is_first)
        return; /* it has its deadline */
    pl_conn_count(server, PL_AM_shed);
    pl_conn_close(oldest);
}

static struct bufferevent *wrap(pl_http_server *server, evutil_socket_t fd,
                                struct ssl_st **ret_ssl)
{
    struct event_base *base = pl_loop_base(server->options.loop);
    int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    *ret_ssl = NULL;
    if (!server->options.tls)
        return bufferevent_socket_new(base, fd, flags);
    struct ssl_st *ssl = pl_tls_accept(server->options.tls);
    if (!ssl)
        return NULL;
    *ret_ssl = ssl;
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, flags);
    if (bev)
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

static pl_err start_conn(conn *c, evutil_socket_t fd)
{
    pl_http_server *server = c->server;
    pl_err e = pl_timer_create(server->options.loop, on_deadline, c, &c->timer);
    if (e)
        return e;
    c->fd = fd;
    c->bev = wrap(server, fd, &c->ssl);
    if (!c->bev) {
        pl_timer_destroy(&c->timer);
        return PL_ENOMEM;
    }
    struct timeval stall = {.tv_sec = server->options.write_ms / 1000,
                            .tv_usec =
                                (long)(server->options.write_ms % 1000) * 1000};
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
    (void)bufferevent_set_timeouts(c->bev, NULL, &stall);
    bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    return PL_OK;
}

static void turn_away(pl_http_server *server, evutil_socket_t fd)
{
    pl_conn_count(server, PL_AM_turned_away);
    (void)evutil_closesocket(fd);
}

void pl_conn_admit(pl_http_server *server, int fd, const pl_http_source *source)
{
    shed_idle(server);
    if (server->n_conns >= server->options.max_connections ||
        pl_source_enter(server->sources, source->text)) {
        turn_away(server, fd);
        return;
    }
    conn *c = calloc(1, sizeof *c);
    if (c) {
        c->server = server;
        c->source = *source;
    }
    if (!c || start_conn(c, fd)) {
        free(c);
        pl_source_leave(server->sources, source->text);
        turn_away(server, fd);
        return;
    }
    c->is_first = true;
    c->head = &PL_CONN_NO_HEAD;
    pl_list_append(&server->conns, &c->link);
    server->n_conns++;
    pl_conn_count(server, PL_AM_accepted);
    pl_conn_note_number(server);
    pl_conn_become_idle(c);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int len, void *ctx)
{
    pl_http_server *server = ctx;
    pl_http_source source;
    (void)listener;
    (void)len;
    pl_tcp_source(from, source.text, sizeof source.text, &source.is_loopback);
    if (!pl_door_is_proxy(server, from)) {
        pl_conn_admit(server, fd, &source);
    } else if (server->n_conns + server->n_arriving >=
                   server->options.max_connections ||
               pl_door_open(server, fd, &source)) {
        turn_away(server, fd);
    }
}

/* ---- listening ---- */

static pl_err listen_on(pl_http_server *server, const char *address)
{
    unsigned port = server->port ? server->port : server->options.port;
    int fd = -1;
    pl_err e = pl_tcp_listen(address, port, &fd, &server->port);
    if (e)
        return e;
    struct evconnlistener *listener = evconnlistener_new(
        pl_loop_base(server->options.loop), on_accept, server,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!listener) {
        (void)close(fd);
        return PL_ENOMEM;
    }
    server->listeners[server->n_listeners++] = listener;
    return PL_OK;
}

static pl_err listen_all(pl_http_server *server)
{
    const char *rest = server->options.listen;
    char address[INET6_ADDRSTRLEN];
    pl_err e;
    while ((e = pl_tcp_next_address(&rest, address, sizeof address)) == PL_OK) {
        if (server->n_listeners == PL_HTTP_LISTENERS_MAX)
            return PL_ECONFIG;
        e = listen_on(server, address);
        if (e)
            return e;
    }
    return e == PL_ENOENT && server->n_listeners > 0 ? PL_OK : PL_ECONFIG;
}

pl_err pl_http_server_open(const pl_http_server_options *options,
                           pl_http_server **ret_server)
{
    pl_http_server *server = calloc(1, sizeof *server);
    if (!server)
        return PL_ENOMEM;
    server->options = *options;
    pl_tcp_check_descriptors(options->max_connections);
    pl_list_init(&server->conns);
    pl_list_init(&server->idle);
    pl_list_init(&server->arrivals);
    pl_err e =
        pl_source_count_create(options->max_per_address, &server->sources);
    if (!e)
        e = listen_all(server);
    if (e) {
        pl_http_server_close(&server);
    } else {
        *ret_server = server;
    }
    return e;
}

static void stop_listening(pl_http_server *server)
{
    for (size_t i = 0; i < server->n_listeners; i++)
        evconnlistener_free(server->listeners[i]);
    server->n_listeners = 0;
}

void pl_http_server_close(pl_http_server **server)
{
    if (!server || !*server)
        return;
    pl_http_server *s = *server;
    stop_listening(s);
    pl_door_close(s);
    s->on_empty = NULL;
    while (!pl_list_is_empty(&s->conns)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is unlinked */
        pl_conn_close(PL_CONTAINER(s->conns.next, conn, link));
    }
    /* libevent lets go of a bufferevent only after its deferred callbacks. */
    (void)event_base_loop(pl_loop_base(s->options.loop), EVLOOP_NONBLOCK);
    pl_source_count_destroy(&s->sources);
    free(s);
    *server = NULL;
}

unsigned pl_http_server_port(const pl_http_server *server)
{
    return server->port;
}

void pl_http_server_leave(pl_http_server *server)
{
    server->is_leaving = true;
}

bool pl_http_server_is_open(const pl_http_server *server)
{
    return server->n_listeners > 0;
}

void pl_http_server_drain(pl_http_server *server, pl_loop_cb on_empty,
                          void *ctx)
{
    stop_listening(server);
    pl_door_close(server);
    server->is_leaving = server->is_draining = true;
    server->on_empty = on_empty;
    server->empty_ctx = ctx;
    while (!pl_list_is_empty(&server->idle))
        pl_conn_close(PL_CONTAINER(server->idle.next, conn, idle_link));
    pl_conn_tell_empty(server);
}
