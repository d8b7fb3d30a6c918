/* test_talkers.c - levels and the choice of the loudest. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/level.h"
#include "core/talkers.h"

enum { N = 8 };
static pl_voice voice[N];
static pl_voice *all[N];

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        pl_voice_init(&voice[i]);
        all[i] = &voice[i];
    }
    return 0;
}

static void step(const float *db, size_t k)
{
    for (size_t i = 0; i < N; i++)
        pl_voice_update(&voice[i], db[i]);
    pl_talkers_select(all, N, k);
}

static size_t n_selected(void)
{
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        n += voice[i].is_selected;
    return n;
}

static void loudest_k_are_chosen_at_once(void **state)
{
    (void)state;
    const float db[N] = {-30, -70, -20, -40, -25, -70, -35, -127};
    step(db, 3);
    assert_int_equal(n_selected(), 3);
    assert_true(voice[2].is_selected && voice[4].is_selected &&
                voice[0].is_selected);
}

static void silence_is_nobody(void **state)
{
    (void)state;
    const float db[N] = {-70, -80, -90, -127, -61, -60, -127, -127};
    for (int i = 0; i < 10; i++)
        step(db, 3);
    assert_int_equal(n_selected(), 0);
}

static void slightly_louder_does_not_flutter(void **state)
{
    (void)state;
    float db[N] = {-30, -127, -127, -127, -127, -127, -127, -127};
    step(db, 1);
    db[1] = -27; /* less than the lead that counts */
    for (int i = 0; i < 100; i++) {
        step(db, 1);
        assert_true(voice[0].is_selected);
    }
    db[1] = -20;
    for (int i = 0; i < 4; i++)
        step(db, 1);
    assert_true(voice[1].is_selected);
    assert_false(voice[0].is_selected);
}

static void a_pause_between_words_keeps_the_place(void **state)
{
    (void)state;
    float db[N] = {-30, -127, -127, -127, -127, -127, -127, -127};
    step(db, 3);
    db[0] = -80;
    for (int i = 0; i < 20; i++)
        step(db, 3);
    assert_true(voice[0].is_selected);
    for (int i = 0; i < 2; i++)
        step(db, 3);
    assert_false(voice[0].is_selected);
}

static void newcomer_takes_the_place_of_one_who_pauses(void **state)
{
    (void)state;
    float db[N] = {-30, -127, -127, -127, -127, -127, -127, -127};
    step(db, 1);
    db[0] = -80;
    db[1] = -25;
    for (int i = 0; i < 8; i++)
        step(db, 1);
    assert_true(voice[1].is_selected);
}

static void k_of_zero_and_fewer_than_before_are_obeyed(void **state)
{
    (void)state;
    const float db[N] = {-30, -31, -32, -33, -34, -35, -36, -37};
    step(db, 5);
    assert_int_equal(n_selected(), 5);
    step(db, 2);
    assert_int_equal(n_selected(), 2);
    pl_talkers_select(all, 0, 3);
}

static void levels_are_in_dbov(void **state)
{
    (void)state; /* RFC 6464 section 3 */
    float pcm[960];
    for (size_t i = 0; i < 960; i++)
        pcm[i] = i % 2 ? 1.0F : -1.0F;
    assert_int_equal(pl_level_code(pl_level_db(pcm, 960)), 0);
    for (size_t i = 0; i < 960; i++)
        pcm[i] *= 0.1F;
    assert_int_equal(pl_level_code(pl_level_db(pcm, 960)), 20);
    for (size_t i = 0; i < 960; i++)
        pcm[i] = 0.0F;
    assert_int_equal(pl_level_code(pl_level_db(pcm, 960)), 127);
    pcm[0] = NAN;
    assert_int_equal(pl_level_code(pl_level_db(pcm, 960)), 127);
    assert_int_equal(pl_level_code(pl_level_db(pcm, 0)), 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(loudest_k_are_chosen_at_once, begin),
        cmocka_unit_test_setup(silence_is_nobody, begin),
        cmocka_unit_test_setup(slightly_louder_does_not_flutter, begin),
        cmocka_unit_test_setup(a_pause_between_words_keeps_the_place, begin),
        cmocka_unit_test_setup(newcomer_takes_the_place_of_one_who_pauses,
                               begin),
        cmocka_unit_test_setup(k_of_zero_and_fewer_than_before_are_obeyed,
                               begin),
        cmocka_unit_test(levels_are_in_dbov),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
