/* test_packet_pool.c - shares of a pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/packet_pool.h"

enum { SHARE = PL_POOL_SMALL + PL_POOL_LARGE };

static void everybody_gets_his_share_and_more_while_there_is(void **state)
{
    (void)state;
    pl_packet_pool *pool = NULL;
    assert_int_equal(pl_packet_pool_create(&pool), PL_OK);
    assert_null(pl_packet_pool_take(pool, 10, 0));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pl_packet_pool_grow(pool), PL_OK);
    assert_int_equal(pl_packet_pool_free_count(pool), 4 * SHARE);
    size_t n = 0; /* one takes all he can */
    while (pl_packet_pool_take(pool, 160, n))
        n++;
    assert_int_equal(n, 2 * PL_POOL_SMALL);
    for (size_t i = 0; i < 2 * PL_POOL_SMALL; i++)
        assert_non_null(pl_packet_pool_take(pool, 160, i % PL_POOL_SMALL));
    assert_null(pl_packet_pool_take(pool, 160, 0));
    pl_packet_pool_destroy(&pool);
    pl_packet_pool_destroy(&pool);
}

static void large_payloads_have_packets_of_their_own(void **state)
{
    (void)state;
    pl_packet_pool *pool = NULL;
    assert_int_equal(pl_packet_pool_create(&pool), PL_OK);
    assert_int_equal(pl_packet_pool_grow(pool), PL_OK);
    for (size_t i = 0; i < PL_POOL_LARGE; i++) {
        pl_packet *p = pl_packet_pool_take(pool, PL_PAYLOAD_MAX, i);
        assert_non_null(p);
        memset(p->data, 0xff, PL_PAYLOAD_MAX);
    }
    assert_null(pl_packet_pool_take(pool, PL_PAYLOAD_MAX, 0));
    for (size_t i = 0; i < PL_POOL_SMALL; i++) {
        pl_packet *p = pl_packet_pool_take(pool, PL_PAYLOAD_SMALL, i);
        assert_non_null(p);
        memset(p->data, 0xff, PL_PAYLOAD_SMALL);
    }
    pl_packet_pool_destroy(&pool);
}

static void spared_shares_are_used_again(void **state)
{
    (void)state;
    pl_packet_pool *pool = NULL;
    assert_int_equal(pl_packet_pool_create(&pool), PL_OK);
    for (int i = 0; i < 100; i++) { /* a leg comes and goes */
        assert_int_equal(pl_packet_pool_grow(pool), PL_OK);
        pl_packet_pool_spare(pool);
    }
    assert_int_equal(pl_packet_pool_free_count(pool), SHARE);
    pl_packet_pool_destroy(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_his_share_and_more_while_there_is),
        cmocka_unit_test(large_payloads_have_packets_of_their_own),
        cmocka_unit_test(spared_shares_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
