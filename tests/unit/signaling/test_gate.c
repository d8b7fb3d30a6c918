/* test_gate.c - the raw gate and the framing of streams. */
#include "gate.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define CORE                                                                   \
    "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"          \
    "To: <sip:c@d>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n"
#define LINE "INVITE sip:c@d SIP/2.0\r\n"

static pl_gate judge(const char *text)
{
    pl_gate g;
    pl_gate_judge(pl_slice_str(text), PL_SIP_MAX_UDP, &g);
    return g;
}

static void good_messages_pass(void **state)
{
    (void)state;
    assert_int_equal(judge(LINE CORE "\r\n").verdict, PL_GATE_PASS);
    assert_int_equal(judge("SIP/2.0 200 OK\r\n" CORE "\r\n").verdict,
                     PL_GATE_PASS);
    pl_gate g = judge(LINE CORE "l: 2\r\n\r\nabcd");
    assert_int_equal(g.verdict, PL_GATE_PASS);
    assert_int_equal(g.head.body.len, 2); /* RFC 3261 section 18.3 */
    assert_int_equal(judge("\r\n\r\n").verdict, PL_GATE_KEEPALIVE);
    assert_int_equal(judge("").verdict, PL_GATE_KEEPALIVE);
}

static void requests_are_refused_with_a_status(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned status;
    } rows[] = {
        {LINE CORE "Content-Length: 5\r\n\r\nabc", 400},
        {LINE CORE "Content-Length: -1\r\n\r\n", 400},
        {LINE CORE "Content-Length: 0\r\nl: 0\r\n\r\n", 400},
        {LINE CORE "Content-Length: 99999999999999999999\r\n\r\n", 400},
        {LINE CORE "From: <sip:z>\r\n\r\n", 400},
        {LINE CORE "bad header\r\n\r\n", 400},
        {LINE CORE "Bad Name: x\r\n\r\n", 400},
        {LINE "Via: x\r\nFrom: a\r\nTo: b\r\nCSeq: 1 INVITE\r\n\r\n", 400},
        {LINE CORE "Content-Type: multipart/mixed;boundary=x\r\n\r\n", 415},
        {LINE CORE "c:\r\n MULTIPART/related\r\n\r\n", 415},
        {LINE CORE "Content-Encoding: gzip\r\n\r\n", 415},
        {"INVITE sip:c@d SIP/7.0\r\n" CORE "\r\n", 505},
        {"INVITE sip:c@d HTTP/1.1\r\n" CORE "\r\n", 400},
        {"INVITE  sip:c@d SIP/2.0\r\n" CORE "\r\n", 400},
        {"INVITE sip:c@d SIP/2.0 \r\n" CORE "\r\n", 400},
        {"INVITE <sip:c@d> SIP/2.0\r\n" CORE "\r\n", 400},
        {"INVITE sip:c@d; lr SIP/2.0\r\n" CORE "\r\n", 400},
        {"IN\"VITE sip:c@d SIP/2.0\r\n" CORE "\r\n", 400},
        {"INVITE\r\n" CORE "\r\n", 400},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pl_gate g = judge(rows[i].text);
        if (g.verdict != PL_GATE_REPLY || g.status != rows[i].status)
            fail_msg("row %zu: verdict %d status %u", i, (int)g.verdict,
                     g.status);
    }
}

static void what_nobody_waits_for_is_dropped(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "hello",
        LINE CORE, /* no empty line */
        "ACK sip:c@d SIP/2.0\r\n" CORE "Content-Length: x\r\n\r\n",
        "SIP/2.0 200 OK\r\n" CORE "Content-Type: multipart/mixed\r\n\r\n",
        LINE "From: a\r\nTo: b\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n\r\n",
        LINE "Via: x\nFrom: y\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(judge(rows[i]).verdict, PL_GATE_DROP);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    static char text[20000];
    int n = snprintf(text, sizeof text, "%s", LINE CORE);
    for (unsigned i = 0; i < PL_SIP_MAX_HEADERS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "X: y\r\n");
    (void)snprintf(text + n, sizeof text - (size_t)n, "\r\n");
    assert_int_equal(judge(text).status, 400);
    n = snprintf(text, sizeof text, "%s\r\n", LINE CORE);
    memset(text + n, 'a', PL_SIP_MAX_UDP);
    assert_int_equal(judge(text).status, 513);
    memset(text, 'A', PL_SIP_MAX_START + 1);
    (void)snprintf(text + PL_SIP_MAX_START + 1, 1000, " x SIP/2.0\r\n%s\r\n",
                   CORE);
    assert_int_equal(judge(text).verdict, PL_GATE_DROP);
}

static void a_nul_in_the_body_is_refused(void **state)
{
    (void)state;
    char text[] = LINE CORE "\r\nab\0cd";
    pl_gate g;
    pl_gate_judge((pl_slice){(const uint8_t *)text, sizeof text - 1},
                  PL_SIP_MAX_UDP, &g);
    assert_int_equal(g.verdict, PL_GATE_REPLY);
    assert_int_equal(g.status, 400);
}

static void streams_are_cut_into_messages(void **state)
{
    (void)state;
    size_t len = 0;
    bool is_ping = false;
    static const char two[] = LINE CORE "Content-Length: 3\r\n\r\nabc" LINE;
    size_t first = sizeof two - sizeof LINE;
    pl_slice s = pl_slice_str(two);
    assert_int_equal(pl_gate_frame(s, &len, &is_ping), PL_OK);
    assert_int_equal(len, first);
    assert_false(is_ping);
    for (size_t i = 1; i < first; i++) { /* every cut waits for more */
        s.len = i;
        assert_int_equal(pl_gate_frame(s, &len, &is_ping), PL_EAGAIN);
    }
    assert_int_equal(pl_gate_frame(pl_slice_str("\r\n\r\nINV"), &len, &is_ping),
                     PL_OK);
    assert_true(is_ping);
    assert_int_equal(len, 4);
    assert_int_equal(pl_gate_frame((pl_slice){0}, &len, &is_ping), PL_EAGAIN);
}

static void streams_that_cannot_be_followed_end(void **state)
{
    (void)state;
    size_t len = 0;
    bool is_ping = false;
    static const struct {
        const char *text;
        pl_err e;
    } rows[] = {
        {LINE CORE "\r\n", PL_EPROTO}, /* Content-Length is mandatory here */
        {LINE CORE "Content-Length: x\r\n\r\n", PL_EPROTO},
        {LINE CORE "Content-Length: 1\r\nl: 2\r\n\r\n", PL_EPROTO},
        {LINE "Via: a\nb\r\n\r\n", PL_EPROTO},
        {LINE CORE "Content-Length: 70000\r\n\r\n", PL_ETOOBIG},
        {LINE CORE "Content-Length: 4294967295\r\n\r\n", PL_ETOOBIG},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(
            pl_gate_frame(pl_slice_str(rows[i].text), &len, &is_ping),
            rows[i].e);
    char *big = malloc(PL_SIP_MAX_TCP + 1);
    assert_non_null(big);
    memset(big, 'a', PL_SIP_MAX_TCP + 1);
    pl_slice s = {(const uint8_t *)big, PL_SIP_MAX_TCP + 1};
    assert_int_equal(pl_gate_frame(s, &len, &is_ping), PL_ETOOBIG);
    big[5] = '\0';
    assert_int_equal(pl_gate_frame(s, &len, &is_ping), PL_EPROTO);
    free(big);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_messages_pass),
        cmocka_unit_test(requests_are_refused_with_a_status),
        cmocka_unit_test(what_nobody_waits_for_is_dropped),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(a_nul_in_the_body_is_refused),
        cmocka_unit_test(streams_are_cut_into_messages),
        cmocka_unit_test(streams_that_cannot_be_followed_end),
    };
    return RUN(tests);
}
