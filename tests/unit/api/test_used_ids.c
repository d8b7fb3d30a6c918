/* test_used_ids.c - good once. */
#include "cm.h"

#include <stdio.h>

#include "used_ids.h"

static void is_used_up_once(void **state)
{
    pl_used_ids *used = NULL;
    (void)state;
    assert_int_equal(pl_used_ids_create(4, &used), PL_OK);
    assert_int_equal(pl_used_ids_add(used, "a", 1060, 1000), PL_OK);
    assert_int_equal(pl_used_ids_add(used, "a", 1060, 1059), PL_EAUTH);
    assert_int_equal(pl_used_ids_add(used, "b", 1060, 1059), PL_OK);
    assert_int_equal(pl_used_ids_add(used, "a", 1120, 1060), PL_OK);
    pl_used_ids_destroy(&used);
    assert_null(used);
}

/* What cannot be remembered is refused; expired ones make room. */
static void refuses_more_than_it_can_remember(void **state)
{
    enum { MAX = 100 };
    pl_used_ids *used = NULL;
    char id[8];
    (void)state;
    assert_int_equal(pl_used_ids_create(MAX, &used), PL_OK);
    for (unsigned i = 0; i < MAX; i++) {
        (void)snprintf(id, sizeof id, "%u", i);
        assert_int_equal(pl_used_ids_add(used, id, 1060, 1000), PL_OK);
    }
    assert_int_equal(pl_used_ids_add(used, "x", 1060, 1000), PL_EFULL);
    assert_int_equal(pl_used_ids_add(used, id, 1060, 1000), PL_EAUTH);
    assert_int_equal(pl_used_ids_add(used, "x", 1120, 1060), PL_OK);
    pl_used_ids_destroy(&used);
}

static void refuses_an_id_that_is_too_long(void **state)
{
    pl_used_ids *used = NULL;
    char id[PL_USED_ID_MAX + 2];
    (void)state;
    assert_int_equal(pl_used_ids_create(4, &used), PL_OK);
    (void)snprintf(id, sizeof id, "%065u", 1U);
    assert_int_equal(pl_used_ids_add(used, id, 1060, 1000), PL_EINVAL);
    assert_int_equal(pl_used_ids_add(used, id + 1, 1060, 1000), PL_OK);
    pl_used_ids_destroy(&used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_used_up_once),
        cmocka_unit_test(refuses_more_than_it_can_remember),
        cmocka_unit_test(refuses_an_id_that_is_too_long),
    };
    return cmocka_run_group_tests_name("used ids", tests, NULL, NULL);
}
