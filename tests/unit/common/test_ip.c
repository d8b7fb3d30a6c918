/* test_ip.c - addresses and networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pl/ip.h"

static void literals_are_parsed_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::1", "::1"},
        {"[2001:db8::8:800]", "2001:db8::8:800"},
        {"::", "::"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"fe80::", "fe80::"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_ip ip;
        char text[PL_IP_TEXT];
        assert_int_equal(pl_ip_parse(pl_slice_str(rows[i].in), &ip), PL_OK);
        pl_ip_text(&ip, text);
        assert_string_equal(text, rows[i].out);
    }
}

static void what_is_no_literal_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "256.0.0.1",
        "01.2.3.4",
        "1.2.3.4 ",
        "a.b.c.d",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "::1%eth0",
        "[1.2.3.4]",
        "[::1",
        "1:2:3:4:5:6:7::8",
        ":1:2",
        "1:2:",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_ip ip;
        if (pl_ip_parse(pl_slice_str(rows[i]), &ip) != PL_EINVAL)
            fail_msg("'%s' was accepted", rows[i]);
    }
}

static void ports_follow_an_address(void **state)
{
    (void)state;
    pl_ip ip;
    uint16_t port = 9;
    assert_int_equal(
        pl_ip_port_parse(pl_slice_str("127.0.0.1:5060"), &ip, &port), PL_OK);
    assert_int_equal(port, 5060);
    assert_int_equal(pl_ip_port_parse(pl_slice_str("[::]:7"), &ip, &port),
                     PL_OK);
    assert_int_equal(port, 7);
    assert_int_equal(pl_ip_port_parse(pl_slice_str("[::1]"), &ip, &port),
                     PL_OK);
    assert_int_equal(port, 0);
    static const char *const bad[] = {
        "",          "x:1",      "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536",
        "[::1]5060", "::1:5060x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(pl_ip_port_parse(pl_slice_str(bad[i]), &ip, &port),
                         PL_EINVAL);
}

static void networks_hold_their_addresses(void **state)
{
    (void)state;
    pl_cidr_list list;
    assert_int_equal(
        pl_cidr_parse(pl_slice_str("10.0.0.0/9, 192.0.2.4 2001:db8::/33"),
                      &list),
        PL_OK);
    static const struct {
        const char *ip;
        bool is_in;
    } rows[] = {
        {"10.1.2.3", true},
        {"10.128.0.0", false},
        {"192.0.2.4", true},
        {"192.0.2.5", false},
        {"2001:db8:7fff::1", true},
        {"2001:db8:8000::1", false},
        {"::1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_ip ip;
        assert_int_equal(pl_ip_parse(pl_slice_str(rows[i].ip), &ip), PL_OK);
        assert_int_equal(pl_cidr_has(&list, &ip), rows[i].is_in);
    }
    assert_int_equal(pl_cidr_parse(pl_slice_str("10.0.0.0/33"), &list),
                     PL_EINVAL);
    assert_int_equal(pl_cidr_parse(pl_slice_str("example.com"), &list),
                     PL_EINVAL);
}

static void kinds_of_address_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        bool loopback, any, multicast, private;
    } rows[] = {
        {"127.3.4.5", true, false, false, false},
        {"::1", true, false, false, false},
        {"0.0.0.0", false, true, false, false},
        {"::", false, true, false, false},
        {"239.1.1.1", false, false, true, false},
        {"255.255.255.255", false, false, true, false},
        {"ff02::1", false, false, true, false},
        {"172.31.0.1", false, false, false, true},
        {"172.32.0.1", false, false, false, false},
        {"fd00::1", false, false, false, true},
        {"fe80::1", false, false, false, true},
        {"192.168.1.1", false, false, false, true},
        {"100.64.0.1", false, false, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_ip ip;
        assert_int_equal(pl_ip_parse(pl_slice_str(rows[i].ip), &ip), PL_OK);
        assert_int_equal(pl_ip_is_loopback(&ip), rows[i].loopback);
        assert_int_equal(pl_ip_is_any(&ip), rows[i].any);
        assert_int_equal(pl_ip_is_multicast(&ip), rows[i].multicast);
        assert_int_equal(pl_ip_is_private(&ip), rows[i].private);
    }
}

static void only_public_addresses(void **state)
{
    static const struct {
        const char *ip;
        bool is_public;
    } rows[] = {
        {"8.8.8.8", true},
        {"93.184.216.34", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"100.63.255.255", true},
        {"100.128.0.0", true},
        {"223.255.255.255", true},
        {"0.0.0.0", false},
        {"10.0.0.1", false},
        {"100.64.0.1", false},
        {"100.127.255.255", false},
        {"127.0.0.1", false},
        {"127.255.255.255", false},
        {"169.254.169.254", false},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"192.0.0.8", false},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.168.1.1", false},
        {"198.19.255.255", false},
        {"198.51.100.9", false},
        {"203.0.113.9", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"2606:2800:220:1::1", true},
        {"2a00:1450::1", true},
        {"::ffff:8.8.8.8", true},
        {"::", false},
        {"::1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:169.254.169.254", false},
        {"::127.0.0.1", false},
        {"64:ff9b::7f00:1", false},
        {"100::1", false},
        {"2001::1", false},
        {"2001:db8::1", false},
        {"2002:7f00:1::1", false},
        {"3fff::1", false},
        {"fc00::1", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_ip ip;
        assert_int_equal(pl_ip_parse(pl_slice_str(rows[i].ip), &ip), PL_OK);
        if (pl_ip_is_public(&ip) != rows[i].is_public)
            fail_msg("%s", rows[i].ip);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_parsed_and_written),
        cmocka_unit_test(what_is_no_literal_is_refused),
        cmocka_unit_test(ports_follow_an_address),
        cmocka_unit_test(networks_hold_their_addresses),
        cmocka_unit_test(kinds_of_address_are_told_apart),
        cmocka_unit_test(only_public_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
