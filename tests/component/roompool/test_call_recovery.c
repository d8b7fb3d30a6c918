/* test_call_recovery.c - roompool, a media worker or the signaling worker is
 * lost in each state of a call: it goes on, or those concerned are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    user alice, bob;
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

static void restart(stage *s)
{
    world_kill_roompool(&s->w);
    world_run(&s->w, S);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    world_run(&s->w, S);
    world_check(&s->w);
}

/* As restart(), and the workers have gone too. */
static void restart_alone(stage *s)
{
    world_kill_roompool(&s->w);
    world_kill_media(&s->w, 0);
    world_kill_media(&s->w, 1);
    world_kill_signaling(&s->w);
    world_start_roompool(&s->w);
    world_say_hello(&s->w, s->w.api, s->w.api_node, PL_ROLE_API);
    world_run(&s->w, 45 * S);
    world_check(&s->w);
}

static void it_is_over(stage *s)
{
    world_check(&s->w);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_live_calls"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
    for (unsigned i = 0; i < 2; i++)
        if (s->w.media[i].bus)
            assert_int_equal(s->w.media[i].n_legs, 0);
}

static void hang_up(stage *s)
{
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->alice, "call ended");
    it_is_over(s);
}

static void ring(stage *s)
{
    user_calls(&s->w, &s->alice, "bob", s->call);
    user_is_called(&s->w, &s->bob, s->call);
}

static void answer_it(stage *s)
{
    answer ev;
    user_answers(&s->w, &s->bob, s->call);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
}

/* ---- roompool restarts, its workers stay ---- */

static void a_ringing_call_is_answered_after_a_restart(void **state)
{
    stage *s = *state;
    size_t cursor = 0;
    const pl_leg *leg;
    ring(s);
    restart(s);
    answer_it(s);
    /* The tone that the earlier roompool started has been stopped. */
    while ((leg = pl_map_next(world_pool(&s->w)->legs, &cursor, NULL)) != NULL)
        assert_string_equal(media_leg(&s->w, leg->row.leg_id)->prompt, "");
    hang_up(s);
    user_is_out(&s->w, &s->bob, "call ended");
}

static void a_ringing_call_is_cancelled_after_a_restart(void **state)
{
    stage *s = *state;
    ring(s);
    restart(s);
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_CANCEL), PL_OK);
    user_is_out(&s->w, &s->alice, "Call canceled");
    user_is_out(&s->w, &s->bob, "Call canceled");
    it_is_over(s);
}

static void ringing_ends_in_time_after_a_restart(void **state)
{
    stage *s = *state;
    ring(s);
    restart(s);
    world_run(&s->w, 46 * S);
    user_is_out(&s->w, &s->alice, "No answer");
    user_is_out(&s->w, &s->bob, "No answer");
    it_is_over(s);
}

static void a_call_goes_on_over_a_restart(void **state)
{
    stage *s = *state;
    ring(s);
    answer_it(s);
    restart(s);
    user_reads_nothing(&s->w, &s->alice);
    user_reads_nothing(&s->w, &s->bob);
    assert_int_equal(
        world_sql(&s->w,
                  "SELECT count(*) FROM v_live_calls WHERE state='connected'"),
        1);
    hang_up(s);
    user_is_out(&s->w, &s->bob, "call ended");
}

static void who_was_told_repeats_a_delete_after_a_restart(void **state)
{
    stage *s = *state;
    user bob2;
    user_opens(&s->w, &bob2, "bob", "tb2");
    ring(s);
    user_is_called(&s->w, &bob2, s->call);
    assert_int_equal(
        call_delete(&s->w, &bob2, s->call, PL_DELETE_REASON_REJECT), PL_OK);
    restart(s);
    assert_int_equal(
        call_delete(&s->w, &bob2, s->call, PL_DELETE_REASON_REJECT), PL_OK);
    user_is_out(&s->w, &bob2, "User busy");
}

static void a_telephone_that_is_called_answers_after_a_restart(void **state)
{
    stage *s = *state;
    answer ev;
    user_calls(&s->w, &s->alice, "tel:+14255550100", s->call);
    const char *id = sig_started(&s->w)->id;
    (void)phone_report(&s->w, id, PL_CALL_STATE_RINGING, 180, NULL);
    restart(s);
    (void)phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, "sdp");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    hang_up(s);
}

/* Its answer came with the early media; the 200 need not repeat it. */
static void early_media_is_answered_after_a_restart(void **state)
{
    stage *s = *state;
    answer ev;
    user_calls(&s->w, &s->alice, "tel:+14255550100", s->call);
    const char *id = sig_started(&s->w)->id;
    (void)phone_report(&s->w, id, PL_CALL_STATE_EARLY, 183, "sdp");
    (void)phone_report(&s->w, id, PL_CALL_STATE_RINGING, 180, NULL);
    restart(s);
    (void)phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, NULL);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    hang_up(s);
}

/* The answer to its offer is not kept: it is told to try again. */
static void a_telephone_that_calls_is_refused_after_a_restart(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(phone_call(&s->w, "c1", "bob", "o"), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    restart(s);
    user_is_out(&s->w, &s->bob, "interrupted");
    assert_true(sig_call(&s->w, "c1")->is_ended);
    assert_int_equal(sig_call(&s->w, "c1")->end_status, 480);
    it_is_over(s);
}

static void a_telephone_talks_on_over_a_restart(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(phone_call(&s->w, "c1", "bob", "o"), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    user_answers(&s->w, &s->bob, ev.body.event.conf_id);
    (void)phone_report(&s->w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL);
    restart(s);
    user_reads_nothing(&s->w, &s->bob);
    (void)phone_report(&s->w, "c1", PL_CALL_STATE_ENDED, 200, NULL);
    user_is_out(&s->w, &s->bob, "hung up");
    it_is_over(s);
}

/* ---- nobody comes back ---- */

static void everything_is_lost(stage *s)
{
    answer ev;
    /* What was lost may first be offered anew, in vain. */
    const user *both[] = {&s->alice, &s->bob};
    restart_alone(s);
    for (size_t i = 0; i < 2; i++) {
        do
            assert_int_equal(
                poll_session(&s->w, both[i]->session, both[i]->token, &ev),
                PL_OK);
        while (ev.body.event.kind != PL_EVENT_KIND_SESSION_TERMINATED);
        user_reads_nothing(&s->w, both[i]);
    }
    it_is_over(s);
}

static void a_ringing_call_ends_with_all_workers(void **state)
{
    ring(*state);
    everything_is_lost(*state);
}

static void a_call_ends_with_all_workers(void **state)
{
    ring(*state);
    answer_it(*state);
    everything_is_lost(*state);
}

static void a_call_moves_to_another_media_worker(void **state)
{
    stage *s = *state;
    answer ev;
    answer a;
    const user *both[] = {&s->alice, &s->bob};
    ring(s);
    answer_it(s);
    world_kill_media(&s->w, s->w.media[0].n_legs > 0 ? 0 : 1);
    world_run(&s->w, 2 * S);
    for (size_t i = 0; i < 2; i++) {
        user_reads(&s->w, both[i], PL_EVENT_KIND_MOD_RECEIVED, &ev);
        assert_string_equal(ev.body.event.resource, "calls");
        pl_conference_action m = {.action = PL_ACTION_ACCEPT,
                                  .sdp = pl_slice_str("x")};
        AS_CLIENT(m, both[i]->token);
        PUT(m.conf_id, s->call);
        PUT(m.mod_id, ev.body.event.mod_id);
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, sdp);
        PL_MSG_SET(CONFERENCE_ACTION, conference_action, &m, mod_id);
        world_ask(&s->w, &PL_MSG_CONFERENCE_ACTION, &m, &a);
        assert_int_equal(a.error, PL_OK);
        user_reads(&s->w, both[i], PL_EVENT_KIND_MOD_TERMINATED, &ev);
    }
    hang_up(s);
}

/* Its answer was just being given to the worker that went. */
static void who_answers_is_told_that_the_media_is_lost(void **state)
{
    stage *s = *state;
    answer a;
    ring(s);
    s->w.media[0].is_silent = s->w.media[1].is_silent = true;
    conference_begin(&s->w, "tb", s->call, PL_ACTION_ANSWER, "answer", &a);
    world_run(&s->w, 50 * MS);
    world_kill_media(&s->w, 0);
    world_kill_media(&s->w, 1);
    world_wait(&s->w, &a);
    assert_int_not_equal(a.error, PL_OK);
    user_is_out(&s->w, &s->alice, "media worker lost");
    user_is_out(&s->w, &s->bob, "media worker lost");
    it_is_over(s);
}

static void a_call_ends_when_the_signaling_worker_is_gone(void **state)
{
    stage *s = *state;
    answer ev;
    user_calls(&s->w, &s->alice, "tel:+14255550100", s->call);
    const char *id = sig_started(&s->w)->id;
    (void)phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, "sdp");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    world_kill_signaling(&s->w);
    world_run(&s->w, 60 * S);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    it_is_over(s);
    world_start_signaling(&s->w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ringing_call_is_answered_after_a_restart),
        TEST(a_ringing_call_is_cancelled_after_a_restart),
        TEST(ringing_ends_in_time_after_a_restart),
        TEST(a_call_goes_on_over_a_restart),
        TEST(who_was_told_repeats_a_delete_after_a_restart),
        TEST(a_telephone_that_is_called_answers_after_a_restart),
        TEST(early_media_is_answered_after_a_restart),
        TEST(a_telephone_that_calls_is_refused_after_a_restart),
        TEST(a_telephone_talks_on_over_a_restart),
        TEST(a_ringing_call_ends_with_all_workers),
        TEST(a_call_ends_with_all_workers),
        TEST(a_call_moves_to_another_media_worker),
        TEST(who_answers_is_told_that_the_media_is_lost),
        TEST(a_call_ends_when_the_signaling_worker_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
