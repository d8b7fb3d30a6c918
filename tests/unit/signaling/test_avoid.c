/* test_avoid.c - who did not answer is tried last for a while. */
#include "avoid.h"

#include "unit.h"

static pl_sip_target at_port(uint16_t port)
{
    return (pl_sip_target){.transport = PL_URI_UDP, .port = port};
}

static void who_did_not_answer_comes_last(void **state)
{
    (void)state;
    pl_avoid a = {.row = {{.until_us = 0}}};
    pl_sip_target rows[3] = {at_port(1), at_port(2), at_port(3)};
    pl_sip_target got[PL_SIP_TARGETS_MAX];
    pl_avoid_add(&a, &rows[0], 1000);
    assert_int_equal(pl_avoid_order(&a, rows, 3, 2000, got), 3);
    assert_int_equal(got[0].port, 2);
    assert_int_equal(got[2].port, 1);
    (void)pl_avoid_order(&a, rows, 3, 1000 + PL_AVOID_US, got);
    assert_int_equal(got[0].port, 1); /* forgotten */
    pl_avoid_remove(&a, &rows[0]);
    (void)pl_avoid_order(&a, rows, 3, 2000, got);
    assert_int_equal(got[0].port, 1); /* it is back */
}

static void many_of_both_are_bounded(void **state)
{
    (void)state;
    pl_avoid a = {.row = {{.until_us = 0}}};
    pl_sip_target rows[PL_SIP_TARGETS_MAX + 4];
    pl_sip_target got[PL_SIP_TARGETS_MAX];
    for (uint16_t i = 0; i < 2 * PL_AVOID_ROWS; i++) {
        pl_sip_target t = at_port(i);
        pl_avoid_add(&a, &t, i);
        pl_avoid_add(&a, &t, i); /* one row each */
    }
    for (uint16_t i = 0; i < COUNT(rows); i++)
        rows[i] = at_port((uint16_t)(2 * PL_AVOID_ROWS - 4 + i));
    assert_int_equal(pl_avoid_order(&a, rows, COUNT(rows), 100, got),
                     PL_SIP_TARGETS_MAX);
    assert_int_equal(got[0].port, 2 * PL_AVOID_ROWS); /* not known */
    rows[0] = at_port(0); /* was the oldest: its row was taken */
    rows[1] = at_port(2 * PL_AVOID_ROWS - 1);
    (void)pl_avoid_order(&a, rows, 2, 100, got);
    assert_int_equal(got[0].port, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_did_not_answer_comes_last),
        cmocka_unit_test(many_of_both_are_bounded),
    };
    return RUN(tests);
}
