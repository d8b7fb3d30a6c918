/* test_load_pace.c - sockets, addresses and milliseconds of parties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

static void every_party_has_its_own_address_and_port(void **state)
{
    static const size_t counts[] = {1, 4, 19, 20, 21, 50, 1279, 1281, 20000};
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t n = pl_pace_sockets(counts[c], true);
        for (size_t i = 0; i < counts[c]; i++) {
            size_t socket = pl_pace_socket_of(i, n);
            unsigned host = pl_pace_host_of(i, n);
            assert_true(socket < n);
            assert_in_range(host, 1, PL_PACE_A_SOCKET);
            assert_int_equal(pl_pace_party_of(socket, host, n), i);
        }
    }
}

static void a_room_is_spread_over_the_milliseconds(void **state)
{
    unsigned n[PL_PACE_SLOTS] = {0};
    (void)state;
    size_t sockets = pl_pace_sockets(50, true);
    for (size_t i = 0; i < 50; i++)
        n[pl_pace_slot_of(pl_pace_socket_of(i, sockets))]++;
    for (size_t i = 0; i < PL_PACE_SLOTS; i++)
        assert_in_range(n[i], 2, 3);
}

static void off_loopback_each_has_a_socket(void **state)
{
    (void)state;
    assert_int_equal(pl_pace_sockets(300, false), 300);
    assert_int_equal(pl_pace_host_of(299, 300), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_party_has_its_own_address_and_port),
        cmocka_unit_test(a_room_is_spread_over_the_milliseconds),
        cmocka_unit_test(off_loopback_each_has_a_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
