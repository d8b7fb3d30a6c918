/* test_port_pool.c - leases of RTP port pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/port_pool.h"

static void gives_every_even_port_once_from_a_random_start(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    assert_int_equal(pl_port_pool_create(4001, 4010, 2, &pool), PL_OK);
    static const uint16_t want[] = {4006, 4008, 4002, 4004};
    uint16_t port = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pl_port_pool_take(pool, 0, &port), PL_OK);
        assert_int_equal(port, want[i]); /* RFC 3550 section 11: even */
    }
    port = 7;
    assert_int_equal(pl_port_pool_take(pool, 0, &port), PL_EFULL);
    assert_int_equal(port, 7);
    assert_int_equal(pl_port_pool_leased(pool), 4);
    pl_port_pool_destroy(&pool);
    assert_null(pool);
    pl_port_pool_destroy(&pool);
}

static void released_pair_rests_for_thirty_seconds(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    uint16_t port = 0;
    assert_int_equal(pl_port_pool_create(4000, 4001, 0, &pool), PL_OK);
    assert_int_equal(pl_port_pool_take(pool, 0, &port), PL_OK);
    pl_port_pool_give(pool, port, 1000);
    pl_port_pool_give(pool, port, 1000); /* twice is harmless */
    pl_port_pool_give(pool, 5000, 1000);
    pl_port_pool_give(pool, 80, 1000);
    assert_int_equal(pl_port_pool_leased(pool), 0);
    assert_int_equal(
        pl_port_pool_take(pool, 999 + PL_PORT_QUARANTINE_US, &port), PL_EFULL);
    assert_int_equal(
        pl_port_pool_take(pool, 1000 + PL_PORT_QUARANTINE_US, &port), PL_OK);
    assert_int_equal(port, 4000);
    pl_port_pool_destroy(&pool);
}

static void empty_ranges_are_refused(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    assert_int_equal(pl_port_pool_create(4000, 4000, 0, &pool), PL_EINVAL);
    assert_int_equal(pl_port_pool_create(4001, 4002, 0, &pool), PL_EINVAL);
    assert_int_equal(pl_port_pool_create(65535, 65535, 0, &pool), PL_EINVAL);
    assert_int_equal(pl_port_pool_create(80, 4000, 0, &pool), PL_EINVAL);
    assert_null(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_every_even_port_once_from_a_random_start),
        cmocka_unit_test(released_pair_rests_for_thirty_seconds),
        cmocka_unit_test(empty_ranges_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
