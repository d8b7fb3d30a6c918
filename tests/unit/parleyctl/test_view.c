/* test_view.c - lists of roompool as tables and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view.h"

enum { OUT_MAX = 65536 };
static const int64_t NOW_MS = INT64_C(1795294800000); /* 2026-11-21T21:00:00Z */

static pl_ctl_rows *rows_of(pl_ctl_verb verb, const char *match, uint32_t limit)
{
    pl_ctl_rows *rows = NULL;
    const pl_ctl_view *view = pl_ctl_view_of(verb);
    assert_non_null(view);
    assert_int_equal(pl_ctl_rows_create(view, match, limit, &rows), PL_OK);
    return rows;
}

static pl_err add(pl_ctl_rows *rows, const char *json)
{
    char text[4096];
    size_t n = 0;
    size_t len = strlen(json);
    assert_true(len < sizeof text);
    for (size_t i = 0; i <= len; i++) {
        text[i] = json[i];
        if (text[i] == '\'')
            text[i] = '"';
    }
    return pl_ctl_rows_add(rows, pl_slice_str(text), &n);
}

static const char CONFERENCES[] =
    "[{'room':'lobby','kind':'room','participants':3,'waiting':0,'ringing':0,"
    "'started':true,'locked':false,'media_worker':'media-1.1','epoch':7,"
    "'started_at':'2026-11-21T20:00:00.000Z','conference':'c0ffee-1'},"
    "{'room':'den','kind':'room','participants':1,'waiting':2,'ringing':0,"
    "'started':false,'locked':true,'media_worker':'media-1.1','epoch':8,"
    "'started_at':'2026-11-19T18:00:00.000Z','conference':'decaf-2'}]";

static void conferences_are_a_table(void **state)
{
    (void)state;
    pl_buf out;
    pl_ctl_rows *rows = rows_of(PL_CTL_CONFERENCES, NULL, 10);
    pl_buf_init(&out, OUT_MAX);
    assert_int_equal(add(rows, CONFERENCES), PL_OK);
    assert_int_equal(pl_ctl_rows_sort(rows), PL_OK);
    assert_int_equal(pl_ctl_view_table(rows, NOW_MS, 0, &out), PL_OK);
    assert_string_equal(
        pl_buf_text(&out),
        "ROOM   KIND  PEOPLE  WAIT  RING  STARTED  LOCKED  MEDIA WORKER  "
        "EPOCH    AGE  CONFERENCE\n"
        "den    room       1     2     0           yes     media-1.1     "
        "    8  2d03h  decaf-2\n"
        "lobby  room       3     0     0  yes              media-1.1     "
        "    7  1h00m  c0ffee-1\n");
    pl_buf_fini(&out);
    pl_ctl_rows_destroy(&rows);
}

static void json_has_the_members_as_they_came(void **state)
{
    (void)state;
    pl_buf out;
    pl_ctl_rows *rows = rows_of(PL_CTL_ROOMS, NULL, 10);
    pl_buf_init(&out, OUT_MAX);
    assert_int_equal(add(rows, "[{'room':'b','z':null,'a':1}]"), PL_OK);
    assert_int_equal(add(rows, "[{'room':'a','z':true,'a':2}]"), PL_OK);
    assert_int_equal(pl_ctl_rows_sort(rows), PL_OK);
    assert_int_equal(pl_ctl_view_json(rows, true, &out), PL_OK);
    assert_string_equal(
        pl_buf_text(&out),
        "{\"rooms\":[{\"room\":\"a\",\"z\":true,\"a\":2},"
        "{\"room\":\"b\",\"z\":null,\"a\":1}],\"more\":true}\n");
    pl_buf_clear(&out);
    pl_ctl_rows_destroy(&rows);
    rows = rows_of(PL_CTL_WORKERS, NULL, 10);
    assert_int_equal(add(rows, "[]"), PL_OK);
    assert_int_equal(pl_ctl_view_json(rows, false, &out), PL_OK);
    assert_string_equal(pl_buf_text(&out), "{\"workers\":[],\"more\":false}\n");
    pl_buf_fini(&out);
    pl_ctl_rows_destroy(&rows);
}

static void rows_are_chosen_by_room_or_conference(void **state)
{
    (void)state;
    const struct {
        const char *match;
        size_t n;
    } cases[] = {{NULL, 2},   {"lobby", 1}, {"c0ffee-1", 1},
                 {"deca", 1}, {"dec", 0}, /* too short to stand for an id */
                 {"lob", 0},  {"none", 0},  {"decaf-22", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pl_ctl_rows *rows = rows_of(PL_CTL_CONFERENCES, cases[i].match, 10);
        assert_int_equal(add(rows, CONFERENCES), PL_OK);
        assert_int_equal(pl_ctl_rows_count(rows), cases[i].n);
        pl_ctl_rows_destroy(&rows);
    }
}

static void rows_are_bounded(void **state)
{
    (void)state;
    pl_ctl_rows *rows = rows_of(PL_CTL_CONFERENCES, NULL, 1);
    assert_int_equal(add(rows, CONFERENCES), PL_EFULL);
    assert_int_equal(pl_ctl_rows_count(rows), 1);
    assert_null(pl_ctl_rows_at(rows, 1));
    pl_ctl_rows_destroy(&rows);
}

static void other_pages_are_refused(void **state)
{
    (void)state;
    static const char *const pages[] = {"",    "{}",     "[1]",
                                        "[{}", "[{}] ]", "[[]]"};
    pl_ctl_rows *rows = rows_of(PL_CTL_ROOMS, NULL, 10);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        assert_int_equal(add(rows, pages[i]), PL_EPROTO);
    assert_int_equal(pl_ctl_rows_count(rows), 0);
    pl_ctl_rows_destroy(&rows);
}

static void members_of_another_type_are_left_out(void **state)
{
    (void)state;
    pl_buf out;
    pl_ctl_rows *rows = rows_of(PL_CTL_RECORDINGS, NULL, 10);
    pl_buf_init(&out, OUT_MAX);
    assert_int_equal(add(rows, "[{'room':7,'bytes':'x','files':null,"
                               "'started_at':'soon','ended_at':3},"
                               "{'bytes':1536,'files':2}]"),
                     PL_OK);
    assert_int_equal(pl_ctl_view_table(rows, NOW_MS, 0, &out), PL_OK);
    assert_non_null(strstr(pl_buf_text(&out), "1.5 KiB"));
    pl_buf_fini(&out);
    pl_ctl_rows_destroy(&rows);
}

static void every_list_has_a_view(void **state)
{
    (void)state;
    for (unsigned v = PL_CTL_WORKERS; v <= PL_CTL_RECORDINGS; v++) {
        pl_buf out;
        pl_ctl_rows *rows = rows_of((pl_ctl_verb)v, NULL, 10);
        pl_buf_init(&out, OUT_MAX);
        assert_true(pl_ctl_view_what(pl_ctl_view_of((pl_ctl_verb)v)) > 0);
        assert_int_equal(add(rows, "[{},{}]"), PL_OK);
        assert_int_equal(pl_ctl_rows_sort(rows), PL_OK);
        assert_int_equal(pl_ctl_view_table(rows, NOW_MS, 80, &out), PL_OK);
        pl_buf_fini(&out);
        pl_ctl_rows_destroy(&rows);
    }
    assert_null(pl_ctl_view_of(PL_CTL_DRAIN));
}

static void ages_are_short(void **state)
{
    (void)state;
    const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "0s"},
                {59999, "59s"},
                {60000, "1m"},
                {3599000, "59m"},
                {3661000, "1h01m"},
                {INT64_C(90000000), "1d01h"},
                {-30000, "in 30s"},
                {INT64_C(-7200000), "in 2h00m"},
                {INT64_MAX, "100000d00h"},
                {INT64_MIN, "in 100000d00h"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[PL_CTL_AGE_TEXT];
        pl_ctl_age(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conferences_are_a_table),
        cmocka_unit_test(json_has_the_members_as_they_came),
        cmocka_unit_test(rows_are_chosen_by_room_or_conference),
        cmocka_unit_test(rows_are_bounded),
        cmocka_unit_test(other_pages_are_refused),
        cmocka_unit_test(members_of_another_type_are_left_out),
        cmocka_unit_test(every_list_has_a_view),
        cmocka_unit_test(ages_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
