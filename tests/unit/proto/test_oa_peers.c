/* test_oa_peers.c - our offers, and the answers that peers give to them. */
#include "oa_support.h"

static pl_oa *offered(pl_leg_kind kind, pl_oa_sdp *ret_offer)
{
    pl_oa_local local = party(kind);
    pl_oa *oa = open_leg(&local);
    assert_int_equal(pl_oa_offer(oa, NULL, ret_offer), PL_OK);
    return oa;
}

static void first_offer_to_a_telephone_lists_all_codecs(void **state)
{
    (void)state;
    pl_oa_sdp o;
    pl_oa *oa = offered(PL_LEG_KIND_SIP, &o);
    assert_line(&o, "m=audio 40000 RTP/AVP 111 9 0 8 110 101");
    assert_line(&o, "a=rtpmap:9 G722/8000"); /* RFC 3551 section 4.5.2 */
    assert_line(&o, "a=rtpmap:101 telephone-event/8000");
    assert_line(&o, "a=sendrecv");
    assert_line(&o, "c=IN IP4 192.0.2.1");
    assert_no_line(&o, "a=rtcp");
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_ESTATE);
    pl_oa_destroy(&oa);
}

static void first_offer_to_a_browser_is_bundled_and_actpass(void **state)
{
    (void)state;
    pl_oa_sdp o;
    pl_oa *oa = offered(PL_LEG_KIND_WEBRTC, &o);
    static const char *const lines[] = {
        "a=group:BUNDLE 0",
        "a=ice-lite",
        "a=mid:0",
        "a=setup:actpass",
        "a=rtcp-mux",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 101",
        "a=end-of-candidates",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_line(&o, lines[i]);
    pl_oa_destroy(&oa);
}

static void telephone_answer_decides_codec_and_numbers(void **state)
{
    (void)state;
    pl_oa_sdp o;
    pl_oa_result r;
    pl_oa *oa = offered(PL_LEG_KIND_SIP, &o);
    /* G.711 first, Opus under a number of its own, too large a direction */
    static const char answer[] = "v=0\r\no=x 1 1 IN IP4 192.0.2.8\r\ns=x\r\n"
                                 "c=IN IP4 192.0.2.8\r\nt=0 0\r\n"
                                 "m=audio 5004 RTP/AVP 8 96 100\r\n"
                                 "a=rtpmap:96 opus/48000/2\r\n"
                                 "a=rtpmap:100 telephone-event/8000\r\n";
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_OK);
    assert_int_equal(r.n_codecs, 2);
    assert_int_equal(r.codecs[0].codec, PL_CODEC_PCMA);
    assert_int_equal(r.codecs[1].codec, PL_CODEC_OPUS);
    assert_int_equal(r.codecs[1].tx_pt, 96);
    assert_int_equal(r.codecs[1].rx_pt, 111);
    assert_int_equal(r.n_events, 1);
    assert_int_equal(r.events[0].tx_pt, 100);
    assert_int_equal(r.events[0].rx_pt, 101);
    assert_int_equal(r.remote_rtp_port, 5004);
    assert_int_equal(r.remote_rtcp_port, 5005);
    /* hold by us: the telephone answers without a direction */
    pl_oa_set_direction(oa, PL_DIRECTION_SENDONLY);
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_line(&o, "a=sendonly");
    assert_line(&o, "m=audio 40000 RTP/AVP 8 111 101");
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_OK);
    assert_int_equal(r.direction, PL_DIRECTION_SENDONLY);
    pl_oa_destroy(&oa);
}

static void browser_answer_is_accepted_with_the_active_role(void **state)
{
    (void)state;
    pl_oa_sdp o;
    pl_oa_result r;
    pl_oa *oa = offered(PL_LEG_KIND_WEBRTC, &o);
    const char *answer =
        replaced(sample("chromium-audio.sdp"), "setup:actpass", "setup:active");
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_OK);
    assert_string_equal(r.remote_ufrag, "K10g");
    assert_int_equal(r.audio_level_id, 1);
    pl_oa_destroy(&oa);
}

static void answers_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *reason;
    } rows[] = {
        {"m=audio", "m=video",
         "the answer's m= lines are of another kind or order"},
        {"a=mid:0", "a=mid:1", "the answer changes a mid"},
        {"BUNDLE 0", "BUNDLE 7",
         "the answer's BUNDLE group does not fit the offer's"},
        {"m=audio 48393", "m=audio 0", NULL},
        {"UDP/TLS/RTP/SAVPF 111 63 9 0 8", "UDP/TLS/RTP/SAVPF 63",
         "no common audio codec"},
        {"setup:actpass", "setup:passive",
         "the peer does not take the active DTLS role"},
        {"setup:actpass", "setup:actpass",
         "the peer does not take the active DTLS role"},
        {"a=sendrecv", "a=sendrecv\r\nm=video 0 X 1",
         "the answer has another number of m= lines"},
    };
    pl_oa_sdp o;
    pl_oa_result r;
    pl_oa *oa = offered(PL_LEG_KIND_WEBRTC, &o);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *answer =
            replaced(sample("chromium-audio.sdp"), rows[i].from, rows[i].to);
        assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_EMEDIA);
        if (rows[i].reason)
            assert_string_equal(pl_oa_reason(oa), rows[i].reason);
        assert_true(pl_oa_is_offered(oa)); /* goes on waiting */
    }
    assert_int_equal(pl_oa_accept(oa, pl_slice_str("junk"), &r), PL_EPROTO);
    pl_oa_destroy(&oa);
}

static void refused_audio_ends_a_first_exchange(void **state)
{
    (void)state;
    pl_oa_sdp o;
    pl_oa_result r;
    pl_oa *oa = offered(PL_LEG_KIND_SIP, &o);
    assert_int_equal(
        pl_oa_accept(oa, pl_slice_str(sample("audio-refused.sdp")), &r),
        PL_EMEDIA);
    assert_string_equal(pl_oa_reason(oa), "the peer refuses audio");
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(sample("sipp.sdp")), &r),
                     PL_OK);
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_int_equal(
        pl_oa_accept(oa, pl_slice_str(sample("audio-refused.sdp")), &r), PL_OK);
    assert_false(r.audio);
    pl_oa_destroy(&oa);
}

static void glare_is_refused_until_rolled_back(void **state)
{
    (void)state;
    pl_oa_sdp o;
    pl_oa_result r;
    pl_oa *oa = offered(PL_LEG_KIND_SIP, &o);
    const char *text = sample("sipp.sdp");
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(text), NULL, &o, &r),
                     PL_ESTATE); /* RFC 3264 section 4 */
    pl_oa_rollback(oa);
    answer_ok(oa, text, &o, &r);
    assert_line(&o, "o=- 123456789 2 IN IP4 192.0.2.1"); /* never reused */
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(text), &r), PL_ESTATE);
    pl_oa_destroy(&oa);
}

static void restart_by_us_takes_effect_with_the_answer(void **state)
{
    (void)state;
    const pl_oa_ice fresh = {"new2", "anotherpassword0123456"};
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp o;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &o, &r);
    assert_int_equal(pl_oa_offer(oa, &fresh, &o), PL_OK);
    assert_line(&o, "a=ice-ufrag:new2");
    pl_oa_rollback(oa);
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_line(&o, "a=ice-ufrag:our1"); /* rolled back with the offer */
    pl_oa_rollback(oa);
    assert_int_equal(pl_oa_offer(oa, &fresh, &o), PL_OK);
    const char *answer = replaced(
        replaced(sample("chromium-audio.sdp"), "setup:actpass", "setup:active"),
        "a=ice-ufrag:K10g", "a=ice-ufrag:K12i");
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_OK);
    assert_true(r.ice_restart);
    assert_string_equal(r.local_ufrag, "new2");
    pl_oa_destroy(&oa);
}

static void check_finds_answers_that_go_too_far(void **state)
{
    (void)state;
    pl_sdp *o = parsed(
        replaced(sample("baresip-g711.sdp"), "a=sendrecv", "a=sendonly"));
    pl_sdp *a = parsed(sample("sipp.sdp"));
    const char *why = NULL;
    assert_int_equal(pl_oa_check(o, a, &why), PL_EMEDIA);
    assert_string_equal(why,
                        "the answer's direction is not allowed by the offer");
    pl_sdp_destroy(&a);
    a = parsed(replaced(sample("sipp.sdp"), "AVP 0", "AVP 9\r\na=recvonly"));
    assert_int_equal(pl_oa_check(o, a, &why), PL_EMEDIA);
    assert_string_equal(why, "the answer has a format that was not offered");
    pl_sdp_destroy(&a);
    pl_sdp_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_offer_to_a_telephone_lists_all_codecs),
        cmocka_unit_test(first_offer_to_a_browser_is_bundled_and_actpass),
        cmocka_unit_test(telephone_answer_decides_codec_and_numbers),
        cmocka_unit_test(browser_answer_is_accepted_with_the_active_role),
        cmocka_unit_test(answers_that_do_not_fit_are_refused),
        cmocka_unit_test(refused_audio_ends_a_first_exchange),
        cmocka_unit_test(glare_is_refused_until_rolled_back),
        cmocka_unit_test(restart_by_us_takes_effect_with_the_answer),
        cmocka_unit_test(check_finds_answers_that_go_too_far),
    };
    return cmocka_run_group_tests_name("oa_peers", tests, NULL, NULL);
}
