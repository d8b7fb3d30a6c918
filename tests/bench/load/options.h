/* options.h - the command line of parley-load. */
#ifndef PL_LOAD_OPTIONS_H
#define PL_LOAD_OPTIONS_H

#include <stdio.h>

#include "adapter.h"

typedef struct pl_load_command {
    pl_load_options options;
    const pl_load_adapter *adapter;
    const char *adapter_name;
    long pids[PL_LOAD_PIDS];
    unsigned max_loss, churn, spawn_core, own_core; /* as said */
    bool is_json, is_help, is_version;
} pl_load_command;

/* Read the arguments.
 *
 * reason: [PL_LOAD_REASON], which one is wrong and why
 * ret_command: texts are borrowed from argv; a plain value, but options.pids
 *         points into it
 * Errors: PL_EINVAL */
PL_MUST_USE pl_err pl_load_parse(int argc, char *const *argv, char *reason,
                                 pl_load_command *ret_command);
void pl_load_help(FILE *out);

#endif
