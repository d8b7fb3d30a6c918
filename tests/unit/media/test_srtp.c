/* test_srtp.c - both profiles, replay, forgery, the cap on sources, export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "io/srtp.h"

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
    pl_srtp_state s;
    pl_srtp *moved = NULL;
    pl_srtp_export(server, &s);
    assert_int_equal(s.n_sources, 1);
    assert_int_equal(s.source[0].roc, 1);
    assert_int_equal(pl_srtp_import(&s, &moved), PL_OK);
    n = make(p, 66000 & 0xffff, 7);
    assert_int_equal(pl_srtp_protect(client, false, p, sizeof p, &n), PL_OK);
    assert_int_equal(pl_srtp_unprotect(moved, false, p, &n), PL_OK);
    pl_srtp_destroy(&moved);
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

static int open_library(void **state)
{
    (void)state;
    return pl_srtp_library_open() == PL_OK ? 0 : -1;
}

static int close_library(void **state)
{
    (void)state;
    pl_srtp_library_close();
    return 0;
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
        cmocka_unit_test_teardown(unknown_profile_and_small_buffers_are_refused,
                                  close_pair),
    };
    return cmocka_run_group_tests(tests, open_library, close_library);
}
