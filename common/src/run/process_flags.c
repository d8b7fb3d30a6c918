/* process_flags.c - command line and --help. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process_impl.h"

#define CONFIG_TYPE pl_common_config
static const pl_config_key COMMON_KEYS[] = {PL_COMMON_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

static const char DEFAULT_PATH[] = "etc/parley.conf";

pl_err pl_sections_of(const pl_app *app, pl_sections *ret_sections)
{
    if (app->n_sections + 1 > PL_SECTIONS_MAX)
        return PL_EFULL;
    pl_sections s = {.n = app->n_sections + 1};
    s.rows[0] = (pl_config_section){
        .kind = "common",
        .doc = "every process",
        .keys = COMMON_KEYS,
        .n_keys = sizeof COMMON_KEYS / sizeof COMMON_KEYS[0],
        .size = sizeof(pl_common_config),
    };
    for (size_t i = 0; i < app->n_sections; i++)
        s.rows[i + 1] = app->sections[i];
    *ret_sections = s;
    return PL_OK;
}

/* Sections whose keys may be flags: the last single one, and [common]. */
static bool takes_flags(const pl_sections *s, size_t i)
{
    size_t last = 0;
    for (size_t k = 0; k < s->n; k++) {
        if (!s->rows[k].each)
            last = k;
    }
    return i == 0 || i == last;
}

/* Whether flag is the name of a key, with or without =value. */
static bool is_key(const pl_sections *s, const char *flag)
{
    size_t n = strcspn(flag, "=");
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; takes_flags(s, i) && k < s->rows[i].n_keys; k++) {
            const char *name = s->rows[i].keys[k].name;
            if (strlen(name) == n && memcmp(name, flag, n) == 0)
                return true;
        }
    }
    return false;
}

static bool take_switch(pl_flags *f, const char *flag)
{
    const struct {
        const char *name;
        bool *value;
    } switches[] = {{"help", &f->help},
                    {"version", &f->version},
                    {"check-config", &f->check_config},
                    {"print-config", &f->print_config},
                    {"health", &f->health}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        if (strcmp(flag, switches[i].name) == 0) {
            *switches[i].value = true;
            return true;
        }
    }
    return false;
}

pl_err pl_flags_parse(const pl_app *app, const pl_sections *sections, int argc,
                      char **argv, pl_flags *ret_flags)
{
    static const char config[] = "config=";
    pl_flags f = {.config_path =
                      access(DEFAULT_PATH, R_OK) == 0 ? DEFAULT_PATH : NULL};
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i];
        bool is_flag = strncmp(flag, "--", 2) == 0;
        flag += is_flag ? 2 : 0;
        if (is_flag && take_switch(&f, flag))
            continue;
        if (is_flag && strncmp(flag, config, sizeof config - 1) == 0) {
            f.config_path = flag + sizeof config - 1;
        } else if (is_flag && is_key(sections, flag) && strchr(flag, '=') &&
                   f.n_values < PL_FLAGS_MAX) {
            f.values[f.n_values++] = flag;
        } else {
            bool needs_value = is_flag && (is_key(sections, flag) ||
                                           strcmp(flag, "config") == 0);
            (void)fprintf(stderr,
                          needs_value ? "%s: %s needs a value after '='; "
                                        "see %s --help\n"
                                      : "%s: unknown flag %s; see %s --help\n",
                          app->name, argv[i], app->name);
            return PL_EINVAL;
        }
    }
    *ret_flags = f;
    return PL_OK;
}

static void print_key(const pl_config_key *k, bool is_flag)
{
    (void)printf(is_flag ? "  --%s=%s\n      %s" : "  %s = %s\n      %s",
                 k->name, k->preset, k->doc);
    if (k->kind == PL_CFG_U32) {
        (void)printf(" (%" PRIu64 "..%" PRIu64 " %s)\n", k->min, k->max,
                     k->unit);
    } else if (k->kind == PL_CFG_BOOL) {
        (void)printf(" (true, false)\n");
    } else {
        (void)printf(" (%s)\n", k->unit);
    }
}

void pl_flags_help(const pl_app *app, const pl_sections *sections)
{
    (void)printf(
        "%s - %s\n\nusage: %s [--config=FILE] [--key=value ..]\n\n"
        "  --help           this text\n"
        "  --version        the version\n"
        "  --config=FILE    configuration; default %s where it exists\n"
        "  --check-config   only tell whether the configuration is good\n"
        "  --print-config   show the effective configuration\n"
        "  --health         ask the one that runs how it is; 0: it works\n\n"
        "Keys, with their defaults. Each may stand in its section of the file,"
        "\nin the environment as PARLEY_<SECTION>_<KEY>, and most as a flag:\n",
        app->name, app->summary, app->name, DEFAULT_PATH);
    for (size_t i = 0; i < sections->n; i++) {
        const pl_config_section *s = &sections->rows[i];
        (void)printf("\n[%s%s] %s\n", s->kind, s->each ? " NAME" : "",
                     takes_flags(sections, i) ? "" : "(file only)");
        for (size_t k = 0; k < s->n_keys; k++)
            print_key(&s->keys[k], takes_flags(sections, i));
    }
    (void)printf("\nexit codes: 0 done, 64 usage, 69 a dependency is not there,"
                 " 70 internal fault,\n75 a port or file is busy, 76 another "
                 "schema major, 78 configuration\n");
}
