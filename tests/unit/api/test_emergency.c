/* test_emergency.c - ids of emergency addresses. */
#include "call_rig.h"

#define REQUEST                                                                \
    "POST /emergencyServices/v1/e911Locations HTTP/1.1\r\nHost: a\r\n\r\n"
#define ADDRESS(street)                                                        \
    "{\"e911Context\":{\"isAddressConfirmed\":\"false\",\"address\":{"         \
    "\"name\":\"Ann Lee\",\"houseNumber\":\"16\",\"street\":" street           \
    ",\"city\":\"Redmond\",\"state\":\"WA\",\"zip\":\"98052\"}}}"

static void ask(call_rig *rig, const char *body)
{
    rig_begin_as(rig, REQUEST, body, PL_SCOPE_EMERGENCYSERVICES, false);
}

static void id_of(const char *body, char id[20])
{
    static call_rig rig;
    ask(&rig, body);
    assert_int_equal(rig.e, PL_OK);
    assert_int_equal(rig.answer.status, 200);
    const char *text = pl_buf_text(&rig.answer.body);
    static const char HEAD[] = "{\"e911Locations\":{\"addressIdentifier\":\"";
    assert_memory_equal(text, HEAD, sizeof HEAD - 1);
    (void)snprintf(id, 20, "%.19s", text + sizeof HEAD - 1);
    assert_string_equal(text + sizeof HEAD - 1 + 19,
                        "\",\"status\":\"Validated\",\"expirationDate\":\"-1\"}"
                        "}");
    rig_end(&rig);
}

static void the_same_address_has_the_same_id(void **state)
{
    char first[20];
    char other[20];
    (void)state;
    id_of(ADDRESS("\"Main St\""), first);
    assert_int_equal(strspn(first, "0123456789abcdef:"), 19);
    id_of(ADDRESS("\" main  ST \""), other);
    assert_string_equal(first, other);
    id_of(ADDRESS("\"Oak St\""), other);
    assert_string_not_equal(first, other);
    /* The same letters in other fields are another address. */
    id_of(ADDRESS("\"MainSt\""), first);
    id_of(ADDRESS("\"Main\",\"streetNameSuffix\":\"St\""), other);
    assert_string_not_equal(first, other);
}

static void names_the_field_that_is_wrong(void **state)
{
    static const struct {
        const char *body, *code, *text;
    } ROWS[] = {
        {NULL, "SVC0002", "e911Context.address"},
        {"{\"e911Context\":{\"address\":[]}}", "SVC0002",
         "e911Context.address"},
        {"{\"e911Context\":{\"address\":{}}}", "SVC0002", "address.name"},
        {ADDRESS("\"  \""), "SVC0002", "address.street"},
        {ADDRESS("null"), "SVC0002", "address.street"},
        {ADDRESS("5"), "SVC0003", "address.street"},
        {ADDRESS("\"a\\nb\""), "SVC0003", "address.street"},
        {ADDRESS("\"x\",\"comments\":{}"), "SVC0003", "address.comments"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        ask(&rig, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        assert_int_equal(rig.answer.status, 400);
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), ROWS[i].code));
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), ROWS[i].text));
        rig_end(&rig);
    }
}

static void refuses_malformed_bodies_and_other_tokens(void **state)
{
    call_rig rig;
    (void)state;
    ask(&rig, "[1]");
    assert_int_equal(rig.e, PL_EPROTO);
    rig_end(&rig);
    rig_begin(&rig, REQUEST, ADDRESS("\"Main St\""));
    assert_int_equal(rig.e, PL_OK);
    assert_int_equal(rig.answer.status, 403);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body), "POL0001"));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_address_has_the_same_id),
        cmocka_unit_test(names_the_field_that_is_wrong),
        cmocka_unit_test(refuses_malformed_bodies_and_other_tokens),
    };
    return cmocka_run_group_tests_name("emergency", tests, NULL, NULL);
}
