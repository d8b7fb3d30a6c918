/* test_client_errors.c - whatever goes wrong with whatever request of the
 * client API, the answer keeps to its envelope: JSON, "failed" with a text, the
 * codes that clients know; and what is right has the exact type. */
#include "call_rig.h"

#include "client_api.h"

static bool is_client(const pl_route *route)
{
    return route->op->family == PL_FAMILY_CLIENT;
}

/* First character of a JSON value says its type: " t f n { [ or a digit. */
static char type_of(const pl_json *json, const char *key)
{
    pl_buf text;
    const pl_json *value = pl_json_get(json, key);
    if (!value)
        return 0;
    pl_buf_init(&text, 1 << 20);
    assert_int_equal(pl_json_dump(value, &text), PL_OK);
    char type = pl_buf_text(&text)[0];
    pl_buf_fini(&text);
    return type;
}

static void check_failure(const pl_route *route, const char *what,
                          const pl_answer *answer)
{
    static const int known[] = {400, 403, 404, 500, 503};
    pl_json *doc = NULL;
    pl_slice word;
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        is_known |= answer->status == known[i];
    if (!is_known)
        print_error("%s, %s: %d\n", route->path, what, answer->status);
    assert_true(is_known);
    assert_string_equal(answer->content_type, "application/json");
    assert_int_equal(pl_json_parse(pl_buf_slice(&answer->body), &doc), PL_OK);
    assert_int_equal(pl_json_get_str(doc, "status", &word), PL_OK);
    bool is_prompt = type_of(doc, "result") == '{';
    if (is_prompt) { /* of the PIN: the only object in an error */
        assert_ptr_equal(route->op, &PL_OP_REQUEST_TOKEN);
        assert_int_equal(answer->status, 403);
        assert_true(pl_slice_eq_str(word, "success"));
        assert_int_equal(type_of(pl_json_get(doc, "result"), "version"), '{');
    } else {
        assert_int_equal(type_of(doc, "result"), '"');
        assert_true(pl_slice_eq_str(word, "failed"));
    }
    pl_json_free(&doc);
}

static void every_error_of_every_request(void **state)
{
    unsigned n = 0;
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_route *route = pl_route_at(i);
        if (!is_client(route))
            continue;
        for (int e = 1; e < PL_ERR_COUNT; e++) {
            pl_route_match match = {.route = route, .n_params = 3};
            pl_seat seat = {.participant_id = "p1"};
            pl_api_call call = {.match = &match, .seat = &seat};
            pl_answer answer;
            pl_answer_init(&answer);
            pl_api_fail(route->op, &call, (pl_err)e, NULL, &answer);
            check_failure(route, pl_err_text((pl_err)e), &answer);
            pl_answer_reset(&answer);
            call.seat = NULL; /* as the gateway refuses before any hand-over */
            pl_api_fail(route->op, &call, (pl_err)e, NULL, &answer);
            check_failure(route, pl_err_text((pl_err)e), &answer);
            pl_answer_fini(&answer);
            n++;
        }
    }
    assert_true(n > 50U * (PL_ERR_COUNT - 1));
}

/* A body that every request takes. */
#define BODY                                                                   \
    "{\"display_name\":\"A\",\"sdp\":\"v=0\\r\\n\",\"candidate\":\"\","        \
    "\"digits\":\"1#\",\"setting\":true,\"transforms\":{},\"payload\":\"x\","  \
    "\"destination\":\"sip:a@example.com\",\"role\":\"guest\","                \
    "\"conference_alias\":\"annex\",\"text\":\"t\",\"prompt\":\"welcome\"}"

static void make_request(const pl_route *route, char *buf, size_t cap)
{
    size_t n =
        (size_t)snprintf(buf, cap, "%s ", pl_http_method_text(route->method));
    for (const char *at = route->path; *at && n + 1 < cap; at++) {
        if (*at == '{') { /* {participant} is p1, others their names */
            bool is_seat = strncmp(at, "{participant}", 13) == 0;
            n += (size_t)snprintf(buf + n, cap - n, is_seat ? "p1" : "x");
            at = strchr(at, '}');
        } else {
            buf[n++] = *at;
        }
    }
    (void)snprintf(buf + n, cap - n, " HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void check_again(call_rig *rig, const pl_route *route, pl_err e)
{
    pl_answer_reset(&rig->answer);
    rig_finish(rig, e, NULL, NULL);
    bool is_harmless = e == PL_EGONE && route->op == &PL_OP_RELEASE_TOKEN;
    if (!is_harmless)
        check_failure(route, pl_err_text(e), &rig->answer);
}

/* Through prepare and finish, with every error as roompool's reply, and with a
 * reply of a type that was not asked for. */
static void every_reply_to_every_request(void **state)
{
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_route *route = pl_route_at(i);
        char text[512];
        call_rig rig;
        if (!is_client(route) || route->op->kind != PL_KIND_CALL)
            continue;
        make_request(route, text, sizeof text);
        rig_begin(&rig, text, route->method == PL_HTTP_GET ? NULL : BODY);
        if (rig.e)
            print_error("%s: %s\n", route->path, pl_err_text(rig.e));
        assert_int_equal(rig.e, PL_OK);
        assert_non_null(rig.call.desc);
        for (int e = 1; e < PL_ERR_COUNT; e++)
            check_again(&rig, route, (pl_err)e);
        rig_end(&rig);
    }
}

/* Who leaves is not held up by its body, nor who only asks. */
static bool is_lenient(const pl_api_op *op)
{
    return op == &PL_OP_RELEASE_TOKEN || op == &PL_OP_REFRESH_TOKEN ||
           op == &PL_OP_CALL_END || op == &PL_OP_SEAT_FECC;
}

/* Bodies that are no objects are refused. */
static void malformed_bodies_of_every_request(void **state)
{
    static const char *const BODIES[] = {"[]", "{", "\"x\"", "{}x"};
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_route *route = pl_route_at(i);
        const pl_api_op *op = route->op;
        if (!is_client(route) || op->kind != PL_KIND_CALL ||
            route->method == PL_HTTP_GET || is_lenient(op))
            continue;
        for (size_t k = 0; k < sizeof BODIES / sizeof BODIES[0]; k++) {
            char text[512];
            call_rig rig;
            make_request(route, text, sizeof text);
            rig_begin(&rig, text, BODIES[k]);
            if (rig.e != PL_EPROTO)
                print_error("%s took %s\n", route->path, BODIES[k]);
            assert_int_equal(rig.e, PL_EPROTO);
            rig_end(&rig);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_of_every_request),
        cmocka_unit_test(every_reply_to_every_request),
        cmocka_unit_test(malformed_bodies_of_every_request),
    };
    return cmocka_run_group_tests_name("client_errors", tests, NULL, NULL);
}
