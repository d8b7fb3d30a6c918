/* test_recovery.c - workers and roompool die and come back. */
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

/* Index of the media worker that holds the only conference. */
static unsigned holder(world *w)
{
    for (unsigned i = 0; i < w->n_media; i++)
        if (w->media[i].bus && w->media[i].n_rooms > 0)
            return i;
    fail_msg("no media worker holds a room");
    return 0;
}

static uint64_t epoch_of(world *w)
{
    return (uint64_t)world_sql(w, "SELECT max(epoch) FROM conferences");
}

static void pages_are_told_and_come_back_elsewhere(void **state)
{
    world *w = *state;
    answer a;
    answer media;
    answer ev;
    uint64_t cursor = 0;
    page_joins(w, "lobby", "t", &a, &media);
    const char *id = a.body.joined.participant_id;
    media_report(w, media.body.media.call_id, PL_LEG_STATE_CONNECTED);
    for (int i = 0; i < 5; i++)
        assert_int_equal(poll_part(w, id, "t", i == 0, &cursor, &ev), PL_OK);
    unsigned dead = holder(w);
    uint64_t epoch = epoch_of(w);
    world_kill_media(w, dead);
    world_run(w, 2 * S);
    assert_int_equal(poll_part(w, id, "t", false, &cursor, &ev), PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_CALL_DISCONNECTED);
    assert_string_equal(ev.body.event.call_id, media.body.media.call_id);
    assert_int_equal(poll_part(w, id, "t", false, &cursor, &ev), PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_PARTICIPANT_UPDATE);
    assert_false(ev.body.event.has_media);
    assert_int_equal(join_media(w, &a, "t", &media), PL_OK);
    assert_int_equal(holder(w), 1 - dead);
    assert_true(epoch_of(w) > epoch);
    world_check(w);
}

static void telephones_are_reinvited_to_another_worker(void **state)
{
    world *w = *state;
    phone_joins(w, "c1", "lobby");
    unsigned dead = holder(w);
    world_kill_media(w, dead);
    world_run(w, 2 * S);
    assert_int_equal(w->sig.n_offers, 1);
    assert_false(sig_call(w, "c1")->is_ended);
    assert_int_equal(w->media[1 - dead].n_legs, 1);
    assert_int_equal(w->media[1 - dead].legs[0].n_remote, 1);
    assert_true(w->media[1 - dead].legs[0].mixed);
    assert_int_equal(world_metric(w, PL_RM_replacements), 1);
    world_check(w);
}

/* Its re-INVITE was with the worker that died: that one fails, and then the
 * call must move like every other. */
static void a_worker_dies_while_a_telephone_holds(void **state)
{
    world *w = *state;
    pl_call_offer m = {.sdp = pl_slice_str("hold-offer")};
    answer a;
    phone_joins(w, "c1", "lobby");
    unsigned dead = holder(w);
    w->media[dead].is_silent = true;
    pl_fmt_cut(m.call_id, sizeof m.call_id, "c1");
    PL_MSG_SET(CALL_OFFER, call_offer, &m, sdp);
    world_send(w, w->sig.bus, &PL_MSG_CALL_OFFER, &m, &a);
    world_run(w, 5 * MS);
    world_kill_media(w, dead);
    world_run(w, 5 * S);
    assert_true(a.is_done);
    assert_int_not_equal(a.error, PL_OK);
    assert_int_equal(w->sig.n_offers, 1);
    assert_false(sig_call(w, "c1")->is_ended);
    assert_int_equal(w->media[1 - dead].n_legs, 1);
    assert_int_equal(w->media[1 - dead].legs[0].n_remote, 1);
    world_check(w);
}

/* Nobody has heard of the leg yet: another worker makes it. */
static void a_worker_dies_while_a_page_gets_its_media(void **state)
{
    world *w = *state;
    pl_participant_media m = {.sdp = pl_slice_str("page-offer")};
    answer joined;
    answer a;
    assert_int_equal(join_room(w, "lobby", NULL, "t", &joined), PL_OK);
    w->media[0].is_silent = w->media[1].is_silent = true;
    pl_fmt_cut(m.participant_id, 65, "%s", joined.body.joined.participant_id);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("t"));
    world_send(w, w->api, &PL_MSG_PARTICIPANT_MEDIA, &m, &a);
    world_run(w, 5 * MS);
    unsigned dead = 0;
    if (world_sql(w, "SELECT count(*) FROM conferences "
                     "WHERE media_node LIKE 'media-2%'") == 1)
        dead = 1;
    w->media[1 - dead].is_silent = false;
    world_kill_media(w, dead);
    world_run(w, 3 * S);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_OK);
    assert_string_equal(a.sdp, "answer:page-offer");
    assert_int_equal(w->media[1 - dead].n_legs, 1);
    /* A change of media that is there goes with its worker; the seat stays. */
    pl_fmt_cut(m.call_id, 65, "%s", a.body.media.call_id);
    PL_MSG_SET(PARTICIPANT_MEDIA, participant_media, &m, call_id);
    w->media[1 - dead].is_silent = true;
    world_send(w, w->api, &PL_MSG_PARTICIPANT_MEDIA, &m, &a);
    world_run(w, 5 * MS);
    world_kill_media(w, 1 - dead);
    world_run(w, 3 * S);
    assert_true(a.is_done);
    assert_int_equal(a.error, PL_ESTATE);
    world_check(w);
}

static size_t rooms_of(const world *w)
{
    return w->media[0].n_rooms + w->media[1].n_rooms;
}

/* Which asks for media; everybody is gone then. */
static pl_err page_is_refused(world *w, pl_err by_first, pl_err by_second)
{
    pl_participant_media m = {.sdp = pl_slice_str("page-offer")};
    answer joined;
    answer a;
    w->media[0].refuse = by_first;
    w->media[1].refuse = by_second;
    assert_int_equal(join_room(w, "lobby", NULL, "t", &joined), PL_OK);
    pl_fmt_cut(m.participant_id, 65, "%s", joined.body.joined.participant_id);
    pl_fmt_cut(m.token_hash, 65, "%s", hash_of("t"));
    world_send(w, w->api, &PL_MSG_PARTICIPANT_MEDIA, &m, &a);
    world_run(w, 3 * S);
    assert_true(a.is_done);
    assert_true(rooms_of(w) <= 1);
    assert_int_equal(page_leaves(w, &joined, "t"), PL_OK);
    world_run(w, S);
    assert_int_equal(rooms_of(w), 0);
    return a.error;
}

/* A room is left at none of them, whoever refused. */
static void a_worker_that_refuses_media_keeps_no_room(void **state)
{
    world *w = *state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(page_is_refused(w, PL_EFULL, PL_OK), PL_OK);
        assert_int_equal(page_is_refused(w, PL_OK, PL_EFULL), PL_OK);
    }
    assert_int_equal(page_is_refused(w, PL_EFULL, PL_EFULL), PL_EFULL);
    world_check(w);
}

/* Any worker would say so: none but the first is asked. */
static void a_description_that_is_too_large_is_the_peers_fault(void **state)
{
    world *w = *state;
    uint64_t before = epoch_of(w);
    assert_int_equal(page_is_refused(w, PL_ETOOBIG, PL_ETOOBIG), PL_EMEDIA);
    assert_int_equal(world_sql(w, "SELECT value FROM meta "
                                  "WHERE name = 'epoch'"),
                     before + 1);
    world_check(w);
}

/* Its own re-INVITE crossed ours: ours is made again until it is taken. */
static void a_telephone_that_is_busy_with_its_own_offer_stays(void **state)
{
    world *w = *state;
    phone_joins(w, "c1", "lobby");
    unsigned dead = holder(w);
    w->sig.refuse_offer = PL_EBUSY;
    world_kill_media(w, dead);
    world_run(w, 5 * S);
    assert_true(w->sig.n_offers > 1);
    assert_false(sig_call(w, "c1")->is_ended);
    w->sig.refuse_offer = PL_OK;
    world_run(w, 2 * S);
    assert_int_equal(w->media[1 - dead].legs[0].n_remote,
                     w->sig.n_offers); /* asked again, and the answer */
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants"),
                     1);
    unsigned n = w->sig.n_offers;
    world_run(w, 20 * S);
    assert_int_equal(w->sig.n_offers, n);
    world_check(w);
}

static void a_telephone_that_is_busy_for_good_is_ended(void **state)
{
    world *w = *state;
    phone_joins(w, "c1", "lobby");
    w->sig.refuse_offer = PL_EBUSY;
    world_kill_media(w, holder(w));
    world_run(w, 30 * S);
    assert_in_range(w->sig.n_offers, 5, 20);
    assert_true(sig_call(w, "c1")->is_ended);
    world_check(w);
}

static void a_telephone_that_refuses_the_new_offer_is_ended(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    w->sig.refuse_offer = PL_EMEDIA;
    world_kill_media(w, holder(w));
    world_run(w, 2 * S);
    assert_true(sig_call(w, "c1")->is_ended);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM "
                                  "v_live_participants"),
                     0);
    world_check(w);
}

static void without_another_worker_calls_wait_a_while(void **state)
{
    world *w = *state;
    world_kill_media(w, 1);
    world_run(w, 2 * S);
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    assert_int_equal(phone_call(w, "c2", "echo", "o"), PL_OK);
    world_kill_media(w, 0);
    world_run(w, 3 * S);
    assert_false(sig_call(w, "c1")->is_ended);
    world_start_media(w, 0); /* the supervisor started it again */
    world_run(w, S);
    assert_int_equal(w->media[0].n_legs, 2);
    assert_int_equal(w->sig.n_offers, 2);
    world_kill_media(w, 0);
    world_run(w, 8 * S);
    assert_true(sig_call(w, "c1")->is_ended);
    assert_true(sig_call(w, "c2")->is_ended);
    world_check(w);
}

static void api_participants_get_a_new_offer_to_accept(void **state)
{
    world *w = *state;
    user s;
    char conf[CONF_ID_SIZE];
    answer ev;
    answer a;
    user_opens(w, &s, "alice", "t");
    user_hosts(w, &s, conf);
    world_kill_media(w, holder(w));
    world_run(w, 2 * S);
    char mod[CONF_ID_SIZE];
    user_is_offered(w, &s, conf, mod);
    fake_leg *leg = &w->media[holder(w)].legs[0];
    assert_string_equal(leg->lines, "audio/a0"); /* the browser keeps them */
    assert_int_equal(conference_do(w, "t", conf, PL_ACTION_HOLD, "x", &a),
                     PL_EBUSY);
    user_accepts(w, &s, conf, mod);
    /* and once more, this time rejected */
    world_start_media(w, 1 - holder(w));
    world_kill_media(w, holder(w));
    world_run(w, 2 * S);
    user_is_offered(w, &s, conf, mod);
    const act reject = {.action = PL_ACTION_REJECT, .conf = conf, .mod = mod};
    assert_int_equal(user_acts(w, &s, &reject, &a), PL_OK);
    user_reads(w, &s, PL_EVENT_KIND_MOD_TERMINATED, &ev);
    assert_string_equal(ev.body.event.reason, "User busy");
    user_reads(w, &s, PL_EVENT_KIND_SESSION_TERMINATED, &ev);
    world_check(w);
}

static void a_new_offer_that_nobody_accepts_ends_the_seat(void **state)
{
    world *w = *state;
    user s;
    answer conf;
    user_opens(w, &s, "alice", "t");
    assert_int_equal(create_conference(w, &s, &conf), PL_OK);
    world_kill_media(w, holder(w));
    world_run(w, 20 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_conferences"),
                     0);
    world_check(w);
}

static void a_worker_with_an_old_epoch_is_told_to_drop(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    unsigned old = holder(w);
    /* Cut off, not dead: it keeps its room while another takes over. */
    pl_bus *cut = w->media[old].bus;
    char conf[65];
    uint64_t epoch = w->media[old].rooms[0].epoch;
    pl_fmt_cut(conf, sizeof conf, "%s", w->media[old].rooms[0].id);
    pl_now now = pl_glue_now(w->glue);
    pl_pool_on_peer(world_pool(w), now, w->media[old].node, false);
    pl_glue_wake(w->glue);
    world_run(w, S);
    assert_int_equal(w->media[1 - old].n_rooms, 1);
    assert_true(w->media[1 - old].rooms[0].epoch > epoch);
    assert_int_equal(w->media[old].n_rooms, 1);
    assert_ptr_equal(cut, w->media[old].bus);
    world_send_inventory(w);
    world_run(w, 100 * MS);
    assert_int_equal(w->media[old].n_rooms, 0);
    assert_int_equal(w->media[1 - old].n_rooms, 1);
    assert_int_equal(world_metric(w, PL_RM_orphans), 1);
    /* and what it reports about the past is not believed */
    pl_leg_report m = {.state = PL_LEG_STATE_FAILED};
    pl_fmt_cut(m.room_id, sizeof m.room_id, "%s", conf);
    pl_fmt_cut(m.leg_id, sizeof m.leg_id, "%s", w->media[1 - old].legs[0].id);
    int64_t stale = world_metric(w, PL_RM_stale_reports);
    assert_int_equal(pl_bus_event(cut, &(pl_bus_send){.epoch = epoch},
                                  &PL_MSG_LEG_REPORT, &m),
                     PL_OK);
    world_run(w, 10 * MS);
    assert_int_equal(world_metric(w, PL_RM_stale_reports), stale + 1);
    assert_false(sig_call(w, "c1")->is_ended);
    world_check(w);
}

static void calls_of_a_lost_signaling_worker_end_with_its_lease(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    world_kill_signaling(w);
    world_run(w, 20 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 1);
    world_run(w, 15 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM "
                                  "v_live_participants"),
                     0);
    world_check(w);
}

static void calls_of_a_restarted_signaling_worker_end_at_once(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    world_kill_signaling(w);
    world_run(w, 100 * MS);
    world_start_signaling(w);
    world_run(w, 100 * MS);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM workers WHERE role = "
                                  "'signaling-worker'"),
                     1);
    world_check(w);
}

/* ---- roompool itself ---- */

static void calls_and_pages_outlive_roompool(void **state)
{
    world *w = *state;
    answer a;
    answer media;
    answer ev;
    uint64_t cursor = 0;
    page_joins(w, "lobby", "t", &a, &media);
    phone_joins(w, "c1", "lobby");
    uint64_t epoch = epoch_of(w);
    world_kill_roompool(w);
    world_run(w, 3 * S);
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, 10 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM v_live_participants "
                                  "WHERE state = 'active'"),
                     2);
    assert_int_equal(epoch_of(w), epoch);
    assert_int_equal(w->media[holder(w)].n_legs, 2);
    const char *id = a.body.joined.participant_id;
    /* the reader starts over with a roster, unasked */
    assert_int_equal(poll_part(w, id, "t", false, &cursor, &ev), PL_OK);
    assert_int_equal(ev.body.event.kind, PL_EVENT_KIND_SYNC_BEGIN);
    assert_int_equal(phone_report(w, "c1", PL_CALL_STATE_ENDED, 0, NULL),
                     PL_OK);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM "
                                  "v_live_participants"),
                     1);
    world_check(w);
}

static void what_workers_hold_and_nobody_knows_is_ended(void **state)
{
    world *w = *state;
    assert_int_equal(phone_call(w, "c1", "lobby", "o"), PL_OK);
    world_kill_roompool(w);
    world_run(w, S);
    (void)sig_call(w, "stray-call");
    fake_media *m = &w->media[holder(w)];
    m->legs[m->n_legs] = m->legs[0];
    pl_fmt_cut(m->legs[m->n_legs++].id, 65, "stray-leg");
    m->rooms[m->n_rooms] = m->rooms[0];
    pl_fmt_cut(m->rooms[m->n_rooms++].id, 65, "stray-room");
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, S);
    assert_true(sig_call(w, "stray-call")->is_ended);
    assert_false(sig_call(w, "c1")->is_ended);
    assert_int_equal(m->n_rooms, 1);
    assert_int_equal(m->n_legs, 1);
    world_check(w);
}

static void what_workers_lost_meanwhile_is_ended_with_events(void **state)
{
    world *w = *state;
    user s;
    answer conf;
    answer inv;
    answer ev;
    user_opens(w, &s, "alice", "t");
    assert_int_equal(create_conference(w, &s, &conf), PL_OK);
    assert_int_equal(invite(w, "t", conf.body.conference.conf_id,
                            "sip:carol@example.net", &inv),
                     PL_OK);
    world_kill_roompool(w);
    w->sig.n_calls = 0; /* the call ended while nobody listened */
    world_run(w, S);
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, S);
    user_reads(w, &s, PL_EVENT_KIND_SESSION_OPEN, &ev);
    user_reads(w, &s, PL_EVENT_KIND_INVITE_RESULT, &ev);
    assert_string_equal(ev.body.event.mod_id, inv.body.invited.mod_id);
    world_check(w);
}

static void workers_that_do_not_come_back_are_given_up(void **state)
{
    world *w = *state;
    answer a;
    answer media;
    page_joins(w, "lobby", "t", &a, &media);
    world_kill_roompool(w);
    world_kill_media(w, 0);
    world_kill_media(w, 1);
    world_kill_signaling(w);
    world_start_roompool(w);
    world_run(w, 40 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM legs"), 0);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM workers WHERE "
                                  "state = 'up'"),
                     0);
    world_check(w);
}

static int64_t n_workers(world *w, const char *where)
{
    char sql[128];
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM workers WHERE %s", where);
    return world_sql(w, sql);
}

static void restart_roompool(world *w)
{
    world_kill_roompool(w);
    world_start_roompool(w);
    world_send_inventory(w);
}

/* One that had ended in order is not missing; one that had been lost is shown
 * for its hour, and lost once. */
static void workers_that_had_gone_before_are_no_news(void **state)
{
    static const char DOWN_AT[] =
        "SELECT strftime('%s', down_at) FROM workers WHERE role = "
        "'media-worker' AND state = 'down'";
    static world_notes notes;
    world *w = *state;
    media_says_goodbye(&w->media[0]);
    world_kill_media(w, 1);
    world_run(w, 2 * S);
    assert_int_equal(world_metric(w, PL_RM_workers_lost), 1);
    assert_int_equal(n_workers(w, "role = 'media-worker'"), 2);
    world_run(w, 100 * S);
    restart_roompool(w);
    world_listens(w, &notes, "worker_down");
    world_run(w, 6 * S);
    assert_int_equal(n_workers(w, "role = 'media-worker'"), 1);
    assert_int_equal(n_workers(w, "life = 'stopped'"), 0);
    assert_int_equal(world_metric(w, PL_RM_workers_lost), 1);
    assert_int_equal(notes.n, 2);
    assert_int_equal(notes.level, PL_LOG_INFO);
    int64_t down_at = world_sql(w, DOWN_AT);
    world_run(w, INT64_C(3300) * S);
    restart_roompool(w);
    world_run(w, 6 * S);
    assert_int_equal(world_sql(w, DOWN_AT), down_at);
    world_run(w, INT64_C(600) * S);
    assert_int_equal(n_workers(w, "role = 'media-worker'"), 0);
    world_check(w);
}

/* Its calls are others' when its time is over. */
static void what_a_stopped_worker_left_is_cleaned_up_first(void **state)
{
    world *w = *state;
    phone_joins(w, "c1", "lobby");
    world_kill_signaling(w);
    world_run(w, 2 * S);
    world_kill_roompool(w);
    world_write(w, "UPDATE workers SET life = 'stopped' WHERE role = "
                   "'signaling-worker'");
    world_start_roompool(w);
    world_send_inventory(w);
    world_run(w, 6 * S);
    assert_int_equal(n_workers(w, "role = 'signaling-worker'"), 1);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 1);
    world_run(w, 35 * S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM calls"), 0);
    assert_int_equal(n_workers(w, "role = 'signaling-worker'"), 0);
    world_check(w);
}

static void requests_survive_loss_and_repeats_on_the_bus(void **state)
{
    world *w = *state;
    pl_bus_faults faults = {
        .duplicate_permille = 300, .delay_us = 500, .jitter_us = 3000};
    answer a;
    answer media;
    pl_bus_hub_set_faults(w->hub, &faults);
    for (int i = 0; i < 20; i++) {
        char name[16];
        pl_fmt_cut(name, sizeof name, "t%d", i);
        page_joins(w, "lobby", name, &a, &media);
        assert_int_equal(phone_call(w, name, "echo", "o"), PL_OK);
    }
    world_run(w, S);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM "
                                  "v_live_participants"),
                     40);
    assert_int_equal(world_sql(w, "SELECT count(*) FROM legs"), 40);
    world_check(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_are_told_and_come_back_elsewhere),
        TEST(telephones_are_reinvited_to_another_worker),
        TEST(a_worker_dies_while_a_telephone_holds),
        TEST(a_worker_dies_while_a_page_gets_its_media),
        TEST(a_worker_that_refuses_media_keeps_no_room),
        TEST(a_description_that_is_too_large_is_the_peers_fault),
        TEST(a_telephone_that_is_busy_with_its_own_offer_stays),
        TEST(a_telephone_that_is_busy_for_good_is_ended),
        TEST(a_telephone_that_refuses_the_new_offer_is_ended),
        TEST(without_another_worker_calls_wait_a_while),
        TEST(api_participants_get_a_new_offer_to_accept),
        TEST(a_new_offer_that_nobody_accepts_ends_the_seat),
        TEST(a_worker_with_an_old_epoch_is_told_to_drop),
        TEST(calls_of_a_lost_signaling_worker_end_with_its_lease),
        TEST(calls_of_a_restarted_signaling_worker_end_at_once),
        TEST(calls_and_pages_outlive_roompool),
        TEST(what_workers_hold_and_nobody_knows_is_ended),
        TEST(what_workers_lost_meanwhile_is_ended_with_events),
        TEST(workers_that_do_not_come_back_are_given_up),
        TEST(workers_that_had_gone_before_are_no_news),
        TEST(what_a_stopped_worker_left_is_cleaned_up_first),
        TEST(requests_survive_loss_and_repeats_on_the_bus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
