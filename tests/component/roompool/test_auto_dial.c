/* test_auto_dial.c - whom a room has dialled when its conference starts: once,
 * by whoever comes first, also over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/auto_dial.h"
#include "fake_page.h"
#include "mgmt_client.h"
#include "pool_client.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    ROOM = PL_MGMT_RESOURCE_CONFERENCE,
    AUTO = PL_MGMT_RESOURCE_AUTOMATIC_PARTICIPANT
};

static int setup(void **state)
{
    static world w;
    world_create(&w, 1);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    if (w->is_fatal)
        return 1;
    world_check(w);
    world_destroy(w);
    return 0;
}

static int64_t count(world *w, const char *where)
{
    char sql[512];
    assert_int_equal(pl_fmt(sql, sizeof sql, "SELECT count(*) FROM %s", where),
                     PL_OK);
    return world_sql(w, sql);
}

/* INVITEs that were sent to an address. */
static unsigned dialled(const world *w, const char *to)
{
    unsigned n = 0;
    for (size_t i = 0; i < w->sig.n_calls; i++)
        n += w->sig.calls[i].is_started && strcmp(w->sig.calls[i].to, to) == 0;
    return n;
}

static void restart(world *w)
{
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_send_inventory(w);
}

/* A room "r" with PINs and these members of an automatic participant. */
static void makes_room(world *w, const char *members)
{
    char json[512];
    pl_fmt_cut(json, sizeof json, "{'alias':'sip:agents@example.net'%s}",
               members);
    uint64_t id = mgmt_makes(w, AUTO, json);
    pl_fmt_cut(json, sizeof json,
               "{'name':'r','allow_guests':true,'pin':'1234','aliases':"
               "[{'alias':'r'}],'automatic_participants':[%d]}",
               (int)id);
    (void)mgmt_makes(w, ROOM, json);
}

static void agent_answers(world *w)
{
    char call[65];
    PUT(call, sig_started(w)->id);
    assert_int_equal(phone_report(w, call, PL_CALL_STATE_ANSWERED, 200, "sdp"),
                     PL_OK);
}

static void the_first_to_come_has_it_dialled(void **state)
{
    world *w = *state;
    page guest;
    page host;
    makes_room(w, ",'role':'host','remote_display_name':'Agents',"
                  "'keep_conference_alive':'keep_conference_alive_never',"
                  "'dtmf_sequence':'1#'");
    assert_int_equal(dialled(w, "sip:agents@example.net"), 0);
    page_is_in(w, &guest, "r", "none", "guest");
    assert_true(guest.waiting);
    world_run(w, 100 * MS);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 1);
    assert_int_equal(
        count(w, "participants WHERE is_automatic AND is_dialled AND state = "
                 "'ringing' AND role = 'host' AND display_name = 'Agents' AND "
                 "keep_alive = 'keep_conference_alive_never' AND dtmf_sequence "
                 "= '1#'"),
        1);
    agent_answers(w);
    page_is_in(w, &host, "r", "1234", "host");
    world_run(w, 100 * MS);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 1);
    assert_int_equal(world_metric(w, PL_RM_auto_dialled), 1);
    assert_int_equal(world_metric(w, PL_RM_auto_failed), 0);
    page_goes(w, &host);
    page_goes(w, &guest); /* the agent keeps nothing going */
    assert_int_equal(count(w, "conferences WHERE state = 'live'"), 0);
    assert_int_equal(count(w, "call_records WHERE is_dialled"), 1);
}

static void each_conference_has_it_dialled(void **state)
{
    world *w = *state;
    page p;
    makes_room(w, "");
    for (unsigned n = 1; n <= 2; n++) {
        page_is_in(w, &p, "r", "1234", n == 1 ? "p" : "q");
        world_run(w, 100 * MS);
        assert_int_equal(dialled(w, "sip:agents@example.net"), n);
        page_goes(w, &p);
        world_run(w, 100 * MS);
    }
}

static void who_does_not_answer_is_not_dialled_again(void **state)
{
    world *w = *state;
    page p;
    page q;
    char call[65];
    makes_room(w, "");
    page_is_in(w, &p, "r", "1234", "p");
    world_run(w, 100 * MS);
    PUT(call, sig_started(w)->id);
    assert_int_equal(phone_report(w, call, PL_CALL_STATE_ENDED, 486, NULL),
                     PL_OK);
    assert_int_equal(world_metric(w, PL_RM_auto_failed), 1);
    page_is_in(w, &q, "r", "1234", "q");
    world_run(w, 90 * S);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 1);
}

static void without_a_worker_it_fails_once(void **state)
{
    world *w = *state;
    page p;
    makes_room(w, "");
    world_kill_signaling(w);
    world_run(w, 10 * S);
    page_is_in(w, &p, "r", "1234", "p");
    assert_int_equal(world_metric(w, PL_RM_auto_failed), 1);
    assert_int_equal(count(w, "participants WHERE state <> 'left'"), 1);
    world_start_signaling(w);
    world_run(w, 10 * S);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 0);
}

static void other_protocols_are_passed_over(void **state)
{
    world *w = *state;
    page p;
    makes_room(w, ",'protocol':'h323'");
    page_is_in(w, &p, "r", "1234", "p");
    assert_int_equal(world_metric(w, PL_RM_auto_skipped), 1);
    assert_int_equal(count(w, "participants"), 1);
}

static void a_bare_address_is_dialled(void **state)
{
    world *w = *state;
    page p;
    char json[128];
    uint64_t r = mgmt_makes(w, ROOM, "{'name':'x','aliases':[{'alias':'x'}]}");
    pl_fmt_cut(json, sizeof json, "{'alias':'queue@sip.net','conference':[%d]}",
               (int)r);
    (void)mgmt_makes(w, AUTO, json);
    page_is_in(w, &p, "x", NULL, "p");
    world_run(w, 100 * MS);
    assert_int_equal(dialled(w, "sip:queue@sip.net"), 1);
}

static void a_restart_does_not_dial_twice(void **state)
{
    world *w = *state;
    page p;
    makes_room(w, "");
    page_is_in(w, &p, "r", "1234", "p");
    world_run(w, 100 * MS);
    restart(w);
    world_run(w, 10 * S);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 1);
    world_check(w);
    agent_answers(w);
    assert_int_equal(
        count(w, "participants WHERE is_automatic AND state = 'active'"), 1);
}

/* The media worker never answered: nothing was sent, and so it may be. */
static void a_restart_goes_on_with_what_was_not_sent(void **state)
{
    world *w = *state;
    page p;
    makes_room(w, "");
    w->media[0].is_silent = true;
    page_enters(w, &p, "r", "1234", "p");
    world_run(w, 50 * MS);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 0);
    w->media[0].is_silent = false;
    restart(w);
    world_run(w, 5 * S);
    world_check(w);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 1);
}

/* It was told to dial, and is gone before the telephone has rung. */
static void a_worker_that_comes_back_empty_dials_again(void **state)
{
    world *w = *state;
    page p;
    char first[65];
    makes_room(w, "");
    page_is_in(w, &p, "r", "1234", "p");
    world_run(w, 100 * MS);
    PUT(first, sig_started(w)->id);
    world_kill_signaling(w);
    memset(w->sig.calls, 0, sizeof w->sig.calls);
    w->sig.n_calls = 0;
    world_start_signaling(w);
    world_run(w, 5 * S);
    assert_int_equal(dialled(w, "sip:agents@example.net"), 1);
    assert_string_not_equal(sig_started(w)->id, first);
    assert_int_equal(count(w, "participants WHERE is_automatic"), 1);
    agent_answers(w);
    assert_int_equal(
        count(w, "participants WHERE is_automatic AND state = 'active'"), 1);
}

static void the_pool_has_agents_dialled(void **state)
{
    world *w = *state;
    answer a;
    page p;
    page q;
    PUT(w->config.pool_automatic_participant, "sip:queue@example.net");
    PUT(w->config.pool_automatic_name, "Queue");
    checkout_any(w, &a);
    page_is_in(w, &p, a.body.room.name, a.body.room.guest_pin, "p");
    world_run(w, 100 * MS);
    assert_int_equal(dialled(w, "sip:queue@example.net"), 1);
    assert_int_equal(
        count(w, "participants WHERE is_automatic AND role = 'guest' AND "
                 "display_name = 'Queue' AND keep_alive = "
                 "'keep_conference_alive_never'"),
        1);
    page_is_in(w, &q, "lobby", NULL, "q"); /* no room of the pool */
    world_run(w, 100 * MS);
    assert_int_equal(dialled(w, "sip:queue@example.net"), 1);
    agent_answers(w);
    page_goes(w, &p);
    assert_int_equal(count(w, "pool WHERE state = 'ending'"), 1);
}

/* ---- what is told of those that cannot be dialled ---- */

static char failed[512];

static void keep(void *ctx, pl_log_level level, const char *event,
                 const char *conf, const char *part, const char *text)
{
    (void)ctx;
    (void)level;
    (void)conf;
    (void)part;
    if (strcmp(event, "automatic_dial_failed") == 0)
        PUT(failed, text);
}

static void the_log_says_who_could_not_be_dialled(void **state)
{
    world *w = *state;
    page p;
    char want[512];
    pl_pool *pool = pl_glue_pool(w->glue);
    pl_port port = *pool->port;
    const pl_port *real = pool->port;
    uint64_t id = mgmt_makes(w, AUTO, "{'alias':'desk'}");
    pl_fmt_cut(want, sizeof want,
               "{'name':'r','allow_guests':false,'aliases':[{'alias':'r'}],"
               "'automatic_participants':[%d]}",
               (int)id);
    (void)mgmt_makes(w, ROOM, want);
    port.note = keep;
    pool->port = &port;
    page_is_in(w, &p, "r", NULL, "p");
    pool->port = real;
    pl_fmt_cut(want, sizeof want,
               "desk (automatic_participant/%d): nobody has this address",
               (int)id);
    assert_string_equal(failed, want);
}

static void what_the_pool_has_dialled_is_an_address(void **state)
{
    static const struct {
        const char *text;
        pl_err e;
    } rows[] = {
        {"", PL_OK},
        {"sip:queue@example.net", PL_OK},
        {"queue@example.net", PL_OK},
        {"tel:+16045550100", PL_OK},
        {"desk", PL_ECONFIG},
        {"sip:desk", PL_ECONFIG},
        {"sip:", PL_ECONFIG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_roompool_config c = {.user_domain = "example.com"};
        char reason[200] = "";
        PUT(c.pool_automatic_participant, rows[i].text);
        assert_int_equal(pl_auto_check_config(&c, reason, sizeof reason),
                         rows[i].e);
        assert_true(!reason[0] == !rows[i].e);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_to_come_has_it_dialled),
        TEST(each_conference_has_it_dialled),
        TEST(who_does_not_answer_is_not_dialled_again),
        TEST(without_a_worker_it_fails_once),
        TEST(other_protocols_are_passed_over),
        TEST(a_bare_address_is_dialled),
        TEST(a_restart_does_not_dial_twice),
        TEST(a_restart_goes_on_with_what_was_not_sent),
        TEST(a_worker_that_comes_back_empty_dials_again),
        TEST(the_pool_has_agents_dialled),
        TEST(the_log_says_who_could_not_be_dialled),
        cmocka_unit_test(what_the_pool_has_dialled_is_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
