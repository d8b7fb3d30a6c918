/* test_oa_red.c - redundant Opus (RFC 2198) in offers and answers. */
#include "oa_support.h"

static pl_oa *open_red(bool has_red)
{
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    local.opus_red = has_red;
    local.one_codec = true;
    return open_leg(&local);
}

/* Preferred, because browsers send it only then. */
static void a_browser_is_told_that_it_is_preferred(void **state)
{
    (void)state;
    pl_oa *oa = open_red(true);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &a, &r);
    assert_line(&a, "m=audio 40000 UDP/TLS/RTP/SAVPF 63 111 110");
    assert_line(&a, "a=rtpmap:63 red/48000/2");
    assert_line(&a, "a=fmtp:63 111/111");
    assert_int_equal(r.red_tx_pt, 63);
    assert_int_equal(r.red_rx_pt, 63);
    assert_int_equal(r.codecs[0].codec, PL_CODEC_OPUS);
    /* and the same in an offer later on */
    assert_int_equal(pl_oa_offer(oa, NULL, &a), PL_OK);
    assert_line(&a, "m=audio 40000 UDP/TLS/RTP/SAVPF 63 111 110");
    pl_oa_destroy(&oa);
}

static void without_it_nothing_is_said(void **state)
{
    (void)state;
    static const struct {
        bool has_red;
        const char *from, *to;
    } cases[] = {
        {false, "a=fmtp:63 111/111", "a=fmtp:63 111/111"},
        {true, "a=fmtp:63 111/111", "a=fmtp:63 111/0"},
        {true, "a=fmtp:63 111/111", "a=fmtp:63 111/x"},
        {true, "a=fmtp:63 111/111", "a=fmtp:63 "},
        {true, "a=fmtp:63 111/111", "a=ptime:20"},
        {true, "red/48000/2", "red/8000"},
        {true, "opus/48000/2", "opux/48000/2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pl_oa *oa = open_red(cases[i].has_red);
        pl_oa_sdp a;
        pl_oa_result r;
        const char *offer =
            replaced(sample("chromium-audio.sdp"), cases[i].from, cases[i].to);
        assert_int_equal(pl_oa_answer(oa, pl_slice_str(offer), NULL, &a, &r),
                         PL_OK);
        assert_int_equal(r.red_tx_pt, 0);
        assert_int_equal(r.red_rx_pt, 0);
        assert_no_line(&a, "a=rtpmap:63");
        assert_no_line(&a, "a=fmtp:63");
        pl_oa_destroy(&oa);
    }
}

/* Our offer, and what the peer's answer makes of it. */
static void agree(const char *from, const char *to, pl_oa_result *ret)
{
    pl_oa *oa = open_red(true);
    pl_oa_local browser = party(PL_LEG_KIND_WEBRTC);
    browser.opus_red = browser.one_codec = true;
    browser.ice_lite = false;
    pl_oa *peer = open_leg(&browser);
    pl_oa_sdp offer, answer;
    pl_oa_result theirs;
    assert_int_equal(pl_oa_offer(oa, NULL, &offer), PL_OK);
    assert_line(&offer, "m=audio 40000 UDP/TLS/RTP/SAVPF 63 111 9 0 8 110 101");
    answer_ok(peer, offer.text, &answer, &theirs);
    assert_int_equal(theirs.red_tx_pt, 63);
    const char *text = replaced(answer.text, "setup:passive", "setup:active");
    text = replaced(text, from, to);
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(text), ret), PL_OK);
    pl_oa_destroy(&oa);
    pl_oa_destroy(&peer);
}

static void our_offer_is_answered_with_it_or_without(void **state)
{
    (void)state;
    pl_oa_result r;
    agree("a=ptime:20", "a=ptime:20", &r);
    assert_int_equal(r.red_tx_pt, 63);
    assert_int_equal(r.red_rx_pt, 63);
    agree("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n", "", &r);
    assert_int_equal(r.red_tx_pt, 0);
    assert_int_equal(r.codecs[0].codec, PL_CODEC_OPUS);
}

static void telephones_are_not_offered_it(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp o;
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_null(strstr(o.text, "red/"));
    pl_oa_destroy(&oa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_browser_is_told_that_it_is_preferred),
        cmocka_unit_test(without_it_nothing_is_said),
        cmocka_unit_test(our_offer_is_answered_with_it_or_without),
        cmocka_unit_test(telephones_are_not_offered_it),
    };
    return cmocka_run_group_tests_name("oa_red", tests, NULL, NULL);
}
