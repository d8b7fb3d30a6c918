/* test_prom_merge.c - one text of several nodes' metrics. */
#include "cm.h"

#include "prom_merge.h"

static void puts_samples_of_one_family_together(void **state)
{
    pl_slice texts[] = {
        pl_slice_str("# HELP a A.\n# TYPE a counter\na{n=\"1\"} 1\n"
                     "# HELP b B.\n# TYPE b gauge\nb{n=\"1\"} 2\n"),
        pl_slice_str("garbage first\n# HELP b B.\n# TYPE b gauge\n"
                     "b{n=\"2\"} 3\n# HELP c C.\n# TYPE c gauge\n"
                     "c{n=\"2\"} 4\n"),
        pl_slice_str(""),
    };
    pl_buf out;
    (void)state;
    pl_buf_init(&out, 1000);
    assert_int_equal(pl_prom_merge(texts, 3, &out), PL_OK);
    assert_string_equal(
        pl_buf_text(&out),
        "# HELP a A.\n# TYPE a counter\na{n=\"1\"} 1\n"
        "# HELP b B.\n# TYPE b gauge\nb{n=\"1\"} 2\nb{n=\"2\"} 3\n"
        "# HELP c C.\n# TYPE c gauge\nc{n=\"2\"} 4\n");
    pl_buf_fini(&out);
}

static void survives_cut_texts(void **state)
{
    static const char TEXT[] = "# HELP a A.\n# TYPE a counter\na 1\n";
    (void)state;
    for (size_t n = 0; n < sizeof TEXT; n++) {
        pl_slice cut = {(const uint8_t *)TEXT, n};
        pl_buf out;
        pl_buf_init(&out, 1000);
        assert_int_equal(pl_prom_merge(&cut, 1, &out), PL_OK);
        pl_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_samples_of_one_family_together),
        cmocka_unit_test(survives_cut_texts),
    };
    return cmocka_run_group_tests_name("prom_merge", tests, NULL, NULL);
}
