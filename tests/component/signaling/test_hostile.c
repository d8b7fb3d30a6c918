/* test_hostile.c - strangers: floods, forged requests, broken streams. */
#include "phone.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

static void nobody_else_can_end_a_call(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone thief;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_open(&thief, rig, false, "127.0.0.2");
    phone_invite(&p, "ring", "c1");
    phone_expect(&p, "SIP/2.0 180");
    memcpy(thief.last, p.last, sizeof thief.last); /* it knows both tags */
    phone_bye(&thief, "ring", "c1");
    phone_expect(&thief, "SIP/2.0 481");
    assert_int_equal(
        pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_dialog_foreign), 1);
    phone_send(&thief, "CANCEL sip:ring@127.0.0.1 SIP/2.0\n"
                       "Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKc1\n"
                       "From: <sip:p@x>;tag=c1\nTo: <sip:y@z>\nCall-ID: c1\n"
                       "CSeq: 1 CANCEL\nContent-Length: 0\n\n");
    phone_expect(&thief, "SIP/2.0 481");
    memcpy(p.last, "x", 2); /* guessed tag */
    phone_send(&p, "BYE sip:ring@127.0.0.1 SIP/2.0\n"
                   "Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKg\n"
                   "From: <sip:p@x>;tag=c1\nTo: <sip:y@z>;tag=guess\n"
                   "Call-ID: c1\nCSeq: 2 BYE\nContent-Length: 0\n\n");
    phone_expect(&p, "SIP/2.0 481");
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 1);
    phone_close(&p);
    phone_close(&thief);
    pl_sig_rig_destroy(&rig);
}

static uint32_t draw(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static void noise_and_mangled_messages_do_no_harm(void **state)
{
    (void)state;
    static const char good[] =
        "INVITE sip:ring@127.0.0.1 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKq;rport\r\n"
        "From: <sip:p@x>;tag=q\r\nTo: <sip:y@z>\r\nCall-ID: q\r\n"
        "CSeq: 1 INVITE\r\nContact: <sip:p@127.0.0.1>\r\n"
        "Record-Route: <sip:a;lr>, <sip:b>\r\nContent-Length: 0\r\n\r\n";
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    uint32_t seed = 12345;
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        size_t len = i % 3 == 0 ? draw(&seed) % sizeof good : sizeof good - 1;
        for (unsigned k = 0; k < 1 + i % 5; k++)
            bytes[draw(&seed) % sizeof good] = (uint8_t)draw(&seed);
        phone_send_bytes(&p, bytes, len ? len : 1);
        if (i % 50 == 0) {
            rig_run(rig, 2);
            p.len = 0;
        }
    }
    p.len = 0;
    phone_invite(&p, "lobby", "after");
    phone_expect(&p, "SIP/2.0 200");
    assert_true(pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_gate_refused) >
                0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* The leak of the parser that needs one anonymous datagram: it must not be
 * reachable. Under ASan this test is the proof. */
static void multipart_bodies_never_reach_the_parser(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static char text[8000];
    phone_open(&p, rig, false, "127.0.0.1");
    pl_fmt_cut(text, sizeof text,
               "INVITE sip:ring@127.0.0.1 SIP/2.0\n"
               "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKq;rport\n"
               "From: <sip:p@x>;tag=q\nTo: <sip:y@z>\nCall-ID: q\n"
               "CSeq: 1 INVITE\nContact: <sip:p@127.0.0.1>\n"
               "Content-Type: multipart/mixed;boundary=x\n\n--x\n");
    size_t n = strlen(text);
    while (n + 32 < sizeof text - 600) {
        pl_fmt_cut(text + n, sizeof text - n, "Content-Type: a/b\n");
        n = strlen(text);
    }
    phone_send(&p, text);
    phone_expect(&p, "SIP/2.0 415");
    assert_string_equal(phone_header(&p, "Accept"), "application/sdp");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

enum { SENT = 60, RATE = 5, BURST = 2 * RATE };

static bool most_are_dropped(void *ctx)
{
    return pl_metrics_value(pl_sig_rig_metrics(ctx), PL_SIG_rate_limited) >=
           SENT / 2;
}

static void a_source_over_its_rate_is_dropped(void **state)
{
    (void)state;
    static const char *const settings[] = {"rate_per_source=5", NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    static phone other;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_open(&other, rig, false, "127.0.0.3");
    static const char options[] =
        "OPTIONS sip:127.0.0.1 SIP/2.0\n"
        "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;branch=z9hG4bKo\n"
        "From: <sip:p@x>;tag=1\nTo: <sip:y@z>\nCall-ID: o\nCSeq: 1 OPTIONS\n"
        "Content-Length: 0\n\n";
    for (unsigned i = 0; i < SENT; i++)
        phone_send(&p, options);
    rig_until(rig, most_are_dropped, rig);
    phone_send(&other, options);
    phone_expect(&other, "SIP/2.0 200");
    phone_close(&p);
    phone_close(&other);
    pl_sig_rig_destroy(&rig);
}

/* Nor is the parser for who answers what nobody asked. */
static void answers_that_nobody_waits_for_are_limited_too(void **state)
{
    (void)state;
    static const char *const settings[] = {"rate_per_source=5", NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    static const char ok[] =
        "SIP/2.0 200 OK\n"
        "Via: SIP/2.0/UDP 127.0.0.1:@PEER@;branch=z9hG4bKnone\n"
        "From: <sip:p@x>;tag=1\nTo: <sip:y@z>;tag=2\nCall-ID: o\n"
        "CSeq: 1 INVITE\nContact: <sip:y@127.0.0.1>\nContent-Length: 0\n\n";
    for (unsigned i = 0; i < SENT; i++)
        phone_send(&p, ok);
    rig_until(rig, most_are_dropped, rig);
    assert_true(pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_stray) >=
                BURST);
    phone_is_called(&p, ""); /* who is asked may answer */
    phone_expect(&p, "INVITE ");
    phone_reply(&p, "486 Busy", "x", "");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "ended", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* The answer to somebody unknown is no amplifier and tells nothing. */
static void an_unauthenticated_invite_leaves_no_state(void **state)
{
    (void)state;
    char users[] = "/tmp/pl-sig-users-XXXXXX";
    int fd = mkstemp(users);
    assert_true(fd >= 0);
    char setting[64];
    pl_fmt_cut(setting, sizeof setting, "users_file=%s", users);
    const char *const settings[] = {"inbound=digest", setting, NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    for (unsigned i = 0; i < 5; i++) {
        phone_invite(&p, i % 2 ? "lobby" : "nosuchroom", "same");
        phone_expect(&p, "SIP/2.0 401");
        assert_true(strlen(p.last) < 2 * 500);
    }
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 0);
    assert_int_equal(
        pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_transactions), 0);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "incoming"), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
    (void)remove(users);
}

static bool is_closed(void *ctx)
{
    return ((phone *)ctx)->is_closed;
}

static bool has_pong(void *ctx)
{
    return ((phone *)ctx)->len >= 2;
}

static void streams_keep_their_rules(void **state)
{
    (void)state;
    static const char *const settings[] = {"max_tcp_per_ip=2", NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone a;
    static phone b;
    static phone c;
    phone_open(&a, rig, true, "127.0.0.1");
    phone_open(&b, rig, true, "127.0.0.1");
    rig_run(rig, 20);
    phone_open(&c, rig, true, "127.0.0.1"); /* one too many */
    rig_until(rig, is_closed, &c);
    phone_send_bytes(&a, "\r\n\r\n", 4); /* RFC 5626 section 4.4.1 */
    rig_until(rig, has_pong, &a);
    assert_memory_equal(a.in, "\r\n", 2);
    a.len = 0;
    static const char text[] =
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
        "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKo\r\n"
        "From: <sip:p@x>;tag=1\r\nTo: <sip:y@z>\r\nCall-ID: o\r\n"
        "CSeq: 1 OPTIONS\r\nContent-Length: 3\r\n\r\nabc";
    for (size_t i = 0; i < sizeof text - 1; i++) { /* in single bytes */
        phone_send_bytes(&a, text + i, 1);
        if (i % 16 == 0)
            rig_run(rig, 1);
    }
    phone_expect(&a, "SIP/2.0 200");
    phone_send(&b, "OPTIONS sip:127.0.0.1 SIP/2.0\nCall-ID: no length\n\n");
    rig_until(rig, is_closed, &b); /* RFC 3261 section 18.3 */
    phone_close(&a);
    phone_close(&b);
    phone_close(&c);
    pl_sig_rig_destroy(&rig);
}

static bool no_calls(void *ctx)
{
    return pl_calls_count(pl_sig_rig_calls(ctx)) == 0;
}

/* The 200 has nowhere to go then: without an ACK to wait for, the call must
 * end by itself. */
static void a_caller_who_hangs_up_the_connection_leaves_no_call(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, true, "127.0.0.1");
    phone_invite(&p, "early", "gone");
    phone_expect(&p, "SIP/2.0 183");
    phone_close(&p);
    rig_until(rig, no_calls, rig);
    rig_until_said(rig, "ended", 1);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_else_can_end_a_call),
        cmocka_unit_test(noise_and_mangled_messages_do_no_harm),
        cmocka_unit_test(multipart_bodies_never_reach_the_parser),
        cmocka_unit_test(a_source_over_its_rate_is_dropped),
        cmocka_unit_test(answers_that_nobody_waits_for_are_limited_too),
        cmocka_unit_test(an_unauthenticated_invite_leaves_no_state),
        cmocka_unit_test(a_caller_who_hangs_up_the_connection_leaves_no_call),
        cmocka_unit_test(streams_keep_their_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
