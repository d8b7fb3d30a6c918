/* jose.c - key sets over cjose (the only file that uses it). */
#include "jose.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>

#include "base64.h"
#include "ed25519.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { KEYS_MAX = 32, KEY_TEXT_MAX = 8192, ED25519_BYTES = 32 };
enum { KID_RANDOM_BYTES = 12, RSA_BITS_MIN = 2048 };

typedef struct key {
    char kid[PL_JWT_KID_MAX + 1];
    pl_jwt_alg alg;
    cjose_jwk_t *jwk;               /* RS256, PS256, ES256 */
    uint8_t ed25519[ED25519_BYTES]; /* EdDSA */
} key;

struct pl_keys {
    key keys[KEYS_MAX];
    size_t n;
};

static const char *alg_text(pl_jwt_alg alg)
{
    switch (alg) {
    case PL_JWT_RS256: return CJOSE_HDR_ALG_RS256;
    case PL_JWT_ES256: return CJOSE_HDR_ALG_ES256;
    case PL_JWT_PS256: return CJOSE_HDR_ALG_PS256;
    case PL_JWT_EDDSA: return "EdDSA";
    case PL_JWT_UNKNOWN:
    default: return "";
    }
}

static pl_err load_ed25519(const pl_json *jwk, key *k)
{
    pl_slice x;
    pl_buf bytes;
    pl_buf_init(&bytes, ED25519_BYTES);
    pl_err e = pl_json_get_str(jwk, "x", &x);
    if (!e)
        e = pl_base64url_decode(x, &bytes);
    if (!e && bytes.len != ED25519_BYTES)
        e = PL_EPROTO;
    if (!e)
        memcpy(k->ed25519, bytes.ptr, ED25519_BYTES);
    pl_buf_fini(&bytes);
    return e ? PL_EPROTO : PL_OK;
}

/* Whether a member is strict base64url of min..max bytes. */
static bool has_bytes(const pl_json *jwk, const char *name, size_t min,
                      size_t max)
{
    pl_slice text;
    pl_buf bytes;
    pl_buf_init(&bytes, max);
    bool is_good = pl_json_get_str(jwk, name, &text) == PL_OK &&
                   pl_base64url_decode(text, &bytes) == PL_OK &&
                   bytes.len >= min;
    pl_buf_wipe(&bytes);
    return is_good;
}

/* cjose asserts on malformed numbers: they must not reach it. */
static bool is_well_formed(const pl_json *jwk, pl_jwt_alg alg)
{
    enum { P256_BYTES = 32, RSA_MAX = 1024, EXPONENT_MAX = 8 };
    static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi"};
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++) {
        if (pl_json_get(jwk, private[i]) &&
            !has_bytes(jwk, private[i], 1, RSA_MAX))
            return false;
    }
    if (alg == PL_JWT_ES256) {
        return has_bytes(jwk, "x", P256_BYTES, P256_BYTES) &&
               has_bytes(jwk, "y", P256_BYTES, P256_BYTES);
    }
    return has_bytes(jwk, "n", RSA_BITS_MIN / 8, RSA_MAX) &&
           has_bytes(jwk, "e", 1, EXPONENT_MAX);
}

static pl_err load_jwk(const pl_json *jwk, key *k)
{
    if (!is_well_formed(jwk, k->alg))
        return PL_EPROTO;
    pl_buf text;
    pl_buf_init(&text, KEY_TEXT_MAX);
    pl_err e = pl_json_dump(jwk, &text);
    if (!e) {
        cjose_err error;
        k->jwk = cjose_jwk_import(text.ptr, text.len, &error);
        e = k->jwk ? PL_OK : PL_EPROTO;
    }
    pl_buf_wipe(&text);
    cjose_err error;
    if (!e && k->alg != PL_JWT_ES256 &&
        cjose_jwk_get_keysize(k->jwk, &error) < RSA_BITS_MIN) {
        (void)cjose_jwk_release(k->jwk);
        k->jwk = NULL;
        e = PL_EPROTO;
    }
    return e;
}

static pl_err load_key(const pl_json *jwk, key *k)
{
    pl_slice kid = {NULL, 0};
    *k = (key){.alg = pl_jwk_alg(jwk)};
    if (k->alg == PL_JWT_UNKNOWN ||
        pl_json_get_str(jwk, "kid", &kid) == PL_EPROTO ||
        pl_copy(k->kid, sizeof k->kid, kid))
        return PL_EPROTO;
    return k->alg == PL_JWT_EDDSA ? load_ed25519(jwk, k) : load_jwk(jwk, k);
}

pl_err pl_keys_load(pl_slice text, pl_keys **ret_keys)
{
    pl_json *json = NULL;
    pl_err e = pl_json_parse(text, &json);
    if (e)
        return e;
    pl_keys *keys = calloc(1, sizeof *keys);
    const pl_json *list = pl_json_get(json, "keys");
    for (size_t i = 0; keys && i < pl_json_count(list); i++) {
        if (keys->n < KEYS_MAX &&
            load_key(pl_json_at(list, i), &keys->keys[keys->n]) == PL_OK)
            keys->n++;
    }
    pl_json_free(&json);
    if (!keys)
        return PL_ENOMEM;
    if (keys->n == 0) {
        pl_keys_free(&keys);
        return PL_EPROTO;
    }
    *ret_keys = keys;
    return PL_OK;
}

void pl_keys_free(pl_keys **keys)
{
    if (!keys || !*keys)
        return;
    for (size_t i = 0; i < (*keys)->n; i++)
        (void)cjose_jwk_release((*keys)->keys[i].jwk);
    free(*keys);
    *keys = NULL;
}

static const key *find(const pl_keys *keys, const char *kid)
{
    if (!kid[0])
        return keys->n == 1 ? &keys->keys[0] : NULL;
    for (size_t i = 0; i < keys->n; i++) {
        if (strcmp(keys->keys[i].kid, kid) == 0)
            return &keys->keys[i];
    }
    return NULL;
}

pl_err pl_keys_verify(const pl_keys *keys, const pl_jwt *jwt)
{
    const key *k = find(keys, jwt->kid);
    if (!k)
        return PL_ENOENT;
    if (k->alg != jwt->alg) /* the key decides, not the token */
        return PL_EAUTH;
    if (k->alg == PL_JWT_EDDSA) {
        pl_slice public_key = {k->ed25519, ED25519_BYTES};
        return pl_ed25519_is_good(public_key, jwt->signed_,
                                  pl_buf_slice(&jwt->signature))
                   ? PL_OK
                   : PL_EAUTH;
    }
    cjose_err error;
    cjose_jws_t *jws =
        cjose_jws_import((const char *)jwt->text.ptr, jwt->text.len, &error);
    bool is_good = jws && cjose_jws_verify(jws, k->jwk, &error);
    cjose_jws_release(jws);
    return is_good ? PL_OK : PL_EAUTH;
}

/* ---- our own keys ---- */

/* A JWK with kid, use and alg; with_private: also its private part. */
static pl_err put_jwk(const key *k, bool with_private, pl_buf *out)
{
    cjose_err error;
    char *text = cjose_jwk_to_json(k->jwk, with_private, &error);
    size_t n = text ? strlen(text) : 0;
    if (n < 2 || text[n - 1] != '}') {
        free(text);
        return PL_EIO;
    }
    pl_buf_add(out, text, n - 1);
    pl_buf_add_fmt(out, ",\"use\":\"sig\",\"alg\":\"%s\"}", alg_text(k->alg));
    pl_wipe(text, n);
    free(text);
    return out->has_failed ? PL_ENOMEM : PL_OK;
}

static cjose_jwk_t *make_jwk(pl_jwt_alg alg)
{
    static const uint8_t exponent[] = {1, 0, 1};
    cjose_err error;
    if (alg == PL_JWT_RS256) {
        return cjose_jwk_create_RSA_random(RSA_BITS_MIN, exponent,
                                           sizeof exponent, &error);
    }
    return cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
}

pl_err pl_key_make(pl_jwt_alg alg, char *ret_kid, pl_buf *out)
{
    cjose_err error;
    key k = {.alg = alg};
    if (alg != PL_JWT_ES256 && alg != PL_JWT_RS256)
        return PL_EUNSUPPORTED;
    pl_random_token(KID_RANDOM_BYTES, k.kid, sizeof k.kid);
    k.jwk = make_jwk(alg);
    if (!k.jwk)
        return PL_EIO;
    pl_err e = PL_EIO;
    if (cjose_jwk_set_kid(k.jwk, k.kid, strlen(k.kid), &error))
        e = put_jwk(&k, true, out);
    (void)cjose_jwk_release(k.jwk);
    if (!e)
        memcpy(ret_kid, k.kid, sizeof k.kid);
    return e;
}

bool pl_keys_can_sign(const pl_keys *keys, const char *kid)
{
    cjose_err error;
    const key *k = find(keys, kid);
    char *text = k && k->jwk ? cjose_jwk_to_json(k->jwk, true, &error) : NULL;
    bool is_private = text && strstr(text, "\"d\":");
    if (text)
        pl_wipe(text, strlen(text));
    free(text);
    return is_private;
}

pl_err pl_keys_public_text(const pl_keys *keys, pl_buf *out)
{
    pl_err e = PL_OK;
    bool is_first = true;
    pl_buf_add_str(out, "{\"keys\":[");
    for (size_t i = 0; i < keys->n && !e; i++) {
        if (!keys->keys[i].jwk)
            continue;
        if (!is_first)
            pl_buf_add_str(out, ",");
        is_first = false;
        e = put_jwk(&keys->keys[i], false, out);
    }
    pl_buf_add_str(out, "]}");
    return e;
}

static cjose_header_t *make_header(const key *k, const char *typ)
{
    cjose_err error;
    cjose_header_t *header = cjose_header_new(&error);
    if (header &&
        cjose_header_set(header, CJOSE_HDR_ALG, alg_text(k->alg), &error) &&
        cjose_header_set(header, "typ", typ, &error) &&
        cjose_header_set(header, CJOSE_HDR_KID, k->kid, &error))
        return header;
    cjose_header_release(header);
    return NULL;
}

pl_err pl_keys_sign(const pl_keys *keys, const char *kid, const char *typ,
                    pl_slice claims, pl_buf *out)
{
    const key *k = find(keys, kid);
    cjose_err error;
    const char *text = NULL;
    cjose_header_t *header = k && k->jwk ? make_header(k, typ) : NULL;
    cjose_jws_t *jws =
        header ? cjose_jws_sign(k->jwk, header, claims.ptr, claims.len, &error)
               : NULL;
    bool is_done = jws && cjose_jws_export(jws, &text, &error);
    if (is_done)
        pl_buf_add_str(out, text);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return is_done && !out->has_failed ? PL_OK : PL_EIO;
}
