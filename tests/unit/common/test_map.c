#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/map.h"
#include "pl/str.h"

enum { MANY = 2000 };

static int setup(void **state)
{
    return pl_map_create((pl_map **)state) == PL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    pl_map_destroy((pl_map **)state);
    return 0;
}

static const char *key_of(int i, char buf[16])
{
    pl_fmt_cut(buf, 16, "key-%d", i);
    return buf;
}

static void fill(pl_map *m, int *values)
{
    char key[16];
    for (int i = 0; i < MANY; i++) {
        values[i] = i;
        assert_int_equal(pl_map_put(m, key_of(i, key), &values[i]), PL_OK);
    }
}

static void what_was_put_is_found(void **state)
{
    static int values[MANY];
    char key[16];
    fill(*state, values);
    assert_int_equal(pl_map_count(*state), MANY);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(pl_map_find(*state, key_of(i, key)), &values[i]);
    assert_null(pl_map_find(*state, "key-2000"));
    assert_null(pl_map_find(*state, ""));
    assert_null(pl_map_find(*state, NULL));
}

static void a_key_is_there_once(void **state)
{
    int a = 1;
    int b = 2;
    assert_int_equal(pl_map_put(*state, "k", &a), PL_OK);
    assert_int_equal(pl_map_put(*state, "k", &b), PL_EEXIST);
    assert_ptr_equal(pl_map_find(*state, "k"), &a);
    assert_int_equal(pl_map_put(*state, "n", NULL), PL_EINVAL);
    assert_int_equal(pl_map_put(*state, NULL, &a), PL_EINVAL);
}

static void removal_leaves_the_others(void **state)
{
    static int values[MANY];
    char key[16];
    fill(*state, values);
    for (int i = 0; i < MANY; i += 2)
        assert_ptr_equal(pl_map_remove(*state, key_of(i, key)), &values[i]);
    assert_null(pl_map_remove(*state, "key-0"));
    assert_null(pl_map_remove(*state, NULL));
    assert_int_equal(pl_map_count(*state), MANY / 2);
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(pl_map_find(*state, key_of(i, key)),
                         i % 2 ? &values[i] : NULL);
    }
}

static void iteration_meets_each_once(void **state)
{
    static int values[MANY];
    unsigned char met[MANY] = {0};
    fill(*state, values);
    size_t cursor = 0;
    const char *key = NULL;
    for (int *v = pl_map_next(*state, &cursor, &key); v;
         v = pl_map_next(*state, &cursor, &key)) {
        char expected[16];
        assert_string_equal(key, key_of(*v, expected));
        met[*v]++;
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(met[i], 1);
    assert_null(pl_map_next(*state, &cursor, NULL)); /* stays at the end */
}

static void iteration_survives_removal_of_each_entry(void **state)
{
    /* Many small maps: the interesting case is a run of entries that wraps
     * around the end of the table, which depends on the random key. */
    (void)state;
    for (int round = 0; round < 500; round++) {
        pl_map *m = NULL;
        int values[12];
        unsigned char met[12] = {0};
        char key[16];
        assert_int_equal(pl_map_create(&m), PL_OK);
        for (int i = 0; i < 12; i++) {
            values[i] = i;
            assert_int_equal(pl_map_put(m, key_of(i, key), &values[i]), PL_OK);
        }
        size_t cursor = 0;
        for (int *v = pl_map_next(m, &cursor, NULL); v;
             v = pl_map_next(m, &cursor, NULL)) {
            met[*v]++;
            if (*v % 3 != 0)
                assert_ptr_equal(pl_map_remove(m, key_of(*v, key)), v);
        }
        for (int i = 0; i < 12; i++)
            assert_int_equal(met[i], 1);
        assert_int_equal(pl_map_count(m), 4);
        pl_map_destroy(&m);
    }
}

static void destroy_takes_null(void **state)
{
    (void)state;
    pl_map *m = NULL;
    pl_map_destroy(&m);
    pl_map_destroy(NULL);
    assert_null(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_is_there_once, setup, teardown),
        cmocka_unit_test_setup_teardown(removal_leaves_the_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(iteration_meets_each_once, setup,
                                        teardown),
        cmocka_unit_test(iteration_survives_removal_of_each_entry),
        cmocka_unit_test(destroy_takes_null),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
