/* oa_state.c - a negotiation as bytes: what another process needs to go on. */
#include "oa_internal.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/pack.h"

enum {
    STATE_VERSION = 1, /* another one for any change of what follows it */
    MAX_PAYLOAD_TYPE = 127,
};

/* An enumeration of one byte, first..last. */
#define VISIT_CHOICE(p, field, type, first, last)                              \
    do {                                                                       \
        unsigned v_ = (unsigned)(field);                                       \
        pl_pack_choice((p), &v_, (unsigned)(first), (unsigned)(last));         \
        (field) = (type)v_;                                                    \
    } while (0)
#define VISIT_TEXT(p, field) pl_pack_text((p), (field), sizeof(field))

/* 0..127 */
static void visit_pt(pl_pack *p, uint8_t *pt)
{
    pl_pack_u8(p, pt);
    if (*pt > MAX_PAYLOAD_TYPE)
        pl_pack_refuse(p);
}

static void visit_direction(pl_pack *p, pl_direction *d)
{
    VISIT_CHOICE(p, *d, pl_direction, PL_DIRECTION_UNKNOWN,
                 PL_DIRECTION_INACTIVE);
}

static void visit_codec(pl_pack *p, pl_codec *codec)
{
    VISIT_CHOICE(p, *codec, pl_codec, PL_CODEC_OPUS, PL_CODEC_PCMA);
}

/* ---- ours --------------------------------------------------------------- */

static void visit_candidate(pl_pack *p, pl_ice_cand *c)
{
    VISIT_TEXT(p, c->foundation);
    pl_pack_u32(p, &c->component);
    pl_pack_choice(p, &c->is_udp, 0, 1);
    pl_pack_u32(p, &c->priority);
    pl_pack_choice(p, &c->family, 0, 6);
    VISIT_TEXT(p, c->address);
    pl_pack_u16(p, &c->port);
    VISIT_CHOICE(p, c->type, pl_ice_type, PL_ICE_HOST, PL_ICE_RELAY);
}

static void visit_local_ice(pl_pack *p, pl_oa_local *l)
{
    pl_pack_bool(p, &l->ice_lite);
    VISIT_TEXT(p, l->ice_ufrag);
    VISIT_TEXT(p, l->ice_pwd);
    pl_pack_count(p, &l->n_candidates, PL_OA_MAX_CANDIDATES);
    for (size_t i = 0; i < l->n_candidates; i++)
        visit_candidate(p, &l->candidates[i]);
    pl_pack_bytes(p, l->fingerprint, sizeof l->fingerprint);
}

static void visit_local(pl_pack *p, pl_oa_local *l)
{
    bool *const flags[] = {&l->one_codec,   &l->dtmf,     &l->audio_level,
                           &l->opus_stereo, &l->opus_fec, &l->opus_dtx,
                           &l->comfort,     &l->opus_red};
    VISIT_CHOICE(p, l->kind, pl_leg_kind, PL_LEG_KIND_WEBRTC, PL_LEG_KIND_SIP);
    pl_pack_u64(p, &l->session_id);
    VISIT_TEXT(p, l->address);
    pl_pack_u16(p, &l->port);
    pl_pack_u16(p, &l->rtcp_port);
    pl_pack_count(p, &l->n_codecs, PL_OA_MAX_CODECS);
    for (size_t i = 0; i < l->n_codecs; i++)
        visit_codec(p, &l->codecs[i]);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        pl_pack_bool(p, flags[i]);
    pl_pack_u32(p, &l->ptime_ms);
    pl_pack_u32(p, &l->maxptime_ms);
    pl_pack_u32(p, &l->ssrc);
    VISIT_TEXT(p, l->cname);
    VISIT_TEXT(p, l->stream_id);
    VISIT_TEXT(p, l->track_id);
    if (l->kind == PL_LEG_KIND_WEBRTC)
        visit_local_ice(p, l);
}

/* ---- agreed ------------------------------------------------------------- */

static void visit_codecs(pl_pack *p, pl_oa_codec list[PL_OA_MAX_CODECS],
                         size_t *n)
{
    pl_pack_count(p, n, PL_OA_MAX_CODECS);
    for (size_t i = 0; i < *n; i++) {
        visit_codec(p, &list[i].codec);
        visit_pt(p, &list[i].tx_pt);
        visit_pt(p, &list[i].rx_pt);
    }
}

static void visit_events(pl_pack *p, pl_oa_event list[PL_OA_MAX_EVENTS],
                         size_t *n)
{
    pl_pack_count(p, n, PL_OA_MAX_EVENTS);
    for (size_t i = 0; i < *n; i++) {
        visit_pt(p, &list[i].tx_pt);
        visit_pt(p, &list[i].rx_pt);
        pl_pack_u32(p, &list[i].clock_hz);
    }
}

static void visit_plan(pl_pack *p, pl_leg_kind leg, oa_plan *plan)
{
    pl_pack_bool(p, &plan->is_offer);
    pl_pack_u64(p, &plan->version);
    pl_pack_count(p, &plan->n_lines, PL_SDP_MAX_MEDIA);
    for (size_t i = 0; i < plan->n_lines; i++) {
        VISIT_TEXT(p, plan->lines[i].kind);
        VISIT_TEXT(p, plan->lines[i].proto);
        VISIT_TEXT(p, plan->lines[i].format);
        VISIT_TEXT(p, plan->lines[i].mid);
    }
    pl_pack_count(p, &plan->audio, PL_SDP_MAX_MEDIA - 1);
    pl_pack_bool(p, &plan->has_audio);
    pl_pack_bool(p, &plan->bundle);
    pl_pack_bool(p, &plan->rtcp_mux);
    visit_direction(p, &plan->direction);
    visit_codecs(p, plan->codecs, &plan->n_codecs);
    visit_events(p, plan->events, &plan->n_events);
    visit_pt(p, &plan->red_pt);
    visit_pt(p, &plan->cn_pt);
    pl_pack_u8(p, &plan->audio_level_id);
    if (leg != PL_LEG_KIND_WEBRTC)
        return;
    VISIT_TEXT(p, plan->ice.ufrag);
    VISIT_TEXT(p, plan->ice.pwd);
}

static void visit_conn(pl_pack *p, pl_sdp_conn *c)
{
    pl_pack_choice(p, &c->family, 0, 6);
    VISIT_TEXT(p, c->address);
}

static void visit_remote(pl_pack *p, pl_oa_result *r)
{
    visit_conn(p, &r->remote_rtp);
    visit_conn(p, &r->remote_rtcp);
    pl_pack_u16(p, &r->remote_rtp_port);
    pl_pack_u16(p, &r->remote_rtcp_port);
    pl_pack_count(p, &r->n_remote_ssrcs, PL_OA_MAX_SSRCS);
    for (size_t i = 0; i < r->n_remote_ssrcs; i++)
        pl_pack_u32(p, &r->remote_ssrcs[i]);
    VISIT_TEXT(p, r->remote_ufrag);
    VISIT_TEXT(p, r->remote_pwd);
    pl_pack_count(p, &r->n_fingerprints, PL_OA_MAX_FINGERPRINTS);
    for (size_t i = 0; i < r->n_fingerprints; i++)
        pl_pack_bytes(p, r->fingerprints[i], sizeof r->fingerprints[i]);
}

static void visit_opus(pl_pack *p, pl_oa_opus *o)
{
    bool *const flags[] = {&o->stereo, &o->sends_stereo, &o->fec, &o->dtx,
                           &o->cbr};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        pl_pack_bool(p, flags[i]);
    pl_pack_u32(p, &o->max_bitrate_bps);
    pl_pack_u32(p, &o->max_playback_hz);
}

/* Our credentials are those of the plan. */
static void visit_result(pl_pack *p, pl_oa_result *r)
{
    pl_pack_bool(p, &r->audio);
    visit_direction(p, &r->direction);
    pl_pack_bool(p, &r->peer_holds);
    pl_pack_count(p, &r->line, PL_SDP_MAX_MEDIA - 1);
    VISIT_TEXT(p, r->mid);
    visit_codecs(p, r->codecs, &r->n_codecs);
    visit_events(p, r->events, &r->n_events);
    visit_pt(p, &r->cn_rx_pt);
    visit_pt(p, &r->cn_tx_pt);
    visit_pt(p, &r->red_tx_pt);
    visit_pt(p, &r->red_rx_pt);
    pl_pack_u8(p, &r->audio_level_id);
    visit_opus(p, &r->opus);
    pl_pack_u32(p, &r->ptime_ms);
    pl_pack_u32(p, &r->maxptime_ms);
    pl_pack_bool(p, &r->rtcp_mux);
    pl_pack_bool(p, &r->ice_restart);
    pl_pack_bool(p, &r->dtls_restart);
    visit_remote(p, r);
}

static void visit(pl_pack *p, pl_oa *oa)
{
    visit_local(p, &oa->local);
    VISIT_CHOICE(p, oa->wanted, pl_direction, PL_DIRECTION_SENDRECV,
                 PL_DIRECTION_INACTIVE);
    pl_pack_u64(p, &oa->version);
    visit_plan(p, oa->local.kind, &oa->agreed);
    pl_pack_bool(p, &oa->has_agreed);
    if (oa->has_agreed)
        visit_result(p, &oa->result);
}

/* ---- out and in --------------------------------------------------------- */

static void wipe(pl_oa *oa)
{
    pl_wipe(oa, sizeof *oa);
    free(oa);
}

pl_err pl_oa_export(const pl_oa *oa, uint8_t *buf, size_t cap, size_t *ret_len)
{
    pl_oa *copy = malloc(sizeof *copy); /* visiting wants to write */
    if (!copy)
        return PL_ENOMEM;
    *copy = *oa;
    if (oa->sdp_offered)
        copy->wanted = oa->wanted_before;
    uint8_t version = STATE_VERSION;
    pl_pack p = pl_pack_writer(buf, cap);
    pl_pack_u8(&p, &version);
    visit(&p, copy);
    wipe(copy);
    pl_err e = pl_pack_end(&p);
    if (e == PL_OK)
        *ret_len = p.done;
    return e;
}

static bool is_possible(const pl_oa *oa)
{
    const pl_oa_result *r = &oa->result;
    if (oa_check_local(&oa->local) != PL_OK ||
        oa_check_plan(&oa->agreed, oa->local.kind) != PL_OK ||
        oa->version > INT64_MAX || oa->agreed.version > oa->version)
        return false;
    return !oa->has_agreed ||
           (oa->agreed.n_lines > 0 && r->line < oa->agreed.n_lines &&
            r->audio_level_id <= OA_MAX_ONE_BYTE_ID);
}

pl_err pl_oa_import(pl_slice state, pl_oa **ret_oa)
{
    pl_pack p = pl_pack_reader(state);
    uint8_t version = 0;
    pl_pack_u8(&p, &version);
    if (p.error == PL_OK && version != STATE_VERSION)
        return PL_EUNSUPPORTED;
    pl_oa *oa = calloc(1, sizeof *oa);
    if (!oa)
        return PL_ENOMEM;
    visit(&p, oa);
    pl_err e = pl_pack_end(&p);
    if (e == PL_OK && !is_possible(oa))
        e = PL_EPROTO;
    if (e != PL_OK) {
        wipe(oa);
        return e;
    }
    if (oa->local.kind == PL_LEG_KIND_WEBRTC && oa->has_agreed) {
        memcpy(oa->result.local_ufrag, oa->agreed.ice.ufrag, PL_ICE_CRED_TEXT);
        memcpy(oa->result.local_pwd, oa->agreed.ice.pwd, PL_ICE_CRED_TEXT);
    }
    oa->wanted_before = oa->wanted;
    oa->reason = "";
    *ret_oa = oa;
    return PL_OK;
}
