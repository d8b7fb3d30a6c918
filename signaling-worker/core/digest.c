/* digest.c - parameters, responses, users. */
#include "digest.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "sip_head.h"
#include "sip_uri.h"

typedef struct param {
    pl_slice name;
    char value[PL_DIGEST_FIELD];
} param;

/* Value of a quoted string at s->ptr[0] == '"'. RFC 3261 section 25.1. */
static pl_err take_quoted(pl_slice *s, char *out)
{
    size_t n = 0;
    for (size_t i = 1; i < s->len; i++) {
        uint8_t c = s->ptr[i];
        if (c == '"') {
            out[n] = '\0';
            s->ptr += i + 1;
            s->len -= i + 1;
            return PL_OK;
        }
        if (c == '\\') {
            if (++i >= s->len)
                return PL_EPROTO;
            c = s->ptr[i];
        }
        if (c < ' ' || c == 0x7f || n + 1 >= PL_DIGEST_FIELD)
            return PL_EPROTO;
        out[n++] = (char)c;
    }
    return PL_EPROTO;
}

static pl_err take_token(pl_slice *s, char *out)
{
    size_t n = 0;
    while (n < s->len && s->ptr[n] != ',' && s->ptr[n] > ' ' &&
           s->ptr[n] != '"' && s->ptr[n] < 0x7f) {
        if (n + 1 >= PL_DIGEST_FIELD)
            return PL_EPROTO;
        out[n] = (char)s->ptr[n];
        n++;
    }
    out[n] = '\0';
    s->ptr += n;
    s->len -= n;
    return n > 0 ? PL_OK : PL_EPROTO;
}

/* Next "name=value" up to its comma. Errors: PL_EAGAIN at the end. */
static pl_err take_param(pl_slice *s, param *p)
{
    *s = pl_sip_trim(*s);
    if (s->len == 0)
        return PL_EAGAIN;
    const uint8_t *eq = memchr(s->ptr, '=', s->len);
    if (!eq)
        return PL_EPROTO;
    p->name = pl_sip_trim((pl_slice){s->ptr, (size_t)(eq - s->ptr)});
    *s = pl_sip_trim((pl_slice){eq + 1, s->len - (size_t)(eq - s->ptr) - 1});
    if (s->len == 0 || p->name.len == 0)
        return PL_EPROTO;
    pl_err e =
        s->ptr[0] == '"' ? take_quoted(s, p->value) : take_token(s, p->value);
    if (e != PL_OK)
        return e;
    *s = pl_sip_trim(*s);
    if (s->len > 0) {
        if (s->ptr[0] != ',')
            return PL_EPROTO;
        s->ptr++;
        s->len--;
    }
    return PL_OK;
}

static pl_err set_algorithm(pl_digest *d, const char *name)
{
    pl_slice text = pl_slice_str(name);
    d->is_known_algorithm = true;
    if (pl_slice_eq_nocase(text, "MD5")) {
        d->algorithm = PL_HASH_MD5;
    } else if (pl_slice_eq_nocase(text, "SHA-256")) {
        d->algorithm = PL_HASH_SHA256;
    } else {
        d->is_known_algorithm = false;
    }
    return PL_OK;
}

static pl_err set_param(pl_digest *d, const param *p)
{
    const struct {
        const char *name;
        char *field;
        size_t cap;
    } fields[] = {
        {"username", d->username, sizeof d->username},
        {"realm", d->realm, sizeof d->realm},
        {"nonce", d->nonce, sizeof d->nonce},
        {"uri", d->uri, sizeof d->uri},
        {"response", d->response, sizeof d->response},
        {"cnonce", d->cnonce, sizeof d->cnonce},
        {"opaque", d->opaque, sizeof d->opaque},
        {"nc", d->nc, sizeof d->nc},
        {"qop", d->qop, sizeof d->qop},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!pl_slice_eq_nocase(p->name, fields[i].name))
            continue;
        if (fields[i].field[0])
            return PL_EPROTO;
        return pl_copy(fields[i].field, fields[i].cap,
                       pl_slice_str(p->value)) == PL_OK
                   ? PL_OK
                   : PL_EPROTO;
    }
    if (pl_slice_eq_nocase(p->name, "algorithm"))
        return set_algorithm(d, p->value);
    if (pl_slice_eq_nocase(p->name, "stale"))
        d->is_stale = pl_slice_eq_nocase(pl_slice_str(p->value), "true");
    return PL_OK;
}

pl_err pl_digest_parse(pl_slice value, pl_digest *ret_digest)
{
    enum { MAX_PARAMS = 32 };
    value = pl_sip_trim(value);
    if (value.len < 7 ||
        !pl_slice_eq_nocase((pl_slice){value.ptr, 6}, "Digest") ||
        (value.ptr[6] != ' ' && value.ptr[6] != '\t')) {
        return PL_EUNSUPPORTED;
    }
    pl_slice rest = {value.ptr + 7, value.len - 7};
    pl_digest d = {.algorithm = PL_HASH_MD5, .is_known_algorithm = true};
    pl_err e = PL_OK;
    for (unsigned n = 0; e == PL_OK; n++) {
        param p;
        e = n < MAX_PARAMS ? take_param(&rest, &p) : PL_EPROTO;
        if (e == PL_OK)
            e = set_param(&d, &p);
    }
    if (e != PL_EAGAIN)
        return PL_EPROTO;
    *ret_digest = d;
    return PL_OK;
}

pl_err pl_digest_ha1(const pl_hash_api *api, pl_hash_kind kind,
                     const char *user, const char *realm, const char *password,
                     char hex[PL_HASH_TEXT])
{
    char text[3 * PL_DIGEST_FIELD];
    pl_err e = pl_fmt(text, sizeof text, "%s:%s:%s", user, realm, password);
    if (e == PL_OK)
        e = api->hash(kind, pl_slice_str(text), hex);
    memset(text, 0, sizeof text);
    return e;
}

pl_err pl_digest_response(const pl_hash_api *api, const pl_digest *d,
                          const char *ha1, const char *method,
                          char hex[PL_HASH_TEXT])
{
    char text[5 * PL_DIGEST_FIELD];
    char ha2[PL_HASH_TEXT];
    pl_err e = pl_fmt(text, sizeof text, "%s:%s", method, d->uri);
    if (e == PL_OK)
        e = api->hash(d->algorithm, pl_slice_str(text), ha2);
    if (e != PL_OK)
        return e;
    if (d->qop[0]) {
        e = pl_fmt(text, sizeof text, "%s:%s:%s:%s:%s:%s", ha1, d->nonce, d->nc,
                   d->cnonce, d->qop, ha2);
    } else {
        e = pl_fmt(text, sizeof text, "%s:%s:%s", ha1, d->nonce, ha2);
    }
    return e == PL_OK ? api->hash(d->algorithm, pl_slice_str(text), hex) : e;
}

static bool offers_auth(const char *qop)
{
    pl_slice rest = pl_slice_str(qop);
    pl_slice word;
    while (pl_sip_list_next(&rest, &word)) {
        if (pl_slice_eq_nocase(word, "auth"))
            return true;
    }
    return false;
}

static bool is_quotable(const char *text)
{
    return !strpbrk(text, "\"\\\r\n");
}

bool pl_digest_is_answerable(const pl_digest *challenge)
{
    return challenge->is_known_algorithm &&
           (!challenge->qop[0] || offers_auth(challenge->qop)) &&
           is_quotable(challenge->realm) && is_quotable(challenge->nonce) &&
           is_quotable(challenge->opaque);
}

pl_err pl_digest_answer_write(const pl_hash_api *api,
                              const pl_digest *challenge,
                              const pl_digest_answer *answer, char *buf,
                              size_t cap)
{
    pl_digest d = *challenge;
    bool is_auth = offers_auth(challenge->qop);
    if (!pl_digest_is_answerable(challenge) || !is_quotable(answer->user) ||
        !is_quotable(answer->uri)) {
        return PL_EUNSUPPORTED;
    }
    char ha1[PL_HASH_TEXT];
    char response[PL_HASH_TEXT];
    d.qop[0] = '\0';
    if (is_auth)
        pl_fmt_cut(d.qop, sizeof d.qop, "auth");
    pl_fmt_cut(d.nc, sizeof d.nc, "%08x", answer->nc);
    pl_fmt_cut(d.cnonce, sizeof d.cnonce, "%s", answer->cnonce);
    pl_err e = pl_fmt(d.uri, sizeof d.uri, "%s", answer->uri);
    if (e == PL_OK) {
        e = pl_digest_ha1(api, d.algorithm, answer->user, d.realm,
                          answer->password, ha1);
    }
    if (e == PL_OK)
        e = pl_digest_response(api, &d, ha1, answer->method, response);
    if (e != PL_OK)
        return e;
    char tail[PL_DIGEST_FIELD + 64] = "";
    if (is_auth) {
        pl_fmt_cut(tail, sizeof tail, ", qop=auth, nc=%s, cnonce=\"%s\"", d.nc,
                   d.cnonce);
    }
    return pl_fmt(buf, cap,
                  "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", "
                  "uri=\"%s\", response=\"%s\", algorithm=%s%s%s%s%s",
                  answer->user, d.realm, d.nonce, d.uri, response,
                  d.algorithm == PL_HASH_MD5 ? "MD5" : "SHA-256", tail,
                  d.opaque[0] ? ", opaque=\"" : "", d.opaque,
                  d.opaque[0] ? "\"" : "");
}

typedef struct user {
    char name[PL_DIGEST_FIELD], realm[PL_DIGEST_FIELD];
    char ha1[PL_HASH_TEXT];
    pl_hash_kind kind;
} user;

struct pl_digest_users {
    user *rows;
    size_t n, cap;
};

static bool is_hex(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
    }
    return true;
}

static pl_err parse_user(pl_slice line, user *u)
{
    const uint8_t *a = memchr(line.ptr, ':', line.len);
    if (!a)
        return PL_EPROTO;
    pl_slice name = {line.ptr, (size_t)(a - line.ptr)};
    pl_slice rest = {a + 1, line.len - name.len - 1};
    const uint8_t *b = memchr(rest.ptr, ':', rest.len);
    if (!b)
        return PL_EPROTO;
    pl_slice realm = {rest.ptr, (size_t)(b - rest.ptr)};
    pl_slice hex = {b + 1, rest.len - realm.len - 1};
    if ((hex.len != 32 && hex.len != 64) || !is_hex(hex) || name.len == 0 ||
        pl_copy(u->name, sizeof u->name, name) != PL_OK ||
        pl_copy(u->realm, sizeof u->realm, realm) != PL_OK ||
        pl_copy(u->ha1, sizeof u->ha1, hex) != PL_OK) {
        return PL_EPROTO;
    }
    u->kind = hex.len == 32 ? PL_HASH_MD5 : PL_HASH_SHA256;
    return PL_OK;
}

static user *add_row(pl_digest_users *users)
{
    if (users->n == users->cap) {
        size_t cap = users->cap ? users->cap * 2 : 16;
        user *rows = realloc(users->rows, cap * sizeof *rows);
        if (!rows)
            return NULL;
        users->rows = rows;
        users->cap = cap;
    }
    user *u = &users->rows[users->n];
    *u = (user){.kind = PL_HASH_MD5};
    return u;
}

static pl_err parse_lines(pl_slice text, pl_digest_users *users, unsigned *line)
{
    while (text.len > 0) {
        const uint8_t *nl = memchr(text.ptr, '\n', text.len);
        size_t n = nl ? (size_t)(nl - text.ptr) : text.len;
        pl_slice row = pl_sip_trim((pl_slice){text.ptr, n});
        text.ptr += nl ? n + 1 : n;
        text.len -= nl ? n + 1 : n;
        (*line)++;
        if (row.len == 0 || row.ptr[0] == '#')
            continue;
        user *u = add_row(users);
        if (!u)
            return PL_ENOMEM;
        pl_err e = parse_user(row, u);
        if (e != PL_OK)
            return e;
        users->n++;
    }
    return PL_OK;
}

pl_err pl_digest_users_parse(pl_slice text, pl_digest_users **ret_users,
                             unsigned *ret_line)
{
    pl_digest_users *users = calloc(1, sizeof *users);
    if (!users)
        return PL_ENOMEM;
    unsigned line = 0;
    pl_err e = parse_lines(text, users, &line);
    if (e != PL_OK) {
        *ret_line = line;
        pl_digest_users_destroy(&users);
        return e;
    }
    *ret_users = users;
    return PL_OK;
}

void pl_digest_users_destroy(pl_digest_users **users)
{
    if (!users || !*users)
        return;
    if ((*users)->rows)
        memset((*users)->rows, 0, (*users)->cap * sizeof *(*users)->rows);
    free((*users)->rows);
    free(*users);
    *users = NULL;
}

size_t pl_digest_users_count(const pl_digest_users *users)
{
    return users ? users->n : 0;
}

static const user *find_user(const pl_digest_users *users, const pl_digest *d)
{
    const user *found = NULL;
    for (size_t i = 0; users && i < users->n; i++) {
        const user *u = &users->rows[i];
        if (u->kind == d->algorithm && strcmp(u->name, d->username) == 0 &&
            strcmp(u->realm, d->realm) == 0) {
            found = u;
        }
    }
    return found;
}

pl_err pl_digest_check(const pl_hash_api *api, const pl_digest_users *users,
                       const pl_digest *d, const char *realm,
                       const char *method)
{
    if (!d->is_known_algorithm || !d->username[0] || !d->nonce[0] ||
        !d->uri[0] || !d->response[0] || strcmp(d->qop, "auth") != 0 ||
        !d->cnonce[0] || strlen(d->nc) != 8) {
        return PL_EPROTO;
    }
    static const char nobody[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    const user *u = find_user(users, d);
    char expected[PL_HASH_TEXT];
    pl_err e =
        pl_digest_response(api, d, u ? u->ha1 : nobody, method, expected);
    if (e != PL_OK)
        return e;
    bool is_same =
        pl_slice_eq_secret(pl_slice_str(expected), pl_slice_str(d->response));
    return is_same && u && strcmp(d->realm, realm) == 0 ? PL_OK : PL_EAUTH;
}
