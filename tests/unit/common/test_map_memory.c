#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/map.h"
#include "pl/str.h"

/* The n-th allocation from now fails (0: never). */
static unsigned fail_at;
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    return fail_at && --fail_at == 0 ? NULL : __real_calloc(n, size);
}

void *__wrap_malloc(size_t size)
{
    return fail_at && --fail_at == 0 ? NULL : __real_malloc(size);
}

static void create_survives_each_allocation_failing(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        pl_map *m = NULL;
        fail_at = n;
        assert_int_equal(pl_map_create(&m), PL_ENOMEM);
        assert_null(m);
    }
    fail_at = 0;
}

static void put_survives_each_allocation_failing(void **state)
{
    (void)state;
    pl_map *m = NULL;
    int value = 1;
    char key[16];
    assert_int_equal(pl_map_create(&m), PL_OK);
    for (int i = 0; i < 40; i++) { /* grows twice */
        pl_fmt_cut(key, sizeof key, "%d", i);
        fail_at = 1;
        assert_int_equal(pl_map_put(m, key, &value), PL_ENOMEM);
        fail_at = 0;
        assert_null(pl_map_find(m, key));
        assert_int_equal(pl_map_put(m, key, &value), PL_OK);
    }
    assert_int_equal(pl_map_count(m), 40);
    pl_map_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_survives_each_allocation_failing),
        cmocka_unit_test(put_survives_each_allocation_failing),
    };
    return cmocka_run_group_tests_name("map_memory", tests, NULL, NULL);
}
