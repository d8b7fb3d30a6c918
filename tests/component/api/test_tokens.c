/* test_tokens.c - issuing and checking access tokens over HTTPS. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static void only_the_client_gets_tokens(void **state)
{
    static const char *const PATHS[] = {
        "POST /oauth2/token", "POST /oauth/token", "POST /oauth/v4/token",
        "POST /acme/oauth2/v2.0/token"};
    api_rig *rig = rig_start(NULL);
    char secret[128] = "";
    char body[256];
    tls_reply reply;
    (void)state;
    rig_client(rig, secret, sizeof secret);
    (void)snprintf(body, sizeof body,
                   "grant_type=client_credentials&client_id=parley-dev&"
                   "client_secret=%s",
                   secret);
    for (size_t i = 0; i < 4; i++) {
        rig_request(rig, PATHS[i], FORM, body, &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
    }
    body[strlen(body) - 1] ^= 1;
    rig_request(rig, "POST /oauth2/token", FORM, body, &reply);
    assert_int_equal(reply.status, 401);
    assert_non_null(strstr(reply.body, "invalid_client"));
    rig_request(rig, "POST /oauth2/token", FORM, "grant_type=password", &reply);
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "unsupported_grant_type"));
    assert_int_equal(rig_metric(rig, PL_AM_token_issued), 4);
    assert_int_equal(rig_metric(rig, PL_AM_client_refused), 1);
    rig_stop(&rig);
}

static void serves_public_keys_and_metadata(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    (void)state;
    rig_request(rig, "GET /.well-known/jwks.json", "", NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"kty\":\"EC\""));
    assert_null(strstr(reply.body, "\"d\""));
    rig_request(rig, "GET /.well-known/openid-configuration", "", NULL, &reply);
    assert_non_null(strstr(reply.body, "\"jwks_uri\":\"https://localhost:8443"
                                       "/.well-known/jwks.json\""));
    rig_stop(&rig);
}

static int status_with(api_rig *rig, const char *authorization)
{
    static char header[10000];
    tls_reply reply;
    (void)snprintf(header, sizeof header, "Authorization: %s\r\n",
                   authorization);
    rig_request(rig, "POST /sessions", header, "{}", &reply);
    return reply.status;
}

static void accepts_good_tokens_only(void **state)
{
    static char text[9000];
    api_rig *rig = rig_start(NULL);
    (void)state;
    (void)snprintf(text, sizeof text, "Bearer %s", rig_token(rig));
    assert_int_equal(status_with(rig, text), 202);
    memcpy(text, "bEARER", 6);
    assert_int_equal(status_with(rig, text), 202);
    memcpy(text, "Basic ", 6);
    assert_int_equal(status_with(rig, text), 401);
    (void)snprintf(text, sizeof text, "Bearer  %s", rig_token(rig));
    assert_int_equal(status_with(rig, text), 401);
    (void)snprintf(text, sizeof text, "Bearer %s", rig_token(rig));
    size_t n = strlen(text);
    text[n - 3] = text[n - 3] == 'A' ? 'B' : 'A';
    assert_int_equal(status_with(rig, text), 401);
    (void)snprintf(text, sizeof text, "Bearer %s.", rig_token(rig));
    assert_int_equal(status_with(rig, text), 401);
    assert_int_equal(status_with(rig, "Bearer x"), 401);
    assert_int_equal(status_with(rig, ""), 401);
    assert_int_equal(atomic_load(&rig_counts(rig)->sessions), 2);
    rig_stop(&rig);
}

static void want_scope(pl_api_config *config)
{
    (void)snprintf(config->scope, sizeof config->scope, "OTHER");
}

static void wants_the_configured_scope(void **state)
{
    static char text[9000];
    api_rig *rig = rig_start(want_scope);
    (void)state;
    (void)snprintf(text, sizeof text, "Bearer %s", rig_token(rig));
    assert_int_equal(status_with(rig, text), 403);
    rig_stop(&rig);
}

static char jwks_path[] = "/tmp/parley-jwks-XXXXXX";

static void use_external(pl_api_config *config)
{
    (void)snprintf(config->external_issuer, sizeof config->external_issuer,
                   "https://localhost:8443");
    (void)snprintf(config->external_jwks, sizeof config->external_jwks, "%s",
                   jwks_path);
}

/* One front end issues, another that knows only its key set accepts. */
static void accepts_an_external_issuer_by_its_key_file(void **state)
{
    static char text[9000];
    api_rig *issuer = rig_start(NULL);
    tls_reply reply;
    (void)state;
    rig_request(issuer, "GET /.well-known/jwks.json", "", NULL, &reply);
    int fd = mkstemp(jwks_path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(reply.body, 1, reply.body_len, f), reply.body_len);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(text, sizeof text, "Bearer %s", rig_token(issuer));
    api_rig *rig = rig_start(use_external);
    assert_int_equal(status_with(rig, text), 202);
    rig_request(rig, "POST /oauth2/token", FORM,
                "grant_type=client_credentials", &reply);
    assert_int_equal(reply.status, 404);
    rig_stop(&rig);
    rig_stop(&issuer);
    (void)remove(jwks_path);
}

static unsigned issuer_port;
static char issuer_cert[256];

static void note_cert(pl_api_config *config)
{
    (void)snprintf(issuer_cert, sizeof issuer_cert, "%s", config->certificate);
}

static void fetch_keys(pl_api_config *config)
{
    (void)snprintf(config->external_issuer, sizeof config->external_issuer,
                   "https://localhost:8443");
    (void)snprintf(config->external_jwks, sizeof config->external_jwks,
                   "https://localhost:%u/.well-known/jwks.json", issuer_port);
    (void)snprintf(config->external_ca, sizeof config->external_ca, "%s",
                   issuer_cert);
}

static void fetches_the_keys_of_an_external_issuer(void **state)
{
    static char text[9000];
    api_rig *issuer = rig_start(note_cert);
    (void)state;
    issuer_port = rig_port(issuer);
    (void)snprintf(text, sizeof text, "Bearer %s", rig_token(issuer));
    api_rig *rig = rig_start(fetch_keys);
    RIG_WAIT(rig_metric(rig, PL_AM_jwks_fetched) == 1);
    assert_int_equal(status_with(rig, text), 202);
    assert_int_equal(status_with(rig, "Bearer x.y.z"), 401);
    rig_stop(&rig);
    rig_stop(&issuer);
}

/* No keys yet is a fault of ours, not of the token. */
static void says_503_until_it_has_keys(void **state)
{
    issuer_port = 1; /* nobody listens there */
    (void)state;
    api_rig *rig = rig_start(fetch_keys);
    RIG_WAIT(rig_metric(rig, PL_AM_jwks_failed) >= 1);
    assert_int_equal(status_with(rig, "Bearer x.y.z"), 503);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_client_gets_tokens),
        cmocka_unit_test(serves_public_keys_and_metadata),
        cmocka_unit_test(accepts_good_tokens_only),
        cmocka_unit_test(wants_the_configured_scope),
        cmocka_unit_test(accepts_an_external_issuer_by_its_key_file),
        cmocka_unit_test(fetches_the_keys_of_an_external_issuer),
        cmocka_unit_test(says_503_until_it_has_keys),
    };
    return cmocka_run_group_tests_name("api tokens", tests, NULL, NULL);
}
