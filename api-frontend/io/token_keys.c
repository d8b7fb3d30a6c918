/* token_keys.c - see token_keys.h. */
#include "token_keys.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "files.h"
#include "key_ring.h"
#include "pl/log.h"
#include "pl/str.h"

enum { TEXT_MAX = 262144, PATH_MAX_BYTES = 300 };
static const int64_t LOOK_US = 5000000;   /* shorter than any lead */
static const int64_t RELOAD_US = 1000000; /* because of unknown keys */
/* The longest life that token_s may have, and the skew that others allow. */
static const int64_t KEEP_S = 172800 + 600;

struct pl_token_keys {
    pl_loop *loop;
    pl_metrics *metrics;
    const char *path; /* borrowed */
    char lock_path[PATH_MAX_BYTES], roll_path[PATH_MAX_BYTES];
    pl_jwt_alg alg; /* of new keys */
    pl_ring_policy policy;
    pl_timer *timer;
    pl_keys *keys;
    pl_key_ring ring;
    pl_file_info info; /* of the file that was loaded */
    int64_t reloaded_us;
};

static int64_t now_s(const pl_token_keys *tk)
{
    return pl_loop_wall_ms(tk->loop) / 1000;
}

static pl_err complain(const pl_token_keys *tk, const char *event, pl_err e)
{
    PL_LOG(ERROR, "auth", event, PL_KV("file", tk->path), "%s", pl_err_text(e));
    return e == PL_EIO || e == PL_ENOMEM ? e : PL_ECONFIG;
}

/* ---- reading ---- */

/* The file as JSON; *ret_json is NULL when there is none. */
static pl_err read_file(const pl_token_keys *tk, pl_buf *text,
                        pl_file_info *ret_info, pl_json **ret_json)
{
    *ret_json = NULL;
    pl_err e = pl_file_read_info(tk->path, text, ret_info);
    if (e == PL_ENOENT)
        return PL_OK;
    return e ? e : pl_json_parse(pl_buf_slice(text), ret_json);
}

static pl_err load(pl_token_keys *tk)
{
    pl_buf text;
    pl_json *json = NULL;
    pl_keys *keys = NULL;
    pl_key_ring ring;
    pl_file_info info;
    pl_buf_init(&text, TEXT_MAX);
    pl_err e = read_file(tk, &text, &info, &json);
    if (!e && !json)
        e = PL_ENOENT;
    if (!e)
        e = pl_ring_read(json, &ring);
    if (!e)
        e = pl_keys_load(pl_buf_slice(&text), &keys);
    if (!e && !pl_keys_can_sign(keys, pl_ring_signer(&ring, now_s(tk))->kid)) {
        pl_keys_free(&keys);
        e = PL_EPROTO;
    }
    pl_json_free(&json);
    pl_buf_wipe(&text);
    if (e)
        return e;
    pl_keys_free(&tk->keys);
    tk->keys = keys;
    tk->ring = ring;
    tk->info = info;
    return PL_OK;
}

/* ---- changing ---- */

static const pl_json *find_jwk(const pl_json *file, const char *kid)
{
    const pl_json *list = pl_json_get(file, "keys");
    pl_slice text;
    for (size_t i = 0; i < pl_json_count(list); i++) {
        const pl_json *jwk = pl_json_at(list, i);
        if (pl_json_get_str(jwk, "kid", &text) == PL_OK &&
            pl_slice_eq_str(text, kid))
            return jwk;
    }
    return NULL;
}

/* Write the ring's keys: from the file as it was, the others from fresh. */
static pl_err write_file(const pl_token_keys *tk, const pl_key_ring *ring,
                         const pl_json *file, const pl_json *fresh)
{
    pl_buf text;
    pl_err e = PL_OK;
    pl_buf_init(&text, TEXT_MAX);
    pl_jw w = {.out = &text};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "keys", '[');
    for (size_t i = 0; i < ring->n && !e; i++) {
        const pl_json *jwk = find_jwk(file, ring->keys[i].kid);
        pl_buf one;
        pl_buf_init(&one, TEXT_MAX);
        e = pl_json_dump(jwk ? jwk : find_jwk(fresh, ring->keys[i].kid), &one);
        pl_jw_raw(&w, NULL, pl_buf_slice(&one));
        pl_buf_wipe(&one);
    }
    pl_jw_close(&w, ']');
    pl_ring_put(ring, &w);
    pl_jw_close(&w, '}');
    pl_buf_add_str(&text, "\n");
    if (!e && text.has_failed)
        e = PL_ENOMEM;
    if (!e)
        e = pl_file_replace_secret(tk->path, pl_buf_slice(&text));
    pl_buf_wipe(&text);
    return e;
}

/* One that signs and one that waits, so two at first. */
static pl_err make_missing(const pl_token_keys *tk, pl_key_ring *ring,
                           pl_buf *fresh)
{
    enum { MISSING_MAX = 2 };
    pl_err e = PL_OK;
    int64_t now = now_s(tk);
    pl_buf_add_str(fresh, "{\"keys\":[");
    for (unsigned n = 0; n < MISSING_MAX && !e && !pl_ring_next(ring, now) &&
                         ring->n < PL_RING_MAX;
         n++) {
        char kid[PL_JWT_KID_MAX + 1];
        if (n > 0)
            pl_buf_add_str(fresh, ",");
        e = pl_key_make(tk->alg, kid, fresh);
        if (!e)
            e = pl_ring_add(ring, &tk->policy, kid, now);
        if (!e)
            pl_metrics_add(tk->metrics, PL_AM_keys_made, 1);
    }
    pl_buf_add_str(fresh, "]}");
    return e;
}

static void roll(const pl_token_keys *tk, pl_key_ring *ring)
{
    pl_err e = pl_ring_roll(ring, &tk->policy, now_s(tk));
    if (e) {
        PL_LOG(WARN, "auth", "keys_not_rolled", PL_KV("file", tk->path), "%s",
               pl_err_text(e));
    } else {
        PL_LOG(INFO, "auth", "keys_rolled", PL_KV("file", tk->path),
               "as asked for");
    }
}

/* Whoever holds the lock brings the file up to date. */
static pl_err change_locked(pl_token_keys *tk)
{
    pl_buf text;
    pl_buf fresh;
    pl_json *file = NULL;
    pl_json *made = NULL;
    pl_file_info info;
    pl_key_ring ring = {.n = 0};
    pl_buf_init(&text, TEXT_MAX);
    pl_buf_init(&fresh, TEXT_MAX);
    bool is_asked = pl_file_is_there(tk->roll_path);
    pl_err e = read_file(tk, &text, &info, &file);
    if (!e && file)
        e = pl_ring_read(file, &ring);
    if (!e) {
        pl_ring_prune(&ring, &tk->policy, now_s(tk));
        if (is_asked && ring.n > 0)
            roll(tk, &ring);
        e = make_missing(tk, &ring, &fresh);
    }
    if (!e)
        e = pl_json_parse(pl_buf_slice(&fresh), &made);
    if (!e)
        e = write_file(tk, &ring, file, made);
    if (!e && is_asked)
        pl_file_remove(tk->roll_path);
    pl_json_free(&file);
    pl_json_free(&made);
    pl_buf_wipe(&text);
    pl_buf_wipe(&fresh);
    return e;
}

/* Unless another front end does it just now. */
static pl_err change(pl_token_keys *tk)
{
    int lock;
    pl_err e = pl_file_lock(tk->lock_path, false, &lock);
    if (e)
        return e;
    e = change_locked(tk);
    pl_file_unlock(lock);
    return e;
}

static bool is_changed(const pl_token_keys *tk)
{
    pl_file_info info;
    return pl_file_stat(tk->path, &info) == PL_OK &&
           !pl_file_is_same(&info, &tk->info);
}

static void tell_age(const pl_token_keys *tk)
{
    const pl_ring_key *signer = pl_ring_signer(&tk->ring, now_s(tk));
    pl_metrics_set(tk->metrics, PL_AM_key_signs_since,
                   signer ? signer->from_s : 0);
}

/* What fails leaves the keys that we have; it is tried again. */
static void look(void *ctx)
{
    pl_token_keys *tk = ctx;
    pl_err e = is_changed(tk) ? load(tk) : PL_OK;
    if (!e && (pl_ring_is_due(&tk->ring, &tk->policy, now_s(tk)) ||
               pl_file_is_there(tk->roll_path))) {
        e = change(tk);
        if (!e)
            e = load(tk);
        if (e == PL_EBUSY)
            e = PL_OK;
    }
    if (e)
        (void)complain(tk, "keys_not_changed", e);
    tell_age(tk);
    pl_timer_start(tk->timer, LOOK_US);
}

/* ---- life ---- */

static pl_err set_up(pl_token_keys *tk, const pl_api_config *config)
{
    tk->path = config->token_keys;
    tk->alg =
        strcmp(config->token_alg, "RS256") == 0 ? PL_JWT_RS256 : PL_JWT_ES256;
    tk->policy =
        (pl_ring_policy){.lead_s = config->token_key_lead_s,
                         .period_s = (int64_t)config->token_key_days * 86400,
                         .keep_s = KEEP_S};
    if (pl_fmt(tk->lock_path, sizeof tk->lock_path, "%s.lock", tk->path) ||
        pl_fmt(tk->roll_path, sizeof tk->roll_path, "%s.roll", tk->path))
        return PL_ECONFIG;
    return pl_timer_create(tk->loop, look, tk, &tk->timer);
}

/* Of those that start at once, who gets the lock first makes the file. */
static pl_err make_file(pl_token_keys *tk)
{
    int lock;
    pl_err e = pl_file_lock(tk->lock_path, true, &lock);
    if (e)
        return e;
    if (!pl_file_is_there(tk->path))
        e = change_locked(tk);
    pl_file_unlock(lock);
    return e ? e : load(tk);
}

/* A file that is up to date is only read: it may lie where we cannot write. */
static pl_err start(pl_token_keys *tk)
{
    pl_err e = load(tk);
    if (e == PL_ENOENT)
        e = make_file(tk);
    if (!e)
        look(tk);
    return e;
}

pl_err pl_token_keys_open(pl_loop *loop, const pl_api_config *config,
                          pl_metrics *metrics, pl_token_keys **ret_keys)
{
    pl_token_keys *tk = calloc(1, sizeof *tk);
    if (!tk)
        return PL_ENOMEM;
    tk->loop = loop;
    tk->metrics = metrics;
    tk->reloaded_us = -RELOAD_US;
    pl_err e = set_up(tk, config);
    if (!e) {
        e = start(tk);
        if (e)
            e = complain(tk, "keys_unusable", e);
    }
    if (e) {
        pl_token_keys_close(&tk);
    } else {
        *ret_keys = tk;
    }
    return e;
}

void pl_token_keys_close(pl_token_keys **keys)
{
    if (!keys || !*keys)
        return;
    pl_timer_destroy(&(*keys)->timer);
    pl_keys_free(&(*keys)->keys);
    free(*keys);
    *keys = NULL;
}

/* ---- use ---- */

pl_err pl_token_keys_verify(pl_token_keys *keys, const pl_jwt *jwt)
{
    pl_err e = pl_keys_verify(keys->keys, jwt);
    int64_t now_us = pl_loop_now_us(keys->loop);
    if (e != PL_ENOENT || now_us - keys->reloaded_us < RELOAD_US)
        return e;
    keys->reloaded_us = now_us;
    return load(keys) ? e : pl_keys_verify(keys->keys, jwt);
}

pl_err pl_token_keys_sign(const pl_token_keys *keys, const char *typ,
                          pl_slice claims, pl_buf *out)
{
    const pl_ring_key *signer = pl_ring_signer(&keys->ring, now_s(keys));
    return pl_keys_sign(keys->keys, signer->kid, typ, claims, out);
}

pl_err pl_token_keys_public_text(const pl_token_keys *keys, pl_buf *out)
{
    return pl_keys_public_text(keys->keys, out);
}
