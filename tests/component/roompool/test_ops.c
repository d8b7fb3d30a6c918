/* test_ops.c - what operators' tools see and do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ops_impl.h"
#include "core/room.h"
#include "core/worker.h"
#include "fake_page.h"
#include "pl/json.h"
#include "pool_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000, ROWS_MAX = 500 };

#define TOOL "operator-7.0badcafe"

typedef struct scene {
    world w;
    pl_bus *tool;
    unsigned n_drains; /* that media worker 0 was asked for */
} scene;

static void on_drain(void *ctx, const pl_bus_in *in)
{
    scene *s = ctx;
    s->n_drains++;
    reply_ok(s->w.media[0].bus, in);
}

static int setup_with(void **state, unsigned n_media)
{
    static scene s;
    memset(&s, 0, sizeof s);
    world_create(&s.w, n_media);
    s.tool = world_open_bus(&s.w, TOOL, PL_ROLE_OPERATOR);
    world_say_hello(&s.w, s.tool, TOOL, PL_ROLE_OPERATOR);
    *state = &s;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 1);
}

static int setup_two(void **state)
{
    return setup_with(state, 2);
}

static int teardown(void **state)
{
    scene *s = *state;
    world_check(&s->w);
    pl_bus_close(&s->tool);
    world_destroy(&s->w);
    return 0;
}

/* ---- asking ---- */

typedef struct found {
    bool is_done, more;
    pl_err error;
    char why[256];
    uint64_t last;
    char *text; /* of the rows */
    pl_json *rows;
} found;

static void on_found(void *ctx, pl_err e, const pl_bus_in *in)
{
    found *f = ctx;
    pl_slice rows = {NULL, 0};
    f->is_done = true;
    f->error = e;
    if (e && in)
        PUT(f->why, ((const pl_error *)in->body)->text);
    if (e)
        return;
    if (in->desc == &PL_MSG_OPS_ROWS) {
        const pl_ops_rows *m = in->body;
        rows = m->rows;
        f->more = m->more;
    } else {
        assert_ptr_equal(in->desc, &PL_MSG_OPS_EVENT_ROWS);
        const pl_ops_event_rows *m = in->body;
        rows = m->rows;
        f->last = m->last;
    }
    f->text = calloc(1, rows.len + 1);
    assert_non_null(f->text);
    memcpy(f->text, rows.ptr, rows.len);
    assert_int_equal(pl_json_parse_long(rows, 100000, &f->rows), PL_OK);
    assert_true(pl_json_is_array(f->rows));
}

static void done(found *f)
{
    free(f->text);
    pl_json_free(&f->rows);
    *f = (found){.is_done = false};
}

static void begin(const scene *s, const pl_msg_desc *desc, const void *body,
                  found *f)
{
    *f = (found){.is_done = false};
    assert_int_equal(pl_bus_request(s->tool, &(pl_bus_send){.to = NULL}, desc,
                                    body, on_found, f, NULL),
                     PL_OK);
}

static pl_err wait_for(scene *s, found *f)
{
    for (int i = 0; i < 40000 && !f->is_done; i++)
        world_run(&s->w, MS);
    assert_true(f->is_done);
    return f->error;
}

static size_t lists(scene *s, uint32_t what, uint32_t offset, uint32_t limit,
                    found *f)
{
    const pl_ops_list m = {.what = what, .offset = offset, .limit = limit};
    begin(s, &PL_MSG_OPS_LIST, &m, f);
    assert_int_equal(wait_for(s, f), PL_OK);
    return pl_json_count(f->rows);
}

static void asks_events(const scene *s, uint64_t after, uint32_t wait_ms,
                        found *f)
{
    pl_ops_events m = {.after = after, .wait_ms = wait_ms};
    PL_MSG_SET(OPS_EVENTS, ops_events, &m, wait_ms);
    begin(s, &PL_MSG_OPS_EVENTS, &m, f);
}

static size_t reads_events(scene *s, uint64_t after, found *f)
{
    asks_events(s, after, 0, f);
    assert_int_equal(wait_for(s, f), PL_OK);
    return pl_json_count(f->rows);
}

static pl_err drains(scene *s, const char *node, bool force, found *f)
{
    pl_ops_drain m = {.force = force};
    answer a;
    PUT(m.node, node);
    PL_MSG_SET(OPS_DRAIN, ops_drain, &m, force);
    world_ask_from(&s->w, s->tool, &PL_MSG_OPS_DRAIN, &m, &a);
    *f = (found){.error = a.error};
    PUT(f->why, a.refusal.text);
    return a.error;
}

/* ---- looking ---- */

static void has_str(const pl_json *row, const char *key, const char *value)
{
    pl_slice text = {NULL, 0};
    char copy[128];
    assert_int_equal(pl_json_get_str(row, key, &text), PL_OK);
    assert_int_equal(pl_copy(copy, sizeof copy, text), PL_OK);
    assert_string_equal(copy, value);
}

static int64_t int_of(const pl_json *row, const char *key)
{
    int64_t n = -1;
    assert_int_equal(pl_json_get_i64(row, key, &n), PL_OK);
    return n;
}

/* The row whose member is this text; it must be there. */
static const pl_json *row_with(const found *f, const char *key,
                               const char *value)
{
    for (size_t i = 0; i < pl_json_count(f->rows); i++) {
        pl_slice text = {NULL, 0};
        const pl_json *row = pl_json_at(f->rows, i);
        if (pl_json_get_str(row, key, &text) == PL_OK &&
            pl_slice_eq_str(text, value))
            return row;
    }
    fail_msg("no row with %s = %s in %s", key, value, f->text);
    return NULL;
}

/* ---- stories ---- */

static void operators_are_no_workers(void **state)
{
    scene *s = *state;
    found f;
    assert_int_equal(lists(s, PL_OPS_TABLE_WORKERS, 0, ROWS_MAX, &f), 3);
    const pl_json *media = row_with(&f, "role", "media-worker");
    has_str(media, "worker", s->w.media[0].node);
    has_str(media, "state", "up");
    has_str(media, "life", "ready");
    assert_int_equal(int_of(media, "capacity"), 100);
    (void)row_with(&f, "role", "signaling-worker");
    (void)row_with(&f, "role", "api-frontend");
    assert_null(strstr(f.text, "operator"));
    done(&f);
    assert_int_equal(world_metric(&s->w, PL_RM_workers), 3);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM workers"), 3);
}

static void what_there_is_is_listed(void **state)
{
    scene *s = *state;
    page p;
    found f;
    page_is_in(&s->w, &p, "locked", "9999", "secret-token");
    assert_int_equal(lists(s, PL_OPS_TABLE_ROOMS, 0, ROWS_MAX, &f), 5);
    const pl_json *room = row_with(&f, "room", "locked");
    bool has_pin = false;
    assert_int_equal(pl_json_get_bool(room, "has_pin", &has_pin), PL_OK);
    assert_true(has_pin);
    assert_int_equal(int_of(room, "participants"), 1);
    room = row_with(&f, "room", "lobby");
    assert_int_equal(pl_json_get_bool(room, "has_pin", &has_pin), PL_OK);
    assert_false(has_pin);
    assert_true(pl_json_is_null(pl_json_get(room, "conference")));
    done(&f);

    assert_int_equal(lists(s, PL_OPS_TABLE_CONFERENCES, 0, ROWS_MAX, &f), 1);
    has_str(pl_json_at(f.rows, 0), "room", "locked");
    has_str(pl_json_at(f.rows, 0), "media_worker", s->w.media[0].node);
    done(&f);

    assert_int_equal(lists(s, PL_OPS_TABLE_PARTICIPANTS, 0, ROWS_MAX, &f), 1);
    has_str(pl_json_at(f.rows, 0), "participant", p.id);
    has_str(pl_json_at(f.rows, 0), "role", "host");
    has_str(pl_json_at(f.rows, 0), "room", "locked");
    done(&f);
}

static void managed_rooms_tell_who_is_in_them(void **state)
{
    scene *s = *state;
    answer room;
    found f;
    page p;
    assert_int_equal(checkout(&s->w, &(taking){.payload = "abc"}, &room),
                     PL_OK);
    page_is_in(&s->w, &p, room.body.room.name, room.body.room.pin, "token");
    assert_true(lists(s, PL_OPS_TABLE_POOL, 0, ROWS_MAX, &f) > 0);
    const pl_json *row = row_with(&f, "name", room.body.room.name);
    has_str(row, "state", "in-use");
    has_str(row, "tag", "tag:abc");
    assert_int_equal(int_of(row, "participants"), 1);
    assert_null(strstr(f.text, room.body.room.pin));
    done(&f);
}

static void every_list_is_there_and_has_no_secrets(void **state)
{
    scene *s = *state;
    page p;
    page_is_in(&s->w, &p, "locked", "1234", "secret-token");
    for (uint32_t what = 1; what <= PL_OPS_TABLE_RECORDINGS; what++) {
        found f;
        (void)lists(s, what, 0, ROWS_MAX, &f);
        assert_null(strstr(f.text, "1234"));
        assert_null(strstr(f.text, "9999"));
        assert_null(strstr(f.text, hash_of("secret-token")));
        assert_false(f.more);
        done(&f);
    }
}

static void rows_come_in_pages(void **state)
{
    scene *s = *state;
    found f;
    assert_int_equal(lists(s, PL_OPS_TABLE_ROOMS, 0, 2, &f), 2);
    assert_true(f.more);
    has_str(pl_json_at(f.rows, 0), "room", "echo");
    done(&f);
    assert_int_equal(lists(s, PL_OPS_TABLE_ROOMS, 4, 2, &f), 1);
    assert_false(f.more);
    has_str(pl_json_at(f.rows, 0), "room", "small");
    done(&f);
    assert_int_equal(lists(s, PL_OPS_TABLE_ROOMS, 3, 2, &f), 2);
    assert_false(f.more);
    done(&f);
    assert_int_equal(lists(s, PL_OPS_TABLE_ROOMS, 9, 2, &f), 0);
    assert_string_equal(f.text, "[]");
    done(&f);
    assert_int_equal(lists(s, PL_OPS_TABLE_WORKERS, 1, 1, &f), 1);
    assert_true(f.more);
    done(&f);
}

static void a_list_of_a_newer_tool_is_refused(void **state)
{
    scene *s = *state;
    const pl_ops_list m = {.what = 77, .limit = 1};
    found f;
    begin(s, &PL_MSG_OPS_LIST, &m, &f);
    assert_int_equal(wait_for(s, &f), PL_EUNSUPPORTED);
}

static void who_is_no_operator_is_refused(void **state)
{
    scene *s = *state;
    const pl_ops_list m = {.what = PL_OPS_TABLE_ROOMS, .limit = 1};
    answer a;
    world_ask_from(&s->w, s->w.media[0].bus, &PL_MSG_OPS_LIST, &m, &a);
    assert_int_equal(a.error, PL_EFORBIDDEN);
    world_ask(&s->w, &PL_MSG_OPS_LIST, &m, &a);
    assert_int_equal(a.error, PL_EFORBIDDEN);
    pl_bus *stranger = world_open_bus(&s->w, "operator-8.1", PL_ROLE_OPERATOR);
    world_ask_from(&s->w, stranger, &PL_MSG_OPS_LIST, &m, &a);
    assert_int_equal(a.error, PL_EAGAIN); /* no hello yet */
    pl_bus_close(&stranger);
    /* That is no offence: an alarm goes by the others. */
    assert_int_equal(world_metric(&s->w, PL_RM_worker_role), 2);
    /* And an operator does nothing else. */
    const pl_metrics_get metrics = {.index = 0};
    world_ask_from(&s->w, s->tool, &PL_MSG_METRICS_GET, &metrics, &a);
    assert_int_equal(a.error, PL_EFORBIDDEN);
}

static void a_worker_cannot_become_an_operator(void **state)
{
    scene *s = *state;
    pl_hello m = {
        .role = PL_ROLE_OPERATOR, .schema_major = PL_SCHEMA_MAJOR, .pid = 1};
    answer a;
    PUT(m.node, s->w.media[0].node);
    PUT(m.build, "test");
    world_ask_from(&s->w, s->w.media[0].bus, &PL_MSG_HELLO, &m, &a);
    assert_int_equal(a.error, PL_EFORBIDDEN);
}

static void draining_is_asked_for(void **state)
{
    scene *s = *state;
    found f;
    pl_err e =
        pl_bus_handle(s->w.media[0].bus, &PL_MSG_WORKER_DRAIN, on_drain, s);
    assert_true(e == PL_OK || e == PL_EEXIST);
    assert_int_equal(drains(s, "media-9", false, &f), PL_ENOENT);
    assert_non_null(strstr(f.why, "no worker"));
    assert_int_equal(drains(s, "media", true, &f), PL_ENOENT);
    /* Under its name alone, and under its full one. */
    char name[65];
    PUT(name, s->w.media[0].node);
    *strchr(name, '.') = '\0';
    assert_int_equal(drains(s, name, false, &f), PL_OK);
    if (!e)
        assert_int_equal(s->n_drains, 1);
}

static void draining_the_last_one_needs_force(void **state)
{
    scene *s = *state;
    found f;
    pl_err e =
        pl_bus_handle(s->w.media[0].bus, &PL_MSG_WORKER_DRAIN, on_drain, s);
    assert_true(e == PL_OK || e == PL_EEXIST);
    assert_int_equal(drains(s, s->w.media[0].node, false, &f), PL_ESTATE);
    assert_non_null(strstr(f.why, "no other media-worker"));
    assert_int_equal(s->n_drains, 0);
    assert_int_equal(drains(s, s->w.media[0].node, true, &f), PL_OK);
}

static void draining_twice_is_refused(void **state)
{
    scene *s = *state;
    found f;
    pl_worker *w = pl_worker_find(world_pool(&s->w), s->w.media[0].node);
    w->row.life = PL_LIFE_DRAINING;
    assert_int_equal(drains(s, s->w.media[0].node, true, &f), PL_ESTATE);
    assert_non_null(strstr(f.why, "already"));
    w->row.life = PL_LIFE_READY;
}

static void events_are_read_from_where_one_was(void **state)
{
    scene *s = *state;
    found f;
    page p;
    assert_true(reads_events(s, 0, &f) >= 3); /* the workers came */
    (void)row_with(&f, "event", "worker_up");
    uint64_t last = f.last;
    done(&f);
    assert_int_equal(reads_events(s, last, &f), 0);
    assert_int_equal(f.last, last);
    done(&f);
    page_is_in(&s->w, &p, "lobby", NULL, "token");
    assert_true(reads_events(s, last, &f) > 0);
    const pl_json *row = row_with(&f, "event", "participant_joined");
    has_str(row, "participant", p.id);
    has_str(row, "level", "info");
    assert_true(int_of(pl_json_at(f.rows, 0), "no") == (int64_t)last + 1);
    done(&f);
    /* Of an earlier run of roompool: everything. */
    assert_true(reads_events(s, 999999, &f) > 3);
    done(&f);
}

static void a_poll_waits_for_the_next_event(void **state)
{
    scene *s = *state;
    found f;
    page p;
    (void)reads_events(s, 0, &f);
    uint64_t last = f.last;
    done(&f);
    asks_events(s, last, 20000, &f);
    world_run(&s->w, 2 * (int64_t)S);
    assert_false(f.is_done);
    page_is_in(&s->w, &p, "lobby", NULL, "token");
    assert_int_equal(wait_for(s, &f), PL_OK);
    assert_true(pl_json_count(f.rows) > 0);
    done(&f);
    (void)reads_events(s, 0, &f); /* quiet again */
    last = f.last;
    done(&f);
    asks_events(s, last, 1000, &f);
    assert_int_equal(wait_for(s, &f), PL_OK);
    assert_int_equal(pl_json_count(f.rows), 0);
    assert_int_equal(f.last, last);
    done(&f);
}

static void only_the_latest_events_are_kept(void **state)
{
    scene *s = *state;
    found f = {.is_done = false};
    size_t n = 0;
    uint64_t after = 0;
    pl_pool *pool = world_pool(&s->w);
    for (int i = 0; i < 5000; i++) {
        pl_pool_note(pool, PL_LOG_DEBUG, "not_told", NULL, NULL, NULL);
        pl_pool_note(pool, PL_LOG_WARN, "told", NULL, NULL, "\x01\x02\x03");
    }
    do {
        done(&f);
        n += reads_events(s, after, &f);
        assert_true(f.last > after);
        after = f.last;
        has_str(pl_json_at(f.rows, 0), "event", "told");
    } while (n < 2000);
    done(&f);
    assert_int_equal(n, 2000);
    assert_int_equal(reads_events(s, after, &f), 0);
    done(&f);
}

static void long_text_is_cut_between_characters(void **state)
{
    scene *s = *state;
    found f;
    char text[400];
    memset(text, 'x', sizeof text);
    pl_fmt_cut(text + 254, sizeof text - 254, "\xc3\xa4\xc3\xa4");
    pl_pool_note(world_pool(&s->w), PL_LOG_INFO, "long", NULL, NULL, text);
    pl_pool_note(world_pool(&s->w), PL_LOG_INFO, "odd", NULL, NULL, "a\xff z");
    (void)reads_events(s, 0, &f);
    pl_slice got = {NULL, 0};
    assert_int_equal(
        pl_json_get_str(row_with(&f, "event", "long"), "text", &got), PL_OK);
    assert_int_equal(got.len, 254);
    has_str(row_with(&f, "event", "odd"), "text", "a? z");
    done(&f);
}

static void who_goes_waits_no_more(void **state)
{
    scene *s = *state;
    found f;
    (void)reads_events(s, 0, &f);
    uint64_t last = f.last;
    done(&f);
    asks_events(s, last, 25000, &f);
    world_run(&s->w, S);
    assert_int_equal(world_pool(&s->w)->ops_tools->n_waits, 1);
    pl_bus_close(&s->tool);
    world_run(&s->w, 5 * (int64_t)S); /* its beats are missed */
    assert_int_equal(world_pool(&s->w)->ops_tools->n_waits, 0);
    s->tool = world_open_bus(&s->w, TOOL, PL_ROLE_OPERATOR);
    const pl_ops_list m = {.what = PL_OPS_TABLE_ROOMS, .limit = 1};
    answer a;
    world_ask_from(&s->w, s->tool, &PL_MSG_OPS_LIST, &m, &a);
    assert_int_equal(a.error, PL_EAGAIN); /* forgotten */
    world_say_hello(&s->w, s->tool, TOOL, PL_ROLE_OPERATOR);
    world_ask_from(&s->w, s->tool, &PL_MSG_OPS_LIST, &m, &a);
    assert_int_equal(a.error, PL_OK);
}

static void too_many_who_look_on_are_refused(void **state)
{
    enum { N = 17 };
    scene *s = *state;
    pl_bus *tools[N] = {NULL};
    static answer a[N];
    unsigned n_waiting = 0;
    found f;
    (void)reads_events(s, 0, &f);
    pl_ops_events m = {.after = f.last, .wait_ms = 20000};
    PL_MSG_SET(OPS_EVENTS, ops_events, &m, wait_ms);
    done(&f);
    for (size_t i = 0; i < N; i++) {
        char node[32];
        pl_fmt_cut(node, sizeof node, "operator-1%02u.1", (unsigned)i);
        tools[i] = world_open_bus(&s->w, node, PL_ROLE_OPERATOR);
        world_say_hello(&s->w, tools[i], node, PL_ROLE_OPERATOR);
        world_send(&s->w, tools[i], &PL_MSG_OPS_EVENTS, &m, &a[i]);
    }
    world_run(&s->w, S);
    for (size_t i = 0; i < N; i++) {
        n_waiting += !a[i].is_done;
        if (a[i].is_done)
            assert_int_equal(a[i].error, PL_EFULL);
    }
    assert_int_equal(n_waiting, 16);
    /* Who asks again gives up what it asked for before. */
    world_send(&s->w, tools[0], &PL_MSG_OPS_EVENTS, &m, &a[16]);
    world_run(&s->w, S);
    assert_false(a[16].is_done);
    for (size_t i = 0; i < N; i++)
        pl_bus_close(&tools[i]);
    world_run(&s->w, 30 * (int64_t)S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(operators_are_no_workers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_there_is_is_listed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(managed_rooms_tell_who_is_in_them,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(every_list_is_there_and_has_no_secrets,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(rows_come_in_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_of_a_newer_tool_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_no_operator_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_worker_cannot_become_an_operator,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(draining_is_asked_for, setup_two,
                                        teardown),
        cmocka_unit_test_setup_teardown(draining_the_last_one_needs_force,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(draining_twice_is_refused, setup_two,
                                        teardown),
        cmocka_unit_test_setup_teardown(events_are_read_from_where_one_was,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_poll_waits_for_the_next_event, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_the_latest_events_are_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(long_text_is_cut_between_characters,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_goes_waits_no_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(too_many_who_look_on_are_refused, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
