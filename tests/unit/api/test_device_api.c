/* test_device_api.c - what all operations of the device APIs have in common:
 * routes, scopes, codes, heads, paths that nothing is at. */
#include "device_rig.h"

#include "scope.h"

static void every_generation_has_its_operations(void **state)
{
    unsigned seen[PL_DEVICE_OPS][PL_DEVICE_GENS] = {{0}};
    (void)state;
    for (size_t i = 0; pl_route_at(i); i++) {
        const pl_api_op *op = pl_route_at(i)->op;
        pl_device_op name = pl_device_op_of(op);
        if (name == PL_DEVICE_OPS)
            continue;
        assert_int_equal(op->family, PL_FAMILY_DEVICE);
        assert_int_equal(op->auth, PL_AUTH_DEVICE);
        assert_true(pl_device_has_op(name, pl_device_gen_of(op)));
        seen[name][pl_device_gen_of(op)]++;
    }
    for (unsigned op = 0; op < PL_DEVICE_OPS; op++) {
        assert_int_equal(seen[op][PL_DEVICE_GEN_R31], 2); /* final name, too */
        assert_int_equal(seen[op][PL_DEVICE_GEN_VWIP], 1);
        assert_int_equal(seen[op][PL_DEVICE_GEN_R22],
                         pl_device_has_op(op, PL_DEVICE_GEN_R22) ? 1 : 0);
    }
    assert_false(pl_device_has_op(PL_DEVICE_SUB_PUT, PL_DEVICE_GEN_R22));
    assert_false(pl_device_has_op(PL_DEVICE_OPS, PL_DEVICE_GEN_R31));
}

/* Whatever roompool refuses with, the answer has a code that the definition
 * lists for that status, or a status that it does not list. */
static void every_refusal_is_listed(void **state)
{
    (void)state;
    for (unsigned op = 0; op < PL_DEVICE_OPS; op++) {
        for (unsigned gen = 0; gen < PL_DEVICE_GENS; gen++) {
            const pl_route route = {.op = &PL_OP_DEVICE[op][gen]};
            const pl_route_match match = {.route = &route};
            pl_api_call call = {.match = &match};
            for (uint32_t fault = 0; fault < 100; fault++) {
                pl_device_refused m = {.fault = fault, .text = "why"};
                pl_answer answer;
                pl_json *doc = NULL;
                pl_slice code = {NULL, 0};
                char text[97];
                int64_t status = 0;
                pl_answer_init(&answer);
                route.op->finish(&call, PL_OK, &PL_MSG_DEVICE_REFUSED, &m,
                                 &answer);
                assert_int_equal(
                    pl_json_parse(pl_buf_slice(&answer.body), &doc), PL_OK);
                assert_int_equal(pl_json_get_i64(doc, "status", &status),
                                 PL_OK);
                assert_int_equal(pl_json_get_str(doc, "code", &code), PL_OK);
                assert_int_equal(status, answer.status);
                assert_int_equal(pl_copy(text, sizeof text, code), PL_OK);
                const char *codes = pl_device_listed(op, gen, answer.status);
                assert_true(!codes || pl_scope_text_has(codes, text));
                pl_json_free(&doc);
                pl_buf_fini(&call.list);
                pl_answer_fini(&answer);
            }
        }
    }
}

static void every_word_has_a_status(void **state)
{
    (void)state;
    for (uint32_t fault = 1; pl_device_fault_of(fault); fault++)
        assert_in_range(pl_device_fault_status(fault), 400, 504);
    assert_int_equal(pl_device_fault_status(PL_DEVICE_FAULT_UNKNOWN), 0);
    assert_string_equal(pl_device_code_of(404), "NOT_FOUND");
    assert_string_equal(pl_device_code_of(501), "NOT_IMPLEMENTED");
    assert_string_equal(pl_device_code_of(414), "INVALID_ARGUMENT");
    assert_string_equal(pl_device_code_of(599), "INTERNAL");
}

/* Each operation without its scope, with that of another API, with a longer
 * word. */
static void scopes_are_whole_words(void **state)
{
    static const struct {
        const char *line, *scope, *other;
    } rows[] = {
        {"POST " R31_REG, "webrtc-registration:sessions:create",
         "webrtc-call-handling:sessions:create"},
        {"GET " R31_REG "?deviceId=" DEVICE,
         "webrtc-registration:sessions:read",
         "webrtc-registration:sessions:write"},
        {"GET " R31_REG "/r1", "webrtc-registration:sessions:read",
         "webrtc-registration:sessions:reader"},
        {"PUT " R31_REG "/r1", "webrtc-registration:sessions:write",
         "webrtc-registration:sessions"},
        {"DELETE " R31_REG "/r1", "webrtc-registration:sessions:delete",
         "WEBRTC-REGISTRATION:sessions:delete"},
        {"POST " R31_CALL, "webrtc-call-handling:sessions:create",
         "webrtc-registration:sessions:create"},
        {"GET " R31_CALL "/m1", "webrtc-call-handling:sessions:read",
         "webrtc-registration:sessions:read"},
        {"PUT " R31_CALL "/m1/status", "webrtc-call-handling:sessions:write",
         "webrtc-call-handling:sessions:delete"},
        {"DELETE " R31_CALL "/m1", "webrtc-call-handling:sessions:delete",
         "webrtc-call-handling:sessions:write"},
        {"GET " R31_SUB, "webrtc-events-subscriptions:read",
         "webrtc-events:read"},
        {"GET " VWIP_SUB, "webrtc-events:read",
         "webrtc-events-subscriptions:read"},
        {"GET " R22_SUB "/s1", "webrtc-events:read",
         "webrtc-events-subscriptions:read"},
        {"PUT " R31_SUB "/s1", "webrtc-events-subscriptions:update",
         "webrtc-events-subscriptions:read"},
        {"DELETE " R31_SUB "/s1", "webrtc-events-subscriptions:delete",
         "webrtc-events-subscriptions:update"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_scope_text = "";
        refused(rows[i].line, NULL, 403, "PERMISSION_DENIED", "token");
        rig_scope_text = rows[i].other;
        refused(rows[i].line, NULL, 403, "PERMISSION_DENIED", "token");
        rig_scope_text = rows[i].scope;
        ask(rows[i].line, "", NULL);
        assert_int_not_equal(rig.answer.status, 403);
        rig_end(&rig);
    }
}

static void a_correlator_is_checked_and_given_back(void **state)
{
    static const struct {
        const char *value;
        bool is_good;
    } rows[] = {{"b4333c46-49c0-4f62-80d7-f0ef930f1c46", true},
                {"a_b:c;d.e/f<g>{h}", true},
                {"with a blank", false},
                {"a,b", false},
                {"a=b", false},
                {"a+b", false},
                {"\xc3\xa4", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "x-correlator: %s\r\n",
                       rows[i].value);
        ask("GET " R31_REG "/r1", line, NULL);
        if (rows[i].is_good) {
            assert_int_equal(rig.answer.status, 0);
        } else {
            expect_error(400, "INVALID_ARGUMENT", "x-correlator");
        }
        pl_device_correlate(&rig.head, &rig.answer);
        assert_int_equal(rig_has_header(&rig, line), rows[i].is_good);
        rig_end(&rig);
    }
    ask("GET " R31_REG "/r1", "x-correlator:\r\n", NULL);
    assert_int_equal(rig.answer.status, 0);
    pl_device_correlate(&rig.head, &rig.answer);
    assert_string_equal(pl_buf_text(&rig.answer.headers), "");
    rig_end(&rig);
}

static int head_status(const char *line, const char *headers, const char *body)
{
    ask(line, headers, NULL);
    int status = pl_device_check_head(&rig.head, pl_slice_str(body));
    rig_end(&rig);
    return status;
}

static void heads_say_what_bodies_are(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {
        {"", 0},
        {"Content-Type: application/json\r\n", 0},
        {"Content-Type: Application/JSON; charset=utf-8\r\n", 0},
        {"Content-Type: text/plain\r\n", 415},
        {"Content-Type: application/jsonx\r\n", 415},
        {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
        {"Accept: */*\r\n", 0},
        {"Accept: application/*\r\n", 0},
        {"Accept: application/json\r\n", 0},
        {"Accept: text/html, application/json;q=0.5\r\n", 0},
        {"Accept: text/html\r\n", 406},
        {"Accept: text/html;q=1, application/xml\r\n", 406},
        {"Accept: application/json;q=0\r\n", 406},
        {"Accept: */*, application/json; q=0.000\r\n", 406},
        {"Accept: application/json, */*;q=0\r\n", 0},
        {"Accept: ,,;\r\n", 406},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (head_status("PUT " R31_REG "/r1", rows[i].headers, "{}") !=
            rows[i].status)
            print_error("%s\n", rows[i].headers);
        assert_int_equal(
            head_status("PUT " R31_REG "/r1", rows[i].headers, "{}"),
            rows[i].status);
    }
    /* no body, or one that nobody reads */
    assert_int_equal(
        head_status("PUT " R31_REG "/r1", "Content-Type: text/plain\r\n", ""),
        0);
    assert_int_equal(head_status("DELETE " R31_REG "/r1",
                                 "Content-Type: text/plain\r\n", "x"),
                     0);
}

static int status_of(pl_http_method method, const char *path)
{
    pl_route_match match;
    pl_err e = pl_route_find(method, pl_slice_str(path), &match);
    return e ? pl_device_no_route(method, pl_slice_str(path), e) : 0;
}

static void a_missing_id_is_no_wrong_path(void **state)
{
    static const struct {
        pl_http_method method;
        const char *path;
        int status;
    } rows[] = {
        {PL_HTTP_PUT, R31_REG, 400},
        {PL_HTTP_PUT, R31_REG "/", 400},
        {PL_HTTP_DELETE, R31_REG, 400},
        {PL_HTTP_PATCH, R31_REG, 405},
        {PL_HTTP_PATCH, R31_REG "/r1", 405},
        {PL_HTTP_GET, R22_REG, 405},
        {PL_HTTP_GET, R22_REG "/r1", 405},
        {PL_HTTP_DELETE, R22_REG "/", 400},
        {PL_HTTP_GET, R31_CALL, 400},
        {PL_HTTP_GET, R31_CALL "/", 400},
        {PL_HTTP_DELETE, R22_CALL, 400},
        {PL_HTTP_PUT, R31_CALL, 400},
        {PL_HTTP_PUT, R31_CALL "/m1", 405},
        {PL_HTTP_PUT, R31_CALL "/status", 400},
        {PL_HTTP_PUT, R31_CALL "//status", 400},
        {PL_HTTP_PUT, R31_REG "//status", 404},
        {PL_HTTP_GET, R31_CALL "/m1/status", 405},
        {PL_HTTP_DELETE, R31_SUB, 400},
        {PL_HTTP_PUT, R31_SUB "/", 400},
        {PL_HTTP_PUT, R22_SUB, 405},
        {PL_HTTP_PUT, R22_SUB "/s1", 405},
        {PL_HTTP_GET, R31_CALL "/m1/more", 404},
        {PL_HTTP_GET, "/webrtc-registration/v9/sessions", 404},
        {PL_HTTP_GET, "/webrtc-events-subscriptions/v0.2/subscriptions", 404},
        {PL_HTTP_GET, R31_CALL "/a%zz", 400},
        {PL_HTTP_GET, R31_CALL "/a%00", 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (status_of(rows[i].method, rows[i].path) != rows[i].status)
            print_error("%s %d\n", rows[i].path,
                        status_of(rows[i].method, rows[i].path));
        assert_int_equal(status_of(rows[i].method, rows[i].path),
                         rows[i].status);
    }
    refused("GET " R31_SUB "/", NULL, 400, "INVALID_ARGUMENT", "id");
    refused("GET " R31_REG "/?deviceId=" DEVICE, NULL, 400, "INVALID_ARGUMENT",
            "id");
}

static void ids_are_decoded(void **state)
{
    (void)state;
    ask("GET " R31_CALL "/a%2Fb%20+c", "", NULL);
    assert_string_equal(rig.call.message.media_session_get.media_session_id,
                        "a/b +c");
    rig_end(&rig);
}

/* Errors of the bus, wherever they come from. */
static void errors_are_error_infos(void **state)
{
    static const struct {
        pl_err e;
        int status;
        const char *code;
    } rows[] = {
        {PL_EAUTH, 401, "UNAUTHENTICATED"},
        {PL_EFORBIDDEN, 403, "PERMISSION_DENIED"},
        {PL_ENOENT, 404, "NOT_FOUND"},
        {PL_EGONE, 404, "NOT_FOUND"},
        {PL_EINVAL, 400, "INVALID_ARGUMENT"},
        {PL_EPROTO, 400, "INVALID_ARGUMENT"},
        {PL_ETOOBIG, 400, "INVALID_ARGUMENT"},
        {PL_ESTATE, 400, "INVALID_ARGUMENT"},
        {PL_EMEDIA, 400, "INVALID_ARGUMENT"},
        {PL_EEXIST, 409, "ALREADY_EXISTS"},
        {PL_ERATE, 429, "TOO_MANY_REQUESTS"},
        {PL_EFULL, 503, "UNAVAILABLE"},
        {PL_EDRAIN, 503, "UNAVAILABLE"},
        {PL_EUNAVAILABLE, 503, "UNAVAILABLE"},
        {PL_ENOMEM, 503, "UNAVAILABLE"},
        {PL_EAGAIN, 503, "UNAVAILABLE"},
        {PL_EBUSY, 503, "UNAVAILABLE"},
        {PL_ETIMEOUT, 504, "TIMEOUT"},
        {PL_EINTERNAL, 500, "INTERNAL"},
        {PL_EIO, 500, "INTERNAL"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask("GET " R31_CALL "/m1", "", NULL);
        reply(rows[i].e, NULL, NULL);
        expect_error(rows[i].status, rows[i].code, "message");
        assert_int_equal(rig_has_header(&rig, "Retry-After: "),
                         rows[i].status == 503 || rows[i].status == 429);
        assert_int_equal(rig_has_header(&rig, "WWW-Authenticate: Bearer"),
                         rows[i].status == 401);
        rig_end(&rig);
    }
    ask("GET " R31_CALL "/m1", "", NULL);
    reply(PL_OK, &PL_MSG_OK_REPLY, &(pl_ok){0}); /* not what was asked for */
    expect_error(500, "INTERNAL", "message");
    rig_end(&rig);
    ask("GET " R31_CALL "/m1", "", NULL);
    reply_refusal(PL_DEVICE_FAULT_UNAVAILABLE, 17);
    expect_error(503, "UNAVAILABLE", "why");
    assert_true(rig_has_header(&rig, "Retry-After: 17\r\n"));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_generation_has_its_operations,
                               be_a_client),
        cmocka_unit_test_setup(every_refusal_is_listed, be_a_client),
        cmocka_unit_test_setup(every_word_has_a_status, be_a_client),
        cmocka_unit_test_setup(scopes_are_whole_words, be_a_client),
        cmocka_unit_test_setup(a_correlator_is_checked_and_given_back,
                               be_a_client),
        cmocka_unit_test_setup(heads_say_what_bodies_are, be_a_client),
        cmocka_unit_test_setup(a_missing_id_is_no_wrong_path, be_a_client),
        cmocka_unit_test_setup(ids_are_decoded, be_a_client),
        cmocka_unit_test_setup(errors_are_error_infos, be_a_client),
    };
    return cmocka_run_group_tests_name("device api", tests, NULL, NULL);
}
