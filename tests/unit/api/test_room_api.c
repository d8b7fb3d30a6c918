/* test_room_api.c - rooms over HTTP: what is asked of roompool, what is said of
 * its replies, what is refused before. */
#include "call_rig.h"

#include "room_api.h"

#define HOST   "Host: a\r\n\r\n"
#define SUFFIX "MTIzNDU2LDc2NTQzMg"
#define PREFIX "https://id.gov.bc.ca/idcheck/"

static pl_room_rules rules;

static int set_rules(void **state)
{
    (void)state;
    rules = (pl_room_rules){.tag_prefix = PREFIX};
    return 0;
}

static void begin_as(call_rig *rig, const char *request, const char *body,
                     unsigned scopes)
{
    rig_begin_with(rig, request, body, scopes, false, &rules);
}

static void begin(call_rig *rig, const char *request, const char *body)
{
    begin_as(rig, request, body, PL_SCOPE_ROOMS);
    assert_int_equal(rig->e, PL_OK);
}

static const pl_pool_room ROOM = {
    .room_no = 57,
    .name = "q8yT2mVnR0s5",
    .pin = "4471",
    .guest_pin = "9036",
    .tag = PREFIX SUFFIX,
    .allow_guests = true,
    .created_ms = INT64_C(1770833045121),
    .alias_no = 112,
};
#define OBJECT(pin)                                                            \
    "{\"id\":57,\"name\":\"q8yT2mVnR0s5\",\"service_type\":\"conference\","    \
    "\"allow_guests\":true," pin "\"guest_pin\":\"9036\","                     \
    "\"tag\":\"" PREFIX SUFFIX "\","                                           \
    "\"aliases\":[{\"alias\":\"q8yT2mVnR0s5\","                                \
    "\"creation_time\":\"2026-02-11T18:04:05.121000\",\"description\":\"\","   \
    "\"id\":112}]}"
#define PIN "\"pin\":\"4471\","

static void finish(call_rig *rig, pl_err e, const pl_msg_desc *desc,
                   const void *body, int status, const char *want)
{
    rig_finish(rig, e, desc, body);
    assert_int_equal(rig->answer.status, status);
    assert_string_equal(pl_buf_text(&rig->answer.body), want);
    rig_end(rig);
}

/* Refused before anything is asked of roompool. */
static void refused(const char *request, const char *body, const char *loc,
                    const char *type)
{
    call_rig rig;
    begin(&rig, request, body);
    assert_null(rig.call.desc);
    assert_int_equal(rig.answer.status, 422);
    const char *text = pl_buf_text(&rig.answer.body);
    if (!strstr(text, loc) || !strstr(text, type))
        print_error("%s: %s\n", request, text);
    assert_true(strncmp(text, "{\"detail\":[{\"loc\":[", 19) == 0);
    assert_non_null(strstr(text, loc));
    assert_non_null(strstr(text, type));
    rig_end(&rig);
}

static void a_room_is_checked_out(void **state)
{
    call_rig rig;
    const pl_pool_checkout *m = &rig.call.message.pool_checkout;
    (void)state;
    begin(&rig,
          "POST /room/create?uuiData=123456%2C765432 HTTP/1.1\r\n"
          "Idempotency-Key: k-1\r\n" HOST,
          NULL);
    assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_CHECKOUT);
    assert_string_equal(m->client_id, "dev");
    assert_string_equal(m->payload, SUFFIX);
    assert_string_equal(m->tag, PREFIX SUFFIX);
    assert_string_equal(m->idempotency_key, "k-1");
    assert_string_equal(m->name, "");
    finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM, 200, OBJECT(PIN));
}

static void without_data_there_is_no_tag(void **state)
{
    static const char *const lines[] = {
        "POST /room/create HTTP/1.1\r\n" HOST,
        "POST /room/create?uuiData= HTTP/1.1\r\n" HOST,
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        call_rig rig;
        rules.is_derived = i == 1;
        begin(&rig, lines[i], NULL);
        assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_CHECKOUT);
        assert_string_equal(rig.call.message.pool_checkout.tag, "");
        assert_string_equal(rig.call.message.pool_checkout.name, "");
        rig_end(&rig);
    }
}

static void the_host_pin_can_be_left_out(void **state)
{
    call_rig rig;
    (void)state;
    rules.is_pin_hidden = true;
    begin(&rig, "POST /room/create HTTP/1.1\r\n" HOST, NULL);
    finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM, 200, OBJECT(""));
    begin(&rig, "GET /room/q8yT2mVnR0s5 HTTP/1.1\r\n" HOST, NULL);
    finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM, 200, OBJECT(PIN));
}

static void names_can_be_derived(void **state)
{
    call_rig rig;
    (void)state;
    rules.is_derived = true;
    begin(&rig, "POST /room/create?uuiData=123456,765432 HTTP/1.1\r\n" HOST,
          NULL);
    assert_string_equal(rig.call.message.pool_checkout.name, SUFFIX);
    finish(&rig, PL_EEXIST, NULL, NULL, 422,
           "{\"detail\":[{\"loc\":[\"query\",\"uuiData\"],\"msg\":\"is the "
           "name of another room\",\"type\":\"value_error\"}]}");
}

static void data_that_is_no_good_is_refused(void **state)
{
    char line[2200] = "POST /room/create?uuiData=";
    (void)state;
    memset(line + strlen(line), ',', 166);
    (void)snprintf(line + strlen(line), sizeof line - strlen(line),
                   " HTTP/1.1\r\n" HOST);
    refused(line, NULL, "[\"query\",\"uuiData\"]", "string_too_long");
    (void)snprintf(line, sizeof line,
                   "POST /room/create?uuiData=%02000d"
                   " HTTP/1.1\r\n" HOST,
                   1);
    refused(line, NULL, "[\"query\",\"uuiData\"]", "string_too_long");
    static const char *const bad[] = {"a%0Ab", "%00", "%zz", "%ff",
                                      "1,2&uuiData=3,4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(line, sizeof line,
                       "POST /room/create?uuiData=%s HTTP/1.1\r\n" HOST,
                       bad[i]);
        refused(line, NULL, "[\"query\",\"uuiData\"]", "value_error");
    }
    (void)snprintf(
        line, sizeof line,
        "POST /room/create HTTP/1.1\r\nIdempotency-Key: %0251d\r\n" HOST, 1);
    refused(line, NULL, "[\"header\",\"Idempotency-Key\"]", "value_error");
}

static void a_key_belongs_to_one_payload(void **state)
{
    call_rig rig;
    (void)state;
    begin(&rig,
          "POST /room/create?uuiData=1,2 HTTP/1.1\r\nIdempotency-Key: "
          "k\r\n" HOST,
          NULL);
    finish(&rig, PL_EEXIST, NULL, NULL, 422,
           "{\"detail\":[{\"loc\":[\"header\",\"Idempotency-Key\"],\"msg\":"
           "\"was used with another uuiData\",\"type\":\"value_error\"}]}");
}

static void no_room_is_503(void **state)
{
    static const pl_err errors[] = {PL_EFULL, PL_EDRAIN, PL_ETIMEOUT,
                                    PL_EUNAVAILABLE, PL_EAGAIN};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        call_rig rig;
        begin(&rig, "POST /room/create HTTP/1.1\r\n" HOST, NULL);
        rig_finish(&rig, errors[i], NULL, NULL);
        assert_int_equal(rig.answer.status, 503);
        assert_true(rig_has_header(&rig, "Retry-After: 5\r\n"));
        assert_string_equal(pl_buf_text(&rig.answer.body),
                            "{\"detail\":\"No conference room is available\"}");
        rig_end(&rig);
    }
}

static void a_room_is_looked_up(void **state)
{
    call_rig rig;
    (void)state;
    begin(&rig, "GET /room/a%2Fb?constrained_attributes=True HTTP/1.1\r\n" HOST,
          NULL);
    assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_ROOM_GET);
    assert_string_equal(rig.call.message.pool_room_get.name, "a/b");
    finish(&rig, PL_ENOENT, NULL, NULL, 404, "{\"detail\":\"Room not found\"}");
    begin(&rig, "GET /room/x?constrained_attributes=false HTTP/1.1\r\n" HOST,
          NULL);
    rig_finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM);
    const char *text = pl_buf_text(&rig.answer.body);
    assert_non_null(strstr(text, "\"resource_uri\":\"/api/admin/configuration/"
                                 "v1/conference/57/\""));
    assert_non_null(strstr(text, "\"participant_limit\":null"));
    assert_non_null(strstr(text, "\"conference\":\"/api/admin/configuration/"));
    rig_end(&rig);
    refused("GET /room/x?constrained_attributes=maybe HTTP/1.1\r\n" HOST, NULL,
            "[\"query\",\"constrained_attributes\"]", "bool_parsing");
    begin(&rig, "GET /room/x HTTP/1.1\r\n" HOST, NULL);
    finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL, 500,
           "{\"detail\":\"Internal error\"}");
}

static void a_name_that_is_too_long_is_unknown(void **state)
{
    char line[400];
    call_rig rig;
    (void)state;
    (void)snprintf(line, sizeof line, "DELETE /room/%0251d HTTP/1.1\r\n" HOST,
                   1);
    begin_as(&rig, line, NULL, PL_SCOPE_ROOMS);
    assert_int_equal(rig.e, PL_ENOENT);
    rig_end(&rig);
}

static void a_room_is_changed(void **state)
{
    static const char *const lines[] = {"PATCH /room/x HTTP/1.1\r\n" HOST,
                                        "PUT /room/x HTTP/1.1\r\n" HOST};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        call_rig rig;
        const pl_pool_room_change *m = &rig.call.message.pool_room_change;
        begin(&rig, lines[i],
              "{\"pin\":\"123456#\",\"guest_pin\":\"\",\"tag\":null}");
        assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_ROOM_CHANGE);
        assert_string_equal(m->name, "x");
        assert_string_equal(m->pin, "123456#");
        assert_true(PL_MSG_HAS(POOL_ROOM_CHANGE, pool_room_change, m, pin));
        assert_true(
            PL_MSG_HAS(POOL_ROOM_CHANGE, pool_room_change, m, guest_pin));
        assert_false(PL_MSG_HAS(POOL_ROOM_CHANGE, pool_room_change, m, tag));
        finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM, 202, "");
    }
}

static void a_change_that_is_no_good_is_refused(void **state)
{
    static const struct {
        const char *body, *loc, *type;
    } rows[] = {
        {"{\"pin\":1234}", "[\"body\",\"pin\"]", "string_type"},
        {"{\"pin\":\"123\"}", "[\"body\",\"pin\"]", "value_error"},
        {"{\"pin\":\"###\"}", "[\"body\",\"pin\"]", "value_error"},
        {"{\"guest_pin\":\"12#45\"}", "[\"body\",\"guest_pin\"]",
         "value_error"},
        {"{\"guest_pin\":\"123456789012345678901\"}", "guest_pin",
         "value_error"},
        {"{\"tag\":\"a\\nb\"}", "[\"body\",\"tag\"]", "value_error"},
        {"{\"description\":[]}", "[\"body\",\"description\"]", "string_type"},
        {"[]", "[\"body\"]", "model_attributes_type"},
        {NULL, "[\"body\"]", "missing"},
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused("PATCH /room/x HTTP/1.1\r\n" HOST, rows[i].body, rows[i].loc,
                rows[i].type);
    begin_as(&rig, "PATCH /room/x HTTP/1.1\r\n" HOST, "{", PL_SCOPE_ROOMS);
    assert_int_equal(rig.e, PL_EPROTO);
    pl_room_fail(&rig.call, rig.e, NULL, &rig.answer);
    assert_int_equal(rig.answer.status, 422);
    rig_end(&rig);
    pl_error why = {.text = "PINs of one length"};
    begin(&rig, "PATCH /room/x HTTP/1.1\r\n" HOST, "{\"pin\":\"12345\"}");
    finish(&rig, PL_EINVAL, NULL, &why, 422,
           "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"PINs of one length\","
           "\"type\":\"value_error\"}]}");
}

static void a_room_is_removed(void **state)
{
    call_rig rig;
    (void)state;
    begin(&rig, "DELETE /room/x HTTP/1.1\r\n" HOST, NULL);
    assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_ROOM_DELETE);
    finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL, 204, "");
}

static void rooms_are_listed(void **state)
{
    static const char *const lines[] = {"GET /rooms HTTP/1.1\r\n" HOST,
                                        "GET /room/all HTTP/1.1\r\n" HOST};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        call_rig rig;
        pl_pool_room second = ROOM;
        second.room_no = 58;
        begin(&rig, lines[i], NULL);
        assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_ROOM_NEXT);
        rig_finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM);
        assert_true(rig.call.is_partial);
        assert_int_equal(rig.call.message.pool_room_next.after_no, 57);
        rig_finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &second);
        assert_true(rig.call.is_partial);
        rig_finish(&rig, PL_ENOENT, NULL, NULL);
        assert_false(rig.call.is_partial);
        assert_int_equal(rig.answer.status, 200);
        const char *text = pl_buf_text(&rig.answer.body);
        assert_true(strncmp(text, "[" OBJECT(PIN) ",{\"id\":58,",
                            sizeof OBJECT(PIN) + 9) == 0);
        assert_string_equal(text + strlen(text) - 4, "}]}]");
        rig_end(&rig);
    }
}

static void a_list_ends(void **state)
{
    call_rig rig;
    (void)state;
    begin(&rig, "GET /rooms HTTP/1.1\r\n" HOST, NULL);
    finish(&rig, PL_ENOENT, NULL, NULL, 200, "[]");
    begin(&rig, "GET /rooms HTTP/1.1\r\n" HOST, NULL);
    rig_finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM);
    rig_finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM); /* the same again */
    assert_false(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 500);
    rig_end(&rig);
}

static void administrators_fill_and_empty(void **state)
{
    call_rig rig;
    pl_pool_rooms_deleted gone = {.count = 3};
    (void)state;
    begin_as(&rig, "POST /rooms/create?count=7 HTTP/1.1\r\n" HOST, NULL,
             PL_SCOPE_ROOMS_ADMIN);
    assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_FILL);
    assert_int_equal(rig.call.message.pool_fill.count, 7);
    finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL, 202, "");
    begin_as(&rig, "DELETE /rooms HTTP/1.1\r\n" HOST, NULL,
             PL_SCOPE_ROOMS_ADMIN);
    assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_ROOMS_DELETE);
    finish(&rig, PL_OK, &PL_MSG_POOL_ROOMS_DELETED, &gone, 200,
           "{\"deleted\":3}");
    static const char *const bad[] = {"",
                                      "?count=",
                                      "?count=0",
                                      "?count=-1",
                                      "?count=100001",
                                      "?count=1&count=2",
                                      "?count=99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line,
                       "POST /rooms/create%s HTTP/1.1\r\n" HOST, bad[i]);
        begin_as(&rig, line, NULL, PL_SCOPE_ROOMS_ADMIN);
        assert_null(rig.call.desc);
        assert_int_equal(rig.answer.status, 422);
        rig_end(&rig);
    }
}

static void a_token_needs_the_scope(void **state)
{
    static const struct {
        const char *line;
        bool is_admin;
    } rows[] = {
        {"POST /room/create HTTP/1.1\r\n" HOST, false},
        {"GET /room/x HTTP/1.1\r\n" HOST, false},
        {"PATCH /room/x HTTP/1.1\r\n" HOST, false},
        {"DELETE /room/x HTTP/1.1\r\n" HOST, false},
        {"GET /rooms HTTP/1.1\r\n" HOST, false},
        {"POST /rooms/create?count=1 HTTP/1.1\r\n" HOST, true},
        {"DELETE /rooms HTTP/1.1\r\n" HOST, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        call_rig rig;
        begin_as(&rig, rows[i].line, "{}", PL_SCOPE_WEBRTC);
        assert_int_equal(rig.e, PL_EFORBIDDEN);
        rig_end(&rig);
        begin_as(&rig, rows[i].line, "{}", PL_SCOPE_ROOMS);
        assert_int_equal(rig.e, rows[i].is_admin ? PL_EFORBIDDEN : PL_OK);
        rig_end(&rig);
        begin_as(&rig, rows[i].line, "{}", PL_SCOPE_ROOMS_ADMIN);
        assert_int_equal(rig.e, PL_OK);
        rig_end(&rig);
    }
}

static void the_public_look_up_has_a_secret(void **state)
{
    call_rig rig;
    (void)state;
#define LOOK_UP "GET /public/room/x HTTP/1.1\r\n"
    begin_as(&rig, LOOK_UP "x-auth-token: 0123456789abcdef\r\n" HOST, NULL, 0);
    assert_int_equal(rig.answer.status, 404); /* there is none */
    rig_end(&rig);
    rules.public_secret = pl_slice_str("0123456789abcdef");
    begin_as(&rig, LOOK_UP HOST, NULL, 0);
    assert_int_equal(rig.e, PL_EAUTH);
    rig_end(&rig);
    begin_as(&rig, LOOK_UP "x-auth-token: 0123456789abcdeF\r\n" HOST, NULL, 0);
    assert_int_equal(rig.answer.status, 403);
    rig_end(&rig);
    begin_as(&rig, LOOK_UP "x-auth-token: 0123456789abcdef\r\n" HOST, NULL, 0);
    assert_ptr_equal(rig.call.desc, &PL_MSG_POOL_ROOM_GET);
    finish(&rig, PL_OK, &PL_MSG_POOL_ROOM, &ROOM, 200, OBJECT(PIN));
}

/* ---- what another platform tells ---- */

#define EVENT_SINK "POST /public/event_sink HTTP/1.1\r\n"
#define SENDER     "Authorization: Basic c2luazowMTIzNDU2Nzg5YWI=\r\n"
#define ENDED                                                                  \
    "{\"node\":\"n1\",\"seq\":41,\"version\":2,\"time\":1771012345.271,"       \
    "\"event\":\"conference_ended\",\"data\":{\"name\":\"r1\"}}"

static void says(call_rig *rig, const char *head, const char *body)
{
    rules.sink_login = pl_slice_str("sink:0123456789ab");
    begin_as(rig, head, body, 0);
    assert_int_equal(rig->e, PL_OK);
}

static void events_need_a_sender(void **state)
{
    static const char *const bad[] = {
        EVENT_SINK HOST,
        EVENT_SINK "Authorization: Bearer x\r\n" HOST,
        EVENT_SINK "Authorization: Basic c2luazowMTIzNDU2Nzg5YWM=\r\n" HOST,
        EVENT_SINK "Authorization: Basic c2luaw==\r\n" HOST,
        EVENT_SINK "Authorization: Basic !\r\n" HOST,
    };
    call_rig rig;
    (void)state;
    rules.sink_login = (pl_slice){NULL, 0};
    begin_as(&rig, EVENT_SINK SENDER HOST, ENDED, 0);
    assert_int_equal(rig.answer.status, 404); /* there is none */
    rig_end(&rig);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        says(&rig, bad[i], ENDED);
        assert_int_equal(rig.answer.status, 401);
        assert_non_null(strstr(pl_buf_text(&rig.answer.headers),
                               "WWW-Authenticate: Basic"));
        assert_null(rig.call.desc);
        rig_end(&rig);
    }
}

static void events_become_messages(void **state)
{
    static const struct {
        const char *body, *room;
        unsigned event;
    } rows[] = {
        {ENDED, "r1", PL_PLATFORM_NEWS_CONFERENCE_ENDED},
        {"{\"node\":\"n1\",\"seq\":41,\"time\":1771012345.271,\"event\":"
         "\"participant_connected\",\"data\":{\"conference\":\"r2\"}}",
         "r2", PL_PLATFORM_NEWS_PARTICIPANT_CONNECTED},
        {"{\"node\":\"n1\",\"seq\":41,\"time\":1771012345.271,\"event\":"
         "\"eventsink_started\",\"data\":{}}",
         "", PL_PLATFORM_NEWS_SINK_STARTED},
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        says(&rig, EVENT_SINK SENDER HOST, rows[i].body);
        const pl_platform_event *m = &rig.call.message.platform_event;
        assert_ptr_equal(rig.call.desc, &PL_MSG_PLATFORM_EVENT);
        assert_int_equal(m->event, rows[i].event);
        assert_string_equal(m->room_name, rows[i].room);
        assert_string_equal(m->node, "n1");
        assert_int_equal(m->seq, 41);
        assert_int_equal(m->at_ms, INT64_C(1771012345271));
        finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL, 200,
               "{\"status\":\"success\"}");
    }
    says(&rig, EVENT_SINK SENDER HOST, ENDED);
    finish(&rig, PL_ETIMEOUT, NULL, NULL, 503,
           "{\"detail\":\"Not available now\"}");
}

/* 200, and nothing is asked of roompool. */
static void odd_events_are_taken_and_dropped(void **state)
{
    static const char *const bodies[] = {
        NULL,
        "",
        "{",
        "null",
        "[]",
        "[1,null]",
        "{}",
        "{\"event\":7}",
        "{\"event\":\"participant_updated\",\"data\":{\"name\":\"r\"}}",
        "{\"event\":\"conference_ended\"}",
        "{\"event\":\"conference_ended\",\"data\":[]}",
        "{\"event\":\"conference_ended\",\"data\":{\"name\":7}}",
        "{\"event\":\"conference_ended\",\"data\":{\"name\":\"\"}}",
        "{\"event\":\"eventsink_bulk\"}",
        "{\"event\":\"eventsink_bulk\",\"data\":{}}",
        "{\"event\":\"eventsink_bulk\",\"data\":[{\"event\":\"x\"}]}",
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        says(&rig, EVENT_SINK SENDER HOST, bodies[i]);
        if (rig.answer.status != 200 || rig.call.desc)
            fail_msg("%s: %d", bodies[i] ? bodies[i] : "-", rig.answer.status);
        rig_end(&rig);
    }
    /* A number that is none, a time that is none. */
    says(&rig, EVENT_SINK SENDER HOST,
         "{\"node\":7,\"seq\":-1,\"time\":\"x\",\"event\":"
         "\"conference_ended\",\"data\":{\"name\":\"r\"}}");
    assert_ptr_equal(rig.call.desc, &PL_MSG_PLATFORM_EVENT);
    assert_int_equal(rig.call.message.platform_event.seq, 0);
    assert_int_equal(rig.call.message.platform_event.at_ms, 0);
    assert_string_equal(rig.call.message.platform_event.node, "?");
    rig_end(&rig);
}

static void many_events_come_at_once(void **state)
{
    call_rig rig;
    (void)state;
    says(&rig, EVENT_SINK SENDER HOST,
         "{\"node\":\"n1\",\"seq\":9,\"event\":\"eventsink_bulk\",\"data\":["
         "{\"node\":\"n1\",\"seq\":8,\"event\":\"conference_started\","
         "\"data\":{\"name\":\"r1\"}},{\"event\":\"other\"}," ENDED "]}");
    assert_string_equal(rig.call.message.platform_event.room_name, "r1");
    assert_int_equal(rig.call.message.platform_event.event,
                     PL_PLATFORM_NEWS_CONFERENCE_STARTED);
    rig.match.route->op->finish(&rig.call, PL_OK, &PL_MSG_OK_REPLY, NULL,
                                &rig.answer);
    assert_true(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 0);
    assert_int_equal(rig.call.message.platform_event.event,
                     PL_PLATFORM_NEWS_CONFERENCE_ENDED);
    finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL, 200,
           "{\"status\":\"success\"}");
}

static void it_is_alive(void **state)
{
    call_rig rig;
    (void)state;
    begin_as(&rig, "GET /health HTTP/1.1\r\n" HOST, NULL, 0);
    assert_int_equal(rig.answer.status, 200);
    assert_string_equal(
        pl_buf_text(&rig.answer.body),
        "{\"status\":\"alive\",\"timestamp\":\"1970-01-01T00:00:00.000Z\"}");
    rig_end(&rig);
}

static void errors_say_how_to_go_on(void **state)
{
    pl_answer answer;
    (void)state;
    pl_answer_init(&answer);
    pl_room_fail(NULL, PL_EAUTH, NULL, &answer);
    assert_int_equal(answer.status, 401);
    assert_non_null(
        strstr(pl_buf_text(&answer.headers), "WWW-Authenticate: Bearer\r\n"));
    pl_answer_fini(&answer);
    for (int e = 1; e < PL_ERR_COUNT; e++) {
        pl_answer_init(&answer);
        pl_room_fail(NULL, (pl_err)e, NULL, &answer);
        assert_true(answer.status >= 400);
        assert_true(strncmp(pl_buf_text(&answer.body), "{\"detail\":", 10) ==
                    0);
        pl_answer_fini(&answer);
    }
}

static void a_prefix_is_printable(void **state)
{
    char text[202];
    (void)state;
    assert_true(pl_room_prefix_is_good(""));
    assert_true(pl_room_prefix_is_good(PREFIX));
    assert_false(pl_room_prefix_is_good("a b"));
    assert_false(pl_room_prefix_is_good("a\xc3\xa4"));
    memset(text, 'a', 201);
    text[201] = '\0';
    assert_false(pl_room_prefix_is_good(text));
    assert_true(pl_room_prefix_is_good(text + 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_rules)
    const struct CMUnitTest tests[] = {
        TEST(a_room_is_checked_out),
        TEST(without_data_there_is_no_tag),
        TEST(the_host_pin_can_be_left_out),
        TEST(names_can_be_derived),
        TEST(data_that_is_no_good_is_refused),
        TEST(a_key_belongs_to_one_payload),
        TEST(no_room_is_503),
        TEST(a_room_is_looked_up),
        TEST(a_name_that_is_too_long_is_unknown),
        TEST(a_room_is_changed),
        TEST(a_change_that_is_no_good_is_refused),
        TEST(a_room_is_removed),
        TEST(rooms_are_listed),
        TEST(a_list_ends),
        TEST(administrators_fill_and_empty),
        TEST(a_token_needs_the_scope),
        TEST(the_public_look_up_has_a_secret),
        TEST(events_need_a_sender),
        TEST(events_become_messages),
        TEST(odd_events_are_taken_and_dropped),
        TEST(many_events_come_at_once),
        TEST(it_is_alive),
        TEST(errors_say_how_to_go_on),
        TEST(a_prefix_is_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
