/* test_video.c - video sessions: given a room once, told about in any order,
 * ended with their room, remembered after it; rooms and tokens of elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/video.h"
#include "core/vmr.h"
#include "fake_page.h"
#include "mgmt_client.h"
#include "pool_client.h"
#include "video_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

static int setup(void **state)
{
    static world w;
    world_prepare(&w);
    w.config.pool_target = 4;
    world_create_at(&w, 2, NULL, NULL);
    world_run(&w, S);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

static int64_t count(world *w, const char *what)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return world_sql(w, sql);
}

/* ---- with a room of ours ---- */

static void a_session_is_granted_with_a_room(void **state)
{
    world *w = *state;
    answer a;
    answer room;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    assert_int_equal(s->state, STATE(GRANTED));
    assert_string_equal(s->client_id, "123");
    assert_string_equal(s->device_code, "xyz");
    assert_string_equal(s->destination_host, "conf.example");
    assert_string_equal(s->room_alias, s->room_name);
    assert_string_not_equal(s->session_id, s->room_name);
    assert_int_equal(s->queue_position, 1);
    assert_int_equal(s->created_ms, s->status_ms);
    assert_int_equal(pool_get(w, s->room_name, &room), PL_OK);
    assert_int_equal(room.body.room.state, PL_POOL_STATE_RESERVED);
    assert_string_equal(room.body.room.tag, "tag:x");
    assert_string_equal(room.body.room.guest_pin, s->guest_pin);
    assert_string_not_equal(room.body.room.pin, s->guest_pin);
    answer b;
    assert_int_equal(video_gets(w, s->session_id, &b), PL_OK);
    assert_string_equal(b.body.video.room_name, s->room_name);
    assert_int_equal(video_gets(w, s->room_name, &b), PL_OK); /* by its room */
    assert_string_equal(b.body.video.session_id, s->session_id);
    assert_int_equal(video_gets(w, "nobody", &b), PL_ENOENT);
    assert_int_equal(world_metric(w, PL_RM_video_sessions), 1);
    assert_int_equal(count(w, "video_sessions WHERE reference = "
                              "'123456,765432'"),
                     1);
}

static void the_id_may_be_the_name_of_the_room(void **state)
{
    world *w = *state;
    answer a;
    PUT(w->config.video_session_id_mode, "name");
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    assert_string_equal(a.body.video.session_id, a.body.video.room_name);
    assert_int_equal(video_ends(w, a.body.video.session_id), PL_OK);
}

static void a_session_keeps_a_room_that_is_renamed(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    uint64_t no = (uint64_t)world_sql(
        w, "SELECT room_no FROM video_sessions WHERE ended_at IS NULL");
    mgmt_changes(w, PL_MGMT_RESOURCE_CONFERENCE, no, "{'name':'other'}");
    world_run(w, 300 * (int64_t)S);
    assert_int_equal(video_state(w, a.body.video.session_id), STATE(GRANTED));
    assert_int_equal(video_ends(w, a.body.video.session_id), PL_OK);
    assert_int_equal(count(w, "pool WHERE name = 'other' AND state <> "
                              "'deleted'"),
                     0);
}

/* from, told, error, state then */
static void each_status_follows_the_table(void **state)
{
    static const struct {
        uint32_t first, then;
        pl_err error;
    } rows[] = {
        {STATE(GRANTED), STATE(GRANTED), PL_OK},
        {STATE(GRANTED), STATE(STARTED), PL_OK},
        {STATE(GRANTED), STATE(FAILED), PL_OK},
        {STATE(GRANTED), STATE(ENDED), PL_OK},
        {STATE(GRANTED), STATE(NOT_GRANTED), PL_ESTATE},
        {STATE(STARTED), STATE(GRANTED), PL_ESTATE},
        {STATE(STARTED), STATE(STARTED), PL_OK},
        {STATE(STARTED), STATE(FAILED), PL_OK},
        {STATE(STARTED), STATE(ENDED), PL_OK},
        {STATE(FAILED), STATE(STARTED), PL_ESTATE},
        {STATE(FAILED), STATE(FAILED), PL_OK},
        {STATE(FAILED), STATE(ENDED), PL_OK},
        {STATE(ENDED), STATE(GRANTED), PL_ESTATE},
        {STATE(ENDED), STATE(STARTED), PL_ESTATE},
        {STATE(ENDED), STATE(FAILED), PL_ESTATE},
        {STATE(ENDED), STATE(ENDED), PL_OK},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        answer a;
        assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
        const char *id = a.body.video.session_id;
        if (rows[i].first != STATE(GRANTED))
            assert_int_equal(video_tells(w, id, rows[i].first), PL_OK);
        assert_int_equal(video_tells(w, id, rows[i].then), rows[i].error);
        assert_int_equal(video_state(w, id),
                         rows[i].error ? rows[i].first : rows[i].then);
        assert_int_equal(video_ends(w, id), PL_OK);
        world_check(w);
    }
    assert_int_equal(video_tells(w, "nobody", STATE(ENDED)), PL_ENOENT);
}

static void an_end_takes_the_room_along(void **state)
{
    world *w = *state;
    answer a;
    answer room;
    for (int by_delete = 0; by_delete < 2; by_delete++) {
        page guest;
        assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
        const pl_video_session *s = &a.body.video;
        page_is_in(w, &guest, s->room_alias, s->guest_pin, "t1");
        if (by_delete)
            assert_int_equal(video_ends(w, s->session_id), PL_OK);
        else
            assert_int_equal(video_tells(w, s->session_id, STATE(ENDED)),
                             PL_OK);
        assert_int_equal(pool_get(w, s->room_name, &room), PL_ENOENT);
        assert_int_equal(
            count(w, "call_records WHERE reason = 'API initiated conference "
                     "termination'"),
            by_delete + 1);
        answer b;
        assert_int_equal(video_gets(w, s->session_id, &b), PL_OK);
        assert_string_equal(b.body.video.guest_pin, "");
        assert_int_equal(video_ends(w, s->session_id), PL_OK); /* again */
    }
    assert_int_equal(video_ends(w, "nobody"), PL_ENOENT);
}

/* A restart, as if the session had ended longer ago. */
static void ended_earlier(world *w, const char *by)
{
    char sql[160];
    pl_fmt_cut(sql, sizeof sql,
               "UPDATE video_sessions SET ended_at = "
               "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', ended_at, '%s')",
               by);
    world_kill_roompool(w);
    world_write(w, sql);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
}

static void a_session_outlives_its_room_for_a_day(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    assert_int_equal(video_tells(w, id, STATE(STARTED)), PL_OK);
    assert_int_equal(pool_remove(w, a.body.video.room_name), PL_OK);
    world_run(w, 10 * (int64_t)S);
    video_restart(w);
    assert_int_equal(video_tells(w, id, STATE(ENDED)),
                     PL_OK); /* after the room */
    ended_earlier(w, "-86380 seconds");
    assert_int_equal(video_tells(w, id, STATE(ENDED)), PL_OK);
    world_run(w, 60 * (int64_t)S);
    assert_int_equal(video_state(w, id), STATE(UNKNOWN));
    assert_int_equal(count(w, "video_sessions"), 1); /* for administrators */
    ended_earlier(w, "-60 seconds");
    assert_int_equal(video_state(w, id), STATE(UNKNOWN));
    assert_int_equal(count(w, "video_history"), 3);
    ended_earlier(w, "-89 days");
    assert_int_equal(count(w, "video_sessions"), 0);
    assert_int_equal(count(w, "video_history"), 0);
}

/* Where the wall clock is set forward, its row goes before its day is over. */
static void what_is_pruned_is_not_told_about(void **state)
{
    world *w = *state;
    answer a;
    w->config.video_keep_days = 1;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    assert_int_equal(video_ends(w, id), PL_OK);
    pl_video *video = pl_video_find(world_pool(w), id);
    video->row.ended_at -= 3 * (int64_t)86400 * 1000;
    world_write(w, "UPDATE video_sessions SET ended_at = "
                   "'2001-01-01T00:00:00.000Z'");
    world_run(w, 3601 * (int64_t)S);
    assert_int_equal(count(w, "video_sessions"), 0);
    assert_int_equal(video_calls(w, id, "c", CALL(ENDED), &a), PL_ENOENT);
    assert_int_equal(count(w, "video_calls"), 0);
}

static void calls_are_told_in_any_order(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    video_call(w, id, "c1", CALL(IN_CALL));
    video_call(w, id, "c1", CALL(RINGING));
    video_call(w, id, "c1", CALL(IN_CALL));
    video_call(w, id, "c1", CALL(IN_CALL)); /* a sign of life */
    video_call(w, id, "c1", CALL(ENDED));
    assert_int_equal(video_calls(w, id, "c1", CALL(IN_CALL), &b), PL_OK);
    assert_int_equal(b.body.video_call.state, CALL(ENDED)); /* late */
    assert_string_equal(b.body.video_call.client_call_id, "c1");
    assert_string_equal(b.body.video_call.session_id, id);
    assert_int_equal(video_calls(w, id, NULL, CALL(ENDED), &b), PL_OK);
    assert_string_equal(b.body.video_call.client_call_id, "c1");
    assert_int_equal(count(w, "video_history WHERE client_call_id = 'c1'"), 4);
    assert_int_equal(count(w, "video_calls"), 1);
    assert_int_equal(video_calls(w, id, "c2", 8, &b), PL_EINVAL);
    assert_int_equal(video_calls(w, "nobody", "c2", CALL(ENDED), &b),
                     PL_ENOENT);
    for (int i = 2; i <= 32; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "c%d", i);
        video_call(w, id, name, CALL(RINGING));
    }
    assert_int_equal(video_calls(w, id, "c33", CALL(RINGING), &b), PL_EFULL);
    assert_int_equal(video_ends(w, id), PL_OK);
    video_call(w, id, "c2", CALL(ENDED)); /* after the session */
    video_restart(w);
    assert_int_equal(video_calls(w, id, "c2", CALL(RINGING), &b), PL_OK);
    assert_int_equal(b.body.video_call.state, CALL(ENDED));
    assert_int_equal(
        count(w, "v_video_sessions WHERE calls = 32 AND last_call <> ''"), 1);
}

static void a_call_without_a_name_gets_one(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    answer c;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    assert_int_equal(video_calls(w, id, NULL, CALL(RINGING), &b), PL_OK);
    assert_int_equal(strlen(b.body.video_call.client_call_id), 36);
    assert_int_equal(video_calls(w, id, NULL, CALL(IN_CALL), &c), PL_OK);
    assert_string_equal(b.body.video_call.call_id, c.body.video_call.call_id);
    assert_int_equal(video_ends(w, id), PL_OK);
}

static void a_silent_app_fails_once_nobody_is_there(void **state)
{
    world *w = *state;
    answer a;
    page guest;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    page_is_in(w, &guest, s->room_alias, s->guest_pin, "t1");
    world_run(w, 60 * (int64_t)S);
    video_call(w, s->session_id, "c", CALL(IN_CALL));
    world_run(w, 110 * (int64_t)S); /* the seat's token is over by then */
    assert_int_equal(video_state(w, s->session_id), STATE(GRANTED));
    world_run(w, 90 * (int64_t)S);
    assert_int_equal(video_state(w, s->session_id), STATE(FAILED));
    assert_int_equal(world_metric(w, PL_RM_video_failed), 1);
    answer room;
    assert_int_equal(pool_get(w, s->room_name, &room), PL_ENOENT);
    assert_int_equal(video_tells(w, s->session_id, STATE(ENDED)), PL_OK);
}

static void who_is_there_keeps_the_session(void **state)
{
    world *w = *state;
    answer a;
    page guest;
    w->config.token_s = 600; /* nobody refreshes here */
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    page_is_in(w, &guest, s->room_alias, s->guest_pin, "t1");
    world_run(w, 590 * (int64_t)S);
    assert_int_equal(video_state(w, s->session_id), STATE(GRANTED));
    assert_int_equal(video_ends(w, s->session_id), PL_OK);
}

static int64_t live(world *w)
{
    return count(w, "v_live_participants");
}

/* For ten seconds. */
static void reads(world *w, page *p)
{
    pl_event_poll m = {.stream = PL_STREAM_PARTICIPANT, .wait_ms = 9900};
    answer a;
    page_listens(w, p);
    m.after_seq = p->cursor;
    PUT(m.id, p->id);
    PUT(m.token_hash, hash_of(p->token));
    world_send(w, w->api, &PL_MSG_EVENT_POLL, &m, &a);
    world_run(w, 10 * (int64_t)S);
}

static void without_call_and_events_a_page_is_gone_in_a_minute(void **state)
{
    world *w = *state;
    answer a;
    page talker;
    page quiet;
    page reader;
    w->config.token_s = 600;
    w->config.abandoned_s = 60;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    page_is_in(w, &talker, s->room_alias, s->guest_pin, "t1");
    page_enters(w, &quiet, s->room_alias, s->guest_pin, "t2");
    page_enters(w, &reader, s->room_alias, s->guest_pin, "t3");
    for (int i = 0; i < 9; i++) {
        reads(w, &reader);
        if (i != 5 && i != 6) /* within a look */
            assert_int_equal(live(w), i < 5 ? 3 : 2);
    }
    assert_int_equal(video_ends(w, s->session_id), PL_OK);
}

static void who_never_comes_has_the_time_of_the_lease(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    world_run(w, 890 * (int64_t)S);
    assert_int_equal(video_state(w, a.body.video.session_id), STATE(GRANTED));
    world_run(w, 60 * (int64_t)S);
    assert_int_equal(video_state(w, a.body.video.session_id), STATE(FAILED));
}

static void sessions_are_limited(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    w->config.video_max_sessions = 3;
    w->config.video_per_device_per_hour = 2;
    assert_int_equal(video_makes(w, "d1", &a), PL_OK);
    assert_int_equal(video_makes(w, "d1", &b), PL_OK);
    assert_int_equal(video_makes(w, "d1", &b), PL_ERATE);
    assert_int_equal(video_makes(w, "d2", &b), PL_OK);
    assert_int_equal(video_makes(w, "d3", &b), PL_EFULL);
    assert_int_equal(video_ends(w, a.body.video.session_id), PL_OK);
    assert_int_equal(video_makes(w, "d1", &b), PL_ERATE);
    assert_int_equal(video_makes(w, "d3", &b), PL_OK);
    assert_int_equal(world_metric(w, PL_RM_video_refused), 3);
    video_restart(w);
    assert_int_equal(video_makes(w, "d1", &b), PL_ERATE);
    world_run(w, 3600 * (int64_t)S);
    assert_int_equal(video_makes(w, "d1", &b), PL_OK);
}

static void a_device_may_have_one_session_only(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    w->config.video_one_session_per_device = true;
    assert_int_equal(video_makes(w, "d1", &a), PL_OK);
    assert_int_equal(video_makes(w, "d2", &b), PL_OK);
    assert_int_equal(video_makes(w, "d1", &b), PL_OK);
    assert_int_equal(video_state(w, a.body.video.session_id), STATE(ENDED));
    assert_int_equal(world_metric(w, PL_RM_video_sessions), 2);
}

static void without_a_room_there_is_no_session(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_max_rooms = 4;
    for (int i = 0; i < 4; i++)
        assert_int_equal(video_makes(w, "d", &a), PL_OK);
    assert_int_equal(video_makes(w, "d", &a), PL_EFULL);
    assert_int_equal(count(w, "video_sessions"), 4);
}

static void another_device_s_session_is_not_there(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    assert_int_equal(video_makes(w, "xyz", &a), PL_OK);
    pl_video_get m = {.present = 0};
    PUT(m.id, a.body.video.session_id);
    PUT(m.client_id, "123");
    PUT(m.device_code, "abc");
    PL_MSG_SET(VIDEO_GET, video_get, &m, client_id);
    PL_MSG_SET(VIDEO_GET, video_get, &m, device_code);
    world_ask(w, &PL_MSG_VIDEO_GET, &m, &b);
    assert_int_equal(b.error, PL_ENOENT);
    PUT(m.device_code, "xyz");
    world_ask(w, &PL_MSG_VIDEO_GET, &m, &b);
    assert_int_equal(b.error, PL_OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_granted_with_a_room),
        TEST(the_id_may_be_the_name_of_the_room),
        TEST(a_session_keeps_a_room_that_is_renamed),
        TEST(each_status_follows_the_table),
        TEST(an_end_takes_the_room_along),
        TEST(a_session_outlives_its_room_for_a_day),
        TEST(what_is_pruned_is_not_told_about),
        TEST(calls_are_told_in_any_order),
        TEST(a_call_without_a_name_gets_one),
        TEST(a_silent_app_fails_once_nobody_is_there),
        TEST(who_is_there_keeps_the_session),
        TEST(without_call_and_events_a_page_is_gone_in_a_minute),
        TEST(who_never_comes_has_the_time_of_the_lease),
        TEST(sessions_are_limited),
        TEST(a_device_may_have_one_session_only),
        TEST(without_a_room_there_is_no_session),
        TEST(another_device_s_session_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
