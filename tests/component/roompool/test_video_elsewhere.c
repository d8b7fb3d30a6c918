/* test_video_elsewhere.c - video sessions with rooms of a room API elsewhere,
 * and the tokens for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/video.h"
#include "fake_web.h"
#include "video_client.h"
#include "world.h"

enum { S = 1000000 };

static int setup(void **state)
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

static int64_t count(world *w, const char *what)
{
    char sql[256];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return world_sql(w, sql);
}

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
    video_begins(w, device, a);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, a);
    assert_int_equal(a->error, PL_OK);
}

static void the_token_is_asked_for_once(void **state)
{
    world *w = *state;
    answer a[3];
    for (int i = 0; i < 3; i++) /* at once */
        video_begins(w, "d", &a[i]);
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
    video_begins(w, "d", &a);
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
    video_begins(w, "d", &a);
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
    video_begins(w, "d", &a);
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
    video_begins(w, "d", &a);
    web_answer(w, next_create(w), 502, NULL);
    web_answer(w, next_create(w), 504, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    video_begins(w, "d", &a);
    web_answer(w, next_create(w), 503, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EFULL);
    assert_int_equal(world_metric(w, PL_RM_video_sessions), 1);
}

static void a_refused_token_is_dropped_once(void **state)
{
    world *w = *state;
    answer a;
    video_begins(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 401, NULL);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    video_begins(w, "d", &a);
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
    video_begins(w, "d", &a);
    for (int i = 0; i < 3; i++)
        web_answer(w, next(w), 500, NULL);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_EUNAVAILABLE);
    assert_int_equal(world_metric(w, PL_RM_video_token_failed), 3);
    video_begins(w, "d", &a); /* begins anew */
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
    video_begins(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        video_begins(w, "d", &a);
        web_answer(w, next_create(w), 200, bodies[i]);
        world_wait(w, &a);
        assert_int_equal(a.error, PL_EUNAVAILABLE);
    }
    video_begins(w, "d", &a); /* a room, but unusable: given back */
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
    video_begins(w, "d", &a);
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
    video_begins(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    assert_int_equal(a.error, PL_OK);
    video_begins(w, "e", &a);
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
    video_begins(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    char id[65];
    PUT(id, a.body.video.session_id);
    assert_int_equal(video_ends(w, id), PL_OK); /* at once; the rest follows */
    assert_int_equal(count(w, "video_sessions WHERE owes_room = 1"), 1);
    web_request *r = next(w);
    assert_int_equal(r->method, PL_FETCH_METHOD_DELETE);
    assert_string_equal(r->url, "https://rooms.example/room/MTIz");
    web_answer(w, r, 500, NULL);
    assert_int_equal(web_waiting(w), 0);
    web_answer(w, next(w), 503, NULL);
    world_check(w);
    video_restart(w);
    pl_videos *v = world_pool(w)->videos;
    PUT(v->client.id, "me&you");
    PUT(v->client.secret, "s=1");
    give_token(w);
    web_answer(w, next(w), 404, NULL); /* gone is as good */
    world_run(w, S);
    assert_int_equal(count(w, "video_sessions WHERE owes_room = 1"), 0);
    assert_int_equal(video_tells(w, id, STATE(ENDED)), PL_OK);
    world_run(w, 600 * (int64_t)S);
    assert_int_equal(web_waiting(w), 0);
}

static void elsewhere_only_a_steady_app_can_fall_silent(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    video_begins(w, "d", &a);
    give_token(w);
    web_answer(w, next_create(w), 200, ROOM);
    world_wait(w, &a);
    made_elsewhere(w, "d", &b);
    video_call(w, a.body.video.session_id, "c", CALL(IN_CALL));
    video_call(w, b.body.video.session_id, "c", CALL(IN_CALL));
    video_call(w, b.body.video.session_id, "c", CALL(IN_CALL));
    world_run(w, 200 * (int64_t)S);
    assert_int_equal(video_state(w, a.body.video.session_id), STATE(GRANTED));
    assert_int_equal(video_state(w, b.body.video.session_id), STATE(FAILED));
    web_answer(w, next(w), 204, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_token_is_asked_for_once),
        TEST(a_used_token_is_renewed_in_time),
        TEST(a_lost_request_is_repeated_once_with_its_key),
        TEST(a_refused_token_is_dropped_once),
        TEST(without_a_token_there_is_an_end_after_five_seconds),
        TEST(what_is_no_room_is_not_taken),
        TEST(a_room_may_have_no_pin_for_guests),
        TEST(a_room_of_another_session_is_not_given_back),
        TEST(a_room_is_given_back_until_it_is_taken),
        TEST(elsewhere_only_a_steady_app_can_fall_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
