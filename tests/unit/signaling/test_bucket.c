/* test_bucket.c - token buckets. */
#include "bucket.h"

#include "unit.h"

static void a_bucket_saves_up_to_its_burst(void **state)
{
    (void)state;
    pl_bucket b = {0};
    int64_t now = 1000000;
    for (unsigned i = 0; i < 5; i++)
        assert_true(pl_bucket_take(&b, 10, 5, now));
    assert_false(pl_bucket_take(&b, 10, 5, now));
    assert_false(pl_bucket_take(&b, 10, 5, now + 50000));
    assert_true(pl_bucket_take(&b, 10, 5, now + 100001));
    now += 100000000;
    for (unsigned i = 0; i < 5; i++)
        assert_true(pl_bucket_take(&b, 10, 5, now));
    assert_false(pl_bucket_take(&b, 10, 5, now));
}

static void sources_do_not_share(void **state)
{
    (void)state;
    pl_bucket_table *t = NULL;
    pl_ip a;
    pl_ip b;
    pl_ip c;
    pl_ip d;
    assert_int_equal(pl_bucket_table_create(&t), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("10.0.0.1"), &a), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("10.0.0.2"), &b), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("2001:db8::1"), &c), PL_OK);
    assert_int_equal(pl_ip_parse(pl_slice_str("2001:db8::2"), &d), PL_OK);
    assert_true(pl_bucket_table_take(t, &a, 1, 1, 5));
    assert_false(pl_bucket_table_take(t, &a, 1, 1, 5));
    assert_true(pl_bucket_table_take(t, &b, 1, 1, 5));
    assert_true(pl_bucket_table_take(t, &c, 1, 1, 5));
    assert_false(pl_bucket_table_take(t, &d, 1, 1, 5)); /* same /64 */
    pl_bucket_table_destroy(&t);
    assert_null(t);
}

static void a_flood_of_sources_stays_in_bounds(void **state)
{
    (void)state;
    pl_bucket_table *t = NULL;
    assert_int_equal(pl_bucket_table_create(&t), PL_OK);
    for (unsigned i = 0; i < 100000; i++) {
        pl_ip ip = {.b = {[10] = 255,
                          [11] = 255,
                          [12] = 10,
                          [13] = (uint8_t)(i >> 16),
                          [14] = (uint8_t)(i >> 8),
                          [15] = (uint8_t)i}};
        assert_true(pl_bucket_table_take(t, &ip, 1, 1, 10 + i));
    }
    pl_bucket_table_destroy(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_saves_up_to_its_burst),
        cmocka_unit_test(sources_do_not_share),
        cmocka_unit_test(a_flood_of_sources_stays_in_bounds),
    };
    return RUN(tests);
}
