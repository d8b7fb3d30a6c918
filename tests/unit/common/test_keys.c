/* test_keys.c - which texts are keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/keys.h"

static void keys_of_a_telephone_and_pauses(void **state)
{
    (void)state;
    assert_true(pl_is_keys(pl_slice_str("0123456789*#ABCDabcd")));
    assert_true(pl_is_keys(pl_slice_str(",,1")));
    assert_false(pl_is_keys(pl_slice_str("")));
    assert_false(pl_is_keys(pl_slice_str("1 2")));
    assert_false(pl_is_keys(pl_slice_str("1;2")));
    assert_false(pl_is_keys(pl_slice_str("E")));
    assert_false(pl_is_keys((pl_slice){(const uint8_t *)"1\0", 2}));
}

static void as_many_as_fit(void **state)
{
    (void)state;
    uint8_t text[PL_KEYS_MAX + 1];
    memset(text, '5', sizeof text);
    assert_true(pl_is_keys((pl_slice){text, PL_KEYS_MAX}));
    assert_false(pl_is_keys((pl_slice){text, PL_KEYS_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_a_telephone_and_pauses),
        cmocka_unit_test(as_many_as_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
