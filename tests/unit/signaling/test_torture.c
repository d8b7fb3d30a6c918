/* test_torture.c - the kinds of message RFC 4475 describes (and those the
 * parser was measured to accept wrongly) through all three gates. The texts are
 * our own; the section names the idea. */
#include <stdio.h>
#include <stdlib.h>

#include "sanity.h"
#include "sip_parse.h"
#include "unit.h"

enum { DROPPED = -1, PASSED = 0 };

/* The status of the refusal, or DROPPED or PASSED. */
static int fate(const char *text, size_t len, pl_sip_msg *m)
{
    pl_gate g;
    uint8_t *exact = malloc(len); /* over-reads show under ASan */
    assert_non_null(exact);
    memcpy(exact, text, len);
    pl_gate_judge((pl_slice){exact, len}, PL_SIP_MAX_UDP, &g);
    int result = DROPPED;
    struct osip_message *parsed = NULL;
    if (g.verdict == PL_GATE_REPLY) {
        result = (int)g.status;
    } else if (g.verdict == PL_GATE_PASS) {
        if (pl_sip_parse(&g, m, &parsed) != PL_OK) {
            result = g.head.start.ptr[0] == 'S' ? DROPPED : 400;
        } else {
            unsigned status = pl_sip_sanity(m);
            result = status == PL_SIP_SANITY_DROP ? DROPPED : (int)status;
        }
    }
    pl_sip_parsed_free(&parsed);
    m->body = m->raw = (pl_slice){0};
    free(exact);
    return result;
}

#define START "INVITE sip:c@d SIP/2.0\r\n"
#define VIA   "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
#define PEERS "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
#define IDS   "Call-ID: i@h\r\nCSeq: 1 INVITE\r\n"
#define REST  "Max-Forwards: 70\r\nContact: <sip:a@b>\r\n"
#define END   "\r\n"

typedef struct row {
    const char *what, *text;
    int want;
} row;

static const row ROWS[] = {
    {"plain", START VIA PEERS IDS REST END, PASSED},
    {"3.1.1.1 compact, folded, blanks",
     START "v: SIP/2.0/UDP\r\n 192.0.2.2;branch=z9hG4bK390\r\n"
           "TO :\r\n sip:c@d ;   tag  = 1918181833n\r\n"
           "from   : \"J Rosenberg \\\\\\\"\"       <sip:a@b>\r\n  ;\r\n  tag "
           "= 98asjd8\r\n"
           "i: x\r\nCSeq: 0009\r\n  INVITE\r\nm: \"Q\" <sip:a@b>\r\n"
           "MaX-fOrWaRdS: 0068\r\n" END,
     PASSED},
    {"3.1.1.2 odd method and characters",
     "!interesting-Method0123456789_*+`.%indeed'~ sip:c@d SIP/2.0\r\n" VIA PEERS
     "Call-ID: i%Z\r\nCSeq: 1 "
     "!interesting-Method0123456789_*+`.%indeed'~\r\n" END,
     PASSED},
    {"3.1.1.4 escaped nulls in the user",
     "REGISTER sip:a%00b@d SIP/2.0\r\n" VIA PEERS
     "Call-ID: i\r\nCSeq: 1 REGISTER\r\n" END,
     400},
    {"3.1.1.9 a value with semicolons",
     START VIA "From: <sip:a;x=1@b;y>;tag=1\r\nTo: <sip:c@d>\r\n" IDS REST END,
     PASSED},
    {"3.1.1.11 many Vias",
     START VIA
     "Via: SIP/2.0/TCP p1;branch=z9hG4bK1, SIP/2.0/UDP p2\r\n" PEERS IDS REST
         END,
     PASSED},
    {"3.1.2.1 start line rubbish",
     "INVITE sip:c@d; foo SIP/2.0\r\n" VIA PEERS IDS REST END, 400},
    {"3.1.2.2 Content-Length too large",
     START VIA PEERS IDS REST "Content-Length: 9999\r\n\r\nv=0\r\n", 400},
    {"3.1.2.3 negative Content-Length",
     START VIA PEERS IDS REST "Content-Length: -999\r\n\r\nv=0\r\n", 400},
    {"3.1.2.4 huge CSeq",
     "REGISTER sip:d SIP/2.0\r\n" VIA PEERS
     "Call-ID: i\r\nCSeq: 36893488147419103232 REGISTER\r\n" END,
     400},
    {"3.1.2.4 CSeq of 2**31",
     START VIA PEERS "Call-ID: i\r\nCSeq: 2147483648 INVITE\r\n" REST END, 400},
    {"3.1.2.4 CSeq below 2**31",
     START VIA PEERS "Call-ID: i\r\nCSeq: 2147483647 INVITE\r\n" REST END,
     PASSED},
    {"3.1.2.4 Max-Forwards 300",
     START VIA PEERS IDS "Max-Forwards: 300\r\nContact: <sip:a@b>\r\n" END,
     400},
    {"3.1.2.4 Max-Forwards -1",
     START VIA PEERS IDS "Max-Forwards: -1\r\nContact: <sip:a@b>\r\n" END, 400},
    {"3.1.2.6 unbalanced quote in To",
     START VIA
     "From: <sip:a@b>;tag=1\r\nTo: \"Mr. J. User <sip:j@d>\r\n" IDS REST END,
     400},
    {"3.1.2.7 brackets round the Request-URI",
     "INVITE <sip:c@d> SIP/2.0\r\n" VIA PEERS IDS REST END, 400},
    {"3.1.2.8 blank in the Request-URI",
     "INVITE sip:c@d; lr SIP/2.0\r\n" VIA PEERS IDS REST END, 400},
    {"3.1.2.9 two blanks in the start line",
     "INVITE  sip:c@d SIP/2.0\r\n" VIA PEERS IDS REST END, 400},
    {"3.1.2.10 blank after the version",
     "INVITE sip:c@d SIP/2.0  \r\n" VIA PEERS IDS REST END, 400},
    {"3.1.2.16 unknown protocol version",
     "INVITE sip:c@d SIP/7.0\r\nVia: SIP/7.0/UDP h;branch=z9hG4bKx\r\n" PEERS
         IDS REST END,
     505},
    {"3.1.2.16 Via of another version",
     START "Via: SIP/7.0/UDP h;branch=z9hG4bKx\r\n" PEERS IDS REST END, 400},
    {"3.1.2.17 CSeq of another method",
     "OPTIONS sip:d SIP/2.0\r\n" VIA PEERS IDS END, 400},
    {"3.1.2.18 unknown method, other CSeq",
     "NEWMETHOD sip:d SIP/2.0\r\n" VIA PEERS IDS END, 400},
    {"3.1.2.19 status too large",
     "SIP/2.0 4294967301 better not break\r\n" VIA PEERS IDS END, DROPPED},
    {"3.2 status 700", "SIP/2.0 700 x\r\n" VIA PEERS IDS END, DROPPED},
    {"response", "SIP/2.0 200 OK\r\n" VIA PEERS IDS END, PASSED},
    {"response with two Vias", "SIP/2.0 200 OK\r\n" VIA VIA PEERS IDS END,
     DROPPED},
    {"3.3.1 no From tag with the cookie",
     START VIA "From: <sip:a@b>\r\nTo: <sip:c@d>\r\n" IDS REST END, 400},
    {"3.3.1 missing Call-ID", START VIA PEERS "CSeq: 1 INVITE\r\n" REST END,
     400},
    {"3.3.1 missing From", START VIA "To: <sip:c@d>\r\n" IDS REST END, 400},
    {"3.3.1 missing To", START VIA "From: <sip:a@b>;tag=1\r\n" IDS REST END,
     400},
    {"3.3.1 missing CSeq", START VIA PEERS "Call-ID: i\r\n" REST END, 400},
    {"3.3.1 missing Via", START PEERS IDS REST END, DROPPED},
    {"no branch", START "Via: SIP/2.0/UDP h\r\n" PEERS IDS REST END, 400},
    {"no Contact in an INVITE", START VIA PEERS IDS "Max-Forwards: 70\r\n" END,
     400},
    {"3.3.2 unknown scheme",
     "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" VIA PEERS
     "Call-ID: i\r\nCSeq: 1 OPTIONS\r\n" END,
     416},
    {"3.3.3 another known scheme",
     "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n" VIA PEERS
     "Call-ID: i\r\nCSeq: 1 OPTIONS\r\n" END,
     416},
    {"tel is known",
     "OPTIONS tel:+1234 SIP/2.0\r\n" VIA PEERS
     "Call-ID: i\r\nCSeq: 1 OPTIONS\r\n" END,
     PASSED},
    {"3.3.8 repeated From",
     START VIA PEERS "From: <sip:z@b>;tag=2\r\n" IDS REST END, 400},
    {"3.3.8 repeated Call-ID", START VIA PEERS IDS "Call-ID: j\r\n" REST END,
     400},
    {"3.3.9 repeated Content-Length",
     START VIA PEERS IDS REST
     "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
     400},
    {"3.3.11 Max-Forwards 0",
     "OPTIONS sip:d SIP/2.0\r\n" VIA PEERS
     "Call-ID: i\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n" END,
     PASSED},
    {"3.3.14 multipart",
     START VIA PEERS IDS REST
     "Content-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\n",
     415},
    {"ACK is never answered",
     "ACK sip:c@d SIP/2.0\r\n" VIA PEERS "Call-ID: i\r\nCSeq: 1 INVITE\r\n" END,
     DROPPED},
    {"unused broken header",
     START VIA PEERS IDS REST "Date: nonsense \"\r\nAccept: ;;;\r\n" END,
     PASSED},
    {"colon at the start of a line", START VIA PEERS IDS REST ": x\r\n" END,
     400},
};

static void every_message_meets_its_fate(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        static pl_sip_msg m;
        int got = fate(ROWS[i].text, strlen(ROWS[i].text), &m);
        if (got == ROWS[i].want)
            continue;
        wrong++;
        (void)fprintf(stderr, "%s: %d instead of %d\n", ROWS[i].what, got,
                      ROWS[i].want);
    }
    assert_int_equal(wrong, 0);
}

static void no_cut_of_a_message_does_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        static pl_sip_msg m;
        for (size_t len = 1; len < strlen(ROWS[i].text); len++)
            (void)fate(ROWS[i].text, len, &m);
    }
}

static void values_are_extracted(void **state)
{
    (void)state;
    static pl_sip_msg m;
    static const char text[] =
        "INVITE sip:lob%20by@[::1]:5070 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP h:99;branch=z9hG4bKx;rport\r\n"
        "From: \"A \\\"B\\\"\" <sip:a@b;p=1>;tag=ft\r\n"
        "To: <sip:c@d>;tag=tt\r\nCall-ID: i@h\r\nCSeq: 7 INVITE\r\n"
        "Contact: \"x\" <sip:a@1.2.3.4:5>;expires=3\r\n"
        "Record-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2;lr>, <sip:p3>\r\n"
        "Require: 100rel\r\nRequire: x\r\n"
        "Reason: SIP;cause=1;text=\"gone home\"\r\n"
        "Content-Type: Application/SDP;charset=x\r\n\r\nv=0\r\n";
    assert_int_equal(fate(text, sizeof text - 1, &m), PASSED);
    assert_string_equal(m.uri.user, "lob by");
    assert_string_equal(m.uri.host, "::1");
    assert_int_equal(m.uri.port, 5070);
    assert_string_equal(m.from_tag, "ft");
    assert_string_equal(m.to_tag, "tt");
    assert_string_equal(m.from_uri, "sip:a@b;p=1");
    assert_string_equal(m.call_id, "i@h");
    assert_int_equal(m.cseq, 7);
    assert_string_equal(m.branch, "z9hG4bKx");
    assert_int_equal(m.sent_by_port, 99);
    assert_true(m.has_rport);
    assert_string_equal(m.contact, "sip:a@1.2.3.4:5");
    assert_string_equal(m.record_routes, "<sip:p1;lr>,<sip:p2;lr>,<sip:p3>");
    assert_string_equal(m.require, "100rel, x");
    assert_string_equal(m.why.text, "gone home");
    assert_string_equal(m.content_type, "application/sdp");
}

static int setup(void **state)
{
    (void)state;
    return pl_sip_parse_setup() == PL_OK ? 0 : -1;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_meets_its_fate),
        cmocka_unit_test(no_cut_of_a_message_does_harm),
        cmocka_unit_test(values_are_extracted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
