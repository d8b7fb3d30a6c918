/* outgoing.c - message in, request out, answer back. */
#include "outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "https_client.h"
#include "pl/list.h"
#include "pl/log.h"
#include "pl/str.h"

enum { ANSWER_MAX = 65536 };

struct pl_outgoing {
    pl_loop *loop;
    pl_bus *bus;
    pl_metrics *metrics;
    pl_outgoing_rules rules;
    pl_https *https;
    pl_list waiting;
    pl_loop_cb on_drained; /* NULL: nobody waits for it */
    void *drained_ctx;
};

typedef struct waiting {
    pl_list link;
    pl_outgoing *outgoing;
    pl_bus_ticket ticket;
    int64_t since_us;
} waiting;

static void count(const pl_outgoing *o)
{
    pl_metrics_set(o->metrics, PL_AM_outgoing, pl_https_running(o->https));
}

static void fail(const pl_outgoing *o, const pl_bus_ticket *ticket, pl_err e,
                 const char *text)
{
    pl_metrics_add(o->metrics, PL_AM_outgoing_failed, 1);
    if (e == PL_EFORBIDDEN)
        pl_metrics_add(o->metrics, PL_AM_outgoing_forbidden, 1);
    pl_bus_reply_error(o->bus, ticket, e, text);
}

static void reply(const pl_outgoing *o, const pl_bus_ticket *ticket,
                  const pl_https_answer *answer)
{
    pl_fetched m = {.status = answer->status};
    if (answer->retry_after_s > 0) {
        m.retry_after_s = answer->retry_after_s;
        PL_MSG_SET(FETCHED, fetched, &m, retry_after_s);
    }
    /* One that is too long is no address that anybody could use. */
    if (answer->location[0] &&
        !pl_copy(m.location, sizeof m.location, pl_slice_str(answer->location)))
        PL_MSG_SET(FETCHED, fetched, &m, location);
    if (answer->body.len > 0) {
        m.body = answer->body;
        PL_MSG_SET(FETCHED, fetched, &m, body);
    }
    pl_bus_reply(o->bus, ticket, &PL_MSG_FETCHED, &m);
}

static void tell_drained(pl_outgoing *o)
{
    pl_loop_cb on_drained = o->on_drained;
    if (!on_drained || !pl_list_is_empty(&o->waiting))
        return;
    o->on_drained = NULL;
    on_drained(o->drained_ctx);
}

static void on_done(void *ctx, pl_err e, const pl_https_answer *answer,
                    const char *text)
{
    waiting *w = ctx;
    pl_outgoing *o = w->outgoing;
    int64_t us = pl_loop_now_us(o->loop) - w->since_us;
    pl_metrics_observe_us(o->metrics, PL_AM_outgoing_us,
                          us > 0 ? (uint64_t)us : 0);
    count(o);
    if (e) {
        fail(o, &w->ticket, e, text);
    } else {
        reply(o, &w->ticket, answer);
    }
    pl_list_remove(&w->link);
    free(w);
    tell_drained(o);
}

static const char *text_of(const char *field)
{
    return field[0] ? field : NULL;
}

static pl_err ask(pl_outgoing *o, const pl_fetch *m, waiting *w)
{
    static const char *const methods[] = {
        [PL_FETCH_METHOD_GET] = "GET",       [PL_FETCH_METHOD_POST] = "POST",
        [PL_FETCH_METHOD_PUT] = "PUT",       [PL_FETCH_METHOD_PATCH] = "PATCH",
        [PL_FETCH_METHOD_DELETE] = "DELETE",
    };
    if (m->method >= sizeof methods / sizeof methods[0] || !methods[m->method])
        return PL_EINVAL;
    pl_https_request request = {
        .method = methods[m->method],
        .url = m->url,
        .basic = m->auth == PL_FETCH_AUTH_BASIC ? m->secret : NULL,
        .bearer = m->auth == PL_FETCH_AUTH_BEARER ? m->secret : NULL,
        .body = m->body,
        .content_type = text_of(m->content_type),
        .idempotency_key = text_of(m->idempotency_key),
        .correlator = text_of(m->correlator),
        .timeout_ms = m->timeout_ms,
        .connect_ms = m->connect_ms,
        .answer_max = ANSWER_MAX,
        .any_certificate = m->any_certificate,
        .rules = m->configured ? NULL : &o->rules,
    };
    return pl_https_ask(o->https, &request, on_done, w);
}

static void on_fetch(void *ctx, const pl_bus_in *in)
{
    pl_outgoing *o = ctx;
    waiting *w = calloc(1, sizeof *w);
    pl_metrics_add(o->metrics, PL_AM_outgoing_requests, 1);
    if (!w) {
        fail(o, &in->ticket, PL_ENOMEM, NULL);
        return;
    }
    *w = (waiting){.outgoing = o,
                   .ticket = in->ticket,
                   .since_us = pl_loop_now_us(o->loop)};
    pl_err e = ask(o, in->body, w);
    if (e) {
        fail(o, &in->ticket, e, NULL);
        free(w);
        return;
    }
    pl_list_append(&o->waiting, &w->link);
    count(o);
}

pl_err pl_outgoing_open(pl_loop *loop, pl_bus *bus, const pl_api_config *config,
                        pl_metrics *metrics, pl_outgoing **ret_outgoing)
{
    pl_outgoing *o = calloc(1, sizeof *o);
    if (!o)
        return PL_ENOMEM;
    *o = (pl_outgoing){.loop = loop, .bus = bus, .metrics = metrics};
    pl_list_init(&o->waiting);
    o->rules.takes_http = config->outgoing_http;
    pl_https_options options = {.loop = loop,
                                .ca_file = config->outgoing_ca,
                                .max = config->outgoing_max};
    pl_err e =
        pl_cidr_parse(pl_slice_str(config->outgoing_allow), &o->rules.allowed)
            ? PL_ECONFIG
            : PL_OK;
    if (!e)
        e = pl_https_open(&options, &o->https);
    if (!e)
        e = pl_bus_handle(bus, &PL_MSG_FETCH, on_fetch, o);
    if (e) {
        pl_outgoing_close(&o);
        return e;
    }
    *ret_outgoing = o;
    return PL_OK;
}

void pl_outgoing_drain(pl_outgoing *outgoing, pl_loop_cb on_drained, void *ctx)
{
    outgoing->on_drained = on_drained;
    outgoing->drained_ctx = ctx;
    tell_drained(outgoing);
}

void pl_outgoing_close(pl_outgoing **outgoing)
{
    if (!outgoing || !*outgoing)
        return;
    pl_https_close(&(*outgoing)->https);
    PL_LIST_EACH_SAFE(node, &(*outgoing)->waiting)
    {
        pl_list_remove(node);
        free(PL_CONTAINER(node, waiting, link));
    }
    free(*outgoing);
    *outgoing = NULL;
}
