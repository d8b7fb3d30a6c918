/* test_http_chunk.c - chunked bodies. */
#include "cm.h"

#include <string.h>

#include "http_chunk.h"

static pl_err feed(const char *text, size_t step, pl_buf *out, size_t *ret_used)
{
    pl_http_chunk chunk = {0};
    size_t at = 0;
    size_t len = strlen(text);
    pl_err e = PL_EAGAIN;
    while (at < len && e == PL_EAGAIN) {
        size_t n = len - at < step ? len - at : step;
        size_t used = 0;
        e = pl_http_chunk_feed(&chunk, (const uint8_t *)text + at, n, out,
                               &used);
        at += e == PL_OK ? used : n;
    }
    *ret_used = at;
    return e;
}

static void joins_chunks_in_any_pieces(void **state)
{
    static const char TEXT[] = "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\nrest";
    (void)state;
    for (size_t step = 1; step < sizeof TEXT; step++) {
        pl_buf out;
        size_t used;
        pl_buf_init(&out, 100);
        assert_int_equal(feed(TEXT, step, &out, &used), PL_OK);
        assert_string_equal(pl_buf_text(&out), "hello0123456789");
        assert_string_equal(TEXT + used, "rest");
        pl_buf_fini(&out);
    }
}

static void refuses_lenient_forms(void **state)
{
    static const char *const TEXTS[] = {
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5;ext=1\r\nhello\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "\r\nhello",
        "5\r\nhelloX",
        "5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "-1\r\n",
        "5\r\nhello\r\n0\r\n\rx",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        pl_buf out;
        size_t used;
        pl_buf_init(&out, 100);
        pl_err e = feed(TEXTS[i], 3, &out, &used);
        assert_true(e == PL_EPROTO || e == PL_ETOOBIG);
        pl_buf_fini(&out);
    }
}

static void bounds_the_body(void **state)
{
    pl_buf out;
    size_t used;
    (void)state;
    pl_buf_init(&out, 8);
    assert_int_equal(feed("9\r\n", 1, &out, &used), PL_ETOOBIG);
    pl_buf_clear(&out);
    assert_int_equal(feed("5\r\nhello\r\n5\r\nworld\r\n", 1, &out, &used),
                     PL_ETOOBIG);
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_chunks_in_any_pieces),
        cmocka_unit_test(refuses_lenient_forms),
        cmocka_unit_test(bounds_the_body),
    };
    return cmocka_run_group_tests_name("http_chunk", tests, NULL, NULL);
}
