/* test_url.c - escapes, queries and forms. */
#include "cm.h"

#include "url.h"

static void decodes_paths_and_forms(void **state)
{
    char buf[32];
    (void)state;
    assert_int_equal(pl_url_decode(pl_slice_str("tel:+1%20a%2Fb"),
                                   PL_URL_PLUS_KEPT, buf, sizeof buf),
                     PL_OK);
    assert_string_equal(buf, "tel:+1 a/b");
    assert_int_equal(pl_url_decode(pl_slice_str("a+b%2b%C3%A4"),
                                   PL_URL_PLUS_IS_BLANK, buf, sizeof buf),
                     PL_OK);
    assert_string_equal(buf, "a b+\xc3\xa4");
    assert_int_equal(
        pl_url_decode(pl_slice_str(""), PL_URL_PLUS_KEPT, buf, sizeof buf),
        PL_OK);
    assert_string_equal(buf, "");
}

static void refuses_broken_escapes(void **state)
{
    static const char *const TEXTS[] = {"%",   "%1",    "%zz",      "a%00b",
                                        "%0a", "%c3",   "%ff%fe",   "%7f",
                                        "%-1", "\x01x", "%ed%a0%80"};
    char buf[32];
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        assert_int_equal(pl_url_decode(pl_slice_str(TEXTS[i]), PL_URL_PLUS_KEPT,
                                       buf, sizeof buf),
                         PL_EPROTO);
    assert_int_equal(
        pl_url_decode(pl_slice_str("12345"), PL_URL_PLUS_KEPT, buf, 5),
        PL_EFULL);
}

static void finds_parameters_once(void **state)
{
    char buf[32];
    pl_slice query = pl_slice_str("a=1&b=x%26y&c&&d=&a%32=7&e=1&e=2");
    (void)state;
    assert_int_equal(pl_url_param(query, "b", buf, sizeof buf), PL_OK);
    assert_string_equal(buf, "x&y");
    assert_int_equal(pl_url_param(query, "c", buf, sizeof buf), PL_OK);
    assert_string_equal(buf, "");
    assert_int_equal(pl_url_param(query, "a2", buf, sizeof buf), PL_OK);
    assert_string_equal(buf, "7");
    assert_int_equal(pl_url_param(query, "z", buf, sizeof buf), PL_ENOENT);
    assert_int_equal(pl_url_param(query, "e", buf, sizeof buf), PL_EPROTO);
}

static void cuts_queries_into_pairs(void **state)
{
    pl_slice query = pl_slice_str("a=1&b&c=x%3D=&&=z");
    static const struct {
        const char *name, *value;
    } rows[] = {{"a", "1"}, {"b", ""}, {"c", "x%3D="}, {"", ""}, {"", "z"}};
    pl_slice name;
    pl_slice value;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(pl_url_next(&query, &name, &value));
        assert_true(pl_slice_eq_str(name, rows[i].name));
        assert_true(pl_slice_eq_str(value, rows[i].value));
    }
    assert_false(pl_url_next(&query, &name, &value));
}

static void escapes_all_but_words(void **state)
{
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 100);
    pl_url_escape((pl_slice){(const uint8_t *)"a-._~Z9 /+\xc3\xa4\0", 13},
                  &out);
    assert_string_equal(pl_buf_text(&out), "a-._~Z9%20%2F%2B%C3%A4%00");
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_paths_and_forms),
        cmocka_unit_test(refuses_broken_escapes),
        cmocka_unit_test(finds_parameters_once),
        cmocka_unit_test(cuts_queries_into_pairs),
        cmocka_unit_test(escapes_all_but_words),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
