#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/slice.h"

static void equality_is_bytewise(void **state)
{
    (void)state;
    assert_true(pl_slice_eq(pl_slice_str("abc"), pl_slice_str("abc")));
    assert_false(pl_slice_eq(pl_slice_str("abc"), pl_slice_str("abd")));
    assert_false(pl_slice_eq(pl_slice_str("abc"), pl_slice_str("ab")));
    assert_true(pl_slice_eq_str(pl_slice_str("x"), "x"));
}

static void empty_slices_are_equal_whatever_they_point_to(void **state)
{
    (void)state;
    assert_true(pl_slice_eq(pl_slice_str(NULL), pl_slice_str("")));
    assert_true(pl_slice_eq_secret((pl_slice){0}, pl_slice_str("")));
}

static void case_is_folded_for_ascii_only(void **state)
{
    (void)state;
    assert_true(pl_slice_eq_nocase(pl_slice_str("InViTe"), "iNVITE"));
    assert_false(pl_slice_eq_nocase(pl_slice_str("\xc3\x84"), "\xc3\xa4"));
    assert_false(pl_slice_eq_nocase(pl_slice_str("a"), "ab"));
}

static void secrets_compare_by_every_byte(void **state)
{
    (void)state;
    assert_true(pl_slice_eq_secret(pl_slice_str("4711"), pl_slice_str("4711")));
    assert_false(
        pl_slice_eq_secret(pl_slice_str("4711"), pl_slice_str("5711")));
    assert_false(
        pl_slice_eq_secret(pl_slice_str("4711"), pl_slice_str("4712")));
    assert_false(pl_slice_eq_secret(pl_slice_str("4711"), pl_slice_str("471")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_is_bytewise),
        cmocka_unit_test(empty_slices_are_equal_whatever_they_point_to),
        cmocka_unit_test(case_is_folded_for_ascii_only),
        cmocka_unit_test(secrets_compare_by_every_byte),
    };
    return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
