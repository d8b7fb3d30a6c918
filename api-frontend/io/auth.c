/* auth.c - checking and issuing access tokens. */
#include "auth.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "codes.h"
#include "files.h"
#include "https_client.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "token_keys.h"

enum {
    SECRET_BYTES = 24,
    TOKEN_ID_BYTES = 16,
    KEYS_TEXT_MAX = 262144,
    CLIENT_TEXT_MAX = 4096,
    FETCH_MS = 5000,
};
/* RFC-free rule against refresh storms: one fetch a minute at most because of
 * tokens with unknown keys. */
static const int64_t UNKNOWN_KID_PAUSE_US = 60000000;
static const int64_t RETRY_US = 5000000; /* while there are no keys at all */

struct pl_auth {
    pl_loop *loop;
    const pl_api_config *config; /* borrowed */
    pl_metrics *metrics;
    pl_keys *keys;           /* an external set; NULL until it was fetched */
    pl_token_keys *own_keys; /* NULL: an external issuer */
    pl_https *https;         /* an external issuer with a URL */
    bool is_fetching;
    pl_timer *refresh;
    pl_codes *codes; /* NULL: an external issuer */
    int64_t fetched_us;
    bool is_external;
    char client_id[129], client_secret[129];
};

/* ---- start: keys and client ---- */

static pl_err load_keys(pl_auth *auth, const char *path)
{
    pl_buf text;
    pl_buf_init(&text, KEYS_TEXT_MAX);
    pl_err e = pl_file_read(path, &text);
    if (!e)
        e = pl_keys_load(pl_buf_slice(&text), &auth->keys);
    pl_buf_wipe(&text);
    return e;
}

static pl_err fail(const char *event, const char *file, pl_err e)
{
    PL_LOG(ERROR, "auth", event, PL_KV("file", file), "%s", pl_err_text(e));
    return e == PL_EIO || e == PL_ENOMEM ? e : PL_ECONFIG;
}

static pl_err open_client(pl_auth *auth)
{
    const char *path = auth->config->dev_client;
    char secret[64];
    char fresh[256];
    pl_buf text;
    pl_random_token(SECRET_BYTES, secret, sizeof secret);
    pl_fmt_cut(fresh, sizeof fresh, "CLIENT_ID=parley-dev\nCLIENT_SECRET=%s\n",
               secret);
    pl_buf_init(&text, CLIENT_TEXT_MAX);
    pl_err e = pl_file_open_secret(path, pl_slice_str(fresh), &text);
    if (!e && (pl_env_value(pl_buf_text(&text), "CLIENT_ID", auth->client_id,
                            sizeof auth->client_id) ||
               pl_env_value(pl_buf_text(&text), "CLIENT_SECRET",
                            auth->client_secret, sizeof auth->client_secret)))
        e = PL_ECONFIG;
    pl_buf_wipe(&text);
    pl_wipe(fresh, sizeof fresh);
    pl_wipe(secret, sizeof secret);
    return e ? fail("client_unusable", path, e) : PL_OK;
}

/* ---- an external issuer ---- */

static void plan_refresh(pl_auth *auth, int64_t delay_us)
{
    pl_timer_start(auth->refresh, delay_us);
}

static void on_fetched(void *ctx, pl_err e, const pl_https_answer *answer,
                       const char *text)
{
    pl_auth *auth = ctx;
    pl_keys *keys = NULL;
    auth->is_fetching = false;
    if (!e)
        e = answer->status == 200 ? pl_keys_load(answer->body, &keys) : PL_EIO;
    if (e) { /* the old keys stay */
        pl_metrics_add(auth->metrics, PL_AM_jwks_failed, 1);
        PL_LOG(WARN, "auth", "keys_not_fetched",
               PL_KV("url", auth->config->external_jwks, "text", text), "%s",
               pl_err_text(e));
        plan_refresh(auth, auth->keys ? UNKNOWN_KID_PAUSE_US : RETRY_US);
        return;
    }
    pl_keys_free(&auth->keys);
    auth->keys = keys;
    pl_metrics_add(auth->metrics, PL_AM_jwks_fetched, 1);
    plan_refresh(auth, (int64_t)auth->config->jwks_refresh_s * 1000000);
}

static void refresh(void *ctx)
{
    pl_auth *auth = ctx;
    const pl_https_request request = {.method = "GET",
                                      .url = auth->config->external_jwks,
                                      .timeout_ms = FETCH_MS,
                                      .answer_max = KEYS_TEXT_MAX};
    auth->fetched_us = pl_loop_now_us(auth->loop);
    if (auth->is_fetching)
        return;
    auth->is_fetching = true;
    pl_err e = pl_https_ask(auth->https, &request, on_fetched, auth);
    if (e)
        on_fetched(auth, e, NULL, "");
}

static pl_err open_external(pl_auth *auth)
{
    const char *from = auth->config->external_jwks;
    auth->is_external = true;
    if (strncmp(from, "https://", 8) != 0) {
        pl_err e = load_keys(auth, from);
        return e ? fail(*from ? "keys_unusable" : "external_jwks_missing", from,
                        e)
                 : PL_OK;
    }
    pl_https_options options = {
        .loop = auth->loop, .ca_file = auth->config->external_ca, .max = 1};
    pl_err e = pl_https_open(&options, &auth->https);
    if (!e)
        e = pl_timer_create(auth->loop, refresh, auth, &auth->refresh);
    if (!e)
        refresh(auth);
    return e;
}

/* A token names a key we do not have: perhaps the issuer has a new one. */
static void unknown_kid(pl_auth *auth)
{
    if (auth->https &&
        pl_loop_now_us(auth->loop) - auth->fetched_us >= UNKNOWN_KID_PAUSE_US)
        refresh(auth);
}

static pl_err open_codes(pl_auth *auth)
{
    pl_codes_options options = {.loop = auth->loop,
                                .metrics = auth->metrics,
                                .keys = auth->own_keys,
                                .client_id = auth->client_id,
                                .redirect_uris = auth->config->redirect_uris};
    return pl_codes_open(&options, &auth->codes);
}

pl_err pl_auth_open(pl_loop *loop, const pl_api_config *config,
                    pl_metrics *metrics, pl_auth **ret_auth)
{
    pl_auth *auth = calloc(1, sizeof *auth);
    if (!auth)
        return PL_ENOMEM;
    auth->loop = loop;
    auth->config = config;
    auth->metrics = metrics;
    pl_err e;
    if (config->external_issuer[0]) {
        e = open_external(auth);
    } else {
        e = pl_token_keys_open(loop, config, metrics, &auth->own_keys);
        if (!e)
            e = open_client(auth);
        if (!e)
            e = open_codes(auth);
    }
    if (e) {
        pl_auth_close(&auth);
    } else {
        *ret_auth = auth;
    }
    return e;
}

void pl_auth_close(pl_auth **auth)
{
    if (!auth || !*auth)
        return;
    pl_timer_destroy(&(*auth)->refresh);
    pl_https_close(&(*auth)->https);
    pl_codes_close(&(*auth)->codes);
    pl_token_keys_close(&(*auth)->own_keys);
    pl_keys_free(&(*auth)->keys);
    pl_wipe((*auth)->client_secret, sizeof(*auth)->client_secret);
    free(*auth);
    *auth = NULL;
}

/* ---- checking ---- */

static pl_err check_token(pl_auth *auth, pl_slice token, pl_caller *ret_caller)
{
    pl_jwt jwt;
    pl_err e = pl_jwt_parse(token, &jwt);
    if (e)
        return e;
    pl_jwt_policy policy = {
        .issuer = auth->is_external ? auth->config->external_issuer
                                    : auth->config->issuer,
        .audience = auth->config->audience,
        .scope = auth->config->scope,
        .now_ms = pl_loop_wall_ms(auth->loop),
    };
    e = auth->is_external ? pl_keys_verify(auth->keys, &jwt)
                          : pl_token_keys_verify(auth->own_keys, &jwt);
    if (e == PL_ENOENT)
        unknown_kid(auth);
    if (e) {
        e = PL_EAUTH;
    } else {
        e = pl_jwt_check(&jwt, &policy, ret_caller);
    }
    pl_jwt_fini(&jwt);
    return e;
}

pl_err pl_auth_check(pl_auth *auth, pl_slice header, pl_caller *ret_caller)
{
    enum { SCHEME = 7 };
    pl_err e = PL_EAUTH;
    if (auth->is_external && !auth->keys)
        return PL_EUNAVAILABLE;
    if (header.len > SCHEME &&
        pl_slice_eq_nocase((pl_slice){header.ptr, SCHEME}, "Bearer ")) {
        pl_slice token = {header.ptr + SCHEME, header.len - SCHEME};
        e = check_token(auth, token, ret_caller);
        if (!e)
            pl_sha256_hex(token.ptr, token.len, ret_caller->token_hash);
    }
    if (e)
        pl_metrics_add(auth->metrics, PL_AM_token_refused, 1);
    return e;
}

/* ---- issuing ---- */

static pl_err issue(pl_auth *auth, const char *user, const char *scope,
                    pl_buf *token)
{
    enum { CLAIMS_MAX = 4096 };
    char id[32];
    pl_buf text;
    pl_random_token(TOKEN_ID_BYTES, id, sizeof id);
    pl_oauth_claims claims = {
        .issuer = auth->config->issuer,
        .audience = auth->config->audience,
        .client_id = auth->client_id,
        .scope = scope,
        .user = user,
        .token_id = id,
        .now_s = pl_loop_wall_ms(auth->loop) / 1000,
        .lifetime_s = auth->config->token_s,
    };
    pl_buf_init(&text, CLAIMS_MAX);
    pl_oauth_claims_text(&claims, &text);
    pl_err e = text.has_failed ? PL_EIO
                               : pl_token_keys_sign(auth->own_keys, "at+jwt",
                                                    pl_buf_slice(&text), token);
    pl_buf_fini(&text);
    return e;
}

static void grant(pl_auth *auth, const char *user, const char *scope,
                  pl_answer *answer)
{
    pl_buf token;
    pl_buf_init(&token, PL_JWT_MAX);
    if (issue(auth, user, scope, &token)) {
        pl_answer_refuse(answer, PL_FAMILY_TOKEN, 500, "signing failed");
    } else {
        pl_metrics_add(auth->metrics, PL_AM_token_issued, 1);
        pl_oauth_grant(answer, pl_buf_text(&token), auth->config->token_s,
                       scope);
    }
    pl_buf_fini(&token);
}

void pl_auth_token(pl_auth *auth, const pl_http_head *head, pl_slice body,
                   pl_answer *answer)
{
    pl_oauth_request request;
    pl_oauth_fault fault;
    if (auth->is_external) {
        pl_oauth_fail(answer, PL_OAUTH_UNAVAILABLE);
        return;
    }
    if (pl_oauth_read(head, body, &request, &fault)) {
        pl_oauth_fail(answer, fault);
        return;
    }
    if (!pl_oauth_is_client(&request, auth->client_id, auth->client_secret)) {
        pl_metrics_add(auth->metrics, PL_AM_client_refused, 1);
        pl_oauth_fail(answer, PL_OAUTH_INVALID_CLIENT);
        return;
    }
    pl_auth_code code;
    const char *scope = request.scope[0] ? request.scope : "WEBRTC";
    const char *user = request.user;
    if (request.has_code) { /* what the user agreed to, not what is asked */
        if (pl_codes_take(auth->codes, &request, &code, &fault)) {
            pl_oauth_fail(answer, fault);
            return;
        }
        scope = code.scope;
        user = code.user;
    }
    grant(auth, user, scope, answer);
}

void pl_auth_authorize(pl_auth *auth, const pl_http_head *head, pl_slice body,
                       pl_answer *answer)
{
    if (auth->is_external) {
        pl_consent_refuse(answer, 404,
                          "Tokens of this server come from an external "
                          "issuer: ask there.");
    } else {
        pl_codes_authorize(auth->codes, head, body, answer);
    }
}

void pl_auth_jwks(pl_auth *auth, pl_answer *answer)
{
    if (auth->is_external) {
        pl_oauth_fail(answer, PL_OAUTH_UNAVAILABLE);
        return;
    }
    pl_answer_json(answer, 200);
    pl_answer_header(answer, "Cache-Control", "public, max-age=300");
    if (pl_token_keys_public_text(auth->own_keys, &answer->body))
        pl_answer_refuse(answer, PL_FAMILY_TOKEN, 500, "no keys");
}

void pl_auth_discovery(pl_auth *auth, pl_answer *answer)
{
    if (auth->is_external) {
        pl_oauth_fail(answer, PL_OAUTH_UNAVAILABLE);
    } else {
        pl_oauth_discovery(answer, auth->config->issuer,
                           auth->config->redirect_uris[0] != '\0');
    }
}
