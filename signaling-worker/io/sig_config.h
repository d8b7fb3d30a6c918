/* sig_config.h - the settings of section [signaling]. */
#ifndef PL_SIG_CONFIG_H
#define PL_SIG_CONFIG_H

#include "pl/config.h"
#include "tables/config.def"

typedef struct pl_signaling_config {
    PL_SIGNALING_CONFIG(PL_CONFIG_MEMBER)
} pl_signaling_config;

#endif
