/* test_consent.c - the page that asks the user of a mobile number. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "consent.h"

#define URI       "https://a.example/cb"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define MARK      "MMMMMMMMMMMMMMMMMMMMMM"
#define BASE      "client_id=dev&redirect_uri=https%3A%2F%2Fa.example%2Fcb"

static const pl_consent_client ONE = {"dev", URI};
static const pl_consent_client TWO = {"dev", URI " http://localhost:3000/cb"};
static const pl_consent_client NONE = {"dev", ""};

static pl_err ask_for(const pl_consent_client *client, const char *query,
                      pl_consent_ask *ask, pl_answer *answer)
{
    pl_form form = {.body = pl_slice_str(query)};
    pl_answer_init(answer);
    return pl_consent_read(client, &form, ask, answer);
}

static bool has(const pl_buf *text, const char *what)
{
    return strstr(pl_buf_text(text), what) != NULL;
}

static void reads_what_a_client_asks_for(void **state)
{
    pl_consent_ask ask;
    pl_answer answer;
    (void)state;
    assert_int_equal(
        ask_for(&TWO,
                BASE "&scope=WEBRTCMOBILE,EMERGENCYSERVICES&state=s%26+1"
                     "&response_type=code&code_challenge=" CHALLENGE
                     "&code_challenge_method=S256",
                &ask, &answer),
        PL_OK);
    assert_string_equal(ask.redirect_uri, URI);
    assert_string_equal(ask.scope, "WEBRTCMOBILE EMERGENCYSERVICES");
    assert_string_equal(ask.state, "s& 1");
    assert_string_equal(ask.challenge, CHALLENGE);
    assert_int_equal(ask_for(&ONE, "client_id=dev", &ask, &answer), PL_OK);
    assert_string_equal(ask.redirect_uri, URI); /* the only one */
    assert_string_equal(ask.scope, "WEBRTCMOBILE");
    assert_string_equal(ask.state, "");
    assert_int_equal(ask_for(&ONE, BASE "&scope=EMERGENCYSERVICES+WEBRTCMOBILE",
                             &ask, &answer),
                     PL_OK);
    assert_string_equal(ask.scope, "WEBRTCMOBILE EMERGENCYSERVICES");
    assert_int_equal(ask_for(&ONE,
                             BASE "&scope=webrtc-registration:sessions:read,"
                                  "webrtc-call-handling:sessions:create",
                             &ask, &answer),
                     PL_OK);
    assert_string_equal(ask.scope, "webrtc-registration:sessions:read "
                                   "webrtc-call-handling:sessions:create");
}

/* Before the address is known to be the client's. */
static void shows_errors_that_must_not_redirect(void **state)
{
    static const struct {
        const pl_consent_client *client;
        const char *query, *text;
    } ROWS[] = {
        {&ONE, "", "client_id"},
        {&ONE, "redirect_uri=" URI, "client_id"},
        {&ONE, "client_id=other&redirect_uri=" URI, "client_id"},
        {&ONE, "client_id=dev&client_id=dev", "client_id"},
        {&ONE, "client_id=%00", "client_id"},
        {&NONE, BASE, "redirect_uris in section [api]"},
        {&NONE, "client_id=dev", "redirect_uris in section [api]"},
        {&TWO, "client_id=dev", "redirect_uri is not"},
        {&ONE, BASE "%2F", "redirect_uri is not"},
        {&ONE, BASE "&redirect_uri=x", "redirect_uri is not"},
        {&ONE, "client_id=dev&redirect_uri=https://evil.example/",
         "redirect_uri is not"},
        {&ONE, "client_id=dev&redirect_uri=%zz", "redirect_uri is not"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_consent_ask ask;
        pl_answer answer;
        assert_int_equal(ask_for(ROWS[i].client, ROWS[i].query, &ask, &answer),
                         PL_EINVAL);
        assert_int_equal(answer.status, 400);
        assert_true(has(&answer.body, ROWS[i].text));
        assert_false(has(&answer.headers, "Location"));
        assert_true(has(&answer.headers, "frame-ancestors 'none'"));
        pl_answer_fini(&answer);
    }
}

static void sends_other_errors_back_to_the_client(void **state)
{
    static const struct {
        const char *more, *location;
    } ROWS[] = {
        {"&scope=WEBRTC", "error=invalid_scope\r\n"},
        {"&scope=EMERGENCYSERVICES&state=x", "error=invalid_scope&state=x\r\n"},
        {"&scope=WEBRTCMOBILE,WEBRTC", "error=invalid_scope\r\n"},
        {"&scope=webrtc-registration:sessions", "error=invalid_scope\r\n"},
        {"&scope=EMERGENCYSERVICES+webrtc-registration:sessions:read",
         "error=invalid_scope\r\n"},
        {"&scope=,", "error=invalid_scope\r\n"},
        {"&scope=WEBRTCMOBILE&scope=WEBRTCMOBILE", "error=invalid_scope\r\n"},
        {"&response_type=token&state=a%0Ab", "error=invalid_request\r\n"},
        {"&response_type=token&state=a%20b",
         "error=unsupported_response_type&state=a%20b\r\n"},
        {"&response_type=code&response_type=code", "error=invalid_request\r\n"},
        {"&code_challenge=" CHALLENGE, "error=invalid_request\r\n"},
        {"&code_challenge=" CHALLENGE "&code_challenge_method=plain",
         "error=invalid_request\r\n"},
        {"&code_challenge=short&code_challenge_method=S256",
         "error=invalid_request\r\n"},
        {"&code_challenge_method=S256", "error=invalid_request\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char query[512];
        char location[256];
        pl_consent_ask ask;
        pl_answer answer;
        (void)snprintf(query, sizeof query, "%s%s", BASE, ROWS[i].more);
        (void)snprintf(location, sizeof location, "Location: " URI "?%s",
                       ROWS[i].location);
        assert_int_equal(ask_for(&ONE, query, &ask, &answer), PL_EINVAL);
        if (!has(&answer.headers, location))
            print_error("%s: %s\n", query, pl_buf_text(&answer.headers));
        assert_true(has(&answer.headers, location));
        assert_int_equal(answer.status, 302);
        pl_answer_fini(&answer);
    }
}

static void takes_a_state_of_limited_length(void **state)
{
    char query[1200];
    pl_consent_ask ask;
    pl_answer answer;
    (void)state;
    int n = snprintf(query, sizeof query, "%s&state=", BASE);
    memset(query + n, 's', PL_CONSENT_STATE_MAX + 1);
    query[n + PL_CONSENT_STATE_MAX + 1] = '\0';
    assert_int_equal(ask_for(&ONE, query, &ask, &answer), PL_EINVAL);
    assert_true(has(&answer.headers, "?error=invalid_request\r\n"));
    pl_answer_fini(&answer);
    query[n + PL_CONSENT_STATE_MAX] = '\0';
    assert_int_equal(ask_for(&ONE, query, &ask, &answer), PL_OK);
    pl_consent_return(&ask, "code", "c", &answer);
    assert_true(has(&answer.headers, "?code=c&state=sss"));
    pl_answer_fini(&answer);
}

/* Text from outside stays text; nothing runs, frames or leaks the page. */
static void makes_a_page_that_is_inert(void **state)
{
    pl_consent_ask ask;
    pl_answer answer;
    (void)state;
    assert_int_equal(
        ask_for(&ONE, BASE "&state=%22%3E%3Cscript%3E%27%26", &ask, &answer),
        PL_OK);
    pl_consent_page(&ONE, &ask, MARK, NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "text/html; charset=utf-8");
    assert_false(has(&answer.body, "<script"));
    assert_true(has(&answer.body,
                    "name=\"state\" value=\"&quot;&gt;&lt;script&gt;&#39;"
                    "&amp;\""));
    assert_true(has(&answer.body, "name=\"mark\" value=\"" MARK "\""));
    assert_true(has(&answer.body, "does not check that the number is yours"));
    assert_true(has(&answer.headers,
                    "Content-Security-Policy: default-src 'none'; style-src "
                    "'self'; img-src 'self'; base-uri 'none'; frame-ancestors "
                    "'none'; form-action 'self' https://a.example\r\n"));
    assert_true(has(&answer.headers, "X-Frame-Options: DENY\r\n"));
    assert_true(has(&answer.headers, "Cache-Control: no-store\r\n"));
    assert_true(has(&answer.headers, "Referrer-Policy: no-referrer\r\n"));
    assert_true(has(&answer.headers,
                    "Set-Cookie: __Host-parley-consent=" MARK
                    "; Path=/; Secure; HttpOnly; SameSite=Lax\r\n"));
    pl_answer_reset(&answer);
    pl_consent_page(&ONE, &ask, MARK, "No <number>", &answer);
    assert_int_equal(answer.status, 400);
    assert_true(has(&answer.body, "role=\"alert\">No &lt;number&gt;<"));
    pl_answer_fini(&answer);
}

static void makes_a_form_that_it_reads_again(void **state)
{
    pl_consent_ask ask;
    pl_answer answer;
    (void)state;
    assert_int_equal(ask_for(&ONE,
                             BASE "&code_challenge=" CHALLENGE
                                  "&code_challenge_method=S256",
                             &ask, &answer),
                     PL_OK);
    pl_consent_page(&ONE, &ask, MARK, NULL, &answer);
    assert_true(has(&answer.body, "value=\"" CHALLENGE "\""));
    assert_true(
        has(&answer.body, "name=\"code_challenge_method\" value=\"S256\""));
    assert_true(has(&answer.body, "name=\"redirect_uri\" value=\"" URI "\""));
    assert_true(has(&answer.body, "name=\"scope\" value=\"WEBRTCMOBILE\""));
    assert_false(has(&answer.body, "name=\"state\""));
    pl_answer_fini(&answer);
}

static bool is_own(const char *headers, const char *body)
{
    char text[1024];
    pl_http_head head;
    pl_http_fault fault;
    size_t cursor = 0;
    size_t len = 0;
    pl_form form = {.body = pl_slice_str(body)};
    (void)snprintf(text, sizeof text,
                   "POST /oauth/authorize HTTP/1.1\r\nHost: a\r\n%s\r\n",
                   headers);
    assert_int_equal(pl_http_head_find_end((const uint8_t *)text, strlen(text),
                                           &cursor, &len, &fault),
                     PL_OK);
    assert_int_equal(
        pl_http_head_parse((const uint8_t *)text, len, &head, &fault), PL_OK);
    return pl_consent_is_own(&head, &form);
}

static void knows_its_own_form(void **state)
{
#define COOKIE "Cookie: __Host-parley-consent=" MARK "\r\n"
    static const struct {
        const char *headers, *body;
        bool is_own;
    } ROWS[] = {
        {COOKIE, "mark=" MARK, true},
        {COOKIE "Sec-Fetch-Site: same-origin\r\n", "mark=" MARK, true},
        {"Cookie: a=b; __Host-parley-consent=" MARK "; c=d\r\n", "mark=" MARK,
         true},
        {COOKIE "Sec-Fetch-Site: cross-site\r\n", "mark=" MARK, false},
        {COOKIE "Sec-Fetch-Site: same-site\r\n", "mark=" MARK, false},
        {COOKIE "Sec-Fetch-Site: none\r\n", "mark=" MARK, false},
        {COOKIE, "", false},
        {COOKIE, "mark=", false},
        {COOKIE, "mark=NMMMMMMMMMMMMMMMMMMMMM", false},
        {COOKIE, "mark=" MARK "M", false},
        {COOKIE, "mark=" MARK "&mark=" MARK, false},
        {"", "mark=" MARK, false},
        {"", "mark=", false},
        {"", "", false},
        {"Cookie: __Host-parley-consent=\r\n", "mark=", false},
        {"Cookie: parley-consent=" MARK "\r\n", "mark=" MARK, false},
        {"Cookie: x__Host-parley-consent=" MARK "\r\n", "mark=" MARK, false},
        {"Cookie: __Host-parley-consent=" MARK "M\r\n", "mark=" MARK "M",
         false},
        {"Cookie: __Host-parley-consent=\"MMMMMMMMMMMMMMMMMMMM\"\r\n",
         "mark=%22MMMMMMMMMMMMMMMMMMMM%22", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (is_own(ROWS[i].headers, ROWS[i].body) != ROWS[i].is_own)
            print_error("%s %s\n", ROWS[i].headers, ROWS[i].body);
        assert_int_equal(is_own(ROWS[i].headers, ROWS[i].body), ROWS[i].is_own);
    }
}

static void takes_numbers_with_a_country_code(void **state)
{
    static const struct {
        const char *body, *user;
        pl_consent_choice choice;
    } ROWS[] = {
        {"decision=allow&number=%2B14255550100", "tel:+14255550100",
         PL_CONSENT_GIVEN},
        {"decision=allow&number=+%2B1+%28425%29+555-01.00+", "tel:+14255550100",
         PL_CONSENT_GIVEN},
        {"decision=allow&number=%2B1234567", "tel:+1234567", PL_CONSENT_GIVEN},
        {"decision=allow&number=%2B123456789012345", "tel:+123456789012345",
         PL_CONSENT_GIVEN},
        {"decision=allow&number=%2B1234567890123456", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=%2B123456", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=%2B0123456789", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=14255550100", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=%2B1425555O100", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=%2B%2B14255550100", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=%2B1425555%3B100", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow", "", PL_CONSENT_NO_NUMBER},
        {"decision=allow&number=%2B14255550100&number=1", "",
         PL_CONSENT_NO_NUMBER},
        {"decision=deny&number=%2B14255550100", "", PL_CONSENT_DENIED},
        {"number=%2B14255550100", "", PL_CONSENT_DENIED},
        {"decision=ALLOW&number=%2B14255550100", "", PL_CONSENT_DENIED},
        {"decision=allow&decision=allow&number=%2B14255550100", "",
         PL_CONSENT_DENIED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char user[32] = "";
        pl_form form = {.body = pl_slice_str(ROWS[i].body)};
        assert_int_equal(pl_consent_choose(&form, user, sizeof user),
                         ROWS[i].choice);
        assert_string_equal(user, ROWS[i].user);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_client_asks_for),
        cmocka_unit_test(shows_errors_that_must_not_redirect),
        cmocka_unit_test(sends_other_errors_back_to_the_client),
        cmocka_unit_test(takes_a_state_of_limited_length),
        cmocka_unit_test(makes_a_page_that_is_inert),
        cmocka_unit_test(makes_a_form_that_it_reads_again),
        cmocka_unit_test(knows_its_own_form),
        cmocka_unit_test(takes_numbers_with_a_country_code),
    };
    return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}
