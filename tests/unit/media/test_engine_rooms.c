/* test_engine_rooms.c - whole rooms on a virtual clock: everybody hears the
 * others and nobody himself, and encoding follows distinct mixes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_rig.h"

static const double LOUD = 0.2;
enum { WARM_UP = 40, LISTEN = 50 };

static rig the_rig;

static int close_rig(void **state)
{
    (void)state;
    rig_close(&the_rig);
    return 0;
}

static const pl_codec_kind ALL[] = {PL_AUDIO_OPUS, PL_AUDIO_G722, PL_AUDIO_PCMU,
                                    PL_AUDIO_PCMA};

static void assert_hears(const rig_leg *leg, double hz, double amplitude)
{
    double got = rig_hears(leg, hz, LISTEN);
    if (got < amplitude * 0.5 || got > amplitude * 1.6)
        fail_msg("leg %u codec %d: %.0f Hz at %.4f, not %.4f", leg->id.index,
                 (int)leg->codec, hz, got, amplitude);
}

static void assert_deaf_to(const rig_leg *leg, double hz)
{
    double got = rig_hears(leg, hz, LISTEN);
    if (got > LOUD * 0.02)
        fail_msg("leg %u codec %d hears %.0f Hz at %.4f", leg->id.index,
                 (int)leg->codec, hz, got);
}

static void two_hear_each_other_and_not_themselves(void **state)
{
    (void)state;
    for (size_t a = 0; a < 4; a++) {
        for (size_t b = 0; b < 4; b++) {
            rig *r = &the_rig;
            rig_open(r, PL_ROOM_MODE_MIX, 3);
            rig_leg *x = rig_add(r, ALL[a], 500, LOUD, a == 0);
            rig_leg *y = rig_add(r, ALL[b], 900, LOUD, false);
            rig_run(r, WARM_UP + LISTEN);
            assert_hears(x, 900, LOUD);
            assert_deaf_to(x, 500);
            assert_hears(y, 500, LOUD);
            assert_deaf_to(y, 900);
            assert_int_equal(x->gaps, 0);
            assert_int_equal(pl_engine_stats_get(r->engine)->concealed, 0);
            if (a != 3 || b != 3)
                rig_close(r);
        }
    }
}

static void ten_with_three_talkers_share_encodes(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    const double hz[] = {400, 700, 1100};
    for (size_t i = 0; i < 10; i++)
        (void)rig_add(r, ALL[i % 4], i < 3 ? hz[i] : 300, i < 3 ? LOUD : 0,
                      i % 4 == 0);
    rig_run(r, WARM_UP);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_run(r, LISTEN);
    const pl_engine_stats *now = pl_engine_stats_get(r->engine);
    for (size_t i = 0; i < 10; i++) {
        for (size_t t = 0; t < 3; t++) {
            if (i == t)
                assert_deaf_to(&r->leg[i], hz[t]);
            else
                assert_hears(&r->leg[i], hz[t], LOUD);
        }
        assert_int_equal(r->leg[i].gaps, 0);
        assert_int_equal(r->leg[i].packets, WARM_UP + LISTEN);
        assert_int_equal(r->leg[i].heard_ssrc, 0x2000 + i);
    }
    /* Three talkers' own and one for each of four codecs. */
    assert_int_equal(now->encodes - before.encodes, LISTEN * (3 + 4));
    assert_int_equal(now->mixes - before.mixes, LISTEN * 4);
    assert_int_equal(now->decodes - before.decodes, LISTEN * 3);
}

static void fifty_with_levels_decode_only_the_loudest(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    for (size_t i = 0; i < 50; i++)
        (void)rig_add(r, PL_AUDIO_OPUS, 300 + 37 * (double)i,
                      i % 10 == 0 && i < 30 ? LOUD : 0.01, true);
    rig_run(r, WARM_UP);
    pl_engine_stats before = *pl_engine_stats_get(r->engine);
    rig_run(r, LISTEN);
    const pl_engine_stats *now = pl_engine_stats_get(r->engine);
    assert_int_equal(now->encodes - before.encodes, LISTEN * (3 + 1));
    assert_int_equal(now->decodes - before.decodes, LISTEN * 3);
    for (size_t i = 0; i < 50; i++) {
        for (size_t t = 0; t < 30; t += 10) {
            if (i == t)
                assert_deaf_to(&r->leg[i], r->leg[t].hz);
            else
                assert_hears(&r->leg[i], r->leg[t].hz, LOUD);
        }
        assert_deaf_to(&r->leg[i], r->leg[41].hz);
    }
}

static void muted_unmixed_and_deaf_do_what_they_say(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 5);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, LOUD, false);
    rig_leg *muted = rig_add(r, PL_AUDIO_PCMA, 700, LOUD, false);
    rig_leg *apart = rig_add(r, PL_AUDIO_G722, 1000, LOUD, false);
    rig_leg *deaf = rig_add(r, PL_AUDIO_OPUS, 1300, LOUD, false);
    rig_flags(r, muted, true, true, false);
    rig_flags(r, apart, false, false, false);
    rig_flags(r, deaf, true, false, true);
    rig_run(r, WARM_UP + LISTEN);
    assert_deaf_to(a, 700);
    assert_deaf_to(a, 1000);
    assert_hears(a, 1300, LOUD);
    assert_hears(muted, 400, LOUD);
    assert_deaf_to(apart, 400);
    assert_deaf_to(deaf, 400);
    /* Silence is sent all the same: a phone must see the call alive. */
    assert_int_equal(apart->packets, WARM_UP + LISTEN);
    assert_int_equal(deaf->packets, WARM_UP + LISTEN);
    rig_flags(r, muted, true, false, false);
    rig_flags(r, deaf, true, false, false);
    rig_run(r, WARM_UP + LISTEN);
    assert_hears(a, 700, LOUD);
    assert_hears(deaf, 400, LOUD);
}

static void on_hold_nothing_is_sent_or_heard(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, LOUD, false);
    rig_leg *b = rig_add(r, PL_AUDIO_PCMU, 700, LOUD, false);
    rig_run(r, WARM_UP);
    rig_direction(r, b, PL_DIRECTION_INACTIVE); /* RFC 3264 section 8.4 */
    uint32_t packets = b->packets;
    rig_run(r, WARM_UP + LISTEN);
    assert_int_equal(b->packets, packets);
    assert_deaf_to(a, 700);
    uint32_t ts = b->last_ts;
    rig_direction(r, b, PL_DIRECTION_SENDRECV);
    rig_run(r, 1);
    /* Time went on, and the first packet says so. */
    assert_int_equal((uint32_t)(b->last_ts - ts), (WARM_UP + LISTEN + 1) * 160);
    assert_int_equal(b->markers, 2);
    rig_run(r, WARM_UP + LISTEN);
    assert_hears(a, 700, LOUD);
    rig_direction(r, b, PL_DIRECTION_SENDONLY); /* we send, they do not */
    rig_run(r, WARM_UP + LISTEN);
    assert_deaf_to(a, 700);
    assert_hears(b, 400, LOUD);
    rig_direction(r, b, PL_DIRECTION_RECVONLY);
    packets = b->packets;
    rig_run(r, WARM_UP + LISTEN);
    assert_hears(a, 700, LOUD);
    assert_int_equal(b->packets, packets);
}

/* Every direction, as we send to b; who then hears whom. Browsers and
 * telephones, both of them talking or b silent, so that what b is sent comes
 * from an encoder of its own or from a shared one. */
static void directions_cut_each_way_and_give_it_back(void **state)
{
    (void)state;
    static const struct {
        pl_direction direction;
        bool b_hears, b_is_heard;
    } rows[] = {
        {PL_DIRECTION_SENDONLY, true, false},
        {PL_DIRECTION_SENDRECV, true, true},
        {PL_DIRECTION_RECVONLY, false, true},
        {PL_DIRECTION_SENDRECV, true, true},
        {PL_DIRECTION_INACTIVE, false, false},
        {PL_DIRECTION_SENDRECV, true, true},
    };
    for (size_t run = 0; run < 4; run++) {
        bool is_browser = run % 2 == 0;
        double b_loud = run < 2 ? LOUD : 0;
        rig *r = &the_rig;
        rig_open(r, PL_ROOM_MODE_MIX, 3);
        pl_codec_kind codec = is_browser ? PL_AUDIO_OPUS : PL_AUDIO_PCMA;
        rig_leg *a = rig_add(r, codec, 400, LOUD, is_browser);
        rig_leg *b = rig_add(r, codec, 700, b_loud, is_browser);
        rig_run(r, WARM_UP);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            rig_direction(r, b, rows[i].direction);
            uint32_t packets = b->packets;
            rig_run(r, WARM_UP + LISTEN);
            if (rows[i].b_hears)
                assert_hears(b, 400, LOUD);
            assert_int_equal(b->packets - packets,
                             rows[i].b_hears ? WARM_UP + LISTEN : 0);
            if (rows[i].b_is_heard && b_loud > 0) {
                assert_hears(a, 700, LOUD);
            } else {
                assert_deaf_to(a, 700);
            }
        }
        if (run < 3)
            rig_close(r);
    }
}

static void echo_room_returns_ones_own_voice_only(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_ECHO, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 400, LOUD, true);
    rig_leg *b = rig_add(r, PL_AUDIO_PCMU, 700, LOUD, false);
    rig_run(r, WARM_UP + LISTEN);
    assert_hears(a, 400, LOUD);
    assert_deaf_to(a, 700);
    assert_hears(b, 700, LOUD);
    assert_deaf_to(b, 400);
    assert_int_equal(rig_count(r, a, PL_MIX_TALKING), 1);
}

static void prompt_replaces_the_mix_and_ends(void **state)
{
    (void)state;
    rig *r = &the_rig;
    static int16_t pcm[48000];
    for (size_t i = 0; i < 48000; i++)
        pcm[i] = (int16_t)(6000 * sin((double)i * 6.283185307 * 1500 / 48000));
    const pl_prompt prompt = {"tone", pcm, 48000};
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, LOUD, false);
    rig_leg *b = rig_add(r, PL_AUDIO_PCMU, 700, 0, false);
    rig_leg *c = rig_add(r, PL_AUDIO_PCMU, 700, 0, false);
    rig_run(r, WARM_UP + LISTEN);
    assert_hears(b, 400, LOUD);
    rig_play(r, b, &prompt, false);
    rig_run(r, LISTEN);
    assert_hears(b, 1500, 6000.0 / 32768);
    assert_deaf_to(b, 400);
    assert_hears(c, 400, LOUD);
    assert_int_equal(rig_count(r, b, PL_MIX_PLAYED), 1);
    assert_int_equal(rig_last(r, PL_MIX_PLAYED)->u.played.tag, 42);
    assert_ptr_equal(rig_last(r, PL_MIX_PLAYED)->u.played.prompt, &prompt);
    rig_run(r, LISTEN);
    assert_hears(b, 400, LOUD);
    /* Looping never ends by itself; stopping is silent about it. */
    rig_play(r, a, &prompt, true);
    rig_run(r, 3 * LISTEN);
    assert_hears(a, 1500, 6000.0 / 32768);
    rig_play(r, a, NULL, false);
    rig_run(r, LISTEN + 2);
    assert_deaf_to(a, 1500);
    assert_int_equal(rig_count(r, a, PL_MIX_PLAYED), 0);
}

/* One alone in the room hears it: a prompt whose length is no whole number of
 * ticks, but of periods, so that every seam would be heard as noise. */
static void looped_prompt_has_no_seam_and_stops(void **state)
{
    (void)state;
    enum { PERIOD = 96, N = PERIOD * 73 }; /* 500 Hz; 7.3 ticks */
    static int16_t pcm[N];
    for (size_t i = 0; i < N; i++)
        pcm[i] = (int16_t)(6000 * sin((double)i * 6.283185307 / PERIOD));
    const pl_prompt prompt = {"ring", pcm, N};
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0, false);
    rig_run(r, WARM_UP);
    rig_play(r, a, &prompt, true);
    rig_run(r, 10 * LISTEN);
    size_t n = 9 * LISTEN * PL_TICK_SAMPLES; /* all but the beginning */
    const float *heard = a->heard + a->n_heard - n;
    double power = 0;
    for (size_t i = 0; i < n; i++)
        power += (double)heard[i] * (double)heard[i];
    double tone = rig_hears(a, 500, 9 * LISTEN);
    double rest = power / (double)n - tone * tone / 2;
    assert_true(tone > 0.17);
    assert_true(rest < power / (double)n * 0.001); /* G.711 noise: -38 dB */
    assert_int_equal(a->gaps, 0);
    rig_play(r, a, NULL, false);
    rig_run(r, LISTEN + 2);
    assert_deaf_to(a, 500);
}

static void forged_levels_do_not_keep_a_place(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 1);
    rig_leg *honest = rig_add(r, PL_AUDIO_OPUS, 600, 0.05, true);
    rig_leg *liar = rig_add(r, PL_AUDIO_OPUS, 600, 1e-7, true);
    rig_leg *listener = rig_add(r, PL_AUDIO_OPUS, 600, 0, true);
    liar->lie_level = 0;
    rig_run(r, 150);
    rig_run(r, LISTEN);
    assert_hears(listener, 600, 0.05);
    assert_deaf_to(honest, 600);
}

static void talking_is_told_with_its_level(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, 0.1, false);
    rig_run(r, WARM_UP);
    assert_int_equal(rig_count(r, a, PL_MIX_TALKING), 1);
    const pl_mix_event *e = rig_last(r, PL_MIX_TALKING);
    assert_true(e->u.talking.is_talking);
    assert_in_range(e->u.talking.level, 21, 25); /* -23 dBov */
    a->is_saying = false;
    rig_run(r, 60);
    assert_int_equal(rig_count(r, a, PL_MIX_TALKING), 2);
    assert_false(rig_last(r, PL_MIX_TALKING)->u.talking.is_talking);
}

static void removal_is_acknowledged_and_says_goodbye(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_PCMU, 400, LOUD, false);
    rig_leg *b = rig_add(r, PL_AUDIO_OPUS, 700, LOUD, true);
    rig_run(r, WARM_UP);
    rig_remove(r, a);
    assert_int_equal(a->reports, 1);
    assert_int_equal(rig_count(r, a, PL_MIX_LEG_REMOVED), 1);
    rig_remove(r, a); /* again: acknowledged, nothing else */
    assert_int_equal(rig_count(r, a, PL_MIX_LEG_REMOVED), 2);
    a->is_saying = false;
    rig_run(r, WARM_UP + LISTEN);
    assert_deaf_to(b, 400);
    pl_mix_command close = {.kind = PL_MIX_ROOM_CLOSE, .id = r->room};
    pl_engine_command(r->engine, &close);
    assert_int_equal(rig_count(r, b, PL_MIX_LEG_REMOVED), 1);
    assert_true(pl_engine_is_idle(r->engine));
}

static void left_out_ticks_move_the_timestamps(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 400, 0, true);
    rig_run(r, 5);
    uint32_t ts = a->last_ts;
    uint16_t seq = a->last_seq;
    r->now_us += 10 * PL_TICK_US;
    rig_run(r, 1);
    assert_int_equal((uint32_t)(a->last_ts - ts), 11 * 960);
    assert_int_equal((uint16_t)(a->last_seq - seq), 1);
    assert_int_equal(pl_engine_stats_get(r->engine)->ticks_skipped, 10);
}

static void reports_come_every_few_seconds(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 3);
    rig_leg *a = rig_add(r, PL_AUDIO_OPUS, 400, LOUD, true);
    rig_run(r, 50 * 60);
    /* RFC 3550 section 6.2: one in 2.5 to 7.5 s */
    assert_in_range(a->reports, 8, 25);
    /* one with the first packet, one after 1 s, then every 5 s */
    assert_int_equal(rig_count(r, a, PL_MIX_STATS), 13);
    const pl_mix_stats *s = &rig_last(r, PL_MIX_STATS)->u.stats;
    assert_int_equal(s->packets_lost, 0);
    assert_in_range(s->delay_ms, 10, 60);
    assert_in_range(s->level, 1, 30); /* it speaks */
    assert_int_equal(s->codec, PL_AUDIO_OPUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(two_hear_each_other_and_not_themselves,
                                  close_rig),
        cmocka_unit_test_teardown(ten_with_three_talkers_share_encodes,
                                  close_rig),
        cmocka_unit_test_teardown(fifty_with_levels_decode_only_the_loudest,
                                  close_rig),
        cmocka_unit_test_teardown(muted_unmixed_and_deaf_do_what_they_say,
                                  close_rig),
        cmocka_unit_test_teardown(on_hold_nothing_is_sent_or_heard, close_rig),
        cmocka_unit_test_teardown(directions_cut_each_way_and_give_it_back,
                                  close_rig),
        cmocka_unit_test_teardown(looped_prompt_has_no_seam_and_stops,
                                  close_rig),
        cmocka_unit_test_teardown(echo_room_returns_ones_own_voice_only,
                                  close_rig),
        cmocka_unit_test_teardown(prompt_replaces_the_mix_and_ends, close_rig),
        cmocka_unit_test_teardown(forged_levels_do_not_keep_a_place, close_rig),
        cmocka_unit_test_teardown(talking_is_told_with_its_level, close_rig),
        cmocka_unit_test_teardown(removal_is_acknowledged_and_says_goodbye,
                                  close_rig),
        cmocka_unit_test_teardown(left_out_ticks_move_the_timestamps,
                                  close_rig),
        cmocka_unit_test_teardown(reports_come_every_few_seconds, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
