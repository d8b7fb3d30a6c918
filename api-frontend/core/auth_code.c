/* auth_code.c - authorization codes. */
#include "auth_code.h"

#include <string.h>

#include "base64.h"
#include "pl/str.h"
#include "url.h"

enum { SHA256_BYTES = 32 };

void pl_auth_code_text(const pl_auth_code *code, pl_buf *out)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "jti", code->id);
    pl_jw_str(&w, "client_id", code->client_id);
    pl_jw_str(&w, "redirect_uri", code->redirect_uri);
    pl_jw_str(&w, "user", code->user);
    pl_jw_str(&w, "scope", code->scope);
    pl_jw_str(&w, "challenge", code->challenge);
    pl_jw_int(&w, "exp", code->until_s);
    pl_jw_close(&w, '}');
}

static bool take(const pl_json *claims, const char *key, char *buf, size_t cap)
{
    pl_slice text;
    return pl_json_get_str(claims, key, &text) == PL_OK &&
           pl_copy(buf, cap, text) == PL_OK;
}

pl_err pl_auth_code_read(const pl_json *claims, pl_auth_code *ret_code)
{
    pl_auth_code c = {.id = ""};
    if (!take(claims, "jti", c.id, sizeof c.id) ||
        strlen(c.id) != PL_CODE_ID_TEXT ||
        !take(claims, "client_id", c.client_id, sizeof c.client_id) ||
        !take(claims, "redirect_uri", c.redirect_uri, sizeof c.redirect_uri) ||
        !take(claims, "user", c.user, sizeof c.user) || !c.user[0] ||
        !take(claims, "scope", c.scope, sizeof c.scope) ||
        !take(claims, "challenge", c.challenge, sizeof c.challenge) ||
        pl_json_get_i64(claims, "exp", &c.until_s))
        return PL_EAUTH;
    *ret_code = c;
    return PL_OK;
}

bool pl_code_is_challenge(const char *text)
{
    return strlen(text) == PL_CODE_CHALLENGE_TEXT && pl_url_is_word(text, "-_");
}

bool pl_code_is_verifier(const char *text)
{
    size_t n = strlen(text);
    return n >= PL_CODE_VERIFIER_MIN && n <= PL_CODE_VERIFIER_MAX &&
           pl_url_is_word(text, "-._~");
}

static bool is_same(const char *a, const char *b)
{
    return pl_slice_eq_secret(pl_slice_str(a), pl_slice_str(b));
}

/* RFC 7636 section 4.6 */
static bool is_verified(const char *challenge, const char *hash_hex)
{
    uint8_t hash[SHA256_BYTES];
    pl_buf text;
    if (!challenge[0] || strlen(hash_hex) != (size_t)2 * SHA256_BYTES)
        return !challenge[0] && !hash_hex[0];
    for (size_t i = 0; i < sizeof hash; i++) {
        hash[i] = (uint8_t)(pl_hex_value((uint8_t)hash_hex[2 * i]) * 16 +
                            pl_hex_value((uint8_t)hash_hex[2 * i + 1]));
    }
    pl_buf_init(&text, 2 * PL_CODE_CHALLENGE_TEXT);
    pl_base64url_encode((pl_slice){hash, sizeof hash}, &text);
    bool is_good = is_same(pl_buf_text(&text), challenge);
    pl_buf_fini(&text);
    return is_good;
}

pl_err pl_auth_code_check(const pl_auth_code *code, const pl_code_proof *proof)
{
    char meant[PL_REDIRECT_MAX + 1];
    if (code->until_s <= proof->now_s ||
        !is_same(code->client_id, proof->client_id) ||
        pl_redirect_find(proof->redirect_uris, proof->redirect_uri, meant,
                         sizeof meant) ||
        !is_same(code->redirect_uri, meant))
        return PL_EAUTH;
    return is_verified(code->challenge, proof->verifier_hash) ? PL_OK
                                                              : PL_EAUTH;
}
