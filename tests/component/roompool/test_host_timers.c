/* test_host_timers.c - how long a conference goes on, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

static int setup(void **state)
{
    static world w;
    world_create(&w, 2);
    w.config.token_s = 600; /* nobody refreshes here */
    w.config.dial_from_open_rooms = true;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

static int64_t live(world *w)
{
    return world_sql(w, "SELECT count(*) FROM v_live_participants");
}

static void is_told(world *w, page *p, const char *reason)
{
    answer ev;
    page_hears(w, p, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason, reason);
    assert_int_equal(live(w), 0);
}

static void restart(world *w, int64_t away_us)
{
    world_kill_roompool(w);
    world_run(w, away_us);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
}

static const char HOSTS_GONE[] =
    "All conference hosts departed hosted conference";

/* ---- guests only ---- */

static void guests_alone_are_ended(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    phone_joins(w, "c1", "hosted");
    page_listens(w, &guest);
    page_goes(w, &host);
    world_run(w, 58 * S);
    assert_int_equal(live(w), 2);
    world_run(w, 3 * S);
    is_told(w, &guest, HOSTS_GONE);
    assert_true(sig_call(w, "c1")->is_ended);
}

static void a_host_who_comes_back_in_time_keeps_it(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    page_goes(w, &host);
    world_run(w, 50 * S);
    page_is_in(w, &host, "hosted", "9999", "h2");
    world_run(w, 100 * S);
    assert_int_equal(live(w), 2);
    page_goes(w, &host);
    world_run(w, 55 * S);
    assert_int_equal(live(w), 1); /* counted anew */
}

static void a_host_who_only_looks_on_does_not(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page looker;
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    page_enters(w, &looker, "hosted", "9999", "l");
    page_goes(w, &host);
    world_run(w, 61 * S);
    assert_int_equal(live(w), 0);
}

static void unless_it_started_the_conference(void **state)
{
    world *w = *state;
    page guest;
    page looker;
    page_enters(w, &looker, "hosted", "9999", "l");
    assert_int_equal(PAGE_SETS(w, &looker, start, true), PL_OK);
    page_is_in(w, &guest, "hosted", "none", "g");
    world_run(w, 100 * S);
    assert_int_equal(live(w), 2);
    page_goes(w, &looker);
    world_run(w, 61 * S);
    assert_int_equal(live(w), 0);
}

static void a_guest_made_host_keeps_it(void **state)
{
    world *w = *state;
    page host;
    page guest;
    pl_participant_control m = {.present = 0};
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    WITH_PART(m, role, PL_PART_ROLE_HOST);
    assert_int_equal(page_controls(w, &host, guest.id, &m), PL_OK);
    page_goes(w, &host);
    world_run(w, 100 * S);
    assert_int_equal(live(w), 1);
}

static void where_all_are_hosts_nothing_runs(void **state)
{
    world *w = *state;
    page p;
    page_enters(w, &p, "lobby", NULL, "p"); /* without media even */
    world_run(w, 300 * S);
    assert_int_equal(live(w), 1);
}

static void a_restart_goes_on_counting(void **state)
{
    world *w = *state;
    page host;
    page guest;
    page_is_in(w, &host, "hosted", "9999", "h");
    page_is_in(w, &guest, "hosted", "none", "g");
    page_goes(w, &host);
    world_run(w, 30 * S);
    restart(w, 20 * S);
    world_run(w, 5 * S);
    assert_int_equal(live(w), 1);
    world_run(w, 10 * S);
    assert_int_equal(live(w), 0);
}

/* ---- the last one ---- */

static void the_last_one_may_stay(void **state)
{
    world *w = *state;
    page a;
    page b;
    page_is_in(w, &a, "lobby", NULL, "a");
    page_is_in(w, &b, "lobby", NULL, "b");
    page_goes(w, &b);
    world_run(w, 500 * S);
    assert_int_equal(live(w), 1);
}

static void the_last_one_is_removed_when_so_configured(void **state)
{
    world *w = *state;
    page a;
    page b;
    w->config.last_participant_s = 100;
    page_is_in(w, &a, "lobby", NULL, "a");
    world_run(w, 150 * S); /* the first one may wait for others */
    page_is_in(w, &b, "lobby", NULL, "b");
    page_listens(w, &a);
    page_goes(w, &b);
    world_run(w, 50 * S);
    restart(w, 20 * S);
    world_run(w, 25 * S);
    assert_int_equal(live(w), 1);
    world_run(w, 10 * S);
    is_told(w, &a,
            "Last remaining participant removed from conference after "
            "timeout");
}

static void company_stops_that_clock(void **state)
{
    world *w = *state;
    page a;
    page b;
    w->config.last_participant_s = 100;
    page_is_in(w, &a, "lobby", NULL, "a");
    page_is_in(w, &b, "lobby", NULL, "b");
    page_goes(w, &b);
    world_run(w, 90 * S);
    page_is_in(w, &b, "lobby", NULL, "b2");
    world_run(w, 50 * S);
    assert_int_equal(live(w), 2);
}

/* ---- telephones that were dialled ---- */

static const fake_call *dials(world *w, const page *by, uint32_t keep_alive)
{
    pl_room_dial m = {.present = 0};
    answer a;
    if (keep_alive)
        WITH(ROOM_DIAL, room_dial, m, keep_alive, keep_alive);
    assert_int_equal(page_dials(w, by, "sip:x@example.net", &m, &a), PL_OK);
    const fake_call *call = sig_started(w);
    assert_non_null(call);
    char id[65];
    PUT(id, call->id);
    assert_int_equal(phone_report(w, id, PL_CALL_STATE_ANSWERED, 200, "sdp"),
                     PL_OK);
    return call;
}

static void they_do_not_stay_without_company(void **state)
{
    world *w = *state;
    static const uint32_t kinds[] = {0, PL_KEEP_ALIVE_NEVER,
                                     PL_KEEP_ALIVE_IF_MULTIPLE};
    for (size_t i = 0; i < 3; i++) {
        char token[16];
        page p;
        pl_fmt_cut(token, sizeof token, "t%zu", i);
        page_is_in(w, &p, "lobby", NULL, token);
        const fake_call *call = dials(w, &p, kinds[i]);
        page_goes(w, &p);
        assert_true(call->is_ended);
        assert_string_equal(call->end_reason,
                            "No participants can keep conference alive");
        assert_int_equal(live(w), 0);
    }
}

static void they_stay_when_so_asked(void **state)
{
    world *w = *state;
    page p;
    page_is_in(w, &p, "lobby", NULL, "p");
    (void)dials(w, &p, PL_KEEP_ALIVE_ALWAYS);
    page_goes(w, &p);
    assert_int_equal(live(w), 1);
}

static void two_of_them_keep_each_other_company(void **state)
{
    world *w = *state;
    page p;
    page_is_in(w, &p, "lobby", NULL, "p");
    const fake_call *one = dials(w, &p, 0);
    const fake_call *two = dials(w, &p, 0);
    page_goes(w, &p);
    assert_false(one->is_ended || two->is_ended);
    char id[65];
    PUT(id, one->id);
    (void)phone_report(w, id, PL_CALL_STATE_ENDED, 0, NULL);
    assert_true(two->is_ended);
    assert_int_equal(live(w), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guests_alone_are_ended),
        TEST(a_host_who_comes_back_in_time_keeps_it),
        TEST(a_host_who_only_looks_on_does_not),
        TEST(unless_it_started_the_conference),
        TEST(a_guest_made_host_keeps_it),
        TEST(where_all_are_hosts_nothing_runs),
        TEST(a_restart_goes_on_counting),
        TEST(the_last_one_may_stay),
        TEST(the_last_one_is_removed_when_so_configured),
        TEST(company_stops_that_clock),
        TEST(they_do_not_stay_without_company),
        TEST(they_stay_when_so_asked),
        TEST(two_of_them_keep_each_other_company),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
