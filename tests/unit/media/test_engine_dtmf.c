/* test_engine_dtmf.c - keys pressed in a room: passed on or eaten. The phones
 * that press them send the key's tones as audio beside the events, as bad
 * telephones do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "core/dtmf.h"
#include "core/dtmf_tone.h"
#include "engine_rig.h"

enum { LOW_OF_5 = 770, HIGH_OF_5 = 1336, HOLD_TICKS = 10, LONG = 25 };

static rig the_rig;

static void open_with(pl_dtmf_policy policy)
{
    const pl_mix_room room = {.mode = PL_ROOM_MODE_MIX,
                              .max_talkers = 3,
                              .dtmf = policy,
                              .is_raw = true};
    rig_open_room(&the_rig, &room);
}

static int open_pass(void **state)
{
    (void)state;
    open_with(PL_DTMF_POLICY_PASS);
    return 0;
}

static int open_eat(void **state)
{
    (void)state;
    open_with(PL_DTMF_POLICY_EAT);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&the_rig);
    return 0;
}

/* What the key's own tones sound like, for as long as it is held. */
static void say_key(void *ctx, size_t frame, float *pcm)
{
    (void)ctx;
    (void)frame;
    pl_dtmf_tone('5', (frame % 50) * PL_CODEC_FRAME, SIZE_MAX, pcm,
                 PL_CODEC_FRAME);
}

/* The i-th packet, from 1, of a key that is held since ts. */
static void key_packet(rig *r, rig_leg *leg, char digit, uint32_t ts,
                       uint32_t i)
{
    uint8_t packet[PL_RTP_HEADER + 4];
    const pl_rtp rtp = {.pt = RIG_DTMF_PT,
                        .marker = i == 1,
                        .seq = leg->seq++,
                        .ts = ts,
                        .ssrc = leg->ssrc};
    uint32_t n = i < HOLD_TICKS ? i : HOLD_TICKS;
    pl_rtp_write(&rtp, packet);
    packet[PL_RTP_HEADER] = pl_dtmf_event_of(digit);
    packet[PL_RTP_HEADER + 1] = (uint8_t)(i >= HOLD_TICKS ? 0x8a : 10);
    pl_be_put16(packet + PL_RTP_HEADER + 2, (uint16_t)(n * 160));
    rig_input(r, leg, packet, sizeof packet, false);
}

/* Hold a key: events, a packet a tick, the last three times. */
static void press(rig *r, rig_leg *leg, char digit, bool with_audio)
{
    uint32_t ts = leg->ts;
    bool was_saying = leg->is_saying;
    leg->source = with_audio ? say_key : NULL;
    leg->is_saying = with_audio;
    for (uint32_t i = 1; i <= HOLD_TICKS + 2; i++) {
        if (i == HOLD_TICKS) {
            leg->is_saying = was_saying;
            leg->source = NULL;
        }
        key_packet(r, leg, digit, ts, i);
        rig_run(r, 1);
    }
}

static double hears_key(const rig_leg *leg, size_t n_ticks)
{
    double low = rig_hears(leg, LOW_OF_5, n_ticks);
    double high = rig_hears(leg, HIGH_OF_5, n_ticks);
    return low < high ? low : high;
}

/* Loudest key in any window of 40 ms of the last n_ticks. */
static double loudest_key(rig_leg *leg, size_t n_ticks)
{
    double most = 0.0;
    size_t all = leg->n_heard;
    for (size_t back = 0; back + 2 <= n_ticks; back++) {
        leg->n_heard = all - back * PL_CODEC_FRAME;
        double one = hears_key(leg, 2);
        most = one > most ? one : most;
    }
    leg->n_heard = all;
    return most;
}

static void every_key_has_its_tones(void **state)
{
    (void)state;
    static float pcm[4800];
    static const char keys[] = "123A456B789C*0#D";
    static const double low[] = {697, 770, 852, 941};
    static const double high[] = {1209, 1336, 1477, 1633};
    for (size_t k = 0; k < 16; k++) {
        rig_leg ear = {.heard = pcm, .n_heard = 4800, .channels = 1};
        pl_dtmf_tone(keys[k], 0, 4800, pcm, 4800);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(rig_hears(&ear, low[i], 5) > 0.08, i == k / 4);
            assert_int_equal(rig_hears(&ear, high[i], 5) > 0.08, i == k % 4);
        }
        assert_true(fabsf(pcm[0]) < 0.001F && fabsf(pcm[4799]) < 0.01F);
        pl_dtmf_tone(keys[k], 4800, 4800, pcm, 10);
        assert_true(fabsf(pcm[5]) < 1e-9F);
    }
}

static void passed_keys_are_heard_by_all_but_who_pressed_them(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *presses = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_leg *with_events = rig_add(r, PL_AUDIO_OPUS, 300, 0, true);
    rig_leg *without = rig_add(r, PL_AUDIO_OPUS, 300, 0, true);
    rig_leg *talks = rig_add(r, PL_AUDIO_PCMA, 2500, 0.2, false);
    rig_no_keys(r, without);
    rig_no_keys(r, talks);
    rig_run(r, 50);
    press(r, presses, '5', true);
    rig_run(r, 12);
    assert_int_equal(rig_count(r, presses, PL_MIX_DTMF), 1);
    assert_true(loudest_key(without, LONG) > 0.08);
    assert_true(loudest_key(talks, LONG) > 0.08);
    assert_true(loudest_key(presses, LONG) < 0.01);
    assert_true(loudest_key(with_events, LONG) < 0.01);
    assert_int_equal(with_events->event_payload[0], 5);
    assert_int_equal(with_events->event_marks, 1);
    assert_int_equal(with_events->event_ends, 3);
    assert_int_equal(pl_be_get16(with_events->event_payload + 2), 800);
    assert_int_equal(presses->events, 0);
    assert_int_equal(pl_engine_stats_get(r->engine)->events_passed, 1);
    /* and none of them is told to have been keyed by roompool */
    assert_int_equal(rig_count(r, NULL, PL_MIX_KEYED), 0);
    assert_true(rig_hears(without, 2500, 10) > 0.1); /* the talker goes on */
    rig_run(r, 50);
    assert_true(loudest_key(without, 40) < 0.01);
    assert_int_equal(with_events->gaps, 0);
}

static void keys_in_a_row_come_in_their_order(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *presses = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_leg *hears = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_run(r, 20);
    press(r, presses, '1', false);
    presses->ts += 160 * 14;
    press(r, presses, '2', false);
    rig_run(r, 30);
    assert_int_equal(hears->event_marks, 2);
    assert_int_equal(hears->event_payload[0], 2);
    assert_int_equal(rig_count(r, presses, PL_MIX_DTMF), 2);
}

/* In tones, in the events, and in the audio beside them. */
static void eaten_keys_are_heard_by_nobody(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *presses = rig_add(r, PL_AUDIO_PCMU, 300, 0.2, false);
    rig_leg *hears = rig_add(r, PL_AUDIO_OPUS, 300, 0, true);
    rig_leg *phone = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_run(r, 50);
    assert_true(rig_hears(hears, 300, 10) > 0.1);
    size_t before = hears->n_heard / PL_CODEC_FRAME;
    press(r, presses, '5', true);
    rig_run(r, 25);
    size_t ticks = hears->n_heard / PL_CODEC_FRAME - before;
    assert_int_equal(rig_count(r, presses, PL_MIX_DTMF), 1);
    assert_true(loudest_key(hears, ticks) < 0.02);
    assert_true(loudest_key(phone, ticks) < 0.02);
    assert_int_equal(hears->events + phone->events, 0);
    assert_int_equal(pl_engine_stats_get(r->engine)->events_passed, 0);
    assert_true(rig_hears(hears, 300, 10) > 0.1); /* the voice is back */
}

static void keys_of_who_is_not_heard_are_not_passed(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *muted = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_leg *waits = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_leg *hears = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_flags(r, muted, true, true, false);
    rig_flags(r, waits, false, false, false);
    rig_run(r, 20);
    press(r, muted, '5', true);
    press(r, waits, '5', true);
    rig_run(r, 20);
    assert_int_equal(rig_count(r, NULL, PL_MIX_DTMF), 2);
    assert_int_equal(hears->events, 0);
    assert_true(loudest_key(hears, 50) < 0.01);
}

static void the_policy_may_change_while_the_room_is_open(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_leg *presses = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_leg *hears = rig_add(r, PL_AUDIO_PCMU, 300, 0, false);
    rig_run(r, 20);
    const pl_mix_command c = {
        .kind = PL_MIX_ROOM_SET,
        .id = r->room,
        .u.room = {.dtmf = PL_DTMF_POLICY_EAT, .is_raw = true}};
    pl_engine_command(r->engine, &c);
    press(r, presses, '5', false);
    rig_run(r, 20);
    assert_int_equal(hears->events, 0);
}

/* More sounds than voices: each who keys is left out of what he hears, so that
 * each needs an encoder beside those who talk. */
static void many_may_key_at_once(void **state)
{
    (void)state;
    enum { KEYING = 4 };
    rig *r = &the_rig;
    rig_open_room(r, &(pl_mix_room){.mode = PL_ROOM_MODE_MIX,
                                    .max_talkers = 1,
                                    .is_raw = true});
    (void)rig_add(r, PL_AUDIO_OPUS, 400, 0.2, true);
    for (size_t i = 0; i < KEYING + 1; i++)
        (void)rig_add(r, PL_AUDIO_OPUS, 900, 0, true);
    pl_mix_command pass = {
        .kind = PL_MIX_ROOM_SET,
        .id = r->room,
        .u.room = {.dtmf = PL_DTMF_POLICY_PASS, .is_raw = true}};
    pl_engine_command(r->engine, &pass);
    rig_run(r, LONG);
    for (size_t i = 1; i <= KEYING; i++)
        key_packet(r, &r->leg[i], '5', r->leg[i].ts, HOLD_TICKS);
    rig_run(r, LONG);
    const pl_engine_stats *stats = pl_engine_stats_get(r->engine);
    assert_int_equal(stats->events_passed, KEYING);
    assert_int_equal(stats->states_short, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pass, close_rig)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_its_tones),
        TEST(passed_keys_are_heard_by_all_but_who_pressed_them),
        TEST(keys_in_a_row_come_in_their_order),
        TEST(keys_of_who_is_not_heard_are_not_passed),
        TEST(the_policy_may_change_while_the_room_is_open),
        cmocka_unit_test_teardown(many_may_key_at_once, close_rig),
        cmocka_unit_test_setup_teardown(eaten_keys_are_heard_by_nobody,
                                        open_eat, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
