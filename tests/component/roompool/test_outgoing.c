/* test_outgoing.c - HTTP requests that roompool has made: which front end makes
 * them, what their outcome is, and what happens without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/outgoing.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct outcome {
    unsigned n;
    pl_err error;
    uint32_t status;
    uint64_t no;
    char body[64];
} outcome;

static outcome last;

static void on_done(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)pool;
    last.n++;
    last.error = e;
    last.no = op->no;
    if (!e) {
        const pl_fetched *m = in->body;
        last.status = m->status;
        pl_fmt_cut(last.body, sizeof last.body, "%.*s", (int)m->body.len,
                   (const char *)m->body.ptr);
    }
    pl_op_destroy(&op);
}

static void ask(world *w, uint64_t no)
{
    pl_fetch m = {.method = PL_FETCH_METHOD_POST,
                  .timeout_ms = 1000,
                  .auth = PL_FETCH_AUTH_BASIC,
                  .body = pl_slice_str("{}")};
    PUT(m.url, "https://example.net/x");
    PUT(m.secret, "me:secret");
    PL_MSG_SET(FETCH, fetch, &m, auth);
    PL_MSG_SET(FETCH, fetch, &m, secret);
    PL_MSG_SET(FETCH, fetch, &m, body);
    memset(&last, 0, sizeof last);
    pl_op *op = pl_op_create(world_pool(w), on_done);
    assert_non_null(op);
    op->no = no;
    pl_outgoing_fetch(world_pool(w), &m, op);
    assert_int_equal(last.n, 0);
    pl_glue_wake(w->glue);
    world_run(w, 20 * MS);
}

static void test_answer(void **state)
{
    (void)state;
    world w;
    world_create(&w, 1);
    ask(&w, 7);
    web_request *r = web_next(&w, S);
    assert_non_null(r);
    assert_string_equal(r->url, "https://example.net/x");
    assert_string_equal(r->secret, "me:secret");
    assert_string_equal(r->body, "{}");
    web_answer(&w, r, 503, "later");
    assert_int_equal(last.n, 1);
    assert_int_equal(last.error, PL_OK);
    assert_int_equal(last.status, 503);
    assert_int_equal(last.no, 7);
    assert_string_equal(last.body, "later");
    world_destroy(&w);
}

static void test_refused(void **state)
{
    (void)state;
    world w;
    world_create(&w, 1);
    ask(&w, 1);
    web_refuse(&w, web_next(&w, S), PL_EFORBIDDEN);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.error, PL_EFORBIDDEN);
    world_destroy(&w);
}

static void test_no_answer(void **state)
{
    (void)state;
    world w;
    world_create(&w, 1);
    ask(&w, 1);
    web_ignore(web_next(&w, S));
    world_run(&w, 2 * S);
    assert_int_equal(last.n, 0);
    world_run(&w, 2 * S);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.error, PL_ETIMEOUT);
    world_destroy(&w);
}

static void test_no_front_end(void **state)
{
    (void)state;
    world w;
    world_create(&w, 1);
    pl_bus_close(&w.api);
    world_run(&w, 5 * S);
    ask(&w, 1);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.error, PL_EUNAVAILABLE);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_no_front_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
