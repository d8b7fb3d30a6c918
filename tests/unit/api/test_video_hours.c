/* test_video_hours.c - when it is open, in which zone. */
#include "cm.h"

#include <string.h>

#include "pl/utc.h"
#include "video_hours.h"

static pl_json *parse(const char *text)
{
    pl_json *json = NULL;
    assert_int_equal(pl_json_parse(pl_slice_str(text), &json), PL_OK);
    return json;
}

static bool is_open(const pl_json *hours, const char *local)
{
    int64_t ms;
    assert_int_equal(pl_utc_read(pl_slice_str(local), &ms), PL_OK);
    return pl_hours_are_open(hours, ms);
}

static void it_is_open_in_its_periods(void **state)
{
    pl_json *hours = parse(
        "{\"time_zone\":\"America/Vancouver\",\"regular_service_periods\":["
        "{\"start_day\":\"MON\",\"end_day\":\"Friday\",\"start_time\":"
        "\"07:30\",\"end_time\":\"17:00:00\"},"
        "{\"start_day\":\"SAT\",\"end_day\":\"mon\",\"start_time\":"
        "\"22:00\",\"end_time\":\"24:00\"}],"
        "\"service_unavailable_periods\":["
        "{\"start_date\":\"2026-12-24T12:00\",\"end_date\":\"2026-12-26\","
        "\"reason\":\"HOLIDAY\"}]}");
    static const struct {
        const char *local;
        bool is_open;
    } rows[] = {
        {"2026-11-20T07:29:59", false}, /* a Friday */
        {"2026-11-20T07:30:00", true},  {"2026-11-20T16:59:59", true},
        {"2026-11-20T17:00:00", false}, {"2026-11-20T22:30:00", false},
        {"2026-11-21T10:00:00", false}, {"2026-11-21T22:00:00", true},
        {"2026-11-22T23:59:59", true},  {"2026-11-23T22:00:00", true},
        {"2026-11-23T08:00:00", true},  {"2026-11-24T22:00:00", false},
        {"2026-12-24T11:59:00", true},  {"2026-12-24T12:00:00", false},
        {"2026-12-25T09:00:00", false}, {"2026-12-28T09:00:00", true},
    };
    char zone[PL_ZONE_NAME_MAX + 1];
    (void)state;
    assert_null(pl_hours_fault(hours));
    pl_hours_zone(hours, zone);
    assert_string_equal(zone, "America/Vancouver");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (is_open(hours, rows[i].local) != rows[i].is_open)
            print_error("%s\n", rows[i].local);
        assert_int_equal(is_open(hours, rows[i].local), rows[i].is_open);
    }
    pl_json_free(&hours);
}

static void without_periods_it_is_open(void **state)
{
    pl_json *hours = parse("{\"time_zone\":\"UTC\"}");
    (void)state;
    assert_null(pl_hours_fault(hours));
    assert_true(is_open(hours, "2026-11-22T03:00:00"));
    pl_json_free(&hours);
}

static void bad_hours_are_refused(void **state)
{
#define PERIOD(text)                                                           \
    "{\"time_zone\":\"UTC\",\"regular_service_periods\":[" text "]}"
#define PAUSE(text)                                                            \
    "{\"time_zone\":\"UTC\",\"service_unavailable_periods\":[" text "]}"
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"time_zone\":5}",
        "{\"time_zone\":\"\"}",
        PERIOD("1"),
        PERIOD("{\"start_day\":\"MON\",\"end_day\":\"FRI\",\"start_time\":"
               "\"09:00\"}"),
        PERIOD("{\"start_day\":\"MO\",\"end_day\":\"FRI\",\"start_time\":"
               "\"09:00\",\"end_time\":\"10:00\"}"),
        PERIOD("{\"start_day\":\"MON\",\"end_day\":\"FRI\",\"start_time\":"
               "\"9:00\",\"end_time\":\"10:00\"}"),
        PERIOD("{\"start_day\":\"MON\",\"end_day\":\"FRI\",\"start_time\":"
               "\"09:00\",\"end_time\":\"24:01\"}"),
        PERIOD("{\"start_day\":\"MON\",\"end_day\":\"FRI\",\"start_time\":"
               "\"10:00\",\"end_time\":\"10:00\"}"),
        PAUSE("{\"start_date\":\"2026-12-24\"}"),
        PAUSE("{\"start_date\":\"2026-12-24\",\"end_date\":\"soon\"}"),
        PAUSE("{\"start_date\":\"2026-12-24\",\"end_date\":\"2026-12-22\"}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pl_json *hours = parse(bad[i]);
        assert_non_null(pl_hours_fault(hours));
        pl_json_free(&hours);
    }
}

/* ---- zones: a file of two changes, with times of 32 and 64 bits ---- */

static size_t put(uint8_t *at, int64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)((uint64_t)value >> 8 * (n - 1 - i));
    return n;
}

static size_t put_block(uint8_t *p, size_t width, int32_t standard)
{
    const int32_t counts[] = {0, 0, 0, 2, 2, 4};
    size_t n = 0;
    memcpy(p, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    n = 20;
    for (size_t i = 0; i < 6; i++)
        n += put(p + n, counts[i], 4);
    n += put(p + n, 1000, width);
    n += put(p + n, 2000, width);
    p[n++] = 1;
    p[n++] = 0;
    n += put(p + n, standard, 4);
    n += put(p + n, 0, 2);
    n += put(p + n, standard + 3600, 4);
    n += put(p + n, 0x0100, 2);
    memcpy(p + n, "ABC", 4);
    return n + 4;
}

static void a_zone_changes_at_its_times(void **state)
{
    uint8_t file[256];
    size_t n = put_block(file, 4, 0);
    int64_t ms;
    (void)state;
    n += put_block(file + n, 8, -28800);
    pl_slice zone = {file, n};
    assert_int_equal(pl_zone_offset(zone, 0, &ms), PL_OK);
    assert_int_equal(ms, -28800000);
    assert_int_equal(pl_zone_offset(zone, 1000000, &ms), PL_OK);
    assert_int_equal(ms, -25200000);
    assert_int_equal(pl_zone_offset(zone, 1999999, &ms), PL_OK);
    assert_int_equal(ms, -25200000);
    assert_int_equal(pl_zone_offset(zone, INT64_C(9000000000000), &ms), PL_OK);
    assert_int_equal(ms, -28800000);
    assert_int_equal(pl_zone_offset((pl_slice){NULL, 0}, 5, &ms), PL_OK);
    assert_int_equal(ms, 0);
    for (size_t cut = 1; cut < n; cut++)
        assert_int_equal(pl_zone_offset((pl_slice){file, cut}, 0, &ms),
                         PL_EPROTO);
    for (size_t i = 20; i < 44; i += 4) { /* counts that lie */
        uint8_t bad[256];
        memcpy(bad, file, n);
        (void)put(bad + i, 0x7fffffff, 4);
        assert_int_equal(pl_zone_offset((pl_slice){bad, n}, 0, &ms), PL_EPROTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_open_in_its_periods),
        cmocka_unit_test(without_periods_it_is_open),
        cmocka_unit_test(bad_hours_are_refused),
        cmocka_unit_test(a_zone_changes_at_its_times),
    };
    return cmocka_run_group_tests_name("video hours", tests, NULL, NULL);
}
