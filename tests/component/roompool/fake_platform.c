/* fake_platform.c - see fake_platform.h. */
#include "fake_platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pl/json.h"

#define ROOMS  PLATFORM_BASE "/api/admin/configuration/v1/conference/"
#define STATUS PLATFORM_BASE "/api/admin/status/v1/conference/"
enum { BODY_MAX = 60000, LIMIT = 20 };

typedef struct reply {
    uint32_t status;
    char location[256];
    pl_buf body;
} reply;

/* ---- rooms ---- */

platform_room *platform_find(fake_platform *p, const char *name)
{
    for (size_t i = 0; i < p->n_rooms; i++)
        if (strcmp(p->rooms[i].name, name) == 0)
            return &p->rooms[i];
    return NULL;
}

static platform_room *by_id(fake_platform *p, uint64_t id)
{
    for (size_t i = 0; i < p->n_rooms; i++)
        if (p->rooms[i].id == id)
            return &p->rooms[i];
    return NULL;
}

platform_room *platform_add(fake_platform *p, const char *name,
                            const char *description)
{
    assert_true(p->n_rooms < PLATFORM_ROOMS);
    platform_room *r = &p->rooms[p->n_rooms++];
    *r = (platform_room){.id = ++p->last_id};
    PUT(r->name, name);
    PUT(r->description, description);
    return r;
}

static void drop(fake_platform *p, platform_room *room)
{
    size_t i = (size_t)(room - p->rooms);
    memmove(room, room + 1, (p->n_rooms - i - 1) * sizeof *room);
    p->n_rooms--;
}

void platform_drop(fake_platform *p, const char *name)
{
    platform_room *room = platform_find(p, name);
    assert_non_null(room);
    drop(p, room);
}

/* ---- what is asked ---- */

static void take(const pl_json *doc, const char *key, char *to, size_t cap)
{
    pl_slice text;
    if (!pl_json_get_str(doc, key, &text))
        assert_int_equal(pl_copy(to, cap, text), PL_OK);
}

static void take_values(platform_room *r, const pl_json *doc)
{
    take(doc, "tag", r->tag, sizeof r->tag);
    take(doc, "description", r->description, sizeof r->description);
    take(doc, "pin", r->pin, sizeof r->pin);
    take(doc, "guest_pin", r->guest_pin, sizeof r->guest_pin);
}

static void say_taken(reply *out)
{
    out->status = 400;
    pl_buf_add_str(&out->body,
                   "{\"conference\":{\"name\":[\"This name is taken.\"]}}");
}

static void make(fake_platform *p, const pl_json *doc, reply *out)
{
    char name[251] = "";
    char alias[251] = "";
    take(doc, "name", name, sizeof name);
    take(pl_json_at(pl_json_get(doc, "aliases"), 0), "alias", alias,
         sizeof alias);
    assert_string_equal(name, alias);
    if (platform_find(p, name)) {
        say_taken(out);
        return;
    }
    platform_room *r = platform_add(p, name, "");
    take_values(r, doc);
    out->status = 201;
    pl_fmt_cut(out->location, sizeof out->location, ROOMS "%llu/",
               (unsigned long long)r->id);
}

static void put_room(pl_jw *w, const platform_room *r)
{
    pl_jw_open(w, NULL, '{');
    pl_jw_int(w, "id", (int64_t)r->id);
    pl_jw_str(w, "name", r->name);
    pl_jw_str(w, "tag", r->tag);
    pl_jw_str(w, "description", r->description);
    pl_jw_close(w, '}');
}

/* A value of a query, percent-decoded. */
static bool param(const char *query, const char *key, char *to, size_t cap)
{
    size_t n = strlen(key);
    size_t len = 0;
    for (const char *at = query; at; at = strchr(at, '&')) {
        at += *at == '&' || *at == '?';
        if (strncmp(at, key, n) != 0 || at[n] != '=')
            continue;
        for (at += n + 1; *at && *at != '&' && len + 1 < cap; at++) {
            to[len] = *at;
            if (*at == '%') {
                to[len] = (char)(pl_hex_value((uint8_t)at[1]) * 16 +
                                 pl_hex_value((uint8_t)at[2]));
                at += 2;
            }
            len++;
        }
        to[len] = '\0';
        return true;
    }
    return false;
}

static bool is_listed(const fake_platform *p, const platform_room *r,
                      const char *query, bool is_live)
{
    char text[251];
    if (is_live && !r->is_live)
        return false;
    if (p->ignores_filters)
        return true;
    if (param(query, "name", text, sizeof text) && strcmp(text, r->name) != 0)
        return false;
    return !param(query, "description", text, sizeof text) ||
           strcmp(text, r->description) == 0;
}

static uint64_t number(const char *query, const char *key, uint64_t preset)
{
    char text[32];
    uint64_t n = preset;
    if (param(query, key, text, sizeof text))
        assert_int_equal(pl_parse_u64(pl_slice_str(text), UINT32_MAX, &n),
                         PL_OK);
    return n;
}

static void list(fake_platform *p, const char *query, bool is_live, reply *out)
{
    uint64_t limit = number(query, "limit", LIMIT);
    uint64_t offset = number(query, "offset", 0);
    uint64_t total = 0;
    char text[251];
    assert_true(param(query, "name", text, sizeof text) ||
                param(query, "description", text, sizeof text));
    pl_jw w = {.out = &out->body};
    pl_jw_open(&w, NULL, '{');
    pl_jw_open(&w, "objects", '[');
    for (size_t i = 0; i < p->n_rooms; i++) {
        if (!is_listed(p, &p->rooms[i], query, is_live))
            continue;
        if (total >= offset && total < offset + limit)
            put_room(&w, &p->rooms[i]);
        total++;
    }
    pl_jw_close(&w, ']');
    pl_jw_open(&w, "meta", '{');
    pl_jw_int(&w, "total_count", (int64_t)total);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, '}');
    out->status = 200;
}

static void one(fake_platform *p, const pl_fetch *m, uint64_t id,
                const pl_json *doc, reply *out)
{
    platform_room *r = by_id(p, id);
    if (!r) {
        out->status = 404;
    } else if (m->method == PL_FETCH_METHOD_DELETE) {
        drop(p, r);
        out->status = 204;
    } else {
        assert_int_equal(m->method, PL_FETCH_METHOD_PATCH);
        take_values(r, doc);
        out->status = 202;
    }
}

static void serve(fake_platform *p, const pl_fetch *m, reply *out)
{
    pl_json *doc = NULL;
    uint64_t id;
    const char *rest = m->url + strlen(ROOMS);
    bool is_status = strncmp(m->url, STATUS, strlen(STATUS)) == 0;
    if (m->body.len > 0)
        assert_int_equal(pl_json_parse(m->body, &doc), PL_OK);
    if (is_status) {
        list(p, m->url + strlen(STATUS), true, out);
    } else {
        assert_memory_equal(m->url, ROOMS, strlen(ROOMS));
        if (m->method == PL_FETCH_METHOD_POST)
            make(p, doc, out);
        else if (*rest == '?')
            list(p, rest, false, out);
        else if (!pl_parse_u64(
                     (pl_slice){(const uint8_t *)rest, strcspn(rest, "/")},
                     INT64_MAX, &id))
            one(p, m, id, doc, out);
        else
            fail_msg("%s", m->url);
    }
    pl_json_free(&doc);
}

/* ---- answers ---- */

static void send(fake_platform *p, const pl_bus_ticket *ticket, uint32_t status,
                 const char *location, uint32_t retry_s, pl_slice body)
{
    pl_fetched m = {.status = status, .retry_after_s = retry_s, .body = body};
    PUT(m.location, location);
    if (retry_s)
        PL_MSG_SET(FETCHED, fetched, &m, retry_after_s);
    if (location[0])
        PL_MSG_SET(FETCHED, fetched, &m, location);
    if (body.len)
        PL_MSG_SET(FETCHED, fetched, &m, body);
    pl_bus_reply(p->world->api, ticket, &PL_MSG_FETCHED, &m);
}

static void hold(fake_platform *p, const pl_bus_in *in, const reply *out)
{
    assert_true(p->n_held < PLATFORM_HELD);
    p->held[p->n_held] = in->ticket;
    p->held_status[p->n_held] = out->status;
    PUT(p->held_location[p->n_held], out->location);
    p->n_held++;
}

void platform_release(fake_platform *p)
{
    p->is_holding = false;
    for (size_t i = 0; i < p->n_held; i++) {
        send(p, &p->held[i], p->held_status[i], p->held_location[i], 0,
             (pl_slice){NULL, 0});
    }
    p->n_held = 0;
}

static platform_fault fault_of(fake_platform *p, uint32_t method)
{
    if (p->n_faults == 0 || (p->fault_method && p->fault_method != method))
        return FAULT_NONE;
    p->n_faults--;
    return p->fault;
}

static void on_fetch(void *ctx, const pl_bus_in *in)
{
    fake_platform *p = ctx;
    const pl_fetch *m = in->body;
    reply out = {.status = 500};
    platform_fault fault = fault_of(p, m->method);
    p->n_requests++;
    p->n_of[m->method]++;
    PUT(p->last_url, m->url);
    assert_string_equal(m->secret, "pool:secret");
    assert_int_equal(m->auth, PL_FETCH_AUTH_BASIC);
    assert_true(m->configured);
    pl_buf_init(&out.body, BODY_MAX);
    if (fault == FAULT_NONE || fault == FAULT_MUTE)
        serve(p, m, &out);
    if (fault == FAULT_TAKEN)
        say_taken(&out);
    if (fault == FAULT_STATUS)
        out.status = p->fault_status;
    if (fault == FAULT_UNHEARD)
        pl_bus_reply_error(p->world->api, &in->ticket, PL_EUNAVAILABLE, NULL);
    else if (p->is_holding && m->method != PL_FETCH_METHOD_GET)
        hold(p, in, &out);
    else if (fault != FAULT_MUTE && fault != FAULT_LOST)
        send(p, &in->ticket, out.status, out.location,
             fault == FAULT_STATUS ? p->fault_retry_s : 0,
             pl_buf_slice(&out.body));
    pl_buf_fini(&out.body);
}

void platform_serve(fake_platform *p, world *w)
{
    p->world = w;
    w->web.serve = on_fetch;
    w->web.serve_ctx = p;
}

void platform_configure(world *w)
{
    PUT(w->config.platform_url, PLATFORM_BASE "/");
    w->config.platform_certificate_check = false;
}

void platform_fail(fake_platform *p, uint32_t method, platform_fault fault,
                   uint32_t status, unsigned n)
{
    p->fault_method = method;
    p->fault = fault;
    p->fault_status = status;
    p->n_faults = n;
}
