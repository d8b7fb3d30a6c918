/* test_relay.c - the notification relay at the front end: channels, what is
 * sent to them, and the three ways to read them. */
#include "api_rig.h"
#include "fake_relay.h"
#include "ws_client.h"

#include <stdio.h>
#include <string.h>

#define CHANNELS "/notification-relay/v1/channels"
#define SINK     "/notification-relay/v1/s/"
#define READER   "Authorization: Bearer reader\r\n"
#define SENDER   "Authorization: Bearer sender\r\n"
#define EVENTS   "Content-Type: application/cloudevents+json\r\n"
#define EVENT                                                                  \
    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}"

static const char *owner(api_rig *rig, const char *scopes)
{
    static char line[9500];
    char more[256];
    (void)snprintf(more, sizeof more, "user=alice&scope=%s", scopes);
    (void)snprintf(line, sizeof line, "Authorization: Bearer %s\r\n",
                   rig_token_with(rig, more));
    return line;
}

static const char *anything(api_rig *rig)
{
    return owner(rig, "notification-relay:channels:create+"
                      "notification-relay:channels:read+"
                      "notification-relay:channels:update+"
                      "notification-relay:channels:delete");
}

static void is_error(const tls_reply *reply, int status, const char *code)
{
    char text[128];
    (void)snprintf(text, sizeof text, "{\"status\":%d,\"code\":\"%s\"", status,
                   code);
    assert_int_equal(reply->status, status);
    assert_string_equal(tls_header(reply, "Content-Type"), "application/json");
    assert_memory_equal(reply->body, text, strlen(text));
    assert_non_null(strstr(reply->body, "\"message\":\""));
}

/* ---- channels ---- */

static void a_channel_is_opened_read_extended_closed(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    rig_request(rig, "POST " CHANNELS, anything(rig),
                "{\"deviceId\":\"phone\",\"channelType\":\"WebSockets\","
                "\"channelLifetime\":60}",
                &r);
    assert_int_equal(r.status, 201);
    assert_string_equal(r.body,
                        "{\"channelId\":\"feed\",\"deviceId\":\"phone\","
                        "\"channelType\":\"WebSockets\",\"channelData\":{"
                        "\"channelURL\":\"wss://a" CHANNELS "/feed/ws\","
                        "\"eventsURL\":\"https://a" CHANNELS "/feed/events\","
                        "\"channelToken\":\"reader\"},"
                        "\"callbackURL\":\"https://a" SINK "open\","
                        "\"notificationAuthToken\":\"sender\","
                        "\"resourceURL\":\"https://a" CHANNELS "/feed\","
                        "\"expiresAt\":\"1970-01-01T00:00:01.000Z\"}");
    assert_string_equal(tls_header(&r, "Location"),
                        "https://a" CHANNELS "/feed");
    assert_int_equal(fake_relay_last_open()->life_s, 60);
    assert_string_equal(fake_relay_last_open()->client_id, "parley-dev");
    rig_request(rig, "GET " CHANNELS "/feed", anything(rig), NULL, &r);
    assert_int_equal(r.status, 200);
    assert_null(strstr(r.body, "oken"));
    rig_request(rig, "PUT " CHANNELS "/feed", anything(rig), NULL, &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "\"channelToken\":\"reader\""));
    rig_request(rig, "DELETE " CHANNELS "/feed", anything(rig), NULL, &r);
    assert_int_equal(r.status, 204);
    rig_request(rig, "GET " CHANNELS "/other", anything(rig), NULL, &r);
    is_error(&r, 404, "NOT_FOUND");
    rig_stop(&rig);
}

static void elsewhere(pl_api_config *config)
{
    (void)snprintf(config->relay_url, sizeof config->relay_url, "%s",
                   "https://relay.example:8443");
}

static void a_relay_may_have_a_name_of_its_own(void **state)
{
    api_rig *rig = rig_start(elsewhere);
    tls_reply r;
    (void)state;
    rig_request(rig, "GET " CHANNELS "/feed", anything(rig), NULL, &r);
    assert_non_null(strstr(
        r.body, "\"callbackURL\":\"https://relay.example:8443" SINK "open\""));
    assert_non_null(
        strstr(r.body, "\"wss://relay.example:8443" CHANNELS "/feed/ws\""));
    rig_stop(&rig);
}

static void channels_are_for_who_may(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    rig_request(rig, "POST " CHANNELS, "", "{\"deviceId\":\"d\"}", &r);
    is_error(&r, 401, "UNAUTHENTICATED");
    assert_string_equal(tls_header(&r, "WWW-Authenticate"), "Bearer");
    rig_request(rig, "POST " CHANNELS, "Authorization: Bearer x\r\n",
                "{\"deviceId\":\"d\"}", &r);
    is_error(&r, 401, "UNAUTHENTICATED");
    assert_string_equal(tls_header(&r, "WWW-Authenticate"),
                        "Bearer error=\"invalid_token\"");
    rig_request(rig, "POST " CHANNELS,
                owner(rig, "notification-relay:channels:read"),
                "{\"deviceId\":\"d\"}", &r);
    is_error(&r, 403, "PERMISSION_DENIED");
    rig_request(rig, "DELETE " CHANNELS "/feed",
                owner(rig, "notification-relay:channels:create"), NULL, &r);
    is_error(&r, 403, "PERMISSION_DENIED");
    rig_request(rig, "POST " CHANNELS, anything(rig), "{\"deviceId\":\"many\"}",
                &r);
    is_error(&r, 429, "TOO_MANY_REQUESTS");
    assert_string_not_equal(tls_header(&r, "Retry-After"), "");
    rig_stop(&rig);
}

static void bodies_of_channels_are_checked(void **state)
{
    static const char *const BAD[] = {
        "{",
        "[]",
        "{}",
        "{\"deviceId\":\"\"}",
        "{\"deviceId\":7}",
        "{\"deviceId\":\"d\",\"channelType\":\"PNSChannel\"}",
        "{\"deviceId\":\"d\",\"channelLifetime\":\"1\"}",
        "{\"deviceId\":\"d\",\"more\":1}",
        "{\"deviceId\":\"d\",\"deviceId\":\"d\"}",
    };
    static char headers[10000];
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    (void)snprintf(headers, sizeof headers, "%s", anything(rig));
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        rig_request(rig, "POST " CHANNELS, headers, BAD[i], &r);
        is_error(&r, 400, "INVALID_ARGUMENT");
    }
    rig_request(rig, "POST " CHANNELS, headers,
                "{\"deviceId\":\"d\",\"channelLifetime\":59}", &r);
    is_error(&r, 400, "OUT_OF_RANGE");
    rig_request(rig, "PUT " CHANNELS "/feed", headers,
                "{\"channelLifetime\":1}", &r);
    is_error(&r, 400, "OUT_OF_RANGE");
    (void)snprintf(headers, sizeof headers, "%sContent-Type: text/plain\r\n",
                   anything(rig));
    rig_request(rig, "POST " CHANNELS, headers, "{\"deviceId\":\"d\"}", &r);
    is_error(&r, 415, "UNSUPPORTED_MEDIA_TYPE");
    rig_request(rig, "PATCH " CHANNELS, "", "{}", &r);
    is_error(&r, 405, "METHOD_NOT_ALLOWED");
    rig_request(rig, "GET /notification-relay/v2/channels", "", NULL, &r);
    is_error(&r, 404, "NOT_FOUND");
    rig_stop(&rig);
}

/* ---- what is sent ---- */

static void an_event_is_taken_as_it_came(void **state)
{
    static const char event[] =
        "{ \"specversion\": \"1.0\", \"id\": \"A-1\",\r\n \"source\": \"/x\", "
        "\"type\": \"t\", \"data\": {\"a\": [1, 2.50]} }";
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    rig_request(rig, "POST " SINK "open", SENDER EVENTS "x-correlator: c-1\r\n",
                event, &r);
    assert_int_equal(r.status, 204);
    assert_string_equal(tls_header(&r, "x-correlator"), "c-1");
    assert_string_equal(fake_relay_last_event(), event);
    assert_string_equal(fake_relay_last_put()->event_id, "A-1");
    assert_string_equal(fake_relay_last_put()->source, "/x");
    assert_string_equal(fake_relay_last_put()->type, "t");
    rig_request(rig, "POST " SINK "open",
                SENDER "Content-Type: application/json; charset=utf-8\r\n",
                EVENT, &r);
    assert_int_equal(r.status, 204);
    rig_stop(&rig);
}

static void what_cannot_be_taken_is_refused(void **state)
{
    static const struct {
        const char *sink, *headers, *body;
        int status;
        const char *code;
    } ROWS[] = {
        {"open", EVENTS, EVENT, 401, "UNAUTHENTICATED"},
        {"open", "Authorization: Bearer x\r\n" EVENTS, EVENT, 401,
         "UNAUTHENTICATED"},
        {"open", "Authorization: Basic c2VuZGVyOg==\r\n" EVENTS, EVENT, 401,
         "UNAUTHENTICATED"},
        {"open", SENDER "Content-Type: text/plain\r\n", EVENT, 415,
         "UNSUPPORTED_MEDIA_TYPE"},
        {"open", SENDER "Content-Type: application/cloudevents-batch+json\r\n",
         "[" EVENT "]", 415, "UNSUPPORTED_MEDIA_TYPE"},
        {"closed", SENDER EVENTS, EVENT, 410, "GONE"},
        {"full", SENDER EVENTS, EVENT, 429, "TOO_MANY_REQUESTS"},
        {"none", SENDER EVENTS, EVENT, 404, "NOT_FOUND"},
        {"open", SENDER EVENTS, "", 400, "INVALID_ARGUMENT"},
        {"open", SENDER EVENTS, "[" EVENT "]", 400, "INVALID_ARGUMENT"},
        {"open", SENDER EVENTS, "{\"specversion\":\"1.0\"}", 400,
         "INVALID_ARGUMENT"},
    };
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "POST " SINK "%s", ROWS[i].sink);
        rig_request(rig, line, ROWS[i].headers, ROWS[i].body, &r);
        if (r.status != ROWS[i].status)
            print_error("row %zu\n", i);
        is_error(&r, ROWS[i].status, ROWS[i].code);
    }
    rig_request(rig, "POST " SINK "open",
                SENDER EVENTS "Content-Length: 262145\r\n", NULL, &r);
    is_error(&r, 413, "PAYLOAD_TOO_LARGE");
    rig_stop(&rig);
}

/* ---- reading ---- */

static tls_client *get(api_rig *rig, const char *target, const char *headers)
{
    static char text[2000];
    tls_client *client = rig_connect(rig);
    (void)snprintf(text, sizeof text,
                   "GET " CHANNELS "%s HTTP/1.1\r\nHost: a\r\n%s\r\n", target,
                   headers);
    assert_true(tls_send_text(client, text));
    return client;
}

static tls_client *open_socket(api_rig *rig, const char *target)
{
    tls_client *client =
        get(rig, target,
            WS_UPGRADE
            "Sec-WebSocket-Protocol: cloudevents.json, bearer.reader\r\n");
    assert_true(tls_read_until(client, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(
        tls_read_until(client, "Sec-WebSocket-Protocol: cloudevents.json\r\n"));
    assert_true(tls_read_until(client, "\r\n"));
    return client;
}

static void reads_event(tls_client *client, unsigned n)
{
    static ws_frame f;
    char text[64];
    (void)snprintf(text, sizeof text, "{\"id\":\r\n \"e%u\"}", n);
    ws_read_frame(client, &f);
    assert_int_equal(f.opcode, WS_TEXT);
    assert_string_equal(f.data, text);
}

static void a_websocket_brings_events_as_they_came(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client = open_socket(rig, "/feed/ws");
    for (unsigned i = 1; i <= 3; i++)
        reads_event(client, i);
    assert_int_equal(rig_metric(rig, PL_AM_relay_readers), 1);
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_release(rig);
    reads_event(client, 4);
    assert_int_equal(rig_metric(rig, PL_AM_relay_pushed), 4);
    tls_close(&client);
    RIG_WAIT(rig_metric(rig, PL_AM_relay_readers) == 0);
    client = open_socket(rig, "/feed/ws?after=e2");
    reads_event(client, 3);
    tls_close(&client);
    rig_stop(&rig);
}

static void a_program_may_send_its_token_in_a_header(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client =
        get(rig, "/feed/ws",
            WS_UPGRADE READER "Sec-WebSocket-Protocol: cloudevents.json\r\n");
    assert_true(tls_read_until(client, WS_ACCEPT "\r\n"));
    assert_true(tls_read_until(client, "\r\n\r\n"));
    reads_event(client, 1);
    tls_close(&client);
    rig_stop(&rig);
}

static void a_long_event_arrives_whole(void **state)
{
    static ws_frame f;
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client = open_socket(rig, "/long/ws");
    ws_read_frame(client, &f);
    assert_int_equal(f.len, 262144);
    assert_int_equal(f.data[f.len - 1], '}');
    tls_close(&client);
    client = get(rig, "/long/events", READER "Accept: text/event-stream\r\n");
    assert_true(tls_read_until(client, "id: e1\ndata: {"));
    assert_true(tls_read_until(client, "}\n\n"));
    assert_int_equal(rig_metric(rig, PL_AM_streams_cut), 0);
    tls_close(&client);
    rig_stop(&rig);
}

static void upgrades_are_checked(void **state)
{
#define OFFER "Sec-WebSocket-Protocol: "
    static const struct {
        const char *target, *headers;
        int status;
    } ROWS[] = {
        {"/feed/ws", READER, 426},
        {"/feed/ws", WS_UPGRADE, 400},
        {"/feed/ws", WS_UPGRADE OFFER "bearer.reader\r\n", 400},
        {"/feed/ws", WS_UPGRADE OFFER "cloudevents.json\r\n", 401},
        {"/feed/ws", WS_UPGRADE OFFER "cloudevents.json, bearer.x\r\n", 401},
        {"/feed/ws",
         WS_UPGRADE OFFER "cloudevents.json, bearer.reader, bearer.x\r\n", 401},
        {"/feed/ws",
         WS_UPGRADE READER OFFER "cloudevents.json, bearer.reader\r\n", 401},
        {"/none/ws", WS_UPGRADE OFFER "cloudevents.json, bearer.reader\r\n",
         404},
        {"/feed/events", "", 401},
        {"/feed/events?wait=31", READER, 400},
        {"/feed/events?wait=x", READER, 400},
        {"/feed/events?after=%0a", READER, 400},
        {"/none/events", READER, 404},
    };
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        tls_client *client = get(rig, ROWS[i].target, ROWS[i].headers);
        assert_true(tls_read(client, false, &r));
        if (r.status != ROWS[i].status)
            print_error("row %zu\n", i);
        assert_int_equal(r.status, ROWS[i].status);
        assert_null(strstr(r.head, "reader"));
        tls_close(&client);
    }
    assert_int_equal(rig_metric(rig, PL_AM_relay_readers), 0);
    rig_stop(&rig);
}

static void says_why_it_ends(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client = open_socket(rig, "/taken/ws");
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_release(rig);
    assert_int_equal(ws_reads_close(client), 4001);
    tls_close(&client);
    client = open_socket(rig, "/over/ws");
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_release(rig);
    assert_int_equal(ws_reads_close(client), 4004);
    tls_close(&client);
    client = get(rig, "/taken/events", READER "Accept: text/event-stream\r\n");
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_release(rig);
    assert_true(tls_read_until(client, "event: closed\ndata: {\"code\":4001,"));
    tls_close(&client);
    client = open_socket(rig, "/over/ws");
    RIG_WAIT(rig_metric(rig, PL_AM_relay_readers) == 1);
    rig_drain(rig);
    assert_int_equal(ws_reads_close(client), 1001);
    tls_close(&client);
    RIG_WAIT(rig_is_drained(rig));
    rig_stop(&rig);
}

static void often(pl_api_config *config)
{
    config->relay_ping_ms = 100;
}

/* Time to answer in, also on a machine that stands still. */
static void now_and_then(pl_api_config *config)
{
    config->relay_ping_ms = 1500;
}

static void who_does_not_pong_is_cut(void **state)
{
    static ws_frame f;
    api_rig *rig = rig_start(often);
    (void)state;
    tls_client *silent = open_socket(rig, "/over/ws");
    RIG_WAIT(rig_metric(rig, PL_AM_streams_cut) == 1);
    tls_close(&silent);
    rig_stop(&rig);
    rig = rig_start(now_and_then);
    tls_client *client = open_socket(rig, "/over/ws");
    for (unsigned i = 0; i < 4; i++) {
        ws_read_frame(client, &f);
        assert_int_equal(f.opcode, WS_PING);
        ws_send_frame(client, WS_FIN | WS_PONG, f.data, f.len);
    }
    assert_int_equal(rig_metric(rig, PL_AM_streams_cut), 0);
    tls_close(&client);
    client = get(rig, "/over/events", READER "Accept: text/event-stream\r\n");
    assert_true(tls_read_until(client, "retry: 1000\n\n"));
    assert_true(tls_read_until(client, ":\n\n"));
    assert_true(tls_read_until(client, ":\n\n"));
    tls_close(&client);
    rig_stop(&rig);
}

static void server_sent_events_go_on_behind_the_last(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client =
        get(rig, "/feed/events",
            READER "Accept: text/event-stream\r\nOrigin: https://app.example"
                   "\r\nLast-Event-ID: e1\r\n");
    assert_true(tls_read_until(client, "Content-Type: text/event-stream\r\n"));
    assert_true(tls_read_until(client, "Access-Control-Allow-Origin: *\r\n"));
    assert_true(tls_read_until(client, "id: e2\ndata: {\"id\":   \"e2\"}\n\n"));
    assert_true(tls_read_until(client, "id: e3\n"));
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_linked(rig); /* roompool has forgotten who waited */
    RIG_WAIT(fake_relay_waiting() == 2);
    rig_release(rig);
    assert_true(tls_read_until(client, "id: e4\n"));
    tls_close(&client);
    rig_stop(&rig);
}

static void a_poll_brings_what_there_is(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply r;
    (void)state;
    rig_request(rig, "GET " CHANNELS "/feed/events", READER, NULL, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "[{\"id\":\r\n \"e1\"},{\"id\":\r\n \"e2\"},"
                                "{\"id\":\r\n \"e3\"}]");
    rig_request(rig, "GET " CHANNELS "/feed/events?after=e3&wait=0", READER,
                NULL, &r);
    assert_int_equal(r.status, 204);
    tls_client *client = get(rig, "/feed/events?after=e3", READER);
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_release(rig);
    assert_true(tls_read(client, false, &r));
    assert_string_equal(r.body, "[{\"id\":\r\n \"e4\"}]");
    tls_close(&client);
    client = get(rig, "/taken/events", READER);
    RIG_WAIT(fake_relay_waiting() == 1);
    rig_release(rig);
    assert_true(tls_read(client, false, &r));
    is_error(&r, 409, "CONFLICT");
    tls_close(&client);
    RIG_WAIT(rig_metric(rig, PL_AM_relay_readers) == 0);
    rig_stop(&rig);
}

/* ---- which APIs are served ---- */

static void alone(pl_api_config *config)
{
    (void)snprintf(config->apis, sizeof config->apis, "relay");
}

static void the_relay_may_be_alone(void **state)
{
    static const char *const OTHERS[] = {
        "GET /",
        "POST /oauth2/token",
        "POST /RTC/v1/sessions",
        "GET /room/all",
        "GET /assets/x.js",
        "OPTIONS /RTC/v1/sessions",
        "GET /oauth/authorize",
        "POST /webrtc-call-handling/v0.3/sessions",
        "GET /sessions/none/of/ours",
        "GET /video/v2/destinations",
        "GET /api/admin/status/v1/conference/",
        "GET /api/client/v2/status"};
    api_rig *rig = rig_start(alone);
    tls_reply r;
    (void)state;
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        rig_request(rig, OTHERS[i], "", NULL, &r);
        if (r.status != 404)
            print_error("%s\n", OTHERS[i]);
        assert_int_equal(r.status, 404);
    }
    rig_request(rig, "POST " SINK "open", SENDER EVENTS, EVENT, &r);
    assert_int_equal(r.status, 204);
    rig_request(rig, "OPTIONS " SINK "open", "Origin: https://a.example\r\n",
                NULL, &r);
    assert_int_equal(r.status, 204);
    assert_non_null(strstr(tls_header(&r, "Access-Control-Allow-Headers"),
                           "Last-Event-ID"));
    rig_request(rig, "GET /healthz", "", NULL, &r);
    assert_int_equal(r.status, 200);
    rig_request(rig, "GET /metrics", "", NULL, &r);
    assert_int_equal(r.status, 200);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_is_opened_read_extended_closed),
        cmocka_unit_test(a_relay_may_have_a_name_of_its_own),
        cmocka_unit_test(channels_are_for_who_may),
        cmocka_unit_test(bodies_of_channels_are_checked),
        cmocka_unit_test(an_event_is_taken_as_it_came),
        cmocka_unit_test(what_cannot_be_taken_is_refused),
        cmocka_unit_test(a_websocket_brings_events_as_they_came),
        cmocka_unit_test(a_program_may_send_its_token_in_a_header),
        cmocka_unit_test(a_long_event_arrives_whole),
        cmocka_unit_test(upgrades_are_checked),
        cmocka_unit_test(says_why_it_ends),
        cmocka_unit_test(who_does_not_pong_is_cut),
        cmocka_unit_test(server_sent_events_go_on_behind_the_last),
        cmocka_unit_test(a_poll_brings_what_there_is),
        cmocka_unit_test(the_relay_may_be_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
