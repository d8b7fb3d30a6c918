/* test_outbound.c - calls we make: answers, forks, cancellation, refusals. */
#include "phone.h"

#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

/* RFC 3261 section 13.2.2.4. */
static void every_200_is_acknowledged_and_forks_are_ended(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone first;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    assert_string_equal(phone_header(&p, "Max-Forwards"), "70");
    memcpy(first.last, p.last, sizeof first.last);
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    assert_non_null(strstr(phone_header(&p, "To"), "tag=one"));
    memcpy(p.last, first.last, sizeof p.last);
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    memcpy(p.last, first.last, sizeof p.last);
    phone_reply(&p, "200 OK", "two", "v=0");
    phone_expect(&p, "ACK ");
    assert_non_null(strstr(phone_header(&p, "To"), "tag=two"));
    phone_expect(&p, "BYE ");
    assert_non_null(strstr(phone_header(&p, "To"), "tag=two"));
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "answered", 1);
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    phone_expect(&p, "BYE ");
    assert_non_null(strstr(phone_header(&p, "To"), "tag=one"));
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "answered"), 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* The answer came while roompool started anew: it is told once it is back. */
static void an_answer_that_roompool_missed_is_told_again(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    pl_fake_pool *pool = pl_sig_rig_pool(rig);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    pl_fake_pool_command(pool, "away");
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "refused", 1);
    assert_int_equal(pl_fake_pool_count(pool, "answered"), 0);
    pl_fake_pool_command(pool, "back");
    pl_calls_repeat_reports(pl_sig_rig_calls(rig));
    rig_until_said(rig, "answered", 1);
    assert_non_null(strstr(pl_fake_pool_last(pool, "answered"), "sdp "));
    assert_null(strstr(pl_fake_pool_last(pool, "answered"), "sdp 0"));
    rig_run(rig, 50); /* taken: not told once more */
    pl_calls_repeat_reports(pl_sig_rig_calls(rig));
    rig_run(rig, 50);
    assert_int_equal(pl_fake_pool_count(pool, "answered"), 1);
    pl_fake_pool_command(pool, "end");
    phone_expect(&p, "BYE ");
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* RFC 3261 section 9.1: no CANCEL before a provisional response; an answer
 * that crosses it is acknowledged and ended. */
static void a_cancel_waits_and_may_lose_the_race(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone invite;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    memcpy(invite.last, p.last, sizeof invite.last);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    assert_false(phone_gets(&p, "CANCEL ", 200));
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "180 Ringing", "one", "");
    phone_expect(&p, "CANCEL ");
    assert_string_equal(phone_header(&p, "CSeq"), "1 CANCEL");
    phone_reply(&p, "200 OK", "one", "");
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    phone_expect(&p, "BYE ");
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "answered"), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void refusals_and_redirections_are_reported(void **state)
{
    (void)state;
    static const char *const rows[] = {"302 Moved", "404 Not Found",
                                       "603 Decline"};
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char want[8];
        phone_is_called(&p, "");
        phone_expect(&p, "INVITE ");
        phone_reply(&p, rows[i], "x", "");
        phone_expect(&p, "ACK ");
        rig_until_said(rig, "ended", i + 1);
        pl_fmt_cut(want, sizeof want, " %.3s ", rows[i]);
        assert_non_null(
            strstr(pl_fake_pool_last(pl_sig_rig_pool(rig), "ended"), want));
    }
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* A 302 to that user of this telephone, answered to p->last. */
static void send_on(phone *p, const char *uri)
{
    char status[128];
    pl_fmt_cut(status, sizeof status, "302 Moved\nContact: <sip:%s>", uri);
    phone_reply(p, status, "x", "");
}

/* RFC 3261 section 8.1.3.4; lose: of so many messages one is lost. */
static void follow(const char *const *to, unsigned n_followed, unsigned lose)
{
    static const char *const settings[] = {"follow_redirects=true", NULL};
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    p.lose_every = lose;
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE sip:q@");
    char id[128];
    char from[256];
    pl_fmt_cut(id, sizeof id, "%s", phone_header(&p, "Call-ID"));
    pl_fmt_cut(from, sizeof from, "%s", phone_header(&p, "From"));
    for (unsigned k = 0; to[k] && k <= n_followed; k++) {
        char uri[64];
        char want[80];
        static phone seen;
        bool has_host = strchr(to[k], '@') != NULL;
        pl_fmt_cut(uri, sizeof uri, has_host ? "%s" : "%s@127.0.0.1:%u", to[k],
                   p.port);
        pl_fmt_cut(want, sizeof want, "INVITE sip:%s ", uri);
        memcpy(seen.last, p.last, sizeof seen.last);
        send_on(&p, uri);
        if (k == n_followed)
            break; /* and this one is not */
        while (!phone_gets(&p, want, 300)) {
            memcpy(p.last, seen.last, sizeof p.last);
            send_on(&p, uri);
        }
        assert_string_equal(phone_header(&p, "Call-ID"), id);
        assert_string_equal(phone_header(&p, "From"), from);
        assert_non_null(strstr(phone_header(&p, "To"), "sip:q@"));
    }
    p.lose_every = 0;
    if (!to[n_followed] || lose)
        phone_reply(&p, "486 Busy", "x", "");
    rig_until_said(rig, "ended", 1);
    assert_int_equal(
        pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_redirects),
        n_followed);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void redirections_are_followed_where_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *to[5]; /* at our telephone when no host is named */
        unsigned n_followed;
    } rows[] = {
        {{"a", NULL}, 1},
        {{"a", "b", "c", "d", NULL}, 3}, /* no more than three */
        {{"a@192.0.2.1", NULL}, 0},      /* not in outbound_allow */
        {{"a@224.0.0.1", NULL}, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        follow(rows[i].to, rows[i].n_followed, 0);
    static const char *const lossy[] = {"a", "b", NULL};
    follow(lossy, 2, 3);
    static const char *const circle[] = {"a", "b", "a", NULL};
    follow(circle, 2, 0);
}

/* A stranger's challenge gets no credentials: none are configured for it. */
static void foreign_challenges_are_not_answered(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    phone_reply(&p,
                "401 Unauthorized\nWWW-Authenticate: Digest realm=\"x\", "
                "nonce=\"n\", qop=\"auth\"",
                "x", "");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "ended", 1);
    assert_false(phone_gets(&p, "INVITE ", 100));
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* A call to a telephone that answered; roompool wants to change it, and the
 * telephone has our re-INVITE, which is left in p->last. */
static void reinvite(phone *p, pl_sig_rig *rig)
{
    phone_open(p, rig, false, "127.0.0.1");
    phone_is_called(p, "");
    phone_expect(p, "INVITE ");
    phone_reply(p, "200 OK", "one", "v=0");
    phone_expect(p, "ACK ");
    rig_until_said(rig, "answered", 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "offer");
    phone_expect(p, "INVITE ");
}

/* The INVITE of that CSeq; on a slow machine an earlier one comes again. */
static void expect_invite(phone *p, const char *cseq)
{
    do {
        phone_expect(p, "INVITE ");
    } while (strcmp(phone_header(p, "CSeq"), cseq) != 0);
}

static void glare_is_491_and_a_lost_dialog_ends(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    reinvite(&p, rig); /* theirs crosses ours: RFC 3261 14.2 */
    static phone ours;
    memcpy(ours.last, p.last, sizeof ours.last);
    phone_send_inside(&p, "INVITE", "glare", 1, "", "");
    phone_expect(&p, "SIP/2.0 491");
    memcpy(p.last, ours.last, sizeof p.last);
    phone_reply(&p, "481 Gone", NULL, "");
    phone_expect(&p, "BYE ");
    phone_reply(&p, "481 Gone", NULL, "");
    rig_until_said(rig, "ended", 1);
    rig_until_said(rig, "offer-refused", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* RFC 3261 section 14.1. */
static void our_offer_that_met_theirs_is_sent_again(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    reinvite(&p, rig);
    phone_reply(&p, "491 Request Pending", NULL, "");
    phone_expect(&p, "ACK ");
    expect_invite(&p, "3 INVITE");
    phone_reply(&p, "200 OK", NULL, "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "offer-answered", 1);
    assert_int_equal(pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_glare),
                     1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* Ours waits and theirs is served: what we offered is of before then, and
 * roompool is asked for another. */
static void theirs_makes_our_waiting_offer_stale(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    reinvite(&p, rig);
    static phone ours;
    memcpy(ours.last, p.last, sizeof ours.last);
    phone_reply(&p, "491 Request Pending", NULL, "");
    phone_expect(&p, "ACK ");
    phone_send_inside(&p, "INVITE", "theirs", 1, "", "");
    phone_expect(&p, "SIP/2.0 200");
    memcpy(p.last, ours.last, sizeof p.last);
    phone_send_inside(&p, "ACK", "theirack", 1, "", "");
    rig_until_said(rig, "offer-refused", 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "offer");
    expect_invite(&p, "3 INVITE");
    phone_reply(&p, "200 OK", NULL, "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "offer-answered", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* Their INVITE is under way when roompool wants a change: no two at once. */
static void our_offer_waits_for_theirs(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    reinvite(&p, rig);
    phone_reply(&p, "200 OK", NULL, "v=0");
    phone_expect(&p, "ACK ");
    static phone ours;
    memcpy(ours.last, p.last, sizeof ours.last);
    phone_send_inside(&p, "INVITE", "theirs", 1, "", "");
    phone_expect(&p, "SIP/2.0 200"); /* and no ACK yet */
    pl_fake_pool_command(pl_sig_rig_pool(rig), "offer");
    assert_false(phone_gets(&p, "INVITE ", 300));
    memcpy(p.last, ours.last, sizeof p.last);
    phone_send_inside(&p, "ACK", "theirack", 1, "", "");
    expect_invite(&p, "3 INVITE");
    phone_reply(&p, "200 OK", NULL, "v=0");
    rig_until_said(rig, "offer-answered", 2);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_200_is_acknowledged_and_forks_are_ended),
        cmocka_unit_test(an_answer_that_roompool_missed_is_told_again),
        cmocka_unit_test(a_cancel_waits_and_may_lose_the_race),
        cmocka_unit_test(refusals_and_redirections_are_reported),
        cmocka_unit_test(redirections_are_followed_where_allowed),
        cmocka_unit_test(foreign_challenges_are_not_answered),
        cmocka_unit_test(glare_is_491_and_a_lost_dialog_ends),
        cmocka_unit_test(our_offer_that_met_theirs_is_sent_again),
        cmocka_unit_test(theirs_makes_our_waiting_offer_stale),
        cmocka_unit_test(our_offer_waits_for_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
