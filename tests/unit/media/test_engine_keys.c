/* test_engine_keys.c - digits keyed to the phones of a room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/be.h"
#include "engine_rig.h"

static rig the_rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&the_rig, PL_ROOM_MODE_MIX, 3);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&the_rig);
    return 0;
}

/* A digit takes the place of ten frames, of that phone alone; its packets are
 * numbered among the others. */
static void digits_take_the_place_of_audio(void **state)
{
    (void)state;
    rig *r = &the_rig;
    const rig_leg *talker = rig_add(r, PL_AUDIO_PCMA, 400, 0.3, false);
    const rig_leg *keyed = rig_add(r, PL_AUDIO_PCMU, 900, 0, false);
    const rig_leg *other = rig_add(r, PL_AUDIO_PCMU, 900, 0, false);
    rig_run(r, 50);
    uint32_t before = keyed->packets;
    uint32_t marks = keyed->markers;
    rig_keys(r, keyed, "9");
    rig_run(r, 10);
    assert_int_equal(keyed->events, 7);
    assert_int_equal(keyed->event_marks, 1);
    assert_int_equal(keyed->event_ends, 3);
    assert_int_equal(keyed->event_payload[0], 9);
    assert_int_equal(pl_be_get16(keyed->event_payload + 2), 800);
    assert_int_equal(keyed->packets, before);
    assert_int_equal(rig_count(r, keyed, PL_MIX_KEYED), 1);
    assert_int_equal(rig_last(r, PL_MIX_KEYED)->u.n_keys, 1);
    rig_run(r, 50);
    assert_int_equal(keyed->packets, before + 50);
    assert_int_equal(keyed->markers, marks + 1); /* a new talkspurt */
    assert_int_equal(keyed->gaps, 0);
    assert_int_equal(keyed->last_ts, other->last_ts);
    assert_int_equal(keyed->events, 7);
    assert_int_equal(other->events + talker->events, 0);
    assert_int_equal(other->gaps, 0);
    assert_true(rig_hears(keyed, 400, 25) > 0.2);
    assert_int_equal(pl_engine_stats_get(r->engine)->events_out, 1);
}

/* A browser: Opus, SRTP, and here events of another clock. */
static void the_clock_of_the_event_tells_its_duration(void **state)
{
    (void)state;
    rig *r = &the_rig;
    const rig_leg *leg = rig_add(r, PL_AUDIO_OPUS, 400, 0, true);
    rig_run(r, 5);
    uint32_t ts = leg->last_ts;
    rig_keys(r, leg, "*0");
    rig_run(r, 11);
    assert_int_equal(leg->events, 8);
    assert_int_equal(leg->event_marks, 2);
    assert_int_equal(leg->event_payload[0], 0);
    assert_int_equal(pl_be_get16(leg->event_payload + 2), 160);
    assert_int_equal(leg->event.ts, ts + 11 * 960);
}

static void keys_wait_while_it_holds(void **state)
{
    (void)state;
    rig *r = &the_rig;
    const rig_leg *leg = rig_add(r, PL_AUDIO_PCMA, 400, 0, false);
    rig_direction(r, leg, PL_DIRECTION_RECVONLY);
    rig_keys(r, leg, "12");
    rig_run(r, 30);
    assert_int_equal(leg->events, 0);
    rig_direction(r, leg, PL_DIRECTION_SENDRECV);
    rig_run(r, 20);
    assert_int_equal(leg->event_ends, 6);
    assert_int_equal(rig_last(r, PL_MIX_KEYED)->u.n_keys, 2);
}

static void keys_are_given_up_when_events_are_negotiated_away(void **state)
{
    (void)state;
    rig *r = &the_rig;
    const rig_leg *leg = rig_add(r, PL_AUDIO_PCMA, 400, 0, false);
    rig_keys(r, leg, "123");
    rig_run(r, 12);
    rig_no_keys(r, leg);
    uint32_t events = leg->events;
    assert_int_equal(rig_last(r, PL_MIX_KEYED)->u.n_keys, 3);
    rig_run(r, 30);
    assert_int_equal(leg->events, events);
    rig_keys(r, leg, "4"); /* was under way when it changed */
    assert_int_equal(rig_count(r, leg, PL_MIX_KEYED), 2);
    assert_int_equal(rig_last(r, PL_MIX_KEYED)->u.n_keys, 1);
    assert_int_equal(pl_engine_stats_get(r->engine)->bad_command, 1);
    rig_run(r, 5);
    assert_int_equal(leg->events, events);
}

int main(void)
{
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIG_TEST(digits_take_the_place_of_audio),
        RIG_TEST(the_clock_of_the_event_tells_its_duration),
        RIG_TEST(keys_wait_while_it_holds),
        RIG_TEST(keys_are_given_up_when_events_are_negotiated_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
