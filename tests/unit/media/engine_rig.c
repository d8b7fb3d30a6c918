/* engine_rig.c - phones around an engine. */
#include "engine_rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/be.h"
#include "core/level.h"
#include "core/rtp.h"
#include "io/codecs.h"
#include "io/denoise.h"

static const double TURN = 6.283185307179586;

struct pl_srtp {
    int unused;
};

/* SRTP that lets everything through: levels are believed on such legs. */
static pl_err open_srtp(const pl_srtp_keys *keys, bool is_server,
                        pl_srtp **ret_srtp)
{
    (void)keys;
    (void)is_server;
    *ret_srtp = calloc(1, sizeof **ret_srtp);
    return *ret_srtp ? PL_OK : PL_ENOMEM;
}

static void close_srtp(pl_srtp **srtp)
{
    free(*srtp);
    *srtp = NULL;
}

static pl_err protect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet, size_t cap,
                      size_t *len)
{
    (void)srtp;
    (void)is_rtcp;
    (void)packet;
    return *len <= cap ? PL_OK : PL_EFULL;
}

static pl_err unprotect(pl_srtp *srtp, bool is_rtcp, uint8_t *packet,
                        size_t *len)
{
    (void)srtp;
    (void)is_rtcp;
    (void)packet;
    (void)len;
    return PL_OK;
}

static pl_err resume_srtp(const pl_srtp_keys *keys, bool is_server,
                          uint32_t ssrc, const pl_srtp_place *place,
                          pl_srtp **ret_srtp)
{
    (void)ssrc;
    (void)place;
    return open_srtp(keys, is_server, ret_srtp);
}

static void where_srtp(const pl_srtp *srtp, uint32_t ssrc,
                       pl_srtp_place *ret_place)
{
    (void)srtp;
    (void)ssrc;
    *ret_place = (pl_srtp_place){.n_in = 0};
}

static bool has_keys(const pl_srtp *srtp, const pl_srtp_keys *keys,
                     bool is_server)
{
    (void)srtp;
    (void)keys;
    (void)is_server;
    return false;
}

static const pl_srtp_ops OPEN_SRTP = {.create = open_srtp,
                                      .resume = resume_srtp,
                                      .where = where_srtp,
                                      .has_keys = has_keys,
                                      .destroy = close_srtp,
                                      .protect = protect,
                                      .unprotect = unprotect};

static void reserve(rig_leg *leg, size_t n)
{
    while (leg->n_heard + n > leg->cap) {
        leg->cap = leg->cap ? leg->cap * 2 : 1U << 16;
        leg->heard =
            realloc(leg->heard, leg->cap * leg->channels * sizeof *leg->heard);
        assert_non_null(leg->heard);
    }
}

/* What a receiver plays where nothing came: its decoder's own noise, or ours
 * leaves zeros. */
static void append(rig_leg *leg, size_t n)
{
    reserve(leg, n);
    if (leg->codec == PL_AUDIO_OPUS) {
        for (size_t i = 0; i < n; i += PL_CODEC_FRAME)
            leg->ops->conceal(leg->decoder,
                              leg->heard + (leg->n_heard + i) * leg->channels,
                              PL_CODEC_FRAME);
    } else {
        memset(leg->heard + leg->n_heard * leg->channels, 0,
               n * leg->channels * sizeof *leg->heard);
    }
    leg->n_heard += n;
}

static void fill_gap(rig_leg *leg, const pl_rtp *rtp)
{
    uint32_t frame = leg->ops->clock_hz / 50;
    uint32_t frames = leg->has_ts ? (rtp->ts - leg->last_ts) / frame : 1;
    if (leg->has_ts)
        assert_int_equal((rtp->ts - leg->last_ts) % frame, 0);
    if (frames > leg->longest_gap)
        leg->longest_gap = frames;
    if (frames > 1)
        append(leg, (size_t)(frames - 1) * PL_CODEC_FRAME);
}

static void keep(rig_leg *leg, const pl_rtp *rtp)
{
    if (leg->has_seq && rtp->seq != (uint16_t)(leg->last_seq + 1))
        leg->gaps++;
    leg->has_seq = true;
    leg->last_seq = rtp->seq;
    if (rtp->pt == RIG_DTMF_SEND_PT) {
        leg->event = *rtp;
        leg->events++;
        leg->event_marks += rtp->marker;
        assert_int_equal(rtp->payload_len, sizeof leg->event_payload);
        memcpy(leg->event_payload, rtp->payload, rtp->payload_len);
        leg->event_ends += rtp->payload[1] >> 7;
        return;
    }
    if (leg->fills_gaps)
        fill_gap(leg, rtp);
    leg->last_ts = rtp->ts;
    leg->has_ts = true;
    if (rtp->pt == RIG_CN_PT || rtp->payload_len == 1) {
        assert_false(rtp->marker);
        leg->signs++;
        leg->told = rtp->payload[0];
        append(leg, PL_CODEC_FRAME);
        return;
    }
    leg->heard_ssrc = rtp->ssrc;
    leg->packets++;
    leg->markers += rtp->marker;
    assert_true(rtp->payload_len <= sizeof leg->last_payload);
    memcpy(leg->last_payload, rtp->payload, rtp->payload_len);
    leg->last_len = rtp->payload_len;
    reserve(leg, PL_CODEC_MAX_DECODED);
    size_t n = 0;
    assert_int_equal(
        leg->ops->decode(leg->decoder, rtp->payload, rtp->payload_len,
                         leg->heard + leg->n_heard * leg->channels, &n),
        PL_OK);
    leg->n_heard += n;
}

static void on_send(void *ctx, const pl_out_packet *packets, size_t n)
{
    rig *r = ctx;
    for (size_t i = 0; i < n; i++) {
        rig_leg *leg = &r->leg[packets[i].leg.index];
        assert_int_equal(packets[i].fd, (int)packets[i].leg.index + 100);
        if (pl_rtp_is_rtcp(packets[i].data, packets[i].len)) {
            leg->reports++;
            leg->report_port = packets[i].remote->port;
            continue;
        }
        pl_rtp rtp;
        assert_int_equal(pl_rtp_parse(packets[i].data, packets[i].len, &rtp),
                         PL_OK);
        if (leg->unwrap)
            leg->unwrap(leg->unwrap_ctx, &rtp);
        keep(leg, &rtp);
    }
}

static void on_event(void *ctx, const pl_mix_event *event)
{
    rig *r = ctx;
    if (r->n_events < RIG_EVENTS)
        r->event[r->n_events++] = *event;
}

static void on_note(void *ctx, const pl_mix_note *note)
{
    rig *r = ctx;
    (void)note;
    r->n_notes++;
}

static void open_engine(rig *r, const pl_mix_room *room, bool has_dtx)
{
    *r = (rig){.now_us = 1000000,
               .room = {3, 7},
               .has_dtx = has_dtx,
               .record = r->record};
    const pl_engine_options options = {
        .max_legs = RIG_LEGS,
        .max_rooms = 8,
        .codecs = &pl_codecs,
        .srtp = &OPEN_SRTP,
        .denoise = &pl_speex_denoise,
        .has_dtx = has_dtx,
        .record = r->record,
        .sink = {.ctx = r, .send = on_send, .event = on_event, .note = on_note},
        .wall_offset_us = 1700000000000000};
    assert_int_equal(pl_engine_create(&options, &r->engine), PL_OK);
    pl_mix_command c = {
        .kind = PL_MIX_ROOM_OPEN, .id = r->room, .u.room = *room};
    pl_engine_command(r->engine, &c);
}

void rig_open(rig *r, pl_room_mode mode, uint32_t max_talkers)
{
    rig_open_room(r, &(pl_mix_room){.mode = mode,
                                    .max_talkers = max_talkers,
                                    .is_raw = true});
}

void rig_open_room(rig *r, const pl_mix_room *room)
{
    open_engine(r, room, false);
}

void rig_open_resting(rig *r, const pl_mix_room *room)
{
    open_engine(r, room, true);
}

void rig_close(rig *r)
{
    for (size_t i = 0; i < r->n; i++) {
        rig_leg *leg = &r->leg[i];
        leg->ops->encoder_destroy(&leg->encoder);
        leg->ops->decoder_destroy(&leg->decoder);
        free(leg->heard);
    }
    pl_engine_destroy(&r->engine);
}

static pl_mix_media media_of(const rig_leg *leg, pl_direction direction)
{
    return (pl_mix_media){.direction = direction,
                          .sends_stereo = leg->channels == 2,
                          .hears_stereo = leg->channels == 2,
                          .send_codec = leg->codec,
                          .send_pt = RIG_PT,
                          .n_recv = 1,
                          .recv = {{RIG_PT, leg->codec}},
                          .dtmf_pt = RIG_DTMF_PT,
                          .dtmf_send_pt = RIG_DTMF_SEND_PT,
                          .dtmf_clock = 8000,
                          .comfort_pt = RIG_CN_PT,
                          .comfort_send_pt = RIG_CN_PT,
                          .has_peer_dtx = true,
                          .level_ext_id = RIG_LEVEL_EXT};
}

static void bring_up(rig *r, const rig_leg *leg)
{
    pl_mix_input up = {.kind = PL_MIX_TRANSPORT_UP, .leg = leg->id};
    up.u.up.keys.profile =
        leg->is_plain ? PL_SRTP_NONE : PL_SRTP_AEAD_AES_128_GCM;
    up.u.up.route = (pl_mix_route){.fd = (int)leg->id.index + 100,
                                   .remote = {.ip = {1}, .port = 9},
                                   .is_rtcp_mux = true,
                                   .rtcp_fd = -1};
    pl_engine_input(r->engine, &up);
}

static rig_leg *add(rig *r, pl_codec_kind codec, double hz, double amplitude,
                    bool is_webrtc, unsigned channels)
{
    assert_true(r->n < RIG_LEGS);
    rig_leg *leg = &r->leg[r->n];
    uint32_t i = (uint32_t)r->n++;
    *leg = (rig_leg){.id = {i, i + 1},
                     .codec = codec,
                     .ops = pl_codecs.codec[codec],
                     .is_saying = amplitude > 0.0,
                     .sends_level = is_webrtc,
                     .fills_gaps = r->has_dtx,
                     .is_plain = !is_webrtc,
                     .hz = hz,
                     .channels = channels,
                     .amplitude = amplitude,
                     .seq = (uint16_t)(65500 + i),
                     .ts = 0xfffff000U + i,
                     .ssrc = 0x1000 + i,
                     .lie_level = -1};
    assert_int_equal(
        leg->ops->encoder_create(&(pl_encoder_options){.channels = channels},
                                 &leg->encoder),
        PL_OK);
    assert_int_equal(leg->ops->decoder_create(channels, &leg->decoder), PL_OK);
    pl_mix_command add = {.kind = PL_MIX_LEG_ADD, .id = leg->id};
    add.u.leg =
        (pl_mix_leg){.room = r->room,
                     .kind = is_webrtc ? PL_LEG_KIND_WEBRTC : PL_LEG_KIND_SIP,
                     .ssrc = 0x2000 + i,
                     .first_seq = 65530,
                     .first_ts = 0xffffff00U,
                     .cname = "abcdefghijklmnop",
                     .media = media_of(leg, PL_DIRECTION_SENDRECV),
                     .flags = {.mixed = true}};
    pl_engine_command(r->engine, &add);
    bring_up(r, leg);
    return leg;
}

rig_leg *rig_add(rig *r, pl_codec_kind codec, double hz, double amplitude,
                 bool is_webrtc)
{
    return add(r, codec, hz, amplitude, is_webrtc, 1);
}

rig_leg *rig_add_stereo(rig *r, double hz_left, double hz_right,
                        double amplitude)
{
    rig_leg *leg = add(r, PL_AUDIO_OPUS, hz_left, amplitude, true, 2);
    leg->hz_right = hz_right;
    return leg;
}

void rig_flags(rig *r, const rig_leg *leg, bool mixed, bool muted, bool deaf)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_FLAGS,
                        .id = leg->id,
                        .u.flags = {mixed, muted, deaf}};
    pl_engine_command(r->engine, &c);
}

void rig_direction(rig *r, const rig_leg *leg, pl_direction direction)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_MEDIA,
                        .id = leg->id,
                        .u.media = media_of(leg, direction)};
    pl_engine_command(r->engine, &c);
}

void rig_play(rig *r, const rig_leg *leg, const pl_prompt *prompt, bool loop)
{
    pl_mix_command c = {
        .kind = PL_MIX_LEG_PLAY, .id = leg->id, .u.play = {prompt, loop, 42}};
    pl_engine_command(r->engine, &c);
}

void rig_play_all(rig *r, const pl_prompt *prompt, bool loop)
{
    pl_mix_command c = {
        .kind = PL_MIX_ROOM_PLAY, .id = r->room, .u.play = {prompt, loop, 43}};
    pl_engine_command(r->engine, &c);
}

void rig_comfort(rig *r, rig_leg *leg, uint8_t level)
{
    uint8_t bytes[PL_RTP_HEADER + 1];
    pl_rtp rtp = {
        .pt = RIG_CN_PT, .seq = leg->seq++, .ts = leg->ts, .ssrc = leg->ssrc};
    pl_rtp_write(&rtp, bytes);
    bytes[PL_RTP_HEADER] = level;
    rig_input(r, leg, bytes, sizeof bytes, false);
}

void rig_keys(rig *r, const rig_leg *leg, const char *keys)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_KEYS,
                        .id = leg->id,
                        .u.keys = {.n = (uint16_t)strlen(keys)}};
    memcpy(c.u.keys.keys, keys, c.u.keys.n);
    pl_engine_command(r->engine, &c);
}

void rig_no_keys(rig *r, const rig_leg *leg)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_MEDIA,
                        .id = leg->id,
                        .u.media = media_of(leg, PL_DIRECTION_SENDRECV)};
    c.u.media.dtmf_send_pt = PL_MIX_NO_PT;
    pl_engine_command(r->engine, &c);
}

void rig_no_dtx(rig *r, const rig_leg *leg)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_MEDIA,
                        .id = leg->id,
                        .u.media = media_of(leg, PL_DIRECTION_SENDRECV)};
    c.u.media.has_peer_dtx = false;
    c.u.media.comfort_send_pt = PL_MIX_NO_PT;
    pl_engine_command(r->engine, &c);
}

void rig_remove(rig *r, const rig_leg *leg)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_REMOVE, .id = leg->id};
    pl_engine_command(r->engine, &c);
}

void rig_input(rig *r, const rig_leg *leg, const uint8_t *data, size_t len,
               bool is_rtcp_port)
{
    static pl_mix_input in;
    in = (pl_mix_input){.kind = PL_MIX_PACKET, .leg = leg->id};
    in.u.packet.arrival_us = r->now_us;
    in.u.packet.path = 5;
    in.u.packet.is_rtcp_port = is_rtcp_port;
    in.u.packet.len = (uint16_t)len;
    memcpy(in.u.packet.data, data, len);
    pl_engine_input(r->engine, &in);
}

static void say(rig *r, rig_leg *leg)
{
    float pcm[2 * PL_CODEC_FRAME];
    size_t channels = leg->channels;
    if (leg->source) {
        leg->source(leg->source_ctx, leg->frame, pcm);
    } else {
        for (size_t k = 0; k < PL_CODEC_FRAME; k++) {
            double t = (double)(leg->frame * PL_CODEC_FRAME + k) / 48000.0;
            pcm[k * channels] =
                (float)(leg->amplitude * sin(TURN * leg->hz * t));
            if (channels == 2)
                pcm[2 * k + 1] =
                    (float)(leg->amplitude * sin(TURN * leg->hz_right * t));
        }
    }
    leg->frame++;
    uint8_t bytes[PL_RTP_HEADER + 8 + PL_CODEC_MAX_ENCODED];
    pl_rtp rtp = {
        .pt = RIG_PT, .seq = leg->seq++, .ts = leg->ts, .ssrc = leg->ssrc};
    leg->ts += leg->ops->clock_hz / 50;
    pl_rtp_write(&rtp, bytes);
    size_t at = PL_RTP_HEADER;
    if (leg->sends_level) {
        uint8_t level =
            leg->lie_level >= 0
                ? (uint8_t)leg->lie_level
                : pl_level_code(pl_level_db(pcm, PL_CODEC_FRAME * channels));
        bytes[0] |= 0x10;
        pl_be_put16(bytes + at, 0xbede);
        pl_be_put16(bytes + at + 2, 1);
        bytes[at + 4] = RIG_LEVEL_EXT << 4;
        bytes[at + 5] = level;
        bytes[at + 6] = bytes[at + 7] = 0;
        at += 8;
    }
    at += leg->ops->encode(leg->encoder, pcm, bytes + at);
    rig_input(r, leg, bytes, at, false);
}

void rig_run(rig *r, size_t n_ticks)
{
    for (size_t t = 0; t < n_ticks; t++) {
        for (size_t i = 0; i < r->n; i++) {
            rig_leg *leg = &r->leg[i];
            if (leg->is_saying && !leg->is_pausing) {
                say(r, leg);
            } else if (leg->is_pausing) {
                leg->ts += leg->ops->clock_hz / 50;
            }
        }
        r->now_us += PL_TICK_US;
        pl_engine_tick(r->engine, r->now_us);
    }
}

double rig_hears(const rig_leg *leg, double hz, size_t n_ticks)
{
    return rig_hears_on(leg, 0, hz, n_ticks);
}

double rig_hears_on(const rig_leg *leg, size_t side, double hz, size_t n_ticks)
{
    size_t n = n_ticks * PL_CODEC_FRAME;
    if (n > leg->n_heard)
        return 0.0;
    size_t channels = leg->channels;
    const float *pcm = leg->heard + (leg->n_heard - n) * channels + side;
    double re = 0.0, im = 0.0;
    for (size_t i = 0; i < n; i++) {
        double a = TURN * hz * (double)i / 48000.0;
        re += pcm[i * channels] * cos(a);
        im += pcm[i * channels] * sin(a);
    }
    return 2.0 * sqrt(re * re + im * im) / (double)n;
}

size_t rig_count(const rig *r, const rig_leg *leg, pl_mix_event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_events; i++) {
        if (r->event[i].kind == kind &&
            (!leg || r->event[i].leg.index == leg->id.index))
            n++;
    }
    return n;
}

const pl_mix_event *rig_last(const rig *r, pl_mix_event_kind kind)
{
    for (size_t i = r->n_events; i > 0; i--) {
        if (r->event[i - 1].kind == kind)
            return &r->event[i - 1];
    }
    return NULL;
}
