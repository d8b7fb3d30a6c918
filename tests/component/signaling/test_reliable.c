/* test_reliable.c - reliable provisional responses, RFC 3262: ours and the
 * peer's, in order, repeated, lost, and in races. */
#include "phone.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

static const char *const WHERE_SUPPORTED[] = {"reliable_provisional=supported",
                                              NULL};

/* PRACK for the response in p->last, which stays there until its answer. */
static void prack(phone *p, const char *branch, unsigned cseq)
{
    char line[64];
    pl_fmt_cut(line, sizeof line, "RAck: %s 1 INVITE\n",
               phone_header(p, "RSeq"));
    phone_send_inside(p, "PRACK", branch, cseq, line, "");
}

static unsigned long rseq_of(const phone *p)
{
    return strtoul(phone_header(p, "RSeq"), NULL, 10);
}

/* ---- ours ---- */

static void only_who_asks_gets_reliable_responses(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *lines;
        bool is_reliable;
    } rows[] = {
        {NULL, "Require: 100rel\n", true},
        {NULL, "Supported: 100rel\n", false},
        {"reliable_provisional=supported", "Supported: timer, 100rel\n", true},
        {"reliable_provisional=supported", "", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const settings[] = {rows[i].setting, NULL};
        pl_sig_rig *rig = rig_open(settings);
        static phone p;
        phone_open(&p, rig, i % 2, "127.0.0.1");
        phone_invite_with(&p, "ring", "c1", rows[i].lines, true);
        phone_expect(&p, "SIP/2.0 180");
        assert_int_equal(rseq_of(&p) > 0, rows[i].is_reliable);
        assert_string_equal(phone_header(&p, "Require"),
                            rows[i].is_reliable ? "100rel" : "");
        assert_string_equal(phone_header(&p, "Content-Length"), "0");
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
    static const char *const never[] = {"reliable_provisional=never", NULL};
    pl_sig_rig *rig = rig_open(never);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "ring", "c1", "Require: 100rel\n", true);
    phone_expect(&p, "SIP/2.0 420");
    assert_string_equal(phone_header(&p, "Unsupported"), "100rel");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void it_is_repeated_until_its_prack(void **state)
{
    (void)state; /* section 3 */
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static char first[8192];
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "ring", "c1", "Require: 100rel\n", true);
    phone_expect(&p, "SIP/2.0 180");
    memcpy(first, p.last, sizeof first);
    phone_expect(&p, "SIP/2.0 180");
    assert_string_equal(p.last, first);
    phone_send_inside(&p, "PRACK", "w", 2, "RAck: 1 1 INVITE\n", "");
    phone_expect(&p, "SIP/2.0 481"); /* matches nothing */
    memcpy(p.last, first, sizeof first);
    phone_send_inside(&p, "PRACK", "n", 3, "", "");
    phone_expect(&p, "SIP/2.0 400");
    memcpy(p.last, first, sizeof first);
    prack(&p, "p", 4);
    phone_expect(&p, "SIP/2.0 200");
    assert_string_equal(phone_header(&p, "CSeq"), "4 PRACK");
    assert_false(phone_gets(&p, "SIP/2.0 180", 1500));
    memcpy(p.last, first, sizeof first);
    prack(&p, "again", 5); /* another PRACK for the same */
    phone_expect(&p, "SIP/2.0 481");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* Section 3: one at a time, and the 200 waits for the PRACK of an answer. */
static void one_at_a_time_and_the_200_waits(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone seen;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "early", "c1", "Require: 100rel\n", true);
    phone_expect(&p, "SIP/2.0 180");
    unsigned long rseq = rseq_of(&p);
    memcpy(seen.last, p.last, sizeof seen.last);
    assert_false(phone_gets(&p, "SIP/2.0 183", 300));
    memcpy(p.last, seen.last, sizeof p.last);
    prack(&p, "p1", 2);
    phone_expect(&p, "SIP/2.0 183");
    assert_int_equal(rseq_of(&p), rseq + 1);
    assert_non_null(strstr(p.last, "m=audio 40100"));
    memcpy(seen.last, p.last, sizeof seen.last);
    assert_false(phone_gets(&p,
                            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP "
                            "127.0.0.1:1;",
                            800)); /* time for the 200 */
    assert_int_equal(
        pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_calls_answered), 0);
    memcpy(p.last, seen.last, sizeof p.last);
    prack(&p, "p2", 3);
    do {
        phone_expect(&p, "SIP/2.0 200");
    } while (strcmp(phone_header(&p, "CSeq"), "1 INVITE") != 0);
    phone_ack(&p, "early", "c1");
    rig_until_said(rig, "confirmed", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void a_200_overtakes_a_180_whose_prack_comes_late(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(WHERE_SUPPORTED);
    static phone p;
    static phone seen;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "lobby", "c1", "Supported: 100rel\n", true);
    phone_expect(&p, "SIP/2.0 180");
    memcpy(seen.last, p.last, sizeof seen.last);
    phone_expect(&p, "SIP/2.0 200");
    phone_ack(&p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    memcpy(p.last, seen.last, sizeof p.last);
    prack(&p, "late", 2);
    do {
        phone_expect(&p, "SIP/2.0 200");
    } while (strcmp(phone_header(&p, "CSeq"), "2 PRACK") != 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void cancel_and_bye_win_over_a_held_200(void **state)
{
    (void)state;
    for (int is_bye = 0; is_bye < 2; is_bye++) {
        pl_sig_rig *rig = rig_open(NULL);
        static phone p;
        static phone seen;
        phone_open(&p, rig, false, "127.0.0.1");
        phone_invite_with(&p, "early", "c1", "Require: 100rel\n", true);
        phone_expect(&p, "SIP/2.0 180");
        prack(&p, "p1", 2);
        phone_expect(&p, "SIP/2.0 183");
        memcpy(seen.last, p.last, sizeof seen.last);
        rig_run(rig, 800); /* the 200 is asked for, and held */
        memcpy(p.last, seen.last, sizeof p.last);
        if (is_bye) {
            phone_send_inside(&p, "BYE", "b", 3, "", "");
        } else {
            phone_send(&p, "CANCEL sip:early@127.0.0.1:@PEER@ SIP/2.0\n"
                           "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;"
                           "branch=z9hG4bKc1;rport\n"
                           "From: \"P\" <sip:p@127.0.0.1>;tag=c1\n"
                           "To: <sip:early@127.0.0.1>\nCall-ID: c1\n"
                           "CSeq: 1 CANCEL\nContent-Length: 0\n\n");
        }
        phone_expect(&p, "SIP/2.0 487");
        memcpy(p.last, seen.last, sizeof p.last);
        prack(&p, "p2", 4);
        phone_expect(&p, "SIP/2.0 481");
        rig_until_said(rig, "ended", 1);
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void an_invite_without_an_offer_gets_none_before_the_200(void **state)
{
    (void)state; /* section 5: the first reliable one would bring ours */
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "hangup", "c1", "Require: 100rel\n", false);
    assert_false(phone_gets(&p, "SIP/2.0 180", 200));
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* ---- the peer's ---- */

static void each_is_acknowledged_in_order_and_told_once(void **state)
{
    (void)state; /* section 4 */
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone invite;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    assert_non_null(strstr(phone_header(&p, "Supported"), "100rel"));
    memcpy(invite.last, p.last, sizeof invite.last);
    phone_reply(&p, "183 Progress\nRequire: 100rel\nRSeq: 5", "one", "v=0");
    phone_expect(&p, "PRACK sip:q@127.0.0.1");
    assert_string_equal(phone_header(&p, "RAck"), "5 1 INVITE");
    assert_string_equal(phone_header(&p, "CSeq"), "2 PRACK");
    assert_non_null(strstr(phone_header(&p, "To"), "tag=one"));
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "early-media", 1);
    memcpy(p.last, invite.last, sizeof p.last); /* repeated */
    phone_reply(&p, "183 Progress\nRequire: 100rel\nRSeq: 5", "one", "v=0");
    memcpy(p.last, invite.last, sizeof p.last); /* 6 is missing */
    phone_reply(&p, "180 Ringing\nRequire: 100rel\nRSeq: 7", "one", "");
    assert_false(phone_gets(&p, "PRACK ", 200));
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "180 Ringing\nRequire: 100rel\nRSeq: 6", "one", "");
    phone_expect(&p, "PRACK ");
    assert_string_equal(phone_header(&p, "RAck"), "6 1 INVITE");
    phone_reply(&p, "200 OK", NULL, "");
    memcpy(p.last, invite.last, sizeof p.last); /* another telephone */
    phone_reply(&p, "180 Ringing\nRequire: 100rel\nRSeq: 900", "two", "");
    phone_expect(&p, "PRACK ");
    assert_non_null(strstr(phone_header(&p, "To"), "tag=two"));
    phone_reply(&p, "200 OK", NULL, "");
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "200 OK", "one", ""); /* the answer was in the 183 */
    phone_expect(&p, "ACK ");
    assert_string_equal(phone_header(&p, "CSeq"), "1 ACK");
    rig_until_said(rig, "answered", 1);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "early-media"),
                     1);
    /* two ring, and that is told once */
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "ringing"), 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    phone_expect(&p, "BYE ");
    assert_string_equal(phone_header(&p, "CSeq"), "5 BYE");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void a_cancelled_call_still_acknowledges(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    rig_run(rig, 100);
    phone_reply(&p, "180 Ringing\nRequire: 100rel\nRSeq: 1", "one", "");
    phone_expect(&p, "PRACK ");
    phone_expect(&p, "CANCEL ");
    assert_string_equal(phone_header(&p, "CSeq"), "1 CANCEL");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* ---- loss ---- */

static void ours_survive_loss(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    p.lose_every = 3;
    for (unsigned i = 0; i < 20; i++) {
        phone_invite_with(&p, "early", "c1", "Require: 100rel\n", true);
        if (phone_gets(&p, "SIP/2.0 180", 300))
            break;
    }
    unsigned cseq = 2;
    bool is_answered = false;
    for (unsigned i = 0; i < 60 && !is_answered; i++) {
        char branch[16];
        if (rseq_of(&p) > 0) {
            pl_fmt_cut(branch, sizeof branch, "p%u", cseq);
            prack(&p, branch, cseq++);
        }
        (void)phone_gets(&p, "SIP/2.0 ", 500);
        is_answered = strncmp(p.last, "SIP/2.0 200", 11) == 0 &&
                      strcmp(phone_header(&p, "CSeq"), "1 INVITE") == 0;
    }
    assert_true(is_answered);
    for (unsigned i = 0; i < 3; i++)
        phone_ack(&p, "early", "c1");
    rig_until_said(rig, "confirmed", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void theirs_survive_loss(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone invite;
    phone_open(&p, rig, false, "127.0.0.1");
    p.lose_every = 3;
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    memcpy(invite.last, p.last, sizeof invite.last);
    bool is_acked = false;
    for (unsigned i = 0; i < 20 && !is_acked; i++) {
        memcpy(p.last, invite.last, sizeof p.last);
        phone_reply(&p, "183 Progress\nRequire: 100rel\nRSeq: 1", "one", "v=0");
        is_acked = phone_gets(&p, "PRACK ", 600);
    }
    assert_true(is_acked);
    for (unsigned i = 0; i < 3; i++)
        phone_reply(&p, "200 OK", NULL, "");
    bool has_ack = false;
    for (unsigned i = 0; i < 20 && !has_ack; i++) {
        memcpy(p.last, invite.last, sizeof p.last);
        phone_reply(&p, "200 OK", "one", "");
        has_ack = phone_gets(&p, "ACK ", 600);
    }
    assert_true(has_ack);
    rig_until_said(rig, "answered", 1);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "early-media"),
                     1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_asks_gets_reliable_responses),
        cmocka_unit_test(it_is_repeated_until_its_prack),
        cmocka_unit_test(one_at_a_time_and_the_200_waits),
        cmocka_unit_test(a_200_overtakes_a_180_whose_prack_comes_late),
        cmocka_unit_test(cancel_and_bye_win_over_a_held_200),
        cmocka_unit_test(an_invite_without_an_offer_gets_none_before_the_200),
        cmocka_unit_test(each_is_acknowledged_in_order_and_told_once),
        cmocka_unit_test(a_cancelled_call_still_acknowledges),
        cmocka_unit_test(ours_survive_loss),
        cmocka_unit_test(theirs_survive_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
