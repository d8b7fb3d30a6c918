#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "bus_impl.h"

static int setup(void **state)
{
    return pl_repeats_create((pl_repeats **)state) == PL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    pl_repeats_destroy((pl_repeats **)state);
    return 0;
}

static pl_repeat see(pl_repeats *r, const char *node, uint64_t corr,
                     unsigned *id, pl_slice *reply)
{
    return pl_repeats_see(r, node, corr, 1000, id, reply);
}

static void a_request_is_new_once(void **state)
{
    unsigned id = 0;
    pl_slice reply = {0};
    assert_int_equal(see(*state, "a", 1, &id, &reply), PL_REPEAT_NEW);
    assert_int_equal(see(*state, "a", 1, &id, &reply), PL_REPEAT_IN_WORK);
    assert_int_equal(see(*state, "b", 1, &id, &reply), PL_REPEAT_NEW);
    assert_int_equal(see(*state, "a", 2, &id, &reply), PL_REPEAT_NEW);
}

static void the_first_answer_is_given_again(void **state)
{
    unsigned id = 0;
    pl_slice reply = {0};
    assert_int_equal(see(*state, "a", 1, &id, &reply), PL_REPEAT_NEW);
    pl_repeats_answer(*state, "a", 1, 5, pl_slice_str("one"));
    pl_repeats_answer(*state, "a", 1, 6, pl_slice_str("two"));
    pl_repeats_answer(*state, "x", 1, 6, pl_slice_str("not asked"));
    assert_int_equal(see(*state, "a", 1, &id, &reply), PL_REPEAT_ANSWERED);
    assert_int_equal(id, 5);
    assert_true(pl_slice_eq_str(reply, "one"));
}

static void entries_end_with_their_deadline(void **state)
{
    unsigned id = 0;
    pl_slice reply = {0};
    assert_int_equal(see(*state, "a", 1, &id, &reply), PL_REPEAT_NEW);
    pl_repeats_expire(*state, 999);
    assert_int_equal(pl_repeats_count(*state), 1);
    pl_repeats_expire(*state, 1000);
    assert_int_equal(pl_repeats_count(*state), 0);
    assert_int_equal(see(*state, "a", 1, &id, &reply), PL_REPEAT_NEW);
}

static void the_number_of_entries_is_bounded(void **state)
{
    unsigned id = 0;
    pl_slice reply = {0};
    for (uint64_t i = 0; i < PL_BUS_REPEATS_MAX + 10; i++)
        assert_int_equal(see(*state, "a", i, &id, &reply), PL_REPEAT_NEW);
    assert_int_equal(pl_repeats_count(*state), PL_BUS_REPEATS_MAX);
    assert_int_equal(see(*state, "a", 11, &id, &reply), PL_REPEAT_IN_WORK);
}

static void the_bytes_of_replies_are_bounded(void **state)
{
    unsigned id = 0;
    pl_slice reply = {0};
    uint8_t *big = calloc(1, PL_BUS_BODY_MAX);
    size_t fit = PL_BUS_REPEAT_BYTES / PL_BUS_BODY_MAX;
    for (uint64_t i = 0; i < fit + 5; i++) {
        assert_int_equal(see(*state, "a", i, &id, &reply), PL_REPEAT_NEW);
        pl_repeats_answer(*state, "a", i, 5,
                          (pl_slice){.ptr = big, .len = PL_BUS_BODY_MAX});
    }
    free(big);
    assert_in_range(pl_repeats_count(*state), fit - 1, fit + 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_is_new_once),
        T(the_first_answer_is_given_again),
        T(entries_end_with_their_deadline),
        T(the_number_of_entries_is_bounded),
        T(the_bytes_of_replies_are_bounded),
    };
    return cmocka_run_group_tests_name("bus_repeat", tests, NULL, NULL);
}
