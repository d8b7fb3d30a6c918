/* test_update.c - UPDATE from the peer, RFC 3311: in calls that stand and in
 * those that ring, with an offer and without, and when offers cross. */
#include "phone.h"

#include <string.h>

#include "pl/str.h"

static const char OFFER[] = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"
                            "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                            "m=audio 4002 RTP/AVP 0\r\n";

/* A call that stands, of the peer or ours; a message of its dialog is left in
 * p->last. */
static void stand(phone *p, pl_sig_rig *rig, bool is_ours)
{
    static phone seen;
    phone_open(p, rig, false, "127.0.0.1");
    if (is_ours) {
        phone_is_called(p, "");
        phone_expect(p, "INVITE ");
        phone_reply(p, "200 OK", "one", "v=0");
        phone_expect(p, "ACK ");
        rig_until_said(rig, "answered", 1);
        return;
    }
    phone_invite(p, "lobby", "c1");
    phone_expect(p, "SIP/2.0 200");
    memcpy(seen.last, p->last, sizeof seen.last);
    phone_ack(p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    memcpy(p->last, seen.last, sizeof p->last);
}

static void a_refresh_and_an_offer_are_answered(void **state)
{
    (void)state;
    for (int is_ours = 0; is_ours < 2; is_ours++) {
        pl_sig_rig *rig = rig_open(NULL);
        static phone p;
        static phone seen;
        stand(&p, rig, is_ours);
        memcpy(seen.last, p.last, sizeof seen.last);
        phone_send_inside(&p, "UPDATE", "u1", 11,
                          "Supported: timer\n"
                          "Session-Expires: 600;refresher=uac\n",
                          "");
        phone_expect(&p, "SIP/2.0 200");
        assert_string_equal(phone_header(&p, "Session-Expires"),
                            "600;refresher=uac");
        assert_string_equal(phone_header(&p, "Content-Length"), "0");
        assert_non_null(strstr(phone_header(&p, "Contact"), "sip:"));
        assert_non_null(strstr(phone_header(&p, "Allow"), "UPDATE"));
        memcpy(p.last, seen.last, sizeof p.last);
        phone_send_inside(&p, "UPDATE", "u2", 12, "", OFFER);
        phone_expect(&p, "SIP/2.0 200");
        assert_non_null(strstr(p.last, "m=audio 40100"));
        rig_until_said(rig, "offer", 1);
        memcpy(p.last, seen.last, sizeof p.last);
        phone_send_inside(&p, "UPDATE", "u3", 12, "", ""); /* number is old */
        phone_expect(&p, "SIP/2.0 500");
        memcpy(p.last, seen.last, sizeof p.last);
        phone_send_inside(&p, "UPDATE", "u4", 13,
                          "Supported: timer\nSession-Expires: 5\n", "");
        phone_expect(&p, "SIP/2.0 422");
        assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "offer"), 1);
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void an_update_changes_where_requests_go(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    stand(&p, rig, false); /* its Contact was sip:p@.. */
    phone_send_inside(&p, "UPDATE", "u1", 2, "", "");
    phone_expect(&p, "SIP/2.0 200");
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    phone_expect(&p, "BYE sip:q@127.0.0.1");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* RFC 3311 section 5.2. */
static void offers_that_cross_are_refused(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone seen;
    stand(&p, rig, true);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "offer");
    phone_expect(&p, "INVITE "); /* ours is open now */
    memcpy(seen.last, p.last, sizeof seen.last);
    phone_send_inside(&p, "UPDATE", "u1", 1, "", OFFER);
    phone_expect(&p, "SIP/2.0 491");
    memcpy(p.last, seen.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u2", 2, "", ""); /* no offer: served */
    phone_expect(&p, "SIP/2.0 200");
    memcpy(p.last, seen.last, sizeof p.last);
    phone_reply(&p, "200 OK", NULL, "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "offer-answered", 1);
    memcpy(p.last, seen.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u3", 3, "", OFFER); /* and one more */
    phone_send_inside(&p, "UPDATE", "u4", 4, "", OFFER);
    phone_send_inside(&p, "UPDATE", "u5", 5, "", ""); /* one at a time */
    for (unsigned i = 0; i < 2; i++) {
        phone_expect(&p, "SIP/2.0 500");
        assert_string_not_equal(phone_header(&p, "Retry-After"), "");
    }
    phone_expect(&p, "SIP/2.0 200");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void before_the_answer_offers_are_refused(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone seen;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "ring", "c1");
    phone_expect(&p, "SIP/2.0 180");
    memcpy(seen.last, p.last, sizeof seen.last);
    phone_send_inside(&p, "UPDATE", "u1", 2, "", OFFER);
    phone_expect(&p, "SIP/2.0 500"); /* its first has no answer yet */
    assert_string_not_equal(phone_header(&p, "Retry-After"), "");
    memcpy(p.last, seen.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u2", 3, "", "");
    phone_expect(&p, "SIP/2.0 200");
    memcpy(p.last, seen.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u3", 4, "Content-Type: text/plain\n", "");
    phone_expect(&p, "SIP/2.0 200");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void a_telephone_that_rings_may_update(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone invite;
    static phone early;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    memcpy(invite.last, p.last, sizeof invite.last);
    phone_reply(&p, "183 Progress\nRequire: 100rel\nRSeq: 1", "one", "v=0");
    phone_expect(&p, "PRACK ");
    phone_reply(&p, "200 OK", NULL, "");
    memcpy(early.last, p.last, sizeof early.last);
    phone_send_inside(&p, "UPDATE", "u1", 7, "", "");
    phone_expect(&p, "SIP/2.0 200");
    memcpy(p.last, early.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u2", 8, "", OFFER);
    phone_expect(&p, "SIP/2.0 488"); /* the answer is there; no more now */
    memcpy(p.last, early.last, sizeof p.last);
    phone_send_inside(&p, "BYE", "b", 9, "", "");
    phone_expect(&p, "SIP/2.0 481"); /* RFC 3261 section 15 */
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "180 Ringing", "two", "");
    rig_until_said(rig, "ringing", 1);
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "200 OK", "one", "");
    phone_expect(&p, "ACK ");
    memcpy(p.last, early.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u3", 8, "", ""); /* numbers go on */
    phone_expect(&p, "SIP/2.0 500");
    memcpy(p.last, early.last, sizeof p.last);
    phone_send_inside(&p, "UPDATE", "u4", 10, "", "");
    phone_expect(&p, "SIP/2.0 200");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void an_update_survives_loss(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    static phone seen;
    stand(&p, rig, false);
    memcpy(seen.last, p.last, sizeof seen.last);
    p.lose_every = 2;
    bool is_answered = false;
    for (unsigned i = 0; i < 20 && !is_answered; i++) {
        memcpy(p.last, seen.last, sizeof p.last);
        phone_send_inside(&p, "UPDATE", "u1", 2, "", OFFER);
        is_answered = phone_gets(&p, "SIP/2.0 200", 300) &&
                      strcmp(phone_header(&p, "CSeq"), "2 UPDATE") == 0;
    }
    assert_true(is_answered);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "offer"), 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refresh_and_an_offer_are_answered),
        cmocka_unit_test(an_update_changes_where_requests_go),
        cmocka_unit_test(offers_that_cross_are_refused),
        cmocka_unit_test(before_the_answer_offers_are_refused),
        cmocka_unit_test(a_telephone_that_rings_may_update),
        cmocka_unit_test(an_update_survives_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
