/* test_register.c - the worker as a client of registrars: the telephone of the
 * tests plays them. */
#include "phone.h"

#include <string.h>

#include "crypto.h"
#include "digest.h"
#include "pl/str.h"
#include "sig_metrics.h"

#define AOR "aor=sip:+49301@telco.example"

/* Have the number registered there; more: further words. */
static void ask(const phone *p, const char *more)
{
    char line[512];
    pl_fmt_cut(line, sizeof line,
               "register registrar=sip:telco.example " AOR
               " next_hop=sip:127.0.0.1:%u contact=c-1 id=call-1 %s",
               p->port, more);
    pl_fake_pool_command(pl_sig_rig_pool(p->rig), line);
}

static const char *said(const phone *p, const char *what)
{
    rig_until_said(p->rig, what, 1);
    return pl_fake_pool_last(pl_sig_rig_pool(p->rig), what);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in '%s'", part, text);
}

/* Answer p->last and give its Contact back as a registrar does. */
static void grant(phone *p, const char *expires, const char *more)
{
    char status[1024];
    char contact[256];
    pl_fmt_cut(contact, sizeof contact, "%s", phone_header(p, "Contact"));
    pl_fmt_cut(status, sizeof status, "200 OK\n%sContact: %.*s%s%s", more,
               (int)strcspn(contact, ";"), contact,
               expires[0] ? ";expires=" : "", expires);
    phone_reply(p, status, "reg", "");
}

static void challenge(phone *p, const char *status, const char *lines)
{
    char text[1024];
    pl_fmt_cut(text, sizeof text, "%s\n%s", status, lines);
    phone_reply(p, text, "reg", "");
}

/* The credentials in a header of p->last are those of that password. */
static pl_digest assert_credentials(const phone *p, const char *header,
                                    const char *password)
{
    pl_digest d;
    char ha1[PL_HASH_TEXT];
    char want[PL_HASH_TEXT];
    const char *value = phone_header(p, header);
    if (pl_digest_parse(pl_slice_str(value), &d) != PL_OK)
        fail_msg("bad credentials '%s' in\n%s", value, p->last);
    assert_string_equal(d.username, "301");
    assert_string_equal(d.uri, "sip:telco.example");
    assert_int_equal(pl_digest_ha1(&PL_SIG_HASHES, d.algorithm, "301", d.realm,
                                   password, ha1),
                     PL_OK);
    assert_int_equal(
        pl_digest_response(&PL_SIG_HASHES, &d, ha1, "REGISTER", want), PL_OK);
    assert_string_equal(d.response, want);
    return d;
}

static unsigned cseq(const phone *p)
{
    uint64_t n = 0;
    const char *text = phone_header(p, "CSeq");
    pl_slice digits = {(const uint8_t *)text, strspn(text, "0123456789")};
    assert_int_equal(pl_parse_u64(digits, UINT32_MAX, &n), PL_OK);
    return (unsigned)n;
}

/* The next REGISTER, whose number is another than that of p->last: over UDP the
 * last one may come once more. */
static void expect_next(phone *p)
{
    unsigned last = cseq(p);
    do {
        phone_expect(p, "REGISTER ");
    } while (cseq(p) == last);
}

static void a_number_is_registered_and_told_what_was_granted(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "cseq=7 expires=1800 user=301 password=secret");
    phone_expect(&p, "REGISTER sip:telco.example SIP/2.0");
    assert_string_equal(phone_header(&p, "To"), "<sip:+49301@telco.example>");
    assert_has(phone_header(&p, "From"), "<sip:+49301@telco.example>;tag=");
    assert_string_equal(phone_header(&p, "Call-ID"), "call-1");
    assert_string_equal(phone_header(&p, "CSeq"), "7 REGISTER");
    assert_string_equal(phone_header(&p, "Expires"), "1800");
    assert_string_equal(phone_header(&p, "Supported"), "path");
    assert_string_equal(phone_header(&p, "Authorization"), "");
    assert_has(phone_header(&p, "Contact"), "<sip:c-1@127.0.0.1:");
    challenge(&p, "401 Unauthorized",
              "WWW-Authenticate: Digest realm=\"telco\", nonce=\"n1\", "
              "qop=\"auth\", opaque=\"op\"\n"
              "WWW-Authenticate: Digest realm=\"telco\", nonce=\"n2\", "
              "qop=\"auth\", opaque=\"op\", algorithm=SHA-256");
    expect_next(&p);
    assert_string_equal(phone_header(&p, "CSeq"), "8 REGISTER");
    assert_string_equal(phone_header(&p, "Call-ID"), "call-1");
    pl_digest d = assert_credentials(&p, "Authorization", "secret");
    assert_int_equal(d.algorithm, PL_HASH_SHA256); /* the strongest */
    assert_string_equal(d.nonce, "n2");
    assert_string_equal(d.nc, "00000001");
    assert_string_equal(d.opaque, "op");
    grant(&p, "600",
          "Expires: 1200\nPath: <sip:edge.example;lr>\n"
          "Service-Route: <sip:a.example;lr>\n"
          "Service-Route: <sip:b.example;lr>, <sip:c.example;lr>\n"
          "P-Associated-URI: <sip:+49301@telco.example>, <tel:+49301>\n");
    const char *told = said(&p, "registered");
    assert_has(told, "600 cseq 8 contact sip:c-1@127.0.0.1:");
    assert_has(told, "route <sip:a.example;lr>,<sip:b.example;lr>,"
                     "<sip:c.example;lr> uris <sip:+49301@telco.example>,"
                     "<tel:+49301>");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* RFC 3261 section 10.2.4, 10.2.6; a binding of another worker goes as well. */
static void expiry_and_removal(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "expires=900 old=sip:c-1@192.0.2.7:5060");
    phone_expect(&p, "REGISTER ");
    assert_has(p.last, "\r\nContact: <sip:c-1@192.0.2.7:5060>;expires=0\r\n");
    grant(&p, "", "Expires: 333\n"); /* of its own our Contact says none */
    assert_has(said(&p, "registered"), "333 cseq 1 ");
    ask(&p, "expires=0 cseq=2");
    phone_expect(&p, "REGISTER ");
    assert_has(phone_header(&p, "Contact"), ">;expires=0");
    assert_null(strstr(p.last, "Contact: *"));
    phone_reply(&p, "200 OK", "reg", "");
    rig_until_said(rig, "registered", 2);
    assert_has(pl_fake_pool_last(pl_sig_rig_pool(rig), "registered"),
               "0 cseq 2 ");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void a_time_too_short_is_asked_for_once_more(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "expires=60");
    phone_expect(&p, "REGISTER ");
    challenge(&p, "423 Interval Too Brief", "Min-Expires: 300");
    expect_next(&p);
    assert_string_equal(phone_header(&p, "Expires"), "300");
    challenge(&p, "423 Interval Too Brief", "Min-Expires: 900");
    assert_has(said(&p, "register-failed"), "423 cseq 2 ");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void wrong_passwords_end_it_stale_nonces_do_not(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "user=301 password=secret");
    phone_expect(&p, "REGISTER ");
    challenge(&p, "401 Unauthorized", /* as RFC 2069: no qop */
              "WWW-Authenticate: Digest realm=\"telco\", nonce=\"old\"");
    expect_next(&p);
    pl_digest d = assert_credentials(&p, "Authorization", "secret");
    assert_string_equal(d.qop, "");
    challenge(&p, "401 Unauthorized",
              "WWW-Authenticate: Digest realm=\"telco\", nonce=\"new\", "
              "qop=\"auth\", stale=true");
    expect_next(&p);
    d = assert_credentials(&p, "Authorization", "secret");
    assert_string_equal(d.nonce, "new");
    challenge(&p, "401 Unauthorized",
              "WWW-Authenticate: Digest realm=\"telco\", nonce=\"newer\", "
              "qop=\"auth\"");
    assert_has(said(&p, "register-failed"), "401 cseq 3 ");
    assert_false(phone_gets(&p, "REGISTER ", 100));
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* A proxy before the registrar: both want to know who comes. */
static void two_realms_are_both_answered(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "user=301 password=secret");
    phone_expect(&p, "REGISTER ");
    challenge(&p, "407 Proxy Authentication Required",
              "Proxy-Authenticate: Digest realm=\"edge\", nonce=\"e\", "
              "qop=\"auth\"");
    expect_next(&p);
    (void)assert_credentials(&p, "Proxy-Authorization", "secret");
    challenge(&p, "401 Unauthorized",
              "WWW-Authenticate: Digest realm=\"telco\", nonce=\"t\", "
              "qop=\"auth\"");
    expect_next(&p);
    (void)assert_credentials(&p, "Authorization", "secret");
    pl_digest d = assert_credentials(&p, "Proxy-Authorization", "secret");
    assert_string_equal(d.nc, "00000002"); /* the nonce again */
    grant(&p, "3600", "");
    (void)said(&p, "registered");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void refusals_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *status, *want;
    } rows[] = {
        {"403 Forbidden", "403 cseq 1 retry 0 Forbidden"},
        {"404 Not Found", "404 cseq 1 "},
        {"302 Moved", "302 cseq 1 "},
        {"500 Server Error\nRetry-After: 17", "500 cseq 1 retry 17 "},
        {"503 Busy\nRetry-After: 9", "503 cseq 1 retry 9 Busy"},
        {"401 Who\nWWW-Authenticate: Basic realm=\"x\"", "401 cseq 1 "},
        {"423 Brief", "423 cseq 1 "},
        {"423 Brief\nMin-Expires: 999999999999999999999", "423 cseq 1 "},
        {"200 OK\nContact: <sip:c-1@127.0.0.1:@PEER@>;expires=0",
         "500 cseq 1 "},
    };
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    for (unsigned i = 0; i < COUNT(rows); i++) {
        ask(&p, "user=301 password=secret");
        phone_expect(&p, "REGISTER ");
        phone_reply(&p, rows[i].status, "reg", "");
        rig_until_said(rig, "register-failed", i + 1);
        assert_has(pl_fake_pool_last(pl_sig_rig_pool(rig), "register-failed"),
                   rows[i].want);
    }
    pl_fake_pool_command(pl_sig_rig_pool(rig),
                         "register registrar=tel:+1 " AOR " contact=c id=i");
    assert_has(said(&p, "register-refused"), "invalid");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* What a registrar says in no good form is left out, and the rest counts. */
static void broken_answers_are_survived(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "");
    phone_expect(&p, "REGISTER ");
    grant(&p, "x",
          "Service-Route: <sip:a;lr>, <http://b>\n"
          "P-Associated-URI: \"\n");
    assert_has(said(&p, "registered"), "3600 cseq 1 ");
    assert_has(said(&p, "registered"), "route - uris -");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* Several at once, each with its own registrar, and over what loses much. */
static void many_at_once_with_loss(void **state)
{
    (void)state;
    enum { N = 4 };
    pl_sig_rig *rig = rig_open(NULL);
    static phone p[N];
    for (unsigned i = 0; i < N; i++) {
        phone_open(&p[i], rig, false, "127.0.0.1");
        p[i].lose_every = i + 2;
        ask(&p[i], "user=301 password=secret");
    }
    for (unsigned i = 0; i < N; i++) {
        phone_expect(&p[i], "REGISTER ");
        do {
            challenge(&p[i], "401 Unauthorized",
                      "WWW-Authenticate: Digest realm=\"telco\", "
                      "nonce=\"n\", qop=\"auth\"");
            phone_expect(&p[i], "REGISTER ");
        } while (!phone_header(&p[i], "Authorization")[0]);
        (void)assert_credentials(&p[i], "Authorization", "secret");
        do {
            grant(&p[i], "3600", "");
            (void)phone_gets(&p[i], "REGISTER ", 200);
        } while (pl_fake_pool_count(pl_sig_rig_pool(rig), "registered") <= i);
    }
    for (unsigned i = 0; i < N; i++)
        phone_close(&p[i]);
    assert_int_equal(
        pl_metrics_value(pl_sig_rig_metrics(rig), PL_SIG_registers), 2 * N);
    pl_sig_rig_destroy(&rig);
}

/* Nobody listens there: over TCP that is known at once. */
static void who_is_not_there_is_told_as_unreachable(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1"); /* its TCP port is nobody's */
    char line[256];
    pl_fmt_cut(line, sizeof line,
               "register registrar=sip:127.0.0.1:%u;transport=tcp " AOR
               " contact=c-1 id=call-1",
               p.port);
    pl_fake_pool_command(pl_sig_rig_pool(rig), line);
    assert_has(said(&p, "register-failed"), "0 cseq 1 ");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* The worker ends while some are under way: nothing is left behind. */
static void an_end_in_between_is_clean(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    ask(&p, "");
    phone_expect(&p, "REGISTER ");
    ask(&p, "cseq=2");
    pl_sig_rig_destroy(&rig);
    phone_close(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_registered_and_told_what_was_granted),
        cmocka_unit_test(expiry_and_removal),
        cmocka_unit_test(a_time_too_short_is_asked_for_once_more),
        cmocka_unit_test(wrong_passwords_end_it_stale_nonces_do_not),
        cmocka_unit_test(two_realms_are_both_answered),
        cmocka_unit_test(refusals_are_told),
        cmocka_unit_test(broken_answers_are_survived),
        cmocka_unit_test(many_at_once_with_loss),
        cmocka_unit_test(who_is_not_there_is_told_as_unreachable),
        cmocka_unit_test(an_end_in_between_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
