/* test_move.c - seats that go from one session of a user to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/move.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    user alice, bob, bob2, bob3;
    char id[CONF_ID_SIZE]; /* of the conference or call */
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
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

static void bob_has_others(stage *s)
{
    user_opens(&s->w, &s->bob2, "bob", "tb2");
    user_opens(&s->w, &s->bob3, "bob", "tb3");
}

static int64_t count(stage *s, const char *state)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM participants WHERE state = '%s'", state);
    return world_sql(&s->w, sql);
}

/* ---- conferences ---- */

/* Alice hosts and bob is in; bob's other sessions come afterwards. */
static void open_conference(stage *s)
{
    user_hosts(&s->w, &s->alice, s->id);
    user_joins(&s->w, &s->alice, s->id, "bob", &s->bob);
    bob_has_others(s);
}

static void hold(stage *s, const user *u, pl_action action)
{
    answer a;
    answer ev;
    assert_int_equal(conference_do(&s->w, u->token, s->id, action, "hold", &a),
                     PL_OK);
    assert_string_equal(a.body.action.state, "mod-sent");
    user_reads(&s->w, u, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.sdp, "answer:hold");
}

/* Hold, and DELETE this long after its reply. */
static void hold_and_delete(stage *s, const user *u, int64_t after_us)
{
    answer a;
    conference_begin(&s->w, u->token, s->id, PL_ACTION_HOLD_MOVE, "h", &a);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_OK);
    world_run(&s->w, after_us);
    assert_int_equal(conference_leave(&s->w, u->token, s->id), PL_OK);
}

static void takes(stage *s, const user *u)
{
    answer a;
    answer ev;
    user_reads(&s->w, u, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->id);
    assert_memory_equal(ev.sdp, "offer:", 6);
    assert_int_equal(
        conference_do(&s->w, u->token, s->id, PL_ACTION_ANSWER, "answer", &a),
        PL_OK);
    assert_string_equal(a.body.action.state, "accepted");
    user_reads(&s->w, u, PL_EVENT_KIND_SESSION_OPEN, &ev);
    assert_string_equal(ev.sdp, "");
}

static void reads_until_out(stage *s, const user *u, const char *reason)
{
    answer ev;
    do
        assert_int_equal(poll_session(&s->w, u->session, u->token, &ev), PL_OK);
    while (ev.body.event.kind != PL_EVENT_KIND_SESSION_TERMINATED);
    assert_string_equal(ev.body.event.reason, reason);
    assert_string_equal(ev.body.event.conf_id, s->id);
}

static void a_delete_soon_after_the_hold_moves(void **state)
{
    stage *s = *state;
    answer ev;
    char seat[65];
    open_conference(s);
    hold_and_delete(s, &s->bob, 4900 * MS);
    reads_until_out(s, &s->bob, "moved");
    world_run(&s->w, 20 * MS);
    assert_int_equal(count(s, "moving"), 1);
    assert_int_equal(world_sql(&s->w, "SELECT ringing FROM v_live_conferences"),
                     1);
    user_reads(&s->w, &s->bob3, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.from, "sip:bob@localhost");
    pl_fmt_cut(seat, sizeof seat, "%s", ev.body.event.participant_id);
    takes(s, &s->bob2);
    user_reads(&s->w, &s->bob3, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "Call canceled");
    assert_int_equal(count(s, "active"), 2);
    const pl_part *part = pl_map_find(world_pool(&s->w)->parts, seat);
    assert_string_equal(part->row.session_id, s->bob2.session);
    assert_false(part->row.on_hold);
    user_reads_nothing(&s->w, &s->alice);
    /* again and again: nothing happens to the seat */
    assert_int_equal(conference_leave(&s->w, "tb", s->id), PL_OK);
    assert_int_equal(count(s, "active"), 2);
}

static void the_window_is_five_seconds_to_the_millisecond(void **state)
{
    stage *s = *state;
    pl_pool *pool = world_pool(&s->w);
    const pl_part *part;
    size_t cursor = 0;
    open_conference(s);
    hold(s, &s->bob, PL_ACTION_HOLD_MOVE);
    while ((part = pl_map_next(pool->parts, &cursor, NULL)) != NULL &&
           strcmp(part->row.session_id, s->bob.session) != 0)
        continue;
    assert_non_null(part);
    pool->now.wall_ms = part->row.move_until;
    assert_true(pl_move_is_armed(pool, part));
    pool->now.wall_ms++;
    assert_false(pl_move_is_armed(pool, part));
}

static void too_late_it_leaves(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold_and_delete(s, &s->bob, 5100 * MS);
    reads_until_out(s, &s->bob, "left");
    assert_int_equal(count(s, "moving"), 0);
    assert_int_equal(count(s, "active"), 1);
    user_reads_nothing(&s->w, &s->bob2);
}

static void any_other_change_disarms(void **state)
{
    static const pl_action others[] = {PL_ACTION_RESUME, PL_ACTION_HOLD,
                                       PL_ACTION_MODIFY};
    stage *s = *state;
    open_conference(s);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        hold(s, &s->bob, PL_ACTION_HOLD_MOVE);
        assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants "
                                          "WHERE move_until IS NOT NULL"),
                         1);
        hold(s, &s->bob, others[i]);
        assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants "
                                          "WHERE move_until IS NOT NULL"),
                         0);
    }
    assert_int_equal(conference_leave(&s->w, "tb", s->id), PL_OK);
    assert_int_equal(count(s, "moving"), 0);
}

static void a_plain_hold_does_not_arm(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold(s, &s->bob, PL_ACTION_HOLD);
    assert_int_equal(conference_leave(&s->w, "tb", s->id), PL_OK);
    reads_until_out(s, &s->bob, "left");
}

static void nobody_else_and_the_seat_is_released(void **state)
{
    stage *s = *state;
    open_conference(s);
    /* alice has no other session: her conference ends */
    hold_and_delete(s, &s->alice, 100 * MS);
    reads_until_out(s, &s->alice, "moved");
    user_reads_nothing(&s->w, &s->alice);
    reads_until_out(s, &s->bob, "nobody to move to");
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_live_conferences"), 0);
}

static void nobody_answers_the_move(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold_and_delete(s, &s->bob, 100 * MS);
    world_run(&s->w, 46 * S);
    reads_until_out(s, &s->bob2, "No answer");
    assert_int_equal(count(s, "moving"), 0);
    assert_int_equal(count(s, "active"), 1);
    user_reads_nothing(&s->w, &s->alice);
}

static void all_decline_the_move(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold_and_delete(s, &s->bob, 100 * MS);
    world_run(&s->w, 20 * MS);
    assert_int_equal(conference_leave(&s->w, "tb2", s->id), PL_OK);
    assert_int_equal(count(s, "moving"), 1);
    assert_int_equal(conference_leave(&s->w, "tb3", s->id), PL_OK);
    assert_int_equal(count(s, "moving"), 0);
    assert_int_equal(count(s, "active"), 1);
}

static void the_host_moves_and_stays_host(void **state)
{
    stage *s = *state;
    user alice2;
    answer a;
    answer ev;
    open_conference(s);
    user_opens(&s->w, &alice2, "alice", "ta2");
    hold_and_delete(s, &s->alice, 100 * MS);
    reads_until_out(s, &s->alice, "moved");
    takes(s, &alice2);
    assert_int_equal(invite(&s->w, "ta2", s->id, "sip:x@example.net", &a),
                     PL_OK);
    user_reads_nothing(&s->w, &s->bob);
    assert_int_equal(conference_leave(&s->w, "ta2", s->id), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
}

static void the_movers_session_may_close(void **state)
{
    stage *s = *state;
    pl_session_delete m = {.present = 0};
    answer a;
    open_conference(s);
    hold_and_delete(s, &s->bob, 100 * MS);
    AS_CLIENT(m, "tb");
    world_ask(&s->w, &PL_MSG_SESSION_DELETE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    takes(s, &s->bob2);
    assert_int_equal(count(s, "active"), 2);
}

static void restart(stage *s)
{
    world_kill_roompool(&s->w);
    world_run(&s->w, S);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
}

static void a_move_outlives_a_restart(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold(s, &s->bob, PL_ACTION_HOLD_MOVE);
    restart(s); /* armed */
    assert_int_equal(conference_leave(&s->w, "tb", s->id), PL_OK);
    world_run(&s->w, 20 * MS);
    assert_int_equal(count(s, "moving"), 1);
    restart(s); /* ringing */
    assert_int_equal(count(s, "moving"), 1);
    takes(s, &s->bob2);
    restart(s); /* taken */
    assert_int_equal(count(s, "active"), 2);
    reads_until_out(s, &s->bob3, "Call canceled");
}

static void a_move_cut_short_by_a_restart_still_ends(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold_and_delete(s, &s->bob, 100 * MS);
    world_run(&s->w, 20 * MS);
    restart(s);
    world_run(&s->w, 46 * S);
    assert_int_equal(count(s, "moving"), 0);
    assert_int_equal(count(s, "active"), 1);
}

static void the_media_of_a_moving_seat_is_lost(void **state)
{
    stage *s = *state;
    open_conference(s);
    hold_and_delete(s, &s->bob, 100 * MS);
    world_run(&s->w, 20 * MS);
    for (unsigned i = 0; i < 2; i++)
        if (s->w.media[i].n_legs > 0)
            world_kill_media(&s->w, i);
    world_run(&s->w, 2 * S);
    assert_int_equal(count(s, "moving"), 1);
    reads_until_out(s, &s->bob2, "media worker lost");
    reads_until_out(s, &s->bob3, "media worker lost");
    takes(s, &s->bob2); /* who rings again, by the other worker */
    reads_until_out(s, &s->bob3, "Call canceled");
    assert_int_equal(count(s, "active"), 2);
}

static void the_media_of_a_moving_host_is_lost(void **state)
{
    stage *s = *state;
    user alice2;
    char mod[CONF_ID_SIZE];
    answer a;
    open_conference(s);
    user_opens(&s->w, &alice2, "alice", "ta2");
    hold_and_delete(s, &s->alice, 100 * MS);
    world_run(&s->w, 20 * MS);
    world_kill_media(&s->w, 0);
    world_kill_media(&s->w, 1);
    world_run(&s->w, 2 * S);
    assert_int_equal(count(s, "moving"), 1); /* it waits for a worker */
    world_start_media(&s->w, 0);
    world_run(&s->w, 2 * S);
    reads_until_out(s, &alice2, "media worker lost");
    takes(s, &alice2);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    user_accepts(&s->w, &s->bob, s->id, mod);
    assert_int_equal(invite(&s->w, "ta2", s->id, "sip:x@example.net", &a),
                     PL_OK);
}

static void no_worker_comes_for_a_moving_host(void **state)
{
    stage *s = *state;
    user alice2;
    open_conference(s);
    user_opens(&s->w, &alice2, "alice", "ta2");
    hold_and_delete(s, &s->alice, 100 * MS);
    world_run(&s->w, 20 * MS);
    world_kill_media(&s->w, 0);
    world_kill_media(&s->w, 1);
    world_run(&s->w, 120 * S);
    assert_int_equal(count(s, "moving"), 0);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 0);
}

/* ---- calls ---- */

static void open_call(stage *s)
{
    answer ev;
    user_calls(&s->w, &s->alice, "bob", s->id);
    user_is_called(&s->w, &s->bob, s->id);
    user_answers(&s->w, &s->bob, s->id);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    bob_has_others(s);
}

static void begin_call_move(stage *s)
{
    answer a;
    answer ev;
    assert_int_equal(
        conference_do(&s->w, "tb", s->id, PL_ACTION_MOVE, "held-offer", &a),
        PL_OK);
    assert_string_equal(a.body.action.state, "mod-sent");
    user_reads(&s->w, &s->bob3, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    assert_string_equal(ev.body.event.resource, "calls");
    assert_string_equal(ev.body.event.from, "sip:alice@localhost");
}

static void move_fails(stage *s, const char *reason)
{
    answer ev;
    answer a;
    char mod[CONF_ID_SIZE];
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOVE_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, reason);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_SESSION_MODIFIED, &ev);
    assert_string_equal(ev.sdp, "");
    /* the offer of the move is still in bob's browser: ours replaces it */
    user_is_offered(&s->w, &s->bob, s->id, mod);
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_reads_nothing(&s->w, &s->bob);
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    assert_int_equal(
        conference_do(&s->w, "tb", s->id, PL_ACTION_MODIFY, "x", &a), PL_OK);
}

static void a_call_moves_while_the_mover_talks(void **state)
{
    stage *s = *state;
    answer ev;
    open_call(s);
    begin_call_move(s);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 4);
    takes(s, &s->bob2);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOVE_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "success");
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_SESSION_MODIFIED, &ev);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    user_reads_nothing(&s->w, &s->bob);
    reads_until_out(s, &s->bob3, "Call canceled");
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 2);
    /* and the new place is a full one */
    assert_int_equal(
        call_delete(&s->w, &s->bob2, s->id, PL_DELETE_REASON_TERMINATE), PL_OK);
    user_is_out(&s->w, &s->alice, "call ended");
}

static void nobody_takes_a_call(void **state)
{
    stage *s = *state;
    open_call(s);
    begin_call_move(s);
    world_run(&s->w, 46 * S);
    reads_until_out(s, &s->bob2, "Call canceled");
    move_fails(s, "No answer");
}

static void all_decline_a_call(void **state)
{
    stage *s = *state;
    open_call(s);
    begin_call_move(s);
    assert_int_equal(conference_leave(&s->w, "tb2", s->id), PL_OK);
    user_reads_nothing(&s->w, &s->bob);
    assert_int_equal(conference_leave(&s->w, "tb3", s->id), PL_OK);
    move_fails(s, "User busy");
}

static void there_is_no_other_session(void **state)
{
    stage *s = *state;
    answer a;
    answer ev;
    open_call(s);
    assert_int_equal(
        conference_do(&s->w, "ta", s->id, PL_ACTION_MOVE, "held-offer", &a),
        PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_MOVE_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "nobody to move to");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_MODIFIED, &ev);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
}

static void nothing_else_while_a_call_moves(void **state)
{
    stage *s = *state;
    answer a;
    open_call(s);
    begin_call_move(s);
    assert_int_equal(conference_do(&s->w, "tb", s->id, PL_ACTION_MOVE, "x", &a),
                     PL_EBUSY);
    assert_int_equal(conference_do(&s->w, "tb", s->id, PL_ACTION_HOLD, "x", &a),
                     PL_EBUSY);
    assert_int_equal(
        conference_do(&s->w, "tb3", s->id, PL_ACTION_HOLD, "x", &a), PL_ESTATE);
    assert_int_equal(
        conference_do(&s->w, "tb3", s->id, PL_ACTION_MOVE, "x", &a), PL_ESTATE);
    assert_int_equal(
        conference_do(&s->w, "tb", s->id, PL_ACTION_ANSWER, "x", &a),
        PL_ESTATE);
}

static void the_call_ends_while_it_moves(void **state)
{
    stage *s = *state;
    open_call(s);
    begin_call_move(s);
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->id, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->bob, "call ended");
    reads_until_out(s, &s->bob2, "Call canceled");
    user_is_out(&s->w, &s->bob3, "Call canceled");
    assert_int_equal(world_pool(&s->w)->n_confs_live, 0);
}

static void the_other_side_holds_while_a_call_moves(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    open_call(s);
    begin_call_move(s);
    hold(s, &s->alice, PL_ACTION_HOLD);
    user_reads_nothing(&s->w, &s->bob);
    takes(s, &s->bob2);
    user_is_offered(&s->w, &s->bob2, s->id, mod); /* the new place learns it */
    user_accepts(&s->w, &s->bob2, s->id, mod);
}

static void a_call_that_moves_outlives_a_restart(void **state)
{
    stage *s = *state;
    open_call(s);
    begin_call_move(s);
    restart(s);
    takes(s, &s->bob2);
    reads_until_out(s, &s->bob, "moved");
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 2);
}

static void a_call_that_nobody_takes_after_a_restart(void **state)
{
    stage *s = *state;
    open_call(s);
    begin_call_move(s);
    restart(s);
    world_run(&s->w, 46 * S);
    move_fails(s, "No answer");
}

static void the_media_is_lost_while_a_call_moves(void **state)
{
    stage *s = *state;
    answer ev;
    char mod[CONF_ID_SIZE];
    open_call(s);
    begin_call_move(s);
    for (unsigned i = 0; i < 2; i++)
        if (s->w.media[i].n_legs > 0)
            world_kill_media(&s->w, i);
    world_run(&s->w, 2 * S);
    reads_until_out(s, &s->bob2, "media worker lost");
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOVE_TERMINATED, &ev);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_SESSION_MODIFIED, &ev);
    user_is_offered(&s->w, &s->bob, s->id, mod);
    user_accepts(&s->w, &s->bob, s->id, mod);
    user_is_offered(&s->w, &s->alice, s->id, mod);
    user_accepts(&s->w, &s->alice, s->id, mod);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_delete_soon_after_the_hold_moves),
        TEST(the_window_is_five_seconds_to_the_millisecond),
        TEST(too_late_it_leaves),
        TEST(any_other_change_disarms),
        TEST(a_plain_hold_does_not_arm),
        TEST(nobody_else_and_the_seat_is_released),
        TEST(nobody_answers_the_move),
        TEST(all_decline_the_move),
        TEST(the_host_moves_and_stays_host),
        TEST(the_movers_session_may_close),
        TEST(a_move_outlives_a_restart),
        TEST(a_move_cut_short_by_a_restart_still_ends),
        TEST(the_media_of_a_moving_seat_is_lost),
        TEST(the_media_of_a_moving_host_is_lost),
        TEST(no_worker_comes_for_a_moving_host),
        TEST(a_call_moves_while_the_mover_talks),
        TEST(nobody_takes_a_call),
        TEST(all_decline_a_call),
        TEST(there_is_no_other_session),
        TEST(nothing_else_while_a_call_moves),
        TEST(the_call_ends_while_it_moves),
        TEST(the_other_side_holds_while_a_call_moves),
        TEST(a_call_that_moves_outlives_a_restart),
        TEST(a_call_that_nobody_takes_after_a_restart),
        TEST(the_media_is_lost_while_a_call_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
