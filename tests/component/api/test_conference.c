/* test_conference.c - the conference API over HTTPS: calls, and what every
 * operation answers when something is wrong before or behind it. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "route.h"
#include "safe_error.h"

static char bearer[9000];

static void login(api_rig *rig)
{
    (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n",
                   rig_token(rig));
}

static const char *with(const char *line)
{
    static char text[9200];
    (void)snprintf(text, sizeof text, "%s%s\r\n", bearer, line);
    return text;
}

static void a_call_in_both_spellings(void **state)
{
    static const struct {
        const char *base;
        int created;
    } ROWS[] = {{"/RTC/v1", 201}, {"", 202}};
    api_rig *rig = rig_start(NULL);
    (void)state;
    login(rig);
    for (size_t i = 0; i < 2; i++) {
        char line[256];
        char want[128];
        tls_reply reply;
        (void)snprintf(line, sizeof line, "POST %s/sessions/S-event/calls",
                       ROWS[i].base);
        (void)snprintf(want, sizeof want, "%s/sessions/S-event/calls/L1",
                       ROWS[i].base);
        rig_request(rig, line, bearer,
                    "{\"call\":{\"calledParty\":\"sip:bob@example.com\","
                    "\"sdp\":\"v=0\\r\\n\"}}",
                    &reply);
        assert_int_equal(reply.status, ROWS[i].created);
        assert_string_equal(tls_header(&reply, "Location"), want);
        assert_string_equal(tls_header(&reply, "x-state"), "invitation-sent");
        assert_string_equal(reply.body, "{\"callId\":\"L1\"}");
        rig_request(rig, line, bearer,
                    "{\"call\":{\"calledParty\":\"sip:nobody@example.com\","
                    "\"sdp\":\"v=0\\r\\n\"}}",
                    &reply);
        assert_int_equal(reply.status, 400);
        assert_non_null(strstr(reply.body, "SVC0001"));
        (void)snprintf(line, sizeof line, "PUT %s/", want);
        rig_request(rig, line, with("x-calls-action: initiate-call-hold"),
                    "{\"callsMediaModifications\":{\"sdp\":\"v=0\"}}", &reply);
        assert_int_equal(reply.status, 204);
        assert_string_equal(tls_header(&reply, "x-state"), "mod-sent");
        assert_string_equal(tls_header(&reply, "x-modId"), "M1");
        assert_string_equal(tls_header(&reply, "Content-Type"), "");
        (void)snprintf(line, sizeof line, "DELETE %s", want);
        rig_request(rig, line, with("x-delete-reason: terminate"), NULL,
                    &reply);
        assert_int_equal(reply.status, 200);
    }
    rig_stop(&rig);
}

/* ---- every operation, one thing wrong at a time ---- */

/* "PUT /RTC/v1/sessions/sessionId/calls/callId": each parameter its name. */
static void make_line(const pl_route *route, const char *method, char *buf,
                      size_t cap)
{
    size_t n = (size_t)snprintf(buf, cap, "%s ", method);
    for (const char *c = route->path; *c && n + 1 < cap; c++)
        if (*c != '{' && *c != '}')
            buf[n++] = *c;
    buf[n] = '\0';
}

static const pl_route *conference_route(size_t *i)
{
    for (; pl_route_at(*i); (*i)++)
        if (pl_route_at(*i)->op->family == PL_FAMILY_CONFERENCE)
            return pl_route_at((*i)++);
    return NULL;
}

static void check(const char *line, const tls_reply *reply, int status,
                  const char *code)
{
    const char *type = tls_header(reply, "Content-Type");
    pl_slice body = {(const uint8_t *)reply->body, reply->body_len};
    bool is_good = reply->status == status &&
                   is_safe_error(status, type, body, false) &&
                   strstr(reply->body, code) != NULL;
    if (!is_good)
        print_error("%s\n-> %s%s\n", line, reply->head, reply->body);
    assert_true(is_good);
    assert_string_equal(tls_header(reply, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(tls_header(reply, "Access-Control-Expose-Headers"),
                        "Location, x-expires, x-state, x-modId, x-correlator");
}

static void wants_a_token_everywhere(void **state)
{
    api_rig *rig = rig_start(NULL);
    const pl_route *route;
    size_t n = 0;
    (void)state;
    for (size_t i = 0; (route = conference_route(&i)) != NULL; n++) {
        char line[256];
        tls_reply reply;
        make_line(route, pl_http_method_text(route->method), line, sizeof line);
        rig_request(rig, line, "", NULL, &reply);
        check(line, &reply, 401, "POL0001");
        rig_request(rig, line, "Authorization: Bearer x.y.z\r\n", NULL, &reply);
        check(line, &reply, 401, "POL0001");
    }
    assert_true(n >= 33);
    rig_stop(&rig);
}

static void refuses_other_methods_and_large_bodies(void **state)
{
    api_rig *rig = rig_start(NULL);
    const pl_route *route;
    (void)state;
    login(rig);
    for (size_t i = 0; (route = conference_route(&i)) != NULL;) {
        char line[256];
        tls_reply reply;
        make_line(route, "PATCH", line, sizeof line);
        rig_request(rig, line, bearer, NULL, &reply);
        check(line, &reply, 405, "Text");
        assert_non_null(strstr(tls_header(&reply, "Allow"),
                               pl_http_method_text(route->method)));
        make_line(route, pl_http_method_text(route->method), line, sizeof line);
        rig_request(rig, line, with("Content-Length: 300000"), NULL, &reply);
        check(line, &reply, 413, "Text");
        make_line(route, "OPTIONS", line, sizeof line);
        rig_request(rig, line, "Origin: https://page\r\n", NULL, &reply);
        assert_int_equal(reply.status, 204);
        assert_int_equal(atoi(tls_header(&reply, "Access-Control-Max-Age")),
                         7200);
        assert_non_null(strstr(tls_header(&reply, "Access-Control-Allow-"
                                                  "Headers"),
                               "x-transferTargetCallId"));
    }
    rig_stop(&rig);
}

static void refuses_broken_bodies_where_bodies_are_read(void **state)
{
    static const struct {
        const char *line, *header;
    } ROWS[] = {
        {"POST /RTC/v1/sessions", "x-e911Id: a"},
        {"PUT /sessions/S", "x-e911Id: a"},
        {"POST /sessions/S/calls", "x-e911Id: a"},
        {"POST /RTC/v1/sessions/S/conferences", "x-e911Id: a"},
        {"PUT /sessions/S/calls/C", "x-calls-action: call-answer"},
        {"PUT /sessions/S/conferences/C", "x-conference-action: call-answer"},
        {"PUT /mediaConferences/C", "action: conference-answer"},
    };
    static const char *const BODIES[] = {"{", "[]", "x", "{\"sdp\":\"\xff\"}"};
    api_rig *rig = rig_start(NULL);
    (void)state;
    login(rig);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        for (size_t k = 0; k < sizeof BODIES / sizeof BODIES[0]; k++) {
            tls_reply reply;
            rig_request(rig, ROWS[i].line, with(ROWS[i].header), BODIES[k],
                        &reply);
            check(ROWS[i].line, &reply, 400, "SVC0001");
        }
    }
    rig_stop(&rig);
}

static void refuses_paths_that_are_none(void **state)
{
    static const char *const LINES[] = {
        "GET /RTC/v1/nothing", "POST /sessions/S/call", "PUT /userIds",
        "PUT /sessions/S/calls/C/participants/p", "PUT /sessions/%zz"};
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        tls_reply reply;
        rig_request(rig, LINES[i], "", NULL, &reply);
        check(LINES[i], &reply, 400, "SVC0003");
    }
    rig_stop(&rig);
}

static bool asks_roompool(const pl_route *route)
{
    return route->op->kind == PL_KIND_CALL;
}

static const char BODY[] =
    "{\"call\":{\"calledParty\":\"sip:bob@example.com\",\"sdp\":\"v=0\"}}";

static void says_so_without_roompool(void **state)
{
    api_rig *rig = rig_start(NULL);
    const pl_route *route;
    (void)state;
    login(rig);
    rig_set_ready(rig, false);
    for (size_t i = 0; (route = conference_route(&i)) != NULL;) {
        char line[256];
        tls_reply reply;
        if (!asks_roompool(route))
            continue;
        make_line(route, pl_http_method_text(route->method), line, sizeof line);
        rig_request(rig, line, bearer, BODY, &reply);
        check(line, &reply, 503, "");
    }
    rig_stop(&rig);
}

/* All at once: each takes its message's whole deadline. */
static void says_so_when_roompool_is_silent(void **state)
{
    enum { MAX = 64 };
    static char text[10000];
    static tls_client *clients[MAX];
    static char lines[MAX][256];
    api_rig *rig = rig_start(NULL);
    const pl_route *route;
    size_t n = 0;
    (void)state;
    login(rig);
    atomic_store(&rig_counts(rig)->is_mute, true);
    for (size_t i = 0; (route = conference_route(&i)) != NULL;) {
        if (!asks_roompool(route))
            continue;
        assert_true(n < MAX);
        make_line(route, pl_http_method_text(route->method), lines[n],
                  sizeof lines[n]);
        (void)snprintf(text, sizeof text,
                       "%s HTTP/1.1\r\nHost: a\r\n%sx-conference-action: "
                       "call-answer\r\nContent-Length: %zu\r\n\r\n%s",
                       lines[n], bearer, sizeof BODY - 1, BODY);
        clients[n] = rig_connect(rig);
        assert_true(tls_send_text(clients[n], text));
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        tls_reply reply;
        assert_true(tls_read(clients[i], false, &reply));
        check(lines[i], &reply, 504, "");
        tls_close(&clients[i]);
    }
    assert_int_equal(rig_metric(rig, PL_AM_bus_failed), n);
    rig_stop(&rig);
}

static void one_origin(pl_api_config *config)
{
    (void)snprintf(config->cors_origins, sizeof config->cors_origins,
                   "https://page.example");
}

/* Refused before the handler is reached, and still for the page's eyes. */
static void tells_the_listed_origin_of_faults_too(void **state)
{
    static const struct {
        const char *origin, *want;
    } ROWS[] = {
        {"Origin: https://page.example\r\nContent-Length: 300000\r\n",
         "https://page.example"},
        {"Origin: https://other.example\r\nContent-Length: 300000\r\n", ""}};
    api_rig *rig = rig_start(one_origin);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        tls_reply reply;
        rig_request(rig, "POST /sessions", ROWS[i].origin, NULL, &reply);
        assert_int_equal(reply.status, 413);
        assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"),
                            ROWS[i].want);
    }
    rig_stop(&rig);
}

static void makes_ids_of_emergency_addresses(void **state)
{
    static const char ADDRESS[] =
        "{\"e911Context\":{\"isAddressConfirmed\":\"false\",\"address\":{"
        "\"name\":\"Ann\",\"houseNumber\":\"16\",\"street\":\"Main\",\"city\":"
        "\"Redmond\",\"state\":\"WA\",\"zip\":\"98052\"}}}";
    static const char PATH[] = "POST /emergencyServices/v1/e911Locations";
    static char header[9100];
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    (void)snprintf(header, sizeof header, "Authorization: bearer %s\r\n",
                   rig_token(rig));
    rig_request(rig, PATH, header, ADDRESS, &reply);
    check(PATH, &reply, 403, "POL0001");
    (void)snprintf(header, sizeof header, "Authorization: bearer %s\r\n",
                   rig_token_with(rig, "scope=WEBRTC,EMERGENCYSERVICES"));
    rig_request(rig, PATH, header, ADDRESS, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"addressIdentifier\":\""));
    rig_request(rig, PATH, header, "{}", &reply);
    check(PATH, &reply, 400, "SVC0002");
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_in_both_spellings),
        cmocka_unit_test(wants_a_token_everywhere),
        cmocka_unit_test(refuses_other_methods_and_large_bodies),
        cmocka_unit_test(refuses_broken_bodies_where_bodies_are_read),
        cmocka_unit_test(refuses_paths_that_are_none),
        cmocka_unit_test(says_so_without_roompool),
        cmocka_unit_test(says_so_when_roompool_is_silent),
        cmocka_unit_test(tells_the_listed_origin_of_faults_too),
        cmocka_unit_test(makes_ids_of_emergency_addresses),
    };
    return cmocka_run_group_tests_name("api conference", tests, NULL, NULL);
}
