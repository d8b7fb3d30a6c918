/* engine_input.c - what the network brings: packets and transports. */
#include <string.h>

#include "core/engine_state.h"
#include "core/red.h"
#include "core/rtcp.h"

enum {
    RTP_PER_S = 200, /* 10 ms packets, events, and some burst */
    RTCP_PER_S = 50,
    PROBATION = 1, /* RFC 3550 section A.1: two in a row, plain RTP */
    CANDIDATE_PROBATION = 2
};
static const int64_t SECOND_US = 1000000;
static const int64_t SOURCE_SILENT_US = 100000; /* before another may follow */

static bool is_within(pl_rate_window *w, int64_t now_us, uint32_t limit)
{
    if (now_us - w->start_us >= SECOND_US || now_us < w->start_us)
        *w = (pl_rate_window){.start_us = now_us};
    return ++w->n <= limit;
}

/* ---- sources ------------------------------------------------------------ */

static void restart(pl_channel *leg)
{
    pl_playout_reset(leg->playout);
    leg->dtmf = (pl_dtmf){0};
}

/* Another source than the one we follow: taken over when that is silent and
 * the new one counts properly, so that nobody can flip a leg back and forth. */
static pl_err follow_other(pl_channel *leg, const pl_rtp *rtp, int64_t now_us,
                           uint32_t *ret_xseq)
{
    if (now_us - leg->last_rtp_us < SOURCE_SILENT_US)
        return PL_EFULL;
    if (!leg->has_candidate || leg->candidate.ssrc != rtp->ssrc) {
        pl_rtp_source_start(&leg->candidate, rtp->ssrc, rtp->seq,
                            CANDIDATE_PROBATION);
        leg->has_candidate = true;
        return PL_EAGAIN;
    }
    bool is_restart = false;
    pl_err e =
        pl_rtp_source_seq(&leg->candidate, rtp->seq, ret_xseq, &is_restart);
    if (e != PL_OK)
        return e;
    leg->source = leg->candidate;
    leg->has_candidate = false;
    leg->is_source_new = true;
    restart(leg);
    return PL_OK;
}

static pl_err follow(pl_channel *leg, const pl_rtp *rtp, int64_t now_us,
                     uint32_t *ret_xseq)
{
    if (rtp->ssrc == leg->ssrc) /* our own, reflected */
        return PL_EFULL;
    if (!leg->has_source) {
        leg->has_source = true;
        /* What authenticated need not prove itself by counting, and what
         * another worker has heard. */
        bool is_known = leg->srtp || rtp->ssrc == leg->resume_source;
        pl_rtp_source_start(&leg->source, rtp->ssrc, rtp->seq,
                            is_known ? 0 : PROBATION);
        leg->is_source_new = true;
        if (!is_known)
            return PL_EAGAIN;
    }
    if (rtp->ssrc != leg->source.ssrc) {
        if (leg->source.is_valid)
            return follow_other(leg, rtp, now_us, ret_xseq);
        pl_rtp_source_start(&leg->source, rtp->ssrc, rtp->seq, PROBATION);
        return PL_EAGAIN;
    }
    bool is_restart = false;
    pl_err e = pl_rtp_source_seq(&leg->source, rtp->seq, ret_xseq, &is_restart);
    if (e == PL_OK && is_restart)
        restart(leg);
    return e;
}

/* ---- RTP ---------------------------------------------------------------- */

void pl_engine_digit(pl_engine *engine, pl_channel *leg, char digit,
                     uint32_t duration_ms)
{
    if (!digit)
        return;
    engine->stats.events++;
    pl_mix_event event = {.kind = PL_MIX_DTMF, .u.dtmf = {digit, duration_ms}};
    pl_engine_event(engine, leg, event);
    pl_engine_pass_digit(engine, leg, digit);
}

static void take_event(pl_engine *e, pl_channel *leg, const pl_rtp *rtp,
                       int64_t now_us)
{
    pl_digit digit = {0};
    pl_slice payload = {rtp->payload, rtp->payload_len};
    leg->last_dtmf_us = now_us;
    pl_engine_keying(leg, now_us);
    if (pl_dtmf_take(&leg->dtmf, rtp->ts, payload, leg->media.dtmf_clock,
                     &digit) != PL_OK) {
        e->stats.drop_payload++;
        return;
    }
    pl_engine_digit(e, leg, digit.digit, digit.duration_ms);
}

static void take_comfort(pl_engine *e, pl_channel *leg, const pl_rtp *rtp)
{
    pl_slice payload = {rtp->payload, rtp->payload_len};
    if (pl_comfort_read(payload, &leg->sound.told_db) == PL_OK) {
        leg->sound.has_told = true;
    } else {
        e->stats.drop_payload++;
    }
}

static void take_audio(pl_engine *e, pl_channel *leg, const pl_rtp *rtp,
                       uint32_t xseq, pl_codec_kind codec, int64_t now_us)
{
    pl_playout_info info = {
        .codec = codec, .ts = rtp->ts, .xseq = xseq, .arrival_us = now_us};
    bool is_voice = false;
    /* Plain RTP could claim any level from anywhere. */
    if (leg->srtp) {
        info.has_level =
            pl_rtp_level(rtp, leg->media.level_ext_id, &info.level, &is_voice);
    }
    pl_rtp_source_arrival(&leg->source, rtp->ts,
                          e->options.codecs->codec[codec]->clock_hz, now_us);
    leg->recv_codec = codec;
    leg->sound.has_told = false;
    pl_engine_record_stem(e, leg, codec, rtp, xseq, now_us);
    pl_playout_put(leg->playout, &info, rtp->payload, rtp->payload_len);
}

static bool find_codec(const pl_channel *leg, uint8_t pt,
                       pl_codec_kind *ret_codec)
{
    for (uint8_t i = 0; i < leg->media.n_recv; i++) {
        if (leg->media.recv[i].pt == pt) {
            *ret_codec = leg->media.recv[i].codec;
            return true;
        }
    }
    return false;
}

/* A redundant packet (RFC 2198): its primary takes the packet's place. Opus is
 * all that was agreed on in there; events and comfort noise come by themselves.
 * False: it is dropped. */
static bool unpack(pl_engine *e, const pl_channel *leg, pl_rtp *rtp,
                   pl_red *ret_red)
{
    ret_red->n = 0;
    if (leg->media.red_pt == 0 || rtp->pt != leg->media.red_pt)
        return true;
    if (pl_red_parse(rtp->payload, rtp->payload_len, ret_red) != PL_OK) {
        e->stats.drop_payload++;
        return false;
    }
    pl_codec_kind codec = PL_AUDIO_COUNT;
    const pl_red_block *primary = &ret_red->block[ret_red->n - 1];
    if (!find_codec(leg, primary->pt, &codec) || codec != PL_AUDIO_OPUS) {
        e->stats.drop_pt++;
        return false;
    }
    rtp->pt = primary->pt;
    rtp->payload = primary->data;
    rtp->payload_len = primary->len;
    e->stats.red_in++;
    return true;
}

/* What came along with a packet, into the gaps before it. */
static void fill_gaps(pl_engine *e, pl_channel *leg, const pl_rtp *rtp,
                      uint32_t xseq, const pl_red *red, int64_t now_us)
{
    for (size_t k = 1; k < red->n; k++) {
        const pl_red_block *b = &red->block[red->n - 1 - k];
        pl_playout_info info = {.ts = rtp->ts - b->offset,
                                .xseq = xseq - (uint32_t)k,
                                .arrival_us = now_us};
        if (!find_codec(leg, b->pt, &info.codec) ||
            info.codec != PL_AUDIO_OPUS) {
            e->stats.drop_pt++;
        } else if (b->len > 0) {
            const pl_rtp lost = {.ssrc = rtp->ssrc,
                                 .ts = info.ts,
                                 .payload = b->data,
                                 .payload_len = b->len};
            pl_engine_record_stem(e, leg, info.codec, &lost, info.xseq, now_us);
            (void)pl_playout_fill(leg->playout, &info, b->data, b->len);
        }
    }
}

static void note_path(pl_engine *e, pl_channel *leg, uint32_t path)
{
    if (leg->has_path && leg->path == path)
        return;
    leg->has_path = true;
    leg->path = path;
    pl_mix_note note = {.leg = leg->id, .path = path};
    e->options.sink.note(e->options.sink.ctx, &note);
}

static void take_rtp(pl_engine *e, pl_channel *leg, const pl_mix_packet *p,
                     size_t len)
{
    pl_rtp rtp;
    if (pl_rtp_parse(p->data, len, &rtp) != PL_OK) {
        e->stats.drop_short++;
        return;
    }
    pl_red red;
    if (!unpack(e, leg, &rtp, &red))
        return;
    pl_codec_kind codec = PL_AUDIO_COUNT;
    bool is_audio = find_codec(leg, rtp.pt, &codec);
    bool is_event = rtp.pt == leg->media.dtmf_pt;
    if (!is_audio && !is_event && rtp.pt != leg->media.comfort_pt) {
        e->stats.drop_pt++;
        return;
    }
    note_path(e, leg, p->path);
    if (is_audio && rtp.payload_len == 0) /* keep-alive, RFC 6263 section 4.6 */
        return;
    uint32_t xseq = 0;
    pl_err err = follow(leg, &rtp, p->arrival_us, &xseq);
    if (err != PL_OK) {
        if (err == PL_EFULL) {
            e->stats.drop_ssrc++;
        } else {
            e->stats.drop_seq++;
        }
        return;
    }
    leg->last_rtp_us = p->arrival_us;
    e->stats.rtp_in++;
    if (is_event) {
        take_event(e, leg, &rtp, p->arrival_us);
        pl_playout_pause(leg->playout, xseq);
    } else if (!is_audio) {
        take_comfort(e, leg, &rtp);
        pl_playout_pause(leg->playout, xseq);
    } else if (!pl_channel_receives(leg)) {
        e->stats.drop_direction++;
    } else {
        take_audio(e, leg, &rtp, xseq, codec, p->arrival_us);
        fill_gaps(e, leg, &rtp, xseq, &red, p->arrival_us);
    }
}

/* ---- RTCP --------------------------------------------------------------- */

static void take_rtcp(pl_engine *e, pl_channel *leg, const pl_mix_packet *p,
                      size_t len)
{
    pl_rtcp r;
    if (pl_rtcp_parse(p->data, len, leg->ssrc, &r) != PL_OK) {
        e->stats.drop_rtcp++;
        return;
    }
    e->stats.rtcp_in++;
    bool is_ours = leg->has_source && r.sender == leg->source.ssrc;
    if (r.has_sr && is_ours) {
        leg->source.sr_mid = r.sr_mid;
        leg->source.sr_us = p->arrival_us;
    }
    if (r.has_report) {
        uint64_t ntp = pl_ntp_time(p->arrival_us + e->options.wall_offset_us);
        uint32_t clock =
            e->options.codecs->codec[leg->media.send_codec]->clock_hz;
        uint32_t rtt =
            pl_rtcp_rtt_us((uint32_t)(ntp >> 16), r.last_sr, r.delay_since_sr);
        leg->rtt_us = rtt ? rtt : leg->rtt_us;
        leg->far_loss_permille = r.fraction_lost * 1000U / 256U;
        pl_engine_loss_report(leg);
        leg->far_jitter_us = (uint32_t)((uint64_t)r.jitter * 1000000 / clock);
    }
    if (r.has_bye && is_ours)
        e->stats.rtcp_bye++; /* the call itself ends by signaling */
}

static void take_packet(pl_engine *e, pl_channel *leg, pl_mix_packet *p)
{
    size_t len = p->len;
    if (!leg->is_up || len < 8 || len > PL_MIX_PACKET_MAX) {
        e->stats.drop_short++;
        return;
    }
    bool is_rtcp = p->is_rtcp_port || pl_rtp_is_rtcp(p->data, len);
    if (!is_within(is_rtcp ? &leg->rtcp_rate : &leg->rtp_rate, p->arrival_us,
                   is_rtcp ? RTCP_PER_S : RTP_PER_S)) {
        e->stats.drop_rate++;
        return;
    }
    if (leg->srtp) {
        pl_err err =
            e->options.srtp->unprotect(leg->srtp, is_rtcp, p->data, &len);
        if (err != PL_OK) {
            if (err == PL_EEXIST) {
                e->stats.drop_replay++;
            } else if (err == PL_EFULL) {
                e->stats.drop_ssrc++;
            } else {
                e->stats.drop_auth++;
            }
            return;
        }
    }
    if (is_rtcp) {
        take_rtcp(e, leg, p, len);
    } else {
        take_rtp(e, leg, p, len);
    }
}

/* ---- transports --------------------------------------------------------- */

/* A context for new keys, in place of the one before. */
static pl_err rekey(const pl_engine *e, pl_channel *leg,
                    const pl_srtp_keys *keys, bool is_server)
{
    const pl_srtp_ops *ops = e->options.srtp;
    pl_srtp *srtp = NULL;
    pl_err err = PL_OK;
    if (!ops)
        return PL_EUNSUPPORTED;
    if (leg->srtp && ops->has_keys(leg->srtp, keys, is_server))
        return PL_OK; /* its numbers must not begin anew */
    if (leg->has_place) {
        err = ops->resume(keys, is_server, leg->ssrc, &leg->place, &srtp);
    } else {
        err = ops->create(keys, is_server, &srtp);
    }
    if (err != PL_OK)
        return err;
    if (!leg->has_place)
        leg->roc = 0;
    leg->has_place = false; /* it was of these keys alone */
    if (leg->srtp)
        ops->destroy(&leg->srtp);
    leg->srtp = srtp;
    return PL_OK;
}

static void take_up(pl_engine *e, pl_channel *leg, const pl_mix_input *input)
{
    pl_err keyed = PL_OK;
    if (input->u.up.keys.profile != PL_SRTP_NONE) {
        keyed = rekey(e, leg, &input->u.up.keys, input->u.up.is_server);
    } else if (leg->srtp) {
        e->options.srtp->destroy(&leg->srtp);
    }
    if (keyed != PL_OK) {
        pl_engine_event(
            e, leg,
            (pl_mix_event){.kind = PL_MIX_LEG_FAILED, .u.error = keyed});
        return;
    }
    leg->route = input->u.up.route;
    leg->has_source = leg->has_candidate = leg->has_path = false;
    restart(leg);
    if (e->n_up == 0) /* the time before was sleep, not missed ticks */
        e->has_ticked = false;
    if (!leg->is_up)
        e->n_up++;
    leg->is_up = true;
    pl_err err = pl_engine_set_ear(e, leg);
    if (err != PL_OK) {
        pl_engine_event(
            e, leg, (pl_mix_event){.kind = PL_MIX_LEG_FAILED, .u.error = err});
    }
}

void pl_engine_input(pl_engine *engine, pl_mix_input *input)
{
    pl_channel *leg = pl_engine_leg(engine, input->leg);
    if (!leg) {
        engine->stats.drop_leg++;
        return;
    }
    switch (input->kind) {
    case PL_MIX_PACKET: take_packet(engine, leg, &input->u.packet); break;
    case PL_MIX_TRANSPORT_UP: take_up(engine, leg, input); break;
    case PL_MIX_TRANSPORT_ADDRESS: leg->route = input->u.route; break;
    default: engine->stats.bad_command++; break;
    }
}
