/* sink_send.c - events as JSON to a sink, one request at a time. */
#include <string.h>

#include "outgoing.h"
#include "pl/str.h"
#include "sink.h"

enum { BODY_MAX = 60000, BULK_MAX = 50 };

/* ---- what is sent ---- */

static void open_envelope(const pl_pool *pool, const pl_sink *sink, pl_jw *w,
                          uint64_t seq, int64_t at, const char *event)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_str(w, "node", pool->config->sink_node);
    pl_jw_int(w, "seq", (int64_t)seq);
    pl_jw_int(w, "version", sink->row.version);
    pl_jw_seconds(w, "time", at);
    pl_jw_str(w, "event", event);
}

static void write_event(const pl_pool *pool, const pl_sink *sink, pl_jw *w,
                        const pl_sinkev_row *row)
{
    open_envelope(pool, sink, w, row->seq, row->at, row->event);
    pl_jw_raw(w, "data", row->data);
    pl_jw_close(w, '}');
}

/* How many go together, and the last of them. */
static unsigned choose(const pl_sink *sink, const pl_sinkev_row **ret_last)
{
    enum { ENVELOPE = 640 };
    size_t bytes = ENVELOPE;
    unsigned n = 0;
    PL_LIST_EACH(node, &sink->events)
    {
        const pl_sinkev_row *row =
            &PL_CONTAINER(node, pl_sink_event, link)->row;
        bytes += row->data.len + ENVELOPE;
        if (n > 0 &&
            (!sink->row.bulk_support || n == BULK_MAX || bytes > BODY_MAX))
            break;
        *ret_last = row;
        n++;
    }
    return n;
}

static uint64_t write_body(const pl_pool *pool, const pl_sink *sink,
                           pl_buf *out)
{
    const pl_sinkev_row *last = NULL;
    unsigned n = choose(sink, &last);
    pl_jw w = {.out = out};
    pl_list *node = sink->events.next;
    if (n == 1) {
        write_event(pool, sink, &w, last);
        return last->seq;
    }
    open_envelope(pool, sink, &w, last->seq, last->at, "eventsink_bulk");
    pl_jw_open(&w, "data", '[');
    for (; n > 0; n--, node = node->next) {
        write_event(pool, sink, &w,
                    &PL_CONTAINER(node, pl_sink_event, link)->row);
    }
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    return last->seq;
}

static void post(pl_pool *pool, const pl_sink *sink, pl_slice body, pl_op *op)
{
    pl_fetch m = {.method = PL_FETCH_METHOD_POST,
                  .timeout_ms = pool->config->sink_timeout_ms,
                  .any_certificate = !sink->row.verify_tls_certificate,
                  .body = body};
    PL_SET(m.url, sink->row.url);
    PL_SET(m.content_type, "application/json");
    PL_MSG_SET(FETCH, fetch, &m, body);
    PL_MSG_SET(FETCH, fetch, &m, content_type);
    PL_MSG_SET(FETCH, fetch, &m, any_certificate);
    if (sink->row.username[0] || sink->row.password[0]) {
        m.auth = PL_FETCH_AUTH_BASIC;
        pl_fmt_cut(m.secret, sizeof m.secret, "%s:%s", sink->row.username,
                   sink->row.password);
        PL_MSG_SET(FETCH, fetch, &m, auth);
        PL_MSG_SET(FETCH, fetch, &m, secret);
    }
    pl_outgoing_fetch(pool, &m, op);
    pl_wipe(m.secret, sizeof m.secret);
}

/* ---- what came of it ---- */

static void delivered(pl_pool *pool, pl_sink *sink)
{
    bool was_failing = sink->row.failing_since != 0;
    pl_metrics_add(pool->metrics, PL_RM_sink_delivered,
                   pl_sink_drop(pool, sink, sink->flying_seq));
    sink->delay_ms = 0;
    if (!was_failing)
        return;
    sink->row.failing_since = sink->row.next_at = 0;
    sink->row.last_error[0] = '\0';
    pl_sink_save(pool, sink);
    pl_pool_note(pool, PL_LOG_INFO, "event_sink_back", NULL, NULL,
                 sink->row.name);
}

static void failed(pl_pool *pool, pl_sink *sink, const char *why)
{
    int64_t now_ms = pool->now.wall_ms;
    int64_t most_ms = (int64_t)pool->config->sink_retry_max_s * 1000;
    pl_pool_count(pool, PL_RM_sink_failed);
    PL_SET(sink->row.last_error, why);
    if (sink->row.failing_since == 0) {
        char text[PL_REASON_MAX * 2];
        sink->row.failing_since = now_ms;
        pl_fmt_cut(text, sizeof text, "%s: %s", sink->row.name, why);
        pl_pool_note(pool, PL_LOG_WARN, "event_sink_fails", NULL, NULL, text);
    }
    if (now_ms - sink->row.failing_since >=
        (int64_t)pool->config->sink_give_up_s * 1000) {
        pl_sink_stop(pool, sink);
        return;
    }
    sink->delay_ms = pl_outgoing_backoff(sink->delay_ms, most_ms);
    sink->row.next_at = now_ms + sink->delay_ms;
    pl_sink_save(pool, sink);
}

static void answered(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_sink *sink = pl_sink_find(pool, op->no);
    bool is_old = !sink || sink->start != op->tries;
    char why[PL_REASON_MAX + 1];
    pl_op_destroy(&op);
    if (!sink)
        return;
    sink->is_flying = false;
    pl_outgoing_why(e, in, why, sizeof why);
    if (!is_old && !e && ((const pl_fetched *)in->body)->status / 100 == 2) {
        delivered(pool, sink);
    } else if (!is_old) {
        failed(pool, sink, why);
    }
    pl_sink_plan(pool, sink);
}

static void ignored(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)pool;
    (void)e;
    (void)in;
    pl_op_destroy(&op);
}

/* ---- when ---- */

static void send_now(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_sink *sink = object;
    pl_buf body;
    pl_buf_init(&body, 2 * BODY_MAX);
    sink->flying_seq = write_body(pool, sink, &body);
    pl_op *op = pl_op_create(pool, answered);
    if (body.has_failed)
        pl_pool_fail(pool, PL_ENOMEM);
    if (op) {
        sink->is_flying = true;
        op->no = sink->row.sink_no;
        op->tries = sink->start;
        post(pool, sink, pl_buf_slice(&body), op);
    }
    pl_buf_fini(&body);
}

/* Not at once: what else this turn causes may go with it. */
void pl_sink_plan(pl_pool *pool, pl_sink *sink)
{
    int64_t most_ms = (int64_t)pool->config->sink_retry_max_s * 1000;
    if (sink->is_flying || sink->n_events == 0) {
        pl_pool_cancel(pool, &sink->due);
        return;
    }
    pl_pool_plan(pool, &sink->due, send_now, sink,
                 PL_MS(pl_outgoing_wait_ms(pool, sink->row.next_at, most_ms)));
}

void pl_sink_say_stopped(pl_pool *pool, const pl_sink *sink)
{
    pl_buf data;
    pl_buf body;
    pl_sinkev_row row = {.seq = sink->row.last_seq + 1,
                         .at = pool->now.wall_ms};
    pl_jw w = {.out = &body};
    pl_buf_init(&data, BODY_MAX);
    pl_buf_init(&body, BODY_MAX);
    PL_SET(row.event, "eventsink_stopped");
    pl_sink_describe(sink, &data);
    row.data = pl_buf_slice(&data);
    write_event(pool, sink, &w, &row);
    pl_op *op = pl_op_create(pool, ignored);
    if (op)
        post(pool, sink, pl_buf_slice(&body), op);
    pl_buf_fini(&data);
    pl_buf_fini(&body);
}
