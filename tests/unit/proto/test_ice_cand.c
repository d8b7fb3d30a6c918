/* test_ice_cand.c - candidate lines. */
#include "oa_support.h"

static void candidates_of_browsers_parse(void **state)
{
    (void)state;
    pl_ice_cand c;
    assert_int_equal(
        pl_ice_cand_parse(
            pl_slice_str("candidate:842163049 1 udp 1677729535 198.51.100.7 "
                         "46154 typ srflx raddr 10.0.0.1 rport 5 generation 0"),
            &c),
        PL_OK);
    assert_string_equal(c.foundation, "842163049");
    assert_int_equal(c.component, 1);
    assert_int_equal(c.is_udp, 1);
    assert_int_equal(c.priority, 1677729535);
    assert_int_equal(c.family, 4);
    assert_int_equal(c.port, 46154);
    assert_int_equal(c.type, PL_ICE_SRFLX);
    assert_int_equal(
        pl_ice_cand_parse(pl_slice_str("0 1 TCP 1 a-b-c.local 9 typ host"), &c),
        PL_OK);
    assert_int_equal(c.is_udp, 0);
    assert_int_equal(c.family, 0);
}

static void malformed_candidates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "1 1 udp 1 1.2.3.4 5 typ",
        "1 1 udp 1 1.2.3.4 5 type host",
        "1 1 udp 1 1.2.3.4 5 typ other",
        "1 0 udp 1 1.2.3.4 5 typ host",
        "1 257 udp 1 1.2.3.4 5 typ host",
        "1 1 udp 4294967296 1.2.3.4 5 typ host",
        "1 1 udp 1 1.2.3.4 65536 typ host",
        "123456789012345678901234567890123 1 udp 1 1.2.3.4 5 typ host",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pl_ice_cand c;
        assert_int_equal(pl_ice_cand_parse(pl_slice_str(bad[i]), &c),
                         PL_EPROTO);
    }
}

static void own_candidates_are_written_best_first(void **state)
{
    (void)state;
    pl_ice_cand c;
    char text[PL_ICE_CAND_TEXT];
    assert_int_equal(pl_ice_cand_host("192.0.2.1", 40000, 0, &c), PL_OK);
    assert_int_equal(pl_ice_cand_write(&c, text, sizeof text), PL_OK);
    /* RFC 8445 section 5.1.2.1: 126 * 2^24 + 65535 * 2^8 + 255 */
    assert_string_equal(
        text, "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host");
    assert_int_equal(pl_ice_cand_write(&c, text, 20), PL_EFULL);
    assert_int_equal(pl_ice_cand_host("2001:db8::1", 1, 1, &c), PL_OK);
    assert_int_equal(c.family, 6);
    assert_true(c.priority < 2130706431);
    assert_int_equal(pl_ice_cand_host("name.local", 1, 0, &c), PL_EINVAL);
    assert_int_equal(pl_ice_cand_host("192.0.2.1", 0, 0, &c), PL_EINVAL);
}

static void sources_are_addresses_or_networks(void **state)
{
    (void)state;
    static const struct {
        const char *address, *source;
        bool is_loopback;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7", false},
        {"::ffff:192.0.2.7", "192.0.2.7", false},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", false},
        {"2001:db8:1:2::1", "2001:db8:1:2::/64", false},
        {"2001:db8:1:3::1", "2001:db8:1:3::/64", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.9.9.9", "127.9.9.9", true},
        {"::ffff:127.0.0.1", "127.0.0.1", true},
        {"::1", "::/64", true},
        {"", "", false},
        {"unix", "unix", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char source[PL_IP_SOURCE_TEXT];
        pl_ip_source(rows[i].address, source);
        assert_string_equal(source, rows[i].source);
        assert_int_equal(pl_ip_source_is_local(rows[i].address),
                         rows[i].is_loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_are_addresses_or_networks),
        cmocka_unit_test(candidates_of_browsers_parse),
        cmocka_unit_test(malformed_candidates_are_refused),
        cmocka_unit_test(own_candidates_are_written_best_first),
    };
    return cmocka_run_group_tests_name("ice_cand", tests, NULL, NULL);
}
