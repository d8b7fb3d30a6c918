/* test_platform_life.c - the pool's rooms on another platform: its limits and
 * failures, people in them, the look through it, moving there and back. */
#include <string.h>

#include "platform_rig.h"

/* ---- limits and failures ---- */

static void after_429_nothing_is_asked_for_a_while(void **state)
{
    world *w = *state;
    answer a;
    platform.fault_retry_s = 30;
    platform_fail(&platform, 0, FAULT_STATUS, 429, 1);
    assert_int_equal(pool_add(w, 2), PL_OK);
    world_run(w, S);
    unsigned n = platform.n_requests;
    assert_int_equal(take(w, "x", &a), PL_EUNAVAILABLE); /* at once */
    world_run(w, 27 * S);
    assert_int_equal(platform.n_requests, n);
    world_run(w, 5 * S);
    assert_int_equal(pool_count(w, "free"), TARGET + 2);
    assert_int_equal(world_metric(w, PL_RM_platform_limited), 1);
    check_same(w);
}

static void refused_credentials_are_not_hammered(void **state)
{
    world *w = *state;
    static const uint32_t statuses[] = {401, 403};
    for (size_t i = 0; i < 2; i++) {
        unsigned n = platform.n_requests;
        platform_fail(&platform, 0, FAULT_STATUS, statuses[i], 1000);
        assert_int_equal(pool_add(w, 1), PL_OK);
        world_run(w, 300 * S);
        assert_in_range(platform.n_requests - n, 1, 6);
        platform_fail(&platform, 0, FAULT_NONE, 0, 0);
        world_run(w, 70 * S);
        check_same(w);
    }
    assert_true(world_metric(w, PL_RM_platform_refused) > 0);
}

static void failures_are_backed_off_from(void **state)
{
    world *w = *state;
    unsigned n = platform.n_requests;
    platform_fail(&platform, 0, FAULT_STATUS, 502, 1000);
    assert_int_equal(pool_add(w, 4), PL_OK);
    world_run(w, 300 * S);
    assert_in_range(platform.n_requests - n, 5, 16);
    platform_fail(&platform, 0, FAULT_NONE, 0, 0);
    world_run(w, 70 * S);
    assert_int_equal(pool_count(w, "free"), TARGET + 4);
    check_same(w);
}

static void an_empty_pool_is_an_alarm(void **state)
{
    world *w = *state;
    answer a;
    platform_fail(&platform, 0, FAULT_STATUS, 502, 1000);
    for (int i = 0; i < TARGET; i++)
        checkout_any(w, &a);
    world_run(w, 130 * S);
    assert_in_range(world_metric(w, PL_RM_pool_empty_s), 60, 130);
    platform_fail(&platform, 0, FAULT_NONE, 0, 0);
    world_run(w, 70 * S);
    assert_int_equal(world_metric(w, PL_RM_pool_empty_s), 0);
}

static void few_are_asked_at_one_time(void **state)
{
    world *w = *state;
    static answer a[8];
    w->config.pool_max_rooms = 100;
    platform.is_holding = true;
    assert_int_equal(pool_add(w, 20), PL_OK);
    world_run(w, S);
    assert_int_equal(platform.n_held, w->config.platform_concurrency - 1);
    for (int i = 0; i < 4; i++)
        checkout_begin(w, &(taking){.payload = "x"}, &a[i]);
    world_run(w, 100 * MS);
    assert_int_equal(platform.n_held, w->config.platform_concurrency);
    platform_release(&platform);
    for (int i = 0; i < 4; i++) {
        world_wait(w, &a[i]);
        assert_int_equal(a[i].error, PL_OK);
    }
    world_run(w, 5 * S);
    check_same(w);
}

static void set_slow(world *w)
{
    w->config.platform_rate_per_min = 60; /* ten at once, one a second */
    w->config.pool_max_rooms = 200;
    w->config.pool_target = 100;
    w->config.pool_fill_per_s = 1000;
}

static void requests_keep_to_the_rate(void **state)
{
    static world w;
    (void)state;
    platform_world(&w, set_slow);
    world_run(&w, 10 * S);
    unsigned n = platform.n_requests;
    assert_in_range(n, 15, 21);
    world_run(&w, 60 * S);
    assert_in_range(platform.n_requests - n, 55, 62);
    world_check(&w);
    world_destroy(&w);
}

/* ---- people ---- */

static void hear(world *w, uint32_t event, const char *name)
{
    static uint64_t seq = 0;
    seq++;
    pl_platform_event m = {.node = "there",
                           .seq = seq,
                           .at_ms = (int64_t)(1000 + seq),
                           .event = event};
    answer a;
    PUT(m.room_name, name);
    PL_MSG_SET(PLATFORM_EVENT, platform_event, &m, room_name);
    world_ask(w, &PL_MSG_PLATFORM_EVENT, &m, &a);
    assert_int_equal(a.error, PL_OK);
}

#define STARTED PL_PLATFORM_NEWS_CONFERENCE_STARTED
#define ENDED   PL_PLATFORM_NEWS_CONFERENCE_ENDED

static void set_live(const char *name, bool is_live)
{
    platform_find(&platform, name)->is_live = is_live;
}

static void its_events_move_a_room(void **state)
{
    world *w = *state;
    answer a;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    set_live(name, true);
    hear(w, STARTED, name);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_IN_USE);
    set_live(name, false);
    hear(w, ENDED, name);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_ENDING);
    set_live(name, true);
    hear(w, STARTED, name); /* within the grace time */
    assert_int_equal(state_of(w, name), PL_POOL_STATE_IN_USE);
    set_live(name, false);
    hear(w, ENDED, name);
    hear(w, ENDED, "no such room");
    world_run(w, (int64_t)(w->config.pool_grace_s - 5) * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_ENDING);
    world_run(w, 10 * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
    assert_null(platform_find(&platform, name));
    hear(w, STARTED, name); /* late */
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
    world_run(w, 2 * S);
    check_same(w);
}

static void somebody_in_a_free_room_spoils_it(void **state)
{
    world *w = *state;
    char name[65];
    PUT(name, platform.rooms[0].name);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_FREE);
    hear(w, STARTED, name);
    world_run(w, 2 * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
    check_same(w);
}

/* No event ever comes: the sweep sees who is in. */
static void lost_events_are_found_by_looking(void **state)
{
    world *w = *state;
    answer a;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    set_live(name, true);
    world_run(w, (int64_t)w->config.pool_sweep_s * S + S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_IN_USE);
    world_run(w, (int64_t)w->config.pool_lease_s * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_IN_USE);
    set_live(name, false);
    world_run(w, (int64_t)w->config.pool_sweep_s * S + S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_ENDING);
    world_run(w, (int64_t)w->config.pool_grace_s * S + S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
}

static void set_rare_sweep(world *w)
{
    w->config.pool_sweep_s = 3600;
}

/* Before a room goes because nobody came, the platform is asked. */
static void a_lease_asks_whether_anybody_is_in(void **state)
{
    static world w;
    answer a;
    (void)state;
    platform_world(&w, set_rare_sweep);
    world_run(&w, 3 * S);
    takes(&w, "x", &a);
    const char *name = a.body.room.name;
    set_live(name, true);
    platform_fail(&platform, GET, FAULT_STATUS, 500, 1000);
    world_run(&w, (int64_t)w.config.pool_lease_s * S + 5 * S);
    assert_int_equal(state_of(&w, name), PL_POOL_STATE_RESERVED);
    platform_fail(&platform, GET, FAULT_NONE, 0, 0);
    world_run(&w, 70 * S);
    assert_int_equal(state_of(&w, name), PL_POOL_STATE_IN_USE);
    hear(&w, ENDED, name); /* wrongly */
    assert_int_equal(state_of(&w, name), PL_POOL_STATE_ENDING);
    world_run(&w, (int64_t)w.config.pool_grace_s * S + 5 * S);
    assert_int_equal(state_of(&w, name), PL_POOL_STATE_IN_USE);
    world_run(&w, (int64_t)w.config.pool_room_life_s * S);
    assert_int_equal(state_of(&w, name), PL_POOL_STATE_DELETED);
    assert_null(platform_find(&platform, name));
    world_check(&w);
    world_destroy(&w);
}

/* ---- the look through the platform ---- */

static void sweep_by(world *w, int64_t s)
{
    world_run(w, s * S);
}

static void orphans_go_after_an_hour(void **state)
{
    world *w = *state;
    const char *mark = platform.rooms[0].description;
    for (int i = 0; i < 25; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "lost-%d", i);
        platform_add(&platform, name, mark);
    }
    platform_add(&platform, "theirs", "theirs");
    platform_add(&platform, "test_kept", mark);
    sweep_by(w, 3600);
    assert_int_equal(platform.n_rooms, TARGET + 27);
    sweep_by(w, 1300);
    assert_int_equal(platform.n_rooms, TARGET + 2);
    assert_non_null(platform_find(&platform, "theirs"));
    assert_non_null(platform_find(&platform, "test_kept"));
    assert_int_equal(world_metric(w, PL_RM_pool_orphans), 25);
    assert_int_equal(pool_count(w, "free"), TARGET);
}

static void only_rooms_with_our_mark_are_orphans(void **state)
{
    world *w = *state;
    platform.ignores_filters = true;
    for (int i = 0; i < 25; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "theirs-%d", i);
        platform_add(&platform, name, "Parley pool of others");
    }
    sweep_by(w, 8000);
    assert_int_equal(platform.n_rooms, TARGET + 25);
    assert_int_equal(world_metric(w, PL_RM_pool_orphans), 0);
    assert_int_equal(pool_count(w, "free"), TARGET);
}

static void rows_whose_room_is_gone_go(void **state)
{
    world *w = *state;
    answer a;
    char name[65];
    takes(w, "x", &a);
    world_run(w, S);
    PUT(name, a.body.room.name);
    platform_drop(&platform, name);
    char free_one[65];
    PUT(free_one, platform.rooms[0].name);
    platform_drop(&platform, free_one);
    /* One of another text is still looked for by its name. */
    assert_int_equal(platform.n_rooms, TARGET - 1);
    PUT(platform.rooms[0].description, "kiosk 7");
    char other[65];
    PUT(other, platform.rooms[0].name);
    sweep_by(w, 700);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
    assert_int_equal(state_of(w, free_one), PL_POOL_STATE_DELETED);
    assert_int_equal(state_of(w, other), PL_POOL_STATE_FREE);
    assert_int_equal(platform.n_of[DELETE], 0);
    check_same(w);
}

/* An answer that is no list means nothing: no room goes because of it. */
static void a_strange_list_is_believed_in_nothing(void **state)
{
    world *w = *state;
    answer a;
    takes(w, "x", &a);
    platform_fail(&platform, GET, FAULT_STATUS, 204,
                  10000); /* without a body */
    sweep_by(w, 4000);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_RESERVED);
    platform_fail(&platform, GET, FAULT_STATUS, 404, 10000);
    sweep_by(w, 4000);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_RESERVED);
    platform_fail(&platform, GET, FAULT_NONE, 0, 0);
    sweep_by(w, 200);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_DELETED);
    assert_int_equal(pool_count(w, "free"), TARGET);
}

/* ---- the pool moves ---- */

static void the_pool_moves_there_and_back(void **state)
{
    static world w;
    answer a;
    answer b;
    (void)state;
    memset(&platform, 0, sizeof platform);
    world_prepare(&w);
    w.config.pool_target = TARGET;
    platform_serve(&platform, &w);
    world_create_at(&w, 1, NULL, NULL);
    world_run(&w, 2 * S);
    takes(&w, "here", &a);
    world_run(&w, 2 * S);
    assert_int_equal(platform.n_requests, 0);
    platform_configure(&w);
    restart_roompool(&w);
    assert_int_equal(pool_count(&w, "free"), TARGET);
    assert_int_equal(platform.n_rooms, TARGET);
    assert_int_equal(state_of(&w, a.body.room.name), PL_POOL_STATE_RESERVED);
    page guest;
    page_enters(&w, &guest, a.body.room.name, a.body.room.guest_pin, "g");
    takes(&w, "there", &b);
    PUT(w.config.platform_url, "");
    restart_roompool(&w);
    unsigned n = platform.n_requests;
    assert_int_equal(pool_count(&w, "free"), TARGET);
    assert_int_equal(state_of(&w, b.body.room.name), PL_POOL_STATE_RESERVED);
    assert_int_equal(pool_remove(&w, b.body.room.name), PL_OK);
    world_run(&w, 60 * S);
    assert_int_equal(platform.n_requests, n);
    platform_configure(&w);
    restart_roompool(&w);
    assert_null(platform_find(&platform, b.body.room.name));
    assert_int_equal(platform.n_rooms, TARGET);
    world_check(&w);
    world_destroy(&w);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, platform_setup, platform_teardown)
    const struct CMUnitTest tests[] = {
        TEST(after_429_nothing_is_asked_for_a_while),
        TEST(refused_credentials_are_not_hammered),
        TEST(failures_are_backed_off_from),
        TEST(an_empty_pool_is_an_alarm),
        TEST(few_are_asked_at_one_time),
        cmocka_unit_test(requests_keep_to_the_rate),
        TEST(its_events_move_a_room),
        TEST(somebody_in_a_free_room_spoils_it),
        TEST(lost_events_are_found_by_looking),
        cmocka_unit_test(a_lease_asks_whether_anybody_is_in),
        TEST(orphans_go_after_an_hour),
        TEST(only_rooms_with_our_mark_are_orphans),
        TEST(rows_whose_room_is_gone_go),
        TEST(a_strange_list_is_believed_in_nothing),
        cmocka_unit_test(the_pool_moves_there_and_back),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
