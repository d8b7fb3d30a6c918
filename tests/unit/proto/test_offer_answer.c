/* test_offer_answer.c - what one exchange must say: rules of the standards and
 * of the conference API's section 7.3. */
#include "oa_support.h"

static const char NO_SDP[] = "";

static void answer_to_a_browser_names_everything_it_needs(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &a, &r);
    static const char *const lines[] = {
        "v=0",
        "o=- 123456789 1 IN IP4 192.0.2.1",
        "a=ice-lite",
        "a=group:BUNDLE 0",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 126",
        "c=IN IP4 192.0.2.1",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=ice-ufrag:our1",
        "a=ice-pwd:ourpassword0123456789aB",
        "a=setup:passive", /* rule 5 */
        "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::1 40000 typ host",
        "a=end-of-candidates",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=rtpmap:111 opus/48000/2", /* rule 9: the offer's numbers */
        "a=rtpmap:126 telephone-event/8000",
        "a=msid:room mix",
        "a=ssrc:3141592653 cname:parley",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_line(&a, lines[i]);
    assert_line(&a, "a=fingerprint:sha-256 "
                    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F");
    pl_oa_destroy(&oa);
}

static void result_of_a_browser_offer_has_the_negotiated_values(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &a, &r);
    assert_true(r.audio);
    assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
    assert_false(r.peer_holds);
    assert_string_equal(r.mid, "0");
    assert_int_equal(r.n_codecs, 4);
    assert_int_equal(r.codecs[0].codec, PL_CODEC_OPUS);
    assert_int_equal(r.codecs[0].tx_pt, 111);
    assert_int_equal(r.codecs[0].rx_pt, 111);
    assert_int_equal(r.n_events, 2);
    assert_int_equal(r.events[0].clock_hz, 48000);
    assert_int_equal(r.events[0].rx_pt, 110);
    assert_int_equal(r.cn_rx_pt, 13);
    assert_int_equal(r.audio_level_id, 1);
    assert_true(r.opus.fec);
    assert_false(r.opus.stereo);
    assert_int_equal(r.ptime_ms, 20);
    assert_true(r.rtcp_mux);
    assert_string_equal(r.remote_ufrag, "K10g");
    assert_string_equal(r.local_ufrag, "our1");
    assert_int_equal(r.n_fingerprints, 1);
    assert_int_equal(r.fingerprints[0][0], 0xBA);
    assert_int_equal(r.n_remote_ssrcs, 1);
    assert_int_equal(r.remote_ssrcs[0], 3319705127);
    assert_false(r.ice_restart);
    pl_oa_destroy(&oa);
}

static void video_and_data_are_refused_in_their_places(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio-video-data.sdp"), &a, &r);
    pl_sdp *s = parsed(a.text);
    assert_int_equal(s->n_media, 3);
    assert_int_equal(s->media[0].port, 40000);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(s->media[i].port, 0);
        assert_non_null(pl_sdp_find(NULL, &s->media[i], "inactive"));
    }
    assert_true(pl_slice_eq_str(pl_sdp_mid(&s->media[1]), "1"));
    assert_line(&a, "a=group:BUNDLE 0"); /* RFC 8843 section 7.3.3 */
    assert_line(&a, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
    pl_sdp_destroy(&s);
    pl_oa_destroy(&oa);
}

static void only_the_first_usable_audio_line_is_taken(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("savp-then-avp.sdp"), &a, &r);
    assert_int_equal(r.line, 1);
    assert_line(&a, "m=audio 0 RTP/SAVP 8");
    assert_line(&a, "m=audio 40000 RTP/AVP 8 101");
    assert_line(&a, "a=recvonly");
    assert_int_equal(r.direction, PL_DIRECTION_RECVONLY);
    assert_true(r.peer_holds);
    assert_int_equal(r.remote_rtp.family, 6);
    assert_int_equal(r.cn_rx_pt, 13);
    pl_oa_destroy(&oa);
}

static void answer_to_a_telephone_is_plain_rtp(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("baresip-opus.sdp"), &a, &r);
    assert_line(&a, "m=audio 40000 RTP/AVP 96 9 0 8 101");
    assert_line(&a, "a=fmtp:101 0-15");
    assert_line(&a, "a=ptime:20");
    assert_line(&a, "a=rtcp-mux");
    static const char *const never[] = {"a=ice",    "a=fingerprint", "a=setup",
                                        "a=group",  "a=candidate",   "a=mid",
                                        "a=extmap", "a=end-of"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_no_line(&a, never[i]);
    assert_string_equal(r.remote_rtp.address, "192.0.2.30");
    assert_int_equal(r.remote_rtp_port, 10030);
    assert_int_equal(r.remote_rtcp_port, 10030); /* multiplexed */
    assert_int_equal(r.opus.max_bitrate_bps, 28000);
    assert_true(r.opus.stereo);
    assert_int_equal(r.maxptime_ms, 60);
    assert_int_equal(r.codecs[0].tx_pt, 96);
    pl_oa_destroy(&oa);
}

static void preference_is_ours_and_one_codec_leaves_the_best(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    local.codecs[0] = PL_CODEC_PCMA;
    local.codecs[1] = PL_CODEC_OPUS;
    local.n_codecs = 2;
    local.one_codec = true;
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("baresip-opus.sdp"), &a, &r);
    assert_line(&a, "m=audio 40000 RTP/AVP 8 101");
    assert_int_equal(r.n_codecs, 1);
    pl_oa_destroy(&oa);
}

static void events_follow_the_clock_of_the_codecs(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa_sdp a;
    pl_oa_result r;
    local.n_codecs = 1; /* opus */
    pl_oa *oa = open_leg(&local);
    answer_ok(oa, sample("linphone.sdp"), &a, &r);
    assert_int_equal(r.n_events, 1);
    assert_int_equal(r.events[0].rx_pt, 101); /* the 48000 Hz one */
    pl_oa_destroy(&oa);
    oa = open_leg(&local); /* a peer that knows only 8000 Hz events */
    answer_ok(oa, sample("baresip-opus.sdp"), &a, &r);
    assert_int_equal(r.events[0].clock_hz, 8000);
    pl_oa_destroy(&oa);
    local.codecs[0] = PL_CODEC_PCMU;
    oa = open_leg(&local);
    answer_ok(oa, sample("linphone.sdp"), &a, &r);
    assert_int_equal(r.events[0].rx_pt, 100);
    pl_oa_destroy(&oa);
    oa = open_leg(&local);
    answer_ok(oa, sample("sipp.sdp"), &a, &r);
    assert_int_equal(r.n_events, 0);
    pl_oa_destroy(&oa);
}

static void expect_refused(const pl_oa_local *local, const char *offer,
                           pl_err want, const char *reason)
{
    pl_oa *oa = open_leg(local);
    pl_oa_sdp a;
    pl_oa_result r;
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(offer), NULL, &a, &r), want);
    assert_string_equal(pl_oa_reason(oa), reason);
    /* and nothing of it sticks: a good offer is answered as the first one */
    bool is_sip = local->kind == PL_LEG_KIND_SIP;
    answer_ok(oa, sample(is_sip ? "baresip-opus.sdp" : "chromium-audio.sdp"),
              &a, &r);
    assert_line(&a, "o=- 123456789 1 IN IP4 192.0.2.1");
    pl_oa_destroy(&oa);
}

static void unusable_browser_offers_are_refused_with_a_reason(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    static const struct {
        const char *from, *to, *reason;
    } rows[] = {
        {"a=fingerprint:sha-256", "a=fingerprint:sha-1",
         "no SHA-256 fingerprint"},
        {"a=fingerprint:sha-256 BA", "a=fingerprint:sha-256 B",
         "no SHA-256 fingerprint"},
        {"a=ice-ufrag", "a=x-ice-ufrag", "no ICE credentials"},
        {"a=ice-pwd:", "a=ice-pwd:short\r\na=x:", "malformed ICE credentials"},
        {"a=msid-semantic", "a=ice-lite\r\na=x", "both sides are ICE-lite"},
        {"a=setup:actpass", "a=setup:passive",
         "the peer does not take the active DTLS role"},
        {"a=rtcp-mux", "a=x", "rtcp-mux is required"},
        {"SAVPF 111 63 9 0 8 13 110 126", "SAVPF 63 13 110 126",
         "no common audio codec"},
        {"m=audio", "m=video", "no audio is offered"},
        {"UDP/TLS/RTP/SAVPF", "UDP/TLS/UDPTL",
         "transport of the audio line not supported"},
        {"a=mid:0", "a=mid:0 0", "a mid is not unique or not one word"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_refused(
            &local,
            replaced(sample("chromium-audio.sdp"), rows[i].from, rows[i].to),
            PL_EMEDIA, rows[i].reason);
    }
    expect_refused(&local, NO_SDP, PL_EPROTO, "empty description");
}

static void unusable_telephone_offers_are_refused_with_a_reason(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    expect_refused(&local, sample("audio-refused.sdp"), PL_EMEDIA,
                   "no audio is offered");
    expect_refused(&local, replaced(sample("sipp.sdp"), "RTP/AVP", "RTP/SAVP"),
                   PL_EMEDIA, "transport of the audio line not supported");
    expect_refused(
        &local,
        replaced(sample("sipp.sdp"), "AVP 0\na=rtpmap:0 PCMU/8000", "AVP 18"),
        PL_EMEDIA, "no common audio codec");
}

static void transports_are_answered_in_kind(void **state)
{
    (void)state;
    static const struct {
        pl_leg_kind kind;
        const char *proto;
    } rows[] = {
        {PL_LEG_KIND_SIP, "RTP/AVP"},
        {PL_LEG_KIND_SIP, "RTP/AVPF"},
        {PL_LEG_KIND_WEBRTC, "UDP/TLS/RTP/SAVP"},
        {PL_LEG_KIND_WEBRTC, "RTP/SAVPF"}, /* RFC 8829 section 5.1.2 */
        {PL_LEG_KIND_WEBRTC, "RTP/SAVP"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_sip = rows[i].kind == PL_LEG_KIND_SIP;
        pl_oa_local local = party(rows[i].kind);
        pl_oa *oa = open_leg(&local);
        pl_oa_sdp a;
        pl_oa_result r;
        answer_ok(oa,
                  is_sip
                      ? replaced(sample("sipp.sdp"), "RTP/AVP", rows[i].proto)
                      : replaced(sample("chromium-audio.sdp"),
                                 "UDP/TLS/RTP/SAVPF", rows[i].proto),
                  &a, &r); /* answer_ok compares the transports */
        pl_oa_destroy(&oa);
    }
}

static void firefox_and_old_sdk_offers_are_answered(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("firefox-audio.sdp"), &a, &r);
    assert_int_equal(r.codecs[0].tx_pt, 109);
    assert_int_equal(r.n_fingerprints, 1); /* session level */
    assert_true(r.opus.stereo);
    assert_int_equal(r.events[0].rx_pt, 101);
    pl_oa_destroy(&oa);
    oa = open_leg(&local);
    answer_ok(oa, sample("session-name-junk.sdp"), &a, &r);
    assert_no_line(&a, "a=group"); /* none was offered */
    assert_no_line(&a, "a=mid");
    pl_oa_destroy(&oa);
}

static void transport_may_be_in_the_first_section_of_the_bundle(void **state)
{
    (void)state;
    static const char offer[] =
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        "a=group:BUNDLE v a\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\n"
        "a=rtpmap:96 VP8/90000\r\na=rtcp-mux\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        "a=setup:actpass\r\na=fingerprint:sha-256 "
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:"
        "17:18:19:1A:1B:1C:1D:1E:1F\r\n"
        "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\n"
        "a=bundle-only\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, offer, &a, &r);
    assert_string_equal(r.remote_ufrag, "abcd");
    assert_int_equal(r.line, 1);
    assert_line(&a, "a=group:BUNDLE a");
    pl_oa_destroy(&oa);
}

static void incomplete_parties_are_refused(void **state)
{
    (void)state;
    pl_oa *oa = NULL;
    pl_oa_local good = party(PL_LEG_KIND_WEBRTC);
    pl_oa_local bad = good;
    bad.kind = PL_LEG_KIND_UNKNOWN;
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.address[0] = 'x';
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.port = 0;
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.n_codecs = 0;
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.codecs[1] = bad.codecs[0];
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.n_candidates = 0;
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.ice_pwd[21] = '\0';
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    bad = good;
    bad.stream_id[0] = '\n';
    assert_int_equal(pl_oa_create(&bad, &oa), PL_EINVAL);
    assert_null(oa);
    pl_oa_destroy(&oa);
    pl_oa_destroy(NULL);
}

/* RFC 3389 section 5: sent when both name it and the audio has its clock. */
static void comfort_noise_is_agreed_with_who_names_it(void **state)
{
    (void)state;
    static const struct {
        const char *offer, *line;
        uint8_t rx, tx;
    } rows[] = {
        {"savp-then-avp.sdp", "m=audio 40000 RTP/AVP 8 13 101", 13, 13},
        {"baresip-g711.sdp", NULL, 0, 0},
        {"chromium-audio.sdp", NULL, 13, 0}, /* Opus has its own */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_browser = strstr(rows[i].offer, "chromium") != NULL;
        pl_oa_local local =
            party(is_browser ? PL_LEG_KIND_WEBRTC : PL_LEG_KIND_SIP);
        local.comfort = true;
        pl_oa *oa = open_leg(&local);
        pl_oa_sdp a;
        pl_oa_result r;
        answer_ok(oa, sample(rows[i].offer), &a, &r);
        assert_int_equal(r.cn_rx_pt, rows[i].rx);
        assert_int_equal(r.cn_tx_pt, rows[i].tx);
        if (rows[i].line) {
            assert_line(&a, rows[i].line);
            assert_line(&a, "a=rtpmap:13 CN/8000");
        } else {
            assert_no_line(&a, "a=rtpmap:13");
        }
        pl_oa_destroy(&oa);
    }
}

/* Our offer names it beside 8000 Hz; an answer without it agrees on none. */
static void comfort_noise_is_offered_to_telephones(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        pl_oa_local local = party(PL_LEG_KIND_SIP);
        local.comfort = true;
        pl_oa *oa = open_leg(&local);
        pl_oa_sdp offer;
        pl_oa_result r;
        assert_int_equal(pl_oa_offer(oa, NULL, &offer), PL_OK);
        assert_line(&offer, "m=audio 40000 RTP/AVP 111 9 0 8 13 110 101");
        assert_line(&offer, "a=rtpmap:13 CN/8000");
        const char *answer = k == 0
                                 ? "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n"
                                   "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"
                                   "m=audio 6000 RTP/AVP 0 13\r\n"
                                 : "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n"
                                   "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"
                                   "m=audio 6000 RTP/AVP 0\r\n";
        assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_OK);
        assert_int_equal(r.cn_tx_pt, k == 0 ? 13 : 0);
        pl_oa_destroy(&oa);
    }
}

static void codecs_have_names_and_rates(void **state)
{
    (void)state;
    assert_string_equal(pl_codec_name(PL_CODEC_OPUS), "opus");
    assert_int_equal(pl_codec_clock_hz(PL_CODEC_G722), 8000);
    assert_int_equal(pl_codec_sample_hz(PL_CODEC_G722), 16000);
    assert_string_equal(pl_codec_name(PL_CODEC_NONE), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_to_a_browser_names_everything_it_needs),
        cmocka_unit_test(result_of_a_browser_offer_has_the_negotiated_values),
        cmocka_unit_test(video_and_data_are_refused_in_their_places),
        cmocka_unit_test(only_the_first_usable_audio_line_is_taken),
        cmocka_unit_test(answer_to_a_telephone_is_plain_rtp),
        cmocka_unit_test(preference_is_ours_and_one_codec_leaves_the_best),
        cmocka_unit_test(events_follow_the_clock_of_the_codecs),
        cmocka_unit_test(unusable_browser_offers_are_refused_with_a_reason),
        cmocka_unit_test(unusable_telephone_offers_are_refused_with_a_reason),
        cmocka_unit_test(transports_are_answered_in_kind),
        cmocka_unit_test(firefox_and_old_sdk_offers_are_answered),
        cmocka_unit_test(transport_may_be_in_the_first_section_of_the_bundle),
        cmocka_unit_test(incomplete_parties_are_refused),
        cmocka_unit_test(comfort_noise_is_agreed_with_who_names_it),
        cmocka_unit_test(comfort_noise_is_offered_to_telephones),
        cmocka_unit_test(codecs_have_names_and_rates),
    };
    return cmocka_run_group_tests_name("offer_answer", tests, NULL, NULL);
}
