/* test_management_command.c - commands of the management API: what is asked of
 * roompool under which of their names, what is said of its answers. */
#include "management_rig.h"

static const pl_management_command *command(call_rig *rig, const char *end,
                                            const char *body)
{
    char line[128];
    (void)snprintf(line, sizeof line, "POST " COMMAND "%s/", end);
    begin_asking(rig, line, body, &PL_MSG_MANAGEMENT_COMMAND);
    return &rig->call.message.management_command;
}

static void every_command_is_passed_on(void **state)
{
    static const struct {
        const char *end, *body;
        uint32_t command;
        const char *id;
    } rows[] = {
        {"participant/disconnect", "{\"participant_id\":\"p\"}",
         PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT, "p"},
        {"participant/disconnect", "{\"participant_uuid\":\"p\"}",
         PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT, "p"},
        {"participant/mute", "{\"participant_id\":\"p\"}",
         PL_MGMT_COMMAND_PARTICIPANT_MUTE, "p"},
        {"participant/mute",
         "{\"participant_uuid\":\"p\",\"setting\":\"unmute\"}",
         PL_MGMT_COMMAND_PARTICIPANT_UNMUTE, "p"},
        {"participant/mute",
         "{\"participant_uuid\":\"p\",\"setting\":\"mute\"}",
         PL_MGMT_COMMAND_PARTICIPANT_MUTE, "p"},
        {"participant/unmute", "{\"participant_id\":\"p\"}",
         PL_MGMT_COMMAND_PARTICIPANT_UNMUTE, "p"},
        {"participant/unlock", "{\"participant_id\":\"p\"}",
         PL_MGMT_COMMAND_PARTICIPANT_UNLOCK, "p"},
        {"conference/lock", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_LOCK, "c"},
        {"conference/lock", "{\"conference_id\":43,\"setting\":\"unlock\"}",
         PL_MGMT_COMMAND_CONFERENCE_UNLOCK, "43"},
        {"conference/unlock", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_UNLOCK, "c"},
        {"conference/mute_guests", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_MUTE_GUESTS, "c"},
        {"conference/unmute_guests", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_UNMUTE_GUESTS, "c"},
        {"conference/disconnect", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_DISCONNECT, "c"},
        {"conference/start_recording", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_START_RECORDING, "c"},
        {"conference/stop_recording", "{\"conference_id\":43}",
         PL_MGMT_COMMAND_CONFERENCE_STOP_RECORDING, "43"},
        {"conference/play", "{\"conference_id\":\"c\",\"prompt\":\"x\"}",
         PL_MGMT_COMMAND_CONFERENCE_PLAY, "c"},
        {"conference/stop_playing", "{\"conference_id\":\"c\"}",
         PL_MGMT_COMMAND_CONFERENCE_STOP_PLAYING, "c"},
        {"participant/play", "{\"participant_id\":\"p\",\"prompt\":\"x\"}",
         PL_MGMT_COMMAND_PARTICIPANT_PLAY, "p"},
        {"participant/stop_playing", "{\"participant_id\":\"p\"}",
         PL_MGMT_COMMAND_PARTICIPANT_STOP_PLAYING, "p"},
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const pl_management_command *m =
            command(&rig, rows[i].end, rows[i].body);
        assert_int_equal(m->command, rows[i].command);
        assert_string_equal(m->id, rows[i].id);
        rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
        expect(&rig, 202, "{\"status\":\"success\",\"message\":\"\"}");
    }
}

static void roles_places_layouts_go_with_them(void **state)
{
    call_rig rig;
    (void)state;
    const pl_management_command *m =
        command(&rig, "participant/role",
                "{\"participant_id\":\"p\",\"role\":\"chair\"}");
    assert_int_equal(m->role, PL_PART_ROLE_HOST);
    rig_end(&rig);
    m = command(&rig, "participant/transfer",
                "{\"participant_id\":\"p\",\"conference_alias\":\"x\","
                "\"role\":\"guest\"}");
    assert_string_equal(m->alias, "x");
    assert_int_equal(m->role, PL_PART_ROLE_GUEST);
    assert_string_equal(m->transfer_id, "id-1");
    assert_string_equal(m->secret, RIG_SECRET);
    assert_string_equal(m->transfer_hash, RIG_HASH);
    rig_end(&rig);
    m = command(&rig, "conference/transform_layout",
                "{\"conference_id\":\"c\",\"layout\":\"1:7\","
                "\"guest_layout\":\"4:0\",\"enable_overlay_text\":true,"
                "\"recording_indicator\":false}");
    assert_string_equal(m->host_layout, "1:7");
    assert_string_equal(m->guest_layout, "4:0");
    assert_true(m->overlay_shown);
    rig_end(&rig);
}

static void prompts_and_stems_go_with_them(void **state)
{
    static const char *const bad[] = {
        "{\"conference_id\":\"c\"}",
        "{\"conference_id\":\"c\",\"prompt\":\"\"}",
        "{\"conference_id\":\"c\",\"prompt\":7}",
        "{\"conference_id\":\"c\",\"prompt\":\"x\",\"loop\":\"yes\"}",
    };
    call_rig rig;
    (void)state;
    const pl_management_command *m = command(
        &rig, "conference/play",
        "{\"conference_id\":\"c\",\"prompt\":\"hold-music\",\"loop\":true}");
    assert_string_equal(m->prompt, "hold-music");
    assert_true(m->loop);
    const pl_error none = {.text = "no such prompt"};
    rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, &none);
    expect(&rig, 404,
           "{\"status\":\"error\",\"error\":\"prompt: There is none of this "
           "name.\"}");
    m = command(&rig, "conference/start_recording",
                "{\"conference_id\":\"c\",\"stems\":true}");
    assert_true(m->stems);
    const pl_error off = {.text = "this room is never recorded"};
    rig_finish(&rig, PL_EUNSUPPORTED, &PL_MSG_ERROR, &off);
    expect(&rig, 400,
           "{\"status\":\"error\",\"error\":\"this room is never recorded\"}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig_begin(&rig,
                  "POST " COMMAND
                  "conference/play/ HTTP/1.1\r\nHost: a\r\n\r\n",
                  bad[i]);
        expect(&rig, 400, "\"status\":\"error\"");
    }
}

static void a_toggle_looks_first(void **state)
{
    static const char MUTED[] = "[{\"id\":\"p\",\"is_muted\":1}]";
    static const char OPEN[] = "[{\"id\":\"c\",\"is_locked\":false}]";
    pl_management_page page = {
        .total = 1, .count = 1, .objects = pl_slice_str(MUTED)};
    call_rig rig;
    const pl_management_command *m = &rig.call.message.management_command;
    (void)state;
    begin_asking(&rig, "POST " COMMAND "participant/mute/",
                 "{\"participant_uuid\":\"p\",\"setting\":\"toggle\"}",
                 &PL_MSG_MANAGEMENT_QUERY);
    rig_finish(&rig, PL_OK, &PL_MSG_MANAGEMENT_PAGE, &page);
    assert_true(rig.call.is_partial);
    assert_ptr_equal(rig.call.desc, &PL_MSG_MANAGEMENT_COMMAND);
    assert_int_equal(m->command, PL_MGMT_COMMAND_PARTICIPANT_UNMUTE);
    rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
    assert_false(rig.call.is_partial);
    expect(&rig, 202, "success");
    begin_asking(&rig, "POST " COMMAND "conference/lock/",
                 "{\"conference_id\":\"c\",\"setting\":\"toggle\"}",
                 &PL_MSG_MANAGEMENT_QUERY);
    page.objects = pl_slice_str(OPEN);
    rig_finish(&rig, PL_OK, &PL_MSG_MANAGEMENT_PAGE, &page);
    assert_int_equal(m->command, PL_MGMT_COMMAND_CONFERENCE_LOCK);
    rig_end(&rig);
    begin_asking(&rig, "POST " COMMAND "participant/mute/",
                 "{\"participant_uuid\":\"p\",\"setting\":\"toggle\"}",
                 &PL_MSG_MANAGEMENT_QUERY);
    page = (pl_management_page){.objects = pl_slice_str("[]")};
    rig_finish(&rig, PL_OK, &PL_MSG_MANAGEMENT_PAGE, &page);
    assert_false(rig.call.is_partial);
    expect(&rig, 404,
           "{\"status\":\"error\",\"error\":\"Participant not found\"}");
}

static void a_telephone_is_dialled(void **state)
{
    call_rig rig;
    const pl_management_dial *m = &rig.call.message.management_dial;
    pl_room_dialled dialled = {.participant_id = "u-1"};
    (void)state;
    begin_asking(&rig, "POST " COMMAND "participant/dial/",
                 "{\"conference_alias\":\"x\",\"destination\":\"a@b\","
                 "\"protocol\":\"sip\",\"role\":\"chair\",\"streaming\":false,"
                 "\"keep_conference_alive\":\"keep_conference_alive_never\","
                 "\"dtmf_sequence\":\"12#\",\"remote_display_name\":\"Desk\","
                 "\"routing\":\"manual\",\"call_type\":\"audio\"}",
                 &PL_MSG_MANAGEMENT_DIAL);
    assert_string_equal(m->alias, "x");
    assert_string_equal(m->address, "sip:a@b");
    assert_int_equal(m->role, PL_PART_ROLE_HOST);
    assert_int_equal(m->keep_alive, PL_KEEP_ALIVE_NEVER);
    assert_string_equal(m->digits, "12#");
    assert_string_equal(m->display_name, "Desk");
    rig_finish(&rig, PL_OK, &PL_MSG_ROOM_DIALLED, &dialled);
    expect(&rig, 202,
           "{\"status\":\"success\",\"message\":\"\",\"data\":"
           "{\"participant_id\":\"u-1\",\"participant_ids\":[\"u-1\"]},"
           "\"result\":\"u-1\"}");
    begin_asking(&rig, "POST " COMMAND "participant/dial/",
                 "{\"conference_alias\":\"x\",\"destination\":\"+1604\"}",
                 &PL_MSG_MANAGEMENT_DIAL);
    assert_string_equal(m->address, "tel:+1604");
    assert_int_equal(m->role, PL_PART_ROLE_GUEST);
    rig_finish(&rig, PL_ENOENT, &PL_MSG_ERROR, NULL);
    expect(&rig, 404,
           "{\"status\":\"error\",\"error\":\"Conference not found\"}");
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *end, *body;
        int status;
        const char *text;
    } rows[] = {
        {"participant/mute", "{}", 400, "participant_id: This is to be the id"},
        {"participant/mute", "{\"participant_id\":5}", 400, "participant_id: "},
        {"participant/mute", "{\"participant_id\":\"\"}", 400,
         "participant_id: "},
        {"participant/mute", "{\"participant_id\":\"p\",\"setting\":\"lock\"}",
         400, "setting: This is none of mute|unmute"},
        {"participant/role", "{\"participant_id\":\"p\"}", 400,
         "role: This is none of"},
        {"participant/role", "{\"participant_id\":\"p\",\"role\":\"boss\"}",
         400, "role: This is none of chair|guest."},
        {"participant/transfer", "{\"participant_id\":\"p\"}", 400,
         "conference_alias: "},
        {"conference/lock", "{\"conference_id\":-4}", 400,
         "conference_id: This is"},
        {"conference/transform_layout",
         "{\"conference_id\":\"c\",\"layout\":\"9:9\"}", 400, "layout: "},
        {"participant/dial", "{\"conference_alias\":\"x\"}", 400,
         "destination: This is"},
        {"participant/dial",
         "{\"conference_alias\":\"x\",\"destination\":\"a@b\","
         "\"protocol\":\"h323\"}",
         400, "protocol: This is none of sip|auto."},
        {"participant/dial",
         "{\"conference_alias\":\"x\",\"destination\":\"a@b\","
         "\"streaming\":true}",
         400, "streaming: "},
        {"participant/dial",
         "{\"conference_alias\":\"x\",\"destination\":\"a@b\","
         "\"dtmf_sequence\":\"hello\"}",
         400, "dtmf_sequence: "},
        {"participant/spotlight", "{\"participant_id\":\"p\"}", 404,
         "No such command"},
        {"conference/mute", "{\"conference_id\":\"c\"}", 404,
         "No such command"},
        {"unknown/x", "{}", 404, "No such command"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "POST " COMMAND "%s/", rows[i].end);
        char part[128];
        (void)snprintf(part, sizeof part,
                       "{\"status\":\"error\",\"error\":\"%s", rows[i].text);
        refused(line, rows[i].body, rows[i].status, part);
    }
    refused("POST " COMMAND "participant/mute", "{}", 404,
            "{\"status\":\"error\",\"error\":\"Paths end with a slash\"}");
    refused("POST " COMMAND "participant/mute/", "x", 400,
            "{\"status\":\"error\",\"error\":\"The body is not valid JSON\"}");
    refused("POST " COMMAND "participant/mute/", NULL, 400,
            "{\"status\":\"error\",\"error\":\"The body is not an object\"}");
}

static void errors_have_the_form_of_commands(void **state)
{
    static const struct {
        const char *end, *body;
        pl_err e;
        int status;
        const char *text;
    } rows[] = {
        {"participant/mute", "{\"participant_id\":\"p\"}", PL_ENOENT, 404,
         "\"error\":\"Participant not found\""},
        {"conference/lock", "{\"conference_id\":\"c\"}", PL_ENOENT, 404,
         "\"error\":\"Conference not found\""},
        {"participant/unlock", "{\"participant_id\":\"p\"}", PL_ESTATE, 409,
         "\"error\":\"not possible in this state\""},
        {"participant/mute", "{\"participant_id\":\"p\"}", PL_EDRAIN, 503,
         "\"error\":"},
    };
    call_rig rig;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)command(&rig, rows[i].end, rows[i].body);
        rig_finish(&rig, rows[i].e, &PL_MSG_ERROR, NULL);
        assert_int_equal(
            strncmp(pl_buf_text(&rig.answer.body), "{\"status\":\"error\"", 17),
            0);
        expect(&rig, rows[i].status, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_passed_on),
        cmocka_unit_test(roles_places_layouts_go_with_them),
        cmocka_unit_test(prompts_and_stems_go_with_them),
        cmocka_unit_test(a_toggle_looks_first),
        cmocka_unit_test(a_telephone_is_dialled),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(errors_have_the_form_of_commands),
    };
    return cmocka_run_group_tests_name("management_command", tests, NULL, NULL);
}
