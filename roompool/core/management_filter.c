/* management_filter.c - see management_filter.h. */
#include "management_filter.h"

#include <string.h>

#include "management_value.h"
#include "pl/str.h"

enum {
    WHERE_MAX = 262144,
    FIELD_MAX = 64 /* bytes of a field's name */
};

void pl_mgmt_add_value(pl_buf *sql, const pl_mgmt_field *f)
{
    if (f->store == PL_MGMT_STORE_SETTING) {
        pl_buf_add_fmt(sql,
                       "json_extract(coalesce((SELECT s.value FROM "
                       "room_settings s WHERE s.room_no = v.id AND s.field = "
                       "'%s'), '%s'), '$')",
                       f->name, f->preset);
    } else {
        pl_buf_add_fmt(sql, "v.%s", f->name);
    }
}

typedef struct filter {
    const pl_mgmt_field *field;
    pl_slice name, value;
    const struct operator_sql *op;
} filter;

static pl_err wrong(pl_mgmt_where *b, const filter *f, const char *why)
{
    char name[FIELD_MAX + 1] = "filter";
    if (f->field)
        pl_fmt_cut(name, sizeof name, "%s", f->field->name);
    pl_fmt_cut(b->fault, PL_MGMT_FAULT_MAX, "%s: %s", name, why);
    return PL_EINVAL;
}

static pl_err add_value(pl_mgmt_where *b, const filter *f,
                        const pl_sql_value *value, unsigned *ret_place)
{
    pl_management_sql *s = b->sql;
    if (s->n_values == PL_MGMT_VALUES_MAX)
        return wrong(b, f, "too many values");
    s->values[s->n_values++] = *value;
    *ret_place = (unsigned)s->n_values;
    return PL_OK;
}

/* A value as the field's kind wants it. */
static pl_err add_typed(pl_mgmt_where *b, const filter *f, pl_slice text,
                        unsigned *ret_place)
{
    pl_sql_value value;
    if (pl_mgmt_value(f->field->kind, f->field->words, text, &value))
        return wrong(b, f, "a value of another type");
    return add_value(b, f, &value, ret_place);
}

/* A text made of the value; borrowed from texts, which does not move. */
static pl_err add_made(pl_mgmt_where *b, const filter *f, const char *before,
                       const char *after, bool is_pattern, unsigned *ret_place)
{
    pl_buf *texts = &b->sql->texts;
    size_t start = texts->len;
    pl_buf_add_str(texts, before);
    for (size_t i = 0; i < f->value.len; i++) {
        uint8_t c = f->value.ptr[i];
        if (is_pattern && (c == '%' || c == '_' || c == '\\'))
            pl_buf_add_str(texts, "\\");
        pl_buf_add(texts, &c, 1);
    }
    pl_buf_add_str(texts, after);
    if (texts->has_failed)
        return PL_ENOMEM;
    const pl_sql_value value = {
        .kind = PL_SQL_TEXT,
        .text = {(const uint8_t *)texts->ptr + start, texts->len - start}};
    return add_value(b, f, &value, ret_place);
}

typedef enum shape {
    SHAPE_COMPARE,  /* C <op> value */
    SHAPE_PATTERN,  /* LIKE, with what stands before and after the value */
    SHAPE_CONTAINS, /* the same for letters as they are */
    SHAPE_STARTS,
    SHAPE_ENDS,
    SHAPE_IN,
    SHAPE_RANGE,
    SHAPE_NULL
} shape;

static const struct operator_sql {
    shape shape;
    const char *before, *after; /* of the value; or what compares */
} OPERATORS[PL_MGMT_OPERATOR_COUNT] = {
    [PL_MGMT_EXACT] = {SHAPE_COMPARE, "=", ""},
    [PL_MGMT_IEXACT] = {SHAPE_PATTERN, "", ""},
    [PL_MGMT_CONTAINS] = {SHAPE_CONTAINS, "", ""},
    [PL_MGMT_ICONTAINS] = {SHAPE_PATTERN, "%", "%"},
    [PL_MGMT_STARTSWITH] = {SHAPE_STARTS, "", "\xff"},
    [PL_MGMT_ISTARTSWITH] = {SHAPE_PATTERN, "", "%"},
    [PL_MGMT_ENDSWITH] = {SHAPE_ENDS, "", ""},
    [PL_MGMT_IENDSWITH] = {SHAPE_PATTERN, "%", ""},
    [PL_MGMT_IN] = {SHAPE_IN, "", ""},
    [PL_MGMT_GT] = {SHAPE_COMPARE, ">", ""},
    [PL_MGMT_GTE] = {SHAPE_COMPARE, ">=", ""},
    [PL_MGMT_LT] = {SHAPE_COMPARE, "<", ""},
    [PL_MGMT_LTE] = {SHAPE_COMPARE, "<=", ""},
    [PL_MGMT_RANGE] = {SHAPE_RANGE, "", ""},
    [PL_MGMT_ISNULL] = {SHAPE_NULL, "", ""},
};

static pl_err add_compare(pl_mgmt_where *b, const filter *f, const char *column)
{
    unsigned place;
    pl_err e = add_typed(b, f, f->value, &place);
    if (!e)
        pl_buf_add_fmt(&b->text, "%s %s ?%u", column, f->op->before, place);
    return e;
}

static pl_err add_pattern(pl_mgmt_where *b, const filter *f, const char *column)
{
    unsigned place;
    pl_err e = add_made(b, f, f->op->before, f->op->after, true, &place);
    if (!e)
        pl_buf_add_fmt(&b->text, "%s LIKE ?%u ESCAPE '\\'", column, place);
    return e;
}

static pl_err add_contains(pl_mgmt_where *b, const filter *f,
                           const char *column)
{
    unsigned place;
    pl_err e = add_typed(b, f, f->value, &place);
    if (!e)
        pl_buf_add_fmt(&b->text, "instr(%s, ?%u) > 0", column, place);
    return e;
}

/* As a range, which an index serves: no text in UTF-8 has the byte 0xff. */
static pl_err add_starts(pl_mgmt_where *b, const filter *f, const char *column)
{
    unsigned low;
    unsigned high;
    pl_err e = add_typed(b, f, f->value, &low);
    if (!e)
        e = add_made(b, f, "", f->op->after, false, &high);
    if (!e) {
        pl_buf_add_fmt(&b->text, "%s >= ?%u AND %s < ?%u", column, low, column,
                       high);
    }
    return e;
}

static pl_err add_ends(pl_mgmt_where *b, const filter *f, const char *column)
{
    unsigned place;
    if (f->value.len == 0) {
        pl_buf_add_fmt(&b->text, "%s IS NOT NULL", column);
        return PL_OK;
    }
    pl_err e = add_typed(b, f, f->value, &place);
    if (!e) {
        pl_buf_add_fmt(&b->text, "substr(%s, -length(?%u)) = ?%u", column,
                       place, place);
    }
    return e;
}

/* The next of values that commas separate; rest.ptr NULL after the last. */
static pl_slice next_value(pl_slice *rest)
{
    const uint8_t *comma =
        rest->len > 0 ? memchr(rest->ptr, ',', rest->len) : NULL;
    pl_slice value = *rest;
    if (!comma) {
        *rest = (pl_slice){NULL, 0};
        return value;
    }
    value.len = (size_t)(comma - rest->ptr);
    *rest = (pl_slice){comma + 1, rest->len - value.len - 1};
    return value;
}

static pl_err add_in(pl_mgmt_where *b, const filter *f, const char *column)
{
    pl_slice rest = f->value;
    const char *between = "";
    pl_buf_add_fmt(&b->text, "%s IN (", column);
    do {
        unsigned place;
        pl_err e = add_typed(b, f, next_value(&rest), &place);
        if (e)
            return e;
        pl_buf_add_fmt(&b->text, "%s?%u", between, place);
        between = ", ";
    } while (rest.ptr);
    pl_buf_add_str(&b->text, ")");
    return PL_OK;
}

static pl_err add_range(pl_mgmt_where *b, const filter *f, const char *column)
{
    pl_slice rest = f->value;
    const pl_slice first = next_value(&rest);
    unsigned low;
    unsigned high;
    if (!rest.ptr)
        return wrong(b, f, "range needs two values");
    const pl_slice last = next_value(&rest);
    if (rest.ptr)
        return wrong(b, f, "range needs two values");
    pl_err e = add_typed(b, f, first, &low);
    if (!e)
        e = add_typed(b, f, last, &high);
    if (!e)
        pl_buf_add_fmt(&b->text, "%s BETWEEN ?%u AND ?%u", column, low, high);
    return e;
}

/* Whether the value of isnull says so. Errors: PL_EINVAL. */
static pl_err read_null(pl_mgmt_where *b, const filter *f, bool *ret_is_null)
{
    pl_sql_value value;
    if (pl_mgmt_value(PL_MGMT_KIND_BOOL, "", f->value, &value))
        return wrong(b, f, "isnull is 0 or 1");
    *ret_is_null = value.number != 0;
    return PL_OK;
}

static pl_err add_null(pl_mgmt_where *b, const filter *f, const char *column)
{
    bool is_null;
    pl_err e = read_null(b, f, &is_null);
    if (!e) {
        pl_buf_add_fmt(&b->text, "%s %s", column,
                       is_null ? "IS NULL" : "IS NOT NULL");
    }
    return e;
}

static pl_err (*const SHAPES[])(pl_mgmt_where *, const filter *,
                                const char *) = {
    [SHAPE_COMPARE] = add_compare,   [SHAPE_PATTERN] = add_pattern,
    [SHAPE_CONTAINS] = add_contains, [SHAPE_STARTS] = add_starts,
    [SHAPE_ENDS] = add_ends,         [SHAPE_IN] = add_in,
    [SHAPE_RANGE] = add_range,       [SHAPE_NULL] = add_null,
};

/* aliases__alias: one of the aliases is so; isnull: there is none. */
static pl_err add_linked(pl_mgmt_where *b, const filter *f)
{
    bool is_null = false;
    if (f->op->shape == SHAPE_NULL) {
        pl_err e = read_null(b, f, &is_null);
        pl_buf_add_fmt(&b->text,
                       "v.id %sIN (SELECT l.conference FROM "
                       "m_conference_alias l)",
                       is_null ? "NOT " : "");
        return e;
    }
    pl_buf_add_str(&b->text, "v.id IN (SELECT l.conference FROM "
                             "m_conference_alias l WHERE ");
    pl_err e = SHAPES[f->op->shape](b, f, "l.alias");
    pl_buf_add_str(&b->text, ")");
    return e;
}

static pl_err add_filter(pl_mgmt_where *b, const filter *f)
{
    pl_buf column;
    pl_buf_add_str(&b->text, b->text.len == 0 ? " WHERE " : " AND ");
    if (f->field->store == PL_MGMT_STORE_LINKED)
        return add_linked(b, f);
    pl_buf_init(&column, WHERE_MAX);
    pl_mgmt_add_value(&column, f->field);
    pl_err e = column.has_failed
                   ? PL_ENOMEM
                   : SHAPES[f->op->shape](b, f, pl_buf_text(&column));
    pl_buf_fini(&column);
    return e;
}

/* The next text that a NUL ends. Errors: PL_EINVAL there is none. */
static pl_err next_text(pl_slice *rest, pl_slice *ret_text)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->ptr, 0, rest->len) : NULL;
    if (!end)
        return PL_EINVAL;
    *ret_text = (pl_slice){rest->ptr, (size_t)(end - rest->ptr)};
    *rest = (pl_slice){end + 1, rest->len - ret_text->len - 1};
    return PL_OK;
}

bool pl_mgmt_is_filterable(const pl_mgmt_field *f)
{
    return f && f->can_filter && f->access != PL_MGMT_ACCESS_WO &&
           (f->store == PL_MGMT_STORE_COLUMN ||
            f->store == PL_MGMT_STORE_SETTING ||
            f->store == PL_MGMT_STORE_LINKED);
}

static pl_err add_next(pl_mgmt_where *b, pl_slice *rest)
{
    filter f = {.field = NULL};
    pl_slice name;
    if (next_text(rest, &f.name) || next_text(rest, &name) ||
        next_text(rest, &f.value))
        return wrong(b, &f, "not field, operator and value");
    if (!pl_is_utf8(f.value))
        return wrong(b, &f, "not UTF-8");
    f.field = pl_mgmt_field_find(b->desc, f.name);
    if (!pl_mgmt_is_filterable(f.field)) {
        f.field = NULL;
        return wrong(b, &f, "not a field that filters");
    }
    const pl_mgmt_operator op =
        name.len == 0 ? PL_MGMT_EXACT : pl_mgmt_operator_find(name);
    if (!pl_mgmt_operator_fits(op, f.field->kind))
        return wrong(b, &f, "not an operator of this field");
    f.op = &OPERATORS[op];
    return add_filter(b, &f);
}

pl_err pl_mgmt_add_filters(pl_mgmt_where *b, pl_slice filters)
{
    for (unsigned n = 0; filters.len > 0; n++) {
        pl_err e = n == PL_MGMT_FILTERS_MAX
                       ? wrong(b, &(filter){.field = NULL}, "too many")
                       : add_next(b, &filters);
        if (e)
            return e;
    }
    return PL_OK;
}

pl_err pl_mgmt_add_id(pl_mgmt_where *b, const char *id)
{
    const filter f = {.field = pl_mgmt_field_find(b->desc, pl_slice_str("id")),
                      .value = pl_slice_str(id),
                      .op = &OPERATORS[PL_MGMT_EXACT]};
    return add_filter(b, &f);
}

pl_err pl_mgmt_add_number(pl_mgmt_where *b, uint32_t number,
                          unsigned *ret_place)
{
    const pl_sql_value value = {.kind = PL_SQL_INT, .number = number};
    return add_value(b, &(filter){.field = NULL}, &value, ret_place);
}
