/* test_http.c - the server under bad, slow and many clients. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

/* Send raw bytes on a new connection; expect a refusal in JSON and the end of
 * the connection. */
static void refuses(api_rig *rig, const char *text, size_t len, int status)
{
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    assert_true(tls_send(client, text, len));
    assert_true(tls_read(client, false, &reply));
    if (reply.status != status)
        print_error("%s\n-> %s\n", text, reply.head);
    assert_int_equal(reply.status, status);
    assert_string_equal(tls_header(&reply, "Content-Type"), "application/json");
    assert_string_equal(tls_header(&reply, "Connection"), "close");
    assert_int_equal(reply.body[0], '{');
    assert_true(tls_is_closed(client));
    tls_close(&client);
}

static void refuses_smuggling(void **state)
{
    static const char *const TEXTS[] = {
        "POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        "Content-Length: 50\r\n\r\nabcdGET /healthz HTTP/1.1\r\nHost: "
        "a\r\n\r\n",
        "POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST /sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n"
        "Content-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
        "POST /sessions HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 99999999999999999999\r\n\r\n",
        "POST /sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        "\r\n0x5\r\nhello\r\n0\r\n\r\n",
        "POST /sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        "\r\nFFFFFFFFFFFFFFFFF\r\n",
        "POST /sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n"
        "\r\n",
        "GET /healthz HTTP/1.1\nHost: a\n\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nx: y\r\n z\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /heal thz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET https://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n",
    };
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        refuses(rig, TEXTS[i], strlen(TEXTS[i]), 400);
    static const char NUL[] = "GET / HTTP/1.1\r\nHost: a\r\nx: a\0b\r\n\r\n";
    refuses(rig, NUL, sizeof NUL - 1, 400);
    assert_int_equal(rig_metric(rig, PL_AM_gate_refused),
                     sizeof TEXTS / sizeof TEXTS[0] + 1);
    rig_stop(&rig);
}

static void bounds_what_is_sent(void **state)
{
    api_rig *rig = rig_start(NULL);
    static char text[40000];
    (void)state;
    (void)snprintf(text, sizeof text, "GET /%5000d HTTP/1.1\r\nHost: a\r\n\r\n",
                   0);
    for (char *c = text + 5; *c == ' '; c++)
        *c = 'x';
    refuses(rig, text, strlen(text), 414);
    (void)snprintf(text, sizeof text,
                   "GET / HTTP/1.1\r\nHost: a\r\nx: %20000d\r\n\r\n", 0);
    refuses(rig, text, strlen(text), 431);
    (void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 110; i++)
        (void)snprintf(text + strlen(text), 16, "h%d: v\r\n", i);
    (void)snprintf(text + strlen(text), 16, "\r\n");
    refuses(rig, text, strlen(text), 431);
    static const char LONG[] = "POST /sessions HTTP/1.1\r\nHost: a\r\n"
                               "Content-Length: 262145\r\n\r\n";
    refuses(rig, LONG, sizeof LONG - 1, 413);
    static const char CHUNK[] = "POST /sessions HTTP/1.1\r\nHost: a\r\n"
                                "Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n";
    refuses(rig, CHUNK, sizeof CHUNK - 1, 413);
    static const char BREW[] = "BREW / HTTP/1.1\r\nHost: a\r\n\r\n";
    refuses(rig, BREW, sizeof BREW - 1, 501);
    rig_stop(&rig);
}

/* A client of an API looks for that API's errors, and some fall over others. */
static void refuses_heads_in_the_form_of_their_path(void **state)
{
    static const struct {
        const char *text, *want;
        int status;
    } ROWS[] = {
        {"PUT /RTC/v1/sessions/S HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\n"
         "Authorization: y\r\n\r\n",
         "{\"RequestError\":{\"ServiceException\":{\"MessageId\":\"SVC0003\",",
         400},
        {"BREW /sessions HTTP/1.1\r\nHost: a\r\n\r\n",
         "{\"RequestError\":{\"Exception\":{\"Text\":", 501},
        {"GET /room/all HTTP/1.1\r\nHost: a\r\nx: y\r\n z\r\n\r\n",
         "{\"detail\":", 400},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\nx: y\r\n z\r\n\r\n",
         "{\"error\":", 400},
        {"GET /RTC/v1/sess ions HTTP/1.1\r\nHost: a\r\n\r\n",
         "{\"error\":", 400}, /* no path */
    };
    api_rig *rig = rig_start(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        tls_client *client = rig_connect(rig);
        tls_reply reply;
        assert_true(tls_send(client, ROWS[i].text, strlen(ROWS[i].text)));
        assert_true(tls_read(client, false, &reply));
        assert_int_equal(reply.status, ROWS[i].status);
        assert_ptr_equal(strstr(reply.body, ROWS[i].want), reply.body);
        assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"),
                            "*");
        tls_close(&client);
    }
    rig_stop(&rig);
}

static void answers_every_method_in_json(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    rig_request(rig, "TRACE /healthz", "", NULL, &reply);
    assert_int_equal(reply.status, 405);
    rig_request(rig, "CONNECT a:443", "", NULL, &reply);
    assert_int_equal(reply.status, 405);
    rig_request(rig, "DELETE /healthz", "", NULL, &reply);
    assert_int_equal(reply.status, 405);
    assert_string_equal(tls_header(&reply, "Allow"), "OPTIONS, GET, HEAD");
    assert_string_equal(reply.body, "{\"error\":{\"status\":405,\"text\":"
                                    "\"Method not allowed\"}}");
    rig_request(rig, "GET /RTC/v1/nothing", "", NULL, &reply);
    assert_int_equal(reply.status, 400); /* 404: the session is gone */
    assert_non_null(strstr(reply.body, "RequestError"));
    assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"), "*");
    rig_request(rig, "GET /api/client/v2/nothing", "", NULL, &reply);
    assert_int_equal(reply.status, 404);
    assert_non_null(strstr(reply.body, "\"status\":\"failed\""));
    rig_request(rig, "HEAD /healthz", "", NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(tls_header(&reply, "Content-Length"), "18");
    rig_request(rig, "OPTIONS /RTC/v1/sessions/x/events",
                "Origin: https://page\r\n", NULL, &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(tls_header(&reply, "Access-Control-Allow-Origin"), "*");
    assert_non_null(strstr(tls_header(&reply, "Access-Control-Allow-Headers"),
                           "x-conference-action"));
    assert_string_equal(tls_header(&reply, "Access-Control-Expose-Headers"),
                        "Location, x-expires, x-state, x-modId, x-correlator");
    rig_request(rig, "OPTIONS *", "", NULL, &reply);
    assert_int_equal(reply.status, 204);
    rig_stop(&rig);
}

static void keeps_connections_and_takes_pipelined_requests(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    assert_true(tls_send_text(
        client, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
                "POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                "\r\n{}GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(tls_read(client, false, &reply));
    assert_non_null(strstr(reply.body, "alive"));
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 401);
    assert_true(tls_read(client, false, &reply));
    assert_non_null(strstr(reply.body, "ready"));
    assert_true(tls_send_text(client, "GET /healthz HTTP/1.1\r\nHost: a\r\n"
                                      "Connection: close\r\n\r\n"));
    assert_true(tls_read(client, false, &reply));
    assert_string_equal(tls_header(&reply, "Connection"), "close");
    assert_true(tls_is_closed(client));
    tls_close(&client);
    rig_stop(&rig);
}

static void reads_chunked_bodies_byte_by_byte(void **state)
{
    static const char TEXT[] =
        "POST /api/client/v2/conferences/lobby/request_token HTTP/1.1\r\n"
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "10\r\n{\"display_name\":\r\n6\r\n\"Ann\"}\r\n0\r\n\r\n";
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    for (size_t i = 0; i < sizeof TEXT - 1; i++)
        assert_true(tls_send(client, TEXT + i, 1));
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"display_name\":\"Ann\""));
    tls_close(&client);
    rig_stop(&rig);
}

static void asks_for_the_body_when_expected_to(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    assert_true(tls_send_text(
        client, "POST /api/client/v2/conferences/lobby/request_token HTTP/1.1"
                "\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 22\r\n"
                "\r\n"));
    assert_true(tls_read_until(client, "HTTP/1.1 100 Continue\r\n\r\n"));
    assert_true(tls_send_text(client, "{\"display_name\":\"Ann\"}"));
    assert_true(tls_read(client, false, &reply));
    assert_int_equal(reply.status, 200);
    tls_close(&client);
    rig_stop(&rig);
}

static void be_impatient(pl_api_config *config)
{
    config->head_ms = 2500;
    config->body_ms = 2500;
    config->idle_ms = 2500;
}

static void cuts_slow_clients_by_absolute_deadlines(void **state)
{
    api_rig *rig = rig_start(be_impatient);
    tls_reply reply;
    (void)state;
    tls_client *idle = rig_connect(rig);
    assert_true(
        tls_send_text(idle, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(tls_read(idle, false, &reply));
    assert_int_equal(reply.status, 200);
    tls_client *body = rig_connect(rig);
    assert_true(tls_send_text(body, "POST /sessions HTTP/1.1\r\nHost: a\r\n"
                                    "Content-Length: 100\r\n\r\n"));
    tls_client *silent = rig_connect(rig);
    tls_client *head = rig_connect(rig);
    assert_true(tls_send_text(head, "GET /healthz HTTP/1.1\r\nHost: a\r\n"));
    for (int i = 0; i < 1000 && rig_metric(rig, PL_AM_deadline_head) < 2; i++) {
        (void)tls_send_text(head, "x: y\r\n"); /* a drip does not help */
        rig_pause();
    }
    assert_true(tls_read(head, false, &reply));
    assert_int_equal(reply.status, 408);
    assert_true(tls_is_closed(head));
    tls_close(&head);
    assert_true(tls_is_closed(silent));
    tls_close(&silent);
    assert_true(tls_read(body, false, &reply));
    assert_int_equal(reply.status, 408);
    tls_close(&body);
    assert_true(tls_is_closed(idle));
    tls_close(&idle);
    assert_int_equal(rig_metric(rig, PL_AM_deadline_head), 2);
    assert_int_equal(rig_metric(rig, PL_AM_deadline_body), 1);
    assert_int_equal(rig_metric(rig, PL_AM_deadline_idle), 1);
    rig_stop(&rig);
}

static void allow_five(pl_api_config *config)
{
    config->max_per_address = 5;
}

static void caps_connections_of_one_address(void **state)
{
    api_rig *rig = rig_start(allow_five);
    tls_client *clients[5];
    (void)state;
    for (size_t i = 0; i < 5; i++)
        clients[i] = rig_connect(rig);
    assert_null(tls_connect(rig_port(rig), NULL, 0));
    assert_int_equal(rig_metric(rig, PL_AM_turned_away), 1);
    tls_close(&clients[0]);
    RIG_WAIT(rig_metric(rig, PL_AM_connections) == 4);
    clients[0] = rig_connect(rig);
    for (size_t i = 0; i < 5; i++)
        tls_close(&clients[i]);
    rig_stop(&rig);
}

static void allow_ten(pl_api_config *config)
{
    config->max_connections = 10;
}

static void sheds_who_is_idle_longest(void **state)
{
    api_rig *rig = rig_start(allow_ten);
    tls_client *clients[9];
    tls_reply reply;
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        clients[i] = rig_connect(rig);
        assert_true(tls_send_text(clients[i],
                                  "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_true(tls_read(clients[i], false, &reply));
    }
    RIG_WAIT(rig_metric(rig, PL_AM_shed) >= 1);
    assert_true(tls_is_closed(clients[0]));
    for (size_t i = 0; i < 9; i++)
        tls_close(&clients[i]);
    rig_stop(&rig);
}

static void speaks_modern_tls_and_http_1_only(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    assert_null(tls_connect(rig_port(rig), NULL, TLS1_1_VERSION));
    assert_null(tls_connect(rig_port(rig), "h2", 0));
    tls_client *client = tls_connect(rig_port(rig), NULL, TLS1_2_VERSION);
    assert_non_null(client);
    tls_close(&client);
    rig_stop(&rig);
}

enum { LONG = 1 << 19, PIECE = 32768 };

static void describe_at_length(pl_api_config *config)
{
    static char piece[PIECE];
    FILE *file = fopen(config->openapi, "w");
    assert_non_null(file);
    memset(piece, ' ', sizeof piece);
    for (size_t n = 0; n < LONG; n += sizeof piece)
        assert_int_equal(fwrite(piece, 1, sizeof piece, file), sizeof piece);
    assert_int_equal(fclose(file), 0);
    config->write_ms = 5000; /* longer than it is waited for below */
}

/* Ask until the system takes no more for a client that does not read: the last
 * answer but one is still being written. */
static void ask_at_length(api_rig *rig, tls_client *client)
{
    enum { MANY = 100, PAUSES = 250 };
    unsigned n = 0;
    for (; n < MANY && rig_metric(rig, PL_AM_requests) == n; n++) {
        assert_true(tls_send_text(
            client, "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"));
        for (unsigned i = 0; i < PAUSES && rig_metric(rig, PL_AM_requests) == n;
             i++)
            rig_pause();
    }
}

static void who_asks_and_reads_no_more_is_cut(void **state)
{
    api_rig *rig = rig_start(describe_at_length);
    tls_client *client = tls_connect_narrow(rig_port(rig));
    (void)state;
    assert_non_null(client);
    ask_at_length(rig, client);
    tls_finish(client);
    RIG_WAIT(rig_metric(rig, PL_AM_write_stalled) == 1);
    RIG_WAIT(rig_metric(rig, PL_AM_connections) == 0);
    tls_close(&client);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_smuggling),
        cmocka_unit_test(bounds_what_is_sent),
        cmocka_unit_test(refuses_heads_in_the_form_of_their_path),
        cmocka_unit_test(answers_every_method_in_json),
        cmocka_unit_test(keeps_connections_and_takes_pipelined_requests),
        cmocka_unit_test(reads_chunked_bodies_byte_by_byte),
        cmocka_unit_test(asks_for_the_body_when_expected_to),
        cmocka_unit_test(cuts_slow_clients_by_absolute_deadlines),
        cmocka_unit_test(caps_connections_of_one_address),
        cmocka_unit_test(sheds_who_is_idle_longest),
        cmocka_unit_test(speaks_modern_tls_and_http_1_only),
        cmocka_unit_test(who_asks_and_reads_no_more_is_cut),
    };
    return cmocka_run_group_tests_name("api http", tests, NULL, NULL);
}
