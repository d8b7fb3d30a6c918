/* test_packet_pool.c - shares of a pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/packet_pool.h"

enum { SHARE = PL_POOL_SHARE };

static uint8_t payload[PL_PAYLOAD_MAX];

static void everybody_gets_his_share_and_more_while_there_is(void **state)
{
    (void)state;
    pl_packet_pool *pool = NULL;
    assert_int_equal(pl_packet_pool_create(&pool), PL_OK);
    assert_null(pl_packet_pool_take(pool, payload, 10, 0));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pl_packet_pool_grow(pool), PL_OK);
    assert_int_equal(pl_packet_pool_free_count(pool), 4 * SHARE);
    size_t n = 0; /* one takes all he can */
    while (pl_packet_pool_take(pool, payload, 160, n))
        n++;
    assert_int_equal(n, 2 * SHARE);
    for (size_t i = 0; i < 2 * SHARE; i++)
        assert_non_null(pl_packet_pool_take(pool, payload, 160, i % SHARE));
    assert_null(pl_packet_pool_take(pool, payload, 160, 0));
    pl_packet_pool_destroy(&pool);
    pl_packet_pool_destroy(&pool);
}

/* Payloads of every length come out as they went in, whatever they took. */
static void payloads_of_any_length_are_kept_whole(void **state)
{
    (void)state;
    pl_packet_pool *pool = NULL;
    assert_int_equal(pl_packet_pool_create(&pool), PL_OK);
    assert_int_equal(pl_packet_pool_grow(pool), PL_OK);
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t len = 1; len <= PL_PAYLOAD_MAX; len++) {
        pl_packet *p = pl_packet_pool_take(pool, payload, len, 0);
        assert_non_null(p);
        assert_int_equal(p->len, len);
        assert_memory_equal(pl_packet_payload(pool, p), payload, len);
        assert_int_equal(pl_packet_pool_free_count(pool), SHARE - p->n_blocks);
        if (len <= 160)
            assert_int_equal(p->n_blocks, 1);
        pl_packet_pool_give(pool, p);
        assert_int_equal(pl_packet_pool_free_count(pool), SHARE);
    }
    size_t n = 0; /* the largest of them: four at least are a share */
    while (pl_packet_pool_take(pool, payload, PL_PAYLOAD_MAX, 0))
        n++;
    assert_in_range(n, 4, SHARE);
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
        cmocka_unit_test(payloads_of_any_length_are_kept_whole),
        cmocka_unit_test(spared_shares_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
