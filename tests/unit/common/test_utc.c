/* test_utc.c - times as the database keeps them, and as others write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pl/str.h"
#include "pl/utc.h"

static void what_is_written_is_read_back(void **state)
{
    static const int64_t times[] = {
        0, 1, 951782400000, 951868799999, 1795000000123, 4102444800000};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[PL_TIME_TEXT];
        int64_t back = -1;
        pl_time_text(times[i], text);
        assert_int_equal(pl_utc_parse(text, &back), PL_OK);
        assert_int_equal(back, times[i]);
    }
}

static void other_forms_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "2026-11-21",
                                      "2026-11-21T04:35:13Z",
                                      "2026-11-21 04:35:13.123Z",
                                      "2026-13-21T04:35:13.123Z",
                                      "2026-11-00T04:35:13.123Z",
                                      "2026-11-21T04:35:13.123Zx",
                                      "x026-11-21T04:35:13.123Z"};
    int64_t out = 7;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(pl_utc_parse(bad[i], &out), PL_EINVAL);
    assert_int_equal(out, 7);
}

static void times_of_others_are_read(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"2026-02-11", "2026-02-11T00:00:00.000Z"},
        {"2026-02-11T18:04", "2026-02-11T18:04:00.000Z"},
        {"2026-02-11T18:04:05", "2026-02-11T18:04:05.000Z"},
        {"2026-02-11 18:04:05Z", "2026-02-11T18:04:05.000Z"},
        {"2026-02-11T18:04:05.120934", "2026-02-11T18:04:05.120Z"},
        {"2026-02-11T18:04:05.12345678901234567890Z",
         "2026-02-11T18:04:05.123Z"},
        {"2026-02-11t18:04:05.5z", "2026-02-11T18:04:05.500Z"},
        {"2026-02-11T18:04:05+02:00", "2026-02-11T16:04:05.000Z"},
        {"2026-02-11T18:04:05-0830", "2026-02-12T02:34:05.000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000Z"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[PL_TIME_TEXT];
        int64_t ms = 0;
        assert_int_equal(pl_utc_read(pl_slice_str(rows[i].text), &ms), PL_OK);
        pl_time_text(ms, text);
        assert_string_equal(text, rows[i].want);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "2026",
                                      "2026-2-11",
                                      "2026-02-30",
                                      "2025-02-29",
                                      "2026-02-11T",
                                      "2026-02-11T24:00",
                                      "2026-02-11T18:60",
                                      "2026-02-11T18:04:",
                                      "2026-02-11T18:04:05.",
                                      "2026-02-11T18:04:05.Z",
                                      "2026-02-11T18:04:05+2",
                                      "2026-02-11T18:04:05Z ",
                                      "0000-01-01"};
    int64_t out = 7;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(pl_utc_read(pl_slice_str(bad[i]), &out), PL_EINVAL);
    }
    assert_int_equal(out, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(times_of_others_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
