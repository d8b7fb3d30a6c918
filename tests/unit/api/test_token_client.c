/* test_token_client.c - clients of the token server as a file has them. */
#include "cm.h"

#include <string.h>

#include "token_client.h"

#define SECRET "\"client_secret\":\"0123456789abcdef\""
#define SCOPES "\"scopes\":[\"rooms\",\"management\"]"
/* SHA-256 of 0123456789abcdef */
#define HASH "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"

static pl_err read_text(const char *text, pl_token_client *client,
                        const char **wrong, bool *ret_has_jwks)
{
    pl_json *json = NULL;
    const pl_json *jwks = NULL;
    assert_int_equal(pl_json_parse(pl_slice_str(text), &json), PL_OK);
    pl_err e = pl_token_client_read(json, client, &jwks, wrong);
    *ret_has_jwks = jwks != NULL;
    pl_json_free(&json);
    return e;
}

static void reads_a_client(void **state)
{
    pl_token_client c;
    const char *wrong = NULL;
    bool has_jwks;
    (void)state;
    assert_int_equal(read_text("{\"client_id\":\"video\"," SECRET "," SCOPES
                               ",\"may_name_users\":true}",
                               &c, &wrong, &has_jwks),
                     PL_OK);
    assert_string_equal(c.id, "video");
    assert_string_equal(c.scopes, "rooms management");
    assert_string_equal(c.secret_hash, HASH);
    assert_true(c.may_name_users);
    assert_false(c.is_free);
    assert_false(c.may_use_codes);
    assert_false(has_jwks);
    assert_int_equal(
        read_text("{\"client_id\":\"v\",\"client_secret_sha256\":\"" HASH
                  "\"," SCOPES ",\"jwks\":{\"keys\":[]}}",
                  &c, &wrong, &has_jwks),
        PL_OK);
    assert_true(pl_token_client_has_secret(&c, "0123456789abcdef"));
    assert_true(has_jwks);
    assert_false(c.may_name_users);
}

static void a_secret_fits_or_not(void **state)
{
    pl_token_client c;
    const char *wrong = NULL;
    bool has_jwks;
    (void)state;
    assert_int_equal(read_text("{\"client_id\":\"v\"," SECRET "," SCOPES "}",
                               &c, &wrong, &has_jwks),
                     PL_OK);
    assert_true(pl_token_client_has_secret(&c, "0123456789abcdef"));
    assert_false(pl_token_client_has_secret(&c, "0123456789abcdeg"));
    assert_false(pl_token_client_has_secret(&c, HASH));
    assert_false(pl_token_client_has_secret(&c, ""));
    assert_false(pl_token_client_has_secret(NULL, "0123456789abcdef"));
    /* One with keys only has no secret that fits. */
    assert_int_equal(read_text("{\"client_id\":\"v\",\"jwks\":{}," SCOPES "}",
                               &c, &wrong, &has_jwks),
                     PL_OK);
    assert_false(pl_token_client_has_secret(&c, ""));
}

static void refuses_one_that_is_no_good(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"client_id\":\"v\"," SECRET "}",
        "{\"client_id\":\"v\"," SCOPES "}",
        "{" SECRET "," SCOPES "}",
        "{\"client_id\":\"\"," SECRET "," SCOPES "}",
        "{\"client_id\":\"a b\"," SECRET "," SCOPES "}",
        "{\"client_id\":\"a\\nb\"," SECRET "," SCOPES "}",
        "{\"client_id\":7," SECRET "," SCOPES "}",
        "{\"client_id\":\"v\"," SECRET ",\"scopes\":[]}",
        "{\"client_id\":\"v\"," SECRET ",\"scopes\":\"rooms\"}",
        "{\"client_id\":\"v\"," SECRET ",\"scopes\":[\"a b\"]}",
        "{\"client_id\":\"v\"," SECRET ",\"scopes\":[1]}",
        "{\"client_id\":\"v\",\"client_secret\":\"short\"," SCOPES "}",
        "{\"client_id\":\"v\",\"client_secret\":1," SCOPES "}",
        "{\"client_id\":\"v\",\"client_secret_sha256\":\"12\"," SCOPES "}",
        "{\"client_id\":\"v\",\"client_secret_sha256\":\"9F" HASH "\"," SCOPES
        "}",
        "{\"client_id\":\"v\"," SECRET ",\"client_secret_sha256\":\"" HASH
        "\"," SCOPES "}",
        "{\"client_id\":\"v\"," SECRET "," SCOPES ",\"may_name_users\":1}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_token_client c;
        const char *wrong = NULL;
        bool has_jwks;
        assert_int_equal(read_text(rows[i], &c, &wrong, &has_jwks), PL_EINVAL);
        assert_non_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_client),
        cmocka_unit_test(a_secret_fits_or_not),
        cmocka_unit_test(refuses_one_that_is_no_good),
    };
    return cmocka_run_group_tests_name("token client", tests, NULL, NULL);
}
