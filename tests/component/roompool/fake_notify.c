/* fake_notify.c - see fake_notify.h. */
#include "fake_notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/device/notify.h"
#include "pl/json.h"

enum { MS = 1000, S = 1000000 };

/* ---- asking ---- */

void notify_fill(pl_subscription_create *m)
{
    *m = (pl_subscription_create){.api = PL_NOTIFY_API_EVENTS, .types = 7};
    PUT(m->client_id, "app");
    PUT(m->subject, "ann");
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m, subject);
    PUT(m->sink, NOTIFY_SINK);
    PUT(m->device_id, NOTIFY_DEVICE);
    PUT(m->access_token, "t0");
    PL_MSG_SET(SUBSCRIPTION_CREATE, subscription_create, m, access_token);
}

static uint32_t fault_of(const answer *a)
{
    assert_int_equal(a->error, PL_OK);
    return a->desc == &PL_MSG_DEVICE_REFUSED ? a->body.device_refused.fault : 0;
}

uint32_t notify_subscribes(world *w, const pl_subscription_create *m, answer *a)
{
    world_ask(w, &PL_MSG_SUBSCRIPTION_CREATE, m, a);
    world_check(w);
    return fault_of(a);
}

void notify_told(world *w, const char *id)
{
    pl_device_told m = {.present = 0};
    PUT(m.id, id);
    pl_bus_send how = {.to = NULL};
    assert_int_equal(pl_bus_event(w->api, &how, &PL_MSG_DEVICE_TOLD, &m),
                     PL_OK);
    world_run(w, 10 * MS);
}

void notify_makes(world *w, const pl_subscription_create *m, char *id)
{
    answer a;
    assert_int_equal(notify_subscribes(w, m, &a), 0);
    assert_ptr_equal(a.desc, &PL_MSG_SUBSCRIPTION);
    pl_fmt_cut(id, PL_ID_MAX + 1, "%s", a.body.subscription.subscription_id);
    notify_told(w, id);
}

static void name(pl_subscription_get *m, const char *id)
{
    *m = (pl_subscription_get){.present = 0};
    PUT(m->client_id, "app");
    PUT(m->subject, "ann");
    PL_MSG_SET(SUBSCRIPTION_GET, subscription_get, m, subject);
    PUT(m->subscription_id, id);
}

uint32_t notify_looks(world *w, const char *id, answer *a)
{
    pl_subscription_get m;
    name(&m, id);
    world_ask(w, &PL_MSG_SUBSCRIPTION_GET, &m, a);
    return fault_of(a);
}

uint32_t notify_deletes(world *w, const char *id)
{
    pl_subscription_get m;
    answer a;
    name(&m, id);
    world_ask(w, &PL_MSG_SUBSCRIPTION_DELETE, &m, &a);
    world_check(w);
    return fault_of(&a);
}

/* ---- what happens ---- */

pl_reg notify_reg(void)
{
    pl_reg reg;
    memset(&reg, 0, sizeof reg);
    PUT(reg.row.device_id, NOTIFY_DEVICE);
    PUT(reg.row.client_id, "app");
    PUT(reg.row.subject, "ann");
    return reg;
}

/* ' is ". */
static void unquote(char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            *text = '"';
    }
}

void notify_happens(world *w, const pl_reg *reg, uint32_t type,
                    const char *media_session_id, const char *json)
{
    char text[1024];
    PUT(text, json);
    unquote(text);
    world_pool(w)->now = pl_glue_now(w->glue);
    pl_notify(world_pool(w), reg, type, media_session_id, pl_slice_str(text));
    pl_glue_wake(w->glue);
    world_run(w, 0);
    world_check(w);
}

void notify_status(world *w, const char *status, int seq)
{
    char json[256];
    pl_reg reg = notify_reg();
    pl_fmt_cut(json, sizeof json,
               "{'mediaSessionId':'m1','status':'%s','sequenceNumber':%d}",
               status, seq);
    notify_happens(w, &reg, PL_NOTIFY_TYPE_SESSION_STATUS, "m1", json);
}

/* ---- what is heard ---- */

static void read_text(const pl_json *json, const char *key, char *text,
                      size_t cap)
{
    pl_slice s;
    assert_int_equal(pl_json_get_str(json, key, &s), PL_OK);
    assert_int_equal(pl_copy(text, cap, s), PL_OK);
}

bool notify_hears(world *w, int64_t wait_us, const char *type, notified *n)
{
    char text[128];
    pl_json *json = NULL;
    pl_buf data;
    web_request *r = web_next(w, wait_us);
    memset(n, 0, sizeof *n);
    if (!r)
        return false;
    assert_int_equal(web_waiting(w), 1); /* never two at once */
    assert_string_equal(r->content_type, "application/cloudevents+json");
    assert_int_equal(pl_json_parse(pl_slice_str(r->body), &json), PL_OK);
    read_text(json, "id", n->id, sizeof n->id);
    read_text(json, "type", n->type, sizeof n->type);
    read_text(json, "time", n->time, sizeof n->time);
    read_text(json, "specversion", text, sizeof text);
    assert_string_equal(text, "1.0");
    read_text(json, "datacontenttype", text, sizeof text);
    assert_string_equal(text, "application/json");
    read_text(json, "source", text, sizeof text);
    assert_string_equal(text, "https://parley/webrtc-events");
    pl_buf_init(&data, sizeof n->data - 1);
    assert_int_equal(pl_json_dump(pl_json_get(json, "data"), &data), PL_OK);
    PUT(n->data, pl_buf_text(&data));
    pl_buf_fini(&data);
    pl_json_free(&json);
    n->request = r;
    if (type && !strstr(n->type, type))
        fail_msg("%s, not %s: %s", n->type, type, n->data);
    return true;
}

void notify_takes(world *w, const char *type, notified *n)
{
    if (!notify_hears(w, 2 * S, type, n))
        fail_msg("no %s", type);
    web_answer(w, n->request, 204, NULL);
    world_check(w);
}

void notify_is_quiet(world *w, int64_t us)
{
    const web_request *r = web_next(w, us);
    if (r)
        fail_msg("unexpected: %s", r->body);
    world_check(w);
}

void notify_has(const notified *n, const char *member)
{
    char text[256];
    PUT(text, member);
    unquote(text);
    if (!strstr(n->data, text))
        fail_msg("%s is not in %s", text, n->data);
}

void notify_ended(world *w, const char *reason)
{
    notified n;
    notify_takes(w, ".v0.subscription-ended", &n);
    if (!strstr(n.data, reason))
        fail_msg("%s is not in %s", reason, n.data);
}
