/* test_tokens.c - issuing and checking access tokens over HTTPS. */
#include "api_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "files.h"
#include "jose.h"
#include "pl/str.h"

/* A client's keys, as it has them and as the token server's file has them. */
static pl_keys *signer;
static pl_keys *thief;
static char signer_kid[PL_JWT_KID_MAX + 1];
static pl_buf signer_keys;

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

/* ---- clients of a file ---- */

static char clients_path[300];

static void name_clients(pl_api_config *config)
{
    (void)snprintf(clients_path, sizeof clients_path, "%s.clients",
                   config->token_keys);
    pl_fmt_cut(config->clients_file, sizeof config->clients_file, "%s",
               clients_path);
    pl_buf text;
    pl_buf_init(&text, 65536);
    pl_buf_add_fmt(&text,
                   "{\"clients\":[{\"client_id\":\"video\",\"client_secret\":"
                   "\"0123456789abcdef\",\"scopes\":[\"rooms\",\"management\"]}"
                   ",{\"client_id\":\"signer\",\"scopes\":[\"rooms\"],"
                   "\"jwks\":%s}]}",
                   pl_buf_text(&signer_keys));
    (void)unlink(clients_path);
    assert_int_equal(pl_file_make_secret(clients_path, pl_buf_slice(&text)),
                     PL_OK);
    pl_buf_fini(&text);
}

static void ask(api_rig *rig, const char *path, const char *form,
                tls_reply *reply)
{
    char line[128];
    (void)snprintf(line, sizeof line, "POST %s", path);
    rig_request(rig, line, FORM, form, reply);
}

#define VIDEO                                                                  \
    "grant_type=client_credentials&client_id=video&client_secret="             \
    "0123456789abcdef"

/* Claims of the token in an answer. */
static void claims_of(const tls_reply *reply, char *buf, size_t cap)
{
    const char *at = strstr(reply->body, "\"access_token\":\"");
    pl_buf text;
    assert_non_null(at);
    const char *begin = strchr(at, '.') + 1;
    pl_buf_init(&text, cap - 1);
    assert_int_equal(
        pl_base64url_decode(
            (pl_slice){(const uint8_t *)begin, strcspn(begin, ".")}, &text),
        PL_OK);
    (void)snprintf(buf, cap, "%s", pl_buf_text(&text));
    pl_buf_fini(&text);
}

static void a_client_gets_its_scopes_and_no_others(void **state)
{
    static const struct {
        const char *form;
        int status;
        const char *want;
    } rows[] = {
        {VIDEO "&scope=api://parley/.default", 200,
         "\"scope\":\"rooms management\""},
        {VIDEO, 200, "\"scope\":\"rooms management\""},
        {VIDEO "&scope=rooms", 200, "\"scope\":\"rooms\""},
        {VIDEO "&scope=rooms.admin", 400, "\"invalid_scope\""},
        {VIDEO "&scope=rooms+WEBRTC", 400, "\"invalid_scope\""},
        {VIDEO "&user=alice", 400, "\"unauthorized_client\""},
        {VIDEO "x", 401, "\"invalid_client\""},
        {"grant_type=authorization_code&code=c&client_id=video&client_secret="
         "0123456789abcdef",
         400, "\"unauthorized_client\""},
        {"grant_type=client_credentials&client_id=signer&client_secret=", 401,
         "\"invalid_client\""},
        {"grant_type=client_credentials&client_id=nobody&client_secret=x", 401,
         "\"invalid_client\""},
        {"client_id=video", 400, "\"invalid_request\""},
        {"grant_type=password", 400, "\"unsupported_grant_type\""},
    };
    api_rig *rig = rig_start(name_clients);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tls_reply reply;
        ask(rig, "/oauth2/token", rows[i].form, &reply);
        assert_int_equal(reply.status, rows[i].status);
        if (!strstr(reply.body, rows[i].want))
            print_error("%s: %s\n", rows[i].form, reply.body);
        assert_non_null(strstr(reply.body, rows[i].want));
        assert_string_equal(tls_header(&reply, "Cache-Control"), "no-store");
        assert_string_equal(tls_header(&reply, "Pragma"), "no-cache");
    }
    rig_stop(&rig);
    (void)unlink(clients_path);
}

/* A tenant's token has its issuer, is accepted, and its metadata agree. */
static void a_tenant_has_its_own_issuer(void **state)
{
    static char claims[4096];
    static char header[9000];
    api_rig *rig = rig_start(name_clients);
    tls_reply reply;
    (void)state;
    ask(rig, "/acme/oauth2/v2.0/token", VIDEO "&scope=api://x/.default",
        &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"token_type\":\"Bearer\""));
    assert_non_null(strstr(reply.body, "\"ext_expires_in\":3600"));
    claims_of(&reply, claims, sizeof claims);
    assert_non_null(
        strstr(claims, "\"iss\":\"https://localhost:8443/acme/v2.0\""));
    assert_non_null(strstr(claims, "\"tid\":\"acme\""));
    assert_non_null(strstr(claims, "\"roles\":[\"rooms\",\"management\"]"));
    assert_non_null(strstr(claims, "\"nbf\":"));
    const char *token = strstr(reply.body, "\"access_token\":\"") + 16;
    (void)snprintf(header, sizeof header, "Authorization: Bearer %.*s\r\n",
                   (int)strcspn(token, "\""), token);
    rig_request(rig, "GET /rooms", header, NULL, &reply);
    assert_int_not_equal(reply.status, 401);
    rig_request(rig, "GET /acme/v2.0/.well-known/openid-configuration", "",
                NULL, &reply);
    assert_non_null(
        strstr(reply.body, "\"issuer\":\"https://localhost:8443/acme/v2.0\""));
    rig_request(rig, "GET /acme/discovery/v2.0/keys", "", NULL, &reply);
    assert_int_equal(reply.status, 200);
    rig_request(rig, "GET /a%20b/discovery/v2.0/keys", "", NULL, &reply);
    assert_int_equal(reply.status, 404);
    ask(rig, "/a%22b/oauth2/v2.0/token", VIDEO, &reply);
    assert_int_equal(reply.status, 404);
    rig_stop(&rig);
    (void)unlink(clients_path);
}

/* The key that signs, and the next one. */
static void two_keys_are_published(void **state)
{
    api_rig *rig = rig_start(NULL);
    tls_reply reply;
    size_t n = 0;
    (void)state;
    rig_request(rig, "GET /.well-known/jwks.json", "", NULL, &reply);
    for (const char *at = reply.body; (at = strstr(at, "\"kid\"")); at++)
        n++;
    assert_int_equal(n, 2);
    rig_stop(&rig);
}

static void the_file_is_read_anew(void **state)
{
    static const char other[] =
        "{\"clients\":[{\"client_id\":\"new\",\"client_secret\":"
        "\"fedcba9876543210\",\"scopes\":[\"rooms\"]}]}";
#define NEW                                                                    \
    "grant_type=client_credentials&client_id=new&client_secret="               \
    "fedcba9876543210"
    api_rig *rig = rig_start(name_clients);
    tls_reply reply;
    (void)state;
    ask(rig, "/oauth2/token", NEW, &reply);
    assert_int_equal(reply.status, 401);
    assert_int_equal(pl_file_replace_secret(clients_path, pl_slice_str(other)),
                     PL_OK);
    ask(rig, "/oauth2/token", NEW, &reply);
    assert_int_equal(reply.status, 200);
    ask(rig, "/oauth2/token", VIDEO, &reply);
    assert_int_equal(reply.status, 401);
    /* One that is no good changes nothing. */
    static const char *const bad[] = {
        "{", "{\"clients\":1}", "{\"clients\":[{}]}",
        "{\"clients\":[{\"client_id\":\"parley-dev\",\"client_secret\":"
        "\"fedcba9876543210\",\"scopes\":[\"rooms\"]}]}",
        "{\"clients\":[{\"client_id\":\"x\",\"jwks\":{\"keys\":[]},"
        "\"scopes\":[\"rooms\"]}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            pl_file_replace_secret(clients_path, pl_slice_str(bad[i])), PL_OK);
        ask(rig, "/oauth2/token", NEW, &reply);
        assert_int_equal(reply.status, 200);
    }
    rig_stop(&rig);
    (void)unlink(clients_path);
}

/* ---- clients that sign ---- */

/* A form with claims that are signed. */
static void sign(const pl_keys *keys, const char *kid, const char *claims,
                 char *buf, size_t cap)
{
    pl_buf token;
    pl_buf_init(&token, PL_JWT_MAX);
    assert_int_equal(
        pl_keys_sign(keys, kid, "JWT", pl_slice_str(claims), &token), PL_OK);
    (void)snprintf(buf, cap,
                   "grant_type=client_credentials&client_assertion_type=urn%%3A"
                   "ietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-"
                   "bearer&client_assertion=%s",
                   pl_buf_text(&token));
    pl_buf_fini(&token);
}

static void make_claims(const char *who, const char *audience, const char *id,
                        int life_s, char *buf, size_t cap)
{
    long long now_s = (long long)time(NULL);
    (void)snprintf(buf, cap,
                   "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"jti\":"
                   "\"%s\",\"iat\":%lld,\"exp\":%lld}",
                   who, who, audience, id, now_s - 1, now_s + life_s);
}

static int try_claims(api_rig *rig, const char *path, const pl_keys *keys,
                      const char *kid, const char *claims)
{
    static char form[10000];
    tls_reply reply;
    sign(keys, kid, claims, form, sizeof form);
    ask(rig, path, form, &reply);
    if (reply.status == 200)
        assert_non_null(strstr(reply.body, "\"scope\":\"rooms\""));
    else
        assert_non_null(strstr(reply.body, "\"invalid_client\""));
    return reply.status;
}

static void a_client_proves_itself_by_a_signature(void **state)
{
    static const char issuer[] = "https://localhost:8443";
    char claims[512];
    api_rig *rig = rig_start(name_clients);
    (void)state;
#define TRY(who, audience, id, life)                                           \
    (make_claims(who, audience, id, life, claims, sizeof claims),              \
     try_claims(rig, "/acme/oauth2/v2.0/token", signer, signer_kid, claims))
    assert_int_equal(TRY("signer", issuer, "1", 300), 200);
    assert_int_equal(
        try_claims(rig, "/oauth2/token", signer, signer_kid, claims),
        401); /* the same again, elsewhere */
    assert_int_equal(TRY("signer", issuer, "1", 300), 401);
    assert_int_equal(
        TRY("signer", "https://localhost:8443/acme/v2.0", "2", 300), 200);
    assert_int_equal(TRY("signer",
                         "https://localhost:8443/acme/oauth2/v2.0/token", "3",
                         300),
                     200);
    assert_int_equal(
        TRY("signer", "https://localhost:8443/oauth2/token", "4", 300), 401);
    assert_int_equal(TRY("signer", "https://evil.test", "5", 300), 401);
    assert_int_equal(TRY("signer", issuer, "6", -120), 401);
    assert_int_equal(TRY("signer", issuer, "7", 7200), 401);
    assert_int_equal(TRY("video", issuer, "8", 300), 401); /* has no keys */
    assert_int_equal(TRY("nobody", issuer, "9", 300), 401);
    /* An id that was refused is not used up. */
    assert_int_equal(TRY("signer", issuer, "5", 300), 200);
    /* Somebody else's key under the same name. */
    make_claims("signer", issuer, "10", 300, claims, sizeof claims);
    assert_int_equal(
        try_claims(rig, "/oauth2/token", thief, signer_kid, claims), 401);
    assert_int_equal(
        try_claims(rig, "/oauth2/token", signer, signer_kid, claims), 200);
#undef TRY
    rig_stop(&rig);
    (void)unlink(clients_path);
}

static void an_assertion_is_for_the_client_that_asks(void **state)
{
    static char form[10000];
    char claims[512];
    tls_reply reply;
    api_rig *rig = rig_start(name_clients);
    (void)state;
    make_claims("signer", "https://localhost:8443", "1", 300, claims,
                sizeof claims);
    sign(signer, signer_kid, claims, form, sizeof form);
    size_t n = strlen(form);
    (void)snprintf(form + n, sizeof form - n, "&client_id=video");
    ask(rig, "/oauth2/token", form, &reply);
    assert_int_equal(reply.status, 401);
    (void)snprintf(form + n, sizeof form - n, "&client_id=signer");
    ask(rig, "/oauth2/token", form, &reply);
    assert_int_equal(reply.status, 200);
    (void)snprintf(form + n, sizeof form - n, "&client_secret=x");
    ask(rig, "/oauth2/token", form, &reply);
    assert_int_equal(reply.status, 400);
    rig_stop(&rig);
    (void)unlink(clients_path);
}

static int make_signers(void **state)
{
    (void)state;
    pl_buf text;
    pl_buf_init(&signer_keys, 65536);
    pl_buf_init(&text, 65536);
    pl_buf_add_str(&signer_keys, "{\"keys\":[");
    if (pl_key_make(PL_JWT_RS256, signer_kid, &signer_keys))
        return -1;
    pl_buf_add_str(&signer_keys, "]}");
    if (pl_keys_load(pl_buf_slice(&signer_keys), &signer))
        return -1;
    /* Another key with the same id. */
    char kid[PL_JWT_KID_MAX + 1];
    pl_buf_add_str(&text, "{\"keys\":[");
    if (pl_key_make(PL_JWT_RS256, kid, &text))
        return -1;
    pl_buf_add_str(&text, "]}");
    char *at = strstr(text.ptr, kid);
    if (!at)
        return -1;
    memcpy(at, signer_kid, strlen(signer_kid));
    pl_err e = pl_keys_load(pl_buf_slice(&text), &thief);
    pl_buf_fini(&text);
    return e ? -1 : 0;
}

static int free_signers(void **state)
{
    (void)state;
    pl_keys_free(&signer);
    pl_keys_free(&thief);
    pl_buf_fini(&signer_keys);
    return 0;
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
        cmocka_unit_test(a_client_gets_its_scopes_and_no_others),
        cmocka_unit_test(a_tenant_has_its_own_issuer),
        cmocka_unit_test(two_keys_are_published),
        cmocka_unit_test(the_file_is_read_anew),
        cmocka_unit_test(a_client_proves_itself_by_a_signature),
        cmocka_unit_test(an_assertion_is_for_the_client_that_asks),
    };
    return cmocka_run_group_tests_name("api tokens", tests, make_signers,
                                       free_signers);
}
