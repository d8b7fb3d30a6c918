/* config_print.c - the effective configuration, as a file that would give the
 * same again. */
#include <inttypes.h>

#include "config_impl.h"

static void print_bounds(const pl_config_key *k, FILE *out)
{
    switch (k->kind) {
    case PL_CFG_U32:
        (void)fprintf(out, " (%" PRIu64 "..%" PRIu64 " %s)", k->min, k->max,
                      k->unit);
        return;
    case PL_CFG_WORD: (void)fprintf(out, " (%s)", k->unit); return;
    case PL_CFG_BOOL: (void)fputs(" (true or false)", out); return;
    case PL_CFG_STR:
    case PL_CFG_FILE: (void)fprintf(out, " (%s)", k->unit); return;
    }
}

static void print_value(const pl_config_key *k, const void *values, FILE *out)
{
    const void *at = (const uint8_t *)values + k->offset;
    if (k->kind == PL_CFG_BOOL) {
        (void)fputs(*(const bool *)at ? "true" : "false", out);
    } else if (k->kind == PL_CFG_U32) {
        (void)fprintf(out, "%" PRIu32, *(const uint32_t *)at);
    } else {
        (void)fputs(at, out);
    }
}

void pl_config_print(const pl_config *config, FILE *out)
{
    for (size_t i = 0; i < config->n_instances; i++) {
        const pl_cfg_instance *in = &config->instances[i];
        (void)fprintf(out, "%s# %s\n[%s%s%s]\n", i ? "\n" : "",
                      in->section->doc ? in->section->doc : "",
                      in->section->kind, in->name[0] ? " " : "", in->name);
        for (size_t k = 0; k < in->section->n_keys; k++) {
            const pl_config_key *key = &in->section->keys[k];
            bool is_hidden = pl_cfg_is_hidden(key);
            (void)fprintf(out, "# %s", key->doc);
            print_bounds(key, out);
            (void)fprintf(out, "; from %s\n%s%s = ", in->origins[k].text,
                          is_hidden ? "# " : "", key->name);
            if (is_hidden) {
                (void)fputs("(hidden)", out);
            } else {
                print_value(key, in->values, out);
            }
            (void)fputc('\n', out);
        }
    }
}
