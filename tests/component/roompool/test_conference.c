/* test_conference.c - conferences driven over the conference API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    user host; /* "alice", token th */
    char conf[CONF_ID_SIZE];
} stage;

static int setup(void **state)
{
    static stage s;
    world_create(&s.w, 2);
    user_opens(&s.w, &s.host, "alice", "th");
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_destroy(&s->w);
    return 0;
}

static void create(stage *s)
{
    user_hosts(&s->w, &s->host, s->conf);
}

static void the_host_is_alone_in_its_conference(void **state)
{
    stage *s = *state;
    create(s);
    user_reads_nothing(&s->w, &s->host);
    assert_int_equal(world_sql(&s->w, "SELECT participants FROM "
                                      "v_live_conferences WHERE kind='api'"),
                     1);
    world_check(&s->w);
}

static void events_wait_for_the_reply_of_their_command(void **state)
{
    stage *s = *state;
    answer conf;
    answer ev;
    poll_begin(&s->w, s->host.session, "th", 20000, &ev);
    assert_int_equal(create_conference(&s->w, &s->host, &conf), PL_OK);
    world_run(&s->w, 90 * MS);
    assert_false(ev.is_done);
    world_run(&s->w, 20 * MS);
    assert_true(ev.is_done);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_SESSION_OPEN);
}

/* The clock when something was committed and sent, 80 ms after it came. */
static const pl_loop *slow_loop;

static int64_t slow_clock(void *ctx)
{
    (void)ctx;
    return pl_loop_now_us(slow_loop) + 80 * MS;
}

/* Clients lose what comes before the answer: a commit that takes long takes
 * nothing off the gap between the two. */
static void events_wait_for_a_reply_that_was_committed_slowly(void **state)
{
    stage *s = *state;
    static pl_port port; /* also when the world ends */
    answer conf;
    answer ev;
    slow_loop = s->w.loop;
    port = *world_pool(&s->w)->port;
    port.clock_us = slow_clock;
    world_pool(&s->w)->port = &port;
    poll_begin(&s->w, s->host.session, "th", 20000, &ev);
    assert_int_equal(create_conference(&s->w, &s->host, &conf), PL_OK);
    world_run(&s->w, 170 * MS);
    assert_false(ev.is_done);
    world_run(&s->w, 20 * MS);
    assert_true(ev.is_done);
}

static void an_event_is_given_again_until_acknowledged(void **state)
{
    stage *s = *state;
    answer conf;
    answer first;
    answer again;
    assert_int_equal(create_conference(&s->w, &s->host, &conf), PL_OK);
    poll_begin(&s->w, s->host.session, "th", 5000, &first);
    world_wait(&s->w, &first);
    poll_begin(&s->w, s->host.session, "th", 5000, &again);
    world_wait(&s->w, &again);
    assert_int_equal(first.body.event.seq, 1);
    assert_int_equal(again.body.event.seq, 1);
}

static void begin_poll_of_host(stage *s, answer *a)
{
    poll_begin(&s->w, s->host.session, "th", 5000, a);
    world_run(&s->w, 5 * MS);
}

static void an_event_that_was_not_written_is_given_at_once(void **state)
{
    stage *s = *state;
    answer conf;
    answer first;
    answer again;
    answer third;
    assert_int_equal(create_conference(&s->w, &s->host, &conf), PL_OK);
    poll_begin(&s->w, s->host.session, "th", 5000, &first);
    world_wait(&s->w, &first);
    /* Another poll: the first answer may still be on its way. */
    begin_poll_of_host(s, &again);
    world_run(&s->w, 500 * MS);
    assert_false(again.is_done);
    poll_cancel(&s->w, s->host.session, &again); /* not the one it was for */
    begin_poll_of_host(s, &again);
    assert_false(again.is_done);
    poll_cancel(&s->w, s->host.session, &first);
    world_run(&s->w, 5 * MS);
    assert_true(again.is_done);
    assert_int_equal(again.body.event.seq, 1);
    /* Told before the next poll. */
    poll_cancel(&s->w, s->host.session, &first); /* a late repeat */
    poll_cancel(&s->w, s->host.session, &again);
    begin_poll_of_host(s, &third);
    assert_true(third.is_done);
    assert_int_equal(third.body.event.seq, 1);
    world_check(&s->w);
}

static void what_was_acknowledged_cannot_be_taken_back(void **state)
{
    stage *s = *state;
    answer conf;
    answer ev;
    answer next;
    assert_int_equal(create_conference(&s->w, &s->host, &conf), PL_OK);
    assert_int_equal(poll_session(&s->w, s->host.session, s->host.token, &ev),
                     PL_OK);
    poll_cancel(&s->w, s->host.session, &ev);
    begin_poll_of_host(s, &next);
    world_run(&s->w, 3 * S);
    assert_false(next.is_done);
    poll_cancel(&s->w, s->host.session, &next);
    world_run(&s->w, 5 * MS);
    assert_int_equal(world_pool(&s->w)->n_polls, 0);
}

static void a_newer_poll_takes_over(void **state)
{
    stage *s = *state;
    answer older;
    answer newer;
    poll_begin(&s->w, s->host.session, "th", 5000, &older);
    world_run(&s->w, 5 * MS);
    poll_begin(&s->w, s->host.session, "th", 5000, &newer);
    world_run(&s->w, 5 * MS);
    assert_true(older.is_done);
    assert_ptr_equal(older.desc, &PL_MSG_EVENT_NONE);
    assert_false(newer.is_done);
    pl_event_poll_cancel c = {.corr = newer.corr};
    assert_int_equal(pl_bus_event(s->w.api, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_EVENT_POLL_CANCEL, &c),
                     PL_OK);
    world_run(&s->w, 5 * MS);
    assert_int_equal(world_pool(&s->w)->n_polls, 0);
    world_run(&s->w, 10 * S);
}

static void a_user_is_invited_and_the_first_answer_wins(void **state)
{
    stage *s = *state;
    user b1;
    user b2;
    answer inv;
    answer ev;
    answer a;
    user_opens(&s->w, &b1, "bob", "tb1");
    user_opens(&s->w, &b2, "bob", "tb2");
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "sip:bob@localhost", &inv),
                     PL_OK);
    user_reads(&s->w, &b1, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_memory_equal(ev.sdp, "offer:", 6);
    assert_string_equal(ev.body.event.from, "sip:alice@localhost");
    user_reads(&s->w, &b2, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_int_equal(conference_do(&s->w, "tb2", s->conf, PL_ACTION_ANSWER,
                                   "bob-answer", &a),
                     PL_OK);
    assert_string_equal(a.body.action.state, "accepted");
    user_reads(&s->w, &b2, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
    user_reads(&s->w, &b1, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "Call canceled");
    user_reads(&s->w, &s->host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.mod_id, inv.body.invited.mod_id);
    assert_string_equal(ev.body.event.reason, "success");
    assert_int_equal(
        conference_do(&s->w, "tb1", s->conf, PL_ACTION_ANSWER, "late", &a),
        PL_EGONE);
    user_reads_nothing(&s->w, &s->host);
    world_check(&s->w);
}

static void who_answers_and_vanishes_leaves_it_to_the_others(void **state)
{
    stage *s = *state;
    user b1;
    user b2;
    answer inv;
    answer ev;
    answer a;
    user_opens(&s->w, &b1, "bob", "tb1");
    user_opens(&s->w, &b2, "bob", "tb2");
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "bob", &inv), PL_OK);
    user_reads(&s->w, &b1, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    s->w.media[0].is_silent = s->w.media[1].is_silent = true;
    conference_begin(&s->w, "tb1", s->conf, PL_ACTION_ANSWER, "first", &a);
    assert_int_equal(conference_leave(&s->w, "tb1", s->conf), PL_OK);
    world_run(&s->w, 3 * S);
    assert_true(a.is_done);
    assert_int_not_equal(a.error, PL_OK);
    s->w.media[0].is_silent = s->w.media[1].is_silent = false;
    assert_int_equal(
        conference_do(&s->w, "tb2", s->conf, PL_ACTION_ANSWER, "second", &a),
        PL_OK);
    world_check(&s->w);
}

static void one_declines_and_the_other_goes_on(void **state)
{
    stage *s = *state;
    user b1;
    user b2;
    answer inv;
    answer ev;
    user_opens(&s->w, &b1, "bob", "tb1");
    user_opens(&s->w, &b2, "bob", "tb2");
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "bob", &inv), PL_OK);
    assert_int_equal(conference_leave(&s->w, "tb1", s->conf), PL_OK);
    user_reads_nothing(&s->w, &s->host);
    assert_int_equal(conference_leave(&s->w, "tb2", s->conf), PL_OK);
    user_reads(&s->w, &s->host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.reason, "User busy");
    world_check(&s->w);
}

static void nobody_answers_and_the_invitation_ends(void **state)
{
    stage *s = *state;
    user b;
    answer inv;
    answer ev;
    user_opens(&s->w, &b, "bob", "tb");
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "bob", &inv), PL_OK);
    assert_int_equal(invite(&s->w, "th", s->conf, "bob", &inv), PL_EBUSY);
    world_run(&s->w, 46 * S);
    user_reads(&s->w, &s->host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.reason, "No answer");
    user_reads(&s->w, &b, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    user_reads(&s->w, &b, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_int_equal(invite(&s->w, "th", s->conf, "nobody", &inv), PL_ENOUSER);
}

static void a_telephone_is_dialled(void **state)
{
    stage *s = *state;
    answer inv;
    answer ev;
    create(s);
    assert_int_equal(
        invite(&s->w, "th", s->conf, "sip:carol@example.net", &inv), PL_OK);
    fake_call *call = sig_started(&s->w);
    assert_non_null(call);
    assert_memory_equal(call->sdp, "offer:", 6);
    assert_int_equal(
        phone_report(&s->w, call->id, PL_CALL_STATE_RINGING, 180, NULL), PL_OK);
    user_reads_nothing(&s->w, &s->host);
    assert_int_equal(phone_report(&s->w, call->id, PL_CALL_STATE_ANSWERED, 200,
                                  "phone-answer"),
                     PL_OK);
    user_reads(&s->w, &s->host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.reason, "success");
    assert_string_equal(ev.body.event.address, "sip:carol@example.net");
    assert_int_equal(remove_part(&s->w, "th", s->conf, "sip:carol@example.net"),
                     PL_OK);
    world_run(&s->w, 20 * MS);
    assert_true(call->is_ended);
    /* Who has left may be removed, for as long as the conference lives. */
    world_run(&s->w, 120000 * MS);
    assert_int_equal(remove_part(&s->w, "th", s->conf, "sip:carol@example.net"),
                     PL_OK);
    assert_int_equal(remove_part(&s->w, "th", s->conf, "sip:dave@example.net"),
                     PL_EGONE);
    world_check(&s->w);
}

static void early_media_then_answer(void **state)
{
    stage *s = *state;
    answer inv;
    answer ev;
    create(s);
    assert_int_equal(
        invite(&s->w, "th", s->conf, "sip:carol@example.net", &inv), PL_OK);
    const char *id = sig_started(&s->w)->id;
    assert_int_equal(phone_report(&s->w, id, PL_CALL_STATE_EARLY, 183, "sdp"),
                     PL_OK);
    user_reads_nothing(&s->w, &s->host);
    assert_int_equal(phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, NULL),
                     PL_OK);
    user_reads(&s->w, &s->host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.reason, "success");
}

/* Making and ending them as fast as possible fills no memory. */
static void ended_conferences_are_forgotten_sooner_when_many(void **state)
{
    stage *s = *state;
    answer a;
    answer ev;
    s->w.config.max_conferences = 4;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(create_conference(&s->w, &s->host, &a), PL_OK);
        char conf[CONF_ID_SIZE];
        PUT(conf, a.body.conference.conf_id);
        assert_int_equal(conference_leave(&s->w, "th", conf), PL_OK);
        while (poll_session(&s->w, s->host.session, "th", &ev) == PL_OK)
            continue;
    }
    assert_in_range(pl_map_count(world_pool(&s->w)->confs), 1, 6);
}

static void a_busy_telephone_is_told(void **state)
{
    stage *s = *state;
    answer inv;
    answer ev;
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "tel:+14255550100", &inv),
                     PL_OK);
    assert_int_equal(phone_report(&s->w, sig_started(&s->w)->id,
                                  PL_CALL_STATE_ENDED, 486, NULL),
                     PL_OK);
    user_reads(&s->w, &s->host, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.reason, "User busy");
    world_check(&s->w);
}

static void hold_and_resume_are_answered_by_the_server(void **state)
{
    stage *s = *state;
    answer a;
    answer ev;
    create(s);
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_HOLD, "hold-offer", &a),
        PL_OK);
    assert_string_equal(a.body.action.state, "mod-sent");
    user_reads(&s->w, &s->host, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.mod_id, a.body.action.mod_id);
    assert_string_equal(ev.body.event.reason, "success");
    assert_string_equal(ev.sdp, "answer:hold-offer");
    assert_int_equal(
        world_sql(&s->w, "SELECT on_hold FROM v_live_participants"), 1);
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_RESUME, "offer", &a),
        PL_OK);
    assert_int_equal(
        world_sql(&s->w, "SELECT on_hold FROM v_live_participants"), 0);
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_MODIFY, "offer", &a),
        PL_OK);
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_MOVE, "offer", &a),
        PL_EUNSUPPORTED);
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_ACCEPT, "answer", &a),
        PL_ESTATE);
    world_check(&s->w);
}

static void a_second_change_at_the_same_time_is_busy(void **state)
{
    stage *s = *state;
    answer first;
    answer second;
    create(s);
    s->w.media[0].is_silent = s->w.media[1].is_silent = true;
    conference_begin(&s->w, "th", s->conf, PL_ACTION_HOLD, "x", &first);
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_HOLD, "x", &second),
        PL_EBUSY);
    world_run(&s->w, 3 * S);
    assert_int_equal(first.error, PL_EUNAVAILABLE);
    s->w.media[0].is_silent = s->w.media[1].is_silent = false;
    assert_int_equal(
        conference_do(&s->w, "th", s->conf, PL_ACTION_HOLD, "x", &second),
        PL_OK);
}

static void the_host_ends_for_all_others_only_leave(void **state)
{
    stage *s = *state;
    user b;
    answer ev;
    user_opens(&s->w, &b, "bob", "tb");
    create(s);
    for (int round = 0; round < 2; round++) {
        user_joins(&s->w, &s->host, s->conf, "bob", &b);
        if (round == 0) {
            for (int twice = 0; twice < 2; twice++)
                assert_int_equal(conference_leave(&s->w, "tb", s->conf), PL_OK);
            user_reads(&s->w, &b, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
            user_reads_nothing(&s->w, &s->host);
        }
    }
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(conference_leave(&s->w, "th", s->conf), PL_OK);
    user_reads(&s->w, &s->host, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    user_reads(&s->w, &b, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM "
                                      "v_live_conferences"),
                     0);
    world_run(&s->w, 61 * S);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences"), 0);
    world_check(&s->w);
}

static void bad_media_leaves_no_conference(void **state)
{
    stage *s = *state;
    answer conf;
    const pl_err refusals[] = {PL_EMEDIA, PL_EPROTO}; /* unusable; no SDP */
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        s->w.media[0].refuse = s->w.media[1].refuse = refusals[i];
        assert_int_equal(create_conference(&s->w, &s->host, &conf), PL_EMEDIA);
        user_reads_nothing(&s->w, &s->host);
    }
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences WHERE "
                                      "state = 'live'"),
                     0);
    world_check(&s->w);
}

/* ---- sessions ---- */

static void a_token_has_one_session(void **state)
{
    stage *s = *state;
    answer a;
    pl_session_delete m = {.present = 0};
    assert_int_equal(open_session(&s->w, "alice", "th", &a), PL_EEXIST);
    AS_CLIENT(m, "th");
    create(s);
    world_ask(&s->w, &PL_MSG_SESSION_DELETE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM "
                                      "v_live_conferences"),
                     0);
    assert_int_equal(open_session(&s->w, "alice", "th", &a), PL_OK);
    world_check(&s->w);
}

static void a_session_that_is_not_refreshed_expires(void **state)
{
    stage *s = *state;
    user b;
    answer inv;
    answer ev;
    answer a;
    pl_session_refresh m = {.present = 0};
    user_opens(&s->w, &b, "bob", "tb");
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "bob", &inv), PL_OK);
    assert_int_equal(
        conference_do(&s->w, "tb", s->conf, PL_ACTION_ANSWER, "a", &a), PL_OK);
    AS_CLIENT(m, "tb");
    for (int i = 0; i < 3; i++) {
        world_run(&s->w, (int64_t)1300 * S);
        world_ask(&s->w, &PL_MSG_SESSION_REFRESH, &m, &a);
        assert_int_equal(a.error, PL_OK);
    }
    user_reads(&s->w, &b, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    user_reads(&s->w, &b, PL_EVENT_KIND_SESSION_OPEN, &ev);
    user_reads(&s->w, &b, PL_EVENT_KIND_SESSION_TERMINATED,
               &ev); /* the host expired */
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM sessions"), 1);
}

static void a_bound_token_speaks_for_its_user(void **state)
{
    stage *s = *state;
    pl_user_bind m = {.present = 0};
    pl_session_create c = {.dialect = PL_DIALECT_RTC1};
    answer a;
    AS_CLIENT(m, "tx");
    pl_fmt_cut(m.user_id, sizeof m.user_id, "vtn:4255550100");
    world_ask(&s->w, &PL_MSG_USER_BIND, &m, &a);
    assert_int_equal(a.error, PL_OK);
    AS_CLIENT(c, "tx");
    PUT(c.e911_id, "a:b:c:d");
    PL_MSG_SET(SESSION_CREATE, session_create, &c, e911_id);
    world_ask(&s->w, &PL_MSG_SESSION_CREATE, &c, &a);
    assert_string_equal(a.body.session.user_id, "vtn:4255550100");
    create(s);
    assert_int_equal(invite(&s->w, "th", s->conf, "tel:+4255550100", &a),
                     PL_OK);
    assert_null(sig_started(&s->w));
}

static void who_is_refused_is_told_how_a_user_is_written(void **state)
{
    static const struct {
        uint32_t type;
        const char *user, *how; /* how: NULL is taken */
    } rows[] = {
        {PL_USER_TYPE_MOBILE, "carol",
         "With the scope WEBRTCMOBILE a user is a number: tel:+14255550100 "
         "(in a form, the + as %2B)"},
        {PL_USER_TYPE_MOBILE, "tel: 14255550100",
         "With the scope WEBRTCMOBILE a user is a number: tel:+14255550100 "
         "(in a form, the + as %2B)"},
        {PL_USER_TYPE_UNKNOWN, "tel: 14255550100",
         "A user id has no blanks; a number is written vtn:4255550100 or "
         "tel:+14255550100 (in a form, the + as %2B)"},
        {PL_USER_TYPE_MOBILE, "tel:+14255550100", NULL},
    };
    stage *s = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_session_create m = {.dialect = PL_DIALECT_RTC1,
                               .user_type = rows[i].type};
        answer a;
        AS_CLIENT(m, "tm");
        pl_fmt_cut(m.user_id, sizeof m.user_id, "%s", rows[i].user);
        PUT(m.e911_id, "a:b:c:d");
        PL_MSG_SET(SESSION_CREATE, session_create, &m, user_id);
        PL_MSG_SET(SESSION_CREATE, session_create, &m, user_type);
        PL_MSG_SET(SESSION_CREATE, session_create, &m, e911_id);
        world_ask(&s->w, &PL_MSG_SESSION_CREATE, &m, &a);
        assert_int_equal(a.error, rows[i].how ? PL_EINVAL : PL_OK);
        if (rows[i].how)
            assert_string_equal(a.refusal.text, rows[i].how);
    }
}

static void bindings_of_old_tokens_make_room(void **state)
{
    stage *s = *state;
    answer a;
    s->w.config.max_sessions = 4;
    for (int i = 0; i < 10; i++) {
        char token[8];
        pl_user_bind m = {.present = 0};
        pl_session_create c = {.dialect = PL_DIALECT_RTC1};
        pl_fmt_cut(token, sizeof token, "t%d", i);
        AS_CLIENT(m, token);
        pl_fmt_cut(m.user_id, sizeof m.user_id, "user-%d", i);
        world_ask(&s->w, &PL_MSG_USER_BIND, &m, &a);
        assert_int_equal(a.error, PL_OK);
        AS_CLIENT(c, token);
        world_run(&s->w, MS);
        if (i < 9)
            continue;
        world_ask(&s->w, &PL_MSG_SESSION_CREATE, &c, &a);
        assert_string_equal(a.body.session.user_id, "user-9");
    }
    /* half of them: the rest is for other clients */
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM users"), 2);
}

static void oldest_events_go_when_nobody_reads(void **state)
{
    stage *s = *state;
    answer a;
    create(s);
    for (uint32_t i = 0; i < s->w.config.max_events + 10; i++)
        assert_int_equal(
            conference_do(&s->w, "th", s->conf, PL_ACTION_MODIFY, "x", &a),
            PL_OK);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM events WHERE "
                                      "owner = 'session'"),
                     s->w.config.max_events);
    assert_int_equal(world_metric(&s->w, PL_RM_events_dropped), 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_host_is_alone_in_its_conference),
        TEST(events_wait_for_the_reply_of_their_command),
        TEST(events_wait_for_a_reply_that_was_committed_slowly),
        TEST(an_event_is_given_again_until_acknowledged),
        TEST(an_event_that_was_not_written_is_given_at_once),
        TEST(what_was_acknowledged_cannot_be_taken_back),
        TEST(a_newer_poll_takes_over),
        TEST(a_user_is_invited_and_the_first_answer_wins),
        TEST(who_answers_and_vanishes_leaves_it_to_the_others),
        TEST(one_declines_and_the_other_goes_on),
        TEST(nobody_answers_and_the_invitation_ends),
        TEST(a_telephone_is_dialled),
        TEST(early_media_then_answer),
        TEST(ended_conferences_are_forgotten_sooner_when_many),
        TEST(a_busy_telephone_is_told),
        TEST(hold_and_resume_are_answered_by_the_server),
        TEST(a_second_change_at_the_same_time_is_busy),
        TEST(the_host_ends_for_all_others_only_leave),
        TEST(bad_media_leaves_no_conference),
        TEST(a_token_has_one_session),
        TEST(a_session_that_is_not_refreshed_expires),
        TEST(a_bound_token_speaks_for_its_user),
        TEST(who_is_refused_is_told_how_a_user_is_written),
        TEST(bindings_of_old_tokens_make_room),
        TEST(oldest_events_go_when_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
