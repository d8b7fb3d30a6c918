/* guard.c - admission of requests. */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bucket.h"
#include "crypto.h"
#include "nonce.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "policy.h"
#include "sig_metrics.h"

struct pl_guard {
    pl_loop *loop;
    pl_metrics *metrics;
    pl_inbound inbound;
    pl_cidr_list allowed, trusted;
    char realm[129];
    bool with_sha256, with_md5;
    double rate_source, rate_total;
    pl_bucket total;
    pl_bucket_table *sources;
    pl_digest_users *users;
    pl_nonce_book *book;
    uint8_t key[PL_NONCE_KEY];
};

enum { USERS_FILE_MAX = 1 << 20 };

static pl_err load_users(pl_guard *g, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? malloc(USERS_FILE_MAX) : NULL;
    size_t n = text ? fread(text, 1, USERS_FILE_MAX, f) : 0;
    if (f)
        (void)fclose(f);
    unsigned line = 0;
    pl_err e = text ? pl_digest_users_parse((pl_slice){(uint8_t *)text, n},
                                            &g->users, &line)
                    : PL_EIO;
    if (text)
        memset(text, 0, n);
    free(text);
    if (e == PL_OK)
        return PL_OK;
    PL_LOG(ERROR, "sip", "users_file_bad", PL_KV("path", path),
           "%s, line %u; lines are name:realm:hex", pl_err_text(e), line);
    return PL_ECONFIG;
}

static pl_inbound inbound_of(const char *word)
{
    if (strcmp(word, "listed") == 0)
        return PL_INBOUND_LISTED;
    return strcmp(word, "digest") == 0 ? PL_INBOUND_DIGEST : PL_INBOUND_ANYONE;
}

pl_err pl_guard_create(pl_loop *loop, pl_metrics *metrics,
                       const pl_signaling_config *config, pl_guard **ret_guard)
{
    pl_guard *g = calloc(1, sizeof *g);
    if (!g)
        return PL_ENOMEM;
    g->loop = loop;
    g->metrics = metrics;
    g->inbound = inbound_of(config->inbound);
    g->with_sha256 = strcmp(config->digest_algorithms, "md5") != 0;
    g->with_md5 = strcmp(config->digest_algorithms, "sha256") != 0;
    g->rate_source = config->rate_per_source;
    g->rate_total = config->rate_total;
    pl_fmt_cut(g->realm, sizeof g->realm, "%s", config->realm);
    pl_random(g->key, sizeof g->key);
    pl_err e =
        pl_cidr_parse(pl_slice_str(config->allowed_networks), &g->allowed);
    if (e == PL_OK)
        e = pl_cidr_parse(pl_slice_str(config->trusted_networks), &g->trusted);
    if (e == PL_OK && config->users_file[0])
        e = load_users(g, config->users_file);
    if (e == PL_OK)
        e = pl_bucket_table_create(&g->sources);
    if (e == PL_OK)
        e = pl_nonce_book_create(&g->book);
    if (e != PL_OK) {
        pl_guard_destroy(&g);
    } else {
        *ret_guard = g;
    }
    return e;
}

void pl_guard_destroy(pl_guard **guard)
{
    if (!guard || !*guard)
        return;
    pl_guard *g = *guard;
    *guard = NULL;
    pl_bucket_table_destroy(&g->sources);
    pl_nonce_book_destroy(&g->book);
    pl_digest_users_destroy(&g->users);
    free(g);
}

bool pl_guard_trusts(const pl_guard *guard, const pl_ip *peer)
{
    return pl_cidr_has(&guard->trusted, peer);
}

bool pl_guard_knows(const pl_guard *guard, const pl_ip *peer)
{
    return pl_cidr_has(&guard->allowed, peer) || pl_guard_trusts(guard, peer);
}

unsigned pl_guard_admit(pl_guard *guard, const pl_sip_flow *flow)
{
    int64_t now = pl_loop_now_us(guard->loop);
    /* Named networks (trunks) carry many callers: only the total binds them. */
    if (!pl_guard_knows(guard, &flow->peer) &&
        !pl_bucket_table_take(guard->sources, &flow->peer, guard->rate_source,
                              2 * guard->rate_source, now)) {
        pl_metrics_add(guard->metrics, PL_SIG_rate_limited, 1);
        return 1;
    }
    if (pl_bucket_take(&guard->total, guard->rate_total, guard->rate_total,
                       now)) {
        return 0;
    }
    pl_metrics_add(guard->metrics, PL_SIG_rate_limited, 1);
    return 503;
}

static void add_challenge(const pl_guard *g, const char *nonce,
                          const char *algorithm, bool is_stale, char *lines,
                          size_t cap)
{
    size_t n = strlen(lines);
    pl_fmt_cut(lines + n, cap - n,
               "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", "
               "qop=\"auth\", algorithm=%s%s\r\n",
               g->realm, nonce, algorithm, is_stale ? ", stale=true" : "");
}

static void challenge(pl_guard *g, pl_sip_stack *stack, const pl_sip_msg *m,
                      const pl_sip_flow *flow, bool is_stale)
{
    char source[PL_IP_TEXT];
    char nonce[PL_NONCE_TEXT];
    char lines[1024] = "";
    pl_ip_text(&flow->peer, source);
    uint32_t salt = 0;
    pl_random(&salt, sizeof salt);
    pl_err e =
        pl_nonce_make(&PL_SIG_HASHES, g->key, pl_loop_wall_ms(g->loop) / 1000,
                      salt, source, nonce);
    pl_metrics_add(g->metrics, PL_SIG_auth_challenged, 1);
    if (e != PL_OK) {
        pl_sip_stack_refuse(stack, flow, m->raw, 500, NULL);
        return;
    }
    /* RFC 8760 section 2.4: the one we prefer first. */
    if (g->with_sha256)
        add_challenge(g, nonce, "SHA-256", is_stale, lines, sizeof lines);
    if (g->with_md5)
        add_challenge(g, nonce, "MD5", is_stale, lines, sizeof lines);
    pl_sip_stack_refuse(stack, flow, m->raw, 401, lines);
}

/* The digest's uri must name what is asked for: compared as text, without
 * parameters. RFC 3261 section 22.4, 9. */
static bool uri_fits(const pl_digest *d, const pl_sip_msg *m)
{
    pl_sip_uri uri;
    return pl_sip_uri_parse(pl_slice_str(d->uri), &uri) == PL_OK &&
           strcmp(uri.user, m->uri.user) == 0 &&
           pl_slice_eq_nocase(pl_slice_str(uri.host), m->uri.host);
}

/* Errors: PL_ENOENT no credentials of ours; PL_ESTALE; PL_EAUTH. */
static pl_err check_credentials(pl_guard *g, const pl_sip_msg *m,
                                const pl_sip_flow *flow, pl_guard_pass *pass)
{
    char source[PL_IP_TEXT];
    pl_ip_text(&flow->peer, source);
    int64_t now_s = pl_loop_wall_ms(g->loop) / 1000;
    pl_digest d;
    pl_err e = PL_ENOENT;
    for (unsigned i = 0; i < m->n_auth && e == PL_ENOENT; i++) {
        if (pl_digest_parse(m->auth[i], &d) == PL_OK &&
            strcmp(d.realm, g->realm) == 0 &&
            (d.algorithm == PL_HASH_MD5 ? g->with_md5 : g->with_sha256)) {
            e = PL_OK;
        }
    }
    if (e != PL_OK)
        return e;
    pl_err fresh =
        pl_nonce_check(&PL_SIG_HASHES, g->key, now_s, source, d.nonce);
    e = pl_digest_check(&PL_SIG_HASHES, g->users, &d, g->realm, m->method_text);
    if (e != PL_OK || fresh == PL_EAUTH || !uri_fits(&d, m))
        return fresh == PL_ESTALE ? PL_ESTALE : PL_EAUTH;
    if (fresh == PL_OK)
        fresh = pl_nonce_book_use(g->book, d.nonce, d.nc, now_s);
    if (fresh != PL_OK)
        return fresh == PL_ESTALE ? PL_ESTALE : PL_EAUTH;
    pass->is_authenticated = true;
    pl_fmt_cut(pass->user, sizeof pass->user, "%s", d.username);
    return PL_OK;
}

bool pl_guard_judge(pl_guard *guard, pl_sip_stack *stack, const pl_sip_msg *m,
                    const pl_sip_flow *flow, pl_guard_pass *ret_pass)
{
    *ret_pass = (pl_guard_pass){.is_authenticated = false};
    if (pl_guard_trusts(guard, &flow->peer))
        return true;
    switch (pl_inbound_judge(guard->inbound, &guard->allowed, &flow->peer)) {
    case PL_INBOUND_ACCEPT: return true;
    case PL_INBOUND_REFUSE:
        pl_metrics_add(guard->metrics, PL_SIG_policy_refused, 1);
        pl_sip_stack_refuse(stack, flow, m->raw, 403, NULL);
        return false;
    case PL_INBOUND_CHALLENGE: break;
    }
    pl_err e = check_credentials(guard, m, flow, ret_pass);
    if (e == PL_OK)
        return true;
    if (e == PL_EAUTH) {
        static pl_log_limit limit;
        char source[PL_IP_TEXT];
        pl_ip_text(&flow->peer, source);
        pl_metrics_add(guard->metrics, PL_SIG_auth_failed, 1);
        if (pl_log_allowed(&limit, 10)) {
            PL_LOG(WARN, "sip", "auth_failed", PL_KV("source", source),
                   "wrong credentials, challenged again");
        }
    }
    challenge(guard, stack, m, flow, e == PL_ESTALE);
    return false;
}
