/* test_introspection.c - access tokens that another server is asked about
 * (RFC 7662): what is remembered, shared and refused. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "parrot.h"
#include "pl/str.h"

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static parrot endpoint;
static char client_path[300];
static unsigned cache_s;
static atomic_bool is_held, is_revoked;

static void say(parrot *p, int status, const char *body)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                   status, strlen(body), body);
    free(p->says);
    p->says = strdup(text);
}

/* What the endpoint says of a token is told by the token's name. */
static void introspect(parrot *p)
{
    static const struct {
        const char *token, *body;
        int status;
    } rows[] = {
        {"token=good", "{\"active\":true,\"client_id\":\"app\"}", 200},
        {"token=other", "{\"active\":true,\"client_id\":\"app\"}", 200},
        {"token=ours",
         "{\"active\":true,\"client_id\":\"app\",\"token_type\":\"bearer\","
         "\"iss\":\"https://as.example\",\"aud\":\"parley\"}",
         200},
        {"token=bad", "{\"active\":false}", 200},
        {"token=bound",
         "{\"active\":true,\"client_id\":\"app\",\"token_type\":\"DPoP\"}",
         200},
        {"token=theirs",
         "{\"active\":true,\"client_id\":\"app\",\"aud\":\"them\"}", 200},
        {"token=alien",
         "{\"active\":true,\"client_id\":\"app\",\"iss\":\"https://x\"}", 200},
        {"token=old",
         "{\"active\":true,\"client_id\":\"app\",\"exp\":1600000000}", 200},
        {"token=odd", "{\"active\":\"true\"}", 200},
        {"token=noise", "active", 200},
        {"token=locked", "{\"error\":\"invalid_client\"}", 401},
        {"token=ill", "", 500},
    };
    while (atomic_load(&is_held))
        rig_pause();
    say(p, 200, "{\"active\":false}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strstr(p->heard, rows[i].token) && !atomic_load(&is_revoked))
            say(p, rows[i].status, rows[i].body);
    }
}

static void use(pl_api_config *config)
{
    (void)snprintf(client_path, sizeof client_path, "%s.introspection",
                   config->token_keys);
    (void)unlink(client_path);
    assert_int_equal(
        pl_file_make_secret(
            client_path, pl_slice_str("CLIENT_ID=gw:1\nCLIENT_SECRET=s %\n")),
        PL_OK);
    pl_fmt_cut(config->introspection_url, sizeof config->introspection_url,
               "http://127.0.0.1:%u/introspect", endpoint.port);
    pl_fmt_cut(config->introspection_client_file,
               sizeof config->introspection_client_file, "%s", client_path);
    pl_fmt_cut(config->external_issuer, sizeof config->external_issuer,
               "https://as.example");
    config->introspection_cache_s = cache_s;
}

static api_rig *start(unsigned keep_s)
{
    cache_s = keep_s;
    atomic_store(&is_held, false);
    atomic_store(&is_revoked, false);
    parrot_start(&endpoint, "", introspect);
    return rig_start(use);
}

static void stop(api_rig **rig)
{
    rig_stop(rig);
    parrot_stop(&endpoint);
    (void)unlink(client_path);
}

static void head_of(const char *token, char *text, size_t cap)
{
    (void)snprintf(text, cap, "Authorization: Bearer %s\r\n", token);
}

static int status_of(api_rig *rig, const char *token)
{
    static char header[10000];
    tls_reply reply;
    head_of(token, header, sizeof header);
    rig_request(rig, "POST /sessions", header, "{}", &reply);
    return reply.status;
}

static unsigned asked(void)
{
    return atomic_load(&endpoint.n);
}

static void asks_once_while_the_answer_is_fresh(void **state)
{
    api_rig *rig = start(30);
    (void)state;
    assert_int_equal(status_of(rig, "good"), 202);
    assert_int_equal(asked(), 1);
    /* Basic, both parts form-encoded: gw%3A1:s%20%25 */
    assert_non_null(strstr(endpoint.heard, "Basic Z3clM0ExOnMlMjAlMjU="));
    assert_non_null(strstr(endpoint.heard, "token_type_hint=access_token"));
    assert_int_equal(status_of(rig, "good"), 202);
    atomic_store(&is_revoked, true);
    assert_int_equal(status_of(rig, "good"), 202);
    assert_int_equal(asked(), 1);
    assert_int_equal(status_of(rig, "other"), 401);
    assert_int_equal(asked(), 2);
    stop(&rig);
}

static void asks_each_time_when_told_so(void **state)
{
    api_rig *rig = start(0);
    (void)state;
    assert_int_equal(status_of(rig, "good"), 202);
    assert_int_equal(status_of(rig, "good"), 202);
    assert_int_equal(asked(), 2);
    atomic_store(&is_revoked, true);
    assert_int_equal(status_of(rig, "good"), 401);
    stop(&rig);
}

static void refuses_and_does_not_remember_it(void **state)
{
    static const struct {
        const char *token;
        int status;
    } rows[] = {{"ours", 202},   {"bad", 401}, {"bound", 401}, {"theirs", 401},
                {"alien", 401},  {"old", 401}, {"odd", 503},   {"noise", 503},
                {"locked", 503}, {"ill", 503}};
    api_rig *rig = start(30);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(status_of(rig, rows[i].token), rows[i].status);
    assert_int_equal(rig_metric(rig, PL_AM_introspection_failed), 4);
    unsigned n = asked();
    assert_int_equal(status_of(rig, "bad"), 401);
    assert_int_equal(asked(), n + 1);
    /* What cannot be a token is not asked about. */
    assert_int_equal(status_of(rig, "a b"), 401);
    assert_int_equal(asked(), n + 1);
    stop(&rig);
}

static void never_lets_through_when_nobody_answers(void **state)
{
    api_rig *rig = start(30);
    (void)state;
    parrot_stop(&endpoint);
    assert_int_equal(status_of(rig, "good"), 503);
    assert_int_equal(rig_metric(rig, PL_AM_introspection_failed), 1);
    assert_int_equal(atomic_load(&rig_counts(rig)->sessions), 0);
    rig_stop(&rig);
    (void)unlink(client_path);
}

/* Several at once, and one that does not wait for it. */
static void one_question_for_all_who_wait(void **state)
{
    enum { N = 5 };
    char text[256];
    char header[128];
    tls_client *clients[N];
    tls_reply reply;
    api_rig *rig = start(0);
    (void)state;
    atomic_store(&is_held, true);
    head_of("good", header, sizeof header);
    (void)snprintf(text, sizeof text,
                   "POST /sessions HTTP/1.1\r\nHost: a\r\n%s"
                   "Content-Length: 2\r\n\r\n{}",
                   header);
    for (int i = 0; i < N; i++) {
        clients[i] = rig_connect(rig);
        assert_true(tls_send_text(clients[i], text));
    }
    RIG_WAIT(rig_metric(rig, PL_AM_requests) == N);
    tls_close(&clients[0]);
    RIG_WAIT(rig_metric(rig, PL_AM_connections) == N - 1);
    atomic_store(&is_held, false);
    for (int i = 1; i < N; i++) {
        assert_true(tls_read(clients[i], false, &reply));
        assert_int_equal(reply.status, 202);
        tls_close(&clients[i]);
    }
    assert_int_equal(asked(), 1);
    assert_int_equal(rig_metric(rig, PL_AM_introspections), 1);
    assert_int_equal(atomic_load(&rig_counts(rig)->sessions), N - 1);
    stop(&rig);
}

/* Whoever has no token cannot keep all questions busy: one more is refused at
 * once, and asks again when those are answered. */
static void one_source_has_its_share(void **state)
{
    enum { SHARE = 16 };
    char text[256];
    tls_client *clients[SHARE];
    tls_reply reply;
    api_rig *rig = start(30);
    (void)state;
    atomic_store(&is_held, true);
    for (int i = 0; i < SHARE; i++)
        clients[i] =
            rig_connect(rig); /* now: questions are not held for ever */
    for (int i = 0; i < SHARE; i++) {
        (void)snprintf(text, sizeof text,
                       "POST /sessions HTTP/1.1\r\nHost: a\r\n"
                       "Authorization: Bearer wrong%d\r\n"
                       "Content-Length: 2\r\n\r\n{}",
                       i);
        assert_true(tls_send_text(clients[i], text));
    }
    RIG_WAIT(rig_metric(rig, PL_AM_introspections) == SHARE);
    assert_int_equal(status_of(rig, "good"), 503);
    assert_int_equal(rig_metric(rig, PL_AM_introspections), SHARE);
    atomic_store(&is_held, false);
    for (int i = 0; i < SHARE; i++) {
        assert_true(tls_read(clients[i], false, &reply));
        assert_int_equal(reply.status, 401);
        tls_close(&clients[i]);
    }
    assert_int_equal(status_of(rig, "good"), 202);
    stop(&rig);
}

/* The front end is stopped while somebody waits: nothing is left over. */
static void can_be_stopped_meanwhile(void **state)
{
    char text[256];
    char header[128];
    api_rig *rig = start(0);
    (void)state;
    atomic_store(&is_held, true);
    head_of("good", header, sizeof header);
    (void)snprintf(text, sizeof text,
                   "POST /sessions HTTP/1.1\r\nHost: a\r\n%s"
                   "Content-Length: 2\r\n\r\n{}",
                   header);
    tls_client *client = rig_connect(rig);
    assert_true(tls_send_text(client, text));
    RIG_WAIT(asked() == 1);
    rig_stop(&rig);
    tls_close(&client);
    atomic_store(&is_held, false);
    parrot_stop(&endpoint);
    (void)unlink(client_path);
}

static void the_embedded_token_server_is_off(void **state)
{
    api_rig *rig = start(30);
    tls_reply reply;
    (void)state;
    rig_request(rig, "POST /oauth2/token", FORM,
                "grant_type=client_credentials", &reply);
    assert_int_equal(reply.status, 404);
    stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_once_while_the_answer_is_fresh),
        cmocka_unit_test(asks_each_time_when_told_so),
        cmocka_unit_test(refuses_and_does_not_remember_it),
        cmocka_unit_test(never_lets_through_when_nobody_answers),
        cmocka_unit_test(one_question_for_all_who_wait),
        cmocka_unit_test(one_source_has_its_share),
        cmocka_unit_test(can_be_stopped_meanwhile),
        cmocka_unit_test(the_embedded_token_server_is_off),
    };
    return cmocka_run_group_tests_name("introspection", tests, NULL, NULL);
}
