/* test_conference_errors.c - whatever goes wrong with whatever operation, the
 * answer is one that old clients digest. */
#include "call_rig.h"

#include <stdlib.h>

#include "conference_api.h"
#include "pl/str.h"
#include "safe_error.h"

static void check(const pl_route *route, const char *what, pl_answer *answer)
{
    pl_answer_cors(answer, "*", pl_slice_str("https://app.example"));
    const char *headers = pl_buf_text(&answer->headers);
    bool is_binding = route && route->op == &PL_OP_USER_BIND;
    bool is_safe = is_safe_error(answer->status, answer->content_type,
                                 pl_buf_slice(&answer->body), is_binding);
    if (!is_safe)
        print_error("%s, %s: %d %s\n", route ? route->path : "-", what,
                    answer->status, pl_buf_text(&answer->body));
    assert_true(is_safe);
    assert_non_null(strstr(headers, "Access-Control-Allow-Origin: *\r\n"));
    assert_non_null(strstr(headers,
                           "Access-Control-Expose-Headers: Location, "
                           "x-expires, x-state, x-modId, x-correlator\r\n"));
}

/* A request that prepare takes: parameters are their own values. */
static void make_request(const pl_route *route, char *buf, size_t cap)
{
    char path[256];
    size_t n = 0;
    for (const char *c = route->path; *c; c++)
        if (*c != '{' && *c != '}')
            path[n++] = *c;
    path[n] = '\0';
    pl_fmt_cut(buf, cap,
               "%s %s HTTP/1.1\r\nHost: a\r\nx-conference-action: "
               "initiate-hold\r\n\r\n",
               pl_http_method_text(route->method), path);
}

static const char BODY[] =
    "{\"call\":{\"calledParty\":\"sip:bob@example.com\",\"sdp\":\"v=0\"}}";

static void walk_finish(const pl_route *route, const pl_msg_desc *desc,
                        const char *text)
{
    char request[512];
    make_request(route, request, sizeof request);
    for (int e = PL_OK + 1; e < PL_ERR_COUNT; e++) {
        static call_rig rig;
        pl_error error = {.code = (uint32_t)e};
        pl_fmt_cut(error.text, sizeof error.text, "%s", text);
        rig_begin(&rig, request, BODY);
        assert_int_equal(rig.e, PL_OK);
        rig_finish(&rig, (pl_err)e, desc, desc ? &error : NULL);
        check(route, pl_err_text((pl_err)e), &rig.answer);
        if (rig.answer.status == 404)
            assert_int_equal(e, PL_ENOENT);
        rig_end(&rig);
    }
}

/* From roompool with its own words, and without an answer of roompool's. */
static void every_error_of_roompool_is_digestible(void **state)
{
    size_t n = 0;
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_route *route = pl_route_at(i);
        if (route->op->family != PL_FAMILY_CONFERENCE || !route->op->finish)
            continue;
        walk_finish(route, &PL_MSG_ERROR, "what roompool says");
        walk_finish(route, &PL_MSG_ERROR, "");
        walk_finish(route, NULL, "");
        n++;
    }
    assert_true(n >= 30);
}

/* Token refused, wrong scope, malformed body, no memory, no roompool: what the
 * gateway finds before or instead of a message. */
static void every_error_of_the_gateway_is_digestible(void **state)
{
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_route *route = pl_route_at(i);
        if (route->op->family != PL_FAMILY_CONFERENCE)
            continue;
        for (int e = PL_OK + 1; e < PL_ERR_COUNT; e++) {
            pl_route_match match = {.route = route};
            pl_api_call call = {.match = &match};
            pl_answer answer;
            pl_answer_init(&answer);
            pl_api_fail(route->op, &call, (pl_err)e, NULL, &answer);
            check(route, pl_err_text((pl_err)e), &answer);
            pl_answer_fini(&answer);
        }
    }
}

/* A reply of a kind that the operation cannot have is our fault. */
static void a_wrong_reply_is_a_fault_of_ours(void **state)
{
    static const pl_api_op *const ANY_REPLY[] = {
        &PL_OP_USER_BIND,          &PL_OP_SESSION_DELETE,
        &PL_OP_CONFERENCE_DELETE,  &PL_OP_CALLS_DELETE,
        &PL_OP_PARTICIPANT_REMOVE, &PL_OP_MEDIA_DELETE,
        &PL_OP_MEDIA_REMOVE};
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_route *route = pl_route_at(i);
        bool takes_any = false;
        for (size_t k = 0; k < sizeof ANY_REPLY / sizeof ANY_REPLY[0]; k++)
            takes_any = takes_any || ANY_REPLY[k] == route->op;
        if (route->op->family != PL_FAMILY_CONFERENCE || !route->op->finish ||
            takes_any)
            continue;
        static call_rig rig;
        char request[512];
        pl_event_none none = {.cursor = 1};
        make_request(route, request, sizeof request);
        rig_begin(&rig, request, BODY);
        rig_finish(&rig, PL_OK, &PL_MSG_EVENT_NONE, &none);
        assert_int_equal(rig.answer.status, 500);
        check(route, "wrong reply", &rig.answer);
        rig_end(&rig);
    }
}

/* No such path, no such method, too large, malformed. */
static void refusals_without_a_route_are_digestible(void **state)
{
    static const struct {
        int asked, answered;
    } ROWS[] = {{404, 400}, {400, 400}, {405, 405},
                {413, 413}, {500, 500}, {503, 503}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_answer answer;
        pl_answer_init(&answer);
        pl_answer_refuse(&answer,
                         pl_family_of_path(pl_slice_str("/RTC/v1/sesions")),
                         ROWS[i].asked, "why");
        assert_int_equal(answer.status, ROWS[i].answered);
        check(NULL, "no route", &answer);
        pl_answer_fini(&answer);
    }
}

static void new_errors_have_their_codes(void **state)
{
    static const struct {
        pl_err e;
        int status;
        const char *code;
    } ROWS[] = {
        {PL_ENOUSER, 400, "SVC0001"},        {PL_EOTHERTOKEN, 403, "POL1102"},
        {PL_EUNBOUND, 400, "SVC8512"},       {PL_EE911_MISSING, 400, "SVC8511"},
        {PL_EE911_UNWANTED, 400, "SVC8510"}, {PL_EBUSY, 409, "SVC8501"},
        {PL_EFULL, 403, "POL1100"},          {PL_EEXIST, 400, "SVC8514"}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, "POST /RTC/v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n",
                  NULL);
        rig_finish(&rig, ROWS[i].e, NULL, NULL);
        assert_int_equal(rig.answer.status, ROWS[i].status);
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), ROWS[i].code));
        rig_end(&rig);
    }
}

static void preflights_allow_every_header_of_the_api(void **state)
{
    static const char *const HEADERS[] = {"Authorization",
                                          "Content-Type",
                                          "Accept",
                                          "x-Arg",
                                          "x-e911Id",
                                          "x-calls-action",
                                          "x-conference-action",
                                          "action",
                                          "x-modId",
                                          "x-mod-Id",
                                          "modID",
                                          "x-delete-reason",
                                          "x-transferTargetCallId"};
    pl_answer answer;
    (void)state;
    pl_answer_init(&answer);
    pl_answer_preflight(&answer, "OPTIONS, POST");
    const char *text = pl_buf_text(&answer.headers);
    const char *list = strstr(text, "Access-Control-Allow-Headers: ");
    assert_non_null(list);
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++)
        assert_non_null(strstr(list, HEADERS[i]));
    assert_non_null(strstr(text, "Access-Control-Allow-Methods: GET, POST, "
                                 "PUT, PATCH, DELETE, OPTIONS\r\n"));
    assert_non_null(strstr(text, "Access-Control-Max-Age: "));
    assert_int_equal(answer.status, 204);
    pl_answer_fini(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_of_roompool_is_digestible),
        cmocka_unit_test(every_error_of_the_gateway_is_digestible),
        cmocka_unit_test(a_wrong_reply_is_a_fault_of_ours),
        cmocka_unit_test(refusals_without_a_route_are_digestible),
        cmocka_unit_test(new_errors_have_their_codes),
        cmocka_unit_test(preflights_allow_every_header_of_the_api),
    };
    return cmocka_run_group_tests_name("conference_errors", tests, NULL, NULL);
}
