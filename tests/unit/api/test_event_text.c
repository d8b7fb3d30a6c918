/* test_event_text.c - events in each API's spelling. */
#include "cm.h"

#include <stdio.h>
#include <string.h>

#include "event_text.h"
#include "pl/json.h"

static void check(const pl_event_item *item, const char *want)
{
    pl_buf out;
    pl_buf_init(&out, 100000);
    assert_int_equal(pl_event_session_text(item, &out), PL_OK);
    assert_string_equal(pl_buf_text(&out), want);
    pl_buf_fini(&out);
}

#define BEGIN "{\"events\":{\"eventList\":[{\"eventObject\":{"
#define END   "}}]}}"

static void spells_an_invitation(void **state)
{
    pl_event_item item = {.seq = 1,
                          .kind = PL_EVENT_KIND_INVITATION_RECEIVED,
                          .dialect = PL_DIALECT_RTC1,
                          .conf_id = "K1",
                          .session_id = "SB",
                          .from = "sip:alice@example.com",
                          .sdp = pl_slice_str("v=0\r\n")};
    (void)state;
    check(&item,
          BEGIN "\"type\":\"conferences\",\"resourceURL\":\"/RTC/v1/sessions/"
                "SB/conferences/K1\",\"state\":\"invitation-received\",\"from\""
                ":\"sip:alice@example.com\",\"sdp\":\"v=0\\r\\n\"" END);
}

static void names_the_media_address_in_bare_sessions_only(void **state)
{
    static const char SDP[] =
        "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host\r\n";
    pl_event_item item = {.seq = 1,
                          .kind = PL_EVENT_KIND_SESSION_OPEN,
                          .dialect = PL_DIALECT_BARE,
                          .conf_id = "K1",
                          .session_id = "SH",
                          .sdp = pl_slice_str(SDP)};
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 100000);
    assert_int_equal(pl_event_session_text(&item, &out), PL_OK);
    assert_non_null(strstr(pl_buf_text(&out),
                           "\"resourceURL\":\"/sessions/SH/conferences/K1\""));
    assert_non_null(
        strstr(pl_buf_text(&out), "\"connectionAddress\":\"192.0.2.7\""));
    pl_buf_clear(&out);
    item.dialect = PL_DIALECT_RTC1;
    assert_int_equal(pl_event_session_text(&item, &out), PL_OK);
    assert_null(strstr(pl_buf_text(&out), "connectionAddress"));
    pl_buf_fini(&out);
}

static void finds_the_address_of_a_connection(void **state)
{
    static const struct {
        const char *sdp, *address;
    } ROWS[] = {
        {"v=0\r\nc=IN IP4 192.0.2.9\r\n", "192.0.2.9"},
        {"c=IN IP6 2001:db8::1\n", "2001:db8::1"},
        {"a=candidate:1 1 udp 1 ::1 5 typ host", "::1"},
        {"v=0\r\n", NULL},
        {"a=candidate:1 1\r\n", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char buf[64];
        bool is_found = pl_event_connection_address(pl_slice_str(ROWS[i].sdp),
                                                    buf, sizeof buf) &&
                        buf[0];
        assert_int_equal(is_found, ROWS[i].address != NULL);
        if (is_found)
            assert_string_equal(buf, ROWS[i].address);
    }
}

static void spells_who_joined_by_the_dialect(void **state)
{
    pl_event_item item = {.seq = 1,
                          .kind = PL_EVENT_KIND_INVITE_RESULT,
                          .dialect = PL_DIALECT_RTC1,
                          .conf_id = "K1",
                          .session_id = "SH",
                          .mod_id = "P1",
                          .reason = "success",
                          .address = "sip:bob@example.com"};
    (void)state;
    check(&item,
          BEGIN "\"type\":\"conferences\",\"resourceURL\":\"/RTC/v1/sessions/"
                "SH/conferences/K1\",\"state\":\"mod-terminated\",\"modId\":"
                "\"P1\",\"reason\":\"success\"" END);
    item.dialect = PL_DIALECT_BARE;
    check(&item, BEGIN
          "\"type\":\"conferences\",\"resourceURL\":\"/sessions/SH/conferences/"
          "K1\",\"state\":\"session-open\",\"modId\":\"P1\",\"reason\":"
          "\"success\",\"participant\":\"sip:bob@example.com\"" END);
    memcpy(item.reason, "User busy", 10);
    check(&item, BEGIN
          "\"type\":\"conferences\",\"resourceURL\":\"/sessions/SH/conferences/"
          "K1\",\"state\":\"mod-terminated\",\"modId\":\"P1\",\"reason\":"
          "\"User busy\",\"participant\":\"sip:bob@example.com\"" END);
}

#define CALL_URL                                                               \
    "\"type\":\"calls\",\"resourceURL\":\"/RTC/v1/sessions/SA/calls/C1\""

/* Every state that a session hears of, as sent about a call. */
static void spells_every_state(void **state)
{
    static const struct {
        pl_event_kind kind;
        const char *state;
    } ROWS[] = {
        {PL_EVENT_KIND_INVITATION_RECEIVED, "invitation-received"},
        {PL_EVENT_KIND_SESSION_OPEN, "session-open"},
        {PL_EVENT_KIND_SESSION_MODIFIED, "session-modified"},
        {PL_EVENT_KIND_MOD_RECEIVED, "mod-received"},
        {PL_EVENT_KIND_MOD_TERMINATED, "mod-terminated"},
        {PL_EVENT_KIND_SESSION_TERMINATED, "session-terminated"},
        {PL_EVENT_KIND_TRANSFER_INITIATED, "transfer-initiated"},
        {PL_EVENT_KIND_TRANSFER_TERMINATED, "transfer-terminated"},
        {PL_EVENT_KIND_MOVE_TERMINATED, "move-terminated"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_event_item item = {.seq = 1,
                              .kind = (uint32_t)ROWS[i].kind,
                              .dialect = PL_DIALECT_RTC1,
                              .conf_id = "C1",
                              .session_id = "SA",
                              .call_id = "leg-1",
                              .resource = "calls"};
        char want[256];
        (void)snprintf(want, sizeof want,
                       BEGIN CALL_URL ",\"state\":\"%s\"" END, ROWS[i].state);
        check(&item, want);
    }
}

static void spells_early_media_and_transfers(void **state)
{
    pl_event_item item = {.seq = 1,
                          .kind = PL_EVENT_KIND_SESSION_OPEN,
                          .dialect = PL_DIALECT_RTC1,
                          .conf_id = "C1",
                          .session_id = "SA",
                          .resource = "calls",
                          .provisional = true,
                          .sdp = pl_slice_str("v=0\r\n")};
    (void)state;
    check(&item,
          BEGIN CALL_URL ",\"state\":\"session-open\",\"sdp\":\"v=0\\r\\n"
                         "\",\"provisionalSDP\":true" END);
    pl_event_item transfer = {.seq = 2,
                              .kind = PL_EVENT_KIND_TRANSFER_TERMINATED,
                              .dialect = PL_DIALECT_RTC1,
                              .conf_id = "C1",
                              .session_id = "SA",
                              .resource = "calls",
                              .reason = "success",
                              .transfer_to = "C2"};
    check(&transfer,
          BEGIN CALL_URL ",\"state\":\"transfer-terminated\",\"reason\":"
                         "\"success\",\"transferToCallId\":\"C2\"" END);
}

/* Browsers refuse lines that end with LF alone. */
static void ends_the_lines_of_an_sdp_with_crlf(void **state)
{
    static const struct {
        const char *sdp, *want;
    } ROWS[] = {{"v=0\r\ns=-\r\n", "v=0\\r\\ns=-\\r\\n"},
                {"v=0\ns=-\n", "v=0\\r\\ns=-\\r\\n"},
                {"\nv=0\r\ns=-", "\\r\\nv=0\\r\\ns=-"}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_event_item item = {.seq = 1,
                              .kind = PL_EVENT_KIND_MOD_TERMINATED,
                              .dialect = PL_DIALECT_RTC1,
                              .conf_id = "C1",
                              .session_id = "SA",
                              .resource = "calls",
                              .sdp = pl_slice_str(ROWS[i].sdp)};
        char want[256];
        (void)snprintf(want, sizeof want,
                       BEGIN CALL_URL
                       ",\"state\":\"mod-terminated\",\"sdp\":\"%s\"" END,
                       ROWS[i].want);
        check(&item, want);
    }
}

static void leaves_out_what_sessions_are_not_told(void **state)
{
    pl_event_item item = {.kind = PL_EVENT_KIND_STAGE};
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 1000);
    assert_int_equal(pl_event_session_text(&item, &out), PL_EUNSUPPORTED);
    item.kind = PL_EVENT_KIND_UNKNOWN;
    assert_int_equal(pl_event_session_text(&item, &out), PL_EUNSUPPORTED);
    assert_int_equal(pl_event_seat_text(&item, &out), PL_EUNSUPPORTED);
    assert_int_equal(out.len, 0);
    pl_buf_fini(&out);
}

/* The JSON behind "data: " of the only event in the buffer. */
static pl_json *data_of(const pl_buf *out)
{
    const char *at = strstr(pl_buf_text(out), "\ndata: ");
    pl_json *json = NULL;
    assert_non_null(at);
    at += 7;
    size_t n = strcspn(at, "\n");
    assert_string_equal(at + n, "\n\n");
    assert_int_equal(pl_json_parse((pl_slice){(const uint8_t *)at, n}, &json),
                     PL_OK);
    return json;
}

static void sends_whole_roster_objects(void **state)
{
    static const char *const WANTED[] = {"uuid",
                                         "display_name",
                                         "role",
                                         "is_muted",
                                         "has_media",
                                         "service_type",
                                         "protocol",
                                         "is_client_muted",
                                         "start_time",
                                         "buzz_time",
                                         "spotlight",
                                         "receive_from_video_mix",
                                         "encryption",
                                         "api_url",
                                         "call_direction",
                                         "is_video_call",
                                         "overlay_text",
                                         "rx_presentation_policy",
                                         "external_node_uuid"};
    pl_event_item item = {.kind = PL_EVENT_KIND_PARTICIPANT_CREATE,
                          .participant_id = "p1",
                          .display_name = "A \"quoted\"\nname",
                          .role = PL_PART_ROLE_HOST,
                          .leg_kind = PL_LEG_KIND_SIP,
                          .muted = true,
                          .has_media = true};
    pl_buf out;
    pl_slice text;
    (void)state;
    pl_buf_init(&out, 100000);
    assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
    assert_int_equal(
        strncmp(pl_buf_text(&out), "event: participant_create\n", 26), 0);
    pl_json *json = data_of(&out);
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++)
        assert_non_null(pl_json_get(json, WANTED[i]));
    assert_int_equal(pl_json_get_str(json, "display_name", &text), PL_OK);
    assert_true(pl_slice_eq_str(text, "A \"quoted\"\nname"));
    assert_int_equal(pl_json_get_str(json, "is_muted", &text), PL_OK);
    assert_true(pl_slice_eq_str(text, "YES"));
    assert_int_equal(pl_json_get_str(json, "role", &text), PL_OK);
    assert_true(pl_slice_eq_str(text, "chair"));
    pl_json_free(&json);
    pl_buf_fini(&out);
}

/* Types are exact: clients refuse a whole roster for one wrong type. */
static void roster_objects_have_exact_types(void **state)
{
    static const struct {
        const char *keys;
        char type; /* first character of the value: 0 is any digit, b a flag */
    } ROWS[] = {
        {"uuid display_name overlay_text uri vendor call_tag local_alias "
         "external_node_uuid api_url role service_type protocol call_direction "
         "encryption rx_presentation_policy",
         '"'},
        {"is_muted is_presenting is_video_call is_audio_only_call "
         "fecc_supported mute_supported disconnect_supported "
         "transfer_supported presentation_supported",
         'Y'},
        {"has_media is_client_muted is_video_muted is_video_silent "
         "is_main_video_dropped_out is_external is_streaming_conference "
         "is_conjoined is_transferring is_idp_authenticated "
         "needs_presentation_in_mix show_live_captions supports_direct_chat "
         "can_receive_personal_mix",
         'b'},
        {"start_time buzz_time spotlight", '0'},
        {"receive_from_video_mix", '{'},
    };
    pl_event_item item = {.kind = PL_EVENT_KIND_PARTICIPANT_UPDATE,
                          .participant_id = "p1"};
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 100000);
    assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
    pl_json *json = data_of(&out);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char keys[512];
        char *rest = NULL;
        (void)snprintf(keys, sizeof keys, "%s", ROWS[i].keys);
        for (char *key = strtok_r(keys, " ", &rest); key;
             key = strtok_r(NULL, " ", &rest)) {
            pl_buf value;
            pl_buf_init(&value, 1000);
            assert_non_null(pl_json_get(json, key));
            assert_int_equal(pl_json_dump(pl_json_get(json, key), &value),
                             PL_OK);
            const char *text = pl_buf_text(&value);
            bool is_flag = text[0] == 't' || text[0] == 'f';
            bool is_answer =
                strcmp(text, "\"YES\"") == 0 || strcmp(text, "\"NO\"") == 0;
            bool is_number = text[0] >= '0' && text[0] <= '9';
            bool is_good = ROWS[i].type == 'b'   ? is_flag
                           : ROWS[i].type == 'Y' ? is_answer
                           : ROWS[i].type == '0' ? is_number
                                                 : text[0] == ROWS[i].type;
            if (!is_good)
                print_error("%s is %s\n", key, text);
            assert_true(is_good);
            pl_buf_fini(&value);
        }
    }
    pl_json_free(&json);
    pl_buf_fini(&out);
}

static void roster_objects_say_what_is(void **state)
{
    static const char *const WANTED[] = {"\"overlay_text\":\"Dr Ann\"",
                                         "\"service_type\":\"waiting_room\"",
                                         "\"protocol\":\"sip\"",
                                         "\"call_direction\":\"out\"",
                                         "\"rx_presentation_policy\":\"DENY\"",
                                         "\"is_client_muted\":true",
                                         "\"is_video_muted\":true",
                                         "\"supports_direct_chat\":false",
                                         "\"transfer_supported\":\"NO\"",
                                         "\"start_time\":1700000000.500",
                                         "\"buzz_time\":1700000001.000",
                                         "\"spotlight\":1700000002.000"};
    pl_event_item item = {.kind = PL_EVENT_KIND_PARTICIPANT_UPDATE,
                          .participant_id = "p1",
                          .display_name = "Ann",
                          .overlay_text = "Dr Ann",
                          .leg_kind = PL_LEG_KIND_SIP,
                          .waiting = true,
                          .dialled = true,
                          .client_muted = true,
                          .video_muted = true,
                          .at_ms = 1700000000500,
                          .buzz_ms = 1700000001000,
                          .spotlight_ms = 1700000002000};
    pl_buf out;
    (void)state;
    PL_MSG_SET(EVENT_ITEM, event_item, &item, rx_presentation);
    pl_buf_init(&out, 100000);
    assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++) {
        if (!strstr(pl_buf_text(&out), WANTED[i]))
            print_error("%s\n", WANTED[i]);
        assert_non_null(strstr(pl_buf_text(&out), WANTED[i]));
    }
    item.waiting = false;
    pl_buf_clear(&out);
    assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
    assert_non_null(
        strstr(pl_buf_text(&out), "\"service_type\":\"connecting\""));
    pl_buf_fini(&out);
}

static void spells_layout_chat_and_refer(void **state)
{
    static const char LAYOUT[] =
        "event: layout\ndata: {\"view\":\"1:7\",\"participants\":[],"
        "\"requested_layout\":{\"primary_screen\":{\"chair_layout\":\"1:7\","
        "\"guest_layout\":\"ac\"}},\"overlay_text_enabled\":true,"
        "\"pres_slot_coords\":null}\n\n";
    pl_event_item item = {.participant_id = "p2",
                          .display_name = "Bob",
                          .type = "text/plain",
                          .payload = pl_slice_str("a\nb"),
                          .direct = true,
                          .alias = "annex",
                          .secret = "SECRET",
                          .transfer_id = "t1",
                          .host_layout = "1:7",
                          .overlay_shown = true};
    const struct {
        pl_event_kind kind;
        const char *want;
    } ROWS[] = {
        {PL_EVENT_KIND_LAYOUT, LAYOUT},
        {PL_EVENT_KIND_MESSAGE,
         "event: message_received\ndata: {\"origin\":\"Bob\",\"uuid\":\"p2\","
         "\"type\":\"text/plain\",\"payload\":\"a\\nb\",\"direct\":true}\n\n"},
        {PL_EVENT_KIND_REFER, "event: refer\ndata: {\"alias\":\"annex\","
                              "\"token\":\"SECRETt1\"}\n\n"},
        {PL_EVENT_KIND_REFRESH_TOKEN, "event: refresh_token\ndata: null\n\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_buf out;
        pl_buf_init(&out, 1000);
        item.kind = (uint32_t)ROWS[i].kind;
        assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
        assert_string_equal(pl_buf_text(&out), ROWS[i].want);
        pl_buf_fini(&out);
    }
}

static void spells_the_short_events(void **state)
{
    static const struct {
        pl_event_kind kind;
        const char *want;
    } ROWS[] = {
        {PL_EVENT_KIND_SYNC_BEGIN,
         "event: participant_sync_begin\ndata: null\n\n"},
        {PL_EVENT_KIND_SYNC_END, "event: participant_sync_end\ndata: null\n\n"},
        {PL_EVENT_KIND_PARTICIPANT_DELETE,
         "event: participant_delete\ndata: {\"uuid\":\"p1\"}\n\n"},
        {PL_EVENT_KIND_DISCONNECT,
         "event: disconnect\ndata: {\"reason\":\"why\"}\n\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_event_item item = {.kind = (uint32_t)ROWS[i].kind,
                              .participant_id = "p1",
                              .reason = "why"};
        pl_buf out;
        pl_buf_init(&out, 1000);
        assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
        assert_string_equal(pl_buf_text(&out), ROWS[i].want);
        pl_buf_fini(&out);
    }
}

static void tells_losses_of_media_as_clients_know_them(void **state)
{
    static const struct {
        const char *ours, *known;
    } rows[] = {
        {"no ICE check came", "Ice failure"},
        {"consent expired", "Ice failure"},
        {"ICE restart failed", "Ice failure"},
        {"the DTLS handshake did not finish", "Ice failure"},
        {"media lost", "Media process disconnected"},
        {"media worker lost", "Media node disconnected"},
        {"something else", "something else"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_event_item item = {.kind = PL_EVENT_KIND_CALL_DISCONNECTED,
                              .call_id = "k"};
        char want[160];
        pl_buf out;
        pl_buf_init(&out, 1000);
        (void)snprintf(item.reason, sizeof item.reason, "%s", rows[i].ours);
        assert_int_equal(pl_event_seat_text(&item, &out), PL_OK);
        (void)snprintf(want, sizeof want,
                       "event: call_disconnected\ndata: {\"call_uuid\":\"k\","
                       "\"reason\":\"%s\"}\n\n",
                       rows[i].known);
        assert_string_equal(pl_buf_text(&out), want);
        pl_buf_fini(&out);
    }
}

/* Whatever names and texts hold: two lines and a blank one, and data, without
 * which browsers pass an event over. */
static void every_event_is_one_block_with_data(void **state)
{
#define EVIL "a\r\n\r\ndata: x\nevent: disconnect\n\n\"}<b>\x01"
    unsigned n = 0;
    (void)state;
    for (uint32_t kind = 1; kind < 64; kind++) {
        pl_event_item item = {.kind = kind,
                              .participant_id = EVIL,
                              .display_name = EVIL,
                              .address = EVIL,
                              .reason = EVIL};
        pl_buf out;
        pl_buf_init(&out, 100000);
        if (pl_event_seat_text(&item, &out) == PL_OK) {
            const char *text = pl_buf_text(&out);
            const char *data = strstr(text, "\ndata: ");
            assert_memory_equal(text, "event: ", 7);
            assert_non_null(data);
            assert_ptr_equal(strchr(text, '\n'), data);
            assert_true(data[7] != '\n' && data[7] != '\0');
            assert_string_equal(strchr(data + 1, '\n'), "\n\n");
            assert_null(strchr(text, '\r'));
            assert_null(strchr(text, 1));
            n++;
        }
        pl_buf_fini(&out);
    }
    assert_int_equal(n, 12);
}

static void tells_who_speaks_as_a_list(void **state)
{
    pl_stage stage = {.n = 0};
    pl_event_item item = {.participant_id = "p1", .talking = true, .level = 0};
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 1000);
    pl_stage_update(&stage, &item);
    memcpy(item.participant_id, "p2", 3);
    item.level = 127;
    pl_stage_update(&stage, &item);
    pl_stage_text(&stage, &out);
    assert_string_equal(
        pl_buf_text(&out),
        "event: stage\ndata: [{\"participant_uuid\":\"p1\",\"stage_index\":0,"
        "\"vad\":100},{\"participant_uuid\":\"p2\",\"stage_index\":1,\"vad\":1}"
        "]\n\n");
    item.talking = false;
    pl_stage_update(&stage, &item);
    pl_stage_forget(&stage, "p1");
    pl_stage_forget(&stage, "p9");
    pl_buf_clear(&out);
    pl_stage_text(&stage, &out);
    assert_string_equal(pl_buf_text(&out), "event: stage\ndata: []\n\n");
    pl_buf_fini(&out);
}

static void bounds_the_stage(void **state)
{
    pl_stage stage = {.n = 0};
    (void)state;
    for (int i = 0; i < PL_STAGE_MAX + 5; i++) {
        pl_event_item item = {.talking = true};
        item.participant_id[0] = (char)('A' + i % 26);
        item.participant_id[1] = (char)('a' + i / 26);
        pl_stage_update(&stage, &item);
    }
    assert_int_equal(stage.n, PL_STAGE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spells_an_invitation),
        cmocka_unit_test(names_the_media_address_in_bare_sessions_only),
        cmocka_unit_test(finds_the_address_of_a_connection),
        cmocka_unit_test(spells_who_joined_by_the_dialect),
        cmocka_unit_test(spells_every_state),
        cmocka_unit_test(spells_early_media_and_transfers),
        cmocka_unit_test(ends_the_lines_of_an_sdp_with_crlf),
        cmocka_unit_test(leaves_out_what_sessions_are_not_told),
        cmocka_unit_test(sends_whole_roster_objects),
        cmocka_unit_test(roster_objects_have_exact_types),
        cmocka_unit_test(roster_objects_say_what_is),
        cmocka_unit_test(spells_layout_chat_and_refer),
        cmocka_unit_test(spells_the_short_events),
        cmocka_unit_test(tells_losses_of_media_as_clients_know_them),
        cmocka_unit_test(every_event_is_one_block_with_data),
        cmocka_unit_test(tells_who_speaks_as_a_list),
        cmocka_unit_test(bounds_the_stage),
    };
    return cmocka_run_group_tests_name("event_text", tests, NULL, NULL);
}
