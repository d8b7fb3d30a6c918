#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/sm.h"

enum { IDLE, BUSY, DONE };
static const pl_sm_state STATES[] = {
    [IDLE] = {.name = "idle", .next = PL_SM_BIT(BUSY)},
    [BUSY] = {.name = "busy", .next = PL_SM_BIT(IDLE) | PL_SM_BIT(DONE)},
    [DONE] = {.name = "done", .is_final = true},
};
static const pl_sm SM = {.name = "job", .states = STATES, .n_states = 3};

static void only_listed_moves_happen(void **state)
{
    (void)state;
    unsigned s = IDLE;
    assert_int_equal(pl_sm_move(&SM, &s, DONE), PL_ESTATE);
    assert_int_equal(s, IDLE);
    assert_int_equal(pl_sm_move(&SM, &s, BUSY), PL_OK);
    assert_int_equal(pl_sm_move(&SM, &s, DONE), PL_OK);
    for (unsigned to = 0; to < 40; to++)
        assert_false(pl_sm_can_move(&SM, DONE, to));
}

static void values_outside_the_table_are_refused(void **state)
{
    (void)state;
    unsigned s = 7;
    assert_int_equal(pl_sm_move(&SM, &s, IDLE), PL_ESTATE);
    s = BUSY;
    assert_int_equal(pl_sm_move(&SM, &s, 3), PL_ESTATE);
    assert_int_equal(pl_sm_move(&SM, &s, 64), PL_ESTATE);
    assert_string_equal(pl_sm_name(&SM, 3), "?");
}

static void names_are_found(void **state)
{
    (void)state;
    assert_string_equal(pl_sm_name(&SM, DONE), "done");
    assert_int_equal(pl_sm_find(&SM, "busy"), BUSY);
    assert_int_equal(pl_sm_find(&SM, "gone"), -1);
    assert_int_equal(pl_sm_find(&SM, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_listed_moves_happen),
        cmocka_unit_test(values_outside_the_table_are_refused),
        cmocka_unit_test(names_are_found),
    };
    return cmocka_run_group_tests_name("sm", tests, NULL, NULL);
}
