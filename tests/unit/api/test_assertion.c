/* test_assertion.c - what a client signs to prove itself. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "assertion.h"
#include "base64.h"

static const int64_t NOW_S = 1700000000;
#define HEADER "{\"alg\":\"ES256\"}"
#define WHO    "\"iss\":\"video\",\"sub\":\"video\",\"aud\":\"https://i\""

static pl_err parse(const char *header, const char *claims, pl_jwt *jwt,
                    pl_buf *text)
{
    pl_buf_init(text, 20000);
    pl_base64url_encode(pl_slice_str(header), text);
    pl_buf_add_str(text, ".");
    pl_base64url_encode(pl_slice_str(claims), text);
    pl_buf_add_str(text, ".c2ln");
    return pl_assertion_parse(pl_buf_slice(text), jwt);
}

static pl_err check(const char *claims, pl_assertion *assertion)
{
    pl_jwt jwt;
    pl_buf text;
    assert_int_equal(parse(HEADER, claims, &jwt, &text), PL_OK);
    pl_err e = pl_assertion_read(&jwt, NOW_S * 1000, assertion);
    pl_jwt_fini(&jwt);
    pl_buf_fini(&text);
    return e;
}

static void its_type_is_none_of_ours(void **state)
{
    static const struct {
        const char *header;
        pl_err e;
    } rows[] = {
        {"{\"alg\":\"ES256\"}", PL_OK},
        {"{\"alg\":\"RS256\",\"typ\":\"JWT\"}", PL_OK},
        {"{\"alg\":\"EdDSA\",\"typ\":\"client-authentication+jwt\"}", PL_OK},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", PL_EAUTH},
        {"{\"alg\":\"ES256\",\"typ\":\"code+jwt\"}", PL_EAUTH},
        {"{\"alg\":\"ES256\",\"typ\":1}", PL_EAUTH},
        {"{\"alg\":\"none\"}", PL_EAUTH},
        {"{\"alg\":\"HS256\"}", PL_EAUTH},
        {"{\"alg\":\"ES256\",\"jku\":\"https://x\"}", PL_EAUTH},
        {"{\"alg\":\"ES256\",\"jwk\":{}}", PL_EAUTH},
        {"{\"alg\":\"ES256\",\"crit\":[]}", PL_EAUTH},
        {"{}", PL_EAUTH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_jwt jwt;
        pl_buf text;
        pl_err e = parse(rows[i].header, "{}", &jwt, &text);
        assert_int_equal(e, rows[i].e);
        if (!e)
            pl_jwt_fini(&jwt);
        pl_buf_fini(&text);
    }
}

static void says_who_until_when_and_which(void **state)
{
    pl_assertion a;
    (void)state;
    assert_int_equal(check("{" WHO ",\"jti\":\"1\",\"exp\":1700000300}", &a),
                     PL_OK);
    assert_string_equal(a.client_id, "video");
    assert_string_equal(a.id, "1");
    assert_int_equal(a.until_s, 1700000360);
}

static void refuses_claims_that_are_no_good(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"iss\":\"a\",\"jti\":\"1\",\"exp\":1700000300}",
        "{\"sub\":\"a\",\"jti\":\"1\",\"exp\":1700000300}",
        "{\"iss\":\"a\",\"sub\":\"b\",\"jti\":\"1\",\"exp\":1700000300}",
        "{\"iss\":\"\",\"sub\":\"\",\"jti\":\"1\",\"exp\":1700000300}",
        "{\"iss\":1,\"sub\":1,\"jti\":\"1\",\"exp\":1700000300}",
        "{" WHO ",\"exp\":1700000300}",
        "{" WHO ",\"jti\":\"\",\"exp\":1700000300}",
        "{" WHO ",\"jti\":1,\"exp\":1700000300}",
        "{" WHO ",\"jti\":\"1\"}",
        "{" WHO ",\"jti\":\"1\",\"exp\":\"1700000300\"}",
        /* expired, for too long, not yet */
        "{" WHO ",\"jti\":\"1\",\"exp\":1699999940}",
        "{" WHO ",\"jti\":\"1\",\"exp\":1700003661}",
        "{" WHO ",\"jti\":\"1\",\"exp\":253402300799}",
        "{" WHO ",\"jti\":\"1\",\"exp\":1700000300,\"nbf\":1700000100}",
        "{" WHO ",\"jti\":\"1\",\"exp\":1700000300,\"iat\":1700000100}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_assertion a;
        assert_int_equal(check(rows[i], &a), PL_EAUTH);
    }
}

static void refuses_ids_that_are_too_long(void **state)
{
    char claims[600];
    pl_assertion a;
    (void)state;
    (void)snprintf(claims, sizeof claims,
                   "{" WHO ",\"jti\":\"%0256u\",\"exp\":1700000300}", 1U);
    assert_int_equal(check(claims, &a), PL_OK);
    (void)snprintf(claims, sizeof claims,
                   "{" WHO ",\"jti\":\"%0257u\",\"exp\":1700000300}", 1U);
    assert_int_equal(check(claims, &a), PL_EAUTH);
    (void)snprintf(claims, sizeof claims,
                   "{\"iss\":\"%0129u\",\"sub\":\"%0129u\",\"jti\":\"1\","
                   "\"exp\":1700000300}",
                   1U, 1U);
    assert_int_equal(check(claims, &a), PL_EAUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_type_is_none_of_ours),
        cmocka_unit_test(says_who_until_when_and_which),
        cmocka_unit_test(refuses_claims_that_are_no_good),
        cmocka_unit_test(refuses_ids_that_are_too_long),
    };
    return cmocka_run_group_tests_name("assertion", tests, NULL, NULL);
}
