/* test_life.c - draining and ending with clients connected. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

#define SECRET "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"

static void poll_on(api_rig *rig, tls_client *client)
{
    static char text[10000];
    (void)snprintf(text, sizeof text,
                   "GET /sessions/S-park/events HTTP/1.1\r\nHost: a\r\n"
                   "Authorization: Bearer %s\r\n\r\n",
                   rig_token(rig));
    assert_true(tls_send_text(client, text));
}

static void draining_finishes_polls_and_streams(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *waiting = rig_connect(rig);
    tls_client *stream = rig_connect(rig);
    tls_client *idle = rig_connect(rig);
    tls_reply reply;
    (void)state;
    poll_on(rig, waiting);
    assert_true(tls_send_text(
        stream, "GET /api/client/v2/conferences/lobby/events?token=" SECRET
                "p-1 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(tls_read_until(stream, "\"vad\""));
    RIG_WAIT(rig_metric(rig, PL_AM_polls) == 1);
    rig_drain(rig);
    assert_true(tls_read(waiting, false, &reply));
    assert_int_equal(reply.status, 204);
    assert_string_equal(tls_header(&reply, "Connection"), "close");
    assert_true(tls_read_until(stream, "0\r\n\r\n"));
    assert_true(tls_is_closed(idle));
    assert_null(tls_connect(rig_port(rig), NULL, 0));
    tls_close(&waiting);
    tls_close(&stream);
    tls_close(&idle);
    RIG_WAIT(rig_is_drained(rig));
    assert_int_equal(rig_metric(rig, PL_AM_connections), 0);
    rig_stop(&rig);
}

static void listen_on(pl_api_config *config)
{
    config->drain_listen_ms = 4000; /* as long as all that is asked below */
}

static int status_of(api_rig *rig, const char *line, tls_reply *reply)
{
    rig_request(rig, line, "", NULL, reply);
    return reply->status;
}

static void balancers_are_told_before_the_doors_close(void **state)
{
    api_rig *rig = rig_start(listen_on);
    tls_client *waiting = rig_connect(rig);
    tls_client *kept = rig_connect(rig);
    tls_reply reply;
    (void)state;
    poll_on(rig, waiting);
    RIG_WAIT(rig_metric(rig, PL_AM_polls) == 1);
    assert_int_equal(status_of(rig, "GET /readyz", &reply), 200);
    rig_drain(rig);
    assert_int_equal(status_of(rig, "GET /readyz", &reply), 503);
    assert_non_null(strstr(reply.body, "draining"));
    /* Everything else goes on, also for who comes now; and it ends each
     * connection. */
    assert_int_equal(status_of(rig, "GET /healthz", &reply), 200);
    assert_true(
        tls_send_text(kept, "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(tls_read(kept, false, &reply));
    assert_string_equal(tls_header(&reply, "Connection"), "close");
    assert_int_equal(rig_metric(rig, PL_AM_polls), 1);
    assert_false(rig_is_drained(rig));
    assert_true(tls_read(waiting, false, &reply));
    assert_int_equal(reply.status, 204);
    assert_null(tls_connect(rig_port(rig), NULL, 0));
    tls_close(&waiting);
    tls_close(&kept);
    RIG_WAIT(rig_is_drained(rig));
    rig_stop(&rig);
}

static void requests_are_carried_out_to_the_end(void **state)
{
    static char text[10000];
    api_rig *rig = rig_start(NULL);
    tls_client *half = rig_connect(rig);
    tls_reply reply;
    (void)state;
    int n = snprintf(text, sizeof text,
                     "POST /sessions HTTP/1.1\r\nHost: a\r\n"
                     "Authorization: Bearer %s\r\n"
                     "Content-Type: application/json\r\n"
                     "Expect: 100-continue\r\n"
                     "Content-Length: 2\r\n\r\n",
                     rig_token(rig));
    assert_true(n > 0 && tls_send(half, text, (size_t)n));
    assert_true(tls_read_until(half, "100 Continue\r\n\r\n"));
    rig_drain(rig);
    assert_true(tls_send_text(half, "{}"));
    assert_true(tls_read(half, false, &reply));
    assert_int_not_equal(reply.status, 503);
    assert_string_equal(tls_header(&reply, "Connection"), "close");
    tls_close(&half);
    RIG_WAIT(rig_is_drained(rig));
    rig_stop(&rig);
}

static void ending_frees_what_is_in_flight(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *waiting = rig_connect(rig);
    tls_client *stream = rig_connect(rig);
    tls_client *half = rig_connect(rig);
    (void)state;
    poll_on(rig, waiting);
    assert_true(tls_send_text(
        stream, "GET /api/client/v2/conferences/lobby/events?token=" SECRET
                "p-1 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(tls_read_until(stream, "\"vad\""));
    assert_true(tls_send_text(half, "POST /sessions HTTP/1.1\r\nHost: a\r\n"
                                    "Content-Length: 100\r\n\r\n{"));
    RIG_WAIT(rig_metric(rig, PL_AM_polls) == 1);
    rig_stop(&rig);
    tls_close(&waiting);
    tls_close(&stream);
    tls_close(&half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draining_finishes_polls_and_streams),
        cmocka_unit_test(balancers_are_told_before_the_doors_close),
        cmocka_unit_test(requests_are_carried_out_to_the_end),
        cmocka_unit_test(ending_frees_what_is_in_flight),
    };
    return cmocka_run_group_tests_name("api life", tests, NULL, NULL);
}
