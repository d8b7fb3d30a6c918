/* test_call.c - calls between two: users, and users and telephones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    user alice, bob, bob2; /* bob2: a second session of bob */
    char call[CONF_ID_SIZE];
} stage;

static int setup(void **state)
{
    static stage s;
    world_create(&s.w, 2);
    user_opens(&s.w, &s.alice, "alice", "ta");
    user_opens(&s.w, &s.bob, "bob", "tb");
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_destroy(&s->w);
    return 0;
}

static void call_bob(stage *s)
{
    user_calls(&s->w, &s->alice, "sip:bob@localhost", s->call);
    user_is_called(&s->w, &s->bob, s->call);
}

static void bob_talks(stage *s)
{
    answer ev;
    call_bob(s);
    user_answers(&s->w, &s->bob, s->call);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
    assert_false(ev.body.event.provisional);
}

/* The prompt that a session hears last. */
static const char *prompt_of(stage *s, const user *u)
{
    size_t cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_map_next(world_pool(&s->w)->legs, &cursor, NULL)) != NULL)
        if (strcmp(leg->row.session_id, u->session) == 0)
            return media_leg(&s->w, leg->row.leg_id)->prompt;
    return "no leg";
}

static int64_t live_calls(stage *s, const char *state)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM v_live_calls WHERE state = '%s'", state);
    return world_sql(&s->w, sql);
}

static void nothing_is_left(stage *s)
{
    world_check(&s->w);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_live_calls"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
    world_run(&s->w, 61 * S);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants"), 0);
}

/* ---- between users ---- */

static void a_call_rings_and_is_answered(void **state)
{
    stage *s = *state;
    answer ev;
    call_bob(s);
    assert_string_equal(prompt_of(s, &s->alice), "ringback");
    assert_int_equal(live_calls(s, "ringing"), 1);
    user_answers(&s->w, &s->bob, s->call);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
    assert_string_equal(prompt_of(s, &s->alice), "");
    assert_int_equal(live_calls(s, "connected"), 1);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_live_calls WHERE "
                                      "caller = 'alice' AND callee = 'bob'"),
                     1);
    user_reads_nothing(&s->w, &s->alice);
    user_reads_nothing(&s->w, &s->bob);
    assert_int_equal(world_metric(&s->w, PL_RM_direct_calls), 1);
    assert_int_equal(world_metric(&s->w, PL_RM_direct_answered), 1);
    world_check(&s->w);
}

static void the_callee_sees_who_calls(void **state)
{
    stage *s = *state;
    answer a;
    answer ev;
    assert_int_equal(call_create(&s->w, &s->alice, "bob", &a), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.from, "sip:alice@localhost");
}

static void the_tone_begins_when_it_rings(void **state)
{
    stage *s = *state;
    pl_direct_call_create m = {.sdp = pl_slice_str("x")};
    answer a;
    AS_CLIENT(m, s->alice.token);
    PUT(m.address, "bob");
    world_send(&s->w, s->w.api, &PL_MSG_DIRECT_CALL_CREATE, &m, &a);
    for (int i = 0; i < 100 && !a.is_done; i++) {
        assert_string_not_equal(prompt_of(s, &s->alice), "ringback");
        world_run(&s->w, MS / 10);
    }
    world_run(&s->w, 20 * MS);
    assert_string_equal(prompt_of(s, &s->alice), "ringback");
}

static void all_sessions_ring_and_the_first_answer_wins(void **state)
{
    stage *s = *state;
    answer ev;
    answer a;
    user_opens(&s->w, &s->bob2, "bob", "tb2");
    call_bob(s);
    user_is_called(&s->w, &s->bob2, s->call);
    user_answers(&s->w, &s->bob2, s->call);
    user_is_out(&s->w, &s->bob, "Call canceled");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_int_equal(
        conference_do(&s->w, "tb", s->call, PL_ACTION_ANSWER, "x", &a),
        PL_EGONE);
    /* Who lost may say so once more, which harms nobody. */
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->call, PL_DELETE_REASON_REJECT), PL_OK);
    assert_int_equal(live_calls(s, "connected"), 1);
    world_check(&s->w);
}

static void one_rejects_and_the_other_rings_on(void **state)
{
    stage *s = *state;
    user_opens(&s->w, &s->bob2, "bob", "tb2");
    call_bob(s);
    user_is_called(&s->w, &s->bob2, s->call);
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(
            call_delete(&s->w, &s->bob, s->call, PL_DELETE_REASON_REJECT),
            PL_OK);
    user_is_out(&s->w, &s->bob, "User busy");
    user_reads_nothing(&s->w, &s->bob);
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(live_calls(s, "ringing"), 1);
    assert_int_equal(
        call_delete(&s->w, &s->bob2, s->call, PL_DELETE_REASON_REJECT), PL_OK);
    user_is_out(&s->w, &s->bob2, "User busy");
    user_is_out(&s->w, &s->alice, "User busy");
    nothing_is_left(s);
}

static void the_caller_cancels(void **state)
{
    stage *s = *state;
    user_opens(&s->w, &s->bob2, "bob", "tb2");
    call_bob(s);
    user_is_called(&s->w, &s->bob2, s->call);
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(
            call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_CANCEL),
            PL_OK);
    user_is_out(&s->w, &s->alice, "Call canceled");
    user_is_out(&s->w, &s->bob, "Call canceled");
    user_is_out(&s->w, &s->bob2, "Call canceled");
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_metric(&s->w, PL_RM_direct_unanswered), 1);
    nothing_is_left(s);
}

static void either_party_hangs_up(void **state)
{
    stage *s = *state;
    const user *who[] = {&s->alice, &s->bob};
    for (size_t i = 0; i < 2; i++) {
        bob_talks(s);
        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(
                call_delete(&s->w, who[i], s->call, PL_DELETE_REASON_TERMINATE),
                PL_OK);
        user_is_out(&s->w, &s->alice, "call ended");
        user_is_out(&s->w, &s->bob, "call ended");
        user_reads_nothing(&s->w, &s->alice);
        user_reads_nothing(&s->w, &s->bob);
        assert_int_equal(world_metric(&s->w, PL_RM_direct_unanswered), 0);
        nothing_is_left(s);
    }
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_call_records "
                                      "WHERE room = '(call)'"),
                     4);
}

static void nobody_answers(void **state)
{
    stage *s = *state;
    call_bob(s);
    world_run(&s->w, 46 * S);
    user_is_out(&s->w, &s->alice, "No answer");
    user_is_out(&s->w, &s->bob, "No answer");
    nothing_is_left(s);
}

static void a_session_that_ends_ends_its_calls(void **state)
{
    stage *s = *state;
    pl_session_delete m = {.present = 0};
    answer a;
    bob_talks(s);
    AS_CLIENT(m, s->bob.token);
    world_ask(&s->w, &PL_MSG_SESSION_DELETE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    user_is_out(&s->w, &s->alice, "session closed");
    user_opens(&s->w, &s->bob, "bob", "tb"); /* the token is free */
    call_bob(s);
    AS_CLIENT(m, s->alice.token);
    world_ask(&s->w, &PL_MSG_SESSION_DELETE, &m, &a);
    user_is_out(&s->w, &s->bob, "session closed");
    nothing_is_left(s);
}

static void a_session_that_expires_ends_its_calls(void **state)
{
    stage *s = *state;
    pl_session_refresh m = {.present = 0};
    answer a;
    bob_talks(s);
    AS_CLIENT(m, s->bob.token);
    for (int i = 0; i < 3; i++) {
        world_run(&s->w, (int64_t)1300 * S);
        world_ask(&s->w, &PL_MSG_SESSION_REFRESH, &m, &a);
        assert_int_equal(a.error, PL_OK);
    }
    user_is_out(&s->w, &s->bob, "session expired");
    nothing_is_left(s);
}

static void who_cannot_be_called(void **state)
{
    stage *s = *state;
    answer a;
    static const struct {
        const char *address;
        pl_err e;
    } rows[] = {
        {"nobody", PL_ENOUSER},
        {"sip:nobody@localhost", PL_ENOUSER},
        {"vtn:4255550199", PL_ENOUSER},
        {"alice", PL_ENOUSER}, /* herself, with no other session */
        {"sip:", PL_EINVAL},
        {"sip:@localhost", PL_EINVAL},
        {"tel:", PL_EINVAL},
        {"tel:abc", PL_EINVAL},
        {"bob\r\nVia: x", PL_EINVAL},
        {"sip:bob@localhost\r\nX: y", PL_EINVAL},
        {"sip:name@icmn.api.att.net", PL_EINVAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_err e = call_create(&s->w, &s->alice, rows[i].address, &a);
        if (e != rows[i].e)
            fail_msg("%s: %s", rows[i].address, pl_err_text(e));
    }
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM call_records"), 0);
}

static void bad_media_leaves_nothing_behind(void **state)
{
    stage *s = *state;
    answer a;
    s->w.media[0].refuse = s->w.media[1].refuse = PL_EMEDIA;
    assert_int_equal(call_create(&s->w, &s->alice, "bob", &a), PL_EMEDIA);
    user_reads_nothing(&s->w, &s->alice);
    user_reads_nothing(&s->w, &s->bob);
    s->w.media[0].refuse = s->w.media[1].refuse = PL_OK;
    nothing_is_left(s);
}

static void the_callee_goes_before_it_rings(void **state)
{
    stage *s = *state;
    pl_direct_call_create m = {.sdp = pl_slice_str("x")};
    pl_session_delete bye = {.present = 0};
    answer made;
    answer a;
    AS_CLIENT(m, s->alice.token);
    PUT(m.address, "bob");
    AS_CLIENT(bye, s->bob.token);
    world_send(&s->w, s->w.api, &PL_MSG_DIRECT_CALL_CREATE, &m, &made);
    world_send(&s->w, s->w.api, &PL_MSG_SESSION_DELETE, &bye, &a);
    world_wait(&s->w, &made);
    assert_int_equal(made.error, PL_ENOUSER);
    user_reads_nothing(&s->w, &s->alice);
    nothing_is_left(s);
}

static void a_user_calls_her_other_session(void **state)
{
    stage *s = *state;
    user other;
    answer ev;
    user_opens(&s->w, &other, "alice", "ta2");
    user_calls(&s->w, &s->alice, "alice", s->call);
    user_is_called(&s->w, &other, s->call);
    user_answers(&s->w, &other, s->call);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_int_equal(
        call_delete(&s->w, &other, s->call, PL_DELETE_REASON_TERMINATE), PL_OK);
    user_is_out(&s->w, &s->alice, "call ended");
}

static void the_kind_of_the_path_must_fit(void **state)
{
    stage *s = *state;
    pl_conference_delete m = {.resource = PL_RESOURCE_CONFERENCES};
    answer a;
    bob_talks(s);
    AS_CLIENT(m, s->alice.token);
    PUT(m.conf_id, s->call);
    PL_MSG_SET(CONFERENCE_DELETE, conference_delete, &m, resource);
    world_ask(&s->w, &PL_MSG_CONFERENCE_DELETE, &m, &a);
    assert_int_equal(a.error, PL_EGONE);
    assert_int_equal(invite(&s->w, "ta", s->call, "bob", &a), PL_EGONE);
    m.resource = PL_RESOURCE_UNKNOWN; /* mediaConferences: either */
    world_ask(&s->w, &PL_MSG_CONFERENCE_DELETE, &m, &a);
    assert_int_equal(a.error, PL_OK);
}

static void a_call_that_rings_ends_with_its_media_worker(void **state)
{
    stage *s = *state;
    call_bob(s);
    for (unsigned i = 0; i < 2; i++)
        if (s->w.media[i].n_legs > 0)
            world_kill_media(&s->w, i);
    world_run(&s->w, 10 * S);
    user_is_out(&s->w, &s->alice, "media worker lost");
    user_is_out(&s->w, &s->bob, "media worker lost");
    nothing_is_left(s);
}

/* ---- a user calls a telephone ---- */

static const char *dial(stage *s, const char *address)
{
    user_calls(&s->w, &s->alice, address, s->call);
    const fake_call *call = sig_started(&s->w);
    assert_non_null(call);
    return call->id;
}

static void a_telephone_rings_and_answers(void **state)
{
    stage *s = *state;
    answer ev;
    const char *id = dial(s, "tel:+14255550100");
    assert_string_equal(sig_call(&s->w, id)->to, "tel:+14255550100");
    assert_string_equal(sig_call(&s->w, id)->from_name, "alice");
    assert_string_not_equal(prompt_of(s, &s->alice), "ringback");
    assert_int_equal(phone_report(&s->w, id, PL_CALL_STATE_RINGING, 180, NULL),
                     PL_OK);
    assert_string_equal(prompt_of(s, &s->alice), "ringback");
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(
        phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, "sdp"), PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
    assert_string_equal(prompt_of(s, &s->alice), "");
    assert_int_equal(live_calls(s, "connected"), 1);
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->alice, "call ended");
    assert_true(sig_call(&s->w, id)->is_ended);
    nothing_is_left(s);
}

static void early_media_replaces_the_tone(void **state)
{
    stage *s = *state;
    answer ev;
    const char *id = dial(s, "sip:carol@example.net");
    (void)phone_report(&s->w, id, PL_CALL_STATE_RINGING, 180, NULL);
    assert_string_equal(prompt_of(s, &s->alice), "ringback");
    (void)phone_report(&s->w, id, PL_CALL_STATE_EARLY, 183, "sdp");
    assert_string_equal(prompt_of(s, &s->alice), "");
    (void)phone_report(&s->w, id, PL_CALL_STATE_RINGING, 180, NULL);
    assert_string_equal(prompt_of(s, &s->alice), "");
    user_reads_nothing(&s->w, &s->alice);
    (void)phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, NULL);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    (void)phone_report(&s->w, id, PL_CALL_STATE_ENDED, 200, NULL);
    user_is_out(&s->w, &s->alice, "hung up");
    nothing_is_left(s);
}

/* Another phone behind a gateway answers than the one that was heard. */
static void another_telephone_may_answer(void **state)
{
    stage *s = *state;
    static const struct {
        const char *answer;
        unsigned n_remote;
    } rows[] = {{"sdp", 1}, {"another", 3}};
    for (size_t i = 0; i < 2; i++) {
        answer ev;
        const char *id = dial(s, "sip:carol@example.net");
        (void)phone_report(&s->w, id, PL_CALL_STATE_EARLY, 183, "sdp");
        (void)phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200,
                           rows[i].answer);
        user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
        const pl_call *call = pl_map_find(world_pool(&s->w)->calls, id);
        const pl_leg *leg = PL_CONTAINER(call->part->legs.next, pl_leg, link);
        /* the first answer; then an offer of ours, and its answer */
        assert_int_equal(media_leg(&s->w, leg->row.leg_id)->n_remote,
                         rows[i].n_remote);
        assert_int_equal(live_calls(s, "connected"), 1);
        (void)phone_report(&s->w, id, PL_CALL_STATE_ENDED, 200, NULL);
        user_is_out(&s->w, &s->alice, "hung up");
    }
    nothing_is_left(s);
}

static void a_telephone_does_not_answer(void **state)
{
    stage *s = *state;
    static const struct {
        uint32_t status;
        const char *reason;
    } rows[] = {{486, "User busy"},
                {603, "User busy"},
                {480, "No answer"},
                {408, "No answer"},
                {404, "Call failed"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *id = dial(s, "tel:+14255550100");
        (void)phone_report(&s->w, id, PL_CALL_STATE_ENDED, rows[i].status,
                           NULL);
        user_is_out(&s->w, &s->alice, rows[i].reason);
        world_check(&s->w);
    }
    nothing_is_left(s);
}

static void virtual_user(stage *s, user *u)
{
    pl_session_create c = {.dialect = PL_DIALECT_RTC1};
    answer a;
    AS_CLIENT(c, "tv");
    PUT(c.user_id, "vtn:4255550100");
    PUT(c.e911_id, "a:b:c:d");
    PL_MSG_SET(SESSION_CREATE, session_create, &c, user_id);
    PL_MSG_SET(SESSION_CREATE, session_create, &c, e911_id);
    world_ask(&s->w, &PL_MSG_SESSION_CREATE, &c, &a);
    assert_int_equal(a.error, PL_OK);
    PUT(u->token, "tv");
    PUT(u->session, a.body.session.session_id);
}

static void a_number_is_shown_to_a_telephone(void **state)
{
    stage *s = *state;
    virtual_user(s, &s->alice);
    const char *id = dial(s, "tel:+14255550199");
    assert_string_equal(sig_call(&s->w, id)->from, "+4255550100");
}

static void the_caller_cancels_a_telephone(void **state)
{
    stage *s = *state;
    const char *id = dial(s, "tel:+14255550100");
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_CANCEL), PL_OK);
    user_is_out(&s->w, &s->alice, "Call canceled");
    assert_true(sig_call(&s->w, id)->is_ended);
    nothing_is_left(s);
}

static void short_numbers_are_dialled(void **state)
{
    stage *s = *state;
    const char *id = dial(s, "sip:911@icmn.api.att.net");
    assert_string_equal(sig_call(&s->w, id)->to, "tel:911");
}

static void without_telephony_there_is_no_call(void **state)
{
    stage *s = *state;
    answer a;
    world_kill_signaling(&s->w);
    world_run(&s->w, 40 * S);
    assert_int_equal(call_create(&s->w, &s->alice, "tel:+14255550100", &a),
                     PL_EUNAVAILABLE);
    user_reads_nothing(&s->w, &s->alice);
    nothing_is_left(s);
    world_start_signaling(&s->w);
}

/* ---- a telephone calls a user ---- */

static void phone_calls_bob(stage *s, const char *id)
{
    answer ev;
    assert_int_equal(phone_call(&s->w, id, "bob", "phone-offer"), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.resource, "calls");
    assert_string_equal(ev.body.event.from, "sip:+15551234@example.net");
    PUT(s->call, ev.body.event.conf_id);
    assert_int_equal(sig_call(&s->w, id)->status, 0); /* 180 by the worker */
}

static void a_telephone_calls_a_user(void **state)
{
    stage *s = *state;
    phone_calls_bob(s, "c1");
    user_answers(&s->w, &s->bob, s->call);
    world_run(&s->w, 20 * MS);
    assert_int_equal(sig_call(&s->w, "c1")->status, 200);
    assert_string_equal(sig_call(&s->w, "c1")->sdp, "answer:phone-offer");
    assert_int_equal(
        phone_report(&s->w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL), PL_OK);
    assert_int_equal(live_calls(s, "connected"), 1);
    (void)phone_report(&s->w, "c1", PL_CALL_STATE_ENDED, 200, NULL);
    user_is_out(&s->w, &s->bob, "hung up");
    nothing_is_left(s);
}

static void the_user_hangs_up_on_a_telephone(void **state)
{
    stage *s = *state;
    phone_calls_bob(s, "c1");
    user_answers(&s->w, &s->bob, s->call);
    (void)phone_report(&s->w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL);
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->call, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->bob, "call ended");
    assert_true(sig_call(&s->w, "c1")->is_ended);
    nothing_is_left(s);
}

static void a_telephone_gives_up(void **state)
{
    stage *s = *state;
    phone_calls_bob(s, "c1");
    (void)phone_report(&s->w, "c1", PL_CALL_STATE_ENDED, 487, NULL);
    user_is_out(&s->w, &s->bob, "Call canceled");
    nothing_is_left(s);
}

static void a_user_rejects_a_telephone(void **state)
{
    stage *s = *state;
    phone_calls_bob(s, "c1");
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->call, PL_DELETE_REASON_REJECT), PL_OK);
    assert_true(sig_call(&s->w, "c1")->is_ended);
    assert_int_equal(sig_call(&s->w, "c1")->end_status, 486);
    nothing_is_left(s);
}

static void nobody_answers_a_telephone(void **state)
{
    stage *s = *state;
    phone_calls_bob(s, "c1");
    world_run(&s->w, 46 * S);
    assert_int_equal(sig_call(&s->w, "c1")->end_status, 480);
    user_is_out(&s->w, &s->bob, "No answer");
    nothing_is_left(s);
}

static void nobody_is_there_for_a_telephone(void **state)
{
    stage *s = *state;
    assert_int_equal(phone_call(&s->w, "c1", "nobody", "o"), PL_ENOENT);
    assert_int_equal(phone_call(&s->w, "c2", "+14255550199", "o"), PL_ENOENT);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences"), 0);
}

static void a_telephone_calls_a_number_of_a_user(void **state)
{
    static const char *const numbers[] = {"+14255550100", "4255550100",
                                          "vtn:4255550100"};
    stage *s = *state;
    user v;
    answer ev;
    virtual_user(s, &v);
    for (size_t i = 0; i < 3; i++) {
        char id[8];
        pl_fmt_cut(id, sizeof id, "c%zu", i);
        assert_int_equal(phone_call(&s->w, id, numbers[i], "o"), PL_OK);
        user_reads(&s->w, &v, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
        (void)phone_report(&s->w, id, PL_CALL_STATE_ENDED, 487, NULL);
        user_is_out(&s->w, &v, "Call canceled");
    }
}

static void a_room_comes_before_a_user(void **state)
{
    stage *s = *state;
    user lobby;
    user_opens(&s->w, &lobby, "lobby", "tl");
    assert_int_equal(phone_call(&s->w, "c1", "lobby", "o"), PL_OK);
    assert_int_equal(sig_call(&s->w, "c1")->status, 200);
    user_reads_nothing(&s->w, &lobby);
}

static void an_offerless_telephone_calls_a_user(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(phone_call(&s->w, "c1", "bob", NULL), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    user_answers(&s->w, &s->bob, ev.body.event.conf_id);
    world_run(&s->w, 20 * MS);
    assert_memory_equal(sig_call(&s->w, "c1")->sdp, "offer:", 6);
    assert_int_equal(
        phone_report(&s->w, "c1", PL_CALL_STATE_CONFIRMED, 0, "phone-answer"),
        PL_OK);
    assert_int_equal(live_calls(s, "connected"), 1);
    world_check(&s->w);
}

/* Its number may be in the INVITE for the network's sake. */
static void who_hides_is_not_shown_in_a_room(void **state)
{
    stage *s = *state;
    pl_call_incoming m = {.sdp = pl_slice_str("po"), .anonymous = true};
    PUT(m.to_user, "lobby");
    PUT(m.to_host, "localhost");
    PUT(m.from_uri, "sip:+15551234@example.net");
    PUT(m.from_name, "Carla");
    PL_MSG_SET(CALL_INCOMING, call_incoming, &m, sdp);
    PL_MSG_SET(CALL_INCOMING, call_incoming, &m, anonymous);
    assert_int_equal(phone_calls_as(&s->w, "c1", &m), PL_OK);
    assert_int_equal(world_sql(&s->w,
                               "SELECT count(*) FROM participants WHERE "
                               "display_name = 'Anonymous' AND address = "
                               "'sip:anonymous@anonymous.invalid' AND source = "
                               "'192.0.2.9'"),
                     1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_rings_and_is_answered),
        TEST(the_callee_sees_who_calls),
        TEST(the_tone_begins_when_it_rings),
        TEST(all_sessions_ring_and_the_first_answer_wins),
        TEST(one_rejects_and_the_other_rings_on),
        TEST(the_caller_cancels),
        TEST(either_party_hangs_up),
        TEST(nobody_answers),
        TEST(a_session_that_ends_ends_its_calls),
        TEST(a_session_that_expires_ends_its_calls),
        TEST(who_cannot_be_called),
        TEST(who_hides_is_not_shown_in_a_room),
        TEST(bad_media_leaves_nothing_behind),
        TEST(the_callee_goes_before_it_rings),
        TEST(a_user_calls_her_other_session),
        TEST(the_kind_of_the_path_must_fit),
        TEST(a_call_that_rings_ends_with_its_media_worker),
        TEST(a_telephone_rings_and_answers),
        TEST(early_media_replaces_the_tone),
        TEST(another_telephone_may_answer),
        TEST(a_telephone_does_not_answer),
        TEST(a_number_is_shown_to_a_telephone),
        TEST(the_caller_cancels_a_telephone),
        TEST(short_numbers_are_dialled),
        TEST(without_telephony_there_is_no_call),
        TEST(a_telephone_calls_a_user),
        TEST(the_user_hangs_up_on_a_telephone),
        TEST(a_telephone_gives_up),
        TEST(a_user_rejects_a_telephone),
        TEST(nobody_answers_a_telephone),
        TEST(nobody_is_there_for_a_telephone),
        TEST(a_telephone_calls_a_number_of_a_user),
        TEST(a_room_comes_before_a_user),
        TEST(an_offerless_telephone_calls_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
