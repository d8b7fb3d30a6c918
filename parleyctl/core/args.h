/* args.h - the command line of parleyctl: which commands there are, what each
 * takes. Pure. */
#ifndef PL_CTL_ARGS_H
#define PL_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/config.h"
#include "pl/err.h"

typedef enum pl_ctl_verb {
    PL_CTL_STATUS,
    PL_CTL_WORKERS,
    PL_CTL_ROOMS,
    PL_CTL_CONFERENCES,
    PL_CTL_PARTICIPANTS,
    PL_CTL_CALLS,
    PL_CTL_POOL,
    PL_CTL_REGISTRATIONS,
    PL_CTL_RECORDINGS,
    PL_CTL_DRAIN,
    PL_CTL_EVENTS,
    PL_CTL_KEYS,
    PL_CTL_BACKUP,
    PL_CTL_RESTORE,
    PL_CTL_N_VERBS
} pl_ctl_verb;

enum {
    PL_CTL_SETTINGS_MAX = 32,
    PL_CTL_OPERANDS_MAX = 1,
    PL_CTL_SETTING_TEXT = PL_CONFIG_STR_MAX + 66,
    PL_CTL_ROWS_MAX = 100000
};

/* What was asked for. Texts are borrowed from argv. */
typedef struct pl_ctl_args {
    pl_ctl_verb verb;
    bool help, version, check_config;
    bool json, wait, force, follow;
    const char *operand;  /* NULL: none */
    const char *config;   /* file, NULL: the default where it exists */
    const char *bus_keys; /* folder made by `keys`, NULL: as configured */
    const char *name;     /* of a verb that help is wanted for; NULL: all */
    uint64_t since;
    uint32_t limit;     /* rows */
    uint32_t timeout_s; /* of waiting */
    size_t n_settings;  /* key=value, for the configuration */
    char settings[PL_CTL_SETTINGS_MAX][PL_CTL_SETTING_TEXT];
} pl_ctl_args;

/* Read a command line.
 *
 * keys:   names of settings that may be flags, ends with NULL
 * reason: [cap] what is wrong with it and what would be right, on PL_EINVAL
 * Errors: PL_EINVAL. */
PL_MUST_USE pl_err pl_ctl_args_parse(int argc, char *const *argv,
                                     const char *const *keys,
                                     pl_ctl_args *ret_args, char *reason,
                                     size_t cap);
const char *pl_ctl_verb_name(pl_ctl_verb verb);
/* Write what --help says: of everything, or of one command. */
void pl_ctl_help(FILE *out, const pl_ctl_args *args);

#endif
