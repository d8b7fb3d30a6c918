/* test_rows.c - enumerations and state machines of the brain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/call.h"
#include "core/conference.h"
#include "core/leg.h"
#include "core/participant.h"
#include "core/recording.h"
#include "core/rows.h"

static void every_word_is_found_by_its_text(void **state)
{
    (void)state;
    assert_string_equal(pl_part_state_text(PL_PART_STATE_PIN), "pin");
    assert_int_equal(pl_part_state_value("pin"), PL_PART_STATE_PIN);
    assert_string_equal(pl_owner_text(99), "unknown");
    assert_int_equal(pl_owner_value("nothing"), 0);
}

static void every_table_has_a_key_and_columns_inside_its_struct(void **state)
{
    const pl_table *t;
    size_t n = 0;
    (void)state;
    for (; (t = pl_table_at(n)) != NULL; n++) {
        size_t keys = 0;
        for (size_t i = 0; i < t->n_cols; i++) {
            keys += t->cols[i].is_key;
            assert_true(t->cols[i].offset < t->size);
            if (t->cols[i].kind == PL_COL_WORD)
                assert_non_null(t->cols[i].value);
        }
        assert_true(keys > 0);
    }
    assert_true(n > 13);
}

static void names_of_states_are_those_of_the_database(void **state)
{
    (void)state;
    for (uint32_t s = 1; s < PL_PART_SM.n_states; s++)
        assert_string_equal(pl_sm_name(&PL_PART_SM, s), pl_part_state_text(s));
    for (uint32_t s = 1; s < PL_CONF_SM.n_states; s++)
        assert_string_equal(pl_sm_name(&PL_CONF_SM, s), pl_conf_state_text(s));
    for (uint32_t s = 1; s < PL_LEG_SM.n_states; s++)
        assert_string_equal(pl_sm_name(&PL_LEG_SM, s), pl_leg_state_text(s));
    for (uint32_t s = 1; s < PL_CALL_SM.n_states; s++)
        assert_string_equal(pl_sm_name(&PL_CALL_SM, s), pl_call_state_text(s));
    for (uint32_t s = 1; s < PL_RECORDING_SM.n_states; s++)
        assert_string_equal(pl_sm_name(&PL_RECORDING_SM, s),
                            pl_recording_state_text(s));
}

static void final_states_are_final(void **state)
{
    static const pl_sm *const machines[] = {
        &PL_PART_SM, &PL_CONF_SM, &PL_LEG_SM, &PL_CALL_SM, &PL_RECORDING_SM};
    (void)state;
    for (size_t m = 0; m < 5; m++)
        for (unsigned s = 0; s < machines[m]->n_states; s++)
            assert_int_equal(machines[m]->states[s].is_final,
                             machines[m]->states[s].next == 0);
    assert_false(pl_sm_can_move(&PL_PART_SM, PL_PART_STATE_ACTIVE,
                                PL_PART_STATE_RINGING));
    assert_false(
        pl_sm_can_move(&PL_PART_SM, PL_PART_STATE_RINGING, PL_PART_STATE_PIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_found_by_its_text),
        cmocka_unit_test(every_table_has_a_key_and_columns_inside_its_struct),
        cmocka_unit_test(names_of_states_are_those_of_the_database),
        cmocka_unit_test(final_states_are_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
