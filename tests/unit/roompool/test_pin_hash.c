/* test_pin_hash.c - stored PINs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "io/pin_hash.h"

static void a_hash_matches_its_pin_only(void **state)
{
    char a[PL_PIN_HASH_TEXT];
    char b[PL_PIN_HASH_TEXT];
    (void)state;
    assert_int_equal(pl_pin_hash("1234", 10, a), PL_OK);
    assert_int_equal(pl_pin_hash("1234", 10, b), PL_OK);
    assert_string_not_equal(a, b); /* salted */
    assert_true(pl_pin_matches("1234", a));
    assert_true(pl_pin_matches("1234", b));
    assert_false(pl_pin_matches("1235", a));
    assert_false(pl_pin_matches("", a));
    assert_null(strstr(a, "1234$"));
}

static void other_forms_never_match(void **state)
{
    static const char *const bad[] = {
        "",
        "1234",
        "pbkdf2-sha256$",
        "pbkdf2-sha256$0$00$00",
        "pbkdf2-sha256$10$zz$00",
        "pbkdf2-sha256$99999999999$00$00",
        "pbkdf2-sha256$10$00000000000000000000000000000000$0000",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(pl_pin_matches("1234", bad[i]));
}

/* RFC 8018 section 5.2; computed with another tool:
 * openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:4711
 *   -kdfopt hexsalt:000102030405060708090a0b0c0d0e0f -kdfopt iter:1000 PBKDF2
 */
static void a_known_hash_matches(void **state)
{
    (void)state;
    assert_true(pl_pin_matches(
        "4711",
        "pbkdf2-sha256$1000$000102030405060708090a0b0c0d0e0f$"
        "b5bd6e88917e8c18c075e52eb8427bbc00f98d7308cd509c480e449242bbaac0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_matches_its_pin_only),
        cmocka_unit_test(other_forms_never_match),
        cmocka_unit_test(a_known_hash_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
