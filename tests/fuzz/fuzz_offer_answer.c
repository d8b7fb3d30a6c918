/* Any bytes as offer, as second offer and as answer: what is accepted must give
 * a text of ours that parses and fits its offer. */
#include <stdlib.h>
#include <string.h>

#include "pl/offer_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static pl_oa_local local_of(pl_leg_kind kind)
{
    pl_oa_local l = {
        .kind = kind,
        .session_id = 7,
        .address = "192.0.2.1",
        .port = 40000,
        .codecs = {PL_CODEC_OPUS, PL_CODEC_G722, PL_CODEC_PCMU, PL_CODEC_PCMA},
        .n_codecs = 4,
        .dtmf = true,
        .audio_level = true,
        .ssrc = 1,
        .cname = "c",
        .stream_id = "s",
        .ice_lite = true,
        .ice_ufrag = "abcd",
        .ice_pwd = "0123456789012345678901",
        .n_candidates = 1,
    };
    if (pl_ice_cand_host("192.0.2.1", 40000, 0, &l.candidates[0]) != PL_OK)
        abort();
    return l;
}

static void check_answer(pl_slice offer, const pl_oa_sdp *answer)
{
    pl_sdp *o = NULL;
    pl_sdp *a = NULL;
    pl_slice text = {(const uint8_t *)answer->text, answer->len};
    const char *why = NULL;
    if (pl_sdp_parse(offer, &o, NULL) != PL_OK ||
        pl_sdp_parse(text, &a, NULL) != PL_OK ||
        pl_oa_check(o, a, &why) != PL_OK)
        abort();
    pl_sdp_destroy(&o);
    pl_sdp_destroy(&a);
}

/* Any bytes as lines to keep; what is kept must come back as it was told. */
static void run_lines(pl_leg_kind kind, pl_slice text)
{
    pl_oa_local local = local_of(kind);
    pl_oa *oa = NULL;
    pl_oa_sdp ours;
    char told[PL_OA_LINES_TEXT];
    char again[PL_OA_LINES_TEXT];
    if (pl_oa_create(&local, &oa) != PL_OK)
        abort();
    if (pl_oa_keep_lines(oa, text) == PL_OK &&
        pl_oa_lines(oa, told, sizeof told) == PL_OK) {
        if (pl_oa_keep_lines(oa, pl_slice_str(told)) != PL_OK ||
            pl_oa_lines(oa, again, sizeof again) != PL_OK ||
            strcmp(told, again) != 0)
            abort();
        if (pl_oa_offer(oa, NULL, &ours) == PL_OK)
            (void)!pl_oa_keep_lines(oa, text);
    }
    pl_oa_destroy(&oa);
}

/* The lines of a leg are always good for another one. */
static void check_lines(const pl_oa *from, pl_leg_kind kind)
{
    pl_oa_local local = local_of(kind);
    pl_oa *oa = NULL;
    pl_oa_sdp ours;
    char told[PL_OA_LINES_TEXT];
    if (pl_oa_lines(from, told, sizeof told) != PL_OK)
        return;
    if (pl_oa_create(&local, &oa) != PL_OK ||
        pl_oa_keep_lines(oa, pl_slice_str(told)) != PL_OK)
        abort();
    pl_err e = pl_oa_offer(oa, NULL, &ours);
    if (e != PL_OK && e != PL_EFULL)
        abort();
    pl_oa_destroy(&oa);
}

static void run(pl_leg_kind kind, pl_slice text)
{
    pl_oa_local local = local_of(kind);
    pl_oa *oa = NULL;
    pl_oa_sdp ours;
    pl_oa_result r;
    if (pl_oa_create(&local, &oa) != PL_OK)
        abort();
    for (int i = 0; i < 2; i++) {
        if (pl_oa_answer(oa, text, NULL, &ours, &r) == PL_OK)
            check_answer(text, &ours);
    }
    check_lines(oa, kind);
    if (pl_oa_offer(oa, NULL, &ours) == PL_OK)
        (void)!pl_oa_accept(oa, text, &r);
    pl_oa_destroy(&oa);
    if (pl_oa_create(&local, &oa) != PL_OK)
        abort();
    if (pl_oa_offer(oa, NULL, &ours) != PL_OK)
        abort();
    (void)!pl_oa_accept(oa, text, &r);
    pl_oa_destroy(&oa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pl_slice text = {data, len};
    run(PL_LEG_KIND_WEBRTC, text);
    run(PL_LEG_KIND_SIP, text);
    run_lines(PL_LEG_KIND_WEBRTC, text);
    run_lines(PL_LEG_KIND_SIP, text);
    return 0;
}
