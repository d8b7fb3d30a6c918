/* test_oauth.c - the token endpoint's syntax. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "oauth.h"

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static pl_err read_request(const char *headers, const char *body,
                           pl_oauth_request *request, pl_oauth_fault *fault)
{
    char text[2048];
    pl_http_head head;
    pl_http_fault http_fault;
    size_t cursor = 0;
    size_t len = 0;
    (void)snprintf(text, sizeof text,
                   "POST /oauth2/token HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);
    assert_int_equal(pl_http_head_find_end((const uint8_t *)text, strlen(text),
                                           &cursor, &len, &http_fault),
                     PL_OK);
    assert_int_equal(
        pl_http_head_parse((const uint8_t *)text, len, &head, &http_fault),
        PL_OK);
    return pl_oauth_read(&head, pl_slice_str(body), request, fault);
}

static void reads_credentials_from_form_and_header(void **state)
{
    pl_oauth_request r;
    pl_oauth_fault fault;
    (void)state;
    assert_int_equal(
        read_request(FORM,
                     "grant_type=client_credentials&client_id=dev&client_secret"
                     "=s%2B1&scope=A+B&user=alice",
                     &r, &fault),
        PL_OK);
    assert_string_equal(r.client_id, "dev");
    assert_string_equal(r.client_secret, "s+1");
    assert_string_equal(r.scope, "A B");
    assert_string_equal(r.user, "alice");
    assert_int_equal(read_request(FORM "Authorization: Basic ZGV2OnMlMkIx\r\n",
                                  "grant_type=client_credentials", &r, &fault),
                     PL_OK);
    assert_string_equal(r.client_secret, "s+1");
}

static void reads_multipart_forms_too(void **state)
{
#define PART(name, value)                                                      \
    "--b1\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value  \
    "\r\n"
    pl_oauth_request r;
    pl_oauth_fault fault;
    (void)state;
    assert_int_equal(
        read_request("Content-Type: multipart/form-data; boundary=b1\r\n",
                     PART("client_id", "dev") PART("client_secret", "s+1")
                         PART("grant_type", "client_credentials")
                             PART("scope", "WEBRTC,EMERGENCYSERVICES")
                                 PART("code", "") "--b1--\r\n",
                     &r, &fault),
        PL_OK);
    assert_string_equal(r.client_id, "dev");
    assert_string_equal(r.client_secret, "s+1");
    assert_string_equal(r.scope, "WEBRTC,EMERGENCYSERVICES");
    assert_int_equal(
        read_request("Content-Type: multipart/form-data; boundary=b1\r\n",
                     PART("grant_type", "client_credentials"), &r, &fault),
        PL_EINVAL);
    assert_int_equal(fault, PL_OAUTH_INVALID_REQUEST);
}

/* RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
static void reads_a_code_and_what_proves_it(void **state)
{
#define V43        "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
#define CODE_GRANT "grant_type=authorization_code&client_id=dev&client_secret=s"
    pl_oauth_request r;
    pl_oauth_fault fault;
    (void)state;
    assert_int_equal(read_request(FORM,
                                  CODE_GRANT
                                  "&code=a.b.c&redirect_uri=https%3A%2F%2Fa%2F"
                                  "&code_verifier=" V43,
                                  &r, &fault),
                     PL_OK);
    assert_true(r.has_code);
    assert_string_equal(r.code, "a.b.c");
    assert_string_equal(r.redirect_uri, "https://a/");
    assert_string_equal(r.code_verifier, V43);
    assert_int_equal(read_request(FORM, CODE_GRANT "&code=c", &r, &fault),
                     PL_OK);
    assert_string_equal(r.redirect_uri, "");
    assert_string_equal(r.code_verifier, "");
    static const char *const BAD[] = {
        CODE_GRANT, CODE_GRANT "&code=a&code=b",
        CODE_GRANT "&code=a&code_verifier=short",
        CODE_GRANT "&code=a&code_verifier=%2B" V43,
        CODE_GRANT "&code=a&redirect_uri=a&redirect_uri=a"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_int_equal(read_request(FORM, BAD[i], &r, &fault), PL_EINVAL);
        assert_int_equal(fault, PL_OAUTH_INVALID_REQUEST);
    }
    /* Old helpers send an empty code with everything. */
    assert_int_equal(
        read_request(FORM, "grant_type=client_credentials&code=", &r, &fault),
        PL_OK);
    assert_false(r.has_code);
}

static void tells_of_codes_only_where_they_are_given(void **state)
{
    pl_answer answer;
    (void)state;
    pl_answer_init(&answer);
    pl_oauth_discovery(&answer, "https://i", "", false);
    assert_null(strstr(answer.body.ptr, "authoriz"));
    assert_non_null(strstr(answer.body.ptr, "\"response_types_supported\":[]"));
    pl_oauth_discovery(&answer, "https://i", "", true);
    assert_non_null(strstr(answer.body.ptr,
                           "\"authorization_endpoint\":"
                           "\"https://i/oauth/v4/authorize\""));
    assert_non_null(strstr(answer.body.ptr, "\"authorization_code\""));
    assert_non_null(strstr(answer.body.ptr,
                           "\"code_challenge_methods_supported\":[\"S256\"]"));
    pl_oauth_fail(&answer, PL_OAUTH_NO_CODES);
    assert_non_null(strstr(answer.body.ptr, "redirect_uris in section [api]"));
    pl_answer_fini(&answer);
}

static void refuses_what_it_does_not_understand(void **state)
{
    static const struct {
        const char *headers, *body;
        pl_oauth_fault fault;
    } ROWS[] = {
        {FORM, "", PL_OAUTH_INVALID_REQUEST},
        {"", "grant_type=client_credentials", PL_OAUTH_INVALID_REQUEST},
        {FORM, "grant_type=password", PL_OAUTH_UNSUPPORTED_GRANT},
        {FORM, "grant_type=client_credentials&client_id=a&client_id=b",
         PL_OAUTH_INVALID_REQUEST},
        {FORM, "grant_type=client_credentials&user=%zz",
         PL_OAUTH_INVALID_REQUEST},
        {FORM, "grant_type=client_credentials&scope=%22",
         PL_OAUTH_INVALID_SCOPE},
        {FORM "Authorization: Basic ZGV2\r\n", "grant_type=client_credentials",
         PL_OAUTH_INVALID_CLIENT},
        {FORM "Authorization: Basic !!!!\r\n", "grant_type=client_credentials",
         PL_OAUTH_INVALID_CLIENT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_oauth_request r;
        pl_oauth_fault fault;
        assert_int_equal(
            read_request(ROWS[i].headers, ROWS[i].body, &r, &fault), PL_EINVAL);
        assert_int_equal(fault, ROWS[i].fault);
    }
}

#define SIGNED                                                                 \
    "grant_type=client_credentials&client_assertion=h.c.s&"                    \
    "client_assertion_type="
#define BEARER                                                                 \
    "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

static void reads_what_a_client_signed(void **state)
{
    static const struct {
        const char *headers, *body;
        pl_oauth_fault fault;
    } bad[] = {
        {FORM, SIGNED, PL_OAUTH_INVALID_CLIENT},
        {FORM, SIGNED "urn:x", PL_OAUTH_INVALID_CLIENT},
        {FORM, SIGNED BEARER "x", PL_OAUTH_INVALID_REQUEST},
        {FORM, SIGNED BEARER "&client_secret=s", PL_OAUTH_INVALID_REQUEST},
        {FORM, SIGNED BEARER "&client_assertion=x", PL_OAUTH_INVALID_REQUEST},
        {FORM, "grant_type=client_credentials&client_assertion_type=" BEARER,
         PL_OAUTH_INVALID_REQUEST},
        {FORM "Authorization: Basic ZGV2OnMlMkIx\r\n", SIGNED BEARER,
         PL_OAUTH_INVALID_REQUEST},
    };
    pl_oauth_request r;
    pl_oauth_fault fault;
    (void)state;
    assert_int_equal(read_request(FORM, SIGNED BEARER, &r, &fault), PL_OK);
    assert_true(r.has_assertion);
    assert_string_equal(r.assertion, "h.c.s");
    assert_string_equal(r.client_id, "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_request(bad[i].headers, bad[i].body, &r, &fault),
                         PL_EINVAL);
        assert_int_equal(fault, bad[i].fault);
    }
}

static void a_tenant_has_metadata_of_its_own(void **state)
{
    pl_answer answer;
    (void)state;
    pl_answer_init(&answer);
    pl_oauth_discovery(&answer, "https://i", "acme", true);
    static const char *const parts[] = {
        "\"issuer\":\"https://i/acme/v2.0\"",
        "\"token_endpoint\":\"https://i/acme/oauth2/v2.0/token\"",
        "\"jwks_uri\":\"https://i/acme/discovery/v2.0/keys\"",
        "\"private_key_jwt\"",
        "\"token_endpoint_auth_signing_alg_values_supported\":[\"ES256\",",
        "\"authorization_endpoint\":\"https://i/oauth/v4/authorize\"",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(answer.body.ptr, parts[i]));
    pl_answer_fini(&answer);
}

static void claims_say_what_other_servers_look_for(void **state)
{
    pl_buf text;
    pl_oauth_claims claims = {.issuer = "https://i/acme/v2.0",
                              .audience = "parley",
                              .client_id = "video",
                              .scope = "rooms management",
                              .user = "",
                              .tenant = "acme",
                              .token_id = "J",
                              .now_s = 1700000000,
                              .lifetime_s = 3600};
    (void)state;
    pl_buf_init(&text, 4096);
    pl_oauth_claims_text(&claims, &text);
    assert_string_equal(
        pl_buf_text(&text),
        "{\"iss\":\"https://i/acme/v2.0\",\"aud\":\"parley\",\"sub\":"
        "\"video\",\"client_id\":\"video\",\"tid\":\"acme\",\"scope\":"
        "\"rooms management\",\"scp\":\"rooms management\",\"roles\":["
        "\"rooms\",\"management\"],\"jti\":\"J\",\"iat\":1700000000,"
        "\"nbf\":1700000000,\"exp\":1700003600}");
    pl_buf_clear(&text);
    claims.tenant = "";
    claims.user = "alice";
    pl_oauth_claims_text(&claims, &text);
    assert_null(strstr(pl_buf_text(&text), "tid"));
    assert_non_null(strstr(pl_buf_text(&text), "\"user\":\"alice\""));
    assert_null(strstr(pl_buf_text(&text), "phone_number"));
    pl_buf_fini(&text);
}

/* The device APIs look for the number there; long lists are not repeated. */
static void claims_bind_a_number(void **state)
{
    static char scope[PL_SCOPES_MAX + 1];
    pl_buf text;
    pl_oauth_claims claims = {.issuer = "I",
                              .audience = "A",
                              .client_id = "c",
                              .scope = scope,
                              .user = "tel:+14255550100",
                              .tenant = "",
                              .token_id = "J"};
    (void)state;
    memset(scope, 's', sizeof scope - 1);
    pl_buf_init(&text, 8192);
    pl_oauth_claims_text(&claims, &text);
    assert_non_null(
        strstr(pl_buf_text(&text), "\"phone_number\":\"+14255550100\""));
    assert_null(strstr(pl_buf_text(&text), "roles"));
    assert_null(strstr(pl_buf_text(&text), "scp"));
    assert_int_equal(text.has_failed, false);
    pl_buf_fini(&text);
}

static void answers_are_never_stored(void **state)
{
    pl_answer answer;
    (void)state;
    pl_answer_init(&answer);
    pl_oauth_grant(&answer, "T", 60, "WEBRTC");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.headers.ptr, "Cache-Control: no-store"));
    assert_string_equal(answer.body.ptr,
                        "{\"access_token\":\"T\",\"token_type\":\"Bearer\","
                        "\"expires_in\":60,\"ext_expires_in\":60,\"scope\":"
                        "\"WEBRTC\"}");
    pl_answer_reset(&answer);
    pl_oauth_fail(&answer, PL_OAUTH_INVALID_CLIENT);
    assert_int_equal(answer.status, 401);
    assert_non_null(strstr(answer.headers.ptr, "WWW-Authenticate: Basic"));
    assert_non_null(strstr(answer.body.ptr, "\"invalid_client\""));
    pl_answer_fini(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_credentials_from_form_and_header),
        cmocka_unit_test(reads_multipart_forms_too),
        cmocka_unit_test(reads_a_code_and_what_proves_it),
        cmocka_unit_test(tells_of_codes_only_where_they_are_given),
        cmocka_unit_test(refuses_what_it_does_not_understand),
        cmocka_unit_test(reads_what_a_client_signed),
        cmocka_unit_test(a_tenant_has_metadata_of_its_own),
        cmocka_unit_test(claims_say_what_other_servers_look_for),
        cmocka_unit_test(claims_bind_a_number),
        cmocka_unit_test(answers_are_never_stored),
    };
    return cmocka_run_group_tests_name("oauth", tests, NULL, NULL);
}
