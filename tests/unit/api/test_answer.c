/* test_answer.c - error forms, CORS. */
#include "cm.h"

#include <string.h>

#include "answer.h"

static void refuses_in_each_family_form(void **state)
{
    static const struct {
        pl_api_family family;
        int status;
        const char *body;
    } ROWS[] = {
        {PL_FAMILY_SITE, 404, "{\"error\":{\"status\":404,\"text\":\"no\"}}"},
        {PL_FAMILY_CLIENT, 405, "{\"status\":\"failed\",\"result\":\"no\"}"},
        {PL_FAMILY_CONFERENCE, 400,
         "{\"RequestError\":{\"ServiceException\":{\"MessageId\":\"SVC0003\","
         "\"Text\":\"no\",\"Variables\":\"\"}}}"},
        {PL_FAMILY_CONFERENCE, 413,
         "{\"RequestError\":{\"Exception\":{\"Text\":\"no\",\"Variables\":\"\"}"
         "}}"},
        {PL_FAMILY_CONFERENCE, 503, "no\n"},
        {PL_FAMILY_TOKEN, 405,
         "{\"error\":\"invalid_request\",\"error_description\":\"no\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_answer answer;
        pl_answer_init(&answer);
        pl_answer_refuse(&answer, ROWS[i].family, ROWS[i].status, "no");
        assert_int_equal(answer.status, ROWS[i].status);
        assert_string_equal(pl_buf_text(&answer.body), ROWS[i].body);
        pl_answer_fini(&answer);
    }
}

/* What has no route is refused in the form of the API that it was meant for. */
static void every_path_has_its_family(void **state)
{
    static const struct {
        const char *path;
        pl_api_family family;
    } ROWS[] = {
        {"/", PL_FAMILY_SITE},
        {"/a/b", PL_FAMILY_SITE},
        {"/join/x", PL_FAMILY_SITE},
        {"/RTC/v1/x", PL_FAMILY_CONFERENCE},
        {"/api/client/v2/x", PL_FAMILY_CLIENT},
        {"/oauth2/token", PL_FAMILY_TOKEN},
        {"/.well-known/jwks.json", PL_FAMILY_TOKEN},
        {"/acme/oauth2/v2.0/token", PL_FAMILY_TOKEN},
        {"/acme/discovery/v2.0/keys", PL_FAMILY_TOKEN},
        {"/acme/v2.0/.well-known/openid-configuration", PL_FAMILY_TOKEN},
        {"/rooms", PL_FAMILY_ROOM},
        {"/public/room/x", PL_FAMILY_ROOM},
        {"/public/event_sink", PL_FAMILY_ROOM},
        {"/video/v2/sessions", PL_FAMILY_VIDEO},
        {"/device/.well-known/openid-configuration", PL_FAMILY_VIDEO},
        {"/api/admin/status/v1/x/", PL_FAMILY_MANAGEMENT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        assert_int_equal(pl_family_of_path(pl_slice_str(ROWS[i].path)),
                         ROWS[i].family);
}

static void never_lets_control_characters_into_headers(void **state)
{
    pl_answer answer;
    (void)state;
    pl_answer_init(&answer);
    pl_answer_header(&answer, "x-state", "a\r\nSet-Cookie: b");
    assert_int_equal(answer.headers.len, 0);
    pl_answer_header(&answer, "x-state", "fine");
    assert_string_equal(pl_buf_text(&answer.headers), "x-state: fine\r\n");
    pl_answer_fini(&answer);
}

static void reflects_listed_origins_only(void **state)
{
    static const struct {
        const char *list, *origin, *want;
    } ROWS[] = {
        {"*", "https://x", "Access-Control-Allow-Origin: *\r\n"},
        {"https://a https://b", "https://b",
         "Access-Control-Allow-Origin: https://b\r\n"},
        {"https://a https://b", "https://c", NULL},
        {"https://ab", "https://a", NULL},
        {"https://a", "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_answer answer;
        pl_answer_init(&answer);
        pl_answer_cors(&answer, ROWS[i].list, pl_slice_str(ROWS[i].origin));
        const char *text = pl_buf_text(&answer.headers);
        if (ROWS[i].want)
            assert_non_null(strstr(text, ROWS[i].want));
        else
            assert_null(strstr(text, "Allow-Origin"));
        pl_answer_fini(&answer);
    }
}

static void writes_heads(void **state)
{
    static const struct {
        int status;
        const char *connection, *framing, *text;
    } ROWS[] = {
        {200, "", NULL,
         "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:09:10 GMT\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n"
         "X-Content-Type-Options: nosniff\r\nA: b\r\n"
         "Content-Length: 3\r\n\r\n"},
        {204, "close", NULL,
         "HTTP/1.1 204 No Content\r\nDate: Sat, 21 Nov 2026 08:09:10 GMT\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n"
         "X-Content-Type-Options: nosniff\r\nA: b\r\n"
         "Connection: close\r\n\r\n"},
        {200, "", "F: g\r\n",
         "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:09:10 GMT\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n"
         "X-Content-Type-Options: nosniff\r\nA: b\r\nF: g\r\n\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_answer answer;
        pl_buf out;
        pl_answer_init(&answer);
        pl_buf_init(&out, 1000);
        pl_answer_text(&answer, 200, "ok");
        answer.status = ROWS[i].status;
        pl_answer_header(&answer, "A", "b");
        pl_answer_head_text(&answer, INT64_C(1795248550123), ROWS[i].connection,
                            ROWS[i].framing, &out);
        assert_string_equal(pl_buf_text(&out), ROWS[i].text);
        pl_buf_fini(&out);
        pl_answer_fini(&answer);
    }
}

/* No error code where nothing came (RFC 6750 section 3.1). */
static void a_token_is_asked_for(void **state)
{
    static const struct {
        const char *realm, *line;
        bool was_given;
    } ROWS[] = {
        {"", "WWW-Authenticate: Bearer\r\n", false},
        {"", "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", true},
        {"r", "WWW-Authenticate: Bearer realm=\"r\"\r\n", false},
        {"r",
         "WWW-Authenticate: Bearer realm=\"r\", error=\"invalid_token\"\r\n",
         true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_answer answer;
        pl_answer_init(&answer);
        pl_answer_bearer(&answer, ROWS[i].realm, ROWS[i].was_given);
        assert_string_equal(pl_buf_text(&answer.headers), ROWS[i].line);
        pl_answer_fini(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_asked_for),
        cmocka_unit_test(writes_heads),
        cmocka_unit_test(refuses_in_each_family_form),
        cmocka_unit_test(every_path_has_its_family),
        cmocka_unit_test(never_lets_control_characters_into_headers),
        cmocka_unit_test(reflects_listed_origins_only),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
