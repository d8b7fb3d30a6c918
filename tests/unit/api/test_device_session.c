/* test_device_session.c - calls of device applications over HTTP. */
#include "device_rig.h"

#define WITH          "registrationId: r1\r\n"
#define OFFER         "\"offer\":{\"sdp\":\"v=0\\r\\n\"}"
#define TO(address)   "\"receiverAddress\":\"" address "\""
#define FROM(address) "\"originatorAddress\":\"" address "\","
#define PLAIN         FROM("tel:" NUMBER) TO("tel:+493055501002") "," OFFER

static pl_media_session call_of(uint32_t status)
{
    pl_media_session m = {.media_session_id = "M1",
                          .originator = "tel:" NUMBER,
                          .receiver = "tel:+493055501002",
                          .status = status,
                          .offer = pl_slice_str("v=0\r\n")};
    return m;
}

static void a_device_calls(void **state)
{
    const pl_media_session_create *m = &rig.call.message.media_session_create;
    pl_media_session made = call_of(PL_MEDIA_STATUS_INITIAL);
    (void)state;
    be_a_user();
    ask("POST " R31_CALL, WITH,
        "{" PLAIN ",\"originatorName\":\"\xc3\x84nne\",\"receiverName\":\"Bo\","
        "\"callType\":\"REGULAR\",\"clientCorrelator\":\"c1\","
        "\"locationDetails\":{\"method\":\"GPS\"}}");
    assert_ptr_equal(rig.call.desc, &PL_MSG_MEDIA_SESSION_CREATE);
    assert_string_equal(m->registration_id, "r1");
    assert_string_equal(m->subject, "user-1");
    assert_string_equal(m->originator, "tel:" NUMBER);
    assert_string_equal(m->receiver, "tel:+493055501002");
    assert_string_equal(m->originator_name, "\xc3\x84nne");
    assert_string_equal(m->receiver_name, "Bo");
    assert_string_equal(m->correlator, "c1");
    assert_true(pl_slice_eq_str(m->offer, "v=0\r\n"));
    assert_true(m->has_call_type);
    assert_string_equal(m->location, "{\"method\":\"GPS\",\"timestamp\":"
                                     "\"2025-11-24T16:00:00.000Z\"}");
    (void)snprintf(made.originator_name, sizeof made.originator_name, "A");
    made.has_call_type = true;
    (void)snprintf(made.location, sizeof made.location, "{}");
    reply(PL_OK, &PL_MSG_MEDIA_SESSION, &made);
    expect(201, "{\"mediaSessionId\":\"M1\",\"originatorAddress\":\"tel:" NUMBER
                "\",\"originatorName\":\"A\",\"receiverAddress\":"
                "\"tel:+493055501002\",\"status\":\"Initial\",\"offer\":"
                "{\"sdp\":\"v=0\\r\\n\"},\"callType\":\"REGULAR\","
                "\"locationDetails\":{}}");
    assert_string_equal(rig.call.told, "M1");
    rig_end(&rig);
    ask("POST " R22_CALL, WITH,
        "{" PLAIN ",\"callType\":\"odd\",\"locationDetails\":7,\"x\":1}");
    assert_false(m->has_call_type); /* r2.2 does not know them */
    assert_string_equal(m->location, "");
    reply(PL_OK, &PL_MSG_MEDIA_SESSION, &made);
    assert_null(strstr(pl_buf_text(&rig.answer.body), "callType"));
    assert_null(strstr(pl_buf_text(&rig.answer.body), "locationDetails"));
    rig_end(&rig);
}

static void what_a_call_cannot_be(void **state)
{
    static const struct {
        const char *body, *part;
    } rows[] = {
        {"[]", "object"},
        {"", "object"},
        {"{}", "originatorAddress is missing"},
        {"{" FROM("tel:110") TO("tel:+493055501002") "," OFFER "}",
         "originatorAddress is no"},
        {"{" FROM("urn:service:sos") TO("tel:+493055501002") "," OFFER "}",
         "originatorAddress cannot"},
        {"{" FROM("tel:" NUMBER) OFFER "}", "receiverAddress is missing"},
        {"{" FROM("tel:" NUMBER) TO("x") "," OFFER "}", "receiverAddress is"},
        {"{" FROM("tel:" NUMBER) "\"receiverAddress\":7," OFFER "}",
         "receiverAddress is not a string"},
        {"{" FROM("tel:" NUMBER) TO("sip:anonymous@anonymous.invalid") "," OFFER
                                                                       "}",
         "receiverAddress cannot be anonymous"},
        {"{" FROM("tel:" NUMBER) TO("tel:+493055501002") "}",
         "offer is missing"},
        {"{" FROM("tel:" NUMBER) TO("tel:+493055501002") ",\"offer\":\"v=0\"}",
         "offer is not an object"},
        {"{" FROM("tel:" NUMBER) TO("tel:+493055501002") ",\"offer\":{}}",
         "offer.sdp is missing"},
        {"{" FROM("tel:" NUMBER)
             TO("tel:+493055501002") ",\"offer\":{\"sdp\":\"\"}}",
         "offer.sdp is empty"},
        {"{" FROM("tel:" NUMBER)
             TO("tel:+493055501002") ",\"offer\":{\"sdp\":\"v=0\",\"x\":1}}",
         "offer.x is not"},
        {"{" PLAIN ",\"status\":\"Initial\"}", "status cannot"},
        {"{" PLAIN ",\"answer\":{\"sdp\":\"v=0\"}}", "answer cannot"},
        {"{" PLAIN ",\"callType\":\"regular\"}", "callType is"},
        {"{" PLAIN ",\"originatorName\":7}", "originatorName is"},
        {"{" PLAIN ",\"receiverName\":null}", "receiverName is"},
        {"{" PLAIN ",\"clientCorrelator\":7}", "clientCorrelator is"},
        {"{" PLAIN ",\"mediaSessionId\":\"M1\"}", "mediaSessionId is not"},
        {"{" PLAIN ",\"locationDetails\":{\"shape\":\"x\"}}",
         "locationDetails.shape"},
        {"{" PLAIN ",\"locationDetails\":{\"x\":1}}", "locationDetails has"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused_with("POST " R31_CALL, WITH, rows[i].body, 400,
                     "INVALID_ARGUMENT", rows[i].part);
    refused("POST " R31_CALL, "{" PLAIN "}", 400, "INVALID_ARGUMENT",
            "registrationId is missing");
    refused_with("POST " R31_CALL, "registrationId: \xff\r\n", "{" PLAIN "}",
                 400, "INVALID_ARGUMENT", "registrationId");
    refused_with("POST " R22_CALL, WITH,
                 "{" FROM("tel:" NUMBER)
                     TO("tel:110;phone-context=+49") "," OFFER "}",
                 400, "INVALID_ARGUMENT", "receiverAddress");
}

static void lengths_are_of_characters(void **state)
{
    char name[1100] = "";
    char body[2000];
    (void)state;
    for (int i = 0; i < 256; i++)
        (void)strcat(name, "\xe6\x97\xa5");
    (void)snprintf(body, sizeof body, "{" PLAIN ",\"receiverName\":\"%s\"}",
                   name);
    ask("POST " R31_CALL, WITH, body);
    assert_string_equal(rig.call.message.media_session_create.receiver_name,
                        name);
    rig_end(&rig);
    (void)snprintf(body, sizeof body, "{" PLAIN ",\"receiverName\":\"%sa\"}",
                   name);
    refused_with("POST " R31_CALL, WITH, body, 400, "INVALID_ARGUMENT",
                 "receiverName is too long");
}

static void no_emergency_calls(void **state)
{
    static const char code[] = "CALLTYPE_EMERGENCY_NOT_SUPPORTED";
    (void)state;
    refused_with("POST " R31_CALL, WITH,
                 "{" PLAIN ",\"callType\":\"EMERGENCY\"}", 501, code,
                 "message");
    refused_with("POST " VWIP_CALL, WITH,
                 "{" FROM("tel:" NUMBER) TO("urn:service:sos.fire") "," OFFER
                                                                    "}",
                 501, code, "message");
}

static void refusals_of_a_call(void **state)
{
    static const struct {
        uint32_t fault;
        int status;
        const char *code;
    } rows[] = {
        {PL_DEVICE_FAULT_INVALID_ARGUMENT, 400, "INVALID_ARGUMENT"},
        {PL_DEVICE_FAULT_OUT_OF_RANGE, 400, "OUT_OF_RANGE"},
        {PL_DEVICE_FAULT_PERMISSION_DENIED, 403, "PERMISSION_DENIED"},
        {PL_DEVICE_FAULT_NOT_FOUND, 403, "PERMISSION_DENIED"},
        {PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT, 403, "INVALID_TOKEN_CONTEXT"},
        {PL_DEVICE_FAULT_MAX_DEVICES_PER_USER, 403, "PERMISSION_DENIED"},
        {PL_DEVICE_FAULT_UNAVAILABLE, 503, "UNAVAILABLE"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask("POST " R31_CALL, WITH, "{" PLAIN "}");
        reply_refusal(rows[i].fault, 0);
        expect_error(rows[i].status, rows[i].code, "why");
        assert_string_equal(rig.call.told, "");
        rig_end(&rig);
    }
}

static void a_call_is_changed(void **state)
{
    const pl_media_session_put *m = &rig.call.message.media_session_put;
    pl_media_session now = call_of(PL_MEDIA_STATUS_CONNECTED);
    (void)state;
    now.answer = pl_slice_str("v=1");
    ask("PUT " R31_CALL "/M1/status", "",
        "{\"status\":\"Connected\",\"answer\":{\"sdp\":\"v=1\"},"
        "\"mediaSessionId\":\"M1\",\"originatorAddress\":\"x\","
        "\"originatorName\":\"x\",\"receiverAddress\":\"x\","
        "\"receiverName\":\"x\"}");
    assert_string_equal(m->media_session_id, "M1");
    assert_int_equal(m->status, PL_MEDIA_STATUS_CONNECTED);
    assert_true(pl_slice_eq_str(m->answer, "v=1"));
    assert_int_equal(m->offer.len, 0);
    reply(PL_OK, &PL_MSG_MEDIA_SESSION, &now);
    expect(200, "{\"mediaSessionId\":\"M1\",\"originatorAddress\":\"tel:" NUMBER
                "\",\"receiverAddress\":\"tel:+493055501002\",\"status\":"
                "\"Connected\",\"offer\":{\"sdp\":\"v=0\\r\\n\"},\"answer\":"
                "{\"sdp\":\"v=1\"}}");
    assert_string_equal(rig.call.told, "");
    rig_end(&rig);
    ask("PUT " VWIP_CALL "/M1/status", "",
        "{\"status\":\"Hold\",\"offer\":{\"sdp\":\"v=2\"},\"x\":1,"
        "\"locationDetails\":{}}");
    assert_true(pl_slice_eq_str(m->offer, "v=2"));
    assert_string_not_equal(m->location, "");
    reply_refusal(PL_DEVICE_FAULT_INVALID_ARGUMENT, 0);
    expect_error(400, "INVALID_ARGUMENT", "why");
    rig_end(&rig);
}

static void what_a_call_cannot_become(void **state)
{
    static const struct {
        const char *body, *part;
    } rows[] = {
        {NULL, "object"},
        {"{}", "status is missing"},
        {"{\"status\":\"\"}", "status is not"},
        {"{\"status\":\"connected\"}", "status is not"},
        {"{\"status\":\"unknown\"}", "status is not"},
        {"{\"status\":\"Initial\"}", "status cannot"},
        {"{\"status\":5}", "status is not a string"},
        {"{\"status\":\"Hold\",\"offer\":{}}", "offer.sdp is missing"},
        {"{\"status\":\"Hold\",\"answer\":7}", "answer is not"},
        {"{\"status\":\"Hold\",\"reason\":\"x\"}", "reason is not"},
        {"{\"status\":\"Hold\",\"locationDetails\":7}", "locationDetails is"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused("PUT " R31_CALL "/M1/status", rows[i].body, 400,
                "INVALID_ARGUMENT", rows[i].part);
}

static void a_call_is_looked_up_and_ended(void **state)
{
    pl_media_session now = call_of(PL_MEDIA_STATUS_RINGING);
    (void)state;
    ask("GET " R22_CALL "/M1", "", NULL);
    assert_string_equal(rig.call.message.media_session_get.media_session_id,
                        "M1");
    reply(PL_OK, &PL_MSG_MEDIA_SESSION, &now);
    assert_int_equal(rig.answer.status, 200);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body), "Ringing"));
    rig_end(&rig);
    ask("DELETE " R31_CALL "/M1", "", NULL);
    assert_string_equal(rig.call.message.media_session_delete.media_session_id,
                        "M1");
    reply(PL_OK, &PL_MSG_OK_REPLY, &(pl_ok){0});
    expect(204, "");
    rig_end(&rig);
    ask("DELETE " R31_CALL "/M1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_NOT_FOUND, 0);
    expect_error(404, "NOT_FOUND", "why");
    rig_end(&rig);
    ask("GET " R31_CALL "/M1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_NOT_FOUND, 0);
    expect_error(404, "NOT_FOUND", "why");
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_device_calls, be_a_client),
        cmocka_unit_test_setup(what_a_call_cannot_be, be_a_client),
        cmocka_unit_test_setup(lengths_are_of_characters, be_a_client),
        cmocka_unit_test_setup(no_emergency_calls, be_a_client),
        cmocka_unit_test_setup(refusals_of_a_call, be_a_client),
        cmocka_unit_test_setup(a_call_is_changed, be_a_client),
        cmocka_unit_test_setup(what_a_call_cannot_become, be_a_client),
        cmocka_unit_test_setup(a_call_is_looked_up_and_ended, be_a_client),
    };
    return cmocka_run_group_tests_name("device calls", tests, NULL, NULL);
}
