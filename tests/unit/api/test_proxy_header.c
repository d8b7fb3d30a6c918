/* test_proxy_header.c - headers of balancers, byte by byte. */
#include "cm.h"

#include <string.h>

#include "proxy_header.h"

enum { V4 = 12, V6 = 36, UNIX_PAIR = 216 };

static const uint8_t SIGNATURE[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
/* 198.51.100.7:40000 to 192.0.2.1:443 */
static const uint8_t PAIR_V4[V4] = {198, 51, 100,  7,    192,  0,
                                    2,   1,  0x9c, 0x40, 0x01, 0xbb};

/* A header with this second and third byte after the signature. */
static size_t make(uint8_t *out, unsigned command, unsigned family,
                   const void *rest, size_t n)
{
    memcpy(out, SIGNATURE, sizeof SIGNATURE);
    out[12] = (uint8_t)command;
    out[13] = (uint8_t)family;
    out[14] = (uint8_t)(n >> 8);
    out[15] = (uint8_t)n;
    memcpy(out + PL_PROXY_HEAD, rest, n);
    return PL_PROXY_HEAD + n;
}

static pl_err read(unsigned command, unsigned family, const void *rest,
                   size_t n, pl_proxy_header *ret_header)
{
    uint8_t bytes[PL_PROXY_MAX + 16];
    size_t len = make(bytes, command, family, rest, n);
    return pl_proxy_parse(bytes, len, ret_header);
}

static void the_client_is_found(void **state)
{
    (void)state;
    char text[PL_IP_TEXT];
    uint8_t v6[V6] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7, [16] = 0x20, [31] = 1};
    pl_proxy_header h;
    assert_int_equal(read(0x21, 0x11, PAIR_V4, V4, &h), PL_OK);
    assert_true(h.has_client && !h.is_local);
    pl_ip_text(&h.client, text);
    assert_string_equal(text, "198.51.100.7");
    assert_int_equal(read(0x21, 0x21, v6, V6, &h), PL_OK);
    pl_ip_text(&h.client, text);
    assert_string_equal(text, "2001:db8::7");
}

static void some_have_no_client(void **state)
{
    (void)state;
    uint8_t pair[UNIX_PAIR] = "/run/a";
    pl_proxy_header h;
    /* The balancer itself: whatever family it names is passed over. */
    assert_int_equal(read(0x20, 0x00, "", 0, &h), PL_OK);
    assert_true(h.is_local && !h.has_client);
    assert_int_equal(read(0x20, 0x11, PAIR_V4, V4, &h), PL_OK);
    assert_true(h.is_local && !h.has_client);
    assert_int_equal(read(0x20, 0xff, "x", 1, &h), PL_OK);
    /* Of no kind that we know. */
    assert_int_equal(read(0x21, 0x00, "abc", 3, &h), PL_OK);
    assert_false(h.is_local || h.has_client);
    assert_int_equal(read(0x21, 0x31, pair, UNIX_PAIR, &h), PL_OK);
    assert_false(h.is_local || h.has_client);
}

static void tlvs_are_passed_over(void **state)
{
    (void)state;
    static const uint8_t tlvs[10] = {5, 0, 4, 'a', 'b', 'c', 'd', 4, 0, 0};
    uint8_t rest[V4 + sizeof tlvs];
    pl_proxy_header h;
    memcpy(rest, PAIR_V4, V4);
    memcpy(rest + V4, tlvs, sizeof tlvs);
    assert_int_equal(read(0x21, 0x11, rest, V4 + 10, &h), PL_OK);
    assert_int_equal(read(0x21, 0x11, rest, V4 + 9, &h), PL_EPROTO);
    assert_int_equal(read(0x21, 0x11, rest, V4 + 6, &h), PL_EPROTO);
    assert_int_equal(read(0x21, 0x11, rest, V4 + 2, &h), PL_EPROTO);
}

static void what_the_definition_forbids_is_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned command, family;
        size_t n;
    } rows[] = {
        {0x11, 0x11, V4},                       /* another version */
        {0x31, 0x11, V4}, {0x22, 0x11, V4},     /* no such command */
        {0x21, 0x41, V4},                       /* no such family, transport */
        {0x21, 0x13, V4}, {0x21, 0x12, V4},     /* datagrams do not come here */
        {0x21, 0x10, V4}, {0x21, 0x11, V4 - 1}, /* addresses cut short */
        {0x21, 0x21, V4}, {0x21, 0x31, V6},
    };
    uint8_t rest[UNIX_PAIR] = {0};
    pl_proxy_header h;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            read(rows[i].command, rows[i].family, rest, rows[i].n, &h),
            PL_EPROTO);
    }
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    uint8_t bytes[PL_PROXY_MAX + 16] = {0};
    uint8_t rest[PL_PROXY_MAX] = {0};
    size_t n = 0;
    pl_proxy_header h;
    size_t len = make(bytes, 0x20, 0, rest, PL_PROXY_MAX - PL_PROXY_HEAD);
    assert_int_equal(pl_proxy_length(bytes, &n), PL_OK);
    assert_int_equal(n, PL_PROXY_MAX);
    assert_int_equal(pl_proxy_parse(bytes, len, &h), PL_OK);
    assert_int_equal(pl_proxy_parse(bytes, len - 1, &h), PL_EPROTO);
    assert_int_equal(pl_proxy_parse(bytes, PL_PROXY_HEAD - 1, &h), PL_EPROTO);
    (void)make(bytes, 0x20, 0, rest, PL_PROXY_MAX - PL_PROXY_HEAD + 1);
    assert_int_equal(pl_proxy_length(bytes, &n), PL_ETOOBIG);
    for (size_t i = 0; i < 12; i++) { /* every byte of the signature counts */
        (void)make(bytes, 0x20, 0, "", 0);
        bytes[i] ^= 1;
        assert_int_equal(pl_proxy_length(bytes, &n), PL_EPROTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_found),
        cmocka_unit_test(some_have_no_client),
        cmocka_unit_test(tlvs_are_passed_over),
        cmocka_unit_test(what_the_definition_forbids_is_refused),
        cmocka_unit_test(lengths_are_bounded),
    };
    return cmocka_run_group_tests_name("proxy_header", tests, NULL, NULL);
}
