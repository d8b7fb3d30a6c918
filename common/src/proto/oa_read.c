/* oa_read.c - what a peer's audio section says, whether offer or answer. */
#include "oa_internal.h"

#include <string.h>

#include "pl/str.h"

enum {
    DEFAULT_PTIME_MS = 20, /* RFC 3551 section 4.5 */
    MAX_PTIME_MS = 200,
    MAX_BITRATE_BPS = 510000,
    OPUS_HZ = 48000,
    MIN_PLAYBACK_HZ = 8000,
};

static const char AUDIO_LEVEL_URI[] =
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

static pl_err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return PL_EMEDIA;
}

bool oa_is_wanted(const pl_sdp *sdp, const pl_sdp_media *media)
{
    return media->port != 0 ||
           (pl_sdp_find(NULL, media, "bundle-only") &&
            pl_sdp_bundle_of(sdp, pl_sdp_mid(media)).len > 0);
}

static const struct {
    const char *proto;
    bool webrtc, sip;
} TRANSPORTS[] = {
    /* RFC 8829 section 5.1.2: the profile's name decides nothing */
    {"UDP/TLS/RTP/SAVPF", true, false},
    {"UDP/TLS/RTP/SAVP", true, false},
    {"TCP/TLS/RTP/SAVPF", true, false},
    {"TCP/TLS/RTP/SAVP", true, false},
    {"TCP/DTLS/RTP/SAVPF", true, false},
    {"TCP/DTLS/RTP/SAVP", true, false},
    {"RTP/SAVPF", true, false},
    {"RTP/SAVP", true, false},
    {"RTP/AVPF", true, true},
    {"RTP/AVP", true, true},
};

static bool takes_transport(const oa_reader *in)
{
    for (size_t i = 0; i < sizeof TRANSPORTS / sizeof TRANSPORTS[0]; i++) {
        if (pl_slice_eq_str(in->media->proto, TRANSPORTS[i].proto)) {
            return in->local->kind == PL_LEG_KIND_WEBRTC ? TRANSPORTS[i].webrtc
                                                         : TRANSPORTS[i].sip;
        }
    }
    return false;
}

/* Payload number of a codec in the peer's section; false when it lacks it. */
static bool find_codec(const pl_sdp_media *media, pl_codec codec,
                       uint8_t *ret_pt)
{
    for (size_t i = 0; i < media->n_formats; i++) {
        pl_sdp_rtpmap map;
        if (pl_sdp_find_rtpmap(media, media->formats[i], &map) == PL_OK &&
            map.clock_hz == pl_codec_clock_hz(codec) &&
            (codec == PL_CODEC_OPUS || map.channels == 1) &&
            pl_slice_eq_nocase(map.encoding, pl_codec_name(codec))) {
            *ret_pt = map.pt;
            return true;
        }
    }
    return false;
}

static bool find_event(const pl_sdp_media *media, uint32_t clock_hz,
                       uint8_t *ret_pt)
{
    for (size_t i = 0; i < media->n_formats; i++) {
        pl_sdp_rtpmap map;
        if (pl_sdp_find_rtpmap(media, media->formats[i], &map) == PL_OK &&
            map.clock_hz == clock_hz &&
            pl_slice_eq_nocase(map.encoding, "telephone-event")) {
            *ret_pt = map.pt;
            return true;
        }
    }
    return false;
}

/* From an offer: our order of preference, the peer's numbers both ways (RFC
 * 3264 section 6.1). */
static void choose_codecs(const oa_reader *in, pl_oa_result *r)
{
    const pl_oa_local *local = in->local;
    for (size_t i = 0; i < local->n_codecs; i++) {
        uint8_t pt = 0;
        if (!find_codec(in->media, local->codecs[i], &pt))
            continue;
        r->codecs[r->n_codecs++] = (pl_oa_codec){local->codecs[i], pt, pt};
        if (local->one_codec)
            return;
    }
}

/* From an answer: the peer's order; it may have renumbered what we send. */
static void match_codecs(const oa_reader *in, pl_oa_result *r)
{
    const oa_plan *offered = in->offered;
    uint8_t place[PL_OA_MAX_CODECS] = {0}; /* format index of r->codecs[i] */
    for (size_t i = 0; i < offered->n_codecs; i++) {
        pl_oa_codec c = offered->codecs[i];
        if (!find_codec(in->media, c.codec, &c.tx_pt))
            continue;
        uint8_t at = 0;
        for (uint64_t n = 0; at < in->media->n_formats; at++) {
            if (pl_parse_u64(in->media->formats[at], UINT8_MAX, &n) == PL_OK &&
                n == c.tx_pt)
                break;
        }
        size_t k = r->n_codecs++;
        for (; k > 0 && place[k - 1] > at; k--) {
            place[k] = place[k - 1];
            r->codecs[k] = r->codecs[k - 1];
        }
        place[k] = at;
        r->codecs[k] = c;
    }
}

/* The number under which we offered events of that clock; the peer's own in
 * an answer of ours. */
static bool own_event_pt(const oa_reader *in, uint32_t clock_hz, uint8_t *pt)
{
    if (!in->offered)
        return true;
    for (size_t i = 0; i < in->offered->n_events; i++) {
        if (in->offered->events[i].clock_hz == clock_hz) {
            *pt = in->offered->events[i].rx_pt;
            return true;
        }
    }
    return false;
}

static void add_event(const oa_reader *in, uint32_t clock_hz, pl_oa_result *r)
{
    uint8_t tx_pt = 0;
    if (r->n_events == PL_OA_MAX_EVENTS ||
        !find_event(in->media, clock_hz, &tx_pt))
        return;
    uint8_t rx_pt = tx_pt;
    if (own_event_pt(in, clock_hz, &rx_pt))
        r->events[r->n_events++] = (pl_oa_event){tx_pt, rx_pt, clock_hz};
}

/* RFC 4733 section 2.1: events run on the clock of the audio. A peer with Opus
 * that knows only the 8000 Hz events is common: taken as it is. */
static void match_events(const oa_reader *in, pl_oa_result *r)
{
    bool has_clock[2] = {false, false};
    static const uint32_t clocks[2] = {48000, 8000};
    if (!in->local->dtmf)
        return;
    for (size_t i = 0; i < r->n_codecs; i++)
        has_clock[pl_codec_clock_hz(r->codecs[i].codec) == clocks[1]] = true;
    for (size_t i = 0; i < 2; i++) {
        if (has_clock[i])
            add_event(in, clocks[i], r);
    }
    if (r->n_events == 0)
        add_event(in, has_clock[0] ? clocks[1] : clocks[0], r);
}

static bool param_is_one(pl_slice fmtp, const char *name)
{
    pl_slice value;
    return pl_sdp_fmtp_param(fmtp, name, &value) == PL_OK &&
           pl_slice_eq_str(value, "1");
}

static uint32_t param_number(pl_slice fmtp, const char *name, uint32_t max)
{
    pl_slice value;
    uint64_t n = 0;
    if (pl_sdp_fmtp_param(fmtp, name, &value) != PL_OK ||
        pl_parse_u64(value, UINT32_MAX, &n) != PL_OK)
        return 0;
    return n < max ? (uint32_t)n : max;
}

static void read_opus(const oa_reader *in, pl_oa_result *r)
{
    r->opus.max_playback_hz = OPUS_HZ;
    for (size_t i = 0; i < r->n_codecs; i++) {
        if (r->codecs[i].codec != PL_CODEC_OPUS)
            continue;
        pl_slice fmtp = pl_sdp_find_fmtp(in->media, r->codecs[i].tx_pt);
        uint32_t hz = param_number(fmtp, "maxplaybackrate", OPUS_HZ);
        r->opus.stereo = param_is_one(fmtp, "stereo");
        r->opus.sends_stereo = param_is_one(fmtp, "sprop-stereo");
        r->opus.fec = param_is_one(fmtp, "useinbandfec");
        r->opus.dtx = param_is_one(fmtp, "usedtx");
        r->opus.cbr = param_is_one(fmtp, "cbr");
        r->opus.max_bitrate_bps =
            param_number(fmtp, "maxaveragebitrate", MAX_BITRATE_BPS);
        if (hz >= MIN_PLAYBACK_HZ)
            r->opus.max_playback_hz = hz;
    }
}

/* Whether "111/111" names one payload type only. */
static bool is_all_of(pl_slice text, uint8_t pt)
{
    bool is_any = false;
    while (text.len > 0) {
        size_t n = 0;
        uint64_t number = 0;
        while (n < text.len && text.ptr[n] != '/')
            n++;
        if (pl_parse_u64((pl_slice){text.ptr, n}, UINT8_MAX, &number) !=
                PL_OK ||
            number != pt)
            return false;
        is_any = true;
        n += n < text.len;
        text = (pl_slice){text.ptr + n, text.len - n};
    }
    return is_any;
}

/* Redundant packets of nothing but Opus: RFC 2198 section 5. */
static void match_red(const oa_reader *in, pl_oa_result *r)
{
    bool is_wanted =
        in->offered ? in->offered->red_pt != 0 : in->local->opus_red;
    if (!is_wanted || r->codecs[0].codec != PL_CODEC_OPUS)
        return;
    for (size_t i = 0; i < in->media->n_formats; i++) {
        pl_sdp_rtpmap map;
        if (pl_sdp_find_rtpmap(in->media, in->media->formats[i], &map) ==
                PL_OK &&
            map.clock_hz == OPUS_HZ &&
            pl_slice_eq_nocase(map.encoding, "red") &&
            is_all_of(pl_sdp_find_fmtp(in->media, map.pt),
                      r->codecs[0].tx_pt)) {
            r->red_tx_pt = map.pt;
            r->red_rx_pt = in->offered ? in->offered->red_pt : map.pt;
            return;
        }
    }
}

/* Comfort noise on the clock of telephones (RFC 3389 section 5). It may come
 * from who names it; it is sent when both do and the audio has that clock. */
static void match_comfort(const oa_reader *in, pl_oa_result *r)
{
    uint32_t hz = pl_codec_clock_hz(PL_CODEC_PCMU);
    for (size_t i = 0; i < in->media->n_formats && r->cn_rx_pt == 0; i++) {
        pl_sdp_rtpmap map;
        if (pl_sdp_find_rtpmap(in->media, in->media->formats[i], &map) ==
                PL_OK &&
            map.clock_hz == hz && pl_slice_eq_nocase(map.encoding, "CN"))
            r->cn_rx_pt = map.pt;
    }
    bool is_ours = in->offered ? in->offered->cn_pt != 0 : in->local->comfort;
    if (is_ours && pl_codec_clock_hz(r->codecs[0].codec) == hz)
        r->cn_tx_pt = r->cn_rx_pt;
}

static void read_timing(const pl_sdp_media *media, pl_oa_result *r)
{
    r->ptime_ms = pl_sdp_number(media, "ptime", MAX_PTIME_MS, 0);
    if (r->ptime_ms == 0)
        r->ptime_ms = DEFAULT_PTIME_MS;
    r->maxptime_ms = pl_sdp_number(media, "maxptime", MAX_PTIME_MS, 0);
    if (r->maxptime_ms != 0 && r->ptime_ms > r->maxptime_ms)
        r->ptime_ms = r->maxptime_ms;
}

static void read_extras(const oa_reader *in, pl_oa_result *r)
{
    pl_sdp_extmap ext;
    if (in->local->audio_level &&
        pl_sdp_find_extmap(in->sdp, in->media, AUDIO_LEVEL_URI, &ext) ==
            PL_OK &&
        ext.id <= OA_MAX_ONE_BYTE_ID && (oa_bits(ext.direction) & OA_SEND))
        r->audio_level_id = (uint8_t)ext.id;
    for (const pl_sdp_attr *a = pl_sdp_next(in->media, "ssrc", NULL);
         a && r->n_remote_ssrcs < PL_OA_MAX_SSRCS;
         a = pl_sdp_next(in->media, "ssrc", a)) {
        pl_sdp_ssrc s;
        size_t n = r->n_remote_ssrcs;
        if (pl_sdp_parse_ssrc(a->value, &s) == PL_OK &&
            (n == 0 || r->remote_ssrcs[n - 1] != s.ssrc))
            r->remote_ssrcs[r->n_remote_ssrcs++] = s.ssrc;
    }
}

/* The section that carries the transport: the audio section itself, or the
 * first of its BUNDLE group (RFC 8843 section 7.1.3). */
static const pl_sdp_media *transport_of(const oa_reader *in)
{
    if (pl_sdp_find(NULL, in->media, "ice-ufrag"))
        return in->media;
    pl_slice group = pl_sdp_bundle_of(in->sdp, pl_sdp_mid(in->media));
    const pl_sdp_media *head = pl_sdp_find_mid(in->sdp, pl_sdp_token(&group));
    return head && pl_sdp_find(NULL, head, "ice-ufrag") ? head : in->media;
}

/* RFC 8122 section 5: SHA-256 is what every end must be able to give; weaker
 * hashes prove nothing and are passed over. */
static void read_fingerprints(const pl_sdp_attr *attrs, size_t n,
                              pl_oa_result *r)
{
    for (size_t i = 0; i < n && r->n_fingerprints < PL_OA_MAX_FINGERPRINTS;
         i++) {
        pl_sdp_fingerprint f;
        if (pl_slice_eq_str(attrs[i].name, "fingerprint") &&
            pl_sdp_parse_fingerprint(attrs[i].value, &f) == PL_OK &&
            pl_slice_eq_nocase(f.hash, "sha-256") && f.len == PL_OA_SHA256)
            memcpy(r->fingerprints[r->n_fingerprints++], f.bytes, f.len);
    }
}

static bool copy_credential(const pl_sdp *sdp, const pl_sdp_media *media,
                            const char *name, char *buf)
{
    const pl_sdp_attr *a = pl_sdp_find_either(sdp, media, name);
    return a && pl_copy(buf, PL_ICE_CRED_TEXT, a->value) == PL_OK;
}

bool oa_same_fingerprints(const pl_oa_result *a, const pl_oa_result *b)
{
    return a->n_fingerprints == b->n_fingerprints &&
           memcmp(a->fingerprints, b->fingerprints, sizeof a->fingerprints) ==
               0;
}

/* Always passive: the peer has to be able to be the active side. While its
 * certificate stays so does the association, and the roles in it (RFC 8842
 * section 4): what stands here then decides nothing, and clients that edit an
 * old text of theirs, offer or answer, leave any role in it. */
static bool peer_takes_active(const oa_reader *in, const pl_sdp_media *media,
                              const pl_oa_result *r)
{
    if (in->established && oa_same_fingerprints(in->established, r))
        return true;
    switch (pl_sdp_find_setup(in->sdp, media)) {
    case PL_SDP_SETUP_ACTIVE: return true;
    case PL_SDP_SETUP_ACTPASS:
    case PL_SDP_SETUP_NONE: /* RFC 4145 section 4: an offer means active */
        return !in->offered;
    case PL_SDP_SETUP_PASSIVE:
    case PL_SDP_SETUP_HOLDCONN:
    case PL_SDP_SETUP_BAD: return false;
    }
    return false;
}

static pl_err read_secure_transport(const oa_reader *in, pl_oa_result *r,
                                    const char **ret_why)
{
    const pl_sdp_media *t = transport_of(in);
    if (!copy_credential(in->sdp, t, "ice-ufrag", r->remote_ufrag) ||
        !copy_credential(in->sdp, t, "ice-pwd", r->remote_pwd))
        return refuse(ret_why, "no ICE credentials");
    if (!oa_is_ice(r->remote_ufrag, r->remote_pwd))
        return refuse(ret_why, "malformed ICE credentials");
    if (in->local->ice_lite && pl_sdp_find(in->sdp, NULL, "ice-lite"))
        return refuse(ret_why, "both sides are ICE-lite");
    read_fingerprints(t->attrs, t->n_attrs, r);
    if (r->n_fingerprints == 0 && !pl_sdp_find(NULL, t, "fingerprint"))
        read_fingerprints(in->sdp->attrs, in->sdp->n_attrs, r);
    if (r->n_fingerprints == 0)
        return refuse(ret_why, "no SHA-256 fingerprint");
    if (!peer_takes_active(in, t, r))
        return refuse(ret_why, "the peer does not take the active DTLS role");
    if (!r->rtcp_mux)
        return refuse(ret_why, "rtcp-mux is required");
    return PL_OK;
}

static bool is_any_address(const pl_sdp_conn *c)
{
    return (c->family == 4 && strcmp(c->address, "0.0.0.0") == 0) ||
           (c->family == 6 && strcmp(c->address, "::") == 0);
}

static void read_plain_transport(const oa_reader *in, pl_oa_result *r)
{
    r->remote_rtp = in->media->conn;
    r->remote_rtp_port = in->media->port;
    pl_sdp_find_rtcp(in->media, &r->remote_rtcp, &r->remote_rtcp_port);
    if (r->rtcp_mux) {
        r->remote_rtcp = r->remote_rtp;
        r->remote_rtcp_port = r->remote_rtp_port;
    }
}

/* What the peer would send and receive. RFC 3264 section 8.4: the address of
 * all zeros is the old way to say "do not send"; browsers write it with every
 * description, as their addresses are the candidates. */
static unsigned peer_bits(const oa_reader *in)
{
    unsigned bits = oa_bits(pl_sdp_direction(in->sdp, in->media));
    if (in->local->kind == PL_LEG_KIND_SIP && is_any_address(&in->media->conn))
        bits &= ~(unsigned)OA_RECV;
    return bits;
}

pl_err oa_read_audio(const oa_reader *in, pl_oa_result *ret_result,
                     const char **ret_why)
{
    pl_oa_result r = {.audio = true};
    if (!takes_transport(in))
        return refuse(ret_why, "transport of the audio line not supported");
    if (in->offered) {
        match_codecs(in, &r);
    } else {
        choose_codecs(in, &r);
    }
    if (r.n_codecs == 0)
        return refuse(ret_why, "no common audio codec");
    match_events(in, &r);
    match_red(in, &r);
    match_comfort(in, &r);
    read_opus(in, &r);
    read_timing(in->media, &r);
    read_extras(in, &r);
    r.rtcp_mux = pl_sdp_find(NULL, in->media, "rtcp-mux") &&
                 (!in->offered || in->offered->rtcp_mux);
    unsigned bits = peer_bits(in);
    r.direction = oa_direction(oa_reverse(bits));
    r.peer_holds = !(bits & OA_RECV);
    if (in->local->kind == PL_LEG_KIND_WEBRTC) {
        pl_err e = read_secure_transport(in, &r, ret_why);
        if (e != PL_OK)
            return e;
    } else {
        read_plain_transport(in, &r);
    }
    if (pl_copy(r.mid, sizeof r.mid, pl_sdp_mid(in->media)) != PL_OK)
        return refuse(ret_why, "mid too long");
    *ret_result = r;
    return PL_OK;
}
