/* test_jose.c - signatures, with keys made here. */
#include "cm.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <openssl/evp.h>

#include "base64.h"
#include "jose.h"

static const char CLAIMS[] = "{\"iss\":\"I\",\"exp\":1}";

/* Two keys of our own making in two sets; a set with both public parts. */
static pl_keys *ours;
static pl_keys *others;
static pl_buf ours_text;

static char kids[2][PL_JWT_KID_MAX + 1];

static pl_keys *make_set(char *ret_kid, pl_buf *text)
{
    pl_keys *keys = NULL;
    pl_buf_init(text, 65536);
    pl_buf_add_str(text, "{\"keys\":[");
    assert_int_equal(pl_key_make(PL_JWT_ES256, ret_kid, text), PL_OK);
    pl_buf_add_str(text, "]}");
    assert_int_equal(pl_keys_load(pl_buf_slice(text), &keys), PL_OK);
    return keys;
}

static int set_up(void **state)
{
    pl_buf text;
    (void)state;
    ours = make_set(kids[0], &ours_text);
    others = make_set(kids[1], &text);
    pl_buf_fini(&text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pl_keys_free(&ours);
    pl_keys_free(&others);
    pl_buf_fini(&ours_text);
    return 0;
}

static pl_err verify(const pl_keys *keys, pl_slice text)
{
    pl_jwt jwt;
    pl_err e = pl_jwt_parse(text, &jwt);
    if (e)
        return e;
    e = pl_keys_verify(keys, &jwt);
    pl_jwt_fini(&jwt);
    return e;
}

static void sign(const pl_keys *keys, pl_buf *token)
{
    pl_buf_init(token, PL_JWT_MAX);
    assert_int_equal(pl_keys_sign(keys, kids[keys == others], "at+jwt",
                                  pl_slice_str(CLAIMS), token),
                     PL_OK);
}

static void accepts_its_own_signature_by_the_public_set(void **state)
{
    pl_buf token;
    pl_buf text;
    pl_keys *public_keys = NULL;
    (void)state;
    sign(ours, &token);
    pl_buf_init(&text, 65536);
    assert_int_equal(pl_keys_public_text(ours, &text), PL_OK);
    assert_null(strstr(pl_buf_text(&text), "\"d\""));
    assert_non_null(strstr(pl_buf_text(&text), "\"alg\":\"ES256\""));
    assert_int_equal(pl_keys_load(pl_buf_slice(&text), &public_keys), PL_OK);
    assert_int_equal(verify(ours, pl_buf_slice(&token)), PL_OK);
    assert_int_equal(verify(public_keys, pl_buf_slice(&token)), PL_OK);
    pl_keys_free(&public_keys);
    pl_buf_fini(&text);
    pl_buf_fini(&token);
}

static void refuses_signatures_of_other_keys(void **state)
{
    pl_buf token;
    (void)state;
    sign(others, &token);
    assert_int_equal(verify(ours, pl_buf_slice(&token)), PL_ENOENT);
    pl_buf_fini(&token);
}

static void refuses_changed_tokens(void **state)
{
    pl_buf token;
    (void)state;
    sign(ours, &token);
    for (size_t i = 0; i < token.len; i++) {
        char old = token.ptr[i];
        token.ptr[i] = old == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(ours, pl_buf_slice(&token)), PL_OK);
        token.ptr[i] = old;
    }
    for (size_t n = 0; n < token.len; n++)
        assert_int_not_equal(verify(ours, (pl_slice){(uint8_t *)token.ptr, n}),
                             PL_OK);
    pl_buf_fini(&token);
}

/* "header.claims.signature" with a signature of our choice. */
static void compose(const char *header, pl_slice signature, pl_buf *out)
{
    pl_buf_init(out, PL_JWT_MAX);
    pl_base64url_encode(pl_slice_str(header), out);
    pl_buf_add_str(out, ".");
    pl_base64url_encode(pl_slice_str(CLAIMS), out);
    if (signature.ptr) {
        pl_buf_add_str(out, ".");
        pl_base64url_encode(signature, out);
    }
}

/* alg: what the set says that the key is for, "" nothing */
static pl_keys *make_rsa(size_t bits, const char *alg, cjose_jwk_t **ret_jwk)
{
    static const uint8_t EXPONENT[] = {1, 0, 1};
    cjose_err error;
    cjose_jwk_t *jwk =
        cjose_jwk_create_RSA_random(bits, EXPONENT, sizeof EXPONENT, &error);
    assert_non_null(jwk);
    assert_true(cjose_jwk_set_kid(jwk, "r1", 2, &error));
    char *public_text = cjose_jwk_to_json(jwk, false, &error);
    pl_buf set;
    pl_buf_init(&set, 65536);
    public_text[strlen(public_text) - 1] = '\0';
    pl_buf_add_fmt(
        &set, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"},%s%s%s%s}]}",
        public_text, alg[0] ? ",\"alg\":\"" : "", alg, alg[0] ? "\"" : "");
    free(public_text);
    pl_keys *keys = NULL;
    pl_err e = pl_keys_load(pl_buf_slice(&set), &keys);
    assert_true(e == PL_OK || e == PL_EPROTO);
    pl_buf_fini(&set);
    *ret_jwk = jwk;
    return keys;
}

static void sign_by(cjose_jwk_t *jwk, const char *alg, const char *kid,
                    pl_buf *out)
{
    cjose_err error;
    const char *text = NULL;
    cjose_header_t *header = cjose_header_new(&error);
    assert_true(cjose_header_set(header, "alg", alg, &error));
    assert_true(cjose_header_set(header, "typ", "JWT", &error));
    assert_true(cjose_header_set(header, "kid", kid, &error));
    cjose_jws_t *jws = cjose_jws_sign(jwk, header, (const uint8_t *)CLAIMS,
                                      sizeof CLAIMS - 1, &error);
    assert_non_null(jws);
    assert_true(cjose_jws_export(jws, &text, &error));
    pl_buf_init(out, PL_JWT_MAX);
    pl_buf_add_str(out, text);
    cjose_jws_release(jws);
    cjose_header_release(header);
}

static void accepts_rs256_and_no_other_rsa(void **state)
{
    cjose_jwk_t *jwk;
    pl_buf token;
    (void)state;
    pl_keys *keys = make_rsa(2048, "", &jwk);
    assert_non_null(keys);
    sign_by(jwk, "RS256", "r1", &token);
    assert_int_equal(verify(keys, pl_buf_slice(&token)), PL_OK);
    pl_buf_fini(&token);
    sign_by(jwk, "PS256", "r1", &token);
    assert_int_equal(verify(keys, pl_buf_slice(&token)), PL_EAUTH);
    pl_buf_fini(&token);
    pl_keys_free(&keys);
    (void)cjose_jwk_release(jwk);
}

/* The key says which, not the token. */
static void accepts_ps256_by_keys_for_it(void **state)
{
    cjose_jwk_t *jwk;
    pl_buf token;
    (void)state;
    pl_keys *keys = make_rsa(2048, "PS256", &jwk);
    assert_non_null(keys);
    sign_by(jwk, "PS256", "r1", &token);
    assert_int_equal(verify(keys, pl_buf_slice(&token)), PL_OK);
    token.ptr[token.len - 9] ^= 1;
    assert_int_not_equal(verify(keys, pl_buf_slice(&token)), PL_OK);
    pl_buf_fini(&token);
    sign_by(jwk, "RS256", "r1", &token);
    assert_int_equal(verify(keys, pl_buf_slice(&token)), PL_EAUTH);
    pl_buf_fini(&token);
    pl_keys_free(&keys);
    (void)cjose_jwk_release(jwk);
}

static void refuses_short_rsa_keys(void **state)
{
    cjose_jwk_t *jwk;
    (void)state;
    pl_keys *keys = make_rsa(1024, "PS256", &jwk);
    assert_null(keys);
    (void)cjose_jwk_release(jwk);
}

/* The classic: HMAC with the public key as secret, and no signature at all. */
static void refuses_algorithms_that_the_key_is_not_for(void **state)
{
    static const char *const HEADERS[] = {
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
    };
    uint8_t zeros[64] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        pl_buf token;
        compose(HEADERS[i], (pl_slice){zeros, sizeof zeros}, &token);
        assert_int_equal(verify(ours, pl_buf_slice(&token)), PL_EAUTH);
        pl_buf_fini(&token);
        compose(HEADERS[i], (pl_slice){zeros, 0}, &token);
        assert_int_equal(verify(ours, pl_buf_slice(&token)), PL_EAUTH);
        pl_buf_fini(&token);
    }
}

static pl_keys *ed25519_set(EVP_PKEY *key)
{
    uint8_t raw[32];
    size_t n = sizeof raw;
    pl_buf set;
    pl_keys *keys = NULL;
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &n), 1);
    pl_buf_init(&set, 4096);
    pl_buf_add_str(&set, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                         "\"kid\":\"e1\",\"x\":\"");
    pl_base64url_encode((pl_slice){raw, n}, &set);
    pl_buf_add_str(&set, "\"}]}");
    assert_int_equal(pl_keys_load(pl_buf_slice(&set), &keys), PL_OK);
    pl_buf_fini(&set);
    return keys;
}

static void accepts_eddsa(void **state)
{
    static const char HEADER[] =
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"e1\"}";
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    pl_keys *keys = ed25519_set(key);
    uint8_t signature[64];
    size_t n = sizeof signature;
    pl_buf token;
    (void)state;
    compose(HEADER, (pl_slice){NULL, 0}, &token);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &n,
                                    (const uint8_t *)token.ptr, token.len),
                     1);
    EVP_MD_CTX_free(ctx);
    pl_buf_add_str(&token, ".");
    pl_base64url_encode((pl_slice){signature, n}, &token);
    assert_int_equal(verify(keys, pl_buf_slice(&token)), PL_OK);
    pl_buf_fini(&token);
    signature[5] ^= 1;
    compose(HEADER, (pl_slice){signature, n}, &token);
    assert_int_equal(verify(keys, pl_buf_slice(&token)), PL_EAUTH);
    pl_buf_fini(&token);
    pl_keys_free(&keys);
    EVP_PKEY_free(key);
}

static void refuses_sets_without_usable_keys(void **state)
{
    static const char *const BAD[] = {
        "",
        "{}",
        "[]",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":"
        "\"AA\"}"
        "]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        pl_keys *keys = NULL;
        assert_int_equal(pl_keys_load(pl_slice_str(BAD[i]), &keys), PL_EPROTO);
        assert_null(keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_its_own_signature_by_the_public_set),
        cmocka_unit_test(refuses_signatures_of_other_keys),
        cmocka_unit_test(refuses_changed_tokens),
        cmocka_unit_test(accepts_rs256_and_no_other_rsa),
        cmocka_unit_test(accepts_ps256_by_keys_for_it),
        cmocka_unit_test(refuses_short_rsa_keys),
        cmocka_unit_test(refuses_algorithms_that_the_key_is_not_for),
        cmocka_unit_test(accepts_eddsa),
        cmocka_unit_test(refuses_sets_without_usable_keys),
    };
    return cmocka_run_group_tests_name("jose", tests, set_up, tear_down);
}
