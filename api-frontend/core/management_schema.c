/* management_schema.c - GET ../schema/: the table, for programs. */
#include <string.h>

#include "management_impl.h"

static const char *type_of(pl_mgmt_kind kind)
{
    switch (kind) {
    case PL_MGMT_KIND_INT: return "integer";
    case PL_MGMT_KIND_BOOL: return "boolean";
    case PL_MGMT_KIND_TIME: return "datetime";
    case PL_MGMT_KIND_STRS: return "list";
    case PL_MGMT_KIND_URI:
    case PL_MGMT_KIND_URIS:
    case PL_MGMT_KIND_ALIASES: return "related";
    case PL_MGMT_KIND_STR:
    case PL_MGMT_KIND_WORD:
    case PL_MGMT_KIND_PIN:
    case PL_MGMT_KIND_ROLE:
    case PL_MGMT_KIND_UUID:
    default: return "string";
    }
}

static const char *related_of(pl_mgmt_kind kind)
{
    return kind == PL_MGMT_KIND_URI ? "to_one" : "to_many";
}

/* No two objects of a resource have the same. */
static bool is_unique(const pl_mgmt_desc *desc, const pl_mgmt_field *field)
{
    bool is_id = strcmp(field->name, "id") == 0;
    bool is_name = strcmp(field->name, "name") == 0 ||
                   (strcmp(field->name, "alias") == 0 &&
                    desc->resource == PL_MGMT_RESOURCE_ALIAS);
    return is_id || (is_name && desc->is_writable);
}

/* words: separated by |. */
static void put_words(pl_jw *w, const char *key, const char *words)
{
    pl_jw_open(w, key, '[');
    while (*words) {
        size_t n = strcspn(words, "|");
        pl_jw_slice(w, NULL, (pl_slice){(const uint8_t *)words, n});
        words += n + (words[n] == '|' ? 1 : 0);
    }
    pl_jw_close(w, ']');
}

static void put_field(pl_jw *w, const pl_mgmt_desc *desc,
                      const pl_mgmt_field *field)
{
    bool must_be_given = field->preset[0] == '\0';
    pl_jw_open(w, field->name, '{');
    pl_jw_str(w, "type", type_of(field->kind));
    if (strcmp(type_of(field->kind), "related") == 0)
        pl_jw_str(w, "related_type", related_of(field->kind));
    pl_jw_bool(w, "nullable", field->is_nullable);
    pl_jw_bool(w, "blank", !must_be_given);
    pl_jw_bool(w, "readonly", field->access == PL_MGMT_ACCESS_RO);
    pl_jw_bool(w, "unique", is_unique(desc, field));
    pl_jw_str(w, "help_text", field->help);
    pl_jw_raw(w, "default",
              pl_slice_str(must_be_given ? "\"No default provided.\""
                                         : field->preset));
    if (field->kind == PL_MGMT_KIND_WORD)
        put_words(w, "valid_choices", field->words);
    if (field->kind == PL_MGMT_KIND_ROLE)
        put_words(w, "valid_choices", "chair|guest");
    pl_jw_close(w, '}');
}

static void put_filters(pl_jw *w, const pl_mgmt_desc *desc)
{
    pl_jw_open(w, "filtering", '{');
    for (size_t i = 0; i < desc->n_fields; i++) {
        const pl_mgmt_field *field = &desc->fields[i];
        if (!field->can_filter)
            continue;
        pl_jw_open(w, field->name, '[');
        for (int op = 0; op < PL_MGMT_OPERATOR_COUNT; op++) {
            if (pl_mgmt_operator_fits((pl_mgmt_operator)op, field->kind))
                pl_jw_str(w, NULL, pl_mgmt_operator_text((pl_mgmt_operator)op));
        }
        pl_jw_close(w, ']');
    }
    pl_jw_close(w, '}');
}

pl_err pl_management_ask_schema(pl_api_call *call, pl_answer *answer)
{
    enum { LIMIT_DEFAULT = 20 };
    const pl_mgmt_desc *desc = pl_management_desc(call);
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    pl_answer_json(answer, 200);
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    put_words(&w, "allowed_list_http_methods",
              desc->is_writable ? "get|post" : "get");
    put_words(&w, "allowed_detail_http_methods",
              desc->is_writable ? "get|put|patch|delete" : "get");
    pl_jw_str(&w, "default_format", "application/json");
    pl_jw_int(&w, "default_limit", LIMIT_DEFAULT);
    pl_jw_open(&w, "fields", '{');
    for (size_t i = 0; i < desc->n_fields; i++) {
        if (desc->fields[i].access != PL_MGMT_ACCESS_FILTER)
            put_field(&w, desc, &desc->fields[i]);
    }
    pl_jw_close(&w, '}');
    put_filters(&w, desc);
    pl_jw_close(&w, '}');
    return PL_OK;
}
