/* test_full.c - media workers that have no time for a room or for one more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "world.h"

enum { MS = 1000, N = 2 };

static int setup(void **state)
{
    static world w;
    world_create(&w, N);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    world_check(w);
    world_destroy(w);
    return 0;
}

/* What a worker says of itself in its beats. */
static void beats(world *w, unsigned i, uint32_t load_permille)
{
    const pl_beat m = {.life = PL_LIFE_READY, .load_permille = load_permille};
    assert_int_equal(pl_bus_event(w->media[i].bus, &(pl_bus_send){.epoch = 0},
                                  &PL_MSG_BEAT, &m),
                     PL_OK);
    world_run(w, 10 * MS);
}

/* The worker that would be asked first has no time: the other one takes the
 * room, and nobody notices. */
static void another_worker_takes_the_room(void **state)
{
    world *w = *state;
    answer joined;
    answer media;
    beats(w, 1, 500); /* the first one looks better */
    w->media[0].refuse_open = PL_EFULL;
    page_joins(w, "lobby", "t1", &joined, &media);
    assert_int_equal(w->media[0].n_rooms, 0);
    assert_int_equal(w->media[1].n_rooms, 1);
    assert_int_equal(w->media[1].n_legs, 1);
    /* and the next one to come goes there too */
    page_joins(w, "lobby", "t2", &joined, &media);
    assert_int_equal(w->media[1].n_legs, 2);
}

static void who_says_it_is_full_is_not_asked(void **state)
{
    world *w = *state;
    answer joined;
    answer media;
    beats(w, 0, 1000);
    beats(w, 1, 900);
    page_joins(w, "lobby", "t1", &joined, &media);
    assert_int_equal(w->media[1].n_legs, 1);
}

static void when_all_are_full_the_asker_is_told_and_may_come_later(void **state)
{
    world *w = *state;
    answer joined;
    answer media;
    for (unsigned i = 0; i < N; i++)
        w->media[i].refuse_open = PL_EFULL;
    assert_int_equal(join_room(w, "lobby", NULL, "t1", &joined), PL_OK);
    assert_int_equal(join_media(w, &joined, "t1", &media), PL_EUNAVAILABLE);
    w->media[1].refuse_open = PL_OK;
    assert_int_equal(join_media(w, &joined, "t1", &media), PL_OK);
    assert_int_equal(w->media[1].n_legs, 1);
}

static void one_log_line_says_why_and_what_to_do(void **state)
{
    static world_notes notes;
    world *w = *state;
    answer joined;
    answer media;
    world_listens(w, &notes, "no_media_worker");
    beats(w, 0, 1000);
    beats(w, 1, 1200);
    assert_int_equal(join_room(w, "lobby", NULL, "t1", &joined), PL_OK);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(join_media(w, &joined, "t1", &media), PL_EUNAVAILABLE);
    assert_int_equal(notes.n, 1);
    assert_int_equal(notes.level, PL_LOG_WARN);
    assert_non_null(
        strstr(notes.text, "2 media workers are up: 2 have no time"));
    assert_non_null(strstr(notes.text, "add a media worker"));
    world_run(w, 10 * 1000 * MS);
    beats(w, 0, 1000);
    beats(w, 1, 1200);
    assert_int_equal(join_media(w, &joined, "t1", &media), PL_EUNAVAILABLE);
    assert_int_equal(notes.n, 2);
}

/* The room stays where it is: those in it are not touched. */
static void a_full_room_refuses_one_more(void **state)
{
    world *w = *state;
    answer first;
    answer joined;
    answer media;
    page_joins(w, "lobby", "t1", &first, &media);
    unsigned at = w->media[0].n_legs == 1 ? 0 : 1;
    w->media[at].refuse = PL_EFULL;
    assert_int_equal(join_room(w, "lobby", NULL, "t2", &joined), PL_OK);
    assert_int_equal(join_media(w, &joined, "t2", &media), PL_EFULL);
    assert_int_equal(w->media[at].n_legs, 1);
    assert_int_equal(w->media[1 - at].n_rooms, 0);
    w->media[at].refuse = PL_OK; /* somebody left */
    assert_int_equal(join_media(w, &joined, "t2", &media), PL_OK);
    assert_int_equal(w->media[at].n_legs, 2);
}

/* Who was let in is not put out because his worker is lost: what another one
 * keeps in reserve is for that. Nobody new comes in by it. */
static void who_is_there_already_may_use_the_reserve(void **state)
{
    world *w = *state;
    answer joined;
    answer media;
    beats(w, 1, 500);
    page_joins(w, "lobby", "t1", &joined, &media);
    assert_int_equal(w->media[0].n_legs, 1);
    w->media[1].load_permille = 1300;
    world_kill_media(w, 0);
    world_run(w, 5 * 1000 * MS);
    assert_int_equal(join_media(w, &joined, "t1", &media), PL_OK);
    assert_int_equal(w->media[1].n_rooms, 1);
    assert_int_equal(w->media[1].owed, 1);
    assert_int_equal(join_room(w, "echo", NULL, "t2", &joined), PL_OK);
    assert_int_equal(join_media(w, &joined, "t2", &media), PL_EUNAVAILABLE);
}

/* Nobody for ever: who has left is owed nothing, and once the others are back
 * the next to come is one like everywhere. */
static void the_reserve_is_for_those_who_come_back(void **state)
{
    static const char *const tokens[] = {"t0", "t1", "t2", "t3"};
    enum { N_PAGES = sizeof tokens / sizeof tokens[0] };
    world *w = *state;
    answer joined[N_PAGES];
    answer late;
    answer media;
    const fake_media *to = &w->media[1];
    beats(w, 1, 500);
    for (size_t i = 0; i < N_PAGES; i++)
        page_joins(w, "lobby", tokens[i], &joined[i], &media);
    assert_int_equal(w->media[0].n_legs, N_PAGES);
    world_kill_media(w, 0);
    world_run(w, 5 * 1000 * MS);
    assert_int_equal(page_leaves(w, &joined[0], tokens[0]), PL_OK);
    assert_int_equal(join_media(w, &joined[1], tokens[1], &media), PL_OK);
    assert_int_equal(to->owed, 3);
    assert_int_equal(page_leaves(w, &joined[1], tokens[1]), PL_OK);
    assert_int_equal(to->owed, 2);
    assert_int_equal(join_media(w, &joined[2], tokens[2], &media), PL_OK);
    assert_int_equal(join_room(w, "lobby", NULL, "t4", &late), PL_OK);
    assert_int_equal(to->owed, 2); /* one is not back yet */
    assert_int_equal(join_media(w, &joined[3], tokens[3], &media), PL_OK);
    assert_int_equal(join_room(w, "lobby", NULL, "t5", &late), PL_OK);
    assert_int_equal(to->owed, 0);
    world_kill_media(w, 1); /* and if it is lost again, these two are */
    world_start_media(w, 0);
    world_run(w, 5 * 1000 * MS);
    assert_int_equal(join_media(w, &joined[3], tokens[3], &media), PL_OK);
    assert_int_equal(w->media[0].owed, 2);
}

static void a_worker_without_any_time_left_gets_nothing(void **state)
{
    world *w = *state;
    answer joined;
    answer media;
    beats(w, 1, 500);
    page_joins(w, "lobby", "t1", &joined, &media);
    w->media[1].load_permille = 1400;
    world_kill_media(w, 0);
    world_run(w, 5 * 1000 * MS);
    assert_int_equal(join_media(w, &joined, "t1", &media), PL_EUNAVAILABLE);
    assert_int_equal(w->media[1].n_rooms, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_worker_takes_the_room),
        TEST(who_says_it_is_full_is_not_asked),
        TEST(when_all_are_full_the_asker_is_told_and_may_come_later),
        TEST(one_log_line_says_why_and_what_to_do),
        TEST(a_full_room_refuses_one_more),
        TEST(who_is_there_already_may_use_the_reserve),
        TEST(the_reserve_is_for_those_who_come_back),
        TEST(a_worker_without_any_time_left_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
