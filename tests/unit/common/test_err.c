#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/err.h"

static void each_code_has_a_text_and_statuses(void **state)
{
    (void)state;
    for (int i = 0; i < PL_ERR_COUNT; i++) {
        pl_err e = (pl_err)i;
        assert_true(strlen(pl_err_text(e)) > 0);
        assert_in_range(pl_err_http(e), 200, 599);
        assert_in_range(pl_err_sip(e), 200, 699);
    }
}

static void a_foreign_value_is_an_internal_fault(void **state)
{
    (void)state;
    pl_err e = (pl_err)PL_ERR_COUNT;
    assert_string_equal(pl_err_text(e), "unknown error");
    assert_int_equal(pl_err_http(e), 500);
    assert_int_equal(pl_err_sip(e), 500);
    assert_false(pl_err_is_retryable(e));
}

static void what_may_succeed_later_is_retryable(void **state)
{
    (void)state;
    assert_true(pl_err_is_retryable(PL_EFULL));
    assert_true(pl_err_is_retryable(PL_EDRAIN));
    assert_false(pl_err_is_retryable(PL_EINVAL));
    assert_int_equal(pl_err_http(PL_ENOENT), 404); /* RFC 9110 s. 15.5.5 */
    assert_int_equal(pl_err_sip(PL_EMEDIA), 488);  /* RFC 3261 s. 21.4.26 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_a_text_and_statuses),
        cmocka_unit_test(a_foreign_value_is_an_internal_fault),
        cmocka_unit_test(what_may_succeed_later_is_retryable),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
