/* management_show.c - objects of roompool as the API shows them. */
#include "management_impl.h"

enum { ID_MAX = 64 };

static void show_raw(pl_jw *w, const char *key, const pl_json *value)
{
    if (!value) {
        pl_jw_null(w, key);
        return;
    }
    pl_jw_raw(w, key, (pl_slice){NULL, 0});
    if (pl_json_dump(value, w->out))
        w->out->has_failed = true;
}

static void show_bool(pl_jw *w, const char *key, const pl_json *value)
{
    int64_t number = 0;
    bool flag = false;
    if (pl_json_as_bool(value, &flag))
        flag = pl_json_as_i64(value, &number) == PL_OK && number != 0;
    pl_jw_bool(w, key, flag);
}

/* "2026-02-11T18:04:05.121000": microseconds, no zone (it is UTC). */
static void show_time(pl_jw *w, const char *key, const pl_json *value)
{
    enum { TO_MS = 23 };
    char text[40];
    pl_slice iso;
    if (pl_json_as_str(value, &iso) || iso.len < TO_MS) {
        pl_jw_null(w, key);
        return;
    }
    pl_fmt_cut(text, sizeof text, "%.*s000", TO_MS, (const char *)iso.ptr);
    pl_jw_str(w, key, text);
}

static void show_role(pl_jw *w, const char *key, const pl_json *value)
{
    pl_slice role;
    bool is_host =
        !pl_json_as_str(value, &role) && pl_slice_eq_str(role, "host");
    pl_jw_str(w, key, is_host ? "chair" : "guest");
}

/* A number or UUID as the path of its object; neither: null. */
static void show_uri(pl_jw *w, const char *key, const pl_mgmt_desc *target,
                     const pl_json *value)
{
    char uri[PL_MANAGEMENT_URI_MAX];
    char id[ID_MAX + 1];
    int64_t number = 0;
    pl_slice text;
    if (!pl_json_as_i64(value, &number)) {
        pl_fmt_cut(id, sizeof id, "%lld", (long long)number);
    } else if (pl_json_as_str(value, &text) || text.len == 0 ||
               pl_copy(id, sizeof id, text)) {
        pl_jw_null(w, key);
        return;
    }
    pl_management_uri(target, id, uri);
    pl_jw_str(w, key, uri);
}

/* An object of which there is no more than what names it. */
static void show_reference(pl_jw *w, const pl_mgmt_desc *target,
                           const pl_json *id)
{
    pl_jw_open(w, NULL, '{');
    show_raw(w, "id", id);
    show_uri(w, "resource_uri", target, id);
    pl_jw_close(w, '}');
}

static void show_nested(pl_jw *w, const pl_mgmt_field *field,
                        const pl_json *value)
{
    const pl_mgmt_desc *target =
        pl_mgmt_desc_of(pl_mgmt_resource_find(field->words));
    pl_jw_open(w, field->name, '[');
    for (size_t i = 0; i < pl_json_count(value); i++) {
        const pl_json *item = pl_json_at(value, i);
        if (target) {
            show_reference(w, target, item);
            continue;
        }
        pl_jw_open(w, NULL, '{');
        show_raw(w, "name", item);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void show_uris(pl_jw *w, const pl_mgmt_field *field,
                      const pl_json *value)
{
    const pl_mgmt_desc *target =
        pl_mgmt_desc_of(pl_mgmt_resource_find(field->words));
    pl_jw_open(w, field->name, '[');
    for (size_t i = 0; i < pl_json_count(value); i++)
        show_uri(w, NULL, target, pl_json_at(value, i));
    pl_jw_close(w, ']');
}

/* The aliases of a conference as objects of conference_alias, which they are
 * but for the conference that they are in. */
static void show_aliases(pl_jw *w, const pl_mgmt_field *field,
                         const pl_json *value, const pl_mgmt_desc *desc,
                         const pl_json *object)
{
    const pl_mgmt_desc *alias = pl_mgmt_desc_of(PL_MGMT_RESOURCE_ALIAS);
    pl_jw_open(w, field->name, '[');
    for (size_t i = 0; i < pl_json_count(value); i++) {
        const pl_json *item = pl_json_at(value, i);
        pl_jw_open(w, NULL, '{');
        show_raw(w, "id", pl_json_get(item, "id"));
        show_uri(w, "resource_uri", alias, pl_json_get(item, "id"));
        show_raw(w, "alias", pl_json_get(item, "alias"));
        show_uri(w, "conference", desc, pl_json_get(object, "id"));
        show_raw(w, "description", pl_json_get(item, "description"));
        show_time(w, "creation_time", pl_json_get(item, "creation_time"));
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

static void show_value(pl_jw *w, const pl_mgmt_desc *desc,
                       const pl_mgmt_field *field, const pl_json *value,
                       const pl_json *object)
{
    switch (field->kind) {
    case PL_MGMT_KIND_BOOL: show_bool(w, field->name, value); break;
    case PL_MGMT_KIND_TIME: show_time(w, field->name, value); break;
    case PL_MGMT_KIND_ROLE: show_role(w, field->name, value); break;
    case PL_MGMT_KIND_URI:
        show_uri(w, field->name,
                 pl_mgmt_desc_of(pl_mgmt_resource_find(field->words)), value);
        break;
    case PL_MGMT_KIND_URIS: show_uris(w, field, value); break;
    case PL_MGMT_KIND_ALIASES:
        show_aliases(w, field, value, desc, object);
        break;
    case PL_MGMT_KIND_INT:
    case PL_MGMT_KIND_STR:
    case PL_MGMT_KIND_WORD:
    case PL_MGMT_KIND_PIN:
    case PL_MGMT_KIND_UUID:
    case PL_MGMT_KIND_STRS:
    default: show_raw(w, field->name, value); break;
    }
}

/* What stands for a value that is not there: null where that is one. */
static const char *nothing_of(const pl_mgmt_field *field, const pl_json *value)
{
    bool is_list = field->kind == PL_MGMT_KIND_STRS ||
                   field->kind == PL_MGMT_KIND_URIS ||
                   field->kind == PL_MGMT_KIND_ALIASES;
    if (is_list)
        return "[]";
    if (value && field->is_nullable)
        return "null";
    return field->preset[0] ? field->preset : "\"\"";
}

/* Which lists newer clients read as lists of objects. */
static bool can_nest(const pl_mgmt_desc *desc, const pl_mgmt_field *field)
{
    return (desc->resource == PL_MGMT_RESOURCE_CONFERENCE &&
            field->kind == PL_MGMT_KIND_URIS) ||
           (desc->resource == PL_MGMT_RESOURCE_EVENT_SINK &&
            field->kind == PL_MGMT_KIND_STRS);
}

void pl_management_show(pl_jw *w, const pl_mgmt_desc *desc,
                        const pl_json *object, bool is_nested)
{
    pl_jw_open(w, NULL, '{');
    for (size_t i = 0; i < desc->n_fields; i++) {
        const pl_mgmt_field *field = &desc->fields[i];
        const pl_json *value = field->store == PL_MGMT_STORE_FIXED
                                   ? NULL
                                   : pl_json_get(object, field->name);
        if (field->access == PL_MGMT_ACCESS_WO ||
            field->access == PL_MGMT_ACCESS_FILTER)
            continue;
        if (field->store == PL_MGMT_STORE_MADE) {
            show_uri(w, field->name, desc, pl_json_get(object, "id"));
        } else if (!value || pl_json_is_null(value)) {
            pl_jw_raw(w, field->name, pl_slice_str(nothing_of(field, value)));
        } else if (is_nested && can_nest(desc, field)) {
            show_nested(w, field, value);
        } else {
            show_value(w, desc, field, value, object);
        }
    }
    pl_jw_close(w, '}');
}
