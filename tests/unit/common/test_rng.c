#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/rng.h"
#include "pl/str.h"

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    pl_random(a, sizeof a);
    pl_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void uuids_are_version_4(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        char a[PL_UUID_TEXT];
        pl_random_uuid(a);
        assert_int_equal(strlen(a), 36);
        assert_int_equal(a[14], '4'); /* RFC 9562 section 5.4 */
        assert_non_null(strchr("89ab", a[19]));
        assert_int_equal(a[8], '-');
        assert_int_equal(a[23], '-');
        assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    }
}

static void tokens_are_base64url(void **state)
{
    (void)state;
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const struct {
        size_t bytes, chars;
    } rows[] = {{0, 0}, {1, 2}, {2, 3}, {3, 4}, {16, 22}, {32, 43}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[64];
        pl_random_token(rows[i].bytes, buf, sizeof buf);
        assert_int_equal(strlen(buf), rows[i].chars);
        assert_int_equal(strspn(buf, ALPHABET), rows[i].chars);
    }
    char one[3];
    pl_random_token(1, one, sizeof one);
    assert_non_null(strchr("AQgw", one[1])); /* 4 padding bits are zero */
    char small[4];
    pl_random_token(32, small, sizeof small);
    assert_int_equal(strlen(small), 3);
}

static void sha256_matches_fips_180(void **state)
{
    (void)state;
    char buf[PL_SHA256_TEXT];
    pl_sha256_hex("abc", 3, buf);
    assert_string_equal(buf, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    pl_sha256_hex(NULL, 0, buf);
    assert_string_equal(buf, "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
}

static void sha1_matches_fips_180(void **state)
{
    (void)state;
    uint8_t digest[PL_SHA1_BYTES];
    char buf[2 * PL_SHA1_BYTES + 1];
    pl_sha1("abc", 3, digest);
    pl_hex(digest, sizeof digest, buf);
    assert_string_equal(buf, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void hmac_sha1_matches_rfc_2202(void **state)
{
    (void)state;
    uint8_t mac[PL_SHA1_BYTES];
    char buf[2 * PL_SHA1_BYTES + 1];
    pl_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, mac);
    pl_hex(mac, sizeof mac, buf); /* RFC 2202 section 3, test case 2 */
    assert_string_equal(buf, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(uuids_are_version_4),
        cmocka_unit_test(tokens_are_base64url),
        cmocka_unit_test(sha256_matches_fips_180),
        cmocka_unit_test(sha1_matches_fips_180),
        cmocka_unit_test(hmac_sha1_matches_rfc_2202),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
