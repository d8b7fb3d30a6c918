/* test_room_pin.c - which PINs go together, and PINs kept readable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/room_pin.h"

typedef struct row {
    bool allow_guests;
    const char *host, *guest;
    bool any_length, is_good;
} row;

static const row TRUTH[] = {
    {false, "", "", false, true},
    {false, "4471", "", false, true},
    {false, "4471", "9036", false, false},
    {false, "", "9036", false, false},
    {true, "", "", false, false},
    {true, "", "9036", false, false},
    {true, "4471", "", false, true},
    {true, "4471", "9036", false, true},
    {true, "4471", "4471", false, false},
    {true, "4471#", "4471", false, false},
    {true, "4471", "90366", false, false},
    {true, "4471#", "90366", false, false},
    {true, "4471#", "9036", false, false},
    {true, "4471#", "90366#", false, true},
    {true, "4471", "90366", true, true},
    /* length and letters */
    {false, "123", "", false, false},
    {false, "123#", "", false, true},
    {false, "12345678901234567890", "", false, true},
    {false, "123456789012345678901", "", false, false},
    {false, "1234567890123456789#", "", false, true},
    {false, "44#71", "", false, false},
    {false, "4471##", "", false, false},
    {false, "####", "", false, false},
    {false, "44a1", "", false, false},
    {false, " 4471", "", false, false},
};

static void the_truth_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TRUTH / sizeof TRUTH[0]; i++) {
        const row *r = &TRUTH[i];
        const pl_room_pins pins = {.host = r->host,
                                   .guest = r->guest,
                                   .allow_guests = r->allow_guests,
                                   .any_length = r->any_length};
        const char *fault = pl_room_pins_fault(&pins);
        if ((fault == NULL) != r->is_good)
            fail_msg("row %zu: %s", i, fault ? fault : "taken");
    }
}

static void a_kept_pin_is_read_and_compared(void **state)
{
    char hash[PL_PIN_HASH_TEXT];
    (void)state;
    pl_pin_keep("4471#", hash);
    assert_string_equal(pl_pin_kept(hash), "4471#");
    assert_true(pl_pin_kept_matches("4471", hash));
    assert_true(pl_pin_kept_matches("4471#", hash));
    assert_false(pl_pin_kept_matches("4472", hash));
    assert_false(pl_pin_kept_matches("44711", hash));
    assert_false(pl_pin_kept_matches("447", hash));
    assert_false(pl_pin_kept_matches("", hash));
}

static void none_and_hashes_are_told_apart(void **state)
{
    char hash[PL_PIN_HASH_TEXT];
    (void)state;
    pl_pin_keep("", hash);
    assert_string_equal(hash, "");
    assert_string_equal(pl_pin_kept(hash), "");
    assert_false(pl_pin_kept_matches("", hash));
    assert_false(pl_pin_kept_matches("#", hash));
    assert_null(pl_pin_kept("pbkdf2-sha256$10$aa$bb"));
    assert_false(pl_pin_kept_matches("bb", "pbkdf2-sha256$10$aa$bb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_table),
        cmocka_unit_test(a_kept_pin_is_read_and_compared),
        cmocka_unit_test(none_and_hashes_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
