/* test_source_count.c - shares of addresses. */
#include "cm.h"

#include "source_count.h"

static void an_address_gets_its_share_and_no_more(void **state)
{
    (void)state;
    pl_source_count *c = NULL;
    assert_int_equal(pl_source_count_create(2, &c), PL_OK);
    assert_int_equal(pl_source_enter(c, "192.0.2.1"), PL_OK);
    assert_int_equal(pl_source_enter(c, "192.0.2.1"), PL_OK);
    assert_int_equal(pl_source_enter(c, "192.0.2.1"), PL_EFULL);
    assert_int_equal(pl_source_enter(c, "192.0.2.2"), PL_OK);
    pl_source_leave(c, "192.0.2.1");
    assert_int_equal(pl_source_enter(c, "192.0.2.1"), PL_OK);
    pl_source_leave(c, "198.51.100.1"); /* was never there */
    pl_source_count_destroy(&c);        /* with entries left */
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_gets_its_share_and_no_more),
    };
    return cmocka_run_group_tests_name("source_count", tests, NULL, NULL);
}
