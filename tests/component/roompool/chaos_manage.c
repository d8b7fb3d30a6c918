/* chaos_manage.c - see chaos.h: the management API among everything else. */
#include "chaos.h"

#include "mgmt_client.h"

enum { ROOM_NOS = 30, ALIAS_NOS = 60, AUTO_NOS = 10 };

static const char *const NAMES[] = {"x1", "X1", "x2", "x3", "lobby", "Room 4"};
static const char *const ALIASES[] = {"x1", "X2", "x3", "x4", "Lobby", "a b"};
enum { N_NAMES = 6 };

static const char *alias(chaos *c)
{
    return ALIASES[draw(c, N_NAMES)];
}

static void put(chaos *c, uint32_t resource, uint64_t id, const char *json)
{
    char faults[MGMT_FAULTS];
    const mgmt_put m = {.resource = resource,
                        .id = id,
                        .replace = draw(c, 4) == 0,
                        .json = json};
    (void)mgmt_puts(&c->w, &m, &id, faults);
}

/* Numbers are those of the first rooms, aliases and so on; often none's. */
static uint64_t some_no(chaos *c, uint32_t below)
{
    return draw(c, 3) ? 1 + draw(c, below) : 0;
}

static void put_room(chaos *c)
{
    static const char *const pins[] = {
        "'allow_guests':true,'pin':'9999','guest_pin':'1234'",
        "'allow_guests':true,'pin':'9999','guest_pin':''",
        "'allow_guests':false,'pin':'','guest_pin':''", "'guest_pin':'1234'"};
    char json[512];
    pl_fmt_cut(json, sizeof json,
               "{'name':'%s',%s,'aliases':[{'alias':'%s'},{'alias':'%s'}],"
               "'automatic_participants':[%u],'mute_all_guests':%s}",
               NAMES[draw(c, N_NAMES)], pins[draw(c, 4)], alias(c), alias(c),
               1 + draw(c, AUTO_NOS), draw(c, 2) ? "true" : "false");
    put(c, PL_MGMT_RESOURCE_CONFERENCE, some_no(c, ROOM_NOS), json);
}

static void change_room(chaos *c)
{
    static const char *const changes[] = {
        "{'name':'x3'}",        "{'name':'other'}",
        "{'aliases':[]}",       "{'aliases':[{'alias':'x1'},{'alias':'x4'}]}",
        "{'pin':'9999'}",       "{'participant_limit':1}",
        "{'enable_chat':'no'}", "{'service_type':'test_call'}"};
    put(c, PL_MGMT_RESOURCE_CONFERENCE, 1 + draw(c, ROOM_NOS),
        changes[draw(c, 8)]);
}

/* Members with numbers, often of others or twice. */
static void list_aliases(chaos *c)
{
    char json[192];
    pl_fmt_cut(json, sizeof json,
               "{'aliases':[{'id':%u,'alias':'%s'},{'alias':'%s'},{'id':%u}]}",
               1 + draw(c, ALIAS_NOS), alias(c), alias(c),
               1 + draw(c, ALIAS_NOS));
    put(c, PL_MGMT_RESOURCE_CONFERENCE, 1 + draw(c, ROOM_NOS), json);
}

static void put_alias(chaos *c)
{
    char json[128];
    pl_fmt_cut(json, sizeof json, "{'alias':'%s','conference':%u}", alias(c),
               1 + draw(c, ROOM_NOS));
    put(c, PL_MGMT_RESOURCE_ALIAS, some_no(c, ALIAS_NOS), json);
}

/* Of another protocol: the fake telephones are few. */
static void put_auto(chaos *c)
{
    char json[128];
    pl_fmt_cut(json, sizeof json,
               "{'alias':'q','protocol':'h323','conference':[%u]}",
               1 + draw(c, ROOM_NOS));
    put(c, PL_MGMT_RESOURCE_AUTOMATIC_PARTICIPANT, some_no(c, AUTO_NOS), json);
}

static void remove_one(chaos *c)
{
    uint32_t resource = 1 + draw(c, 3);
    (void)mgmt_removes(&c->w, resource, 1 + draw(c, ROOM_NOS));
}

static void command(chaos *c)
{
    pl_management_command m = {.role = 1 + draw(c, 2)};
    uint32_t i = draw(c, PAGES);
    uint32_t which = 1 + draw(c, PL_MGMT_COMMAND_CONFERENCE_LAYOUT);
    bool is_of_part = which <= PL_MGMT_COMMAND_PARTICIPANT_TRANSFER;
    if (!c->has_page[i])
        return;
    if (which == PL_MGMT_COMMAND_PARTICIPANT_TRANSFER) {
        PUT(m.alias, alias(c));
        pl_fmt_cut(m.transfer_id, sizeof m.transfer_id, "m%u", ++c->n_tokens);
        PUT(m.secret, "secret");
        PUT(m.transfer_hash, hash_of(m.transfer_id));
    }
    (void)mgmt_does(&c->w, &m, which,
                    is_of_part ? c->page[i].body.joined.participant_id
                               : c->page[i].body.joined.conf_id);
}

static void dial(chaos *c)
{
    answer a;
    if (c->w.sig.n_calls < WORLD_CALLS - 2)
        (void)mgmt_dials(&c->w, alias(c), "sip:z@example.net", 1 + draw(c, 2),
                         &a);
}

void do_manage(chaos *c)
{
    static void (*const acts[])(chaos *) = {
        put_room, put_room,   change_room, list_aliases, put_alias,
        put_auto, remove_one, remove_one,  command,      dial};
    acts[draw(c, sizeof acts / sizeof acts[0])](c);
}
