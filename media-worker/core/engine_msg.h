/* engine_msg.h - what main thread, I/O thread and mixing thread tell each
 * other. Plain values only: they are copied through rings (ring.h).
 *
 *   main --pl_mix_command--> mixer --pl_mix_event--> main
 *   I/O  --pl_mix_input----> mixer --pl_mix_note---> I/O
 *
 * Order: main queues LEG_ADD before it tells the I/O thread of the leg; the
 * mixer then sees LEG_ADD before any input of that leg. A message whose id is
 * stale (wrong generation) is counted and ignored.
 *
 * Descriptors: an fd named in TRANSPORT_UP stays open until the mixer said
 * PL_MIX_LEG_REMOVED for that leg: closing earlier would let the mixer write
 * into whatever reuses the number. */
#ifndef PL_ENGINE_MSG_H
#define PL_ENGINE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/codec_kind.h"
#include "core/prompt.h"
#include "core/srtp_ops.h"
#include "pl/keys.h"
#include "pl/words.h"

enum {
    PL_MIX_PACKET_MAX = 1500, /* received datagram; larger ones io drops */
    PL_MIX_CNAME_MAX = 32,    /* RFC 7022 names are 16 characters */
    PL_MIX_RECV_PTS = 8,
    PL_MIX_NO_PT = 0xff
};

/* Index into the worker's tables (chosen by main, below the configured
 * maximum) and a generation that changes with each reuse; never 0. */
typedef struct pl_mix_id {
    uint32_t index, generation;
} pl_mix_id;

/* How far a leg's streams are: what another worker needs to go on with them
 * (core/position.h). Zero: nothing is known. */
typedef struct pl_mix_position {
    int64_t at_us; /* monotonic clock of the host, which workers share; 0: no
                      position */
    /* Of the next packet that is sent: rollover counter << 16 | sequence
     * number (RFC 3711 section 3.3.1); plain RTP counts rollovers as well. */
    uint64_t send_index;
    uint32_t ssrc, ts;   /* ours; timestamp of at_us */
    uint32_t rtcp_index; /* SRTCP, sent last (RFC 3711 section 3.4); 0: none */
    uint32_t packets, bytes; /* sent, as sender reports tell them */
    uint32_t followed;       /* source that is played; 0: none */
    uint8_t n_in;
    pl_srtp_received in[PL_SRTP_MAX_SSRC_IN];
} pl_mix_position;

/* ---- main to mixer ------------------------------------------------------ */

typedef enum pl_mix_command_kind {
    PL_MIX_ROOM_OPEN = 1,
    PL_MIX_ROOM_CLOSE,   /* with its legs: each gives PL_MIX_LEG_REMOVED */
    PL_MIX_ROOM_SET,     /* what may change while it is open (pl_mix_room) */
    PL_MIX_ROOM_PLAY,    /* to all who hear the mix; else as LEG_PLAY */
    PL_MIX_RECORD_START, /* of a room, in place of the one before */
    PL_MIX_RECORD_STOP,  /* answered by PL_MIX_RECORD_OVER, if one is on */
    PL_MIX_LEG_ADD,
    PL_MIX_LEG_MEDIA,  /* renegotiated: codecs, direction */
    PL_MIX_LEG_FLAGS,  /* mixed, muted, deaf */
    PL_MIX_LEG_REMOVE, /* answered by PL_MIX_LEG_REMOVED; SRTP keys die */
    PL_MIX_LEG_PLAY,   /* replaces what plays; prompt NULL: stop */
    PL_MIX_LEG_KEYS,   /* digits to send, behind those that wait */
    PL_MIX_STOP        /* the thread ends (used by mixer_thread.c) */
} pl_mix_command_kind;

typedef struct pl_mix_room {
    pl_room_mode mode;
    uint32_t max_talkers; /* loudest K; 0: default 3; at most 32 */
    uint8_t channels;     /* 2: stereo for who can; 0 and 1: mono */
    /* these may be changed by ROOM_SET */
    pl_dtmf_policy dtmf; /* unknown: eat */
    bool denoise;        /* take noise out of voices */
    bool is_raw;         /* voices as loud as they come */
} pl_mix_room;

/* The negotiated audio section. */
typedef struct pl_mix_media {
    pl_direction direction; /* as we send (RFC 8866 section 6.7) */
    pl_codec_kind send_codec;
    uint8_t send_pt;
    uint8_t n_recv; /* payload types we accept, first is preferred */
    struct {
        uint8_t pt;
        pl_codec_kind codec;
    } recv[PL_MIX_RECV_PTS];
    uint8_t dtmf_pt;         /* telephone-event received; PL_MIX_NO_PT: none */
    uint8_t dtmf_send_pt;    /* sent; PL_MIX_NO_PT: none */
    uint32_t dtmf_clock;     /* Hz of the telephone-event, 8000 or 48000 */
    uint8_t comfort_pt;      /* RFC 3389 CN received; PL_MIX_NO_PT: none */
    uint8_t comfort_send_pt; /* sent; 0, PL_MIX_NO_PT: none */
    uint8_t level_ext_id;    /* RFC 6464 (1..14; 0: none) */
    uint32_t bitrate_bps;    /* Opus: peer's maxaveragebitrate; 0: default */
    bool has_peer_fec;       /* Opus: peer said useinbandfec=1 */
    bool sends_stereo;       /* Opus: we may; peer said stereo=1 */
    bool hears_stereo;       /* Opus: it may; peer said either */
    bool has_peer_dtx;       /* Opus: packets may be left out in silence */
    uint8_t red_pt;          /* redundant Opus (RFC 2198), received; 0: none */
    uint8_t red_send_pt;     /* sent; 0: none */
} pl_mix_media;

typedef struct pl_mix_flags {
    bool mixed; /* false: hears prompts only and is not heard */
    bool muted; /* not heard */
    bool deaf;  /* hears no mix */
} pl_mix_flags;

typedef struct pl_mix_leg {
    pl_mix_id room;
    pl_leg_kind kind;
    uint32_t ssrc;      /* ours, random */
    uint16_t first_seq; /* random, RFC 3550 section 5.1 */
    uint32_t first_ts;
    char cname[PL_MIX_CNAME_MAX];
    pl_mix_media media;
    pl_mix_flags flags;
    /* Of a leg that another worker had, as pl_position_resume() gives it: ssrc,
     * first_seq and first_ts are then not read. at_us 0: a new leg. */
    pl_mix_position resume;
} pl_mix_leg;

typedef struct pl_mix_play {
    const pl_prompt *prompt; /* borrowed for the life of the threads */
    bool is_loop;
    uint32_t tag; /* returned in PL_MIX_PLAYED */
} pl_mix_play;

typedef struct pl_mix_keys {
    uint16_t n;
    char keys[PL_KEYS_MAX]; /* as of pl_is_keys() */
} pl_mix_keys;

typedef struct pl_mix_record {
    pl_mix_id id; /* of the recording, main's */
    bool has_mix, has_stems;
} pl_mix_record;

typedef struct pl_mix_command {
    pl_mix_command_kind kind;
    pl_mix_id id;   /* room of ROOM_*, leg of LEG_* */
    bool is_silent; /* LEG_REMOVE, ROOM_CLOSE: peers are not told (RTCP BYE) */
    union {
        pl_mix_room room;     /* ROOM_OPEN, ROOM_SET */
        pl_mix_leg leg;       /* LEG_ADD */
        pl_mix_media media;   /* LEG_MEDIA */
        pl_mix_flags flags;   /* LEG_FLAGS */
        pl_mix_play play;     /* LEG_PLAY, ROOM_PLAY */
        pl_mix_keys keys;     /* LEG_KEYS */
        pl_mix_record record; /* RECORD_START */
    } u;
} pl_mix_command;

/* ---- I/O to mixer ------------------------------------------------------- */

typedef enum pl_mix_input_kind {
    PL_MIX_PACKET = 1,
    PL_MIX_TRANSPORT_UP,     /* keys (or none) and where to send */
    PL_MIX_TRANSPORT_ADDRESS /* another remote endpoint or descriptor */
} pl_mix_input_kind;

/* Where a leg's packets go. */
typedef struct pl_mix_route {
    int fd;
    bool is_v6_socket; /* of both: IPv4 peers are then sent to as ::ffff:.. */
    pl_addr remote;    /* none: keep silent until an address is known */
    bool is_rtcp_mux;  /* RFC 5761: RTCP goes the same way */
    int rtcp_fd;       /* without mux; -1: no RTCP */
    pl_addr rtcp_remote;
} pl_mix_route;

typedef struct pl_mix_packet {
    int64_t arrival_us; /* monotonic, as pl_engine_tick()'s clock */
    uint32_t path;      /* I/O's number of the 5-tuple it came by */
    bool is_rtcp_port;  /* came by the separate RTCP port */
    uint16_t len;
    uint8_t data[PL_MIX_PACKET_MAX]; /* still encrypted, RTP or RTCP */
} pl_mix_packet;

typedef struct pl_mix_input {
    pl_mix_input_kind kind;
    pl_mix_id leg;
    union {
        pl_mix_packet packet;
        struct {
            pl_srtp_keys keys; /* profile PL_SRTP_NONE: plain RTP */
            bool is_server;    /* our DTLS role: picks our key */
            pl_mix_route route;
        } up;
        pl_mix_route route; /* TRANSPORT_ADDRESS */
    } u;
} pl_mix_input;

/* ---- mixer to main ------------------------------------------------------ */

typedef enum pl_mix_event_kind {
    PL_MIX_DTMF = 1,
    PL_MIX_TALKING,
    PL_MIX_PLAYED,      /* a prompt ended by itself (not stopped, not loop) */
    PL_MIX_ROOM_PLAYED, /* the same of one to all; names no leg */
    PL_MIX_KEYED,       /* no keys wait any more */
    PL_MIX_STATS,       /* after 1 s, then every 5 s, and with the first packet
                           of a source; droppable */
    PL_MIX_RECORD_OVER, /* the room is not recorded any more; names no leg */
    PL_MIX_LEG_REMOVED,
    PL_MIX_LEG_FAILED /* LEG_ADD or TRANSPORT_UP could not be carried out */
} pl_mix_event_kind;

typedef struct pl_mix_stats {
    uint64_t packets_received, packets_sent, packets_lost;
    uint64_t concealed_frames; /* of 20 ms */
    uint64_t recovered_frames; /* from redundancy: in-band FEC or RED */
    uint32_t jitter_us;        /* RFC 3550 section 6.4.1 */
    uint32_t delay_ms;         /* jitter buffer now */
    uint32_t rtt_us;           /* RFC 3550 section 6.4.1; 0: unknown */
    uint32_t far_loss_permille, far_jitter_us; /* from the peer's reports */
    pl_codec_kind codec;                       /* received last */
    uint8_t level; /* of the voice, smoothed, -dBov; 127: silent */
} pl_mix_stats;

typedef struct pl_mix_event {
    pl_mix_event_kind kind;
    pl_mix_id leg, room;
    /* STATS; LEG_REMOVED: the final one, nothing is sent any more. at_us 0:
     * the leg has no transport, or is not known. */
    pl_mix_position position;
    union {
        struct {
            char digit; /* 0-9 * # A-D */
            uint32_t duration_ms;
        } dtmf;
        struct {
            bool is_talking;
            uint8_t level; /* -dBov, RFC 6464: 0 loudest, 127 silence */
        } talking;
        struct {
            const pl_prompt *prompt;
            uint32_t tag;
        } played;
        pl_mix_stats stats;
        uint16_t n_keys;     /* KEYED: taken by LEG_KEYS and over now */
        pl_mix_id recording; /* RECORD_OVER */
        pl_err error;        /* LEG_FAILED */
    } u;
} pl_mix_event;

/* ---- mixer to I/O ------------------------------------------------------- */

/* The first packet that authenticated from a path that was not the leg's
 * latest: only now may I/O select that address for sending (robustness:
 * addresses are learned only from packets that authenticate). For plain RTP:
 * the first well-formed RTP packet of an accepted payload type. */
typedef struct pl_mix_note {
    pl_mix_id leg;
    uint32_t path;
} pl_mix_note;

#endif
