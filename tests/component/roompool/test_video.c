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
#include "world.h"

enum { MS = 1000, S = 1000000 };

static int setup_here(void **state)
{
    static world w;
    world_prepare(&w);
    w.config.pool_target = 4;
    world_create_at(&w, 2, NULL, NULL);
    world_run(&w, S);
    *state = &w;
    return 0;
}

static int setup_elsewhere(void **state)
{
    static world w;
    world_prepare(&w);
    PUT(w.config.video_room_url, "https://rooms.example/");
    PUT(w.config.video_token_url, "https://login.example/t/oauth2/v2.0/token");
    PUT(w.config.video_token_scope, "api://x/.default");
    world_create_at(&w, 2, NULL, NULL);
    pl_videos *v = world_pool(&w)->videos;
    PUT(v->client.id, "me&you");
    PUT(v->client.secret, "s=1");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

/* ---- the app ---- */

static void create_begin(world *w, const char *device, answer *a)
{
    pl_video_create m = {.present = 0};
    PUT(m.client_id, "123");
    PUT(m.device_code, device);
    PUT(m.destination_host, "conf.example");
    PUT(m.reference, "123456,765432");
    PUT(m.tag, "tag:x");
    PL_MSG_SET(VIDEO_CREATE, video_create, &m, destination_host);
    PL_MSG_SET(VIDEO_CREATE, video_create, &m, reference);
    PL_MSG_SET(VIDEO_CREATE, video_create, &m, tag);
    world_send(w, w->api, &PL_MSG_VIDEO_CREATE, &m, a);
}

static pl_err create(world *w, const char *device, answer *a)
{
    create_begin(w, device, a);
    world_wait(w, a);
    return a->error;
}

static pl_err get(world *w, const char *id, answer *a)
{
    pl_video_get m = {.present = 0};
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_GET, &m, a);
    return a->error;
}

static uint32_t state_of(world *w, const char *id)
{
    answer a;
    return get(w, id, &a) ? PL_VIDEO_STATE_UNKNOWN : a.body.video.state;
}

static pl_err tell(world *w, const char *id, uint32_t state)
{
    pl_video_status m = {.state = state};
    answer a;
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_STATUS, &m, &a);
    if (!a.error)
        assert_int_equal(a.body.video.state, state);
    return a.error;
}

static pl_err end(world *w, const char *id)
{
    pl_video_delete m = {.present = 0};
    answer a;
    PUT(m.id, id);
    world_ask(w, &PL_MSG_VIDEO_DELETE, &m, &a);
    return a.error;
}

static pl_err call(world *w, const char *id, const char *name, uint32_t state,
                   answer *a)
{
    pl_video_call_put m = {.state = state};
    PUT(m.id, id);
    if (name) {
        PUT(m.client_call_id, name);
        PL_MSG_SET(VIDEO_CALL_PUT, video_call_put, &m, client_call_id);
    }
    world_ask(w, &PL_MSG_VIDEO_CALL_PUT, &m, a);
    return a->error;
}

static void call_ok(world *w, const char *id, const char *name, uint32_t state)
{
    answer a;
    assert_int_equal(call(w, id, name, state, &a), PL_OK);
}

static void restart(world *w)
{
    world_kill_roompool(w);
    world_start_roompool(w);
    world_send_inventory(w);
    world_check(w);
}

static int64_t count(world *w, const char *what)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return world_sql(w, sql);
}

#define STATE(s) PL_VIDEO_STATE_##s
#define CALL(s)  PL_VIDEO_CALL_STATE_##s

/* ---- with a room of ours ---- */

static void a_session_is_granted_with_a_room(void **state)
{
    world *w = *state;
    answer a;
    answer room;
    assert_int_equal(create(w, "xyz", &a), PL_OK);
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
    assert_int_equal(get(w, s->session_id, &b), PL_OK);
    assert_string_equal(b.body.video.room_name, s->room_name);
    assert_int_equal(get(w, s->room_name, &b), PL_OK); /* by its room */
    assert_string_equal(b.body.video.session_id, s->session_id);
    assert_int_equal(get(w, "nobody", &b), PL_ENOENT);
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
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    assert_string_equal(a.body.video.session_id, a.body.video.room_name);
    assert_int_equal(end(w, a.body.video.session_id), PL_OK);
}

static void a_session_keeps_a_room_that_is_renamed(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    uint64_t no = (uint64_t)world_sql(
        w, "SELECT room_no FROM video_sessions WHERE ended_at IS NULL");
    mgmt_changes(w, PL_MGMT_RESOURCE_CONFERENCE, no, "{'name':'other'}");
    world_run(w, 300 * (int64_t)S);
    assert_int_equal(state_of(w, a.body.video.session_id), STATE(GRANTED));
    assert_int_equal(end(w, a.body.video.session_id), PL_OK);
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
        assert_int_equal(create(w, "xyz", &a), PL_OK);
        const char *id = a.body.video.session_id;
        if (rows[i].first != STATE(GRANTED))
            assert_int_equal(tell(w, id, rows[i].first), PL_OK);
        assert_int_equal(tell(w, id, rows[i].then), rows[i].error);
        assert_int_equal(state_of(w, id),
                         rows[i].error ? rows[i].first : rows[i].then);
        assert_int_equal(end(w, id), PL_OK);
        world_check(w);
    }
    assert_int_equal(tell(w, "nobody", STATE(ENDED)), PL_ENOENT);
}

static void an_end_takes_the_room_along(void **state)
{
    world *w = *state;
    answer a;
    answer room;
    for (int by_delete = 0; by_delete < 2; by_delete++) {
        page guest;
        assert_int_equal(create(w, "xyz", &a), PL_OK);
        const pl_video_session *s = &a.body.video;
        page_is_in(w, &guest, s->room_alias, s->guest_pin, "t1");
        if (by_delete)
            assert_int_equal(end(w, s->session_id), PL_OK);
        else
            assert_int_equal(tell(w, s->session_id, STATE(ENDED)), PL_OK);
        assert_int_equal(pool_get(w, s->room_name, &room), PL_ENOENT);
        assert_int_equal(
            count(w, "call_records WHERE reason = 'API initiated conference "
                     "termination'"),
            by_delete + 1);
        answer b;
        assert_int_equal(get(w, s->session_id, &b), PL_OK);
        assert_string_equal(b.body.video.guest_pin, "");
        assert_int_equal(end(w, s->session_id), PL_OK); /* again */
    }
    assert_int_equal(end(w, "nobody"), PL_ENOENT);
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
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    assert_int_equal(tell(w, id, STATE(STARTED)), PL_OK);
    assert_int_equal(pool_remove(w, a.body.video.room_name), PL_OK);
    world_run(w, 10 * (int64_t)S);
    restart(w);
    assert_int_equal(tell(w, id, STATE(ENDED)), PL_OK); /* after the room */
    ended_earlier(w, "-86380 seconds");
    assert_int_equal(tell(w, id, STATE(ENDED)), PL_OK);
    world_run(w, 60 * (int64_t)S);
    assert_int_equal(state_of(w, id), STATE(UNKNOWN));
    assert_int_equal(count(w, "video_sessions"), 1); /* for administrators */
    ended_earlier(w, "-60 seconds");
    assert_int_equal(state_of(w, id), STATE(UNKNOWN));
    assert_int_equal(count(w, "video_history"), 3);
    ended_earlier(w, "-89 days");
    assert_int_equal(count(w, "video_sessions"), 0);
    assert_int_equal(count(w, "video_history"), 0);
}

static void calls_are_told_in_any_order(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    call_ok(w, id, "c1", CALL(IN_CALL));
    call_ok(w, id, "c1", CALL(RINGING));
    call_ok(w, id, "c1", CALL(IN_CALL));
    call_ok(w, id, "c1", CALL(IN_CALL)); /* a sign of life */
    call_ok(w, id, "c1", CALL(ENDED));
    assert_int_equal(call(w, id, "c1", CALL(IN_CALL), &b), PL_OK);
    assert_int_equal(b.body.video_call.state, CALL(ENDED)); /* late */
    assert_string_equal(b.body.video_call.client_call_id, "c1");
    assert_string_equal(b.body.video_call.session_id, id);
    assert_int_equal(call(w, id, NULL, CALL(ENDED), &b), PL_OK);
    assert_string_equal(b.body.video_call.client_call_id, "c1");
    assert_int_equal(count(w, "video_history WHERE client_call_id = 'c1'"), 4);
    assert_int_equal(count(w, "video_calls"), 1);
    assert_int_equal(call(w, id, "c2", 8, &b), PL_EINVAL);
    assert_int_equal(call(w, "nobody", "c2", CALL(ENDED), &b), PL_ENOENT);
    for (int i = 2; i <= 32; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "c%d", i);
        call_ok(w, id, name, CALL(RINGING));
    }
    assert_int_equal(call(w, id, "c33", CALL(RINGING), &b), PL_EFULL);
    assert_int_equal(end(w, id), PL_OK);
    call_ok(w, id, "c2", CALL(ENDED)); /* after the session */
    restart(w);
    assert_int_equal(call(w, id, "c2", CALL(RINGING), &b), PL_OK);
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
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    const char *id = a.body.video.session_id;
    assert_int_equal(call(w, id, NULL, CALL(RINGING), &b), PL_OK);
    assert_int_equal(strlen(b.body.video_call.client_call_id), 36);
    assert_int_equal(call(w, id, NULL, CALL(IN_CALL), &c), PL_OK);
    assert_string_equal(b.body.video_call.call_id, c.body.video_call.call_id);
    assert_int_equal(end(w, id), PL_OK);
}

static void a_silent_app_fails_once_nobody_is_there(void **state)
{
    world *w = *state;
    answer a;
    page guest;
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    page_is_in(w, &guest, s->room_alias, s->guest_pin, "t1");
    world_run(w, 60 * (int64_t)S);
    call_ok(w, s->session_id, "c", CALL(IN_CALL));
    world_run(w, 110 * (int64_t)S); /* the seat's token is over by then */
    assert_int_equal(state_of(w, s->session_id), STATE(GRANTED));
    world_run(w, 90 * (int64_t)S);
    assert_int_equal(state_of(w, s->session_id), STATE(FAILED));
    assert_int_equal(world_metric(w, PL_RM_video_failed), 1);
    answer room;
    assert_int_equal(pool_get(w, s->room_name, &room), PL_ENOENT);
    assert_int_equal(tell(w, s->session_id, STATE(ENDED)), PL_OK);
}

static void who_is_there_keeps_the_session(void **state)
{
    world *w = *state;
    answer a;
    page guest;
    w->config.token_s = 600; /* nobody refreshes here */
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    page_is_in(w, &guest, s->room_alias, s->guest_pin, "t1");
    world_run(w, 590 * (int64_t)S);
    assert_int_equal(state_of(w, s->session_id), STATE(GRANTED));
    assert_int_equal(end(w, s->session_id), PL_OK);
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
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    const pl_video_session *s = &a.body.video;
    page_is_in(w, &talker, s->room_alias, s->guest_pin, "t1");
    page_enters(w, &quiet, s->room_alias, s->guest_pin, "t2");
    page_enters(w, &reader, s->room_alias, s->guest_pin, "t3");
    for (int i = 0; i < 9; i++) {
        reads(w, &reader);
        if (i != 5 && i != 6) /* within a look */
            assert_int_equal(live(w), i < 5 ? 3 : 2);
    }
    assert_int_equal(end(w, s->session_id), PL_OK);
}

static void who_never_comes_has_the_time_of_the_lease(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(create(w, "xyz", &a), PL_OK);
    world_run(w, 890 * (int64_t)S);
    assert_int_equal(state_of(w, a.body.video.session_id), STATE(GRANTED));
    world_run(w, 60 * (int64_t)S);
    assert_int_equal(state_of(w, a.body.video.session_id), STATE(FAILED));
}

static void sessions_are_limited(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    w->config.video_max_sessions = 3;
    w->config.video_per_device_per_hour = 2;
    assert_int_equal(create(w, "d1", &a), PL_OK);
    assert_int_equal(create(w, "d1", &b), PL_OK);
    assert_int_equal(create(w, "d1", &b), PL_ERATE);
    assert_int_equal(create(w, "d2", &b), PL_OK);
    assert_int_equal(create(w, "d3", &b), PL_EFULL);
    assert_int_equal(end(w, a.body.video.session_id), PL_OK);
    assert_int_equal(create(w, "d1", &b), PL_ERATE);
    assert_int_equal(create(w, "d3", &b), PL_OK);
    assert_int_equal(world_metric(w, PL_RM_video_refused), 3);
    restart(w);
    assert_int_equal(create(w, "d1", &b), PL_ERATE);
    world_run(w, 3600 * (int64_t)S);
    assert_int_equal(create(w, "d1", &b), PL_OK);
}

static void a_device_may_have_one_session_only(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    w->config.video_one_session_per_device = true;
    assert_int_equal(create(w, "d1", &a), PL_OK);
    assert_int_equal(create(w, "d2", &b), PL_OK);
    assert_int_equal(create(w, "d1", &b), PL_OK);
    assert_int_equal(state_of(w, a.body.video.session_id), STATE(ENDED));
    assert_int_equal(world_metric(w, PL_RM_video_sessions), 2);
}

static void without_a_room_there_is_no_session(void **state)
{
    world *w = *state;
    answer a;
    w->config.pool_max_rooms = 4;
    for (int i = 0; i < 4; i++)
        assert_int_equal(create(w, "d", &a), PL_OK);
    assert_int_equal(create(w, "d", &a), PL_EFULL);
    assert_int_equal(count(w, "video_sessions"), 4);
}

static void another_device_s_session_is_not_there(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    assert_int_equal(create(w, "xyz", &a), PL_OK);
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

/* ---- with a room of elsewhere ---- */

static const char TOKEN[] =
    "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"T1\"}";
static const char TOKEN_2[] =
    "{\"expires_in\":\"3599\",\"access_token\":\"T2\"}";
static const char ROOM[] =
    "{\"id\":41,\"name\":\"MTIz\",\"service_type\":\"conference\","
    "\"allow_guests\":true,\"pin\":\"1936\",\"guest_pin\":\"8521\",\"tag\":"
    "\"\",\"aliases\":[{\"alias\":\"mtiz-a\",\"id\":111}]}";

static web_request *next(world *w)
{
    web_request *r = web_next(w, 10 * (int64_t)S);
    assert_non_null(r);
    return r;
}

static void give_token(world *w)
{
    web_request *r = next(w);
    assert_string_equal(r->url, "https://login.example/t/oauth2/v2.0/token");
    assert_string_equal(r->content_type, "application/x-www-form-urlencoded");
    assert_string_equal(r->body,
                        "grant_type=client_credentials&client_id=me%26you&"
                        "client_secret=s%3D1&scope=api%3A%2F%2Fx%2F.default");
    assert_true(r->configured);
    web_answer(w, r, 200, TOKEN);
}

static web_request *next_create(world *w)
{
    web_request *r = next(w);
    assert_int_equal(r->method, PL_FETCH_METHOD_POST);
    assert_string_equal(r->url, "https://rooms.example/room/"
                                "create?uuiData=3132333435362c373635343332");
    assert_int_equal(r->auth, PL_FETCH_AUTH_BEARER);
    assert_int_equal(r->timeout_ms, 3000);
    return r;
}

static void made_elsewhere(world *w, const char *device, answer *a)
{
    create_begin(w, device, a);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, a);
    assert_int_equal(a->error, PL_OK);
}

static void the_token_is_asked_for_once(void **state)
{
    world *w = *state;
    answer a[3];
    for (int i = 0; i < 3; i++) /* at once */
        create_begin(w, "d", &a[i]);
    give_token(w);
    for (int i = 0; i < 3; i++) {
        web_request *r = next_create(w);
        assert_string_equal(r->secret, "T1");
        web_answer(w, r, 200, ROOM);
    }
    for (int i = 0; i < 3; i++) {
        world_wait(w, &a[i]);
        assert_int_equal(a[i].error, PL_OK);
        assert_string_equal(a[i].body.video.room_name, "MTIz");
        assert_string_equal(a[i].body.video.room_alias, "mtiz-a");
        assert_string_equal(a[i].body.video.guest_pin, "8521");
    }
    made_elsewhere(w, "d", &a[0]); /* the second create: no token request */
    assert_int_equal(world_metric(w, PL_RM_video_token_asked), 1);
    assert_int_equal(count(w, "video_sessions WHERE room_no = 0"), 4);
}

static void a_used_token_is_renewed_in_time(void **state)
{
    world *w = *state;
    answer a;
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    world_run(w, 3290 * (int64_t)S);
    assert_int_equal(web_waiting(w), 0);
    world_run(w, 10 * (int64_t)S);
    assert_int_equal(web_waiting(w), 1);
    web_request *renewal = next(w);
    renewal->is_answered = true; /* later */
    made_elsewhere(w, "d", &a);  /* the old one serves meanwhile */
    renewal->is_answered = false;
    web_answer(w, renewal, 200, TOKEN_2);
    create_begin(w, "d", &a);
    web_request *r = next_create(w);
    assert_string_equal(r->secret, "T2");
    web_answer(w, r, 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    assert_int_equal(world_metric(w, PL_RM_video_token_asked), 2);
}

static void a_lost_request_is_repeated_once_with_its_key(void **state)
{
    world *w = *state;
    answer a;
    char key[129];
    create_begin(w, "d", &a);
    give_token(w);
    web_request *r = next_create(w);
    PUT(key, r->idempotency_key);
    assert_int_equal(strlen(key), 36);
    web_refuse(w, r, PL_EUNAVAILABLE);
    r = next_create(w);
    assert_string_equal(r->idempotency_key, key);
    web_answer(w, r, 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    create_begin(w, "d", &a);
    web_answer(w, next_create(w), 502, NULL);
    web_answer(w, next_create(w), 504, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    create_begin(w, "d", &a);
    web_answer(w, next_create(w), 503, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EFULL);
    assert_int_equal(world_metric(w, PL_RM_video_sessions), 1);
}

static void a_refused_token_is_dropped_once(void **state)
{
    world *w = *state;
    answer a;
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 401, NULL);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    create_begin(w, "d", &a);
    web_answer(w, next_create(w), 401, NULL);
    give_token(w);
    web_answer(w, next_create(w), 401, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
}

static void without_a_token_there_is_an_end_after_five_seconds(void **state)
{
    world *w = *state;
    answer a;
    create_begin(w, "d", &a);
    for (int i = 0; i < 3; i++)
        web_answer(w, next(w), 500, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    assert_int_equal(world_metric(w, PL_RM_video_token_failed), 3);
    create_begin(w, "d", &a); /* begins anew */
    web_answer(w, next(w), 200, "{\"access_token\":\"T\"}");
    web_answer(w, next(w), 200, "[]");
    web_answer(w, next(w), 200, "{\"access_token\":5,\"expires_in\":3599}");
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
}

static void what_is_no_room_is_not_taken(void **state)
{
    static const char *const bodies[] = {"", "[]", "{}", "{\"name\":5}",
                                         "{\"name\":\"\"}"};
    world *w = *state;
    answer a;
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        create_begin(w, "d", &a);
        web_answer(w, next_create(w), 200, bodies[i]);
        world_wait(w, &a);
        assert_int_equal(a.error, PL_EUNAVAILABLE);
    }
    create_begin(w, "d", &a); /* a room, but unusable: given back */
    web_answer(w, next_create(w), 200, "{\"name\":\"a b\",\"guest_pin\":5}");
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    web_request *r = next(w);
    assert_int_equal(r->method, PL_FETCH_METHOD_DELETE);
    assert_string_equal(r->url, "https://rooms.example/room/a%20b");
    web_answer(w, r, 404, NULL);
}

static void a_room_may_have_no_pin_for_guests(void **state)
{
    world *w = *state;
    answer a;
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200,
               "{\"name\":\"r\",\"aliases\":[],\"guest_pin\":\"\"}");
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    assert_string_equal(a.body.video.room_alias, "r");
    assert_string_equal(a.body.video.guest_pin, "");
}

/* Its names are made from what the room is for: another session has it. */
static void a_room_of_another_session_is_not_given_back(void **state)
{
    world *w = *state;
    answer a;
    PUT(w->config.video_session_id_mode, "name");
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    create_begin(w, "e", &a);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    world_run(w, S);
    assert_int_equal(web_waiting(w), 0);
}

static void a_room_is_given_back_until_it_is_taken(void **state)
{
    world *w = *state;
    answer a;
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    char id[65];
    PUT(id, a.body.video.session_id);
    assert_int_equal(end(w, id), PL_OK); /* at once; the rest follows */
    assert_int_equal(count(w, "video_sessions WHERE owes_room = 1"), 1);
    web_request *r = next(w);
    assert_int_equal(r->method, PL_FETCH_METHOD_DELETE);
    assert_string_equal(r->url, "https://rooms.example/room/MTIz");
    web_answer(w, r, 500, NULL);
    assert_int_equal(web_waiting(w), 0);
    web_answer(w, next(w), 503, NULL);
    world_check(w);
    restart(w);
    pl_videos *v = world_pool(w)->videos;
    PUT(v->client.id, "me&you");
    PUT(v->client.secret, "s=1");
    give_token(w);
    web_answer(w, next(w), 404, NULL); /* gone is as good */
    world_run(w, S);
    assert_int_equal(count(w, "video_sessions WHERE owes_room = 1"), 0);
    assert_int_equal(tell(w, id, STATE(ENDED)), PL_OK);
    world_run(w, 600 * (int64_t)S);
    assert_int_equal(web_waiting(w), 0);
}

static void elsewhere_only_a_steady_app_can_fall_silent(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    create_begin(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    made_elsewhere(w, "d", &b);
    call_ok(w, a.body.video.session_id, "c", CALL(IN_CALL));
    call_ok(w, b.body.video.session_id, "c", CALL(IN_CALL));
    call_ok(w, b.body.video.session_id, "c", CALL(IN_CALL));
    world_run(w, 200 * (int64_t)S);
    assert_int_equal(state_of(w, a.body.video.session_id), STATE(GRANTED));
    assert_int_equal(state_of(w, b.body.video.session_id), STATE(FAILED));
    web_answer(w, next(w), 204, NULL);
}

#define HERE(name) cmocka_unit_test_setup_teardown(name, setup_here, teardown)
#define ELSEWHERE(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_elsewhere, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HERE(a_session_is_granted_with_a_room),
        HERE(the_id_may_be_the_name_of_the_room),
        HERE(a_session_keeps_a_room_that_is_renamed),
        HERE(each_status_follows_the_table),
        HERE(an_end_takes_the_room_along),
        HERE(a_session_outlives_its_room_for_a_day),
        HERE(calls_are_told_in_any_order),
        HERE(a_call_without_a_name_gets_one),
        HERE(a_silent_app_fails_once_nobody_is_there),
        HERE(who_is_there_keeps_the_session),
        HERE(without_call_and_events_a_page_is_gone_in_a_minute),
        HERE(who_never_comes_has_the_time_of_the_lease),
        HERE(sessions_are_limited),
        HERE(a_device_may_have_one_session_only),
        HERE(without_a_room_there_is_no_session),
        HERE(another_device_s_session_is_not_there),
        ELSEWHERE(the_token_is_asked_for_once),
        ELSEWHERE(a_used_token_is_renewed_in_time),
        ELSEWHERE(a_lost_request_is_repeated_once_with_its_key),
        ELSEWHERE(a_refused_token_is_dropped_once),
        ELSEWHERE(without_a_token_there_is_an_end_after_five_seconds),
        ELSEWHERE(what_is_no_room_is_not_taken),
        ELSEWHERE(a_room_may_have_no_pin_for_guests),
        ELSEWHERE(a_room_of_another_session_is_not_given_back),
        ELSEWHERE(a_room_is_given_back_until_it_is_taken),
        ELSEWHERE(elsewhere_only_a_steady_app_can_fall_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
