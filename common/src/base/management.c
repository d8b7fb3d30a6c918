/* management.c - descriptors of the management API's objects, expanded from
 * tables/management.def. */
#include "pl/management.h"

#include <string.h>

#define IS_NULLS  true
#define IS_VALUES false
#define IS_YES    true
#define IS_NO     false
#define IS_RW     true
#define IS_RO     false

#define ROW(field, k, s, a, nulls, filters, json, low, high, list, text)       \
    {                                                                          \
        .name = #field,                                                        \
        .kind = PL_MGMT_KIND_##k,                                              \
        .store = PL_MGMT_STORE_##s,                                            \
        .access = PL_MGMT_ACCESS_##a,                                          \
        .is_nullable = IS_##nulls,                                             \
        .can_filter = IS_##filters,                                            \
        .preset = (json),                                                      \
        .min = (low),                                                          \
        .max = (high),                                                         \
        .words = (list),                                                       \
        .help = (text),                                                        \
    },

#define FIELDS(NAME, area, title, table, access)                               \
    static const pl_mgmt_field NAME##_FIELDS[] = {PL_MGMT_##NAME##_FIELDS(ROW)};
PL_MGMT_RESOURCES(FIELDS)

#define DESC(NAME, area, title, table, access)                                 \
    {                                                                          \
        .resource = PL_MGMT_RESOURCE_##NAME,                                   \
        .api = (area),                                                         \
        .name = (title),                                                       \
        .view = (table),                                                       \
        .is_writable = IS_##access,                                            \
        .fields = NAME##_FIELDS,                                               \
        .n_fields = sizeof NAME##_FIELDS / sizeof NAME##_FIELDS[0],            \
    },
static const pl_mgmt_desc DESCS[] = {PL_MGMT_RESOURCES(DESC)};
enum { N_DESCS = sizeof DESCS / sizeof DESCS[0] };

#define OPERATOR(name, text, kinds) {(text), (#kinds)[0]},
static const struct {
    const char *text;
    char kinds;
} OPERATORS[] = {PL_MGMT_OPERATORS(OPERATOR)};

const pl_mgmt_desc *pl_mgmt_desc_of(uint32_t resource)
{
    for (size_t i = 0; i < N_DESCS; i++) {
        if (DESCS[i].resource == resource)
            return &DESCS[i];
    }
    return NULL;
}

const pl_mgmt_desc *pl_mgmt_desc_at(size_t i)
{
    return i < N_DESCS ? &DESCS[i] : NULL;
}

const pl_mgmt_field *pl_mgmt_field_find(const pl_mgmt_desc *desc, pl_slice name)
{
    for (size_t i = 0; i < desc->n_fields; i++) {
        if (pl_slice_eq_str(name, desc->fields[i].name))
            return &desc->fields[i];
    }
    return NULL;
}

bool pl_mgmt_has_word(const char *words, pl_slice text)
{
    while (words && *words) {
        size_t n = strcspn(words, "|");
        if (pl_slice_eq(text, (pl_slice){(const uint8_t *)words, n}))
            return true;
        words += n + (words[n] == '|' ? 1 : 0);
    }
    return false;
}

pl_mgmt_operator pl_mgmt_operator_find(pl_slice text)
{
    for (int i = 0; i < PL_MGMT_OPERATOR_COUNT; i++) {
        if (pl_slice_eq_str(text, OPERATORS[i].text))
            return (pl_mgmt_operator)i;
    }
    return PL_MGMT_OPERATOR_COUNT;
}

const char *pl_mgmt_operator_text(pl_mgmt_operator op)
{
    return op < PL_MGMT_OPERATOR_COUNT ? OPERATORS[op].text : "";
}

bool pl_mgmt_operator_fits(pl_mgmt_operator op, pl_mgmt_kind kind)
{
    if (op >= PL_MGMT_OPERATOR_COUNT)
        return false;
    if (kind == PL_MGMT_KIND_BOOL)
        return op == PL_MGMT_EXACT || op == PL_MGMT_IN || op == PL_MGMT_ISNULL;
    bool is_text = kind == PL_MGMT_KIND_STR || kind == PL_MGMT_KIND_WORD ||
                   kind == PL_MGMT_KIND_UUID;
    return OPERATORS[op].kinds == 'A' || is_text;
}
