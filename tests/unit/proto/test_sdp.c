/* test_sdp.c - parser and writer of session descriptions. */
#include "oa_support.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.5\r\ns=-\r\n"

static void parser_gives_the_fields_of_a_browser_offer(void **state)
{
    (void)state;
    pl_sdp *s = parsed(sample("chromium-audio-video.sdp"));
    assert_int_equal(s->n_media, 2);
    const pl_sdp_media *m = &s->media[0];
    assert_true(pl_slice_eq_str(m->kind, "audio"));
    assert_true(pl_slice_eq_str(m->proto, "UDP/TLS/RTP/SAVPF"));
    assert_int_equal(m->n_formats, 8);
    assert_string_equal(m->conn.address, "192.0.2.17");
    assert_true(pl_slice_eq_str(pl_sdp_mid(m), "0"));
    assert_true(pl_slice_eq_str(pl_sdp_mid(&s->media[1]), "1"));
    assert_int_equal(pl_sdp_direction(s, m), PL_DIRECTION_SENDRECV);
    assert_int_equal(pl_sdp_find_setup(s, m), PL_SDP_SETUP_ACTPASS);
    assert_true(
        pl_slice_eq_str(pl_sdp_bundle_of(s, pl_slice_str("1")), " 0 1"));
    assert_ptr_equal(pl_sdp_find_mid(s, pl_slice_str("1")), &s->media[1]);
    assert_true(s->media[1].n_attrs > 100); /* why the bound is above 100 */
    pl_sdp_extmap ext;
    assert_int_equal(
        pl_sdp_find_extmap(s, m, "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
                           &ext),
        PL_OK);
    assert_int_equal(ext.id, 1);
    pl_sdp_destroy(&s);
    assert_null(s);
}

static void every_sample_parses(void **state)
{
    (void)state;
    static const char *const names[] = {
        "audio-refused.sdp", "baresip-g711.sdp",
        "baresip-opus.sdp",  "chromium-audio-video-data.sdp",
        "firefox-audio.sdp", "hold-2543.sdp",
        "linphone.sdp",      "savp-then-avp.sdp",
        "sipp.sdp",          "session-name-junk.sdp",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        pl_sdp *s = parsed(sample(names[i]));
        assert_true(s->n_media > 0);
        pl_sdp_destroy(&s);
    }
}

static void parser_tolerates_sloppy_clients(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "v=0\no=- 1 2 IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0\n", /* LF, no s= t= */
        HEAD "m=audio 1 RTP/AVP 0",                           /* no last end */
        HEAD "m=audio 1 RTP/AVP 0\r\n\r\n",                   /* empty line */
        HEAD "s=again\r\nz=?\r\nm=audio  1/2  RTP/AVP  0 \r\n",
        HEAD "c=IN IP4 phone.example.com\r\nm=audio 1 RTP/AVP 0\r\n",
        "v=0\r\no=a b c IN IP4 h\r\ns=\r\nb=XX:1\r\nm=audio 1 RTP/AVP 0\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        pl_sdp *s = parsed(texts[i]);
        assert_int_equal(s->n_media, 1);
        assert_int_equal(s->media[0].port, 1);
        pl_sdp_destroy(&s);
    }
}

static void parser_refuses_malformed_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        {"", 0},
        {"v=1\r\n", 1},
        {"o=- 1 2 IN IP4 1.2.3.4\r\nv=0\r\n", 1},
        {"v=0\r\ns=-\r\n", 0},
        {"v=0\r\no=- 1 2 IN IP4\r\n", 2},
        {HEAD "o=- 1 2 IN IP4 1.2.3.4\r\n", 4},
        {HEAD "garbage\r\n", 4},
        {HEAD "c=IN IP4 2001:db8::1\r\n", 4},
        {HEAD "c=ATM NSAP 47\r\n", 4},
        {HEAD "m=audio 65536 RTP/AVP 0\r\n", 4},
        {HEAD "m=audio -1 RTP/AVP 0\r\n", 4},
        {HEAD "m=audio 1/0 RTP/AVP 0\r\n", 4},
        {HEAD "m=audio 1 RTP/AVP\r\n", 4},
        {HEAD "m=au\x01io 1 RTP/AVP 0\r\n", 4},
        {HEAD "a=:x\r\n", 4},
        {HEAD "a=tool:a\rb\r\n", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_sdp *s = NULL;
        pl_sdp_fault fault = {99, NULL};
        assert_int_equal(pl_sdp_parse(pl_slice_str(rows[i].text), &s, &fault),
                         PL_EPROTO);
        assert_null(s);
        assert_int_equal(fault.line, rows[i].line);
        assert_non_null(fault.what);
    }
    pl_sdp *s = NULL;
    static const uint8_t nul[] = "v=0\r\no=- 1 2 IN IP4 h\r\ns=\0x\r\n";
    assert_int_equal(pl_sdp_parse((pl_slice){nul, sizeof nul - 1}, &s, NULL),
                     PL_EPROTO);
}

/* HEAD, then `first`, then n times `line`. */
static pl_err parse_repeated(const char *first, const char *line, size_t n)
{
    static char text[2 * PL_SDP_MAX_BYTES];
    size_t len = 0;
    pl_sdp *s = NULL;
    assert_int_equal(pl_fmt(text, sizeof text, "%s%s", HEAD, first), PL_OK);
    len = strlen(text);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pl_fmt(text + len, sizeof text - len, "%s", line),
                         PL_OK);
        len += strlen(line);
    }
    pl_err e = pl_sdp_parse((pl_slice){(const uint8_t *)text, len}, &s, NULL);
    pl_sdp_destroy(&s);
    return e;
}

static void parser_keeps_its_bounds(void **state)
{
    (void)state;
    static const char m[] = "m=audio 1 RTP/AVP 0\r\n";
    static const char cand[] = "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\r\n";
    assert_int_equal(parse_repeated("", m, PL_SDP_MAX_MEDIA), PL_OK);
    assert_int_equal(parse_repeated("", m, PL_SDP_MAX_MEDIA + 1), PL_ETOOBIG);
    assert_int_equal(parse_repeated(m, "a=x\r\n", PL_SDP_MAX_ATTRS), PL_OK);
    assert_int_equal(parse_repeated(m, "a=x\r\n", PL_SDP_MAX_ATTRS + 1),
                     PL_ETOOBIG);
    assert_int_equal(parse_repeated("", "a=x\r\n", PL_SDP_MAX_ATTRS + 1),
                     PL_ETOOBIG);
    assert_int_equal(parse_repeated(m, cand, PL_SDP_MAX_CANDIDATES), PL_OK);
    assert_int_equal(parse_repeated(m, cand, PL_SDP_MAX_CANDIDATES + 1),
                     PL_ETOOBIG);
    assert_int_equal(parse_repeated("m=audio 1 RTP/AVP", " 0", 64), PL_OK);
    assert_int_equal(parse_repeated("m=audio 1 RTP/AVP", " 0", 65), PL_ETOOBIG);
    assert_int_equal(parse_repeated("s=", "x", PL_SDP_MAX_LINE - 2), PL_OK);
    assert_int_equal(parse_repeated("s=", "x", PL_SDP_MAX_LINE - 1),
                     PL_ETOOBIG);
    assert_int_equal(parse_repeated("", "b=AS:1\r\n", PL_SDP_MAX_BYTES / 8 + 1),
                     PL_ETOOBIG);
}

static void section_values_win_over_session_values(void **state)
{
    (void)state;
    pl_sdp *s = parsed(HEAD "c=IN IP4 192.0.2.5\r\na=recvonly\r\n"
                            "a=setup:active\r\n"
                            "m=audio 10 RTP/AVP 0\r\n"
                            "m=audio 12 RTP/AVP 0\r\nc=IN IP6 2001:db8::5\r\n"
                            "a=sendonly\r\na=setup:strange\r\n");
    assert_int_equal(pl_sdp_direction(s, &s->media[0]), PL_DIRECTION_RECVONLY);
    assert_int_equal(pl_sdp_direction(s, &s->media[1]), PL_DIRECTION_SENDONLY);
    assert_int_equal(pl_sdp_find_setup(s, &s->media[0]), PL_SDP_SETUP_ACTIVE);
    assert_int_equal(pl_sdp_find_setup(s, &s->media[1]), PL_SDP_SETUP_BAD);
    assert_int_equal(s->media[0].conn.family, 4);
    assert_int_equal(s->media[1].conn.family, 6);
    pl_sdp_destroy(&s);
}

static void formats_map_by_rtpmap_or_static_assignment(void **state)
{
    (void)state;
    pl_sdp *s =
        parsed(HEAD "m=audio 10 RTP/AVP 0 9 18 96 97 x\r\n"
                    "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 broken\r\n"
                    "a=fmtp:96 stereo=1; useinbandfec = 1;x\r\na=ptime:40\r\n");
    const pl_sdp_media *m = &s->media[0];
    static const pl_err want[] = {PL_OK, PL_OK,     PL_ENOENT,
                                  PL_OK, PL_EPROTO, PL_EPROTO};
    pl_sdp_rtpmap map[6];
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(pl_sdp_find_rtpmap(m, m->formats[i], &map[i]),
                         want[i]);
    }
    assert_true(pl_slice_eq_str(map[0].encoding, "PCMU"));
    assert_int_equal(map[1].clock_hz, 8000); /* RFC 3551 section 4.5.2 */
    assert_int_equal(map[3].clock_hz, 48000);
    assert_int_equal(map[3].channels, 2);
    pl_slice v;
    pl_slice fmtp = pl_sdp_find_fmtp(m, 96);
    assert_int_equal(pl_sdp_fmtp_param(fmtp, "UseInbandFec", &v), PL_OK);
    assert_true(pl_slice_eq_str(v, "1"));
    assert_int_equal(pl_sdp_fmtp_param(fmtp, "usedtx", &v), PL_ENOENT);
    assert_int_equal(pl_sdp_number(m, "ptime", 200, 20), 40);
    assert_int_equal(pl_sdp_number(m, "ptime", 30, 20), 20);
    assert_int_equal(pl_sdp_number(m, "maxptime", 200, 7), 7);
    pl_sdp_destroy(&s);
}

static void rtcp_goes_to_the_next_port_unless_said(void **state)
{
    (void)state;
    pl_sdp *s = parsed(HEAD "c=IN IP4 192.0.2.5\r\nm=audio 10 RTP/AVP 0\r\n"
                            "m=audio 10 RTP/AVP 0\r\n"
                            "a=rtcp:99 IN IP4 192.0.2.9\r\n"
                            "m=audio 65535 RTP/AVP 0\r\n");
    pl_sdp_conn conn;
    uint16_t port = 0;
    pl_sdp_find_rtcp(&s->media[0], &conn, &port);
    assert_int_equal(port, 11); /* RFC 3550 section 11 */
    assert_string_equal(conn.address, "192.0.2.5");
    pl_sdp_find_rtcp(&s->media[1], &conn, &port);
    assert_int_equal(port, 99); /* RFC 3605 section 2.1 */
    assert_string_equal(conn.address, "192.0.2.9");
    pl_sdp_find_rtcp(&s->media[2], &conn, &port);
    assert_int_equal(port, 0);
    pl_sdp_destroy(&s);
}

static void attribute_values_are_checked(void **state)
{
    (void)state;
    pl_sdp_fingerprint f;
    pl_sdp_extmap x;
    pl_sdp_ssrc c;
    assert_int_equal(
        pl_sdp_parse_fingerprint(pl_slice_str("sha-1 00:fF:10"), &f), PL_OK);
    assert_int_equal(f.len, 3);
    assert_int_equal(f.bytes[1], 255);
    static const char *const bad_prints[] = {
        "", "sha-1", "sha-1 0", "sha-1 0g", "sha-1 00:", "sha-1 00;11"};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(
            pl_sdp_parse_fingerprint(pl_slice_str(bad_prints[i]), &f),
            PL_EPROTO);
    }
    assert_int_equal(
        pl_sdp_parse_extmap(pl_slice_str("4/sendonly urn:x y"), &x), PL_OK);
    assert_int_equal(x.direction, PL_DIRECTION_SENDONLY);
    static const char *const bad_exts[] = {"", "0 urn:x", "256 urn:x", "1",
                                           "1/up urn:x"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(pl_sdp_parse_extmap(pl_slice_str(bad_exts[i]), &x),
                         PL_EPROTO);
    }
    assert_int_equal(
        pl_sdp_parse_ssrc(pl_slice_str("4294967295 cname:a:b"), &c), PL_OK);
    assert_true(pl_slice_eq_str(c.value, "a:b"));
    assert_int_equal(pl_sdp_parse_ssrc(pl_slice_str("4294967296 x"), &c),
                     PL_EPROTO);
    assert_int_equal(pl_sdp_parse_ssrc(pl_slice_str("1"), &c), PL_EPROTO);
}

static void writer_ends_lines_and_refuses_injection(void **state)
{
    (void)state;
    char buf[16];
    size_t n = 0;
    pl_sdp_writer w;
    pl_sdp_writer_init(&w, buf, sizeof buf);
    pl_sdp_line(&w, "v=%d", 0);
    pl_sdp_line(&w, "s=%s", "abc");
    assert_int_equal(pl_sdp_writer_end(&w, &n), PL_OK);
    assert_string_equal(buf, "v=0\r\ns=abc\r\n");
    assert_int_equal(n, 12);
    pl_sdp_line(&w, "i=%s", "toolong");
    assert_int_equal(pl_sdp_writer_end(&w, &n), PL_EFULL);
    pl_sdp_writer_init(&w, buf, sizeof buf);
    pl_sdp_line(&w, "s=%s", "a\r\na=x");
    assert_int_equal(pl_sdp_writer_end(&w, &n), PL_EFULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parser_gives_the_fields_of_a_browser_offer),
        cmocka_unit_test(every_sample_parses),
        cmocka_unit_test(parser_tolerates_sloppy_clients),
        cmocka_unit_test(parser_refuses_malformed_texts),
        cmocka_unit_test(parser_keeps_its_bounds),
        cmocka_unit_test(section_values_win_over_session_values),
        cmocka_unit_test(formats_map_by_rtpmap_or_static_assignment),
        cmocka_unit_test(rtcp_goes_to_the_next_port_unless_said),
        cmocka_unit_test(attribute_values_are_checked),
        cmocka_unit_test(writer_ends_lines_and_refuses_injection),
    };
    return cmocka_run_group_tests_name("sdp", tests, NULL, NULL);
}
