/* test_devices.c - the device APIs through the whole front end: the order of
 * checks, correlators on every answer, lists in many steps, and that roompool
 * is told when an answer has arrived. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

#include "fake_devices.h"

static char headers[9000];
static tls_reply reply;

#define DEVICE "0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e10"
#define REG    "/webrtc-registration/v0.4rc1/sessions"
#define CALLS  "/webrtc-call-handling/v0.4rc1/sessions"
#define EVENTS "/webrtc-events/vwip/subscriptions"
#define ID     "x-correlator: id-1\r\n"

/* A token of a user with a number, and further lines. scope: "" no token */
static void use(api_rig *rig, const char *scope, const char *more)
{
    char form[512];
    (void)snprintf(form, sizeof form, "user=%%2B493055501001&scope=%s", scope);
    (void)snprintf(headers, sizeof headers, "%s%s%s%s",
                   scope[0] ? "Authorization: Bearer " : "",
                   scope[0] ? rig_token_with(rig, form) : "",
                   scope[0] ? "\r\n" : "", more);
}

static void ask(api_rig *rig, const char *line, const char *body, int status,
                const char *part)
{
    rig_request(rig, line, headers, body, &reply);
    if (reply.status != status || !strstr(reply.body, part))
        print_error("%s: %d %s\n", line, reply.status, reply.body);
    assert_int_equal(reply.status, status);
    assert_non_null(strstr(reply.body, part));
    if (strstr(headers, ID))
        assert_string_equal(tls_header(&reply, "x-correlator"), "id-1");
}

static void checks_have_an_order(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "", ID "Content-Type: text/plain\r\n");
    ask(rig, "POST /webrtc-registration/v9/sessions", "x", 404, "NOT_FOUND");
    ask(rig, "PATCH " REG, "x", 405, "METHOD_NOT_ALLOWED");
    ask(rig, "BREW " REG, "x", 405, "METHOD_NOT_ALLOWED");
    assert_string_equal(tls_header(&reply, "Allow"),
                        "OPTIONS, GET, HEAD, POST");
    ask(rig, "DELETE " REG "/", NULL, 400, "INVALID_ARGUMENT");
    ask(rig, "PUT " CALLS "/status", "{}", 400, "INVALID_ARGUMENT");
    ask(rig, "POST " REG, "{}", 415, "UNSUPPORTED_MEDIA_TYPE");
    use(rig, "", ID "Accept: text/html\r\n");
    ask(rig, "GET " REG, NULL, 406, "NOT_ACCEPTABLE");
    use(rig, "", ID);
    ask(rig, "POST " REG, "{", 401, "UNAUTHENTICATED");
    assert_string_equal(tls_header(&reply, "WWW-Authenticate"), "Bearer");
    assert_string_equal(tls_header(&reply, "Content-Type"), "application/json");
    use(rig, "webrtc-registration:sessions:read", ID);
    ask(rig, "POST " REG, "{", 403, "PERMISSION_DENIED");
    use(rig, "webrtc-registration:sessions:create", ID);
    ask(rig, "POST " REG, "{", 400, "INVALID_ARGUMENT");
    ask(rig, "POST " REG,
        "{\"deviceId\":\"" DEVICE "\",\"phoneNumber\":\"+493055501001\"}", 422,
        "UNNECESSARY_IDENTIFIER");
    use(rig, "webrtc-registration:sessions:read", ID);
    ask(rig, "GET " REG "/r9", NULL, 404, "NOT_FOUND");
    use(rig, "webrtc-registration:sessions:read", "x-correlator: a b\r\n");
    ask(rig, "GET " REG "/r1", NULL, 400, "x-correlator");
    assert_string_equal(tls_header(&reply, "x-correlator"), "");
    rig_stop(&rig);
}

static void what_is_too_large_is_an_error_info(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client = rig_connect(rig);
    assert_true(tls_send_text(client, "POST " REG " HTTP/1.1\r\nHost: a\r\n" ID
                                      "Content-Length: 300000\r\n\r\n"));
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 413);
    assert_non_null(strstr(reply.body, "\"code\":\"PAYLOAD_TOO_LARGE\""));
    assert_string_equal(tls_header(&reply, "x-correlator"), "id-1");
    tls_close(&client);
    rig_stop(&rig);
}

static void registrations(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "webrtc-registration:sessions:create", ID);
    ask(rig, "POST " REG, "{\"deviceId\":\"" DEVICE "\"}", 201,
        "\"phoneNumber\":\"+493055501001\"");
    ask(rig, "POST /webrtc-registration/v0.3/sessions",
        "{\"deviceId\":\"" DEVICE "\"}", 200, "\"registrationId\":\"r1\"");
    use(rig, "webrtc-registration:sessions:read", ID);
    ask(rig, "GET " REG "?deviceId=" DEVICE, NULL, 200,
        "},{\"registrationId\":\"r2\"");
    ask(rig, "GET " REG "/r1", NULL, 200, "Registered");
    use(rig, "webrtc-registration:sessions:delete", ID);
    ask(rig, "DELETE " REG "/r1", NULL, 204, "");
    ask(rig, "DELETE " REG "/r9", NULL, 404, "refused");
    assert_int_equal(fake_devices_told(), 0);
    assert_int_equal(rig_metric(rig, PL_AM_device_reg_create), 2);
    assert_int_equal(rig_metric(rig, PL_AM_device_reg_delete), 2);
    assert_int_equal(rig_metric(rig, PL_AM_device_4xx), 1);
    rig_stop(&rig);
}

/* Events of what was made wait until its answer has arrived. */
static void roompool_is_told(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "webrtc-call-handling:sessions:create",
        ID "registrationId: r1\r\n");
    ask(rig, "POST " CALLS,
        "{\"originatorAddress\":\"tel:+493055501001\",\"receiverAddress\":"
        "\"tel:+493055501002\",\"offer\":{\"sdp\":\"v=0\"}}",
        201, "\"status\":\"Initial\"");
    RIG_WAIT(fake_devices_told() == 1);
    assert_string_equal(fake_devices_last_told(), "M1");
    ask(rig, "POST " CALLS,
        "{\"originatorAddress\":\"tel:+493055501001\",\"receiverAddress\":"
        "\"tel:+500000000\",\"offer\":{\"sdp\":\"v=0\"}}",
        429, "TOO_MANY_REQUESTS");
    assert_string_equal(tls_header(&reply, "Retry-After"), "7");
    use(rig,
        "webrtc-events:org.camaraproject.webrtc-events.v0.session-status:"
        "create",
        ID);
    ask(rig, "POST " EVENTS,
        "{\"protocol\":\"HTTP\",\"sink\":\"https://sink.example/s\",\"types\":["
        "\"org.camaraproject.webrtc-events.v0.session-status\"],\"config\":"
        "{\"subscriptionDetail\":{\"deviceId\":\"" DEVICE "\"}}}",
        201, "\"id\":\"s1\"");
    RIG_WAIT(fake_devices_told() == 2);
    assert_string_equal(fake_devices_last_told(), "s1");
    use(rig, "webrtc-events:read", ID);
    ask(rig, "GET " EVENTS, NULL, 200, "},{\"id\":\"s2\"");
    rig_stop(&rig);
}

static void any_page_may_ask(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(headers, sizeof headers, "Origin: https://app.example\r\n");
    ask(rig, "OPTIONS " CALLS "/M1/status", NULL, 204, "");
    assert_string_equal(tls_header(&reply, "Allow"), "OPTIONS, PUT");
    const char *allowed = tls_header(&reply, "Access-Control-Allow-Headers");
    assert_non_null(strstr(allowed, "registrationId"));
    assert_non_null(strstr(allowed, "x-correlator"));
    assert_non_null(strstr(allowed, "Authorization"));
    assert_non_null(strstr(allowed, "Content-Type"));
    assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"), "*");
    ask(rig, "GET " CALLS "/M1", NULL, 401, "UNAUTHENTICATED");
    assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"), "*");
    assert_non_null(strstr(tls_header(&reply, "Access-Control-Expose-Headers"),
                           "x-correlator"));
    rig_stop(&rig);
}

static void without_roompool_it_says_when(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    use(rig, "webrtc-registration:sessions:read", ID);
    rig_set_ready(rig, false);
    ask(rig, "GET " REG "/r1", NULL, 503, "UNAVAILABLE");
    assert_string_equal(tls_header(&reply, "Retry-After"), "5");
    assert_int_equal(rig_metric(rig, PL_AM_device_5xx), 1);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_have_an_order),
        cmocka_unit_test(what_is_too_large_is_an_error_info),
        cmocka_unit_test(registrations),
        cmocka_unit_test(roompool_is_told),
        cmocka_unit_test(any_page_may_ask),
        cmocka_unit_test(without_roompool_it_says_when),
    };
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
