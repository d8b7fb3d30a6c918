/* test_successor.c - a telephone takes the place of another: by a REFER that
 * names it, or calling with Replaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "mgmt_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    user alice, bob;
    page host;
    char call[CONF_ID_SIZE];
    char first[65], second[65]; /* SIP calls: who refers, whom it names */
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

/* Alice has called a telephone, which answered. */
static void talks(stage *s)
{
    answer ev;
    user_calls(&s->w, &s->alice, "sip:carol@example.net", s->call);
    PUT(s->first, sig_started(&s->w)->id);
    assert_int_equal(
        phone_report(&s->w, s->first, PL_CALL_STATE_ANSWERED, 200, "a"), PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
}

/* It refers to another, whom we call. */
static void refers(stage *s)
{
    talks(s);
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@example.net", NULL, NULL),
        PL_OK);
    PUT(s->second, sig_started(&s->w)->id);
    assert_string_not_equal(s->first, s->second);
    assert_string_equal(sig_started(&s->w)->to, "sip:dan@example.net");
}

static int64_t seats(stage *s)
{
    return world_sql(&s->w, "SELECT count(*) FROM participants WHERE state = "
                            "'active' AND kind <> 'page'");
}

static void answers(stage *s)
{
    assert_int_equal(
        phone_report(&s->w, s->second, PL_CALL_STATE_ANSWERED, 200, "b"),
        PL_OK);
}

static void it_is_taken_over(stage *s)
{
    assert_true(sig_call(&s->w, s->first)->is_ended);
    assert_false(sig_call(&s->w, s->second)->is_ended);
    assert_int_equal(seats(s), 2);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 1);
    world_check(&s->w);
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    assert_true(sig_call(&s->w, s->second)->is_ended);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_live_calls"), 0);
}

static void whom_a_refer_names_takes_the_place(void **state)
{
    stage *s = *state;
    refers(s);
    assert_string_equal(sig_call(&s->w, s->second)->referred_by,
                        "<sip:referrer@example.net>");
    assert_int_equal(seats(s), 2); /* all goes on as before */
    (void)phone_report(&s->w, s->second, PL_CALL_STATE_RINGING, 180, NULL);
    assert_int_equal(sig_call(&s->w, s->first)->referred, 180);
    answers(s);
    assert_int_equal(sig_call(&s->w, s->first)->referred, 200);
    it_is_taken_over(s);
}

static void a_foreign_replaces_goes_into_the_invite(void **state)
{
    stage *s = *state;
    talks(s);
    assert_int_equal(phone_refers(&s->w, s->first, "sip:dan@example.net", NULL,
                                  "x;to-tag=a;from-tag=b"),
                     PL_OK);
    PUT(s->second, sig_started(&s->w)->id);
    assert_string_equal(sig_call(&s->w, s->second)->replaces,
                        "x;to-tag=a;from-tag=b");
    answers(s);
    it_is_taken_over(s);
}

static void who_referred_may_hang_up_at_once(void **state)
{
    stage *s = *state;
    refers(s);
    assert_int_equal(
        phone_report(&s->w, s->first, PL_CALL_STATE_ENDED, 0, NULL), PL_OK);
    assert_int_equal(seats(s), 1);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_live_calls"), 1);
    answers(s);
    it_is_taken_over(s);
}

static void when_nobody_answers_all_goes_on_as_before(void **state)
{
    stage *s = *state;
    refers(s);
    assert_int_equal(
        phone_report(&s->w, s->second, PL_CALL_STATE_ENDED, 486, NULL), PL_OK);
    assert_int_equal(sig_call(&s->w, s->first)->referred, 486);
    assert_false(sig_call(&s->w, s->first)->is_ended);
    assert_int_equal(seats(s), 2);
    user_reads_nothing(&s->w, &s->alice);
    /* And another time. */
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:eve@example.net", NULL, NULL),
        PL_OK);
    PUT(s->second, sig_started(&s->w)->id);
    answers(s);
    it_is_taken_over(s);
}

static void nobody_is_left_when_both_have_gone(void **state)
{
    stage *s = *state;
    refers(s);
    (void)phone_report(&s->w, s->first, PL_CALL_STATE_ENDED, 0, NULL);
    (void)phone_report(&s->w, s->second, PL_CALL_STATE_ENDED, 404, NULL);
    user_is_out(&s->w, &s->alice, "Call failed");
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
}

static void the_other_party_ends_it_all(void **state)
{
    stage *s = *state;
    refers(s);
    assert_int_equal(
        call_delete(&s->w, &s->alice, s->call, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    assert_true(sig_call(&s->w, s->first)->is_ended);
    assert_true(sig_call(&s->w, s->second)->is_ended);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
    user_is_out(&s->w, &s->alice, "call ended");
}

static void it_goes_on_over_a_restart(void **state)
{
    stage *s = *state;
    refers(s);
    world_kill_roompool(&s->w);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    world_run(&s->w, S);
    answers(s);
    it_is_taken_over(s);
}

static void a_refer_may_be_refused(void **state)
{
    stage *s = *state;
    talks(s);
    s->w.config.accept_refer = false;
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@example.net", NULL, NULL),
        PL_EFORBIDDEN);
    s->w.config.accept_refer = true;
    s->w.sig.is_strange = true; /* and we would pay */
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@example.net", NULL, NULL),
        PL_EFORBIDDEN);
    s->w.config.refer_by_strangers = true;
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:bob@localhost", NULL, NULL),
        PL_ENOUSER); /* a user has no telephone */
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@example.net", "nobody's", NULL),
        PL_EGONE);
    assert_int_equal(
        phone_refers(&s->w, "c9", "sip:dan@example.net", NULL, NULL), PL_EGONE);
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:dan@example.net", NULL, NULL),
        PL_OK);
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:eve@example.net", NULL, NULL),
        PL_EBUSY);
}

static void in_a_room_whom_it_names_is_dialled(void **state)
{
    stage *s = *state;
    page_is_in(&s->w, &s->host, "lobby", NULL, "t");
    phone_joins(&s->w, "c1", "lobby");
    assert_int_equal(
        phone_refers(&s->w, "c1", "sip:dan@example.net", NULL, NULL),
        PL_EFORBIDDEN); /* everybody is host there */
    s->w.config.dial_from_open_rooms = true;
    assert_int_equal(
        phone_refers(&s->w, "c1", "sip:dan@example.net", NULL, NULL), PL_OK);
    PUT(s->second, sig_started(&s->w)->id);
    answers(s);
    assert_int_equal(sig_call(&s->w, "c1")->referred, 200);
    assert_false(sig_call(&s->w, "c1")->is_ended); /* who referred stays */
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_live_participants"), 3);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants WHERE "
                                      "role = 'guest' AND is_dialled"),
                     1);
}

static void guests_cannot_have_a_room_dial(void **state)
{
    stage *s = *state;
    page_is_in(&s->w, &s->host, "hosted", "9999", "t");
    phone_joins(&s->w, "c1", "hosted");
    assert_int_equal(
        phone_refers(&s->w, "c1", "sip:dan@example.net", NULL, NULL),
        PL_EFORBIDDEN);
}

/* ---- INVITE with Replaces ---- */

static void who_replaces_takes_the_place_in_a_room(void **state)
{
    stage *s = *state;
    page_is_in(&s->w, &s->host, "locked", "9999", "t");
    phone_joins(&s->w, "c1", "locked");
    world_run(&s->w, 4 * S);
    phone_key(&s->w, "c1", "1234#", false);
    world_run(&s->w, S);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants WHERE "
                                      "kind = 'telephone' AND state = "
                                      "'active'"),
                     1);
    assert_int_equal(phone_replaces(&s->w, "c2", "c1", false), PL_OK);
    assert_int_equal(sig_call(&s->w, "c2")->status, 200);
    assert_true(sig_call(&s->w, "c1")->is_ended);
    world_run(&s->w, S);
    /* It is in at once: the PIN has been keyed. */
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM participants WHERE "
                                      "kind = 'telephone' AND state = 'active' "
                                      "AND role = 'guest' AND display_name = "
                                      "'c2'"),
                     1);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_live_participants"), 2);
}

static void who_replaces_takes_the_place_in_a_call(void **state)
{
    stage *s = *state;
    talks(s);
    assert_int_equal(phone_replaces(&s->w, "c2", s->first, false), PL_OK);
    PUT(s->second, "c2");
    assert_int_equal(sig_call(&s->w, "c2")->status, 200);
    (void)phone_report(&s->w, "c2", PL_CALL_STATE_CONFIRMED, 0, NULL);
    it_is_taken_over(s);
}

static void a_call_that_rings_is_picked_up_elsewhere(void **state)
{
    stage *s = *state;
    answer ev;
    user_calls(&s->w, &s->alice, "sip:carol@example.net", s->call);
    PUT(s->first, sig_started(&s->w)->id);
    (void)phone_report(&s->w, s->first, PL_CALL_STATE_RINGING, 180, NULL);
    assert_int_equal(phone_replaces(&s->w, "c2", s->first, true), PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
    PUT(s->second, "c2");
    it_is_taken_over(s);
}

static void what_cannot_be_replaced_is_refused(void **state)
{
    stage *s = *state;
    talks(s);
    assert_int_equal(phone_replaces(&s->w, "c2", s->first, true), PL_EFULL);
    assert_int_equal(phone_replaces(&s->w, "c3", "unknown", false), PL_EGONE);
    s->w.media[0].is_silent = s->w.media[1].is_silent = true;
    assert_int_equal(phone_replaces(&s->w, "c4", s->first, false), PL_OK);
    assert_int_equal(phone_replaces(&s->w, "c5", s->first, false), PL_EBUSY);
    /* Who gives up before it is answered changes nothing. */
    (void)phone_report(&s->w, "c4", PL_CALL_STATE_ENDED, 487, NULL);
    s->w.media[0].is_silent = s->w.media[1].is_silent = false;
    assert_int_equal(seats(s), 2);
    assert_false(sig_call(&s->w, s->first)->is_ended);
}

/* ---- attended: two calls of one telephone are joined ---- */

static void two_calls_are_joined(void **state)
{
    stage *s = *state;
    answer ev;
    char mod[CONF_ID_SIZE];
    char other[CONF_ID_SIZE];
    assert_int_equal(phone_call(&s->w, "c1", "alice", "o"), PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    PUT(s->call, ev.body.event.conf_id);
    user_answers(&s->w, &s->alice, s->call);
    assert_int_equal(phone_call(&s->w, "c2", "bob", "o"), PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_INVITATION_RECEIVED, &ev);
    PUT(other, ev.body.event.conf_id);
    user_answers(&s->w, &s->bob, other);
    (void)phone_report(&s->w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL);
    (void)phone_report(&s->w, "c2", PL_CALL_STATE_CONFIRMED, 0, NULL);
    world_run(&s->w, S);
    assert_int_equal(phone_refers(&s->w, "c1", "sip:bob@localhost", "c2", NULL),
                     PL_OK);
    user_is_offered(&s->w, &s->alice, s->call, mod);
    user_accepts(&s->w, &s->alice, s->call, mod);
    assert_int_equal(sig_call(&s->w, "c1")->referred, 200);
    assert_true(sig_call(&s->w, "c1")->is_ended);
    assert_true(sig_call(&s->w, "c2")->is_ended);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_live_calls"), 1);
    assert_int_equal(seats(s), 2);
    assert_int_equal(
        call_delete(&s->w, &s->bob, other, PL_DELETE_REASON_TERMINATE), PL_OK);
}

static void a_refused_join_changes_nothing(void **state)
{
    stage *s = *state;
    talks(s);
    page_is_in(&s->w, &s->host, "lobby", NULL, "t");
    phone_joins(&s->w, "c2", "lobby");
    assert_int_equal(
        phone_refers(&s->w, s->first, "sip:lobby@localhost", "c2", NULL),
        PL_EFORBIDDEN);
    assert_int_equal(
        phone_refers(&s->w, "c2", "sip:x@localhost", s->first, NULL),
        PL_EFORBIDDEN);
    assert_false(sig_call(&s->w, s->first)->is_ended);
    assert_int_equal(seats(s), 3);
}

/* ---- our REFER, by the management API ---- */

static pl_err sends_away(stage *s, const char *call_id, const char *address)
{
    pl_management_command m = {.role = PL_PART_ROLE_GUEST};
    const pl_call *call = pl_map_find(world_pool(&s->w)->calls, call_id);
    assert_non_null(call);
    char id[65];
    PUT(id, call->part->row.participant_id);
    PUT(m.alias, address);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, alias);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, role);
    return mgmt_does(&s->w, &m, PL_MGMT_COMMAND_PARTICIPANT_TRANSFER, id);
}

static void a_telephone_is_sent_elsewhere(void **state)
{
    stage *s = *state;
    page_is_in(&s->w, &s->host, "lobby", NULL, "t");
    phone_joins(&s->w, "c1", "lobby");
    assert_int_equal(sends_away(s, "c1", "sip:bob@localhost"), PL_ENOUSER);
    s->w.sig.refuse_transfer = PL_EUNSUPPORTED;
    assert_int_equal(sends_away(s, "c1", "sip:dan@example.net"), PL_OK);
    world_run(&s->w, S);
    assert_string_equal(sig_call(&s->w, "c1")->sent_to, "sip:dan@example.net");
    assert_false(sig_call(&s->w, "c1")->is_ended); /* it stays */
    s->w.sig.refuse_transfer = PL_OK;
    assert_int_equal(sends_away(s, "c1", "tel:+4930123456"), PL_OK);
    world_run(&s->w, S);
    assert_true(sig_call(&s->w, "c1")->is_ended);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_live_participants"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whom_a_refer_names_takes_the_place),
        TEST(a_foreign_replaces_goes_into_the_invite),
        TEST(who_referred_may_hang_up_at_once),
        TEST(when_nobody_answers_all_goes_on_as_before),
        TEST(nobody_is_left_when_both_have_gone),
        TEST(the_other_party_ends_it_all),
        TEST(it_goes_on_over_a_restart),
        TEST(a_refer_may_be_refused),
        TEST(in_a_room_whom_it_names_is_dialled),
        TEST(guests_cannot_have_a_room_dial),
        TEST(who_replaces_takes_the_place_in_a_room),
        TEST(who_replaces_takes_the_place_in_a_call),
        TEST(a_call_that_rings_is_picked_up_elsewhere),
        TEST(what_cannot_be_replaced_is_refused),
        TEST(two_calls_are_joined),
        TEST(a_refused_join_changes_nothing),
        TEST(a_telephone_is_sent_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
