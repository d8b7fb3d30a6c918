/* test_refer.c - transfers: REFER from the peer and to it, INVITE with Replaces
 * (RFC 3515, 3891, 3892, 4488). */
#include "phone.h"

#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

static unsigned said(pl_sig_rig *rig, const char *what)
{
    return pl_fake_pool_count(pl_sig_rig_pool(rig), what);
}

static const char *last(pl_sig_rig *rig, const char *what)
{
    return pl_fake_pool_last(pl_sig_rig_pool(rig), what);
}

static void tell(pl_sig_rig *rig, const char *line)
{
    pl_fake_pool_command(pl_sig_rig_pool(rig), line);
}

/* A call to us that stands; its 200 is in p->last and in ok. */
static pl_sig_rig *call_with(const char *const *settings, phone *p, phone *ok,
                             bool is_tcp)
{
    pl_sig_rig *rig = rig_open(settings);
    phone_open(p, rig, is_tcp, "127.0.0.1");
    phone_invite(p, "lobby", "c1");
    phone_expect(p, "SIP/2.0 200");
    memcpy(ok->last, p->last, sizeof ok->last);
    phone_ack(p, "lobby", "c1");
    rig_until_said(rig, "confirmed", 1);
    memcpy(p->last, ok->last, sizeof p->last);
    return rig;
}

static pl_sig_rig *call(phone *p, phone *ok, bool is_tcp)
{
    return call_with(NULL, p, ok, is_tcp);
}

static void close_all(phone *p, pl_sig_rig **rig)
{
    phone_close(p);
    pl_sig_rig_destroy(rig);
}

/* A request inside the call whose 200 is ok. */
static void ask(phone *p, const phone *ok, const char *method, unsigned cseq,
                const char *extra)
{
    char branch[32];
    memcpy(p->last, ok->last, sizeof p->last);
    pl_fmt_cut(branch, sizeof branch, "%s%u", method, cseq);
    phone_send_inside(p, method, branch, cseq, extra, "");
}

static void who_refers_is_told_how_it_goes(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    for (unsigned is_tcp = 0; is_tcp < 2; is_tcp++) {
        pl_sig_rig *rig = call(&p, &ok, is_tcp);
        ask(&p, &ok, "REFER", 2,
            "Refer-To: <sip:bob@127.0.0.1>\nReferred-By: <sip:p@x>\n");
        phone_expect(&p, "SIP/2.0 202");
        phone_expect(&p, "NOTIFY ");
        assert_string_equal(phone_header(&p, "Event"), "refer");
        assert_string_equal(phone_header(&p, "Content-Type"),
                            "message/sipfrag;version=2.0");
        assert_non_null(
            strstr(phone_header(&p, "Subscription-State"), "active;expires="));
        assert_non_null(strstr(p.last, "\r\n\r\nSIP/2.0 100 Trying\r\n"));
        phone_reply(&p, "200 OK", NULL, "");
        assert_non_null(strstr(last(rig, "refer"), " to sip:bob@127.0.0.1 by "
                                                   "<sip:p@x>"));
        tell(rig, "referred 180");
        phone_expect(&p, "NOTIFY ");
        assert_non_null(strstr(p.last, "\r\n\r\nSIP/2.0 180 Ringing"));
        phone_reply(&p, "200 OK", NULL, "");
        ask(&p, &ok, "REFER", 3, "Refer-To: sip:eve@127.0.0.1\n");
        phone_expect(&p, "SIP/2.0 491"); /* one at a time */
        tell(rig, "referred 200");
        phone_expect(&p, "NOTIFY ");
        assert_non_null(strstr(p.last, "\r\n\r\nSIP/2.0 200 OK"));
        assert_string_equal(phone_header(&p, "Subscription-State"),
                            "terminated;reason=noresource");
        phone_reply(&p, "200 OK", NULL, "");
        ask(&p, &ok, "REFER", 4, /* the next one */
            "r: sip:eve@127.0.0.1\nb: <sip:p@x>;a=\n b\n");
        phone_expect(&p, "NOTIFY ");
        assert_string_equal(phone_header(&p, "Event"), "refer;id=4");
        assert_null(strstr(last(rig, "refer"), "<sip:p@x>")); /* two lines */
        phone_reply(&p, "200 OK", NULL, "");
        tell(rig, "referred 486");
        phone_expect(&p, "NOTIFY ");
        phone_reply(&p, "200 OK", NULL, "");
        assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 1);
        close_all(&p, &rig);
    }
}

static void a_refer_may_overtake_its_ack(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    pl_sig_rig *rig = rig_open(NULL);
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "lobby", "c1");
    phone_expect(&p, "SIP/2.0 200");
    memcpy(ok.last, p.last, sizeof ok.last);
    ask(&p, &ok, "REFER", 2, "Refer-To: <sip:auto@127.0.0.1>\n");
    phone_expect(&p, "SIP/2.0 202");
    phone_expect(&p, "NOTIFY ");
    phone_reply(&p, "200 OK", NULL, "");
    do {
        phone_expect(&p, "NOTIFY ");
        phone_reply(&p, "200 OK", NULL, "");
    } while (strncmp(phone_header(&p, "Subscription-State"), "active", 6) == 0);
    close_all(&p, &rig);
}

/* Anybody may call us; whom the configuration names is known. */
static void who_refers_may_be_a_stranger(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"allowed_networks=127.0.0.1", NULL},
        {"trusted_networks=127.0.0.1", NULL},
        {"allowed_networks=192.0.2.1", NULL}};
    static phone p;
    static phone ok;
    for (unsigned i = 0; i < COUNT(known); i++) {
        pl_sig_rig *rig = call_with(known[i], &p, &ok, false);
        ask(&p, &ok, "REFER", 2, "Refer-To: <sip:bob@127.0.0.1>\n");
        rig_until_said(rig, "refer", 1);
        assert_int_equal(strstr(last(rig, "refer"), " stranger") != NULL,
                         i == 2);
        close_all(&p, &rig);
    }
}

/* The next REFER comes before the 200 to the last NOTIFY. */
static void a_quick_referrer_is_told_too(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    static phone late;
    pl_sig_rig *rig = call(&p, &ok, true);
    ask(&p, &ok, "REFER", 2, "Refer-To: <sip:bob@127.0.0.1>\n");
    phone_expect(&p, "NOTIFY ");
    phone_reply(&p, "200 OK", NULL, "");
    tell(rig, "referred 486");
    phone_expect(&p, "NOTIFY ");
    memcpy(late.last, p.last, sizeof late.last);
    ask(&p, &ok, "REFER", 3, "Refer-To: <sip:eve@127.0.0.1>\n");
    phone_expect(&p, "SIP/2.0 202");
    memcpy(p.last, late.last, sizeof p.last);
    phone_reply(&p, "200 OK", NULL, "");
    phone_expect(&p, "NOTIFY ");
    assert_string_equal(phone_header(&p, "Event"), "refer;id=3");
    phone_reply(&p, "200 OK", NULL, "");
    tell(rig, "referred 200");
    phone_expect(&p, "NOTIFY ");
    assert_non_null(strstr(p.last, "\r\n\r\nSIP/2.0 200 OK"));
    phone_reply(&p, "200 OK", NULL, "");
    close_all(&p, &rig);
}

static void who_wants_no_notify_gets_none(void **state)
{
    (void)state; /* RFC 4488 */
    static phone p;
    static phone ok;
    pl_sig_rig *rig = call(&p, &ok, false);
    ask(&p, &ok, "REFER", 2,
        "Refer-To: <sip:bob@127.0.0.1>\nRequire: norefersub\n"
        "Refer-Sub: false\n");
    phone_expect(&p, "SIP/2.0 202");
    assert_string_equal(phone_header(&p, "Refer-Sub"), "false");
    tell(rig, "referred 200");
    assert_false(phone_gets(&p, "NOTIFY ", 200));
    close_all(&p, &rig);
}

static void bad_and_refused_refers_are_answered_so(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *status;
    } rows[] = {
        {"", "SIP/2.0 400"},
        {"Refer-To: <sip:a@x>\nRefer-To: <sip:b@x>\n", "SIP/2.0 400"},
        {"Refer-To: <sip:bob@x?Replaces=abc>\n", "SIP/2.0 400"},
        {"Refer-To: <sip:bob@x;method=BYE>\n", "SIP/2.0 501"},
        {"Refer-To: <http://x>\n", "SIP/2.0 501"},
        {"Refer-To: <sip:forbidden@x>\n", "SIP/2.0 403"},
    };
    static phone p;
    static phone ok;
    pl_sig_rig *rig = call(&p, &ok, false);
    for (unsigned i = 0; i < COUNT(rows); i++) {
        ask(&p, &ok, "REFER", 2 + i, rows[i].lines);
        phone_expect(&p, rows[i].status);
    }
    assert_int_equal(said(rig, "refer"), 1);
    phone_send(&p, "REFER sip:lobby@127.0.0.1 SIP/2.0\n"
                   "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;branch=z9hG4bKo\n"
                   "From: <sip:p@x>;tag=o\nTo: <sip:lobby@127.0.0.1>\n"
                   "Call-ID: out\nCSeq: 1 REFER\nMax-Forwards: 70\n"
                   "Refer-To: <sip:bob@x>\nContent-Length: 0\n\n");
    phone_expect(&p, "SIP/2.0 405"); /* outside of a call */
    close_all(&p, &rig);
}

/* The dialog of the call ok as we see it, or that as a header of an address. */
static void replaces_of(const phone *ok, char *buf, size_t cap, bool is_escaped)
{
    static phone copy;
    char to[128];
    memcpy(copy.last, ok->last, sizeof copy.last);
    const char *tag = strstr(phone_header(&copy, "To"), ";tag=");
    assert_non_null(tag);
    pl_fmt_cut(to, sizeof to, "%s", tag + 5);
    if (is_escaped)
        pl_fmt_cut(buf, cap, "c1%%3Bto-tag%%3D%s%%3Bfrom-tag%%3Dc1", to);
    else
        pl_fmt_cut(buf, cap, "c1;to-tag=%s;from-tag=c1", to);
}

static void an_attended_refer_names_our_call_or_another(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    char replaces[256];
    char lines[512];
    pl_sig_rig *rig = call(&p, &ok, false);
    replaces_of(&ok, replaces, sizeof replaces, true);
    pl_fmt_cut(lines, sizeof lines,
               "Refer-To: <sip:bob@127.0.0.1?Replaces=%s>\n", replaces);
    ask(&p, &ok, "REFER", 2, lines);
    phone_expect(&p, "SIP/2.0 202");
    char id[64];
    pl_fmt_cut(id, sizeof id, "%.36s", last(rig, "incoming"));
    assert_non_null(strstr(strstr(last(rig, "refer"), " ours "), id));
    phone_expect(&p, "NOTIFY ");
    phone_reply(&p, "200 OK", NULL, "");
    tell(rig, "referred 200");
    phone_expect(&p, "NOTIFY ");
    phone_reply(&p, "200 OK", NULL, "");
    ask(&p, &ok, "REFER", 3,
        "Refer-To: <sip:bob@127.0.0.1?Replaces=z%3Bto-tag%3Da%3Bfrom-tag%3D"
        "b>\n");
    phone_expect(&p, "SIP/2.0 202");
    assert_non_null(
        strstr(last(rig, "refer"), " theirs z;to-tag=a;from-tag=b"));
    close_all(&p, &rig);
}

static void an_invite_that_replaces_names_our_call(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    char replaces[256];
    char lines[512];
    pl_sig_rig *rig = call(&p, &ok, false);
    char id[64];
    pl_fmt_cut(id, sizeof id, "%.36s", last(rig, "incoming"));
    replaces_of(&ok, replaces, sizeof replaces, false);
    pl_fmt_cut(lines, sizeof lines, "Require: replaces\nReplaces: %s\n",
               replaces);
    phone_invite_with(&p, "lobby", "c2", lines, true);
    phone_expect(&p, "SIP/2.0 200");
    assert_non_null(strstr(strstr(last(rig, "incoming"), " replaces "), id));
    static const struct {
        const char *call, *before, *after, *status;
    } rows[] = {
        {"c3", "", ";early-only\n", "SIP/2.0 486"},
        {"c4", "no", "\n", "SIP/2.0 481"},
        {"c5", "", "x\n", "SIP/2.0 481"},
        {"c6", "", "\nReplaces: z\n", "SIP/2.0 400"},
        {"c7", "", ";to-tag=z\n", "SIP/2.0 400"},
    };
    for (unsigned i = 0; i < COUNT(rows); i++) {
        pl_fmt_cut(lines, sizeof lines, "Replaces: %s%s%s", rows[i].before,
                   replaces, rows[i].after);
        phone_invite_with(&p, "lobby", rows[i].call, lines, true);
        phone_expect(&p, rows[i].status);
    }
    phone_invite(&p, "lobby", "c8"); /* the next one replaces nothing */
    rig_until_said(rig, "incoming", 3);
    assert_null(strstr(last(rig, "incoming"), " replaces "));
    close_all(&p, &rig);
}

static void our_refer_is_answered_by_what_became_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *fragment, *outcome;
        pl_err e;
    } rows[] = {
        {"SIP/2.0 200 OK", "transferred", PL_OK},
        {"SIP/2.0 486 Busy Here", "not-transferred", PL_EFULL},
        {"SIP/2.0 404 Not Found", "not-transferred", PL_ENOUSER},
    };
    static phone p;
    static phone ok;
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char text[1024];
        pl_sig_rig *rig = call(&p, &ok, false);
        tell(rig, "transfer sip:other@127.0.0.1");
        phone_expect(&p, "REFER sip:p@127.0.0.1");
        assert_string_equal(phone_header(&p, "Refer-To"),
                            "<sip:other@127.0.0.1>");
        assert_non_null(strstr(phone_header(&p, "Referred-By"), "sip:lobby@"));
        assert_true(phone_header(&p, "Contact")[0] != '\0');
        phone_reply(&p, "202 Accepted", NULL, "");
        ask(&p, &ok, "NOTIFY", 2, "Event: presence\n");
        phone_expect(&p, "SIP/2.0 489");
        /* Its body is not a description. */
        pl_fmt_cut(text, sizeof text,
                   "Event: refer\nSubscription-State: terminated\n"
                   "Content-Type: message/sipfrag\n");
        memcpy(p.last, ok.last, sizeof p.last);
        phone_send_inside(&p, "NOTIFY", "n3", 3, text, rows[i].fragment);
        phone_expect(&p, "SIP/2.0 200");
        rig_until_said(rig, rows[i].outcome, 1);
        assert_string_equal(last(rig, rows[i].outcome), pl_err_text(rows[i].e));
        close_all(&p, &rig);
    }
}

static void who_takes_no_refer_is_not_asked_again(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    pl_sig_rig *rig = call(&p, &ok, false);
    tell(rig, "transfer sip:other");
    phone_expect(&p, "REFER ");
    assert_non_null(strstr(phone_header(&p, "Refer-To"), "<sip:other@127"));
    phone_reply(&p, "405 Method Not Allowed", NULL, "");
    rig_until_said(rig, "not-transferred", 1);
    assert_string_equal(last(rig, "not-transferred"),
                        pl_err_text(PL_EUNSUPPORTED));
    tell(rig, "transfer sip:other");
    rig_until_said(rig, "not-transferred", 2);
    assert_false(phone_gets(&p, "REFER ", 100));
    ask(&p, &ok, "NOTIFY", 2, "Event: refer\n");
    phone_expect(&p, "SIP/2.0 481"); /* nothing was asked */
    close_all(&p, &rig);
}

static void who_took_it_and_hangs_up_has_gone(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    pl_sig_rig *rig = call(&p, &ok, false);
    tell(rig, "transfer sip:other");
    phone_expect(&p, "REFER ");
    phone_reply(&p, "202 Accepted", NULL, "");
    rig_run(rig, 50);
    ask(&p, &ok, "BYE", 2, "");
    phone_expect(&p, "SIP/2.0 200");
    rig_until_said(rig, "transferred", 1);
    close_all(&p, &rig);
}

static void one_notify_at_a_time_and_the_last_before_the_bye(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    pl_sig_rig *rig = call(&p, &ok, true);
    ask(&p, &ok, "REFER", 2, "Refer-To: <sip:auto@127.0.0.1>\n");
    phone_expect(&p, "NOTIFY ");
    assert_non_null(strstr(p.last, "SIP/2.0 100 Trying"));
    assert_false(phone_gets(&p, "NOTIFY ", 100));
    tell(rig, "end");
    phone_expect(&p, "NOTIFY "); /* what came meanwhile is of the past */
    assert_non_null(strstr(p.last, "SIP/2.0 200 OK\r\n"));
    phone_expect(&p, "BYE ");
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    close_all(&p, &rig);
}

static void transfers_survive_loss(void **state)
{
    (void)state;
    static phone p;
    static phone ok;
    pl_sig_rig *rig = call(&p, &ok, false);
    p.lose_every = 3;
    for (unsigned i = 0; i < 20 && said(rig, "refer") == 0; i++) {
        ask(&p, &ok, "REFER", 2, "Refer-To: <sip:bob@127.0.0.1>\n");
        (void)phone_gets(&p, "SIP/2.0 202", 300);
    }
    assert_int_equal(said(rig, "refer"), 1); /* repetitions are that */
    tell(rig, "referred 200");
    for (unsigned i = 0; i < 20; i++) {
        if (!phone_gets(&p, "NOTIFY ", 3000))
            continue;
        phone_reply(&p, "200 OK", NULL, "");
        if (strstr(p.last, "SIP/2.0 200 OK\r\n"))
            break;
    }
    assert_non_null(strstr(p.last, "terminated;reason=noresource"));
    close_all(&p, &rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_refers_is_told_how_it_goes),
        cmocka_unit_test(a_quick_referrer_is_told_too),
        cmocka_unit_test(who_refers_may_be_a_stranger),
        cmocka_unit_test(a_refer_may_overtake_its_ack),
        cmocka_unit_test(who_wants_no_notify_gets_none),
        cmocka_unit_test(bad_and_refused_refers_are_answered_so),
        cmocka_unit_test(an_attended_refer_names_our_call_or_another),
        cmocka_unit_test(an_invite_that_replaces_names_our_call),
        cmocka_unit_test(our_refer_is_answered_by_what_became_of_it),
        cmocka_unit_test(who_takes_no_refer_is_not_asked_again),
        cmocka_unit_test(who_took_it_and_hangs_up_has_gone),
        cmocka_unit_test(one_notify_at_a_time_and_the_last_before_the_bye),
        cmocka_unit_test(transfers_survive_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
