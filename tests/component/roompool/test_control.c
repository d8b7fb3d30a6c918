/* test_control.c - what hosts do to participants and to the conference: muting,
 * roles, removing, chat, dialling, sending elsewhere; and what everybody reads
 * of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_page.h"
#include "pl/rng.h"
#include "world.h"

enum { MS = 1000, S = 1000000 };

typedef struct stage {
    world w;
    page host, guest;
} stage;

static int setup(void **state)
{
    static stage s;
    world_create(&s.w, 2);
    page_is_in(&s.w, &s.host, "locked", "9999", "h");
    page_is_in(&s.w, &s.guest, "locked", "1234", "g");
    page_listens(&s.w, &s.host);
    page_listens(&s.w, &s.guest);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    stage *s = *state;
    world_check(&s->w);
    world_destroy(&s->w);
    return 0;
}

static bool is_muted(stage *s, const page *p)
{
    const fake_leg *leg = page_leg(&s->w, p);
    assert_non_null(leg);
    assert_int_equal(leg->muted, page_part(&s->w, p)->row.muted);
    return leg->muted;
}

/* ---- muting ---- */

static void all_guests_are_muted_and_later_ones(void **state)
{
    stage *s = *state;
    page late;
    answer ev;
    assert_int_equal(PAGE_SETS(&s->w, &s->host, guests_muted, true), PL_OK);
    assert_true(is_muted(s, &s->guest));
    assert_false(is_muted(s, &s->host));
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    assert_true(ev.body.event.guests_muted);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    assert_true(ev.body.event.muted);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    assert_true(is_muted(s, &late));
    phone_joins(&s->w, "c1", "locked");
    phone_key(&s->w, "c1", "1234#", true);
    const pl_call *call = pl_map_find(world_pool(&s->w)->calls, "c1");
    const char *phone =
        PL_CONTAINER(call->part->legs.next, pl_leg, link)->row.leg_id;
    assert_true(media_leg(&s->w, phone)->muted);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->host, late.id, muted, false),
                     PL_OK);
    assert_false(is_muted(s, &late)); /* one of them is given the word */
    assert_int_equal(PAGE_SETS(&s->w, &s->host, guests_muted, false), PL_OK);
    assert_false(is_muted(s, &s->guest));
    assert_false(media_leg(&s->w, phone)->muted);
}

static void guests_unmute_themselves_while_they_may(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(PAGE_SETS(&s->w, &s->host, guests_muted, true), PL_OK);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->guest, NULL, muted, false),
                     PL_OK);
    assert_false(is_muted(s, &s->guest));
    page_listens(&s->w, &s->guest);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, guests_can_unmute, false),
                     PL_OK);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, guests_muted, true), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_CONFERENCE_UPDATE, &ev);
    assert_false(ev.body.event.guests_can_unmute);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->guest, NULL, muted, false),
                     PL_EFORBIDDEN);
    assert_true(is_muted(s, &s->guest));
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->host, s->guest.id, muted, false),
                     PL_OK);
    assert_false(is_muted(s, &s->guest));
}

/* Media that starts later starts muted. */
static void a_mute_outlives_the_media(void **state)
{
    stage *s = *state;
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->host, s->guest.id, muted, true),
                     PL_OK);
    page_talks(&s->w, &s->guest);
    assert_true(is_muted(s, &s->guest));
}

/* ---- what is shown ---- */

static void flags_are_shown_to_all(void **state)
{
    stage *s = *state;
    answer ev;
    pl_participant_control m = {.present = 0};
    WITH_PART(m, client_muted, true);
    WITH_PART(m, video_muted, true);
    WITH_PART(m, buzz, true);
    PUT(m.overlay_text, "Dr Smith");
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, overlay_text);
    assert_int_equal(page_controls(&s->w, &s->guest, NULL, &m), PL_OK);
    page_hears(&s->w, &s->host, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    const pl_event_item *e = &ev.body.event;
    assert_string_equal(e->participant_id, s->guest.id);
    assert_true(e->client_muted && e->video_muted && e->buzz_ms > 0);
    assert_true(e->spotlight_ms == 0 && e->rx_presentation);
    assert_string_equal(e->overlay_text, "Dr Smith");
    assert_false(is_muted(s, &s->guest)); /* it is only shown */
    assert_int_equal(
        PAGE_CONTROLS(&s->w, &s->host, s->guest.id, spotlight, true), PL_OK);
    assert_int_equal(
        PAGE_CONTROLS(&s->w, &s->host, s->guest.id, rx_presentation, false),
        PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    assert_true(e->spotlight_ms > 0);
    page_listens(&s->w, &s->host);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->guest, NULL, buzz, true), PL_OK);
    page_hears_no(&s->w, &s->host, PL_EVENT_KIND_PARTICIPANT_UPDATE);
}

static void hands_and_spotlights_are_cleared(void **state)
{
    stage *s = *state;
    const pl_part *host = page_part(&s->w, &s->host);
    const pl_part *guest = page_part(&s->w, &s->guest);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->guest, NULL, buzz, true), PL_OK);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->host, NULL, buzz, true), PL_OK);
    assert_int_equal(PAGE_CONTROLS(&s->w, &s->host, NULL, spotlight, true),
                     PL_OK);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, clear_buzz, true), PL_OK);
    assert_true(guest->row.buzz_at == 0 && host->row.buzz_at == 0);
    assert_true(host->row.spotlight_at > 0);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, clear_spotlights, true), PL_OK);
    assert_true(host->row.spotlight_at == 0);
}

static void layouts_are_kept_and_told(void **state)
{
    stage *s = *state;
    page late;
    answer ev;
    pl_conference_control m = {.present = 0};
    PUT(m.host_layout, "1:7");
    PL_MSG_SET(CONFERENCE_CONTROL, conference_control, &m, host_layout);
    WITH_CONF(m, overlay_shown, true);
    assert_int_equal(page_sets(&s->w, &s->host, &m), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_LAYOUT, &ev);
    assert_string_equal(ev.body.event.host_layout, "1:7");
    assert_string_equal(ev.body.event.guest_layout, "");
    assert_true(ev.body.event.overlay_shown);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    page_hears(&s->w, &late, PL_EVENT_KIND_LAYOUT, &ev);
    assert_string_equal(ev.body.event.host_layout, "1:7");
}

/* ---- roles ---- */

static void a_role_is_given_and_taken(void **state)
{
    stage *s = *state;
    answer ev;
    pl_participant_control up = {.present = 0};
    pl_participant_control down = {.present = 0};
    WITH_PART(up, role, PL_PART_ROLE_HOST);
    WITH_PART(down, role, PL_PART_ROLE_GUEST);
    assert_int_equal(page_controls(&s->w, &s->host, NULL, &down), PL_ESTATE);
    assert_int_equal(page_controls(&s->w, &s->host, s->guest.id, &up), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    assert_int_equal(ev.body.event.role, PL_PART_ROLE_HOST);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_REFRESH_TOKEN, &ev);
    page_hears_no(&s->w, &s->host, PL_EVENT_KIND_REFRESH_TOKEN);
    assert_int_equal(page_controls(&s->w, &s->guest, s->host.id, &down), PL_OK);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, locked, true), PL_EFORBIDDEN);
    assert_int_equal(page_controls(&s->w, &s->guest, NULL, &down), PL_ESTATE);
}

/* Who waits and is made host need not wait; who is made guest is muted as
 * guests are. */
static void a_role_does_what_it_means(void **state)
{
    stage *s = *state;
    page late;
    pl_participant_control up = {.present = 0};
    pl_participant_control down = {.present = 0};
    WITH_PART(up, role, PL_PART_ROLE_HOST);
    WITH_PART(down, role, PL_PART_ROLE_GUEST);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, locked, true), PL_OK);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    assert_int_equal(page_controls(&s->w, &s->host, late.id, &up), PL_OK);
    assert_true(page_leg(&s->w, &late)->mixed);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, guests_muted, true), PL_OK);
    assert_int_equal(page_controls(&s->w, &s->host, late.id, &down), PL_OK);
    assert_true(is_muted(s, &late));
}

/* ---- removing ---- */

static void one_is_removed(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(
        PAGE_CONTROLS(&s->w, &s->host, s->guest.id, disconnect, true), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason,
                        "Disconnected by another participant");
    page_hears(&s->w, &s->host, PL_EVENT_KIND_PARTICIPANT_DELETE, &ev);
    assert_null(page_leg(&s->w, &s->guest));
}

static void all_are_removed(void **state)
{
    stage *s = *state;
    answer ev;
    phone_joins(&s->w, "c1", "locked");
    assert_int_equal(PAGE_SETS(&s->w, &s->host, disconnect_all, true), PL_OK);
    page_hears(&s->w, &s->host, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_string_equal(ev.body.event.reason,
                        "Conference terminated by another participant");
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_DISCONNECT, &ev);
    assert_true(sig_call(&s->w, "c1")->is_ended);
    assert_int_equal(
        world_sql(&s->w, "SELECT count(*) FROM v_live_conferences"), 0);
}

/* ---- chat ---- */

static void a_message_reaches_the_others(void **state)
{
    stage *s = *state;
    answer ev;
    assert_int_equal(page_says(&s->w, &s->guest, NULL, "hello"), PL_OK);
    page_hears(&s->w, &s->host, PL_EVENT_KIND_MESSAGE, &ev);
    assert_string_equal(ev.sdp, "hello");
    assert_string_equal(ev.body.event.type, "text/plain");
    assert_string_equal(ev.body.event.display_name, "g");
    assert_string_equal(ev.body.event.participant_id, s->guest.id);
    assert_false(ev.body.event.direct);
    assert_false(PL_MSG_HAS(EVENT_ITEM, event_item, &ev.body.event, sdp));
    page_hears_no(&s->w, &s->guest, PL_EVENT_KIND_MESSAGE);
}

static void a_direct_message_reaches_one(void **state)
{
    stage *s = *state;
    page third;
    answer ev;
    page_is_in(&s->w, &third, "locked", "1234", "t");
    page_listens(&s->w, &third);
    assert_int_equal(page_says(&s->w, &s->host, s->guest.id, "psst"), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_MESSAGE, &ev);
    assert_true(ev.body.event.direct);
    page_hears_no(&s->w, &third, PL_EVENT_KIND_MESSAGE);
    phone_joins(&s->w, "c1", "locked");
    phone_key(&s->w, "c1", "1234#", true);
    const pl_call *call = pl_map_find(world_pool(&s->w)->calls, "c1");
    assert_int_equal(
        page_says(&s->w, &s->host, call->part->row.participant_id, "x"),
        PL_EUNSUPPORTED);
}

/* ---- dialling ---- */

static void a_telephone_is_dialled(void **state)
{
    stage *s = *state;
    pl_room_dial m = {.role = PL_PART_ROLE_HOST};
    answer a;
    answer ev;
    char call[65];
    PUT(m.display_name, "Agent");
    PL_MSG_SET(ROOM_DIAL, room_dial, &m, display_name);
    assert_int_equal(PAGE_SETS(&s->w, &s->host, locked, true), PL_OK);
    assert_int_equal(
        page_dials(&s->w, &s->host, "sip:agent@example.net", &m, &a), PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_CREATE, &ev);
    assert_string_equal(ev.body.event.participant_id,
                        a.body.dialled.participant_id);
    assert_true(ev.body.event.dialled);
    assert_false(ev.body.event.has_media || ev.body.event.waiting);
    assert_string_equal(ev.body.event.display_name, "Agent");
    assert_string_equal(sig_started(&s->w)->to, "sip:agent@example.net");
    PUT(call, sig_started(&s->w)->id);
    assert_int_equal(
        phone_report(&s->w, call, PL_CALL_STATE_ANSWERED, 200, "sdp"), PL_OK);
    const pl_part *part =
        pl_map_find(world_pool(&s->w)->parts, a.body.dialled.participant_id);
    assert_int_equal(part->row.state, PL_PART_STATE_ACTIVE);
    assert_int_equal(part->row.role, PL_PART_ROLE_HOST);
    const pl_leg *leg = PL_CONTAINER(part->legs.next, pl_leg, link);
    assert_true(media_leg(&s->w, leg->row.leg_id)->mixed);
    media_report(&s->w, leg->row.leg_id, PL_LEG_STATE_CONNECTED);
    world_run(&s->w, 10 * MS);
    for (int i = 0; i < 2; i++) /* answered; media */
        page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_UPDATE, &ev);
    assert_true(ev.body.event.has_media);
}

static void a_telephone_that_does_not_answer_goes(void **state)
{
    stage *s = *state;
    pl_room_dial m = {.present = 0};
    answer a;
    answer ev;
    char call[65];
    assert_int_equal(page_dials(&s->w, &s->host, "tel:+15551234", &m, &a),
                     PL_OK);
    PUT(call, sig_started(&s->w)->id);
    assert_int_equal(phone_report(&s->w, call, PL_CALL_STATE_ENDED, 486, NULL),
                     PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_DELETE, &ev);
    assert_string_equal(ev.body.event.participant_id,
                        a.body.dialled.participant_id);
}

static void nobody_dials_from_a_room_without_pins(void **state)
{
    stage *s = *state;
    pl_room_dial m = {.present = 0};
    page p;
    answer a;
    page_enters(&s->w, &p, "lobby", NULL, "open");
    assert_int_equal(page_dials(&s->w, &p, "sip:agent@example.net", &m, &a),
                     PL_EFORBIDDEN);
    s->w.config.dial_from_open_rooms = true;
    assert_int_equal(page_dials(&s->w, &p, "sip:agent@example.net", &m, &a),
                     PL_OK);
}

static void what_cannot_be_dialled_is_refused(void **state)
{
    stage *s = *state;
    pl_room_dial m = {.present = 0};
    pl_room_dial keys = {.present = 0};
    answer a;
    assert_int_equal(page_dials(&s->w, &s->host, "nobody", &m, &a), PL_ENOUSER);
    assert_int_equal(page_dials(&s->w, &s->host, "http://x", &m, &a),
                     PL_ENOUSER);
    PUT(keys.digits, "1 2");
    PL_MSG_SET(ROOM_DIAL, room_dial, &keys, digits);
    assert_int_equal(page_dials(&s->w, &s->host, "sip:x@y.net", &keys, &a),
                     PL_EINVAL);
    world_kill_signaling(&s->w);
    world_run(&s->w, 40 * S);
    assert_int_equal(page_dials(&s->w, &s->host, "sip:x@y.net", &m, &a),
                     PL_EUNAVAILABLE);
    page_hears_no(&s->w, &s->guest, PL_EVENT_KIND_PARTICIPANT_CREATE);
}

/* ---- sending to another room ---- */

static const char SECRET[] = "0123456789012345678901234567890123456789012";

static pl_err sends(stage *s, const page *target, const char *room,
                    uint32_t role, const char *pin)
{
    pl_participant_transfer m = {.role = role};
    PUT(m.alias, room);
    PUT(m.transfer_id, "transfer-1");
    PUT(m.secret, SECRET);
    PUT(m.transfer_hash, hash_of(SECRET));
    if (pin) {
        PUT(m.pin, pin);
        PL_MSG_SET(PARTICIPANT_TRANSFER, participant_transfer, &m, pin);
    }
    return page_transfers(&s->w, &s->host, target->id, &m);
}

static pl_err joins_there(stage *s, const char *room, const char *secret,
                          answer *a)
{
    pl_room_join m = {.present = 0};
    PUT(m.alias, room);
    PUT(m.display_name, "moved");
    PUT(m.source, "192.0.2.1");
    PUT(m.transfer_id, "transfer-1");
    PL_MSG_SET(ROOM_JOIN, room_join, &m, transfer_id);
    PUT(m.transfer_hash, hash_of(secret));
    PL_MSG_SET(ROOM_JOIN, room_join, &m, transfer_hash);
    PUT(m.token_hash, hash_of(secret[0] == '0' ? "m1" : "m2"));
    world_ask(&s->w, &PL_MSG_ROOM_JOIN, &m, a);
    return a->error;
}

static void a_guest_is_sent_to_another_room(void **state)
{
    stage *s = *state;
    answer ev;
    answer a;
    assert_int_equal(sends(s, &s->guest, "lobby", PL_PART_ROLE_GUEST, NULL),
                     PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_REFER, &ev);
    assert_string_equal(ev.body.event.alias, "lobby");
    assert_string_equal(ev.body.event.transfer_id, "transfer-1");
    assert_string_equal(ev.body.event.secret, SECRET);
    page_hears_no(&s->w, &s->host, PL_EVENT_KIND_REFER);
    assert_int_equal(world_sql(&s->w, "SELECT count(*) FROM events WHERE "
                                      "alias || transfer_id || sdp || reason "
                                      "LIKE '%0123456789%'"),
                     0);
    assert_int_equal(joins_there(s, "lobby", "wrong", &a), PL_EAUTH);
    assert_int_equal(joins_there(s, "echo", SECRET, &a), PL_EAUTH);
    assert_int_equal(joins_there(s, "lobby", SECRET, &a), PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_GUEST);
    answer again;
    assert_int_equal(joins_there(s, "lobby", SECRET, &again), PL_OK);
    assert_string_equal(again.body.joined.participant_id,
                        a.body.joined.participant_id); /* a repeated request */
    page other = s->guest;
    PUT(other.token, "x");
    assert_int_equal(joins_there(s, "lobby", "1", &a), PL_EAUTH); /* once */
}

static void the_other_room_asks_for_its_pins(void **state)
{
    stage *s = *state;
    answer ev;
    answer a;
    assert_int_equal(sends(s, &s->guest, "nowhere", PL_PART_ROLE_GUEST, NULL),
                     PL_ENOUSER);
    assert_int_equal(sends(s, &s->guest, "locked", PL_PART_ROLE_GUEST, NULL),
                     PL_EPIN_REQUIRED);
    assert_int_equal(sends(s, &s->guest, "locked", PL_PART_ROLE_GUEST, "4"),
                     PL_EPIN_INVALID);
    assert_int_equal(sends(s, &s->guest, "hosted", PL_PART_ROLE_HOST, NULL),
                     PL_EPIN_REQUIRED);
    assert_int_equal(sends(s, &s->guest, "locked", PL_PART_ROLE_HOST, "1234"),
                     PL_EPIN_INVALID);
    page_hears_no(&s->w, &s->guest, PL_EVENT_KIND_REFER);
    assert_int_equal(sends(s, &s->guest, "hosted", PL_PART_ROLE_HOST, "9999"),
                     PL_OK);
    page_hears(&s->w, &s->guest, PL_EVENT_KIND_REFER, &ev);
    assert_int_equal(joins_there(s, "hosted", SECRET, &a), PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_HOST);
    assert_false(a.body.joined.waiting);
}

/* One host cannot push out the tickets of all others. */
static void a_participant_has_one_ticket(void **state)
{
    stage *s = *state;
    answer a;
    pl_participant_transfer m = {.role = PL_PART_ROLE_GUEST};
    PUT(m.alias, "lobby");
    PUT(m.transfer_id, "transfer-0");
    PUT(m.secret, SECRET);
    PUT(m.transfer_hash, hash_of(SECRET));
    assert_int_equal(page_transfers(&s->w, &s->host, s->guest.id, &m), PL_OK);
    assert_int_equal(sends(s, &s->guest, "lobby", PL_PART_ROLE_GUEST, NULL),
                     PL_OK);
    assert_int_equal(world_pool(&s->w)->n_transfers, 1);
    assert_int_equal(joins_there(s, "lobby", SECRET, &a), PL_OK);
    assert_int_equal(world_pool(&s->w)->n_transfers, 0);
}

static void a_ticket_expires_and_a_full_room_has_none(void **state)
{
    stage *s = *state;
    answer a;
    answer b;
    assert_int_equal(sends(s, &s->guest, "echo", PL_PART_ROLE_GUEST, NULL),
                     PL_OK);
    world_run(&s->w, (int64_t)(s->w.config.token_s - 1) * S);
    page third;
    page_is_in(&s->w, &third, "locked", "9999", "t"); /* keeps it alive */
    world_run(&s->w, 2 * S);
    assert_int_equal(joins_there(s, "echo", SECRET, &a), PL_EAUTH);
    assert_int_equal(join_room(&s->w, "small", NULL, "a", &a), PL_OK);
    assert_int_equal(join_room(&s->w, "small", NULL, "b", &b), PL_OK);
    page_is_in(&s->w, &s->guest, "locked", "1234", "g2");
    s->host = third;
    assert_int_equal(sends(s, &s->guest, "small", PL_PART_ROLE_GUEST, NULL),
                     PL_EFULL);
}

/* ---- looking ---- */

static void the_state_is_read(void **state)
{
    stage *s = *state;
    pl_room_status m = {.present = 0};
    answer a;
    PUT(m.participant_id, s->guest.id);
    PUT(m.token_hash, hash_of("g"));
    assert_int_equal(PAGE_SETS(&s->w, &s->host, locked, true), PL_OK);
    world_ask(&s->w, &PL_MSG_ROOM_STATUS, &m, &a);
    assert_int_equal(a.error, PL_OK);
    assert_string_equal(a.body.status.room_name, "locked");
    assert_true(a.body.status.locked && a.body.status.started);
    assert_true(a.body.status.guests_can_unmute);
    assert_false(a.body.status.guests_muted);
}

static unsigned count_roster(stage *s, const page *by)
{
    pl_roster_get m = {.present = 0};
    answer a;
    unsigned n = 0;
    PUT(m.participant_id, by->id);
    PUT(m.token_hash, hash_of(by->token));
    for (; n < 10; n++) {
        world_ask(&s->w, &PL_MSG_ROSTER_GET, &m, &a);
        assert_int_equal(a.error, PL_OK);
        if (a.desc == &PL_MSG_EVENT_NONE)
            break;
        assert_int_equal(a.body.event.kind, PL_EVENT_KIND_PARTICIPANT_CREATE);
        PUT(m.after_id, a.body.event.participant_id);
        PL_MSG_SET(ROSTER_GET, roster_get, &m, after_id);
    }
    return n;
}

static void the_roster_is_read_one_by_one(void **state)
{
    stage *s = *state;
    page late;
    assert_int_equal(PAGE_SETS(&s->w, &s->host, locked, true), PL_OK);
    page_is_in(&s->w, &late, "locked", "1234", "l");
    assert_int_equal(count_roster(s, &s->host), 3);
    assert_int_equal(count_roster(s, &s->guest), 3);
    assert_int_equal(count_roster(s, &late), 1); /* itself */
    page_goes(&s->w, &s->guest);
    assert_int_equal(count_roster(s, &s->host), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_guests_are_muted_and_later_ones),
        TEST(guests_unmute_themselves_while_they_may),
        TEST(a_mute_outlives_the_media),
        TEST(flags_are_shown_to_all),
        TEST(hands_and_spotlights_are_cleared),
        TEST(layouts_are_kept_and_told),
        TEST(a_role_is_given_and_taken),
        TEST(a_role_does_what_it_means),
        TEST(one_is_removed),
        TEST(all_are_removed),
        TEST(a_message_reaches_the_others),
        TEST(a_direct_message_reaches_one),
        TEST(a_telephone_is_dialled),
        TEST(nobody_dials_from_a_room_without_pins),
        TEST(a_telephone_that_does_not_answer_goes),
        TEST(what_cannot_be_dialled_is_refused),
        TEST(a_guest_is_sent_to_another_room),
        TEST(the_other_room_asks_for_its_pins),
        TEST(a_participant_has_one_ticket),
        TEST(a_ticket_expires_and_a_full_room_has_none),
        TEST(the_state_is_read),
        TEST(the_roster_is_read_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
