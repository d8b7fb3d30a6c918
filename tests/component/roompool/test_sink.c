/* test_sink.c - event sinks: what they are told, in which order, again until
 * they take it, across restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/json.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

/* ---- sinks, as the management API makes them ---- */

static pl_err put(world *w, uint64_t id, const char *json, uint64_t *ret_id)
{
    pl_management_put m = {.resource = PL_MGMT_RESOURCE_EVENT_SINK,
                           .id = id,
                           .object = pl_slice_str(json)};
    answer a;
    PUT(m.client_id, "admin");
    world_ask(w, &PL_MSG_MANAGEMENT_PUT, &m, &a);
    if (a.error)
        return a.error;
    if (a.desc != &PL_MSG_MANAGEMENT_DONE) {
        assert_ptr_equal(a.desc, &PL_MSG_MANAGEMENT_REFUSED);
        return PL_EINVAL;
    }
    *ret_id = ((const pl_management_done *)(const void *)&a.body)->id;
    return PL_OK;
}

static pl_err drop(world *w, uint64_t id)
{
    pl_management_delete m = {.resource = PL_MGMT_RESOURCE_EVENT_SINK,
                              .id = id};
    answer a;
    PUT(m.client_id, "admin");
    world_ask(w, &PL_MSG_MANAGEMENT_DELETE, &m, &a);
    return a.error;
}

#define SINK "{\"name\":\"s\",\"url\":\"https://sink.example/in\",\"version\":2"

static uint64_t make(world *w, const char *json)
{
    uint64_t id = 0;
    assert_int_equal(put(w, 0, json, &id), PL_OK);
    return id;
}

/* ---- what comes in ---- */

typedef struct seen {
    int64_t seq;
    char event[64];
    pl_json *json;
    const pl_json *data;
} seen;

static void read_event(const web_request *r, seen *s)
{
    pl_slice text;
    pl_json_free(&s->json);
    assert_int_equal(pl_json_parse(pl_slice_str(r->body), &s->json), PL_OK);
    assert_int_equal(pl_json_get_i64(s->json, "seq", &s->seq), PL_OK);
    assert_int_equal(pl_json_get_str(s->json, "event", &text), PL_OK);
    assert_int_equal(pl_copy(s->event, sizeof s->event, text), PL_OK);
    assert_int_equal(pl_json_get_str(s->json, "node", &text), PL_OK);
    assert_true(pl_slice_eq_str(text, "parley"));
    s->data = pl_json_get(s->json, "data");
    assert_non_null(s->data);
}

static bool flag_of(const seen *s, const char *key)
{
    bool value;
    assert_int_equal(pl_json_get_bool(s->data, key, &value), PL_OK);
    return value;
}

static void has_text(const seen *s, const char *key, const char *want)
{
    pl_slice text;
    char got[256];
    assert_int_equal(pl_json_get_str(s->data, key, &text), PL_OK);
    assert_int_equal(pl_copy(got, sizeof got, text), PL_OK);
    assert_string_equal(got, want);
}

/* The next event must be this one, and is taken. */
static void takes(world *w, seen *s, const char *event)
{
    web_request *r = web_next(w, 2 * S);
    if (!r)
        fail_msg("no %s", event);
    assert_int_equal(web_waiting(w), 1); /* never two at once */
    int64_t before = s->seq;
    read_event(r, s);
    assert_string_equal(s->event, event);
    assert_int_equal(s->seq,
                     strcmp(event, "eventsink_started") == 0 ? 1 : before + 1);
    assert_string_equal(r->url, "https://sink.example/in");
    web_answer(w, r, 204, NULL);
    world_check(w);
}

static void takes_nothing(world *w)
{
    assert_null(web_next(w, S / 2));
}

/* ---- stories ---- */

static void test_a_conference(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined[2], media[2];
    world_create(&w, 1);
    (void)make(&w, SINK ",\"username\":\"me\",\"password\":\"pw:1\","
                        "\"verify_tls_certificate\":true}");
    web_request *r = web_next(&w, S);
    assert_string_equal(r->secret, "me:pw:1");
    assert_int_equal(r->auth, PL_FETCH_AUTH_BASIC);
    assert_int_equal(r->method, PL_FETCH_METHOD_POST);
    assert_string_equal(r->content_type, "application/json");
    assert_false(r->any_certificate);
    assert_false(r->configured);
    takes(&w, &s, "eventsink_started");

    page_comes(&w, "hosted", "none", "guest", &joined[0], &media[0]);
    takes(&w, &s, "conference_started");
    has_text(&s, "name", "hosted");
    has_text(&s, "service_type", "conference");
    assert_false(flag_of(&s, "is_started"));
    takes(&w, &s, "participant_connected");
    has_text(&s, "conference", "hosted");
    has_text(&s, "display_name", "guest");
    has_text(&s, "role", "guest");
    has_text(&s, "protocol", "WebRTC");
    has_text(&s, "service_type", "waiting_room");
    has_text(&s, "uuid", joined[0].body.joined.participant_id);
    has_text(&s, "call_direction", "in");
    assert_true(flag_of(&s, "has_media"));
    takes_nothing(&w);

    page_comes(&w, "hosted", "9999", "host", &joined[1], &media[1]);
    takes(&w, &s, "participant_connected");
    has_text(&s, "role", "chair");
    takes(&w, &s, "conference_updated");
    assert_true(flag_of(&s, "is_started"));
    takes(&w, &s, "participant_updated");
    has_text(&s, "display_name", "guest");
    has_text(&s, "service_type", "conference");
    takes_nothing(&w);

    page_leaves(&w, &joined[1], "host");
    takes(&w, &s, "participant_disconnected");
    has_text(&s, "display_name", "host");
    assert_non_null(pl_json_get(s.data, "duration"));
    assert_non_null(pl_json_get(s.data, "disconnect_reason"));
    page_leaves(&w, &joined[0], "guest");
    takes(&w, &s, "participant_disconnected");
    takes(&w, &s, "conference_ended");
    has_text(&s, "name", "hosted");
    assert_non_null(pl_json_get(s.data, "end_time"));
    takes_nothing(&w);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM sink_events"), 0);
    pl_json_free(&s.json);
    world_destroy(&w);
}

/* A pool room would leak where nobody hears that it ended. */
static void test_a_guest_in_vain(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined;
    world_create(&w, 1);
    (void)make(&w, SINK "}");
    takes(&w, &s, "eventsink_started");
    assert_int_equal(join_room(&w, "hosted", "none", "guest", &joined), PL_OK);
    takes(&w, &s, "conference_started");
    assert_false(flag_of(&s, "is_started"));
    page_leaves(&w, &joined, "guest");
    takes(&w, &s, "conference_ended");
    assert_false(flag_of(&s, "is_started"));
    takes_nothing(&w);
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_telephone(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    world_create(&w, 1);
    (void)make(&w, SINK "}");
    takes(&w, &s, "eventsink_started");
    /* Who keys no PIN does not come in. */
    phone_joins(&w, "p1", "locked");
    takes_nothing(&w);
    assert_int_equal(phone_report(&w, "p1", PL_CALL_STATE_ENDED, 0, NULL),
                     PL_OK);
    takes_nothing(&w);
    phone_joins(&w, "p2", "lobby");
    const pl_call *call = pl_map_find(world_pool(&w)->calls, "p2");
    media_report(&w,
                 PL_CONTAINER(call->part->legs.next, pl_leg, link)->row.leg_id,
                 PL_LEG_STATE_CONNECTED);
    takes(&w, &s, "conference_started");
    assert_true(flag_of(&s, "is_started"));
    takes(&w, &s, "participant_connected");
    has_text(&s, "protocol", "SIP");
    has_text(&s, "source_alias", "sip:+15551234@example.net");
    has_text(&s, "encryption", "Off");
    assert_int_equal(phone_report(&w, "p2", PL_CALL_STATE_ENDED, 0, NULL),
                     PL_OK);
    takes(&w, &s, "participant_disconnected");
    takes(&w, &s, "conference_ended");
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_no_room_no_event(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    user u;
    char conf[CONF_ID_SIZE];
    world_create(&w, 1);
    (void)make(&w, SINK "}");
    takes(&w, &s, "eventsink_started");
    user_opens(&w, &u, "alice", "ta");
    user_hosts(&w, &u, conf);
    takes_nothing(&w);
    pl_json_free(&s.json);
    world_destroy(&w);
}

/* Waits until a request comes; how long that took. */
static int64_t comes_after(world *w, seen *s)
{
    int64_t start = pl_loop_now_us(w->loop);
    web_request *r = web_next(w, 120 * (int64_t)S);
    assert_non_null(r);
    read_event(r, s);
    return (pl_loop_now_us(w->loop) - start) / MS;
}

static void test_retries_in_order(void **state)
{
    static const int64_t delays[] = {1000,  2000,  4000,  8000,
                                     16000, 32000, 60000, 60000};
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    world_create(&w, 1);
    (void)make(&w, SINK "}");
    takes(&w, &s, "eventsink_started");
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        web_request *r = web_next(&w, S);
        read_event(r, &s);
        assert_string_equal(s.event, "conference_started");
        assert_int_equal(s.seq, 2);
        switch (i % 3) {
        case 0: web_answer(&w, r, 500, "no"); break;
        case 1: web_refuse(&w, r, PL_EUNAVAILABLE); break;
        default: web_answer(&w, r, 302, NULL); break;
        }
        int64_t took = comes_after(&w, &s);
        if (took < delays[i] - 50 || took > delays[i] + 50)
            fail_msg("%zu: %d ms", i, (int)took);
    }
    assert_int_equal(world_metric(&w, PL_RM_sink_failed), 8);
    assert_int_equal(
        world_sql(&w, "SELECT count(*) FROM event_sinks "
                      "WHERE failing_since IS NOT NULL AND next_at IS NOT NULL "
                      "AND last_error <> ''"),
        1);
    page_leaves(&w, &joined, "a");
    s.seq = 1;
    takes(&w, &s, "conference_started");
    takes(&w, &s, "participant_connected");
    takes(&w, &s, "participant_disconnected");
    takes(&w, &s, "conference_ended");
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM event_sinks "
                                   "WHERE failing_since IS NULL AND "
                                   "next_at IS NULL AND last_error = ''"),
                     1);
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_restart_of_roompool(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    world_create(&w, 1);
    (void)make(&w, SINK "}");
    takes(&w, &s, "eventsink_started");
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    web_request *r = web_next(&w, S);
    web_ignore(r); /* under way when it dies */
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    takes(&w, &s, "conference_started");
    assert_int_equal(s.seq, 2);
    /* And between the two, with one that fails. */
    r = web_next(&w, S);
    web_answer(&w, r, 503, NULL);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    page_leaves(&w, &joined, "a");
    takes(&w, &s, "participant_connected");
    takes(&w, &s, "participant_disconnected");
    takes(&w, &s, "conference_ended");
    takes_nothing(&w);
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_bulk(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    world_create(&w, 1);
    (void)make(&w, SINK ",\"bulk_support\":true}");
    takes(&w, &s, "eventsink_started");
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    web_request *r = web_next(&w, S);
    read_event(r, &s);
    assert_string_equal(s.event, "conference_started");
    page_leaves(&w, &joined, "a");
    web_answer(&w, r, 200, NULL);
    r = web_next(&w, S);
    read_event(r, &s);
    assert_string_equal(s.event, "eventsink_bulk");
    assert_int_equal(s.seq, 5);
    assert_int_equal(pl_json_count(s.data), 3);
    for (int64_t i = 0; i < 3; i++) {
        const pl_json *one = pl_json_at(s.data, (size_t)i);
        int64_t seq;
        assert_int_equal(pl_json_get_i64(one, "seq", &seq), PL_OK);
        assert_int_equal(seq, 3 + i);
    }
    web_answer(&w, r, 200, NULL);
    takes_nothing(&w);
    assert_int_equal(world_metric(&w, PL_RM_sink_delivered), 5);
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_filter_and_version(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    int64_t version;
    world_create(&w, 1);
    (void)make(&w, "{\"name\":\"s\",\"url\":\"https://sink.example/in\","
                   "\"filter_events\":true,\"events\":[\"conference_ended\"]}");
    takes(&w, &s, "eventsink_started");
    assert_int_equal(pl_json_get_i64(s.json, "version", &version), PL_OK);
    assert_int_equal(version, 1);
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    takes_nothing(&w);
    page_leaves(&w, &joined, "a");
    takes(&w, &s, "conference_ended");
    takes_nothing(&w);
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_given_up(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    uint64_t id;
    world_prepare(&w);
    w.config.sink_give_up_s = 100;
    world_create_at(&w, 1, NULL, NULL);
    id = make(&w, SINK "}");
    takes(&w, &s, "eventsink_started");
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    for (int i = 0; i < 7; i++) { /* 0 1 3 7 15 31 63 */
        assert_int_equal(world_metric(&w, PL_RM_sink_stopped), 0);
        web_answer(&w, web_next(&w, 61 * (int64_t)S), 500, NULL);
    }
    web_answer(&w, web_next(&w, 61 * (int64_t)S), 500, NULL);
    assert_int_equal(world_metric(&w, PL_RM_sink_stopped), 1);
    world_check(&w);
    web_request *r = web_next(&w, S);
    read_event(r, &s);
    assert_string_equal(s.event, "eventsink_stopped");
    web_answer(&w, r, 500, NULL);
    takes_nothing(&w);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM sink_events"), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM event_sinks "
                                   "WHERE state = 'stopped'"),
                     1);
    page_leaves(&w, &joined, "a");
    takes_nothing(&w);
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    takes_nothing(&w);
    /* The operator starts it again. */
    assert_int_equal(
        put(&w, id, "{\"restart_date\":\"2026-11-21T12:00:00.000000\"}", &id),
        PL_OK);
    takes(&w, &s, "eventsink_started");
    page_comes(&w, "lobby", NULL, "b", &joined, &media);
    takes(&w, &s, "conference_started");
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_full(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    world_prepare(&w);
    w.config.sink_queue = 10;
    world_create_at(&w, 1, NULL, NULL);
    (void)make(&w, SINK "}");
    web_request *r = web_next(&w, S);
    for (int i = 0; i < 5; i++) { /* 4 events each */
        page_comes(&w, "lobby", NULL, "a", &joined, &media);
        page_leaves(&w, &joined, "a");
        world_check(&w);
    }
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM sink_events"), 10);
    assert_int_equal(world_metric(&w, PL_RM_sink_dropped), 11);
    assert_int_equal(world_metric(&w, PL_RM_sink_waiting), 10);
    web_answer(&w, r, 200, NULL); /* of one that was dropped meanwhile */
    r = web_next(&w, S);
    read_event(r, &s);
    assert_int_equal(s.seq, 12);
    s.seq = 11;
    takes(&w, &s, "participant_disconnected");
    takes(&w, &s, "conference_ended");
    takes(&w, &s, "conference_started");
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_changed_while_events_wait(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    answer joined, media;
    uint64_t id;
    world_create(&w, 1);
    id = make(&w, SINK ",\"password\":\"old\"}");
    takes(&w, &s, "eventsink_started");
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    web_request *r = web_next(&w, S);
    assert_string_equal(r->secret, ":old");
    /* Nothing new: nothing happens. */
    assert_int_equal(put(&w, id, "{\"name\":\"s\"}", &id), PL_OK);
    assert_int_equal(put(&w, id, "{\"password\":\"new\"}", &id), PL_OK);
    assert_int_equal(web_waiting(&w), 1); /* not two at once */
    web_answer(&w, r, 401, NULL);
    r = web_next(&w, S);
    assert_string_equal(r->secret, ":new");
    takes(&w, &s, "eventsink_started");
    takes(&w, &s, "eventsink_updated");
    takes(&w, &s, "conference_started");
    assert_int_equal(s.seq, 3);
    takes(&w, &s, "participant_connected");
    takes_nothing(&w);
    assert_int_equal(drop(&w, id), PL_OK);
    takes(&w, &s, "eventsink_stopped");
    assert_int_equal(drop(&w, id), PL_ENOENT);
    page_leaves(&w, &joined, "a");
    takes_nothing(&w);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM event_sinks"), 0);
    assert_int_not_equal(make(&w, SINK "}"), id);
    pl_json_free(&s.json);
    world_destroy(&w);
}

/* Each change starts it anew; what is told of that must not pile up. */
static void test_changed_often(void **state)
{
    (void)state;
    world w;
    seen s = {.seq = 0};
    uint64_t id;
    world_create(&w, 1);
    id = make(&w, SINK "}");
    web_request *r = web_next(&w, S);
    for (int i = 0; i < 40; i++) {
        const char *json =
            i % 2 ? "{\"description\":\"odd\"}" : "{\"description\":\"even\"}";
        assert_int_equal(put(&w, id, json, &id), PL_OK);
        world_check(&w);
    }
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM sink_events"), 2);
    web_answer(&w, r, 200, NULL);
    takes(&w, &s, "eventsink_started");
    takes(&w, &s, "eventsink_updated");
    takes_nothing(&w);
    pl_json_free(&s.json);
    world_destroy(&w);
}

static void test_two_sinks(void **state)
{
    (void)state;
    world w;
    answer joined, media;
    world_create(&w, 1);
    (void)make(&w, SINK "}");
    (void)make(&w, "{\"name\":\"t\",\"url\":\"https://two.example/\"}");
    page_comes(&w, "lobby", NULL, "a", &joined, &media);
    /* One that takes nothing does not hold up the other. */
    unsigned n_two = 0;
    for (web_request *r; n_two < 3 && (r = web_next(&w, 2 * S)) != NULL;) {
        bool is_two = strcmp(r->url, "https://two.example/") == 0;
        n_two += is_two;
        web_answer(&w, r, is_two ? 200 : 500, NULL);
    }
    assert_int_equal(n_two, 3);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM sink_events"), 3);
    world_destroy(&w);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "{\"url\":\"https://a.example/\"}",
        "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"url\":\"ftp://a.example/\"}",
        "{\"name\":\"x\",\"url\":\"https://\"}",
        "{\"name\":\"x\",\"url\":\"https://u:p@a.example/\"}",
        "{\"name\":\"x\",\"url\":\"https://a.example/ b\"}",
        "{\"name\":\"s\",\"url\":\"https://a.example/\"}",
        "{\"name\":\"x\",\"url\":\"https://a.example/\",\"version\":3}",
        "{\"name\":\"x\",\"url\":\"https://a.example/\",\"username\":\"a:b\"}",
        "{\"name\":\"x\",\"url\":\"https://a.example/\",\"events\":[\"x\"]}",
        "{\"name\":\"x\",\"url\":\"https://a.example/\",\"events\":[1]}",
        "{\"name\":\"x\",\"url\":\"https://a.example/\",\"events\":{}}",
        "{\"name\":\"x\",\"url\":\"https://a.example/\",\"bulk_support\":2}",
    };
    (void)state;
    world w;
    uint64_t id;
    world_prepare(&w);
    w.config.sink_max = 1;
    world_create_at(&w, 1, NULL, NULL);
    id = make(&w, SINK "}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t other = 0;
        if (put(&w, 0, bad[i], &other) != PL_EINVAL)
            fail_msg("%s", bad[i]);
    }
    assert_int_equal(
        put(&w, 0, "{\"name\":\"x\",\"url\":\"https://a.example/\"}", &id),
        PL_EFULL);
    assert_int_equal(put(&w, 99, "{\"name\":\"x\"}", &id), PL_ENOENT);
    assert_int_equal(put(&w, id, "{\"restart_date\":\"soon\"}", &id),
                     PL_EINVAL);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM event_sinks"), 1);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_conference),
        cmocka_unit_test(test_a_guest_in_vain),
        cmocka_unit_test(test_telephone),
        cmocka_unit_test(test_no_room_no_event),
        cmocka_unit_test(test_retries_in_order),
        cmocka_unit_test(test_restart_of_roompool),
        cmocka_unit_test(test_bulk),
        cmocka_unit_test(test_filter_and_version),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_changed_while_events_wait),
        cmocka_unit_test(test_changed_often),
        cmocka_unit_test(test_two_sinks),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
