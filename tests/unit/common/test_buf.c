/* test_buf.c - growable bytes with a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pl/buf.h"

static void grows_up_to_its_bound_and_stays_failed(void **state)
{
    pl_buf buf;
    (void)state;
    pl_buf_init(&buf, 1000);
    for (int i = 0; i < 250; i++)
        pl_buf_add_fmt(&buf, "%04d", i);
    assert_false(buf.has_failed);
    assert_int_equal(buf.len, 1000);
    pl_buf_add_str(&buf, "x");
    assert_true(buf.has_failed);
    assert_int_equal(buf.len, 1000);
    pl_buf_clear(&buf);
    assert_false(buf.has_failed);
    assert_string_equal(pl_buf_text(&buf), "");
    pl_buf_fini(&buf);
    assert_string_equal(pl_buf_text(&buf), "");
}

static void refuses_lengths_that_would_wrap(void **state)
{
    pl_buf buf;
    (void)state;
    pl_buf_init(&buf, 16);
    pl_buf_add(&buf, "abc", 3);
    pl_buf_add(&buf, "abc", SIZE_MAX - 1);
    assert_true(buf.has_failed);
    assert_string_equal(pl_buf_text(&buf), "abc");
    pl_buf_wipe(&buf);
    pl_buf_wipe(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_bound_and_stays_failed),
        cmocka_unit_test(refuses_lengths_that_would_wrap),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
