/* test_build.c - writing messages. */
#include "sip_build.h"

#include "pl/str.h"
#include "unit.h"

static pl_sip_head head_of(const char *text)
{
    pl_sip_head h = {0};
    assert_int_equal(pl_sip_head_split(pl_slice_str(text), &h), PL_OK);
    return h;
}

static char OUT[4096];

static const char *answer(const char *request, const pl_sip_response_spec *spec)
{
    pl_sip_head h = head_of(request);
    pl_sip_response_spec s = *spec;
    size_t len = 0;
    s.request = &h;
    assert_int_equal(pl_sip_build_response(&s, OUT, sizeof OUT, &len), PL_OK);
    assert_int_equal(strlen(OUT), len);
    return OUT;
}

#define REST                                                                   \
    "f: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n"

static void responses_mirror_their_request(void **state)
{
    (void)state;
    pl_sip_response_spec spec = {.source = "192.0.2.9",
                                 .source_port = 4444,
                                 .status = 180,
                                 .to_tag = "T",
                                 .contact = "sip:us"};
    const char *r =
        answer("INVITE sip:x SIP/2.0\r\n"
               "v: SIP/2.0/UDP h:1;rport;branch=z9, SIP/2.0/TCP p\r\n"
               "Via: SIP/2.0/UDP q\r\nRecord-Route: <sip:p;lr>\r\n" REST "\r\n",
               &spec);
    assert_string_equal(
        r, "SIP/2.0 180 Ringing\r\n"
           "Via: SIP/2.0/UDP h:1;branch=z9;rport=4444;received=192.0.2.9, "
           "SIP/2.0/TCP p\r\nVia: SIP/2.0/UDP q\r\n"
           "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=T\r\nCall-ID: i\r\n"
           "CSeq: 1 INVITE\r\nRecord-Route: <sip:p;lr>\r\n"
           "Contact: <sip:us>\r\nContent-Length: 0\r\n\r\n");
}

static void received_is_ours_to_say(void **state)
{
    (void)state;
    pl_sip_response_spec spec = {
        .source = "::1", .source_port = 5, .status = 400, .to_tag = "T"};
    /* RFC 3261 section 18.2.1: not added where sent-by is right */
    const char *r =
        answer("BYE sip:x SIP/2.0\r\n"
               "Via: SIP/2.0/UDP [::1]:5;received=9.9.9.9\r\n" REST "\r\n",
               &spec);
    assert_non_null(strstr(r, "Via: SIP/2.0/UDP [::1]:5\r\n"));
    r = answer("BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP other\r\n" REST "\r\n",
               &spec);
    assert_non_null(strstr(r, "Via: SIP/2.0/UDP other;received=::1\r\n"));
}

static void a_tag_is_added_once_and_never_to_100(void **state)
{
    (void)state;
    pl_sip_response_spec spec = {
        .source = "1.1.1.1", .status = 100, .to_tag = "T"};
    static const char tagged[] =
        "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: a\r\n"
        "To: \"tag=x\" <sip:y;tag=z>;tag=mine\r\nCall-ID: i\r\nCSeq: 1 "
        "BYE\r\n\r\n";
    static const char plain[] =
        "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: a\r\n"
        "To: \"tag=x\" <sip:y;tag=z>\r\nCall-ID: i\r\nCSeq: 1 BYE\r\n\r\n";
    assert_null(strstr(answer(plain, &spec), "tag=T"));
    spec.status = 200;
    assert_non_null(strstr(answer(plain, &spec), ";tag=z>;tag=T\r\n"));
    static const char other[] =
        "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:x>\r\n"
        "To: <sip:y>;tagged=1\r\nCall-ID: i\r\nCSeq: 1 BYE\r\n\r\n";
    assert_non_null(strstr(answer(other, &spec), ";tagged=1;tag=T\r\n"));
    assert_null(strstr(answer(tagged, &spec), "tag=T"));
}

static void responses_refuse_what_they_cannot_do(void **state)
{
    (void)state;
    size_t len = 7;
    pl_sip_head h = head_of("BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n");
    pl_sip_response_spec spec = {.request = &h, .source = "x", .status = 200};
    assert_int_equal(pl_sip_build_response(&spec, OUT, sizeof OUT, &len),
                     PL_EPROTO);
    h = head_of("BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n" REST "\r\n");
    assert_int_equal(pl_sip_build_response(&spec, OUT, sizeof OUT, &len),
                     PL_OK);
    size_t need = len;
    len = 7;
    for (size_t cap = 1; cap <= need; cap++)
        assert_int_equal(pl_sip_build_response(&spec, OUT, cap, &len),
                         PL_EFULL);
    assert_int_equal(len, 7);
    spec.phrase = "evil\r\nX: y";
    assert_int_equal(pl_sip_build_response(&spec, OUT, sizeof OUT, &len),
                     PL_OK);
    assert_null(strstr(OUT, "evil"));
}

static void requests_are_complete(void **state)
{
    (void)state;
    pl_sip_dialog d = {.call_id = "c1",
                       .local_tag = "L",
                       .remote_tag = "R",
                       .local_uri = "sip:us@h",
                       .remote_uri = "sip:them@h",
                       .local_name = "A \"B\\\""};
    pl_sip_request_spec spec = {.method = PL_SIP_INVITE,
                                .request_uri = "sip:t@h",
                                .route = "<sip:p;lr>",
                                .via = "[::1]:5060",
                                .transport = PL_URI_TCP,
                                .branch = "z9hG4bKq",
                                .dialog = &d,
                                .cseq = 7,
                                .contact = "sip:us@h;transport=tcp",
                                .extra = "Reason: x\r\n",
                                .content_type = "application/sdp",
                                .body = pl_slice_str("v=0\r\n")};
    size_t len = 0;
    assert_int_equal(pl_sip_build_request(&spec, OUT, sizeof OUT, &len), PL_OK);
    assert_string_equal(
        OUT, "INVITE sip:t@h SIP/2.0\r\n"
             "Via: SIP/2.0/TCP [::1]:5060;branch=z9hG4bKq;rport\r\n"
             "Max-Forwards: 70\r\nRoute: <sip:p;lr>\r\n"
             "From: \"A B\" <sip:us@h>;tag=L\r\nTo: <sip:them@h>;tag=R\r\n"
             "Call-ID: c1\r\nCSeq: 7 INVITE\r\n"
             "Contact: <sip:us@h;transport=tcp>\r\n"
             "Allow: " PL_SIP_ALLOW "\r\nReason: x\r\n"
             "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\n"
             "v=0\r\n");
    spec.request_uri = "sip:t@h\r\nX: y";
    assert_int_equal(pl_sip_build_request(&spec, OUT, sizeof OUT, &len),
                     PL_EINVAL);
    spec.request_uri = "sip:t@h";
    assert_int_equal(pl_sip_build_request(&spec, OUT, 100, &len), PL_EFULL);
}

/* A name that somebody typed ends neither its quotes nor its line. */
static void names_stay_inside_their_quotes(void **state)
{
    static const struct {
        const char *name;
        pl_err e;
        const char *from;
    } rows[] = {
        {"a\" <sip:evil@h>;tag=x", PL_OK,
         "\"a <sip:evil@h>;tag=x\" <sip:us@h>"},
        {"a\\", PL_OK, "\"a\" <sip:us@h>"},
        {"<sip:evil@h>, \"b\" <sip:c@d>", PL_OK,
         "\"<sip:evil@h>, b <sip:c@d>\" <sip:us@h>"},
        {"\"\"\\", PL_OK, "<sip:us@h>"},
        {"a\r\nX-Evil: 1", PL_EINVAL, NULL},
        {"a\nX-Evil: 1", PL_EINVAL, NULL},
        {"a\x7f", PL_EINVAL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char want[128];
        pl_sip_dialog d = {.call_id = "c1",
                           .local_tag = "L",
                           .local_uri = "sip:us@h",
                           .remote_uri = "sip:them@h"};
        pl_fmt_cut(d.local_name, sizeof d.local_name, "%s", rows[i].name);
        pl_sip_request_spec spec = {.method = PL_SIP_INVITE,
                                    .request_uri = "sip:t@h",
                                    .route = "",
                                    .via = "[::1]:5060",
                                    .transport = PL_URI_TCP,
                                    .branch = "z9hG4bKq",
                                    .dialog = &d,
                                    .cseq = 1,
                                    .contact = "sip:us@h"};
        size_t len = 0;
        assert_int_equal(pl_sip_build_request(&spec, OUT, sizeof OUT, &len),
                         rows[i].e);
        pl_fmt_cut(want, sizeof want, "\r\nFrom: %s;tag=L\r\nTo: ",
                   rows[i].from ? rows[i].from : "");
        if (!rows[i].e)
            assert_non_null(strstr(OUT, want));
    }
}

static void user_parts_are_escaped(void **state)
{
    (void)state;
    char buf[32];
    assert_int_equal(pl_sip_escape_user("+49 a@b", buf, sizeof buf), PL_OK);
    assert_string_equal(buf, "+49%20a%40b");
    assert_int_equal(pl_sip_escape_user("aaaaaaaa\xc3\xbc", buf, 12), PL_EFULL);
}

static void numbers_become_addresses(void **state)
{
    (void)state;
    char buf[48];
    assert_int_equal(pl_sip_number_uri("*31#0711", "gw.test", buf, sizeof buf),
                     PL_OK);
    assert_string_equal(buf, "sip:*31%230711@gw.test;user=phone");
    assert_int_equal(pl_sip_number_uri("*31#0711", "gw.test", buf, 20),
                     PL_EFULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_mirror_their_request),
        cmocka_unit_test(received_is_ours_to_say),
        cmocka_unit_test(a_tag_is_added_once_and_never_to_100),
        cmocka_unit_test(responses_refuse_what_they_cannot_do),
        cmocka_unit_test(requests_are_complete),
        cmocka_unit_test(names_stay_inside_their_quotes),
        cmocka_unit_test(user_parts_are_escaped),
        cmocka_unit_test(numbers_become_addresses),
    };
    return RUN(tests);
}
