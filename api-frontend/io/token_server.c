/* token_server.c - see token_server.h. */
#include "token_server.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "clients.h"
#include "codes.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "token_keys.h"
#include "used_ids.h"

enum { TOKEN_ID_BYTES = 16, ASSERTIONS_MAX = 4096 };

struct pl_token_server {
    pl_loop *loop;
    const pl_api_config *config; /* borrowed */
    pl_metrics *metrics;
    pl_token_keys *keys;
    pl_clients *clients;
    pl_codes *codes;
    pl_used_ids *assertions;
};

static pl_err open_codes(pl_token_server *server)
{
    pl_codes_options options = {.loop = server->loop,
                                .metrics = server->metrics,
                                .keys = server->keys,
                                .client_id =
                                    pl_clients_dev(server->clients)->info.id,
                                .redirect_uris = server->config->redirect_uris};
    return pl_codes_open(&options, &server->codes);
}

pl_err pl_token_server_open(pl_loop *loop, const pl_api_config *config,
                            pl_metrics *metrics, pl_token_server **ret_server)
{
    pl_token_server *server = calloc(1, sizeof *server);
    if (!server)
        return PL_ENOMEM;
    server->loop = loop;
    server->config = config;
    server->metrics = metrics;
    pl_err e = pl_token_keys_open(loop, config, metrics, &server->keys);
    if (!e)
        e = pl_clients_open(config, &server->clients);
    if (!e)
        e = open_codes(server);
    if (!e)
        e = pl_used_ids_create(ASSERTIONS_MAX, &server->assertions);
    if (e) {
        pl_token_server_close(&server);
    } else {
        *ret_server = server;
    }
    return e;
}

void pl_token_server_close(pl_token_server **server)
{
    if (!server || !*server)
        return;
    pl_token_server *s = *server;
    pl_used_ids_destroy(&s->assertions);
    pl_codes_close(&s->codes);
    pl_clients_close(&s->clients);
    pl_token_keys_close(&s->keys);
    free(s);
    *server = NULL;
}

pl_err pl_token_server_verify(pl_token_server *server, const pl_jwt *jwt)
{
    return pl_token_keys_verify(server->keys, jwt);
}

/* ---- who asks ---- */

/* The client says to whom it signed: the address that it asks, or the issuer.
 */
static bool is_for_us(const pl_token_server *server, const pl_jwt *jwt,
                      const pl_token_ask *ask)
{
    enum { URL_MAX = 1024 };
    char text[URL_MAX];
    const char *issuer = server->config->issuer;
    pl_tenant_issuer(issuer, ask->tenant, text, sizeof text);
    if (pl_jwt_has_audience(jwt->claims, issuer) ||
        pl_jwt_has_audience(jwt->claims, text))
        return true;
    return !pl_fmt(text, sizeof text, "%s%.*s", issuer,
                   (int)ask->head->path.len,
                   (const char *)ask->head->path.ptr) &&
           pl_jwt_has_audience(jwt->claims, text);
}

/* Good once: the same one again is somebody else's copy. */
static pl_err use_up(pl_token_server *server, const pl_assertion *assertion)
{
    char hash[PL_SHA256_TEXT];
    pl_buf text;
    pl_buf_init(&text, sizeof assertion->client_id + sizeof assertion->id);
    pl_buf_add_fmt(&text, "%s %s", assertion->client_id, assertion->id);
    pl_sha256_hex(text.ptr, text.len, hash);
    pl_err e = text.has_failed ? PL_ENOMEM : PL_OK;
    pl_buf_fini(&text);
    return e ? e
             : pl_used_ids_add(server->assertions, hash, assertion->until_s,
                               pl_loop_wall_ms(server->loop) / 1000);
}

static pl_err check_assertion(pl_token_server *server,
                              const pl_oauth_request *request,
                              const pl_token_ask *ask,
                              const pl_client **ret_client)
{
    pl_jwt jwt;
    pl_assertion assertion;
    pl_err e = pl_assertion_parse(pl_slice_str(request->assertion), &jwt);
    if (e)
        return e;
    e = pl_assertion_read(&jwt, pl_loop_wall_ms(server->loop), &assertion);
    if (!e && request->client_id[0] &&
        strcmp(request->client_id, assertion.client_id) != 0)
        e = PL_EAUTH;
    const pl_client *client =
        e ? NULL : pl_clients_find(server->clients, assertion.client_id);
    if (!client || !client->keys || pl_keys_verify(client->keys, &jwt) ||
        !is_for_us(server, &jwt, ask))
        e = PL_EAUTH;
    pl_jwt_fini(&jwt);
    if (!e)
        e = use_up(server, &assertion);
    if (!e)
        *ret_client = client;
    return e;
}

/* Errors: PL_EAUTH; PL_EFULL. */
static pl_err find_client(pl_token_server *server,
                          const pl_oauth_request *request,
                          const pl_token_ask *ask, const pl_client **ret_client)
{
    if (request->has_assertion)
        return check_assertion(server, request, ask, ret_client);
    const pl_client *client =
        pl_clients_find(server->clients, request->client_id);
    if (!pl_token_client_has_secret(client ? &client->info : NULL,
                                    request->client_secret))
        return PL_EAUTH;
    *ret_client = client;
    return PL_OK;
}

/* ---- what it gets ---- */

/* A token under construction. */
typedef struct grant {
    const char *tenant, *client_id, *user;
    char scope[PL_SCOPES_MAX + 1];
} grant;

static pl_err issue(const pl_token_server *server, const grant *g,
                    pl_buf *token)
{
    enum { CLAIMS_MAX = 8192 };
    char id[32];
    char issuer[PL_ISSUER_MAX + 1];
    pl_buf text;
    pl_random_token(TOKEN_ID_BYTES, id, sizeof id);
    pl_tenant_issuer(server->config->issuer, g->tenant, issuer, sizeof issuer);
    pl_oauth_claims claims = {
        .issuer = issuer,
        .audience = server->config->audience,
        .client_id = g->client_id,
        .scope = g->scope,
        .user = g->user,
        .tenant = g->tenant,
        .token_id = id,
        .now_s = pl_loop_wall_ms(server->loop) / 1000,
        .lifetime_s = server->config->token_s,
    };
    pl_buf_init(&text, CLAIMS_MAX);
    pl_oauth_claims_text(&claims, &text);
    pl_err e = text.has_failed ? PL_EIO
                               : pl_token_keys_sign(server->keys, "at+jwt",
                                                    pl_buf_slice(&text), token);
    pl_buf_fini(&text);
    return e;
}

static void answer_grant(const pl_token_server *server, const grant *g,
                         pl_answer *answer)
{
    pl_buf token;
    pl_buf_init(&token, PL_JWT_MAX);
    if (issue(server, g, &token)) {
        pl_answer_refuse(answer, PL_FAMILY_TOKEN, 500, "signing failed");
    } else {
        pl_metrics_add(server->metrics, PL_AM_token_issued, 1);
        pl_oauth_grant(answer, pl_buf_text(&token), server->config->token_s,
                       g->scope);
    }
    pl_buf_fini(&token);
}

/* What the user agreed to, not what is asked. */
static void grant_by_code(pl_token_server *server,
                          const pl_oauth_request *request,
                          const pl_client *client, grant *g, pl_answer *answer)
{
    pl_auth_code code;
    pl_oauth_fault fault = PL_OAUTH_NO_CODES;
    if (!client->info.may_use_codes ||
        pl_codes_take(server->codes, request, &code, &fault)) {
        pl_oauth_fail(answer, fault);
        return;
    }
    g->user = code.user;
    pl_fmt_cut(g->scope, sizeof g->scope, "%s", code.scope);
    answer_grant(server, g, answer);
}

static void grant_to_client(const pl_token_server *server,
                            const pl_oauth_request *request,
                            const pl_client *client, grant *g,
                            pl_answer *answer)
{
    const pl_scope_right right = {
        .all = client->info.scopes,
        .standard = client->info.is_free ? "WEBRTC" : client->info.scopes,
        .is_free = client->info.is_free};
    pl_err e = pl_scope_choose(request->scope, &right, g->scope);
    if (e) {
        pl_oauth_fail(answer, e == PL_EFORBIDDEN ? PL_OAUTH_SCOPE_DENIED
                                                 : PL_OAUTH_INVALID_SCOPE);
    } else if (request->user[0] && !client->info.may_name_users) {
        pl_oauth_fail(answer, PL_OAUTH_NO_USERS);
    } else {
        g->user = request->user;
        answer_grant(server, g, answer);
    }
}

static bool is_tenant_good(const pl_token_ask *ask, pl_answer *answer)
{
    bool is_good = !ask->tenant[0] || pl_tenant_is_good(ask->tenant);
    if (!is_good)
        pl_oauth_fail(answer, PL_OAUTH_NO_TENANT);
    return is_good;
}

void pl_token_server_token(pl_token_server *server, const pl_token_ask *ask,
                           pl_answer *answer)
{
    pl_oauth_request request;
    pl_oauth_fault fault;
    const pl_client *client = NULL;
    if (!is_tenant_good(ask, answer))
        return;
    if (pl_oauth_read(ask->head, ask->body, &request, &fault)) {
        pl_oauth_fail(answer, fault);
        return;
    }
    pl_err e = find_client(server, &request, ask, &client);
    if (e) {
        pl_metrics_add(server->metrics, PL_AM_client_refused, 1);
        pl_oauth_fail(answer,
                      e == PL_EFULL ? PL_OAUTH_FULL : PL_OAUTH_INVALID_CLIENT);
        return;
    }
    grant g = {.tenant = ask->tenant, .client_id = client->info.id, .user = ""};
    if (request.has_code)
        grant_by_code(server, &request, client, &g, answer);
    else
        grant_to_client(server, &request, client, &g, answer);
}

void pl_token_server_authorize(pl_token_server *server, const pl_token_ask *ask,
                               pl_answer *answer)
{
    pl_codes_authorize(server->codes, ask->head, ask->body, answer);
}

/* ---- what anybody may know ---- */

void pl_token_server_jwks(const pl_token_server *server,
                          const pl_token_ask *ask, pl_answer *answer)
{
    if (!is_tenant_good(ask, answer))
        return;
    pl_answer_json(answer, 200);
    pl_answer_header(answer, "Cache-Control", "public, max-age=300");
    if (pl_token_keys_public_text(server->keys, &answer->body))
        pl_answer_refuse(answer, PL_FAMILY_TOKEN, 500, "no keys");
}

void pl_token_server_discovery(const pl_token_server *server,
                               const pl_token_ask *ask, pl_answer *answer)
{
    if (!is_tenant_good(ask, answer))
        return;
    pl_oauth_discovery(answer, server->config->issuer, ask->tenant,
                       server->config->redirect_uris[0] != '\0');
}
