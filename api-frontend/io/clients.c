/* clients.c - see clients.h. */
#include "clients.h"

#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { SECRET_BYTES = 24, DEV_TEXT_MAX = 4096, FILE_TEXT_MAX = 262144 };
/* What the client for development gets for .default. It may have all others,
 * too; WEBRTCMOBILE would make its user a mobile number. */
static const char ALL_SCOPES[] =
    "WEBRTC EMERGENCYSERVICES rooms rooms.admin management video";

typedef struct list {
    pl_client rows[PL_CLIENTS_MAX];
    size_t n;
} list;

struct pl_clients {
    const pl_api_config *config;
    pl_client dev;
    list *file; /* NULL: there is none */
    pl_file_info info;
};

static pl_err fail(const char *event, const char *path, const char *text,
                   pl_err e)
{
    PL_LOG(ERROR, "auth", event, PL_KV("file", path), "%s", text);
    return e == PL_EIO || e == PL_ENOMEM ? e : PL_ECONFIG;
}

/* ---- the client for development ---- */

static pl_err read_dev(pl_client *dev, const char *text)
{
    char secret[129];
    pl_token_client *info = &dev->info;
    *info = (pl_token_client){.is_free = true, .may_name_users = true};
    pl_err e = pl_env_value(text, "CLIENT_ID", info->id, sizeof info->id);
    if (!e)
        e = pl_env_value(text, "CLIENT_SECRET", secret, sizeof secret);
    if (e || !info->id[0] || !secret[0])
        return PL_ECONFIG;
    pl_fmt_cut(info->scopes, sizeof info->scopes, "%s", ALL_SCOPES);
    pl_sha256_hex(secret, strlen(secret), info->secret_hash);
    pl_wipe(secret, sizeof secret);
    return PL_OK;
}

static pl_err open_dev(pl_clients *clients)
{
    const char *path = clients->config->dev_client;
    char secret[64];
    char fresh[256];
    pl_buf text;
    pl_random_token(SECRET_BYTES, secret, sizeof secret);
    pl_fmt_cut(fresh, sizeof fresh, "CLIENT_ID=parley-dev\nCLIENT_SECRET=%s\n",
               secret);
    pl_buf_init(&text, DEV_TEXT_MAX);
    pl_err e = pl_file_open_secret(path, pl_slice_str(fresh), &text);
    if (!e)
        e = read_dev(&clients->dev, pl_buf_text(&text));
    clients->dev.info.may_use_codes = clients->config->redirect_uris[0] != '\0';
    pl_buf_wipe(&text);
    pl_wipe(fresh, sizeof fresh);
    pl_wipe(secret, sizeof secret);
    return e ? fail("client_unusable", path, pl_err_text(e), e) : PL_OK;
}

/* ---- the others ---- */

static void free_list(list **l)
{
    if (!*l)
        return;
    for (size_t i = 0; i < (*l)->n; i++)
        pl_keys_free(&(*l)->rows[i].keys);
    free(*l);
    *l = NULL;
}

static pl_client *find(list *l, const char *id)
{
    for (size_t i = 0; l && i < l->n; i++) {
        if (strcmp(l->rows[i].info.id, id) == 0)
            return &l->rows[i];
    }
    return NULL;
}

static pl_err load_keys(const pl_json *jwks, pl_keys **ret_keys)
{
    pl_buf text;
    pl_buf_init(&text, FILE_TEXT_MAX);
    pl_err e = pl_json_dump(jwks, &text);
    if (!e)
        e = pl_keys_load(pl_buf_slice(&text), ret_keys);
    pl_buf_fini(&text);
    return e;
}

static const char *read_row(const pl_clients *clients, const pl_json *row,
                            list *l)
{
    const char *wrong = NULL;
    const pl_json *jwks = NULL;
    if (l->n == PL_CLIENTS_MAX)
        return "more than 64 clients";
    pl_client *client = &l->rows[l->n];
    if (pl_token_client_read(row, &client->info, &jwks, &wrong))
        return wrong;
    if (find(l, client->info.id) ||
        strcmp(client->info.id, clients->dev.info.id) == 0)
        return "the same client_id twice";
    if (jwks && load_keys(jwks, &client->keys))
        return "jwks: no usable key";
    l->n++;
    return NULL;
}

/* ret_wrong: what is wrong, NULL for errors that say it themselves */
static pl_err read_list(pl_clients *clients, list *l, const char **ret_wrong)
{
    const char *path = clients->config->clients_file;
    pl_buf text;
    pl_json *json = NULL;
    pl_buf_init(&text, FILE_TEXT_MAX);
    pl_err e = pl_file_read_info(path, &text, &clients->info);
    if (!e)
        e = pl_json_parse(pl_buf_slice(&text), &json);
    const pl_json *rows = pl_json_get(json, "clients");
    /* whoever else can read it can be any of them */
    if (!e && !pl_file_is_private(path))
        *ret_wrong = "others may read it: chmod 600";
    else if (!e && !pl_json_is_array(rows))
        *ret_wrong = "want {\"clients\":[..]}";
    for (size_t i = 0; !e && !*ret_wrong && i < pl_json_count(rows); i++)
        *ret_wrong = read_row(clients, pl_json_at(rows, i), l);
    pl_json_free(&json);
    pl_buf_wipe(&text);
    return *ret_wrong ? PL_ECONFIG : e;
}

/* A file that is no good leaves the clients that we have. */
static pl_err load_file(pl_clients *clients)
{
    const char *wrong = NULL;
    list *l = calloc(1, sizeof *l);
    pl_err e = l ? read_list(clients, l, &wrong) : PL_ENOMEM;
    if (!e) {
        free_list(&clients->file);
        clients->file = l;
        return PL_OK;
    }
    free_list(&l);
    return fail("clients_unusable", clients->config->clients_file,
                wrong ? wrong : pl_err_text(e), e);
}

static void refresh(pl_clients *clients)
{
    pl_file_info info;
    const char *path = clients->config->clients_file;
    if (!path[0] || pl_file_stat(path, &info) ||
        pl_file_is_same(&info, &clients->info))
        return;
    clients->info = info; /* also of a file that is no good: one complaint */
    if (load_file(clients) == PL_OK) {
        PL_LOG(INFO, "auth", "clients_read", PL_KV("file", path), "%zu clients",
               clients->file->n);
    }
}

/* ---- for others ---- */

pl_err pl_clients_check(const pl_api_config *config, char *reason, size_t cap)
{
    const char *wrong = NULL;
    pl_clients clients = {.config = config};
    list *l = calloc(1, sizeof *l);
    pl_err e = l ? read_list(&clients, l, &wrong) : PL_ENOMEM;
    free_list(&l);
    if (!e)
        return PL_OK;
    pl_fmt_cut(reason, cap, "clients_file = %s: %s", config->clients_file,
               wrong            ? wrong
               : e == PL_ENOENT ? "there is no such file"
                                : pl_err_text(e));
    return e == PL_ENOMEM ? e : PL_ECONFIG;
}

pl_err pl_clients_open(const pl_api_config *config, pl_clients **ret_clients)
{
    pl_clients *clients = calloc(1, sizeof *clients);
    if (!clients)
        return PL_ENOMEM;
    clients->config = config;
    pl_err e = open_dev(clients);
    if (!e && config->clients_file[0])
        e = load_file(clients);
    if (e) {
        pl_clients_close(&clients);
    } else {
        *ret_clients = clients;
    }
    return e;
}

void pl_clients_close(pl_clients **clients)
{
    if (!clients || !*clients)
        return;
    free_list(&(*clients)->file);
    pl_wipe(&(*clients)->dev.info, sizeof(*clients)->dev.info);
    free(*clients);
    *clients = NULL;
}

const pl_client *pl_clients_dev(const pl_clients *clients)
{
    return &clients->dev;
}

const pl_client *pl_clients_find(pl_clients *clients, const char *id)
{
    refresh(clients);
    return strcmp(id, clients->dev.info.id) == 0 ? &clients->dev
                                                 : find(clients->file, id);
}
