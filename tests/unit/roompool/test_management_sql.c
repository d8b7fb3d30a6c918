/* test_management_sql.c - questions of the management API on a real file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pl/management.h"
#include "pl/str.h"
#include "question.h"

enum { CONFERENCE = PL_MGMT_RESOURCE_CONFERENCE, TEXT_MAX = 8192 };

#define AT "'2026-02-11T18:04:0"

static const char *const ROWS =
    "INSERT INTO rooms (room_id, source, state, mode, pin_hash, host_pin_hash, "
    "max_participants, max_talkers, announce, created_at, room_no, tag, "
    "description, allow_guests, service_type) VALUES"
    "('lobby', 'config', 'enabled', 'mix', 'hash', '', 0, 0, '', " AT
    "0.000Z', 0, '', '', 0, 'conference'),"
    "('Alpha', 'admin', 'enabled', 'mix', 'clear$9036', 'clear$4471', 4, 0, "
    "'', " AT "1.120Z', 1, 'red', 'first', 1, 'lecture'),"
    "('beta_1', 'admin', 'enabled', 'mix', 'clear$1234', '', 0, 0, '', " AT
    "2.120Z', 2, 'blue', '100%', 0, 'conference'),"
    "('betaX1', 'pool', 'enabled', 'mix', '', '', 12, 0, '', " AT
    "3.120Z', 3, 'Red', 'it''s', 0, 'conference'),"
    "('gone', 'pool', 'retired', 'mix', '', '', 12, 0, '', " AT
    "4.120Z', 4, 'red', '', 0, 'conference');"
    "INSERT INTO aliases VALUES"
    "('lobby', 'lobby', 0, 'lobby', '', " AT "0.000Z'),"
    "('alpha@example.org', 'Alpha', 7, 'Alpha@example.org', 'one', " AT
    "1.120Z'),"
    "('5550', 'Alpha', 8, '5550', 'two', " AT "1.121Z'),"
    "('beta', 'beta_1', 9, 'beta', '', " AT "2.120Z'),"
    "('gone', 'gone', 10, 'gone', '', " AT "2.120Z');"
    "INSERT INTO room_settings VALUES"
    "(1, 'host_view', 'null'),"
    "(2, 'sync_tag', '\"s\"'), (2, 'enable_chat', '\"no\"');"
    "INSERT INTO automatic_participants VALUES"
    "(5, 'sip:agent@trunk.example', 'sip', 'audio', 'host', 'manual', '12', "
    "'keep_conference_alive', 'Agent', '', 0, '', '', " AT "1.000Z');"
    "INSERT INTO automatic_participant_rooms VALUES (5, 1), (5, 2);"
    "INSERT INTO event_sinks VALUES"
    "(6, 'sink', '', 'https://sink.example/x', 'me', 'secret-word', 1, 1, 2, "
    "0, '[\"conference_ended\"]', 'active', " AT
    "1.000Z', 3, NULL, NULL, '', " AT "0.000Z')";

static int setup(void **state)
{
    static question q;
    question_open(&q);
    question_write(&q, ROWS);
    *state = &q;
    return 0;
}

static int teardown(void **state)
{
    question_close(*state);
    return 0;
}

static void expect(question *q, uint32_t resource, const asking *a,
                   const char *ids)
{
    char text[TEXT_MAX];
    pl_err e = question_one(q, resource, a->field, a->op, a->value);
    if (e)
        fail_msg("%s %s %s: %s", a->field, a->op, a->value, q->fault);
    question_ids(q, text, sizeof text);
    if (strcmp(text, ids) != 0)
        fail_msg("%s %s %s: %s, not %s", a->field, a->op, a->value, text, ids);
}

static void only_managed_rooms_that_are_there(void **state)
{
    question *q = *state;
    char text[TEXT_MAX];
    pl_management_query m = question_make(CONFERENCE, NULL, 0, "");
    assert_int_equal(question_ask(q, &m), PL_OK);
    question_ids(q, text, sizeof text);
    assert_string_equal(text, "1 2 3");
    assert_int_equal(q->total, 3);
    m = question_make(PL_MGMT_RESOURCE_ALIAS, NULL, 0, "");
    assert_int_equal(question_ask(q, &m), PL_OK);
    question_ids(q, text, sizeof text);
    assert_string_equal(text, "7 8 9");
}

static void each_operator_does_what_it_says(void **state)
{
    static const struct {
        asking asked;
        const char *ids;
    } cases[] = {
        {{"name", "", "Alpha"}, "1"},
        {{"name", "exact", "alpha"}, ""},
        {{"name", "iexact", "aLPHA"}, "1"},
        {{"name", "iexact", "beta_1"}, "2"},
        {{"name", "contains", "eta"}, "2 3"},
        {{"name", "contains", "_"}, "2"},
        {{"name", "contains", ""}, "1 2 3"},
        {{"name", "icontains", "A_"}, "2"},
        {{"description", "icontains", "%"}, "2"},
        {{"description", "contains", "'"}, "3"},
        {{"name", "startswith", "beta"}, "2 3"},
        {{"name", "startswith", "Beta"}, ""},
        {{"name", "startswith", ""}, "1 2 3"},
        {{"name", "istartswith", "BETA_"}, "2"},
        {{"name", "endswith", "1"}, "2 3"},
        {{"name", "endswith", "longer than all of them"}, ""},
        {{"name", "endswith", ""}, "1 2 3"},
        {{"name", "iendswith", "x1"}, "3"},
        {{"name", "in", "Alpha,nobody,betaX1"}, "1 3"},
        {{"id", "in", "3,2"}, "2 3"},
        {{"name", "gt", "beta"}, "2 3"},
        {{"id", "gte", "2"}, "2 3"},
        {{"id", "lt", "2"}, "1"},
        {{"id", "lte", "2"}, "1 2"},
        {{"id", "gt", "-5"}, "1 2 3"},
        {{"id", "range", "2,9"}, "2 3"},
        {{"participant_limit", "exact", "4"}, "1"},
        {{"participant_limit", "isnull", "1"}, "2"},
        {{"participant_limit", "isnull", "false"}, "1 3"},
        {{"allow_guests", "exact", "true"}, "1"},
        {{"allow_guests", "", "0"}, "2 3"},
        {{"tag", "in", "red,blue"}, "1 2"},
        {{"creation_time", "gte", "2026-02-11T18:04:02.120Z"}, "2 3"},
        {{"creation_time", "range",
          "2026-02-11T18:04:01.120Z,2026-02-11T18:04:02.119Z"},
         "1"},
        /* Settings; absent is the preset. */
        {{"service_type", "", "conference"}, "2 3"},
        {{"service_type", "", "lecture"}, "1"},
        {{"sync_tag", "", "s"}, "2"},
        {{"sync_tag", "", ""}, "1 3"},
        /* Aliases, as they are written. */
        {{"aliases__alias", "", "5550"}, "1"},
        {{"aliases__alias", "", "alpha@example.org"}, ""},
        {{"aliases__alias", "iexact", "alpha@example.org"}, "1"},
        {{"aliases__alias", "isnull", "1"}, "3"},
        {{"aliases__alias", "isnull", "0"}, "1 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(*state, CONFERENCE, &cases[i].asked, cases[i].ids);
}

static void aliases_are_found_by_conference(void **state)
{
    static const uint32_t alias = PL_MGMT_RESOURCE_ALIAS;
    expect(*state, alias, &(asking){"conference", "", "1"}, "7 8");
    expect(*state, alias, &(asking){"conference__name", "", "beta_1"}, "9");
    expect(*state, alias, &(asking){"alias", "", "beta"}, "9");
    assert_int_equal(question_one(*state, alias, "conference", "", "/x/1/"),
                     PL_EINVAL);
}

/* What is refused, and that the refusal names the filter. */
static void a_mistyped_filter_is_an_error(void **state)
{
    static const struct {
        uint32_t resource;
        asking asked;
        const char *fault;
    } cases[] = {
        {CONFERENCE, {"nmae", "", "x"}, "filter: not a field that filters"},
        {CONFERENCE, {"", "", "x"}, "filter: not a field that filters"},
        {CONFERENCE, {"name", "regex", "x"}, "name: not an operator"},
        {CONFERENCE, {"name", "iregex", "x"}, "name: not an operator"},
        {CONFERENCE, {"name", "=", "x"}, "name: not an operator"},
        {CONFERENCE, {"id", "contains", "1"}, "id: not an operator"},
        {CONFERENCE,
         {"creation_time", "startswith", "2026"},
         "creation_time: not an operator"},
        {CONFERENCE, {"pin", "", "4471"}, "filter: not a field that filters"},
        {CONFERENCE, {"aliases", "", "x"}, "filter: not a field"},
        {CONFERENCE, {"resource_uri", "", "x"}, "filter: not a field"},
        {CONFERENCE, {"host_view", "", "x"}, "filter: not a field"},
        {CONFERENCE, {"id", "", "x"}, "id: a value of another type"},
        {CONFERENCE, {"id", "", ""}, "id: a value of another type"},
        {CONFERENCE, {"id", "", "1 "}, "id: a value of another type"},
        {CONFERENCE, {"id", "", "99999999999999999999"}, "id: a value"},
        {CONFERENCE, {"id", "in", "1,x"}, "id: a value of another type"},
        {CONFERENCE, {"id", "in", ""}, "id: a value of another type"},
        {CONFERENCE, {"id", "range", "1"}, "id: range needs two values"},
        {CONFERENCE, {"id", "range", "1,2,3"}, "id: range needs two values"},
        {CONFERENCE, {"id", "isnull", "maybe"}, "id: isnull is 0 or 1"},
        {CONFERENCE, {"allow_guests", "", "yes"}, "allow_guests: a value"},
        {CONFERENCE, {"creation_time", "gt", "yesterday"}, "creation_time: a"},
        {CONFERENCE,
         {"creation_time", "gt", "2026-02-11T18:04:02.12xZ"},
         "creation_time: a value of another type"},
        {CONFERENCE, {"name", "", "\xff"}, "filter: not UTF-8"},
        {CONFERENCE, {"name\" OR 1=1 --", "", "x"}, "filter: not a field"},
        {PL_MGMT_RESOURCE_EVENT_SINK, {"password", "", "x"}, "filter: not a"},
        {PL_MGMT_RESOURCE_EVENT_SINK,
         {"password", "startswith", "s"},
         "filter: not a field that filters"},
        {77, {"name", "", "x"}, "no such resource"},
        {0, {"name", "", "x"}, "no such resource"},
    };
    question *q = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const asking *a = &cases[i].asked;
        pl_err e =
            question_one(q, cases[i].resource, a->field, a->op, a->value);
        if (e != PL_EINVAL ||
            strncmp(q->fault, cases[i].fault, strlen(cases[i].fault)) != 0)
            fail_msg("%s %s %s: %d %s", a->field, a->op, a->value, (int)e,
                     q->fault);
    }
}

static void only_fields_that_order_do(void **state)
{
    static const struct {
        const char *order, *ids;
    } good[] = {
        {"name", "1 3 2"},
        {"-name", "2 3 1"},
        {"-id", "3 2 1"},
        {"tag", "3 2 1"},
        {"allow_guests", "2 3 1"},
        {"sync_tag", "1 3 2"},
        {"-allow_guests", "1 2 3"},
        {"-creation_time", "3 2 1"},
        {"participant_limit", "2 1 3"},
    };
    static const char *const bad[] = {
        "-",        "--name",         "nmae", "name desc",
        "aliases",  "aliases__alias", "NAME", "host_view",
        "id, name", "resource_uri"};
    question *q = *state;
    char text[TEXT_MAX];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pl_management_query m =
            question_make(CONFERENCE, NULL, 0, good[i].order);
        assert_int_equal(question_ask(q, &m), PL_OK);
        question_ids(q, text, sizeof text);
        assert_string_equal(text, good[i].ids);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pl_management_query m = question_make(CONFERENCE, NULL, 0, bad[i]);
        assert_int_equal(question_ask(q, &m), PL_EINVAL);
        assert_memory_equal(q->fault, "order: ", 7);
    }
    pl_management_query m =
        question_make(PL_MGMT_RESOURCE_EVENT_SINK, NULL, 0, "password");
    assert_int_equal(question_ask(q, &m), PL_EINVAL);
}

static void a_page_is_a_part_and_the_total_is_all(void **state)
{
    question *q = *state;
    char text[TEXT_MAX];
    pl_management_query m = question_make(CONFERENCE, NULL, 0, "-name");
    m.limit = 1;
    m.offset = 1;
    assert_int_equal(question_ask(q, &m), PL_OK);
    question_ids(q, text, sizeof text);
    assert_string_equal(text, "3");
    assert_int_equal(q->total, 3);
    m.offset = INT32_MAX;
    assert_int_equal(question_ask(q, &m), PL_OK);
    assert_int_equal(q->n_ids, 0);
    assert_int_equal(q->total, 3);
}

static void ask_id(question *q, uint32_t resource, const char *id,
                   uint64_t total)
{
    pl_management_query m = question_make(resource, NULL, 0, "");
    pl_fmt_cut(m.id, sizeof m.id, "%s", id);
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, id);
    assert_int_equal(question_ask(q, &m), PL_OK);
    assert_int_equal(q->total, total);
    assert_int_equal(q->n_ids, total);
}

static void expect_str(const pl_json *json, const char *key, const char *value)
{
    pl_slice text = {NULL, 0};
    assert_int_equal(pl_json_get_str(json, key, &text), PL_OK);
    if (!pl_slice_eq_str(text, value))
        fail_msg("%s is not %s", key, value);
}

static void an_object_has_its_lists_and_settings(void **state)
{
    question *q = *state;
    int64_t n = 0;
    ask_id(q, CONFERENCE, "1", 1);
    expect_str(q->first, "name", "Alpha");
    expect_str(q->first, "pin", "4471");
    expect_str(q->first, "guest_pin", "9036");
    expect_str(q->first, "tag", "red");
    expect_str(q->first, "service_type", "lecture");
    expect_str(q->first, "creation_time", "2026-02-11T18:04:01.120Z");
    assert_non_null(pl_json_get(q->first, "host_view")); /* null, and there */
    assert_int_equal(pl_json_get_i64(q->first, "participant_limit", &n), PL_OK);
    assert_int_equal(n, 4);
    const pl_json *aliases = pl_json_get(q->first, "aliases");
    assert_int_equal(pl_json_count(aliases), 2);
    expect_str(pl_json_at(aliases, 0), "alias", "Alpha@example.org");
    expect_str(pl_json_at(aliases, 1), "description", "two");
    expect_str(pl_json_at(aliases, 1), "creation_time",
               "2026-02-11T18:04:01.121Z");
    assert_int_equal(pl_json_get_i64(pl_json_at(aliases, 1), "id", &n), PL_OK);
    assert_int_equal(n, 8);
    assert_int_equal(
        pl_json_count(pl_json_get(q->first, "automatic_participants")), 1);
    ask_id(q, CONFERENCE, "2", 1);
    expect_str(q->first, "pin", "1234");
    expect_str(q->first, "guest_pin", "");
    ask_id(q, CONFERENCE, "3", 1);
    assert_null(pl_json_get(q->first, "host_view")); /* no row */
    assert_int_equal(pl_json_count(pl_json_get(q->first, "aliases")), 0);
    ask_id(q, CONFERENCE, "4", 0);
    ask_id(q, PL_MGMT_RESOURCE_AUTOMATIC_PARTICIPANT, "5", 1);
    expect_str(q->first, "role", "host");
    assert_int_equal(pl_json_count(pl_json_get(q->first, "conference")), 2);
}

static void a_password_is_never_read(void **state)
{
    question *q = *state;
    ask_id(q, PL_MGMT_RESOURCE_EVENT_SINK, "6", 1);
    expect_str(q->first, "username", "me");
    assert_null(pl_json_get(q->first, "password"));
    assert_int_equal(pl_json_count(pl_json_get(q->first, "events")), 1);
}

/* A list without filters succeeds for each resource: every column is there. */
static void the_views_have_the_columns_of_the_table(void **state)
{
    question *q = *state;
    for (uint32_t i = 1; i <= PL_MGMT_RESOURCE_PAST_PARTICIPANT; i++) {
        pl_management_query m = question_make(i, NULL, 0, "-id");
        if (question_ask(q, &m))
            fail_msg("%s", pl_mgmt_resource_text(i));
    }
}

/* ---- hostile ---- */

static pl_err ask_raw(question *q, const void *blob, size_t len)
{
    pl_management_query m = question_make(CONFERENCE, blob, len, "");
    return question_ask(q, &m);
}

static void triplets_must_be_whole(void **state)
{
    question *q = *state;
    static const char whole[] = "name\0\0Alpha"; /* and the NUL behind it */
    assert_int_equal(ask_raw(q, whole, sizeof whole), PL_OK);
    assert_int_equal(q->total, 1);
    for (size_t n = 1; n < sizeof whole; n++) {
        assert_int_equal(ask_raw(q, whole, n), PL_EINVAL);
        assert_string_equal(q->fault, "filter: not field, operator and value");
    }
    assert_int_equal(ask_raw(q, "name\0\0a\0b", 10), PL_EINVAL);
}

static void values_cannot_get_out_of_their_place(void **state)
{
    static const char *const values[] = {
        "' OR '1'='1",
        "'; DROP TABLE rooms; --",
        "\" OR \"\"=\"",
        "?1",
        ":a",
        "Alpha' --",
        "\\",
        "\\'",
        "*/ OR 1=1 /*",
        "x') OR ('1'='1",
    };
    static const char *const operators[] = {
        "exact",    "iexact",    "contains", "icontains", "startswith",
        "endswith", "iendswith", "in",       "gt",        "istartswith"};
    question *q = *state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        for (size_t k = 0; k < sizeof operators / sizeof operators[0]; k++) {
            assert_int_equal(question_one(q, CONFERENCE, "description",
                                          operators[k], values[i]),
                             PL_OK);
            if (strcmp(operators[k], "gt") != 0)
                assert_int_equal(q->total, 0);
            assert_int_equal(question_one(q, CONFERENCE, "aliases__alias",
                                          operators[k], values[i]),
                             PL_OK);
            assert_int_equal(question_one(q, CONFERENCE, "sync_tag",
                                          operators[k], values[i]),
                             PL_OK);
        }
    }
    pl_management_query m = question_make(CONFERENCE, NULL, 0, "");
    assert_int_equal(question_ask(q, &m), PL_OK);
    assert_int_equal(q->total, 3);
}

static void there_are_bounds(void **state)
{
    question *q = *state;
    static uint8_t blob[16384];
    size_t len = 0;
    for (unsigned i = 0; i <= PL_MGMT_FILTERS_MAX; i++) {
        len += question_blob(&(asking){"name", "contains", "a"}, 1, blob + len,
                             sizeof blob - len);
        assert_int_equal(ask_raw(q, blob, len),
                         i < PL_MGMT_FILTERS_MAX ? PL_OK : PL_EINVAL);
    }
    assert_string_equal(q->fault, "filter: too many");
    /* 8000 values */
    len = question_blob(&(asking){"id", "in", "1"}, 1, blob, sizeof blob) - 1;
    while (len + 3 < sizeof blob) {
        memcpy(blob + len, ",1", 2);
        len += 2;
    }
    blob[len++] = 0;
    assert_int_equal(ask_raw(q, blob, len), PL_EINVAL);
    assert_string_equal(q->fault, "id: too many values");
    /* One value as long as can be, of what LIKE must be told to take as is. */
    len = question_blob(&(asking){"name", "icontains", ""}, 1, blob,
                        sizeof blob) -
          1;
    memset(blob + len, '%', sizeof blob - len - 1);
    blob[sizeof blob - 1] = 0;
    assert_int_equal(ask_raw(q, blob, sizeof blob), PL_OK);
    assert_int_equal(q->total, 0);
    /* The most values there may be, with limit and offset. */
    len = question_blob(&(asking){"id", "in", "1"}, 1, blob, sizeof blob) - 1;
    for (unsigned i = 1; i < PL_MGMT_VALUES_MAX - 2; i++) {
        memcpy(blob + len, ",1", 2);
        len += 2;
    }
    blob[len++] = 0;
    assert_int_equal(ask_raw(q, blob, len), PL_OK);
    assert_int_equal(q->total, 1);
}

/* ---- effort ---- */

static void write_many(question *q)
{
    question_write(
        q,
        "WITH RECURSIVE n(i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 2010) INSERT INTO rooms (room_id, source, state, mode, "
        "pin_hash, host_pin_hash, max_participants, max_talkers, announce, "
        "created_at, room_no, tag, description, allow_guests, service_type) "
        "SELECT 'room-' || i, 'admin', "
        "'enabled', 'mix', '', '', 0, 0, '', " AT "1.000Z', i, 'tag', "
        "'text', 0, 'conference' FROM n;"
        "INSERT INTO aliases SELECT lower(room_id), room_id, room_no + 1000, "
        "room_id, '', created_at FROM rooms WHERE room_no > 10;"
        "INSERT INTO conferences (conf_id, room_id, kind, state, mode, epoch, "
        "max_participants, max_talkers, started_at, end_reason) SELECT 'c' || "
        "room_no, room_id, 'room', 'live', 'mix', room_no, 5, 3, created_at, "
        "'' FROM rooms WHERE room_no > 10;"
        "INSERT INTO call_records (participant_id, conf_id, room_id, kind, "
        "role, display_name, address, started_at, left_at, reason) SELECT 'p' "
        "|| room_no, 'c' || room_no, room_id, 'page', 'guest', 'x', '', "
        "created_at, created_at, '' FROM rooms WHERE room_no > 10;"
        "INSERT INTO conference_records SELECT 'c' || room_no, room_id, "
        "'room', '', 1, 1, created_at, created_at, '' FROM rooms WHERE "
        "room_no > 10");
}

static void look_ups_use_an_index(void **state)
{
    static const struct {
        uint32_t resource;
        asking asked;
    } cases[] = {
        {CONFERENCE, {"name", "", "room-77"}},
        {CONFERENCE, {"name", "startswith", "room-7"}},
        {CONFERENCE, {"name", "in", "room-77,room-78"}},
        {CONFERENCE, {"id", "", "77"}},
        {CONFERENCE, {"aliases__alias", "", "room-77"}},
        {PL_MGMT_RESOURCE_ALIAS, {"id", "", "1077"}},
        {PL_MGMT_RESOURCE_ALIAS, {"alias", "", "room-77"}},
        {PL_MGMT_RESOURCE_ALIAS, {"alias", "startswith", "room-7"}},
        {PL_MGMT_RESOURCE_ALIAS, {"conference", "", "77"}},
        {PL_MGMT_RESOURCE_ALIAS, {"conference__name", "", "room-77"}},
        {PL_MGMT_RESOURCE_LIVE_CONFERENCE, {"name", "", "room-77"}},
        {PL_MGMT_RESOURCE_LIVE_CONFERENCE, {"id", "", "c77"}},
        {PL_MGMT_RESOURCE_LIVE_PARTICIPANT, {"id", "", "p77"}},
        {PL_MGMT_RESOURCE_LIVE_PARTICIPANT, {"conference", "", "room-77"}},
        {PL_MGMT_RESOURCE_PAST_CONFERENCE, {"name", "", "room-77"}},
        {PL_MGMT_RESOURCE_PAST_CONFERENCE,
         {"start_time", "gte", "2026-02-11T18:04:02.120Z"}},
        {PL_MGMT_RESOURCE_PAST_CONFERENCE,
         {"end_time", "lte", "2026-02-11T18:04:02.120Z"}},
        {PL_MGMT_RESOURCE_PAST_PARTICIPANT, {"conference_name", "", "room-7"}},
        {PL_MGMT_RESOURCE_PAST_PARTICIPANT,
         {"start_time", "gte", "2026-02-11T18:04:02.120Z"}},
        {PL_MGMT_RESOURCE_PAST_PARTICIPANT,
         {"end_time", "gte", "2026-02-11T18:04:02.120Z"}},
    };
    question *q = *state;
    char plan[TEXT_MAX];
    write_many(q);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t blob[256];
        size_t len = question_blob(&cases[i].asked, 1, blob, sizeof blob);
        pl_management_query m = question_make(cases[i].resource, blob, len, "");
        question_plan(q, &m, plan, sizeof plan);
        /* Subqueries of lists are read whole, but are themselves searched. */
        for (char *scan = plan; (scan = strstr(scan, "SCAN ")); scan++) {
            if (strncmp(scan, "SCAN a\n", 7) != 0)
                fail_msg("%s %s: %s", cases[i].asked.field,
                         cases[i].asked.value, plan);
        }
        assert_non_null(strstr(plan, "SEARCH"));
    }
}

/* What finds the objects does not make them. */
static void a_page_makes_only_its_own_objects(void **state)
{
    question *q = *state;
    static pl_management_sql sql;
    write_many(q);
    pl_management_query m = question_make(CONFERENCE, NULL, 0, "-tag");
    assert_int_equal(pl_management_sql_init(&sql, &m, q->fault), PL_OK);
    assert_null(strstr(pl_buf_text(&sql.count), "json"));
    assert_null(strstr(pl_buf_text(&sql.keys), "json"));
    assert_non_null(strstr(pl_buf_text(&sql.object), "json"));
    pl_management_sql_fini(&sql);
    m.limit = 20;
    assert_int_equal(question_ask(q, &m), PL_OK);
    assert_int_equal(q->total, 2003);
    assert_int_equal(q->n_ids, 20);
}

static void too_much_is_cut_off_and_hurts_nothing(void **state)
{
    question *q = *state;
    write_many(q);
    const pl_meta_row row = {.name = "x", .value = "y"};
    assert_int_equal(q->store->ops->put(q->store, &PL_TABLE_META, &row), PL_OK);
    q->max_us = 0;
    assert_int_equal(
        question_one(q, CONFERENCE, "description", "icontains", "z"),
        PL_EUNAVAILABLE);
    q->max_us = 60000000;
    assert_int_equal(
        question_one(q, CONFERENCE, "description", "icontains", "z"), PL_OK);
    assert_true(q->store->ops->is_dirty(q->store));
    assert_int_equal(q->store->ops->commit(q->store), PL_OK);
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(q->db,
                                        "SELECT 1 FROM meta WHERE name = 'x'",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    sqlite3_finalize(stmt);
}

static void what_this_turn_wrote_is_seen(void **state)
{
    question *q = *state;
    const pl_room_row row = {.room_id = "new one",
                             .source = PL_ROOM_SOURCE_ADMIN,
                             .state = PL_ROOM_STATE_ENABLED,
                             .mode = PL_ROOM_MODE_MIX,
                             .created_at = 1795000000123,
                             .room_no = 50,
                             .service_type = "conference",
                             .channels = 1,
                             .dtmf = PL_DTMF_POLICY_EAT,
                             .record = PL_RECORD_POLICY_MANUAL};
    assert_int_equal(q->store->ops->put(q->store, &PL_TABLE_ROOM, &row), PL_OK);
    expect(q, CONFERENCE, &(asking){"name", "", "new one"}, "50");
    assert_int_equal(q->store->ops->commit(q->store), PL_OK);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(only_managed_rooms_that_are_there),
        T(each_operator_does_what_it_says),
        T(aliases_are_found_by_conference),
        T(a_mistyped_filter_is_an_error),
        T(only_fields_that_order_do),
        T(a_page_is_a_part_and_the_total_is_all),
        T(an_object_has_its_lists_and_settings),
        T(a_password_is_never_read),
        T(the_views_have_the_columns_of_the_table),
        T(triplets_must_be_whole),
        T(values_cannot_get_out_of_their_place),
        T(there_are_bounds),
        T(look_ups_use_an_index),
        T(a_page_makes_only_its_own_objects),
        T(too_much_is_cut_off_and_hurts_nothing),
        T(what_this_turn_wrote_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
