/* test_adopt.c - a call goes on at another worker: what is told to roompool of
 * its dialog, and what its peer sees when it is taken over. */
#include "phone.h"

#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

static unsigned said(pl_sig_rig *rig, const char *what)
{
    return pl_fake_pool_count(pl_sig_rig_pool(rig), what);
}

static void tell(pl_sig_rig *rig, const char *line)
{
    pl_fake_pool_command(pl_sig_rig_pool(rig), line);
}

static unsigned cseq_of(const phone *p)
{
    return (unsigned)strtoul(phone_header(p, "CSeq"), NULL, 10);
}

static bool has_none(void *ctx)
{
    return pl_calls_count(pl_sig_rig_calls(ctx)) == 0;
}

static bool has_one(void *ctx)
{
    return pl_calls_count(pl_sig_rig_calls(ctx)) == 1;
}

/* A call to us with these lines, whose worker is gone then. */
static pl_sig_rig *call_lost(phone *p, bool is_tcp, const char *lines)
{
    static phone ok;
    pl_sig_rig *rig = rig_open(NULL);
    phone_open(p, rig, is_tcp, "127.0.0.1");
    phone_invite_with(p, "lobby", "c1", lines, true);
    phone_expect(p, "SIP/2.0 200");
    memcpy(ok.last, p->last, sizeof ok.last);
    phone_ack(p, "lobby", "c1");
    rig_until_said(rig, "saved", 1);
    memcpy(p->last, ok.last, sizeof p->last);
    tell(rig, "forget");
    rig_until(rig, has_none, rig);
    return rig;
}

static void close_all(phone *p, pl_sig_rig **rig)
{
    phone_close(p);
    pl_sig_rig_destroy(rig);
}

static void a_call_is_taken_over_by_update(void **state)
{
    (void)state;
    static phone p;
    for (unsigned is_tcp = 0; is_tcp < 2; is_tcp++) {
        pl_sig_rig *rig =
            call_lost(&p, is_tcp, "Allow: INVITE, ACK, BYE, UPDATE\n");
        assert_int_equal(said(rig, "ended"), 0); /* nobody was told */
        tell(rig, "adopt");
        phone_expect(&p, "UPDATE sip:p@127.0.0.1");
        assert_true(cseq_of(&p) > 1000); /* above all that may have been */
        assert_non_null(strstr(phone_header(&p, "From"), "sip:lobby@"));
        assert_non_null(strstr(phone_header(&p, "To"), ";tag=c1"));
        assert_true(phone_header(&p, "Contact")[0] != '\0');
        assert_string_equal(phone_header(&p, "Content-Length"), "0");
        phone_reply(&p, "200 OK", NULL, "");
        rig_until_said(rig, "adopted", 1);
        rig_until_said(rig, "saved", 2);
        phone_send_inside(&p, "BYE", "bye", 2, "", "");
        phone_expect(&p, "SIP/2.0 200");
        rig_until_said(rig, "ended", 1);
        close_all(&p, &rig);
    }
}

static void
without_update_it_is_a_reinvite_with_the_same_description(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = call_lost(&p, false, "");
    tell(rig, "adopt");
    phone_expect(&p, "INVITE sip:p@127.0.0.1");
    assert_non_null(strstr(p.last, "m=audio 40100"));
    assert_non_null(strstr(p.last, "o=- 1 1 "));
    phone_reply(&p, "200 OK", NULL, "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "adopted", 1);
    assert_int_equal(said(rig, "offer"), 0);
    tell(rig, "end"); /* roompool ends it as any */
    phone_expect(&p, "BYE ");
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    close_all(&p, &rig);
}

static void a_call_of_ours_is_taken_over_too(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = rig_open(NULL);
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    phone_reply(&p, "200 OK\nAllow: INVITE, UPDATE", "one", "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "saved", 1);
    tell(rig, "forget");
    rig_until(rig, has_none, rig);
    tell(rig, "adopt");
    phone_expect(&p, "UPDATE sip:q@127.0.0.1");
    assert_non_null(strstr(phone_header(&p, "To"), ";tag=one"));
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "adopted", 1);
    phone_send_inside(&p, "BYE", "bye", 1, "", "");
    phone_expect(&p, "SIP/2.0 200");
    rig_until_said(rig, "ended", 1);
    close_all(&p, &rig);
}

static void who_knows_no_such_call_ends_it(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = call_lost(&p, false, "Allow: INVITE, ACK, BYE, UPDATE\n");
    tell(rig, "adopt");
    phone_expect(&p, "UPDATE ");
    phone_reply(&p, "481 Gone", NULL, "");
    rig_until_said(rig, "not-adopted", 1);
    assert_string_equal(pl_fake_pool_last(pl_sig_rig_pool(rig), "not-adopted"),
                        pl_err_text(PL_EGONE));
    close_all(&p, &rig);
}

static void what_passes_is_tried_again(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = call_lost(&p, false, "Allow: INVITE, ACK, BYE, UPDATE\n");
    tell(rig, "adopt");
    phone_expect(&p, "UPDATE ");
    unsigned first = cseq_of(&p);
    phone_reply(&p, "501 Not Implemented", NULL, ""); /* it said it does */
    phone_expect(&p, "INVITE ");
    assert_int_equal(cseq_of(&p), first + 1);
    phone_reply(&p, "491 Request Pending", NULL, "");
    phone_expect(&p, "ACK ");
    phone_expect(&p, "INVITE ");
    phone_reply(&p, "200 OK", NULL, "v=0");
    rig_until_said(rig, "adopted", 1);
    close_all(&p, &rig);
}

static void roompool_ends_a_call_that_is_being_taken_over(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = call_lost(&p, false, "Allow: INVITE, ACK, BYE, UPDATE\n");
    tell(rig, "adopt");
    phone_expect(&p, "UPDATE ");
    unsigned update = cseq_of(&p);
    tell(rig, "end");
    phone_expect(&p, "BYE ");
    assert_true(cseq_of(&p) > update);
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "not-adopted", 1);
    close_all(&p, &rig);
}

static void a_bad_record_and_a_known_call_are_refused(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = call_lost(&p, false, "");
    tell(rig, "adopt");
    phone_expect(&p, "INVITE ");
    tell(rig, "adopt");
    rig_until_said(rig, "not-adopted", 1);
    assert_string_equal(pl_fake_pool_last(pl_sig_rig_pool(rig), "not-adopted"),
                        pl_err_text(PL_EEXIST));
    tell(rig, "spoil");
    tell(rig, "forget");
    rig_until_said(rig, "not-adopted", 2);
    tell(rig, "adopt");
    rig_until_said(rig, "not-adopted", 3);
    assert_string_equal(pl_fake_pool_last(pl_sig_rig_pool(rig), "not-adopted"),
                        pl_err_text(PL_EPROTO));
    assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 0);
    close_all(&p, &rig);
}

/* Its Contact leads nowhere: behind a NAT it can only come to us. */
static void a_telephone_that_comes_again_by_itself_keeps_its_call(void **state)
{
    (void)state;
    static const char *const timers[] = {"session_expires_s=60", "min_se_s=2",
                                         NULL};
    static phone p;
    static phone ok;
    static phone again;
    pl_sig_rig *rig = rig_open(timers);
    phone_open(&p, rig, true, "127.0.0.1");
    phone_invite_with(&p, "lobby", "c1",
                      "Supported: timer\nAllow: INVITE, ACK, BYE, UPDATE\n",
                      true);
    phone_expect(&p, "SIP/2.0 200");
    memcpy(ok.last, p.last, sizeof ok.last);
    phone_ack(&p, "lobby", "c1");
    rig_until_said(rig, "saved", 1);
    tell(rig, "forget");
    rig_until(rig, has_none, rig);
    phone_close(&p);
    tell(rig, "adopt");
    rig_until(rig, has_one, rig);

    phone_open(&again, rig, true, "127.0.0.1");
    memcpy(again.last, ok.last, sizeof again.last);
    phone_send_inside(&again, "OPTIONS", "o1", 2, "", "");
    phone_expect(&again, "SIP/2.0 200");
    phone_expect(&again, "UPDATE sip:p@127.0.0.1");
    phone_reply(&again,
                "200 OK\nRequire: timer\nSession-Expires: 8;refresher=uac",
                NULL, "");
    rig_until_said(rig, "adopted", 1);
    phone_expect(&again, "UPDATE sip:q@127.0.0.1"); /* the timer goes on */
    phone_reply(&again, "200 OK", NULL, "");
    phone_send_inside(&again, "BYE", "bye", 3, "", "");
    phone_expect(&again, "SIP/2.0 200");
    rig_until_said(rig, "ended", 1);
    close_all(&again, &rig);
}

static void only_what_matters_is_told_again(void **state)
{
    (void)state;
    static const char *const fast[] = {"session_expires_s=60", "min_se_s=2",
                                       "probe_s=1", NULL};
    static phone p;
    pl_sig_rig *rig = rig_open(fast);
    phone_open(&p, rig, false, "127.0.0.1");
    phone_is_called(&p, "");
    phone_expect(&p, "INVITE ");
    phone_reply(&p, "200 OK\nAllow: INVITE, UPDATE", "one", "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "saved", 1);
    phone_expect(&p, "OPTIONS "); /* only a number more */
    phone_reply(&p, "200 OK", NULL, "");
    assert_int_equal(said(rig, "saved"), 1);
    phone_send_inside(&p, "UPDATE", "u1", 7, "", ""); /* no news either */
    phone_expect(&p, "SIP/2.0 200");
    assert_int_equal(said(rig, "saved"), 1);
    phone_send_inside(&p, "UPDATE", "u2", 8,
                      "Supported: timer\nSession-Expires: 3;refresher=uac\n",
                      "");
    phone_expect(&p, "SIP/2.0 200");
    rig_until_said(rig, "saved", 2);
    close_all(&p, &rig);
}

static void it_is_taken_over_in_spite_of_loss(void **state)
{
    (void)state;
    static phone p;
    pl_sig_rig *rig = call_lost(&p, false, "Allow: INVITE, ACK, BYE, UPDATE\n");
    p.lose_every = 2;
    tell(rig, "adopt");
    for (unsigned i = 0; i < 10 && said(rig, "adopted") == 0; i++) {
        if (phone_gets(&p, "UPDATE ", 3000))
            phone_reply(&p, "200 OK", NULL, "");
        rig_run(rig, 50);
    }
    assert_int_equal(said(rig, "adopted"), 1);
    close_all(&p, &rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_taken_over_by_update),
        cmocka_unit_test(
            without_update_it_is_a_reinvite_with_the_same_description),
        cmocka_unit_test(a_call_of_ours_is_taken_over_too),
        cmocka_unit_test(who_knows_no_such_call_ends_it),
        cmocka_unit_test(what_passes_is_tried_again),
        cmocka_unit_test(roompool_ends_a_call_that_is_being_taken_over),
        cmocka_unit_test(a_bad_record_and_a_known_call_are_refused),
        cmocka_unit_test(a_telephone_that_comes_again_by_itself_keeps_its_call),
        cmocka_unit_test(only_what_matters_is_told_again),
        cmocka_unit_test(it_is_taken_over_in_spite_of_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
