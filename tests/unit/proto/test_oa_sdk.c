/* test_oa_sdk.c - descriptions as the clients of the conference API rewrite
 * them (its section 7): attributes in another order, cut candidates, made-up
 * second components, data in s=, old texts edited instead of renegotiated. Our
 * answers are checked by the rules that those clients need (7.3). */
#include "oa_support.h"

static const char *const OFFERS[] = {
    "sdk-audio.sdp",          "sdk-audio-video.sdp",   "sdk-video-first.sdp",
    "sdk-video-recvonly.sdp", "sdk-video-refused.sdp", "session-name-junk.sdp",
};
enum { N_OFFERS = sizeof OFFERS / sizeof OFFERS[0] };

static const char *const DIRECTIONS[] = {"sendonly", "inactive", "recvonly",
                                         "sendrecv"};

/* What must stand in every section that is in use. */
static void assert_live(const pl_sdp *sdp, const pl_sdp_media *m,
                        const char *setup)
{
    static const char *const needed[] = {"ice-ufrag", "ice-pwd", "fingerprint",
                                         "candidate", "rtcp-mux"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        assert_non_null(pl_sdp_find(NULL, m, needed[i]));
    const pl_sdp_attr *a = pl_sdp_find(NULL, m, "setup");
    assert_non_null(a);
    assert_true(pl_slice_eq_str(a->value, setup));
    pl_slice mid = pl_sdp_mid(m);
    if (mid.len > 0)
        assert_true(pl_slice_eq(pl_sdp_bundle_of(sdp, mid), mid) ||
                    pl_sdp_bundle_of(sdp, mid).len == mid.len + 1);
}

/* One audio line in use, the others refused and said to be inactive. */
static void assert_rules(const char *text, const char *setup)
{
    for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
        assert_int_equal(at[-1], '\r');
    pl_sdp *sdp = parsed(text);
    size_t n_live = 0;
    for (size_t i = 0; i < sdp->n_media; i++) {
        const pl_sdp_media *m = &sdp->media[i];
        if (m->port != 0) {
            n_live++;
            assert_true(pl_slice_eq_str(m->kind, "audio"));
            assert_live(sdp, m, setup);
        } else {
            assert_non_null(pl_sdp_find(NULL, m, "inactive"));
        }
    }
    assert_int_equal(n_live, 1);
    pl_sdp_destroy(&sdp);
}

static void every_offer_is_answered_by_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OFFERS; i++) {
        pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
        local.one_codec = true;
        pl_oa *oa = open_leg(&local);
        pl_oa_sdp a;
        pl_oa_result r;
        answer_ok(oa, sample(OFFERS[i]), &a, &r);
        assert_rules(a.text, "passive");
        assert_int_equal(r.codecs[0].codec, PL_CODEC_OPUS);
        assert_int_equal(r.codecs[0].tx_pt, 111); /* the offer's number */
        assert_int_equal(r.codecs[0].rx_pt, 111);
        assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
        pl_oa_destroy(&oa);
    }
}

/* The peer's text with another direction of its first audio line and another
 * version, as clients edit it that do not renegotiate. */
static const char *edited(const char *name, const char *direction,
                          const char *setup)
{
    char line[32];
    assert_int_equal(pl_fmt(line, sizeof line, "a=%s\r\n", direction), PL_OK);
    const char *text = sample(name);
    if (strstr(text, "a=sendrecv\r\n"))
        text = replaced(text, "a=sendrecv\r\n", line);
    while (strcmp(setup, "setup:actpass") != 0 && strstr(text, "setup:actpass"))
        text = replaced(text, "setup:actpass", setup);
    return text;
}

/* Only audio's direction may have gone with it. */
static void assert_same_transport(const pl_oa_result *r)
{
    assert_false(r->ice_restart);
    assert_false(r->dtls_restart);
    assert_string_equal(r->local_ufrag, "our1");
}

static void holds_by_edited_texts_restart_nothing(void **state)
{
    (void)state;
    const pl_oa_ice fresh = {"new2", "anotherpassword0123456"};
    static const char *const names[] = {"sdk-audio.sdp", "sdk-audio-video.sdp",
                                        "sdk-video-refused.sdp"};
    /* a caller edits its offer, a callee its answer */
    static const char *const setups[] = {"setup:actpass", "setup:active"};
    for (size_t k = 0; k < 3 * 2; k++) {
        pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
        pl_oa *oa = open_leg(&local);
        pl_oa_sdp a;
        pl_oa_result r;
        answer_ok(oa, sample(names[k / 2]), &a, &r);
        for (size_t i = 0; i < 8; i++) {
            const char *text =
                edited(names[k / 2], DIRECTIONS[i % 4], setups[k % 2]);
            assert_int_equal(
                pl_oa_answer(oa, pl_slice_str(text), &fresh, &a, &r), PL_OK);
            assert_rules(a.text, "passive");
            assert_same_transport(&r);
            assert_int_equal(r.peer_holds, i % 4 < 2);
        }
        assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
        pl_oa_destroy(&oa);
    }
}

/* Our offer to a client that answers with an old offer of its own: the lines
 * that we refuse stand in it as it once wanted them, and the role too. */
static void our_offers_are_answered_by_edited_texts(void **state)
{
    (void)state;
    static const char *const setups[] = {"setup:actpass", "setup:active",
                                         "setup:passive", "setup:holdconn"};
    for (size_t i = 0; i + 1 < N_OFFERS; i++) {
        pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
        pl_oa *oa = open_leg(&local);
        pl_oa_sdp o;
        pl_oa_result r;
        answer_ok(oa, sample(OFFERS[i]), &o, &r);
        for (size_t k = 0; k < 4; k++) {
            pl_oa_set_direction(oa, k % 2 ? PL_DIRECTION_SENDRECV
                                          : PL_DIRECTION_SENDONLY);
            assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
            assert_rules(o.text, "actpass");
            const char *text =
                edited(OFFERS[i], k % 2 ? "sendrecv" : "recvonly", setups[k]);
            pl_err e = pl_oa_accept(oa, pl_slice_str(text), &r);
            if (e != PL_OK)
                print_message("%s: %s\n", OFFERS[i], pl_oa_reason(oa));
            assert_int_equal(e, PL_OK);
            assert_same_transport(&r);
            assert_int_equal(r.direction, pl_oa_wanted(oa));
        }
        pl_oa_destroy(&oa);
    }
}

/* A client that counts lines with another content than its own gives up in the
 * end. */
static void lines_are_called_what_the_client_calls_them(void **state)
{
    (void)state;
    static const struct {
        const char *said, *given;
    } rows[] = {
        {"slides", "slides"},
        {"main", "main"},
        {"slides,main", NULL},
        {"a-word-that-is-too-long", NULL},
        {"", NULL},
    };
    pl_oa_sdp a;
    pl_oa_result r;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[64];
        char end[64];
        pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
        pl_oa *oa = open_leg(&local);
        pl_fmt_cut(line, sizeof line, "a=mid:1\r\na=content:%s\r\n",
                   rows[i].said);
        answer_ok(oa,
                  replaced(sample("sdk-audio-video.sdp"), "a=mid:1\r\n", line),
                  &a, &r);
        pl_fmt_cut(end, sizeof end, "a=mid:1\r\na=content:%s\r\na=inactive",
                   rows[i].given ? rows[i].given : "");
        assert_int_equal(strstr(a.text, end) != NULL, rows[i].given != NULL);
        if (!rows[i].given)
            assert_no_line(&a, "a=content");
        answer_ok(oa, sample("sdk-audio-video.sdp"), &a, &r);
        assert_no_line(&a, "a=content"); /* it is not said any more */
        pl_oa_destroy(&oa);
    }
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    answer_ok(oa,
              replaced(sample("sdk-audio-video.sdp"), "a=mid:0\r\n",
                       "a=mid:0\r\na=content:main\r\n"),
              &a, &r);
    assert_line(&a, "a=content:main");
    assert_rules(a.text, "passive");
    pl_oa_destroy(&oa);
}

static void first_offer_is_one_audio_line_both_ways(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp o;
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_rules(o.text, "actpass");
    pl_sdp *sdp = parsed(o.text);
    assert_int_equal(sdp->n_media, 1);
    assert_line(&o, "a=sendrecv");
    pl_sdp_destroy(&sdp);
    pl_oa_destroy(&oa);
}

/* A peer that wants to be passive is refused unless its association stands; a
 * new certificate makes a new one. */
static void roles_matter_only_for_a_new_association(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    const char *passive = edited("sdk-audio.sdp", "sendrecv", "setup:passive");
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(passive), NULL, &a, &r),
                     PL_EMEDIA);
    answer_ok(oa, sample("sdk-audio.sdp"), &a, &r);
    passive = edited("sdk-audio.sdp", "sendrecv", "setup:passive");
    answer_ok(oa, passive, &a, &r);
    assert_line(&a, "a=setup:passive");
    passive = replaced(passive, "sha-256 24", "sha-256 25");
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(passive), NULL, &a, &r),
                     PL_EMEDIA);
    assert_int_equal(pl_oa_offer(oa, NULL, &a), PL_OK);
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(passive), &r), PL_EMEDIA);
    pl_oa_destroy(&oa);
}

/* ---- lines that outlive a leg ---------------------------------------------
 */

static void assert_lines(const pl_oa *oa, const char *wanted)
{
    char text[PL_OA_LINES_TEXT];
    assert_int_equal(pl_oa_lines(oa, text, sizeof text), PL_OK);
    assert_string_equal(text, wanted);
}

static void lines_of_every_offer_are_kept_by_another_leg(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "audio/0/1",         "audio/0/1 video/1", "video/0 audio/1/1",
        "audio/0/1 video/1", "audio/0/1 video/1", "audio/"};
    for (size_t i = 0; i < N_OFFERS; i++) {
        pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
        pl_oa *one = open_leg(&local);
        pl_oa *two = open_leg(&local);
        pl_oa_sdp a;
        pl_oa_sdp o;
        pl_oa_result r;
        assert_lines(one, "");
        answer_ok(one, sample(OFFERS[i]), &a, &r);
        assert_lines(one, wanted[i]);
        assert_int_equal(pl_oa_keep_lines(two, pl_slice_str(wanted[i])), PL_OK);
        assert_lines(two, wanted[i]);
        assert_int_equal(pl_oa_offer(two, NULL, &o), PL_OK);
        assert_rules(o.text, "actpass");
        assert_line(&o, "a=sendrecv");
        pl_sdp *before = parsed(a.text);
        pl_sdp *now = parsed(o.text);
        assert_int_equal(now->n_media, before->n_media);
        for (size_t k = 0; k < now->n_media; k++) {
            assert_true(pl_slice_eq(now->media[k].kind, before->media[k].kind));
            assert_int_equal(now->media[k].port, before->media[k].port);
            assert_true(pl_slice_eq(pl_sdp_mid(&now->media[k]),
                                    pl_sdp_mid(&before->media[k])));
        }
        pl_sdp_destroy(&before);
        pl_sdp_destroy(&now);
        /* the extension under the number that the peer knows, or not at all */
        if (strchr(wanted[i], '1')) {
            assert_line(&o, "a=extmap:1 urn:ietf:params:rtp-hdrext:"
                            "ssrc-audio-level");
        } else {
            assert_no_line(&o, "a=extmap");
        }
        const char *answer = edited(OFFERS[i], "sendrecv", "setup:active");
        assert_int_equal(pl_oa_accept(two, pl_slice_str(answer), &r), PL_OK);
        assert_lines(two, wanted[i]);
        assert_int_equal(pl_oa_keep_lines(two, pl_slice_str("audio/0")),
                         PL_ESTATE);
        pl_oa_destroy(&one);
        pl_oa_destroy(&two);
    }
}

static void lines_without_audio_get_one_at_the_end(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp o;
    assert_int_equal(
        pl_oa_keep_lines(oa, pl_slice_str("video/v application/d")), PL_OK);
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_line(&o, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
    assert_line(&o, "a=mid:parley-audio-2");
    assert_line(&o, "a=group:BUNDLE parley-audio-2");
    assert_no_line(&o, "a=extmap");
    pl_oa_destroy(&oa);
}

static void telephone_keeps_its_lines_too(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp o;
    pl_oa_result r;
    assert_int_equal(pl_oa_keep_lines(oa, pl_slice_str("image/ audio/ video/")),
                     PL_OK);
    assert_int_equal(pl_oa_offer(oa, NULL, &o), PL_OK);
    assert_line(&o, "m=image 0 udptl t38");
    assert_line(&o, "m=audio 40000 RTP/AVP 111 9 0 8 110 101");
    assert_line(&o, "m=video 0 RTP/AVP 0");
    assert_no_line(&o, "a=group");
    assert_no_line(&o, "a=mid");
    static const char answer[] = "v=0\r\no=x 1 1 IN IP4 192.0.2.8\r\ns=x\r\n"
                                 "c=IN IP4 192.0.2.8\r\nt=0 0\r\n"
                                 "m=image 0 udptl t38\r\n"
                                 "m=audio 5004 RTP/AVP 8\r\n"
                                 "m=video 0 RTP/AVP 0\r\n";
    assert_int_equal(pl_oa_accept(oa, pl_slice_str(answer), &r), PL_OK);
    assert_int_equal(r.line, 1);
    assert_lines(oa, "image/ audio/ video/");
    pl_oa_destroy(&oa);
}

static void malformed_lines_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "audio",
        "/0",
        "audio/0 video/0",
        "audio/0/15",
        "audio/0/x",
        "audio/0/1/2",
        "video/0/1",
        "audio/a\r\n",
        "audio/0/1 audio/1/2",
        "au dio/0",
        "a@/0",
        "audio/b\xc3\xa9",
        "a/0 a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8",
        ("audio/0123456789012345678901234567890123456789"
         "0123456789012345678901234"), /* one too long */
    };
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (pl_oa_keep_lines(oa, pl_slice_str(texts[i])) != PL_EINVAL)
            fail_msg("'%s' is taken", texts[i]);
        assert_lines(oa, "");
    }
    char small[8];
    assert_int_equal(pl_oa_keep_lines(oa, pl_slice_str("audio/0/1")), PL_OK);
    assert_int_equal(pl_oa_lines(oa, small, sizeof small), PL_EFULL);
    pl_oa_destroy(&oa);
}

static void rollback_forgets_the_direction_with_the_offer(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("sdk-audio.sdp"), &a, &r);
    pl_oa_set_direction(oa, PL_DIRECTION_INACTIVE);
    assert_int_equal(pl_oa_offer(oa, NULL, &a), PL_OK);
    pl_oa_rollback(oa);
    assert_int_equal(pl_oa_wanted(oa), PL_DIRECTION_SENDRECV);
    answer_ok(oa, sample("sdk-audio.sdp"), &a, &r);
    assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
    pl_oa_set_direction(oa, PL_DIRECTION_SENDONLY);
    pl_oa_rollback(oa); /* nothing waits: nothing is forgotten */
    answer_ok(oa, sample("sdk-audio.sdp"), &a, &r);
    assert_int_equal(r.direction, PL_DIRECTION_SENDONLY);
    pl_oa_destroy(&oa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_offer_is_answered_by_the_rules),
        cmocka_unit_test(holds_by_edited_texts_restart_nothing),
        cmocka_unit_test(our_offers_are_answered_by_edited_texts),
        cmocka_unit_test(lines_are_called_what_the_client_calls_them),
        cmocka_unit_test(first_offer_is_one_audio_line_both_ways),
        cmocka_unit_test(roles_matter_only_for_a_new_association),
        cmocka_unit_test(lines_of_every_offer_are_kept_by_another_leg),
        cmocka_unit_test(lines_without_audio_get_one_at_the_end),
        cmocka_unit_test(telephone_keeps_its_lines_too),
        cmocka_unit_test(malformed_lines_are_refused),
        cmocka_unit_test(rollback_forgets_the_direction_with_the_offer),
    };
    return cmocka_run_group_tests_name("oa_sdk", tests, NULL, NULL);
}
