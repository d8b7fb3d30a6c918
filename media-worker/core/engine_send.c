/* engine_send.c - packets out: RTP around shared payloads, RTCP reports. */
#include <string.h>

#include "core/engine_state.h"
#include "core/rtcp.h"

void pl_engine_flush(pl_engine *engine)
{
    if (engine->n_out == 0)
        return;
    engine->options.sink.send(engine->options.sink.ctx, engine->out,
                              engine->n_out);
    engine->n_out = 0;
}

/* Protect what lies in the next output buffer and queue it. */
static bool queue_packet(pl_engine *e, pl_channel *leg, size_t len,
                         bool is_rtcp)
{
    uint8_t *bytes = e->out_bytes[e->n_out];
    if (leg->srtp && e->options.srtp->protect(leg->srtp, is_rtcp, bytes,
                                              PL_OUT_BYTES, &len) != PL_OK)
        return false;
    bool is_apart = is_rtcp && !leg->route.is_rtcp_mux;
    e->out[e->n_out++] = (pl_out_packet){
        .leg = leg->id,
        .fd = is_apart ? leg->route.rtcp_fd : leg->route.fd,
        .is_v6_socket = leg->route.is_v6_socket,
        .remote = is_apart ? &leg->route.rtcp_remote : &leg->route.remote,
        .data = bytes,
        .len = len,
    };
    if (e->n_out == PL_SEND_BATCH)
        pl_engine_flush(e);
    return true;
}

/* Number a packet and send it. */
static bool send_rtp(pl_engine *e, pl_channel *leg, const pl_rtp *head,
                     const uint8_t *payload, size_t len)
{
    uint8_t *bytes = e->out_bytes[e->n_out];
    pl_rtp rtp = *head;
    rtp.seq = leg->seq++;
    leg->roc += leg->seq == 0;
    rtp.ssrc = leg->ssrc;
    pl_rtp_write(&rtp, bytes);
    memcpy(bytes + PL_RTP_HEADER, payload, len);
    if (!queue_packet(e, leg, PL_RTP_HEADER + len, false))
        return false;
    leg->is_sender = true;
    leg->packets_sent++;
    leg->bytes_sent += (uint32_t)len;
    e->stats.rtp_out++;
    return true;
}

void pl_engine_keys_over(pl_engine *engine, pl_channel *leg)
{
    pl_engine_event(
        engine, leg,
        (pl_mix_event){.kind = PL_MIX_KEYED,
                       .u.n_keys = pl_dtmf_queue_clear(&leg->keys)});
}

/* Whether this tick belongs to a digit, in place of the audio. Its timestamps
 * are those of the leg, which has one clock; only the duration is told in the
 * event's own where that is another. */
static bool send_key(pl_engine *e, pl_channel *leg, pl_dtmf_queue *queue)
{
    uint32_t clock = e->options.codecs->codec[leg->media.send_codec]->clock_hz;
    pl_dtmf_packet p;
    pl_dtmf_turn turn = pl_dtmf_queue_next(queue, leg->ts, clock / 50,
                                           leg->media.dtmf_clock, &p);
    if (turn == PL_DTMF_EVENT) {
        pl_rtp rtp = {
            .marker = p.marker, .pt = leg->media.dtmf_send_pt, .ts = p.ts};
        if (p.marker)
            e->stats.events_out++;
        (void)send_rtp(e, leg, &rtp, p.payload, sizeof p.payload);
    }
    if (queue == &leg->keys && queue->n == 0)
        pl_engine_keys_over(e, leg);
    return turn != PL_DTMF_AUDIO;
}

void pl_engine_send_rtp(pl_engine *engine, pl_channel *leg,
                        const uint8_t *payload, size_t len)
{
    pl_dtmf_queue *keys = pl_engine_keys_to_send(leg);
    bool is_key = keys && send_key(engine, leg, keys);
    if (is_key || len == 0) {
        leg->has_gap = true;
        return;
    }
    leg->sound.toc = payload[0];
    pl_rtp rtp = {.marker = leg->has_gap, /* RFC 3551 section 4.1 */
                  .pt = leg->media.send_pt,
                  .ts = leg->ts};
    uint8_t wrapped[PL_OUT_BYTES];
    size_t n = pl_engine_red_wrap(engine, leg, payload, len, wrapped);
    if (n > 0) {
        rtp.pt = leg->media.red_send_pt;
        payload = wrapped;
        len = n;
    }
    if (send_rtp(engine, leg, &rtp, payload, len))
        leg->has_gap = false;
}

void pl_engine_send_sign(pl_engine *engine, pl_channel *leg, uint8_t pt,
                         uint8_t payload)
{
    pl_rtp rtp = {.pt = pt, .ts = leg->ts};
    (void)send_rtp(engine, leg, &rtp, &payload, sizeof payload);
}

static uint32_t next_random(pl_channel *leg)
{
    uint32_t x = leg->random ? leg->random : 1;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return leg->random = x;
}

static bool has_rtcp_route(const pl_channel *leg)
{
    if (!leg->is_up)
        return false;
    if (leg->route.is_rtcp_mux)
        return leg->route.fd >= 0 && !pl_addr_is_none(&leg->route.remote);
    return leg->route.rtcp_fd >= 0 && !pl_addr_is_none(&leg->route.rtcp_remote);
}

void pl_engine_send_rtcp(pl_engine *engine, pl_channel *leg, int64_t now_us,
                         bool is_bye)
{
    /* RFC 3550 section 6.2, 6.3.1: 5 s, spread from half to one and a half. */
    leg->next_rtcp_us =
        now_us + PL_RTCP_PERIOD_US / 2 + next_random(leg) % PL_RTCP_PERIOD_US;
    if (!has_rtcp_route(leg))
        return;
    pl_rtp_report report;
    bool has_report = leg->has_source && leg->source.is_valid;
    if (has_report)
        pl_rtp_source_report(&leg->source, now_us, &report);
    pl_rtcp_own own = {
        .ssrc = leg->ssrc,
        .cname = leg->cname,
        .is_sender = leg->is_sender,
        .ntp = pl_ntp_time(now_us + engine->options.wall_offset_us),
        .rtp_ts = leg->ts,
        .packets = (uint32_t)leg->packets_sent,
        .bytes = leg->bytes_sent,
        .report = has_report ? &report : NULL,
        .is_bye = is_bye,
    };
    size_t len = pl_rtcp_write(&own, engine->out_bytes[engine->n_out]);
    leg->is_sender = false;
    if (queue_packet(engine, leg, len, true))
        engine->stats.rtcp_out++;
}

pl_mix_position pl_engine_position(const pl_engine *engine,
                                   const pl_channel *leg)
{
    bool is_kept = leg->resume_us != 0;
    pl_mix_position p = {.at_us =
                             is_kept ? leg->resume_us : engine->last_tick_us,
                         .ts = is_kept ? leg->resume_ts : leg->ts,
                         .send_index = (uint64_t)leg->roc << 16 | leg->seq,
                         .ssrc = leg->ssrc,
                         .packets = (uint32_t)leg->packets_sent,
                         .bytes = leg->bytes_sent,
                         .followed = leg->resume_source};
    if (!leg->is_up)
        return (pl_mix_position){.at_us = 0};
    if (leg->has_source && leg->source.is_valid)
        p.followed = leg->source.ssrc;
    if (!leg->srtp)
        return p;
    pl_srtp_place place;
    engine->options.srtp->where(leg->srtp, leg->ssrc, &place);
    p.rtcp_index = place.rtcp_index;
    p.n_in = place.n_in;
    memcpy(p.in, place.in, sizeof p.in);
    return p;
}
