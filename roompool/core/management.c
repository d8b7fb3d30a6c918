/* management.c - see management.h. */
#include "management.h"

#include <string.h>

#include "pl/str.h"
#include "sink.h"

enum { FAULTS_TEXT = 8192 };

static const char WRONG_TYPE[] = "This value has the wrong type.";
static const char TOO_LONG[] = "This value is too long.";
static const char CONTROLS[] = "This value has control characters.";

static const struct resource {
    pl_mgmt_resource which;
    pl_mgmt_put_fn put;
    pl_mgmt_delete_fn remove;
} RESOURCES[] = {
    {PL_MGMT_RESOURCE_CONFERENCE, pl_mgmt_conference_put,
     pl_mgmt_conference_delete},
    {PL_MGMT_RESOURCE_ALIAS, pl_mgmt_alias_put, pl_mgmt_alias_delete},
    {PL_MGMT_RESOURCE_AUTOMATIC_PARTICIPANT, pl_mgmt_auto_put,
     pl_mgmt_auto_delete},
    {PL_MGMT_RESOURCE_EVENT_SINK, pl_sink_put, pl_sink_delete},
};

static const struct resource *find(uint32_t which)
{
    for (size_t i = 0; i < sizeof RESOURCES / sizeof RESOURCES[0]; i++) {
        if (RESOURCES[i].which == which)
            return &RESOURCES[i];
    }
    return NULL;
}

/* ---- faults ---- */

void pl_fault_add(pl_faults *faults, const char *field, const char *text)
{
    if (faults->n == PL_FAULTS_MAX)
        return;
    pl_fault *f = &faults->list[faults->n++];
    f->field = field;
    PL_SET(f->text, text);
}

/* Whether an earlier one is of the same field, which was written with it. */
static bool is_written(const pl_faults *faults, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(faults->list[k].field, faults->list[i].field) == 0)
            return true;
    }
    return false;
}

static void write_faults(const pl_faults *faults, pl_buf *out)
{
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    for (size_t i = 0; i < faults->n; i++) {
        if (is_written(faults, i))
            continue;
        pl_jw_open(&w, faults->list[i].field, '[');
        for (size_t k = i; k < faults->n; k++) {
            if (strcmp(faults->list[k].field, faults->list[i].field) == 0)
                pl_jw_str(&w, NULL, faults->list[k].text);
        }
        pl_jw_close(&w, ']');
    }
    pl_jw_close(&w, '}');
}

static void refuse(pl_pool *pool, const pl_bus_in *in, const pl_faults *faults)
{
    pl_buf text;
    pl_buf_init(&text, FAULTS_TEXT);
    write_faults(faults, &text);
    pl_management_refused m = {.faults = pl_buf_slice(&text)};
    if (text.has_failed) {
        pl_pool_fail(pool, PL_ENOMEM);
    } else {
        pl_pool_reply(pool, &in->ticket, &PL_MSG_MANAGEMENT_REFUSED, &m);
    }
    pl_buf_fini(&text);
}

/* ---- members ---- */

/* What is to be done about a member. */
typedef enum action { STAYS, PRESET, GIVEN } action;

static action action_of(const pl_mgmt_put *put, const char *field,
                        const pl_json **ret_value)
{
    *ret_value = pl_json_get(put->object, field);
    if (!*ret_value)
        return put->replace ? PRESET : STAYS;
    return pl_json_is_null(*ret_value) ? PRESET : GIVEN;
}

static bool has_controls(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

void pl_mgmt_check_text(const pl_mgmt_put *put, pl_faults *faults,
                        const char *field)
{
    pl_slice text;
    if (pl_json_get_str(put->object, field, &text) == PL_OK &&
        has_controls(text))
        pl_fault_add(faults, field, CONTROLS);
}

void pl_mgmt_str(const pl_mgmt_put *put, pl_faults *faults, const char *field,
                 const char *preset, char *value, size_t cap)
{
    const pl_json *json;
    pl_slice text;
    action a = action_of(put, field, &json);
    if (a == PRESET && preset != value)
        pl_fmt_cut(value, cap, "%s", preset);
    if (a != GIVEN)
        return;
    if (pl_json_as_str(json, &text)) {
        pl_fault_add(faults, field, WRONG_TYPE);
    } else if (has_controls(text)) {
        pl_fault_add(faults, field, CONTROLS);
    } else if (pl_copy(value, cap, text)) {
        pl_fault_add(faults, field, TOO_LONG);
    }
}

/* True and false, or 1 and 0. */
static pl_err as_bool(const pl_json *json, bool *ret_value)
{
    int64_t number;
    if (pl_json_as_bool(json, ret_value) == PL_OK)
        return PL_OK;
    if (pl_json_as_i64(json, &number) || number < 0 || number > 1)
        return PL_EPROTO;
    *ret_value = number != 0;
    return PL_OK;
}

void pl_mgmt_bool(const pl_mgmt_put *put, pl_faults *faults, const char *field,
                  bool preset, bool *value)
{
    const pl_json *json;
    action a = action_of(put, field, &json);
    if (a == PRESET)
        *value = preset;
    if (a == GIVEN && as_bool(json, value))
        pl_fault_add(faults, field, WRONG_TYPE);
}

void pl_mgmt_u32(const pl_mgmt_put *put, pl_faults *faults, const char *field,
                 uint32_t preset, uint32_t *value)
{
    const pl_json *json;
    int64_t number;
    action a = action_of(put, field, &json);
    if (a == PRESET)
        *value = preset;
    if (a != GIVEN)
        return;
    if (pl_json_as_i64(json, &number) || number < 0 || number > UINT32_MAX) {
        pl_fault_add(faults, field, WRONG_TYPE);
    } else {
        *value = (uint32_t)number;
    }
}

const pl_json *pl_mgmt_list(const pl_mgmt_put *put, pl_faults *faults,
                            const char *field)
{
    const pl_json *json = pl_json_get(put->object, field);
    if (!json || pl_json_is_null(json))
        return NULL;
    if (pl_json_is_array(json))
        return json;
    pl_fault_add(faults, field, WRONG_TYPE);
    return NULL;
}

pl_err pl_mgmt_number(const pl_json *element, uint64_t *ret_no)
{
    int64_t number;
    if (pl_json_as_i64(element, &number) || number < 1)
        return PL_EINVAL;
    *ret_no = (uint64_t)number;
    return PL_OK;
}

/* ---- messages ---- */

static void note(pl_pool *pool, const char *event, uint32_t resource,
                 uint64_t id, const char *client_id)
{
    char text[256];
    pl_fmt_cut(text, sizeof text, "%s/%llu by %s",
               pl_mgmt_resource_text(resource), (unsigned long long)id,
               client_id);
    pl_pool_note(pool, PL_LOG_INFO, event, NULL, NULL, text);
}

static pl_err put_object(pl_pool *pool, const pl_management_put *m,
                         pl_faults *faults, uint64_t *ret_id)
{
    const struct resource *r = find(m->resource);
    pl_json *json = NULL;
    pl_err e = r ? pl_json_parse(m->object, &json) : PL_EINVAL;
    if (!e && !pl_json_is_object(json))
        e = PL_EINVAL;
    const pl_mgmt_put put = {
        .id = m->id, .replace = m->replace, .object = json};
    if (!e)
        e = r->put(pool, &put, faults, ret_id);
    pl_json_free(&json);
    return e;
}

void pl_on_management_put(pl_pool *pool, const pl_bus_in *in)
{
    const pl_management_put *m = in->body;
    pl_faults faults = {.n = 0};
    pl_management_done done = {.id = 0};
    pl_err e = put_object(pool, m, &faults, &done.id);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
    } else if (faults.n > 0) {
        pl_pool_count(pool, PL_RM_management_refused);
        refuse(pool, in, &faults);
    } else {
        pl_pool_count(pool, PL_RM_management_changes);
        note(pool, m->id ? "object_changed" : "object_made", m->resource,
             done.id, m->client_id);
        pl_pool_reply(pool, &in->ticket, &PL_MSG_MANAGEMENT_DONE, &done);
    }
}

void pl_on_management_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_management_delete *m = in->body;
    const struct resource *r = find(m->resource);
    pl_err e = r ? r->remove(pool, m->id) : PL_EINVAL;
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_pool_count(pool, PL_RM_management_changes);
    note(pool, "object_removed", m->resource, m->id, m->client_id);
    pl_pool_ok(pool, &in->ticket);
}
