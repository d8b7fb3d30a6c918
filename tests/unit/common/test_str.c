#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/str.h"

static void formatting_says_when_it_cut(void **state)
{
    (void)state;
    char buf[5];
    assert_int_equal(pl_fmt(buf, sizeof buf, "%s", "abcd"), PL_OK);
    assert_int_equal(pl_fmt(buf, sizeof buf, "%s", "abcde"), PL_EFULL);
    assert_string_equal(buf, "abcd");
    assert_int_equal(pl_fmt(NULL, 0, "x"), PL_EFULL);
    pl_fmt_cut(buf, sizeof buf, "%d", 123456);
    assert_string_equal(buf, "1234");
}

static void copy_refuses_what_is_no_c_string(void **state)
{
    (void)state;
    char buf[4] = "old";
    const pl_slice nul = {.ptr = (const uint8_t *)"a\0b", .len = 3};
    assert_int_equal(pl_copy(buf, sizeof buf, pl_slice_str("four")), PL_EFULL);
    assert_int_equal(pl_copy(buf, sizeof buf, nul), PL_EINVAL);
    assert_string_equal(buf, "old");
    assert_int_equal(pl_copy(buf, sizeof buf, pl_slice_str("abc")), PL_OK);
    assert_string_equal(buf, "abc");
    assert_int_equal(pl_copy(buf, sizeof buf, (pl_slice){0}), PL_OK);
    assert_string_equal(buf, "");
}

static void numbers_are_digits_within_a_bound(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint64_t max;
        pl_err e;
        uint64_t value;
    } rows[] = {
        {"0", 0, PL_OK, 0},
        {"007", 7, PL_OK, 7},
        {"18446744073709551615", UINT64_MAX, PL_OK, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, PL_EINVAL, 0},
        {"99999999999999999999999", UINT64_MAX, PL_EINVAL, 0},
        {"8", 7, PL_EINVAL, 0},
        {"", 7, PL_EINVAL, 0},
        {"+1", 7, PL_EINVAL, 0},
        {"-1", 7, PL_EINVAL, 0},
        {" 1", 7, PL_EINVAL, 0},
        {"1 ", 7, PL_EINVAL, 0},
        {"0x1", 7, PL_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 99;
        assert_int_equal(
            pl_parse_u64(pl_slice_str(rows[i].text), rows[i].max, &v),
            rows[i].e);
        assert_int_equal(v, rows[i].e == PL_OK ? rows[i].value : 99);
    }
}

static void hex_is_lower_case(void **state)
{
    (void)state;
    char buf[7];
    pl_hex((const uint8_t *)"\x00\x9f\xff", 3, buf);
    assert_string_equal(buf, "009fff");
}

static void hex_is_read_in_either_case(void **state)
{
    (void)state;
    static const char digits[] = "0123456789abcdef";
    static const char capitals[] = "0123456789ABCDEF";
    for (int i = 0; i < 16; i++) {
        assert_int_equal(pl_hex_value((uint8_t)digits[i]), i);
        assert_int_equal(pl_hex_value((uint8_t)capitals[i]), i);
    }
    static const char neighbours[] = "/:@G`g";
    for (const char *c = neighbours; *c; c++)
        assert_int_equal(pl_hex_value((uint8_t)*c), -1);
}

static void utf8_is_strict(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa4", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF, the last */
        {"\xf4\x90\x80\x80", false}, /* one more */
        {"\xc0\x80", false},         /* overlong NUL, RFC 3629 section 3 */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xc3", false},             /* cut */
        {"\xe2\x82", false},         /* cut */
        {"\x80", false},             /* no lead */
        {"\xff", false},
        {"a\xc3z", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(pl_is_utf8(pl_slice_str(rows[i].text)), rows[i].ok);
}

static void times_are_rfc_3339(void **state)
{
    (void)state;
    const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800001, "2000-03-01T00:00:00.001Z"},
        {1795235713123, "2026-11-21T04:35:13.123Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* no leap day */
        {-5, "1970-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[PL_TIME_TEXT];
        pl_time_text(rows[i].ms, buf);
        assert_string_equal(buf, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formatting_says_when_it_cut),
        cmocka_unit_test(copy_refuses_what_is_no_c_string),
        cmocka_unit_test(numbers_are_digits_within_a_bound),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(hex_is_read_in_either_case),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(times_are_rfc_3339),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
