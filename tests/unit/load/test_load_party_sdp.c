/* test_load_party_sdp.c - a client's offer, and what answers it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapter.h"

static const uint8_t print[PL_LOAD_SHA256] = {0xab, 0xcd, 1, 2, 3};

static pl_load_party party(pl_load_transport transport)
{
    pl_load_party p = {.number = 5,
                       .transport = transport,
                       .codec = PL_AUDIO_OPUS,
                       .ssrc = 77,
                       .ufrag = "abcd1234",
                       .pwd = "abcdefghijklmnopqrstuvwx",
                       .fingerprint = print};
    assert_int_equal(pl_addr_parse("127.0.0.9", 5004, &p.local), PL_OK);
    return p;
}

#define WEBRTC_ANSWER                                                          \
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n"          \
    "a=fingerprint:sha-256 "                                                   \
    "01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:"    \
    "18:19:1A:1B:1C:1D:1E:1F:20\r\n"                                           \
    "m=audio 40000 UDP/TLS/RTP/SAVPF 109\r\nc=IN IP4 10.0.0.1\r\n"             \
    "a=rtpmap:109 OPUS/48000/2\r\na=ice-ufrag:theirs\r\na=ice-pwd:secret\r\n"  \
    "a=setup:passive\r\n"                                                      \
    "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"               \
    "a=candidate:1 1 udp 2130706431 10.0.0.1 40000 typ host\r\n"               \
    "a=candidate:2 1 udp 2130706175 127.0.0.1 40000 typ host\r\n"

static void an_offer_is_as_a_browsers(void **state)
{
    char text[PL_LOAD_SDP];
    size_t len = 0;
    pl_load_party p = party(PL_LOAD_WEBRTC);
    (void)state;
    assert_int_equal(pl_load_offer(&p, text, sizeof text, &len), PL_OK);
    assert_int_equal(len, strlen(text));
    assert_non_null(strstr(text, "m=audio 5004 UDP/TLS/RTP/SAVPF 111\r\n"));
    assert_non_null(strstr(text, "a=fingerprint:sha-256 AB:CD:01:02:03:00"));
    assert_non_null(strstr(text, "a=setup:actpass\r\n"));
    assert_non_null(strstr(text, "127.0.0.9 5004 typ host"));
    assert_int_equal(pl_load_offer(&p, text, 100, &len), PL_EFULL);
}

static void an_answer_gives_the_way_in(void **state)
{
    pl_load_party p = party(PL_LOAD_WEBRTC);
    pl_addr want;
    (void)state;
    assert_int_equal(pl_load_answer(&p, WEBRTC_ANSWER, strlen(WEBRTC_ANSWER)),
                     PL_OK);
    /* we are on loopback, and so is the candidate that is taken */
    assert_int_equal(pl_addr_parse("127.0.0.1", 40000, &want), PL_OK);
    assert_true(pl_addr_eq(&p.remote, &want));
    assert_int_equal(p.pt, 109);
    assert_int_equal(p.level_ext, 3);
    assert_string_equal(p.remote_ufrag, "theirs");
    assert_string_equal(p.remote_pwd, "secret");
    assert_int_equal(p.n_prints, 1);
    assert_int_equal(p.prints[0][31], 0x20);
    assert_false(p.is_dtls_server);
}

static void a_telephones_answer_is_its_address(void **state)
{
    static const char answer[] =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
        "t=0 0\r\nm=audio 40100 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n";
    pl_load_party p = party(PL_LOAD_RTP);
    (void)state;
    assert_int_equal(pl_load_answer(&p, answer, strlen(answer)), PL_OK);
    assert_int_equal(p.remote.port, 40100);
    p.codec = PL_AUDIO_PCMU; /* that is not in it */
    assert_int_equal(pl_load_answer(&p, answer, strlen(answer)), PL_EMEDIA);
}

static void answers_that_lack_something_change_nothing(void **state)
{
    static const char *const without[] = {
        "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=candidate", "a=rtpmap"};
    (void)state;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        char text[] = WEBRTC_ANSWER;
        for (char *at = text; (at = strstr(at, without[i])) != NULL;)
            at[2] = '_';
        pl_load_party p = party(PL_LOAD_WEBRTC);
        pl_load_party before = p;
        assert_int_equal(pl_load_answer(&p, text, strlen(text)), PL_EMEDIA);
        assert_memory_equal(&p, &before, sizeof p);
    }
    pl_load_party p = party(PL_LOAD_WEBRTC);
    assert_int_equal(pl_load_answer(&p, "", 0), PL_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_as_a_browsers),
        cmocka_unit_test(an_answer_gives_the_way_in),
        cmocka_unit_test(a_telephones_answer_is_its_address),
        cmocka_unit_test(answers_that_lack_something_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
