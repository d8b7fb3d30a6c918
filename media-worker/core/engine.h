/* engine.h - one mixing engine: rooms and legs that share a 20 ms tick.
 *
 * It has no thread, clock or socket: the caller feeds commands and packets and
 * says what time it is; packets leave through `send`. One engine is used by
 * one thread. After a leg was added, nothing in the packet path or the tick
 * allocates, locks or logs. */
#ifndef PL_ENGINE_H
#define PL_ENGINE_H

#include "core/codec.h"
#include "core/delay.h"
#include "core/denoise.h"
#include "core/engine_msg.h"
#include "core/ring.h"
#include "tables/engine_stats.def"

enum {
    PL_TICK_US = 20000,
    PL_TICK_SAMPLES = 960, /* 48 kHz */
    PL_SEND_BATCH = 64     /* most packets of one send() */
};

typedef struct pl_engine pl_engine;

/* One packet to send; everything borrowed during the call. */
typedef struct pl_out_packet {
    pl_mix_id leg;
    int fd;
    bool is_v6_socket;
    const pl_addr *remote;
    const uint8_t *data;
    size_t len;
} pl_out_packet;

/* Where results go. Called from inside pl_engine_*(), on the same thread;
 * must not call back into the engine. */
typedef struct pl_engine_sink {
    void *ctx;
    void (*send)(void *ctx, const pl_out_packet *packets, size_t n);
    void (*event)(void *ctx, const pl_mix_event *event);
    void (*note)(void *ctx, const pl_mix_note *note);
    /* A room's part of the tick is over; NULL: nobody measures it. */
    void (*room_done)(void *ctx);
    /* A packet is played so long after it came; NULL: as above. */
    void (*used)(void *ctx, uint32_t wait_us);
} pl_engine_sink;

typedef struct pl_engine_options {
    uint32_t max_legs, max_rooms;  /* ids' indexes are below these */
    const pl_codec_table *codecs;  /* borrowed for the engine's life */
    const pl_srtp_ops *srtp;       /* borrowed; NULL: plain RTP only */
    const pl_denoise_ops *denoise; /* borrowed; NULL: none */
    pl_ring *record;          /* frames of recordings (record_tap.h), borrowed;
                                         NULL: none are made */
    unsigned opus_complexity; /* 1..10; 0: default */
    bool has_dtx; /* who has nothing to hear is sent next to nothing */
    pl_engine_sink sink;
    int64_t wall_offset_us; /* wall time (UTC) minus the tick's clock */
    pl_delay_limits delay;  /* of every jitter buffer; zero: delay.h's */
} pl_engine_options;

/* Sums since creation; how they map to metrics: tables/metrics.def. */
#define PL_ENGINE_STAT(arg, id, name, doc) uint64_t id;
typedef struct pl_engine_stats {
    PL_ENGINE_STATS(PL_ENGINE_STAT, )
} pl_engine_stats;

/* Create an engine without rooms.
 * Errors:  PL_EINVAL options; PL_ENOMEM
 * Context: allocates */
PL_MUST_USE pl_err pl_engine_create(const pl_engine_options *options,
                                    pl_engine **ret_engine);
/* Free the engine with all rooms and legs (no events); NULL is fine. */
void pl_engine_destroy(pl_engine **engine);

/* Carry out a command. What cannot be done is answered by events
 * (PL_MIX_LEG_FAILED) or counted; the call itself never fails.
 * Context: may allocate for ROOM_OPEN, LEG_ADD, LEG_MEDIA */
void pl_engine_command(pl_engine *engine, const pl_mix_command *command);
/* Take a packet or transport change. Packet data is changed in place.
 * Context: allocates for TRANSPORT_UP only */
void pl_engine_input(pl_engine *engine, pl_mix_input *input);

/* Mix and send 20 ms of every room.
 *
 * now_us: the tick's deadline on the clock of arrival_us, not the time at
 *         which the thread came to run. When ticks were left out, RTP
 *         timestamps go on by the time that passed. */
void pl_engine_tick(pl_engine *engine, int64_t now_us);
/* Whether nothing needs a tick: no leg has a transport. */
bool pl_engine_is_idle(const pl_engine *engine);
/* Legs with a transport. */
size_t pl_engine_up(const pl_engine *engine);
/* Correct the wall clock used in RTCP sender reports. */
void pl_engine_set_wall(pl_engine *engine, int64_t wall_offset_us);
/* Borrowed, valid for the engine's life. */
const pl_engine_stats *pl_engine_stats_get(const pl_engine *engine);

#endif
