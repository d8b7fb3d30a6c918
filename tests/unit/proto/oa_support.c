/* oa_support.c - samples and parties for the tests of common/src/proto. */
#include "oa_support.h"

const char *sample(const char *name)
{
    static char text[PL_SDP_MAX_BYTES + 1];
    char path[512];
    assert_int_equal(pl_fmt(path, sizeof path, "%s/%s", PL_SAMPLES, name),
                     PL_OK);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    assert_int_equal(fclose(f), 0);
    return text;
}

pl_oa_local party(pl_leg_kind kind)
{
    pl_oa_local l = {
        .kind = kind,
        .session_id = 123456789,
        .address = "192.0.2.1",
        .port = 40000,
        .codecs = {PL_CODEC_OPUS, PL_CODEC_G722, PL_CODEC_PCMU, PL_CODEC_PCMA},
        .n_codecs = 4,
        .dtmf = true,
        .audio_level = true,
        .opus_fec = true,
        .ptime_ms = 20,
        .ssrc = 3141592653,
        .cname = "parley",
        .stream_id = "room",
        .track_id = "mix",
        .ice_lite = true,
        .ice_ufrag = "our1",
        .ice_pwd = "ourpassword0123456789aB",
        .n_candidates = 2,
    };
    for (size_t i = 0; i < sizeof l.fingerprint; i++)
        l.fingerprint[i] = (uint8_t)i;
    assert_int_equal(pl_ice_cand_host("192.0.2.1", 40000, 0, &l.candidates[0]),
                     PL_OK);
    assert_int_equal(
        pl_ice_cand_host("2001:db8::1", 40000, 1, &l.candidates[1]), PL_OK);
    return l;
}

pl_oa *open_leg(const pl_oa_local *local)
{
    pl_oa *oa = NULL;
    assert_int_equal(pl_oa_create(local, &oa), PL_OK);
    return oa;
}

pl_sdp *parsed(const char *text)
{
    pl_sdp *sdp = NULL;
    pl_sdp_fault fault = {0, ""};
    pl_err e = pl_sdp_parse(pl_slice_str(text), &sdp, &fault);
    if (e != PL_OK)
        print_message("line %u: %s\n", fault.line, fault.what);
    assert_int_equal(e, PL_OK);
    return sdp;
}

const char *replaced(const char *text, const char *from, const char *to)
{
    static char out[PL_SDP_MAX_BYTES + 1];
    char work[sizeof out];
    const char *at = strstr(text, from);
    assert_non_null(at);
    assert_int_equal(pl_fmt(work, sizeof work, "%.*s%s%s", (int)(at - text),
                            text, to, at + strlen(from)),
                     PL_OK);
    memcpy(out, work, sizeof out);
    return out;
}

static void assert_explicit_directions(const pl_sdp *sdp)
{
    static const char *const words[] = {"sendrecv", "sendonly", "recvonly",
                                        "inactive"};
    for (size_t i = 0; i < sdp->n_media; i++) {
        unsigned n = 0;
        for (size_t k = 0; k < 4; k++)
            n += pl_sdp_find(NULL, &sdp->media[i], words[k]) != NULL;
        assert_int_equal(n, 1); /* conference API 7.3, rule 1 */
    }
}

void answer_ok(pl_oa *oa, const char *offer, pl_oa_sdp *ret_sdp,
               pl_oa_result *ret_result)
{
    pl_err e = pl_oa_answer(oa, pl_slice_str(offer), NULL, ret_sdp, ret_result);
    if (e != PL_OK)
        print_message("refused: %s\n", pl_oa_reason(oa));
    assert_int_equal(e, PL_OK);
    assert_string_equal(pl_oa_reason(oa), "");
    assert_int_equal(strlen(ret_sdp->text), ret_sdp->len);
    pl_sdp *o = parsed(offer);
    pl_sdp *a = parsed(ret_sdp->text);
    const char *why = "";
    e = pl_oa_check(o, a, &why);
    if (e != PL_OK)
        print_message("does not fit: %s\n%s", why, ret_sdp->text);
    assert_int_equal(e, PL_OK);
    assert_explicit_directions(a);
    pl_sdp_destroy(&o);
    pl_sdp_destroy(&a);
}

static bool has_line(const pl_oa_sdp *sdp, const char *start, bool whole)
{
    size_t n = strlen(start);
    const char *at = sdp->text;
    while (*at) {
        if (strncmp(at, start, n) == 0 &&
            (!whole || strncmp(at + n, "\r\n", 2) == 0))
            return true;
        at = strchr(at, '\n');
        assert_non_null(at);
        assert_int_equal(at[-1], '\r');
        at++;
    }
    return false;
}

void assert_line(const pl_oa_sdp *sdp, const char *line)
{
    if (!has_line(sdp, line, true))
        fail_msg("no line '%s' in:\n%s", line, sdp->text);
}

void assert_no_line(const pl_oa_sdp *sdp, const char *start)
{
    if (has_line(sdp, start, false))
        fail_msg("a line '%s' in:\n%s", start, sdp->text);
}
