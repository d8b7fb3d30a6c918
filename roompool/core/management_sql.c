/* management_sql.c - see management_sql.h.
 *
 * A page is read in three steps: how many match, the keys of the page, then
 * each object by its key. So lists inside of objects are made for those only
 * that are shown. */
#include "management_sql.h"

#include <string.h>

#include "management_value.h"
#include "pl/management.h"
#include "pl/str.h"

enum {
    SQL_MAX = 262144,
    TEXTS_MAX = 65536,
    FIELD_MAX = 64 /* bytes of a field's name */
};

/* ---- values and lists ---- */

/* Lists in objects, where the database has rows. */
static const struct list_sql {
    const char *view, *field, *sql;
} LISTS[] = {
    {"m_conference", "aliases",
     "(SELECT json_group_array(json_object('id', a.id, 'alias', a.alias, "
     "'description', a.description, 'creation_time', a.creation_time)) FROM "
     "(SELECT * FROM m_conference_alias WHERE conference = v.id ORDER BY id) "
     "a)"},
    {"m_conference", "automatic_participants",
     "(SELECT json_group_array(a.auto_no) FROM (SELECT auto_no FROM "
     "automatic_participant_rooms WHERE room_no = v.id ORDER BY auto_no) a)"},
    {"m_automatic_participant", "conference",
     "(SELECT json_group_array(a.room_no) FROM (SELECT room_no FROM "
     "automatic_participant_rooms WHERE auto_no = v.id ORDER BY room_no) a)"},
    {"m_event_sink", "events", "json(v.events)"},
};

static const char *list_of(const pl_mgmt_desc *r, const pl_mgmt_field *f)
{
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        if (strcmp(LISTS[i].view, r->view) == 0 &&
            strcmp(LISTS[i].field, f->name) == 0)
            return LISTS[i].sql;
    }
    return NULL;
}

/* What stands for a field's value: a column, or the setting, with its preset
 * where there is no row. */
static void add_value_sql(pl_buf *sql, const pl_mgmt_field *f)
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

/* ---- filters ---- */

typedef struct builder {
    pl_management_sql *sql;
    const pl_mgmt_desc *resource;
    pl_buf where;
    char *fault;
} builder;

typedef struct filter {
    const pl_mgmt_field *field;
    pl_slice name, value;
    const struct operator_sql *op;
} filter;

static pl_err wrong(builder *b, const filter *f, const char *why)
{
    char name[FIELD_MAX + 1] = "filter";
    if (f->field)
        pl_fmt_cut(name, sizeof name, "%s", f->field->name);
    pl_fmt_cut(b->fault, PL_MGMT_FAULT_MAX, "%s: %s", name, why);
    return PL_EINVAL;
}

static pl_err add_value(builder *b, const filter *f, const pl_sql_value *value,
                        unsigned *ret_place)
{
    pl_management_sql *s = b->sql;
    if (s->n_values == PL_MGMT_VALUES_MAX)
        return wrong(b, f, "too many values");
    s->values[s->n_values++] = *value;
    *ret_place = (unsigned)s->n_values;
    return PL_OK;
}

/* A value as the field's kind wants it. */
static pl_err add_typed(builder *b, const filter *f, pl_slice text,
                        unsigned *ret_place)
{
    pl_sql_value value;
    if (pl_mgmt_value(f->field->kind, f->field->words, text, &value))
        return wrong(b, f, "a value of another type");
    return add_value(b, f, &value, ret_place);
}

/* A text made of the value; borrowed from texts, which does not move. */
static pl_err add_made(builder *b, const filter *f, const char *before,
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

static pl_err add_compare(builder *b, const filter *f, const char *column)
{
    unsigned place;
    pl_err e = add_typed(b, f, f->value, &place);
    if (!e)
        pl_buf_add_fmt(&b->where, "%s %s ?%u", column, f->op->before, place);
    return e;
}

static pl_err add_pattern(builder *b, const filter *f, const char *column)
{
    unsigned place;
    pl_err e = add_made(b, f, f->op->before, f->op->after, true, &place);
    if (!e)
        pl_buf_add_fmt(&b->where, "%s LIKE ?%u ESCAPE '\\'", column, place);
    return e;
}

static pl_err add_contains(builder *b, const filter *f, const char *column)
{
    unsigned place;
    pl_err e = add_typed(b, f, f->value, &place);
    if (!e)
        pl_buf_add_fmt(&b->where, "instr(%s, ?%u) > 0", column, place);
    return e;
}

/* As a range, which an index serves: no text in UTF-8 has the byte 0xff. */
static pl_err add_starts(builder *b, const filter *f, const char *column)
{
    unsigned low;
    unsigned high;
    pl_err e = add_typed(b, f, f->value, &low);
    if (!e)
        e = add_made(b, f, "", f->op->after, false, &high);
    if (!e)
        pl_buf_add_fmt(&b->where, "%s >= ?%u AND %s < ?%u", column, low, column,
                       high);
    return e;
}

static pl_err add_ends(builder *b, const filter *f, const char *column)
{
    unsigned place;
    if (f->value.len == 0) {
        pl_buf_add_fmt(&b->where, "%s IS NOT NULL", column);
        return PL_OK;
    }
    pl_err e = add_typed(b, f, f->value, &place);
    if (!e)
        pl_buf_add_fmt(&b->where, "substr(%s, -length(?%u)) = ?%u", column,
                       place, place);
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

static pl_err add_in(builder *b, const filter *f, const char *column)
{
    pl_slice rest = f->value;
    const char *between = "";
    pl_buf_add_fmt(&b->where, "%s IN (", column);
    do {
        unsigned place;
        pl_err e = add_typed(b, f, next_value(&rest), &place);
        if (e)
            return e;
        pl_buf_add_fmt(&b->where, "%s?%u", between, place);
        between = ", ";
    } while (rest.ptr);
    pl_buf_add_str(&b->where, ")");
    return PL_OK;
}

static pl_err add_range(builder *b, const filter *f, const char *column)
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
        pl_buf_add_fmt(&b->where, "%s BETWEEN ?%u AND ?%u", column, low, high);
    return e;
}

/* Whether the value of isnull says so. Errors: PL_EINVAL. */
static pl_err read_null(builder *b, const filter *f, bool *ret_is_null)
{
    pl_sql_value value;
    if (pl_mgmt_value(PL_MGMT_KIND_BOOL, "", f->value, &value))
        return wrong(b, f, "isnull is 0 or 1");
    *ret_is_null = value.number != 0;
    return PL_OK;
}

static pl_err add_null(builder *b, const filter *f, const char *column)
{
    bool is_null;
    pl_err e = read_null(b, f, &is_null);
    if (!e)
        pl_buf_add_fmt(&b->where, "%s %s", column,
                       is_null ? "IS NULL" : "IS NOT NULL");
    return e;
}

static pl_err (*const SHAPES[])(builder *, const filter *, const char *) = {
    [SHAPE_COMPARE] = add_compare,   [SHAPE_PATTERN] = add_pattern,
    [SHAPE_CONTAINS] = add_contains, [SHAPE_STARTS] = add_starts,
    [SHAPE_ENDS] = add_ends,         [SHAPE_IN] = add_in,
    [SHAPE_RANGE] = add_range,       [SHAPE_NULL] = add_null,
};

/* aliases__alias: one of the aliases is so; isnull: there is none. */
static pl_err add_linked(builder *b, const filter *f)
{
    bool is_null = false;
    if (f->op->shape == SHAPE_NULL) {
        pl_err e = read_null(b, f, &is_null);
        pl_buf_add_fmt(&b->where,
                       "v.id %sIN (SELECT l.conference FROM "
                       "m_conference_alias l)",
                       is_null ? "NOT " : "");
        return e;
    }
    pl_buf_add_str(&b->where, "v.id IN (SELECT l.conference FROM "
                              "m_conference_alias l WHERE ");
    pl_err e = SHAPES[f->op->shape](b, f, "l.alias");
    pl_buf_add_str(&b->where, ")");
    return e;
}

static pl_err add_filter(builder *b, const filter *f)
{
    pl_buf column;
    pl_buf_add_str(&b->where, b->where.len == 0 ? " WHERE " : " AND ");
    if (f->field->store == PL_MGMT_STORE_LINKED)
        return add_linked(b, f);
    pl_buf_init(&column, SQL_MAX);
    add_value_sql(&column, f->field);
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

static bool is_filterable(const pl_mgmt_field *f)
{
    return f && f->can_filter && f->access != PL_MGMT_ACCESS_WO &&
           (f->store == PL_MGMT_STORE_COLUMN ||
            f->store == PL_MGMT_STORE_SETTING ||
            f->store == PL_MGMT_STORE_LINKED);
}

static pl_err add_next(builder *b, pl_slice *rest)
{
    filter f = {.field = NULL};
    pl_slice name;
    if (next_text(rest, &f.name) || next_text(rest, &name) ||
        next_text(rest, &f.value))
        return wrong(b, &f, "not field, operator and value");
    if (!pl_is_utf8(f.value))
        return wrong(b, &f, "not UTF-8");
    f.field = pl_mgmt_field_find(b->resource, f.name);
    if (!is_filterable(f.field)) {
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

static pl_err add_filters(builder *b, pl_slice filters)
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

static pl_err add_id(builder *b, const char *id)
{
    const filter f = {.field =
                          pl_mgmt_field_find(b->resource, pl_slice_str("id")),
                      .value = pl_slice_str(id),
                      .op = &OPERATORS[PL_MGMT_EXACT]};
    return add_filter(b, &f);
}

/* ---- the statements ---- */

static pl_err add_order(builder *b, const char *order)
{
    bool is_falling = order[0] == '-';
    const pl_mgmt_field *f = pl_mgmt_field_find(
        b->resource, pl_slice_str(is_falling ? order + 1 : order));
    pl_buf *sql = &b->sql->keys;
    bool is_plain = f && f->store == PL_MGMT_STORE_COLUMN &&
                    f->access != PL_MGMT_ACCESS_WO &&
                    !pl_mgmt_kind_is_list(f->kind);
    if (!is_plain && (!is_filterable(f) || f->store == PL_MGMT_STORE_LINKED)) {
        pl_fmt_cut(b->fault, PL_MGMT_FAULT_MAX,
                   "order: not a field that "
                   "orders");
        return PL_EINVAL;
    }
    bool is_id = strcmp(f->name, "id") == 0;
    /* What filters is better looked up than what orders: + takes the index of
     * ids out of the choice. */
    pl_buf_add_str(sql,
                   is_id && b->where.len > 0 ? " ORDER BY +" : " ORDER BY ");
    add_value_sql(sql, f);
    if (is_falling)
        pl_buf_add_str(sql, " DESC");
    if (!is_id)
        pl_buf_add_str(sql, ", v.id");
    return PL_OK;
}

static pl_err add_number(builder *b, uint32_t number, unsigned *ret_place)
{
    const pl_sql_value value = {.kind = PL_SQL_INT, .number = number};
    return add_value(b, &(filter){.field = NULL}, &value, ret_place);
}

static pl_err write_keys(builder *b, const pl_management_query *m)
{
    const char *where = pl_buf_text(&b->where);
    unsigned limit;
    unsigned offset;
    pl_buf_add_fmt(&b->sql->count, "SELECT count(*) FROM %s v%s",
                   b->resource->view, where);
    pl_buf_add_fmt(&b->sql->keys, "SELECT v.id FROM %s v%s", b->resource->view,
                   where);
    pl_err e = add_order(b, m->order[0] ? m->order : "id");
    if (!e)
        e = add_number(b, m->limit, &limit);
    if (!e)
        e = add_number(b, m->offset, &offset);
    if (!e)
        pl_buf_add_fmt(&b->sql->keys, " LIMIT ?%u OFFSET ?%u", limit, offset);
    return e;
}

static bool is_shown(const pl_mgmt_field *f)
{
    return f->store == PL_MGMT_STORE_COLUMN &&
           (f->access == PL_MGMT_ACCESS_RW || f->access == PL_MGMT_ACCESS_RO);
}

static bool has_settings(const pl_mgmt_desc *r)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        if (r->fields[i].store == PL_MGMT_STORE_SETTING)
            return true;
    }
    return false;
}

static void add_members(pl_buf *sql, const pl_mgmt_desc *r)
{
    const char *between = "";
    for (size_t i = 0; i < r->n_fields; i++) {
        const pl_mgmt_field *f = &r->fields[i];
        const char *list = list_of(r, f);
        if (!is_shown(f))
            continue;
        pl_buf_add_fmt(sql, "%s'%s', ", between, f->name);
        if (list)
            pl_buf_add_str(sql, list);
        else
            add_value_sql(sql, f);
        between = ", ";
    }
}

/* Settings are members like the others: their object goes on where that of the
 * columns ends. (Merging would drop those that are null.) */
static void write_object(pl_buf *sql, const pl_mgmt_desc *r)
{
    bool has = has_settings(r);
    if (has) {
        pl_buf_add_str(sql, "SELECT CASE s WHEN '{}' THEN o ELSE substr(o, 1, "
                            "length(o) - 1) || ',' || substr(s, 2) END FROM "
                            "(SELECT (SELECT json_group_object(field, "
                            "json(value)) FROM room_settings WHERE room_no = "
                            "v.id) AS s, json_object(");
    } else {
        pl_buf_add_str(sql, "SELECT json_object(");
    }
    add_members(sql, r);
    pl_buf_add_fmt(sql, ")%s FROM %s v WHERE v.id = ?1%s", has ? " AS o" : "",
                   r->view, has ? ")" : "");
}

static bool has_failed(const builder *b)
{
    const pl_management_sql *s = b->sql;
    return s->count.has_failed || s->keys.has_failed || s->object.has_failed ||
           b->where.has_failed || s->texts.has_failed;
}

static pl_err write_all(builder *b, const pl_management_query *m)
{
    pl_err e = PL_MSG_HAS(MANAGEMENT_QUERY, management_query, m, id)
                   ? add_id(b, m->id)
                   : add_filters(b, PL_MSG_HAS(MANAGEMENT_QUERY,
                                               management_query, m, filters)
                                        ? m->filters
                                        : (pl_slice){NULL, 0});
    if (!e)
        e = write_keys(b, m);
    if (!e)
        write_object(&b->sql->object, b->resource);
    return !e && has_failed(b) ? PL_ENOMEM : e;
}

/* Values that are made stay where they are: the memory is taken at once. */
static void reserve(pl_buf *texts)
{
    static const char blank[TEXTS_MAX];
    pl_buf_add(texts, blank, sizeof blank);
    pl_buf_clear(texts);
}

pl_err pl_management_sql_init(pl_management_sql *ret_sql,
                              const pl_management_query *m,
                              char fault[PL_MGMT_FAULT_MAX])
{
    builder b = {.sql = ret_sql, .fault = fault};
    fault[0] = '\0';
    ret_sql->n_values = 0;
    pl_buf_init(&ret_sql->count, SQL_MAX);
    pl_buf_init(&ret_sql->keys, SQL_MAX);
    pl_buf_init(&ret_sql->object, SQL_MAX);
    pl_buf_init(&ret_sql->texts, TEXTS_MAX);
    b.resource = pl_mgmt_desc_of(m->resource);
    if (!b.resource) {
        pl_fmt_cut(fault, PL_MGMT_FAULT_MAX, "no such resource");
        return PL_EINVAL;
    }
    pl_buf_init(&b.where, SQL_MAX);
    reserve(&ret_sql->texts);
    pl_err e = write_all(&b, m);
    pl_buf_fini(&b.where);
    return e;
}

void pl_management_sql_fini(pl_management_sql *sql)
{
    pl_buf_fini(&sql->count);
    pl_buf_fini(&sql->keys);
    pl_buf_fini(&sql->object);
    pl_buf_fini(&sql->texts);
}
