/* test_ring.c - the queue between two threads. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ring.h"

static void all_slots_can_be_used_and_come_in_order(void **state)
{
    (void)state;
    pl_ring *r = NULL;
    assert_int_equal(pl_ring_create(4, sizeof(uint32_t), &r), PL_OK);
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t *slot = pl_ring_reserve(r);
            assert_non_null(slot);
            assert_ptr_equal(slot, pl_ring_reserve(r));
            *slot = round * 10 + i;
            pl_ring_commit(r);
            assert_int_equal(pl_ring_count(r), i + 1);
        }
        assert_null(pl_ring_reserve(r));
        for (uint32_t i = 0; i < 4; i++) {
            const uint32_t *slot = pl_ring_peek(r);
            assert_non_null(slot);
            assert_int_equal(*slot, round * 10 + i);
            pl_ring_release(r);
        }
        assert_null(pl_ring_peek(r));
    }
    pl_ring_destroy(&r);
    pl_ring_destroy(&r);
}

static void bad_sizes_are_refused(void **state)
{
    (void)state;
    pl_ring *r = NULL;
    assert_int_equal(pl_ring_create(3, 8, &r), PL_EINVAL);
    assert_int_equal(pl_ring_create(0, 8, &r), PL_EINVAL);
    assert_int_equal(pl_ring_create(4, 0, &r), PL_EINVAL);
    assert_int_equal(pl_ring_create(4, 65537, &r), PL_EINVAL);
    assert_int_equal(pl_ring_create((size_t)1 << 21, 8, &r), PL_EINVAL);
    assert_null(r);
}

enum { MANY = 200000 };

typedef struct item {
    uint64_t number, square;
} item;

static void *produce(void *ctx)
{
    pl_ring *r = ctx;
    for (uint64_t i = 0; i < MANY; i++) {
        item *slot = NULL;
        while (!(slot = pl_ring_reserve(r)))
            (void)sched_yield();
        *slot = (item){i, i * i};
        pl_ring_commit(r);
    }
    return NULL;
}

static void two_threads_lose_and_tear_nothing(void **state)
{
    (void)state;
    pl_ring *r = NULL;
    pthread_t thread;
    assert_int_equal(pl_ring_create(64, sizeof(item), &r), PL_OK);
    assert_int_equal(pthread_create(&thread, NULL, produce, r), 0);
    for (uint64_t i = 0; i < MANY; i++) {
        const item *slot = NULL;
        while (!(slot = pl_ring_peek(r)))
            (void)sched_yield();
        if (slot->number != i || slot->square != i * i)
            fail();
        pl_ring_release(r);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    pl_ring_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_slots_can_be_used_and_come_in_order),
        cmocka_unit_test(bad_sizes_are_refused),
        cmocka_unit_test(two_threads_lose_and_tear_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
