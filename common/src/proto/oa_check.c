/* oa_check.c - does an answer fit its offer, is our own part complete. */
#include "oa_internal.h"

#include <string.h>

#include "pl/str.h"

enum { MIN_UFRAG = 4, MIN_PWD = 22 }; /* RFC 8839 section 5.4 */

unsigned oa_bits(pl_direction d)
{
    switch (d) {
    case PL_DIRECTION_SENDRECV: return OA_SEND | OA_RECV;
    case PL_DIRECTION_SENDONLY: return OA_SEND;
    case PL_DIRECTION_RECVONLY: return OA_RECV;
    case PL_DIRECTION_INACTIVE:
    case PL_DIRECTION_UNKNOWN: return 0;
    }
    return 0;
}

pl_direction oa_direction(unsigned bits)
{
    static const pl_direction of[] = {
        PL_DIRECTION_INACTIVE,
        PL_DIRECTION_SENDONLY,
        PL_DIRECTION_RECVONLY,
        PL_DIRECTION_SENDRECV,
    };
    return of[bits & (OA_SEND | OA_RECV)];
}

unsigned oa_reverse(unsigned bits)
{
    return (bits & OA_SEND ? OA_RECV : 0U) | (bits & OA_RECV ? OA_SEND : 0U);
}

/* A line that the offer itself refuses. */
static bool is_refused(const pl_sdp *offer, const pl_sdp_media *media)
{
    return media && !oa_is_wanted(offer, media);
}

/* RFC 8843 section 7.3: the answer's group is a part of the offered one, and
 * holds no refused section. Not strict: but those that the offer refuses. */
static bool bundle_fits(const pl_sdp *offer, const pl_sdp *answer,
                        bool is_strict)
{
    for (size_t i = 0; i < answer->n_attrs; i++) {
        pl_slice rest = answer->attrs[i].value;
        if (!pl_slice_eq_str(answer->attrs[i].name, "group") ||
            !pl_slice_eq_str(pl_sdp_token(&rest), "BUNDLE"))
            continue;
        for (pl_slice mid = pl_sdp_token(&rest); mid.len > 0;
             mid = pl_sdp_token(&rest)) {
            const pl_sdp_media *m = pl_sdp_find_mid(answer, mid);
            if (!is_strict && is_refused(offer, pl_sdp_find_mid(offer, mid)))
                continue;
            if (!m || m->port == 0 || pl_sdp_bundle_of(offer, mid).len == 0)
                return false;
        }
    }
    return true;
}

static pl_err check_lines(const pl_sdp *offer, const pl_sdp *answer,
                          bool is_strict, const char **ret_why)
{
    *ret_why = "the answer has another number of m= lines";
    if (offer->n_media != answer->n_media)
        return PL_EMEDIA;
    for (size_t i = 0; i < offer->n_media; i++) {
        const pl_sdp_media *o = &offer->media[i];
        const pl_sdp_media *a = &answer->media[i];
        pl_slice mid = pl_sdp_mid(a);
        *ret_why = "the answer's m= lines are of another kind or order";
        if (!pl_slice_eq(o->kind, a->kind))
            return PL_EMEDIA;
        *ret_why = "the answer accepts a refused m= line";
        if (is_strict && a->port != 0 && is_refused(offer, o))
            return PL_EMEDIA;
        *ret_why = "the answer changes a mid";
        if (mid.len > 0 && !pl_slice_eq(mid, pl_sdp_mid(o)))
            return PL_EMEDIA;
    }
    *ret_why = "the answer's BUNDLE group does not fit the offer's";
    return bundle_fits(offer, answer, is_strict) ? PL_OK : PL_EMEDIA;
}

pl_err oa_check_lines(const pl_sdp *offer, const pl_sdp *answer,
                      const char **ret_why)
{
    return check_lines(offer, answer, false, ret_why);
}

static bool is_lower_equal(pl_slice a, pl_slice b)
{
    char text[OA_PROTO_TEXT];
    return pl_copy(text, sizeof text, b) == PL_OK &&
           pl_slice_eq_nocase(a, text);
}

static bool format_is_offered(const pl_sdp_media *offer,
                              const pl_sdp_media *answer, pl_slice format)
{
    pl_sdp_rtpmap a;
    bool has_map = pl_sdp_find_rtpmap(answer, format, &a) == PL_OK;
    for (size_t i = 0; i < offer->n_formats; i++) {
        pl_sdp_rtpmap o;
        if (pl_sdp_find_rtpmap(offer, offer->formats[i], &o) != PL_OK ||
            !has_map) {
            if (pl_slice_eq(offer->formats[i], format))
                return true;
        } else if (o.clock_hz == a.clock_hz &&
                   is_lower_equal(o.encoding, a.encoding)) {
            return true;
        }
    }
    return false;
}

pl_err pl_oa_check(const pl_sdp *offer, const pl_sdp *answer,
                   const char **ret_why)
{
    const char *why = "";
    pl_err e = check_lines(offer, answer, true, &why);
    for (size_t i = 0; e == PL_OK && i < answer->n_media; i++) {
        const pl_sdp_media *o = &offer->media[i];
        const pl_sdp_media *a = &answer->media[i];
        unsigned allowed = oa_reverse(oa_bits(pl_sdp_direction(offer, o)));
        if (!pl_slice_eq(o->proto, a->proto)) {
            why = "the answer changes the transport of a line";
            e = PL_EMEDIA;
        }
        if (a->port == 0)
            continue;
        if (oa_bits(pl_sdp_direction(answer, a)) & ~allowed) {
            why = "the answer's direction is not allowed by the offer";
            e = PL_EMEDIA;
        }
        for (size_t k = 0; k < a->n_formats; k++) {
            if (!format_is_offered(o, a, a->formats[k])) {
                why = "the answer has a format that was not offered";
                e = PL_EMEDIA;
            }
        }
    }
    if (e != PL_OK && ret_why)
        *ret_why = why;
    return e;
}

/* Letters, digits and some more; empty is fine. */
static bool is_word(const char *text, size_t cap, const char *more)
{
    const char *end = memchr(text, '\0', cap);
    if (!end)
        return false;
    for (const char *c = text; c < end; c++) {
        bool alnum = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                     (*c >= 'A' && *c <= 'Z');
        if (!alnum && !strchr(more, *c))
            return false;
    }
    return true;
}

bool oa_is_token(const char *text)
{
    return text[0] && is_word(text, strlen(text) + 1, "!#$%&'*+-.^_`{|}~");
}

bool oa_is_ice(const char *ufrag, const char *pwd)
{
    return is_word(ufrag, PL_ICE_CRED_TEXT, "+/") &&
           is_word(pwd, PL_ICE_CRED_TEXT, "+/") && strlen(ufrag) >= MIN_UFRAG &&
           strlen(pwd) >= MIN_PWD;
}

/* One word without characters that would end a line; may be empty. */
static bool is_one_word(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    }
    return true;
}

static bool is_slash_token(const char *text)
{
    return text[0] && is_word(text, strlen(text) + 1, "!#$%&'*+-.^_`{|}~/");
}

static bool are_lines_possible(const oa_plan *plan)
{
    for (size_t i = 0; i < plan->n_lines; i++) {
        const oa_line *line = &plan->lines[i];
        if (!oa_is_token(line->kind) || !is_slash_token(line->proto) ||
            (line->format[0] && !is_slash_token(line->format)) ||
            !is_one_word(line->mid))
            return false;
        for (size_t k = 0; k < i; k++) {
            if (line->mid[0] && strcmp(line->mid, plan->lines[k].mid) == 0)
                return false;
        }
    }
    return true;
}

pl_err oa_check_plan(const oa_plan *plan, pl_leg_kind leg)
{
    if (!are_lines_possible(plan) ||
        (plan->n_lines > 0 ? plan->audio >= plan->n_lines : plan->has_audio) ||
        (plan->has_audio && plan->n_codecs == 0) ||
        plan->audio_level_id > OA_MAX_ONE_BYTE_ID)
        return PL_EINVAL;
    if (leg == PL_LEG_KIND_WEBRTC && !oa_is_ice(plan->ice.ufrag, plan->ice.pwd))
        return PL_EINVAL;
    return PL_OK;
}

static bool is_webrtc_complete(const pl_oa_local *local)
{
    if (!oa_is_ice(local->ice_ufrag, local->ice_pwd) ||
        local->n_candidates == 0 || local->n_candidates > PL_OA_MAX_CANDIDATES)
        return false;
    for (size_t i = 0; i < local->n_candidates; i++) {
        char text[PL_ICE_CAND_TEXT];
        if (pl_ice_cand_write(&local->candidates[i], text, sizeof text) !=
            PL_OK)
            return false;
    }
    return true;
}

static bool are_codecs_known(const pl_oa_local *local)
{
    unsigned seen = 0;
    if (local->n_codecs == 0 || local->n_codecs > PL_OA_MAX_CODECS)
        return false;
    for (size_t i = 0; i < local->n_codecs; i++) {
        pl_codec c = local->codecs[i];
        if (pl_codec_clock_hz(c) == 0 || (seen & (1U << c)))
            return false;
        seen |= 1U << c;
    }
    return true;
}

pl_err oa_check_local(const pl_oa_local *local)
{
    if (local->kind != PL_LEG_KIND_WEBRTC && local->kind != PL_LEG_KIND_SIP)
        return PL_EINVAL;
    if (!memchr(local->address, '\0', sizeof local->address) ||
        pl_ip_family(local->address) == 0 || local->port == 0 ||
        local->session_id >> 62 != 0 || !are_codecs_known(local))
        return PL_EINVAL;
    if (!is_word(local->cname, sizeof local->cname, "_-.@+/") ||
        !is_word(local->stream_id, sizeof local->stream_id, "_-") ||
        !is_word(local->track_id, sizeof local->track_id, "_-"))
        return PL_EINVAL;
    if (local->kind == PL_LEG_KIND_WEBRTC && !is_webrtc_complete(local))
        return PL_EINVAL;
    return PL_OK;
}
