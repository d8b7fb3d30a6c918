/* test_modify.c - changes to the media of calls: what the other side is told,
 * what happens when it does not agree, and events read with a cursor. */
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
    char id[CONF_ID_SIZE]; /* of their call */
} stage;

static int setup(void **state)
{
    static stage s;
    answer ev;
    world_create(&s.w, 2);
    user_opens(&s.w, &s.alice, "alice", "ta");
    user_opens(&s.w, &s.bob, "bob", "tb");
    user_calls(&s.w, &s.alice, "bob", s.id);
    user_is_called(&s.w, &s.bob, s.id);
    user_answers(&s.w, &s.bob, s.id);
    user_reads(&s.w, &s.alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

static void turn(stage *s, const user *u, pl_action action)
{
    answer a;
    assert_int_equal(
        conference_do(&s->w, u->token, s->id, action, "change", &a), PL_OK);
    assert_string_equal(a.body.action.state, "mod-sent");
}

static void turns(stage *s, const user *u, pl_action action)
{
    answer ev;
    turn(s, u, action);
    user_reads(&s->w, u, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "success");
    assert_string_equal(ev.sdp, "answer:change");
}

static fake_leg *leg_of(stage *s, const user *u)
{
    size_t cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_map_next(world_pool(&s->w)->legs, &cursor, NULL)) != NULL)
        if (strcmp(leg->row.session_id, u->session) == 0)
            return media_leg(&s->w, leg->row.leg_id);
    return NULL;
}

static pl_err acts(stage *s, const user *u, pl_action action, const char *mod,
                   answer *a)
{
    const act what = {
        .action = action, .conf = s->id, .mod = mod, .sdp = "accepted"};
    return user_acts(&s->w, u, &what, a);
}

static void a_hold_is_told_to_the_other_side(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    turns(s, &s->alice, PL_ACTION_HOLD);
    assert_false(leg_of(s, &s->alice)->mixed);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_int_equal(leg_of(s, &s->bob)->direction, PL_DIRECTION_SENDONLY);
    user_accepts(&s->w, &s->bob, s->id, mod);
    turns(s, &s->alice, PL_ACTION_HOLD); /* nothing new */
    user_reads_nothing(&s->w, &s->bob);
    turns(s, &s->alice, PL_ACTION_RESUME);
    assert_true(leg_of(s, &s->alice)->mixed);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_int_equal(leg_of(s, &s->bob)->direction, PL_DIRECTION_SENDRECV);
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_reads_nothing(&s->w, &s->alice);
}

static void both_hold(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    user_accepts(&s->w, &s->bob, s->id, mod);
    turns(s, &s->bob, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->alice, s->id, mod);
    user_accepts(&s->w, &s->alice, s->id, mod);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants "
                                      "WHERE on_hold"),
                     2);
}

static void the_last_of_many_changes_arrives(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    turn(s, &s->alice, PL_ACTION_HOLD);
    turn(s, &s->alice, PL_ACTION_RESUME);
    turn(s, &s->alice, PL_ACTION_HOLD);
    turn(s, &s->alice, PL_ACTION_RESUME);
    user_is_offered(&s->w, &s->bob, s->id, mod); /* the first hold */
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_int_equal(leg_of(s, &s->bob)->direction, PL_DIRECTION_SENDRECV);
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_reads_nothing(&s->w, &s->bob);
}

static void a_rejected_hold_leaves_the_call(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    answer ev;
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_REJECT, mod, &a), PL_OK);
    assert_string_equal(a.body.action.state, "mod-rejected");
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "success");
    world_run(&s->w, 10 * MS);
    assert_int_equal(leg_of(s, &s->bob)->n_rollbacks, 1);
    turns(s, &s->bob, PL_ACTION_MODIFY);
    user_reads_nothing(&s->w, &s->alice);
}

static void a_hold_that_nobody_answers_leaves_the_call(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    answer ev;
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    world_run(&s->w, 60 * S);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.mod_id, mod);
    assert_int_equal(leg_of(s, &s->bob)->n_rollbacks, 1);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_ACCEPT, mod, &a), PL_ESTATE);
    turns(s, &s->alice, PL_ACTION_RESUME);
    user_is_offered(&s->w, &s->bob, s->id, mod);
}

static void one_modification_at_a_time(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_HOLD, NULL, &a), PL_EBUSY);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_MOVE, NULL, &a), PL_EBUSY);
    user_accepts(&s->w, &s->bob, s->id, mod);
    turns(s, &s->bob, PL_ACTION_HOLD);
}

static void a_wrong_modification_changes_nothing(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_ACCEPT, "wrong", &a),
                     PL_EINVAL);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_ACCEPT, NULL, &a), PL_EINVAL);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_REJECT, "wrong", &a),
                     PL_EINVAL);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_REJECT, NULL, &a), PL_EINVAL);
    assert_int_equal(acts(s, &s->alice, PL_ACTION_ACCEPT, mod, &a), PL_ESTATE);
    user_accepts(&s->w, &s->bob, s->id, mod);
    assert_int_equal(acts(s, &s->bob, PL_ACTION_ACCEPT, mod, &a), PL_ESTATE);
}

static void a_bad_answer_may_be_mended(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    s->w.media[0].refuse = s->w.media[1].refuse = PL_EPROTO;
    assert_int_equal(acts(s, &s->bob, PL_ACTION_ACCEPT, mod, &a), PL_EMEDIA);
    s->w.media[0].refuse = s->w.media[1].refuse = PL_OK;
    user_accepts(&s->w, &s->bob, s->id, mod);
}

static void a_bad_offer_changes_nothing(void **state)
{
    stage *s = *state;
    answer a;
    s->w.media[0].refuse = s->w.media[1].refuse = PL_EMEDIA;
    assert_int_equal(acts(s, &s->alice, PL_ACTION_HOLD, NULL, &a), PL_EMEDIA);
    s->w.media[0].refuse = s->w.media[1].refuse = PL_OK;
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants "
                                      "WHERE on_hold"),
                     0);
    user_reads_nothing(&s->w, &s->alice);
    user_reads_nothing(&s->w, &s->bob);
    turns(s, &s->alice, PL_ACTION_HOLD);
}

static void every_word_for_hold_holds_a_call(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    turns(s, &s->alice, PL_ACTION_HOLD_MOVE);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    user_accepts(&s->w, &s->bob, s->id, mod);
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->id, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->alice, "call ended"); /* not a move */
    user_is_out(&s->w, &s->bob, "call ended");
}

static void the_path_must_fit_the_resource(void **state)
{
    stage *s = *state;
    answer a;
    act what = {.action = PL_ACTION_MODIFY,
                .conf = s->id,
                .sdp = "x",
                .resource = PL_RESOURCE_CONFERENCES};
    assert_int_equal(user_acts(&s->w, &s->alice, &what, &a), PL_EGONE);
    what.resource = PL_RESOURCE_CALLS;
    assert_int_equal(user_acts(&s->w, &s->alice, &what, &a), PL_OK);
}

static void new_media_after_a_loss_ends_what_was_offered(void **state)
{
    stage *s = *state;
    char hold[CONF_ID_SIZE];
    char mod[CONF_ID_SIZE];
    answer a;
    answer ev;
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, hold);
    for (unsigned i = 0; i < 2; i++)
        if (s->w.media[i].n_legs > 0)
            world_kill_media(&s->w, i);
    world_run(&s->w, 2 * S);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.mod_id, hold);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    assert_string_equal(leg_of(s, &s->bob)->lines, "audio/a0");
    assert_int_equal(acts(s, &s->bob, PL_ACTION_ACCEPT, hold, &a), PL_EINVAL);
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_is_offered(&s->w, &s->bob, s->id, mod); /* the hold, anew */
    assert_int_equal(leg_of(s, &s->bob)->direction, PL_DIRECTION_SENDONLY);
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_is_offered(&s->w, &s->alice, s->id, mod);
    user_accepts(&s->w, &s->alice, s->id, mod);
}

static void an_offered_hold_outlives_a_restart(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    turns(s, &s->alice, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    world_kill_roompool(&s->w);
    world_run(&s->w, S);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    user_accepts(&s->w, &s->bob, s->id, mod);
}

static void a_telephone_that_holds_is_told_too(void **state)
{
    stage *s = *state;
    pl_call_offer m = {.sdp = pl_slice_str("phone-hold")};
    answer a;
    answer ev;
    char call[CONF_ID_SIZE];
    char mod[CONF_ID_SIZE];
    user_calls(&s->w, &s->bob, "sip:carol@example.net", call);
    const char *id = sig_started(&s->w)->id;
    assert_int_equal(phone_report(&s->w, id, PL_CALL_STATE_ANSWERED, 200, "s"),
                     PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_SESSION_OPEN, &ev);
    PUT(m.call_id, id);
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    for (unsigned i = 0; i < 2; i++)
        s->w.media[i].direction = PL_DIRECTION_RECVONLY;
    world_ask_from(&s->w, s->w.sig.bus, &PL_MSG_CALL_OFFER, &m, &a);
    assert_int_equal(a.error, PL_OK);
    user_is_offered(&s->w, &s->bob, call, mod);
    user_accepts(&s->w, &s->bob, call, mod);
}

/* ---- events with a cursor ---- */

static pl_err read_after(stage *s, uint64_t after_seq, answer *a)
{
    pl_event_poll m = {
        .stream = PL_STREAM_SESSION, .after_seq = after_seq, .wait_ms = 500};
    PUT(m.id, s->alice.session);
    AS_CLIENT(m, s->alice.token);
    PL_MSG_SET(EVENT_POLL, event_poll, &m, client_id);
    world_ask(&s->w, &PL_MSG_EVENT_POLL, &m, a);
    if (!a->error && a->desc == &PL_MSG_EVENT_NONE)
        return PL_EAGAIN;
    return a->error;
}

static uint64_t last_seq(stage *s)
{
    const pl_sess *sess =
        pl_map_find(world_pool(&s->w)->sessions, s->alice.session);
    return sess->row.last_seq;
}

static void a_cursor_reads_what_follows_it(void **state)
{
    stage *s = *state;
    answer ev;
    uint64_t last = last_seq(s);
    turn(s, &s->alice, PL_ACTION_MODIFY);
    turn(s, &s->alice, PL_ACTION_MODIFY);
    for (int twice = 0; twice < 2; twice++) { /* it acknowledges nothing */
        assert_int_equal(read_after(s, last, &ev), PL_OK);
        assert_int_equal(ev.body.event.seq, last + 1);
    }
    assert_int_equal(read_after(s, last + 1, &ev), PL_OK);
    assert_int_equal(ev.body.event.seq, last + 2);
    assert_int_equal(read_after(s, last + 2, &ev), PL_EAGAIN);
    /* one without a cursor gets the oldest that is not acknowledged */
    world_run(&s->w, 3 * S);
    assert_int_equal(read_after(s, 0, &ev), PL_OK);
    assert_int_equal(ev.body.event.seq, last + 1);
    /* back to what was acknowledged long ago */
    assert_int_equal(read_after(s, 1, &ev), PL_OK);
    assert_int_equal(ev.body.event.seq, 2);
    /* and one that was never given is none */
    world_run(&s->w, 3 * S);
    assert_int_equal(read_after(s, 1000, &ev), PL_OK);
    assert_int_equal(ev.body.event.seq, last + 1);
}

static void the_newest_events_are_kept(void **state)
{
    stage *s = *state;
    answer ev;
    for (int i = 0; i < 80; i++)
        turns(s, &s->alice, PL_ACTION_MODIFY); /* reads and acknowledges */
    uint64_t last = last_seq(s);
    assert_int_equal(read_after(s, 1, &ev), PL_OK);
    assert_int_equal(ev.body.event.seq, last - 63);
    char sql[160];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM events WHERE owner_id = '%s'",
               s->alice.session);
    assert_int_equal(world_sql(&s->w, sql), 64);
    world_kill_roompool(&s->w);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    assert_int_equal(read_after(s, last - 1, &ev), PL_OK);
    assert_int_equal(ev.body.event.seq, last);
    assert_int_equal(read_after(s, 0, &ev), PL_EAGAIN); /* all acknowledged */
    turns(s, &s->alice, PL_ACTION_MODIFY);
}

static void who_only_uses_cursors_does_not_fill_the_store(void **state)
{
    stage *s = *state;
    answer ev;
    uint64_t at = last_seq(s);
    for (int i = 0; i < 100; i++) {
        turn(s, &s->alice, PL_ACTION_MODIFY);
        assert_int_equal(read_after(s, at, &ev), PL_OK);
        assert_int_equal(ev.body.event.seq, at + 1);
        at = ev.body.event.seq;
    }
    const pl_sess *sess =
        pl_map_find(world_pool(&s->w)->sessions, s->alice.session);
    assert_true(sess->n_events <= 65);
    assert_int_equal(world_metric(&s->w, PL_RM_events_dropped), 0);
}

static void no_event_while_a_command_is_judged(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer hold;
    answer ev;
    answer a;
    turns(s, &s->bob, PL_ACTION_HOLD);
    user_is_offered(&s->w, &s->alice, s->id, mod);
    const act accept = {
        .action = PL_ACTION_ACCEPT, .conf = s->id, .mod = mod, .sdp = "answer"};
    assert_int_equal(user_acts(&s->w, &s->alice, &accept, &a), PL_OK);
    /* alice has mod-terminated to read; her own command is under way */
    s->w.media[0].is_silent = s->w.media[1].is_silent = true;
    conference_begin(&s->w, "ta", s->id, PL_ACTION_HOLD, "x", &hold);
    poll_begin(&s->w, s->alice.session, "ta", 20000, &ev);
    world_run(&s->w, 500 * MS);
    assert_false(hold.is_done);
    assert_false(ev.is_done);
    world_wait(&s->w, &hold);
    world_run(&s->w, 200 * MS);
    assert_true(ev.is_done);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_MOD_TERMINATED);
}

/* Old clients hear of a refusal only when no poll was begun meanwhile. */
static void a_refused_command_is_followed_by_a_gap_too(void **state)
{
    stage *s = *state;
    answer hold;
    answer ev;
    turns(s, &s->bob, PL_ACTION_HOLD); /* alice has mod-received to read */
    world_run(&s->w, S);
    conference_begin(&s->w, "ta", s->id, PL_ACTION_HOLD, "x", &hold);
    poll_begin(&s->w, s->alice.session, "ta", 20000, &ev);
    world_run(&s->w, 50 * MS);
    assert_true(hold.is_done);
    assert_int_equal(hold.error, PL_EBUSY);
    assert_false(ev.is_done);
    world_wait(&s->w, &ev);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_MOD_RECEIVED);
    /* and what is refused before it is looked at */
    conference_begin(&s->w, "ta", "no-such-call", PL_ACTION_HOLD, "x", &hold);
    world_run(&s->w, 2 * MS);
    assert_int_equal(hold.error, PL_EGONE);
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->id, PL_DELETE_REASON_TERMINATE), PL_OK);
    poll_begin(&s->w, s->alice.session, "ta", 20000, &ev);
    world_run(&s->w, 50 * MS);
    assert_false(ev.is_done);
    world_wait(&s->w, &ev);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hold_is_told_to_the_other_side),
        TEST(both_hold),
        TEST(the_last_of_many_changes_arrives),
        TEST(a_rejected_hold_leaves_the_call),
        TEST(a_hold_that_nobody_answers_leaves_the_call),
        TEST(one_modification_at_a_time),
        TEST(a_wrong_modification_changes_nothing),
        TEST(a_bad_answer_may_be_mended),
        TEST(a_bad_offer_changes_nothing),
        TEST(every_word_for_hold_holds_a_call),
        TEST(the_path_must_fit_the_resource),
        TEST(new_media_after_a_loss_ends_what_was_offered),
        TEST(an_offered_hold_outlives_a_restart),
        TEST(a_telephone_that_holds_is_told_too),
        TEST(a_cursor_reads_what_follows_it),
        TEST(the_newest_events_are_kept),
        TEST(who_only_uses_cursors_does_not_fill_the_store),
        TEST(a_refused_command_is_followed_by_a_gap_too),
        TEST(no_event_while_a_command_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
