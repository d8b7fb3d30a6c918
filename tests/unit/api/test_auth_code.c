/* test_auth_code.c - authorization codes: what they are bound to. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "auth_code.h"

#define URI "https://a.example/cb"
/* RFC 7636 appendix B: a verifier's SHA-256, and the challenge of it. */
#define HASH      "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static const pl_auth_code CODE = {.id = "AAAAAAAAAAAAAAAAAAAAAA",
                                  .client_id = "dev",
                                  .redirect_uri = URI,
                                  .user = "tel:+14255550100",
                                  .scope = "WEBRTCMOBILE",
                                  .until_s = 1060};
static const pl_code_proof PROOF = {.client_id = "dev",
                                    .redirect_uris = URI,
                                    .redirect_uri = URI,
                                    .verifier_hash = "",
                                    .now_s = 1000};

static void is_the_same_after_writing_and_reading(void **state)
{
    pl_buf text;
    pl_json *claims = NULL;
    pl_auth_code code;
    pl_auth_code with = CODE;
    (void)state;
    (void)snprintf(with.challenge, sizeof with.challenge, CHALLENGE);
    pl_buf_init(&text, PL_CODE_MAX);
    pl_auth_code_text(&with, &text);
    assert_int_equal(pl_json_parse(pl_buf_slice(&text), &claims), PL_OK);
    assert_int_equal(pl_auth_code_read(claims, &code), PL_OK);
    assert_string_equal(code.id, with.id);
    assert_string_equal(code.client_id, with.client_id);
    assert_string_equal(code.redirect_uri, with.redirect_uri);
    assert_string_equal(code.user, with.user);
    assert_string_equal(code.scope, with.scope);
    assert_string_equal(code.challenge, with.challenge);
    assert_int_equal(code.until_s, with.until_s);
    pl_json_free(&claims);
    pl_buf_fini(&text);
}

/* Each member is needed, and bounded. */
static void reads_nothing_that_is_less_than_a_code(void **state)
{
#define GOOD_ID "\"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\","
#define REST                                                                   \
    "\"client_id\":\"d\",\"redirect_uri\":\"u\",\"scope\":\"s\","              \
    "\"challenge\":\"\","
    static const struct {
        const char *text;
        pl_err e;
    } ROWS[] = {
        {"{" GOOD_ID REST "\"user\":\"u\",\"exp\":1}", PL_OK},
        {"{" GOOD_ID REST "\"user\":\"u\"}", PL_EAUTH},
        {"{" GOOD_ID REST "\"user\":\"u\",\"exp\":\"1\"}", PL_EAUTH},
        {"{" GOOD_ID REST "\"user\":\"\",\"exp\":1}", PL_EAUTH},
        {"{" GOOD_ID REST "\"exp\":1}", PL_EAUTH},
        {"{" GOOD_ID "\"user\":\"u\",\"exp\":1}", PL_EAUTH},
        {"{" REST "\"user\":\"u\",\"exp\":1}", PL_EAUTH},
        {"{\"jti\":\"A\"," REST "\"user\":\"u\",\"exp\":1}", PL_EAUTH},
        {"{" GOOD_ID REST "\"user\":\"tel:+1234567890123456789012345678901\","
         "\"exp\":1}",
         PL_EAUTH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_json *claims = NULL;
        pl_auth_code code;
        assert_int_equal(pl_json_parse(pl_slice_str(ROWS[i].text), &claims),
                         PL_OK);
        if (pl_auth_code_read(claims, &code) != ROWS[i].e)
            print_error("%s\n", ROWS[i].text);
        assert_int_equal(pl_auth_code_read(claims, &code), ROWS[i].e);
        pl_json_free(&claims);
    }
}

static void is_good_for_one_client_and_address_for_a_minute(void **state)
{
    pl_code_proof p = PROOF;
    (void)state;
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_OK);
    p.redirect_uri = ""; /* the only one */
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_OK);
    p.redirect_uris = "https://b.example/cb " URI;
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_EAUTH);
    p.redirect_uri = URI;
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_OK);
    p.redirect_uri = "https://b.example/cb"; /* the client's, not the code's */
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_EAUTH);
    p = PROOF;
    p.redirect_uris = ""; /* not configured any more */
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_EAUTH);
    p = PROOF;
    p.client_id = "deV";
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_EAUTH);
    p = PROOF;
    p.now_s = CODE.until_s - 1;
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_OK);
    p.now_s = CODE.until_s;
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_EAUTH);
}

/* RFC 7636 section 4.6; RFC 9700 section 2.1.1 */
static void wants_the_verifier_of_its_challenge(void **state)
{
    pl_auth_code code = CODE;
    pl_code_proof p = PROOF;
    (void)state;
    (void)snprintf(code.challenge, sizeof code.challenge, CHALLENGE);
    assert_int_equal(pl_auth_code_check(&code, &p), PL_EAUTH);
    p.verifier_hash = HASH;
    assert_int_equal(pl_auth_code_check(&code, &p), PL_OK);
    code.challenge[0] = 'F';
    assert_int_equal(pl_auth_code_check(&code, &p), PL_EAUTH);
    assert_int_equal(pl_auth_code_check(&CODE, &p), PL_EAUTH);
}

static void knows_challenges_and_verifiers(void **state)
{
    char text[140];
    (void)state;
    assert_true(pl_code_is_challenge(CHALLENGE));
    assert_false(pl_code_is_challenge(CHALLENGE "A"));
    assert_false(pl_code_is_challenge(""));
    assert_false(
        pl_code_is_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"));
    memset(text, '~', sizeof text);
    text[PL_CODE_VERIFIER_MAX + 1] = '\0';
    assert_false(pl_code_is_verifier(text));
    text[PL_CODE_VERIFIER_MAX] = '\0';
    assert_true(pl_code_is_verifier(text));
    text[PL_CODE_VERIFIER_MIN] = '\0';
    assert_true(pl_code_is_verifier(text));
    text[5] = '+';
    assert_false(pl_code_is_verifier(text));
    text[5] = '.';
    text[PL_CODE_VERIFIER_MIN - 1] = '\0';
    assert_false(pl_code_is_verifier(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_same_after_writing_and_reading),
        cmocka_unit_test(reads_nothing_that_is_less_than_a_code),
        cmocka_unit_test(is_good_for_one_client_and_address_for_a_minute),
        cmocka_unit_test(wants_the_verifier_of_its_challenge),
        cmocka_unit_test(knows_challenges_and_verifiers),
    };
    return cmocka_run_group_tests_name("auth_code", tests, NULL, NULL);
}
