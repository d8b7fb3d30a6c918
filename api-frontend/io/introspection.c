/* introspection.c - see introspection.h. */
#include "introspection.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "files.h"
#include "https_client.h"
#include "pl/ice_cand.h"
#include "pl/log.h"
#include "pl/map.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "source_count.h"
#include "url.h"

enum {
    REQUESTS_MAX = 64,
    SOURCE_MAX = 16, /* of them by one client: others get through, too */
    ASK_MS = 5000,
    ANSWER_MAX = 65536,
    FILE_MAX = 4096,
    VALUE_MAX = 256,
    LOGIN_MAX = 8 * VALUE_MAX,
};
static const int64_t SECOND_US = 1000000;

struct pl_introspection {
    pl_loop *loop;
    const pl_api_config *config;
    pl_metrics *metrics;
    pl_https *https;
    pl_map *tokens;           /* entry by hash */
    pl_source_count *sources; /* questions under way */
    pl_list order;            /* entries, the oldest first */
    pl_buf login;             /* user:password of ours at that server */
    bool is_down;             /* said once in the log */
};

/* What is known of one token. */
typedef struct entry {
    pl_list link;
    pl_introspection *introspection;
    char hash[PL_SHA256_TEXT];
    char source[PL_IP_SOURCE_TEXT]; /* who made us ask */
    pl_err result;                  /* PL_EAGAIN: asked, no answer yet */
    pl_json *claims;
    int64_t until_us; /* of a good one */
    bool is_fresh;    /* those who waited are being told */
    pl_list waiting;
} entry;

/* ---- life ---- */

static const char *read_value(const char *text, const char *name, char *buf,
                              size_t cap)
{
    pl_err e = pl_env_value(text, name, buf, cap);
    bool is_id = strcmp(name, "CLIENT_ID") == 0;
    if (e == PL_EINVAL)
        return is_id ? "CLIENT_ID= is longer than 256 bytes"
                     : "CLIENT_SECRET= is longer than 256 bytes";
    if (!e && buf[0])
        return NULL;
    return is_id ? "want CLIENT_ID= and CLIENT_SECRET= lines, the first is "
                   "missing or empty"
                 : "want CLIENT_ID= and CLIENT_SECRET= lines, the second is "
                   "missing or empty";
}

/* Both parts are form-encoded first (RFC 6749 section 2.3.1).
 * Returns what is wrong. */
static const char *read_login(const char *text, pl_buf *login)
{
    char id[VALUE_MAX + 1];
    char secret[VALUE_MAX + 1] = "";
    const char *wrong = read_value(text, "CLIENT_ID", id, sizeof id);
    if (wrong)
        return wrong;
    wrong = read_value(text, "CLIENT_SECRET", secret, sizeof secret);
    if (!wrong) {
        pl_url_escape(pl_slice_str(id), login);
        pl_buf_add_str(login, ":");
        pl_url_escape(pl_slice_str(secret), login);
    }
    pl_wipe(secret, sizeof secret);
    return wrong;
}

static pl_err load_login(const char *path, pl_buf *login, char *reason,
                         size_t cap)
{
    const char *wrong = NULL;
    pl_buf text;
    pl_buf_init(&text, FILE_MAX);
    pl_err e = pl_file_read(path, &text);
    if (!e && !pl_file_is_private(path))
        wrong = "others may read it; want mode 0600";
    else if (!e)
        wrong = read_login(pl_buf_text(&text), login);
    else if (e == PL_ENOENT)
        wrong = "there is no such file; want one with CLIENT_ID= and "
                "CLIENT_SECRET= lines";
    else
        wrong = pl_err_text(e);
    pl_buf_wipe(&text);
    if (wrong) {
        pl_fmt_cut(reason, cap, "introspection_client_file = %s: %s", path,
                   wrong);
        return e == PL_ENOMEM ? e : PL_ECONFIG;
    }
    return login->has_failed ? PL_ENOMEM : PL_OK;
}

pl_err pl_introspection_check(const pl_api_config *config, char *reason,
                              size_t cap)
{
    pl_buf login;
    pl_buf_init(&login, LOGIN_MAX);
    pl_err e =
        load_login(config->introspection_client_file, &login, reason, cap);
    pl_buf_wipe(&login);
    return e;
}

static pl_err open_login(pl_introspection *x)
{
    char reason[512] = "";
    const char *path = x->config->introspection_client_file;
    pl_err e = load_login(path, &x->login, reason, sizeof reason);
    if (e) {
        PL_LOG(ERROR, "auth", "introspection_client", PL_KV("file", path), "%s",
               reason);
    }
    return e;
}

pl_err pl_introspection_open(pl_loop *loop, const pl_api_config *config,
                             pl_metrics *metrics,
                             pl_introspection **ret_introspection)
{
    pl_introspection *x = calloc(1, sizeof *x);
    if (!x)
        return PL_ENOMEM;
    x->loop = loop;
    x->config = config;
    x->metrics = metrics;
    pl_list_init(&x->order);
    pl_buf_init(&x->login, LOGIN_MAX);
    const pl_https_options options = {
        .loop = loop, .ca_file = config->external_ca, .max = REQUESTS_MAX};
    pl_err e = pl_map_create(&x->tokens);
    if (!e)
        e = pl_source_count_create(SOURCE_MAX, &x->sources);
    if (!e)
        e = open_login(x);
    if (!e)
        e = pl_https_open(&options, &x->https);
    if (e) {
        pl_introspection_close(&x);
    } else {
        *ret_introspection = x;
    }
    return e;
}

static void forget(entry *known)
{
    pl_list_remove(&known->link);
    (void)pl_map_remove(known->introspection->tokens, known->hash);
    pl_json_free(&known->claims);
    free(known);
}

void pl_introspection_close(pl_introspection **introspection)
{
    if (!introspection || !*introspection)
        return;
    pl_introspection *x = *introspection;
    pl_https_close(&x->https);
    PL_LIST_EACH_SAFE(node, &x->order)
    {
        entry *known = PL_CONTAINER(node, entry, link);
        PL_LIST_EACH_SAFE(one, &known->waiting)
        {
            pl_list_remove(one);
        }
        forget(known);
    }
    pl_map_destroy(&x->tokens);
    pl_source_count_destroy(&x->sources);
    pl_buf_wipe(&x->login);
    free(x);
    *introspection = NULL;
}

/* ---- answers ---- */

/* How long an answer may be used again: not past the token's end. */
static int64_t keep_us(const pl_introspection *x, const pl_json *claims)
{
    int64_t keep_s = x->config->introspection_cache_s;
    int64_t now_s = pl_loop_wall_ms(x->loop) / 1000;
    int64_t exp_s;
    if (pl_json_get(claims, "exp")) {
        if (pl_json_get_i64(claims, "exp", &exp_s) || exp_s <= now_s)
            return 0;
        if (exp_s - now_s < keep_s)
            keep_s = exp_s - now_s;
    }
    return keep_s * SECOND_US;
}

/* RFC 7662 section 2.2. Tokens of other kinds are not good here: those bound to
 * a key (RFC 9449) would lose what protects them. */
static pl_err read_claims(const pl_https_answer *answer, pl_json **ret_claims)
{
    pl_json *claims = NULL;
    bool is_active = false;
    pl_slice type;
    if (answer->status != 200 || pl_json_parse(answer->body, &claims))
        return PL_EUNAVAILABLE;
    pl_err e = pl_json_get_bool(claims, "active", &is_active) ? PL_EUNAVAILABLE
               : is_active                                    ? PL_OK
                                                              : PL_EAUTH;
    if (!e && pl_json_get(claims, "token_type") &&
        (pl_json_get_str(claims, "token_type", &type) ||
         !pl_slice_eq_nocase(type, "Bearer")))
        e = PL_EAUTH;
    if (e) {
        pl_json_free(&claims);
    } else {
        *ret_claims = claims;
    }
    return e;
}

static void tell_down(pl_introspection *x, unsigned status, const char *why)
{
    pl_metrics_add(x->metrics, PL_AM_introspection_failed, 1);
    if (x->is_down)
        return;
    x->is_down = true;
    PL_LOG(ERROR, "auth", "introspection_failed",
           PL_KV("url", x->config->introspection_url, "why", why),
           "no usable answer, status %u: tokens are answered 503", status);
}

static void tell_waiting(entry *known)
{
    while (!pl_list_is_empty(&known->waiting)) {
        pl_introspection_wait *wait =
            PL_CONTAINER(known->waiting.next, pl_introspection_wait, link);
        pl_list_remove(&wait->link);
        wait->on_known(wait);
    }
}

static void on_answer(void *ctx, pl_err e, const pl_https_answer *answer,
                      const char *text)
{
    entry *known = ctx;
    pl_introspection *x = known->introspection;
    pl_source_leave(x->sources, known->source);
    known->result = e ? PL_EUNAVAILABLE : read_claims(answer, &known->claims);
    if (known->result == PL_EUNAVAILABLE) {
        tell_down(x, answer ? answer->status : 0, text);
    } else {
        x->is_down = false;
    }
    known->until_us = pl_loop_now_us(x->loop);
    if (!known->result)
        known->until_us += keep_us(x, known->claims);
    known->is_fresh = true;
    tell_waiting(known);
    known->is_fresh = false;
    if (known->result || known->until_us <= pl_loop_now_us(x->loop))
        forget(known);
}

/* ---- asking ---- */

pl_err pl_introspection_find(const pl_introspection *introspection,
                             const char *hash, const pl_json **ret_claims)
{
    const entry *known = pl_map_find(introspection->tokens, hash);
    if (!known || (!known->result && !known->is_fresh &&
                   known->until_us <= pl_loop_now_us(introspection->loop)))
        return PL_EAGAIN;
    if (!known->result)
        *ret_claims = known->claims;
    return known->result;
}

/* Room for one more: the oldest answer goes, not those that are awaited. */
static bool has_room(pl_introspection *x)
{
    if (pl_map_count(x->tokens) < PL_INTROSPECTION_TOKENS_MAX)
        return true;
    PL_LIST_EACH_SAFE(node, &x->order)
    {
        entry *known = PL_CONTAINER(node, entry, link);
        if (known->result == PL_EAGAIN || known->is_fresh)
            continue;
        forget(known);
        return true;
    }
    return false;
}

static pl_err post(entry *known, pl_slice token)
{
    const pl_introspection *x = known->introspection;
    pl_buf form;
    pl_buf_init(&form, 3 * PL_INTROSPECTION_TOKEN_MAX + 64);
    pl_buf_add_str(&form, "token_type_hint=access_token&token=");
    pl_url_escape(token, &form);
    const pl_https_request request = {.method = "POST",
                                      .url = x->config->introspection_url,
                                      .basic = pl_buf_text(&x->login),
                                      .body = pl_buf_slice(&form),
                                      .content_type =
                                          "application/x-www-form-urlencoded",
                                      .timeout_ms = ASK_MS,
                                      .answer_max = ANSWER_MAX};
    pl_err e = form.has_failed
                   ? PL_ENOMEM
                   : pl_https_ask(x->https, &request, on_answer, known);
    pl_buf_wipe(&form);
    if (!e)
        pl_metrics_add(x->metrics, PL_AM_introspections, 1);
    return e;
}

static pl_err ask_anew(pl_introspection *x, pl_slice token, const char *hash,
                       const char *source, entry **ret_known)
{
    entry *known = has_room(x) ? calloc(1, sizeof *known) : NULL;
    if (!known)
        return PL_EFULL;
    *known = (entry){.introspection = x, .result = PL_EAGAIN};
    pl_ip_source(source, known->source);
    pl_fmt_cut(known->hash, sizeof known->hash, "%s", hash);
    pl_list_init(&known->waiting);
    pl_err e = pl_map_put(x->tokens, known->hash, known);
    if (e) {
        free(known);
        return e;
    }
    pl_list_append(&x->order, &known->link);
    e = pl_source_enter(x->sources, known->source);
    if (!e) {
        e = post(known, token);
        if (e)
            pl_source_leave(x->sources, known->source);
    }
    if (e) {
        forget(known);
        return e;
    }
    *ret_known = known;
    return PL_OK;
}

pl_err pl_introspection_ask(pl_introspection *introspection, pl_slice token,
                            const char *hash, const char *source,
                            pl_introspection_wait *wait)
{
    entry *known = pl_map_find(introspection->tokens, hash);
    if (token.len > PL_INTROSPECTION_TOKEN_MAX)
        return PL_EAUTH;
    if (known && known->is_fresh)
        return PL_EUNAVAILABLE;                /* it has just been told */
    if (known && known->result != PL_EAGAIN) { /* too old */
        forget(known);
        known = NULL;
    }
    pl_err e =
        known ? PL_OK : ask_anew(introspection, token, hash, source, &known);
    if (!e)
        pl_list_append(&known->waiting, &wait->link);
    return e;
}

void pl_introspection_leave(pl_introspection_wait *wait)
{
    pl_list_remove(&wait->link);
}
