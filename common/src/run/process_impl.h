/* process_impl.h - shared by process.c (life cycle) and process_flags.c. */
#ifndef PL_PROCESS_IMPL_H
#define PL_PROCESS_IMPL_H

#include "pl/process.h"

enum { PL_FLAGS_MAX = 256, PL_SECTIONS_MAX = 8 };

/* The command line. Texts are borrowed from argv. */
typedef struct pl_flags {
    bool help, version, check_config, print_config;
    const char *config_path;          /* NULL: none */
    const char *values[PL_FLAGS_MAX]; /* "key=value" */
    size_t n_values;
} pl_flags;

/* [common] and the sections of the app. */
typedef struct pl_sections {
    pl_config_section rows[PL_SECTIONS_MAX];
    size_t n;
} pl_sections;

/* Errors: PL_EINVAL, after saying why on standard error. */
PL_MUST_USE pl_err pl_flags_parse(const pl_app *app,
                                  const pl_sections *sections, int argc,
                                  char **argv, pl_flags *ret_flags);
void pl_flags_help(const pl_app *app, const pl_sections *sections);
/* Errors: PL_EFULL. */
PL_MUST_USE pl_err pl_sections_of(const pl_app *app, pl_sections *ret_sections);

#endif
