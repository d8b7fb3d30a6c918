/* api_config.h - settings of section [api], from tables/config.def. */
#ifndef PL_API_API_CONFIG_H
#define PL_API_API_CONFIG_H

#include "pl/config.h"
#include "tables/config.def"

typedef struct pl_api_config {
    PL_API_CONFIG(PL_CONFIG_MEMBER)
} pl_api_config;

extern const pl_config_section PL_API_SECTION;

#endif
