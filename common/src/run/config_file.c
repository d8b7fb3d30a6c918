/* config_file.c - the lines of a configuration file. */
#include <string.h>

#include "pl/str.h"

#include "config_impl.h"

/* Every process's sections: a wrong head is found by whichever process reads
 * the file, and the others' sections are not an error. */
static const char *const KINDS[] = {"common", "roompool",  "api",
                                    "media",  "signaling", "room"};

typedef struct parser {
    pl_config *config;
    const char *file;
    unsigned line;
    bool has_section;
    pl_cfg_instance *instance; /* NULL: a section of another process */
    pl_config_error *error;
} parser;

static pl_err wrong(const parser *p, pl_slice what, const char *why)
{
    enum { SHOWN_MAX = 100 };
    pl_fmt_cut(p->error->text, sizeof p->error->text, "%s:%u: %.*s: %s",
               p->file, p->line,
               (int)(what.len > SHOWN_MAX ? SHOWN_MAX : what.len),
               (const char *)what.ptr, why);
    return PL_ECONFIG;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static pl_slice trim(pl_slice s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Split at the first `c`; *ret_rest is what follows it. */
static bool split(pl_slice s, uint8_t c, pl_slice *ret_head, pl_slice *ret_rest)
{
    const uint8_t *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;
    if (!at)
        return false;
    size_t n = (size_t)(at - s.ptr);
    *ret_head = trim((pl_slice){.ptr = s.ptr, .len = n});
    *ret_rest = trim((pl_slice){.ptr = at + 1, .len = s.len - n - 1});
    return true;
}

static bool is_known_kind(pl_slice kind)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (pl_slice_eq_str(kind, KINDS[i]))
            return true;
    }
    return false;
}

static const pl_config_section *find_section(const pl_config *config,
                                             pl_slice kind)
{
    for (size_t i = 0; i < config->n_sections; i++) {
        if (pl_slice_eq_str(kind, config->sections[i].kind))
            return &config->sections[i];
    }
    return NULL;
}

static bool is_name(pl_slice name)
{
    if (name.len == 0 || name.len > PL_CFG_NAME_MAX || !pl_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

static pl_err open_section(parser *p, const pl_config_section *section,
                           pl_slice name, pl_slice shown)
{
    p->instance = pl_cfg_find(p->config, section, name);
    if (!section->each) {
        if (name.len > 0)
            return wrong(p, shown, "this section takes no name");
        return PL_OK; /* made before the file was read */
    }
    if (!is_name(name))
        return wrong(p, shown, "a name of 1 to 64 bytes must follow the kind");
    if (p->instance) {
        char text[PL_CFG_ORIGIN_MAX + 32];
        pl_fmt_cut(text, sizeof text, "there is one already at %s",
                   p->instance->where);
        return wrong(p, shown, text);
    }
    char where[PL_CFG_ORIGIN_MAX];
    pl_fmt_cut(where, sizeof where, "%s:%u", p->file, p->line);
    pl_err e = pl_cfg_add(p->config, section, name, where, &p->instance);
    return e == PL_EFULL ? wrong(p, shown, "too many sections") : e;
}

static pl_err parse_head(parser *p, pl_slice line)
{
    if (line.ptr[line.len - 1] != ']')
        return wrong(p, line, "a section head ends with ]");
    pl_slice inner = trim((pl_slice){.ptr = line.ptr + 1, .len = line.len - 2});
    pl_slice kind = inner;
    pl_slice name = {.ptr = inner.ptr, .len = 0};
    (void)split(inner, ' ', &kind, &name);
    if (!is_known_kind(kind)) {
        return wrong(p, line,
                     "unknown section; known are common, roompool, api, "
                     "signaling, media, room NAME");
    }
    p->has_section = true;
    p->instance = NULL;
    const pl_config_section *section = find_section(p->config, kind);
    return section ? open_section(p, section, name, line) : PL_OK;
}

static pl_err parse_pair(parser *p, pl_slice line)
{
    pl_slice key = {0};
    pl_slice value = {0};
    if (!split(line, '=', &key, &value))
        return wrong(p, line, "neither `key = value` nor `[section]`");
    if (!p->has_section)
        return wrong(p, key, "comes before the first [section]");
    if (!p->instance)
        return PL_OK;
    const pl_config_key *k = pl_cfg_find_key(p->instance->section, key);
    if (!k) {
        char text[PL_CFG_NAME_MAX + 64];
        pl_fmt_cut(text, sizeof text, "unknown key in [%s]",
                   p->instance->section->kind);
        return wrong(p, key, text);
    }
    const pl_cfg_origin *before =
        &p->instance->origins[k - p->instance->section->keys];
    if (before->is_file) {
        char text[PL_CFG_ORIGIN_MAX + 32];
        pl_fmt_cut(text, sizeof text, "was set at %s already", before->text);
        return wrong(p, key, text);
    }
    pl_cfg_origin origin = {.is_file = true};
    pl_fmt_cut(origin.text, sizeof origin.text, "%s:%u", p->file, p->line);
    char shown[PL_CFG_ORIGIN_MAX + 72];
    pl_fmt_cut(shown, sizeof shown, "%s: %s", origin.text, k->name);
    return pl_cfg_set(p->instance, k, value, &origin, shown, p->error);
}

static pl_err parse_line(parser *p, pl_slice line)
{
    line = trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return PL_OK;
    return line.ptr[0] == '[' ? parse_head(p, line) : parse_pair(p, line);
}

pl_err pl_cfg_parse(pl_config *config, const char *file, pl_slice text,
                    pl_config_error *ret_error)
{
    parser p = {.config = config, .file = file, .error = ret_error};
    pl_slice rest = text;
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
        size_t n = end ? (size_t)(end - rest.ptr) : rest.len;
        p.line++;
        pl_err e = parse_line(&p, (pl_slice){.ptr = rest.ptr, .len = n});
        if (e != PL_OK)
            return e;
        size_t taken = end ? n + 1 : n;
        rest.ptr += taken;
        rest.len -= taken;
    }
    return PL_OK;
}
