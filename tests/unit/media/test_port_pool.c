/* test_port_pool.c - leases of RTP port pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/port_pool.h"

enum { FIRST = 40100, LAST = 40999, PAIRS = (LAST - FIRST + 1) / 2 };

/* splitmix64 cut to its upper half: the same leases for the same seed. */
static uint32_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

static void lease_all(uint64_t seed, uint16_t ret_ports[PAIRS])
{
    pl_port_pool *pool = NULL;
    assert_int_equal(pl_port_pool_create(FIRST, LAST, &pool), PL_OK);
    bool is_seen[PAIRS] = {false};
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint16_t port = 0;
        assert_int_equal(pl_port_pool_take(pool, next_random(&seed), 0, &port),
                         PL_OK);
        assert_in_range(port, FIRST, LAST - 1);
        assert_int_equal(port % 2, 0); /* RFC 3550 section 11 */
        assert_false(is_seen[(port - FIRST) / 2]);
        is_seen[(port - FIRST) / 2] = true;
        ret_ports[i] = port;
        assert_int_equal(pl_port_pool_leased(pool), i + 1);
    }
    uint16_t port = 7;
    assert_int_equal(pl_port_pool_take(pool, next_random(&seed), 0, &port),
                     PL_EFULL);
    assert_int_equal(port, 7);
    pl_port_pool_destroy(&pool);
    assert_null(pool);
    pl_port_pool_destroy(&pool);
}

static void every_pair_is_leased_once_in_no_order(void **state)
{
    (void)state;
    uint16_t one[PAIRS], other[PAIRS];
    lease_all(1, one);
    lease_all(2, other);
    size_t n_next = 0, n_same = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        if (i > 0 && (one[i] == one[i - 1] + 2 || one[i] == one[i - 1] - 2))
            n_next++;
        n_same += one[i] == other[i];
    }
    assert_true(n_next < PAIRS / 20); /* chance makes two or so */
    assert_true(n_same < PAIRS / 20);
}

static void odd_first_port_is_rounded_up(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    assert_int_equal(pl_port_pool_create(4001, 4010, &pool), PL_OK);
    uint16_t port = 0;
    for (uint32_t i = 0; i < 4; i++) { /* 4002, 4004, 4006, 4008 */
        assert_int_equal(pl_port_pool_take(pool, UINT32_MAX - i, 0, &port),
                         PL_OK);
        assert_in_range(port, 4002, 4008);
    }
    assert_int_equal(pl_port_pool_take(pool, 0, 0, &port), PL_EFULL);
    pl_port_pool_destroy(&pool);
}

static void pair_given_back_is_not_leased_before_its_rest(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    uint64_t seed = 3;
    uint16_t rested = 0, port = 0;
    assert_int_equal(pl_port_pool_create(4000, 4007, &pool), PL_OK);
    assert_int_equal(pl_port_pool_take(pool, 5, 0, &rested), PL_OK);
    pl_port_pool_give(pool, rested, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pl_port_pool_take(pool, next_random(&seed),
                                           PL_PORT_QUARANTINE_US - 1, &port),
                         PL_OK);
        assert_int_not_equal(port, rested);
        pl_port_pool_give(pool, port, PL_PORT_QUARANTINE_US - 1);
    }
    assert_int_equal(
        pl_port_pool_take(pool, 0, PL_PORT_QUARANTINE_US - 1, &port), PL_EFULL);
    assert_int_equal(pl_port_pool_take(pool, 0, PL_PORT_QUARANTINE_US, &port),
                     PL_OK);
    assert_int_equal(port, rested);
    pl_port_pool_destroy(&pool);
}

static void released_pair_rests_for_thirty_seconds(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    uint16_t port = 0;
    assert_int_equal(pl_port_pool_create(4000, 4001, &pool), PL_OK);
    assert_int_equal(pl_port_pool_take(pool, 9, 0, &port), PL_OK);
    pl_port_pool_give(pool, port, 1000);
    pl_port_pool_give(pool, port, 1000); /* twice is harmless */
    pl_port_pool_give(pool, 5000, 1000);
    pl_port_pool_give(pool, 80, 1000);
    assert_int_equal(pl_port_pool_leased(pool), 0);
    assert_int_equal(
        pl_port_pool_take(pool, 9, 999 + PL_PORT_QUARANTINE_US, &port),
        PL_EFULL);
    assert_int_equal(
        pl_port_pool_take(pool, 9, 1000 + PL_PORT_QUARANTINE_US, &port), PL_OK);
    assert_int_equal(port, 4000);
    pl_port_pool_destroy(&pool);
}

static void empty_ranges_are_refused(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    assert_int_equal(pl_port_pool_create(4000, 4000, &pool), PL_EINVAL);
    assert_int_equal(pl_port_pool_create(4001, 4002, &pool), PL_EINVAL);
    assert_int_equal(pl_port_pool_create(65535, 65535, &pool), PL_EINVAL);
    assert_int_equal(pl_port_pool_create(80, 4000, &pool), PL_EINVAL);
    assert_null(pool);
}

/* A leg of another worker brings its pair along, perhaps one of our range. */
static void one_pair_can_be_asked_for(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    uint16_t port = 0;
    assert_int_equal(pl_port_pool_create(4000, 4007, &pool), PL_OK);
    assert_int_equal(pl_port_pool_take_this(pool, 5000), PL_ENOENT);
    assert_int_equal(pl_port_pool_take_this(pool, 3998), PL_ENOENT);
    assert_int_equal(pl_port_pool_take_this(pool, 4001), PL_ENOENT);
    assert_int_equal(pl_port_pool_take_this(pool, 4004), PL_OK);
    assert_int_equal(pl_port_pool_take_this(pool, 4004), PL_EBUSY);
    assert_int_equal(pl_port_pool_leased(pool), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pl_port_pool_take(pool, 0, 0, &port), PL_OK);
        assert_int_not_equal(port, 4004);
        pl_port_pool_give(pool, port, i);
    }
    /* also while it rests, which the others go on to do */
    assert_int_equal(pl_port_pool_take_this(pool, port), PL_OK);
    assert_int_equal(pl_port_pool_leased(pool), 2);
    uint16_t rested = 0;
    assert_int_equal(pl_port_pool_take(pool, 0, PL_PORT_QUARANTINE_US, &rested),
                     PL_OK);
    assert_int_not_equal(rested, port);
    pl_port_pool_give(pool, port, PL_PORT_QUARANTINE_US);
    pl_port_pool_give(pool, 4004, PL_PORT_QUARANTINE_US);
    pl_port_pool_give(pool, rested, PL_PORT_QUARANTINE_US);
    assert_int_equal(pl_port_pool_leased(pool), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            pl_port_pool_take(pool, 1, 3 * PL_PORT_QUARANTINE_US, &port),
            PL_OK);
    }
    assert_int_equal(
        pl_port_pool_take(pool, 1, 3 * PL_PORT_QUARANTINE_US, &port), PL_EFULL);
    pl_port_pool_destroy(&pool);
}

static void pair_that_was_not_used_does_not_rest(void **state)
{
    (void)state;
    pl_port_pool *pool = NULL;
    uint16_t port = 0;
    assert_int_equal(pl_port_pool_create(4000, 4001, &pool), PL_OK);
    assert_int_equal(pl_port_pool_take(pool, 0, 0, &port), PL_OK);
    pl_port_pool_put_back(pool, port);
    pl_port_pool_put_back(pool, port); /* twice is harmless */
    pl_port_pool_put_back(pool, 80);
    assert_int_equal(pl_port_pool_leased(pool), 0);
    assert_int_equal(pl_port_pool_take(pool, 0, 0, &port), PL_OK);
    assert_int_equal(pl_port_pool_take(pool, 0, 0, &port), PL_EFULL);
    pl_port_pool_destroy(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_leased_once_in_no_order),
        cmocka_unit_test(odd_first_port_is_rounded_up),
        cmocka_unit_test(pair_given_back_is_not_leased_before_its_rest),
        cmocka_unit_test(released_pair_rests_for_thirty_seconds),
        cmocka_unit_test(empty_ranges_are_refused),
        cmocka_unit_test(one_pair_can_be_asked_for),
        cmocka_unit_test(pair_that_was_not_used_does_not_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
