/* test_channel.c - a session's events by WebSocket and by server-sent events,
 * and the tickets that open them. */
#include "api_rig.h"
#include "ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a client ---- */

static const char *bearer(api_rig *rig)
{
    static char line[9500];
    (void)snprintf(line, sizeof line, "Authorization: Bearer %s\r\n",
                   rig_token(rig));
    return line;
}

/* Ask for a ticket; the path and query that it opens. */
static const char *ticket(api_rig *rig, const char *session)
{
    static char target[512];
    char line[128];
    tls_reply reply;
    (void)snprintf(line, sizeof line, "POST /sessions/%s/websockets", session);
    rig_request(rig, line, bearer(rig), NULL, &reply);
    assert_int_equal(reply.status, 201);
    const char *location = tls_header(&reply, "Location");
    assert_memory_equal(location, "wss://a/sessions/", 17);
    assert_non_null(strstr(reply.body, "\"expiresIn\":30"));
    assert_non_null(strstr(reply.body, "/events?ticket="));
    (void)snprintf(target, sizeof target, "%s", location + 7);
    return target;
}

static tls_client *send_request(api_rig *rig, const char *target,
                                const char *headers)
{
    static char text[12000];
    tls_client *client = rig_connect(rig);
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n",
                   target, headers);
    assert_true(tls_send_text(client, text));
    return client;
}

static tls_client *open_socket(api_rig *rig, const char *session)
{
    tls_client *client = send_request(rig, ticket(rig, session), WS_UPGRADE);
    assert_true(tls_read_until(client, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(
        tls_read_until(client, "Sec-WebSocket-Accept: " WS_ACCEPT "\r\n"));
    assert_true(tls_read_until(client, "\r\n"));
    return client;
}

static void reads_event(tls_client *client, unsigned cursor)
{
    static ws_frame f;
    char begin[64];
    ws_read_frame(client, &f);
    assert_int_equal(f.opcode, WS_TEXT);
    (void)snprintf(begin, sizeof begin,
                   "{\"cursor\":%u,\"events\":{\"eventList\":[", cursor);
    assert_memory_equal(f.data, begin, strlen(begin));
    assert_non_null(strstr(f.data, "\"state\":\"session-open\""));
}

/* ---- WebSocket ---- */

static void a_ticket_opens_one_websocket(void **state)
{
    char target[512];
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    (void)snprintf(target, sizeof target, "%s", ticket(rig, "S-feed"));
    tls_client *client = send_request(rig, target, WS_UPGRADE);
    assert_true(tls_read_until(client, WS_ACCEPT "\r\n"));
    assert_true(tls_read_until(client, "\r\n"));
    for (unsigned i = 1; i <= 3; i++)
        reads_event(client, i);
    RIG_WAIT(atomic_load(&rig_counts(rig)->last_ack) == 3);
    assert_int_equal(rig_metric(rig, PL_AM_session_streams), 1);
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 4);
    rig_release(rig);
    reads_event(client, 4);
    RIG_WAIT(atomic_load(&rig_counts(rig)->last_ack) == 4);

    tls_client *again = send_request(rig, target, WS_UPGRADE);
    assert_true(tls_read(again, false, &reply));
    assert_int_equal(reply.status, 401);
    assert_int_equal(rig_metric(rig, PL_AM_streams_refused), 1);
    tls_close(&again);

    tls_close(&client);
    RIG_WAIT(rig_metric(rig, PL_AM_session_streams) == 0);
    RIG_WAIT(atomic_load(&rig_counts(rig)->cancels) == 1);
    rig_stop(&rig);
}

static void a_program_may_send_its_token_and_a_cursor(void **state)
{
    static char headers[10000];
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(headers, sizeof headers, WS_UPGRADE "%s", bearer(rig));
    tls_client *client = send_request(
        rig, "/RTC/v1/sessions/S-feed/websockets?cursor=2", headers);
    assert_true(tls_read_until(client, WS_ACCEPT "\r\n"));
    assert_true(tls_read_until(client, "\r\n"));
    reads_event(client, 3);
    tls_close(&client);
    rig_stop(&rig);
}

static void answers_pings_and_ignores_what_a_client_says(void **state)
{
    static ws_frame f;
    api_rig *rig = rig_start(NULL);
    tls_client *client = open_socket(rig, "S-taken");
    (void)state;
    ws_send_frame(client, WS_FIN | WS_TEXT, "hello", 5);
    ws_send_frame(client, WS_TEXT, "frag",
                  4); /* in three, with a ping between */
    ws_send_frame(client, 0, "men", 3);
    ws_send_frame(client, WS_FIN | WS_PING, "are you there", 13);
    ws_send_frame(client, WS_FIN, "ted", 3);
    ws_read_frame(client, &f);
    assert_int_equal(f.opcode, WS_PONG);
    assert_string_equal(f.data, "are you there");
    ws_send_frame(client, WS_FIN | WS_CLOSE,
                  "\x03\xe8"
                  "bye",
                  5);
    assert_int_equal(ws_reads_close(client), 1000);
    assert_true(tls_is_closed(client));
    RIG_WAIT(rig_metric(rig, PL_AM_session_streams) == 0);
    assert_int_equal(rig_metric(rig, PL_AM_streams_cut), 0);
    tls_close(&client);
    rig_stop(&rig);
}

static void closes_on_every_violation(void **state)
{
    static char big[5000];
    static const struct {
        unsigned first;
        const char *data;
        size_t len;
        unsigned code;
    } ROWS[] = {
        {WS_FIN | 0x40 | WS_TEXT, "x", 1, 1002},   /* reserved bit */
        {WS_FIN | 3, "x", 1, 1002},                /* opcode nobody knows */
        {WS_FIN, "x", 1, 1002},                    /* goes on with nothing */
        {WS_PING, "x", 1, 1005},                   /* control in pieces */
        {WS_FIN | WS_PING, big, 126, 1005},        /* long control */
        {WS_FIN | WS_TEXT, "\xff\xfe", 2, 1007},   /* not UTF-8 */
        {WS_FIN | WS_TEXT, big, sizeof big, 1009}, /* long frame */
        {WS_FIN | WS_CLOSE, "\x03", 1, 1005},      /* half a code */
        {WS_FIN | WS_CLOSE, "\x03\xed", 2, 1002},  /* 1005 is never sent */
    };
    api_rig *rig = rig_start(NULL);
    (void)state;
    memset(big, 'a', sizeof big);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        tls_client *client = open_socket(rig, "S-taken");
        ws_send_frame(client, ROWS[i].first, ROWS[i].data, ROWS[i].len);
        unsigned code = ws_reads_close(client);
        if (code != ROWS[i].code)
            print_error("row %zu\n", i);
        assert_int_equal(code, ROWS[i].code);
        assert_true(tls_is_closed(client));
        tls_close(&client);
    }
    /* And without a mask. */
    tls_client *client = open_socket(rig, "S-taken");
    assert_true(tls_send(client, "\x81\x01x", 3));
    assert_int_equal(ws_reads_close(client), 1002);
    tls_close(&client);
    RIG_WAIT(rig_metric(rig, PL_AM_session_streams) == 0);
    rig_stop(&rig);
}

static void a_client_that_says_too_much_is_cut(void **state)
{
    static char text[4000];
    api_rig *rig = rig_start(NULL);
    tls_client *client = open_socket(rig, "S-taken");
    (void)state;
    memset(text, 'a', sizeof text);
    for (unsigned i = 0; i < 17; i++)
        ws_send_frame(client, WS_FIN | WS_TEXT, text, sizeof text);
    assert_int_equal(ws_reads_close(client), 1008);
    RIG_WAIT(rig_metric(rig, PL_AM_streams_cut) == 1);
    tls_close(&client);
    rig_stop(&rig);
}

static void often(pl_api_config *config)
{
    config->keepalive_ms = 100;
}

/* Time to answer in, also on a machine that stands still. */
static void now_and_then(pl_api_config *config)
{
    config->keepalive_ms = 1500;
}

static void a_silent_client_is_cut_and_one_that_pongs_is_not(void **state)
{
    static ws_frame f;
    api_rig *rig = rig_start(often);
    tls_client *silent = open_socket(rig, "S-taken");
    (void)state;
    RIG_WAIT(rig_metric(rig, PL_AM_streams_cut) == 1);
    tls_close(&silent);
    rig_stop(&rig);
    rig = rig_start(now_and_then);
    tls_client *client = open_socket(rig, "S-taken");
    for (unsigned i = 0; i < 4; i++) {
        ws_read_frame(client, &f);
        assert_int_equal(f.opcode, WS_PING);
        ws_send_frame(client, WS_FIN | WS_PONG, f.data, f.len);
    }
    assert_int_equal(rig_metric(rig, PL_AM_streams_cut), 0);
    tls_close(&client);
    rig_stop(&rig);
}

static void says_why_it_ends(void **state)
{
    static const struct {
        const char *session;
        unsigned code;
    } ROWS[] = {{"S-taken", 4009}, {"S-over", 4004}};
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        atomic_store(&rig_counts(rig)->polls, 0);
        tls_client *ended = open_socket(rig, ROWS[i].session);
        RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 2);
        rig_release(rig);
        assert_int_equal(ws_reads_close(ended), ROWS[i].code);
        tls_close(&ended);
    }
    tls_client *client = open_socket(rig, "S-taken");
    rig_drain(rig);
    assert_int_equal(ws_reads_close(client), 1001);
    tls_close(&client);
    RIG_WAIT(rig_is_drained(rig));
    rig_stop(&rig);
}

static void short_tokens(pl_api_config *config)
{
    config->token_s = 4;
}

static void ends_with_its_token(void **state)
{
    api_rig *rig = rig_start(short_tokens);
    tls_client *client = open_socket(rig, "S-taken");
    (void)state;
    assert_int_equal(ws_reads_close(client), 4001);
    tls_close(&client);
    rig_stop(&rig);
}

static void goes_on_after_a_new_link(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = open_socket(rig, "S-taken");
    (void)state;
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 2);
    rig_linked(rig);
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 3);
    tls_close(&client);
    rig_stop(&rig);
}

static void one_origin(pl_api_config *config)
{
    (void)snprintf(config->cors_origins, sizeof config->cors_origins,
                   "https://app.example");
}

static int status_of(api_rig *rig, const char *target, const char *headers)
{
    tls_reply reply;
    tls_client *client = send_request(rig, target, headers);
    assert_true(tls_read(client, false, &reply));
    tls_close(&client);
    return reply.status;
}

static void refuses_handshakes_by_the_rules(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } ROWS[] = {
        {"", 426},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " WS_KEY "\r\n",
         426},
        {"Upgrade: h2c\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " WS_KEY "\r\n",
         426},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n",
         400},
        {WS_UPGRADE "Sec-WebSocket-Key: " WS_KEY "\r\n", 400},
        {WS_UPGRADE "Content-Length: 0\r\nOrigin: https://evil.example\r\n",
         403},
        {WS_UPGRADE "Origin: https://app.example\r\n",
         401}, /* no such ticket */
    };
    api_rig *rig = rig_start(one_origin);
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int status = status_of(rig, "/sessions/S-feed/websockets?ticket=x",
                               ROWS[i].headers);
        assert_int_equal(status, ROWS[i].status);
    }
    assert_int_equal(rig_metric(rig, PL_AM_streams_refused), 7);
    assert_int_equal(status_of(rig, "/sessions/S-feed/websockets", WS_UPGRADE),
                     401);
    rig_stop(&rig);
}

static void a_ticket_is_for_its_session_alone(void **state)
{
    char target[600];
    api_rig *rig = rig_start(NULL);
    const char *opened = ticket(rig, "S-feed");
    (void)state;
    (void)snprintf(target, sizeof target, "/sessions/S-taken/websockets%s",
                   strchr(opened, '?'));
    assert_int_equal(status_of(rig, target, WS_UPGRADE), 401);
    /* And for streams: a poll wants the token. */
    (void)snprintf(target, sizeof target, "/sessions/S-feed/events%s",
                   strchr(opened, '?'));
    assert_int_equal(status_of(rig, target, ""), 401);
    rig_stop(&rig);
}

static void one_each(pl_api_config *config)
{
    config->max_streams_per_address = 1;
}

static void an_address_has_its_share_of_streams(void **state)
{
    api_rig *rig = rig_start(one_each);
    tls_client *client = open_socket(rig, "S-taken");
    (void)state;
    assert_int_equal(status_of(rig, ticket(rig, "S-feed"), WS_UPGRADE), 403);
    assert_int_equal(rig_metric(rig, PL_AM_streams_refused), 1);
    tls_close(&client);
    RIG_WAIT(rig_metric(rig, PL_AM_session_streams) == 0);
    client = open_socket(rig, "S-taken");
    tls_close(&client);
    rig_stop(&rig);
}

/* ---- server-sent events ---- */

static tls_client *open_events(api_rig *rig, const char *target,
                               const char *more)
{
    static char headers[10000];
    (void)snprintf(headers, sizeof headers, "Accept: text/event-stream\r\n%s%s",
                   more, strchr(target, '?') ? "" : bearer(rig));
    return send_request(rig, target, headers);
}

static void streams_events_with_their_ids(void **state)
{
    static const char *const WANTED[] = {
        "HTTP/1.1 200 OK\r\n",
        "Content-Type: text/event-stream\r\n",
        "Cache-Control: no-store\r\n",
        "retry: 1000\n\n",
        "id: 1\ndata: {\"cursor\":1,\"events\":{\"eventList\":[{",
        "\n\n",
        "id: 2\ndata: {",
        "id: 3\ndata: {",
        ":\n\n",
    };
    api_rig *rig = rig_start(often);
    tls_client *client = open_events(rig, "/sessions/S-feed/events", "");
    (void)state;
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++)
        assert_true(tls_read_until(client, WANTED[i]));
    RIG_WAIT(atomic_load(&rig_counts(rig)->last_ack) == 3);
    rig_drain(rig);
    assert_true(tls_read_until(client, "0\r\n\r\n"));
    tls_close(&client);
    rig_stop(&rig);
}

static void resumes_behind_the_last_event_id(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    tls_client *client = open_events(rig, "/RTC/v1/sessions/S-feed/events",
                                     "Last-Event-ID: 2\r\n");
    assert_true(tls_read_until(client, "retry: 1000\n\n"));
    assert_true(tls_read_until(client, "id: 3\n"));
    assert_null(strstr(tls_pending(client), "id: 1\n"));
    tls_close(&client);
    rig_stop(&rig);
}

static void an_event_source_brings_a_ticket(void **state)
{
    char target[600];
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(target, sizeof target, "/sessions/S-feed/events%s&cursor=2",
                   strchr(ticket(rig, "S-feed"), '?'));
    tls_client *client = open_events(rig, target, "");
    assert_true(tls_read_until(client, "id: 3\n"));
    tls_close(&client);
    rig_stop(&rig);
}

static void refuses_streams_by_the_table(void **state)
{
    static const struct {
        const char *target;
        int status;
    } ROWS[] = {{"/sessions/S-unknown/events", 404},
                {"/sessions/S-403/events", 403},
                {"/sessions/S-feed/events?cursor=x", 400},
                {"/sessions/S-feed/events?cursor=-1", 400}};
    static char headers[10000];
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(headers, sizeof headers, "Accept: text/event-stream\r\n%s",
                   bearer(rig));
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        assert_int_equal(status_of(rig, ROWS[i].target, headers),
                         ROWS[i].status);
    rig_set_ready(rig, false);
    assert_int_equal(status_of(rig, "/sessions/S-feed/events", headers), 503);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_opens_one_websocket),
        cmocka_unit_test(a_program_may_send_its_token_and_a_cursor),
        cmocka_unit_test(answers_pings_and_ignores_what_a_client_says),
        cmocka_unit_test(closes_on_every_violation),
        cmocka_unit_test(a_client_that_says_too_much_is_cut),
        cmocka_unit_test(a_silent_client_is_cut_and_one_that_pongs_is_not),
        cmocka_unit_test(says_why_it_ends),
        cmocka_unit_test(ends_with_its_token),
        cmocka_unit_test(goes_on_after_a_new_link),
        cmocka_unit_test(refuses_handshakes_by_the_rules),
        cmocka_unit_test(a_ticket_is_for_its_session_alone),
        cmocka_unit_test(an_address_has_its_share_of_streams),
        cmocka_unit_test(streams_events_with_their_ids),
        cmocka_unit_test(resumes_behind_the_last_event_id),
        cmocka_unit_test(an_event_source_brings_a_ticket),
        cmocka_unit_test(refuses_streams_by_the_table),
    };
    return cmocka_run_group_tests_name("api channel", tests, NULL, NULL);
}
