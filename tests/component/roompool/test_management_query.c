/* test_management_query.c - the management API reads: rooms as they were made,
 * who is there, who was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/room_alias.h"
#include "fake_page.h"
#include "mgmt_client.h"
#include "pl/json.h"
#include "pool_client.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    ROOM = PL_MGMT_RESOURCE_CONFERENCE,
    ALIAS = PL_MGMT_RESOURCE_ALIAS,
    LIVE = PL_MGMT_RESOURCE_LIVE_CONFERENCE,
    LIVE_PART = PL_MGMT_RESOURCE_LIVE_PARTICIPANT,
    PAST = PL_MGMT_RESOURCE_PAST_CONFERENCE,
    PAST_PART = PL_MGMT_RESOURCE_PAST_PARTICIPANT
};

static int setup(void **state)
{
    static world w;
    world_create(&w, 1);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_destroy(*state);
    return 0;
}

/* ---- asking ---- */

typedef struct found {
    bool is_done;
    pl_err error;
    char text[128]; /* of the refusal */
    uint32_t total, count;
    pl_json *objects;
} found;

static void on_found(void *ctx, pl_err e, const pl_bus_in *in)
{
    found *f = ctx;
    f->is_done = true;
    f->error = e;
    if (e && in && in->desc == &PL_MSG_ERROR)
        PUT(f->text, ((const pl_error *)in->body)->text);
    if (e)
        return;
    assert_ptr_equal(in->desc, &PL_MSG_MANAGEMENT_PAGE);
    const pl_management_page *m = in->body;
    f->total = m->total;
    f->count = m->count;
    assert_int_equal(pl_json_parse(m->objects, &f->objects), PL_OK);
    assert_int_equal(pl_json_count(f->objects), f->count);
}

static void begin(world *w, const pl_management_query *m, found *f)
{
    *f = (found){.is_done = false};
    assert_int_equal(pl_bus_request(w->api, &(pl_bus_send){.to = NULL},
                                    &PL_MSG_MANAGEMENT_QUERY, m, on_found, f,
                                    NULL),
                     PL_OK);
}

static pl_err wait_for(world *w, found *f)
{
    for (int i = 0; i < 5000 && !f->is_done; i++)
        world_run(w, MS);
    assert_true(f->is_done);
    return f->error;
}

static pl_err send(world *w, const pl_management_query *m, found *f)
{
    begin(w, m, f);
    return wait_for(w, f);
}

/* texts: field, operator, value, .., NULL. */
static pl_err ask(world *w, uint32_t resource, const char *const *texts,
                  found *f)
{
    pl_management_query m = {.resource = resource, .limit = 100};
    uint8_t blob[2048];
    size_t len = 0;
    for (; *texts; texts++) {
        size_t n = strlen(*texts) + 1;
        assert_true(n <= sizeof blob - len);
        memcpy(blob + len, *texts, n);
        len += n;
    }
    if (len > 0) {
        m.filters = (pl_slice){blob, len};
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, filters);
    }
    return send(w, &m, f);
}

#define ASK(w, resource, f, ...)                                               \
    ask((w), (resource), (const char *const[]){__VA_ARGS__, NULL}, (f))

static pl_err ask_id(world *w, uint32_t resource, const char *id, found *f)
{
    pl_management_query m = {.resource = resource, .limit = 1};
    PUT(m.id, id);
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, id);
    return send(w, &m, f);
}

static pl_err ask_number(world *w, uint32_t resource, uint64_t id, found *f)
{
    char text[24];
    pl_fmt_cut(text, sizeof text, "%llu", (unsigned long long)id);
    return ask_id(w, resource, text, f);
}

/* ---- looking; the first object ---- */

static const pl_json *first(const found *f)
{
    const pl_json *json = pl_json_at(f->objects, 0);
    assert_non_null(json);
    return json;
}

static void is_text(const pl_json *json, const char *key, const char *value)
{
    pl_slice text = {NULL, 0};
    char copy[256];
    assert_int_equal(pl_json_get_str(json, key, &text), PL_OK);
    assert_int_equal(pl_copy(copy, sizeof copy, text), PL_OK);
    if (strcmp(copy, value) != 0)
        fail_msg("%s is %s, not %s", key, copy, value);
}

static void is_number(const pl_json *json, const char *key, int64_t value)
{
    int64_t number = 0;
    if (pl_json_get_i64(json, key, &number) || number != value)
        fail_msg("%s is %lld, not %lld", key, (long long)number,
                 (long long)value);
}

/* The object with that display name. */
static const pl_json *named(const found *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        pl_slice text;
        const pl_json *json = pl_json_at(f->objects, i);
        if (pl_json_get_str(json, "display_name", &text) == PL_OK &&
            pl_slice_eq_str(text, name))
            return json;
    }
    fail_msg("nobody is called %s", name);
    return NULL;
}

static void done(found *f)
{
    pl_json_free(&f->objects);
}

/* One match, which is shown. */
static void finds_one(world *w, uint32_t resource, found *f, const char *field,
                      const char *value)
{
    assert_int_equal(ASK(w, resource, f, field, "", value), PL_OK);
    assert_int_equal(f->total, 1);
    assert_int_equal(f->count, 1);
}

static void finds_none(world *w, uint32_t resource, const char *field,
                       const char *value)
{
    found f;
    assert_int_equal(ASK(w, resource, &f, field, "", value), PL_OK);
    assert_int_equal(f.total, 0);
    assert_int_equal(f.count, 0);
    done(&f);
}

/* ---- configuration ---- */

static void a_room_is_read_as_it_was_made(void **state)
{
    world *w = *state;
    found f;
    uint64_t id = mgmt_makes(
        w, ROOM,
        "{'name':'Consult','allow_guests':true,'pin':'4471',"
        "'guest_pin':'9036','aliases':[{'alias':'C7','description':'one'},"
        "{'alias':'700'}],'participant_limit':4,'tag':'t',"
        "'host_view':null,'sync_tag':'s'}");
    finds_one(w, ROOM, &f, "name", "Consult");
    const pl_json *o = first(&f);
    is_number(o, "id", (int64_t)id);
    is_text(o, "pin", "4471");
    is_text(o, "guest_pin", "9036");
    is_text(o, "tag", "t");
    is_text(o, "sync_tag", "s");
    is_number(o, "participant_limit", 4);
    assert_non_null(pl_json_get(o, "host_view"));
    const pl_json *aliases = pl_json_get(o, "aliases");
    assert_int_equal(pl_json_count(aliases), 2);
    is_text(pl_json_at(aliases, 0), "alias", "C7");
    is_text(pl_json_at(aliases, 0), "description", "one");
    done(&f);
    mgmt_changes(w, ROOM, id, "{'tag':'other'}");
    finds_one(w, ROOM, &f, "aliases__alias", "700");
    is_text(first(&f), "tag", "other");
    done(&f);
    finds_one(w, ALIAS, &f, "alias", "C7");
    is_number(first(&f), "conference", (int64_t)id);
    done(&f);
    finds_one(w, ROOM, &f, "sync_tag", "s");
    done(&f);
    assert_int_equal(ask_number(w, ROOM, id, &f), PL_OK);
    done(&f);
    assert_int_equal(mgmt_removes(w, ROOM, id), PL_OK);
    assert_int_equal(ask_number(w, ROOM, id, &f), PL_ENOENT);
    finds_none(w, ROOM, "name", "Consult");
    finds_none(w, ALIAS, "alias", "C7");
}

static void rooms_of_the_pool_are_rooms_others_are_not(void **state)
{
    world *w = *state;
    found f;
    answer a;
    assert_int_equal(checkout(w, &(taking){.payload = "abc"}, &a), PL_OK);
    finds_one(w, ROOM, &f, "name", a.body.room.name);
    is_text(first(&f), "tag", "tag:abc");
    is_text(first(&f), "pin", a.body.room.pin);
    is_text(first(&f), "guest_pin", a.body.room.guest_pin);
    done(&f);
    finds_none(w, ROOM, "name", "lobby");
    finds_none(w, ROOM, "aliases__alias", "lobby");
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
    finds_none(w, ROOM, "name", a.body.room.name);
}

/* Both are sent at once: the question is answered after the change, and what
 * it shows is safe. */
static void what_was_asked_for_before_is_seen(void **state)
{
    world *w = *state;
    found f;
    answer a;
    const mgmt_put put = {.resource = ROOM, .json = "{'name':'New'}"};
    pl_management_query m = {.resource = ROOM, .limit = 10};
    mgmt_begins(w, &put, &a);
    begin(w, &m, &f);
    world_wait(w, &a);
    assert_int_equal(wait_for(w, &f), PL_OK);
    assert_int_equal(f.total, 1);
    is_text(first(&f), "name", "New");
    done(&f);
}

/* ---- status and history ---- */

static void who_is_there_is_shown_as_it_is(void **state)
{
    world *w = *state;
    found f;
    page host;
    page guest;
    answer dialled;
    page_enters(w, &guest, "hosted", "none", "guest");
    finds_one(w, LIVE, &f, "name", "hosted");
    is_number(first(&f), "is_started", 0);
    done(&f);
    finds_one(w, LIVE_PART, &f, "conference", "hosted");
    is_text(first(&f), "role", "guest");
    is_text(first(&f), "service_type", "waiting_room");
    is_text(first(&f), "protocol", "API");
    is_text(first(&f), "encryption", "Off");
    done(&f);
    page_is_in(w, &host, "hosted", "9999", "host");
    phone_joins(w, "call-1", "hosted");
    world_run(w, S);
    finds_one(w, LIVE, &f, "name", "hosted");
    is_number(first(&f), "is_started", 1);
    is_text(first(&f), "service_type", "conference");
    done(&f);
    finds_one(w, LIVE_PART, &f, "role", "host");
    const pl_json *o = first(&f);
    is_text(o, "id", host.id);
    is_text(o, "conference", "hosted");
    is_text(o, "service_type", "conference");
    is_text(o, "protocol", "WebRTC");
    is_text(o, "encryption", "On");
    is_text(o, "call_direction", "in");
    is_text(o, "call_uuid", host.call);
    is_number(o, "has_media", 1);
    is_number(o, "is_transfer_supported", 1);
    done(&f);
    finds_one(w, LIVE_PART, &f, "protocol", "SIP");
    is_number(first(&f), "is_transfer_supported", 1);
    is_text(first(&f), "encryption", "Off");
    is_text(first(&f), "signalling_node", w->sig.node);
    done(&f);
    assert_int_equal(
        mgmt_dials(w, "hosted", "tel:+15551234", PL_PART_ROLE_HOST, &dialled),
        PL_OK);
    finds_one(w, LIVE_PART, &f, "call_direction", "out");
    is_text(first(&f), "service_type", "connecting");
    is_text(first(&f), "destination_alias", "tel:+15551234");
    done(&f);
    finds_none(w, LIVE_PART, "conference", "lobby");
    assert_int_equal(ask_id(w, LIVE_PART, host.id, &f), PL_OK);
    assert_int_equal(f.total, 1);
    done(&f);
    page_goes(w, &host);
    assert_int_equal(ask_id(w, LIVE_PART, host.id, &f), PL_ENOENT);
}

static void begins_with(world *w, const char *alias, const char *host_layout,
                        const char *guest_layout)
{
    page p;
    page_is_in(w, &p, alias, NULL, "p");
    const pl_conf_row *conf = &page_part(w, &p)->conf->row;
    assert_string_equal(conf->host_layout, host_layout);
    assert_string_equal(conf->guest_layout, guest_layout);
    page_goes(w, &p);
}

/* What the API shows as the views of a room is what clients are told; guests
 * without one of their own have that of hosts. */
static void views_are_told_as_they_are_shown(void **state)
{
    world *w = *state;
    (void)mgmt_makes(w, ROOM, "{'name':'preset'}");
    (void)mgmt_makes(w, ROOM, "{'name':'none','host_view':null}");
    (void)mgmt_makes(w, ROOM,
                     "{'name':'one','host_view':'four_mains_zero_pips'"
                     ",'guest_view':'one_main_zero_pips'}");
    begins_with(w, "preset", "1:7", "1:7");
    begins_with(w, "none", "", "");
    begins_with(w, "one", "4:0", "1:0");
    begins_with(w, "lobby", "", "");
}

static void a_live_conference_has_the_number_of_its_room(void **state)
{
    world *w = *state;
    found f;
    page p;
    uint64_t id =
        mgmt_makes(w, ROOM, "{'name':'Desk','aliases':[{'alias':'d'}]}");
    assert_int_equal(ask_number(w, LIVE, id, &f), PL_ENOENT);
    page_is_in(w, &p, "d", NULL, "p");
    assert_int_equal(ask_number(w, LIVE, id, &f), PL_OK);
    is_text(first(&f), "id", page_part(w, &p)->conf->row.conf_id);
    done(&f);
    assert_int_equal(ask_number(w, LIVE, id + 1, &f), PL_ENOENT);
    assert_int_equal(ask_number(w, LIVE_PART, id, &f), PL_ENOENT);
}

static void who_was_there_is_history(void **state)
{
    world *w = *state;
    found f;
    page host;
    page_is_in(w, &host, "hosted", "9999", "host");
    world_run(w, 65 * S);
    finds_none(w, PAST_PART, "conference_name", "hosted");
    finds_none(w, PAST, "name", "hosted");
    page_goes(w, &host);
    world_run(w, S);
    finds_none(w, LIVE, "name", "hosted");
    finds_none(w, LIVE_PART, "conference", "hosted");
    finds_one(w, PAST_PART, &f, "conference_name", "hosted");
    const pl_json *o = first(&f);
    is_text(o, "id", host.id);
    is_text(o, "role", "host");
    is_text(o, "protocol", "WebRTC");
    is_number(o, "duration", 65);
    done(&f);
    finds_one(w, PAST, &f, "name", "hosted");
    is_number(first(&f), "duration", 65);
    is_number(first(&f), "participant_count", 1);
    done(&f);
    assert_int_equal(ASK(w, PAST_PART, &f, "end_time", "gte",
                         "1971-01-01T00:00:00.000Z", "conference_name",
                         "startswith", "host"),
                     PL_OK);
    assert_int_equal(f.total, 1);
    (void)named(&f, "host");
    done(&f);
    finds_none(w, PAST_PART, "end_time", "1971-01-01T00:00:00.000Z");
}

/* ---- pages ---- */

enum { MANY = 120 };

static void make_many(world *w)
{
    char json[1024];
    char text[201];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (unsigned i = 0; i < MANY; i++) {
        pl_fmt_cut(json, sizeof json,
                   "{'name':'%03u %s','description':'%s','tag':'%s',"
                   "'sync_tag':'%s'}",
                   i, text, text, text, text);
        (void)mgmt_makes(w, ROOM, json);
    }
}

static void a_page_ends_before_64_kib_and_goes_on(void **state)
{
    world *w = *state;
    found f;
    pl_management_query m = {.resource = ROOM, .limit = 10000};
    unsigned n_pages = 0;
    make_many(w);
    PUT(m.order, "-name");
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, order);
    for (; m.offset < MANY; n_pages++) {
        assert_int_equal(send(w, &m, &f), PL_OK);
        assert_int_equal(f.total, MANY);
        assert_true(f.count > 0);
        for (size_t i = 0; i < f.count; i++, m.offset++) {
            char name[4];
            pl_slice text;
            assert_int_equal(
                pl_json_get_str(pl_json_at(f.objects, i), "name", &text),
                PL_OK);
            text.len = 3;
            assert_int_equal(pl_copy(name, sizeof name, text), PL_OK);
            assert_int_equal(atoi(name), MANY - 1 - (int)m.offset);
        }
        done(&f);
    }
    assert_true(n_pages > 1);
    assert_int_equal(send(w, &m, &f), PL_OK);
    assert_int_equal(f.count, 0);
    done(&f);
}

/* n times a quotation mark, as JSON. */
static void add_quotes(pl_buf *json, size_t n)
{
    while (n-- > 0)
        pl_buf_add_str(json, "\\\"");
}

/* The most that one may be given, all of it twice as long in JSON. */
static void the_largest_conference_fits_a_page(void **state)
{
    static const char *const settings[] = {
        "ivr_theme",      "host_identity_provider_group",
        "mssip_proxy",    "guest_identity_provider_group",
        "teams_proxy",    "gms_access_token",
        "media_playlist", "system_location",
        "pinning_config", "match_string",
        "replace_string", "post_match_string",
        "sync_tag",       "post_replace_string"};
    world *w = *state;
    found f;
    pl_buf json;
    pl_buf_init(&json, 65536);
    pl_buf_add_str(&json, "{'name':'Large','tag':'");
    add_quotes(&json, 250);
    pl_buf_add_str(&json, "','description':'");
    add_quotes(&json, 250);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        pl_buf_add_fmt(&json, "','%s':'", settings[i]);
        add_quotes(&json, 250);
    }
    pl_buf_add_str(&json, "','on_completion':'");
    add_quotes(&json, 1000);
    pl_buf_add_str(&json, "'}");
    assert_false(json.has_failed);
    uint64_t id = mgmt_makes(w, ROOM, pl_buf_text(&json));
    for (int i = 0; i < PL_ALIASES_MAX; i++) {
        pl_buf_clear(&json);
        pl_buf_add_fmt(&json, "{'conference':%llu,'alias':'%02d",
                       (unsigned long long)id, i);
        add_quotes(&json, 248);
        pl_buf_add_str(&json, "','description':'");
        add_quotes(&json, 250);
        pl_buf_add_str(&json, "'}");
        (void)mgmt_makes(w, ALIAS, pl_buf_text(&json));
    }
    pl_buf_fini(&json);
    finds_one(w, ROOM, &f, "name", "Large");
    assert_int_equal(pl_json_count(pl_json_get(first(&f), "aliases")),
                     PL_ALIASES_MAX);
    done(&f);
}

static void what_takes_too_long_is_given_up(void **state)
{
    world *w = *state;
    found f;
    pl_management_query m = {.resource = ROOM, .limit = 10};
    make_many(w);
    w->config.query_ms = 0;
    assert_int_equal(send(w, &m, &f), PL_EUNAVAILABLE);
    assert_int_equal(world_metric(w, PL_RM_queries_cut), 1);
    assert_int_equal(world_metric(w, PL_RM_refused_no_worker), 0);
    w->config.query_ms = 10000;
    assert_int_equal(send(w, &m, &f), PL_OK);
    done(&f);
    assert_int_equal(world_metric(w, PL_RM_queries), 2);
    assert_int_equal(world_metric(w, PL_RM_queries_failed), 0);
}

/* ---- refusals ---- */

static void a_refusal_names_the_filter(void **state)
{
    world *w = *state;
    found f;
    assert_int_equal(ASK(w, ROOM, &f, "id", "", "x"), PL_EINVAL);
    assert_string_equal(f.text, "id: a value of another type");
    assert_int_equal(ASK(w, ROOM, &f, "nmae", "", "x"), PL_EINVAL);
    assert_int_equal(ASK(w, ROOM, &f, "name", "regex", ".*"), PL_EINVAL);
    assert_int_equal(ASK(w, ROOM, &f, "name"), PL_EINVAL);
    assert_int_equal(ask_id(w, ROOM, "1 OR 1=1", &f), PL_ENOENT);
    assert_int_equal(ask_id(w, LIVE, "' OR ''='", &f), PL_ENOENT);
    pl_management_query m = {.resource = 99, .limit = 1};
    assert_int_equal(send(w, &m, &f), PL_EINVAL);
    m = (pl_management_query){.resource = ROOM, .limit = 1};
    PUT(m.order, "name; DROP TABLE rooms");
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, order);
    assert_int_equal(send(w, &m, &f), PL_EINVAL);
    finds_none(w, ROOM, "name", "'; DROP TABLE rooms; --");
}

static void workers_may_not_ask(void **state)
{
    world *w = *state;
    answer a;
    pl_management_query m = {.resource = ROOM, .limit = 1};
    world_ask_from(w, w->sig.bus, &PL_MSG_MANAGEMENT_QUERY, &m, &a);
    assert_int_equal(a.error, PL_EFORBIDDEN);
}

/* Any bytes are answered or refused. */
static void random_blobs_hurt_nothing(void **state)
{
    static const char *const words[] = {
        "name", "id", "tag", "aliases__alias", "exact", "in",    "range", "",
        "'",    "%",  "1,2", "\xff",           "\xc3",  "isnull"};
    world *w = *state;
    static uint8_t blob[16384];
    uint32_t seed = 7;
    found f;
    (void)mgmt_makes(w, ROOM, "{'name':'One'}");
    for (unsigned i = 0; i < 300; i++) {
        size_t len = 0;
        for (unsigned k = 0; k < i % 10; k++) {
            seed = seed * 1664525 + 1013904223;
            const char *word = words[(seed >> 16) % 14];
            size_t n = strlen(word) + ((seed >> 8) % 8 != 0);
            memcpy(blob + len, word, n);
            len += n;
        }
        pl_management_query m = {.resource = 1 + i % 8, .limit = 5};
        m.filters = (pl_slice){blob, len};
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, filters);
        pl_err e = send(w, &m, &f);
        assert_true(e == PL_OK || e == PL_EINVAL);
        done(&f);
    }
    memset(blob, 'a', sizeof blob);
    pl_management_query m = {.resource = ROOM, .limit = 5};
    m.filters = (pl_slice){blob, sizeof blob};
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, filters);
    assert_int_equal(send(w, &m, &f), PL_EINVAL);
    memset(blob, 0, sizeof blob);
    assert_int_equal(send(w, &m, &f), PL_EINVAL);
    finds_one(w, ROOM, &f, "name", "One");
    done(&f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_room_is_read_as_it_was_made),
        T(rooms_of_the_pool_are_rooms_others_are_not),
        T(what_was_asked_for_before_is_seen),
        T(who_is_there_is_shown_as_it_is),
        T(views_are_told_as_they_are_shown),
        T(a_live_conference_has_the_number_of_its_room),
        T(who_was_there_is_history),
        T(a_page_ends_before_64_kib_and_goes_on),
        T(the_largest_conference_fits_a_page),
        T(what_takes_too_long_is_given_up),
        T(a_refusal_names_the_filter),
        T(workers_may_not_ask),
        T(random_blobs_hurt_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
