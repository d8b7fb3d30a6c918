/* management_list.c - lists of objects: filters, order, pages. A list comes
 * from roompool in parts, one after the other; objects that are made or removed
 * in between may show twice or not at all, as they do from page to page. */
#include <string.h>

#include "management_impl.h"
#include "url.h"

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 10000, OFFSET_MAX = INT32_MAX };
enum { FILTERS_MAX = 16384, NAME_MAX = 96, VALUE_MAX = 4096 };
enum { LINK_MAX = 4 * PL_HTTP_TARGET_MAX };
/* Past so much the next page begins, whatever the limit; members of a part. */
enum { LIST_BYTES = 24 << 20, PART_KEYS_MAX = 65536 };
/* Room for the last object and what is around the list. */
enum { LIST_REST = 2 << 20 };

/* Members of the query that are no filters. */
static const char *const OWN_KEYS[] = {"limit", "offset", "order_by", "format"};

static bool is_own_key(const char *name)
{
    for (size_t i = 0; i < sizeof OWN_KEYS / sizeof OWN_KEYS[0]; i++) {
        if (strcmp(OWN_KEYS[i], name) == 0)
            return true;
    }
    return false;
}

/* ---- which page ---- */

typedef struct page {
    uint32_t limit, offset;
} page;

static pl_err read_number(const pl_api_call *call, const char *name,
                          uint32_t max, uint32_t *number, pl_answer *answer)
{
    char text[64] = "";
    char refusal[128];
    uint64_t value = 0;
    pl_err e = pl_url_param(call->head->query, name, text, sizeof text);
    if (e == PL_ENOENT)
        return PL_OK;
    if (e || pl_parse_u64(pl_slice_str(text), UINT32_MAX, &value)) {
        pl_fmt_cut(refusal, sizeof refusal,
                   "Invalid %s '%s': it is to be a number from 0", name, text);
        return pl_management_refuse(answer, 400, refusal);
    }
    *number = value < max ? (uint32_t)value : max;
    return PL_OK;
}

static pl_err read_page(const pl_api_call *call, page *ret_page,
                        pl_answer *answer)
{
    page p = {.limit = LIMIT_DEFAULT, .offset = 0};
    pl_err e = read_number(call, "limit", LIMIT_MAX, &p.limit, answer);
    if (!e && answer->status == 0)
        e = read_number(call, "offset", OFFSET_MAX, &p.offset, answer);
    if (p.limit == 0)
        p.limit = LIMIT_MAX;
    *ret_page = p;
    return e;
}

/* ---- filters and order ---- */

/* A filter's name: a field, or a field and an operator. */
static const pl_mgmt_field *read_filter(const pl_mgmt_desc *desc,
                                        const char *name,
                                        pl_mgmt_operator *ret_op)
{
    const pl_mgmt_field *field = pl_mgmt_field_find(desc, pl_slice_str(name));
    pl_mgmt_operator op = PL_MGMT_EXACT;
    size_t n = strlen(name);
    for (size_t i = n; !field && i >= 2; i--) { /* the last __ */
        if (name[i - 1] != '_' || name[i - 2] != '_')
            continue;
        op = pl_mgmt_operator_find(pl_slice_str(name + i));
        field =
            pl_mgmt_field_find(desc, (pl_slice){(const uint8_t *)name, i - 2});
        break;
    }
    if (!field || !field->can_filter || !pl_mgmt_operator_fits(op, field->kind))
        return NULL;
    *ret_op = op;
    return field;
}

static pl_err add_filter(pl_api_call *call, const char *name, const char *value,
                         pl_answer *answer)
{
    pl_mgmt_operator op;
    const pl_mgmt_field *field =
        read_filter(pl_management_desc(call), name, &op);
    if (!field) {
        return pl_management_refuse_name(answer, name,
                                         "is not an allowed filter");
    }
    pl_buf_add(&call->made, field->name, strlen(field->name) + 1);
    const char *word = pl_mgmt_operator_text(op);
    pl_buf_add(&call->made, word, strlen(word) + 1);
    if (pl_management_filter_value(field, op, pl_slice_str(value),
                                   &call->made)) {
        return pl_management_refuse_name(answer, name,
                                         pl_management_filter_form(field, op));
    }
    pl_buf_add(&call->made, "", 1);
    return call->made.has_failed ? PL_ETOOBIG : PL_OK;
}

static pl_err add_filters(pl_api_call *call, pl_answer *answer)
{
    char name[NAME_MAX + 1];
    char value[VALUE_MAX + 1];
    pl_slice raw_name;
    pl_slice raw_value;
    pl_slice query = call->head->query;
    while (pl_url_next(&query, &raw_name, &raw_value)) {
        pl_err e =
            pl_url_decode(raw_name, PL_URL_PLUS_IS_BLANK, name, sizeof name);
        if (!e && is_own_key(name))
            continue;
        if (!e && !name[0] && raw_value.len == 0)
            continue;
        if (!e) {
            e = pl_url_decode(raw_value, PL_URL_PLUS_IS_BLANK, value,
                              sizeof value);
        }
        if (e) {
            return pl_management_refuse(answer, 400,
                                        "A filter of the query is not "
                                        "percent-encoded UTF-8, or too long");
        }
        e = add_filter(call, name, value, answer);
        if (e || answer->status != 0)
            return e;
    }
    return PL_OK;
}

static pl_err put_order(pl_api_call *call, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    char text[NAME_MAX + 1] = "";
    pl_err e = pl_url_param(call->head->query, "order_by", text, sizeof text);
    if (e == PL_ENOENT)
        return PL_OK;
    const pl_mgmt_field *field =
        e ? NULL
          : pl_mgmt_field_find(pl_management_desc(call),
                               pl_slice_str(text + (text[0] == '-')));
    if (!field || !field->can_filter ||
        field->access == PL_MGMT_ACCESS_FILTER) {
        return pl_management_refuse_name(answer, text,
                                         "is not an allowed order_by");
    }
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, m, order);
    return PL_PUT(m->order, pl_slice_str(text));
}

static pl_err check_format(const pl_api_call *call, pl_answer *answer)
{
    char text[16] = "";
    pl_err e = pl_url_param(call->head->query, "format", text, sizeof text);
    if (e == PL_ENOENT || (!e && strcmp(text, "json") == 0))
        return PL_OK;
    return pl_management_refuse(answer, 400, "There is only format=json");
}

static pl_err put_query(pl_api_call *call, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    page p = {0};
    pl_err e = read_page(call, &p, answer);
    if (!e && answer->status == 0)
        e = check_format(call, answer);
    if (!e && answer->status == 0)
        e = add_filters(call, answer);
    if (!e && answer->status == 0)
        e = put_order(call, answer);
    if (e || answer->status != 0)
        return e;
    m->limit = p.limit;
    m->offset = p.offset;
    if (call->made.len > 0) {
        m->filters = pl_buf_slice(&call->made);
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, m, filters);
    }
    return PL_OK;
}

pl_err pl_management_ask_list(pl_api_call *call, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    *m = (pl_management_query){.resource = pl_management_desc(call)->resource};
    pl_buf_init(&call->made, FILTERS_MAX);
    pl_buf_init(&call->list, LIST_BYTES + LIST_REST);
    pl_err e = put_query(call, answer);
    if (!e && answer->status == 0)
        call->desc = &PL_MSG_MANAGEMENT_QUERY;
    return e;
}

/* ---- the answer ---- */

/* This path with another offset, and the same filters. */
static void put_link(pl_jw *w, const char *key, const pl_api_call *call,
                     uint32_t limit, uint64_t offset)
{
    char text[VALUE_MAX + 1];
    char path[PL_MANAGEMENT_URI_MAX];
    pl_buf link;
    pl_slice name;
    pl_slice value;
    pl_slice query = call->head->query;
    pl_buf_init(&link, LINK_MAX);
    pl_management_uri(pl_management_desc(call), "", path);
    pl_buf_add_fmt(&link, "%s?limit=%u&offset=%llu", path, (unsigned)limit,
                   (unsigned long long)offset);
    while (pl_url_next(&query, &name, &value)) {
        if (pl_url_decode(name, PL_URL_PLUS_IS_BLANK, text, sizeof text) ||
            !text[0] || strcmp(text, "limit") == 0 ||
            strcmp(text, "offset") == 0)
            continue;
        pl_buf_add_str(&link, "&");
        pl_url_escape(pl_slice_str(text), &link);
        if (pl_url_decode(value, PL_URL_PLUS_IS_BLANK, text, sizeof text))
            text[0] = '\0';
        pl_buf_add_str(&link, "=");
        pl_url_escape(pl_slice_str(text), &link);
    }
    pl_jw_slice(w, key, pl_buf_slice(&link));
    pl_buf_fini(&link);
}

/* shown: how many objects the answer has. */
static void put_meta(pl_jw *w, const pl_api_call *call, uint32_t shown,
                     uint32_t total)
{
    page p = {0};
    pl_answer unused = {0};
    if (read_page(call, &p, &unused)) /* it was good when the request came */
        return;
    uint64_t end = (uint64_t)p.offset + shown;
    pl_jw_open(w, "meta", '{');
    pl_jw_int(w, "limit", p.limit);
    pl_jw_int(w, "offset", p.offset);
    pl_jw_int(w, "total_count", total);
    if (shown > 0 && end < total && end <= OFFSET_MAX) {
        put_link(w, "next", call, p.limit, end);
    } else {
        pl_jw_null(w, "next");
    }
    if (p.offset > 0) {
        put_link(w, "previous", call, p.limit,
                 p.offset > p.limit ? p.offset - p.limit : 0);
    } else {
        pl_jw_null(w, "previous");
    }
    pl_jw_close(w, '}');
}

static void answer_list(pl_api_call *call, uint32_t total, pl_answer *answer)
{
    pl_answer_json(answer, 200);
    answer->body.max = LIST_BYTES + 2 * LIST_REST;
    pl_jw w = {.out = &answer->body};
    pl_jw_open(&w, NULL, '{');
    put_meta(&w, call, call->n_rounds, total);
    pl_jw_open(&w, "objects", '[');
    pl_buf_add_slice(&answer->body, pl_buf_slice(&call->list));
    pl_buf_fini(&call->list);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
}

/* Keep the objects of one part; n_rounds counts objects here. */
static pl_err take_part(pl_api_call *call, const pl_management_page *part,
                        uint32_t *ret_taken)
{
    pl_management_query *m = &call->message.management_query;
    pl_json *objects = NULL;
    uint32_t taken = 0;
    pl_err e = pl_json_parse_long(part->objects, PART_KEYS_MAX, &objects);
    if (e)
        return PL_EINTERNAL;
    pl_jw w = {.out = &call->list, .has_items = call->list.len > 0 ? 1 : 0};
    size_t n = pl_json_count(objects);
    for (; taken < n && taken < m->limit && call->list.len < LIST_BYTES;
         taken++) {
        pl_management_show(&w, pl_management_desc(call),
                           pl_json_at(objects, taken), call->is_nested);
    }
    pl_json_free(&objects);
    *ret_taken = taken;
    return call->list.has_failed ? PL_EFULL : PL_OK;
}

void pl_management_listed(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                          const void *body, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    const pl_management_page *part = body;
    uint32_t taken = 0;
    call->is_partial = false;
    if (pl_management_failed(call, e, &PL_MSG_MANAGEMENT_PAGE, desc, body,
                             answer))
        return;
    e = take_part(call, part, &taken);
    if (e) {
        pl_management_fail(call, e, NULL, answer);
        return;
    }
    call->n_rounds += taken;
    m->limit -= taken;
    m->offset += taken;
    bool is_end = taken == 0 || m->limit == 0 || m->offset >= part->total ||
                  m->offset > OFFSET_MAX || call->list.len >= LIST_BYTES;
    call->is_partial = !is_end;
    if (is_end)
        answer_list(call, part->total, answer);
}
