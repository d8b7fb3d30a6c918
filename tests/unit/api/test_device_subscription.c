/* test_device_subscription.c - subscriptions of device applications. */
#include "device_rig.h"

#define API    "webrtc-events-subscriptions"
#define T(n)   "\"org.camaraproject." API ".v0." n "\""
#define OLD(n) "\"org.camaraproject.webrtc-events.v0." n "\""
#define SINK   "\"sink\":\"https://sink.example/s\""
#define HTTP   "\"protocol\":\"HTTP\""
#define TYPES  "\"types\":[" T("session-status") "]"
#define DETAIL "\"subscriptionDetail\":{\"deviceId\":\"" DEVICE "\"}"
#define CONFIG "\"config\":{" DETAIL "}"
#define CREDENTIAL(more)                                                       \
    "\"sinkCredential\":{\"credentialType\":\"ACCESSTOKEN\","                  \
    "\"accessTokenExpiresUtc\":\"2025-11-24T17:00:00Z\"" more "}"
#define BEARER ",\"accessToken\":\"abc\",\"accessTokenType\":\"bearer\""

static pl_subscription made(void)
{
    pl_subscription m = {.subscription_id = "s1",
                         .api = PL_NOTIFY_API_SUBSCRIPTIONS,
                         .types = 3,
                         .sink = "https://sink.example/s",
                         .device_id = DEVICE,
                         .status = PL_SUBSCRIPTION_STATUS_ACTIVE,
                         .starts_ms = NOW_MS};
    return m;
}

static void a_device_subscribes(void **state)
{
    const pl_subscription_create *m = &rig.call.message.subscription_create;
    pl_subscription reply_is = made();
    (void)state;
    be_a_user();
    ask("POST " R31_SUB, "",
        "{" HTTP "," SINK ",\"types\":[" T("session-invitation") "," T(
            "session-status") "]," CREDENTIAL(BEARER) ",\"config\":{" DETAIL
                                                      ",\"subscriptionExpireTim"
                                                      "e\":\"2025-11-24T18:00:"
                                                      "00+01:00\","
                                                      "\"subscriptionMaxEvents"
                                                      "\":7.0,\"initialEvent\":"
                                                      "true}}");
    assert_ptr_equal(rig.call.desc, &PL_MSG_SUBSCRIPTION_CREATE);
    assert_string_equal(m->client_id, "dev");
    assert_string_equal(m->subject, "user-1");
    assert_string_equal(m->token_number, NUMBER);
    assert_int_equal(m->api, PL_NOTIFY_API_SUBSCRIPTIONS);
    assert_int_equal(m->types, 3);
    assert_string_equal(m->sink, "https://sink.example/s");
    assert_string_equal(m->device_id, DEVICE);
    assert_string_equal(m->access_token, "abc");
    assert_int_equal(m->token_expires_ms, NOW_MS + 3600000);
    assert_int_equal(m->expires_ms, NOW_MS + 3600000);
    assert_int_equal(m->max_events, 7);
    assert_true(m->initial_event);
    reply_is.expires_ms = NOW_MS + 1000;
    reply_is.asked_expires_ms = NOW_MS + 3600000;
    reply_is.max_events = 7;
    reply_is.initial_event = true;
    PL_MSG_SET(SUBSCRIPTION, subscription, &reply_is, expires_ms);
    PL_MSG_SET(SUBSCRIPTION, subscription, &reply_is, asked_expires_ms);
    PL_MSG_SET(SUBSCRIPTION, subscription, &reply_is, initial_event);
    reply(PL_OK, &PL_MSG_SUBSCRIPTION, &reply_is);
    expect(201,
           "{\"id\":\"s1\",\"protocol\":\"HTTP\",\"sink\":"
           "\"https://sink.example/s\",\"types\":[" T("session-status") "," T(
               "session-invitation") "],\"config\":{\"subscriptionDetail\":"
                                     "{\"deviceId\":\"" DEVICE
                                     "\"},\"subscriptionExpireTime\":"
                                     "\"2025-11-24T17:00:00.000Z\","
                                     "\"subscriptionMaxEvents\":7,"
                                     "\"initialEvent\":true},\"startsAt\":"
                                     "\"2025-11-24T16:00:00.000Z\","
                                     "\"expiresAt\":\"2025-11-24T16:00:01."
                                     "000Z\",\"status\":\"ACTIVE\"}");
    assert_string_equal(rig.call.told, "s1");
    rig_end(&rig);
}

/* The same subscription shows the names of the path it is looked at by. */
static void names_follow_the_path(void **state)
{
    pl_subscription is = made();
    const pl_subscription_create *m = &rig.call.message.subscription_create;
    (void)state;
    ask("POST " VWIP_SUB, "",
        "{" HTTP "," SINK ",\"types\":[" OLD("registration-ends") "]," CONFIG
                                                                  ",\"x\":1}");
    assert_int_equal(m->api, PL_NOTIFY_API_EVENTS);
    assert_int_equal(m->types, 4);
    rig_end(&rig);
    ask("GET " VWIP_SUB "/s1", "", NULL);
    reply(PL_OK, &PL_MSG_SUBSCRIPTION, &is);
    assert_non_null(
        strstr(pl_buf_text(&rig.answer.body), OLD("session-status")));
    rig_end(&rig);
}

/* r2.2 names a registration: its device is asked for first. */
static void an_old_client_names_its_registration(void **state)
{
    static const char body[] = "{" HTTP "," SINK ",\"types\":[" OLD(
        "session-status") "],\"config\":{\"subscriptionDetail\":"
                          "{\"registrationId\":\"r1\"}}}";
    const pl_registration reg = {
        .registration_id = "r1", .device_id = DEVICE, .number = NUMBER};
    const pl_subscription_create *m = &rig.call.message.subscription_create;
    pl_subscription is = made();
    (void)state;
    ask("POST " R22_SUB, "", body);
    assert_ptr_equal(rig.call.desc, &PL_MSG_REGISTRATION_GET);
    assert_string_equal(rig.call.message.registration_get.registration_id,
                        "r1");
    reply(PL_OK, &PL_MSG_REGISTRATION, &reg);
    assert_true(rig.call.is_partial);
    assert_ptr_equal(rig.call.desc, &PL_MSG_SUBSCRIPTION_CREATE);
    assert_string_equal(m->device_id, DEVICE);
    assert_string_equal(m->registration_id, "r1");
    (void)snprintf(is.registration_id, sizeof is.registration_id, "r1");
    reply(PL_OK, &PL_MSG_SUBSCRIPTION, &is);
    assert_false(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 201);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body),
                           "{\"deviceId\":\"" DEVICE
                           "\",\"registrationId\":\"r1\"}"));
    rig_end(&rig);
    ask("POST " R22_SUB, "", body);
    reply_refusal(PL_DEVICE_FAULT_NOT_FOUND, 0);
    expect_error(422, "SERVICE_NOT_APPLICABLE", "registration");
    assert_false(rig.call.is_partial);
    rig_end(&rig);
    ask("POST " R22_SUB, "", body);
    reply(PL_ETIMEOUT, NULL, NULL);
    expect_error(504, "TIMEOUT", "message");
    rig_end(&rig);
    refused("POST " R22_SUB,
            "{" HTTP "," SINK ",\"types\":[" OLD("session-status") "]," CONFIG
                                                                   "}",
            400, "INVALID_ARGUMENT", "registrationId is missing");
    refused("POST " R22_SUB,
            "{" HTTP "," SINK ",\"types\":[" OLD("session-status") "," OLD(
                "session-invitation") "]," CONFIG "}",
            422, "MULTIEVENT_SUBSCRIPTION_NOT_SUPPORTED", "types");
}

static void each_type_has_its_scope(void **state)
{
    static const char both[] = "{" HTTP "," SINK ",\"types\":[" T(
        "session-status") "," T("registration-ends") "]," CONFIG "}";
    static const char scope[] =
        API ":org.camaraproject." API ".v0.session-status:create";
    (void)state;
    rig_scope_text = scope;
    ask("POST " R31_SUB, "", "{" HTTP "," SINK "," TYPES "," CONFIG "}");
    assert_non_null(rig.call.desc);
    rig_end(&rig);
    refused("POST " R31_SUB, both, 403, "SUBSCRIPTION_MISMATCH", "types");
    refused("POST " R31_SUB,
            "{" HTTP "," SINK ",\"types\":[" T("registration-ends") "]," CONFIG
                                                                    "}",
            403, "PERMISSION_DENIED", "token");
    refused("POST " VWIP_SUB, both, 403, "PERMISSION_DENIED", "token");
    rig_scope_text = API ":read";
    refused("POST " R31_SUB, "{", 403, "PERMISSION_DENIED", "token");
}

static const struct {
    const char *body, *code, *part;
} BAD_BODIES[] = {
    {"[]", "INVALID_ARGUMENT", "object"},
    {"{}", "INVALID_ARGUMENT", "protocol is missing"},
    {"{\"protocol\":\"MQTT5\"," SINK "," TYPES "," CONFIG "}",
     "INVALID_PROTOCOL", "protocol"},
    {"{\"protocol\":7," SINK "," TYPES "," CONFIG "}", "INVALID_ARGUMENT",
     "protocol"},
    {"{" HTTP "," TYPES "," CONFIG "}", "INVALID_ARGUMENT", "sink is missing"},
    {"{" HTTP ",\"sink\":\"http://a.example/\"," TYPES "," CONFIG "}",
     "INVALID_SINK", "sink"},
    {"{" HTTP ",\"sink\":\"https://\"," TYPES "," CONFIG "}", "INVALID_SINK",
     "sink"},
    {"{" HTTP ",\"sink\":7," TYPES "," CONFIG "}", "INVALID_ARGUMENT", "sink"},
    {"{" HTTP "," SINK "," CONFIG "}", "INVALID_ARGUMENT", "types is missing"},
    {"{" HTTP "," SINK ",\"types\":[]," CONFIG "}", "INVALID_ARGUMENT",
     "types"},
    {"{" HTTP "," SINK ",\"types\":{}," CONFIG "}", "INVALID_ARGUMENT",
     "types"},
    {"{" HTTP "," SINK ",\"types\":[7]," CONFIG "}", "INVALID_ARGUMENT",
     "types"},
    {"{" HTTP "," SINK ",\"types\":[" T("subscription-ended") "]," CONFIG "}",
     "INVALID_ARGUMENT", "types"},
    {"{" HTTP "," SINK ",\"types\":[" OLD("session-status") "]," CONFIG "}",
     "INVALID_ARGUMENT", "types"},
    {"{" HTTP "," SINK "," TYPES "}", "INVALID_ARGUMENT", "config is missing"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":7}", "INVALID_ARGUMENT",
     "config is not"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{}}", "INVALID_ARGUMENT",
     "config.subscriptionDetail is missing"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{\"subscriptionDetail\":{}}}",
     "INVALID_ARGUMENT", "config.subscriptionDetail.deviceId is missing"},
    {"{" HTTP "," SINK "," TYPES
     ",\"config\":{\"subscriptionDetail\":{\"deviceId\":\"x\"}}}",
     "INVALID_ARGUMENT", "config.subscriptionDetail.deviceId is not"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL ",\"x\":1}}",
     "INVALID_ARGUMENT", "config.x is not"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL
     ",\"subscriptionExpireTime\":\"x\"}}",
     "INVALID_ARGUMENT", "config.subscriptionExpireTime is not"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL
     ",\"subscriptionExpireTime\":\"2025-11-24T16:00:00Z\"}}",
     "INVALID_ARGUMENT", "config.subscriptionExpireTime is past"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL
     ",\"subscriptionMaxEvents\":0}}",
     "OUT_OF_RANGE", "config.subscriptionMaxEvents"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL
     ",\"subscriptionMaxEvents\":1000001}}",
     "OUT_OF_RANGE", "config.subscriptionMaxEvents"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL
     ",\"subscriptionMaxEvents\":1.5}}",
     "INVALID_ARGUMENT", "config.subscriptionMaxEvents"},
    {"{" HTTP "," SINK "," TYPES ",\"config\":{" DETAIL ",\"initialEvent\":1}}",
     "INVALID_ARGUMENT", "config.initialEvent"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG ",\"x\":1}", "INVALID_ARGUMENT",
     "x is not"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG ",\"sinkCredential\":7}",
     "INVALID_ARGUMENT", "sinkCredential"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG ",\"sinkCredential\":{}}",
     "INVALID_ARGUMENT", "sinkCredential.credentialType is missing"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG
     ",\"sinkCredential\":{\"credentialType\":\"PLAIN\"}}",
     "INVALID_CREDENTIAL", "sinkCredential.credentialType"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG "," CREDENTIAL("") "}",
     "INVALID_ARGUMENT", "sinkCredential.accessToken is missing"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG
     "," CREDENTIAL(",\"accessToken\":\"abc\"") "}",
     "INVALID_ARGUMENT", "sinkCredential.accessTokenType is missing"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG
     "," CREDENTIAL(",\"accessToken\":\"abc\",\"accessTokenType\":\"mac\"") "}",
     "INVALID_TOKEN", "sinkCredential.accessTokenType"},
    {"{" HTTP "," SINK "," TYPES "," CONFIG
     "," CREDENTIAL(",\"accessToken\":\"a\\r\\nb\",\"accessTokenType\":"
                    "\"bearer\"") "}",
     "INVALID_TOKEN", "sinkCredential.accessToken"},
};

static void what_a_subscription_cannot_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD_BODIES / sizeof BAD_BODIES[0]; i++)
        refused("POST " R31_SUB, BAD_BODIES[i].body, 400, BAD_BODIES[i].code,
                BAD_BODIES[i].part);
    /* members of older generations that are passed over */
    ask("POST " R31_SUB, "",
        "{" HTTP "," SINK "," TYPES
        ",\"config\":{\"subscriptionDetail\":{\"deviceId\":\"" DEVICE
        "\",\"registrationId\":\"r\",\"sessionId\":\"s\"}}}");
    assert_non_null(rig.call.desc);
    rig_end(&rig);
}

static void refusals_of_a_subscription(void **state)
{
    static const struct {
        uint32_t fault;
        int status;
        const char *code;
    } rows[] = {
        {PL_DEVICE_FAULT_INVALID_SINK, 400, "INVALID_SINK"},
        {PL_DEVICE_FAULT_SUBSCRIPTION_MISMATCH, 403, "SUBSCRIPTION_MISMATCH"},
        {PL_DEVICE_FAULT_ALREADY_EXISTS, 409, "ALREADY_EXISTS"},
        {PL_DEVICE_FAULT_ABORTED, 409, "ABORTED"},
        {PL_DEVICE_FAULT_SERVICE_NOT_APPLICABLE, 422, "SERVICE_NOT_APPLICABLE"},
        {PL_DEVICE_FAULT_QUOTA_EXCEEDED, 429, "QUOTA_EXCEEDED"},
        {PL_DEVICE_FAULT_TOO_MANY_REQUESTS, 429, "TOO_MANY_REQUESTS"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask("POST " R31_SUB, "", "{" HTTP "," SINK "," TYPES "," CONFIG "}");
        reply_refusal(rows[i].fault, 0);
        expect_error(rows[i].status, rows[i].code, "why");
        rig_end(&rig);
    }
    ask("GET " R31_SUB "/s1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT, 0);
    expect_error(403, "PERMISSION_DENIED", "why");
    rig_end(&rig);
}

static void subscriptions_are_listed(void **state)
{
    pl_subscription is = made();
    const pl_subscription_next *m = &rig.call.message.subscription_next;
    (void)state;
    ask("GET " R31_SUB, "", NULL);
    assert_string_equal(m->after_id, "");
    for (int i = 0; i < 99; i++) {
        reply(PL_OK, &PL_MSG_SUBSCRIPTION, &is);
        assert_true(rig.call.is_partial);
    }
    assert_string_equal(m->after_id, "s1");
    reply(PL_OK, &PL_MSG_SUBSCRIPTION, &is);
    assert_false(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 200);
    rig_end(&rig);
    ask("GET " R22_SUB, "", NULL);
    reply(PL_ENOENT, NULL, NULL);
    expect(200, "[]");
    rig_end(&rig);
}

static void a_subscription_is_changed_and_ended(void **state)
{
    pl_subscription is = made();
    const pl_subscription_change *m = &rig.call.message.subscription_change;
    (void)state;
    ask("PUT " R31_SUB "/s1", "",
        "{\"config\":{\"subscriptionExpireTime\":\"2025-11-24T17:00:00Z\"}"
        "," CREDENTIAL(BEARER) "}");
    assert_string_equal(m->subscription_id, "s1");
    assert_int_equal(m->expires_ms, NOW_MS + 3600000);
    assert_string_equal(m->access_token, "abc");
    reply(PL_OK, &PL_MSG_SUBSCRIPTION, &is);
    assert_int_equal(rig.answer.status, 200);
    rig_end(&rig);
    ask("PUT " VWIP_SUB "/s1", "", "{" CREDENTIAL(BEARER) "}");
    reply_refusal(PL_DEVICE_FAULT_SERVICE_NOT_APPLICABLE, 0);
    expect_error(422, "SERVICE_NOT_APPLICABLE", "why");
    rig_end(&rig);
    ask("DELETE " R31_SUB "/s1", "", NULL);
    assert_string_equal(rig.call.message.subscription_delete.subscription_id,
                        "s1");
    reply(PL_OK, &PL_MSG_OK_REPLY, &(pl_ok){0});
    expect(204, "");
    rig_end(&rig);
    ask("DELETE " R22_SUB "/s1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_NOT_FOUND, 0);
    expect_error(404, "NOT_FOUND", "why");
    rig_end(&rig);
}

static void what_cannot_be_changed(void **state)
{
    static const struct {
        const char *body, *code, *part;
    } rows[] = {
        {NULL, "INVALID_ARGUMENT", "object"},
        {"{}", "INVALID_ARGUMENT", "changes nothing"},
        {"{\"config\":{}}", "INVALID_ARGUMENT", "changes nothing"},
        {"{\"config\":7}", "INVALID_ARGUMENT", "config"},
        {"{\"sink\":\"https://a.example/\"}", "INVALID_ARGUMENT", "member"},
        {"{\"config\":{\"subscriptionMaxEvents\":7}}", "INVALID_ARGUMENT",
         "config"},
        {"{\"config\":{\"subscriptionExpireTime\":"
         "\"2020-01-01T00:00:00Z\"}}",
         "INVALID_ARGUMENT", "config.subscriptionExpireTime is past"},
        {"{\"sinkCredential\":{\"credentialType\":\"PLAIN\"}}",
         "INVALID_CREDENTIAL", "sinkCredential.credentialType"},
        {"{" CREDENTIAL(",\"accessToken\":\"a\",\"accessTokenType\":\"x\"") "}",
         "INVALID_TOKEN", "sinkCredential.accessTokenType"},
    };
    static const char *const paths[] = {"PUT " R31_SUB "/s1",
                                        "PUT " VWIP_SUB "/s1"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 2; k++)
            refused(paths[k], rows[i].body, 400, rows[i].code, rows[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_device_subscribes, be_a_client),
        cmocka_unit_test_setup(names_follow_the_path, be_a_client),
        cmocka_unit_test_setup(an_old_client_names_its_registration,
                               be_a_client),
        cmocka_unit_test_setup(each_type_has_its_scope, be_a_client),
        cmocka_unit_test_setup(what_a_subscription_cannot_be, be_a_client),
        cmocka_unit_test_setup(refusals_of_a_subscription, be_a_client),
        cmocka_unit_test_setup(subscriptions_are_listed, be_a_client),
        cmocka_unit_test_setup(a_subscription_is_changed_and_ended,
                               be_a_client),
        cmocka_unit_test_setup(what_cannot_be_changed, be_a_client),
    };
    return cmocka_run_group_tests_name("device subscriptions", tests, NULL,
                                       NULL);
}
