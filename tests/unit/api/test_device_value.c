/* test_device_value.c - values of device applications. That addresses are what
 * the definition's pattern says is tested against that, in
 * device_address.test.mjs. */
#include "cm.h"

#include <string.h>

#include "device_value.h"
#include "pl/str.h"

static void addresses_have_forms(void **state)
{
    static const struct {
        const char *text;
        pl_device_address form;
    } rows[] = {
        {"tel:+49305550100", PL_ADDRESS_GLOBAL},
        {"tel:+12345", PL_ADDRESS_GLOBAL},
        {"tel:+1234", PL_ADDRESS_BAD},
        {"tel:+1234567890123456", PL_ADDRESS_BAD},
        {"tel:+01234567", PL_ADDRESS_BAD},
        {"tel:110", PL_ADDRESS_BAD},
        {"tel:110;phone-context=+49", PL_ADDRESS_LOCAL},
        {"tel:*21#;phone-context=ims.example.net", PL_ADDRESS_LOCAL},
        {"tel:110;phone-context=example", PL_ADDRESS_BAD},
        {"tel:110;phone-context=-a.b", PL_ADDRESS_BAD},
        {"tel:110;phone-context=a.b-", PL_ADDRESS_BAD},
        {"tel:110;phone-context=a..b", PL_ADDRESS_BAD},
        {"tel:110;phone-context=+0", PL_ADDRESS_BAD},
        {"tel:110;phone-context=", PL_ADDRESS_BAD},
        {"tel:;phone-context=+49", PL_ADDRESS_BAD},
        {"tel:1234567890123456;phone-context=+49", PL_ADDRESS_BAD},
        {"sip:alice@example.com", PL_ADDRESS_SIP},
        {"sip:a%20b+c!_.-@x-.y.org", PL_ADDRESS_SIP},
        {"sip:alice@example", PL_ADDRESS_BAD},
        {"sip:alice@example.c", PL_ADDRESS_BAD},
        {"sip:alice@example.c0m", PL_ADDRESS_BAD},
        {"sip:alice@.com", PL_ADDRESS_BAD},
        {"sip:alice@192.0.2.1", PL_ADDRESS_BAD},
        {"sip:alice@[2001:db8::1]", PL_ADDRESS_BAD},
        {"sip:alice@example.com:5060", PL_ADDRESS_BAD},
        {"sip:alice@example.com;a=b", PL_ADDRESS_BAD},
        {"sip:@example.com", PL_ADDRESS_BAD},
        {"sip:example.com", PL_ADDRESS_BAD},
        {"sips:alice@example.com", PL_ADDRESS_BAD},
        {"SIP:alice@example.com", PL_ADDRESS_BAD},
        {"sip:110;phone-context=+49@example.com;user=phone",
         PL_ADDRESS_SIP_LOCAL},
        {"sip:110;phone-context=a.b@example.com;user=phone",
         PL_ADDRESS_SIP_LOCAL},
        {"sip:110;phone-context=+49@example.com", PL_ADDRESS_BAD},
        {"sip:110;phone-context=+49;user=phone", PL_ADDRESS_BAD},
        {"sip:a;phone-context=+49@example.com;user=phone", PL_ADDRESS_BAD},
        {"urn:service:sos", PL_ADDRESS_EMERGENCY},
        {"urn:service:sos.police.a-1", PL_ADDRESS_EMERGENCY},
        {"urn:service:sos.", PL_ADDRESS_BAD},
        {"urn:service:sos.Police", PL_ADDRESS_BAD},
        {"urn:service:sos.-a", PL_ADDRESS_BAD},
        {"urn:service:sosa", PL_ADDRESS_BAD},
        {"urn:service:sos.a23456789012345678901234567890123", PL_ADDRESS_BAD},
        {"sip:anonymous@anonymous.invalid", PL_ADDRESS_ANONYMOUS},
        {"", PL_ADDRESS_BAD},
        {"tel:", PL_ADDRESS_BAD},
        {"sip:", PL_ADDRESS_BAD},
        {"+49305550100", PL_ADDRESS_BAD},
        {"tel:+49305550100\n", PL_ADDRESS_BAD},
    };
    char text[PL_DEVICE_ADDRESS_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (pl_device_address_of(pl_slice_str(rows[i].text)) != rows[i].form)
            print_error("%s\n", rows[i].text);
        assert_int_equal(pl_device_address_of(pl_slice_str(rows[i].text)),
                         rows[i].form);
    }
    memset(text, 'a', sizeof text);
    memcpy(text, "sip:", 4);
    memcpy(text + PL_DEVICE_ADDRESS_MAX - 4, "@a.de", 5);
    pl_slice longest = {(const uint8_t *)text, PL_DEVICE_ADDRESS_MAX};
    memcpy(text + PL_DEVICE_ADDRESS_MAX - 5, "@a.de", 5);
    assert_int_equal(pl_device_address_of(longest), PL_ADDRESS_SIP);
    longest.len++;
    text[PL_DEVICE_ADDRESS_MAX] = 'e';
    assert_int_equal(pl_device_address_of(longest), PL_ADDRESS_BAD);
}

static void numbers_and_ids(void **state)
{
    (void)state;
    assert_true(pl_device_is_number(pl_slice_str("+49305550100")));
    assert_true(pl_device_is_number(pl_slice_str("+12345")));
    assert_false(pl_device_is_number(pl_slice_str("+1234")));
    assert_false(pl_device_is_number(pl_slice_str("+02345")));
    assert_false(pl_device_is_number(pl_slice_str("49305550100")));
    assert_false(pl_device_is_number(pl_slice_str("")));
    assert_true(pl_device_is_uuid(
        pl_slice_str("0f9A3d64-6f0b-4a55-9f0c-2f0d5c1b7e1F")));
    assert_false(pl_device_is_uuid(
        pl_slice_str("0f9a3d64-6f0b-4a55-9f0c-2f0d5c1b7e1g")));
    assert_false(pl_device_is_uuid(
        pl_slice_str("0f9a3d6406f0b-4a55-9f0c-2f0d5c1b7e10")));
    assert_false(pl_device_is_uuid(pl_slice_str("0f9a3d64")));
}

static void times_have_zones(void **state)
{
    static const char *const good[] = {
        "2026-11-21T04:35:13Z", "2026-11-21T05:35:13.000+01:00",
        "2026-11-21t04:35:13.000000000z", "2026-11-21T00:05:13-04:30",
        /* as long as they may be */
        "2026-11-21T04:35:13.0009999999999999999999999999999999999999999Z"};
    static const char *const bad[] = {
        "2026-11-21T04:35:13",
        "2026-11-21 04:35:13Z",
        "2026-11-21",
        "2026-11-21T04:35Z",
        "2026-13-21T04:35:13Z",
        "2026-11-21T25:35:13Z",
        "2026-11-21T04:35:13.Z",
        "",
        "2026-11-21T04:35:13.123",
        "2026-11-21T04:35:13+0100",
        "tomorrow, at about eight",
        "2026-11-21T04:35:13.00099999999999999999999999999999999999999999Z",
    };
    int64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(pl_device_time(pl_slice_str(good[i]), &ms), PL_OK);
        assert_int_equal(ms, INT64_C(1795235713000));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(pl_device_time(pl_slice_str(bad[i]), &ms), PL_EINVAL);
}

static void sinks_and_tokens(void **state)
{
    (void)state;
    assert_true(pl_device_is_sink("https://relay.example.net/s/4n8Qm2xYw7"));
    assert_true(pl_device_is_sink("https://127.0.0.1:8443/a?b=c"));
    assert_false(pl_device_is_sink("http://relay.example.net/"));
    assert_false(pl_device_is_sink("https://"));
    assert_false(pl_device_is_sink("https://a b/"));
    assert_false(pl_device_is_sink("https://a/\r\nX: y"));
    assert_false(pl_device_is_sink("https://user:secret@a.example/"));
    assert_true(pl_device_is_sink("https://[2001:db8::1]:8443/%7ea?%2F"));
    assert_false(pl_device_is_sink("https://a.example/%zz"));
    assert_false(pl_device_is_sink("https://a.example/?%4"));
    assert_false(pl_device_is_sink("https://a.example/%"));
    assert_false(pl_device_is_sink("https://a.example/[1]"));
    assert_true(pl_device_is_token(pl_slice_str("q3Zt.-_~+/==")));
    assert_false(pl_device_is_token(pl_slice_str("")));
    assert_false(pl_device_is_token(pl_slice_str("==")));
    assert_false(pl_device_is_token(pl_slice_str("a b")));
    assert_false(pl_device_is_token(pl_slice_str("a=b")));
    assert_false(pl_device_is_token(pl_slice_str("a\r\nb")));
    assert_int_equal(pl_device_length(pl_slice_str("\xc3\xa4\xe6\x97\xa5z")),
                     3);
}

#define CIRCLE "\"latitude\":1,\"longitude\":2.5,\"radius\":3"
#define ELLIPSE                                                                \
    "\"latitude\":1,\"longitude\":2,\"zAxis\":3,\"semiMajorAxis\":4,"          \
    "\"semiMinorAxis\":5,\"verticalAxis\":6,\"orientation\":7"

static void places_are_one_form(void **state)
{
    static const struct {
        const char *text, *member; /* NULL: good */
    } rows[] = {
        {"{}", NULL},
        {"{\"shape\":\"Circle\",\"coordinates\":{" CIRCLE "}}", NULL},
        {"{\"coordinates\":{" ELLIPSE "},\"method\":\"DBH_HELO\"}", NULL},
        {"{\"confidence\":{\"pdf\":\"normal\",\"value\":88.5},"
         "\"timestamp\":\"2025-10-06T19:32:10Z\"}",
         NULL},
        {"{\"coordinates\":{\"radius\":3," ELLIPSE "}}",
         "locationDetails.coordinates"},
        {"{\"coordinates\":{}}", "locationDetails.coordinates"},
        {"{\"coordinates\":[]}", "locationDetails.coordinates"},
        {"{\"coordinates\":{\"latitude\":\"1\",\"longitude\":2,"
         "\"radius\":3}}",
         "locationDetails.coordinates"},
        {"{\"shape\":\"Ellipsoid\",\"coordinates\":{" CIRCLE "}}",
         "locationDetails.coordinates"},
        {"{\"shape\":\"Circle\",\"coordinates\":{" ELLIPSE "}}",
         "locationDetails.coordinates"},
        {"{\"shape\":\"Square\"}", "locationDetails.shape"},
        {"{\"shape\":1}", "locationDetails.shape"},
        {"{\"method\":\"gps\"}", "locationDetails.method"},
        {"{\"confidence\":{\"pdf\":\"odd\"}}", "locationDetails.confidence"},
        {"{\"confidence\":{\"value\":101}}", "locationDetails.confidence"},
        {"{\"confidence\":{\"value\":-1}}", "locationDetails.confidence"},
        {"{\"confidence\":{\"value\":\"9\"}}", "locationDetails.confidence"},
        {"{\"confidence\":[]}", "locationDetails.confidence"},
        {"{\"timestamp\":\"now\"}", "locationDetails.timestamp"},
        {"{\"timestamp\":null}", "locationDetails.timestamp"},
        {"[]", "locationDetails"},
    };
    static const char *const strange[] = {
        "{\"x\":1}", "{\"coordinates\":{\"x\":1," CIRCLE "}}",
        "{\"confidence\":{\"x\":1}}"};
    const char *member;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_json *json = NULL;
        assert_int_equal(pl_json_parse(pl_slice_str(rows[i].text), &json),
                         PL_OK);
        const char *fault = pl_device_location_fault(json, true, &member);
        if (!fault != !rows[i].member)
            print_error("%s: %s\n", rows[i].text, fault ? fault : "good");
        assert_int_equal(!fault, !rows[i].member);
        if (fault)
            assert_string_equal(member, rows[i].member);
        pl_json_free(&json);
    }
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        pl_json *json = NULL;
        assert_int_equal(pl_json_parse(pl_slice_str(strange[i]), &json), PL_OK);
        assert_non_null(pl_device_location_fault(json, true, &member));
        assert_null(pl_device_location_fault(json, false, &member));
        pl_json_free(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_forms),
        cmocka_unit_test(numbers_and_ids),
        cmocka_unit_test(times_have_zones),
        cmocka_unit_test(sinks_and_tokens),
        cmocka_unit_test(places_are_one_form),
    };
    return cmocka_run_group_tests_name("device values", tests, NULL, NULL);
}
