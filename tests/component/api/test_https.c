/* test_https.c - requests to other servers: our own front end, and servers that
 * say one thing to every request. */
#include "api_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "https_client.h"
#include "parrot.h"
#include "pl/buf.h"
#include "pl/str.h"

enum { S = 1000000, ANSWER_MAX = 4096 };

/* ---- the client ---- */

typedef struct result {
    bool is_done;
    pl_err error;
    unsigned status, retry_after_s;
    char location[256], body[ANSWER_MAX + 1];
} result;

typedef struct rig {
    pl_loop *loop;
    pl_timer *timer;
    pl_https *https;
} rig;

static void on_done(void *ctx, pl_err e, const pl_https_answer *a,
                    const char *text)
{
    result *r = ctx;
    assert_false(r->is_done);
    assert_non_null(text);
    r->is_done = true;
    r->error = e;
    if (e)
        return;
    r->status = a->status;
    r->retry_after_s = a->retry_after_s;
    pl_fmt_cut(r->location, sizeof r->location, "%s", a->location);
    pl_fmt_cut(r->body, sizeof r->body, "%.*s", (int)a->body.len,
               a->body.len ? (const char *)a->body.ptr : "");
}

static void stop_loop(void *ctx)
{
    const rig *r = ctx;
    pl_loop_stop(r->loop);
}

static void rig_open(rig *r, const char *ca)
{
    pl_https_options o;
    assert_int_equal(pl_loop_create(&r->loop), PL_OK);
    o = (pl_https_options){.loop = r->loop, .ca_file = ca, .max = 2};
    assert_int_equal(pl_https_open(&o, &r->https), PL_OK);
    assert_int_equal(pl_timer_create(r->loop, stop_loop, r, &r->timer), PL_OK);
}

static void rig_close(rig *r)
{
    pl_timer_destroy(&r->timer);
    pl_https_close(&r->https);
    pl_loop_destroy(&r->loop);
}

static void finish(rig *r, const result *out)
{
    for (int i = 0; i < 3000 && !out->is_done; i++) {
        pl_timer_start(r->timer, 10000);
        pl_loop_run(r->loop);
    }
    assert_true(out->is_done);
}

static void ask(rig *r, const pl_https_request *request, result *out)
{
    pl_https_request q = *request;
    q.method = q.method ? q.method : "GET";
    q.timeout_ms = q.timeout_ms ? q.timeout_ms : 20000;
    q.answer_max = ANSWER_MAX;
    memset(out, 0, sizeof *out);
    pl_err e = pl_https_ask(r->https, &q, on_done, out);
    if (e) {
        out->is_done = true;
        out->error = e;
    }
    assert_false(!e && out->is_done);
    finish(r, out);
}

/* What a server that says this makes of a GET. */
static void meet(const char *says, int64_t timeout_ms, result *out)
{
    rig r;
    parrot p;
    char url[64];
    rig_open(&r, "");
    parrot_start(&p, says, NULL);
    pl_fmt_cut(url, sizeof url, "http://127.0.0.1:%u/", p.port);
    ask(&r, &(pl_https_request){.url = url, .timeout_ms = timeout_ms}, out);
    rig_close(&r);
    parrot_stop(&p);
}

static char ca_path[256];

static void keep_certificate(pl_api_config *config)
{
    pl_fmt_cut(ca_path, sizeof ca_path, "%s", config->certificate);
}

/* ---- over TLS ---- */

static void keeps_connections(void **state)
{
    (void)state;
    api_rig *server = rig_start(keep_certificate);
    rig r;
    result out;
    char url[64];
    pl_fmt_cut(url, sizeof url, "https://localhost:%u/healthz",
               rig_port(server));
    rig_open(&r, ca_path);
    for (int i = 0; i < 3; i++) {
        ask(&r, &(pl_https_request){.url = url}, &out);
        assert_int_equal(out.error, PL_OK);
        assert_int_equal(out.status, 200);
        assert_non_null(strstr(out.body, "alive"));
    }
    assert_int_equal(rig_metric(server, PL_AM_accepted), 1);
    rig_close(&r);
    rig_stop(&server);
}

static void checks_certificates(void **state)
{
    (void)state;
    api_rig *server = rig_start(NULL);
    rig r;
    result out;
    char url[64];
    pl_fmt_cut(url, sizeof url, "https://localhost:%u/healthz",
               rig_port(server));
    rig_open(&r, "");
    ask(&r, &(pl_https_request){.url = url}, &out);
    assert_int_equal(out.error, PL_EUNAVAILABLE);
    ask(&r, &(pl_https_request){.url = url, .any_certificate = true}, &out);
    assert_int_equal(out.error, PL_OK);
    /* A connection without a check is not used where one is wanted. */
    ask(&r, &(pl_https_request){.url = url}, &out);
    assert_int_equal(out.error, PL_EUNAVAILABLE);
    rig_close(&r);
    rig_stop(&server);
}

static void goes_nowhere_inside(void **state)
{
    static const char *const hosts[] = {
        "localhost",  "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
        "2130706433", "0x7f.1",    "0",     "017700000001",
        "127.0.0.1.",
    };
    (void)state;
    api_rig *server = rig_start(NULL);
    pl_outgoing_rules rules = {.takes_http = true};
    rig r;
    result out;
    char url[64];
    rig_open(&r, "");
    /* Leaves a connection that must not be used for the others. */
    pl_fmt_cut(url, sizeof url, "https://localhost:%u/healthz",
               rig_port(server));
    ask(&r, &(pl_https_request){.url = url, .any_certificate = true}, &out);
    assert_int_equal(out.error, PL_OK);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        pl_fmt_cut(url, sizeof url, "https://%s:%u/healthz", hosts[i],
                   rig_port(server));
        ask(&r,
            &(pl_https_request){
                .url = url, .any_certificate = true, .rules = &rules},
            &out);
        if (out.error != PL_EFORBIDDEN && out.error != PL_EUNAVAILABLE)
            fail_msg("%s: %s", hosts[i], pl_err_text(out.error));
        if (i < 3)
            assert_int_equal(out.error, PL_EFORBIDDEN);
    }
    assert_int_equal(rig_metric(server, PL_AM_accepted), 1);
    assert_int_equal(
        pl_cidr_parse(pl_slice_str("127.0.0.0/8 ::1"), &rules.allowed), PL_OK);
    pl_fmt_cut(url, sizeof url, "https://127.0.0.1:%u/healthz",
               rig_port(server));
    ask(&r,
        &(pl_https_request){
            .url = url, .any_certificate = true, .rules = &rules},
        &out);
    assert_int_equal(out.error, PL_OK);
    rig_close(&r);
    rig_stop(&server);
}

/* ---- what is sent and read ---- */

static void sends_what_was_asked(void **state)
{
    (void)state;
    rig r;
    parrot p;
    result out;
    char url[64];
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("all_proxy", "http://127.0.0.1:1/", 1);
    rig_open(&r, "");
    parrot_start(&p,
                 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\n"
                 "Retry-After: 7\r\nContent-Length: 2\r\n\r\nno",
                 NULL);
    pl_fmt_cut(url, sizeof url, "http://127.0.0.1:%u/in?x=y", p.port);
    pl_https_request q = {.method = "PATCH",
                          .url = url,
                          .basic = "me:p:w",
                          .body = pl_slice_str("{\"a\":1}"),
                          .content_type = "application/json",
                          .idempotency_key = "k1"};
    ask(&r, &q, &out);
    assert_int_equal(out.error, PL_OK);
    assert_int_equal(out.status, 302);
    assert_int_equal(out.retry_after_s, 7);
    assert_string_equal(out.location, "http://127.0.0.1:1/x");
    assert_string_equal(out.body, "no");
    assert_int_equal(strncmp(p.heard, "PATCH /in?x=y HTTP/1.1\r\n", 24), 0);
    assert_non_null(strstr(p.heard, "Authorization: Basic bWU6cDp3\r\n"));
    assert_non_null(strstr(p.heard, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(p.heard, "Idempotency-Key: k1\r\n"));
    assert_non_null(strstr(p.heard, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(p.heard, "Expect:"));
    ask(&r, &(pl_https_request){.url = url, .bearer = "t0"}, &out);
    assert_int_equal(strncmp(p.heard, "GET /in?x=y HTTP/1.1\r\n", 22), 0);
    assert_non_null(strstr(p.heard, "Authorization: Bearer t0\r\n"));
    assert_null(strstr(p.heard, "Content-Type"));
    ask(&r, &(pl_https_request){.method = "POST", .url = url}, &out);
    assert_non_null(strstr(p.heard, "Content-Length: 0\r\n"));
    assert_null(strstr(p.heard, "Content-Type"));
    assert_null(strstr(p.heard, "Authorization"));
    ask(&r, &(pl_https_request){.method = "DELETE", .url = url}, &out);
    assert_int_equal(strncmp(p.heard, "DELETE /in", 10), 0);
    ask(&r, &(pl_https_request){.url = url, .idempotency_key = "a\r\nX: y"},
        &out);
    assert_int_equal(out.error, PL_EINVAL);
    ask(&r, &(pl_https_request){.url = "https://u@localhost/"}, &out);
    assert_int_equal(out.error, PL_EINVAL);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    rig_close(&r);
    parrot_stop(&p);
}

/* An event with two long SDPs, a long token and an id. */
static void sends_long_events(void **state)
{
    enum { TOKEN = 8192, BODY = 256 * 1024 };
    static char token[TOKEN + 1], body[BODY + 1];
    static parrot p;
    rig r;
    result out;
    char url[64];
    (void)state;
    memset(token, 't', TOKEN);
    memset(body, 'b', BODY);
    rig_open(&r, "");
    parrot_start(&p, "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", NULL);
    pl_fmt_cut(url, sizeof url, "http://127.0.0.1:%u/", p.port);
    pl_https_request q = {.method = "POST",
                          .url = url,
                          .bearer = token,
                          .body = pl_slice_str(body),
                          .content_type = "application/cloudevents+json",
                          .correlator = "c-1"};
    ask(&r, &q, &out);
    assert_int_equal(out.error, PL_OK);
    assert_int_equal(out.status, 204);
    const char *sent = strstr(p.heard, "Authorization: Bearer ttt");
    assert_non_null(sent);
    assert_int_equal(strspn(sent + 22, "t"), TOKEN);
    assert_non_null(strstr(p.heard, "\r\nx-correlator: c-1\r\n"));
    assert_non_null(
        strstr(p.heard, "Content-Type: application/cloudevents+json\r\n"));
    assert_string_equal(strstr(p.heard, "\r\n\r\n") + 4, body);
    q.correlator = "a\r\nX: y";
    ask(&r, &q, &out);
    assert_int_equal(out.error, PL_EINVAL);
    rig_close(&r);
    parrot_stop(&p);
}

static void waits_less_for_a_connection(void **state)
{
    static parrot p; /* it never greets */
    rig r;
    result out;
    char url[64];
    (void)state;
    rig_open(&r, "");
    parrot_start(&p, NULL, NULL);
    pl_fmt_cut(url, sizeof url, "https://127.0.0.1:%u/", p.port);
    ask(&r,
        &(pl_https_request){
            .url = url, .timeout_ms = 3600000, .connect_ms = 200},
        &out);
    assert_int_equal(out.error, PL_ETIMEOUT);
    rig_close(&r);
    parrot_stop(&p);
}

static void bounds_what_it_reads(void **state)
{
    (void)state;
    result out;
    pl_buf much;
    pl_buf_init(&much, 1 << 20);
    meet("hello there\r\n", 0, &out);
    assert_int_equal(out.error, PL_EPROTO);
    meet("", 0, &out);
    assert_int_equal(out.error, PL_EUNAVAILABLE);
    meet("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 0, &out);
    assert_int_equal(out.error, PL_EPROTO);
    meet("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 0, &out);
    assert_int_equal(out.status, 503);
    meet(NULL, 300, &out);
    assert_int_equal(out.error, PL_ETIMEOUT);
    pl_buf_add_str(&much, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < ANSWER_MAX / 64; i++)
        pl_buf_add_fmt(&much, "%064d", i);
    meet(pl_buf_text(&much), 0, &out);
    assert_int_equal(out.error, PL_OK);
    pl_buf_add_str(&much, "x");
    meet(pl_buf_text(&much), 0, &out);
    assert_int_equal(out.error, PL_ETOOBIG);
    pl_buf_clear(&much);
    pl_buf_add_str(&much, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; i++)
        pl_buf_add_fmt(&much, "X-%d: %064d\r\n", i, i);
    pl_buf_add_str(&much, "\r\n");
    meet(pl_buf_text(&much), 0, &out);
    assert_int_equal(out.error, PL_ETOOBIG);
    pl_buf_fini(&much);
}

static void counts_and_can_be_closed(void **state)
{
    (void)state;
    rig r;
    parrot p;
    result out[3] = {{.is_done = false}};
    char url[64];
    rig_open(&r, "");
    parrot_start(&p, NULL, NULL);
    pl_fmt_cut(url, sizeof url, "http://127.0.0.1:%u/", p.port);
    pl_https_request q = {
        .method = "GET", .url = url, .timeout_ms = 8000, .answer_max = 1};
    assert_int_equal(pl_https_ask(r.https, &q, on_done, &out[0]), PL_OK);
    assert_int_equal(pl_https_ask(r.https, &q, on_done, &out[1]), PL_OK);
    assert_int_equal(pl_https_ask(r.https, &q, on_done, &out[2]), PL_EFULL);
    assert_int_equal(pl_https_running(r.https), 2);
    for (int i = 0; i < 2000 && !p.n; i++) {
        pl_timer_start(r.timer, 10000);
        pl_loop_run(r.loop);
    }
    assert_int_equal(p.n, 1);
    rig_close(&r);
    assert_false(out[0].is_done || out[1].is_done || out[2].is_done);
    parrot_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_connections),
        cmocka_unit_test(checks_certificates),
        cmocka_unit_test(goes_nowhere_inside),
        cmocka_unit_test(sends_what_was_asked),
        cmocka_unit_test(sends_long_events),
        cmocka_unit_test(waits_less_for_a_connection),
        cmocka_unit_test(bounds_what_it_reads),
        cmocka_unit_test(counts_and_can_be_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
