/* sig_config.h - the settings of section [signaling]. */
#ifndef PL_SIG_CONFIG_H
#define PL_SIG_CONFIG_H

#include "pl/config.h"
#include "sip_uri.h"
#include "tables/config.def"

typedef struct pl_signaling_config {
    PL_SIGNALING_CONFIG(PL_CONFIG_MEMBER)
} pl_signaling_config;

/* Whether they are written as they must be and fit together; `check` of the
 * section. Errors: PL_ECONFIG with the reason. */
PL_MUST_USE pl_err pl_signaling_check(const void *values, char *reason,
                                      size_t cap);
/* outbound_proxy as an address. Errors: PL_ECONFIG */
PL_MUST_USE pl_err pl_signaling_proxy(const char *text, pl_sip_uri *ret_proxy);

#endif
