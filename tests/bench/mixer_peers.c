/* mixer_peers.c - prepared packets. */
#include "mixer_peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/be.h"
#include "core/level.h"
#include "core/rtp.h"
#include "io/codecs.h"
#include "io/srtp.h"

enum {
    FRAMES = 100, /* of each voice, played in a loop */
    PT = 111,
    LEVEL_EXT = 1
};

typedef struct peer {
    pl_srtp *srtp; /* NULL: plain */
    uint16_t seq;
    uint32_t ts, ssrc;
    bool is_talker;
} peer;

typedef struct frame {
    uint8_t level;
    size_t len;
    uint8_t bytes[PL_CODEC_MAX_ENCODED];
} frame;

static frame voice[PEERS_TALKERS + 1][FRAMES]; /* the last: a quiet room */
static peer peers[PEERS_MAX];
static size_t n_peers;
static bool are_secure;

void peers_must(pl_err e, const char *what)
{
    if (e == PL_OK)
        return;
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* Buzzing with a pitch of its own and four syllables a second. */
void peers_make_voices(void)
{
    const pl_codec *opus = pl_codecs.codec[PL_AUDIO_OPUS];
    for (size_t v = 0; v <= PEERS_TALKERS; v++) {
        pl_encoder *e = NULL;
        peers_must(opus->encoder_create(&(pl_encoder_options){0}, &e),
                   "encoder");
        double phase = 0.0;
        double low = 0.0;
        for (size_t f = 0; f < FRAMES; f++) {
            float pcm[PL_CODEC_FRAME];
            for (size_t i = 0; i < PL_CODEC_FRAME; i++) {
                double t = (double)(f * PL_CODEC_FRAME + i) / 48000.0;
                phase = fmod(phase + (110.0 + 40.0 * (double)v) / 48000.0, 1.0);
                low += 0.2 * ((phase - 0.5) - low);
                double loud = v == PEERS_TALKERS ? 0.0005 : 0.5;
                pcm[i] = (float)(loud * low * fabs(sin(12.6 * t)));
            }
            voice[v][f].level = pl_level_code(pl_level_db(pcm, PL_CODEC_FRAME));
            voice[v][f].len = opus->encode(e, pcm, voice[v][f].bytes);
        }
        opus->encoder_destroy(&e);
    }
}

static pl_srtp_keys make_keys(uint32_t i)
{
    pl_srtp_keys k = {.profile = PL_SRTP_AEAD_AES_128_GCM};
    pl_be_put32(k.client_key, i + 1);
    pl_be_put32(k.server_key, i + 100001);
    return k;
}

void peers_open(size_t n, bool is_secure)
{
    n_peers = n;
    are_secure = is_secure;
    for (uint32_t i = 0; i < n; i++) {
        pl_srtp_keys k = make_keys(i);
        peers[i] = (peer){.ssrc = 100 + i, .is_talker = i < PEERS_TALKERS};
        if (is_secure)
            peers_must(pl_srtp_create(&k, false, &peers[i].srtp), "srtp");
    }
}

void peers_close(void)
{
    for (size_t i = 0; i < n_peers; i++)
        pl_srtp_destroy(&peers[i].srtp);
    n_peers = 0;
}

void peers_packet(size_t who, size_t tick, pl_mix_packet *out)
{
    peer *p = &peers[who];
    const frame *f =
        &voice[p->is_talker ? who : PEERS_TALKERS][(tick + 7 * who) % FRAMES];
    pl_rtp rtp = {.pt = PT, .seq = p->seq++, .ts = p->ts, .ssrc = p->ssrc};
    p->ts += PL_CODEC_FRAME;
    pl_rtp_write(&rtp, out->data);
    uint8_t *at = out->data + PL_RTP_HEADER;
    out->data[0] |= 0x10;
    pl_be_put16(at, 0xbede);
    pl_be_put16(at + 2, 1);
    at[4] = LEVEL_EXT << 4;
    at[5] = f->level;
    at[6] = at[7] = 0;
    memcpy(at + 8, f->bytes, f->len);
    size_t len = PL_RTP_HEADER + 8 + f->len;
    if (p->srtp) {
        peers_must(
            pl_srtp_protect(p->srtp, false, out->data, sizeof out->data, &len),
            "protect");
    }
    out->len = (uint16_t)len;
    out->path = 1;
    out->is_rtcp_port = false;
}

pl_mix_command peers_room(void)
{
    return (pl_mix_command){
        .kind = PL_MIX_ROOM_OPEN,
        .id = {0, 1},
        .u.room = {.mode = PL_ROOM_MODE_MIX, .max_talkers = PEERS_TALKERS}};
}

pl_mix_command peers_leg(uint32_t i)
{
    pl_mix_command c = {.kind = PL_MIX_LEG_ADD, .id = {i, 1}};
    c.u.leg = (pl_mix_leg){.room = {0, 1},
                           .kind = PL_LEG_KIND_WEBRTC,
                           .ssrc = 5000 + i,
                           .cname = "bench",
                           .media = {.direction = PL_DIRECTION_SENDRECV,
                                     .send_codec = PL_AUDIO_OPUS,
                                     .send_pt = PT,
                                     .n_recv = 1,
                                     .recv = {{PT, PL_AUDIO_OPUS}},
                                     .dtmf_pt = PL_MIX_NO_PT,
                                     .dtmf_send_pt = PL_MIX_NO_PT,
                                     .comfort_pt = PL_MIX_NO_PT,
                                     .comfort_send_pt = PL_MIX_NO_PT,
                                     .level_ext_id = LEVEL_EXT},
                           .flags = {.mixed = true}};
    return c;
}

pl_mix_input peers_up(uint32_t i, int fd, uint16_t port)
{
    pl_mix_input in = {.kind = PL_MIX_TRANSPORT_UP, .leg = {i, 1}};
    if (are_secure)
        in.u.up.keys = make_keys(i);
    in.u.up.is_server = true;
    in.u.up.route = (pl_mix_route){
        .fd = fd, .is_rtcp_mux = true, .rtcp_fd = -1, .remote = {.port = port}};
    const uint8_t loopback[16] = {[10] = 255, [11] = 255, [12] = 127, [15] = 1};
    memcpy(in.u.up.route.remote.ip, loopback, sizeof loopback);
    return in;
}

static void no_send(void *ctx, const pl_out_packet *packets, size_t n)
{
    (void)ctx;
    (void)packets;
    (void)n;
}

static void no_event(void *ctx, const pl_mix_event *event)
{
    (void)ctx;
    (void)event;
}

static void no_note(void *ctx, const pl_mix_note *note)
{
    (void)ctx;
    (void)note;
}

pl_engine *peers_engine(void)
{
    pl_engine *e = NULL;
    const pl_engine_options options = {
        .max_legs = PEERS_MAX,
        .max_rooms = 1,
        .codecs = &pl_codecs,
        .srtp = &pl_srtp_library,
        .sink = {.send = no_send, .event = no_event, .note = no_note}};
    peers_must(pl_engine_create(&options, &e), "engine");
    pl_mix_command c = peers_room();
    pl_engine_command(e, &c);
    for (uint32_t i = 0; i < n_peers; i++) {
        c = peers_leg(i);
        pl_engine_command(e, &c);
        pl_mix_input up = peers_up(i, 1, 9);
        pl_engine_input(e, &up);
    }
    return e;
}
