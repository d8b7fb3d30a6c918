/* test_video_api.c - video sessions over HTTP: what is asked of roompool, what
 * is said of its replies, what is refused before. */
#include "call_rig.h"

#include "video_api.h"

#define JSON   "Content-Type: application/json\r\n"
#define FORM   "Content-Type: application/x-www-form-urlencoded\r\n"
#define HOST   "Host: a.example:8443\r\n\r\n"
#define BASE   "/video/v2/sessions"
#define PREFIX "https://id.gov.bc.ca/idcheck/"

static pl_video_rules rules;
static pl_json *made;

static int set_rules(void **state)
{
    (void)state;
    rules = (pl_video_rules){.host = "",
                             .reference = "{ref1},{ref2}",
                             .tag_prefix = PREFIX,
                             .base = "https://api.example/"};
    rig_video = &rules;
    rig_wall_ms = INT64_C(1771012000000);
    rig_device = "";
    return 0;
}

static int drop_rules(void **state)
{
    (void)state;
    pl_json_free(&made);
    return 0;
}

static const pl_json *parse(const char *text)
{
    pl_json_free(&made);
    assert_int_equal(pl_json_parse(pl_slice_str(text), &made), PL_OK);
    return made;
}

static void begin(call_rig *rig, const char *request, const char *body)
{
    rig_begin_as(rig, request, body, PL_SCOPE_VIDEO, false);
}

static void refused(const char *request, const char *body, int status,
                    const char *want)
{
    call_rig rig;
    begin(&rig, request, body);
    if (rig.e) {
        pl_answer_reset(&rig.answer);
        pl_video_fail(&rig.call, rig.e, NULL, &rig.answer);
    }
    assert_null(rig.call.desc);
    if (rig.answer.status != status)
        print_error("%s: %s\n", request, pl_buf_text(&rig.answer.body));
    assert_int_equal(rig.answer.status, status);
    assert_string_equal(pl_buf_text(&rig.answer.body), want);
    rig_end(&rig);
}

static const pl_video_session SESSION = {
    .session_id = "0b9f",
    .client_id = "123",
    .device_code = "xyz",
    .state = PL_VIDEO_STATE_STARTED,
    .room_name = "q8yT2mVnR0s5",
    .room_alias = "q8yT2mVnR0s5",
    .guest_pin = "9036",
    .destination_host = "conference.example.org",
    .queue_position = 1,
    .created_ms = INT64_C(1771012000999),
    .status_ms = INT64_C(1771012001000),
};
#define OBJECT(status)                                                         \
    "{\"client_id\":\"123\",\"device_code\":\"xyz\",\"session_id\":\"0b9f\","  \
    "\"destination_host\":\"conference.example.org\","                         \
    "\"room_name\":\"q8yT2mVnR0s5\",\"room_alias\":\"q8yT2mVnR0s5\","          \
    "\"guest_pin\":\"9036\",\"queue_position\":1,\"status\":\"" status         \
    "\",\"status_date\":1771012001,\"created_date\":1771012000}"

/* ---- making ---- */

static void a_session_is_asked_for_in_each_form(void **state)
{
    static const struct {
        const char *request, *body;
    } rows[] = {
        {"POST " BASE " HTTP/1.1\r\n" JSON HOST,
         "{\"client_id\":\"123\",\"device_code\":\"xyz\"}"},
        {"POST " BASE " HTTP/1.1\r\n" JSON HOST,
         "{\"client_id\":123,\"device_code\":\"xyz\",\"more\":[]}"},
        {"POST " BASE " HTTP/1.1\r\n" HOST,
         "{\"client_id\":\"123\",\"device_code\":\"xyz\"}"},
        {"POST " BASE " HTTP/1.1\r\n" FORM HOST,
         "client_id=123&device_code=xyz"},
        {"POST " BASE "?client_id=123&device_code=%78yz HTTP/1.1\r\n" HOST, ""},
        {"POST " BASE "?client_id=123 HTTP/1.1\r\n" JSON HOST,
         "{\"device_code\":\"xyz\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        call_rig rig;
        const pl_video_create *m = &rig.call.message.video_create;
        begin(&rig, rows[i].request, rows[i].body);
        assert_int_equal(rig.e, PL_OK);
        assert_ptr_equal(rig.call.desc, &PL_MSG_VIDEO_CREATE);
        assert_string_equal(m->client_id, "123");
        assert_string_equal(m->device_code, "xyz");
        assert_string_equal(m->destination_host, "a.example:8443");
        assert_int_equal(strlen(m->reference), 13);
        assert_int_equal(m->reference[6], ',');
        assert_int_equal(strspn(m->reference, "0123456789,"), 13);
        assert_memory_equal(m->tag, PREFIX, strlen(PREFIX));
        assert_int_equal(strlen(m->tag), strlen(PREFIX) + 18);
        rig_finish(&rig, PL_OK, &PL_MSG_VIDEO_SESSION, &SESSION);
        assert_int_equal(rig.answer.status, 201);
        assert_string_equal(pl_buf_text(&rig.answer.body),
                            OBJECT("session_started"));
        rig_end(&rig);
    }
}

static void host_and_reference_are_configured(void **state)
{
    call_rig rig;
    const pl_video_create *m = &rig.call.message.video_create;
    (void)state;
    rules.host = "meet.example";
    rules.reference = "x-{client_id}-{device_code}-{ref1}";
    begin(&rig, "POST " BASE "?client_id=1&device_code=2 HTTP/1.1\r\n" HOST,
          "");
    assert_string_equal(m->destination_host, "meet.example");
    assert_memory_equal(m->reference, "x-1-2-", 6);
    assert_int_equal(strlen(m->reference), 12);
    rig_end(&rig);
    rules.reference = "";
    begin(&rig, "POST " BASE "?client_id=1&device_code=2 HTTP/1.1\r\n" HOST,
          "");
    assert_ptr_equal(rig.call.desc, &PL_MSG_VIDEO_CREATE);
    assert_string_equal(m->reference, "");
    assert_string_equal(m->tag, "");
    rig_end(&rig);
    assert_true(pl_reference_is_good("{ref1},{ref2}"));
    assert_true(pl_reference_is_good(""));
    assert_false(pl_reference_is_good("{ref3}"));
    assert_false(pl_reference_is_good("a b"));
}

static void what_is_missing_or_no_good_is_named(void **state)
{
    static char long_name[400] = "POST " BASE "?device_code=1&client_id=";
    size_t n = strlen(long_name);
    (void)state;
#define POST_JSON "POST " BASE " HTTP/1.1\r\n" JSON HOST
#define INVALID(field, reason)                                                 \
    "{\"error\":\"invalid_request\",\"field\":\"" field                        \
    "\",\"reason\":\"" reason "\"}"
    refused(POST_JSON, "{}", 422, INVALID("client_id", "is missing"));
    refused(POST_JSON, "", 422, INVALID("client_id", "is missing"));
    refused(POST_JSON, "{\"client_id\":\"1\"}", 422,
            INVALID("device_code", "is missing"));
    refused(POST_JSON, "{\"client_id\":\"\",\"device_code\":\"1\"}", 422,
            INVALID("client_id", "is missing"));
    refused(POST_JSON, "{\"client_id\":[1],\"device_code\":\"1\"}", 422,
            INVALID("client_id", "is no text, or too long"));
    refused(POST_JSON, "{\"client_id\":\"a\\nb\",\"device_code\":\"1\"}", 422,
            INVALID("client_id", "is no text, or too long"));
    refused("POST " BASE "?client_id=a%0A&device_code=1 HTTP/1.1\r\n" HOST, "",
            422, INVALID("client_id", "is no text, or too long"));
    memset(long_name + n, 'a', 129);
    (void)snprintf(long_name + n + 129, 60, " HTTP/1.1\r\n" HOST);
    refused(long_name, "", 422,
            INVALID("client_id", "is no text, or too long"));
    refused(POST_JSON, "{", 400, "{\"error\":\"invalid_json\"}");
    refused(POST_JSON, "[]", 400, "{\"error\":\"invalid_json\"}");
    refused("POST " BASE " HTTP/1.1\r\nContent-Type: text/xml\r\n" HOST, "<a/>",
            415, "{\"error\":\"unsupported_media_type\"}");
    refused("PUT " BASE "/1 HTTP/1.1\r\n" JSON HOST, "{}", 422,
            INVALID("status", "is missing"));
    refused("PUT " BASE "/1 HTTP/1.1\r\n" JSON HOST,
            "{\"status\":\"call_ringing\"}", 422,
            INVALID("status", "is none of session_started, session_failed, "
                              "session_ended"));
    refused("PUT " BASE "/1/calls HTTP/1.1\r\n" JSON HOST,
            "{\"status\":\"unknown\"}", 422,
            INVALID("status",
                    "is none of call_ringing, call_media_pending, "
                    "call_in_call, call_reconnected, call_dropped, call_error, "
                    "call_ended"));
    refused("PUT " BASE "/1/calls/c1 HTTP/1.1\r\n" JSON HOST,
            "{\"status\":\"call_ended\",\"client_call_id\":\"c2\"}", 422,
            INVALID("client_call_id", "is not that of the path"));
}

static void a_device_speaks_for_itself_only(void **state)
{
    call_rig rig;
    const pl_video_get *m = &rig.call.message.video_get;
    (void)state;
    rig_device = "xyz"; /* of client dev */
    refused("POST " BASE "?client_id=dev&device_code=abc HTTP/1.1\r\n" HOST, "",
            403, "{\"error\":\"forbidden\"}");
    refused("POST " BASE "?client_id=123&device_code=xyz HTTP/1.1\r\n" HOST, "",
            403, "{\"error\":\"forbidden\"}");
    begin(&rig, "POST " BASE "?client_id=dev&device_code=xyz HTTP/1.1\r\n" HOST,
          "");
    assert_ptr_equal(rig.call.desc, &PL_MSG_VIDEO_CREATE);
    rig_end(&rig);
    begin(&rig, "GET " BASE "/0b9f HTTP/1.1\r\n" HOST, "");
    assert_string_equal(m->client_id, "dev");
    assert_string_equal(m->device_code, "xyz");
    assert_true(PL_MSG_HAS(VIDEO_GET, video_get, m, device_code));
    rig_end(&rig);
    rig_device = "";
    begin(&rig, "GET " BASE "/0b9f HTTP/1.1\r\n" HOST, "");
    assert_string_equal(m->id, "0b9f");
    assert_false(PL_MSG_HAS(VIDEO_GET, video_get, m, device_code));
    rig_end(&rig);
}

static void each_error_has_its_answer(void **state)
{
    static const struct {
        pl_err e;
        int status;
        const char *text;
    } rows[] = {
        {PL_EFULL, 503, "no_room"},
        {PL_EUNAVAILABLE, 503, "unavailable"},
        {PL_ETIMEOUT, 503, "unavailable"},
        {PL_EDRAIN, 503, "unavailable"},
    };
    call_rig rig;
    char want[128];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&rig, "POST " BASE "?client_id=1&device_code=2 HTTP/1.1\r\n" HOST,
              "");
        rig_finish(&rig, rows[i].e, NULL, NULL);
        assert_int_equal(rig.answer.status, rows[i].status);
        (void)snprintf(want, sizeof want,
                       "{\"error\":\"%s\",\"status\":\"session_not_granted\"}",
                       rows[i].text);
        assert_string_equal(pl_buf_text(&rig.answer.body), want);
        assert_true(rig_has_header(&rig, "Retry-After: 5"));
        rig_end(&rig);
    }
    begin(&rig, "POST " BASE "?client_id=1&device_code=2 HTTP/1.1\r\n" HOST,
          "");
    rig_finish(&rig, PL_ERATE, NULL, NULL);
    assert_int_equal(rig.answer.status, 429);
    assert_true(rig_has_header(&rig, "Retry-After: 60"));
    rig_end(&rig);
    begin(&rig, "PUT " BASE "/1?status=started HTTP/1.1\r\n" HOST, "");
    rig_finish(&rig, PL_ESTATE, NULL, NULL);
    assert_int_equal(rig.answer.status, 409);
    assert_string_equal(pl_buf_text(&rig.answer.body),
                        "{\"error\":\"invalid_state\"}");
    rig_end(&rig);
    begin(&rig, "GET " BASE "/1 HTTP/1.1\r\n" HOST, "");
    rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, &SESSION); /* not its reply */
    assert_int_equal(rig.answer.status, 500);
    rig_end(&rig);
}

/* ---- told ---- */

static void a_status_is_echoed_as_it_was_written(void **state)
{
    static const struct {
        const char *body, *want;
        uint32_t state;
    } rows[] = {
        {"{\"status\":\"started\"}", OBJECT("started"), PL_VIDEO_STATE_STARTED},
        {"{\"status\":\"session_started\"}", OBJECT("session_started"),
         PL_VIDEO_STATE_STARTED},
        {"{\"status\":\"ended\"}", OBJECT("ended"), PL_VIDEO_STATE_ENDED},
        {"{\"status\":\"session_ended\"}", OBJECT("session_ended"),
         PL_VIDEO_STATE_ENDED},
        {"{\"status\":\"failed\"}", OBJECT("failed"), PL_VIDEO_STATE_FAILED},
        {"{\"status\":\"session_granted\"}", OBJECT("session_granted"),
         PL_VIDEO_STATE_GRANTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        call_rig rig;
        begin(&rig, "PUT " BASE "/0b9f HTTP/1.1\r\n" JSON HOST, rows[i].body);
        assert_string_equal(rig.call.message.video_status.id, "0b9f");
        assert_int_equal(rig.call.message.video_status.state, rows[i].state);
        rig_finish(&rig, PL_OK, &PL_MSG_VIDEO_SESSION, &SESSION);
        assert_int_equal(rig.answer.status, 200);
        assert_string_equal(pl_buf_text(&rig.answer.body), rows[i].want);
        rig_end(&rig);
    }
}

static void calls_are_told_by_each_path(void **state)
{
    static const struct {
        const char *request, *body, *id;
        int status;
    } rows[] = {
        {"POST " BASE "/0b9f/calls HTTP/1.1\r\n" JSON HOST,
         "{\"session_id\":\"0b9f\",\"status\":\"call_in_call\","
         "\"client_call_id\":\"c1\"}",
         "c1", 201},
        {"PUT " BASE "/0b9f/calls/c1 HTTP/1.1\r\n" JSON HOST,
         "{\"status\":\"call_in_call\",\"client_call_id\":\"c1\"}", "c1", 200},
        {"PUT " BASE "/0b9f/calls/c1 HTTP/1.1\r\n" JSON HOST,
         "{\"status\":\"call_in_call\"}", "c1", 200},
        {"PUT " BASE "/0b9f/calls HTTP/1.1\r\n" FORM HOST,
         "session_id=0b9f&status=call_in_call", "", 200},
    };
    static const pl_video_call call = {.session_id = "0b9f",
                                       .call_id = "k",
                                       .client_call_id = "c1",
                                       .state = PL_VIDEO_CALL_STATE_IN_CALL,
                                       .status_ms = 5000};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        call_rig rig;
        const pl_video_call_put *m = &rig.call.message.video_call_put;
        begin(&rig, rows[i].request, rows[i].body);
        assert_ptr_equal(rig.call.desc, &PL_MSG_VIDEO_CALL_PUT);
        assert_string_equal(m->id, "0b9f");
        assert_string_equal(m->client_call_id, rows[i].id);
        assert_int_equal(m->state, PL_VIDEO_CALL_STATE_IN_CALL);
        rig_finish(&rig, PL_OK, &PL_MSG_VIDEO_CALL, &call);
        assert_int_equal(rig.answer.status, rows[i].status);
        assert_string_equal(
            pl_buf_text(&rig.answer.body),
            "{\"session_id\":\"0b9f\",\"call_id\":\"k\",\"client_call_id\":"
            "\"c1\",\"status\":\"call_in_call\",\"status_date\":5}");
        rig_end(&rig);
    }
}

/* ---- where and when ---- */

static void said(const char *request, const char *source, const char *want)
{
    call_rig rig;
    begin(&rig, request, "");
    if (source) { /* again, from elsewhere */
        rig.call.source = source;
        pl_answer_reset(&rig.answer);
        assert_int_equal(rig.match.route->op->prepare(&rig.call, &rig.answer),
                         PL_OK);
    }
    assert_int_equal(rig.answer.status, 200);
    assert_string_equal(pl_buf_text(&rig.answer.body), want);
    rig_end(&rig);
}

static void destinations_are_shown_in_full_to_staff_only(void **state)
{
    static const char request[] =
        "GET /video/v2/destinations HTTP/1.1\r\n" HOST;
    pl_cidr_list staff;
    (void)state;
    said(request, NULL,
         "[{\"destination_name\":\"Agents\",\"destination_priority\":1}]");
    rules.destinations = parse(
        "[{\"destination_name\":\"A\",\"destination_priority\":2,"
        "\"destination_host\":\"h\",\"max_active_sessions\":3,\"secret\":1}]");
    assert_null(pl_destinations_fault(rules.destinations));
    assert_int_equal(pl_cidr_parse(pl_slice_str("10.0.0.0/8"), &staff), PL_OK);
    rules.staff = &staff;
    said(request, NULL,
         "[{\"destination_name\":\"A\",\"destination_priority\":2}]");
    said(request, "10.1.2.3",
         "[{\"destination_name\":\"A\",\"destination_priority\":2,"
         "\"destination_host\":\"h\",\"max_active_sessions\":3}]");
    rules.destinations = parse("[]");
    said(request, NULL, "[]");
    assert_non_null(pl_destinations_fault(parse("{}")));
    assert_non_null(pl_destinations_fault(parse("[{\"x\":1}]")));
}

static void out_of_hours_there_is_no_session(void **state)
{
    static const char hours[] =
        "{\"time_zone\":\"UTC\",\"regular_service_periods\":[{\"start_day\":"
        "\"MON\",\"end_day\":\"FRI\",\"start_time\":\"07:30\",\"end_time\":"
        "\"17:00\"}],\"service_unavailable_periods\":[]}";
    static const char request[] =
        "POST " BASE "?client_id=1&device_code=2 HTTP/1.1\r\n" HOST;
    call_rig rig;
    (void)state;
    rules.hours = parse(hours); /* it is Friday, 19:46:40 */
    refused(request, "", 503,
            "{\"error\":\"outside_service_hours\",\"status\":"
            "\"session_not_granted\"}");
    said("GET /video/v2/service_hours HTTP/1.1\r\n" HOST, NULL, hours);
    rig_wall_ms -= INT64_C(4) * 3600 * 1000;
    begin(&rig, request, "");
    assert_ptr_equal(rig.call.desc, &PL_MSG_VIDEO_CREATE);
    rig_end(&rig);
}

static void discovery_names_the_endpoint(void **state)
{
    (void)state;
    said("GET /device/.well-known/openid-configuration HTTP/1.1\r\n" HOST, NULL,
         "{\"issuer\":\"https://api.example/\",\"video_call_endpoint\":"
         "\"https://api.example/video\",\"token_endpoint\":"
         "\"https://api.example/oauth2/token\",\"jwks_uri\":"
         "\"https://api.example/.well-known/jwks.json\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_rules, drop_rules)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_asked_for_in_each_form),
        TEST(host_and_reference_are_configured),
        TEST(what_is_missing_or_no_good_is_named),
        TEST(a_device_speaks_for_itself_only),
        TEST(each_error_has_its_answer),
        TEST(a_status_is_echoed_as_it_was_written),
        TEST(calls_are_told_by_each_path),
        TEST(destinations_are_shown_in_full_to_staff_only),
        TEST(out_of_hours_there_is_no_session),
        TEST(discovery_names_the_endpoint),
    };
    return cmocka_run_group_tests_name("video API", tests, NULL, NULL);
}
