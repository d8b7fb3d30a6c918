/* test_client_api.c - envelopes, prompts and types of the client API. */
#include "call_rig.h"

#include "client_api.h"

#define P          "/api/client/v2/conferences/lobby"
#define POST(path) "POST " P path " HTTP/1.1\r\nHost: a\r\n"

static void joins_with_name_and_pin(void **state)
{
    call_rig rig;
    pl_room_joined r = {.participant_id = "p9",
                        .conf_id = "c",
                        .room_name = "lobby",
                        .role = PL_PART_ROLE_HOST,
                        .expires_s = 120,
                        .display_name = "Ann"};
    (void)state;
    rig_begin(&rig, POST("/request_token") "pin: 1234#\r\n\r\n",
              "{\"display_name\":\"Ann\",\"call_tag\":\"x\",\"pin\":\"9\"}");
    assert_int_equal(rig.e, PL_OK);
    const pl_room_join *m = &rig.call.message.room_join;
    assert_string_equal(m->alias, "lobby");
    assert_string_equal(m->display_name, "Ann");
    assert_string_equal(m->pin, "1234"); /* header first, '#' cut */
    assert_string_equal(m->source, "192.0.2.1");
    rig_finish(&rig, PL_OK, &PL_MSG_ROOM_JOINED, &r);
    assert_int_equal(rig.answer.status, 200);
    const char *body = pl_buf_text(&rig.answer.body);
    assert_non_null(strstr(body, "{\"status\":\"success\",\"result\":{"));
    assert_non_null(strstr(body, "\"token\":\"" RIG_SECRET "p9\""));
    assert_non_null(strstr(body, "\"expires\":\"120\""));
    assert_non_null(strstr(body, "\"role\":\"HOST\""));
    assert_null(strstr(body, "\"stun\""));
    rig_end(&rig);
}

static void asks_for_the_pin_with_success_and_an_object(void **state)
{
    call_rig rig;
    pl_error error = {.code = PL_EPIN_REQUIRED};
    (void)state;
    rig_begin(&rig, POST("/request_token") "\r\n", "{\"display_name\":\"A\"}");
    assert_false(
        PL_MSG_HAS(ROOM_JOIN, room_join, &rig.call.message.room_join, pin));
    rig_finish(&rig, PL_EPIN_REQUIRED, &PL_MSG_ERROR, &error);
    assert_int_equal(rig.answer.status, 403);
    assert_string_equal(
        pl_buf_text(&rig.answer.body),
        "{\"status\":\"success\",\"result\":{\"pin\":\"required\",\"guest_pin\""
        ":\"required\",\"version\":{\"version_id\":\"36\",\"pseudo_version\":"
        "\"79000.0.0\"}}}");
    rig_end(&rig);
}

/* Where who has no PIN may come in as guest, the prompt says so. */
static void offers_to_join_as_guest(void **state)
{
    call_rig rig;
    pl_error error = {.code = PL_EPIN_REQUIRED, .text = "guest_pin=none"};
    (void)state;
    rig_begin(&rig, POST("/request_token") "\r\n", "{\"display_name\":\"A\"}");
    rig_finish(&rig, PL_EPIN_REQUIRED, &PL_MSG_ERROR, &error);
    assert_int_equal(rig.answer.status, 403);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body),
                           "{\"pin\":\"required\",\"guest_pin\":\"none\","));
    rig_end(&rig);
}

/* What the header or the body says is what roompool is asked; "none" is the
 * word for a box that was left empty. */
static void takes_the_pin_from_header_or_body(void **state)
{
    static const struct {
        const char *header, *body, *pin;
    } ROWS[] = {
        {"pin: 1234\r\n\r\n", "{\"display_name\":\"A\"}", "1234"},
        {"pin: none\r\n\r\n", "{\"display_name\":\"A\"}", "none"},
        {"\r\n", "{\"display_name\":\"A\",\"pin\":\"77#\"}", "77"},
        {"\r\n", "{\"display_name\":\"A\",\"pin\":\"\"}", ""},
        {"\r\n", "{\"display_name\":\"A\",\"pin\":null}", ""},
        {"pin: #\r\n\r\n", "{\"display_name\":\"A\"}", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        char text[256];
        (void)snprintf(text, sizeof text, "%s%s", POST("/request_token"),
                       ROWS[i].header);
        rig_begin(&rig, text, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        assert_string_equal(rig.call.message.room_join.pin, ROWS[i].pin);
        rig_end(&rig);
    }
}

static void gives_every_key_that_clients_ask_for(void **state)
{
    static const struct {
        const char *text;
    } ROWS[] = {{"\"current_service_type\":\"waiting_room\""},
                {"\"service_type\":\"conference\""},
                {"\"role\":\"GUEST\""},
                {"\"version\":{\"version_id\":\"36\",\"pseudo_version\":"
                 "\"79000.0.0\"}"},
                {"\"conference_name\":\"lobby\""},
                {"\"service_name\":\"lobby\""},
                {"\"call_tag\":\"desk 5\""},
                {"\"chat_enabled\":true"},
                {"\"guests_can_present\":false"},
                {"\"direct_media\":false"},
                {"\"trickle_ice_enabled\":true"},
                {"\"bandwidth_in\":1264"},
                {"\"bandwidth_out\":1264"},
                {"\"idp_uuid\":\"\""},
                {"\"stun\":[{\"url\":\"stun:s.example.org\"}]"},
                {"\"turn\":[{\"urls\":[\"turn:t.example.org\"],\"username\":"
                 "\"1043200:p9\",\"credential\":\""}};
    call_rig rig;
    pl_turn turn = {.stun_urls = "stun:s.example.org",
                    .turn_urls = "turn:t.example.org",
                    .secret = pl_slice_str("north"),
                    .ttl_s = 43200};
    pl_room_joined r = {.participant_id = "p9",
                        .conf_id = "c",
                        .room_name = "lobby",
                        .role = PL_PART_ROLE_GUEST,
                        .expires_s = 120,
                        .waiting = true,
                        .display_name = "Ann"};
    (void)state;
    rig_begin(
        &rig, POST("/request_token") "\r\n",
        "{\"display_name\":\"Ann\",\"call_tag\":\"desk 5\",\"direct_media\""
        ":true,\"node\":\"x\",\"chosen_idp\":\"none\",\"sso_token\":"
        "\"none\"}");
    rig.call.turn = &turn;
    rig.call.wall_ms = 1000000000;
    rig_finish(&rig, PL_OK, &PL_MSG_ROOM_JOINED, &r);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (!strstr(pl_buf_text(&rig.answer.body), ROWS[i].text))
            print_error("%s\n", ROWS[i].text);
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), ROWS[i].text));
    }
    rig_end(&rig);
}

static void refuses_joins_with_the_texts_that_clients_know(void **state)
{
    static const struct {
        pl_err e;
        int status;
        const char *text;
    } ROWS[] = {
        {PL_ENOENT, 404, "Neither conference nor gateway found"},
        {PL_EPIN_INVALID, 403, "Invalid PIN"},
        {PL_EFULL, 403, "Participant limit reached"},
        {PL_EBUSY, 403, "Participant exceeded PIN entry retries"},
        {PL_EUNAVAILABLE, 503, "Out of resource"},
        {PL_EAGAIN, 503, "Out of resource"},
        {PL_ETIMEOUT, 503, "System in maintenance mode"},
        {PL_EDRAIN, 503, "System in maintenance mode"},
        {PL_EINTERNAL, 500, "Internal error"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        char want[128];
        rig_begin(&rig, POST("/request_token") "\r\n",
                  "{\"display_name\":\"A\"}");
        rig_finish(&rig, ROWS[i].e, NULL, NULL);
        (void)snprintf(want, sizeof want,
                       "{\"status\":\"failed\",\"result\":\"%s\"}",
                       ROWS[i].text);
        assert_int_equal(rig.answer.status, ROWS[i].status);
        assert_string_equal(pl_buf_text(&rig.answer.body), want);
        rig_end(&rig);
    }
}

static void refuses_joins_without_name_or_json(void **state)
{
    static const char *const BODIES[] = {"{}", "{\"display_name\":5}", "[]",
                                         "x", NULL};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        call_rig rig;
        rig_begin(&rig, POST("/request_token") "\r\n", BODIES[i]);
        assert_true(rig.e == PL_EINVAL || rig.e == PL_EPROTO);
        pl_client_fail(&rig.call, rig.e, NULL, &rig.answer);
        assert_int_equal(rig.answer.status, 400);
        rig_end(&rig);
    }
}

static void cuts_long_names_between_characters(void **state)
{
    call_rig rig;
    char body[600] = "{\"display_name\":\"x";
    (void)state;
    for (int i = 0; i < 100; i++)
        (void)snprintf(body + strlen(body), sizeof body - strlen(body),
                       "\xc3\xa4");
    (void)snprintf(body + strlen(body), sizeof body - strlen(body), "\"}");
    rig_begin(&rig, POST("/request_token") "\r\n", body);
    assert_int_equal(rig.e, PL_OK);
    assert_int_equal(strlen(rig.call.message.room_join.display_name), 127);
    rig_end(&rig);
}

static void negotiates_only_for_the_own_seat(void **state)
{
    call_rig rig;
    pl_participant_media_done r = {.call_id = "k1",
                                   .sdp = pl_slice_str("v=0\r\n")};
    (void)state;
    rig_begin(&rig, POST("/participants/p1/calls") "\r\n",
              "{\"call_type\":\"WEBRTC\",\"sdp\":\"v=0\\r\\no=x\"}");
    assert_int_equal(rig.e, PL_OK);
    assert_true(
        pl_slice_eq_str(rig.call.message.participant_media.sdp, "v=0\r\no=x"));
    rig_finish(&rig, PL_OK, &PL_MSG_PARTICIPANT_MEDIA_DONE, &r);
    assert_string_equal(pl_buf_text(&rig.answer.body),
                        "{\"status\":\"success\",\"result\":{\"call_uuid\":"
                        "\"k1\",\"sdp\":\"v=0\\r\\n\"}}");
    rig_end(&rig);
    rig_begin(&rig, POST("/participants/p2/calls") "\r\n", "{\"sdp\":\"v=0\"}");
    assert_int_equal(rig.e, PL_EFORBIDDEN);
    rig_end(&rig);
    rig_begin(&rig, POST("/participants/p1/calls/k1/update") "\r\n",
              "{\"sdp\":\"v=0\"}");
    assert_string_equal(rig.call.message.participant_media.call_id, "k1");
    rig_end(&rig);
    rig_begin(&rig, POST("/participants/p1/calls") "\r\n", "{\"sdp\":\"\"}");
    assert_int_equal(rig.e, PL_EINVAL);
    rig_end(&rig);
}

static void gives_the_exact_result_types(void **state)
{
    static const struct {
        const char *request, *body, *result;
    } ROWS[] = {
        {POST("/participants/p1/calls/k/ack") "\r\n", NULL, "true"},
        {POST("/participants/p1/calls/k/disconnect") "\r\n", "{}", "null"},
        {POST("/participants/p1/calls/k/new_candidate") "\r\n",
         "{\"candidate\":\"\",\"mid\":\"0\"}", "null"},
        {POST("/participants/p2/mute") "\r\n", "{}", "true"},
        {POST("/participants/p2/unmute") "\r\n", "{}", "true"},
        {POST("/participants/p2/disconnect") "\r\n", NULL, "true"},
        {POST("/participants/p1/client_mute") "\r\n", NULL, "true"},
        {POST("/release_token") "\r\n", "{\"reason\":\"bye\"}", "true"},
        {POST("/release_token") "Content-Type: text/plain\r\n\r\n", "beacon",
         "true"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        char want[64];
        pl_ok ok = {.status = 0};
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, &ok);
        (void)snprintf(want, sizeof want,
                       "{\"status\":\"success\",\"result\":%s}",
                       ROWS[i].result);
        assert_int_equal(rig.answer.status, 200);
        assert_string_equal(pl_buf_text(&rig.answer.body), want);
        rig_end(&rig);
    }
}

static void tells_unknown_targets_from_lost_tokens(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/participants/p2/mute") "\r\n", NULL);
    rig_finish(&rig, PL_ENOENT, NULL, NULL);
    assert_int_equal(rig.answer.status, 404);
    pl_answer_reset(&rig.answer);
    rig_finish(&rig, PL_EFORBIDDEN, NULL, NULL);
    assert_int_equal(rig.answer.status, 403);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body), "Invalid role"));
    pl_answer_reset(&rig.answer);
    rig_finish(&rig, PL_EAUTH, NULL, NULL);
    assert_int_equal(rig.answer.status, 403);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body), "Invalid token"));
    rig_end(&rig);
}

static void releasing_twice_is_harmless(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/release_token") "\r\n", NULL);
    rig_finish(&rig, PL_EGONE, NULL, NULL);
    assert_int_equal(rig.answer.status, 200);
    rig_end(&rig);
}

static void splits_seat_tokens_strictly(void **state)
{
    pl_slice secret;
    pl_slice id;
    (void)state;
    assert_int_equal(pl_seat_split(pl_slice_str(RIG_SECRET "p1"), &secret, &id),
                     PL_OK);
    assert_int_equal(secret.len, PL_SEAT_SECRET_TEXT);
    assert_true(pl_slice_eq_str(id, "p1"));
    assert_int_equal(pl_seat_split(pl_slice_str(RIG_SECRET), &secret, &id),
                     PL_EAUTH);
    assert_int_equal(pl_seat_split(pl_slice_str(RIG_SECRET "p%"), &secret, &id),
                     PL_EAUTH);
    assert_int_equal(pl_seat_split(pl_slice_str(""), &secret, &id), PL_EAUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_with_name_and_pin),
        cmocka_unit_test(asks_for_the_pin_with_success_and_an_object),
        cmocka_unit_test(offers_to_join_as_guest),
        cmocka_unit_test(takes_the_pin_from_header_or_body),
        cmocka_unit_test(gives_every_key_that_clients_ask_for),
        cmocka_unit_test(refuses_joins_with_the_texts_that_clients_know),
        cmocka_unit_test(refuses_joins_without_name_or_json),
        cmocka_unit_test(cuts_long_names_between_characters),
        cmocka_unit_test(negotiates_only_for_the_own_seat),
        cmocka_unit_test(gives_the_exact_result_types),
        cmocka_unit_test(tells_unknown_targets_from_lost_tokens),
        cmocka_unit_test(releasing_twice_is_harmless),
        cmocka_unit_test(splits_seat_tokens_strictly),
    };
    return cmocka_run_group_tests_name("client_api", tests, NULL, NULL);
}
