/* test_route.c - paths to operations. */
#include "cm.h"

#include <string.h>

#include "client_api.h"
#include "conference_api.h"
#include "route.h"
#include "site.h"

static pl_err find(pl_http_method method, const char *path, pl_route_match *m)
{
    return pl_route_find(method, pl_slice_str(path), m);
}

static void finds_operations_on_both_bases(void **state)
{
    static const struct {
        pl_http_method method;
        const char *path;
        const pl_api_op *op;
    } ROWS[] = {
        {PL_HTTP_POST, "/RTC/v1/sessions", &PL_OP_SESSION_CREATE},
        {PL_HTTP_POST, "/sessions/", &PL_OP_SESSION_CREATE},
        {PL_HTTP_PUT, "/sessions/s1", &PL_OP_SESSION_REFRESH},
        {PL_HTTP_GET, "/sessions/s1/events/", &PL_OP_SESSION_EVENTS},
        {PL_HTTP_PUT,
         "/RTC/v1/sessions/s1/conferences/c1/participants/"
         "sip:bob@example.com",
         &PL_OP_PARTICIPANT_INVITE},
        {PL_HTTP_PUT, "/mediaConferences/c1", &PL_OP_MEDIA_ACTION},
        {PL_HTTP_DELETE, "/RTC/v1/mediaConferences/c1", &PL_OP_MEDIA_DELETE},
        {PL_HTTP_GET, "/", &PL_OP_PAGE_START},
        {PL_HTTP_HEAD, "/healthz", &PL_OP_HEALTH},
        {PL_HTTP_GET, "/join/lobby", &PL_OP_PAGE_JOIN},
        {PL_HTTP_GET, "/assets/a/b.js", &PL_OP_ASSET},
        {PL_HTTP_POST, "/acme/oauth2/v2.0/token", &PL_OP_TOKEN},
        {PL_HTTP_GET, "/oauth/v4/authorize", &PL_OP_AUTHORIZE},
        {PL_HTTP_POST, "/oauth/authorize", &PL_OP_AUTHORIZE},
        {PL_HTTP_GET, "/api/client/v2/conferences/lobby/theme/", &PL_OP_THEME},
        {PL_HTTP_POST,
         "/api/client/v2/conferences/lobby/participants/p/calls/c/ack",
         &PL_OP_CALL_ACK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_route_match m;
        assert_int_equal(find(ROWS[i].method, ROWS[i].path, &m), PL_OK);
        assert_ptr_equal(m.route->op, ROWS[i].op);
    }
}

static void decodes_parameters_without_touching_plus(void **state)
{
    pl_route_match m;
    (void)state;
    assert_int_equal(find(PL_HTTP_PUT,
                          "/sessions/a%20b/conferences/%63/participants/"
                          "tel:+1425%2F5",
                          &m),
                     PL_OK);
    assert_int_equal(m.n_params, 3);
    assert_string_equal(m.params[0], "a b");
    assert_string_equal(m.params[1], "c");
    assert_string_equal(m.params[2], "tel:+1425/5");
    assert_int_equal(find(PL_HTTP_GET, "/assets/a%2e/b", &m), PL_OK);
    assert_true(pl_slice_eq_str(m.rest, "a%2e/b"));
}

static void says_why_there_is_no_route(void **state)
{
    static const struct {
        pl_http_method method;
        const char *path;
        pl_err e;
    } ROWS[] = {
        {PL_HTTP_GET, "/nothing", PL_ENOENT},
        {PL_HTTP_GET, "/sessions//events", PL_ENOENT},
        {PL_HTTP_GET, "/healthz//", PL_ENOENT},
        {PL_HTTP_GET, "//healthz", PL_ENOENT},
        {PL_HTTP_GET, "/HEALTHZ", PL_ENOENT},
        {PL_HTTP_GET, "*", PL_ENOENT},
        {PL_HTTP_GET, "/assets/", PL_ENOENT},
        {PL_HTTP_PUT, "/sessions/%zz", PL_EPROTO},
        {PL_HTTP_PUT, "/sessions/a%00b", PL_EPROTO},
        {PL_HTTP_DELETE, "/healthz", PL_EUNSUPPORTED},
        {PL_HTTP_PATCH, "/sessions", PL_EUNSUPPORTED},
        {PL_HTTP_TRACE, "/sessions", PL_EUNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_route_match m;
        assert_int_equal(find(ROWS[i].method, ROWS[i].path, &m), ROWS[i].e);
    }
}

static void names_the_allowed_methods(void **state)
{
    pl_route_match m;
    char allow[64];
    (void)state;
    assert_int_equal(find(PL_HTTP_OPTIONS, "/sessions/s/conferences/c", &m),
                     PL_EUNSUPPORTED);
    pl_route_allow_text(m.allowed, allow, sizeof allow);
    assert_string_equal(allow, "OPTIONS, PUT, DELETE");
    assert_int_equal(find(PL_HTTP_OPTIONS, "/sessions/s/events", &m),
                     PL_EUNSUPPORTED);
    pl_route_allow_text(m.allowed, allow, sizeof allow);
    assert_string_equal(allow, "OPTIONS, GET"); /* HEAD would lose an event */
    assert_int_equal(find(PL_HTTP_HEAD, "/sessions/s/events", &m),
                     PL_EUNSUPPORTED);
    assert_int_equal(find(PL_HTTP_POST, "/healthz", &m), PL_EUNSUPPORTED);
    pl_route_allow_text(m.allowed, allow, sizeof allow);
    assert_string_equal(allow, "OPTIONS, GET, HEAD");
}

static void bounds_parameters(void **state)
{
    char path[PL_ROUTE_PARAM_MAX + 64] = "/sessions/";
    pl_route_match m;
    (void)state;
    size_t n = strlen(path);
    memset(path + n, 'a', PL_ROUTE_PARAM_MAX);
    assert_int_equal(find(PL_HTTP_PUT, path, &m), PL_OK);
    path[n + PL_ROUTE_PARAM_MAX] = 'a';
    assert_int_equal(find(PL_HTTP_PUT, path, &m), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_operations_on_both_bases),
        cmocka_unit_test(decodes_parameters_without_touching_plus),
        cmocka_unit_test(says_why_there_is_no_route),
        cmocka_unit_test(names_the_allowed_methods),
        cmocka_unit_test(bounds_parameters),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
