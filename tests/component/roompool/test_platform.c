/* test_platform.c - the pool's rooms on another platform: made, handed out,
 * changed and removed there, whatever becomes of the requests. */
#include <string.h>

#include "platform_rig.h"

/* ---- made ---- */

static void the_pool_is_made_there(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(pool_count(w, "free"), TARGET);
    assert_int_equal(platform.n_rooms, TARGET);
    check_same(w);
    assert_int_equal(pool_next(w, 0, &a), PL_OK);
    const pl_pool_room *r = &a.body.room;
    const platform_room *there = platform_find(&platform, r->name);
    assert_non_null(there);
    assert_int_equal(r->platform_id, there->id);
    assert_string_equal(there->pin, r->pin);
    assert_string_equal(there->guest_pin, r->guest_pin);
    assert_string_equal(there->description, r->description);
    assert_memory_equal(there->description, "Parley pool ", 12);
    assert_string_equal(there->tag, "");
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_pool_rooms WHERE "
                                  "platform_id > 0"),
                     TARGET);
    /* The management API of this side knows nothing of them. */
    assert_int_equal(world_sql(w, "SELECT count(*) FROM m_conference"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM m_conference_alias"),
                     0);
}

static void nobody_joins_here_what_is_there(void **state)
{
    world *w = *state;
    answer a;
    answer j;
    PUT(w->config.create_rooms, "on-join");
    takes(w, "x", &a);
    assert_int_equal(join_room(w, a.body.room.name, a.body.room.pin, "t", &j),
                     PL_ENOENT);
    assert_int_equal(phone_call(w, "c1", a.body.room.name, "o"), PL_ENOENT);
}

static void a_name_that_is_taken_there_is_drawn_anew(void **state)
{
    world *w = *state;
    answer a;
    platform_fail(&platform, POST, FAULT_TAKEN, 0, 3);
    assert_int_equal(pool_add(w, 2), PL_OK);
    world_run(w, 2 * S);
    assert_int_equal(pool_count(w, "free"), TARGET + 2);
    assert_int_equal(world_metric(w, PL_RM_platform_clashes), 3);
    check_same(w);
    for (int i = 0; i < TARGET + 2; i++)
        checkout_any(w, &a);
    platform_fail(&platform, POST, FAULT_TAKEN, 0, 2);
    takes(w, "on demand", &a);
    assert_string_equal(platform_find(&platform, a.body.room.name)->tag,
                        "tag:on demand");
}

static void a_lost_answer_makes_no_second_room(void **state)
{
    world *w = *state;
    platform_fail(&platform, POST, FAULT_MUTE, 0, 2);
    assert_int_equal(pool_add(w, 2), PL_OK);
    world_run(w, 30 * S);
    assert_int_equal(pool_count(w, "free"), TARGET + 2);
    assert_int_equal(platform.n_of[POST], TARGET + 2);
    no_name_twice();
    check_same(w);
}

static void a_request_that_was_not_heard_is_repeated(void **state)
{
    world *w = *state;
    platform_fail(&platform, POST, FAULT_UNHEARD, 0, 1);
    assert_int_equal(pool_add(w, 2), PL_OK);
    world_run(w, 5 * S);
    assert_int_equal(pool_count(w, "free"), TARGET + 2);
    check_same(w);
}

/* It came after we had looked, and our second try was told that the name is
 * taken: by ourselves. */
static void a_request_that_was_heard_late_is_found(void **state)
{
    world *w = *state;
    platform_fail(&platform, POST, FAULT_UNHEARD, 0, 1);
    assert_int_equal(pool_add(w, 1), PL_OK);
    while (platform.n_faults > 0)
        world_run(w, 10 * MS);
    pl_vmr *vmr = NULL;
    PL_LIST_EACH(node, &world_pool(w)->vmrs->all)
    {
        vmr = PL_CONTAINER(node, pl_vmr, link);
    }
    platform_fail(&platform, POST, FAULT_TAKEN, 0, 1);
    while (platform.n_faults > 0)
        world_run(w, 10 * MS);
    platform_add(&platform, vmr->row.name, vmr->room->row.description);
    world_run(w, 10 * S);
    assert_int_equal(vmr->row.state, PL_POOL_STATE_FREE);
    assert_int_equal(world_metric(w, PL_RM_platform_clashes), 0);
    check_same(w);
}

static void half_made_rooms_are_finished_after_a_restart(void **state)
{
    world *w = *state;
    platform.is_holding = true;
    assert_int_equal(pool_add(w, 3), PL_OK);
    world_run(w, S);
    assert_int_equal(pool_count(w, "creating"), 3);
    assert_int_equal(platform.n_held, 3);
    platform.n_held = 0; /* done, but nobody hears of it */
    platform.is_holding = false;
    restart_roompool(w);
    assert_int_equal(pool_count(w, "free"), TARGET + 3);
    assert_int_equal(platform.n_of[POST], TARGET + 3);
    check_same(w);
}

/* ---- handed out ---- */

static void the_tag_is_there_before_the_answer(void **state)
{
    world *w = *state;
    answer a;
    platform.is_holding = true;
    checkout_begin(w, &(taking){.payload = "abc"}, &a);
    world_run(w, 200 * MS);
    assert_false(a.is_done);
    assert_int_equal(pool_count(w, "reserved"), 1);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM pool WHERE state = 'reserved' AND "
                     "remote_todo = 'change'"),
        1);
    platform_release(&platform);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    const platform_room *there = platform_find(&platform, a.body.room.name);
    assert_string_equal(there->tag, "tag:abc");
    assert_string_equal(there->guest_pin, a.body.room.guest_pin);
    assert_int_equal(a.body.room.platform_id, there->id);
    assert_int_equal(world_metric(w, PL_RM_pool_checkouts), 1);
}

static void without_a_tag_nothing_is_asked(void **state)
{
    world *w = *state;
    answer a;
    platform_fail(&platform, 0, FAULT_STATUS, 500, 100);
    checkout_any(w, &a);
    assert_int_equal(platform.n_of[PATCH], 0);
}

static void the_tag_is_tried_again_for_a_moment(void **state)
{
    world *w = *state;
    answer a;
    platform_fail(&platform, PATCH, FAULT_STATUS, 503, 2);
    takes(w, "abc", &a);
    assert_string_equal(platform_find(&platform, a.body.room.name)->tag,
                        "tag:abc");
    assert_int_equal(platform.n_of[PATCH], 3);
}

static void without_the_tag_the_room_goes(void **state)
{
    world *w = *state;
    answer a;
    static const platform_fault faults[] = {FAULT_STATUS, FAULT_MUTE,
                                            FAULT_LOST};
    for (size_t i = 0; i < 3; i++) {
        char name[65];
        PUT(name, PL_CONTAINER(world_pool(w)->vmrs->free.next, pl_vmr, queue)
                      ->row.name);
        platform_fail(&platform, PATCH, faults[i], 500, 100);
        checkout_begin(w, &(taking){.payload = "abc"}, &a);
        world_run(w, 1900 * MS);
        assert_false(a.is_done);
        world_run(w, 200 * MS);
        assert_true(a.is_done);
        assert_int_equal(a.error, PL_EUNAVAILABLE);
        assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
        platform_fail(&platform, 0, FAULT_NONE, 0, 0);
        world_run(w, 80 * S);
        assert_null(platform_find(&platform, name));
        check_same(w);
        assert_int_equal(pool_count(w, "free"), TARGET);
        assert_int_equal(pool_count(w, "reserved"), 0);
    }
    assert_int_equal(world_metric(w, PL_RM_platform_late), 3);
}

static void a_refused_tag_is_not_tried_again(void **state)
{
    world *w = *state;
    answer a;
    platform_fail(&platform, PATCH, FAULT_STATUS, 400, 1);
    assert_int_equal(take(w, "abc", &a), PL_EUNAVAILABLE);
    assert_int_equal(platform.n_of[PATCH], 1);
    world_run(w, 2 * S);
    check_same(w);
}

static void a_room_that_is_gone_there_is_replaced(void **state)
{
    world *w = *state;
    answer a;
    char name[65];
    PUT(name, platform.rooms[0].name);
    platform_drop(&platform, name);
    takes(w, "abc", &a);
    assert_string_not_equal(a.body.room.name, name);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
    world_run(w, 2 * S);
    check_same(w);
}

static void without_free_ones_a_room_is_made_with_its_tag(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_target = 0;
    for (int i = 0; i < TARGET; i++)
        checkout_any(w, &a);
    unsigned n = platform.n_of[POST];
    takes(w, "abc", &a);
    assert_int_equal(platform.n_of[POST], n + 1);
    assert_int_equal(platform.n_of[PATCH], 0);
    assert_string_equal(platform_find(&platform, a.body.room.name)->tag,
                        "tag:abc");
    assert_true(world_metric(w, PL_RM_pool_on_demand) > 0);
}

static void at_the_limit_a_room_in_making_is_waited_for(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    w->config.pool_fill_per_s = 1000;
    for (int i = 0; i < MAX - 1; i++)
        checkout_any(w, &a);
    world_run(w, S);
    platform.is_holding = true;
    char name[65];
    PUT(name,
        PL_CONTAINER(world_pool(w)->vmrs->free.next, pl_vmr, queue)->row.name);
    assert_int_equal(pool_remove(w, name), PL_OK);
    world_run(w, 100 * MS);
    assert_int_equal(pool_count(w, "creating"), 1);
    checkout_begin(w, &(taking){.payload = "abc"}, &a);
    world_run(w, 100 * MS);
    assert_int_equal(take(w, "def", &b), PL_EFULL);
    platform_release(&platform);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    assert_string_equal(platform_find(&platform, a.body.room.name)->tag,
                        "tag:abc");
}

static void nobody_waits_long_for_a_silent_platform(void **state)
{
    world *w = *state;
    answer a;
    for (int i = 0; i < TARGET; i++)
        checkout_any(w, &a);
    world_run(w, S);
    for (int i = 0; i < TARGET; i++)
        checkout_any(w, &a);
    PL_LIST_EACH_SAFE(node, &world_pool(w)->vmrs->all)
    {
        assert_int_equal(
            pool_remove(w, PL_CONTAINER(node, pl_vmr, link)->row.name), PL_OK);
    }
    platform_fail(&platform, 0, FAULT_LOST, 0, 1000);
    checkout_begin(w, &(taking){.payload = "abc"}, &a);
    world_run(w, 2100 * MS);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    world_run(w, 60 * S);
    /* Known to be down: no row is made for who asks, and he knows at once. */
    int64_t n = world_sql(w, "SELECT count(*) FROM pool");
    checkout_begin(w, &(taking){.payload = "abc"}, &a);
    world_run(w, 100 * MS);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM pool"), n);
    platform_fail(&platform, 0, FAULT_NONE, 0, 0);
    world_run(w, 130 * S);
    check_same(w);
    assert_int_equal(pool_count(w, "free"), TARGET);
}

static void fifty_at_once_get_fifty_rooms(void **state)
{
    world *w = *state;
    static answer a[50];
    w->config.pool_max_rooms = 200;
    for (int i = 0; i < 50; i++) {
        char payload[16];
        pl_fmt_cut(payload, sizeof payload, "%d", i);
        checkout_begin(w, &(taking){.payload = payload}, &a[i]);
    }
    for (int i = 0; i < 50; i++) {
        char tag[32];
        world_wait(w, &a[i]);
        assert_int_equal(a[i].error, PL_OK);
        pl_fmt_cut(tag, sizeof tag, "tag:%d", i);
        assert_string_equal(platform_find(&platform, a[i].body.room.name)->tag,
                            tag);
    }
    assert_int_equal(pool_count(w, "reserved"), 50);
    world_run(w, 10 * S);
    no_name_twice();
    check_same(w);
}

/* ---- the same again ---- */

static void the_same_key_waits_for_the_same_room(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .key = "k"};
    answer a;
    answer b;
    platform.is_holding = true;
    checkout_begin(w, &t, &a);
    world_run(w, 100 * MS);
    checkout_begin(w, &t, &b);
    world_run(w, 100 * MS);
    assert_false(a.is_done || b.is_done);
    platform_release(&platform);
    world_wait(w, &a);
    world_wait(w, &b);
    assert_string_equal(a.body.room.name, b.body.room.name);
    assert_true(b.body.room.repeated && !a.body.room.repeated);
    assert_int_equal(platform.n_of[PATCH], 1);
}

/* Journaled, not tagged, roompool killed: tagged after the start, and who
 * comes with his key gets it. */
static void a_check_out_is_finished_after_a_restart(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .key = "k"};
    answer a;
    platform_fail(&platform, PATCH, FAULT_LOST, 0, 1);
    checkout_begin(w, &t, &a);
    world_run(w, 100 * MS);
    assert_int_equal(platform.n_of[PATCH], 1);
    restart_roompool(w);
    assert_int_equal(platform.n_of[PATCH], 2);
    check_same(w);
    assert_int_equal(checkout(w, &t, &a), PL_OK);
    assert_true(a.body.room.repeated);
    assert_string_equal(platform_find(&platform, a.body.room.name)->tag,
                        "tag:p");
}

static void an_untagged_room_goes_with_its_lease(void **state)
{
    world *w = *state;
    answer a;
    platform_fail(&platform, PATCH, FAULT_LOST, 0, 1000);
    checkout_begin(w, &(taking){.payload = "p"}, &a);
    world_run(w, 100 * MS);
    restart_roompool(w);
    assert_int_equal(pool_count(w, "reserved"), 1);
    world_run(w, (int64_t)w->config.pool_lease_s * S);
    assert_int_equal(pool_count(w, "reserved"), 0);
    platform_fail(&platform, 0, FAULT_NONE, 0, 0);
    world_run(w, 70 * S);
    check_same(w);
}

static void a_derived_name_is_made_with_its_tag(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .name = "MTIzNDU2LDc2NTQzMg"};
    answer a;
    answer b;
    unsigned n = platform.n_of[POST];
    assert_int_equal(checkout(w, &t, &a), PL_OK);
    assert_int_equal(platform.n_of[POST], n + 1);
    assert_int_equal(platform.n_of[PATCH], 0);
    assert_string_equal(platform_find(&platform, t.name)->tag, "tag:p");
    assert_int_equal(checkout(w, &t, &b), PL_OK);
    assert_true(b.body.room.repeated);
    assert_int_equal(a.body.room.platform_id, b.body.room.platform_id);
    /* Removed and wanted again: not before the first one is gone there. */
    platform.is_holding = true;
    assert_int_equal(pool_remove(w, t.name), PL_OK);
    world_run(w, 100 * MS);
    checkout_begin(w, &t, &b);
    world_run(w, 500 * MS);
    assert_false(b.is_done);
    platform_release(&platform);
    world_wait(w, &b);
    assert_int_equal(b.error, PL_OK);
    assert_false(b.body.room.repeated);
    assert_int_not_equal(a.body.room.platform_id, b.body.room.platform_id);
    world_run(w, 2 * S);
    check_same(w);
}

static void a_derived_name_of_somebody_else_is_refused(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .name = "test_theirs"};
    answer a;
    platform_add(&platform, t.name, "theirs");
    assert_int_equal(checkout(w, &t, &a), PL_EEXIST);
    world_run(w, 2 * S);
    assert_non_null(platform_find(&platform, t.name));
    assert_int_equal(n_todo(w), 0);
}

/* ---- changed ---- */

static void a_change_goes_there_first(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    assert_int_equal(pool_change(w, name, "567890", "098765", "t2", &b), PL_OK);
    const platform_room *there = platform_find(&platform, name);
    assert_string_equal(there->pin, "567890");
    assert_string_equal(there->guest_pin, "098765");
    assert_string_equal(there->tag, "t2");
    assert_string_equal(b.body.room.pin, "567890");
    assert_int_equal(pool_get(w, name, &b), PL_OK);
    assert_string_equal(b.body.room.tag, "t2");
    platform_fail(&platform, PATCH, FAULT_STATUS, 400, 1);
    assert_int_equal(pool_change(w, name, NULL, NULL, "t3", &b), PL_EINVAL);
    assert_int_equal(pool_get(w, name, &b), PL_OK);
    assert_string_equal(b.body.room.tag, "t2");
    check_same(w);
}

/* Nobody knows whether it happened: our values are put back. */
static void a_change_without_an_answer_is_undone(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    platform_fail(&platform, PATCH, FAULT_MUTE, 0, 1);
    assert_int_equal(pool_change(w, name, "567890", "098765", "t2", &b),
                     PL_EUNAVAILABLE);
    assert_int_equal(pool_get(w, name, &b), PL_OK);
    assert_string_equal(b.body.room.tag, "tag:x");
    world_run(w, 10 * S);
    const platform_room *there = platform_find(&platform, name);
    assert_string_equal(there->tag, "tag:x");
    assert_string_equal(there->pin, a.body.room.pin);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_RESERVED);
    check_same(w);
    platform_fail(&platform, PATCH, FAULT_MUTE, 0, 1);
    pl_pool_room_change m = {.present = 0};
    PUT(m.client_id, "client");
    PUT(m.name, name);
    PUT(m.tag, "t4");
    PL_MSG_SET(POOL_ROOM_CHANGE, pool_room_change, &m, tag);
    world_send(w, w->api, &PL_MSG_POOL_ROOM_CHANGE, &m, &b);
    world_run(w, 100 * MS);
    assert_string_equal(there->tag, "t4");
    restart_roompool(w);
    assert_string_equal(platform_find(&platform, name)->tag, "tag:x");
    check_same(w);
}

static void two_changes_at_once_do_not_mix(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    answer c;
    takes(w, "x", &a);
    pl_pool_room_change m = {.present = 0};
    PUT(m.client_id, "client");
    PUT(m.name, a.body.room.name);
    PUT(m.tag, "t4");
    PL_MSG_SET(POOL_ROOM_CHANGE, pool_room_change, &m, tag);
    platform.is_holding = true;
    world_send(w, w->api, &PL_MSG_POOL_ROOM_CHANGE, &m, &b);
    world_run(w, 50 * MS);
    assert_int_equal(pool_change(w, a.body.room.name, NULL, NULL, "t5", &c),
                     PL_EUNAVAILABLE);
    platform_release(&platform);
    world_wait(w, &b);
    assert_int_equal(b.error, PL_OK);
    assert_string_equal(b.body.room.tag, "t4");
}

/* ---- removed ---- */

static void a_removed_room_goes_there_too(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    assert_int_equal(pool_remove(w, name), PL_OK);
    assert_int_equal(pool_get(w, name, &b), PL_ENOENT);
    world_run(w, S);
    assert_null(platform_find(&platform, name));
    assert_int_equal(pool_remove(w, name), PL_OK);
    world_run(w, S);
    assert_int_equal(platform.n_of[DELETE], 1);
    check_same(w);
}

static void a_removal_is_tried_until_it_is_done(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_tombstone_s = 60;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    platform_fail(&platform, DELETE, FAULT_STATUS, 500, 1000);
    assert_int_equal(pool_remove(w, name), PL_OK);
    world_run(w, 200 * S); /* it is not forgotten before */
    assert_non_null(platform_find(&platform, name));
    assert_in_range(platform.n_of[DELETE], 4, 12);
    restart_roompool(w);
    world_run(w, 100 * S);
    assert_non_null(platform_find(&platform, name));
    platform_fail(&platform, DELETE, FAULT_MUTE, 0, 1);
    world_run(w, 150 * S);
    assert_null(platform_find(&platform, name));
    assert_int_equal(n_todo(w), 0);
    world_run(w, 61 * S);
    assert_null(pl_vmr_find(world_pool(w), name));
}

static void what_is_gone_already_counts_as_removed(void **state)
{
    world *w = *state;
    answer a;
    takes(w, "x", &a);
    platform_drop(&platform, a.body.room.name);
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
    world_run(w, S);
    assert_int_equal(platform.n_of[DELETE], 0);
    check_same(w);
}

static void a_room_of_somebody_else_is_never_deleted(void **state)
{
    world *w = *state;
    answer a;
    takes(w, "x", &a);
    const char *name = a.body.room.name;
    platform_drop(&platform, name);
    platform_add(&platform, name, "theirs");
    assert_int_equal(pool_remove(w, name), PL_OK);
    world_run(w, 10 * S);
    assert_non_null(platform_find(&platform, name));
    assert_int_equal(n_todo(w), 0);
    assert_int_equal(platform.n_of[DELETE], 0);
}

static void all_rooms_are_removed_there(void **state)
{
    world *w = *state;
    answer a;
    takes(w, "x", &a);
    world_run(w, S);
    assert_int_equal(pool_empty(w, &a), PL_OK);
    assert_int_equal(a.body.rooms_deleted.count, TARGET + 1);
    world_run(w, 5 * S);
    assert_int_equal(platform.n_rooms, TARGET);
    check_same(w);
}

/* Removed while it is being made. */
static void a_room_in_making_is_removed_once_it_is_made(void **state)
{
    world *w = *state;
    answer a;
    platform.is_holding = true;
    assert_int_equal(pool_add(w, 1), PL_OK);
    world_run(w, 300 * MS);
    assert_int_equal(platform.n_held, 1);
    assert_int_equal(pool_empty(w, &a), PL_OK);
    world_run(w, 100 * MS);
    platform_release(&platform);
    world_run(w, 15 * S);
    assert_int_equal(platform.n_rooms, TARGET);
    check_same(w);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, platform_setup, platform_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_pool_is_made_there),
        TEST(nobody_joins_here_what_is_there),
        TEST(a_name_that_is_taken_there_is_drawn_anew),
        TEST(a_lost_answer_makes_no_second_room),
        TEST(a_request_that_was_not_heard_is_repeated),
        TEST(a_request_that_was_heard_late_is_found),
        TEST(half_made_rooms_are_finished_after_a_restart),
        TEST(the_tag_is_there_before_the_answer),
        TEST(without_a_tag_nothing_is_asked),
        TEST(the_tag_is_tried_again_for_a_moment),
        TEST(without_the_tag_the_room_goes),
        TEST(a_refused_tag_is_not_tried_again),
        TEST(a_room_that_is_gone_there_is_replaced),
        TEST(without_free_ones_a_room_is_made_with_its_tag),
        TEST(at_the_limit_a_room_in_making_is_waited_for),
        TEST(nobody_waits_long_for_a_silent_platform),
        TEST(fifty_at_once_get_fifty_rooms),
        TEST(the_same_key_waits_for_the_same_room),
        TEST(a_check_out_is_finished_after_a_restart),
        TEST(an_untagged_room_goes_with_its_lease),
        TEST(a_derived_name_is_made_with_its_tag),
        TEST(a_derived_name_of_somebody_else_is_refused),
        TEST(a_change_goes_there_first),
        TEST(a_change_without_an_answer_is_undone),
        TEST(two_changes_at_once_do_not_mix),
        TEST(a_removed_room_goes_there_too),
        TEST(a_removal_is_tried_until_it_is_done),
        TEST(what_is_gone_already_counts_as_removed),
        TEST(a_room_of_somebody_else_is_never_deleted),
        TEST(all_rooms_are_removed_there),
        TEST(a_room_in_making_is_removed_once_it_is_made),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
