/* test_digest.c - digest against the values printed in the standards: RFC 2617
 * section 3.5, RFC 7616 section 3.9.1 (SHA-256 as RFC 8760 uses it). */
#include "digest.h"

#include "crypto.h"
#include "pl/str.h"
#include "unit.h"

typedef struct vector {
    const char *user, *realm, *password, *method, *uri, *nonce, *nc, *cnonce,
        *qop;
    pl_hash_kind kind;
    const char *response;
} vector;

static const vector VECTORS[] = {
    {"Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html",
     "dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b", "auth",
     PL_HASH_MD5, "6629fae49393a05397450978507c4ef1"},
    {"Mufasa", "http-auth@example.org", "Circle of Life", "GET",
     "/dir/index.html", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
     "00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "auth",
     PL_HASH_MD5, "8ca523f5e9506fed4657c9700eebdbec"},
    {"Mufasa", "http-auth@example.org", "Circle of Life", "GET",
     "/dir/index.html", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
     "00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "auth",
     PL_HASH_SHA256,
     "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
};

static void published_values_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(VECTORS); i++) {
        const vector *v = &VECTORS[i];
        char ha1[PL_HASH_TEXT];
        char got[PL_HASH_TEXT];
        pl_digest d = {.algorithm = v->kind, .is_known_algorithm = true};
        pl_fmt_cut(d.nonce, sizeof d.nonce, "%s", v->nonce);
        pl_fmt_cut(d.uri, sizeof d.uri, "%s", v->uri);
        pl_fmt_cut(d.nc, sizeof d.nc, "%s", v->nc);
        pl_fmt_cut(d.cnonce, sizeof d.cnonce, "%s", v->cnonce);
        pl_fmt_cut(d.qop, sizeof d.qop, "%s", v->qop);
        assert_int_equal(pl_digest_ha1(&PL_SIG_HASHES, v->kind, v->user,
                                       v->realm, v->password, ha1),
                         PL_OK);
        assert_int_equal(
            pl_digest_response(&PL_SIG_HASHES, &d, ha1, v->method, got), PL_OK);
        assert_string_equal(got, v->response);
    }
}

static void headers_are_parsed(void **state)
{
    (void)state;
    pl_digest d;
    assert_int_equal(
        pl_digest_parse(
            pl_slice_str("digest  realm=\"a \\\"b\\\"\" , nonce=\"n,=\",\r\n "
                         "QOP=\"auth,auth-int\",algorithm=sha-256,stale=TRUE,"
                         "unknown=x"),
            &d),
        PL_OK);
    assert_string_equal(d.realm, "a \"b\"");
    assert_string_equal(d.nonce, "n,=");
    assert_string_equal(d.qop, "auth,auth-int");
    assert_int_equal(d.algorithm, PL_HASH_SHA256);
    assert_true(d.is_stale && d.is_known_algorithm);
    assert_int_equal(pl_digest_parse(pl_slice_str("Basic abc"), &d),
                     PL_EUNSUPPORTED);
    static const char *const bad[] = {
        "Digest realm",
        "Digest realm=",
        "Digest realm=\"x",
        "Digest =\"x\"",
        "Digest realm=\"a\" nonce=\"b\"",
        "Digest realm=\"a\", realm=\"b\"",
        "Digest nc=123456789",
        "Digest realm=\"a\\",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(pl_digest_parse(pl_slice_str(bad[i]), &d), PL_EPROTO);
}

/* What a client of ours says, a server of ours accepts. */
static pl_digest credentials(const char *challenge, const char *password)
{
    pl_digest c;
    pl_digest d;
    char text[1024];
    assert_int_equal(pl_digest_parse(pl_slice_str(challenge), &c), PL_OK);
    pl_digest_answer a = {.user = "alice",
                          .password = password,
                          .uri = "sip:lobby@h",
                          .method = "INVITE",
                          .cnonce = "c",
                          .nc = 1};
    assert_int_equal(
        pl_digest_answer_write(&PL_SIG_HASHES, &c, &a, text, sizeof text),
        PL_OK);
    assert_int_equal(pl_digest_parse(pl_slice_str(text), &d), PL_OK);
    return d;
}

static pl_digest_users *users(void)
{
    char ha1[PL_HASH_TEXT];
    char sha[PL_HASH_TEXT];
    char text[512];
    assert_int_equal(
        pl_digest_ha1(&PL_SIG_HASHES, PL_HASH_MD5, "alice", "r", "secret", ha1),
        PL_OK);
    assert_int_equal(pl_digest_ha1(&PL_SIG_HASHES, PL_HASH_SHA256, "alice", "r",
                                   "secret", sha),
                     PL_OK);
    pl_fmt_cut(text, sizeof text, "# users\n\nalice:r:%s\r\nalice:r:%s", ha1,
               sha);
    pl_digest_users *u = NULL;
    unsigned line = 0;
    assert_int_equal(pl_digest_users_parse(pl_slice_str(text), &u, &line),
                     PL_OK);
    assert_int_equal(pl_digest_users_count(u), 2);
    return u;
}

static void right_passwords_pass_and_wrong_ones_do_not(void **state)
{
    (void)state;
    pl_digest_users *u = users();
    static const char *const challenges[] = {
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int, auth\", opaque=\"o\"",
    };
    for (size_t i = 0; i < COUNT(challenges); i++) {
        pl_digest d = credentials(challenges[i], "secret");
        assert_int_equal(pl_digest_check(&PL_SIG_HASHES, u, &d, "r", "INVITE"),
                         PL_OK);
        assert_int_equal(pl_digest_check(&PL_SIG_HASHES, u, &d, "r", "BYE"),
                         PL_EAUTH);
        assert_int_equal(
            pl_digest_check(&PL_SIG_HASHES, u, &d, "other", "INVITE"),
            PL_EAUTH);
        d = credentials(challenges[i], "wrong");
        assert_int_equal(pl_digest_check(&PL_SIG_HASHES, u, &d, "r", "INVITE"),
                         PL_EAUTH);
        d = credentials(challenges[i], "secret");
        memcpy(d.username, "bob", 4);
        assert_int_equal(pl_digest_check(&PL_SIG_HASHES, u, &d, "r", "INVITE"),
                         PL_EAUTH);
        d.qop[0] = '\0'; /* no replay protection without it */
        assert_int_equal(pl_digest_check(&PL_SIG_HASHES, u, &d, "r", "INVITE"),
                         PL_EPROTO);
    }
    pl_digest_users_destroy(&u);
}

static void challenges_we_cannot_answer_are_left(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
        "Digest realm=\"r\\\"x\", nonce=\"n\", qop=\"auth\"",
    };
    pl_digest_answer a = {.user = "u",
                          .password = "p",
                          .uri = "sip:x",
                          .method = "BYE",
                          .cnonce = "c",
                          .nc = 1};
    char text[1024] = "untouched";
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_digest c;
        assert_int_equal(pl_digest_parse(pl_slice_str(rows[i]), &c), PL_OK);
        assert_int_equal(
            pl_digest_answer_write(&PL_SIG_HASHES, &c, &a, text, sizeof text),
            PL_EUNSUPPORTED);
        assert_string_equal(text, "untouched");
    }
}

static void user_files_name_their_bad_line(void **state)
{
    (void)state;
    static const char *const rows[] = {"a", "a:b", "a:b:c", ":b:0123",
                                       "a:b:0123456789ABCDEF0123456789ABCDEF"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        unsigned line = 0;
        pl_digest_users *u = NULL;
        pl_fmt_cut(text, sizeof text, "# one\n%s\n", rows[i]);
        assert_int_equal(pl_digest_users_parse(pl_slice_str(text), &u, &line),
                         PL_EPROTO);
        assert_int_equal(line, 2);
        assert_null(u);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_come_out),
        cmocka_unit_test(headers_are_parsed),
        cmocka_unit_test(right_passwords_pass_and_wrong_ones_do_not),
        cmocka_unit_test(challenges_we_cannot_answer_are_left),
        cmocka_unit_test(user_files_name_their_bad_line),
    };
    return RUN(tests);
}
