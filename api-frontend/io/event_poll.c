/* event_poll.c - a session's events by long polling: one event an answer,
 * acknowledged to roompool only when the answer seems to have arrived. */
#include <stdlib.h>

#include "api_metrics.h"
#include "event_reader.h"
#include "event_text.h"
#include "gateway_impl.h"
#include "pl/str.h"

/* Ten thousand of these wait at a time: only what a poll needs. */
typedef struct poll {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange; /* NULL once answered */
    const pl_route *route;
    pl_event_reader reader;
    int64_t until_us;
    uint64_t seq; /* event in the answer on its way */
    char session_id[PL_ID_MAX + 1];
    char client_id[129], token_hash[65];
} poll;

static void note_count(pl_gateway *gateway)
{
    pl_metrics_set(gateway->options.metrics, PL_AM_polls,
                   (int64_t)gateway->n_polls);
}

static void free_poll(poll *p)
{
    pl_gateway *gateway = p->gateway;
    pl_list_remove(&p->link);
    pl_event_reader_fini(&p->reader);
    free(p);
    gateway->n_polls--;
    note_count(gateway);
}

static void answer(poll *p, pl_answer *made, pl_http_on_sent on_sent)
{
    pl_http_exchange *exchange = p->exchange;
    p->exchange = NULL;
    pl_answer_header(made, "Cache-Control", "no-store");
    pl_gateway_answer(p->gateway, exchange, PL_FAMILY_CONFERENCE, made, on_sent,
                      p);
}

static void answer_nothing(poll *p)
{
    pl_answer made;
    pl_answer_init(&made);
    pl_answer_empty(&made, 204);
    answer(p, &made, NULL);
    pl_answer_fini(&made);
    free_poll(p);
}

void pl_event_acknowledge(pl_gateway *gateway, const char *session_id,
                          const char *token_hash, uint64_t seq)
{
    pl_event_ack body = {.seq = seq};
    pl_fmt_cut(body.session_id, sizeof body.session_id, "%s", session_id);
    pl_fmt_cut(body.token_hash, sizeof body.token_hash, "%s", token_hash);
    /* If it is lost the event comes once more. */
    (void)!pl_bus_event(gateway->options.bus, NULL, &PL_MSG_EVENT_ACK, &body);
}

static void ack(const poll *p)
{
    pl_event_acknowledge(p->gateway, p->session_id, p->token_hash, p->seq);
}

static void on_sent(void *ctx, bool is_sent)
{
    poll *p = ctx;
    pl_metrics_add(p->gateway->options.metrics,
                   is_sent ? PL_AM_events_polled : PL_AM_events_lost, 1);
    if (is_sent) {
        ack(p);
    } else {
        pl_event_reader_lost(&p->reader);
    }
    free_poll(p);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    (void)exchange;
    free_poll(ctx);
}

/* ---- what the reader calls ---- */

static bool fill(void *ctx, pl_event_poll *body)
{
    poll *p = ctx;
    int64_t left = p->until_us - pl_loop_now_us(p->gateway->options.loop);
    if (left <= 0) {
        answer_nothing(p);
        return false;
    }
    body->stream = PL_STREAM_SESSION;
    body->wait_ms = (uint32_t)(left / 1000);
    pl_fmt_cut(body->id, sizeof body->id, "%s", p->session_id);
    pl_fmt_cut(body->client_id, sizeof body->client_id, "%s", p->client_id);
    pl_fmt_cut(body->token_hash, sizeof body->token_hash, "%s", p->token_hash);
    PL_MSG_SET(EVENT_POLL, event_poll, body, client_id);
    return true;
}

static void on_item(void *ctx, const pl_event_item *item)
{
    poll *p = ctx;
    pl_answer made;
    pl_answer_init(&made);
    pl_answer_json(&made, 200);
    p->seq = item->seq;
    if (pl_event_session_text(item, &made.body) == PL_OK) {
        answer(p, &made, on_sent);
    } else { /* a kind of a newer roompool: not for this client */
        ack(p);
        pl_event_reader_ask(&p->reader);
    }
    pl_answer_fini(&made);
}

/* Nothing in time, or a newer poll took over. */
static void on_none(void *ctx, bool is_early)
{
    (void)is_early;
    answer_nothing(ctx);
}

static void on_refused(void *ctx, pl_err e)
{
    poll *p = ctx;
    if (e == PL_EGONE) { /* the session ended while this waited */
        answer_nothing(p);
        return;
    }
    pl_route_match match = {.route = p->route};
    pl_incoming in = {
        .gateway = p->gateway, .exchange = p->exchange, .match = &match};
    pl_gateway_fail(&in, e, NULL);
    free_poll(p);
}

static const pl_event_reader_ops OPS = {
    .fill = fill, .item = on_item, .none = on_none, .refused = on_refused};

/* ---- life ---- */

void pl_event_poll_begin(const pl_incoming *in)
{
    pl_gateway *gateway = in->gateway;
    poll *p = calloc(1, sizeof *p);
    if (!p || pl_copy(p->session_id, sizeof p->session_id,
                      pl_slice_str(in->match->params[0]))) {
        pl_gateway_fail(in, p ? PL_ENOENT : PL_ENOMEM, NULL);
        free(p);
        return;
    }
    p->gateway = gateway;
    p->exchange = in->exchange;
    p->route = in->match->route;
    pl_fmt_cut(p->client_id, sizeof p->client_id, "%s", in->caller->client_id);
    pl_fmt_cut(p->token_hash, sizeof p->token_hash, "%s",
               in->caller->token_hash);
    p->until_us = pl_loop_now_us(gateway->options.loop) +
                  (int64_t)gateway->options.config->poll_ms * 1000;
    pl_event_reader_init(&p->reader, gateway, &OPS, p);
    pl_list_append(&gateway->polls, &p->link);
    gateway->n_polls++;
    note_count(gateway);
    pl_http_watch(in->exchange, on_gone, p);
    if (gateway->is_draining) {
        answer_nothing(p);
    } else {
        pl_event_reader_ask(&p->reader);
    }
}

void pl_event_polls_linked(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->polls)
    {
        poll *p = PL_CONTAINER(node, poll, link);
        if (p->exchange)
            pl_event_reader_linked(&p->reader);
    }
}

void pl_event_polls_drain(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->polls)
    {
        poll *p = PL_CONTAINER(node, poll, link);
        if (p->exchange)
            answer_nothing(p);
    }
}

void pl_event_polls_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->polls)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_poll() unlinks */
        free_poll(PL_CONTAINER(gateway->polls.next, poll, link));
    }
}
