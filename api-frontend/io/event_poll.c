/* event_poll.c - a session's events by long polling: one event an answer,
 * acknowledged to roompool only after the answer was written. */
#include <stdlib.h>

#include "api_metrics.h"
#include "event_text.h"
#include "gateway_impl.h"
#include "pl/str.h"

static const int64_t RETRY_US = 500000; /* roompool away: ask again then */
enum { REPLY_MARGIN_MS = 3000 };

typedef struct poll {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange; /* NULL once answered */
    pl_route_match match;
    pl_caller caller;
    pl_timer *timer; /* for asking again */
    int64_t until_us;
    uint64_t corr; /* parked request, 0 none */
    uint64_t seq;  /* event in the answer on its way */
} poll;

static void ask(poll *p);

static void note_count(pl_gateway *gateway)
{
    pl_metrics_set(gateway->options.metrics, PL_AM_polls,
                   (int64_t)gateway->n_polls);
}

static void free_poll(poll *p)
{
    pl_gateway *gateway = p->gateway;
    pl_list_remove(&p->link);
    pl_timer_destroy(&p->timer);
    free(p);
    gateway->n_polls--;
    note_count(gateway);
}

static const char *session_of(const poll *p)
{
    return p->match.params[0];
}

/* Forget the parked request, here and at roompool. */
static void cancel(poll *p)
{
    pl_event_poll_cancel body = {.corr = p->corr};
    pl_bus_send how = {.to = NULL};
    if (p->corr == 0)
        return;
    pl_bus_cancel(p->gateway->options.bus, p->corr);
    /* If it is lost, roompool drops the poll when its time is over. */
    (void)!pl_bus_event(p->gateway->options.bus, &how,
                        &PL_MSG_EVENT_POLL_CANCEL, &body);
    p->corr = 0;
}

static void answer(poll *p, pl_answer *made, pl_http_on_sent on_sent)
{
    pl_http_exchange *exchange = p->exchange;
    p->exchange = NULL;
    pl_timer_stop(p->timer);
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

static void ack(const poll *p)
{
    pl_event_ack body = {.seq = p->seq};
    pl_bus_send how = {.to = NULL};
    pl_fmt_cut(body.session_id, sizeof body.session_id, "%s", session_of(p));
    pl_fmt_cut(body.token_hash, sizeof body.token_hash, "%s",
               p->caller.token_hash);
    /* If it is lost the event comes once more. */
    (void)!pl_bus_event(p->gateway->options.bus, &how, &PL_MSG_EVENT_ACK,
                        &body);
}

static void on_sent(void *ctx, bool is_sent)
{
    poll *p = ctx;
    pl_metrics_add(p->gateway->options.metrics,
                   is_sent ? PL_AM_events_polled : PL_AM_events_lost, 1);
    if (is_sent)
        ack(p);
    free_poll(p);
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    poll *p = ctx;
    (void)exchange;
    cancel(p);
    free_poll(p);
}

static void give(poll *p, const pl_event_item *item)
{
    pl_answer made;
    pl_answer_init(&made);
    pl_answer_json(&made, 200);
    p->seq = item->seq;
    if (pl_event_session_text(item, &made.body) == PL_OK) {
        answer(p, &made, on_sent);
    } else { /* a kind of a newer roompool: not for this client */
        ack(p);
        ask(p);
    }
    pl_answer_fini(&made);
}

static void ask_later(poll *p)
{
    int64_t left = p->until_us - pl_loop_now_us(p->gateway->options.loop);
    if (left <= RETRY_US) {
        answer_nothing(p);
    } else {
        pl_timer_start(p->timer, RETRY_US);
    }
}

static void refuse(poll *p, pl_err e)
{
    pl_incoming in = {
        .gateway = p->gateway, .exchange = p->exchange, .match = &p->match};
    pl_gateway_fail(&in, e, NULL);
    free_poll(p);
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    poll *p = ctx;
    p->corr = 0;
    if (!e && in->desc == &PL_MSG_EVENT_ITEM) {
        give(p, in->body);
    } else if (!e) { /* nothing in time, or a newer poll took over */
        answer_nothing(p);
    } else if (e == PL_ENOENT || e == PL_EAUTH || e == PL_EFORBIDDEN) {
        refuse(p, e);
    } else {
        ask_later(p);
    }
}

static void ask(poll *p)
{
    pl_gateway *gateway = p->gateway;
    int64_t left = p->until_us - pl_loop_now_us(gateway->options.loop);
    if (left <= 0) {
        answer_nothing(p);
        return;
    }
    pl_event_poll body = {.stream = PL_STREAM_SESSION,
                          .wait_ms = (uint32_t)(left / 1000)};
    pl_bus_send how = {.deadline_ms = body.wait_ms + REPLY_MARGIN_MS};
    if (pl_copy(body.id, sizeof body.id, pl_slice_str(session_of(p))) ||
        !body.id[0]) {
        refuse(p, PL_ENOENT);
        return;
    }
    pl_fmt_cut(body.client_id, sizeof body.client_id, "%s",
               p->caller.client_id);
    pl_fmt_cut(body.token_hash, sizeof body.token_hash, "%s",
               p->caller.token_hash);
    PL_MSG_SET(EVENT_POLL, event_poll, &body, client_id);
    if (pl_bus_request(gateway->options.bus, &how, &PL_MSG_EVENT_POLL, &body,
                       on_reply, p, &p->corr))
        ask_later(p);
}

static void on_timer(void *ctx)
{
    ask(ctx);
}

void pl_event_poll_begin(const pl_incoming *in)
{
    pl_gateway *gateway = in->gateway;
    pl_loop *loop = gateway->options.loop;
    poll *p = calloc(1, sizeof *p);
    if (!p || pl_timer_create(loop, on_timer, p, &p->timer)) {
        free(p);
        pl_gateway_fail(in, PL_ENOMEM, NULL);
        return;
    }
    p->gateway = gateway;
    p->exchange = in->exchange;
    p->match = *in->match;
    p->caller = *in->caller;
    p->until_us =
        pl_loop_now_us(loop) + (int64_t)gateway->options.config->poll_ms * 1000;
    pl_list_append(&gateway->polls, &p->link);
    gateway->n_polls++;
    note_count(gateway);
    pl_http_watch(in->exchange, on_gone, p);
    if (gateway->is_draining) {
        answer_nothing(p);
    } else {
        ask(p);
    }
}

void pl_event_polls_linked(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->polls)
    {
        poll *p = PL_CONTAINER(node, poll, link);
        if (!p->exchange)
            continue;
        if (p->corr)
            pl_bus_cancel(gateway->options.bus, p->corr);
        p->corr = 0;
        pl_timer_start(p->timer, 0);
    }
}

void pl_event_polls_drain(pl_gateway *gateway)
{
    PL_LIST_EACH_SAFE(node, &gateway->polls)
    {
        poll *p = PL_CONTAINER(node, poll, link);
        if (!p->exchange)
            continue;
        cancel(p);
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
