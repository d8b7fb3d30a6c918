/* test_line.c - calls as a network wants them: through a next hop or a
 * Service-Route, with an identity, with credentials; and who calls from such a
 * network. */
#include "phone.h"

#include <string.h>

#include "pl/str.h"
#include "sig_metrics.h"

#define CHALLENGE                                                              \
    "Digest realm=\"telco\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256"

static const char *const SETTINGS[] = {"outbound_allow=telco.example",
                                       "trusted_networks=127.0.0.1", NULL};

/* A call to a number of the network, by this telephone; more: further words. */
static void call(const phone *p, const char *more)
{
    char line[512];
    pl_fmt_cut(line, sizeof line,
               "start sip:+49302@telco.example;user=phone 30000 "
               "from=+49301 from_host=ims.example contact=c-7 "
               "next_hop=sip:127.0.0.1:%u %s",
               p->port, more);
    pl_fake_pool_command(pl_sig_rig_pool(p->rig), line);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in '%s'", part, text);
}

static const char *last(pl_sig_rig *rig, const char *what)
{
    return pl_fake_pool_last(pl_sig_rig_pool(rig), what);
}

static void end_it(phone *p, pl_sig_rig *rig)
{
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end Q.850;cause=16");
    phone_expect(p, "BYE ");
    assert_string_equal(phone_header(p, "Reason"), "Q.850;cause=16");
    phone_reply(p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    phone_close(p);
    pl_sig_rig_destroy(&rig);
}

static void an_account_calls_with_its_identity(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SETTINGS);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call(&p, "to_name=Ben identity=sip:+49301@ims.example kind=2 "
             "route=<sip:a.example;lr>,<sip:b.example;lr>");
    phone_expect(&p, "INVITE sip:+49302@telco.example;user=phone SIP/2.0");
    assert_has(phone_header(&p, "From"),
               "\"Test room\" <sip:+49301@ims.example;user=phone>;tag=");
    assert_string_equal(phone_header(&p, "To"),
                        "\"Ben\" <sip:+49302@telco.example;user=phone>");
    assert_string_equal(phone_header(&p, "Route"),
                        "<sip:a.example;lr>,<sip:b.example;lr>");
    assert_string_equal(phone_header(&p, "P-Preferred-Identity"),
                        "<sip:+49301@ims.example>");
    assert_string_equal(phone_header(&p, "Privacy"), "");
    assert_has(phone_header(&p, "Contact"), "<sip:c-7@127.0.0.1:");
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    end_it(&p, rig);
}

static void an_anonymous_caller_is_named_to_the_network_only(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SETTINGS);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call(&p, "identity=sip:+49301@ims.example kind=1 wants=1");
    phone_expect(&p, "INVITE ");
    assert_has(phone_header(&p, "From"),
               "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=");
    assert_string_equal(phone_header(&p, "P-Asserted-Identity"),
                        "<sip:+49301@ims.example>");
    assert_string_equal(phone_header(&p, "Privacy"), "id");
    assert_null(strstr(phone_header(&p, "Contact"), "49301"));
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    assert_has(phone_header(&p, "From"), "anonymous@anonymous.invalid");
    end_it(&p, rig);
}

/* The next request of that method without (0) or with credentials. */
static void expect_auth(phone *p, const char *method, const char *header)
{
    do {
        phone_expect(p, method);
    } while (!phone_header(p, header)[0]);
    assert_has(phone_header(p, header), "Digest username=\"301\", ");
    assert_has(phone_header(p, header), "algorithm=SHA-256");
}

static void challenge(phone *p, const char *tag)
{
    phone_reply(p,
                "407 Proxy Authentication Required\nProxy-Authenticate: "
                "Digest realm=\"telco\", nonce=\"md5\"\n"
                "Proxy-Authenticate: " CHALLENGE,
                tag, "");
}

/* The INVITE, a PRACK, a re-INVITE and the BYE. lose: of so many messages one
 * is lost. */
static void play_challenges(unsigned lose)
{
    pl_sig_rig *rig = rig_open(SETTINGS);
    static phone p;
    static phone invite;
    phone_open(&p, rig, false, "127.0.0.1");
    p.lose_every = lose;
    call(&p, "user=301 password=secret");
    phone_expect(&p, "INVITE ");
    assert_string_equal(phone_header(&p, "Proxy-Authorization"), "");
    challenge(&p, "x");
    while (!phone_gets(&p, "ACK ", 300)) {
        if (strncmp(p.last, "INVITE ", 7) == 0)
            challenge(&p, "x");
    }
    expect_auth(&p, "INVITE ", "Proxy-Authorization");
    assert_has(phone_header(&p, "CSeq"), "2 INVITE");
    p.lose_every = 0;
    memcpy(invite.last, p.last, sizeof invite.last);
    phone_reply(&p, "180 Ringing\nRequire: 100rel\nRSeq: 1", "one", "");
    phone_expect(&p, "PRACK ");
    challenge(&p, NULL);
    expect_auth(&p, "PRACK ", "Proxy-Authorization");
    assert_string_equal(phone_header(&p, "RAck"), "1 2 INVITE");
    assert_has(phone_header(&p, "Proxy-Authorization"), "nc=00000002");
    phone_reply(&p, "200 OK", NULL, "");
    memcpy(p.last, invite.last, sizeof p.last);
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "answered", 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "offer");
    phone_expect(&p, "INVITE ");
    challenge(&p, NULL);
    phone_expect(&p, "ACK ");
    expect_auth(&p, "INVITE ", "Proxy-Authorization");
    phone_reply(&p, "200 OK", NULL, "v=0");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "offer-answered", 1);
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    phone_expect(&p, "BYE ");
    challenge(&p, NULL);
    expect_auth(&p, "BYE ", "Proxy-Authorization");
    phone_reply(&p, "200 OK", NULL, "");
    rig_until_said(rig, "ended", 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void challenges_are_answered_in_every_request(void **state)
{
    (void)state;
    play_challenges(0);
    play_challenges(3);
}

/* Who is called is no network: a realm of its own gets nothing. */
static void another_realm_inside_the_call_is_not_answered(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SETTINGS);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call(&p, "user=301 password=secret");
    phone_expect(&p, "INVITE ");
    challenge(&p, "x");
    phone_expect(&p, "ACK ");
    expect_auth(&p, "INVITE ", "Proxy-Authorization");
    phone_reply(&p, "200 OK", "one", "v=0");
    phone_expect(&p, "ACK ");
    pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
    phone_expect(&p, "BYE ");
    phone_reply(&p,
                "401 Who\nWWW-Authenticate: Digest realm=\"mine\", "
                "nonce=\"n\"",
                NULL, "");
    rig_until_said(rig, "ended", 1);
    assert_false(phone_gets(&p, "BYE ", 100));
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* Whom a caller or a REFER names may be anybody: an answer to a challenge is
 * something to try passwords on. */
static void credentials_go_to_the_network_of_the_line_only(void **state)
{
    (void)state;
    static const char *const settings[] = {"outbound_allow=127.0.0.1", NULL};
    static const char *const hosts[] = {"ims.example", "127.0.0.1"};
    for (unsigned is_network = 0; is_network < COUNT(hosts); is_network++) {
        pl_sig_rig *rig = rig_open(settings);
        static phone p;
        char line[256];
        phone_open(&p, rig, false, "127.0.0.1");
        pl_fmt_cut(line, sizeof line,
                   "start sip:+49302@127.0.0.1:%u 30000 from=+49301 "
                   "from_host=%s user=301 password=secret",
                   p.port, hosts[is_network]);
        pl_fake_pool_command(pl_sig_rig_pool(rig), line);
        phone_expect(&p, "INVITE ");
        challenge(&p, "x");
        phone_expect(&p, "ACK ");
        if (is_network) {
            expect_auth(&p, "INVITE ", "Proxy-Authorization");
            phone_reply(&p, "486 Busy Here", "y", "");
        }
        rig_until_said(rig, "ended", 1);
        assert_has(last(rig, "ended"), is_network ? " 486 " : " 407 ");
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void everything_is_told_with_its_cause(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SETTINGS);
    static phone p;
    static phone invite;
    phone_open(&p, rig, false, "127.0.0.1");
    call(&p, "wants=2");
    phone_expect(&p, "INVITE ");
    memcpy(invite.last, p.last, sizeof invite.last);
    static const char *const rows[][2] = {
        {"100 Trying", "trying"},   {"181 Forwarded", "forwarded"},
        {"182 Queued", "queued"},   {"183 Progress", "ringing"},
        {"180 Ringing", "ringing"},
    };
    for (unsigned i = 0; i < COUNT(rows); i++) {
        memcpy(p.last, invite.last, sizeof p.last);
        phone_reply(&p, rows[i][0], "one", "");
        phone_reply(&p, rows[i][0], "one", ""); /* says nothing new */
        rig_until_said(rig, rows[i][1], i == 4 ? 2 : 1);
    }
    assert_has(last(rig, "queued"), " 182 Queued ");
    phone_reply(&p, "486 Busy Here\nReason: Q.850;cause=17;text=\"busy\"",
                "one", "");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "ended", 1);
    assert_has(last(rig, "ended"), " 486 busy sdp 0 cause Q.850;cause=17");
    assert_int_equal(pl_fake_pool_count(pl_sig_rig_pool(rig), "queued"), 1);
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

static void an_option_that_is_not_taken_is_dropped_once(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(SETTINGS);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    call(&p, "");
    phone_expect(&p, "INVITE ");
    assert_string_equal(phone_header(&p, "Supported"),
                        "100rel, timer, replaces, norefersub");
    phone_reply(&p, "420 Bad Extension\nUnsupported: timer", "x", "");
    phone_expect(&p, "ACK ");
    phone_expect(&p, "INVITE ");
    assert_string_equal(phone_header(&p, "Supported"),
                        "100rel, replaces, norefersub");
    assert_string_equal(phone_header(&p, "Session-Expires"), "");
    phone_reply(&p, "420 Bad Extension\nUnsupported: 100rel", "x", "");
    phone_expect(&p, "ACK ");
    rig_until_said(rig, "ended", 1);
    assert_has(last(rig, "ended"), " 420 ");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* outbound_allow is about who is called; a bad address is refused. */
static void who_is_called_must_be_allowed(void **state)
{
    (void)state;
    static const char *const settings[] = {"outbound_allow=+49*", NULL};
    static const char *const rows[][2] = {
        {"start sip:+49302@x.example 9000 next_hop=sip:127.0.0.1:%u", NULL},
        {"start tel:+49302 9000 from_host=x.example "
         "next_hop=sip:127.0.0.1:%u",
         NULL},
        {"start sip:+1302@x.example 9000 next_hop=sip:127.0.0.1:%u",
         "not allowed"},
        {"start sip:ben@127.0.0.1:%u 9000", "not allowed"},
        {"start sip:+49302@x.example 9000 next_hop=tel:%u", "invalid"},
        {"start sip:+49302@x.example 9000 route=<sip:a;lr>,x%u", "invalid"},
        {"start sip:+49302@x.example 9000 identity=x%u", "invalid"},
    };
    pl_sig_rig *rig = rig_open(settings);
    static phone p;
    unsigned refused = 0;
    phone_open(&p, rig, false, "127.0.0.1");
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char line[256];
        const char *mark = strstr(rows[i][0], "%u");
        pl_fmt_cut(line, sizeof line, "%.*s%u%s", (int)(mark - rows[i][0]),
                   rows[i][0], p.port, mark + 2);
        pl_fake_pool_command(pl_sig_rig_pool(rig), line);
        if (rows[i][1]) {
            rig_until_said(rig, "refused", ++refused);
            assert_has(last(rig, "refused"), rows[i][1]);
            continue;
        }
        phone_expect(&p, "INVITE sip:+49302@x.example");
        phone_reply(&p, "480 Away", "x", "");
        phone_expect(&p, "ACK ");
    }
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* RFC 3325 section 5: believed of whom we trust. */
static void a_network_says_who_calls(void **state)
{
    (void)state;
    static const char IDENTITY[] =
        "P-Asserted-Identity: \"A\" <sip:+49305@ims.example;user=phone>\n";
    static const char *const nobody[] = {NULL};
    for (unsigned is_trusted = 0; is_trusted < 2; is_trusted++) {
        char lines[256];
        pl_sig_rig *rig = rig_open(is_trusted ? SETTINGS : nobody);
        static phone p;
        phone_open(&p, rig, false, "127.0.0.1");
        pl_fmt_cut(lines, sizeof lines, "%sPrivacy: id\n", IDENTITY);
        phone_invite_with(&p, "quiet", "one", lines, true);
        rig_until_said(rig, "incoming", 1);
        assert_has(last(rig, "incoming"), " anonymous");
        assert_int_equal(strstr(last(rig, "incoming"),
                                " identity sip:+49305@ims.example ") != NULL,
                         is_trusted);
        phone_expect(&p, "SIP/2.0 100");
        assert_false(phone_gets(&p, "SIP/2.0 180", 100)); /* none by itself */
        pl_fake_pool_command(pl_sig_rig_pool(rig), "respond 183");
        phone_expect(&p, "SIP/2.0 183 Session Progress");
        pl_fake_pool_command(pl_sig_rig_pool(rig), "respond 181");
        phone_expect(&p, "SIP/2.0 181 Call Is Being Forwarded");
        pl_fake_pool_command(pl_sig_rig_pool(rig), "end Q.850;cause=17");
        phone_expect(&p, "SIP/2.0 480");
        assert_string_equal(phone_header(&p, "Reason"), "Q.850;cause=17");
        phone_close(&p);
        pl_sig_rig_destroy(&rig);
    }
}

static void a_queued_caller_hears_so_and_why_it_hung_up_is_told(void **state)
{
    (void)state;
    pl_sig_rig *rig = rig_open(NULL);
    static phone p;
    phone_open(&p, rig, false, "127.0.0.1");
    phone_invite(&p, "queue", "one");
    phone_expect(&p, "SIP/2.0 182 Queued");
    phone_send(&p, "CANCEL sip:queue@127.0.0.1:@PEER@ SIP/2.0\n"
                   "Via: SIP/2.0/UDP 127.0.0.1:@PORT@;branch=z9hG4bKone\n"
                   "From: <sip:p@127.0.0.1>;tag=one\n"
                   "To: <sip:queue@127.0.0.1>\nCall-ID: one\n"
                   "CSeq: 1 CANCEL\nMax-Forwards: 70\n"
                   "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\n"
                   "Content-Length: 0\n\n");
    phone_expect(&p, "SIP/2.0 487");
    rig_until_said(rig, "ended", 1);
    assert_has(last(rig, "ended"), "Call completed elsewhere");
    assert_has(last(rig, "ended"), " cause SIP;cause=200");
    phone_close(&p);
    pl_sig_rig_destroy(&rig);
}

/* A trunk without a next hop: what we call comes in at ourselves, whoever else
 * may call or be called. */
static void a_call_may_come_back_to_us(void **state)
{
    (void)state;
    static const char *const settings[][4] = {
        {"inbound=listed", "allowed_networks=192.0.2.1",
         "outbound_allow=", NULL},
        {"tcp_listen=", "outbound_allow=", NULL},
        {"udp_listen=0.0.0.0:0", "tcp_listen=0.0.0.0:0",
         "outbound_allow=", NULL},
    };
    for (unsigned i = 0; i < COUNT(settings); i++) {
        pl_sig_rig *rig = rig_open(settings[i]);
        pl_fake_pool_command(pl_sig_rig_pool(rig),
                             "start sip:lobby@localhost;user=phone 30000 "
                             "wants=5 identity=sip:+49301@x.example kind=1");
        rig_until_said(rig, "incoming", 1);
        assert_has(last(rig, "incoming"),
                   "lobby from sip:anonymous@anonymous.invalid");
        assert_has(last(rig, "incoming"),
                   " identity sip:+49301@x.example anonymous");
        rig_until_said(rig, "answered", 1);
        rig_until_said(rig, "confirmed", 1);
        assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 2);
        pl_fake_pool_command(pl_sig_rig_pool(rig), "end");
        rig_until_said(rig, "ended", 2);
        assert_int_equal(pl_calls_count(pl_sig_rig_calls(rig)), 0);
        pl_sig_rig_destroy(&rig);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_calls_with_its_identity),
        cmocka_unit_test(an_anonymous_caller_is_named_to_the_network_only),
        cmocka_unit_test(challenges_are_answered_in_every_request),
        cmocka_unit_test(another_realm_inside_the_call_is_not_answered),
        cmocka_unit_test(credentials_go_to_the_network_of_the_line_only),
        cmocka_unit_test(everything_is_told_with_its_cause),
        cmocka_unit_test(an_option_that_is_not_taken_is_dropped_once),
        cmocka_unit_test(who_is_called_must_be_allowed),
        cmocka_unit_test(a_network_says_who_calls),
        cmocka_unit_test(a_queued_caller_hears_so_and_why_it_hung_up_is_told),
        cmocka_unit_test(a_call_may_come_back_to_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
