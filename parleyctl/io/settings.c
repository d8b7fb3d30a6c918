/* settings.c - see settings.h. */
#include "settings.h"

#include <unistd.h>

#include "core/settings.h" /* roompool's */
#include "pl/str.h"

extern char **environ;

static const char DEFAULT_PATH[] = "etc/parley.conf";

#define KEY_NAME(kind, name, preset, min, max, unit, doc) #name,
const char *const PL_CTL_FLAG_KEYS[] = {PL_COMMON_CONFIG(KEY_NAME) "database",
                                        NULL};

#define CONFIG_TYPE pl_common_config
static const pl_config_key common_keys[] = {PL_COMMON_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE
#define CONFIG_TYPE pl_roompool_config
static const pl_config_key roompool_keys[] = {
    PL_ROOMPOOL_CONFIG(PL_CONFIG_ROW)};
#undef CONFIG_TYPE

static const pl_config_section SECTIONS[] = {
    {.kind = "common",
     .doc = "every process",
     .keys = common_keys,
     .n_keys = sizeof common_keys / sizeof common_keys[0],
     .size = sizeof(pl_common_config)},
    {.kind = "roompool",
     .doc = "where the database is",
     .keys = roompool_keys,
     .n_keys = sizeof roompool_keys / sizeof roompool_keys[0],
     .size = sizeof(pl_roompool_config)},
};

/* Keys of the folder that `keys` made; flags of their own come after them. */
typedef struct flags {
    char texts[3][PL_CTL_SETTING_TEXT];
    const char *list[PL_CTL_SETTINGS_MAX + 3];
    size_t n;
} flags;

static pl_err add_keys(flags *f, const char *folder)
{
    static const char *const keys[][2] = {{"bus_public_key", "operator.pub"},
                                          {"bus_secret_key", "operator.key"},
                                          {"bus_server_key", "roompool.pub"}};
    for (size_t i = 0; folder && i < sizeof keys / sizeof keys[0]; i++) {
        if (pl_fmt(f->texts[i], sizeof f->texts[i], "%s=%s/%s", keys[i][0],
                   folder, keys[i][1]))
            return PL_ECONFIG;
        f->list[f->n++] = f->texts[i];
    }
    return PL_OK;
}

pl_err pl_ctl_settings_load(const pl_ctl_args *args,
                            pl_ctl_settings *ret_settings, char *reason,
                            size_t cap)
{
    pl_config_error error = {.text = "--bus-keys: too long"};
    flags f = {.n = 0};
    const char *path = args->config;
    if (!path && access(DEFAULT_PATH, R_OK) == 0)
        path = DEFAULT_PATH;
    pl_err e = add_keys(&f, args->bus_keys);
    for (size_t i = 0; !e && i < args->n_settings; i++)
        f.list[f.n++] = args->settings[i];
    *ret_settings = (pl_ctl_settings){.config = NULL};
    if (!e) {
        e = pl_config_load(SECTIONS, sizeof SECTIONS / sizeof SECTIONS[0], path,
                           environ, f.list, f.n, &ret_settings->config, &error);
    }
    if (e) {
        pl_fmt_cut(reason, cap, "%s", error.text);
        return e;
    }
    const pl_roompool_config *roompool =
        pl_config_get(ret_settings->config, "roompool");
    ret_settings->common = pl_config_get(ret_settings->config, "common");
    ret_settings->database = roompool->database;
    return PL_OK;
}

void pl_ctl_settings_free(pl_ctl_settings *settings)
{
    pl_config_destroy(&settings->config);
}
