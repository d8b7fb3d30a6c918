/* test_engine_lend.c - encoders and decoders of a room are fewer than its
 * legs: whoever talks has one all the same, and what is taken away is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/engine_pool.h"
#include "engine_rig.h"
#include "io/codecs.h"

static const double LOUD = 0.2;
enum { N = 12, TURN_TICKS = 24, SHORT_TICKS = 9, HEARD_TICKS = 10 };

static rig the_rig;

static int close_rig(void **state)
{
    (void)state;
    rig_close(&the_rig);
    return 0;
}

static const pl_engine_stats *stats(void)
{
    return pl_engine_stats_get(the_rig.engine);
}

/* Everybody talks for a moment, one after another, faster than encoders and
 * decoders come back by themselves. */
static void who_talks_always_has_what_it_takes(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 1);
    for (size_t i = 0; i < N; i++) {
        (void)rig_add(r, PL_AUDIO_OPUS, 300 + 100 * (double)i, LOUD, true);
        r->leg[i].is_saying = false;
    }
    rig_leg *listener = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_run(r, 10);
    for (size_t turn = 0; turn < 3 * N; turn++) {
        rig_leg *leg = &r->leg[turn % N];
        leg->is_saying = true;
        rig_run(r, SHORT_TICKS);
        leg->is_saying = false;
    }
    assert_true(stats()->hangovers_cut > 0);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < N; i++) {
            rig_leg *leg = &r->leg[i];
            leg->is_saying = true;
            rig_run(r, TURN_TICKS); /* he takes the place of the one before */
            assert_true(rig_hears(listener, leg->hz, HEARD_TICKS) > LOUD * 0.5);
            assert_true(rig_hears(leg, leg->hz, HEARD_TICKS) < LOUD * 0.05);
            leg->is_saying = false;
        }
    }
    assert_int_equal(stats()->states_short, 0);
    for (size_t i = 0; i <= N; i++) {
        assert_int_equal(r->leg[i].gaps, 0);
        assert_int_equal(r->leg[i].packets, r->leg[0].packets);
    }
}

/* Who agreed to tell levels and tells none cannot take decoders from others. */
static void silent_about_levels_take_nothing_from_talkers(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 1);
    for (size_t i = 0; i < N; i++) {
        rig_leg *leg = rig_add(r, PL_AUDIO_OPUS, 2000, LOUD / 4, true);
        leg->sends_level = false;
    }
    rig_leg *honest = rig_add(r, PL_AUDIO_OPUS, 500, LOUD, true);
    rig_leg *listener = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_run(r, 100);
    assert_true(rig_hears(listener, 500, 50) > LOUD * 0.5);
    assert_true(rig_hears(honest, 500, 50) < LOUD * 0.05);
    assert_int_equal(stats()->states_short, 0);
}

/* ... but each of them is heard in the end. */
static void silent_about_levels_are_heard_all_the_same(void **state)
{
    (void)state;
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 2);
    for (size_t i = 0; i < 7; i++) {
        rig_leg *leg =
            rig_add(r, PL_AUDIO_OPUS, 500, i == 6 ? LOUD : 1e-7, true);
        leg->sends_level = false;
    }
    rig_leg *listener = rig_add(r, PL_AUDIO_OPUS, 0, 0, true);
    rig_run(r, 150);
    for (size_t i = 0; i < 4; i++) { /* and stays */
        rig_run(r, 25);
        assert_true(rig_hears(listener, 500, 20) > LOUD * 0.5);
    }
    assert_true(rig_hears(&r->leg[6], 500, 50) < LOUD * 0.05);
    assert_int_equal(stats()->states_short, 0);
}

/* A prompt is heard beside any number of talkers; afterwards what it took is
 * given back. */
static void prompts_bring_an_encoder_along(void **state)
{
    (void)state;
    static int16_t pcm[24000];
    for (size_t i = 0; i < 24000; i++)
        pcm[i] = (int16_t)(i % 32 < 16 ? 6000 : -6000); /* 1500 Hz */
    const pl_prompt prompt = {"tone", pcm, 24000};
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 1);
    for (size_t i = 0; i < N; i++)
        (void)rig_add(r, PL_AUDIO_OPUS, 500, i < 2 ? LOUD : 0, true);
    rig_run(r, 40);
    for (size_t i = 0; i < N; i++)
        rig_play(r, &r->leg[i], &prompt, false);
    rig_run(r, 25);
    for (size_t i = 0; i < N; i++)
        assert_true(rig_hears(&r->leg[i], 1500, 10) > 0.1);
    rig_run(r, 250);
    assert_int_equal(rig_count(r, NULL, PL_MIX_PLAYED), N);
    assert_int_equal(stats()->states_short, 0);
    pl_engine_stats before = *stats();
    rig_run(r, 10);
    assert_true(stats()->encodes - before.encodes <= 10 * 3);
}

/* Encoders that ended prompts still hold are not made up for with those that
 * another room was promised. */
static void prompts_that_end_take_from_nobody(void **state)
{
    (void)state;
    static const int16_t pcm[24000];
    const pl_prompt prompt = {"nothing", pcm, 24000};
    enum { PLAYED = 5 };
    rig *r = &the_rig;
    rig_open(r, PL_ROOM_MODE_MIX, 1);
    for (size_t i = 0; i < PLAYED; i++)
        (void)rig_add(r, PL_AUDIO_OPUS, 500, 0, true);
    for (size_t i = 0; i < PLAYED; i++)
        rig_play(r, &r->leg[i], &prompt, true);
    r->room = (pl_mix_id){4, 8};
    pl_mix_command open = {.kind = PL_MIX_ROOM_OPEN,
                           .id = r->room,
                           .u.room = {.max_talkers = 1, .is_raw = true}};
    pl_engine_command(r->engine, &open);
    rig_leg *talker = rig_add(r, PL_AUDIO_OPUS, 500, LOUD, true);
    (void)rig_add(r, PL_AUDIO_OPUS, 500, 0, true);
    rig_leg *listener = rig_add(r, PL_AUDIO_OPUS, 500, 0, true);
    talker->is_pausing = true;
    rig_run(r, 10);
    for (size_t i = 0; i <= PLAYED; i++)
        rig_play(r, &r->leg[i % PLAYED], NULL, false);
    talker->is_pausing = false;
    rig_run(r, 15);
    assert_true(rig_hears(listener, 500, 5) > LOUD * 0.5);
    assert_int_equal(stats()->states_short, 0);
}

/* ---- the pool ----------------------------------------------------------- */

static void a_pool_has_what_was_promised(void **state)
{
    (void)state;
    pl_pool *pool = NULL;
    assert_int_equal(pl_pool_create(&pl_codecs, 0, &pool), PL_OK);
    const pl_format f = PL_FORMAT_PCMA;
    assert_null(pl_pool_take_mouth(pool, f));
    assert_int_equal(pl_pool_promise_mouths(pool, f, 2), PL_OK);
    pl_mouth *a = pl_pool_take_mouth(pool, f);
    pl_mouth *b = pl_pool_take_mouth(pool, f);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(pl_pool_take_mouth(pool, f));
    assert_int_equal(pl_pool_promise_mouths(pool, f, -1), PL_OK);
    pl_pool_give_mouth(pool, f, a);
    pl_pool_give_mouth(pool, f, b);
    /* Taken ones stay until they are back; then one is one too many. */
    assert_int_equal(pl_pool_promise_mouths(pool, f, 0), PL_OK);
    a = pl_pool_take_mouth(pool, f);
    assert_non_null(a);
    assert_null(pl_pool_take_mouth(pool, f));
    pl_pool_give_mouth(pool, f, a);
    /* Telephones' codecs have one kind of ear, Opus beside them another. */
    unsigned phone = 1U << PL_AUDIO_PCMU;
    uint8_t kind = pl_ear_kind_of(&pl_codecs, phone, 1);
    assert_int_equal(pl_ear_kind_of(&pl_codecs, phone | 1U << PL_AUDIO_G722, 1),
                     kind);
    assert_int_not_equal(
        pl_ear_kind_of(&pl_codecs, phone | 1U << PL_AUDIO_OPUS, 1), kind);
    assert_int_equal(pl_pool_promise_ears(pool, kind, 1), PL_OK);
    pl_ear *ear = pl_pool_take_ear(pool, kind);
    assert_non_null(ear);
    assert_non_null(pl_ear_use(&pl_codecs, ear, PL_AUDIO_PCMA));
    assert_null(pl_ear_use(&pl_codecs, ear, PL_AUDIO_OPUS));
    assert_null(pl_pool_take_ear(pool, kind));
    pl_pool_give_ear(pool, ear);
    pl_pool_destroy(&pool);
    pl_pool_destroy(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(who_talks_always_has_what_it_takes,
                                  close_rig),
        cmocka_unit_test_teardown(silent_about_levels_take_nothing_from_talkers,
                                  close_rig),
        cmocka_unit_test_teardown(silent_about_levels_are_heard_all_the_same,
                                  close_rig),
        cmocka_unit_test_teardown(prompts_bring_an_encoder_along, close_rig),
        cmocka_unit_test_teardown(prompts_that_end_take_from_nobody, close_rig),
        cmocka_unit_test(a_pool_has_what_was_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
