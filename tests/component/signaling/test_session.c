/* test_session.c - session timers, RFC 4028: asked for, judged, kept, missed,
 * both ways. */
#include "phone.h"

#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

/* Intervals that a test can wait for. */
static const char *const SHORT[] = {"session_expires_s=9", "min_se_s=2",
                                    "probe_s=0", NULL};

static uint64_t metric(pl_sig_rig *rig, pl_sig_metric m)
{
    return (uint64_t)pl_metrics_value(pl_sig_rig_metrics(rig), m);
}

/* A call to us with these lines, answered and acknowledged; the 200 is in
 * p->last. */
static void call_in(phone *p, const char *lines)
{
    static phone ok;
    phone_invite_with(p, "lobby", "c1", lines, true);
    phone_expect(p, "SIP/2.0 200");
    memcpy(ok.last, p->last, sizeof ok.last);
    phone_ack(p, "lobby", "c1");
    rig_until_said(p->rig, "confirmed", 1);
    memcpy(p->last, ok.last, sizeof p->last);
}

/* A call of ours, answered with these lines after the status. */
static void call_out(phone *p, const char *lines)
{
    char status[512];
    phone_is_called(p, "");
    phone_expect(p, "INVITE ");
    pl_fmt_cut(status, sizeof status, "200 OK%s", lines);
    phone_reply(p, status, "one", "v=0");
    phone_expect(p, "ACK ");
    rig_until_said(p->rig, "answered", 1);
}

static void a_200_names_the_interval_and_who_refreshes(void **state)
{
    (void)state; /* RFC 4028 section 9, table 2 */
    static const struct {
        const char *lines, *expires, *require;
    } rows[] = {
        {"", "", ""},
        {"Supported: timer\n", "1800;refresher=uac", "timer"},
        {"k: timer\nx: 600\n", "600;refresher=uac", "timer"},
        {"Supported: timer\nSession-Expires: 600;refresher=uas\n",
         "600;refresher=uas", ""},
        {"Session-Expires: 600\n", "600;refresher=uas", ""},
        {"Require: timer\nSupported: timer\nMin-SE: 3000\n",
         "3000;refresher=uac", "timer"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_sig_rig *rig = rig_open(NULL);
        static phone p;
        phone_open(&p, rig, i % 2, "127.0.0.1");
        call_in(&p, rows[i].lines);
        assert_string_equal(phone_header(&p, "Session-Expires"),
                            rows[i].expires);
        assert_string_equal(phone_header(&p, "Require"), rows[i].require);
        assert_non_null(strstr(phone_header(&p, "Supported"), "timer"));
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void a_short_interval_is_422_and_a_bad_one_400(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "x", "", "99999999999",
                                      "90;refresher=me"};
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "lobby", "c1",
                      "Supported: timer\nSession-Expires: 60\n", true);
    phone_expect(&p, "SIP/2.0 422");
    assert_string_equal(phone_header(&p, "Min-SE"), "90");
    for (unsigned i = 0; i < COUNT(bad); i++) {
        char lines[128];
        char call[8];
        pl_fmt_cut(lines, sizeof lines, "Session-Expires: %s\n", bad[i]);
        pl_fmt_cut(call, sizeof call, "b%u", i);
        phone_invite_with(&p, "lobby", call, lines, true);
        phone_expect(&p, "SIP/2.0 400");
    }
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* Without its ACK the peer would end it. */
static void an_answer_with_a_bad_interval_is_an_answer(void **state)
{
    (void)state;
    static const char *const bad[] = {"soon", "0", "90;refresher=proxy"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char lines[128];
        static phone p;
        pl_sig_rig *rig = rig_open(NULL);
        phone_open(&p, rig, false, "127.0.0.1");
        pl_fmt_cut(lines, sizeof lines, "\nSession-Expires: %s\nRSeq: x",
                   bad[i]);
        call_out(&p, lines);
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void without_timers_none_are_taken(void **state)
{
    (void)state;
    static const char *const off[] = {"session_expires_s=0", NULL};
    pl_sig_rig *rig = rig_open(off);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite_with(&p, "lobby", "c0", "Require: timer\n", true);
    phone_expect(&p, "SIP/2.0 420");
    assert_string_equal(phone_header(&p, "Unsupported"), "timer");
    call_in(&p, "Supported: timer\nSession-Expires: 60\n");
    assert_string_equal(phone_header(&p, "Session-Expires"), "");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void who_does_not_refresh_in_time_is_hung_up_on(void **state)
{
    (void)state; /* section 10 */
    pl_sig_rig *rig = rig_open(SHORT);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call_in(&p, "Supported: timer\nSession-Expires: 2;refresher=uac\n");
    phone_expect(&p, "BYE ");
    assert_non_null(strstr(phone_header(&p, "Reason"), "not refreshed"));
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    assert_int_equal(metric(rig, PL_SIG_sessions_expired), 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void we_refresh_with_the_description_in_force(void **state)
{
    (void)state; /* section 7.4 */
    pl_sig_rig *rig = rig_open(SHORT);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call_in(&p, "Supported: timer\nSession-Expires: 9;refresher=uas\n");
    for (unsigned i = 0; i < 2; i++) {
        phone_expect(&p, "INVITE ");
        assert_non_null(strstr(p.last, "m=audio 40100"));
        assert_string_equal(phone_header(&p, "Session-Expires"),
                            "9;refresher=uac");
        phone_reply(&p,
                    "200 OK\nRequire: timer\nSession-Expires: 9;refresher=uac",
                    NULL, "v=0");
        phone_expect(&p, "ACK ");
    }
    assert_int_equal(metric(rig, PL_SIG_session_refreshes), 2);
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "offer"), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void where_update_is_allowed_it_refreshes(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SHORT);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call_out(&p, "\nAllow: INVITE, ACK, BYE, UPDATE\nRequire: timer\n"
                 "Session-Expires: 9;refresher=uac");
    phone_expect(&p, "UPDATE sip:q@127.0.0.1");
    assert_string_equal(phone_header(&p, "Content-Length"), "0");
    assert_string_equal(phone_header(&p, "Session-Expires"), "9;refresher=uac");
    assert_string_equal(phone_header(&p, "Min-SE"), "2");
    /* It allowed it, and knows nothing of it: then by re-INVITE. */
    phone_reply(&p, "501 Not Implemented", NULL, "");
    phone_expect(&p, "INVITE ");
    phone_reply(&p, "481 Gone", NULL, ""); /* section 10: it is over */
    phone_expect(&p, "BYE ");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void a_422_raises_the_interval_we_ask_for(void **state)
{
    (void)state; /* section 7.3 */
    static const char *const asked[] = {"session_expires_s=1000", NULL};
    pl_sig_rig *rig = rig_open(asked);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    assert_string_equal(phone_header(&p, "Session-Expires"),
                        "1000;refresher=uac");
    assert_string_equal(phone_header(&p, "Min-SE"), "90");
    assert_non_null(strstr(phone_header(&p, "Supported"), "timer"));
    phone_reply(&p, "422 Too Small\nMin-SE: 2000", "x", "");
    phone_expect(&p, "ACK ");
    phone_expect(&p, "INVITE ");
    assert_string_equal(phone_header(&p, "Session-Expires"),
                        "2000;refresher=uac");
    assert_string_equal(phone_header(&p, "Min-SE"), "2000");
    assert_string_equal(phone_header(&p, "CSeq"), "2 INVITE");
    phone_reply(&p, "422 Too Small\nMin-SE: 2000", "x", ""); /* no sense */
    rig_until_said(rig, "ended", 1);
    assert_non_null(
        strstr(pl_fake_pool_last(pl_sig_rig_pool(rig), "ended"), " 422 "));
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void the_side_that_called_refreshes_too(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SHORT);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call_out(&p, "\nSupported: timer\nSession-Expires: 3;refresher=uas");
    phone_expect(&p, "BYE "); /* the peer said it would, and did not */
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void refreshes_survive_loss(void **state)
{
    (void)state;
    static const char *const slow[] = {"session_expires_s=12", "min_se_s=2",
                                       "probe_s=0", NULL};
    pl_sig_rig *rig = rig_open(slow);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call_in(&p, "Supported: timer\nSession-Expires: 12;refresher=uas\n");
    p.lose_every = 3;
    char first[64] = "";
    for (unsigned i = 0; i < 2; i++) {
        char cseq[64];
        do { /* each comes until an answer of ours has got through */
            phone_expect(&p, "INVITE ");
            pl_fmt_cut(cseq, sizeof cseq, "%s", phone_header(&p, "CSeq"));
            phone_reply(&p,
                        "200 OK\nRequire: timer\n"
                        "Session-Expires: 12;refresher=uac",
                        NULL, "v=0");
        } while (strcmp(cseq, first) == 0);
        pl_fmt_cut(first, sizeof first, "%s", cseq);
    }
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 1);
    assert_int_equal(metric(rig, PL_SIG_sessions_expired), 0);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_200_names_the_interval_and_who_refreshes),
        cmocka_unit_test(a_short_interval_is_422_and_a_bad_one_400),
        cmocka_unit_test(an_answer_with_a_bad_interval_is_an_answer),
        cmocka_unit_test(without_timers_none_are_taken),
        cmocka_unit_test(who_does_not_refresh_in_time_is_hung_up_on),
        cmocka_unit_test(we_refresh_with_the_description_in_force),
        cmocka_unit_test(where_update_is_allowed_it_refreshes),
        cmocka_unit_test(a_422_raises_the_interval_we_ask_for),
        cmocka_unit_test(the_side_that_called_refreshes_too),
        cmocka_unit_test(refreshes_survive_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
