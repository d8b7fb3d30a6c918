/* test_handover.c - a media worker is lost, and another one of its host goes on
 * with what it had: nobody is told. Where that cannot be, all is offered anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "handover_rig.h"
#include "media_client.h"

enum { MS = 1000, S = 1000000 };

static handover h;

static int teardown(void **state)
{
    (void)state;
    world_destroy(&h.w);
    return 0;
}

static void begins(unsigned n_media)
{
    handover_begins(&h, n_media, NULL);
}

/* Kills their worker; its beats stay away. */
static void is_killed(void)
{
    world_kill_media(&h.w, h.at);
    world_run(&h.w, 2 * S);
}

static fake_media *other(void)
{
    return &h.w.media[1 - h.at];
}

/* ---- it goes on ---- */

static void nobody_notices_the_loss(void **state)
{
    (void)state;
    begins(2);
    is_killed();
    handover_is_silent(&h, 1 - h.at);
    assert_int_equal(world_metric(&h.w, PL_RM_takeovers), 1);
    assert_int_equal(world_metric(&h.w, PL_RM_legs_imported), 3);
    assert_int_equal(other()->owed, 3);
    /* It is all as before: the telephone holds and goes. */
    assert_int_equal(phone_offers(&h.w, "c1", "hold"), PL_OK);
    phone_report(&h.w, "c1", PL_CALL_STATE_ENDED, 0, NULL);
    assert_int_equal(other()->owed, 0);
    assert_int_equal(other()->n_legs, 2);
    assert_int_equal(world_metric(&h.w, PL_RM_snapshots), 2);
    world_check(&h.w);
}

static void positions_age_until_they_are_told(void **state)
{
    (void)state;
    begins(2);
    world_run(&h.w, 3 * S);
    const fake_leg *leg = media_leg(&h.w, h.leg[1]);
    media_tells_position(&h.w.media[h.at], leg, false);
    world_run(&h.w, 10 * MS);
    is_killed();
    uint32_t young = media_leg(&h.w, h.leg[1])->age_ms;
    uint32_t old = media_leg(&h.w, h.leg[0])->age_ms;
    assert_true(young >= 1 && young < 1500);
    assert_true(old >= young + 2900);
}

/* Not a word of the former worker counts any more, nor another's. */
static void only_the_own_worker_is_believed(void **state)
{
    (void)state;
    begins(2);
    const pl_leg *leg = pl_map_find(world_pool(&h.w)->legs, h.leg[1]);
    int64_t stale = world_metric(&h.w, PL_RM_stale_reports);
    pl_leg_snapshot m = {.state = pl_slice_str("lie"),
                         .position = pl_slice_str("lie")};
    PUT(m.room_id, h.conf);
    PUT(m.leg_id, h.leg[1]);
    assert_int_equal(pl_bus_event(other()->bus,
                                  &(pl_bus_send){.epoch = h.epoch},
                                  &PL_MSG_LEG_SNAPSHOT, &m),
                     PL_OK);
    assert_int_equal(pl_bus_event(h.w.media[h.at].bus,
                                  &(pl_bus_send){.epoch = h.epoch + 1},
                                  &PL_MSG_LEG_SNAPSHOT, &m),
                     PL_OK);
    world_run(&h.w, 10 * MS);
    assert_int_equal(world_metric(&h.w, PL_RM_stale_reports), stale + 2);
    assert_non_null(leg->snapshot);
    is_killed();
    handover_is_silent(&h, 1 - h.at);
}

static void the_waiting_hear_their_music_on(void **state)
{
    page guest;
    (void)state;
    memset(&h, 0, sizeof h);
    world_create_siblings(&h.w, 2);
    page_is_in(&h.w, &guest, "hosted", "none", "g");
    assert_true(guest.waiting);
    PUT(h.conf, page_part(&h.w, &guest)->conf->row.conf_id);
    h.at = handover_holder(&h);
    is_killed();
    const fake_leg *leg = page_leg(&h.w, &guest);
    assert_int_equal(leg->n_imports, 1);
    assert_false(leg->mixed);
    assert_string_equal(leg->prompt, "waiting-for-host");
    world_check(&h.w);
}

/* Users of the API and calls of devices, too. */
static void users_hear_nothing_of_it(void **state)
{
    user alice;
    user bob;
    char conf[CONF_ID_SIZE];
    (void)state;
    memset(&h, 0, sizeof h);
    world_create_siblings(&h.w, 2);
    user_opens(&h.w, &alice, "alice", "ta");
    user_opens(&h.w, &bob, "bob", "tb");
    user_hosts(&h.w, &alice, conf);
    user_joins(&h.w, &alice, conf, "bob", &bob);
    PUT(h.conf, conf);
    h.at = handover_holder(&h);
    fake_media *m = &h.w.media[h.at];
    assert_int_equal(m->n_legs, 2);
    for (size_t i = 0; i < 2; i++)
        media_report(&h.w, m->legs[i].id, PL_LEG_STATE_CONNECTED);
    is_killed();
    assert_int_equal(world_metric(&h.w, PL_RM_legs_imported), 2);
    user_reads_nothing(&h.w, &alice);
    user_reads_nothing(&h.w, &bob);
    world_check(&h.w);
}

static void a_device_hears_nothing_of_it(void **state)
{
    char id[65];
    char call[65];
    caller c;
    (void)state;
    memset(&h, 0, sizeof h);
    world_create_siblings(&h.w, 2);
    caller_begins(&h.w, &c, NOTIFY_DEVICE, CALL_NUMBER, NOTIFY_SINK);
    PUT(call, caller_calls(&h.w, &c, id)->id);
    phone_report(&h.w, call, PL_CALL_STATE_ANSWERED, 200, "p1");
    phone_report(&h.w, call, PL_CALL_STATE_CONFIRMED, 0, NULL);
    caller_hears(&h.w, &c, PL_MEDIA_STATUS_CONNECTED, 1, "'sdp':'o1'",
                 "'sdp':'answer:o1'");
    const pl_call *row = pl_map_find(world_pool(&h.w)->calls, call);
    PUT(h.conf, row->part->conf->row.conf_id);
    h.at = handover_holder(&h);
    fake_media *m = &h.w.media[h.at];
    assert_int_equal(m->n_legs, 2);
    for (size_t i = 0; i < 2; i++)
        media_report(&h.w, m->legs[i].id, PL_LEG_STATE_CONNECTED);
    is_killed();
    assert_int_equal(world_metric(&h.w, PL_RM_legs_imported), 2);
    media_is(&h.w, &c, id, PL_MEDIA_STATUS_CONNECTED);
    assert_int_equal(h.w.sig.n_offers, 0);
    world_check(&h.w);
}

/* ---- it cannot ---- */

static void without_a_sibling_all_are_offered_anew(void **state)
{
    static const char *const nets[3] = {"stack-1", "stack-2", "stack-3"};
    (void)state;
    handover_begins(&h, 2, nets);
    is_killed();
    handover_is_offered(&h, 1 - h.at);
    assert_int_equal(world_metric(&h.w, PL_RM_takeovers), 0);
    assert_int_equal(other()->n_import_tries, 0);
}

static void it_can_be_switched_off(void **state)
{
    (void)state;
    begins(2);
    h.w.config.takeover = false;
    is_killed();
    handover_is_offered(&h, 1 - h.at);
    assert_int_equal(other()->n_import_tries, 0);
}

static void a_refused_import_is_offered_anew(void **state)
{
    (void)state;
    begins(2);
    other()->refuse_import = PL_EUNSUPPORTED;
    is_killed();
    handover_is_offered(&h, 1 - h.at);
    assert_int_equal(world_metric(&h.w, PL_RM_legs_not_imported), 3);
}

/* A process that was killed still has its ports, for a moment. */
static void a_port_that_is_not_free_yet_is_asked_for_again(void **state)
{
    (void)state;
    begins(2);
    world_hang_media(&h.w, h.at);
    while (other()->n_import_tries < 3)
        world_run(&h.w, MS);
    world_kill_media(&h.w, h.at); /* now it is gone */
    world_run(&h.w, S);
    assert_true(other()->n_import_tries > 3);
    handover_is_silent(&h, 1 - h.at);
}

/* One that hangs keeps them; when it goes on it is told to drop it all. */
static void a_hung_worker_comes_back_and_owns_nothing(void **state)
{
    (void)state;
    begins(2);
    world_hang_media(&h.w, h.at);
    world_run(&h.w, 3 * S);
    handover_is_offered(&h, 1 - h.at);
    assert_int_equal(h.w.media[h.at].n_legs, 3);
    world_wake_media(&h.w, h.at);
    world_run(&h.w, S);
    assert_int_equal(h.w.media[h.at].n_legs, 0);
    assert_int_equal(h.w.media[h.at].n_rooms, 0);
    assert_int_equal(handover_holder(&h), 1 - h.at);
    world_check(&h.w);
}

/* Silence to an import is a refusal; what it may have is dropped. */
static void a_silent_sibling_is_given_up(void **state)
{
    (void)state;
    begins(3);
    for (unsigned i = 0; i < 3; i++)
        if (i != h.at)
            h.w.media[i].refuse_import = PL_ETIMEOUT;
    is_killed();
    world_run(&h.w, 5 * S);
    handover_is_offered(&h, handover_holder(&h));
}

static void a_full_sibling_passes_them_on(void **state)
{
    static const char *const nets[3] = {"stack-1", "stack-1", "stack-3"};
    (void)state;
    handover_begins(&h, 2, nets);
    other()->refuse_open = PL_EFULL;
    world_start_media_in(&h.w, 2, "stack-3");
    h.w.n_media = 3;
    is_killed();
    assert_int_equal(world_metric(&h.w, PL_RM_takeovers), 1);
    handover_is_offered(&h, 2);
}

/* What is being negotiated is with the worker that died. */
static void who_is_just_negotiating_is_offered_anew(void **state)
{
    pl_call_offer m = {.sdp = pl_slice_str("hold-offer")};
    answer a;
    (void)state;
    begins(2);
    h.w.media[h.at].is_silent = true;
    PUT(m.call_id, "c1");
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    world_send(&h.w, h.w.sig.bus, &PL_MSG_CALL_OFFER, &m, &a);
    world_run(&h.w, 5 * MS);
    is_killed();
    world_run(&h.w, 3 * S);
    assert_true(a.is_done);
    assert_int_not_equal(a.error, PL_OK);
    assert_int_equal(h.w.sig.n_offers, 1);
    assert_int_equal(media_leg(&h.w, h.leg[1])->n_imports, 0);
    assert_int_equal(media_leg(&h.w, h.leg[0])->n_imports, 1);
    assert_int_equal(media_leg(&h.w, h.leg[2])->n_imports, 1);
    world_check(&h.w);
}

/* Its description has changed, and its worker died before it said how. */
static void an_old_snapshot_is_not_used(void **state)
{
    (void)state;
    begins(2);
    h.w.media[h.at].net[0] = '\0'; /* says nothing more of its legs */
    assert_int_equal(phone_offers(&h.w, "c1", "new"), PL_OK);
    is_killed();
    assert_int_equal(media_leg(&h.w, h.leg[1])->n_imports, 0);
    assert_int_equal(media_leg(&h.w, h.leg[0])->n_imports, 1);
    assert_int_equal(h.w.sig.n_offers, 1);
    world_check(&h.w);
}

/* ---- more than one is lost ---- */

static void a_second_death_in_the_middle_moves_them_on(void **state)
{
    (void)state;
    begins(3);
    for (unsigned i = 0; i < 3; i++)
        h.w.media[i].is_silent = i != h.at;
    world_kill_media(&h.w, h.at);
    while (world_metric(&h.w, PL_RM_takeovers) == 0)
        world_run(&h.w, 10 * MS);
    unsigned second = handover_holder(&h);
    assert_int_not_equal(second, h.at);
    unsigned third = 3 - second - h.at;
    h.w.media[third].is_silent = false;
    world_kill_media(&h.w, second);
    world_run(&h.w, 2 * S);
    handover_is_silent(&h, third);
    assert_int_equal(world_metric(&h.w, PL_RM_takeovers), 2);
    /* The second may have sent, from where it thought that the first was. */
    assert_true(media_leg(&h.w, h.leg[1])->age_ms > 3000);
}

/* It went on, and its word of where it was is lost with it. */
static void a_successor_that_told_nothing_may_have_sent(void **state)
{
    (void)state;
    begins(3);
    for (unsigned i = 0; i < 3; i++)
        h.w.media[i].tells_nothing = true;
    fake_leg *leg = media_leg(&h.w, h.leg[1]);
    media_tells_position(&h.w.media[h.at], leg, false);
    world_run(&h.w, 10 * MS);
    world_kill_media(&h.w, h.at);
    while (world_metric(&h.w, PL_RM_legs_imported) < 3)
        world_run(&h.w, 10 * MS);
    assert_true(media_leg(&h.w, h.leg[1])->age_ms < 2000);
    unsigned second = handover_holder(&h);
    world_kill_media(&h.w, second);
    world_run(&h.w, 2 * S);
    handover_is_silent(&h, 3 - second - h.at);
    assert_in_range(media_leg(&h.w, h.leg[1])->age_ms, 3000, 6000);
}

static void both_are_lost_one_after_the_other(void **state)
{
    (void)state;
    begins(3);
    is_killed();
    h.epoch = 0;
    unsigned second = handover_holder(&h);
    world_kill_media(&h.w, second);
    world_run(&h.w, 2 * S);
    handover_is_silent(&h, 3 - second - h.at);
    world_kill_media(&h.w, handover_holder(&h));
    world_start_media(&h.w, h.at);
    world_run(&h.w, 2 * S);
    assert_int_equal(media_leg(&h.w, h.leg[2])->n_imports, 1);
    world_check(&h.w);
}

/* roompool forgets what legs are, and is told again. */
static void a_restart_in_between_changes_nothing(void **state)
{
    (void)state;
    begins(2);
    world_kill_roompool(&h.w);
    world_start_roompool(&h.w);
    world_send_inventory(&h.w);
    assert_int_equal(world_metric(&h.w, PL_RM_snapshots), 3);
    is_killed();
    handover_is_silent(&h, 1 - h.at);
}

static void lost_while_roompool_is_away_they_are_offered_anew(void **state)
{
    (void)state;
    begins(2);
    world_kill_roompool(&h.w);
    world_kill_media(&h.w, h.at);
    world_start_roompool(&h.w);
    world_send_inventory(&h.w);
    world_run(&h.w, 6 * S);
    assert_int_equal(handover_holder(&h), 1 - h.at);
    assert_int_equal(other()->n_legs, 2);
    assert_int_equal(h.w.sig.n_offers, 2);
    assert_false(page_part(&h.w, &h.page)->row.has_media);
    world_check(&h.w);
}

/* ---- what is kept, and shown ---- */

static void keys_are_in_no_dump(void **state)
{
    world_notes notes;
    (void)state;
    begins(2);
    world_listens(&h.w, &notes, "dump_participant");
    pl_pool_dump(world_pool(&h.w));
    assert_int_equal(notes.n, 3);
    assert_null(strstr(notes.text, "of "));
    world_listens(&h.w, &notes, "conference_placed");
    is_killed();
    assert_int_equal(notes.n, 1);
    assert_string_equal(notes.conf, h.conf);
    char text[128];
    pl_fmt_cut(text, sizeof text, "%s epoch %u", other()->node,
               (unsigned)(h.epoch + 1));
    assert_string_equal(notes.text, text);
}

static void workers_that_are_gone_are_forgotten(void **state)
{
    (void)state;
    begins(2);
    is_killed();
    assert_int_equal(world_sql(&h.w, "SELECT count(*) FROM workers WHERE "
                                     "role = 'media-worker'"),
                     2);
    world_run(&h.w, INT64_C(3500) * S);
    assert_int_equal(world_sql(&h.w, "SELECT count(*) FROM workers WHERE "
                                     "role = 'media-worker'"),
                     2);
    world_run(&h.w, INT64_C(800) * S);
    assert_int_equal(world_sql(&h.w, "SELECT count(*) FROM workers WHERE "
                                     "role = 'media-worker'"),
                     1);
    world_check(&h.w);
}

/* However many have come and gone, the next is welcome. */
static void there_is_always_room_for_one_more(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    world_create_siblings(&h.w, 1);
    for (unsigned i = 0; i < 1100; i++) {
        world_start_media(&h.w, 1);
        media_says_goodbye(&h.w.media[1]);
    }
    assert_true(pl_map_count(world_pool(&h.w)->workers) <= 1024);
    world_check(&h.w);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_notices_the_loss),
        TEST(positions_age_until_they_are_told),
        TEST(only_the_own_worker_is_believed),
        TEST(the_waiting_hear_their_music_on),
        TEST(users_hear_nothing_of_it),
        TEST(a_device_hears_nothing_of_it),
        TEST(without_a_sibling_all_are_offered_anew),
        TEST(it_can_be_switched_off),
        TEST(a_refused_import_is_offered_anew),
        TEST(a_port_that_is_not_free_yet_is_asked_for_again),
        TEST(a_hung_worker_comes_back_and_owns_nothing),
        TEST(a_silent_sibling_is_given_up),
        TEST(a_full_sibling_passes_them_on),
        TEST(who_is_just_negotiating_is_offered_anew),
        TEST(an_old_snapshot_is_not_used),
        TEST(a_second_death_in_the_middle_moves_them_on),
        TEST(a_successor_that_told_nothing_may_have_sent),
        TEST(both_are_lost_one_after_the_other),
        TEST(a_restart_in_between_changes_nothing),
        TEST(lost_while_roompool_is_away_they_are_offered_anew),
        TEST(keys_are_in_no_dump),
        TEST(workers_that_are_gone_are_forgotten),
        TEST(there_is_always_room_for_one_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
