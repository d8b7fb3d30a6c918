/* test_device_registration.c - registrations over HTTP. */
#include "device_rig.h"

#define ONE                                                                    \
    "{\"registrationId\":\"r1\",\"regInfo\":{\"phoneNumber\":\"" NUMBER        \
    "\",\"regStatus\":\"Registered\"},\"expiresAt\":"                          \
    "\"2025-11-24T17:00:00.000Z\"}"

static const pl_registration one = {.registration_id = "r1",
                                    .device_id = DEVICE,
                                    .number = NUMBER,
                                    .expires_ms = NOW_MS + 3600000};

static void a_client_registers_a_number(void **state)
{
    const pl_registration_create *m = &rig.call.message.registration_create;
    (void)state;
    ask("POST " R31_REG, "",
        "{\"deviceId\":\"" DEVICE "\",\"phoneNumber\":\"" NUMBER
        "\",\"registrationExpireTime\":\"2025-11-24T17:00:00Z\"}");
    assert_ptr_equal(rig.call.desc, &PL_MSG_REGISTRATION_CREATE);
    assert_string_equal(m->client_id, "dev");
    assert_string_equal(m->subject, ""); /* 2-legged: its own is no user */
    assert_string_equal(m->token_number, "");
    assert_string_equal(m->device_id, DEVICE);
    assert_string_equal(m->number, NUMBER);
    assert_true(
        PL_MSG_HAS(REGISTRATION_CREATE, registration_create, m, expires_ms));
    assert_int_equal(m->expires_ms, NOW_MS + 3600000);
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    expect(201, ONE);
    rig_end(&rig);
}

static void a_user_registers_his_number(void **state)
{
    static const char *const lines[] = {"POST " R31_REG, "POST " VWIP_REG,
                                        "POST " R22_REG};
    const pl_registration_create *m = &rig.call.message.registration_create;
    (void)state;
    be_a_user();
    for (size_t i = 0; i < 3; i++) {
        ask(lines[i], "", "{\"deviceId\":\"" DEVICE "\"}");
        assert_string_equal(m->subject, "user-1");
        assert_string_equal(m->token_number, NUMBER);
        assert_string_equal(m->number, NUMBER);
        assert_false(PL_MSG_HAS(REGISTRATION_CREATE, registration_create, m,
                                expires_ms));
        reply(PL_OK, &PL_MSG_REGISTRATION, &one);
        expect(i == 2 ? 200 : 201, ONE);
        rig_end(&rig);
    }
}

static void whose_number_it_is(void **state)
{
    static const char with[] =
        "{\"deviceId\":\"" DEVICE "\",\"phoneNumber\":\"" NUMBER "\"}";
    static const char without[] = "{\"deviceId\":\"" DEVICE "\"}";
    (void)state;
    refused("POST " R31_REG, without, 422, "MISSING_IDENTIFIER", "phoneNumber");
    refused("POST " VWIP_REG, with, 403, "INVALID_TOKEN_CONTEXT", "number");
    refused("POST " R22_REG, without, 403, "INVALID_TOKEN_CONTEXT", "number");
    rig_subject = "user-1"; /* of whom no number is known */
    refused("POST " R31_REG, without, 403, "INVALID_TOKEN_CONTEXT", "number");
    refused("POST " R31_REG, with, 422, "UNNECESSARY_IDENTIFIER",
            "phoneNumber");
    be_a_user();
    refused("POST " R31_REG, with, 422, "UNNECESSARY_IDENTIFIER",
            "phoneNumber");
    ask("POST " VWIP_REG, "", with); /* does not know that member */
    assert_string_equal(rig.call.message.registration_create.number, NUMBER);
    rig_end(&rig);
}

static void bodies_are_strict(void **state)
{
    static const struct {
        const char *body, *part;
    } rows[] = {
        {NULL, "object"},
        {"", "object"},
        {"[]", "object"},
        {"\"a\"", "JSON"},
        {"{", "JSON"},
        {"{}x", "JSON"},
        {"{\"deviceId\":\"\xff\"}", "JSON"},
        {"{\"deviceId\":\"" DEVICE "\",\"deviceId\":\"" DEVICE "\"}", "JSON"},
        {"{}", "deviceId is missing"},
        {"{\"deviceId\":null}", "deviceId is not a string"},
        {"{\"deviceId\":7}", "deviceId is not a string"},
        {"{\"deviceId\":\"x\"}", "deviceId is not a UUID"},
        {"{\"deviceId\":\"" DEVICE "\",\"x\":1}", "x is not a known member"},
        {"{\"deviceId\":\"" DEVICE "\",\"phoneNumber\":\"493\"}",
         "phoneNumber is not"},
        {"{\"deviceId\":\"" DEVICE "\",\"phoneNumber\":493}",
         "phoneNumber is not a string"},
        {"{\"deviceId\":\"" DEVICE "\",\"registrationExpireTime\":1}",
         "registrationExpireTime is not a string"},
        {"{\"deviceId\":\"" DEVICE "\",\"registrationExpireTime\":\"soon\"}",
         "registrationExpireTime is not a date-time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused("POST " R31_REG, rows[i].body, 400, "INVALID_ARGUMENT",
                rows[i].part);
    be_a_user();
    ask("POST " VWIP_REG, "", "{\"deviceId\":\"" DEVICE "\",\"x\":1}");
    assert_non_null(rig.call.desc); /* not strict */
    rig_end(&rig);
}

static void refusals_of_a_registration(void **state)
{
    static const struct {
        uint32_t fault;
        int status;
        const char *code;
    } rows[] = {
        {PL_DEVICE_FAULT_OUT_OF_RANGE, 400, "OUT_OF_RANGE"},
        {PL_DEVICE_FAULT_EMERGENCY_ADDRESS_MISSING, 400,
         "EMERGENCY_ADDRESS_MISSING"},
        {PL_DEVICE_FAULT_INVALID_SINK, 400, "INVALID_ARGUMENT"},
        {PL_DEVICE_FAULT_PERMISSION_DENIED, 403, "PERMISSION_DENIED"},
        {PL_DEVICE_FAULT_INVALID_TOKEN_CONTEXT, 403, "INVALID_TOKEN_CONTEXT"},
        {PL_DEVICE_FAULT_MAX_REGISTRATION_PER_USER, 403,
         "MAX_REGISTRATION_PER_USER"},
        {PL_DEVICE_FAULT_MAX_REGISTRATION_PER_MSISDN, 403,
         "MAX_REGISTRATION_PER_MSISDN"},
        {PL_DEVICE_FAULT_MAX_DEVICES_PER_USER, 403, "MAX_DEVICES_PER_USER"},
        {PL_DEVICE_FAULT_ALREADY_EXISTS, 409, "ALREADY_EXISTS"},
        {PL_DEVICE_FAULT_ABORTED, 409, "ALREADY_EXISTS"},
        {PL_DEVICE_FAULT_UNAVAILABLE, 503, "UNAVAILABLE"},
        {PL_DEVICE_FAULT_TIMEOUT, 504, "TIMEOUT"},
        {99, 500, "INTERNAL"},
    };
    (void)state;
    be_a_user();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask("POST " R31_REG, "", "{\"deviceId\":\"" DEVICE "\"}");
        reply_refusal(rows[i].fault, 0);
        expect_error(rows[i].status, rows[i].code, "why");
        rig_end(&rig);
    }
}

static void a_device_lists_its_registrations(void **state)
{
    pl_registration two = one;
    const pl_registration_next *m = &rig.call.message.registration_next;
    (void)state;
    ask("GET " R31_REG "?deviceId=" DEVICE, "", NULL);
    assert_string_equal(m->device_id, DEVICE);
    assert_string_equal(m->after_id, "");
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    assert_true(rig.call.is_partial);
    assert_string_equal(m->after_id, "r1");
    (void)snprintf(two.registration_id, sizeof two.registration_id, "r2");
    reply(PL_OK, &PL_MSG_REGISTRATION, &two);
    assert_string_equal(m->after_id, "r2");
    reply(PL_ENOENT, NULL, NULL);
    assert_false(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 200);
    assert_memory_equal(pl_buf_text(&rig.answer.body), "[" ONE ",{",
                        strlen("[" ONE ",{"));
    rig_end(&rig);
    ask("GET " VWIP_REG "?deviceId=" DEVICE, "", NULL);
    reply(PL_ENOENT, NULL, NULL);
    expect(200, "[]");
    rig_end(&rig);
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    ask("GET " R31_REG "?deviceId=" DEVICE, "", NULL);
    for (int i = 0; i < 9; i++) {
        reply(PL_OK, &PL_MSG_REGISTRATION, &one);
        assert_true(rig.call.is_partial);
    }
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    assert_false(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 200);
    rig_end(&rig);
    ask("GET " R31_REG "?deviceId=" DEVICE, "", NULL);
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    reply(PL_ETIMEOUT, NULL, NULL);
    assert_false(rig.call.is_partial);
    expect_error(504, "TIMEOUT", "message");
    rig_end(&rig);
}

static void a_list_is_of_one_device(void **state)
{
    static const char *const queries[] = {"",
                                          "?deviceId=",
                                          "?deviceId=x",
                                          "?deviceid=" DEVICE,
                                          "?deviceId=" DEVICE
                                          "&deviceId=" DEVICE,
                                          "?deviceId=%zz"};
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        char line[256];
        (void)snprintf(line, sizeof line, "GET " R31_REG "%s", queries[i]);
        refused(line, NULL, 400, "INVALID_ARGUMENT", "deviceId");
    }
}

static void one_registration(void **state)
{
    (void)state;
    ask("GET " R31_REG "/r1", "", "{}"); /* a body that nobody reads */
    assert_string_equal(rig.call.message.registration_get.registration_id,
                        "r1");
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    expect(200, ONE);
    rig_end(&rig);
    ask("GET " R31_REG "/r1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_NOT_FOUND, 0);
    expect_error(404, "NOT_FOUND", "why");
    rig_end(&rig);
    ask("DELETE " R22_REG "/r1", "", NULL);
    assert_string_equal(rig.call.message.registration_delete.registration_id,
                        "r1");
    reply(PL_OK, &PL_MSG_OK_REPLY, &(pl_ok){0});
    expect(204, "");
    rig_end(&rig);
    ask("DELETE " R31_REG "/r1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_NOT_FOUND, 0);
    expect_error(404, "NOT_FOUND", "why");
    rig_end(&rig);
}

static void a_registration_is_extended(void **state)
{
    const pl_registration_refresh *m = &rig.call.message.registration_refresh;
    (void)state;
    ask("PUT " R31_REG "/r1", "", NULL);
    assert_string_equal(m->registration_id, "r1");
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    expect(204, "");
    rig_end(&rig);
    ask("PUT " R22_REG "/r1", "", "{}");
    assert_false(
        PL_MSG_HAS(REGISTRATION_REFRESH, registration_refresh, m, expires_ms));
    reply(PL_OK, &PL_MSG_REGISTRATION, &one);
    expect(200, ONE);
    rig_end(&rig);
    ask("PUT " R31_REG "/r1", "",
        "{\"registrationExpireTime\":\"1960-01-01T00:00:00Z\"}");
    assert_true(
        PL_MSG_HAS(REGISTRATION_REFRESH, registration_refresh, m, expires_ms));
    assert_int_equal(m->expires_ms, 1); /* 0 would be none */
    reply_refusal(PL_DEVICE_FAULT_OUT_OF_RANGE, 0);
    expect_error(400, "OUT_OF_RANGE", "why");
    rig_end(&rig);
    refused("PUT " R31_REG "/r1", "[]", 400, "INVALID_ARGUMENT", "object");
    refused("PUT " R31_REG "/r1", " ", 400, "INVALID_ARGUMENT", "JSON");
    refused("PUT " R31_REG "/r1", "{\"x\":1}", 400, "INVALID_ARGUMENT", "x is");
    refused("PUT " R31_REG "/r1", "{\"registrationExpireTime\":\"x\"}", 400,
            "INVALID_ARGUMENT", "registrationExpireTime");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_client_registers_a_number, be_a_client),
        cmocka_unit_test_setup(a_user_registers_his_number, be_a_client),
        cmocka_unit_test_setup(whose_number_it_is, be_a_client),
        cmocka_unit_test_setup(bodies_are_strict, be_a_client),
        cmocka_unit_test_setup(refusals_of_a_registration, be_a_client),
        cmocka_unit_test_setup(a_device_lists_its_registrations, be_a_client),
        cmocka_unit_test_setup(a_list_has_an_end, be_a_client),
        cmocka_unit_test_setup(a_list_is_of_one_device, be_a_client),
        cmocka_unit_test_setup(one_registration, be_a_client),
        cmocka_unit_test_setup(a_registration_is_extended, be_a_client),
    };
    return cmocka_run_group_tests_name("device registrations", tests, NULL,
                                       NULL);
}
