/* oauth.c - the token endpoint. */
#include "oauth.h"

#include <string.h>

#include "basic_auth.h"
#include "caller.h"
#include "form_data.h"
#include "pl/json.h"
#include "pl/str.h"
#include "url.h"

/* A long list of scopes stands in the claims once: tokens go in headers. */
enum { REPEATED_MAX = 512 };

static pl_err refuse(pl_oauth_fault fault, pl_oauth_fault *ret_fault)
{
    *ret_fault = fault;
    return PL_EINVAL;
}

/* RFC 6749 section 2.3.1: both parts are form-encoded, then joined. */
static pl_err read_basic(pl_slice header, pl_oauth_request *request)
{
    pl_slice id;
    pl_slice secret;
    pl_buf pair;
    pl_buf_init(&pair, PL_BASIC_PAIR_MAX);
    pl_err e = pl_basic_read(header, &pair, &id, &secret);
    if (!e) {
        e = pl_url_decode(id, PL_URL_PLUS_IS_BLANK, request->client_id,
                          sizeof request->client_id);
    }
    if (!e) {
        e = pl_url_decode(secret, PL_URL_PLUS_IS_BLANK, request->client_secret,
                          sizeof request->client_secret);
    }
    pl_buf_wipe(&pair);
    return e ? PL_EAUTH : PL_OK;
}

/* RFC 6749 section 3.3 */
static bool is_scope(const char *scope)
{
    pl_slice rest = pl_slice_str(scope);
    pl_slice word;
    while (pl_scope_next(&rest, &word)) {
        if (!pl_scope_is_word(word))
            return false;
    }
    return true;
}

/* RFC 7521 section 4.2. One way to prove oneself only (RFC 6749 section 2.3).
 */
static bool read_assertion(const pl_form *form, pl_oauth_request *request,
                           pl_oauth_fault *fault)
{
    char type[sizeof PL_ASSERTION_TYPE];
    *fault = PL_OAUTH_INVALID_REQUEST;
    if (pl_form_get_optional(form, "client_assertion", request->assertion,
                             sizeof request->assertion) ||
        pl_form_get_optional(form, "client_assertion_type", type, sizeof type))
        return false;
    request->has_assertion = request->assertion[0] != '\0';
    if (!request->has_assertion)
        return !type[0];
    if (request->client_secret[0])
        return false;
    *fault = PL_OAUTH_INVALID_CLIENT;
    return strcmp(type, PL_ASSERTION_TYPE) == 0;
}

/* RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
static pl_err read_code(const pl_form *form, pl_oauth_request *request)
{
    if (pl_form_get(form, "code", request->code, sizeof request->code) ||
        pl_form_get_optional(form, "redirect_uri", request->redirect_uri,
                             sizeof request->redirect_uri) ||
        pl_form_get_optional(form, "code_verifier", request->code_verifier,
                             sizeof request->code_verifier))
        return PL_EINVAL;
    return request->code_verifier[0] &&
                   !pl_code_is_verifier(request->code_verifier)
               ? PL_EINVAL
               : PL_OK;
}

pl_err pl_oauth_read(const pl_http_head *head, pl_slice body,
                     pl_oauth_request *ret_request, pl_oauth_fault *ret_fault)
{
    pl_oauth_request *request = ret_request;
    char grant[64];
    *request = (pl_oauth_request){.has_code = false};
    pl_form form;
    if (pl_form_open(pl_http_head_get(head, "content-type"), body, &form) ||
        pl_form_get(&form, "grant_type", grant, sizeof grant))
        return refuse(PL_OAUTH_INVALID_REQUEST, ret_fault);
    request->has_code = strcmp(grant, "authorization_code") == 0;
    if (!request->has_code && strcmp(grant, "client_credentials") != 0)
        return refuse(PL_OAUTH_UNSUPPORTED_GRANT, ret_fault);
    pl_slice header = pl_http_head_get(head, "authorization");
    if (pl_basic_is(header)) {
        if (read_basic(header, request))
            return refuse(PL_OAUTH_INVALID_CLIENT, ret_fault);
    } else if (pl_form_get_optional(&form, "client_id", request->client_id,
                                    sizeof request->client_id) ||
               pl_form_get_optional(&form, "client_secret",
                                    request->client_secret,
                                    sizeof request->client_secret)) {
        return refuse(PL_OAUTH_INVALID_REQUEST, ret_fault);
    }
    if (!read_assertion(&form, request, ret_fault))
        return PL_EINVAL;
    if (pl_form_get_optional(&form, "user", request->user,
                             sizeof request->user))
        return refuse(PL_OAUTH_INVALID_REQUEST, ret_fault);
    if (pl_form_get_optional(&form, "scope", request->scope,
                             sizeof request->scope) ||
        !is_scope(request->scope))
        return refuse(PL_OAUTH_INVALID_SCOPE, ret_fault);
    if (request->has_code && read_code(&form, request))
        return refuse(PL_OAUTH_INVALID_REQUEST, ret_fault);
    return PL_OK;
}

static void no_store(pl_answer *answer)
{
    pl_answer_header(answer, "Cache-Control", "no-store");
    pl_answer_header(answer, "Pragma", "no-cache");
}

void pl_oauth_fail(pl_answer *answer, pl_oauth_fault fault)
{
    static const struct {
        int status;
        const char *code, *text;
    } rows[] = {
        [PL_OAUTH_INVALID_REQUEST] = {400, "invalid_request",
                                      "a form with grant_type, client_id, "
                                      "client_secret and, for that grant, "
                                      "code is expected"},
        [PL_OAUTH_INVALID_CLIENT] = {401, "invalid_client",
                                     "unknown client, wrong secret, or an "
                                     "assertion that is not good"},
        [PL_OAUTH_UNSUPPORTED_GRANT] = {400, "unsupported_grant_type",
                                        "only client_credentials and "
                                        "authorization_code"},
        [PL_OAUTH_INVALID_SCOPE] = {400, "invalid_scope", "malformed scope"},
        [PL_OAUTH_SCOPE_DENIED] = {400, "invalid_scope",
                                   "this client may not have that scope"},
        [PL_OAUTH_INVALID_GRANT] = {400, "invalid_grant",
                                    "the code is unknown, used, expired, or "
                                    "not for this client, redirect_uri and "
                                    "code_verifier"},
        [PL_OAUTH_NO_CODES] = {400, "unauthorized_client",
                               "no codes for this client: only the one of "
                               "dev_client gets them, and only when "
                               "redirect_uris in section [api] is set"},
        [PL_OAUTH_NO_USERS] = {400, "unauthorized_client",
                               "this client may not name a user"},
        [PL_OAUTH_NO_TENANT] = {404, "invalid_request",
                                "a tenant is 1 to 64 letters, digits, ., _ "
                                "and -"},
        [PL_OAUTH_FULL] = {503, "temporarily_unavailable",
                           "too many assertions at once"},
        [PL_OAUTH_CODES_FULL] = {503, "temporarily_unavailable",
                                 "too many codes at once"},
        [PL_OAUTH_UNAVAILABLE] = {404, "invalid_request",
                                  "tokens come from an external issuer"},
    };
    pl_answer_json(answer, rows[fault].status);
    no_store(answer);
    if (fault == PL_OAUTH_INVALID_CLIENT) {
        pl_answer_header(answer, "WWW-Authenticate",
                         "Basic realm=\"parley tokens\"");
    }
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "error", rows[fault].code);
    pl_jw_str(&w, "error_description", rows[fault].text);
    pl_jw_close(&w, '}');
}

void pl_oauth_grant(pl_answer *answer, const char *token, unsigned lifetime_s,
                    const char *scope)
{
    pl_answer_json(answer, 200);
    no_store(answer);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "access_token", token);
    pl_jw_str(&w, "token_type", "Bearer");
    pl_jw_int(&w, "expires_in", lifetime_s);
    pl_jw_int(&w, "ext_expires_in", lifetime_s);
    pl_jw_str(&w, "scope", scope);
    pl_jw_close(&w, '}');
}

/* What other resource servers look into instead of scope. */
static void put_roles(pl_jw *w, const char *scope)
{
    pl_slice rest = pl_slice_str(scope);
    pl_slice word;
    pl_jw_open(w, "roles", '[');
    while (pl_scope_next(&rest, &word))
        pl_jw_slice(w, NULL, word);
    pl_jw_close(w, ']');
}

/* A user that is a number is bound to it, for the device APIs, too. */
static void put_user(pl_jw *w, const char *user)
{
    static const char scheme[] = "tel:";
    size_t n = sizeof scheme - 1;
    pl_slice number = pl_slice_str(user);
    if (!user[0])
        return;
    pl_jw_str(w, "user", user);
    if (strncmp(user, scheme, n) == 0)
        number = pl_slice_str(user + n);
    if (pl_number_is_good(number))
        pl_jw_slice(w, "phone_number", number);
}

void pl_oauth_claims_text(const pl_oauth_claims *claims, pl_buf *out)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "iss", claims->issuer);
    pl_jw_str(&w, "aud", claims->audience);
    pl_jw_str(&w, "sub", claims->client_id);
    pl_jw_str(&w, "client_id", claims->client_id);
    if (claims->tenant[0])
        pl_jw_str(&w, "tid", claims->tenant);
    pl_jw_str(&w, "scope", claims->scope);
    if (strlen(claims->scope) <= REPEATED_MAX) {
        pl_jw_str(&w, "scp", claims->scope);
        put_roles(&w, claims->scope);
    }
    put_user(&w, claims->user);
    pl_jw_str(&w, "jti", claims->token_id);
    pl_jw_int(&w, "iat", claims->now_s);
    pl_jw_int(&w, "nbf", claims->now_s);
    pl_jw_int(&w, "exp", claims->now_s + (int64_t)claims->lifetime_s);
    pl_jw_close(&w, '}');
}

static void put_url(pl_jw *w, const char *key, const char *issuer,
                    const char *tenant, const char *path)
{
    char url[512];
    pl_fmt_cut(url, sizeof url, "%s%s%s%s", issuer, tenant[0] ? "/" : "",
               tenant, path);
    pl_jw_str(w, key, url);
}

static void put_list(pl_jw *w, const char *key, const char *const *items)
{
    pl_jw_open(w, key, '[');
    for (; *items; items++)
        pl_jw_str(w, NULL, *items);
    pl_jw_close(w, ']');
}

static void put_methods(pl_jw *w)
{
    static const char *const methods[] = {
        "client_secret_basic", "client_secret_post", "private_key_jwt", NULL};
    static const char *const algs[] = {"ES256", "RS256", "EdDSA", NULL};
    put_list(w, "token_endpoint_auth_methods_supported", methods);
    put_list(w, "token_endpoint_auth_signing_alg_values_supported", algs);
}

void pl_oauth_discovery(pl_answer *answer, const char *issuer,
                        const char *tenant, bool has_codes)
{
    static const char *const grants[] = {"client_credentials",
                                         "authorization_code", NULL};
    static const char *const grant[] = {"client_credentials", NULL};
    static const char *const types[] = {"code", NULL};
    static const char *const challenges[] = {"S256", NULL};
    static const char *const none[] = {NULL};
    bool is_tenant = tenant[0] != '\0';
    char own[PL_ISSUER_MAX + 1];
    pl_tenant_issuer(issuer, tenant, own, sizeof own);
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "issuer", own);
    put_url(&w, "token_endpoint", issuer, tenant,
            is_tenant ? "/oauth2/v2.0/token" : "/oauth2/token");
    put_url(&w, "jwks_uri", issuer, tenant,
            is_tenant ? "/discovery/v2.0/keys" : "/.well-known/jwks.json");
    put_list(&w, "grant_types_supported", has_codes ? grants : grant);
    put_list(&w, "response_types_supported", has_codes ? types : none);
    if (has_codes) {
        put_url(&w, "authorization_endpoint", issuer, "",
                "/oauth/v4/authorize");
        put_list(&w, "code_challenge_methods_supported", challenges);
    }
    put_methods(&w);
    pl_jw_close(&w, '}');
}
