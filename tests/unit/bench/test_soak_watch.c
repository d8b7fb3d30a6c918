/* test_soak_watch.c - the soak's judgement of what grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "soak_watch.h"

enum { SAMPLES = 40, WARM = 4 };

static watch seen;

/* One process with 40 MiB, 100 descriptors, 6 threads, as of a value that
 * moves by `noise` and grows by `growth` from sample to sample. */
static void fill(watch_what what, double noise, double growth)
{
    static const double usual[WATCH_KINDS] = {40960.0, 100.0, 6.0};
    seen = (watch){.n_nodes = 1, .n = SAMPLES, .name = {"media-1"}};
    for (size_t i = 0; i < SAMPLES; i++) {
        seen.at_s[i] = (double)i * 20.0;
        for (size_t k = 0; k < WATCH_KINDS; k++)
            seen.value[0][k][i] = usual[k];
        seen.value[0][what][i] +=
            (i * 7 % 5 < 3 ? noise : -noise) + growth * (double)i;
    }
}

static void what_grows_is_found(void **state)
{
    (void)state;
    fill(WATCH_RSS_KIB, 300.0, 250.0); /* 9 MiB in the end */
    assert_false(watch_is_flat(&seen, WARM));
    fill(WATCH_FDS, 1.0, 1.0);
    assert_false(watch_is_flat(&seen, WARM));
    fill(WATCH_THREADS, 0.0, 0.1);
    assert_false(watch_is_flat(&seen, WARM));
}

static void what_moves_is_not_growth(void **state)
{
    (void)state;
    fill(WATCH_RSS_KIB, 1500.0, 0.0);
    assert_true(watch_is_flat(&seen, WARM));
    fill(WATCH_FDS, 5.0, 0.0);
    assert_true(watch_is_flat(&seen, WARM));
    /* One odd sample at the end. */
    fill(WATCH_RSS_KIB, 300.0, 0.0);
    seen.value[0][WATCH_RSS_KIB][SAMPLES - 1] += 30000.0;
    assert_true(watch_is_flat(&seen, WARM));
    /* It was filled once and stays. */
    fill(WATCH_RSS_KIB, 300.0, 0.0);
    for (size_t i = 0; i < WARM; i++)
        seen.value[0][WATCH_RSS_KIB][i] = 10000.0;
    assert_true(watch_is_flat(&seen, WARM));
}

static void too_few_samples_prove_nothing(void **state)
{
    (void)state;
    fill(WATCH_RSS_KIB, 0.0, 0.0);
    seen.n = 3;
    assert_false(watch_is_flat(&seen, 1));
}

static void what_is_left_at_the_end_is_found(void **state)
{
    (void)state;
    fill(WATCH_FDS, 0.0, 0.0);
    assert_true(watch_is_back(&seen, 0));
    seen.value[0][WATCH_FDS][SAMPLES - 1] += 3.0;
    assert_false(watch_is_back(&seen, 0));
    fill(WATCH_THREADS, 0.0, 0.0);
    seen.value[0][WATCH_THREADS][SAMPLES - 1] += 1.0;
    assert_false(watch_is_back(&seen, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_grows_is_found),
        cmocka_unit_test(what_moves_is_not_growth),
        cmocka_unit_test(too_few_samples_prove_nothing),
        cmocka_unit_test(what_is_left_at_the_end_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
