/* test_table.c - tables for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"
#include "text.h"

static const pl_ctl_column COLUMNS[] = {
    {"NAME", false}, {"N", true}, {"WHERE", false}};

/* Rows of three cells, ending with NULL. */
static void shows(const char *const *cells, size_t width, const char *expected)
{
    pl_ctl_table *t = NULL;
    pl_buf out;
    pl_buf_init(&out, 65536);
    assert_int_equal(pl_ctl_table_create(COLUMNS, 3, &t), PL_OK);
    for (; *cells; cells++)
        assert_int_equal(pl_ctl_table_add(t, pl_slice_str(*cells)), PL_OK);
    pl_ctl_table_write(t, width, &out);
    assert_string_equal(pl_buf_text(&out), expected);
    pl_ctl_table_destroy(&t);
    pl_buf_fini(&out);
}

#define CELLS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void columns_are_aligned(void **state)
{
    (void)state;
    shows(CELLS("a", "1", "x", "Barbara", "1000", "yonder"), 0,
          "NAME        N  WHERE\n"
          "a           1  x\n"
          "Barbara  1000  yonder\n");
}

static void nothing_is_a_line_of_titles(void **state)
{
    (void)state;
    const char *none[] = {NULL};
    shows(none, 0, "NAME  N  WHERE\n");
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    shows(CELLS("\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97", "1", "x"), 0,
          "NAME    N  WHERE\n"
          "\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97  1  x\n");
}

static void the_widest_text_is_cut(void **state)
{
    (void)state;
    shows(CELLS("a conference of many people", "12345", "here and there"), 31,
          "NAME             N  WHERE\n"
          "a conferen\xe2\x80\xa6  12345  here and t\xe2\x80\xa6\n");
    /* Numbers stay, and no column is cut to nothing. */
    shows(CELLS("abcdefghijkl", "12345", "y"), 10,
          "NAME          N  WHERE\n"
          "abcdefg\xe2\x80\xa6  12345  y\n");
}

static void lines_end_with_what_is_there(void **state)
{
    (void)state;
    shows(CELLS("a", "1", "", "b", "", ""), 0,
          "NAME  N  WHERE\n"
          "a     1\n"
          "b\n");
}

static void strangers_cannot_draw(void **state)
{
    (void)state;
    shows(CELLS("a\nb", "1", "\x1b[31m"), 0,
          "NAME  N  WHERE\n"
          "a\xef\xbf\xbd"
          "b   1  \xef\xbf\xbd[31m\n");
}

static void columns_are_bounded(void **state)
{
    (void)state;
    pl_ctl_table *t = NULL;
    assert_int_equal(pl_ctl_table_create(COLUMNS, 0, &t), PL_EINVAL);
    assert_int_equal(pl_ctl_table_create(COLUMNS, 33, &t), PL_EINVAL);
    pl_ctl_table_destroy(&t);
}

/* Every line of a table fits, whatever is in it, as long as anything may be
 * cut. */
static void lines_fit_the_terminal(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "abc", "\xe4\xbd\xa0", "e\xcc\x81", "\xf0\x9f\x98\x80", "\x07", "\xff"};
    unsigned seed = 7;
    for (int round = 0; round < 300; round++) {
        pl_ctl_table *t = NULL;
        pl_buf out;
        pl_buf_init(&out, 1 << 20);
        assert_int_equal(pl_ctl_table_create(COLUMNS, 3, &t), PL_OK);
        for (int i = 0; i < 15; i++) {
            char cell[256] = "";
            seed = seed * 1103515245U + 12345U;
            for (unsigned k = 0; i % 3 != 1 && k < seed / 65536 % 30; k++) {
                seed = seed * 1103515245U + 12345U;
                strncat(cell, parts[seed / 65536 % 6],
                        sizeof cell - strlen(cell) - 1);
            }
            assert_int_equal(pl_ctl_table_add(t, pl_slice_str(cell)), PL_OK);
        }
        pl_ctl_table_write(t, 30, &out);
        const char *at = pl_buf_text(&out);
        for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
            assert_true(pl_ctl_text_width((pl_slice){
                            (const uint8_t *)at, (size_t)(end - at)}) <= 30);
        }
        assert_string_equal(at, "");
        pl_ctl_table_destroy(&t);
        pl_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(nothing_is_a_line_of_titles),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(the_widest_text_is_cut),
        cmocka_unit_test(lines_end_with_what_is_there),
        cmocka_unit_test(strangers_cannot_draw),
        cmocka_unit_test(columns_are_bounded),
        cmocka_unit_test(lines_fit_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
