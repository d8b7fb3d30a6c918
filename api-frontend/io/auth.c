/* auth.c - checking and issuing access tokens. */
#include "auth.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "basic_auth.h"
#include "consent.h"
#include "files.h"
#include "https_client.h"
#include "jose.h"
#include "oauth.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    KEYS_TEXT_MAX = 262144,
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
    pl_token_server *server; /* NULL: an external issuer */
    pl_introspection *introspection; /* NULL: tokens are checked here */
    pl_https *https;                 /* an external issuer with a URL */
    bool is_fetching;
    pl_timer *refresh;
    int64_t fetched_us;
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
               PL_KV("url", auth->config->external_jwks, "why", text), "%s",
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
    if (config->introspection_url[0]) {
        e = pl_introspection_open(loop, config, metrics, &auth->introspection);
    } else if (config->external_issuer[0]) {
        e = open_external(auth);
    } else {
        e = pl_token_server_open(loop, config, metrics, &auth->server);
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
    pl_introspection_close(&(*auth)->introspection);
    pl_token_server_close(&(*auth)->server);
    pl_keys_free(&(*auth)->keys);
    free(*auth);
    *auth = NULL;
}

/* ---- checking ---- */

static pl_jwt_policy policy_of(const pl_auth *auth, bool is_device)
{
    const pl_api_config *config = auth->config;
    return (pl_jwt_policy){
        .issuer = auth->server ? config->issuer : config->external_issuer,
        .has_tenants = auth->server != NULL,
        .tenant = config->tenant,
        .audience = config->audience,
        .scope = config->scope,
        .now_ms = pl_loop_wall_ms(auth->loop),
        .is_vouched = auth->introspection != NULL,
        .is_device = is_device,
        .number_claims = config->device_number_claims,
    };
}

static pl_err check_token(pl_auth *auth, pl_slice token, bool is_device,
                          pl_caller *ret_caller)
{
    pl_jwt jwt;
    pl_err e = pl_jwt_parse(token, &jwt);
    if (e)
        return e;
    pl_jwt_policy policy = policy_of(auth, is_device);
    e = auth->server ? pl_token_server_verify(auth->server, &jwt)
                     : pl_keys_verify(auth->keys, &jwt);
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

static pl_err check_known(const pl_auth *auth, const char *hash, bool is_device,
                          pl_caller *ret_caller)
{
    const pl_json *claims = NULL;
    pl_jwt_policy policy = policy_of(auth, is_device);
    pl_err e = pl_introspection_find(auth->introspection, hash, &claims);
    return e ? e : pl_claims_check(claims, &policy, ret_caller);
}

static pl_err check(pl_auth *auth, pl_slice header, bool is_device,
                    pl_caller *ret_caller)
{
    char hash[PL_SHA256_TEXT];
    pl_slice token;
    pl_err e = PL_EAUTH;
    if (!auth->server && !auth->keys && !auth->introspection)
        return PL_EUNAVAILABLE;
    if (pl_bearer_read(header, &token) == PL_OK) {
        pl_sha256_hex(token.ptr, token.len, hash);
        e = auth->introspection
                ? check_known(auth, hash, is_device, ret_caller)
                : check_token(auth, token, is_device, ret_caller);
        if (!e)
            memcpy(ret_caller->token_hash, hash, sizeof hash);
    }
    if (e == PL_EAUTH || e == PL_EFORBIDDEN)
        pl_metrics_add(auth->metrics, PL_AM_token_refused, 1);
    return e;
}

pl_err pl_auth_check(pl_auth *auth, pl_slice header, pl_caller *ret_caller)
{
    return check(auth, header, false, ret_caller);
}

pl_err pl_auth_check_device(pl_auth *auth, pl_slice header,
                            pl_caller *ret_caller)
{
    return check(auth, header, true, ret_caller);
}

pl_err pl_auth_ask(pl_auth *auth, pl_slice header, const char *source,
                   pl_introspection_wait *wait)
{
    char hash[PL_SHA256_TEXT];
    pl_slice token;
    if (!auth->introspection || pl_bearer_read(header, &token))
        return PL_EAUTH;
    pl_sha256_hex(token.ptr, token.len, hash);
    pl_err e =
        pl_introspection_ask(auth->introspection, token, hash, source, wait);
    return e == PL_EFULL ? PL_EUNAVAILABLE : e;
}

/* ---- the embedded token server ---- */

void pl_auth_token(pl_auth *auth, const pl_token_ask *ask, pl_answer *answer)
{
    if (auth->server)
        pl_token_server_token(auth->server, ask, answer);
    else
        pl_oauth_fail(answer, PL_OAUTH_UNAVAILABLE);
}

void pl_auth_authorize(pl_auth *auth, const pl_token_ask *ask,
                       pl_answer *answer)
{
    if (auth->server) {
        pl_token_server_authorize(auth->server, ask, answer);
    } else {
        pl_consent_refuse(answer, 404,
                          "Tokens of this server come from an external "
                          "issuer: ask there.");
    }
}

void pl_auth_jwks(pl_auth *auth, const pl_token_ask *ask, pl_answer *answer)
{
    if (auth->server)
        pl_token_server_jwks(auth->server, ask, answer);
    else
        pl_oauth_fail(answer, PL_OAUTH_UNAVAILABLE);
}

void pl_auth_discovery(pl_auth *auth, const pl_token_ask *ask,
                       pl_answer *answer)
{
    if (auth->server)
        pl_token_server_discovery(auth->server, ask, answer);
    else
        pl_oauth_fail(answer, PL_OAUTH_UNAVAILABLE);
}
