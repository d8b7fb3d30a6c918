/* test_adoption.c - a signaling worker is gone: another goes on with its calls,
 * or they end; an owner that comes back drops what is not its own any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

static page host;

/* A page and a telephone in a room, whose dialog is known. */
static int setup(void **state)
{
    static world w;
    world_create(&w, 1);
    page_is_in(&w, &host, "lobby", NULL, "t");
    phone_joins(&w, "c1", "lobby");
    signaling_saves(&w.sig, "c1", 3, "{\"a\":1}");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_destroy(*state);
    return 0;
}

static pl_err report_at(fake_signaling *s, const char *call_id, uint32_t state)
{
    pl_call_report m = {.state = state};
    answer a;
    PUT(m.call_id, call_id);
    world_ask_from(s->world, s->bus, &PL_MSG_CALL_REPORT, &m, &a);
    world_run(s->world, 20 * MS);
    return a.error;
}

static int64_t is_held_by(world *w, const char *node)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM calls WHERE call_id = 'c1' AND node = "
               "'%s'",
               node);
    return world_sql(w, sql);
}

static void it_goes_on_at_the_second(world *w)
{
    world_check(w);
    assert_int_equal(is_held_by(w, w->sig2.node), 1);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     2);
    assert_int_equal(report_at(&w->sig2, "c1", PL_CALL_STATE_ENDED), PL_OK);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM dialogs"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
    world_check(w);
}

static void it_has_ended(world *w)
{
    world_check(w);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM dialogs"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
}

static void records_are_kept_by_their_version(void **state)
{
    world *w = *state;
    assert_int_equal(world_sql(w, "SELECT version FROM dialogs"), 3);
    signaling_saves(&w->sig, "c1", 2, "{\"old\":1}");
    assert_int_equal(world_sql(w, "SELECT version FROM dialogs"), 3);
    signaling_saves(&w->sig, "c1", 5, "{\"new\":1}");
    signaling_saves(&w->sig, "c9", 1, "{}"); /* no call of ours */
    world_start_second_signaling(w);
    signaling_saves(&w->sig2, "c1", 9, "{\"theirs\":1}"); /* nor of theirs */
    assert_int_equal(world_sql(w, "SELECT count(*) FROM dialogs WHERE "
                                  "version = 5 AND dialog = '{\"new\":1}'"),
                     1);
    world_check(w);
}

static void another_worker_goes_on_when_the_lease_is_over(void **state)
{
    world *w = *state;
    world_start_second_signaling(w);
    world_kill_signaling(w);
    world_run(w, S);
    assert_false(sig_call_at(&w->sig2, "c1")->is_adopted);
    world_run(w, 40 * S);
    const fake_call *c = sig_call_at(&w->sig2, "c1");
    assert_true(c->is_adopted);
    assert_int_equal(c->version, 3);
    assert_string_equal(c->dialog, "{\"a\":1}");
    assert_int_equal(world_metric(w, PL_RM_adopted), 1);
    it_goes_on_at_the_second(w);
}

static void a_worker_that_starts_again_goes_on_with_its_own(void **state)
{
    world *w = *state;
    world_kill_signaling(w);
    world_run(w, S);
    world_start_signaling(w);
    signaling_inventory(&w->sig); /* of nothing: adoption is not lost by it */
    world_run(w, S);
    assert_true(sig_call(w, "c1")->is_adopted);
    assert_int_equal(is_held_by(w, w->sig.node), 1);
    signaling_saves(&w->sig, "c1", 4, "{\"b\":1}");
    assert_int_equal(world_sql(w, "SELECT version FROM dialogs"), 4);
    world_check(w);
}

static void a_peer_that_knows_no_such_call_ends_it(void **state)
{
    world *w = *state;
    world_start_second_signaling(w);
    w->sig2.refuse_adopt = PL_EGONE;
    world_kill_signaling(w);
    world_run(w, 40 * S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    assert_int_equal(world_metric(w, PL_RM_not_adopted), 1);
    it_has_ended(w);
}

static void nobody_can_go_on_with_it(void **state)
{
    world *w = *state;
    world_kill_signaling(w);
    world_run(w, 40 * S);
    it_has_ended(w);
    world_start_signaling(w);
}

static void one_that_refuses_is_asked_once(void **state)
{
    world *w = *state;
    world_start_second_signaling(w);
    w->sig2.refuse_adopt = PL_EFULL;
    world_kill_signaling(w);
    world_run(w, 40 * S);
    it_has_ended(w);
}

static void without_a_record_it_ends(void **state)
{
    world *w = *state;
    phone_joins(w, "c2", "lobby");
    world_start_second_signaling(w);
    world_kill_signaling(w);
    world_run(w, 40 * S);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM calls WHERE call_id = 'c2'"), 0);
    it_goes_on_at_the_second(w);
}

static void an_owner_that_comes_back_drops_it_in_silence(void **state)
{
    world *w = *state;
    world_start_second_signaling(w);
    fake_call mine = *sig_call(w, "c1");
    char node[65];
    PUT(node, w->sig.node);
    world_kill_signaling(w); /* only cut off */
    world_run(w, 40 * S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    world_start_signaling(w);
    w->sig.calls[0] = mine;
    w->sig.n_calls = 1;
    signaling_inventory(&w->sig);
    world_run(w, S);
    assert_true(sig_call(w, "c1")->is_forgotten);
    it_goes_on_at_the_second(w);
}

static void it_can_be_ended_while_it_is_taken_over(void **state)
{
    world *w = *state;
    world_start_second_signaling(w);
    w->sig2.waits_adopt = true;
    world_kill_signaling(w);
    world_run(w, 35 * S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    const pl_call *call = pl_map_find(world_pool(w)->calls, "c1");
    assert_non_null(call);
    char id[65];
    PUT(id, call->part->row.participant_id);
    assert_int_equal(PAGE_CONTROLS(w, &host, id, disconnect, true), PL_OK);
    assert_true(sig_call_at(&w->sig2, "c1")->is_ended);
    assert_false(sig_call_at(&w->sig2, "c1")->is_forgotten);
    world_run(w, 60 * S); /* the question is not answered any more */
    it_has_ended(w);
}

static void a_restart_of_roompool_in_the_middle_changes_nothing(void **state)
{
    world *w = *state;
    world_start_second_signaling(w);
    w->sig2.waits_adopt = true;
    world_kill_signaling(w);
    world_run(w, 35 * S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    world_kill_roompool(w);
    w->sig2.n_calls = 0; /* the question was lost with it */
    w->sig2.waits_adopt = false;
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    it_goes_on_at_the_second(w);
}

static void one_that_drains_hands_its_calls_over(void **state)
{
    world *w = *state;
    pl_beat beat = {.life = PL_LIFE_DRAINING};
    world_start_second_signaling(w);
    world_run(w, 20 * MS);
    assert_int_equal(pl_bus_event(w->sig.bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_BEAT, &beat),
                     PL_OK);
    world_run(w, S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    assert_true(sig_call(w, "c1")->is_forgotten);
    it_goes_on_at_the_second(w);
}

static void what_cannot_be_handed_over_stays(void **state)
{
    world *w = *state;
    pl_beat beat = {.life = PL_LIFE_DRAINING};
    world_start_second_signaling(w);
    w->sig2.refuse_adopt = PL_EUNAVAILABLE;
    world_run(w, 20 * MS);
    assert_int_equal(pl_bus_event(w->sig.bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_BEAT, &beat),
                     PL_OK);
    world_run(w, S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    assert_false(sig_call(w, "c1")->is_forgotten);
    assert_int_equal(is_held_by(w, w->sig.node), 1);
    assert_int_equal(phone_report(w, "c1", PL_CALL_STATE_ENDED, 0, NULL),
                     PL_OK);
    it_has_ended(w);
}

static void drains(world *w)
{
    pl_beat beat = {.life = PL_LIFE_DRAINING};
    world_start_second_signaling(w);
    w->sig2.waits_adopt = true;
    world_run(w, 20 * MS);
    assert_int_equal(pl_bus_event(w->sig.bus, &(pl_bus_send){.to = NULL},
                                  &PL_MSG_BEAT, &beat),
                     PL_OK);
    world_run(w, S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
}

static void one_that_says_nothing_is_told_to_drop_it(void **state)
{
    world *w = *state;
    drains(w);
    assert_false(sig_call_at(&w->sig2, "c1")->is_ended);
    world_run(w, 60 * S);
    assert_true(sig_call_at(&w->sig2, "c1")->is_forgotten);
    assert_false(sig_call(w, "c1")->is_ended);
    assert_int_equal(is_held_by(w, w->sig.node), 1);
    world_check(w);
}

static void one_that_hands_over_keeps_it_until_then(void **state)
{
    world *w = *state;
    drains(w);
    signaling_inventory(&w->sig);
    world_run(w, 100 * MS);
    assert_false(sig_call(w, "c1")->is_ended);
    assert_int_equal(is_held_by(w, w->sig2.node), 1);
    /* Whom we asked before a restart has it: now it may go. */
    world_kill_roompool(w);
    w->sig2.waits_adopt = false;
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, S);
    assert_true(sig_call(w, "c1")->is_forgotten);
    it_goes_on_at_the_second(w);
}

/* ---- its media worker is lost as well, as with their host ---- */

static int setup_two_media(void **state)
{
    static world w;
    world_create(&w, 2);
    page_is_in(&w, &host, "lobby", NULL, "t");
    phone_joins(&w, "c1", "lobby");
    signaling_saves(&w.sig, "c1", 3, "{\"a\":1}");
    world_start_second_signaling(&w);
    *state = &w;
    return 0;
}

/* The telephone is offered the other media worker's media by who goes on. */
static void it_is_heard_again(world *w)
{
    assert_true(sig_call_at(&w->sig2, "c1")->is_adopted);
    assert_int_equal(w->sig2.n_offers, 1);
    assert_int_equal(w->media[1].n_legs, 1);
    assert_int_equal(w->media[1].legs[0].n_remote, 2); /* asked, answered */
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants "
                                  "WHERE came_by = 'telephone'"),
                     1);
    world_check(w);
}

static void a_lost_host_is_noticed_signaling_first(void **state)
{
    world *w = *state;
    world_kill_signaling(w);
    world_run(w, 2 * S);
    world_kill_media(w, 0);
    world_run(w, 10 * S);
    assert_false(sig_call_at(&w->sig2, "c1")->is_adopted);
    world_run(w, 30 * S); /* its lease */
    it_is_heard_again(w);
}

static void a_lost_host_is_noticed_media_first(void **state)
{
    world *w = *state;
    w->sig.waits = true; /* it died with the offer in its hands */
    world_kill_media(w, 0);
    world_run(w, 1500 * MS);
    assert_int_equal(w->sig.n_offers, 1);
    world_kill_signaling(w);
    world_run(w, 40 * S);
    it_is_heard_again(w);
}

static void nobody_can_go_on_with_it_nor_its_media(void **state)
{
    world *w = *state;
    w->sig2.refuse_adopt = PL_EFULL;
    world_kill_signaling(w);
    world_kill_media(w, 0);
    world_run(w, 40 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(w->media[1].n_legs, 0);
    world_check(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_are_kept_by_their_version),
        TEST(another_worker_goes_on_when_the_lease_is_over),
        TEST(a_worker_that_starts_again_goes_on_with_its_own),
        TEST(a_peer_that_knows_no_such_call_ends_it),
        TEST(nobody_can_go_on_with_it),
        TEST(one_that_refuses_is_asked_once),
        TEST(without_a_record_it_ends),
        TEST(an_owner_that_comes_back_drops_it_in_silence),
        TEST(it_can_be_ended_while_it_is_taken_over),
        TEST(a_restart_of_roompool_in_the_middle_changes_nothing),
        TEST(one_that_drains_hands_its_calls_over),
        TEST(one_that_says_nothing_is_told_to_drop_it),
        TEST(one_that_hands_over_keeps_it_until_then),
        TEST(what_cannot_be_handed_over_stays),
        cmocka_unit_test_setup_teardown(a_lost_host_is_noticed_signaling_first,
                                        setup_two_media, teardown),
        cmocka_unit_test_setup_teardown(a_lost_host_is_noticed_media_first,
                                        setup_two_media, teardown),
        cmocka_unit_test_setup_teardown(nobody_can_go_on_with_it_nor_its_media,
                                        setup_two_media, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
