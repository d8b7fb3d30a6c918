/* config.c - values with their bounds; default, file, environment, flag. */
#include "pl/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"

#include "config_impl.h"

static size_t key_index(const pl_config_section *s, const pl_config_key *key)
{
    return (size_t)(key - s->keys);
}

const pl_config_key *pl_cfg_find_key(const pl_config_section *section,
                                     pl_slice name)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        if (pl_slice_eq_str(name, section->keys[i].name))
            return &section->keys[i];
    }
    return NULL;
}

pl_cfg_instance *pl_cfg_find(const pl_config *config,
                             const pl_config_section *section, pl_slice name)
{
    for (size_t i = 0; i < config->n_instances; i++) {
        pl_cfg_instance *in = &config->instances[i];
        if (in->section == section && pl_slice_eq_str(name, in->name))
            return in;
    }
    return NULL;
}

/* --- one value --- */

static bool parse_bool(pl_slice v, bool *ret)
{
    static const char *const words[] = {"false", "true", "no",
                                        "yes",   "off",  "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (pl_slice_eq_str(v, words[i])) {
            *ret = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool is_word_of(pl_slice v, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, "|");
        if (pl_slice_eq(v, (pl_slice){(const uint8_t *)words, n}))
            return true;
        words += n;
        words += *words == '|';
    }
    return false;
}

static bool is_printable(pl_slice v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < 0x20 || v.ptr[i] == 0x7f)
            return false;
    }
    return pl_is_utf8(v);
}

static pl_err store_u32(const pl_config_key *k, pl_slice v, void *at, char *why,
                        size_t cap)
{
    uint64_t n = 0;
    if (pl_parse_u64(v, UINT64_MAX, &n) != PL_OK) {
        pl_fmt_cut(why, cap, "not a whole number (%" PRIu64 "..%" PRIu64 " %s)",
                   k->min, k->max, k->unit);
        return PL_ECONFIG;
    }
    uint64_t max = k->max < UINT32_MAX ? k->max : UINT32_MAX;
    if (n < k->min || n > max) {
        pl_fmt_cut(why, cap, "%s %" PRIu64 " (%s)",
                   n < k->min ? "below" : "above", n < k->min ? k->min : max,
                   k->unit);
        return PL_ECONFIG;
    }
    *(uint32_t *)at = (uint32_t)n;
    return PL_OK;
}

static pl_err store_text(const pl_config_key *k, pl_slice v, void *at,
                         char *why, size_t cap)
{
    if (k->kind == PL_CFG_WORD) {
        if (!is_word_of(v, k->unit)) {
            pl_fmt_cut(why, cap, "not one of %s", k->unit);
            return PL_ECONFIG;
        }
        return pl_copy(at, PL_CONFIG_STR_MAX + 1, v);
    }
    uint64_t max = k->max < PL_CONFIG_STR_MAX ? k->max : PL_CONFIG_STR_MAX;
    if (v.len < k->min || v.len > max) {
        pl_fmt_cut(why, cap, "%s than %" PRIu64 " bytes",
                   v.len < k->min ? "shorter" : "longer",
                   v.len < k->min ? k->min : max);
        return PL_ECONFIG;
    }
    if (!is_printable(v)) {
        pl_fmt_cut(why, cap, "holds bytes that are not printable UTF-8");
        return PL_ECONFIG;
    }
    return pl_copy(at, PL_CONFIG_STR_MAX + 1, v);
}

static pl_err store(const pl_config_key *k, pl_slice v, void *values, char *why,
                    size_t cap)
{
    void *at = (uint8_t *)values + k->offset;
    switch (k->kind) {
    case PL_CFG_BOOL:
        if (parse_bool(v, at))
            return PL_OK;
        pl_fmt_cut(why, cap, "not one of true, false, yes, no, on, off");
        return PL_ECONFIG;
    case PL_CFG_U32: return store_u32(k, v, at, why, cap);
    case PL_CFG_STR:
    case PL_CFG_FILE:
    case PL_CFG_WORD: return store_text(k, v, at, why, cap);
    }
    return PL_ECONFIG;
}

bool pl_cfg_is_hidden(const pl_config_key *key)
{
    static const char *const ends[] = {"pin", "secret", "password", "token"};
    size_t n = strlen(key->name);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t m = strlen(ends[i]);
        if (key->kind == PL_CFG_STR && n >= m &&
            strcmp(key->name + n - m, ends[i]) == 0 &&
            (n == m || key->name[n - m - 1] == '_')) {
            return true;
        }
    }
    return false;
}

pl_err pl_cfg_set(pl_cfg_instance *instance, const pl_config_key *key,
                  pl_slice value, const pl_cfg_origin *origin,
                  const char *shown, pl_config_error *ret_error)
{
    enum { SHOWN_MAX = 64 };
    char why[128];
    if (store(key, value, instance->values, why, sizeof why) != PL_OK) {
        pl_slice seen =
            pl_cfg_is_hidden(key) ? pl_slice_str("(hidden)") : value;
        int n = (int)(seen.len > SHOWN_MAX ? SHOWN_MAX : seen.len);
        pl_fmt_cut(ret_error->text, sizeof ret_error->text, "%s = %.*s: %s",
                   shown, n, (const char *)seen.ptr, why);
        return PL_ECONFIG;
    }
    instance->origins[key_index(instance->section, key)] = *origin;
    return PL_OK;
}

/* --- sections --- */

pl_err pl_cfg_add(pl_config *config, const pl_config_section *section,
                  pl_slice name, const char *where,
                  pl_cfg_instance **ret_instance)
{
    if (config->n_instances >= PL_CFG_REPEATED_MAX)
        return PL_EFULL;
    if (config->n_instances == config->cap_instances) {
        size_t cap = config->cap_instances ? config->cap_instances * 2 : 8;
        pl_cfg_instance *grown =
            realloc(config->instances, cap * sizeof *config->instances);
        if (!grown)
            return PL_ENOMEM;
        config->instances = grown;
        config->cap_instances = cap;
    }
    pl_cfg_instance in = {.section = section};
    if (pl_copy(in.name, sizeof in.name, name) != PL_OK)
        return PL_EFULL;
    pl_fmt_cut(in.where, sizeof in.where, "%s", where);
    in.values = calloc(1, section->size ? section->size : 1);
    in.origins =
        calloc(section->n_keys ? section->n_keys : 1, sizeof *in.origins);
    if (!in.values || !in.origins) {
        free(in.values);
        free(in.origins);
        return PL_ENOMEM;
    }
    for (size_t i = 0; i < section->n_keys; i++) {
        char why[128];
        const pl_config_key *k = &section->keys[i];
        /* A default outside its own bounds means: must be set. The origin
         * stays empty and check_complete() finds it. */
        if (store(k, pl_slice_str(k->preset), in.values, why, sizeof why) ==
            PL_OK) {
            pl_fmt_cut(in.origins[i].text, PL_CFG_ORIGIN_MAX, "default");
        }
    }
    config->instances[config->n_instances] = in;
    *ret_instance = &config->instances[config->n_instances++];
    return PL_OK;
}

static pl_err check_complete(const pl_config *config,
                             pl_config_error *ret_error)
{
    for (size_t i = 0; i < config->n_instances; i++) {
        const pl_cfg_instance *in = &config->instances[i];
        for (size_t k = 0; k < in->section->n_keys; k++) {
            if (in->origins[k].text[0] != '\0')
                continue;
            pl_fmt_cut(ret_error->text, sizeof ret_error->text,
                       "%s%s[%s%s%s] %s: must be set: %s", in->where,
                       in->where[0] ? ": " : "", in->section->kind,
                       in->name[0] ? " " : "", in->name,
                       in->section->keys[k].name, in->section->keys[k].doc);
            return PL_ECONFIG;
        }
    }
    return PL_OK;
}

/* --- environment and flags --- */

/* Whether env_key (upper case) spells PARLEY_<KIND>_ and, if so, the rest. */
static bool env_rest(const char *env, const char *kind, const char **ret_rest)
{
    static const char prefix[] = "PARLEY_";
    if (strncmp(env, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *p = env + sizeof prefix - 1;
    for (; *kind; kind++, p++) {
        if (*p != (char)(*kind >= 'a' && *kind <= 'z' ? *kind - 32 : *kind))
            return false;
    }
    if (*p != '_')
        return false;
    *ret_rest = p + 1;
    return true;
}

static pl_err apply_env_row(pl_cfg_instance *in, const char *row,
                            pl_config_error *ret_error)
{
    const char *rest = NULL;
    const char *eq = strchr(row, '=');
    if (!eq || !env_rest(row, in->section->kind, &rest) || rest > eq)
        return PL_OK;
    char name[64];
    char shown[128];
    size_t n = (size_t)(eq - rest);
    pl_fmt_cut(shown, sizeof shown, "%.*s", (int)(eq - row), row);
    for (size_t i = 0; i < n && i < sizeof name; i++) {
        name[i] =
            (char)(rest[i] >= 'A' && rest[i] <= 'Z' ? rest[i] + 32 : rest[i]);
    }
    const pl_config_key *key =
        n < sizeof name
            ? pl_cfg_find_key(in->section, (pl_slice){(uint8_t *)name, n})
            : NULL;
    if (!key) {
        pl_fmt_cut(ret_error->text, sizeof ret_error->text,
                   "environment: %s: unknown key in [%s]", shown,
                   in->section->kind);
        return PL_ECONFIG;
    }
    pl_cfg_origin origin = {.text = "environment"};
    return pl_cfg_set(in, key, pl_slice_str(eq + 1), &origin, shown, ret_error);
}

static pl_err apply_env(pl_config *config, char *const *env,
                        pl_config_error *ret_error)
{
    for (size_t i = 0; i < config->n_instances; i++) {
        if (config->instances[i].section->each)
            continue;
        for (char *const *row = env; row && *row; row++) {
            pl_err e = apply_env_row(&config->instances[i], *row, ret_error);
            if (e != PL_OK)
                return e;
        }
    }
    return PL_OK;
}

/* The sections that flags may set: the last single one, then [common]. */
static pl_cfg_instance *flag_section(pl_config *config, unsigned rank)
{
    for (size_t i = config->n_instances; i > 0; i--) {
        pl_cfg_instance *in = &config->instances[i - 1];
        if (in->section->each)
            continue;
        if (rank == 0 || strcmp(in->section->kind, "common") == 0)
            return in;
    }
    return NULL;
}

static pl_err apply_flag(pl_config *config, const char *flag,
                         pl_config_error *ret_error)
{
    const char *eq = strchr(flag, '=');
    size_t n = eq ? (size_t)(eq - flag) : strlen(flag);
    const pl_slice name = {.ptr = (const uint8_t *)flag, .len = n};
    char shown[128];
    pl_fmt_cut(shown, sizeof shown, "--%.*s", (int)(n > 100 ? 100 : n), flag);
    for (unsigned rank = 0; eq && rank < 2; rank++) {
        pl_cfg_instance *in = flag_section(config, rank);
        const pl_config_key *key =
            in ? pl_cfg_find_key(in->section, name) : NULL;
        if (key) {
            pl_cfg_origin origin = {.text = "flag"};
            return pl_cfg_set(in, key, pl_slice_str(eq + 1), &origin, shown,
                              ret_error);
        }
    }
    pl_fmt_cut(ret_error->text, sizeof ret_error->text, "%s: %s", shown,
               eq ? "unknown flag" : "needs a value: --key=value");
    return PL_ECONFIG;
}

/* --- the whole --- */

static pl_err read_file(const char *path, uint8_t **ret_text, size_t *ret_len,
                        pl_config_error *ret_error)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        pl_fmt_cut(ret_error->text, sizeof ret_error->text,
                   "%s: cannot be read: %s", path,
                   errno == ENOENT ? "no such file" : "no permission");
        return PL_ECONFIG;
    }
    uint8_t *text = malloc(PL_CFG_FILE_MAX + 1);
    size_t n = text ? fread(text, 1, PL_CFG_FILE_MAX + 1, f) : 0;
    bool failed = text && ferror(f) != 0;
    (void)fclose(f);
    if (!text)
        return PL_ENOMEM;
    if (failed || n > PL_CFG_FILE_MAX) {
        free(text);
        pl_fmt_cut(ret_error->text, sizeof ret_error->text, "%s: %s", path,
                   failed ? "cannot be read" : "larger than 1 MiB");
        return PL_ECONFIG;
    }
    *ret_text = text;
    *ret_len = n;
    return PL_OK;
}

static pl_err create(const pl_config_section *sections, size_t n,
                     pl_config **ret_config)
{
    pl_config *c = calloc(1, sizeof *c);
    if (!c)
        return PL_ENOMEM;
    c->sections = sections;
    c->n_sections = n;
    for (size_t i = 0; i < n; i++) {
        pl_cfg_instance *in = NULL;
        if (sections[i].each)
            continue;
        pl_err e = pl_cfg_add(c, &sections[i], pl_slice_str(""), "", &in);
        if (e != PL_OK) {
            pl_config_destroy(&c);
            return e;
        }
    }
    *ret_config = c;
    return PL_OK;
}

static pl_err finish(pl_config *c, pl_err e, pl_config **ret_config,
                     pl_config_error *ret_error)
{
    if (e == PL_OK)
        e = check_complete(c, ret_error);
    if (e != PL_OK) {
        pl_config_destroy(&c);
        if (e != PL_ECONFIG) { /* text was not filled */
            pl_fmt_cut(ret_error->text, sizeof ret_error->text, "%s",
                       pl_err_text(e));
        }
        return e == PL_EFULL ? PL_ECONFIG : e;
    }
    *ret_config = c;
    return PL_OK;
}

/* NOLINTNEXTLINE(readability-function-size): all that there is to read from */
pl_err pl_config_load(const pl_config_section *sections, size_t n,
                      const char *path, char *const *env,
                      const char *const *flags, size_t n_flags,
                      pl_config **ret_config, pl_config_error *ret_error)
{
    *ret_error = (pl_config_error){.text = ""};
    pl_config *c = NULL;
    pl_err e = create(sections, n, &c);
    uint8_t *text = NULL;
    size_t len = 0;
    if (e == PL_OK && path)
        e = read_file(path, &text, &len, ret_error);
    if (e == PL_OK && text)
        e = pl_cfg_parse(c, path, (pl_slice){text, len}, ret_error);
    free(text);
    if (e == PL_OK)
        e = apply_env(c, env, ret_error);
    for (size_t i = 0; e == PL_OK && i < n_flags; i++)
        e = apply_flag(c, flags[i], ret_error);
    return finish(c, e, ret_config, ret_error);
}

pl_err pl_config_load_text(const pl_config_section *sections, size_t n,
                           const char *name, pl_slice text,
                           pl_config **ret_config, pl_config_error *ret_error)
{
    *ret_error = (pl_config_error){.text = ""};
    pl_config *c = NULL;
    pl_err e = create(sections, n, &c);
    if (e == PL_OK) {
        e = pl_cfg_parse(c, name, text, ret_error);
    }
    return finish(c, e, ret_config, ret_error);
}

void pl_config_destroy(pl_config **config)
{
    if (!config || !*config)
        return;
    for (size_t i = 0; i < (*config)->n_instances; i++) {
        free((*config)->instances[i].values);
        free((*config)->instances[i].origins);
    }
    free((*config)->instances);
    free(*config);
    *config = NULL;
}

const void *pl_config_get(const pl_config *config, const char *kind)
{
    for (size_t i = 0; i < config->n_instances; i++) {
        const pl_cfg_instance *in = &config->instances[i];
        if (!in->section->each && strcmp(in->section->kind, kind) == 0)
            return in->values;
    }
    return NULL;
}

static pl_err judge_pair(const pl_cfg_instance *one,
                         const pl_cfg_instance *earlier,
                         pl_config_error *ret_error)
{
    char reason[256] = "";
    if (one->section != earlier->section || !one->section->pair)
        return PL_OK;
    pl_err e = one->section->pair(one->name, one->values, earlier->name,
                                  earlier->values, reason, sizeof reason);
    if (e != PL_OK) {
        pl_fmt_cut(ret_error->text, sizeof ret_error->text, "%s: [%s %s]: %s",
                   one->where, one->section->kind, one->name,
                   reason[0] ? reason : pl_err_text(e));
    }
    return e;
}

pl_err pl_config_pairs(const pl_config *config, pl_config_error *ret_error)
{
    pl_err e = PL_OK;
    for (size_t i = 0; i < config->n_instances; i++) {
        for (size_t k = 0; k < i && e == PL_OK; k++)
            e = judge_pair(&config->instances[i], &config->instances[k],
                           ret_error);
    }
    return e;
}

pl_err pl_config_each(const pl_config *config, const char *kind, void *ctx,
                      pl_config_error *ret_error)
{
    for (size_t i = 0; i < config->n_instances; i++) {
        const pl_cfg_instance *in = &config->instances[i];
        if (!in->section->each || strcmp(in->section->kind, kind) != 0)
            continue;
        char reason[256] = "";
        pl_err e =
            in->section->each(ctx, in->name, in->values, reason, sizeof reason);
        if (e != PL_OK) {
            pl_fmt_cut(ret_error->text, sizeof ret_error->text,
                       "%s: [%s %s]: %s", in->where, kind, in->name,
                       reason[0] ? reason : pl_err_text(e));
            return e;
        }
    }
    return PL_OK;
}
