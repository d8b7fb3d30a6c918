/* test_conference_api.c - both spellings of the conference API. */
#include "call_rig.h"

#include "conference_api.h"

#define HEAD(line) line " HTTP/1.1\r\nHost: a\r\n"

static void maps_every_action_word(void **state)
{
    static const struct {
        const char *word;
        pl_action on_call, on_conference, on_media;
    } ROWS[] = {
#define SAME(action) PL_ACTION_##action, PL_ACTION_##action, PL_ACTION_##action
        {"call-answer", SAME(ANSWER)},
        {"conference-answer", SAME(ANSWER)},
        {"initiate-hold", SAME(HOLD)},
        {"initiate-conference-hold", SAME(HOLD)},
        {"Initiate-Call-Hold", PL_ACTION_HOLD, PL_ACTION_HOLD_MOVE,
         PL_ACTION_HOLD_MOVE},
        {"initiate-resume", SAME(RESUME)},
        {"initiate-conference-resume", SAME(RESUME)},
        {"initiate-call-resume", SAME(RESUME)},
        {"initiate-conference-mod", SAME(MODIFY)},
        {"initiate-call-mod", SAME(MODIFY)},
        {"accept-media-mod", SAME(ACCEPT)},
        {"accept-conference-mod", SAME(ACCEPT)},
        {"accept-call-mod", SAME(ACCEPT)},
        {"rejectCancel-conference-mod", SAME(REJECT)},
        {"rejectCancel-call-mod", SAME(REJECT)},
        {"initiate-call-move", PL_ACTION_MOVE, PL_ACTION_UNKNOWN,
         PL_ACTION_MOVE},
        {"initiate-call-transfer", PL_ACTION_TRANSFER, PL_ACTION_UNKNOWN,
         PL_ACTION_TRANSFER},
    };
    pl_action action;
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const pl_action want[] = {[PL_RESOURCE_UNKNOWN] = ROWS[i].on_media,
                                  [PL_RESOURCE_CONFERENCES] =
                                      ROWS[i].on_conference,
                                  [PL_RESOURCE_CALLS] = ROWS[i].on_call};
        for (int r = PL_RESOURCE_UNKNOWN; r <= PL_RESOURCE_CALLS; r++) {
            pl_err e = pl_conference_find_action(pl_slice_str(ROWS[i].word),
                                                 (pl_resource)r, &action);
            assert_int_equal(e, want[r] ? PL_OK : PL_EUNSUPPORTED);
            if (!e)
                assert_int_equal(action, want[r]);
        }
    }
    assert_int_equal(pl_conference_find_action(pl_slice_str("dance"),
                                               PL_RESOURCE_CALLS, &action),
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

static void an_emergency_id_is_printable(void **state)
{
    static const struct {
        const char *request, *body;
    } ROWS[] = {
        {HEAD("POST /RTC/v1/sessions") "x-e911Id: a\tb\r\n\r\n", NULL},
        {HEAD("POST /RTC/v1/sessions") "x-e911Id: \xc3\xbc\r\n\r\n", NULL},
        {HEAD("PUT /sessions/S") "\r\n",
         "{\"e911Association\":{\"e911Id\":\"a\\u0007b\"}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, PL_EINVAL);
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
    static const struct {
        const char *request, *body;
        pl_resource resource;
    } ROWS[] = {
        {HEAD("PUT /mediaConferences/C") "action: accept-conference-mod\r\n"
                                         "x-modId: M7\r\n\r\n",
         NULL, PL_RESOURCE_UNKNOWN},
        {HEAD("PUT /sessions/S/calls/C") "x-calls-action: accept-call-mod\r\n"
                                         "x-mod-Id: M7\r\n\r\n",
         NULL, PL_RESOURCE_CALLS},
        {HEAD("PUT /RTC/v1/mediaConferences/C/") "x-conference-action: "
                                                 "accept-media-mod\r\nmodID: "
                                                 "M7\r\n\r\n",
         NULL, PL_RESOURCE_UNKNOWN},
        {HEAD("PUT /sessions/S/conferences/C") "x-conference-action:\r\n"
                                               "action: "
                                               "rejectCancel-conference-mod"
                                               "\r\n\r\n",
         "{\"modID\":\"M7\"}", PL_RESOURCE_CONFERENCES},
        {HEAD("PUT /RTC/v1/sessions/S/calls/C") "x-calls-action: "
                                                "rejectCancel-call-mod\r\n"
                                                "\r\n",
         "{\"callsMediaModifications\":{\"modId\":\"M7\"}}", PL_RESOURCE_CALLS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        assert_int_equal(rig.answer.status, 0);
        const pl_conference_action *m = &rig.call.message.conference_action;
        assert_string_equal(m->mod_id, "M7");
        assert_string_equal(m->conf_id, "C");
        assert_int_equal(m->resource, ROWS[i].resource);
        assert_string_equal(m->session_id,
                            ROWS[i].resource ? "S" : ""); /* the token's */
        rig_end(&rig);
    }
}

static void begins_transfers_with_their_target(void **state)
{
    call_rig rig;
    pl_conference_action_done r = {.state = "mod-sent", .session_id = "S"};
    (void)state;
    rig_begin(&rig,
              HEAD("PUT /RTC/v1/sessions/S/calls/C1") "x-calls-action: "
                                                      "initiate-call-transfer"
                                                      "\r\nx-transferTarget"
                                                      "CallId: C2\r\n\r\n",
              "{\"callsMediaModifications\":{\"sdp\":\"v=0\"}}");
    assert_int_equal(rig.e, PL_OK);
    const pl_conference_action *m = &rig.call.message.conference_action;
    assert_int_equal(m->action, PL_ACTION_TRANSFER);
    assert_string_equal(m->target_id, "C2");
    assert_true(PL_MSG_HAS(CONFERENCE_ACTION, conference_action, m, target_id));
    rig_finish(&rig, PL_OK, &PL_MSG_CONFERENCE_ACTION_DONE, &r);
    assert_int_equal(rig.answer.status, 204);
    assert_int_equal(rig.answer.body.len, 0);
    assert_null(rig.answer.content_type);
    rig_end(&rig);
}

static void calls_a_party_in_every_body_form(void **state)
{
    static const struct {
        const char *request, *body;
        int status;
        const char *location;
    } ROWS[] = {
        {HEAD("POST /RTC/v1/sessions/SA/calls") "\r\n",
         "{\"call\":{\"calledParty\":\"sip:bob@example.com\",\"sdp\":"
         "\"v=0\"}}",
         201, "Location: /RTC/v1/sessions/SA/calls/C1\r\n"},
        {HEAD("POST /sessions/SA/calls/") "\r\n",
         "{\"calledParty\":\"sip:bob@example.com\",\"sdp\":\"v=0\"}", 202,
         "Location: /sessions/SA/calls/C1\r\n"},
        {HEAD("POST /sessions/SA/calls") "\r\n",
         "{\"call\":{\"sdp\":\"v=0\"},\"calledParty\":"
         "\"sip:bob@example.com\"}",
         202, "Location: /sessions/SA/calls/C1\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        pl_direct_call_created r = {.conf_id = "C1", .session_id = "SA"};
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        assert_ptr_equal(rig.call.desc, &PL_MSG_DIRECT_CALL_CREATE);
        const pl_direct_call_create *m = &rig.call.message.direct_call_create;
        assert_string_equal(m->address, "sip:bob@example.com");
        assert_string_equal(m->session_id, "SA");
        assert_true(pl_slice_eq_str(m->sdp, "v=0"));
        rig_finish(&rig, PL_OK, &PL_MSG_DIRECT_CALL_CREATED, &r);
        assert_int_equal(rig.answer.status, ROWS[i].status);
        assert_true(rig_has_header(&rig, ROWS[i].location));
        assert_true(rig_has_header(&rig, "x-state: invitation-sent\r\n"));
        assert_string_equal(pl_buf_text(&rig.answer.body),
                            "{\"callId\":\"C1\"}");
        rig_end(&rig);
    }
}

static void ends_calls_and_conferences_by_the_same_message(void **state)
{
    static const struct {
        const char *request;
        pl_resource resource;
        pl_delete_reason reason;
    } ROWS[] = {
        {HEAD("DELETE /RTC/v1/sessions/S/calls/C") "x-delete-reason: reject"
                                                   "\r\n\r\n",
         PL_RESOURCE_CALLS, PL_DELETE_REASON_REJECT},
        {HEAD("DELETE /sessions/S/conferences/C/") "\r\n",
         PL_RESOURCE_CONFERENCES, PL_DELETE_REASON_TERMINATE},
        {HEAD("DELETE /mediaConferences/C") "x-delete-reason: cancel\r\n\r\n",
         PL_RESOURCE_UNKNOWN, PL_DELETE_REASON_CANCEL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i].request, NULL);
        assert_int_equal(rig.e, PL_OK);
        const pl_conference_delete *m = &rig.call.message.conference_delete;
        assert_int_equal(m->resource, ROWS[i].resource);
        assert_int_equal(m->reason, ROWS[i].reason);
        rig_finish(&rig, PL_OK, &PL_MSG_OK_REPLY, NULL);
        assert_int_equal(rig.answer.status, 200);
        assert_string_equal(pl_buf_text(&rig.answer.body), "{}");
        rig_end(&rig);
    }
}

static void says_what_is_missing_or_wrong(void **state)
{
#define ACT_CALL HEAD("PUT /sessions/S/calls/C")
    static const struct {
        const char *request, *body, *code, *text;
    } ROWS[] = {
        {HEAD("PUT /sessions/S/conferences/C") "\r\n", NULL, "SVC0002",
         "x-conference-action"},
        {ACT_CALL "action: accept-call-mod\r\n\r\n", NULL, "SVC0002",
         "x-modId"},
        {ACT_CALL "action: jump\r\n\r\n", NULL, "SVC0003", "action"},
        {ACT_CALL "action: initiate-call-transfer\r\n\r\n", NULL, "SVC0002",
         "x-transferTargetCallId"},
        {HEAD("DELETE /sessions/S/calls/C") "x-delete-reason: boredom\r\n\r\n",
         NULL, "SVC0003", "x-delete-reason"},
        {HEAD("POST /sessions/S/calls") "\r\n", "{\"sdp\":\"v=0\"}", "SVC0002",
         "calledParty"},
        {HEAD("POST /sessions/S/calls") "\r\n", NULL, "SVC0002", "calledParty"},
        {HEAD("POST /sessions/S/calls") "\r\n",
         "{\"call\":{\"calledParty\":null,\"sdp\":\"v=0\"}}", "SVC0003",
         "calledParty"},
        {HEAD("POST /sessions/S/calls") "\r\n",
         "{\"call\":{\"calledParty\":7,\"sdp\":\"v=0\"}}", "SVC0003",
         "calledParty"},
        {HEAD("POST /sessions/S/calls") "\r\n",
         "{\"call\":{\"calledParty\":\"\",\"sdp\":\"v=0\"}}", "SVC0003",
         "calledParty"},
        {HEAD("POST /sessions/S/calls") "\r\n",
         "{\"call\":{\"calledParty\":\"bob\"}}", "SVC0002", "call.sdp"},
        {HEAD("PUT /sessions/S") "\r\n", "{\"e911Association\":{}}", "SVC0002",
         "e911Id"},
        {HEAD("PUT /sessions/S") "\r\n",
         "{\"e911Association\":{\"e911Id\":\"undefined\"}}", "SVC0002",
         "e911Id"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        rig_begin(&rig, ROWS[i].request, ROWS[i].body);
        assert_int_equal(rig.e, PL_OK);
        assert_int_equal(rig.answer.status, 400);
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), ROWS[i].code));
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), ROWS[i].text));
        rig_end(&rig);
    }
}

static void leaves_calls_only_words_to_calls(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig,
              HEAD("PUT /sessions/S/conferences/C") "action: "
                                                    "initiate-call-move\r\n"
                                                    "\r\n",
              "{\"sdp\":\"v=0\"}");
    assert_int_equal(rig.e, PL_EUNSUPPORTED);
    rig_end(&rig);
}

/* roompool decides whether an sdp is needed; what it says then is clear. */
static void names_a_missing_sdp(void **state)
{
    static const char *const REQUESTS[] = {
        HEAD("POST /sessions/S/conferences") "\r\n",
        HEAD("PUT /sessions/S/calls/C") "action: initiate-hold\r\n\r\n"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        call_rig rig;
        rig_begin(&rig, REQUESTS[i], "{}");
        assert_int_equal(rig.e, PL_OK);
        rig_finish(&rig, PL_EINVAL, NULL, NULL);
        assert_int_equal(rig.answer.status, 400);
        assert_non_null(strstr(pl_buf_text(&rig.answer.body), "SVC0002"));
        rig_end(&rig);
    }
}

static void tells_whom_a_token_speaks_for(void **state)
{
    call_rig rig;
    pl_api_message *m = &rig.call.message;
    (void)state;
    rig_begin(&rig, HEAD("POST /RTC/v1/sessions") "\r\n", NULL);
    assert_false(PL_MSG_HAS(SESSION_CREATE, session_create, m, user_type));
    assert_false(m->session_create.names_user);
    rig_end(&rig);
    rig_begin_as(&rig, HEAD("POST /RTC/v1/sessions") "\r\n", NULL,
                 PL_SCOPE_WEBRTCMOBILE | PL_SCOPE_EMERGENCYSERVICES, true);
    assert_true(PL_MSG_HAS(SESSION_CREATE, session_create, m, user_type));
    assert_int_equal(m->session_create.user_type, PL_USER_TYPE_MOBILE);
    assert_true(m->session_create.names_user);
    rig_end(&rig);
}

static void a_token_for_other_apis_opens_nothing(void **state)
{
    static const struct {
        unsigned scopes;
        const char *text;
        bool may;
    } ROWS[] = {
        {PL_SCOPE_WEBRTC, "WEBRTC", true},
        {PL_SCOPE_WEBRTCMOBILE, "WEBRTCMOBILE", true},
        {PL_SCOPE_ROOMS | PL_SCOPE_WEBRTC, "rooms WEBRTC", true},
        {PL_SCOPE_WEBRTC, "webrtc-events:read WEBRTC", true},
        {PL_SCOPE_EMERGENCYSERVICES, "EMERGENCYSERVICES", false},
        {PL_SCOPE_ROOMS | PL_SCOPE_ROOMS_ADMIN, "rooms rooms.admin", false},
        {PL_SCOPE_MANAGEMENT, "management", false},
        {PL_SCOPE_VIDEO, "openid video", false},
        {0, "openid webrtc-events:read", false},
        {0, "openid profile", true}, /* of an issuer that knows us not */
        {0, "", true},
    };
    static const char *const REQUESTS[] = {
        HEAD("POST /RTC/v1/sessions") "\r\n", HEAD("POST /sessions") "\r\n",
        HEAD("PUT /RTC/v1/userIds/alice") "\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        rig_scope_text = ROWS[i].text;
        for (size_t k = 0; k < sizeof REQUESTS / sizeof REQUESTS[0]; k++) {
            call_rig rig;
            rig_begin_as(&rig, REQUESTS[k], NULL, ROWS[i].scopes, false);
            assert_int_equal(rig.e, PL_OK);
            assert_int_equal(rig.answer.status, ROWS[i].may ? 0 : 403);
            if (!ROWS[i].may)
                assert_non_null(
                    strstr(pl_buf_text(&rig.answer.body), "\"POL0001\""));
            rig_end(&rig);
        }
    }
    rig_scope_text = "";
}

static void associates_an_emergency_address(void **state)
{
    call_rig rig;
    pl_session_refreshed r = {.expires_s = 600};
    const pl_session_refresh *m = &rig.call.message.session_refresh;
    (void)state;
    rig_begin(&rig, HEAD("PUT /sessions/S") "\r\n",
              "{\"e911Association\":{\"e911Id\":\"aa:bb\"}}");
    assert_int_equal(rig.e, PL_OK);
    assert_string_equal(m->e911_id, "aa:bb");
    assert_true(PL_MSG_HAS(SESSION_REFRESH, session_refresh, m, e911_id));
    rig_finish(&rig, PL_OK, &PL_MSG_SESSION_REFRESHED, &r);
    assert_int_equal(rig.answer.status, 204);
    assert_true(rig_has_header(&rig, "x-expires: 600\r\n"));
    rig_end(&rig);
    rig_begin(&rig, HEAD("PUT /sessions/S") "\r\n", NULL);
    assert_false(PL_MSG_HAS(SESSION_REFRESH, session_refresh, m, e911_id));
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

static void bounds_the_sdp(void **state)
{
    static char body[PL_SDP_MAX + 64];
    (void)state;
    for (int more = 0; more < 2; more++) {
        call_rig rig;
        (void)snprintf(body, sizeof body, "{\"sdp\":\"%0*d\"}",
                       PL_SDP_MAX + more, 0);
        rig_begin(&rig, HEAD("POST /sessions/S/conferences") "\r\n", body);
        assert_int_equal(rig.e, more ? PL_ETOOBIG : PL_OK);
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

/* Its events come in the session's own spelling, and clients match the two. */
static void locations_are_in_the_sessions_own_spelling(void **state)
{
    static const struct {
        const char *base, *location;
        uint32_t dialect;
    } ROWS[] = {
        {"", "/RTC/v1", PL_DIALECT_RTC1},
        {"/RTC/v1", "", PL_DIALECT_BARE},
        {"/RTC/v1", "/RTC/v1", PL_DIALECT_RTC1},
        {"/RTC/v1", "/RTC/v1", PL_DIALECT_UNKNOWN}, /* an older roompool */
    };
    static const char body[] =
        "{\"call\":{\"calledParty\":\"bob\",\"sdp\":\"v=0\"}}";
    char text[128];
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        call_rig rig;
        pl_conference_created conf = {
            .conf_id = "K", .session_id = "S", .dialect = ROWS[i].dialect};
        pl_direct_call_created c = {
            .conf_id = "K", .session_id = "S", .dialect = ROWS[i].dialect};
        (void)snprintf(text, sizeof text,
                       HEAD("POST %s/sessions/S/conferences") "\r\n",
                       ROWS[i].base);
        rig_begin(&rig, text, body);
        rig_finish(&rig, PL_OK, &PL_MSG_CONFERENCE_CREATED, &conf);
        (void)snprintf(text, sizeof text,
                       "Location: %s/sessions/S/conferences/K\r\n",
                       ROWS[i].location);
        assert_true(rig_has_header(&rig, text));
        rig_end(&rig);
        (void)snprintf(text, sizeof text,
                       HEAD("POST %s/sessions/S/calls") "\r\n", ROWS[i].base);
        rig_begin(&rig, text, body);
        rig_finish(&rig, PL_OK, &PL_MSG_DIRECT_CALL_CREATED, &c);
        (void)snprintf(text, sizeof text, "Location: %s/sessions/S/calls/K\r\n",
                       ROWS[i].location);
        assert_true(rig_has_header(&rig, text));
        rig_end(&rig);
    }
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

static void says_session_gone_only_by_404(void **state)
{
    call_rig rig;
    (void)state;
    rig_begin(&rig, HEAD("DELETE /sessions/S/conferences/C") "\r\n", NULL);
    rig_finish(&rig, PL_ENOENT, NULL, NULL);
    assert_int_equal(rig.answer.status, 404);
    assert_string_equal(pl_buf_text(&rig.answer.body),
                        "{\"RequestError\":{\"Exception\":{\"Text\":\"The "
                        "session does not exist; create one\",\"Variables\":"
                        "\"\"}}}");
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
        cmocka_unit_test(an_emergency_id_is_printable),
        cmocka_unit_test(ignores_the_emergency_id_that_means_none),
        cmocka_unit_test(finds_the_sdp_in_all_five_places),
        cmocka_unit_test(reads_modification_ids_in_all_spellings),
        cmocka_unit_test(begins_transfers_with_their_target),
        cmocka_unit_test(calls_a_party_in_every_body_form),
        cmocka_unit_test(ends_calls_and_conferences_by_the_same_message),
        cmocka_unit_test(says_what_is_missing_or_wrong),
        cmocka_unit_test(leaves_calls_only_words_to_calls),
        cmocka_unit_test(names_a_missing_sdp),
        cmocka_unit_test(tells_whom_a_token_speaks_for),
        cmocka_unit_test(a_token_for_other_apis_opens_nothing),
        cmocka_unit_test(associates_an_emergency_address),
        cmocka_unit_test(refuses_bodies_that_are_not_objects),
        cmocka_unit_test(bounds_the_sdp),
        cmocka_unit_test(answers_creation_with_id_location_and_state),
        cmocka_unit_test(locations_are_in_the_sessions_own_spelling),
        cmocka_unit_test(keeps_plus_in_addresses_and_names_the_outcome),
        cmocka_unit_test(says_session_gone_only_by_404),
    };
    return cmocka_run_group_tests_name("conference_api", tests, NULL, NULL);
}
