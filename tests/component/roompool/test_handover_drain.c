/* test_handover_drain.c - workers that are to end hand over what they have: to
 * a sibling without a word, elsewhere by new offers, or to nobody yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "handover_rig.h"

enum { MS = 1000, S = 1000000 };

static handover h;

static int teardown(void **state)
{
    (void)state;
    world_destroy(&h.w);
    return 0;
}

static fake_media *own(void)
{
    return &h.w.media[h.at];
}

static fake_media *other(void)
{
    return &h.w.media[1 - h.at];
}

static void drains(void)
{
    media_beats(own(), PL_LIFE_DRAINING);
}

static void a_sibling_goes_on_where_it_stopped(void **state)
{
    (void)state;
    handover_begins(&h, 2, NULL);
    drains();
    world_run(&h.w, 100 * MS);
    assert_int_equal(own()->n_releases, 1);
    assert_int_equal(own()->n_legs, 0);
    handover_is_silent(&h, 1 - h.at);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(media_leg(&h.w, h.leg[i])->age_ms, 0);
    media_says_goodbye(own());
    world_run(&h.w, S);
    handover_is_silent(&h, 1 - h.at);
    assert_int_equal(world_metric(&h.w, PL_RM_workers_lost), 0);
}

/* A position that was on its way when the worker was asked is not final. */
static void a_leg_whose_last_word_is_lost_has_an_age(void **state)
{
    unsigned n_old = 0;
    (void)state;
    handover_begins(&h, 2, NULL);
    own()->loses_final = true;
    drains();
    world_run(&h.w, 100 * MS);
    assert_int_equal(own()->n_releases, 1);
    handover_is_silent(&h, 1 - h.at);
    for (size_t i = 0; i < 3; i++)
        n_old += media_leg(&h.w, h.leg[i])->age_ms > 0;
    assert_int_equal(n_old, 1);
}

/* Nobody is placed at who drains, though it has least to do. */
static void new_rooms_go_elsewhere(void **state)
{
    page late;
    (void)state;
    handover_begins(&h, 2, NULL);
    drains();
    world_run(&h.w, S);
    assert_int_equal(own()->n_legs, 0);
    page_is_in(&h.w, &late, "echo", NULL, "l");
    assert_int_equal(own()->n_rooms, 0);
    assert_int_equal(other()->n_rooms, 2);
    world_check(&h.w);
}

static void loaded_workers_take_nothing(void **state)
{
    page late;
    (void)state;
    handover_begins(&h, 2, NULL);
    other()->load_permille = 1000;
    world_run(&h.w, 600 * MS);
    page_is_in(&h.w, &late, "echo", NULL, "l");
    assert_int_equal(other()->n_rooms, 0);
    assert_int_equal(own()->n_rooms, 2);
    other()->load_permille = 1400; /* its reserve is used up too */
    world_run(&h.w, 600 * MS);
    drains();
    world_run(&h.w, S);
    assert_int_equal(own()->n_releases, 0); /* it goes on itself */
    assert_int_equal(own()->n_rooms, 2);
    other()->load_permille = 1300; /* nothing new, but what is there */
    world_run(&h.w, 2 * S);
    assert_int_equal(own()->n_releases, 1);
    assert_int_equal(other()->n_rooms, 2);
    assert_int_equal(other()->n_legs, 4);
    assert_int_equal(h.w.sig.n_offers, 0);
    world_check(&h.w);
}

static void without_a_sibling_they_are_moved_one_by_one(void **state)
{
    static const char *const nets[3] = {"stack-1", "stack-2", "stack-3"};
    page echo;
    (void)state;
    handover_begins(&h, 1, nets);
    page_is_in(&h.w, &echo, "echo", NULL, "e");
    world_start_media(&h.w, 1);
    h.w.n_media = 2;
    assert_int_equal(own()->n_rooms, 2);
    drains();
    assert_int_equal(own()->n_closed, 0); /* until the new place stands */
    world_run(&h.w, 20 * S);
    assert_int_equal(own()->n_closed, 2);
    assert_int_equal(own()->n_rooms, 0);
    assert_int_equal(own()->n_releases, 0);
    assert_int_equal(world_metric(&h.w, PL_RM_drains_moved), 2);
    handover_is_offered(&h, 1);
}

static void the_copy_is_closed_once_all_have_media(void **state)
{
    static const char *const nets[3] = {"stack-1", "stack-2", "stack-3"};
    (void)state;
    handover_begins(&h, 1, nets);
    world_start_media(&h.w, 1);
    h.w.n_media = 2;
    drains();
    page_talks(&h.w, &h.page);
    media_report(&h.w, h.leg[1], PL_LEG_STATE_CONNECTED);
    assert_int_equal(own()->n_closed, 0);
    media_report(&h.w, h.leg[2], PL_LEG_STATE_CONNECTED);
    world_run(&h.w, 500 * MS);
    assert_int_equal(own()->n_closed, 1);
    world_check(&h.w);
}

static void with_nobody_else_it_waits_for_one(void **state)
{
    (void)state;
    handover_begins(&h, 1, NULL);
    drains();
    world_run(&h.w, 5 * S);
    assert_int_equal(own()->n_legs, 3);
    assert_int_equal(own()->n_releases, 0);
    assert_int_equal(own()->n_closed, 0);
    world_start_media(&h.w, 1);
    h.w.n_media = 2;
    world_run(&h.w, S);
    handover_is_silent(&h, 1);
}

static void who_cannot_fall_silent_is_left_by_offers(void **state)
{
    (void)state;
    handover_begins(&h, 2, NULL);
    own()->refuse_release = PL_EUNSUPPORTED;
    drains();
    world_run(&h.w, 6 * S);
    handover_is_offered(&h, 1 - h.at);
    assert_int_equal(own()->n_rooms, 0);
    assert_int_equal(own()->n_releases, 1);
}

/* Between the question and the answer. */
static void one_that_dies_while_it_is_released_is_taken_over(void **state)
{
    (void)state;
    handover_begins(&h, 2, NULL);
    own()->is_silent = true;
    drains();
    assert_int_equal(own()->n_releases, 1);
    world_kill_media(&h.w, h.at);
    world_run(&h.w, 3 * S);
    handover_is_silent(&h, 1 - h.at);
}

static void a_sibling_that_dies_meanwhile_is_none(void **state)
{
    static const char *const nets[3] = {"stack-1", "stack-1", "stack-3"};
    (void)state;
    handover_begins(&h, 3, nets);
    if (h.at == 2)
        return; /* it has no sibling at all */
    own()->is_silent = true;
    drains();
    assert_int_equal(own()->n_releases, 1);
    world_kill_media(&h.w, 1 - h.at);
    own()->is_silent = false;
    world_run(&h.w, 10 * S);
    handover_is_offered(&h, 2);
    assert_int_equal(own()->n_rooms, 0);
}

/* Whoever joins in that moment gets media where the room is then. */
static void who_comes_meanwhile_is_placed_there(void **state)
{
    answer joined;
    answer a;
    pl_participant_media m = {.sdp = pl_slice_str("page-offer")};
    (void)state;
    handover_begins(&h, 2, NULL);
    assert_int_equal(join_room(&h.w, "lobby", NULL, "t", &joined), PL_OK);
    PUT(m.participant_id, joined.body.joined.participant_id);
    PUT(m.token_hash, hash_of("t"));
    own()->is_silent = true;
    world_send(&h.w, h.w.api, &PL_MSG_PARTICIPANT_MEDIA, &m, &a);
    world_run(&h.w, 5 * MS);
    own()->is_silent = false;
    drains();
    world_run(&h.w, 5 * S);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_OK);
    assert_int_equal(other()->n_legs, 4);
    world_check(&h.w);
}

static void a_restart_in_the_middle_goes_on(void **state)
{
    (void)state;
    handover_begins(&h, 1, NULL);
    drains();
    world_start_media(&h.w, 1);
    h.w.n_media = 2;
    world_kill_roompool(&h.w);
    world_start_roompool(&h.w);
    world_send_inventory(&h.w);
    world_run(&h.w, 3 * S);
    assert_int_equal(own()->n_rooms, 0);
    assert_int_equal(other()->n_rooms, 1);
    assert_int_equal(other()->n_legs, 3);
    assert_int_equal(h.w.sig.n_offers, 0);
    world_check(&h.w);
}

/* A recording goes on as its next part, files of the former are complete. */
static void a_recording_goes_on_as_its_next_part(void **state)
{
    (void)state;
    handover_begins(&h, 2, NULL);
    assert_int_equal(PAGE_SETS(&h.w, &h.page, record, true), PL_OK);
    media_reports_recording(own(), PL_RECORDING_STATE_RUNNING, "");
    drains();
    world_run(&h.w, S);
    handover_is_silent(&h, 1 - h.at);
    assert_string_equal(other()->recording.id, own()->recording.id);
    assert_int_equal(other()->recording.part, 2);
    assert_int_equal(other()->recording.n_starts, 1);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sibling_goes_on_where_it_stopped),
        TEST(a_leg_whose_last_word_is_lost_has_an_age),
        TEST(new_rooms_go_elsewhere),
        TEST(loaded_workers_take_nothing),
        TEST(without_a_sibling_they_are_moved_one_by_one),
        TEST(the_copy_is_closed_once_all_have_media),
        TEST(with_nobody_else_it_waits_for_one),
        TEST(who_cannot_fall_silent_is_left_by_offers),
        TEST(one_that_dies_while_it_is_released_is_taken_over),
        TEST(a_sibling_that_dies_meanwhile_is_none),
        TEST(who_comes_meanwhile_is_placed_there),
        TEST(a_restart_in_the_middle_goes_on),
        TEST(a_recording_goes_on_as_its_next_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
