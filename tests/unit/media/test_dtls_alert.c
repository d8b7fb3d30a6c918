/* test_dtls_alert.c - alerts of an association whose two sides are here. What
 * OpenSSL makes of them is shown in tests/component/media/test_transport.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "core/dtls_record.h"
#include "io/dtls_alert.h"

enum { USER_CANCELED = 90 };

static pl_dtls_alerts side(pl_dtls_aead aead, bool is_server)
{
    pl_dtls_alerts a;
    pl_dtls_secret s = {.aead = aead,
                        .is_server = is_server,
                        .has_sha384 = aead == PL_DTLS_AES_256_GCM,
                        .master = {1, 2, 3},
                        .client_random = {4},
                        .server_random = {5}};
    assert_int_equal(pl_dtls_alerts_derive(&s, &a), PL_OK);
    return a;
}

static size_t say(pl_dtls_alerts *from, uint8_t what, uint8_t *buf)
{
    size_t len = 0;
    assert_int_equal(pl_dtls_alerts_write(from, what, buf, &len), PL_OK);
    assert_true(len <= PL_DTLS_ALERT_MAX);
    return len;
}

static void repeated_and_older_alerts_are_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < PL_DTLS_AEADS; i++) {
        pl_dtls_alerts a = side((pl_dtls_aead)i, true);
        pl_dtls_alerts b = side((pl_dtls_aead)i, false);
        uint8_t first[PL_DTLS_ALERT_MAX];
        uint8_t second[PL_DTLS_ALERT_MAX];
        uint8_t close[PL_DTLS_ALERT_MAX];
        size_t len = say(&a, USER_CANCELED, first);
        (void)say(&a, USER_CANCELED, second);
        (void)say(&a, PL_DTLS_CLOSE_NOTIFY, close);
        assert_int_equal(pl_dtls_alerts_read(&a, first, len),
                         PL_DTLS_SAID_NOTHING); /* one's own */
        assert_int_equal(pl_dtls_alerts_read(&b, second, len),
                         PL_DTLS_SAID_WARNING);
        assert_int_equal(pl_dtls_alerts_read(&b, second, len),
                         PL_DTLS_SAID_NOTHING);
        assert_int_equal(pl_dtls_alerts_read(&b, first, len),
                         PL_DTLS_SAID_NOTHING);
        assert_int_equal(pl_dtls_alerts_read(&b, close, len),
                         PL_DTLS_SAID_CLOSE);
        assert_int_equal(pl_dtls_alerts_read(&b, close, len),
                         PL_DTLS_SAID_NOTHING);
    }
}

/* The peer's last words may come with other records. */
static void alert_is_found_among_other_records(void **state)
{
    (void)state;
    pl_dtls_alerts a = side(PL_DTLS_AES_128_GCM, true);
    pl_dtls_alerts b = side(PL_DTLS_AES_128_GCM, false);
    uint8_t all[3 * PL_DTLS_ALERT_MAX] = {
        PL_DTLS_HANDSHAKE, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 7, 0, 1, 9};
    size_t len = PL_DTLS_RECORD_HEADER + 1;
    len += say(&a, USER_CANCELED, all + len);
    assert_int_equal(pl_dtls_alerts_read(&b, all, len), PL_DTLS_SAID_WARNING);
    len += say(&a, PL_DTLS_CLOSE_NOTIFY, all + len);
    assert_int_equal(pl_dtls_alerts_read(&b, all, len), PL_DTLS_SAID_CLOSE);
}

static void numbers_are_used_once(void **state)
{
    (void)state;
    pl_dtls_alerts a = side(PL_DTLS_AES_128_GCM, true);
    uint8_t buf[PL_DTLS_ALERT_MAX];
    pl_dtls_record r;
    a.out.seq = 0x010203040506;
    a.nonce = 0x1122334455667788;
    size_t at = 0;
    size_t len = say(&a, PL_DTLS_CLOSE_NOTIFY, buf);
    static const uint8_t nonce[] = {0x11, 0x22, 0x33, 0x44,
                                    0x55, 0x66, 0x77, 0x88};
    assert_true(pl_dtls_next_record(buf, len, &at, &r));
    assert_int_equal(at, len);
    assert_int_equal(r.type, PL_DTLS_ALERT);
    assert_int_equal(r.epoch, 1);
    assert_true(r.seq == 0x010203040506);
    assert_memory_equal(r.body, nonce, sizeof nonce);
    assert_true(a.out.seq == 0x010203040507);
    assert_true(a.nonce == 0x1122334455667789);
    a.out.seq = (uint64_t)1 << 48;
    assert_int_equal(pl_dtls_alerts_write(&a, PL_DTLS_CLOSE_NOTIFY, buf, &len),
                     PL_EINTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_and_older_alerts_are_nothing),
        cmocka_unit_test(alert_is_found_among_other_records),
        cmocka_unit_test(numbers_are_used_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
