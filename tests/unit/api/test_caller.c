/* test_caller.c - what the device APIs learn from a token's claims. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "caller.h"
#include "jwt.h"
#include "pl/str.h"
#include "scope.h"

static const int64_t NOW_S = 1700000000;
static const char NUMBERS[] = "phone_number sub";

static pl_caller caller;

/* more: members beside iss, aud, exp */
static pl_err check_as(const char *more, pl_jwt_policy policy)
{
    char text[8192];
    pl_json *claims = NULL;
    (void)snprintf(text, sizeof text, "{\"iss\":\"I\",\"aud\":\"A\",%s}", more);
    assert_int_equal(pl_json_parse(pl_slice_str(text), &claims), PL_OK);
    pl_err e = pl_claims_check(claims, &policy, &caller);
    pl_json_free(&claims);
    return e;
}

static pl_jwt_policy device(void)
{
    return (pl_jwt_policy){.issuer = "I",
                           .audience = "A",
                           .scope = "",
                           .now_ms = NOW_S * 1000,
                           .is_device = true,
                           .number_claims = NUMBERS};
}

#define EXP "\"exp\":1700000600,"

static void tells_two_legs_from_three(void **state)
{
    static const struct {
        const char *claims;
        bool has_subject;
        const char *client, *subject, *number;
    } rows[] = {
        {EXP "\"client_id\":\"c\"", false, "c", "", ""},
        {EXP "\"client_id\":\"c\",\"sub\":\"c\"", false, "c", "", ""},
        {EXP "\"azp\":\"c\",\"sub\":\"c@clients\"", false, "c", "", ""},
        {EXP "\"client_id\":\"c\",\"sub\":\"u1\"", true, "c", "u1", ""},
        {EXP "\"azp\":\"c\",\"sub\":\"u1\",\"phone_number\":\"+49301234\"",
         true, "c", "u1", "+49301234"},
        {EXP "\"client_id\":\"c\",\"sub\":\"+49301234\"", true, "c",
         "+49301234", "+49301234"},
        {EXP "\"client_id\":\"c\",\"sub\":\"c\",\"user\":\"bob\"", true, "c",
         "bob", ""},
        {EXP "\"client_id\":\"c\",\"sub\":\"c\",\"phone_number\":\"+49301\"",
         true, "c", "+49301", "+49301"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(check_as(rows[i].claims, device()), PL_OK);
        assert_int_equal(caller.has_subject, rows[i].has_subject);
        assert_string_equal(caller.client_id, rows[i].client);
        assert_string_equal(caller.subject, rows[i].subject);
        assert_string_equal(caller.number, rows[i].number);
    }
}

/* A number that cannot be read must not make the token one without number. */
static void refuses_what_does_not_name_client_or_number(void **state)
{
    static const char *const bad[] = {
        EXP "\"sub\":\"c\"",
        EXP "\"appid\":\"c\"",
        EXP "\"client_id\":\"\"",
        EXP "\"client_id\":\"c\",\"phone_number\":\"\"",
        EXP "\"client_id\":\"c\",\"phone_number\":\"+1 425 555\"",
        EXP "\"client_id\":\"c\",\"phone_number\":\"49301234\"",
        EXP "\"client_id\":\"c\",\"phone_number\":\"+09301234\"",
        EXP "\"client_id\":\"c\",\"phone_number\":\"+1234\"",
        EXP "\"client_id\":\"c\",\"phone_number\":\"+1234567890123456\"",
        EXP "\"client_id\":\"c\",\"phone_number\":[\"+49301234\"]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(check_as(bad[i], device()), PL_EAUTH);
}

static void the_claims_with_the_number_can_be_chosen(void **state)
{
    pl_jwt_policy policy = device();
    (void)state;
    policy.number_claims = "msisdn";
    assert_int_equal(check_as(EXP "\"client_id\":\"c\",\"msisdn\":\"+49301\","
                                  "\"phone_number\":\"+49302\"",
                              policy),
                     PL_OK);
    assert_string_equal(caller.number, "+49301");
    policy.number_claims = "";
    assert_int_equal(
        check_as(EXP "\"client_id\":\"c\",\"sub\":\"+49301234\"", policy),
        PL_OK);
    assert_string_equal(caller.number, "");
}

static void clocks_may_differ_by_thirty_seconds(void **state)
{
    static const struct {
        const char *claims;
        pl_err e;
    } rows[] = {
        {"\"client_id\":\"c\",\"exp\":1699999971", PL_OK},
        {"\"client_id\":\"c\",\"exp\":1699999970", PL_EAUTH},
        {"\"client_id\":\"c\"", PL_EAUTH},
        {EXP "\"client_id\":\"c\",\"nbf\":1700000030", PL_OK},
        {EXP "\"client_id\":\"c\",\"nbf\":1700000031", PL_EAUTH},
        {EXP "\"client_id\":\"c\",\"iat\":1700000031", PL_EAUTH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(check_as(rows[i].claims, device()), rows[i].e);
}

static void collects_scopes_and_never_cuts_one(void **state)
{
    char claims[4096];
    char words[2101];
    (void)state;
    assert_int_equal(check_as(EXP "\"client_id\":\"c\",\"scope\":\"a:b c\","
                                  "\"scp\":[\"d e\",\"c\"],\"roles\":\"f\"",
                              device()),
                     PL_OK);
    assert_string_equal(caller.scope_text, "a:b c d e f");
    for (size_t i = 0; i < sizeof words - 1; i++)
        words[i] = i % 21 == 20 ? ' ' : (char)('a' + (i % 21 * i / 21) % 26);
    words[sizeof words - 1] = '\0';
    (void)snprintf(claims, sizeof claims,
                   EXP "\"client_id\":\"c\",\"scope\":\"%s\"", words);
    assert_int_equal(check_as(claims, device()), PL_OK);
    pl_slice rest = pl_slice_str(caller.scope_text);
    pl_slice word;
    size_t n = 0;
    for (; pl_scope_next(&rest, &word); n++)
        assert_int_equal(word.len, 20);
    assert_in_range(n, 20, 97);
}

/* What the token's server said may lack what a signature would have to cover;
 * what is there has to fit. */
static void vouched_claims_may_lack_issuer_and_end(void **state)
{
    static const struct {
        const char *text;
        pl_err e;
    } rows[] = {
        {"{\"client_id\":\"c\"}", PL_OK},
        {"{\"client_id\":\"c\",\"iss\":\"I\",\"aud\":[\"A\",\"B\"]}", PL_OK},
        {"{\"client_id\":\"c\",\"iss\":\"J\"}", PL_EAUTH},
        {"{\"client_id\":\"c\",\"aud\":\"B\"}", PL_EAUTH},
        {"{\"client_id\":\"c\",\"aud\":[]}", PL_EAUTH},
        {"{\"client_id\":\"c\",\"exp\":1699999970}", PL_EAUTH},
        {"{\"client_id\":\"c\",\"exp\":\"x\"}", PL_EAUTH},
        {"{\"sub\":\"c\"}", PL_EAUTH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_json *claims = NULL;
        pl_jwt_policy policy = device();
        policy.is_vouched = true;
        assert_int_equal(pl_json_parse(pl_slice_str(rows[i].text), &claims),
                         PL_OK);
        assert_int_equal(pl_claims_check(claims, &policy, &caller), rows[i].e);
        policy.is_vouched = false;
        assert_int_equal(pl_claims_check(claims, &policy, &caller), PL_EAUTH);
        pl_json_free(&claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_two_legs_from_three),
        cmocka_unit_test(refuses_what_does_not_name_client_or_number),
        cmocka_unit_test(the_claims_with_the_number_can_be_chosen),
        cmocka_unit_test(clocks_may_differ_by_thirty_seconds),
        cmocka_unit_test(collects_scopes_and_never_cuts_one),
        cmocka_unit_test(vouched_claims_may_lack_issuer_and_end),
    };
    return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}
