/* management_sql.c - see management_sql.h.
 *
 * A page is read in three steps: how many match, the keys of the page, then
 * each object by its key. So lists inside of objects are made for those only
 * that are shown. */
#include "management_sql.h"

#include <string.h>

#include "management_filter.h"
#include "management_value.h"
#include "pl/str.h"

enum { SQL_MAX = 262144, TEXTS_MAX = 65536 };

/* ---- objects ---- */

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

/* ---- the statements ---- */

static pl_err add_order(pl_mgmt_where *b, const char *order)
{
    bool is_falling = order[0] == '-';
    const pl_mgmt_field *f = pl_mgmt_field_find(
        b->desc, pl_slice_str(is_falling ? order + 1 : order));
    pl_buf *sql = &b->sql->keys;
    bool is_plain = f && f->store == PL_MGMT_STORE_COLUMN &&
                    f->access != PL_MGMT_ACCESS_WO &&
                    !pl_mgmt_kind_is_list(f->kind);
    if (!is_plain &&
        (!pl_mgmt_is_filterable(f) || f->store == PL_MGMT_STORE_LINKED)) {
        pl_fmt_cut(b->fault, PL_MGMT_FAULT_MAX,
                   "order: not a field that "
                   "orders");
        return PL_EINVAL;
    }
    bool is_id = strcmp(f->name, "id") == 0;
    /* What filters is better looked up than what orders: + takes the index of
     * ids out of the choice. */
    pl_buf_add_str(sql,
                   is_id && b->text.len > 0 ? " ORDER BY +" : " ORDER BY ");
    pl_mgmt_add_value(sql, f);
    if (is_falling)
        pl_buf_add_str(sql, " DESC");
    if (!is_id)
        pl_buf_add_str(sql, ", v.id");
    return PL_OK;
}

static pl_err write_keys(pl_mgmt_where *b, const pl_management_query *m)
{
    const char *where = pl_buf_text(&b->text);
    unsigned limit;
    unsigned offset;
    pl_buf_add_fmt(&b->sql->count, "SELECT count(*) FROM %s v%s", b->desc->view,
                   where);
    pl_buf_add_fmt(&b->sql->keys, "SELECT v.id FROM %s v%s", b->desc->view,
                   where);
    pl_err e = add_order(b, m->order[0] ? m->order : "id");
    if (!e)
        e = pl_mgmt_add_number(b, m->limit, &limit);
    if (!e)
        e = pl_mgmt_add_number(b, m->offset, &offset);
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
        if (list) {
            pl_buf_add_str(sql, list);
        } else {
            pl_mgmt_add_value(sql, f);
        }
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

static bool has_failed(const pl_mgmt_where *b)
{
    const pl_management_sql *s = b->sql;
    return s->count.has_failed || s->keys.has_failed || s->object.has_failed ||
           b->text.has_failed || s->texts.has_failed;
}

static pl_err write_all(pl_mgmt_where *b, const pl_management_query *m)
{
    pl_err e =
        PL_MSG_HAS(MANAGEMENT_QUERY, management_query, m, id)
            ? pl_mgmt_add_id(b, m->id)
            : pl_mgmt_add_filters(
                  b, PL_MSG_HAS(MANAGEMENT_QUERY, management_query, m, filters)
                         ? m->filters
                         : (pl_slice){NULL, 0});
    if (!e)
        e = write_keys(b, m);
    if (!e)
        write_object(&b->sql->object, b->desc);
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
    pl_mgmt_where b = {.sql = ret_sql, .fault = fault};
    fault[0] = '\0';
    ret_sql->n_values = 0;
    pl_buf_init(&ret_sql->count, SQL_MAX);
    pl_buf_init(&ret_sql->keys, SQL_MAX);
    pl_buf_init(&ret_sql->object, SQL_MAX);
    pl_buf_init(&ret_sql->texts, TEXTS_MAX);
    b.desc = pl_mgmt_desc_of(m->resource);
    if (!b.desc) {
        pl_fmt_cut(fault, PL_MGMT_FAULT_MAX, "no such resource");
        return PL_EINVAL;
    }
    pl_buf_init(&b.text, SQL_MAX);
    reserve(&ret_sql->texts);
    pl_err e = write_all(&b, m);
    pl_buf_fini(&b.text);
    return e;
}

void pl_management_sql_fini(pl_management_sql *sql)
{
    pl_buf_fini(&sql->count);
    pl_buf_fini(&sql->keys);
    pl_buf_fini(&sql->object);
    pl_buf_fini(&sql->texts);
}
