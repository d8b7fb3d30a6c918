/* test_latch.c - symmetric RTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/latch.h"

static pl_addr addr(const char *ip, uint16_t port)
{
    pl_addr a;
    assert_int_equal(pl_addr_parse(ip, port, &a), PL_OK);
    return a;
}

static bool accepts(pl_latch *latch, const char *ip, uint16_t port)
{
    pl_addr a = addr(ip, port);
    bool is_new;
    return pl_latch_accept(latch, &a, &is_new);
}

static pl_latch opened(const char *announced, uint16_t port,
                       const char *signaling)
{
    pl_latch l = {.is_stale = false};
    pl_addr a = addr(announced, port);
    pl_addr s = addr(signaling, 0);
    pl_latch_open(&l, &a, &s);
    return l;
}

static void announced_source_is_taken_and_others_refused(void **state)
{
    (void)state;
    pl_latch l = opened("192.0.2.1", 5000, "192.0.2.1");
    assert_false(accepts(&l, "203.0.113.9", 5000));
    assert_true(accepts(&l, "192.0.2.1", 5000));
    for (int i = 0; i < 10; i++)
        assert_false(accepts(&l, "203.0.113.9", 5000));
    assert_false(accepts(&l, "192.0.2.1", 5002));
    assert_true(accepts(&l, "192.0.2.1", 5000));
}

static void telephone_behind_nat_is_found_by_its_signaling(void **state)
{
    (void)state;
    pl_latch l = opened("10.0.0.7", 5000, "198.51.100.4");
    assert_true(accepts(&l, "198.51.100.4", 61000));
    pl_addr target = pl_latch_target(&l);
    pl_addr want = addr("198.51.100.4", 61000);
    assert_true(pl_addr_eq(&target, &want));
    assert_false(accepts(&l, "198.51.100.4", 61002)); /* strict now */
}

static void exact_match_wins_within_five_packets(void **state)
{
    (void)state;
    pl_latch l = opened("192.0.2.1", 5000, "192.0.2.1");
    assert_true(accepts(&l, "192.0.2.1", 7777));
    assert_true(accepts(&l, "192.0.2.1", 7777));
    assert_true(accepts(&l, "192.0.2.1", 5000));
    assert_false(accepts(&l, "192.0.2.1", 7777));

    l = opened("192.0.2.1", 5000, "192.0.2.1");
    for (int i = 0; i < PL_LATCH_WINDOW; i++)
        assert_true(accepts(&l, "192.0.2.1", 7777));
    assert_false(accepts(&l, "192.0.2.1", 5000));
}

static void new_description_opens_it_again(void **state)
{
    (void)state;
    pl_latch l = opened("192.0.2.1", 5000, "192.0.2.1");
    for (int i = 0; i < 100; i++)
        assert_true(accepts(&l, "192.0.2.1", 5000));
    pl_addr moved = addr("192.0.2.2", 6000);
    pl_addr signaling = addr("192.0.2.1", 0);
    pl_latch_open(&l, &moved, &signaling);
    for (int i = 0; i < 20; i++) /* packets under way do not close it */
        assert_true(accepts(&l, "192.0.2.1", 5000));
    assert_true(accepts(&l, "192.0.2.2", 6000));
    assert_false(accepts(&l, "192.0.2.1", 5000));
}

static void unknown_announcement_matches_nobody(void **state)
{
    (void)state;
    pl_latch l = {.is_stale = false};
    pl_addr none = {.port = 0};
    pl_latch_open(&l, &none, &none);
    assert_false(accepts(&l, "192.0.2.1", 5000));
    pl_addr target = pl_latch_target(&l);
    assert_true(pl_addr_is_none(&target));
}

static void policy_refuses_weapons(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        uint16_t port;
        bool allow_loopback;
        pl_err want;
    } rows[] = {
        {"192.0.2.1", 5000, false, PL_OK},
        {"2001:db8::1", 5000, false, PL_OK},
        {"192.0.2.1", 1023, false, PL_EFORBIDDEN},
        {"224.0.0.1", 5000, false, PL_EFORBIDDEN},
        {"239.1.1.1", 5000, true, PL_EFORBIDDEN},
        {"255.255.255.255", 5000, false, PL_EFORBIDDEN},
        {"0.0.0.0", 5000, false, PL_EFORBIDDEN},
        {"ff02::1", 5000, false, PL_EFORBIDDEN},
        {"::", 5000, false, PL_EFORBIDDEN},
        {"127.0.0.1", 5000, false, PL_EFORBIDDEN},
        {"127.0.0.1", 5000, true, PL_OK},
        {"::1", 5000, false, PL_EFORBIDDEN},
        {"::ffff:127.0.0.1", 5000, false, PL_EFORBIDDEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_addr a = addr(rows[i].ip, rows[i].port);
        assert_int_equal(pl_latch_check_target(&a, rows[i].allow_loopback),
                         rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announced_source_is_taken_and_others_refused),
        cmocka_unit_test(telephone_behind_nat_is_found_by_its_signaling),
        cmocka_unit_test(exact_match_wins_within_five_packets),
        cmocka_unit_test(new_description_opens_it_again),
        cmocka_unit_test(unknown_announcement_matches_nobody),
        cmocka_unit_test(policy_refuses_weapons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
