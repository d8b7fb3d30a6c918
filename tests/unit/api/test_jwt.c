/* test_jwt.c - syntax and claims of access tokens (RFC 8725, RFC 9068). */
#include "cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "jwt.h"

static const int64_t NOW_S = 1700000000;
static const char HEADER[] =
    "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}";
static const char CLAIMS[] =
    "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"client_id\":\"c\","
    "\"exp\":1700003600,\"iat\":1700000000,\"scope\":\"X Y\"}";

static void make(const char *header, const char *claims, pl_buf *out)
{
    pl_buf_init(out, 20000);
    pl_base64url_encode(pl_slice_str(header), out);
    pl_buf_add_str(out, ".");
    pl_base64url_encode(pl_slice_str(claims), out);
    pl_buf_add_str(out, ".c2ln");
}

static pl_err parse(const char *header, const char *claims)
{
    pl_buf text;
    pl_jwt jwt;
    make(header, claims, &text);
    pl_err e = pl_jwt_parse(pl_buf_slice(&text), &jwt);
    if (!e)
        pl_jwt_fini(&jwt);
    pl_buf_fini(&text);
    return e;
}

static pl_err check(const char *claims, const char *scope, pl_caller *caller)
{
    pl_buf text;
    pl_jwt jwt;
    pl_jwt_policy policy = {
        .issuer = "I", .audience = "A", .scope = scope, .now_ms = NOW_S * 1000};
    make(HEADER, claims, &text);
    assert_int_equal(pl_jwt_parse(pl_buf_slice(&text), &jwt), PL_OK);
    pl_err e = pl_jwt_check(&jwt, &policy, caller);
    pl_jwt_fini(&jwt);
    pl_buf_fini(&text);
    return e;
}

static void refuses_headers_that_choose_keys_or_algorithms(void **state)
{
    static const char *const BAD[] = {
        "{}",
        "[]",
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"None\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"es256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES384\",\"typ\":\"JWT\"}",
        "{\"alg\":5,\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"typ\":\"id+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":5}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"jku\":\"https://x\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x5u\":\"https://x\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"jwk\":{\"kty\":\"EC\"}}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x5c\":[\"x\"]}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":7}",
        "{\"alg\":\"ES256\",\"alg\":\"none\",\"typ\":\"JWT\"}",
    };
    (void)state;
    assert_int_equal(parse(HEADER, CLAIMS), PL_OK);
    assert_int_equal(parse("{\"alg\":\"RS256\",\"typ\":\"JWT\"}", CLAIMS),
                     PL_OK);
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(parse(BAD[i], CLAIMS), PL_EAUTH);
}

static void refuses_malformed_texts(void **state)
{
    static const char *const BAD[] = {"",
                                      ".",
                                      "..",
                                      "a.b",
                                      "a.b.",
                                      "a.b.c.d",
                                      "eyJ9.eyJ9.eyJ9",
                                      "e30.e30.c2ln",
                                      "e30=.e30.c2ln",
                                      "e30 .e30.c2ln"};
    pl_jwt jwt;
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(pl_jwt_parse(pl_slice_str(BAD[i]), &jwt), PL_EAUTH);
    assert_int_equal(parse(HEADER, "[]"), PL_EAUTH);
    assert_int_equal(parse(HEADER, "{\"iss\":\"I\",\"iss\":\"J\"}"), PL_EAUTH);
    assert_int_equal(parse(HEADER, "{\"iss\":\"\xff\"}"), PL_EAUTH);
}

static pl_err parse_typed(const char *header, const char *typ)
{
    pl_buf text;
    pl_jwt jwt;
    make(header, CLAIMS, &text);
    pl_err e = pl_jwt_parse_typed(pl_buf_slice(&text), typ, &jwt);
    if (!e)
        pl_jwt_fini(&jwt);
    pl_buf_fini(&text);
    return e;
}

/* RFC 8725 section 3.11 */
static void never_takes_one_kind_for_another(void **state)
{
    static const char CODE[] = "{\"alg\":\"ES256\",\"typ\":\"code+jwt\"}";
    static const char PLAIN[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
    (void)state;
    assert_int_equal(parse_typed(CODE, "code+jwt"), PL_OK);
    assert_int_equal(parse(CODE, CLAIMS), PL_EAUTH);
    assert_int_equal(parse_typed(HEADER, "code+jwt"), PL_EAUTH);
    assert_int_equal(parse_typed(PLAIN, "code+jwt"), PL_EAUTH);
    assert_int_equal(parse_typed("{\"alg\":\"ES256\"}", "code+jwt"), PL_EAUTH);
}

static void refuses_tokens_over_8_kib(void **state)
{
    pl_buf claims;
    (void)state;
    pl_buf_init(&claims, 20000);
    pl_buf_add_str(&claims, "{\"x\":\"");
    for (int i = 0; i < 900; i++)
        pl_buf_add_str(&claims, "0123456789");
    pl_buf_add_str(&claims, "\"}");
    assert_int_equal(parse(HEADER, pl_buf_text(&claims)), PL_EAUTH);
    pl_buf_fini(&claims);
}

static void refuses_every_change_of_one_character(void **state)
{
    pl_buf text;
    (void)state;
    make(HEADER, CLAIMS, &text);
    size_t header_len = strcspn(text.ptr, ".");
    for (size_t i = 0; i <= header_len; i++) { /* no crash, no acceptance of
                                                  foreign characters */
        char old = text.ptr[i];
        pl_jwt jwt;
        text.ptr[i] = '=';
        assert_int_equal(pl_jwt_parse(pl_buf_slice(&text), &jwt), PL_EAUTH);
        text.ptr[i] = old;
    }
    pl_buf_fini(&text);
}

static void says_whom_a_good_token_speaks_for(void **state)
{
    pl_caller caller;
    (void)state;
    assert_int_equal(check(CLAIMS, "", &caller), PL_OK);
    assert_string_equal(caller.client_id, "c");
    assert_string_equal(caller.subject, "s");
    assert_string_equal(caller.user_id, "");
    assert_int_equal(caller.expires_ms, 1700003600000);
    assert_int_equal(check("{\"iss\":\"I\",\"aud\":[\"B\",\"A\"],\"azp\":\"z\","
                           "\"exp\":1700000001,\"user\":\"alice\"}",
                           "", &caller),
                     PL_OK);
    assert_string_equal(caller.client_id, "z");
    assert_string_equal(caller.user_id, "alice");
}

static void refuses_wrong_issuers_audiences_and_times(void **state)
{
    static const char *const BAD[] = {
        "{}",
        "{\"iss\":\"J\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I/\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":[\"I\"],\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":\"AA\",\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":\"A B\",\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":[],\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":[5],\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"sub\":\"s\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\"}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":\"1700003600\"}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600.5}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1699999940}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":-1}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":"
        "9223372036854775807}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600,"
        "\"nbf\":1700000061}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600,"
        "\"iat\":1700000061}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600,"
        "\"iat\":\"now\"}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"\",\"exp\":1700003600}",
        "{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"client_id\":5,"
        "\"exp\":1700003600}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        pl_caller caller;
        pl_err e = check(BAD[i], "", &caller);
        if (e != PL_EAUTH)
            print_error("%s\n", BAD[i]);
        assert_int_equal(e, PL_EAUTH);
    }
}

static void allows_a_minute_of_clock_skew(void **state)
{
    pl_caller caller;
    (void)state;
    assert_int_equal(
        check("{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1699999941}",
              "", &caller),
        PL_OK);
    assert_int_equal(
        check("{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600,"
              "\"nbf\":1700000060,\"iat\":1700000060}",
              "", &caller),
        PL_OK);
}

static void wants_the_configured_scope(void **state)
{
    pl_caller caller;
    (void)state;
    assert_int_equal(check(CLAIMS, "X", &caller), PL_OK);
    assert_int_equal(check(CLAIMS, "Y", &caller), PL_OK);
    assert_int_equal(check(CLAIMS, "X Y", &caller), PL_EFORBIDDEN);
    assert_int_equal(check(CLAIMS, "Z", &caller), PL_EFORBIDDEN);
    assert_int_equal(
        check("{\"iss\":\"I\",\"aud\":\"A\",\"sub\":\"s\",\"exp\":1700003600}",
              "X", &caller),
        PL_EFORBIDDEN);
}

#define OF(more) "{\"iss\":\"I\",\"aud\":\"A\",\"exp\":1700003600," more "}"

static void reads_scopes_in_every_spelling(void **state)
{
    static const struct {
        const char *claims;
        unsigned scopes;
    } ROWS[] = {
        {OF("\"sub\":\"c\""), 0},
        {OF("\"sub\":\"c\",\"scope\":\"\""), 0},
        {OF("\"sub\":\"c\",\"scope\":\"WEBRTC\""), PL_SCOPE_WEBRTC},
        {OF("\"sub\":\"c\",\"scope\":\"WEBRTCMOBILE,EMERGENCYSERVICES\""),
         PL_SCOPE_WEBRTCMOBILE | PL_SCOPE_EMERGENCYSERVICES},
        {OF("\"sub\":\"c\",\"scope\":\"x  EMERGENCYSERVICES, WEBRTC\""),
         PL_SCOPE_WEBRTC | PL_SCOPE_EMERGENCYSERVICES},
        {OF("\"sub\":\"c\",\"scp\":[\"x\",\"WEBRTCMOBILE\",5]"),
         PL_SCOPE_WEBRTCMOBILE},
        {OF("\"sub\":\"c\",\"scope\":\"webrtc WEBRTCX\""), 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_caller caller;
        assert_int_equal(check(ROWS[i].claims, "", &caller), PL_OK);
        assert_int_equal(caller.scopes, ROWS[i].scopes);
    }
}

static void tells_users_from_clients(void **state)
{
    static const struct {
        const char *claims;
        bool names_user;
    } ROWS[] = {
        {OF("\"sub\":\"c\""), false},
        {OF("\"client_id\":\"c\""), false},
        {OF("\"client_id\":\"c\",\"sub\":\"c\""), false},
        {OF("\"azp\":\"c\",\"sub\":\"c@clients\""), false},
        {OF("\"azp\":\"c\",\"sub\":\"x\",\"gty\":\"client-credentials\""),
         false},
        {OF("\"appid\":\"c\",\"sub\":\"x\",\"oid\":\"x\""), false},
        {OF("\"appid\":\"c\",\"sub\":\"x\",\"idtyp\":\"app\""), false},
        {OF("\"appid\":\"c\",\"sub\":\"x\",\"oid\":\"y\""), true},
        {OF("\"client_id\":\"c\",\"sub\":\"carol\""), true},
        {OF("\"client_id\":\"dev\",\"sub\":\"alice\""), true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_caller caller;
        assert_int_equal(check(ROWS[i].claims, "", &caller), PL_OK);
        assert_int_equal(caller.names_user, ROWS[i].names_user);
    }
}

static void takes_the_algorithm_from_the_key(void **state)
{
    static const struct {
        const char *jwk;
        pl_jwt_alg alg;
    } ROWS[] = {
        {"{\"kty\":\"RSA\"}", PL_JWT_RS256},
        {"{\"kty\":\"RSA\",\"alg\":\"RS512\"}", PL_JWT_UNKNOWN},
        {"{\"kty\":\"RSA\",\"use\":\"enc\"}", PL_JWT_UNKNOWN},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\"}", PL_JWT_ES256},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\"}", PL_JWT_UNKNOWN},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\"}",
         PL_JWT_EDDSA},
        {"{\"kty\":\"oct\",\"k\":\"AA\"}", PL_JWT_UNKNOWN},
        {"{}", PL_JWT_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_json *jwk = NULL;
        assert_int_equal(pl_json_parse(pl_slice_str(ROWS[i].jwk), &jwk), PL_OK);
        assert_int_equal(pl_jwk_alg(jwk), ROWS[i].alg);
        pl_json_free(&jwk);
    }
}

static pl_err check_tenant(const char *claims, bool has_tenants,
                           const char *tenant)
{
    pl_buf text;
    pl_jwt jwt;
    pl_caller caller;
    pl_jwt_policy policy = {.issuer = "I",
                            .has_tenants = has_tenants,
                            .tenant = tenant,
                            .audience = "A",
                            .scope = "",
                            .now_ms = NOW_S * 1000};
    make(HEADER, claims, &text);
    assert_int_equal(pl_jwt_parse(pl_buf_slice(&text), &jwt), PL_OK);
    pl_err e = pl_jwt_check(&jwt, &policy, &caller);
    pl_jwt_fini(&jwt);
    pl_buf_fini(&text);
    return e;
}

static void a_tenants_issuer_goes_with_its_tid(void **state)
{
#define REST "\"aud\":\"A\",\"client_id\":\"c\",\"exp\":1700003600"
    static const struct {
        const char *claims;
        bool has_tenants;
        const char *tenant;
        pl_err e;
    } rows[] = {
        {"{\"iss\":\"I/t/v2.0\",\"tid\":\"t\"," REST "}", true, "", PL_OK},
        {"{\"iss\":\"I/t/v2.0\",\"tid\":\"t\"," REST "}", true, "t", PL_OK},
        {"{\"iss\":\"I/t/v2.0\",\"tid\":\"t\"," REST "}", true, "u", PL_EAUTH},
        {"{\"iss\":\"I/t/v2.0\",\"tid\":\"t\"," REST "}", false, "", PL_EAUTH},
        {"{\"iss\":\"I/t/v2.0\",\"tid\":\"u\"," REST "}", true, "", PL_EAUTH},
        {"{\"iss\":\"I/t/v2.0\"," REST "}", true, "", PL_EAUTH},
        {"{\"iss\":\"I/a/b/v2.0\",\"tid\":\"a/b\"," REST "}", true, "",
         PL_EAUTH},
        {"{\"iss\":\"I//v2.0\",\"tid\":\"\"," REST "}", true, "", PL_EAUTH},
        {"{\"iss\":\"I\"," REST "}", true, "", PL_OK},
        {"{\"iss\":\"I\"," REST "}", true, "t", PL_EAUTH},
        {"{\"iss\":\"I\",\"tid\":\"t\"," REST "}", false, "t", PL_OK},
        {"{\"iss\":\"I\",\"tid\":7," REST "}", false, "t", PL_EAUTH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            check_tenant(rows[i].claims, rows[i].has_tenants, rows[i].tenant),
            rows[i].e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_headers_that_choose_keys_or_algorithms),
        cmocka_unit_test(refuses_malformed_texts),
        cmocka_unit_test(never_takes_one_kind_for_another),
        cmocka_unit_test(refuses_tokens_over_8_kib),
        cmocka_unit_test(refuses_every_change_of_one_character),
        cmocka_unit_test(says_whom_a_good_token_speaks_for),
        cmocka_unit_test(reads_scopes_in_every_spelling),
        cmocka_unit_test(tells_users_from_clients),
        cmocka_unit_test(refuses_wrong_issuers_audiences_and_times),
        cmocka_unit_test(allows_a_minute_of_clock_skew),
        cmocka_unit_test(wants_the_configured_scope),
        cmocka_unit_test(takes_the_algorithm_from_the_key),
        cmocka_unit_test(a_tenants_issuer_goes_with_its_tid),
    };
    return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
