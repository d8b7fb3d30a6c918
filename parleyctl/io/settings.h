/* settings.h - the configuration as parleyctl uses it: [common], and of
 * [roompool] where the database is. */
#ifndef PL_CTL_SETTINGS_H
#define PL_CTL_SETTINGS_H

#include "args.h"
#include "pl/process.h"

typedef struct pl_ctl_settings {
    pl_config *config;
    const pl_common_config *common; /* borrowed from config */
    const char *database;
} pl_ctl_settings;

/* Names of keys that may be flags; ends with NULL. */
extern const char *const PL_CTL_FLAG_KEYS[];

/* Read file, environment and flags.
 * Errors, with a reason: PL_ECONFIG, PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_settings_load(const pl_ctl_args *args,
                                        pl_ctl_settings *ret_settings,
                                        char *reason, size_t cap);
void pl_ctl_settings_free(pl_ctl_settings *settings);

#endif
