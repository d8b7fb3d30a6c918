/* engine_rig.h - an engine on a clock of our own, with phones around it that
 * send tones and keep what they hear. */
#ifndef PL_ENGINE_RIG_H
#define PL_ENGINE_RIG_H

#include "core/engine.h"
#include "core/rtp.h"

enum {
    RIG_LEGS = 64,
    RIG_EVENTS = 512,
    RIG_PT = 96,
    RIG_DTMF_PT = 101,
    RIG_DTMF_SEND_PT = 102,
    RIG_CN_PT = 13,
    RIG_LEVEL_EXT = 1
};

/* Makes one frame of what a phone says: pcm[960]. */
typedef void (*rig_source)(void *ctx, size_t frame, float *pcm);

typedef struct rig_leg {
    pl_mix_id id;
    pl_codec_kind codec;
    const pl_codec *ops;
    pl_encoder *encoder;
    pl_decoder *decoder;
    /* saying */
    bool is_pausing; /* says nothing while its time goes on */
    bool is_saying, sends_level, is_plain;
    double hz, amplitude;
    unsigned channels; /* 2: says hz on the left, hz_right on the right */
    double hz_right;
    rig_source source;
    void *source_ctx;
    size_t frame;
    uint16_t seq;
    uint32_t ts, ssrc;
    int lie_level; /* claimed instead of the true level; -1: truth */
    /* hearing */
    void (*unwrap)(void *ctx, pl_rtp *rtp); /* sees, may change; NULL: none */
    void *unwrap_ctx;
    float *heard; /* [n_heard][channels] */
    size_t n_heard, cap;
    uint32_t packets, gaps, markers, reports;
    pl_rtp event; /* the latest telephone-event */
    uint8_t event_payload[4];
    uint32_t events, event_marks, event_ends;
    bool fills_gaps; /* what was not sent is decoded as silence that is meant */
    uint32_t signs;  /* of life, in silence: comfort noise, empty Opus */
    uint8_t told;    /* level of the comfort noise */
    uint32_t longest_gap; /* ticks from one packet to the next */
    uint16_t report_port; /* where the last report went */
    bool has_seq, has_ts;
    uint16_t last_seq;
    uint32_t last_ts, heard_ssrc;
    uint8_t last_payload[PL_CODEC_MAX_ENCODED];
    size_t last_len;
} rig_leg;

typedef struct rig {
    pl_engine *engine;
    int64_t now_us;
    rig_leg leg[RIG_LEGS];
    size_t n;
    pl_mix_id room;
    pl_mix_event event[RIG_EVENTS];
    size_t n_events;
    size_t n_notes;
    bool has_dtx;
    pl_ring *record; /* frames of recordings; set before it is opened */
} rig;

/* Open a rig with one room, in which voices stay as loud as they come. */
void rig_open(rig *r, pl_room_mode mode, uint32_t max_talkers);
/* The same with any kind of room. */
void rig_open_room(rig *r, const pl_mix_room *room);
void rig_close(rig *r);
/* The same with an engine that lets silence rest. */
void rig_open_resting(rig *r, const pl_mix_room *room);
/* Send a comfort noise packet from the phone, RFC 3389. */
void rig_comfort(rig *r, rig_leg *leg, uint8_t level);
/* Play to all in the room. */
void rig_play_all(rig *r, const pl_prompt *prompt, bool loop);
/* Add a phone that hears; amplitude 0: it sends nothing. With is_webrtc its
 * packets carry levels through an SRTP that only pretends. */
rig_leg *rig_add(rig *r, pl_codec_kind codec, double hz, double amplitude,
                 bool is_webrtc);
/* Add a browser that agreed to stereo, both ways. */
rig_leg *rig_add_stereo(rig *r, double hz_left, double hz_right,
                        double amplitude);
/* As rig_hears(), on one side of a stereo leg (0: left). */
double rig_hears_on(const rig_leg *leg, size_t side, double hz, size_t n_ticks);
void rig_flags(rig *r, const rig_leg *leg, bool mixed, bool muted, bool deaf);
void rig_direction(rig *r, const rig_leg *leg, pl_direction direction);
void rig_play(rig *r, const rig_leg *leg, const pl_prompt *prompt, bool loop);
/* Key to the phone; renegotiate to one that takes no keys. */
void rig_keys(rig *r, const rig_leg *leg, const char *keys);
void rig_no_keys(rig *r, const rig_leg *leg);
/* Renegotiate: silence is to be sent as everything else. */
void rig_no_dtx(rig *r, const rig_leg *leg);
void rig_remove(rig *r, const rig_leg *leg);
/* Hand the engine a datagram as if it came from the leg. */
void rig_input(rig *r, const rig_leg *leg, const uint8_t *data, size_t len,
               bool is_rtcp_port);
/* Let every phone send its frame and run n ticks. */
void rig_run(rig *r, size_t n_ticks);
/* Amplitude of a tone in the last n_ticks that the leg heard (Goertzel). */
double rig_hears(const rig_leg *leg, double hz, size_t n_ticks);
/* Events of a kind so far (of a leg, or of any with NULL). */
size_t rig_count(const rig *r, const rig_leg *leg, pl_mix_event_kind kind);
const pl_mix_event *rig_last(const rig *r, pl_mix_event_kind kind);

#endif
