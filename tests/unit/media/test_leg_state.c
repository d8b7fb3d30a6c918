/* test_leg_state.c - a leg as bytes: what is written comes back, what is
 * damaged is refused or harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/leg_state.h"
#include "pl/str.h"

static const uint8_t sdp[] = "a negotiation, not looked into";

static pl_addr address(const char *ip, uint16_t port)
{
    pl_addr a;
    assert_int_equal(pl_addr_parse(ip, port, &a), PL_OK);
    return a;
}

static pl_leg_image image_of(pl_leg_kind kind)
{
    pl_leg_image m = {.kind = kind,
                      .sdp = {sdp, sizeof sdp},
                      .remote = "0123456789abcdef",
                      .signaling = address("192.0.2.7", 0),
                      .is_deaf = true};
    if (kind == PL_LEG_KIND_SIP)
        return m;
    m.net.keys.profile = PL_SRTP_AEAD_AES_128_GCM;
    memset(m.net.keys.client_key, 1, sizeof m.net.keys.client_key);
    memset(m.net.keys.server_key, 2, sizeof m.net.keys.server_key);
    memset(m.net.keys.client_salt, 3, sizeof m.net.keys.client_salt);
    memset(m.net.keys.server_salt, 4, sizeof m.net.keys.server_salt);
    m.net.is_server = m.net.has_alerts = true;
    m.net.alerts = (pl_dtls_alerts){.aead = PL_DTLS_CHACHA20_POLY1305,
                                    .in = {.key = {5}, .iv = {6}, .seq = 7},
                                    .out = {.key = {8}, .iv = {9}, .seq = 10},
                                    .nonce = 11};
    return m;
}

static pl_mix_position position(void)
{
    return (pl_mix_position){
        .at_us = 123456789,
        .send_index = (uint64_t)3 << 32 | 65535,
        .ssrc = 0xdeadbeef,
        .ts = 0xfffffff0,
        .rtcp_index = 0x7ffffffe,
        .packets = 4,
        .bytes = 5,
        .followed = 6,
        .n_in = 2,
        .in = {{.ssrc = 6, .rtcp_index = 1, .index = 70000, .has_rtp = true},
               {.ssrc = 7, .rtcp_index = 2}}};
}

static void image_comes_back(void **state)
{
    static const pl_leg_kind kinds[] = {PL_LEG_KIND_WEBRTC, PL_LEG_KIND_SIP};
    static uint8_t buf[PL_LEG_STATE_MAX];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const pl_leg_image m = image_of(kinds[i]);
        pl_leg_image got;
        size_t len = 0;
        assert_int_equal(pl_leg_image_write(&m, buf, sizeof buf, &len), PL_OK);
        assert_int_equal(pl_leg_image_read((pl_slice){buf, len}, &got), PL_OK);
        assert_int_equal(got.kind, m.kind);
        assert_true(pl_slice_eq(got.sdp, m.sdp));
        assert_string_equal(got.remote, m.remote);
        assert_true(pl_addr_eq(&got.signaling, &m.signaling));
        assert_int_equal(got.is_deaf, m.is_deaf);
        assert_int_equal(got.net.is_server, m.net.is_server);
        assert_int_equal(got.net.has_alerts, m.net.has_alerts);
        assert_memory_equal(&got.net.keys, &m.net.keys, sizeof m.net.keys);
        assert_int_equal(got.net.alerts.aead, m.net.alerts.aead);
        assert_memory_equal(got.net.alerts.in.key, m.net.alerts.in.key, 32);
        assert_memory_equal(got.net.alerts.out.iv, m.net.alerts.out.iv, 12);
        assert_int_equal(got.net.alerts.in.seq, m.net.alerts.in.seq);
        assert_int_equal(got.net.alerts.nonce, m.net.alerts.nonce);
        for (size_t cap = 0; cap < len; cap++) {
            size_t n = 0;
            assert_int_equal(pl_leg_image_write(&m, buf, cap, &n), PL_EFULL);
            assert_int_equal(n, 0);
        }
    }
}

static void place_comes_back(void **state)
{
    uint8_t buf[PL_LEG_POSITION_MAX];
    (void)state;
    const pl_mix_position at = position();
    pl_net_state net = {.n_paths = 2};
    net.paths[0].addr = address("198.51.100.1", 1000);
    net.paths[0].is_nominated = net.paths[0].is_selected = true;
    net.paths[1].addr = address("2001:db8::1", 2000);
    net.source = address("198.51.100.2", 3000);
    net.remote = address("198.51.100.3", 4000);
    net.rtcp = address("198.51.100.4", 4001);
    net.has_rtcp_source = true;
    for (unsigned k = PL_LEG_KIND_WEBRTC; k <= PL_LEG_KIND_SIP; k++) {
        const pl_leg_kind kind = (pl_leg_kind)k;
        const pl_leg_kind other =
            kind == PL_LEG_KIND_SIP ? PL_LEG_KIND_WEBRTC : PL_LEG_KIND_SIP;
        pl_mix_position got;
        pl_net_state told = image_of(PL_LEG_KIND_WEBRTC).net;
        size_t len = 0;
        assert_int_equal(
            pl_leg_place_write(kind, &at, &net, buf, sizeof buf, &len), PL_OK);
        pl_slice bytes = {buf, len};
        assert_int_equal(pl_leg_place_read(bytes, other, &got, &told),
                         PL_EPROTO);
        assert_int_equal(pl_leg_place_read(bytes, kind, &got, &told), PL_OK);
        assert_int_equal(got.at_us, at.at_us);
        assert_int_equal(got.send_index, at.send_index);
        assert_int_equal(got.ts, at.ts);
        assert_int_equal(got.rtcp_index, at.rtcp_index);
        assert_int_equal(got.n_in, 2);
        assert_int_equal(got.in[0].index, 70000);
        assert_true(got.in[0].has_rtp);
        assert_false(got.in[1].has_rtp);
        assert_int_equal(told.keys.client_key[0], 1); /* left alone */
        if (kind == PL_LEG_KIND_SIP) {
            assert_true(pl_addr_eq(&told.source, &net.source));
            assert_true(pl_addr_eq(&told.rtcp, &net.rtcp));
            assert_true(told.has_rtcp_source);
        } else {
            assert_int_equal(told.n_paths, 2);
            assert_true(pl_addr_eq(&told.paths[1].addr, &net.paths[1].addr));
            assert_true(told.paths[0].is_selected);
            assert_false(told.paths[1].is_nominated);
        }
    }
}

/* The most there can be fits into the message. */
static void largest_place_fits(void **state)
{
    uint8_t buf[PL_LEG_POSITION_MAX];
    size_t len = 0;
    (void)state;
    pl_mix_position at = position();
    pl_net_state net = {.n_paths = PL_ICE_PATHS};
    at.n_in = PL_SRTP_MAX_SSRC_IN;
    assert_int_equal(pl_leg_place_write(PL_LEG_KIND_WEBRTC, &at, &net, buf,
                                        sizeof buf, &len),
                     PL_OK);
    assert_true(len <= PL_LEG_POSITION_MAX);
}

static void damaged_bytes_are_refused_or_harmless(void **state)
{
    static uint8_t buf[PL_LEG_STATE_MAX];
    (void)state;
    const pl_leg_image m = image_of(PL_LEG_KIND_WEBRTC);
    pl_leg_image got;
    size_t len = 0;
    assert_int_equal(pl_leg_image_write(&m, buf, sizeof buf, &len), PL_OK);
    for (size_t n = 0; n < len; n++)
        assert_int_equal(pl_leg_image_read((pl_slice){buf, n}, &got),
                         PL_EPROTO);
    assert_int_equal(pl_leg_image_read((pl_slice){buf, len + 1}, &got),
                     PL_EPROTO);
    buf[0]++;
    assert_int_equal(pl_leg_image_read((pl_slice){buf, len}, &got),
                     PL_EUNSUPPORTED);
    buf[0]--;
    for (size_t i = 1; i < len; i++) {
        buf[i] ^= 0xff;
        (void)!pl_leg_image_read((pl_slice){buf, len}, &got);
        buf[i] ^= 0xff;
    }
    assert_int_equal(pl_leg_image_read((pl_slice){NULL, 0}, &got), PL_EPROTO);
}

static void impossible_places_are_refused(void **state)
{
    uint8_t buf[PL_LEG_POSITION_MAX];
    size_t len = 0;
    (void)state;
    pl_mix_position got;
    pl_net_state net = {.n_paths = 2};
    const pl_mix_position good = position();
    pl_mix_position bad[4] = {good, good, good, good};
    bad[0].send_index = UINT64_C(1) << 48;
    bad[1].rtcp_index = 0x80000000U;
    bad[2].in[0].index = UINT64_C(1) << 48;
    bad[3].n_in = PL_SRTP_MAX_SSRC_IN + 1;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(pl_leg_place_write(PL_LEG_KIND_WEBRTC, &bad[i], &net,
                                            buf, sizeof buf, &len),
                         PL_EFULL);
    net.paths[0].is_selected = true;
    assert_int_equal(pl_leg_place_write(PL_LEG_KIND_WEBRTC, &good, &net, buf,
                                        sizeof buf, &len),
                     PL_OK);
    buf[len - 1] = 1; /* the second one is selected as well */
    assert_int_equal(
        pl_leg_place_read((pl_slice){buf, len}, PL_LEG_KIND_WEBRTC, &got, &net),
        PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_comes_back),
        cmocka_unit_test(place_comes_back),
        cmocka_unit_test(largest_place_fits),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
        cmocka_unit_test(impossible_places_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
