/* test_video.c - the video API through the whole front end. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

static char headers[9000];
static tls_reply reply;

/* A token with these scopes, and further lines. */
static void use(api_rig *rig, const char *scope, const char *more)
{
    char form[128];
    (void)snprintf(form, sizeof form, "scope=%s", scope);
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n%s",
                   rig_token_with(rig, form), more);
}

static void ask(api_rig *rig, const char *line, const char *body, int status,
                const char *part)
{
    rig_request(rig, line, headers, body, &reply);
    if (reply.status != status || !strstr(reply.body, part))
        print_error("%s: %d %s\n", line, reply.status, reply.body);
    assert_int_equal(reply.status, status);
    assert_non_null(strstr(reply.body, part));
    assert_null(strstr(reply.body, "\"pin\"")); /* whatever was asked */
}

#define AT    "/video/v2/sessions"
#define CTYPE "Content-Type: application/json\r\n"

static void a_session_from_its_begin_to_its_end(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "video", CTYPE);
    ask(rig, "POST " AT, "{\"client_id\":\"123\",\"device_code\":\"xyz\"}", 201,
        "\"status\":\"session_granted\",\"status_date\":2,\"created_date\":1}");
    assert_non_null(strstr(reply.body, "\"destination_host\":\"a\""));
    assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
    ask(rig, "PUT " AT "/s1", "{\"status\":\"started\"}", 200,
        "\"status\":\"started\"");
    ask(rig, "GET " AT "/s1", NULL, 200, "\"status\":\"session_started\"");
    ask(rig, "POST " AT "/s1/calls",
        "{\"session_id\":\"s1\",\"status\":\"call_ringing\","
        "\"client_call_id\":\"c1\"}",
        201, "{\"session_id\":\"s1\",\"call_id\":\"k1\"");
    ask(rig, "PUT " AT "/s1/calls/c1", "{\"status\":\"call_in_call\"}", 200,
        "\"client_call_id\":\"c1\",\"status\":\"call_in_call\"");
    ask(rig, "PUT " AT "/s1/calls", "{\"status\":\"call_ended\"}", 200,
        "\"client_call_id\":\"made\"");
    ask(rig, "PUT " AT "/s1", "{\"status\":\"ended\"}", 200,
        "\"status\":\"ended\"");
    ask(rig, "PUT " AT "/s1", "{\"status\":\"started\"}", 409,
        "{\"error\":\"invalid_state\"}");
    ask(rig, "DELETE " AT "/s1", NULL, 204, "");
    ask(rig, "DELETE " AT "/s2", NULL, 404, "{\"error\":\"not_found\"}");
    ask(rig, "PUT " AT "/s2/calls/c1", "{\"status\":\"call_in_call\"}", 404,
        "{\"error\":\"not_found\"}");
    ask(rig, "PATCH " AT "/s1", NULL, 405, "{\"error\":\"Method not allowed");
    ask(rig, "GET /video/v2/nothing", NULL, 404, "{\"error\":\"No such path");
    rig_stop(&rig);
}

static void without_a_room_it_is_not_granted(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "video", "");
    ask(rig, "POST " AT "?client_id=123&device_code=full", NULL, 503,
        "{\"error\":\"no_room\",\"status\":\"session_not_granted\"}");
    assert_string_equal(tls_header(&reply, "Retry-After"), "5");
    ask(rig, "POST " AT "?client_id=123&device_code=often", NULL, 429,
        "{\"error\":\"too_many_sessions\"}");
    rig_set_ready(rig, false);
    ask(rig, "POST " AT "?client_id=123&device_code=1", NULL, 503,
        "{\"error\":\"unavailable\",\"status\":\"session_not_granted\"}");
    rig_stop(&rig);
}

static void by_default_a_scope_decides(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer x\r\n");
    ask(rig, "GET " AT "/s1", NULL, 401, "{\"error\":\"unauthorized\"}");
    assert_string_equal(tls_header(&reply, "WWW-Authenticate"), "Bearer");
    int64_t n = rig_metric(rig, PL_AM_token_refused);
    headers[0] = '\0';
    ask(rig, "GET " AT "/s1", NULL, 401, "{\"error\":\"unauthorized\"}");
    assert_true(rig_metric(rig, PL_AM_token_refused) > n);
    use(rig, "rooms", "");
    ask(rig, "GET " AT "/s1", NULL, 403, "{\"error\":\"forbidden\"}");
    ask(rig, "GET /video/v2/destinations", NULL, 403, "{\"error\":");
    use(rig, "video", "");
    ask(rig, "GET " AT "/s1", NULL, 200, "\"session_id\":\"s1\"");
    ask(rig, "GET /video/v2/destinations", NULL, 200,
        "[{\"destination_name\":\"Agents\",\"destination_priority\":1}]");
    ask(rig, "GET /video/v2/service_hours", NULL, 200, "\"time_zone\":\"UTC\"");
    headers[0] = '\0';
    ask(rig, "GET /device/.well-known/openid-configuration", NULL, 200,
        "\"video_call_endpoint\":\"https://localhost:8443/video\"");
    rig_stop(&rig);
}

static void open_to_all(pl_api_config *config)
{
    (void)snprintf(config->video_auth, sizeof config->video_auth, "open");
}

static void open_takes_any_bearer(void **state)
{
    api_rig *rig = rig_start(open_to_all);
    (void)state;
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer x\r\n");
    ask(rig, "GET " AT "/s1", NULL, 200, "\"session_id\":\"s1\"");
    headers[0] = '\0';
    ask(rig, "GET " AT "/s1", NULL, 401, "{\"error\":\"unauthorized\"}");
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_from_its_begin_to_its_end),
        cmocka_unit_test(without_a_room_it_is_not_granted),
        cmocka_unit_test(by_default_a_scope_decides),
        cmocka_unit_test(open_takes_any_bearer),
    };
    return cmocka_run_group_tests_name("video", tests, NULL, NULL);
}
