/* leg_sdp.c - the only file here that includes pl/offer_answer.h. */
#include "core/leg_sdp.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/offer_answer.h"
#include "pl/str.h"

enum { PTIME_MS = 20 };

struct pl_leg_sdp {
    pl_oa *oa;
    pl_leg_kind kind;
};

/* ---- ours --------------------------------------------------------------- */

static pl_err fill_candidates(pl_oa_local *l, const pl_leg_sdp_options *o)
{
    for (size_t i = 0; i < o->n_locals && i < PL_OA_MAX_CANDIDATES; i++) {
        char ip[PL_ADDR_TEXT];
        pl_addr_ip_text(&o->locals[i], ip);
        pl_err e = pl_ice_cand_host(ip, o->locals[i].port, (unsigned)i,
                                    &l->candidates[i]);
        if (e != PL_OK)
            return e;
        l->n_candidates++;
    }
    return PL_OK;
}

static pl_err fill_webrtc(pl_oa_local *l, const pl_leg_sdp_options *o)
{
    l->ice_lite = true;
    l->audio_level = true;
    l->opus_dtx = true;
    l->opus_red = o->has_red;
    memcpy(l->fingerprint, o->fingerprint, PL_OA_SHA256);
    pl_err e =
        pl_copy(l->ice_ufrag, sizeof l->ice_ufrag, pl_slice_str(o->ufrag));
    if (e == PL_OK)
        e = pl_copy(l->ice_pwd, sizeof l->ice_pwd, pl_slice_str(o->pwd));
    return e == PL_OK ? fill_candidates(l, o) : e;
}

static pl_err fill_local(const pl_leg_sdp_options *o, pl_oa_local *l)
{
    static const pl_codec preferred[] = {PL_CODEC_OPUS, PL_CODEC_G722,
                                         PL_CODEC_PCMU, PL_CODEC_PCMA};
    char ip[PL_ADDR_TEXT];
    bool is_webrtc = o->kind == PL_LEG_KIND_WEBRTC;
    if (o->n_locals == 0)
        return PL_EINVAL;
    *l = (pl_oa_local){.kind = o->kind,
                       .session_id = o->session_id,
                       .port = o->locals[0].port,
                       .n_codecs = sizeof preferred / sizeof preferred[0],
                       .one_codec = true,
                       .dtmf = true,
                       .opus_fec = true,
                       .opus_stereo = o->is_stereo,
                       .comfort = o->has_comfort && !is_webrtc,
                       .ptime_ms = PTIME_MS,
                       .ssrc = o->ssrc};
    memcpy(l->codecs, preferred, sizeof preferred);
    pl_addr_ip_text(&o->locals[0], ip);
    pl_err e = pl_copy(l->address, sizeof l->address, pl_slice_str(ip));
    if (e == PL_OK)
        e = pl_copy(l->cname, sizeof l->cname, pl_slice_str(o->cname));
    if (e == PL_OK) {
        e = pl_copy(l->stream_id, sizeof l->stream_id,
                    pl_slice_str(o->stream_id));
    }
    if (e == PL_OK)
        e = pl_copy(l->track_id, sizeof l->track_id, pl_slice_str("audio"));
    if (e == PL_OK && o->kind == PL_LEG_KIND_WEBRTC)
        e = fill_webrtc(l, o);
    return e;
}

pl_err pl_leg_sdp_create(const pl_leg_sdp_options *options,
                         pl_leg_sdp **ret_sdp)
{
    pl_leg_sdp *s = calloc(1, sizeof *s);
    pl_oa_local *local = calloc(1, sizeof *local); /* kilobytes */
    pl_err e = s && local ? fill_local(options, local) : PL_ENOMEM;
    if (e == PL_OK)
        e = pl_oa_create(local, &s->oa);
    free(local);
    if (e == PL_OK && options->lines.len > 0)
        e = pl_oa_keep_lines(s->oa, options->lines);
    if (e != PL_OK) {
        if (s)
            pl_oa_destroy(&s->oa);
        free(s);
        return e;
    }
    s->kind = options->kind;
    *ret_sdp = s;
    return PL_OK;
}

void pl_leg_sdp_destroy(pl_leg_sdp **sdp)
{
    if (!sdp || !*sdp)
        return;
    pl_oa_destroy(&(*sdp)->oa);
    free(*sdp);
    *sdp = NULL;
}

/* ---- what was agreed ---------------------------------------------------- */

/* The two headers number codecs each in its own way: the names are common. */
static bool find_kind(pl_codec codec, pl_codec_kind *ret_kind)
{
    static const char *const names[] = {
#define NAME_ROW(sym, name, clock, text) name,
        PL_CODEC_LIST(NAME_ROW)
#undef NAME_ROW
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (pl_slice_eq_nocase(pl_slice_str(names[i]), pl_codec_name(codec))) {
            *ret_kind = (pl_codec_kind)i;
            return true;
        }
    }
    return false;
}

static void take_events(const pl_oa_result *r, pl_mix_media *m)
{
    m->dtmf_pt = m->dtmf_send_pt = PL_MIX_NO_PT;
    for (size_t i = 0; i < r->n_events; i++) {
        bool is_fitting =
            r->events[i].clock_hz == pl_codec_clock_hz(r->codecs[0].codec);
        if (m->dtmf_pt != PL_MIX_NO_PT && !is_fitting)
            continue;
        m->dtmf_pt = r->events[i].rx_pt;
        m->dtmf_send_pt = r->events[i].tx_pt;
        m->dtmf_clock = r->events[i].clock_hz;
    }
}

/* What browsers are sent may stop in silence: Opus has that built in, and all
 * of them can take it (RFC 7874 section 3). Telephones say so (RFC 7587 section
 * 6.1, usedtx). */
static pl_err take_media(const pl_leg_sdp *s, const pl_oa_result *r,
                         pl_mix_media *m)
{
    *m = (pl_mix_media){
        .direction = r->audio ? r->direction : PL_DIRECTION_INACTIVE,
        .comfort_pt = r->cn_rx_pt ? r->cn_rx_pt : PL_MIX_NO_PT,
        .comfort_send_pt = r->cn_tx_pt ? r->cn_tx_pt : PL_MIX_NO_PT,
        .has_peer_dtx = r->opus.dtx || s->kind == PL_LEG_KIND_WEBRTC,
        .level_ext_id = r->audio_level_id,
        .bitrate_bps = r->opus.max_bitrate_bps,
        .has_peer_fec = r->opus.fec,
        .sends_stereo = r->opus.stereo,
        .hears_stereo = r->opus.stereo || r->opus.sends_stereo,
        .red_pt = r->red_rx_pt,
        .red_send_pt = r->red_tx_pt};
    for (size_t i = 0; i < r->n_codecs && m->n_recv < PL_MIX_RECV_PTS; i++) {
        pl_codec_kind kind;
        if (!find_kind(r->codecs[i].codec, &kind))
            continue;
        if (m->n_recv == 0) {
            m->send_codec = kind;
            m->send_pt = r->codecs[i].tx_pt;
        }
        m->recv[m->n_recv].pt = r->codecs[i].rx_pt;
        m->recv[m->n_recv].codec = kind;
        m->n_recv++;
    }
    take_events(r, m);
    return m->n_recv > 0 ? PL_OK : PL_EMEDIA;
}

static pl_addr address_of(const pl_sdp_conn *conn, uint16_t port)
{
    pl_addr a = {.port = 0};
    if (conn->family == 0 || port == 0 ||
        pl_addr_parse(conn->address, port, &a) != PL_OK ||
        pl_addr_is_unspecified(&a)) /* the hold of RFC 2543 */
        return (pl_addr){.port = 0};
    return a;
}

static pl_err take(const pl_leg_sdp *s, const pl_oa_result *r,
                   pl_leg_agreed *ret)
{
    *ret = (pl_leg_agreed){.is_rtcp_mux = r->rtcp_mux,
                           .is_ice_restart = r->ice_restart};
    pl_err e = take_media(s, r, &ret->media);
    if (e != PL_OK)
        return e;
    if (s->kind == PL_LEG_KIND_SIP) {
        ret->remote = address_of(&r->remote_rtp, r->remote_rtp_port);
        ret->rtcp_remote = address_of(&r->remote_rtcp, r->remote_rtcp_port);
        return PL_OK;
    }
    ret->n_prints = r->n_fingerprints;
    memcpy(ret->prints, r->fingerprints, sizeof ret->prints);
    return pl_copy(ret->remote_ufrag, sizeof ret->remote_ufrag,
                   pl_slice_str(r->remote_ufrag));
}

/* ---- exchanges ---------------------------------------------------------- */

/* Results and texts are large: on the heap, for the length of one call. */
typedef struct work {
    pl_oa_sdp sdp;
    pl_oa_result result;
} work;

static void give_text(const pl_oa_sdp *from, pl_leg_text *ret)
{
    ret->len = from->len;
    memcpy(ret->text, from->text, from->len);
    ret->text[from->len] = '\0';
}

pl_err pl_leg_sdp_answer(pl_leg_sdp *sdp, pl_slice offer,
                         const char *fresh_ufrag, const char *fresh_pwd,
                         pl_leg_text *ret_text, pl_leg_agreed *ret_agreed)
{
    pl_oa_ice fresh = {.ufrag = ""};
    bool has_fresh = fresh_ufrag && fresh_pwd;
    if (has_fresh && (pl_copy(fresh.ufrag, sizeof fresh.ufrag,
                              pl_slice_str(fresh_ufrag)) != PL_OK ||
                      pl_copy(fresh.pwd, sizeof fresh.pwd,
                              pl_slice_str(fresh_pwd)) != PL_OK))
        return PL_EINVAL;
    work *w = calloc(1, sizeof *w);
    if (!w)
        return PL_ENOMEM;
    pl_leg_agreed agreed;
    pl_err e = pl_oa_answer(sdp->oa, offer, has_fresh ? &fresh : NULL, &w->sdp,
                            &w->result);
    if (e == PL_OK)
        e = take(sdp, &w->result, &agreed);
    if (e == PL_OK) {
        give_text(&w->sdp, ret_text);
        *ret_agreed = agreed;
    }
    free(w);
    return e;
}

pl_err pl_leg_sdp_offer(pl_leg_sdp *sdp, pl_direction wanted,
                        pl_leg_text *ret_text)
{
    bool is_change =
        wanted != PL_DIRECTION_UNKNOWN && wanted != pl_oa_wanted(sdp->oa);
    if (pl_oa_is_offered(sdp->oa) && !is_change)
        return PL_EEXIST;
    pl_oa_sdp *text = calloc(1, sizeof *text);
    if (!text)
        return PL_ENOMEM;
    pl_oa_rollback(sdp->oa);
    pl_direction before = pl_oa_wanted(sdp->oa);
    if (is_change)
        pl_oa_set_direction(sdp->oa, wanted);
    pl_err e = pl_oa_offer(sdp->oa, NULL, text);
    if (e == PL_OK) {
        give_text(text, ret_text);
    } else {
        pl_oa_set_direction(sdp->oa, before);
    }
    free(text);
    return e;
}

pl_err pl_leg_sdp_accept(pl_leg_sdp *sdp, pl_slice answer,
                         pl_leg_agreed *ret_agreed)
{
    pl_oa_result *result = calloc(1, sizeof *result);
    if (!result)
        return PL_ENOMEM;
    pl_leg_agreed agreed;
    pl_err e = pl_oa_accept(sdp->oa, answer, result);
    if (e == PL_OK)
        e = take(sdp, result, &agreed);
    if (e == PL_OK)
        *ret_agreed = agreed;
    free(result);
    return e;
}

void pl_leg_sdp_rollback(pl_leg_sdp *sdp)
{
    pl_oa_rollback(sdp->oa);
}

bool pl_leg_sdp_is_offered(const pl_leg_sdp *sdp)
{
    return pl_oa_is_offered(sdp->oa);
}

void pl_leg_sdp_lines(const pl_leg_sdp *sdp, char *buf)
{
    if (pl_oa_lines(sdp->oa, buf, PL_LEG_SDP_LINES) != PL_OK)
        buf[0] = '\0';
}

const char *pl_leg_sdp_reason(const pl_leg_sdp *sdp)
{
    return pl_oa_reason(sdp->oa);
}

/* ---- between workers ---------------------------------------------------- */

pl_err pl_leg_sdp_export(const pl_leg_sdp *sdp, uint8_t *buf, size_t cap,
                         size_t *ret_len)
{
    _Static_assert((int)PL_LEG_SDP_STATE == (int)PL_OA_STATE, "one bound");
    return pl_oa_export(sdp->oa, buf, cap, ret_len);
}

static pl_err take_ours(const pl_oa *oa, const pl_oa_result *r,
                        pl_leg_sdp_ours *ret)
{
    const pl_oa_local *l = pl_oa_ours(oa);
    *ret = (pl_leg_sdp_ours){.kind = l->kind, .port = l->port, .ssrc = l->ssrc};
    pl_err e = pl_copy(ret->cname, sizeof ret->cname, pl_slice_str(l->cname));
    if (e == PL_OK && l->kind == PL_LEG_KIND_WEBRTC) {
        e = pl_copy(ret->ufrag, sizeof ret->ufrag,
                    pl_slice_str(r->local_ufrag));
    }
    if (e == PL_OK && l->kind == PL_LEG_KIND_WEBRTC)
        e = pl_copy(ret->pwd, sizeof ret->pwd, pl_slice_str(r->local_pwd));
    return e == PL_OK && ret->ssrc != 0 ? PL_OK : PL_EPROTO;
}

static pl_err resume(pl_leg_sdp *s, pl_oa_result *result,
                     pl_leg_sdp_ours *ret_ours, pl_leg_agreed *ret_agreed)
{
    if (!pl_oa_agreed(s->oa, result))
        return PL_EPROTO;
    pl_err e = take_ours(s->oa, result, ret_ours);
    if (e != PL_OK)
        return e;
    s->kind = ret_ours->kind;
    e = take(s, result, ret_agreed);
    ret_agreed->is_ice_restart = false;
    return e;
}

pl_err pl_leg_sdp_import(pl_slice state, const uint8_t *print,
                         pl_leg_sdp **ret_sdp, pl_leg_sdp_ours *ret_ours,
                         pl_leg_agreed *ret_agreed)
{
    pl_leg_sdp_ours ours;
    pl_leg_agreed agreed;
    pl_leg_sdp *s = calloc(1, sizeof *s);
    pl_oa_result *result = calloc(1, sizeof *result);
    pl_err e = s && result ? pl_oa_import(state, &s->oa) : PL_ENOMEM;
    if (e == PL_OK)
        e = resume(s, result, &ours, &agreed);
    if (result)
        pl_wipe(result, sizeof *result);
    free(result);
    if (e != PL_OK) {
        pl_leg_sdp_destroy(&s);
        return e;
    }
    if (print)
        pl_oa_spare_fingerprint(s->oa, print);
    *ret_sdp = s;
    *ret_ours = ours;
    *ret_agreed = agreed;
    pl_wipe(&ours, sizeof ours);
    return PL_OK;
}

pl_err pl_leg_sdp_peek(pl_slice text, pl_addr *ret_remote)
{
    pl_sdp *sdp = NULL;
    pl_err e = pl_sdp_parse(text, &sdp, NULL);
    if (e != PL_OK)
        return e;
    pl_addr found = {.port = 0};
    for (size_t i = 0; i < sdp->n_media && pl_addr_is_none(&found); i++) {
        if (pl_slice_eq_str(sdp->media[i].kind, "audio"))
            found = address_of(&sdp->media[i].conn, sdp->media[i].port);
    }
    pl_sdp_destroy(&sdp);
    *ret_remote = found;
    return PL_OK;
}

const char *pl_leg_sdp_codec_text(const pl_mix_media *media)
{
    return pl_leg_sdp_codec_name(media->send_codec);
}

const char *pl_leg_sdp_codec_name(pl_codec_kind codec)
{
    static const char *const texts[] = {
#define TEXT_ROW(sym, name, clock, text) text,
        PL_CODEC_LIST(TEXT_ROW)
#undef TEXT_ROW
    };
    size_t i = (size_t)codec;
    return i < sizeof texts / sizeof texts[0] ? texts[i] : "";
}
