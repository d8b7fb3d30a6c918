/* test_base64.c - strict base64url and base64 (RFC 4648 section 10). */
#include "cm.h"

#include <string.h>

#include "base64.h"

static void decodes_the_vectors_of_rfc_4648(void **state)
{
    static const struct {
        const char *plain, *url, *padded;
    } ROWS[] = {{"", "", ""},
                {"f", "Zg", "Zg=="},
                {"fo", "Zm8", "Zm8="},
                {"foo", "Zm9v", "Zm9v"},
                {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                {"\xfb\xff", "-_8", "+/8="}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_buf out;
        pl_buf_init(&out, 100);
        assert_int_equal(pl_base64url_decode(pl_slice_str(ROWS[i].url), &out),
                         PL_OK);
        assert_string_equal(pl_buf_text(&out), ROWS[i].plain);
        pl_buf_clear(&out);
        assert_int_equal(pl_base64_decode(pl_slice_str(ROWS[i].padded), &out),
                         PL_OK);
        assert_string_equal(pl_buf_text(&out), ROWS[i].plain);
        pl_buf_clear(&out);
        pl_base64url_encode(pl_slice_str(ROWS[i].plain), &out);
        assert_string_equal(pl_buf_text(&out), ROWS[i].url);
        pl_buf_fini(&out);
    }
}

static void refuses_every_leniency(void **state)
{
    static const char *const TEXTS[] = {"Z",   "Zg==", "Zh",   "Zm9",  "Zg\n",
                                        "Z g", "Zm+v", "Zm/v", "Zm9vY"};
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        pl_buf out;
        pl_buf_init(&out, 100);
        assert_int_equal(pl_base64url_decode(pl_slice_str(TEXTS[i]), &out),
                         PL_EPROTO);
        pl_buf_fini(&out);
    }
}

static void encodes_with_padding(void **state)
{
    static const char *const ROWS[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"\xff\xfe", "//4="}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        pl_buf out;
        pl_buf_init(&out, 100);
        pl_base64_encode(pl_slice_str(ROWS[i][0]), &out);
        assert_string_equal(pl_buf_text(&out), ROWS[i][1]);
        pl_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_with_padding),
        cmocka_unit_test(decodes_the_vectors_of_rfc_4648),
        cmocka_unit_test(refuses_every_leniency),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
