/* test_uui_data.c - the four forms of uuiData and what is no good. */
#include "cm.h"

#include <string.h>

#include "uui_data.h"

static char suffix[PL_UUI_SUFFIX_MAX + 1];

static const char *of(const char *raw)
{
    assert_int_equal(pl_uui_suffix(pl_slice_str(raw), false, 221, suffix),
                     PL_OK);
    return suffix;
}

static void four_forms_mean_the_same(void **state)
{
    static const char want[] = "MTIzNDU2LDc2NTQzMg";
    (void)state;
    assert_string_equal(of("123456,765432"), want);
    assert_string_equal(of("3132333435362c373635343332"), want);
    assert_string_equal(of("3132333435362C373635343332"), want);
    assert_string_equal(of("MTIzNDU2LDc2NTQzMg"), want);
    assert_string_equal(of("4d54497a4e4455324c4463324e54517a4d67"), want);
}

static void hex_is_hex_only_when_it_is_a_text(void **state)
{
    (void)state;
    assert_string_equal(of("41424344"), "QUJDRA"); /* ABCD */
    assert_string_equal(of("4142434"), "NDE0MjQzNA");
    assert_string_equal(of("00ff"), "MDBmZg"); /* as it is */
    assert_string_equal(of("c3a4"), "YzNhNA");
    assert_string_equal(of("\xc3\xa4"), "w6Q");
}

static void base64_counts_only_with_a_comma(void **state)
{
    (void)state;
    assert_string_equal(of("YWJj"), "WVdKag"); /* of abc */
    assert_string_equal(of("MTIzNDU2LDc2NTQzMh"),
                        "TVRJek5EVTJMRGMyTlRRek1o"); /* bits left over */
    assert_string_equal(of("a,b"), "YSxi");
}

static void nothing_has_no_suffix(void **state)
{
    (void)state;
    assert_string_equal(of(""), "");
}

static void a_header_only_when_it_is_wanted(void **state)
{
    static const char whole[] = "043132333435362c373635343332;encoding=hex";
    (void)state;
    assert_int_equal(pl_uui_suffix(pl_slice_str(whole), true, 221, suffix),
                     PL_OK);
    assert_string_equal(suffix, "MTIzNDU2LDc2NTQzMg");
    assert_int_equal(
        pl_uui_suffix(pl_slice_str("003132;Encoding=HEX"), true, 221, suffix),
        PL_OK);
    assert_string_equal(suffix, "MTI");
    assert_string_not_equal(of(whole), "MTIzNDU2LDc2NTQzMg");
    assert_int_equal(
        pl_uui_suffix(pl_slice_str(";encoding=hex"), true, 221, suffix), PL_OK);
    assert_string_equal(suffix, "");
}

/* A prefix of 29 characters leaves 221: 165 bytes; one of 45 leaves 205. */
static void the_limit_is_exact(void **state)
{
    char text[PL_UUI_RAW_MAX + 2];
    (void)state;
    memset(text, ',', sizeof text);
    static const struct {
        size_t max, bytes;
    } rows[] = {{221, 165}, {205, 153}};
    for (size_t i = 0; i < 2; i++) {
        pl_slice good = {(const uint8_t *)text, rows[i].bytes};
        pl_slice long_ = {(const uint8_t *)text, rows[i].bytes + 1};
        assert_int_equal(pl_uui_suffix(good, false, rows[i].max, suffix),
                         PL_OK);
        assert_int_equal(pl_uui_suffix(long_, false, rows[i].max, suffix),
                         PL_ETOOBIG);
    }
    pl_slice huge = {(const uint8_t *)text, sizeof text - 1};
    assert_int_equal(pl_uui_suffix(huge, false, 250, suffix), PL_ETOOBIG);
    assert_int_equal(pl_uui_suffix(pl_slice_str("a"), false, 251, suffix),
                     PL_ETOOBIG);
    assert_int_equal(pl_uui_suffix(pl_slice_str("a"), false, 1, suffix),
                     PL_ETOOBIG);
}

static void control_characters_are_refused(void **state)
{
    static const char *const bad[] = {"a\nb", "\x01", "a\x7f", "1,2\r"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            pl_uui_suffix(pl_slice_str(bad[i]), false, 221, suffix), PL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_forms_mean_the_same),
        cmocka_unit_test(hex_is_hex_only_when_it_is_a_text),
        cmocka_unit_test(base64_counts_only_with_a_comma),
        cmocka_unit_test(nothing_has_no_suffix),
        cmocka_unit_test(a_header_only_when_it_is_wanted),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(control_characters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
