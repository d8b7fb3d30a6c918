/* api_config.c - descriptors of tables/config.def. */
#include "api_config.h"

#include <string.h>

#include "pl/str.h"
#include "redirect.h"
#include "room_api.h"
#include "turn.h"

#define CONFIG_TYPE pl_api_config
static const pl_config_key KEYS[] = {PL_API_CONFIG(PL_CONFIG_ROW)};

/* An origin without a scheme would never match one. */
static bool are_origins(const char *list)
{
    if (strcmp(list, "*") == 0)
        return true;
    for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
        if (strncmp(list, "https://", 8) != 0 &&
            strncmp(list, "http://", 7) != 0)
            return false;
        list += strcspn(list, " ");
    }
    return true;
}

static pl_err check(const void *values, char *reason, size_t cap)
{
    const pl_api_config *config = values;
    const char *wrong = NULL;
    if (!pl_turn_urls_are_good(config->stun_urls, "stun")) {
        wrong = "stun_urls: each must begin with stun: or stuns:";
    } else if (!pl_turn_urls_are_good(config->turn_urls, "turn")) {
        wrong = "turn_urls: each must begin with turn: or turns:";
    } else if (!pl_redirects_are_good(config->redirect_uris)) {
        wrong = "redirect_uris: each must be an https URL (or http to "
                "localhost or 127.0.0.1) without user name or fragment";
    } else if (!are_origins(config->cors_origins)) {
        wrong = "cors_origins: each must begin with https:// or http://; or "
                "one *";
    } else if (!pl_room_prefix_is_good(config->room_tag_prefix)) {
        wrong = "room_tag_prefix: at most 200 printable characters of ASCII "
                "without blanks";
    } else if (config->external_issuer[0] && !config->external_jwks[0]) {
        wrong = "external_issuer needs external_jwks";
    }
    if (!wrong)
        return PL_OK;
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
