/* test_management.c - objects of the management API: rooms with their aliases,
 * PINs and settings, and whom they have dialled, are made, changed, removed,
 * beside rooms that are in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/room.h"
#include "core/room_alias.h"
#include "core/room_auto.h"
#include "fake_page.h"
#include "mgmt_client.h"
#include "pool_client.h"
#include "world.h"

enum {
    MS = 1000,
    S = 1000000,
    ROOM = PL_MGMT_RESOURCE_CONFERENCE,
    ALIAS = PL_MGMT_RESOURCE_ALIAS,
    AUTO = PL_MGMT_RESOURCE_AUTOMATIC_PARTICIPANT
};

#define NAME_TAKEN  "{'name':['A conference with this name already exists.']}"
#define ALIAS_TAKEN "'A conference alias with this alias already exists.'"

static int setup(void **state)
{
    static world w;
    world_create(&w, 1);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    if (w->is_fatal)
        return 1;
    world_check(w);
    world_destroy(w);
    return 0;
}

static int64_t count(world *w, const char *where)
{
    char sql[512];
    assert_int_equal(pl_fmt(sql, sizeof sql, "SELECT count(*) FROM %s", where),
                     PL_OK);
    return world_sql(w, sql);
}

static pl_err tries(world *w, const char *alias, const char *pin)
{
    static unsigned n;
    char token[16];
    answer a;
    pl_fmt_cut(token, sizeof token, "t%u", n++);
    pl_err e = join_room(w, alias, pin, token, &a);
    if (!e)
        assert_int_equal(page_leaves(w, &a, token), PL_OK);
    return e;
}

/* ---- making ---- */

static void a_room_is_made_with_its_aliases(void **state)
{
    world *w = *state;
    page host;
    page guest;
    uint64_t id = mgmt_makes(
        w, ROOM,
        "{'name':'Consult 7','service_type':'conference','allow_guests':true,"
        "'pin':'4471','guest_pin':'9036','aliases':[{'alias':'Consult7'},"
        "{'alias':'700','description':'by telephone'}],"
        "'participant_limit':4,'description':'d','tag':'t'}");
    assert_int_equal(
        count(w, "rooms WHERE source = 'admin' AND room_id = 'Consult 7' AND "
                 "host_pin_hash = 'clear$4471' AND pin_hash = 'clear$9036' AND "
                 "allow_guests AND max_participants = 4 AND tag = 't'"),
        1);
    assert_int_equal(count(w, "aliases WHERE room_id = 'Consult 7' AND "
                              "alias_no > 0"),
                     2);
    assert_int_equal(count(w, "aliases WHERE alias = 'consult7' AND written = "
                              "'Consult7'"),
                     1);
    page_is_in(w, &host, "CONSULT7", "4471", "host");
    page_is_in(w, &guest, "700", "9036", "guest");
    assert_int_equal(host.role, PL_PART_ROLE_HOST);
    assert_int_equal(guest.role, PL_PART_ROLE_GUEST);
    assert_int_equal(tries(w, "700", "1111"), PL_EPIN_INVALID);
    assert_int_equal(mgmt_makes(w, ROOM, "{'name':'next'}"), id + 1);
}

static void what_was_made_survives_a_restart(void **state)
{
    world *w = *state;
    uint64_t id = mgmt_makes(
        w, ROOM,
        "{'name':'R','aliases':[{'alias':'r'}],'host_view':null,"
        "'mute_all_guests':true,'primary_owner_email_address':'a@b'}");
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_check(w);
    mgmt_changes(w, ROOM, id, "{'description':'still there'}");
    assert_int_equal(count(w, "room_settings WHERE field = 'host_view' AND "
                              "value = 'null'"),
                     1);
    assert_int_equal(count(w, "room_settings"), 3);
    assert_int_equal(tries(w, "r", NULL), PL_OK);
    assert_int_equal(mgmt_makes(w, ROOM, "{'name':'later'}"), id + 1);
}

static void names_and_aliases_are_unique(void **state)
{
    world *w = *state;
    uint64_t id =
        mgmt_makes(w, ROOM, "{'name':'One','aliases':[{'alias':'a'}]}");
    mgmt_is_refused(w, ROOM, 0, "{'name':'ONE'}", NAME_TAKEN);
    mgmt_is_refused(w, ROOM, 0, "{'name':'Lobby'}", NAME_TAKEN);
    mgmt_is_refused(w, ROOM, 0, "{'name':'x','aliases':[{'alias':'A'}]}",
                    "{'aliases':[" ALIAS_TAKEN "]}");
    mgmt_is_refused(w, ROOM, 0, "{'name':'x','aliases':[{'alias':'LOBBY'}]}",
                    "{'aliases':[" ALIAS_TAKEN "]}");
    mgmt_is_refused(w, ROOM, 0,
                    "{'name':'x','aliases':[{'alias':'b'},{'alias':'B'}]}",
                    "{'aliases':[" ALIAS_TAKEN "]}");
    mgmt_is_refused(w, ROOM, 0, "{}", "{'name':['This field is required.']}");
    mgmt_is_refused(
        w, ROOM, 0, "{'name':'one','aliases':[{'alias':'a b'}]}",
        "{'name':['A conference with this name already exists.'],"
        "'aliases':['An alias has 1 to 250 bytes and no spaces.']}");
    mgmt_changes(w, ROOM, id, "{'name':'ONE'}"); /* its own */
    assert_int_equal(count(w, "rooms WHERE room_id = 'ONE'"), 1);
    assert_int_equal(count(w, "rooms WHERE room_id = 'One'"), 0);
    assert_int_equal(tries(w, "a", NULL), PL_OK);
}

static void pins_go_together(void **state)
{
    static const struct {
        const char *members;
        const char *field; /* NULL: they do */
    } ROWS[] = {
        {"'allow_guests':false", NULL},
        {"'allow_guests':false,'pin':'1234'", NULL},
        {"'allow_guests':false,'guest_pin':'1234'", "guest_pin"},
        {"'allow_guests':false,'pin':'1234','guest_pin':'4321'", "guest_pin"},
        {"'allow_guests':true", "pin"},
        {"'allow_guests':true,'guest_pin':'1234'", "pin"},
        {"'allow_guests':true,'pin':'1234'", NULL},
        {"'allow_guests':true,'pin':'1234','guest_pin':'4321'", NULL},
        {"'allow_guests':true,'pin':'1234','guest_pin':'1234'", "guest_pin"},
        {"'allow_guests':true,'pin':'1234','guest_pin':'12345'", "guest_pin"},
        {"'allow_guests':true,'pin':'1234#','guest_pin':'12345#'", NULL},
        {"'pin':'123'", "pin"},
        {"'pin':'12a4'", "pin"},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char json[256];
        char faults[MGMT_FAULTS];
        char begin[64];
        uint64_t id = 0;
        pl_fmt_cut(json, sizeof json, "{'name':'r%zu',%s}", i, ROWS[i].members);
        pl_err e = mgmt_puts(w, &(mgmt_put){.resource = ROOM, .json = json},
                             &id, faults);
        assert_int_equal(e, ROWS[i].field ? PL_EINVAL : PL_OK);
        if (!ROWS[i].field)
            continue;
        pl_fmt_cut(begin, sizeof begin, "{'%s':[", ROWS[i].field);
        assert_memory_equal(faults, begin, strlen(begin));
    }
}

/* A change of one of them is judged with the others as they are. */
static void a_pin_is_changed_beside_the_other(void **state)
{
    world *w = *state;
    uint64_t id = mgmt_makes(w, ROOM,
                             "{'name':'r','allow_guests':true,'pin':'1234',"
                             "'guest_pin':'4321','aliases':[{'alias':'r'}]}");
    mgmt_changes(w, ROOM, id, "{'pin':'5555'}");
    assert_int_equal(tries(w, "r", "5555"), PL_OK);
    assert_int_equal(tries(w, "r", "4321"), PL_OK);
    assert_int_equal(tries(w, "r", "1234"), PL_EPIN_INVALID);
    mgmt_changes(w, ROOM, id, "{'allow_guests':false,'guest_pin':''}");
    assert_int_equal(tries(w, "r", "5555"), PL_OK);
    assert_int_equal(tries(w, "r", "4321"), PL_EPIN_INVALID);
    mgmt_changes(w, ROOM, id, "{'pin':''}");
    assert_int_equal(tries(w, "r", NULL), PL_OK);
}

/* ---- changing ---- */

static uint64_t alias_no(world *w, const char *alias)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT alias_no FROM aliases WHERE alias = '%s'", alias);
    return (uint64_t)world_sql(w, sql);
}

static void a_list_of_aliases_replaces_all(void **state)
{
    world *w = *state;
    char json[256];
    uint64_t id = mgmt_makes(
        w, ROOM,
        "{'name':'r','aliases':[{'alias':'a'},{'alias':'b','description':'d'},"
        "{'alias':'c'}]}");
    uint64_t a = alias_no(w, "a");
    uint64_t b = alias_no(w, "b");
    uint64_t c = alias_no(w, "c");
    /* The same text, the same number; an id with another text; a new one. */
    pl_fmt_cut(json, sizeof json,
               "{'aliases':[{'alias':'B'},{'id':%d,'alias':'z'},"
               "{'alias':'new'}]}",
               (int)c);
    mgmt_changes(w, ROOM, id, json);
    assert_int_equal(alias_no(w, "b"), b);
    assert_int_equal(alias_no(w, "z"), c);
    assert_true(alias_no(w, "new") > c);
    assert_int_equal(count(w, "aliases WHERE alias IN ('a', 'c')"), 0);
    assert_int_equal(
        count(w, "aliases WHERE written = 'B' AND description = 'd'"), 1);
    /* Two of them change their texts; one is named by its number alone. */
    pl_fmt_cut(json, sizeof json,
               "{'aliases':[{'id':%d,'alias':'z'},{'id':%d,'alias':'b'}]}",
               (int)b, (int)c);
    mgmt_changes(w, ROOM, id, json);
    assert_int_equal(alias_no(w, "z"), b);
    assert_int_equal(alias_no(w, "b"), c);
    pl_fmt_cut(json, sizeof json, "{'aliases':[{'id':%d}]}", (int)c);
    mgmt_changes(w, ROOM, id, json);
    assert_int_equal(alias_no(w, "b"), c);
    pl_fmt_cut(json, sizeof json, "{'aliases':[{'id':%d}]}", (int)a);
    mgmt_is_refused(w, ROOM, id, json,
                    "{'aliases':['No such alias of this object.','An alias has "
                    "1 to 250 bytes and no spaces.']}");
    mgmt_changes(w, ROOM, id, "{'aliases':null}"); /* as they are */
    assert_int_equal(count(w, "aliases WHERE room_id = 'r'"), 1);
    mgmt_changes(w, ROOM, id, "{'aliases':[]}");
    assert_int_equal(count(w, "aliases WHERE room_id = 'r'"), 0);
}

/* Two members of the list mean one alias: by its number and by its text. */
static void an_alias_is_in_a_list_once(void **state)
{
    static const char TWICE[] =
        "{'aliases':['An alias is in the list twice.']}";
    world *w = *state;
    char json[256];
    uint64_t id = mgmt_makes(w, ROOM, "{'name':'r','aliases':[{'alias':'a'}]}");
    int a = (int)alias_no(w, "a");
    pl_fmt_cut(json, sizeof json,
               "{'aliases':[{'id':%d,'alias':'x'},{'id':%d,'alias':'y'}]}", a,
               a);
    mgmt_is_refused(w, ROOM, id, json, TWICE);
    pl_fmt_cut(json, sizeof json,
               "{'aliases':[{'alias':'a'},{'id':%d,"
               "'alias':'y'}]}",
               a);
    mgmt_is_refused(w, ROOM, id, json, TWICE);
    /* Who got the number first keeps it; the text is free for a new one. */
    pl_fmt_cut(json, sizeof json,
               "{'aliases':[{'id':%d,'alias':'x'},"
               "{'alias':'a'}]}",
               a);
    mgmt_changes(w, ROOM, id, json);
    assert_int_equal(alias_no(w, "x"), a);
    assert_true(alias_no(w, "a") > (uint64_t)a);
}

static void what_is_absent_stays_or_gets_its_preset(void **state)
{
    world *w = *state;
    char faults[MGMT_FAULTS];
    uint64_t id = mgmt_makes(
        w, ROOM,
        "{'name':'r','tag':'t','description':'d','pin':'1234',"
        "'participant_limit':7,'ivr_theme':'x','service_type':'test_call',"
        "'aliases':[{'alias':'r'}]}");
    mgmt_put put = {.resource = ROOM, .id = id, .json = "{'description':'e'}"};
    assert_int_equal(mgmt_puts(w, &put, &id, faults), PL_OK);
    assert_int_equal(
        count(w, "rooms WHERE tag = 't' AND description = 'e' AND pin_hash = "
                 "'clear$1234' AND max_participants = 7 AND mode = 'echo'"),
        1);
    assert_int_equal(count(w, "room_settings WHERE field = 'ivr_theme'"), 1);
    put.replace = true;
    put.json = "{'name':'r','aliases':null}";
    assert_int_equal(mgmt_puts(w, &put, &id, faults), PL_OK);
    assert_int_equal(
        count(w, "rooms WHERE room_id = 'r' AND tag = '' AND description = '' "
                 "AND pin_hash = '' AND max_participants = 0 AND mode = 'mix' "
                 "AND service_type = 'conference'"),
        1);
    assert_int_equal(count(w, "room_settings"), 0);
    assert_int_equal(count(w, "aliases WHERE room_id = 'r'"), 1);
}

static void what_is_of_the_wrong_type_is_refused(void **state)
{
    static const char *const ROWS[][2] = {
        {"{'name':7}", "{'name':['This value has the wrong type.'"},
        {"{'name':'x','tag':[]}", "{'tag':["},
        {"{'name':'x','allow_guests':'yes'}", "{'allow_guests':["},
        {"{'name':'x','participant_limit':-1}", "{'participant_limit':["},
        {"{'name':'x','aliases':'a'}", "{'aliases':["},
        {"{'name':'x','aliases':['a']}", "{'aliases':["},
        {"{'name':'x','automatic_participants':[99]}",
         "{'automatic_participants':['No such"},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char faults[MGMT_FAULTS];
        uint64_t id;
        const mgmt_put put = {.resource = ROOM, .json = ROWS[i][0]};
        assert_int_equal(mgmt_puts(w, &put, &id, faults), PL_EINVAL);
        assert_memory_equal(faults, ROWS[i][1], strlen(ROWS[i][1]));
    }
    const mgmt_put list = {.resource = ROOM, .json = "[]"};
    const mgmt_put status = {.resource = PL_MGMT_RESOURCE_LIVE_CONFERENCE,
                             .json = "{}"};
    char faults[MGMT_FAULTS];
    uint64_t id;
    assert_int_equal(mgmt_puts(w, &list, &id, faults), PL_EINVAL);
    assert_int_equal(mgmt_puts(w, &status, &id, faults), PL_EINVAL);
    assert_int_equal(count(w, "rooms WHERE source = 'admin'"), 0);
}

static void a_room_is_renamed_while_people_are_in_it(void **state)
{
    world *w = *state;
    page p;
    page q;
    uint64_t id = mgmt_makes(
        w, ROOM, "{'name':'old','aliases':[{'alias':'a'},{'alias':'b'}]}");
    assert_int_equal(tries(w, "a", NULL), PL_OK); /* one to be remembered */
    page_is_in(w, &p, "a", NULL, "p");
    mgmt_changes(w, ROOM, id, "{'name':'New name'}");
    assert_int_equal(count(w, "rooms WHERE room_id = 'old'"), 0);
    assert_int_equal(count(w, "conferences WHERE room_id = 'New name'"), 2);
    assert_int_equal(count(w, "aliases WHERE room_id = 'New name'"), 2);
    page_is_in(w, &q, "b", NULL, "q");
    assert_ptr_equal(page_part(w, &p)->conf, page_part(w, &q)->conf);
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_check(w);
    assert_ptr_equal(page_part(w, &p)->conf, page_part(w, &q)->conf);
    assert_int_equal(mgmt_makes(w, ROOM, "{'name':'old'}"), id + 1);
}

static void a_room_of_the_pool_is_changed_too(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    w->config.pool_target = 2;
    w->config.pool_grace_s = 60;
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_run(w, S);
    checkout_any(w, &a);
    mgmt_changes(w, ROOM, a.body.room.room_no,
                 "{'name':'renamed','tag':'T','pin':'12345','guest_pin':'54321'"
                 "}");
    assert_int_equal(pool_get(w, a.body.room.name, &b), PL_ENOENT);
    assert_int_equal(pool_get(w, "renamed", &b), PL_OK);
    assert_string_equal(b.body.room.tag, "T");
    assert_string_equal(b.body.room.pin, "12345");
    assert_int_equal(b.body.room.alias_no, a.body.room.alias_no);
    assert_int_equal(tries(w, a.body.room.name, "54321"), PL_OK);
    assert_int_equal(count(w, "pool WHERE name = 'renamed' AND state = "
                              "'ending'"),
                     1);
    world_check(w);
    mgmt_changes(w, ROOM, a.body.room.room_no,
                 "{'aliases':[{'alias':'Other'}]}");
    assert_int_equal(pool_get(w, "renamed", &b), PL_OK);
    assert_string_equal(b.body.room.alias, "Other");
    mgmt_changes(w, ROOM, a.body.room.room_no, "{'aliases':[]}");
    assert_int_equal(pool_get(w, "renamed", &b), PL_OK);
    assert_int_equal(b.body.room.alias_no, 0);
    assert_int_equal(pool_remove(w, "renamed"), PL_OK);
}

/* ---- removing ---- */

/* Whoever removes it: nobody is dialled there any more, and whom it had dialled
 * does not know it any more. */
static void a_removed_room_of_the_pool_has_nobody_dialled(void **state)
{
    world *w = *state;
    char json[128];
    answer a;
    w->config.pool_target = 2;
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_run(w, S);
    checkout_any(w, &a);
    pl_fmt_cut(json, sizeof json,
               "{'alias':'sip:q@127.0.0.1','conference':[%d]}",
               (int)a.body.room.room_no);
    uint64_t who = mgmt_makes(w, AUTO, json);
    assert_int_equal(count(w, "automatic_participant_rooms"), 1);
    assert_int_equal(pool_remove(w, a.body.room.name), PL_OK);
    assert_int_equal(count(w, "automatic_participant_rooms"), 0);
    world_check(w);
    mgmt_changes(w, AUTO, who, "{'conference':[]}");
    assert_int_equal(mgmt_removes(w, AUTO, who), PL_OK);
}

static void who_is_in_a_removed_room_stays(void **state)
{
    world *w = *state;
    page p;
    page q;
    answer ev;
    uint64_t id = mgmt_makes(w, ROOM,
                             "{'name':'r','allow_guests':true,'pin':'1234','"
                             "guest_pin':'4321','aliases':"
                             "[{'alias':'r'}],'ivr_theme':'x'}");
    page_is_in(w, &p, "r", "1234", "p");
    page_is_in(w, &q, "r", "4321", "q");
    phone_call(w, "c1", "r", "offer"); /* just keys the PIN */
    phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 200, NULL);
    assert_int_equal(count(w, "participants WHERE state = 'pin'"), 1);
    assert_int_equal(mgmt_removes(w, ROOM, id), PL_OK);
    assert_true(sig_call(w, "c1")->is_ended);
    assert_int_equal(mgmt_removes(w, ROOM, id), PL_ENOENT);
    assert_int_equal(tries(w, "r", "1234"), PL_ENOENT);
    assert_int_equal(tries(w, "r", "none"), PL_ENOENT);
    mgmt_is_refused(w, ROOM, 0, "{'name':'r'}", NAME_TAKEN);
    world_check(w);
    page_listens(w, &q);
    assert_int_equal(page_says(w, &p, NULL, "still here"), PL_OK);
    page_hears(w, &q, PL_EVENT_KIND_MESSAGE, &ev);
    page_goes(w, &q);
    page_goes(w, &p);
    assert_int_equal(count(w, "rooms WHERE room_id = 'r' AND pin_hash = '' AND "
                              "host_pin_hash = ''"),
                     1);
    assert_int_equal(mgmt_makes(w, ROOM, "{'name':'r'}"), id + 1);
    assert_int_equal(count(w, "room_settings"), 0);
}

static void a_removed_room_is_forgotten(void **state)
{
    world *w = *state;
    page p;
    uint64_t id = mgmt_makes(w, ROOM, "{'name':'r','aliases':[{'alias':'r'}]}");
    page_is_in(w, &p, "r", NULL, "p");
    assert_int_equal(mgmt_removes(w, ROOM, id), PL_OK);
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_check(w);
    page_goes(w, &p);
    world_run(w, (int64_t)(w->config.linger_s + 2) * S);
    assert_int_equal(count(w, "rooms WHERE room_id = 'r'"), 0);
    uint64_t idle = mgmt_makes(w, ROOM, "{'name':'idle'}");
    assert_int_equal(mgmt_removes(w, ROOM, idle), PL_OK);
    assert_int_equal(count(w, "rooms WHERE room_id = 'idle'"), 0);
}

static void who_is_in_a_removed_room_of_the_pool_stays(void **state)
{
    world *w = *state;
    answer a;
    page p;
    answer b;
    checkout_any(w, &a);
    page_is_in(w, &p, a.body.room.name, a.body.room.pin, "p");
    assert_int_equal(mgmt_removes(w, ROOM, a.body.room.room_no), PL_OK);
    assert_int_equal(pool_get(w, a.body.room.name, &b), PL_ENOENT);
    assert_int_equal(tries(w, a.body.room.name, a.body.room.pin), PL_ENOENT);
    world_run(w, (int64_t)(w->config.pool_sweep_s + 1) * S);
    world_check(w);
    assert_int_equal(page_part(w, &p)->row.state, PL_PART_STATE_ACTIVE);
    page_goes(w, &p);
    assert_int_equal(count(w, "v_pool_rooms WHERE state = 'deleted'"), 1);
}

/* ---- limits ---- */

static void rooms_are_limited(void **state)
{
    world *w = *state;
    char faults[MGMT_FAULTS];
    char json[64];
    uint64_t id = 0;
    int n = 0;
    pl_err e = PL_OK;
    w->config.max_rooms = 8; /* five are configured */
    for (; n < 10 && !e; n++) {
        pl_fmt_cut(json, sizeof json, "{'name':'r%d'}", n);
        e = mgmt_puts(w, &(mgmt_put){.resource = ROOM, .json = json}, &id,
                      faults);
    }
    assert_int_equal(e, PL_EFULL);
    assert_int_equal(n, 4);
    mgmt_changes(w, ROOM, id, "{'tag':'t'}");
}

/* ---- aliases by themselves ---- */

static void an_alias_is_made_moved_and_removed(void **state)
{
    world *w = *state;
    char json[128];
    uint64_t r = mgmt_makes(w, ROOM, "{'name':'r','pin':'1111'}");
    uint64_t q = mgmt_makes(w, ROOM, "{'name':'q','pin':'2222'}");
    pl_fmt_cut(json, sizeof json, "{'alias':'Desk','conference':%d}", (int)r);
    uint64_t id = mgmt_makes(w, ALIAS, json);
    assert_int_equal(tries(w, "desk", "1111"), PL_OK);
    mgmt_is_refused(w, ALIAS, 0, json, "{'alias':[" ALIAS_TAKEN "]}");
    mgmt_is_refused(w, ALIAS, 0, "{'alias':'x'}",
                    "{'conference':['This field is required.']}");
    mgmt_is_refused(w, ALIAS, 0, "{'alias':'x','conference':999}",
                    "{'conference':['No such conference.']}");
    mgmt_is_refused(w, ALIAS, 0, "{'conference':null}",
                    "{'conference':['No such conference.'],"
                    "'alias':['This field is required.']}");
    pl_fmt_cut(json, sizeof json, "{'conference':%d}", (int)q);
    mgmt_changes(w, ALIAS, id, json);
    assert_int_equal(tries(w, "desk", "2222"), PL_OK);
    mgmt_is_refused(w, ALIAS, id, "{'alias':'DESK 2'}",
                    "{'alias':['An alias has 1 to 250 bytes and no spaces.']}");
}

static void an_alias_is_changed_in_place(void **state)
{
    world *w = *state;
    char json[128];
    uint64_t r = mgmt_makes(w, ROOM, "{'name':'r'}");
    pl_fmt_cut(json, sizeof json, "{'alias':'desk','conference':%d}", (int)r);
    uint64_t id = mgmt_makes(w, ALIAS, json);
    mgmt_changes(w, ALIAS, id, "{'alias':'DESK'}");
    assert_int_equal(
        count(w, "aliases WHERE alias = 'desk' AND written = 'DESK'"), 1);
    mgmt_changes(w, ALIAS, id, "{'alias':'table','description':'d'}");
    assert_int_equal(tries(w, "desk", NULL), PL_ENOENT);
    assert_int_equal(tries(w, "table", NULL), PL_OK);
    assert_int_equal(count(w, "aliases WHERE description = 'd'"), 1);
    mgmt_is_refused(w, ALIAS, id, "{'alias':'lobby'}",
                    "{'alias':[" ALIAS_TAKEN "]}");
    assert_int_equal(mgmt_removes(w, ALIAS, id), PL_OK);
    assert_int_equal(mgmt_removes(w, ALIAS, id), PL_ENOENT);
    assert_int_equal(tries(w, "table", NULL), PL_ENOENT);
    char faults[MGMT_FAULTS];
    const mgmt_put gone = {.resource = ALIAS, .id = id, .json = "{}"};
    assert_int_equal(mgmt_puts(w, &gone, &id, faults), PL_ENOENT);
}

/* ---- whom rooms have dialled ---- */

static void an_automatic_participant_knows_its_rooms(void **state)
{
    world *w = *state;
    char json[256];
    uint64_t r = mgmt_makes(w, ROOM, "{'name':'r'}");
    uint64_t q = mgmt_makes(w, ROOM, "{'name':'q'}");
    pl_fmt_cut(json, sizeof json,
               "{'alias':'sip:agents@example.net','conference':[%d,%d],"
               "'role':'guest','dtmf_sequence':',1#','system_location':null,"
               "'keep_conference_alive':'keep_conference_alive_never'}",
               (int)r, (int)q);
    uint64_t id = mgmt_makes(w, AUTO, json);
    assert_int_equal(count(w, "automatic_participant_rooms"), 2);
    assert_int_equal(count(w, "automatic_participants WHERE role = 'guest' AND "
                              "protocol = 'sip' AND routing = 'manual'"),
                     1);
    mgmt_changes(w, AUTO, id, "{'role':'host','conference':null}");
    assert_int_equal(count(w, "automatic_participant_rooms"), 2);
    mgmt_changes(w, ROOM, r, "{'automatic_participants':[]}");
    assert_int_equal(count(w, "automatic_participant_rooms"), 1);
    pl_fmt_cut(json, sizeof json, "{'automatic_participants':[%d,%d]}", (int)id,
               (int)id);
    mgmt_changes(w, ROOM, r, json);
    assert_int_equal(count(w, "automatic_participant_rooms"), 2);
    world_kill_roompool(w);
    world_start_roompool(w);
    world_say_hello(w, w->api, w->api_node, PL_ROLE_API);
    world_check(w);
    assert_int_equal(mgmt_removes(w, ROOM, q), PL_OK);
    assert_int_equal(count(w, "automatic_participant_rooms"), 1);
    assert_int_equal(mgmt_removes(w, AUTO, id), PL_OK);
    assert_int_equal(mgmt_removes(w, AUTO, id), PL_ENOENT);
    assert_int_equal(count(w, "automatic_participant_rooms"), 0);
}

static void an_automatic_participant_is_checked(void **state)
{
    world *w = *state;
    mgmt_is_refused(w, AUTO, 0, "{}", "{'alias':['This field is required.']}");
    mgmt_is_refused(w, AUTO, 0, "{'alias':'x','conference':[1234]}",
                    "{'conference':['No such conference.']}");
    mgmt_is_refused(w, AUTO, 0,
                    "{'alias':'x','role':'king','protocol':'fax','routing':'?',"
                    "'keep_conference_alive':'no'}",
                    "{'role':['No such role.'],'keep_conference_alive':['No "
                    "such choice.'],'protocol':['No such choice.'],'routing':["
                    "'No such choice.']}");
    w->config.max_automatic_participants = 1;
    (void)mgmt_makes(w, AUTO, "{'alias':'sip:a@b'}");
    char faults[MGMT_FAULTS];
    uint64_t id;
    const mgmt_put put = {.resource = AUTO, .json = "{'alias':'sip:c@d'}"};
    assert_int_equal(mgmt_puts(w, &put, &id, faults), PL_EFULL);
}

/* Lists have an end from either side. */
static void a_room_has_so_many_dialled(void **state)
{
    world *w = *state;
    char json[128];
    uint64_t id = mgmt_makes(w, ROOM, "{'name':'r'}");
    uint64_t who = 0;
    pl_fmt_cut(json, sizeof json,
               "{'alias':'sip:q@127.0.0.1','conference':[%d]}", (int)id);
    for (int i = 0; i < PL_AUTOS_OF_ROOM_MAX; i++)
        who = mgmt_makes(w, AUTO, json);
    mgmt_is_refused(
        w, AUTO, 0, json,
        "{'conference':['One has too many automatic participants.']}");
    pl_fmt_cut(json, sizeof json, "{'conference':[%d]}", (int)id);
    mgmt_changes(w, AUTO, who, json); /* it is there already */
    assert_int_equal(count(w, "automatic_participant_rooms"), 100);
    assert_int_equal(mgmt_removes(w, AUTO, who), PL_OK);
    (void)mgmt_makes(w, AUTO, "{'alias':'sip:q@127.0.0.1','conference':[1]}");
}

static void one_is_dialled_in_so_many_rooms(void **state)
{
    world *w = *state;
    char json[128];
    char list[128];
    uint64_t who = mgmt_makes(w, AUTO, "{'alias':'sip:q@127.0.0.1'}");
    w->config.max_rooms = PL_ROOMS_OF_AUTO_MAX + 10;
    for (int i = 0; i < PL_ROOMS_OF_AUTO_MAX; i++) {
        pl_fmt_cut(json, sizeof json,
                   "{'name':'r%d','automatic_participants':[%d]}", i, (int)who);
        (void)mgmt_makes(w, ROOM, json);
    }
    uint64_t one = mgmt_makes(w, ROOM, "{'name':'one more'}");
    pl_fmt_cut(list, sizeof list, "{'automatic_participants':[%d]}", (int)who);
    mgmt_is_refused(w, ROOM, one, list,
                    "{'automatic_participants':['One is in too many "
                    "conferences.']}");
    mgmt_changes(w, ROOM, one - 1, list); /* it is there already */
    mgmt_changes(w, ROOM, one - 1, "{'automatic_participants':[]}");
    mgmt_changes(w, ROOM, one, list);
}

/* ---- settings with an effect ---- */

static void settings_take_effect(void **state)
{
    world *w = *state;
    page host;
    page guest;
    answer ev;
    (void)mgmt_makes(
        w, ROOM,
        "{'name':'r','allow_guests':true,'pin':'1234','mute_all_guests':true,"
        "'enable_chat':'no','host_view':'one_main_seven_pips',"
        "'guest_view':'five_mains_seven_pips','enable_overlay_text':true,"
        "'participant_limit':2,'aliases':[{'alias':'r'}]}");
    page_is_in(w, &host, "r", "1234", "host");
    page_is_in(w, &guest, "r", "none", "guest");
    assert_true(page_part(w, &guest)->row.muted);
    assert_false(page_part(w, &host)->row.muted);
    assert_int_equal(page_says(w, &host, NULL, "x"), PL_EFORBIDDEN);
    page_hears(w, &host, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    assert_true(ev.body.event.no_chat);
    const pl_conf_row *conf = &page_part(w, &host)->conf->row;
    assert_string_equal(conf->guest_layout, "5:7");
    assert_true(conf->overlay_shown);
    assert_int_equal(tries(w, "r", "1234"), PL_EFULL);
    page_listens(w, &guest);
    page_hears_no(w, &guest, PL_EVENT_KIND_MESSAGE);
}

/* ---- telephones ---- */

static void a_room_is_dialled_and_its_pin_keyed(void **state)
{
    world *w = *state;
    (void)mgmt_makes(w, ROOM,
                     "{'name':'Long name of a room','allow_guests':true,"
                     "'pin':'1234','guest_pin':'4321','aliases':"
                     "[{'alias':'Desk.700'}]}");
    assert_int_equal(phone_call(w, "c1", "desk.700", "offer"), PL_OK);
    assert_int_equal(phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 200, NULL),
                     PL_OK);
    assert_int_equal(count(w, "participants WHERE state = 'pin'"), 1);
    phone_key(w, "c1", "4321#", true);
    world_run(w, S);
    assert_int_equal(count(w, "participants WHERE state = 'active' AND role = "
                              "'guest' AND waiting_at IS NOT NULL"),
                     1);
}

static void an_alias_may_have_a_domain(void **state)
{
    world *w = *state;
    (void)mgmt_makes(w, ROOM,
                     "{'name':'r','aliases':[{'alias':'d@LOCALHOST'},"
                     "{'alias':'e@example.net'}]}");
    assert_int_equal(phone_call(w, "c1", "d", "offer"), PL_OK);
    assert_int_equal(phone_call(w, "c2", "e", "offer"), PL_ENOENT);
    assert_int_equal(phone_call(w, "c3", "R", "offer"), PL_OK);
    assert_int_equal(tries(w, "d@localhost", NULL), PL_OK);
}

static void a_room_for_tests_echoes(void **state)
{
    world *w = *state;
    page p;
    (void)mgmt_makes(w, ROOM,
                     "{'name':'t','service_type':'test_call','aliases':"
                     "[{'alias':'t'}]}");
    page_is_in(w, &p, "t", NULL, "p");
    assert_int_equal(page_part(w, &p)->conf->row.mode, PL_ROOM_MODE_ECHO);
}

/* ---- history ---- */

static void conferences_are_recorded(void **state)
{
    world *w = *state;
    page p;
    page q;
    (void)mgmt_makes(w, ROOM,
                     "{'name':'r','tag':'T','aliases':[{'alias':'r'}]}");
    page_is_in(w, &p, "r", NULL, "p");
    page_is_in(w, &q, "r", NULL, "q");
    page_goes(w, &q);
    page_goes(w, &p);
    assert_int_equal(
        count(w, "v_conference_records WHERE room = 'r' AND tag = 'T' AND "
                 "participants = 2 AND reason = 'everybody left'"),
        1);
    assert_int_equal(
        count(w, "call_records WHERE tag = 'T' AND NOT is_dialled"), 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_room_is_made_with_its_aliases),
        TEST(what_was_made_survives_a_restart),
        TEST(names_and_aliases_are_unique),
        TEST(pins_go_together),
        TEST(a_pin_is_changed_beside_the_other),
        TEST(a_list_of_aliases_replaces_all),
        TEST(an_alias_is_in_a_list_once),
        TEST(what_is_absent_stays_or_gets_its_preset),
        TEST(what_is_of_the_wrong_type_is_refused),
        TEST(a_room_is_renamed_while_people_are_in_it),
        TEST(a_room_of_the_pool_is_changed_too),
        TEST(a_removed_room_of_the_pool_has_nobody_dialled),
        TEST(who_is_in_a_removed_room_stays),
        TEST(a_removed_room_is_forgotten),
        TEST(who_is_in_a_removed_room_of_the_pool_stays),
        TEST(rooms_are_limited),
        TEST(an_alias_is_made_moved_and_removed),
        TEST(an_alias_is_changed_in_place),
        TEST(an_automatic_participant_knows_its_rooms),
        TEST(an_automatic_participant_is_checked),
        TEST(a_room_has_so_many_dialled),
        TEST(one_is_dialled_in_so_many_rooms),
        TEST(settings_take_effect),
        TEST(a_room_is_dialled_and_its_pin_keyed),
        TEST(an_alias_may_have_a_domain),
        TEST(a_room_for_tests_echoes),
        TEST(conferences_are_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
