/* test_nonce.c - stateless nonces and the book of counts. */
#include "nonce.h"

#include "pl/str.h"
#include "unit.h"

static pl_err weak_hmac(pl_slice key, pl_slice text, char hex[PL_HASH_TEXT])
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < key.len + text.len; i++) {
        uint8_t c = i < key.len ? key.ptr[i] : text.ptr[i - key.len];
        h = (h ^ c) * 1099511628211u;
    }
    pl_fmt_cut(hex, PL_HASH_TEXT, "%016llx%016llx%016llx%016llx",
               (unsigned long long)h, (unsigned long long)(h * 3),
               (unsigned long long)(h * 5), (unsigned long long)(h * 7));
    return PL_OK;
}

static const pl_hash_api API = {.hmac = weak_hmac};
static const uint8_t KEY[PL_NONCE_KEY] = "key";

static void a_nonce_is_good_for_its_source_and_time(void **state)
{
    (void)state;
    char n[PL_NONCE_TEXT];
    assert_int_equal(pl_nonce_make(&API, KEY, 1000, 5, "1.1.1.1", n), PL_OK);
    assert_int_equal(pl_nonce_check(&API, KEY, 1000, "1.1.1.1", n), PL_OK);
    assert_int_equal(
        pl_nonce_check(&API, KEY, 1000 + PL_NONCE_LIFE_S, "1.1.1.1", n), PL_OK);
    assert_int_equal(
        pl_nonce_check(&API, KEY, 1001 + PL_NONCE_LIFE_S, "1.1.1.1", n),
        PL_ESTALE);
    assert_int_equal(pl_nonce_check(&API, KEY, 1000, "1.1.1.2", n), PL_EAUTH);
    n[0] = n[0] == '0' ? '1' : '0'; /* another time than was signed */
    assert_int_equal(pl_nonce_check(&API, KEY, 1000, "1.1.1.1", n), PL_EAUTH);
    assert_int_equal(pl_nonce_check(&API, KEY, 1000, "1.1.1.1", ""), PL_EAUTH);
    assert_int_equal(pl_nonce_check(&API, KEY, 1000, "1.1.1.1", "zz"),
                     PL_EAUTH);
}

static void two_salts_make_two_nonces(void **state)
{
    (void)state;
    char a[PL_NONCE_TEXT];
    char b[PL_NONCE_TEXT];
    assert_int_equal(pl_nonce_make(&API, KEY, 1000, 1, "x", a), PL_OK);
    assert_int_equal(pl_nonce_make(&API, KEY, 1000, 2, "x", b), PL_OK);
    assert_string_not_equal(a, b);
}

static void a_count_is_good_once(void **state)
{
    (void)state;
    pl_nonce_book *book = NULL;
    char n[PL_NONCE_TEXT];
    assert_int_equal(pl_nonce_make(&API, KEY, 1000, 1, "x", n), PL_OK);
    assert_int_equal(pl_nonce_book_create(&book), PL_OK);
    assert_int_equal(pl_nonce_book_use(book, n, "00000001", 1000), PL_OK);
    assert_int_equal(pl_nonce_book_use(book, n, "00000001", 1000), PL_EAUTH);
    assert_int_equal(pl_nonce_book_use(book, n, "00000005", 1000), PL_OK);
    assert_int_equal(pl_nonce_book_use(book, n, "00000003", 1000), PL_OK);
    assert_int_equal(pl_nonce_book_use(book, n, "00000003", 1000), PL_EAUTH);
    assert_int_equal(pl_nonce_book_use(book, n, "00000100", 1000), PL_OK);
    assert_int_equal(pl_nonce_book_use(book, n, "00000005", 1000), PL_ESTALE);
    assert_int_equal(pl_nonce_book_use(book, n, "00000000", 1000), PL_EPROTO);
    assert_int_equal(pl_nonce_book_use(book, n, "1", 1000), PL_EPROTO);
    assert_int_equal(pl_nonce_book_use(book, n, "0000000g", 1000), PL_EPROTO);
    pl_nonce_book_destroy(&book);
    assert_null(book);
}

static void a_full_book_says_stale(void **state)
{
    (void)state;
    pl_nonce_book *book = NULL;
    assert_int_equal(pl_nonce_book_create(&book), PL_OK);
    pl_err e = PL_OK;
    for (uint32_t i = 0; i < 2 * PL_NONCE_BOOK && e == PL_OK; i++) {
        char n[PL_NONCE_TEXT];
        assert_int_equal(pl_nonce_make(&API, KEY, 1000, i, "x", n), PL_OK);
        e = pl_nonce_book_use(book, n, "00000001", 1000);
    }
    assert_int_equal(e, PL_ESTALE);
    pl_nonce_book_destroy(&book);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_good_for_its_source_and_time),
        cmocka_unit_test(two_salts_make_two_nonces),
        cmocka_unit_test(a_count_is_good_once),
        cmocka_unit_test(a_full_book_says_stale),
    };
    return RUN(tests);
}
