/* test_client.c - hosts and guests in a room, through the whole front end. */
#include "api_rig.h"

#include <stdio.h>
#include <string.h>

#define P      "/api/client/v2/conferences/lobby"
#define SECRET "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"
#define TOKEN  "token: " SECRET "p-1\r\n"
#define GUEST  "token: " SECRET "p-guest\r\n"

#define SUCCESS(result) "{\"status\":\"success\",\"result\":" result "}"
#define FAILED(text)    "{\"status\":\"failed\",\"result\":\"" text "\"}"

static void check(api_rig *rig, const char *line, const char *headers,
                  const char *body, int status, const char *want)
{
    tls_reply reply;
    rig_request(rig, line, headers, body, &reply);
    assert_int_equal(reply.status, status);
    if (status != 204)
        assert_string_equal(tls_header(&reply, "Content-Type"),
                            "application/json");
    assert_string_equal(reply.body, want);
}

static void a_host_rules_the_room(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    check(rig, "POST " P "/lock", TOKEN, "{}", 200, SUCCESS("true"));
    check(rig, "POST " P "/muteguests", TOKEN, NULL, 200, SUCCESS("true"));
    check(rig, "POST " P "/set_guests_can_unmute", TOKEN, "{\"setting\":false}",
          200, SUCCESS("true"));
    check(rig, "POST " P "/transform_layout", TOKEN,
          "{\"transforms\":{\"layout\":\"ac\"}}", 200, SUCCESS("true"));
    assert_int_equal(atomic_load(&rig_counts(rig)->rooms), 4);
    check(rig, "POST " P "/lock", GUEST, "{}", 403, FAILED("Invalid role"));
    check(rig, "POST " P "/participants/p-2/unlock", TOKEN, "{}", 200,
          SUCCESS("true"));
    check(rig, "POST " P "/participants/p-none/unlock", TOKEN, "{}", 404,
          FAILED("Participant not found"));
    check(rig, "POST " P "/participants/p-1/take_floor", TOKEN, "{}", 403,
          FAILED("Not supported here"));
    check(rig, "POST " P "/message", TOKEN, "{\"payload\":\"hi\"}", 200,
          SUCCESS("true"));
    assert_int_equal(atomic_load(&rig_counts(rig)->messages), 1);
    check(rig, "POST " P "/dial", TOKEN,
          "{\"destination\":\"sip:bob@example.com\",\"role\":\"GUEST\"}", 200,
          SUCCESS("[\"p-9\"]"));
    check(rig, "POST " P "/dial", TOKEN,
          "{\"destination\":\"nobody@example.com\"}", 403,
          FAILED("Gateway dial out failed"));
    rig_stop(&rig);
}

static void who_is_transferred_joins_by_its_token(void **state)
{
    char body[256];
    tls_reply reply;
    api_rig *rig = rig_start(NULL);
    (void)state;
    check(rig, "POST " P "/participants/p-2/transfer", TOKEN,
          "{\"conference_alias\":\"pin\",\"role\":\"host\"}", 200,
          SUCCESS("true"));
    /* The token is what a refer event of that transfer would hold. */
    assert_int_equal(atomic_load(&rig_counts(rig)->transfers), 1);
    (void)snprintf(body, sizeof body,
                   "{\"display_name\":\"Bob\",\"token\":\"%s\"}",
                   rig_counts(rig)->transfer);
    rig_request(rig, "POST /api/client/v2/conferences/pin/request_token", "",
                body, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"role\":\"HOST\""));
    rig_request(rig, "POST /api/client/v2/conferences/pin/request_token", "",
                body, &reply);
    assert_int_equal(reply.status, 403); /* good once: now the PIN is asked */
    assert_non_null(strstr(reply.body, "\"pin\":\"required\""));
    rig_stop(&rig);
}

static void reads_state_roster_and_layouts(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    rig_request(rig, "GET " P "/conference_status", TOKEN, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"result\":{\"locked\":true,"));
    rig_request(rig, "GET " P "/participants", TOKEN, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"result\":[{\"uuid\":\"p-1\""));
    assert_non_null(strstr(reply.body, "},{\"uuid\":\"p-2\""));
    assert_non_null(strstr(reply.body, "},{\"uuid\":\"p-3\""));
    assert_string_equal(reply.body + strlen(reply.body) - 3, "}]}");
    check(rig, "GET " P "/available_layouts", TOKEN, NULL, 200,
          SUCCESS("[\"1:0\",\"1:7\",\"4:0\",\"5:7\"]"));
    check(rig, "GET " P "/theme/", "", NULL, 204, "");
    check(rig, "GET " P "/participants/p-1/avatar.jpg?token=" SECRET "p-1", "",
          NULL, 404, FAILED("No image available"));
    check(rig, "GET " P "/participants", "token: x\r\n", NULL, 403,
          FAILED("Invalid token"));
    rig_stop(&rig);
}

static void the_stream_tells_chat_refer_and_loss(void **state)
{
    /* The first message of all is not its reader's own. */
    static const char MESSAGE[] =
        "{\"origin\":\"Bob\",\"uuid\":\"p-2\",\"type\":\"text/plain\","
        "\"payload\":\"hi\",\"direct\":false}\n\n";
    static const char *const WANTED[] = {
        "event: refer\ndata: {\"alias\":\"annex\",\"token\":\"TTTT",
        "event: refresh_token\ndata: null\n\n",
        ("event: call_disconnected\ndata: {\"call_uuid\":\"call-1\","
         "\"reason\":\"Ice failure\"}\n\n"),
    };
    char got[sizeof MESSAGE] = "";
    api_rig *rig = rig_start(NULL);
    tls_client *client = rig_connect(rig);
    (void)state;
    assert_true(tls_send_text(client, "GET " P "/events?token=" SECRET
                                      "p-chat HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(tls_read_until(client, "event: message_received\ndata: "));
    assert_true(tls_read_bytes(client, got, strlen(MESSAGE)));
    assert_string_equal(got, MESSAGE);
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++)
        assert_true(tls_read_until(client, WANTED[i]));
    tls_close(&client);
    rig_stop(&rig);
}

static void leaves_by_a_beacon_and_twice(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    check(rig, "POST " P "/release_token?token=" SECRET "p-1",
          "Content-Type: text/plain;charset=UTF-8\r\n", "bye", 200,
          SUCCESS("true"));
    check(rig, "POST " P "/release_token", TOKEN, "{\"reason\":\"User left\"}",
          200, SUCCESS("true"));
    check(rig, "POST " P "/release_token", TOKEN, NULL, 200, SUCCESS("true"));
    check(rig, "POST " P "/release_token", "", NULL, 403,
          FAILED("Invalid token"));
    rig_stop(&rig);
}

static void allow_one_origin(pl_api_config *config)
{
    (void)snprintf(config->cors_origins, sizeof config->cors_origins,
                   "https://app.example https://other.example");
}

#define ORIGIN "Origin: https://app.example\r\n"

static void answers_pages_of_other_origins(void **state)
{
    static const char ALLOWED[] = "Access-Control-Allow-Origin";
    api_rig *rig = rig_start(allow_one_origin);
    tls_client *client = rig_connect(rig);
    tls_reply reply;
    (void)state;
    rig_request(rig, "OPTIONS " P "/request_token",
                ORIGIN "Access-Control-Request-Method: POST\r\n"
                       "Access-Control-Request-Headers: pin, content-type\r\n",
                NULL, &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(tls_header(&reply, ALLOWED), "https://app.example");
    assert_string_equal(tls_header(&reply, "Vary"), "Origin");
    const char *headers = tls_header(&reply, "Access-Control-Allow-Headers");
    assert_non_null(strstr(headers, "token, pin"));
    assert_non_null(strstr(headers, "Content-Type"));
    const char *methods = tls_header(&reply, "Access-Control-Allow-Methods");
    assert_non_null(strstr(methods, "GET, POST"));
    assert_non_null(strstr(methods, "OPTIONS"));
    rig_request(rig, "POST " P "/lock", TOKEN ORIGIN, "{}", &reply);
    assert_string_equal(tls_header(&reply, ALLOWED), "https://app.example");
    rig_request(rig, "POST " P "/lock", ORIGIN, "{}", &reply); /* refused */
    assert_int_equal(reply.status, 403);
    assert_string_equal(tls_header(&reply, ALLOWED), "https://app.example");
    rig_request(rig, "POST " P "/lock",
                TOKEN "Origin: https://evil.example\r\n", "{}", &reply);
    assert_string_equal(tls_header(&reply, ALLOWED), "");
    assert_true(tls_send_text(client,
                              "GET " P "/events?token=" SECRET
                              "p-1 HTTP/1.1\r\nHost: a\r\n" ORIGIN "\r\n"));
    assert_true(tls_read_until(
        client, "Access-Control-Allow-Origin: https://app.example\r\n"));
    tls_close(&client);
    rig_stop(&rig);
}

static void says_when_it_takes_no_requests(void **state)
{
    api_rig *rig = rig_start(NULL);
    (void)state;
    check(rig, "GET /api/client/v2/status", "", NULL, 200, SUCCESS("\"OK\""));
    rig_set_ready(rig, false);
    check(rig, "GET /api/client/v2/status", "", NULL, 503,
          FAILED("Maintenance mode"));
    check(rig, "GET " P "/participants", TOKEN, NULL, 503,
          FAILED("System in maintenance mode"));
    rig_stop(&rig);
}

static void name_turn_servers(pl_api_config *config)
{
    (void)snprintf(config->turn_urls, sizeof config->turn_urls,
                   "turn:turn.example.org:3478");
    FILE *f = fopen(config->turn_secret_file, "w");
    assert_non_null(f);
    (void)fputs("north\n", f);
    assert_int_equal(fclose(f), 0);
}

static void gives_turn_credentials(void **state)
{
    api_rig *rig = rig_start(name_turn_servers);
    tls_reply reply;
    (void)state;
    rig_request(rig, "POST " P "/request_token", "", "{\"display_name\":\"A\"}",
                &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"turn\":[{\"urls\":[\"turn:turn."
                                       "example.org:3478\"],\"username\":\""));
    assert_non_null(strstr(reply.body, ":p-1\",\"credential\":\""));
    assert_null(strstr(reply.body, "\"stun\""));
    assert_null(strstr(reply.body, "north"));
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_rules_the_room),
        cmocka_unit_test(who_is_transferred_joins_by_its_token),
        cmocka_unit_test(reads_state_roster_and_layouts),
        cmocka_unit_test(the_stream_tells_chat_refer_and_loss),
        cmocka_unit_test(leaves_by_a_beacon_and_twice),
        cmocka_unit_test(answers_pages_of_other_origins),
        cmocka_unit_test(says_when_it_takes_no_requests),
        cmocka_unit_test(gives_turn_credentials),
    };
    return cmocka_run_group_tests_name("api client", tests, NULL, NULL);
}
