/* management_object.c - one object: read, made, changed, removed. */
#include "management_impl.h"

/* ---- reading ---- */

pl_err pl_management_ask_get(pl_api_call *call, pl_answer *answer)
{
    pl_management_query *m = &call->message.management_query;
    const pl_mgmt_desc *desc = pl_management_desc(call);
    const char *id = pl_call_param(call, 0);
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    *m = (pl_management_query){.resource = desc->resource, .limit = 1};
    if (!pl_management_is_id(desc, id) || PL_PUT(m->id, pl_slice_str(id)))
        return PL_ENOENT;
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, m, id);
    call->desc = &PL_MSG_MANAGEMENT_QUERY;
    return PL_OK;
}

void pl_management_got(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                       const void *body, pl_answer *answer)
{
    const pl_management_page *page = body;
    pl_json *objects = NULL;
    if (pl_management_failed(call, e, &PL_MSG_MANAGEMENT_PAGE, desc, body,
                             answer))
        return;
    e = pl_json_parse(page->objects, &objects) ? PL_EINTERNAL : PL_OK;
    if (!e && pl_json_count(objects) == 0)
        e = PL_ENOENT;
    if (e) {
        pl_management_fail(call, e, NULL, answer);
    } else {
        pl_answer_json(answer, 200);
        pl_jw w = {.out = &answer->body};
        pl_management_show(&w, pl_management_desc(call), pl_json_at(objects, 0),
                           call->is_nested);
    }
    pl_json_free(&objects);
}

/* ---- writing ---- */

/* Check the body by the table and make roompool's object of it. is_whole: what
 * must be given must be there. Every fault is told at once. */
static pl_err take_object(pl_api_call *call, bool is_whole, pl_answer *answer)
{
    enum { FAULTS_MAX = 32768 };
    const pl_mgmt_desc *desc = pl_management_desc(call);
    char fault[PL_MANAGEMENT_FAULT_MAX];
    pl_buf faults;
    pl_buf_init(&faults, FAULTS_MAX);
    pl_buf_init(&call->made, PL_MANAGEMENT_OBJECT_MAX);
    pl_jw w = {.out = &call->made};
    pl_jw fw = {.out = &faults};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&fw, NULL, '{');
    for (size_t i = 0; i < desc->n_fields; i++) {
        const pl_mgmt_field *field = &desc->fields[i];
        const pl_json *value = pl_json_get(call->doc, field->name);
        if (field->access != PL_MGMT_ACCESS_RW &&
            field->access != PL_MGMT_ACCESS_WO)
            continue;
        fault[0] = '\0';
        if (value) {
            pl_management_take_value(field, value, &w, fault);
        } else if (is_whole && !field->preset[0]) {
            pl_fmt_cut(fault, sizeof fault, "This is required.");
        }
        if (fault[0]) {
            pl_jw_open(&fw, field->name, '[');
            pl_jw_str(&fw, NULL, fault);
            pl_jw_close(&fw, ']');
        }
    }
    pl_jw_close(&w, '}');
    pl_jw_close(&fw, '}');
    bool is_good = faults.len == 2; /* {} */
    if (!is_good)
        pl_management_blame(answer, desc, pl_buf_slice(&faults));
    pl_buf_fini(&faults);
    return is_good && call->made.has_failed ? PL_ETOOBIG : PL_OK;
}

/* The number in the path. */
static pl_err read_id(const pl_api_call *call, uint64_t *ret_id)
{
    const char *id = pl_call_param(call, 0);
    if (!pl_management_is_id(pl_management_desc(call), id) ||
        pl_parse_u64(pl_slice_str(id), INT64_MAX, ret_id))
        return PL_ENOENT;
    return PL_OK;
}

static pl_err put(pl_api_call *call, uint64_t id, bool is_whole,
                  pl_answer *answer)
{
    pl_management_put *m = &call->message.management_put;
    pl_err e = pl_management_read_body(call, answer);
    if (!e && answer->status == 0)
        e = take_object(call, is_whole, answer);
    if (e || answer->status != 0)
        return e;
    *m = (pl_management_put){.resource = pl_management_desc(call)->resource,
                             .id = id,
                             .replace = is_whole,
                             .object = pl_buf_slice(&call->made)};
    pl_fmt_cut(m->client_id, sizeof m->client_id, "%s",
               call->caller->client_id);
    PL_MSG_SET(MANAGEMENT_PUT, management_put, m, replace);
    call->desc = &PL_MSG_MANAGEMENT_PUT;
    return PL_OK;
}

pl_err pl_management_ask_create(pl_api_call *call, pl_answer *answer)
{
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    return put(call, 0, true, answer);
}

static pl_err put_known(pl_api_call *call, bool is_whole, pl_answer *answer)
{
    uint64_t id = 0;
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    pl_err e = read_id(call, &id);
    return e ? e : put(call, id, is_whole, answer);
}

pl_err pl_management_ask_replace(pl_api_call *call, pl_answer *answer)
{
    return put_known(call, true, answer);
}

pl_err pl_management_ask_change(pl_api_call *call, pl_answer *answer)
{
    return put_known(call, false, answer);
}

/* Whether roompool has done it; else the answer is made. */
static bool is_done(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                    const void *body, pl_answer *answer)
{
    const pl_management_refused *refused = body;
    if (!e && desc == &PL_MSG_MANAGEMENT_REFUSED) {
        pl_management_blame(answer, pl_management_desc(call), refused->faults);
        return false;
    }
    return !pl_management_failed(call, e, &PL_MSG_MANAGEMENT_DONE, desc, body,
                                 answer);
}

void pl_management_created(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    const pl_management_done *done = body;
    char id[24];
    char uri[PL_MANAGEMENT_URI_MAX];
    char location[PL_MANAGEMENT_URI_MAX + 300];
    if (!is_done(call, e, desc, body, answer))
        return;
    pl_slice host = pl_http_head_get(call->head, "host");
    pl_fmt_cut(id, sizeof id, "%llu", (unsigned long long)done->id);
    pl_management_uri(pl_management_desc(call), id, uri);
    bool has_host = host.len > 0 && host.len <= 255;
    pl_fmt_cut(location, sizeof location, "%s%.*s%s",
               has_host ? "https://" : "", has_host ? (int)host.len : 0,
               has_host ? (const char *)host.ptr : "", uri);
    pl_answer_empty(answer, 201);
    pl_answer_header(answer, "Location", location);
}

void pl_management_changed(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    if (is_done(call, e, desc, body, answer))
        pl_answer_empty(answer, 202);
}

pl_err pl_management_ask_delete(pl_api_call *call, pl_answer *answer)
{
    pl_management_delete *m = &call->message.management_delete;
    if (pl_management_lacks_slash(call, answer))
        return PL_OK;
    *m = (pl_management_delete){.resource = pl_management_desc(call)->resource};
    pl_fmt_cut(m->client_id, sizeof m->client_id, "%s",
               call->caller->client_id);
    pl_err e = read_id(call, &m->id);
    if (!e)
        call->desc = &PL_MSG_MANAGEMENT_DELETE;
    return e;
}

void pl_management_deleted(pl_api_call *call, pl_err e, const pl_msg_desc *desc,
                           const void *body, pl_answer *answer)
{
    if (!pl_management_failed(call, e, &PL_MSG_OK_REPLY, desc, body, answer))
        pl_answer_empty(answer, 204);
}
