/* test_link.c - interfaces whose addresses are not announced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/link.h"

/* A host with containers, virtual machines, and a bridge that its own network
 * card is a port of. */
static const pl_link HOST[] = {
    {"lo", "", 1, 0},
    {"eth0", "", 2, 0},
    {"eth1", "", 3, 7},
    {"wg0", "wireguard", 4, 0},
    {"docker0", "bridge", 5, 0},
    {"br-1f2e3d4c5b6a", "bridge", 6, 0},
    {"br0", "bridge", 7, 0},
    {"virbr0", "bridge", 8, 0},
    {"veth12ab", "veth", 9, 6},
    {"veth34cd", "veth", 10, 7},
    {"vnet0", "tun", 11, 8},
    {"br-lan", "bridge", 12, 0},
    {"eth0.100", "vlan", 13, 12},
    {"veth56ef", "veth", 14, 12},
    {"br-over", "bridge", 15, 0},
    {"vx7", "vxlan", 16, 15},
    {"tun0", "tun", 17, 0},
};
enum { N = sizeof HOST / sizeof HOST[0] };

static bool inner(const char *name)
{
    return pl_link_is_inner(HOST, N, name);
}

static void bridges_to_guests_are_inner(void **state)
{
    (void)state;
    assert_true(inner("docker0")); /* no port */
    assert_true(inner("br-1f2e3d4c5b6a"));
    assert_true(inner("virbr0"));
    assert_true(inner("docker0:1")); /* a label */
}

static void bridges_with_a_way_out_are_not(void **state)
{
    (void)state;
    assert_false(inner("br0"));
    assert_false(inner("br-lan"));
    assert_false(inner("br-over"));
}

static void what_is_no_bridge_is_not(void **state)
{
    static const pl_link CONTAINER[] = {{"lo", "", 1, 0},
                                        {"eth0", "veth", 2, 0}};
    (void)state;
    assert_false(inner("lo"));
    assert_false(inner("eth0"));
    assert_false(inner("wg0"));
    assert_false(inner("tun0"));
    assert_false(pl_link_is_inner(CONTAINER, 2, "eth0"));
}

static void what_is_unknown_is_not(void **state)
{
    (void)state;
    assert_false(inner("docker"));
    assert_false(inner("docker01"));
    assert_false(inner(""));
    assert_false(pl_link_is_inner(NULL, 0, "docker0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridges_to_guests_are_inner),
        cmocka_unit_test(bridges_with_a_way_out_are_not),
        cmocka_unit_test(what_is_no_bridge_is_not),
        cmocka_unit_test(what_is_unknown_is_not),
    };
    return cmocka_run_group_tests_name("media_link", tests, NULL, NULL);
}
