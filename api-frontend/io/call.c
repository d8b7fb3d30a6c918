/* call.c - one HTTP request, one bus request, one answer. */
#include <stdlib.h>

#include "api_metrics.h"
#include "client_api.h"
#include "event_channel.h"
#include "gateway_impl.h"
#include "management_api.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { SECRET_BYTES = 32 };

typedef struct pending {
    pl_list link;
    pl_gateway *gateway;
    pl_http_exchange *exchange; /* NULL: the client has gone */
    pl_api_call call;
    pl_route_match match;
    pl_caller caller;
    pl_seat seat;
    char secret[PL_SEAT_SECRET_TEXT + 1];
    char hash[PL_SHA256_TEXT];
    char id[PL_UUID_TEXT];
    int64_t begun_us;
} pending;

static void free_pending(pending *p)
{
    pl_list_remove(&p->link);
    pl_json_free(&p->call.doc);
    pl_buf_fini(&p->call.list);
    pl_buf_wipe(&p->call.made);
    if (p->call.desc == &PL_MSG_SUBSCRIPTION_CREATE ||
        p->call.desc == &PL_MSG_SUBSCRIPTION_CHANGE)
        pl_wipe(&p->call.message, sizeof p->call.message);
    free(p);
}

/* What roompool is told when an answer has arrived. */
typedef struct telling {
    pl_gateway *gateway;
    pl_device_told told;
} telling;

/* If it is lost, what waits for this goes a little later. */
static void on_answered(void *ctx, bool is_sent)
{
    telling *t = ctx;
    if (is_sent) {
        (void)!pl_bus_event(t->gateway->options.bus, NULL, &PL_MSG_DEVICE_TOLD,
                            &t->told);
    }
    free(t);
}

static telling *make_telling(const pending *p)
{
    telling *t = p->call.told[0] ? calloc(1, sizeof *t) : NULL;
    if (t) {
        t->gateway = p->gateway;
        pl_fmt_cut(t->told.id, sizeof t->told.id, "%s", p->call.told);
    }
    return t;
}

static void answer(pending *p, pl_answer *made)
{
    pl_gateway *gateway = p->gateway;
    int64_t took = pl_loop_now_us(gateway->options.loop) - p->begun_us;
    pl_metrics_observe_us(gateway->options.metrics, PL_AM_request_us,
                          took > 0 ? (uint64_t)took : 0);
    if (p->exchange && p->call.file[0] && made->status == 200) {
        pl_err e = pl_download_begin(gateway, p->exchange, p->call.file, made);
        if (!e)
            return;
        pl_answer_reset(made);
        pl_api_fail(p->match.route->op, &p->call, e, NULL, made);
    }
    pl_gateway_count(gateway, p->match.route->op, made->status);
    if (p->exchange) {
        telling *t = make_telling(p);
        pl_gateway_answer(gateway, p->exchange, p->match.route->op->family,
                          made, t ? on_answered : NULL, t);
    }
}

static void on_gone(void *ctx, pl_http_exchange *exchange)
{
    pending *p = ctx;
    (void)exchange;
    p->exchange = NULL; /* the reply still comes, and frees p */
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in);

static pl_err ask(pending *p)
{
    /* What was sent to the relay comes again when roompool was away: it knows
     * repeats. */
    pl_bus_send how = {.retry = p->call.desc == &PL_MSG_RELAY_PUT};
    pl_err e = pl_bus_request(p->gateway->options.bus, &how, p->call.desc,
                              &p->call.message, on_reply, p, NULL);
    return e == PL_EFULL ? PL_EDRAIN
                         : e; /* our queue, not a limit of the API */
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    pending *p = ctx;
    pl_answer made;
    pl_answer_init(&made);
    if (e == PL_ETIMEOUT)
        pl_metrics_add(p->gateway->options.metrics, PL_AM_bus_failed, 1);
    if (p->exchange) { /* else its head is gone, and nobody reads an answer */
        p->match.route->op->finish(&p->call, e, in ? in->desc : NULL,
                                   in ? in->body : NULL, &made);
        if (p->call.is_partial && ask(p) == PL_OK) {
            pl_answer_fini(&made);
            return;
        }
        if (p->call.is_partial)
            pl_api_fail(p->match.route->op, &p->call, PL_EDRAIN, NULL, &made);
    }
    if (!e && p->match.route->op == &PL_OP_REFRESH_TOKEN)
        pl_event_stream_renew(p->gateway, p->seat.participant_id, p->hash);
    answer(p, &made);
    pl_answer_fini(&made);
    free_pending(p);
}

/* Make the message; PL_OK without call.desc: the answer is complete. */
static pl_err prepare(const pl_incoming *in, pending *p, pl_answer *made)
{
    const pl_api_op *op = in->match->route->op;
    p->match = *in->match;
    if (op->auth == PL_AUTH_BEARER || op->auth == PL_AUTH_MANAGEMENT ||
        op->auth == PL_AUTH_VIDEO || op->auth == PL_AUTH_DEVICE)
        p->caller = *in->caller;
    if (op->auth == PL_AUTH_SEAT)
        p->seat = *in->seat;
    if (op == &PL_OP_VIDEO_CREATE)
        pl_random_uuid(p->id);
    if (op == &PL_OP_REQUEST_TOKEN || op == &PL_OP_REFRESH_TOKEN ||
        op == &PL_OP_SESSION_TICKET || op == &PL_OP_TRANSFER ||
        op == &PL_OP_MANAGEMENT_COMMAND) {
        pl_random_uuid(p->id);
        pl_random_token(SECRET_BYTES, p->secret, sizeof p->secret);
        pl_sha256_hex(p->secret, PL_SEAT_SECRET_TEXT, p->hash);
    }
    p->call = (pl_api_call){
        .head = pl_http_request_head(in->exchange),
        .match = &p->match,
        .body = pl_http_request_body(in->exchange),
        .source = pl_http_request_source(in->exchange),
        .caller = &p->caller,
        .seat = &p->seat,
        .new_secret = p->secret,
        .new_hash = p->hash,
        .new_id = p->id,
        .turn = &in->gateway->turn,
        .rooms = &in->gateway->rooms,
        .video = pl_video_setup_rules(in->gateway->video),
        .relay_url = in->gateway->options.config->relay_url,
        .wall_ms = pl_loop_wall_ms(in->gateway->options.loop),
        .is_ready = true,
        .is_nested = in->gateway->options.config->management_nested,
        .has_recordings = in->gateway->options.config->recordings_dir[0],
    };
    return op->prepare(&p->call, made);
}

void pl_call_begin(const pl_incoming *in)
{
    pl_gateway *gateway = in->gateway;
    const pl_api_op *op = in->match->route->op;
    pending *p = calloc(1, sizeof *p);
    if (!p) {
        pl_gateway_fail(in, PL_ENOMEM, NULL);
        return;
    }
    p->gateway = gateway;
    p->exchange = in->exchange;
    p->begun_us = pl_loop_now_us(gateway->options.loop);
    pl_list_append(&gateway->calls, &p->link);
    pl_answer made;
    pl_answer_init(&made);
    pl_err e = prepare(in, p, &made);
    bool is_answered = !e && made.status != 0;
    if (!e && !is_answered) {
        e = ask(p);
    }
    if (e) {
        pl_answer_reset(&made);
        pl_api_fail(op, &p->call, e, NULL, &made);
    }
    if (e || is_answered) {
        answer(p, &made);
        free_pending(p);
    } else {
        pl_http_watch(in->exchange, on_gone, p);
    }
    pl_answer_fini(&made);
}

void pl_calls_free(pl_gateway *gateway)
{
    while (!pl_list_is_empty(&gateway->calls)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): free_pending() unlinks */
        free_pending(PL_CONTAINER(gateway->calls.next, pending, link));
    }
}
