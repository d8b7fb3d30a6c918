/* test_join.c - pages and telephones in rooms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { MS = 1000, S = 1000000 };

static int setup(void **state)
{
    static world w;
    world_create(&w, 2);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_destroy(*state);
    return 0;
}

static void a_page_joins_and_gets_an_answer(void **state)
{
    world *w = *state;
    answer joined;
    answer media;
    assert_int_equal(join_room(w, "LOBBY", NULL, "tok-a", &joined), PL_OK);
    assert_string_equal(joined.body.joined.room_name, "lobby");
    assert_int_equal(join_media(w, &joined, "tok-a", &media), PL_OK);
    assert_string_equal(media.sdp, "answer:page-offer");
    assert_non_null(media_leg(w, media.body.media.call_id));
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants "
                                  "WHERE room = 'lobby' AND name = 'tok-a'"),
                     1);
    world_check(w);
}

static void an_unknown_alias_is_refused(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(join_room(w, "nowhere", NULL, "t", &a), PL_ENOENT);
    assert_int_equal(phone_call(w, "c1", "nowhere", "o"), PL_ENOENT);
    assert_int_equal(world_metric(w, PL_RM_refused_alias), 2);
}

static void a_full_room_is_refused(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(join_room(w, "small", NULL, "t1", &a), PL_OK);
    assert_int_equal(phone_call(w, "c1", "small", "o"), PL_OK);
    assert_int_equal(join_room(w, "small", NULL, "t2", &a), PL_EFULL);
    assert_int_equal(phone_call(w, "c2", "small", "o"), PL_EFULL);
    world_check(w);
}

static void strangers_of_one_source_take_a_share(void **state)
{
    world *w = *state;
    answer a;
    answer again;
    world_kill_roompool(w);
    w->config.join_source_per_min = 3;
    world_start_roompool(w);
    world_send_inventory(w);
    assert_int_equal(join_room(w, "lobby", NULL, "t0", &a), PL_OK);
    assert_int_equal(join_room(w, "lobby", NULL, "t0", &again), PL_OK);
    assert_string_equal(again.body.joined.participant_id,
                        a.body.joined.participant_id); /* costs nothing */
    assert_int_equal(join_room(w, "echo", NULL, "t1", &a), PL_OK);
    assert_int_equal(join_room(w, "nowhere", NULL, "t2", &a), PL_ENOENT);
    assert_int_equal(join_room(w, "small", NULL, "t2", &a), PL_OK);
    assert_int_equal(join_room(w, "lobby", NULL, "t3", &a), PL_EAGAIN);
    assert_int_equal(world_metric(w, PL_RM_refused_join_rate), 1);
    /* Who knows a PIN comes in, and so do telephones. */
    assert_int_equal(join_room(w, "locked", "1234", "t4", &a), PL_OK);
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    assert_int_equal(world_metric(w, PL_RM_refused_no_worker), 0);
    world_run(w, 21 * S);
    assert_int_equal(join_room(w, "lobby", NULL, "t3", &a), PL_OK);
    assert_int_equal(join_room(w, "lobby", NULL, "t5", &a), PL_EAGAIN);
    world_check(w);
}

static void a_pin_is_asked_and_checked(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(join_room(w, "locked", NULL, "t1", &a), PL_EPIN_REQUIRED);
    assert_int_equal(join_room(w, "locked", "0000", "t1", &a), PL_EPIN_INVALID);
    assert_int_equal(join_room(w, "locked", "1234", "t1", &a), PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_GUEST);
    assert_int_equal(join_room(w, "locked", "9999", "t2", &a), PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_HOST);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms WHERE "
                                  "pin_hash LIKE '%1234%'"),
                     0);
}

/* Clients send the word "none" for a box left empty. */
static void none_is_no_pin(void **state)
{
    world *w = *state;
    answer a;
    for (int i = 0; i < 7; i++)
        assert_int_equal(join_room(w, "locked", "none", "t1", &a),
                         PL_EPIN_REQUIRED);
    assert_int_equal(join_room(w, "locked", "1234", "t1", &a), PL_OK);
}

/* Only hosts have a PIN: whoever says nothing is asked, "none" is a guest. */
static void a_host_is_asked_where_guests_need_no_pin(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(join_room(w, "hosted", NULL, "t1", &a), PL_EPIN_REQUIRED);
    assert_string_equal(a.refusal.text, "guest_pin=none");
    assert_int_equal(join_room(w, "hosted", "none", "t1", &a), PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_GUEST);
    assert_int_equal(join_room(w, "hosted", "9999", "t2", &a), PL_OK);
    assert_int_equal(a.body.joined.role, PL_PART_ROLE_HOST);
    assert_int_equal(join_room(w, "hosted", "1111", "t3", &a), PL_EPIN_INVALID);
}

static void rooms_made_by_joining_go_with_their_conference(void **state)
{
    world *w = *state;
    answer a;
    int64_t before = world_sql(w, "SELECT count(*) FROM rooms");
    pl_fmt_cut(w->config.create_rooms, sizeof w->config.create_rooms,
               "on-join");
    w->config.max_rooms = (uint32_t)before + 2;
    for (int i = 0; i < 5; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "made-%d", i);
        assert_int_equal(join_room(w, name, NULL, name, &a), PL_OK);
        assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms"),
                         before + 1);
        /* Ends as nobody refreshes the token, and is forgotten. */
        world_run(w, (int64_t)(w->config.token_s + 1) * S);
        assert_int_equal(join_room(w, name, NULL, "back", &a), PL_OK);
        world_run(w, (int64_t)(w->config.linger_s + 1) * S);
        assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms"),
                         before + 1); /* it has a conference again */
        world_run(w, (int64_t)(w->config.token_s + w->config.linger_s) * S);
        assert_int_equal(world_sql(w, "SELECT count(*) FROM rooms"), before);
        assert_int_equal(world_sql(w, "SELECT count(*) FROM aliases "
                                      "WHERE alias LIKE 'made-%'"),
                         0);
    }
    world_kill_roompool(w);
    world_start_roompool(w);
    world_check(w);
}

static void guessing_pins_is_stopped(void **state)
{
    world *w = *state;
    answer a;
    for (int i = 0; i < 5; i++)
        assert_int_equal(join_room(w, "locked", "0000", "t", &a),
                         PL_EPIN_INVALID);
    assert_int_equal(join_room(w, "locked", "1234", "t", &a), PL_EPIN_INVALID);
    assert_int_equal(world_metric(w, PL_RM_refused_pin_blocked), 1);
    world_run(w, 11 * S);
    assert_int_equal(join_room(w, "locked", "1234", "t", &a), PL_OK);
}

static void a_telephone_joins(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "lobby", "phone-offer"), PL_OK);
    assert_int_equal(sig_call(w, "c1")->status, 200);
    assert_string_equal(sig_call(w, "c1")->sdp, "answer:phone-offer");
    assert_int_equal(phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL),
                     PL_OK);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants "
                                  "WHERE came_by = 'telephone' AND "
                                  "state = 'active'"),
                     1);
    assert_int_equal(phone_report(w, "c1", PL_CALL_STATE_ENDED, 0, NULL),
                     PL_OK);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_call_records "
                                  "WHERE room = 'lobby'"),
                     1);
    assert_int_equal(w->media[0].n_closed + w->media[1].n_closed, 1);
    world_check(w);
}

static void a_call_without_offer_gets_ours(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "1000", NULL), PL_OK);
    assert_int_equal(sig_call(w, "c1")->status, 200);
    assert_memory_equal(sig_call(w, "c1")->sdp, "offer:", 6);
    assert_int_equal(
        phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 0, "phone-answer"),
        PL_OK);
    const char *leg = sig_call(w, "c1")->sdp + 6;
    assert_int_equal(media_leg(w, leg)->n_remote, 1);
}

static void an_ack_without_the_answer_ends_the_call(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "1000", NULL), PL_OK);
    assert_int_equal(phone_report(w, "c1", PL_CALL_STATE_CONFIRMED, 0, NULL),
                     PL_OK);
    world_run(w, 10 * MS);
    assert_true(sig_call(w, "c1")->is_ended);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     0);
    world_check(w);
}

static void bad_media_is_488(void **state)
{
    world *w = *state;
    w->media[0].refuse = w->media[1].refuse = PL_EMEDIA;
    assert_int_equal(phone_call(w, "c1", "lobby", "bad"), PL_OK);
    assert_int_equal(sig_call(w, "c1")->status, 488);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    world_check(w);
}

static void without_media_worker_it_is_503(void **state)
{
    world *w = *state;
    world_kill_media(w, 0);
    world_kill_media(w, 1);
    world_run(w, 3 * S);
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_EUNAVAILABLE);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    world_check(w);
}

static const pl_leg *phone_leg(world *w, const char *call_id)
{
    const pl_call *call = pl_map_find(world_pool(w)->calls, call_id);
    return PL_CONTAINER(call->part->legs.next, pl_leg, link);
}

static void a_telephone_keys_the_pin(void **state)
{
    world *w = *state;
    answer host;
    answer media;
    page_comes(w, "locked", "9999", "h", &host, &media);
    for (int by_info = 0; by_info < 2; by_info++) {
        const char *id = by_info ? "c-info" : "c-rtp";
        assert_int_equal(phone_call(w, id, "locked", "o"), PL_OK);
        assert_int_equal(sig_call(w, id)->status, 200);
        const char *leg = phone_leg(w, id)->row.leg_id;
        assert_false(media_leg(w, leg)->mixed);
        assert_int_equal(phone_report(w, id, PL_CALL_STATE_CONFIRMED, 0, NULL),
                         PL_OK);
        assert_string_equal(media_leg(w, leg)->prompt, "pin-enter");
        phone_key(w, id, "5*1234", by_info);
        phone_key(w, id, "77", !by_info); /* the other kind is not heard */
        assert_false(media_leg(w, leg)->mixed);
        phone_key(w, id, "#", by_info);
        assert_true(media_leg(w, leg)->mixed);
        assert_string_equal(media_leg(w, leg)->prompt, "");
    }
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants "
                                  "WHERE state = 'active' AND role='guest'"),
                     2);
    world_check(w);
}

/* Media is up before the PIN is keyed: who comes in then is shown with it. */
static void a_telephone_with_media_comes_in_with_media(void **state)
{
    world *w = *state;
    phone_joins(w, "c1", "locked");
    const pl_leg *leg = phone_leg(w, "c1");
    media_report(w, leg->row.leg_id, PL_LEG_STATE_CONNECTED);
    assert_false(leg->part->row.has_media);
    phone_key(w, "c1", "1234#", false);
    assert_int_equal(leg->part->row.state, PL_PART_STATE_ACTIVE);
    assert_true(leg->part->row.has_media);
    world_check(w);
}

static void three_wrong_pins_end_the_call(void **state)
{
    world *w = *state;
    phone_joins(w, "c1", "locked");
    phone_key(w, "c1", "0000#", true);
    const char *leg = phone_leg(w, "c1")->row.leg_id;
    assert_string_equal(media_leg(w, leg)->prompt, "pin-wrong");
    phone_key(w, "c1", "0000#0000#", true);
    assert_string_equal(media_leg(w, leg)->prompt, "pin-locked");
    phone_key(w, "c1", "1234#", true); /* too late */
    assert_false(sig_call(w, "c1")->is_ended);
    world_run(w, 11 * S);
    assert_true(sig_call(w, "c1")->is_ended);
    world_check(w);
}

static void digits_that_stop_are_taken_as_they_are(void **state)
{
    world *w = *state;
    answer host;
    answer media;
    page_comes(w, "locked", "9999", "h", &host, &media);
    phone_joins(w, "c1", "locked");
    phone_key(w, "c1", "1234", false);
    world_run(w, 6 * S);
    assert_true(media_leg(w, phone_leg(w, "c1")->row.leg_id)->mixed);
}

static void nobody_keys_anything_and_the_call_ends(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "locked", "o"), PL_OK);
    world_run(w, 130 * S);
    assert_true(sig_call(w, "c1")->is_ended);
    world_check(w);
}

static void a_telephone_holds_and_resumes(void **state)
{
    world *w = *state;
    pl_call_offer m = {.sdp = pl_slice_str("hold-offer")};
    answer a;
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    pl_fmt_cut(m.call_id, sizeof m.call_id, "c1");
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    w->media[0].direction = w->media[1].direction = PL_DIRECTION_RECVONLY;
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_OFFER, &m, &a);
    assert_int_equal(a.error, PL_OK);
    assert_string_equal(a.sdp, "answer:hold-offer");
    assert_int_equal(world_sql(w, "SELECT on_hold FROM v_live_participants"),
                     1);
    w->media[0].direction = w->media[1].direction = PL_DIRECTION_SENDRECV;
    world_ask_from(w, w->sig.bus, &PL_MSG_CALL_OFFER, &m, &a);
    assert_int_equal(world_sql(w, "SELECT on_hold FROM v_live_participants"),
                     0);
}

static void the_roster_is_read_between_sync_marks(void **state)
{
    world *w = *state;
    answer a;
    answer b;
    answer ev;
    uint64_t cursor = 0;
    static const uint32_t kinds[] = {
        PL_EVENT_KIND_SYNC_BEGIN, PL_EVENT_KIND_PARTICIPANT_CREATE,
        PL_EVENT_KIND_SYNC_END, PL_EVENT_KIND_CONFERENCE_UPDATE,
        PL_EVENT_KIND_LAYOUT};
    assert_int_equal(join_room(w, "lobby", NULL, "tok-a", &a), PL_OK);
    const char *id = a.body.joined.participant_id;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(poll_part(w, id, "tok-a", i == 0, &cursor, &ev),
                         PL_OK);
        assert_int_equal(ev.body.event.kind, kinds[i]);
    }
    assert_int_equal(poll_part(w, id, "tok-a", false, &cursor, &ev), PL_EAGAIN);
    assert_int_equal(join_room(w, "lobby", NULL, "tok-b", &b), PL_OK);
    assert_int_equal(poll_part(w, id, "tok-a", false, &cursor, &ev), PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_PARTICIPANT_CREATE);
    assert_string_equal(ev.body.event.display_name, "tok-b");
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(page_leaves(w, &b, "tok-b"), PL_OK);
    assert_int_equal(poll_part(w, id, "tok-a", false, &cursor, &ev), PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_PARTICIPANT_DELETE);
    assert_int_equal(poll_part(w, id, "tok-a", false, &cursor, &ev), PL_EAGAIN);
    /* who left reads its end, and nothing more */
    cursor = ev.body.none.cursor - 1;
    assert_int_equal(poll_part(w, b.body.joined.participant_id, "tok-b", false,
                               &cursor, &ev),
                     PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_DISCONNECT);
    assert_int_equal(poll_part(w, b.body.joined.participant_id, "tok-b", false,
                               &cursor, &ev),
                     PL_EGONE);
}

static void talk(world *w, const char *leg_id, bool talking)
{
    const pl_leg *leg = pl_map_find(world_pool(w)->legs, leg_id);
    pl_leg_talking m = {.talking = talking, .level = 20};
    pl_fmt_cut(m.room_id, sizeof m.room_id, "%s", leg->part->conf->row.conf_id);
    pl_fmt_cut(m.leg_id, sizeof m.leg_id, "%s", leg_id);
    media_tells(w, leg, &PL_MSG_LEG_TALKING, &m);
    world_run(w, MS);
}

static void speaking_passes_by_and_is_not_stored(void **state)
{
    world *w = *state;
    answer a;
    answer media;
    answer ev;
    uint64_t cursor = 0;
    page_joins(w, "lobby", "tok-a", &a, &media);
    const char *id = a.body.joined.participant_id;
    for (int i = 0; i < 5; i++)
        assert_int_equal(poll_part(w, id, "tok-a", i == 0, &cursor, &ev), 0);
    int64_t stored = world_sql(w, "SELECT count(*) FROM events");
    talk(w, media.body.media.call_id, true);
    assert_int_equal(poll_part(w, id, "tok-a", false, &cursor, &ev), PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_STAGE);
    assert_int_equal(ev.body.event.seq, 0);
    assert_true(ev.body.event.talking);
    /* off and on again within the interval: nothing to tell */
    talk(w, media.body.media.call_id, false);
    talk(w, media.body.media.call_id, true);
    assert_int_equal(poll_part(w, id, "tok-a", false, &cursor, &ev), PL_EAGAIN);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM events"), stored);
}

static void a_token_that_is_not_refreshed_ends(void **state)
{
    world *w = *state;
    answer a;
    answer r;
    pl_participant_refresh m = {.present = 0};
    assert_int_equal(join_room(w, "lobby", NULL, "tok-a", &a), PL_OK);
    pl_fmt_cut(m.participant_id, sizeof m.participant_id, "%s",
               a.body.joined.participant_id);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("tok-a"));
    pl_fmt_cut(m.new_token_hash, 65, "%s", hash_of("tok-a2"));
    world_run(w, 100 * S);
    world_ask(w, &PL_MSG_PARTICIPANT_REFRESH, &m, &r);
    assert_int_equal(r.error, PL_OK);
    world_run(w, 100 * S);
    world_ask(w, &PL_MSG_PARTICIPANT_REFRESH, &m, &r); /* the old one */
    assert_int_equal(r.error, PL_OK);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("stranger"));
    world_ask(w, &PL_MSG_PARTICIPANT_REFRESH, &m, &r);
    assert_int_equal(r.error, PL_EAUTH);
    world_run(w, 121 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_call_records WHERE "
                                  "reason = 'Timer expired awaiting token "
                                  "refresh'"),
                     1);
}

static pl_err renews(world *w, const answer *a, const char *old,
                     const char *next)
{
    answer r;
    pl_participant_refresh m = {.present = 0};
    pl_fmt_cut(m.participant_id, sizeof m.participant_id, "%s",
               a->body.joined.participant_id);
    pl_fmt_cut(m.token_hash, sizeof m.token_hash, "%s", hash_of(old));
    pl_fmt_cut(m.new_token_hash, sizeof m.new_token_hash, "%s", hash_of(next));
    world_ask(w, &PL_MSG_PARTICIPANT_REFRESH, &m, &r);
    return r.error;
}

/* Two requests with one token at once each get a good one; the last four are
 * good, the fifth is not. */
static void the_last_four_tokens_are_good(void **state)
{
    world *w = *state;
    answer a;
    assert_int_equal(join_room(w, "lobby", NULL, "t0", &a), PL_OK);
    assert_int_equal(renews(w, &a, "t0", "t1"), PL_OK);
    assert_int_equal(renews(w, &a, "t0", "t2"), PL_OK);
    assert_int_equal(renews(w, &a, "t1", "t3"), PL_OK);
    assert_int_equal(renews(w, &a, "t2", "t4"), PL_OK); /* t1 t2 t3 t4 */
    assert_int_equal(renews(w, &a, "t0", "x"), PL_EAUTH);
    assert_int_equal(renews(w, &a, "t1", "t5"), PL_OK);
    assert_int_equal(renews(w, &a, "t1", "x"), PL_EAUTH);
    assert_int_equal(renews(w, &a, "t5", "t6"), PL_OK);
    world_check(w);
}

static void who_comes_and_goes_is_forgotten_as_fast(void **state)
{
    world *w = *state;
    answer a;
    w->config.max_records = 50;
    assert_int_equal(join_room(w, "lobby", NULL, "stays", &a), PL_OK);
    for (int i = 0; i < 1010; i++) {
        char token[16];
        pl_fmt_cut(token, sizeof token, "g-%d", i);
        assert_int_equal(join_room(w, "lobby", NULL, token, &a), PL_OK);
        assert_int_equal(page_leaves(w, &a, token), PL_OK);
        assert_int_equal(page_leaves(w, &a, token), PL_OK); /* harmless */
    }
    world_run(w, 2 * S);
    assert_true(world_sql(w, "SELECT count(*) FROM participants") <= 202);
    assert_true(world_sql(w, "SELECT count(*) FROM call_records") <= 60);
    assert_true(world_sql(w, "SELECT count(*) FROM call_records") >= 10);
    world_check(w);
}

static void only_a_host_mutes_and_removes_others(void **state)
{
    world *w = *state;
    answer guest;
    answer host;
    answer media;
    answer r;
    pl_participant_control m = {.muted = true};
    assert_int_equal(join_room(w, "locked", "1234", "g", &guest), PL_OK);
    assert_int_equal(join_room(w, "locked", "9999", "h", &host), PL_OK);
    assert_int_equal(join_media(w, &guest, "g", &media), PL_OK);
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, muted);
    pl_fmt_cut(m.participant_id, 65, "%s", guest.body.joined.participant_id);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("g"));
    pl_fmt_cut(m.target_id, 65, "%s", host.body.joined.participant_id);
    world_ask(w, &PL_MSG_PARTICIPANT_CONTROL, &m, &r);
    assert_int_equal(r.error, PL_EFORBIDDEN);
    pl_fmt_cut(m.participant_id, 65, "%s", host.body.joined.participant_id);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("h"));
    pl_fmt_cut(m.target_id, 65, "%s", guest.body.joined.participant_id);
    world_ask(w, &PL_MSG_PARTICIPANT_CONTROL, &m, &r);
    assert_int_equal(r.error, PL_OK);
    assert_true(media_leg(w, media.body.media.call_id)->muted);
    m.disconnect = true;
    PL_MSG_SET(PARTICIPANT_CONTROL, participant_control, &m, disconnect);
    world_ask(w, &PL_MSG_PARTICIPANT_CONTROL, &m, &r);
    world_run(w, 10 * MS);
    assert_null(media_leg(w, media.body.media.call_id));
    /* "No such participant" is said of the target only. */
    pl_fmt_cut(m.target_id, 65, "gone");
    world_ask(w, &PL_MSG_PARTICIPANT_CONTROL, &m, &r);
    assert_int_equal(r.error, PL_ENOENT);
    pl_fmt_cut(m.participant_id, 65, "gone");
    world_ask(w, &PL_MSG_PARTICIPANT_CONTROL, &m, &r);
    assert_int_equal(r.error, PL_EAUTH);
    world_check(w);
}

static void a_page_makes_a_new_offer_for_its_media(void **state)
{
    world *w = *state;
    answer a;
    answer media;
    answer again;
    pl_participant_media m = {.sdp = pl_slice_str("ice-restart")};
    page_joins(w, "lobby", "t", &a, &media);
    pl_fmt_cut(m.participant_id, 65, "%s", a.body.joined.participant_id);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("t"));
    pl_fmt_cut(m.call_id, 65, "%s", media.body.media.call_id);
    PL_MSG_SET(PARTICIPANT_MEDIA, participant_media, &m, call_id);
    world_ask(w, &PL_MSG_PARTICIPANT_MEDIA, &m, &again);
    assert_string_equal(again.sdp, "answer:ice-restart");
    assert_string_equal(again.body.media.call_id, media.body.media.call_id);
    pl_fmt_cut(m.call_id, 65, "nothing");
    world_ask(w, &PL_MSG_PARTICIPANT_MEDIA, &m, &again);
    assert_int_equal(again.error, PL_ESTATE);
}

static void requests_of_one_turn_share_a_commit(void **state)
{
    world *w = *state;
    enum { N = 20 };
    answer a[N];
    int64_t before = world_metric(w, PL_RM_commits);
    for (int i = 0; i < N; i++) {
        pl_room_join m = {.present = 0};
        char token[16];
        pl_fmt_cut(token, sizeof token, "t%d", i);
        pl_fmt_cut(m.alias, sizeof m.alias, "lobby");
        pl_fmt_cut(m.token_hash, sizeof m.token_hash, "%s", hash_of(token));
        world_send(w, w->api, &PL_MSG_ROOM_JOIN, &m, &a[i]);
    }
    world_run(w, 10 * MS);
    for (int i = 0; i < N; i++)
        assert_true(a[i].is_done && a[i].error == PL_OK);
    int64_t commits = world_metric(w, PL_RM_commits) - before;
    assert_in_range(commits, 1, 2);
}

static void messages_of_another_role_are_refused(void **state)
{
    world *w = *state;
    answer a;
    pl_room_join m = {.present = 0};
    pl_fmt_cut(m.alias, sizeof m.alias, "lobby");
    pl_fmt_cut(m.token_hash, sizeof m.token_hash, "%s", hash_of("t"));
    world_ask_from(w, w->media[0].bus, &PL_MSG_ROOM_JOIN, &m, &a);
    assert_int_equal(a.error, PL_EFORBIDDEN); /* of another role */
    assert_int_equal(world_metric(w, PL_RM_worker_role), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_joins_and_gets_an_answer),
        TEST(an_unknown_alias_is_refused),
        TEST(a_full_room_is_refused),
        TEST(strangers_of_one_source_take_a_share),
        TEST(a_pin_is_asked_and_checked),
        TEST(none_is_no_pin),
        TEST(a_host_is_asked_where_guests_need_no_pin),
        TEST(guessing_pins_is_stopped),
        TEST(rooms_made_by_joining_go_with_their_conference),
        TEST(a_telephone_joins),
        TEST(a_call_without_offer_gets_ours),
        TEST(an_ack_without_the_answer_ends_the_call),
        TEST(bad_media_is_488),
        TEST(without_media_worker_it_is_503),
        TEST(a_telephone_keys_the_pin),
        TEST(a_telephone_with_media_comes_in_with_media),
        TEST(three_wrong_pins_end_the_call),
        TEST(digits_that_stop_are_taken_as_they_are),
        TEST(nobody_keys_anything_and_the_call_ends),
        TEST(a_telephone_holds_and_resumes),
        TEST(the_roster_is_read_between_sync_marks),
        TEST(speaking_passes_by_and_is_not_stored),
        TEST(a_token_that_is_not_refreshed_ends),
        TEST(the_last_four_tokens_are_good),
        TEST(who_comes_and_goes_is_forgotten_as_fast),
        TEST(only_a_host_mutes_and_removes_others),
        TEST(a_page_makes_a_new_offer_for_its_media),
        TEST(requests_of_one_turn_share_a_commit),
        TEST(messages_of_another_role_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
