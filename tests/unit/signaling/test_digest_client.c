/* test_digest_client.c - which challenges are answered, and how often. */
#include "digest_client.h"

#include "pl/str.h"
#include "unit.h"

static pl_err copy_hash(pl_hash_kind kind, pl_slice text,
                        char hex[PL_HASH_TEXT])
{
    (void)kind;
    (void)text;
    pl_fmt_cut(hex, PL_HASH_TEXT, "0123");
    return PL_OK;
}

/* rows: WWW-Authenticate first, n_own of them. */
static pl_err take(pl_digest_client *c, const char *const *rows, unsigned n,
                   unsigned n_own, const char *realm, bool is_new_ok)
{
    pl_slice values[8];
    for (unsigned i = 0; i < n; i++)
        values[i] = pl_slice_str(rows[i]);
    pl_digest_challenges list = {.value = values,
                                 .n = n,
                                 .n_own = n_own,
                                 .only_realm = realm,
                                 .is_new_realm_ok = is_new_ok};
    return pl_digest_client_take(c, &list);
}

static const char *written(pl_digest_client *c)
{
    static char lines[2048];
    static const pl_hash_api api = {.hash = copy_hash};
    pl_digest_who who = {.user = "u",
                         .password = "p",
                         .method = "INVITE",
                         .uri = "sip:x",
                         .cnonce = "c"};
    assert_int_equal(pl_digest_client_write(c, &api, &who, lines, sizeof lines),
                     PL_OK);
    return lines;
}

static void the_strongest_of_a_realm_is_answered(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "Digest realm=\"r\", nonce=\"md5\", qop=\"auth\"",
        "Digest realm=\"r\", nonce=\"sha\", qop=\"auth\", algorithm=SHA-256",
        "Digest realm=\"r\", nonce=\"sha2\", qop=\"auth\", algorithm=SHA-256",
        "Digest realm=\"r\", nonce=\"x\", algorithm=SHA-512-256",
        "Basic realm=\"r\"",
        "Digest realm=\"r\", nonce=\"p\"",
    };
    pl_digest_client c = {.n = 0};
    assert_int_equal(take(&c, rows, 6, 5, "", true), PL_OK);
    const char *text = written(&c);
    assert_non_null(strstr(text, "Authorization: Digest"));
    assert_non_null(strstr(text, "nonce=\"sha\""));
    assert_null(strstr(text, "nonce=\"md5\""));
    assert_null(strstr(text, "nonce=\"sha2\""));
    /* the same realm of a proxy is another one */
    assert_non_null(strstr(text, "\r\nProxy-Authorization: Digest"));
    assert_int_equal(c.n, 2);
}

static void a_nonce_that_comes_again_is_counted(void **state)
{
    (void)state;
    static const char *const one[] = {"Digest realm=\"r\", nonce=\"a\", "
                                      "qop=\"auth\""};
    static const char *const other[] = {"Digest realm=\"r\", nonce=\"b\", "
                                        "qop=\"auth\""};
    pl_digest_client c = {.n = 0};
    assert_string_equal(written(&c), ""); /* nobody asked */
    assert_int_equal(take(&c, one, 1, 1, "", true), PL_OK);
    assert_non_null(strstr(written(&c), "nc=00000001"));
    pl_digest_client_begin(&c);
    assert_string_equal(written(&c), "");
    assert_int_equal(take(&c, one, 1, 1, "", true), PL_OK);
    assert_non_null(strstr(written(&c), "nc=00000002"));
    pl_digest_client_begin(&c);
    assert_int_equal(take(&c, other, 1, 1, "", true), PL_OK);
    assert_non_null(strstr(written(&c), "nc=00000001"));
}

static void a_refusal_is_one_unless_the_nonce_was_stale(void **state)
{
    (void)state;
    static const char *const plain[] = {"Digest realm=\"r\", nonce=\"a\""};
    static const char *const stale[] = {"Digest realm=\"r\", nonce=\"b\", "
                                        "stale=TRUE"};
    pl_digest_client c = {.n = 0};
    assert_int_equal(take(&c, plain, 1, 1, "", true), PL_OK);
    assert_int_equal(take(&c, plain, 1, 1, "", true), PL_EAUTH);
    assert_int_equal(take(&c, stale, 1, 1, "", true), PL_OK);
    assert_int_equal(take(&c, stale, 1, 1, "", true), PL_EAUTH);
    pl_digest_client_begin(&c);
    assert_int_equal(take(&c, plain, 1, 1, "", true), PL_OK);
}

static void strangers_realms_are_not_answered(void **state)
{
    (void)state;
    static const char *const ours[] = {"Digest realm=\"r\", nonce=\"a\""};
    static const char *const theirs[] = {"Digest realm=\"s\", nonce=\"a\""};
    static const char *const third[] = {"Digest realm=\"t\", nonce=\"a\""};
    pl_digest_client c = {.n = 0};
    assert_int_equal(take(&c, theirs, 1, 1, "r", true), PL_EAUTH);
    assert_int_equal(take(&c, ours, 1, 1, "r", true), PL_OK);
    assert_int_equal(take(&c, theirs, 1, 1, "", false), PL_EAUTH);
    assert_int_equal(take(&c, theirs, 1, 1, "", true), PL_OK);
    assert_int_equal(take(&c, third, 1, 1, "", true), PL_EAUTH); /* full */
    assert_int_equal(take(&c, NULL, 0, 0, "", true), PL_EAUTH);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_of_a_realm_is_answered),
        cmocka_unit_test(a_nonce_that_comes_again_is_counted),
        cmocka_unit_test(a_refusal_is_one_unless_the_nonce_was_stale),
        cmocka_unit_test(strangers_realms_are_not_answered),
    };
    return RUN(tests);
}
