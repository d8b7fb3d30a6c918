/* engine_line.c - sender, network, arrival. */
#include "engine_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <opus/opus.h>

#include "core/red.h"

enum { FLIGHT_US = 30000, RATE = 48000, BITRATE = 32000, EXPECTED_LOSS = 20 };
static const double TURN = 6.283185307179586;

static uint32_t dice(line *l)
{
    l->rules.seed = l->rules.seed * 1664525U + 1013904223U;
    return l->rules.seed >> 8;
}

static void agree(rig *r, const rig_leg *leg, uint8_t red_pt, bool has_fec)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_MEDIA, .id = leg->id};
    c.u.media = (pl_mix_media){.direction = PL_DIRECTION_SENDRECV,
                               .send_codec = leg->codec,
                               .send_pt = RIG_PT,
                               .n_recv = 1,
                               .recv = {{RIG_PT, leg->codec}},
                               .red_pt = red_pt,
                               .red_send_pt = red_pt,
                               .has_peer_fec = has_fec,
                               .dtmf_pt = RIG_DTMF_PT,
                               .dtmf_send_pt = PL_MIX_NO_PT,
                               .dtmf_clock = 8000,
                               .comfort_pt = 13,
                               .level_ext_id = RIG_LEVEL_EXT};
    pl_engine_command(r->engine, &c);
}

void line_agree(rig *r, const rig_leg *leg)
{
    agree(r, leg, LINE_RED_PT, true);
}

void line_agree_fec(rig *r, const rig_leg *leg)
{
    agree(r, leg, 0, true);
}

void line_open(line *l, rig *r, rig_leg *leg, line_rules rules)
{
    *l = (line){.r = r, .leg = leg, .rules = rules};
    l->sent_us = (double)r->now_us;
    leg->is_saying = false; /* not by the rig */
    if (leg->codec != PL_AUDIO_OPUS)
        return;
    int error = 0;
    OpusEncoder *o =
        opus_encoder_create(RATE, 1, OPUS_APPLICATION_VOIP, &error);
    assert_int_equal(error, OPUS_OK);
    assert_int_equal(opus_encoder_ctl(o, OPUS_SET_BITRATE(BITRATE)), OPUS_OK);
    assert_int_equal(opus_encoder_ctl(o, OPUS_SET_INBAND_FEC(rules.has_fec)),
                     OPUS_OK);
    assert_int_equal(
        opus_encoder_ctl(o, OPUS_SET_PACKET_LOSS_PERC(EXPECTED_LOSS)), OPUS_OK);
    l->opus = o;
    line_agree(r, leg);
}

void line_close(line *l)
{
    if (l->opus)
        opus_encoder_destroy(l->opus);
    l->opus = NULL;
}

static size_t encode(line *l, uint8_t *out)
{
    rig_leg *leg = l->leg;
    float pcm[PL_CODEC_FRAME];
    if (leg->source) {
        leg->source(leg->source_ctx, leg->frame, pcm);
    } else {
        for (size_t k = 0; k < PL_CODEC_FRAME; k++) {
            double t = (double)(leg->frame * PL_CODEC_FRAME + k) / RATE;
            pcm[k] = (float)(leg->amplitude * sin(TURN * leg->hz * t));
        }
    }
    leg->frame++;
    if (!l->opus)
        return leg->ops->encode(leg->encoder, pcm, out);
    opus_int32 n = opus_encode_float(l->opus, pcm, PL_CODEC_FRAME, out,
                                     PL_CODEC_MAX_ENCODED);
    assert_true(n > 0);
    return (size_t)n;
}

/* The payload with the older ones in front of it. */
static size_t wrap(line *l, const uint8_t *payload, size_t len, uint8_t *out,
                   size_t cap)
{
    pl_red red = {.n = 0};
    for (unsigned k = l->rules.red; k > 0; k--) {
        if (l->past[k - 1].len > 0) {
            red.block[red.n++] =
                (pl_red_block){.pt = RIG_PT,
                               .offset = l->leg->ts - l->past[k - 1].ts,
                               .data = l->past[k - 1].bytes,
                               .len = l->past[k - 1].len};
        }
    }
    red.block[red.n++] =
        (pl_red_block){.pt = RIG_PT, .data = payload, .len = len};
    size_t n = 0;
    assert_int_equal(pl_red_write(&red, out, cap, &n), PL_OK);
    l->past[1] = l->past[0];
    l->past[0].len = len;
    l->past[0].ts = l->leg->ts;
    memcpy(l->past[0].bytes, payload, len);
    return n;
}

static void fly(line *l, const uint8_t *bytes, size_t len)
{
    int64_t jitter =
        l->rules.jitter_us ? dice(l) % (uint32_t)l->rules.jitter_us : 0;
    assert_true(l->n_flights < LINE_FLIGHTS);
    line_packet *f = &l->flight[l->n_flights++];
    assert_true(len <= sizeof f->bytes);
    f->at_us = (int64_t)l->sent_us + FLIGHT_US + jitter;
    f->len = len;
    memcpy(f->bytes, bytes, len);
}

static void send_one(line *l)
{
    rig_leg *leg = l->leg;
    uint8_t payload[PL_CODEC_MAX_ENCODED];
    uint8_t bytes[600];
    size_t len = encode(l, payload);
    bool is_red = l->opus && l->rules.red > 0;
    pl_rtp rtp = {.pt = is_red ? LINE_RED_PT : RIG_PT,
                  .seq = leg->seq++,
                  .ts = leg->ts,
                  .ssrc = leg->ssrc};
    pl_rtp_write(&rtp, bytes);
    if (is_red) {
        len = wrap(l, payload, len, bytes + PL_RTP_HEADER,
                   sizeof bytes - PL_RTP_HEADER);
    } else {
        memcpy(bytes + PL_RTP_HEADER, payload, len);
    }
    leg->ts += leg->ops->clock_hz / 50;
    l->n_sent++;
    bool is_lost = dice(l) % 1000 < l->rules.loss_permille;
    bool is_twice = dice(l) % 1000 < l->rules.duplicate_permille;
    l->n_lost += is_lost;
    if (!is_lost)
        fly(l, bytes, PL_RTP_HEADER + len);
    if (!is_lost && is_twice)
        fly(l, bytes, PL_RTP_HEADER + len);
}

/* In the order of arrival, each at its own time. */
static void arrive(line *l, int64_t until_us)
{
    int64_t now_us = l->r->now_us;
    for (;;) {
        line_packet *first = NULL;
        for (size_t i = 0; i < l->n_flights; i++) {
            line_packet *f = &l->flight[i];
            if (f->at_us <= until_us && (!first || f->at_us < first->at_us))
                first = f;
        }
        if (!first)
            break;
        l->r->now_us = first->at_us;
        rig_input(l->r, l->leg, first->bytes, first->len, false);
        *first = l->flight[--l->n_flights];
    }
    l->r->now_us = now_us;
}

void line_run(line *l, size_t n_ticks)
{
    for (size_t i = 0; i < n_ticks; i++) {
        int64_t until_us = l->r->now_us + PL_TICK_US;
        while (l->sent_us <= (double)until_us) {
            send_one(l);
            l->sent_us += PL_TICK_US * (1.0 + l->rules.ppm * 1e-6);
        }
        arrive(l, until_us);
        rig_run(l->r, 1);
    }
}
