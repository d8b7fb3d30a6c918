/* oa_lines.c - the m= lines of a leg: their order over its life, and their
 * text for whoever continues it elsewhere. */
#include "oa_internal.h"

#include <string.h>

#include "pl/str.h"

/* Kinds whose lines are no RTP; everything else is written as RTP. */
static const struct {
    const char *kind, *proto, *format;
} OTHERS[] = {
    {"application", "UDP/DTLS/SCTP", "webrtc-datachannel"},
    {"image", "udptl", "t38"},
};

static const char *rtp_proto(pl_leg_kind leg)
{
    return leg == PL_LEG_KIND_WEBRTC ? "UDP/TLS/RTP/SAVPF" : "RTP/AVP";
}

/* Proto and format of a line that is refused: what they say does not matter,
 * only that the peer can read them. */
static pl_err fill_refused(oa_line *line, pl_leg_kind leg)
{
    const char *proto = rtp_proto(leg);
    const char *format = "0";
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        if (strcmp(line->kind, OTHERS[i].kind) == 0) {
            proto = OTHERS[i].proto;
            format = OTHERS[i].format;
        }
    }
    pl_err e = pl_fmt(line->proto, sizeof line->proto, "%s", proto);
    return e == PL_OK ? pl_fmt(line->format, sizeof line->format, "%s", format)
                      : e;
}

static bool has_mid(const oa_plan *plan, const char *mid)
{
    for (size_t i = 0; i < plan->n_lines; i++) {
        if (mid[0] && strcmp(plan->lines[i].mid, mid) == 0)
            return true;
    }
    return false;
}

/* Cut the text before the next slash off. */
static pl_slice cut_part(pl_slice *rest)
{
    const uint8_t *slash = rest->len ? memchr(rest->ptr, '/', rest->len) : NULL;
    pl_slice part = {rest->ptr,
                     slash ? (size_t)(slash - rest->ptr) : rest->len};
    size_t used = slash ? part.len + 1 : part.len;
    if (used > 0) {
        rest->ptr += used;
        rest->len -= used;
    }
    return part;
}

/* "video/1", "audio/0/14" */
static pl_err add_line(pl_slice word, pl_leg_kind leg, oa_plan *plan)
{
    oa_line line = {{0}, {0}, {0}, {0}, {0}};
    uint64_t level_id = 0;
    bool has_mid_part = memchr(word.ptr, '/', word.len) != NULL;
    pl_slice kind = cut_part(&word);
    pl_slice mid = cut_part(&word);
    if (!has_mid_part || plan->n_lines == PL_SDP_MAX_MEDIA)
        return PL_EINVAL;
    if (word.len > 0) {
        if (pl_parse_u64(word, OA_MAX_ONE_BYTE_ID, &level_id) != PL_OK ||
            !pl_slice_eq_str(kind, "audio") || plan->audio_level_id != 0)
            return PL_EINVAL;
        plan->audio = plan->n_lines;
        plan->audio_level_id = (uint8_t)level_id;
    }
    if (pl_copy(line.kind, sizeof line.kind, kind) != PL_OK ||
        pl_copy(line.mid, sizeof line.mid, mid) != PL_OK ||
        !oa_is_token(line.kind) || (line.mid[0] && !oa_is_token(line.mid)) ||
        has_mid(plan, line.mid) || fill_refused(&line, leg) != PL_OK)
        return PL_EINVAL;
    plan->lines[plan->n_lines++] = line;
    return PL_OK;
}

pl_err oa_lines_parse(pl_slice text, pl_leg_kind leg, oa_plan *plan)
{
    plan->n_lines = 0;
    plan->audio_level_id = 0;
    for (pl_slice word = pl_sdp_token(&text); word.len > 0;
         word = pl_sdp_token(&text)) {
        pl_err e = add_line(word, leg, plan);
        if (e != PL_OK)
            return e;
    }
    return PL_OK;
}

pl_err oa_lines_write(const oa_plan *plan, char *buf, size_t cap)
{
    size_t len = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < plan->n_lines; i++) {
        const oa_line *line = &plan->lines[i];
        if (!oa_is_token(line->kind) ||
            (line->mid[0] && !oa_is_token(line->mid)))
            return PL_EINVAL; /* a peer's odd word: not to be passed on */
        pl_err e = pl_fmt(buf + len, cap - len, "%s%s/%s", i > 0 ? " " : "",
                          line->kind, line->mid);
        if (e != PL_OK)
            return e;
        len += strlen(buf + len);
        if (i != plan->audio || plan->audio_level_id == 0)
            continue;
        e = pl_fmt(buf + len, cap - len, "/%u", (unsigned)plan->audio_level_id);
        if (e != PL_OK)
            return e;
        len += strlen(buf + len);
    }
    return PL_OK;
}

static pl_err first_line(pl_leg_kind leg, oa_plan *plan)
{
    oa_line *line = &plan->lines[0];
    plan->n_lines = 1;
    plan->audio = 0;
    plan->bundle = leg == PL_LEG_KIND_WEBRTC;
    pl_err e = pl_fmt(line->kind, sizeof line->kind, "audio");
    if (e == PL_OK)
        e = pl_fmt(line->proto, sizeof line->proto, "%s", rtp_proto(leg));
    if (e == PL_OK && leg == PL_LEG_KIND_WEBRTC)
        e = pl_fmt(line->mid, sizeof line->mid, "0");
    return e;
}

pl_err oa_place_audio(pl_leg_kind leg, oa_plan *plan)
{
    if (plan->n_lines == 0)
        return first_line(leg, plan);
    if (strcmp(plan->lines[plan->audio].kind, "audio") == 0)
        return PL_OK;
    for (size_t i = 0; i < plan->n_lines; i++) {
        if (strcmp(plan->lines[i].kind, "audio") == 0) {
            plan->audio = i;
            return PL_OK;
        }
    }
    if (plan->n_lines == PL_SDP_MAX_MEDIA)
        return PL_EFULL;
    oa_plan one = {0};
    pl_err e = first_line(leg, &one);
    if (e == PL_OK && leg == PL_LEG_KIND_WEBRTC) {
        e = pl_fmt(one.lines[0].mid, sizeof one.lines[0].mid, "parley-audio-%u",
                   (unsigned)plan->n_lines);
    }
    plan->audio = plan->n_lines++;
    plan->lines[plan->audio] = one.lines[0];
    return e;
}
