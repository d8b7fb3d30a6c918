/* digest_client.c - challenges taken, credentials written. */
#include "digest_client.h"

#include <string.h>

#include "pl/str.h"

void pl_digest_client_begin(pl_digest_client *c)
{
    for (unsigned i = 0; i < c->n; i++)
        c->realm[i].tries = 0;
}

static pl_digest_realm *find(pl_digest_client *c, const char *realm,
                             bool is_proxy)
{
    for (unsigned i = 0; i < c->n; i++) {
        pl_digest_realm *r = &c->realm[i];
        if (r->is_proxy == is_proxy && strcmp(r->challenge.realm, realm) == 0)
            return r;
    }
    return NULL;
}

/* A challenge that we can answer. */
static bool read(const pl_digest_challenges *list, unsigned i,
                 pl_digest *ret_challenge)
{
    pl_digest d;
    if (pl_digest_parse(list->value[i], &d) != PL_OK ||
        !pl_digest_is_answerable(&d) ||
        (list->only_realm[0] && strcmp(d.realm, list->only_realm) != 0))
        return false;
    *ret_challenge = d;
    return true;
}

/* Whether a stronger one of the same realm stands in the list. Of two equal
 * ones the first counts. RFC 8760 section 2.4 */
static bool is_outdone(const pl_digest_challenges *list, unsigned at,
                       const pl_digest *d)
{
    for (unsigned i = 0; i < list->n; i++) {
        pl_digest other;
        bool is_same_side = (i < list->n_own) == (at < list->n_own);
        if (i == at || !is_same_side || !read(list, i, &other) ||
            strcmp(other.realm, d->realm) != 0)
            continue;
        if (other.algorithm > d->algorithm ||
            (other.algorithm == d->algorithm && i < at))
            return true;
    }
    return false;
}

static pl_err take_one(pl_digest_client *c, const pl_digest_challenges *list,
                       bool is_proxy, const pl_digest *d)
{
    enum { MAX_TRIES = 2 };
    pl_digest_realm *r = find(c, d->realm, is_proxy);
    if (!r) {
        if (c->n == PL_DIGEST_REALMS || (c->n > 0 && !list->is_new_realm_ok))
            return PL_EAUTH;
        r = &c->realm[c->n++];
        *r = (pl_digest_realm){.is_proxy = is_proxy};
    }
    if (r->tries >= MAX_TRIES || (r->tries > 0 && !d->is_stale))
        return PL_EAUTH;
    if (strcmp(r->challenge.nonce, d->nonce) != 0 ||
        r->challenge.algorithm != d->algorithm)
        r->nc = 0;
    r->challenge = *d;
    r->tries++;
    return PL_OK;
}

pl_err pl_digest_client_take(pl_digest_client *c,
                             const pl_digest_challenges *list)
{
    bool is_any = false;
    for (unsigned i = 0; i < list->n; i++) {
        pl_digest d;
        if (!read(list, i, &d) || is_outdone(list, i, &d))
            continue;
        pl_err e = take_one(c, list, i >= list->n_own, &d);
        if (e != PL_OK)
            return e;
        is_any = true;
    }
    return is_any ? PL_OK : PL_EAUTH;
}

pl_err pl_digest_client_write(pl_digest_client *c, const pl_hash_api *api,
                              const pl_digest_who *who, char *buf, size_t cap)
{
    enum { VALUE_MAX = 1536 };
    size_t n = 0;
    buf[0] = '\0';
    for (unsigned i = 0; i < c->n; i++) {
        char value[VALUE_MAX];
        pl_digest_realm *r = &c->realm[i];
        if (r->tries == 0)
            continue; /* not asked for by this request */
        r->nc++;
        pl_digest_answer a = {.user = who->user,
                              .password = who->password,
                              .uri = who->uri,
                              .method = who->method,
                              .cnonce = who->cnonce,
                              .nc = r->nc};
        pl_err e =
            pl_digest_answer_write(api, &r->challenge, &a, value, sizeof value);
        if (e == PL_OK)
            e = pl_fmt(buf + n, cap - n, "%sAuthorization: %s\r\n",
                       r->is_proxy ? "Proxy-" : "", value);
        if (e != PL_OK)
            return e;
        n += strlen(buf + n);
    }
    return PL_OK;
}
