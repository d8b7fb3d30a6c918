/* test_events.c - long polls and event streams. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

static void poll_on(api_rig *rig, tls_client *client, const char *session)
{
    static char text[10000];
    (void)snprintf(text, sizeof text,
                   "GET /sessions/%s/events HTTP/1.1\r\nHost: a\r\n"
                   "Authorization: Bearer %s\r\n\r\n",
                   session, rig_token(rig));
    assert_true(tls_send_text(client, text));
}

static void gives_one_event_and_acknowledges_it(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    poll_on(rig, client, "S-event");
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 200);
    assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
    assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"), "*");
    assert_non_null(strstr(reply.body, "\"state\":\"session-open\""));
    assert_non_null(strstr(reply.body, "\"connectionAddress\":\"192.0.2.9\""));
    RIG_WAIT(atomic_load(&rig_counts(rig)->acks) == 1);
    assert_int_equal(atomic_load(&rig_counts(rig)->last_ack), 7);
    tls_close(&client);
    rig_stop(&rig);
}

static void waits_and_then_gives(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    poll_on(rig, client, "S-late");
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 1);
    assert_int_equal(rig_metric(rig, PL_AM_polls), 1);
    assert_int_equal(atomic_load(&rig_counts(rig)->acks), 0);
    rig_release(rig);
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 200);
    RIG_WAIT(atomic_load(&rig_counts(rig)->acks) == 1);
    RIG_WAIT(rig_metric(rig, PL_AM_polls) == 0);
    tls_close(&client);
    rig_stop(&rig);
}

/* The next poll will tell. */
static void says_nothing_when_the_session_ends_meanwhile(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    poll_on(rig, client, "S-over");
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 1);
    rig_release(rig);
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 204);
    tls_close(&client);
    rig_stop(&rig);
}

static void says_nothing_by_204_and_refuses_by_the_table(void **state)
{
    static const struct {
        const char *session;
        int status;
    } ROWS[] = {{"S-none", 204}, {"S-403", 403}, {"S-unknown", 404}};
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        poll_on(rig, client, ROWS[i].session);
        assert_true(tls_read(client, false, &reply));
        assert_int_equal(reply.status, ROWS[i].status);
    }
    rig_request(rig, "GET /sessions/S-event/events", "", NULL, &reply);
    assert_int_equal(reply.status, 401);
    assert_non_null(strstr(reply.body, "POL0001"));
    tls_close(&client);
    rig_stop(&rig);
}

static void one_connection_serves_one_poll_after_another(void **state)
{
    static char text[10000];
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    (void)snprintf(text, sizeof text,
                   "GET /RTC/v1/sessions/S-none/events/ HTTP/1.1\r\nHost: a\r\n"
                   "Authorization: Bearer %s\r\n\r\n",
                   rig_token(rig));
    int64_t accepted = rig_metric(rig, PL_AM_accepted);
    for (unsigned i = 1; i <= 300; i++) {
        assert_true(tls_send_text(client, text));
        assert_true(tls_read(client, false, &reply));
        assert_int_equal(reply.status, 204);
        assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
        assert_int_equal(atomic_load(&rig_counts(rig)->polls), i);
    }
    assert_int_equal(rig_metric(rig, PL_AM_polls), 0);
    assert_int_equal(rig_metric(rig, PL_AM_accepted), accepted);
    tls_close(&client);
    rig_stop(&rig);
}

static void never_gives_an_event_to_head(void **state)
{
    static char line[9500];
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    (void)snprintf(line, sizeof line, "Authorization: Bearer %s\r\n",
                   rig_token(rig));
    rig_request(rig, "HEAD /sessions/S-event/events", line, NULL, &reply);
    assert_int_equal(reply.status, 405);
    assert_int_equal(atomic_load(&rig_counts(rig)->polls), 0);
    rig_stop(&rig);
}

static void forgets_the_poll_of_a_client_that_went(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    (void)state;
    poll_on(rig, client, "S-park");
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 1);
    tls_close(&client);
    RIG_WAIT(atomic_load(&rig_counts(rig)->cancels) == 1);
    RIG_WAIT(rig_metric(rig, PL_AM_polls) == 0);
    assert_int_equal(atomic_load(&rig_counts(rig)->acks), 0);
    rig_stop(&rig);
}

/* Poll until the system takes no more for a client that does not read. Returns
 * how many polls; the last one's event is still being written. */
static unsigned fill_up(api_rig *rig, tls_client *client)
{
    /* A system that is full still takes a little now and then. */
    enum { MANY = 400, PAUSES = 200 };
    const atomic_uint *acks = &rig_counts(rig)->acks;
    unsigned n = 0;
    while (n < MANY && atomic_load(acks) == n) {
        poll_on(rig, client, "S-long");
        n++;
        RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == n);
        for (unsigned i = 0; i < PAUSES && atomic_load(acks) < n &&
                             atomic_load(&rig_counts(rig)->last_cancels) == 0;
             i++)
            rig_pause();
    }
    return n;
}

static void takes_back_what_a_client_that_closed_did_not_get(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = tls_connect_narrow(rig_port(rig));
    (void)state;
    assert_non_null(client);
    unsigned n = fill_up(rig, client);
    tls_finish(client);
    RIG_WAIT(rig_metric(rig, PL_AM_connections) == 0);
    RIG_WAIT(atomic_load(&rig_counts(rig)->last_cancels) == 1);
    assert_int_equal(atomic_load(&rig_counts(rig)->acks), n - 1);
    assert_int_equal(rig_metric(rig, PL_AM_events_lost), 1);
    assert_int_equal(rig_metric(rig, PL_AM_polls), 0);
    tls_close(&client);
    rig_stop(&rig);
}

static void read_poll(api_rig *rig, tls_client *client, const char *session,
                      int status)
{
    tls_reply reply;
    poll_on(rig, client, session);
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, status);
}

/* A round counts when the client closed soon enough after the answer came. */
static void takes_back_what_arrived_but_was_not_read(void **state)
{
    enum { ROUNDS = 20 };
    api_rig *rig = rig_start(NULL);
    (void)state;
    unsigned acks = 0;
    for (unsigned i = 0; i < ROUNDS && acks == i; i++) {
        tls_client *client = rig_connect(rig);
        read_poll(rig, client, "S-none", 204); /* with it what TLS sends */
        poll_on(rig, client, "S-event");
        RIG_WAIT(tls_unread(client) > 0);
        tls_close(&client);
        RIG_WAIT(rig_metric(rig, PL_AM_connections) == 0);
        RIG_WAIT(atomic_load(&rig_counts(rig)->acks) +
                     atomic_load(&rig_counts(rig)->last_cancels) ==
                 i + 1);
        acks = atomic_load(&rig_counts(rig)->acks);
    }
    assert_int_equal(atomic_load(&rig_counts(rig)->last_cancels), 1);
    assert_int_equal(rig_metric(rig, PL_AM_events_lost), 1);
    assert_int_equal(rig_metric(rig, PL_AM_polls), 0);
    rig_stop(&rig);
}

static void does_not_take_back_what_was_read_before_the_end(void **state)
{
    enum { ROUNDS = 20 };
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (unsigned i = 1; i <= ROUNDS; i++) {
        tls_client *client = rig_connect(rig);
        read_poll(rig, client, "S-event", 200);
        if (i % 2 == 0)
            tls_finish(client);
        tls_close(&client);
        RIG_WAIT(atomic_load(&rig_counts(rig)->acks) == i);
    }
    RIG_WAIT(rig_metric(rig, PL_AM_connections) == 0);
    assert_int_equal(atomic_load(&rig_counts(rig)->last_cancels), 0);
    assert_int_equal(rig_metric(rig, PL_AM_events_lost), 0);
    rig_stop(&rig);
}

static void the_next_poll_acknowledges_before_it_asks(void **state)
{
    enum { ROUNDS = 100 };
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        read_poll(rig, client, "S-event", 200);
        assert_true(atomic_load(&rig_counts(rig)->acks) >= i);
    }
    tls_close(&client);
    RIG_WAIT(atomic_load(&rig_counts(rig)->acks) == ROUNDS);
    rig_stop(&rig);
}

static void acknowledges_to_a_client_that_wants_the_end(void **state)
{
    static char text[10000];
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    (void)snprintf(text, sizeof text,
                   "GET /sessions/S-event/events HTTP/1.1\r\nHost: a\r\n"
                   "Connection: close\r\nAuthorization: Bearer %s\r\n\r\n",
                   rig_token(rig));
    assert_true(tls_send_text(client, text));
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 200);
    assert_true(tls_is_closed(client));
    RIG_WAIT(atomic_load(&rig_counts(rig)->acks) == 1);
    tls_close(&client);
    rig_stop(&rig);
}

static void acknowledges_before_it_has_drained(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    (void)state;
    read_poll(rig, client, "S-event", 200);
    rig_drain(rig);
    assert_true(tls_is_closed(client));
    tls_close(&client);
    RIG_WAIT(rig_is_drained(rig));
    RIG_WAIT(atomic_load(&rig_counts(rig)->acks) == 1);
    assert_int_equal(rig_metric(rig, PL_AM_events_lost), 0);
    rig_stop(&rig);
}

static void write_shortly(pl_api_config *config)
{
    config->write_ms = 300;
}

static void cuts_a_client_that_does_not_read(void **state)
{
    api_rig *rig = rig_start(write_shortly);
    tls_client *client = tls_connect_narrow(rig_port(rig));
    (void)state;
    assert_non_null(client);
    unsigned n = fill_up(rig, client);
    RIG_WAIT(rig_metric(rig, PL_AM_connections) == 0);
    RIG_WAIT(atomic_load(&rig_counts(rig)->last_cancels) == 1);
    assert_int_equal(atomic_load(&rig_counts(rig)->acks), n - 1);
    tls_close(&client);
    rig_stop(&rig);
}

static void hold_shortly(pl_api_config *config)
{
    config->poll_ms = 1500;
    config->keepalive_ms = 100;
}

static void ends_a_poll_that_roompool_forgot(void **state)
{
    api_rig *rig = rig_start(hold_shortly);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    atomic_store(&rig_counts(rig)->is_deaf, true);
    poll_on(rig, client, "S-event");
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) >= 1);
    assert_true(tls_read(client, false, &reply)); /* never an error */
    assert_int_equal(reply.status, 204);
    tls_close(&client);
    rig_stop(&rig);
}

static void asks_again_after_a_new_link(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    atomic_store(&rig_counts(rig)->is_deaf, true);
    poll_on(rig, client, "S-event");
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 1);
    atomic_store(&rig_counts(rig)->is_deaf, false);
    rig_linked(rig);
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 200);
    tls_close(&client);
    rig_stop(&rig);
}

#define SECRET "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"
#define EVENTS "GET /api/client/v2/conferences/lobby/events?token="

static tls_client *open_stream(api_rig *rig, const char *participant)
{
    char text[512];
    tls_client *client = rig_connect(rig);
    (void)snprintf(text, sizeof text,
                   EVENTS SECRET "%s HTTP/1.1\r\nHost: a\r\n\r\n", participant);
    assert_true(tls_send_text(client, text));
    return client;
}

static void streams_the_opening_in_order_and_signs_of_life(void **state)
{
    static const char *const WANTED[] = {
        "HTTP/1.1 200 OK\r\n",
        "Content-Type: text/event-stream\r\n",
        "Cache-Control: no-store\r\n",
        "X-Accel-Buffering: no\r\n",
        "retry: 1000\n\n",
        "event: participant_sync_begin\ndata: null\n\n",
        "event: participant_create\ndata: {\"uuid\":\"p-1\"",
        "event: participant_sync_end\ndata: null\n\n",
        "event: conference_update\ndata: {",
        "event: layout\ndata: {\"view\":\"ac\",\"participants\":[]",
        "event: stage\ndata: []\n\n",
        "event: stage\ndata: [{\"participant_uuid\":\"p-1\"",
        ":\n\n",
        ":\n\n",
    };
    api_rig *rig = rig_start(hold_shortly);
    tls_client *client = open_stream(rig, "p-1");
    (void)state;
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++)
        assert_true(tls_read_until(client, WANTED[i]));
    rig_release(rig);
    assert_true(tls_read_until(client, "event: disconnect\ndata: "
                                       "{\"reason\":\"the end\"}\n\n"));
    assert_true(tls_read_until(client, "0\r\n\r\n"));
    assert_true(tls_is_closed(client));
    RIG_WAIT(rig_metric(rig, PL_AM_streams) == 0);
    tls_close(&client);
    rig_stop(&rig);
}

static void refuses_streams_of_unknown_tokens_in_json(void **state)
{
    static const char *const LINES[] = {
        EVENTS SECRET "x-1", EVENTS "short", EVENTS,
        "GET /api/client/v2/conferences/lobby/events"};
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        tls_reply reply;
        rig_request(rig, LINES[i], "", NULL, &reply);
        assert_int_equal(reply.status, 403);
        assert_string_equal(
            reply.body, "{\"status\":\"failed\",\"result\":\"Invalid token\"}");
    }
    rig_stop(&rig);
}

static void a_second_stream_replaces_the_first(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *first = open_stream(rig, "p-1");
    (void)state;
    assert_true(tls_read_until(first, "\"vad\""));
    RIG_WAIT(atomic_load(&rig_counts(rig)->polls) == 7);
    tls_client *second = open_stream(rig, "p-1");
    assert_true(tls_read_until(second, "\"vad\""));
    assert_true(tls_read_until(first, "0\r\n\r\n"));
    RIG_WAIT(rig_metric(rig, PL_AM_streams) == 1);
    tls_close(&second);
    RIG_WAIT(rig_metric(rig, PL_AM_streams) == 0);
    RIG_WAIT(atomic_load(&rig_counts(rig)->cancels) == 2);
    tls_close(&first);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_one_event_and_acknowledges_it),
        cmocka_unit_test(waits_and_then_gives),
        cmocka_unit_test(says_nothing_when_the_session_ends_meanwhile),
        cmocka_unit_test(says_nothing_by_204_and_refuses_by_the_table),
        cmocka_unit_test(one_connection_serves_one_poll_after_another),
        cmocka_unit_test(never_gives_an_event_to_head),
        cmocka_unit_test(forgets_the_poll_of_a_client_that_went),
        cmocka_unit_test(takes_back_what_a_client_that_closed_did_not_get),
        cmocka_unit_test(takes_back_what_arrived_but_was_not_read),
        cmocka_unit_test(does_not_take_back_what_was_read_before_the_end),
        cmocka_unit_test(the_next_poll_acknowledges_before_it_asks),
        cmocka_unit_test(acknowledges_to_a_client_that_wants_the_end),
        cmocka_unit_test(acknowledges_before_it_has_drained),
        cmocka_unit_test(cuts_a_client_that_does_not_read),
        cmocka_unit_test(ends_a_poll_that_roompool_forgot),
        cmocka_unit_test(asks_again_after_a_new_link),
        cmocka_unit_test(streams_the_opening_in_order_and_signs_of_life),
        cmocka_unit_test(refuses_streams_of_unknown_tokens_in_json),
        cmocka_unit_test(a_second_stream_replaces_the_first),
    };
    return cmocka_run_group_tests_name("api events", tests, NULL, NULL);
}
