/* test_oa_sequence.c - properties over many exchanges: hold matrix, order of
 * lines, versions, restarts, and two of our own negotiating with each other. */
#include "oa_support.h"

static const pl_direction ALL[] = {
    PL_DIRECTION_SENDRECV,
    PL_DIRECTION_SENDONLY,
    PL_DIRECTION_RECVONLY,
    PL_DIRECTION_INACTIVE,
};

static bool sends(pl_direction d)
{
    return d == PL_DIRECTION_SENDRECV || d == PL_DIRECTION_SENDONLY;
}

static bool receives(pl_direction d)
{
    return d == PL_DIRECTION_SENDRECV || d == PL_DIRECTION_RECVONLY;
}

static const char *offer_with(pl_direction d)
{
    static char line[16];
    assert_int_equal(pl_fmt(line, sizeof line, "a=%s", pl_direction_text(d)),
                     PL_OK);
    return replaced(sample("baresip-g711.sdp"), "a=sendrecv", line);
}

/* RFC 3264 section 6.1, every pair of what the peer offers and we want. */
static void hold_matrix_holds_for_every_pair(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    for (size_t p = 0; p < 4; p++) {
        for (size_t w = 0; w < 4; w++) {
            pl_oa_sdp a;
            pl_oa_result r;
            pl_oa_set_direction(oa, ALL[w]);
            answer_ok(oa, offer_with(ALL[p]), &a, &r);
            assert_int_equal(sends(r.direction),
                             receives(ALL[p]) && sends(ALL[w]));
            assert_int_equal(receives(r.direction),
                             sends(ALL[p]) && receives(ALL[w]));
            assert_int_equal(r.peer_holds, !receives(ALL[p]));
        }
    }
    pl_oa_destroy(&oa);
}

static void old_hold_by_the_zero_address_stops_our_sending(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("sipp.sdp"), &a, &r);
    assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
    answer_ok(oa, sample("hold-2543.sdp"), &a, &r);
    assert_int_equal(r.direction, PL_DIRECTION_RECVONLY);
    assert_true(r.peer_holds);
    assert_line(&a, "o=- 123456789 2 IN IP4 192.0.2.1");
    answer_ok(oa, sample("sipp.sdp"), &a, &r);
    assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
    pl_oa_destroy(&oa);
    /* a browser writes the zero address and means nothing by it */
    local = party(PL_LEG_KIND_WEBRTC);
    oa = open_leg(&local);
    answer_ok(oa, sample("session-name-junk.sdp"), &a, &r);
    assert_int_equal(r.direction, PL_DIRECTION_SENDRECV);
    pl_oa_destroy(&oa);
}

static void lines_may_be_added_but_not_removed_or_changed(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("chromium-audio.sdp"), &a, &r);
    answer_ok(oa, sample("chromium-audio-video.sdp"), &a, &r);
    answer_ok(oa, sample("chromium-audio-video-data.sdp"), &a, &r);
    assert_int_equal(pl_oa_answer(oa,
                                  pl_slice_str(sample("chromium-audio.sdp")),
                                  NULL, &a, &r),
                     PL_EMEDIA);
    assert_string_equal(pl_oa_reason(oa), "m= lines have gone");
    assert_int_equal(pl_oa_answer(oa,
                                  pl_slice_str(replaced(
                                      sample("chromium-audio-video-data.sdp"),
                                      "m=audio", "m=text")),
                                  NULL, &a, &r),
                     PL_EMEDIA);
    /* our own offer keeps all three */
    assert_int_equal(pl_oa_offer(oa, NULL, &a), PL_OK);
    pl_sdp *s = parsed(a.text);
    assert_int_equal(s->n_media, 3);
    assert_true(pl_slice_eq_str(s->media[1].kind, "video"));
    assert_int_equal(s->media[1].port, 0);
    assert_line(&a, "a=setup:actpass");
    pl_sdp_destroy(&s);
    pl_oa_destroy(&oa);
}

static void audio_that_is_put_off_can_come_back(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    answer_ok(oa, sample("sipp.sdp"), &a, &r);
    answer_ok(oa, replaced(sample("sipp.sdp"), "audio 6000", "audio 0"), &a,
              &r);
    assert_false(r.audio);
    assert_line(&a, "m=audio 0 RTP/AVP 0");
    answer_ok(oa, sample("sipp.sdp"), &a, &r);
    assert_true(r.audio);
    /* put off and its place taken by another kind: ours goes to the end */
    answer_ok(oa, replaced(sample("sipp.sdp"), "audio 6000", "audio 0"), &a,
              &r);
    answer_ok(oa, replaced(sample("sipp.sdp"), "m=audio 6000", "m=text 6000"),
              &a, &r);
    assert_int_equal(pl_oa_offer(oa, NULL, &a), PL_OK);
    assert_line(&a, "m=text 0 RTP/AVP 0");
    assert_line(&a, "m=audio 40000 RTP/AVP 0");
    pl_oa_destroy(&oa);
}

static void ice_restart_by_the_peer_changes_ours(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_WEBRTC);
    const pl_oa_ice fresh = {"new2", "anotherpassword0123456"};
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_result r;
    const char *offer = sample("chromium-audio.sdp");
    answer_ok(oa, offer, &a, &r);
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(offer), &fresh, &a, &r),
                     PL_OK);
    assert_false(r.ice_restart);
    assert_line(&a, "a=ice-ufrag:our1");
    offer = replaced(offer, "a=ice-ufrag:K10g", "a=ice-ufrag:K11h");
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(offer), &fresh, &a, &r),
                     PL_OK);
    assert_true(r.ice_restart);
    assert_false(r.dtls_restart);
    assert_line(&a, "a=ice-ufrag:new2");
    assert_string_equal(r.local_pwd, fresh.pwd);
    offer = replaced(offer, "sha-256 BA", "sha-256 BB");
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(offer), &fresh, &a, &r),
                     PL_OK);
    assert_true(r.dtls_restart);
    const pl_oa_ice bad = {"x", "y"};
    assert_int_equal(pl_oa_answer(oa, pl_slice_str(offer), &bad, &a, &r),
                     PL_EINVAL);
    pl_oa_destroy(&oa);
}

static void failed_offers_leave_the_agreement_as_it_was(void **state)
{
    (void)state;
    pl_oa_local local = party(PL_LEG_KIND_SIP);
    pl_oa *oa = open_leg(&local);
    pl_oa_sdp a;
    pl_oa_sdp before;
    pl_oa_result r;
    answer_ok(oa, sample("baresip-opus.sdp"), &before, &r);
    assert_int_equal(
        pl_oa_answer(
            oa, pl_slice_str(replaced(sample("sipp.sdp"), "RTP/AVP", "X/Y")),
            NULL, &a, &r),
        PL_EMEDIA);
    assert_int_equal(pl_oa_offer(oa, NULL, &a), PL_OK);
    assert_line(&a, "m=audio 40000 RTP/AVP 96 9 0 8 101"); /* numbers kept */
    assert_line(&a, "o=- 123456789 2 IN IP4 192.0.2.1");
    pl_oa_destroy(&oa);
}

/* One step of a small, repeatable generator. */
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 16;
}

/* Offerer and answerer are both ours; any order of directions and roles. */
static void exchange(pl_oa *from, pl_oa *to, uint32_t *seed)
{
    pl_direction want = ALL[next(seed) % 4];
    pl_direction other = ALL[next(seed) % 4];
    pl_oa_sdp offer;
    pl_oa_sdp answer;
    pl_oa_result mine;
    pl_oa_result theirs;
    pl_oa_set_direction(from, want);
    pl_oa_set_direction(to, other);
    assert_int_equal(pl_oa_offer(from, NULL, &offer), PL_OK);
    assert_true(pl_oa_is_offered(from));
    answer_ok(to, offer.text, &answer, &theirs);
    /* The test's answerer is passive, as always; its offerer must see an
     * active peer, which a browser would be. */
    const char *text = answer.text;
    if (strstr(text, "a=setup:passive"))
        text = replaced(text, "a=setup:passive", "a=setup:active");
    pl_err e = pl_oa_accept(from, pl_slice_str(text), &mine);
    if (e != PL_OK)
        print_message("%s\n", pl_oa_reason(from));
    assert_int_equal(e, PL_OK);
    assert_false(pl_oa_is_offered(from));
    assert_int_equal(sends(mine.direction), receives(theirs.direction));
    assert_int_equal(receives(mine.direction), sends(theirs.direction));
    assert_int_equal(mine.n_codecs, theirs.n_codecs);
    for (size_t i = 0; i < mine.n_codecs; i++) {
        assert_int_equal(mine.codecs[i].tx_pt, theirs.codecs[i].rx_pt);
        assert_int_equal(mine.codecs[i].rx_pt, theirs.codecs[i].tx_pt);
    }
    assert_int_equal(mine.audio_level_id, theirs.audio_level_id);
}

static void two_parties_agree_over_any_sequence(void **state)
{
    (void)state;
    static const pl_leg_kind kinds[] = {PL_LEG_KIND_WEBRTC, PL_LEG_KIND_SIP};
    for (size_t k = 0; k < 2; k++) {
        pl_oa_local a = party(kinds[k]);
        pl_oa_local b = a;
        a.ice_lite = b.ice_lite = false; /* two lite ends would refuse */
        b.n_codecs = 3;
        pl_oa *one = open_leg(&a);
        pl_oa *two = open_leg(&b);
        uint32_t seed = 20261121;
        for (size_t i = 0; i < 200; i++) {
            if (next(&seed) % 2) {
                exchange(one, two, &seed);
            } else {
                exchange(two, one, &seed);
            }
        }
        pl_oa_destroy(&one);
        pl_oa_destroy(&two);
    }
}

/* A peer that offers any mixture of lines, growing and switching them. */
static void any_growing_sequence_keeps_order_and_number(void **state)
{
    (void)state;
    static const char *const names[] = {"audio", "video", "application"};
    uint32_t seed = 7;
    for (size_t run = 0; run < 100; run++) {
        pl_oa_local local = party(PL_LEG_KIND_SIP);
        pl_oa *oa = open_leg(&local);
        char offer[2048];
        unsigned kinds[PL_SDP_MAX_MEDIA] = {0};
        size_t n = 1;
        for (size_t step = 0; step < 8; step++) {
            size_t grown = n + next(&seed) % 2;
            for (; n < grown && n < PL_SDP_MAX_MEDIA; n++)
                kinds[n] = next(&seed) % 3;
            pl_sdp_writer w;
            pl_sdp_writer_init(&w, offer, sizeof offer);
            pl_sdp_line(&w, "v=0");
            pl_sdp_line(&w, "o=- 1 %u IN IP4 192.0.2.5", (unsigned)step);
            pl_sdp_line(&w, "c=IN IP4 192.0.2.5");
            for (size_t i = 0; i < n; i++) {
                unsigned port = i > 0 && next(&seed) % 3 == 0 ? 0 : 7000;
                pl_sdp_line(&w, "m=%s %u RTP/AVP 0 8", names[kinds[i]], port);
                pl_sdp_line(&w, "a=%s",
                            pl_direction_text(ALL[next(&seed) % 4]));
            }
            pl_oa_sdp a;
            pl_oa_result r;
            answer_ok(oa, offer, &a, &r);
            pl_sdp *s = parsed(a.text);
            unsigned active = 0;
            assert_int_equal(s->n_media, n);
            for (size_t i = 0; i < n; i++)
                active += s->media[i].port != 0;
            assert_int_equal(active, 1);
            assert_int_equal(r.line, 0);
            assert_int_equal(s->session_version, step + 1);
            pl_sdp_destroy(&s);
        }
        pl_oa_destroy(&oa);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hold_matrix_holds_for_every_pair),
        cmocka_unit_test(old_hold_by_the_zero_address_stops_our_sending),
        cmocka_unit_test(lines_may_be_added_but_not_removed_or_changed),
        cmocka_unit_test(audio_that_is_put_off_can_come_back),
        cmocka_unit_test(ice_restart_by_the_peer_changes_ours),
        cmocka_unit_test(failed_offers_leave_the_agreement_as_it_was),
        cmocka_unit_test(two_parties_agree_over_any_sequence),
        cmocka_unit_test(any_growing_sequence_keeps_order_and_number),
    };
    return cmocka_run_group_tests_name("oa_sequence", tests, NULL, NULL);
}
