#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pl/wire.h"

static void one_whole_value_is_accepted(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\x00", 1},
        {"\xff", 1},
        {"\xc0", 1},
        {"\xcc\x80", 2},
        {"\xd3\x01\x02\x03\x04\x05\x06\x07\x08", 9},
        {"\xa3"
         "abc",
         4},
        {"\xc4\x02\x00\x00", 4},
        {"\x82\x01\xa1x\x02\x90", 6},
        {"\xdc\x00\x02\x01\x02", 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            pl_wire_scan((const uint8_t *)rows[i].bytes, rows[i].len), PL_OK);
        for (size_t cut = 0; cut < rows[i].len; cut++) {
            assert_int_equal(pl_wire_scan((const uint8_t *)rows[i].bytes, cut),
                             PL_EPROTO);
        }
    }
}

static void declared_counts_larger_than_the_input_are_refused(void **state)
{
    (void)state;
    /* msgpack-c would reserve gigabytes for these. */
    const uint8_t array[] = {0xdd, 0x07, 0xff, 0xff, 0xff};
    const uint8_t map[] = {0xdf, 0xff, 0xff, 0xff, 0xff};
    const uint8_t bin[] = {0xc6, 0xff, 0xff, 0xff, 0xff};
    const uint8_t str[] = {0xdb, 0xff, 0xff, 0xff, 0xff};
    assert_int_equal(pl_wire_scan(array, sizeof array), PL_EPROTO);
    assert_int_equal(pl_wire_scan(map, sizeof map), PL_EPROTO);
    assert_int_equal(pl_wire_scan(bin, sizeof bin), PL_EPROTO);
    assert_int_equal(pl_wire_scan(str, sizeof str), PL_EPROTO);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    uint8_t deep[PL_WIRE_MAX_DEPTH + 1];
    memset(deep, 0x91, sizeof deep);
    deep[sizeof deep - 1] = 0xc0;
    assert_int_equal(pl_wire_scan(deep, sizeof deep), PL_EPROTO);
    assert_int_equal(pl_wire_scan(deep + 1, sizeof deep - 1), PL_OK);
}

static void ext_trailing_bytes_and_too_much_are_refused(void **state)
{
    (void)state;
    static uint8_t big[PL_WIRE_MAX_BYTES + 1];
    const uint8_t ext[] = {0xd4, 0x00, 0x00};
    const uint8_t never[] = {0xc1};
    const uint8_t tail[] = {0x01, 0x02};
    assert_int_equal(pl_wire_scan(ext, sizeof ext), PL_EPROTO);
    assert_int_equal(pl_wire_scan(never, sizeof never), PL_EPROTO);
    assert_int_equal(pl_wire_scan(tail, sizeof tail), PL_EPROTO);
    assert_int_equal(pl_wire_scan(NULL, 0), PL_EPROTO);
    big[0] = 0xc6; /* a byte string that fills it exactly */
    big[1] = 0x00;
    big[2] = 0x01;
    big[3] = 0x7f;
    big[4] = 0xfc;
    assert_int_equal(pl_wire_scan(big, sizeof big), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_whole_value_is_accepted),
        cmocka_unit_test(declared_counts_larger_than_the_input_are_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(ext_trailing_bytes_and_too_much_are_refused),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
