/* fake_web.c - see fake_web.h. */
#include "fake_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000 };

static void on_fetch(void *ctx, const pl_bus_in *in)
{
    fake_web *web = ctx;
    const pl_fetch *m = in->body;
    if (web->serve) {
        web->serve(web->serve_ctx, in);
        return;
    }
    assert_true(web->n < WEB_REQUESTS);
    web_request *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->method = m->method;
    r->timeout_ms = m->timeout_ms;
    r->connect_ms = m->connect_ms;
    r->auth = PL_MSG_HAS(FETCH, fetch, m, auth) ? m->auth : 0;
    r->any_certificate =
        PL_MSG_HAS(FETCH, fetch, m, any_certificate) && m->any_certificate;
    r->configured = PL_MSG_HAS(FETCH, fetch, m, configured) && m->configured;
    PUT(r->url, m->url);
    PUT(r->secret, m->secret);
    PUT(r->content_type, m->content_type);
    PUT(r->idempotency_key, m->idempotency_key);
    PUT(r->correlator, m->correlator);
    r->body = malloc(m->body.len + 1);
    assert_non_null(r->body);
    pl_fmt_cut(r->body, m->body.len + 1, "%.*s", (int)m->body.len,
               m->body.len ? (const char *)m->body.ptr : "");
    r->ticket = in->ticket;
    web->requests[web->n++] = r;
}

void web_start(world *w)
{
    w->web.world = w;
    assert_int_equal(pl_bus_handle(w->api, &PL_MSG_FETCH, on_fetch, &w->web),
                     PL_OK);
}

void web_stop(world *w)
{
    for (size_t i = 0; i < w->web.n; i++) {
        free(w->web.requests[i]->body);
        free(w->web.requests[i]);
    }
    w->web.n = 0;
}

static web_request *first_waiting(const fake_web *web)
{
    for (size_t i = 0; i < web->n; i++)
        if (!web->requests[i]->is_answered)
            return web->requests[i];
    return NULL;
}

web_request *web_next(world *w, int64_t wait_us)
{
    web_request *r = first_waiting(&w->web);
    for (int64_t us = 0; !r && us <= wait_us; us += 10 * MS) {
        world_run(w, 10 * MS);
        r = first_waiting(&w->web);
    }
    return r;
}

size_t web_waiting(const world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->web.n; i++)
        n += !w->web.requests[i]->is_answered;
    return n;
}

void web_answer_all(world *w, web_request *r, const pl_fetched *m)
{
    assert_false(r->is_answered);
    r->is_answered = true;
    pl_bus_reply(w->api, &r->ticket, &PL_MSG_FETCHED, m);
    world_run(w, 10 * MS);
}

void web_answer(world *w, web_request *r, uint32_t status, const char *body)
{
    pl_fetched m = {.status = status};
    if (body) {
        m.body = pl_slice_str(body);
        PL_MSG_SET(FETCHED, fetched, &m, body);
    }
    web_answer_all(w, r, &m);
}

void web_refuse(world *w, web_request *r, pl_err e)
{
    assert_false(r->is_answered);
    r->is_answered = true;
    pl_bus_reply_error(w->api, &r->ticket, e, NULL);
    world_run(w, 10 * MS);
}

void web_ignore(web_request *r)
{
    r->is_answered = true;
}
