/* test_utc.c - times as the database keeps them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/utc.h"
#include "pl/str.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
