/* test_inbound.c - calls to us: answers, repetitions, races, limits. */
#include "phone.h"

#include <stdio.h>
#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"
#include "sip_msg.h"

static void a_call_is_answered_and_hung_up(void **state)
{
    (void)state;
    for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
        pl_sig_rig *rig = rig_open(NULL);
        static phone p;
        phone_open(&p, rig, is_tcp, "127.0.0.1");
        phone_invite(&p, "lobby", "c1");
        phone_expect(&p, "SIP/2.0 100");
        phone_expect(&p, "SIP/2.0 180");
        phone_expect(&p, "SIP/2.0 200");
        assert_non_null(strstr(p.last, "m=audio 40100"));
        phone_ack(&p, "lobby", "c1");
        rig_until_said(rig, "confirmed", 1);
        phone_bye(&p, "lobby", "c1");
        phone_expect(&p, "SIP/2.0 200");
        rig_until_said(rig, "ended", 1);
        assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 0);
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

/* RFC 3261 section 13.3.1.4: the 2xx comes again, byte for byte, until the
 * ACK, and once more for each repeated INVITE. */
static void a_200_is_repeated_until_the_ack(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static char first[8192];
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    memcpy(first, p.last, sizeof first);
    phone_expect(&p, "SIP/2.0 200");
    assert_string_equal(p.last, first);
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    assert_string_equal(p.last, first);
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 1);
    phone_ack(&p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "incoming"), 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void the_same_call_by_another_path_is_482(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "ring", "c1");
    phone_expect(&p, "SIP/2.0 180");
    phone_send(&p, "INVITE sip:ring@127.0.0.1 SIP/2.0\n"
                   "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;branch=z9hG4bKother\n"
                   "From: <sip:p@127.0.0.1>;tag=c1\nTo: <sip:ring@127.0.0.1>\n"
                   "Call-ID: c1\nCSeq: 1 INVITE\nContact: <sip:p@127.0.0.1>\n"
                   "Content-Length: 0\n\n");
    phone_expect(&p, "SIP/2.0 482"); /* RFC 3261 section 8.2.2.2 */
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void an_answer_follows_rport(void **state)
{
    (void)state; /* RFC 3581 section 4 */
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    char want[64];
    phone_open(&p, rig, false, "127.0.0.1");
    phone_send(&p, "OPTIONS sip:127.0.0.1 SIP/2.0\n"
                   "Via: SIP/2.0/UDP 10.9.8.7:9;branch=z9hG4bKo;rport\n"
                   "From: <sip:p@x>;tag=1\nTo: <sip:y@z>\nCall-ID: o\n"
                   "CSeq: 1 OPTIONS\nContent-Length: 0\n\n");
    phone_expect(&p, "SIP/2.0 200");
    pl_fmt_cut(want, sizeof want, "rport=%u", p.port);
    assert_non_null(strstr(phone_header(&p, "Via"), want));
    assert_non_null(strstr(phone_header(&p, "Via"), "received=127.0.0.1"));
    assert_string_equal(phone_header(&p, "Server"), "");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* RFC 3261 section 11.2: what is told is what is served. */
static void options_tell_what_is_supported(void **state)
{
    (void)state;
    static const char *const less[] = {"reliable_provisional=never",
                                       "session_expires_s=0", NULL};
    static const struct {
        const char *const *settings;
        const char *supported;
    } rows[] = {{NULL, "100rel, timer, replaces, norefersub"},
                {less, "replaces, norefersub"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sig_rig *rig = rig_open(rows[i].settings);
        static phone p;
        phone_open(&p, rig, false, "127.0.0.1");
        phone_send(&p, "OPTIONS sip:127.0.0.1 SIP/2.0\n"
                       "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;branch=z9hG4bKo\n"
                       "From: <sip:p@x>;tag=1\nTo: <sip:y@z>\nCall-ID: o\n"
                       "CSeq: 1 OPTIONS\nContent-Length: 0\n\n");
        phone_expect(&p, "SIP/2.0 200");
        assert_string_equal(phone_header(&p, "Supported"), rows[i].supported);
        assert_string_equal(phone_header(&p, "Allow"), PL_SIP_ALLOW);
        assert_string_equal(phone_header(&p, "Accept"), "application/sdp");
        phone_invite(&p, "lobby", "c1");
        phone_expect(&p, "SIP/2.0 200");
        phone_ack(&p, "lobby", "c1");
        phone_send_inside(&p, "OPTIONS", "o1", 2, "", "");
        phone_expect(&p, "SIP/2.0 200");
        assert_string_equal(phone_header(&p, "CSeq"), "2 OPTIONS");
        assert_string_equal(phone_header(&p, "Supported"), rows[i].supported);
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

/* Who subscribes, or is told of what nobody here subscribed to. */
static void events_are_not_served(void **state)
{
    static const struct {
        const char *method, *answer;
    } rows[] = {{"SUBSCRIBE", "SIP/2.0 405"}, {"NOTIFY", "SIP/2.0 481"}};
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        pl_fmt_cut(text, sizeof text,
                   "%s sip:lobby@127.0.0.1 SIP/2.0\n"
                   "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;branch=z9hG4bK%s\n"
                   "From: <sip:p@x>;tag=1\nTo: <sip:y@z>\nCall-ID: o\n"
                   "CSeq: 1 %s\nEvent: presence\n"
                   "Contact: <sip:p@127.0.0.1>\nContent-Length: 0\n\n",
                   rows[i].method, rows[i].method, rows[i].method);
        phone_send(&p, text);
        phone_expect(&p, rows[i].answer);
    }
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void roompool_that_is_silent_or_away_means_503(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "silent", "c1");
    phone_expect(&p, "SIP/2.0 503");
    assert_string_equal(phone_header(&p, "Retry-After"), "5");
    phone_ack(&p, "silent", "c1");
    pl_calls_set_link(pl_sig_rig_calls(rig), false);
    phone_invite(&p, "lobby", "c2");
    phone_expect(&p, "SIP/2.0 503");
    assert_string_equal(phone_header(&p, "Retry-After"), "5");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void calls_are_bounded(void **state)
{
    (void)state;
    static const char *const settings[] = {"max_calls=2", NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "ring", "c1");
    phone_expect(&p, "SIP/2.0 180");
    phone_invite(&p, "ring", "c2");
    phone_expect(&p, "SIP/2.0 180");
    phone_invite(&p, "ring", "c3");
    phone_expect(&p, "SIP/2.0 503");
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 2);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void a_call_nobody_answers_gets_480(void **state)
{
    (void)state;
    static const char *const settings[] = {"answer_timeout_ms=1000", NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "ring", "c1");
    phone_expect(&p, "SIP/2.0 480");
    rig_until_said(rig, "ended", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void on_drained(void *ctx)
{
    *(bool *)ctx = true;
}

static bool is_true(void *ctx)
{
    return *(bool *)ctx;
}

/* Respond to the request taken last. */
static void respond(phone *p, const char *status)
{
    char answer[2048];
    pl_fmt_cut(answer, sizeof answer, "SIP/2.0 %s\nVia: %s\n", status,
               phone_header(p, "Via"));
    static const char *const names[] = {"From", "To", "Call-ID", "CSeq"};
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t n = strlen(answer);
        pl_fmt_cut(answer + n, sizeof answer - n, "%s: %s\n", names[i],
                   phone_header(p, names[i]));
    }
    size_t n = strlen(answer);
    pl_fmt_cut(answer + n, sizeof answer - n, "Content-Length: 0\n\n");
    phone_send(p, answer);
}

static void draining_takes_no_calls_and_ends_the_rest(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    bool is_drained = false;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    phone_ack(&p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    pl_calls_drain(pl_sig_rig_calls(rig), 300, on_drained, &is_drained);
    phone_invite(&p, "lobby", "c2");
    phone_expect(&p, "SIP/2.0 503");
    assert_false(is_drained);
    phone_expect(&p, "BYE ");
    assert_non_null(strstr(phone_header(&p, "Reason"), "shutting down"));
    respond(&p, "200 OK");
    rig_until(rig, is_true, &is_drained);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static const char *const PROBED[] = {"probe_s=1", NULL};

static void who_answers_options_stays_and_who_forgot_the_call_goes(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(PROBED);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    phone_ack(&p, "lobby", "c1");
    static const char *const alive[] = {"200 OK", "501 Not Implemented"};
    for (size_t i = 0; i < COUNT(alive); i++) {
        phone_expect(&p, "OPTIONS sip:p@127.0.0.1");
        assert_string_equal(phone_header(&p, "Call-ID"), "c1");
        assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 1);
        respond(&p, alive[i]);
    }
    phone_expect(&p, "OPTIONS ");
    respond(&p, "481 Call Does Not Exist");
    phone_expect(&p, "BYE ");
    respond(&p, "481 Call Does Not Exist");
    rig_until_said(rig, "ended", 1);
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void who_vanishes_leaves_no_call(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(PROBED);
    static phone p;
    phone_open(&p, rig, true, "127.0.0.1");
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    phone_ack(&p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    phone_close(&p);
    rig_until_said(rig, "ended", 1);
    assert_int_equal(
        pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_peers_gone), 1);
    pl_sig_rig_destroy(&rig);
}

static void every_call_is_named_in_the_inventory(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "ring", "c1");
    phone_expect(&p, "SIP/2.0 180");
    phone_invite(&p, "ring", "c2");
    phone_expect(&p, "SIP/2.0 180");
    pl_calls_send_inventory(pl_sig_rig_calls(rig));
    rig_until_said(rig, "inventory", 2);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static bool has_no_calls(void *ctx)
{
    return pl_calls_count(pl_sig_rig_calls(ctx)) == 0;
}

/* Whatever the bus loses, no call stays for ever. */
static void a_lossy_bus_leaves_no_call_behind(void **state)
{
    (void)state;
    static const char *const settings[] = {"answer_timeout_ms=3000", NULL};
    pl_sig_rig *rig = rig_open(settings);
    pl_bus_faults faults = {.drop_permille = 300,
                            .duplicate_permille = 200,
                            .delay_us = 1000,
                            .jitter_us = 5000};
    pl_bus_hub_set_faults(pl_sig_rig_hub(rig), &faults);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    for (unsigned i = 0; i < 20; i++) {
        char call[16];
        pl_fmt_cut(call, sizeof call, "l%u", i);
        phone_invite(&p, "lobby", call);
        rig_run(rig, 30);
        if (phone_gets(&p, "SIP/2.0 200", 100)) {
            phone_ack(&p, "lobby", call);
            phone_bye(&p, "lobby", call);
        }
    }
    bool is_drained = false;
    pl_calls_drain(pl_sig_rig_calls(rig), 60000, on_drained, &is_drained);
    pl_loop *loop = pl_sig_rig_loop(rig);
    int64_t end_us = pl_loop_now_us(loop) + 40000000;
    while (!has_no_calls(rig) && pl_loop_now_us(loop) < end_us) {
        if (!phone_gets(&p, "SIP/2.0 200", 100))
            continue;
        char call[256]; /* a late answer, or the answer to a BYE */
        pl_fmt_cut(call, sizeof call, "%s", phone_header(&p, "Call-ID"));
        phone_ack(&p, "lobby", call);
        phone_bye(&p, "lobby", call);
    }
    assert_true(has_no_calls(rig));
    assert_true(is_drained);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered_and_hung_up),
        cmocka_unit_test(a_200_is_repeated_until_the_ack),
        cmocka_unit_test(the_same_call_by_another_path_is_482),
        cmocka_unit_test(an_answer_follows_rport),
        cmocka_unit_test(options_tell_what_is_supported),
        cmocka_unit_test(events_are_not_served),
        cmocka_unit_test(roompool_that_is_silent_or_away_means_503),
        cmocka_unit_test(calls_are_bounded),
        cmocka_unit_test(a_call_nobody_answers_gets_480),
        cmocka_unit_test(draining_takes_no_calls_and_ends_the_rest),
        cmocka_unit_test(
            who_answers_options_stays_and_who_forgot_the_call_goes),
        cmocka_unit_test(who_vanishes_leaves_no_call),
        cmocka_unit_test(every_call_is_named_in_the_inventory),
        cmocka_unit_test(a_lossy_bus_leaves_no_call_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
