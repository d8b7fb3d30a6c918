/* test_relay.c - channels of the notification relay: who may do what, what is
 * kept, how it is read, how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "relay_client.h"
#include "world.h"

static void a_channel_takes_and_gives_events(void **state)
{
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    assert_int_equal(strlen(c.sink_id), 32);
    assert_string_not_equal(c.read_token, c.sink_token);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_OK);
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a), PL_OK);
    assert_string_equal(a.body.relay.event_id, "e1");
    assert_string_equal(a.sdp, "{\"id\":\"e1\"}");
    assert_true(a.body.relay.more);
    uint64_t seq = a.body.relay.seq;
    assert_int_equal(event_read(&w, &c, &(reading){.after_seq = seq}, &a),
                     PL_OK);
    assert_string_equal(a.body.relay.event_id, "e2");
    /* By id, again from the start, and behind the last. */
    assert_int_equal(event_read(&w, &c, &(reading){.after_id = "e1"}, &a),
                     PL_OK);
    assert_string_equal(a.body.relay.event_id, "e2");
    assert_int_equal(event_read(&w, &c, &(reading){.after_id = "??"}, &a),
                     PL_OK);
    assert_string_equal(a.body.relay.event_id, "e1");
    assert_int_equal(event_read(&w, &c, &(reading){.after_id = "e2"}, &a),
                     PL_OK);
    assert_int_equal(a.body.relay.seq, 0);
    assert_int_equal(world_metric(&w, PL_RM_relay_events), 2);
    world_check(&w);
    world_destroy(&w);
}

static void secrets_are_not_stored(void **state)
{
    char sql[512];
    world w;
    channel c;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", "anna", 0, &c), PL_OK);
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM relay_channels WHERE read_hash = '%s' "
               "AND subject = 'anna'",
               hash_of(c.read_token));
    assert_int_equal(world_sql(&w, sql), 1);
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM relay_channels WHERE read_hash = '%s' OR "
               "sink_hash = '%s'",
               c.read_token, c.sink_token);
    assert_int_equal(world_sql(&w, sql), 0);
    world_destroy(&w);
}

static void a_waiting_reader_gets_it_at_once(void **state)
{
    world w;
    channel c;
    answer a, nothing;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    event_read_begin(&w, &c, &(reading){.begins = true, .wait_ms = 20000}, &a);
    world_run(&w, PL_MS(300));
    assert_false(a.is_done);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    world_wait(&w, &a);
    assert_string_equal(a.body.relay.event_id, "e1");
    assert_false(a.body.relay.more);
    assert_int_equal(event_read(&w, &c,
                                &(reading){.after_id = "e1", .wait_ms = 3000},
                                &nothing),
                     PL_OK);
    assert_int_equal(nothing.body.relay.seq, 0);
    world_check(&w);
    world_destroy(&w);
}

static void repeats_are_harmless(void **state)
{
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a), PL_OK);
    assert_false(a.body.relay.more);
    assert_int_equal(world_metric(&w, PL_RM_relay_repeats), 1);
    world_destroy(&w);
}

static void a_new_reader_takes_the_place_of_the_last(void **state)
{
    world w;
    channel c;
    answer first, second, late;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    event_read_begin(
        &w, &c, &(reading){.reader = "A", .begins = true, .wait_ms = 20000},
        &first);
    world_run(&w, PL_MS(100));
    event_read_begin(
        &w, &c, &(reading){.reader = "B", .begins = true, .wait_ms = 20000},
        &second);
    world_wait(&w, &first);
    assert_int_equal(first.error, PL_ESTALE);
    assert_int_equal(event_read(&w, &c, &(reading){.reader = "A"}, &late),
                     PL_ESTALE);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    world_wait(&w, &second);
    assert_string_equal(second.body.relay.event_id, "e1");
    world_check(&w);
    world_destroy(&w);
}

static void wrong_tokens_and_channels_are_refused(void **state)
{
    world w;
    channel c, other, wrong;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &other), PL_OK);
    wrong = c;
    PUT(wrong.sink_token, other.sink_token);
    PUT(wrong.read_token, c.sink_token); /* each is for its own side */
    assert_int_equal(event_put(&w, &wrong, "e1", "status"), PL_EAUTH);
    assert_int_equal(event_read(&w, &wrong, &(reading){.begins = true}, &a),
                     PL_EAUTH);
    PUT(wrong.sink_id, "0123");
    PUT(wrong.channel_id, "0123");
    assert_int_equal(event_put(&w, &wrong, "e1", "status"), PL_ENOENT);
    assert_int_equal(event_read(&w, &wrong, &(reading){.begins = true}, &a),
                     PL_ENOENT);
    world_destroy(&w);
}

static void only_its_owner_sees_a_channel(void **state)
{
    world w;
    channel c, again;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", "anna", 0, &c), PL_OK);
    assert_int_equal(channel_get(&w, "app", "anna", &c, &again), PL_OK);
    assert_string_equal(again.sink_id, c.sink_id);
    assert_string_equal(again.read_token, "");
    assert_int_equal(channel_get(&w, "app", "bob", &c, &again), PL_ENOENT);
    assert_int_equal(channel_get(&w, "app", NULL, &c, &again), PL_ENOENT);
    assert_int_equal(channel_get(&w, "web", "anna", &c, &again), PL_ENOENT);
    assert_int_equal(channel_extend(&w, "web", "anna", 0, &c, &again),
                     PL_ENOENT);
    assert_int_equal(channel_close(&w, "web", "anna", &c), PL_ENOENT);
    assert_int_equal(channel_close(&w, "app", "anna", &c), PL_OK);
    assert_int_equal(channel_close(&w, "app", "anna", &c), PL_ENOENT);
    world_check(&w);
    world_destroy(&w);
}

static void a_closed_channel_is_gone(void **state)
{
    world w;
    channel c;
    answer waiting, a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    event_read_begin(
        &w, &c, &(reading){.begins = true, .after_id = "e1", .wait_ms = 20000},
        &waiting);
    world_run(&w, PL_MS(100));
    assert_int_equal(channel_close(&w, "app", NULL, &c), PL_OK);
    world_wait(&w, &waiting);
    assert_int_equal(waiting.error, PL_EGONE);
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_EGONE);
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a),
                     PL_EGONE);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_events"), 0);
    world_run(&w, PL_S(w.config.relay_tombstone_s + 1));
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_ENOENT);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_channels"), 0);
    world_check(&w);
    world_destroy(&w);
}

static void old_tokens_hold_for_a_minute(void **state)
{
    world w;
    channel c, newer;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 600, &c), PL_OK);
    assert_int_equal(channel_extend(&w, "app", NULL, 7200, &c, &newer), PL_OK);
    assert_string_not_equal(c.read_token, newer.read_token);
    assert_true(newer.expires_ms > c.expires_ms + 6000000);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    assert_int_equal(event_put(&w, &newer, "e2", "status"), PL_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            event_read(
                &w, &newer,
                &(reading){.begins = true, .after_id = "e2", .wait_ms = 25000},
                &a),
            PL_OK);
    assert_int_equal(event_put(&w, &c, "e3", "status"), PL_EAUTH);
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a),
                     PL_EAUTH);
    assert_int_equal(event_put(&w, &newer, "e3", "status"), PL_OK);
    /* Who reads already goes on. */
    assert_int_equal(event_read(&w, &c, &(reading){.after_id = "e2"}, &a),
                     PL_OK);
    assert_string_equal(a.body.relay.event_id, "e3");
    world_destroy(&w);
}

static void nobody_reads_so_it_is_closed(void **state)
{
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    for (int i = 0; i < 4; i++) { /* two minutes with a reader */
        assert_int_equal(
            event_read(&w, &c, &(reading){.begins = true, .wait_ms = 30000},
                       &a),
            PL_OK);
    }
    world_run(&w, PL_S(w.config.relay_grace_s - 5));
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    world_run(&w, PL_S(10));
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_EGONE);
    assert_int_equal(world_metric(&w, PL_RM_relay_dropped), 1);
    world_check(&w);
    world_destroy(&w);
}

static void after_its_end_only_what_is_there_is_read(void **state)
{
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 20, &c), PL_OK);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    world_run(&w, PL_S(21));
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_EGONE);
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a), PL_OK);
    assert_string_equal(a.body.relay.event_id, "e1");
    event_read_begin(&w, &c, &(reading){.after_id = "e1", .wait_ms = 30000},
                     &a);
    world_wait(&w, &a);
    event_read_begin(&w, &c, &(reading){.after_id = "e1", .wait_ms = 30000},
                     &a);
    world_run(&w, PL_S(w.config.relay_grace_s));
    assert_int_equal(a.error, PL_EGONE);
    world_check(&w);
    world_destroy(&w);
}

static void events_grow_old(void **state)
{
    static const char invitation[] =
        "org.camaraproject.webrtc-events.v0.session-invitation";
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    w.config.relay_grace_s = 1000;
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    assert_int_equal(event_put(&w, &c, "ring", invitation), PL_OK);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    world_run(&w, PL_S(61));
    assert_int_equal(event_read(&w, &c, &(reading){.begins = true}, &a), PL_OK);
    assert_string_equal(a.body.relay.event_id, "e1");
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_events"), 1);
    world_run(&w, PL_S(61));
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_events"), 0);
    world_check(&w);
    world_destroy(&w);
}

static void what_was_read_makes_room(void **state)
{
    world w;
    channel c;
    answer a;
    char id[16];
    (void)state;
    world_create(&w, 1);
    w.config.relay_events = 4;
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    for (int i = 1; i <= 4; i++) {
        pl_fmt_cut(id, sizeof id, "e%d", i);
        assert_int_equal(event_put(&w, &c, id, "status"), PL_OK);
    }
    assert_int_equal(event_put(&w, &c, "e5", "status"), PL_EFULL);
    assert_int_equal(
        event_read(&w, &c, &(reading){.begins = true, .after_id = "e1"}, &a),
        PL_OK);
    assert_int_equal(event_put(&w, &c, "e5", "status"), PL_OK);
    assert_int_equal(event_put(&w, &c, "e6", "status"), PL_EFULL);
    assert_int_equal(world_metric(&w, PL_RM_relay_dropped), 0);
    world_check(&w);
    world_destroy(&w);
}

static void there_are_limits(void **state)
{
    world w;
    channel c, last;
    (void)state;
    world_create(&w, 1);
    w.config.relay_per_owner = 2;
    w.config.relay_max_channels = 3;
    assert_int_equal(channel_open(&w, "app", "anna", 0, &c), PL_OK);
    assert_int_equal(channel_open(&w, "app", "anna", 0, &c), PL_OK);
    assert_int_equal(channel_open(&w, "app", "anna", 0, &c), PL_EFULL);
    assert_int_equal(channel_open(&w, "app", "bob", 0, &last), PL_OK);
    assert_int_equal(channel_open(&w, "web", NULL, 0, &last), PL_EFULL);
    /* Who opens and closes all the time is not remembered without end. */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(channel_close(&w, "app", "bob", &last), PL_OK);
        assert_int_equal(channel_open(&w, "app", "bob", 0, &last), PL_OK);
    }
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM relay_channels"), 6);
    world_check(&w);
    world_destroy(&w);
}

static void all_survives_a_kill(void **state)
{
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    assert_int_equal(event_put(&w, &c, "e1", "status"), PL_OK);
    event_read_begin(
        &w, &c, &(reading){.begins = true, .after_id = "e1", .wait_ms = 20000},
        &a);
    world_run(&w, PL_MS(100));
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_OK);
    world_wait(&w, &a);
    assert_string_equal(a.body.relay.event_id, "e2");
    world_kill_roompool(&w);
    world_start_roompool(&w);
    world_send_inventory(&w);
    world_run(&w, PL_S(1));
    /* The reader goes on; who sends repeats what it is not sure of. */
    assert_int_equal(event_put(&w, &c, "e2", "status"), PL_OK);
    assert_int_equal(event_read(&w, &c, &(reading){.after_id = "e1"}, &a),
                     PL_OK);
    assert_string_equal(a.body.relay.event_id, "e2");
    assert_false(a.body.relay.more);
    assert_int_equal(event_put(&w, &c, "e3", "status"), PL_OK);
    assert_int_equal(event_read(&w, &c, &(reading){.after_id = "e2"}, &a),
                     PL_OK);
    assert_string_equal(a.body.relay.event_id, "e3");
    world_check(&w);
    world_destroy(&w);
}

static void who_stops_waiting_is_forgotten(void **state)
{
    world w;
    channel c;
    answer a;
    (void)state;
    world_create(&w, 1);
    assert_int_equal(channel_open(&w, "app", NULL, 0, &c), PL_OK);
    event_read_begin(&w, &c, &(reading){.begins = true, .wait_ms = 30000}, &a);
    world_run(&w, PL_MS(100));
    assert_int_equal(world_pool(&w)->n_polls, 1);
    pl_event_poll_cancel m = {.corr = a.corr};
    PUT(m.id, c.channel_id);
    PL_MSG_SET(EVENT_POLL_CANCEL, event_poll_cancel, &m, id);
    assert_int_equal(pl_bus_event(w.api, NULL, &PL_MSG_EVENT_POLL_CANCEL, &m),
                     PL_OK);
    world_run(&w, PL_MS(100));
    assert_int_equal(world_pool(&w)->n_polls, 0);
    world_check(&w);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_takes_and_gives_events),
        cmocka_unit_test(secrets_are_not_stored),
        cmocka_unit_test(a_waiting_reader_gets_it_at_once),
        cmocka_unit_test(repeats_are_harmless),
        cmocka_unit_test(a_new_reader_takes_the_place_of_the_last),
        cmocka_unit_test(wrong_tokens_and_channels_are_refused),
        cmocka_unit_test(only_its_owner_sees_a_channel),
        cmocka_unit_test(a_closed_channel_is_gone),
        cmocka_unit_test(old_tokens_hold_for_a_minute),
        cmocka_unit_test(nobody_reads_so_it_is_closed),
        cmocka_unit_test(after_its_end_only_what_is_there_is_read),
        cmocka_unit_test(events_grow_old),
        cmocka_unit_test(what_was_read_makes_room),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(all_survives_a_kill),
        cmocka_unit_test(who_stops_waiting_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
