/* api_config.c - descriptors of tables/config.def. */
#include "api_config.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apis.h"
#include "clients.h"
#include "introspection.h"
#include "pl/ip.h"
#include "pl/str.h"
#include "redirect.h"
#include "room_api.h"
#include "tcp_address.h"
#include "tls.h"
#include "turn.h"
#include "video_api.h"

#define CONFIG_TYPE pl_api_config
static const pl_config_key KEYS[] = {PL_API_CONFIG(PL_CONFIG_ROW)};

static bool is_web(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* https://HOST[:PORT], nothing behind it. */
static bool is_https_host(const char *url)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        ".-:[]";
    if (strncmp(url, "https://", 8) != 0)
        return false;
    const char *host = url + 8;
    size_t len = strspn(host, allowed);
    return len > 0 && host[len] == '\0' && host[0] != ':' &&
           host[len - 1] != ':';
}

/* An origin without a scheme would never match one. */
static bool are_origins(const char *list)
{
    if (strcmp(list, "*") == 0)
        return true;
    for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
        if (!is_web(list))
            return false;
        list += strcspn(list, " ");
    }
    return true;
}

static bool are_addresses(const char *list)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr any;
    size_t n = 0;
    pl_err e;
    while ((e = pl_tcp_next_address(&list, text, sizeof text)) == PL_OK) {
        if (inet_pton(AF_INET, text, &any) != 1 &&
            inet_pton(AF_INET6, text, &any) != 1)
            return false;
        n++;
    }
    return e == PL_ENOENT && n > 0;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool is_folder(const char *path)
{
    struct stat what;
    return stat(path, &what) == 0 && S_ISDIR(what.st_mode);
}

/* A certificate that is missing is made, when it has a place. What is below
 * the working folder (var/) may not be there before the first start. */
static bool has_place(const char *file)
{
    char folder[PL_CONFIG_STR_MAX + 1];
    if (file[0] != '/' || is_there(file))
        return true;
    pl_fmt_cut(folder, sizeof folder, "%.*s",
               (int)(strrchr(file, '/') - file) + 1, file);
    return is_folder(folder);
}

static const char *check_places(const pl_api_config *config)
{
    if (!are_addresses(config->listen))
        return "listen: want addresses like 192.0.2.1 or ::";
    if (!has_place(config->certificate))
        return "certificate: no such file, and no folder to make it in";
    if (is_there(config->certificate) && !is_there(config->certificate_key))
        return "certificate_key: there is no such file, but a certificate";
    return is_folder(config->web_dir) ? NULL : "web_dir: no such folder";
}

static const char *check_urls(const pl_api_config *config)
{
    if (!pl_turn_urls_are_good(config->stun_urls, "stun"))
        return "stun_urls: each must begin with stun: or stuns:";
    if (!pl_turn_urls_are_good(config->turn_urls, "turn"))
        return "turn_urls: each must begin with turn: or turns:";
    if (!pl_redirects_are_good(config->redirect_uris))
        return "redirect_uris: each must be an https URL (or http to localhost "
               "or 127.0.0.1) without user name or fragment";
    if (!are_origins(config->cors_origins))
        return "cors_origins: each must begin with https:// or http://; or one "
               "*";
    if (!is_web(config->issuer))
        return "issuer: must begin with https:// or http://";
    if (config->relay_url[0] && !is_https_host(config->relay_url))
        return "relay_url: want https://HOST or https://HOST:PORT, nothing "
               "behind it";
    return NULL;
}

/* A token goes in the request: not for others to read. */
static const char *check_introspection(const pl_api_config *config)
{
    if (!config->introspection_url[0]) {
        return config->external_issuer[0] && !config->external_jwks[0]
                   ? "external_issuer needs external_jwks"
                   : NULL;
    }
    if (strncmp(config->introspection_url, "https://", 8) != 0)
        return "introspection_url: must begin with https://";
    return config->introspection_client_file[0]
               ? NULL
               : "introspection_url needs introspection_client_file (with "
                 "CLIENT_ID= and CLIENT_SECRET= lines)";
}

static const char *check_networks(const pl_api_config *config)
{
    pl_cidr_list nets;
    if (pl_cidr_parse(pl_slice_str(config->proxy_from), &nets))
        return "proxy_from: want addresses and blocks like 10.1.0.0/16 or "
               "fd00::/8";
    if (pl_cidr_parse(pl_slice_str(config->outgoing_allow), &nets))
        return "outgoing_allow: want addresses and blocks like 10.1.0.0/16 or "
               "fd00::/8";
    return NULL;
}

static pl_err check_ca(const char *key, const char *path, char *reason,
                       size_t cap)
{
    if (!path[0] || pl_tls_has_certificate(path))
        return PL_OK;
    pl_fmt_cut(reason, cap, "%s = %s: %s", key, path,
               is_there(path) ? "no certificate (PEM) that can be read in it"
                              : "no such file");
    return PL_ECONFIG;
}

/* Files that the start reads: what is wrong with them is said before. */
static pl_err check_files(const pl_api_config *config, char *reason, size_t cap)
{
    pl_err e = check_ca("outgoing_ca", config->outgoing_ca, reason, cap);
    if (!e)
        e = check_ca("external_ca", config->external_ca, reason, cap);
    if (!e && config->introspection_url[0])
        e = pl_introspection_check(config, reason, cap);
    if (!e && config->clients_file[0])
        e = pl_clients_check(config, reason, cap);
    return e;
}

static pl_err check(const void *values, char *reason, size_t cap)
{
    const pl_api_config *config = values;
    const char *wrong = check_urls(config);
    unsigned apis;
    if (!wrong && pl_apis_read(config->apis, &apis))
        wrong = "apis: words are " PL_APIS_WORDS;
    if (!wrong)
        wrong = check_introspection(config);
    if (!wrong)
        wrong = check_places(config);
    if (!wrong)
        wrong = check_networks(config);
    if (!wrong && !pl_room_prefix_is_good(config->room_tag_prefix))
        wrong = "room_tag_prefix: at most 200 printable characters of ASCII "
                "without blanks";
    if (!wrong && !pl_reference_is_good(config->video_reference))
        wrong = "video_reference: printable characters of ASCII without "
                "blanks; in braces ref1, ref2, client_id, device_code only";
    if (!wrong)
        return check_files(config, reason, cap);
    pl_fmt_cut(reason, cap, "%s", wrong);
    return PL_ECONFIG;
}

const pl_config_section PL_API_SECTION = {
    .kind = "api",
    .doc = "HTTPS, tokens and the APIs",
    .keys = KEYS,
    .n_keys = sizeof KEYS / sizeof KEYS[0],
    .size = sizeof(pl_api_config),
    .check = check,
};
