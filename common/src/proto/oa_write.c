/* oa_write.c - the text of an offer or answer of ours. */
#include "oa_internal.h"

#include <inttypes.h>
#include <string.h>

#include "pl/str.h"

enum { FORMATS_TEXT = 64, HEX_COLON_TEXT = 3 * PL_OA_SHA256 };

static const char AUDIO_LEVEL_URI[] =
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

static const char *ip_type(const char *address)
{
    return pl_ip_family(address) == 6 ? "IP6" : "IP4";
}

/* "1" or "0" into fmtp. */
static unsigned flag(bool on)
{
    return on ? 1 : 0;
}

static void write_codec(pl_sdp_writer *w, const pl_oa_local *local,
                        const pl_oa_codec *c)
{
    unsigned pt = c->rx_pt;
    if (c->codec != PL_CODEC_OPUS) {
        pl_sdp_line(w, "a=rtpmap:%u %s/%" PRIu32, pt, pl_codec_name(c->codec),
                    pl_codec_clock_hz(c->codec));
        return;
    }
    /* RFC 7587 section 7: always 48000/2, whatever is sent */
    pl_sdp_line(w, "a=rtpmap:%u opus/48000/2", pt);
    pl_sdp_line(
        w, "a=fmtp:%u minptime=10;useinbandfec=%u;usedtx=%u;stereo=%u%s", pt,
        flag(local->opus_fec), flag(local->opus_dtx), flag(local->opus_stereo),
        local->opus_stereo ? ";sprop-stereo=1" : "");
}

/* Opus in every block. */
static void write_red(pl_sdp_writer *w, const oa_plan *plan)
{
    unsigned opus = plan->codecs[0].rx_pt;
    pl_sdp_line(w, "a=rtpmap:%u red/48000/2", (unsigned)plan->red_pt);
    pl_sdp_line(w, "a=fmtp:%u %u/%u", (unsigned)plan->red_pt, opus, opus);
}

static void write_formats(pl_sdp_writer *w, const pl_oa_local *local,
                          const oa_plan *plan)
{
    for (size_t i = 0; i < plan->n_codecs; i++)
        write_codec(w, local, &plan->codecs[i]);
    if (plan->red_pt != 0)
        write_red(w, plan);
    if (plan->cn_pt != 0)
        pl_sdp_line(w, "a=rtpmap:%u CN/8000", (unsigned)plan->cn_pt);
    for (size_t i = 0; i < plan->n_events; i++) {
        unsigned pt = plan->events[i].rx_pt;
        pl_sdp_line(w, "a=rtpmap:%u telephone-event/%" PRIu32, pt,
                    plan->events[i].clock_hz);
        if (local->kind == PL_LEG_KIND_SIP)
            pl_sdp_line(w, "a=fmtp:%u 0-15", pt); /* RFC 4733 section 2.4.1 */
    }
    if (local->ptime_ms > 0)
        pl_sdp_line(w, "a=ptime:%" PRIu32, local->ptime_ms);
    if (local->maxptime_ms > 0)
        pl_sdp_line(w, "a=maxptime:%" PRIu32, local->maxptime_ms);
}

static void write_fingerprint(pl_sdp_writer *w, const uint8_t *bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[HEX_COLON_TEXT];
    for (size_t i = 0; i < PL_OA_SHA256; i++) {
        text[3 * i] = digits[bytes[i] >> 4];
        text[3 * i + 1] = digits[bytes[i] & 15];
        text[3 * i + 2] = i + 1 < PL_OA_SHA256 ? ':' : '\0';
    }
    pl_sdp_line(w, "a=fingerprint:sha-256 %s", text);
}

/* ICE and DTLS: we are always the passive side, as every client of ours can
 * take the active one (RFC 8842 section 5.2, RFC 5763 section 5). */
static void write_secure_transport(pl_sdp_writer *w, const pl_oa_local *local,
                                   const oa_plan *plan)
{
    pl_sdp_line(w, "a=ice-ufrag:%s", plan->ice.ufrag);
    pl_sdp_line(w, "a=ice-pwd:%s", plan->ice.pwd);
    write_fingerprint(w, local->fingerprint);
    pl_sdp_line(w, "a=setup:%s", plan->is_offer ? "actpass" : "passive");
    for (size_t i = 0; i < local->n_candidates; i++) {
        char text[PL_ICE_CAND_TEXT];
        if (pl_ice_cand_write(&local->candidates[i], text, sizeof text) ==
            PL_OK)
            pl_sdp_line(w, "a=%s", text);
    }
    pl_sdp_line(w, "a=end-of-candidates");
}

static void write_rtcp(pl_sdp_writer *w, const pl_oa_local *local,
                       const oa_plan *plan)
{
    if (plan->rtcp_mux) {
        pl_sdp_line(w, "a=rtcp-mux");
    } else if (local->rtcp_port != 0 && local->rtcp_port != local->port + 1) {
        pl_sdp_line(w, "a=rtcp:%u", (unsigned)local->rtcp_port);
    }
}

/* RFC 8830; without a stream id the browser makes up a stream of its own. */
static void write_source(pl_sdp_writer *w, const pl_oa_local *local)
{
    const char *track = local->track_id[0] ? local->track_id : "audio";
    if (local->stream_id[0])
        pl_sdp_line(w, "a=msid:%s %s", local->stream_id, track);
    if (local->ssrc == 0 || !local->cname[0])
        return;
    pl_sdp_line(w, "a=ssrc:%" PRIu32 " cname:%s", local->ssrc, local->cname);
    if (local->stream_id[0]) {
        pl_sdp_line(w, "a=ssrc:%" PRIu32 " msid:%s %s", local->ssrc,
                    local->stream_id, track);
    }
}

/* " 63 111 9 0 8 13 110": every payload number, codecs first; before them the
 * redundant form, which browsers send only where it is preferred. */
static pl_err list_formats(const oa_plan *plan, char *buf, size_t cap)
{
    unsigned pts[PL_OA_MAX_CODECS + PL_OA_MAX_EVENTS + 2];
    size_t n = 0;
    size_t len = 0;
    if (plan->red_pt != 0)
        pts[n++] = plan->red_pt;
    for (size_t i = 0; i < plan->n_codecs; i++)
        pts[n++] = plan->codecs[i].rx_pt;
    if (plan->cn_pt != 0)
        pts[n++] = plan->cn_pt;
    for (size_t i = 0; i < plan->n_events; i++)
        pts[n++] = plan->events[i].rx_pt;
    buf[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        pl_err e = pl_fmt(buf + len, cap - len, " %u", pts[i]);
        if (e != PL_OK)
            return e;
        len += strlen(buf + len);
    }
    return PL_OK;
}

static void write_names(pl_sdp_writer *w, const oa_line *line)
{
    if (line->mid[0])
        pl_sdp_line(w, "a=mid:%s", line->mid);
    if (line->content[0])
        pl_sdp_line(w, "a=content:%s", line->content);
}

static void write_audio(pl_sdp_writer *w, const pl_oa_local *local,
                        const oa_plan *plan)
{
    const oa_line *line = &plan->lines[plan->audio];
    char formats[FORMATS_TEXT];
    if (list_formats(plan, formats, sizeof formats) != PL_OK) {
        w->full = true;
        return;
    }
    pl_sdp_line(w, "m=audio %u %s%s", (unsigned)local->port, line->proto,
                formats);
    pl_sdp_line(w, "c=IN %s %s", ip_type(local->address), local->address);
    write_names(w, line);
    pl_sdp_line(w, "a=%s", pl_direction_text(plan->direction));
    write_rtcp(w, local, plan);
    if (local->kind == PL_LEG_KIND_WEBRTC)
        write_secure_transport(w, local, plan);
    if (plan->audio_level_id != 0) {
        pl_sdp_line(w, "a=extmap:%u %s", (unsigned)plan->audio_level_id,
                    AUDIO_LEVEL_URI);
    }
    write_formats(w, local, plan);
    if (oa_bits(plan->direction) & OA_SEND)
        write_source(w, local);
}

/* RFC 3264 section 6: port 0 in its place. The explicit direction keeps a
 * client's text replacement away from the audio line. */
static void write_refused(pl_sdp_writer *w, const oa_line *line)
{
    pl_sdp_line(w, "m=%s 0 %s %s", line->kind, line->proto, line->format);
    pl_sdp_line(w, "c=IN IP4 0.0.0.0");
    write_names(w, line);
    pl_sdp_line(w, "a=inactive");
}

static void write_session(pl_sdp_writer *w, const pl_oa_local *local,
                          const oa_plan *plan)
{
    const char *type = ip_type(local->address);
    pl_sdp_line(w, "v=0");
    pl_sdp_line(w, "o=- %" PRIu64 " %" PRIu64 " IN %s %s", local->session_id,
                plan->version, type, local->address);
    pl_sdp_line(w, "s=-");
    if (local->kind == PL_LEG_KIND_SIP) /* old telephones look only here */
        pl_sdp_line(w, "c=IN %s %s", type, local->address);
    pl_sdp_line(w, "t=0 0");
    if (local->kind == PL_LEG_KIND_WEBRTC && local->ice_lite)
        pl_sdp_line(w, "a=ice-lite");
    if (plan->bundle && plan->has_audio && plan->lines[plan->audio].mid[0])
        pl_sdp_line(w, "a=group:BUNDLE %s", plan->lines[plan->audio].mid);
}

pl_err oa_write(const pl_oa_local *local, const oa_plan *plan,
                pl_oa_sdp *ret_sdp)
{
    pl_sdp_writer w;
    pl_sdp_writer_init(&w, ret_sdp->text, sizeof ret_sdp->text);
    write_session(&w, local, plan);
    for (size_t i = 0; i < plan->n_lines; i++) {
        if (plan->has_audio && i == plan->audio) {
            write_audio(&w, local, plan);
        } else {
            write_refused(&w, &plan->lines[i]);
        }
    }
    return pl_sdp_writer_end(&w, &ret_sdp->len);
}
