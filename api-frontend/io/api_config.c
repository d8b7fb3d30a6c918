/* api_config.c - descriptors of tables/config.def. */
#include "api_config.h"

#define CONFIG_TYPE pl_api_config
static const pl_config_key KEYS[] = {PL_API_CONFIG(PL_CONFIG_ROW)};

const pl_config_section PL_API_SECTION = {
    .kind = "api",
    .doc = "HTTPS, tokens and the APIs",
    .keys = KEYS,
    .n_keys = sizeof KEYS / sizeof KEYS[0],
    .size = sizeof(pl_api_config),
};
