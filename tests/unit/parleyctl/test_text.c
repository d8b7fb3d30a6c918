/* test_text.c - names of strangers on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void is_cleaned_to(const char *text, size_t len, const char *expected)
{
    pl_buf out;
    pl_buf_init(&out, 4096);
    pl_ctl_text_clean((pl_slice){(const uint8_t *)text, len}, &out);
    assert_string_equal(pl_buf_text(&out), expected);
    pl_buf_fini(&out);
}

#define CLEANED(text, expected)                                                \
    is_cleaned_to((text), sizeof(text) - 1, (expected))

static void what_acts_on_a_terminal_is_replaced(void **state)
{
    (void)state;
    CLEANED("Ann", "Ann");
    CLEANED("\x1b[2J", BAD "[2J");
    CLEANED("a\nb\tc\r", "a" BAD "b" BAD "c" BAD);
    CLEANED("a\0b", "a" BAD "b");
    CLEANED("\x7f\xc2\x9b"
            "31m",
            BAD BAD "31m");                /* DEL; CSI as one character */
    CLEANED("\xe2\x80\xaemos", BAD "mos"); /* right to left override */
    CLEANED("\xe2\x81\xa6x\xe2\x80\xa8", BAD "x" BAD);
    CLEANED("\xf3\xa0\x81\x81", BAD); /* tags */
}

static void what_is_no_text_is_replaced(void **state)
{
    (void)state;
    CLEANED("a\xff", "a" BAD);
    CLEANED("\xc3", BAD);
    CLEANED("\xe4\xbd", BAD BAD);
    CLEANED("\xc0\xaf", BAD BAD);         /* overlong */
    CLEANED("\xed\xa0\x80", BAD BAD BAD); /* a surrogate */
    CLEANED("\xc3\xa4", "\xc3\xa4");
}

static void width_counts_columns(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t width;
    } rows[] = {{"", 0},
                {"abc", 3},
                {"\xc3\xa4", 1},
                {"e\xcc\x81", 1},                /* with an accent */
                {"\xe4\xbd\xa0\xe5\xa5\xbd", 4}, /* two Han characters */
                {"\xf0\x9f\x98\x80", 2},         /* a face */
                {"\xef\xbd\xb1", 1},             /* half width katakana */
                {"\xef\xbc\xa1", 2}};            /* full width A */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(pl_ctl_text_width(pl_slice_str(rows[i].text)),
                         rows[i].width);
    }
}

static void is_cut_to(const char *text, size_t columns, const char *expected)
{
    pl_buf out;
    pl_buf_init(&out, 4096);
    pl_ctl_text_cut(pl_slice_str(text), columns, &out);
    assert_string_equal(pl_buf_text(&out), expected);
    assert_true(pl_ctl_text_width(pl_buf_slice(&out)) <= columns);
    pl_buf_fini(&out);
}

static void cutting_leaves_whole_characters(void **state)
{
    (void)state;
    is_cut_to("conference", 10, "conference");
    is_cut_to("conference", 5, "conf\xe2\x80\xa6");
    is_cut_to("conference", 1, "\xe2\x80\xa6");
    is_cut_to("conference", 0, "");
    is_cut_to("\xe4\xbd\xa0\xe5\xa5\xbd", 3, "\xe4\xbd\xa0\xe2\x80\xa6");
    is_cut_to("\xe4\xbd\xa0\xe5\xa5\xbd", 2, "\xe2\x80\xa6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_acts_on_a_terminal_is_replaced),
        cmocka_unit_test(what_is_no_text_is_replaced),
        cmocka_unit_test(width_counts_columns),
        cmocka_unit_test(cutting_leaves_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
