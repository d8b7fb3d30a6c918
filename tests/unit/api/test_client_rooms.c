/* test_client_rooms.c - what hosts and guests ask of a room: the message that
 * each request becomes, and the exact type of its answer. */
#include "call_rig.h"

#include "client_api.h"

#define P          "/api/client/v2/conferences/lobby"
#define POST(path) "POST " P path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET(path)  "GET " P path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void answer_ok(call_rig *rig)
{
    pl_ok ok = {.status = 0};
    rig_finish(rig, PL_OK, &PL_MSG_OK_REPLY, &ok);
}

static void check_body(const call_rig *rig, int status, const char *want)
{
    assert_int_equal(rig->answer.status, status);
    assert_string_equal(pl_buf_text(&rig->answer.body), want);
}

#define SUCCESS(result) "{\"status\":\"success\",\"result\":" result "}"
#define FAILED(text)    "{\"status\":\"failed\",\"result\":\"" text "\"}"

/* How many optional fields a message carries. */
static unsigned count_optional(const pl_msg_desc *d, const void *m)
{
    unsigned n = 0;
    for (size_t i = 0; i < d->n_fields; i++)
        n += d->fields[i].presence == PL_OPT &&
             pl_msg_has(d, m, d->fields[i].offset);
    return n;
}

#define SEAT(path, field, value)                                               \
    {                                                                          \
        POST("/participants/p2/" path), &PL_MSG_PARTICIPANT_CONTROL,           \
            offsetof(pl_participant_control, field), value                     \
    }
#define ROOM(path, field, value)                                               \
    {                                                                          \
        POST("/" path), &PL_MSG_CONFERENCE_CONTROL,                            \
            offsetof(pl_conference_control, field), value                      \
    }

static void flags_become_one_field_each(void **state)
{
    static const struct {
        const char *request;
        const pl_msg_desc *desc;
        size_t offset;
        bool value;
    } ROWS[] = {
        SEAT("mute", muted, true),
        SEAT("unmute", muted, false),
        SEAT("client_mute", client_muted, true),
        SEAT("client_unmute", client_muted, false),
        SEAT("video_muted", video_muted, true),
        SEAT("video_unmuted", video_muted, false),
        SEAT("spotlighton", spotlight, true),
        SEAT("spotlightoff", spotlight, false),
        SEAT("unlock", admit, true),
        SEAT("buzz", buzz, true),
        SEAT("clearbuzz", buzz, false),
        SEAT("disconnect", disconnect, true),
        SEAT("allowrxpresentation", rx_presentation, true),
        SEAT("denyrxpresentation", rx_presentation, false),
        ROOM("lock", locked, true),
        ROOM("unlock", locked, false),
        ROOM("muteguests", guests_muted, true),
        ROOM("unmuteguests", guests_muted, false),
        ROOM("start_conference", start, true),
        ROOM("disconnect", disconnect_all, true),
        ROOM("clearallbuzz", clear_buzz, true),
        ROOM("clearspotlights", clear_spotlights, true),
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i].request, "{}");
        assert_int_equal(rig.e, PL_OK);
        assert_ptr_equal(rig.call.desc, ROWS[i].desc);
        const uint8_t *m = (const uint8_t *)&rig.call.message;
        assert_int_equal(count_optional(rig.call.desc, m), 1);
        assert_true(pl_msg_has(ROWS[i].desc, m, ROWS[i].offset));
        assert_int_equal(*(const bool *)(m + ROWS[i].offset), ROWS[i].value);
        const pl_participant_control *c = &rig.call.message.participant_control;
        assert_string_equal(c->participant_id, "p1"); /* first in both */
        if (ROWS[i].desc == &PL_MSG_PARTICIPANT_CONTROL)
            assert_string_equal(c->target_id, "p2");
        answer_ok(&rig);
        check_body(&rig, 200, SUCCESS("true"));
        rig_end(&rig);
    }
}

static void every_result_has_its_type(void **state)
{
    static const struct {
        const char *request, *body;
        int status;
        const char *want;
    } ROWS[] = {
        {POST("/set_guests_can_unmute"), "{\"setting\":false}", 200,
         SUCCESS("true")},
        {POST("/transform_layout"), "{\"transforms\":{\"layout\":\"1:7\"}}",
         200, SUCCESS("true")},
        {POST("/message"), "{\"type\":\"text/plain\",\"payload\":\"hi\"}", 200,
         SUCCESS("true")},
        {POST("/participants/p2/message"), "{\"payload\":\"hi\"}", 200,
         SUCCESS("true")},
        {POST("/participants/p2/role"), "{\"role\":\"chair\"}", 200,
         SUCCESS("true")},
        {POST("/participants/p2/transfer"), "{\"conference_alias\":\"annex\"}",
         200, SUCCESS("true")},
        {POST("/participants/p2/overlaytext"), "{\"text\":\"Ann\"}", 200,
         SUCCESS("true")},
        {POST("/participants/p2/dtmf"), "{\"digits\":\"1#,a\"}", 200,
         SUCCESS("true")},
        {POST("/start_recording"), "{\"stems\":true}", 200, SUCCESS("true")},
        {POST("/stop_recording"), NULL, 200, SUCCESS("true")},
        {POST("/play"), "{\"prompt\":\"welcome\",\"loop\":true}", 200,
         SUCCESS("true")},
        {POST("/stop_playing"), "{}", 200, SUCCESS("true")},
        {POST("/participants/p2/play"), "{\"prompt\":\"welcome\"}", 200,
         SUCCESS("true")},
        {POST("/participants/p2/stop_playing"), NULL, 200, SUCCESS("true")},
        {POST("/participants/p1/preferred_aspect_ratio"),
         "{\"aspect_ratio\":1.7}", 200, SUCCESS("true")},
        {POST("/participants/p1/notify_not_afk"), NULL, 200, SUCCESS("true")},
        {POST("/participants/p1/release_floor"), "{}", 200, SUCCESS("null")},
        {POST("/participants/p1/hide_live_captions"), NULL, 200,
         SUCCESS("null")},
        {POST("/participants/p1/take_floor"), "{}", 403,
         FAILED("Not supported here")},
        {POST("/participants/p1/show_live_captions"), "{}", 403,
         FAILED("Not supported here")},
        {POST("/participants/p1/pres_in_mix"), "{\"state\":true}", 403,
         FAILED("Not supported here")},
        {POST("/participants/p2/fecc"), "{\"action\":\"stop\"}", 403,
         FAILED("Not supported here")},
        {POST("/participants/p1/calls/k/fecc"), "{\"action\":\"stop\"}", 403,
         FAILED("Not supported here")},
        {POST("/participants/p1/calls/k/statistics"), "{\"audio\":{}}", 200,
         SUCCESS("null")},
        {POST("/participants/p1/calls/k/dtmf"), "{\"digits\":\"12*\"}", 200,
         SUCCESS("true")},
        {POST("/participants/p1/calls/k/ack"),
         "{\"sdp\":\"offer_ignored\",\"offer_ignored\":true}", 200,
         SUCCESS("true")},
        {GET("/available_layouts?annotate=false"), NULL, 200,
         SUCCESS("[\"1:0\",\"1:7\",\"4:0\",\"5:7\"]")},
        {GET("/layout_svgs"), NULL, 200, SUCCESS("{}")},
        {GET("/available_layouts"), NULL, 200,
         SUCCESS("[\"1:0\",\"1:7\",\"4:0\",\"5:7\"]")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        if (rig.e)
            print_error("%s\n", ROWS[i].request);
        assert_int_equal(rig.e, PL_OK);
        answer_ok(&rig);
        check_body(&rig, ROWS[i].status, ROWS[i].want);
        rig_end(&rig);
    }
}

static void local_answers(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *want;
    } ROWS[] = {
        {GET("/theme/"), 204, ""},
        {GET("/participants/p2/avatar.jpg?token=x"), 404,
         FAILED("No image available")},
        {GET("/presentation.jpeg"), 404, FAILED("No image available")},
        {"GET /api/client/v2/status HTTP/1.1\r\nHost: a\r\n\r\n", 503,
         FAILED("Maintenance mode")},
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        rig_begin(&rig, ROWS[i].request, NULL);
        assert_int_equal(rig.e, PL_OK);
        assert_null(rig.call.desc);
        check_body(&rig, ROWS[i].status, ROWS[i].want);
        rig_end(&rig);
    }
    rig_begin(&rig, ROWS[3].request, NULL);
    pl_answer_reset(&rig.answer);
    rig.call.is_ready = true;
    assert_int_equal(PL_OP_NODE_STATUS.prepare(&rig.call, &rig.answer), PL_OK);
    check_body(&rig, 200, SUCCESS("\"OK\""));
    rig_end(&rig);
}

static void annotates_layouts(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, GET("/available_layouts?annotate=true"), NULL);
    answer_ok(&rig);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body),
                           "[{\"name\":\"1:0\",\"tags\":[]},"));
    rig_end(&rig);
}

/* Requests that are wrong by themselves. */
static void refuses_wrong_values(void **state)
{
    static const struct {
        const char *request, *body;
        pl_err e;
        int status;
        const char *text;
    } ROWS[] = {
        {POST("/set_guests_can_unmute"), "{\"setting\":\"yes\"}", PL_EINVAL,
         400, "Invalid parameter"},
        {POST("/set_guests_can_unmute"), NULL, PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/transform_layout"), "{}", PL_EINVAL, 400, "Illegal value"},
        {POST("/transform_layout"), "{\"transforms\":{\"layout\":\"3:3\"}}",
         PL_EINVAL, 400, "Illegal value"},
        {POST("/transform_layout"), "{\"transforms\":{\"host_layout\":7}}",
         PL_EINVAL, 400, "Illegal value"},
        {POST("/transform_layout"),
         "{\"transforms\":{\"enable_overlay_text\":1}}", PL_EINVAL, 400,
         "Illegal value"},
        {POST("/transform_layout"),
         "{\"transforms\":{\"streaming_indicator\":\"x\"}}", PL_EINVAL, 400,
         "Illegal value"},
        {POST("/message"), "{\"type\":\"text/html\",\"payload\":\"x\"}",
         PL_EINVAL, 400, "Invalid parameter"},
        {POST("/message"), "{\"type\":\"text/plain\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/message"), "{\"type\":3,\"payload\":\"x\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/dial"), "{\"role\":\"GUEST\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/dial"), "{\"destination\":\"\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/dial"), "{\"destination\":\"a@b\",\"role\":\"KING\"}",
         PL_EINVAL, 400, "Invalid parameter"},
        {POST("/dial"), "{\"destination\":\"a@b\",\"protocol\":\"rtmp\"}",
         PL_EUNSUPPORTED, 403, "Gateway dial out failed"},
        {POST("/dial"), "{\"destination\":\"a@b\",\"streaming\":\"yes\"}",
         PL_EUNSUPPORTED, 403, "Gateway dial out failed"},
        {POST("/dial"), "{\"destination\":\"a@b\",\"dtmf_sequence\":\"1;2\"}",
         PL_EINVAL, 400, "Invalid parameter"},
        {POST("/dial"),
         "{\"destination\":\"a@b\",\"keep_conference_alive\":\"maybe\"}",
         PL_EINVAL, 400, "Invalid parameter"},
        {POST("/participants/p2/role"), "{\"role\":\"king\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/participants/p2/transfer"), "{\"role\":\"host\"}", PL_EINVAL,
         400, "Invalid parameter"},
        {POST("/participants/p2/overlaytext"), "{\"text\":5}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/participants/p2/dtmf"), "{\"digits\":\"1 2\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/participants/p2/dtmf"), "{\"digits\":\"\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/participants/p1/calls"),
         "{\"call_type\":\"RTMP\",\"sdp\":\"v=0\"}", PL_EINVAL, 400,
         "Invalid parameter"},
        {POST("/participants/p1/calls"),
         "{\"call_type\":\"WEBRTC\",\"present\":\"send\",\"sdp\":\"v=0\"}",
         PL_EUNSUPPORTED, 403, "Not supported here"},
        {POST("/participants/p2/take_floor"), "{}", PL_EFORBIDDEN, 403,
         "Invalid role"},
        {POST("/participants/p2/calls/k/dtmf"), "{\"digits\":\"1\"}",
         PL_EFORBIDDEN, 403, "Invalid role"},
        {POST("/participants/p1/calls/k/new_candidate"), "{}", PL_EINVAL, 400,
         "Invalid parameter"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        char want[128];
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        if (rig.e != ROWS[i].e)
            print_error("%s %s\n", ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, ROWS[i].e);
        pl_answer_reset(&rig.answer);
        pl_client_fail(&rig.call, rig.e, NULL, &rig.answer);
        (void)snprintf(want, sizeof want, FAILED("%s"), ROWS[i].text);
        check_body(&rig, ROWS[i].status, want);
        rig_end(&rig);
    }
}

static void says_why_roompool_refused(void **state)
{
    static const struct {
        const char *request, *body;
        pl_err e;
        int status;
        const char *text;
    } ROWS[] = {
        {POST("/lock"), NULL, PL_EFORBIDDEN, 403, "Invalid role"},
        {POST("/lock"), NULL, PL_EAUTH, 403, "Invalid token"},
        {POST("/participants/p2/role"), "{\"role\":\"guest\"}", PL_ESTATE, 403,
         "Not possible now"},
        {POST("/participants/p2/role"), "{\"role\":\"guest\"}", PL_ENOENT, 404,
         "Participant not found"},
        {POST("/participants/p2/dtmf"), "{\"digits\":\"1\"}", PL_EUNSUPPORTED,
         403, "Not supported here"},
        {POST("/participants/p2/message"), "{\"payload\":\"x\"}", PL_ENOENT,
         404, "Participant not found"},
        {POST("/participants/p2/transfer"), "{\"conference_alias\":\"x\"}",
         PL_ENOUSER, 404, "Neither conference nor gateway found"},
        {POST("/participants/p2/transfer"), "{\"conference_alias\":\"x\"}",
         PL_EPIN_REQUIRED, 403, "Invalid PIN"},
        {POST("/participants/p2/transfer"), "{\"conference_alias\":\"x\"}",
         PL_EFULL, 403, "Participant limit reached"},
        {POST("/dial"), "{\"destination\":\"a@b\"}", PL_ENOUSER, 403,
         "Gateway dial out failed"},
        {POST("/dial"), "{\"destination\":\"a@b\"}", PL_EFULL, 403,
         "Participant limit reached"},
        {POST("/dial"), "{\"destination\":\"a@b\"}", PL_EUNAVAILABLE, 503,
         "Out of resource"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        char want[128];
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        rig_finish(&rig, ROWS[i].e, NULL, NULL);
        (void)snprintf(want, sizeof want, FAILED("%s"), ROWS[i].text);
        check_body(&rig, ROWS[i].status, want);
        rig_end(&rig);
    }
}

/* It is the prompt that is missing, not the participant, nor the caller. */
static void a_missing_prompt_is_said_to_be_missing(void **state)
{
    static const char *const ROWS[] = {POST("/play"),
                                       POST("/participants/p2/play")};
    const pl_error error = {.code = PL_ENOENT, .text = "no such prompt"};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i], "{\"prompt\":\"nonesuch\"}");
        assert_int_equal(rig.e, PL_OK);
        rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, &error);
        check_body(&rig, 404, FAILED("No such prompt"));
        rig_end(&rig);
    }
}

static void asks_for_layouts(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/transform_layout"),
              "{\"transforms\":{\"layout\":\"4:0\",\"guest_layout\":\"1:0\","
              "\"enable_overlay_text\":true,\"recording_indicator\":false,"
              "\"streaming\":{\"layout\":\"x\"},\"free_form_overlay_text\":"
              "[\"a\"]}}");
    assert_int_equal(rig.e, PL_OK);
    const pl_conference_control *m = &rig.call.message.conference_control;
    assert_string_equal(m->host_layout, "4:0");
    assert_string_equal(m->guest_layout, "1:0");
    assert_true(m->overlay_shown);
    assert_int_equal(count_optional(rig.call.desc, m), 3);
    rig_end(&rig);
}

static void chats_to_all_or_one(void **state)
{
    static char body[8192];
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/message"),
              "{\"type\":\"application/json\",\"payload\":\"{}\"}");
    const pl_room_message *m = &rig.call.message.room_message;
    assert_string_equal(m->type, "application/json");
    assert_true(pl_slice_eq_str(m->payload, "{}"));
    assert_string_equal(m->target_id, "");
    rig_end(&rig);
    rig_begin(&rig, POST("/participants/p2/message"), "{\"payload\":\"\"}");
    assert_int_equal(rig.e, PL_OK);
    assert_string_equal(m->target_id, "p2");
    assert_string_equal(m->type, "text/plain");
    rig_end(&rig);
    for (int n = 4096; n <= 4097; n++) {
        (void)snprintf(body, sizeof body, "{\"payload\":\"%0*d\"}", n, 7);
        rig_begin(&rig, POST("/message"), body);
        assert_int_equal(rig.e, n == 4096 ? PL_OK : PL_ETOOBIG);
        rig_end(&rig);
    }
}

static void dials_what_was_written(void **state)
{
    static const struct {
        const char *destination, *address;
    } ROWS[] = {
        {"sip:bob@example.com", "sip:bob@example.com"},
        {"bob@example.com", "sip:bob@example.com"},
        {"+14255550100", "tel:+14255550100"},
        {"4255550100", "tel:4255550100"},
        {"tel:911", "tel:911"},
        {"bob", "bob"},
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char body[128];
        (void)snprintf(body, sizeof body, "{\"destination\":\"%s\"}",
                       ROWS[i].destination);
        rig_begin(&rig, POST("/dial"), body);
        assert_int_equal(rig.e, PL_OK);
        assert_string_equal(rig.call.message.room_dial.address,
                            ROWS[i].address);
        assert_int_equal(rig.call.message.room_dial.role, PL_PART_ROLE_GUEST);
        rig_end(&rig);
    }
    rig_begin(&rig, POST("/dial"),
              "{\"destination\":\"sip:a@b\",\"role\":\"HOST\",\"protocol\":"
              "\"auto\",\"streaming\":\"no\",\"dtmf_sequence\":\"12#\","
              "\"remote_display_name\":\"Queue\",\"text\":\"T\","
              "\"keep_conference_alive\":\"keep_conference_alive_never\"}");
    const pl_room_dial *m = &rig.call.message.room_dial;
    pl_room_dialled r = {.participant_id = "p9"};
    assert_int_equal(rig.e, PL_OK);
    assert_int_equal(m->role, PL_PART_ROLE_HOST);
    assert_string_equal(m->digits, "12#");
    assert_string_equal(m->display_name, "Queue");
    assert_string_equal(m->overlay_text, "T");
    assert_int_equal(m->keep_alive, PL_KEEP_ALIVE_NEVER);
    rig_finish(&rig, PL_OK, &PL_MSG_ROOM_DIALLED, &r);
    check_body(&rig, 200, SUCCESS("[\"p9\"]"));
    rig_end(&rig);
}

static void transfers_with_a_secret_of_its_own(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/participants/p2/transfer"),
              "{\"conference_alias\":\"annex\",\"role\":\"host\",\"pin\":"
              "\"12\"}");
    const pl_participant_transfer *m = &rig.call.message.participant_transfer;
    assert_int_equal(rig.e, PL_OK);
    assert_string_equal(m->target_id, "p2");
    assert_string_equal(m->alias, "annex");
    assert_string_equal(m->pin, "12");
    assert_int_equal(m->role, PL_PART_ROLE_HOST);
    assert_string_equal(m->secret, RIG_SECRET);
    assert_string_equal(m->transfer_hash, RIG_HASH);
    assert_string_equal(m->transfer_id, "id-1");
    rig_end(&rig);
}

static void joins_by_a_transfer(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/request_token"),
              "{\"display_name\":\"A\",\"token\":\"" RIG_SECRET "t-1\"}");
    const pl_room_join *m = &rig.call.message.room_join;
    assert_int_equal(rig.e, PL_OK);
    assert_string_equal(m->transfer_id, "t-1");
    assert_int_equal(strlen(m->transfer_hash), 64);
    rig_end(&rig);
    rig_begin(&rig, POST("/request_token"),
              "{\"display_name\":\"A\",\"token\":\"x\"}");
    assert_int_equal(rig.e, PL_OK); /* of something else: none */
    assert_int_equal(count_optional(rig.call.desc, m), 0);
    rig_end(&rig);
}

/* One that roompool does not know is taken for none, once. */
static void joins_by_pin_when_the_transfer_is_over(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, POST("/request_token"),
              "{\"display_name\":\"A\",\"pin\":\"12\",\"token\":\"" RIG_SECRET
              "t-1\"}");
    const pl_room_join *m = &rig.call.message.room_join;
    assert_int_equal(count_optional(rig.call.desc, m), 3);
    rig_finish(&rig, PL_EAUTH, NULL, NULL);
    assert_true(rig.call.is_partial);
    assert_int_equal(rig.answer.status, 0);
    assert_int_equal(count_optional(rig.call.desc, m), 1);
    assert_string_equal(m->transfer_id, "");
    assert_string_equal(m->pin, "12");
    rig_finish(&rig, PL_EAUTH, NULL, NULL);
    assert_false(rig.call.is_partial);
    check_body(&rig, 403, FAILED("Invalid token"));
    rig_end(&rig);
}

static void reads_the_roster_to_its_end(void **state)
{
    call_rig rig;
    pl_event_none none = {.cursor = 0};
    (void)state;
    rig_begin(&rig, GET("/participants"), NULL);
    assert_int_equal(rig.e, PL_OK);
    for (char id = '1'; id <= '3'; id++) {
        pl_event_item item = {.kind = PL_EVENT_KIND_PARTICIPANT_CREATE,
                              .participant_id = {'p', id, 0}};
        rig_finish(&rig, PL_OK, &PL_MSG_EVENT_ITEM, &item);
        assert_true(rig.call.is_partial);
        assert_int_equal(rig.answer.status, 0);
        assert_string_equal(rig.call.message.roster_get.after_id,
                            item.participant_id);
    }
    rig_finish(&rig, PL_OK, &PL_MSG_EVENT_NONE, &none);
    assert_false(rig.call.is_partial);
    pl_json *doc = NULL;
    assert_int_equal(pl_json_parse(pl_buf_slice(&rig.answer.body), &doc),
                     PL_OK);
    assert_int_equal(pl_json_count(pl_json_get(doc, "result")), 3);
    pl_json_free(&doc);
    rig_end(&rig);
}

static void an_empty_roster_is_an_empty_list(void **state)
{
    call_rig rig;
    pl_event_none none = {.cursor = 0};
    (void)state;
    rig_begin(&rig, GET("/participants"), NULL);
    rig_finish(&rig, PL_OK, &PL_MSG_EVENT_NONE, &none);
    check_body(&rig, 200, SUCCESS("[]"));
    rig_end(&rig);
}

static void tells_the_state_as_the_event_does(void **state)
{
    call_rig rig;
    pl_room_status_is r = {
        .conf_id = "c", .room_name = "lobby", .locked = true, .started = true};
    (void)state;
    rig_begin(&rig, GET("/conference_status"), NULL);
    rig_finish(&rig, PL_OK, &PL_MSG_ROOM_STATUS_IS, &r);
    check_body(
        &rig, 200,
        SUCCESS("{\"locked\":true,\"guests_muted\":false,\"started\":true,"
                "\"guests_can_unmute\":false,\"chat_enabled\":true,"
                "\"all_muted\":false,\"presentation_allowed\":false,"
                "\"guests_can_present\":false,\"direct_media\":false,"
                "\"live_captions_available\":false,\"breakout_rooms\":false,"
                "\"recording\":false,\"streaming\":false,"
                "\"transcribing\":false,\"message_text\":null,"
                "\"classification\":{\"levels\":{},\"current\":null}}"));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_become_one_field_each),
        cmocka_unit_test(every_result_has_its_type),
        cmocka_unit_test(local_answers),
        cmocka_unit_test(annotates_layouts),
        cmocka_unit_test(refuses_wrong_values),
        cmocka_unit_test(says_why_roompool_refused),
        cmocka_unit_test(a_missing_prompt_is_said_to_be_missing),
        cmocka_unit_test(asks_for_layouts),
        cmocka_unit_test(chats_to_all_or_one),
        cmocka_unit_test(dials_what_was_written),
        cmocka_unit_test(transfers_with_a_secret_of_its_own),
        cmocka_unit_test(joins_by_a_transfer),
        cmocka_unit_test(joins_by_pin_when_the_transfer_is_over),
        cmocka_unit_test(reads_the_roster_to_its_end),
        cmocka_unit_test(an_empty_roster_is_an_empty_list),
        cmocka_unit_test(tells_the_state_as_the_event_does),
    };
    return cmocka_run_group_tests_name("client_rooms", tests, NULL, NULL);
}
