/* http_conn.c - the state of a connection from one request to the next, and
 * whether an answer arrived. */
#include <stdlib.h>

#include "api_metrics.h"
#include "http_impl.h"
#include "pl/log.h"
#include "pl/str.h"

/* A client that closed before it read has reset the connection by then. */
enum { CONFIRM_MS = 100 };

const pl_http_head PL_CONN_NO_HEAD = {.minor = 1};

/* ---- counting ---- */

void pl_conn_count(const pl_http_server *server, size_t metric)
{
    pl_metrics_add(server->options.metrics, metric, 1);
}

void pl_conn_note_number(pl_http_server *server)
{
    pl_metrics_set(server->options.metrics, PL_AM_connections,
                   (int64_t)server->n_conns);
}

/* Count and log it. The path is logged without its query, which may hold a
 * token. */
void pl_conn_note_answer(const conn *c, int status)
{
    enum { PATH_SHOWN = 160 };
    char path[PATH_SHOWN];
    pl_slice sent = c->head->path;
    pl_conn_count(c->server, status < 400   ? PL_AM_answers_2xx
                             : status < 500 ? PL_AM_answers_4xx
                                            : PL_AM_answers_5xx);
    if (!pl_log_is_on(PL_LOG_DEBUG))
        return;
    pl_fmt_cut(path, sizeof path, "%.*s", (int)sent.len,
               sent.ptr ? (const char *)sent.ptr : "");
    PL_LOG(DEBUG, "http", "answered",
           PL_KV("method", pl_http_method_text(c->head->method), "path", path,
                 "source", c->source.text),
           "status %d", status);
}

void pl_conn_tell_empty(pl_http_server *server)
{
    if (!server->is_draining || server->n_conns > 0 || !server->on_empty)
        return;
    pl_loop_cb on_empty = server->on_empty;
    server->on_empty = NULL;
    on_empty(server->empty_ctx);
}

/* ---- from one request to the next ---- */

static void forget_head(conn *c)
{
    pl_http_head_free(&c->kept_head);
    c->head = &PL_CONN_NO_HEAD;
    free(c->head_bytes);
    c->head_bytes = NULL;
}

void pl_conn_end_request(conn *c)
{
    forget_head(c);
    pl_buf_fini(&c->body);
    c->chunk = (pl_http_chunk){0};
    c->on_gone = NULL;
    c->on_sent = NULL;
    c->on_flushed = NULL;
    c->on_data = NULL;
}

void pl_conn_arm(conn *c, unsigned ms)
{
    pl_timer_start(c->timer, (int64_t)ms * 1000);
}

void pl_conn_become_idle(conn *c)
{
    pl_conn_end_request(c);
    c->state = CONN_IDLE;
    c->head_cursor = 0;
    pl_list_append(&c->server->idle, &c->idle_link);
    pl_conn_arm(c, c->is_first ? c->server->options.head_ms
                               : c->server->options.idle_ms);
}

bool pl_conn_go_on(conn *c)
{
    if (c->closes_after || c->has_peer_closed || c->server->is_draining) {
        pl_conn_linger(c);
        return false;
    }
    c->is_first = false;
    pl_conn_become_idle(c);
    return true;
}

/* ---- whether an answer arrived ---- */

void pl_conn_settle(conn *c, bool has_arrived)
{
    pl_http_on_sent on_sent = c->on_sent;
    c->on_sent = NULL;
    if (on_sent)
        on_sent(c->sent_ctx, has_arrived);
}

/* Until then nothing more is sent, nor the sending ended: a client that has
 * read the answer and closed would reset the connection because of that. */
void pl_conn_await(conn *c)
{
    c->state = CONN_SENT;
    pl_conn_arm(c, CONFIRM_MS);
}

bool pl_conn_hear(conn *c, size_t n)
{
    return n > c->n_early && pl_conn_confirm(c, true);
}

bool pl_conn_confirm(conn *c, bool has_arrived)
{
    pl_conn_settle(c, has_arrived);
    if (!has_arrived)
        c->has_peer_closed = true; /* nothing can be sent to it */
    return pl_conn_go_on(c);
}

/* ---- what others ask ---- */

unsigned pl_http_server_connections(const pl_http_server *server)
{
    return server->n_conns;
}

const pl_http_head *pl_http_request_head(const pl_http_exchange *exchange)
{
    return exchange->head;
}

pl_slice pl_http_request_body(const pl_http_exchange *exchange)
{
    return pl_buf_slice(&exchange->body);
}

const char *pl_http_request_source(const pl_http_exchange *exchange)
{
    return exchange->source.text;
}

bool pl_http_request_is_loopback(const pl_http_exchange *exchange)
{
    return exchange->source.is_loopback;
}

void pl_http_watch(pl_http_exchange *exchange, pl_http_on_gone on_gone,
                   void *ctx)
{
    exchange->on_gone = on_gone;
    exchange->gone_ctx = ctx;
}
