/* config_impl.h - shared by config.c (values), config_file.c (text) and
 * config_print.c (output). */
#ifndef PL_CONFIG_IMPL_H
#define PL_CONFIG_IMPL_H

#include "pl/config.h"
#include "pl/slice.h"

enum {
    PL_CFG_FILE_MAX = 1048576, /* bytes */
    PL_CFG_NAME_MAX = 64,      /* of a repeated section */
    PL_CFG_REPEATED_MAX = 10000,
    PL_CFG_ORIGIN_MAX = 128
};

/* Where a value came from: "default", "parley.conf:12", "environment", .. */
typedef struct pl_cfg_origin {
    char text[PL_CFG_ORIGIN_MAX];
    bool is_file; /* set twice in the file is an error */
} pl_cfg_origin;

/* One section with its values. */
typedef struct pl_cfg_instance {
    const pl_config_section *section;
    char name[PL_CFG_NAME_MAX + 1]; /* repeated sections only */
    char where[PL_CFG_ORIGIN_MAX];  /* of its head; "" when not in the file */
    void *values;
    pl_cfg_origin *origins; /* [section->n_keys] */
} pl_cfg_instance;

struct pl_config {
    const pl_config_section *sections; /* borrowed tables */
    size_t n_sections;
    pl_cfg_instance *instances; /* singles first, then repeated in file order */
    size_t n_instances, cap_instances;
};

/* Add a section with its defaults. Errors: PL_ENOMEM; PL_EFULL. */
PL_MUST_USE pl_err pl_cfg_add(pl_config *config,
                              const pl_config_section *section, pl_slice name,
                              const char *where,
                              pl_cfg_instance **ret_instance);
pl_cfg_instance *pl_cfg_find(const pl_config *config,
                             const pl_config_section *section, pl_slice name);
const pl_config_key *pl_cfg_find_key(const pl_config_section *section,
                                     pl_slice name);
/* Check and store one value. shown: how the key is written at its source.
 * Errors: PL_ECONFIG with the error's text filled. */
PL_MUST_USE pl_err pl_cfg_set(pl_cfg_instance *instance,
                              const pl_config_key *key, pl_slice value,
                              const pl_cfg_origin *origin, const char *shown,
                              pl_config_error *ret_error);
/* Read the text of a file. Errors: PL_ECONFIG, PL_ENOMEM, PL_EFULL. */
PL_MUST_USE pl_err pl_cfg_parse(pl_config *config, const char *file,
                                pl_slice text, pl_config_error *ret_error);
/* Whether a value must not be shown. */
bool pl_cfg_is_hidden(const pl_config_key *key);

#endif
