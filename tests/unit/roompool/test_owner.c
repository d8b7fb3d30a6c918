/* test_owner.c - what a token sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/device/owner.h"

#define ONE "+4930555100"
#define TWO "+4930555200"

/* Columns: token's client, subject, number; object's client, stored subject,
 * number. */
static void a_token_sees_what_is_its_owners(void **state)
{
    static const struct {
        pl_owner owner;
        const char *client, *subject, *number;
        bool sees;
    } ROWS[] = {
        {{"a", "", ""}, "a", "", ONE, true},
        {{"a", "", ""}, "a", "", "", true},
        {{"a", "", ""}, "b", "", ONE, false},
        {{"a", "", ""}, "a", "alice", ONE, false},
        {{"a", "", ""}, "a", ONE, ONE, false},
        {{"a", "alice", ""}, "a", "alice", ONE, true},
        {{"a", "alice", ""}, "b", "alice", ONE, false},
        {{"a", "alice", ""}, "a", "bob", ONE, false},
        {{"a", "alice", ""}, "a", "", ONE, false},
        {{"a", "alice", ""}, "a", "", "", false},
        {{"a", "alice", ONE}, "a", "bob", ONE, true},
        {{"a", "alice", ONE}, "a", "", ONE, true},
        {{"a", "alice", ONE}, "a", "bob", TWO, false},
        {{"a", "alice", ONE}, "a", "bob", "", false},
        {{"a", "alice", ONE}, "b", "bob", ONE, false},
        {{"a", "", ONE}, "a", ONE, "", true},
        {{"a", "", ONE}, "a", TWO, "", false},
        {{"a", "", ONE}, "a", "", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        bool sees = pl_owner_sees(&ROWS[i].owner, ROWS[i].client,
                                  ROWS[i].subject, ROWS[i].number);
        if (sees != ROWS[i].sees)
            fail_msg("row %zu", i);
    }
}

static void what_it_makes_is_stored_with_its_subject(void **state)
{
    (void)state;
    assert_string_equal(pl_owner_subject(&(pl_owner){"a", "alice", ONE}),
                        "alice");
    assert_string_equal(pl_owner_subject(&(pl_owner){"a", "", ONE}), ONE);
    assert_string_equal(pl_owner_subject(&(pl_owner){"a", "", ""}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_sees_what_is_its_owners),
        cmocka_unit_test(what_it_makes_is_stored_with_its_subject),
    };
    return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
