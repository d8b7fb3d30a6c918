/* test_conference_api.c - both spellings of the conference API. */
#include "call_rig.h"

#include "conference_api.h"

#define HEAD(line) line " HTTP/1.1\r\nHost: a\r\n"

static void maps_every_action_word(void **state)
{
    static const struct {
        const char *word;
        pl_action action;
    } ROWS[] = {
        {"call-answer", PL_ACTION_ANSWER},
        {"conference-answer", PL_ACTION_ANSWER},
        {"initiate-hold", PL_ACTION_HOLD},
        {"initiate-conference-hold", PL_ACTION_HOLD},
        {"initiate-call-hold", PL_ACTION_HOLD_MOVE},
        {"initiate-resume", PL_ACTION_RESUME},
        {"initiate-conference-resume", PL_ACTION_RESUME},
        {"initiate-conference-mod", PL_ACTION_MODIFY},
        {"accept-media-mod", PL_ACTION_ACCEPT},
        {"accept-conference-mod", PL_ACTION_ACCEPT},
        {"rejectCancel-conference-mod", PL_ACTION_REJECT},
    };
    pl_action action;
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(
            pl_conference_find_action(pl_slice_str(ROWS[i].word), &action),
            PL_OK);
        assert_int_equal(action, ROWS[i].action);
    }
    assert_int_equal(pl_conference_find_action(pl_slice_str("dance"), &action),
                     PL_EINVAL);
}

static void opens_sessions_in_both_dialects(void **state)
{
    static const struct {
        const char *request, *location;
        pl_dialect dialect;
        int status;
    } ROWS[] = {
        {HEAD("POST /RTC/v1/sessions") "x-e911Id: aa:bb\r\n\r\n",
         "Location: /RTC/v1/sessions/S1\r\n", PL_DIALECT_RTC1, 201},
        {HEAD("POST /sessions/") "x-e911Id: aa:bb\r\n\r\n",
         "Location: /sessions/S1\r\n", PL_DIALECT_BARE, 202},
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        call_rig rig;
        pl_session_created r = {
            .session_id = "S1", .expires_s = 3600, .user_id = "alice"};
        rig_begin(&rig, ROWS[i].request, "{\"session\":{\"ice\":\"true\"}}");
        assert_int_equal(rig.e, PL_OK);
        assert_int_equal(rig.call.message.session_create.dialect,
                         ROWS[i].dialect);
        assert_string_equal(rig.call.message.session_create.e911_id, "aa:bb");
        rig_finish(&rig, PL_OK, &PL_MSG_SESSION_CREATED, &r);
        assert_int_equal(rig.answer.status, ROWS[i].status);
        assert_true(rig_has_header(&rig, ROWS[i].location));
        assert_true(rig_has_header(&rig, "x-expires: 3600\r\n"));
        rig_end(&rig);
    }
}

static void ignores_the_emergency_id_that_means_none(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, HEAD("POST /RTC/v1/sessions") "x-e911Id: undefined\r\n\r\n",
              NULL);
    assert_int_equal(rig.e, PL_OK);
    assert_false(PL_MSG_HAS(SESSION_CREATE, session_create,
                            &rig.call.message.session_create, e911_id));
    rig_end(&rig);
}

static void finds_the_sdp_in_all_five_places(void **state)
{
    static const char *const BODIES[] = {
        "{\"conference\":{\"sdp\":\"v=0\"}}",
        "{\"call\":{\"sdp\":\"v=0\"}}",
        "{\"conferenceModifications\":{\"sdp\":\"v=0\",\"type\":\"offer\"}}",
        "{\"callsMediaModifications\":{\"sdp\":\"v=0\"}}",
        "{\"sdp\":\"v=0\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        call_rig rig;
        rig_begin(
            &rig,
            HEAD("PUT /sessions/S/conferences/C") "x-conference-action: "
                                                  "conference-answer\r\n\r\n",
            BODIES[i]);
        assert_int_equal(rig.e, PL_OK);
        const pl_conference_action *m = &rig.call.message.conference_action;
        assert_true(pl_slice_eq_str(m->sdp, "v=0"));
        assert_int_equal(m->action, PL_ACTION_ANSWER);
        assert_string_equal(m->session_id, "S");
        assert_string_equal(m->conf_id, "C");
        rig_end(&rig);
    }
}

static void reads_modification_ids_in_all_spellings(void **state)
{
    static const char *const REQUESTS[] = {
        HEAD("PUT /mediaConferences/C") "action: accept-conference-mod\r\n"
                                        "x-modId: M7\r\n\r\n",
        HEAD("PUT /mediaConferences/C") "x-calls-action: accept-call-mod\r\n"
                                        "x-mod-Id: M7\r\n\r\n",
        HEAD("PUT /RTC/v1/mediaConferences/C") "x-conference-action: "
                                               "accept-media-mod\r\nmodID: "
                                               "M7\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        call_rig rig;
        rig_begin(&rig, REQUESTS[i], NULL);
        assert_int_equal(rig.e, PL_OK);
        const pl_conference_action *m = &rig.call.message.conference_action;
        assert_string_equal(m->mod_id, "M7");
        assert_string_equal(m->conf_id, "C");
        assert_string_equal(m->session_id, ""); /* that of the token */
        rig_end(&rig);
    }
}

static void refuses_actions_without_what_they_need(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, HEAD("PUT /sessions/S/conferences/C") "\r\n", NULL);
    assert_int_equal(rig.e, PL_OK);
    assert_int_equal(rig.answer.status, 400);
    assert_non_null(strstr(pl_buf_text(&rig.answer.body), "SVC0002"));
    rig_end(&rig);
    rig_begin(&rig,
              HEAD("PUT /sessions/S/conferences/C") "action: accept-call-mod"
                                                    "\r\n\r\n",
              NULL);
    assert_int_equal(rig.e, PL_EINVAL);
    rig_end(&rig);
    rig_begin(&rig,
              HEAD("PUT /sessions/S/conferences/C") "action: jump\r\n\r\n",
              NULL);
    assert_int_equal(rig.e, PL_EINVAL);
    rig_end(&rig);
    rig_begin(&rig,
              HEAD("DELETE /sessions/S/conferences/C") "x-delete-reason: "
                                                       "boredom\r\n\r\n",
              NULL);
    assert_int_equal(rig.e, PL_EINVAL);
    rig_end(&rig);
}

static void refuses_bodies_that_are_not_objects(void **state)
{
    static const char *const BODIES[] = {"[]", "{", "x", "{\"sdp\":5}"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        call_rig rig;
        rig_begin(&rig, HEAD("POST /sessions/S/conferences") "\r\n", BODIES[i]);
        assert_int_equal(rig.e, PL_EPROTO);
        rig_end(&rig);
    }
}

static void answers_creation_with_id_location_and_state(void **state)
{
    call_rig rig;
    pl_conference_created r = {.conf_id = "K1", .session_id = "SH"};
    (void)state;
    rig_begin(&rig, HEAD("POST /RTC/v1/sessions/SH/conferences") "\r\n",
              "{\"conference\":{\"sdp\":\"v=0\"}}");
    rig_finish(&rig, PL_OK, &PL_MSG_CONFERENCE_CREATED, &r);
    assert_int_equal(rig.answer.status, 201);
    assert_true(rig_has_header(
        &rig, "Location: /RTC/v1/sessions/SH/conferences/K1\r\n"));
    assert_true(rig_has_header(&rig, "x-state: invitation-sent\r\n"));
    assert_string_equal(pl_buf_text(&rig.answer.body), "{\"confId\":\"K1\"}");
    rig_end(&rig);
    rig_begin(&rig, HEAD("POST /sessions/SH/conferences/") "\r\n",
              "{\"sdp\":\"v=0\"}");
    rig_finish(&rig, PL_OK, &PL_MSG_CONFERENCE_CREATED, &r);
    assert_int_equal(rig.answer.status, 202);
    assert_true(
        rig_has_header(&rig, "Location: /sessions/SH/conferences/K1\r\n"));
    rig_end(&rig);
}

static void keeps_plus_in_addresses_and_names_the_outcome(void **state)
{
    call_rig rig;
    pl_participant_invited r = {.mod_id = "P1", .participant_id = "x"};
    (void)state;
    rig_begin(
        &rig,
        HEAD(
            "PUT /sessions/S/conferences/C/participants/tel:+14255550100") "\r"
                                                                           "\n",
        NULL);
    assert_string_equal(rig.call.message.participant_invite.address,
                        "tel:+14255550100");
    rig_finish(&rig, PL_OK, &PL_MSG_PARTICIPANT_INVITED, &r);
    assert_int_equal(rig.answer.status, 204);
    assert_true(rig_has_header(&rig, "x-state: add-pending\r\n"));
    assert_true(rig_has_header(&rig, "x-modId: P1\r\n"));
    rig_end(&rig);
    rig_begin(
        &rig,
        HEAD(
            "DELETE /mediaConferences/C/participants/sip:b@example.com") "\r\n",
        NULL);
    assert_string_equal(rig.call.message.participant_remove.address,
                        "sip:b@example.com");
    rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
    assert_int_equal(rig.answer.status, 200);
    assert_true(rig_has_header(&rig, "x-state: remove-pending\r\n"));
    assert_string_equal(pl_buf_text(&rig.answer.body), "{}");
    rig_end(&rig);
}

/* Pairs of status and code outside this list make old clients throw. */
static bool is_safe(int status, const char *body)
{
    static const struct {
        int status;
        const char *codes;
    } SAFE[] = {
        {400, "SVC0001 SVC0002 SVC0003 SVC0004 SVC0020 SVC8514"},
        {401, "POL0001"},
        {403, "POL0001 POL0002 POL0003 POL1009 POL1100 POL1102"},
        {404, "SVC8514"},
        {409, "SVC8501"},
    };
    const char *at = strstr(body, "\"MessageId\":\"");
    if (!at)
        return status == 404 || status >= 500;
    char code[8] = "";
    memcpy(code, at + 13, 7);
    for (size_t i = 0; i < sizeof SAFE / sizeof SAFE[0]; i++)
        if (SAFE[i].status == status)
            return strstr(SAFE[i].codes, code) != NULL;
    return false;
}

static void answers_every_error_with_a_safe_pair(void **state)
{
    static const char *const REQUESTS[] = {
        HEAD("POST /RTC/v1/sessions") "\r\n",
        HEAD("PUT /userIds/bob") "\r\n",
        HEAD("PUT /sessions/S") "\r\n",
        HEAD("DELETE /sessions/S/conferences/C") "\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
        for (int e = PL_OK + 1; e < PL_ERR_COUNT; e++) {
            call_rig rig;
            pl_error error = {.code = (uint32_t)e, .text = "why"};
            rig_begin(&rig, REQUESTS[i], NULL);
            rig_finish(&rig, (pl_err)e, &PL_MSG_ERROR, &error);
            const char *body = pl_buf_text(&rig.answer.body);
            if (!is_safe(rig.answer.status, body))
                print_error("%d %s\n", rig.answer.status, body);
            assert_true(is_safe(rig.answer.status, body));
            assert_true(rig.answer.body.len > 0);
            rig_end(&rig);
        }
    }
}

static void says_session_gone_only_by_404(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, HEAD("DELETE /sessions/S/conferences/C") "\r\n", NULL);
    rig_finish(&rig, PL_ENOENT, NULL, NULL);
    assert_int_equal(rig.answer.status, 404);
    assert_string_equal(pl_buf_text(&rig.answer.body),
                        "{\"RequestError\":{\"Exception\":{\"Text\":\"The "
                        "session does not exist\",\"Variables\":\"\"}}}");
    pl_answer_reset(&rig.answer);
    rig_finish(&rig, PL_EGONE, NULL, NULL);
    assert_int_equal(rig.answer.status, 400);
    pl_answer_reset(&rig.answer);
    rig_finish(&rig, PL_EUNAVAILABLE, NULL, NULL);
    assert_int_equal(rig.answer.status, 503);
    assert_string_equal(rig.answer.content_type, "text/plain; charset=utf-8");
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_every_action_word),
        cmocka_unit_test(opens_sessions_in_both_dialects),
        cmocka_unit_test(ignores_the_emergency_id_that_means_none),
        cmocka_unit_test(finds_the_sdp_in_all_five_places),
        cmocka_unit_test(reads_modification_ids_in_all_spellings),
        cmocka_unit_test(refuses_actions_without_what_they_need),
        cmocka_unit_test(refuses_bodies_that_are_not_objects),
        cmocka_unit_test(answers_creation_with_id_location_and_state),
        cmocka_unit_test(keeps_plus_in_addresses_and_names_the_outcome),
        cmocka_unit_test(answers_every_error_with_a_safe_pair),
        cmocka_unit_test(says_session_gone_only_by_404),
    };
    return cmocka_run_group_tests_name("conference_api", tests, NULL, NULL);
}
