/* test_waiting.c - the waiting room, the start of a conference, its lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/waiting.h"
#include "fake_page.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

static int setup(void **state)
{
    static world w;
    world_create(&w, 2);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

static const pl_leg *phone_leg(world *w, const char *call_id)
{
    const pl_call *call = pl_map_find(world_pool(w)->calls, call_id);
    assert_non_null(call);
    return PL_CONTAINER(call->part->legs.next, pl_leg, link);
}

/* Comes in up to media that flows. */
static const pl_leg *phone_is_in(world *w, const char *call_id,
                                 const char *room)
{
    phone_joins(w, call_id, room);
    const pl_leg *leg = phone_leg(w, call_id);
    media_report(w, leg->row.leg_id, PL_LEG_STATE_CONNECTED);
    world_run(w, 10 * MS);
    return leg;
}

static void a_prompt_ends(world *w, const pl_leg *leg, const char *prompt)
{
    pl_leg_played m = {.present = 0};
    PUT(m.room_id, leg->part->conf->row.conf_id);
    PUT(m.leg_id, leg->row.leg_id);
    PUT(m.prompt, prompt);
    media_tells(w, leg, &PL_MSG_LEG_PLAYED, &m);
    world_run(w, 10 * MS);
}

static bool is_in_mix(world *w, const char *leg_id)
{
    const fake_leg *leg = media_leg(w, leg_id);
    assert_non_null(leg);
    return leg->mixed;
}

/* ---- started ---- */

static void a_guest_waits_for_the_first_host_with_media(void **state)
{
    world *w = *state;
    page guest;
    page host;
    answer ev;
    page_is_in(w, &guest, "locked", "1234", "g");
    assert_true(guest.waiting);
    assert_int_equal(guest.role, PL_PART_ROLE_GUEST);
    assert_false(page_leg(w, &guest)->mixed);
    assert_string_equal(page_leg(w, &guest)->prompt, "waiting-for-host");
    a_prompt_ends(w, pl_map_find(world_pool(w)->legs, guest.call),
                  "waiting-for-host");
    assert_string_equal(page_leg(w, &guest)->prompt, "hold-music");
    assert_int_equal(world_sql(w, "SELECT waiting FROM v_live_participants"),
                     1);
    page_hears(w, &guest, PL_EVENT_KIND_PARTICIPANT_CREATE, &ev);
    assert_true(ev.body.event.waiting);
    page_hears(w, &guest, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    assert_false(ev.body.event.started);
    page_enters(w, &host, "locked", "9999", "h");
    assert_false(host.waiting);
    assert_false(page_leg(w, &guest)->mixed); /* a host who looks on */
    page_talks(w, &host);
    assert_true(page_leg(w, &guest)->mixed);
    assert_string_equal(page_leg(w, &guest)->prompt, "");
    page_hears(w, &guest, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    assert_true(ev.body.event.started);
    page_hears(w, &guest, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    assert_string_equal(ev.body.event.participant_id, guest.id);
    assert_false(ev.body.event.waiting);
    assert_int_equal(world_sql(w, "SELECT started FROM v_live_conferences"), 1);
}

static void later_guests_come_straight_in(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    assert_false(guest.waiting);
    assert_true(page_leg(w, &guest)->mixed);
    const pl_leg *leg = phone_is_in(w, "c1", "hosted");
    assert_true(is_in_mix(w, leg->row.leg_id));
}

static void a_host_without_media_starts_it(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_is_in(w, &guest, "hosted", "none", "g");
    page_enters(w, &host, "hosted", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &guest, start, true), PL_EFORBIDDEN);
    assert_false(page_leg(w, &guest)->mixed);
    assert_int_equal(PAGE_SETS(w, &host, start, true), PL_OK);
    assert_true(page_leg(w, &guest)->mixed);
}

static void without_host_pin_nobody_waits(void **state)
{
    world *w = *state;
    page p;
    page_is_in(w, &p, "lobby", NULL, "p");
    assert_false(p.waiting);
    assert_int_equal(p.role, PL_PART_ROLE_HOST);
    assert_true(page_leg(w, &p)->mixed);
    assert_int_equal(world_sql(w, "SELECT started FROM v_live_conferences"), 1);
}

static void a_telephone_waits_with_music(void **state)
{
    world *w = *state;
    page host;
    const pl_leg *leg = phone_is_in(w, "c1", "hosted");
    const char *id = leg->row.leg_id;
    assert_false(is_in_mix(w, id));
    assert_string_equal(media_leg(w, id)->prompt, "waiting-for-host");
    a_prompt_ends(w, leg, "waiting-for-host");
    assert_string_equal(media_leg(w, id)->prompt, "hold-music");
    page_is_in(w, &host, "hosted", "9999", "h");
    assert_true(is_in_mix(w, id));
    assert_string_equal(media_leg(w, id)->prompt, "");
}

/* Tones are for who is in, about who is in. */
static void tones_do_not_end_the_music(void **state)
{
    world *w = *state;
    page host;
    page guest;
    w->config.beeps = true;
    page_is_in(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &guest, "locked", "1234", "g");
    (void)phone_is_in(w, "c1", "locked");
    phone_key(w, "c1", "1234#", true);
    assert_string_equal(page_leg(w, &host)->prompt, "");
    (void)phone_is_in(w, "c2", "locked");
    phone_key(w, "c2", "9999#", true);
    assert_string_equal(page_leg(w, &host)->prompt, "beep-join");
    assert_string_equal(page_leg(w, &guest)->prompt, "waiting-for-host");
    page_leg(w, &host)->prompt[0] = '\0';
    (void)phone_report(w, "c1", PL_CALL_STATE_ENDED, 0, NULL);
    assert_string_equal(page_leg(w, &host)->prompt, "");
}

static void a_telephone_keys_the_guest_pin_and_waits(void **state)
{
    world *w = *state;
    page host;
    const pl_leg *leg = phone_is_in(w, "c1", "locked");
    phone_key(w, "c1", "1234#", true);
    assert_true(pl_waits(leg->part));
    assert_false(is_in_mix(w, leg->row.leg_id));
    assert_string_equal(media_leg(w, leg->row.leg_id)->prompt,
                        "waiting-for-host");
    page_is_in(w, &host, "locked", "9999", "h");
    assert_true(is_in_mix(w, leg->row.leg_id));
}

static void a_telephone_keys_the_host_pin_and_starts_it(void **state)
{
    world *w = *state;
    page guest;
    page_is_in(w, &guest, "locked", "1234", "g");
    const pl_leg *leg = phone_is_in(w, "c1", "locked");
    phone_key(w, "c1", "9999#", false);
    assert_int_equal(leg->part->row.role, PL_PART_ROLE_HOST);
    assert_true(is_in_mix(w, leg->row.leg_id));
    assert_true(page_leg(w, &guest)->mixed);
}

static void a_waiting_telephone_keys_the_host_pin(void **state)
{
    world *w = *state;
    page guest;
    page_is_in(w, &guest, "hosted", "none", "g");
    const pl_leg *leg = phone_is_in(w, "c1", "hosted");
    phone_key(w, "c1", "0000#", true);
    assert_true(pl_waits(leg->part));
    assert_string_equal(media_leg(w, leg->row.leg_id)->prompt,
                        "waiting-for-host"); /* goes on */
    phone_key(w, "c1", "9999#", true);
    assert_int_equal(leg->part->row.role, PL_PART_ROLE_HOST);
    assert_true(is_in_mix(w, leg->row.leg_id));
    assert_true(page_leg(w, &guest)->mixed);
}

/* It cannot unmute itself. */
static void a_telephone_that_becomes_host_is_heard(void **state)
{
    world *w = *state;
    page host;
    page_is_in(w, &host, "hosted", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    assert_int_equal(PAGE_SETS(w, &host, guests_muted, true), PL_OK);
    const pl_leg *leg = phone_is_in(w, "c1", "hosted");
    assert_true(pl_waits(leg->part));
    assert_true(media_leg(w, leg->row.leg_id)->muted);
    phone_key(w, "c1", "9999#", true);
    assert_true(is_in_mix(w, leg->row.leg_id));
    assert_false(media_leg(w, leg->row.leg_id)->muted);
}

static void the_host_pin_is_not_guessed_while_waiting(void **state)
{
    world *w = *state;
    const pl_leg *leg = phone_is_in(w, "c1", "hosted");
    phone_key(w, "c1", "0000#1111#2222#9999#", true);
    assert_true(pl_waits(leg->part));
    world_run(w, 6 * S);
    assert_true(pl_waits(leg->part));
}

/* ---- the lock ---- */

static void a_lock_makes_later_guests_wait(void **state)
{
    world *w = *state;
    page host;
    page early;
    page late;
    page second;
    page_is_in(w, &host, "locked", "9999", "h");
    page_is_in(w, &early, "locked", "1234", "e");
    assert_int_equal(PAGE_SETS(w, &early, locked, true), PL_EFORBIDDEN);
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &late, "locked", "1234", "l");
    assert_true(late.waiting);
    assert_false(page_leg(w, &late)->mixed);
    assert_true(page_leg(w, &early)->mixed);
    page_is_in(w, &second, "locked", "9999", "s"); /* knows the host PIN */
    assert_false(second.waiting);
    const pl_leg *phone = phone_is_in(w, "c1", "locked");
    phone_key(w, "c1", "1234#", true);
    assert_false(is_in_mix(w, phone->row.leg_id));
    assert_int_equal(world_sql(w, "SELECT waiting FROM v_live_conferences "
                                  "WHERE locked"),
                     2);
    assert_int_equal(PAGE_SETS(w, &host, locked, false), PL_OK);
    assert_true(page_leg(w, &late)->mixed);
    assert_true(is_in_mix(w, phone->row.leg_id));
}

static void one_of_several_is_let_in(void **state)
{
    world *w = *state;
    page host;
    page a;
    page b;
    answer ev;
    page_is_in(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &a, "locked", "1234", "a");
    page_is_in(w, &b, "locked", "1234", "b");
    page_listens(w, &a);
    assert_int_equal(PAGE_CONTROLS(w, &a, a.id, admit, true), PL_EFORBIDDEN);
    assert_int_equal(PAGE_CONTROLS(w, &host, a.id, admit, true), PL_OK);
    assert_true(page_leg(w, &a)->mixed);
    assert_false(page_leg(w, &b)->mixed);
    page_hears(w, &a, PL_EVENT_KIND_PARTICIPANT_CREATE, &ev);
    assert_string_equal(ev.body.event.participant_id, host.id);
    page_hears(w, &a, PL_EVENT_KIND_PARTICIPANT_CREATE, &ev);
    assert_string_equal(ev.body.event.participant_id, b.id);
    assert_true(ev.body.event.waiting);
    page_hears(w, &a, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    assert_string_equal(ev.body.event.participant_id, a.id);
    assert_false(ev.body.event.waiting);
}

/* Where everybody is a host the lock keeps out whoever comes. */
static void a_room_without_host_pin_can_be_locked(void **state)
{
    world *w = *state;
    page first;
    page late;
    page_is_in(w, &first, "lobby", NULL, "f");
    assert_int_equal(PAGE_SETS(w, &first, locked, true), PL_OK);
    page_is_in(w, &late, "lobby", NULL, "l");
    assert_true(late.waiting);
    assert_int_equal(PAGE_SETS(w, &late, locked, false), PL_EFORBIDDEN);
    assert_int_equal(PAGE_CONTROLS(w, &late, first.id, muted, true),
                     PL_EFORBIDDEN);
    assert_int_equal(PAGE_SETS(w, &first, locked, false), PL_OK);
    assert_true(page_leg(w, &late)->mixed);
}

/* Two reasons to wait: both must go. */
static void locked_before_it_starts(void **state)
{
    world *w = *state;
    page host;
    page early;
    page late;
    page_is_in(w, &early, "locked", "1234", "e");
    page_enters(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &late, "locked", "1234", "l");
    page_talks(w, &host);
    assert_true(page_leg(w, &early)->mixed);
    assert_false(page_leg(w, &late)->mixed);
    world_check(w);
    assert_int_equal(PAGE_SETS(w, &host, locked, false), PL_OK);
    assert_true(page_leg(w, &late)->mixed);
}

static void unlocking_does_not_start_it(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_enters(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &guest, "locked", "1234", "g");
    assert_int_equal(PAGE_SETS(w, &host, locked, false), PL_OK);
    assert_false(page_leg(w, &guest)->mixed);
    world_check(w);
    assert_int_equal(PAGE_CONTROLS(w, &host, guest.id, admit, true), PL_OK);
    assert_true(page_leg(w, &guest)->mixed);
}

/* ---- what who waits learns ---- */

static void who_waits_sees_only_itself(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page other;
    answer ev;
    page_is_in(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &guest, "locked", "1234", "g");
    page_hears(w, &guest, PL_EVENT_KIND_PARTICIPANT_CREATE, &ev);
    assert_string_equal(ev.body.event.participant_id, guest.id);
    page_hears(w, &guest, PL_EVENT_KIND_SYNC_END, &ev);
    page_is_in(w, &other, "locked", "9999", "o");
    assert_int_equal(page_says(w, &host, NULL, "secret"), PL_OK);
    assert_int_equal(page_says(w, &host, guest.id, "secret"), PL_ESTATE);
    assert_int_equal(PAGE_CONTROLS(w, &host, other.id, muted, true), PL_OK);
    for (int n = 0;
         poll_part(w, guest.id, "g", false, &guest.cursor, &ev) == PL_OK; n++) {
        assert_true(n < 10);
        assert_true(ev.body.event.kind != PL_EVENT_KIND_MESSAGE);
        assert_true(!ev.body.event.participant_id[0] ||
                    strcmp(ev.body.event.participant_id, guest.id) == 0);
    }
    assert_int_equal(PAGE_CONTROLS(w, &host, guest.id, admit, true), PL_OK);
    page_hears_no(w, &guest, PL_EVENT_KIND_MESSAGE); /* nor afterwards */
    page_goes(w, &other);
    page_hears_no(w, &guest, PL_EVENT_KIND_MESSAGE);
}

/* Many events that are not for it do not make it read everything anew. */
static void who_waits_is_not_overrun(void **state)
{
    world *w = *state;
    page host;
    page guest;
    answer ev;
    page_is_in(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &guest, "locked", "1234", "g");
    page_listens(w, &guest);
    for (uint32_t i = 0; i < w->config.max_roster_events + 10; i++)
        assert_int_equal(page_says(w, &host, NULL, "x"), PL_OK);
    (void)poll_part(w, guest.id, "g", false, &guest.cursor, &ev);
    page_listens(w, &guest);
    answer parked;
    pl_event_poll m = {.stream = PL_STREAM_PARTICIPANT,
                       .after_seq = guest.cursor,
                       .wait_ms = 60000};
    PUT(m.id, guest.id);
    PUT(m.token_hash, hash_of("g"));
    world_send(w, w->api, &PL_MSG_EVENT_POLL, &m, &parked);
    for (uint32_t i = 0; i < w->config.max_roster_events + 10; i++)
        assert_int_equal(page_says(w, &host, NULL, "x"), PL_OK);
    assert_false(parked.is_done);
    assert_int_equal(PAGE_CONTROLS(w, &host, guest.id, admit, true), PL_OK);
    assert_true(parked.is_done);
    assert_int_equal(parked.body.event.kind, PL_EVENT_KIND_PARTICIPANT_CREATE);
}

/* ---- how long ---- */

static void waiting_ends_after_a_while(void **state)
{
    world *w = *state;
    page guest;
    answer ev;
    w->config.token_s = 600;
    w->config.waiting_s = 300;
    page_is_in(w, &guest, "hosted", "none", "g");
    const pl_leg *leg = phone_is_in(w, "c1", "hosted");
    assert_true(pl_waits(leg->part));
    page_listens(w, &guest);
    world_run(w, 295 * S);
    assert_false(sig_call(w, "c1")->is_ended);
    world_run(w, 10 * S);
    page_hears(w, &guest, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason,
                        "Timeout waiting for conference host to join or "
                        "permit access to locked conference");
    assert_true(sig_call(w, "c1")->is_ended);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_conferences"),
                     0);
}

/* ---- restarts ---- */

static void restart(world *w, int64_t away_us)
{
    world_kill_roompool(w);
    world_run(w, away_us);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
}

static void a_restart_keeps_who_waits_and_why(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page late;
    w->config.token_s = 600;
    page_is_in(w, &host, "locked", "9999", "h");
    assert_int_equal(PAGE_SETS(w, &host, locked, true), PL_OK);
    page_is_in(w, &guest, "locked", "1234", "g");
    const pl_leg *leg = phone_is_in(w, "c1", "locked");
    char phone[65];
    PUT(phone, leg->row.leg_id);
    phone_key(w, "c1", "1234#", true);
    restart(w, 2 * S);
    assert_false(page_leg(w, &guest)->mixed);
    assert_string_equal(page_leg(w, &guest)->prompt, "hold-music");
    page_enters(w, &late, "locked", "1234", "l");
    assert_true(late.waiting);
    assert_int_equal(PAGE_SETS(w, &host, locked, false), PL_OK);
    assert_true(page_leg(w, &guest)->mixed);
    assert_true(is_in_mix(w, phone));
}

static void a_restart_goes_on_counting(void **state)
{
    world *w = *state;
    page guest;
    w->config.token_s = 600;
    w->config.waiting_s = 300;
    page_is_in(w, &guest, "hosted", "none", "g");
    world_run(w, 200 * S);
    restart(w, 50 * S);
    world_run(w, 45 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
    world_run(w, 10 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     0);
}

/* The media worker dies under somebody who waits. */
static void who_waits_comes_back_waiting(void **state)
{
    world *w = *state;
    page host;
    page guest;
    const pl_leg *phone = phone_is_in(w, "c1", "hosted");
    page_is_in(w, &guest, "hosted", "none", "g");
    unsigned dead = w->media[0].n_legs > 0 ? 0 : 1;
    world_kill_media(w, dead);
    world_run(w, 3 * S);
    assert_false(is_in_mix(w, phone->row.leg_id));
    media_report(w, phone->row.leg_id, PL_LEG_STATE_CONNECTED);
    world_run(w, 10 * MS);
    assert_string_equal(media_leg(w, phone->row.leg_id)->prompt, "hold-music");
    page_talks(w, &guest);
    assert_false(page_leg(w, &guest)->mixed);
    page_is_in(w, &host, "hosted", "9999", "h");
    assert_true(page_leg(w, &guest)->mixed);
    assert_true(is_in_mix(w, phone->row.leg_id));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_guest_waits_for_the_first_host_with_media),
        TEST(later_guests_come_straight_in),
        TEST(a_host_without_media_starts_it),
        TEST(without_host_pin_nobody_waits),
        TEST(a_telephone_waits_with_music),
        TEST(tones_do_not_end_the_music),
        TEST(a_telephone_keys_the_guest_pin_and_waits),
        TEST(a_telephone_keys_the_host_pin_and_starts_it),
        TEST(a_waiting_telephone_keys_the_host_pin),
        TEST(a_telephone_that_becomes_host_is_heard),
        TEST(the_host_pin_is_not_guessed_while_waiting),
        TEST(a_lock_makes_later_guests_wait),
        TEST(one_of_several_is_let_in),
        TEST(a_room_without_host_pin_can_be_locked),
        TEST(locked_before_it_starts),
        TEST(unlocking_does_not_start_it),
        TEST(who_waits_sees_only_itself),
        TEST(who_waits_is_not_overrun),
        TEST(waiting_ends_after_a_while),
        TEST(a_restart_keeps_who_waits_and_why),
        TEST(a_restart_goes_on_counting),
        TEST(who_waits_comes_back_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
