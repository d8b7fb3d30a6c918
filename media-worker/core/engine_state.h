/* engine_state.h - the inside of an engine, for core/engine*.c alone. */
#ifndef PL_ENGINE_STATE_H
#define PL_ENGINE_STATE_H

#include "core/dtmf.h"
#include "core/dtmf_send.h"
#include "core/engine.h"
#include "core/engine_pool.h"
#include "core/engine_record.h"
#include "core/engine_sound.h"
#include "core/limiter.h"
#include "core/playout.h"
#include "core/red_send.h"
#include "core/rtp.h"
#include "core/rtp_source.h"
#include "core/talkers.h"

enum {
    PL_ECHO_FRAMES = 12,    /* 240 ms: one hears oneself apart */
    PL_OUT_BYTES = 512,     /* header, payload, SRTP trailer */
    PL_HANGOVER_TICKS = 20, /* 400 ms with an encoder of one's own after it */
    /* Legs that agreed to tell levels and do not: so many a room at a time are
     * decoded to know how loud they are. */
    PL_EAR_MEASURED_MAX = 2,
    PL_TICK_FLOATS = 2 * PL_TICK_SAMPLES,
    PL_TONES_MAX = 4, /* keys of a room heard at once */
    PL_RTCP_PERIOD_US = 5000000,
    PL_STATS_FIRST_US = 1000000,
    PL_STATS_PERIOD_US = 5000000
};

typedef struct pl_engine_room pl_engine_room;

/* What a leg is sent. */
typedef enum pl_hear {
    PL_HEAR_NONE,    /* nothing: no transport, or on hold */
    PL_HEAR_SILENCE, /* the engine's encoded silence */
    PL_HEAR_SHARED,  /* the room's mix, encoded once for all */
    PL_HEAR_PRIVATE  /* a mix of its own, its own encoder */
} pl_hear;

/* An encoder that many legs listen to. */
typedef struct pl_shared {
    pl_mouth *mouth; /* NULL: nobody listens */
    uint64_t tick;   /* of out[] */
    uint64_t held; /* tick in which its state is what resting listeners have */
    uint8_t loss_percent; /* the most that its listeners report */
    size_t len;
    uint8_t out[PL_CODEC_MAX_ENCODED];
} pl_shared;

/* Whose decoders a leg is heard with. */
typedef enum pl_ear_mode {
    PL_EAR_NONE, /* no transport yet */
    PL_EAR_LENT, /* the room's, while it is heard: its packets tell levels */
    PL_EAR_OWN   /* its own: only decoding tells how loud it is */
} pl_ear_mode;

/* Sliding limit of packets a second. */
typedef struct pl_rate_window {
    int64_t start_us;
    uint32_t n;
} pl_rate_window;

/* The mixing side of a leg; grouped by what belongs together.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
typedef struct pl_channel {
    pl_mix_id id;
    pl_engine_room *room;
    pl_leg_kind kind;
    char cname[PL_MIX_CNAME_MAX];
    pl_mix_media media;
    pl_mix_flags flags;

    /* transport */
    bool is_up;
    pl_srtp *srtp; /* NULL: plain */
    pl_mix_route route;
    bool has_path;
    uint32_t path;
    int64_t resume_us;  /* not sent yet since another worker had it; 0: no */
    uint32_t resume_ts; /* timestamp of resume_us */
    uint32_t resume_source; /* that it was heard with; 0: none */
    bool has_place;         /* of keys that are to come: */
    pl_srtp_place place;

    /* receiving */
    pl_playout *playout;
    pl_rtp_source source, candidate;
    bool has_source, has_candidate;
    bool is_source_new; /* not in a position that was told */
    int64_t last_rtp_us, last_dtmf_us;
    pl_dtmf dtmf;
    int64_t keying_until_us; /* his voice is not mixed before that */
    bool is_keying;          /* in this tick */
    pl_dtmf_queue tone;      /* his keys, as others hear them */
    pl_rate_window rtp_rate, rtcp_rate;
    pl_codec_kind recv_codec;
    pl_playout_counters counted; /* already in the engine's sums */

    /* voice */
    pl_voice voice;
    bool has_level;     /* the peer sends levels (RFC 6464) */
    uint16_t lie_ticks; /* loud by its levels, nothing to hear */
    bool is_in_mix;
    float gain;
    bool is_talking;
    uint16_t talk_ticks;
    float *pcm; /* [960][pcm_channels] of this tick; NULL: not decoded */
    uint8_t pcm_channels;
    pl_ear_mode ear_mode;
    uint8_t ear_kind;
    uint16_t unheard_ticks; /* since it was decoded last */
    pl_leg_sound sound;

    /* hearing */
    pl_hear hear;
    bool has_format;  /* counted in the room */
    bool needs_mouth; /* may need one at any time: echo, prompts */
    pl_format format;
    pl_mouth *mouth;         /* of PL_HEAR_PRIVATE */
    uint16_t hangover_ticks; /* since a mix of its own was last needed */
    pl_mix_play play;
    size_t play_at;
    float *echo; /* [PL_ECHO_FRAMES][960], echo rooms only */
    size_t echo_at;

    /* sending */
    uint32_t ssrc, ts;
    uint16_t seq;
    uint32_t roc;       /* how often seq rolled over, with these keys */
    bool has_gap;       /* the next packet begins a talkspurt */
    pl_loss_watch loss; /* of what it is sent */
    pl_red_sender *red; /* NULL: not agreed */
    pl_dtmf_queue keys;
    pl_dtmf_queue passed; /* others' keys */
    uint64_t packets_sent;
    uint32_t bytes_sent;
    uint32_t record_lost_ms; /* of its stem */
    bool is_sender;          /* sent since the last report */
    uint32_t rtt_us, far_loss_permille, far_jitter_us;
    int64_t next_rtcp_us, next_stats_us;
    uint32_t random;
} pl_channel;

struct pl_engine_room {
    pl_mix_id id;
    pl_mix_room options;
    pl_channel **legs; /* legs[n], in the order they came */
    size_t n, cap;
    pl_voice **voices;                  /* scratch of the selection, cap */
    pl_shared *shared[PL_FORMAT_COUNT]; /* NULL: no leg ever had it */
    unsigned channels;                  /* of the sum */
    pl_limiter limiter[2];              /* of the mono and the stereo mix */
    uint64_t limiter_tick[2];           /* last use */
    pl_room_sound sound;
    pl_room_record record;
    /* legs, and what was promised and taken for them (engine_lend.c) */
    uint32_t n_format[PL_FORMAT_COUNT], n_needing[PL_FORMAT_COUNT];
    uint32_t promised_mouths[PL_FORMAT_COUNT], mouths_out[PL_FORMAT_COUNT];
    uint32_t n_lent[PL_EAR_KINDS], promised_ears[PL_EAR_KINDS];
    uint32_t ears_out[PL_EAR_KINDS];
    /* legs of which nobody told how loud they are, in this tick so far and in
     * the one before; decoded to know it, in this tick */
    uint32_t n_unknown, were_unknown, n_measured;
    bool is_mix_needed; /* counted in n_format: a recording */
};

struct pl_engine {
    pl_engine_options options;
    pl_engine_stats stats;
    pl_channel **legs; /* by id index */
    pl_engine_room **rooms;
    size_t n_up; /* legs with a transport */
    pl_packet_pool *pool;
    pl_pool *states; /* encoders and decoders */
    uint64_t tick;
    int64_t last_tick_us;
    bool has_ticked;

    pl_shared silence[PL_FORMAT_COUNT];
    float tones[PL_TONES_MAX][PL_TICK_SAMPLES];
    float noise[PL_TICK_SAMPLES]; /* of the room that is mixed now */
    /* [960][channels of the room, or of the form that is encoded] */
    float sum[PL_TICK_FLOATS], mix[PL_TICK_FLOATS], limited[PL_TICK_FLOATS];
    float down[PL_TICK_SAMPLES];     /* the sum of a stereo room in mono */
    float shared[2][PL_TICK_FLOATS]; /* limited, for all who listen */

    size_t n_out;
    pl_out_packet out[PL_SEND_BATCH];
    uint8_t out_bytes[PL_SEND_BATCH][PL_OUT_BYTES];
};

/* engine.c */
pl_channel *pl_engine_leg(const pl_engine *engine, pl_mix_id id);
void pl_engine_event(const pl_engine *engine, const pl_channel *leg,
                     pl_mix_event event);
static inline bool pl_channel_sends(const pl_channel *leg)
{
    return leg->is_up && leg->route.fd >= 0 &&
           !pl_addr_is_none(&leg->route.remote) &&
           (leg->media.direction == PL_DIRECTION_SENDRECV ||
            leg->media.direction == PL_DIRECTION_SENDONLY);
}
static inline bool pl_channel_receives(const pl_channel *leg)
{
    return leg->is_up && (leg->media.direction == PL_DIRECTION_SENDRECV ||
                          leg->media.direction == PL_DIRECTION_RECVONLY);
}

/* engine_input.c */
void pl_engine_digit(pl_engine *engine, pl_channel *leg, char digit,
                     uint32_t duration_ms);

/* engine_send.c */
void pl_engine_flush(pl_engine *engine);
/* Send an encoded payload to a leg under its own number, time and source. */
void pl_engine_send_rtp(pl_engine *engine, pl_channel *leg,
                        const uint8_t *payload, size_t len);
/* Send one byte that says that silence is meant: never the start of a talk
 * spurt, RFC 3551 section 4.1. */
void pl_engine_send_sign(pl_engine *engine, pl_channel *leg, uint8_t pt,
                         uint8_t payload);
/* The leg's keys are sent, or cannot be: main may queue others. */
void pl_engine_keys_over(pl_engine *engine, pl_channel *leg);
/* Send a report; is_bye: the last one. */
void pl_engine_send_rtcp(pl_engine *engine, pl_channel *leg, int64_t now_us,
                         bool is_bye);

/* How far the leg's streams are. */
pl_mix_position pl_engine_position(const pl_engine *engine,
                                   const pl_channel *leg);

/* engine_dtmf.c */
/* A packet of an event has come: a key is held. */
void pl_engine_keying(pl_channel *leg, int64_t now_us);
bool pl_engine_is_keying(const pl_channel *leg, int64_t now_us);
/* A key is complete: let the others of the room hear it, if that is its
 * policy. */
void pl_engine_pass_digit(pl_engine *engine, pl_channel *leg, char digit);
/* The tone that the leg gives in this tick, in place of its voice, into
 * pcm[960]. Once a tick. False: none. */
bool pl_engine_key_tone(const pl_engine *engine, pl_channel *leg, float *pcm);
/* The queue whose turn it is in what the leg is sent; NULL: none. */
pl_dtmf_queue *pl_engine_keys_to_send(pl_channel *leg);

/* engine_red.c */
/* Have what redundancy needs, where it was agreed. Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_engine_red_agree(pl_channel *leg);
/* The leg's far_loss_permille is new. */
void pl_engine_loss_report(pl_channel *leg);
/* A listener of a form has other needs, or is gone. */
void pl_engine_loss_changed(pl_engine_room *room, pl_format format);
/* Before an encode: in-band FEC for the loss of one leg, or for `percent`. */
void pl_engine_expect_loss(const pl_engine *engine, pl_format format,
                           pl_mouth *mouth, const pl_channel *leg,
                           unsigned percent);
/* The payload with what the leg was sent before it, into out[PL_OUT_BYTES].
 * Returns: bytes; 0: send it plainly. */
size_t pl_engine_red_wrap(pl_engine *engine, pl_channel *leg,
                          const uint8_t *payload, size_t len, uint8_t *out);

/* engine_lend.c: encoders and decoders for whoever needs them now */
/* Count a leg with its room in the form it is sent from now on, and have the
 * encoders that this may take. Errors: PL_ENOMEM. Context: allocates */
PL_MUST_USE pl_err pl_engine_set_format(pl_engine *engine, pl_channel *leg,
                                        pl_format format);
/* The leg may have a mix of its own without talking, until tidied.
 * Errors: PL_ENOMEM. Context: allocates */
PL_MUST_USE pl_err pl_engine_need_mouth(pl_engine *engine, pl_channel *leg);
/* Have the decoders that the leg may take, by its media and transport.
 * Errors: PL_ENOMEM. Context: allocates */
PL_MUST_USE pl_err pl_engine_set_ear(pl_engine *engine, pl_channel *leg);
/* Let a leg go that leaves its room: it gives back and is counted no more. */
void pl_engine_lend_leave(pl_engine *engine, pl_channel *leg);
/* Have the encoders that the room may take by its options now.
 * Errors: PL_ENOMEM. Context: allocates */
PL_MUST_USE pl_err pl_engine_lend_settle(pl_engine *engine,
                                         pl_engine_room *room);
/* Prompts, hangovers and recordings that ended need no encoder any more. */
void pl_engine_lend_tidy(pl_engine *engine, pl_engine_room *room);
/* The same of the encoders of a room without legs, and of an engine. */
void pl_engine_lend_close(pl_engine *engine, pl_engine_room *room);
void pl_engine_lend_end(pl_engine *engine);
/* Have an ear to decode the leg with; false: none can be had (is counted). */
bool pl_engine_lend_ear(pl_engine *engine, pl_channel *leg);
/* Give a lent ear back. */
void pl_engine_return_ear(pl_engine *engine, pl_channel *leg);
/* The form in which a room's mix is recorded. */
pl_format pl_engine_mix_format(const pl_engine_room *room);
/* An encoder of the room; NULL: none is free. */
pl_mouth *pl_engine_lend_mouth(pl_engine *engine, pl_engine_room *room,
                               pl_format format);
void pl_engine_return_mouth(pl_engine *engine, pl_engine_room *room,
                            pl_format format, pl_mouth **mouth);

/* engine_hear.c: everything from the sum to the packets of one room. */
void pl_engine_hear(pl_engine *engine, pl_engine_room *room);
/* Make what a leg needs to be heard and to hear; frees what it had. */
PL_MUST_USE pl_err pl_engine_set_media(pl_engine *engine, pl_channel *leg,
                                       const pl_mix_media *media);

#endif
