/* test_management_command.c - the management API acts on who is in a room,
 * without a token: in rooms of the configuration, of the pool, its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "mgmt_client.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

/* In room "locked" (host PIN 9999). */
typedef struct stage {
    world w;
    page host, guest;
} stage;

static int setup(void **state)
{
    static stage s;
    memset(&s, 0, sizeof s);
    world_create(&s.w, 1);
    page_is_in(&s.w, &s.host, "locked", "9999", "host");
    page_is_in(&s.w, &s.guest, "locked", "1234", "guest");
    page_listens(&s.w, &s.host);
    page_listens(&s.w, &s.guest);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    if (s->w.is_fatal)
        return 1;
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

static pl_err does(stage *s, uint32_t command, const char *id)
{
    pl_management_command m = {.present = 0};
    return mgmt_does(&s->w, &m, command, id);
}

static const char *conf_id(stage *s)
{
    return page_part(&s->w, &s->host)->row.conf_id;
}

static void a_participant_is_sent_away(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(
        does(s, PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT, s->guest.id), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason,
                        "API initiated participant disconnect");
    page_hears(&s->w, &s->host, PL_EVENT_KIND_PARTICIPANT_DELETE, &ev);
    assert_int_equal(
        does(s, PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT, s->guest.id),
        PL_ENOENT);
}

static void a_participant_is_muted(void **state)
{
    stage *s = *state;
    assert_int_equal(does(s, PL_MGMT_COMMAND_PARTICIPANT_MUTE, s->host.id),
                     PL_OK);
    assert_true(page_leg(&s->w, &s->host)->muted);
    assert_int_equal(does(s, PL_MGMT_COMMAND_PARTICIPANT_UNMUTE, s->host.id),
                     PL_OK);
    assert_false(page_leg(&s->w, &s->host)->muted);
}

static void a_role_is_changed(void **state)
{
    stage *s = *state;
    pl_management_command m = {.role = PL_PART_ROLE_GUEST};
    const uint32_t role = PL_MGMT_COMMAND_PARTICIPANT_ROLE;
    assert_int_equal(mgmt_does(&s->w, &m, role, s->host.id), PL_ESTATE);
    m.role = PL_PART_ROLE_HOST;
    assert_int_equal(mgmt_does(&s->w, &m, role, s->guest.id), PL_OK);
    assert_int_equal(page_part(&s->w, &s->guest)->row.role, PL_PART_ROLE_HOST);
    m.role = PL_PART_ROLE_GUEST;
    assert_int_equal(mgmt_does(&s->w, &m, role, s->host.id), PL_OK);
    m.role = 0;
    assert_int_equal(mgmt_does(&s->w, &m, role, s->host.id), PL_EINVAL);
}

static void a_locked_room_is_opened_to_one(void **state)
{
    stage *s = *state;
    page late;
    assert_int_equal(does(s, PL_MGMT_COMMAND_CONFERENCE_LOCK, conf_id(s)),
                     PL_OK);
    page_is_in(&s->w, &late, "locked", "1234", "late");
    assert_true(late.waiting);
    assert_int_equal(does(s, PL_MGMT_COMMAND_PARTICIPANT_UNLOCK, late.id),
                     PL_OK);
    assert_int_equal(page_part(&s->w, &late)->row.waiting_at, 0);
    assert_int_equal(does(s, PL_MGMT_COMMAND_CONFERENCE_UNLOCK, conf_id(s)),
                     PL_OK);
    assert_false(page_part(&s->w, &s->host)->conf->row.is_locked);
}

static void guests_are_muted(void **state)
{
    stage *s = *state;
    page late;
    answer ev;
    assert_int_equal(
        does(s, PL_MGMT_COMMAND_CONFERENCE_MUTE_GUESTS, conf_id(s)), PL_OK);
    assert_true(page_leg(&s->w, &s->guest)->muted);
    assert_false(page_leg(&s->w, &s->host)->muted);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    page_is_in(&s->w, &late, "locked", "1234", "late");
    assert_true(page_leg(&s->w, &late)->muted);
    assert_int_equal(
        does(s, PL_MGMT_COMMAND_CONFERENCE_UNMUTE_GUESTS, conf_id(s)), PL_OK);
    assert_false(page_leg(&s->w, &late)->muted);
}

static void a_layout_is_set(void **state)
{
    stage *s = *state;
    pl_management_command m = {.overlay_shown = true};
    answer ev;
    PUT(m.host_layout, "4:0");
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, host_layout);
    PL_MSG_SET(MANAGEMENT_COMMAND, management_command, &m, overlay_shown);
    assert_int_equal(
        mgmt_does(&s->w, &m, PL_MGMT_COMMAND_CONFERENCE_LAYOUT, conf_id(s)),
        PL_OK);
    page_hears(&s->w, &s->host, PL_EVENT_KIND_LAYOUT, &ev);
    assert_string_equal(page_part(&s->w, &s->host)->conf->row.host_layout,
                        "4:0");
}

static void a_conference_is_ended(void **state)
{
    stage *s = *state;
    answer ev;
    char id[65];
    PUT(id, conf_id(s));
    assert_int_equal(does(s, PL_MGMT_COMMAND_CONFERENCE_DISCONNECT, id), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason,
                        "API initiated conference termination");
    assert_int_equal(does(s, PL_MGMT_COMMAND_CONFERENCE_DISCONNECT, id),
                     PL_ENOENT);
}

static void a_conference_is_named_by_the_number_of_its_room(void **state)
{
    stage *s = *state;
    page p;
    char no[24];
    uint64_t id = mgmt_makes(&s->w, PL_MGMT_RESOURCE_CONFERENCE,
                             "{'name':'r','aliases':[{'alias':'r'}]}");
    pl_fmt_cut(no, sizeof no, "%d", (int)id);
    assert_int_equal(does(s, PL_MGMT_COMMAND_CONFERENCE_LOCK, no), PL_ENOENT);
    page_is_in(&s->w, &p, "r", NULL, "p");
    assert_int_equal(does(s, PL_MGMT_COMMAND_CONFERENCE_LOCK, no), PL_OK);
    assert_true(page_part(&s->w, &p)->conf->row.is_locked);
}

static void what_is_unknown_is_not_found(void **state)
{
    static const char *const ids[] = {"x", "0", "99999999999999999999", "7"};
    stage *s = *state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        for (uint32_t c = 1; c <= PL_MGMT_COMMAND_CONFERENCE_LAYOUT; c++)
            assert_int_equal(does(s, c, ids[i]), PL_ENOENT);
    }
    assert_int_equal(does(s, 99, s->host.id), PL_EINVAL);
}

static pl_err transfers(stage *s, const page *who, const char *alias,
                        const char *ticket)
{
    pl_management_command m = {.role = PL_PART_ROLE_HOST};
    PUT(m.alias, alias);
    PUT(m.transfer_id, ticket);
    PUT(m.secret, "secret");
    PUT(m.transfer_hash, hash_of(ticket));
    return mgmt_does(&s->w, &m, PL_MGMT_COMMAND_PARTICIPANT_TRANSFER, who->id);
}

static void a_participant_is_sent_to_another_room(void **state)
{
    stage *s = *state;
    answer ev;
    answer a;
    pl_room_join m = {.present = 0};
    assert_int_equal(transfers(s, &s->guest, "nowhere", "t0"), PL_ENOUSER);
    assert_int_equal(transfers(s, &s->guest, "hosted", ""), PL_EINVAL);
    assert_int_equal(transfers(s, &s->guest, "hosted", "t1"), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_REFER, &ev);
    assert_string_equal(ev.body.event.alias, "hosted");
    PUT(m.alias, "hosted");
    PUT(m.source, "192.0.2.1");
    PUT(m.token_hash, hash_of("moved"));
    PUT(m.transfer_id, "t1");
    PUT(m.transfer_hash, hash_of("t1"));
    PL_MSG_SET(ROOM_JOIN, room_join, &m, transfer_id);
    PL_MSG_SET(ROOM_JOIN, room_join, &m, transfer_hash);
    world_ask(&s->w, &PL_MSG_ROOM_JOIN, &m, &a);
    assert_int_equal(a.error, PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_HOST); /* without PIN */
}

/* ---- dialling ---- */

static void a_telephone_is_dialled_into_an_empty_room(void **state)
{
    stage *s = *state;
    answer a;
    assert_int_equal(
        mgmt_dials(&s->w, "lobby", "sip:a@example.net", PL_PART_ROLE_HOST, &a),
        PL_OK);
    world_run(&s->w, 10 * MS);
    assert_string_equal(sig_started(&s->w)->to, "sip:a@example.net");
    const pl_part *part =
        pl_map_find(world_pool(&s->w)->parts, a.body.dialled.participant_id);
    assert_int_equal(part->row.state, PL_PART_STATE_RINGING);
    assert_string_equal(part->conf->row.room_id, "lobby");
    assert_int_equal(does(s, PL_MGMT_COMMAND_PARTICIPANT_DISCONNECT,
                          part->row.participant_id),
                     PL_OK);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences WHERE "
                                      "state = 'live' AND room_id = 'lobby'"),
                     0);
}

/* What an address has beyond them is for nobody's request (RFC 3261 section
 * 19.1.1). */
static void headers_and_passwords_are_not_dialled(void **state)
{
    stage *s = *state;
    answer a;
    assert_int_equal(mgmt_dials(&s->w, "lobby",
                                "sip:a:secret@example.net;user=phone?X-Y=z",
                                PL_PART_ROLE_HOST, &a),
                     PL_OK);
    world_run(&s->w, 10 * MS);
    assert_string_equal(sig_started(&s->w)->to, "sip:a@example.net;user=phone");
}

static void what_cannot_be_dialled_is_refused(void **state)
{
    stage *s = *state;
    answer a;
    static const struct {
        const char *alias, *address;
        uint32_t role;
        pl_err error;
    } ROWS[] = {
        {"nowhere", "sip:a@b.net", PL_PART_ROLE_HOST, PL_ENOENT},
        {"lobby", "alice", PL_PART_ROLE_HOST, PL_ENOUSER},
        {"lobby", "sip:a@b.net", 0, PL_EINVAL},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        assert_int_equal(
            mgmt_dials(&s->w, ROWS[i].alias, ROWS[i].address, ROWS[i].role, &a),
            ROWS[i].error);
    world_kill_signaling(&s->w);
    world_run(&s->w, 10 * S);
    assert_int_equal(
        mgmt_dials(&s->w, "lobby", "sip:a@b.net", PL_PART_ROLE_HOST, &a),
        PL_EUNAVAILABLE);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM conferences WHERE "
                                      "state = 'live' AND room_id = 'lobby'"),
                     0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_participant_is_sent_away),
        TEST(a_participant_is_muted),
        TEST(a_role_is_changed),
        TEST(a_locked_room_is_opened_to_one),
        TEST(guests_are_muted),
        TEST(a_layout_is_set),
        TEST(a_conference_is_ended),
        TEST(a_conference_is_named_by_the_number_of_its_room),
        TEST(what_is_unknown_is_not_found),
        TEST(a_participant_is_sent_to_another_room),
        TEST(a_telephone_is_dialled_into_an_empty_room),
        TEST(headers_and_passwords_are_not_dialled),
        TEST(what_cannot_be_dialled_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
