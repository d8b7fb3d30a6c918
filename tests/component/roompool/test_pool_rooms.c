/* test_pool_rooms.c - managed rooms: made, handed out once, used, ended,
 * removed, replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/vmr.h"
#include "fake_page.h"
#include "mgmt_client.h"
#include "pool_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000, TARGET = 4, MAX = 8 };

static int setup(void **state)
{
    static world w;
    world_prepare(&w);
    w.config.pool_target = TARGET;
    w.config.pool_max_rooms = MAX;
    world_create_at(&w, 2, NULL, NULL);
    world_run(&w, S); /* ten a second */
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

static int64_t count_in(world *w, const char *pool_state)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql, "SELECT rooms FROM v_pool WHERE state = '%s'",
               pool_state);
    return world_sql(w, sql);
}

static uint32_t state_of(world *w, const char *name)
{
    const pl_vmr *vmr = pl_vmr_find(world_pool(w), name);
    return vmr ? vmr->row.state : PL_POOL_STATE_UNKNOWN;
}

static void restart(world *w)
{
    world_kill_roompool(w);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
}

/* ---- made and handed out ---- */

static void the_pool_is_filled_at_its_rate(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(count_in(w, "free"), TARGET);
    assert_int_equal(world_metric(w, PL_RM_pool_free), TARGET);
    for (int i = 0; i < TARGET; i++)
        checkout_any(w, &a);
    int64_t n = count_in(w, "free"); /* one may have been made at once */
    assert_in_range(n, 0, 1);
    world_run(w, 250 * MS);
    assert_in_range(count_in(w, "free"), n + 1, n + 3);
    world_run(w, S);
    assert_int_equal(count_in(w, "free"), TARGET);
    assert_int_equal(count_in(w, "reserved"), TARGET);
    assert_int_equal(world_metric(w, PL_RM_pool_on_demand), 0);
}

static void the_oldest_goes_first_and_each_once(void **state)
{
    world *w = *state;
    answer a;
    char names[MAX][65];
    for (uint64_t i = 0; i < MAX; i++) {
        checkout_any(w, &a);
        assert_int_equal(a.body.room.room_no, i + 1);
        assert_int_equal(a.body.room.state, PL_POOL_STATE_RESERVED);
        PUT(names[i], a.body.room.name);
        assert_int_equal(strlen(names[i]), 22);
        assert_true(names[i][0] != '-' && names[i][0] != '_');
        for (uint64_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
    assert_int_equal(world_metric(w, PL_RM_pool_checkouts), MAX);
}

static void a_room_is_shown_as_it_is(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(checkout(w, &(taking){.payload = "abc"}, &a), PL_OK);
    const pl_pool_room *r = &a.body.room;
    assert_string_equal(r->tag, "tag:abc");
    assert_true(r->allow_guests);
    assert_int_equal(strlen(r->pin), 4);
    assert_int_equal(strspn(r->pin, "0123456789"), 4);
    assert_int_equal(strspn(r->guest_pin, "0123456789"), 4);
    assert_string_not_equal(r->pin, r->guest_pin);
    assert_true(r->created_ms > 0 && r->alias_no > 0);
    answer b;
    assert_int_equal(pool_get(w, r->name, &b), PL_OK);
    assert_string_equal(b.body.room.pin, r->pin);
    assert_string_equal(b.body.room.tag, r->tag);
    assert_int_equal(pool_get(w, "nowhere", &b), PL_ENOENT);
    assert_int_equal(pool_get(w, "lobby", &b), PL_ENOENT);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM v_pool_rooms WHERE tag = 'tag:abc' "
                     "AND state = 'reserved' AND client_id = 'client'"),
        1);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM pool WHERE "
                                  "payload_hash LIKE '%abc'"),
                     0);
}

static void
without_free_ones_rooms_are_made_at_once_up_to_the_limit(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_fill_per_s = 1;
    for (int i = 0; i < MAX; i++)
        checkout_any(w, &a);
    assert_true(world_metric(w, PL_RM_pool_on_demand) > 0);
    assert_int_equal(checkout(w, &(taking){.payload = "x"}, &a), PL_EFULL);
    assert_int_equal(world_metric(w, PL_RM_pool_exhausted), 1);
    world_run(w, 10 * S);
    assert_int_equal(count_in(w, "free"), 0);
    char name[65];
    assert_int_equal(pool_next(w, 0, &a), PL_OK);
    PUT(name, a.body.room.name);
    assert_int_equal(pool_remove(w, name), PL_OK);
    checkout_any(w, &a);
    assert_string_not_equal(a.body.room.name, name);
    assert_true(a.body.room.room_no > MAX);
}

static void a_hundred_at_once_get_a_hundred_rooms(void **state)
{
    world *w = *state;
    static answer a[100];
    w->config.pool_max_rooms = 200;
    for (int i = 0; i < 100; i++)
        checkout_begin(w, &(taking){.payload = "same"}, &a[i]);
    for (int i = 0; i < 100; i++) {
        world_wait(w, &a[i]);
        assert_int_equal(a[i].error, PL_OK);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(a[i].body.room.name, a[k].body.room.name);
    }
    assert_int_equal(count_in(w, "reserved"), 100);
}

static void more_free_ones_are_made_when_asked_for(void **state)
{
    world *w = *state;
    assert_int_equal(pool_add(w, MAX), PL_EFULL);
    assert_int_equal(pool_add(w, 3), PL_OK);
    world_kill_roompool(w); /* the order is kept */
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, S);
    assert_int_equal(count_in(w, "free"), TARGET + 3);
    world_run(w, 5 * S);
    assert_int_equal(count_in(w, "free"), TARGET + 3);
}

static void nothing_is_handed_out_while_draining(void **state)
{
    world *w = *state;
    answer a;
    pl_pool_drain(world_pool(w));
    assert_int_equal(checkout(w, &(taking){.payload = "x"}, &a), PL_EDRAIN);
}

/* ---- the same again ---- */

static void a_key_gives_the_same_room_for_a_while(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .key = "k1"};
    answer a;
    answer b;
    assert_int_equal(checkout(w, &t, &a), PL_OK);
    assert_false(a.body.room.repeated);
    restart(w);
    assert_int_equal(checkout(w, &t, &b), PL_OK);
    assert_true(b.body.room.repeated);
    assert_string_equal(a.body.room.name, b.body.room.name);
    assert_string_equal(a.body.room.pin, b.body.room.pin);
    assert_int_equal(world_metric(w, PL_RM_pool_repeated), 1);
    const taking other = {.payload = "q", .key = "k1"};
    assert_int_equal(checkout(w, &other, &b), PL_EEXIST);
    const taking stranger = {.payload = "p", .key = "k1", .client = "else"};
    assert_int_equal(checkout(w, &stranger, &b), PL_OK);
    assert_string_not_equal(a.body.room.name, b.body.room.name);
    world_run(w, (int64_t)w->config.pool_key_s * S);
    assert_int_equal(checkout(w, &t, &b), PL_OK);
    assert_string_not_equal(a.body.room.name, b.body.room.name);
}

static void a_key_goes_with_its_room(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .key = "k1"};
    answer a;
    answer b;
    assert_int_equal(checkout(w, &t, &a), PL_OK);
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
    assert_int_equal(checkout(w, &t, &b), PL_OK);
    assert_string_not_equal(a.body.room.name, b.body.room.name);
}

static void a_derived_name_gives_the_same_room(void **state)
{
    world *w = *state;
    const taking t = {.payload = "p", .name = "MTIzNDU2LDc2NTQzMg"};
    answer a;
    answer b;
    assert_int_equal(checkout(w, &t, &a), PL_OK);
    assert_string_equal(a.body.room.name, t.name);
    assert_int_equal(checkout(w, &t, &b), PL_OK);
    assert_true(b.body.room.repeated);
    assert_int_equal(a.body.room.room_no, b.body.room.room_no);
    assert_int_equal(count_in(w, "free"), TARGET);
    /* Names are found in any case, so there is no second of another case. */
    assert_int_equal(checkout(w, &(taking){.name = "mTIzNDU2LDc2NTQzMg"}, &b),
                     PL_EEXIST);
    assert_int_equal(checkout(w, &(taking){.name = "lobby"}, &b), PL_EEXIST);
    assert_int_equal(checkout(w, &(taking){.name = "a b"}, &b), PL_EINVAL);
    assert_int_equal(checkout(w, &(taking){.name = "-a"}, &b), PL_EINVAL);
    page p;
    page_is_in(w, &p, t.name, a.body.room.pin, "t1");
    assert_int_equal(pool_remove(w, t.name), PL_OK);
    /* A new room of this name, while the old conference is remembered. */
    assert_int_equal(checkout(w, &t, &b), PL_OK);
    assert_true(b.body.room.room_no > a.body.room.room_no);
    assert_int_equal(b.body.room.state, PL_POOL_STATE_RESERVED);
    restart(w);
    world_run(w, (int64_t)(w->config.linger_s + 1) * S);
    assert_int_equal(pool_get(w, t.name, &a), PL_OK);
    assert_int_equal(a.body.room.room_no, b.body.room.room_no);
}

/* ---- used ---- */

static void host_and_guest_come_with_their_pins(void **state)
{
    world *w = *state;
    answer a;
    answer j;
    page host;
    page guest;
    checkout_any(w, &a);
    const pl_pool_room *r = &a.body.room;
    const char *wrong = strcmp(r->pin, "0000") && strcmp(r->guest_pin, "0000")
                            ? "0000"
                            : "1111";
    assert_int_equal(join_room(w, r->name, NULL, "x", &j), PL_EPIN_REQUIRED);
    assert_int_equal(join_room(w, r->name, wrong, "x", &j), PL_EPIN_INVALID);
    assert_int_equal(state_of(w, r->name), PL_POOL_STATE_RESERVED);
    page_enters(w, &guest, r->name, r->guest_pin, "g");
    assert_int_equal(guest.role, PL_PART_ROLE_GUEST);
    assert_true(guest.waiting);
    assert_int_equal(state_of(w, r->name), PL_POOL_STATE_IN_USE);
    page_is_in(w, &host, r->name, r->pin, "h");
    assert_int_equal(host.role, PL_PART_ROLE_HOST);
    world_run(w, 100 * MS);
    assert_int_equal(page_part(w, &guest)->row.waiting_at, 0);
}

/* Two in a room; the guest leaves. name: NULL any room. */
static void host_is_left(world *w, const char *name, page *host)
{
    answer a;
    page guest;
    assert_int_equal(checkout(w, &(taking){.name = name}, &a), PL_OK);
    const pl_pool_room *r = &a.body.room;
    page_is_in(w, host, r->name, r->pin, r->pin);
    page_is_in(w, &guest, r->name, r->guest_pin, r->guest_pin);
    page_listens(w, host);
    page_goes(w, &guest);
}

static void the_last_one_is_not_left_alone_for_ever(void **state)
{
    world *w = *state;
    answer ev;
    page host;
    w->config.token_s = 600; /* nobody refreshes here */
    host_is_left(w, NULL, &host);
    world_run(w, 200 * S);
    restart(w);
    world_run(w, 95 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
    world_run(w, 10 * S);
    page_hears(w, &host, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason,
                        "Last remaining participant removed from conference "
                        "after timeout");
    w->config.last_participant_s = 50; /* of all rooms */
    host_is_left(w, NULL, &host);
    world_run(w, 55 * S);
    page_hears(w, &host, PL_EVENT_KIND_DISCONNECT, &ev);
    w->config.last_participant_s = w->config.pool_last_participant_s = 0;
    host_is_left(w, NULL, &host);
    world_run(w, 500 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
}

static void in_a_persistent_room_it_may_stay(void **state)
{
    world *w = *state;
    page host;
    w->config.token_s = 600;
    host_is_left(w, "vkiosk_1", &host);
    world_run(w, 500 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
}

static void a_telephone_keys_its_pin(void **state)
{
    world *w = *state;
    answer a;
    checkout_any(w, &a);
    phone_joins(w, "c1", a.body.room.name);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_RESERVED);
    phone_key(w, "c1", a.body.room.pin, true);
    phone_key(w, "c1", "#", true);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM v_live_participants WHERE state = "
                     "'active' AND came_by = 'telephone' AND role = 'host'"),
        1);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_IN_USE);
}

static void a_free_room_cannot_be_joined(void **state)
{
    world *w = *state;
    answer a;
    answer j;
    assert_int_equal(pool_next(w, 0, &a), PL_OK);
    assert_int_equal(a.body.room.state, PL_POOL_STATE_FREE);
    assert_int_equal(join_room(w, a.body.room.name, a.body.room.pin, "t", &j),
                     PL_ENOENT);
    assert_int_equal(phone_call(w, "c1", a.body.room.name, "o"), PL_ENOENT);
    PUT(w->config.create_rooms, "on-join");
    assert_int_equal(join_room(w, a.body.room.name, a.body.room.pin, "t", &j),
                     PL_ENOENT);
}

/* Its citizen must not wait in a room without a PIN that a stranger made. */
static void a_removed_room_is_not_made_by_joining(void **state)
{
    world *w = *state;
    answer a;
    answer j;
    PUT(w->config.create_rooms, "on-join");
    checkout_any(w, &a);
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
    assert_int_equal(join_room(w, a.body.room.name, NULL, "t", &j), PL_ENOENT);
    assert_int_equal(phone_call(w, "c1", a.body.room.name, "o"), PL_ENOENT);
    restart(w);
    assert_int_equal(join_room(w, a.body.room.name, NULL, "t", &j), PL_ENOENT);
}

static void nobody_comes_and_the_lease_is_over(void **state)
{
    world *w = *state;
    answer a;
    answer j;
    checkout_any(w, &a);
    world_run(w, (int64_t)(w->config.pool_lease_s - 1) * S);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_RESERVED);
    restart(w); /* goes on with the lease, not anew */
    world_run(w, 2 * S);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_DELETED);
    assert_int_equal(world_metric(w, PL_RM_pool_lease_over), 1);
    assert_int_equal(join_room(w, a.body.room.name, a.body.room.pin, "t", &j),
                     PL_ENOENT);
    assert_int_equal(count_in(w, "free"), TARGET);
}

static void who_comes_back_in_the_grace_finds_the_room(void **state)
{
    world *w = *state;
    answer a;
    answer j;
    page p;
    checkout_any(w, &a);
    const char *name = a.body.room.name;
    page_is_in(w, &p, name, a.body.room.pin, "t1");
    page_goes(w, &p);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_ENDING);
    world_run(w, (int64_t)(w->config.pool_grace_s - 1) * S);
    page_is_in(w, &p, name, a.body.room.pin, "t2");
    assert_int_equal(state_of(w, name), PL_POOL_STATE_IN_USE);
    world_run(w, 5 * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_IN_USE);
    page_goes(w, &p);
    world_run(w, (int64_t)(w->config.pool_grace_s / 2) * S);
    restart(w);
    world_run(w, (int64_t)(w->config.pool_grace_s / 2 - 1) * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_ENDING);
    world_run(w, 2 * S);
    assert_int_equal(state_of(w, name), PL_POOL_STATE_DELETED);
    assert_int_equal(join_room(w, name, a.body.room.pin, "t3", &j), PL_ENOENT);
    world_run(w, (int64_t)w->config.linger_s * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms WHERE state = "
                                  "'retired'"),
                     0);
}

static void people_in_a_room_keep_it_through_a_restart(void **state)
{
    world *w = *state;
    answer a;
    page p;
    checkout_any(w, &a);
    page_is_in(w, &p, a.body.room.name, a.body.room.pin, "t1");
    restart(w);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_IN_USE);
    world_kill_roompool(w);
    world_kill_media(w, 0);
    world_kill_media(w, 1);
    world_start_roompool(w);
    world_check(w);
    world_run(w, (int64_t)(w->config.token_s + 5) * S);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_ENDING);
}

static void no_room_lives_longer_than_its_lifetime(void **state)
{
    world *w = *state;
    answer a;
    page p;
    w->config.pool_room_life_s = 100;
    checkout_any(w, &a);
    page_is_in(w, &p, a.body.room.name, a.body.room.pin, "t1");
    world_run(w, 101 * S);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_DELETED);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM call_records WHERE reason = 'API "
                     "initiated conference termination'"),
        1);
}

static void a_free_room_that_is_too_old_is_replaced(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_max_age_s = 600; /* a day takes long even here */
    restart(w);
    assert_int_equal(pool_next(w, 0, &a), PL_OK);
    world_run(w, (int64_t)w->config.pool_max_age_s * S + 2 * S);
    assert_int_equal(state_of(w, a.body.room.name), PL_POOL_STATE_DELETED);
    assert_int_equal(count_in(w, "free"), TARGET);
    checkout_any(w, &a);
    assert_true(a.body.room.room_no > TARGET);
}

/* ---- removed ---- */

static void a_room_in_use_is_removed(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    page p;
    w->config.pool_tombstone_s = 600;
    checkout_any(w, &a);
    const pl_pool_room *r = &a.body.room;
    page_is_in(w, &p, r->name, r->pin, "t1");
    assert_int_equal(pool_remove(w, r->name), PL_OK);
    assert_int_equal(
        world_sql(w, "SELECT count(*) FROM participants WHERE state = 'left' "
                     "AND leave_reason = 'API initiated conference "
                     "termination'"),
        1);
    assert_int_equal(join_room(w, r->name, r->pin, "t2", &b), PL_ENOENT);
    assert_int_equal(pool_get(w, r->name, &b), PL_ENOENT);
    assert_int_equal(pool_change(w, r->name, NULL, NULL, "t", &b), PL_ENOENT);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms WHERE source = "
                                  "'pool' AND state = 'retired' AND "
                                  "pin_hash || host_pin_hash <> ''"),
                     0);
    assert_int_equal(pool_remove(w, r->name), PL_OK); /* harmless */
    restart(w);
    assert_int_equal(pool_remove(w, r->name), PL_OK);
    world_run(w, (int64_t)w->config.pool_tombstone_s * S + S);
    assert_int_equal(pool_remove(w, r->name), PL_ENOENT);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms WHERE "
                                  "source = 'pool'"),
                     TARGET);
}

static void tombstones_are_bounded(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_max_tombstones = 3;
    for (int i = 0; i < 10; i++) {
        checkout_any(w, &a);
        assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
        world_check(w);
    }
    assert_int_equal(count_in(w, "deleted"), 3);
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
}

static void all_but_persistent_rooms_are_removed(void **state)
{
    world *w = *state;
    answer a;
    answer kept;
    w->config.pool_max_tombstones = 2; /* removing forgets others meanwhile */
    checkout_any(w, &a);
    assert_int_equal(checkout(w, &(taking){.name = "test_1"}, &kept), PL_OK);
    world_run(w, S);
    assert_int_equal(pool_empty(w, &a), PL_OK);
    assert_int_equal(a.body.rooms_deleted.count, TARGET + 1);
    assert_int_equal(pool_get(w, "TEST_1", &a), PL_OK);
    world_run(w, S);
    assert_int_equal(count_in(w, "free"), TARGET);
    /* Nor does time remove it. */
    world_run(w, (int64_t)w->config.pool_lease_s * S + S);
    assert_int_equal(pool_get(w, "test_1", &a), PL_OK);
    assert_int_equal(pool_remove(w, "test_1"), PL_OK);
    assert_int_equal(pool_get(w, "test_1", &a), PL_ENOENT);
}

/* ---- read and changed ---- */

static void rooms_are_listed_by_number(void **state)
{
    world *w = *state;
    answer a;
    uint64_t last = 0;
    unsigned n = 0;
    checkout_any(w, &a);
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
    world_run(w, S);
    while (pool_next(w, last, &a) == PL_OK) {
        assert_true(a.body.room.room_no > last);
        last = a.body.room.room_no;
        n++;
    }
    assert_int_equal(a.error, PL_ENOENT);
    assert_int_equal(n, TARGET);
}

static void a_room_is_changed(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    page p;
    checkout_any(w, &a);
    const char *name = a.body.room.name;
    assert_int_equal(pool_change(w, name, NULL, NULL, "new", &b), PL_OK);
    assert_string_equal(b.body.room.tag, "new");
    assert_string_equal(b.body.room.pin, a.body.room.pin);
    assert_int_equal(pool_change(w, name, "123456", "654321", NULL, &b), PL_OK);
    assert_int_equal(pool_change(w, name, "111", NULL, NULL, &b), PL_EINVAL);
    assert_int_equal(pool_change(w, name, "654321", NULL, NULL, &b), PL_EINVAL);
    assert_int_equal(pool_change(w, name, "12345", NULL, NULL, &b), PL_EINVAL);
    assert_string_equal(b.refusal.text,
                        "PINs of different length must both end in #");
    assert_int_equal(pool_change(w, name, "12345#", "9876#", NULL, &b), PL_OK);
    restart(w);
    page_enters(w, &p, name, "9876", "g");
    assert_int_equal(p.role, PL_PART_ROLE_GUEST);
    page_enters(w, &p, name, "12345#", "h");
    assert_int_equal(p.role, PL_PART_ROLE_HOST);
    assert_int_equal(pool_change(w, name, NULL, "", NULL, &b), PL_OK);
    assert_int_equal(join_room(w, name, "none", "g2", &b), PL_OK);
    assert_int_equal(b.body.joined.role, PL_PART_ROLE_GUEST);
    assert_int_equal(pool_change(w, name, "", NULL, NULL, &b), PL_EINVAL);
}

/* ---- put right ---- */

static void what_does_not_fit_together_is_put_right(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    checkout_any(w, &a);
    checkout_any(w, &b);
    world_run(w, S);
    world_kill_roompool(w);
    char sql[512];
    pl_fmt_cut(sql, sizeof sql,
               "DELETE FROM pool WHERE name = '%s';"
               "DELETE FROM rooms WHERE room_id = '%s';"
               "DELETE FROM aliases WHERE room_id = '%s'",
               a.body.room.name, b.body.room.name, b.body.room.name);
    world_write(w, sql);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
    assert_int_equal(world_metric(w, PL_RM_pool_orphans), 2);
    assert_int_equal(count_in(w, "reserved"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms WHERE source = "
                                  "'pool'"),
                     TARGET);
    assert_int_equal(join_room(w, a.body.room.name, a.body.room.pin, "t", &b),
                     PL_ENOENT);
}

/* The name of one that is there means that one. */
static void a_room_takes_over_the_name_of_a_removed_one(void **state)
{
    world *w = *state;
    char json[64];
    answer a;
    answer b;
    answer got;
    checkout_any(w, &a);
    checkout_any(w, &b);
    const char *name = b.body.room.name;
    assert_int_equal(pool_remove(w, name), PL_OK);
    pl_fmt_cut(json, sizeof json, "{'name':'%s'}", name);
    mgmt_changes(w, PL_MGMT_RESOURCE_CONFERENCE, a.body.room.room_no, json);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pool_get(w, name, &got), PL_OK);
        assert_int_equal(got.body.room.room_no, a.body.room.room_no);
        world_kill_roompool(w);
        world_start_roompool(w);
        world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    }
    assert_int_equal(pool_remove(w, name), PL_OK);
    assert_int_equal(pool_get(w, name, &got), PL_ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_pool_is_filled_at_its_rate),
        TEST(a_room_takes_over_the_name_of_a_removed_one),
        TEST(the_oldest_goes_first_and_each_once),
        TEST(a_room_is_shown_as_it_is),
        TEST(without_free_ones_rooms_are_made_at_once_up_to_the_limit),
        TEST(a_hundred_at_once_get_a_hundred_rooms),
        TEST(more_free_ones_are_made_when_asked_for),
        TEST(nothing_is_handed_out_while_draining),
        TEST(a_key_gives_the_same_room_for_a_while),
        TEST(a_key_goes_with_its_room),
        TEST(a_derived_name_gives_the_same_room),
        TEST(host_and_guest_come_with_their_pins),
        TEST(in_a_persistent_room_it_may_stay),
        TEST(the_last_one_is_not_left_alone_for_ever),
        TEST(a_telephone_keys_its_pin),
        TEST(a_free_room_cannot_be_joined),
        TEST(a_removed_room_is_not_made_by_joining),
        TEST(nobody_comes_and_the_lease_is_over),
        TEST(who_comes_back_in_the_grace_finds_the_room),
        TEST(people_in_a_room_keep_it_through_a_restart),
        TEST(no_room_lives_longer_than_its_lifetime),
        TEST(a_free_room_that_is_too_old_is_replaced),
        TEST(a_room_in_use_is_removed),
        TEST(tombstones_are_bounded),
        TEST(all_but_persistent_rooms_are_removed),
        TEST(rooms_are_listed_by_number),
        TEST(a_room_is_changed),
        TEST(what_does_not_fit_together_is_put_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
