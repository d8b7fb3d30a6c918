/* test_management.c - the table of the management API's objects agrees with
 * itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pl/json.h"
#include "pl/management.h"

static bool is_preset_good(const pl_mgmt_field *f)
{
    pl_buf text;
    pl_json *doc = NULL;
    pl_buf_init(&text, 4096);
    pl_buf_add_fmt(&text, "[%s]", f->preset);
    bool is_good = pl_json_parse(pl_buf_slice(&text), &doc) == PL_OK &&
                   pl_json_count(doc) == 1;
    pl_json_free(&doc);
    pl_buf_fini(&text);
    return is_good;
}

static void check_field(const pl_mgmt_desc *desc, const pl_mgmt_field *f)
{
    bool is_link = f->kind == PL_MGMT_KIND_URI || f->kind == PL_MGMT_KIND_URIS;
    bool must_be_given = f->preset[0] == '\0';
    print_message("%s.%s\n", desc->name, f->name);
    assert_true(f->min <= f->max);
    assert_true(f->help[0] != '\0');
    assert_true(must_be_given || is_preset_good(f));
    assert_true(!must_be_given || f->access == PL_MGMT_ACCESS_RW);
    if (strcmp(f->preset, "null") == 0 && f->access != PL_MGMT_ACCESS_RO)
        assert_true(f->is_nullable);
    if (f->kind == PL_MGMT_KIND_WORD && f->preset[0] == '"') {
        pl_slice word = {(const uint8_t *)f->preset + 1, strlen(f->preset) - 2};
        assert_true(pl_mgmt_has_word(f->words, word));
    }
    assert_int_equal(is_link || f->kind == PL_MGMT_KIND_WORD,
                     f->words[0] != '\0');
    if (is_link)
        assert_int_not_equal(pl_mgmt_resource_find(f->words), 0);
    if (f->can_filter)
        assert_true(f->store != PL_MGMT_STORE_MADE &&
                    f->store != PL_MGMT_STORE_FIXED);
    assert_true(f->access != PL_MGMT_ACCESS_FILTER || f->can_filter);
    if (!desc->is_writable)
        assert_true(f->access == PL_MGMT_ACCESS_RO);
    assert_ptr_equal(pl_mgmt_field_find(desc, pl_slice_str(f->name)), f);
}

static void every_row_of_the_table_is_sound(void **state)
{
    (void)state;
    size_t n = 0;
    for (; pl_mgmt_desc_at(n); n++) {
        const pl_mgmt_desc *desc = pl_mgmt_desc_at(n);
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", desc->api, desc->name);
        assert_int_equal(pl_mgmt_resource_find(path), desc->resource);
        assert_ptr_equal(pl_mgmt_desc_of(desc->resource), desc);
        assert_string_equal(desc->fields[0].name, "id");
        assert_string_equal(desc->fields[1].name, "resource_uri");
        for (size_t i = 0; i < desc->n_fields; i++)
            check_field(desc, &desc->fields[i]);
    }
    assert_int_equal(n, 11);
    assert_null(pl_mgmt_desc_of(0));
}

static void words_are_whole_words(void **state)
{
    (void)state;
    assert_true(pl_mgmt_has_word("a|bc|d", pl_slice_str("bc")));
    assert_true(pl_mgmt_has_word("a|bc|d", pl_slice_str("d")));
    assert_false(pl_mgmt_has_word("a|bc|d", pl_slice_str("b")));
    assert_false(pl_mgmt_has_word("a|bc|d", pl_slice_str("a|bc")));
    assert_false(pl_mgmt_has_word("a|bc|d", pl_slice_str("")));
    assert_false(pl_mgmt_has_word("", pl_slice_str("")));
}

static void operators_fit_their_kinds(void **state)
{
    (void)state;
    for (int i = 0; i < PL_MGMT_OPERATOR_COUNT; i++) {
        pl_mgmt_operator op = (pl_mgmt_operator)i;
        assert_int_equal(
            pl_mgmt_operator_find(pl_slice_str(pl_mgmt_operator_text(op))), op);
        assert_true(pl_mgmt_operator_fits(op, PL_MGMT_KIND_STR));
    }
    assert_int_equal(pl_mgmt_operator_find(pl_slice_str("regex")),
                     PL_MGMT_OPERATOR_COUNT);
    assert_false(pl_mgmt_operator_fits(PL_MGMT_CONTAINS, PL_MGMT_KIND_INT));
    assert_true(pl_mgmt_operator_fits(PL_MGMT_GTE, PL_MGMT_KIND_TIME));
    assert_false(pl_mgmt_operator_fits(PL_MGMT_GT, PL_MGMT_KIND_BOOL));
    assert_false(
        pl_mgmt_operator_fits(PL_MGMT_OPERATOR_COUNT, PL_MGMT_KIND_STR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_sound),
        cmocka_unit_test(words_are_whole_words),
        cmocka_unit_test(operators_fit_their_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
