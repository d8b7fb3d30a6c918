/* test_stun.c - RFC 5769 vectors, malformed messages, the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/stun.h"

/* RFC 5769 section 2.1: a request of ICE. */
static const uint8_t request[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
    0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10,
    0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c,
    0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
    0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
    0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c,
    0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

/* RFC 5769 section 2.2: a response with an IPv4 address. */
static const uint8_t response_v4[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
    0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b,
    0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
    0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,
    0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,
    0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};

/* RFC 5769 section 2.3: a response with an IPv6 address. */
static const uint8_t response_v6[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
    0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b,
    0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
    0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
    0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1,
    0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
    0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static void rfc5769_request_is_read_and_authentic(void **state)
{
    (void)state;
    pl_stun_msg m;
    assert_int_equal(pl_stun_parse(request, sizeof request, &m), PL_OK);
    assert_int_equal(m.type, PL_STUN_BINDING_REQUEST);
    assert_true(pl_slice_eq_str(m.username, "evtj:h6vY"));
    assert_int_equal(m.priority, 0x6e0001ff);
    assert_true(m.is_controlled);
    assert_false(m.is_controlling);
    assert_true(m.tie_break == UINT64_C(0x932ff9b151263b36));
    assert_true(m.has_fingerprint);
    assert_int_equal(m.n_unknown, 0);
    assert_true(pl_stun_is_authentic(&m, pl_slice_str(password)));
    assert_false(pl_stun_is_authentic(&m, pl_slice_str("wrong")));
}

static void rfc5769_responses_give_the_mapped_address(void **state)
{
    (void)state;
    pl_stun_msg m;
    pl_addr want;
    assert_int_equal(pl_stun_parse(response_v4, sizeof response_v4, &m), PL_OK);
    assert_int_equal(pl_addr_parse("192.0.2.1", 32853, &want), PL_OK);
    assert_true(pl_addr_eq(&m.mapped, &want));
    assert_true(pl_stun_is_authentic(&m, pl_slice_str(password)));

    assert_int_equal(pl_stun_parse(response_v6, sizeof response_v6, &m), PL_OK);
    assert_int_equal(
        pl_addr_parse("2001:db8:1234:5678:11:2233:4455:6677", 32853, &want),
        PL_OK);
    assert_true(pl_addr_eq(&m.mapped, &want));
    assert_true(pl_stun_is_authentic(&m, pl_slice_str(password)));
}

static void every_changed_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof request; bit++) {
        uint8_t copy[sizeof request];
        memcpy(copy, request, sizeof copy);
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        pl_stun_msg m;
        pl_err e = pl_stun_parse(copy, sizeof copy, &m);
        if (e == PL_OK) /* the type of an optional attribute, at most */
            assert_false(m.has_fingerprint &&
                         pl_stun_is_authentic(&m, pl_slice_str(password)));
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof request; len++) {
        uint8_t copy[sizeof request];
        memcpy(copy, request, sizeof copy);
        pl_stun_msg m;
        assert_int_equal(pl_stun_parse(copy, len, &m), PL_EPROTO);
        if (len < PL_STUN_HEADER || len % 4)
            continue;
        copy[2] = 0; /* with a length field that fits */
        copy[3] = (uint8_t)(len - PL_STUN_HEADER);
        if (pl_stun_parse(copy, len, &m) == PL_OK)
            assert_false(m.has_fingerprint);
    }
}

static void attributes_behind_integrity_do_not_count(void **state)
{
    (void)state;
    uint8_t buf[256];
    size_t len = 0;
    pl_stun_writer w;
    pl_stun_msg m;
    pl_stun_begin(&w, buf, sizeof buf, PL_STUN_BINDING_REQUEST, request + 8);
    pl_stun_put(&w, PL_STUN_AT_USERNAME, "a:b", 3);
    assert_int_equal(pl_stun_end(&w, pl_slice_str("pw"), &len), PL_OK);
    /* in place of FINGERPRINT: USE-CANDIDATE, twice to keep the length */
    static const uint8_t forged[8] = {0, 0x25, 0, 0, 0, 0x25, 0, 0};
    memcpy(buf + len - 8, forged, sizeof forged);
    assert_int_equal(pl_stun_parse(buf, len, &m), PL_OK);
    assert_true(pl_stun_is_authentic(&m, pl_slice_str("pw")));
    assert_false(m.use_candidate); /* RFC 8489 section 14.5 */
}

static void unknown_required_attributes_are_listed(void **state)
{
    (void)state;
    uint8_t buf[256];
    size_t len = 0;
    pl_stun_writer w;
    pl_stun_msg m;
    pl_stun_begin(&w, buf, sizeof buf, PL_STUN_BINDING_REQUEST, request + 8);
    pl_stun_put(&w, 0x7001, "x", 1);
    pl_stun_put(&w, 0xc001, "x", 1); /* optional: not listed */
    assert_int_equal(pl_stun_end(&w, (pl_slice){NULL, 0}, &len), PL_OK);
    assert_int_equal(pl_stun_parse(buf, len, &m), PL_OK);
    assert_int_equal(m.n_unknown, 1);
    assert_int_equal(m.unknown[0], 0x7001);
}

static void writer_says_when_it_is_full(void **state)
{
    (void)state;
    pl_addr a;
    assert_int_equal(pl_addr_parse("2001:db8::1", 7, &a), PL_OK);
    for (size_t cap = 0; cap < 20 + 24 + 24 + 8; cap++) {
        uint8_t buf[128];
        size_t len = 7;
        pl_stun_writer w;
        pl_stun_begin(&w, buf, cap, PL_STUN_BINDING_SUCCESS, request + 8);
        pl_stun_put_mapped(&w, &a);
        assert_int_equal(pl_stun_end(&w, pl_slice_str("p"), &len), PL_EFULL);
        assert_int_equal(len, 7);
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const ips[] = {"198.51.100.7", "2001:db8::8"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t buf[256];
        size_t len = 0;
        pl_addr a;
        pl_stun_writer w;
        pl_stun_msg m;
        assert_int_equal(pl_addr_parse(ips[i], 50001, &a), PL_OK);
        pl_stun_begin(&w, buf, sizeof buf, PL_STUN_BINDING_SUCCESS,
                      request + 8);
        pl_stun_put_mapped(&w, &a);
        pl_stun_put_u64(&w, PL_STUN_AT_CONTROLLING, 77);
        pl_stun_put_error(&w, 487);
        assert_int_equal(pl_stun_end(&w, pl_slice_str("secret"), &len), PL_OK);
        assert_int_equal(pl_stun_parse(buf, len, &m), PL_OK);
        assert_true(pl_addr_eq(&m.mapped, &a));
        assert_true(m.is_controlling);
        assert_true(m.tie_break == 77);
        assert_int_equal(m.error, 487);
        assert_true(pl_stun_is_authentic(&m, pl_slice_str("secret")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5769_request_is_read_and_authentic),
        cmocka_unit_test(rfc5769_responses_give_the_mapped_address),
        cmocka_unit_test(every_changed_bit_is_noticed),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(attributes_behind_integrity_do_not_count),
        cmocka_unit_test(unknown_required_attributes_are_listed),
        cmocka_unit_test(writer_says_when_it_is_full),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
