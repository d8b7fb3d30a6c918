/* test_demux.c - first bytes, the rate limiter, and the address map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/addr_map.h"
#include "core/demux.h"
#include "core/rate.h"

static void first_byte_decides(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t buf[20] = {(uint8_t)first};
        pl_demux_kind want = PL_DEMUX_NONE; /* RFC 7983 section 7 */
        if (first <= 3)
            want = PL_DEMUX_STUN;
        else if (first >= 20 && first <= 63)
            want = PL_DEMUX_DTLS;
        else if (first >= 128 && first <= 191)
            want = PL_DEMUX_MEDIA;
        assert_int_equal(pl_demux(buf, sizeof buf), want);
    }
}

static void short_datagrams_are_nothing(void **state)
{
    (void)state;
    static const struct {
        uint8_t first;
        size_t shortest;
    } rows[] = {{0, 20}, {22, 13}, {128, 8}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t buf[20] = {rows[i].first};
        for (size_t len = 0; len < rows[i].shortest; len++)
            assert_int_equal(pl_demux(buf, len), PL_DEMUX_NONE);
        assert_int_not_equal(pl_demux(buf, rows[i].shortest), PL_DEMUX_NONE);
    }
}

static void rate_allows_a_burst_and_then_the_rate(void **state)
{
    (void)state;
    pl_rate r = pl_rate_make(10, 0);
    unsigned n = 0;
    while (pl_rate_take(&r, 0))
        n++;
    assert_int_equal(n, 10);
    assert_false(pl_rate_take(&r, 99999));
    assert_true(pl_rate_take(&r, 100000));
    assert_false(pl_rate_take(&r, 100000));
    assert_false(pl_rate_take(&r, 0)); /* time does not go back */
    for (n = 0; pl_rate_take(&r, INT64_MAX); n++) {
    }
    assert_int_equal(n, 10);
}

static pl_addr numbered(uint32_t i)
{
    pl_addr a = {.port = (uint16_t)(1000 + i % 7)};
    a.ip[10] = a.ip[11] = 0xff;
    a.ip[12] = 10;
    a.ip[14] = (uint8_t)(i >> 8);
    a.ip[15] = (uint8_t)i;
    return a;
}

static void address_map_keeps_what_is_put(void **state)
{
    (void)state;
    enum { N = 1000 };
    pl_addr_map *map = NULL;
    assert_int_equal(pl_addr_map_create(N, 12345, &map), PL_OK);
    for (uint32_t i = 0; i < N; i++) {
        pl_addr a = numbered(i);
        assert_int_equal(pl_addr_map_put(map, &a, (uint16_t)(40000 + i % 2), i),
                         PL_OK);
    }
    pl_addr more = numbered(N);
    assert_int_equal(pl_addr_map_put(map, &more, 40000, 1), PL_EFULL);
    for (uint32_t i = 0; i < N; i += 3) {
        pl_addr a = numbered(i);
        pl_addr_map_remove(map, &a, (uint16_t)(40000 + i % 2),
                           i + 1); /* another's: kept */
        pl_addr_map_remove(map, &a, (uint16_t)(40000 + i % 2), i);
    }
    for (uint32_t i = 0; i < N; i++) {
        pl_addr a = numbered(i);
        uint32_t value = 0;
        assert_int_equal(
            pl_addr_map_find(map, &a, (uint16_t)(40000 + i % 2), &value),
            i % 3 != 0);
        if (i % 3 != 0)
            assert_int_equal(value, i);
    }
    pl_addr a = numbered(1);
    uint32_t value = 0;
    assert_int_equal(pl_addr_map_put(map, &a, 40001, 99), PL_OK);
    assert_true(pl_addr_map_find(map, &a, 40001, &value));
    assert_int_equal(value, 99);
    /* by another local port it is another peer */
    assert_false(pl_addr_map_find(map, &a, 40000, &value));
    assert_int_equal(pl_addr_map_put(map, &a, 40000, 7), PL_OK);
    pl_addr_map_remove(map, &a, 40000, 7);
    assert_true(pl_addr_map_find(map, &a, 40001, &value));
    assert_int_equal(value, 99);
    assert_int_equal(pl_addr_map_count(map), N - (N + 2) / 3);
    pl_addr_map_destroy(&map);
}

static void address_texts_and_classes(void **state)
{
    (void)state;
    static const struct {
        const char *ip, *text;
        bool is_v4, is_loopback;
    } rows[] = {{"192.0.2.1", "192.0.2.1:5", true, false},
                {"127.9.9.9", "127.9.9.9:5", true, true},
                {"::1", "[::1]:5", false, true},
                {"2001:db8::a", "[2001:db8::a]:5", false, false}};
    char text[PL_ADDR_TEXT];
    pl_addr a;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(pl_addr_parse(rows[i].ip, 5, &a), PL_OK);
        pl_addr_text(&a, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(pl_addr_is_v4(&a), rows[i].is_v4);
        assert_int_equal(pl_addr_is_loopback(&a), rows[i].is_loopback);
    }
    assert_int_equal(pl_addr_parse("host.example", 5, &a), PL_EINVAL);
    assert_int_equal(pl_addr_parse("", 5, &a), PL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_byte_decides),
        cmocka_unit_test(short_datagrams_are_nothing),
        cmocka_unit_test(rate_allows_a_burst_and_then_the_rate),
        cmocka_unit_test(address_map_keeps_what_is_put),
        cmocka_unit_test(address_texts_and_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
