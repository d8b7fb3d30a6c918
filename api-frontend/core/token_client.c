/* token_client.c - see token_client.h. */
#include "token_client.h"

#include <string.h>

#include "pl/rng.h"
#include "pl/str.h"

enum { HASH_TEXT = PL_SHA256_TEXT - 1 };

static bool is_visible(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f)
            return false;
    }
    return text[0] != '\0';
}

static bool is_hash(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (pl_hex_value(text.ptr[i]) < 0 ||
            (text.ptr[i] >= 'A' && text.ptr[i] <= 'F'))
            return false;
    }
    return text.len == HASH_TEXT;
}

static const char *read_secret(const pl_json *row, pl_token_client *client)
{
    pl_slice secret;
    pl_slice hash;
    pl_err e = pl_json_get_str(row, "client_secret", &secret);
    pl_err f = pl_json_get_str(row, "client_secret_sha256", &hash);
    if (e == PL_ENOENT && f == PL_ENOENT)
        return NULL;
    if (!e && !f)
        return "client_secret or client_secret_sha256, not both";
    if (!e && secret.len >= PL_CLIENT_SECRET_MIN) {
        pl_sha256_hex(secret.ptr, secret.len, client->secret_hash);
        return NULL;
    }
    if (!f && is_hash(hash)) {
        return pl_copy(client->secret_hash, sizeof client->secret_hash, hash)
                   ? "client_secret_sha256"
                   : NULL;
    }
    return "client_secret: want 16 characters or more; client_secret_sha256: "
           "want 64 hex digits in lower case";
}

static const char *read_scopes(const pl_json *row, pl_token_client *client)
{
    static const char wrong[] =
        "scopes: want a list of words, 512 bytes at most";
    const pl_json *list = pl_json_get(row, "scopes");
    for (size_t i = 0; i < pl_json_count(list); i++) {
        pl_slice word;
        char text[PL_SCOPES_MAX + 1];
        size_t n = strlen(client->scopes);
        if (pl_json_as_str(pl_json_at(list, i), &word) ||
            !pl_scope_is_word(word) || pl_copy(text, sizeof text, word) ||
            pl_fmt(client->scopes + n, sizeof client->scopes - n, "%s%s",
                   n > 0 ? " " : "", text))
            return wrong;
    }
    return client->scopes[0] ? NULL : wrong;
}

static const char *read_rest(const pl_json *row, pl_token_client *client,
                             const pl_json **ret_jwks)
{
    pl_slice id;
    *ret_jwks = pl_json_get(row, "jwks");
    if (pl_json_get_str(row, "client_id", &id) ||
        pl_copy(client->id, sizeof client->id, id) || !is_visible(client->id))
        return "client_id: want 1 to 128 visible characters of ASCII";
    pl_err e = pl_json_get_bool(row, "may_name_users", &client->may_name_users);
    if (e && e != PL_ENOENT)
        return "may_name_users: want true or false";
    if (!client->secret_hash[0] && !*ret_jwks)
        return "a client needs client_secret, client_secret_sha256 or jwks";
    return NULL;
}

pl_err pl_token_client_read(const pl_json *row, pl_token_client *ret_client,
                            const pl_json **ret_jwks, const char **ret_wrong)
{
    pl_token_client client = {.id = ""};
    const char *wrong = read_secret(row, &client);
    if (!wrong)
        wrong = read_scopes(row, &client);
    if (!wrong)
        wrong = read_rest(row, &client, ret_jwks);
    if (wrong) {
        *ret_wrong = wrong;
        return PL_EINVAL;
    }
    *ret_client = client;
    return PL_OK;
}

bool pl_token_client_has_secret(const pl_token_client *client,
                                const char *secret)
{
    static const char nobody[] = "----------------------------------------"
                                 "------------------------";
    char hash[PL_SHA256_TEXT];
    bool has_one = client && client->secret_hash[0];
    pl_sha256_hex(secret, strlen(secret), hash);
    return pl_slice_eq_secret(
        pl_slice_str(hash),
        pl_slice_str(has_one ? client->secret_hash : nobody));
}
