/* test_apis.c - one life of each API through the whole front end. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

static char bearer[9000];

static void login(api_rig *rig)
{
    (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n",
                   rig_token(rig));
}

static void a_conference_over_rest(void **state)
{
    api_rig *rig = rig_start(NULL);
    char headers[9200];
    tls_reply reply;
    (void)state;
    login(rig);
    rig_request(rig, "POST /RTC/v1/sessions", bearer, "{\"session\":{}}",
                &reply);
    assert_int_equal(reply.status, 201);
    assert_string_equal(tls_header(&reply, "Location"),
                        "/RTC/v1/sessions/S-event");
    assert_string_equal(tls_header(&reply, "x-expires"), "3600");
    assert_non_null(strstr(reply.body, "\"userId\":\"alice\""));
    rig_request(rig, "PUT /RTC/v1/sessions/S-event", bearer, NULL, &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(tls_header(&reply, "x-expires"), "600");
    assert_string_equal(tls_header(&reply, "Content-Length"), "");
    rig_request(rig, "POST /sessions/S-event/conferences/", bearer,
                "{\"conference\":{\"sdp\":\"v=0\\r\\n\"}}", &reply);
    assert_int_equal(reply.status, 202);
    assert_string_equal(reply.body, "{\"confId\":\"C1\"}");
    rig_request(rig,
                "PUT /sessions/S-event/conferences/C1/participants/"
                "tel:+14255550100",
                bearer, NULL, &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(tls_header(&reply, "x-modId"), "P1");
    (void)snprintf(headers, sizeof headers,
                   "%sx-conference-action: initiate-hold\r\n", bearer);
    rig_request(rig, "PUT /RTC/v1/mediaConferences/C1", headers,
                "{\"sdp\":\"v=0\"}", &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(tls_header(&reply, "x-state"), "mod-sent");
    (void)snprintf(headers, sizeof headers,
                   "%sx-conference-action: initiate-conference-mod\r\n",
                   bearer);
    rig_request(rig, "PUT /mediaConferences/C1", headers, "{\"sdp\":\"v=0\"}",
                &reply);
    assert_int_equal(reply.status, 409);
    assert_non_null(strstr(reply.body, "SVC8501"));
    rig_request(rig, "DELETE /mediaConferences/C1", bearer, NULL, &reply);
    assert_int_equal(reply.status, 200);
    rig_request(rig, "DELETE /sessions/S-event", bearer, NULL, &reply);
    assert_int_equal(reply.status, 200);
    rig_request(rig, "PUT /userIds/vtn:4255550100", bearer, NULL, &reply);
    assert_int_equal(reply.status, 204);
    rig_stop(&rig);
}

#define ROOM "POST /api/client/v2/conferences/"

static void a_guest_in_a_room(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    char token[256];
    (void)state;
    rig_request(rig, ROOM "pin/request_token", "", "{\"display_name\":\"A\"}",
                &reply);
    assert_int_equal(reply.status, 403);
    assert_non_null(strstr(reply.body, "{\"status\":\"success\",\"result\":"
                                       "{\"pin\":\"required\""));
    rig_request(rig, ROOM "pin/request_token", "pin: 99\r\n",
                "{\"display_name\":\"A\"}", &reply);
    assert_non_null(strstr(reply.body, "Invalid PIN"));
    rig_request(rig, ROOM "gone/request_token", "", "{\"display_name\":\"A\"}",
                &reply);
    assert_int_equal(reply.status, 404);
    rig_request(rig, ROOM "full/request_token", "", "{\"display_name\":\"A\"}",
                &reply);
    assert_non_null(strstr(reply.body, "Participant limit reached"));
    rig_request(rig, ROOM "pin/request_token", "pin: 1234\r\n",
                "{\"display_name\":\"A\"}", &reply);
    assert_int_equal(reply.status, 200);
    const char *at = strstr(reply.body, "\"token\":\"");
    assert_non_null(at);
    (void)snprintf(token, sizeof token, "token: %.*s\r\n",
                   (int)strcspn(at + 9, "\""), at + 9);
    rig_request(rig, ROOM "pin/participants/p-1/calls", token,
                "{\"call_type\":\"WEBRTC\",\"sdp\":\"v=0\\r\\n\"}", &reply);
    assert_string_equal(reply.body,
                        "{\"status\":\"success\",\"result\":{\"call_uuid\":"
                        "\"call-1\",\"sdp\":\"v=0\\r\\n\"}}");
    rig_request(rig, ROOM "pin/participants/p-1/calls/call-1/ack", token, "{}",
                &reply);
    assert_string_equal(reply.body, "{\"status\":\"success\",\"result\":true}");
    rig_request(rig, ROOM "pin/participants/p-2/calls", token,
                "{\"sdp\":\"v=0\"}", &reply);
    assert_non_null(strstr(reply.body, "Invalid role"));
    rig_request(rig, ROOM "pin/participants/p-none/mute", token, "{}", &reply);
    assert_int_equal(reply.status, 404);
    rig_request(rig, ROOM "pin/refresh_token", token, "{}", &reply);
    assert_int_equal(reply.status, 200);
    assert_null(strstr(reply.body, token + 7)); /* another one */
    rig_request(rig, ROOM "pin/release_token", token, "bye", &reply);
    assert_string_equal(reply.body, "{\"status\":\"success\",\"result\":true}");
    rig_stop(&rig);
}

static void every_malformed_body_is_refused(void **state)
{
    static const char *const BODIES[] = {
        "{",
        "[]",
        "{\"display_name\":\"\xff\"}",
        "nul",
        "{}x",
        "{\"display_name\":\"a\",\"display_name\":\"b\"}",
        "{\"display_name\":\"\\u0000\"}"};
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        tls_reply reply;
        rig_request(rig, ROOM "lobby/request_token", "", BODIES[i], &reply);
        assert_int_equal(reply.status, 400);
        assert_non_null(strstr(reply.body, "\"status\":\"failed\""));
    }
    assert_int_equal(atomic_load(&rig_counts(rig)->joins), 0);
    rig_stop(&rig);
}

static void metrics_of_all_nodes(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    rig_request(rig, "GET /metrics", "", NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "a{node=\"roompool\"} 1\n"
                                       "a{node=\"media\"} 2\n"));
    assert_non_null(strstr(reply.body, "pl_api_requests_total"));
    rig_set_ready(rig, false);
    rig_request(rig, "GET /metrics", "", NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_null(strstr(reply.body, "roompool\"} 1"));
    rig_stop(&rig);
}

static void no_roompool_means_503(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    login(rig);
    rig_set_ready(rig, false);
    rig_request(rig, "GET /readyz", "", NULL, &reply);
    assert_int_equal(reply.status, 503);
    rig_request(rig, "GET /healthz", "", NULL, &reply);
    assert_int_equal(reply.status, 200);
    rig_request(rig, "POST /sessions", bearer, "{}", &reply);
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(tls_header(&reply, "Content-Type"), "text/plain"));
    rig_request(rig, ROOM "lobby/request_token", "", "{\"display_name\":\"A\"}",
                &reply);
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(reply.body, "System in maintenance mode"));
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conference_over_rest),
        cmocka_unit_test(a_guest_in_a_room),
        cmocka_unit_test(every_malformed_body_is_refused),
        cmocka_unit_test(metrics_of_all_nodes),
        cmocka_unit_test(no_roompool_means_503),
    };
    return cmocka_run_group_tests_name("api apis", tests, NULL, NULL);
}
