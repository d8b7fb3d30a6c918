/* management_auth.c - see management_auth.h. */
#include "management_auth.h"

#include <stdlib.h>
#include <string.h>

#include "api_metrics.h"
#include "basic_auth.h"
#include "files.h"
#include "pl/ice_cand.h"
#include "pl/log.h"
#include "pl/rate.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { PASSWORD_BYTES = 24, PASSWORD_MIN = 8, TOKEN_MIN = 16 };
enum { FILE_MAX = 4096, VALUE_MAX = 128, TRIES_PER_MIN = 10 };
static const int64_t SECOND_US = 1000000;

struct pl_management_auth {
    pl_management_auth_options options;
    char user[VALUE_MAX + 1], password[VALUE_MAX + 1];
    char token[VALUE_MAX + 1]; /* "" none */
    pl_rate *wrong;            /* by source */
    pl_rate *requests;         /* by credential */
};

/* ---- the file ---- */

/* It stands in Basic before a colon, and in lines of the log. */
static bool is_name(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f || *c == ':')
            return false;
    }
    return text[0] != '\0';
}

static const char *read_values(pl_management_auth *m, const char *text)
{
    if (pl_env_value(text, "MANAGEMENT_USER", m->user, sizeof m->user) ||
        !is_name(m->user))
        return "MANAGEMENT_USER: want 1 to 128 visible characters of ASCII, "
               "none of them a colon";
    if (pl_env_value(text, "MANAGEMENT_PASSWORD", m->password,
                     sizeof m->password) ||
        strlen(m->password) < PASSWORD_MIN)
        return "MANAGEMENT_PASSWORD: want 8 to 128 characters";
    pl_err e =
        pl_env_value(text, "MANAGEMENT_TOKEN", m->token, sizeof m->token);
    if ((e && e != PL_ENOENT) || (m->token[0] && strlen(m->token) < TOKEN_MIN))
        return "MANAGEMENT_TOKEN: want none, or 16 to 128 characters";
    return NULL;
}

static pl_err load(pl_management_auth *m)
{
    const char *path = m->options.config->management_file;
    char password[64];
    char fresh[160];
    pl_buf text;
    pl_random_token(PASSWORD_BYTES, password, sizeof password);
    pl_fmt_cut(fresh, sizeof fresh,
               "MANAGEMENT_USER=admin\nMANAGEMENT_PASSWORD=%s\n", password);
    pl_buf_init(&text, FILE_MAX);
    pl_err e = pl_file_open_secret(path, pl_slice_str(fresh), &text);
    const char *wrong = e ? pl_err_text(e) : read_values(m, pl_buf_text(&text));
    pl_buf_wipe(&text);
    pl_wipe(fresh, sizeof fresh);
    pl_wipe(password, sizeof password);
    if (!wrong)
        return PL_OK;
    PL_LOG(ERROR, "auth", "management_file_unusable", PL_KV("file", path), "%s",
           wrong);
    return e == PL_EIO || e == PL_ENOMEM ? e : PL_ECONFIG;
}

/* ---- life ---- */

pl_err pl_management_auth_open(const pl_management_auth_options *options,
                               pl_management_auth **ret_management)
{
    const pl_api_config *config = options->config;
    pl_management_auth *m = calloc(1, sizeof *m);
    if (!m)
        return PL_ENOMEM;
    m->options = *options;
    pl_err e = load(m);
    if (!e)
        e = pl_rate_create(TRIES_PER_MIN, 60 * SECOND_US, &m->wrong);
    if (!e) {
        e = pl_rate_create(config->management_requests,
                           config->management_window_s * SECOND_US,
                           &m->requests);
    }
    if (e) {
        pl_management_auth_close(&m);
    } else {
        *ret_management = m;
    }
    return e;
}

void pl_management_auth_close(pl_management_auth **management)
{
    if (!management || !*management)
        return;
    pl_management_auth *m = *management;
    pl_rate_destroy(&m->requests);
    pl_rate_destroy(&m->wrong);
    pl_wipe(m->password, sizeof m->password);
    pl_wipe(m->token, sizeof m->token);
    free(m);
    *management = NULL;
}

/* ---- checking ---- */

/* A caller that no access token describes. */
static void name_caller(const char *name, pl_caller *caller)
{
    *caller = (pl_caller){.scopes = PL_SCOPE_MANAGEMENT};
    pl_fmt_cut(caller->client_id, sizeof caller->client_id, "%s", name);
}

/* Whoever guesses waits, even with the right password then: only this source,
 * and only for this way in. */
static pl_err check_basic(pl_management_auth *m, pl_slice header,
                          const char *source, pl_caller *ret_caller,
                          int64_t *ret_wait_us)
{
    char key[PL_IP_SOURCE_TEXT];
    int64_t now_us = pl_loop_now_us(m->options.loop);
    pl_slice user;
    pl_slice password;
    pl_buf pair;
    pl_ip_source(source, key);
    pl_err e = pl_rate_look(m->wrong, key, now_us, ret_wait_us);
    if (e)
        return e;
    pl_buf_init(&pair, PL_BASIC_PAIR_MAX);
    e = pl_basic_read(header, &pair, &user, &password);
    if (!e) {
        bool is_user = pl_slice_eq_secret(user, pl_slice_str(m->user));
        bool is_password =
            pl_slice_eq_secret(password, pl_slice_str(m->password));
        e = is_user && is_password ? PL_OK : PL_EAUTH;
    }
    pl_buf_wipe(&pair);
    if (e) {
        e = pl_rate_take(m->wrong, key, now_us, ret_wait_us);
        return e ? e : PL_EAUTH;
    }
    name_caller(m->user, ret_caller);
    return PL_OK;
}

static bool is_static(const pl_management_auth *m, pl_slice header)
{
    enum { SCHEME = 7 };
    return m->token[0] && header.len > SCHEME &&
           pl_slice_eq_nocase((pl_slice){header.ptr, SCHEME}, "Bearer ") &&
           pl_slice_eq_secret(
               (pl_slice){header.ptr + SCHEME, header.len - SCHEME},
               pl_slice_str(m->token));
}

static pl_err check_bearer(pl_management_auth *m, pl_slice header,
                           pl_caller *ret_caller)
{
    if (is_static(m, header)) {
        name_caller("static-token", ret_caller);
        return PL_OK;
    }
    pl_err e = pl_auth_check(m->options.auth, header, ret_caller);
    if (!e && !(ret_caller->scopes & PL_SCOPE_MANAGEMENT))
        e = PL_EFORBIDDEN;
    return e;
}

static pl_err count_request(pl_management_auth *m, const char *way,
                            const pl_caller *caller, int64_t *ret_wait_us)
{
    char key[PL_RATE_NAME_MAX + 1];
    pl_fmt_cut(key, sizeof key, "%s %s", way, caller->client_id);
    return pl_rate_take(m->requests, key, pl_loop_now_us(m->options.loop),
                        ret_wait_us);
}

pl_err pl_management_auth_check(pl_management_auth *management, pl_slice header,
                                const char *source, pl_caller *ret_caller,
                                unsigned *ret_wait_s)
{
    pl_management_auth *m = management;
    int64_t wait_us = 0;
    bool is_basic = pl_basic_is(header);
    pl_err e = is_basic ? check_basic(m, header, source, ret_caller, &wait_us)
                        : check_bearer(m, header, ret_caller);
    if (e == PL_EAGAIN)
        return e;
    if (e && e != PL_ERATE)
        pl_metrics_add(m->options.metrics, PL_AM_management_refused, 1);
    if (!e)
        e = count_request(m, is_basic ? "user" : "token", ret_caller, &wait_us);
    if (e == PL_ERATE)
        pl_metrics_add(m->options.metrics, PL_AM_management_limited, 1);
    *ret_wait_s = (unsigned)((wait_us + SECOND_US - 1) / SECOND_US);
    return e;
}
