/* test_transfer.c - alice talks to bob and to carol, joins them and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    user alice, bob, carol;
    char held[CONF_ID_SIZE], target[CONF_ID_SIZE];
    char phone[65]; /* SIP call of a telephone in place of bob */
} stage;

static int setup(void **state)
{
    static stage s;
    world_create(&s.w, 2);
    user_opens(&s.w, &s.alice, "alice", "ta");
    user_opens(&s.w, &s.bob, "bob", "tb");
    user_opens(&s.w, &s.carol, "carol", "tc");
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

/* ---- openings ---- */

static void talks(stage *s, const user *from, const char *name, const user *to,
                  char call[CONF_ID_SIZE])
{
    answer ev;
    user_calls(&s->w, from, name, call);
    user_is_called(&s->w, to, call);
    user_answers(&s->w, to, call);
    user_reads(&s->w, from, PL_EVENT_KIND_SESSION_OPEN, &ev);
}

static void dials(stage *s, char call[CONF_ID_SIZE])
{
    answer ev;
    user_calls(&s->w, &s->alice, "sip:bob@example.net", call);
    pl_fmt_cut(s->phone, sizeof s->phone, "%s", sig_started(&s->w)->id);
    assert_int_equal(phone_report(&s->w, s->phone, PL_CALL_STATE_ANSWERED, 200,
                                  "phone-answer"),
                     PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_OPEN, &ev);
}

static pl_err transfer(stage *s, const char *held, const char *target)
{
    answer a;
    const act what = {.action = PL_ACTION_TRANSFER,
                      .conf = held,
                      .target = target,
                      .sdp = "remote",
                      .resource = PL_RESOURCE_CALLS};
    return user_acts(&s->w, &s->alice, &what, &a);
}

static void begins(stage *s)
{
    assert_int_equal(transfer(s, s->held, s->target), PL_OK);
}

/* Two calls between users, and the transfer is under way. */
static void offered(stage *s, char mod[CONF_ID_SIZE])
{
    talks(s, &s->alice, "bob", &s->bob, s->held);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    begins(s);
    user_is_offered(&s->w, &s->bob, s->held, mod);
}

static void succeeds(stage *s)
{
    answer ev;
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_TRANSFER_INITIATED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->held);
    assert_string_equal(ev.body.event.transfer_to, s->target);
    assert_string_equal(ev.body.event.resource, "calls");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_TRANSFER_TERMINATED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->held);
    assert_string_equal(ev.body.event.transfer_to, s->target);
    assert_string_equal(ev.body.event.reason, "success");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->held);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->target);
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 2);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_live_calls WHERE state = "
                         "'connected' AND caller <> '' AND callee <> ''"),
        1);
}

static void fails(stage *s, const char *reason)
{
    answer ev;
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_TRANSFER_TERMINATED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->held);
    assert_string_equal(ev.body.event.transfer_to, s->target);
    assert_string_equal(ev.body.event.reason, reason);
}

/* Both calls are as before. */
static void all_is_as_before(stage *s)
{
    answer a;
    user_reads_nothing(&s->w, &s->alice);
    user_reads_nothing(&s->w, &s->carol);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 2);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 4);
    assert_int_equal(
        conference_do(&s->w, "ta", s->held, PL_ACTION_MODIFY, "x", &a), PL_OK);
    assert_int_equal(
        conference_do(&s->w, "tc", s->target, PL_ACTION_MODIFY, "x", &a),
        PL_OK);
}

static void reads_an_end_of(stage *s, const user *u, const char *mod)
{
    answer ev;
    user_reads(&s->w, u, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.mod_id, mod);
    assert_string_equal(ev.body.event.reason, "success");
}

static void reads_end_of(stage *s, const user *u, const char *mod)
{
    reads_an_end_of(s, u, mod);
    user_reads_nothing(&s->w, u);
}

/* Bob may have let go of his media: he is offered that of his call again. */
static void is_offered_back(stage *s, const char *mod)
{
    char back[CONF_ID_SIZE];
    reads_an_end_of(s, &s->bob, mod);
    user_is_offered(&s->w, &s->bob, s->held, back);
    user_accepts(&s->w, &s->bob, s->held, back);
    user_reads_nothing(&s->w, &s->bob);
}

/* ---- success ---- */

static void two_users_are_joined(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    offered(s, mod);
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 5);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
    user_reads_nothing(&s->w, &s->bob);
    user_reads_nothing(&s->w, &s->carol);
    /* each knows the call by the id it had */
    assert_int_equal(
        conference_do(&s->w, "tb", s->held, PL_ACTION_MODIFY, "x", &a), PL_OK);
    assert_int_equal(
        conference_do(&s->w, "tb", s->target, PL_ACTION_MODIFY, "x", &a),
        PL_EGONE);
    assert_int_equal(
        conference_do(&s->w, "tc", s->target, PL_ACTION_MODIFY, "x", &a),
        PL_OK);
    assert_int_equal(
        conference_do(&s->w, "ta", s->target, PL_ACTION_MODIFY, "x", &a),
        PL_EGONE);
    world_run(&s->w, 61 * S); /* nothing of the old call is needed */
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->held, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    answer ev;
    do
        assert_int_equal(
            poll_session(&s->w, s->carol.session, s->carol.token, &ev), PL_OK);
    while (ev.body.event.kind != PL_EVENT_KIND_SESSION_TERMINATED);
    assert_string_equal(ev.body.event.conf_id, s->target);
    do
        assert_int_equal(poll_session(&s->w, s->bob.session, s->bob.token, &ev),
                         PL_OK);
    while (ev.body.event.kind != PL_EVENT_KIND_SESSION_TERMINATED);
    assert_string_equal(ev.body.event.conf_id, s->held);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 0);
}

static void who_was_called_transfers_too(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    talks(s, &s->bob, "alice", &s->alice, s->held);
    talks(s, &s->carol, "alice", &s->alice, s->target);
    begins(s);
    user_is_offered(&s->w, &s->bob, s->held, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
}

static void a_held_party_hears_again(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    answer ev;
    talks(s, &s->alice, "bob", &s->bob, s->held);
    assert_int_equal(
        conference_do(&s->w, "ta", s->held, PL_ACTION_HOLD, "x", &a), PL_OK);
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    user_is_offered(&s->w, &s->bob, s->held, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    begins(s);
    user_is_offered(&s->w, &s->bob, s->held, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
    user_reads_nothing(&s->w, &s->bob);
}

static void a_telephone_goes_over(void **state)
{
    stage *s = *state;
    dials(s, s->held);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    unsigned before = s->w.sig.n_offers;
    begins(s);
    assert_int_equal(s->w.sig.n_offers, before + 1);
    succeeds(s);
    assert_false(sig_call(&s->w, s->phone)->is_ended);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM calls k JOIN participants p "
                         "ON p.participant_id = k.participant_id JOIN "
                         "conferences c ON c.conf_id = p.conf_id "
                         "WHERE c.state = 'live'"),
        1);
    assert_int_equal(
        call_delete(&s->w, &s->carol, s->target, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    assert_true(sig_call(&s->w, s->phone)->is_ended);
}

static void to_a_telephone(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    talks(s, &s->alice, "bob", &s->bob, s->held);
    dials(s, s->target);
    begins(s);
    user_is_offered(&s->w, &s->bob, s->held, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
    assert_int_equal(
        phone_report(&s->w, s->phone, PL_CALL_STATE_ENDED, 0, NULL), PL_OK);
    user_is_out(&s->w, &s->bob, "hung up");
}

static void transferred_again(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    char third[CONF_ID_SIZE];
    user dave;
    answer a;
    offered(s, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
    user_opens(&s->w, &dave, "dave", "td");
    talks(s, &s->carol, "dave", &dave, third);
    const act what = {.action = PL_ACTION_TRANSFER,
                      .conf = s->target,
                      .target = third,
                      .resource = PL_RESOURCE_CALLS};
    assert_int_equal(user_acts(&s->w, &s->carol, &what, &a), PL_OK);
    user_is_offered(&s->w, &s->bob, s->held, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->held, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &dave, "call ended");
}

static const pl_leg *leg_in(stage *s, const user *u, const char *conf)
{
    size_t cursor = 0;
    const pl_leg *leg;
    while ((leg = pl_map_next(world_pool(&s->w)->legs, &cursor, NULL)) != NULL)
        if (strcmp(leg->row.session_id, u->session) == 0 &&
            strcmp(leg->part->row.conf_id, conf) == 0)
            return leg;
    return NULL;
}

/* A browser that takes our offer ends its old association first. */
static void the_old_media_ends_before_the_answer(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    offered(s, mod);
    media_report(&s->w, leg_in(s, &s->bob, s->held)->row.leg_id,
                 PL_LEG_STATE_CLOSED);
    user_reads_nothing(&s->w, &s->alice);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
}

static void the_old_media_ends_and_no_answer_comes(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    offered(s, mod);
    media_report(&s->w, leg_in(s, &s->bob, s->held)->row.leg_id,
                 PL_LEG_STATE_CLOSED);
    world_run(&s->w, 120 * S); /* he is asked once more, for his own call */
    fails(s, "no answer to our offer");
    user_is_out(&s->w, &s->alice, "media ended");
    user_reads_nothing(&s->w, &s->carol);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
}

/* ---- refused at once ---- */

static void wrong_calls_change_nothing(void **state)
{
    stage *s = *state;
    char ringing[CONF_ID_SIZE];
    char conf[CONF_ID_SIZE];
    char mod[CONF_ID_SIZE];
    answer a;
    talks(s, &s->alice, "bob", &s->bob, s->held);
    assert_int_equal(transfer(s, s->held, NULL), PL_EINVAL);
    assert_int_equal(transfer(s, s->held, "nowhere"), PL_EGONE);
    assert_int_equal(transfer(s, s->held, s->held), PL_ESTATE);
    user_calls(&s->w, &s->alice, "carol", ringing);
    assert_int_equal(transfer(s, s->held, ringing), PL_ESTATE);
    assert_int_equal(transfer(s, ringing, s->held), PL_ESTATE);
    assert_int_equal(
        call_delete(&s->w, &s->alice, ringing, PL_DELETE_REASON_CANCEL), PL_OK);
    user_is_out(&s->w, &s->alice, "Call canceled");
    user_hosts(&s->w, &s->alice, conf);
    assert_int_equal(transfer(s, s->held, conf), PL_EGONE);
    /* a call of others */
    user_is_called(&s->w, &s->carol, ringing);
    user_is_out(&s->w, &s->carol, "Call canceled");
    talks(s, &s->bob, "carol", &s->carol, s->target);
    assert_int_equal(transfer(s, s->held, s->target), PL_EGONE);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 5);
    /* while something is pending */
    assert_int_equal(
        conference_do(&s->w, "ta", s->held, PL_ACTION_HOLD, "x", &a), PL_OK);
    user_is_offered(&s->w, &s->bob, s->held, mod);
}

static void nothing_else_during_a_transfer(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    offered(s, mod);
    assert_int_equal(transfer(s, s->held, s->target), PL_EBUSY);
    assert_int_equal(transfer(s, s->target, s->held), PL_EBUSY);
    assert_int_equal(
        conference_do(&s->w, "tb", s->held, PL_ACTION_HOLD, "x", &a), PL_EBUSY);
    assert_int_equal(
        conference_do(&s->w, "ta", s->target, PL_ACTION_MOVE, "x", &a),
        PL_EBUSY);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
}

/* ---- it comes to nothing ---- */

static void the_far_party_rejects(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer a;
    offered(s, mod);
    const act reject = {
        .action = PL_ACTION_REJECT, .conf = s->held, .mod = mod};
    assert_int_equal(user_acts(&s->w, &s->bob, &reject, &a), PL_OK);
    reads_end_of(s, &s->bob, mod);
    fails(s, "media rejected");
    all_is_as_before(s);
}

static void the_far_party_is_silent(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    char back[CONF_ID_SIZE];
    offered(s, mod);
    world_run(&s->w, 120 * S);
    reads_an_end_of(s, &s->bob, mod);
    user_is_offered(&s->w, &s->bob, s->held, back);
    reads_end_of(s, &s->bob, back);
    fails(s, "no answer to our offer");
    all_is_as_before(s);
}

/* Its SDK has applied the offer, and only its accept is lost. */
static void the_accept_is_lost(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    offered(s, mod);
    char old[65];
    pl_fmt_cut(old, sizeof old, "%s", leg_in(s, &s->bob, s->held)->row.leg_id);
    media_report(&s->w, old, PL_LEG_STATE_CLOSED);
    world_run(&s->w, 16 * S); /* of 15 that it is waited for */
    is_offered_back(s, mod);
    fails(s, "no answer to our offer");
    assert_string_not_equal(leg_in(s, &s->bob, s->held)->row.leg_id, old);
    all_is_as_before(s);
    world_run(&s->w, 120 * S);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 2);
}

static void the_far_party_goes(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer ev;
    offered(s, mod);
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->held, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    do
        assert_int_equal(
            poll_session(&s->w, s->alice.session, s->alice.token, &ev), PL_OK);
    while (ev.body.event.kind != PL_EVENT_KIND_SESSION_TERMINATED);
    assert_string_equal(ev.body.event.conf_id, s->held);
    user_reads_nothing(&s->w, &s->alice);
    user_reads_nothing(&s->w, &s->carol);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 2);
}

static void the_target_ends(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer ev;
    offered(s, mod);
    assert_int_equal(
        call_delete(&s->w, &s->carol, s->target, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    is_offered_back(s, mod);
    bool is_told = false;
    bool is_out = false;
    while (!is_told || !is_out) {
        assert_int_equal(
            poll_session(&s->w, s->alice.session, s->alice.token, &ev), PL_OK);
        is_told |= ev.body.event.kind == PL_EVENT_KIND_TRANSFER_TERMINATED;
        is_out |= ev.body.event.kind == PL_EVENT_KIND_SESSION_TERMINATED;
    }
    user_reads_nothing(&s->w, &s->alice);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM legs"), 2);
}

static void who_transfers_goes(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    pl_session_delete m = {.present = 0};
    answer a;
    answer ev;
    offered(s, mod);
    AS_CLIENT(m, "ta");
    world_ask(&s->w, &PL_MSG_SESSION_DELETE, &m, &a);
    assert_int_equal(a.error, PL_OK);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    user_is_out(&s->w, &s->bob, "session closed");
    user_is_out(&s->w, &s->carol, "session closed");
    assert_int_equal(world_pool(&s->w)->n_confs_live, 0);
}

static void the_telephone_refuses(void **state)
{
    stage *s = *state;
    dials(s, s->held);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    s->w.sig.refuse_offer = PL_EMEDIA;
    begins(s);
    fails(s, "the telephone did not agree");
    all_is_as_before(s);
    assert_false(sig_call(&s->w, s->phone)->is_ended);
}

/* It agreed to media of the other call, and that has ended meanwhile. */
static void the_telephone_is_too_late(void **state)
{
    stage *s = *state;
    dials(s, s->held);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    s->w.sig.waits = true;
    unsigned before = s->w.sig.n_offers;
    begins(s);
    assert_int_equal(s->w.sig.n_offers, before + 1);
    assert_int_equal(
        call_delete(&s->w, &s->carol, s->target, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->alice, "call ended");
    fails(s, "call ended");
    s->w.sig.waits = false;
    phone_answers_offer(&s->w);
    world_run(&s->w, S);
    assert_int_equal(s->w.sig.n_offers, before + 2); /* its old media again */
    assert_false(sig_call(&s->w, s->phone)->is_ended);
}

static void the_telephone_hangs_up(void **state)
{
    stage *s = *state;
    answer ev;
    dials(s, s->held);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    s->w.sig.refuse_offer = PL_EBUSY; /* it is asked again later */
    begins(s);
    assert_int_equal(
        phone_report(&s->w, s->phone, PL_CALL_STATE_ENDED, 0, NULL), PL_OK);
    fails(s, "hung up");
    user_reads(&s->w, &s->alice, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    assert_string_equal(ev.body.event.conf_id, s->held);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    world_run(&s->w, 60 * S);
}

static void the_media_worker_is_lost(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    answer ev;
    offered(s, mod);
    world_kill_media(&s->w, 0);
    world_kill_media(&s->w, 1);
    world_run(&s->w, 2 * S);
    world_start_media(&s->w, 0);
    world_run(&s->w, 2 * S);
    user_reads(&s->w, &s->bob, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.mod_id, mod);
    user_is_offered(&s->w, &s->bob, s->held, mod);
    user_accepts(&s->w, &s->bob, s->held, mod);
    fails(s, "media worker lost");
    assert_int_equal(world_pool(&s->w)->n_confs_live, 2);
}

static void restart(stage *s)
{
    world_kill_roompool(&s->w);
    world_run(&s->w, S);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
}

static void a_transfer_outlives_a_restart(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    offered(s, mod);
    restart(s);
    user_accepts(&s->w, &s->bob, s->held, mod);
    succeeds(s);
    restart(s);
    assert_int_equal(world_pool(&s->w)->n_confs_live, 1);
    assert_int_equal(
        call_delete(&s->w, &s->bob, s->held, PL_DELETE_REASON_TERMINATE),
        PL_OK);
    user_is_out(&s->w, &s->carol, "call ended");
}

static void nobody_answers_after_a_restart(void **state)
{
    stage *s = *state;
    char mod[CONF_ID_SIZE];
    offered(s, mod);
    restart(s);
    world_run(&s->w, 16 * S); /* of 15 that it is waited for */
    is_offered_back(s, mod);
    fails(s, "no answer to our offer");
    all_is_as_before(s);
}

static void a_telephone_is_asked_again_after_a_restart(void **state)
{
    stage *s = *state;
    dials(s, s->held);
    talks(s, &s->alice, "carol", &s->carol, s->target);
    s->w.sig.refuse_offer = PL_EBUSY;
    begins(s);
    restart(s);
    s->w.sig.refuse_offer = PL_OK;
    world_run(&s->w, 10 * S);
    succeeds(s);
    assert_false(sig_call(&s->w, s->phone)->is_ended);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_users_are_joined),
        TEST(who_was_called_transfers_too),
        TEST(a_held_party_hears_again),
        TEST(a_telephone_goes_over),
        TEST(to_a_telephone),
        TEST(transferred_again),
        TEST(the_old_media_ends_before_the_answer),
        TEST(the_old_media_ends_and_no_answer_comes),
        TEST(wrong_calls_change_nothing),
        TEST(nothing_else_during_a_transfer),
        TEST(the_far_party_rejects),
        TEST(the_far_party_is_silent),
        TEST(the_accept_is_lost),
        TEST(the_far_party_goes),
        TEST(the_target_ends),
        TEST(who_transfers_goes),
        TEST(the_telephone_refuses),
        TEST(the_telephone_is_too_late),
        TEST(the_telephone_hangs_up),
        TEST(the_media_worker_is_lost),
        TEST(a_transfer_outlives_a_restart),
        TEST(nobody_answers_after_a_restart),
        TEST(a_telephone_is_asked_again_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
