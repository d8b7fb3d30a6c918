/* jwt.c - access tokens: syntax and claims. */
#include "jwt.h"

#include <string.h>

#include "base64.h"
#include "caller.h"
#include "pl/str.h"
#include "scope.h"
#include "url.h"

static pl_jwt_alg find_alg(pl_slice name)
{
    if (pl_slice_eq_str(name, "RS256"))
        return PL_JWT_RS256;
    if (pl_slice_eq_str(name, "ES256"))
        return PL_JWT_ES256;
    if (pl_slice_eq_str(name, "PS256"))
        return PL_JWT_PS256;
    if (pl_slice_eq_str(name, "EdDSA"))
        return PL_JWT_EDDSA;
    return PL_JWT_UNKNOWN;
}

/* Cut at the first dot; false when there is none. */
static bool take_part(pl_slice *rest, pl_slice *ret_part)
{
    const uint8_t *dot = memchr(rest->ptr, '.', rest->len);
    if (!dot)
        return false;
    size_t n = (size_t)(dot - rest->ptr);
    *ret_part = (pl_slice){rest->ptr, n};
    *rest = (pl_slice){dot + 1, rest->len - n - 1};
    return true;
}

static pl_err decode_json(pl_slice part, pl_json **ret_json)
{
    pl_buf text;
    pl_buf_init(&text, PL_JWT_MAX);
    pl_err e = pl_base64url_decode(part, &text);
    if (!e)
        e = pl_json_parse(pl_buf_slice(&text), ret_json);
    pl_buf_fini(&text);
    if (e)
        return e == PL_ENOMEM ? e : PL_EAUTH;
    if (pl_json_is_object(*ret_json))
        return PL_OK;
    pl_json_free(ret_json);
    return PL_EAUTH;
}

static const char *const ACCESS_TOKEN[] = {"at+jwt", "application/at+jwt",
                                           "JWT", NULL};

/* may_lack: there need not be any */
static bool is_type_one_of(const pl_json *header, const char *const *types,
                           bool may_lack)
{
    pl_slice typ;
    pl_err e = pl_json_get_str(header, "typ", &typ);
    if (e)
        return e == PL_ENOENT && may_lack;
    for (; *types; types++) {
        if (pl_slice_eq_nocase(typ, *types))
            return true;
    }
    return false;
}

/* RFC 8725 sections 3.1, 3.10, 3.11; RFC 7515 section 4.1.11 */
static pl_err check_header(const pl_json *header, pl_jwt *jwt)
{
    static const char *const refused[] = {"jku", "x5u", "jwk", "x5c", "crit"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (pl_json_get(header, refused[i]))
            return PL_EAUTH;
    }
    pl_slice alg;
    if (pl_json_get_str(header, "alg", &alg))
        return PL_EAUTH;
    jwt->alg = find_alg(alg);
    if (jwt->alg == PL_JWT_UNKNOWN)
        return PL_EAUTH;
    pl_slice kid = {NULL, 0};
    pl_err e = pl_json_get_str(header, "kid", &kid);
    if (e == PL_ENOENT)
        return PL_OK;
    return e || kid.len == 0 || pl_copy(jwt->kid, sizeof jwt->kid, kid)
               ? PL_EAUTH
               : PL_OK;
}

pl_err pl_jwt_parse_any(pl_slice text, const char *const *types, bool may_lack,
                        pl_jwt *ret_jwt)
{
    pl_jwt jwt = {.text = text};
    pl_slice rest = text;
    pl_slice header_part;
    pl_slice claims_part;
    pl_json *header = NULL;
    if (text.len > PL_JWT_MAX || !take_part(&rest, &header_part) ||
        !take_part(&rest, &claims_part) || rest.len == 0)
        return PL_EAUTH;
    pl_buf_init(&jwt.signature, PL_JWT_SIGNATURE_MAX);
    jwt.signed_ = (pl_slice){text.ptr, text.len - rest.len - 1};
    pl_err e = pl_base64url_decode(rest, &jwt.signature) ? PL_EAUTH : PL_OK;
    if (!e)
        e = decode_json(header_part, &header);
    if (!e && !is_type_one_of(header, types, may_lack))
        e = PL_EAUTH;
    if (!e)
        e = check_header(header, &jwt);
    if (!e)
        e = decode_json(claims_part, &jwt.claims);
    pl_json_free(&header);
    if (e) {
        pl_jwt_fini(&jwt);
    } else {
        *ret_jwt = jwt;
    }
    return e;
}

pl_err pl_jwt_parse(pl_slice text, pl_jwt *ret_jwt)
{
    return pl_jwt_parse_any(text, ACCESS_TOKEN, false, ret_jwt);
}

pl_err pl_jwt_parse_typed(pl_slice text, const char *typ, pl_jwt *ret_jwt)
{
    const char *const types[] = {typ, NULL};
    return pl_jwt_parse_any(text, types, false, ret_jwt);
}

void pl_jwt_fini(pl_jwt *jwt)
{
    pl_buf_fini(&jwt->signature);
    pl_json_free(&jwt->claims);
}

static bool equals(const pl_json *claims, const char *key, const char *text)
{
    pl_slice value;
    return pl_json_get_str(claims, key, &value) == PL_OK &&
           pl_slice_eq_str(value, text);
}

bool pl_jwt_has_audience(const pl_json *claims, const char *audience)
{
    const pl_json *aud = pl_json_get(claims, "aud");
    pl_slice value;
    if (pl_json_as_str(aud, &value) == PL_OK)
        return pl_slice_eq_str(value, audience);
    for (size_t i = 0; i < pl_json_count(aud); i++) {
        if (pl_json_as_str(pl_json_at(aud, i), &value) == PL_OK &&
            pl_slice_eq_str(value, audience))
            return true;
    }
    return false;
}

/* Issuers call the claim scope or scp, or roles where a client asks for
 * itself; some make it a list. */
static bool has_scope(const pl_json *claims, const char *scope)
{
    static const char *const keys[] = {"scope", "scp", "roles"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const pl_json *claim = pl_json_get(claims, keys[i]);
        pl_slice text;
        if (pl_json_as_str(claim, &text) == PL_OK && pl_scope_has(text, scope))
            return true;
        for (size_t k = 0; k < pl_json_count(claim); k++) {
            if (pl_json_as_str(pl_json_at(claim, k), &text) == PL_OK &&
                pl_scope_has(text, scope))
                return true;
        }
    }
    return false;
}

static unsigned scopes_of(const pl_json *claims)
{
    static const struct {
        const char *word;
        pl_scope bit;
    } rows[] = {{"WEBRTC", PL_SCOPE_WEBRTC},
                {"WEBRTCMOBILE", PL_SCOPE_WEBRTCMOBILE},
                {"EMERGENCYSERVICES", PL_SCOPE_EMERGENCYSERVICES},
                {"rooms", PL_SCOPE_ROOMS},
                {"rooms.admin", PL_SCOPE_ROOMS_ADMIN},
                {"management", PL_SCOPE_MANAGEMENT},
                {"video", PL_SCOPE_VIDEO}};
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (has_scope(claims, rows[i].word))
            bits |= (unsigned)rows[i].bit;
    }
    return bits;
}

/* Whether sub is a user. A client that asked for itself is its own subject
 * (RFC 9068 section 2.2); issuers that give it another name there mark the
 * token: idtyp, gty, sub equal to oid, or sub made of the client's id. */
static bool names_user(const pl_json *claims, const pl_caller *caller)
{
    size_t n = strlen(caller->client_id);
    if (!caller->subject[0] || equals(claims, "idtyp", "app") ||
        equals(claims, "gty", "client-credentials") ||
        equals(claims, "oid", caller->subject))
        return false;
    return strncmp(caller->subject, caller->client_id, n) != 0 ||
           (caller->subject[n] != '\0' && caller->subject[n] != '@');
}

/* skew_s: that clocks may differ */
static pl_err check_times(const pl_json *claims, int64_t now_s, int64_t skew_s,
                          int64_t *ret_exp_s)
{
    static const int64_t time_max = INT64_C(253402300799); /* year 9999 */
    int64_t exp;
    if (pl_json_get_i64(claims, "exp", &exp) || exp < 0 || exp > time_max ||
        exp + skew_s <= now_s)
        return PL_EAUTH;
    static const char *const not_ahead[] = {"nbf", "iat"};
    for (size_t i = 0; i < 2; i++) {
        int64_t t;
        pl_err e = pl_json_get_i64(claims, not_ahead[i], &t);
        if (e == PL_ENOENT)
            continue;
        if (e || t < 0 || t > now_s + skew_s || t > exp)
            return PL_EAUTH;
    }
    *ret_exp_s = exp;
    return PL_OK;
}

pl_err pl_jwt_check_times(const pl_json *claims, int64_t now_s,
                          int64_t *ret_exp_s)
{
    return check_times(claims, now_s, PL_JWT_SKEW_S, ret_exp_s);
}

/* An optional text claim into buf. */
static pl_err put_claim(const pl_json *claims, const char *key, char *buf,
                        size_t cap)
{
    pl_slice value;
    pl_err e = pl_json_get_str(claims, key, &value);
    if (e == PL_ENOENT)
        return PL_ENOENT;
    return e || pl_copy(buf, cap, value) ? PL_EAUTH : PL_OK;
}

static pl_err put_client(const pl_json *claims, pl_caller *caller)
{
    static const char *const names[] = {"client_id", "azp", "appid", "sub"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        pl_err e = put_claim(claims, names[i], caller->client_id,
                             sizeof caller->client_id);
        if (e != PL_ENOENT)
            return e || !caller->client_id[0] ? PL_EAUTH : PL_OK;
    }
    return PL_EAUTH;
}

bool pl_tenant_is_good(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= PL_TENANT_MAX && text[0] != '.' &&
           pl_url_is_word(text, "._-");
}

void pl_tenant_issuer(const char *issuer, const char *tenant, char *buf,
                      size_t cap)
{
    if (tenant[0])
        pl_fmt_cut(buf, cap, "%s/%s/v2.0", issuer, tenant);
    else
        pl_fmt_cut(buf, cap, "%s", issuer);
}

static bool is_issuer(const pl_json *claims, const pl_jwt_policy *policy)
{
    char tenant[PL_TENANT_MAX + 1] = "";
    char issuer[PL_ISSUER_MAX + 1];
    pl_err e = put_claim(claims, "tid", tenant, sizeof tenant);
    if (policy->tenant && policy->tenant[0] &&
        (e || strcmp(tenant, policy->tenant) != 0))
        return false;
    if (equals(claims, "iss", policy->issuer))
        return true;
    if (!policy->has_tenants || e || !pl_tenant_is_good(tenant))
        return false;
    pl_tenant_issuer(policy->issuer, tenant, issuer, sizeof issuer);
    return equals(claims, "iss", issuer);
}

/* Whether the token is of the issuer and for us. */
static bool is_ours(const pl_json *claims, const pl_jwt_policy *policy)
{
    bool may_lack = policy->is_vouched;
    bool has_issuer =
        may_lack && (!policy->issuer[0] || !pl_json_get(claims, "iss"));
    return (has_issuer || is_issuer(claims, policy)) &&
           ((may_lack && !pl_json_get(claims, "aud")) ||
            pl_jwt_has_audience(claims, policy->audience));
}

static pl_err check_policy_times(const pl_json *claims,
                                 const pl_jwt_policy *policy,
                                 int64_t *ret_exp_s)
{
    int64_t now_s = policy->now_ms / 1000;
    *ret_exp_s = 0;
    if (policy->is_vouched && !pl_json_get(claims, "exp"))
        return PL_OK;
    return check_times(claims, now_s,
                       policy->is_device ? PL_DEVICE_SKEW_S : PL_JWT_SKEW_S,
                       ret_exp_s);
}

pl_err pl_claims_check(const pl_json *claims, const pl_jwt_policy *policy,
                       pl_caller *ret_caller)
{
    pl_caller caller = {.client_id = ""};
    int64_t exp = 0;
    if (!is_ours(claims, policy))
        return PL_EAUTH;
    pl_err e = check_policy_times(claims, policy, &exp);
    if (!e)
        e = put_client(claims, &caller);
    if (!e)
        e = put_claim(claims, "sub", caller.subject, sizeof caller.subject);
    if (!e || e == PL_ENOENT)
        e = put_claim(claims, "user", caller.user_id, sizeof caller.user_id);
    if (e && e != PL_ENOENT)
        return e;
    if (policy->scope[0] && !has_scope(claims, policy->scope))
        return PL_EFORBIDDEN;
    caller.expires_ms = exp * 1000;
    caller.scopes = scopes_of(claims);
    caller.names_user = names_user(claims, &caller);
    pl_caller_put_scopes(claims, &caller);
    if (policy->is_device) {
        e = pl_caller_for_device(claims, policy->number_claims, &caller);
        if (e)
            return e;
    }
    *ret_caller = caller;
    return PL_OK;
}

pl_err pl_jwt_check(const pl_jwt *jwt, const pl_jwt_policy *policy,
                    pl_caller *ret_caller)
{
    return pl_claims_check(jwt->claims, policy, ret_caller);
}

pl_jwt_alg pl_jwk_alg(const pl_json *jwk)
{
    static const struct {
        const char *kty, *crv, *alg;
        pl_jwt_alg value;
    } rows[] = {{"RSA", NULL, "RS256", PL_JWT_RS256},
                {"RSA", NULL, "PS256", PL_JWT_PS256},
                {"EC", "P-256", "ES256", PL_JWT_ES256},
                {"OKP", "Ed25519", "EdDSA", PL_JWT_EDDSA}};
    pl_slice text;
    if (pl_json_get(jwk, "use") && !equals(jwk, "use", "sig"))
        return PL_JWT_UNKNOWN;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!equals(jwk, "kty", rows[i].kty) ||
            (rows[i].crv && !equals(jwk, "crv", rows[i].crv)))
            continue;
        /* One that does not say what it is for is for the first (RFC 8725
         * section 3.1). */
        pl_err e = pl_json_get_str(jwk, "alg", &text);
        if (e == PL_ENOENT || (!e && pl_slice_eq_str(text, rows[i].alg)))
            return rows[i].value;
    }
    return PL_JWT_UNKNOWN;
}
