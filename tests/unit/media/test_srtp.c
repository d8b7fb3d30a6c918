/* test_srtp.c - both profiles, replay, forgery, the cap on sources, export;
 * and libsrtp2, which we did not write, as the other side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "core/be.h"
#include "io/srtp.h"
#include "srtp_library.h"

static pl_srtp *server, *client;

static pl_srtp_keys keys_of(pl_srtp_profile profile)
{
    pl_srtp_keys k = {.profile = profile};
    for (uint8_t i = 0; i < PL_SRTP_KEY; i++) {
        k.client_key[i] = i;
        k.server_key[i] = (uint8_t)(100 + i);
    }
    for (uint8_t i = 0; i < 12; i++) {
        k.client_salt[i] = (uint8_t)(i * 3);
        k.server_salt[i] = (uint8_t)(i * 5);
    }
    return k;
}

static void open_pair(pl_srtp_profile profile)
{
    pl_srtp_keys k = keys_of(profile);
    assert_int_equal(pl_srtp_create(&k, true, &server), PL_OK);
    assert_int_equal(pl_srtp_create(&k, false, &client), PL_OK);
}

static int close_pair(void **state)
{
    (void)state;
    pl_srtp_destroy(&server);
    pl_srtp_destroy(&client);
    return 0;
}

static size_t make(uint8_t *p, uint16_t seq, uint32_t ssrc)
{
    memset(p, 0, 64);
    p[0] = 0x80;
    p[1] = 96;
    pl_be_put16(p + 2, seq);
    pl_be_put32(p + 8, ssrc);
    memcpy(p + 12, "hello", 5);
    return 17;
}

static size_t make_rtcp(uint8_t *p, uint32_t ssrc)
{
    memset(p, 0, 64);
    p[0] = 0x80;
    p[1] = 201;
    p[3] = 1;
    pl_be_put32(p + 4, ssrc);
    return 8;
}

static void packets_go_both_ways(void **state)
{
    (void)state;
    const pl_srtp_profile all[] = {PL_SRTP_AES128_CM_SHA1_80,
                                   PL_SRTP_AEAD_AES_128_GCM};
    for (size_t i = 0; i < 2; i++) {
        uint8_t p[128], plain[128];
        open_pair(all[i]);
        size_t n = make(p, 1, 7), before = n;
        memcpy(plain, p, n);
        assert_int_equal(pl_srtp_protect(server, false, p, sizeof p, &n),
                         PL_OK);
        assert_in_range(n, before + 10, before + PL_SRTP_MAX_TRAILER);
        assert_memory_not_equal(p + 12, plain + 12, 5);
        assert_int_equal(pl_srtp_unprotect(client, false, p, &n), PL_OK);
        assert_int_equal(n, before);
        assert_memory_equal(p, plain, n);
        n = make_rtcp(p, 9);
        assert_int_equal(pl_srtp_protect(client, true, p, sizeof p, &n), PL_OK);
        assert_int_equal(pl_srtp_unprotect(server, true, p, &n), PL_OK);
        assert_int_equal(n, 8);
        (void)close_pair(NULL);
    }
}

static void replayed_and_forged_packets_are_refused(void **state)
{
    (void)state;
    uint8_t p[128], again[128], bad[128];
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    size_t n = make(p, 1000, 7);
    assert_int_equal(pl_srtp_protect(client, false, p, sizeof p, &n), PL_OK);
    memcpy(again, p, n);
    memcpy(bad, p, n);
    size_t len = n;
    bad[14] ^= 1;
    assert_int_equal(pl_srtp_unprotect(server, false, bad, &len), PL_EAUTH);
    assert_int_equal(pl_srtp_unprotect(server, false, p, &len), PL_OK);
    len = n;
    assert_int_equal(pl_srtp_unprotect(server, false, again, &len), PL_EEXIST);
    len = 11;
    assert_int_equal(pl_srtp_unprotect(server, false, again, &len), PL_EPROTO);
    len = 7;
    assert_int_equal(pl_srtp_unprotect(server, true, again, &len), PL_EPROTO);
}

static void late_packets_within_the_window_pass(void **state)
{
    (void)state; /* RFC 3711 section 3.3.2 */
    static uint8_t p[200][128];
    static size_t n[200];
    open_pair(PL_SRTP_AES128_CM_SHA1_80);
    for (uint16_t i = 0; i < 200; i++) {
        n[i] = make(p[i], i, 7);
        assert_int_equal(
            pl_srtp_protect(client, false, p[i], sizeof p[i], &n[i]), PL_OK);
    }
    for (size_t i = 200; i > 0; i--)
        assert_int_equal(pl_srtp_unprotect(server, false, p[i - 1], &n[i - 1]),
                         PL_OK);
}

static void a_fifth_source_is_refused_before_cryptography(void **state)
{
    (void)state;
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    for (uint32_t ssrc = 1; ssrc <= 6; ssrc++) {
        uint8_t p[128];
        size_t n = make(p, 1, ssrc);
        assert_int_equal(pl_srtp_protect(client, false, p, sizeof p, &n),
                         PL_OK);
        assert_int_equal(pl_srtp_unprotect(server, false, p, &n),
                         ssrc <= PL_SRTP_MAX_SSRC_IN ? PL_OK : PL_EFULL);
    }
    /* What does not authenticate takes no place. */
    (void)close_pair(NULL);
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    for (uint32_t ssrc = 1; ssrc <= 100; ssrc++) {
        uint8_t p[128];
        (void)make(p, 1, ssrc);
        size_t n = 40;
        assert_int_equal(pl_srtp_unprotect(server, false, p, &n), PL_EAUTH);
    }
}

static void exported_state_continues_elsewhere(void **state)
{
    (void)state;
    uint8_t p[128];
    size_t n = 0;
    open_pair(PL_SRTP_AES128_CM_SHA1_80);
    /* Through the roll-over of the sequence number, RFC 3711 section 3.3.1 */
    for (uint32_t i = 65000; i < 66000; i++) {
        n = make(p, (uint16_t)i, 7);
        assert_int_equal(pl_srtp_protect(client, false, p, sizeof p, &n),
                         PL_OK);
        assert_int_equal(pl_srtp_unprotect(server, false, p, &n), PL_OK);
    }
    pl_srtp_place place;
    pl_srtp *moved = NULL;
    const pl_srtp_keys keys = keys_of(PL_SRTP_AES128_CM_SHA1_80);
    uint8_t again[128];
    pl_srtp_where(server, 9, &place);
    assert_int_equal(place.n_in, 1);
    assert_int_equal(place.in[0].index, 65999);
    assert_int_equal(place.next_index, 0);
    assert_int_equal(pl_srtp_resume(&keys, true, 9, &place, &moved), PL_OK);
    n = make(p, 66000 & 0xffff, 7);
    assert_int_equal(pl_srtp_protect(client, false, p, sizeof p, &n), PL_OK);
    memcpy(again, p, n);
    size_t len = n;
    assert_int_equal(pl_srtp_unprotect(moved, false, p, &n), PL_OK);
    assert_int_equal(pl_srtp_unprotect(moved, false, again, &len), PL_EEXIST);
    pl_srtp_destroy(&moved);
}

/* What the first worker has taken, its successor does not take again. */
static void received_packets_are_old_elsewhere(void **state)
{
    (void)state;
    uint8_t p[128], old[128], report[128];
    const pl_srtp_keys keys = keys_of(PL_SRTP_AEAD_AES_128_GCM);
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    size_t n = make(p, 500, 7);
    assert_int_equal(pl_srtp_protect(client, false, p, sizeof p, &n), PL_OK);
    memcpy(old, p, n);
    size_t len = n;
    assert_int_equal(pl_srtp_unprotect(server, false, p, &len), PL_OK);
    size_t n_report = make_rtcp(p, 7);
    assert_int_equal(pl_srtp_protect(client, true, p, sizeof p, &n_report),
                     PL_OK);
    memcpy(report, p, n_report);
    len = n_report;
    assert_int_equal(pl_srtp_unprotect(server, true, p, &len), PL_OK);
    pl_srtp_place place;
    pl_srtp *moved = NULL;
    pl_srtp_where(server, 9, &place);
    assert_int_equal(pl_srtp_resume(&keys, true, 9, &place, &moved), PL_OK);
    assert_int_equal(pl_srtp_unprotect(moved, false, old, &n), PL_EEXIST);
    assert_int_equal(pl_srtp_unprotect(moved, true, report, &n_report),
                     PL_EEXIST);
    pl_srtp_destroy(&moved);
}

/* An index is used once with the same keys, whoever sends. */
static void resumed_context_does_not_go_back(void **state)
{
    (void)state;
    uint8_t p[128];
    const pl_srtp_keys keys = keys_of(PL_SRTP_AES128_CM_SHA1_80);
    open_pair(PL_SRTP_AES128_CM_SHA1_80);
    /* the number 65535 of the second round is the next */
    pl_srtp_place place = {.next_index = 0x1ffff, .rtcp_index = 41};
    pl_srtp *moved = NULL;
    assert_int_equal(pl_srtp_resume(&keys, true, 7, &place, &moved), PL_OK);
    size_t n = make(p, 0xfffe, 7);
    assert_int_equal(pl_srtp_protect(moved, false, p, sizeof p, &n), PL_EINVAL);
    n = make(p, 0xfff0, 7);
    assert_int_equal(pl_srtp_protect(moved, false, p, sizeof p, &n), PL_EINVAL);
    n = make(p, 0xffff, 7);
    assert_int_equal(pl_srtp_protect(moved, false, p, sizeof p, &n), PL_OK);
    n = make(p, 0, 7);
    assert_int_equal(pl_srtp_protect(moved, false, p, sizeof p, &n), PL_OK);
    n = make_rtcp(p, 7);
    assert_int_equal(pl_srtp_protect(moved, true, p, sizeof p, &n), PL_OK);
    pl_srtp_where(moved, 7, &place);
    assert_int_equal(place.next_index, 0x20001);
    assert_int_equal(place.rtcp_index, 42);
    assert_true(pl_srtp_has_keys(moved, &keys, true));
    assert_false(pl_srtp_has_keys(moved, &keys, false));
    pl_srtp_destroy(&moved);
    place.next_index = UINT64_C(1) << 48;
    assert_int_equal(pl_srtp_resume(&keys, true, 7, &place, &moved), PL_EINVAL);
    place = (pl_srtp_place){.n_in = PL_SRTP_MAX_SSRC_IN + 1};
    assert_int_equal(pl_srtp_resume(&keys, true, 7, &place, &moved), PL_EINVAL);
}

/* RFC 3711 section 3.4 counts from zero; most count from one. */
static void a_report_numbered_zero_passes_once(void **state)
{
    (void)state;
    uint8_t p[128], again[128];
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    size_t n = make_rtcp(p, 9);
    assert_int_equal(pl_srtp_protect(client, true, p, sizeof p, &n), PL_OK);
    const pl_srtp_keys keys = keys_of(PL_SRTP_AEAD_AES_128_GCM);
    pl_srtp_place place;
    pl_srtp *zero = NULL;
    pl_srtp_where(client, 9, &place);
    place.rtcp_index = 0x7fffffff; /* 31 bits: the next is zero */
    assert_int_equal(pl_srtp_resume(&keys, false, 9, &place, &zero), PL_OK);
    n = make_rtcp(p, 9);
    assert_int_equal(pl_srtp_protect(zero, true, p, sizeof p, &n), PL_OK);
    memcpy(again, p, n);
    size_t len = n;
    assert_int_equal(pl_srtp_unprotect(server, true, p, &len), PL_OK);
    assert_int_equal(pl_srtp_unprotect(server, true, again, &n), PL_EEXIST);
    pl_srtp_destroy(&zero);
}

static void unknown_profile_and_small_buffers_are_refused(void **state)
{
    (void)state;
    pl_srtp_keys k = keys_of(PL_SRTP_NONE);
    pl_srtp *s = NULL;
    uint8_t p[128];
    assert_int_equal(pl_srtp_create(&k, true, &s), PL_EINVAL);
    assert_null(s);
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    size_t n = make(p, 1, 7);
    assert_int_equal(pl_srtp_protect(server, false, p, 20, &n), PL_EFULL);
    n = 5;
    assert_int_equal(pl_srtp_protect(server, false, p, 128, &n), PL_EINVAL);
}

/* ---- against another implementation -------------------------------------- */

static const pl_srtp_profile PROFILES[] = {PL_SRTP_AES128_CM_SHA1_80,
                                           PL_SRTP_AEAD_AES_128_GCM};

/* The client's side of a call. */
static srtp_t theirs(const pl_srtp_keys *k, bool is_out)
{
    uint8_t master[PL_SRTP_KEY + PL_SRTP_SALT_MAX] = {0};
    srtp_policy_t policy = {.window_size = 128, .key = master};
    if (k->profile == PL_SRTP_AEAD_AES_128_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    }
    memcpy(master, is_out ? k->client_key : k->server_key, PL_SRTP_KEY);
    memcpy(master + PL_SRTP_KEY, is_out ? k->client_salt : k->server_salt,
           PL_SRTP_SALT_MAX);
    policy.ssrc.type = is_out ? ssrc_any_outbound : ssrc_any_inbound;
    srtp_t s = NULL;
    assert_int_equal(srtp_create(&s, &policy), srtp_err_status_ok);
    return s;
}

/* A packet with two contributing sources and an extension of one word. */
static size_t make_long(uint8_t *p, uint16_t seq, size_t payload)
{
    (void)make(p, seq, 7);
    p[0] = 0x92;
    pl_be_put32(p + 12, 1);
    pl_be_put32(p + 16, 2);
    pl_be_put16(p + 20, 0xbede);
    pl_be_put16(p + 22, 1);
    pl_be_put32(p + 24, 0x10ff0000);
    for (size_t i = 0; i < payload; i++)
        p[28 + i] = (uint8_t)(seq + i * 3);
    return 28 + payload;
}

static void another_implementation_reads_and_writes_alike(void **state)
{
    (void)state;
    assert_int_equal(srtp_init(), srtp_err_status_ok);
    for (size_t k = 0; k < 2; k++) {
        open_pair(PROFILES[k]);
        pl_srtp_keys keys = keys_of(PROFILES[k]);
        srtp_t out = theirs(&keys, true);
        srtp_t in = theirs(&keys, false);
        /* Over two roll-overs of the sequence number. */
        for (uint32_t i = 40000; i < 40000 + 2 * 65536; i += 97) {
            uint8_t p[512], plain[512];
            size_t len = make_long(p, (uint16_t)i, i % 200);
            int n = (int)len;
            memcpy(plain, p, len);
            assert_int_equal(srtp_protect(out, p, &n), srtp_err_status_ok);
            size_t got = (size_t)n;
            assert_int_equal(pl_srtp_unprotect(server, false, p, &got), PL_OK);
            assert_int_equal(got, len);
            assert_memory_equal(p, plain, len);
            assert_int_equal(pl_srtp_protect(server, false, p, sizeof p, &got),
                             PL_OK);
            n = (int)got;
            assert_int_equal(srtp_unprotect(in, p, &n), srtp_err_status_ok);
            assert_int_equal(n, len);
            assert_memory_equal(p, plain, len);
        }
        for (int i = 0; i < 100; i++) {
            uint8_t p[128], plain[128];
            size_t len = make_rtcp(p, 7);
            memset(p + 8, i, 20);
            len += i % 2 ? 20 : 0;
            int n = (int)len;
            memcpy(plain, p, len);
            assert_int_equal(srtp_protect_rtcp(out, p, &n), srtp_err_status_ok);
            size_t got = (size_t)n;
            assert_int_equal(pl_srtp_unprotect(server, true, p, &got), PL_OK);
            assert_int_equal(got, len);
            assert_memory_equal(p, plain, len);
            assert_int_equal(pl_srtp_protect(server, true, p, sizeof p, &got),
                             PL_OK);
            n = (int)got;
            assert_int_equal(srtp_unprotect_rtcp(in, p, &n),
                             srtp_err_status_ok);
            assert_memory_equal(p, plain, len);
        }
        (void)srtp_dealloc(out);
        (void)srtp_dealloc(in);
        (void)close_pair(NULL);
    }
    (void)srtp_shutdown();
}

/* ---- what must not happen ------------------------------------------------ */

static void no_number_is_used_twice(void **state)
{
    (void)state; /* RFC 3711 section 9.1, RFC 7714 section 8.1 */
    uint8_t p[128];
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    size_t n = make(p, 100, 7);
    assert_int_equal(pl_srtp_protect(server, false, p, sizeof p, &n), PL_OK);
    n = make(p, 100, 7);
    assert_int_equal(pl_srtp_protect(server, false, p, sizeof p, &n),
                     PL_EINVAL);
    n = make(p, 99, 7);
    assert_int_equal(pl_srtp_protect(server, false, p, sizeof p, &n),
                     PL_EINVAL);
    n = make(p, 101, 7);
    assert_int_equal(pl_srtp_protect(server, false, p, sizeof p, &n), PL_OK);
}

static void every_byte_is_authenticated_and_every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (int is_rtcp = 0; is_rtcp < 2; is_rtcp++) {
            uint8_t p[256], bad[256];
            open_pair(PROFILES[k]);
            size_t n = is_rtcp ? make_rtcp(p, 7) + 12 : make_long(p, 5, 40);
            assert_int_equal(pl_srtp_protect(client, is_rtcp, p, sizeof p, &n),
                             PL_OK);
            for (size_t i = 0; i < n; i++) {
                size_t len = n;
                memcpy(bad, p, n);
                bad[i] ^= 0x04;
                assert_int_not_equal(
                    pl_srtp_unprotect(server, is_rtcp, bad, &len), PL_OK);
                len = i;
                memcpy(bad, p, n);
                assert_int_not_equal(
                    pl_srtp_unprotect(server, is_rtcp, bad, &len), PL_OK);
            }
            assert_int_equal(pl_srtp_unprotect(server, is_rtcp, p, &n), PL_OK);
            (void)close_pair(NULL);
        }
    }
}

/* Any order within the window, each packet once; what is older is refused. */
static void the_window_knows_each_packet(void **state)
{
    (void)state;
    static uint8_t p[3000][64];
    static size_t n[3000];
    static bool is_in[3000];
    open_pair(PL_SRTP_AEAD_AES_128_GCM);
    for (size_t i = 0; i < 3000; i++) {
        n[i] = make(p[i], (uint16_t)(64000 + i), 7);
        assert_int_equal(
            pl_srtp_protect(client, false, p[i], sizeof p[i], &n[i]), PL_OK);
    }
    uint32_t seed = 7;
    size_t top = 0;
    for (size_t round = 0; round < 9000; round++) {
        seed = seed * 1664525U + 1013904223U;
        size_t at = (round / 3 + seed / 65536 % 1200);
        at = at < 3000 ? at : 2999;
        uint8_t copy[64];
        size_t len = n[at];
        memcpy(copy, p[at], len);
        bool is_old = top >= 1024 && at <= top - 1024;
        pl_err e = pl_srtp_unprotect(server, false, copy, &len);
        assert_int_equal(e, is_old || is_in[at] ? PL_EEXIST : PL_OK);
        is_in[at] = true;
        top = at > top ? at : top;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_go_both_ways),
        cmocka_unit_test_teardown(replayed_and_forged_packets_are_refused,
                                  close_pair),
        cmocka_unit_test_teardown(late_packets_within_the_window_pass,
                                  close_pair),
        cmocka_unit_test_teardown(a_fifth_source_is_refused_before_cryptography,
                                  close_pair),
        cmocka_unit_test_teardown(exported_state_continues_elsewhere,
                                  close_pair),
        cmocka_unit_test_teardown(received_packets_are_old_elsewhere,
                                  close_pair),
        cmocka_unit_test_teardown(resumed_context_does_not_go_back, close_pair),
        cmocka_unit_test(another_implementation_reads_and_writes_alike),
        cmocka_unit_test_teardown(no_number_is_used_twice, close_pair),
        cmocka_unit_test(every_byte_is_authenticated_and_every_cut_is_refused),
        cmocka_unit_test_teardown(the_window_knows_each_packet, close_pair),
        cmocka_unit_test_teardown(a_report_numbered_zero_passes_once,
                                  close_pair),
        cmocka_unit_test_teardown(unknown_profile_and_small_buffers_are_refused,
                                  close_pair),
    };
    return cmocka_run_group_tests(tests, open_srtp_library, close_srtp_library);
}
