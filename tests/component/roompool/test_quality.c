/* test_quality.c - how good the media of participants was: reports of their
 * legs become columns of their call records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "world.h"

enum { MS = 1000 };

typedef struct stage {
    world w;
    page host;
    char phone[65], call[65], leg[65];
} stage;

/* A telephone is in a room with media. */
static int setup(void **state)
{
    static stage s;
    pl_room_dial m = {.role = PL_PART_ROLE_GUEST};
    answer a;
    world_create(&s.w, 2);
    page_is_in(&s.w, &s.host, "locked", "9999", "h");
    assert_int_equal(page_dials(&s.w, &s.host, "sip:agent@example.net", &m, &a),
                     PL_OK);
    PUT(s.phone, a.body.dialled.participant_id);
    PUT(s.call, sig_started(&s.w)->id);
    const pl_part *part = pl_map_find(world_pool(&s.w)->parts, s.phone);
    assert_non_null(part);
    PUT(s.leg, PL_CONTAINER(part->legs.next, pl_leg, link)->row.leg_id);
    assert_int_equal(
        phone_report(&s.w, s.call, PL_CALL_STATE_ANSWERED, 200, "sdp"), PL_OK);
    media_report(&s.w, s.leg, PL_LEG_STATE_CONNECTED);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

/* Counters so far and what holds now; times in ms. */
typedef struct quality {
    uint64_t received, sent, lost, concealed, recovered;
    uint32_t jitter_ms, rtt_ms, far_loss;
    const char *codec;
} quality;

static void reports(stage *s, const quality *q)
{
    const pl_leg *leg = pl_map_find(world_pool(&s->w)->legs, s->leg);
    assert_non_null(leg);
    pl_leg_stats m = {.packets_received = q->received,
                      .packets_sent = q->sent,
                      .packets_lost = q->lost,
                      .concealed_frames = q->concealed,
                      .recovered_frames = q->recovered,
                      .jitter_us = q->jitter_ms * 1000,
                      .rtt_us = q->rtt_ms * 1000,
                      .far_loss_permille = q->far_loss,
                      .level = 30};
    PUT(m.room_id, leg->part->conf->row.conf_id);
    PUT(m.leg_id, s->leg);
    PUT(m.codec, q->codec);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, rtt_us);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, far_loss_permille);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, recovered_frames);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, level);
    PL_MSG_SET(LEG_STATS, leg_stats, &m, codec);
    media_tells(&s->w, leg, &PL_MSG_LEG_STATS, &m);
    world_run(&s->w, 10 * MS);
}

static void hangs_up(stage *s)
{
    assert_int_equal(phone_report(&s->w, s->call, PL_CALL_STATE_ENDED, 0, ""),
                     PL_OK);
    world_run(&s->w, 100 * MS);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_call_records"),
                     1);
}

static void assert_record(stage *s, const char *condition)
{
    char sql[512];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM call_records WHERE %s",
               condition);
    if (world_sql(&s->w, sql) != 1)
        fail_msg("not so: %s", condition);
}

static void sums_and_the_worst_are_kept(void **state)
{
    stage *s = *state;
    static const quality list[] = {
        {100, 100, 2, 1, 1, 5, 20, 10, "PCMU/8000"},
        {300, 300, 4, 3, 1, 30, 10, 50, "PCMU/8000"},
        {500, 500, 10, 7, 2, 2, 15, 0, "opus/48000"},
    };
    for (size_t i = 0; i < 3; i++)
        reports(s, &list[i]);
    hangs_up(s);
    assert_record(s, "packets_received = 500 AND packets_lost = 10");
    assert_record(s, "concealed_ms = 140 AND recovered_ms = 40");
    assert_record(s, "worst_jitter_us = 30000 AND worst_rtt_us = 20000");
    assert_record(s, "worst_far_loss_permille = 50 AND codec = 'opus/48000'");
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_call_quality "
                                      "WHERE lost_percent = 1.96"),
                     1);
}

/* At another worker the same leg counts anew. */
static void counters_that_begin_anew_are_added(void **state)
{
    stage *s = *state;
    static const quality before = {500, 500, 10, 7, 2, 2, 15, 0, "opus/48000"};
    static const quality after = {50, 50, 1, 1, 0, 2, 15, 0, "opus/48000"};
    reports(s, &before);
    reports(s, &after);
    hangs_up(s);
    assert_record(s, "packets_received = 550 AND packets_lost = 11");
    assert_record(s, "concealed_ms = 160 AND recovered_ms = 40");
}

/* Counters go on while roompool is away: nothing is counted twice. */
static void a_restart_loses_nothing_of_a_living_leg(void **state)
{
    stage *s = *state;
    static const quality before = {500, 500, 10, 7, 2, 2, 15, 0, "opus/48000"};
    static const quality after = {800, 800, 12, 7, 2, 2, 15, 0, "opus/48000"};
    reports(s, &before);
    world_kill_roompool(&s->w);
    world_start_roompool(&s->w);
    world_send_inventory(&s->w);
    world_run(&s->w, 50 * MS);
    reports(s, &after);
    hangs_up(s);
    assert_record(s, "packets_received = 800 AND packets_lost = 12");
}

static void without_reports_nothing_is_claimed(void **state)
{
    stage *s = *state;
    hangs_up(s);
    assert_record(s, "packets_received = 0 AND codec = ''");
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM v_call_quality"),
                     0);
}

/* ---- the management API's view ---- */

static pl_err asks_streams(stage *s, bool past, answer *a)
{
    pl_management_streams m = {.past = past};
    PUT(m.id, s->phone);
    world_ask(&s->w, &PL_MSG_MANAGEMENT_STREAMS, &m, a);
    return a->error;
}

static void assert_shown(const answer *a, const char *member)
{
    if (!strstr(a->sdp, member)) /* the reply's bytes */
        fail_msg("no %s in %s", member, a->sdp);
}

static void streams_are_shown_while_they_last_and_later(void **state)
{
    stage *s = *state;
    static const quality q = {980, 990, 20, 3, 2, 12, 34, 56, "opus/48000"};
    answer a;
    assert_int_equal(asks_streams(s, false, &a), PL_OK);
    assert_string_equal(a.sdp, "[]"); /* nothing is known yet */
    assert_int_equal(asks_streams(s, true, &a), PL_ENOENT);
    reports(s, &q);
    assert_int_equal(asks_streams(s, false, &a), PL_OK);
    assert_shown(&a, "\"rx_codec\":\"opus\"");
    assert_shown(&a, "\"rx_packets_received\":980,\"rx_packets_lost\":20");
    assert_shown(&a, "\"rx_packet_loss\":2.0,\"rx_jitter\":12.0");
    assert_shown(&a, "\"rx_concealed_ms\":60");
    assert_shown(&a, "\"end_time\":null");
    hangs_up(s);
    assert_int_equal(asks_streams(s, false, &a), PL_ENOENT);
    assert_int_equal(asks_streams(s, true, &a), PL_OK);
    assert_shown(&a, "\"rx_codec\":\"opus\"");
    assert_shown(&a, "\"rx_packets_received\":980");
    assert_shown(&a, "\"rx_packet_loss\":2.0");
    assert_shown(&a, "\"round_trip_ms\":34.0");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sums_and_the_worst_are_kept),
        TEST(counters_that_begin_anew_are_added),
        TEST(a_restart_loses_nothing_of_a_living_leg),
        TEST(without_reports_nothing_is_claimed),
        TEST(streams_are_shown_while_they_last_and_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
