/* test_json.c - bounded reading, and writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pl/json.h"

static pl_err parse(const char *text)
{
    pl_json *json = NULL;
    pl_err e = pl_json_parse(pl_slice_str(text), &json);
    pl_json_free(&json);
    return e;
}

static void refuses_bad_texts(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "{",
        "}",
        "{}x",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{'a':1}",
        "{\"a\":1e999}",
        "{\"a\":99999999999999999999}",
        "[1,]",
        "nul",
        "\"text\"",
        "{\"a\":\"unterminated\\",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        assert_int_equal(parse(TEXTS[i]), PL_EPROTO);
}

static void bounds_depth_and_members(void **state)
{
    enum { TEXT_MAX = 16384 };
    char *text = calloc(1, TEXT_MAX);
    (void)state;
    assert_non_null(text);
    memset(text, '[', PL_JSON_DEPTH_MAX);
    memset(text + PL_JSON_DEPTH_MAX, ']', PL_JSON_DEPTH_MAX);
    assert_int_equal(parse(text), PL_OK);
    memset(text, '[', PL_JSON_DEPTH_MAX + 1);
    memset(text + PL_JSON_DEPTH_MAX + 1, ']', PL_JSON_DEPTH_MAX + 1);
    assert_int_equal(parse(text), PL_EPROTO);

    pl_buf many;
    pl_buf_init(&many, TEXT_MAX);
    pl_buf_add_str(&many, "{\"k\":\"::::[[[{{{\"");
    for (int i = 1; i < PL_JSON_KEYS_MAX; i++)
        pl_buf_add_fmt(&many, ",\"k%d\":1", i);
    pl_buf_add_str(&many, "}");
    assert_int_equal(parse(pl_buf_text(&many)), PL_OK);
    many.ptr[many.len - 1] = ',';
    pl_buf_add_str(&many, "\"z\":1}");
    assert_int_equal(parse(pl_buf_text(&many)), PL_EPROTO);
    pl_json *json = NULL;
    assert_int_equal(
        pl_json_parse_long(pl_buf_slice(&many), PL_JSON_KEYS_MAX + 1, &json),
        PL_OK);
    pl_json_free(&json);
    pl_buf_fini(&many);
    free(text);
}

static void reads_members_by_type(void **state)
{
    pl_json *json = NULL;
    pl_slice text;
    int64_t number;
    bool flag = false;
    (void)state;
    assert_int_equal(
        pl_json_parse(
            pl_slice_str("{\"s\":\"x\",\"n\":7,\"o\":{\"s\":\"y\"},\"z\":null,"
                         "\"b\":true,\"l\":[]}"),
            &json),
        PL_OK);
    assert_int_equal(pl_json_get_str(json, "s", &text), PL_OK);
    assert_true(pl_slice_eq_str(text, "x"));
    assert_int_equal(pl_json_get_str(json, "n", &text), PL_EPROTO);
    assert_int_equal(pl_json_get_str(json, "z", &text), PL_ENOENT);
    assert_int_equal(pl_json_get_str(json, "q", &text), PL_ENOENT);
    assert_int_equal(pl_json_get_str(pl_json_get(json, "o"), "s", &text),
                     PL_OK);
    assert_int_equal(pl_json_get_str(NULL, "s", &text), PL_ENOENT);
    assert_int_equal(pl_json_get_i64(json, "n", &number), PL_OK);
    assert_int_equal(number, 7);
    assert_int_equal(pl_json_get_i64(json, "s", &number), PL_EPROTO);
    assert_int_equal(pl_json_as_i64(pl_json_get(json, "n"), &number), PL_OK);
    assert_int_equal(pl_json_as_i64(NULL, &number), PL_EPROTO);
    assert_int_equal(pl_json_as_bool(pl_json_get(json, "b"), &flag), PL_OK);
    assert_true(flag);
    assert_int_equal(pl_json_as_bool(pl_json_get(json, "n"), &flag), PL_EPROTO);
    assert_true(pl_json_is_null(pl_json_get(json, "z")));
    assert_false(pl_json_is_null(pl_json_get(json, "q")));
    assert_true(pl_json_is_array(pl_json_get(json, "l")));
    assert_false(pl_json_is_array(json));
    pl_json_free(&json);
}

static void writes_what_can_be_read(void **state)
{
    pl_buf out;
    pl_jw w = {.out = &out};
    (void)state;
    pl_buf_init(&out, 1000);
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "t", "a\"b\\c\r\n\t\x7f\xc3\xa4");
    pl_jw_open(&w, "l", '[');
    pl_jw_int(&w, NULL, -5);
    pl_jw_bool(&w, NULL, true);
    pl_jw_null(&w, NULL);
    pl_jw_close(&w, ']');
    pl_jw_seconds(&w, "s", 1234567);
    pl_jw_slice(&w, "bad", (pl_slice){(const uint8_t *)"x\xffy", 3});
    pl_jw_slice(&w, "empty", (pl_slice){NULL, 0});
    pl_jw_raw(&w, "raw", pl_slice_str("[1]"));
    pl_jw_close(&w, '}');
    assert_string_equal(
        pl_buf_text(&out),
        "{\"t\":\"a\\\"b\\\\c\\r\\n\\u0009\\u007f\xc3\xa4\",\"l\":[-5,true,"
        "null],\"s\":1234.567,\"bad\":\"x\\ufffdy\",\"empty\":\"\",\"raw\":[1]"
        "}");
    assert_int_equal(parse(pl_buf_text(&out)), PL_OK);
    pl_buf_fini(&out);
}

static void reads_numbers_and_finds_strangers(void **state)
{
    static const char *const known[] = {"a", "b", NULL};
    static const char *const all[] = {"a", "b", "c", NULL};
    pl_json *json = NULL;
    double value = 0;
    (void)state;
    assert_int_equal(
        pl_json_parse(pl_slice_str("{\"a\":7,\"b\":-1.5,\"c\":\"8\"}"), &json),
        PL_OK);
    assert_int_equal(pl_json_as_num(pl_json_get(json, "a"), &value), PL_OK);
    assert_true(value > 6.9 && value < 7.1);
    assert_int_equal(pl_json_as_num(pl_json_get(json, "b"), &value), PL_OK);
    assert_true(value > -1.6 && value < -1.4);
    assert_int_equal(pl_json_as_num(pl_json_get(json, "c"), &value), PL_EPROTO);
    assert_int_equal(pl_json_as_num(NULL, &value), PL_EPROTO);
    assert_string_equal(pl_json_stranger(json, known), "c");
    assert_null(pl_json_stranger(json, all));
    pl_json_free(&json);
    assert_null(pl_json_stranger(NULL, known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_texts),
        cmocka_unit_test(bounds_depth_and_members),
        cmocka_unit_test(reads_members_by_type),
        cmocka_unit_test(reads_numbers_and_finds_strangers),
        cmocka_unit_test(writes_what_can_be_read),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
