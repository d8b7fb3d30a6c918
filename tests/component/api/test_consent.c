/* test_consent.c - a user's consent, from the page to the access token, over
 * HTTPS. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"

#define FORM   "Content-Type: application/x-www-form-urlencoded\r\n"
#define URI    "https://app.example/cb"
#define CLIENT "client_id=parley-dev"
/* RFC 7636 appendix B */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static char keys_path[256];
static char client_path[256];

static void allow_one(pl_api_config *config)
{
    (void)snprintf(config->redirect_uris, sizeof config->redirect_uris, URI);
    (void)snprintf(keys_path, sizeof keys_path, "%s", config->token_keys);
    (void)snprintf(client_path, sizeof client_path, "%s", config->dev_client);
}

static void allow_two(pl_api_config *config)
{
    allow_one(config);
    (void)snprintf(config->redirect_uris, sizeof config->redirect_uris,
                   URI " http://localhost:3000/cb");
}

/* A second front end of the same site. */
static void share(pl_api_config *config)
{
    (void)snprintf(config->redirect_uris, sizeof config->redirect_uris, URI);
    (void)snprintf(config->token_keys, sizeof config->token_keys, "%s",
                   keys_path);
    (void)snprintf(config->dev_client, sizeof config->dev_client, "%s",
                   client_path);
}

/* The text between two marks. */
static void cut(const char *text, const char *before, const char *stops,
                char *buf, size_t cap)
{
    const char *at = strstr(text, before);
    assert_non_null(at);
    at += strlen(before);
    (void)snprintf(buf, cap, "%.*s", (int)strcspn(at, stops), at);
}

/* Opens the page and sends its form as a browser does. more: what the page's
 * request has beside the client; decision: what is filled in. */
static void consent(api_rig *rig, const char *more, const char *decision,
                    tls_reply *reply)
{
    char line[512];
    char mark[64];
    char headers[512];
    char body[1024];
    (void)snprintf(line, sizeof line, "GET /oauth/v4/authorize?" CLIENT "%s",
                   more);
    rig_request(rig, line, "", NULL, reply);
    assert_int_equal(reply->status, 200);
    cut(reply->body, "name=\"mark\" value=\"", "\"", mark, sizeof mark);
    (void)snprintf(headers, sizeof headers,
                   FORM "Cookie: __Host-parley-consent=%s\r\n"
                        "Sec-Fetch-Site: same-origin\r\n",
                   mark);
    (void)snprintf(body, sizeof body, CLIENT "%s&mark=%s&%s", more, mark,
                   decision);
    rig_request(rig, "POST /oauth/v4/authorize", headers, body, reply);
}

static const char ALLOW[] = "decision=allow&number=%2B1+425-555-0100";

static void get_code(api_rig *rig, const char *more, char *code, size_t cap)
{
    tls_reply reply;
    consent(rig, more, ALLOW, &reply);
    assert_int_equal(reply.status, 302);
    cut(tls_header(&reply, "Location"), "?code=", "&", code, cap);
}

/* more: what the request has beside client and code. */
static void trade(api_rig *rig, const char *code, const char *more,
                  tls_reply *reply)
{
    char secret[128] = "";
    char body[4096];
    rig_client(rig, secret, sizeof secret);
    (void)snprintf(body, sizeof body,
                   "grant_type=authorization_code&" CLIENT
                   "&client_secret=%s&code=%s%s",
                   secret, code, more);
    rig_request(rig, "POST /oauth/v4/token", FORM, body, reply);
}

static void assert_refused(const tls_reply *reply)
{
    assert_int_equal(reply->status, 400);
    assert_non_null(strstr(reply->body, "\"invalid_grant\""));
}

static int open_session(api_rig *rig, const char *token, const char *e911)
{
    char headers[9000];
    tls_reply reply;
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n%s",
                   token, e911);
    rig_request(rig, "POST /RTC/v1/sessions", headers, "{}", &reply);
    return reply.status;
}

/* The claims of a token have that text. */
static void assert_speaks_for(const char *token, const char *claim)
{
    char part[4096];
    pl_buf claims;
    cut(token, ".", ".", part, sizeof part);
    pl_buf_init(&claims, sizeof part);
    assert_int_equal(pl_base64url_decode(pl_slice_str(part), &claims), PL_OK);
    assert_non_null(strstr(pl_buf_text(&claims), claim));
    pl_buf_fini(&claims);
}

static void a_code_becomes_a_token_of_a_mobile_user_once(void **state)
{
    api_rig *rig = rig_start(allow_one);
    char code[2048];
    char token[8192];
    tls_reply reply;
    (void)state;
    consent(rig, "&scope=WEBRTCMOBILE,EMERGENCYSERVICES&state=a%26b", ALLOW,
            &reply);
    assert_int_equal(reply.status, 302);
    assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
    assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"), "");
    assert_non_null(strstr(tls_header(&reply, "Location"), URI "?code="));
    assert_non_null(strstr(tls_header(&reply, "Location"), "&state=a%26b"));
    cut(tls_header(&reply, "Location"), "?code=", "&", code, sizeof code);
    /* What is asked for now is not what was agreed to. */
    trade(rig, code, "&user=alice&scope=WEBRTC", &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(
        strstr(reply.body, "\"scope\":\"WEBRTCMOBILE EMERGENCYSERVICES\""));
    cut(reply.body, "\"access_token\":\"", "\"", token, sizeof token);
    assert_speaks_for(token, "\"user\":\"tel:+14255550100\"");
    assert_speaks_for(token, "\"client_id\":\"parley-dev\"");
    assert_speaks_for(token, "\"scope\":\"WEBRTCMOBILE EMERGENCYSERVICES\"");
    assert_int_equal(open_session(rig, token, "x-e911Id: a:b:c:d\r\n"), 201);
    trade(rig, code, "", &reply);
    assert_refused(&reply);
    assert_int_equal(rig_metric(rig, PL_AM_code_issued), 1);
    assert_int_equal(rig_metric(rig, PL_AM_code_refused), 1);
    rig_stop(&rig);
}

/* Neither is the other, though one key has signed both. */
/* What the device APIs want: their scopes, bound to that number. */
static void a_code_is_good_for_the_device_apis(void **state)
{
#define SCOPES                                                                 \
    "webrtc-registration:sessions:create "                                     \
    "webrtc-events:org.camaraproject.webrtc-events.v0.session-status:create"
    api_rig *rig = rig_start(allow_one);
    char code[4096];
    char token[8192];
    tls_reply reply;
    (void)state;
    get_code(rig,
             "&scope=webrtc-registration:sessions:create+webrtc-events:org."
             "camaraproject.webrtc-events.v0.session-status:create",
             code, sizeof code);
    trade(rig, code, "", &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"scope\":\"" SCOPES "\""));
    cut(reply.body, "\"access_token\":\"", "\"", token, sizeof token);
    assert_speaks_for(token, "\"phone_number\":\"+14255550100\"");
    assert_speaks_for(token, "\"scope\":\"" SCOPES "\"");
    rig_stop(&rig);
#undef SCOPES
}

static void codes_and_tokens_are_not_taken_for_each_other(void **state)
{
    api_rig *rig = rig_start(allow_one);
    char code[2048];
    tls_reply reply;
    (void)state;
    get_code(rig, "", code, sizeof code);
    assert_int_equal(open_session(rig, code, "x-e911Id: a:b:c:d\r\n"), 401);
    trade(rig,
          rig_token_with(rig, "scope=WEBRTCMOBILE&user=tel:%2B14255550100"), "",
          &reply);
    assert_refused(&reply);
    trade(rig, "a.b.c", "", &reply);
    assert_refused(&reply);
    size_t n = strlen(code);
    code[n - 3] = code[n - 3] == 'A' ? 'B' : 'A';
    trade(rig, code, "", &reply);
    assert_refused(&reply);
    code[n / 2] = code[n / 2] == 'A' ? 'B' : 'A';
    trade(rig, code, "", &reply);
    assert_refused(&reply);
    rig_stop(&rig);
}

static void a_code_is_bound_to_its_address(void **state)
{
#define LOCAL "http%3A%2F%2Flocalhost%3A3000%2Fcb"
    static const struct {
        const char *more;
        int status;
    } ROWS[] = {
        {"&redirect_uri=" LOCAL, 200},
        {"&redirect_uri=https%3A%2F%2Fapp.example%2Fcb", 400},
        {"&redirect_uri=" LOCAL "%2F", 400},
        {"", 400},
    };
    api_rig *rig = rig_start(allow_two);
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char code[2048];
        tls_reply reply;
        get_code(rig, "&redirect_uri=" LOCAL, code, sizeof code);
        trade(rig, code, ROWS[i].more, &reply);
        assert_int_equal(reply.status, ROWS[i].status);
        trade(rig, code, "&redirect_uri=" LOCAL, &reply);
        assert_refused(&reply); /* a wrong try has used it up */
    }
    rig_stop(&rig);
}

static void a_challenge_wants_its_verifier(void **state)
{
#define ASK "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
    static const struct {
        const char *ask, *proof;
        int status;
    } ROWS[] = {
        {ASK, "&code_verifier=" VERIFIER, 200},
        {ASK, "&code_verifier=x" VERIFIER, 400},
        {ASK, "", 400},
        {"", "&code_verifier=" VERIFIER, 400},
    };
    api_rig *rig = rig_start(allow_one);
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char code[2048];
        tls_reply reply;
        get_code(rig, ROWS[i].ask, code, sizeof code);
        trade(rig, code, ROWS[i].proof, &reply);
        assert_int_equal(reply.status, ROWS[i].status);
    }
    rig_stop(&rig);
}

static void only_the_client_may_trade(void **state)
{
    api_rig *rig = rig_start(allow_one);
    char code[2048];
    char body[4096];
    tls_reply reply;
    (void)state;
    get_code(rig, "", code, sizeof code);
    (void)snprintf(body, sizeof body,
                   "grant_type=authorization_code&" CLIENT
                   "&client_secret=wrong&code=%s",
                   code);
    rig_request(rig, "POST /oauth/token", FORM, body, &reply);
    assert_int_equal(reply.status, 401);
    trade(rig, code, "", &reply); /* a stranger cannot use it up */
    assert_int_equal(reply.status, 200);
    rig_stop(&rig);
}

/* Which front end gets a code makes no difference; each knows what it took. */
static void any_front_end_trades_a_code(void **state)
{
    api_rig *first = rig_start(allow_one);
    api_rig *second = rig_start(share);
    char code[2048];
    tls_reply reply;
    (void)state;
    get_code(first, "", code, sizeof code);
    trade(second, code, "", &reply);
    assert_int_equal(reply.status, 200);
    trade(second, code, "", &reply);
    assert_refused(&reply);
    rig_stop(&second);
    rig_stop(&first);
}

static void the_user_may_deny_or_correct(void **state)
{
    api_rig *rig = rig_start(allow_one);
    tls_reply reply;
    (void)state;
    consent(rig, "&state=s", "decision=deny&number=", &reply);
    assert_int_equal(reply.status, 302);
    assert_string_equal(tls_header(&reply, "Location"),
                        URI "?error=access_denied&state=s");
    consent(rig, "", "decision=allow&number=4255550100", &reply);
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "name=\"number\""));
    assert_non_null(strstr(reply.body, "That is no number"));
    assert_int_equal(rig_metric(rig, PL_AM_code_issued), 0);
    rig_stop(&rig);
}

/* A page of another site can send the form, but not with our cookie. */
static void a_form_of_another_site_is_refused(void **state)
{
#define COOKIE "Cookie: __Host-parley-consent=MMMMMMMMMMMMMMMMMMMMMM\r\n"
#define MARKED CLIENT "&decision=allow&number=%2B14255550100&mark="
    static const struct {
        const char *headers, *body;
        int status;
    } ROWS[] = {
        {FORM COOKIE, MARKED "MMMMMMMMMMMMMMMMMMMMMM", 302},
        {FORM, MARKED "MMMMMMMMMMMMMMMMMMMMMM", 403},
        {FORM COOKIE, MARKED "NNNNNNNNNNNNNNNNNNNNNN", 403},
        {FORM COOKIE, CLIENT "&decision=allow&number=%2B14255550100", 403},
        {FORM COOKIE "Sec-Fetch-Site: cross-site\r\n",
         MARKED "MMMMMMMMMMMMMMMMMMMMMM", 403},
        {"Content-Type: text/plain\r\n" COOKIE, MARKED "MMMMMMMMMMMMMMMMMMMMMM",
         400},
        {COOKIE, "", 400},
    };
    api_rig *rig = rig_start(allow_one);
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        tls_reply reply;
        rig_request(rig, "POST /oauth/authorize", ROWS[i].headers, ROWS[i].body,
                    &reply);
        assert_int_equal(reply.status, ROWS[i].status);
        assert_string_equal(tls_header(&reply, "X-Frame-Options"), "DENY");
    }
    assert_int_equal(rig_metric(rig, PL_AM_consent_refused), 6);
    rig_stop(&rig);
}

/* Other tabs have the same mark in their forms. */
static void a_browser_keeps_its_mark(void **state)
{
    api_rig *rig = rig_start(allow_one);
    char first[64];
    char second[64];
    char headers[256];
    tls_reply reply;
    (void)state;
    rig_request(rig, "GET /oauth/authorize?" CLIENT, "", NULL, &reply);
    cut(tls_header(&reply, "Set-Cookie"), "__Host-parley-consent=", ";", first,
        sizeof first);
    rig_request(rig, "GET /oauth/authorize?" CLIENT, "", NULL, &reply);
    cut(reply.body, "name=\"mark\" value=\"", "\"", second, sizeof second);
    assert_string_not_equal(first, second);
    (void)snprintf(headers, sizeof headers,
                   "Cookie: __Host-parley-consent=%s\r\n", first);
    rig_request(rig, "GET /oauth/authorize?" CLIENT, headers, NULL, &reply);
    cut(reply.body, "name=\"mark\" value=\"", "\"", second, sizeof second);
    assert_string_equal(first, second);
    rig_stop(&rig);
}

static void is_off_without_redirect_uris(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    rig_request(rig, "GET /oauth/v4/authorize?" CLIENT, "", NULL, &reply);
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "redirect_uris in section [api]"));
    trade(rig, "a.b.c", "", &reply);
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "redirect_uris in section [api]"));
    rig_stop(&rig);
}

static void use_external(pl_api_config *config)
{
    allow_one(config);
    (void)snprintf(config->external_issuer, sizeof config->external_issuer,
                   "https://issuer.example");
    (void)snprintf(config->external_jwks, sizeof config->external_jwks,
                   "https://localhost:1/jwks.json");
}

static void is_off_with_an_external_issuer(void **state)
{
    api_rig *rig = rig_start(use_external);
    tls_reply reply;
    (void)state;
    rig_request(rig, "GET /oauth/v4/authorize?" CLIENT, "", NULL, &reply);
    assert_int_equal(reply.status, 404);
    assert_non_null(strstr(reply.body, "external issuer"));
    rig_request(rig, "POST /oauth/v4/authorize", FORM, CLIENT, &reply);
    assert_int_equal(reply.status, 404);
    rig_request(rig, "POST /oauth/v4/token", FORM,
                "grant_type=authorization_code&code=a", &reply);
    assert_int_equal(reply.status, 404);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_becomes_a_token_of_a_mobile_user_once),
        cmocka_unit_test(a_code_is_good_for_the_device_apis),
        cmocka_unit_test(codes_and_tokens_are_not_taken_for_each_other),
        cmocka_unit_test(a_code_is_bound_to_its_address),
        cmocka_unit_test(a_challenge_wants_its_verifier),
        cmocka_unit_test(only_the_client_may_trade),
        cmocka_unit_test(any_front_end_trades_a_code),
        cmocka_unit_test(the_user_may_deny_or_correct),
        cmocka_unit_test(a_form_of_another_site_is_refused),
        cmocka_unit_test(a_browser_keeps_its_mark),
        cmocka_unit_test(is_off_without_redirect_uris),
        cmocka_unit_test(is_off_with_an_external_issuer),
    };
    return cmocka_run_group_tests_name("api consent", tests, NULL, NULL);
}
